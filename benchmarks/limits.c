/* SPDX-License-Identifier: MIT
 *
 * What a few steps take that are written by hand for nothing else, in the machine's own vectors, in
 * memory that is there already, with threads that are there already: the marks that a general
 * library is measured against. Each is made twice, with ordinary stores and with stores past the
 * caches; the benchmarks compile this file, call it, and take what is faster.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

/* Doubles of a vector, and vectors side by side, so that sums do not wait for each other. */
#if defined(__AVX512F__)
enum { WIDTH = 8 };
#define ROOT(x) ((vec)_mm512_sqrt_pd((__m512d)(x)))
#define STORE_PAST_CACHES(p, x) _mm512_stream_pd(p, (__m512d)(x))
#elif defined(__AVX__)
enum { WIDTH = 4 };
#define ROOT(x) ((vec)_mm256_sqrt_pd((__m256d)(x)))
#define STORE_PAST_CACHES(p, x) _mm256_stream_pd(p, (__m256d)(x))
#elif defined(__SSE2__)
enum { WIDTH = 2 };
#define ROOT(x) ((vec)_mm_sqrt_pd((__m128d)(x)))
#define STORE_PAST_CACHES(p, x) _mm_stream_pd(p, (__m128d)(x))
#else
#include <math.h>
enum { WIDTH = 2 };
#define ROOT(x) ((vec){sqrt((x)[0]), sqrt((x)[1])})
#define STORE_PAST_CACHES(p, x) (*(vec *)(p) = (x))
#endif
enum { ABREAST = 8 };

typedef double vec __attribute__((vector_size(8 * WIDTH), aligned(8), may_alias));

#define STAMPED static inline __attribute__((always_inline))

/* The arrays of a step, and its numbers. Of `next_m` and `next_v` Adam makes the new m and v, which
 * the step after it reads. Every array begins on a line of the cache and is n elements long, a
 * multiple of `limit_unit`: what is more than the step has elements is 0 at first, which adds
 * nothing to a sum. */
typedef struct step {
    double *x, *y, *dx, *dy;
    double *w, *g, *m, *v, *next_m, *next_v;
    double slope, lr, b1, b2, eps, c1, c2;
    ptrdiff_t n;
} step;

const ptrdiff_t limit_unit = WIDTH * ABREAST;

STAMPED vec load(const double *p) { return *(const vec *)p; }

STAMPED void store(double *p, vec x, bool past_caches)
{
    if (past_caches)
        STORE_PAST_CACHES(p, x);
    else
        *(vec *)p = x;
}

/* ---- the steps: elements [from, to), multiples of limit_unit ---------------------------------- */

/* (x + y).mean() and both gradients: a loop for the sum, and one for what is stored. */
STAMPED double mean_part(const step *s, ptrdiff_t from, ptrdiff_t to, bool past)
{
    vec sums[ABREAST] = {{0.0}}, sum = {0.0};
    const vec slope = s->slope + (vec){0.0};
    double total = 0.0;
    for (ptrdiff_t i = from; i < to; i += ABREAST * WIDTH)
        for (int k = 0; k < ABREAST; k++)
            sums[k] += load(s->x + i + k * WIDTH) + load(s->y + i + k * WIDTH);
    for (ptrdiff_t i = from; i < to; i += WIDTH) {
        store(s->dx + i, slope, past);
        store(s->dy + i, slope, past);
    }
    for (int k = 0; k < ABREAST; k++)
        sum += sums[k];
    for (int k = 0; k < WIDTH; k++)
        total += sum[k];
    return total;
}

STAMPED double descent_part(const step *s, ptrdiff_t from, ptrdiff_t to, bool past)
{
    const double lr = s->lr;
    for (ptrdiff_t i = from; i < to; i += WIDTH)
        store(s->w + i, load(s->w + i) - lr * load(s->g + i), past);
    return 0.0;
}

STAMPED double momentum_part(const step *s, ptrdiff_t from, ptrdiff_t to, bool past)
{
    const double lr = s->lr, b1 = s->b1;
    for (ptrdiff_t i = from; i < to; i += WIDTH) {
        const vec m = b1 * load(s->m + i) + load(s->g + i);
        store(s->m + i, m, past);
        store(s->w + i, load(s->w + i) - lr * m, past);
    }
    return 0.0;
}

/* A division by a number is a product with its reciprocal, which is less than what is asked of the
 * library. In place, next_m and next_v are m and v. */
STAMPED double adam_part(const step *s, ptrdiff_t from, ptrdiff_t to, bool past)
{
    const double by_m = s->lr / s->c1, by_v = 1.0 / s->c2, eps = s->eps, b1 = s->b1, b2 = s->b2;
    for (ptrdiff_t i = from; i < to; i += WIDTH) {
        const vec g = load(s->g + i);
        const vec m = b1 * load(s->m + i) + (1.0 - b1) * g;
        const vec v = b2 * load(s->v + i) + (1.0 - b2) * g * g;
        store(s->next_m + i, m, past);
        store(s->next_v + i, v, past);
        store(s->w + i, load(s->w + i) - by_m * m / (ROOT(by_v * v) + eps), false);
    }
    return 0.0;
}

typedef double (*part_of_step)(const step *s, ptrdiff_t from, ptrdiff_t to);

#define BOTH_STORES(name) \
    static double name##_by_caches(const step *s, ptrdiff_t from, ptrdiff_t to) \
    { \
        return name##_part(s, from, to, false); \
    } \
    static double name##_past_caches(const step *s, ptrdiff_t from, ptrdiff_t to) \
    { \
        return name##_part(s, from, to, true); \
    }
BOTH_STORES(mean)
BOTH_STORES(descent)
BOTH_STORES(momentum)
BOTH_STORES(adam)

/* In the order of _handwritten.py. */
static const part_of_step parts[][2] = {
    {mean_by_caches, mean_past_caches},
    {descent_by_caches, descent_past_caches},
    {momentum_by_caches, momentum_past_caches},
    {adam_by_caches, adam_past_caches},
};

/* ---- threads: they wait for the next step by looking, then by sleeping ------------------------ */

enum { MOST_THREADS = 64, LOOKS = 2000 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    _Atomic unsigned turn;              /* the step that is to be done; */
    unsigned begun[MOST_THREADS];       /* in which each thread was started; */
    _Atomic int busy;                   /* threads that have not done their part of it */
    _Atomic int asleep;
    int started, threads;
    const step *step;
    part_of_step part;
    double sums[MOST_THREADS][8];       /* each on a line of its own */
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};

static void relax(void)
{
#if defined(__SSE2__)
    _mm_pause();
#endif
}

static void do_part(int k)
{
    const ptrdiff_t units = pool.step->n / limit_unit, n = pool.threads;
    const ptrdiff_t from = units * k / n * limit_unit, to = units * (k + 1) / n * limit_unit;
    pool.sums[k][0] = pool.part(pool.step, from, to);
#if defined(__SSE2__)
    _mm_sfence();
#endif
}

static void await(unsigned seen)
{
    for (int look = 0; look < LOOKS; look++) {
        if (atomic_load(&pool.turn) != seen)
            return;
        relax();
    }
    pthread_mutex_lock(&pool.lock);
    atomic_fetch_add(&pool.asleep, 1);
    while (atomic_load(&pool.turn) == seen)
        pthread_cond_wait(&pool.wake, &pool.lock);
    atomic_fetch_sub(&pool.asleep, 1);
    pthread_mutex_unlock(&pool.lock);
}

static void *work(void *number)
{
    const int k = (int)(ptrdiff_t)number;
    for (unsigned seen = pool.begun[k];;) {
        await(seen);
        seen = atomic_load(&pool.turn);
        if (k < pool.threads)
            do_part(k);
        atomic_fetch_sub(&pool.busy, 1);
    }
    return NULL;
}

static bool start(int threads)
{
    pthread_t id;
    while (pool.started < threads - 1) {
        const int k = pool.started + 1;
        pool.begun[k] = atomic_load(&pool.turn);
        if (pthread_create(&id, NULL, work, (void *)(ptrdiff_t)k) != 0)
            return false;
        pool.started = k;
    }
    return true;
}

static void wait_for_threads(void)
{
    for (int look = 0; atomic_load(&pool.busy) > 0; look++) {
        if (look < LOOKS)
            relax();
        else
            sched_yield();
    }
}

static double do_step(const step *s, part_of_step part, int threads)
{
    double sum = 0.0;
    pool.step = s;
    pool.part = part;
    pool.threads = threads;
    if (threads > 1) {
        atomic_store(&pool.busy, pool.started);
        atomic_fetch_add(&pool.turn, 1);
    }
    if (threads > 1 && atomic_load(&pool.asleep) > 0) {
        pthread_mutex_lock(&pool.lock);
        pthread_cond_broadcast(&pool.wake);
        pthread_mutex_unlock(&pool.lock);
    }
    do_part(0);
    wait_for_threads();
    for (int k = 0; k < threads; k++)
        sum += pool.sums[k][0];
    return sum;
}

/* Does the step `count` times, each with so many threads, and returns the last one's mean. After
 * each, what was made is what is read. -1 if there are not so many threads. */
double limit_run(int which, int past_caches, step *s, int threads, long count)
{
    double sum = 0.0;
    if (threads > MOST_THREADS || !start(threads))
        return -1.0;
    for (; count > 0; count--) {
        sum = do_step(s, parts[which][past_caches != 0], threads);
        double *m = s->m, *v = s->v;
        s->m = s->next_m;
        s->v = s->next_v;
        s->next_m = m;
        s->next_v = v;
    }
    return sum * s->slope;
}
