/* SPDX-License-Identifier: MIT
 *
 * Norms of vectors and matrices, condition numbers, powers and exponentials of matrices, and other
 * functions that are put together of ops.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/check.h"
#include "../base/shape.h"
#include "../fuse/pending.h"
#include "../tape/dtypes.h"
#include "../tensor/scope.h"
#include "linalg.h"
#include "table.h"

/* ---- norms ---------------------------------------------------------------------------------- */

static ag_arg vector_norm_of(ag_arg x, double p, int n, const int64_t *dims, bool keepdim)
{
    const ag_attr attr = {.f = {p}, .i = {keepdim, 0, 1}, .n_list = n, .list = dims};
    return agi_value(AG_OP_p_norm, 1, &x, &attr);
}

ag_tensor *ag_linalg_vector_norm(ag_tensor *x, double ord, int n_dim, const int64_t *dim,
                                 bool keepdim)
{
    static const char name[] = "linalg.vector_norm";
    if (!agi_has_tensor(name, x) || !agi_check_list(name, "dimensions", n_dim, dim, true) ||
        !agi_check_real(name, x))
        return NULL;
    const int64_t mark = agi_scope_open();
    const int n = n_dim == 0 ? -1 : n_dim;
    return mark < 0 ? NULL
                    : agi_leave_with(mark, vector_norm_of(agi_arg(x), ord, n, dim, keepdim));
}

static ag_arg reduced_along(int op, ag_arg x, int64_t dim, bool keepdim)
{
    const ag_attr along = {.n_list = 1, .list = &dim};
    return v_reduce(op, x, &along, keepdim);
}

/* x with dimensions a and b, from 0 on, behind all others. */
static ag_arg moved_to_end(ag_arg x, int a, int b)
{
    int64_t order[AGI_MAX_DIMS];
    const int ndim = x.tensor->ndim;
    int n = 0;
    if (a == ndim - 2 && b == ndim - 1)
        return x;
    for (int d = 0; d < ndim; d++)
        if (d != a && d != b)
            order[n++] = d;
    order[n++] = a;
    order[n++] = b;
    const ag_attr attr = {.n_list = n, .list = order};
    return agi_value(AG_OP_permute, 1, &x, &attr);
}

static ag_arg singular_values_of(ag_arg x)
{
    ag_tensor *s = agi_value_failed(x) ? NULL : ag_linalg_svdvals(x.tensor);
    return s != NULL ? agi_arg(s) : v_failed_matrix();
}

/* x with dimensions of size 1 at a and b, where two are gone. */
static ag_arg with_kept(ag_arg x, int a, int b)
{
    return a < b ? v_with_dim(v_with_dim(x, a), b) : v_with_dim(v_with_dim(x, b), a);
}

/* The largest or smallest of numbers that are no less than 0, and of none of them 0 is the largest.
 * Of x the size of the dimension is known where x has not failed. */
static ag_arg extreme_along(bool largest, ag_arg x, int64_t dim, bool keepdim)
{
    const int64_t at = agi_value_failed(x) || dim >= 0 ? dim : x.tensor->ndim + dim;
    const bool is_none = !agi_value_failed(x) && agi_shape_of(x.tensor)[at] == 0;
    const int op = !largest ? AG_OP_amin : is_none ? AG_OP_sum : AG_OP_amax;
    return reduced_along(op, x, dim, keepdim);
}

/* kind: by p, 0, or the Frobenius norm, 1, or the nuclear norm, 2; over dimensions a and b. */
static ag_arg matrix_norm_of(ag_arg x, int kind, double p, int a, int b, bool keepdim)
{
    const int64_t both[2] = {a, b};
    if (kind == 1)
        return vector_norm_of(x, 2.0, 2, both, keepdim);
    if (kind == 2 || fabs(p) == 2.0) {
        const ag_arg s = singular_values_of(moved_to_end(x, a, b));
        const ag_arg z = kind == 2 ? reduced_along(AG_OP_sum, s, -1, false)
                                   : extreme_along(p > 0.0, s, -1, false);
        return keepdim ? with_kept(z, a, b) : z;
    }
    const int64_t summed = isinf(p) ? b : a, left = isinf(p) ? a : b;
    const ag_arg sums = reduced_along(AG_OP_sum, v_abs(x), summed, true);
    const ag_arg z = extreme_along(p > 0.0, sums, left, true);
    if (keepdim)
        return z;
    const ag_attr dropped = {.n_list = 2, .list = both};
    return agi_value(AG_OP_squeeze, 1, &z, &dropped);
}

static bool check_matrix_norm(const ag_tensor *x, int kind, double p, int row, int col, int *a,
                              int *b)
{
    static const char name[] = "linalg.matrix_norm";
    if (!agi_has_tensor(name, x))
        return false;
    if (x->ndim < 2) {
        agi_fail(AG_ERR_SHAPE, "%s: The input tensor A must have at least 2 dimensions.", name);
        return false;
    }
    if (!agi_check_real(name, x) || agi_shape_wrap_dim(row, x->ndim, a) != AG_OK ||
        agi_shape_wrap_dim(col, x->ndim, b) != AG_OK)
        return false;
    if (*a == *b)
        agi_fail(AG_ERR_SHAPE, "%s: dims must be different. Got (%d, %d)", name, row, col);
    else if (kind == 0 && fabs(p) != 1.0 && fabs(p) != 2.0 && !isinf(p))
        agi_fail(AG_ERR_SHAPE, "%s: Order %g not supported.", name, p);
    else
        return true;
    return false;
}

ag_tensor *ag_linalg_matrix_norm(ag_tensor *x, int kind, double ord, int row, int col,
                                 bool keepdim)
{
    int a, b;
    if (!check_matrix_norm(x, kind, ord, row, col, &a, &b))
        return NULL;
    const int64_t mark = agi_scope_open();
    return mark < 0 ? NULL : agi_leave_with(mark, matrix_norm_of(agi_arg(x), kind, ord, a, b,
                                                                   keepdim));
}

/* ---- cond ----------------------------------------------------------------------------------- */

/* The product of the norms of A and of its inverse; inf where there is none. */
static ag_arg cond_by_inverse(ag_tensor *a, int kind, double p)
{
    const ag_arg lu = agi_constant_lu(agi_arg(a)), info = agi_factor_info(lu, true);
    const ag_arg inverse = v_lu_inverse(agi_arg(a), lu);
    const ag_arg of_a = matrix_norm_of(agi_arg(a), kind, p, a->ndim - 2, a->ndim - 1, false);
    if (agi_value_failed(inverse) || agi_value_failed(info))
        return v_failed_matrix();
    const ag_arg is_none = v_ne(info, NUM(0.0));
    const ag_arg finite = v_where(v_with_dim(v_with_dim(is_none, -1), -1), NUM(0.0), inverse);
    const ag_arg rest = matrix_norm_of(finite, kind, p, a->ndim - 2, a->ndim - 1, false);
    return v_where(is_none, NUM(INFINITY), v_mul(of_a, rest));
}

/* "fro", "nuc", "inf", "1". */
static const char *norm_text(char text[32], int kind, double p)
{
    if (kind != 0)
        snprintf(text, 32, "%s", kind == 1 ? "fro" : "nuc");
    else
        snprintf(text, 32, "%g", p);
    return text;
}

static bool check_cond(ag_tensor *a, int kind, double p)
{
    char text[32], name[64];
    if (!agi_has_tensor("linalg.cond", a))
        return false;
    if (a->ndim < 2) {
        agi_fail(AG_ERR_SHAPE, "linalg.cond: The input tensor must have at least 2 dimensions.");
        return false;
    }
    if (kind == 0 && fabs(p) == 2.0)
        return agi_check_matrices("linalg.svd", a, false);
    if (kind == 0 && fabs(p) != 1.0 && !isinf(p)) {
        agi_fail(AG_ERR_SHAPE, "linalg.cond got an invalid norm type: %g", p);
        return false;
    }
    snprintf(name, sizeof name, "linalg.cond(ord=%s)", norm_text(text, kind, p));
    return agi_check_real("linalg.inv", a) && agi_check_matrices(name, a, true);
}

ag_tensor *ag_linalg_cond(ag_tensor *a, int kind, double p)
{
    const bool by_values = kind == 0 && fabs(p) == 2.0;
    const int64_t mark = check_cond(a, kind, p) ? agi_scope_open() : -1;
    if (mark < 0)
        return NULL;
    if (a->numel == 0 && kind == 0)
        return agi_leave_with(mark, reduced_along(AG_OP_sum,
                                                    reduced_along(AG_OP_sum, agi_arg(a), -1, false),
                                                    -1, false));
    if (!by_values)
        return agi_leave_with(mark, cond_by_inverse(a, kind, p));
    const ag_arg s = singular_values_of(agi_arg(a));
    const ag_arg most = reduced_along(AG_OP_amax, s, -1, false);
    const ag_arg least = reduced_along(AG_OP_amin, s, -1, false);
    if (p < 0.0)
        return agi_leave_with(mark, v_div(least, most));
    return agi_leave_with(mark, v_where(v_eq(least, NUM(0.0)), NUM(INFINITY),
                                          v_div(most, least)));
}

/* ---- powers and exponentials ---------------------------------------------------------------- */

static ag_arg unit_like(ag_arg a)
{
    return agi_value_failed(a) ? a : v_unit(agi_rows_of(a.tensor), agi_rows_of(a.tensor));
}

/* a^n by squares, n > 0. */
static ag_arg whole_power_of(ag_arg a, int64_t n)
{
    ag_arg z = agi_number(0.0);
    for (; n > 0; n /= 2) {
        if (n % 2 == 1)
            z = z.tensor == NULL ? a : v_matmul(z, a);
        if (n > 1)
            a = v_matmul(a, a);
    }
    return z;
}

/* Numbers of any dtype can be multiplied; inverses are of float64 alone. */
static bool check_matrix_power(const ag_tensor *a, int64_t n)
{
    static const char name[] = "linalg.matrix_power";
    const bool is_square = a != NULL && a->ndim >= 2 && agi_rows_of(a) == agi_cols_of(a);
    return is_square && n < 0 ? agi_check_real("linalg.inv", a)
                              : is_square || agi_check_matrices(name, a, true);
}

ag_tensor *ag_linalg_matrix_power(ag_tensor *a, int64_t n)
{
    if (!check_matrix_power(a, n))
        return NULL;
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return NULL;
    ag_arg base = agi_arg(a);
    if (n == 0) {
        const ag_arg one = v_expand(unit_like(base), a->ndim, agi_shape_of(a));
        const ag_arg whole = agi_value(AG_OP_clone, 1, &one, &agi_row_major);
        ag_tensor *cast = agi_value_failed(whole) ? NULL : ag_cast(whole.tensor, agi_dtype_of(a));
        return agi_leave_with(mark, cast != NULL ? agi_arg(cast) : v_failed_matrix());
    }
    if (n < 0) {
        ag_tensor *inverse = ag_linalg_inv(a);
        base = inverse != NULL ? agi_arg(inverse) : v_failed_matrix();
        n = n == INT64_MIN ? INT64_MAX : -n;
    }
    if (n == 1)
        return agi_leave_with(mark, agi_value(AG_OP_clone, 1, &base, NULL));
    return agi_leave_with(mark, whole_power_of(base, n));
}

ag_tensor *ag_matrix_power(ag_tensor *a, int64_t n) { return ag_linalg_matrix_power(a, n); }

/* The largest sum of sizes in a column of any of the matrices. */
static double largest_column(ag_arg a, bool *ok)
{
    static const ag_attr all = {.n_list = -1};
    const ag_arg sums = reduced_along(AG_OP_sum, v_abs(v_constant(a)), -2, false);
    const ag_arg most = v_reduce(AG_OP_amax, sums, &all, false);
    *ok = !agi_value_failed(most) && agi_storage_ready(most.tensor->storage) == AG_OK;
    return *ok ? *agi_tensor_data(most.tensor) : 0.0;
}

static ag_arg scaled_sum(const double *factors, ag_arg one, ag_arg two, ag_arg four, ag_arg six)
{
    const ag_arg high = v_add(v_mul(six, NUM(factors[3])), v_mul(four, NUM(factors[2])));
    const ag_arg low = v_mul(two, NUM(factors[1]));
    const ag_arg sum = v_add(high, low);
    return factors[0] == 0.0 ? sum : v_add(sum, v_mul(one, NUM(factors[0])));
}

/* The quotient of polynomials of degree 13, of a matrix that was halved until its norm is below 5.4
 * (Higham 2005, doi:10.1137/04061101X), squared as often. */
static ag_arg exponential_of(ag_arg a)
{
    static const double u_high[4] = {0.0, 40840800.0, 16380.0, 1.0};
    static const double u_low[4] = {32382376266240000.0, 1187353796428800.0, 10559470521600.0,
                                    33522128640.0};
    static const double v_high[4] = {0.0, 1323241920.0, 960960.0, 182.0};
    static const double v_low[4] = {64764752532480000.0, 7771770303897600.0, 129060195264000.0,
                                    670442572800.0};
    bool ok;
    const double norm = largest_column(a, &ok);
    if (!ok)
        return v_failed_matrix();
    const int halvings = norm > 5.4 && isfinite(norm) ? (int)ceil(log2(norm / 5.4)) : 0;
    const ag_arg x = halvings > 0 ? v_mul(a, NUM(ldexp(1.0, -halvings))) : a, one = unit_like(a);
    const ag_arg two = v_matmul(x, x), four = v_matmul(two, two), six = v_matmul(four, two);
    const ag_arg of_u = v_add(v_matmul(six, scaled_sum(u_high, one, two, four, six)),
                              scaled_sum(u_low, one, two, four, six));
    const ag_arg u = v_matmul(x, of_u);
    const ag_arg v = v_add(v_matmul(six, scaled_sum(v_high, one, two, four, six)),
                           scaled_sum(v_low, one, two, four, six));
    ag_arg z = v_solve(v_sub(v, u), v_add(v, u), false);
    for (int k = 0; k < halvings; k++)
        z = v_matmul(z, z);
    return z;
}

ag_tensor *ag_linalg_matrix_exp(ag_tensor *a)
{
    if (!agi_check_matrices("linalg.matrix_exp", a, true))
        return NULL;
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return NULL;
    const bool is_plain = a->numel == 0 || agi_rows_of(a) == 1;
    return agi_leave_with(mark, is_plain ? v_exp(agi_arg(a)) : exponential_of(agi_arg(a)));
}

ag_tensor *ag_matrix_exp(ag_tensor *a) { return ag_linalg_matrix_exp(a); }

/* ---- cross, vecdot -------------------------------------------------------------------------- */

static ag_arg component_of(ag_arg x, int64_t dim, int64_t i)
{
    return v_slice_of(x, dim, i % 3, i % 3 + 1);
}

ag_tensor *ag_linalg_cross(ag_tensor *x, ag_tensor *y, int dim)
{
    int64_t shape[AGI_MAX_DIMS];
    int ndim, at;
    if (!agi_has_tensors("linalg.cross", x, y))
        return NULL;
    if (x->ndim != y->ndim)
        return agi_fail_null(AG_ERR_SHAPE, "linalg.cross: inputs must have the same number of "
                                           "dimensions.");
    if (agi_shape_wrap_dim(dim, x->ndim, &at) != AG_OK)
        return NULL;
    const int64_t of_x = x->ndim > 0 ? agi_shape_of(x)[at] : 1;
    const int64_t of_y = y->ndim > 0 ? agi_shape_of(y)[at] : 1;
    if (of_x != 3 || of_y != 3)
        return agi_fail_null(AG_ERR_SHAPE, "linalg.cross: inputs dimension %d must have length 3. "
                                           "Got %lld and %lld", dim, (long long)of_x,
                             (long long)of_y);
    const int64_t mark = agi_batch_of(x, y, 0, &ndim, shape) ? agi_scope_open() : -1;
    if (mark < 0)
        return NULL;
    const ag_arg a = agi_arg(x), b = agi_arg(y);
    const int64_t from_end = at - x->ndim;
    ag_arg z = agi_number(0.0);
    for (int64_t i = 0; i < 3; i++) {
        const ag_arg one = v_mul(component_of(a, at, i + 1), component_of(b, at, i + 2));
        const ag_arg two = v_mul(component_of(a, at, i + 2), component_of(b, at, i + 1));
        const ag_arg c = v_sub(one, two);
        z = i == 0 ? c : agi_v_joined(z, c, from_end);
    }
    return agi_leave_with(mark, z);
}

ag_tensor *ag_linalg_vecdot(ag_tensor *x, ag_tensor *y, int dim)
{
    if (!agi_has_tensors("linalg.vecdot", x, y))
        return NULL;
    const int64_t mark = agi_scope_open();
    return mark < 0 ? NULL : agi_leave_with(mark, reduced_along(AG_OP_sum,
                                                                  v_mul(agi_arg(x), agi_arg(y)),
                                                                  dim, false));
}

/* ---- tensorinv ------------------------------------------------------------------------------ */

static int64_t product_of_sizes(const int64_t *sizes, int n)
{
    int64_t product = 1;
    for (int k = 0; k < n; k++)
        product *= sizes[k];
    return product;
}

ag_tensor *ag_linalg_tensorinv(ag_tensor *a, int64_t ind)
{
    static const char name[] = "linalg.tensorinv";
    if (!agi_has_tensor(name, a) || !agi_check_real(name, a))
        return NULL;
    if (ind <= 0)
        return agi_fail_null(AG_ERR_SHAPE, "Expected a strictly positive integer for 'ind'");
    const int first = ind < a->ndim ? (int)ind : a->ndim, rest = a->ndim - first;
    const int64_t *shape = agi_shape_of(a);
    const int64_t size[2] = {product_of_sizes(shape, first), product_of_sizes(shape + first, rest)};
    if (size[0] != size[1])
        return agi_fail_null(AG_ERR_SHAPE, "Expected self to satisfy the requirement "
                                           "prod(self.shape[ind:]) == prod(self.shape[:ind]), but "
                                           "got %lld != %lld", (long long)size[1],
                             (long long)size[0]);
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return NULL;
    int64_t turned[AGI_MAX_DIMS];
    memcpy(turned, shape + first, (size_t)rest * sizeof *turned);
    memcpy(turned + rest, shape, (size_t)first * sizeof *turned);
    const ag_arg matrix = v_view(v_row_major(agi_arg(a)), 2, size);
    ag_tensor *inverse = agi_value_failed(matrix) ? NULL : ag_linalg_inv(matrix.tensor);
    const ag_arg z = inverse != NULL ? agi_arg(inverse) : v_failed_matrix();
    return agi_leave_with(mark, v_view(z, a->ndim, turned));
}
