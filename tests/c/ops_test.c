/* SPDX-License-Identifier: MIT
 *
 * What C programs reach and Python has no way to: ops of the tape called by themselves, arithmetic in
 * place by name, masks that pend, several backwards through one graph at the same time, generators of
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
    ag_tensor *y = ag_apply(AG_OP_fill, 2, (ag_arg[]){{x, 0}, {NULL, 7}}, NULL);
    CHECK(holds(y, 3, (double[]){7, 7, 7}));
    ag_tensor *z = ag_apply(AG_OP_fill, 2, (ag_arg[]){{x, 0}, {w, 0}}, NULL);
    CHECK(holds(z, 3, (double[]){5, 5, 5}));
    CHECK(holds(weighted_gradient(z, w), 1, (double[]){6}));
    CHECK(holds(weighted_gradient(z, x), 3, (double[]){0, 0, 0}));
    CHECK(ag_apply(AG_OP_fill, 2, (ag_arg[]){{w, 0}, {x, 0}}, NULL) == NULL);
    CHECK(ag_last_status() == AG_ERR_SHAPE);
}

static void test_copy(void)
{
    ag_tensor *x = ag_view(ag_arange(0, 6, 1), 2, (int64_t[]){2, 3});
    CHECK(ag_set_requires_grad(x, true) == AG_OK);
    ag_tensor *row = leaf(3, (double[]){7, 8, 9});
    ag_tensor *y = ag_apply(AG_OP_copy, 2, (ag_arg[]){{x, 0}, {row, 0}}, NULL);
    CHECK(holds(y, 6, (double[]){7, 8, 9, 7, 8, 9}));
    CHECK(holds(weighted_gradient(y, row), 3, (double[]){1 + 4, 2 + 5, 3 + 6}));
    CHECK(holds(weighted_gradient(y, x), 6, (double[]){0, 0, 0, 0, 0, 0}));
    CHECK(holds(ag_apply(AG_OP_copy, 2, (ag_arg[]){{row, 0}, {NULL, 4}}, NULL), 3,
                (double[]){4, 4, 4}));
    CHECK(ag_apply(AG_OP_copy, 2, (ag_arg[]){{row, 0}, {x, 0}}, NULL) == NULL);
    CHECK(ag_last_status() == AG_ERR_SHAPE);
}

static void test_slice_scatter(void)
{
    const ag_attr every_second = {.i = {0, 1, 5, 2}};
    ag_tensor *x = leaf(5, (double[]){1, 2, 3, 4, 5}), *part = leaf(2, (double[]){8, 9});
    ag_tensor *y = ag_apply(AG_OP_slice_scatter, 2, (ag_arg[]){{x, 0}, {part, 0}}, &every_second);
    CHECK(holds(y, 5, (double[]){1, 8, 3, 9, 5}));
    CHECK(holds(weighted_gradient(y, x), 5, (double[]){1, 0, 3, 0, 5}));
    CHECK(holds(weighted_gradient(y, part), 2, (double[]){2, 4}));
    CHECK(holds(ag_apply(AG_OP_slice_scatter, 2, (ag_arg[]){{x, 0}, {NULL, 0.5}}, &every_second), 5,
                (double[]){1, 0.5, 3, 0.5, 5}));
    CHECK(ag_apply(AG_OP_slice_scatter, 2, (ag_arg[]){{x, 0}, {x, 0}}, &every_second) == NULL);
    CHECK(ag_last_status() == AG_ERR_SHAPE);
    const ag_attr backwards = {.i = {0, 1, 5, -1}};
    CHECK(ag_apply(AG_OP_slice_scatter, 2, (ag_arg[]){{x, 0}, {part, 0}}, &backwards) == NULL);
    CHECK(ag_last_status() == AG_ERR_VALUE);
}

/* Reductions of plain numbers: there is nothing to reduce. */
static void test_sums_of_numbers(void)
{
    const ag_arg number = {NULL, 2.5};
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
        test_versions, test_masks, test_backwards_at_once, test_generators,
        test_threads_that_share_a_generator, test_fork,
    };
    run_tests(COUNT(tests), tests, true);
    printf("%d tests, %d failures\n", COUNT(tests), failures);
    return failures != 0;
}
