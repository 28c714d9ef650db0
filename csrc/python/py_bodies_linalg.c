/* SPDX-License-Identifier: MIT
 *
 * What rows of linear algebra leave open: norms that are told by a word or by a number, and old
 * names of tolerances.
 */
#include "py_dtype.h"
#include "py_errors.h"
#include "py_rows.h"
#include "py_tensor.h"

/* As the core has norms of matrices: by a number, the Frobenius norm, the nuclear norm. */
enum { BY_NUMBER, FROBENIUS, NUCLEAR };

/* An argument that tells a norm, and what is said of a word that tells none. */
typedef struct norm_argument {
    const char *function, *name, *refusal;
} norm_argument;

static const norm_argument of_matrix_norm = {
    "matrix_norm", "ord", "linalg.matrix_norm: Order %U not supported."};
static const norm_argument of_norm = {
    "norm", "ord", "linalg.matrix_norm: Order %U not supported."};
static const norm_argument of_cond = {
    "cond", "p", "linalg.cond got an invalid norm type: %U"};

static bool read_norm(const norm_argument *argument, PyObject *object, int kind_of_none, int *kind,
                      double *p)
{
    *kind = kind_of_none;
    *p = 2.0;
    if (object == NULL || object == Py_None)
        return true;
    if (PyUnicode_Check(object)) {
        *kind = PyUnicode_CompareWithASCIIString(object, "fro") == 0   ? FROBENIUS
                : PyUnicode_CompareWithASCIIString(object, "nuc") == 0 ? NUCLEAR : -1;
        if (*kind < 0)
            PyErr_Format(PyExc_RuntimeError, argument->refusal, object);
        return *kind >= 0;
    }
    *kind = BY_NUMBER;
    return py_number_argument(argument->function, argument->name, object, p);
}

/* Whether the norm of a tensor can be computed as the dtype that is asked for. */
static bool check_norm_dtype(const char *name, const py_head *head, const ag_tensor *x)
{
    const ag_dtype input = ag_dtype_of(x);
    if (head->dtype == PY_NO_DTYPE || (head->dtype == AG_FLOAT64 && input == AG_FLOAT64))
        return true;
    if (input != AG_FLOAT64)
        PyErr_Format(PyExc_RuntimeError, "%s: Expected a floating point or complex tensor as "
                     "input. Got %s", name, py_type_name(input));
    else
        PyErr_Format(PyExc_RuntimeError, "%s: dtype should be floating point or complex, but got "
                     "%s", name, py_type_name((ag_dtype)head->dtype));
    return false;
}

bool py_check_linalg_vector_norm(const py_row *row, const void *fields)
{
    return check_norm_dtype("linalg.vector_norm", fields,
                            *PY_FIELD_AT(ag_tensor *, row, fields, 0));
}

PyObject *py_call_matrix_norm_linalg_matrix_norm(const struct py_matrix_norm_linalg_matrix_norm *a)
{
    int kind;
    double p;
    if (!read_norm(&of_matrix_norm, a->ord, FROBENIUS, &kind, &p) ||
        !check_norm_dtype("linalg.matrix_norm", &a->head, a->A))
        return NULL;
    if (a->dim.n >= 0 && a->dim.n != 2)
        return PyErr_Format(PyExc_RuntimeError, "linalg.matrix_norm: dim must be a 2-tuple.");
    const int row = a->dim.n == 2 ? (int)a->dim.list[0] : -2;
    const int col = a->dim.n == 2 ? (int)a->dim.list[1] : -1;
    return py_result(a->head.first, ag_linalg_matrix_norm(a->A, kind, p, row, col, a->keepdim));
}

/* The error of an order of matrices, fro or nuc, where there are vectors. */
static PyObject *no_matrices(int ndim, const int64_t *dims)
{
    if (ndim < 2)
        return PyErr_Format(PyExc_RuntimeError, "linalg.matrix_norm: The input tensor A must have "
                                                "at least 2 dimensions.");
    return PyErr_Format(PyExc_RuntimeError, "linalg.matrix_norm: dim must be a 2-tuple. Got %lld",
                        (long long)dims[0]);
}

/* Vectors where there is no order or one dimension, else matrices. */
PyObject *py_call_norm_linalg_norm(const struct py_norm_linalg_norm *a)
{
    int kind, n = a->dim.n;
    double p;
    const int ndim = ag_ndim(a->A);
    const bool has_order = a->ord != NULL && a->ord != Py_None;
    if (!read_norm(&of_norm, a->ord, BY_NUMBER, &kind, &p))
        return NULL;
    if (has_order && n < 0 && ndim != 1 && ndim != 2)
        return PyErr_Format(PyExc_RuntimeError, "linalg.norm: If dim is not specified but ord is, "
                                                "the input must be 1D or 2D. Got %dD.", ndim);
    if (has_order && n >= 0 && n != 1 && n != 2)
        return PyErr_Format(PyExc_RuntimeError, "linalg.norm: If dim is specified, it must be of "
                                                "length 1 or 2.");
    const bool of_matrices = has_order && (n == 2 || (n < 0 && ndim == 2));
    if (!of_matrices && kind != BY_NUMBER)
        return no_matrices(ndim, a->dim.list);
    if (!check_norm_dtype(of_matrices ? "linalg.matrix_norm" : "linalg.vector_norm", &a->head,
                          a->A))
        return NULL;
    if (!of_matrices)
        return py_result(a->head.first,
                         ag_linalg_vector_norm(a->A, p, n, a->dim.list, a->keepdim));
    const int row = n == 2 ? (int)a->dim.list[0] : -2, col = n == 2 ? (int)a->dim.list[1] : -1;
    return py_result(a->head.first, ag_linalg_matrix_norm(a->A, kind, p, row, col, a->keepdim));
}

PyObject *py_call_cond_linalg_cond(const struct py_cond_linalg_cond *a)
{
    int kind;
    double p;
    if (!read_norm(&of_cond, a->p, BY_NUMBER, &kind, &p))
        return NULL;
    return py_result(a->head.first, ag_linalg_cond(a->A, kind, p));
}

/* The nuclear norm, which is of matrices alone. */
static PyObject *nuclear_norm(const struct py_norm_norm_of *a)
{
    const int n = a->dim.n < 0 ? ag_ndim(a->input) : a->dim.n;
    if (n != 2)
        return PyErr_Format(PyExc_RuntimeError, "linalg.matrix_norm: dim must be a 2-tuple. Got %d "
                                                "dimensions", n);
    const int row = a->dim.n == 2 ? (int)a->dim.list[0] : -2;
    const int col = a->dim.n == 2 ? (int)a->dim.list[1] : -1;
    return py_result(a->head.first,
                     ag_linalg_matrix_norm(a->input, NUCLEAR, 0.0, row, col, a->keepdim));
}

PyObject *py_call_norm_norm_of(const struct py_norm_norm_of *a)
{
    double p = 2.0;
    if (a->p != NULL && PyUnicode_Check(a->p)) {
        if (PyUnicode_CompareWithASCIIString(a->p, "nuc") == 0)
            return nuclear_norm(a);
        if (PyUnicode_CompareWithASCIIString(a->p, "fro") != 0)
            return PyErr_Format(PyExc_RuntimeError, "norm(): p must be a number, 'fro' or 'nuc', "
                                                    "but found '%U'", a->p);
    } else if (a->p != NULL && a->p != Py_None && !py_number_argument("norm", "p", a->p, &p)) {
        return NULL;
    }
    return py_result(a->head.first, ag_norm(a->input, p, a->dim.n, a->dim.list, a->keepdim));
}

/* ---- old names of tolerances: rcond is a relative one, tol an absolute one ------------------- */

PyObject *py_call_pinv_pinv_rcond(const struct py_pinv_pinv_rcond *a)
{
    return py_result(a->head.first, ag_linalg_pinv(a->A, 0.0, a->rcond, a->hermitian));
}

PyObject *py_call_pinv_pinv_rcond_within(const struct py_pinv_pinv_rcond_within *a)
{
    return py_result(a->head.first, ag_linalg_pinv_within(a->A, NULL, a->rcond, a->hermitian));
}

PyObject *py_call_matrix_rank_matrix_rank_tol(const struct py_matrix_rank_matrix_rank_tol *a)
{
    return py_result(a->head.first, ag_linalg_matrix_rank(a->A, a->tol, 0.0, a->hermitian));
}

PyObject *py_call_matrix_rank_matrix_rank_tol_within(
    const struct py_matrix_rank_matrix_rank_tol_within *a)
{
    ag_tensor *none = ag_full(0, NULL, 0.0);
    ag_tensor *rank = none != NULL
                          ? ag_linalg_matrix_rank_within(a->A, a->tol, none, a->hermitian) : NULL;
    ag_release(none);
    return py_result(a->head.first, rank);
}
