/* SPDX-License-Identifier: MIT
 *
 * Compiler and platform facts, and the sizes that a build may change. Every file of the core
 * includes this first. AG_TESTING (the mean build) shrinks sizes to give bugs a chance.
 */
#ifndef AGI_CONFIG_H
#define AGI_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../include/pyautograd.h"

/* NaN and infinities, the sign of zero, and what each single operation rounds to, mean something
 * here: gradients are told from them, and results have the same bits at every CPU level. */
#if defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || \
    defined(__NO_SIGNED_ZEROS__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "pyautograd needs exact arithmetic: compile it without -ffast-math, -Ofast and their parts"
#endif
#if defined(__FLT_EVAL_METHOD__) && __FLT_EVAL_METHOD__ == 2
#error "pyautograd needs arithmetic in double, not long double: add -msse2 -mfpmath=sse"
#endif

#define AGI_LIKELY(x) __builtin_expect(!!(x), 1)
#define AGI_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define AGI_NOINLINE __attribute__((noinline))
#define AGI_COLD __attribute__((noinline, cold))
#define AGI_UNUSED __attribute__((unused))
#define AGI_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))

/* AGI_INLINE: small functions that become part of their callers, but not where coverage is counted,
 * as the branches of each copy would count. AGI_STAMPED: always, since the caller's CPU level is
 * the one that they are compiled for. */
#define AGI_STAMPED static inline __attribute__((always_inline))
#ifdef AG_COVERAGE
#define AGI_INLINE static __attribute__((noinline, unused))
#else
#define AGI_INLINE AGI_STAMPED
#endif

#if defined(__x86_64__) || defined(__i386__)
#define AGI_X86 1
#else
#define AGI_X86 0
#endif

/* glibc keeps room for small initial-exec variables of libraries opened late; elsewhere the
 * general model is the safe one. */
#if defined(__GLIBC__) || defined(__linux__)
#define AGI_TLS _Thread_local __attribute__((tls_model("initial-exec")))
#else
#define AGI_TLS _Thread_local
#endif

#define AGI_MAX_DIMS AG_MAX_DIMS

/* Elements of one tile: what a kernel is called on at a time. 1024 doubles are 8 KB, so that
 * a few tiles stay in a 32 KB L1 cache together. */
#define AGI_TILE 1024

/* Elements from which a loop is shared among threads, and the least that one of them gets. */
#ifdef AG_TESTING
#define AGI_PARALLEL_MIN 64
#define AGI_PARALLEL_GRAIN 32
#else
#define AGI_PARALLEL_MIN 65536
#define AGI_PARALLEL_GRAIN 16384
#endif

/* Elements from which an elementwise op pends instead of computing at once. The most ops that lead
 * to one value, and the most where they are recorded: backward then adds its own. */
#ifdef AG_TESTING
#define AGI_DEFER_MIN 24
#define AGI_PROGRAM_MAX 24
#define AGI_RECORDED_MAX 8
#else
#define AGI_DEFER_MIN 8192
#define AGI_PROGRAM_MAX 4096
#define AGI_RECORDED_MAX 1024
#endif

/* Elements of saved values that a backward keeps until it is sure not to fail: 256 KB. */
#define AGI_KEPT_MAX 32768

/* agi_assert: we are wrong. Only in debug and testing builds. */
#if defined(AG_DEBUG) || defined(AG_TESTING)
#include <assert.h>
#define agi_assert(x) assert(x)
#else
#define agi_assert(x) ((void)0)
#endif

#endif
