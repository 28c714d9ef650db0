/* SPDX-License-Identifier: MIT
 *
 * The public functions called wrongly: ops and flags that there are not, wrong counts, lists, sizes,
 * dimensions, strides and regions, scopes closed twice, anything at random. Each call must fail as
 * the header says, with a message, and change nothing; none may crash. Prints what does not hold and
 * exits 1.
 */
#include "misuse.h"

/* ---- ops by their number -------------------------------------------------------------------- */

static const int no_ops[] = {-1, AG_OP_COUNT, AG_OP_COUNT + 1, 1000000, INT_MAX, INT_MIN};

static void test_ops_that_there_are_not(void)
{
    const ag_arg args[3] = {ag_operand(y), ag_operand(y), ag_operand(y)};
    const ag_attr attr = {.i = {0, 1, 1, 1}};
    for (int i = 0; i < COUNT(no_ops); i++) {
        const ag_op op = (ag_op)no_ops[i];
        for (int n = -1; n <= 3; n++) {
            GIVES_CODE(NULL, ag_apply(op, n, args, &attr));
            GIVES_CODE(AG_ERR_INDEX, ag_apply_(op, n, args, &attr));
        }
        GIVES_CODE(AG_ERR_INDEX, ag_op_info(op, NULL, NULL, NULL, NULL, NULL, NULL));
    }
    for (int op = 0; op < AG_OP_COUNT; op++)
        CHECK(ag_op_info((ag_op)op, NULL, NULL, NULL, NULL, NULL, NULL) == AG_OK);
}

/* How many of the parameters of an op are neither tensors nor Python's alone. */
#define ATTRS_TENSOR
#define ATTRS_TENSORS
#define ATTRS_OPERAND
#define ATTRS_MAYBE
#define ATTRS_NUMBER + 1
#define ATTRS_INT + 1
#define ATTRS_WHOLE + 1
#define ATTRS_DIM + 1
#define ATTRS_FLAG + 1
#define ATTRS_CHOICE + 1
#define ATTRS_REDUCTION + 1
#define ATTRS_DIMS + 1
#define ATTRS_SIZES + 1
#define ATTRS_INTS + 1
#define ATTRS_AVERAGE
#define ATTRS_DRIVER
#define ATTRS_REDUCE
#define ATTRS_INPLACE
#define ATTRS_DTYPE
#define ATTRS_REAL
#define ATTRS_DEVICE
#define ATTRS_INTO
#define ATTRS(of, KIND, name, default) ATTRS_##KIND
#define ATTRS_OF_OP(cname, parameters) [AG_OP_##cname] = 0 AG_EACH(ATTRS, ATTRS, , parameters),
#define ATTRS_OF_C ATTRS_OF_OP
#define ATTRS_OF_CHECKED_OP ATTRS_OF_OP
#define ATTRS_OF_OWN(cname, parameters)
#define ATTRS_OF_CHECKED_OWN ATTRS_OF_OWN
#define ATTRS_OF_DONE ATTRS_OF_OWN
#define ATTRS_OF_CHECKED_DONE ATTRS_OF_OWN
#define ATTRS_OF_PYTHON ATTRS_OF_OWN
#define ATTRS_OF_PAIR ATTRS_OF_OWN
static const int attributes_of[AG_OP_COUNT] = {
#define CALL(name, cname, FORMS, BODY, RESULT, parameters, doc, example) \
    ATTRS_OF_##BODY(cname, parameters)
#include <ops.def>
};

static bool takes_attributes(int op, const char *kind)
{
    return attributes_of[op] > 0 || strcmp(kind, "view") == 0 || op == AG_OP_slice_scatter ||
           op == AG_OP_strided_scatter || op == AG_OP_strided_gather_vjp;
}

static bool has_form_in_place(int op)
{
    const char *kind;
    ag_op_info((ag_op)op, NULL, NULL, NULL, NULL, &kind, NULL);
    return op == AG_OP_fill || op == AG_OP_copy || op == AG_OP_tril || op == AG_OP_triu ||
           (strcmp(kind, "reduce") != 0 && strcmp(kind, "view") != 0 &&
            strcmp(kind, "make") != 0 && strcmp(kind, "join") != 0 &&
            strcmp(kind, "reduces") != 0 && strcmp(kind, "views") != 0);
}

static void test_wrong_counts(void)
{
    const ag_arg args[4] = {ag_operand(y), ag_operand(y), ag_operand(y), ag_operand(y)};
    const ag_attr attr = {.n_list = 0};
    static const int counts[] = {INT_MIN, -1, 0, 1, 2, 3, 4, INT_MAX};
    for (int op = 0; op < AG_OP_COUNT; op++) {
        int arity;
        ag_op_info((ag_op)op, NULL, NULL, NULL, &arity, NULL, NULL);
        for (int i = 0; i < COUNT(counts); i++) {
            if (counts[i] == arity)
                continue;
            GIVES_NULL(ag_apply((ag_op)op, counts[i], args, &attr));
            GIVES_ERROR(ag_apply_((ag_op)op, counts[i], args, &attr));
        }
        GIVES_NULL(ag_apply((ag_op)op, arity, NULL, &attr));
        GIVES_ERROR(ag_apply_((ag_op)op, arity, NULL, &attr));
    }
}

static void test_missing_arguments(void)
{
    ag_tensor *plain = ag_ones(2, LIST(2, 3));
    const ag_attr attr = {.i = {0, 1, 1, 1}};
    for (int op = 0; op < AG_OP_COUNT; op++) {
        ag_arg tensors[5], numbers[5];
        const char *kind;
        int arity;
        for (int k = 0; k < 5; k++) {
            tensors[k] = ag_operand(plain);
            numbers[k] = ag_number(1.0);
        }
        ag_op_info((ag_op)op, NULL, NULL, NULL, &arity, &kind, NULL);
        if (takes_attributes(op, kind))
            GIVES_NULL(ag_apply((ag_op)op, arity, tensors, NULL));
        if (strcmp(kind, "view") == 0 || strcmp(kind, "make") == 0)
            GIVES_NULL(ag_apply((ag_op)op, arity, numbers, &attr));
        GIVES_ERROR(ag_apply_((ag_op)op, arity, numbers, &attr));
        if (!has_form_in_place(op))
            GIVES_CODE(AG_ERR_TYPE, ag_apply_((ag_op)op, arity, tensors, &attr));
    }
    GIVES_ERROR(ag_apply_(AG_OP_softplus, 1, (ag_arg[]){ag_operand(plain)}, NULL));
    CHECK(ag_tensor_version(plain) == 0);
}

static void test_several_results(void)
{
    const ag_arg args[] = {ag_operand(x), ag_operand(x)}, number = ag_number(1.0);
    const ag_arg vector = ag_operand(ag_zeros(0, NULL));
    const ag_attr rows = {.i = {0}}, beyond = {.i = {2}}, below = {.i = {-1}};
    const ag_attr no_list = {.n_list = 2}, long_list = {.n_list = 99, .list = LIST(0)};
    ag_tensor *outs[3] = {NULL};
    for (int i = 0; i < COUNT(no_ops); i++)
        GIVES_ERROR(ag_apply_several((ag_op)no_ops[i], 1, args, &rows, 2, outs));
    GIVES_CODE(AG_ERR_TYPE, ag_apply_several(AG_OP_exp, 1, args, &rows, 1, outs));
    GIVES_CODE(AG_ERR_TYPE, ag_apply_several(AG_OP_cat, 1, args, &rows, 1, outs));
    GIVES_NULL(ag_apply(AG_OP_unbind, 1, args, &rows));
    for (int n = -1; n <= 3; n++) {
        if (n != 2) {
            GIVES_ERROR(ag_apply_several(AG_OP_unbind, 1, args, &rows, n, outs));
            GIVES_ERROR(ag_apply_several(AG_OP_var_mean, 1, args, &(ag_attr){.n_list = -1}, n, outs));
        }
        if (n != 1)
            GIVES_ERROR(ag_apply_several(AG_OP_unbind, n, args, &rows, 2, outs));
    }
    GIVES_ERROR(ag_apply_several(AG_OP_unbind, 1, NULL, &rows, 2, outs));
    GIVES_ERROR(ag_apply_several(AG_OP_unbind, 1, &number, &rows, 2, outs));
    GIVES_ERROR(ag_apply_several(AG_OP_var_mean, 1, &number, &rows, 2, outs));
    GIVES_ERROR(ag_apply_several(AG_OP_unbind, 1, args, NULL, 2, outs));
    GIVES_ERROR(ag_apply_several(AG_OP_unbind, 1, args, &rows, 2, NULL));
    GIVES_ERROR(ag_apply_several(AG_OP_unbind, 1, args, &beyond, 2, outs));
    GIVES_ERROR(ag_apply_several(AG_OP_unbind, 1, args, &below, 2, outs));
    GIVES_ERROR(ag_apply_several(AG_OP_unbind, 1, &vector, &rows, 2, outs));
    GIVES_ERROR(ag_apply_several(AG_OP_var_mean, 1, args, &no_list, 2, outs));
    GIVES_ERROR(ag_apply_several(AG_OP_var_mean, 1, args, &long_list, 2, outs));
    GIVES_ERROR(ag_unbind(NULL, 0, 2, outs));
    GIVES_ERROR(ag_unbind(x, 2, 2, outs));
    GIVES_ERROR(ag_unbind(x, 0, 3, outs));
    GIVES_ERROR(ag_unbind(x, 0, 2, NULL));
    GIVES_ERROR(ag_var_mean(NULL, -1, NULL, 1.0, false, outs));
    GIVES_ERROR(ag_var_mean(x, 2, NULL, 1.0, false, outs));
    GIVES_ERROR(ag_var_mean(x, -1, NULL, 1.0, false, NULL));
    CHECK(outs[0] == NULL && outs[1] == NULL && outs[2] == NULL);
}

static void test_joins(void)
{
    ag_tensor *tensors[] = {x, x}, *gap[] = {x, NULL};
    const ag_arg args[] = {ag_operand(x), ag_operand(x)};
    const ag_arg numbers[] = {ag_operand(x), ag_number(1.0)};
    const ag_attr right = {.n_list = 2, .list = LIST(2, 2)};
    const ag_attr wrong[] = {{.n_list = 2}, {.n_list = 1, .list = LIST(2)},
                             {.n_list = 2, .list = LIST(2, 3)},
                             {.i = {2}, .n_list = 2, .list = LIST(2, 2)},
                             {.i = {-1}, .n_list = 2, .list = LIST(2, 2)}};
    static const int counts[] = {INT_MIN, -1, 0, INT_MAX};
    for (int i = 0; i < COUNT(counts); i++) {
        GIVES_NULL(ag_cat(counts[i], tensors, 0));
        GIVES_NULL(ag_apply(AG_OP_cat, counts[i], args, &right));
    }
    for (int i = 0; i < COUNT(wrong); i++)
        GIVES_NULL(ag_apply(AG_OP_cat, 2, args, &wrong[i]));
    GIVES_NULL(ag_apply(AG_OP_cat, 2, numbers, &right));
    GIVES_NULL(ag_apply(AG_OP_cat, 2, NULL, &right));
    GIVES_NULL(ag_apply(AG_OP_cat, 2, args, NULL));
    GIVES_NULL(ag_cat(2, NULL, 0));
    GIVES_NULL(ag_cat(2, gap, 0));
    GIVES_NULL(ag_cat(2, tensors, 2));
    CHECK(ag_numel(ag_apply(AG_OP_cat, 2, args, &right)) == 12);
}

static void test_slopes(void)
{
    GIVES_NULL(ag_gradient_along(NULL, NULL, 1.0, 0, 1));
    GIVES_NULL(ag_gradient_along(x, NULL, 1.0, 2, 1));
    GIVES_NULL(ag_gradient_along(x, NULL, 1.0, 0, 3));
    GIVES_NULL(ag_gradient_along(x, NULL, 1.0, 0, 2));
    GIVES_NULL(ag_gradient_along(x, x, 1.0, 0, 1));
    ag_tensor *outs[3];
    GIVES_ERROR(ag_unique(NULL, 0, outs));
    GIVES_ERROR(ag_unique(x, 2, outs));
    GIVES_ERROR(ag_unique(x, 0, NULL));
    GIVES_ERROR(ag_unique_consecutive(NULL, 0, outs));
    GIVES_ERROR(ag_unique_consecutive(x, -3, outs));
    GIVES_ERROR(ag_unique_consecutive(x, 0, NULL));
}

static void test_histograms(void)
{
    ag_tensor *outs[2];
    GIVES_ERROR(ag_histogram(NULL, 2, 0.0, 1.0, NULL, false, outs));
    GIVES_ERROR(ag_histogram(x, 2, 0.0, 1.0, NULL, false, NULL));
    GIVES_ERROR(ag_histogram(x, 0, 0.0, 1.0, NULL, false, outs));
    GIVES_ERROR(ag_histogram(x, INT64_MAX, 0.0, 1.0, NULL, false, outs));
    GIVES_ERROR(ag_histogram(x, BIG, 0.0, 1.0, NULL, false, outs));
    GIVES_ERROR(ag_histogram(x, 2, 1.0, 0.0, NULL, false, outs));
    GIVES_ERROR(ag_histogram(x, 2, 0.0, INFINITY, NULL, false, outs));
    GIVES_ERROR(ag_histogram(x, 2, 0.0, NAN, NULL, false, outs));
    GIVES_ERROR(ag_histogram(x, 2, 0.0, 1.0, misfit, false, outs));
    GIVES_ERROR(ag_histogram_between(NULL, x, NULL, false, outs));
    GIVES_ERROR(ag_histogram_between(x, NULL, NULL, false, outs));
    GIVES_ERROR(ag_histogram_between(x, x, NULL, false, outs));
    GIVES_ERROR(ag_histogram_between(x, misfit, NULL, false, outs));
    GIVES_ERROR(ag_histogram_between(x, x, NULL, false, NULL));
    GIVES_NULL(ag_gumbel_softmax(NULL, 1.0, false, 0));
    GIVES_NULL(ag_gumbel_softmax(x, 1.0, true, 2));
    GIVES_NULL(ag_gumbel_softmax(misfit, 1.0, false, 0));
}

/* All three functions, of a tensor that requires no gradient. */
static void refuse_indices(ag_tensor *t, int n, ag_tensor *const *indices)
{
    GIVES_NULL(ag_index(t, n, indices));
    GIVES_NULL(ag_index_put(t, n, indices, ag_number(1.0), false));
    GIVES_ERROR(ag_index_put_(t, n, indices, ag_number(1.0), true));
}

#define INDICES(...) ((ag_tensor *const[]){__VA_ARGS__})

static void test_indices(void)
{
    ag_tensor *t = ag_ones(2, LIST(2, 3)), *first = ag_from_int64(LIST(0, 1), 1, LIST(2));
    ag_tensor *three = ag_from_int64(LIST(0, 1, 1), 1, LIST(3)), *mask = ag_gt(t, t);
    ag_tensor *truth = ag_from_bool((const bool[]){true}, 0, NULL), *many[AG_MAX_DIMS + 1];
    for (int k = 0; k <= AG_MAX_DIMS; k++)
        many[k] = truth;
    static const int64_t beyond[] = {2, -3, MOST - 1, 1 - MOST};
    refuse_indices(NULL, 1, INDICES(first));
    refuse_indices(t, 1, NULL);
    refuse_indices(t, 0, INDICES(first));
    refuse_indices(t, -1, INDICES(first));
    refuse_indices(t, INT_MIN, INDICES(first));
    refuse_indices(t, AG_MAX_DIMS + 1, many);
    refuse_indices(t, 2, INDICES(NULL, NULL));
    refuse_indices(t, 1, INDICES(t));
    refuse_indices(t, 3, INDICES(first, first, first));
    refuse_indices(t, 3, INDICES(first, first, NULL));
    refuse_indices(t, 2, INDICES(mask, first));
    refuse_indices(t, 2, INDICES(first, three));
    refuse_indices(t, 1, INDICES(ag_t(mask)));
    for (int k = 0; k < COUNT(beyond); k++) {
        refuse_indices(t, 1, INDICES(ag_from_int64(&beyond[k], 0, NULL)));
        const int64_t further = beyond[k] + (beyond[k] < 0 ? -1 : 1);
        refuse_indices(t, 2, INDICES(first, ag_from_int64(LIST(0, further), 1, LIST(2))));
    }
    GIVES_NULL(ag_index_put(t, 1, INDICES(first), ag_operand(ag_ones(1, LIST(2))), false));
    GIVES_NULL(ag_index_put(t, 1, INDICES(first), ag_operand(mask), true));
    GIVES_ERROR(ag_index_put_(t, 1, INDICES(first), ag_operand(ag_ones(1, LIST(2))), false));
    GIVES_ERROR(ag_index_put_(x, 1, INDICES(first), ag_number(1.0), false));
    GIVES_ERROR(ag_index_put_(ag_expand(t, 3, LIST(2, 2, 3)), 1, INDICES(first), ag_number(1.0),
                              false));
    GIVES_NULL(ag_argwhere(NULL));
    GIVES_NULL(ag_take_along_dim(t, NULL, AG_NO_DIM));
    GIVES_NULL(ag_take_along_dim(t, t, AG_NO_DIM));
    GIVES_NULL(ag_take_along_dim(t, ag_from_int64(LIST(6), 0, NULL), AG_NO_DIM));
    GIVES_NULL(ag_take_along_dim(t, first, 0));
    GIVES_NULL(ag_take_along_dim(t, ag_view(first, 2, LIST(2, 1)), 2));
    CHECK(ag_tensor_version(t) == 0 && ag_data(t)[0] == 1.0);
    ag_clear_error();
    CHECK(ag_numel(ag_index(t, AG_MAX_DIMS, many)) == 6);
    CHECK(ag_numel(ag_take_along_dim(t, ag_from_int64(LIST(5), 0, NULL), AG_NO_DIM)) == 1);
    CHECK(ag_numel(ag_argwhere(t)) == 12 && ag_last_status() == AG_OK);
}

static void refuse_attr(ag_op op, ag_attr attr)
{
    const ag_arg args[] = {ag_operand(y), ag_operand(y)};
    int arity;
    ag_op_info(op, NULL, NULL, NULL, &arity, NULL, NULL);
    GIVES_NULL(ag_apply(op, arity, args, &attr));
}

static void test_wrong_attributes(void)
{
    static const ag_op with_list[] = {AG_OP_view, AG_OP_expand, AG_OP_permute, AG_OP_sum,
                                      AG_OP_mean, AG_OP_amax, AG_OP_amin, AG_OP_squeeze,
                                      AG_OP_as_strided, AG_OP_strided_scatter,
                                      AG_OP_strided_gather_vjp};
    int64_t many[2 * AG_MAX_DIMS + 2];
    for (int i = 0; i < COUNT(many); i++)
        many[i] = 1;
    for (int i = 0; i < COUNT(with_list); i++) {
        const bool negative_is_all = i >= 3 && i <= 7;
        refuse_attr(with_list[i], (ag_attr){.n_list = 1, .list = NULL});
        refuse_attr(with_list[i], (ag_attr){.n_list = 2, .list = NULL});
        refuse_attr(with_list[i], (ag_attr){.n_list = COUNT(many), .list = many});
        refuse_attr(with_list[i], (ag_attr){.n_list = INT_MAX, .list = many});
        if (!negative_is_all) {
            refuse_attr(with_list[i], (ag_attr){.n_list = -1, .list = many});
            refuse_attr(with_list[i], (ag_attr){.n_list = INT_MIN, .list = many});
        }
    }
    refuse_attr(AG_OP_clone, (ag_attr){.n_list = 2, .list = NULL});
    refuse_attr(AG_OP_clone, (ag_attr){.n_list = 1, .list = many});
    refuse_attr(AG_OP_clone, (ag_attr){.n_list = -1, .list = many});
    refuse_attr(AG_OP_clone, (ag_attr){.n_list = INT_MAX, .list = many});
    refuse_attr(AG_OP_clone, (ag_attr){.n_list = 2, .list = LIST(1, -1)});
    refuse_attr(AG_OP_as_strided, (ag_attr){.n_list = 3, .list = many});
    refuse_attr(AG_OP_strided_scatter, (ag_attr){.n_list = 3, .list = many});
    refuse_attr(AG_OP_strided_gather_vjp, (ag_attr){.n_list = 1, .i = {0, 6}, .list = many});
    refuse_attr(AG_OP_strided_gather_vjp, (ag_attr){.i = {0, -1}});
    refuse_attr(AG_OP_strided_gather_vjp, (ag_attr){.i = {0, BIG}});
    const ag_arg zeros[] = {ag_number(0.0), ag_operand(y)};
    const ag_attr wholes[] = {
        {.i = {0, 0, 2, 1}, .n_list = -1, .list = many},
        {.i = {0, 0, 2, 1}, .n_list = 2, .list = NULL},
        {.i = {0, 0, 2, 1}, .n_list = AG_MAX_DIMS + 1, .list = many},
        {.i = {0, 0, 2, 1}, .n_list = 2, .list = LIST(2, -3)},
        {.i = {0, 0, 2, 1}, .n_list = 2, .list = LIST(BIG, BIG)},
        {.i = {0, 0, 2, 1}, .n_list = 0},
    };
    for (int i = 0; i < COUNT(wholes); i++)
        GIVES_NULL(ag_apply(AG_OP_slice_scatter, 2, zeros, &wholes[i]));
}

/* ---- sizes, dimensions, regions ------------------------------------------------------------- */

static void refuse_shape(int ndim, const int64_t *shape)
{
    double memory[1] = {0};
    GIVES_NULL(ag_empty(ndim, shape));
    GIVES_NULL(ag_full(ndim, shape, 1.0));
    GIVES_NULL(ag_zeros(ndim, shape));
    GIVES_NULL(ag_ones(ndim, shape));
    GIVES_NULL(ag_rand(ndim, shape, NULL));
    GIVES_NULL(ag_randn(ndim, shape, NULL));
    GIVES_NULL(ag_normal_of_size(0.0, 1.0, ndim, shape, NULL));
    GIVES_NULL(ag_empty_in_order(ndim, shape, NULL));
    GIVES_NULL(ag_empty_in_order(ndim, shape, shape));
    GIVES_NULL(ag_from_data(memory, ndim, shape));
    GIVES_NULL(ag_from_memory(memory, ndim, shape, NULL, false, NULL, NULL));
}

static void test_wrong_shapes(void)
{
    int64_t many[AG_MAX_DIMS + 1];
    for (int d = 0; d <= AG_MAX_DIMS; d++)
        many[d] = 1;
    refuse_shape(-1, many);
    refuse_shape(INT_MIN, many);
    refuse_shape(AG_MAX_DIMS + 1, many);
    refuse_shape(INT_MAX, many);
    refuse_shape(1, LIST(-1));
    refuse_shape(2, LIST(3, INT64_MIN));
    refuse_shape(1, LIST(INT64_MAX));
    refuse_shape(1, LIST(INT64_MAX / 8 + 1));
    refuse_shape(2, LIST(BIG, 2));
    refuse_shape(3, LIST(BIG, BIG, 0));
    refuse_shape(3, LIST(0, BIG, BIG));
    refuse_shape(3, LIST(BIG, 0, BIG));
    many[0] = 2;
    for (int d = 1; d < AG_MAX_DIMS; d++)
        many[d] = 1 << 30;
    refuse_shape(AG_MAX_DIMS, many);
    GIVES_NULL(ag_eye(-1, 2));
    GIVES_NULL(ag_eye(2, -1));
    GIVES_NULL(ag_eye(BIG, BIG));
    GIVES_NULL(ag_logspace(0, 1, -1, 10.0));
    GIVES_NULL(ag_linspace(0, 1, -1));
    GIVES_NULL(ag_linspace(0, 1, INT64_MIN));
    GIVES_NULL(ag_linspace(0, 1, INT64_MAX));
    GIVES_NULL(ag_arange(0, 1, 0));
    GIVES_NULL(ag_arange(0, 1, -1));
    GIVES_NULL(ag_arange(0, 1, NAN));
    GIVES_NULL(ag_arange(NAN, 1, 1));
    GIVES_NULL(ag_arange(0, INFINITY, 1));
    GIVES_NULL(ag_arange(0, 1e300, 1));
    GIVES_NULL(ag_arange(-1.7e308, 1.7e308, 1e-300));
}

/* Sizes that are fine where another is 0 are refused where their product would not fit. */
static void test_views_of_nothing(void)
{
    ag_tensor *none = ag_zeros(2, LIST(0, 3)), *wide = ag_zeros(3, LIST(0, 1, 1));
    GIVES_CODE(NULL, ag_view(none, 3, LIST(BIG, BIG, 0)));
    CHECK(ag_last_status() == AG_ERR_OVERFLOW);
    GIVES_NULL(ag_reshape(none, 3, LIST(0, BIG, BIG)));
    GIVES_NULL(ag_view(none, 3, LIST(BIG, BIG, -1)));
    GIVES_NULL(ag_view(none, 2, LIST(0, -1)));
    GIVES_NULL(ag_expand(none, 4, LIST(BIG, BIG, 0, 3)));
    GIVES_NULL(ag_expand(wide, 3, LIST(0, BIG, BIG)));
    GIVES_NULL(ag_as_strided(none, 3, LIST(BIG, BIG, 0), LIST(0, 0, 0), 0));
    GIVES_NULL(ag_as_strided(none, 2, LIST(2, 0), LIST(INT64_MAX, 1), INT64_MAX));
    ag_clear_error();
    const int64_t large = (int64_t)1 << 31;
    ag_tensor *huge = ag_view(none, 3, LIST(large, large, 0)), *tall = ag_flatten(huge, 0, 1);
    ag_tensor *part = ag_slice(ag_slice(tall, 0, 5, BIG, INT64_MAX), 1, 0, 9, INT64_MAX);
    CHECK(ag_numel(huge) == 0 && ag_shape(tall)[0] == BIG && ag_numel(part) == 0);
    CHECK(ag_data(part) == ag_data(none) && ag_last_status() == AG_OK);
    GIVES_NULL(ag_sum(huge, 1, LIST(2), false));
    GIVES_NULL(ag_mean(huge, 1, LIST(2), true));
    GIVES_NULL(ag_amax(huge, -1, NULL, true));
    GIVES_NULL(ag_amin(huge, 1, LIST(2), false));
}

static void test_wrong_dimensions(void)
{
    GIVES_CODE(NULL, ag_sum(x, 1, LIST(2), false));
    CHECK(ag_last_status() == AG_ERR_INDEX);
    GIVES_NULL(ag_sum(x, 1, LIST(-3), false));
    GIVES_NULL(ag_sum(x, 2, LIST(0, -2), false));
    GIVES_NULL(ag_mean(x, 1, LIST(INT64_MAX), true));
    GIVES_NULL(ag_amax(x, 1, LIST(2), false));
    GIVES_NULL(ag_amin(x, 2, LIST(1, -1), false));
    GIVES_NULL(ag_sum(x, AG_MAX_DIMS + 1, LIST(0), true));
    GIVES_NULL(ag_view(x, -1, LIST(6)));
    GIVES_NULL(ag_view(x, AG_MAX_DIMS + 1, LIST(6)));
    GIVES_NULL(ag_view(x, 1, LIST(-2)));
    GIVES_NULL(ag_view(x, 2, LIST(-1, -1)));
    GIVES_NULL(ag_view(x, 2, LIST(4, -1)));
    GIVES_NULL(ag_view(x, 2, LIST(BIG, 8)));
    GIVES_NULL(ag_reshape(x, -1, LIST(6)));
    GIVES_NULL(ag_reshape(x, INT_MAX, LIST(6)));
    GIVES_NULL(ag_flatten(x, 1, 0));
    GIVES_NULL(ag_flatten(x, -3, 1));
    GIVES_NULL(ag_flatten(x, 0, 2));
    GIVES_NULL(ag_transpose(x, 0, 2));
    GIVES_NULL(ag_transpose(x, INT_MIN, 0));
    GIVES_NULL(ag_permute(x, 1, LIST(0)));
    GIVES_NULL(ag_permute(x, 3, LIST(0, 1, 2)));
    GIVES_NULL(ag_permute(x, -1, LIST(0, 1)));
    GIVES_NULL(ag_permute(x, 2, LIST(1, 1)));
    GIVES_NULL(ag_permute(x, 2, LIST(0, 5)));
    GIVES_NULL(ag_expand(x, 1, LIST(3)));
    GIVES_NULL(ag_expand(x, -1, LIST(2, 3)));
    GIVES_NULL(ag_expand(x, 2, LIST(2, 4)));
    GIVES_NULL(ag_expand(x, 3, LIST(-1, 2, 3)));
    GIVES_NULL(ag_expand(x, 3, LIST(BIG, 2, 3)));
    GIVES_NULL(ag_pad(NULL, 2, LIST(1, 1), 0, 0.0));
    GIVES_NULL(ag_pad(x, 1, NULL, 0, 0.0));
    GIVES_NULL(ag_pad(x, 2, LIST(1, 1), 4, 0.0));
    GIVES_NULL(ag_atleast(NULL, 1));
    GIVES_NULL(ag_atleast(x, 4));
    GIVES_NULL(ag_squeeze(x, 1, LIST(7)));
    GIVES_NULL(ag_squeeze(x, 2, LIST(0, 0)));
    GIVES_NULL(ag_unsqueeze(x, 3));
    GIVES_NULL(ag_unsqueeze(x, -4));
    GIVES_NULL(ag_select(x, 2, 0));
    GIVES_NULL(ag_select(x, 0, 2));
    GIVES_NULL(ag_select(x, 0, -3));
    GIVES_NULL(ag_select(x, 0, INT64_MIN));
    GIVES_NULL(ag_slice(x, 2, 0, 1, 1));
    GIVES_NULL(ag_slice(x, 0, 0, 1, 0));
    GIVES_NULL(ag_slice(x, 0, 0, 1, INT64_MIN));
}

static void test_many_dimensions(void)
{
    int64_t ones[AG_MAX_DIMS];
    for (int d = 0; d < AG_MAX_DIMS; d++)
        ones[d] = 1;
    ag_tensor *deep = ag_zeros(AG_MAX_DIMS, ones), *number = ag_scalar(1.0);
    GIVES_NULL(ag_unsqueeze(deep, 0));
    GIVES_NULL(ag_t(deep));
    GIVES_NULL(ag_select(number, 0, 0));
    GIVES_NULL(ag_slice(number, 0, 0, 1, 1));
    GIVES_NULL(ag_sum(number, 1, LIST(1), false));
    GIVES_NULL(ag_sum(number, 2, LIST(0, -1), false));
    GIVES_NULL(ag_transpose(number, 0, 1));
    GIVES_NULL(ag_flatten(number, 0, 1));
    ag_clear_error();
    CHECK(ag_ndim(ag_flatten(number, -1, 0)) == 1 && ag_ndim(ag_flatten(deep, 0, -1)) == 1);
    CHECK(ag_ndim(ag_slice(deep, 0, INT64_MIN, INT64_MAX, INT64_MAX)) == AG_MAX_DIMS);
    CHECK(ag_ndim(ag_sum(number, 1, LIST(0), true)) == 0 && ag_last_status() == AG_OK);
}

/* Outside of the memory that there is, and what would wrap around. */
static void test_regions(void)
{
    ag_tensor *plain = ag_from_data(x_values, 1, LIST(6)), *tail = ag_slice(plain, 0, 2, 6, 1);
    GIVES_CODE(NULL, ag_as_strided(plain, 2, LIST(2, 2), LIST(4, 1), 1));
    CHECK(strcmp(ag_last_message(),
                 "setStorage: sizes [2, 2], strides [4, 1], storage offset 1, and itemsize 8 "
                 "requiring a storage size of 56 are out of bounds for storage of size 48") == 0);
    GIVES_NULL(ag_as_strided(plain, 1, LIST(7), LIST(1), 0));
    GIVES_NULL(ag_as_strided(plain, 1, LIST(1), LIST(1), 6));
    GIVES_NULL(ag_as_strided(plain, 1, LIST(1), LIST(1), -1));
    GIVES_NULL(ag_as_strided(plain, 0, NULL, NULL, INT64_MAX));
    GIVES_NULL(ag_as_strided(plain, 0, NULL, NULL, INT64_MIN));
    GIVES_NULL(ag_as_strided(tail, 0, NULL, NULL, INT64_MAX));
    GIVES_NULL(ag_as_strided(tail, 1, LIST(2), LIST(1), -3));
    GIVES_NULL(ag_as_strided(tail, 1, LIST(5), LIST(1), 0));
    GIVES_NULL(ag_as_strided(plain, 1, LIST(2), LIST(-1), 3));
    GIVES_NULL(ag_as_strided(plain, 1, LIST(-1), LIST(1), 0));
    GIVES_NULL(ag_as_strided(plain, 2, LIST(2, 2), LIST(BIG, BIG), 0));
    GIVES_NULL(ag_as_strided(plain, 2, LIST(BIG, 2), LIST(0, 1), 0));
    GIVES_NULL(ag_as_strided(plain, 1, LIST(2), LIST(INT64_MAX), 0));
    GIVES_NULL(ag_as_strided(plain, -1, LIST(2), LIST(1), 0));
    GIVES_NULL(ag_as_strided(plain, AG_MAX_DIMS + 1, LIST(2), LIST(1), 0));
    ag_clear_error();
    ag_tensor *whole = ag_as_strided(tail, 1, LIST(6), LIST(1), -2);
    CHECK(ag_data(whole) == ag_data(plain) && ag_data(ag_as_strided(plain, 0, NULL, NULL, 5))[0] == 6);

    ag_tensor *three = ag_ones(1, LIST(3));
    const ag_arg args[] = {ag_operand(plain), ag_operand(three)};
    const ag_arg gradient[] = {ag_operand(three)};
    for (int i = 0; i < 4; i++) {
        const int64_t offsets[] = {-1, 4, INT64_MAX, INT64_MIN};
        const ag_attr attr = {.i = {offsets[i], 6}, .n_list = 2, .list = LIST(3, 1)};
        GIVES_NULL(ag_apply(AG_OP_strided_scatter, 2, args, &attr));
        GIVES_NULL(ag_apply(AG_OP_strided_gather_vjp, 1, gradient, &attr));
    }
    const ag_attr wrong = {.i = {0, 6}, .n_list = 2, .list = LIST(2, 1)};
    GIVES_NULL(ag_apply(AG_OP_strided_scatter, 2, args, &wrong));
    GIVES_NULL(ag_apply(AG_OP_strided_gather_vjp, 1, gradient, &wrong));
}

static void must_not_run(void *context)
{
    (void)context;
    report(__LINE__, "release", "is called for memory that was refused");
}

static void test_wrong_memory(void)
{
    double memory[6] = {0};
    GIVES_NULL(ag_empty_in_order(2, LIST(2, 3), LIST(1, -2)));
    GIVES_NULL(ag_from_memory(memory, 1, LIST(2), LIST(-1), false, must_not_run, NULL));
    GIVES_NULL(ag_from_memory(memory, 2, LIST(0, 2), LIST(1, -1), false, must_not_run, NULL));
    GIVES_NULL(ag_from_memory(memory, 1, LIST(3), LIST(BIG), false, must_not_run, NULL));
    GIVES_NULL(ag_from_memory(memory, 2, LIST(2, 2), LIST(INT64_MAX, 1), false, must_not_run, NULL));
    GIVES_NULL(ag_from_memory(memory, 2, LIST(0, 3), LIST(1, BIG), false, must_not_run, NULL));
    GIVES_NULL(ag_from_memory(memory, 1, LIST(-1), LIST(1), false, must_not_run, NULL));
    GIVES_NULL(ag_from_memory(NULL, 0, NULL, NULL, false, must_not_run, NULL));
    ag_clear_error();
    ag_tensor *one = ag_from_memory(memory, 2, LIST(1, 1), LIST(INT64_MAX, INT64_MAX), false, NULL,
                                    NULL);
    ag_tensor *part = ag_slice(ag_unsqueeze(one, 0), 1, 0, 1, INT64_MAX);
    ag_tensor *past = ag_slice(one, 0, 1, 1, 1);
    CHECK(ag_data(ag_flatten(ag_t(one), 0, -1)) == memory && ag_data(part) == memory);
    CHECK(ag_numel(past) == 0 && ag_last_status() == AG_OK);
}

/* ---- autograd ------------------------------------------------------------------------------- */

static void test_wrong_flags(void)
{
    ag_tensor *root = ag_sum_all(product), *result = NULL;
    static const unsigned flags[] = {16, 0x80000000u, UINT_MAX, AG_RETAIN_GRAPH | AG_FREE_GRAPH};
    for (int i = 0; i < COUNT(flags); i++) {
        GIVES_CODE(AG_ERR_VALUE, ag_backward(root, NULL, flags[i]));
        GIVES_CODE(AG_ERR_VALUE, ag_backward_many(1, &root, NULL, 1, &x, flags[i]));
        GIVES_CODE(AG_ERR_VALUE, ag_grad(1, &root, NULL, 1, &x, flags[i], &result));
    }
    GIVES_CODE(AG_ERR_VALUE, ag_backward(root, NULL, AG_ALLOW_UNUSED));
    GIVES_CODE(AG_ERR_VALUE, ag_backward_many(1, &root, NULL, 0, NULL, AG_ALLOW_UNUSED));
}

static void test_wrong_requests(void)
{
    ag_tensor *root = ag_sum_all(product), *result = NULL, *plain = ag_ones(2, LIST(2, 3));
    ag_tensor *apart = ag_ones(1, LIST(2));
    ag_set_requires_grad(apart, true);
    GIVES_ERROR(ag_backward_many(-1, &root, NULL, 0, NULL, 0));
    GIVES_ERROR(ag_backward_many(INT_MIN, &root, NULL, 0, NULL, 0));
    GIVES_ERROR(ag_backward_many(1, &root, NULL, -1, &x, 0));
    GIVES_ERROR(ag_grad(-1, &root, NULL, 1, &x, 0, &result));
    GIVES_ERROR(ag_grad(1, &root, NULL, -1, &x, 0, &result));
    GIVES_ERROR(ag_grad(1, &root, NULL, 0, NULL, 0, NULL));
    GIVES_ERROR(ag_grad(0, NULL, NULL, 1, &x, 0, &result));
    GIVES_CODE(AG_ERR_GRAD, ag_backward(plain, NULL, 0));
    GIVES_CODE(AG_ERR_GRAD, ag_backward(product, NULL, 0));
    GIVES_CODE(AG_ERR_SHAPE, ag_backward(product, apart, 0));
    GIVES_CODE(AG_ERR_GRAD, ag_backward_many(1, &root, NULL, 1, &plain, 0));
    GIVES_CODE(AG_ERR_GRAD, ag_grad(1, &root, NULL, 1, &plain, 0, &result));
    GIVES_CODE(AG_ERR_GRAD, ag_grad(1, &root, NULL, 1, &apart, 0, &result));
    GIVES_CODE(AG_ERR_GRAD, ag_set_requires_grad(product, false));
    GIVES_CODE(AG_ERR_GRAD, ag_retain_grad(plain));
    GIVES_CODE(AG_ERR_GRAD, ag_set_grad(x, x));
    GIVES_CODE(AG_ERR_SHAPE, ag_set_grad(x, apart));
    GIVES_CODE(AG_ERR_GRAD, ag_detach_(ag_view(product, 1, LIST(6))));
    GIVES_CODE(AG_ERR_GRAD, ag_add_(x, y));
    GIVES_CODE(AG_ERR_SHAPE, ag_add_(ag_ones(1, LIST(2)), x));
    GIVES_CODE(AG_ERR_GRAD, ag_add_(ag_expand(plain, 3, LIST(2, 2, 3)), plain));
    ag_clear_error();
    CHECK(ag_backward_many(0, NULL, NULL, 0, NULL, 0) == AG_OK);
    CHECK(ag_grad(0, NULL, NULL, 1, &x, AG_ALLOW_UNUSED, &result) == AG_OK && result == NULL);
    CHECK(ag_grad(1, &root, NULL, 1, &x, 0, &result) == AG_OK && ag_data(result)[5] == 1.0);
    ag_release(result);
}

static void test_wrong_settings(void)
{
    const int threads = ag_get_num_threads();
    GIVES_ERROR(ag_set_num_threads(0));
    GIVES_ERROR(ag_set_num_threads(-1));
    GIVES_ERROR(ag_set_num_threads(INT_MAX));
    GIVES_ERROR(ag_fail_allocation(-1));
    CHECK(ag_get_num_threads() == threads);
}

/* ---- scopes --------------------------------------------------------------------------------- */

static void test_scopes(void)
{
    const int64_t before = live();
    const int64_t outer = ag_scope_open();
    ag_tensor *kept = ag_keep(ag_scalar(1.0)), *inside = ag_scalar(2.0);
    const int64_t inner = ag_scope_open();
    ag_tensor *deep = ag_scalar(3.0);
    CHECK(outer >= 0 && inner >= 0 && live() == before + 3 && ag_data(deep)[0] == 3.0);
    GIVES_ERROR(ag_scope_close(-1));
    GIVES_ERROR(ag_scope_close(INT64_MIN));
    GIVES_ERROR(ag_scope_close(INT64_MAX));
    GIVES_ERROR(ag_scope_close(inner + 1));
    GIVES_ERROR(ag_scope_close(0));
    ag_clear_error();
    CHECK(ag_scope_close(inner) == AG_OK && live() == before + 2);
    GIVES_ERROR(ag_scope_close(inner));  /* twice */
    const int64_t again = ag_scope_open();
    deep = ag_scalar(4.0);
    GIVES_ERROR(ag_scope_close(inner));  /* another lies in its place now */
    CHECK(live() == before + 3 && ag_data(inside)[0] == 2.0 && ag_data(deep)[0] == 4.0);
    ag_clear_error();
    CHECK(ag_scope_close(outer) == AG_OK && live() == before + 1);  /* and what is in it */
    GIVES_ERROR(ag_scope_close(again));
    GIVES_ERROR(ag_scope_close(outer));
    CHECK(ag_data(kept)[0] == 1.0);
    ag_release(kept);
    CHECK(live() == before);
    ag_scalar(5.0);  /* belongs to the scope around */
    CHECK(live() == before + 1);
}

/* ---- calls with anything in them ------------------------------------------------------------ */

static uint64_t random_state = 1;

static uint64_t random_below(uint64_t n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (random_state >> 33) % n;
}

static int64_t random_number(void)
{
    static const int64_t numbers[] = {0, 0, 1, 1, 1, 2, 2, 3, 3, 6, -1, -1, -2, -3, 5, 7,
                                      BIG, INT64_MAX, INT64_MIN, INT64_MAX / 8};
    return numbers[random_below(COUNT(numbers))];
}

static double random_value(void)
{
    static const double values[] = {0.0, 1.0, 1.0, 2.0, 20.0, 0.5, -1.0, -0.0, 1e300, NAN,
                                    INFINITY, -INFINITY};
    return values[random_below(COUNT(values))];
}

/* A result can be read, and it has gradients if it is recorded. */
static void use_result(const char *name, ag_tensor *result)
{
    ag_tensor *gradient = NULL;
    if (ag_numel(result) > 1000)
        return;
    if (ag_data(ag_contiguous(ag_detach(result))) == NULL)
        report(__LINE__, name, "its result, at random, cannot be read");
    ag_tensor *root = ag_requires_grad(result) ? ag_sum_all(result) : NULL;
    if (root != NULL && ag_grad(1, &root, NULL, 1, &x, AG_ALLOW_UNUSED, &gradient) != AG_OK)
        report(__LINE__, name, "its result, at random, has no gradient");
    ag_release(gradient);
}

/* Whatever comes: a result, or an error with a message. */
static void call_at_random(ag_tensor *const *tensors, int n_tensors)
{
    static const ag_dtype dtypes[] = {AG_FLOAT64, AG_INT64, AG_BOOL, 2, -1, INT32_MIN, INT32_MAX};
    int64_t list[8];
    ag_attr attr = {.n_list = (int)random_below(10) - 1, .list = list};
    ag_arg args[5];
    const ag_op op = (ag_op)random_below(AG_OP_COUNT);
    const char *name;
    int n = 0;
    ag_op_info(op, &name, NULL, NULL, &n, NULL, NULL);
    for (int i = 0; i < COUNT(list); i++)
        list[i] = random_number();
    for (int i = 0; i < 4; i++)
        attr.i[i] = random_number();
    for (int i = 0; i < 3; i++)
        attr.f[i] = random_value();
    for (int k = 0; k < 5; k++)
        args[k] = (ag_arg){random_below(8) > 0 ? tensors[random_below((uint64_t)n_tensors)] : NULL,
                           random_value(), dtypes[random_below((uint64_t)COUNT(dtypes))]};
    ag_clear_error();
    ag_tensor *result = ag_apply(op, n, args, random_below(20) > 0 ? &attr : NULL);
    if (result == NULL)
        check_reason(__LINE__, name);
    else
        use_result(name, result);
    ag_clear_error();
    if (ag_apply_(op, n, args, &attr) != AG_OK)
        check_reason(__LINE__, name);
}

static void test_anything(void)
{
    for (int i = 0; i < 20000; i++) {
        const int64_t mark = ag_scope_open();
        ag_tensor *base = ag_ones(2, LIST(2, 3)), *copy = ag_mul(x, y);
        ag_tensor *tensors[] = {base, ag_t(base), ag_select(base, 1, 1), ag_zeros(2, LIST(0, 3)),
                                copy, ag_view(copy, 1, LIST(6)), ag_scalar(2.0),
                                ag_expand(base, 3, LIST(2, 2, 3)), x,
                                ag_cast(base, AG_INT64), ag_gt(copy, base), ag_zeros(1, LIST(0)),
                                ag_from_int64(LIST(1, 0, 2), 1, LIST(3)),
                                ag_from_int64(LIST(1, 0, 0, 1, -1, 1), 2, LIST(2, 3)),
                                ag_from_int64(LIST(0), 0, NULL)};
        call_at_random(tensors, COUNT(tensors));
        ag_scope_close(mark);
    }
}

/* ---- all ------------------------------------------------------------------------------------ */

int main(void)
{
    static const misuse tests[] = {
        MISUSE(ops_that_there_are_not), MISUSE(wrong_counts), MISUSE(missing_arguments),
        MISUSE(several_results), MISUSE(joins), MISUSE(indices), MISUSE(wrong_attributes),
        MISUSE(wrong_shapes), MISUSE(slopes), MISUSE(histograms), MISUSE(views_of_nothing),
        MISUSE(wrong_dimensions), MISUSE(many_dimensions), MISUSE(regions),
        MISUSE(wrong_memory), MISUSE(wrong_flags), MISUSE(wrong_requests),
        MISUSE(wrong_settings), MISUSE(scopes), MISUSE(anything),
    };
    return run_misuses(COUNT(tests), tests);
}
