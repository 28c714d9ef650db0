/* SPDX-License-Identifier: MIT
 *
 * A constant sparse matrix times a tensor, from either side. The matrix A is given by its rows, one
 * behind the other (CSR): the values, and a vector `structure` of whole numbers, in which stands
 * where each row begins among the values and where the last one ends, then the column of each
 * value. Columns may come in any order, and twice. The dtype of the structure may be any, since
 * to look whether all numbers of an int64 are whole would take as long as to multiply by them. A
 * product that nobody records needs no copy: it reads the caller's own integers (ag_csr_matmul).
 *     z = op(A) x:  dx = op(A)^T g        z = x op(A):  dx = g op(A)^T
 * Nothing is transposed in memory: A^T x adds up rows of x, where A x gathers them. Every number of
 * a result is a sum in the order of the values, whoever computes it, from 0 on.
 */
#include <stdatomic.h>
#include <string.h>

#include "../base/check.h"
#include "../base/parallel.h"
#include "../base/profile.h"
#include "../base/shape.h"
#include "../base/walk.h"
#include "../compute/kernel.h"
#include "../tape/apply.h"
#include "../tape/dtypes.h"
#include "../tape/rule.h"
#include "../tensor/scope.h"
#include "table.h"

/* Products of one value and one number of x that a thread gets at least. */
#define SPARSE_GRAIN AGI_PARALLEL_GRAIN

/* What the numbers of the structure are. */
typedef enum index_kind { INDEX_DOUBLE, INDEX_32, INDEX_64 } index_kind;

/* Many products z = A x, or z = A^T x, of rows of `width` numbers. */
typedef struct sparse_job {
    const double *values;
    const void *starts, *columns;
    index_kind kind;
    int64_t rows, cols, entries;
    const double *x;
    double *z;
    int64_t width, x_step, z_step;  /* steps from row to row of x and of z */
    int64_t pieces;                 /* that each product is parted in */
    bool scatters;                  /* A^T x, not A x */
    agi_walk walk;                  /* over products; offsets 0: in x, 1: in z */
    _Atomic bool is_odd;            /* a column was not there */
} sparse_job;

/* ---- kernels -------------------------------------------------------------------------------- */

AGI_STAMPED int64_t index_at(const void *list, int64_t k, const index_kind kind)
{
    return kind == INDEX_32   ? ((const int32_t *)list)[k]
           : kind == INDEX_64 ? ((const int64_t *)list)[k]
                              : (int64_t)((const double *)list)[k];
}

AGI_STAMPED void add_scaled_row(double *z, const double *x, double a, int64_t n)
{
    AGI_INDEPENDENT
    for (int64_t j = 0; j < n; j++)
        z[j] += a * x[j];
}

/* Whether rows do not begin one behind the other. Of integers those below 0 are large ones here. */
AGI_STAMPED bool has_odd_starts(const sparse_job *job, const index_kind kind)
{
    const uint32_t *words = job->starts;
    const uint64_t *longs = job->starts;
    const double *doubles = job->starts;
    int64_t odd = 0;
    for (int64_t i = 0; i < job->rows; i++)
        odd |= kind == INDEX_32   ? words[i] > words[i + 1]
               : kind == INDEX_64 ? longs[i] > longs[i + 1]
                                  : !((doubles[i] >= 0.0) & (doubles[i] <= doubles[i + 1]));
    return odd != 0;
}

/* Whether a column of the values from..to is not there. */
AGI_STAMPED bool has_odd_columns(const sparse_job *job, int64_t from, int64_t to,
                                 const index_kind kind)
{
    const uint32_t *words = job->columns, least = (uint32_t)INT32_MAX + 1;
    const uint32_t word = job->cols < (int64_t)least ? (uint32_t)job->cols : least;
    const uint64_t *longs = job->columns, size = (uint64_t)job->cols;
    const double *doubles = job->columns, number = (double)job->cols;
    uint32_t odd = 0;
    uint64_t odd_long = 0;
    for (int64_t k = from; k < to; k++)
        if (kind == INDEX_32)
            odd |= words[k] >= word;
        else if (kind == INDEX_64)
            odd_long |= longs[k] >= size;
        else
            odd_long |= !((doubles[k] >= 0.0) & (doubles[k] < number));
    return (odd | odd_long) != 0;
}

AGI_STAMPED bool sparse_is_odd(const sparse_job *job, bool of_columns, const index_kind kind)
{
    return of_columns ? has_odd_columns(job, 0, job->entries, kind) : has_odd_starts(job, kind);
}

/* Rows from..to of A x, where these are single numbers. That all columns are there is seen on the
 * way: to look at them beforehand, when they have to come from afar, would take a tenth more. */
AGI_STAMPED bool sparse_gather_numbers(const sparse_job *job, const double *x, double *z,
                                       int64_t from, int64_t to, const index_kind kind)
{
    const double *values = job->values;
    const void *columns = job->columns;
    const int64_t step = job->x_step;
    const uint64_t cols = (uint64_t)job->cols;
    int64_t k = index_at(job->starts, from, kind);
    for (int64_t i = from; i < to; i++) {
        const int64_t end = index_at(job->starts, i + 1, kind);
        double sum = 0.0;
        for (; k < end; k++) {
            const int64_t column = index_at(columns, k, kind);
            if (AGI_UNLIKELY((uint64_t)column >= cols))
                return false;
            sum += values[k] * x[column * step];
        }
        z[i * job->z_step] = sum;
    }
    return true;
}

/* Rows from..to of A x. */
AGI_STAMPED void sparse_gather_rows(const sparse_job *job, const double *x, double *z, int64_t from,
                                    int64_t to, const index_kind kind)
{
    const int64_t width = job->width;
    int64_t k = index_at(job->starts, from, kind);
    for (int64_t i = from; i < to; i++) {
        const int64_t end = index_at(job->starts, i + 1, kind);
        double *row = z + i * job->z_step;
        memset(row, 0, (size_t)width * sizeof *row);
        for (; k < end; k++)
            add_scaled_row(row, x + index_at(job->columns, k, kind) * job->x_step, job->values[k],
                           width);
    }
}

/* Rows from..to of A^T x, where these are single numbers: all of A is gone through. */
AGI_STAMPED void sparse_scatter_numbers(const sparse_job *job, const double *x, double *z,
                                        int64_t from, int64_t to, const index_kind kind)
{
    const bool all = from == 0 && to == job->cols;
    for (int64_t c = from; c < to; c++)
        z[c * job->z_step] = 0.0;
    for (int64_t i = 0, k = 0; i < job->rows; i++) {
        const int64_t end = index_at(job->starts, i + 1, kind);
        const double number = x[i * job->x_step];
        for (; k < end; k++) {
            const int64_t c = index_at(job->columns, k, kind);
            if (all || (c >= from && c < to))
                z[c * job->z_step] += job->values[k] * number;
        }
    }
}

/* Of all rows of A^T x the numbers from..to. */
AGI_STAMPED void sparse_scatter_rows(const sparse_job *job, const double *x, double *z,
                                     int64_t from, int64_t to, const index_kind kind)
{
    const size_t bytes = (size_t)(to - from) * sizeof *z;
    for (int64_t c = 0; c < job->cols; c++)
        memset(z + c * job->z_step + from, 0, bytes);
    for (int64_t i = 0, k = 0; i < job->rows; i++) {
        const int64_t end = index_at(job->starts, i + 1, kind);
        const double *row = x + i * job->x_step + from;
        for (; k < end; k++)
            add_scaled_row(z + index_at(job->columns, k, kind) * job->z_step + from, row,
                           job->values[k], to - from);
    }
}

/* False where a column was not there. */
AGI_STAMPED bool sparse_body(const sparse_job *job, const double *x, double *z, int64_t from,
                             int64_t to, const index_kind kind)
{
    if (!job->scatters && job->width == 1)
        return sparse_gather_numbers(job, x, z, from, to, kind);
    if (!job->scatters)
        sparse_gather_rows(job, x, z, from, to, kind);
    else if (job->width == 1)
        sparse_scatter_numbers(job, x, z, from, to, kind);
    else
        sparse_scatter_rows(job, x, z, from, to, kind);
    return true;
}

typedef bool (*sparse_check)(const sparse_job *job, bool of_columns);
typedef bool (*sparse_kernel)(const sparse_job *job, const double *x, double *z, int64_t from,
                              int64_t to);

#define SPARSE_STAMP(TARGET, level) \
    TARGET static bool sparse_check_##level(const sparse_job *job, bool of_columns) \
    { \
        return job->kind == INDEX_32   ? sparse_is_odd(job, of_columns, INDEX_32) \
               : job->kind == INDEX_64 ? sparse_is_odd(job, of_columns, INDEX_64) \
                                       : sparse_is_odd(job, of_columns, INDEX_DOUBLE); \
    } \
    TARGET static bool sparse_run_##level(const sparse_job *job, const double *x, double *z, \
                                          int64_t from, int64_t to) \
    { \
        return job->kind == INDEX_32   ? sparse_body(job, x, z, from, to, INDEX_32) \
               : job->kind == INDEX_64 ? sparse_body(job, x, z, from, to, INDEX_64) \
                                       : sparse_body(job, x, z, from, to, INDEX_DOUBLE); \
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
static const sparse_kernel sparse_kernels[AGI_LEVELS] = {
    sparse_run_base,
#if AGI_X86
    sparse_run_avx2, sparse_run_avx512,
#endif
};

static int64_t start_of_row(const sparse_job *job, int64_t row)
{
    return job->kind == INDEX_32   ? index_at(job->starts, row, INDEX_32)
           : job->kind == INDEX_64 ? index_at(job->starts, row, INDEX_64)
                                   : index_at(job->starts, row, INDEX_DOUBLE);
}

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
        if ((double)(start_of_row(job, middle) + middle) < target)
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
    sparse_job *job = context;
    const sparse_kernel run = sparse_kernels[agi_level_now];
    int64_t (*const bound)(const sparse_job *job, int64_t p) =
        job->scatters ? part_of_scatter : row_of_piece;
    agi_walk w;
    (void)part;
    for (int64_t u = begin; u < end; u++) {
        const int64_t p = u % job->pieces;
        agi_walk_start(&w, &job->walk, u / job->pieces);
        if (!run(job, job->x + w.at[0], job->z + w.at[1], bound(job, p), bound(job, p + 1)))
            atomic_store_explicit(&job->is_odd, true, memory_order_relaxed);
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

/* `lets_go`: what is read is owned, so that other threads of the program may run meanwhile. */
static void run_sparse(sparse_job *job, int64_t count, bool lets_go)
{
    const double work = (double)(job->entries + job->rows + job->cols) * (double)job->width;
    job->pieces = pieces_of(job, count, work);
    const double each = work / (double)job->pieces;
    const int64_t units = count * job->pieces;
    const int64_t grain = limited(SPARSE_GRAIN / each + 1.0, units);
    const bool is_long = work * (double)count >= AGI_PARALLEL_MIN;
    void *token = is_long && lets_go ? agi_blocking_enter() : NULL;
    agi_parallel_for(units, is_long ? grain : units, 1, sparse_units, job);
    if (is_long && lets_go)
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

/* Rows begin one behind the other: who reads by them stays inside. */
static ag_status check_starts(const sparse_job *job)
{
    if (start_of_row(job, 0) == 0 && start_of_row(job, job->rows) == job->entries &&
        !sparse_checks[agi_level_now](job, false))
        return AG_OK;
    return agi_fail(AG_ERR_VALUE, "sparse_matmul: expected rows that begin one behind the other, "
                                  "from 0 to %lld", (long long)job->entries);
}

static ag_status fail_columns(const sparse_job *job)
{
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

/* All columns are there: of products of numbers A x by integers that is seen on the way. */
static ag_status checked_run(sparse_job *job, int64_t count, bool lets_go)
{
    const bool on_the_way = !job->scatters && job->width == 1 && count > 0 &&
                            job->kind != INDEX_DOUBLE;
    atomic_init(&job->is_odd, !on_the_way && sparse_checks[agi_level_now](job, true));
    if (!job->is_odd && count > 0)
        run_sparse(job, count, lets_go);
    return job->is_odd ? fail_columns(job) : AG_OK;
}

/* job has the matrix. */
static ag_tensor *sparse_product(const sparse_call *call, sparse_job *job, const ag_tensor *x,
                                 bool lets_go)
{
    const int dim = summed_dim(call, x);
    job->scatters = call->transposed != call->right;
    if (dim < 0 || check_starts(job) != AG_OK)
        return NULL;
    ag_tensor *z = new_product(call, dim, x);
    if (z == NULL)
        return NULL;
    const int64_t count = z->numel > 0 ? set_rows(job, dim, x, z) : 0;
    job->x = agi_tensor_data(x);
    job->z = agi_tensor_data(z);
    if (checked_run(job, count, lets_go) == AG_OK)
        return z;
    agi_release(z);
    return NULL;
}

static ag_tensor *product_of_vectors(const sparse_call *call, const ag_tensor *x,
                                     const ag_tensor *values, const ag_tensor *structure)
{
    const double *starts = agi_tensor_data(structure);
    sparse_job job = {.rows = call->rows, .cols = call->cols, .entries = values->numel,
                      .values = agi_tensor_data(values), .starts = starts,
                      .columns = starts + call->rows + 1, .kind = INDEX_DOUBLE};
    return sparse_product(call, &job, x, true);
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
        z = product_of_vectors(&call, own[0], own[1], own[2]);
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

/* ---- ag_csr_matmul -------------------------------------------------------------------------- */

static bool has_csr(const ag_csr *a)
{
    if (!agi_has("csr_matmul", a, "a matrix"))
        return false;
    if (a->rows >= 0 && a->cols >= 0 && a->entries >= 0 &&
        (a->index_bytes == 4 || a->index_bytes == 8) && a->starts != NULL &&
        (a->entries == 0 || (a->values != NULL && a->columns != NULL)))
        return true;
    agi_fail(AG_ERR_VALUE, "csr_matmul: expected a matrix of no fewer than 0 rows, columns and "
                           "entries, with its memory, and integers of 4 or 8 bytes, got %lld, "
                           "%lld, %lld and %d", (long long)a->rows, (long long)a->cols,
             (long long)a->entries, a->index_bytes);
    return false;
}

static void copy_indices(double *to, const void *list, int64_t n, bool narrow)
{
    for (int64_t k = 0; k < n; k++)
        to[k] = (double)(narrow ? ((const int32_t *)list)[k] : ((const int64_t *)list)[k]);
}

/* The product as an op of vectors, which are copies: for a node that keeps them, or a profile. */
static ag_tensor *product_of_copies(ag_tensor *x, const ag_csr *a, const sparse_call *call)
{
    const int64_t n = a->entries, size = a->rows + 1 + n;
    const bool narrow = a->index_bytes == 4;
    ag_tensor *values = agi_tensor_new(1, &n, n), *structure = agi_tensor_new(1, &size, size);
    ag_tensor *z = NULL;
    if (values != NULL && structure != NULL) {
        if (n > 0)
            memcpy(agi_tensor_data(values), a->values, (size_t)n * sizeof(double));
        copy_indices(agi_tensor_data(structure), a->starts, a->rows + 1, narrow);
        copy_indices(agi_tensor_data(structure) + a->rows + 1, a->columns, n, narrow);
        const ag_arg args[3] = {agi_arg(x), agi_arg(values), agi_arg(structure)};
        const ag_attr attr = {.i = {a->rows, a->cols, call->transposed, call->right}};
        z = agi_call(AG_OP_sparse_matmul, 3, args, &attr);
    }
    agi_release(values);
    agi_release(structure);
    return z;
}

ag_tensor *ag_csr_matmul(ag_tensor *x, const ag_csr *a, bool transposed, bool right)
{
    if (!agi_has_tensor("csr_matmul", x) || !has_csr(a))
        return NULL;
    const sparse_call call = {a->rows, a->cols, transposed, right};
    if ((ag_grad_enabled() && agi_requires_grad(x)) || agi_profiles())
        return product_of_copies(x, a, &call);
    sparse_job job = {.rows = a->rows, .cols = a->cols, .entries = a->entries, .values = a->values,
                      .starts = a->starts, .columns = a->columns,
                      .kind = a->index_bytes == 4 ? INDEX_32 : INDEX_64};
    ag_tensor *own = agi_tensor_snapshot(x);
    ag_tensor *z = own != NULL ? sparse_product(&call, &job, own, false) : NULL;
    agi_release(own);
    return agi_scope_add(z);
}
