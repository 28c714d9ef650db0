/* SPDX-License-Identifier: MIT
 *
 * Marks of what was cut off from the tape, and their texts.
 */
#include "cut.h"

#include <stdio.h>

#include "../base/site.h"
#include "../compute/op.h"

agi_cut agi_cut_here(agi_cut_kind kind, int op)
{
    return (agi_cut){.site = agi_site_now(), .op = (uint16_t)op, .kind = (uint16_t)kind};
}

void agi_cut_mark(ag_tensor *out, const ag_tensor *from, agi_cut_kind kind, int op)
{
    if (agi_thread_get()->quiet)
        return;
    out->cut = agi_requires_grad(from) ? agi_cut_here(kind, op) : from->cut;
}

void agi_cut_by_op(ag_tensor *out, int op, int n, const ag_arg *args)
{
    const agi_cut_kind kind = agi_thread_get()->grad_enabled ? AGI_CUT_OP : AGI_CUT_NO_GRAD;
    for (int k = 0; k < n; k++) {
        const ag_tensor *t = args[k].tensor;
        if (t == NULL || (t->cut.kind == AGI_CUT_NOT && !agi_requires_grad(t)))
            continue;
        agi_cut_mark(out, t, kind, op);
        return;
    }
}

/* What follows "by". */
static void format_cut(char *text, size_t size, agi_cut cut)
{
    static const char *const known[] = {
        [AGI_CUT_DETACH] = "detach() or a copy of its numbers",
        [AGI_CUT_DETACH_] = "detach_()",
        [AGI_CUT_DATA] = ".data",
        [AGI_CUT_FROZEN] = "requires_grad_(False)",
        [AGI_CUT_CAST] = "a cast to integers or bools",
        [AGI_CUT_GRADIENT] = "a backward without create_graph=True",
    };
    const char *name = agi_ops[cut.op].name;
    if (cut.kind == AGI_CUT_NO_GRAD)
        snprintf(text, size, "%s, while no gradients were recorded (no_grad),", name);
    else if (cut.kind == AGI_CUT_OP)
        snprintf(text, size, "%s, which has no derivative,", name);
    else
        snprintf(text, size, "%s", known[cut.kind]);
}

bool agi_cut_explain(const ag_tensor *t)
{
    char by[96], what[160], where[AGI_SITE_TEXT];
    if (t->cut.kind == AGI_CUT_NOT)
        return false;
    format_cut(by, sizeof by, t->cut);
    snprintf(what, sizeof what, "It was cut off from the tape by %s", by);
    if (ag_site_text(t->cut.site, where, sizeof where) > 0)
        agi_site_add(t->cut.site, what);
    else
        agi_fail(ag_last_status(), "%s\n%s", ag_last_message(), what);
    return false;
}
