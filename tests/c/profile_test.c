/* SPDX-License-Identifier: MIT
 *
 * Profiles from C: which events there are, in what they lie, what they know; regions; what is left
 * out; that results are the same. Prints what does not hold and exits 1.
 */
#include "check.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGE 50000

static ag_event event_at(const ag_profile *p, int64_t k)
{
    ag_event event = {.name = "", .ndim = -1};
    CHECK(ag_profile_event(p, k, &event) == AG_OK);
    return event;
}

/* The first of this name; its id is 0 if there is none. */
static ag_event event_named(const ag_profile *p, const char *name)
{
    for (int64_t k = 0; k < ag_profile_count(p); k++)
        if (strcmp(event_at(p, k).name, name) == 0)
            return event_at(p, k);
    return (ag_event){.name = "", .ndim = -1};
}

static int count_named(const ag_profile *p, const char *name)
{
    int n = 0;
    for (int64_t k = 0; k < ag_profile_count(p); k++)
        n += strcmp(event_at(p, k).name, name) == 0;
    return n;
}

static void test_small_ops(void)
{
    const double values[] = {1, 2, 3};
    ag_tensor *x = leaf(3, values);
    CHECK(!ag_profile_is_on() && ag_profile_start() == AG_OK && ag_profile_is_on());
    CHECK(ag_profile_start() == AG_ERR_GRAD);
    ag_clear_error();
    ag_tensor *y = ag_mul(x, x), *s = ag_sum_all(y);
    CHECK(ag_backward(s, NULL, 0) == AG_OK);
    ag_profile *p = ag_profile_stop();
    CHECK(p != NULL && !ag_profile_is_on());
    const ag_event mul = event_named(p, "mul"), sum = event_named(p, "sum");
    CHECK(mul.kind == AG_EVENT_OP && mul.dtype == AG_FLOAT64 && mul.ndim == 1);
    CHECK(mul.shape[0] == 3 && mul.n_inputs == 2 && mul.inputs[0] == 1 && mul.inputs[1] == 3);
    CHECK(mul.bytes == 24 && mul.kept == 24 && mul.parent == 0 && sum.ndim == 0 && sum.bytes == 8);
    const ag_event whole = event_named(p, "backward"), node = event_named(p, "MulBackward0");
    CHECK(whole.kind == AG_EVENT_BACKWARD && node.kind == AG_EVENT_NODE);
    CHECK(node.parent == whole.id && node.bytes == 48 && ag_profile_count(p) == 5);
    CHECK(node.start >= whole.start &&
          node.start + node.duration <= whole.start + whole.duration);
    int64_t start, duration;
    CHECK(ag_profile_time(p, &start, &duration) == AG_OK);
    CHECK(start <= mul.start && start + duration >= whole.start + whole.duration);
    CHECK(holds(ag_grad_of(x), 3, (const double[]){2, 4, 6}));
    ag_profile_free(p);
    ag_release(s), ag_release(y), ag_release(x);
}

/* What pends is an event of its own, which knows who recorded its ops. */
static void test_programs(void)
{
    const int64_t shape = LARGE;
    double plain = 0.0, profiled = 1.0;
    ag_tensor *x = ag_ones(1, &shape);
    ag_tensor *before = ag_add_scalar(x, 1.0);
    CHECK(ag_item(ag_sum_all(ag_exp(ag_mul_scalar(before, 0.5))), &plain) == AG_OK);
    ag_tensor *again = ag_add_scalar(x, 1.0);
    CHECK(ag_profile_start() == AG_OK);
    ag_tensor *half = ag_mul_scalar(again, 0.5), *power = ag_exp(half), *s = ag_sum_all(power);
    CHECK(ag_item(s, &profiled) == AG_OK);
    ag_profile *p = ag_profile_stop();
    const ag_event exp = event_named(p, "exp"), run = event_named(p, "fused(add, mul, exp, sum)");
    CHECK(profiled == plain && exp.kind == AG_EVENT_OP && exp.bytes == 0);
    CHECK(run.kind == AG_EVENT_PROGRAM && run.parent == 0 && run.elements == LARGE);
    CHECK(run.n_steps == 4 && run.steps[0].of == 0 && run.steps[0].op == AG_OP_add);
    CHECK(run.steps[2].of == exp.id && run.steps[2].cost > run.steps[1].cost);
    /* exp is the one step that takes longer than memory does, so it is stored for who holds it. */
    CHECK(run.bytes_read == 8 * LARGE && run.bytes_written == 8 * LARGE + 8);
    CHECK(run.steps[1].bytes == 0 && run.steps[2].bytes == 8 * LARGE && run.steps[3].bytes == 8);
    ag_profile_free(p);
}

static void test_regions(void)
{
    ag_region outer, inner, none, stale;
    const double values[] = {1, 2, 3};
    ag_tensor *x = leaf(3, values);
    CHECK(!ag_region_begin(&none));
    CHECK(ag_region_end(&none, AG_EVENT_REGION, "none") == AG_OK);
    CHECK(ag_profile_start() == AG_OK && ag_region_begin(&stale));
    ag_profile_free(ag_profile_stop());
    CHECK(ag_profile_start() == AG_OK);
    CHECK(ag_region_end(&stale, AG_EVENT_REGION, "stale") == AG_OK);
    CHECK(ag_region_begin(&outer) && ag_region_begin(&inner));
    ag_release(ag_exp(x));
    CHECK(ag_region_end(&inner, AG_EVENT_FUNCTION, "inner") == AG_OK);
    CHECK(ag_region_end(&outer, AG_EVENT_REGION, "outer") == AG_OK);
    CHECK(ag_region_end(&outer, AG_EVENT_REGION, "twice") == AG_OK);
    CHECK(ag_region_begin(&outer) && ag_region_begin(&inner));
    CHECK(ag_region_end(&outer, AG_EVENT_REGION, "across") == AG_OK);
    CHECK(ag_region_end(&inner, AG_EVENT_REGION, "inside") == AG_OK);
    ag_profile *p = ag_profile_stop();
    CHECK(event_named(p, "exp").parent == event_named(p, "inner").id);
    CHECK(event_named(p, "inner").parent == event_named(p, "outer").id);
    CHECK(event_named(p, "inner").kind == AG_EVENT_FUNCTION);
    CHECK(count_named(p, "outer") == 1 && count_named(p, "twice") == 0);
    CHECK(count_named(p, "across") == 0 && count_named(p, "inside") == 1);
    CHECK(count_named(p, "stale") == 0 && ag_profile_count(p) == 4);
    ag_profile_free(p);
    ag_release(x);
}

/* Formulas, writes in place, integers, several results and failures are each one event. */
static void test_kinds_of_ops(void)
{
    const double values[] = {3, 1, 2};
    const int64_t whole[] = {1, 2}, two = 2;
    ag_tensor *parts[2], *x = leaf(3, values), *n = ag_from_int64(whole, 1, &two);
    ag_tensor *wrong = ag_zeros(1, &two);
    CHECK(ag_profile_start() == AG_OK);
    ag_tensor *l = ag_logsumexp(x, 1, (const int64_t[]){0}, false), *m = ag_add(n, n);
    ag_tensor *c = ag_clone(x);
    CHECK(ag_zero_(m) == AG_OK && ag_mul_(c, c) == AG_OK);
    CHECK(ag_sort(x, 0, false, false, parts) == AG_OK && ag_add(x, wrong) == NULL);
    ag_clear_error();
    ag_profile *p = ag_profile_stop();
    CHECK(ag_profile_count(p) == 7 && event_named(p, "logsumexp").kind == AG_EVENT_OP);
    CHECK(event_at(p, 1).dtype == AG_INT64 && strcmp(event_at(p, 1).name, "add") == 0);
    CHECK(event_named(p, "fill_").bytes == 0 && event_named(p, "mul_").bytes == 0);
    CHECK(event_named(p, "sort").shape[0] == 3 && event_at(p, 6).ndim == -1);
    ag_profile_free(p);
    (void)l;
}

static void *ops_of_another(void *context)
{
    ag_tensor *t = context;
    for (int k = 0; k < 200; k++)
        ag_release(ag_exp(t));
    return NULL;
}

static void test_threads(void)
{
    const double values[] = {1, 2, 3};
    pthread_t threads[2];
    ag_tensor *x = ag_from_data(values, 1, (const int64_t[]){3});
    CHECK(ag_profile_start() == AG_OK);
    for (int k = 0; k < 2; k++)
        pthread_create(&threads[k], NULL, ops_of_another, x);
    ops_of_another(x);
    for (int k = 0; k < 2; k++)
        pthread_join(threads[k], NULL);
    ag_profile *p = ag_profile_stop();
    int other = 0;
    for (int64_t k = 0; k < ag_profile_count(p); k++)
        other += event_at(p, k).thread != (uint64_t)(uintptr_t)pthread_self();
    CHECK(ag_profile_count(p) == 600 && other == 400);
    ag_profile_free(p);
    ag_release(x);
}

static void add_region(const char *name)
{
    ag_region region;
    CHECK(ag_region_begin(&region) && ag_region_end(&region, AG_EVENT_REGION, name) == AG_OK);
}

/* Names are looked for among others, which may be much shorter. */
static void test_many_names(void)
{
    enum { NAMES = 300, LONGEST = 65000 };
    char name[16], *longest = malloc(LONGEST + 1);
    memset(longest, 'a', LONGEST);
    longest[LONGEST] = '\0';
    CHECK(ag_profile_start() == AG_OK);
    for (int k = 0; k < 2 * NAMES; k++) {
        snprintf(name, sizeof name, "name %d", k % NAMES);
        add_region(name);
    }
    for (int k = 0; k < 2 * NAMES; k++) {
        longest[LONGEST - 200 - k % NAMES] = 'b';
        add_region(longest);
        longest[LONGEST - 200 - k % NAMES] = 'a';
    }
    ag_profile *p = ag_profile_stop();
    CHECK(ag_profile_count(p) == 4 * NAMES && count_named(p, "name 17") == 2);
    longest[LONGEST - 217] = 'b';
    CHECK(count_named(p, longest) == 2 && strlen(event_named(p, longest).name) == LONGEST);
    CHECK(event_at(p, 0).name == event_at(p, NAMES).name);
    CHECK(event_at(p, 2 * NAMES).name == event_at(p, 3 * NAMES).name);
    ag_profile_free(p);
    free(longest);
}

static void test_refusals(void)
{
    ag_event event;
    CHECK(ag_profile_stop() == NULL && ag_last_status() == AG_ERR_GRAD);
    CHECK(ag_profile_start() == AG_OK);
    ag_profile *p = ag_profile_stop();
    CHECK(ag_profile_count(p) == 0 && ag_profile_event(p, 0, &event) == AG_ERR_INDEX);
    ag_profile_free(p);
    ag_profile_free(NULL);
    ag_clear_error();
}

int main(void)
{
    void (*const tests[])(void) = {test_small_ops, test_regions, test_threads, test_many_names,
                                    test_refusals};
    void (*const scoped[])(void) = {test_programs, test_kinds_of_ops};
    run_tests(COUNT(tests), tests, false);
    run_tests(COUNT(scoped), scoped, true);
    printf("%d failures\n", failures);
    return failures != 0;
}
