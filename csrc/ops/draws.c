/* SPDX-License-Identifier: MIT
 *
 * Random numbers in place, and those of given probabilities and rates. A function takes its blocks
 * of the stream first (tensor/random.h) and hands their place on to an op, which makes the numbers
 * where they are to lie: element k, counted row by row, gets the same number however the tensor
 * lies in memory. An op that fails gives the blocks back. No gradient flows through any of them.
 *
 * The attributes of an op draw_<law>: f = the law's numbers, i = seed, position, and of whole
 * numbers the first of them and how many there are.
 */
#include <math.h>
#include <string.h>

#include "../base/alloc.h"
#include "../base/check.h"
#include "../base/shape.h"
#include "../compute/indexed.h"
#include "../compute/kernel.h"
#include "../compute/order.h"
#include "../fuse/pending.h"
#include "../tape/apply.h"
#include "../tape/dtypes.h"
#include "../tape/rule.h"
#include "../tensor/copy.h"
#include "../tensor/layout.h"
#include "../tensor/random.h"
#include "../tensor/scope.h"
#include "indexed_check.h"
#include "table.h"

#define WHOLE_MAX (INT64_C(1) << 53)  /* the largest number of int64 tensors, and of random_() */

/* ---- numbers into a tensor ------------------------------------------------------------------ */

static agi_draw draw_of(const ag_attr *attr)
{
    return (agi_draw){.seed = (uint64_t)attr->i[0], .position = (uint64_t)attr->i[1]};
}

/* z = what is in row-major memory. */
static void spread_rows(ag_tensor *z, const double *from)
{
    int64_t strides[AGI_MAX_DIMS];
    agi_shape_strides(z->ndim, agi_shape_of(z), strides);
    agi_run_scatter(agi_tensor_data(z), agi_strides_of(z), z->ndim, agi_shape_of(z), from, strides);
}

static ag_status fill_by(ag_tensor *z, const ag_arg *args, const ag_attr *attr, agi_law law)
{
    const agi_draw draw = draw_of(attr);
    const bool may_block = agi_are_snapshots(1, args);
    if (agi_is_contiguous(z)) {
        agi_random_fill(agi_tensor_data(z), z->numel, &draw, &law, may_block);
        return AG_OK;
    }
    double *room = agi_plain_new((size_t)z->numel * sizeof *room);
    if (room == NULL)
        return ag_last_status();
    agi_random_fill(room, z->numel, &draw, &law, may_block);
    spread_rows(z, room);
    agi_plain_free(room);
    return AG_OK;
}

#define DRAW(name, KIND) \
    AG_EDIT(draw_##name) \
    { \
        const agi_law law = {.kind = KIND, .a = attr->f[0], .b = attr->f[1]}; \
        return fill_by(z, args, attr, law); \
    }
DRAW(uniform, AGI_LAW_UNIFORM)
DRAW(normal, AGI_LAW_NORMAL)
DRAW(log_normal, AGI_LAW_LOG_NORMAL)
DRAW(exponential, AGI_LAW_EXPONENTIAL)
DRAW(cauchy, AGI_LAW_CAUCHY)
DRAW(bernoulli, AGI_LAW_TRUTH)
#undef DRAW

AG_EDIT(draw_geometric)
{
    const double most = agi_arg_dtype(&args[0]) == AG_INT64 ? (double)WHOLE_MAX : INFINITY;
    return fill_by(z, args, attr,
                   (agi_law){.kind = AGI_LAW_GEOMETRIC, .a = attr->f[0], .b = most});
}

/* Whether all `count` numbers from `from` on are numbers of the dtype. */
static bool are_in_bounds(ag_dtype dtype, int64_t from, uint64_t count)
{
    const int64_t least = dtype == AG_BOOL ? 0 : dtype == AG_INT64 ? -WHOLE_MAX : INT64_MIN;
    const int64_t most = dtype == AG_BOOL ? 1 : dtype == AG_INT64 ? WHOLE_MAX : INT64_MAX;
    const char *name = dtype == AG_BOOL ? "bool" : "int64";
    if (from < least || from > most)
        agi_fail(AG_ERR_VALUE, "from is out of bounds for %s", name);
    else if (count - 1 > (uint64_t)most - (uint64_t)from)
        agi_fail(AG_ERR_VALUE, "to - 1 is out of bounds for %s", name);
    else
        return true;
    return false;
}

AG_EDIT(draw_random)
{
    const agi_law law = {
        .kind = AGI_LAW_WHOLE, .from = attr->i[2], .count = (uint64_t)attr->i[3]};
    if (!are_in_bounds(agi_arg_dtype(&args[0]), law.from, law.count))
        return ag_last_status();
    return fill_by(z, args, attr, law);
}

/* draw_bernoulli_by: z = 1 with the probability that y has at each place, else 0; dx = dy = 0. */
AG_EDIT(draw_bernoulli_by)
{
    const ag_tensor *p = args[1].tensor;
    const agi_law plain = {.kind = AGI_LAW_UNIFORM, .a = 0.0, .b = 1.0};
    const agi_draw draw = draw_of(attr);
    int64_t shape[AGI_MAX_DIMS], strides[AGI_MAX_DIMS];
    int ndim = z->ndim;
    if (p == NULL)
        return fill_by(z, args, attr, (agi_law){.kind = AGI_LAW_TRUTH, .a = args[1].value});
    memcpy(shape, agi_shape_of(z), (size_t)ndim * sizeof *shape);
    if (agi_shape_broadcast(&ndim, shape, p->ndim, agi_shape_of(p)) != AG_OK)
        return ag_last_status();
    if (!agi_shape_equal(ndim, shape, z->ndim, agi_shape_of(z)))
        return agi_fail(AG_ERR_SHAPE, "bernoulli_: expected probabilities that broadcast to the "
                                      "shape of the tensor");
    double *room = agi_plain_new((size_t)z->numel * 2 * sizeof *room);
    if (room == NULL)
        return ag_last_status();
    double *limit = room + z->numel;
    agi_random_fill(room, z->numel, &draw, &plain, agi_are_snapshots(2, args));
    agi_shape_broadcast_strides(ndim, shape, p->ndim, agi_shape_of(p), agi_strides_of(p), strides);
    agi_run_gather(limit, ndim, shape, agi_tensor_data(p), strides);
    for (int64_t k = 0; k < z->numel; k++)
        room[k] = room[k] < limit[k] ? 1.0 : 0.0;
    spread_rows(z, room);
    agi_plain_free(room);
    return AG_OK;
}

AG_RULE(draw_bernoulli_by)
{
    int ndim;
    const int64_t *shape = agi_node_input_shape(v->node, 1, &ndim);
    if (NEEDS(0))
        GX(0) = agi_zeros_for(G);
    if (NEEDS(1))
        GX(1) = agi_repeated(0.0, ndim, shape);
}

/* ---- in place ------------------------------------------------------------------------------- */

static bool draws_are_real(const char *kernel, const ag_tensor *x)
{
    if (agi_dtype_of(x) == AG_FLOAT64)
        return true;
    agi_fail(AG_ERR_DTYPE, "\"%s\" not implemented for '%s'", kernel,
             agi_dtype_name(agi_dtype_of(x)));
    return false;
}

static bool is_continuous(const char *law, const ag_tensor *x)
{
    if (agi_dtype_of(x) == AG_FLOAT64)
        return true;
    agi_fail(AG_ERR_VALUE, "%s distribution is a continuous probability distribution. dtype must "
                           "be a floating point but you specified %s", law,
             agi_dtype_name(agi_dtype_of(x)));
    return false;
}

static bool is_positive(const char *op, const char *name, double value)
{
    if (value > 0.0)
        return true;
    agi_fail(AG_ERR_VALUE, "%s expects %s > 0.0, but found %s=%g", op, name, name, value);
    return false;
}

static bool is_probability(double p)
{
    if (p >= 0.0 && p <= 1.0)
        return true;
    agi_fail(AG_ERR_VALUE, "bernoulli_ expects p to be in [0, 1], but got p=%g", p);
    return false;
}

/* args[0] is written to. */
static ag_status draw_into(int op, int n, const ag_arg *args, ag_attr attr, ag_generator *g)
{
    const agi_draw draw = agi_random_take(g, agi_random_blocks(args[0].tensor->numel));
    attr.i[0] = (int64_t)draw.seed;
    attr.i[1] = (int64_t)draw.position;
    const ag_status status = ag_apply_((ag_op)op, n, args, &attr);
    if (status != AG_OK)
        agi_random_give_back(g, &draw);
    return status;
}

static ag_status draw_by(int op, ag_tensor *x, double a, double b, ag_generator *g)
{
    const ag_arg arg = agi_arg(x);
    return draw_into(op, 1, &arg, (ag_attr){.f = {a, b}}, g);
}

ag_status ag_uniform_(ag_tensor *input, double from, double to, ag_generator *g)
{
    if (!agi_has_tensor("uniform_", input) || !draws_are_real("check_uniform_bounds", input))
        return ag_last_status();
    if (!isfinite(from) || !isfinite(to))
        return agi_fail(AG_ERR_VALUE, "%s is out of bounds for double",
                        isfinite(from) ? "to" : "from");
    if (from > to)
        return agi_fail(AG_ERR_VALUE, "uniform_ expects to return a [from, to) range, but found "
                                      "from=%g > to=%g", from, to);
    if (!isfinite(to - from))
        return agi_fail(AG_ERR_VALUE, "uniform_ expects to-from <= std::numeric_limits<Double>"
                                      "::max(), but found to=%g and from=%g which result in "
                                      "to-from to exceed the limit", to, from);
    return draw_by(AG_OP_draw_uniform, input, from, to, g);
}

ag_status ag_normal_(ag_tensor *input, double mean, double std, ag_generator *g)
{
    if (!agi_has_tensor("normal_", input))
        return ag_last_status();
    if (!(std >= 0.0))
        return agi_fail(AG_ERR_VALUE, "normal expects std >= 0.0, but found std %g", std);
    return draws_are_real("normal_kernel_cpu", input)
               ? draw_by(AG_OP_draw_normal, input, mean, std, g) : ag_last_status();
}

ag_status ag_log_normal_(ag_tensor *input, double mean, double std, ag_generator *g)
{
    if (!agi_has_tensor("log_normal_", input) || !is_positive("log_normal_", "std", std) ||
        !draws_are_real("log_normal_cpu", input))
        return ag_last_status();
    return draw_by(AG_OP_draw_log_normal, input, mean, std, g);
}

ag_status ag_exponential_(ag_tensor *input, double lambd, ag_generator *g)
{
    if (!agi_has_tensor("exponential_", input) || !is_continuous("Exponential", input) ||
        !is_positive("exponential_", "lambda", lambd))
        return ag_last_status();
    return draw_by(AG_OP_draw_exponential, input, lambd, 0.0, g);
}

ag_status ag_cauchy_(ag_tensor *input, double median, double sigma, ag_generator *g)
{
    if (!agi_has_tensor("cauchy_", input) || !is_continuous("Cauchy", input) ||
        !is_positive("cauchy_", "sigma", sigma))
        return ag_last_status();
    return draw_by(AG_OP_draw_cauchy, input, median, sigma, g);
}

ag_status ag_geometric_(ag_tensor *input, double p, ag_generator *g)
{
    if (!agi_has_tensor("geometric_", input))
        return ag_last_status();
    if (!(p > 0.0 && p < 1.0))
        return agi_fail(AG_ERR_VALUE, "geometric_ expects p to be in (0, 1), but got p=%g", p);
    if (agi_dtype_of(input) == AG_BOOL && !draws_are_real("geometric_cpu", input))
        return ag_last_status();
    return draw_by(AG_OP_draw_geometric, input, p, 0.0, g);
}

/* One of the whole numbers from `from` up to, but without, to. `variant` is that of the label. */
static ag_status draw_whole(ag_tensor *x, int64_t from, int64_t to, int variant, ag_generator *g)
{
    if (from >= to)
        return agi_fail(AG_ERR_VALUE, "random_ expects 'from' to be less than 'to', but got "
                                      "from=%lld >= to=%lld", (long long)from, (long long)to);
    const ag_arg arg = agi_arg(x);
    const ag_attr attr = {.f = {variant},
                          .i = {0, 0, from, (int64_t)((uint64_t)to - (uint64_t)from)}};
    return draw_into(AG_OP_draw_random, 1, &arg, attr, g);
}

/* Behind the last number that is drawn where no end is given. */
static int64_t end_of(const ag_tensor *x)
{
    return agi_dtype_of(x) == AG_BOOL ? 2 : WHOLE_MAX + 1;
}

ag_status ag_random_(ag_tensor *input, ag_generator *g)
{
    return agi_has_tensor("random_", input) ? draw_whole(input, 0, end_of(input), 2, g)
                                            : ag_last_status();
}

ag_status ag_random_to_(ag_tensor *input, int64_t to, ag_generator *g)
{
    return agi_has_tensor("random_", input) ? draw_whole(input, 0, to, 1, g) : ag_last_status();
}

ag_status ag_random_from_(ag_tensor *input, int64_t from, int64_t to, ag_generator *g)
{
    if (!agi_has_tensor("random_", input))
        return ag_last_status();
    return draw_whole(input, from, to != INT64_MIN ? to : end_of(input), 0, g);
}

/* ---- bernoulli ------------------------------------------------------------------------------ */

/* bernoulli_of: 1 where a uniform x is below the probability y; dy = 0. */
AG_MAP2(bernoulli_of, x < y ? 1.0 : 0.0)

/* Whether `test` finds all elements of x right: the largest and the smallest are looked at, and a
 * NaN is both. */
static bool numbers_pass(ag_tensor *x, bool (*test)(double))
{
    static const int ops[] = {AG_OP_amin, AG_OP_amax};
    const ag_attr all = {.n_list = -1};
    const ag_arg arg = agi_arg(x);
    bool right = true;
    for (int k = 0; k < 2 && right && x->numel > 0; k++) {
        ag_tensor *one = agi_compute(ops[k], 1, &arg, &all);
        const bool known = one != NULL && agi_storage_ready(one->storage) == AG_OK;
        right = known && test(*agi_tensor_data(one));
        agi_release(one);
        if (!known)
            return false;
        if (!right)
            agi_fail(AG_ERR_VALUE, "a number is out of range");
    }
    return right;
}

static bool is_in_unit(double p) { return p >= 0.0 && p <= 1.0; }
static bool is_rate(double rate) { return rate >= 0.0; }
static bool is_weight(double p) { return p >= 0.0 && p < INFINITY; }

static bool are_chances(ag_tensor *p)
{
    if (!draws_are_real("bernoulli_tensor_cpu_p_", p))
        return false;
    if (numbers_pass(p, is_in_unit))
        return true;
    if (ag_last_status() == AG_ERR_VALUE)
        agi_fail(AG_ERR_VALUE, "Expected p_in >= 0 && p_in <= 1 to be true, but got false.");
    return false;
}

ag_status ag_bernoulli_(ag_tensor *input, double p, ag_generator *g)
{
    if (!agi_has_tensor("bernoulli_", input) || !is_probability(p))
        return ag_last_status();
    return draw_by(AG_OP_draw_bernoulli, input, p, 0.0, g);
}

ag_status ag_bernoulli_by_(ag_tensor *input, ag_tensor *p, ag_generator *g)
{
    if (!agi_has_tensors("bernoulli_", input, p))
        return ag_last_status();
    const ag_arg args[2] = {agi_arg(input), agi_arg(p)};
    const ag_attr shape = {.n_list = input->ndim, .list = agi_shape_of(input)};
    ag_tensor *wide = agi_compute(AG_OP_expand, 1, &args[1], &shape);
    const bool fits = wide != NULL;
    agi_release(wide);
    return fits && are_chances(p)
               ? draw_into(AG_OP_draw_bernoulli_by, 2, args, (ag_attr){.n_list = 0}, g)
               : ag_last_status();
}

ag_tensor *ag_bernoulli(ag_tensor *input, ag_generator *g)
{
    int64_t shape[AGI_MAX_DIMS];
    agi_draw draw;
    const agi_law plain = {.kind = AGI_LAW_UNIFORM, .a = 0.0, .b = 1.0};
    if (!agi_has_tensor("bernoulli", input) || !are_chances(input))
        return NULL;
    const int ndim = input->ndim;
    memcpy(shape, agi_shape_of(input), (size_t)ndim * sizeof *shape);
    ag_tensor *x = agi_random_tensor("bernoulli", ndim, shape, &plain, g, &draw);
    if (x == NULL)
        return NULL;
    const ag_arg args[2] = {agi_arg(x), agi_arg(input)};
    ag_tensor *z = agi_call(AG_OP_bernoulli_of, 2, args, NULL);
    agi_release(x);
    if (z == NULL)
        agi_random_give_back(g, &draw);
    return z;
}

ag_tensor *ag_bernoulli_number(ag_tensor *input, double p, ag_generator *g)
{
    if (!agi_has_tensor("bernoulli", input) || !is_probability(p))
        return NULL;
    const agi_draw draw = agi_random_take(g, agi_random_blocks(input->numel));
    const ag_arg arg = agi_arg(input);
    const ag_attr attr = {.f = {p}, .i = {(int64_t)draw.seed, (int64_t)draw.position}};
    ag_tensor *z = agi_call(AG_OP_draw_bernoulli, 1, &arg, &attr);
    if (z == NULL)
        agi_random_give_back(g, &draw);
    return z;
}

/* ---- poisson -------------------------------------------------------------------------------- */

/* poisson: numbers of the rates x; dx = 0. i = seed, position. */
AG_FORWARD(poisson)
{
    const agi_draw draw = draw_of(attr);
    ag_tensor *x = agi_tensor_to_read(args[0].tensor);
    ag_tensor *z = x != NULL ? agi_tensor_new(x->ndim, agi_shape_of(x), x->numel) : NULL;
    if (z != NULL) {
        agi_run_gather(agi_tensor_data(z), x->ndim, agi_shape_of(x), agi_tensor_data(x),
                       agi_strides_of(x));
        agi_random_poisson(agi_tensor_data(z), z->numel, &draw, true);
    }
    agi_release(x);
    return z;
}

ag_tensor *ag_poisson(ag_tensor *input, ag_generator *g)
{
    if (!agi_has_tensor("poisson", input) || !draws_are_real("poisson_cpu", input))
        return NULL;
    if (!numbers_pass(input, is_rate)) {
        if (ag_last_status() == AG_ERR_VALUE)
            agi_fail(AG_ERR_VALUE, "invalid Poisson rate, expected rate to be non-negative");
        return NULL;
    }
    const agi_draw draw = agi_random_take(g, (uint64_t)input->numel);
    const ag_arg arg = agi_arg(input);
    const ag_attr attr = {.i = {(int64_t)draw.seed, (int64_t)draw.position}};
    ag_tensor *z = agi_call(AG_OP_poisson, 1, &arg, &attr);
    if (z == NULL)
        agi_random_give_back(g, &draw);
    return z;
}

/* ---- binomial ------------------------------------------------------------------------------- */

/* z[...] = t, repeated to that shape. */
static void spread_over(double *z, int ndim, const int64_t *shape, const ag_tensor *t)
{
    int64_t strides[AGI_MAX_DIMS];
    agi_shape_broadcast_strides(ndim, shape, t->ndim, agi_shape_of(t), agi_strides_of(t), strides);
    agi_run_gather(z, ndim, shape, agi_tensor_data(t), strides);
}

static bool is_real_for_binomial(const char *what, const ag_tensor *x)
{
    if (agi_dtype_of(x) == AG_FLOAT64)
        return true;
    agi_fail(AG_ERR_VALUE, "binomial only supports floating-point dtypes for %s, got: %s", what,
             agi_dtype_name(agi_dtype_of(x)));
    return false;
}

/* binomial: successes among x of the chances y; dx = dy = 0. i = seed, position. */
AG_FORWARD(binomial)
{
    const agi_draw draw = draw_of(attr);
    int64_t shape[AGI_MAX_DIMS];
    ag_tensor *x = agi_tensor_to_read(args[0].tensor), *z = NULL;
    ag_tensor *p = x != NULL ? agi_tensor_to_read(args[1].tensor) : NULL;
    int ndim = x != NULL ? x->ndim : 0;
    if (p != NULL) {
        memcpy(shape, agi_shape_of(x), (size_t)ndim * sizeof *shape);
        const bool fits = agi_shape_broadcast(&ndim, shape, p->ndim, agi_shape_of(p)) == AG_OK;
        const int64_t n = fits ? agi_shape_numel("binomial", ndim, shape) : -1;
        z = n < 0 ? NULL : agi_tensor_new(ndim, shape, n);
    }
    double *chances = z != NULL ? agi_plain_new((size_t)z->numel * sizeof *chances + 1) : NULL;
    if (chances != NULL) {
        spread_over(agi_tensor_data(z), ndim, shape, x);
        spread_over(chances, ndim, shape, p);
        agi_random_binomial(agi_tensor_data(z), chances, z->numel, &draw, true);
    } else {
        agi_release(z);
        z = NULL;
    }
    agi_plain_free(chances);
    agi_release(x);
    agi_release(p);
    return z;
}

AG_RULE(binomial)
{
    for (int k = 0; k < 2; k++) {
        int ndim;
        const int64_t *shape = agi_node_input_shape(v->node, k, &ndim);
        if (NEEDS(k))
            GX(k) = agi_repeated(0.0, ndim, shape);
    }
}

ag_tensor *ag_binomial(ag_tensor *count, ag_tensor *prob, ag_generator *g)
{
    int64_t shape[AGI_MAX_DIMS];
    if (!agi_has_tensors("binomial", count, prob) || !is_real_for_binomial("count", count) ||
        !is_real_for_binomial("prob", prob))
        return NULL;
    int ndim = count->ndim;
    memcpy(shape, agi_shape_of(count), (size_t)ndim * sizeof *shape);
    if (agi_shape_broadcast(&ndim, shape, prob->ndim, agi_shape_of(prob)) != AG_OK)
        return NULL;
    const int64_t n = agi_shape_numel("binomial", ndim, shape);
    if (n < 0)
        return NULL;
    const agi_draw draw = agi_random_take(g, (uint64_t)n);
    const ag_arg args[2] = {agi_arg(count), agi_arg(prob)};
    const ag_attr attr = {.i = {(int64_t)draw.seed, (int64_t)draw.position}};
    ag_tensor *z = agi_call(AG_OP_binomial, 2, args, &attr);
    if (z == NULL)
        agi_random_give_back(g, &draw);
    return z;
}

/* ---- whole numbers -------------------------------------------------------------------------- */

/* The law of whole numbers from low up to, but without, high; false with an error where there are
 * none, or the dtype does not have them. */
static bool law_between(agi_law *law, int64_t low, int64_t high, ag_dtype dtype)
{
    *law = (agi_law){.kind = AGI_LAW_WHOLE, .from = low, .count = (uint64_t)high - (uint64_t)low};
    if (low < high)
        return are_in_bounds(dtype, low, law->count);
    agi_fail(AG_ERR_VALUE, "random_ expects 'from' to be less than 'to', but got from=%lld >= "
                           "to=%lld", (long long)low, (long long)high);
    return false;
}

ag_tensor *ag_randint(int64_t low, int64_t high, int n_size, const int64_t *size, ag_generator *g)
{
    agi_law law;
    agi_draw draw;
    if (!law_between(&law, low, high, AG_INT64))
        return NULL;
    ag_tensor *t = agi_random_tensor("randint", n_size, size, &law, g, &draw);
    if (t != NULL)
        t->storage->dtype = AG_INT64;
    return agi_scope_add(t);
}

ag_tensor *ag_randint_below(int64_t high, int n_size, const int64_t *size, ag_generator *g)
{
    return ag_randint(0, high, n_size, size, g);
}

ag_tensor *ag_randint_like(ag_tensor *input, int64_t low, int64_t high, ag_generator *g)
{
    agi_law law;
    agi_draw draw;
    agi_layout layout;
    int64_t shape[AGI_MAX_DIMS] = {0};
    if (!agi_has_tensor("randint_like", input) ||
        !law_between(&law, low, high, agi_dtype_of(input)))
        return NULL;
    const ag_dtype dtype = agi_dtype_of(input);
    const bool arranged = agi_layout_of(&layout, input);
    for (int k = 0; k < input->ndim; k++)
        shape[k] = agi_shape_of(input)[arranged ? layout.dims[k] : k];
    ag_tensor *t = agi_random_tensor("randint_like", input->ndim, shape, &law, g, &draw);
    if (t != NULL && arranged)
        agi_layout_give(t, &layout);
    if (t != NULL)
        t->storage->dtype = (uint8_t)dtype;
    return agi_scope_add(t);
}

ag_tensor *ag_randint_like_below(ag_tensor *input, int64_t high, ag_generator *g)
{
    return ag_randint_like(input, 0, high, g);
}

ag_tensor *ag_randperm(int64_t n, ag_generator *g)
{
    const int64_t shape[1] = {n};
    if (agi_shape_numel("randperm", 1, shape) < 0)
        return NULL;
    ag_tensor *t = agi_tensor_new(1, shape, n);
    if (t == NULL)
        return NULL;
    const agi_draw draw = agi_random_take(g, agi_random_blocks(n));
    agi_random_permute(agi_tensor_data(t), n, &draw);
    t->storage->dtype = AG_INT64;
    return agi_scope_add(t);
}

/* ---- multinomial ---------------------------------------------------------------------------- */

typedef struct choice_job {
    int64_t rows, classes, samples;
    const double *weights;  /* row by row */
    double *z;              /* likewise: the classes that were chosen */
    double *uniforms;       /* one for each sample or, where none comes twice, for each weight */
    double *room;           /* for a row of weights */
    agi_ranked *first;      /* where none comes twice */
} choice_job;

/* Sums up to each weight; the first sum above a uniform part of the whole is the class's. What has
 * the weight 0 adds nothing, and so is never the first. */
static void choose_any(const choice_job *job, const double *weights, const double *uniforms,
                       double *z)
{
    double largest = 0.0, sum = 0.0;
    int64_t last = 0;
    for (int64_t k = 0; k < job->classes; k++)
        largest = weights[k] > largest ? weights[k] : largest;
    for (int64_t k = 0; k < job->classes; k++) {
        const double part = weights[k] / largest;
        last = part > 0.0 ? k : last;
        job->room[k] = sum += part;
    }
    for (int64_t i = 0; i < job->samples; i++) {
        const double at = uniforms[i] * sum;
        int64_t low = 0, high = last;
        while (low < high) {
            const int64_t middle = low + (high - low) / 2;
            if (job->room[middle] > at)
                high = middle;
            else
                low = middle + 1;
        }
        z[i] = (double)low;
    }
}

/* Exponential waiting times, of which the weights are the rates: those that come first, in turn.
 * Their logarithms neither overflow nor vanish. */
static void choose_distinct(const choice_job *job, const double *weights, const double *uniforms,
                            double *z)
{
    for (int64_t k = 0; k < job->classes; k++)
        job->room[k] = weights[k] > 0.0 ? log(-log1p(-uniforms[k])) - log(weights[k]) : INFINITY;
    agi_first_ranked(job->first, job->room, job->classes, job->samples, false);
    for (int64_t i = 0; i < job->samples; i++)
        z[i] = (double)job->first[i].place;
}

static bool check_choice(const ag_tensor *x, int64_t samples, bool replacement)
{
    if (x->ndim != 1 && x->ndim != 2)
        agi_fail(AG_ERR_VALUE, "prob_dist must be 1 or 2 dim");
    else if (agi_dtype_of(x) != AG_FLOAT64)
        agi_fail(AG_ERR_VALUE, "multinomial only supports floating-point dtypes for input, got: %s",
                 agi_dtype_name(agi_dtype_of(x)));
    else if (samples <= 0)
        agi_fail(AG_ERR_VALUE, "cannot sample n_sample <= 0 samples");
    else if (!replacement && samples > agi_shape_of(x)[x->ndim - 1])
        agi_fail(AG_ERR_VALUE, "cannot sample n_sample > prob_dist.size(-1) samples without "
                               "replacement");
    else
        return true;
    return false;
}

static bool check_choice_weights(ag_tensor *x, const choice_job *job)
{
    if (!numbers_pass(x, is_weight)) {
        if (ag_last_status() == AG_ERR_VALUE)
            agi_fail(AG_ERR_VALUE,
                     "probability tensor contains either `inf`, `nan` or element < 0");
        return false;
    }
    for (int64_t row = 0; row < job->rows; row++) {
        bool any = false;
        for (int64_t k = 0; k < job->classes && !any; k++)
            any = job->weights[row * job->classes + k] > 0.0;
        if (!any) {
            agi_fail(AG_ERR_VALUE,
                     "invalid multinomial distribution (sum of probabilities <= 0)");
            return false;
        }
    }
    return true;
}

/* The job, whose memory is there, with the numbers of g. */
static void choose(choice_job *job, bool replacement, ag_generator *g)
{
    const agi_law plain = {.kind = AGI_LAW_UNIFORM, .a = 0.0, .b = 1.0};
    const int64_t each = replacement ? job->samples : job->classes, n = job->rows * each;
    const agi_draw draw = agi_random_take(g, agi_random_blocks(n));
    agi_random_fill(job->uniforms, n, &draw, &plain, true);
    for (int64_t row = 0; row < job->rows; row++)
        (replacement ? choose_any : choose_distinct)(job, job->weights + row * job->classes,
                                                     job->uniforms + row * each,
                                                     job->z + row * job->samples);
}

static bool room_for_choice(choice_job *job, bool replacement)
{
    const int64_t each = replacement ? job->samples : job->classes;
    const int64_t shape[3] = {job->rows, each, 1}, ranks = agi_first_room(job->samples);
    if (agi_shape_numel("multinomial", 3, shape) < 0)
        return false;
    job->uniforms = agi_plain_new((size_t)(job->rows * each) * sizeof *job->uniforms);
    job->room = agi_plain_new((size_t)job->classes * sizeof *job->room);
    job->first = replacement ? NULL : agi_plain_new((size_t)ranks * sizeof *job->first);
    return job->uniforms != NULL && job->room != NULL && (replacement || job->first != NULL);
}

ag_tensor *ag_multinomial(ag_tensor *input, int64_t num_samples, bool replacement, ag_generator *g)
{
    if (!agi_has_tensor("multinomial", input) || !check_choice(input, num_samples, replacement))
        return NULL;
    const ag_arg arg = agi_arg(input);
    ag_tensor *x = agi_compute(AG_OP_clone, 1, &arg, &agi_row_major), *z = NULL;
    if (x == NULL || agi_storage_ready(x->storage) != AG_OK) {
        agi_release(x);
        return NULL;
    }
    const int64_t *sizes = agi_shape_of(x);
    const bool many = x->ndim == 2;
    const int64_t shape[2] = {many ? sizes[0] : num_samples, num_samples};
    choice_job job = {.rows = many ? sizes[0] : 1, .classes = sizes[x->ndim - 1],
                      .samples = num_samples, .weights = agi_tensor_data(x)};
    const int64_t numel = agi_shape_numel("multinomial", x->ndim, shape);
    if (numel >= 0 && check_choice_weights(x, &job) && room_for_choice(&job, replacement))
        z = agi_tensor_new(x->ndim, shape, numel);
    if (z != NULL) {
        job.z = agi_tensor_data(z);
        choose(&job, replacement, g);
        z->storage->dtype = AG_INT64;
    }
    agi_plain_free(job.uniforms);
    agi_plain_free(job.room);
    agi_plain_free(job.first);
    agi_release(x);
    return agi_scope_add(z);
}
