/* SPDX-License-Identifier: MIT
 *
 * What C programs reach and Python has no way to: ops of the tape called by themselves, arithmetic in
 * place by name, masks that pend, dtypes, several backwards through one graph at the same time, generators of
 * random numbers, children of fork that end as programs do. Prints what does not hold and exits 1.
 */
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The gradient of sum(y * [1, 2, 3 ...]) with respect to x, in the caller's scope. */
static ag_tensor *weighted_gradient(ag_tensor *y, ag_tensor *x)
{
    const int64_t mark = ag_scope_open();
    ag_tensor *weights = ag_view(ag_arange(1, (double)ag_numel(y) + 1, 1), ag_ndim(y), ag_shape(y));
    ag_tensor *root = ag_sum_all(ag_mul(y, weights)), *gradient = NULL;
    CHECK(ag_grad(1, &root, NULL, 1, &x, AG_RETAIN_GRAPH, &gradient) == AG_OK);
    ag_scope_close(mark);
    ag_tensor *scoped = ag_mul_scalar(gradient, 1.0);
    ag_release(gradient);
    return scoped;
}

/* ---- ops of the tape ------------------------------------------------------------------------- */

static void test_fill(void)
{
    ag_tensor *x = leaf(3, (double[]){1, 2, 3}), *w = leaf(1, (double[]){5});
    ag_tensor *y = ag_apply(AG_OP_fill, 2, (ag_arg[]){ag_operand(x), ag_number(7.0)}, NULL);
    CHECK(holds(y, 3, (double[]){7, 7, 7}));
    ag_tensor *z = ag_apply(AG_OP_fill, 2, (ag_arg[]){ag_operand(x), ag_operand(w)}, NULL);
    CHECK(holds(z, 3, (double[]){5, 5, 5}));
    CHECK(holds(weighted_gradient(z, w), 1, (double[]){6}));
    CHECK(holds(weighted_gradient(z, x), 3, (double[]){0, 0, 0}));
    CHECK(ag_apply(AG_OP_fill, 2, (ag_arg[]){ag_operand(w), ag_operand(x)}, NULL) == NULL);
    CHECK(ag_last_status() == AG_ERR_SHAPE);
}

static void test_copy(void)
{
    ag_tensor *x = ag_view(ag_arange(0, 6, 1), 2, (int64_t[]){2, 3});
    CHECK(ag_set_requires_grad(x, true) == AG_OK);
    ag_tensor *row = leaf(3, (double[]){7, 8, 9});
    ag_tensor *y = ag_apply(AG_OP_copy, 2, (ag_arg[]){ag_operand(x), ag_operand(row)}, NULL);
    CHECK(holds(y, 6, (double[]){7, 8, 9, 7, 8, 9}));
    CHECK(holds(weighted_gradient(y, row), 3, (double[]){1 + 4, 2 + 5, 3 + 6}));
    CHECK(holds(weighted_gradient(y, x), 6, (double[]){0, 0, 0, 0, 0, 0}));
    CHECK(holds(ag_apply(AG_OP_copy, 2, (ag_arg[]){ag_operand(row), ag_number(4.0)}, NULL), 3,
                (double[]){4, 4, 4}));
    CHECK(ag_apply(AG_OP_copy, 2, (ag_arg[]){ag_operand(row), ag_operand(x)}, NULL) == NULL);
    CHECK(ag_last_status() == AG_ERR_SHAPE);
}

static void test_slice_scatter(void)
{
    const ag_attr every_second = {.i = {0, 1, 5, 2}};
    ag_tensor *x = leaf(5, (double[]){1, 2, 3, 4, 5}), *part = leaf(2, (double[]){8, 9});
    const ag_arg args[] = {ag_operand(x), ag_operand(part)};
    ag_tensor *y = ag_apply(AG_OP_slice_scatter, 2, args, &every_second);
    CHECK(holds(y, 5, (double[]){1, 8, 3, 9, 5}));
    CHECK(holds(weighted_gradient(y, x), 5, (double[]){1, 0, 3, 0, 5}));
    CHECK(holds(weighted_gradient(y, part), 2, (double[]){2, 4}));
    const ag_arg number[] = {ag_operand(x), ag_number(0.5)}, whole[] = {ag_operand(x), ag_operand(x)};
    CHECK(holds(ag_apply(AG_OP_slice_scatter, 2, number, &every_second), 5,
                (double[]){1, 0.5, 3, 0.5, 5}));
    CHECK(ag_apply(AG_OP_slice_scatter, 2, whole, &every_second) == NULL);
    CHECK(ag_last_status() == AG_ERR_SHAPE);
    const ag_attr backwards = {.i = {0, 1, 5, -1}};
    CHECK(ag_apply(AG_OP_slice_scatter, 2, args, &backwards) == NULL);
    CHECK(ag_last_status() == AG_ERR_VALUE);
}

/* Reductions of plain numbers: there is nothing to reduce. */
static void test_sums_of_numbers(void)
{
    const ag_arg number = ag_number(2.5);
    const ag_attr all = {.n_list = 0};
    CHECK(holds(ag_apply(AG_OP_sum, 1, &number, &all), 1, (double[]){2.5}));
    CHECK(holds(ag_apply(AG_OP_mean, 1, &number, &all), 1, (double[]){2.5}));
}

/* ---- arithmetic in place --------------------------------------------------------------------- */

/* y = 1 * x, then y op= w: values and both gradients. */
static void check_in_place(ag_status (*write)(ag_tensor *, ag_tensor *), const double *values,
                           const double *of_x, const double *of_w)
{
    ag_tensor *x = leaf(2, (double[]){1.5, 4}), *w = leaf(2, (double[]){2, 0.5});
    ag_tensor *y = ag_mul_scalar(x, 1.0);
    CHECK(write(y, w) == AG_OK);
    CHECK(holds(y, 2, values) && ag_tensor_version(y) == 1);
    CHECK(holds(weighted_gradient(y, x), 2, of_x));
    CHECK(holds(weighted_gradient(y, w), 2, of_w));
}

static void test_in_place(void)
{
    check_in_place(ag_add_, (double[]){3.5, 4.5}, (double[]){1, 2}, (double[]){1, 2});
    check_in_place(ag_sub_, (double[]){-0.5, 3.5}, (double[]){1, 2}, (double[]){-1, -2});
    check_in_place(ag_mul_, (double[]){3, 2}, (double[]){2, 1}, (double[]){1.5, 8});
    check_in_place(ag_div_, (double[]){0.75, 8}, (double[]){0.5, 4}, (double[]){-0.375, -32});
    check_in_place(ag_pow_, (double[]){2.25, 2}, (double[]){3, 0.5},
                   (double[]){2.25 * log(1.5), 2 * 2 * log(4)});
}

static void test_versions(void)
{
    ag_tensor *x = ag_ones(1, (int64_t[]){2}), *y = ag_detach(x), *z = ag_clone(x);
    ag_bump_version(y);
    CHECK(ag_tensor_version(x) == 1 && ag_tensor_version(z) == 0);
    CHECK(ag_shares_storage(x, y) && !ag_shares_storage(x, z));
}

/* ---- masks that pend ------------------------------------------------------------------------- */

typedef ag_tensor *(*comparison)(ag_tensor *, ag_tensor *);

/* Comparisons of large tensors are part of the loop that chooses by them. */
static void test_masks(void)
{
    enum { N = 20000 };
    static const comparison all[] = {ag_eq, ag_ne, ag_lt, ag_le, ag_gt, ag_ge};
    static double a[N], b[N], found[N];
    for (int i = 0; i < N; i++) {
        a[i] = i % 7 == 0 ? NAN : i % 5;
        b[i] = i % 11 == 0 ? NAN : i % 3;
    }
    for (int k = 0; k < COUNT(all); k++) {
        const int64_t n = N, mark = ag_scope_open();
        ag_tensor *x = ag_from_data(a, 1, &n), *y = ag_from_data(b, 1, &n);
        ag_tensor *z = ag_where(all[k](x, y), ag_add_scalar(x, 10.0), ag_neg(y));
        CHECK(ag_copy_out(z, found) == AG_OK);
        int wrong = 0;
        for (int i = 0; i < N; i++) {
            const bool chosen[] = {a[i] == b[i], a[i] != b[i], a[i] < b[i],
                                   a[i] <= b[i], a[i] > b[i], a[i] >= b[i]};
            const double want = chosen[k] ? a[i] + 10.0 : -b[i];
            wrong += !(found[i] == want || (isnan(found[i]) && isnan(want)));
        }
        CHECK(wrong == 0);
        ag_scope_close(mark);
    }
}

/* ---- dtypes ---------------------------------------------------------------------------------- */

static ag_tensor *integers(int64_t n, const int64_t *values) { return ag_from_int64(values, 1, &n); }
static ag_tensor *truths(int64_t n, const bool *values) { return ag_from_bool(values, 1, &n); }

/* The dtype, the numbers, and that no zero has a sign. */
static bool is(ag_tensor *t, ag_dtype dtype, int64_t n, const double *expected)
{
    if (t == NULL || ag_dtype_of(t) != dtype || !holds(t, n, expected))
        return false;
    const double *data = ag_data(ag_contiguous(t));
    for (int64_t i = 0; i < n && dtype != AG_FLOAT64; i++)
        if (data[i] == 0.0 && signbit(data[i]))
            return false;
    return true;
}

static void test_copies_of_dtypes(void)
{
    const int64_t whole[] = {-(INT64_C(1) << 53), -1, 0, 1, INT64_C(1) << 53};
    ag_tensor *t = integers(5, whole), *mask = truths(2, (bool[]){true, false});
    int64_t found[5];
    bool found_truths[5];
    CHECK(ag_dtype_of(t) == AG_INT64 && ag_dtype_of(mask) == AG_BOOL);
    CHECK(ag_copy_out_int64(t, found) == AG_OK && memcmp(found, whole, sizeof whole) == 0);
    CHECK(ag_copy_out_bool(t, found_truths) == AG_OK && found_truths[0] && !found_truths[2]);
    CHECK(ag_copy_out_int64(mask, found) == AG_OK && found[0] == 1 && found[1] == 0);
    CHECK(holds(mask, 2, (double[]){1, 0}));
    /* Of float64: towards zero, and NaN is not 0. Strided, and pending. */
    const double values[] = {1.9, -1.9, -0.5, 0.0, NAN, 4.0};
    ag_tensor *x = ag_from_data(values, 2, (int64_t[]){3, 2});
    ag_tensor *row = ag_select(ag_t(ag_mul_scalar(x, 1.0)), 0, 1);  /* -1.9, 0, 4 */
    CHECK(ag_copy_out_int64(row, found) == AG_OK);
    CHECK(found[0] == -1 && found[1] == 0 && found[2] == 4);
    row = ag_select(ag_t(ag_mul_scalar(x, 1.0)), 0, 0);  /* 1.9, -0.5, NaN */
    CHECK(ag_copy_out_bool(row, found_truths) == AG_OK);
    CHECK(found_truths[0] && found_truths[1] && found_truths[2]);
    CHECK(ag_numel(ag_from_int64(NULL, 1, (int64_t[]){0})) == 0);
    CHECK(ag_ndim(ag_from_bool((bool[]){true}, 0, NULL)) == 0);
}

static void test_casts(void)
{
    ag_tensor *x = leaf(4, (double[]){2.7, -2.7, -0.4, 0});
    ag_tensor *whole = ag_cast(x, AG_INT64), *mask = ag_cast(x, AG_BOOL);
    CHECK(is(whole, AG_INT64, 4, (double[]){2, -2, 0, 0}) && !ag_requires_grad(whole));
    CHECK(is(mask, AG_BOOL, 4, (double[]){1, 1, 1, 0}) && !ag_requires_grad(mask));
    CHECK(is(ag_cast(whole, AG_BOOL), AG_BOOL, 4, (double[]){1, 1, 0, 0}));
    CHECK(is(ag_cast(whole, AG_FLOAT64), AG_FLOAT64, 4, (double[]){2, -2, 0, 0}));
    CHECK(is(ag_cast(mask, AG_INT64), AG_INT64, 4, (double[]){1, 1, 1, 0}));
    CHECK(!ag_shares_storage(x, whole) && !ag_shares_storage(whole, ag_cast(whole, AG_FLOAT64)));
    ag_tensor *same = ag_cast(x, AG_FLOAT64), *view = ag_slice(whole, 0, 1, 4, 2);
    CHECK(same == x && ag_requires_grad(same));
    CHECK(is(view, AG_INT64, 2, (double[]){-2, 0}) && ag_shares_storage(view, whole));
    /* Read as another dtype, where the numbers are right for it. */
    ag_tensor *plain = ag_from_data((double[]){1, -0.0}, 1, (int64_t[]){2});
    CHECK(ag_set_dtype(plain, AG_BOOL) == AG_OK && is(plain, AG_BOOL, 2, (double[]){1, 0}));
    CHECK(ag_set_dtype(plain, AG_INT64) == AG_OK && is(plain, AG_INT64, 2, (double[]){1, 0}));
    CHECK(ag_set_dtype(plain, AG_FLOAT64) == AG_OK && ag_dtype_of(plain) == AG_FLOAT64);
}

static void test_filling(void)
{
    const int64_t two[] = {2};
    CHECK(is(ag_full_as(1, two, ag_number(-2.7), AG_INT64), AG_INT64, 2, (double[]){-2, -2}));
    CHECK(is(ag_full_as(1, two, ag_number(-0.3), AG_INT64), AG_INT64, 2, (double[]){0, 0}));
    CHECK(is(ag_full_as(1, two, ag_number(NAN), AG_BOOL), AG_BOOL, 2, (double[]){1, 1}));
    CHECK(is(ag_full_as(1, two, ag_integer(3), AG_FLOAT64), AG_FLOAT64, 2, (double[]){3, 3}));
    CHECK(is(ag_full_as(1, two, ag_boolean(true), AG_INT64), AG_INT64, 2, (double[]){1, 1}));
    CHECK(is(ag_full(1, two, 3.0), AG_FLOAT64, 2, (double[]){3, 3}));
    ag_tensor *whole = integers(2, (int64_t[]){5, 6}), *mask = truths(2, (bool[]){false, true});
    CHECK(is(ag_full_like(whole, 2.5), AG_INT64, 2, (double[]){2, 2}));
    CHECK(is(ag_full_like(mask, 2.5), AG_BOOL, 2, (double[]){1, 1}));
    CHECK(is(ag_zeros_like(whole), AG_INT64, 2, (double[]){0, 0}));
    CHECK(is(ag_ones_like(mask), AG_BOOL, 2, (double[]){1, 1}));
    CHECK(ag_dtype_of(ag_empty_like(mask)) == AG_BOOL);
    /* Writes that replace numbers convert them. */
    CHECK(ag_fill_(whole, -1.9) == AG_OK && is(whole, AG_INT64, 2, (double[]){-1, -1}));
    CHECK(ag_copy_(whole, ag_full(1, two, 7.5)) == AG_OK);
    CHECK(is(whole, AG_INT64, 2, (double[]){7, 7}));
    CHECK(ag_copy_(mask, ag_full(1, two, NAN)) == AG_OK && is(mask, AG_BOOL, 2, (double[]){1, 1}));
    CHECK(ag_zero_(mask) == AG_OK && is(mask, AG_BOOL, 2, (double[]){0, 0}));
    ag_tensor *x = ag_full(1, two, 0.5);
    CHECK(ag_copy_(x, whole) == AG_OK && is(x, AG_FLOAT64, 2, (double[]){7, 7}));
}

static ag_tensor *with_number(ag_op op, ag_tensor *x, ag_arg number)
{
    return ag_apply(op, 2, (ag_arg[]){ag_operand(x), number}, NULL);
}

/* bool < int64 < float64, plain numbers with the dtype that they say. */
static void test_promotion(void)
{
    ag_tensor *i = integers(3, (int64_t[]){-3, 0, 4}), *b = truths(3, (bool[]){true, false, true});
    ag_tensor *x = ag_from_data((double[]){0.5, 1, 2}, 1, (int64_t[]){3});
    CHECK(is(with_number(AG_OP_mul, i, ag_integer(2)), AG_INT64, 3, (double[]){-6, 0, 8}));
    CHECK(is(with_number(AG_OP_mul, i, ag_number(2)), AG_FLOAT64, 3, (double[]){-6, 0, 8}));
    CHECK(is(with_number(AG_OP_add, i, ag_boolean(true)), AG_INT64, 3, (double[]){-2, 1, 5}));
    CHECK(is(with_number(AG_OP_add, b, ag_integer(2)), AG_INT64, 3, (double[]){3, 2, 3}));
    CHECK(is(with_number(AG_OP_add, b, ag_boolean(true)), AG_BOOL, 3, (double[]){1, 1, 1}));
    CHECK(is(with_number(AG_OP_mul, b, ag_number(0.5)), AG_FLOAT64, 3, (double[]){0.5, 0, 0.5}));
    CHECK(is(with_number(AG_OP_mul, i, ag_integer(0)), AG_INT64, 3, (double[]){0, 0, 0}));
    CHECK(is(ag_mul_scalar(i, 2.0), AG_FLOAT64, 3, (double[]){-6, 0, 8}));
    CHECK(is(ag_add(i, b), AG_INT64, 3, (double[]){-2, 0, 5}));
    CHECK(is(ag_add(i, x), AG_FLOAT64, 3, (double[]){-2.5, 1, 6}));
    CHECK(is(ag_add(b, b), AG_BOOL, 3, (double[]){1, 0, 1}));
    CHECK(is(ag_mul(b, b), AG_BOOL, 3, (double[]){1, 0, 1}));
    CHECK(is(ag_div(i, ag_add_scalar(x, 0.5)), AG_FLOAT64, 3, (double[]){-3, 0, 1.6}));
    CHECK(is(ag_neg(i), AG_INT64, 3, (double[]){3, 0, -4}));
    CHECK(is(ag_exp(b), AG_FLOAT64, 3, (double[]){exp(1), 1, exp(1)}));
    CHECK(is(ag_sum_all(b), AG_INT64, 1, (double[]){2}));
    CHECK(is(ag_sum_all(i), AG_INT64, 1, (double[]){1}));
    CHECK(is(ag_bitwise_not(i), AG_INT64, 3, (double[]){2, -1, -5}));
    CHECK(is(ag_bitwise_not(b), AG_BOOL, 3, (double[]){0, 1, 0}));
    CHECK(is(ag_bitwise_xor(i, b), AG_INT64, 3, (double[]){-4, 0, 5}));
    CHECK(is(ag_any(x, -1, NULL, false), AG_BOOL, 1, (double[]){1}));
    CHECK(is(ag_all(i, 1, (int64_t[]){0}, true), AG_BOOL, 1, (double[]){0}));
    CHECK(is(ag_count_nonzero(i, -1, NULL), AG_INT64, 1, (double[]){2}));
}

static void test_comparisons_and_choices(void)
{
    ag_tensor *i = integers(3, (int64_t[]){-3, 0, 4}), *x = leaf(3, (double[]){0.5, NAN, 4});
    ag_tensor *above = ag_gt(x, i), *same = ag_eq_scalar(i, 4.0);
    CHECK(is(above, AG_BOOL, 3, (double[]){1, 0, 0}) && !ag_requires_grad(above));
    CHECK(is(same, AG_BOOL, 3, (double[]){0, 0, 1}));
    CHECK(is(ag_logical_or(above, same), AG_BOOL, 3, (double[]){1, 0, 1}));
    CHECK(is(ag_logical_and(x, i), AG_BOOL, 3, (double[]){1, 0, 1}));
    CHECK(is(ag_logical_not(x), AG_BOOL, 3, (double[]){0, 0, 0}));
    CHECK(is(ag_where(above, i, ag_neg(i)), AG_INT64, 3, (double[]){-3, 0, -4}));
    ag_tensor *y = ag_where(above, x, i);
    CHECK(is(y, AG_FLOAT64, 3, (double[]){0.5, 0, 4}));
    CHECK(holds(weighted_gradient(y, x), 3, (double[]){1, 0, 0}));
    /* Gradients of products with other dtypes, which have none themselves. */
    ag_tensor *z = ag_mul(ag_add(ag_where(above, x, i), i), same);
    CHECK(is(z, AG_FLOAT64, 3, (double[]){0, 0, 8}));
    CHECK(holds(weighted_gradient(ag_mul(x, i), x), 3, (double[]){-3, 0, 12}));
}

static void test_dtypes_in_place(void)
{
    ag_tensor *i = integers(2, (int64_t[]){-3, 4}), *b = truths(2, (bool[]){true, false});
    ag_tensor *x = ag_from_data((double[]){0.5, 2}, 1, (int64_t[]){2});
    ag_tensor *view = ag_slice(i, 0, 1, 2, 1);
    CHECK(ag_add_(x, i) == AG_OK && is(x, AG_FLOAT64, 2, (double[]){-2.5, 6}));
    CHECK(ag_mul_(i, b) == AG_OK && is(i, AG_INT64, 2, (double[]){-3, 0}));
    CHECK(is(view, AG_INT64, 1, (double[]){0}) && ag_tensor_version(view) == 1);
    CHECK(ag_add_(i, x) == AG_ERR_VALUE);
    CHECK(strcmp(ag_last_message(),
                 "result type Double can't be cast to the desired output type Long") == 0);
    CHECK(ag_div_(i, i) == AG_ERR_VALUE && is(i, AG_INT64, 2, (double[]){-3, 0}));
    const ag_arg doubled[] = {ag_operand(i), ag_integer(2)};
    CHECK(ag_apply_(AG_OP_mul, 2, doubled, NULL) == AG_OK);
    CHECK(is(i, AG_INT64, 2, (double[]){-6, 0}));
    CHECK(ag_add_(b, b) == AG_OK && is(b, AG_BOOL, 2, (double[]){1, 0}));
    const ag_arg quotient[] = {ag_operand(i), ag_integer(0)};
    CHECK(ag_apply(AG_OP_floor_divide, 2, quotient, NULL) == NULL);
    CHECK(strcmp(ag_last_message(), "ZeroDivisionError") == 0);
}

/* ---- several backwards through one graph ----------------------------------------------------- */

enum { CHAIN = 400, THREADS = 4, ROUNDS = 50 };

typedef struct passes {
    ag_tensor *x, *root;
    atomic_int *to_come;
    int wrong;
} passes;

/* d/dx of a chain of y <- 1.001 y + x from y = x, starting when all have come. */
static void *run_passes(void *context)
{
    passes *p = context;
    double expected = 1.0;
    for (int i = 0; i < CHAIN; i++)
        expected = 1.001 * expected + 1.0;
    atomic_fetch_sub(p->to_come, 1);
    while (atomic_load(p->to_come) > 0)
        ;
    for (int round = 0; round < ROUNDS; round++) {
        ag_tensor *gradient = NULL;
        double value;
        if (ag_grad(1, &p->root, NULL, 1, &p->x, AG_RETAIN_GRAPH, &gradient) != AG_OK ||
            ag_item(gradient, &value) != AG_OK || fabs(value / expected - 1.0) > 1e-12)
            p->wrong++;
        ag_release(gradient);
    }
    return NULL;
}

/* The first to come keeps its state in the nodes, the others in tables of their own. */
static void test_backwards_at_once(void)
{
    ag_tensor *x = leaf(1, (double[]){1}), *y = x;
    for (int i = 0; i < CHAIN; i++)
        y = ag_add(ag_mul_scalar(y, 1.001), x);
    pthread_t threads[THREADS];
    passes each[THREADS];
    atomic_int to_come = THREADS;
    ag_tensor *root = ag_sum_all(y);
    for (int i = 0; i < THREADS; i++) {
        each[i] = (passes){x, root, &to_come, 0};
        CHECK(pthread_create(&threads[i], NULL, run_passes, &each[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        CHECK(each[i].wrong == 0);
    }
}

/* ---- random numbers ------------------------------------------------------------------------- */

static bool same_numbers(ag_tensor *a, ag_tensor *b)
{
    double p[64], q[64];
    const int64_t n = ag_numel(a);
    return n == ag_numel(b) && n <= 64 && ag_copy_out(a, p) == AG_OK && ag_copy_out(b, q) == AG_OK &&
           memcmp(p, q, (size_t)n * sizeof *p) == 0;
}

static void test_generators(void)
{
    const int64_t n = 7, two[] = {2, 3};
    uint64_t seed = 0, position = 1, again = 0;
    ag_clear_error();
    ag_generator *g = ag_generator_new(UINT64_MAX), *h = ag_generator_new(3);
    CHECK(ag_generator_initial_seed(g) == UINT64_MAX && ag_generator_initial_seed(h) == 3);
    CHECK(ag_generator_get_state(h, &seed, &position) == AG_OK && seed == 3 && position == 0);

    ag_manual_seed(3);
    ag_tensor *first = ag_rand(1, &n, NULL), *second = ag_randn(1, &n, NULL);
    CHECK(same_numbers(ag_rand(1, &n, h), first) && same_numbers(ag_randn(1, &n, h), second));
    CHECK(ag_generator_get_state(h, &seed, &position) == AG_OK && seed == 3 && position == 8);
    CHECK(ag_generator_get_state(NULL, &seed, &again) == AG_OK && seed == 3 && again == 8);

    ag_generator_set_state(g, 3, 4);
    CHECK(same_numbers(ag_randn(1, &n, g), second) && ag_generator_initial_seed(g) == 3);
    ag_generator_set_state(NULL, 3, 4);
    CHECK(same_numbers(ag_randn(1, &n, NULL), second));
    ag_generator_set_state(g, 3, UINT64_MAX);  /* the stream is a ring */
    CHECK(ag_randn(2, two, g) && ag_generator_get_state(g, &seed, &position) == AG_OK);
    CHECK(position == 2);

    ag_generator_seed(h, 3);
    ag_tensor *drawn = ag_normal_of_size(1.0, 2.0, 2, two, h);
    ag_tensor *mean = ag_ones(2, two), *std = ag_full(2, two, 2.0);
    ag_generator_seed(h, 3);
    CHECK(same_numbers(ag_normal(mean, std, h), drawn));
    ag_generator_seed(h, 3);
    CHECK(same_numbers(ag_normal_scalar(mean, 2.0, h), drawn));
    ag_generator_seed(h, 3);
    CHECK(same_numbers(ag_scalar_normal(1.0, std, h), drawn));
    ag_manual_seed(3);
    CHECK(same_numbers(ag_normal(mean, std, NULL), drawn));

    const uint64_t anew = ag_generator_seed_anew(h);
    CHECK(anew != 3 && anew == ag_generator_initial_seed(h));
    CHECK(ag_generator_retain(h) == h && ag_generator_retain(NULL) == NULL);
    ag_generator_release(h);
    CHECK(ag_generator_initial_seed(h) == anew);
    ag_generator_release(h);
    ag_generator_release(g);
    ag_generator_release(NULL);
    CHECK(ag_last_status() == AG_OK);
}

/* Each function that draws: the same numbers again from the same place of the stream, and as many
 * blocks as it has pairs of numbers, or numbers. */
static void test_draws(void)
{
    static const int64_t two[] = {2, 3};
    ag_generator *g = ag_generator_new(3);
    uint64_t seed, position;
    ag_tensor *x = ag_empty(2, two), *p = ag_full(2, two, 0.5), *again;
#define DRAWS_AGAIN(call, used) \
    ag_generator_seed(g, 3); \
    CHECK((call) == AG_OK && (again = ag_clone(x)) != NULL); \
    CHECK(ag_generator_get_state(g, &seed, &position) == AG_OK && position == (used)); \
    ag_generator_seed(g, 3); \
    CHECK((call) == AG_OK && same_numbers(x, again));
    DRAWS_AGAIN(ag_uniform_(x, -1.0, 1.0, g), 3)
    DRAWS_AGAIN(ag_normal_(x, 1.0, 2.0, g), 3)
    DRAWS_AGAIN(ag_log_normal_(x, 1.0, 2.0, g), 3)
    DRAWS_AGAIN(ag_exponential_(x, 2.0, g), 3)
    DRAWS_AGAIN(ag_cauchy_(x, 1.0, 2.0, g), 3)
    DRAWS_AGAIN(ag_geometric_(x, 0.25, g), 3)
    DRAWS_AGAIN(ag_random_(x, g), 3)
    DRAWS_AGAIN(ag_random_to_(x, 100, g), 3)
    DRAWS_AGAIN(ag_random_from_(x, -100, INT64_MIN, g), 3)
    DRAWS_AGAIN(ag_bernoulli_(x, 0.5, g), 3)
    DRAWS_AGAIN(ag_bernoulli_by_(x, p, g), 3)
#undef DRAWS_AGAIN
#define GIVES_AGAIN(call, used) \
    ag_generator_seed(g, 3); \
    again = call; \
    CHECK(ag_generator_get_state(g, &seed, &position) == AG_OK && position == (used)); \
    ag_generator_seed(g, 3); \
    CHECK(same_numbers(call, again));
    GIVES_AGAIN(ag_bernoulli(p, g), 3)
    GIVES_AGAIN(ag_bernoulli_number(p, 0.5, g), 3)
    GIVES_AGAIN(ag_poisson(p, g), 6)
    GIVES_AGAIN(ag_binomial(p, p, g), 6)
    GIVES_AGAIN(ag_rrelu(p, 0.25, 0.5, true, g), 3)
    GIVES_AGAIN(ag_randint(-5, 5, 2, two, g), 3)
    GIVES_AGAIN(ag_randint_below(9, 2, two, g), 3)
    GIVES_AGAIN(ag_randint_like(p, -5, 5, g), 3)
    GIVES_AGAIN(ag_randint_like_below(p, 9, g), 3)
    GIVES_AGAIN(ag_randperm(7, g), 4)
    GIVES_AGAIN(ag_multinomial(p, 2, false, g), 3)
    GIVES_AGAIN(ag_multinomial(p, 4, true, g), 4)
#undef GIVES_AGAIN
    ag_generator_release(g);
}

#define DRAWS 2000

/* Numbers of a generator that four threads share: each draws its own references to it, too. */
static void *draw(void *g)
{
    static const int64_t n = 2;
    double *found = malloc(2 * DRAWS * sizeof *found);
    for (int i = 0; found != NULL && i < DRAWS; i++) {
        ag_generator *mine = ag_generator_retain(g);
        ag_tensor *x = ag_rand(1, &n, mine);
        if (ag_copy_out(x, found + 2 * i) != AG_OK)
            found[2 * i] = -1.0;
        ag_release(x);
        ag_generator_release(mine);
    }
    return found;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void test_threads_that_share_a_generator(void)
{
    enum { ALL = 4 * 2 * DRAWS };
    const int64_t n = ALL;
    static double found[ALL], expected[ALL];
    pthread_t threads[4];
    ag_generator *g = ag_generator_new(5);
    for (int k = 0; k < 4; k++)
        CHECK(pthread_create(&threads[k], NULL, draw, g) == 0);
    for (int k = 0; k < 4; k++) {
        void *part = NULL;
        CHECK(pthread_join(threads[k], &part) == 0 && part != NULL);
        if (part != NULL)
            memcpy(found + k * 2 * DRAWS, part, 2 * DRAWS * sizeof *found);
        free(part);
    }
    ag_generator_seed(g, 5);
    CHECK(ag_copy_out(ag_rand(1, &n, g), expected) == AG_OK);
    ag_generator_release(g);
    qsort(found, ALL, sizeof *found, by_size);
    qsort(expected, ALL, sizeof *expected, by_size);
    CHECK(memcmp(found, expected, sizeof found) == 0);
}

/* ---- fork ------------------------------------------------------------------------------------ */

/* Works in the child, whose pool of threads is gone, and ends by way of exit handlers. */
static int child(void)
{
    const int64_t n = 300000, mark = ag_scope_open();
    ag_tensor *x = ag_full(1, &n, 2.0);
    double total = 0.0, noise = -1.0;
    ag_set_requires_grad(x, true);
    const bool good = ag_backward(ag_sum_all(ag_mul(ag_sqrt(x), x)), NULL, 0) == AG_OK &&
                      ag_item(ag_sum_all(ag_grad_of(x)), &total) == AG_OK &&
                      ag_item(ag_rand(0, NULL, NULL), &noise) == AG_OK;
    ag_scope_close(mark);
    return good && fabs(total / (1.5 * sqrt(2.0) * (double)n) - 1.0) < 1e-12 && noise >= 0.0;
}

static void test_fork(void)
{
    CHECK(ag_set_num_threads(2) == AG_OK);
    CHECK(child());  /* threads are there before */
    fflush(stdout);
    for (int i = 0; i < 5; i++) {
        const pid_t pid = fork();
        if (pid == 0)
            exit(child() ? 0 : 1);
        int status = -1;
        CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
    }
    CHECK(child());
}

int main(void)
{
    static void (*const tests[])(void) = {
        test_fill, test_copy, test_slice_scatter, test_sums_of_numbers, test_in_place,
        test_versions, test_masks, test_copies_of_dtypes, test_casts, test_filling,
        test_promotion, test_comparisons_and_choices, test_dtypes_in_place, test_backwards_at_once, test_generators,
        test_draws,
        test_threads_that_share_a_generator, test_fork,
    };
    run_tests(COUNT(tests), tests, true);
    printf("%d tests, %d failures\n", COUNT(tests), failures);
    return failures != 0;
}
