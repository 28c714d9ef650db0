/* SPDX-License-Identifier: MIT
 *
 * The engine, in the words every reader knows: each tensor that was made by an op has a node, a
 * node knows its inputs' nodes, and backward visits the nodes so that each comes after all its
 * users. Here that order comes from counting:
 *
 *   1. discover  breadth first from the roots, give each node and leaf a slot, count its uses;
 *   2. sweep     a node whose users have all given their part is ready; of those that are, the one
 *                that was recorded last is next (ready.h): its rule turns its cotangent into those
 *                of its inputs;
 *   3. commit    leaves (and retained tensors) get their gradients, when nothing can fail any more.
 *
 * Nothing recurses. Runs and their slots are those of slots.h.
 */

#include <stdlib.h>
#include <string.h>

#include "../base/alloc.h"
#include "../base/check.h"
#include "../base/shape.h"
#include "../base/thread.h"
#include "../compute/run.h"
#include "../fuse/pending.h"
#include "../tensor/scope.h"
#include "anomaly.h"
#include "apply.h"
#include "arrivals.h"
#include "cut.h"
#include "hooked.h"
#include "node_saved.h"
#include "noted.h"
#include "request.h"
#include "rule.h"
#include "slots.h"

/* ---- the leaves' gradients ------------------------------------------------------------------- */

/* A leaf of the tape as it was recorded may be none any more: what wants no gradient by now gets
 * none, what has a history by now cannot have one. */
static bool takes_gradient(const agi_run *run, const agi_slot *entry, bool *failed)
{
    if (!agi_edge_is_leaf(entry->what) || entry->grad == NULL ||
        (run->selective && !entry->wanted))
        return false;
    const ag_tensor *leaf = agi_edge_leaf(entry->what);
    if (agi_is_wanting_leaf(leaf))
        return true;
    if (agi_requires_grad(leaf)) {
        *failed = true;
        agi_fail(AG_ERR_GRAD, "leaf variable has been moved into the graph interior");
    }
    return false;
}

AGI_INLINE agi_hook_list **hooks_of(agi_edge what)
{
    if (agi_edge_is_leaf(what))
        return &agi_meta_of(agi_edge_leaf(what))->hooks;
    return &agi_edge_node(what)->extra->hooks;
}

/* The leaves' gradients join the retained ones. */
static bool deposit_leaves(agi_run *run)
{
    bool failed = false;
    for (int32_t s = 0; s < run->count; s++) {
        agi_slot *entry = &run->entries[s];
        if (!takes_gradient(run, entry, &failed))
            continue;
        if (!agi_deposits_add(&run->deposits, agi_edge_leaf(entry->what), entry->grad, true))
            return false;
        if (AGI_UNLIKELY(*hooks_of(entry->what) != NULL) &&
            agi_hooks_have(*hooks_of(entry->what), AG_HOOK_AFTER))
            continue;  /* they will see it */
        agi_release(entry->grad);
        entry->grad = NULL;
    }
    return !failed;
}

/* ---- sweep ---------------------------------------------------------------------------------- */

/* Brings each gradient of an elementwise op to its input's shape. */
static bool sum_to_inputs(agi_vjp *v)
{
    for (int k = 0; k < v->node->n_in; k++) {
        int ndim;
        const int64_t *shape = agi_node_input_shape(v->node, k, &ndim);
        if (ndim < 0 || !(v->needs & (1u << k)))
            continue;
        v->gx[k] = agi_sum_to(v->gx[k], ndim, shape);
        if (agi_value_failed(v->gx[k]))
            return false;
    }
    return true;
}

AGI_INLINE unsigned needs_of(const agi_run *run, const ag_node *node)
{
    unsigned needs = 0;
    for (int k = 0; k < node->n_in; k++)
        if (node->edges[k] != 0 &&
            (!run->selective || run->entries[agi_slot_find(run, node->edges[k])].needed))
            needs |= 1u << k;
    return needs;
}

static bool fits_leaf(const ag_node *node, int k, const ag_tensor *leaf, int ndim,
                      const int64_t *shape)
{
    return AGI_LIKELY(agi_shape_equal(leaf->ndim, agi_shape_of(leaf), ndim, shape)) ||
           agi_fail_leaf(node, k, leaf, ndim, shape);
}

/* Gives input k its part. */
static bool give(agi_run *run, const ag_node *node, int k, ag_tensor *g)
{
    agi_edge edge = node->edges[k];
    return (!agi_edge_is_leaf(edge) ||
            fits_leaf(node, k, agi_edge_leaf(edge), g->ndim, agi_shape_of(g))) &&
           agi_accumulate(run, &run->entries[agi_slot_find(run, edge)], g);
}

static AGI_NOINLINE bool watch_part(agi_run *run, ag_node *node, int k, ag_tensor *g,
                                    const ag_tensor *of)
{
    run->given += agi_new_bytes(g, of);
    return !agi_anomaly_checks() || agi_anomaly_check(run, node, k, g);
}

/* The rule gave input k this, of the cotangent `of`: no NaN, where that is looked at. */
AGI_INLINE bool is_no_anomaly(agi_run *run, ag_node *node, int k, ag_tensor *g,
                              const ag_tensor *of)
{
    return AGI_LIKELY(agi_modes_among(AGI_ANOMALY_LOOKS | AGI_PROFILES) == 0) ||
           watch_part(run, node, k, g, of);
}

/* Gives input 0 its part as a patch (taken). */
static bool give_patch(agi_run *run, const ag_node *node, agi_patch *patch)
{
    agi_edge edge = node->edges[0];
    if (!agi_edge_is_leaf(edge) ||
        fits_leaf(node, 0, agi_edge_leaf(edge), patch->ndim, patch->shape))
        return agi_accumulate_patch(run, &run->entries[agi_slot_find(run, edge)], patch);
    agi_patch_release(patch);
    return false;
}

/* ---- hooks ---------------------------------------------------------------------------------- */

static AGI_NOINLINE bool tell_later(agi_run *run, int32_t slot)
{
    if (run->told_count == run->told_capacity) {
        const int32_t capacity = run->told_capacity == 0 ? 8 : 2 * run->told_capacity;
        int32_t *grown = agi_plain_resize(run->told, (size_t)capacity * sizeof *grown);
        if (grown == NULL)
            return false;
        run->told = grown;
        run->told_capacity = capacity;
    }
    run->told[run->told_count++] = slot;
    return true;
}

static bool settle_leaf_patches(agi_run *run, agi_slot *entry)
{
    return !entry->is_patched ||
           (agi_patches_compute(1, &entry->patches, run->n_roots, run->roots) &&
            agi_add_up_patches(entry));
}

/* All of a leaf's gradient is there. */
static AGI_NOINLINE bool visit_leaf(agi_run *run, int32_t slot)
{
    agi_slot *entry = &run->entries[slot];
    agi_hook_list **hooks = hooks_of(entry->what);
    if (!settle_leaf_patches(run, entry) || !agi_hooks_on_tensor(hooks, &entry->grad))
        return false;
    if (!run->accumulates)
        return true;
    return agi_hooks_on_node(hooks, AG_HOOK_BEFORE, 0, NULL, 1, &entry->grad) &&
           tell_later(run, slot);
}

/* The hooks that wait for .grad, when that is set. */
static AGI_NOINLINE bool tell_leaves(agi_run *run)
{
    const bool recording = ag_set_grad_enabled((run->flags & AG_CREATE_GRAPH) != 0);
    bool ok = true;
    for (int32_t k = 0; k < run->told_count && ok; k++) {
        agi_slot *entry = &run->entries[run->told[k]];
        agi_hook_list **hooks = hooks_of(entry->what);
        ok = agi_hooks_on_leaf(hooks, agi_edge_leaf(entry->what)) &&
             agi_hooks_on_node(hooks, AG_HOOK_AFTER, 0, NULL, 1, &entry->grad);
    }
    ag_set_grad_enabled(recording);
    return ok || agi_leaf_explain();
}

/* Whether parts of the node's inputs may be added up unseen, and there is something to add to. */
static AGI_NOINLINE bool finds_sums(const agi_run *run, const ag_node *node, unsigned needs,
                                    ag_tensor **onto)
{
    return !(run->flags & AG_CREATE_GRAPH) && !agi_anomaly_checks() &&
           !agi_node_has_hooks(node, AG_HOOK_AFTER) && agi_find_sums(run, node, needs, onto);
}

/* Runs a node's rule on its cotangent g and gives its inputs their parts. */
static bool pull_back(agi_run *run, const agi_slot *entry, ag_tensor *g, unsigned needs)
{
    ag_node *node = agi_edge_node(entry->what);
    ag_arg gx[AGI_NODE_SHAPES] = {{.tensor = NULL}};
    agi_vjp v = {.node = node, .g = agi_arg(g), .gx = gx, .needs = needs,
                 .create_graph = (run->flags & AG_CREATE_GRAPH) != 0, .owns = !entry->claimed};
    ag_tensor *onto[AGI_NODE_SHAPES];
    if (AGI_UNLIKELY(agi_ops[node->op].adds_onto) && finds_sums(run, node, needs, onto))
        v.onto = onto;
    int64_t mark = agi_scope_open();
    bool ok = mark >= 0 && agi_vjp_run(&v) &&
              (!agi_node_keeps_shapes(node) || !agi_op_is_map(&agi_ops[node->op]) ||
               sum_to_inputs(&v));
    if (ok && agi_node_has_hooks(node, AG_HOOK_AFTER))
        ok = agi_hook_results_narrow(&v, g);
    for (int k = 0; ok && k < node->n_in; k++)
        if (v.needs & (1u << k))
            ok = is_no_anomaly(run, node, k, gx[k].tensor, g) &&
                 give(run, node, k, gx[k].tensor);
    agi_scope_close(mark);
    return ok;
}

/* The same with a patch of the cotangent (taken): it becomes one of input 0's. *done is false where
 * the rule can do nothing with it. */
static bool pull_back_patch(agi_run *run, const agi_slot *entry, ag_tensor *g, agi_patch *patch,
                            unsigned needs, bool *done)
{
    ag_node *node = agi_edge_node(entry->what);
    ag_arg gx[AGI_NODE_SHAPES] = {{.tensor = NULL}};
    agi_vjp v = {.node = node, .g = agi_arg(g), .gx = gx, .needs = needs, .patch = patch,
                 .owns = !entry->claimed};
    int64_t mark = agi_scope_open();
    if (mark >= 0)
        agi_ops[node->op].rule(&v);
    *done = v.is_patched;
    bool ok = mark >= 0 && !agi_value_failed(gx[1]);
    if (ok && *done)
        ok = give_patch(run, node, patch) &&
             (gx[1].tensor == NULL || give(run, node, 1, gx[1].tensor));
    else
        agi_patch_release(patch);
    agi_scope_close(mark);
    return ok;
}

/* The same where the rule may make a patch of g. */
static AGI_NOINLINE bool pull_back_part(agi_run *run, const agi_slot *entry, ag_tensor *g,
                                        unsigned needs, bool *done)
{
    agi_patch patch;
    if (!(needs & 1) || g->ndim > AGI_PATCH_DIMS || run->flags & AG_CREATE_GRAPH)
        return true;
    agi_patch_of(&patch, g);
    return pull_back_patch(run, entry, g, &patch, needs, done);
}

/* The rule has run. What the node saved is kept until nothing can fail any more, so that a backward
 * that fails can be tried again; beyond AGI_KEPT_MAX it goes at once. */
static void let_go_later(agi_run *run, agi_slot *entry, int64_t numel)
{
    ag_node *node = agi_edge_node(entry->what);
    const bool large = numel >= AGI_DEFER_MIN;
    if (node->n_saved == 0 && !agi_node_is_function(node))
        return;
    /* How much a function keeps is not known here: about one value for each result. */
    run->kept += AGI_UNLIKELY(agi_node_is_function(node)) ? numel
                 : large ? agi_node_lend_saved(node, 1) : node->n_saved * numel;
    if (AGI_LIKELY(run->kept <= AGI_KEPT_MAX)) {
        entry->done = large ? AGI_DONE_LENT : AGI_DONE_FREES;
        return;
    }
    if (large)
        agi_node_lend_saved(node, -1);
    agi_slot_free_saved(entry);
}

/* One result of an op that has several: the op's node gets its cotangent. */
static bool hand_over(agi_run *run, const ag_node *node, ag_tensor *g)
{
    agi_parts *parts = agi_slot_parts(&run->entries[agi_slot_find(run, node->edges[0])]);
    if (parts == NULL)
        return false;
    ag_tensor **part = &parts->of[agi_node_output_number(node)], *sum;
    if (AGI_LIKELY(*part == NULL)) {
        *part = agi_retain(g);
        return true;
    }
    ag_arg args[2] = {agi_arg(*part), agi_arg(g)};  /* a stand-in has a node of its own */
    if ((sum = agi_apply(AG_OP_add, 0, 2, args, NULL)) == NULL)
        return false;
    agi_release(*part);
    *part = sum;
    return true;
}

static bool any_needed(const agi_run *run, agi_vjp_wide *w)
{
    const ag_node *node = w->v.node;
    bool any = false;
    for (int k = 0; k < node->n_in; k++) {
        w->needs[k] = node->edges[k] != 0 &&
                      (!run->selective || run->entries[agi_slot_find(run, node->edges[k])].needed);
        any |= w->needs[k];
    }
    return any;
}

/* The same as pull_back for rules of many inputs or several results, whose cotangents these are. */
static bool pull_back_wide(agi_run *run, agi_slot *entry, ag_tensor *const *parts)
{
    ag_node *node = agi_edge_node(entry->what);
    agi_vjp_wide w;
    int64_t numel = 0;
    if (!agi_wide_open(&w, node))
        return false;
    w.v.create_graph = (run->flags & AG_CREATE_GRAPH) != 0;
    w.v.owns = !entry->claimed;
    for (int k = 0; k < agi_node_outputs(node); k++) {
        w.gs[k] = parts[k] != NULL ? agi_arg(parts[k]) : agi_number(0.0);
        numel += parts[k] != NULL ? parts[k]->numel : 0;
    }
    w.v.g = w.gs[0];
    const bool wanted = any_needed(run, &w);
    const int64_t mark = agi_scope_open();
    bool ok = mark >= 0 && (!wanted || agi_wide_run(&w));
    if (ok && wanted && agi_node_has_hooks(node, AG_HOOK_AFTER))
        ok = agi_hook_results(node, w.v.gx, w.needs, agi_node_outputs(node), parts);
    for (int k = 0; ok && k < node->n_in; k++)
        if (w.needs[k])
            ok = is_no_anomaly(run, node, k, w.v.gx[k].tensor, parts[0]) &&
                 give(run, node, k, w.v.gx[k].tensor);
    agi_scope_close(mark);
    agi_wide_close(&w);
    if (ok && wanted && run->frees)
        let_go_later(run, entry, numel);
    return ok;
}

/* A function is asked even where no gradient arrived, as in PyTorch: it may take that for zeros. */
static AGI_NOINLINE bool pull_back_nothing(agi_run *run, agi_slot *entry)
{
    const size_t n = (size_t)agi_node_outputs(agi_edge_node(entry->what));
    ag_tensor **none = agi_plain_new(n * sizeof *none);
    if (none == NULL)
        return false;
    memset(none, 0, n * sizeof *none);
    const bool ok = pull_back_wide(run, entry, none);
    agi_plain_free(none);
    return ok;
}

/* The tensor that retains the gradient of a node, NULL for none. A view whose base was written
 * since has left its node, whether or not anybody has asked for the new one. */
AGI_INLINE ag_tensor *retainer_of(const ag_node *node)
{
    ag_tensor *keep = node->extra != NULL ? node->extra->retain : NULL;
    if (keep != NULL && keep->flags & AGI_TENSOR_VIEW && agi_view_is_stale(keep))
        return NULL;
    return keep;
}

static bool propagate(agi_run *run, agi_slot *entry, ag_tensor *g)
{
    ag_node *node = agi_edge_node(entry->what);
    if (AGI_UNLIKELY(node->is_output))
        return hand_over(run, node, g);
    if (AGI_UNLIKELY(node->is_wide))
        return pull_back_wide(run, entry, &g);
    const unsigned needs = needs_of(run, node);
    if (needs == 0)
        return true;
    bool done = false;
    if (AGI_UNLIKELY(agi_op_makes_patch(node->op)) && !node->is_packed && !agi_anomaly_checks() &&
        !agi_node_has_hooks(node, AG_HOOK_AFTER) && !pull_back_part(run, entry, g, needs, &done))
        return false;
    if (AGI_LIKELY(!done) && !pull_back(run, entry, g, needs))
        return false;
    if (run->frees)
        let_go_later(run, entry, g->numel);
    return true;
}

/* All of g's uses are known: it goes on to the inputs. */
AGI_INLINE bool visit_gradient(agi_run *run, agi_slot *entry, ag_tensor *g)
{
    if (entry->wanted)
        agi_retain(g);
    else
        entry->grad = NULL;
    ag_tensor *keep = retainer_of(agi_edge_node(entry->what));
    bool ok = (keep == NULL || agi_deposits_add(&run->deposits, keep, g, false)) &&
              propagate(run, entry, g);
    agi_release(g);
    return ok;
}

/* Whether the patches are one alone that the node's rule passes on, and the sum is not wanted. */
static bool passes_patch(const agi_run *run, const agi_slot *entry)
{
    const ag_node *node = agi_edge_node(entry->what);
    if (node->is_packed || (node->extra != NULL && node->extra->hooks != NULL))
        return false;
    return entry->patches->count == 1 && agi_op_passes_patch(node->op) && !node->is_output &&
           !entry->wanted && retainer_of(node) == NULL && needs_of(run, node) != 0;
}

/* The patches are passed on, or added up to the entry's gradient. */
static AGI_NOINLINE bool settle_patches(agi_run *run, agi_slot *entry)
{
    bool done = false;
    if (passes_patch(run, entry)) {
        agi_patch patch = entry->patches->list[0];
        agi_storage_retain(patch.storage);
        if (!pull_back_patch(run, entry, NULL, &patch, 1, &done))
            return false;
    }
    if (!done)
        return agi_patches_compute(1, &entry->patches, run->n_roots, run->roots) &&
               agi_add_up_patches(entry);
    agi_slot_drop(entry);
    entry->grad = NULL;
    entry->is_patched = false;
    if (run->frees)
        let_go_later(run, entry, 0);
    return true;
}

static bool leads_on(const agi_run *run, const ag_node *node)
{
    for (int k = 0; k < node->n_in; k++)
        if (node->edges[k] != 0 &&
            (!run->selective || run->entries[agi_slot_find(run, node->edges[k])].needed))
            return true;
    return false;
}

/* The same of a node with hooks, whether or not a gradient arrived. As in PyTorch, what is asked of
 * a run is the gradient before the tensor's hooks if it leads on to others that are, else after
 * them; what is retained is the one after them. */
static AGI_NOINLINE bool visit_watched(agi_run *run, agi_slot *entry)
{
    ag_node *node = agi_edge_node(entry->what);
    ag_tensor *g = entry->grad;
    const bool leads = leads_on(run, agi_node_of_op(node));
    entry->grad = entry->wanted && leads && g != NULL ? agi_retain(g) : NULL;
    bool ok = agi_hooks_on_tensor(&node->extra->hooks, &g);
    if (entry->wanted && !leads && g != NULL)
        entry->grad = agi_retain(g);
    ag_tensor *keep = retainer_of(node);
    if (ok && keep != NULL && g != NULL)
        ok = agi_deposits_add(&run->deposits, keep, g, false);
    if (ok && leads && !node->is_output)
        ok = agi_hooks_on_node(&node->extra->hooks, AG_HOOK_BEFORE, 0, NULL, 1, &g);
    if (ok && leads)
        ok = g != NULL                    ? propagate(run, entry, g)
             : agi_node_is_function(node) ? pull_back_nothing(run, entry)
                                          : node->is_output || agi_hook_no_results(node);
    agi_release(g);
    return ok;
}

static bool has_part(const agi_slot *entry)
{
    const int n = entry->parts != NULL ? agi_node_outputs(agi_edge_node(entry->what)) : 0;
    for (int k = 0; k < n; k++)
        if (entry->parts->of[k] != NULL)
            return true;
    return false;
}

/* Hooks before the rule of an op that has several results. */
static bool hook_parts(agi_slot *entry)
{
    ag_node *node = agi_edge_node(entry->what);
    const int n = agi_node_outputs(node);
    agi_parts *parts = agi_slot_parts(entry);
    return parts != NULL &&
           agi_hooks_on_node(&node->extra->hooks, AG_HOOK_BEFORE, 0, NULL, n, parts->of);
}

static bool visit_parts(agi_run *run, agi_slot *entry)
{
    bool ok = pull_back_wide(run, entry, entry->parts->of);
    agi_slot_drop(entry);
    entry->parts = NULL;
    return ok;
}

static AGI_NOINLINE bool visit_watched_parts(agi_run *run, agi_slot *entry)
{
    ag_node *node = agi_edge_node(entry->what);
    if (!leads_on(run, node))
        return true;
    if (!hook_parts(entry))
        return false;
    if (has_part(entry) || agi_node_is_function(node))
        return visit_parts(run, entry);
    return agi_hook_no_results(node);
}

/* A result that has hooks waits for the other results that were used: as in PyTorch, all their
 * hooks are called right before the op's, in the order in which the first of each came. */
static AGI_NOINLINE bool hold_result(agi_run *run, int32_t slot, agi_slot *of_op)
{
    agi_parts *parts = agi_slot_parts(of_op);
    if (parts == NULL)
        return false;
    run->entries[slot].uses = parts->held;
    parts->held = slot;
    return true;
}

typedef struct held_result {
    uint64_t id;        /* of its first hook */
    int32_t slot;
} held_result;

static int compare_held(const void *a, const void *b)
{
    const uint64_t x = ((const held_result *)a)->id, y = ((const held_result *)b)->id;
    return (x > y) - (x < y);
}

static AGI_NOINLINE bool visit_held(agi_run *run, const agi_parts *parts)
{
    int n = 0;
    for (int32_t s = parts->held; s >= 0; s = run->entries[s].uses)
        n++;
    held_result *held = agi_plain_new((size_t)n * sizeof *held);
    bool ok = held != NULL;
    for (int32_t s = parts->held, k = 0; ok && s >= 0; s = run->entries[s].uses)
        held[k++] = (held_result){agi_hooks_first_id(*hooks_of(run->entries[s].what)), s};
    if (ok && n > 1)
        qsort(held, (size_t)n, sizeof *held, compare_held);
    for (int k = 0; k < n && ok; k++)
        ok = visit_watched(run, &run->entries[held[k].slot]);
    agi_plain_free(held);
    return ok;
}

static AGI_NOINLINE bool visit_several(agi_run *run, agi_slot *entry)
{
    const ag_node *node = agi_edge_node(entry->what);
    if (entry->parts != NULL && entry->parts->held >= 0 && !visit_held(run, entry->parts))
        return false;
    if (node->extra != NULL && node->extra->hooks != NULL)
        return visit_watched_parts(run, entry);
    if (has_part(entry))
        return visit_parts(run, entry);
    return !agi_node_is_function(node) || pull_back_nothing(run, entry);
}

/* ---- who comes next ------------------------------------------------------------------------- */

static bool settle(agi_run *run, int32_t slot);

/* All of a result's gradient is there: its node has no turn of its own. What it gives way to has
 * one, so that this is as deep as it gets. */
static AGI_NOINLINE bool settle_result(agi_run *run, int32_t slot)
{
    agi_slot *entry = &run->entries[slot];
    const ag_node *node = agi_edge_node(entry->what);
    const int32_t of = agi_slot_find(run, node->edges[0]);
    bool ok = !entry->is_patched || settle_patches(run, entry);
    if (ok && node->extra != NULL && node->extra->hooks != NULL)
        ok = hold_result(run, slot, &run->entries[of]);
    else if (ok && entry->grad != NULL)
        ok = visit_gradient(run, entry, entry->grad);
    return ok && settle(run, of);
}

/* All users of an entry have given their part, or there are none: it waits for its turn, unless
 * nothing is asked of it. */
static bool line_up(agi_run *run, int32_t slot)
{
    const agi_edge what = run->entries[slot].what;
    if (run->selective && !run->entries[slot].needed)
        return true;
    if (agi_edge_is_leaf(what)) {
        if (AGI_UNLIKELY(run->leaf_hooks || *hooks_of(what) != NULL))
            agi_ready_put(run->ready, &run->ready_count, AGI_RANK_LEAF, slot);
        return true;
    }
    if (AGI_UNLIKELY(agi_edge_node(what)->is_output))
        return settle_result(run, slot);
    agi_ready_put(run->ready, &run->ready_count,
                  (int32_t)(agi_edge_node(what)->number - run->newest), slot);
    return true;
}

/* An input got its part (or learnt that there is none). */
static bool settle(agi_run *run, int32_t slot)
{
    return --run->entries[slot].uses > 0 || line_up(run, slot);
}

/* A node's turn, where a mode looks at it. */
typedef struct watched_turn {
    unsigned modes;
    bool noted;
    ag_node *outer;
    agi_open_event event;
} watched_turn;

/* In anomaly mode what is recorded from here on is recorded by this node's rule. */
static AGI_NOINLINE void begin_turn(agi_run *run, watched_turn *turn, ag_node *node)
{
    agi_thread *thread = agi_thread_get();
    turn->outer = thread->evaluated;
    if (turn->modes & AGI_ANOMALY_ON)
        thread->evaluated = agi_node_of_op(node);
    run->given = 0;
    turn->noted = turn->modes & AGI_PROFILES && agi_event_begin(&turn->event, true);
}

static AGI_NOINLINE void end_turn(const agi_run *run, const watched_turn *turn, const ag_node *node)
{
    agi_thread_get()->evaluated = turn->outer;
    if (turn->noted)
        agi_node_noted(&turn->event, node, run->given);
}

static bool visit(agi_run *run, int32_t slot)
{
    agi_slot *entry = &run->entries[slot];
    if (AGI_UNLIKELY(agi_edge_is_leaf(entry->what)))
        return *hooks_of(entry->what) == NULL || visit_leaf(run, slot) || agi_leaf_explain();
    ag_node *node = agi_edge_node(entry->what);
    watched_turn turn;
    turn.modes = agi_modes_among(AGI_ANOMALY_ON | AGI_PROFILES);
    if (AGI_UNLIKELY(turn.modes != 0))
        begin_turn(run, &turn, node);
    bool ok = !AGI_UNLIKELY(entry->is_patched) || settle_patches(run, entry);
    if (ok && AGI_UNLIKELY(node->has_outputs))
        ok = visit_several(run, entry);
    else if (ok && AGI_UNLIKELY(node->extra != NULL) && node->extra->hooks != NULL)
        ok = visit_watched(run, entry);
    else if (ok && entry->grad != NULL)
        ok = visit_gradient(run, entry, entry->grad);
    else if (ok && AGI_UNLIKELY(agi_node_is_function(node)))
        ok = pull_back_nothing(run, entry);
    if (AGI_UNLIKELY(!ok))
        agi_node_explain(node);
    if (AGI_UNLIKELY(turn.modes != 0))
        end_turn(run, &turn, node);
    for (int k = 0; k < node->n_in && ok; k++)
        if (node->edges[k] != 0)
            ok = settle(run, agi_slot_find(run, node->edges[k]));
    return ok;
}

/* As in PyTorch, a root that is alone has its turn in any case. */
static void need_root(agi_run *run)
{
    const agi_edge what = run->entries[0].what;
    run->entries[0].needed = true;
    if (!agi_edge_is_leaf(what) && agi_edge_node(what)->is_output)
        run->entries[agi_slot_find(run, agi_edge_node(what)->edges[0])].needed = true;
}

static bool sweep(agi_run *run)
{
    const agi_edge first = run->root_count > 0 ? run->entries[0].what : 0;
    run->ready_count = 0;
    run->newest = first == 0 || agi_edge_is_leaf(first) ? 0 : agi_edge_node(first)->number;
    if (run->selective && run->n_roots == 1)
        need_root(run);
    for (int32_t s = 0; s < run->root_count; s++)
        if (run->entries[s].uses == 0 && !line_up(run, s))
            return false;
    while (run->ready_count > 0)
        if (!visit(run, agi_ready_take(run->ready, &run->ready_count)))
            return false;
    return true;
}

/* ---- the public entries --------------------------------------------------------------------- */

static bool add_root(agi_run *run, ag_tensor *root, ag_tensor *gradient)
{
    agi_edge edge = agi_edge_of(root);
    int32_t slot = edge != 0 ? agi_slot_of(run, edge) : -1;
    if (slot < run->root_count) {  /* known, or none: -1 */
        if (edge != 0)
            agi_edge_release(edge);
        return slot >= 0 && agi_accumulate(run, &run->entries[slot], gradient);
    }
    run->root_count = run->count;
    return agi_accumulate(run, &run->entries[slot], gradient);
}

static bool add_roots(agi_run *run, int n, ag_tensor *const *roots, ag_tensor *const *gradients)
{
    bool ok = true;
    for (int i = 0; i < n && ok; i++) {
        ag_tensor *given = gradients != NULL ? gradients[i] : NULL;
        ag_tensor *gradient =
            agi_first_gradient(roots[i], given, (run->flags & AG_CREATE_GRAPH) != 0);
        ok = gradient != NULL && add_root(run, roots[i], gradient);
        agi_release(gradient);
    }
    return ok;
}

/* As in PyTorch, who asks for one result of an op asks for all that leads to any. */
static void want(agi_run *run, int32_t slot)
{
    const agi_edge what = run->entries[slot].what;
    run->entries[slot].wanted = true;
    if (!agi_edge_is_leaf(what) && agi_edge_node(what)->is_output)
        run->entries[agi_slot_find(run, agi_edge_node(what)->edges[0])].has_wanted = true;
}

/* A node that stands for a result of the same op as another one is the same as that. */
static int32_t slot_of_result(const agi_run *run, const ag_node *result)
{
    for (int32_t s = 0; s < run->count; s++) {
        const agi_edge what = run->entries[s].what;
        const ag_node *node = agi_edge_is_leaf(what) ? NULL : agi_edge_node(what);
        if (node != NULL && node->is_output && node->edges[0] == result->edges[0] &&
            agi_node_output_number(node) == agi_node_output_number(result))
            return s;
    }
    return -1;
}

/* Where an input is in the run, or -1; *failed with an error. */
static int32_t slot_of_input(const agi_run *run, ag_tensor *input, bool *failed)
{
    const agi_edge edge = agi_edge_of(input);
    *failed = edge == 0;
    int32_t slot = edge != 0 ? agi_slot_find(run, edge) : -1;
    if (slot < 0 && edge != 0 && !agi_edge_is_leaf(edge) && agi_edge_node(edge)->is_output &&
        agi_stands_in(input))
        slot = slot_of_result(run, agi_edge_node(edge));
    if (edge != 0)
        agi_edge_release(edge);
    return slot;
}

static bool want_inputs(agi_run *run, int n, ag_tensor *const *inputs)
{
    run->selective = true;
    for (int i = 0; i < n; i++) {
        if (!agi_requires_grad(inputs[i])) {
            agi_fail(AG_ERR_GRAD, "One of the differentiated Tensors does not require grad");
            return agi_cut_explain(inputs[i]);
        }
        bool failed;
        const int32_t slot = slot_of_input(run, inputs[i], &failed);
        if (failed)
            return false;
        if (slot >= 0)
            want(run, slot);
    }
    return agi_run_find_needed(run);
}

/* What ag_backward and ag_grad share: up to where gradients are handed out. */
static bool run_backward(agi_run *run, int n, ag_tensor *const *roots, ag_tensor *const *gradients,
                         int n_inputs, ag_tensor *const *inputs)
{
    agi_thread *thread = agi_thread_get();
    const bool recording = agi_set_recording(thread, (run->flags & AG_CREATE_GRAPH) != 0);
    const bool quiet = thread->quiet;
    thread->quiet = true;
    bool ok = add_roots(run, n, roots, gradients) && agi_run_discover(run) &&
              (n_inputs == 0 || want_inputs(run, n_inputs, inputs)) && sweep(run) &&
              (!run->any_patched || agi_add_up_all_patches(run));
    thread->quiet = quiet;
    agi_set_recording(thread, recording);
    return ok;
}

static ag_tensor *gradient_of(const agi_run *run, ag_tensor *input)
{
    bool failed;
    const int32_t slot = slot_of_input(run, input, &failed);
    return slot >= 0 ? run->entries[slot].grad : NULL;
}

/* Inputs of a backward that are no leaves retain their gradient from here on, as in PyTorch. */
static bool retain_inputs(int n, ag_tensor *const *inputs)
{
    for (int i = 0; i < n; i++)
        if (!agi_stands_in(inputs[i]) && ag_retain_grad(inputs[i]) != AG_OK)
            return false;
    return true;
}

static ag_status backward(int n, ag_tensor *const *roots, ag_tensor *const *gradients,
                          int n_inputs, ag_tensor *const *inputs, unsigned flags)
{
    agi_run run;
    agi_open_event event;
    const bool noted = agi_profiles() && agi_event_begin(&event, true);
    agi_run_open(&run, n, roots, flags);
    run.accumulates = true;
    bool ok = agi_check_roots(n, roots, gradients) && retain_inputs(n_inputs, inputs) &&
              run_backward(&run, n, roots, gradients, n_inputs, inputs) && deposit_leaves(&run);
    ok = ok && agi_deposits_commit(&run.deposits, n, roots);
    const bool told = !ok || run.told_count == 0 || tell_leaves(&run);
    agi_run_close(&run, ok);
    if (noted)
        agi_event_end_as(&event, AG_EVENT_BACKWARD, "backward");
    return ok && told ? AG_OK : ag_last_status();
}

ag_status ag_backward_many(int n, ag_tensor *const *roots, ag_tensor *const *gradients,
                           int n_inputs, ag_tensor *const *inputs, unsigned flags)
{
    if (!agi_check_request("backward", n, roots, n_inputs, inputs) ||
        !agi_check_flags("backward", flags, AGI_GRAPH_FLAGS))
        return ag_last_status();
    return backward(n, roots, gradients, n_inputs, inputs, flags);
}

ag_status ag_backward(ag_tensor *root, ag_tensor *gradient, unsigned flags)
{
    if (!agi_has_tensor("backward", root) || !agi_check_flags("backward", flags, AGI_GRAPH_FLAGS))
        return ag_last_status();
    return backward(1, &root, &gradient, 0, NULL, flags);
}

static bool hand_out(const agi_run *run, int n, ag_tensor *const *gradients, int n_inputs,
                     ag_tensor *const *inputs, ag_tensor **results)
{
    const agi_cut cut = run->flags & AG_CREATE_GRAPH ? (agi_cut){0}
                                                     : agi_cut_here(AGI_CUT_GRADIENT, 0);
    for (int i = 0; i < n_inputs; i++) {
        ag_tensor *grad = gradient_of(run, inputs[i]);
        results[i] = grad != NULL ? agi_retain(grad) : NULL;
        if (grad != NULL) {
            agi_make_plain(grad, n, gradients);
            grad->cut = cut;
        } else if (!(run->flags & AG_ALLOW_UNUSED)) {
            agi_fail(AG_ERR_GRAD, "The differentiated Tensor at index %d appears to not have been "
                                  "used in the graph. Set allow_unused=True if this is the desired "
                                  "behavior.", i);
            return false;
        }
    }
    return true;
}

ag_status ag_grad(int n, ag_tensor *const *roots, ag_tensor *const *gradients, int n_inputs,
                  ag_tensor *const *inputs, unsigned flags, ag_tensor **results)
{
    if (n_inputs > 0 && !agi_has("grad", results, "memory for the results"))
        return ag_last_status();
    for (int i = 0; i < n_inputs; i++)
        results[i] = NULL;
    if (n_inputs == 0)
        return agi_fail(AG_ERR_VALUE, "grad requires non-empty inputs.");
    if (!agi_check_request("grad", n, roots, n_inputs, inputs) ||
        !agi_check_flags("grad", flags, AGI_GRAPH_FLAGS | AG_ALLOW_UNUSED))
        return ag_last_status();
    agi_run run;
    agi_open_event event;
    const bool noted = agi_profiles() && agi_event_begin(&event, true);
    agi_run_open(&run, n, roots, flags);
    bool ok = agi_check_roots(n, roots, gradients) &&
              run_backward(&run, n, roots, gradients, n_inputs, inputs) &&
              hand_out(&run, n, gradients, n_inputs, inputs, results) &&
              (flags & AG_CREATE_GRAPH || agi_results_compute(n_inputs, results, n, roots)) &&
              (run.deposits.count == 0 || agi_deposits_commit(&run.deposits, 0, NULL));
    agi_run_close(&run, ok);
    if (noted)
        agi_event_end_as(&event, AG_EVENT_BACKWARD, "grad");
    if (ok)
        return AG_OK;
    for (int i = 0; i < n_inputs; i++) {
        agi_release(results[i]);
        results[i] = NULL;
    }
    return ag_last_status();
}
