/* SPDX-License-Identifier: MIT
 *
 * Threads that compute at the same time: with graphs of their own, with leaves and pending values
 * that they share, beside one that writes in place, beside failures and beside fork. What each
 * computes must have the bits that it has when one thread does everything. Linked with the library,
 * and with the core built with AG_TESTING and the thread sanitizer. The argument is the number of
 * elements, so many that values pend.
 */
#define _POSIX_C_SOURCE 200809L

#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_THREADS 4
#define ROUNDS 12
#define FORKS 15

static int64_t size = 20000;
static _Atomic int wrong;

/* In threads, where the counting of CHECK would be a race. */
#define EXPECT(condition) \
    do { \
        if (!(condition)) { \
            atomic_fetch_add(&wrong, 1); \
            printf("%s:%d: %s\n    last error: %s\n", __FILE__, __LINE__, #condition, \
                   ag_last_message()); \
        } \
    } while (0)

typedef void (*work_function)(int k);

typedef struct job {
    work_function work;
    int k;
    pthread_barrier_t *start;
} job;

static void *run_job(void *argument)
{
    const job *j = argument;
    pthread_barrier_wait(j->start);
    j->work(j->k);
    return NULL;
}

/* work(0) .. work(n - 1), each in a thread of its own. */
static void together(int n, work_function work)
{
    pthread_t threads[MOST_THREADS];
    job jobs[MOST_THREADS];
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, (unsigned)n);
    for (int k = 0; k < n; k++) {
        jobs[k] = (job){work, k, &start};
        CHECK(pthread_create(&threads[k], NULL, run_job, &jobs[k]) == 0);
    }
    for (int k = 0; k < n; k++)
        pthread_join(threads[k], NULL);
    pthread_barrier_destroy(&start);
    failures += atomic_exchange(&wrong, 0);
}

static ag_tensor *leaf_of(double from)
{
    ag_tensor *t = ag_linspace(from, from + 1.0, size);
    ag_set_requires_grad(t, true);
    return t;
}

/* A number of the values' bits. */
static uint64_t bits_of(ag_tensor *t)
{
    uint64_t hash = 1;
    const double *values = ag_data(t);
    EXPECT(values != NULL);
    for (int64_t i = 0; values != NULL && i < ag_numel(t); i++) {
        uint64_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        hash = (hash ^ bits) * 0x9E3779B97F4A7C15u;
        hash ^= hash >> 29;
    }
    return hash;
}

static double first_of(ag_tensor *t)
{
    const double *values = ag_data(t);
    EXPECT(values != NULL);
    return values != NULL ? values[0] : 0.0;
}

/* ---- graphs of their own --------------------------------------------------------------------- */

/* Programs of machine code and of kernels, sums, writes in place, with numbers that depend on k, so
 * that machine code is made while other threads run theirs. */
static uint64_t own_graph(int k, int steps)
{
    const int64_t scope = ag_scope_open();
    ag_tensor *x = leaf_of(0.1 + k), *y = leaf_of(-0.5), *w = ag_zeros_like(x);
    uint64_t hash = (uint64_t)k;
    for (int i = 0; i < steps; i++) {
        ag_set_grad(x, NULL);
        ag_set_grad(y, NULL);
        ag_tensor *z = ag_mul(ag_sin(ag_add(ag_mul(x, y), x)), ag_exp(ag_mul(ag_neg(x), x)));
        for (int j = 0; j < k + i % 3; j++)
            z = ag_add(ag_mul_scalar(z, 1.5 + j), ag_maximum(z, y));
        ag_tensor *loss = ag_sum_all(ag_mul(z, z));
        EXPECT(ag_backward(loss, NULL, 0) == AG_OK);
        EXPECT(ag_mul_(w, ag_full_like(w, 0.9)) == AG_OK);
        EXPECT(ag_add_(w, ag_grad_of(x)) == AG_OK);
        hash = hash * 31 + bits_of(loss);
        hash = hash * 31 + bits_of(ag_grad_of(y));
    }
    hash = hash * 31 + bits_of(w);
    ag_scope_close(scope);
    return hash;
}

static uint64_t expected[MOST_THREADS], found[MOST_THREADS];

static void work_on_own(int k) { found[k] = own_graph(k, ROUNDS); }

static void test_own_graphs(void)
{
    for (int k = 0; k < MOST_THREADS; k++)
        expected[k] = own_graph(k, ROUNDS);
    for (int n = 2; n <= MOST_THREADS; n += 2) {
        memset(found, 0, sizeof found);
        together(n, work_on_own);
        CHECK(memcmp(found, expected, (size_t)n * sizeof *found) == 0);
    }
}

/* A profile begins and ends again and again, beside threads that compute. */
static void work_on_own_or_profile(int k)
{
    if (k > 0) {
        work_on_own(k);
        return;
    }
    for (int i = 0; i < 3 * ROUNDS; i++) {
        ag_event event = {.duration = 0};
        EXPECT(ag_profile_start() == AG_OK);
        found[0] = own_graph(0, 1);
        ag_profile *p = ag_profile_stop();
        EXPECT(ag_profile_count(p) > 0);
        for (int64_t at = 0; at < ag_profile_count(p); at++)
            EXPECT(ag_profile_event(p, at, &event) == AG_OK && event.duration >= 0);
        ag_profile_free(p);
    }
}

static void test_profiles(void)
{
    expected[0] = own_graph(0, 1);
    for (int k = 1; k < MOST_THREADS; k++)
        expected[k] = own_graph(k, ROUNDS);
    memset(found, 0, sizeof found);
    together(MOST_THREADS, work_on_own_or_profile);
    CHECK(memcmp(found, expected, sizeof found) == 0);
}

/* ---- shared leaves --------------------------------------------------------------------------- */

static ag_tensor *shared[3];

static void work_on_leaves(int k)
{
    for (int i = 0; i < ROUNDS; i++) {
        const int64_t scope = ag_scope_open();
        ag_tensor *z = ag_add(ag_mul_scalar(shared[0], k + 1.0), shared[1]);
        ag_tensor *more = ag_mul_scalar(shared[2], 2.0);
        EXPECT(ag_backward(ag_sum_all(i % 2 == 0 ? z : ag_add(z, more)), NULL, 0) == AG_OK);
        ag_scope_close(scope);
    }
}

static void expect_all(ag_tensor *t, double value)
{
    const double *values = ag_data(t);
    for (int64_t i = 0; values != NULL && i < ag_numel(t); i++)
        if (values[i] != value) {
            CHECK(values[i] == value);
            return;
        }
    CHECK(values != NULL);
}

/* No gradient is lost, whichever backward sets or adds to .grad first. */
static void test_shared_leaves(void)
{
    for (int n = 2; n <= MOST_THREADS; n += 2) {
        for (int i = 0; i < COUNT(shared); i++)
            shared[i] = leaf_of(i);
        together(n, work_on_leaves);
        expect_all(ag_grad_of(shared[0]), ROUNDS * n * (n + 1) / 2);
        expect_all(ag_grad_of(shared[1]), ROUNDS * n);
        expect_all(ag_grad_of(shared[2]), 2 * (ROUNDS / 2) * n);
    }
}

/* ---- shared pending values ------------------------------------------------------------------- */

static void make_shared(void)
{
    ag_tensor *x = leaf_of(0.2);
    shared[0] = x;
    shared[1] = ag_mul(ag_exp(x), ag_sin(x));
    shared[2] = ag_tanh(ag_add(shared[1], x));
}

/* Each wants the shared values in another order, as they are, summed, and with gradients. */
static uint64_t use_shared(int k)
{
    const int64_t scope = ag_scope_open();
    ag_tensor *z = ag_mul_scalar(shared[1 + k % 2], k + 1.0), *loss = ag_sum_all(ag_mul(z, z));
    ag_tensor *grad;
    uint64_t hash = k >= 2 ? bits_of(shared[k % 2 + 1]) : 0;
    EXPECT(ag_grad(1, &loss, NULL, 1, &shared[0], AG_RETAIN_GRAPH, &grad) == AG_OK);
    hash = hash * 31 + bits_of(grad);
    hash = hash * 31 + bits_of(loss);
    hash = hash * 31 + bits_of(z);
    ag_release(grad);
    ag_scope_close(scope);
    return hash;
}

static void work_on_shared(int k) { found[k] = use_shared(k); }

static void test_shared_values(void)
{
    for (int k = 0; k < MOST_THREADS; k++) {
        make_shared();
        expected[k] = use_shared(k);
    }
    for (int i = 0; i < ROUNDS; i++) {
        const int n = 2 + i % 2 * 2;
        make_shared();
        memset(found, 0, sizeof found);
        together(n, work_on_shared);
        CHECK(memcmp(found, expected, (size_t)n * sizeof *found) == 0);
    }
}

/* ---- shared pending writes ------------------------------------------------------------------- */

static void work_on_written(int k)
{
    const int64_t scope = ag_scope_open();
    found[k] = bits_of(k % 2 == 0 ? shared[0] : ag_mul_scalar(shared[0], k + 1.0));
    ag_scope_close(scope);
}

/* What a write in place is to leave is made once, whoever asks first. */
static void test_shared_writes(void)
{
    for (int i = 0; i < 4 * ROUNDS; i++) {
        const int64_t scope = ag_scope_open();
        ag_tensor *x = ag_linspace(0.0, 1.0, size);
        shared[0] = ag_linspace(1.0, 2.0, size);
        for (int j = 0; j < 3; j++)
            EXPECT(ag_add_(shared[0], ag_sin(ag_mul(ag_sin(ag_exp(x)), shared[0]))) == AG_OK);
        if (i == 0)
            for (int k = 0; k < MOST_THREADS; k++)
                work_on_written(k);
        else
            together(MOST_THREADS, work_on_written);
        if (i == 0)
            memcpy(expected, found, sizeof expected);
        CHECK(memcmp(found, expected, sizeof found) == 0);
        ag_scope_close(scope);
    }
}

/* ---- one writes in place --------------------------------------------------------------------- */

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static double written;

/* Calls take turns, computing does not: a value that pends is that of the moment of its call. */
static void work_beside_writes(int k)
{
    for (int i = 0; i < 4 * ROUNDS; i++) {
        const int64_t scope = ag_scope_open();
        pthread_mutex_lock(&turn);
        if (k == 0) {
            written += 1.0;
            EXPECT((i % 2 == 0 ? ag_fill_(shared[0], written)
                               : ag_add_(shared[0], ag_full_like(shared[0], 1.0))) == AG_OK);
            pthread_mutex_unlock(&turn);
            ag_scope_close(scope);
            continue;
        }
        const double now = written;
        ag_tensor *y = ag_add_scalar(ag_mul_scalar(shared[0], 2.0), k);
        pthread_mutex_unlock(&turn);
        double sum;
        EXPECT(ag_item(ag_sum_all(y), &sum) == AG_OK);
        EXPECT(sum == (2.0 * now + k) * (double)size);
        EXPECT(first_of(y) == 2.0 * now + k);
        ag_scope_close(scope);
    }
}

static void test_one_writes(void)
{
    for (int n = 2; n <= MOST_THREADS; n += 2) {
        written = 0.0;
        shared[0] = ag_zeros(1, &size);
        together(n, work_beside_writes);
        expect_all(shared[0], written);
    }
}

/* ---- one writes what others saved ------------------------------------------------------------ */

/* Calls take turns, the end of what was saved does not. Every fourth value is small: there writes
 * are done at once. */
static void work_with_copies(int k)
{
    for (int i = 0; i < 8 * ROUNDS; i++) {
        const int64_t scope = ag_scope_open();
        pthread_mutex_lock(&turn);
        if (k == 0) {
            written += 1.0;
            EXPECT(ag_fill_(shared[0], written) == AG_OK && ag_fill_(shared[1], written) == AG_OK);
            pthread_mutex_unlock(&turn);
            ag_scope_close(scope);
            continue;
        }
        const double now = written;
        ag_tensor *of = shared[i % 4 == 0 ? 0 : 1], *x = ag_ones_like(of);
        ag_set_requires_grad(x, true);
        ag_set_copy_on_write(true);
        ag_tensor *z = ag_mul(ag_mul(x, of), of), *loss = ag_sum_all(z);
        ag_set_copy_on_write(false);
        pthread_mutex_unlock(&turn);
        sched_yield();
        pthread_mutex_lock(&turn);
        EXPECT(ag_backward(loss, NULL, i % 2 == 0 ? AG_RETAIN_GRAPH : 0) == AG_OK);
        pthread_mutex_unlock(&turn);
        EXPECT(first_of(ag_grad_of(x)) == now * now);
        ag_scope_close(scope);
    }
}

static void test_one_writes_what_is_saved(void)
{
    const int64_t small = 5;
    written = 0.0;
    shared[0] = ag_zeros(1, &size);
    shared[1] = ag_zeros(1, &small);
    together(MOST_THREADS, work_with_copies);
    expect_all(shared[0], written);
}

/* ---- tensors that go while they are computed ------------------------------------------------- */

static ag_tensor *handed[MOST_THREADS];

static void work_on_handed(int k)
{
    if (k == 0)
        found[0] = bits_of(handed[0]);
    ag_release(handed[k]);
}

/* y is new, or what a write in place is to leave, of which the old data counts or does not. */
static void hand_out(int kind)
{
    const int64_t scope = ag_scope_open();
    ag_tensor *x = ag_linspace(0.0, 1.0, size), *z = ag_exp(ag_sin(ag_tan(x))), *y = z;
    if (kind > 0) {
        y = ag_linspace(1.0, 2.0, size);
        EXPECT((kind == 1 ? ag_mul_(y, z) : ag_copy_(y, z)) == AG_OK);
    }
    handed[0] = ag_retain(ag_mul(ag_sin(y), x));
    handed[1] = ag_retain(y);
    handed[2] = ag_retain(y);
    handed[3] = ag_retain(handed[0]);
    ag_scope_close(scope);
}

static void test_released_while_computed(void)
{
    const int64_t before = live();
    for (int i = 0; i < 12 * ROUNDS; i++) {
        hand_out(i % 3);
        if (i < 3) {
            for (int k = 0; k < MOST_THREADS; k++)
                work_on_handed(k);
            expected[i] = found[0];
            continue;
        }
        together(MOST_THREADS, work_on_handed);
        CHECK(found[0] == expected[i % 3]);
    }
    CHECK(live() == before);
}

/* ---- failures -------------------------------------------------------------------------------- */

/* Whoever fails tries again; the other has waited for it, or failed instead. */
static void work_until_it_works(int k)
{
    uint64_t hash = 0;
    for (bool done = false; !done;) {
        const int64_t scope = ag_scope_open();
        ag_tensor *z = scope >= 0 ? ag_mul_scalar(shared[2], k + 1.0) : NULL;
        done = z != NULL && ag_data(z) != NULL;
        if (done)
            hash = bits_of(z);
        else
            EXPECT(ag_last_status() == AG_ERR_MEMORY || ag_last_status() == AG_ERR_INTERRUPTED);
        ag_clear_error();
        ag_scope_close(scope);
    }
    found[k] = hash;
}

static void test_failing_allocations(void)
{
    make_shared();
    together(2, work_until_it_works);
    memcpy(expected, found, sizeof expected);
    for (int64_t nth = 1; nth < 60; nth++) {
        make_shared();
        if (ag_fail_allocation(nth) != AG_OK) {
            ag_clear_error();
            return;  /* not a build for testing */
        }
        together(2, work_until_it_works);
        ag_fail_allocation(0);
        CHECK(memcmp(found, expected, 2 * sizeof *found) == 0);
    }
}

static _Atomic int asked;

static bool interrupted_once(void) { return atomic_fetch_add(&asked, 1) == 0; }

/* The hook is asked after 50 ms of one evaluation, which builds for testing cut to pieces. */
static void test_interrupted(void)
{
    const int64_t before = size;
    const int links = 60;
    size = 1500000;
    for (int i = 0; i < 2; i++) {
        shared[0] = leaf_of(0.0);
        shared[2] = ag_detach(shared[0]);
        for (int j = 0; j < links; j++)
            shared[2] = ag_sin(ag_mul_scalar(shared[2], 1.01));
        ag_set_interrupt_hook(i == 1 ? interrupted_once : NULL);
        together(2, work_until_it_works);
        if (i == 0)
            memcpy(expected, found, sizeof expected);
    }
    ag_set_interrupt_hook(NULL);
    CHECK(memcmp(found, expected, 2 * sizeof *found) == 0);
    CHECK(atomic_load(&asked) > 0 || ag_fail_allocation(0) == AG_OK);
    size = before;
}

/* ---- fork ------------------------------------------------------------------------------------ */

static _Atomic int stop;

#ifdef __SANITIZE_ADDRESS__
/* gcc's has the locks of its malloc as they were at the fork: where another thread held one, a child
 * that allocates waits for it for ever. */
static int child(void) { return 0; }
#else
static int child(void)
{
    const bool right = own_graph(1, 2) == expected[1] && use_shared(1) == expected[2];
    return right && atomic_load(&wrong) == 0 ? 0 : 1;
}
#endif

static void work_beside_forks(int k)
{
    if (k > 0) {
        while (!atomic_load(&stop)) {
            own_graph(k, 1);
            use_shared(k);
        }
        return;
    }
    for (int i = 0; i < FORKS; i++) {
        int status = 1;
        const pid_t pid = fork();
        if (pid == 0)
            _exit(child());
        EXPECT(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
    }
    atomic_store(&stop, 1);
}

static void test_forks(void)
{
    expected[1] = own_graph(1, 2);
    make_shared();
    expected[2] = use_shared(1);
    make_shared();
    atomic_store(&stop, 0);
    together(3, work_beside_forks);
}

int main(int argc, char **argv)
{
    static void (*const tests[])(void) = {
        test_own_graphs, test_profiles, test_shared_leaves, test_shared_values, test_shared_writes,
        test_one_writes, test_one_writes_what_is_saved, test_released_while_computed,
        test_failing_allocations, test_interrupted, test_forks,
    };
    if (argc > 1)
        size = atoll(argv[1]);
    for (int threads = 1; threads <= 2; threads++) {
        CHECK(ag_set_num_threads(threads) == AG_OK);
        run_tests(COUNT(tests), tests, true);
    }
    printf("%d failures\n", failures);
    return failures > 0;
}
