/* SPDX-License-Identifier: MIT
 *
 * What the files of linear algebra share (see linalg.h).
 */
#include "linalg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/check.h"
#include "../base/shape.h"
#include "../fuse/pending.h"
#include "../tape/dtypes.h"
#include "../tensor/layout.h"
#include "../tensor/scope.h"
#include "table.h"

/* ---- checks --------------------------------------------------------------------------------- */

bool agi_check_real(const char *name, const ag_tensor *t)
{
    if (agi_dtype_of(t) == AG_FLOAT64)
        return true;
    agi_fail(AG_ERR_SHAPE, "%s: Expected a floating point or complex tensor as input. Got %s",
             name, agi_dtype_name(agi_dtype_of(t)));
    return false;
}

bool agi_check_matrices(const char *name, const ag_tensor *t, bool square)
{
    if (!agi_has_tensor(name, t))
        return false;
    if (t->ndim < 2) {
        agi_fail(AG_ERR_SHAPE, "%s: The input tensor A must have at least 2 dimensions.", name);
        return false;
    }
    const int64_t rows = agi_rows_of(t), cols = agi_cols_of(t);
    if (!square || rows == cols)
        return agi_check_real(name, t);
    agi_fail(AG_ERR_SHAPE, "%s: A must be batches of square matrices, but they are %lld by %lld "
                           "matrices", name, (long long)rows, (long long)cols);
    return false;
}

bool agi_check_right_side(const char *name, const ag_tensor *b, int64_t n)
{
    if (b->ndim >= 2 && agi_rows_of(b) == n)
        return true;
    char text[AGI_SHAPE_TEXT];
    agi_fail(AG_ERR_SHAPE, "%s: expected matrices of %lld rows, got a tensor of shape %s", name,
             (long long)n, agi_format_shape_list(text, b->ndim, agi_shape_of(b)));
    return false;
}

const char *agi_batch_text(char text[64], bool is_batch, int64_t at)
{
    text[0] = '\0';
    if (is_batch)
        snprintf(text, 64, "(Batch element %lld): ", (long long)at);
    return text;
}

int64_t agi_first_bad(const agi_diagonals *d, const double *data, int64_t *place)
{
    for (int64_t i = 0; i < d->matrices; i++)
        for (int64_t k = 0; k < d->count; k++) {
            const double x = data[i * d->matrix + k * d->step];
            if (d->positive ? !(x > 0.0) : x == 0.0) {
                *place = k + 1;
                return i;
            }
        }
    *place = 0;
    return -1;
}

agi_diagonals agi_diagonals_of_cholesky(const ag_tensor *l)
{
    const int64_t n = agi_cols_of(l);
    return (agi_diagonals){.matrices = n > 0 ? l->numel / (n * n) : 0, .matrix = n * n, .count = n,
                           .step = n + 1, .positive = true};
}

agi_diagonals agi_diagonals_of_lu(const ag_tensor *packed)
{
    const int64_t m = agi_cols_of(packed), n = agi_rows_of(packed) - 1, size = m * (n + 1);
    return (agi_diagonals){.matrices = size > 0 ? packed->numel / size : 0, .matrix = size,
                           .count = m < n ? m : n, .step = m + 1};
}

/* ---- batches -------------------------------------------------------------------------------- */

bool agi_batch_of(const ag_tensor *a, const ag_tensor *b, int own, int *ndim, int64_t *shape)
{
    *ndim = a->ndim - own;
    for (int d = 0; d < *ndim; d++)
        shape[d] = agi_shape_of(a)[d];
    return b == NULL ||
           agi_shape_broadcast(ndim, shape, b->ndim - own, agi_shape_of(b)) == AG_OK;
}

ag_tensor *agi_batch_tensor(int ndim, const int64_t *batch, int own, const int64_t *sizes)
{
    int64_t shape[AGI_MAX_DIMS + 2];
    if (ndim + own > AGI_MAX_DIMS)
        return agi_fail_null(AG_ERR_SHAPE, "linalg: a tensor has at most %d dimensions",
                             AGI_MAX_DIMS);
    for (int d = 0; d < ndim; d++)
        shape[d] = batch[d];
    for (int d = 0; d < own; d++)
        shape[ndim + d] = sizes[d];
    const int64_t numel = agi_shape_numel("linalg", ndim + own, shape);
    return numel < 0 ? NULL : agi_tensor_new(ndim + own, shape, numel);
}

void agi_lay_by_columns(ag_tensor *t)
{
    int64_t strides[AGI_MAX_DIMS];
    agi_layout layout;
    memcpy(strides, agi_strides_of(t), (size_t)t->ndim * sizeof *strides);
    strides[t->ndim - 2] = 1;
    strides[t->ndim - 1] = agi_rows_of(t);
    if (agi_layout_of_strides(&layout, t->ndim, agi_shape_of(t), strides))
        agi_layout_give(t, &layout);
}

ag_status agi_batch_run(agi_matrices *m, agi_matrix_fn fn, const void *context, int n,
                        ag_tensor *const *tensors, const int *own)
{
    for (int k = 0; k < n; k++)
        agi_matrices_add(m, tensors[k], own[k]);
    for (int k = 0; k < n - 1; k++)
        m->lets_go |= tensors[k]->numel >= AGI_DEFER_MIN;
    return agi_matrices_run(m, fn, context);
}

ag_tensor *agi_batch_made(agi_matrices *m, agi_matrix_fn fn, const void *context, int n,
                          ag_tensor *const *tensors, const int *own)
{
    if (agi_batch_run(m, fn, context, n, tensors, own) == AG_OK)
        return tensors[n - 1];
    agi_release(tensors[n - 1]);
    return NULL;
}

void agi_fill_units(ag_tensor *z, int64_t size, int64_t rows)
{
    for (int64_t i = 0; i < z->numel; i++)
        agi_tensor_data(z)[i] = i % size % (rows + 1) == 0 ? 1.0 : 0.0;
}

/* ---- verbs ---------------------------------------------------------------------------------- */

ag_arg agi_constant_lu(ag_arg a)
{
    if (agi_value_failed(a))
        return a;
    ag_tensor *lu = agi_scope_add(agi_compute(AG_OP_lu_pack, 1, &a, NULL));
    return lu != NULL ? agi_arg(lu) : v_failed_matrix();
}

ag_arg agi_factor_info(ag_arg factor, bool is_lu)
{
    const ag_attr attr = {.i = {is_lu}};
    return agi_value(AG_OP_factor_info, 1, &factor, &attr);
}

ag_arg agi_v_joined(ag_arg a, ag_arg b, int64_t dim)
{
    if (agi_value_failed(a) || agi_value_failed(b))
        return v_failed_matrix();
    const ag_arg args[2] = {a, b};
    const int at = a.tensor->ndim + (int)dim;
    const int64_t sizes[2] = {agi_shape_of(a.tensor)[at], agi_shape_of(b.tensor)[at]};
    const ag_attr attr = {.i = {at}, .n_list = 2, .list = sizes};
    return agi_value(AG_OP_cat, 2, args, &attr);
}

ag_arg agi_unpacked(ag_arg packed, int64_t start, int64_t cols, int64_t rows)
{
    int64_t shape[AGI_MAX_DIMS + 1];
    const ag_arg part = v_slice_of(packed, -1, start, start + cols * rows);
    if (agi_value_failed(part))
        return part;
    const int ndim = part.tensor->ndim;
    for (int d = 0; d < ndim - 1; d++)
        shape[d] = agi_shape_of(part.tensor)[d];
    shape[ndim - 1] = cols;
    shape[ndim] = rows;
    if (ndim == AGI_MAX_DIMS) {
        agi_fail(AG_ERR_SHAPE, "linalg: a tensor has at most %d dimensions", AGI_MAX_DIMS);
        return v_failed_matrix();
    }
    return v_mt(v_view(part, ndim + 1, shape));
}

/* ---- spectra -------------------------------------------------------------------------------- */

bool agi_are_finite(const double *x, int64_t n)
{
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++)
        sum += x[i] * 0.0;
    return sum == 0.0;
}

ag_status agi_fail_to_converge(const char *name, const agi_matrices *m, bool is_batch,
                               const char *repeated)
{
    char text[64];
    agi_batch_text(text, is_batch, m->failed);
    if (m->info == AGI_NOT_FINITE)
        return agi_fail(AG_ERR_LINALG, "%s: %sThe algorithm failed to converge because the input "
                                       "matrix contained non-finite values.", name, text);
    return agi_fail(AG_ERR_LINALG, "%s: %sThe algorithm failed to converge because the input "
                                   "matrix is ill-conditioned or has too many repeated %s (error "
                                   "code: %lld).", name, text, repeated, (long long)m->info);
}

ag_arg agi_largest_in(ag_arg x, bool of_vectors)
{
    static const int64_t both[2] = {-2, -1};
    const ag_attr along = {.n_list = of_vectors ? 1 : 2, .list = of_vectors ? both + 1 : both};
    const ag_arg most = v_reduce(AG_OP_amax, v_abs(x), &along, true);
    return of_vectors ? v_with_dim(most, -1) : most;
}

ag_arg agi_tied_quotient(ag_arg x, ag_arg d, ag_arg noise, ag_arg scale, int64_t n)
{
    const double least = 8.0 * (double)n * 0x1p-52;
    const ag_arg small = v_le(v_abs(v_constant(x)), v_mul(noise, NUM(least)));
    const ag_arg close = v_le(v_abs(v_constant(d)), v_mul(scale, NUM(least)));
    const ag_arg tied = v_mul(small, close);
    return v_where(tied, NUM(0.0), v_div(x, v_where(tied, NUM(1.0), d)));
}

ag_arg agi_spectral_core(ag_arg turning, ag_arg inner, ag_arg w, ag_arg gw, int64_t n)
{
    const ag_arg apart = v_sub(v_with_dim(w, -2), v_with_dim(w, -1));
    const ag_arg noise = agi_largest_in(v_constant(inner), false);
    const ag_arg turned =
        agi_tied_quotient(turning, apart, noise, agi_largest_in(v_constant(w), true), n);
    return v_add(turned, v_diagonal_matrix(gw));
}

bool agi_rule_of_no_matrix(agi_vjp *v, ag_arg packed)
{
    if (agi_value_failed(packed))
        return true;
    if (packed.tensor->numel != 0)
        return false;
    const int64_t n = agi_cols_of(packed.tensor);
    v->gx[0] = v_mul(v_slice_of(v->g, -2, 0, n), v_slice_of(packed, -2, 0, n));
    return true;
}

ag_arg agi_slope_of_nothing(ag_arg made, int ndim, const int64_t *shape)
{
    static const ag_attr all = {.n_list = -1};
    const ag_arg zero = v_mul(v_reduce(AG_OP_sum, made, &all, false), NUM(0.0));
    return v_mul(agi_repeated(0.0, ndim, shape), zero);
}

ag_arg agi_last_row_of(ag_arg packed, int64_t n)
{
    const ag_attr last = {.i = {-2, n}};
    return agi_value(AG_OP_select, 1, &packed, &last);
}

bool agi_is_recorded(ag_tensor *a) { return ag_grad_enabled() && agi_requires_grad(a); }

/* ---- triangles ------------------------------------------------------------------------------ */

void agi_solve_triangle(const agi_blas_table *blas, agi_triangle how, int64_t n, int64_t k,
                        const double *t, int64_t t_row, int64_t t_col, double *x, int64_t x_row,
                        int64_t x_col)
{
    static const double one = 1.0;
    const bool t_by_rows = t_row != 1, x_by_rows = x_row != 1;
    const int64_t t_step = t_by_rows ? t_row : t_col, x_step = x_by_rows ? x_row : x_col;
    const int64_t in_x = x_by_rows ? k : n, ldt = t_step > n ? t_step : n;
    const int64_t ldx = x_step > in_x ? x_step : in_x;
    /* By columns, what lies by rows is its transpose; and op(t) x = b is x^T op(t)^T = b^T. */
    const char uplo = how.upper != t_by_rows ? 'U' : 'L';
    const char trans = (how.transposed != t_by_rows) != x_by_rows ? 'T' : 'N';
    const char side = x_by_rows ? 'R' : 'L', diag = how.unit ? 'U' : 'N';
    if (n == 0 || k == 0)
        return;
    blas->dtrsm(&side, &uplo, &trans, &diag, x_by_rows ? &k : &n, x_by_rows ? &n : &k, &one, t,
                &ldt, x, &ldx, 1, 1, 1, 1);
}
