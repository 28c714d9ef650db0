/* SPDX-License-Identifier: MIT
 *
 * Checks of calls by the number of an op: see call_check.h. Messages name the op, what was expected
 * and what came.
 */
#include "call_check.h"

#include <math.h>

#include "../base/check.h"
#include "../base/shape.h"
#include "node.h"

/* What an op takes beside tensors, by its CALL. */
enum { TAKES_NUMBERS = 1, TAKES_DIMS = 2, TAKES_SIZES = 4, TAKES_OPERAND_FIRST = 8 };

#define TAKES_KIND_TENSOR
#define TAKES_KIND_OPERAND
#define TAKES_KIND_NUMBER | TAKES_NUMBERS
#define TAKES_KIND_INT | TAKES_NUMBERS
#define TAKES_KIND_WHOLE | TAKES_NUMBERS
#define TAKES_KIND_DIM | TAKES_NUMBERS
#define TAKES_KIND_FLAG | TAKES_NUMBERS
#define TAKES_KIND_CHOICE | TAKES_NUMBERS
#define TAKES_KIND_DIMS | TAKES_DIMS
#define TAKES_KIND_SIZES | TAKES_SIZES
#define TAKES_KIND_MAYBE
#define TAKES_KIND_REDUCTION | TAKES_NUMBERS
#define TAKES_KIND_AVERAGE
#define TAKES_KIND_DRIVER
#define TAKES_KIND_REDUCE
#define TAKES_KIND_INPLACE
#define TAKES_KIND_INTS | TAKES_SIZES
#define TAKES_KIND_DTYPE
#define TAKES_KIND_REAL
#define TAKES_KIND_DEVICE
#define TAKES_KIND_INTO
#define TAKES_FIRST_TENSOR
#define TAKES_FIRST_OPERAND | TAKES_OPERAND_FIRST
#define TAKES_AT_FIRST(of, KIND, name, default) TAKES_FIRST_##KIND
#define TAKES(of, KIND, name, default) TAKES_KIND_##KIND
#define ROW_OP(cname, parameters) \
    [AG_OP_##cname] = (0 AG_EACH(TAKES_AT_FIRST, TAKES, , parameters)),
#define ROW_C ROW_OP
#define ROW_CHECKED_OP ROW_OP
#define ROW_OWN(cname, parameters)
#define ROW_DONE ROW_OWN
#define ROW_PAIR ROW_OWN
#define ROW_PYTHON ROW_OWN
#define ROW_CHECKED_OWN ROW_OWN
#define ROW_CHECKED_DONE ROW_OWN
static const uint8_t takes[AG_OP_COUNT] = {
#define CALL(name, cname, FORMS, BODY, RESULT, parameters, doc, example) \
    ROW_##BODY(cname, parameters)
#include "../include/ops.def"
};

/* How many arguments must be tensors: the first so many; and ONE_MAYBE for each that may be
 * missing, the number NaN then: the last so many. */
#define ONE_MAYBE 16
#define TENSORS_TENSOR + 1
#define TENSORS_OPERAND
#define TENSORS_SCALAR
#define TENSORS_NUMBER
#define TENSORS_INT
#define TENSORS_INTS
#define TENSORS_WHOLE
#define TENSORS_DIM
#define TENSORS_FLAG
#define TENSORS_CHOICE
#define TENSORS_DIMS
#define TENSORS_SIZES
#define TENSORS_MAYBE + ONE_MAYBE
#define TENSORS_REDUCTION
#define TENSORS_AVERAGE
#define TENSORS_DRIVER
#define TENSORS_REDUCE
#define TENSORS_INPLACE
#define TENSORS_DTYPE
#define TENSORS_REAL
#define TENSORS_DEVICE
#define TENSORS_INTO
#define TENSORS(of, KIND, name, default) TENSORS_##KIND
#define TENSORS_ROW_OP(cname, parameters) \
    [AG_OP_##cname] = (0 AG_EACH(TENSORS, TENSORS, , parameters)),
#define TENSORS_ROW_C TENSORS_ROW_OP
#define TENSORS_ROW_CHECKED_OP TENSORS_ROW_OP
#define TENSORS_ROW_OWN(cname, parameters)
#define TENSORS_ROW_DONE TENSORS_ROW_OWN
#define TENSORS_ROW_PAIR TENSORS_ROW_OWN
#define TENSORS_ROW_PYTHON TENSORS_ROW_OWN
#define TENSORS_ROW_CHECKED_OWN TENSORS_ROW_OWN
#define TENSORS_ROW_CHECKED_DONE TENSORS_ROW_OWN
static const uint8_t tensors_of[AG_OP_COUNT] = {
    [AG_OP_embedding] = 2, [AG_OP_embedding_vjp] = 2, [AG_OP_class_loss] = 2,
    [AG_OP_class_loss_vjp] = 2, [AG_OP_class_entropy] = 2, [AG_OP_class_entropy_vjp] = 3,
    [AG_OP_standardize_vjp] = 2, [AG_OP_standardize_affine] = 3,
    [AG_OP_standardize_affine_vjp] = 3, [AG_OP_triplet_term] = 2, [AG_OP_index] = 2,
    [AG_OP_index_put] = 2, [AG_OP_scatter_extreme] = 3, [AG_OP_masked_scatter] = 3,
    [AG_OP_take_along] = 2, [AG_OP_put_along] = 2, [AG_OP_softmax_rows_vjp] = 2,
    [AG_OP_standardize_channels] = 1 + 2 * ONE_MAYBE,
    [AG_OP_binomial] = 2, [AG_OP_alpha_dropped] = 3, [AG_OP_bmm] = 2, [AG_OP_product_add] = 3,
#define CALL(name, cname, FORMS, BODY, RESULT, parameters, doc, example) \
    TENSORS_ROW_##BODY(cname, parameters)
#include "../include/ops.def"
};

#define ARITY_UNARY(n) n
#define ARITY_BINARY(n) n
#define ARITY_PAIR(n) n
#define ARITY_TERNARY(n) n
#define ARITY_INNER1(n) n
#define ARITY_INNER(n) n
#define ARITY_INNER3(n) n
#define ARITY_TERNARY_ATTR(n) n
#define ARITY_MASK(n) n
#define ARITY_UNARY_ATTR(n) INT8_MIN
#define ARITY_REDUCE(n) INT8_MIN
#define ARITY_VIEW(n) INT8_MIN
#define ARITY_MAKE(n) INT8_MIN
#define ARITY_EDIT(n) INT8_MIN
#define ARITY_JOIN(n) INT8_MIN
#define ARITY_FORMULA(n) INT8_MIN
#define ARITY_REDUCES(n) INT8_MIN
#define ARITY_VIEWS(n) INT8_MIN
#define ARITY_FORMULAS(n) INT8_MIN

const int8_t agi_plain_arity[AG_OP_COUNT] = {
#define OP(name, arity, KIND, dtypes, saves, GRAD, label, doc) ARITY_##KIND(arity),
#include "../include/ops.def"
};

/* ---- attributes ----------------------------------------------------------------------------- */

/* Sizes, and strides behind them. */
static bool check_region_list(const char *op, const ag_attr *attr)
{
    if (!agi_check_count(op, "sizes and strides", attr->n_list, attr->list, 2 * AGI_MAX_DIMS))
        return false;
    if (attr->n_list % 2 == 0)
        return true;
    agi_fail(AG_ERR_SHAPE, "%s: expected as many strides as sizes, got %d numbers in all", op,
             attr->n_list);
    return false;
}

/* The shape of zeros that stand for x. */
static bool check_whole(const char *op, const ag_attr *attr)
{
    return agi_check_list(op, "sizes", attr->n_list, attr->list, false) &&
           agi_shape_numel(op, attr->n_list, attr->list) >= 0;
}

/* The order of a copy of x: none, which is row-major, or that of as many strides as x has. */
static bool check_copy(const char *op, const ag_tensor *x, const ag_attr *attr)
{
    if (!agi_check_count(op, "strides", attr->n_list, attr->list, AGI_MAX_DIMS))
        return false;
    if (attr->n_list == 0 || attr->n_list == x->ndim)
        return agi_check_order(op, attr->n_list, attr->list);
    agi_fail(AG_ERR_SHAPE, "%s: expected 0 or %d strides, got %d", op, x->ndim, attr->n_list);
    return false;
}

/* args were counted. */
static bool check_attr(int op, const char *name, const ag_arg *args, const ag_attr *attr)
{
    if (agi_ops[op].kind == AGI_EDIT && args[0].tensor == NULL)
        return check_whole(name, attr);
    if (takes[op] & (TAKES_DIMS | TAKES_SIZES))
        return agi_check_list(name, takes[op] & TAKES_DIMS ? "dimensions" : "sizes", attr->n_list,
                              attr->list, takes[op] & TAKES_DIMS);
    switch (op) {
    case AG_OP_clone:
        return check_copy(name, args[0].tensor, attr);
    case AG_OP_slice_scatter:
        return args[0].tensor != NULL || check_whole(name, attr);
    case AG_OP_roll:
    case AG_OP_rot90:
        return agi_check_list(name, "numbers", attr->n_list, attr->list, false);
    case AG_OP_as_strided:
    case AG_OP_strided_scatter:
    case AG_OP_strided_gather_vjp:
        return check_region_list(name, attr);
    default:
        return true;
    }
}

/* Ops of functions whose C is written out, and those that rules call. */
static bool is_inner_with_attr(int op)
{
    switch (op) {
    case AG_OP_embedding:
    case AG_OP_embedding_vjp:
    case AG_OP_class_loss:
    case AG_OP_class_loss_vjp:
    case AG_OP_class_entropy:
    case AG_OP_class_entropy_vjp:
    case AG_OP_standardize:
    case AG_OP_standardize_vjp:
    case AG_OP_standardize_affine:
    case AG_OP_standardize_affine_vjp:
    case AG_OP_standardize_channels:
    case AG_OP_product_add:
    case AG_OP_zeta_slope:
    case AG_OP_igamma_slope:
    case AG_OP_betainc_slope:
    case AG_OP_i_over_power:
    case AG_OP_j_over_power:
    case AG_OP_batch_norm:
    case AG_OP_softmax_rows:
    case AG_OP_softmax_rows_vjp:
    case AG_OP_p_norm:
    case AG_OP_take_along:
    case AG_OP_put_along:
    case AG_OP_prod_others:
    case AG_OP_triplet_term:
    case AG_OP_poisson:
    case AG_OP_binomial:
    case AG_OP_gamma_log_draw:
    case AG_OP_hardtanh_int:
    case AG_OP_threshold_int:
    case AG_OP_div_rounded_int:
        return true;
    default:
        return false;
    }
}

/* Of what writes parts of a copy, where zeros of a shape stand for that. */
static bool takes_whole(int op, const ag_arg *args)
{
    return agi_ops[op].kind == AGI_EDIT && args[0].tensor == NULL;
}

static bool takes_attr(int op)
{
    return (takes[op] & ~TAKES_OPERAND_FIRST) != 0 || agi_ops[op].kind == AGI_VIEW ||
           (agi_ops[op].kind == AGI_EDIT && op != AG_OP_masked_scatter) || op == AG_OP_index ||
           agi_ops[op].kind == AGI_JOIN || agi_ops[op].kind == AGI_VIEWS || op == AG_OP_clone ||
           op == AG_OP_slice_scatter || op == AG_OP_strided_scatter ||
           op == AG_OP_strided_gather_vjp || op == AG_OP_roll || op == AG_OP_rot90 ||
           is_inner_with_attr(op);
}

/* ---- calls ---------------------------------------------------------------------------------- */

/* Elementwise ops and sums do, and what writes parts of a copy, for which it stands for a whole of
 * such numbers. Any other argument of any op may be a number. */
static bool takes_number_first(int op)
{
    return agi_op_is_map(&agi_ops[op]) || agi_ops[op].kind == AGI_REDUCE ||
           agi_ops[op].kind == AGI_EDIT || takes[op] & TAKES_OPERAND_FIRST ||
           op == AG_OP_slice_scatter;
}

/* Any number of tensors, as many as there are sizes, along a dimension that they have. */
static bool check_join(ag_op op, int n, const ag_arg *args, const ag_attr *attr)
{
    const char *name = agi_ops[op].name;
    if (n < 1 || n > AGI_NODE_INPUTS) {
        agi_fail(AG_ERR_VALUE, "%s: expected 1 to %d tensors, got %d", name, AGI_NODE_INPUTS, n);
        return false;
    }
    if (!agi_has(name, args, "arguments") || !agi_has(name, attr, "attributes") ||
        !agi_has(name, attr->list, "sizes"))
        return false;
    int most = 0;
    for (int k = 0; k < n; k++) {
        if (!agi_has_tensor(name, args[k].tensor))
            return false;
        most = args[k].tensor->ndim > most ? args[k].tensor->ndim : most;
    }
    most += op == AG_OP_stack;
    if (attr->n_list == n && attr->i[0] >= 0 && attr->i[0] < most)
        return true;
    agi_fail(AG_ERR_VALUE, "%s: expected %d sizes and a dimension from 0 to %d, got %d and %lld",
             name, n, most - 1, attr->n_list, (long long)attr->i[0]);
    return false;
}

static bool check_args(int op, const char *name, int n, const ag_arg *args)
{
    if (n != agi_ops[op].arity) {
        agi_fail(AG_ERR_VALUE, "%s: expected %d arguments, got %d", name, agi_ops[op].arity, n);
        return false;
    }
    if (!agi_has(name, args, "arguments") ||
        !(takes_number_first(op) || agi_has_tensor(name, args[0].tensor)))
        return false;
    for (int k = 1; k < tensors_of[op] % ONE_MAYBE; k++)
        if (!agi_has_tensor(name, args[k].tensor))
            return false;
    for (int k = n - tensors_of[op] / ONE_MAYBE; k < n; k++)
        if (args[k].tensor == NULL && !isnan(args[k].value)) {
            agi_fail(AG_ERR_TYPE, "%s: expected a tensor or NaN, for none, got %g", name,
                     args[k].value);
            return false;
        }
    return true;
}

/* The attributes, where the op takes some. */
static bool check_given_attr(int op, const char *name, const ag_arg *args, const ag_attr *attr)
{
    if ((!takes_attr(op) && !takes_whole(op, args)) || (op == AG_OP_clone && attr == NULL))
        return true;
    return agi_has(name, attr, "attributes") && check_attr(op, name, args, attr);
}

static bool check_op(const char *function, ag_op op)
{
    if ((unsigned)op < AG_OP_COUNT)
        return true;
    agi_fail(AG_ERR_INDEX, "%s: expected an op from 0 to %d, got %d", function, AG_OP_COUNT - 1,
             (int)op);
    return false;
}

bool agi_check_call(ag_op op, int n, const ag_arg *args, const ag_attr *attr)
{
    if (!check_op("apply", op))
        return false;
    const char *name = agi_ops[op].name;
    if (agi_ops[op].kind == AGI_JOIN)
        return check_join(op, n, args, attr);
    if (agi_ops[op].part_of_linalg) {
        agi_fail(AG_ERR_TYPE, "apply: %s is a part of functions of linear algebra, such as "
                              "ag_linalg_solve, which are to be called", name);
        return false;
    }
    if (agi_ops[op].kind > AGI_JOIN) {
        agi_fail(AG_ERR_TYPE, "apply: expected an op with one result, got %s", name);
        return false;
    }
    return check_args((int)op, name, n, args) && check_given_attr((int)op, name, args, attr);
}

/* Of split: the sizes of the list, which are those of the parts of a length. */
static int64_t count_sections(const ag_attr *attr, int64_t length)
{
    if (!agi_check_count("split", "sizes", attr->n_list, attr->list, AGI_NODE_INPUTS))
        return -1;
    bool fits = true;
    for (int k = 0; k < attr->n_list; k++) {
        fits = fits && attr->list[k] >= 0 && attr->list[k] <= length;
        length -= fits ? attr->list[k] : 0;
    }
    if (fits && length == 0)
        return attr->n_list;
    agi_fail(AG_ERR_SHAPE, "split: expected sizes that are not negative and as long together as "
                           "the dimension");
    return -1;
}

/* How many results the op has; -1 with an error. */
static int64_t count_results(ag_op op, const ag_arg *args, const ag_attr *attr)
{
    const ag_tensor *x = args[0].tensor;
    if (agi_ops[op].kind != AGI_VIEWS)
        return 2;
    if (attr->i[0] < 0 || attr->i[0] >= x->ndim) {
        agi_fail(AG_ERR_INDEX, "%s: expected a dimension from 0 to %d, got %lld", agi_ops[op].name,
                 x->ndim - 1, (long long)attr->i[0]);
        return -1;
    }
    const int64_t length = agi_shape_of(x)[attr->i[0]];
    return op == AG_OP_unbind ? length : count_sections(attr, length);
}

bool agi_check_several(ag_op op, int n_args, const ag_arg *args, const ag_attr *attr, int n,
                       ag_tensor **outs)
{
    if (!check_op("apply_several", op))
        return false;
    const char *name = agi_ops[op].name;
    if (agi_ops[op].kind <= AGI_JOIN) {
        agi_fail(AG_ERR_TYPE, "apply_several: expected an op with several results, got %s", name);
        return false;
    }
    if (!check_args((int)op, name, n_args, args) || !agi_has_tensor(name, args[0].tensor) ||
        !check_given_attr((int)op, name, args, attr))
        return false;
    const int64_t count = count_results(op, args, attr);
    if (count < 0)
        return false;
    if (n != count) {
        agi_fail(AG_ERR_VALUE, "%s: expected room for %lld results, got %d", name,
                 (long long)count, n);
        return false;
    }
    return n == 0 || agi_has(name, outs, "memory for the results");
}

bool agi_check_has_form_in_place(ag_op op, ag_op asked)
{
    const agi_op_info *info = &agi_ops[op];
    if (agi_op_is_map(info) || info->kind == AGI_FORMULA || info->kind == AGI_EDIT ||
        op == AG_OP_fill || op == AG_OP_copy || op == AG_OP_tril || op == AG_OP_triu)
        return true;
    agi_fail(AG_ERR_TYPE, "%s_: expected an op with a form in place, got %s", agi_ops[asked].name,
             info->name);
    return false;
}

bool agi_check_write(ag_op op, int n, const ag_arg *args, const ag_attr *attr)
{
    if (!check_op("apply_", op))
        return false;
    const char *name = agi_ops[op].name;
    return agi_check_has_form_in_place(op, op) && check_args((int)op, name, n, args) &&
           agi_has(name, args[0].tensor, "a tensor to write to") &&
           check_given_attr((int)op, name, args, attr);
}
