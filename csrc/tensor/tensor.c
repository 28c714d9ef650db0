/* SPDX-License-Identifier: MIT
 *
 * Storage and tensors: making, sharing, freeing. See tensor.h for the picture.
 */
#include "tensor.h"

#include <string.h>

#include "../base/shape.h"
#include "../base/thread.h"
#include "../base/upcalls.h"

/* ---- storage -------------------------------------------------------------------------------- */

/* Bytes of the one block that holds a storage and n inline values. */
static size_t inline_block(int64_t n)
{
    if (n <= 2)
        return AGI_STORAGE_HEAD;
    return (AGI_STORAGE_HEAD + (size_t)n * sizeof(double) + 63) & ~(size_t)63;
}

/* Nobody else knows it yet: a plain store of an atomic member would be a locked one, 20 cycles. */
static agi_storage *storage_struct(size_t bytes)
{
    agi_storage *s = agi_small_new(bytes);
    if (s == NULL)
        return NULL;
    atomic_init(&s->refs, 1);
    atomic_init(&s->version, 0);
    s->numel = 0;
    atomic_init(&s->readers, 0);
    atomic_init(&s->exported, 0);
    s->dtype = AG_FLOAT64;
    atomic_init(&s->waits, false);
    atomic_init(&s->pending, NULL);
    return s;
}

agi_storage *agi_storage_new(int64_t n)
{
    _Static_assert(sizeof(agi_storage) <= AGI_STORAGE_HEAD, "inline values would overlap the head");
    if (n <= AGI_INLINE_MAX) {
        size_t bytes = inline_block(n);
        agi_storage *s = storage_struct(bytes);
        if (s == NULL)
            return NULL;
        s->memory = AGI_MEMORY_INLINE;
        s->numel = n;
        s->bytes = (int64_t)bytes;
        s->data = n <= 2 ? s->tail.values : (double *)((char *)s + AGI_STORAGE_HEAD);
        return s;
    }
    agi_storage *s = storage_struct(sizeof *s);
    if (s == NULL)
        return NULL;
    size_t bytes = 0;
    s->data = agi_buffer_new(n, &bytes);
    if (s->data == NULL) {
        agi_small_free(s, sizeof *s);
        return NULL;
    }
    s->memory = AGI_MEMORY_BUFFER;
    s->bytes = (int64_t)bytes;
    s->numel = n;
    return s;
}

_Atomic int64_t agi_waiting_bytes;

/* Threads that let theirs go at once may miss it; the count is for a limit that is a rough one. */
void agi_storage_note_waiting(agi_storage *s)
{
    if (agi_refs_get(&s->refs) == (uint32_t)s->readers + 1 && !atomic_exchange(&s->waits, true))
        agi_waiting_bytes += s->bytes;
}

/* Gives foreign memory back, which may run any code of the embedder's, and the struct. */
void agi_storage_end(agi_storage *s)
{
    if (agi_is_foreign(s) && s->tail.foreign.release != NULL)
        s->tail.foreign.release(s->tail.foreign.context);
    agi_small_free(s, sizeof *s);
}

void agi_storage_free(agi_storage *s)
{
    if (AGI_UNLIKELY(agi_is_pending(s)) && !agi_above.forget_pending(s))
        return;
    if (AGI_UNLIKELY(s->waits))
        agi_waiting_bytes -= s->bytes;
    if (s->memory == AGI_MEMORY_INLINE) {
        agi_small_free(s, (size_t)s->bytes);
        return;
    }
    if (s->memory == AGI_MEMORY_BUFFER && s->data != NULL)
        agi_buffer_free(s->data, (size_t)s->bytes);
    else if (agi_is_foreign(s) && s->tail.foreign.release != NULL &&
             agi_above.postpone_end(s))
        return;
    agi_storage_end(s);
}

/* ---- tensors -------------------------------------------------------------------------------- */

static size_t dims_bytes(int ndim) { return 2 * (size_t)ndim * sizeof(int64_t); }
static size_t tensor_bytes(int ndim) { return sizeof(ag_tensor) + dims_bytes(ndim); }

static ag_tensor *tensor_struct(int ndim)
{
    ag_tensor *t = agi_small_new(tensor_bytes(ndim));
    if (AGI_UNLIKELY(t == NULL))
        return NULL;
    atomic_init(&t->refs, 1);
    t->ndim = t->room = (uint8_t)ndim;
    t->dims = agi_own_dims(t);
    t->flags = 0;
    t->node = NULL;
    t->meta = NULL;
    t->wrapper = NULL;
    agi_thread *thread = agi_thread_get();
    t->marks = thread->inference;
    t->cut = (agi_cut){0};
    agi_count(&thread->live_tensors, 1);
    return t;
}

static void tensor_struct_free(ag_tensor *t)
{
    agi_count(&agi_thread_get()->live_tensors, -1);
    if (t->dims != agi_own_dims(t))
        agi_small_free(t->dims, dims_bytes(t->ndim));
    agi_small_free(t, tensor_bytes(t->room));
}

ag_tensor *agi_tensor_new(int ndim, const int64_t *shape, int64_t numel)
{
    ag_tensor *t = tensor_struct(ndim);
    if (AGI_UNLIKELY(t == NULL))
        return NULL;
    t->storage = agi_storage_new(numel);
    if (AGI_UNLIKELY(t->storage == NULL)) {
        tensor_struct_free(t);
        return NULL;
    }
    t->flags = AGI_TENSOR_CONTIGUOUS;
    t->offset = 0;
    t->numel = numel;
    if (ndim == 1) {
        t->dims[0] = shape[0];
        t->dims[1] = 1;
    } else {
        for (int d = 0; d < ndim; d++)
            t->dims[d] = shape[d];
        agi_shape_strides(ndim, shape, t->dims + ndim);
    }
    return t;
}

ag_tensor *agi_tensor_unfilled(int ndim, const int64_t *shape, int64_t numel)
{
    int64_t strides[AGI_MAX_DIMS];
    agi_storage *s = storage_struct(sizeof *s);
    if (s == NULL)
        return NULL;
    s->data = NULL;
    s->memory = AGI_MEMORY_BUFFER;
    s->bytes = 0;
    s->numel = numel;
    agi_shape_strides(ndim, shape, strides);
    ag_tensor *t = agi_tensor_over(s, ndim, shape, strides, 0);
    agi_storage_release(s);
    return t;
}

ag_tensor *agi_tensor_over(agi_storage *storage, int ndim, const int64_t *shape,
                           const int64_t *strides, int64_t offset)
{
    ag_tensor *t = tensor_struct(ndim);
    if (t == NULL)
        return NULL;
    t->storage = agi_storage_retain(storage);
    t->offset = offset;
    t->numel = 1;
    for (int d = 0; d < ndim; d++) {
        t->dims[d] = shape[d];
        t->dims[ndim + d] = strides[d];
        t->numel *= shape[d];
    }
    if (agi_shape_is_contiguous(ndim, shape, strides))
        t->flags = AGI_TENSOR_CONTIGUOUS;
    return t;
}

/* ---- versions ------------------------------------------------------------------------------- */

/* A view counts where its base does. */
static const ag_tensor *counting_tensor(const ag_tensor *t)
{
    return t->flags & AGI_TENSOR_VIEW ? t->meta->base : t;
}

_Atomic uint32_t *agi_version_elsewhere(const ag_tensor *t)
{
    t = counting_tensor(t);
    return t->flags & AGI_TENSOR_OWN_COUNTER ? &t->meta->counter->version : &t->storage->version;
}

static void counter_release(agi_counter *counter)
{
    if (counter != NULL && agi_refs_dec(&counter->refs))
        agi_small_free(counter, sizeof *counter);
}

/* t counts with `counter`, whose reference is taken. */
static void set_counter(ag_tensor *t, agi_counter *counter)
{
    counter_release(t->meta->counter);
    t->meta->counter = counter;
    t->flags |= AGI_TENSOR_OWN_COUNTER;
}

ag_status agi_tensor_count_apart(ag_tensor *t, uint32_t version)
{
    agi_counter *counter = agi_tensor_meta(t) != NULL ? agi_small_new(sizeof *counter) : NULL;
    if (counter == NULL)
        return ag_last_status();
    atomic_init(&counter->refs, 1);
    atomic_init(&counter->version, version);
    set_counter(t, counter);
    return AG_OK;
}

static ag_status share_counter(ag_tensor *alias, const ag_tensor *t)
{
    t = counting_tensor(t);
    if (!(t->flags & AGI_TENSOR_OWN_COUNTER))
        return AG_OK;
    if (agi_tensor_meta(alias) == NULL)
        return ag_last_status();
    agi_refs_inc(&t->meta->counter->refs);
    set_counter(alias, t->meta->counter);
    return AG_OK;
}

/* ---- tensors over memory that is there ------------------------------------------------------- */

ag_tensor *agi_tensor_alias(const ag_tensor *t)
{
    ag_tensor *alias = tensor_struct(t->ndim);
    if (AGI_UNLIKELY(alias == NULL))
        return NULL;
    alias->storage = agi_storage_retain(t->storage);
    alias->flags = t->flags & AGI_TENSOR_CONTIGUOUS;
    alias->marks = t->marks & AGI_MARK_INFERENCE;
    alias->offset = t->offset;
    alias->numel = t->numel;
    memcpy(alias->dims, t->dims, 2 * (size_t)t->ndim * sizeof(int64_t));
    if (AGI_UNLIKELY(t->flags & (AGI_TENSOR_VIEW | AGI_TENSOR_OWN_COUNTER)) &&
        share_counter(alias, t) != AG_OK) {
        agi_release(alias);
        return NULL;
    }
    return alias;
}

bool agi_same_shape(const ag_tensor *a, const ag_tensor *b)
{
    return agi_shape_equal(a->ndim, agi_shape_of(a), b->ndim, agi_shape_of(b));
}

ag_tensor *agi_tensor_snapshot(const ag_tensor *t)
{
    ag_tensor *snapshot =
        agi_tensor_over(t->storage, t->ndim, agi_shape_of(t), agi_strides_of(t), t->offset);
    if (snapshot != NULL)
        snapshot->flags = t->flags & AGI_TENSOR_CONTIGUOUS;
    return snapshot;
}

_Atomic uint64_t agi_assignments;

ag_status agi_tensor_rearrange(ag_tensor *t, const ag_tensor *from)
{
    int64_t *dims = agi_own_dims(t);
    if (from->ndim > t->room && (dims = agi_small_new(dims_bytes(from->ndim))) == NULL)
        return ag_last_status();
    if (t->dims != agi_own_dims(t))
        agi_small_free(t->dims, dims_bytes(t->ndim));
    atomic_fetch_add_explicit(&agi_assignments, 1, memory_order_relaxed);
    t->offset = from->offset;
    t->numel = from->numel;
    t->ndim = from->ndim;
    t->dims = dims;
    memcpy(dims, from->dims, dims_bytes(from->ndim));
    t->flags = (uint8_t)((t->flags & ~AGI_TENSOR_CONTIGUOUS) |
                         (from->flags & AGI_TENSOR_CONTIGUOUS));
    return AG_OK;
}

ag_status agi_tensor_assign(ag_tensor *t, const ag_tensor *from)
{
    if (from == t)
        return AG_OK;
    if (t->flags & AGI_TENSOR_EXPORTS)
        return agi_fail(AG_ERR_GRAD, "data: expected a tensor whose memory is its own, got one "
                                     "that keeps it for an array or a buffer");
    if (!(t->flags & (AGI_TENSOR_VIEW | AGI_TENSOR_OWN_COUNTER)) &&
        agi_tensor_count_apart(t, agi_tensor_version(t)) != AG_OK)
        return ag_last_status();
    if (agi_tensor_rearrange(t, from) != AG_OK)
        return ag_last_status();
    agi_storage *old = t->storage;
    t->storage = agi_storage_retain(from->storage);
    agi_storage_release(old);
    return AG_OK;
}

/* ---- memory that others may write ------------------------------------------------------------ */

agi_sharing_hook agi_sharing;

void ag_set_sharing_hook(void (*release)(void *context), bool (*is_shared)(void *context))
{
    if (release != NULL && is_shared == NULL) {
        agi_fail(AG_ERR_VALUE, "set_sharing_hook: expected a function is_shared, got NULL");
        return;
    }
    agi_sharing = (agi_sharing_hook){release, is_shared};
}

void agi_tensor_export(ag_tensor *t)
{
    _Atomic uint8_t *count = &t->storage->exported;
    uint8_t before = *count;
    if (t->flags & AGI_TENSOR_EXPORTS)
        return;
    t->flags |= AGI_TENSOR_EXPORTS;
    while (before != AGI_EXPORTED_FOR_GOOD &&
           !atomic_compare_exchange_weak(count, &before, (uint8_t)(before + 1)))
        continue;
}

static void end_export(agi_storage *storage)
{
    uint8_t before = storage->exported;
    while (before != AGI_EXPORTED_FOR_GOOD &&
           !atomic_compare_exchange_weak(&storage->exported, &before, (uint8_t)(before - 1)))
        continue;
}

/* ---- the end of a tensor --------------------------------------------------------------------- */

static void free_meta(agi_meta *meta)
{
    ag_tensor *grad = meta->grad, *base = meta->base;
    struct agi_hook_list *hooks = meta->hooks;
    counter_release(meta->counter);
    agi_small_free(meta, sizeof *meta);
    if (AGI_UNLIKELY(hooks != NULL))
        agi_above.free_hooks(hooks);
    agi_release(grad);
    agi_release(base);
}

/* A .grad may have a .grad, and so on: those that follow wait in a list behind the first, so that a
 * chain of any length is freed in constant stack. The links lie in the `run` fields. */
static AGI_NOINLINE void release_linked(agi_meta *meta)
{
    agi_thread *thread = agi_thread_get();
    if (agi_thread_is_emergency(thread)) {
        free_meta(meta);
        return;
    }
    atomic_store_explicit(&meta->run, thread->dying_meta, memory_order_relaxed);
    thread->dying_meta = meta;
    if (thread->freeing_meta)
        return;
    thread->freeing_meta = true;
    while ((meta = thread->dying_meta) != NULL) {
        thread->dying_meta = atomic_load_explicit(&meta->run, memory_order_relaxed);
        free_meta(meta);
    }
    thread->freeing_meta = false;
}

/* A base has no base: what has no .grad leads to one more at most. */
AGI_INLINE void release_meta(agi_meta *meta)
{
    if (AGI_LIKELY(meta->grad == NULL))
        free_meta(meta);
    else
        release_linked(meta);
}

void agi_tensor_free(ag_tensor *t)
{
    ag_node *node = t->node;
    agi_meta *meta = t->meta;
    if (t->flags & AGI_TENSOR_RETAINS_GRAD)
        agi_above.unmark(t);
    if (t->flags & AGI_TENSOR_EXPORTS)
        end_export(t->storage);
    agi_storage_release(t->storage);
    tensor_struct_free(t);
    if (meta != NULL)
        release_meta(meta);
    if (node != NULL)
        agi_above.release_node(node);
}

/* Of two threads that make one at once, one lets its own go. */
agi_meta *agi_tensor_meta(ag_tensor *t)
{
    agi_meta *found = agi_meta_of(t);
    if (found != NULL)
        return found;
    agi_meta *meta = agi_small_new(sizeof *meta);
    if (meta == NULL)
        return NULL;
    *meta = (agi_meta){.grad = NULL, .base = NULL};
    if (__atomic_compare_exchange_n(&t->meta, &found, meta, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE))
        return meta;
    agi_small_free(meta, sizeof *meta);
    return found;
}

/* ---- views ---------------------------------------------------------------------------------- */

ag_status agi_tensor_set_base(ag_tensor *view, ag_tensor *x)
{
    agi_meta *meta = agi_tensor_meta(view);
    if (meta == NULL)
        return ag_last_status();
    ag_tensor *base = x->flags & AGI_TENSOR_VIEW ? x->meta->base : x;
    meta->base = agi_retain(base);
    view->flags |= AGI_TENSOR_VIEW;
    meta->view_version = agi_tensor_version(view);
    view->flags |= x->flags & (AGI_TENSOR_NO_GRAD_VIEW | AGI_TENSOR_ONE_OF_VIEWS);
    view->marks = x->marks;
    if (!agi_thread_get()->grad_enabled)
        view->flags |= AGI_TENSOR_NO_GRAD_VIEW;
    if (agi_thread_get()->inference)
        view->marks |= AGI_MARK_INFERENCE_VIEW;
    return AG_OK;
}

void agi_tensor_let_go_of_base(ag_tensor *view)
{
    ag_tensor *base = view->meta->base;
    view->meta->base = NULL;
    view->flags &= (uint8_t)~(AGI_TENSOR_VIEW | AGI_TENSOR_NO_GRAD_VIEW | AGI_TENSOR_ONE_OF_VIEWS);
    agi_release(base);
}

/* Whether the base has a history and was written since the view's own node was made: then the
 * view's history is the base's. */
bool agi_view_is_stale(const ag_tensor *t)
{
    return t->meta->base->node != NULL && t->meta->view_version != agi_tensor_version(t) &&
           agi_view_shares_base(t);
}
