/* SPDX-License-Identifier: MIT
 *
 * Looking for NaN and infinities, and saying where they began.
 */
#include "anomaly.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../compute/op.h"
#include "../fuse/pending.h"

#define AGI_MADE_TEXT 300

/* ---- numbers -------------------------------------------------------------------------------- */

/* A tensor as it is now, with its numbers, since computing them may let other threads run
 * (INVARIANT[blocking]). Owned; NULL on failure. */
static ag_tensor *to_look_at(const ag_tensor *t)
{
    ag_tensor *now = agi_tensor_snapshot(t);
    if (now == NULL || agi_storage_ready(now->storage) == AG_OK)
        return now;
    agi_release(now);
    return NULL;
}

static double number_in(const ag_tensor *t, int64_t linear)
{
    const int64_t *shape = agi_shape_of(t), *strides = agi_strides_of(t);
    int64_t at = 0;
    for (int d = t->ndim - 1; d >= 0; d--) {
        at += linear % shape[d] * strides[d];
        linear /= shape[d];
    }
    return agi_tensor_data(t)[at];
}

/* The first element that is NaN or infinite; -1 for none. */
static int64_t first_odd(const ag_tensor *t)
{
    const double *data = agi_tensor_data(t);
    for (int64_t i = 0; i < t->numel; i++)
        if (!isfinite(agi_is_contiguous(t) ? data[i] : number_in(t, i)))
            return i;
    return -1;
}

static bool has_nan(const ag_tensor *t)
{
    const double *data = agi_tensor_data(t);
    for (int64_t i = 0; i < t->numel; i++)
        if (isnan(agi_is_contiguous(t) ? data[i] : number_in(t, i)))
            return true;
    return false;
}

/* ---- texts ---------------------------------------------------------------------------------- */

typedef struct made_text {
    char text[AGI_MADE_TEXT];
    size_t length;
} made_text;

AGI_PRINTF(2, 3) static void say(made_text *made, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(made->text + made->length, AGI_MADE_TEXT - made->length, format, args);
    va_end(args);
    if (n > 0)
        made->length += (size_t)n;
    if (made->length >= AGI_MADE_TEXT)
        made->length = AGI_MADE_TEXT - 1;
}

/* A NaN has no sign here. */
static void say_number(made_text *made, double number)
{
    say(made, "%g", isnan(number) ? NAN : number);
}

/* " (element [1, 2])" of a tensor that has dimensions. */
static void say_element(made_text *made, const ag_tensor *t, int64_t linear)
{
    char place[AGI_SHAPE_TEXT];
    int64_t index[AGI_MAX_DIMS];
    for (int d = t->ndim - 1; d >= 0; d--) {
        index[d] = linear % agi_shape_of(t)[d];
        linear /= agi_shape_of(t)[d];
    }
    if (t->ndim > 0)
        say(made, " (element %s)", agi_format_shape_list(place, t->ndim, index));
}

/* " of 1 and 2": the operands of one element, where it has its own of each. */
static void say_operands(made_text *made, const ag_tensor *out, int64_t i, int n,
                         const ag_arg *args)
{
    for (int k = 0; k < n; k++)
        if (args[k].tensor != NULL && !agi_same_shape(out, args[k].tensor))
            return;
    for (int k = 0; k < n; k++) {
        say(made, k == 0 ? " of " : k == n - 1 ? " and " : ", ");
        say_number(made, args[k].tensor != NULL ? number_in(args[k].tensor, i) : args[k].value);
    }
}

/* Whether a NaN or an infinity came in; says which. */
static bool say_given(made_text *made, int n, const ag_arg *args)
{
    for (int k = 0; k < n; k++) {
        const ag_tensor *t = args[k].tensor;
        const int64_t i = t != NULL ? first_odd(t) : isfinite(args[k].value) ? -1 : 0;
        if (i < 0)
            continue;
        say(made, " was given ");
        say_number(made, t != NULL ? number_in(t, i) : args[k].value);
        if (t != NULL)
            say_element(made, t, i);
        return true;
    }
    return false;
}

/* ---- the forward ---------------------------------------------------------------------------- */

static bool keep_text(agi_note *note, const made_text *made)
{
    note->made = agi_plain_new(made->length + 1);
    if (note->made != NULL)
        memcpy(note->made, made->text, made->length + 1);
    return note->made != NULL;
}

/* Of what has its numbers. */
static bool note_odd(const ag_node *node, agi_note *note, const ag_tensor *out, int64_t i, int n,
                     const ag_arg *args)
{
    char name[64];
    made_text made = {.length = 0};
    ag_node_name(node, name, sizeof name);
    say(&made, "%s", name);
    if (!say_given(&made, n, args)) {
        say(&made, " made ");
        say_number(&made, number_in(out, i));
        if (n > 0 && n <= AGI_NODE_SHAPES && agi_op_is_map(&agi_ops[node->op]))
            say_operands(&made, out, i, n, args);
        say_element(&made, out, i);
    }
    return keep_text(note, &made);
}

static bool look_at_arguments(const ag_node *node, agi_note *note, const ag_tensor *out, int64_t i,
                              int n, const ag_arg *args)
{
    ag_arg *own = agi_plain_new(((size_t)n + 1) * sizeof *own);
    int count = 0;
    bool ok = own != NULL;
    if (ok)
        memset(own, 0, ((size_t)n + 1) * sizeof *own);
    for (; ok && count < n; count++) {
        own[count] = args[count];
        if (args[count].tensor != NULL)
            ok = (own[count].tensor = to_look_at(args[count].tensor)) != NULL;
    }
    ok = ok && note_odd(node, note, out, i, n, own);
    for (int k = 0; k < count; k++)
        agi_release(own[k].tensor);
    agi_plain_free(own);
    return ok;
}

bool agi_anomaly_look(ag_node *node, ag_tensor *out, int n, const ag_arg *args)
{
    node = agi_node_of_op(node);
    agi_note *note = node->extra != NULL ? node->extra->note : NULL;
    if (note == NULL || note->made != NULL || out->storage->dtype != AG_FLOAT64)
        return true;
    ag_tensor *now = to_look_at(out);
    if (now == NULL)
        return false;
    const int64_t i = first_odd(now);
    const bool ok = i < 0 || look_at_arguments(node, note, now, i, n, args);
    agi_release(now);
    return ok;
}

/* ---- the backward --------------------------------------------------------------------------- */

/* The node of a run that noted one first; NULL for none. */
static const ag_node *first_noted(const agi_run *run)
{
    const ag_node *first = NULL;
    for (int32_t s = 0; s < run->count; s++) {
        const agi_edge what = run->entries[s].what;
        const ag_node *node = agi_edge_is_leaf(what) ? NULL : agi_edge_node(what);
        const agi_note *note = node != NULL && node->extra != NULL ? node->extra->note : NULL;
        if (note != NULL && note->made != NULL &&
            (first == NULL || note->order < first->extra->note->order))
            first = node;
    }
    return first;
}

/* With the line, if it is known. */
static void add_line(uint32_t site, const char *what)
{
    if (site != 0)
        agi_site_add(site, what);
    else
        agi_fail(ag_last_status(), "%s\n%s", ag_last_message(), what);
}

static void fail_nan(const agi_run *run, const ag_node *node, int number)
{
    char name[64], what[AGI_MADE_TEXT + 64];
    ag_node_name(node, name, sizeof name);
    agi_fail(AG_ERR_GRAD, "Function '%s' returned nan values in its %dth output.", name, number);
    const ag_node *first = first_noted(run);
    if (first != NULL) {
        snprintf(what, sizeof what, "The first NaN or infinity of the forward: %s",
                 first->extra->note->made);
        add_line(first->site, what);
    } else if (run->infinite != NULL) {
        ag_node_name(run->infinite, name, sizeof name);
        snprintf(what, sizeof what, "The first infinity of this backward was a gradient of %s",
                 name);
        add_line(run->infinite->site, what);
    }
}

bool agi_anomaly_check(agi_run *run, ag_node *node, int k, ag_tensor *g)
{
    ag_tensor *now = to_look_at(g);
    if (now == NULL)
        return false;
    const bool failed = has_nan(now);
    if (!failed && run->infinite == NULL && first_odd(now) >= 0)
        run->infinite = node;
    agi_release(now);
    if (!failed)
        return true;
    int number = 0;
    for (int before = 0; before < k; before++)
        number += !agi_node_hides(node, before);
    fail_nan(run, node, number);
    return false;
}

/* ---- the public entries --------------------------------------------------------------------- */

void ag_set_anomaly_enabled(bool on, bool check_nan)
{
    agi_modes_set(AGI_ANOMALY_ON | AGI_ANOMALY_CHECKS | AGI_ANOMALY_LOOKS,
                  (on ? AGI_ANOMALY_ON : 0u) | (check_nan ? AGI_ANOMALY_CHECKS : 0u) |
                      (on && check_nan ? AGI_ANOMALY_LOOKS : 0u));
}

bool ag_anomaly_enabled(void) { return agi_anomaly_is_on(); }
bool ag_anomaly_check_nan_enabled(void) { return agi_modes_among(AGI_ANOMALY_CHECKS) != 0; }
