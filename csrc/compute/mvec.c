/* SPDX-License-Identifier: MIT
 *
 * Array forms of the C library's vector functions.
 *
 * glibc's libmvec has each function for 2, 4 and 8 lanes (SSE, AVX2, AVX-512): exp, log, pow, sin
 * and cos since 2.22, the others since 2.35. It is opened by name and not linked, so that a
 * library built anywhere runs where it is missing or older: what is not found stays with libm, one
 * element at a time. Opening it and looking up 18 names takes 0.13 ms.
 *
 * INVARIANT[same-lane]: an element's result does not depend on which lane it sits in, nor on its
 * neighbours. So a remainder goes through the same function, its free lanes filled with FILL,
 * for which every function takes its plain path and sets no flag but "inexact". Nothing outside
 * of the arrays is read or written: partial loads and stores only.
 */
#include "mvec.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "vmath.h"

#define FILL 0.5

/* ---- periodic functions far from zero ------------------------------------------------------- */

/* Beyond some 1e8 glibc's sin, cos and tan take off too few digits of pi: next to its multiples up
 * to 1e5 ulp are wrong. The vector forms of sin and cos call them there; that of tan is right by
 * itself. The functions of long doubles are right everywhere, and compute what lies far. */
#define FAR 0x1p26

/* Each argument's own, so that it does not matter whether others are far. z may be x. */
AGI_COLD static void map_far(double *z, const double *x, int64_t n, agi_mvec1 near,
                             long double (*far)(long double))
{
    double kept[64];
    for (int64_t k = 0; k < n; k += 64) {
        const int64_t part = n - k < 64 ? n - k : 64;
        memcpy(kept, x + k, (size_t)part * sizeof(double));
        near(z + k, kept, part);
        for (int64_t i = 0; i < part; i++) {
            if (fabs(kept[i]) > FAR)
                z[k + i] = (double)far(kept[i]);
        }
    }
}

/* Whether any may be far: adds to each magnitude, as bits, what takes FAR's to the top bit. (NaN's
 * and infinity's too.) */
AGI_STAMPED bool any_far(const double *x, int64_t n)
{
    const uint64_t magnitude = UINT64_MAX >> 1;
    const uint64_t rest = ((uint64_t)1 << 63) - agi_bits_of(FAR);
    uint64_t found = 0;
    for (int64_t i = 0; i < n; i++)
        found |= (agi_bits_of(x[i]) & magnitude) + rest;
    return found >> 63;
}

/* name_level from near_name_level, which takes any argument but is right for near ones. */
#define AGI_PERIODIC(TARGET, name, level) \
    TARGET static void name##_##level(double *z, const double *x, int64_t n) \
    { \
        if (AGI_UNLIKELY(any_far(x, n))) \
            map_far(z, x, n, near_##name##_##level, name##l); \
        else \
            near_##name##_##level(z, x, n); \
    }

/* ---- libm, one element at a time ------------------------------------------------------------ */

#define AGI_LIBM(array_form, name) \
    static void array_form(double *z, const double *x, int64_t n) \
    { \
        for (int64_t i = 0; i < n; i++) \
            z[i] = name(x[i]); \
    }
#define AGI_LIBM_PLAIN(name) AGI_LIBM(name##_libm, name)
#define AGI_LIBM_PERIODIC(name) AGI_LIBM(near_##name##_libm, name) AGI_PERIODIC(, name, libm)
AGI_MVEC_PLAIN_LIST(AGI_LIBM_PLAIN)
AGI_LIBM_PERIODIC(sin)
AGI_LIBM_PERIODIC(cos)
AGI_LIBM_PERIODIC(tan)
#undef AGI_LIBM_PERIODIC
#undef AGI_LIBM_PLAIN
#undef AGI_LIBM

#define AGI_LIBM2(name) \
    static void name##_libm(double *z, const double *x, const double *y, unsigned splat, \
                            int64_t n) \
    { \
        const int64_t step_x = (splat & 1) ? 0 : 1, step_y = (splat & 2) ? 0 : 1; \
        for (int64_t i = 0; i < n; i++) \
            z[i] = name(x[i * step_x], y[i * step_y]); \
    }
AGI_LIBM2(pow)
AGI_LIBM2(atan2)
#undef AGI_LIBM2

#define AGI_USE_LIBM(name) .name = name##_libm,
agi_mvec_table agi_mvec = {AGI_MVEC1_LIST(AGI_USE_LIBM).pow = pow_libm, .atan2 = atan2_libm};
#undef AGI_USE_LIBM

static char mvec_source[64] = "libm";

void agi_keep_last(double *to, const double *from, int64_t n)
{
    if (n >= AGI_LANES) {
        memcpy(to, from + n - AGI_LANES, AGI_LANES * sizeof *to);
        return;
    }
    for (int64_t k = 0; k < AGI_LANES; k++)
        to[k] = from[k < n ? k : 0];
}

const char *agi_mvec_source(void)
{
    return mvec_source;
}

#if defined(__x86_64__) && !defined(__ILP32__) && defined(__linux__)

#include <dlfcn.h>
#include <immintrin.h>

/* ---- calling one ---------------------------------------------------------------------------- */

/* A form's address as dlsym gave it; POSIX lets it become a pointer to a function. */
typedef __m128d (*vec2_fn1)(__m128d);
typedef __m128d (*vec2_fn2)(__m128d, __m128d);

AGI_STAMPED __m128d call1_base(void *form, __m128d x) { return ((vec2_fn1)form)(x); }
AGI_STAMPED __m128d call2_base(void *form, __m128d x, __m128d y) { return ((vec2_fn2)form)(x, y); }

#ifdef __clang__

/* clang passes wider vectors in memory unless the whole file is compiled for the wider level, where
 * the functions want them in registers: so these carry them over. x (and y) in, x out. */
#define AGI_CALLER(name, load, store) \
    __asm__(".text\n.p2align 4\n.globl " name "\n.hidden " name "\n.type " name ", @function\n" \
            name ":\n.cfi_startproc\npushq %rsi\n.cfi_adjust_cfa_offset 8\n" load \
            "\ncall *%rdi\npopq %rsi\n.cfi_adjust_cfa_offset -8\n" store \
            "\nret\n.cfi_endproc\n.size " name ", .-" name "\n");
AGI_CALLER("agi_call1_avx2", "vmovupd (%rsi), %ymm0", "vmovupd %ymm0, (%rsi)")
AGI_CALLER("agi_call1_avx512", "vmovupd (%rsi), %zmm0", "vmovupd %zmm0, (%rsi)")
AGI_CALLER("agi_call2_avx2", "vmovupd (%rsi), %ymm0\nvmovupd (%rdx), %ymm1",
           "vmovupd %ymm0, (%rsi)")
AGI_CALLER("agi_call2_avx512", "vmovupd (%rsi), %zmm0\nvmovupd (%rdx), %zmm1",
           "vmovupd %zmm0, (%rsi)")
#undef AGI_CALLER

#pragma GCC visibility push(hidden)
void agi_call1_avx2(void *form, __m256d *x);
void agi_call1_avx512(void *form, __m512d *x);
void agi_call2_avx2(void *form, __m256d *x, const __m256d *y);
void agi_call2_avx512(void *form, __m512d *x, const __m512d *y);
#pragma GCC visibility pop

AGI_TARGET_AVX2 AGI_STAMPED __m256d call1_avx2(void *form, __m256d x)
{
    agi_call1_avx2(form, &x);
    return x;
}
AGI_TARGET_AVX2 AGI_STAMPED __m256d call2_avx2(void *form, __m256d x, __m256d y)
{
    agi_call2_avx2(form, &x, &y);
    return x;
}
AGI_TARGET_AVX512 AGI_STAMPED __m512d call1_avx512(void *form, __m512d x)
{
    agi_call1_avx512(form, &x);
    return x;
}
AGI_TARGET_AVX512 AGI_STAMPED __m512d call2_avx512(void *form, __m512d x, __m512d y)
{
    agi_call2_avx512(form, &x, &y);
    return x;
}

#else

typedef __m256d (*vec4_fn1)(__m256d);
typedef __m256d (*vec4_fn2)(__m256d, __m256d);
typedef __m512d (*vec8_fn1)(__m512d);
typedef __m512d (*vec8_fn2)(__m512d, __m512d);

AGI_TARGET_AVX2 AGI_STAMPED __m256d call1_avx2(void *form, __m256d x)
{
    return ((vec4_fn1)form)(x);
}
AGI_TARGET_AVX2 AGI_STAMPED __m256d call2_avx2(void *form, __m256d x, __m256d y)
{
    return ((vec4_fn2)form)(x, y);
}
AGI_TARGET_AVX512 AGI_STAMPED __m512d call1_avx512(void *form, __m512d x)
{
    return ((vec8_fn1)form)(x);
}
AGI_TARGET_AVX512 AGI_STAMPED __m512d call2_avx512(void *form, __m512d x, __m512d y)
{
    return ((vec8_fn2)form)(x, y);
}

#endif

/* ---- partial loads and stores: the first n lanes, 0 < n < the width -------------------------- */

AGI_STAMPED __m128d load_part_base(const double *x)
{
    return _mm_loadh_pd(_mm_load_sd(x), &(const double){FILL});
}

AGI_TARGET_AVX2 AGI_STAMPED __m256d load_part_avx2(const double *x, int64_t n)
{
    const __m128d fill = _mm_set1_pd(FILL);
    const __m128d low = n > 1 ? _mm_loadu_pd(x) : _mm_loadl_pd(fill, x);
    const __m128d high = n > 2 ? _mm_loadl_pd(fill, x + 2) : fill;
    return _mm256_insertf128_pd(_mm256_castpd128_pd256(low), high, 1);
}

/* Not _mm256_maskstore_pd, which takes tens of cycles on some machines. */
AGI_TARGET_AVX2 AGI_STAMPED void store_part_avx2(double *z, __m256d v, int64_t n)
{
    __m128d half = _mm256_castpd256_pd128(v);
    if (n > 1) {
        _mm_storeu_pd(z, half);
        half = _mm256_extractf128_pd(v, 1);
    }
    if (n != 2)
        _mm_store_sd(z + (n > 2 ? 2 : 0), half);
}

/* ---- one argument --------------------------------------------------------------------------- */

AGI_STAMPED void map1_base(void *form, double *z, const double *x, int64_t n)
{
    for (; n >= 2; n -= 2, x += 2, z += 2)
        _mm_storeu_pd(z, call1_base(form, _mm_loadu_pd(x)));
    if (n > 0)
        _mm_store_sd(z, call1_base(form, load_part_base(x)));
}

AGI_TARGET_AVX2 AGI_STAMPED void map1_avx2(void *form, double *z, const double *x, int64_t n)
{
    for (; n >= 4; n -= 4, x += 4, z += 4)
        _mm256_storeu_pd(z, call1_avx2(form, _mm256_loadu_pd(x)));
    if (n > 0)
        store_part_avx2(z, call1_avx2(form, load_part_avx2(x, n)), n);
}

AGI_TARGET_AVX512 AGI_STAMPED void map1_avx512(void *form, double *z, const double *x, int64_t n)
{
    for (; n >= 8; n -= 8, x += 8, z += 8)
        _mm512_storeu_pd(z, call1_avx512(form, _mm512_loadu_pd(x)));
    if (n > 0) {
        const __mmask8 part = (__mmask8)((1u << n) - 1);
        const __m512d v = _mm512_mask_loadu_pd(_mm512_set1_pd(FILL), part, x);
        _mm512_mask_storeu_pd(z, part, call1_avx512(form, v));
    }
}

/* The form in use, and the array function over it for each level. */
#define AGI_MAP1(prefix, name) \
    static void *name##_form; \
    static void prefix##name##_base(double *z, const double *x, int64_t n) \
    { \
        map1_base(name##_form, z, x, n); \
    } \
    AGI_TARGET_AVX2 static void prefix##name##_avx2(double *z, const double *x, int64_t n) \
    { \
        map1_avx2(name##_form, z, x, n); \
    } \
    AGI_TARGET_AVX512 static void prefix##name##_avx512(double *z, const double *x, int64_t n) \
    { \
        map1_avx512(name##_form, z, x, n); \
    }
#define AGI_MAP1_PLAIN(name) AGI_MAP1(, name)
#define AGI_MAP1_PERIODIC(name) \
    AGI_MAP1(near_, name) \
    AGI_PERIODIC(AGI_TARGET_BASE, name, base) \
    AGI_PERIODIC(AGI_TARGET_AVX2, name, avx2) \
    AGI_PERIODIC(AGI_TARGET_AVX512, name, avx512)
AGI_MVEC_PLAIN_LIST(AGI_MAP1_PLAIN)
AGI_MAP1_PERIODIC(sin)
AGI_MAP1_PERIODIC(cos)
AGI_MAP1_PLAIN(tan)
#undef AGI_MAP1_PERIODIC
#undef AGI_MAP1_PLAIN
#undef AGI_MAP1

/* ---- two arguments -------------------------------------------------------------------------- */

AGI_STAMPED void map2_base(void *form, double *z, const double *x, const double *y, unsigned splat,
                           int64_t n)
{
    const int64_t step_x = (splat & 1) ? 0 : 1, step_y = (splat & 2) ? 0 : 1;
    for (int64_t i = 0; i < n; i += 2) {
        const double *px = x + i * step_x, *py = y + i * step_y;
        const bool whole = i + 2 <= n;
        const __m128d vx = !step_x ? _mm_set1_pd(*px)
                           : whole ? _mm_loadu_pd(px) : load_part_base(px);
        const __m128d vy = !step_y ? _mm_set1_pd(*py)
                           : whole ? _mm_loadu_pd(py) : load_part_base(py);
        const __m128d v = call2_base(form, vx, vy);
        if (whole)
            _mm_storeu_pd(z + i, v);
        else
            _mm_store_sd(z + i, v);
    }
}

AGI_TARGET_AVX2 AGI_STAMPED void map2_avx2(void *form, double *z, const double *x, const double *y,
                                           unsigned splat, int64_t n)
{
    const int64_t step_x = (splat & 1) ? 0 : 1, step_y = (splat & 2) ? 0 : 1;
    for (int64_t i = 0; i < n; i += 4) {
        const double *px = x + i * step_x, *py = y + i * step_y;
        const int64_t left = n - i;
        const __m256d vx = !step_x ? _mm256_set1_pd(*px)
                           : left >= 4 ? _mm256_loadu_pd(px) : load_part_avx2(px, left);
        const __m256d vy = !step_y ? _mm256_set1_pd(*py)
                           : left >= 4 ? _mm256_loadu_pd(py) : load_part_avx2(py, left);
        const __m256d v = call2_avx2(form, vx, vy);
        if (left >= 4)
            _mm256_storeu_pd(z + i, v);
        else
            store_part_avx2(z + i, v, left);
    }
}

AGI_TARGET_AVX512 AGI_STAMPED void map2_avx512(void *form, double *z, const double *x,
                                               const double *y, unsigned splat, int64_t n)
{
    const int64_t step_x = (splat & 1) ? 0 : 1, step_y = (splat & 2) ? 0 : 1;
    const __m512d fill = _mm512_set1_pd(FILL);
    for (int64_t i = 0; i < n; i += 8) {
        const double *px = x + i * step_x, *py = y + i * step_y;
        const __mmask8 part = n - i >= 8 ? 0xff : (__mmask8)((1u << (n - i)) - 1);
        const __m512d vx = step_x ? _mm512_mask_loadu_pd(fill, part, px) : _mm512_set1_pd(*px);
        const __m512d vy = step_y ? _mm512_mask_loadu_pd(fill, part, py) : _mm512_set1_pd(*py);
        _mm512_mask_storeu_pd(z + i, part, call2_avx512(form, vx, vy));
    }
}

#define AGI_MAP2(name) \
    static void *name##_form; \
    static void name##_base(double *z, const double *x, const double *y, unsigned splat, \
                            int64_t n) \
    { \
        map2_base(name##_form, z, x, y, splat, n); \
    } \
    AGI_TARGET_AVX2 static void name##_avx2(double *z, const double *x, const double *y, \
                                            unsigned splat, int64_t n) \
    { \
        map2_avx2(name##_form, z, x, y, splat, n); \
    } \
    AGI_TARGET_AVX512 static void name##_avx512(double *z, const double *x, const double *y, \
                                                unsigned splat, int64_t n) \
    { \
        map2_avx512(name##_form, z, x, y, splat, n); \
    }
AGI_MAP2(pow)
AGI_MAP2(atan2)
#undef AGI_MAP2

/* ---- looking them up ------------------------------------------------------------------------ */

/* The form of a function for a level: "_ZGV", the level's letter and lanes, the arguments. */
static void *find_form(void *library, agi_level level, const char *arguments, const char *name)
{
    static const char *const prefixes[] = {"_ZGVbN2", "_ZGVdN4", "_ZGVeN8"};
    char symbol[32];
    snprintf(symbol, sizeof symbol, "%s%s_%s", prefixes[level], arguments, name);
    return dlsym(library, symbol);
}

#define AGI_TAKE_FORM(name, arguments) \
    do { \
        name##_form = find_form(library, agi_level_now, arguments, #name); \
        if (name##_form == NULL) \
            break; \
        found++; \
        agi_mvec.name = agi_level_now == AGI_LEVEL_AVX512 ? name##_avx512 \
                        : agi_level_now == AGI_LEVEL_AVX2 ? name##_avx2 : name##_base; \
    } while (0);
#define AGI_TAKE_FORM1(name) AGI_TAKE_FORM(name, "v")
#define AGI_COUNT(name) +1

void agi_mvec_start(void)
{
    int found = 0;
    const int all = 2 AGI_MVEC1_LIST(AGI_COUNT);
    void *library = dlopen("libmvec.so.1", RTLD_LAZY | RTLD_LOCAL);  /* never closed */
    if (library == NULL)
        return;
    AGI_MVEC1_LIST(AGI_TAKE_FORM1)
    AGI_TAKE_FORM(pow, "vv")
    AGI_TAKE_FORM(atan2, "vv")
    if (found == all)
        snprintf(mvec_source, sizeof mvec_source, "libmvec");
    else if (found > 0)
        snprintf(mvec_source, sizeof mvec_source, "libmvec for %d of %d functions, else libm",
                 found, all);
}

#undef AGI_COUNT
#undef AGI_TAKE_FORM1
#undef AGI_TAKE_FORM

#else  /* elsewhere everything is libm's */

void agi_mvec_start(void)
{
}

#endif

#undef AGI_PERIODIC
#undef FAR
#undef FILL
