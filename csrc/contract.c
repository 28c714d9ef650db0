/* SPDX-License-Identifier: MIT
 *
 * Functions of ops/matrix.def and linalg.def that are made of products of matrices: any operands of
 * matmul, linear layers, contractions, chains; and equations of tensors.
 */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/shape.h"
#include "ops/matrix.h"
#include "tape/apply.h"
#include "tape/dtypes.h"
#include "tensor/scope.h"

/* A product, of which `back` says what is read transposed. NULL in, NULL out. */
static ag_tensor *product_of(int op, ag_tensor *x, ag_tensor *y, unsigned back)
{
    const ag_arg args[2] = {agi_arg(x), agi_arg(y)};
    const ag_attr attr = {.i = {back}};
    return x != NULL && y != NULL ? agi_call(op, 2, args, &attr) : NULL;
}

static int64_t last_size(const ag_tensor *x) { return agi_shape_of(x)[x->ndim - 1]; }

/* ---- matmul --------------------------------------------------------------------------------- */

/* x with all its dimensions but the last as one, where that is a view; NULL without an error where
 * it is none. *failed: with one. */
static ag_tensor *view_rows(ag_tensor *x, bool *failed)
{
    const int64_t cols = last_size(x);
    int64_t shape[2] = {1, cols}, strides[2];
    for (int d = 0; d < x->ndim - 1; d++)
        shape[0] *= agi_shape_of(x)[d];
    if (!agi_shape_view_strides(x->ndim, agi_shape_of(x), agi_strides_of(x), 2, shape, strides))
        return NULL;
    ag_tensor *rows = ag_view(x, 2, shape);
    *failed = rows == NULL;
    return rows;
}

/* The rows of x, each of which `z` has one row or one number for, get their dimensions back. The
 * variant is that of the view's node. */
static ag_tensor *unfold_rows(const ag_tensor *x, ag_tensor *z, int variant)
{
    int64_t shape[AGI_MAX_DIMS];
    int n = x->ndim - 1;
    if (z == NULL)
        return NULL;
    memcpy(shape, agi_shape_of(x), (size_t)n * sizeof *shape);
    if (z->ndim == 2)
        shape[n++] = agi_shape_of(z)[1];
    const ag_arg arg = agi_arg(z);
    const ag_attr attr = {.n_list = n, .list = shape};
    return agi_scope_add(agi_apply(AG_OP_view, variant, 1, &arg, &attr));
}

/* Of batches: an operand that is a vector is a matrix meanwhile. */
static ag_tensor *batched_product(ag_tensor *x, ag_tensor *y)
{
    ag_tensor *a = x->ndim == 1 ? ag_unsqueeze(x, 0) : x;
    ag_tensor *b = y->ndim == 1 ? ag_unsqueeze(y, 1) : y;
    if (a == NULL || b == NULL)
        return NULL;
    const ag_arg args[2] = {agi_arg(a), agi_arg(b)};
    const bool one_dtype = agi_dtype_of(a) == agi_dtype_of(b) && agi_dtype_of(a) == AG_FLOAT64;
    ag_tensor *z = one_dtype ? agi_scope_add(agi_apply(AG_OP_bmm, AGI_NAMED_UNSAFE_VIEW, 2, args,
                                                       NULL))
                             : product_of(AG_OP_bmm, a, b, 0);
    if (z != NULL && y->ndim == 1)
        z = ag_select(z, -1, 0);
    if (z != NULL && x->ndim == 1)
        z = ag_select(z, y->ndim == 1 ? -1 : -2, 0);
    return z;
}

/* Of x with three dimensions or more and a matrix or vector: one product of all rows of x. */
static ag_tensor *rows_product(ag_tensor *x, ag_tensor *y)
{
    bool failed = false;
    ag_tensor *rows = view_rows(x, &failed);
    if (failed)
        return NULL;
    if (rows == NULL)
        return batched_product(x, y);
    return unfold_rows(x, product_of(y->ndim == 1 ? AG_OP_mv : AG_OP_mm, rows, y, 0),
                       AGI_NAMED_UNSAFE_VIEW);
}

static ag_tensor *vector_times_matrix(ag_tensor *x, ag_tensor *y)
{
    if (x->numel == agi_shape_of(y)[0])
        return product_of(AG_OP_mv, y, x, 1);
    return agi_fail_null(AG_ERR_SHAPE, "mat1 and mat2 shapes cannot be multiplied (1x%lld and "
                                       "%lldx%lld)", (long long)x->numel,
                         (long long)agi_shape_of(y)[0], (long long)agi_shape_of(y)[1]);
}

static ag_tensor *matmul_of(ag_tensor *x, ag_tensor *y)
{
    if (x->ndim == 0 || y->ndim == 0)
        return agi_fail_null(AG_ERR_SHAPE, "both arguments to matmul need to be at least 1D, but "
                                           "they are %dD and %dD", x->ndim, y->ndim);
    if (x->ndim == 1 && y->ndim == 1)
        return product_of(AG_OP_dot, x, y, 0);
    if (x->ndim == 1 && y->ndim == 2)
        return vector_times_matrix(x, y);
    if (x->ndim == 2 && y->ndim <= 2)
        return product_of(y->ndim == 1 ? AG_OP_mv : AG_OP_mm, x, y, 0);
    return y->ndim <= 2 ? rows_product(x, y) : batched_product(x, y);
}

ag_tensor *ag_matmul(ag_tensor *x, ag_tensor *y)
{
    if (!agi_has_tensors("matmul", x, y))
        return NULL;
    if (x->ndim == 2 && y->ndim == 2)
        return product_of(AG_OP_mm, x, y, 0);
    const int64_t mark = agi_scope_open();
    return mark < 0 ? NULL : agi_scope_leave(mark, matmul_of(x, y));
}

ag_tensor *ag_bmm(ag_tensor *x, ag_tensor *y)
{
    if (!agi_has_tensors("bmm", x, y))
        return NULL;
    const ag_arg args[2] = {agi_arg(x), agi_arg(y)};
    return agi_check_batches(args) == AG_OK ? product_of(AG_OP_bmm, x, y, 0) : NULL;
}

/* ---- inner, linear, bilinear ---------------------------------------------------------------- */

/* x as rows, by a copy where there is no view. */
static ag_tensor *as_rows(ag_tensor *x)
{
    int64_t shape[2] = {1, last_size(x)};
    for (int d = 0; d < x->ndim - 1; d++)
        shape[0] *= agi_shape_of(x)[d];
    return ag_reshape(x, 2, shape);
}

static ag_tensor *inner_of(ag_tensor *x, ag_tensor *y)
{
    int64_t shape[2 * AGI_MAX_DIMS];
    char first[AGI_SHAPE_TEXT], second[AGI_SHAPE_TEXT];
    if (last_size(x) != last_size(y))
        return agi_fail_null(AG_ERR_SHAPE, "inner() the last dimension must match on both input "
                                           "tensors but got shapes %s and %s",
                             agi_format_shape_list(first, x->ndim, agi_shape_of(x)),
                             agi_format_shape_list(second, y->ndim, agi_shape_of(y)));
    ag_tensor *rows = as_rows(x);
    ag_tensor *z = product_of(AG_OP_mm, rows, rows != NULL ? as_rows(y) : NULL, 2);
    memcpy(shape, agi_shape_of(x), ((size_t)x->ndim - 1) * sizeof *shape);
    memcpy(shape + x->ndim - 1, agi_shape_of(y), ((size_t)y->ndim - 1) * sizeof *shape);
    if (x->ndim + y->ndim - 2 > AGI_MAX_DIMS)
        return agi_fail_null(AG_ERR_SHAPE, "inner: a tensor has at most %d dimensions",
                             AGI_MAX_DIMS);
    return z != NULL ? ag_view(z, x->ndim + y->ndim - 2, shape) : NULL;
}

ag_tensor *ag_inner(ag_tensor *x, ag_tensor *y)
{
    if (!agi_has_tensors("inner", x, y))
        return NULL;
    if (x->ndim == 0 || y->ndim == 0)
        return ag_mul(x, y);
    if (x->ndim == 1 && y->ndim == 1)
        return product_of(AG_OP_dot, x, y, 0);
    const int64_t mark = agi_scope_open();
    return mark < 0 ? NULL : agi_scope_leave(mark, inner_of(x, y));
}

/* rows times the transposed weight, with the bias added in the same pass. */
static ag_tensor *linear_rows(ag_tensor *rows, ag_tensor *weight, ag_tensor *bias)
{
    if (rows == NULL || bias == NULL)
        return product_of(AG_OP_mm, rows, weight, 2);
    const ag_arg args[3] = {agi_arg(bias), agi_arg(rows), agi_arg(weight)};
    const ag_attr attr = {.f = {1.0, 1.0}, .i = {2}};
    return agi_call(AG_OP_addmm, 3, args, &attr);
}

static ag_tensor *linear_with(ag_tensor *x, ag_tensor *weight, ag_tensor *bias)
{
    ag_tensor *z;
    if (x->ndim == 0 || weight->ndim == 0 || weight->ndim > 2)
        return agi_fail_null(AG_ERR_SHAPE, "linear: expected an input of one dimension at least "
                                           "and a weight of one or two, got %d and %d", x->ndim,
                             weight->ndim);
    if (weight->ndim == 1) {
        z = matmul_of(x, weight);
        return z != NULL && bias != NULL ? ag_add(z, bias) : z;
    }
    if (x->ndim == 2)
        return linear_rows(x, weight, bias);
    if (x->ndim == 1 && bias == NULL)
        return product_of(AG_OP_mv, weight, x, 0);
    return unfold_rows(x, linear_rows(as_rows(x), weight, bias), 0);
}

ag_tensor *ag_linear(ag_tensor *x, ag_tensor *weight, ag_tensor *bias)
{
    if (!agi_has_tensors("linear", x, weight))
        return NULL;
    if (x->ndim == 2 && weight->ndim == 2)
        return linear_rows(x, weight, bias);
    const int64_t mark = agi_scope_open();
    return mark < 0 ? NULL : agi_scope_leave(mark, linear_with(x, weight, bias));
}

static ag_status check_bilinear(const ag_tensor *x, const ag_tensor *y, const ag_tensor *weight)
{
    if (x->ndim == 0 || x->ndim != y->ndim)
        return agi_fail(AG_ERR_SHAPE, "bilinear(): input dimensions do not match: got %d and %d",
                        x->ndim, y->ndim);
    for (int d = 0; d < x->ndim - 1; d++)
        if (agi_shape_of(x)[d] != agi_shape_of(y)[d])
            return agi_fail(AG_ERR_SHAPE, "bilinear(): input batch dimensions do not match at dim "
                                          "%d: got %lld and %lld", d,
                            (long long)agi_shape_of(x)[d], (long long)agi_shape_of(y)[d]);
    if (weight->ndim != 3)
        return agi_fail(AG_ERR_SHAPE, "bilinear(): expected a weight of 3 dimensions, got %d",
                        weight->ndim);
    if (agi_dtype_of(x) != agi_dtype_of(weight) || agi_dtype_of(y) != agi_dtype_of(weight))
        return agi_fail(AG_ERR_SHAPE, "bilinear(): expected inputs and a weight of the same dtype");
    const ag_tensor *const inputs[2] = {x, y};
    for (int k = 0; k < 2; k++)
        if (last_size(inputs[k]) != agi_shape_of(weight)[k + 1])
            return agi_fail(AG_ERR_SHAPE, "bilinear(): input%d size does not match weight size: "
                                          "got %lld but expected %lld", k + 1,
                            (long long)last_size(inputs[k]),
                            (long long)agi_shape_of(weight)[k + 1]);
    return AG_OK;
}

/* y times the weight for each k and number of x, (rows, p, n), of which x takes the sum. */
static ag_tensor *bilinear_of(ag_tensor *x, ag_tensor *y, ag_tensor *weight, ag_tensor *bias)
{
    const int64_t *w = agi_shape_of(weight);
    const int64_t flat[2] = {w[0] * w[1], w[2]}, over[1] = {-1};
    ag_tensor *rows = as_rows(y), *other = rows != NULL ? as_rows(x) : NULL;
    ag_tensor *matrix = other != NULL ? ag_reshape(weight, 2, flat) : NULL;
    ag_tensor *z = product_of(AG_OP_mm, rows, matrix, 2);
    if (z == NULL)
        return NULL;
    const int64_t parted[3] = {agi_shape_of(z)[0], w[0], w[1]};
    z = ag_view(z, 3, parted);
    other = z != NULL ? ag_unsqueeze(other, 1) : NULL;
    z = other != NULL ? ag_mul(z, other) : NULL;
    z = z != NULL ? ag_sum(z, 1, over, false) : NULL;
    if (x->ndim != 2)
        z = unfold_rows(x, z, 0);
    return z != NULL && bias != NULL ? ag_add(z, bias) : z;
}

ag_tensor *ag_bilinear(ag_tensor *x, ag_tensor *y, ag_tensor *weight, ag_tensor *bias)
{
    if (!agi_has_tensors("bilinear", x, y) || !agi_has_tensor("bilinear", weight) ||
        check_bilinear(x, y, weight) != AG_OK)
        return NULL;
    const int64_t mark = agi_scope_open();
    return mark < 0 ? NULL : agi_scope_leave(mark, bilinear_of(x, y, weight, bias));
}

/* ---- chains of matrices --------------------------------------------------------------------- */

/* Where to part each stretch of a chain, from i to j, so that all takes the fewest multiplications
 * (Cormen et al., Introduction to Algorithms, 15.2): row i of n numbers has that of each j. */
typedef struct chain_plan {
    int n;
    double *cost;      /* n x n */
    int32_t *part;     /* n x n */
    ag_tensor **at;    /* the matrices */
} chain_plan;

static void plan_chain(const chain_plan *c)
{
    const int n = c->n;
    for (int i = 0; i < n; i++)
        c->cost[i * n + i] = 0.0;
    for (int length = 1; length < n; length++)
        for (int i = 0; i + length < n; i++) {
            const int j = i + length;
            c->cost[i * n + j] = INFINITY;
            for (int k = i; k < j; k++) {
                const double one = (double)agi_shape_of(c->at[i])[0] * (double)last_size(c->at[k]) *
                                   (double)last_size(c->at[j]);
                const double cost = c->cost[i * n + k] + c->cost[(k + 1) * n + j] + one;
                if (cost >= c->cost[i * n + j])
                    continue;
                c->cost[i * n + j] = cost;
                c->part[i * n + j] = k;
            }
        }
}

static ag_tensor *chain_product(const chain_plan *c, int i, int j)
{
    if (i == j)
        return c->at[i];
    const int k = c->part[i * c->n + j];
    ag_tensor *x = chain_product(c, i, k);
    return x != NULL ? product_of(AG_OP_mm, x, chain_product(c, k + 1, j), 0) : NULL;
}

static ag_status check_link(int k, const ag_tensor *x, const ag_tensor *y)
{
    char one[AGI_SHAPE_TEXT], other[AGI_SHAPE_TEXT];
    if (agi_dtype_of(x) != agi_dtype_of(y))
        return agi_fail(AG_ERR_SHAPE, "multi_dot(): all tensors must have be the same dtype but "
                                      "tensor %d is %s and tensor %d %s", k,
                        agi_dtype_name(agi_dtype_of(x)), k + 1, agi_dtype_name(agi_dtype_of(y)));
    if (last_size(x) == agi_shape_of(y)[0])
        return AG_OK;
    return agi_fail(AG_ERR_SHAPE, "multi_dot(): tensors %d and %d with shapes %s and %s cannot be "
                                  "multiplied", k, k + 1,
                    agi_format_shape_list(one, x->ndim, agi_shape_of(x)),
                    agi_format_shape_list(other, y->ndim, agi_shape_of(y)));
}

static ag_status check_chain(int n, ag_tensor *const *tensors)
{
    if (n < 2)
        return agi_fail(AG_ERR_SHAPE, "multi_dot(): expected at least 2 tensors but got %d", n);
    if (!agi_check_tensors("linalg.multi_dot", "tensors", n, tensors))
        return ag_last_status();
    for (int k = 0; k < n; k++) {
        const int ndim = tensors[k]->ndim;
        const bool at_end = k == 0 || k == n - 1;
        if (ndim == 2 || (at_end && ndim == 1))
            continue;
        if (!at_end)
            return agi_fail(AG_ERR_SHAPE, "multi_dot(): tensor %d must be 2D but got %dD", k, ndim);
        return agi_fail(AG_ERR_SHAPE, "multi_dot(): the %s tensor must be 1D or 2D but got %dD",
                        k == 0 ? "first" : "last", ndim);
    }
    for (int k = 0; k + 1 < n; k++)
        if (check_link(k, tensors[k], tensors[k + 1]) != AG_OK)
            return ag_last_status();
    return AG_OK;
}

/* The product in the scope that is open; vectors at the ends are a row and a column meanwhile. */
static ag_tensor *chain_of(const chain_plan *c, ag_tensor *const *tensors)
{
    const int n = c->n;
    const bool row = tensors[0]->ndim == 1, column = tensors[n - 1]->ndim == 1;
    memcpy(c->at, tensors, (size_t)n * sizeof *c->at);
    if (row)
        c->at[0] = ag_unsqueeze(tensors[0], 0);
    if (column)
        c->at[n - 1] = ag_unsqueeze(tensors[n - 1], 1);
    if (c->at[0] == NULL || c->at[n - 1] == NULL)
        return NULL;
    plan_chain(c);
    ag_tensor *z = chain_product(c, 0, n - 1);
    if (z == NULL || !(row || column))
        return z;
    const int64_t shape[1] = {row ? agi_shape_of(z)[1] : agi_shape_of(z)[0]};
    return ag_view(z, row && column ? 0 : 1, shape);
}

ag_tensor *ag_linalg_multi_dot(int n, ag_tensor *const *tensors)
{
    if (check_chain(n, tensors) != AG_OK)
        return NULL;
    const size_t cells = (size_t)n * (size_t)n;
    chain_plan c = {.n = n, .cost = agi_plain_new(cells * sizeof *c.cost),
                    .part = agi_plain_new(cells * sizeof *c.part),
                    .at = agi_plain_new((size_t)n * sizeof *c.at)};
    const bool has_room = c.cost != NULL && c.part != NULL && c.at != NULL;
    const int64_t mark = has_room ? agi_scope_open() : -1;
    ag_tensor *z = mark < 0 ? NULL : agi_scope_leave(mark, chain_of(&c, tensors));
    agi_plain_free(c.cost);
    agi_plain_free(c.part);
    agi_plain_free(c.at);
    return z;
}

/* ---- tensorsolve ---------------------------------------------------------------------------- */

/* a with the dimensions of a list last, in the order of the list. */
static ag_tensor *dims_last(ag_tensor *a, int n, const int64_t *dims)
{
    int64_t to[AGI_MAX_DIMS];
    if (n > a->ndim)
        return agi_fail_null(AG_ERR_SHAPE, "linalg.tensorsolve: expected %d dimensions at most, "
                                           "got %d", a->ndim, n);
    for (int k = 0; k < n; k++)
        to[k] = k - n;
    return n > 0 ? ag_movedim(a, n, dims, n, to) : a;
}

/* The solution in the scope that is open: x has the shape of what a has behind b's dimensions. */
static ag_tensor *tensor_solution(ag_tensor *a, ag_tensor *b, int n, const int64_t *dims)
{
    ag_tensor *moved = dims_last(a, n, dims), *x = NULL;
    if (moved == NULL)
        return NULL;
    const int first = b->ndim < a->ndim ? b->ndim : a->ndim, rest = a->ndim - first;
    const int64_t *shape = agi_shape_of(moved) + first;
    const int64_t size = agi_shape_numel("linalg.tensorsolve", rest, shape);
    const int64_t square[2] = {size, size}, flat[1] = {b->numel};
    if (size != b->numel)
        return agi_fail_null(AG_ERR_SHAPE, "Expected self to satisfy the requirement prod("
                                           "self.shape[other.ndim:]) == prod(self.shape[:other."
                                           "ndim]), but got %lld != %lld", (long long)size,
                             (long long)b->numel);
    ag_tensor *matrix = ag_reshape(moved, 2, square);
    ag_tensor *vector = matrix != NULL ? ag_reshape(b, 1, flat) : NULL;
    if (vector != NULL)
        x = ag_linalg_solve(matrix, vector, true);
    return x != NULL ? ag_view(x, rest, shape) : NULL;
}

ag_tensor *ag_linalg_tensorsolve(ag_tensor *a, ag_tensor *b, int n_dims, const int64_t *dims)
{
    static const char name[] = "linalg.tensorsolve";
    if (!agi_has_tensors(name, a, b) || !agi_check_list(name, "dimensions", n_dims, dims, true))
        return NULL;
    const int64_t mark = agi_scope_open();
    return mark < 0 ? NULL : agi_scope_leave(mark, tensor_solution(a, b, n_dims, dims));
}
