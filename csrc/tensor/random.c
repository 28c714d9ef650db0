/* SPDX-License-Identifier: MIT
 *
 * Random numbers: Philox4x32-10 (J. Salmon, M. Moraes, R. Dror, D. Shaw: Parallel random numbers:
 * as easy as 1, 2, 3; SC 2011). A block of four 32-bit words is a function of a key, the seed, and
 * a counter, the block's place in the stream. So a value does not depend on who computes it: any
 * number of threads and any CPU level give the same array.
 *
 * A block makes two uniforms of 53 bits, or two normals by Box and Muller's method, or two whole
 * numbers of 64 bits. A fill of n elements takes the next n / 2 blocks of the stream, and element
 * k, counted row by row, half k of them; a block is never used twice, whatever it is used for. A
 * number that needs an unknown number of uniforms (poisson, binomial, gamma) has a whole block of
 * the stream as the head of a stream of its own, which the upper half of the counter goes through.
 *
 * A generator is a seed and the place of the next block. One lock serves all generators: under it
 * numbers are counted, not made, so nobody waits long, and a fork has one lock to hold.
 */
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#if defined(__APPLE__)
#include <sys/random.h>
#endif

#include "random.h"

#include "../base/alloc.h"
#include "../base/check.h"
#include "../base/fork.h"
#include "../base/levels.h"
#include "../base/parallel.h"
#include "../base/quantile.h"
#include "../base/refcount.h"
#include "../base/shape.h"
#include "../base/status.h"
#include "scope.h"
#include "tensor.h"

#define AGI_RANDOM_BLOCKS 256          /* made at a time */
#define AGI_RANDOM_GRAIN 4096          /* elements: a normal costs some ten nanoseconds */
#define AGI_TWO_PI 6.28318530717958647692

struct ag_generator {
    agi_refs refs;                     /* not those of the process's, which lives for ever */
    bool seeded;                       /* the process's: not before it is used */
    uint64_t seed;                     /* the key */
    uint64_t position;                 /* the next block */
};

static ag_generator agi_process_generator;
static pthread_mutex_t agi_generators_lock = PTHREAD_MUTEX_INITIALIZER;

void agi_fork_lock_random(bool lock)
{
    if (lock)
        pthread_mutex_lock(&agi_generators_lock);
    else
        pthread_mutex_unlock(&agi_generators_lock);
}

/* From the system; where it has none to give, from what differs between two runs. */
static uint64_t generator_new_seed(void)
{
    uint64_t seed;
    if (getentropy(&seed, sizeof seed) == 0)
        return seed;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    seed = (uint64_t)now.tv_sec * 1000000007u + (uint64_t)now.tv_nsec;
    return seed ^ ((uint64_t)getpid() << 40) ^ (uint64_t)(uintptr_t)&seed;
}

/* ---- generators ----------------------------------------------------------------------------- */

static void generator_place(ag_generator *g, uint64_t seed, uint64_t position)
{
    g->seed = seed;
    g->position = position;
    g->seeded = true;
}

/* The generator that is meant, locked and with a seed. */
static ag_generator *generator_lock(ag_generator *g)
{
    g = g != NULL ? g : &agi_process_generator;
    pthread_mutex_lock(&agi_generators_lock);
    if (!g->seeded)
        generator_place(g, generator_new_seed(), 0);
    return g;
}

static void generator_unlock(void) { pthread_mutex_unlock(&agi_generators_lock); }

ag_generator *ag_generator_new(uint64_t seed)
{
    ag_generator *g = agi_plain_new(sizeof *g);
    if (g == NULL)
        return NULL;
    atomic_init(&g->refs, 1);
    generator_place(g, seed, 0);
    return g;
}

ag_generator *ag_generator_retain(ag_generator *g)
{
    if (g != NULL)
        agi_refs_inc(&g->refs);
    return g;
}

void ag_generator_release(ag_generator *g)
{
    if (g != NULL && agi_refs_dec(&g->refs))
        agi_plain_free(g);
}

void ag_generator_set_state(ag_generator *g, uint64_t seed, uint64_t position)
{
    g = g != NULL ? g : &agi_process_generator;
    pthread_mutex_lock(&agi_generators_lock);
    generator_place(g, seed, position);
    generator_unlock();
}

ag_status ag_generator_get_state(ag_generator *g, uint64_t *seed, uint64_t *position)
{
    if (!agi_has("generator_get_state", seed, "memory for the seed") ||
        !agi_has("generator_get_state", position, "memory for the position"))
        return ag_last_status();
    g = generator_lock(g);
    *seed = g->seed;
    *position = g->position;
    generator_unlock();
    return AG_OK;
}

void ag_generator_seed(ag_generator *g, uint64_t seed) { ag_generator_set_state(g, seed, 0); }

uint64_t ag_generator_seed_anew(ag_generator *g)
{
    const uint64_t seed = generator_new_seed();
    ag_generator_seed(g, seed);
    return seed;
}

uint64_t ag_generator_initial_seed(ag_generator *g)
{
    const uint64_t seed = generator_lock(g)->seed;
    generator_unlock();
    return seed;
}

void ag_manual_seed(uint64_t seed) { ag_generator_seed(NULL, seed); }

/* ---- blocks --------------------------------------------------------------------------------- */

typedef struct agi_philox {
    uint32_t word[4][AGI_RANDOM_BLOCKS];
} agi_philox;

/* One round on each block. The words are in arrays so that the compiler makes vectors of blocks. */
AGI_STAMPED void philox_round(agi_philox *p, int blocks, uint32_t key0, uint32_t key1)
{
    for (int k = 0; k < blocks; k++) {
        uint64_t a = (uint64_t)p->word[0][k] * 0xD2511F53u;
        uint64_t b = (uint64_t)p->word[2][k] * 0xCD9E8D57u;
        p->word[0][k] = (uint32_t)(b >> 32) ^ p->word[1][k] ^ key0;
        p->word[1][k] = (uint32_t)b;
        p->word[2][k] = (uint32_t)(a >> 32) ^ p->word[3][k] ^ key1;
        p->word[3][k] = (uint32_t)a;
    }
}

/* `turn` is the upper half of the counter. */
AGI_STAMPED void philox_blocks(agi_philox *p, int blocks, uint64_t seed, uint64_t position,
                               uint32_t turn)
{
    uint32_t key0 = (uint32_t)seed, key1 = (uint32_t)(seed >> 32);
    for (int k = 0; k < blocks; k++) {
        p->word[0][k] = (uint32_t)(position + (uint64_t)k);
        p->word[1][k] = (uint32_t)((position + (uint64_t)k) >> 32);
        p->word[2][k] = turn;
        p->word[3][k] = 0;
    }
    for (int round = 0; round < 10; round++) {
        philox_round(p, blocks, key0, key1);
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
}

typedef void (*philox_fn)(agi_philox *p, int blocks, uint64_t seed, uint64_t position,
                          uint32_t turn);

/* 53 bits as a fraction, 27 of one word and 26 of another: signed 32-bit integers are what every
 * level has a vector conversion for. */
AGI_STAMPED double random_fraction(uint32_t high, uint32_t low)
{
    return ((double)(int32_t)(high >> 5) * 0x1p26 + (double)(int32_t)(low >> 6)) * 0x1p-53;
}

/* z[2 k], z[2 k + 1] = the uniforms of block k. */
AGI_STAMPED
void random_uniforms_body(double *z, int blocks, uint64_t seed, uint64_t position, uint32_t turn,
                          philox_fn philox)
{
    agi_philox p;
    philox(&p, blocks, seed, position, turn);
    for (int k = 0; k < blocks; k++) {
        z[2 * k] = random_fraction(p.word[0][k], p.word[1][k]);
        z[2 * k + 1] = random_fraction(p.word[2][k], p.word[3][k]);
    }
}

/* 64 bits of each half of a block. */
AGI_STAMPED
void random_words_body(uint64_t *words, int blocks, uint64_t seed, uint64_t position,
                       philox_fn philox)
{
    agi_philox p;
    philox(&p, blocks, seed, position, 0);
    for (int k = 0; k < blocks; k++) {
        words[2 * k] = (uint64_t)p.word[0][k] << 32 | p.word[1][k];
        words[2 * k + 1] = (uint64_t)p.word[2][k] << 32 | p.word[3][k];
    }
}

/* z[2 k], z[2 k + 1] = whole numbers below count, from `from` on: what `below` gives where one half
 * of the count is 0, and everything is exact. */
AGI_STAMPED void random_few_body(double *z, int blocks, uint64_t seed, uint64_t position,
                                 double from, uint32_t count, philox_fn philox)
{
    agi_philox p;
    philox(&p, blocks, seed, position, 0);
    for (int half = 0; half < 2; half++)
        for (int k = 0; k < blocks; k++) {
            const uint64_t low = (uint64_t)p.word[2 * half + 1][k] * count;
            const uint64_t bits = ((uint64_t)p.word[2 * half][k] * count + (low >> 32)) >> 32;
            const uint64_t shifted = bits | (uint64_t)0x433 << 52;  /* 2^52 more, as a double */
            double number;
            memcpy(&number, &shifted, sizeof number);
            z[2 * k + half] = from + (number - 0x1p52);
        }
}

/* Blocks are made by a call, as all three want them. */
#define RANDOM_STAMP(TARGET, level) \
    TARGET static AGI_NOINLINE void philox_##level(agi_philox *p, int blocks, uint64_t seed, \
                                                   uint64_t position, uint32_t turn) \
    { \
        philox_blocks(p, blocks, seed, position, turn); \
    } \
    TARGET static void random_uniforms_##level(double *z, int blocks, uint64_t seed, \
                                               uint64_t position, uint32_t turn) \
    { \
        random_uniforms_body(z, blocks, seed, position, turn, philox_##level); \
    } \
    TARGET static void random_words_##level(uint64_t *words, int blocks, uint64_t seed, \
                                            uint64_t position) \
    { \
        random_words_body(words, blocks, seed, position, philox_##level); \
    } \
    TARGET static void random_few_##level(double *z, int blocks, uint64_t seed, \
                                          uint64_t position, double from, uint32_t count) \
    { \
        random_few_body(z, blocks, seed, position, from, count, philox_##level); \
    }

RANDOM_STAMP(AGI_TARGET_BASE, base)
#if AGI_X86
RANDOM_STAMP(AGI_TARGET_AVX2, avx2)
RANDOM_STAMP(AGI_TARGET_AVX512, avx512)
#endif

static const struct {
    void (*uniforms)(double *z, int blocks, uint64_t seed, uint64_t position, uint32_t turn);
    void (*words)(uint64_t *words, int blocks, uint64_t seed, uint64_t position);
    void (*few)(double *z, int blocks, uint64_t seed, uint64_t position, double from,
                uint32_t count);
} random_table[AGI_LEVELS] = {
    {random_uniforms_base, random_words_base, random_few_base},
#if AGI_X86
    {random_uniforms_avx2, random_words_avx2, random_few_avx2},
    {random_uniforms_avx512, random_words_avx512, random_few_avx512},
#endif
};

/* Two uniforms to two normals, in place. 1 - u is in (0, 1], so the logarithm is finite. The math
 * is libm's, one value at a time, and so the same at every level. */
static void random_normals(double *z, int blocks)
{
    for (int k = 0; k < blocks; k++) {
        double radius = sqrt(-2.0 * log(1.0 - z[2 * k]));
        double angle = AGI_TWO_PI * z[2 * k + 1];
        z[2 * k] = radius * cos(angle);
        z[2 * k + 1] = radius * sin(angle);
    }
}

/* A word to a number below count: the upper 64 bits of their product. Each number is as likely as
 * another but for count / 2^64 of that. */
static uint64_t below(uint64_t word, uint64_t count)
{
    const uint64_t low = (word & UINT32_MAX) * (count & UINT32_MAX);
    const uint64_t one = (word >> 32) * (count & UINT32_MAX) + (low >> 32);
    const uint64_t other = (word & UINT32_MAX) * (count >> 32) + (one & UINT32_MAX);
    return (word >> 32) * (count >> 32) + (one >> 32) + (other >> 32);
}

/* ---- laws ----------------------------------------------------------------------------------- */

/* The largest number below `to`, which a + u (b - a) may be rounded to. */
static double last_before(double to, double from) { return from < to ? nextafter(to, from) : from; }

static void shape_uniforms(double *z, int n, const agi_law *law)
{
    const double from = law->a, to = law->b, last = last_before(to, from);
    if (from == 0.0 && to == 1.0)
        return;
    for (int k = 0; k < n; k++) {
        const double x = from + z[k] * (to - from);
        z[k] = x < to ? x : last;
    }
}

static void shape_normals(double *z, int n, const agi_law *law)
{
    if (law->a == 0.0 && law->b == 1.0)
        return;
    for (int k = 0; k < n; k++)
        z[k] = law->a + law->b * z[k];
}

/* How many trials it takes: at least one, and at most `most`. */
static void shape_trials(double *z, int n, double p, double most)
{
    const double log_of_failure = log1p(-p);
    for (int k = 0; k < n; k++) {
        const double trials = ceil(log(1.0 - z[k]) / log_of_failure);
        z[k] = trials < 1.0 ? 1.0 : trials > most ? most : trials;
    }
}

/* z[k] is a uniform, or of the normal laws a normal number. */
static void shape_numbers(double *z, int n, const agi_law *law)
{
    switch (law->kind) {
    case AGI_LAW_UNIFORM: shape_uniforms(z, n, law); break;
    case AGI_LAW_NORMAL: shape_normals(z, n, law); break;
    case AGI_LAW_LOG_NORMAL:
        for (int k = 0; k < n; k++)
            z[k] = exp(law->a + law->b * z[k]);
        break;
    case AGI_LAW_EXPONENTIAL:
        for (int k = 0; k < n; k++)
            z[k] = -log1p(-z[k]) / law->a;
        break;
    case AGI_LAW_CAUCHY:
        for (int k = 0; k < n; k++)
            z[k] = law->a + law->b * tan(AGI_TWO_PI * 0.5 * (z[k] - 0.5));
        break;
    case AGI_LAW_GEOMETRIC: shape_trials(z, n, law->a, law->b); break;
    case AGI_LAW_TRUTH:
        for (int k = 0; k < n; k++)
            z[k] = z[k] < law->a ? 1.0 : 0.0;
        break;
    case AGI_LAW_WHOLE: break;
    }
}

#define RANDOM_FROM_MAX ((int64_t)1 << 52)  /* with fewer than 2^32 more, sums are exact */

static void whole_numbers(double *z, int n, uint64_t seed, uint64_t position, const agi_law *law)
{
    uint64_t words[2 * AGI_RANDOM_BLOCKS];
    if (law->count <= UINT32_MAX && law->from >= -RANDOM_FROM_MAX && law->from <= RANDOM_FROM_MAX) {
        double few[2 * AGI_RANDOM_BLOCKS];
        random_table[agi_level_now].few(few, (n + 1) / 2, seed, position, (double)law->from,
                                        (uint32_t)law->count);
        memcpy(z, few, (size_t)n * sizeof *z);
        return;
    }
    random_table[agi_level_now].words(words, (n + 1) / 2, seed, position);
    for (int k = 0; k < n; k++)
        z[k] = (double)(int64_t)((uint64_t)law->from + below(words[k], law->count));
}

/* ---- fills ---------------------------------------------------------------------------------- */

typedef struct agi_random_job {
    double *z;
    const double *chances; /* of binomial numbers */
    agi_draw draw;
    agi_law law;
} agi_random_job;

/* begin is even: a block's two values stay together. The last tile may be cut short. */
static void random_range(void *context, int64_t begin, int64_t end, int part)
{
    const agi_random_job *job = context;
    const agi_law_kind kind = job->law.kind;
    double tile[2 * AGI_RANDOM_BLOCKS];
    (void)part;
    for (int64_t at = begin; at < end; at += 2 * AGI_RANDOM_BLOCKS) {
        const int n = end - at < 2 * AGI_RANDOM_BLOCKS ? (int)(end - at) : 2 * AGI_RANDOM_BLOCKS;
        const uint64_t position = job->draw.position + (uint64_t)at / 2;
        if (kind == AGI_LAW_WHOLE) {
            whole_numbers(job->z + at, n, job->draw.seed, position, &job->law);
            continue;
        }
        random_table[agi_level_now].uniforms(tile, (n + 1) / 2, job->draw.seed, position, 0);
        if (kind == AGI_LAW_NORMAL || kind == AGI_LAW_LOG_NORMAL)
            random_normals(tile, (n + 1) / 2);
        shape_numbers(tile, n, &job->law);
        memcpy(job->z + at, tile, (size_t)n * sizeof *tile);
    }
}

static void run_job(agi_random_job *job, int64_t n, agi_range_fn range, int64_t grain,
                    bool may_block)
{
    if (n < AGI_PARALLEL_MIN) {
        range(job, 0, n, 0);
        return;
    }
    void *token = may_block ? agi_blocking_enter() : NULL;
    agi_parallel_for(n, grain, 2 * AGI_RANDOM_BLOCKS, range, job);
    if (may_block)
        agi_blocking_leave(token);
}

void agi_random_fill(double *z, int64_t n, const agi_draw *draw, const agi_law *law,
                     bool may_block)
{
    agi_random_job job = {.z = z, .draw = *draw, .law = *law};
    run_job(&job, n, random_range, AGI_RANDOM_GRAIN, may_block);
}

uint64_t agi_random_blocks(int64_t n) { return (uint64_t)n / 2 + (uint64_t)n % 2; }

agi_draw agi_random_take(ag_generator *g, uint64_t blocks)
{
    g = generator_lock(g);
    const agi_draw draw = {.seed = g->seed, .position = g->position, .blocks = blocks};
    g->position += blocks;
    generator_unlock();
    return draw;
}

void agi_random_give_back(ag_generator *g, const agi_draw *draw)
{
    g = generator_lock(g);
    if (g->seed == draw->seed && g->position == draw->position + draw->blocks)
        g->position = draw->position;
    generator_unlock();
}

ag_tensor *agi_random_tensor(const char *op, int ndim, const int64_t *shape, const agi_law *law,
                             ag_generator *g, agi_draw *draw)
{
    int64_t n = agi_shape_numel(op, ndim, shape);
    ag_tensor *t = n < 0 ? NULL : agi_tensor_new(ndim, shape, n);
    if (t == NULL)
        return NULL;
    *draw = agi_random_take(g, agi_random_blocks(n));
    agi_random_fill(agi_tensor_data(t), n, draw, law, true);
    return t;
}

static ag_tensor *random_tensor(const char *op, int ndim, const int64_t *shape, agi_law_kind kind,
                                ag_generator *g)
{
    agi_draw draw;
    const agi_law law = {.kind = kind, .a = 0.0, .b = 1.0};
    return agi_scope_add(agi_random_tensor(op, ndim, shape, &law, g, &draw));
}

ag_tensor *ag_rand(int ndim, const int64_t *shape, ag_generator *g)
{
    return random_tensor("rand", ndim, shape, AGI_LAW_UNIFORM, g);
}

ag_tensor *ag_randn(int ndim, const int64_t *shape, ag_generator *g)
{
    return random_tensor("randn", ndim, shape, AGI_LAW_NORMAL, g);
}

/* R. Fisher and F. Yates: each place in turn gets one of what is left. */
void agi_random_permute(double *z, int64_t n, const agi_draw *draw)
{
    uint64_t words[2 * AGI_RANDOM_BLOCKS];
    for (int64_t k = 0; k < n; k++)
        z[k] = (double)k;
    for (int64_t k = 0; k < n; k++) {
        const int64_t of = k % (2 * AGI_RANDOM_BLOCKS), left = n - k;
        if (of == 0)
            random_table[agi_level_now].words(
                words, left < 2 * AGI_RANDOM_BLOCKS ? (int)(left + 1) / 2 : AGI_RANDOM_BLOCKS,
                draw->seed, draw->position + (uint64_t)k / 2);
        const int64_t other = k + (int64_t)below(words[of], (uint64_t)left);
        const double z_k = z[k];
        z[k] = z[other];
        z[other] = z_k;
    }
}

/* ---- poisson -------------------------------------------------------------------------------- */

/* The uniforms of one element: the two of its block, then of the blocks above that, which have the
 * next turns. Those of the first few turns are made beforehand, for many elements. */
#define POISSON_TURNS 7
typedef struct agi_uniforms {
    uint64_t seed, position;
    uint32_t turn;
    int left;
    double next[2 * POISSON_TURNS];  /* the last comes first */
} agi_uniforms;

static double uniforms_next(agi_uniforms *s)
{
    if (s->left == 0) {
        uint32_t w[4] = {(uint32_t)s->position, (uint32_t)(s->position >> 32), s->turn++, 0};
        uint32_t key0 = (uint32_t)s->seed, key1 = (uint32_t)(s->seed >> 32);
        for (int round = 0; round < 10; round++) {
            const uint64_t a = (uint64_t)w[0] * 0xD2511F53u, b = (uint64_t)w[2] * 0xCD9E8D57u;
            w[0] = (uint32_t)(b >> 32) ^ w[1] ^ key0;
            w[1] = (uint32_t)b;
            w[2] = (uint32_t)(a >> 32) ^ w[3] ^ key1;
            w[3] = (uint32_t)a;
            key0 += 0x9E3779B9u;
            key1 += 0xBB67AE85u;
        }
        s->next[1] = random_fraction(w[0], w[1]);
        s->next[0] = random_fraction(w[2], w[3]);
        s->left = 2;
    }
    return s->next[--s->left];
}

/* log(k!), by Stirling's series from 10 on. */
static double random_log_factorial(double k)
{
    double product = 1.0;
    if (k >= 10.0) {
        const double r = 1.0 / (k * k);
        return (k + 0.5) * log(k) - k + 0.91893853320467274178 +
               (1.0 / 12.0 - r * (1.0 / 360.0 - r * (1.0 / 1260.0 - r / 1680.0))) / k;
    }
    for (double i = 2.0; i <= k; i += 1.0)
        product *= i;
    return log(product);
}

/* W. Hoermann: The transformed rejection method for generating Poisson random variables; Insurance:
 * Mathematics and Economics 12 (1993). For rates of 10 or more. */
static double poisson_by_rejection(agi_uniforms *s, double rate)
{
    const double b = 0.931 + 2.53 * sqrt(rate), a = -0.059 + 0.02483 * b;
    const double scale = log(1.1239 + 1.1328 / (b - 3.4)), sure = 0.9277 - 3.6224 / (b - 2.0);
    const double log_rate = log(rate);
    for (;;) {
        const double u = uniforms_next(s) - 0.5, v = uniforms_next(s), near = 0.5 - fabs(u);
        const double k = floor((2.0 * a / near + b) * u + rate + 0.43);
        if (near >= 0.07 && v <= sure)
            return k;
        if (!(k >= 0.0) || (near < 0.013 && v > near))
            continue;
        if (log(v) + scale - log(a / (near * near) + b) <=
            k * log_rate - rate - random_log_factorial(k))
            return k;
    }
}

/* As many uniforms as their product stays above exp(-rate). */
static double poisson_by_product(agi_uniforms *s, double rate)
{
    const double least = exp(-rate);
    double product = uniforms_next(s), k = 0.0;
    for (; product > least; k += 1.0)
        product *= uniforms_next(s);
    return k;
}

/* From 1e9 on a normal number, rounded: what differs is below 1e-4 of a deviation. */
static double poisson_by_normal(agi_uniforms *s, double rate)
{
    const double u = uniforms_next(s), v = uniforms_next(s);
    const double normal = sqrt(-2.0 * log(1.0 - u)) * cos(AGI_TWO_PI * v);
    return floor(rate + sqrt(rate) * normal + 0.5);
}

static double poisson_of(double rate, agi_uniforms *s)
{
    if (rate < 10.0)
        return rate >= 0.0 ? poisson_by_product(s, rate) : NAN;
    if (rate < 1e9)
        return poisson_by_rejection(s, rate);
    return rate < INFINITY ? poisson_by_normal(s, rate) : rate;
}

/* How many turns most numbers of these rates need: up to 10 as many uniforms as the number, and one
 * more. */
static int usual_turns(const double *rates, int n)
{
    double rate = 0.0;
    for (int k = 0; k < n; k++)
        rate = rates[k] > rate && rates[k] < 10.0 ? rates[k] : rate;
    const int turns = (int)ceil((rate + sqrt(rate) + 1.0) * 0.5);
    return turns < POISSON_TURNS ? turns : POISSON_TURNS;
}

/* The uniforms of `turns` turns, which were made of many blocks at once, are those of block k. */
static void uniforms_begin(agi_uniforms *s, double (*made)[2 * AGI_RANDOM_BLOCKS], int turns, int k)
{
    s->turn = (uint32_t)turns;
    s->left = 2 * turns;
    for (int t = 0; t < turns; t++) {
        s->next[2 * (turns - t) - 1] = made[t][2 * k];
        s->next[2 * (turns - t) - 2] = made[t][2 * k + 1];
    }
}

static void poisson_range(void *context, int64_t begin, int64_t end, int part)
{
    const agi_random_job *job = context;
    double made[POISSON_TURNS][2 * AGI_RANDOM_BLOCKS];
    (void)part;
    for (int64_t at = begin; at < end; at += AGI_RANDOM_BLOCKS) {
        const int n = end - at < AGI_RANDOM_BLOCKS ? (int)(end - at) : AGI_RANDOM_BLOCKS;
        const int turns = usual_turns(job->z + at, n);
        agi_uniforms s = {.seed = job->draw.seed, .position = job->draw.position + (uint64_t)at};
        for (int t = 0; t < turns; t++)
            random_table[agi_level_now].uniforms(made[t], n, s.seed, s.position, (uint32_t)t);
        for (int k = 0; k < n; k++, s.position++) {
            uniforms_begin(&s, made, turns, k);
            job->z[at + k] = poisson_of(job->z[at + k], &s);
        }
    }
}

void agi_random_poisson(double *z, int64_t n, const agi_draw *draw, bool may_block)
{
    agi_random_job job = {.z = z, .draw = *draw};
    run_job(&job, n, poisson_range, AGI_RANDOM_GRAIN / 8, may_block);
}

/* ---- gamma ---------------------------------------------------------------------------------- */

AGI_QUANTILE_STAMP(quantile, double, )

/* A normal number of a uniform one: the distribution's inverse, in the middle of the interval that
 * the uniform stands for, so that it is finite. */
static double normal_of(double uniform)
{
    const double q = (uniform - 0.5) + 0x1p-54;
    return fabs(q) <= 0.425 ? quantile_middle(q)
                            : copysign(quantile_tail(sqrt(-log(0.5 - fabs(q)))), q);
}

/* What depends on the parameter alone: d is it less 1/3, or one more where it is below 1. */
typedef struct gamma_law {
    double a, d, c;
} gamma_law;

static gamma_law gamma_law_of(double a)
{
    const double d = (a < 1.0 ? a + 1.0 : a) - 1.0 / 3.0;
    return (gamma_law){.a = a, .d = d, .c = 1.0 / (3.0 * sqrt(d))};
}

/* G. Marsaglia and W. W. Tsang: A simple method for generating gamma variables; ACM Transactions on
 * Mathematical Software 26 (2000). One uniform for a normal x and one that says whether d v is
 * taken, v = (1 + c x)^3; of an a below 1 then one for a factor, its root of degree a. */
static double log_gamma_draw(const gamma_law *law, agi_uniforms *s)
{
    const double d = law->d;
    double root, v;
    for (;;) {
        const double x = normal_of(uniforms_next(s)), u = uniforms_next(s), square = x * x;
        root = 1.0 + law->c * x;
        v = root * root * root;
        if (!(root > 0.0))
            continue;
        if (u < 1.0 - 0.0331 * square * square ||
            log(u) < 0.5 * square + d * (1.0 - v + 3.0 * log(root)))
            break;
    }
    const double whole = d < 1e300 ? log(d * v) : log(d) + 3.0 * log(root);
    return law->a < 1.0 ? whole + log(1.0 - uniforms_next(s)) / law->a : whole;
}

static void log_gamma_range(void *context, int64_t begin, int64_t end, int part)
{
    const agi_random_job *job = context;
    double made[2][2 * AGI_RANDOM_BLOCKS];
    gamma_law law = gamma_law_of(1.0);
    (void)part;
    for (int64_t at = begin; at < end; at += AGI_RANDOM_BLOCKS) {
        const int n = end - at < AGI_RANDOM_BLOCKS ? (int)(end - at) : AGI_RANDOM_BLOCKS;
        agi_uniforms s = {.seed = job->draw.seed, .position = job->draw.position + (uint64_t)at};
        double *z = job->z + at;
        int turns = 1;
        for (int k = 0; k < n; k++)
            turns = z[k] < 1.0 ? 2 : turns;
        for (int t = 0; t < turns; t++)
            random_table[agi_level_now].uniforms(made[t], n, s.seed, s.position, (uint32_t)t);
        for (int k = 0; k < n; k++, s.position++) {
            if (!(z[k] > 0.0 && z[k] < (double)INFINITY)) {
                z[k] = z[k] > 0.0 ? z[k] : (double)NAN;
                continue;
            }
            if (z[k] != law.a)
                law = gamma_law_of(z[k]);
            uniforms_begin(&s, made, turns, k);
            z[k] = log_gamma_draw(&law, &s);
        }
    }
}

void agi_random_log_gamma(double *z, int64_t n, const agi_draw *draw, bool may_block)
{
    agi_random_job job = {.z = z, .draw = *draw};
    run_job(&job, n, log_gamma_range, AGI_RANDOM_GRAIN / 4, may_block);
}

/* ---- binomial ------------------------------------------------------------------------------- */

/* log(k!) less Stirling's formula for it: (k + 1/2) log(k + 1) - (k + 1) + log(2 pi) / 2. */
static double stirling_rest(double k)
{
    const double x = k + 1.0, r = 1.0 / (x * x);
    if (k < 10.0)
        return random_log_factorial(k) - ((k + 0.5) * log(x) - x + 0.91893853320467274178);
    return (1.0 / 12.0 - r * (1.0 / 360.0 - r / 1260.0)) / x;
}

/* Probabilities of 0, 1, ... successes taken off a uniform until nothing is left of it. */
static double binomial_by_sums(agi_uniforms *s, double n, double p)
{
    const double odds = p / (1.0 - p);
    double rest = uniforms_next(s), part = exp(n * log1p(-p)), k = 0.0;
    while (rest >= part && k < n && part > 0.0) {
        rest -= part;
        k += 1.0;
        part *= (n - k + 1.0) / k * odds;
    }
    return k;
}

/* W. Hoermann: The generation of binomial random variates; Journal of Statistical Computation and
 * Simulation 46 (1993), algorithm BTRS. For n p of 10 or more, and p of 1/2 or less. */
static double binomial_by_rejection(agi_uniforms *s, double n, double p)
{
    const double spread = sqrt(n * p * (1.0 - p)), odds = p / (1.0 - p);
    const double b = 1.15 + 2.53 * spread, a = -0.0873 + 0.0248 * b + 0.01 * p;
    const double scale = (2.83 + 5.1 / b) * spread, sure = 0.92 - 4.2 / b;
    const double m = floor((n + 1.0) * p), rest = stirling_rest(m) + stirling_rest(n - m);
    for (;;) {
        const double u = uniforms_next(s) - 0.5, v = uniforms_next(s), near = 0.5 - fabs(u);
        const double k = floor((2.0 * a / near + b) * u + n * p + 0.5);
        if (!(k >= 0.0 && k <= n))
            continue;
        if (near >= 0.07 && v <= sure)
            return k;
        const double most = (m + 0.5) * log((m + 1.0) / (odds * (n - m + 1.0))) +
                            (n + 1.0) * log1p((k - m) / (n - k + 1.0)) +
                            (k + 0.5) * log(odds * (n - k + 1.0) / (k + 1.0)) + rest -
                            stirling_rest(k) - stirling_rest(n - k);
        if (log(v * scale / (a / (near * near) + b)) <= most)
            return k;
    }
}

/* p is 1/2 or less. From a variance of 1e9 on a normal number, rounded: see poisson_by_normal. */
static double binomial_of_few(agi_uniforms *s, double n, double p)
{
    if (n * p < 10.0)
        return binomial_by_sums(s, n, p);
    if (n * p * (1.0 - p) < 1e9)
        return binomial_by_rejection(s, n, p);
    const double u = uniforms_next(s), v = uniforms_next(s);
    const double normal = sqrt(-2.0 * log(1.0 - u)) * cos(AGI_TWO_PI * v);
    const double k = floor(n * p + sqrt(n * p * (1.0 - p)) * normal + 0.5);
    return k < 0.0 ? 0.0 : k > n ? n : k;
}

static double binomial_one(agi_uniforms *s, double n, double p)
{
    if (n != n || p != p)
        return NAN;
    if (n <= 0.0 || p <= 0.0)
        return 0.0;
    if (p >= 1.0 || n == INFINITY)
        return n;
    n = floor(n);
    return p <= 0.5 ? binomial_of_few(s, n, p) : n - binomial_of_few(s, n, 1.0 - p);
}

static void binomial_range(void *context, int64_t begin, int64_t end, int part)
{
    const agi_random_job *job = context;
    (void)part;
    for (int64_t k = begin; k < end; k++) {
        agi_uniforms s = {.seed = job->draw.seed, .position = job->draw.position + (uint64_t)k};
        job->z[k] = binomial_one(&s, job->z[k], job->chances[k]);
    }
}

void agi_random_binomial(double *z, const double *chances, int64_t n, const agi_draw *draw,
                         bool may_block)
{
    agi_random_job job = {.z = z, .chances = chances, .draw = *draw};
    run_job(&job, n, binomial_range, AGI_RANDOM_GRAIN / 8, may_block);
}
