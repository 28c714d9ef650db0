/* SPDX-License-Identifier: MIT
 *
 * The two small value types: Size, the tuple that a shape is, and dtype, of which there is one.
 */
#include "py_convert.h"
#include "py_errors.h"
#include "py_numpy.h"

#include <string.h>

static PyTypeObject *size_type;
PyObject *py_float64;

/* ---- Size ----------------------------------------------------------------------------------- */

/* The sizes are copied first: making an object may run a collection, that somebody's code, and that
 * may give the tensor another shape. */
PyObject *py_size_new(int n, const int64_t *shape)
{
    int64_t sizes[AG_MAX_DIMS];
    memcpy(sizes, shape, (size_t)n * sizeof *shape);
    PyObject *size = size_type->tp_alloc(size_type, n);
    if (size == NULL)
        return NULL;
    for (int i = 0; i < n; i++) {
        PyObject *item = PyLong_FromLongLong(sizes[i]);
        if (item == NULL) {
            Py_DECREF(size);
            return NULL;
        }
        PyTuple_SET_ITEM(size, i, item);
    }
    return size;
}

/* A tuple that an inherited slot made, as a Size; takes the reference. */
static PyObject *as_size(PyObject *tuple)
{
    if (tuple == NULL || !PyTuple_CheckExact(tuple))
        return tuple;
    PyObject *size = PyObject_CallOneArg((PyObject *)size_type, tuple);
    Py_DECREF(tuple);
    return size;
}

static PyObject *size_repr(PyObject *self)
{
    PyObject *items = PySequence_List(self);
    if (items == NULL)
        return NULL;
    PyObject *text = PyUnicode_FromFormat("pyautograd.Size(%R)", items);
    Py_DECREF(items);
    return text;
}

static PyObject *size_subscript(PyObject *self, PyObject *key)
{
    PyObject *part = PyTuple_Type.tp_as_mapping->mp_subscript(self, key);
    return PySlice_Check(key) ? as_size(part) : part;
}

static PyObject *size_concat(PyObject *self, PyObject *other)
{
    return as_size(PyTuple_Type.tp_as_sequence->sq_concat(self, other));
}

static PyObject *size_repeat(PyObject *self, Py_ssize_t n)
{
    return as_size(PyTuple_Type.tp_as_sequence->sq_repeat(self, n));
}

static PyObject *size_numel(PyObject *self, PyObject *unused)
{
    (void)unused;
    PyObject *product = PyLong_FromLong(1);
    for (Py_ssize_t i = 0; product != NULL && i < PyTuple_GET_SIZE(self); i++) {
        PyObject *next = PyNumber_Multiply(product, PyTuple_GET_ITEM(self, i));
        Py_DECREF(product);
        product = next;
    }
    return product;
}

static PyObject *size_reduce(PyObject *self, PyObject *unused)
{
    (void)unused;
    PyObject *tuple = PyTuple_GetSlice(self, 0, PyTuple_GET_SIZE(self));
    return tuple != NULL ? Py_BuildValue("(O(N))", (PyObject *)size_type, tuple) : NULL;
}

static PyMethodDef size_methods[] = {
    {"numel", size_numel, METH_NOARGS,
     "numel($self, /)\n--\n\n"
     "The product of the sizes: how many elements a tensor of this shape has.\n\n"
     "Example:\n"
     "    >>> import pyautograd as ag\n"
     "    >>> ag.zeros(2, 3).shape.numel()\n"
     "    6\n"},
    {"__reduce__", size_reduce, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot size_slots[] = {
    {Py_tp_doc,
     "Size(iterable=(), /)\n--\n\n"
     "The shape of a tensor: a tuple of ints. Slices and sums of it are Sizes too.\n\n"
     "Example:\n"
     "    >>> import pyautograd as ag\n"
     "    >>> ag.zeros(2, 3).shape\n"
     "    pyautograd.Size([2, 3])\n"
     "    >>> ag.zeros(2, 3).shape == (2, 3)\n"
     "    True\n"},
    {Py_tp_repr, size_repr},
    {Py_mp_subscript, size_subscript},
    {Py_sq_concat, size_concat},
    {Py_sq_repeat, size_repeat},
    {Py_tp_methods, size_methods},
    {0, NULL},
};

static PyType_Spec size_spec = {
    .name = "pyautograd.Size", .flags = Py_TPFLAGS_DEFAULT, .slots = size_slots,
};

/* ---- dtype ---------------------------------------------------------------------------------- */

static PyObject *dtype_repr(PyObject *self)
{
    (void)self;
    return PyUnicode_FromString("pyautograd.float64");
}

static PyObject *dtype_reduce(PyObject *self, PyObject *unused)
{
    (void)self;
    (void)unused;
    return PyUnicode_FromString("float64");  /* pickle: the global of that name */
}

static PyObject *dtype_itemsize(PyObject *self, void *unused)
{
    (void)self;
    (void)unused;
    return PyLong_FromLong(sizeof(double));
}

static PyObject *dtype_is_floating_point(PyObject *self, void *unused)
{
    (void)self;
    (void)unused;
    Py_RETURN_TRUE;
}

static PyObject *dtype_numpy(PyObject *self, void *unused)
{
    (void)self;
    (void)unused;
    return (PyObject *)PyArray_DescrFromType(NPY_DOUBLE);
}

static PyMethodDef dtype_methods[] = {
    {"__reduce__", dtype_reduce, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef dtype_properties[] = {
    {"itemsize", dtype_itemsize, NULL, "Bytes of one element.", NULL},
    {"is_floating_point", dtype_is_floating_point, NULL, "True.", NULL},
    {"dtype", dtype_numpy, NULL, "The same as NumPy's: np.zeros(3, dtype=float64) takes it.", NULL},
    {"__numpy_dtype__", dtype_numpy, NULL, "How NumPy 2.4 and later ask for it.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot dtype_slots[] = {
    {Py_tp_doc,
     "The type of a tensor's elements. There is one: `float64`.\n\n"
     "Example:\n"
     "    >>> import pyautograd as ag\n"
     "    >>> ag.tensor([1, 2]).dtype\n"
     "    pyautograd.float64\n"},
    {Py_tp_repr, dtype_repr},
    {Py_tp_methods, dtype_methods},
    {Py_tp_getset, dtype_properties},
    {0, NULL},
};

static PyType_Spec dtype_spec = {
    .name = "pyautograd.dtype",
    .basicsize = sizeof(PyObject),
#ifdef Py_TPFLAGS_DISALLOW_INSTANTIATION
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
#else
    .flags = Py_TPFLAGS_DEFAULT,
#endif
    .slots = dtype_slots,
};

bool py_dtype_argument(PyObject *object)
{
    if (object == NULL || object == Py_None || object == py_float64)
        return true;
    PyArray_Descr *descr = NULL;
    bool is_double = PyArray_DescrConverter(object, &descr) && descr->type_num == NPY_DOUBLE;
    Py_XDECREF(descr);
    if (is_double)
        return true;
    PyErr_Clear();
    PyErr_Format(PyExc_TypeError, "dtype must be pyautograd.float64, the only one, not %R", object);
    return false;
}

bool py_add_value_types(PyObject *module)
{
    PyObject *bases = PyTuple_Pack(1, (PyObject *)&PyTuple_Type);
    if (bases == NULL)
        return false;
    size_type = (PyTypeObject *)PyType_FromSpecWithBases(&size_spec, bases);
    Py_DECREF(bases);
    PyTypeObject *dtype = (PyTypeObject *)PyType_FromSpec(&dtype_spec);
    if (size_type == NULL || dtype == NULL) {
        Py_XDECREF(dtype);
        return false;
    }
    py_float64 = dtype->tp_alloc(dtype, 0);
    bool added = py_float64 != NULL &&
                 PyModule_AddObjectRef(module, "Size", (PyObject *)size_type) == 0 &&
                 PyModule_AddObjectRef(module, "dtype", (PyObject *)dtype) == 0 &&
                 PyModule_AddObjectRef(module, "float64", py_float64) == 0 &&
                 PyModule_AddObjectRef(module, "double", py_float64) == 0;
    Py_DECREF(dtype);
    return added;
}
