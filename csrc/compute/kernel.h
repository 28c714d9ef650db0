/* SPDX-License-Identifier: MIT
 *
 * Writing a kernel once and compiling it once per CPU level (simd/levels.h).
 *
 *     AG_MAP1(square, x * x)                    z[i] = x * x
 *     AG_MAP2(sub, x - y)
 *     AG_MAP3(where, x != 0.0 ? y : w)          arguments x, y, w
 *     AG_MAP_FUSED(exp2, agi_exp2(fused, x))    functions of vmath.h
 *     AG_MAP_LONG(erfcx, erfcx_of(fused, x))    the same, where they are many instructions
 *     AG_MAP2_LONG(hypot, length_of(x, y))
 *     AG_MAP2_CALLS(gcd, gcd_of(x, y))          what is no vectors anyway: once for all levels
 *     AG_MAP_MVEC(exp)                          agi_mvec.exp on the whole tile
 *     AG_KERNELS(pow)                           stamps pow_body, written by hand
 *
 * An expression is plain scalar code without calls or side effects, in which both arms of a ?: may
 * be evaluated, so that the compiler vectorises it at each level's own width. All levels give the
 * same bits: every operation in it is correctly rounded and nothing is contracted (simd/vmath.h,
 * for kernels written by hand, fuses where its level can and is the exception). Where an input
 * is one value for all elements, its loop has that value in a register: one loop for each
 * combination, chosen once per call. z may be one of the inputs, but overlaps none otherwise:
 * AGI_INDEPENDENT tells the compiler, which would else compare addresses before each loop.
 */
#ifndef AGI_KERNEL_H
#define AGI_KERNEL_H

#include "mvec.h"
#include "op.h"
#include "vmath.h"

#if defined(__clang__)
/* Unoptimised builds do not vectorise; what the others do, a test reads from the machine code. */
#pragma clang diagnostic ignored "-Wpass-failed"
#define AGI_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define AGI_INDEPENDENT _Pragma("GCC ivdep")
#else
#define AGI_INDEPENDENT
#endif

/* z[i] for all i < n from an expression in i. */
#define AGI_EACH(expression) \
    AGI_INDEPENDENT \
    for (int64_t i = 0; i < n; i++) \
        z[i] = (expression)

/* ---- stamping ------------------------------------------------------------------------------- */

#define AGI_KERNEL_ARGS \
    double *z, int64_t n, const double *const *in, unsigned splat, const double *f

#define AGI_STAMP(TARGET, name, level, fused) \
    TARGET static void agi_##name##_##level(AGI_KERNEL_ARGS) \
    { \
        name##_body(z, n, in, splat, f, fused); \
    }

#if AGI_X86
#define AGI_AT_ALL_LEVELS(kernel) {kernel, kernel, kernel}
#define AG_KERNELS(name) \
    AGI_STAMP(AGI_TARGET_BASE, name, base, AGI_BASE_FUSED) \
    AGI_STAMP(AGI_TARGET_AVX2, name, avx2, true) \
    AGI_STAMP(AGI_TARGET_AVX512, name, avx512, true) \
    const agi_kernel agi_##name##_kernels[AGI_LEVELS] = { \
        agi_##name##_base, agi_##name##_avx2, agi_##name##_avx512};
/* Where avx2 makes slower code than base does: its level has that. */
#define AG_KERNELS_BUT_AVX2(name) \
    AGI_STAMP(AGI_TARGET_BASE, name, base, AGI_BASE_FUSED) \
    AGI_STAMP(AGI_TARGET_AVX512, name, avx512, true) \
    const agi_kernel agi_##name##_kernels[AGI_LEVELS] = { \
        agi_##name##_base, agi_##name##_base, agi_##name##_avx512};
#else
#define AGI_AT_ALL_LEVELS(kernel) {kernel}
#define AG_KERNELS_BUT_AVX2 AG_KERNELS
#define AG_KERNELS(name) \
    AGI_STAMP(AGI_TARGET_BASE, name, base, AGI_BASE_FUSED) \
    const agi_kernel agi_##name##_kernels[AGI_LEVELS] = {agi_##name##_base};
#endif

/* One for all levels, where no level makes it faster. */
#define AG_KERNELS_ONCE(name) \
    AGI_STAMP(AGI_TARGET_BASE, name, base, AGI_BASE_FUSED) \
    const agi_kernel agi_##name##_kernels[AGI_LEVELS] = AGI_AT_ALL_LEVELS(agi_##name##_base);

/* The head of a kernel written by hand. `fused` is a constant, for simd/vmath.h. */
#define AG_KERNEL_BODY(name) AGI_STAMPED void name##_body(AGI_KERNEL_ARGS, const bool fused)
#define AGI_KERNEL_UNUSED (void)in, (void)splat, (void)f, (void)fused

AGI_STAMPED void agi_fill_tile(double *z, int64_t n, double value)
{
    for (int64_t i = 0; i < n; i++)
        z[i] = value;
}

/* An input as n elements: in `tile` if it is one value for all. */
AGI_STAMPED const double *agi_spread_tile(double *tile, const double *x, int64_t n, bool is_one)
{
    if (!is_one)
        return x;
    agi_fill_tile(tile, n, *x);
    return tile;
}

/* ---- elementwise ---------------------------------------------------------------------------- */

#define AG_MAP1(name, expression) \
    AGI_STAMPED double name##_of(double x) { return expression; } \
    AG_KERNEL_BODY(name) \
    { \
        const double *a = in[0]; \
        AGI_KERNEL_UNUSED; \
        if (AGI_UNLIKELY(splat)) \
            agi_fill_tile(z, n, name##_of(a[0])); \
        else \
            AGI_EACH(name##_of(a[i])); \
    } \
    AG_KERNELS(name)

#define AG_MAP2(name, expression) \
    AGI_STAMPED double name##_of(double x, double y) { return expression; } \
    AG_KERNEL_BODY(name) \
    { \
        const double *a = in[0], *b = in[1]; \
        AGI_KERNEL_UNUSED; \
        if (splat == 0) { \
            AGI_EACH(name##_of(a[i], b[i])); \
        } else if (splat == 2) { \
            const double y = b[0]; \
            AGI_EACH(name##_of(a[i], y)); \
        } else if (splat == 1) { \
            const double x = a[0]; \
            AGI_EACH(name##_of(x, b[i])); \
        } else { \
            agi_fill_tile(z, n, name##_of(a[0], b[0])); \
        } \
    } \
    AG_KERNELS(name)

/* The first argument as an array with the others in all four forms; where it is one value, the
 * general loop with steps of 0, which is rare. */
#define AG_MAP3(name, expression) \
    AGI_STAMPED double name##_of(double x, double y, double w) { return expression; } \
    AG_KERNEL_BODY(name) \
    { \
        const double *a = in[0], *b = in[1], *c = in[2]; \
        AGI_KERNEL_UNUSED; \
        if (splat == 0) { \
            AGI_EACH(name##_of(a[i], b[i], c[i])); \
        } else if (splat == 2) { \
            const double y = b[0]; \
            AGI_EACH(name##_of(a[i], y, c[i])); \
        } else if (splat == 4) { \
            const double w = c[0]; \
            AGI_EACH(name##_of(a[i], b[i], w)); \
        } else if (splat == 6) { \
            const double y = b[0], w = c[0]; \
            AGI_EACH(name##_of(a[i], y, w)); \
        } else { \
            const double x = a[0]; \
            const int64_t step_b = (splat & 2) ? 0 : 1, step_c = (splat & 4) ? 0 : 1; \
            for (int64_t i = 0; i < n; i++) \
                z[i] = name##_of(x, b[i * step_b], c[i * step_c]); \
        } \
    } \
    AG_KERNELS(name)

/* The same with functions of vmath.h, which are given `fused`. */
#define AG_MAP_FUSED(name, expression) \
    AGI_STAMPED double name##_fused_of(bool fused, double x) \
    { \
        (void)fused; \
        return expression; \
    } \
    AG_KERNEL_BODY(name) \
    { \
        const double *a = in[0]; \
        AGI_KERNEL_UNUSED; \
        if (AGI_UNLIKELY(splat)) \
            agi_fill_tile(z, n, name##_fused_of(fused, a[0])); \
        else \
            AGI_EACH(name##_fused_of(fused, a[i])); \
    } \
    AG_KERNELS(name)

/* ---- long expressions ----------------------------------------------------------------------- */

/* z[i] for all i < count, where the expression is long: one loop of whole vectors and no other. If
 * some are left over it computes the last AGI_LANES once more, or, where there are fewer, has a
 * vector of its own. z may be x: what is read again is kept before it is written. */
#define AGI_EACH_LONG(count, x, expression) \
    do { \
        double x_last[AGI_LANES], z_last[AGI_LANES], *to = z; \
        const int64_t rest = (count) % AGI_LANES; \
        if (rest != 0) \
            agi_keep_last(x_last, x, count); \
        for (int64_t m = (count) - rest;; m = AGI_LANES) { \
            AGI_INDEPENDENT \
            for (int64_t i = 0; i < (m & -AGI_LANES); i++) \
                to[i] = (expression); \
            if (rest == 0 || x == x_last) \
                break; \
            x = x_last; \
            to = (count) < AGI_LANES ? z_last : z + (count) - AGI_LANES; \
        } \
        for (int64_t i = 0; i < rest && (count) < AGI_LANES; i++) \
            z[i] = z_last[i]; \
    } while (0)

#define AG_MAP_LONG(name, expression) \
    AGI_STAMPED double name##_long_of(bool fused, double x) \
    { \
        (void)fused; \
        return expression; \
    } \
    AG_KERNEL_BODY(name) \
    { \
        const double *a = in[0]; \
        AGI_KERNEL_UNUSED; \
        AGI_EACH_LONG(splat ? 1 : n, a, name##_long_of(fused, a[i])); \
        if (AGI_UNLIKELY(splat)) \
            agi_fill_tile(z, n, z[0]); \
    } \
    AG_KERNELS(name)

/* Of two inputs: what is one value for all is written out, so that there is one loop. */
#define AG_MAP2_LONG(name, expression) \
    AGI_STAMPED double name##_long_of(bool fused, double x, double y) \
    { \
        (void)fused; \
        return expression; \
    } \
    AG_KERNEL_BODY(name) \
    { \
        double xs[AGI_TILE], ys[AGI_TILE]; \
        const double *a = agi_spread_tile(xs, in[0], n, splat & 1); \
        const double *b = agi_spread_tile(ys, in[1], n, splat & 2); \
        AGI_KERNEL_UNUSED; \
        AGI_EACH(name##_long_of(fused, a[i], b[i])); \
    } \
    AG_KERNELS(name)

/* ---- what no compiler makes vectors of ------------------------------------------------------ */

/* Expressions with calls or loops in them: one kernel for all levels. */
#define AGI_CALLS(name, expression_of) \
    static void agi_##name##_kernel(AGI_KERNEL_ARGS) \
    { \
        (void)f; \
        for (int64_t i = 0; i < n; i++) \
            z[i] = expression_of; \
    } \
    const agi_kernel agi_##name##_kernels[AGI_LEVELS] = AGI_AT_ALL_LEVELS(agi_##name##_kernel);
#define AGI_INPUT(k) in[k][(splat >> (k)) & 1 ? 0 : i]

#define AG_MAP1_CALLS(name, expression) \
    static double name##_of(double x) { return expression; } \
    AGI_CALLS(name, name##_of(AGI_INPUT(0)))
#define AG_MAP2_CALLS(name, expression) \
    static double name##_of(double x, double y) { return expression; } \
    AGI_CALLS(name, name##_of(AGI_INPUT(0), AGI_INPUT(1)))
#define AG_MAP3_CALLS(name, expression) \
    static double name##_of(double x, double y, double w) { return expression; } \
    AGI_CALLS(name, name##_of(AGI_INPUT(0), AGI_INPUT(1), AGI_INPUT(2)))

/* A function of the vector math table, which chooses its level itself. */
#define AG_MAP_MVEC(name) \
    AG_KERNEL_BODY(name) \
    { \
        AGI_KERNEL_UNUSED; \
        agi_mvec.name(z, in[0], splat ? 1 : n); \
        if (AGI_UNLIKELY(splat)) \
            agi_fill_tile(z, n, z[0]); \
    } \
    AG_KERNELS(name)

#endif
