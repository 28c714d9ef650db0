/* SPDX-License-Identifier: MIT
 *
 * Numbers brought to a common size: by rows (layer_norm, rms_norm, normalize, softmin), by channels
 * (batch_norm), in groups of channels (group_norm), by gates (glu).
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "../base/check.h"
#include "../base/parallel.h"
#include "../base/shape.h"
#include "../compute/standard.h"
#include "../compute/sum.h"
#include "../fuse/pending.h"
#include "../tape/dtypes.h"
#include "../tape/formula.h"
#include "../tensor/scope.h"
#include "losses.h"
#include "table.h"

static ag_arg failed_norm(void) { return agi_arg(&agi_failed); }

/* ---- softmin and glu ------------------------------------------------------------------------ */

AG_FORMULA(softmin)
{
    const ag_arg x = v_neg(args[0]);
    return agi_value(AG_OP_softmax, 1, &x, attr);
}

static ag_arg half_of(ag_arg x, int64_t dim, int64_t start, int64_t end)
{
    const ag_attr attr = {.i = {dim, start, end, 1}};
    return agi_value(AG_OP_slice, 1, &x, &attr);
}

AG_FORMULA(glu)
{
    const ag_tensor *x = args[0].tensor;
    int dim;
    if (x->ndim == 0) {
        agi_fail(AG_ERR_SHAPE, "glu does not support scalars because halving size must be even");
        return failed_norm();
    }
    if (agi_shape_wrap_dim(attr->i[0], x->ndim, &dim) != AG_OK)
        return failed_norm();
    const int64_t size = agi_shape_of(x)[dim];
    if (size % 2 != 0) {
        agi_fail(AG_ERR_SHAPE, "Halving dimension must be even, but dimension %d is size %lld", dim,
                 (long long)size);
        return failed_norm();
    }
    const ag_arg gate = v_sigmoid(half_of(args[0], dim, size / 2, size));
    return v_mul(half_of(args[0], dim, 0, size / 2), gate);
}

/* ---- standardize: rows less their mean, divided by the root of their variance and eps -------- */

/* Rows are what the last i[0] dimensions hold, eps is f[0]. With r = 1 / sqrt(variance + eps), n
 * numbers in a row, y the result and m(...) means over a row:
 *     dx = r (g - m(g) - y m(g y)),  the op standardize_vjp; for a cotangent h of that
 *     dg = the same of h, as the map from g to dx is its own transpose,
 *     dx = -r^2 y (m(h g) - m(h) m(g) - A B) - r (A dx(g) + B dx(h)),  A = m(y h), B = m(y g). */

/* The rows of what is dense. */
static agi_standard_rows standard_rows_of(const ag_tensor *x, const ag_attr *attr)
{
    agi_standard_rows rows = {.x = agi_tensor_data(x), .n = 1, .eps = attr->f[0]};
    for (int d = x->ndim - (int)attr->i[0]; d < x->ndim; d++)
        rows.n *= agi_shape_of(x)[d];
    rows.count = x->numel / (rows.n > 0 ? rows.n : 1);
    return rows;
}

static bool check_rows(const char *op, const ag_tensor *x, const ag_attr *attr)
{
    if (attr->i[0] >= 1 && attr->i[0] <= x->ndim)
        return true;
    agi_fail(AG_ERR_INDEX, "%s: expected 1 to %d dimensions of a row, got %lld", op, x->ndim,
             (long long)attr->i[0]);
    return false;
}

/* Whether a weight or a bias has the numbers of a row. */
static bool check_row(const char *op, const ag_tensor *x, ag_arg row, const ag_attr *attr)
{
    const int n = (int)attr->i[0];
    const ag_tensor *t = row.tensor;
    if (t->ndim == n && agi_shape_equal(n, agi_shape_of(t), n, agi_shape_of(x) + x->ndim - n))
        return true;
    agi_fail(AG_ERR_SHAPE, "%s: expected a weight and a bias of the shape of a row", op);
    return false;
}

/* Of g if it is a gradient, x, weight and bias those that are there; `sums` as in standard.h. */
static ag_tensor *standardized(const ag_arg *g, ag_arg arg, const ag_arg *weight,
                               const ag_arg *bias, const ag_attr *attr, double *sums)
{
    const ag_arg *const parts[4] = {&arg, g, weight, bias};
    ag_tensor *dense[4] = {NULL}, *z = NULL;
    bool ok = true;
    for (int k = 0; ok && k < 4; k++)
        ok = parts[k] == NULL || (dense[k] = agi_row_major_of(parts[k]->tensor)) != NULL;
    if (ok)
        z = agi_tensor_new(dense[0]->ndim, agi_shape_of(dense[0]), dense[0]->numel);
    if (z != NULL && z->numel > 0) {
        agi_standard_rows rows = standard_rows_of(dense[0], attr);
        const double **data[4] = {&rows.x, &rows.g, &rows.weight, &rows.bias};
        for (int k = 1; k < 4; k++)
            if (dense[k] != NULL)
                *data[k] = agi_tensor_data(dense[k]);
        rows.z = agi_tensor_data(z);
        rows.sums = sums;
        if (!agi_standard_run(&rows)) {
            agi_release(z);
            z = NULL;
        }
    }
    for (int k = 0; k < 4; k++)
        agi_release(dense[k]);
    return z;
}

AG_FORWARD(standardize)
{
    if (!check_rows("standardize", args[0].tensor, attr))
        return NULL;
    return standardized(NULL, args[0], NULL, NULL, attr, NULL);
}

AG_RULE(standardize)
{
    const agi_node_attr *own = agi_node_attr_of(v->node);
    const ag_arg args[2] = {G, IN(0)};
    const ag_attr attr = {.f = {own->f[0]}, .i = {own->i[0]}};
    GX(0) = agi_value(AG_OP_standardize_vjp, 2, args, &attr);
}

static bool check_row_gradient(const char *op, const ag_arg *args, const ag_attr *attr)
{
    if (!agi_same_shape(args[0].tensor, args[1].tensor)) {
        agi_fail(AG_ERR_SHAPE, "%s: expected a gradient of the input's shape", op);
        return false;
    }
    return check_rows(op, args[1].tensor, attr);
}

AG_FORWARD(standardize_vjp)
{
    if (!check_row_gradient("standardize_vjp", args, attr))
        return NULL;
    return standardized(&args[0], args[1], NULL, NULL, attr, NULL);
}

/* ---- what layer_norm is computed by, in one pass over its rows ------------------------------- */

/* weight * standardize(x) + bias, for x, weight, bias. */
AG_FORWARD(standardize_affine)
{
    const char *op = "standardize_affine";
    if (!check_rows(op, args[0].tensor, attr) || !check_row(op, args[0].tensor, args[1], attr) ||
        !check_row(op, args[0].tensor, args[2], attr))
        return NULL;
    return standardized(NULL, args[0], &args[1], &args[2], attr, NULL);
}

/* For g, x, weight: standardize_vjp of weight * g; and the gradients by weight and bias. */
AG_FORWARD_SEVERAL(standardize_affine_vjp)
{
    const char *op = "standardize_affine_vjp";
    const int dims = (int)attr->i[0];
    int64_t shape[AGI_MAX_DIMS + 1] = {2};
    (void)n;
    if (!check_row_gradient(op, args, attr) || !check_row(op, args[1].tensor, args[2], attr))
        return ag_last_status();
    if (dims == AGI_MAX_DIMS)
        return agi_fail(AG_ERR_SHAPE, "%s: too many dimensions", op);
    memcpy(shape + 1, agi_shape_of(args[2].tensor), (size_t)dims * sizeof *shape);
    outs[1] = agi_tensor_new(dims + 1, shape, 2 * args[2].tensor->numel);
    if (outs[1] == NULL)
        return ag_last_status();
    if (args[0].tensor->numel == 0)
        memset(agi_tensor_data(outs[1]), 0, (size_t)outs[1]->numel * sizeof(double));
    outs[0] = standardized(&args[0], args[1], &args[2], NULL, attr, agi_tensor_data(outs[1]));
    if (outs[0] != NULL)
        return AG_OK;
    agi_release(outs[1]);
    return ag_last_status();
}

/* The mean over the last `dims` dimensions, which are kept. */
static ag_arg row_mean(ag_arg x, int64_t dims)
{
    int64_t list[AGI_MAX_DIMS];
    if (agi_value_failed(x))
        return x;
    for (int64_t k = 0; k < dims; k++)
        list[k] = x.tensor->ndim - dims + k;
    const ag_attr attr = {.n_list = (int)dims, .list = list};
    return v_reduce(AG_OP_mean, x, &attr, true);
}

/* Whole numbers have no mean. */
static ag_arg as_real(ag_arg x)
{
    return agi_arg_dtype(&x) == AG_FLOAT64 ? x : v_mul(x, NUM(1.0));
}

AG_RULE(standardize_vjp)
{
    const agi_node_attr *own = agi_node_attr_of(v->node);
    const ag_attr attr = {.f = {own->f[0]}, .i = {own->i[0]}};
    const int64_t dims = own->i[0];
    const ag_arg x = IN(1), h = G, of_h[2] = {h, x};
    const ag_arg dh = agi_value(AG_OP_standardize_vjp, 2, of_h, &attr);
    if (NEEDS(0))
        GX(0) = dh;
    if (!NEEDS(1))
        return;
    const ag_arg g = as_real(IN(0)), of_g[2] = {g, x};
    const ag_arg dg = agi_value(AG_OP_standardize_vjp, 2, of_g, &attr);
    const ag_arg y = agi_value(AG_OP_standardize, 1, &x, &attr);
    const ag_arg square = row_mean(v_square(v_sub(x, row_mean(x, dims))), dims);
    const ag_arg r = v_rsqrt(v_add(square, NUM(own->f[0])));
    const ag_arg a = row_mean(v_vjp_mul(h, y), dims), b = row_mean(v_vjp_mul(g, y), dims);
    const ag_arg means = v_vjp_both(row_mean(h, dims), row_mean(g, dims));
    const ag_arg c = v_sub(v_sub(row_mean(v_vjp_both(h, g), dims), means), v_vjp_both(a, b));
    const ag_arg bent = v_vjp_mul(c, v_mul(v_square(r), y));
    const ag_arg straight = v_vjp_mul(v_add(v_vjp_both(a, dg), v_vjp_both(b, dh)), r);
    GX(1) = v_neg(v_add(bent, straight));
}

/* ---- layer_norm and rms_norm ---------------------------------------------------------------- */

static bool has_last_sizes(const ag_tensor *t, const ag_attr *attr)
{
    const int n = attr->n_list;
    return t->ndim >= n && agi_shape_equal(n, agi_shape_of(t) + t->ndim - n, n, attr->list);
}

static bool check_factor(const char *what, ag_arg factor, const ag_attr *attr)
{
    char one[AGI_SHAPE_TEXT], other[AGI_SHAPE_TEXT];
    const ag_tensor *t = factor.tensor;
    if (t == NULL || (t->ndim == attr->n_list && has_last_sizes(t, attr)))
        return true;
    agi_fail(AG_ERR_SHAPE, "Expected %s to be of same shape as normalized_shape, but got %s of "
                           "shape %s and normalized_shape = %s", what, what,
             agi_format_shape_list(one, t->ndim, agi_shape_of(t)),
             agi_format_shape_list(other, attr->n_list, attr->list));
    return false;
}

/* `before`: how PyTorch begins a list of any sizes and these. */
static bool check_normalized(const ag_tensor *x, const ag_attr *attr, const char *before)
{
    char one[AGI_SHAPE_TEXT], other[AGI_SHAPE_TEXT];
    if (attr->n_list < 1)
        agi_fail(AG_ERR_SHAPE, "Expected normalized_shape to be at least 1-dimensional, i.e., "
                               "containing at least one element, but got normalized_shape = []");
    else if (!has_last_sizes(x, attr))
        agi_fail(AG_ERR_SHAPE, "Given normalized_shape=%s, expected input with shape %s%s, but got "
                               "input of size%s",
                 agi_format_shape_list(one, attr->n_list, attr->list), before, one + 1,
                 agi_format_shape_list(other, x->ndim, agi_shape_of(x)));
    else
        return true;
    return false;
}

/* y = weight * standardize(x) + bias. */
AG_FORMULA(layer_norm)
{
    if (!check_normalized(args[0].tensor, attr, "[*, ") ||
        !check_factor("weight", args[1], attr) || !check_factor("bias", args[2], attr))
        return failed_norm();
    const ag_attr rows = {.f = {attr->f[0]}, .i = {attr->n_list}};
    if (agi_is_given(args[1]) && agi_is_given(args[2]))
        return agi_value(AG_OP_standardize_affine, 3, args, &rows);
    ag_arg y = agi_value(AG_OP_standardize, 1, args, &rows);
    if (agi_is_given(args[1]))
        y = v_mul(y, args[1]);
    return agi_is_given(args[2]) ? v_add(y, args[2]) : y;
}

static ag_arg one_of_both(ag_tensor *sums, int64_t which)
{
    const ag_attr attr = {.i = {0, which}};
    const ag_arg both = agi_arg(sums);
    return agi_value(AG_OP_select, 1, &both, &attr);
}

/* Whether all gradients are to be computed in one pass, which threads can share only where there
 * are many rows. To the same bits otherwise. */
static bool is_at_once(const agi_vjp *v, ag_arg weight, int dims)
{
    const ag_tensor *g = G.tensor;
    int64_t rows = 1;
    for (int d = 0; d < g->ndim - dims; d++)
        rows *= agi_shape_of(g)[d];
    return agi_is_given(weight) && !v->create_graph && dims < AGI_MAX_DIMS &&
           (g->numel < AGI_PARALLEL_MIN || agi_parallel_width() == 1 ||
            rows >= 4 * AGI_SUM_BLOCK);
}

static void layer_norm_at_once(agi_vjp *v, ag_arg weight, const ag_attr *rows)
{
    const ag_arg args[3] = {G, IN(0), weight};
    ag_tensor *outs[2] = {NULL, NULL};
    const bool ok = !agi_value_failed(args[1]) && !agi_value_failed(weight) &&
                    agi_apply_several(AG_OP_standardize_affine_vjp, 3, args, rows, 2, outs) ==
                        AG_OK;
    ag_tensor *dx = ok ? agi_scope_add(outs[0]) : NULL;
    ag_tensor *sums = ok ? agi_scope_add(outs[1]) : NULL;
    GX(0) = agi_arg(dx != NULL && sums != NULL ? dx : &agi_failed);
    if (agi_value_failed(GX(0)))
        return;
    if (NEEDS(1))
        GX(1) = one_of_both(sums, 0);
    if (NEEDS(2))
        GX(2) = one_of_both(sums, 1);
}

/* dx = standardize_vjp(weight g, x); dweight = g standardize(x) and dbias = g, summed over rows. */
AG_RULE(layer_norm)
{
    const int64_t *list;
    const int dims = agi_node_list(v->node, &list);
    const ag_attr rows = {.f = {agi_node_attr_of(v->node)->f[0]}, .i = {dims}};
    const ag_arg weight = NEEDS(0) ? IN(1) : NUM(NAN);
    if (NEEDS(0) && is_at_once(v, weight, dims)) {
        layer_norm_at_once(v, weight, &rows);
        return;
    }
    if (NEEDS(0)) {
        const ag_arg args[2] = {agi_is_given(weight) ? v_vjp_mul(G, weight) : G, IN(0)};
        GX(0) = agi_value(AG_OP_standardize_vjp, 2, args, &rows);
    }
    if (NEEDS(1)) {
        const ag_arg x = IN(0), y = agi_value(AG_OP_standardize, 1, &x, &rows);
        GX(1) = agi_sum_to(v_vjp_mul(G, y), dims, list);
    }
    if (NEEDS(2))
        GX(2) = agi_sum_to(G, dims, list);
}

/* Without an eps of its own, below 0, it is the distance from 1 to the next number. */
AG_FORMULA(rms_norm)
{
    const double eps = attr->f[0] < 0.0 ? DBL_EPSILON : attr->f[0];
    if (!check_normalized(args[0].tensor, attr, "[*") || !check_factor("weight", args[1], attr))
        return failed_norm();
    const ag_arg square = row_mean(v_square(args[0]), attr->n_list);
    const ag_arg y = v_mul(args[0], v_rsqrt(v_add(square, NUM(eps))));
    return agi_is_given(args[1]) ? v_mul(y, args[1]) : y;
}

/* ---- batch_norm ----------------------------------------------------------------------------- */

/* Numbers of channels, to be broadcast over x. */
static ag_arg of_channels(ag_arg t, ag_arg x)
{
    int64_t shape[AGI_MAX_DIMS];
    for (int d = 0; d < x.tensor->ndim; d++)
        shape[d] = d == 1 ? t.tensor->numel : 1;
    return v_view(v_row_major(t), x.tensor->ndim, shape);
}

/* The sum over all dimensions but that of channels, which are kept: first over those that lie
 * together, which programs do in one pass. */
static ag_arg channel_sum(ag_arg x)
{
    static const int64_t first[1] = {0};
    const ag_attr rows = {.n_list = 1, .list = first};
    int64_t list[AGI_MAX_DIMS];
    if (agi_value_failed(x))
        return x;
    const int n = x.tensor->ndim - 2;
    for (int d = 0; d < n; d++)
        list[d] = d + 2;
    const ag_attr inner = {.n_list = n, .list = list};
    return v_reduce(AG_OP_sum, n > 0 ? v_reduce(AG_OP_sum, x, &inner, true) : x, &rows, true);
}

/* How many numbers each channel has. */
static double channel_size(const ag_tensor *x)
{
    return (double)x->numel / (double)agi_shape_of(x)[1];
}

static ag_arg channel_mean(ag_arg x)
{
    return agi_value_failed(x) ? x : v_div(channel_sum(x), NUM(channel_size(x.tensor)));
}

static bool check_channels(const char *what, const ag_tensor *t, int64_t channels)
{
    if (t == NULL || (t->ndim == 1 && t->numel == channels))
        return true;
    if (t->ndim != 1)
        agi_fail(AG_ERR_VALUE, "%s should have 1 dimension with %lld elements, not %d dimensions",
                 what, (long long)channels, t->ndim);
    else
        agi_fail(AG_ERR_VALUE, "%s should contain %lld elements not %lld", what,
                 (long long)channels, (long long)t->numel);
    return false;
}

/* What the op itself takes: called by its number, too. */
static bool check_batch_args(const ag_arg *args)
{
    static const char *const names[] = {"input", "running_mean", "running_var", "weight", "bias"};
    const ag_tensor *x = args[0].tensor;
    if (x->ndim < 2) {
        agi_fail(AG_ERR_SHAPE, "batch_norm: expected an input with 2 dimensions or more, got %d",
                 x->ndim);
        return false;
    }
    if (agi_is_given(args[1]) != agi_is_given(args[2])) {
        agi_fail(AG_ERR_VALUE, "batch_norm: expected a mean and a variance, or none");
        return false;
    }
    for (int k = 1; k < 5; k++)
        if (agi_is_given(args[k]) && !(agi_has_tensor("batch_norm", args[k].tensor) &&
                                       check_channels(names[k], args[k].tensor,
                                                      agi_shape_of(x)[1])))
            return false;
    return true;
}

static ag_arg channel_variance(ag_arg x, ag_arg mean)
{
    return channel_mean(v_square(v_sub(x, mean)));
}

/* What numbers of channels are normed by. */
typedef struct channel_norm {
    ag_arg mean, r;  /* r = 1 / sqrt(variance + eps) */
} channel_norm;

static channel_norm norm_of(ag_arg mean, ag_arg var, double eps)
{
    return (channel_norm){mean, v_rsqrt(v_add(var, NUM(eps)))};
}

static channel_norm own_norm(ag_arg x, double eps)
{
    const ag_arg mean = channel_mean(x);
    return norm_of(mean, channel_variance(x, mean), eps);
}

static ag_arg normed(ag_arg x, channel_norm by) { return v_mul(v_sub(x, by.mean), by.r); }

static ag_arg with_weight_and_bias(ag_arg y, ag_arg weight, ag_arg bias)
{
    if (agi_is_given(weight) && !agi_value_failed(y))
        y = v_mul(y, of_channels(weight, y));
    return agi_is_given(bias) && !agi_value_failed(y) ? v_add(y, of_channels(bias, y)) : y;
}

/* For x, weight, bias: y weight + bias, where y is x less its mean, times r, of each channel. With
 * sums s(...) over a channel of n numbers
 *     dx = weight r (g - s(g) / n - y s(g y) / n), dweight = s(g y), dbias = s(g). */
AG_FORMULA(standardize_channels)
{
    const ag_tensor *x = args[0].tensor;
    const int64_t channels = x->ndim >= 2 ? agi_shape_of(x)[1] : -1;
    if (channels >= 0 && check_channels("weight", args[1].tensor, channels) &&
        check_channels("bias", args[2].tensor, channels))
        return with_weight_and_bias(normed(args[0], own_norm(args[0], attr->f[0])), args[1],
                                    args[2]);
    if (channels < 0)
        agi_fail(AG_ERR_SHAPE, "standardize_channels: expected 2 dimensions or more");
    return failed_norm();
}

AG_RULE(standardize_channels)
{
    const bool by_numbers = NEEDS(0) || NEEDS(1);
    if (G.tensor->ndim < 2) {  /* a caller of the node may give any gradient */
        agi_fail(AG_ERR_SHAPE, "batch_norm: expected a gradient of the result's shape");
        for (int k = 0; k < 3; k++)
            GX(k) = NEEDS(k) ? failed_norm() : GX(k);
        return;
    }
    const int64_t channels = agi_shape_of(G.tensor)[1];
    const double count = channel_size(G.tensor);
    const ag_arg x = by_numbers ? IN(0) : NUM(0.0), sum = channel_sum(G);
    if (by_numbers && !agi_value_failed(x)) {
        const channel_norm by = own_norm(x, agi_node_attr_of(v->node)->f[0]);
        const ag_arg y = normed(x, by), share = channel_sum(v_vjp_mul(G, y));
        const ag_arg weight = NEEDS(0) ? IN(1) : NUM(NAN);
        const ag_arg factor = agi_is_given(weight) ? v_mul(by.r, of_channels(weight, x)) : by.r;
        const ag_arg even = v_sub(G, v_div(sum, NUM(count)));
        if (NEEDS(0))
            GX(0) = v_vjp_mul(v_sub(even, v_vjp_mul(v_div(share, NUM(count)), y)), factor);
        if (NEEDS(1))
            GX(1) = v_view(share, 1, &channels);
    }
    if (NEEDS(2))
        GX(2) = v_view(sum, 1, &channels);
}

/* args: x, mean and variance (of x itself where they are not given), weight, bias. */
AG_FORMULA(batch_norm)
{
    const ag_arg x = args[0], own[3] = {x, args[3], args[4]};
    if (!check_batch_args(args))
        return failed_norm();
    if (!agi_is_given(args[1]))
        return agi_value(AG_OP_standardize_channels, 3, own, &(ag_attr){.f = {attr->f[0]}});
    const ag_arg mean = of_channels(v_constant(args[1]), x);
    const ag_arg var = of_channels(v_constant(args[2]), x);
    return with_weight_and_bias(normed(x, norm_of(mean, var, attr->f[0])), args[3], args[4]);
}

/* What moved towards what was found, by `momentum`: (1 - momentum) old + momentum found. */
static ag_tensor *moved(ag_tensor *old, ag_arg found, double factor, double momentum)
{
    const ag_arg kept = v_mul(agi_arg(old), NUM(1.0 - momentum));
    return v_add(kept, v_mul(found, NUM(momentum * factor))).tensor;
}

/* The running mean and variance after a batch of `count` numbers in each channel that had these. */
static bool move_statistics(ag_tensor *mean, ag_tensor *var, ag_arg found, ag_arg spread,
                            int64_t count, double momentum)
{
    const bool recording = ag_set_grad_enabled(false);
    const double freed = (double)count / ((double)count - 1.0);
    ag_tensor *new_mean = &agi_failed, *new_var = &agi_failed;
    bool ok = !agi_value_failed(found) && !agi_value_failed(spread);
    if (ok && mean != NULL)
        ok = (new_mean = moved(mean, found, 1.0, momentum)) != &agi_failed;
    if (ok && var != NULL)
        ok = (new_var = moved(var, spread, freed, momentum)) != &agi_failed;
    ok = ok && (mean == NULL || ag_copy_(mean, new_mean) == AG_OK);
    ok = ok && (var == NULL || ag_copy_(var, new_var) == AG_OK);
    ag_set_grad_enabled(recording);
    return ok;
}

static bool check_batch(const ag_tensor *x, const ag_tensor *mean, const ag_tensor *var,
                        const ag_tensor *weight, const ag_tensor *bias, bool training, double eps)
{
    if (x->ndim < 2) {
        agi_fail(AG_ERR_SHAPE, "batch_norm: expected an input with 2 dimensions or more, got %d",
                 x->ndim);
        return false;
    }
    const int64_t channels = agi_shape_of(x)[1];
    if (!training && (mean == NULL || var == NULL))
        agi_fail(AG_ERR_VALUE, "Expected running_mean and running_var to be defined when "
                               "training=False");
    else if (training && channels > 0 && x->numel == channels)
        agi_fail(AG_ERR_VALUE, "Expected more than 1 value per channel when training");
    else if (eps < 0.0 || (training && eps == 0.0))
        agi_fail(AG_ERR_VALUE, "batch_norm eps must be %s, but got %g",
                 training ? "positive during training" : "non-negative", eps);
    else
        return check_channels("running_mean", mean, channels) &&
               check_channels("running_var", var, channels) &&
               check_channels("weight", weight, channels) &&
               check_channels("bias", bias, channels);
    return false;
}

static ag_arg or_absent(ag_tensor *t) { return t != NULL ? agi_arg(t) : NUM(NAN); }

ag_tensor *ag_batch_norm(ag_tensor *input, ag_tensor *running_mean, ag_tensor *running_var,
                         ag_tensor *weight, ag_tensor *bias, bool training, double momentum,
                         double eps)
{
    if (!agi_has_tensor("batch_norm", input) ||
        !check_batch(input, running_mean, running_var, weight, bias, training, eps))
        return NULL;
    const ag_attr attr = {.f = {eps}};
    const ag_arg args[5] = {agi_arg(input), or_absent(training ? NULL : running_mean),
                            or_absent(training ? NULL : running_var), or_absent(weight),
                            or_absent(bias)};
    const int64_t mark = agi_scope_open(), channels = agi_shape_of(input)[1];
    if (mark < 0)
        return NULL;
    const ag_arg y = agi_value(AG_OP_batch_norm, 5, args, &attr);
    bool ok = !agi_value_failed(y);
    if (ok && training && input->numel > 0 && (running_mean != NULL || running_var != NULL)) {
        const ag_arg x = v_constant(args[0]), found = channel_mean(x);
        const ag_arg spread = channel_variance(x, found);
        ok = !agi_value_failed(spread) &&
             move_statistics(running_mean, running_var, v_view(found, 1, &channels),
                             v_view(spread, 1, &channels), input->numel / channels, momentum);
    }
    return agi_scope_leave(mark, ok ? y.tensor : NULL);
}

/* ---- group_norm ----------------------------------------------------------------------------- */

static bool is_for_channels(const char *what, ag_arg factor, const ag_tensor *x)
{
    char one[AGI_SHAPE_TEXT], other[AGI_SHAPE_TEXT];
    const ag_tensor *t = factor.tensor;
    if (!agi_is_given(factor) || (t->ndim == 1 && t->numel == agi_shape_of(x)[1]))
        return true;
    agi_fail(AG_ERR_SHAPE, "Expected %s to be a vector of size equal to the number of channels in "
                           "input, but got %s of shape %s and input of shape %s", what, what,
             agi_format_shape_list(one, t->ndim, agi_shape_of(t)),
             agi_format_shape_list(other, x->ndim, agi_shape_of(x)));
    return false;
}

static bool check_groups(const ag_arg *args, int64_t groups)
{
    const ag_tensor *x = args[0].tensor;
    char size[AGI_SHAPE_TEXT];
    if (x->ndim < 2)
        agi_fail(AG_ERR_SHAPE, "Expected at least 2 dimensions for input tensor but received %d",
                 x->ndim);
    else if (groups < 1)
        agi_fail(AG_ERR_SHAPE, "Expected num groups to be greater than 0, got %lld",
                 (long long)groups);
    else if (agi_shape_of(x)[1] % groups != 0)
        agi_fail(AG_ERR_SHAPE, "Expected number of channels in input to be divisible by "
                               "num_groups, but got input of shape %s and num_groups=%lld",
                 agi_format_shape_list(size, x->ndim, agi_shape_of(x)), (long long)groups);
    else
        return is_for_channels("weight", args[1], x) && is_for_channels("bias", args[2], x);
    return false;
}

/* The groups of channels are rows of a matrix. */
AG_FORMULA(group_norm)
{
    const ag_tensor *x = args[0].tensor;
    const int64_t groups = attr->i[0];
    if (!check_groups(args, groups))
        return failed_norm();
    const int64_t count = agi_shape_of(x)[0] * groups;
    const int64_t shape[2] = {count, count > 0 ? x->numel / count : 0};
    const ag_arg rows = v_view(v_row_major(args[0]), 2, shape);
    const ag_attr one = {.f = {attr->f[0]}, .i = {1}};
    const ag_arg y = v_view(agi_value(AG_OP_standardize, 1, &rows, &one), x->ndim,
                            agi_shape_of(x));
    return with_weight_and_bias(y, args[1], args[2]);
}
