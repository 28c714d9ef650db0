/* SPDX-License-Identifier: MIT
 *
 * Norms along dimensions, and what is made of them: distances between rows, by their differences
 * and without a product, so that rows close to each other lose no digits; cosines; normalize.
 */
#include <math.h>
#include <string.h>

#include "../base/check.h"
#include "../base/shape.h"
#include "../tape/formula.h"
#include "../tensor/scope.h"
#include "losses.h"
#include "norm.h"
#include "reduce.h"
#include "table.h"

static ag_arg failed_distance(void) { return agi_arg(&agi_failed); }

/* ---- p_norm: the p-th root of the sum of |x|^p ---------------------------------------------- */

/* f[0] is p, i[0] whether dimensions are kept, i[1] whether each of several largest differences
 * gets all of the gradient, as PyTorch's distances have it, or its part, i[2] whether the result is
 * right of any numbers (norm.h) rather than part of a larger program. Where y is 0 the gradient is
 * 0. dx = g x / y for p = 2, g sign(x) for 1, in general g sign(x) (|x| / y)^(p - 1).
 * Saves x and y. */
static bool is_of_nothing(const ag_tensor *x, const ag_attr *attr)
{
    if (x->numel > 0 || attr->n_list <= 0)
        return x->numel == 0;
    int dim;
    return agi_shape_wrap_dim(attr->list[0], x->ndim, &dim) == AG_OK && agi_shape_of(x)[dim] == 0;
}

AG_FORMULA(p_norm)
{
    const double p = attr->f[0];
    const ag_arg x = args[0];
    if ((isinf(p) || p < 0.0) && attr->i[1] == 0 && is_of_nothing(x.tensor, attr)) {
        agi_fail(AG_ERR_SHAPE, "linalg.vector_norm cannot compute the %g norm on an empty tensor "
                               "because the operation does not have an identity", p);
        return failed_distance();
    }
    if (attr->i[2] != 0 && p != 0.0 && p != 1.0 && !isinf(p))
        return agi_norm_value(x, p, attr, attr->i[0] != 0);
    if (p == 2.0)
        return v_sqrt(v_reduce(AG_OP_sum, v_square(x), attr, attr->i[0] != 0));
    if (p == 0.0)
        return v_reduce(AG_OP_sum, v_mul(v_ne(x, NUM(0.0)), NUM(1.0)), attr, attr->i[0] != 0);
    const ag_arg size = v_abs(x);
    if (p == 1.0 || (isinf(p) && attr->i[1] != 0 && x.tensor->numel == 0))
        return v_reduce(AG_OP_sum, size, attr, attr->i[0] != 0);
    if (isinf(p))
        return v_reduce(p > 0.0 ? AG_OP_amax : AG_OP_amin, size, attr, attr->i[0] != 0);
    const ag_arg sum = v_reduce(AG_OP_sum, v_pow(size, NUM(p)), attr, attr->i[0] != 0);
    return v_pow(sum, NUM(1.0 / p));
}

/* Of an infinite p: to the elements that are the largest. */
static ag_arg extreme_share(ag_arg x, ag_arg y, ag_arg g, const ag_attr *attr, bool is_each)
{
    const ag_arg ties = v_eq(v_abs(x), y);
    const ag_arg taken = v_where(ties, v_vjp_mul(g, v_sign(x)), NUM(0.0));
    return is_each ? taken : v_vjp_div(taken, v_reduce(AG_OP_sum, ties, attr, true));
}

AG_RULE(p_norm)
{
    const agi_node_attr *own = agi_node_attr_of(v->node);
    const double p = own->f[0];
    int ndim;
    int64_t count;
    ag_attr attr = {.n_list = 0};
    attr.n_list = agi_node_list(v->node, &attr.list);
    const ag_arg x = IN(0);
    const int64_t *shape = agi_reduced_shape(v, x, &ndim);
    const ag_arg y = agi_with_kept_dims(v, OUT, ndim, shape, &count);
    const ag_arg g = agi_with_kept_dims(v, G, ndim, shape, &count);
    const ag_arg none = v_eq(y, NUM(0.0));
    if (p == 0.0)
        GX(0) = agi_repeated(0.0, ndim, shape);
    else if (p == 1.0)
        GX(0) = v_vjp_mul(g, v_sign(x));
    else if (own->i[2] != 0 && !isinf(p))
        GX(0) = v_vjp_mul(v_where(none, NUM(0.0), g),
                          agi_norm_slope(x, v_where(none, NUM(1.0), y), p));
    else if (p == 2.0)
        GX(0) = v_vjp_mul(v_where(none, NUM(0.0), v_vjp_div(g, y)), x);
    else if (isinf(p))
        GX(0) = extreme_share(x, y, g, &attr, own->i[1] != 0);
    else {
        const ag_arg by = v_where(none, NUM(0.0), v_vjp_div(g, v_pow(y, NUM(p - 1.0))));
        const ag_arg power = v_pow(v_abs(x), NUM(p - 1.0));
        const ag_arg slope = p < 1.0 ? v_where(v_eq(x, NUM(0.0)), NUM(0.0), power) : power;
        GX(0) = v_vjp_mul(by, v_mul(v_sign(x), slope));
    }
}

static ag_arg norm_along(ag_arg x, double p, int64_t dim, bool keepdim, bool is_each)
{
    const ag_attr attr = {.f = {p}, .i = {keepdim, is_each}, .n_list = 1, .list = &dim};
    return agi_value(AG_OP_p_norm, 1, &x, &attr);
}

/* ---- distances ------------------------------------------------------------------------------ */

static bool check_power_of(const char *name, double p)
{
    if (p >= 0.0)
        return true;
    agi_fail(AG_ERR_VALUE, "%s only supports non-negative p values", name);
    return false;
}

static ag_arg between_rows(ag_arg a, ag_arg b, double p, double eps, bool keepdim)
{
    ag_arg d = v_sub(a, b);
    if (agi_value_failed(d))
        return d;
    if (eps != 0.0)
        d = v_add(d, NUM(eps));
    return norm_along(d, p, -1, keepdim, false);
}

AG_FORMULA(pairwise_distance)
{
    return between_rows(args[0], args[1], attr->f[0], attr->f[1], attr->i[0] != 0);
}

AG_FORMULA(dist)
{
    const ag_attr all = {.f = {attr->f[0]}, .n_list = -1};
    const ag_arg d = v_sub(args[0], args[1]);
    return agi_value(AG_OP_p_norm, 1, &d, &all);
}

static ag_arg with_dim(ag_arg x, int64_t dim)
{
    const ag_attr attr = {.i = {dim}};
    return agi_value(AG_OP_unsqueeze, 1, &x, &attr);
}

static bool check_rows_of(const ag_arg *args, double p)
{
    const ag_tensor *a = args[0].tensor, *b = args[1].tensor;
    if (a->ndim < 2 || b->ndim < 2) {
        agi_fail(AG_ERR_SHAPE, "cdist only supports at least 2D tensors, X%d got: %dD",
                 a->ndim < 2 ? 1 : 2, a->ndim < 2 ? a->ndim : b->ndim);
        return false;
    }
    const int64_t one = agi_shape_of(a)[a->ndim - 1], other = agi_shape_of(b)[b->ndim - 1];
    if (one == other)
        return check_power_of("cdist", p);
    agi_fail(AG_ERR_SHAPE, "X1 and X2 must have the same number of columns. X1: %lld X2: %lld",
             (long long)one, (long long)other);
    return false;
}

AG_FORMULA(cdist)
{
    if (!check_rows_of(args, attr->f[0]))
        return failed_distance();
    const ag_arg d = v_sub(with_dim(args[0], -2), with_dim(args[1], -3));
    return agi_value_failed(d) ? d : norm_along(d, attr->f[0], -1, false, true);
}

/* The numbers of the first, or of the second row of each pair of n rows, as an index. */
static ag_arg row_numbers(int64_t n, bool second)
{
    const int64_t pairs = n * (n - 1) / 2;
    ag_tensor *t = agi_scope_add(agi_tensor_new(1, &pairs, pairs));
    if (t == NULL)
        return failed_distance();
    double *at = agi_tensor_data(t);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = i + 1; j < n; j++)
            *at++ = (double)(second ? j : i);
    t->storage->dtype = AG_INT64;
    return agi_arg(t);
}

static ag_arg rows_at(ag_arg x, ag_arg index)
{
    const ag_arg args[2] = {index, x};
    const ag_attr attr = {.i = {INT64_MIN}};
    return agi_value(AG_OP_embedding, 2, args, &attr);
}

AG_FORMULA(pdist)
{
    const ag_tensor *x = args[0].tensor;
    if (x->ndim != 2) {
        agi_fail(AG_ERR_SHAPE, "pdist only supports 2D tensors, got: %dD", x->ndim);
        return failed_distance();
    }
    const int64_t n = agi_shape_of(x)[0];
    int64_t pairs;
    if (!check_power_of("pdist", attr->f[0]))
        return failed_distance();
    if (__builtin_mul_overflow(n, n, &pairs)) {
        agi_fail(AG_ERR_OVERFLOW, "pdist: there are too many pairs of rows");
        return failed_distance();
    }
    const ag_arg d = v_sub(rows_at(args[0], row_numbers(n, false)),
                           rows_at(args[0], row_numbers(n, true)));
    return agi_value_failed(d) ? d : norm_along(d, attr->f[0], -1, false, true);
}

/* ---- cosines and unit vectors --------------------------------------------------------------- */

/* x at least: its gradient is that of itself, as PyTorch has it for cosines. */
static ag_arg kept_above(ag_arg x, double least)
{
    return v_add(x, v_constant(v_sub(v_maximum(x, NUM(least)), x)));
}

AG_FORMULA(cosine_similarity)
{
    const double eps = attr->f[0];
    int64_t shape[AGI_MAX_DIMS];
    int ndim = 0;
    for (int k = 0; k < 2; k++)
        if (agi_shape_broadcast(&ndim, shape, args[k].tensor->ndim,
                                agi_shape_of(args[k].tensor)) != AG_OK)
            return failed_distance();
    const ag_arg a = v_expand(args[0], ndim, shape), b = v_expand(args[1], ndim, shape);
    const ag_arg of_a = kept_above(norm_along(a, 2.0, attr->i[0], true, false), eps);
    const ag_arg of_b = kept_above(norm_along(b, 2.0, attr->i[0], true, false), eps);
    const ag_attr along = {.n_list = 1, .list = &attr->i[0]};
    return v_reduce(AG_OP_sum, v_mul(v_div(a, of_a), v_div(b, of_b)), &along, false);
}

/* As a number of dimensions: dimension 1, which is taken unless others, or None for all, are given.
 */
#define AGI_SECOND_DIM (-2)

AG_FORMULA(normalize)
{
    static const int64_t second[1] = {1};
    ag_attr along = {.f = {attr->f[0]}, .i = {true}, .n_list = attr->n_list, .list = attr->list};
    if (attr->n_list == AGI_SECOND_DIM) {
        along.n_list = 1;
        along.list = second;
    }
    const ag_arg norm = agi_value(AG_OP_p_norm, 1, args, &along);
    const ag_arg bounds[3] = {norm, NUM(attr->f[1]), NUM(INFINITY)};
    return v_div(args[0], agi_value(AG_OP_clamp, 3, bounds, NULL));
}

/* ---- triplet_margin_loss -------------------------------------------------------------------- */

/* What the distance to the positive exceeds that to the negative by, and a margin. */
AG_FORMULA(triplet_term)
{
    const ag_arg bounds[3] = {v_add(v_sub(args[0], args[1]), NUM(attr->f[0])), NUM(0.0),
                              NUM(INFINITY)};
    return agi_reduced(agi_value(AG_OP_clamp, 3, bounds, NULL), attr->i[0]);
}

static bool check_triplet(const ag_tensor *a, const ag_tensor *p, const ag_tensor *n,
                          int reduction)
{
    if (a->ndim != p->ndim || a->ndim != n->ndim)
        agi_fail(AG_ERR_SHAPE, "The anchor, positive, and negative tensors are expected to have "
                               "the same number of dimensions, but got: anchor %dD, positive %dD, "
                               "and negative %dD inputs", a->ndim, p->ndim, n->ndim);
    else
        return agi_check_reduction("triplet_margin_loss", reduction);
    return false;
}

ag_tensor *ag_triplet_margin_loss(ag_tensor *anchor, ag_tensor *positive, ag_tensor *negative,
                                  double margin, double p, double eps, bool swap, int reduction)
{
    if (!agi_has_tensors("triplet_margin_loss", anchor, positive) ||
        !agi_has_tensor("triplet_margin_loss", negative) ||
        !check_triplet(anchor, positive, negative, reduction))
        return NULL;
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return NULL;
    const ag_arg a = agi_arg(anchor), to = agi_arg(positive), from = agi_arg(negative);
    ag_arg apart = between_rows(a, from, p, eps, false);
    if (swap)
        apart = v_minimum(apart, between_rows(to, from, p, eps, false));
    const ag_arg args[2] = {between_rows(a, to, p, eps, false), apart};
    const ag_attr attr = {.f = {margin}, .i = {reduction}};
    return agi_leave_with(mark, agi_value(AG_OP_triplet_term, 2, args, &attr));
}
