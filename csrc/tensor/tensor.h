/* SPDX-License-Identifier: MIT
 *
 * Storage and tensors.
 *
 * A storage is one reference-counted run of float64. A tensor is a shape, strides and an offset
 * over a storage, plus its autograd side. Every write in place counts up a version: the one in the
 * storage, or for tensors that count apart from it (agi_counter) one of their own.
 * References point one way: tensor -> node -> saved values, edges; a node never owns the tensor it
 * made. Values are reached through agi_tensor_data, never through a cached pointer, so that a
 * storage may get its data later than its shape.
 */
#ifndef AGI_TENSOR_H
#define AGI_TENSOR_H

#include "../base/alloc.h"
#include "../base/config.h"
#include "../base/refcount.h"
#include "../base/site.h"
#include "../base/status.h"

typedef enum agi_memory {
    AGI_MEMORY_INLINE,   /* data lies in the storage's own block */
    AGI_MEMORY_BUFFER,   /* data from agi_buffer_new */
    AGI_MEMORY_FOREIGN,  /* somebody else's: tail.foreign.release is called at the end */
    AGI_MEMORY_READ_ONLY,  /* the same, and it must not be written */
} agi_memory;

typedef struct agi_storage {
    agi_refs refs;
    _Atomic uint32_t version;
    double *data;
    int64_t bytes;       /* of the block (INLINE) or of the buffer (BUFFER, FOREIGN) */
    int64_t numel;       /* elements of the tensor that it was made for */
    uint8_t memory;      /* agi_memory */
    uint8_t dtype;       /* ag_dtype: how all tensors over it read their numbers */
    _Atomic uint8_t exported;  /* how many outside may write: numpy(), buffers, an owner that can be
                                  asked (agi_sharing); AGI_EXPORTED_FOR_GOOD: so many that they are
                                  not counted, or an owner that cannot */
    _Atomic bool waits;  /* only pending values keep it: counted in agi_waiting_bytes */
    _Atomic int32_t readers;  /* pending values that will read this memory, and whether guarded ones
                                 do (AGI_READERS_GUARDED) */
    _Atomic(struct agi_expr *) pending;  /* owned: what the data is to become (expr.h), or NULL */
    union {
        struct {
            void (*release)(void *context);
            void *context;
        } foreign;
        double values[2];  /* INLINE with one or two elements */
    } tail;
} agi_storage;

#define AGI_EXPORTED_FOR_GOOD UINT8_MAX
#define AGI_READERS_GUARDED (1 << 30)  /* see guarded.h */
#define AGI_INTEGER_MAX (INT64_C(1) << 53)  /* under AG_INT64: doubles leave integers out above */

/* Who can be asked whether foreign memory is still known outside (ag_set_sharing_hook). */
typedef struct agi_sharing_hook {
    void (*release)(void *context);  /* of whose memory; NULL: of none */
    bool (*is_shared)(void *context);
} agi_sharing_hook;

#define AGI_STORAGE_HEAD 64  /* INLINE with more elements: data at this offset, 64-byte aligned */
#define AGI_INLINE_MAX ((AGI_SMALL_MAX - AGI_STORAGE_HEAD) / (int)sizeof(double))

/* Counts the writes of tensors that do not use the counter in their storage: what `.data` gave, and
 * a tensor whose memory was exchanged, which goes on counting from where it was. Views of such a
 * tensor and what was detached from it use the same counter. */
typedef struct agi_counter {
    agi_refs refs;
    _Atomic uint32_t version;
} agi_counter;

/* The autograd side that few tensors have: leaves with a gradient, views, retained gradients. */
typedef struct agi_meta {
    ag_tensor *grad;          /* owned */
    ag_tensor *base;          /* owned: what a view is a view of, never itself a view */
    agi_counter *counter;     /* owned: AGI_TENSOR_OWN_COUNTER */
    uint32_t view_version;    /* version at which a view's node was made */
    int32_t slot;             /* the engine's: place in the run that claimed this leaf */
    _Atomic(void *) run;      /* the engine's: the run that claimed this leaf, or NULL */
    struct agi_hook_list *hooks;  /* owned: of a leaf (tape/hooks.h), NULL for most */
    uint32_t deposit;         /* a backward's that is about to set `grad` (deposit.c), or 0 */
    bool stands_in;           /* for a tensor that has numbers (edges.c) */
} agi_meta;

enum {
    AGI_TENSOR_REQUIRES_GRAD = 1,  /* a leaf that wants a gradient */
    AGI_TENSOR_CONTIGUOUS = 2,
    AGI_TENSOR_VIEW = 4,           /* meta->base is set */
    AGI_TENSOR_NO_GRAD_VIEW = 8,   /* the view was made while recording was off */
    AGI_TENSOR_RETAINS_GRAD = 16,  /* its node must be told when it dies */
    AGI_TENSOR_OWN_COUNTER = 32,   /* meta->counter is set, and counts instead of the storage */
    AGI_TENSOR_EXPORTS = 64,       /* as long as it lives, others may write its storage */
    AGI_TENSOR_ONE_OF_VIEWS = 128, /* a view that an op gave together with others, or one of such */
};

enum {
    AGI_MARK_INFERENCE = 1,        /* made in inference mode, of nothing that was made outside */
    AGI_MARK_INFERENCE_VIEW = 2,   /* a view that was made in inference mode */
};

/* How and where a tensor that requires no grad was cut off from what does (tape/cut.h). */
typedef struct agi_cut {
    uint32_t site;
    uint16_t op;    /* of kinds that tell of one */
    uint16_t kind;  /* agi_cut_kind, 0: not */
} agi_cut;

struct ag_tensor {
    agi_refs refs;
    uint8_t ndim;
    uint8_t flags;
    uint8_t room;          /* dimensions that agi_own_dims has room for */
    uint8_t marks;
    agi_storage *storage;  /* owned */
    ag_node *node;         /* owned; NULL for a leaf */
    agi_meta *meta;        /* owned; NULL for most */
    void *wrapper;         /* weak: the object of a language binding that stands for this tensor */
    agi_cut cut;           /* means something where it requires no grad */
    int64_t offset;        /* of element 0 in the storage, in elements */
    int64_t numel;
    int64_t *dims;         /* shape, then strides in elements: behind the struct, or owned where an
                              assignment to the data brought more of them */
};

AGI_INLINE bool agi_stands_in(const ag_tensor *t) { return t->meta != NULL && t->meta->stands_in; }

/* The room for dims that lies behind the struct. */
AGI_INLINE int64_t *agi_own_dims(ag_tensor *t) { return (int64_t *)(t + 1); }

AGI_INLINE const int64_t *agi_shape_of(const ag_tensor *t) { return t->dims; }
AGI_INLINE const int64_t *agi_strides_of(const ag_tensor *t) { return t->dims + t->ndim; }
AGI_INLINE bool agi_is_contiguous(const ag_tensor *t)
{
    return (t->flags & AGI_TENSOR_CONTIGUOUS) != 0;
}

/* NULL for most; where another thread may just be making it. */
AGI_INLINE agi_meta *agi_meta_of(const ag_tensor *t)
{
    return __atomic_load_n(&t->meta, __ATOMIC_ACQUIRE);
}

#pragma GCC visibility push(hidden)
extern agi_sharing_hook agi_sharing;
bool agi_view_is_stale(const ag_tensor *t);
_Atomic uint32_t *agi_version_elsewhere(const ag_tensor *t);
#pragma GCC visibility pop

AGI_INLINE bool agi_is_foreign(const agi_storage *s) { return s->memory >= AGI_MEMORY_FOREIGN; }
AGI_INLINE bool agi_is_read_only(const agi_storage *s)
{
    return s->memory == AGI_MEMORY_READ_ONLY;
}

/* Whether somebody outside may write the memory. */
AGI_INLINE bool agi_storage_is_shared(const agi_storage *s)
{
    const uint8_t outside = s->exported;
    if (AGI_LIKELY(outside == 0))
        return false;
    return outside > 1 || !agi_is_foreign(s) ||
           s->tail.foreign.release != agi_sharing.release ||
           agi_sharing.is_shared(s->tail.foreign.context);
}

AGI_INLINE bool agi_requires_grad(const ag_tensor *t)
{
    return t->node != NULL || (t->flags & AGI_TENSOR_REQUIRES_GRAD) ||
           (AGI_UNLIKELY(t->flags & AGI_TENSOR_VIEW) && agi_view_is_stale(t));
}

/* A leaf that wants a gradient: no op made it, and no write in place to its base did since. */
AGI_INLINE bool agi_is_wanting_leaf(const ag_tensor *t)
{
    return t->flags & AGI_TENSOR_REQUIRES_GRAD && t->node == NULL &&
           !(AGI_UNLIKELY(t->flags & AGI_TENSOR_VIEW) && agi_view_is_stale(t));
}

/* First element. Borrowed; valid while the storage lives and nothing is evaluated. */
AGI_INLINE double *agi_tensor_data(const ag_tensor *t) { return t->storage->data + t->offset; }

#pragma GCC visibility push(hidden)

agi_storage *agi_storage_new(int64_t n);                 /* owned, values undefined */
void agi_storage_free(agi_storage *storage);             /* when the last reference went */
void agi_storage_end(agi_storage *storage);              /* the last of that (expr.c) */

/* Bytes that only pending values keep, about: of storages whose last other reference went. */
extern _Atomic int64_t agi_waiting_bytes;
void agi_storage_note_waiting(agi_storage *storage);     /* before a reference goes */

/* Whether the storage has no numbers yet, but what makes them (fuse/expr.h). */
AGI_INLINE bool agi_is_pending(agi_storage *s)
{
    return atomic_load_explicit(&s->pending, memory_order_acquire) != NULL;
}

AGI_INLINE agi_storage *agi_storage_retain(agi_storage *s) { agi_refs_inc(&s->refs); return s; }
AGI_INLINE void agi_storage_release(agi_storage *s)
{
    if (AGI_UNLIKELY(atomic_load_explicit(&s->readers, memory_order_relaxed) > 0))
        agi_storage_note_waiting(s);
    if (agi_refs_dec(&s->refs))
        agi_storage_free(s);
}
AGI_INLINE uint32_t agi_storage_version(agi_storage *s)
{
    return atomic_load_explicit(&s->version, memory_order_relaxed);
}

/* Where the writes through t are counted. */
AGI_INLINE _Atomic uint32_t *agi_version_of(const ag_tensor *t)
{
    return AGI_LIKELY(!(t->flags & (AGI_TENSOR_VIEW | AGI_TENSOR_OWN_COUNTER)))
               ? &t->storage->version
               : agi_version_elsewhere(t);
}
AGI_INLINE uint32_t agi_tensor_version(const ag_tensor *t)
{
    return atomic_load_explicit(agi_version_of(t), memory_order_relaxed);
}

/* After a write in place through t, which the program does at `site`. */
AGI_INLINE void agi_tensor_bump_at(ag_tensor *t, uint32_t site)
{
    _Atomic uint32_t *version = agi_version_of(t);
    agi_site_note_write(version, atomic_fetch_add_explicit(version, 1, memory_order_relaxed) + 1,
                        site);
}
AGI_INLINE void agi_tensor_bump(ag_tensor *t) { agi_tensor_bump_at(t, agi_site_now()); }

/* Contiguous, fresh storage, values undefined. The shape is trusted: agi_shape_numel said numel. */
ag_tensor *agi_tensor_new(int ndim, const int64_t *shape, int64_t numel);

/* A tensor without memory yet, row-major, for a value that is not computed yet. */
ag_tensor *agi_tensor_unfilled(int ndim, const int64_t *shape, int64_t numel);

/* A tensor over a storage it will share. */
ag_tensor *agi_tensor_over(agi_storage *storage, int ndim, const int64_t *shape,
                           const int64_t *strides, int64_t offset);

/* The same elements as t without its autograd side; writes are counted where t's are. */
ag_tensor *agi_tensor_alias(const ag_tensor *t);

/* t counts its writes apart from here on, beginning with `version`. */
ag_status agi_tensor_count_apart(ag_tensor *t, uint32_t version);

void agi_tensor_free(ag_tensor *t);                      /* when the last reference went */
void agi_tensor_export(ag_tensor *t);                    /* others may write while t lives */
agi_meta *agi_tensor_meta(ag_tensor *t);                 /* made at first use; NULL if no memory */

/* t gets the storage and the geometry of another tensor and goes on counting its writes from where
 * it was. Fails while t is exported. */
ag_status agi_tensor_assign(ag_tensor *t, const ag_tensor *from);

/* t gets the geometry of another tensor, over its own storage. */
ag_status agi_tensor_rearrange(ag_tensor *t, const ag_tensor *from);

/* How often one of these was done, to any tensor. INVARIANT[blocking]: while a value is computed,
 * the lock of expressions is waited for or a large loop runs, the embedder may let other threads go
 * on, and these may give a tensor other memory, another gradient or another node; so may code that
 * foreign memory is given back with. So what was read of one before is owned, or is read again
 * after; this number tells whether geometry must be. */
extern _Atomic uint64_t agi_assignments;
AGI_INLINE uint64_t agi_assignments_now(void)
{
    return atomic_load_explicit(&agi_assignments, memory_order_relaxed);
}

bool agi_same_shape(const ag_tensor *a, const ag_tensor *b);

/* t as it is now: its own geometry over the same storage, nothing of its autograd side. Only the
 * caller knows it, so that nothing about it changes while others run. */
ag_tensor *agi_tensor_snapshot(const ag_tensor *t);

/* Marks `view` as a differentiable view of x (of x's base if x is a view). */
ag_status agi_tensor_set_base(ag_tensor *view, ag_tensor *x);

/* A view without a history, of a base that counts where its memory does, is none any more. */
void agi_tensor_let_go_of_base(ag_tensor *view);

/* Where a view begins, counted from where its base does; an empty one begins nowhere. */
AGI_INLINE int64_t agi_view_offset(const ag_tensor *view)
{
    return view->numel != 0 ? view->offset - view->meta->base->offset : 0;
}

/* Whether a view still lies in the memory of its base: `.data` may have given either another
 * one. */
AGI_INLINE bool agi_view_shares_base(const ag_tensor *view)
{
    return view->storage == view->meta->base->storage;
}

#pragma GCC visibility pop

AGI_INLINE ag_tensor *agi_retain(ag_tensor *t) { agi_refs_inc(&t->refs); return t; }
AGI_INLINE void agi_release(ag_tensor *t)
{
    if (t != NULL && agi_refs_dec(&t->refs))
        agi_tensor_free(t);
}

/* What is read of t: t itself, or a snapshot where computing or reading what is there may let other
 * threads run (INVARIANT[blocking]). Owned; NULL on failure. */
AGI_INLINE ag_tensor *agi_tensor_to_read(ag_tensor *t)
{
    return AGI_LIKELY(t->numel < AGI_DEFER_MIN && !agi_is_pending(t->storage))
               ? agi_retain(t) : agi_tensor_snapshot(t);
}

#endif
