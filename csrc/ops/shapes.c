/* SPDX-License-Identifier: MIT
 *
 * Parts of tensors as views (diagonal, unfold), and copies whose elements are in other places:
 * turned, repeated, with zeros beside a diagonal, with a border, stacked.
 */
#include <string.h>

#include "../base/alloc.h"
#include "../base/check.h"
#include "../base/parallel.h"
#include "../base/shape.h"
#include "../fuse/pending.h"
#include "../tape/dtypes.h"
#include "../tape/formula.h"
#include "../tensor/copy.h"
#include "../tensor/layout.h"
#include "shapes.h"
#include "table.h"

static ag_arg shapes_failed(void) { return agi_arg(&agi_failed); }

/* dx of a view: zeros with g added at its region, which counts in row-major order of the input. */
static ag_arg region_back(agi_vjp *v, int n, const int64_t *region, int64_t start)
{
    int ndim;
    const int64_t *shape = agi_node_input_shape(v->node, 0, &ndim);
    const int64_t numel = agi_shape_numel("region", ndim, shape);
    const ag_attr attr = {.i = {numel > 0 ? start : 0, numel}, .n_list = 2 * n, .list = region};
    return v_view(agi_value(AG_OP_strided_gather_vjp, 1, &G, &attr), ndim, shape);
}

/* ---- diagonal: the last dimension goes along two of the input ------------------------------- */

ag_status agi_diagonal_plane(int64_t dim1, int64_t dim2, int ndim, int *a, int *b)
{
    if (agi_shape_wrap_dim(dim1, ndim, a) != AG_OK || agi_shape_wrap_dim(dim2, ndim, b) != AG_OK)
        return ag_last_status();
    if (*a != *b)
        return AG_OK;
    return agi_fail(AG_ERR_SHAPE, "diagonal dimensions cannot be identical %lld, %lld",
                    (long long)dim1, (long long)dim2);
}

void agi_diagonal_region(int ndim, const int64_t *shape, const int64_t *strides, int a, int b,
                         int64_t offset, int64_t *region, int64_t *start)
{
    const int last = ndim - 2;
    const int64_t above = offset > 0 ? offset : 0;
    const int64_t below = offset >= 0 ? 0 : offset == INT64_MIN ? INT64_MAX : -offset;
    int n = 0;
    for (int d = 0; d < ndim; d++) {
        if (d == a || d == b)
            continue;
        region[n] = shape[d];
        region[last + 1 + n++] = strides[d];
    }
    const int64_t rows = shape[a] - below, cols = shape[b] - above;
    const int64_t size = rows < cols ? rows : cols;
    region[last] = size > 0 ? size : 0;
    if (__builtin_add_overflow(strides[a], strides[b], &region[2 * last + 1]))
        region[2 * last + 1] = 0;  /* of a tensor without elements */
    *start = size > 0 ? below * strides[a] + above * strides[b] : 0;
}

AG_FORWARD(diagonal)
{
    const ag_tensor *x = args[0].tensor;
    int64_t region[2 * AGI_MAX_DIMS], start;
    int a, b;
    if (agi_diagonal_plane(attr->i[1], attr->i[2], x->ndim, &a, &b) != AG_OK)
        return NULL;
    agi_diagonal_region(x->ndim, agi_shape_of(x), agi_strides_of(x), a, b, attr->i[0], region,
                        &start);
    const int n = x->ndim - 1;
    return agi_tensor_over(x->storage, n, region, region + n,
                           x->offset + (x->numel > 0 ? start : 0));
}

AG_RULE(diagonal)
{
    const int64_t *i = agi_node_attr_of(v->node)->i;
    int64_t region[2 * AGI_MAX_DIMS], strides[AGI_MAX_DIMS], start;
    int ndim, a, b;
    const int64_t *shape = agi_node_input_shape(v->node, 0, &ndim);
    agi_shape_strides(ndim, shape, strides);
    if (agi_diagonal_plane(i[1], i[2], ndim, &a, &b) != AG_OK)
        return;
    agi_diagonal_region(ndim, shape, strides, a, b, i[0], region, &start);
    GX(0) = region_back(v, ndim - 1, region, start);
}

/* ---- unfold: windows along a dimension; dx adds what they share ----------------------------- */

/* The geometry of the windows of a tensor's geometry. */
static ag_status windows(int ndim, const int64_t *shape, const int64_t *strides, const int64_t *i,
                         int64_t *region)
{
    int dim;
    if (ndim == AGI_MAX_DIMS)
        return agi_fail(AG_ERR_SHAPE, "unfold: a tensor has at most %d dimensions", AGI_MAX_DIMS);
    if (agi_shape_wrap_dim(i[0], ndim, &dim) != AG_OK)
        return ag_last_status();
    const int64_t whole = ndim == 0 ? 1 : shape[dim], size = i[1], step = i[2];
    if (size < 0)
        return agi_fail(AG_ERR_SHAPE, "size is %lld but must be >= 0", (long long)size);
    if (size > whole)
        return agi_fail(AG_ERR_SHAPE, "maximum size for tensor at dimension %d is %lld but size is "
                                      "%lld", dim, (long long)whole, (long long)size);
    if (step <= 0)
        return agi_fail(AG_ERR_SHAPE, "step is %lld but must be > 0", (long long)step);
    for (int d = 0; d < ndim; d++) {
        region[d] = shape[d];
        region[ndim + 1 + d] = strides[d];
    }
    region[ndim] = size;
    region[2 * ndim + 1] = ndim == 0 ? 1 : strides[dim];
    if (ndim == 0)
        return AG_OK;
    region[dim] = (whole - size) / step + 1;
    if (__builtin_mul_overflow(strides[dim], step, &region[ndim + 1 + dim]))
        region[ndim + 1 + dim] = 0;  /* there is one window */
    return AG_OK;
}

AG_FORWARD(unfold)
{
    const ag_tensor *x = args[0].tensor;
    int64_t region[2 * AGI_MAX_DIMS];
    if (windows(x->ndim, agi_shape_of(x), agi_strides_of(x), attr->i, region) != AG_OK)
        return NULL;
    const int n = x->ndim + 1;
    return agi_tensor_over(x->storage, n, region, region + n, x->offset);
}

AG_RULE(unfold)
{
    int ndim;
    int64_t region[2 * AGI_MAX_DIMS], strides[AGI_MAX_DIMS];
    const int64_t *shape = agi_node_input_shape(v->node, 0, &ndim);
    agi_shape_strides(ndim, shape, strides);
    if (windows(ndim, shape, strides, agi_node_attr_of(v->node)->i, region) == AG_OK)
        GX(0) = region_back(v, ndim + 1, region, 0);
}

/* ---- flip: dx = g flipped ------------------------------------------------------------------- */

/* Dense, in the order of x, values undefined. */
static ag_tensor *shaped_as(const ag_tensor *x)
{
    agi_layout layout;
    int64_t arranged[AGI_MAX_DIMS];
    if (!agi_layout_of(&layout, x))
        return agi_tensor_new(x->ndim, agi_shape_of(x), x->numel);
    for (int k = 0; k < x->ndim; k++)
        arranged[k] = agi_shape_of(x)[layout.dims[k]];
    ag_tensor *z = agi_tensor_new(x->ndim, arranged, x->numel);
    if (z != NULL)
        agi_layout_give(z, &layout);
    return z;
}

AG_FORWARD(flip)
{
    const ag_tensor *x = args[0].tensor;
    const int64_t *shape = agi_shape_of(x);
    int64_t strides[AGI_MAX_DIMS], last = 0;
    uint64_t mask;
    if (agi_shape_dim_mask("flip", x->ndim, attr->n_list, attr->list, &mask) != AG_OK)
        return NULL;
    for (int d = 0; d < x->ndim; d++) {
        const bool turned = mask >> d & 1 && x->numel > 0;
        strides[d] = turned ? -agi_strides_of(x)[d] : agi_strides_of(x)[d];
        last -= turned ? (shape[d] - 1) * strides[d] : 0;
    }
    ag_tensor *z = shaped_as(x);
    if (z != NULL)
        agi_run_scatter(agi_tensor_data(z), agi_strides_of(z), x->ndim, shape,
                        agi_tensor_data(x) + last, strides);
    return z;
}

AG_RULE(flip)
{
    ag_attr attr = {.n_list = 0};
    attr.n_list = agi_node_list(v->node, &attr.list);
    GX(0) = agi_value(AG_OP_flip, 1, &G, &attr);
}

/* ---- rot90: i[0] quarters in the plane of two dimensions; dx = g turned back ---------------- */

static bool check_turn(const ag_tensor *x, const ag_attr *attr, int *a, int *b)
{
    if (attr->n_list != 2) {
        agi_fail(AG_ERR_SHAPE, "expected total rotation dims == 2, but got dims = %d",
                 attr->n_list);
        return false;
    }
    if (x->ndim < 2) {
        agi_fail(AG_ERR_SHAPE, "expected total dims >= 2, but got total dims = %d", x->ndim);
        return false;
    }
    if (agi_shape_wrap_dim(attr->list[0], x->ndim, a) != AG_OK ||
        agi_shape_wrap_dim(attr->list[1], x->ndim, b) != AG_OK)
        return false;
    if (*a == *b)
        agi_fail(AG_ERR_SHAPE, "expected rotation dims to be different, but got dim0 = %lld and "
                               "dim1 = %lld", (long long)attr->list[0], (long long)attr->list[1]);
    return *a != *b;
}

static int64_t quarters(int64_t k) { return (k % 4 + 4) % 4; }

AG_FORMULA(rot90)
{
    int a, b;
    if (!check_turn(args[0].tensor, attr, &a, &b))
        return shapes_failed();
    const int64_t k = quarters(attr->i[0]), dims[2] = {k == 3 ? a : b, k == 3 ? b : a};
    const ag_attr turned = {.n_list = k == 2 ? 2 : 1, .list = dims}, exchanged = {.i = {a, b}};
    if (k == 0)
        return agi_value(AG_OP_clone, 1, args, &agi_row_major);
    const ag_arg flipped = agi_value(AG_OP_flip, 1, args, &turned);
    return k == 2 ? flipped : agi_value(AG_OP_transpose, 1, &flipped, &exchanged);
}

AG_RULE(rot90)
{
    ag_attr attr = {.i = {4 - quarters(agi_node_attr_of(v->node)->i[0])}};
    attr.n_list = agi_node_list(v->node, &attr.list);
    GX(0) = agi_value(AG_OP_rot90, 1, &G, &attr);
}

/* ---- roll: dx = g rolled back --------------------------------------------------------------- */

/* The list has a shift for each dimension, or where i[0] is set one for all elements as a row;
 * where i[1] is set they are taken off instead of added. */
static int64_t shift_of(int64_t shift, int64_t size, bool is_back)
{
    int64_t by = size > 0 ? shift % size : 0;
    by += by < 0 ? size : 0;
    return is_back && by > 0 ? size - by : by;
}

/* x rolled into z, both of this shape: with a beginning and an end for each dimension that is
 * rolled, one part for each way to choose one of them. */
static void roll_into(double *z, const int64_t *z_strides, const double *x,
                      const int64_t *x_strides, int ndim, const int64_t *shape,
                      const int64_t *shifts)
{
    int64_t part[AGI_MAX_DIMS];
    int rolled[AGI_MAX_DIMS], n = 0;
    for (int d = 0; d < ndim; d++) {
        part[d] = shape[d];
        if (shifts[d] != 0)
            rolled[n++] = d;
    }
    for (uint64_t choice = 0; choice >> n == 0; choice++) {
        int64_t to = 0, from = 0;
        for (int k = 0; k < n; k++) {
            const int d = rolled[k];
            const bool is_end = choice >> k & 1;
            part[d] = is_end ? shifts[d] : shape[d] - shifts[d];
            to += is_end ? 0 : shifts[d] * z_strides[d];
            from += is_end ? (shape[d] - shifts[d]) * x_strides[d] : 0;
        }
        agi_run_scatter(z + to, z_strides, ndim, part, x + from, x_strides);
    }
}

static ag_tensor *roll_flat(const ag_arg *x, const ag_attr *attr)
{
    ag_tensor *dense = agi_row_major_of(x->tensor);
    ag_tensor *z = dense != NULL ? agi_tensor_new(dense->ndim, agi_shape_of(dense), dense->numel)
                                 : NULL;
    if (z != NULL) {
        const int64_t step = 1, shift = shift_of(attr->list[0], dense->numel, attr->i[1] != 0);
        roll_into(agi_tensor_data(z), &step, agi_tensor_data(dense), &step, 1, &dense->numel,
                  &shift);
    }
    agi_release(dense);
    return z;
}

AG_FORWARD(roll)
{
    const ag_tensor *x = args[0].tensor;
    const int64_t *shape = agi_shape_of(x);
    int64_t shifts[AGI_MAX_DIMS];
    const bool is_flat = attr->i[0] != 0;
    if (attr->n_list != (is_flat ? 1 : x->ndim))
        return agi_fail_null(AG_ERR_SHAPE, "roll: expected %d shifts, got %d",
                             is_flat ? 1 : x->ndim, attr->n_list);
    if (is_flat)
        return roll_flat(args, attr);
    for (int d = 0; d < x->ndim; d++)
        shifts[d] = shift_of(attr->list[d], shape[d], attr->i[1] != 0);
    ag_tensor *z = agi_tensor_new(x->ndim, shape, x->numel);
    if (z != NULL)
        roll_into(agi_tensor_data(z), agi_strides_of(z), agi_tensor_data(x), agi_strides_of(x),
                  x->ndim, shape, shifts);
    return z;
}

AG_RULE(roll)
{
    const int64_t *i = agi_node_attr_of(v->node)->i;
    ag_attr attr = {.i = {i[0], i[1] == 0}};
    attr.n_list = agi_node_list(v->node, &attr.list);
    GX(0) = agi_value(AG_OP_roll, 1, &G, &attr);
}

/* ---- repeat: dx = the sum over the repetitions ---------------------------------------------- */

/* The result of repeating a shape as one with a dimension for each number of repetitions, those of
 * `repeated`, before each size. What is 1 is left out. Strides are those of the input, which may be
 * NULL. The number of dimensions, -1 with an error if there are too many. */
static int spread_repeats(int ndim, const int64_t *shape, const int64_t *x_strides, int n,
                          const int64_t *repeats, int64_t *sizes, int64_t *strides,
                          uint64_t *repeated)
{
    int count = 0;
    *repeated = 0;
    for (int d = 0; d < n && count <= AGI_MAX_DIMS; d++) {
        const int from = d - (n - ndim);
        if (repeats[d] != 1) {
            if (count < AGI_MAX_DIMS)
                *repeated |= UINT64_C(1) << count;
            sizes[count] = repeats[d];
            strides[count++] = 0;
        }
        if (from >= 0 && shape[from] != 1) {
            sizes[count] = shape[from];
            strides[count++] = x_strides != NULL ? x_strides[from] : 0;
        }
    }
    if (count <= AGI_MAX_DIMS)
        return count;
    agi_fail(AG_ERR_SHAPE, "repeat: sizes and repetitions other than 1 are more than %d",
             AGI_MAX_DIMS);
    return -1;
}

/* The shape of the result; the number of its elements, -1 with an error. */
static int64_t repeated_shape(const ag_tensor *x, const ag_attr *attr, int64_t *shape)
{
    const int n = attr->n_list, lead = n - x->ndim;
    if (lead < 0) {
        agi_fail(AG_ERR_SHAPE, "Number of dimensions of repeat dims can not be smaller than number "
                               "of dimensions of tensor");
        return -1;
    }
    for (int d = 0; d < n; d++) {
        const int64_t size = d < lead ? 1 : agi_shape_of(x)[d - lead];
        if (__builtin_mul_overflow(size, attr->list[d], &shape[d])) {
            agi_fail(AG_ERR_OVERFLOW, "repeat: %lld times a size of %lld is too large",
                     (long long)attr->list[d], (long long)size);
            return -1;
        }
        if (attr->list[d] < 0) {
            agi_fail(AG_ERR_SHAPE, "Trying to create tensor with negative dimension %lld",
                     (long long)attr->list[d]);
            return -1;
        }
    }
    return agi_shape_numel("repeat", n, shape);
}

AG_FORWARD(repeat)
{
    const ag_tensor *x = args[0].tensor;
    int64_t shape[AGI_MAX_DIMS], sizes[AGI_MAX_DIMS + 2], strides[AGI_MAX_DIMS + 2];
    uint64_t repeated;
    const int64_t numel = repeated_shape(x, attr, shape);
    const int n = numel < 0 ? -1
                            : spread_repeats(x->ndim, agi_shape_of(x), agi_strides_of(x),
                                             attr->n_list, attr->list, sizes, strides, &repeated);
    ag_tensor *z = n < 0 ? NULL : agi_tensor_new(attr->n_list, shape, numel);
    if (z != NULL && numel > 0)
        agi_run_gather(agi_tensor_data(z), n, sizes, agi_tensor_data(x), strides);
    return z;
}

AG_RULE(repeat)
{
    int ndim;
    const int64_t *repeats, *shape = agi_node_input_shape(v->node, 0, &ndim);
    int64_t sizes[AGI_MAX_DIMS + 2], strides[AGI_MAX_DIMS + 2];
    uint64_t repeated;
    const int n_repeats = agi_node_list(v->node, &repeats);
    const int n = spread_repeats(ndim, shape, NULL, n_repeats, repeats, sizes, strides, &repeated);
    if (n < 0)
        return;
    const ag_arg parted = v_view(v_row_major(G), n, sizes);
    GX(0) = v_view(agi_sum_dims(parted, repeated, false), ndim, shape);
}

/* ---- tril, triu: zeros on one side of a diagonal; dx = the same of g ------------------------ */

typedef struct triangle_job {
    double *z;
    const double *x;      /* NULL: the rows are in z already */
    int64_t rows, cols;   /* of a matrix */
    int64_t diagonal;
    bool is_upper;
} triangle_job;

static void triangle_rows(void *context, int64_t begin, int64_t end, int part)
{
    const triangle_job *job = context;
    const int64_t cols = job->cols;
    (void)part;
    for (int64_t row = begin; row < end; row++) {
        int64_t first = row % job->rows + job->diagonal + !job->is_upper;
        first = first < 0 ? 0 : first > cols ? cols : first;  /* of the second part of the row */
        const int64_t from = job->is_upper ? first : 0, to = job->is_upper ? cols : first;
        double *z = job->z + row * cols;
        if (job->x != NULL)
            memcpy(z + from, job->x + row * cols + from, (size_t)(to - from) * sizeof *z);
        if (job->is_upper)
            memset(z, 0, (size_t)from * sizeof *z);
        else
            memset(z + to, 0, (size_t)(cols - to) * sizeof *z);
    }
}

static ag_tensor *triangle(const char *op, const ag_tensor *x, int64_t diagonal, bool is_upper)
{
    if (x->ndim < 2)
        return agi_fail_null(AG_ERR_SHAPE, "%s: input tensor must have at least 2 dimensions", op);
    ag_tensor *z = agi_tensor_new(x->ndim, agi_shape_of(x), x->numel);
    if (z == NULL || x->numel == 0)
        return z;
    const int64_t rows = agi_shape_of(x)[x->ndim - 2], cols = agi_shape_of(x)[x->ndim - 1];
    diagonal = diagonal < -rows - 1 ? -rows - 1 : diagonal > cols ? cols : diagonal;
    triangle_job job = {agi_tensor_data(z), agi_tensor_data(x), rows, cols, diagonal, is_upper};
    if (!agi_is_contiguous(x)) {
        agi_run_gather(job.z, x->ndim, agi_shape_of(x), job.x, agi_strides_of(x));
        job.x = NULL;
    }
    if (x->numel < 2 * (int64_t)AGI_PARALLEL_MIN) {
        triangle_rows(&job, 0, x->numel / cols, 0);
        return z;
    }
    const int64_t grain = 2 * (int64_t)AGI_PARALLEL_GRAIN / cols;
    void *token = agi_blocking_enter();
    agi_parallel_for(x->numel / cols, grain > 1 ? grain : 1, 1, triangle_rows, &job);
    agi_blocking_leave(token);
    return z;
}

static void triangle_back(agi_vjp *v, int op)
{
    const ag_attr attr = {.i = {agi_node_attr_of(v->node)->i[0]}};
    GX(0) = agi_value(op, 1, &G, &attr);
}

AG_FORWARD(tril) { return triangle("tril", args[0].tensor, attr->i[0], false); }
AG_RULE(tril) { triangle_back(v, AG_OP_tril); }
AG_FORWARD(triu) { return triangle("triu", args[0].tensor, attr->i[0], true); }
AG_RULE(triu) { triangle_back(v, AG_OP_triu); }

/* ---- trace ---------------------------------------------------------------------------------- */

AG_FORMULA(trace)
{
    static const ag_attr main_diagonal = {.i = {0, 0, 1}}, all = {.n_list = -1};
    (void)attr;
    if (args[0].tensor->ndim == 2)
        return v_reduce(AG_OP_sum, agi_value(AG_OP_diagonal, 1, args, &main_diagonal), &all, false);
    agi_fail(AG_ERR_SHAPE, "trace: expected a matrix, but got tensor with dim %d",
             args[0].tensor->ndim);
    return shapes_failed();
}

/* ---- diag_embed: zeros with x on a diagonal; dx = that of g --------------------------------- */

static int64_t embedded_shape(const ag_tensor *x, int64_t offset, int a, int b, int64_t *shape)
{
    const int64_t by = offset < 0 ? (offset == INT64_MIN ? INT64_MAX : -offset) : offset;
    int64_t size;
    if (__builtin_add_overflow(by, agi_shape_of(x)[x->ndim - 1], &size)) {
        agi_fail(AG_ERR_OVERFLOW, "diag_embed: an offset of %lld is too large", (long long)offset);
        return -1;
    }
    for (int d = 0, from = 0; d <= x->ndim; d++)
        shape[d] = d == a || d == b ? size : agi_shape_of(x)[from++];
    return agi_shape_numel("diag_embed", x->ndim + 1, shape);
}

AG_FORWARD(diag_embed)
{
    const ag_tensor *x = args[0].tensor;
    int64_t shape[AGI_MAX_DIMS], region[2 * AGI_MAX_DIMS], start;
    int a, b;
    const int ndim = x->ndim + 1;
    if (ndim > AGI_MAX_DIMS)
        return agi_fail_null(AG_ERR_SHAPE, "diag_embed: a tensor has at most %d dimensions",
                             AGI_MAX_DIMS);
    if (agi_diagonal_plane(attr->i[1], attr->i[2], ndim, &a, &b) != AG_OK)
        return NULL;
    if (x->ndim == 0)
        return agi_fail_null(AG_ERR_INDEX,
                             "Dimension specified as -1 but tensor has no dimensions");
    const int64_t numel = embedded_shape(x, attr->i[0], a, b, shape);
    ag_tensor *z = numel < 0 ? NULL : agi_tensor_new(ndim, shape, numel);
    if (z == NULL)
        return NULL;
    agi_run_fill(agi_tensor_data(z), agi_strides_of(z), ndim, shape, 0.0);
    agi_diagonal_region(ndim, shape, agi_strides_of(z), a, b, attr->i[0], region, &start);
    agi_run_scatter(agi_tensor_data(z) + start, region + x->ndim, x->ndim, region,
                    agi_tensor_data(x), agi_strides_of(x));
    return z;
}

AG_RULE(diag_embed)
{
    ag_attr attr = {.n_list = 0};
    memcpy(attr.i, agi_node_attr_of(v->node)->i, sizeof attr.i);
    GX(0) = agi_value(AG_OP_diagonal, 1, &G, &attr);
}

/* ---- constant_pad_nd: a border of f[0]; dx = g without it ----------------------------------- */

/* How much is put in front of and behind dimension d; 0 where the list says nothing of it. */
static void pads_of(const ag_attr *attr, int ndim, int d, int64_t *before, int64_t *behind)
{
    const int at = 2 * (ndim - 1 - d);
    *before = at < attr->n_list ? attr->list[at] : 0;
    *behind = at < attr->n_list ? attr->list[at + 1] : 0;
}

static int64_t padded_shape(const ag_tensor *x, const ag_attr *attr, int64_t *shape)
{
    if (attr->n_list % 2 != 0 || attr->n_list / 2 > x->ndim) {
        agi_fail(AG_ERR_SHAPE,
                 attr->n_list % 2 != 0
                     ? "Length of pad must be even but instead it equals %d"
                     : "Length of pad should be no more than twice the number of dimensions of the "
                       "input. Pad length is %d while the input has %d dimensions.",
                 attr->n_list, x->ndim);
        return -1;
    }
    for (int d = 0; d < x->ndim; d++) {
        const int64_t size = agi_shape_of(x)[d];
        int64_t before, behind;
        pads_of(attr, x->ndim, d, &before, &behind);
        if (__builtin_add_overflow(size, before, &shape[d]) ||
            __builtin_add_overflow(shape[d], behind, &shape[d])) {
            agi_fail(AG_ERR_OVERFLOW, "constant_pad_nd: a border is too large");
            return -1;
        }
        if (shape[d] < 0) {
            agi_fail(AG_ERR_SHAPE,
                     "The input size %lld, plus negative padding %lld and %lld, resulted in a "
                     "negative output size, which is invalid. Check dimension %d of your input.",
                     (long long)size, (long long)before, (long long)behind, d);
            return -1;
        }
    }
    return agi_shape_numel("constant_pad_nd", x->ndim, shape);
}

/* Whether more is cut off than there is, which no border makes up for: with an error. */
static bool cuts_too_much(const ag_tensor *x, const ag_attr *attr)
{
    for (int d = 0; d < x->ndim; d++) {
        int64_t before, behind, size = agi_shape_of(x)[d];
        pads_of(attr, x->ndim, d, &before, &behind);
        before = before < 0 ? before : 0;
        behind = behind < 0 ? behind : 0;
        if (before >= -size && behind >= -size - before)
            continue;
        agi_fail(AG_ERR_SHAPE, "constant_pad_nd: borders of %lld and %lld cut more off than a size "
                               "of %lld", (long long)before, (long long)behind, (long long)size);
        return true;
    }
    return false;
}

AG_FORWARD(constant_pad_nd)
{
    const ag_tensor *x = args[0].tensor;
    const int64_t *strides = agi_strides_of(x);
    int64_t shape[AGI_MAX_DIMS], part[AGI_MAX_DIMS], to = 0, from = 0;
    ag_arg border = agi_number(attr->f[0]);
    const int64_t numel = agi_cast_number(&border, agi_dtype_of(x)) ? padded_shape(x, attr, shape)
                                                                    : -1;
    ag_tensor *z = numel < 0 || cuts_too_much(x, attr) ? NULL
                                                       : agi_tensor_new(x->ndim, shape, numel);
    bool is_empty = numel <= 0 || x->numel == 0, has_border = false;
    if (z == NULL)
        return NULL;
    for (int d = 0; d < x->ndim; d++) {
        int64_t before, behind;
        pads_of(attr, x->ndim, d, &before, &behind);
        part[d] = agi_shape_of(x)[d] + (before < 0 ? before : 0) + (behind < 0 ? behind : 0);
        to += before > 0 ? before * agi_strides_of(z)[d] : 0;
        from -= before < 0 ? before * strides[d] : 0;
        has_border = has_border || before > 0 || behind > 0;
        is_empty = is_empty || part[d] <= 0;
    }
    if (has_border || is_empty)
        agi_run_fill(agi_tensor_data(z), agi_strides_of(z), x->ndim, shape, border.value);
    if (!is_empty)
        agi_run_scatter(agi_tensor_data(z) + to, agi_strides_of(z), x->ndim, part,
                        agi_tensor_data(x) + from, strides);
    return z;
}

AG_RULE(constant_pad_nd)
{
    const int64_t *pads;
    int64_t back[AGI_MAX_DIMS];
    const int n = agi_node_list(v->node, &pads);
    for (int k = 0; k < n; k++)
        back[k] = -pads[k];
    const ag_attr attr = {.n_list = n, .list = back};
    GX(0) = agi_value(AG_OP_constant_pad_nd, 1, &G, &attr);
}

/* ---- stack: along a new dimension i[0]; dx = the part of g. Saves nothing. ------------------ */

static ag_tensor *stack_now(int n, const ag_arg *args, const ag_attr *attr)
{
    const ag_tensor *like = args[0].tensor;
    const int dim = (int)attr->i[0];
    int64_t shape[AGI_MAX_DIMS], strides[AGI_MAX_DIMS];
    char first[AGI_SHAPE_TEXT], other[AGI_SHAPE_TEXT];
    if (like->ndim >= AGI_MAX_DIMS || dim > like->ndim)
        return agi_fail_null(AG_ERR_SHAPE, "stack: a tensor has at most %d dimensions",
                             AGI_MAX_DIMS);
    for (int k = 1; k < n; k++)
        if (!agi_same_shape(like, args[k].tensor))
            return agi_fail_null(AG_ERR_SHAPE,
                                 "stack expects each tensor to be equal size, but got %s at entry "
                                 "0 and %s at entry %d",
                                 agi_format_shape_list(first, like->ndim, agi_shape_of(like)),
                                 agi_format_shape_list(other, args[k].tensor->ndim,
                                                       agi_shape_of(args[k].tensor)), k);
    for (int d = 0; d <= like->ndim; d++)
        shape[d] = d == dim ? n : agi_shape_of(like)[d - (d > dim)];
    const int64_t numel = agi_shape_numel("stack", like->ndim + 1, shape);
    ag_tensor *z = numel < 0 ? NULL : agi_tensor_new(like->ndim + 1, shape, numel);
    if (z == NULL || numel == 0)
        return z;
    for (int d = 0; d < like->ndim; d++)
        strides[d] = agi_strides_of(z)[d + (d >= dim)];
    for (int k = 0; k < n; k++)
        agi_run_scatter(agi_tensor_data(z) + k * agi_strides_of(z)[dim], strides, like->ndim,
                        agi_shape_of(like), agi_tensor_data(args[k].tensor),
                        agi_strides_of(args[k].tensor));
    return z;
}

AG_FORWARD(stack) { return agi_of_snapshots(attr->n_list, args, attr, stack_now); }

AG_RULE(stack)
{
    const int64_t *sizes;
    const int n = agi_node_list(v->node, &sizes);
    for (int k = 0; k < n; k++) {
        const ag_attr part = {.i = {agi_node_attr_of(v->node)->i[0], k}};
        if (NEEDS_OF(k))
            GX(k) = agi_value(AG_OP_select, 1, &G, &part);
    }
}

ag_tensor *ag_stack(int n, ag_tensor *const *tensors, int dim)
{
    int at;
    if (n < 1 || n > AGI_NODE_INPUTS)
        return n == 0 ? agi_fail_null(AG_ERR_SHAPE, "stack expects a non-empty TensorList")
                      : agi_fail_null(AG_ERR_VALUE, "stack: expected 1 to %d tensors, got %d",
                                      AGI_NODE_INPUTS, n);
    if (!agi_check_tensors("stack", "tensors", n, tensors) ||
        agi_shape_wrap_dim(dim, tensors[0]->ndim + 1, &at) != AG_OK)
        return NULL;
    ag_arg *args = agi_plain_new((size_t)n * (sizeof *args + sizeof(int64_t)));
    if (args == NULL)
        return NULL;
    int64_t *sizes = (int64_t *)(args + n);
    for (int k = 0; k < n; k++) {
        args[k] = agi_arg(tensors[k]);
        sizes[k] = 1;
    }
    const ag_attr attr = {.i = {at}, .n_list = n, .list = sizes};
    ag_tensor *z = agi_call(AG_OP_stack, n, args, &attr);
    agi_plain_free(args);
    return z;
}
