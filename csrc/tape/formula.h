/* SPDX-License-Identifier: MIT
 *
 * Formulas: ops that are defined once, in the language of rules, out of other ops. What an op with
 * a forward function gets (args, attr) a formula gets too, and gives a value:
 *
 *     AG_FORMULA(hypot) { return v_sqrt(v_add(v_square(args[0]), v_square(args[1]))); }
 *
 * Where its line in ops.def says PARTS, the ops in it are recorded, and their rules are the
 * formula's; the node of the last one is printed under the formula's label. So it must end in an op
 * that makes a new tensor. A part that no gradient goes through is v_constant(part). Where it says
 * RULE, nothing in it is recorded: it is one node, with a rule of its own (AG_RULE).
 */
#ifndef AGI_FORMULA_H
#define AGI_FORMULA_H

#include "rule.h"

typedef ag_arg (*agi_formula)(const ag_arg *args, const ag_attr *attr);
typedef bool (*agi_formulas)(const ag_arg *args, const ag_attr *attr, ag_arg *outs);

#pragma GCC visibility push(hidden)

/* The value of x, which the tape does not know. */
ag_arg agi_constant(ag_arg x);

/* Runs a formula in a scope of its own. The result is owned. */
ag_tensor *agi_formula_run(agi_formula formula, const ag_arg *args, const ag_attr *attr);
ag_status agi_formulas_run(agi_formulas formula, const ag_arg *args, const ag_attr *attr, int n,
                           ag_tensor **outs);

#pragma GCC visibility pop

#define AG_FORMULA(name) \
    static ag_arg name##_formula(const ag_arg *args, const ag_attr *attr); \
    AG_FORWARD(name) { return agi_formula_run(name##_formula, args, attr); } \
    static ag_arg name##_formula(const ag_arg *args, const ag_attr *attr)

/* Of several results, at most AGI_NODE_SHAPES, which it puts into outs; false where one failed. */
#define AG_FORMULAS(name) \
    static bool name##_formula(const ag_arg *args, const ag_attr *attr, ag_arg *outs); \
    AG_FORWARD_SEVERAL(name) { return agi_formulas_run(name##_formula, args, attr, n, outs); } \
    static bool name##_formula(const ag_arg *args, const ag_attr *attr, ag_arg *outs)

AGI_INLINE ag_arg v_constant(ag_arg x) { return agi_constant(x); }

/* ---- verbs with attributes ------------------------------------------------------------------ */

/* op of x over the dimensions of a reduction's attr, which are kept or not. */
AGI_INLINE ag_arg v_reduce(int op, ag_arg x, const ag_attr *attr, bool keepdim)
{
    ag_attr with = *attr;
    with.i[0] = keepdim;
    return agi_value(op, 1, &x, &with);
}

#endif
