/* SPDX-License-Identifier: MIT
 *
 * Integer work on shapes. Nothing here touches data or allocates. What comes from the user is
 * checked before it is multiplied; shapes that tensors have were (INVARIANT[sizes]).
 */
#include "shape.h"

#include <string.h>

#include "status.h"

int64_t agi_shape_numel(const char *op, int ndim, const int64_t *shape)
{
    char text[AGI_SHAPE_TEXT];
    if (shape == NULL && ndim != 0)
        return agi_fail_missing(op, "a shape"), -1;
    if (ndim < 0 || ndim > AGI_MAX_DIMS)
        return agi_fail(AG_ERR_SHAPE, "%s: only tensors with up to %d dims are supported, got %d",
                        op, AGI_MAX_DIMS, ndim),
               -1;
    int64_t product = 1, bytes;
    bool empty = false, overflow = false;
    for (int d = 0; d < ndim; d++) {
        if (shape[d] < 0)
            return agi_fail(AG_ERR_SHAPE, "%s: Dimension size must be non-negative.", op), -1;
        empty |= shape[d] == 0;
        overflow |= shape[d] > 0 && __builtin_mul_overflow(product, shape[d], &product);
    }
    overflow |= !empty && __builtin_mul_overflow(product, (int64_t)sizeof(double), &bytes);
    if (overflow)
        return agi_fail(AG_ERR_OVERFLOW, "Storage size calculation overflowed with sizes=%s",
                        agi_format_shape_list(text, ndim, shape)),
               -1;
    return empty ? 0 : product;
}

static bool fail_reach(const char *op, int ndim, const int64_t *shape, const int64_t *strides,
                       bool negative)
{
    char sizes[AGI_SHAPE_TEXT], steps[AGI_SHAPE_TEXT];
    agi_format_shape_list(steps, ndim, strides);
    if (negative)
        agi_fail(AG_ERR_VALUE,
                 "%s: Negative strides are not supported at the moment, got strides: %s", op,
                 steps);
    else
        agi_fail(AG_ERR_OVERFLOW,
                 "Storage size calculation overflowed with sizes=%s and strides=%s",
                 agi_format_shape_list(sizes, ndim, shape), steps);
    return false;
}

bool agi_shape_reach(const char *op, int ndim, const int64_t *shape, const int64_t *strides,
                     int64_t *extent)
{
    int64_t numel = agi_shape_numel(op, ndim, shape), reach = 1;
    bool overflow = false;
    if (numel < 0)
        return false;
    for (int d = 0; d < ndim; d++) {
        int64_t part;
        if (strides[d] < 0)
            return fail_reach(op, ndim, shape, strides, true);
        overflow |= shape[d] > 1 && (__builtin_mul_overflow(shape[d] - 1, strides[d], &part) ||
                                     __builtin_add_overflow(reach, part, &reach));
    }
    if (overflow || reach > INT64_MAX / (int64_t)sizeof(double))
        return fail_reach(op, ndim, shape, strides, false);
    *extent = numel > 0 ? reach : 0;
    return true;
}

void agi_shape_strides(int ndim, const int64_t *shape, int64_t *strides)
{
    int64_t stride = 1;
    for (int d = ndim - 1; d >= 0; d--) {
        strides[d] = stride;
        stride *= shape[d] > 1 ? shape[d] : 1;
    }
}

bool agi_shape_is_contiguous(int ndim, const int64_t *shape, const int64_t *strides)
{
    int64_t expected = 1;
    bool same = true;
    for (int d = ndim - 1; d >= 0; d--) {
        if (shape[d] == 0)
            return true;
        if (shape[d] != 1) {
            same &= strides[d] == expected;
            expected *= shape[d];
        }
    }
    return same;
}

bool agi_shape_is_dense(int ndim, const int64_t *shape, const int64_t *strides)
{
    int64_t expected = 1;
    int left = 0, found;
    for (int d = 0; d < ndim; d++) {
        if (shape[d] == 0)
            return true;
        left += shape[d] > 1;
    }
    for (; left > 0; left--) {
        for (found = 0; found < ndim; found++)
            if (shape[found] > 1 && strides[found] == expected)
                break;
        if (found == ndim)
            return false;
        expected *= shape[found];
    }
    return true;
}

bool agi_shape_equal(int na, const int64_t *a, int nb, const int64_t *b)
{
    if (na != nb)
        return false;
    for (int d = 0; d < na; d++)
        if (a[d] != b[d])
            return false;
    return true;
}

ag_status agi_shape_broadcast(int *out_ndim, int64_t *out, int ndim, const int64_t *shape)
{
    int n = *out_ndim, common = n < ndim ? n : ndim, full = n > ndim ? n : ndim;
    for (int d = 1; d <= common; d++) {
        int64_t a = out[n - d], b = shape[ndim - d];
        if (a != b && a != 1 && b != 1) {
            agi_fail(AG_ERR_SHAPE,
                     "The size of tensor a (%lld) must match the size of tensor b (%lld) at "
                     "non-singleton dimension %d",
                     (long long)a, (long long)b, full - d);
            return AG_ERR_SHAPE;
        }
    }
    for (int d = 1; d <= common; d++)
        if (out[n - d] == 1)
            out[n - d] = shape[ndim - d];
    if (ndim > n) {
        int lead = ndim - n;
        for (int d = n - 1; d >= 0; d--)
            out[d + lead] = out[d];
        for (int d = 0; d < lead; d++)
            out[d] = shape[d];
        *out_ndim = ndim;
    }
    return AG_OK;
}

ag_status agi_shape_holds(int ndim, const int64_t *shape, int wide_ndim, const int64_t *wide)
{
    if (agi_shape_equal(wide_ndim, wide, ndim, shape))
        return AG_OK;
    char is[AGI_SHAPE_TEXT], wants[AGI_SHAPE_TEXT];
    return agi_fail(AG_ERR_SHAPE, "output with shape %s doesn't match the broadcast shape %s",
                    agi_format_shape_list(is, ndim, shape),
                    agi_format_shape_list(wants, wide_ndim, wide));
}

void agi_shape_broadcast_strides(int out_ndim, const int64_t *out, int ndim, const int64_t *shape,
                                 const int64_t *strides, int64_t *result)
{
    int lead = out_ndim - ndim;
    for (int d = 0; d < lead; d++)
        result[d] = 0;
    for (int d = 0; d < ndim; d++)
        result[lead + d] = shape[d] == 1 && out[lead + d] != 1 ? 0 : strides[d];
}

ag_status agi_shape_wrap_dim(int64_t dim, int ndim, int *result)
{
    int range = ndim > 0 ? ndim : 1;
    if (dim < -range || dim >= range) {
        agi_fail(AG_ERR_INDEX,
                 "Dimension out of range (expected to be in range of [%d, %d], but got %lld)",
                 -range, range - 1, (long long)dim);
        return AG_ERR_INDEX;
    }
    *result = (int)(dim < 0 ? dim + range : dim);
    return AG_OK;
}

ag_status agi_shape_dim_mask(const char *op, int ndim, int n, const int64_t *dims, uint64_t *mask)
{
    const uint64_t all = (UINT64_C(1) << ndim) - 1;
    if (n < 0) {
        *mask = all;
        return AG_OK;
    }
    uint64_t seen = 0;
    (void)op;  /* these texts are searched for as they stand, without an op in front */
    for (int i = 0; i < n; i++) {
        int dim = 0;
        ag_status status = agi_shape_wrap_dim(dims[i], ndim, &dim);
        if (status != AG_OK)
            return status;
        if (seen & (UINT64_C(1) << dim))
            return agi_fail(AG_ERR_VALUE, "dim %d appears multiple times in the list of dims", dim);
        seen |= UINT64_C(1) << dim;
    }
    *mask = seen & all;  /* dim 0 of a 0-d tensor is allowed and names nothing */
    return AG_OK;
}

/* numel divided by the known sizes of wanted, for the dimension that is -1; -1 if there is none. */
static int64_t infer_size(const int64_t *wanted, int n, int64_t numel)
{
    int64_t known = 1;
    bool overflow = false, zero = false;
    for (int d = 0; d < n; d++) {
        if (wanted[d] == -1)
            continue;
        zero |= wanted[d] == 0;
        overflow |= __builtin_mul_overflow(known, wanted[d], &known);
    }
    if (zero || overflow)
        return -1;
    return numel % known == 0 ? numel / known : -1;
}

/* Whether the sizes multiply to numel. */
static bool holds_numel(const int64_t *shape, int n, int64_t numel)
{
    int64_t product = 1;
    bool overflow = false;
    for (int d = 0; d < n; d++) {
        if (shape[d] == 0)
            return numel == 0;
        overflow |= __builtin_mul_overflow(product, shape[d], &product);
    }
    return !overflow && product == numel;
}

/* Whether the sizes that are not 0 multiply to an int64. */
static bool product_fits(int n, const int64_t *shape)
{
    int64_t product = 1;
    for (int d = 0; d < n; d++)
        if (shape[d] > 0 && __builtin_mul_overflow(product, shape[d], &product))
            return false;
    return true;
}

ag_status agi_shape_infer(const int64_t *wanted, int n, int64_t numel, int64_t *shape)
{
    char text[AGI_SHAPE_TEXT];
    int unknown = -1;
    bool zero = false;
    if (n < 0 || n > AGI_MAX_DIMS)
        return agi_fail(AG_ERR_SHAPE, "only tensors with up to %d dims are supported, got %d",
                        AGI_MAX_DIMS, n);
    for (int d = 0; d < n; d++) {
        if (wanted[d] < -1)
            return agi_fail(AG_ERR_SHAPE, "invalid shape dimension %lld at index %d of shape %s",
                            (long long)wanted[d], d, agi_format_shape_list(text, n, wanted));
        if (wanted[d] == -1 && unknown >= 0)
            return agi_fail(AG_ERR_SHAPE, "only one dimension can be inferred");
        if (wanted[d] == -1)
            unknown = d;
        zero |= wanted[d] == 0;
    }
    if (unknown >= 0 && zero && numel == 0)
        return agi_fail(AG_ERR_SHAPE,
                        "cannot reshape tensor of 0 elements into shape %s because the unspecified "
                        "dimension size -1 can be any value and is ambiguous",
                        agi_format_shape_list(text, n, wanted));
    int64_t size = unknown >= 0 ? infer_size(wanted, n, numel) : 0;
    if (size < 0 || (unknown < 0 && !holds_numel(wanted, n, numel)))
        return agi_fail(AG_ERR_SHAPE, "shape '%s' is invalid for input of size %lld",
                        agi_format_shape_list(text, n, wanted), (long long)numel);
    for (int d = 0; d < n; d++)
        shape[d] = d == unknown ? size : wanted[d];
    if (AGI_UNLIKELY(numel == 0) && !product_fits(n, shape))
        return agi_fail(AG_ERR_OVERFLOW, "numel: integer multiplication overflow");
    return AG_OK;
}

/* Strides for a shape with no elements: any do, its own if it is the same shape. */
static void view_empty(int ndim, const int64_t *shape, const int64_t *strides, int to_ndim,
                       const int64_t *to, int64_t *to_strides)
{
    if (!agi_shape_equal(ndim, shape, to_ndim, to)) {
        agi_shape_strides(to_ndim, to, to_strides);
        return;
    }
    for (int d = 0; d < ndim; d++)
        to_strides[d] = strides[d];
}

bool agi_shape_view_strides(int ndim, const int64_t *shape, const int64_t *strides, int to_ndim,
                            const int64_t *to, int64_t *to_strides)
{
    for (int d = 0; d < ndim; d++) {
        if (shape[d] == 0) {
            view_empty(ndim, shape, strides, to_ndim, to, to_strides);
            return true;
        }
    }
    /* From the innermost dimension on, the source is cut into runs that one stride walks, each as
     * long as it goes; the new dimensions must cut each run into whole pieces. (Strides of size-1
     * dimensions matter to nobody, but they are PyTorch's.) */
    int e = to_ndim - 1;
    for (int d = ndim - 1; d >= 0; d--) {
        int64_t step = strides[d], run = shape[d], cut = 1;
        for (; d > 0 && (shape[d - 1] == 1 || strides[d - 1] == run * step); d--)
            run *= shape[d - 1];
        for (; e >= 0 && (cut < run || to[e] == 1); e--) {
            to_strides[e] = cut * step;
            cut *= to[e];
        }
        if (cut != run)
            return false;
    }
    for (; e >= 0; e--)  /* of a 0-d source */
        to_strides[e] = 1;
    return true;
}

int agi_shape_collapse(int ndim, int64_t *shape, int count, int64_t strides[][AGI_MAX_DIMS])
{
    int kept = 0;  /* dimensions 0 .. kept - 1 are done; the last of them may still grow */
    for (int d = 0; d < ndim; d++) {
        int64_t size = shape[d];
        if (size == 1)
            continue;
        if (size == 0) {
            kept = 0;
            shape[kept++] = 0;
            for (int k = 0; k < count; k++)
                strides[k][0] = 0;
            return kept;
        }
        bool merge = kept > 0;
        for (int k = 0; k < count && merge; k++)
            merge = strides[k][kept - 1] == strides[k][d] * size;
        if (!merge)
            kept++;
        shape[kept - 1] = merge ? shape[kept - 1] * size : size;
        for (int k = 0; k < count; k++)
            strides[k][kept - 1] = strides[k][d];
    }
    if (kept == 0) {
        shape[0] = 1;
        for (int k = 0; k < count; k++)
            strides[k][0] = 0;
        kept = 1;
    }
    return kept;
}

int64_t agi_shape_extent(int ndim, const int64_t *dims)
{
    int64_t extent = 1;
    for (int d = 0; d < ndim; d++) {
        if (dims[d] == 0)
            return 0;
        extent += (dims[d] - 1) * dims[ndim + d];
    }
    return extent;
}

/* The index in a geometry, whose strides fall, that steps on by `distance`; false if there is
 * none. */
static bool digits_of(int ndim, const int64_t *strides, int64_t distance, int64_t *digits)
{
    for (int d = 0; d < ndim; d++) {
        digits[d] = strides[d] > 0 ? distance / strides[d] : 0;
        distance -= digits[d] * strides[d];
    }
    return distance == 0;
}

/* Sorts dimensions by falling strides. */
static void sort_by_stride(int ndim, int64_t *shape, int64_t *strides)
{
    for (int d = 1; d < ndim; d++) {
        int64_t size = shape[d], stride = strides[d];
        int at = d;
        for (; at > 0 && strides[at - 1] < stride; at--) {
            shape[at] = shape[at - 1];
            strides[at] = strides[at - 1];
        }
        shape[at] = size;
        strides[at] = stride;
    }
}

bool agi_shape_contains(int ndim, const int64_t *dims, int region_ndim, const int64_t *region,
                        int64_t offset)
{
    int64_t shape[AGI_MAX_DIMS], strides[1][AGI_MAX_DIMS], last[AGI_MAX_DIMS], step[AGI_MAX_DIMS];
    if (agi_shape_extent(region_ndim, region) == 0)
        return true;
    if (offset < 0 || agi_shape_extent(ndim, dims) == 0)
        return false;
    memcpy(shape, dims, (size_t)ndim * sizeof(int64_t));
    memcpy(strides[0], dims + ndim, (size_t)ndim * sizeof(int64_t));
    sort_by_stride(ndim, shape, strides[0]);
    ndim = agi_shape_collapse(ndim, shape, 1, strides);
    bool inside = digits_of(ndim, strides[0], offset, last);
    for (int d = 0; d < region_ndim && inside; d++) {
        if (region[d] == 1)
            continue;
        inside = digits_of(ndim, strides[0], region[region_ndim + d], step);
        for (int k = 0; k < ndim; k++)
            last[k] += (region[d] - 1) * step[k];
    }
    for (int k = 0; k < ndim; k++)
        inside &= last[k] < shape[k];
    return inside;
}

bool agi_shape_overlaps(int ndim, const int64_t *shape, const int64_t *strides)
{
    int64_t sizes[AGI_MAX_DIMS], steps[AGI_MAX_DIMS];
    int n = 0;
    for (int d = 0; d < ndim; d++) {
        if (shape[d] == 0)
            return false;
        if (shape[d] == 1)
            continue;
        int64_t step = strides[d] < 0 ? -strides[d] : strides[d];
        int at = n++;
        for (; at > 0 && steps[at - 1] > step; at--) {
            steps[at] = steps[at - 1];
            sizes[at] = sizes[at - 1];
        }
        steps[at] = step;
        sizes[at] = shape[d];
    }
    /* Sorted by stride, each dimension must step over all that the smaller ones reach. (Some
     * layouts that interleave without meeting fail this: they are called overlapping.) */
    int64_t reach = 0;
    for (int d = 0; d < n; d++) {
        int64_t span;
        if (steps[d] <= reach || __builtin_mul_overflow(steps[d], sizes[d] - 1, &span))
            return true;
        reach += span;
    }
    return false;
}
