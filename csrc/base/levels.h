/* SPDX-License-Identifier: MIT
 *
 * CPU levels. A kernel's source is written once and compiled once per level; which one runs is
 * chosen when the library is loaded: the best that the machine has, or what PYAUTOGRAD_SIMD names
 * (base, avx2, avx512) if the machine has it.
 */
#ifndef AGI_LEVELS_H
#define AGI_LEVELS_H

#include "config.h"

typedef enum agi_level { AGI_LEVEL_BASE, AGI_LEVEL_AVX2, AGI_LEVEL_AVX512 } agi_level;
#if AGI_X86
#define AGI_LEVELS 3
#define AGI_TARGET_BASE
#define AGI_TARGET_AVX2 __attribute__((target("avx2,fma")))
#ifdef __clang__
#define AGI_TARGET_AVX512 __attribute__((target("avx2,fma,avx512f,avx512dq,avx512vl,avx512bw")))
#else
#define AGI_TARGET_AVX512 \
    __attribute__((target("avx2,fma,avx512f,avx512dq,avx512vl,avx512bw,prefer-vector-width=512")))
#endif
#else
#define AGI_LEVELS 1
#define AGI_TARGET_BASE
#endif

/* Whether the base level has fused multiply-add; the others do. */
#ifdef __FP_FAST_FMA
#define AGI_BASE_FUSED true
#else
#define AGI_BASE_FUSED false
#endif

#pragma GCC visibility push(hidden)
void agi_levels_start(void);
extern agi_level agi_level_now;        /* set when the library is loaded */
const char *agi_level_name(agi_level level);
const char *agi_level_note(void);      /* why the level is not the one that was asked for, or "" */
#pragma GCC visibility pop

#endif
