/* SPDX-License-Identifier: MIT
 *
 * The table of all ops, and what each of them must have: declared hidden, so that a missing kernel,
 * forward function or rule is a link error of the library.
 */
#ifndef AGI_TABLE_H
#define AGI_TABLE_H

#include "../compute/op.h"

#pragma GCC visibility push(hidden)

extern agi_op_info agi_op_table[AG_OP_COUNT + 1];

#define AGI_DECLARE_MAP(name) extern const agi_kernel agi_##name##_kernels[AGI_LEVELS];
#define AGI_DECLARE_FORWARD(name) \
    ag_tensor *agi_##name##_forward(const ag_arg *args, const ag_attr *attr);
#define AGI_DECLARE_UNARY AGI_DECLARE_MAP
#define AGI_DECLARE_BINARY AGI_DECLARE_MAP
#define AGI_DECLARE_PAIR AGI_DECLARE_MAP
#define AGI_DECLARE_TERNARY AGI_DECLARE_MAP
#define AGI_DECLARE_INNER1 AGI_DECLARE_MAP
#define AGI_DECLARE_INNER AGI_DECLARE_MAP
#define AGI_DECLARE_INNER3 AGI_DECLARE_MAP
#define AGI_DECLARE_UNARY_ATTR AGI_DECLARE_MAP
#define AGI_DECLARE_TERNARY_ATTR AGI_DECLARE_MAP
#define AGI_DECLARE_MASK AGI_DECLARE_MAP
#define AGI_DECLARE_REDUCE AGI_DECLARE_FORWARD
#define AGI_DECLARE_VIEW AGI_DECLARE_FORWARD
#define AGI_DECLARE_MAKE AGI_DECLARE_FORWARD
#define AGI_DECLARE_JOIN AGI_DECLARE_FORWARD
#define AGI_DECLARE_FORMULA AGI_DECLARE_FORWARD
#define AGI_DECLARE_EDIT(name) \
    AGI_DECLARE_FORWARD(name) \
    ag_status agi_##name##_edit(ag_tensor *z, const ag_arg *args, const ag_attr *attr);
#define AGI_DECLARE_SEVERAL(name) \
    ag_status agi_##name##_forward_several(const ag_arg *args, const ag_attr *attr, int n, \
                                           ag_tensor **outs);
#define AGI_DECLARE_REDUCES AGI_DECLARE_SEVERAL
#define AGI_DECLARE_VIEWS AGI_DECLARE_SEVERAL
#define AGI_DECLARE_FORMULAS AGI_DECLARE_SEVERAL
#define AGI_DECLARE_RULE(name) void agi_##name##_rule(agi_vjp *v);
#define AGI_DECLARE_ZERO_GRAD(name)
#define AGI_DECLARE_NO_GRAD(name)
#define AGI_DECLARE_PARTS(name)
ag_tensor *agi_ldexp_shortcut(const ag_arg *args, int64_t numel, bool *done);
#define OP(name, arity, KIND, dtypes, saves, GRAD, label, doc) \
    AGI_DECLARE_##KIND(name) AGI_DECLARE_##GRAD(name)
#include "../include/ops.def"

#pragma GCC visibility pop
#endif
