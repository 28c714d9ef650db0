/* SPDX-License-Identifier: MIT
 *
 * See optim.h. The formulas are PyTorch's, with what is the same for all elements of a parameter
 * worked out before: an element costs Adam one root and one quotient.
 */
#include "optim.h"

#include <math.h>

#include "../base/parallel.h"
#include "kernel.h"

#define STEP_ARGS \
    double *p, const double *g, double *const *s, int64_t n, const double *f

/* ---- kernels -------------------------------------------------------------------------------- */

/* The one that is larger; NaN if one is. */
AGI_STAMPED double larger_one(double x, double y) { return x > y || x != x ? x : y; }

AGI_STAMPED void sgd_body(STEP_ARGS)
{
    const double lr = f[0];
    (void)s;
    AGI_INDEPENDENT
    for (int64_t i = 0; i < n; i++)
        p[i] -= lr * g[i];
}

AGI_STAMPED void momentum_body(STEP_ARGS)
{
    double *b = s[0];
    const double lr = f[0], momentum = f[1], weight = f[2];
    AGI_INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        b[i] = b[i] * momentum + weight * g[i];
        p[i] -= lr * b[i];
    }
}

AGI_STAMPED void nesterov_body(STEP_ARGS)
{
    double *b = s[0];
    const double lr = f[0], momentum = f[1], weight = f[2];
    AGI_INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        const double d = g[i];
        b[i] = b[i] * momentum + weight * d;
        p[i] -= lr * (d + momentum * b[i]);
    }
}

AGI_STAMPED void adam_body(STEP_ARGS)
{
    double *m = s[0], *v = s[1];
    const double c = f[0], e = f[1], w1 = f[2], beta2 = f[3], w2 = f[4], decay = f[5];
    AGI_INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        const double d = g[i];
        const double m_new = m[i] + (d - m[i]) * w1, v_new = v[i] * beta2 + d * d * w2;
        m[i] = m_new;
        v[i] = v_new;
        p[i] = p[i] * decay - c * m_new / (sqrt(v_new) + e);
    }
}

AGI_STAMPED void amsgrad_body(STEP_ARGS)
{
    double *m = s[0], *v = s[1], *most = s[2];
    const double c = f[0], e = f[1], w1 = f[2], beta2 = f[3], w2 = f[4], decay = f[5];
    AGI_INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        const double d = g[i];
        const double m_new = m[i] + (d - m[i]) * w1, v_new = v[i] * beta2 + d * d * w2;
        const double most_new = larger_one(v_new, most[i]);
        m[i] = m_new;
        v[i] = v_new;
        most[i] = most_new;
        p[i] = p[i] * decay - c * m_new / (sqrt(most_new) + e);
    }
}

AGI_STAMPED void adamax_body(STEP_ARGS)
{
    double *m = s[0], *u = s[1];
    const double c = f[0], eps = f[1], w1 = f[2], beta2 = f[3];
    AGI_INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        const double d = g[i];
        const double m_new = m[i] + (d - m[i]) * w1;
        const double u_new = larger_one(u[i] * beta2, fabs(d) + eps);
        m[i] = m_new;
        u[i] = u_new;
        p[i] -= c * m_new / u_new;
    }
}

AGI_STAMPED void nadam_body(STEP_ARGS)
{
    double *m = s[0], *v = s[1];
    const double c = f[0], e = f[1], w1 = f[2], beta2 = f[3], own = f[4], decay = f[5];
    const double w2 = 1.0 - beta2;
    AGI_INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        const double d = g[i];
        const double m_new = m[i] + (d - m[i]) * w1, v_new = v[i] * beta2 + d * d * w2;
        m[i] = m_new;
        v[i] = v_new;
        p[i] = p[i] * decay - (own * d + c * m_new) / (sqrt(v_new) + e);
    }
}

AGI_STAMPED void rmsprop_body(STEP_ARGS)
{
    double *v = s[0];
    const double lr = f[0], eps = f[1], alpha = f[2], w = f[3];
    AGI_INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        const double d = g[i], v_new = v[i] * alpha + d * d * w;
        v[i] = v_new;
        p[i] -= lr * d / (sqrt(v_new) + eps);
    }
}

AGI_STAMPED void rmsprop_momentum_body(STEP_ARGS)
{
    double *v = s[0], *b = s[1];
    const double lr = f[0], eps = f[1], alpha = f[2], w = f[3], momentum = f[4];
    AGI_INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        const double d = g[i], v_new = v[i] * alpha + d * d * w;
        const double b_new = b[i] * momentum + d / (sqrt(v_new) + eps);
        v[i] = v_new;
        b[i] = b_new;
        p[i] -= lr * b_new;
    }
}

/* The spread of gradients of this mean square and mean, which rounding may bring below 0. */
AGI_STAMPED double spread_of(double square, double mean)
{
    const double variance = square - mean * mean;
    return sqrt(variance < 0.0 ? 0.0 : variance);
}

AGI_STAMPED void rmsprop_centered_body(STEP_ARGS)
{
    double *v = s[0], *m = s[1];
    const double lr = f[0], eps = f[1], alpha = f[2], w = f[3];
    AGI_INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        const double d = g[i], v_new = v[i] * alpha + d * d * w, m_new = m[i] + (d - m[i]) * w;
        v[i] = v_new;
        m[i] = m_new;
        p[i] -= lr * d / (spread_of(v_new, m_new) + eps);
    }
}

AGI_STAMPED void rmsprop_centered_momentum_body(STEP_ARGS)
{
    double *v = s[0], *b = s[1], *m = s[2];
    const double lr = f[0], eps = f[1], alpha = f[2], w = f[3], momentum = f[4];
    AGI_INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        const double d = g[i], v_new = v[i] * alpha + d * d * w, m_new = m[i] + (d - m[i]) * w;
        const double b_new = b[i] * momentum + d / (spread_of(v_new, m_new) + eps);
        v[i] = v_new;
        m[i] = m_new;
        b[i] = b_new;
        p[i] -= lr * b_new;
    }
}

AGI_STAMPED void adagrad_body(STEP_ARGS)
{
    double *v = s[0];
    const double lr = f[0], eps = f[1];
    AGI_INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        const double d = g[i], v_new = v[i] + d * d;
        v[i] = v_new;
        p[i] -= lr * d / (sqrt(v_new) + eps);
    }
}

AGI_STAMPED void adadelta_body(STEP_ARGS)
{
    double *v = s[0], *u = s[1];
    const double lr = f[0], eps = f[1], rho = f[2], w = f[3];
    AGI_INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        const double d = g[i], v_new = v[i] * rho + d * d * w;
        const double delta = sqrt(u[i] + eps) / sqrt(v_new + eps) * d;
        v[i] = v_new;
        u[i] = u[i] * rho + delta * delta * w;
        p[i] -= lr * delta;
    }
}

/* What the kernels take for the gradient: with its sign, and with the weights' share. */
AGI_STAMPED void gradient_body(double *z, const double *g, const double *p, int64_t n,
                               double sign, double weight_decay)
{
    if (weight_decay == 0.0)
        AGI_EACH(sign * g[i]);
    else
        AGI_EACH(sign * g[i] + weight_decay * p[i]);
}

/* ---- levels --------------------------------------------------------------------------------- */

typedef void (*step_fn)(STEP_ARGS);
typedef void (*gradient_fn)(double *z, const double *g, const double *p, int64_t n, double sign,
                            double weight_decay);

#define STEP_KERNEL(TARGET, name, level) \
    TARGET static void name##_step_##level(STEP_ARGS) { name##_body(p, g, s, n, f); }

#define STEP_LEVEL(TARGET, level) \
    STEP_KERNEL(TARGET, sgd, level) \
    STEP_KERNEL(TARGET, momentum, level) \
    STEP_KERNEL(TARGET, nesterov, level) \
    STEP_KERNEL(TARGET, adam, level) \
    STEP_KERNEL(TARGET, amsgrad, level) \
    STEP_KERNEL(TARGET, adamax, level) \
    STEP_KERNEL(TARGET, nadam, level) \
    STEP_KERNEL(TARGET, rmsprop, level) \
    STEP_KERNEL(TARGET, rmsprop_momentum, level) \
    STEP_KERNEL(TARGET, rmsprop_centered, level) \
    STEP_KERNEL(TARGET, rmsprop_centered_momentum, level) \
    STEP_KERNEL(TARGET, adagrad, level) \
    STEP_KERNEL(TARGET, adadelta, level) \
    TARGET static void gradient_step_##level(double *z, const double *g, const double *p, \
                                             int64_t n, double sign, double weight_decay) \
    { \
        gradient_body(z, g, p, n, sign, weight_decay); \
    }

#define STEP_ROW(level) \
    { \
        gradient_step_##level, \
        { \
            [AGI_STEP_SGD] = sgd_step_##level, \
            [AGI_STEP_MOMENTUM] = momentum_step_##level, \
            [AGI_STEP_NESTEROV] = nesterov_step_##level, \
            [AGI_STEP_ADAM] = adam_step_##level, \
            [AGI_STEP_AMSGRAD] = amsgrad_step_##level, \
            [AGI_STEP_ADAMAX] = adamax_step_##level, \
            [AGI_STEP_NADAM] = nadam_step_##level, \
            [AGI_STEP_RMSPROP] = rmsprop_step_##level, \
            [AGI_STEP_RMSPROP_MOMENTUM] = rmsprop_momentum_step_##level, \
            [AGI_STEP_RMSPROP_CENTERED] = rmsprop_centered_step_##level, \
            [AGI_STEP_RMSPROP_CENTERED_MOMENTUM] = rmsprop_centered_momentum_step_##level, \
            [AGI_STEP_ADAGRAD] = adagrad_step_##level, \
            [AGI_STEP_ADADELTA] = adadelta_step_##level, \
        } \
    }

STEP_LEVEL(AGI_TARGET_BASE, base)
#if AGI_X86
STEP_LEVEL(AGI_TARGET_AVX2, avx2)
STEP_LEVEL(AGI_TARGET_AVX512, avx512)
#endif

static const struct {
    gradient_fn gradient;
    step_fn step[AGI_STEP_KERNELS];
} step_table[AGI_LEVELS] = {
    STEP_ROW(base),
#if AGI_X86
    STEP_ROW(avx2),
    STEP_ROW(avx512),
#endif
};

/* ---- all parameters ------------------------------------------------------------------------- */

#define STEP_TILE 512  /* numbers of a gradient that is changed before it is used */

/* The numbers from `begin` to `end` of one parameter. Fetching them ahead makes no difference where
 * they are in the caches, and takes longer where they are not. */
static void step_range(const agi_step *step, int64_t begin, int64_t end)
{
    const bool plain = step->weight_decay == 0.0 && !step->maximize;
    const step_fn fn = step_table[agi_level_now].step[step->kernel];
    double tile[STEP_TILE] __attribute__((aligned(64)));
    while (begin < end) {
        const int64_t n = plain || end - begin < STEP_TILE ? end - begin : STEP_TILE;
        const double *g = step->g + begin;
        double *s[AGI_STEP_ARRAYS];
        for (int k = 0; k < AGI_STEP_ARRAYS; k++)
            s[k] = step->s[k] != NULL ? step->s[k] + begin : NULL;
        if (!plain) {
            step_table[agi_level_now].gradient(tile, g, step->p + begin, n,
                                               step->maximize ? -1.0 : 1.0, step->weight_decay);
            g = tile;
        }
        fn(step->p + begin, g, s, n, step->f);
        begin += n;
    }
}

typedef struct step_job {
    const agi_step *steps;
    int n;
} step_job;

/* The last parameter that begins at `at` or before. */
static int step_at(const step_job *job, int64_t at)
{
    int low = 0, high = job->n;
    while (high - low > 1) {
        const int middle = low + (high - low) / 2;
        if (job->steps[middle].first <= at)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void steps_range(void *context, int64_t begin, int64_t end, int part)
{
    const step_job *job = context;
    (void)part;
    for (int k = step_at(job, begin); k < job->n && job->steps[k].first < end; k++) {
        const agi_step *step = &job->steps[k];
        const int64_t from = begin > step->first ? begin - step->first : 0;
        const int64_t to = end - step->first < step->n ? end - step->first : step->n;
        if (from < to)
            step_range(step, from, to);
    }
}

void agi_steps_run(int n, agi_step *steps, bool alone)
{
    step_job job = {.steps = steps, .n = n};
    int64_t total = 0;
    for (int k = 0; k < n; k++) {
        steps[k].first = total;
        total += steps[k].n;
    }
    if (total < AGI_PARALLEL_MIN) {
        if (total > 0)
            steps_range(&job, 0, total, 0);
        return;
    }
    void *token = agi_blocking_enter();
    agi_parallel_for(total, alone ? total : AGI_PARALLEL_GRAIN, 64, steps_range, &job);
    agi_blocking_leave(token);
}
