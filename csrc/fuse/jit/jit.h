/* SPDX-License-Identifier: MIT
 *
 * Machine code for groups: steps of a program that follow each other and are each a few vector
 * instructions. A kernel reads and writes memory for every step; a group's values stay in vector
 * registers from the step that makes them to those that read them. The operations, and so the bits,
 * are those of the kernels.
 *
 *   recipe     what a group does, without its numbers and addresses: the key of the cache
 *   compile.c  recipe -> machine code (asm.h)
 *   code.c     memory for it, and the cache: the same recipe is compiled once
 *   numbers.c  the code's own constants; division by a number that is known
 *
 * On x86-64 with AVX2 or AVX-512; elsewhere, where the system forbids memory that is executed, and
 * with PYAUTOGRAD_JIT=0, agi_jit_find gives nothing and kernels do the work. Under agi_expr_lock.
 */
#ifndef AGI_JIT_H
#define AGI_JIT_H

#include "../../base/config.h"

#if defined(__x86_64__) && !defined(__ILP32__) && !defined(_WIN32)
#define AGI_JIT_HERE 1
#else
#define AGI_JIT_HERE 0
#endif

/* A cell of constants, and the most elements of one turn of the loop. */
#define AGI_JIT_CELL 8
#define AGI_JIT_TURN 32

/* What a step can do: op.h's kernels, in smaller parts. x, y, w are its operands. */
typedef enum agi_jit_op {
    AGI_JIT_MOVE,
    AGI_JIT_ADD, AGI_JIT_SUB, AGI_JIT_MUL, AGI_JIT_DIV,
    AGI_JIT_DIV_KNOWN,      /* x / y, y a constant whose reciprocal is w (agi_jit_divides_fast) */
    AGI_JIT_AND, AGI_JIT_OR,  /* of the bits */
    AGI_JIT_NEG, AGI_JIT_ABS, AGI_JIT_SQRT, AGI_JIT_ROOT, AGI_JIT_SIGN, AGI_JIT_RELU,
    AGI_JIT_FLOOR, AGI_JIT_CEIL, AGI_JIT_TRUNC,
    AGI_JIT_MAXIMUM, AGI_JIT_MINIMUM, AGI_JIT_CLAMP, AGI_JIT_WHERE,
    AGI_JIT_KEEP, AGI_JIT_DROP,  /* y where x is not 0, or where it is, else +0 */
    /* The same where x stands so to the fourth operand, or does not: they need no mask. */
    AGI_JIT_WHERE_TEST, AGI_JIT_KEEP_TEST, AGI_JIT_DROP_TEST,
    AGI_JIT_VJP_MUL, AGI_JIT_VJP_DIV, AGI_JIT_VJP_MAX, AGI_JIT_VJP_RELU,
    AGI_JIT_EQ, AGI_JIT_NE, AGI_JIT_LT, AGI_JIT_LE, AGI_JIT_GT, AGI_JIT_GE,
} agi_jit_op;

#define AGI_JIT_OPERANDS 4

/* An operand: kind and number in one. */
typedef int32_t agi_jit_operand;
enum {
    AGI_JIT_LOCAL = 0, AGI_JIT_STREAM = 1 << 24, AGI_JIT_CONSTANT = 2 << 24,
    AGI_JIT_COLUMN = 3 << 24,  /* a stream with one number for each row */
    AGI_JIT_SECOND = 4 << 24,  /* a stream of which every second number counts; one more is read */
};
#define AGI_JIT_KIND(operand) ((operand) & (7 << 24))
#define AGI_JIT_NUMBER(operand) ((operand) & ((1 << 24) - 1))
#define AGI_JIT_NONE ((agi_jit_operand)-1)

/* How a step's result leaves the group. */
enum {
    AGI_JIT_INSIDE, AGI_JIT_STORE, AGI_JIT_STORE_PAST_CACHES,
    AGI_JIT_STORE_PAIRS,    /* sums of pairs (sum.h), half as many; where agi_jit_has_pairs */
};

typedef struct agi_jit_step {
    int32_t op;
    int32_t store, stream;  /* stream: to which it is stored */
    int32_t test;           /* of those with a TEST: AGI_JIT_EQ to AGI_JIT_GE; else 0 */
    agi_jit_operand in[AGI_JIT_OPERANDS];
} agi_jit_step;

typedef struct agi_jit_recipe {
    const agi_jit_step *steps;
    int32_t step_count;
    int32_t stream_count;
    uint64_t fetched;       /* streams (of the first 64) whose memory is asked for ahead */
    bool rows;              /* code that goes over rows: see agi_jit_function */
} agi_jit_recipe;

/* Elements [0, n), n a multiple of the turn and not 0. `streams` are addresses of first elements,
 * `constants` are cells, each filled with its number; `spill` is scratch. What lies `ahead`
 * elements on is fetched.
 * Of rows: n is the length of a row, a turn or more. Where n is no multiple of the turn, the last
 * turn begins earlier, and what lies between is computed twice: so no stream is both read and
 * written. Behind the addresses, at `streams`, stand for each stream how many bytes it is from row
 * to row, and then the number of rows, which the code counts down. */
typedef void (*agi_jit_function)(const double *const *streams, const double *constants,
                                 double *spill, int64_t zero, int64_t n, int64_t ahead);

typedef struct agi_jit_code {
    agi_jit_function run;   /* NULL: none */
    int32_t turn;           /* elements */
    int32_t spill;          /* doubles of scratch */
} agi_jit_code;

/* Constants that the code itself refers to come first in every group. */
enum {
    AGI_JIT_ZERO, AGI_JIT_ONE, AGI_JIT_HALF, AGI_JIT_MINUS_ONE, AGI_JIT_SIGN_BIT,
    AGI_JIT_MAGNITUDE, AGI_JIT_MINUS_INFINITY, AGI_JIT_INFINITY, AGI_JIT_STEP_OF_EXPONENT,
    AGI_JIT_TWO, AGI_JIT_MINUS_TWO,
    AGI_JIT_OWN_CONSTANTS,
};

#pragma GCC visibility push(hidden)

extern const double agi_jit_own[AGI_JIT_OWN_CONSTANTS];

/* A program's groups are found between the first two. False: there is no machine code, and what was
 * found is not to be run. What was found stays until the program lets go of what it `held` (0 at
 * first), which other threads may run code beside. */
bool agi_jit_begin(void);
bool agi_jit_end(void);
bool agi_jit_find(const agi_jit_recipe *recipe, agi_jit_code *code,
                  uint32_t *held);  /* false with an error */
void agi_jit_let_go(uint32_t held);
bool agi_jit_has_pairs(void);
const char *agi_jit_level(void);    /* for show_config */

/* Whether x / y is right to the last bit by AGI_JIT_DIV_KNOWN in the processor's present mode. */
bool agi_jit_divides_fast(double y);

/* compile.c, for code.c. False with an error; *bytes is the caller's, and agi_plain_free's. */
bool agi_jit_compile(const agi_jit_recipe *recipe, bool wide, uint8_t **bytes, size_t *size,
                     agi_jit_code *code);

#pragma GCC visibility pop

#endif
