/* SPDX-License-Identifier: MIT
 *
 * Tensors from data, sizes and numbers.
 */
#include "py_args.h"
#include "py_convert.h"
#include "py_dtype.h"
#include "py_errors.h"
#include "py_numpy.h"
#include "py_ops.h"
#include "py_tensor.h"
#include "py_type.h"

/* ---- from data ------------------------------------------------------------------------------ */

static PyObject *f_tensor(PyObject *module, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {"tensor", 4, 1, 1, {"data", "dtype", "requires_grad", "device"}};
    PyObject *v[4];
    bool requires_grad = false;
    int dtype = PY_NO_DTYPE;
    (void)module;
    if (!py_parse(&s, NULL, args, n, names, v) || !py_dtype_argument(v[1], &dtype) ||
        !py_device_argument(v[3]) ||
        !py_bool_argument("tensor", "requires_grad", v[2], &requires_grad))
        return NULL;
    if (py_is_tensor(v[0]) &&
        PyErr_WarnEx(PyExc_UserWarning,
                     "To copy construct from a tensor, it is recommended to use "
                     "sourceTensor.detach().clone() or "
                     "sourceTensor.detach().clone().requires_grad_(True), rather than "
                     "pyautograd.tensor(sourceTensor).", 1) < 0)
        return NULL;
    ag_tensor *t = py_tensor_from_data(v[0], dtype);
    return t != NULL ? py_tensor_made(py_tensor_type, t, requires_grad) : NULL;
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

/* Of data that is no tensor, sharing memory where that can be. */
static ag_tensor *tensor_over(PyObject *data, int dtype)
{
    PyObject *array = py_array_like(data);
    if (array == NULL)
        return PyErr_Occurred() ? NULL : py_tensor_from_data(data, dtype);
    ag_tensor *t = dtype == AG_FLOAT64 && PyArray_TYPE((PyArrayObject *)array) != NPY_DOUBLE
                       ? py_tensor_from_data(array, dtype)
                       : py_as_dtype(py_tensor_of_array(array), dtype);
    if (t != NULL && ag_is_read_only(t) && !warn_if_read_only(array)) {
        ag_release(t);
        t = NULL;
    }
    Py_DECREF(array);
    return t;
}

static PyObject *f_as_tensor(PyObject *module, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {"as_tensor", 3, 1, 2, {"data", "dtype", "device"}};
    PyObject *v[3];
    int dtype = PY_NO_DTYPE;
    (void)module;
    if (!py_parse(&s, NULL, args, n, names, v) || !py_dtype_argument(v[1], &dtype) ||
        !py_device_argument(v[2]))
        return NULL;
    if (py_is_tensor(v[0])) {
        ag_tensor *t = py_tensor_of(v[0]);
        return py_result_or_self(
            v[0], ag_cast(t, dtype != PY_NO_DTYPE ? (ag_dtype)dtype : ag_dtype_of(t)));
    }
    ag_tensor *t = tensor_over(v[0], dtype);
    return t != NULL ? py_tensor_new(t) : NULL;
}

static PyObject *f_scalar_tensor(PyObject *module, PyObject *const *args, Py_ssize_t n,
                                 PyObject *names)
{
    static const py_signature s = {"scalar_tensor", 4, 1, 1,
                                   {"s", "dtype", "requires_grad", "device"}};
    PyObject *v[4];
    bool requires_grad = false;
    int dtype = AG_FLOAT64;
    ag_arg number;
    (void)module;
    if (!py_parse(&s, NULL, args, n, names, v) || !py_dtype_argument(v[1], &dtype) ||
        !py_device_argument(v[3]) ||
        !py_bool_argument("scalar_tensor", "requires_grad", v[2], &requires_grad))
        return NULL;
    const int known = py_number_of(v[0], &number);
    if (known == 0)
        return py_wrong_type("scalar_tensor", "s", "Number", v[0]);
    return known > 0 ? py_tensor_made(py_tensor_type,
                                      ag_full_as(0, NULL, number, (ag_dtype)dtype), requires_grad)
                     : NULL;
}

static bool read_copy(PyObject *object, bool *always, bool *never)
{
    bool copy = false;
    if (py_absent(object))
        return true;
    if (!py_bool_argument("asarray", "copy", object, &copy))
        return false;
    *always = copy;
    *never = !copy;
    return true;
}

static PyObject *no_copy(void)
{
    PyErr_SetString(PyExc_ValueError,
                    "can't alias arbitrary sequence. Did you set copy=False? Only tensors of that "
                    "dtype and float64 arrays and buffers are taken without a copy.");
    return NULL;
}

/* Of a tensor: itself, or what its dtype and a copy make of it; what requires grad is a leaf. */
static ag_tensor *as_array(ag_tensor *t, int dtype, bool always, bool never)
{
    const ag_dtype to = dtype != PY_NO_DTYPE ? (ag_dtype)dtype : ag_dtype_of(t);
    if (always && to == ag_dtype_of(t))
        return ag_clone(t);
    if (never && to != ag_dtype_of(t)) {
        no_copy();
        return NULL;
    }
    return ag_cast(t, to);
}

static PyObject *array_of_tensor(PyObject *object, int dtype, bool always, bool never,
                                 bool requires_grad)
{
    ag_tensor *t = as_array(py_tensor_of(object), dtype, always, never);
    if (t == NULL)
        return py_raise();
    if (!requires_grad && ag_requires_grad(t)) {
        ag_release(t);
        t = ag_detach(py_tensor_of(object));
        if (t == NULL)
            return py_raise();
    }
    if (requires_grad && ag_set_requires_grad(t, true) != AG_OK) {
        ag_release(t);
        return py_raise();
    }
    return py_tensor_wrap(t);
}

/* Whether t lies over memory of the object's own. */
static bool shares(PyObject *object, ag_tensor *t)
{
    Py_buffer view;
    if (ag_dtype_of(t) != AG_FLOAT64 || PyObject_GetBuffer(object, &view, PyBUF_STRIDES) < 0) {
        PyErr_Clear();
        return false;
    }
    const bool same = view.buf == (void *)ag_data(t);
    PyBuffer_Release(&view);
    return same;
}

static PyObject *f_asarray(PyObject *module, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {"asarray", 5, 1, 1,
                                   {"obj", "dtype", "device", "copy", "requires_grad"}};
    PyObject *v[5];
    int dtype = PY_NO_DTYPE;
    bool requires_grad = false, always = false, never = false;
    (void)module;
    if (!py_parse(&s, NULL, args, n, names, v) || !py_dtype_argument(v[1], &dtype) ||
        !py_device_argument(v[2]) || !read_copy(v[3], &always, &never) ||
        !py_bool_argument("asarray", "requires_grad", v[4], &requires_grad))
        return NULL;
    if (py_is_tensor(v[0]))
        return array_of_tensor(v[0], dtype, always, never, requires_grad);
    ag_tensor *t = always ? py_tensor_from_data(v[0], dtype) : tensor_over(v[0], dtype);
    if (t != NULL && never && !shares(v[0], t)) {
        ag_release(t);
        return no_copy();
    }
    return t != NULL ? py_tensor_made(py_tensor_type, t, requires_grad) : NULL;
}

/* Tensor(), Tensor(2, 3), Tensor(data), Tensor(tensor) and the same of subclasses. */
PyObject *py_tensor_construct(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    int64_t shape[AG_MAX_DIMS] = {0};
    PyObject *const *items = &PyTuple_GET_ITEM(args, 0);
    Py_ssize_t n = PyTuple_GET_SIZE(args);
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
        ag_tensor *t = py_tensor_from_data(items[0], AG_FLOAT64);
        return t != NULL ? py_tensor_new_as(type, t) : NULL;
    }
    if (n == 1 && PyArray_Check(items[0])) {
        ag_tensor *t = py_tensor_from_data(items[0], AG_FLOAT64);
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
    "    TypeError: something in it is no number, or dtype is none.\n" \
    "    OverflowError: an integer is beyond 2 ** 53.\n" \
    "    RuntimeError: an object in it is of no known type.\n"

PyMethodDef py_create_functions[] = {
    {"tensor", PY_METHOD(f_tensor), PY_KEYWORDS,
     "tensor(data, *, dtype=None, requires_grad=False, device=None)\n--\n\n"
     "A tensor with a copy of data: a number, an array, nested sequences of these and tensors.\n\n"
     "Without a dtype it has that of the data: bool of nothing but bools, int64 of bools and\n"
     "integers, else float64.\n\n"
     DATA_RAISES_DOC
     "    RuntimeError: requires_grad is asked for and data has no floating-point number.\n\n"
     EXAMPLE_DOC
     "    >>> ag.tensor([[1, 2], [3, 4.5]])\n"
     "    tensor([[1.0000, 2.0000],\n"
     "            [3.0000, 4.5000]])\n"},
    {"as_tensor", PY_METHOD(f_as_tensor), PY_KEYWORDS,
     "as_tensor(data, dtype=None, device=None)\n--\n\n"
     "A tensor of data, sharing the memory of a float64 array or buffer; a Tensor as it is, but\n"
     "for its dtype.\n\n"
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
     "A tensor over the memory of a float64 array: writing one is writing the other. Of an int64\n"
     "or bool array a copy.\n\n"
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
    {"asarray", PY_METHOD(f_asarray), PY_KEYWORDS,
     "asarray(obj, *, dtype=None, device=None, copy=None, requires_grad=False)\n--\n\n"
     "A tensor of data, without history. Memory of float64 arrays and of tensors is shared,\n"
     "unless copy is True or another dtype is asked for; where copy is False, it must be.\n\n"
     DATA_RAISES_DOC
     "    ValueError: copy is False, and the memory cannot be shared.\n\n"
     EXAMPLE_DOC
     "    >>> ag.asarray([1, 2], dtype=ag.float64)\n"
     "    tensor([1., 2.])\n"},
    {"scalar_tensor", PY_METHOD(f_scalar_tensor), PY_KEYWORDS,
     "scalar_tensor(s, *, dtype=None, requires_grad=False, device=None)\n--\n\n"
     "A number as a tensor without dimensions, float64 where no dtype is given.\n\n"
     "Raises:\n"
     "    TypeError: s is no number.\n\n"
     EXAMPLE_DOC
     "    >>> ag.scalar_tensor(3)\n"
     "    tensor(3.)\n"},
    {NULL, NULL, 0, NULL},
};
