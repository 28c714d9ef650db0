/* SPDX-License-Identifier: MIT
 *
 * Tensors from data, sizes and numbers.
 */
#include "py_args.h"
#include "py_convert.h"
#include "py_errors.h"
#include "py_numpy.h"
#include "py_ops.h"
#include "py_tensor.h"
#include "py_type.h"

/* ---- from data ------------------------------------------------------------------------------ */

static PyObject *f_tensor(PyObject *module, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {"tensor", 3, 1, 1, {"data", "dtype", "requires_grad"}};
    PyObject *v[3];
    bool requires_grad = false;
    bool floating = true;
    (void)module;
    if (!py_parse(&s, NULL, args, n, names, v) || !py_dtype_argument(v[1]) ||
        !py_bool_argument("tensor", "requires_grad", v[2], &requires_grad))
        return NULL;
    if (py_is_tensor(v[0]) &&
        PyErr_WarnEx(PyExc_UserWarning,
                     "To copy construct from a tensor, it is recommended to use "
                     "sourceTensor.detach().clone() or "
                     "sourceTensor.detach().clone().requires_grad_(True), rather than "
                     "pyautograd.tensor(sourceTensor).", 1) < 0)
        return NULL;
    ag_tensor *t = py_tensor_from_data(v[0], &floating);
    if (t == NULL)
        return NULL;
    if (requires_grad && !floating && py_absent(v[1])) {
        ag_release(t);
        PyErr_SetString(PyExc_RuntimeError,
                        "Only Tensors of floating point and complex dtype can require gradients");
        return NULL;
    }
    return py_tensor_made(py_tensor_type, t, requires_grad);
}

static bool warn_if_read_only(PyObject *array)
{
    return PyArray_ISWRITEABLE((PyArrayObject *)array) ||
           PyErr_WarnEx(PyExc_UserWarning,
                        "The given NumPy array is not writable: operations that would write to "
                        "this tensor will be refused. You may want to copy the array, or make it "
                        "writable before converting it to a tensor.", 1) == 0;
}

static PyObject *f_from_numpy(PyObject *module, PyObject *array)
{
    (void)module;
    if (!PyArray_Check(array)) {
        PyErr_Format(PyExc_TypeError, "expected np.ndarray (got %s)", Py_TYPE(array)->tp_name);
        return NULL;
    }
    ag_tensor *t = py_tensor_over_array(array);
    if (t != NULL && !warn_if_read_only(array)) {
        ag_release(t);
        return NULL;
    }
    return t != NULL ? py_tensor_new(t) : NULL;
}

static PyObject *f_as_tensor(PyObject *module, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {"as_tensor", 2, 1, 2, {"data", "dtype"}};
    PyObject *v[2];
    bool floating;
    (void)module;
    if (!py_parse(&s, NULL, args, n, names, v) || !py_dtype_argument(v[1]))
        return NULL;
    if (py_is_tensor(v[0]))
        return Py_NewRef(v[0]);
    PyObject *array = py_array_like(v[0]);
    if (array == NULL && PyErr_Occurred())
        return NULL;
    ag_tensor *t = array != NULL ? py_tensor_of_array(array) : py_tensor_from_data(v[0], &floating);
    if (t != NULL && ag_is_read_only(t) && !warn_if_read_only(array)) {
        ag_release(t);
        t = NULL;
    }
    Py_XDECREF(array);
    return t != NULL ? py_tensor_new(t) : NULL;
}

/* Tensor(), Tensor(2, 3), Tensor(data), Tensor(tensor) and the same of subclasses. */
PyObject *py_tensor_construct(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    int64_t shape[AG_MAX_DIMS] = {0};
    PyObject *const *items = &PyTuple_GET_ITEM(args, 0);
    Py_ssize_t n = PyTuple_GET_SIZE(args);
    bool floating;
    if (keywords != NULL && PyDict_GET_SIZE(keywords) > 0) {
        PyErr_Format(PyExc_TypeError, "%s() takes no keyword arguments", type->tp_name);
        return NULL;
    }
    if (n == 0)
        return py_tensor_new_as(type, ag_empty(1, shape));
    if (n == 1 && py_is_tensor(items[0]))
        return py_tensor_new_as(type, ag_detach(py_tensor_of(items[0])));
    if (n == 1 && (PyFloat_Check(items[0]) || PyUnicode_Check(items[0]))) {
        PyErr_Format(PyExc_TypeError, "new(): data must be a sequence (got %s)",
                     Py_TYPE(items[0])->tp_name);
        return NULL;
    }
    if (n == 1 && !PyIndex_Check(items[0])) {
        ag_tensor *t = py_tensor_from_data(items[0], &floating);
        return t != NULL ? py_tensor_new_as(type, t) : NULL;
    }
    if (n == 1 && PyArray_Check(items[0])) {
        ag_tensor *t = py_tensor_copy_array(items[0]);
        return t != NULL ? py_tensor_new_as(type, t) : NULL;
    }
    int ndim = py_integers("Tensor", "sizes", n, items, shape);
    for (int i = 0; i < ndim; i++) {
        if (shape[i] < 0) {  /* ag_empty would name itself */
            PyErr_SetString(PyExc_RuntimeError, "Tensor: Dimension size must be non-negative.");
            return NULL;
        }
    }
    return ndim >= 0 ? py_tensor_new_as(type, ag_empty(ndim, shape)) : NULL;
}

/* ---- table ---------------------------------------------------------------------------------- */

#define EXAMPLE_DOC "Example:\n    >>> import pyautograd as ag\n"
#define DATA_RAISES_DOC \
    "Raises:\n" \
    "    ValueError: the nesting is ragged, or has more than 32 levels.\n" \
    "    TypeError: something in it is no number, or dtype is not float64.\n" \
    "    RuntimeError: an object in it is of no known type.\n"

PyMethodDef py_create_functions[] = {
    {"tensor", PY_METHOD(f_tensor), PY_KEYWORDS,
     "tensor(data, *, dtype=None, requires_grad=False)\n--\n\n"
     "A tensor with a copy of data: a number, an array, nested sequences of these and tensors.\n\n"
     DATA_RAISES_DOC
     "    RuntimeError: requires_grad is asked for and data has no floating-point number.\n\n"
     EXAMPLE_DOC
     "    >>> ag.tensor([[1, 2], [3, 4.5]])\n"
     "    tensor([[1.0000, 2.0000],\n"
     "            [3.0000, 4.5000]])\n"},
    {"as_tensor", PY_METHOD(f_as_tensor), PY_KEYWORDS,
     "as_tensor(data, dtype=None)\n--\n\n"
     "A tensor of data, sharing the memory of a float64 array or buffer; a Tensor as it is.\n\n"
     DATA_RAISES_DOC "\n"
     EXAMPLE_DOC
     "    >>> import numpy as np\n"
     "    >>> a = np.zeros(2)\n"
     "    >>> x = ag.as_tensor(a)\n"
     "    >>> a[0] = 5.0\n"
     "    >>> x\n"
     "    tensor([5., 0.])\n"},
    {"from_numpy", f_from_numpy, METH_O,
     "from_numpy(ndarray, /)\n--\n\n"
     "A tensor over the memory of a float64 array: writing one is writing the other.\n\n"
     "Raises:\n"
     "    TypeError: the argument is no array, or one of another type.\n"
     "    ValueError: its strides are negative or no whole elements, or its bytes are swapped.\n\n"
     EXAMPLE_DOC
     "    >>> import numpy as np\n"
     "    >>> a = np.zeros(2)\n"
     "    >>> ag.from_numpy(a).fill_(3.0)\n"
     "    tensor([3., 3.])\n"
     "    >>> a.tolist()\n"
     "    [3.0, 3.0]\n"},
    {NULL, NULL, 0, NULL},
};
