/* SPDX-License-Identifier: MIT
 *
 * Finds the CPU level when the library is loaded (start.c), before any other code of the library
 * can run.
 */
#include "levels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

agi_level agi_level_now = AGI_LEVEL_BASE;

static char level_note[128];

static const char *const level_names[] = {"base", "avx2", "avx512"};

const char *agi_level_name(agi_level level)
{
    return level_names[level];
}

const char *agi_level_note(void)
{
    return level_note;
}

/* The answers include the operating system's: registers that it does not save count as absent. */
static agi_level find_best_level(void)
{
#if AGI_X86
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return AGI_LEVEL_BASE;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"))
        return AGI_LEVEL_AVX512;
    return AGI_LEVEL_AVX2;
#else
    return AGI_LEVEL_BASE;
#endif
}

/* The level to use, where `wanted` is the text of PYAUTOGRAD_SIMD or NULL. What the machine does
 * not have, or nobody knows, is not an error: a library that is being loaded has nobody to tell.
 * show_config prints the note. */
static agi_level choose_level(agi_level best, const char *wanted)
{
    if (wanted == NULL || wanted[0] == '\0')
        return best;
    for (int k = 0; k < (int)(sizeof level_names / sizeof *level_names); k++) {
        if (strcmp(wanted, level_names[k]) != 0)
            continue;
        if (k <= (int)best)
            return (agi_level)k;
        snprintf(level_note, sizeof level_note,
                 "PYAUTOGRAD_SIMD asks for %s, which this machine does not have", wanted);
        return best;
    }
    snprintf(level_note, sizeof level_note,
             "PYAUTOGRAD_SIMD is none of base, avx2, avx512: \"%.40s\"", wanted);
    return best;
}

void agi_levels_start(void)
{
    agi_level_now = choose_level(find_best_level(), getenv("PYAUTOGRAD_SIMD"));
}
