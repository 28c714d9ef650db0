/* SPDX-License-Identifier: MIT
 *
 * Python objects to numbers, operands, shapes and tensors, and back.
 */
#ifndef PY_CONVERT_H
#define PY_CONVERT_H

#include "py_api.h"

/* Python and NumPy real numbers and bools, not strings, arrays or tensors. 1: *value is set,
 * 0: it is no number, -1: an exception is set. */
int py_number_slow(PyObject *object, double *value);
static inline int py_number(PyObject *object, double *value)
{
    if (PY_LIKELY(PyFloat_CheckExact(object))) {
        *value = PyFloat_AS_DOUBLE(object);
        return 1;
    }
    return py_number_slow(object, value);
}

/* The same with the dtype of the number. */
int py_number_of_slow(PyObject *object, ag_arg *number);
static inline int py_number_of(PyObject *object, ag_arg *number)
{
    if (PY_UNLIKELY(!PyFloat_CheckExact(object)))
        return py_number_of_slow(object, number);
    *number = (ag_arg){.value = PyFloat_AS_DOUBLE(object)};
    return 1;
}

/* A number that must be one: "f(): argument 'x' must be Number, not str". A 0-d tensor serves too,
 * unless it requires grad: its gradient would be lost. */
bool py_number_argument(const char *function, const char *argument, PyObject *object,
                        double *value);

/* Warns, once in the life of the process, that a value is taken out of the tape as a plain number,
 * if this thread records and the tensor requires grad. false: the warning is raised as an error. */
bool py_warn_of_lost_gradient(const ag_tensor *tensor);

/* The value of a tensor of one element; ValueError for others. */
bool py_single_value(ag_tensor *tensor, double *value);

/* An operand of an op: tensor (borrowed), number, or NumPy array. For an array *made is a new
 * tensor that the caller releases after the op: over the array's own memory where that will do,
 * unless `keep` (the op may save it, and nobody would notice writes to the array). 1, 0 for what
 * is none of these, -1 with an exception. */
int py_operand(PyObject *object, bool keep, ag_arg *arg, ag_tensor **made);

/* The same where it must be one, and may be a nested sequence too; else TypeError. The caller
 * releases *made, perhaps NULL. Reading it may run any code: tensors are looked at afterwards. */
bool py_operand_or_data(const char *function, const char *argument, PyObject *object, ag_arg *arg,
                        ag_tensor **made);

/* An integer that is no bool. */
bool py_integer_argument(const char *function, const char *argument, PyObject *object,
                         int64_t *value);
bool py_dim_argument(const char *function, const char *argument, PyObject *object, int *dim);

/* Integers into list[AG_MAX_DIMS], from the objects themselves or from the one tuple or list that
 * they consist of. -1 with an exception, else how many. */
int py_integers(const char *function, const char *argument, Py_ssize_t n, PyObject *const *objects,
                int64_t *list);

/* dim=None, an int or a tuple of them. *n is -1 for all. */
bool py_dims_argument(const char *function, PyObject *object, int *n, int64_t *list);

/* Size and tuple objects of shapes and strides. */
PyObject *py_size_new(int n, const int64_t *shape);
PyObject *py_integer_tuple(int n, const int64_t *list);

bool py_add_size_type(PyObject *module);

/* ---- arrays and nested data ----------------------------------------------------------------- */

bool py_is_array(PyObject *object);

/* Owned: the array itself, or an array of what speaks the buffer protocol or has __array__. NULL
 * without an exception for all else, numbers, strings, lists and tensors included. */
PyObject *py_array_like(PyObject *object);

/* A copy of nested sequences, arrays, numbers, of the dtype, or (PY_NO_DTYPE) of the one that all
 * of it has together. */
ag_tensor *py_tensor_from_data(PyObject *data, int dtype);

/* t as another dtype, which may be PY_NO_DTYPE: takes t, NULL too. NULL with an exception. */
ag_tensor *py_as_dtype(ag_tensor *t, int dtype);

/* Over the memory of a float64 array. If it cannot be shared: an exception, and NULL. */
void py_watch_arrays(void);  /* the library asks whether arrays that it shares are still known */
ag_tensor *py_tensor_over_array(PyObject *array);

/* As that if possible, otherwise a copy; real numbers of any type: floats become float64, integers
 * int64, bools bool. */
ag_tensor *py_tensor_of_array(PyObject *array);
ag_tensor *py_tensor_copy_array(PyObject *array);

/* An array over the tensor's memory, which it keeps alive; whoever writes it writes the tensor. Of
 * int64 and bool a copy. */
PyObject *py_array_of_tensor(ag_tensor *tensor);

/* Nested lists of numbers; a number for 0-d. */
PyObject *py_list_of(ag_tensor *tensor);

#endif
