/* SPDX-License-Identifier: MIT
 *
 * The contract of an op: what a kernel, a forward function and a rule look like, and the table
 * that holds them. Each op of ops.def has, in ops/<family>.c,
 *   elementwise   AG_KERNEL-made kernels `agi_<op>_kernels[AGI_LEVELS]`
 *   FORMULA       AG_FORMULA(op), or AG_FORMULAS(op) of several results
 *   otherwise     AG_FORWARD(op): checks, makes the output, computes; does not record
 *   SHORTCUT      agi_<op>_shortcut, declared in table.h
 *   EDIT          AG_EDIT(op), of which a forward function is made (indexed.h)
 *   GRAD == RULE  AG_RULE(op)
 * The declarations below are hidden, so that a missing one is a link error of the library.
 */
#ifndef AGI_OP_H
#define AGI_OP_H

#include "../base/config.h"
#include "../base/levels.h"
#include "../tensor/tensor.h"

/* z[i] = op(in[0][i], in[1][i], ...) for i < n. Bit k of `splat` says that in[k] is one value for
 * all i. z may be one of the inputs, but overlaps none otherwise. n is at most AGI_TILE. */
typedef void (*agi_kernel)(double *z, int64_t n, const double *const *in, unsigned splat,
                           const double *f);

typedef ag_tensor *(*agi_forward)(const ag_arg *args, const ag_attr *attr);

/* Changes z, which is args[0] or a copy of it, strided or not: all that can be wrong is found
 * before anything is written. */
typedef ag_status (*agi_edit)(ag_tensor *z, const ag_arg *args, const ag_attr *attr);

/* The same for an op with several results: all n of them, owned, into outs, or none. */
typedef ag_status (*agi_forward_several)(const ag_arg *args, const ag_attr *attr, int n,
                                         ag_tensor **outs);

/* A sooner way to the same bits of an elementwise op, for some operands. It was gone if *done
 * becomes true: then the result, owned, or NULL with the error set. */
typedef ag_tensor *(*agi_shortcut)(const ag_arg *args, int64_t numel, bool *done);

/* The number of a function of the embedder's: not an op that can be called, but the table has a row
 * for it behind all ops. */
enum { AGI_OP_FUNCTION = AG_OP_COUNT };

/* The most arguments that an op with a fixed number of them has; those of more than
 * AGI_NODE_SHAPES (node.h) are formulas whose parts are recorded. */
#define AGI_MOST_ARGS 5

/* What a rule sees and fills. g has the output's shape; gx[k] is to be given in the output's shape
 * too for elementwise ops (the engine sums it to the input's), in the input's for others. A gx[k]
 * that is left a plain number stands for zeros. */
typedef struct agi_vjp {
    ag_node *node;      /* borrowed */
    ag_arg g;
    ag_arg *gx;         /* n_in of them, plain numbers at first */
    unsigned needs;     /* bit k: somebody wants gx[k] */
    bool create_graph;  /* the rule is itself recorded */
    bool owns;          /* what the rule reads: another thread may free the node's saved values */
    bool is_patched;    /* the rule's answer where there is a patch: it became that of input 0 */
    ag_tensor **unpacked;  /* of a node that is_packed: what it saved, in order, NULL for what hooks
                           have no part in. Entries belong to the open scope */
    struct agi_patch *patch;  /* NULL, or the cotangent as a patch (patch.h), without g if it is not
                           whole: the rule may make it that of input 0, which is needed. If it does
                           not, it does nothing, and is called again without */
    ag_tensor *const *onto;  /* NULL, or for each input what has arrived of its cotangent, which the
                           sweep alone owns, NULL where there is none such: in place of giving gx[k]
                           the rule may add to that, and then clears bit k of needs */
} agi_vjp;

/* The same where an op has several results, or more than AGI_NODE_SHAPES inputs: its rule gets an
 * agi_vjp that is the head of this. v.needs is not set then, and v.g where there is one result. */
typedef struct agi_vjp_wide {
    agi_vjp v;
    ag_arg *gs;         /* cotangents of the results; plain numbers, 0, where none arrived */
    bool *needs;        /* of each input */
} agi_vjp_wide;

typedef void (*agi_rule)(agi_vjp *v);

typedef enum agi_kind {
    AGI_UNARY, AGI_BINARY, AGI_PAIR, AGI_TERNARY, AGI_INNER1, AGI_INNER, AGI_INNER3, AGI_UNARY_ATTR,
    AGI_TERNARY_ATTR,
    AGI_MASK,  /* the last that is elementwise */
    AGI_REDUCE, AGI_VIEW, AGI_MAKE, AGI_EDIT, AGI_FORMULA,
    AGI_JOIN,   /* of any number of inputs; the last with one result */
    AGI_REDUCES, AGI_VIEWS, AGI_FORMULAS,
} agi_kind;

/* What a rule reads: four bits for each input whose gradient is wanted. */
enum { AGI_SAVE_NONE = 0, AGI_SAVE_IN0 = 1, AGI_SAVE_IN1 = 2, AGI_SAVE_IN2 = 4, AGI_SAVE_OUT = 8 };
#define AGI_SAVE_FOR(k, mask) ((mask) << (4 * (k)))
enum { AGI_GRAD_RULE, AGI_GRAD_ZERO_GRAD, AGI_GRAD_NO_GRAD, AGI_GRAD_PARTS };

/* What an op does with operands of a promoted dtype: its result's dtype; or the number of another
 * op that stands for it, with AGI_AS; or why it takes none such, with AGI_NO. AGI_CHECKED with a
 * dtype: the operands are looked at even where all are float64. AGI_MIXED with float64: a formula
 * that takes operands of other dtypes as they are. AGI_OF_FIRST: the dtype of the first operand,
 * whatever the others have (an index). AGI_WATCHED, with float64 alone: set while a profile is
 * recorded (tape/noted.h). */
enum { AGI_DTYPES = AG_BOOL + 1, AGI_OF_FIRST = 1 << 11, AGI_CHECKED = 1 << 12, AGI_AS = 2 << 12,
       AGI_NO = 3 << 12, AGI_DTYPE_WAYS = 3 << 12, AGI_MIXED = 1 << 14, AGI_WATCHED = 1 << 15 };
enum { AGI_NO_CPU, AGI_NO_SUB, AGI_NO_NEG, AGI_NO_RELU, AGI_NO_MEAN, AGI_NO_STD, AGI_NO_NANMEAN,
       AGI_NO_NORM, AGI_NO_COV, AGI_NO_PLACE };

typedef struct agi_op_info {
    const char *name, *label, *doc;
    uint8_t arity, kind, grad;
    uint8_t formula;            /* its number, from 1 on; 0 of other ops */
    uint16_t dtypes[AGI_DTYPES];  /* by the promoted dtype of the operands: see below */
    uint16_t saves;             /* AGI_SAVE_FOR */
    bool part_of_linalg;        /* functions that check what it is given call it, and nobody else */
    bool adds_onto;             /* its rule may add products to what is there (agi_vjp.onto) */
    bool indexed;               /* results behind the first are int64 numbers, which no gradient
                                   reaches; what a rule finds as OUT is the second result */
    const agi_kernel *kernels;  /* one for each CPU level, or NULL */
    agi_forward forward;        /* or NULL for elementwise ops and those with several results */
    agi_forward_several forward_several;  /* or NULL */
    agi_edit edit;              /* or NULL */
    agi_shortcut shortcut;      /* or NULL */
    agi_rule rule;              /* or NULL */
} agi_op_info;

#define AGI_RADIANS_OF_DEGREE 0x1.1df46a2529d39p-6
#define AGI_DEGREES_OF_RADIAN 0x1.ca5dc1a63c1f8p+5

#pragma GCC visibility push(hidden)

extern const agi_op_info *agi_ops;  /* by ag_op; start.c sets it */
extern agi_op_info *agi_op_rows;    /* the same, for who sets AGI_WATCHED */

#pragma GCC visibility pop

AGI_INLINE bool agi_op_is_map(const agi_op_info *info) { return info->kind <= AGI_MASK; }

AGI_INLINE ag_arg agi_arg(ag_tensor *t) { return (ag_arg){.tensor = t, .value = 0.0}; }
AGI_INLINE ag_arg agi_number(double value) { return (ag_arg){.tensor = NULL, .value = value}; }
AGI_INLINE ag_arg agi_number_of(double value, ag_dtype dtype)
{
    return (ag_arg){.tensor = NULL, .value = value, .dtype = dtype};
}

#define AG_RULE(name) void agi_##name##_rule(agi_vjp *v)
#define AG_FORWARD_SEVERAL(name) \
    ag_status agi_##name##_forward_several(const ag_arg *args, const ag_attr *attr, int n, \
                                           ag_tensor **outs)
#define AG_FORWARD(name) ag_tensor *agi_##name##_forward(const ag_arg *args, const ag_attr *attr)

#endif
