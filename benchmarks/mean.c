/* SPDX-License-Identifier: MIT
 *
 * (x + y).mean() and its gradients by x and y, written by hand for nothing else: one pass over
 * memory for the sum and one for the gradients. Compiled and called by the benchmarks, as the
 * mark that a general library is measured against.
 */
#include <pthread.h>
#include <stddef.h>

/* Sums that run side by side: enough for the adder's latency at any width of vector. */
enum { LANES = 32, MOST_THREADS = 64 };

typedef struct part {
    const double *x, *y;
    double *gx, *gy;
    ptrdiff_t n;
    double slope, sum;
} part;

static double sum_of(const double *restrict x, const double *restrict y, ptrdiff_t n)
{
    double lanes[LANES] = {0.0}, sum = 0.0;
    ptrdiff_t i = 0;

    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++)
            lanes[k] += x[i + k] + y[i + k];
    for (; i < n; i++)
        sum += x[i] + y[i];
    for (int k = 0; k < LANES; k++)
        sum += lanes[k];
    return sum;
}

static void fill(double *restrict gx, double *restrict gy, ptrdiff_t n, double slope)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        gx[i] = slope;
        gy[i] = slope;
    }
}

static void *run_part(void *argument)
{
    part *p = argument;

    p->sum = sum_of(p->x, p->y, p->n);
    fill(p->gx, p->gy, p->n, p->slope);
    return NULL;
}

/* Returns the mean and fills gx and gy, n elements each, with at most `threads` threads: those
 * that cannot be started are done without. */
double mean_and_gradients(const double *x, const double *y, double *gx, double *gy, ptrdiff_t n,
                          int threads)
{
    part parts[MOST_THREADS];
    pthread_t ids[MOST_THREADS];
    int started[MOST_THREADS];
    double sum = 0.0;

    if (threads > MOST_THREADS)
        threads = MOST_THREADS;
    for (int k = threads - 1; k >= 0; k--) {
        ptrdiff_t from = n / threads * k, to = k == threads - 1 ? n : n / threads * (k + 1);
        parts[k] = (part){x + from, y + from, gx + from, gy + from, to - from, 1.0 / n, 0.0};
        started[k] = k > 0 && pthread_create(&ids[k], NULL, run_part, &parts[k]) == 0;
        if (!started[k])
            run_part(&parts[k]);
    }
    for (int k = 0; k < threads; k++) {
        if (started[k])
            pthread_join(ids[k], NULL);
        sum += parts[k].sum;
    }
    return sum / n;
}
