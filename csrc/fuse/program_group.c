/* SPDX-License-Identifier: MIT
 *
 * Groups of a program: steps that follow each other and that jit/ can turn into machine code. What
 * is made and read inside of a group alone has no place in memory. A group runs where its last step
 * stands; its inputs are loaded by then.
 */
#include <math.h>
#include <string.h>

#include "../compute/run.h"
#include "program_form.h"

#define GROUP_STEPS_MAX 256
#define PARTS_MAX 6         /* of the code's steps, for one of the program's */
#define OPERANDS_MAX (AGI_JIT_OPERANDS * PARTS_MAX)
/* ns for each element and step, instead of agi_run_cost_of, and each stream of memory. */
#define GROUP_STEP_COST 0.05
#define GROUP_STREAM_COST 0.05

/* The group that is being described. */
typedef struct group_builder {
    program *p;
    int32_t group;          /* its number */
    agi_jit_step *steps;
    int32_t step_count;
    int32_t *streams;       /* the program's list, from this group's first on */
    int32_t stream_count;
    double *constants;
    int32_t constant_count;
} group_builder;

/* ---- operands ------------------------------------------------------------------------------- */

static agi_jit_operand constant(group_builder *b, double number)
{
    b->constants[b->constant_count] = number;
    return AGI_JIT_CONSTANT | b->constant_count++;
}

static agi_jit_operand own(int which) { return AGI_JIT_CONSTANT | which; }

static int32_t stream_of(group_builder *b, int32_t value)
{
    program_value *v = &b->p->values[value];
    if (v->stream_group != b->group) {
        v->stream_group = b->group;
        v->stream = b->stream_count;
        b->streams[b->stream_count++] = value;
    }
    return v->stream;
}

static agi_jit_operand kind_of_stream(const program_value *v)
{
    const int64_t step = v->by_rows ? v->strided->strides[v->strided->ndim - 1] : 1;
    return step == 0 ? AGI_JIT_COLUMN : step == 1 ? AGI_JIT_STREAM : AGI_JIT_SECOND;
}

static agi_jit_operand operand(group_builder *b, int32_t value)
{
    program_value *v = &b->p->values[value];
    if (v->kind == VALUE_NUMBER)
        return constant(b, *v->number);
    if (v->kind == VALUE_STEP && v->group == b->group)
        return AGI_JIT_LOCAL | v->local;
    v->whole = true;
    return kind_of_stream(v) | stream_of(b, value);
}

static agi_jit_operand add_part(group_builder *b, agi_jit_op op, agi_jit_operand x,
                                agi_jit_operand y, agi_jit_operand w)
{
    b->steps[b->step_count] =
        (agi_jit_step){.op = op, .stream = -1, .in = {x, y, w, AGI_JIT_NONE}};
    return AGI_JIT_LOCAL | b->step_count++;
}

/* ---- ops ------------------------------------------------------------------------------------ */

/* What an op is in the code, where it is one part of the same operands; -1 for others. */
static int plain_part(int op)
{
    switch (op) {
    case AG_OP_clone: case AG_OP_copy: return AGI_JIT_MOVE;
    case AG_OP_add: return AGI_JIT_ADD;
    case AG_OP_sub: return AGI_JIT_SUB;
    case AG_OP_mul: return AGI_JIT_MUL;
    case AG_OP_div: return AGI_JIT_DIV;
    case AG_OP_neg: return AGI_JIT_NEG;
    case AG_OP_abs: return AGI_JIT_ABS;
    case AG_OP_sqrt: return AGI_JIT_SQRT;
    case AG_OP_sign: case AG_OP_sgn: return AGI_JIT_SIGN;
    case AG_OP_relu: return AGI_JIT_RELU;
    case AG_OP_floor: return AGI_JIT_FLOOR;
    case AG_OP_ceil: return AGI_JIT_CEIL;
    case AG_OP_trunc: return AGI_JIT_TRUNC;
    case AG_OP_maximum: case AG_OP_clamp_min: return AGI_JIT_MAXIMUM;
    case AG_OP_minimum: case AG_OP_clamp_max: return AGI_JIT_MINIMUM;
    case AG_OP_clamp: return AGI_JIT_CLAMP;
    case AG_OP_where: return AGI_JIT_WHERE;
    case AG_OP_vjp_mul: return AGI_JIT_VJP_MUL;
    case AG_OP_vjp_div: return AGI_JIT_VJP_DIV;
    case AG_OP_vjp_max: return AGI_JIT_VJP_MAX;
    case AG_OP_vjp_relu: return AGI_JIT_VJP_RELU;
    case AG_OP_eq: return AGI_JIT_EQ;
    case AG_OP_ne: return AGI_JIT_NE;
    case AG_OP_lt: return AGI_JIT_LT;
    case AG_OP_le: return AGI_JIT_LE;
    case AG_OP_gt: return AGI_JIT_GT;
    case AG_OP_ge: return AGI_JIT_GE;
    default: return -1;
    }
}

/* The number that an input is for all elements, if it is one. */
static const double *number_of(const program *p, const program_value *v, int k)
{
    return k < v->n_in ? p->values[v->in[k]].number : NULL;
}

static bool has_short_power(double y)
{
    return y == 2.0 || y == 3.0 || y == 1.0 || y == 0.0 || y == -1.0 || y == -2.0 || y == 0.5 ||
           y == -0.5;
}

bool agi_program_compiles(const agi_expr *e)
{
    switch (e->op) {
    case AG_OP_square: case AG_OP_reciprocal: case AG_OP_rsqrt:
    case AG_OP_mul_int: case AG_OP_neg_int: case AG_OP_to_int:
    case AG_OP_logical_not: case AG_OP_bitwise_not:
    case AG_OP_logical_and: case AG_OP_logical_or: case AG_OP_logical_xor:
    case AG_OP_fmax: case AG_OP_fmin: case AG_OP_heaviside: case AG_OP_copysign:
    case AG_OP_frac: case AG_OP_deg2rad: case AG_OP_rad2deg: case AG_OP_nan_to_num:
    case AG_OP_isnan: case AG_OP_isinf: case AG_OP_isfinite:
    case AG_OP_isposinf: case AG_OP_isneginf: case AG_OP_vjp_both:
        return true;
    case AG_OP_lerp:
        return e->in[2].kind == AGI_SOURCE_NUMBER;
    case AG_OP_pow:
        return e->in[1].kind == AGI_SOURCE_NUMBER && has_short_power(e->in[1].from.number);
    default:
        return plain_part(e->op) >= 0;
    }
}

static agi_jit_operand inverse(group_builder *b, agi_jit_operand x)
{
    return add_part(b, AGI_JIT_DIV, own(AGI_JIT_ONE), x, AGI_JIT_NONE);
}

/* As ops/binary.c has it. */
static agi_jit_operand add_power(group_builder *b, agi_jit_operand x, double y)
{
    const agi_jit_operand none = AGI_JIT_NONE;
    if (y == 1.0)
        return add_part(b, AGI_JIT_MOVE, x, none, none);
    if (y == 0.0)
        return add_part(b, AGI_JIT_MOVE, own(AGI_JIT_ONE), none, none);
    if (y == 2.0)
        return add_part(b, AGI_JIT_MUL, x, x, none);
    if (y == 3.0)
        return add_part(b, AGI_JIT_MUL, add_part(b, AGI_JIT_MUL, x, x, none), x, none);
    if (y == -1.0)
        return inverse(b, x);
    if (y == -2.0) {
        const agi_jit_operand r = inverse(b, x);
        return add_part(b, AGI_JIT_MUL, r, r, none);
    }
    const agi_jit_operand root = add_part(b, AGI_JIT_ROOT, x, none, none);
    return y == 0.5 ? root : inverse(b, root);
}

/* x, no number, by a number y: times its reciprocal where that is exact, or a division that goes
 * without the divider. */
static agi_jit_operand add_quotient(group_builder *b, agi_jit_operand x, double y)
{
    const double r = 1.0 / y;
    int exponent;
    if (frexp(fabs(y), &exponent) == 0.5 && isnormal(r))
        return add_part(b, AGI_JIT_MUL, x, constant(b, r), AGI_JIT_NONE);
    if (!agi_jit_divides_fast(y))
        return add_part(b, AGI_JIT_DIV, x, constant(b, y), AGI_JIT_NONE);
    const agi_jit_operand divisor = constant(b, y);
    return add_part(b, AGI_JIT_DIV_KNOWN, x, divisor, constant(b, r));
}

static agi_jit_operand add_two(group_builder *b, agi_jit_op op, agi_jit_operand x,
                               agi_jit_operand y)
{
    return add_part(b, op, x, y, AGI_JIT_NONE);
}

/* As ops/integer.c and ops/compare.c have them: adding 0 makes 0 of -0. */
static agi_jit_operand add_of_integers(group_builder *b, int op, agi_jit_operand x,
                                       agi_jit_operand y)
{
    const agi_jit_operand zero = constant(b, 0.0);
    switch (op) {
    case AG_OP_mul_int: return add_two(b, AGI_JIT_ADD, add_two(b, AGI_JIT_MUL, x, y), zero);
    case AG_OP_to_int:
        return add_two(b, AGI_JIT_ADD, add_two(b, AGI_JIT_TRUNC, x, AGI_JIT_NONE), zero);
    case AG_OP_neg_int: return add_two(b, AGI_JIT_SUB, zero, x);
    case AG_OP_bitwise_not: return add_two(b, AGI_JIT_SUB, constant(b, -1.0), x);
    default: return add_two(b, AGI_JIT_EQ, x, zero);
    }
}

/* As ops/compare.c has them; a NaN is true. */
static agi_jit_operand add_logical(group_builder *b, int op, agi_jit_operand x, agi_jit_operand y)
{
    const agi_jit_operand zero = own(AGI_JIT_ZERO);
    agi_jit_operand z;
    if (op == AG_OP_logical_and) {
        z = add_two(b, AGI_JIT_KEEP, x, y);
    } else if (op == AG_OP_logical_or) {
        z = add_part(b, AGI_JIT_WHERE, x, own(AGI_JIT_ONE), y);
    } else {
        z = add_two(b, AGI_JIT_NE, x, zero);
        return add_two(b, AGI_JIT_NE, z, add_two(b, AGI_JIT_NE, y, zero));
    }
    return add_two(b, AGI_JIT_NE, z, zero);
}

/* The next three as ops/pairs.c and ops/rounding.c have them. */
static agi_jit_operand add_of_two(group_builder *b, int op, agi_jit_operand x, agi_jit_operand y)
{
    if (op == AG_OP_copysign)
        return add_two(b, AGI_JIT_OR, add_two(b, AGI_JIT_AND, x, own(AGI_JIT_MAGNITUDE)),
                       add_two(b, AGI_JIT_AND, y, own(AGI_JIT_SIGN_BIT)));
    if (op == AG_OP_heaviside) {
        const agi_jit_operand step = add_two(b, AGI_JIT_GT, x, own(AGI_JIT_ZERO));
        const agi_jit_operand is_nan = add_two(b, AGI_JIT_NE, x, x);
        const agi_jit_operand z = add_part(b, AGI_JIT_WHERE, is_nan, x, step);
        return add_part(b, AGI_JIT_WHERE, x, z, y);
    }
    const agi_jit_op first = op == AG_OP_fmax ? AGI_JIT_GE : AGI_JIT_LE;
    const agi_jit_operand z = add_part(b, AGI_JIT_WHERE, add_two(b, first, x, y), x, y);
    return add_part(b, AGI_JIT_WHERE, add_two(b, AGI_JIT_NE, y, y), x, z);
}

static agi_jit_operand add_of_kinds(group_builder *b, int op, agi_jit_operand x)
{
    const agi_jit_operand infinity = own(AGI_JIT_INFINITY);
    switch (op) {
    case AG_OP_frac: return add_two(b, AGI_JIT_SUB, x, add_two(b, AGI_JIT_TRUNC, x, AGI_JIT_NONE));
    case AG_OP_deg2rad: return add_two(b, AGI_JIT_MUL, x, constant(b, AGI_RADIANS_OF_DEGREE));
    case AG_OP_rad2deg: return add_two(b, AGI_JIT_MUL, x, constant(b, AGI_DEGREES_OF_RADIAN));
    case AG_OP_isnan: return add_two(b, AGI_JIT_NE, x, x);
    case AG_OP_isposinf: return add_two(b, AGI_JIT_EQ, x, infinity);
    case AG_OP_isneginf: return add_two(b, AGI_JIT_EQ, x, own(AGI_JIT_MINUS_INFINITY));
    default:
        return add_two(b, op == AG_OP_isinf ? AGI_JIT_EQ : AGI_JIT_LT,
                       add_two(b, AGI_JIT_ABS, x, AGI_JIT_NONE), infinity);
    }
}

static agi_jit_operand add_finite(group_builder *b, agi_jit_operand x, const double *f)
{
    const agi_jit_operand high = add_two(b, AGI_JIT_EQ, x, own(AGI_JIT_INFINITY));
    agi_jit_operand z = add_part(b, AGI_JIT_WHERE, high, constant(b, f[1]), x);
    const agi_jit_operand low = add_two(b, AGI_JIT_EQ, x, own(AGI_JIT_MINUS_INFINITY));
    z = add_part(b, AGI_JIT_WHERE, low, constant(b, f[2]), z);
    return add_part(b, AGI_JIT_WHERE, add_two(b, AGI_JIT_NE, x, x), constant(b, f[0]), z);
}

static agi_jit_operand add_lerp(group_builder *b, agi_jit_operand x, agi_jit_operand y, double w)
{
    const agi_jit_operand way = add_two(b, AGI_JIT_SUB, y, x);
    if (fabs(w) < 0.5)
        return add_two(b, AGI_JIT_ADD, x, add_two(b, AGI_JIT_MUL, constant(b, w), way));
    return add_two(b, AGI_JIT_SUB, y, add_two(b, AGI_JIT_MUL, way, constant(b, 1.0 - w)));
}

/* vjp_mul and vjp_div differ from the plain ops where the gradient x is 0 and y is negative,
 * infinite, zero or NaN. */
static int without_vjp(int op, const double *x, const double *y)
{
    const bool plain = (y != NULL && *y > 0.0 && isfinite(*y)) || (x != NULL && *x != 0.0);
    return !plain ? op : op == AG_OP_vjp_mul ? AG_OP_mul : op == AG_OP_vjp_div ? AG_OP_div : op;
}

static bool is_plus_zero(const double *number)
{
    return number != NULL && *number == 0.0 && !signbit(*number);
}

/* A choice by a comparison that is made for choices alone: they compare themselves. */
static agi_jit_operand add_tested_where(group_builder *b, const program_value *v)
{
    const program_value *mask = &b->p->values[v->in[0]];
    const bool keeps = is_plus_zero(number_of(b->p, v, 2));
    const bool drops = !keeps && is_plus_zero(number_of(b->p, v, 1));
    const agi_jit_operand x = operand(b, mask->in[0]), other = operand(b, mask->in[1]);
    const agi_jit_operand taken = operand(b, v->in[drops ? 2 : 1]);
    const agi_jit_operand left = keeps || drops ? AGI_JIT_NONE : operand(b, v->in[2]);
    const agi_jit_op op = keeps   ? AGI_JIT_KEEP_TEST
                          : drops ? AGI_JIT_DROP_TEST
                                  : AGI_JIT_WHERE_TEST;
    const agi_jit_operand z = add_part(b, op, x, taken, left);
    b->steps[AGI_JIT_NUMBER(z)].in[3] = other;
    b->steps[AGI_JIT_NUMBER(z)].test = plain_part(mask->expr->op);
    return z;
}

/* What a rule lets through or not: the choice against 0 takes an instruction less. */
static agi_jit_operand add_where(group_builder *b, const program_value *v,
                                 const agi_jit_operand *in)
{
    if (is_plus_zero(number_of(b->p, v, 2)))
        return add_two(b, AGI_JIT_KEEP, in[0], in[1]);
    if (is_plus_zero(number_of(b->p, v, 1)))
        return add_two(b, AGI_JIT_DROP, in[0], in[2]);
    return add_part(b, AGI_JIT_WHERE, in[0], in[1], in[2]);
}

static agi_jit_operand add_op(group_builder *b, const program_value *v)
{
    agi_jit_operand in[AGI_SOURCES] = {AGI_JIT_NONE, AGI_JIT_NONE, AGI_JIT_NONE};
    const double *y = number_of(b->p, v, 1);
    const int op = without_vjp(v->expr->op, number_of(b->p, v, 0), y);
    if (op == AG_OP_where && b->p->values[v->in[0]].chooses)
        return add_tested_where(b, v);
    if (op == AG_OP_pow)
        return add_power(b, operand(b, v->in[0]), *y);
    if (op == AG_OP_div && y != NULL && number_of(b->p, v, 0) == NULL)
        return add_quotient(b, operand(b, v->in[0]), *y);
    for (int k = 0; k < v->n_in && !(op == AG_OP_lerp && k == 2); k++)
        in[k] = k > 0 && v->in[k] == v->in[0] ? in[0] : operand(b, v->in[k]);
    switch (op) {
    case AG_OP_square:
        return add_part(b, AGI_JIT_MUL, in[0], in[0], AGI_JIT_NONE);
    case AG_OP_reciprocal:
        return inverse(b, in[0]);
    case AG_OP_rsqrt:
        return inverse(b, add_part(b, AGI_JIT_SQRT, in[0], AGI_JIT_NONE, AGI_JIT_NONE));
    case AG_OP_where:
        return add_where(b, v, in);
    case AG_OP_vjp_both:
        return add_two(b, AGI_JIT_KEEP, in[1], add_two(b, AGI_JIT_VJP_MUL, in[0], in[1]));
    case AG_OP_mul_int: case AG_OP_neg_int: case AG_OP_to_int:
    case AG_OP_logical_not: case AG_OP_bitwise_not:
        return add_of_integers(b, op, in[0], in[1]);
    case AG_OP_logical_and: case AG_OP_logical_or: case AG_OP_logical_xor:
        return add_logical(b, op, in[0], in[1]);
    case AG_OP_fmax: case AG_OP_fmin: case AG_OP_heaviside: case AG_OP_copysign:
        return add_of_two(b, op, in[0], in[1]);
    case AG_OP_frac: case AG_OP_deg2rad: case AG_OP_rad2deg:
    case AG_OP_isnan: case AG_OP_isinf: case AG_OP_isfinite:
    case AG_OP_isposinf: case AG_OP_isneginf:
        return add_of_kinds(b, op, in[0]);
    case AG_OP_nan_to_num:
        return add_finite(b, in[0], v->expr->f);
    case AG_OP_lerp:
        return add_lerp(b, in[0], in[1], *number_of(b->p, v, 2));
    default:
        return add_part(b, (agi_jit_op)plain_part(op), in[0], in[1], in[2]);
    }
}

/* ---- groups --------------------------------------------------------------------------------- */

/* Whether a step outside of the group, or a sum, reads the value. */
static void find_leaving(program *p)
{
    for (int32_t i = 0; i < p->count; i++)
        for (int k = 0; k < p->values[i].n_in; k++) {
            program_value *in = &p->values[p->values[i].in[k]];
            const bool sum = p->values[i].kind == VALUE_SUM;
            in->leaves |= !sum && (in->group < 0 || in->group != p->values[i].group);
            in->is_summed |= sum;
        }
    for (int32_t i = 0; i < p->count; i++) {
        program_value *v = &p->values[i];
        v->pairs = v->group >= 0 && v->is_summed && !v->leaves && v->memory == NULL &&
                   p->mode == MODE_FLAT && p->run == 0 && agi_jit_has_pairs();
    }
}

static bool is_comparison(const program_value *v)
{
    const int part = v->kind == VALUE_STEP ? plain_part(v->expr->op) : -1;
    return part >= AGI_JIT_EQ && part <= AGI_JIT_GE;
}

/* Comparisons that choices of their own group alone read, as what they choose by. */
static void find_choosing(program *p)
{
    for (int32_t i = 0; i < p->count; i++) {
        program_value *v = &p->values[i];
        v->chooses = v->group >= 0 && is_comparison(v) && !v->leaves && !v->is_summed &&
                     v->memory == NULL;
    }
    for (int32_t i = 0; i < p->count; i++) {
        const program_value *v = &p->values[i];
        const bool where = v->kind == VALUE_STEP && v->expr->op == AG_OP_where;
        for (int k = 0; k < v->n_in; k++)
            p->values[v->in[k]].chooses &= where && k == 0;
    }
}

/* Streams past the caches want whole lines: rows must consist of such, and so do their parts. */
static int store_of(const program *p, const program_value *v)
{
    const bool lines = (p->mode == MODE_FLAT || p->cols % AGI_PROGRAM_LINE == 0) &&
                       p->run % AGI_PROGRAM_LINE == 0;
    if (v->pairs)
        return AGI_JIT_STORE_PAIRS;
    if (v->memory == NULL && !v->leaves && !v->is_summed)
        return AGI_JIT_INSIDE;
    return v->passes_by && lines ? AGI_JIT_STORE_PAST_CACHES : AGI_JIT_STORE;
}

/* Whether the step is there to fill memory with a number. */
static bool is_fill(const program *p, const program_value *v)
{
    bool fills = v->kind == VALUE_STEP && v->memory != NULL && v->last_use < 0;
    for (int k = 0; k < v->n_in; k++)
        fills &= p->values[v->in[k]].kind == VALUE_NUMBER;
    return fills;
}

static void describe_steps(group_builder *b, int32_t first, int32_t last, bool fills)
{
    for (int32_t i = first; i <= last; i++) {
        program_value *v = &b->p->values[i];
        if (v->group != b->group || v->chooses || is_fill(b->p, v) != fills)
            continue;
        v->local = AGI_JIT_NUMBER(add_op(b, v));
        agi_jit_step *step = &b->steps[v->local];
        step->store = store_of(b->p, v);
        if (step->store != AGI_JIT_INSIDE)
            step->stream = stream_of(b, i);
    }
}

/* Describes the steps from `first` to `last` that are in the group. What only stores comes last:
 * what waits for memory has then been asked for. */
static void describe(group_builder *b, int32_t first, int32_t last)
{
    memcpy(b->constants, agi_jit_own, sizeof agi_jit_own);
    b->constant_count = AGI_JIT_OWN_CONSTANTS;
    describe_steps(b, first, last, false);
    describe_steps(b, first, last, true);
}

/* Where all of the program is one group, its code asks for the memory ahead. */
static uint64_t fetched_streams(const group_builder *b)
{
    const bool any = agi_program_fetches_in_loop(b->p);
    uint64_t fetched = 0;
    for (int32_t s = 0; any && s < b->stream_count && s < 64; s++)
        if (b->p->values[b->streams[s]].fetch)
            fetched |= (uint64_t)1 << s;
    return fetched;
}

/* What is left over at the end is not summed in pairs: it may be less than that. */
static bool find_rest_code(program *p, agi_jit_step *steps, agi_jit_recipe recipe,
                           program_group *group)
{
    bool pairs = false;
    for (int32_t i = 0; i < recipe.step_count; i++)
        if (steps[i].store == AGI_JIT_STORE_PAIRS) {
            steps[i].store = AGI_JIT_STORE;
            pairs = true;
        }
    recipe.fetched = 0;
    group->rest_code = group->code;
    return !pairs || p->numel % AGI_JIT_TURN == 0 ||
           agi_jit_find(&recipe, &group->rest_code, &p->code_held);
}

static bool compile_group(program *p, agi_jit_step *steps, program_group *group)
{
    group_builder b = {.p = p, .group = (int32_t)(group - p->groups), .steps = steps};
    b.streams = p->group_streams + group->first_stream;
    b.constants = p->constants + group->first_constant;
    describe(&b, group->first, group->last);
    group->stream_count = b.stream_count;
    group->constant_count = b.constant_count;
    const agi_jit_recipe recipe = {.steps = steps,
                                   .step_count = b.step_count,
                                   .stream_count = b.stream_count,
                                   .fetched = fetched_streams(&b),
                                   .rows = group->by_rows};
    return agi_jit_find(&recipe, &group->code, &p->code_held) &&
           find_rest_code(p, steps, recipe, group);
}

static void close_group(program *p, int32_t first, int32_t last, int32_t count)
{
    if (count == 0)
        return;
    p->groups[p->group_count++] = (program_group){.first = first, .last = last};
    p->grouped_steps += count;
}

/* Each step's group: a new one where a kernel comes between. */
static void assign_groups(program *p)
{
    int32_t first = 0, last = 0, count = 0;
    for (int32_t i = 0; i < p->count; i++) {
        program_value *v = &p->values[i];
        const bool compiles = v->kind == VALUE_STEP && agi_program_compiles(v->expr);
        if (v->kind == VALUE_STEP && (!compiles || count == GROUP_STEPS_MAX)) {
            close_group(p, first, last, count);
            count = 0;
        }
        if (!compiles)
            continue;
        first = count == 0 ? i : first;
        last = i;
        count++;
        v->group = p->group_count;
    }
    close_group(p, first, last, count);
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* Whether there is memory behind the last number that is read. */
static bool has_one_more(const agi_source *source)
{
    int64_t at = source->offset;
    for (int d = 0; d < source->ndim; d++)
        at += (source->shape[d] - 1) * source->strides[d];
    return at + 1 < source->from.storage->numel;
}

/* The innermost run of a strided source where it lies as code can read it: dense, one number, or
 * every second one. */
static int64_t run_of(const program_value *v)
{
    const agi_source *source = v->strided;
    const int last = source->ndim - 1;
    const int64_t step = source->strides[last];
    const bool readable = step == 0 || step == 1 || (step == 2 && has_one_more(source));
    return readable ? source->shape[last] : 0;
}

/* All strided values may be read by rows at first; those that a kernel or a sum reads may not. */
static void keep_from_kernels(program *p)
{
    for (int32_t i = 0; i < p->count; i++)
        for (int k = 0; k < p->values[i].n_in; k++)
            if (p->values[i].group < 0)
                p->values[p->values[i].in[k]].by_rows = false;
}

/* The length of the rows: the shortest run that is worth it, of which the others are multiples. */
static int64_t shortest_run(const program *p)
{
    int64_t shortest = 0;
    for (int32_t i = 0; i < p->count; i++) {
        const program_value *v = &p->values[i];
        const int64_t run = v->by_rows ? run_of(v) : 0;
        if (run >= AGI_JIT_TURN && (shortest == 0 || run < shortest))
            shortest = run;
    }
    return shortest;
}

/* Which values are read by rows, and so which groups go over rows. The code of rows computes some
 * elements twice, so that nothing may be read from memory that is written. */
static void choose_run(program *p)
{
    for (int32_t i = 0; i < p->count; i++)
        p->values[i].by_rows = p->values[i].kind == VALUE_STRIDED && !p->overwrites;
    keep_from_kernels(p);
    p->run = shortest_run(p);
    for (int32_t i = 0; i < p->count; i++) {
        program_value *v = &p->values[i];
        const int64_t run = v->by_rows ? run_of(v) : 0;
        v->by_rows = v->by_rows && p->run > 0 && run >= p->run && run % p->run == 0;
    }
    for (int32_t i = 0; i < p->count; i++)
        for (int k = 0; k < p->values[i].n_in; k++)
            if (p->values[p->values[i].in[k]].by_rows)
                p->groups[p->values[i].group].by_rows = true;
}

/* Sums of columns take blocks of rows, which the code can make where all is one group, and all that
 * is read by rows has them as the sums have. */
static void choose_grid(program *p)
{
    const int64_t rest = p->cols % AGI_SUM_STRIP;
    const bool whole = p->run % p->cols == 0, columns = p->column_count == p->sum_count;
    p->grid_in_code = p->mode == MODE_GRID && p->is_one_group && !p->overwrites &&
                      p->cols >= AGI_JIT_TURN &&
                      (columns ? whole || p->cols % p->run == 0
                               : whole && (rest == 0 || rest >= AGI_JIT_TURN));
    for (int32_t i = 0; i < p->count; i++)
        p->grid_in_code &= p->values[i].kind != VALUE_STRIDED || p->values[i].by_rows;
    if (p->grid_in_code)
        p->groups[0].by_rows = true;
}

/* Without code, all is gathered. */
static void give_up_rows(program *p)
{
    p->run = 0;
    p->grid_in_code = false;
    for (int32_t i = 0; i < p->count; i++)
        p->values[i].by_rows = false;
}

static bool open_lists(program *p, agi_jit_step **steps)
{
    const size_t count = (size_t)p->grouped_steps, groups = (size_t)p->group_count;
    const size_t numbers = groups * AGI_JIT_OWN_CONSTANTS + count * OPERANDS_MAX;
    p->group_streams = agi_plain_new(4 * count * sizeof *p->group_streams);
    p->constants = agi_plain_new(numbers * sizeof *p->constants);
    *steps = agi_plain_new(PARTS_MAX * GROUP_STEPS_MAX * sizeof **steps);
    return p->group_streams != NULL && p->constants != NULL && *steps != NULL;
}

static void dissolve(program *p, const program_group *group)
{
    p->is_one_group = false;
    give_up_rows(p);
    for (int32_t i = group->first; i <= group->last; i++)
        if (p->values[i].group == group - p->groups) {
            p->values[i].group = -1;
            p->values[i].pairs = false;
        }
}

static bool compile_groups(program *p, agi_jit_step *steps)
{
    int32_t streams = 0, constants = 0;
    bool ok = true;
    for (int32_t g = 0; g < p->group_count && ok; g++) {
        program_group *group = &p->groups[g];
        group->first_stream = streams;
        group->first_constant = constants;
        ok = compile_group(p, steps, group);
        streams += group->stream_count;
        constants += group->constant_count;
    }
    p->constant_count = constants;
    return ok;
}

static void note_group(program *p, const program_group *group)
{
    p->spill = group->code.spill > p->spill ? group->code.spill : p->spill;
    p->spill = group->rest_code.spill > p->spill ? group->rest_code.spill : p->spill;
    p->most_streams = group->stream_count > p->most_streams ? group->stream_count : p->most_streams;
    for (int32_t s = 0; s < group->stream_count; s++)
        if (p->values[p->group_streams[group->first_stream + s]].memory != NULL)
            p->cost += GROUP_STREAM_COST;
    for (int32_t i = group->first; i <= group->last; i++) {
        const program_value *v = &p->values[i];
        if (v->group == group - p->groups)
            p->cost += GROUP_STEP_COST - agi_run_cost_of(v->expr->op);
    }
}

bool agi_program_group(program *p)
{
    agi_jit_step *steps = NULL;
    if (p->steps == 0 || !agi_jit_begin())
        return true;
    p->groups = agi_plain_new((size_t)p->steps * sizeof *p->groups);
    if (p->groups == NULL)
        return false;
    assign_groups(p);
    if (p->group_count == 0)
        return true;
    choose_run(p);
    find_leaving(p);
    find_choosing(p);
    p->is_one_group = p->group_count == 1 && p->grouped_steps == p->steps;
    choose_grid(p);
    const bool ok = open_lists(p, &steps) && compile_groups(p, steps);
    agi_plain_free(steps);
    const bool usable = agi_jit_end();
    for (int32_t g = 0; g < p->group_count && ok; g++) {
        program_group *group = &p->groups[g];
        if (!usable || group->code.run == NULL || group->rest_code.run == NULL)
            dissolve(p, group);
        else
            note_group(p, group);
    }
    return ok;
}
