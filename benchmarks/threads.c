/* SPDX-License-Identifier: MIT
 *
 * The same work in several threads, each with tensors of its own: sin-exp with its gradients by the
 * library, or plain loops over memory, as the mark for what two threads can have at the same time.
 * Compiled and called by the benchmarks.
 */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <pyautograd.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

enum { MOST_THREADS = 16, PLAIN_ARRAYS = 4 };

typedef struct work {
    ptrdiff_t n;
    int steps, plain;
    double *arrays[PLAIN_ARRAYS];
    ag_tensor *x, *y;
    double result, begin, end;  /* of the last step; ns */
    int failed;
    pthread_barrier_t *start;
} work;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

/* z = sin(xy + x) exp(-xx), and the gradients of sum(zz). */
static void sin_exp_step(work *w)
{
    const int64_t scope = ag_scope_open();
    ag_tensor *x = w->x, *y = w->y;

    ag_set_grad(x, NULL);
    ag_set_grad(y, NULL);
    ag_tensor *z = ag_mul(ag_sin(ag_add(ag_mul(x, y), x)), ag_exp(ag_mul(ag_neg(x), x)));
    ag_tensor *loss = ag_sum_all(ag_mul(z, z));
    w->failed |= ag_backward(loss, NULL, 0) != AG_OK;
    w->failed |= ag_item(loss, &w->result) != AG_OK;
    ag_scope_close(scope);
}

/* What mean.c does: one pass over x and y, one over their gradients. */
static void plain_step(work *w)
{
    const double *restrict x = w->arrays[0], *restrict y = w->arrays[1];
    double *restrict gx = w->arrays[2], *restrict gy = w->arrays[3];
    double lanes[32] = {0.0};

    for (ptrdiff_t i = 0; i + 32 <= w->n; i += 32)
        for (int k = 0; k < 32; k++)
            lanes[k] += x[i + k] + y[i + k];
    for (ptrdiff_t i = 0; i < w->n; i++)
        gx[i] = gy[i] = 1.0 / (double)w->n;
    w->result = lanes[0];
}

static void step(work *w)
{
    if (w->plain)
        plain_step(w);
    else
        sin_exp_step(w);
}

static void open_work(work *w)
{
    const int64_t shape[1] = {w->n};

    for (int k = 0; k < PLAIN_ARRAYS; k++) {
        w->arrays[k] = malloc((size_t)w->n * sizeof(double));
        w->failed |= w->arrays[k] == NULL;
        for (ptrdiff_t i = 0; w->arrays[k] != NULL && i < w->n; i++)
            w->arrays[k][i] = (double)((i * (k + 3)) % 100) / 50.0 - 1.0;
    }
    if (w->failed || w->plain)
        return;
    w->x = ag_from_data(w->arrays[0], 1, shape);
    w->y = ag_from_data(w->arrays[1], 1, shape);
    w->failed |= ag_set_requires_grad(w->x, true) != AG_OK;
    w->failed |= ag_set_requires_grad(w->y, true) != AG_OK;
}

static void *run(void *argument)
{
    work *w = argument;

    open_work(w);
    for (int k = 0; k < 2 && !w->failed; k++)
        step(w);
    pthread_barrier_wait(w->start);
    w->begin = now();
    for (int k = 0; k < w->steps && !w->failed; k++)
        step(w);
    w->end = now();
    ag_release(w->x);
    ag_release(w->y);
    for (int k = 0; k < PLAIN_ARRAYS; k++)
        free(w->arrays[k]);
    return NULL;
}

/* The ns that `threads` threads take, each for so many steps on n elements; what their last steps
 * gave goes to `results`. -1 if something failed. */
double side_by_side(int threads, ptrdiff_t n, int steps, int plain, double *results)
{
    pthread_barrier_t start;
    pthread_t ids[MOST_THREADS];
    work works[MOST_THREADS];
    double begin = 0.0, end = 0.0;
    int started = 0, failed = 0;

    if (threads < 1 || threads > MOST_THREADS || ag_set_num_threads(1) != AG_OK ||
        pthread_barrier_init(&start, NULL, (unsigned)threads) != 0)
        return -1.0;
    for (; started < threads; started++) {
        works[started] = (work){.n = n, .steps = steps, .plain = plain, .start = &start};
        if (pthread_create(&ids[started], NULL, run, &works[started]) != 0)
            abort();  /* the others would wait for it for ever */
    }
    for (int k = 0; k < threads; k++) {
        pthread_join(ids[k], NULL);
        begin = k == 0 || works[k].begin < begin ? works[k].begin : begin;
        end = works[k].end > end ? works[k].end : end;
        results[k] = works[k].result;
        failed |= works[k].failed;
    }
    pthread_barrier_destroy(&start);
    return failed ? -1.0 : end - begin;
}
