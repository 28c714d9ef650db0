/* SPDX-License-Identifier: MIT
 *
 * Quantiles, covariances and correlations: formulas.
 */
#include <math.h>
#include <string.h>

#include "../base/shape.h"
#include "../fuse/pending.h"
#include "../tape/formula.h"
#include "../tensor/scope.h"
#include "picks.h"
#include "table.h"

/* ---- quantile: between the two numbers whose ranks are about q (n - 1) ----------------------- */

typedef enum interpolation { LINEAR, LOWER, HIGHER, MIDPOINT, NEAREST } interpolation;

/* The numbers are in the last dimension, ranks of Q of them too; what is picked is brought into its
 * place among the dimensions: that of the numbers is dim, and q has one if it is a list. */
typedef struct quantile_shape {
    int dim, ndim;
    bool all, keep, is_list;
    int kept_ndim;          /* of all that is kept */
} quantile_shape;

static ag_arg sorted_along(ag_arg x)
{
    const ag_attr attr = {.i = {-1, false}};
    ag_tensor *outs[2];
    if (agi_value_failed(x) || agi_apply_several(AG_OP_sort, 1, &x, &attr, 2, outs) != AG_OK)
        return agi_arg(&agi_failed);
    agi_release(outs[1]);
    ag_tensor *sorted = agi_scope_add(outs[0]);
    return agi_arg(sorted != NULL ? sorted : &agi_failed);
}

static ag_arg exchanged(ag_arg x, int a, int b)
{
    const ag_attr attr = {.i = {a, b}};
    return a == b ? x : agi_value(AG_OP_transpose, 1, &x, &attr);
}

static bool check_quantile(const char *name, ag_arg x, ag_arg q)
{
    if (x.tensor->numel == 0) {
        agi_fail(AG_ERR_SHAPE, "%s() input tensor must be non-empty", name);
        return false;
    }
    if (q.tensor != NULL && q.tensor->ndim > 1) {
        agi_fail(AG_ERR_SHAPE, "%s() q must be a scalar or 1D tensor", name);
        return false;
    }
    if (q.tensor == NULL) {
        if (q.value >= 0.0 && q.value <= 1.0)
            return true;
        agi_fail(AG_ERR_VALUE, "%s() q must be in the range [0, 1] but got %g", name, q.value);
        return false;
    }
    const ag_arg outside = v_logical_not(v_mul(v_ge(q, NUM(0.0)), v_le(q, NUM(1.0))));
    const ag_attr all = {.n_list = -1};
    const ag_arg count = agi_value(AG_OP_sum, 1, &outside, &all);
    if (agi_value_failed(count) || agi_storage_ready(count.tensor->storage) != AG_OK)
        return false;
    if (*agi_tensor_data(count.tensor) == 0.0)
        return true;
    agi_fail(AG_ERR_VALUE, "%s() q values must be in the range [0, 1]", name);
    return false;
}

/* x with the numbers in its last dimension, in order. */
static bool arrange_numbers(const char *name, ag_arg x, const ag_attr *attr, quantile_shape *shape,
                            ag_arg *sorted)
{
    const int64_t numel = x.tensor->numel;
    shape->all = attr->i[0] == AG_NO_DIM || x.tensor->ndim == 0;
    shape->keep = attr->i[1] != 0;
    shape->kept_ndim = x.tensor->ndim;
    (void)name;
    if (attr->i[0] != AG_NO_DIM &&
        agi_shape_wrap_dim(attr->i[0], x.tensor->ndim, &shape->dim) != AG_OK)
        return false;
    if (shape->all) {
        shape->dim = 0;
        x = v_view(v_row_major(x), 1, &numel);
    }
    shape->ndim = shape->all ? 1 : x.tensor->ndim;
    *sorted = sorted_along(exchanged(x, shape->dim, shape->ndim - 1));
    return !agi_value_failed(*sorted);
}

/* The ranks, one line of them for each line of numbers. Beside a NaN the last one, which is NaN,
 * unless only numbers count. */
static ag_arg ranks_of(ag_arg sorted, ag_arg q, bool of_numbers)
{
    const int last = sorted.tensor->ndim - 1;
    const int64_t dims[1] = {last}, n = agi_shape_of(sorted.tensor)[last];
    const ag_attr attr = {.n_list = 1, .list = dims};
    const ag_arg count = v_reduce(AG_OP_sum, v_eq(sorted, sorted), &attr, true);
    if (of_numbers)
        return v_mul(q, v_maximum(v_sub(count, NUM(1.0)), NUM(0.0)));
    const ag_arg most = NUM((double)n - 1.0);
    return v_where(v_lt(count, NUM((double)n)), most, v_mul(q, most));
}

/* What was picked, whose last dimension is that of q, as the result has it. */
static ag_arg as_result(ag_arg x, const quantile_shape *shape)
{
    int64_t sizes[AGI_MAX_DIMS], at[1] = {shape->dim};
    if (agi_value_failed(x))
        return x;
    if (shape->all && shape->keep) {
        sizes[0] = x.tensor->numel;
        for (int d = 0; d < shape->kept_ndim; d++)
            sizes[d + shape->is_list] = 1;
        return v_view(x, shape->kept_ndim + shape->is_list, sizes);
    }
    x = exchanged(x, shape->dim, shape->ndim - 1);
    if (shape->is_list) {
        const ag_attr first = {.i = {0}};
        x = exchanged(agi_value(AG_OP_unsqueeze, 1, &x, &first), 0, shape->dim + 1);
        at[0]++;
    }
    const ag_attr dropped = {.n_list = 1, .list = at};
    return shape->keep ? x : agi_value(AG_OP_squeeze, 1, &x, &dropped);
}

static ag_arg nearest(ag_arg ranks)
{
    const ag_arg below = v_floor(ranks), rest = v_sub(ranks, below), half = v_div(below, NUM(2.0));
    const ag_arg is_odd = v_ne(half, v_floor(half));
    const ag_arg up = v_where(v_eq(rest, NUM(0.5)), is_odd, v_gt(rest, NUM(0.5)));
    return v_where(up, v_add(below, NUM(1.0)), below);
}

static ag_arg picked_at(ag_arg sorted, ag_arg ranks, const quantile_shape *shape)
{
    return as_result(agi_take_along(sorted, ranks, shape->ndim - 1), shape);
}

/* Between numbers, `weight` of the way; beside infinities so that they are not subtracted. */
static ag_arg between(ag_arg below, ag_arg above, ag_arg weight)
{
    const ag_arg part = v_where(v_gt(weight, NUM(0.0)), v_mul(above, weight), NUM(0.0));
    const ag_arg shared = v_add(v_mul(below, v_sub(NUM(1.0), weight)), part);
    const ag_arg plain = v_add(below, v_mul(weight, v_sub(above, below)));
    return v_where(v_lt(v_abs(below), NUM(INFINITY)), plain, shared);
}

/* i: the dimension, whether it is kept, the interpolation. */
static ag_arg quantile_of(const char *name, const ag_arg *args, const ag_attr *attr,
                          bool of_numbers)
{
    ag_arg q = args[1], sorted;
    const interpolation how = (interpolation)attr->i[2];
    quantile_shape shape = {.is_list = q.tensor != NULL && q.tensor->ndim == 1};
    if (!check_quantile(name, args[0], q) ||
        !arrange_numbers(name, args[0], attr, &shape, &sorted))
        return agi_arg(&agi_failed);
    const ag_arg ranks = ranks_of(sorted, q, of_numbers), fixed = v_constant(ranks);
    if (agi_value_failed(fixed))
        return fixed;
    if (how == LOWER || how == HIGHER || how == NEAREST) {
        const ag_arg place = how == LOWER ? v_floor(fixed) : how == HIGHER ? v_ceil(fixed)
                                                                           : nearest(fixed);
        const ag_arg z = picked_at(sorted, place, &shape);
        return agi_value(AG_OP_clone, 1, &z, &agi_row_major);
    }
    const ag_arg below = v_floor(fixed);
    const ag_arg weight = how == MIDPOINT ? v_where(v_eq(fixed, below), NUM(0.0), NUM(0.5))
                                          : v_sub(ranks, below);
    return between(picked_at(sorted, below, &shape), picked_at(sorted, v_ceil(fixed), &shape),
                   as_result(weight, &shape));
}

AG_FORMULA(quantile) { return quantile_of("quantile", args, attr, false); }
AG_FORMULA(nanquantile) { return quantile_of("nanquantile", args, attr, true); }

/* ---- cov: products of what differs from the mean --------------------------------------------- */

static bool check_weights(const char *which, ag_arg w, int64_t n)
{
    if (w.tensor == NULL)
        return true;
    if (w.tensor->ndim > 1) {
        agi_fail(AG_ERR_SHAPE, "cov(): expected %s to have one or fewer dimensions but got %s with "
                               "%d dimensions", which, which, w.tensor->ndim);
        return false;
    }
    if (w.tensor->numel != n) {
        agi_fail(AG_ERR_SHAPE, "cov(): expected %s to have the same numel as there are "
                               "observations in the input but got %lld != %lld", which,
                 (long long)w.tensor->numel, (long long)n);
        return false;
    }
    const ag_attr all = {.n_list = -1};
    const ag_arg below = v_lt(w, NUM(0.0)), count = agi_value(AG_OP_sum, 1, &below, &all);
    if (agi_value_failed(count) || agi_storage_ready(count.tensor->storage) != AG_OK)
        return false;
    if (*agi_tensor_data(count.tensor) == 0.0)
        return true;
    agi_fail(AG_ERR_VALUE, "cov(): %s cannot be negative", which);
    return false;
}

static bool check_sum(ag_arg sum)
{
    if (agi_value_failed(sum) || agi_storage_ready(sum.tensor->storage) != AG_OK)
        return false;
    if (*agi_tensor_data(sum.tensor) != 0.0)
        return true;
    agi_fail(AG_ERR_VALUE, "cov(): weights sum to zero, can't be normalized");
    return false;
}

static ag_arg sum_over(ag_arg x, int64_t dim, bool keep)
{
    const ag_attr attr = {.n_list = 1, .list = &dim};
    return v_reduce(AG_OP_sum, x, &attr, keep);
}

/* The sums of products of all pairs of rows of x and y. */
static ag_arg products_of_rows(ag_arg x, ag_arg y)
{
    if (agi_value_failed(x) || agi_value_failed(y))
        return agi_arg(&agi_failed);
    const ag_attr first = {.i = {0}}, second = {.i = {1}};
    return sum_over(v_mul(agi_value(AG_OP_unsqueeze, 1, &x, &second),
                           agi_value(AG_OP_unsqueeze, 1, &y, &first)), 2, false);
}

/* What the products are divided by: how many observations, less the correction, not below 0. */
static ag_arg divisor_of(ag_arg weights, ag_arg importances, ag_arg sum, double correction)
{
    ag_arg less = NUM(correction);
    if (importances.tensor != NULL && correction != 0.0)
        less = v_div(v_mul(sum_over(v_mul(weights, importances), 0, false), NUM(correction)), sum);
    return v_maximum(v_sub(sum, less), NUM(0.0));
}

/* args: x, how often each observation was made, how much it counts. */
static ag_arg cov_of(const ag_arg *args, double correction)
{
    ag_arg x = args[0], weights = NUM(1.0);
    const int ndim = x.tensor->ndim;
    if (ndim > 2) {
        agi_fail(AG_ERR_SHAPE, "cov(): expected input to have two or fewer dimensions but got an "
                               "input with %d dimensions", ndim);
        return agi_arg(&agi_failed);
    }
    const int64_t row[2] = {1, x.tensor->numel};
    if (ndim < 2)
        x = v_view(v_row_major(x), 2, row);
    if (agi_value_failed(x))
        return x;
    const int64_t rows = agi_shape_of(x.tensor)[0], n = agi_shape_of(x.tensor)[1];
    if (!check_weights("fweights", args[1], n) || !check_weights("aweights", args[2], n))
        return agi_arg(&agi_failed);
    for (int k = 1; k <= 2; k++)
        if (args[k].tensor != NULL) {
            const ag_arg one = v_view(v_row_major(args[k]), 1, &n);
            weights = weights.tensor == NULL ? one : v_mul(weights, one);
        }
    const bool has_weights = weights.tensor != NULL;
    const ag_arg sum = has_weights ? sum_over(weights, 0, false) : NUM((double)n);
    const ag_arg weighted = has_weights ? v_mul(x, weights) : x;
    if (has_weights && !check_sum(sum))
        return agi_arg(&agi_failed);
    const ag_arg rest = v_sub(x, v_div(sum_over(weighted, 1, true), sum));
    const ag_arg products = products_of_rows(rest, has_weights ? v_mul(rest, weights) : rest);
    const int64_t shape[2] = {rows, rows};
    const ag_arg squeezed = v_view(products, rows == 1 ? 0 : 2, shape);
    if (has_weights)
        return v_div(squeezed, divisor_of(weights, args[2], sum, correction));
    return v_div(squeezed, NUM(fmax((double)n - correction, 0.0)));
}

AG_FORMULA(cov) { return cov_of(args, (double)attr->i[0]); }

/* ---- corrcoef: covariances of what has been divided by its deviation ------------------------- */

AG_FORMULA(corrcoef)
{
    const ag_arg parts[3] = {args[0], NUM(1.0), NUM(1.0)};
    const ag_arg c = cov_of(parts, 1.0);
    (void)attr;
    if (agi_value_failed(c) || c.tensor->ndim == 0)
        return v_div(c, c);
    const int64_t n = agi_shape_of(c.tensor)[0], all = n * n, column[2] = {n, 1};
    const ag_arg flat = v_view(c, 1, &all);
    const ag_attr diagonal = {.i = {0, 0, all, n + 1}};
    const ag_arg deviation = v_sqrt(agi_value(AG_OP_slice, 1, &flat, &diagonal));
    const ag_arg both = v_div(v_div(c, v_view(deviation, 2, column)), deviation);
    const ag_arg bounds[3] = {both, NUM(-1.0), NUM(1.0)};
    return agi_value(AG_OP_clamp, 3, bounds, NULL);
}
