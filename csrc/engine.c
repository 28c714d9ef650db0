/* SPDX-License-Identifier: MIT
 *
 * The engine, in the words every reader knows: each tensor that was made by an op has a node, a
 * node knows its inputs' nodes, and backward visits the nodes so that each comes after all its
 * users. Here that order comes from counting:
 *
 *   1. discover  breadth first from the roots, give each node and leaf a slot, count its uses;
 *   2. sweep     a node whose users have all given their part is ready: its rule turns its
 *                cotangent into those of its inputs;
 *   3. commit    leaves (and retained tensors) get their gradients, when nothing can fail any more.
 *
 * Nothing recurses. INVARIANT[claim]: while a run is on, a node's or leaf's `run` field names the
 * run that claimed it and `slot` its place there. A second run that meets a claimed node (another
 * thread, or a backward inside a backward) keeps that node's slot in a table of its own.
 */
#include "engine.h"

#include <string.h>

#include "alloc.h"
#include "apply.h"
#include "rule.h"
#include "expr.h"
#include "run.h"
#include "shape.h"
#include "thread.h"

typedef struct slot_entry {
    agi_edge what;      /* borrowed: alive through the roots. A node, or a leaf (low bit set) */
    ag_tensor *grad;    /* owned: what the users gave so far, NULL for nothing */
    int32_t uses;       /* users that have not given their part yet */
    bool claimed;       /* what->run is this run */
    bool needed;        /* leads to something whose gradient is wanted */
    bool wanted;        /* its own gradient is wanted: kept beside the sweep */
    bool held;          /* a root: `what` is owned, for a root may be written in place meanwhile */
} slot_entry;

typedef struct deposit {
    ag_tensor *to;      /* owned: whose .grad */
    ag_tensor *grad;    /* owned */
    ag_tensor *sum;     /* owned: the new .grad, or what is to be in the one that is there */
    bool in_place;      /* the .grad that is there gets the sum */
    bool computed;      /* and has it already */
} deposit;

#define LOCAL_SLOTS 32

typedef struct agi_run {
    slot_entry *entries;
    int32_t *ready;     /* stack of slots */
    int32_t count, capacity, ready_count;
    int32_t root_count; /* the first slots are the roots' */
    int32_t *table;     /* slots of nodes that another run has claimed, by address; -1 is free */
    int32_t table_size, table_used;
    deposit *deposits;
    int32_t deposit_count, deposit_capacity;
    unsigned flags;
    bool selective;     /* only some inputs are wanted */
    slot_entry local_entries[LOCAL_SLOTS];
    int32_t local_ready[LOCAL_SLOTS];
} agi_run;

/* ---- slots ---------------------------------------------------------------------------------- */

static _Atomic(void *) *claim_of(agi_edge what, int32_t **slot)
{
    if (agi_edge_is_leaf(what)) {
        agi_meta *meta = agi_meta_of(agi_edge_leaf(what));
        *slot = &meta->slot;
        return &meta->run;
    }
    *slot = &agi_edge_node(what)->slot;
    return &agi_edge_node(what)->run;
}

static bool try_claim(_Atomic(void *) *claim, agi_run *run)
{
    void *expected = NULL;
    if (AGI_LIKELY(agi_serialised)) {
        if (atomic_load_explicit(claim, memory_order_relaxed) != NULL)
            return false;
        atomic_store_explicit(claim, run, memory_order_relaxed);
        return true;
    }
    return atomic_compare_exchange_strong(claim, &expected, run);
}

static uint32_t hash_of(agi_edge what) { return (uint32_t)((what >> 4) * 2654435761u); }

static int32_t table_find(const agi_run *run, agi_edge what)
{
    if (run->table_size == 0)
        return -1;
    uint32_t mask = (uint32_t)run->table_size - 1;
    for (uint32_t i = hash_of(what) & mask;; i = (i + 1) & mask)
        if (run->table[i] < 0 || run->entries[run->table[i]].what == what)
            return run->table[i];
}

static void table_put(agi_run *run, int32_t slot)
{
    uint32_t mask = (uint32_t)run->table_size - 1;
    uint32_t i = hash_of(run->entries[slot].what) & mask;
    while (run->table[i] >= 0)
        i = (i + 1) & mask;
    run->table[i] = slot;
}

/* Room for one more, at most half full. */
static bool table_grow(agi_run *run)
{
    if (2 * (run->table_used + 1) <= run->table_size)
        return true;
    int32_t size = run->table_size == 0 ? 64 : 2 * run->table_size;
    int32_t *table = agi_plain_resize(run->table, (size_t)size * sizeof *table);
    if (table == NULL)
        return false;
    run->table = table;
    run->table_size = size;
    memset(table, 0xff, (size_t)size * sizeof *table);
    for (int32_t s = 0; s < run->count; s++)
        if (!run->entries[s].claimed)
            table_put(run, s);
    return true;
}

static bool grow(agi_run *run)
{
    int32_t capacity = 2 * run->capacity;
    bool local = run->entries == run->local_entries;
    slot_entry *entries = agi_plain_resize(local ? NULL : run->entries,
                                           (size_t)capacity * sizeof *entries);
    if (entries == NULL)
        return false;
    if (local)
        memcpy(entries, run->local_entries, sizeof run->local_entries);
    run->entries = entries;
    int32_t *ready = agi_plain_resize(local ? NULL : run->ready, (size_t)capacity * sizeof *ready);
    if (ready == NULL) {
        if (local) {
            agi_plain_free(entries);
            run->entries = run->local_entries;
        }
        return false;
    }
    run->ready = ready;
    run->capacity = capacity;
    return true;
}

/* The slot of a node or leaf in this run, or -1. */
static int32_t slot_find(const agi_run *run, agi_edge what)
{
    if (agi_edge_is_leaf(what) && agi_meta_of(agi_edge_leaf(what)) == NULL)
        return -1;
    int32_t *slot;
    _Atomic(void *) *claim = claim_of(what, &slot);
    if (AGI_LIKELY(atomic_load_explicit(claim, memory_order_relaxed) == run))
        return *slot;
    return table_find(run, what);
}

/* The slot, made if there is none; -1 with an error if that fails. */
static int32_t slot_of(agi_run *run, agi_edge what)
{
    int32_t found = slot_find(run, what);
    if (found >= 0)
        return found;
    if (agi_edge_is_leaf(what) && agi_tensor_meta(agi_edge_leaf(what)) == NULL)
        return -1;
    if (run->count == run->capacity && !grow(run))
        return -1;
    int32_t *slot;
    _Atomic(void *) *claim = claim_of(what, &slot);
    slot_entry *entry = &run->entries[run->count];
    *entry = (slot_entry){.what = what, .claimed = try_claim(claim, run)};
    if (entry->claimed) {
        *slot = run->count;
    } else {
        if (!table_grow(run))
            return -1;
        table_put(run, run->count);
        run->table_used++;
    }
    return run->count++;
}

static void run_open(agi_run *run, unsigned flags)
{
    run->entries = run->local_entries;
    run->ready = run->local_ready;
    run->capacity = LOCAL_SLOTS;
    run->count = run->ready_count = 0;
    run->table = NULL;
    run->table_size = run->table_used = 0;
    run->deposits = NULL;
    run->deposit_count = run->deposit_capacity = 0;
    run->flags = flags;
    run->selective = false;
    run->root_count = 0;
}

static void run_close(agi_run *run)
{
    for (int32_t s = 0; s < run->count; s++) {
        slot_entry *entry = &run->entries[s];
        agi_release(entry->grad);
        if (entry->claimed) {
            int32_t *slot;
            atomic_store_explicit(claim_of(entry->what, &slot), NULL, memory_order_release);
        }
    }
    for (int32_t s = 0; s < run->count && s < run->root_count; s++)
        if (run->entries[s].held)
            agi_edge_release(run->entries[s].what);
    for (int32_t d = 0; d < run->deposit_count; d++) {
        agi_release(run->deposits[d].to);
        agi_release(run->deposits[d].grad);
        agi_release(run->deposits[d].sum);
    }
    agi_plain_free(run->deposits);
    agi_plain_free(run->table);
    if (run->entries != run->local_entries) {
        agi_plain_free(run->entries);
        agi_plain_free(run->ready);
    }
}

/* ---- discover ------------------------------------------------------------------------------- */

static bool discover(agi_run *run)
{
    for (int32_t s = 0; s < run->count; s++) {
        agi_edge what = run->entries[s].what;
        if (agi_edge_is_leaf(what))
            continue;
        const ag_node *node = agi_edge_node(what);
        for (int k = 0; k < node->n_in; k++) {
            if (node->edges[k] == 0)
                continue;
            int32_t slot = slot_of(run, node->edges[k]);
            if (slot < 0)
                return false;
            run->entries[slot].uses++;
        }
    }
    return true;
}

/* With inputs given, only what lies on a path to one of them is needed. Slots in an order in which
 * users come first are what `ready` holds after a dry sweep; walked backward, each node asks its
 * inputs. */
static bool find_needed(agi_run *run)
{
    int32_t *left = agi_plain_new((size_t)run->count * sizeof *left);
    if (left == NULL)
        return false;
    int32_t done = 0, queued = 0;
    for (int32_t s = 0; s < run->count; s++) {
        left[s] = run->entries[s].uses;
        if (left[s] == 0)
            run->ready[queued++] = s;
    }
    for (; done < queued; done++) {
        agi_edge what = run->entries[run->ready[done]].what;
        for (int k = 0; !agi_edge_is_leaf(what) && k < agi_edge_node(what)->n_in; k++) {
            agi_edge edge = agi_edge_node(what)->edges[k];
            int32_t slot = edge != 0 ? slot_find(run, edge) : -1;
            if (slot >= 0 && --left[slot] == 0)
                run->ready[queued++] = slot;
        }
    }
    agi_plain_free(left);
    for (int32_t i = queued - 1; i >= 0; i--) {
        slot_entry *entry = &run->entries[run->ready[i]];
        entry->needed = entry->wanted;
        agi_edge what = entry->what;
        for (int k = 0; !agi_edge_is_leaf(what) && k < agi_edge_node(what)->n_in; k++) {
            agi_edge edge = agi_edge_node(what)->edges[k];
            int32_t slot = edge != 0 ? slot_find(run, edge) : -1;
            entry->needed |= slot >= 0 && run->entries[slot].needed;
        }
    }
    return true;
}

/* ---- accumulate ----------------------------------------------------------------------------- */

/* Nobody but the caller can see t's values. */
static bool is_exclusive(ag_tensor *t)
{
    return agi_refs_get(&t->refs) == 1 && agi_refs_get(&t->storage->refs) == 1 &&
           agi_is_contiguous(t) && t->storage->memory != AGI_MEMORY_FOREIGN &&
           !t->storage->exported && !(t->flags & AGI_TENSOR_VIEW);
}

/* The first gradient to arrive is passed on as it is, the second makes a sum of its own, later ones
 * are added into that. */
static bool accumulate(agi_run *run, slot_entry *entry, ag_tensor *g)
{
    if (entry->grad == NULL) {
        entry->grad = agi_retain(g);
        return true;
    }
    ag_arg args[2] = {agi_arg(entry->grad), agi_arg(g)};
    if (!(run->flags & AG_CREATE_GRAPH) && is_exclusive(entry->grad) &&
        g->numel < AGI_DEFER_MIN && !agi_is_pending(g->storage) &&
        !agi_is_pending(entry->grad->storage)) {
        agi_run_map(&agi_ops[AG_OP_add], agi_tensor_data(entry->grad), g->ndim, agi_shape_of(g),
                    g->numel, 2, args, NULL);
        return true;
    }
    ag_tensor *sum = agi_apply(AG_OP_add, 0, 2, args, NULL);
    if (sum == NULL)
        return false;
    agi_release(entry->grad);
    entry->grad = sum;
    return true;
}

/* ---- commit --------------------------------------------------------------------------------- */

/* Notes that `grad` goes to t's .grad in the end. */
static bool deposit_add(agi_run *run, ag_tensor *t, ag_tensor *grad)
{
    if (run->deposit_count == run->deposit_capacity) {
        int32_t capacity = run->deposit_capacity == 0 ? 8 : 2 * run->deposit_capacity;
        deposit *grown = agi_plain_resize(run->deposits, (size_t)capacity * sizeof *grown);
        if (grown == NULL)
            return false;
        run->deposits = grown;
        run->deposit_capacity = capacity;
    }
    run->deposits[run->deposit_count++] =
        (deposit){.to = agi_retain(t), .grad = agi_retain(grad), .sum = NULL};
    return true;
}

/* The gradient itself where nobody else can see its values (owned; a view whose base nobody else
 * has becomes a plain tensor), NULL where a copy is needed or *ok is false. */
static ag_tensor *take_exclusive(ag_tensor *grad, bool *ok)
{
    if (is_exclusive(grad))
        return agi_retain(grad);
    if (!(grad->flags & AGI_TENSOR_VIEW) || !agi_is_contiguous(grad) ||
        agi_refs_get(&grad->refs) != 1)
        return NULL;
    ag_tensor *base = grad->meta->base;
    if (agi_refs_get(&base->refs) != 1 || agi_refs_get(&grad->storage->refs) != 2 ||
        grad->storage->memory == AGI_MEMORY_FOREIGN || grad->storage->exported ||
        base->numel != grad->numel)
        return NULL;
    ag_tensor *plain = agi_tensor_alias(grad);
    *ok = plain != NULL;
    return plain;
}

/* What t's .grad becomes, as far as making it can fail; large sums are left pending. */
static bool deposit_prepare(agi_run *run, deposit *d)
{
    agi_meta *meta = agi_tensor_meta(d->to);
    bool graph = (run->flags & AG_CREATE_GRAPH) != 0, ok = true;
    if (meta == NULL)
        return false;
    if (meta->grad == NULL) {
        d->sum = graph ? agi_retain(d->grad) : take_exclusive(d->grad, &ok);
        if (d->sum != NULL || !ok)
            return ok;
        ag_arg arg = agi_arg(d->grad);
        d->sum = agi_compute(AG_OP_clone, 1, &arg, NULL);
        return d->sum != NULL;
    }
    ag_arg args[2] = {agi_arg(meta->grad), agi_arg(d->grad)};
    if (!agi_shape_equal(meta->grad->ndim, agi_shape_of(meta->grad), d->grad->ndim,
                         agi_shape_of(d->grad))) {
        char got[AGI_SHAPE_TEXT], want[AGI_SHAPE_TEXT];
        agi_fail(AG_ERR_SHAPE, "backward: expected a gradient of shape %s like the .grad that is "
                               "there, got %s",
                 agi_format_shape_list(want, meta->grad->ndim, agi_shape_of(meta->grad)),
                 agi_format_shape_list(got, d->grad->ndim, agi_shape_of(d->grad)));
        return false;
    }
    d->in_place = !graph && agi_is_contiguous(meta->grad) && !meta->grad->storage->read_only;
    if (d->in_place && agi_storage_writable(meta->grad->storage) != AG_OK)
        return false;
    if (d->in_place && meta->grad->numel < AGI_DEFER_MIN)
        return true;
    d->sum = agi_apply(AG_OP_add, 0, 2, args, NULL);
    return d->sum != NULL;
}

/* What was prepared pending is computed, all that goes over the same elements in one program, with
 * the roots where those are pending too. Large sums that are to be in place go straight to the
 * memory that .grad has. From here on nothing fails. */
static bool deposits_compute(agi_run *run, int n_roots, ag_tensor *const *roots)
{
    int32_t n = 0;
    if (run->flags & AG_CREATE_GRAPH)
        return true;
    agi_target *targets = agi_plain_new((size_t)(run->deposit_count + n_roots) * sizeof *targets);
    if (targets == NULL)
        return false;
    for (int32_t i = 0; i < run->deposit_count; i++) {
        deposit *d = &run->deposits[i];
        ag_tensor *value = d->sum != NULL ? d->sum : d->grad;
        if (!agi_is_pending(value->storage))
            continue;
        d->computed = d->in_place && d->sum != NULL;
        targets[n++] = (agi_target){
            .storage = value->storage,
            .data = d->computed ? agi_tensor_data(d->to->meta->grad) : NULL};
    }
    for (int i = 0; i < n_roots && n > 0; i++)
        if (agi_is_pending(roots[i]->storage))
            targets[n++] = (agi_target){.storage = roots[i]->storage};
    bool ok = n == 0 || agi_expr_compute_into(n, targets) == AG_OK;
    agi_plain_free(targets);
    return ok;
}

static void deposit_commit(deposit *d)
{
    agi_meta *meta = d->to->meta;
    if (d->computed) {
        agi_storage_bump(meta->grad->storage);
        return;
    }
    if (d->sum != NULL && !d->in_place) {
        ag_tensor *old = meta->grad;
        meta->grad = d->sum;
        d->sum = NULL;
        agi_release(old);
        return;
    }
    if (d->sum != NULL) {
        memcpy(agi_tensor_data(meta->grad), agi_tensor_data(d->sum),
               (size_t)d->sum->numel * sizeof(double));
    } else {
        ag_arg args[2] = {agi_arg(meta->grad), agi_arg(d->grad)};
        agi_run_map(&agi_ops[AG_OP_add], agi_tensor_data(meta->grad), meta->grad->ndim,
                    agi_shape_of(meta->grad), meta->grad->numel, 2, args, NULL);
    }
    agi_storage_bump(meta->grad->storage);
}

/* The leaves' gradients join the retained ones, then all are made ready, then all are set. */
static bool commit_locked(agi_run *run, int n_roots, ag_tensor *const *roots)
{
    for (int32_t s = 0; s < run->count; s++) {
        slot_entry *entry = &run->entries[s];
        if (!agi_edge_is_leaf(entry->what) || entry->grad == NULL ||
            (run->selective && !entry->wanted))
            continue;
        if (!deposit_add(run, agi_edge_leaf(entry->what), entry->grad))
            return false;
        agi_release(entry->grad);
        entry->grad = NULL;
    }
    for (int32_t d = 0; d < run->deposit_count; d++)
        if (!deposit_prepare(run, &run->deposits[d]))
            return false;
    if (!deposits_compute(run, n_roots, roots))
        return false;
    for (int32_t d = 0; d < run->deposit_count; d++)
        deposit_commit(&run->deposits[d]);
    return true;
}

/* Under the lock of expressions, which computing takes anyway: what is added to a .grad here must
 * be there before another thread, that may run while we compute, reads it to add its own. */
static bool commit(agi_run *run, int n_roots, ag_tensor *const *roots)
{
    agi_expr_lock();
    bool ok = commit_locked(run, n_roots, roots);
    agi_expr_unlock();
    return ok;
}

/* ---- sweep ---------------------------------------------------------------------------------- */

static ag_arg zeros_for(ag_arg g)
{
    ag_tensor *zero = ag_scalar(0.0);
    if (zero == NULL)
        return agi_arg(&agi_failed);
    return v_expand(agi_arg(zero), g.tensor->ndim, agi_shape_of(g.tensor));
}

/* Calls the node's rule and brings each gradient to its input's shape. */
static bool call_rule(agi_vjp *v)
{
    const agi_op_info *info = &agi_ops[v->node->op];
    if (info->rule != NULL)
        info->rule(v);
    else
        for (int k = 0; k < v->node->n_in; k++)
            v->gx[k] = zeros_for(v->g);
    for (int k = 0; k < v->node->n_in; k++) {
        int ndim;
        const int64_t *shape = agi_node_input_shape(v->node, k, &ndim);
        if (!(v->needs & (1u << k)))
            continue;
        if (v->gx[k].tensor == NULL)
            v->gx[k] = zeros_for(v->g);
        if (agi_op_is_map(info) && ndim >= 0)
            v->gx[k] = agi_sum_to(v->gx[k], ndim, shape);
        if (agi_value_failed(v->gx[k]))
            return false;
    }
    return true;
}

static unsigned needs_of(const agi_run *run, const ag_node *node)
{
    unsigned needs = 0;
    for (int k = 0; k < node->n_in; k++)
        if (node->edges[k] != 0 &&
            (!run->selective || run->entries[slot_find(run, node->edges[k])].needed))
            needs |= 1u << k;
    return needs;
}

static bool same_shape(const ag_tensor *a, const ag_tensor *b)
{
    return agi_shape_equal(a->ndim, agi_shape_of(a), b->ndim, agi_shape_of(b));
}

/* A leaf whose data was exchanged since for data of another shape cannot take this gradient. */
static bool fits_leaf(const ag_node *node, int k, const ag_tensor *leaf, const ag_tensor *g)
{
    if (AGI_LIKELY(same_shape(leaf, g)))
        return true;
    char name[64], got[AGI_SHAPE_TEXT], want[AGI_SHAPE_TEXT];
    ag_node_name(node, name, sizeof name);
    agi_fail(AG_ERR_SHAPE,
             "Function %s returned an invalid gradient at index %d - got %s but expected shape "
             "compatible with %s",
             name, k, agi_format_shape_list(got, g->ndim, agi_shape_of(g)),
             agi_format_shape_list(want, leaf->ndim, agi_shape_of(leaf)));
    return false;
}

/* Gives input k its part. */
static bool give(agi_run *run, const ag_node *node, int k, ag_tensor *g)
{
    agi_edge edge = node->edges[k];
    return (!agi_edge_is_leaf(edge) || fits_leaf(node, k, agi_edge_leaf(edge), g)) &&
           accumulate(run, &run->entries[slot_find(run, edge)], g);
}

/* An input got its part (or learnt that there is none). */
static void settle(agi_run *run, int32_t slot)
{
    if (--run->entries[slot].uses == 0 && !agi_edge_is_leaf(run->entries[slot].what))
        run->ready[run->ready_count++] = slot;
}

/* Runs a node's rule on its cotangent g and gives its inputs their parts. */
static bool pull_back(agi_run *run, ag_node *node, ag_tensor *g)
{
    ag_arg gx[AGI_NODE_SHAPES] = {{NULL, 0.0}};
    agi_vjp v = {.node = node, .g = agi_arg(g), .gx = gx, .needs = needs_of(run, node),
                 .create_graph = (run->flags & AG_CREATE_GRAPH) != 0};
    if (v.needs == 0)
        return true;
    int64_t mark = ag_scope_open();
    bool ok = call_rule(&v);
    for (int k = 0; ok && k < node->n_in; k++)
        if (gx[k].tensor != NULL && v.needs & (1u << k))
            ok = give(run, node, k, gx[k].tensor);
    ag_scope_close(mark);
    if (ok && !(run->flags & AG_RETAIN_GRAPH))
        agi_node_free_saved(node);
    return ok;
}

static bool visit(agi_run *run, int32_t slot)
{
    slot_entry *entry = &run->entries[slot];
    ag_node *node = agi_edge_node(entry->what);
    ag_tensor *g = entry->grad;
    bool ok = true;
    if (!entry->wanted)
        entry->grad = NULL;
    if (g != NULL) {
        if (entry->wanted)
            agi_retain(g);
        ag_tensor *keep = node->extra != NULL ? node->extra->retain : NULL;
        ok = (keep == NULL || run->selective || deposit_add(run, keep, g)) &&
             pull_back(run, node, g);
        agi_release(g);
    }
    for (int k = 0; k < node->n_in; k++)
        if (node->edges[k] != 0)
            settle(run, slot_find(run, node->edges[k]));
    return ok;
}

static bool sweep(agi_run *run)
{
    run->ready_count = 0;
    for (int32_t s = run->count - 1; s >= 0; s--)
        if (run->entries[s].uses == 0 && !agi_edge_is_leaf(run->entries[s].what))
            run->ready[run->ready_count++] = s;
    while (run->ready_count > 0)
        if (!visit(run, run->ready[--run->ready_count]))
            return false;
    return true;
}

/* ---- the public entries --------------------------------------------------------------------- */

static bool check_root(int index, const ag_tensor *root, const ag_tensor *gradient)
{
    char want[AGI_SHAPE_TEXT], got[AGI_SHAPE_TEXT];
    if (!agi_requires_grad(root)) {
        agi_fail(AG_ERR_GRAD, "element %d of tensors does not require grad and does not have a "
                              "grad_fn", index);
    } else if (gradient == NULL && root->numel != 1) {
        agi_fail(AG_ERR_GRAD, "grad can be implicitly created only for scalar outputs");
    } else if (gradient != NULL && !agi_shape_equal(root->ndim, agi_shape_of(root), gradient->ndim,
                                                    agi_shape_of(gradient))) {
        agi_fail(AG_ERR_SHAPE, "Mismatch in shape: grad_output[%d] has a shape of torch.Size(%s) "
                               "and output[%d] has a shape of torch.Size(%s).", index,
                 agi_format_shape_list(got, gradient->ndim, agi_shape_of(gradient)), index,
                 agi_format_shape_list(want, root->ndim, agi_shape_of(root)));
    } else {
        return true;
    }
    return false;
}

/* The edge to a tensor as the run sees it: borrowed, 0 with an error if it cannot be had. */
static agi_edge edge_of(ag_tensor *t)
{
    bool failed = false;
    ag_node *node = agi_tensor_node(t, &failed);
    if (failed)
        return 0;
    return node != NULL ? (agi_edge)node : (agi_edge)t | 1;
}

static bool add_root(agi_run *run, ag_tensor *root, ag_tensor *gradient)
{
    agi_edge edge = edge_of(root);
    int32_t slot = edge != 0 ? slot_of(run, edge) : -1;
    if (slot < 0)
        return false;
    if (!run->entries[slot].held) {
        run->entries[slot].held = true;
        run->root_count = run->count;
        if (agi_edge_is_leaf(edge))
            agi_retain(agi_edge_leaf(edge));
        else
            agi_node_retain(agi_edge_node(edge));
    }
    if (gradient != NULL)
        return accumulate(run, &run->entries[slot], gradient);
    ag_tensor *one = agi_tensor_new(root->ndim, agi_shape_of(root), 1);
    if (one == NULL)
        return false;
    *agi_tensor_data(one) = 1.0;
    bool ok = accumulate(run, &run->entries[slot], one);
    agi_release(one);
    return ok;
}

static bool add_roots(agi_run *run, int n, ag_tensor *const *roots, ag_tensor *const *gradients)
{
    for (int i = 0; i < n; i++)
        if (!check_root(i, roots[i], gradients != NULL ? gradients[i] : NULL))
            return false;
    for (int i = 0; i < n; i++)
        if (!add_root(run, roots[i], gradients != NULL ? gradients[i] : NULL))
            return false;
    return true;
}

static bool want_inputs(agi_run *run, int n, ag_tensor *const *inputs)
{
    run->selective = true;
    for (int i = 0; i < n; i++) {
        if (!agi_requires_grad(inputs[i])) {
            agi_fail(AG_ERR_GRAD, "One of the differentiated Tensors does not require grad");
            return false;
        }
        agi_edge edge = edge_of(inputs[i]);
        if (edge == 0)
            return false;
        int32_t slot = slot_find(run, edge);
        if (slot >= 0)
            run->entries[slot].wanted = true;
    }
    return find_needed(run);
}

/* What ag_backward and ag_grad share: up to where gradients are handed out. */
static bool run_backward(agi_run *run, int n, ag_tensor *const *roots, ag_tensor *const *gradients,
                         int n_inputs, ag_tensor *const *inputs)
{
    bool recording = ag_set_grad_enabled((run->flags & AG_CREATE_GRAPH) != 0);
    bool ok = add_roots(run, n, roots, gradients) && discover(run) &&
              (n_inputs == 0 || want_inputs(run, n_inputs, inputs)) && sweep(run);
    ag_set_grad_enabled(recording);
    return ok;
}

static ag_tensor *gradient_of(const agi_run *run, ag_tensor *input)
{
    int32_t slot = slot_find(run, edge_of(input));
    return slot >= 0 ? run->entries[slot].grad : NULL;
}

/* Non-leaf inputs of a backward get their .grad like leaves. */
static bool deposit_inputs(agi_run *run, int n, ag_tensor *const *inputs)
{
    for (int i = 0; i < n; i++) {
        ag_tensor *grad = inputs[i]->node != NULL ? gradient_of(run, inputs[i]) : NULL;
        if (grad != NULL && !deposit_add(run, inputs[i], grad))
            return false;
    }
    return true;
}

ag_status ag_backward_many(int n, ag_tensor *const *roots, ag_tensor *const *gradients,
                           int n_inputs, ag_tensor *const *inputs, unsigned flags)
{
    agi_run run;
    run_open(&run, flags);
    bool ok = run_backward(&run, n, roots, gradients, n_inputs, inputs) &&
              deposit_inputs(&run, n_inputs, inputs);
    bool recording = ag_set_grad_enabled((flags & AG_CREATE_GRAPH) != 0);
    ok = ok && commit(&run, n, roots);
    ag_set_grad_enabled(recording);
    run_close(&run);
    return ok ? AG_OK : ag_last_status();
}

ag_status ag_backward(ag_tensor *root, ag_tensor *gradient, unsigned flags)
{
    if (root == NULL)
        return ag_last_status() != AG_OK
                   ? ag_last_status()
                   : agi_fail(AG_ERR_TYPE, "backward: expected a tensor, got NULL");
    return ag_backward_many(1, &root, &gradient, 0, NULL, flags);
}

/* The results, those that are pending computed together with pending roots. */
static bool results_compute(int n, ag_tensor **results, int n_roots, ag_tensor *const *roots)
{
    int count = 0;
    agi_storage **storages = agi_plain_new((size_t)(n + n_roots) * sizeof *storages);
    if (storages == NULL)
        return false;
    for (int i = 0; i < n; i++)
        if (results[i] != NULL && agi_is_pending(results[i]->storage))
            storages[count++] = results[i]->storage;
    for (int i = 0; i < n_roots && count > 0; i++)
        if (agi_is_pending(roots[i]->storage))
            storages[count++] = roots[i]->storage;
    bool ok = count == 0 || agi_expr_compute(count, storages) == AG_OK;
    agi_plain_free(storages);
    return ok;
}

static bool hand_out(const agi_run *run, int n, ag_tensor *const *inputs, unsigned flags,
                     ag_tensor **results)
{
    for (int i = 0; i < n; i++) {
        ag_tensor *grad = gradient_of(run, inputs[i]);
        results[i] = grad != NULL ? agi_retain(grad) : NULL;
        if (grad == NULL && !(flags & AG_ALLOW_UNUSED)) {
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
    for (int i = 0; i < n_inputs; i++)
        results[i] = NULL;
    if (n_inputs == 0)
        return agi_fail(AG_ERR_VALUE, "grad requires non-empty inputs.");
    agi_run run;
    run_open(&run, flags);
    bool ok = run_backward(&run, n, roots, gradients, n_inputs, inputs) &&
              hand_out(&run, n_inputs, inputs, flags, results) &&
              (flags & AG_CREATE_GRAPH || results_compute(n_inputs, results, n, roots));
    run_close(&run);
    if (ok)
        return AG_OK;
    for (int i = 0; i < n_inputs; i++) {
        agi_release(results[i]);
        results[i] = NULL;
    }
    return ag_last_status();
}
