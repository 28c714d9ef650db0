/* SPDX-License-Identifier: MIT
 *
 * Hooks after a node's rule. See hooked.h.
 */
#include "hooked.h"

#include <string.h>

#include "../tensor/scope.h"

/* What the rule gave for the inputs that count, with what hooks after it make of that, in the open
 * scope. An input that is left without a gradient is needed no more: false in `given`. */
static bool change_results(ag_node *node, ag_arg *gx, bool *given, ag_tensor **room, int n_out,
                           ag_tensor **outs)
{
    int n = 0;
    for (int k = 0; k < node->n_in; k++)
        if (!agi_node_hides(node, k))
            room[n++] = given[k] ? agi_retain(gx[k].tensor) : NULL;
    bool ok = agi_hooks_on_node(&node->extra->hooks, AG_HOOK_AFTER, n, room, n_out, outs);
    for (int k = 0, at = 0; k < node->n_in; k++) {
        if (agi_node_hides(node, k))
            continue;
        ag_tensor *g = room[at++];
        given[k] = g != NULL;
        gx[k] = g != NULL ? agi_arg(agi_scope_add(g)) : agi_number(0.0);
        ok = ok && (g == NULL || gx[k].tensor != NULL);
    }
    return ok;
}

bool agi_hook_results(ag_node *node, ag_arg *gx, bool *given, int n_out, ag_tensor *const *outs)
{
    const size_t n = (size_t)node->n_in + (size_t)n_out;
    ag_tensor **room = agi_plain_new(n * sizeof *room), **shown = room + node->n_in;
    if (room == NULL)
        return false;
    for (int k = 0; k < n_out; k++)
        shown[k] = outs[k] != NULL ? agi_retain(outs[k]) : NULL;
    const bool ok = change_results(node, gx, given, room, n_out, shown);
    for (int k = 0; k < n_out; k++)
        agi_release(shown[k]);
    agi_plain_free(room);
    return ok;
}

bool agi_hook_results_narrow(agi_vjp *v, ag_tensor *g)
{
    bool given[AGI_NODE_SHAPES];
    for (int k = 0; k < v->node->n_in; k++)
        given[k] = (v->needs >> k & 1) != 0;
    if (!agi_hook_results(v->node, v->gx, given, 1, &g))
        return false;
    v->needs = 0;
    for (int k = 0; k < v->node->n_in; k++)
        v->needs |= given[k] ? 1u << k : 0u;
    return true;
}

bool agi_hook_no_results(ag_node *node)
{
    const int n_out = agi_node_outputs(node);
    if (!agi_node_has_hooks(node, AG_HOOK_AFTER))
        return true;
    const size_t n = (size_t)node->n_in + (size_t)n_out;
    ag_tensor **room = agi_plain_new(n * sizeof *room);
    if (room == NULL)
        return false;
    memset(room, 0, n * sizeof *room);
    int count = 0;
    for (int k = 0; k < node->n_in; k++)
        count += !agi_node_hides(node, k);
    const bool ok = agi_hooks_on_node(&node->extra->hooks, AG_HOOK_AFTER, count, room, n_out,
                                      room + node->n_in);
    agi_plain_free(room);
    return ok;
}
