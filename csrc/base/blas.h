/* SPDX-License-Identifier: MIT
 *
 * Routines of BLAS and LAPACK, by their Fortran names, from whichever library there is: that which
 * NumPy has loaded, those which PYAUTOGRAD_BLAS or the embedder names, and for a few routines our
 * own where none has them (blas_plain.c). They are looked for at the first use.
 *
 * All integers are passed as int64_t. A library with 32-bit integers reads their lower halves, as
 * the machine is little-endian, and writes only these: so an integer that a routine writes is 0
 * before, and read by agi_blas_number; lists of integers go through agi_blas_widen. Matrices lie by
 * columns. The lengths of character arguments stand behind the last argument.
 */
#ifndef AGI_BLAS_H
#define AGI_BLAS_H

#include <stdatomic.h>

#include "config.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "pyautograd passes integers to BLAS in a way that needs a little-endian machine"
#endif

typedef const char *blas_char;
typedef const int64_t *blas_int;
typedef const double *blas_in;   /* numbers that are read */
typedef double *blas_out;        /* numbers that are written */
typedef int64_t *blas_ints;      /* integers that are written */

/* ROUTINE(result, name, arguments): products; triangles and factors; spectra; least squares; banded
 * systems. */
#define AGI_BLAS_LIST(ROUTINE) \
    ROUTINE(int64_t, idamax, (blas_int n, blas_in x, blas_int incx)) \
    ROUTINE(double, ddot, (blas_int n, blas_in x, blas_int incx, blas_in y, blas_int incy)) \
    ROUTINE(void, dgemv, (blas_char trans, blas_int m, blas_int n, blas_in alpha, blas_in a, \
            blas_int lda, blas_in x, blas_int incx, blas_in beta, blas_out y, blas_int incy, \
            size_t)) \
    ROUTINE(void, dgemm, (blas_char transa, blas_char transb, blas_int m, blas_int n, blas_int k, \
            blas_in alpha, blas_in a, blas_int lda, blas_in b, blas_int ldb, blas_in beta, \
            blas_out c, blas_int ldc, size_t, size_t)) \
    ROUTINE(void, dsyrk, (blas_char uplo, blas_char trans, blas_int n, blas_int k, blas_in alpha, \
            blas_in a, blas_int lda, blas_in beta, blas_out c, blas_int ldc, size_t, size_t)) \
    ROUTINE(void, dtrsm, (blas_char side, blas_char uplo, blas_char transa, blas_char diag, \
            blas_int m, blas_int n, blas_in alpha, blas_in a, blas_int lda, blas_out b, \
            blas_int ldb, size_t, size_t, size_t, size_t)) \
    ROUTINE(void, dpotrf, (blas_char uplo, blas_int n, blas_out a, blas_int lda, blas_ints info, \
            size_t)) \
    ROUTINE(void, dgetrf, (blas_int m, blas_int n, blas_out a, blas_int lda, blas_ints ipiv, \
            blas_ints info)) \
    ROUTINE(void, dsytrf, (blas_char uplo, blas_int n, blas_out a, blas_int lda, blas_ints ipiv, \
            blas_out work, blas_int lwork, blas_ints info, size_t)) \
    ROUTINE(void, dsytrs, (blas_char uplo, blas_int n, blas_int nrhs, blas_in a, blas_int lda, \
            blas_int ipiv, blas_out b, blas_int ldb, blas_ints info, size_t)) \
    ROUTINE(void, dgeqrf, (blas_int m, blas_int n, blas_out a, blas_int lda, blas_out tau, \
            blas_out work, blas_int lwork, blas_ints info)) \
    ROUTINE(void, dorgqr, (blas_int m, blas_int n, blas_int k, blas_out a, blas_int lda, \
            blas_in tau, blas_out work, blas_int lwork, blas_ints info)) \
    ROUTINE(void, dgetri, (blas_int n, blas_out a, blas_int lda, blas_int ipiv, blas_out work, \
            blas_int lwork, blas_ints info)) \
    ROUTINE(void, dsyevd, (blas_char jobz, blas_char uplo, blas_int n, blas_out a, blas_int lda, \
            blas_out w, blas_out work, blas_int lwork, blas_ints iwork, blas_int liwork, \
            blas_ints info, size_t, size_t)) \
    ROUTINE(void, dgeev, (blas_char jobvl, blas_char jobvr, blas_int n, blas_out a, blas_int lda, \
            blas_out wr, blas_out wi, blas_out vl, blas_int ldvl, blas_out vr, blas_int ldvr, \
            blas_out work, blas_int lwork, blas_ints info, size_t, size_t)) \
    ROUTINE(void, dgesdd, (blas_char jobz, blas_int m, blas_int n, blas_out a, blas_int lda, \
            blas_out s, blas_out u, blas_int ldu, blas_out vt, blas_int ldvt, blas_out work, \
            blas_int lwork, blas_ints iwork, blas_ints info, size_t)) \
    ROUTINE(void, dgelsd, (blas_int m, blas_int n, blas_int nrhs, blas_out a, blas_int lda, \
            blas_out b, blas_int ldb, blas_out s, blas_in rcond, blas_ints rank, blas_out work, \
            blas_int lwork, blas_ints iwork, blas_ints info)) \
    ROUTINE(void, dgbsv, (blas_int n, blas_int kl, blas_int ku, blas_int nrhs, blas_out ab, \
            blas_int ldab, blas_ints ipiv, blas_out b, blas_int ldb, blas_ints info))

typedef struct agi_blas_table {
#define AGI_BLAS_MEMBER(result, name, arguments) result (*name) arguments;
    AGI_BLAS_LIST(AGI_BLAS_MEMBER)
#undef AGI_BLAS_MEMBER
    bool wide;  /* integers have 64 bits */
    bool parts_pay;  /* of x^T y under 100 x 100 x 100: see transposed_parts in gemm.c */
    int (*get_threads)(void);  /* of the library's own pool; NULL where it has none */
    void (*set_threads)(int);
} agi_blas_table;

#pragma GCC visibility push(hidden)

extern _Atomic(const agi_blas_table *) agi_blas_found;  /* NULL before the first use */
const agi_blas_table *agi_blas_find(void);

/* Around calls of routines. The library's own threads would add in another order and spin beside
 * ours: the first to enter sets it to one thread, the last to leave puts back what was. They nest,
 * in as many threads as there are. `factor`: for LAPACK's factorisations, which may use
 * PYAUTOGRAD_BLAS_THREADS threads. */
const agi_blas_table *agi_blas_enter(void);
const agi_blas_table *agi_blas_enter_factor(void);
void agi_blas_leave(const agi_blas_table *blas);

/* Whether a routine is there, which only some libraries have; else false, with an error in which
 * `op` is what wants the routine. The name is that of a member: AGI_BLAS_HAS(blas, dgesdd,
 * "svd"). */
#define AGI_BLAS_HAS(blas, name, op) ((blas)->name != NULL || agi_blas_missing(op, #name))
bool agi_blas_missing(const char *op, const char *name);

/* n integers that a routine wrote, or is to read, where its own have 32 bits: made wide, or narrow,
 * in their place. */
void agi_blas_widen(const agi_blas_table *blas, int64_t *list, int64_t n);
void agi_blas_narrow(const agi_blas_table *blas, int64_t *list, int64_t n);

/* What is in use, for show_config. Returns text. */
#define AGI_BLAS_TEXT 640
char *agi_blas_write(char text[AGI_BLAS_TEXT]);

/* Our own, with integers of 64 bits; and for libraries that lack some and have integers of 32
 * bits. */
extern const agi_blas_table agi_blas_plain, agi_blas_plain_narrow;

#pragma GCC visibility pop

AGI_INLINE const agi_blas_table *agi_blas_now(void)
{
    const agi_blas_table *blas = atomic_load_explicit(&agi_blas_found, memory_order_acquire);
    return AGI_LIKELY(blas != NULL) ? blas : agi_blas_find();
}

/* An integer that was 0 before a routine wrote there. */
AGI_INLINE int64_t agi_blas_number(const agi_blas_table *blas, int64_t number)
{
    return blas->wide ? number : (int32_t)number;
}

#endif
