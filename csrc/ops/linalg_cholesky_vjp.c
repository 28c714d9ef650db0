/* SPDX-License-Identifier: MIT
 *
 * The gradient of Cholesky's factor, one matrix at a time, for backwards that are not recorded.
 * With S = L^T gL, of which the lower triangle counts, halved on the diagonal, it is L^-T S L^-1
 * made symmetric: what the rule in linalg_factor.c says in ops, which is the truth.
 */
#include "../base/shape.h"
#include "../compute/kernel.h"
#include "../tape/dtypes.h"
#include "../tensor/copy.h"
#include "linalg.h"
#include "table.h"

/* Up to so many rows a kernel of our own is quicker than two triangular solves by BLAS. */
#ifdef AG_TESTING
#define TURN_MAX 8
#else
#define TURN_MAX 64
#endif

/* The lower triangle of s = L^T g / 2 for n x n matrices, L and s by rows of ld numbers, of g what
 * BLAS is told of it, lower triangles too: in halves, so that less is multiplied by 0. */
typedef struct lower_factor {
    const double *data;
    char trans;   /* T: by columns */
    int64_t ld;
} lower_factor;

static void lower_product(const agi_blas_table *blas, int64_t n, const double *l, lower_factor g,
                          double *s, int64_t ld)
{
    const int64_t half = n < 32 ? n : n / 2, rest = n - half;
    const double one_half = 0.5, zero = 0.0;
    /* By columns s and g are transposed: s^T = g^T L. */
    blas->dgemm(&g.trans, "T", &half, &half, &n, &one_half, g.data, &g.ld, l, &ld, &zero, s, &ld, 1,
                1);
    if (rest == 0)
        return;
    const double *below = g.data + half * (g.trans == 'N' ? g.ld : 1);
    blas->dgemm(&g.trans, "T", &n, &rest, &rest, &one_half, below, &g.ld, l + half * (ld + 1), &ld,
                &zero, s + half * ld, &ld, 1, 1);
}

/* ---- few rows ------------------------------------------------------------------------------- */

typedef double turn_vec __attribute__((vector_size(64), aligned(8), may_alias));

/* z[j] -= a x[j] + b y[j] for the first j up to n, a multiple of 8. */
AGI_STAMPED void less_two_rows(double *z, double a, const double *x, double b, const double *y,
                               int64_t n)
{
    for (int64_t j = 0; j < n; j += 8)
        *(turn_vec *)(z + j) -= a * *(const turn_vec *)(x + j) + b * *(const turn_vec *)(y + j);
}

AGI_STAMPED void less_row(double *z, double a, const double *x, int64_t n)
{
    for (int64_t j = 0; j < n; j += 8)
        *(turn_vec *)(z + j) -= a * *(const turn_vec *)(x + j);
}

/* Where the numbers of a row up to place i end, in whole vectors. */
AGI_STAMPED int64_t whole_vectors(int64_t i) { return (i + 7) / 8 * 8; }

/* The lower triangle of S, by rows of ld numbers, becomes that of Z = L^-T S L^-1, both symmetric.
 * `l` has the rows of L but for the diagonal, which is 0, as all behind it is; `inverse` 1 over the
 * diagonal. The last row of L is (l, d), and those of S and Z (s, c) and (z, e). Then
 *     e = c / d^2,  z = (s / d - e l) L'^-1,  S' - h^T l - l^T h = L'^T Z' L',  h = s / d - e l / 2
 * with all but the last row and column of each matrix marked '. So rows are taken from the last to
 * the first; what each row of Z lacks of L'^-1, it is given step by step as the rows above are
 * taken. What stands above the diagonal of S and Z are other numbers, of no account. */
AGI_STAMPED void turn_body(double *z, const double *l, const double *inverse, double *h, int64_t n,
                           int64_t ld)
{
    for (int64_t i = n - 1; i >= 0; i--) {
        const double *row = l + i * ld;
        double *own = z + i * ld;
        const double by = inverse[i], e = own[i] * by * by, half = 0.5 * e;
        const int64_t width = whole_vectors(i);
        for (int64_t j = 0; j < width; j += 8) {
            const turn_vec part = half * *(const turn_vec *)(row + j);
            const turn_vec all = by * *(const turn_vec *)(own + j) - part;
            *(turn_vec *)(h + j) = all;
            *(turn_vec *)(own + j) = all - part;
        }
        own[i] = e;
        for (int64_t r = 0; r < i; r++)
            less_two_rows(z + r * ld, h[r], row, row[r], h, whole_vectors(r + 1));
        for (int64_t k = i + 1; k < n; k++) {
            double *below = z + k * ld;
            below[i] *= by;
            less_row(below, below[i], row, width);
        }
    }
}

#define TURN_STAMP(TARGET, level) \
    TARGET static void turn_##level(double *z, const double *l, const double *inverse, double *h, \
                                    int64_t n, int64_t ld) \
    { \
        turn_body(z, l, inverse, h, n, ld); \
    }
typedef void (*turn_fn)(double *z, const double *l, const double *inverse, double *h, int64_t n,
                        int64_t ld);
TURN_STAMP(AGI_TARGET_BASE, base)
#if AGI_X86
TURN_STAMP(AGI_TARGET_AVX2, avx2)
TURN_STAMP(AGI_TARGET_AVX512, avx512)
static const turn_fn turn_levels[AGI_LEVELS] = {turn_base, turn_avx2, turn_avx512};
#else
static const turn_fn turn_levels[AGI_LEVELS] = {turn_base};
#endif
#undef TURN_STAMP

/* What the kernel reads of L: see turn_body. */
static void split_factor(double *l, double *inverse, int64_t n, int64_t ld)
{
    for (int64_t i = 0; i < n; i++) {
        inverse[i] = 1.0 / l[i * (ld + 1)];
        for (int64_t j = i; j < ld; j++)
            l[i * ld + j] = 0.0;
    }
}

static int64_t turn_scratch(int64_t n)
{
    const int64_t ld = whole_vectors(n);
    return 3 * n * ld + 2 * ld;
}

/* z = L^-T S L^-1, of which s has the lower triangle, L and s by rows of ld numbers. */
static void turn_few(double *z, double *s, double *l, double *scratch, int64_t n, int64_t ld)
{
    double *inverse = scratch, *h = scratch + ld;
    split_factor(l, inverse, n, ld);
    turn_levels[agi_level_now](s, l, inverse, h, n, ld);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j <= i; j++)
            z[j * n + i] = z[i * n + j] = s[i * ld + j];
}

/* ---- many rows ------------------------------------------------------------------------------ */

/* The same for L and s by rows of n numbers. Both solves have the triangle on the right and not
 * transposed, which OpenBLAS is quickest at, so L is turned before, and the first solution too. */
static void turn_many(const agi_blas_table *blas, double *z, double *s, double *l, double *turned,
                      int64_t n)
{
    const double one = 1.0;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < i; j++)
            s[j * n + i] = s[i * n + j];
    agi_copy_block((agi_block){turned, n, 1}, l, 1, n, n, n);
    blas->dtrsm("R", "L", "N", "N", &n, &n, &one, turned, &n, s, &n, 1, 1, 1, 1);
    agi_copy_block((agi_block){l, n, 1}, s, 1, n, n, n);
    blas->dtrsm("R", "L", "N", "N", &n, &n, &one, turned, &n, l, &n, 1, 1, 1, 1);
    agi_copy_block((agi_block){z, n, 1}, l, 1, n, n, n);
}

/* ---- the op --------------------------------------------------------------------------------- */

static int64_t cholesky_vjp_matrix(const void *context, const agi_matrices *m, double *const *at,
                                   double *scratch, const agi_blas_table *blas)
{
    const int64_t n = m->row[2], ld = n <= TURN_MAX ? whole_vectors(n) : n;
    const bool upper = *(const bool *)context;
    const int64_t row = upper ? m->col[1] : m->row[1], col = upper ? m->row[1] : m->col[1];
    double *l = scratch, *s = l + n * ld, *rest = s + n * ld;
    lower_factor g = {at[1], col == 1 && row >= n ? 'N' : 'T', col == 1 && row >= n ? row : col};
    /* L by rows; of U and its g the transposes. */
    agi_copy_block((agi_block){l, ld, 1}, at[0], upper ? m->col[0] : m->row[0],
                   upper ? m->row[0] : m->col[0], n, n);
    if (!(col == 1 && row >= n) && !(row == 1 && col >= n)) {
        agi_copy_block((agi_block){rest, n, 1}, at[1], row, col, n, n);
        g = (lower_factor){rest, 'N', n};
    }
    lower_product(blas, n, l, g, s, ld);
    if (n <= TURN_MAX)
        turn_few(at[2], s, l, rest + n * ld, n, ld);
    else
        turn_many(blas, at[2], s, l, rest, n);
    return 0;
}

AG_FORWARD(cholesky_factor_vjp)
{
    ag_tensor *l = args[0].tensor, *g = args[1].tensor;
    const bool upper = attr->i[0] != 0;
    agi_matrices m;
    if (!agi_check_right_side("cholesky", g, agi_rows_of(l)))
        return NULL;
    ag_tensor *z = agi_tensor_new(l->ndim, agi_shape_of(l), l->numel);
    if (z == NULL || z->numel == 0)
        return z;
    agi_matrices_start(&m, l->ndim - 2, agi_shape_of(l));
    m.scratch = turn_scratch(agi_rows_of(l));
    m.cost = AGI_CUBIC_COST(agi_rows_of(l), 3 * agi_rows_of(l));
    return agi_batch_made(&m, cholesky_vjp_matrix, &upper, 3, (ag_tensor *[]){l, g, z},
                          (int[]){2, 2, 2});
}

#undef TURN_MAX
