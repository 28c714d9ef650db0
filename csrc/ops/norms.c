/* SPDX-License-Identifier: MIT
 *
 * Numbers brought to a common size: by rows (layer_norm, rms_norm, normalize, softmin), by channels
 * (batch_norm), by gates (glu), by chance (dropout).
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "../base/check.h"
#include "../base/parallel.h"
#include "../base/shape.h"
#include "../compute/kernel.h"
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
typedef struct norm_rows {
    double *z;
    const double *g, *x;  /* g is NULL for standardize itself */
    double *scratch;      /* 2 n for each part */
    int64_t n;
    double eps;
} norm_rows;

/* y into z; the return value is r. `squares` is n numbers of scratch. */
AGI_STAMPED double standard_row(double *z, const double *x, int64_t n, double eps, double *squares)
{
    const double mean = agi_sum_run(x, n) / (double)n;
    AGI_INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        const double d = x[i] - mean;
        z[i] = d;
        squares[i] = d * d;
    }
    const double r = 1.0 / sqrt(agi_sum_run(squares, n) / (double)n + eps);
    return r;
}

AGI_STAMPED void standard_row_forward(double *z, const double *x, int64_t n, double eps,
                                      double *scratch)
{
    const double r = standard_row(z, x, n, eps, scratch);
    AGI_INDEPENDENT
    for (int64_t i = 0; i < n; i++)
        z[i] *= r;
}

AGI_STAMPED void standard_row_vjp(double *z, const double *g, const double *x, int64_t n,
                                  double eps, double *scratch)
{
    double *y = scratch, *products = scratch + n;
    const double r = standard_row(y, x, n, eps, products);
    AGI_INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        const double v = y[i] * r;
        y[i] = v;
        products[i] = g[i] * v;
    }
    const double mean = agi_sum_run(g, n) / (double)n;
    const double share = agi_sum_run(products, n) / (double)n;
    AGI_INDEPENDENT
    for (int64_t i = 0; i < n; i++)
        z[i] = r * (g[i] - mean - y[i] * share);
}

AGI_STAMPED void norm_range_body(const norm_rows *rows, int64_t begin, int64_t end, int part)
{
    const int64_t n = rows->n;
    double *scratch = rows->scratch + 2 * n * part;
    for (int64_t k = begin * n; k < end * n; k += n) {
        if (rows->g == NULL)
            standard_row_forward(rows->z + k, rows->x + k, n, rows->eps, scratch);
        else
            standard_row_vjp(rows->z + k, rows->g + k, rows->x + k, n, rows->eps, scratch);
    }
}

/* The same at each CPU level, to the same bits. */
static void norm_range_base(const norm_rows *rows, int64_t begin, int64_t end, int part)
{
    norm_range_body(rows, begin, end, part);
}

#if AGI_X86
AGI_TARGET_AVX2
static void norm_range_avx2(const norm_rows *rows, int64_t begin, int64_t end, int part)
{
    norm_range_body(rows, begin, end, part);
}

AGI_TARGET_AVX512
static void norm_range_avx512(const norm_rows *rows, int64_t begin, int64_t end, int part)
{
    norm_range_body(rows, begin, end, part);
}
#endif

typedef void (*norm_range_fn)(const norm_rows *rows, int64_t begin, int64_t end, int part);

static const norm_range_fn norm_ranges[AGI_LEVELS] = {
    norm_range_base,
#if AGI_X86
    norm_range_avx2,
    norm_range_avx512,
#endif
};

static void norm_range(void *context, int64_t begin, int64_t end, int part)
{
    norm_ranges[agi_level_now](context, begin, end, part);
}

/* Rows large enough together are shared among threads. */
static bool run_norm_rows(norm_rows *rows, int64_t count)
{
    double few[512];
    const int64_t n = rows->n, grain = n < 16384 ? 16384 / n : 1;
    if (2 * n <= 512 && count < 2 * grain) {
        rows->scratch = few;
        norm_range(rows, 0, count, 0);
        return true;
    }
    const int parts = agi_parallel_width();
    rows->scratch = agi_plain_new((size_t)(2 * n * parts) * sizeof *rows->scratch);
    if (rows->scratch == NULL)
        return false;
    if (count * n < AGI_PARALLEL_MIN) {
        norm_range(rows, 0, count, 0);
    } else {
        void *token = agi_blocking_enter();
        agi_parallel_for(count, grain, 1, norm_range, rows);
        agi_blocking_leave(token);
    }
    agi_plain_free(rows->scratch);
    return true;
}

/* g is NULL for standardize. */
static ag_tensor *standardized(const ag_arg *g, ag_arg arg, const ag_attr *attr)
{
    if (attr->i[0] < 1 || attr->i[0] > arg.tensor->ndim)
        return agi_fail_null(AG_ERR_INDEX, "standardize: expected 1 to %d dimensions of a row, got "
                                           "%lld", arg.tensor->ndim, (long long)attr->i[0]);
    ag_tensor *x = agi_row_major_of(arg.tensor);
    ag_tensor *dense = g != NULL && x != NULL ? agi_row_major_of(g->tensor) : NULL;
    ag_tensor *z = x != NULL && (g == NULL || dense != NULL)
                       ? agi_tensor_new(x->ndim, agi_shape_of(x), x->numel) : NULL;
    if (z != NULL && z->numel > 0) {
        norm_rows rows = {.z = agi_tensor_data(z), .x = agi_tensor_data(x), .n = 1,
                          .g = g != NULL ? agi_tensor_data(dense) : NULL, .eps = attr->f[0]};
        for (int d = x->ndim - (int)attr->i[0]; d < x->ndim; d++)
            rows.n *= agi_shape_of(x)[d];
        if (!run_norm_rows(&rows, z->numel / rows.n)) {
            agi_release(z);
            z = NULL;
        }
    }
    agi_release(x);
    agi_release(dense);
    return z;
}

AG_FORWARD(standardize) { return standardized(NULL, args[0], attr); }

AG_RULE(standardize)
{
    const agi_node_attr *own = agi_node_attr_of(v->node);
    const ag_arg args[2] = {G, IN(0)};
    const ag_attr attr = {.f = {own->f[0]}, .i = {own->i[0]}};
    GX(0) = agi_value(AG_OP_standardize_vjp, 2, args, &attr);
}

AG_FORWARD(standardize_vjp)
{
    if (agi_dtype_of(args[0].tensor) == agi_dtype_of(args[1].tensor) &&
        agi_same_shape(args[0].tensor, args[1].tensor))
        return standardized(&args[0], args[1], attr);
    return agi_fail_null(AG_ERR_SHAPE, "standardize_vjp: expected a gradient of the input's shape");
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
    const ag_arg g = IN(0), of_g[2] = {g, x};
    const ag_arg dg = agi_value(AG_OP_standardize_vjp, 2, of_g, &attr);
    const ag_arg y = agi_value(AG_OP_standardize, 1, &x, &attr);
    const ag_arg square = row_mean(v_square(v_sub(x, row_mean(x, dims))), dims);
    const ag_arg r = v_rsqrt(v_add(square, NUM(own->f[0])));
    const ag_arg a = row_mean(v_mul(y, h), dims), b = row_mean(v_mul(y, g), dims);
    const ag_arg means = v_mul(row_mean(h, dims), row_mean(g, dims));
    const ag_arg c = v_sub(v_sub(row_mean(v_mul(h, g), dims), means), v_mul(a, b));
    const ag_arg bent = v_mul(v_mul(v_square(r), y), c);
    const ag_arg straight = v_mul(r, v_add(v_mul(a, dg), v_mul(b, dh)));
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

static bool check_normalized(const ag_tensor *x, const ag_attr *attr)
{
    char one[AGI_SHAPE_TEXT], other[AGI_SHAPE_TEXT];
    if (attr->n_list < 1)
        agi_fail(AG_ERR_SHAPE, "Expected normalized_shape to be at least 1-dimensional, i.e., "
                               "containing at least one element, but got normalized_shape = []");
    else if (!has_last_sizes(x, attr))
        agi_fail(AG_ERR_SHAPE, "Given normalized_shape=%s, expected input with shape ending in "
                               "these sizes, but got input of size%s",
                 agi_format_shape_list(one, attr->n_list, attr->list),
                 agi_format_shape_list(other, x->ndim, agi_shape_of(x)));
    else
        return true;
    return false;
}

AG_FORMULA(layer_norm)
{
    if (!check_normalized(args[0].tensor, attr) || !check_factor("weight", args[1], attr) ||
        !check_factor("bias", args[2], attr))
        return failed_norm();
    const ag_attr rows = {.f = {attr->f[0]}, .i = {attr->n_list}};
    ag_arg y = agi_value(AG_OP_standardize, 1, args, &rows);
    if (agi_is_given(args[1]))
        y = v_mul(y, args[1]);
    return agi_is_given(args[2]) ? v_add(y, args[2]) : y;
}

/* Without an eps of its own, below 0, it is the distance from 1 to the next number. */
AG_FORMULA(rms_norm)
{
    const double eps = attr->f[0] < 0.0 ? DBL_EPSILON : attr->f[0];
    if (!check_normalized(args[0].tensor, attr) || !check_factor("weight", args[1], attr))
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

/* The mean over all dimensions but that of channels, which are kept. */
static ag_arg channel_mean(ag_arg x)
{
    int64_t list[AGI_MAX_DIMS];
    int n = 0;
    if (agi_value_failed(x))
        return x;
    for (int d = 0; d < x.tensor->ndim; d++)
        if (d != 1)
            list[n++] = d;
    const ag_attr attr = {.n_list = n, .list = list};
    return v_reduce(AG_OP_mean, x, &attr, true);
}

static bool check_channels(const char *what, const ag_tensor *t, int64_t channels)
{
    if (t == NULL || (t->ndim == 1 && t->numel == channels))
        return true;
    agi_fail(AG_ERR_SHAPE, "%s should contain %lld elements not %lld", what, (long long)channels,
             (long long)t->numel);
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

/* args: x, mean and variance (of x itself where they are not given), weight, bias. */
AG_FORMULA(batch_norm)
{
    const ag_arg x = args[0];
    if (!check_batch_args(args))
        return failed_norm();
    const bool own = !agi_is_given(args[1]);
    const ag_arg mean = own ? channel_mean(x) : of_channels(v_constant(args[1]), x);
    const ag_arg d = v_sub(x, mean);
    const ag_arg var = own ? channel_mean(v_square(d)) : of_channels(v_constant(args[2]), x);
    ag_arg y = v_mul(d, v_rsqrt(v_add(var, NUM(attr->f[0]))));
    if (agi_value_failed(y))
        return y;
    if (agi_is_given(args[3]))
        y = v_mul(y, of_channels(args[3], x));
    return agi_is_given(args[4]) ? v_add(y, of_channels(args[4], x)) : y;
}

/* What moved towards what was found, by `momentum`: (1 - momentum) old + momentum found. */
static ag_tensor *moved(ag_tensor *old, ag_arg found, double factor, double momentum)
{
    const ag_arg flat = v_view(found, 1, agi_shape_of(old));
    const ag_arg kept = v_mul(agi_arg(old), NUM(1.0 - momentum));
    return v_add(kept, v_mul(flat, NUM(momentum * factor))).tensor;
}

/* The running mean and variance after a batch x of `count` numbers in each channel. */
static bool move_statistics(ag_tensor *mean, ag_tensor *var, ag_tensor *x, int64_t count,
                            double momentum)
{
    const bool recording = ag_set_grad_enabled(false);
    const ag_arg found = channel_mean(agi_arg(x));
    const ag_arg spread = channel_mean(v_square(v_sub(agi_arg(x), found)));
    const double freed = (double)count / ((double)count - 1.0);
    ag_tensor *new_mean = &agi_failed, *new_var = &agi_failed;
    bool ok = !agi_value_failed(spread);
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
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return NULL;
    const int64_t channels = agi_shape_of(input)[1];
    const ag_arg y = agi_value(AG_OP_batch_norm, 5, args, &attr);
    bool ok = !agi_value_failed(y);
    if (ok && training && input->numel > 0 && (running_mean != NULL || running_var != NULL))
        ok = move_statistics(running_mean, running_var, input, input->numel / channels, momentum);
    ag_tensor *z = ok ? agi_retain(y.tensor) : NULL;
    agi_scope_close(mark);
    return agi_scope_add(z);
}

/* ---- dropout -------------------------------------------------------------------------------- */

/* 0 with probability p, else 1 / (1 - p): as a value of the open scope. */
static ag_arg dropout_mask(ag_tensor *x, double p)
{
    int64_t shape[AGI_MAX_DIMS];
    memcpy(shape, agi_shape_of(x), (size_t)x->ndim * sizeof *shape);
    if (p == 1.0)
        return agi_repeated(0.0, x->ndim, shape);
    ag_tensor *drawn = ag_rand(x->ndim, shape, NULL);
    if (drawn == NULL)
        return failed_norm();
    return v_div(v_lt(agi_arg(drawn), NUM(1.0 - p)), NUM(1.0 - p));
}

static bool check_dropout(const char *name, ag_tensor *x, double p)
{
    if (!agi_has_tensor(name, x))
        return false;
    if (p >= 0.0 && p <= 1.0)
        return true;
    agi_fail(AG_ERR_VALUE, "dropout probability has to be between 0 and 1, but got %g", p);
    return false;
}

ag_tensor *ag_dropout(ag_tensor *input, double p, bool training)
{
    if (!check_dropout("dropout", input, p))
        return NULL;
    if (!training || p == 0.0 || input->numel == 0)
        return agi_scope_add(agi_retain(input));
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return NULL;
    const ag_arg z = v_mul(agi_arg(input), dropout_mask(input, p));
    ag_tensor *out = agi_value_failed(z) ? NULL : agi_retain(z.tensor);
    agi_scope_close(mark);
    return agi_scope_add(out);
}

ag_status ag_dropout_(ag_tensor *input, double p, bool training)
{
    if (!check_dropout("dropout_", input, p))
        return ag_last_status();
    if (!training || p == 0.0 || input->numel == 0)
        return AG_OK;
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return ag_last_status();
    const ag_arg mask = dropout_mask(input, p);
    const ag_arg args[2] = {agi_arg(input), mask};
    const ag_status status = agi_value_failed(mask) ? ag_last_status()
                                                    : ag_apply_(AG_OP_mul, 2, args, NULL);
    agi_scope_close(mark);
    return status;
}
