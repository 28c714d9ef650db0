/* SPDX-License-Identifier: MIT
 *
 * Gradients on their way into .grad. See deposit.h for the picture.
 */
#include "deposit.h"

#include <stdlib.h>
#include <string.h>

#include "../base/fork.h"
#include "../base/shape.h"
#include "../base/thread.h"
#include "../compute/run.h"
#include "../fuse/pending.h"
#include "../tensor/copy.h"
#include "../tensor/layout.h"
#include "apply.h"
#include "cut.h"

bool agi_is_exclusive(ag_tensor *t)
{
    return agi_refs_get(&t->refs) == 1 && agi_refs_get(&t->storage->refs) == 1 &&
           agi_is_dense(t) && !agi_is_foreign(t->storage) &&
           !t->storage->exported && !(t->flags & AGI_TENSOR_VIEW);
}

void agi_deposits_open(agi_deposits *all, bool create_graph)
{
    all->list = NULL;
    all->count = all->capacity = 0;
    all->create_graph = create_graph;
    all->written = all->local_written;
    all->written_count = 0;
    all->is_long = false;
}

void agi_deposits_close(agi_deposits *all)
{
    for (int32_t d = 0; d < all->count; d++) {
        agi_release(all->list[d].to);
        agi_release(all->list[d].grad);
        agi_release(all->list[d].value);
        if (AGI_LIKELY(all->list[d].old == NULL))
            continue;
        agi_release(all->list[d].old);
        if (all->list[d].memory != NULL)
            agi_storage_release(all->list[d].memory);
    }
    if (all->written != all->local_written)
        agi_plain_free(all->written);
    agi_plain_free(all->list);
}

bool agi_deposits_add(agi_deposits *all, ag_tensor *t, ag_tensor *grad, bool to_leaf)
{
    if (all->count == all->capacity) {
        int32_t capacity = all->capacity == 0 ? 8 : 2 * all->capacity;
        agi_deposit *grown = agi_plain_resize(all->list, (size_t)capacity * sizeof *grown);
        if (grown == NULL)
            return false;
        all->list = grown;
        all->capacity = capacity;
    }
    all->list[all->count++] =
        (agi_deposit){.to = agi_retain(t), .grad = agi_retain(grad), .to_leaf = to_leaf};
    return true;
}

/* ---- memory that is written ------------------------------------------------------------------ */

static int by_address(const void *a, const void *b)
{
    const uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;
    return x < y ? -1 : x > y;
}

static bool open_written(agi_deposits *all)
{
    if (all->count > AGI_LOCAL_WRITTEN) {
        agi_storage **room = agi_plain_new((size_t)all->count * sizeof *room);
        if (room == NULL)
            return false;
        all->written = room;
    }
    return true;
}

/* In a child of fork another number: what a thread of the parent had is free. */
static uint32_t deposit_mark = 1;

/* Notes the memory of each .grad that is there, so that is_written and is_shared_grad find what two
 * leaves share, or a gradient with a .grad; and whether all is done at once. */
static void note_written(agi_deposits *all)
{
    all->is_long = all->is_known = false;
    all->written_count = 0;
    for (int32_t i = 0; i < all->count; i++) {
        const agi_deposit *d = &all->list[i];
        const agi_meta *meta = agi_meta_of(d->to);
        all->is_long |= d->grad->numel >= AGI_DEFER_MIN || agi_is_pending(d->grad->storage);
        if (meta == NULL)
            continue;
        all->is_known |= meta->deposit == deposit_mark;
        if (!d->to_leaf || meta->grad == NULL)
            continue;
        all->is_long |= !agi_storage_is_writable(meta->grad->storage);
        all->written[all->written_count++] = meta->grad->storage;
    }
    if (all->written_count > 1)
        qsort(all->written, (size_t)all->written_count, sizeof *all->written, by_address);
}

static agi_storage **find_written(const agi_deposits *all, agi_storage *storage)
{
    if (all->written_count == 0)
        return NULL;
    return bsearch(&storage, all->written, (size_t)all->written_count, sizeof *all->written,
                   by_address);
}

static bool is_written(const agi_deposits *all, agi_storage *storage)
{
    return find_written(all, storage) != NULL;
}

static bool is_shared_grad(const agi_deposits *all, agi_storage *storage)
{
    agi_storage **at = find_written(all, storage), **end = all->written + all->written_count;
    return at != NULL && ((at > all->written && at[-1] == storage) ||
                          (at + 1 < end && at[1] == storage));
}

/* ---- two backwards at the same time ---------------------------------------------------------- */

/* Computing lets the lock of expressions go. What is added to a .grad must be there before another
 * thread reads it to add its own: a backward marks the tensors that it is about to give a .grad,
 * and others wait that have one of them, or one whose .grad lies in the same memory. Who waits has
 * not marked any, so there is no circle. All of it is under the lock. */
static agi_deposits *long_deposits;

static bool share_memory_with_another(const agi_deposits *all)
{
    for (const agi_deposits *other = long_deposits; other != NULL; other = other->next)
        for (int32_t i = 0; i < all->written_count; i++)
            if (is_written(other, all->written[i]))
                return true;
    return false;
}

static bool mark_deposits(agi_deposits *all)
{
    for (int32_t i = 0; i < all->count; i++)
        if (agi_tensor_meta(all->list[i].to) == NULL)
            return false;
    for (int32_t i = 0; i < all->count; i++)
        agi_meta_of(all->list[i].to)->deposit = deposit_mark;
    all->next = long_deposits;
    long_deposits = all;
    return true;
}

static void unmark_deposits(const agi_deposits *all)
{
    for (int32_t i = 0; i < all->count; i++)
        agi_meta_of(all->list[i].to)->deposit = 0;
    for (agi_deposits **at = &long_deposits; *at != NULL; at = &(*at)->next)
        if (*at == all) {
            *at = all->next;
            break;
        }
    agi_expr_news();
}

static bool begin_deposits(agi_deposits *all)
{
    if (!open_written(all))
        return false;
    for (note_written(all); all->is_known || share_memory_with_another(all); note_written(all))
        if (!agi_expr_wait())
            return false;
    return !all->is_long || mark_deposits(all);
}

/* The records of the parent's other threads are not looked at: their stacks are free. */
void agi_fork_child_of_deposits(void)
{
    long_deposits = NULL;
    deposit_mark++;
}

/* ---- making ready ---------------------------------------------------------------------------- */

/* As in PyTorch the .grad of a leaf lies in memory as the leaf does, if that is dense, so that they
 * are updated along memory; any other .grad is row-major. */
static bool takes_strides_of_leaf(const agi_deposit *d)
{
    return !agi_is_contiguous(d->to) && d->to_leaf && agi_is_dense(d->to);
}

static bool lies_as_wanted(const agi_deposit *d)
{
    const ag_tensor *to = d->to, *grad = d->grad;
    if (!takes_strides_of_leaf(d))
        return agi_is_contiguous(grad);
    for (int i = 0; i < to->ndim; i++)
        if (agi_shape_of(to)[i] != 1 && agi_strides_of(grad)[i] != agi_strides_of(to)[i])
            return false;
    return true;
}

/* The gradient itself where it lies as it is to and nobody else can see its values (owned; a view
 * whose base nobody else has becomes a plain tensor), NULL where a copy is needed or *ok is
 * false. */
static ag_tensor *take_exclusive(const agi_deposit *d, bool *ok)
{
    ag_tensor *grad = d->grad;
    if (!lies_as_wanted(d))
        return NULL;
    if (agi_is_exclusive(grad))
        return agi_retain(grad);
    if (!(grad->flags & AGI_TENSOR_VIEW) || agi_refs_get(&grad->refs) != 1)
        return NULL;
    ag_tensor *base = grad->meta->base;
    if (agi_refs_get(&base->refs) != 1 || agi_refs_get(&grad->storage->refs) != 2 ||
        agi_is_foreign(grad->storage) || grad->storage->exported ||
        base->numel != grad->numel)
        return NULL;
    ag_tensor *plain = agi_tensor_alias(grad);
    *ok = plain != NULL;
    return plain;
}

/* t (taken), computed now if at_once: what it reads is about to be written. NULL if that fails. */
static ag_tensor *ready_if(bool at_once, ag_tensor *t)
{
    if (t == NULL || !at_once || agi_storage_ready(t->storage) == AG_OK)
        return t;
    agi_release(t);
    return NULL;
}

static ag_tensor *copy_of(ag_tensor *t, const ag_attr *layout, bool at_once)
{
    ag_arg arg = agi_arg(t);
    return ready_if(at_once, agi_compute(AG_OP_clone, 1, &arg, layout));
}

/* Where t has no .grad yet: the gradient itself if nobody else sees its values, else a copy. While
 * the tape is recorded always a copy, on the tape: the gradient may be that of another leaf too, or
 * the caller's own tensor. */
static bool prepare_new(agi_deposits *all, agi_deposit *d)
{
    bool ok = true;
    int64_t strides[AGI_MAX_DIMS];
    ag_attr layout = {.n_list = 0, .list = strides};
    if (takes_strides_of_leaf(d)) {
        layout.n_list = d->to->ndim;
        memcpy(strides, agi_strides_of(d->to), (size_t)d->to->ndim * sizeof *strides);
    }
    d->kind = AGI_DEPOSIT_REPLACE;
    if (all->create_graph) {
        ag_arg arg = agi_arg(d->grad);
        d->value = agi_apply(AG_OP_clone, AGI_NAMED_COPY, 1, &arg, &layout);
        return d->value != NULL;
    }
    d->value = take_exclusive(d, &ok);
    if (d->value == NULL && ok)
        d->value = copy_of(d->grad, &layout, is_written(all, d->grad->storage));
    return d->value != NULL;
}

/* Whether no tensor was given other memory since the commit began. */
static bool is_undisturbed(const agi_deposits *all)
{
    return AGI_LIKELY(agi_assignments_now() == all->assignments);
}

/* old + grad as a new tensor. */
static bool prepare_sum(const agi_deposits *all, agi_deposit *d, ag_tensor *old)
{
    bool at_once = is_written(all, old->storage) || is_written(all, d->grad->storage);
    ag_arg args[2] = {agi_arg(old), agi_arg(d->grad)};
    d->kind = AGI_DEPOSIT_REPLACE;
    d->old = agi_retain(old);
    d->value = ready_if(at_once, agi_apply(AG_OP_add, 0, 2, args, NULL));
    return d->value != NULL;
}

/* The sum, to go to the memory that old has now, and in the order in which old lies there. */
static bool prepare_into(const agi_deposits *all, agi_deposit *d, ag_tensor *old)
{
    ag_tensor *now = agi_tensor_snapshot(old);
    if (now == NULL)
        return false;
    ag_arg args[2] = {agi_arg(now), agi_arg(d->grad)};
    d->kind = AGI_DEPOSIT_INTO;
    d->old = agi_retain(old);
    d->memory = agi_storage_retain(now->storage);
    d->offset = now->offset;
    d->value = agi_map_like(now, AG_OP_add, 2, args);
    agi_release(now);
    bool ok = d->value != NULL;
    if (is_undisturbed(all) || (ok && agi_same_shape(d->value, d->grad)))
        return ok;
    d->kind = AGI_DEPOSIT_NOTHING;
    return true;
}

/* What is to be added to .grad at the very end, where adding cannot fail: values that no deposit
 * writes to, and row-major ones where .grad has gaps. */
static bool prepare_addend(const agi_deposits *all, agi_deposit *d, const ag_tensor *old)
{
    bool written = is_written(all, d->grad->storage);
    bool copied = written || !(agi_is_dense(old) || agi_is_contiguous(d->grad));
    d->kind = AGI_DEPOSIT_ADD;
    d->value = copied ? copy_of(d->grad, &agi_row_major, written) : agi_retain(d->grad);
    return d->value != NULL;
}

static bool check_shapes(const ag_tensor *old, const ag_tensor *grad)
{
    if (agi_same_shape(old, grad))
        return true;
    char got[AGI_SHAPE_TEXT], want[AGI_SHAPE_TEXT];
    agi_fail(AG_ERR_SHAPE,
             "backward: expected a gradient of shape %s like the .grad that is there, got %s",
             agi_format_shape_list(want, old->ndim, agi_shape_of(old)),
             agi_format_shape_list(got, grad->ndim, agi_shape_of(grad)));
    return false;
}

static bool check_overlap(const ag_tensor *old)
{
    if (agi_is_contiguous(old) ||
        !agi_shape_overlaps(old->ndim, agi_shape_of(old), agi_strides_of(old)))
        return true;
    agi_fail(AG_ERR_GRAD, "unsupported operation: more than one element of the written-to tensor "
                          "refers to a single memory location. Please clone() the tensor before "
                          "performing the operation.");
    return false;
}

/* Makes the .grad that is there writable, whichever that is in the end. */
static bool make_writable(const agi_meta *meta)
{
    for (ag_tensor *old = meta->grad; old != NULL; old = meta->grad) {
        if (AGI_LIKELY(agi_storage_is_writable(old->storage)))
            return true;
        agi_retain(old);
        bool ok = agi_expr_prepare_write(old) == AG_OK;
        agi_release(old);
        if (!ok || meta->grad == old)
            return ok;
    }
    return true;
}

/* What t's .grad becomes, as far as making it can fail; large values are left pending. A .grad that
 * is there is written in place, strided ones and those that share memory with another leaf's too,
 * unless the tape is recorded. */
static bool deposit_prepare(agi_deposits *all, agi_deposit *d)
{
    agi_meta *meta = agi_tensor_meta(d->to);
    if (meta == NULL)
        return false;
    const bool in_place = d->to_leaf && !all->create_graph;
    if (in_place && !make_writable(meta))
        return false;
    ag_tensor *old = meta->grad;
    d->seen = old;
    if (old == NULL)
        return prepare_new(all, d);
    if (!check_shapes(old, d->grad))
        return false;
    if (!in_place || agi_is_read_only(old->storage))
        return prepare_sum(all, d, old);
    if (!check_overlap(old))
        return false;
    if (old->numel < AGI_DEFER_MIN || !agi_is_dense(old) ||
        is_shared_grad(all, old->storage) || is_written(all, d->grad->storage))
        return prepare_addend(all, d, old);
    return prepare_into(all, d, old);
}

/* Whether what a leaf gets is a copy of a part of memory that is there, as after cat. It may wait
 * until somebody reads it: who writes that memory makes it first, and most read it once. */
static bool is_part(const agi_deposit *d)
{
    const ag_tensor *grad = d->grad;
    return d->kind == AGI_DEPOSIT_REPLACE && d->old == NULL && grad->flags & AGI_TENSOR_VIEW &&
           grad->numel < grad->meta->base->numel && agi_is_contiguous(grad) &&
           !agi_is_pending(grad->storage);
}

/* What was prepared pending is computed, all that goes over the same elements in one program, with
 * the roots where those are pending too and fit. Large sums that are to be in place go straight to
 * the memory that .grad has, where the last program makes them. From here on nothing fails. */
static bool deposits_compute(agi_deposits *all, int n_roots, ag_tensor *const *roots)
{
    int32_t n = 0;
    if (all->create_graph)
        return true;
    agi_target *targets = agi_plain_new(((size_t)all->count + (size_t)n_roots) * sizeof *targets);
    if (targets == NULL)
        return false;
    for (int32_t i = 0; i < all->count; i++) {
        agi_deposit *d = &all->list[i];
        if (d->kind == AGI_DEPOSIT_NOTHING || !agi_is_pending(d->value->storage) || is_part(d))
            continue;
        targets[n] = (agi_target){.storage = d->value->storage};
        if (d->kind == AGI_DEPOSIT_INTO) {
            targets[n].data = d->memory->data + d->offset;
            targets[n].done = &d->computed;
        }
        n++;
    }
    const bool ok = agi_expr_compute_with(n, targets, n_roots, roots) == AG_OK;
    agi_plain_free(targets);
    return ok;
}

/* ---- setting --------------------------------------------------------------------------------- */

/* Whether the .grad that is there can still be added to. */
static bool can_add(const agi_deposits *all, const ag_tensor *old, const ag_tensor *value)
{
    return is_undisturbed(all) ||
           (agi_same_shape(old, value) && agi_storage_is_writable(old->storage) &&
            !agi_is_pending(value->storage) && !agi_is_read_only(old->storage) &&
            (agi_is_dense(old) || agi_is_contiguous(value)));
}

static void add_to(ag_tensor *old, ag_tensor *value, uint32_t site)
{
    ag_arg args[2] = {agi_arg(old), agi_arg(value)};
    if (agi_is_dense(old))
        agi_map_into(old, AG_OP_add, 2, args, NULL);
    else
        agi_run_scatter_add(agi_tensor_data(old), agi_strides_of(old), old->ndim,
                            agi_shape_of(old), agi_tensor_data(value));
    agi_tensor_bump_at(old, site);
}

/* Large values let other threads run while they are added, who may take the old gradient away. */
static void commit_add(const agi_deposits *all, const agi_deposit *d, ag_tensor *old,
                       uint32_t site)
{
    if (!can_add(all, old, d->value))
        return;
    if (AGI_LIKELY(old->numel < AGI_DEFER_MIN)) {
        add_to(old, d->value, site);
        return;
    }
    agi_storage *memory = agi_storage_retain(old->storage);
    agi_retain(old);
    add_to(old, d->value, site);
    agi_release(old);
    agi_storage_release(memory);
}

static void commit_into(agi_deposit *d, uint32_t site)
{
    if (!d->computed)
        memcpy(d->memory->data + d->offset, agi_tensor_data(d->value),
               (size_t)d->value->numel * sizeof(double));
    agi_tensor_bump_at(d->old, site);
}

/* Of a backward that the program does at `site`. */
static void deposit_commit(const agi_deposits *all, agi_deposit *d, uint32_t site)
{
    agi_meta *meta = agi_meta_of(d->to);
    ag_tensor *old = meta->grad;
    if (d->kind == AGI_DEPOSIT_INTO) {
        commit_into(d, site);
    } else if (d->kind == AGI_DEPOSIT_NOTHING || old != d->seen) {
        return;  /* another thread assigned it since */
    } else if (d->kind == AGI_DEPOSIT_ADD) {
        commit_add(all, d, old, site);
    } else {
        d->value->cut = all->create_graph
                            ? (agi_cut){0}
                            : (agi_cut){.site = site, .kind = AGI_CUT_GRADIENT};
        meta->grad = d->value;
        d->value = NULL;
        agi_release(old);
    }
}

/* All gradients are made ready, then all are set. */
static bool commit_locked(agi_deposits *all, int n_roots, ag_tensor *const *roots)
{
    all->assignments = agi_assignments_now();
    for (int32_t d = 0; d < all->count; d++)
        if (!deposit_prepare(all, &all->list[d]))
            return false;
    if (!deposits_compute(all, n_roots, roots))
        return false;
    const uint32_t site = agi_site_now();
    for (int32_t d = 0; d < all->count; d++)
        deposit_commit(all, &all->list[d], site);
    return true;
}

bool agi_deposits_commit(agi_deposits *all, int n_roots, ag_tensor *const *roots)
{
    agi_thread *thread = agi_thread_get();
    const bool recording = agi_set_recording(thread, all->create_graph);
    agi_expr_lock();
    bool ok = begin_deposits(all);
    if (ok) {
        ok = commit_locked(all, n_roots, roots);
        if (AGI_UNLIKELY(all->is_long))
            unmark_deposits(all);
    }
    agi_expr_unlock();
    agi_set_recording(thread, recording);
    return ok;
}
