/* SPDX-License-Identifier: MIT
 *
 * Public bodies: hooks on tensors, nodes and leaves.
 */
#include "base/check.h"
#include "base/thread.h"
#include "tape/function.h"
#include "tape/hooks.h"
#include "tape/node.h"
#include "tape/saving.h"

static bool check_hook(const char *function, bool is_there)
{
    if (!is_there)
        agi_fail(AG_ERR_TYPE, "%s: expected a function, got NULL", function);
    return is_there;
}

static bool wants_gradient(const ag_tensor *t)
{
    if (!agi_requires_grad(t))
        agi_fail(AG_ERR_GRAD, "cannot register a hook on a tensor that doesn't require gradient");
    return agi_requires_grad(t);
}

static ag_hook *add_to_node(ag_node *node, agi_hook_kind kind, agi_hook_call call, void *context,
                            void (*release)(void *context))
{
    agi_node_extra *extra = agi_node_extra_of(node);
    return extra != NULL ? agi_hooks_add(&extra->hooks, kind, call, context, release) : NULL;
}

static ag_hook *add_to_leaf(ag_tensor *leaf, agi_hook_kind kind, agi_hook_call call, void *context,
                            void (*release)(void *context))
{
    agi_meta *meta = agi_tensor_meta(leaf);
    return meta != NULL ? agi_hooks_add(&meta->hooks, kind, call, context, release) : NULL;
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
        return add_to_leaf(t, AGI_HOOK_TENSOR, call, context, release);
    ag_hook *handle = add_to_node(node, AGI_HOOK_TENSOR, call, context, release);
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
    return add_to_leaf(leaf, AGI_HOOK_ACCUMULATED, (agi_hook_call){.of_leaf = hook}, context,
                       release);
}

static ag_hook *register_on_node(const char *name, ag_node *node, ag_tensor *leaf,
                                 agi_hook_kind kind, ag_node_hook hook, void *context,
                                 void (*release)(void *context))
{
    const agi_hook_call call = {.of_node = hook};
    if (!check_hook(name, hook != NULL))
        return NULL;
    if ((node == NULL) == (leaf == NULL)) {
        agi_fail(AG_ERR_TYPE, "%s: expected a node or a leaf, one of them", name);
        return NULL;
    }
    if (node != NULL)
        return add_to_node(node, kind, call, context, release);
    return wants_gradient(leaf) ? add_to_leaf(leaf, kind, call, context, release) : NULL;
}

ag_hook *ag_node_register_prehook(ag_node *node, ag_tensor *leaf, ag_node_hook hook, void *context,
                                  void (*release)(void *context))
{
    return register_on_node("node_register_prehook", node, leaf, AGI_HOOK_BEFORE, hook, context,
                            release);
}

ag_hook *ag_node_register_hook(ag_node *node, ag_tensor *leaf, ag_node_hook hook, void *context,
                               void (*release)(void *context))
{
    return register_on_node("node_register_hook", node, leaf, AGI_HOOK_AFTER, hook, context,
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

int ag_visit_owned_hooks(ag_tensor *t, ag_hook_visit visit, void *argument)
{
    if (!agi_has_tensor("visit_owned_hooks", t) || !check_hook("visit_owned_hooks", visit != NULL))
        return -1;
    if (agi_refs_get(&t->refs) != 1)
        return 0;
    const agi_meta *meta = agi_meta_of(t);
    int answer = meta != NULL ? agi_hooks_visit(meta->hooks, visit, argument) : 0;
    ag_node *node = t->node;
    while (answer == 0 && node != NULL && agi_refs_get(&node->refs) == 1) {
        answer = agi_hooks_visit(hooks_of_node(node), visit, argument);
        if (answer == 0 && node->is_function)
            answer = visit(NULL, node->extra->function->given.context, argument);
        node = node->is_output ? agi_edge_node(node->edges[0]) : NULL;
    }
    return answer;
}

/* The node that t has alone, if the caller has t alone. */
static ag_node *owned_node(ag_tensor *t)
{
    ag_node *node = agi_refs_get(&t->refs) == 1 ? t->node : NULL;
    return node != NULL && agi_refs_get(&node->refs) == 1 ? node : NULL;
}

int ag_visit_owned_packed(ag_tensor *t, ag_packed_visit visit, void *argument)
{
    if (!agi_has_tensor("visit_owned_packed", t) ||
        !check_hook("visit_owned_packed", visit != NULL))
        return -1;
    const ag_node *node = owned_node(t);
    int answer = 0;
    for (int k = 0; node != NULL && node->is_packed && k < node->n_saved && answer == 0; k++) {
        const agi_saved *saved = &agi_node_saved(node)[k];
        if (saved->kind == AGI_SAVED_PACKED)
            answer = agi_packed_visit(saved->value.packed, visit, argument);
    }
    return answer;
}

void ag_drop_owned_packed(ag_tensor *t)
{
    ag_node *node = agi_has_tensor("drop_owned_packed", t) ? owned_node(t) : NULL;
    if (node != NULL)
        agi_node_free_packed(node);
}

bool ag_backward_is_whole(void) { return agi_thread_get()->run_is_whole; }

uint64_t ag_backward_number(void) { return (uint64_t)(uintptr_t)agi_thread_get()->run; }
