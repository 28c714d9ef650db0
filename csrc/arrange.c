/* SPDX-License-Identifier: MIT
 *
 * Functions of ops/shapes.def that are other ways to call ops: parts of tensors, views in place,
 * turned and repeated copies, diagonals, copies with a part replaced.
 */
#include <string.h>

#include "base/check.h"
#include "base/shape.h"
#include "fuse/pending.h"
#include "ops/shapes.h"
#include "tape/rule.h"
#include "tensor/scope.h"

enum { AGI_PAD_CONSTANT, AGI_PAD_REFLECT, AGI_PAD_REPLICATE, AGI_PAD_CIRCULAR };

/* ---- views ---------------------------------------------------------------------------------- */

ag_tensor *ag_narrow(ag_tensor *x, int dim, int64_t start, int64_t length)
{
    int at;
    if (!agi_has_tensor("narrow", x))
        return NULL;
    if (x->ndim == 0)
        return agi_fail_null(AG_ERR_SHAPE, "narrow() cannot be applied to a 0-dim tensor.");
    if (length < 0)
        return agi_fail_null(AG_ERR_SHAPE, "narrow(): length must be non-negative.");
    if (agi_shape_wrap_dim(dim, x->ndim, &at) != AG_OK)
        return NULL;
    const int64_t size = agi_shape_of(x)[at];
    if (start < -size || start > size)
        return agi_fail_null(AG_ERR_INDEX, "start out of range (expected to be in range of "
                                           "[-%lld, %lld], but got %lld)", (long long)size,
                             (long long)size, (long long)start);
    start += start < 0 ? size : 0;
    if (length > size - start)
        return agi_fail_null(AG_ERR_SHAPE, "start (%lld) + length (%lld) exceeds dimension size "
                                           "(%lld).", (long long)start, (long long)length,
                             (long long)size);
    return ag_slice(x, at, start, start + length, 1);
}

/* The dimensions of a list as a mask; false with an error if one is there twice. */
static bool name_once(const char *list_name, int n, const int64_t *list, const int *dims,
                      uint64_t *seen)
{
    char text[AGI_SHAPE_TEXT];
    *seen = 0;
    for (int k = 0; k < n; k++) {
        if (*seen >> dims[k] & 1) {
            agi_fail(AG_ERR_SHAPE, "movedim: repeated dim in `%s` (%s)", list_name,
                     agi_format_shape_list(text, n, list));
            return false;
        }
        *seen |= UINT64_C(1) << dims[k];
    }
    return true;
}

ag_tensor *ag_movedim(ag_tensor *x, int n_source, const int64_t *source, int n_destination,
                      const int64_t *destination)
{
    int from[AGI_MAX_DIMS], to[AGI_MAX_DIMS];
    int64_t dims[AGI_MAX_DIMS] = {0};
    uint64_t taken, filled;
    if (!agi_has_tensor("movedim", x) ||
        !agi_check_list("movedim", "dimensions", n_source, source, false) ||
        !agi_check_list("movedim", "dimensions", n_destination, destination, false))
        return NULL;
    if (n_source != n_destination)
        return agi_fail_null(AG_ERR_SHAPE,
                             "movedim: Invalid source or destination dims: source (%d dims) should "
                             "contain the same number of dims as destination (%d dims)",
                             n_source, n_destination);
    for (int k = 0; k < n_source; k++)
        if (agi_shape_wrap_dim(source[k], x->ndim, &from[k]) != AG_OK ||
            agi_shape_wrap_dim(destination[k], x->ndim, &to[k]) != AG_OK)
            return NULL;
    if (!name_once("source", n_source, source, from, &taken) ||
        !name_once("destination", n_source, destination, to, &filled))
        return NULL;
    for (int k = 0; k < n_source; k++)
        dims[to[k]] = from[k];
    for (int d = 0, left = 0; d < x->ndim; d++) {
        if (filled >> d & 1)
            continue;
        while (taken >> left & 1)
            left++;
        dims[d] = left++;
    }
    return ag_permute(x, x->ndim, dims);
}

ag_tensor *ag_adjoint(ag_tensor *x)
{
    if (!agi_has_tensor("adjoint", x))
        return NULL;
    if (x->ndim == 1)
        return agi_fail_null(AG_ERR_SHAPE, "tensor.adjoint() is only supported on matrices or "
                                           "batches of matrices. Got 1-D tensor.");
    return x->ndim == 0 ? agi_scope_add(agi_retain(x)) : ag_transpose(x, -2, -1);
}

ag_tensor *ag_unflatten(ag_tensor *x, int dim, int n, const int64_t *sizes)
{
    int at;
    int64_t shape[2 * AGI_MAX_DIMS], parts[AGI_MAX_DIMS];
    char text[AGI_SHAPE_TEXT];
    if (!agi_has_tensor("unflatten", x) ||
        !agi_check_list("unflatten", "sizes", n, sizes, false) ||
        agi_shape_wrap_dim(dim, x->ndim, &at) != AG_OK)
        return NULL;
    if (n == 0)
        return agi_fail_null(AG_ERR_SHAPE, "unflatten: sizes must be non-empty");
    if (x->ndim == 0)
        return agi_fail_null(AG_ERR_SHAPE, "unflatten: Dimension specified as %d but tensor has no "
                                           "dimensions", dim);
    const int64_t size = agi_shape_of(x)[at];
    if (agi_shape_infer(sizes, n, size, parts) != AG_OK)
        return agi_fail_null(AG_ERR_SHAPE,
                             "unflatten: Provided sizes %s don't multiply up to the size of dim %d "
                             "(%lld) in the input tensor", agi_format_shape_list(text, n, sizes),
                             at, (long long)size);
    for (int d = 0; d < x->ndim - 1 + n; d++)
        shape[d] = d < at ? agi_shape_of(x)[d] : d < at + n ? parts[d - at]
                                                            : agi_shape_of(x)[d - n + 1];
    return ag_view(x, x->ndim - 1 + n, shape);
}

/* Sizes and strides as the op has them, and how far the first element is from that of x. */
static bool region_of(const char *op, const ag_tensor *x, int n, const int64_t *size, int n_stride,
                      const int64_t *stride, int64_t storage_offset, int64_t *list,
                      ag_attr *attr)
{
    if (!agi_has_tensor(op, x) || !agi_check_list(op, "sizes", n, size, false) ||
        !agi_check_list(op, "strides", n_stride, stride, false))
        return false;
    if (n != n_stride) {
        agi_fail(AG_ERR_SHAPE, "mismatch in length of strides and shape");
        return false;
    }
    for (int d = 0; d < n; d++) {
        list[d] = size[d];
        list[n + d] = stride[d];
    }
    if (storage_offset == INT64_MIN)
        storage_offset = x->offset;
    if (storage_offset < 0) {
        agi_fail(AG_ERR_VALUE, "Tensor: invalid storage offset %lld", (long long)storage_offset);
        return false;
    }
    *attr = (ag_attr){.i = {storage_offset - x->offset}, .n_list = 2 * n, .list = list};
    return true;
}

ag_tensor *ag_strided_view(ag_tensor *x, int n_size, const int64_t *size, int n_stride,
                           const int64_t *stride, int64_t storage_offset)
{
    int64_t list[2 * AGI_MAX_DIMS];
    ag_attr attr;
    if (!region_of("as_strided", x, n_size, size, n_stride, stride, storage_offset, list, &attr))
        return NULL;
    const ag_arg arg = agi_arg(x);
    return agi_call(AG_OP_as_strided, 1, &arg, &attr);
}

/* ---- views in place ------------------------------------------------------------------------- */

ag_status ag_transpose_(ag_tensor *x, int dim0, int dim1)
{
    const ag_attr attr = {.i = {dim0, dim1}};
    return agi_has_tensor("transpose_", x) ? agi_view_in_place(x, AG_OP_transpose, 1, &attr)
                                           : ag_last_status();
}

ag_status ag_t_(ag_tensor *x)
{
    if (!agi_has_tensor("t_", x))
        return ag_last_status();
    if (x->ndim > 2)
        return agi_fail(AG_ERR_SHAPE, "t_() expects a tensor with <= 2 dimensions, but self is %dD",
                        x->ndim);
    const ag_attr attr = {.i = {0, x->ndim < 2 ? 0 : 1}};
    return agi_view_in_place(x, AG_OP_transpose, AGI_NAMED_T + 1, &attr);
}

ag_status ag_unsqueeze_(ag_tensor *x, int dim)
{
    const ag_attr attr = {.i = {dim}};
    return agi_has_tensor("unsqueeze_", x) ? agi_view_in_place(x, AG_OP_unsqueeze, 1, &attr)
                                           : ag_last_status();
}

ag_status ag_squeeze_(ag_tensor *x, int n, const int64_t *dims)
{
    const ag_attr attr = {.n_list = n, .list = dims};
    if (!agi_has_tensor("squeeze_", x) ||
        !agi_check_list("squeeze_", "dimensions", n, dims, true))
        return ag_last_status();
    return agi_view_in_place(x, AG_OP_squeeze, n < 0 ? 3 : n == 1 ? 4 : 5, &attr);
}

ag_status ag_strided_view_(ag_tensor *x, int n_size, const int64_t *size, int n_stride,
                           const int64_t *stride, int64_t storage_offset)
{
    int64_t list[2 * AGI_MAX_DIMS];
    ag_attr attr;
    return region_of("as_strided_", x, n_size, size, n_stride, stride, storage_offset, list, &attr)
               ? agi_view_in_place(x, AG_OP_as_strided, 1, &attr)
               : ag_last_status();
}

/* More memory for x, of which the first part is what it has from its first element on. */
static ag_status enlarge(ag_tensor *x, int n, const int64_t *shape, int64_t numel)
{
    ag_tensor *old = agi_tensor_snapshot(x), *grown = NULL;
    if (old != NULL && agi_storage_ready(old->storage) == AG_OK)
        grown = agi_tensor_new(n, shape, numel);
    if (grown != NULL) {
        const int64_t behind = old->storage->numel - old->offset, kept = behind > 0 ? behind : 0;
        double *z = agi_tensor_data(grown);
        memcpy(z, agi_tensor_data(old), (size_t)kept * sizeof *z);
        memset(z + kept, 0, (size_t)(numel - kept) * sizeof *z);
        grown->storage->dtype = old->storage->dtype;
    }
    const ag_status status = grown != NULL ? agi_tensor_assign(x, grown) : ag_last_status();
    agi_release(grown);
    agi_release(old);
    return status;
}

ag_status ag_resize_(ag_tensor *x, int n, const int64_t *size)
{
    int64_t strides[AGI_MAX_DIMS];
    if (!agi_has_tensor("resize_", x) || !agi_check_list("resize_", "sizes", n, size, false))
        return ag_last_status();
    if (agi_requires_grad(x))
        return agi_fail(AG_ERR_GRAD, "cannot resize variables that require grad");
    const int64_t numel = agi_shape_numel("resize_", n, size);
    if (numel < 0)
        return ag_last_status();
    if (agi_shape_equal(n, size, x->ndim, agi_shape_of(x)))
        return AG_OK;
    if (numel > x->storage->numel - x->offset)
        return enlarge(x, n, size, numel);
    agi_shape_strides(n, size, strides);
    ag_tensor *view = agi_tensor_over(x->storage, n, size, strides, x->offset);
    const ag_status status = view != NULL ? agi_tensor_rearrange(x, view) : ag_last_status();
    agi_release(view);
    return status;
}

ag_status ag_resize_as_(ag_tensor *x, ag_tensor *other)
{
    return agi_has_tensors("resize_as_", x, other)
               ? ag_resize_(x, other->ndim, agi_shape_of(other)) : ag_last_status();
}

/* ---- elements in other places --------------------------------------------------------------- */

ag_tensor *ag_fliplr(ag_tensor *x)
{
    const int64_t dim = 1;
    if (x != NULL && x->ndim < 2)
        return agi_fail_null(AG_ERR_SHAPE, "Input must be >= 2-d.");
    return ag_flip(x, 1, &dim);
}

ag_tensor *ag_flipud(ag_tensor *x)
{
    const int64_t dim = 0;
    if (x != NULL && x->ndim < 1)
        return agi_fail_null(AG_ERR_SHAPE, "Input must be >= 1-d.");
    return ag_flip(x, 1, &dim);
}

ag_tensor *ag_rot90(ag_tensor *x, int64_t k, int n_dims, const int64_t *dims)
{
    static const int64_t first_two[2] = {0, 1};
    if (!agi_has_tensor("rot90", x) ||
        !agi_check_list("rot90", "dimensions", n_dims, dims, true))
        return NULL;
    const ag_attr attr = {.i = {k}, .n_list = n_dims < 0 ? 2 : n_dims,
                          .list = n_dims < 0 ? first_two : dims};
    const ag_arg arg = agi_arg(x);
    return agi_call(AG_OP_rot90, 1, &arg, &attr);
}

/* The shifts of the dimensions named, added up, one for each dimension of x. */
static bool shifts_by_dim(const ag_tensor *x, int n, const int64_t *shifts, const int64_t *dims,
                          int64_t *by_dim)
{
    for (int d = 0; d < x->ndim; d++)
        by_dim[d] = 0;
    for (int k = 0; k < n; k++) {
        int at = 0;
        if (x->numel > 0 && agi_shape_wrap_dim(dims[k], x->ndim, &at) != AG_OK)
            return false;
        if (x->ndim == 0) {
            agi_fail(AG_ERR_INDEX, "Dimension specified as %lld but tensor has no dimensions",
                     (long long)dims[k]);
            return false;
        }
        const int64_t size = agi_shape_of(x)[at];
        by_dim[at] = size > 0 ? (by_dim[at] + shifts[k] % size) % size : 0;
    }
    return true;
}

ag_tensor *ag_roll(ag_tensor *x, int n_shifts, const int64_t *shifts, int n_dims,
                   const int64_t *dims)
{
    int64_t by_dim[AGI_MAX_DIMS];
    const ag_arg arg = agi_arg(x);
    ag_attr attr = {.i = {n_dims == 0}, .n_list = 1, .list = shifts};
    if (!agi_has_tensor("roll", x) ||
        !agi_check_list("roll", "shifts", n_shifts, shifts, false) ||
        !agi_check_list("roll", "dimensions", n_dims, dims, false))
        return NULL;
    if (n_shifts == 0)
        return agi_fail_null(AG_ERR_SHAPE, "`shifts` required");
    if (n_shifts != n_dims && (n_dims != 0 || n_shifts != 1))
        return agi_fail_null(AG_ERR_SHAPE,
                             "shifts and dimensions must align. shifts: %d, dims: %d", n_shifts,
                             n_dims);
    if (n_dims > 0) {
        if (!shifts_by_dim(x, n_shifts, shifts, dims, by_dim))
            return NULL;
        attr.n_list = x->ndim;
        attr.list = by_dim;
    }
    return agi_call(AG_OP_roll, 1, &arg, &attr);
}

ag_tensor *ag_tile(ag_tensor *x, int n, const int64_t *dims)
{
    int64_t repeats[AGI_MAX_DIMS];
    if (!agi_has_tensor("tile", x) || !agi_check_list("tile", "sizes", n, dims, false))
        return NULL;
    const int ndim = n > x->ndim ? n : x->ndim;
    for (int d = 0; d < ndim; d++)
        repeats[d] = d < ndim - n ? 1 : dims[d - (ndim - n)];
    return ag_repeat(x, ndim, repeats);
}

/* ---- triangles and diagonals ---------------------------------------------------------------- */

ag_status ag_tril_(ag_tensor *x, int64_t diagonal)
{
    const ag_attr attr = {.i = {diagonal}};
    const ag_arg arg = agi_arg(x);
    return agi_has_tensor("tril_", x) ? ag_apply_(AG_OP_tril, 1, &arg, &attr) : ag_last_status();
}

ag_status ag_triu_(ag_tensor *x, int64_t diagonal)
{
    const ag_attr attr = {.i = {diagonal}};
    const ag_arg arg = agi_arg(x);
    return agi_has_tensor("triu_", x) ? ag_apply_(AG_OP_triu, 1, &arg, &attr) : ag_last_status();
}

ag_tensor *ag_diag(ag_tensor *x, int64_t offset)
{
    if (!agi_has_tensor("diag", x))
        return NULL;
    if (x->ndim == 1)
        return ag_diag_embed(x, offset, 0, 1);
    if (x->ndim != 2)
        return agi_fail_null(AG_ERR_SHAPE, "diag(): Supports 1D or 2D tensors. Got %dD", x->ndim);
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return NULL;
    ag_tensor *diagonal = ag_diagonal(x, offset, 0, 1);
    const ag_arg view = agi_arg(diagonal != NULL ? diagonal : &agi_failed);
    return agi_leave_with(mark, agi_value(AG_OP_clone, 1, &view, &agi_row_major));
}

ag_tensor *ag_diagflat(ag_tensor *x, int64_t offset)
{
    const int64_t all = -1, mark = agi_scope_open();
    if (mark < 0)
        return NULL;
    ag_tensor *flat = agi_has_tensor("diagflat", x) ? ag_reshape(x, 1, &all) : NULL;
    return agi_scope_leave(mark, flat != NULL ? ag_diag_embed(flat, offset, 0, 1) : NULL);
}

static ag_status fill_one_diagonal(ag_tensor *x, ag_arg value)
{
    const int ndim = x->ndim;
    int64_t size = INT64_MAX, stride = 0;
    for (int d = 0; d < ndim; d++) {
        size = agi_shape_of(x)[d] < size ? agi_shape_of(x)[d] : size;
        stride += agi_strides_of(x)[d];
    }
    ag_tensor *diagonal = ag_as_strided(x, 1, &size, &stride, 0);
    const ag_arg args[2] = {agi_arg(diagonal), value};
    return diagonal != NULL ? ag_apply_(AG_OP_fill, 2, args, NULL) : ag_last_status();
}

/* Where the diagonals of a tall matrix are: the places, rows and columns. NULL with an error. */
static ag_tensor *wrapped_places(int64_t rows, int64_t cols, bool are_rows)
{
    const int64_t rest = rows % (cols + 1), n = rows / (cols + 1) * cols + rest;
    ag_tensor *t = agi_tensor_new(1, &n, n);
    if (t == NULL)
        return NULL;
    for (int64_t k = 0; k < n; k++)
        agi_tensor_data(t)[k] = (double)(are_rows ? k + k / cols : k % cols);
    t->storage->dtype = AG_INT64;
    return agi_scope_add(t);
}

/* In one write, so that all of them are filled or, where that fails, none. Through a view, since
 * what is written is a part of x. */
static ag_status fill_wrapped(ag_tensor *x, ag_arg value)
{
    const int64_t rows = agi_shape_of(x)[0], cols = agi_shape_of(x)[1];
    ag_tensor *places[2] = {NULL}, *view = ag_slice(x, 0, 0, rows, 1);
    for (int k = 0; k < 2 && view != NULL; k++)
        if ((places[k] = wrapped_places(rows, cols, k == 0)) == NULL)
            return ag_last_status();
    return view != NULL ? ag_index_put_(view, 2, places, value, false) : ag_last_status();
}

ag_status ag_fill_diagonal_(ag_tensor *x, ag_arg value, bool wrap)
{
    if (!agi_has_tensor("fill_diagonal_", x))
        return ag_last_status();
    if (x->ndim < 2)
        return agi_fail(AG_ERR_SHAPE, "dimensions must larger than 1");
    for (int d = 1; d < x->ndim && x->ndim > 2; d++)
        if (agi_shape_of(x)[d] != agi_shape_of(x)[0])
            return agi_fail(AG_ERR_SHAPE, "all dimensions of input must be of equal length");
    const bool again = wrap && x->ndim == 2 && agi_shape_of(x)[0] > agi_shape_of(x)[1] + 1;
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return ag_last_status();
    const ag_status status = again && x->numel > 0 ? fill_wrapped(x, value)
                                                   : fill_one_diagonal(x, value);
    agi_scope_close(mark);
    return status;
}

/* ---- copies with a part replaced ------------------------------------------------------------ */

/* x with a slice that is src, of x's dtype, and known under a name. */
static ag_tensor *with_slice(ag_tensor *x, ag_tensor *src, int variant, const int64_t *i)
{
    const ag_attr attr = {.i = {i[0], i[1], i[2], i[3]}};
    ag_tensor *cast = ag_cast(src, ag_dtype_of(x));
    if (cast == NULL)
        return NULL;
    const ag_arg args[2] = {agi_arg(x), agi_arg(cast)};
    return agi_scope_add(agi_apply(AG_OP_slice_scatter, variant, 2, args, &attr));
}

ag_tensor *ag_select_scatter(ag_tensor *x, ag_tensor *src, int dim, int64_t index)
{
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return NULL;
    ag_tensor *part = agi_has_tensors("select_scatter", x, src) ? ag_select(x, dim, index) : NULL;
    ag_tensor *z = NULL;
    if (part != NULL && !agi_same_shape(part, src)) {
        char wanted[AGI_SHAPE_TEXT], got[AGI_SHAPE_TEXT];
        agi_fail(AG_ERR_SHAPE, "expected src to have a size equal to the slice of self. src size = "
                               "%s, slice size = %s",
                 agi_format_shape_list(got, src->ndim, agi_shape_of(src)),
                 agi_format_shape_list(wanted, part->ndim, agi_shape_of(part)));
    } else if (part != NULL) {
        const int64_t at = dim < 0 ? dim + x->ndim : dim;
        const int64_t from = index < 0 ? index + agi_shape_of(x)[at] : index;
        ag_tensor *whole = ag_unsqueeze(src, (int)at);
        if (whole != NULL)
            z = with_slice(x, whole, AGI_NAMED_SELECT_SCATTER,
                           (const int64_t[]){at, from, from + 1, 1});
    }
    return agi_scope_leave(mark, z);
}

ag_tensor *ag_slice_replaced(ag_tensor *x, ag_tensor *src, int dim, int64_t start, int64_t end,
                             int64_t step)
{
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return NULL;
    ag_tensor *z = NULL;
    if (agi_has_tensors("slice_scatter", x, src))
        z = with_slice(x, src, AGI_NAMED_SLICE_SCATTER, (const int64_t[]){dim, start, end, step});
    return agi_scope_leave(mark, z);
}

/* The region of a row-major copy of x. */
static ag_tensor *with_diagonal(ag_tensor *x, ag_tensor *src, int64_t offset, int a, int b)
{
    int64_t region[2 * AGI_MAX_DIMS], start;
    char wanted[AGI_SHAPE_TEXT], got[AGI_SHAPE_TEXT];
    const int n = x->ndim - 1;
    ag_tensor *dense = ag_contiguous(x), *cast = ag_cast(src, ag_dtype_of(x));
    if (dense == NULL || cast == NULL)
        return NULL;
    int64_t strides[AGI_MAX_DIMS];
    agi_shape_strides(x->ndim, agi_shape_of(x), strides);
    agi_diagonal_region(x->ndim, agi_shape_of(x), strides, a, b, offset, region, &start);
    if (!agi_shape_equal(n, region, src->ndim, agi_shape_of(src)))
        return agi_fail_null(AG_ERR_SHAPE,
                             "expected src to have a size equal to the slice of self. src size = "
                             "%s, slice size = %s",
                             agi_format_shape_list(got, src->ndim, agi_shape_of(src)),
                             agi_format_shape_list(wanted, n, region));
    const ag_attr attr = {.i = {start}, .n_list = 2 * n, .list = region};
    const ag_arg args[2] = {agi_arg(dense), agi_arg(cast)};
    return agi_scope_add(
        agi_apply(AG_OP_strided_scatter, AGI_NAMED_DIAGONAL_SCATTER, 2, args, &attr));
}

ag_tensor *ag_diagonal_scatter(ag_tensor *x, ag_tensor *src, int64_t offset, int dim1, int dim2)
{
    int a, b;
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return NULL;
    ag_tensor *z = NULL;
    if (agi_has_tensors("diagonal_scatter", x, src) &&
        agi_diagonal_plane(dim1, dim2, x->ndim, &a, &b) == AG_OK)
        z = with_diagonal(x, src, offset, a, b);
    return agi_scope_leave(mark, z);
}

/* ---- the reverse of expand ------------------------------------------------------------------- */

/* The dimensions that a shape of n sizes, which expands to x's, has not or with size 1; -1 with an
 * error where it does not expand to that. */
static int summed_dims(const ag_tensor *x, int n, const int64_t *size, int64_t *dims)
{
    const int lead = x->ndim - n;
    int count = 0;
    bool fits = lead >= 0;
    for (int d = 0; fits && d < x->ndim; d++) {
        const int64_t wanted = d < lead ? 1 : size[d - lead];
        fits = wanted == 1 || wanted == agi_shape_of(x)[d];
        if (d < lead || wanted != agi_shape_of(x)[d])
            dims[count++] = d;
    }
    if (fits)
        return count;
    char from[AGI_SHAPE_TEXT], to[AGI_SHAPE_TEXT];
    agi_fail(AG_ERR_SHAPE, "size {%s} is not expandable to size {%s}.",
             agi_format_shape_list(from, n < AGI_MAX_DIMS ? n : AGI_MAX_DIMS, size),
             agi_format_shape_list(to, x->ndim, agi_shape_of(x)));
    return -1;
}

ag_tensor *ag_sum_to_size(ag_tensor *x, int n, const int64_t *size)
{
    int64_t dims[AGI_MAX_DIMS];
    if (!agi_has_tensor("sum_to_size", x) ||
        !agi_check_list("sum_to_size", "sizes", n, size, false))
        return NULL;
    if (n == 0)  /* a sum also of one number: one of bools is an int64 */
        return ag_sum_all(x);
    const int count = summed_dims(x, n, size, dims);
    const int64_t mark = count > 0 ? agi_scope_open() : -1;
    if (count == 0)
        return agi_scope_add(agi_retain(x));
    if (mark < 0)
        return NULL;
    ag_tensor *z = ag_sum(x, count, dims, true);
    return agi_scope_leave(mark, z != NULL ? ag_reshape(z, n, size) : NULL);
}

/* ---- borders -------------------------------------------------------------------------------- */

/* So many elements along a dimension that end or begin where x does, going round it as often as
 * that takes. */
static ag_tensor *circle(ag_tensor *x, int dim, int64_t size, bool is_front)
{
    int64_t length = agi_shape_of(x)[dim], repeats[AGI_MAX_DIMS];
    if (size > length) {
        for (int d = 0; d < x->ndim; d++)
            repeats[d] = d == dim ? (size - 1) / length + 1 : 1;
        x = ag_repeat(x, x->ndim, repeats);
        length *= repeats[dim];
    }
    if (x == NULL)
        return NULL;
    return is_front ? ag_slice(x, dim, length - size, length, 1) : ag_slice(x, dim, 0, size, 1);
}

/* What is put beside x along a dimension, in front of it or behind it; NULL with an error. */
static ag_tensor *border_of_kind(ag_tensor *x, int dim, int64_t size, int kind, bool is_front)
{
    const int64_t length = agi_shape_of(x)[dim], turned = dim;
    if (kind == AGI_PAD_CIRCULAR)
        return circle(x, dim, size, is_front);
    if (kind == AGI_PAD_REFLECT) {
        ag_tensor *part = is_front ? ag_slice(x, dim, 1, size + 1, 1)
                                   : ag_slice(x, dim, length - 1 - size, length - 1, 1);
        return part != NULL ? ag_flip(part, 1, &turned) : NULL;
    }
    ag_tensor *end = is_front ? ag_slice(x, dim, 0, 1, 1) : ag_slice(x, dim, length - 1, length, 1);
    int64_t shape[AGI_MAX_DIMS];
    for (int d = 0; d < x->ndim; d++)
        shape[d] = d == dim ? size : agi_shape_of(x)[d];
    return end != NULL ? ag_expand(end, x->ndim, shape) : NULL;
}

static bool check_border(int64_t length, int dim, int kind, int64_t front, int64_t behind)
{
    const int64_t most = kind == AGI_PAD_REFLECT ? length - 1 : INT64_MAX;
    if (front > most || behind > most) {
        agi_fail(AG_ERR_SHAPE, "pad: padding size should be less than the corresponding input "
                               "dimension, but got: padding (%lld, %lld) at dimension %d of size "
                               "%lld", (long long)front, (long long)behind, dim, (long long)length);
        return false;
    }
    const int64_t cut = length + (front < 0 ? front : 0) + (behind < 0 ? behind : 0);
    if (kind == AGI_PAD_CIRCULAR && (front > length || behind > length)) {
        agi_fail(AG_ERR_SHAPE, "Padding value causes wrapping around more than once.");
        return false;
    }
    if (kind == AGI_PAD_CIRCULAR ? cut > 0 || (cut == 0 && front <= 0 && behind <= 0)
                                 : length + front + behind > 0)
        return true;
    agi_fail(AG_ERR_SHAPE, "pad: nothing would be left of dimension %d of size %lld", dim,
             (long long)length);
    return false;
}

/* The border of one end, cut from the other end as well where more than x is cut off there. */
static ag_tensor *border(ag_tensor *x, int dim, int64_t size, int64_t other, int kind,
                         bool is_front)
{
    ag_tensor *made = border_of_kind(x, dim, size, kind, is_front);
    const int64_t excess = -other - agi_shape_of(x)[dim];
    if (made == NULL || kind == AGI_PAD_CIRCULAR || excess <= 0)
        return made;
    return is_front ? ag_slice(made, dim, 0, size - excess, 1)
                    : ag_slice(made, dim, excess, size, 1);
}

/* x with a border along one dimension, made of x itself: all of it, but for circles, which go round
 * what is left after cutting. */
static ag_tensor *with_border(ag_tensor *x, int dim, int kind, int64_t front, int64_t behind)
{
    ag_tensor *parts[3];
    int n = 0;
    const int64_t length = agi_shape_of(x)[dim];
    if (!check_border(length, dim, kind, front, behind))
        return NULL;
    const int64_t end = behind < 0 ? length + behind : length;
    ag_tensor *left = ag_slice(x, dim, front < 0 ? -front : 0, end > 0 ? end : 0, 1);
    ag_tensor *of = kind == AGI_PAD_CIRCULAR ? left : x;
    if (front > 0 && left != NULL)
        parts[n++] = border(of, dim, front, behind, kind, true);
    parts[n++] = left;
    if (behind > 0 && left != NULL)
        parts[n++] = border(of, dim, behind, front, kind, false);
    for (int k = 0; k < n; k++)
        if (parts[k] == NULL)
            return NULL;
    return n > 1 ? ag_cat(n, parts, dim) : left;
}

static ag_tensor *pad_by_itself(ag_tensor *x, int n, const int64_t *pad, int kind)
{
    const int dims = n / 2, ndim = x->ndim;
    if (n < 2 || n > 6 || (ndim != dims + 1 && ndim != dims + 2))
        return agi_fail_null(AG_ERR_DTYPE, "Padding size %d is not supported for %dD input tensor. "
                                           "Non-constant padding has 2 numbers for 2D or 3D input, "
                                           "4 for 3D or 4D, 6 for 4D or 5D", n, ndim);
    for (int d = ndim - dims - 1; d < ndim && kind != AGI_PAD_CIRCULAR; d++)
        if (agi_shape_of(x)[d] == 0)
            return agi_fail_null(AG_ERR_SHAPE, "pad: expected sizes other than 0 but for the first "
                                               "of %d dimensions, got 0 at dimension %d",
                                 dims + 2, d);
    if (kind != AGI_PAD_CIRCULAR && x->storage->dtype == AG_BOOL)
        return agi_fail_null(AG_ERR_DTYPE, "\"pad\" not implemented for 'Bool'");
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return NULL;
    for (int k = 0; k < dims && x != NULL; k++)
        x = with_border(x, ndim - 1 - k, kind, pad[2 * k], pad[2 * k + 1]);
    return agi_scope_leave(mark, x);
}

ag_tensor *ag_pad(ag_tensor *x, int n, const int64_t *pad, int mode, double value)
{
    if (!agi_has_tensor("pad", x) || !agi_check_list("pad", "numbers", n, pad, false))
        return NULL;
    if (n % 2 != 0)
        return agi_fail_null(AG_ERR_SHAPE, "Padding length must be divisible by 2, but it is %d",
                             n);
    if (mode == AGI_PAD_CONSTANT)
        return ag_constant_pad_nd(x, n, pad, value);
    if (mode < 0 || mode > AGI_PAD_CIRCULAR)
        return agi_fail_null(AG_ERR_VALUE, "pad: expected a mode from 0 to %d, got %d",
                             AGI_PAD_CIRCULAR, mode);
    return pad_by_itself(x, n, pad, mode);
}
