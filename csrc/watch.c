/* SPDX-License-Identifier: MIT
 *
 * Public bodies: hooks on tensors, nodes and leaves.
 */
#include "base/check.h"
#include "base/thread.h"
#include "tape/cut.h"
#include "tape/function.h"
#include "tape/hooks.h"
#include "tape/kept.h"
#include "tape/node.h"
#include "tape/node_saved.h"
#include "tape/saving.h"

static bool check_hook(const char *function, bool is_there)
{
    if (!is_there)
        agi_fail(AG_ERR_TYPE, "%s: expected a function, got NULL", function);
    return is_there;
}

static bool check_node_or_leaf(const char *function, const ag_node *node, const ag_tensor *leaf)
{
    if ((node == NULL) == (leaf == NULL))
        agi_fail(AG_ERR_TYPE, "%s: expected a node or a leaf, one of them", function);
    return (node == NULL) != (leaf == NULL);
}

static bool wants_gradient(const ag_tensor *t)
{
    if (agi_requires_grad(t))
        return true;
    agi_fail(AG_ERR_GRAD, "cannot register a hook on a tensor that doesn't require gradient");
    return agi_cut_explain(t);
}

static ag_hook *add_to_node(ag_node *node, ag_hook_kind kind, agi_hook_call call, void *context,
                            void (*release)(void *context))
{
    agi_node_extra *extra = agi_node_extra_of(node);
    return extra != NULL
               ? agi_hooks_add(&extra->hooks, (agi_edge)node, kind, call, context, release) : NULL;
}

static ag_hook *add_to_leaf(ag_tensor *leaf, ag_hook_kind kind, agi_hook_call call, void *context,
                            void (*release)(void *context))
{
    agi_meta *meta = agi_tensor_meta(leaf);
    if (meta == NULL)
        return NULL;
    return agi_hooks_add(&meta->hooks, (agi_edge)leaf | 1, kind, call, context, release);
}

ag_hook *ag_register_hook(ag_tensor *t, ag_tensor_hook hook, void *context,
                          void (*release)(void *context))
{
    if (!agi_has_tensor("register_hook", t) || !check_hook("register_hook", hook != NULL) ||
        !wants_gradient(t))
        return NULL;
    bool failed = false;
    const agi_hook_call call = {.of_tensor = hook};
    ag_node *node = agi_tensor_node(t, &failed);
    if (failed)
        return NULL;
    if (node == NULL)
        return add_to_leaf(t, AG_HOOK_TENSOR, call, context, release);
    ag_hook *handle = add_to_node(node, AG_HOOK_TENSOR, call, context, release);
    agi_node_release(node);
    return handle;
}

ag_hook *ag_register_post_accumulate_grad_hook(ag_tensor *leaf, ag_leaf_hook hook, void *context,
                                               void (*release)(void *context))
{
    const char *const name = "register_post_accumulate_grad_hook";
    if (!agi_has_tensor(name, leaf) || !check_hook(name, hook != NULL) || !wants_gradient(leaf))
        return NULL;
    if (!agi_is_wanting_leaf(leaf)) {
        agi_fail(AG_ERR_GRAD,
                 "post accumulate grad hooks cannot be registered on non-leaf tensors");
        return NULL;
    }
    return add_to_leaf(leaf, AG_HOOK_ACCUMULATED, (agi_hook_call){.of_leaf = hook}, context,
                       release);
}

static ag_hook *register_on_node(const char *name, ag_node *node, ag_tensor *leaf,
                                 ag_hook_kind kind, ag_node_hook hook, void *context,
                                 void (*release)(void *context))
{
    const agi_hook_call call = {.of_node = hook};
    if (!check_hook(name, hook != NULL) || !check_node_or_leaf(name, node, leaf))
        return NULL;
    if (node != NULL)
        return add_to_node(node, kind, call, context, release);
    return wants_gradient(leaf) ? add_to_leaf(leaf, kind, call, context, release) : NULL;
}

ag_hook *ag_node_register_prehook(ag_node *node, ag_tensor *leaf, ag_node_hook hook, void *context,
                                  void (*release)(void *context))
{
    return register_on_node("node_register_prehook", node, leaf, AG_HOOK_BEFORE, hook, context,
                            release);
}

ag_hook *ag_node_register_hook(ag_node *node, ag_tensor *leaf, ag_node_hook hook, void *context,
                               void (*release)(void *context))
{
    return register_on_node("node_register_hook", node, leaf, AG_HOOK_AFTER, hook, context,
                            release);
}

/* ---- whose they are ------------------------------------------------------------------------- */

static agi_hook_list *hooks_of_node(const ag_node *node)
{
    return node->extra != NULL ? node->extra->hooks : NULL;
}

int ag_visit_hooks(ag_tensor *t, ag_hook_visit visit, void *argument)
{
    if (!agi_has_tensor("visit_hooks", t) || !check_hook("visit_hooks", visit != NULL))
        return -1;
    const agi_meta *meta = agi_meta_of(t);
    if (t->node != NULL)
        return agi_hooks_visit(hooks_of_node(t->node), visit, argument);
    return meta != NULL ? agi_hooks_visit(meta->hooks, visit, argument) : 0;
}

bool ag_has_had_hooks(ag_tensor *t)
{
    if (!agi_has_tensor("has_had_hooks", t))
        return false;
    const agi_meta *meta = agi_meta_of(t);
    const agi_hook_list *own = meta != NULL ? meta->hooks : NULL;
    return agi_hooks_had(t->node != NULL ? hooks_of_node(t->node) : own, AG_HOOK_TENSOR);
}

/* ---- what a collector of garbage asks ------------------------------------------------------- */

#define OWNED_MAX 1000
#define OWNED_WAIT 32

/* The hooks of a node that goes with the caller, and of those that go with it: its inputs' that
 * nobody else has, theirs, and so on. It is a tree, for each has one owner. */
static int visit_owned_nodes(ag_node *node, ag_hook_visit visit, void *argument)
{
    ag_node *waiting[OWNED_WAIT];
    int answer = 0, count = 1;
    waiting[0] = node;
    for (int seen = 0; count > 0 && seen < OWNED_MAX && answer == 0; seen++) {
        ag_node *next = waiting[--count];
        answer = agi_hooks_visit(hooks_of_node(next), visit, argument);
        if (answer == 0 && agi_node_is_function(next))
            answer = visit(NULL, next->extra->function->given.context, argument);
        for (int k = 0; k < next->n_in && count < OWNED_WAIT; k++) {
            const agi_edge edge = next->edges[k];
            if (edge != 0 && !agi_edge_is_leaf(edge) &&
                agi_refs_get(&agi_edge_node(edge)->refs) == 1)
                waiting[count++] = agi_edge_node(edge);
        }
    }
    return answer;
}

int ag_visit_owned_hooks(ag_tensor *t, ag_hook_visit visit, void *argument)
{
    if (!agi_has_tensor("visit_owned_hooks", t) || !check_hook("visit_owned_hooks", visit != NULL))
        return -1;
    if (agi_refs_get(&t->refs) != 1)
        return 0;
    const agi_meta *meta = agi_meta_of(t);
    int answer = meta != NULL ? agi_hooks_visit(meta->hooks, visit, argument) : 0;
    if (answer == 0 && t->node != NULL && agi_refs_get(&t->node->refs) == 1)
        answer = visit_owned_nodes(t->node, visit, argument);
    return answer;
}

/* Whether the caller alone has the result, and that one reference to the node: as its node, as the
 * op's of that, or as what it was before writes in place, whose first input it was. */
static bool owns_node(ag_tensor *result, const ag_node *node)
{
    ag_node *own = result->node;
    if (own == NULL || agi_refs_get(&result->refs) != 1)
        return false;
    for (int seen = 0; own != node && seen < OWNED_MAX; seen++) {
        const agi_edge edge = own->n_in > 0 ? own->edges[0] : 0;
        if (agi_refs_get(&own->refs) != 1 || edge == 0 || agi_edge_is_leaf(edge))
            return false;
        own = agi_edge_node(edge);
    }
    return own == node;
}

int ag_visit_owned_node_hooks(ag_node *node, ag_tensor *leaf, ag_tensor *result,
                              ag_hook_visit visit, void *argument)
{
    const char *const name = "visit_owned_node_hooks";
    if (!check_hook(name, visit != NULL) || !check_node_or_leaf(name, node, leaf))
        return -1;
    if (node != NULL) {
        const uint32_t known = result != NULL && owns_node(result, node) ? 2 : 1;
        return agi_refs_get(&node->refs) == known ? visit_owned_nodes(node, visit, argument) : 0;
    }
    const agi_meta *meta = agi_meta_of(leaf);
    const uint32_t known = result == leaf ? 2 : 1;
    return meta != NULL && agi_refs_get(&leaf->refs) == known
               ? agi_hooks_visit(meta->hooks, visit, argument) : 0;
}

/* The node that t has alone, if the caller has t alone. */
static ag_node *owned_node(ag_tensor *t)
{
    ag_node *node = agi_refs_get(&t->refs) == 1 ? t->node : NULL;
    return node != NULL && agi_refs_get(&node->refs) == 1 ? node : NULL;
}

static const agi_saved *saved_of_node(const void *node, int k)
{
    return &agi_node_saved(node)[k];
}

static int visit_packed_of(const ag_node *node, ag_packed_visit visit, void *argument)
{
    return node->is_packed ? agi_saved_visit(node, node->n_saved, saved_of_node, visit, argument)
                           : 0;
}

int ag_visit_owned_packed(ag_tensor *t, ag_packed_visit visit, void *argument)
{
    if (!agi_has_tensor("visit_owned_packed", t) ||
        !check_hook("visit_owned_packed", visit != NULL))
        return -1;
    const ag_node *node = owned_node(t);
    return node != NULL ? visit_packed_of(node, visit, argument) : 0;
}

void ag_drop_owned_packed(ag_tensor *t)
{
    ag_node *node = agi_has_tensor("drop_owned_packed", t) ? owned_node(t) : NULL;
    if (node != NULL)
        agi_node_free_packed(node);
}

/* Whether the caller alone has the node, but for the result's reference. */
static bool is_owned_by_caller(ag_node *node, ag_tensor *result)
{
    const uint32_t known = result != NULL && owns_node(result, node) ? 2 : 1;
    return agi_refs_get(&node->refs) == known;
}

int ag_visit_owned_node_packed(ag_node *node, ag_tensor *result, ag_packed_visit visit,
                               void *argument)
{
    const char *const name = "visit_owned_node_packed";
    if (!agi_has(name, node, "a node") || !check_hook(name, visit != NULL))
        return -1;
    return is_owned_by_caller(node, result) ? visit_packed_of(node, visit, argument) : 0;
}

void ag_drop_owned_node_packed(ag_node *node, ag_tensor *result)
{
    if (agi_has("drop_owned_node_packed", node, "a node") && is_owned_by_caller(node, result))
        agi_node_free_packed(node);
}
