/* SPDX-License-Identifier: MIT
 *
 * Numbers, integers and shapes. Arrays, nested data and operands are py_array.c's.
 */
#include "py_convert.h"

#include "py_args.h"
#include "py_errors.h"
#include "py_numpy.h"
#include "py_tensor.h"

#include <string.h>

/* ---- numbers -------------------------------------------------------------------------------- */

static bool is_real_numpy_scalar(PyObject *object)
{
    return PyArray_IsScalar(object, Integer) || PyArray_IsScalar(object, Floating) ||
           PyArray_IsScalar(object, Bool);
}

int py_number_slow(PyObject *object, double *value)
{
    if (PyFloat_Check(object)) {  /* np.float64 is one */
        *value = PyFloat_AS_DOUBLE(object);
        return 1;
    }
    if (PyLong_Check(object)) {
        *value = PyLong_AsDouble(object);
        return *value == -1.0 && PyErr_Occurred() ? -1 : 1;
    }
    if (!is_real_numpy_scalar(object))
        return 0;
    PyObject *number = PyNumber_Float(object);
    if (number == NULL)
        return -1;
    *value = PyFloat_AS_DOUBLE(number);
    Py_DECREF(number);
    return 1;
}

bool py_single_value(ag_tensor *tensor, double *value)
{
    if (ag_numel(tensor) != 1) {
        PyErr_SetString(PyExc_ValueError,
                        "only one element tensors can be converted to Python scalars");
        return false;
    }
    if (ag_item(tensor, value) == AG_OK)
        return true;
    py_raise();
    return false;
}

bool py_warn_of_lost_gradient(const ag_tensor *tensor)
{
    static _Atomic bool warned;
    if (PY_LIKELY(!ag_requires_grad(tensor)) || !ag_grad_enabled() || warned)
        return true;
    warned = true;
    return PyErr_WarnEx(PyExc_UserWarning,
                        "Converting a tensor with requires_grad=True to a scalar may lead to "
                        "unexpected behavior.\nConsider using tensor.detach() first.", 1) == 0;
}

bool py_number_argument(const char *function, const char *argument, PyObject *object,
                        double *value)
{
    ag_tensor *t = py_is_tensor(object) ? py_tensor_of(object) : NULL;
    if (t != NULL && ag_ndim(t) == 0 && !ag_requires_grad(t))
        return py_single_value(t, value);
    int is_number = py_number(object, value);
    if (is_number == 0)
        py_wrong_type(function, argument, "Number", object);
    return is_number > 0;
}

/* ---- integers ------------------------------------------------------------------------------- */

/* 1, 0 for what is no integer, -1 for one that does not fit. */
static int to_integer(PyObject *object, int64_t *value)
{
    if (py_is_tensor(object) && (ag_numel(py_tensor_of(object)) != 1 ||
                                 ag_dtype_of(py_tensor_of(object)) != AG_INT64))
        return 0;
    if (PyBool_Check(object) || PyArray_Check(object) || PyArray_IsScalar(object, Bool) ||
        !PyIndex_Check(object))
        return 0;
    PyObject *index = PyNumber_Index(object);
    if (index == NULL)
        return -1;
    *value = PyLong_AsLongLong(index);
    Py_DECREF(index);
    return *value == -1 && PyErr_Occurred() ? -1 : 1;
}

bool py_integer_argument(const char *function, const char *argument, PyObject *object,
                         int64_t *value)
{
    int is_integer = to_integer(object, value);
    if (is_integer == 0)
        py_wrong_type(function, argument, "int", object);
    return is_integer > 0;
}

bool py_dim_argument(const char *function, const char *argument, PyObject *object, int *dim)
{
    int64_t value;
    if (!py_integer_argument(function, argument, object, &value))
        return false;
    /* Any dimension this far out is as wrong as any other: the message will say so. */
    *dim = value > 1000000 ? 1000000 : value < -1000000 ? -1000000 : (int)value;
    return true;
}

int py_integers(const char *function, const char *argument, Py_ssize_t n, PyObject *const *objects,
                int64_t *list)
{
    PyObject *sequence = n == 1 && (PyTuple_Check(objects[0]) || PyList_Check(objects[0]))
                             ? objects[0] : NULL;
    if (sequence != NULL)
        n = PySequence_Fast_GET_SIZE(sequence);
    if (n > AG_MAX_DIMS) {
        PyErr_Format(PyExc_RuntimeError, "%s(): at most %d dimensions are supported, got %zd",
                     function, AG_MAX_DIMS, n);
        return -1;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *item = sequence != NULL ? PySequence_Fast_GET_ITEM(sequence, i) : objects[i];
        Py_INCREF(item);  /* its __index__ may take it out of a list */
        int is_integer = to_integer(item, &list[i]);
        if (is_integer == 0)
            py_wrong_type(function, argument, "tuple of ints", item);
        Py_DECREF(item);
        if (is_integer <= 0)
            return -1;
        /* __index__ of an item may have changed a list. */
        if (sequence != NULL && PySequence_Fast_GET_SIZE(sequence) < n) {
            PyErr_Format(PyExc_RuntimeError, "%s(): '%s' changed while it was read", function,
                         argument);
            return -1;
        }
    }
    return (int)n;
}

/* Whether an empty list of dimensions names none, as in PyTorch, and not all of them. */
static bool is_none_of_dims(const char *function)
{
    static const char *const names[] = {"any", "all", "squeeze", "squeeze_", "gradient"};
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
        if (strcmp(function, names[k]) == 0)
            return true;
    return false;
}

bool py_dims_argument(const char *function, PyObject *object, int *n, int64_t *list)
{
    *n = -1;
    if (py_absent(object))
        return true;
    *n = py_integers(function, "dim", 1, &object, list);
    if (*n < 0)
        return false;
    if (*n == 0 && !is_none_of_dims(function))
        *n = -1;
    return true;
}

PyObject *py_integer_tuple(int n, const int64_t *list)
{
    int64_t values[AG_MAX_DIMS];  /* making a tuple may run code that changes a tensor's list */
    memcpy(values, list, (size_t)n * sizeof *list);
    PyObject *tuple = PyTuple_New(n);
    if (tuple == NULL)
        return NULL;
    for (int i = 0; i < n; i++) {
        PyObject *item = PyLong_FromLongLong(values[i]);
        if (item == NULL) {
            Py_DECREF(tuple);
            return NULL;
        }
        PyTuple_SET_ITEM(tuple, i, item);
    }
    return tuple;
}
