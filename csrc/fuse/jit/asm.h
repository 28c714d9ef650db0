/* SPDX-License-Identifier: MIT
 *
 * Machine code of x86-64, as far as the compiler of groups needs it: arithmetic on whole vectors of
 * doubles, 4 wide with VEX prefixes (AVX2) or 8 wide with EVEX prefixes (AVX-512), and what makes a
 * loop around it. The formats are those of the Intel manual, volume 2, chapter 2.
 *
 * A comparison leaves a mask, in k1 or in the scratch register, which the next blend, keep or test
 * reads: one mask is alive at a time. What puts a vector instruction together is a call: inlined
 * wherever one is made, that alone would be a tenth of the library.
 */
#ifndef AGI_JIT_ASM_H
#define AGI_JIT_ASM_H

#include <string.h>

#include "../../base/alloc.h"

/* The general registers, by their numbers in instructions. */
enum {
    ASM_RAX, ASM_RCX, ASM_RDX, ASM_RBX, ASM_RSP, ASM_RBP, ASM_RSI, ASM_RDI,
    ASM_R8, ASM_R9, ASM_R10, ASM_R11, ASM_R12, ASM_R13, ASM_R14, ASM_R15,
};
#define ASM_INDEX ASM_RCX   /* counts elements */
#define ASM_AHEAD ASM_R9    /* the same for what is fetched */

typedef struct asm_code {
    uint8_t *bytes;         /* owned */
    size_t size, capacity;
    bool wide;              /* AVX-512 */
    bool failed;            /* out of memory */
} asm_code;

/* A vector register, or memory: base + index * 2^shift + disp. */
typedef struct asm_operand {
    int reg;                /* -1: memory */
    int base, index;        /* index: -1 for none */
    unsigned shift;
    int32_t disp;
} asm_operand;

enum { ASM_MAP_0F = 1, ASM_MAP_0F38 = 2, ASM_MAP_0F3A = 3 };

typedef enum asm_op {       /* opcodes of map 0F */
    ASM_SQRT = 0x51, ASM_AND = 0x54, ASM_OR = 0x56, ASM_XOR = 0x57, ASM_ADD = 0x58, ASM_MUL = 0x59,
    ASM_SUB = 0x5C, ASM_DIV = 0x5E, ASM_MAX = 0x5F,
} asm_op;

/* Comparisons that raise nothing for a quiet NaN; those that start with N are true for one. */
typedef enum asm_test {
    ASM_EQ = 0x00, ASM_UNORDERED = 0x03, ASM_NE = 0x04, ASM_LT = 0x11, ASM_LE = 0x12,
    ASM_NLT = 0x15, ASM_NLE = 0x16, ASM_NGE = 0x19, ASM_NGT = 0x1A, ASM_GE = 0x1D, ASM_GT = 0x1E,
} asm_test;

/* Rounding to whole numbers that reports nothing. */
typedef enum asm_rounding { ASM_FLOOR = 0x09, ASM_CEIL = 0x0A, ASM_TRUNC = 0x0B } asm_rounding;

AGI_INLINE int asm_lanes(const asm_code *a) { return a->wide ? 8 : 4; }
AGI_INLINE int asm_vector_bytes(const asm_code *a) { return asm_lanes(a) * (int)sizeof(double); }

/* Registers below these are free for values. */
AGI_INLINE int asm_scratch(const asm_code *a) { return a->wide ? 30 : 14; }
AGI_INLINE int asm_zero(const asm_code *a) { return a->wide ? 31 : 15; }

AGI_INLINE asm_operand asm_reg(int reg) { return (asm_operand){.reg = reg, .index = -1}; }
AGI_INLINE asm_operand asm_memory(int base, int index, int32_t disp)
{
    return (asm_operand){.reg = -1, .base = base, .index = index, .shift = 3, .disp = disp};
}

/* ---- bytes ---------------------------------------------------------------------------------- */

AGI_INLINE void asm_byte(asm_code *a, unsigned byte)
{
    if (AGI_UNLIKELY(a->size == a->capacity)) {
        size_t capacity = a->capacity == 0 ? 4096 : 2 * a->capacity;
        uint8_t *grown = a->failed ? NULL : agi_plain_resize(a->bytes, capacity);
        if (grown == NULL) {
            a->failed = true;
            return;
        }
        a->bytes = grown;
        a->capacity = capacity;
    }
    a->bytes[a->size++] = (uint8_t)byte;
}

static AGI_NOINLINE void asm_int32(asm_code *a, int32_t value)
{
    for (int k = 0; k < 4; k++)
        asm_byte(a, (uint32_t)value >> (8 * k) & 255);
}

/* ModRM, SIB and displacement. `scale`: the size of what is addressed where the format divides a
 * one-byte displacement by it, else 1. */
static AGI_NOINLINE void asm_address(asm_code *a, int reg, asm_operand m, int scale)
{
    const unsigned field = (unsigned)(reg & 7) << 3, base = (unsigned)(m.base & 7);
    const bool sib = m.index >= 0 || base == ASM_RSP;
    const bool small = m.disp % scale == 0 && m.disp / scale >= -128 && m.disp / scale <= 127;
    const bool none = m.disp == 0 && base != ASM_RBP;
    const unsigned mod = none ? 0 : small ? 0x40 : 0x80;
    asm_byte(a, mod | field | (sib ? 4 : base));
    if (sib)
        asm_byte(a, m.shift << 6 | (unsigned)((m.index >= 0 ? m.index : ASM_RSP) & 7) << 3 | base);
    if (!none && small)
        asm_byte(a, (unsigned)(m.disp / scale) & 255);
    else if (!none)
        asm_int32(a, m.disp);
}

/* ---- vector instructions -------------------------------------------------------------------- */

typedef struct asm_form {
    uint8_t map, opcode;
    bool w;                 /* VEX.W; EVEX.W is set for all doubles */
    bool narrow;            /* VEX and 128 bits whatever the level: instructions on masks */
} asm_form;

AGI_INLINE unsigned asm_not(int value, int bit) { return ~(unsigned)value >> bit & 1; }

static AGI_NOINLINE void asm_vex(asm_code *a, asm_form f, int reg, int second, asm_operand m)
{
    const int low = m.reg >= 0 ? m.reg : m.base;
    const unsigned length = f.narrow ? 0 : 4;
    asm_byte(a, 0xC4);
    asm_byte(a, asm_not(reg, 3) << 7 | (m.index >= 0 ? asm_not(m.index, 3) : 1) << 6 |
                    asm_not(low, 3) << 5 | f.map);
    asm_byte(a, (unsigned)f.w << 7 | (~(unsigned)second & 15) << 3 | length | 1);
    asm_byte(a, f.opcode);
    if (m.reg >= 0)
        asm_byte(a, 0xC0 | (unsigned)(reg & 7) << 3 | (unsigned)(m.reg & 7));
    else
        asm_address(a, reg, m, 1);
}

/* `mask`: 1 for k1, 0 for none; with `zeroing` what the mask leaves out becomes 0. */
static AGI_NOINLINE void asm_evex(asm_code *a, asm_form f, int reg, int second, asm_operand m,
                                  unsigned mask, bool zeroing)
{
    const bool direct = m.reg >= 0;
    const unsigned x = direct ? asm_not(m.reg, 4) : m.index >= 0 ? asm_not(m.index, 3) : 1;
    asm_byte(a, 0x62);
    asm_byte(a, asm_not(reg, 3) << 7 | x << 6 | asm_not(direct ? m.reg : m.base, 3) << 5 |
                    asm_not(reg, 4) << 4 | f.map);
    asm_byte(a, 1u << 7 | (~(unsigned)second & 15) << 3 | 1 << 2 | 1);
    asm_byte(a, (unsigned)zeroing << 7 | 2u << 5 | asm_not(second, 4) << 3 | mask);
    asm_byte(a, f.opcode);
    if (direct)
        asm_byte(a, 0xC0 | (unsigned)(reg & 7) << 3 | (unsigned)(m.reg & 7));
    else
        asm_address(a, reg, m, 64);
}

static AGI_NOINLINE void asm_vector(asm_code *a, uint8_t map, uint8_t opcode, bool w, int reg,
                                    int second, asm_operand m)
{
    const asm_form f = {.map = map, .opcode = opcode, .w = w};
    if (a->wide)
        asm_evex(a, f, reg, second, m, 0, false);
    else
        asm_vex(a, f, reg, second, m);
}

/* z = x op y */
AGI_INLINE void asm_binary(asm_code *a, asm_op op, int z, int x, asm_operand y)
{
    asm_vector(a, ASM_MAP_0F, (uint8_t)op, false, z, x, y);
}

AGI_INLINE void asm_sqrt(asm_code *a, int z, asm_operand x)
{
    asm_vector(a, ASM_MAP_0F, ASM_SQRT, false, z, 0, x);
}

AGI_INLINE void asm_round(asm_code *a, asm_rounding how, int z, asm_operand x)
{
    asm_vector(a, ASM_MAP_0F3A, 0x09, true, z, 0, x);
    asm_byte(a, how);
}

/* z += x y and z -= x y, rounded once. */
AGI_INLINE void asm_multiply_add(asm_code *a, int z, int x, asm_operand y)
{
    asm_vector(a, ASM_MAP_0F38, 0xB8, true, z, x, y);
}
AGI_INLINE void asm_multiply_subtract(asm_code *a, int z, int x, asm_operand y)
{
    asm_vector(a, ASM_MAP_0F38, 0xBC, true, z, x, y);
}

/* Memory need not be aligned, but for what goes past the caches. */
AGI_INLINE void asm_load(asm_code *a, int z, asm_operand x)
{
    asm_vector(a, ASM_MAP_0F, 0x10, false, z, 0, x);
}
AGI_INLINE void asm_store(asm_code *a, asm_operand z, int x)
{
    asm_vector(a, ASM_MAP_0F, 0x11, false, x, 0, z);
}
AGI_INLINE void asm_store_past_caches(asm_code *a, asm_operand z, int x)
{
    asm_vector(a, ASM_MAP_0F, 0x2B, false, x, 0, z);
}

/* z = the numbers of even places of x, then those of y. */
AGI_INLINE void asm_take_even(asm_code *a, int z, asm_operand x, asm_operand y)
{
    asm_load(a, z, x);
    asm_vector(a, ASM_MAP_0F, 0x14, false, z, z, y);  /* pairs: one of x, one of y */
    asm_vector(a, ASM_MAP_0F3A, 0x01, true, z, 0, asm_reg(z));  /* each four: two of x, two of y */
    asm_byte(a, 0xD8);
    if (a->wide) {
        asm_vector(a, ASM_MAP_0F3A, 0x23, true, z, z, asm_reg(z));
        asm_byte(a, 0xD8);
    }
}

/* One number of memory in all lanes. */
AGI_INLINE void asm_broadcast(asm_code *a, int z, int base)
{
    asm_vector(a, ASM_MAP_0F38, 0x19, false, z, 0, asm_memory(base, -1, 0));
}

/* ---- masks ---------------------------------------------------------------------------------- */

/* The mask: where x stands to y as the test says. */
AGI_INLINE void asm_compare(asm_code *a, asm_test test, int x, asm_operand y)
{
    asm_vector(a, ASM_MAP_0F, 0xC2, false, a->wide ? 1 : asm_scratch(a), x, y);
    asm_byte(a, test);
}

/* z = x where the mask is, else z */
AGI_INLINE void asm_blend(asm_code *a, int z, asm_operand x)
{
    if (a->wide) {
        asm_evex(a, (asm_form){.map = ASM_MAP_0F, .opcode = 0x10}, z, 0, x, 1, false);
        return;
    }
    asm_vex(a, (asm_form){.map = ASM_MAP_0F3A, .opcode = 0x4B}, z, z, x);
    asm_byte(a, (unsigned)asm_scratch(a) << 4);
}

/* z = x where the mask is, else 0 */
AGI_INLINE void asm_keep(asm_code *a, int z, asm_operand x)
{
    if (a->wide)
        asm_evex(a, (asm_form){.map = ASM_MAP_0F, .opcode = 0x10}, z, 0, x, 1, true);
    else
        asm_binary(a, ASM_AND, z, asm_scratch(a), x);
}

/* ---- jumps ---------------------------------------------------------------------------------- */

AGI_INLINE void asm_jump_to(asm_code *a, size_t target)
{
    asm_int32(a, (int32_t)((int64_t)target - (int64_t)a->size - 4));
}

/* What asm_jump_if_extreme looks at, for one x: with 512 added to it, an exponent from 512 to 1535
 * has its top bit set, any other has not, whatever the sign; with 512 taken off, and all one bit
 * higher up, that bit is the sign and clear. `step` and `bit` have the bits of 2^-511 and 2, or
 * (narrow) -2. Several x are joined by asm_join. */
AGI_INLINE void asm_sort_exponents(asm_code *a, int z, int x, asm_operand step, asm_operand bit)
{
    const asm_form add = {.map = ASM_MAP_0F, .opcode = 0xD4};
    if (a->wide) {
        asm_evex(a, add, z, x, step, 0, false);
    } else {
        asm_vex(a, add, z, x, asm_reg(x));
        asm_vex(a, add, z, z, bit);
    }
}

AGI_INLINE void asm_join(asm_code *a, int z, int x)
{
    asm_binary(a, a->wide ? ASM_AND : ASM_OR, z, z, asm_reg(x));
}

/* Goes on where asm_land says, if any |x| was not in 2^-511 .. 2^513, or a NaN. */
AGI_INLINE size_t asm_jump_if_extreme(asm_code *a, int z, asm_operand bit)
{
    const asm_form any_bit = {.map = ASM_MAP_0F38, .opcode = 0x27};
    const asm_form all_lanes = {.map = ASM_MAP_0F, .opcode = 0x98, .narrow = true};
    const asm_form any_sign = {.map = ASM_MAP_0F38, .opcode = 0x0F};
    if (a->wide) {
        asm_evex(a, any_bit, 1, z, bit, 0, false);
        asm_vex(a, all_lanes, 1, 0, asm_reg(1));
    } else {
        asm_vex(a, any_sign, z, 0, asm_reg(z));
    }
    asm_byte(a, 0x0F);
    asm_byte(a, a->wide ? 0x83 : 0x85);  /* no carry: not all; not zero: any */
    asm_int32(a, 0);
    return a->size;
}

AGI_INLINE void asm_land(asm_code *a, size_t jump)
{
    const int32_t distance = (int32_t)(a->size - jump);
    if (!a->failed)
        memcpy(a->bytes + jump - 4, &distance, 4);
}

AGI_INLINE void asm_jump(asm_code *a, size_t target)
{
    asm_byte(a, 0xE9);
    asm_jump_to(a, target);
}

/* REX.W, an opcode, and two general registers: `low` is the one that ModRM calls r/m. */
static AGI_NOINLINE void asm_two_registers(asm_code *a, uint8_t opcode, int reg, int low)
{
    asm_byte(a, 0x48 | (unsigned)(reg >> 3) << 2 | (unsigned)(low >> 3));
    asm_byte(a, opcode);
    asm_byte(a, 0xC0 | (unsigned)(reg & 7) << 3 | (unsigned)(low & 7));
}

AGI_INLINE void asm_compare_numbers(asm_code *a, int x, int y) { asm_two_registers(a, 0x39, y, x); }

/* If x < y, as signed numbers. */
AGI_INLINE void asm_jump_if_less(asm_code *a, int x, int y, size_t target)
{
    asm_compare_numbers(a, x, y);
    asm_byte(a, 0x0F);
    asm_byte(a, 0x8C);
    asm_jump_to(a, target);
}

/* If x >= y: goes on where asm_land says. */
AGI_INLINE size_t asm_leave_if_not_less(asm_code *a, int x, int y)
{
    asm_compare_numbers(a, x, y);
    asm_byte(a, 0x0F);
    asm_byte(a, 0x8D);
    asm_int32(a, 0);
    return a->size;
}

/* After asm_count_down: unless nothing is left. */
AGI_INLINE void asm_jump_if_left(asm_code *a, size_t target)
{
    asm_byte(a, 0x0F);
    asm_byte(a, 0x85);
    asm_jump_to(a, target);
}

/* ---- general registers ---------------------------------------------------------------------- */

/* REX.W, an opcode, a general register and memory. */
static AGI_NOINLINE void asm_register_memory(asm_code *a, uint8_t opcode, int reg, int base,
                                             int32_t disp)
{
    asm_byte(a, 0x48 | (unsigned)(reg >> 3) << 2 | (unsigned)(base >> 3));
    asm_byte(a, opcode);
    asm_address(a, reg, asm_memory(base, -1, disp), 1);
}

AGI_INLINE void asm_load_pointer(asm_code *a, int reg, int base, int32_t disp)
{
    asm_register_memory(a, 0x8B, reg, base, disp);
}

AGI_INLINE void asm_add_from(asm_code *a, int reg, int base, int32_t disp)
{
    asm_register_memory(a, 0x03, reg, base, disp);
}

AGI_INLINE void asm_store_pointer(asm_code *a, int reg, int base, int32_t disp)
{
    asm_register_memory(a, 0x89, reg, base, disp);
}

/* One less in memory. */
AGI_INLINE void asm_count_down(asm_code *a, int base, int32_t disp)
{
    asm_register_memory(a, 0x83, 5, base, disp);
    asm_byte(a, 1);
}

/* An address with its index, as a number. */
AGI_INLINE void asm_address_of(asm_code *a, int reg, int base, int index)
{
    asm_byte(a, 0x48 | (unsigned)(reg >> 3) << 2 | (unsigned)(index >> 3) << 1 |
                    (unsigned)(base >> 3));
    asm_byte(a, 0x8D);
    asm_address(a, reg, asm_memory(base, index, 0), 1);
}

AGI_INLINE void asm_move(asm_code *a, int to, int from) { asm_two_registers(a, 0x89, from, to); }
AGI_INLINE void asm_clear(asm_code *a, int reg) { asm_two_registers(a, 0x31, reg, reg); }

/* x = y if x > y, as signed numbers. */
AGI_INLINE void asm_limit(asm_code *a, int x, int y)
{
    asm_compare_numbers(a, x, y);
    asm_byte(a, 0x48 | (unsigned)(x >> 3) << 2 | (unsigned)(y >> 3));
    asm_byte(a, 0x0F);
    asm_byte(a, 0x4F);
    asm_byte(a, 0xC0 | (unsigned)(x & 7) << 3 | (unsigned)(y & 7));
}

AGI_INLINE void asm_add_number(asm_code *a, int reg, int32_t number)
{
    asm_byte(a, 0x48 | (unsigned)(reg >> 3));
    asm_byte(a, 0x81);
    asm_byte(a, 0xC0 | (unsigned)(reg & 7));
    asm_int32(a, number);
}

AGI_INLINE void asm_push(asm_code *a, int reg)
{
    if (reg >= 8)
        asm_byte(a, 0x41);
    asm_byte(a, 0x50 | (unsigned)(reg & 7));
}

AGI_INLINE void asm_pop(asm_code *a, int reg)
{
    if (reg >= 8)
        asm_byte(a, 0x41);
    asm_byte(a, 0x58 | (unsigned)(reg & 7));
}

/* Into the first cache. */
AGI_INLINE void asm_prefetch(asm_code *a, asm_operand m)
{
    asm_byte(a, 0x40 | (unsigned)(m.index >> 3) << 1 | (unsigned)(m.base >> 3));
    asm_byte(a, 0x0F);
    asm_byte(a, 0x18);
    asm_address(a, 1, m, 1);
}

/* Where an indirect call may arrive, on machines that guard that. */
AGI_INLINE void asm_entry(asm_code *a)
{
    asm_byte(a, 0xF3);
    asm_byte(a, 0x0F);
    asm_byte(a, 0x1E);
    asm_byte(a, 0xFA);
}

/* Callers use narrow vectors, which are slow after wide ones unless the upper halves are cleared.
 */
AGI_INLINE void asm_clear_upper(asm_code *a)
{
    asm_byte(a, 0xC5);
    asm_byte(a, 0xF8);
    asm_byte(a, 0x77);
}

AGI_INLINE void asm_return(asm_code *a) { asm_byte(a, 0xC3); }

#endif
