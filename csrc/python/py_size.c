/* SPDX-License-Identifier: MIT
 *
 * Size, the tuple that a shape is.
 */
#include "py_convert.h"

#include <string.h>

static PyTypeObject *size_type;

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

bool py_add_size_type(PyObject *module)
{
    PyObject *bases = PyTuple_Pack(1, (PyObject *)&PyTuple_Type);
    if (bases == NULL)
        return false;
    size_type = (PyTypeObject *)PyType_FromSpecWithBases(&size_spec, bases);
    Py_DECREF(bases);
    return size_type != NULL && PyModule_AddObjectRef(module, "Size", (PyObject *)size_type) == 0;
}
