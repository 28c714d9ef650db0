/* SPDX-License-Identifier: MIT
 *
 * Public bodies: functions with rules of the embedder's, and values that are kept for these and
 * others, as an op would save them.
 */
#include "base/check.h"
#include "base/thread.h"
#include "tape/apply.h"
#include "tape/checkpoint.h"
#include "tape/dtypes.h"
#include "tape/function.h"
#include "tape/kept.h"
#include "tape/node_saved.h"
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

void *ag_node_function(const ag_node *node, ag_function_rule rule)
{
    if (!agi_has("node_function", node, "a node") || !agi_node_is_function(node) ||
        node->extra->function->given.rule != rule)
        return NULL;
    return node->extra->function->given.context;
}

/* ---- kept values ---------------------------------------------------------------------------- */

struct ag_saved {
    agi_saved through;    /* what hooks or a checkpoint made of it, or it guarded, or nothing: */
    ag_tensor *value;     /* owned: the leaf, or the value without its history */
    agi_edge edge;        /* owned: where it came from, but for a result */
    uint32_t version;
    int result;           /* which result of a function it is; -1 for none */
};

static bool keep_itself(ag_saved *kept, ag_tensor *t)
{
    kept->value = agi_edge_is_leaf(kept->edge) ? agi_retain(t) : agi_tensor_alias(t);
    if (kept->value != NULL)
        kept->version = agi_tensor_version(kept->value);
    return kept->value != NULL;
}

static bool keep_value(ag_saved *kept, ag_tensor *t)
{
    const agi_packing *through = agi_thread_get()->packing;
    if (!agi_check_may_be_saved(t) || (kept->result < 0 && !agi_edge_to(t, &kept->edge)))
        return false;
    if (through != NULL && through->kind == AGI_COUNTS)
        return agi_node_count_value(&kept->through, t);
    if (through != NULL && through->kind == AGI_PACKS)
        return agi_node_pack_value(&kept->through, t);
    return (agi_guards(through) ? agi_node_guard_value(&kept->through, t) : keep_itself(kept, t)) &&
           (through == NULL || through->kind != AGI_WATCHES ||
            agi_checkpoint_watch(through->round, t));
}

ag_saved *ag_save_tensor(ag_tensor *t, int result)
{
    ag_saved *kept = agi_has_tensor("save_tensor", t) ? agi_plain_new(sizeof *kept) : NULL;
    if (kept == NULL)
        return NULL;
    *kept = (ag_saved){.edge = 0, .result = result};
    if (keep_value(kept, t))
        return kept;
    ag_saved_release(kept);
    return NULL;
}

void ag_saved_release(ag_saved *kept)
{
    if (kept == NULL)
        return;
    agi_saved_release(&kept->through);
    agi_release(kept->value);
    agi_edge_release(kept->edge);
    agi_plain_free(kept);
}

/* Where the value came from, owned, 0 for nowhere; of a result that is its function's node, which
 * keeps it and must not be owned by it. False with an error. */
static bool edge_of(const ag_saved *kept, ag_node *of, agi_edge *edge)
{
    *edge = 0;
    if (kept->result >= 0) {
        *edge = (agi_edge)(of->has_outputs ? agi_node_new_output(of, kept->result)
                                           : agi_node_retain(of));
        return *edge != 0;
    }
    if (agi_edge_is_leaf(kept->edge)) {
        *edge = (agi_edge)agi_retain(agi_edge_leaf(kept->edge)) | 1;
    } else if (kept->edge != 0) {
        if (agi_edge_node(kept->edge)->detached) {
            agi_fail_detached();
            return false;
        }
        *edge = (agi_edge)agi_node_retain(agi_edge_node(kept->edge));
    }
    return true;
}

static ag_tensor *value_again(const ag_saved *kept, const ag_node *of, agi_edge edge)
{
    const ag_tensor *value = kept->value;
    if (value == NULL)
        return agi_saved_as_it_was(&kept->through, of, edge, true);
    if (agi_tensor_version(value) == kept->version)
        return agi_with_its_node(kept->value, edge);
    const ag_node *maker = agi_edge_is_leaf(edge) ? NULL : agi_edge_node(edge);
    agi_fail_version(of, maker, value->ndim, agi_shape_of(value), agi_version_of(value),
                     kept->version);
    return NULL;
}

ag_tensor *ag_saved_tensor(ag_saved *kept, ag_node *of)
{
    if (!agi_has("saved_tensor", kept, "what save_tensor() gave") ||
        (kept->result >= 0 && !agi_has("saved_tensor", of, "a node")))
        return NULL;
    agi_edge edge;
    if (!edge_of(kept, of, &edge))
        return NULL;
    ag_tensor *value = value_again(kept, of, edge);
    agi_edge_release(edge);
    return agi_scope_add(value);
}

ag_status ag_saved_pack(ag_saved *kept, ag_node *of)
{
    agi_saved packed = {.kind = AGI_SAVED_FREED};
    if (!agi_has("saved_pack", kept, "what save_tensor() gave") ||
        !agi_has("saved_pack", of, "a node"))
        return ag_last_status();
    if (kept->value == NULL)
        return agi_fail_hooked((agi_saved_kind)kept->through.kind);
    if (!agi_packs())
        return agi_fail(AG_ERR_GRAD, "saved_pack: this thread has pushed no hooks");
    const uint32_t version = kept->version;
    ag_tensor *value = agi_tensor_version(kept->value) == version
                           ? agi_tensor_alias(kept->value) : value_again(kept, of, kept->edge);
    const bool ok = value != NULL && agi_node_pack_value(&packed, value);
    agi_release(value);
    if (!ok)
        return ag_last_status();
    agi_release(kept->value);
    kept->value = NULL;
    kept->through = packed;
    return AG_OK;
}

void *ag_saved_packed(const ag_saved *kept, const ag_saved_hooks **hooks, void **context)
{
    if (!agi_has("saved_packed", kept, "what save_tensor() gave") ||
        !agi_has("saved_packed", hooks, "memory for the hooks") ||
        !agi_has("saved_packed", context, "memory for their context"))
        return NULL;
    *hooks = NULL;
    *context = NULL;
    return kept->through.kind == AGI_SAVED_PACKED
               ? agi_packed_what(kept->through.value.packed, hooks, context) : NULL;
}

static const agi_saved *saved_of_list(const void *kept, int k)
{
    const ag_saved *one = ((const ag_saved *const *)kept)[k];
    return one != NULL ? &one->through : NULL;
}

int ag_visit_saved_packed(int n, ag_saved *const *kept, ag_packed_visit visit, void *argument)
{
    if (!agi_has("visit_saved_packed", kept, "a list of what save_tensor() gave") ||
        !agi_has("visit_saved_packed", visit != NULL ? kept : NULL, "a function to call"))
        return -1;
    return agi_saved_visit(kept, n, saved_of_list, visit, argument);
}
