/* SPDX-License-Identifier: MIT
 *
 * Reductions: sum, mean, variance and extremes, over all or some dimensions. The adding itself is
 * in compute/sum.c, the looking for extremes in compute/extremes.c.
 */
#include <math.h>

#include "../base/shape.h"
#include "../compute/extremes.h"
#include "../compute/sum.h"
#include "../fuse/pending.h"
#include "../tape/formula.h"
#include "../tensor/scope.h"
#include "reduce.h"
#include "table.h"

/* ---- shared --------------------------------------------------------------------------------- */

/* A 0-d tensor for an argument that is a plain number; else the tensor, to be read. Owned. */
static ag_tensor *as_tensor(const ag_arg *arg)
{
    if (AGI_LIKELY(arg->tensor != NULL))
        return agi_tensor_to_read(arg->tensor);
    ag_tensor *t = agi_tensor_new(0, NULL, 1);
    if (t != NULL)
        *agi_tensor_data(t) = arg->value;
    return t;
}

/* The dimensions that attr names. No list, or an empty one, means all, as in PyTorch. */
static ag_status reduced_dims(const char *op, int ndim, const ag_attr *attr, uint64_t *mask)
{
    int n = attr == NULL || attr->n_list <= 0 ? -1 : attr->n_list;
    return agi_shape_dim_mask(op, ndim, n, n > 0 ? attr->list : NULL, mask);
}

/* The shape that is left, and the number of dimensions; *count becomes the elements of one sum. */
static int reduced_shape(int ndim, const int64_t *shape, uint64_t mask, bool keepdim, int64_t *left,
                         int64_t *count)
{
    int n = 0;
    *count = 1;
    for (int d = 0; d < ndim; d++) {
        if (!(mask >> d & 1)) {
            left[n++] = shape[d];
            continue;
        }
        *count *= shape[d];
        if (keepdim)
            left[n++] = 1;
    }
    return n;
}

/* Sums x (op is sum), or makes its mean where x is pending (*finished: the rest is done). *count
 * becomes the number of elements in each sum. */
static ag_tensor *sum_of(int op, const ag_tensor *x, const ag_attr *attr, int64_t *count,
                         bool *finished)
{
    uint64_t mask;
    int64_t left[AGI_MAX_DIMS];
    if (reduced_dims(agi_ops[op].name, x->ndim, attr, &mask) != AG_OK)
        return NULL;
    bool keepdim = attr != NULL && attr->i[0] != 0;
    int n = reduced_shape(x->ndim, agi_shape_of(x), mask, keepdim, left, count);
    int64_t numel = agi_shape_numel(agi_ops[op].name, n, left);
    if (numel < 0)
        return NULL;
    if (AGI_UNLIKELY(agi_is_pending(x->storage))) {
        ag_tensor *pending = agi_expr_sum(op, x, mask, n, left, numel, finished);
        if (*finished)
            return pending;
        if (agi_storage_ready(x->storage) != AG_OK)
            return NULL;
    }
    ag_tensor *z = agi_tensor_new(n, left, numel);
    if (AGI_UNLIKELY(z == NULL))
        return NULL;
    if (numel == 1 && agi_is_contiguous(x) && x->numel < AGI_TILE)
        *agi_tensor_data(z) = agi_sum_run(agi_tensor_data(x), x->numel) + 0.0;
    else
        agi_sum_into(agi_tensor_data(z), agi_tensor_data(x), x->ndim, agi_shape_of(x),
                     agi_strides_of(x), mask);
    return z;
}

const int64_t *agi_reduced_shape(const agi_vjp *v, ag_arg x, int *ndim)
{
    const int64_t *shape = agi_node_input_shape(v->node, 0, ndim);
    if (*ndim >= 0 || agi_value_failed(x))
        return shape;
    *ndim = x.tensor->ndim;
    return agi_shape_of(x.tensor);
}

ag_arg agi_with_kept_dims(const agi_vjp *v, ag_arg g, int ndim, const int64_t *shape,
                          int64_t *count)
{
    const ag_node *node = v->node;
    const agi_node_attr *attr = node->has_attr ? agi_node_attr_of(node) : NULL;
    ag_attr dims = {.n_list = 0};
    dims.n_list = agi_node_list(node, &dims.list);
    int64_t left[AGI_MAX_DIMS];
    uint64_t mask;
    if (reduced_dims("sum", ndim, &dims, &mask) != AG_OK)
        return agi_arg(&agi_failed);
    int n = reduced_shape(ndim, shape, mask, true, left, count);
    const uint64_t all = (UINT64_C(1) << ndim) - 1, below = mask & (mask + 1);
    if ((attr != NULL && attr->i[0] != 0) || mask == all || below == 0)
        return g; /* it has them, or broadcasting puts them in: only leading ones were dropped */
    return v_view(g, n, left);
}

/* ---- sum: dx = g in every place of its sum -------------------------------------------------- */

AG_FORWARD(sum)
{
    int64_t count;
    ag_tensor *x = as_tensor(&args[0]);
    if (x == NULL)
        return NULL;
    bool finished = false;
    ag_tensor *z = sum_of(AG_OP_sum, x, attr, &count, &finished);
    agi_release(x);
    return z;
}

AG_RULE(sum)
{
    int ndim;
    int64_t count;
    const int64_t *shape = agi_node_input_shape(v->node, 0, &ndim);
    if (!NEEDS(0))
        return;
    GX(0) = ndim < 0 ? G : v_expand(agi_with_kept_dims(v, G, ndim, shape, &count), ndim, shape);
}

/* ---- mean: the sum by the number of elements; of none, NaN. dx = g / number ----------------- */

AG_FORWARD(mean)
{
    int64_t count;
    ag_tensor *x = as_tensor(&args[0]);
    if (x == NULL)
        return NULL;
    bool finished = false;
    ag_tensor *z = sum_of(AG_OP_mean, x, attr, &count, &finished);
    agi_release(x);
    if (z == NULL || finished)
        return z;
    double *values = agi_tensor_data(z);
    for (int64_t i = 0; i < z->numel; i++)
        values[i] = count > 0 ? values[i] / (double)count : (double)NAN;
    return z;
}

AG_RULE(mean)
{
    int ndim;
    int64_t count = 1;
    const int64_t *shape = agi_node_input_shape(v->node, 0, &ndim);
    if (!NEEDS(0))
        return;
    if (ndim < 0) {
        GX(0) = G;
        return;
    }
    ag_arg g = agi_with_kept_dims(v, G, ndim, shape, &count);
    GX(0) = v_expand(count == 1 ? g : v_div(g, NUM((double)count)), ndim, shape);
}

/* ---- amax and amin: dx = g where x is the result, in equal parts where several are ----------- */

/* Over nothing there is no extreme. */
static ag_status check_not_empty(const char *op, const ag_tensor *x, const ag_attr *attr)
{
    if (x->numel != 0)
        return AG_OK;
    if (attr == NULL || attr->n_list <= 0)
        return agi_fail(AG_ERR_SHAPE,
                        "%s(): Expected reduction dim to be specified for input.numel() == 0. "
                        "Specify the reduction dim with the 'dim' argument.", op);
    for (int k = 0; k < attr->n_list; k++) {
        int dim;
        if (agi_shape_wrap_dim(attr->list[k], x->ndim, &dim) != AG_OK)
            return ag_last_status();
        if (agi_shape_of(x)[dim] == 0)
            return agi_fail(AG_ERR_INDEX,
                            "%s(): Expected reduction dim %lld to have non-zero size.", op,
                            (long long)attr->list[k]);
    }
    return AG_OK;
}

static ag_tensor *extremes_of(const char *name, const ag_tensor *x, const ag_attr *attr, bool least)
{
    const bool keepdim = attr != NULL && attr->i[0] != 0;
    uint64_t mask;
    int64_t left[AGI_MAX_DIMS], count;
    if (check_not_empty(name, x, attr) != AG_OK ||
        reduced_dims(name, x->ndim, attr, &mask) != AG_OK)
        return NULL;
    const int n = reduced_shape(x->ndim, agi_shape_of(x), mask, keepdim, left, &count);
    const int64_t numel = agi_shape_numel(name, n, left);
    if (numel < 0 || agi_storage_ready(x->storage) != AG_OK)
        return NULL;
    ag_tensor *z = agi_tensor_new(n, left, numel);
    if (z != NULL)
        agi_extremes_into(agi_tensor_data(z), agi_tensor_data(x), x->ndim, agi_shape_of(x),
                          agi_strides_of(x), mask, least);
    return z;
}

ag_tensor *agi_extremes(const char *name, const ag_arg *arg, const ag_attr *attr, bool least)
{
    ag_tensor *x = as_tensor(arg);
    ag_tensor *z = x != NULL ? extremes_of(name, x, attr, least) : NULL;
    agi_release(x);
    return z;
}

/* False where each result is known to be a number, so that there are ties for each. */
static bool may_be_nan(const ag_tensor *y)
{
    if (agi_is_pending(y->storage) || !agi_is_contiguous(y))
        return true;
    int64_t k = 0;
    while (k < y->numel && agi_tensor_data(y)[k] == agi_tensor_data(y)[k])
        k++;
    return k < y->numel;
}

/* Where a NaN was there are no ties: 0 / 0, which is NaN, for all that it was compared with; but 0
 * where g is, as nobody took it. */
static void extremes_rule(agi_vjp *v)
{
    const ag_arg x = IN(0), y = OUT;
    if (!NEEDS(0))
        return;
    if (agi_value_failed(x) || agi_value_failed(y)) {
        GX(0) = agi_arg(&agi_failed);
        return;
    }
    const int ndim = x.tensor->ndim;
    const int64_t *shape = agi_shape_of(x.tensor);
    int64_t count;
    uint64_t dims;
    ag_attr attr = {.n_list = 0};
    attr.n_list = agi_node_list(v->node, &attr.list);
    if (reduced_dims("amax", ndim, &attr, &dims) != AG_OK) {
        GX(0) = agi_arg(&agi_failed);
        return;
    }
    const ag_arg ties = v_eq(x, agi_with_kept_dims(v, y, ndim, shape, &count));
    const ag_arg g = agi_with_kept_dims(v, G, ndim, shape, &count);
    const ag_arg taken = v_where(ties, g, NUM(0.0)), among = agi_sum_dims(ties, dims, true);
    GX(0) = v_div(taken, may_be_nan(y.tensor) ? v_maximum(among, v_eq(g, NUM(0.0))) : among);
}

AG_FORWARD(amax) { return agi_extremes("amax", &args[0], attr, false); }
AG_RULE(amax) { extremes_rule(v); }
AG_FORWARD(amin) { return agi_extremes("amin", &args[0], attr, true); }
AG_RULE(amin) { extremes_rule(v); }

/* ---- var, std, var_mean: the squares of what differs from the mean --------------------------- */

/* With N numbers and a correction c: dx = 2 (x - mean) / max(0, N - c) g_var + g_mean / N, and of
 * the root y of the variance g_var = g / (2 y), 0 where y is 0. Two passes, as in T. F. Chan, G. H.
 * Golub and R. J. LeVeque, "Algorithms for computing the sample variance" (1983), so that large
 * means cancel nothing. */
static double freedom(int64_t count, double correction)
{
    return fmax(0.0, (double)count - correction);
}

static ag_arg variance_about(ag_arg mean, ag_arg x, const ag_attr *attr)
{
    int64_t left[AGI_MAX_DIMS], count;
    uint64_t mask;
    if (agi_value_failed(mean) ||
        reduced_dims("var", x.tensor->ndim, attr, &mask) != AG_OK)
        return agi_arg(&agi_failed);
    reduced_shape(x.tensor->ndim, agi_shape_of(x.tensor), mask, false, left, &count);
    const ag_arg squares = v_square(v_sub(x, mean));
    return v_div(v_reduce(AG_OP_sum, squares, attr, attr->i[0] != 0),
                 NUM(freedom(count, attr->f[0])));
}

AG_FORMULA(var)
{
    return variance_about(v_reduce(AG_OP_mean, args[0], attr, true), args[0], attr);
}

AG_FORMULA(std) { return v_sqrt(var_formula(args, attr)); }

AG_FORMULAS(var_mean)
{
    const ag_arg mean = v_reduce(AG_OP_mean, args[0], attr, true);
    outs[0] = variance_about(mean, args[0], attr);
    outs[1] = mean;
    if (!agi_value_failed(outs[0]) && attr->i[0] == 0)
        outs[1] = v_view(mean, outs[0].tensor->ndim, agi_shape_of(outs[0].tensor));
    return !agi_value_failed(outs[0]) && !agi_value_failed(outs[1]);
}

/* dx of the variance, whose cotangent is g. */
static ag_arg variance_vjp(agi_vjp *v, ag_arg g)
{
    int ndim;
    int64_t count;
    const int64_t *shape = agi_node_input_shape(v->node, 0, &ndim);
    const ag_arg x = IN(0);
    ag_attr attr = {.n_list = 0};
    attr.n_list = agi_node_list(v->node, &attr.list);
    if (ndim < 0 && !agi_value_failed(x)) {  /* of no dimensions, as the result */
        ndim = x.tensor->ndim;
        shape = agi_shape_of(x.tensor);
    }
    const ag_arg kept = agi_with_kept_dims(v, g, ndim, shape, &count);
    const double by = 2.0 / freedom(count, agi_node_attr_of(v->node)->f[0]);
    return v_vjp_mul(v_mul(kept, NUM(by)), v_sub(x, v_reduce(AG_OP_mean, x, &attr, true)));
}

AG_RULE(var) { GX(0) = variance_vjp(v, G); }

AG_RULE(std)
{
    const ag_arg y = OUT;
    const ag_arg g = v_vjp_div(G, v_mul(y, NUM(2.0)));
    GX(0) = variance_vjp(v, v_where(v_eq(y, NUM(0.0)), NUM(0.0), g));
}

/* dx of a variance and a mean, of which `variance` is the cotangent of the first, or a number. */
static void variance_and_mean_rule(agi_vjp *v, ag_arg variance)
{
    int ndim;
    int64_t count;
    const int64_t *shape = agi_node_input_shape(v->node, 0, &ndim);
    ag_arg part = NUM(0.0);
    if (variance.tensor != NULL)
        part = variance_vjp(v, variance);
    GX(0) = part;
    if (GS(1).tensor != NULL) {
        const ag_arg g = agi_with_kept_dims(v, GS(1), ndim, shape, &count);
        const ag_arg each = v_expand(v_div(g, NUM((double)count)), ndim, shape);
        GX(0) = part.tensor != NULL ? v_add(part, each) : each;
    }
}

AG_RULE(var_mean) { variance_and_mean_rule(v, GS(0)); }

AG_FORMULAS(std_mean)
{
    if (!var_mean_formula(args, attr, outs))
        return false;
    outs[0] = v_sqrt(outs[0]);
    return !agi_value_failed(outs[0]);
}

/* The deviation is computed anew: a second derivative goes through it. */
AG_RULE(std_mean)
{
    const agi_node_attr *kept = agi_node_attr_of(v->node);
    ag_attr attr = {.f = {kept->f[0]}, .i = {kept->i[0]}};
    ag_arg variance = GS(0);
    attr.n_list = agi_node_list(v->node, &attr.list);
    if (variance.tensor != NULL) {
        const ag_arg x = IN(0), y = agi_value(AG_OP_std, 1, &x, &attr);
        const ag_arg half = v_vjp_div(variance, v_mul(y, NUM(2.0)));
        variance = v_where(v_eq(y, NUM(0.0)), NUM(0.0), half);
    }
    variance_and_mean_rule(v, variance);
}

/* ---- nansum and nanmean: what is NaN counts as 0, and is not counted ------------------------- */

static ag_arg sum_of_numbers(ag_arg x, const ag_attr *attr)
{
    return v_reduce(AG_OP_sum, v_where(v_eq(x, x), x, NUM(0.0)), attr, attr->i[0] != 0);
}

AG_FORMULA(nansum) { return sum_of_numbers(args[0], attr); }

AG_FORMULA(nanmean)
{
    const ag_arg count = v_reduce(AG_OP_sum, v_eq(args[0], args[0]), attr, attr->i[0] != 0);
    return v_div(sum_of_numbers(args[0], attr), count);
}
