/* SPDX-License-Identifier: MIT
 *
 * From a recipe to machine code. A turn of the loop takes several vectors (`lanes`, side by side,
 * so that an instruction need not wait for the one before it) through all steps. Registers are
 * given out step by step; when they run out, the value whose next use is farthest leaves: to a
 * scratch cell, or, if it came from memory, for nothing. What is read once is read by the
 * instruction.
 */
#include "jit.h"

#if AGI_JIT_HERE

#include "asm.h"

#define LANES_WIDE 4
#define LANES_NARROW 2
#define REGISTERS 7     /* for each lane */
/* Where wide code has constants that all lanes read in a step. */
#define FIRST_CONSTANT_REGISTER (LANES_WIDE * REGISTERS)
#define CONSTANT_REGISTERS 2
#define NEVER INT32_MAX
#define OPERANDS AGI_JIT_OPERANDS
enum { NOTHING = -1, A_CONSTANT = -2 };  /* in a register, instead of a value */

#define STREAMS_AT ASM_RDI
#define CONSTANTS_AT ASM_RSI
#define SPILL_AT ASM_RDX
#define END_AT ASM_R8
#define LAST_AT ASM_AHEAD  /* of rows: where the last turn begins */
/* Where the addresses of the first streams are; others are loaded before each use. */
static const uint8_t pinned[] = {
    ASM_R10, ASM_R11, ASM_RBX, ASM_RBP, ASM_R12, ASM_R13, ASM_R14, ASM_R15,
};
#define PINNED ((int32_t)sizeof pinned)
#define PINNED_UNSAVED 2  /* of these, what a function may use without saving it */

/* A division that goes on elsewhere where the fast way is not right. */
typedef struct slow_path {
    size_t from, back;
    int32_t z, x;           /* registers of all lanes */
    asm_operand y;
} slow_path;

/* Values are numbered: the steps' results first, then the streams. */
typedef struct emitter {
    asm_code code;
    const agi_jit_recipe *recipe;
    int lanes;
    int32_t *where;         /* of each value: its register, or -1 */
    int32_t *cell;          /* of each result: its scratch cell, or -1 */
    int32_t *next_use;      /* of each operand of each step: the step that reads the value next */
    int32_t *first_use;     /* of each value */
    int32_t *free_cells;
    int32_t free_count, cells;
    int32_t holds[REGISTERS];   /* which value */
    int32_t next[REGISTERS];    /* when that is read next */
    bool busy[REGISTERS];       /* an operand of the step at hand */
    int32_t loaded;         /* stream whose address is in rax, or -1 */
    slow_path *slow;
    int32_t slow_count, slow_capacity;
} emitter;

/* ---- what steps need ------------------------------------------------------------------------ */

typedef struct op_needs {
    uint8_t in_register;    /* bit k: operand k */
    bool commutes;
    bool fresh;             /* the result's register is none of the operands', */
    uint8_t but;            /* or (bit k) operand k's, which is there then as the op begins */
    uint8_t masked;         /* bit k: wide code would read operand k under a mask */
} op_needs;

static const op_needs needs[] = {
    [AGI_JIT_MOVE] = {.in_register = 0},
    [AGI_JIT_ADD] = {.in_register = 1, .commutes = true},
    [AGI_JIT_SUB] = {.in_register = 1},
    [AGI_JIT_MUL] = {.in_register = 1, .commutes = true},
    [AGI_JIT_DIV] = {.in_register = 1},
    [AGI_JIT_DIV_KNOWN] = {.in_register = 1, .fresh = true},
    [AGI_JIT_AND] = {.in_register = 1, .commutes = true},
    [AGI_JIT_OR] = {.in_register = 1, .commutes = true},
    [AGI_JIT_NEG] = {.in_register = 1},
    [AGI_JIT_ABS] = {.in_register = 1},
    [AGI_JIT_SQRT] = {.in_register = 0},
    [AGI_JIT_ROOT] = {.in_register = 1, .fresh = true},
    [AGI_JIT_SIGN] = {.in_register = 1, .fresh = true},
    [AGI_JIT_RELU] = {.in_register = 0},
    [AGI_JIT_FLOOR] = {.in_register = 0},
    [AGI_JIT_CEIL] = {.in_register = 0},
    [AGI_JIT_TRUNC] = {.in_register = 0},
    [AGI_JIT_MAXIMUM] = {.in_register = 1, .fresh = true, .but = 2},
    [AGI_JIT_MINIMUM] = {.in_register = 1, .fresh = true, .but = 2},
    [AGI_JIT_CLAMP] = {.in_register = 1, .fresh = true},
    [AGI_JIT_WHERE] = {.in_register = 1, .fresh = true, .but = 4, .masked = 2},
    [AGI_JIT_KEEP] = {.in_register = 1, .masked = 2},
    [AGI_JIT_DROP] = {.in_register = 1, .masked = 2},
    [AGI_JIT_WHERE_TEST] = {.in_register = 1, .fresh = true, .but = 4, .masked = 2},
    [AGI_JIT_KEEP_TEST] = {.in_register = 1, .masked = 2},
    [AGI_JIT_DROP_TEST] = {.in_register = 1, .masked = 2},
    [AGI_JIT_VJP_MUL] = {.in_register = 1, .fresh = true},
    [AGI_JIT_VJP_DIV] = {.in_register = 1, .fresh = true},
    [AGI_JIT_VJP_MAX] = {.in_register = 2, .fresh = true},
    [AGI_JIT_VJP_RELU] = {.in_register = 2, .masked = 1},
    [AGI_JIT_EQ] = {.in_register = 1},
    [AGI_JIT_NE] = {.in_register = 1},
    [AGI_JIT_LT] = {.in_register = 1},
    [AGI_JIT_LE] = {.in_register = 1},
    [AGI_JIT_GT] = {.in_register = 1},
    [AGI_JIT_GE] = {.in_register = 1},
};

static bool is_constant(agi_jit_operand operand)
{
    return operand != AGI_JIT_NONE && AGI_JIT_KIND(operand) == AGI_JIT_CONSTANT;
}

/* The value that an operand stands for, or -1 for a constant or none. */
static int32_t value_of(const emitter *e, agi_jit_operand operand)
{
    if (operand == AGI_JIT_NONE || is_constant(operand))
        return -1;
    const bool local = AGI_JIT_KIND(operand) == AGI_JIT_LOCAL;
    return AGI_JIT_NUMBER(operand) + (local ? 0 : e->recipe->step_count);
}

/* From the last step to the first: who reads each value next. */
static void find_uses(emitter *e)
{
    const int32_t steps = e->recipe->step_count, values = steps + e->recipe->stream_count;
    for (int32_t v = 0; v < values; v++)
        e->first_use[v] = NEVER;
    for (int32_t i = steps - 1; i >= 0; i--) {
        for (int k = 0; k < OPERANDS; k++) {
            const int32_t v = value_of(e, e->recipe->steps[i].in[k]);
            e->next_use[OPERANDS * i + k] = v >= 0 ? e->first_use[v] : NEVER;
        }
        for (int k = 0; k < OPERANDS; k++) {
            const int32_t v = value_of(e, e->recipe->steps[i].in[k]);
            if (v >= 0)
                e->first_use[v] = i;
        }
    }
}

/* ---- memory --------------------------------------------------------------------------------- */

/* Where the first element of a stream's turn is: loads its address if no register has it. */
static int base_of(emitter *e, int32_t stream)
{
    if (stream < PINNED)
        return pinned[stream];
    if (e->loaded != stream)
        asm_load_pointer(&e->code, ASM_RAX, STREAMS_AT, stream * (int32_t)sizeof(void *));
    e->loaded = stream;
    return ASM_RAX;
}

static asm_operand stream_at(emitter *e, int32_t stream, int lane)
{
    return asm_memory(base_of(e, stream), ASM_INDEX, lane * asm_vector_bytes(&e->code));
}

static asm_operand constant_at(int32_t number)
{
    return asm_memory(CONSTANTS_AT, -1, number * AGI_JIT_CELL * (int32_t)sizeof(double));
}

static asm_operand cell_at(const emitter *e, int32_t cell, int lane)
{
    return asm_memory(SPILL_AT, -1, (cell * e->lanes + lane) * asm_vector_bytes(&e->code));
}

static int lane_of(const emitter *e, int32_t reg, int lane) { return reg * e->lanes + lane; }

/* An operand as an instruction may have it: in its register, or in memory. */
static asm_operand operand_at(emitter *e, agi_jit_operand operand, int lane)
{
    const int32_t v = value_of(e, operand);
    if (v < 0)
        return constant_at(AGI_JIT_NUMBER(operand));
    if (e->where[v] >= 0)
        return asm_reg(lane_of(e, e->where[v], lane));
    if (v >= e->recipe->step_count)
        return stream_at(e, v - e->recipe->step_count, lane);
    return cell_at(e, e->cell[v], lane);
}

/* ---- registers ------------------------------------------------------------------------------ */

static void free_register(emitter *e, int32_t reg)
{
    const int32_t v = e->holds[reg];
    if (v >= 0)
        e->where[v] = -1;
    e->holds[reg] = NOTHING;
    e->busy[reg] = false;
}

/* A result that is to leave its register goes to a cell, if it is not there already. */
static void evict(emitter *e, int32_t reg)
{
    const int32_t v = e->holds[reg];
    if (v >= 0 && v < e->recipe->step_count && e->cell[v] < 0) {
        e->cell[v] = e->free_count > 0 ? e->free_cells[--e->free_count] : e->cells++;
        for (int u = 0; u < e->lanes; u++)
            asm_store(&e->code, cell_at(e, e->cell[v], u), lane_of(e, reg, u));
    }
    free_register(e, reg);
}

static int32_t idle_register(const emitter *e)
{
    for (int32_t reg = 0; reg < REGISTERS; reg++)
        if (e->holds[reg] == NOTHING && !e->busy[reg])
            return reg;
    return -1;
}

static int32_t take_register(emitter *e)
{
    int32_t reg = idle_register(e), farthest = -1;
    if (reg < 0) {
        for (int32_t r = 0; r < REGISTERS; r++)
            if (!e->busy[r] && (farthest < 0 || e->next[r] > e->next[farthest]))
                farthest = r;
        reg = farthest;
        evict(e, reg);
    }
    e->busy[reg] = true;
    return reg;
}

/* The index counts twice. */
static void load_every_second(emitter *e, agi_jit_operand operand, int32_t reg)
{
    const int bytes = asm_vector_bytes(&e->code);
    asm_address_of(&e->code, ASM_RAX, base_of(e, AGI_JIT_NUMBER(operand)), ASM_INDEX);
    e->loaded = -1;
    for (int u = 0; u < e->lanes; u++)
        asm_take_even(&e->code, lane_of(e, reg, u), asm_memory(ASM_RAX, ASM_INDEX, 2 * u * bytes),
                      asm_memory(ASM_RAX, ASM_INDEX, (2 * u + 1) * bytes));
}

/* Loads an operand, which is in no register, into one. */
static int32_t load_operand(emitter *e, agi_jit_operand operand)
{
    const int32_t v = value_of(e, operand), reg = take_register(e);
    const int32_t kind = AGI_JIT_KIND(operand);
    if (kind == AGI_JIT_SECOND)
        load_every_second(e, operand, reg);
    for (int u = 0; u < e->lanes && kind != AGI_JIT_SECOND; u++) {
        if (kind == AGI_JIT_COLUMN)
            asm_broadcast(&e->code, lane_of(e, reg, u), base_of(e, AGI_JIT_NUMBER(operand)));
        else
            asm_load(&e->code, lane_of(e, reg, u), operand_at(e, operand, u));
    }
    e->holds[reg] = v >= 0 ? v : A_CONSTANT;
    if (v >= 0)
        e->where[v] = reg;
    return reg;
}

/* Whether its address must be loaded, for which there is one register; or whether it is no vector
 * in memory. */
static bool is_far(agi_jit_operand operand)
{
    const int32_t kind = AGI_JIT_KIND(operand);
    return kind == AGI_JIT_COLUMN || kind == AGI_JIT_SECOND ||
           (kind == AGI_JIT_STREAM && AGI_JIT_NUMBER(operand) >= PINNED);
}

/* The operand's register for the step at hand; -1 where it may stay in memory, and does: unless
 * `must`, only what is read again is loaded, and only if there is room. */
static int32_t fetch_operand(emitter *e, agi_jit_operand operand, int32_t next_use, bool must)
{
    if (operand == AGI_JIT_NONE || (e->code.wide && is_constant(operand)))
        return -1;
    const int32_t v = value_of(e, operand);
    if (v >= 0 && e->where[v] >= 0) {
        e->busy[e->where[v]] = true;
        return e->where[v];
    }
    if (must || is_far(operand) || (v >= 0 && next_use != NEVER && idle_register(e) >= 0))
        return load_operand(e, operand);
    return -1;
}

/* ---- steps ---------------------------------------------------------------------------------- */

static void note_slow(emitter *e, slow_path path)
{
    if (e->slow_count == e->slow_capacity) {
        const int32_t capacity = e->slow_capacity == 0 ? 16 : 2 * e->slow_capacity;
        slow_path *grown = agi_plain_resize(e->slow, (size_t)capacity * sizeof *grown);
        if (grown == NULL) {
            e->code.failed = true;
            return;
        }
        e->slow = grown;
        e->slow_capacity = capacity;
    }
    e->slow[e->slow_count++] = path;
}

/* z = x / y by its reciprocal r: q = x r, then q + (x - q y) r, rounded once (numbers.c). Where a
 * zero or what could leave the range is among the x, all of them are divided. */
static void emit_known_division(emitter *e, int32_t z, int32_t x, asm_operand y, asm_operand r)
{
    asm_code *a = &e->code;
    const int scratch = asm_scratch(a), z0 = lane_of(e, z, 0);
    const asm_operand step = constant_at(AGI_JIT_STEP_OF_EXPONENT);
    const asm_operand bit = constant_at(a->wide ? AGI_JIT_TWO : AGI_JIT_MINUS_TWO);
    for (int u = 0; u < e->lanes; u++) {
        asm_sort_exponents(a, lane_of(e, z, u), lane_of(e, x, u), step, bit);
        if (u > 0)
            asm_join(a, z0, lane_of(e, z, u));
    }
    const size_t from = asm_jump_if_extreme(a, z0, bit);
    for (int u = 0; u < e->lanes; u++) {
        const int zu = lane_of(e, z, u), xu = lane_of(e, x, u);
        asm_binary(a, ASM_MUL, zu, xu, r);
        asm_load(a, scratch, asm_reg(xu));
        asm_multiply_subtract(a, scratch, zu, y);
        asm_multiply_add(a, zu, scratch, r);
    }
    note_slow(e, (slow_path){.from = from, .back = a->size, .z = z, .x = x, .y = y});
}

static void load_unless_there(asm_code *a, int z, asm_operand x)
{
    if (x.reg != z)
        asm_load(a, z, x);
}

/* The larger (test is GE) or the smaller: y unless x stands so to it, or is a NaN. */
static void emit_choice(asm_code *a, asm_test test, int z, int x, asm_operand y)
{
    load_unless_there(a, z, y);
    asm_compare(a, test, x, y);
    asm_blend(a, z, asm_reg(x));
    asm_compare(a, ASM_UNORDERED, x, asm_reg(x));
    asm_blend(a, z, asm_reg(x));
}

static void emit_sign(asm_code *a, int z, int x)
{
    const asm_operand zero = asm_reg(asm_zero(a));
    asm_load(a, z, zero);
    asm_compare(a, ASM_GT, x, zero);
    asm_blend(a, z, constant_at(AGI_JIT_ONE));
    asm_compare(a, ASM_LT, x, zero);
    asm_blend(a, z, constant_at(AGI_JIT_MINUS_ONE));
    asm_compare(a, ASM_UNORDERED, x, asm_reg(x));
    asm_blend(a, z, asm_reg(x));
}

static void clear_zero(asm_code *a)
{
    asm_binary(a, ASM_XOR, asm_zero(a), asm_zero(a), asm_reg(asm_zero(a)));
}

/* lo is y, hi is w. The register of zero serves for a moment. */
static void emit_clamp(asm_code *a, int z, int x, asm_operand y, asm_operand w)
{
    asm_load(a, z, y);
    asm_compare(a, ASM_GE, x, y);
    asm_blend(a, z, asm_reg(x));
    asm_compare(a, ASM_NLE, z, w);
    asm_blend(a, z, w);
    asm_compare(a, ASM_UNORDERED, x, y);
    asm_binary(a, ASM_ADD, asm_zero(a), x, y);
    asm_blend(a, z, asm_reg(asm_zero(a)));
    clear_zero(a);
}

/* The gradient is x; its value, y, competes with w. */
static void emit_vjp_max(asm_code *a, int z, asm_operand x, int y, asm_operand w)
{
    asm_load(a, z, x);
    asm_binary(a, ASM_MUL, asm_zero(a), z, constant_at(AGI_JIT_HALF));
    asm_compare(a, ASM_EQ, y, w);
    asm_blend(a, z, asm_reg(asm_zero(a)));
    asm_compare(a, ASM_NLT, y, w);
    asm_keep(a, z, asm_reg(z));
    clear_zero(a);
}

static void emit_mask(asm_code *a, asm_test test, int z, int x, asm_operand y)
{
    asm_compare(a, test, x, y);
    asm_keep(a, z, constant_at(AGI_JIT_ONE));
}

/* One vector: operands as they are, and the register of operand 0. */
static void emit_arithmetic(emitter *e, agi_jit_op op, int z, const asm_operand *in)
{
    asm_code *a = &e->code;
    const int x = in[0].reg;
    const asm_operand y = in[1], zero = asm_reg(asm_zero(a));
    switch (op) {
    case AGI_JIT_MOVE: asm_load(a, z, in[0]); break;
    case AGI_JIT_ADD: asm_binary(a, ASM_ADD, z, x, y); break;
    case AGI_JIT_SUB: asm_binary(a, ASM_SUB, z, x, y); break;
    case AGI_JIT_MUL: asm_binary(a, ASM_MUL, z, x, y); break;
    case AGI_JIT_DIV: asm_binary(a, ASM_DIV, z, x, y); break;
    case AGI_JIT_AND: asm_binary(a, ASM_AND, z, x, y); break;
    case AGI_JIT_OR: asm_binary(a, ASM_OR, z, x, y); break;
    case AGI_JIT_NEG: asm_binary(a, ASM_XOR, z, x, constant_at(AGI_JIT_SIGN_BIT)); break;
    case AGI_JIT_ABS: asm_binary(a, ASM_AND, z, x, constant_at(AGI_JIT_MAGNITUDE)); break;
    case AGI_JIT_SQRT: asm_sqrt(a, z, in[0]); break;
    case AGI_JIT_ROOT:
        asm_binary(a, ASM_ADD, z, x, zero);
        asm_sqrt(a, z, asm_reg(z));
        asm_compare(a, ASM_EQ, x, constant_at(AGI_JIT_MINUS_INFINITY));
        asm_blend(a, z, constant_at(AGI_JIT_INFINITY));
        break;
    case AGI_JIT_FLOOR: asm_round(a, ASM_FLOOR, z, in[0]); break;
    case AGI_JIT_CEIL: asm_round(a, ASM_CEIL, z, in[0]); break;
    case AGI_JIT_TRUNC: asm_round(a, ASM_TRUNC, z, in[0]); break;
    case AGI_JIT_RELU: asm_binary(a, ASM_MAX, z, asm_zero(a), in[0]); break;
    case AGI_JIT_VJP_MUL:
    case AGI_JIT_VJP_DIV:
        asm_binary(a, op == AGI_JIT_VJP_MUL ? ASM_MUL : ASM_DIV, z, x, y);
        asm_compare(a, ASM_EQ, x, zero);
        asm_blend(a, z, asm_reg(x));
        break;
    default: break;
    }
}

/* How two numbers stand, and the opposite, which a NaN among them makes true. */
static asm_test test_of(int32_t comparison, bool opposite)
{
    switch (comparison) {
    case AGI_JIT_EQ: return opposite ? ASM_NE : ASM_EQ;
    case AGI_JIT_NE: return opposite ? ASM_EQ : ASM_NE;
    case AGI_JIT_LT: return opposite ? ASM_NLT : ASM_LT;
    case AGI_JIT_LE: return opposite ? ASM_NLE : ASM_LE;
    case AGI_JIT_GT: return opposite ? ASM_NGT : ASM_GT;
    default: return opposite ? ASM_NGE : ASM_GE;
    }
}

static void emit_tested(asm_code *a, const agi_jit_step *step, int z, const asm_operand *in)
{
    const asm_test test = test_of(step->test, step->op == AGI_JIT_DROP_TEST);
    if (step->op == AGI_JIT_WHERE_TEST) {
        load_unless_there(a, z, in[2]);
        asm_compare(a, test, in[0].reg, in[3]);
        asm_blend(a, z, in[1]);
    } else {
        asm_compare(a, test, in[0].reg, in[3]);
        asm_keep(a, z, in[1]);
    }
}

static void emit_choosing(emitter *e, agi_jit_op op, int z, const asm_operand *in)
{
    asm_code *a = &e->code;
    const int x = in[0].reg;
    const asm_operand y = in[1], zero = asm_reg(asm_zero(a));
    switch (op) {
    case AGI_JIT_SIGN: emit_sign(a, z, x); break;
    case AGI_JIT_MAXIMUM: emit_choice(a, ASM_GE, z, x, y); break;
    case AGI_JIT_MINIMUM: emit_choice(a, ASM_LE, z, x, y); break;
    case AGI_JIT_CLAMP: emit_clamp(a, z, x, y, in[2]); break;
    case AGI_JIT_WHERE:
        load_unless_there(a, z, in[2]);
        asm_compare(a, ASM_NE, x, zero);
        asm_blend(a, z, y);
        break;
    case AGI_JIT_KEEP:
    case AGI_JIT_DROP:
        asm_compare(a, op == AGI_JIT_KEEP ? ASM_NE : ASM_EQ, x, zero);
        asm_keep(a, z, y);
        break;
    case AGI_JIT_VJP_MAX: emit_vjp_max(a, z, in[0], y.reg, in[2]); break;
    case AGI_JIT_VJP_RELU:
        asm_compare(a, ASM_NLE, y.reg, zero);
        asm_keep(a, z, in[0]);
        break;
    case AGI_JIT_EQ: emit_mask(a, ASM_EQ, z, x, y); break;
    case AGI_JIT_NE: emit_mask(a, ASM_NE, z, x, y); break;
    case AGI_JIT_LT: emit_mask(a, ASM_LT, z, x, y); break;
    case AGI_JIT_LE: emit_mask(a, ASM_LE, z, x, y); break;
    case AGI_JIT_GT: emit_mask(a, ASM_GT, z, x, y); break;
    case AGI_JIT_GE: emit_mask(a, ASM_GE, z, x, y); break;
    default: emit_arithmetic(e, op, z, in); break;
    }
}

static void share_constant(emitter *e, const agi_jit_step *step, int k, int *taken,
                           asm_operand *shared)
{
    if (!is_constant(step->in[k]) || shared[k].reg >= 0 || *taken == CONSTANT_REGISTERS)
        return;
    const int reg = FIRST_CONSTANT_REGISTER + (*taken)++;
    asm_load(&e->code, reg, shared[k]);
    shared[k] = asm_reg(reg);
}

/* Where all lanes find the step's constants: wide code has registers for two, first for one that
 * must be in one. What is no constant gets any register: nobody looks. */
static void share_constants(emitter *e, const agi_jit_step *step, asm_operand *shared)
{
    int taken = 0;
    for (int k = 0; k < OPERANDS; k++) {
        const agi_jit_operand in = step->in[k];
        shared[k] = is_constant(in) ? constant_at(AGI_JIT_NUMBER(in)) : asm_reg(0);
    }
    if (!e->code.wide)
        return;
    if (needs[step->op].in_register != 0)
        share_constant(e, step, __builtin_ctz(needs[step->op].in_register), &taken, shared);
    for (int k = 0; k < OPERANDS; k++)
        share_constant(e, step, k, &taken, shared);
}

/* The register for the result: that of an operand that nobody reads any more, or another. */
static int32_t result_register(emitter *e, const agi_jit_step *step, int32_t i, const int32_t *reg)
{
    const op_needs *need = &needs[step->op];
    for (int k = 0; k < OPERANDS; k++) {
        bool again = false;  /* the same register is another operand too */
        for (int j = 0; j < OPERANDS; j++)
            again |= j != k && reg[j] == reg[k];
        if (reg[k] >= 0 && e->next_use[OPERANDS * i + k] == NEVER &&
            (!need->fresh || ((need->but >> k & 1) != 0 && !again)))
            return reg[k];
    }
    return take_register(e);
}

/* After the step: what is read again keeps its register, or its cell. */
static void let_go(emitter *e, const agi_jit_step *step, int32_t i, const int32_t *reg)
{
    for (int k = 0; k < OPERANDS; k++) {
        const int32_t v = value_of(e, step->in[k]);
        const bool last = e->next_use[OPERANDS * i + k] == NEVER;
        if (reg[k] >= 0) {
            e->next[reg[k]] = e->next_use[OPERANDS * i + k];
            e->busy[reg[k]] = false;
            if (last)
                free_register(e, reg[k]);
        }
        if (last && v >= 0 && v < e->recipe->step_count && e->cell[v] >= 0) {
            e->free_cells[e->free_count++] = e->cell[v];
            e->cell[v] = -1;
        }
    }
}

/* Of the turn's two groups of 16 numbers, each of the first plus its partner in the second. */
static void store_pairs(emitter *e, int32_t stream, int32_t reg)
{
    for (int u = 0; u < e->lanes / 2; u++) {
        const int scratch = asm_scratch(&e->code), partner = lane_of(e, reg, u + e->lanes / 2);
        asm_operand to = stream_at(e, stream, u);
        to.shift--;
        asm_binary(&e->code, ASM_ADD, scratch, lane_of(e, reg, u), asm_reg(partner));
        asm_store(&e->code, to, scratch);
    }
}

static void store_result(emitter *e, const agi_jit_step *step, int32_t reg)
{
    if (step->store == AGI_JIT_STORE_PAIRS) {
        store_pairs(e, step->stream, reg);
        return;
    }
    for (int u = 0; u < e->lanes && step->store != AGI_JIT_INSIDE; u++) {
        const asm_operand to = stream_at(e, step->stream, u);
        if (step->store == AGI_JIT_STORE_PAST_CACHES)
            asm_store_past_caches(&e->code, to, lane_of(e, reg, u));
        else
            asm_store(&e->code, to, lane_of(e, reg, u));
    }
}

/* Streams are loaded as wholes rather than under masks, which wait for what they are made of, and
 * are not fetched ahead: heaviside of 1e6 takes 0.53 ms instead of 0.96, out of the last cache. */
static bool is_in_register(const emitter *e, const agi_jit_step *step, int k)
{
    const op_needs *need = &needs[step->op];
    const bool whole = e->code.wide && AGI_JIT_KIND(step->in[k]) == AGI_JIT_STREAM;
    return ((need->in_register | (whole ? need->masked : 0)) >> k & 1) != 0;
}

static void emit_step(emitter *e, int32_t i)
{
    agi_jit_step step = e->recipe->steps[i];
    const int32_t first = value_of(e, step.in[0]);
    if (needs[step.op].commutes && (first < 0 || e->where[first] < 0)) {
        step.in[0] = e->recipe->steps[i].in[1];
        step.in[1] = e->recipe->steps[i].in[0];
        const int32_t next = e->next_use[OPERANDS * i];
        e->next_use[OPERANDS * i] = e->next_use[OPERANDS * i + 1];
        e->next_use[OPERANDS * i + 1] = next;
    }
    int32_t reg[OPERANDS];
    for (int k = 0; k < OPERANDS; k++) {
        const bool must = is_in_register(e, &step, k);
        reg[k] = fetch_operand(e, step.in[k], e->next_use[OPERANDS * i + k], must);
    }
    const int32_t z = result_register(e, &step, i, reg);
    asm_operand shared[OPERANDS], in[OPERANDS];
    share_constants(e, &step, shared);
    if (step.op == AGI_JIT_DIV_KNOWN)
        emit_known_division(e, z, reg[0], shared[1], shared[2]);
    for (int u = 0; u < e->lanes && step.op != AGI_JIT_DIV_KNOWN; u++) {
        for (int k = 0; k < OPERANDS; k++)
            in[k] = reg[k] >= 0                   ? asm_reg(lane_of(e, reg[k], u))
                    : value_of(e, step.in[k]) < 0 ? shared[k]
                                                  : operand_at(e, step.in[k], u);
        if (step.test != 0)
            emit_tested(&e->code, &step, lane_of(e, z, u), in);
        else
            emit_choosing(e, (agi_jit_op)step.op, lane_of(e, z, u), in);
    }
    let_go(e, &step, i, reg);
    store_result(e, &step, z);
    e->busy[z] = false;
    if (e->first_use[i] == NEVER)
        return;
    e->holds[z] = i;
    e->next[z] = e->first_use[i];
    e->where[i] = z;
}

/* ---- the loop ------------------------------------------------------------------------------- */

static int32_t pinned_count(const emitter *e)
{
    return e->recipe->stream_count < PINNED ? e->recipe->stream_count : PINNED;
}

static void emit_prefetches(emitter *e)
{
    const int32_t turn = e->lanes * asm_vector_bytes(&e->code);
    for (int32_t s = 0; s < e->recipe->stream_count && s < 64; s++)
        for (int32_t at = 0; (e->recipe->fetched >> s & 1) != 0 && at < turn; at += 64)
            asm_prefetch(&e->code, asm_memory(base_of(e, s), ASM_AHEAD, at));
}

static void emit_slow_paths(emitter *e)
{
    asm_code *a = &e->code;
    for (int32_t k = 0; k < e->slow_count; k++) {
        const slow_path *path = &e->slow[k];
        asm_land(a, path->from);
        for (int u = 0; u < e->lanes; u++)
            asm_binary(a, ASM_DIV, lane_of(e, path->z, u), lane_of(e, path->x, u), path->y);
        asm_jump(a, path->back);
    }
}

static void emit_turn(emitter *e)
{
    e->loaded = -1;
    emit_prefetches(e);
    for (int32_t i = 0; i < e->recipe->step_count; i++)
        emit_step(e, i);
}

static void emit_flat(emitter *e, int32_t turn)
{
    asm_code *a = &e->code;
    const size_t top = a->size;
    emit_turn(e);
    asm_add_number(a, ASM_INDEX, turn);
    asm_add_number(a, ASM_AHEAD, turn);
    asm_jump_if_less(a, ASM_INDEX, END_AT, top);
}

/* All streams one row on. */
static void emit_next_row(emitter *e)
{
    asm_code *a = &e->code;
    const int32_t count = e->recipe->stream_count, size = (int32_t)sizeof(void *);
    for (int32_t s = 0; s < count; s++) {
        const bool pinned_one = s < PINNED;
        const int reg = pinned_one ? pinned[s] : ASM_RAX;
        if (!pinned_one)
            asm_load_pointer(a, reg, STREAMS_AT, s * size);
        asm_add_from(a, reg, STREAMS_AT, (count + s) * size);
        if (!pinned_one)
            asm_store_pointer(a, reg, STREAMS_AT, s * size);
    }
}

static void emit_rows(emitter *e, int32_t turn)
{
    asm_code *a = &e->code;
    asm_move(a, LAST_AT, END_AT);
    asm_add_number(a, LAST_AT, -turn);
    const size_t row = a->size;
    asm_clear(a, ASM_INDEX);
    const size_t top = a->size;
    emit_turn(e);
    const size_t done = asm_leave_if_not_less(a, ASM_INDEX, LAST_AT);
    asm_add_number(a, ASM_INDEX, turn);
    asm_limit(a, ASM_INDEX, LAST_AT);
    asm_jump(a, top);
    asm_land(a, done);
    emit_next_row(e);
    asm_count_down(a, STREAMS_AT, 2 * e->recipe->stream_count * (int32_t)sizeof(void *));
    asm_jump_if_left(a, row);
}

static void emit_function(emitter *e)
{
    asm_code *a = &e->code;
    const int32_t turn = e->lanes * asm_lanes(a), pins = pinned_count(e);
    asm_entry(a);
    for (int32_t k = PINNED_UNSAVED; k < pins; k++)
        asm_push(a, pinned[k]);
    for (int32_t k = 0; k < pins; k++)
        asm_load_pointer(a, pinned[k], STREAMS_AT, k * (int32_t)sizeof(void *));
    clear_zero(a);
    if (e->recipe->rows)
        emit_rows(e, turn);
    else
        emit_flat(e, turn);
    asm_clear_upper(a);
    for (int32_t k = pins - 1; k >= PINNED_UNSAVED; k--)
        asm_pop(a, pinned[k]);
    asm_return(a);
    emit_slow_paths(e);
}

static bool open_emitter(emitter *e)
{
    const size_t steps = (size_t)e->recipe->step_count;
    const size_t values = steps + (size_t)e->recipe->stream_count;
    int32_t *table = agi_plain_new((2 * values + (2 + OPERANDS) * steps) * sizeof *table);
    if (table == NULL)
        return false;
    e->where = table;
    e->first_use = e->where + values;
    e->cell = e->first_use + values;
    e->free_cells = e->cell + steps;
    e->next_use = e->free_cells + steps;
    for (size_t v = 0; v < values; v++)
        e->where[v] = -1;
    for (size_t i = 0; i < steps; i++)
        e->cell[i] = -1;
    for (int r = 0; r < REGISTERS; r++)
        e->holds[r] = NOTHING;
    return true;
}

bool agi_jit_compile(const agi_jit_recipe *recipe, bool wide, uint8_t **bytes, size_t *size,
                     agi_jit_code *code)
{
    emitter e = {.recipe = recipe, .lanes = wide ? LANES_WIDE : LANES_NARROW};
    e.code.wide = wide;
    if (!open_emitter(&e))
        return false;
    find_uses(&e);
    emit_function(&e);
    agi_plain_free(e.where);
    agi_plain_free(e.slow);
    if (e.code.failed) {
        agi_plain_free(e.code.bytes);
        return false;
    }
    *bytes = e.code.bytes;
    *size = e.code.size;
    code->turn = e.lanes * asm_lanes(&e.code);
    code->spill = e.cells * code->turn;
    return true;
}

#endif
