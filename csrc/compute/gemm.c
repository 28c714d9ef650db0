/* SPDX-License-Identifier: MIT
 *
 * Products of matrices in blocks and batches, by BLAS and by our own kernels: see gemm.h.
 */
#include "gemm.h"

#include "../base/blas.h"
#include "../base/levels.h"
#include "../base/parallel.h"
#include "../base/shape.h"
#include "../tensor/copy.h"
#include "kernel.h"

#ifdef AG_TESTING
#define SMALL 4            /* sizes below this are computed by our own kernels */
#define SPLIT_WORK 2000.0  /* products of more multiplications than this are computed in blocks */
#define BLOCK 24
#else
#define SMALL 16
#define SPLIT_WORK 4e6
#define BLOCK 256          /* half of the fewest rows, or columns, that are parted */
#endif
#define BLOCKS_MAX 16
#define LONG_WORK 2e6      /* multiplications that take about 50 us */
#define SHARED_WORK 2e5    /* the least that is given to a thread */
#define PART_RESULTS 1200  /* see transposed_part */

bool agi_face_is_plain(const agi_face *face, int64_t rows, int64_t cols)
{
    return (face->col == 1 && (face->row >= cols || rows <= 1)) ||
           (face->row == 1 && (face->col >= rows || cols <= 1));
}

static double work_of(const agi_product *p)
{
    return (double)p->m * (double)p->n * (double)p->k;
}

static int64_t batch_count(const agi_product *p)
{
    int64_t count = 1;
    for (int d = 0; d < p->batch_ndim; d++)
        count *= p->batch[d];
    return count;
}

bool agi_product_is_long(const agi_product *p)
{
    return work_of(p) * (double)batch_count(p) >= LONG_WORK;
}

/* ---- small matrices ------------------------------------------------------------------------- */

typedef double small_vec __attribute__((vector_size(64), aligned(8), may_alias));
typedef double four_vec __attribute__((vector_size(32)));

/* z = beta z + alpha s, for one element. */
AGI_STAMPED void put_element(double *z, double s, double alpha, double beta)
{
    *z = beta == 0.0 ? alpha * s : alpha * s + beta * *z;
}

#if defined(__GNUC__) && !defined(__clang__)
/* gcc 12 takes a vector that is made of several numbers to be read before all of them are there. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

/* Of n x n matrices, n from 2 to 4 known where this is compiled, in registers: all is read before
 * anything is written, which the compiler could not know to be of no account. */
AGI_STAMPED void fixed_product(const agi_product *p, const double *x, const double *y, double *z,
                               const int n)
{
    const int64_t row = p->z.row, col = p->z.col;
    four_vec b[4], s[4];
    for (int l = 0; l < n; l++) {
        const double *from = y + l * p->y.row;
        const int64_t step = p->y.col;
        b[l] = (four_vec){from[0], from[step], n > 2 ? from[2 * step] : 0.0,
                          n > 3 ? from[3 * step] : 0.0};
    }
    for (int i = 0; i < n; i++) {
        const double *a = x + i * p->x.row;
        s[i] = a[0] * b[0];
        for (int l = 1; l < n; l++)
            s[i] += a[l * p->x.col] * b[l];
    }
    if (p->alpha == 1.0 && p->beta == 0.0) {
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                z[i * row + j * col] = s[i][j];
        return;
    }
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            put_element(&z[i * row + j * col], s[i][j], p->alpha, p->beta);
}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

/* How far apart the matrices of a batch of one dimension begin. */
typedef struct small_steps {
    int64_t x, y, z;
} small_steps;

/* A loop of its own for each n: what it knows of the operands it need not look up for each. */
AGI_STAMPED void fixed_products(const agi_product *p, const small_steps *step, int64_t from,
                                int64_t to, const int n)
{
    const agi_product own = *p;
    const small_steps steps = *step;
    for (int64_t k = from; k < to; k++)
        fixed_product(&own, p->x.data + k * steps.x, p->y.data + k * steps.y,
                      p->z.data + k * steps.z, n);
}

/* Of 2 x 2, 3 x 3 and 4 x 4 matrices. */
AGI_STAMPED void squares_body(const agi_product *p, const small_steps *step, int64_t from,
                              int64_t to)
{
    if (p->m == 2)
        fixed_products(p, step, from, to, 2);
    else if (p->m == 3)
        fixed_products(p, step, from, to, 3);
    else
        fixed_products(p, step, from, to, 4);
}

static bool is_fixed(const agi_product *p)
{
    return p->m == p->n && p->n == p->k && p->m >= 2 && p->m <= 4;
}

/* y with its rows behind each other, each filled up with zeros to `width`. */
AGI_STAMPED void pack_small(const agi_product *p, const double *y, double *packed, const int width)
{
    for (int64_t l = 0; l < p->k; l++)
        for (int j = 0; j < width; j++)
            packed[l * width + j] = j < p->n ? y[l * p->y.row + j * p->y.col] : 0.0;
}

/* One row of z, in `parts` registers. */
AGI_STAMPED void small_row(const agi_product *p, const double *x, const double *packed, double *z,
                           const int parts)
{
    small_vec s[2] = {{0.0}, {0.0}};
    double row[16];
    for (int64_t l = 0; l < p->k; l++)
        for (int part = 0; part < parts; part++)
            s[part] += x[l * p->x.col] * *(const small_vec *)(packed + 8 * (parts * l + part));
    for (int part = 0; part < parts; part++)
        *(small_vec *)(row + 8 * part) = s[part];
    for (int64_t j = 0; j < p->n; j++)
        put_element(&z[j * p->z.col], row[j], p->alpha, p->beta);
}

AGI_STAMPED void packed_product(const agi_product *p, const double *x, const double *y, double *z,
                                const int parts)
{
    double packed[16 * 16];
    pack_small(p, y, packed, 8 * parts);
    for (int64_t i = 0; i < p->m; i++)
        small_row(p, x + i * p->x.row, packed, z + i * p->z.row, parts);
}

AGI_STAMPED void small_body(const agi_product *p, const double *x, const double *y, double *z)
{
    if (p->n <= 8)
        packed_product(p, x, y, z, 1);
    else
        packed_product(p, x, y, z, 2);
}

/* One row of a column times a row: factor * row + beta z. */
AGI_STAMPED void outer_row(double *z, const double *row, double factor, double beta, int64_t n)
{
    if (beta == 0.0) {
        AGI_INDEPENDENT
        for (int64_t j = 0; j < n; j++)
            z[j] = factor * row[j];
        return;
    }
    AGI_INDEPENDENT
    for (int64_t j = 0; j < n; j++)
        z[j] = factor * row[j] + beta * z[j];
}

/* A column times a row, of any size: along the one whose numbers lie side by side, as z's do. */
AGI_STAMPED void outer_body(const agi_product *p, const double *x, const double *y, double *z)
{
    if (p->z.col == 1 && p->y.col == 1)
        for (int64_t i = 0; i < p->m; i++)
            outer_row(z + i * p->z.row, y, p->alpha * x[i * p->x.row], p->beta, p->n);
    else
        for (int64_t j = 0; j < p->n; j++)
            outer_row(z + j * p->z.col, x, p->alpha * y[j * p->y.col], p->beta, p->m);
}

static bool is_outer(const agi_product *p)
{
    return p->k == 1 && ((p->z.col == 1 && p->y.col == 1) || (p->z.row == 1 && p->x.row == 1));
}

typedef void (*small_fn)(const agi_product *p, const double *x, const double *y, double *z);
typedef void (*squares_fn)(const agi_product *p, const small_steps *step, int64_t from, int64_t to);

#define PRODUCT_STAMP(TARGET, level) \
    TARGET static void small_##level(const agi_product *p, const double *x, const double *y, \
                                     double *z) \
    { \
        small_body(p, x, y, z); \
    } \
    TARGET static void squares_##level(const agi_product *p, const small_steps *step, \
                                       int64_t from, int64_t to) \
    { \
        squares_body(p, step, from, to); \
    } \
    TARGET static void outer_##level(const agi_product *p, const double *x, const double *y, \
                                     double *z) \
    { \
        outer_body(p, x, y, z); \
    }
PRODUCT_STAMP(AGI_TARGET_BASE, base)
#if AGI_X86
PRODUCT_STAMP(AGI_TARGET_AVX2, avx2)
PRODUCT_STAMP(AGI_TARGET_AVX512, avx512)
static const small_fn small_products[AGI_LEVELS] = {small_base, small_avx2, small_avx512};
static const small_fn outer_products[AGI_LEVELS] = {outer_base, outer_avx2, outer_avx512};
static const squares_fn square_products[AGI_LEVELS] = {squares_base, squares_avx2, squares_avx512};
#else
static const small_fn small_products[AGI_LEVELS] = {small_base};
static const small_fn outer_products[AGI_LEVELS] = {outer_base};
static const squares_fn square_products[AGI_LEVELS] = {squares_base};
#endif
#undef PRODUCT_STAMP

static bool is_small(const agi_product *p)
{
    return p->m < SMALL && p->n < SMALL && p->k < SMALL && p->k > 0;
}

/* Small matrices from..to of a batch of one dimension. */
static void small_batch(const agi_product *p, const small_steps *step, int64_t from, int64_t to)
{
    const int level = agi_level_now;
    if (is_fixed(p)) {
        square_products[level](p, step, from, to);
        return;
    }
    for (int64_t k = from; k < to; k++)
        small_products[level](p, p->x.data + k * step->x, p->y.data + k * step->y,
                              p->z.data + k * step->z);
}

static void small_product(const agi_product *p)
{
    static const small_steps none = {0, 0, 0};
    small_batch(p, &none, 0, 1);
}

/* ---- products by BLAS ----------------------------------------------------------------------- */

/* What BLAS is told of a matrix, which it takes to lie by columns: as it is, or transposed. */
typedef struct blas_face {
    char trans;
    int64_t ld;
} blas_face;

static blas_face face_of(const agi_face *face, int64_t rows, int64_t cols)
{
    const bool by_columns = face->row == 1 && (face->col >= rows || cols <= 1);
    const int64_t ld = by_columns ? face->col : face->row, least = by_columns ? rows : cols;
    return (blas_face){by_columns ? 'N' : 'T', ld > least ? ld : least > 0 ? least : 1};
}

/* A matrix times a vector, whose numbers lie a step apart that is positive. */
static void matrix_vector(const agi_blas_table *blas, const agi_face *a, int64_t rows,
                          int64_t cols, const double *x, int64_t stepx, double *z, int64_t stepz,
                          double alpha, double beta)
{
    const blas_face face = face_of(a, rows, cols);
    const char trans = face.trans;
    const int64_t m = trans == 'N' ? rows : cols, n = trans == 'N' ? cols : rows;
    blas->dgemv(&trans, &m, &n, &alpha, a->data, &face.ld, x, &stepx, &beta, z, &stepz, 1);
}

/* A product of BLAS's, by columns. */
typedef struct blas_product {
    blas_face a, b;
    const double *a_data, *b_data;
    double *z;
    int64_t m, n, k, ldz;
} blas_product;

static void multiply_part(const agi_blas_table *blas, const agi_product *p, const blas_product *q,
                          int64_t m, int64_t n)
{
    blas->dgemm(&q->a.trans, &q->b.trans, &m, &n, &q->k, &p->alpha, q->a_data, &q->a.ld, q->b_data,
                &q->b.ld, &p->beta, q->z, &q->ldz, 1, 1);
}

/* How many rows of x^T y, or else columns, OpenBLAS multiplies without packing: 1200 results are
 * the most, where 1e6 multiplications are the most in all. 0: not even eight. */
static int64_t transposed_part(int64_t across)
{
    return PART_RESULTS / across / 8 * 8;
}

static bool has_transposed_parts(const agi_blas_table *blas, const blas_product *q)
{
    return blas->parts_pay && q->a.trans == 'T' && q->b.trans == 'N' && q->k >= 32 &&
           q->m * q->n > PART_RESULTS &&
           (double)q->m * (double)q->n * (double)q->k <= 1e6;
}

/* All parts are as long but for the last: 64 x 32 results of 64 numbers each take 2.5 us in two
 * parts and 3.9 in one. */
static void multiply_parts(const agi_blas_table *blas, const agi_product *p, blas_product q)
{
    const int64_t rows = transposed_part(q.n), cols = transposed_part(q.m);
    if (rows > 0 && rows < q.m)
        for (int64_t left = q.m; left > 0; left -= rows) {
            multiply_part(blas, p, &q, left < rows ? left : rows, q.n);
            q.a_data += rows * q.a.ld;
            q.z += rows;
        }
    else if (cols > 0 && cols < q.n)
        for (int64_t left = q.n; left > 0; left -= cols) {
            multiply_part(blas, p, &q, q.m, left < cols ? left : cols);
            q.b_data += cols * q.b.ld;
            q.z += cols * q.ldz;
        }
    else
        multiply_part(blas, p, &q, q.m, q.n);
}

/* z lies by columns here, or, as (x y)^T = y^T x^T, the operands are exchanged. */
static void matrix_matrix(const agi_blas_table *blas, const agi_product *p)
{
    const blas_face x = face_of(&p->x, p->m, p->k), y = face_of(&p->y, p->k, p->n);
    const blas_face z = face_of(&p->z, p->m, p->n);
    const blas_face x_back = {x.trans == 'N' ? 'T' : 'N', x.ld};
    const blas_face y_back = {y.trans == 'N' ? 'T' : 'N', y.ld};
    const blas_product by_columns = {x, y, p->x.data, p->y.data, p->z.data, p->m, p->n, p->k, z.ld};
    const blas_product by_rows = {y_back, x_back, p->y.data, p->x.data, p->z.data, p->n, p->m, p->k,
                                  z.ld};
    const blas_product *q = z.trans == 'N' ? &by_columns : &by_rows;
    if (has_transposed_parts(blas, q))
        multiply_parts(blas, p, *q);
    else
        multiply_part(blas, p, q, q->m, q->n);
}

/* beta z, where there is nothing to be added. */
static void scale_only(const agi_product *p)
{
    for (int64_t i = 0; i < p->m; i++)
        for (int64_t j = 0; j < p->n; j++) {
            double *z = &p->z.data[i * p->z.row + j * p->z.col];
            *z = p->beta == 0.0 ? 0.0 : p->beta * *z;
        }
}

static void inner_product_of(const agi_blas_table *blas, const agi_product *p)
{
    const double s = blas->ddot(&p->k, p->x.data, &p->x.col, p->y.data, &p->y.row);
    put_element(p->z.data, s, p->alpha, p->beta);
}

/* Whether BLAS takes this as the step of a vector. */
static bool is_step(int64_t step) { return step > 0; }

static void one_product(const agi_blas_table *blas, const agi_product *p)
{
    if (p->m == 0 || p->n == 0)
        return;
    if (p->k == 0)
        scale_only(p);
    else if (is_small(p))
        small_product(p);
    else if (is_outer(p))
        outer_products[agi_level_now](p, p->x.data, p->y.data, p->z.data);
    else if (p->m == 1 && p->n == 1 && is_step(p->x.col) && is_step(p->y.row))
        inner_product_of(blas, p);
    else if (p->n == 1 && is_step(p->y.row) && is_step(p->z.row))
        matrix_vector(blas, &p->x, p->m, p->k, p->y.data, p->y.row, p->z.data, p->z.row, p->alpha,
                      p->beta);
    else if (p->m == 1 && is_step(p->x.col) && is_step(p->z.col)) {
        const agi_face back = {.data = p->y.data, .row = p->y.col, .col = p->y.row};
        matrix_vector(blas, &back, p->n, p->k, p->x.data, p->x.col, p->z.data, p->z.col, p->alpha,
                      p->beta);
    } else
        matrix_matrix(blas, p);
}

/* ---- a matrix times its transpose: half of it is computed, and copied ----------------------- */

static bool is_square_of_one(const agi_product *p)
{
    return p->x.data == p->y.data && p->x.row == p->y.col && p->x.col == p->y.row && p->m == p->n &&
           p->m >= SMALL && p->beta == 0.0 && p->k > 0;
}

static void square(const agi_blas_table *blas, const agi_product *p)
{
    const blas_face x = face_of(&p->x, p->m, p->k), z = face_of(&p->z, p->m, p->m);
    const char upper = 'U';
    blas->dsyrk(&upper, &x.trans, &p->m, &p->k, &p->alpha, p->x.data, &x.ld, &p->beta, p->z.data,
                &z.ld, 1, 1);
    for (int64_t from = 0; from < p->m; from += 32) {  /* tiles below, so that lines are used up */
        const int64_t size = p->m - from < 32 ? p->m - from : 32;
        double *tile = p->z.data + from * z.ld;
        for (int64_t i = 0; i < size; i++)
            for (int64_t j = 0; j < i; j++)
                tile[from + i + j * z.ld] = tile[from + j + i * z.ld];
        if (from > 0)
            agi_copy_block((agi_block){p->z.data + from, z.ld, 1}, tile, 1, z.ld, from, size);
    }
}

/* ---- blocks and batches --------------------------------------------------------------------- */

/* Blocks are some rows, or where there are few of these, some columns: all else is packed again by
 * BLAS for each block. */
typedef struct product_blocks {
    const agi_product *p;
    const agi_blas_table *blas;
    int64_t rows, cols;        /* how many blocks along each: one of them is 1 */
    int batch_ndim;            /* the batch with its dimensions merged */
    int64_t batch[AGI_MAX_DIMS], strides[3][AGI_MAX_DIMS];
    bool is_square;
} product_blocks;

/* Two blocks from 512 rows on; more where their cost, which is that of packing all else again for
 * each, is small beside the whole. A single thread computes the same blocks: the kernels of a block
 * may add in another order than those of the whole. */
static int64_t count_blocks(int64_t size)
{
    const int64_t count = size >= 6 * BLOCK ? size / (2 * BLOCK) : size >= 2 * BLOCK ? 2 : 1;
    return count > BLOCKS_MAX ? BLOCKS_MAX : count;
}

/* Where block k of `count` begins: at a multiple of 8, but for the end. */
static int64_t block_start(int64_t size, int64_t count, int64_t k)
{
    return k == count ? size : size / 8 * k / count * 8;
}

static void choose_blocks(product_blocks *b)
{
    const agi_product *p = b->p;
    if (work_of(p) < SPLIT_WORK || p->m == 1 || p->n == 1)
        return;
    b->rows = count_blocks(p->m);
    if (b->rows == 1)
        b->cols = count_blocks(p->n);
}

static void move_to_batch(const product_blocks *b, agi_product *p, int64_t index)
{
    for (int d = b->batch_ndim - 1; d >= 0; d--) {
        const int64_t at = d > 0 ? index % b->batch[d] : index;
        index = d > 0 ? index / b->batch[d] : 0;
        p->x.data += at * b->strides[0][d];
        p->y.data += at * b->strides[1][d];
        p->z.data += at * b->strides[2][d];
    }
}

static void move_to_block(const product_blocks *b, agi_product *p, int64_t i, int64_t j)
{
    const int64_t top = block_start(p->m, b->rows, i), left = block_start(p->n, b->cols, j);
    p->x.data += top * p->x.row;
    p->y.data += left * p->y.col;
    p->z.data += top * p->z.row + left * p->z.col;
    p->m = block_start(p->m, b->rows, i + 1) - top;
    p->n = block_start(p->n, b->cols, j + 1) - left;
}

static void run_tiles(void *context, int64_t begin, int64_t end, int part)
{
    const product_blocks *b = context;
    const int64_t each = b->rows * b->cols;
    (void)part;
    for (int64_t unit = begin; unit < end; unit++) {
        agi_product p = *b->p;
        move_to_batch(b, &p, each == 1 ? unit : unit / each);
        if (each > 1)
            move_to_block(b, &p, unit % each / b->cols, unit % b->cols);
        if (b->is_square)
            square(b->blas, &p);
        else
            one_product(b->blas, &p);
    }
}

/* Small matrices in a batch of one dimension. */
static void run_small(void *context, int64_t begin, int64_t end, int part)
{
    const product_blocks *b = context;
    const small_steps steps = {b->strides[0][0], b->strides[1][0], b->strides[2][0]};
    (void)part;
    small_batch(b->p, &steps, begin, end);
}

static void merge_batch(product_blocks *b)
{
    const agi_product *p = b->p;
    const agi_face *const faces[3] = {&p->x, &p->y, &p->z};
    for (int d = 0; d < p->batch_ndim; d++) {
        b->batch[d] = p->batch[d];
        for (int k = 0; k < 3; k++)
            b->strides[k][d] = faces[k]->batch[d];
    }
    b->batch_ndim = p->batch_ndim == 0
                        ? 0 : agi_shape_collapse(p->batch_ndim, b->batch, 3, b->strides);
}

static void run_shared(const agi_product *p, int64_t count, bool small)
{
    const double work = work_of(p);
    product_blocks b = {.p = p, .rows = 1, .cols = 1};
    merge_batch(&b);
    b.is_square = count == 1 && work < 2.0 * SPLIT_WORK && is_square_of_one(p);
    b.blas = agi_blas_enter();
    if (!b.is_square)
        choose_blocks(&b);
    const int64_t units = count * b.rows * b.cols;
    const double each = (work + 64.0) / (double)(b.rows * b.cols);
    const int64_t grain = each >= SHARED_WORK ? 1 : (int64_t)(SHARED_WORK / each) + 1;
    void *token = NULL;
    const bool is_long = agi_product_is_long(p);
    if (is_long)
        token = agi_blocking_enter();
    agi_parallel_for(units, grain, 1, small && b.batch_ndim == 1 ? run_small : run_tiles, &b);
    agi_blas_leave(b.blas);
    if (is_long)
        agi_blocking_leave(token);
}

void agi_product_run(const agi_product *p)
{
    const int64_t count = batch_count(p);
    const bool small = is_small(p);
    if (count == 0 || p->m == 0 || p->n == 0)
        return;
    if (small && p->batch_ndim == 0)
        small_product(p);
    else
        run_shared(p, count, small);
}

#undef SMALL
#undef SPLIT_WORK
#undef BLOCK
#undef BLOCKS_MAX
#undef LONG_WORK
#undef SHARED_WORK
#undef PART_RESULTS
