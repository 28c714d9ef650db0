/* SPDX-License-Identifier: MIT
 *
 * What networks leave to chance: numbers or whole features dropped (dropout and its like), slopes
 * (rrelu), and choices among classes that have a gradient (gumbel_softmax). The random numbers are
 * drawn first; what is made of them are ops that the tape knows.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "../base/check.h"
#include "../compute/kernel.h"
#include "../tape/apply.h"
#include "../tape/dtypes.h"
#include "../tape/formula.h"
#include "../tensor/random.h"
#include "../tensor/scope.h"
#include "table.h"

/* ---- dropout -------------------------------------------------------------------------------- */

/* What is kept or dropped at a time, and what stands for what is dropped: 0, or the least that selu
 * gives, with all scaled so that mean and variance stay. */
typedef enum dropping { DROP_NUMBERS = 0, DROP_FEATURES = 1, DROP_ALPHA = 2 } dropping;

/* The least number of selu, its sign changed: the scale times alpha. */
#define SELU_LEAST 1.7580993408473766

static ag_arg failed_drop(void) { return agi_arg(&agi_failed); }

/* True with probability 1 - p: for each number, or for each feature. A value of the open scope. */
static ag_arg kept_by_chance(const ag_tensor *x, double p, unsigned kind)
{
    int64_t shape[AGI_MAX_DIMS];
    memcpy(shape, agi_shape_of(x), (size_t)x->ndim * sizeof *shape);
    for (int d = 2; (kind & DROP_FEATURES) && d < x->ndim; d++)
        shape[d] = 1;
    ag_tensor *drawn = ag_rand(x->ndim, shape, NULL);
    return drawn != NULL ? v_lt(agi_arg(drawn), NUM(1.0 - p)) : failed_drop();
}

static bool refuse_whole(const ag_tensor *x)
{
    if (agi_dtype_of(x) == AG_FLOAT64)
        return false;
    agi_fail(AG_ERR_VALUE, "result type Double can't be cast to the desired output type %s",
             agi_dtype_name(agi_dtype_of(x)));
    return true;
}

/* The factors, and what is added to their product: how many they are, 0 where one failed. */
static int drop_args(ag_tensor *x, double p, unsigned kind, ag_arg *args)
{
    args[0] = agi_arg(x);
    if (p == 1.0) {
        args[1] = (ag_arg){NULL, 0.0, AG_BOOL};
        return 2;
    }
    if (refuse_whole(x))
        return 0;
    const ag_arg kept = kept_by_chance(x, p, kind);
    if ((kind & DROP_ALPHA) == 0) {
        args[1] = v_div(kept, NUM(1.0 - p));
        return agi_value_failed(args[1]) ? 0 : 2;
    }
    const double scale = 1.0 / sqrt((SELU_LEAST * SELU_LEAST * p + 1.0) * (1.0 - p));
    const double shift = SELU_LEAST * scale * p;
    args[1] = v_mul(kept, NUM(scale));
    args[2] = v_where(kept, NUM(shift), NUM(shift - SELU_LEAST * scale));
    return agi_value_failed(args[1]) || agi_value_failed(args[2]) ? 0 : 3;
}

/* alpha_dropped: x y + z, for a scale y and a shift z. */
AG_FORMULA(alpha_dropped)
{
    (void)attr;
    return v_add(v_mul(args[0], args[1]), args[2]);
}

static bool check_dropout(const char *op, ag_tensor *x, double p, unsigned kind)
{
    if (!agi_has_tensor(op, x))
        return false;
    if (!(p >= 0.0 && p <= 1.0))
        agi_fail(AG_ERR_VALUE, "dropout probability has to be between 0 and 1, but got %g", p);
    else if ((kind & DROP_FEATURES) && x->ndim < 2)
        agi_fail(AG_ERR_SHAPE, "Feature dropout requires at least 2 dimensions in the input");
    else
        return true;
    return false;
}

static bool drops_nothing(const ag_tensor *x, double p, bool training)
{
    return !training || p == 0.0 || x->numel == 0;
}

static ag_tensor *dropped(const char *op, ag_tensor *x, double p, bool training, unsigned kind)
{
    ag_arg args[3];
    if (!agi_has_tensor(op, x))
        return NULL;
    if (!check_dropout(op, x, p, drops_nothing(x, p, training) || p == 1.0 ? 0 : kind))
        return NULL;
    if (drops_nothing(x, p, training))
        return agi_scope_add(agi_retain(x));
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return NULL;
    const int n = drop_args(x, p, kind, args);
    const ag_arg z = n == 0 ? failed_drop()
                            : agi_value(n == 3 ? AG_OP_alpha_dropped : AG_OP_mul, n, args, NULL);
    return agi_leave_with(mark, z);
}

static ag_status drop(const char *op, ag_tensor *x, double p, bool training, unsigned kind)
{
    ag_arg args[3];
    if (!agi_has_tensor(op, x))
        return ag_last_status();
    if (!check_dropout(op, x, p, drops_nothing(x, p, training) || p == 1.0 ? 0 : kind))
        return ag_last_status();
    if (drops_nothing(x, p, training))
        return AG_OK;
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return ag_last_status();
    const int n = drop_args(x, p, kind, args);
    const ag_status status =
        n == 0 ? ag_last_status()
               : ag_apply_(n == 3 ? AG_OP_alpha_dropped : AG_OP_mul, n, args, NULL);
    agi_scope_close(mark);
    return status;
}

#define DROPOUT(name, kind) \
    ag_tensor *ag_##name(ag_tensor *input, double p, bool training) \
    { \
        return dropped(#name, input, p, training, kind); \
    } \
    ag_status ag_##name##_(ag_tensor *input, double p, bool training) \
    { \
        return drop(#name "_", input, p, training, kind); \
    }
DROPOUT(dropout, DROP_NUMBERS)
DROPOUT(feature_dropout, DROP_FEATURES)
DROPOUT(alpha_dropout, DROP_ALPHA)
DROPOUT(feature_alpha_dropout, (unsigned)DROP_ALPHA | DROP_FEATURES)
#undef DROPOUT

/* ---- rrelu ---------------------------------------------------------------------------------- */

/* rrelu_by: x where positive, else x times a slope y;  dx = g, or g y;  dy = 0, or g x. */
AG_MAP2(rrelu_by, x <= 0.0 ? x * y : x)

AG_RULE(rrelu_by)
{
    const ag_arg is_flat = v_le(IN(0), NUM(0.0));
    if (NEEDS(0))
        GX(0) = v_mul(G, v_where(is_flat, IN(1), NUM(1.0)));
    if (NEEDS(1))
        GX(1) = v_where(is_flat, v_vjp_mul(G, IN(0)), NUM(0.0));
}

static bool check_slopes(ag_tensor *x, double lower, double upper, bool training)
{
    if (!agi_has_tensor("rrelu", x))
        return false;
    if (!isfinite(lower) || !isfinite(upper))
        agi_fail(AG_ERR_VALUE, "rrelu: %s bound must be finite, got %g",
                 isfinite(lower) ? "upper" : "lower", isfinite(lower) ? upper : lower);
    else if (lower > upper)
        agi_fail(AG_ERR_VALUE, "Lower bound should be less than or equal to the upper bound");
    else if (agi_dtype_of(x) != AG_FLOAT64)
        agi_fail(AG_ERR_DTYPE, "\"%s_cpu\" not implemented for '%s'",
                 training ? "rrelu_with_noise_out" : "leaky_relu",
                 agi_dtype_name(agi_dtype_of(x)));
    else
        return true;
    return false;
}

/* A slope for each number. NULL with an error. */
static ag_tensor *draw_slopes(const ag_tensor *x, double lower, double upper, ag_generator *g,
                              agi_draw *draw)
{
    int64_t shape[AGI_MAX_DIMS];
    const agi_law law = {.kind = AGI_LAW_UNIFORM, .a = lower, .b = upper};
    memcpy(shape, agi_shape_of(x), (size_t)x->ndim * sizeof *shape);
    return agi_random_tensor("rrelu", x->ndim, shape, &law, g, draw);
}

ag_tensor *ag_rrelu(ag_tensor *input, double lower, double upper, bool training, ag_generator *g)
{
    agi_draw draw;
    if (!check_slopes(input, lower, upper, training))
        return NULL;
    if (!training) {
        const ag_arg args[2] = {agi_arg(input), NUM((lower + upper) / 2.0)};
        return agi_call(AG_OP_rrelu_by, 2, args, NULL);
    }
    ag_tensor *slopes = draw_slopes(input, lower, upper, g, &draw);
    if (slopes == NULL)
        return NULL;
    const ag_arg args[2] = {agi_arg(input), agi_arg(slopes)};
    ag_tensor *z = agi_call(AG_OP_rrelu_by, 2, args, NULL);
    agi_release(slopes);
    if (z == NULL)
        agi_random_give_back(g, &draw);
    return z;
}

ag_status ag_rrelu_(ag_tensor *input, double lower, double upper, bool training, ag_generator *g)
{
    agi_draw draw;
    if (!check_slopes(input, lower, upper, training))
        return ag_last_status();
    if (!training) {
        const ag_arg args[2] = {agi_arg(input), NUM((lower + upper) / 2.0)};
        return ag_apply_(AG_OP_rrelu_by, 2, args, NULL);
    }
    ag_tensor *slopes = draw_slopes(input, lower, upper, g, &draw);
    if (slopes == NULL)
        return ag_last_status();
    const ag_arg args[2] = {agi_arg(input), agi_arg(slopes)};
    const ag_status status = ag_apply_(AG_OP_rrelu_by, 2, args, NULL);
    agi_release(slopes);
    if (status != AG_OK)
        agi_random_give_back(g, &draw);
    return status;
}

/* ---- gumbel_softmax ------------------------------------------------------------------------- */

/* args: log odds, exponential numbers; f: tau; i: dim, whether one class gets all. The largest of
 * log odds less logarithms of exponential numbers is that of each class as often as the softmax of
 * the log odds says. No exponential number is taken for 0. */
static ag_arg gumbel_formula(const ag_arg *args, const ag_attr *attr)
{
    const ag_attr along = {.i = {attr->i[0]}}, at = {.i = {attr->i[0], true}};
    const ag_arg noise = v_neg(v_log(v_maximum(args[1], NUM(DBL_MIN))));
    const ag_arg odds = v_div(v_add(args[0], noise), NUM(attr->f[0]));
    const ag_arg soft = agi_value(AG_OP_softmax, 1, &odds, &along);
    if (attr->i[1] == 0 || agi_value_failed(soft))
        return soft;
    const ag_arg fixed = v_constant(soft);
    const ag_arg put[3] = {v_mul(fixed, NUM(0.0)), agi_value(AG_OP_argmax, 1, &fixed, &at),
                           NUM(1.0)};
    if (agi_value_failed(put[1]))
        return put[1];
    const ag_arg hard = agi_value(AG_OP_scatter, 3, put, &along);
    return v_add(hard, v_sub(soft, fixed));
}

ag_tensor *ag_gumbel_softmax(ag_tensor *logits, double tau, bool hard, int dim)
{
    int64_t shape[AGI_MAX_DIMS];
    agi_draw draw;
    const agi_law law = {.kind = AGI_LAW_EXPONENTIAL, .a = 1.0};
    if (!agi_has_tensor("gumbel_softmax", logits))
        return NULL;
    if (agi_dtype_of(logits) != AG_FLOAT64)
        return agi_fail_null(AG_ERR_VALUE, "gumbel_softmax: expected log odds of float64, got %s",
                             agi_dtype_name(agi_dtype_of(logits)));
    memcpy(shape, agi_shape_of(logits), (size_t)logits->ndim * sizeof *shape);
    ag_tensor *drawn = agi_random_tensor("gumbel_softmax", logits->ndim, shape, &law, NULL, &draw);
    if (drawn == NULL)
        return NULL;
    const ag_arg args[2] = {agi_arg(logits), agi_arg(drawn)};
    const ag_attr attr = {.f = {tau}, .i = {dim, hard}};
    ag_tensor *z = agi_formula_run(gumbel_formula, args, &attr);
    agi_release(drawn);
    if (z == NULL)
        agi_random_give_back(NULL, &draw);
    return agi_scope_add(z);
}
