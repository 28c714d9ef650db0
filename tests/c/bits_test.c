/* SPDX-License-Identifier: MIT
 *
 * One line for each of many results, with a number that stands for all of its bits: the same program
 * linked to two builds of the library tells whether they compute the same. NaN counts as NaN, since
 * its sign is nobody's promise.
 */
#include <pyautograd.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGE 20000 /* elements: evaluated late, fused, in part by machine code */

static uint64_t state = 88172645463325252u;

static double uniform(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) * 0x1p-53;
}

static const double edges[] = {0.0, -0.0, 1.0, -1.0, 0.5, 3.0, -2.5, 1e-300, -1e-310, 5e-324,
                               1e300, -1e308, 709.5, -745.0, 1e8, 1e17, INFINITY, -INFINITY, NAN};
#define EDGES ((int64_t)(sizeof edges / sizeof *edges))

/* All edges, then numbers between -scale and scale. */
static ag_tensor *numbers(int64_t n, double scale)
{
    double *values = malloc((size_t)n * sizeof *values);
    for (int64_t i = 0; i < n; i++)
        values[i] = i < EDGES ? edges[i] : scale * (2.0 * uniform() - 1.0);
    ag_tensor *t = ag_from_data(values, 1, &n);
    free(values);
    return t;
}

/* Whole numbers of all sizes. */
static ag_tensor *whole_numbers(int64_t n)
{
    int64_t *values = malloc((size_t)n * sizeof *values);
    for (int64_t i = 0; i < n; i++)
        values[i] = (int64_t)((2.0 * uniform() - 1.0) * (double)(INT64_C(1) << (i % 54)));
    ag_tensor *t = ag_from_int64(values, 1, &n);
    free(values);
    return t;
}

static void show(const char *name, ag_tensor *t)
{
    const int64_t n = t != NULL ? ag_numel(t) : 0;
    double *values = malloc((size_t)(n + 1) * sizeof *values);
    uint64_t hash = 1469598103934665603u;
    if (t == NULL || ag_copy_out(t, values) != AG_OK) {
        printf("%s: %s\n", name, ag_last_message());
        exit(1);
    }
    for (int64_t i = 0; i < n; i++) {
        uint64_t bits = 0x7FF8000000000000u;
        if (!isnan(values[i]))
            memcpy(&bits, &values[i], sizeof bits);
        hash = (hash ^ bits) * 1099511628211u;
    }
    printf("%-24s %6lld %016llx\n", name, (long long)n, (unsigned long long)hash);
    free(values);
}

/* The value of each op that has a name of its own, and the gradients of it. */
static void show_op(const char *name, ag_tensor *y, ag_tensor *x, ag_tensor *weights)
{
    char label[64];
    show(name, y);
    if (!ag_requires_grad(y))
        return;
    ag_set_grad(x, NULL);
    if (ag_backward(ag_sum_all(ag_mul(y, weights)), NULL, 0) != AG_OK) {
        printf("%s: %s\n", name, ag_last_message());
        exit(1);
    }
    snprintf(label, sizeof label, "%s, gradient", name);
    show(label, ag_grad_of(x));
}

static void show_ops(int64_t n, double scale)
{
    ag_tensor *x = numbers(n, scale), *y = numbers(n, 2.0), *w = numbers(n, 1.0);
    ag_tensor *i = whole_numbers(n), *j = whole_numbers(n);
    ag_set_requires_grad(x, true);
#define SHOW_UNARY_RULE(name) show_op(#name, ag_##name(x), x, w);
#define SHOW_UNARY_ZERO_GRAD SHOW_UNARY_RULE
#define SHOW_UNARY_NO_GRAD(name) show(#name, ag_##name(i));
#define SHOW_UNARY(name, GRAD) SHOW_UNARY_##GRAD(name)
#define SHOW_BINARY_RULE(name) \
    show_op(#name, ag_##name(x, y), x, w); \
    show_op(#name " number", ag_##name##_scalar(x, 1.7), x, w); \
    show_op("number " #name, ag_scalar_##name(1.7, x), x, w);
#define SHOW_BINARY_NO_GRAD(name) show(#name, ag_##name(i, j));
#define SHOW_BINARY(name, GRAD) SHOW_BINARY_##GRAD(name)
#define SHOW_PAIR(name, GRAD) SHOW_BINARY_RULE(name)
#define SHOW_MASK SHOW_PAIR
#define SHOW_TERNARY(name, GRAD) show_op(#name, ag_##name(ag_lt_scalar(y, 0.5), x, w), x, w);
#define SHOW_INNER1(name, GRAD)
#define SHOW_INNER(name, GRAD)
#define SHOW_INNER3(name, GRAD)
#define SHOW_UNARY_ATTR(name, GRAD)
#define SHOW_TERNARY_ATTR(name, GRAD)
#define SHOW_REDUCE(name, GRAD)
#define SHOW_VIEW(name, GRAD)
#define SHOW_MAKE(name, GRAD)
#define SHOW_EDIT(name, GRAD)
#define SHOW_FORMULA(name, GRAD)
#define SHOW_JOIN(name, GRAD)
#define SHOW_REDUCES(name, GRAD)
#define SHOW_VIEWS(name, GRAD)
#define SHOW_FORMULAS(name, GRAD)
#define OP(name, arity, KIND, dtypes, saves, GRAD, label, doc) SHOW_##KIND(name, GRAD)
#include <ops.def>
    show_op("softplus", ag_softplus(x, 1.5, 20.0), x, w);
    ag_tensor *odd = ag_add(ag_add(j, j), ag_ones_like(j));
    show("add of integers", ag_add(i, j));
    show("mul of integers", ag_mul(i, j));
    show("quotient of integers", ag_apply(AG_OP_div_trunc_int, 2,
                                          (ag_arg[]){ag_operand(i), ag_operand(odd)}, NULL));
    show("cast", ag_cast(ag_mul_scalar(i, 0.37), AG_INT64));
    show_op("clamp", ag_clamp(x, ag_number(-1.0), ag_number(1.0)), x, w);
}

/* Sums of finite numbers, whose order tells; and expressions that a compiler might contract. */
static void show_sums(int64_t n)
{
    ag_manual_seed(7);
    ag_tensor *x = ag_randn(1, &n, NULL), *y = ag_rand(1, &n, NULL);
    ag_set_requires_grad(x, true);
    show("randn", x);
    show("rand", y);
    show("sum", ag_sum_all(x));
    show("mean", ag_mean_all(x));
    ag_tensor *z = ag_mul(ag_sin(ag_add(ag_mul(x, y), x)), ag_exp(ag_mul(ag_neg(x), x)));
    show("sin-exp", z);
    show_op("sum of squares", ag_add(ag_sum_all(ag_mul(z, z)), ag_mul(z, y)), x, y);
    show_op("polynomial", ag_add(ag_mul(ag_add(ag_mul(x, y), x), y), ag_sub(x, ag_mul(y, y))), x,
            y);
    ag_tensor *p = ag_clone(y);
    for (int k = 0; k < 3; k++)  /* a step of descent: p -= 0.1 p g */
        ag_sub_(p, ag_scalar_mul(0.1, ag_mul(p, ag_detach(x))));
    show("in place", p);
}

int main(void)
{
    static const int64_t sizes[] = {1, 7, 33, 1000, LARGE};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        int64_t scope = ag_scope_open();  /* owns all that is made below */
        show_ops(sizes[k], 3.0);
        show_ops(sizes[k], 0.9);
        show_sums(sizes[k]);
        ag_scope_close(scope);
    }
    return 0;
}
