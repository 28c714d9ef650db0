/* SPDX-License-Identifier: MIT
 *
 * Routines of BLAS and LAPACK of our own, for where no library has them: of any size, right, and
 * not tuned. Arguments are those of the Fortran routines, which callers have checked; only what
 * this library asks for is done: steps of vectors are positive.
 *
 * Factorisations as in Golub and Van Loan, Matrix Computations, chapters 3 to 5.
 */
#include <math.h>
#include <string.h>

#include "blas.h"

#define IS(flag, letter) (*(flag) == (letter))
#define AT(a, i, j) (a)[(i) + (j) * ld##a]

/* ---- vectors -------------------------------------------------------------------------------- */

static int64_t plain_idamax(blas_int n, blas_in x, blas_int inc)
{
    int64_t best = 0;
    for (int64_t i = 1; i < *n; i++)
        if (fabs(x[i * *inc]) > fabs(x[best * *inc]))
            best = i;
    return *n > 0 ? best + 1 : 0;
}

/* y += s x, in neighbouring places. */
static void add_scaled(int64_t n, double s, const double *restrict x, double *restrict y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] += s * x[i];
}

/* The inner product, in eight parts that the machine adds side by side. */
static double inner_product(int64_t n, const double *x, int64_t stepx, const double *y,
                            int64_t stepy)
{
    double part[8] = {0.0};
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int k = 0; k < 8; k++)
            part[k] += x[(i + k) * stepx] * y[(i + k) * stepy];
    for (int k = 0; i < n; i++, k++)
        part[k] += x[i * stepx] * y[i * stepy];
    const double even = (part[0] + part[4]) + (part[2] + part[6]);
    return even + ((part[1] + part[5]) + (part[3] + part[7]));
}

static double plain_ddot(blas_int n, blas_in x, blas_int incx, blas_in y, blas_int incy)
{
    return inner_product(*n, x, *incx, y, *incy);
}

/* y = beta y, where beta of 0 overwrites NaN, too. */
static void scale_run(int64_t n, double beta, double *y, int64_t step)
{
    for (int64_t i = 0; i < n && beta != 1.0; i++)
        y[i * step] = beta == 0.0 ? 0.0 : beta * y[i * step];
}

static void plain_dgemv(blas_char trans, blas_int m, blas_int n, blas_in alpha, blas_in a,
                        blas_int lda_, blas_in x, blas_int incx, blas_in beta, blas_out y,
                        blas_int incy, size_t length)
{
    const int64_t lda = *lda_, rows = IS(trans, 'N') ? *m : *n;
    (void)length;
    scale_run(rows, *beta, y, *incy);
    for (int64_t j = 0; j < *n; j++) {
        const double *column = &AT(a, 0, j);
        if (!IS(trans, 'N')) {
            y[j * *incy] += *alpha * inner_product(*m, column, 1, x, *incx);
            continue;
        }
        const double s = *alpha * x[j * *incx];
        for (int64_t i = 0; i < *m; i++)
            y[i * *incy] += s * column[i];
    }
}

/* ---- products ------------------------------------------------------------------------------- */

/* One column of c += alpha op(a) b, for a column of op(b) that begins at b. */
static void product_column(bool a_as_is, int64_t m, int64_t k, double alpha, const double *a,
                           int64_t lda, const double *b, int64_t stepb, double *c)
{
    if (a_as_is)
        for (int64_t l = 0; l < k; l++)
            add_scaled(m, alpha * b[l * stepb], &AT(a, 0, l), c);
    else
        for (int64_t i = 0; i < m; i++)
            c[i] += alpha * inner_product(k, &AT(a, 0, i), 1, b, stepb);
}

static void plain_dgemm(blas_char transa, blas_char transb, blas_int m, blas_int n, blas_int k,
                        blas_in alpha, blas_in a, blas_int lda, blas_in b, blas_int ldb_,
                        blas_in beta, blas_out c, blas_int ldc_, size_t length_a, size_t length_b)
{
    const int64_t ldb = *ldb_, ldc = *ldc_;
    const bool b_as_is = IS(transb, 'N');
    (void)length_a, (void)length_b;
    for (int64_t j = 0; j < *n; j++) {
        scale_run(*m, *beta, &AT(c, 0, j), 1);
        product_column(IS(transa, 'N'), *m, *k, *alpha, a, *lda,
                       b_as_is ? &AT(b, 0, j) : &AT(b, j, 0), b_as_is ? 1 : ldb, &AT(c, 0, j));
    }
}

static void plain_dsyrk(blas_char uplo, blas_char trans, blas_int n, blas_int k, blas_in alpha,
                        blas_in a, blas_int lda_, blas_in beta, blas_out c, blas_int ldc_,
                        size_t length_u, size_t length_t)
{
    const int64_t lda = *lda_, ldc = *ldc_;
    const bool as_is = IS(trans, 'N'), upper = IS(uplo, 'U');
    (void)length_u, (void)length_t;
    for (int64_t j = 0; j < *n; j++) {
        const int64_t first = upper ? 0 : j, rows = upper ? j + 1 : *n - j;
        scale_run(rows, *beta, &AT(c, first, j), 1);
        product_column(as_is, rows, *k, *alpha, as_is ? &AT(a, first, 0) : &AT(a, 0, first), lda,
                       as_is ? &AT(a, j, 0) : &AT(a, 0, j), as_is ? lda : 1, &AT(c, first, j));
    }
}

/* ---- triangles ------------------------------------------------------------------------------ */

/* op(t) x = x for one vector, t upper or lower as op(t) is. */
static void solve_vector(bool upper, bool as_is, bool unit, int64_t n, const double *t, int64_t ldt,
                         double *x, int64_t step)
{
    for (int64_t done = 0; done < n; done++) {
        const int64_t i = upper ? n - 1 - done : done, from = upper ? i + 1 : 0;
        const double *row = as_is ? &AT(t, i, from) : &AT(t, from, i);
        const double known = inner_product(done, row, as_is ? ldt : 1, x + from * step, step);
        const double s = x[i * step] - known;
        x[i * step] = unit ? s : s / AT(t, i, i);
    }
}

static void plain_dtrsm(blas_char side, blas_char uplo, blas_char transa, blas_char diag,
                        blas_int m, blas_int n, blas_in alpha, blas_in a, blas_int lda,
                        blas_out b, blas_int ldb_, size_t length_s, size_t length_u,
                        size_t length_t, size_t length_d)
{
    const int64_t ldb = *ldb_;
    const bool left = IS(side, 'L'), as_is = IS(transa, 'N') == left;
    const bool upper = IS(uplo, 'U') == as_is, unit = IS(diag, 'U');
    (void)length_s, (void)length_u, (void)length_t, (void)length_d;
    for (int64_t j = 0; j < *n; j++)
        scale_run(*m, *alpha, &AT(b, 0, j), 1);
    if (left)
        for (int64_t j = 0; j < *n; j++)
            solve_vector(upper, as_is, unit, *m, a, *lda, &AT(b, 0, j), 1);
    else  /* rows x of b: x op(a) = b is op(a)^T x^T = b^T */
        for (int64_t i = 0; i < *m; i++)
            solve_vector(upper, as_is, unit, *n, a, *lda, &AT(b, i, 0), ldb);
}

/* ---- factorisations ------------------------------------------------------------------------- */

static void plain_dpotrf(blas_char uplo, blas_int n_, blas_out a, blas_int lda_, blas_ints info,
                         size_t length)
{
    const int64_t n = *n_, lda = *lda_;
    const bool lower = IS(uplo, 'L');
    (void)length;
    *info = 0;
    for (int64_t j = 0; j < n; j++) {
        const double *rowj = lower ? &AT(a, j, 0) : &AT(a, 0, j);
        const int64_t step = lower ? lda : 1;
        const double pivot = AT(a, j, j) - inner_product(j, rowj, step, rowj, step);
        if (!(pivot > 0.0)) {
            *info = j + 1;
            return;
        }
        AT(a, j, j) = sqrt(pivot);
        for (int64_t i = j + 1; i < n; i++) {
            double *at = lower ? &AT(a, i, j) : &AT(a, j, i);
            const double *rowi = lower ? &AT(a, i, 0) : &AT(a, 0, i);
            *at = (*at - inner_product(j, rowi, step, rowj, step)) / AT(a, j, j);
        }
    }
}

static void swap_rows(double *a, int64_t lda, int64_t n, int64_t i, int64_t k)
{
    for (int64_t j = 0; j < n && i != k; j++) {
        const double kept = AT(a, i, j);
        AT(a, i, j) = AT(a, k, j);
        AT(a, k, j) = kept;
    }
}

static void plain_dgetrf(blas_int m_, blas_int n_, blas_out a, blas_int lda_, blas_ints ipiv,
                         blas_ints info)
{
    const int64_t m = *m_, n = *n_, lda = *lda_, step = 1;
    *info = 0;
    for (int64_t j = 0; j < (m < n ? m : n); j++) {
        const int64_t below = m - j;
        const int64_t pivot = j + plain_idamax(&below, &AT(a, j, j), &step) - 1;
        ipiv[j] = pivot + 1;
        if (AT(a, pivot, j) == 0.0) {
            *info = *info == 0 ? j + 1 : *info;
            continue;
        }
        swap_rows(a, lda, n, j, pivot);
        for (int64_t i = j + 1; i < m; i++)
            AT(a, i, j) /= AT(a, j, j);
        for (int64_t k = j + 1; k < n; k++)
            add_scaled(below - 1, -AT(a, j, k), &AT(a, j + 1, j), &AT(a, j + 1, k));
    }
}

/* The same for callers whose integers have 32 bits: the list has room for wide ones. */
static void narrow_dgetrf(blas_int m, blas_int n, blas_out a, blas_int lda, blas_ints ipiv,
                          blas_ints info)
{
    char *narrow = (char *)ipiv;
    plain_dgetrf(m, n, a, lda, ipiv, info);
    for (int64_t j = 0; j < (*m < *n ? *m : *n); j++) {
        const int32_t value = (int32_t)ipiv[j];
        memcpy(narrow + j * (int64_t)sizeof value, &value, sizeof value);
    }
}

/* The reflection 1 - tau (1, v)(1, v)^T that maps x, of n numbers, to beta in the first place and
 * zeros: beta takes the place of x[0], v of the rest. Returns tau. */
static double reflect(int64_t n, double *x)
{
    double largest = 0.0, sum = 0.0;
    for (int64_t i = 1; i < n; i++)
        largest = fabs(x[i]) > largest || isnan(x[i]) ? fabs(x[i]) : largest;
    if (largest == 0.0)
        return 0.0;
    if (fabs(x[0]) > largest)
        largest = fabs(x[0]);
    for (int64_t i = 0; i < n; i++)
        sum += x[i] / largest * (x[i] / largest);
    const double beta = -copysign(largest * sqrt(sum), x[0]), below = x[0] - beta;
    const double tau = (beta - x[0]) / beta;
    for (int64_t i = 1; i < n; i++)
        x[i] /= below;
    x[0] = beta;
    return tau;
}

/* c = (1 - tau (1, v)(1, v)^T) c, for n columns with steps between their numbers and themselves. */
static void apply_reflection(double tau, const double *v, int64_t m, int64_t n, double *c,
                             int64_t row, int64_t col)
{
    for (int64_t j = 0; j < n && tau != 0.0; j++) {
        double *at = c + j * col;
        const double s = tau * (at[0] + inner_product(m - 1, v, 1, at + row, row));
        at[0] -= s;
        for (int64_t i = 1; i < m; i++)
            at[i * row] -= s * v[i - 1];
    }
}

static void plain_dgeqrf(blas_int m_, blas_int n_, blas_out a, blas_int lda_, blas_out tau,
                         blas_out work, blas_int lwork, blas_ints info)
{
    const int64_t m = *m_, n = *n_, lda = *lda_;
    *info = 0;
    work[0] = 1.0;
    for (int64_t j = 0; j < (m < n ? m : n) && *lwork != -1; j++) {
        tau[j] = reflect(m - j, &AT(a, j, j));
        if (j + 1 < n)
            apply_reflection(tau[j], &AT(a, j, j) + 1, m - j, n - j - 1, &AT(a, j, j + 1), 1, lda);
    }
}

static void plain_dorgqr(blas_int m_, blas_int n_, blas_int k_, blas_out a, blas_int lda_,
                         blas_in tau, blas_out work, blas_int lwork, blas_ints info)
{
    const int64_t m = *m_, n = *n_, lda = *lda_;
    *info = 0;
    work[0] = 1.0;
    if (*lwork == -1)
        return;
    for (int64_t j = *k_; j < n; j++)
        for (int64_t i = 0; i < m; i++)
            AT(a, i, j) = i == j ? 1.0 : 0.0;
    for (int64_t j = *k_ - 1; j >= 0; j--) {
        apply_reflection(tau[j], &AT(a, j, j) + 1, m - j, n - j - 1, &AT(a, j, j + 1), 1, lda);
        for (int64_t i = j + 1; i < m; i++)
            AT(a, i, j) *= -tau[j];
        AT(a, j, j) = 1.0 - tau[j];
        for (int64_t i = 0; i < j; i++)
            AT(a, i, j) = 0.0;
    }
}

/* ---- tables --------------------------------------------------------------------------------- */

#define PLAIN_ROUTINES \
    .idamax = plain_idamax, .ddot = plain_ddot, .dgemv = plain_dgemv, .dgemm = plain_dgemm, \
    .dsyrk = plain_dsyrk, .dtrsm = plain_dtrsm, .dpotrf = plain_dpotrf, .dgeqrf = plain_dgeqrf, \
    .dorgqr = plain_dorgqr

const agi_blas_table agi_blas_plain = {PLAIN_ROUTINES, .dgetrf = plain_dgetrf, .wide = true};
const agi_blas_table agi_blas_plain_narrow = {PLAIN_ROUTINES, .dgetrf = narrow_dgetrf};

#undef PLAIN_ROUTINES
#undef IS
#undef AT
