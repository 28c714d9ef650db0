/* SPDX-License-Identifier: MIT
 *
 * Random numbers for what is computed from them: so that a failure uses none up.
 */
#ifndef AGI_RANDOM_H
#define AGI_RANDOM_H

#include "../base/config.h"

/* Which numbers of which stream were given out. */
typedef struct agi_draw {
    uint64_t seed, position, blocks;
} agi_draw;

/* What numbers are made of the stream. */
typedef enum agi_law_kind {
    AGI_LAW_UNIFORM,      /* from a up to, but without, b; a where that is b */
    AGI_LAW_NORMAL,       /* of mean a and deviation b */
    AGI_LAW_LOG_NORMAL,   /* exp of that */
    AGI_LAW_EXPONENTIAL,  /* of rate a */
    AGI_LAW_CAUCHY,       /* of median a and half width b */
    AGI_LAW_GEOMETRIC,    /* trials of probability a up to the first success, at most b */
    AGI_LAW_TRUTH,        /* 1 with probability a, else 0 */
    AGI_LAW_WHOLE         /* one of `count` whole numbers from `from` on */
} agi_law_kind;

typedef struct agi_law {
    agi_law_kind kind;
    double a, b;
    int64_t from;
    uint64_t count;
} agi_law;

#pragma GCC visibility push(hidden)

/* The blocks that a fill of n elements takes. */
uint64_t agi_random_blocks(int64_t n);

/* The next blocks of the stream, NULL: the process's. */
agi_draw agi_random_take(ag_generator *g, uint64_t blocks);

/* They come again, unless others were taken since: then these are lost. */
void agi_random_give_back(ag_generator *g, const agi_draw *draw);

/* z[n] = numbers of a draw of agi_random_blocks(n). may_block: the embedder's lock may be let
 * go. */
void agi_random_fill(double *z, int64_t n, const agi_draw *draw, const agi_law *law,
                     bool may_block);

/* z[n] = Poisson numbers of the rates in z, of a draw of n blocks; NaN where a rate is negative. */
void agi_random_poisson(double *z, int64_t n, const agi_draw *draw, bool may_block);

/* z[n] = logarithms of gamma numbers of rate 1 and the parameters in z, of a draw of n blocks. Of
 * an infinite parameter infinity, of what is none NaN. */
void agi_random_log_gamma(double *z, int64_t n, const agi_draw *draw, bool may_block);

/* z[n] = binomial numbers: successes among z of these chances, of a draw of n blocks. NaN where one
 * is; a chance outside of 0 to 1 counts as the nearer of these, a negative z as 0. */
void agi_random_binomial(double *z, const double *chances, int64_t n, const agi_draw *draw,
                         bool may_block);

/* z[n] = 0 .. n - 1 in random order, of a draw of agi_random_blocks(n). */
void agi_random_permute(double *z, int64_t n, const agi_draw *draw);

/* A new tensor of them, outside any scope. */
ag_tensor *agi_random_tensor(const char *op, int ndim, const int64_t *shape, const agi_law *law,
                             ag_generator *g, agi_draw *draw);

#pragma GCC visibility pop
#endif
