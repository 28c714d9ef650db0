/* SPDX-License-Identifier: MIT
 *
 * Which BLAS a C program uses: none, a library by its path (that of the environment's TEST_BLAS),
 * routines of its own, with integers of 32 bits. And contractions, as C alone calls them.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

/* ---- routines with integers of 32 bits, as Fortran calls them ------------------------------- */

static int asked, multiplied;

static int32_t own_idamax(const int32_t *n, const double *x, const int32_t *step)
{
    int32_t best = 0;
    for (int32_t i = 1; i < *n; i++)
        if (fabs(x[i * *step]) > fabs(x[best * *step]))
            best = i;
    return best + 1;
}

static double own_ddot(const int32_t *n, const double *x, const int32_t *stepx, const double *y,
                       const int32_t *stepy)
{
    double s = 0.0;
    for (int32_t i = 0; i < *n; i++)
        s += x[i * *stepx] * y[i * *stepy];
    return s;
}

static void own_dgemv(const char *trans, const int32_t *m, const int32_t *n, const double *alpha,
                      const double *a, const int32_t *lda, const double *x, const int32_t *stepx,
                      const double *beta, double *y, const int32_t *stepy)
{
    const bool as_is = *trans == 'N';
    for (int32_t i = 0; i < (as_is ? *m : *n); i++) {
        double s = 0.0;
        for (int32_t k = 0; k < (as_is ? *n : *m); k++)
            s += a[as_is ? i + k * *lda : k + i * *lda] * x[k * *stepx];
        y[i * *stepy] = *alpha * s + (*beta == 0.0 ? 0.0 : *beta * y[i * *stepy]);
    }
}

static void own_dgemm(const char *transa, const char *transb, const int32_t *m, const int32_t *n,
                      const int32_t *k, const double *alpha, const double *a, const int32_t *lda,
                      const double *b, const int32_t *ldb, const double *beta, double *c,
                      const int32_t *ldc)
{
    multiplied++;
    for (int32_t i = 0; i < *m; i++)
        for (int32_t j = 0; j < *n; j++) {
            double s = 0.0, *at = &c[i + j * *ldc];
            for (int32_t l = 0; l < *k; l++)
                s += a[*transa == 'N' ? i + l * *lda : l + i * *lda] *
                     b[*transb == 'N' ? l + j * *ldb : j + l * *ldb];
            *at = *alpha * s + (*beta == 0.0 ? 0.0 : *beta * *at);
        }
}

typedef void (*routine)(void);

static routine find(void *context, const char *name)
{
    CHECK(context == &asked);
    asked++;
    return strcmp(name, "dgemm") == 0    ? (routine)own_dgemm
           : strcmp(name, "dgemv") == 0  ? (routine)own_dgemv
           : strcmp(name, "ddot") == 0   ? (routine)own_ddot
           : strcmp(name, "idamax") == 0 ? (routine)own_idamax : NULL;
}

static routine find_nothing(void *context, const char *name)
{
    (void)context, (void)name;
    return NULL;
}

/* ---- tests ---------------------------------------------------------------------------------- */

static bool config_has(const char *part)
{
    char text[4096];
    return ag_show_config(text, sizeof text) > 0 && strstr(text, part) != NULL;
}

/* A 40 x 30 matrix times a 30 x 20 one, their gradients, and a vector: against plain loops. */
static void check_products(void)
{
    const int64_t a_shape[] = {40, 30}, b_shape[] = {30, 20}, v_shape[] = {30};
    const int64_t mark = ag_scope_open();
    ag_tensor *a = ag_randn(2, a_shape, NULL), *b = ag_randn(2, b_shape, NULL);
    ag_tensor *v = ag_randn(1, v_shape, NULL);
    CHECK(ag_set_requires_grad(a, true) == AG_OK);
    ag_tensor *z = ag_matmul(a, b), *w = ag_matmul(a, v);
    CHECK(ag_backward(ag_sum_all(z), NULL, 0) == AG_OK);
    const double *x = ag_data(a), *y = ag_data(b), *found = ag_data(z), *u = ag_data(w);
    const double *g = ag_data(ag_grad_of(a));
    for (int i = 0; i < 40; i++) {
        double dot = 0.0;
        for (int l = 0; l < 30; l++)
            dot += x[i * 30 + l] * ag_data(v)[l];
        CHECK(near(u[i], dot));
        for (int j = 0; j < 20; j++) {
            double s = 0.0;
            for (int l = 0; l < 30; l++)
                s += x[i * 30 + l] * y[l * 20 + j];
            CHECK(near(found[i * 20 + j], s));
        }
        for (int l = 0; l < 30; l++) {
            double s = 0.0;
            for (int j = 0; j < 20; j++)
                s += y[l * 20 + j];
            CHECK(near(g[i * 30 + l], s));
        }
    }
    ag_scope_close(mark);
}

static void test_no_library(void)
{
    check_products();  /* whatever there is without a word */
    CHECK(ag_open_blas("none") == AG_OK && config_has("BLAS: none, own routines"));
    check_products();
}

static void test_library_by_path(void)
{
    const char *path = getenv("TEST_BLAS");
    CHECK(path != NULL && ag_open_blas(path) == AG_OK && config_has("OpenBLAS"));
    check_products();
    CHECK(ag_open_blas("/nowhere/libblas.so") == AG_ERR_VALUE);
    CHECK(strstr(ag_last_message(), "/nowhere/libblas.so") != NULL && config_has("OpenBLAS"));
    CHECK(ag_open_blas("libm.so.6") == AG_ERR_VALUE && config_has("OpenBLAS"));
    CHECK(ag_open_blas(NULL) == AG_ERR_VALUE && ag_open_blas("") == AG_ERR_VALUE);
    CHECK(ag_set_default_blas(NULL) == AG_ERR_VALUE && ag_set_default_blas(path) == AG_OK);
    check_products();
}

static void test_own_routines(void)
{
    CHECK(ag_set_blas(NULL, NULL) == AG_ERR_TYPE);
    CHECK(ag_set_blas(find_nothing, NULL) == AG_ERR_VALUE);
    CHECK(ag_set_blas(find, &asked) == AG_OK && config_has("32-bit integers"));
    const int before = asked;
    check_products();
    CHECK(before > 4 && asked == before && multiplied > 0);
    CHECK(ag_open_blas("none") == AG_OK);
    ag_clear_error();
}

static void test_contractions(void)
{
    const double values[] = {1.0, 2.0, 3.0, 4.0}, squared[] = {7.0, 10.0, 15.0, 22.0};
    const int64_t shape[] = {2, 2}, first[] = {1}, second[] = {0}, bad[] = {2};
    ag_tensor *a = ag_from_data(values, 2, shape), *pair[] = {a, a}, *none[] = {a, NULL};
    ag_tensor *z = ag_einsum("ij,jk->ik", 2, pair), *t = ag_tensordot(a, a, 1, first, second);
    ag_clear_error();  /* of the tests before: it would be told again where NULL comes */
    CHECK(holds(z, 4, squared) && holds(t, 4, squared));
    ag_release(z);
    ag_release(t);
    CHECK(ag_einsum(NULL, 2, pair) == NULL && ag_last_status() == AG_ERR_TYPE);
    ag_clear_error();
    CHECK(ag_einsum("ij,jk", 0, pair) == NULL && ag_last_status() == AG_ERR_VALUE);
    CHECK(ag_einsum("ij,jk->iz", 2, pair) == NULL && ag_last_status() == AG_ERR_SHAPE);
    ag_clear_error();
    CHECK(ag_einsum("ij,jk", 2, none) == NULL && ag_last_status() == AG_ERR_TYPE);
    ag_clear_error();
    CHECK(ag_einsum("ij,jk", 2, NULL) == NULL && ag_tensordot(a, NULL, 1, first, second) == NULL);
    ag_clear_error();
    CHECK(ag_tensordot(a, a, 1, NULL, second) == NULL);
    CHECK(ag_tensordot(a, a, -1, first, first) == NULL);
    ag_clear_error();
    CHECK(ag_tensordot(a, a, 1, bad, second) == NULL && ag_last_status() == AG_ERR_INDEX);
    ag_clear_error();
    ag_release(a);
}

static void test_norms_of_matrices(void)
{
    const double values[] = {3.0, 0.0, 0.0, 4.0}, largest[] = {4.0}, whole[] = {5.0};
    const double ratio[] = {2.0}, columns[] = {1.0, 0.0, 0.0, 2.0};
    const int64_t shape[] = {2, 2}, vector[] = {4};
    ag_clear_error();
    ag_tensor *a = ag_from_data(values, 2, shape), *v = ag_from_data(values, 1, vector);
    ag_tensor *b = ag_from_data(columns, 2, shape);
    ag_tensor *one = ag_linalg_matrix_norm(a, 0, 1.0, -2, -1, false);
    ag_tensor *frobenius = ag_linalg_matrix_norm(a, 1, 0.0, -2, -1, false);
    ag_tensor *cond = ag_linalg_cond(b, 0, 1.0);
    CHECK(holds(one, 1, largest) && holds(frobenius, 1, whole) && holds(cond, 1, ratio));
    ag_release(one);
    ag_release(frobenius);
    ag_release(cond);
    CHECK(ag_linalg_matrix_norm(v, 1, 0.0, -2, -1, false) == NULL);
    CHECK(ag_linalg_matrix_norm(a, 0, 3.0, -2, -1, false) == NULL);
    CHECK(ag_linalg_matrix_norm(a, 1, 0.0, 0, 7, false) == NULL);
    CHECK(ag_linalg_cond(v, 0, 1.0) == NULL && ag_linalg_cond(a, 0, 3.0) == NULL);
    ag_clear_error();
    CHECK(ag_linalg_matrix_norm(NULL, 1, 0.0, -2, -1, false) == NULL);
    CHECK(ag_last_status() == AG_ERR_TYPE);
    ag_clear_error();
    CHECK(ag_linalg_cond(NULL, 1, 0.0) == NULL && ag_last_status() == AG_ERR_TYPE);
    ag_clear_error();
    ag_release(a);
    ag_release(v);
    ag_release(b);
}

int main(void)
{
    static void (*const tests[])(void) = {test_no_library, test_library_by_path, test_own_routines,
                                          test_contractions, test_norms_of_matrices};
    run_tests(COUNT(tests), tests, false);
    printf("%d failures\n", failures);
    return failures != 0;
}
