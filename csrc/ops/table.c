/* SPDX-License-Identifier: MIT
 *
 * ops.def, expanded into the table that everything else reads.
 */
#include "table.h"

#include "../tape/function.h"

#define NONE AGI_SAVE_NONE
#define IN0 AGI_SAVE_IN0
#define IN1 AGI_SAVE_IN1
#define IN2 AGI_SAVE_IN2
#pragma push_macro("OUT")  /* in all.c the language of rules has one too */
#undef OUT
#define OUT AGI_SAVE_OUT
#define FOR AGI_SAVE_FOR
#define BOOL AG_BOOL
#define INT AG_INT64
#define FLOAT AG_FLOAT64
#define AS(op) (AGI_AS | AG_OP_##op)
#define NO(reason) (AGI_NO | AGI_NO_##reason)
#define CHECKED(dtype) (AGI_CHECKED | dtype)
#define MIXED(dtype) (AGI_MIXED | dtype)
#define DTYPES(of_bool, of_int, of_float) \
    {[AG_BOOL] = of_bool, [AG_INT64] = of_int, [AG_FLOAT64] = of_float}
#define FLOATS DTYPES(FLOAT, FLOAT, FLOAT)
#define KEEPS DTYPES(BOOL, INT, FLOAT)
#define TRUTHS DTYPES(BOOL, BOOL, BOOL)
#define FIRST DTYPES(AGI_OF_FIRST, AGI_OF_FIRST, AGI_OF_FIRST | AGI_MIXED | FLOAT)
#define CHECKED_FIRST DTYPES(AGI_OF_FIRST, AGI_OF_FIRST, AGI_CHECKED | AGI_OF_FIRST | FLOAT)
#define INDEXED(types) types, .indexed = true
#define PART_OF_LINALG(types) types, .part_of_linalg = true
#define ADDS_ONTO(types) types, .adds_onto = true
#define SHORTCUT(name, types) types, .shortcut = agi_##name##_shortcut
#define MAP(name) .kernels = agi_##name##_kernels
#define FORWARD(name) .forward = agi_##name##_forward
#define SEVERAL(name) .forward_several = agi_##name##_forward_several
#define WITH_UNARY MAP
#define WITH_BINARY MAP
#define WITH_PAIR MAP
#define WITH_TERNARY MAP
#define WITH_INNER1 MAP
#define WITH_INNER MAP
#define WITH_INNER3 MAP
#define WITH_UNARY_ATTR MAP
#define WITH_TERNARY_ATTR MAP
#define WITH_MASK MAP
#define WITH_REDUCE FORWARD
#define WITH_VIEW FORWARD
#define WITH_MAKE FORWARD
#define WITH_EDIT(name) FORWARD(name), .edit = agi_##name##_edit
#define WITH_JOIN FORWARD
#define WITH_FORMULA(name) FORWARD(name), .formula = AGI_FORMULA_##name
#define WITH_REDUCES SEVERAL
#define WITH_VIEWS SEVERAL
#define WITH_FORMULAS(name) SEVERAL(name), .formula = AGI_FORMULA_##name
#define BY_RULE(name) .rule = agi_##name##_rule
#define BY_ZERO_GRAD(name) .rule = NULL
#define BY_NO_GRAD(name) .rule = NULL
#define BY_PARTS(name) .rule = NULL

/* The numbers of formulas, by which nodes know under whose label they are printed. */
#define NUMBERED_UNARY(name)
#define NUMBERED_BINARY(name)
#define NUMBERED_PAIR(name)
#define NUMBERED_TERNARY(name)
#define NUMBERED_INNER1(name)
#define NUMBERED_INNER(name)
#define NUMBERED_INNER3(name)
#define NUMBERED_UNARY_ATTR(name)
#define NUMBERED_TERNARY_ATTR(name)
#define NUMBERED_MASK(name)
#define NUMBERED_REDUCE(name)
#define NUMBERED_VIEW(name)
#define NUMBERED_MAKE(name)
#define NUMBERED_EDIT(name)
#define NUMBERED_JOIN(name)
#define NUMBERED_REDUCES(name)
#define NUMBERED_VIEWS(name)
#define NUMBERED_FORMULA(name) AGI_FORMULA_##name,
#define NUMBERED_FORMULAS NUMBERED_FORMULA
enum {
    AGI_NO_FORMULA,
#define OP(name, arity, KIND, dtypes, saves, GRAD, label, doc) NUMBERED_##KIND(name)
#include "../include/ops.def"
    AGI_FORMULA_COUNT
};
_Static_assert(AGI_FORMULA_COUNT <= UINT8_MAX, "a node keeps the number of a formula in one byte");

agi_op_info agi_op_table[AG_OP_COUNT + 1] = {
#define OP(opname, n, KIND, types, save, GRAD, text, describe) \
    {.name = #opname, .label = text, .doc = describe, .arity = n, .kind = AGI_##KIND, \
     .grad = AGI_GRAD_##GRAD, .dtypes = types, .saves = save, WITH_##KIND(opname), \
     BY_##GRAD(opname)},
#include "../include/ops.def"
    [AGI_OP_FUNCTION] = {.name = "function", .label = "Function", .kind = AGI_FORMULAS,
                         .grad = AGI_GRAD_RULE, .rule = agi_function_rule},
};

#undef BOOL
#undef INT
#undef FLOAT
#undef AS
#undef NO
#undef CHECKED
#undef MIXED
#undef DTYPES
#undef FLOATS
#undef KEEPS
#undef TRUTHS
#undef FIRST
#undef CHECKED_FIRST
#undef INDEXED
#undef PART_OF_LINALG
#undef ADDS_ONTO
#undef SHORTCUT
#undef NONE
#undef IN0
#undef IN1
#undef IN2
#pragma pop_macro("OUT")
#undef FOR
#undef MAP
#undef FORWARD
#undef SEVERAL

ag_status ag_op_info(ag_op op, const char **name, const char **label, const char **doc, int *arity,
                     const char **kind, const char **grad)
{
    static const char *const kinds[] = {"unary",      "binary",       "pair",  "ternary", "inner",
                                        "inner",      "inner",        "unary_attr",
                                        "ternary_attr", "mask",       "reduce", "view",   "make",
                                        "edit",       "formula",      "join",  "reduces",
                                        "views",      "formulas"};
    static const char *const grads[] = {"rule", "zero_grad", "no_grad", "parts"};
    if ((int)op < 0 || op >= AG_OP_COUNT)
        return agi_fail(AG_ERR_INDEX, "op_info: expected an op below %d, got %d", AG_OP_COUNT,
                        (int)op);
    const agi_op_info *info = &agi_op_table[op];
    if (name != NULL) *name = info->name;
    if (label != NULL) *label = info->label;
    if (doc != NULL) *doc = info->doc;
    if (arity != NULL) *arity = info->arity;
    if (kind != NULL) *kind = kinds[info->kind];
    if (grad != NULL) *grad = grads[info->grad];
    return AG_OK;
}
