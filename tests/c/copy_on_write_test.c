/* SPDX-License-Identifier: MIT
 *
 * Copying on write from C: gradients are those of the values that were saved, memory stays where it
 * is, a copy goes with the last that needs it, and what was written without a word is told of.
 */
#include "check.h"

#include <pthread.h>
#include <stdlib.h>

static const double three[] = {1.0, 2.0, 3.0};

static bool has_gradient(ag_tensor *x, double a, double b, double c)
{
    const double expected[] = {a, b, c};
    const bool good = holds(ag_grad_of(x), 3, expected);
    ag_set_grad(x, NULL);
    return good;
}

/* y is saved as an operand, z as a result; both are written, by ops and into a part. */
static void test_writes(void)
{
    CHECK(!ag_copy_on_write_enabled() && !ag_set_copy_on_write(true));
    CHECK(ag_copy_on_write_enabled() && ag_set_copy_on_write(true) && !ag_has_saved_hooks());
    ag_tensor *x = leaf(3, three), *y = ag_mul_scalar(x, 2.0);
    const double *memory = ag_data(y);
    ag_tensor *z = ag_mul(y, y);
    ag_tensor *part = ag_slice(y, 0, 1, 3, 1), *e = ag_exp(part), *root = ag_sum_all(z);
    CHECK(ag_add_(e, e) == AG_OK && ag_fill_(part, 7.0) == AG_OK && ag_mul_(y, y) == AG_OK);
    CHECK(ag_data(y) == memory && memory[0] == 4.0 && memory[1] == 49.0);
    CHECK(ag_backward(root, NULL, 0) == AG_OK && has_gradient(x, 8.0, 16.0, 24.0));
    ag_tensor *sum = ag_sum_all(e);
    CHECK(ag_backward(sum, NULL, 0) == AG_OK);
    CHECK(has_gradient(x, 0.0, 4.0 * exp(4.0), 4.0 * exp(6.0)));
    CHECK(ag_set_copy_on_write(false) && !ag_set_copy_on_write(false));
    ag_tensor *all[] = {sum, root, e, part, z, y, x};
    for (int k = 0; k < COUNT(all); k++)
        ag_release(all[k]);
}

static int64_t allocated(void)
{
    ag_memory_stats stats;
    ag_get_memory_stats(&stats);
    return stats.allocated;
}

/* One copy for all that is saved of one version; it is there as long as one of them. */
static void test_copies(void)
{
    const int64_t n = 100000, before = allocated();
    const int64_t bytes = n * (int64_t)sizeof(double);
    ag_tensor *x = ag_ones(1, &n), *y, *products[3];
    ag_set_requires_grad(x, true);
    ag_set_copy_on_write(true);
    y = ag_mul_scalar(x, 2.0);
    for (int k = 0; k < 3; k++)
        products[k] = ag_mul(y, y);
    ag_set_copy_on_write(false);
    for (int k = 0; k < 3; k++)
        CHECK(ag_data(products[k]) != NULL);
    const int64_t unwritten = allocated();
    CHECK(ag_fill_(y, 1.0) == AG_OK && ag_data(y)[n - 1] == 1.0);
    CHECK(allocated() >= unwritten + bytes);
    CHECK(allocated() < unwritten + 2 * bytes);
    ag_release(products[0]);
    ag_release(products[1]);
    CHECK(allocated() > unwritten - 3 * bytes / 2 && allocated() < unwritten);
    ag_release(products[2]);
    ag_release(y);
    ag_release(x);
    CHECK(allocated() == before);
}

/* A pointer that was asked for before a value is saved may be written by; if that is said, the rule
 * that would read the value fails. A pointer that is asked for later leaves it a copy. */
static void test_pointers(void)
{
    ag_set_copy_on_write(true);
    ag_tensor *x = leaf(3, three), *y = ag_mul_scalar(x, 1.0);
    double *early = ag_data(y);
    ag_tensor *z = ag_mul(y, y), *root = ag_sum_all(z);
    early[0] = 50.0;
    ag_bump_version(y);
    CHECK(ag_backward(root, NULL, 0) == AG_ERR_VERSION);
    ag_release(root);
    ag_release(z);
    early[0] = 1.0;
    z = ag_mul(y, y);
    root = ag_sum_all(z);
    ag_data(y)[1] = 60.0;
    CHECK(ag_backward(root, NULL, 0) == AG_OK && has_gradient(x, 2.0, 4.0, 6.0));
    ag_set_copy_on_write(false);
    ag_release(root);
    ag_release(z);
    ag_release(y);
    ag_release(x);
}

/* Memory that others may write is copied at once. */
static void test_memory_of_others(void)
{
    double memory[] = {1.0, 2.0, 3.0};
    const int64_t n = 3;
    ag_set_copy_on_write(true);
    ag_tensor *x = ag_from_memory(memory, 1, &n, NULL, false, NULL, NULL);
    ag_set_requires_grad(x, true);
    ag_tensor *z = ag_mul(x, x), *root = ag_sum_all(z);
    memory[2] = 80.0;
    CHECK(ag_backward(root, NULL, 0) == AG_OK && has_gradient(x, 2.0, 4.0, 6.0));
    ag_set_copy_on_write(false);
    ag_release(root);
    ag_release(z);
    ag_release(x);
}

static ag_status leave_it(void *context, ag_tensor *value, void **packed)
{
    (void)value;
    (void)packed;
    ++*(int *)context;
    return AG_OK;
}

static ag_status give_it(void *context, void *packed, ag_tensor *kept, ag_tensor **value)
{
    (void)context;
    *value = packed == NULL ? ag_retain(kept) : NULL;
    return AG_OK;
}

/* Of what was pushed the last counts; what it leaves to the library is copied, too. */
static void test_among_hooks(void)
{
    static const ag_saved_hooks hooks = {leave_it, give_it, NULL, NULL};
    int packs = 0;
    ag_tensor *x = leaf(3, three), *y = ag_mul_scalar(x, 1.0);
    CHECK(ag_push_saved_hooks(&hooks, &packs) == AG_OK && ag_push_copy_on_write() == AG_OK);
    CHECK(!ag_copy_on_write_enabled() && ag_has_saved_hooks());
    ag_tensor *inside = ag_mul(y, y);
    CHECK(packs == 0 && ag_push_saved_hooks(&hooks, &packs) == AG_OK);
    ag_tensor *between = ag_mul(y, y);
    CHECK(packs == 2 && ag_pop_saved_hooks() == AG_OK && ag_pop_saved_hooks() == AG_OK);
    ag_tensor *outside = ag_mul(y, y);
    CHECK(packs == 4 && ag_pop_saved_hooks() == AG_OK);
    CHECK(ag_pop_saved_hooks() == AG_ERR_VALUE && ag_fill_(y, 0.0) == AG_OK);
    ag_tensor *sums[] = {ag_sum_all(inside), ag_sum_all(between), ag_sum_all(outside)};
    CHECK(ag_backward(sums[0], NULL, 0) == AG_OK && has_gradient(x, 2.0, 4.0, 6.0));
    CHECK(ag_backward(sums[1], NULL, 0) == AG_OK && has_gradient(x, 2.0, 4.0, 6.0));
    CHECK(ag_backward(sums[2], NULL, 0) == AG_OK && has_gradient(x, 0.0, 0.0, 0.0));
    ag_tensor *all[] = {sums[0], sums[1], sums[2], inside, between, outside, y, x};
    for (int k = 0; k < COUNT(all); k++)
        ag_release(all[k]);
}

/* The mode is the thread's; a write is noticed whoever does it. */
static void *write_it(void *y)
{
    *(bool *)((void **)y)[1] = !ag_copy_on_write_enabled() && ag_fill_(*(void **)y, 9.0) == AG_OK;
    return NULL;
}

static void test_another_thread_writes(void)
{
    pthread_t thread;
    bool good = false;
    ag_set_copy_on_write(true);
    ag_tensor *x = leaf(3, three), *y = ag_mul_scalar(x, 1.0), *z = ag_mul(y, y);
    ag_tensor *root = ag_sum_all(z);
    void *arguments[] = {y, &good};
    ag_set_copy_on_write(false);
    CHECK(pthread_create(&thread, NULL, write_it, arguments) == 0);
    pthread_join(thread, NULL);
    CHECK(good && ag_backward(root, NULL, 0) == AG_OK && has_gradient(x, 2.0, 4.0, 6.0));
    ag_release(root);
    ag_release(z);
    ag_release(y);
    ag_release(x);
}

/* More values than the table has chains at first, in an order in which they do not go. */
static void test_many(void)
{
    enum { N = 1000 };
    ag_tensor *x[N], *y[N], *root[N];
    ag_set_copy_on_write(true);
    for (int k = 0; k < N; k++) {
        x[k] = leaf(3, three);
        y[k] = ag_mul_scalar(x[k], 1.0);
        ag_tensor *z = ag_mul(y[k], y[k]);
        root[k] = ag_sum_all(z);
        ag_release(z);
    }
    ag_set_copy_on_write(false);
    for (int i = 0; i < N; i++) {
        const int k = i * 617 % N;
        if (i % 2 == 0)
            CHECK(ag_fill_(y[k], 0.0) == AG_OK);
        CHECK(ag_backward(root[k], NULL, 0) == AG_OK && has_gradient(x[k], 2.0, 4.0, 6.0));
        ag_release(root[k]);
        ag_release(y[k]);
        ag_release(x[k]);
    }
}

int main(void)
{
    test_writes();
    test_copies();
    test_pointers();
    test_memory_of_others();
    test_among_hooks();
    test_another_thread_writes();
    test_many();
    printf("%d failures\n", failures);
    return failures != 0;
}
