/* SPDX-License-Identifier: MIT
 *
 * What ran out of memory has changed nothing and can be tried again: backwards of every kind, and
 * writes in place, with their 1st, 2nd, 3rd ... allocation failing. After each failure every .grad
 * and every value must be what it was, and the same call without a failure must give what it gives
 * when nothing ever failed. Linked with the core built with AG_TESTING and the sanitizers.
 */
#include "check.h"

#include <string.h>

#define IN_A_ROW 40  /* a failure may also be survived: so many successes mean that none is left */
#define MOST_ALLOCATIONS 20000
#define SMALL 6
#define LARGE 1200   /* pends in testing builds, like the other size, which takes another program */
#define OTHER 700
#define ALL (SMALL + LARGE + OTHER)

static void report(const char *test, int64_t nth, const char *problem)
{
    failures++;
    printf("%s, allocation %d: %s (status %d: %.120s)\n", test, (int)nth, problem,
           (int)ag_last_status(), ag_last_message());
}

static ag_tensor *leaf_of(int64_t n, double from)
{
    ag_tensor *t = ag_linspace(from, from + 1.0, n);
    ag_set_requires_grad(t, true);
    return t;
}

static ag_tensor *small, *large, *other;

/* ---- graphs --------------------------------------------------------------------------------- */

static ag_tensor *of_small(void)
{
    ag_tensor *xx = ag_mul(small, small), *e = ag_exp(ag_neg(xx));
    return ag_sum_all(ag_mul(ag_sin(ag_add(xx, small)), e));
}

static ag_tensor *of_large(void)
{
    ag_tensor *xx = ag_mul(large, large), *s = ag_sin(ag_add(xx, large));
    return ag_sum_all(ag_mul(ag_mul(s, s), ag_tanh(xx)));
}

/* Two programs at the end, and leaves that are too small for any. */
static ag_tensor *of_several_sizes(void)
{
    ag_tensor *a = ag_mean_all(ag_exp(ag_sin(large))), *b = ag_sum_all(ag_log(ag_cosh(other)));
    ag_tensor *c = ag_sum_all(ag_div(ag_select(small, 0, 1), ag_square(ag_select(small, 0, 2))));
    return ag_mul(ag_add(a, b), c);
}

/* Longer than a program may be: values are computed in the midst of the sweep. */
static ag_tensor *of_long_chain(void)
{
    ag_tensor *y = large;
    for (int i = 0; i < 16; i++)
        y = ag_sin(ag_mul_scalar(y, 1.01));
    return ag_sum_all(y);
}

static ag_tensor *of_broadcast(void)
{
    const int64_t table[] = {LARGE / SMALL, SMALL};
    ag_tensor *rows = ag_mul(ag_view(large, 2, table), small);
    ag_tensor *norm = ag_sum(ag_exp(rows), 1, (const int64_t[]){1}, true);
    return ag_sum_all(ag_log(ag_div(rows, norm)));
}

static ag_tensor *of_views_and_writes(void)
{
    ag_tensor *y = ag_mul_scalar(large, 2.0), *part = ag_slice(y, 0, 100, 100 + OTHER, 1);
    ag_tensor *z = ag_mul_scalar(small, 3.0), *one = ag_select(z, 0, 2);
    if (part == NULL || one == NULL || ag_mul_(part, other) != AG_OK || ag_sub_(y, large) != AG_OK ||
        ag_add_(one, one) != AG_OK)
        return NULL;
    return ag_add(ag_sum_all(ag_mul(y, y)), ag_sum_all(ag_mul(part, ag_sum_all(z))));
}

static ag_tensor *of_retained(void)
{
    ag_tensor *y = ag_sin(large), *z = ag_exp(small);
    if (ag_retain_grad(y) != AG_OK || ag_retain_grad(z) != AG_OK)
        return NULL;
    return ag_add(ag_sum_all(ag_mul(y, y)), ag_sum_all(ag_mul(z, z)));
}

/* ---- backward ------------------------------------------------------------------------------- */

/* What a run leaves: the gradients of the three leaves, zeros where there are none. */
static bool read_gradients(double *values)
{
    ag_tensor *const leaves[] = {small, large, other};
    memset(values, 0, ALL * sizeof *values);
    for (int i = 0; i < 3; values += ag_numel(leaves[i++]))
        if (ag_grad_of(leaves[i]) != NULL && ag_copy_out(ag_grad_of(leaves[i]), values) != AG_OK)
            return false;
    return true;
}

/* Every leaf has a gradient of 1, or none. */
static void start_gradients(bool some)
{
    ag_tensor *const leaves[] = {small, large, other};
    const int64_t mark = ag_scope_open();
    for (int i = 0; i < 3; i++)
        ag_set_grad(leaves[i], some ? ag_ones(1, ag_shape(leaves[i])) : NULL);
    ag_scope_close(mark);
}

static bool backward(ag_tensor *root)
{
    return ag_backward(root, NULL, 0) == AG_OK;
}

static bool backward_for_two(ag_tensor *root)
{
    ag_tensor *inputs[] = {small, large};
    return ag_backward_many(1, &root, NULL, 2, inputs, 0) == AG_OK;
}

static bool backward_twice(ag_tensor *root)
{
    ag_tensor *roots[] = {root, root};
    return ag_backward_many(2, roots, NULL, 0, NULL, 0) == AG_OK;
}

/* Freed in spite of AG_CREATE_GRAPH, as Python asks for it by retain_graph=False. */
static bool backward_recorded(ag_tensor *root)
{
    return ag_backward(root, NULL, AG_CREATE_GRAPH | AG_FREE_GRAPH) == AG_OK;
}

/* The gradients go to .grad as backward's would. */
static bool grad_of_all(ag_tensor *root)
{
    ag_tensor *inputs[] = {small, large, other}, *results[3];
    if (ag_grad(1, &root, NULL, 3, inputs, AG_ALLOW_UNUSED, results) != AG_OK)
        return results[0] != NULL || results[1] != NULL || results[2] != NULL;
    for (int i = 0; i < 3; i++) {
        ag_set_grad(inputs[i], results[i]);
        ag_release(results[i]);
    }
    return true;
}

typedef struct kind {
    const char *name;
    bool (*run)(ag_tensor *root);
    bool some;   /* gradients are there before */
} kind;

/* One run whose nth allocation fails, and if it did, another: true if the first got through. */
static bool run_and_retry(const char *name, ag_tensor *root, const kind *k, int64_t nth,
                          const double *expected)
{
    static double before[ALL], after[ALL];
    read_gradients(before);
    const int64_t alive = live();
    ag_clear_error();
    ag_fail_allocation(nth);
    const bool good = k->run(root);
    ag_fail_allocation(0);
    read_gradients(after);
    if (!good && ag_last_status() != AG_ERR_MEMORY)
        report(name, nth, "failed, but not for want of memory");
    if (!good && memcmp(before, after, sizeof before) != 0)
        report(name, nth, "failed and changed a gradient");
    if (!good && live() != alive)
        report(name, nth, "failed and left tensors or nodes");
    if (!good && !k->run(root))
        report(name, nth, "cannot be tried again");
    read_gradients(after);
    if (memcmp(expected, after, sizeof after) != 0)
        report(name, nth, "gives other gradients in the end");
    return good;
}

static void test_backward(const char *name, ag_tensor *(*build)(void), const kind *k)
{
    static double expected[ALL];
    const int reported = failures;
    char text[80];
    int64_t failed = 0, nth = 0;
    snprintf(text, sizeof text, "%s, %s", name, k->name);
    for (int row = 0; row < IN_A_ROW && nth < MOST_ALLOCATIONS && failures == reported; nth++) {
        const int64_t mark = ag_scope_open();
        start_gradients(k->some);
        ag_tensor *root = build();
        if (nth == 0 && !(k->run(root) && read_gradients(expected)))
            report(text, nth, "fails");
        const bool good = nth == 0 || run_and_retry(text, root, k, nth, expected);
        ag_scope_close(mark);
        row = good ? row + 1 : 0;
        failed += !good;
    }
    start_gradients(false);
    if (failed == 0 || nth == MOST_ALLOCATIONS)
        report(text, nth, failed ? "never got through" : "never failed");
    printf("%-40s failed %d times\n", text, (int)failed);
}

static void test_backwards(void)
{
    static const struct {
        const char *name;
        ag_tensor *(*build)(void);
    } graphs[] = {
        {"small", of_small}, {"large", of_large}, {"several sizes", of_several_sizes},
        {"long chain", of_long_chain}, {"broadcast", of_broadcast},
        {"views and writes", of_views_and_writes}, {"retained", of_retained},
    };
    static const kind kinds[] = {
        {"backward", backward, false},
        {"backward into .grad", backward, true},
        {"backward for two leaves", backward_for_two, true},
        {"backward twice at once", backward_twice, false},
        {"backward recorded", backward_recorded, false},
        {"grad", grad_of_all, false},
    };
    for (int g = 0; g < COUNT(graphs); g++)
        for (int k = 0; k < COUNT(kinds); k++)
            test_backward(graphs[g].name, graphs[g].build, &kinds[k]);
}

/* ---- writes in place ------------------------------------------------------------------------ */

typedef ag_status (*write)(ag_tensor *x, ag_tensor *y);

static ag_status fill(ag_tensor *x, ag_tensor *y)
{
    (void)y;
    return ag_fill_(x, 0.5);
}

static ag_status zero(ag_tensor *x, ag_tensor *y)
{
    (void)y;
    return ag_zero_(x);
}

static ag_status softplus(ag_tensor *x, ag_tensor *y)
{
    const ag_arg args[] = {ag_operand(x)};
    const ag_attr attr = {.f = {1.0, 20.0}};
    (void)y;
    return ag_apply_(AG_OP_softplus, 1, args, &attr);
}

static const struct {
    const char *name;
    write run;
} writes[] = {
    {"add_", ag_add_}, {"sub_", ag_sub_}, {"mul_", ag_mul_}, {"div_", ag_div_}, {"pow_", ag_pow_},
    {"copy_", ag_copy_}, {"fill_", fill}, {"zero_", zero}, {"softplus_", softplus},
};

/* What is written: all of a value, a part of it, a strided part; recorded where `of` is a leaf. */
static ag_tensor *target_of(ag_tensor *of, int part, ag_tensor **whole)
{
    ag_tensor *y = *whole = ag_add_scalar(ag_exp(of), 0.0);
    return part == 0 ? y : ag_slice(y, 0, 1, ag_numel(of), part);
}

typedef struct written {
    double values[LARGE], gradient[LARGE];
    uint32_t version;
} written;

/* The values, the version, and the gradient of the sum of squares for the leaf that it comes from. */
static bool read_written(ag_tensor *whole, ag_tensor *of, bool with_gradient, written *out)
{
    ag_tensor *root = NULL, *g = NULL;
    memset(out, 0, sizeof *out);
    if (ag_copy_out(whole, out->values) != AG_OK)
        return false;
    out->version = ag_tensor_version(whole);
    if (!with_gradient || !ag_requires_grad(whole))
        return true;
    root = ag_sum_all(ag_mul(whole, whole));
    if (ag_grad(1, &root, NULL, 1, &of, AG_ALLOW_UNUSED, &g) != AG_OK)
        return false;
    const bool good = g == NULL || ag_copy_out(g, out->gradient) == AG_OK;
    ag_release(g);
    return good;
}

/* True if the write got through at once. What follows a failure must be as if there was none. */
static bool write_and_retry(const char *name, write run, ag_tensor *of, int part, int64_t nth,
                            const written *expected)
{
    static written before, after;
    ag_tensor *whole, *x = target_of(of, part, &whole), *y = ag_sin(ag_mul_scalar(x, 1.0));
    if (nth % 2 == 0)
        read_written(whole, of, false, &before);  /* else it may still pend */
    before.version = ag_tensor_version(whole);
    ag_clear_error();
    ag_fail_allocation(nth);
    const bool good = run(x, y) == AG_OK;
    ag_fail_allocation(0);
    if (!good && ag_last_status() != AG_ERR_MEMORY)
        report(name, nth, "failed, but not for want of memory");
    if (!good && ag_tensor_version(whole) != before.version)
        report(name, nth, "failed and counted a write");
    if (!good && nth % 2 == 0 && read_written(whole, of, false, &after) &&
        memcmp(before.values, after.values, sizeof after.values) != 0)
        report(name, nth, "failed and changed values");
    if (!good && run(x, y) != AG_OK)
        report(name, nth, "cannot be tried again");
    if (!read_written(whole, of, true, &after) || memcmp(expected, &after, sizeof after) != 0)
        report(name, nth, "gives other values or gradients in the end");
    return good;
}

static void test_write(const char *name, write run, ag_tensor *of, int part)
{
    static written expected;
    const int reported = failures;
    char text[80];
    int64_t nth = 0;
    snprintf(text, sizeof text, "%s of %d, part %d%s", name, (int)ag_numel(of), part,
             ag_requires_grad(of) ? ", recorded" : "");
    for (int row = 0; row < IN_A_ROW && nth < MOST_ALLOCATIONS && failures == reported; nth++) {
        const int64_t mark = ag_scope_open();
        bool good = true;
        if (nth == 0) {
            ag_tensor *whole, *x = target_of(of, part, &whole), *y = ag_sin(ag_mul_scalar(x, 1.0));
            if (run(x, y) != AG_OK || !read_written(whole, of, true, &expected))
                report(text, nth, "fails");
        } else {
            good = write_and_retry(text, run, of, part, nth, &expected);
        }
        ag_scope_close(mark);
        row = good ? row + 1 : 0;
    }
    if (nth == MOST_ALLOCATIONS)
        report(text, nth, "never got through");
}

static void test_writes(void)
{
    ag_tensor *leaves[] = {small, large, ag_detach(small), ag_detach(large)};
    for (int w = 0; w < COUNT(writes); w++)
        for (int i = 0; i < 4; i++)
            for (int part = 0; part <= 2; part++)
                test_write(writes[w].name, writes[w].run, leaves[i], part);
    ag_release(leaves[2]), ag_release(leaves[3]);
}

/* ---- random numbers ------------------------------------------------------------------------- */

/* What was not given out is not missing from the stream. */
static void test_random(void)
{
    const int64_t n = LARGE;
    double expected[8], found[8];
    for (int64_t nth = 0; nth < 20; nth++) {
        ag_manual_seed(5);
        const int64_t mark = ag_scope_open();
        ag_fail_allocation(nth);
        ag_tensor *first = ag_randn(1, &n, NULL);
        ag_fail_allocation(0);
        ag_tensor *again = first != NULL ? first : ag_randn(1, &n, NULL);
        ag_tensor *next = ag_rand(1, &n, NULL);
        memcpy(found, ag_data(again), 4 * sizeof *found);
        memcpy(found + 4, ag_data(next), 4 * sizeof *found);
        if (nth == 0)
            memcpy(expected, found, sizeof found);
        else if (memcmp(expected, found, sizeof found) != 0)
            report("random", nth, "a failure used numbers up");
        ag_scope_close(mark);
    }
}

/* Neither is what normal had drawn when it failed. */
static void test_normal(const int64_t *shape)
{
    uint64_t seed, position;
    ag_generator *g = ag_generator_new(5);
    ag_tensor *ones = ag_ones(2, shape);
    for (int64_t nth = 1, done = 0; done < 3; nth++) {
        const int64_t mark = ag_scope_open();
        ag_generator_seed(g, 5);
        ag_fail_allocation(nth);
        const bool good = ag_normal(ones, ones, g) != NULL;
        ag_fail_allocation(0);
        done = good ? done + 1 : 0;
        const uint64_t blocks = good ? (uint64_t)(shape[0] * shape[1] + 1) / 2 : 0;
        if (ag_generator_get_state(g, &seed, &position) != AG_OK || position != blocks)
            report("normal", nth, "a failure used numbers up");
        if (!good && ag_last_status() != AG_ERR_MEMORY)
            report("normal", nth, "fails for another reason");
        ag_scope_close(mark);
    }
    ag_release(ones);
    ag_generator_release(g);
}

int main(void)
{
    if (ag_fail_allocation(0) != AG_OK) {
        printf("the core was not built with AG_TESTING\n");
        return 2;
    }
    small = leaf_of(SMALL, 0.3);
    large = leaf_of(LARGE, 0.2);
    other = leaf_of(OTHER, 0.1);
    test_backwards();
    test_writes();
    test_random();
    test_normal((int64_t[]){3, 5});
    test_normal((int64_t[]){LARGE, 3});
    ag_release(small), ag_release(large), ag_release(other);
    if (live() != 0)
        report("all", 0, "something is left at the end");
    printf("%d failures\n", failures);
    return failures != 0;
}
