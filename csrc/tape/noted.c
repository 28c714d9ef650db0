/* SPDX-License-Identifier: MIT
 *
 * Profiles of ops and nodes; the start and the end of recording. See noted.h.
 */
#include "noted.h"

#include <string.h>

#include "../base/shape.h"
#include "dtypes.h"

#define MOST_INPUTS 8  /* of one op whose shapes are told */

/* ---- facts ---------------------------------------------------------------------------------- */

int64_t agi_new_bytes(const ag_tensor *t, const ag_tensor *from)
{
    const bool is_new = t->storage->data != NULL && !(t->flags & AGI_TENSOR_VIEW) &&
                        (from == NULL || from->storage != t->storage);
    return is_new ? t->numel * (int64_t)sizeof(double) : 0;
}

static bool shares_memory(const ag_tensor *out, int n, const ag_arg *args)
{
    for (int k = 0; k < n; k++)
        if (args[k].tensor != NULL && args[k].tensor->storage == out->storage)
            return true;
    return false;
}

static int64_t kept_by(const ag_node *node)
{
    const void *seen[AGI_NODE_SHAPES + 1];
    int64_t kept = 0, bytes;
    for (int k = 0; k <= AGI_NODE_SHAPES && (bytes = ag_node_kept(node, k, &seen[k])) >= 0; k++) {
        bool again = false;
        for (int before = 0; before < k; before++)
            again = again || seen[before] == seen[k];
        kept += again ? 0 : bytes;
    }
    return kept;
}

static int write_inputs(int64_t *to, int n, const ag_arg *args)
{
    int count = 0;
    for (; count < n && count < MOST_INPUTS; count++) {
        const ag_tensor *t = args[count].tensor;
        *to++ = t != NULL ? t->ndim : -1;
        for (int d = 0; t != NULL && d < t->ndim; d++)
            *to++ = agi_shape_of(t)[d];
    }
    return count;
}

/* ---- ends of events ------------------------------------------------------------------------- */

void agi_op_noted(const agi_open_event *e, int op, const char *suffix, int n, const ag_arg *args,
                  const ag_tensor *out)
{
    int64_t inputs[MOST_INPUTS * (1 + AGI_MAX_DIMS)];
    ag_event event = {.kind = AG_EVENT_OP, .name = agi_ops[op].name, .ndim = -1};
    event.n_inputs = write_inputs(inputs, n, args);
    event.inputs = inputs;
    if (out != NULL) {
        event.dtype = agi_dtype_of(out);
        event.ndim = out->ndim;
        event.shape = agi_shape_of(out);
        event.bytes = shares_memory(out, n, args) ? 0 : agi_new_bytes(out, NULL);
        if (out->node != NULL && ag_grad_enabled())
            event.kept = kept_by(agi_node_of_op(out->node));
    }
    agi_event_end(e, &event, suffix);
}

void agi_node_noted(const agi_open_event *e, const ag_node *node, int64_t bytes)
{
    char name[64];
    ag_node_name(node, name, sizeof name);
    agi_event_end(e, &(ag_event){.kind = AG_EVENT_NODE, .name = name, .ndim = -1,
                                 .site = node->site, .bytes = bytes}, "");
}

/* ---- the mode ------------------------------------------------------------------------------- */

/* Ops of float64 operands then take the way of those whose dtypes are to be looked at. Whoever
 * takes it meanwhile, or not, computes the same. */
static void watch_ops(bool on)
{
    for (int op = 0; op < AG_OP_COUNT; op++) {
        uint16_t *entry = &agi_op_rows[op].dtypes[AG_FLOAT64];
        const uint16_t old = __atomic_load_n(entry, __ATOMIC_RELAXED);
        const unsigned watched = on ? old | (unsigned)AGI_WATCHED : old & ~(unsigned)AGI_WATCHED;
        __atomic_store_n(entry, (uint16_t)watched, __ATOMIC_RELAXED);
    }
    agi_modes_set(AGI_PROFILES, on ? AGI_PROFILES : 0u);
}

ag_status ag_profile_start(void)
{
    if (!agi_profile_open())
        return ag_last_status();
    watch_ops(true);
    return AG_OK;
}

ag_profile *ag_profile_stop(void)
{
    if (agi_profiles())
        watch_ops(false);
    return agi_profile_close();
}

bool ag_profile_is_on(void) { return agi_profiles(); }
