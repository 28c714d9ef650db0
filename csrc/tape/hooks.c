/* SPDX-License-Identifier: MIT
 *
 * Lists of hooks, and calling them. See hooks.h.
 */
#include "hooks.h"

#include <string.h>

#include "../base/check.h"
#include "../base/shape.h"
#include "callback.h"

struct ag_hook {
    agi_refs refs;      /* the list's, the handle's, and one for each call that is on */
    agi_refs uses;      /* of the context: the list's until it is removed, and the calls' */
    uint8_t kind;       /* ag_hook_kind */
    uintptr_t of;       /* the edge to the node or leaf whose list it is in, borrowed; 0: in none */
    _Atomic bool removed;
    uint64_t id;
    agi_hook_call call;
    void *context;
    void (*release)(void *context);
};

struct agi_hook_list {
    int32_t count, capacity;
    unsigned had;       /* a bit for each kind that there ever was */
    ag_hook *list[];    /* owned; removed ones stay until room is wanted */
};

/* ---- lives ---------------------------------------------------------------------------------- */

static void end_use(ag_hook *hook)
{
    if (agi_refs_dec(&hook->uses) && hook->release != NULL)
        hook->release(hook->context);
}

static void drop_hook(ag_hook *hook)
{
    if (agi_refs_dec(&hook->refs))
        agi_plain_free(hook);
}

void ag_hook_remove(ag_hook *hook)
{
    if (hook != NULL && !atomic_exchange(&hook->removed, true))
        end_use(hook);
}

void ag_hook_release(ag_hook *hook)
{
    if (hook != NULL)
        drop_hook(hook);
}

uint64_t ag_hook_id(const ag_hook *hook)
{
    return agi_has("hook_id", hook, "a hook") ? hook->id : 0;
}

ag_hook *ag_hook_retain(ag_hook *hook)
{
    if (!agi_has("hook_retain", hook, "a hook"))
        return NULL;
    agi_refs_inc(&hook->refs);
    return hook;
}

ag_hook_kind ag_hook_kind_of(const ag_hook *hook)
{
    return agi_has("hook_kind_of", hook, "a hook") ? (ag_hook_kind)hook->kind : AG_HOOK_TENSOR;
}

uintptr_t agi_hook_of(const ag_hook *hook) { return hook->of; }

void agi_hooks_free(agi_hook_list *hooks)
{
    if (hooks == NULL)
        return;
    for (int32_t k = 0; k < hooks->count; k++) {
        hooks->list[k]->of = 0;
        ag_hook_remove(hooks->list[k]);
        drop_hook(hooks->list[k]);
    }
    agi_plain_free(hooks);
}

static void forget_removed(agi_hook_list *hooks)
{
    int32_t kept = 0;
    for (int32_t k = 0; k < hooks->count; k++) {
        if (!hooks->list[k]->removed) {
            hooks->list[kept++] = hooks->list[k];
            continue;
        }
        hooks->list[k]->of = 0;
        drop_hook(hooks->list[k]);
    }
    hooks->count = kept;
}

static bool hook_room(agi_hook_list **at)
{
    agi_hook_list *hooks = *at;
    if (hooks != NULL && hooks->count == hooks->capacity)
        forget_removed(hooks);
    if (hooks != NULL && hooks->count < hooks->capacity)
        return true;
    const int32_t capacity = hooks != NULL ? 2 * hooks->capacity : 2;
    agi_hook_list *grown =
        agi_plain_resize(hooks, sizeof *grown + (size_t)capacity * sizeof grown->list[0]);
    if (grown == NULL)
        return false;
    if (hooks == NULL) {
        grown->count = 0;
        grown->had = 0;
    }
    grown->capacity = capacity;
    *at = grown;
    return true;
}

ag_hook *agi_hooks_add(agi_hook_list **at, uintptr_t of, ag_hook_kind kind, agi_hook_call call,
                       void *context, void (*release)(void *context))
{
    static _Atomic uint64_t ids;
    ag_hook *hook = hook_room(at) ? agi_plain_new(sizeof *hook) : NULL;
    if (hook == NULL)
        return NULL;
    *hook = (ag_hook){.kind = (uint8_t)kind, .of = of, .call = call, .context = context,
                      .release = release, .id = atomic_fetch_add(&ids, 1)};
    atomic_init(&hook->refs, 2);
    atomic_init(&hook->uses, 1);
    (*at)->list[(*at)->count++] = hook;
    (*at)->had |= 1u << kind;
    return hook;
}

bool agi_hooks_have(const agi_hook_list *hooks, ag_hook_kind kind)
{
    for (int32_t k = 0; hooks != NULL && k < hooks->count; k++)
        if (hooks->list[k]->kind == kind && !hooks->list[k]->removed)
            return true;
    return false;
}

bool agi_hooks_had(const agi_hook_list *hooks, ag_hook_kind kind)
{
    return hooks != NULL && hooks->had >> kind & 1;
}

uint64_t agi_hooks_first_id(const agi_hook_list *hooks)
{
    return hooks != NULL && hooks->count > 0 ? hooks->list[0]->id : UINT64_MAX;
}

int agi_hooks_visit(const agi_hook_list *hooks, ag_hook_visit visit, void *argument)
{
    int answer = 0;
    for (int32_t k = 0; hooks != NULL && k < hooks->count && answer == 0; k++)
        if (!hooks->list[k]->removed)
            answer = visit(hooks->list[k], hooks->list[k]->context, argument);
    return answer;
}

/* ---- calls ---------------------------------------------------------------------------------- */

#define LOCAL_HOOKS 8

/* The hooks of one kind that are to be called, kept while that is going on. */
typedef struct hook_round {
    ag_hook **list, *local[LOCAL_HOOKS];
    int32_t count;
    agi_callback call;
} hook_round;

static bool open_round(hook_round *round, const agi_hook_list *hooks, ag_hook_kind kind)
{
    round->count = 0;
    round->list = round->local;
    if (hooks->count > LOCAL_HOOKS &&
        (round->list = agi_plain_new((size_t)hooks->count * sizeof(ag_hook *))) == NULL)
        return false;
    for (int32_t k = 0; k < hooks->count; k++) {
        ag_hook *hook = hooks->list[k];
        if (hook->kind != kind || hook->removed)
            continue;
        agi_refs_inc(&hook->refs);
        agi_refs_inc(&hook->uses);
        round->list[round->count++] = hook;
    }
    round->call = agi_callback_begin();
    return true;
}

static bool close_round(hook_round *round, bool ok)
{
    for (int32_t k = 0; k < round->count; k++) {
        end_use(round->list[k]);
        drop_hook(round->list[k]);
    }
    agi_callback_end(&round->call);
    if (round->list != round->local)
        agi_plain_free(round->list);
    return ok;
}

static bool succeeded(ag_status status) { return agi_callback_succeeded(status, "a hook failed"); }

static bool is_fit(const ag_tensor *was, const ag_tensor *is)
{
    char want[AGI_SHAPE_TEXT], got[AGI_SHAPE_TEXT];
    if (is == was || is == NULL)
        return true;
    if (was == NULL)
        agi_fail(AG_ERR_GRAD, "can't replace a None gradient with a non-None value");
    else if (is->storage->dtype != AG_FLOAT64)
        agi_fail(AG_ERR_GRAD, "a hook gave a gradient that is not float64");
    else if (!agi_same_shape(was, is))
        agi_fail(AG_ERR_SHAPE, "a hook gave a gradient of shape %s, expected %s",
                 agi_format_shape_list(got, is->ndim, agi_shape_of(is)),
                 agi_format_shape_list(want, was->ndim, agi_shape_of(was)));
    else
        return true;
    return false;
}

bool agi_hooks_on_tensor(agi_hook_list **at, ag_tensor **grad)
{
    hook_round round;
    bool ok = true;
    if (!agi_hooks_have(*at, AG_HOOK_TENSOR))
        return true;
    if (!open_round(&round, *at, AG_HOOK_TENSOR))
        return false;
    for (int32_t k = 0; k < round.count && ok; k++) {
        const ag_hook *hook = round.list[k];
        ag_tensor *other = NULL;
        ok = succeeded(hook->call.of_tensor(hook->context, *grad, &other)) && is_fit(*grad, other);
        if (ok && other != NULL) {
            agi_release(*grad);
            *grad = other;
        } else {
            agi_release(other);
        }
    }
    return close_round(&round, ok);
}

static void retain_list(int n, ag_tensor **copies, ag_tensor *const *tensors)
{
    for (int k = 0; k < n; k++)
        copies[k] = tensors[k] != NULL ? agi_retain(tensors[k]) : NULL;
}

static bool fit_list(int n, ag_tensor **before, ag_tensor *const *after)
{
    bool ok = true;
    for (int k = 0; k < n; k++) {
        ok = ok && is_fit(before[k], after[k]);
        agi_release(before[k]);
    }
    return ok;
}

bool agi_hooks_on_node(agi_hook_list **at, ag_hook_kind kind, int n_inputs, ag_tensor **of_inputs,
                       int n_results, ag_tensor **of_results)
{
    hook_round round;
    bool ok = true;
    if (!agi_hooks_have(*at, kind))
        return true;
    const bool is_after = kind == AG_HOOK_AFTER;
    const int n = is_after ? n_inputs : n_results;
    ag_tensor **changed = is_after ? of_inputs : of_results;
    ag_tensor **before = agi_plain_new(((size_t)n + 1) * sizeof *before);
    if (before == NULL || !open_round(&round, *at, kind)) {
        agi_plain_free(before);
        return false;
    }
    for (int32_t k = 0; k < round.count && ok; k++) {
        const ag_hook *hook = round.list[k];
        retain_list(n, before, changed);
        ok = succeeded(hook->call.of_node(hook->context, n_inputs, of_inputs, n_results,
                                          of_results));
        ok = fit_list(n, before, changed) && ok;
    }
    agi_plain_free(before);
    return close_round(&round, ok);
}

bool agi_hooks_on_leaf(agi_hook_list **at, ag_tensor *leaf)
{
    hook_round round;
    bool ok = true;
    if (!agi_hooks_have(*at, AG_HOOK_ACCUMULATED))
        return true;
    if (!open_round(&round, *at, AG_HOOK_ACCUMULATED))
        return false;
    for (int32_t k = 0; k < round.count && ok; k++)
        ok = succeeded(round.list[k]->call.of_leaf(round.list[k]->context, leaf));
    return close_round(&round, ok);
}
