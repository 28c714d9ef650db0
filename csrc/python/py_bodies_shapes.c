/* SPDX-License-Identifier: MIT
 *
 * What rows of shapes.def and the newer ones of create.def leave to Python's side.
 */
#include "py_errors.h"
#include "py_rows.h"
#include "py_tensor.h"

/* ---- several tensors ------------------------------------------------------------------------ */

bool py_check_meshgrid(const py_row *row, const void *fields)
{
    return *PY_FIELD_AT(int, row, fields, 1) >= 0 ||
           PyErr_WarnEx(PyExc_UserWarning,
                        "meshgrid: in an upcoming release, it will be required to pass the "
                        "indexing argument.", 1) == 0;
}

/* One tensor with so many dimensions, or a tuple of all of them. */
static PyObject *at_least(const py_head *head, const py_tensors *tensors, int ndim)
{
    if (tensors->n == 1 && py_is_tensor(head->first))
        return py_result_or_self(head->first, ag_atleast(tensors->list[0], ndim));
    PyObject *all = PyTuple_New(tensors->n);
    for (int k = 0; all != NULL && k < tensors->n; k++) {
        PyObject *one = py_result_or_self(PyTuple_GET_ITEM(tensors->all, k),
                                          ag_atleast(tensors->list[k], ndim));
        if (one == NULL)
            Py_CLEAR(all);
        else
            PyTuple_SET_ITEM(all, k, one);
    }
    return all;
}

PyObject *py_call_atleast_1d_atleast(const struct py_atleast_1d_atleast *a)
{
    return at_least(&a->head, &a->tensors, 1);
}

PyObject *py_call_atleast_2d_atleast(const struct py_atleast_2d_atleast *a)
{
    return at_least(&a->head, &a->tensors, 2);
}

PyObject *py_call_atleast_3d_atleast(const struct py_atleast_3d_atleast *a)
{
    return at_least(&a->head, &a->tensors, 3);
}

/* ---- borders -------------------------------------------------------------------------------- */

PyObject *py_call_pad_pad(const struct py_pad_pad *a)
{
    static const char *const modes[] = {"constant", "reflect", "replicate", "circular"};
    const bool is_given = a->value != NULL && a->value != Py_None;
    double value = 0.0;
    if (is_given && !py_number_argument("pad", "value", a->value, &value))
        return NULL;
    if (value != 0.0 && a->mode != 0)
        return PyErr_Format(PyExc_RuntimeError, "Padding mode \"%s\" doesn't take in value "
                            "argument", modes[a->mode]);
    return py_result_or_self(a->head.first,
                             ag_pad(a->input, a->pad.n, a->pad.list, a->mode, value));
}

/* ---- indices -------------------------------------------------------------------------------- */

static bool are_integers(const py_row *row, const py_head *head)
{
    if (head->dtype == PY_NO_DTYPE || head->dtype == AG_INT64)
        return true;
    PyErr_Format(PyExc_NotImplementedError, "\"%s\" not implemented for '%s'",
                 row->names.function, py_type_name((ag_dtype)head->dtype));
    return false;
}

bool py_check_tril_indices(const py_row *row, const void *fields)
{
    return are_integers(row, fields);
}

bool py_check_triu_indices(const py_row *row, const void *fields)
{
    return are_integers(row, fields);
}

/* ---- creating ------------------------------------------------------------------------------- */

static ag_dtype dtype_given_or(const py_head *head, ag_dtype dtype)
{
    return head->dtype != PY_NO_DTYPE ? (ag_dtype)head->dtype : dtype;
}

/* Undefined numbers, which are zeros under every dtype but float64, of that dtype. */
static PyObject *undefined_as(PyTypeObject *type, const py_head *head, ag_tensor *made,
                              ag_dtype dtype)
{
    if (made != NULL && dtype != AG_FLOAT64 &&
        (ag_zero_(made) != AG_OK || ag_set_dtype(made, dtype) != AG_OK)) {
        ag_release(made);
        made = NULL;
    }
    return py_tensor_made(type, made, head->requires_grad);
}

PyObject *py_call_new_empty_new_empty(const struct py_new_empty_new_empty *a)
{
    return undefined_as(py_result_type(a->head.first), &a->head, ag_empty(a->size.n, a->size.list),
                        dtype_given_or(&a->head, ag_dtype_of(a->input)));
}

PyObject *py_call_new_full_new_full(const struct py_new_full_new_full *a)
{
    const ag_dtype dtype = dtype_given_or(&a->head, ag_dtype_of(a->input));
    return py_tensor_made(py_result_type(a->head.first),
                          ag_full_as(a->size.n, a->size.list, a->fill_value.arg, dtype),
                          a->head.requires_grad);
}

PyObject *py_call_new_tensor_new_tensor(const struct py_new_tensor_new_tensor *a)
{
    const ag_dtype dtype = dtype_given_or(&a->head, ag_dtype_of(a->input));
    ag_tensor *t = py_tensor_from_data(a->data, (int)dtype);
    return t != NULL ? py_tensor_made(py_result_type(a->head.first), t, a->head.requires_grad)
                     : NULL;
}

static PyObject *different_lengths(const char *function, int n, int other)
{
    return PyErr_Format(PyExc_RuntimeError,
                        "%s: expected as many numbers in both lists, got %d and %d", function, n,
                        other);
}

/* Undefined numbers of these sizes and strides. NULL with an exception. */
static ag_tensor *strided_memory(const char *function, const py_ints *size, const py_ints *stride)
{
    int64_t extent = 1;
    if (size->n != stride->n) {
        different_lengths(function, size->n, stride->n);
        return NULL;
    }
    for (int d = 0; d < size->n; d++) {
        int64_t reach;
        if (size->list[d] < 0 || stride->list[d] < 0) {
            PyErr_Format(PyExc_RuntimeError, "%s: negative sizes and strides are not supported",
                         function);
            return NULL;
        }
        if (__builtin_mul_overflow(size->list[d] - 1, stride->list[d], &reach) ||
            __builtin_add_overflow(extent, reach, &extent)) {
            PyErr_Format(PyExc_RuntimeError, "%s: the memory is too large", function);
            return NULL;
        }
    }
    for (int d = 0; d < size->n; d++)
        extent = size->list[d] == 0 ? 0 : extent;
    ag_tensor *memory = ag_empty(1, &extent);
    ag_tensor *t = memory != NULL ? ag_strided_view(memory, size->n, size->list, stride->n,
                                                    stride->list, 0) : NULL;
    ag_tensor *made = t != NULL ? ag_detach(t) : NULL;
    ag_release(t);
    ag_release(memory);
    if (made == NULL)
        py_raise();
    return made;
}

PyObject *py_call_empty_strided_empty_strided(const struct py_empty_strided_empty_strided *a)
{
    ag_tensor *made = strided_memory("empty_strided", &a->size, &a->stride);
    return made != NULL ? undefined_as(py_tensor_type, &a->head, made,
                                       dtype_given_or(&a->head, AG_FLOAT64)) : NULL;
}

PyObject *
py_call_new_empty_strided_new_empty_strided(const struct py_new_empty_strided_new_empty_strided *a)
{
    ag_tensor *made = strided_memory("new_empty_strided", &a->size, &a->stride);
    return made != NULL ? undefined_as(py_result_type(a->head.first), &a->head, made,
                                       dtype_given_or(&a->head, ag_dtype_of(a->input))) : NULL;
}

PyObject *py_call_empty_permuted_empty_permuted(const struct py_empty_permuted_empty_permuted *a)
{
    const int n = a->size.n;
    int64_t strides[AG_MAX_DIMS], next = 1;
    uint64_t seen = 0;
    if (n != a->physical_layout.n)
        return different_lengths("empty_permuted", n, a->physical_layout.n);
    for (int k = n - 1; k >= 0; k--) {
        const int64_t d = a->physical_layout.list[k];
        if (d < 0 || d >= n)
            return PyErr_Format(PyExc_RuntimeError, "Dimension out of range (expected to be "
                                "between 0 and %d, but got %lld at index %d).", n - 1,
                                (long long)d, k);
        if (seen >> d & 1)
            return PyErr_Format(PyExc_RuntimeError, "Duplicate dim not allowed");
        seen |= UINT64_C(1) << d;
        strides[d] = next;
        if (a->size.list[d] > 1 && __builtin_mul_overflow(next, a->size.list[d], &next))
            return PyErr_Format(PyExc_RuntimeError, "empty_permuted: the memory is too large");
    }
    return undefined_as(py_tensor_type, &a->head, ag_empty_in_order(n, a->size.list, strides),
                        dtype_given_or(&a->head, AG_FLOAT64));
}

/* ---- linalg --------------------------------------------------------------------------------- */

PyObject *py_call_diagonal_linalg_diagonal(const struct py_diagonal_linalg_diagonal *a)
{
    return py_result(a->head.first, ag_diagonal(a->A, a->offset, a->dim1, a->dim2));
}
