/* SPDX-License-Identifier: MIT
 *
 * The language that rules are written in: verbs `v_<op>` over values (tensors or numbers), which
 * belong to the scope that the engine opened and need no release, and pass a failure on. So a rule
 * reads as its formula:
 *
 *     AG_RULE(mul)
 *     {
 *         if (NEEDS(0)) GX(0) = v_mul(G, IN(1));
 *         if (NEEDS(1)) GX(1) = v_mul(G, IN(0));
 *     }
 */
#ifndef AGI_RULE_H
#define AGI_RULE_H

#include "apply.h"

#define G (v->g)
#define GX(k) (v->gx[k])
#define NEEDS(k) ((v->needs & (1u << (k))) != 0)
#define IN(k) agi_vjp_input(v, k)      /* the saved input k, its version checked */
#define OUT agi_vjp_output(v)          /* the saved output, its version checked */
#define NUM(x) agi_number(x)
#define WIDE ((const agi_vjp_wide *)v)  /* of ops with several results, or with many inputs: */
#define GS(k) (WIDE->gs[k])            /* cotangent of result k, the number 0 if none arrived */
#define NEEDS_OF(k) (WIDE->needs[k])

#pragma GCC visibility push(hidden)
ag_arg agi_vjp_input(agi_vjp *v, int k);
ag_arg agi_vjp_output(agi_vjp *v);
/* Errors of values that were saved: written since by somebody, freed by a backward, detached. Of
 * the first the node that saved and that which made the value may be NULL. */
void agi_fail_version(const ag_node *saver, const ag_node *maker, int ndim, const int64_t *shape,
                      const _Atomic uint32_t *counter, uint32_t expected);
void agi_fail_freed(void);
void agi_fail_detached(void);
/* Of hooks that come too late for what was saved: freed, or not the first. */
ag_status agi_fail_hooked(agi_saved_kind kind);

ag_arg agi_repeated(double value, int ndim, const int64_t *shape);  /* in one element of memory */
ag_arg agi_zeros_for(ag_arg g);        /* zeros of the shape of g, likewise */

/* Sums g (a broadcast gradient) to the given shape; a value of the open scope. */
ag_arg agi_sum_to(ag_arg g, int ndim, const int64_t *shape);
/* The same to the shape of input k, whose gradient g is if that was broadcast. */
ag_arg agi_sum_to_input(const agi_vjp *v, int k, ag_arg g);

/* Sum over the dimensions of `mask`, as a value of the open scope. */
ag_arg agi_sum_dims(ag_arg x, uint64_t mask, bool keepdim);

/* Runs the node's rule: each gx[k] that is needed is then a tensor, zeros where the rule left it.
 * False with an error. */
bool agi_vjp_run(agi_vjp *v);

/* What a rule gets of the caller's gradient: that as it is now, since other threads may give it
 * other memory; where the rule is recorded, itself, as it is on the tape. Owned. */
ag_tensor *agi_own_gradient(ag_tensor *gradient, bool recorded);

/* The call of a rule that takes an agi_vjp_wide: room for it (false with an error), with nothing
 * arrived and nothing needed yet; the rule itself, in an open scope; the end. */
bool agi_wide_open(agi_vjp_wide *w, ag_node *node);
bool agi_wide_run(agi_vjp_wide *w);
void agi_wide_close(agi_vjp_wide *w);

/* The end of a public function that is a formula: as agi_scope_leave, of values. */
ag_tensor *agi_leave_with(int64_t mark, ag_arg x);
ag_status agi_leave_with_all(int64_t mark, int n, const ag_arg *values, ag_tensor **outs);

/* Calls op on values, keeps the result in the open scope, passes failures on. */
ag_arg agi_value(int op, int n, const ag_arg *args, const ag_attr *attr);
#pragma GCC visibility pop

AGI_INLINE bool agi_value_failed(ag_arg x) { return x.tensor == &agi_failed; }

#define AGI_VERB_UNARY(name) \
    AGI_UNUSED static ag_arg v_##name(ag_arg x) { return agi_value(AG_OP_##name, 1, &x, NULL); }
#define AGI_VERB_BINARY(name) \
    AGI_UNUSED static ag_arg v_##name(ag_arg x, ag_arg y) \
    { \
        ag_arg args[2] = {x, y}; \
        return agi_value(AG_OP_##name, 2, args, NULL); \
    }
#define AGI_VERB_PAIR AGI_VERB_BINARY
#define AGI_VERB_INNER1 AGI_VERB_UNARY
#define AGI_VERB_INNER AGI_VERB_BINARY
#define AGI_VERB_MASK AGI_VERB_BINARY
#define AGI_VERB_TERNARY(name) \
    AGI_UNUSED static ag_arg v_##name(ag_arg x, ag_arg y, ag_arg z) \
    { \
        ag_arg args[3] = {x, y, z}; \
        return agi_value(AG_OP_##name, 3, args, NULL); \
    }
#define AGI_VERB_INNER3 AGI_VERB_TERNARY
#define AGI_VERB_UNARY_ATTR(name)
#define AGI_VERB_TERNARY_ATTR(name)
#define AGI_VERB_REDUCE(name)
#define AGI_VERB_VIEW(name)
#define AGI_VERB_MAKE(name)
#define AGI_VERB_EDIT(name)
#define AGI_VERB_JOIN(name)
#define AGI_VERB_FORMULA(name)
#define AGI_VERB_REDUCES(name)
#define AGI_VERB_VIEWS(name)
#define AGI_VERB_FORMULAS(name)
#define OP(name, arity, KIND, dtypes, saves, GRAD, label, doc) AGI_VERB_##KIND(name)
#include "../include/ops.def"

/* x in another shape with the same number of elements. */
AGI_INLINE ag_arg v_view(ag_arg x, int ndim, const int64_t *shape)
{
    ag_attr attr = {.n_list = ndim, .list = shape};
    return agi_value(AG_OP_view, 1, &x, &attr);
}

/* x in row-major memory: x itself if it is, else a copy. */
AGI_INLINE ag_arg v_row_major(ag_arg x)
{
    if (agi_value_failed(x) || agi_is_contiguous(x.tensor))
        return x;
    return agi_value(AG_OP_clone, 1, &x, &agi_row_major);
}

AGI_INLINE ag_arg v_expand(ag_arg x, int ndim, const int64_t *shape)
{
    ag_attr attr = {.n_list = ndim, .list = shape};
    return agi_value(AG_OP_expand, 1, &x, &attr);
}

#endif
