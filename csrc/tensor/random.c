/* SPDX-License-Identifier: MIT
 *
 * Random numbers: Philox4x32-10 (J. Salmon, M. Moraes, R. Dror, D. Shaw: Parallel random numbers:
 * as easy as 1, 2, 3; SC 2011). A block of four 32-bit words is a function of a key, the seed, and
 * a counter, the block's place in the stream. So a value does not depend on who computes it: any
 * number of threads and any CPU level give the same array.
 *
 * A block makes two uniforms of 53 bits, or two normals by Box and Muller's method. A fill takes
 * the next blocks of the stream; a block is never used twice, by rand and randn neither.
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

AGI_STAMPED void philox_blocks(agi_philox *p, int blocks, uint64_t seed, uint64_t position)
{
    uint32_t key0 = (uint32_t)seed, key1 = (uint32_t)(seed >> 32);
    for (int k = 0; k < blocks; k++) {
        p->word[0][k] = (uint32_t)(position + (uint64_t)k);
        p->word[1][k] = (uint32_t)((position + (uint64_t)k) >> 32);
        p->word[2][k] = 0;
        p->word[3][k] = 0;
    }
    for (int round = 0; round < 10; round++) {
        philox_round(p, blocks, key0, key1);
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
}

/* 53 bits as a fraction, 27 of one word and 26 of another: signed 32-bit integers are what every
 * level has a vector conversion for. */
AGI_STAMPED double random_fraction(uint32_t high, uint32_t low)
{
    return ((double)(int32_t)(high >> 5) * 0x1p26 + (double)(int32_t)(low >> 6)) * 0x1p-53;
}

/* z[2 k], z[2 k + 1] = the uniforms of block k. */
AGI_STAMPED
void random_uniforms_body(double *z, int blocks, uint64_t seed, uint64_t position)
{
    agi_philox p;
    philox_blocks(&p, blocks, seed, position);
    for (int k = 0; k < blocks; k++) {
        z[2 * k] = random_fraction(p.word[0][k], p.word[1][k]);
        z[2 * k + 1] = random_fraction(p.word[2][k], p.word[3][k]);
    }
}

static void random_uniforms_base(double *z, int blocks, uint64_t seed, uint64_t position)
{
    random_uniforms_body(z, blocks, seed, position);
}

#if AGI_X86
AGI_TARGET_AVX2
static void random_uniforms_avx2(double *z, int blocks, uint64_t seed, uint64_t position)
{
    random_uniforms_body(z, blocks, seed, position);
}

AGI_TARGET_AVX512
static void random_uniforms_avx512(double *z, int blocks, uint64_t seed, uint64_t position)
{
    random_uniforms_body(z, blocks, seed, position);
}
#endif

typedef void (*agi_random_fn)(double *z, int blocks, uint64_t seed, uint64_t position);

static const agi_random_fn agi_random_uniforms[AGI_LEVELS] = {
    random_uniforms_base,
#if AGI_X86
    random_uniforms_avx2,
    random_uniforms_avx512,
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

/* ---- fills ---------------------------------------------------------------------------------- */

typedef struct agi_random_fill {
    double *z;
    uint64_t seed, position;
    bool normal;
} agi_random_fill;

/* begin is even: a block's two values stay together. The last tile may be cut short. */
static void random_range(void *context, int64_t begin, int64_t end, int part)
{
    const agi_random_fill *fill = context;
    double tile[2 * AGI_RANDOM_BLOCKS];
    (void)part;
    for (int64_t at = begin; at < end; at += 2 * AGI_RANDOM_BLOCKS) {
        int64_t n = end - at < 2 * AGI_RANDOM_BLOCKS ? end - at : 2 * AGI_RANDOM_BLOCKS;
        uint64_t position = fill->position + (uint64_t)at / 2;
        int blocks = (int)(n + 1) / 2;
        agi_random_uniforms[agi_level_now](tile, blocks, fill->seed, position);
        if (fill->normal)
            random_normals(tile, blocks);
        memcpy(fill->z + at, tile, (size_t)n * sizeof *tile);
    }
}

static uint64_t random_blocks(int64_t n) { return (uint64_t)n / 2 + (uint64_t)n % 2; }

static void random_fill(double *z, int64_t n, bool normal, ag_generator *g, agi_draw *draw)
{
    g = generator_lock(g);
    *draw = (agi_draw){.seed = g->seed, .position = g->position, .blocks = random_blocks(n)};
    g->position += draw->blocks;
    generator_unlock();
    agi_random_fill fill = {
        .z = z, .seed = draw->seed, .position = draw->position, .normal = normal};
    if (n < AGI_PARALLEL_MIN) {
        random_range(&fill, 0, n, 0);
        return;
    }
    void *token = agi_blocking_enter();
    agi_parallel_for(n, AGI_RANDOM_GRAIN, 2 * AGI_RANDOM_BLOCKS, random_range, &fill);
    agi_blocking_leave(token);
}

void agi_random_give_back(ag_generator *g, const agi_draw *draw)
{
    g = generator_lock(g);
    if (g->seed == draw->seed && g->position == draw->position + draw->blocks)
        g->position = draw->position;
    generator_unlock();
}

ag_tensor *agi_random_normals(const char *op, int ndim, const int64_t *shape, ag_generator *g,
                              agi_draw *draw)
{
    int64_t n = agi_shape_numel(op, ndim, shape);
    ag_tensor *t = n < 0 ? NULL : agi_tensor_new(ndim, shape, n);
    if (t != NULL)
        random_fill(agi_tensor_data(t), n, true, g, draw);
    return t;
}

static ag_tensor *random_tensor(const char *op, int ndim, const int64_t *shape, bool normal,
                                ag_generator *g)
{
    agi_draw draw;
    int64_t n = agi_shape_numel(op, ndim, shape);
    ag_tensor *t = n < 0 ? NULL : agi_scope_add(agi_tensor_new(ndim, shape, n));
    if (t != NULL)  /* from here on nothing fails: the stream moves on for what is given out */
        random_fill(agi_tensor_data(t), n, normal, g, &draw);
    return t;
}

ag_tensor *ag_rand(int ndim, const int64_t *shape, ag_generator *g)
{
    return random_tensor("rand", ndim, shape, false, g);
}

ag_tensor *ag_randn(int ndim, const int64_t *shape, ag_generator *g)
{
    return random_tensor("randn", ndim, shape, true, g);
}
