/* SPDX-License-Identifier: MIT
 *
 * What rules stand on: reading saved values with their versions checked, and calling ops whose
 * results belong to the engine's scope.
 */
#include "rule.h"

#include <stdio.h>
#include <string.h>

#include "../base/check.h"
#include "../base/shape.h"
#include "../base/thread.h"
#include "../tensor/scope.h"
#include "cast.h"
#include "dtypes.h"
#include "kept.h"
#include "node_saved.h"

static const ag_arg failed_value = {.tensor = &agi_failed, .value = 0.0};

/* In anomaly mode rules multiply as PyTorch's do: 0 times infinity is NaN, which the mode finds. */
static AGI_NOINLINE int op_in_anomaly_mode(int op)
{
    switch (op) {
    case AG_OP_vjp_mul: case AG_OP_vjp_both:
        return AG_OP_mul;
    case AG_OP_vjp_div:
        return AG_OP_div;
    default:
        return op;
    }
}

ag_arg agi_value(int op, int n, const ag_arg *args, const ag_attr *attr)
{
    if (AGI_UNLIKELY(agi_anomaly_is_on()))
        op = op_in_anomaly_mode(op);
    for (int k = 0; k < n; k++)
        if (AGI_UNLIKELY(agi_value_failed(args[k])))
            return failed_value;
    ag_tensor *t = agi_scope_add(agi_apply(op, agi_variant_of(op, args, attr), n, args, attr));
    return t != NULL ? agi_arg(t) : failed_value;
}

ag_tensor *agi_leave_with(int64_t mark, ag_arg x)
{
    return agi_scope_leave(mark, agi_value_failed(x) ? NULL : x.tensor);
}

ag_status agi_leave_with_all(int64_t mark, int n, const ag_arg *values, ag_tensor **outs)
{
    bool ok = true;
    for (int k = 0; k < n; k++) {
        ok = ok && !agi_value_failed(values[k]);
        outs[k] = values[k].tensor;
    }
    return agi_scope_leave_all(mark, ok, n, outs);
}

/* A tensor over the saved elements that is, on the tape, the value it was then. */
static ag_arg with_history(ag_tensor *alias, agi_edge edge)
{
    if (alias == NULL)
        return failed_value;
    if (edge != 0)
        alias->node = agi_node_retain(agi_edge_node(edge));
    alias = agi_scope_add(alias);
    return alias != NULL ? agi_arg(alias) : failed_value;
}

/* ---- values that hooks packed --------------------------------------------------------------- */

/* Rules may take a result to lie in memory as it did: where it does not, in row-major order. */
static ag_tensor *as_output_lay(const ag_node *node, ag_tensor *value)
{
    if (value == NULL || (!node->out_strided && agi_is_contiguous(value)))
        return value;
    if (node->out_strided && agi_shape_equal(value->ndim, agi_strides_of(value), node->out_ndim,
                                             agi_node_ints(node) + node->out_ndim))
        return value;
    const ag_arg arg = agi_arg(value);
    return v_row_major(arg).tensor;
}

/* What hooks packed for this node, or was guarded, each once, in the order in which it was
 * packed. */
static AGI_NOINLINE bool unpack_saved(agi_vjp *v, ag_tensor **room)
{
    ag_node *node = v->node;
    const agi_saved *saved = agi_node_saved(node);
    const bool has_out = (node->saved_mask & AGI_SAVE_OUT) != 0;
    const bool backwards = agi_node_packs_backwards(node);
    const int n_inputs = node->n_saved - has_out;
    int inputs[AGI_NODE_SHAPES + 1] = {0};
    for (int k = 0, n = 0; k < AGI_NODE_SHAPES; k++)
        if (node->saved_mask & (1u << k))
            inputs[n++] = k;
    for (int i = 0; i < node->n_saved; i++)
        room[i] = NULL;
    for (int i = 0; i < node->n_saved; i++) {
        const bool is_out = i == n_inputs;
        const int at = backwards && !is_out ? n_inputs - 1 - i : i;
        if (saved[at].kind < AGI_SAVED_GUARDED || saved[at].kind == AGI_SAVED_FREED)
            continue;
        const agi_edge own = agi_node_output_has_history(node) ? (agi_edge)node : 0;
        const agi_edge edge = is_out ? own : node->edges[inputs[at]];
        ag_tensor *value =
            agi_scope_add(agi_saved_as_it_was(&saved[at], node, edge, v->create_graph));
        room[at] = is_out ? as_output_lay(node, value) : value;
        if (room[at] == NULL || room[at] == &agi_failed)
            return false;
    }
    v->unpacked = room;
    return true;
}

/* NULL: hooks have no part in it. */
AGI_INLINE ag_tensor *unpacked_at(const agi_vjp *v, const agi_saved *saved)
{
    return AGI_UNLIKELY(v->unpacked != NULL) ? v->unpacked[saved - agi_node_saved(v->node)] : NULL;
}

/* ---- what rules read ------------------------------------------------------------------------ */

ag_arg agi_vjp_input(agi_vjp *v, int k)
{
    ag_node *node = v->node;
    agi_assert(node->saved_mask & (1u << k));
    agi_saved *saved = agi_node_saved(node) + agi_save_count(node->saved_mask & ((1u << k) - 1));
    if (saved->kind == AGI_SAVED_NUMBER)
        return agi_number(saved->value.number);
    ag_tensor *unpacked = unpacked_at(v, saved);
    if (AGI_UNLIKELY(unpacked != NULL))
        return agi_arg(unpacked);
    if (saved->kind != AGI_SAVED_INPUT) {
        ag_fail_freed();
        return failed_value;
    }
    ag_tensor *t = saved->value.tensor;
    agi_edge edge = node->edges[k];
    if (AGI_UNLIKELY(agi_tensor_version(t) != saved->version)) {
        const ag_node *maker = agi_edge_is_leaf(edge) ? NULL : agi_edge_node(edge);
        agi_fail_version(v->node, maker, t->ndim, agi_shape_of(t), agi_version_of(t),
                         saved->version);
        return failed_value;
    }
    const bool has_node = edge != 0 && !agi_edge_is_leaf(edge);
    if (AGI_UNLIKELY(has_node && agi_edge_node(edge)->detached)) {
        agi_fail_detached();
        return failed_value;
    }
    if (has_node && v->create_graph)
        return with_history(agi_tensor_alias(t), edge);
    /* What a recorded rule calls may run hooks, which may have the node free what it saved. */
    if (AGI_UNLIKELY(v->owns || v->create_graph) && agi_scope_add(agi_retain(t)) == NULL)
        return failed_value;
    return agi_arg(t);
}

ag_arg agi_vjp_output(agi_vjp *v)
{
    ag_node *node = v->node;
    agi_saved *saved = agi_node_saved(node) + node->n_saved - 1;
    ag_tensor *unpacked = unpacked_at(v, saved);
    if (AGI_UNLIKELY(unpacked != NULL))
        return agi_arg(unpacked);
    if (saved->kind != AGI_SAVED_OUTPUT) {
        ag_fail_freed();
        return failed_value;
    }
    const int64_t *shape = agi_node_ints(node);
    agi_storage *storage = saved->value.storage;
    if (AGI_UNLIKELY(agi_storage_version(storage) != saved->version)) {
        agi_fail_version(v->node, node, node->out_ndim, shape, &storage->version, saved->version);
        return failed_value;
    }
    int64_t row_major[AGI_MAX_DIMS];
    const int64_t *strides = shape + node->out_ndim;
    if (AGI_LIKELY(!node->out_strided)) {
        agi_shape_strides(node->out_ndim, shape, row_major);
        strides = row_major;
    }
    ag_tensor *t = agi_tensor_over(storage, node->out_ndim, shape, strides, 0);
    const bool has_history = v->create_graph && !agi_ops[node->op].indexed;
    return with_history(t, has_history ? (agi_edge)node : 0);
}

ag_arg agi_repeated(double value, int ndim, const int64_t *shape)
{
    ag_tensor *number = ag_scalar(value);
    return v_expand(number != NULL ? agi_arg(number) : failed_value, ndim, shape);
}

ag_arg agi_zeros_for(ag_arg g)
{
    return agi_value_failed(g) ? g : agi_repeated(0.0, g.tensor->ndim, agi_shape_of(g.tensor));
}

bool agi_vjp_run(agi_vjp *v)
{
    const agi_op_info *info = &agi_ops[v->node->op];
    ag_tensor *room[AGI_NODE_SHAPES + 1];
    if (AGI_UNLIKELY(v->node->is_packed) && !unpack_saved(v, room))
        return false;
    if (info->rule != NULL)
        info->rule(v);
    for (int k = 0; k < v->node->n_in; k++) {
        if (!(v->needs & (1u << k)))
            continue;
        if (v->gx[k].tensor == NULL)
            v->gx[k] = agi_zeros_for(v->g);
        if (agi_value_failed(v->gx[k]))
            return false;
    }
    return true;
}

/* ---- rules of many inputs or several results ------------------------------------------------ */

bool agi_wide_open(agi_vjp_wide *w, ag_node *node)
{
    const size_t n_in = node->n_in, n_out = (size_t)agi_node_outputs(node);
    const size_t bytes = (n_in + n_out) * sizeof(ag_arg) + n_in * sizeof(bool);
    ag_arg *gx = agi_plain_new(bytes);
    if (gx == NULL)
        return false;
    memset(gx, 0, bytes);
    *w = (agi_vjp_wide){.v = {.node = node, .gx = gx}, .gs = gx + n_in};
    w->needs = (bool *)(w->gs + n_out);
    return true;
}

bool agi_wide_run(agi_vjp_wide *w)
{
    const ag_node *node = w->v.node;
    ag_tensor *room[AGI_NODE_SHAPES + 1];
    if (AGI_UNLIKELY(node->is_packed) && !unpack_saved(&w->v, room))
        return false;
    agi_ops[node->op].rule(&w->v);
    for (int k = 0; k < node->n_in; k++) {
        int ndim;
        const int64_t *shape = agi_node_input_shape(node, k, &ndim);
        if (!w->needs[k])
            continue;
        if (w->v.gx[k].tensor == NULL && ndim >= 0)
            w->v.gx[k] = agi_repeated(0.0, ndim, shape);
        agi_assert(w->v.gx[k].tensor != NULL);
        if (agi_value_failed(w->v.gx[k]))
            return false;
    }
    return true;
}

void agi_wide_close(agi_vjp_wide *w) { agi_plain_free(w->v.gx); }

/* ---- one node by itself --------------------------------------------------------------------- */

static unsigned wanted_of(const ag_node *node)
{
    unsigned wanted = 0;
    for (int k = 0; k < node->n_in; k++)
        if (node->edges[k] != 0)
            wanted |= 1u << k;
    return wanted;
}

ag_tensor *agi_own_gradient(ag_tensor *gradient, bool recorded)
{
    if (AGI_UNLIKELY(agi_dtype_of(gradient) != AG_FLOAT64))
        return agi_cast(gradient, AG_FLOAT64);
    return recorded ? agi_retain(gradient) : agi_tensor_snapshot(gradient);
}

/* The rule's results, owned, into parts, which begin as NULL; those that nobody wants stay that. */
static ag_status call_narrow(ag_node *node, ag_tensor *gradient, ag_tensor **parts)
{
    ag_arg gx[AGI_NODE_SHAPES] = {{.tensor = NULL}};
    agi_vjp v = {.node = node, .gx = gx, .needs = wanted_of(node),
                 .create_graph = ag_grad_enabled(), .owns = true};
    ag_tensor *g = agi_own_gradient(gradient, v.create_graph);
    if (g == NULL)
        return ag_last_status();
    v.g = agi_arg(g);
    const int64_t mark = agi_scope_open();
    const bool ok = mark >= 0 && agi_vjp_run(&v);
    for (int k = 0; ok && k < node->n_in; k++)
        if (v.needs & (1u << k))
            parts[k] = agi_retain(gx[k].tensor);
    agi_scope_close(mark);
    agi_release(g);
    return ok ? AG_OK : ag_last_status();
}

/* Gives the rule the gradients that there are, for the scope to own. */
static bool take_gradients(agi_vjp_wide *w, ag_tensor *const *gradients)
{
    for (int k = 0; k < agi_node_outputs(w->v.node); k++) {
        if (gradients[k] == NULL)
            continue;
        ag_tensor *g = agi_own_gradient(gradients[k], w->v.create_graph);
        if (g == NULL || agi_scope_add(g) == NULL)
            return false;
        w->gs[k] = agi_arg(g);
    }
    w->v.g = w->gs[0];
    return true;
}

/* The same of a rule of many inputs or several results. */
static ag_status call_wide(ag_node *node, ag_tensor *const *gradients, ag_tensor **parts)
{
    agi_vjp_wide w;
    if (!agi_wide_open(&w, node))
        return ag_last_status();
    w.v.create_graph = ag_grad_enabled();
    w.v.owns = true;
    for (int k = 0; k < node->n_in; k++)
        w.needs[k] = node->edges[k] != 0;
    const int64_t mark = agi_scope_open();
    const bool ok = mark >= 0 && take_gradients(&w, gradients) && agi_wide_run(&w);
    for (int k = 0; ok && k < node->n_in; k++)
        if (w.needs[k])
            parts[k] = agi_retain(w.v.gx[k].tensor);
    agi_scope_close(mark);
    agi_wide_close(&w);
    return ok ? AG_OK : ag_last_status();
}

/* What is saved as input k, or with k == AGI_NODE_SHAPES as the result, as a rule would read it. */
static ag_arg saved_value(agi_vjp *v, int k)
{
    ag_tensor *room[AGI_NODE_SHAPES + 1];
    if (v->node->is_packed && !unpack_saved(v, room))
        return failed_value;
    return k == AGI_NODE_SHAPES ? agi_vjp_output(v) : agi_vjp_input(v, k);
}

ag_tensor *ag_node_saved(ag_node *node, int k)
{
    if (!agi_has("node_saved", node, "a node"))
        return NULL;
    if (k < 0 || k > AGI_NODE_SHAPES || !(node->saved_mask & (1u << k))) {
        agi_fail(AG_ERR_VALUE, "node_saved: nothing was saved under the number %d", k);
        return NULL;
    }
    agi_vjp v = {.node = node, .create_graph = true, .owns = true};
    const int64_t mark = agi_scope_open();
    const ag_arg found = mark >= 0 ? saved_value(&v, k) : failed_value;
    ag_tensor *value = NULL;
    if (!agi_value_failed(found))
        value = found.tensor != NULL ? agi_retain(found.tensor) : ag_keep(ag_scalar(found.value));
    agi_scope_close(mark);
    return agi_scope_add(value);
}

/* The place of what is saved under k; NULL with an error. */
static agi_saved *saved_place(const char *name, const ag_node *node, int k)
{
    if (!agi_has(name, node, "a node"))
        return NULL;
    if (k >= 0 && k <= AGI_NODE_SHAPES && (node->saved_mask & (1u << k)) != 0)
        return agi_node_saved(node) + agi_save_count(node->saved_mask & ((1u << k) - 1));
    agi_fail(AG_ERR_VALUE, "%s: nothing was saved under the number %d", name, k);
    return NULL;
}

/* The value under k without its history, owned: hooks run when no scope is open. */
static ag_tensor *value_to_pack(ag_node *node, int k)
{
    agi_vjp v = {.node = node, .owns = true};
    const int64_t mark = agi_scope_open();
    const ag_arg found = mark < 0 ? failed_value
                         : k == AGI_NODE_SHAPES ? agi_vjp_output(&v) : agi_vjp_input(&v, k);
    ag_tensor *value = agi_value_failed(found) ? NULL : agi_tensor_alias(found.tensor);
    agi_scope_close(mark);
    return value;
}

ag_status ag_node_pack(ag_node *node, int k)
{
    agi_saved *saved = saved_place("node_pack", node, k), packed = {.kind = AGI_SAVED_FREED};
    if (saved == NULL)
        return ag_last_status();
    const uint32_t kind = saved->kind;
    if (kind != AGI_SAVED_INPUT && kind != AGI_SAVED_OUTPUT)
        return agi_fail_hooked((agi_saved_kind)kind);
    if (!agi_packs())
        return agi_fail(AG_ERR_GRAD, "node_pack: this thread has pushed no hooks");
    ag_tensor *value = value_to_pack(node, k);
    const bool ok = value != NULL && agi_node_pack_value(&packed, value);
    agi_release(value);
    if (!ok)
        return ag_last_status();
    if (saved->kind != kind) {  /* since then, by what the hook ran */
        agi_saved_release(&packed);
        return agi_fail_hooked((agi_saved_kind)saved->kind);
    }
    agi_saved was = *saved;
    *saved = packed;
    node->is_packed = true;
    agi_saved_release(&was);
    return AG_OK;
}

void *ag_node_packed(const ag_node *node, int k, const ag_saved_hooks **hooks, void **context)
{
    if (!agi_has("node_packed", hooks, "memory for the hooks") ||
        !agi_has("node_packed", context, "memory for their context"))
        return NULL;
    const agi_saved *saved = saved_place("node_packed", node, k);
    *hooks = NULL;
    *context = NULL;
    return saved != NULL && saved->kind == AGI_SAVED_PACKED
               ? agi_packed_what(saved->value.packed, hooks, context) : NULL;
}

ag_status ag_node_number_kept(const ag_node *node, int k, double *number)
{
    if (!agi_has("node_number_kept", node, "a node") ||
        !agi_has("node_number_kept", number, "memory for the number"))
        return ag_last_status();
    if (!node->has_attr || k < 0 || k > 2)
        return agi_fail(AG_ERR_VALUE, "node_number_kept: no number %d was kept", k);
    *number = agi_node_attr_of(node)->f[k];
    return AG_OK;
}

static bool check_gradients(const ag_node *node, int n, ag_tensor *const *gradients)
{
    const int wanted = agi_node_outputs(node);
    if (n != wanted) {
        agi_fail(AG_ERR_VALUE, "node_call: expected %d gradients, got %d", wanted, n);
        return false;
    }
    bool any = false;
    for (int k = 0; k < n; k++)
        any |= gradients[k] != NULL;
    return any || agi_has_tensor("node_call", NULL);
}

ag_status ag_node_call(ag_node *node, int n, ag_tensor *const *gradients, ag_tensor **results)
{
    if (!agi_has("node_call", node, "a node") ||
        !agi_has("node_call", gradients, "memory of the gradients") ||
        !agi_has("node_call", results, "memory for the results") ||
        !check_gradients(node, n, gradients))
        return ag_last_status();
    ag_tensor **parts = agi_plain_new(node->n_in * sizeof *parts);
    if (parts == NULL)
        return ag_last_status();
    memset(parts, 0, node->n_in * sizeof *parts);
    const ag_status status = node->is_wide ? call_wide(node, gradients, parts)
                                           : call_narrow(node, gradients[0], parts);
    for (int k = 0, seen = 0; status == AG_OK && k < node->n_in; k++) {
        if (agi_node_hides(node, k))
            agi_release(parts[k]);
        else
            results[seen++] = parts[k];
    }
    agi_plain_free(parts);
    if (status != AG_OK)
        agi_node_explain(node);
    return status;
}

/* ---- sums of broadcast gradients ------------------------------------------------------------- */

ag_arg agi_sum_dims(ag_arg x, uint64_t mask, bool keepdim)
{
    int64_t dims[AGI_MAX_DIMS];
    int n = 0;
    for (; mask != 0; mask &= mask - 1)
        dims[n++] = __builtin_ctzll(mask);
    if (n == 0)
        return x;
    ag_attr attr = {.i = {keepdim}, .n_list = n, .list = dims};
    return agi_value(AG_OP_sum, 1, &x, &attr);
}

ag_arg agi_sum_to(ag_arg g, int ndim, const int64_t *shape)
{
    const ag_tensor *t = g.tensor;
    if (t == NULL || agi_value_failed(g) || agi_shape_equal(t->ndim, agi_shape_of(t), ndim, shape))
        return g;
    const int lead = t->ndim - ndim;
    uint64_t mask = 0;
    for (int d = 0; d < t->ndim; d++)
        if (agi_shape_of(t)[d] != 1 && (d < lead || shape[d - lead] == 1))
            mask |= UINT64_C(1) << d;
    const bool drops_all = lead > 0 && mask == (UINT64_C(1) << lead) - 1;
    g = agi_sum_dims(g, mask, !drops_all);
    return drops_all || lead == 0 ? g : v_view(g, ndim, shape);
}

ag_arg agi_sum_to_input(const agi_vjp *v, int k, ag_arg g)
{
    int ndim;
    const int64_t *shape = agi_node_input_shape(v->node, k, &ndim);
    return ndim < 0 ? g : agi_sum_to(g, ndim, shape);
}
