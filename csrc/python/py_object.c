/* SPDX-License-Identifier: MIT
 *
 * Tensor as a Python object: questions about its shape, its values as Python numbers and NumPy
 * arrays, and copies. Pickles are py_pickle.c's.
 */
#include "py_args.h"
#include "py_convert.h"
#include "py_dtype.h"
#include "py_errors.h"
#include "py_numpy.h"
#include "py_ops.h"
#include "py_sparse.h"
#include "py_tensor.h"
#include "py_type.h"

/* ---- shape ---------------------------------------------------------------------------------- */

/* list[dim] for a dim in range, counted from either end; the whole list without a dim. The list is
 * looked at last, since the dim's __index__ may give the tensor another shape. */
static PyObject *entry_or_all(const char *function, PyObject *self, PyObject *const *args,
                              Py_ssize_t n, PyObject *names,
                              const int64_t *(*list_of)(const ag_tensor *t),
                              PyObject *(*all)(int n, const int64_t *list))
{
    const py_signature s = {function, 2, 1, 2, {"self", "dim|axis"}};
    PyObject *v[2];
    int dim = 0;
    if (!py_parse(&s, self, args, n, names, v) ||
        (!py_absent(v[1]) && !py_dim_argument(function, "dim", v[1], &dim)))
        return NULL;
    const int64_t *list = list_of(py_tensor_of(self));
    int ndim = ag_ndim(py_tensor_of(self));
    if (py_absent(v[1]))
        return all(ndim, list);
    if (ndim == 0) {
        PyErr_Format(PyExc_IndexError, "Dimension specified as %d but tensor has no dimensions",
                     dim);
        return NULL;
    }
    if (dim < -ndim || dim >= ndim) {
        PyErr_Format(PyExc_IndexError,
                     "Dimension out of range (expected to be in range of [%d, %d], but got %d)",
                     -ndim, ndim - 1, dim);
        return NULL;
    }
    return PyLong_FromLongLong(list[dim < 0 ? dim + ndim : dim]);
}

static PyObject *m_size(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    return entry_or_all("size", self, args, n, names, ag_shape, py_size_new);
}

static PyObject *m_stride(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    return entry_or_all("stride", self, args, n, names, ag_strides, py_integer_tuple);
}

static PyObject *m_storage_offset(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyLong_FromLongLong(ag_storage_offset(py_tensor_of(self)));
}

static PyObject *m_dim(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyLong_FromLong(ag_ndim(py_tensor_of(self)));
}

static PyObject *m_numel(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyLong_FromLongLong(ag_numel(py_tensor_of(self)));
}

static PyObject *m_element_size(PyObject *self, PyObject *unused)
{
    (void)self;
    (void)unused;
    return PyLong_FromLong(sizeof(double));
}

static PyObject *m_is_contiguous(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyBool_FromLong(ag_is_contiguous(py_tensor_of(self)));
}

static PyObject *m_is_view(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyBool_FromLong(ag_is_view(py_tensor_of(self)));
}

static PyObject *m_data_ptr(PyObject *self, PyObject *unused)
{
    (void)unused;
    ag_tensor *t = py_tensor_of(self);
    if (ag_numel(t) == 0)
        return PyLong_FromLong(0);
    double *data = ag_data(t);
    return data != NULL ? PyLong_FromVoidPtr(data) : py_raise();
}

/* ---- values --------------------------------------------------------------------------------- */

static PyObject *m_item(PyObject *self, PyObject *unused)
{
    (void)unused;
    ag_tensor *t = py_tensor_of(self);
    if (ag_numel(t) != 1) {
        PyErr_Format(PyExc_RuntimeError,
                     "a Tensor with %lld elements cannot be converted to Scalar",
                     (long long)ag_numel(t));
        return NULL;
    }
    double value;
    return ag_item(t, &value) == AG_OK ? py_scalar_of(value, ag_dtype_of(t)) : py_raise();
}

static PyObject *m_tolist(PyObject *self, PyObject *unused)
{
    (void)unused;
    return py_list_of(py_tensor_of(self));
}

static PyObject *array_of(PyObject *self, bool force)
{
    ag_tensor *t = py_tensor_of(self);
    if (!force && ag_requires_grad(t) && ag_grad_enabled()) {
        PyErr_SetString(PyExc_RuntimeError,
                        "Can't call numpy() on Tensor that requires grad. Use "
                        "tensor.detach().numpy() instead.");
        return NULL;
    }
    return py_array_of_tensor(t);
}

static PyObject *m_numpy(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {"numpy", 2, 1, 1, {"self", "force"}};
    PyObject *v[2];
    bool force = false;
    if (!py_parse(&s, self, args, n, names, v) || !py_bool_argument("numpy", "force", v[1], &force))
        return NULL;
    return array_of(self, force);
}

/* The array as another dtype, and a copy if one is wanted, which it may be already (of int64 and
 * bool); takes `array`. */
static PyObject *converted(PyObject *array, PyArray_Descr *dtype, PyObject *copy)
{
    const int type = PyArray_TYPE((PyArrayObject *)array);
    const bool other = dtype != NULL && dtype->type_num != type, is_copy = type != NPY_DOUBLE;
    PyObject *result;
    if ((other || is_copy) && copy == Py_False) {
        PyErr_SetString(PyExc_ValueError,
                        "Unable to avoid copy while creating an array as requested.");
        result = NULL;
    } else if (other) {
        Py_INCREF(dtype);
        result = PyArray_CastToType((PyArrayObject *)array, dtype, 0);
    } else if (copy == Py_True && !is_copy) {
        result = PyArray_NewCopy((PyArrayObject *)array, NPY_KEEPORDER);
    } else {
        return array;
    }
    Py_DECREF(array);
    return result;
}

static PyObject *m_array(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {"__array__", 3, 1, 2, {"self", "dtype", "copy"}};
    PyObject *v[3];
    PyArray_Descr *dtype = NULL;
    if (py_is_asked_by_sparse())
        return py_as_object_array(self);
    if (!py_parse(&s, self, args, n, names, v) ||
        (v[1] != NULL && !PyArray_DescrConverter2(v[1], &dtype)))
        return NULL;
    PyObject *array = array_of(self, false);
    if (array != NULL)
        array = converted(array, dtype, v[2]);
    Py_XDECREF(dtype);
    return array;
}

/* What a NumPy function made of a tensor: a tensor again if there is a dtype for it. */
static PyObject *m_array_wrap(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {"__array_wrap__", 4, 2, 4,
                                   {"self", "array", "context", "return_scalar"}};
    PyObject *v[4];
    if (!py_parse(&s, self, args, n, names, v))
        return NULL;
    if (!PyArray_Check(v[1]))
        return py_wrong_type("__array_wrap__", "array", "numpy.ndarray", v[1]);
    const int type = PyArray_TYPE((PyArrayObject *)v[1]);
    if (type == NPY_DOUBLE || type == NPY_INT64 || type == NPY_BOOL)
        return py_result(self, py_tensor_of_array(v[1]));
    Py_INCREF(v[1]);
    return v[3] == Py_True ? PyArray_Return((PyArrayObject *)v[1]) : v[1];
}

/* ---- subclasses and copies ------------------------------------------------------------------ */

/* All of t in a tensor of its own over the same memory, attached to the tape if t is. */
static ag_tensor *alias_of(ag_tensor *t)
{
    return ag_requires_grad(t) ? ag_view(t, ag_ndim(t), ag_shape(t)) : ag_detach(t);
}

static PyObject *m_as_subclass(PyObject *self, PyObject *cls)
{
    if (!PyType_Check(cls) || !PyType_IsSubtype((PyTypeObject *)cls, py_tensor_type)) {
        PyErr_Format(PyExc_TypeError, "as_subclass(): argument 'cls' must be a subclass of Tensor, "
                     "not %R", cls);
        return NULL;
    }
    return py_tensor_new_as((PyTypeObject *)cls, alias_of(py_tensor_of(self)));
}

PyObject *py_instance_dict(PyObject *self)
{
    if (py_is_exact_tensor(self))
        return NULL;
    PyObject *dict = PyObject_GetAttrString(self, "__dict__");
    if (dict == NULL) {
        if (PyErr_ExceptionMatches(PyExc_AttributeError))
            PyErr_Clear();
    } else if (!PyDict_Check(dict) || PyDict_GET_SIZE(dict) == 0) {
        Py_DECREF(dict);
        dict = NULL;
    }
    return dict;
}

static bool take_dict(PyObject *copy, PyObject *entries)
{
    PyObject *dict = PyObject_GetAttrString(copy, "__dict__");
    bool done = dict != NULL && PyDict_Update(dict, entries) == 0;
    Py_XDECREF(dict);
    return done;
}

/* A leaf of self's class over `fresh` (taken), that requires grad if self does. */
static PyObject *leaf_like(PyObject *self, ag_tensor *fresh)
{
    if (fresh != NULL && ag_requires_grad(py_tensor_of(self)) &&
        ag_set_requires_grad(fresh, true) != AG_OK) {
        ag_release(fresh);
        fresh = NULL;
    }
    return py_result(self, fresh);
}

static PyObject *m_copy(PyObject *self, PyObject *unused)
{
    (void)unused;
    PyObject *copy = leaf_like(self, ag_detach(py_tensor_of(self)));
    PyObject *dict = copy != NULL ? py_instance_dict(self) : NULL;
    if (dict != NULL ? !take_dict(copy, dict) : PyErr_Occurred() != NULL)
        Py_CLEAR(copy);
    Py_XDECREF(dict);
    return copy;
}

static bool is_pair_of_tensors(PyObject *object)
{
    return PyTuple_Check(object) && PyTuple_GET_SIZE(object) == 2 &&
           py_is_tensor(PyTuple_GET_ITEM(object, 0)) && py_is_tensor(PyTuple_GET_ITEM(object, 1));
}

/* (copy, original): whole storages as 1-d tensors, the first a copy of the second, which is kept so
 * that its address stays its own. Remembered in memo, so that what shares memory before a deep copy
 * shares memory after it. Owned. */
static PyObject *copied_storage(ag_tensor *t, PyObject *memo)
{
    PyObject *pair = NULL, *original = py_tensor_new(ag_storage_of(t));
    double *data = original != NULL ? ag_data(py_tensor_of(original)) : NULL;
    PyObject *key = data != NULL ? Py_BuildValue("sN", "storage", PyLong_FromVoidPtr(data)) : NULL;
    if (key != NULL)
        pair = Py_XNewRef(PyDict_GetItemWithError(memo, key));
    else if (original != NULL)
        py_raise();
    if (pair != NULL && !is_pair_of_tensors(pair)) {
        py_wrong_type("__deepcopy__", "memo", "dict that deepcopy made", pair);
        Py_CLEAR(pair);
    } else if (key != NULL && pair == NULL && !PyErr_Occurred()) {
        PyObject *copy = py_tensor_new(ag_clone(py_tensor_of(original)));
        pair = copy != NULL ? PyTuple_Pack(2, copy, original) : NULL;
        if (pair != NULL && PyDict_SetItem(memo, key, pair) < 0)
            Py_CLEAR(pair);
        Py_XDECREF(copy);
    }
    Py_XDECREF(key);
    Py_XDECREF(original);
    return pair;
}

/* A copy of t in a copy of its storage, in the same places; NULL with an exception. */
static ag_tensor *copy_in_storage(ag_tensor *t, PyObject *memo)
{
    const double *data = ag_data(t);
    PyObject *pair = data != NULL ? copied_storage(t, memo) : py_raise();
    if (pair == NULL)
        return NULL;
    const double *start = ag_data(py_tensor_of(PyTuple_GET_ITEM(pair, 1)));
    ag_tensor *view = NULL, *plain = NULL;
    if (start != NULL)
        view = ag_as_strided(py_tensor_of(PyTuple_GET_ITEM(pair, 0)), ag_ndim(t), ag_shape(t),
                             ag_strides(t), data - start);
    plain = ag_detach(view);
    if (plain == NULL)
        py_raise();
    ag_release(view);
    Py_DECREF(pair);
    return plain;
}

/* The same of what t is now: other code and other threads run meanwhile. */
static ag_tensor *copy_values(ag_tensor *t, PyObject *memo)
{
    if (ag_numel(t) == 0)
        return ag_empty_like(t);
    ag_tensor *now = ag_detach(t);
    if (now == NULL) {
        py_raise();
        return NULL;
    }
    ag_tensor *copy = copy_in_storage(now, memo);
    ag_release(now);
    return copy;
}

static PyObject *deep_copy_of(PyObject *object, PyObject *memo)
{
    PyObject *module = PyImport_ImportModule("copy");
    if (module == NULL)
        return NULL;
    PyObject *copy = PyObject_CallMethod(module, "deepcopy", "OO", object, memo);
    Py_DECREF(module);
    return copy;
}

/* The gradient and the dict of `self`, copied deeply into `copy`. */
static bool copy_belongings(PyObject *self, PyObject *copy, PyObject *memo)
{
    PyObject *grad = py_grad_object(self);
    if (grad == NULL && PyErr_Occurred())
        return false;
    if (grad != NULL) {
        PyObject *twin = deep_copy_of(grad, memo);
        bool set = twin != NULL && PyObject_SetAttrString(copy, "grad", twin) == 0;
        Py_DECREF(grad);
        Py_XDECREF(twin);
        if (!set)
            return false;
    }
    PyObject *dict = py_instance_dict(self);
    if (dict == NULL)
        return PyErr_Occurred() == NULL;
    PyObject *entries = deep_copy_of(dict, memo);
    bool done = entries != NULL && take_dict(copy, entries);
    Py_DECREF(dict);
    Py_XDECREF(entries);
    return done;
}

static PyObject *m_deepcopy(PyObject *self, PyObject *memo)
{
    if (!ag_is_leaf(py_tensor_of(self))) {
        PyErr_SetString(PyExc_RuntimeError,
                        "Only Tensors created explicitly by the user (graph leaves) support the "
                        "deepcopy protocol at the moment. Copy tensor.detach() instead.");
        return NULL;
    }
    if (!PyDict_Check(memo))
        return py_wrong_type("__deepcopy__", "memo", "dict", memo);
    PyObject *key = PyLong_FromVoidPtr(self);
    if (key == NULL)
        return NULL;
    PyObject *copy = PyDict_GetItemWithError(memo, key);
    if (copy != NULL) {
        Py_INCREF(copy);
    } else if (!PyErr_Occurred()) {
        copy = leaf_like(self, copy_values(py_tensor_of(self), memo));
        if (copy != NULL && (PyDict_SetItem(memo, key, copy) < 0 ||
                             !copy_belongings(self, copy, memo)))
            Py_CLEAR(copy);
    }
    Py_DECREF(key);
    return copy;
}

static PyObject *f_numel(PyObject *module, PyObject *input)
{
    (void)module;
    return py_is_tensor(input) ? m_numel(input, NULL)
                               : py_wrong_type("numel", "input", "Tensor", input);
}

static PyObject *f_is_tensor(PyObject *module, PyObject *object)
{
    (void)module;
    return PyBool_FromLong(py_is_tensor(object));
}

/* ---- tables --------------------------------------------------------------------------------- */

#define EXAMPLE_DOC "Example:\n    >>> import pyautograd as ag\n"

PyMethodDef py_object_methods[] = {
    {"size", PY_METHOD(m_size), PY_KEYWORDS,
     "size($self, dim=None)\n--\n\n"
     "The shape, or one size of it.\n\n"
     "Raises:\n    IndexError: dim is out of range.\n\n"
     EXAMPLE_DOC
     "    >>> ag.zeros(2, 3).size(), ag.zeros(2, 3).size(-1)\n"
     "    (pyautograd.Size([2, 3]), 3)\n"},
    {"stride", PY_METHOD(m_stride), PY_KEYWORDS,
     "stride($self, dim=None)\n--\n\n"
     "How many elements apart neighbours lie in memory, for each dimension or for one.\n\n"
     "Raises:\n    IndexError: dim is out of range.\n\n"
     EXAMPLE_DOC
     "    >>> ag.zeros(2, 3).stride()\n"
     "    (3, 1)\n"},
    {"storage_offset", m_storage_offset, METH_NOARGS,
     "storage_offset($self, /)\n--\n\n"
     "How many elements of its memory lie before the first one of the tensor.\n\n"
     EXAMPLE_DOC
     "    >>> ag.zeros(2, 3)[1].storage_offset()\n"
     "    3\n"},
    {"dim", m_dim, METH_NOARGS,
     "dim($self, /)\n--\n\nThe number of dimensions.\n\n"
     EXAMPLE_DOC
     "    >>> ag.zeros(2, 3).dim()\n"
     "    2\n"},
    {"ndimension", m_dim, METH_NOARGS,
     "ndimension($self, /)\n--\n\nThe number of dimensions.\n\n"
     EXAMPLE_DOC
     "    >>> ag.zeros(2, 3).ndimension()\n"
     "    2\n"},
    {"numel", m_numel, METH_NOARGS,
     "numel($self, /)\n--\n\nThe number of elements.\n\n"
     EXAMPLE_DOC
     "    >>> ag.zeros(2, 3).numel()\n"
     "    6\n"},
    {"nelement", m_numel, METH_NOARGS,
     "nelement($self, /)\n--\n\nThe number of elements.\n\n"
     EXAMPLE_DOC
     "    >>> ag.zeros(2, 3).nelement()\n"
     "    6\n"},
    {"element_size", m_element_size, METH_NOARGS,
     "element_size($self, /)\n--\n\nBytes of one element: 8.\n\n"
     EXAMPLE_DOC
     "    >>> ag.zeros(2).element_size()\n"
     "    8\n"},
    {"is_contiguous", m_is_contiguous, METH_NOARGS,
     "is_contiguous($self, /)\n--\n\nWhether the elements lie in row-major order, without gaps.\n\n"
     EXAMPLE_DOC
     "    >>> ag.zeros(2, 3).t().is_contiguous()\n"
     "    False\n"},
    {"_is_view", m_is_view, METH_NOARGS,
     "_is_view($self, /)\n--\n\nWhether this is a view of another tensor that autograd follows."},
    {"data_ptr", m_data_ptr, METH_NOARGS,
     "data_ptr($self, /)\n--\n\nThe address of the first element; 0 if there is none.\n\n"
     EXAMPLE_DOC
     "    >>> x = ag.zeros(3)\n"
     "    >>> x.data_ptr() == x.view(3, 1).data_ptr()\n"
     "    True\n"},
    {"item", m_item, METH_NOARGS,
     "item($self, /)\n--\n\nThe only element, as a Python float, int or bool.\n\n"
     "Raises:\n    RuntimeError: there are more elements, or none.\n\n"
     EXAMPLE_DOC
     "    >>> ag.tensor([2.5]).item()\n"
     "    2.5\n"},
    {"tolist", m_tolist, METH_NOARGS,
     "tolist($self, /)\n--\n\nThe elements as nested lists of numbers; a number for 0-d.\n\n"
     EXAMPLE_DOC
     "    >>> ag.tensor([[1, 2], [3, 4]]).tolist()\n"
     "    [[1, 2], [3, 4]]\n"},
    {"numpy", PY_METHOD(m_numpy), PY_KEYWORDS,
     "numpy($self, *, force=False)\n--\n\n"
     "A NumPy array over the same memory: writing one is writing the other. Of an int64 or bool\n"
     "tensor a copy.\n\n"
     "force: of a tensor that requires grad too, detached.\n\n"
     "Raises:\n    RuntimeError: the tensor requires grad, grad mode is on, and force is False.\n\n"
     EXAMPLE_DOC
     "    >>> x = ag.zeros(2)\n"
     "    >>> x.numpy()[0] = 5.0\n"
     "    >>> x\n"
     "    tensor([5., 0.])\n"},
    {"__array__", PY_METHOD(m_array), PY_KEYWORDS,
     "__array__($self, dtype=None, *, copy=None)\n--\n\nNumPy's way of asking for an array."},
    {"__array_wrap__", PY_METHOD(m_array_wrap), PY_KEYWORDS,
     "__array_wrap__($self, array, context=None, return_scalar=False)\n--\n\n"
     "What NumPy's functions make of a tensor becomes a tensor."},
    {"as_subclass", m_as_subclass, METH_O,
     "as_subclass($self, cls, /)\n--\n\n"
     "The same memory as an instance of a subclass of Tensor; gradients flow through.\n\n"
     "Raises:\n    TypeError: cls is no subclass of Tensor.\n\n"
     EXAMPLE_DOC
     "    >>> class Angle(ag.Tensor):\n"
     "    ...     pass\n"
     "    >>> type(ag.zeros(2).as_subclass(Angle) + 1).__name__\n"
     "    'Angle'\n"},
    {"__copy__", m_copy, METH_NOARGS, "A leaf over the same memory."},
    {"__deepcopy__", m_deepcopy, METH_O, "A leaf over a copy of the memory; leaves only."},
    {NULL, NULL, 0, NULL},
};

static PyObject *f_set_parameter_type(PyObject *module, PyObject *type)
{
    (void)module;
    if (!PyType_Check(type) || !PyType_IsSubtype((PyTypeObject *)type, py_tensor_type))
        return py_wrong_type("_set_parameter_type", "type", "subclass of Tensor", type);
    Py_XSETREF(py_parameter_type, (PyTypeObject *)Py_NewRef(type));
    Py_RETURN_NONE;
}

PyMethodDef py_object_functions[] = {
    {"_set_parameter_type", f_set_parameter_type, METH_O,
     "The class of parameters, of which results are plain tensors."},
    {"numel", f_numel, METH_O,
     "numel(input, /)\n--\n\nThe number of elements of a tensor.\n\n"
     "Raises:\n    TypeError: the input is not a Tensor.\n\n"
     EXAMPLE_DOC
     "    >>> ag.numel(ag.zeros(2, 3))\n"
     "    6\n"},
    {"is_tensor", f_is_tensor, METH_O,
     "is_tensor(object, /)\n--\n\nWhether an object is a Tensor.\n\n"
     EXAMPLE_DOC
     "    >>> ag.is_tensor(ag.zeros(2)), ag.is_tensor([0.0, 0.0])\n"
     "    (True, False)\n"},
    {NULL, NULL, 0, NULL},
};
