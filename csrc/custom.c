/* SPDX-License-Identifier: MIT
 *
 * Public bodies: functions with rules of the embedder's, and values that are kept for these.
 */
#include "base/check.h"
#include "tape/apply.h"
#include "tape/dtypes.h"
#include "tape/function.h"
#include "tape/kept.h"
#include "tape/rule.h"
#include "tensor/scope.h"

/* ---- recording ------------------------------------------------------------------------------ */

static bool is_one_of(const ag_tensor *t, int n, ag_tensor *const *list)
{
    for (int k = 0; k < n; k++)
        if (list[k] == t)
            return true;
    return false;
}

static bool check_result(const ag_tensor *t, bool was_written, int n_results)
{
    if (agi_dtype_of(t) != AG_FLOAT64)
        agi_fail(AG_ERR_TYPE, "record_function: a result that is not float64 has no gradient");
    else if (was_written && agi_is_wanting_leaf(t))
        agi_fail(AG_ERR_GRAD, "a leaf Variable that requires grad has been used in an in-place "
                              "operation.");
    else if (was_written && t->flags & AGI_TENSOR_VIEW && n_results > 1)
        agi_fail(AG_ERR_GRAD,
                 "If your Function modifies inplace an input that is a view of another Tensor, "
                 "your Function cannot return more than one Tensor. This is not supported by the "
                 "current autograd engine. You should either make sure the input is not a view "
                 "(using .clone() for example) or make your Function only return one Tensor "
                 "(potentially splitting it into two Functions: one doing the inplace that returns "
                 "a single Tensor and a second one that does the other operations).");
    else
        return true;
    return false;
}

static bool check_function(const ag_function *function, int n_inputs, ag_tensor *const *inputs,
                           int n_results, ag_tensor *const *results)
{
    const char *const op = "record_function";
    if (!agi_has(op, function, "a function") || !agi_has(op, function->name, "a name") ||
        !agi_check_tensors(op, "inputs", n_inputs, inputs) ||
        !agi_has(op, results, "the results"))
        return false;
    if (function->rule == NULL) {
        agi_fail(AG_ERR_TYPE, "%s: expected a rule, got NULL", op);
        return false;
    }
    if (n_inputs > AGI_NODE_INPUTS || n_results < 1 || n_results > AGI_NODE_INPUTS) {
        agi_fail(AG_ERR_VALUE, "%s: expected from 1 to %d results and no more inputs, got %d and "
                 "%d", op, AGI_NODE_INPUTS, n_results, n_inputs);
        return false;
    }
    for (int k = 0; k < n_results; k++)
        if (results[k] != NULL &&
            !check_result(results[k], is_one_of(results[k], n_inputs, inputs), n_results))
            return false;
    return true;
}

static bool any_wants(int n, ag_tensor *const *inputs)
{
    for (int k = 0; k < n; k++)
        if (agi_requires_grad(inputs[k]))
            return true;
    return false;
}

/* What gets a new node where a result is recorded: the result, or the base of a view that was
 * written. */
static ag_tensor *rewritten(ag_tensor *result, bool was_written)
{
    const bool in_base = was_written && result->flags & AGI_TENSOR_VIEW &&
                         agi_view_shares_base(result);
    return in_base ? result->meta->base : result;
}

/* The node of result k, whose function's node is given. Owned. */
static ag_node *node_of_result(ag_node *of, int k, ag_tensor *result, bool was_written)
{
    ag_node *node = of->has_outputs ? agi_node_new_output(of, k) : agi_node_retain(of);
    if (node != NULL && rewritten(result, was_written) != result)
        node = agi_node_of_base(result, node);
    if (node == NULL || agi_node_prepare(node, rewritten(result, was_written)))
        return node;
    agi_node_release(node);
    return NULL;
}

static void give_node(ag_tensor *result, ag_node *node, bool was_written, bool is_only)
{
    if (!was_written && result->flags & AGI_TENSOR_VIEW)
        result->flags |= is_only ? AGI_TENSOR_NO_GRAD_VIEW : AGI_TENSOR_ONE_OF_VIEWS;
    if (was_written)
        agi_tensor_bump(result);
    agi_tensor_replace_node(rewritten(result, was_written), node);
}

/* All nodes are made before any is given to a result. */
static bool record_results(ag_node *of, int n_inputs, ag_tensor *const *inputs, int n_results,
                           ag_tensor *const *results)
{
    ag_node *only = NULL, **nodes = &only;
    int made = 0;
    bool ok = true;
    if (n_results > 1 && (nodes = agi_plain_new((size_t)n_results * sizeof *nodes)) == NULL)
        return false;
    for (; made < n_results && ok; made++) {
        ag_tensor *t = results[made];
        nodes[made] = t != NULL ? node_of_result(of, made, t, is_one_of(t, n_inputs, inputs))
                                : NULL;
        ok = t == NULL || nodes[made] != NULL;
    }
    for (int k = 0; k < made; k++) {
        if (ok && nodes[k] != NULL)
            give_node(results[k], nodes[k], is_one_of(results[k], n_inputs, inputs),
                      n_results == 1);
        else
            agi_node_release(nodes[k]);
    }
    if (nodes != &only)
        agi_plain_free(nodes);
    return ok;
}

ag_status ag_record_function(const ag_function *function, int n_inputs, ag_tensor *const *inputs,
                             int n_results, ag_tensor *const *results)
{
    if (!check_function(function, n_inputs, inputs, n_results, results))
        return ag_last_status();
    if (!ag_grad_enabled() || !any_wants(n_inputs, inputs)) {
        if (function->release != NULL)
            function->release(function->context);
        return AG_OK;
    }
    agi_function *kept = agi_function_new(function, n_inputs, inputs);
    ag_node *node =
        kept != NULL ? agi_node_new_function(kept, n_inputs, inputs, n_results) : NULL;
    if (node == NULL) {
        agi_function_free(kept);
        return ag_last_status();
    }
    const bool ok = record_results(node, n_inputs, inputs, n_results, results);
    if (!ok)
        kept->given.release = NULL;  /* the context stays the caller's */
    agi_node_release(node);
    return ok ? AG_OK : ag_last_status();
}

void *ag_node_context(const ag_node *node, ag_function_rule rule)
{
    if (!agi_has("node_context", node, "a node") || !node->is_function ||
        node->extra->function->given.rule != rule)
        return NULL;
    return node->extra->function->given.context;
}

/* ---- kept values ---------------------------------------------------------------------------- */

struct ag_saved {
    agi_saved through;  /* what hooks, or a checkpoint, made of it; without such nothing, but: */
    ag_tensor *tensor;  /* owned: a leaf that wants a gradient itself, else an alias */
    agi_edge edge;      /* owned: where a value that has a history came from, else 0 */
    uint32_t version;
    int result;         /* which result of the function it is; -1 for none */
};

static bool keep_value(ag_saved *saved, ag_tensor *t, int result)
{
    if (!agi_check_may_be_saved(t) || (result < 0 && !agi_edge_to(t, &saved->edge)) ||
        !agi_keep_through(&saved->through, t))
        return false;
    saved->result = result;
    if (saved->through.kind != AGI_SAVED_NOTHING)
        return true;
    saved->tensor = agi_edge_is_leaf(saved->edge) ? agi_retain(agi_edge_leaf(saved->edge))
                                                  : agi_tensor_alias(t);
    if (saved->tensor != NULL)
        saved->version = agi_tensor_version(saved->tensor);
    return saved->tensor != NULL;
}

ag_saved *ag_saved_new(ag_tensor *t, int result)
{
    ag_saved *saved = agi_has_tensor("saved_new", t) ? agi_plain_new(sizeof *saved) : NULL;
    if (saved == NULL)
        return NULL;
    *saved = (ag_saved){.edge = 0};
    if (keep_value(saved, t, result))
        return saved;
    ag_saved_free(saved);
    return NULL;
}

void ag_saved_free(ag_saved *saved)
{
    if (saved == NULL)
        return;
    agi_saved_release(&saved->through);
    agi_release(saved->tensor);
    agi_edge_release(saved->edge);
    agi_plain_free(saved);
}

/* The node that the value has on the tape: *node is owned, NULL for none. False with an error. */
static bool history_of(const ag_saved *saved, ag_dtype dtype, ag_node *of, ag_node **node)
{
    *node = NULL;
    if (saved->result >= 0) {
        if (dtype == AG_FLOAT64)
            *node = of->has_outputs ? agi_node_new_output(of, saved->result) : agi_node_retain(of);
        return dtype != AG_FLOAT64 || *node != NULL;
    }
    if (saved->edge == 0 || agi_edge_is_leaf(saved->edge))
        return true;
    if (agi_edge_node(saved->edge)->detached) {
        agi_fail_detached();
        return false;
    }
    *node = agi_node_retain(agi_edge_node(saved->edge));
    return true;
}

/* What hooks or a checkpoint made of it. */
static ag_tensor *value_through(const ag_saved *saved, ag_node *of)
{
    if (saved->result < 0)
        return agi_saved_as_it_was(&saved->through, saved->edge, true);
    ag_tensor *value = agi_saved_as_it_was(&saved->through, 0, false);
    if (value == NULL || history_of(saved, agi_dtype_of(value), of, &value->node))
        return value;
    agi_release(value);
    return NULL;
}

ag_tensor *ag_saved_tensor(ag_saved *saved, ag_node *node)
{
    if (!agi_has("saved_tensor", saved, "a saved value") ||
        (saved->result >= 0 && !agi_has("saved_tensor", node, "a node")))
        return NULL;
    if (saved->through.kind != AGI_SAVED_NOTHING)
        return agi_scope_add(value_through(saved, node));
    ag_tensor *kept = saved->tensor;
    ag_node *maker;
    if (!history_of(saved, agi_dtype_of(kept), node, &maker))
        return NULL;
    const uint32_t version = agi_tensor_version(kept);
    if (version != saved->version) {
        agi_fail_version(node, maker, kept->ndim, agi_shape_of(kept), version, saved->version);
        agi_node_release(maker);
        return NULL;
    }
    if (maker == NULL)
        return agi_scope_add(agi_retain(kept));
    ag_tensor *value = agi_tensor_alias(kept);
    if (value == NULL)
        agi_node_release(maker);
    else
        value->node = maker;
    return agi_scope_add(value);
}
