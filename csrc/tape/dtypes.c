/* SPDX-License-Identifier: MIT
 *
 * Promotion and refusals, and numbers as another dtype: see dtypes.h.
 */
#include "dtypes.h"

#include <math.h>

#include "../base/status.h"

const char *agi_dtype_name(ag_dtype dtype)
{
    return dtype == AG_FLOAT64 ? "Double" : dtype == AG_INT64 ? "Long" : "Bool";
}

/* ---- refusals ------------------------------------------------------------------------------- */

#define INVERT \
    "If you are trying to invert a mask, use the `~` or `logical_not()` operator instead."

static bool refuse(const agi_op_info *info, unsigned reason, ag_dtype dtype)
{
    switch (reason) {
    case AGI_NO_SUB:
        agi_fail(AG_ERR_VALUE, "Subtraction, the `-` operator, with two bool tensors is not "
                               "supported. Use the `^` or `logical_xor()` operator instead.");
        break;
    case AGI_NO_NEG:
        agi_fail(AG_ERR_VALUE, "Negation, the `-` operator, on a bool tensor is not supported. "
                               INVERT);
        break;
    case AGI_NO_RELU:
        agi_fail(AG_ERR_VALUE, "Boolean inputs not supported for relu");
        break;
    case AGI_NO_MEAN:
        agi_fail(AG_ERR_VALUE, "mean(): could not infer output dtype. Input dtype must be either a "
                               "floating point or complex dtype. Got: %s", agi_dtype_name(dtype));
        break;
    case AGI_NO_NANMEAN:
        agi_fail(AG_ERR_VALUE, "nanmean(): expected input to have floating point or complex dtype "
                               "but got %s", agi_dtype_name(dtype));
        break;
    case AGI_NO_NORM:
        agi_fail(AG_ERR_VALUE, "linalg.vector_norm: Expected a floating point or complex tensor as "
                               "input. Got %s", agi_dtype_name(dtype));
        break;
    case AGI_NO_PLACE:
        agi_fail(AG_ERR_VALUE, "%s(): does not support bool input", info->name);
        break;
    case AGI_NO_COV:
        agi_fail(AG_ERR_VALUE, "cov(): bool dtype is not supported for input");
        break;
    case AGI_NO_STD:
        agi_fail(AG_ERR_VALUE, "%s only support floating point and complex dtypes",
                 info->forward_several != NULL ? info->name : "std and var");
        break;
    default:
        agi_fail(AG_ERR_DTYPE, "\"%s_cpu\" not implemented for '%s'", info->name,
                 agi_dtype_name(dtype));
    }
    return false;
}

static bool check_integers(const char *name, int n, const ag_arg *args)
{
    for (int k = 0; k < n; k++)
        if (args[k].tensor == NULL && !(fabs(args[k].value) <= AGI_INTEGER_MAX) &&
            args[k].dtype != AG_BOOL) {
            agi_fail(AG_ERR_INTEGER, "%s: expected an integer up to 2 ** 53 in size, got %.0f",
                     name, args[k].value);
            return false;
        }
    return true;
}

/* Of operands of which one is bool, whatever they promote to. */
static bool check_difference(const ag_arg *args)
{
    if (agi_arg_dtype(&args[0]) != AG_BOOL && agi_arg_dtype(&args[1]) != AG_BOOL)
        return true;
    agi_fail(AG_ERR_VALUE, "Subtraction, the `-` operator, with a bool tensor is not supported. "
                           INVERT);
    return false;
}

static bool check_condition(const ag_arg *condition)
{
    if (agi_arg_dtype(condition) == AG_BOOL)
        return true;
    agi_fail(AG_ERR_VALUE, "where expected condition to be a boolean tensor, but got a tensor with "
                           "dtype %s", agi_dtype_name(agi_arg_dtype(condition)));
    return false;
}

static bool check_filling_mask(const ag_arg *mask)
{
    if (agi_arg_dtype(mask) == AG_BOOL)
        return true;
    agi_fail(AG_ERR_VALUE, "masked_fill_ only supports boolean masks, but got mask with dtype %s",
             agi_dtype_name(agi_arg_dtype(mask)));
    return false;
}

static bool is_absent(const ag_arg *bound, double value)
{
    return bound->tensor == NULL && bound->value == value;
}

/* Of masks alone: a power whose exponent is a number, 0 or 1; or one bound, which is a tensor. */
static bool check_masks(int op, const ag_arg *args)
{
    const bool is_power = args[0].tensor != NULL && args[1].tensor == NULL;
    const bool has_one_bound =
        op == AG_OP_clamp && ((args[1].tensor != NULL && is_absent(&args[2], HUGE_VAL)) ||
                              (args[2].tensor != NULL && is_absent(&args[1], -HUGE_VAL)));
    if (op == AG_OP_pow ? is_power : has_one_bound)
        return true;
    return refuse(&agi_ops[op], AGI_NO_CPU, AG_BOOL);
}

static bool check_power(const ag_arg *args, ag_dtype promoted)
{
    if (promoted == AG_BOOL)
        return check_masks(AG_OP_pow, args);
    if (promoted == AG_FLOAT64 || args[1].tensor != NULL || args[1].value >= 0.0)
        return true;
    agi_fail(AG_ERR_VALUE, "Integers to negative integer powers are not allowed.");
    return false;
}

/* Whether the tensors among the operands have one dtype; a weight without dimensions is like a
 * number. */
static bool have_one_dtype(int op, int n, const ag_arg *args, int *other)
{
    for (*other = 1; *other < n; ++*other)
        if (args[*other].tensor != NULL &&
            !(op == AG_OP_lerp && *other == 2 && args[2].tensor->ndim == 0) &&
            agi_arg_dtype(&args[*other]) != agi_arg_dtype(&args[0]))
            return false;
    return true;
}

static const char *long_dtype_name(ag_dtype dtype)
{
    return dtype == AG_FLOAT64 ? "double" : dtype == AG_INT64 ? "long int" : "bool";
}

static bool check_one_dtype(int op, int n, const ag_arg *args)
{
    int other;
    if (args[0].tensor == NULL || have_one_dtype(op, n, args, &other))
        return true;
    const ag_dtype first = agi_arg_dtype(&args[0]), second = agi_arg_dtype(&args[other]);
    if (op == AG_OP_heaviside)
        agi_fail(AG_ERR_VALUE, "heaviside is not yet implemented for tensors with different "
                               "dtypes.");
    else if (op == AG_OP_lerp)
        agi_fail(AG_ERR_VALUE, "expected dtype %s for `%s` but got dtype %s",
                 long_dtype_name(first), other == 1 ? "end" : "weight", long_dtype_name(second));
    else if (op == AG_OP_mm)
        agi_fail(AG_ERR_VALUE, "expected m1 and m2 to have the same dtype, but got: %s != %s",
                 long_dtype_name(first), long_dtype_name(second));
    else if (op != AG_OP_isclose)
        agi_fail(AG_ERR_VALUE, "%s: expected operands of the same dtype, but got %s and %s",
                 agi_ops[op].name, agi_dtype_name(first), agi_dtype_name(second));
    else
        agi_fail(AG_ERR_VALUE, "%s did not match %s", agi_dtype_name(first),
                 agi_dtype_name(second));
    return false;
}

static bool check_divided(const ag_arg *args)
{
    if (agi_arg_dtype(&args[1]) == AG_FLOAT64 || agi_arg_dtype(&args[2]) == AG_FLOAT64)
        return true;
    agi_fail(AG_ERR_VALUE, "Integer division with addcdiv is no longer supported, and in a future "
                           "release addcdiv will perform a true division of tensor1 and tensor2. "
                           "Cast one of them to float64 to have that.");
    return false;
}

static bool check_quantile_operands(const ag_arg *args)
{
    if (agi_arg_dtype(&args[0]) != AG_FLOAT64)
        agi_fail(AG_ERR_VALUE, "quantile() input tensor must be either float or double dtype");
    else if (args[1].tensor != NULL && agi_arg_dtype(&args[1]) != AG_FLOAT64)
        agi_fail(AG_ERR_VALUE, "quantile() q tensor must be same dtype as the input tensor");
    else
        return true;
    return false;
}

/* What dtypes alone do not tell. */
static bool check_operands(int op, int n, const ag_arg *args, ag_dtype promoted)
{
    switch (op) {
    case AG_OP_sub:
    case AG_OP_rsub:
        if (!check_difference(args))
            return false;
        break;
    case AG_OP_where:
        if (!check_condition(&args[0]))
            return false;
        break;
    case AG_OP_pow:
        if (!check_power(args, promoted))
            return false;
        break;
    case AG_OP_lerp:
        if (args[2].tensor == NULL && agi_arg_dtype(&args[0]) != AG_FLOAT64)
            return refuse(&agi_ops[op], AGI_NO_CPU, agi_arg_dtype(&args[0]));
        /* fall through */
    case AG_OP_heaviside:
    case AG_OP_isclose:
    case AG_OP_mm:
    case AG_OP_bmm:
    case AG_OP_mv:
    case AG_OP_dot:
    case AG_OP_addmm:
    case AG_OP_baddbmm:
    case AG_OP_addbmm:
    case AG_OP_addmv:
        if (!check_one_dtype(op, n, args))
            return false;
        break;
    case AG_OP_clamp_min:
    case AG_OP_clamp_max:
        if (promoted == AG_BOOL && args[1].tensor == NULL)
            return refuse(&agi_ops[op], AGI_NO_CPU, AG_BOOL);
        break;
    case AG_OP_ldexp:
        if (agi_arg_dtype(&args[0]) == AG_FLOAT64 && args[1].tensor != NULL &&
            agi_arg_dtype(&args[1]) == AG_BOOL)
            return refuse(&agi_ops[op], AGI_NO_CPU, AG_BOOL);
        break;
    case AG_OP_addcdiv:
        if (!check_divided(args))
            return false;
        break;
    case AG_OP_clamp:
        return promoted != AG_BOOL || check_masks(op, args);
    case AG_OP_quantile:
    case AG_OP_nanquantile:
        return check_quantile_operands(args);
    default:
        break;
    }
    return promoted == AG_FLOAT64 || check_integers(agi_ops[op].name, n, args);
}

/* ---- calls ---------------------------------------------------------------------------------- */

static ag_dtype promoted_of(int n, const ag_arg *args)
{
    int32_t promoted = AG_BOOL;
    for (int k = 0; k < n; k++)
        promoted &= agi_arg_dtype(&args[k]);
    return promoted;
}

/* Whether the number is one of its dtype, but for its size. NaN under AG_BOOL is no number at all,
 * but says that a tensor is missing, which no elementwise op takes; an infinite one says that clamp
 * has no such bound. */
static bool is_of_dtype(const agi_op_info *info, const ag_arg *number)
{
    const double value = number->value;
    if (number->dtype == AG_BOOL)
        return value == 0.0 || value == 1.0 || (isnan(value) && !agi_op_is_map(info)) ||
               (isinf(value) && info == &agi_ops[AG_OP_clamp]);
    return number->dtype != AG_INT64 || !isfinite(value) || trunc(value) == value;
}

/* Numbers come with any dtype that a caller writes. */
static bool check_dtypes_of_numbers(const agi_op_info *info, int n, const ag_arg *args)
{
    const char *name = info->name;
    for (int k = 0; k < n; k++) {
        const ag_dtype dtype = agi_arg_dtype(&args[k]);
        if (dtype != AG_FLOAT64 && dtype != AG_INT64 && dtype != AG_BOOL) {
            agi_fail(AG_ERR_VALUE, "%s: expected AG_FLOAT64, AG_INT64 or AG_BOOL as the dtype of a "
                                   "number, got %d", name, (int)dtype);
            return false;
        }
        if (args[k].tensor == NULL && !is_of_dtype(info, &args[k])) {
            agi_fail(AG_ERR_VALUE, "%s: expected a number of its dtype %s, got %g", name,
                     agi_dtype_name(dtype), args[k].value);
            return false;
        }
    }
    return true;
}

/* Of an elementwise op whose result has the dtype of its first operand: numbers that are none of
 * that would become elements of it. */
static bool check_own_numbers(const agi_op_info *info, int n, const ag_arg *args, ag_dtype dtype)
{
    for (int k = 1; k < n && agi_op_is_map(info); k++) {
        ag_arg number = args[k];
        if (number.tensor != NULL)
            continue;
        if (!agi_cast_number(&number, dtype))
            return false;
        if (number.value != args[k].value && dtype != AG_FLOAT64) {
            agi_fail(AG_ERR_VALUE, "%s: expected a number of dtype %s, got %g", info->name,
                     agi_dtype_name(dtype), args[k].value);
            return false;
        }
    }
    return true;
}

bool agi_dtypes_resolve(int op, int n, const ag_arg *args, unsigned *how)
{
    const agi_op_info *info = &agi_ops[op];
    if (!check_dtypes_of_numbers(info, n, args))
        return false;
    const ag_dtype promoted = promoted_of(n, args);
    const unsigned entry = agi_dtypes_entry(info, promoted) & ~(unsigned)AGI_WATCHED;
    if ((entry & AGI_DTYPE_WAYS) == AGI_NO)
        return refuse(info, entry & ~(unsigned)AGI_DTYPE_WAYS, promoted);
    if (entry & AGI_OF_FIRST) {
        *how = (unsigned)agi_arg_dtype(&args[0]);
        return (op != AG_OP_masked_fill || check_filling_mask(&args[1])) &&
               check_own_numbers(info, n, args, (ag_dtype)*how);
    }
    if (!check_operands(op, n, args, promoted))
        return false;
    *how = entry & ~(unsigned)(AGI_CHECKED | AGI_MIXED);
    if ((entry & AGI_DTYPE_WAYS) == AGI_AS)
        *how = entry;
    return true;
}

static bool check_output(ag_dtype to, ag_dtype result)
{
    if ((to & result) == to)
        return true;
    agi_fail(AG_ERR_VALUE, "result type %s can't be cast to the desired output type %s",
             agi_dtype_name(result), agi_dtype_name(to));
    return false;
}

bool agi_dtypes_resolve_write(int *op, int n, const ag_arg *args)
{
    unsigned how;
    const ag_dtype to = agi_dtype_of(args[0].tensor);
    for (;;) {
        if (!agi_dtypes_resolve(*op, n, args, &how)) {
            if (ag_last_status() == AG_ERR_DTYPE)  /* that no kernel is there is the last reason */
                check_output(to, promoted_of(n, args));
            return false;
        }
        if ((how & AGI_DTYPE_WAYS) != AGI_AS)
            return check_output(to, (ag_dtype)how);
        *op = (int)(how & ~(unsigned)AGI_DTYPE_WAYS);
    }
}

/* ---- numbers -------------------------------------------------------------------------------- */

ag_status agi_fail_cast(double value)
{
    return agi_fail(AG_ERR_VALUE, "value cannot be converted to type int64_t without overflow: %g "
                                  "(int64 holds whole numbers up to 2 ** 53)",
                    isnan(value) ? (double)NAN : value);  /* no sign is shown of a NaN */
}

bool agi_cast_number(ag_arg *number, ag_dtype dtype)
{
    double *value = &number->value;
    if (dtype == AG_BOOL)
        *value = *value != 0.0 ? 1.0 : 0.0;
    if (dtype == AG_INT64 && !(fabs(*value) <= AGI_INTEGER_MAX)) {
        if (number->dtype == AG_INT64)
            return check_integers("int64", 1, number);
        agi_fail_cast(*value);
        return false;
    }
    if (dtype == AG_INT64)
        *value = trunc(*value) + 0.0;
    number->dtype = dtype;
    return true;
}

bool agi_dtypes_check_numbers(int op, const ag_attr *attr)
{
    if (attr == NULL || (op != AG_OP_threshold_int && op != AG_OP_hardtanh_int))
        return true;
    for (int k = 0; k < 2; k++) {
        ag_arg number = agi_number(attr->f[k]);
        if (!agi_cast_number(&number, AG_INT64))
            return false;
    }
    return true;
}
