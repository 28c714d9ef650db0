/* SPDX-License-Identifier: MIT
 *
 * A constant sparse matrix times a tensor, from either side. The matrix A is given by its rows, one
 * behind the other (CSR): the values, and a vector `structure` of whole numbers, in which stands
 * where each row begins among the values and where the last one ends, then the column of each
 * value. Columns may come in any order, and twice. The dtype of the structure may be any, since
 * to look whether all numbers of an int64 are whole would take as long as to multiply by them.
 *     z = op(A) x:  dx = op(A)^T g        z = x op(A):  dx = g op(A)^T
 * Nothing is transposed in memory: A^T x adds up rows of x, where A x gathers them. Every number of
 * a result is a sum in the order of the values, whoever computes it, from 0 on.
 */
#include <string.h>

#include "../base/parallel.h"
#include "../base/shape.h"
#include "../base/walk.h"
#include "../compute/kernel.h"
#include "../tape/dtypes.h"
#include "../tape/rule.h"
#include "table.h"

/* Products of one value and one number of x that a thread gets at least. */
#define SPARSE_GRAIN AGI_PARALLEL_GRAIN

/* Many products z = A x, or z = A^T x, of rows of `width` numbers. */
typedef struct sparse_job {
    const double *values, *starts, *columns;
    int64_t rows, cols, entries;
    const double *x;
    double *z;
    int64_t width, x_step, z_step;  /* steps from row to row of x and of z */
    int64_t pieces;                 /* that each product is parted in */
    bool scatters;                  /* A^T x, not A x */
    agi_walk walk;                  /* over products; offsets 0: in x, 1: in z */
} sparse_job;

/* ---- kernels -------------------------------------------------------------------------------- */

AGI_STAMPED void add_scaled_row(double *z, const double *x, double a, int64_t n)
{
    AGI_INDEPENDENT
    for (int64_t j = 0; j < n; j++)
        z[j] += a * x[j];
}

/* Whether one of n numbers is below 0, or above the number of `above` in its place, or not below
 * `size` where `above` is NULL. */
AGI_STAMPED bool sparse_check_body(const double *x, const double *above, int64_t n, double size)
{
    int64_t odd = 0;
    if (above != NULL)
        for (int64_t i = 0; i < n; i++)
            odd |= (x[i] < 0.0) | (x[i] > above[i]);
    else
        for (int64_t i = 0; i < n; i++)
            odd |= (x[i] < 0.0) | (x[i] >= size);
    return odd != 0;
}

/* Rows from..to of A x. */
AGI_STAMPED void sparse_gather_body(const sparse_job *job, const double *x, double *z, int64_t from,
                                    int64_t to)
{
    const double *values = job->values, *columns = job->columns;
    const int64_t step = job->x_step, width = job->width;
    int64_t k = (int64_t)job->starts[from];
    for (int64_t i = from; i < to; i++) {
        const int64_t end = (int64_t)job->starts[i + 1];
        double *row = z + i * job->z_step;
        if (width == 1) {
            double sum = 0.0;
            for (; k < end; k++)
                sum += values[k] * x[(int64_t)columns[k] * step];
            *row = sum;
            continue;
        }
        memset(row, 0, (size_t)width * sizeof *row);
        for (; k < end; k++)
            add_scaled_row(row, x + (int64_t)columns[k] * step, values[k], width);
    }
}

/* Rows from..to of A^T x, where these are single numbers: all of A is gone through. */
AGI_STAMPED void sparse_scatter_numbers(const sparse_job *job, const double *x, double *z,
                                        int64_t from, int64_t to)
{
    const bool all = from == 0 && to == job->cols;
    for (int64_t c = from; c < to; c++)
        z[c * job->z_step] = 0.0;
    for (int64_t i = 0, k = 0; i < job->rows; i++) {
        const int64_t end = (int64_t)job->starts[i + 1];
        const double number = x[i * job->x_step];
        for (; k < end; k++) {
            const int64_t c = (int64_t)job->columns[k];
            if (all || (c >= from && c < to))
                z[c * job->z_step] += job->values[k] * number;
        }
    }
}

/* Of all rows of A^T x the numbers from..to. */
AGI_STAMPED void sparse_scatter_body(const sparse_job *job, const double *x, double *z,
                                     int64_t from, int64_t to)
{
    const size_t bytes = (size_t)(to - from) * sizeof *z;
    if (job->width == 1) {
        sparse_scatter_numbers(job, x, z, from, to);
        return;
    }
    for (int64_t c = 0; c < job->cols; c++)
        memset(z + c * job->z_step + from, 0, bytes);
    for (int64_t i = 0, k = 0; i < job->rows; i++) {
        const int64_t end = (int64_t)job->starts[i + 1];
        const double *row = x + i * job->x_step + from;
        for (; k < end; k++)
            add_scaled_row(z + (int64_t)job->columns[k] * job->z_step + from, row, job->values[k],
                           to - from);
    }
}

typedef bool (*sparse_check)(const double *x, const double *above, int64_t n, double size);
typedef void (*sparse_kernel)(const sparse_job *job, const double *x, double *z, int64_t from,
                              int64_t to);

#define SPARSE_STAMP(TARGET, level) \
    TARGET static bool sparse_check_##level(const double *x, const double *above, int64_t n, \
                                            double size) \
    { \
        return sparse_check_body(x, above, n, size); \
    } \
    TARGET static void sparse_gather_##level(const sparse_job *job, const double *x, double *z, \
                                             int64_t from, int64_t to) \
    { \
        sparse_gather_body(job, x, z, from, to); \
    } \
    TARGET static void sparse_scatter_##level(const sparse_job *job, const double *x, double *z, \
                                              int64_t from, int64_t to) \
    { \
        sparse_scatter_body(job, x, z, from, to); \
    }
SPARSE_STAMP(AGI_TARGET_BASE, base)
#if AGI_X86
SPARSE_STAMP(AGI_TARGET_AVX2, avx2)
SPARSE_STAMP(AGI_TARGET_AVX512, avx512)
#endif

static const sparse_check sparse_checks[AGI_LEVELS] = {
    sparse_check_base,
#if AGI_X86
    sparse_check_avx2, sparse_check_avx512,
#endif
};
static const sparse_kernel sparse_gathers[AGI_LEVELS] = {
    sparse_gather_base,
#if AGI_X86
    sparse_gather_avx2, sparse_gather_avx512,
#endif
};
static const sparse_kernel sparse_scatters[AGI_LEVELS] = {
    sparse_scatter_base,
#if AGI_X86
    sparse_scatter_avx2, sparse_scatter_avx512,
#endif
};

/* ---- threads -------------------------------------------------------------------------------- */

/* The row of A at which piece p begins, so that pieces have as many values and rows together. */
static int64_t row_of_piece(const sparse_job *job, int64_t p)
{
    const double whole = (double)(job->entries + job->rows);
    const double target = whole * (double)p / (double)job->pieces;
    int64_t low = 0, high = job->rows;
    if (p == job->pieces)
        return job->rows;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (job->starts[middle] + (double)middle < target)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* What is shared of A^T x: the numbers of a row of x, or its columns. */
static int64_t part_of_scatter(const sparse_job *job, int64_t p)
{
    const int64_t n = job->width > 1 ? job->width : job->cols;
    return n / job->pieces * p + (p < n % job->pieces ? p : n % job->pieces);
}

static void sparse_units(void *context, int64_t begin, int64_t end, int part)
{
    const sparse_job *job = context;
    const sparse_kernel run = (job->scatters ? sparse_scatters : sparse_gathers)[agi_level_now];
    int64_t (*const bound)(const sparse_job *job, int64_t p) =
        job->scatters ? part_of_scatter : row_of_piece;
    agi_walk w;
    (void)part;
    for (int64_t u = begin; u < end; u++) {
        const int64_t p = u % job->pieces;
        agi_walk_start(&w, &job->walk, u / job->pieces);
        run(job, job->x + w.at[0], job->z + w.at[1], bound(job, p), bound(job, p + 1));
    }
}

static int64_t limited(double wanted, int64_t most)
{
    return wanted < 1.0 || most < 1 ? 1 : wanted < (double)most ? (int64_t)wanted : most;
}

/* How a product is parted does not change what its numbers are sums of. Where columns are shared,
 * each thread goes through all of A, which pays where there is but one product. */
static int64_t pieces_of(const sparse_job *job, int64_t count, double work)
{
    const int64_t threads = agi_parallel_width();
    const double wanted = work / (2.0 * SPARSE_GRAIN);
    if (!job->scatters)
        return limited(wanted, job->rows < 4 * threads ? job->rows : 4 * threads);
    if (job->width > 1)
        return limited(wanted, job->width / 16 < 4 * threads ? job->width / 16 : 4 * threads);
    return count > 1 ? 1 : limited(wanted, job->cols < threads ? job->cols : threads);
}

static void run_sparse(sparse_job *job, int64_t count)
{
    const double work = (double)(job->entries + job->rows + job->cols) * (double)job->width;
    job->pieces = pieces_of(job, count, work);
    const double each = work / (double)job->pieces;
    const int64_t units = count * job->pieces;
    const int64_t grain = limited(SPARSE_GRAIN / each + 1.0, units);
    const bool is_long = work * (double)count >= AGI_PARALLEL_MIN;
    void *token = is_long ? agi_blocking_enter() : NULL;
    agi_parallel_for(units, is_long ? grain : units, 1, sparse_units, job);
    if (is_long)
        agi_blocking_leave(token);
}

/* ---- sparse_matmul -------------------------------------------------------------------------- */

/* i: rows and columns of A; whether A is transposed; whether x stands to the left of it. */
typedef struct sparse_call {
    int64_t rows, cols;
    bool transposed, right;
} sparse_call;

static sparse_call call_of(const ag_attr *attr)
{
    return (sparse_call){attr->i[0], attr->i[1], attr->i[2] != 0, attr->i[3] != 0};
}

static ag_status check_matrix(const sparse_call *call, const ag_tensor *values,
                              const ag_tensor *structure)
{
    if (call->rows < 0 || call->cols < 0)
        return agi_fail(AG_ERR_VALUE, "sparse_matmul: expected sizes of a matrix, got %lld and "
                                      "%lld", (long long)call->rows, (long long)call->cols);
    if (values->ndim != 1 || structure->ndim != 1 ||
        structure->numel - 1 - call->rows != values->numel)
        return agi_fail(AG_ERR_SHAPE, "sparse_matmul: expected vectors of n values and of %lld + 1 "
                                      "+ n numbers, got %lld and %lld elements in %d and %d "
                                      "dimensions", (long long)call->rows,
                        (long long)values->numel, (long long)structure->numel, values->ndim,
                        structure->ndim);
    if (agi_dtype_of(values) != AG_FLOAT64)
        return agi_fail(AG_ERR_VALUE, "sparse_matmul: expected values of Double, got %s",
                        agi_dtype_name(agi_dtype_of(values)));
    return AG_OK;
}

/* Rows begin one behind the other, and all columns are there: who reads by them stays inside. */
static ag_status check_structure(const sparse_job *job)
{
    if (job->starts[0] != 0.0 || job->starts[job->rows] != (double)job->entries ||
        sparse_checks[agi_level_now](job->starts, job->starts + 1, job->rows, 0.0))
        return agi_fail(AG_ERR_VALUE, "sparse_matmul: expected rows that begin one behind the "
                                      "other, from 0 to %lld", (long long)job->entries);
    if (!sparse_checks[agi_level_now](job->columns, NULL, job->entries, (double)job->cols))
        return AG_OK;
    return agi_fail(AG_ERR_INDEX, "sparse_matmul: expected columns from 0 to %lld",
                    (long long)job->cols - 1);
}

static ag_status fail_sparse_sizes(const sparse_call *call, const ag_tensor *x)
{
    const long long rows = call->transposed ? call->cols : call->rows;
    const long long cols = call->transposed ? call->rows : call->cols;
    char own[AGI_SHAPE_TEXT];
    if (x->ndim == 0)
        return agi_fail(AG_ERR_SHAPE, "both arguments to matmul need to be at least 1D, but they "
                                      "are %dD and %dD", call->right ? 0 : 2, call->right ? 2 : 0);
    if (x->ndim == 2) {
        const long long n = agi_shape_of(x)[0], m = agi_shape_of(x)[1];
        const bool right = call->right;
        return agi_fail(AG_ERR_SHAPE, "mat1 and mat2 shapes cannot be multiplied (%lldx%lld and "
                                      "%lldx%lld)", right ? n : rows, right ? m : cols,
                        right ? rows : n, right ? cols : m);
    }
    return agi_fail(AG_ERR_SHAPE, "size mismatch: a sparse matrix of %lldx%lld cannot be "
                                  "multiplied %s a tensor of sizes %s", rows, cols,
                    call->right ? "from the left by" : "by",
                    agi_format_shape_list(own, x->ndim, agi_shape_of(x)));
}

/* The dimension of x that is summed over; -1 with an error where it does not fit. */
static int summed_dim(const sparse_call *call, const ag_tensor *x)
{
    const int dim = x->ndim > 1 && !call->right ? x->ndim - 2 : x->ndim - 1;
    if (agi_dtype_of(x) != AG_FLOAT64) {
        agi_fail(AG_ERR_VALUE, "a sparse matrix is read as numbers of Double: expected a tensor of "
                               "these to multiply it, got %s", agi_dtype_name(agi_dtype_of(x)));
        return -1;
    }
    if (x->ndim > 0 &&
        agi_shape_of(x)[dim] == (call->transposed == call->right ? call->cols : call->rows))
        return dim;
    fail_sparse_sizes(call, x);
    return -1;
}

/* How x and z lie: rows of several numbers where these lie behind each other in both, else single
 * numbers, and one product more for each of them. Returns how many products there are. */
static int64_t set_rows(sparse_job *job, int dim, const ag_tensor *x, const ag_tensor *z)
{
    const int64_t *steps = agi_strides_of(x), *z_steps = agi_strides_of(z);
    const int last = x->ndim - 1;
    const bool wide = dim < last && agi_shape_of(x)[last] > 1 && steps[last] == 1;
    int64_t count = 1;
    agi_walk *walk = &job->walk;
    job->width = wide ? agi_shape_of(x)[last] : 1;
    job->x_step = steps[dim];
    job->z_step = z_steps[dim];
    walk->count = 2;
    walk->ndim = 0;
    for (int d = 0; d <= last; d++) {
        if (d == dim || (wide && d == last))
            continue;
        walk->shape[walk->ndim] = agi_shape_of(x)[d];
        walk->strides[0][walk->ndim] = steps[d];
        walk->strides[1][walk->ndim++] = z_steps[d];
        count *= agi_shape_of(x)[d];
    }
    return count;
}

static ag_tensor *new_product(const sparse_call *call, int dim, const ag_tensor *x)
{
    int64_t shape[AGI_MAX_DIMS];
    memcpy(shape, agi_shape_of(x), (size_t)x->ndim * sizeof *shape);
    shape[dim] = call->transposed == call->right ? call->rows : call->cols;
    const int64_t numel = agi_shape_numel("sparse_matmul", x->ndim, shape);
    return numel < 0 ? NULL : agi_tensor_new(x->ndim, shape, numel);
}

/* A vector that nobody else changes, its numbers behind each other. Owned. */
static ag_tensor *own_vector(const ag_tensor *t)
{
    ag_tensor *own = agi_tensor_snapshot(t), *dense = own != NULL ? agi_row_major_of(own) : NULL;
    agi_release(own);
    return dense;
}

static ag_tensor *sparse_product(const sparse_call *call, const ag_tensor *x,
                                 const ag_tensor *values, const ag_tensor *structure)
{
    const int dim = summed_dim(call, x);
    sparse_job job = {.rows = call->rows, .cols = call->cols, .entries = values->numel,
                      .values = agi_tensor_data(values), .starts = agi_tensor_data(structure),
                      .scatters = call->transposed != call->right};
    job.columns = job.starts + job.rows + 1;
    if (dim < 0 || check_structure(&job) != AG_OK)
        return NULL;
    ag_tensor *z = new_product(call, dim, x);
    if (z == NULL || z->numel == 0)
        return z;
    const int64_t count = set_rows(&job, dim, x, z);
    job.x = agi_tensor_data(x);
    job.z = agi_tensor_data(z);
    run_sparse(&job, count);
    return z;
}

AG_FORWARD(sparse_matmul)
{
    const sparse_call call = call_of(attr);
    ag_tensor *own[3] = {NULL, NULL, NULL}, *z = NULL;
    if (check_matrix(&call, args[1].tensor, args[2].tensor) != AG_OK)
        return NULL;
    own[0] = agi_tensor_snapshot(args[0].tensor);
    own[1] = own_vector(args[1].tensor);
    own[2] = own_vector(args[2].tensor);
    if (own[0] != NULL && own[1] != NULL && own[2] != NULL)
        z = sparse_product(&call, own[0], own[1], own[2]);
    for (int k = 0; k < 3; k++)
        agi_release(own[k]);
    return z;
}

AG_RULE(sparse_matmul)
{
    const int64_t *i = agi_node_attr_of(v->node)->i;
    const ag_attr attr = {.i = {i[0], i[1], i[2] == 0, i[3]}};
    if (NEEDS(1)) {
        agi_fail(AG_ERR_GRAD, "sparse_matmul: the values of the matrix are constants, they get no "
                              "gradient");
        GX(1) = agi_arg(&agi_failed);
        return;
    }
    if (NEEDS(0)) {
        const ag_arg args[3] = {G, IN(1), IN(2)};
        GX(0) = agi_value(AG_OP_sparse_matmul, 3, args, &attr);
    }
}
