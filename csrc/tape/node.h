/* SPDX-License-Identifier: MIT
 *
 * A node is a tape entry: an op that was recorded, edges to where its inputs came from, and the
 * values its rule needs. One block of memory: the struct, then edges, saved values, ints.
 *
 * A tensor knows one node. Where an op has several results, each of them has a small node of its
 * own (is_output) that has the op's node as its one input: backward gathers their cotangents there,
 * and what is done to one result (a write in place, a retained gradient) concerns its own node.
 */
#ifndef AGI_NODE_H
#define AGI_NODE_H

#include "../base/config.h"
#include "../base/refcount.h"
#include "../compute/op.h"
#include "../tensor/tensor.h"

/* Where an input came from: a node, a leaf (low bit set), or nothing. Owned by the node. */
typedef uintptr_t agi_edge;

AGI_INLINE bool agi_edge_is_leaf(agi_edge e) { return (e & 1) != 0; }
AGI_INLINE ag_tensor *agi_edge_leaf(agi_edge e) { return (ag_tensor *)(e & ~(uintptr_t)1); }
AGI_INLINE ag_node *agi_edge_node(agi_edge e) { return (ag_node *)e; }

typedef enum agi_saved_kind {
    AGI_SAVED_NOTHING,
    AGI_SAVED_NUMBER,   /* the input was a plain number */
    AGI_SAVED_INPUT,    /* tensor: owned. A leaf that requires grad is kept itself, anything else
                           as an alias without history: a tensor written in place later may come
                           to own this node, and must not be owned by it */
    AGI_SAVED_OUTPUT,   /* storage: owned (never the tensor: it owns this node), from its first
                           element on */
    AGI_SAVED_GUARDED,  /* one of these that stays as it is when its memory is written (guarded.h):
                           owned */
    AGI_SAVED_PACKED,   /* what hooks made of one of these (saving.h): owned */
    AGI_SAVED_COUNTED,  /* a checkpoint's (checkpoint.h): owned, and `version` is its place there */
    AGI_SAVED_FREED,    /* was one of the last five until a backward without retain_graph */
} agi_saved_kind;

typedef struct agi_saved {
    union {
        double number;
        ag_tensor *tensor;
        agi_storage *storage;
        struct agi_guarded *guarded;
        struct agi_packed *packed;
        ag_checkpoint *checkpoint;
    } value;
    uint32_t version;   /* of the storage when it was saved */
    uint32_t kind;      /* agi_saved_kind */
} agi_saved;

/* What a node notes in anomaly mode. */
typedef struct agi_note {
    ag_node *parent;    /* owned: the node whose rule recorded it in a backward, NULL for none */
    char *made;         /* owned: what is NaN or infinite in its result, NULL for nothing */
    uint64_t order;     /* nodes that were recorded later have higher ones */
    int n;
    uint32_t sites[];   /* where the program was, innermost first */
} agi_note;

/* Rare extras of a node. */
typedef struct agi_node_extra {
    ag_tensor *retain;  /* weak: the output, where its gradient is to be kept */
    struct agi_hook_list *hooks;  /* owned, NULL for none */
    struct agi_function *function;  /* owned: of the node of a function */
    agi_note *note;     /* owned, NULL for none */
    void *context;      /* owned: a language binding's, given back by release */
    void (*release)(void *context);
} agi_node_extra;

/* Modes of the process that ops and backwards look at: anomaly mode is on; it is to look for NaN;
 * both; a profile is recorded. */
enum { AGI_ANOMALY_ON = 1, AGI_ANOMALY_CHECKS = 2, AGI_ANOMALY_LOOKS = 4, AGI_PROFILES = 8 };
#define AGI_STACK_MAX 200

/* Attributes of an op that has any: the numbers of its ag_attr. */
typedef struct agi_node_attr {
    double f[3];
    int64_t i[4];
} agi_node_attr;

/* Ops that PyTorch knows under several names: added to a node's variant. */
enum {
    AGI_NAMED_RSUB = 1 << 4,
    AGI_NAMED_MUL = 2 << 4,
    AGI_NAMED_T = 3 << 4,
    AGI_NAMED_UNSAFE_VIEW = 4 << 4,
    AGI_NAMED_ZERO = 5 << 4,
    AGI_NAMED_UNBIND = 6 << 4,
    AGI_NAMED_COPY = 7 << 4,
    AGI_NAMED_SPLIT_WITH_SIZES = 8 << 4,
    AGI_NAMED_SLICE_SCATTER = 9 << 4,
    AGI_NAMED_SELECT_SCATTER = 10 << 4,
    AGI_NAMED_DIAGONAL_SCATTER = 11 << 4,
};

#define AGI_NODE_SHAPES 3  /* inputs whose own shape can be kept, and that all ops but a few have */
#define AGI_NODE_INPUTS UINT16_MAX  /* the most that an op can have */

struct ag_node {
    agi_refs refs;
    uint16_t op;
    uint16_t n_in;
    uint16_t n_ints;
    uint8_t variant;        /* digit of the printed name, + AGI_NAMED_x for another label */
    uint8_t saved_mask : 7; /* AGI_SAVE_ bits of what is kept */
    uint8_t is_packed : 1;  /* some of that is AGI_SAVED_GUARDED, _PACKED or _COUNTED */
    uint8_t n_saved;        /* one for each bit of saved_mask, in order; OUT is the last */
    uint8_t out_ndim;       /* shape of the output in ints[0 .. out_ndim), kept if OUT is saved */
    uint8_t shape_at[AGI_NODE_SHAPES];  /* ints[shape_at[k] - 1]: ndim, then shape of input k,
                               where it differs from the output's; 0 where it does not */
    uint8_t list_at;        /* ints[list_at .. n_ints): the list of the ag_attr */
    uint8_t formula;        /* the formula whose last op this is: printed under its label; else 0 */
    bool has_attr : 1;
    bool detached : 1;      /* detach_() parted what this node made from it */
    bool has_strides : 1;   /* behind the shape of input 0 stand its strides: not row-major; */
    bool out_strided : 1;   /* behind the shape of the output its own, for the same reason */
    bool is_output : 1;     /* one of several results, whose number is ints[0]: see below */
    bool is_wide : 1;       /* its rule takes an agi_vjp_wide */
    bool has_outputs : 1;   /* several results: attr.i[3] of them */
    int32_t slot;           /* the engine's: place in the run that claimed this node */
    uint32_t site;          /* where the program was when it was made (base/site.h), 0: unknown */
    uint32_t number;        /* how many its thread had recorded before it, modulo 2^32; of one of
                               several results the op's */
    _Atomic(void *) run;    /* the engine's: the run that claimed this node; link when dying */
    agi_node_extra *extra;  /* owned, NULL for most */
    agi_edge edges[];       /* n_in edges, n_saved agi_saved, agi_node_attr, n_ints int64 */
};

AGI_INLINE agi_saved *agi_node_saved(const ag_node *n)
{
    return (agi_saved *)(uintptr_t)(n->edges + n->n_in);
}
AGI_INLINE agi_node_attr *agi_node_attr_of(const ag_node *n)
{
    return (agi_node_attr *)(agi_node_saved(n) + n->n_saved);
}
/* Whether this is a function of the embedder's, which has extra->function. */
AGI_INLINE bool agi_node_is_function(const ag_node *n)
{
    return n->op == AGI_OP_FUNCTION && !n->is_output;
}
AGI_INLINE int64_t *agi_node_ints(const ag_node *n)
{
    agi_node_attr *attr = agi_node_attr_of(n);
    return n->has_attr ? (int64_t *)(attr + 1) : (int64_t *)attr;
}

AGI_INLINE int agi_node_list(const ag_node *n, const int64_t **list)
{
    *list = agi_node_ints(n) + n->list_at;
    return n->n_ints - n->list_at;
}
AGI_INLINE int agi_node_outputs(const ag_node *n)
{
    return n->has_outputs ? (int)agi_node_attr_of(n)->i[3] : 1;
}

/* Whether an input has another shape than the output: of an elementwise op, that it is repeated. */
AGI_INLINE bool agi_node_keeps_shapes(const ag_node *n)
{
    return (n->shape_at[0] | n->shape_at[1] | n->shape_at[2]) != 0;
}

/* The op's node of one of its results, else the node itself; and which result that is. */
AGI_INLINE ag_node *agi_node_of_op(ag_node *n)
{
    return n->is_output ? agi_edge_node(n->edges[0]) : n;
}
AGI_INLINE int agi_node_output_number(const ag_node *n)
{
    return n->is_output ? (int)agi_node_ints(n)[0] : 0;
}

/* How many of the AGI_SAVE_ bits are set: the base level has no instruction for it. */
AGI_INLINE unsigned agi_save_count(unsigned mask)
{
    return (unsigned)(UINT64_C(0x4332322132212110) >> 4 * (mask & 15u)) & 15u;
}

#pragma GCC visibility push(hidden)

/* A node for `op` over args; `attr` may be NULL. Owned; NULL on failure. `out` is what was made, or
 * for a write in place what is to be written (then out's storage must not have been bumped yet, and
 * out_bump is 1). */
ag_node *agi_node_new(int op, int variant, int n, const ag_arg *args, const ag_attr *attr,
                      const ag_tensor *out, uint32_t out_bump);

/* A node for a function of the embedder's (taken, if there is a node) with so many results. Owned;
 * NULL on failure. */
ag_node *agi_node_new_function(struct agi_function *function, int n_inputs,
                               ag_tensor *const *inputs, int n_results);

/* The node of result k of the op that `of` recorded. Owned; NULL on failure. */
ag_node *agi_node_new_output(ag_node *of, int k);

void agi_node_release_owned(ag_node *node);  /* agi_node_release as a call */
void agi_node_free(ag_node *node);  /* when the last reference went; iterative */

/* The shape of input k as it was; *ndim < 0 when it is the output's (not kept). Borrowed. */
const int64_t *agi_node_input_shape(const ag_node *node, int k, int *ndim);

/* The strides of input 0 as they were, for the ops of regions (as_strided, strided_scatter); NULL
 * where they were row-major. Borrowed. */
const int64_t *agi_node_input_strides(const ag_node *node);

/* A node's rule failed: adds to the error message where it was recorded, and in anomaly mode tells
 * the embedder. Returns false. */
bool agi_node_explain(ag_node *node);
/* The same where a hook on a leaf has failed, in anomaly mode. */
bool agi_leaf_explain(void);

extern _Atomic uint8_t agi_modes;
void agi_modes_set(unsigned which, unsigned modes);

void agi_edge_release(agi_edge edge);

/* Fills *edge with the owned edge to where t came from (0: needs no gradient). False with an
 * error. */
bool agi_edge_to(ag_tensor *t, agi_edge *edge);

/* What the op of a node is called where it is printed: "Mul" of MulBackward0. */
const char *agi_node_label(const ag_node *node);

ag_node *agi_view_node(ag_tensor *t, bool *failed);

/* Whether a view may be written, or looked at after its base was, where the tape is recorded: not
 * one that was made under no_grad, nor one of several. False with an error, which says in `what`
 * what was written: "is being" or "its base or another view of its base has been". */
bool agi_check_rewritten(const ag_tensor *view, const char *what);

/* Retained gradients. INVARIANT[retained]: the mark of a tensor whose gradient is to be kept is
 * on its present node or nowhere, so that it never outlives the tensor: whoever gives the tensor
 * another node moves the mark. agi_node_prepare makes room for it on the node that will be t's;
 * false if there is no memory. agi_tensor_replace_node takes the node and cannot fail. */
bool agi_node_prepare(ag_node *node, const ag_tensor *t);
void agi_tensor_replace_node(ag_tensor *t, ag_node *node);
void agi_tensor_unmark(ag_tensor *t);

/* Whether input k does not count where the tape is looked at; such inputs get no gradient. */
bool agi_node_hides(const ag_node *node, int k);

agi_node_extra *agi_node_extra_of(ag_node *node);  /* made at first use; NULL if no memory */

#pragma GCC visibility pop

AGI_INLINE unsigned agi_modes_among(unsigned which)
{
    return atomic_load_explicit(&agi_modes, memory_order_relaxed) & which;
}
AGI_INLINE bool agi_anomaly_is_on(void) { return agi_modes_among(AGI_ANOMALY_ON) != 0; }
AGI_INLINE bool agi_anomaly_checks(void) { return agi_modes_among(AGI_ANOMALY_LOOKS) != 0; }

AGI_INLINE ag_node *agi_node_retain(ag_node *n) { agi_refs_inc(&n->refs); return n; }

/* t's node, made anew first if t is a view whose base was written in place since. Owned, NULL for
 * leaves; *failed is set on an error. */
AGI_INLINE ag_node *agi_tensor_node(ag_tensor *t, bool *failed)
{
    if (AGI_UNLIKELY(t->flags & AGI_TENSOR_VIEW))
        return agi_view_node(t, failed);
    return t->node != NULL ? agi_node_retain(t->node) : NULL;
}
AGI_INLINE void agi_node_release(ag_node *n)
{
    if (n != NULL && agi_refs_dec(&n->refs))
        agi_node_free(n);
}

#endif
