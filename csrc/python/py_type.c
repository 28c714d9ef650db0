/* SPDX-License-Identifier: MIT
 *
 * The type Tensor, put together from the slots and tables of the other files, and what Python asks
 * of any object.
 */
#include "py_type.h"

#include "py_args.h"
#include "py_convert.h"
#include "py_dtype.h"
#include "py_errors.h"
#include "py_tensor.h"

#include <stddef.h>
#include <structmember.h>
#include <string.h>

/* ---- what Python asks of any object --------------------------------------------------------- */

/* A function of pyautograd._printing, which is imported when something is printed first. */
static PyObject *printing_function(const char *name)
{
    PyObject *module = PyImport_ImportModule("pyautograd._printing");
    if (module == NULL)
        return NULL;
    PyObject *function = PyObject_GetAttrString(module, name);
    Py_DECREF(module);
    return function;
}

static PyObject *tensor_repr(PyObject *self)
{
    PyObject *function = printing_function("format_tensor");
    if (function == NULL)
        return NULL;
    PyObject *text = PyObject_CallOneArg(function, self);
    Py_DECREF(function);
    return text;
}

static PyObject *tensor_format(PyObject *self, PyObject *spec)
{
    PyObject *function = printing_function("format_scalar");
    if (function == NULL)
        return NULL;
    PyObject *text = PyObject_CallFunctionObjArgs(function, self, spec, NULL);
    Py_DECREF(function);
    return text;
}

/* By identity, since == compares elements: id(tensor), as in PyTorch. */
static Py_hash_t tensor_hash(PyObject *self)
{
    Py_hash_t hash = (Py_hash_t)self;
    return hash == -1 ? -2 : hash;
}

static Py_ssize_t tensor_length(PyObject *self)
{
    ag_tensor *t = py_tensor_of(self);
    if (ag_ndim(t) == 0) {
        PyErr_SetString(PyExc_TypeError, "len() of a 0-d tensor");
        return -1;
    }
    return (Py_ssize_t)ag_shape(t)[0];
}

static PyObject *tensor_iterate(PyObject *self)
{
    if (ag_ndim(py_tensor_of(self)) == 0) {
        PyErr_SetString(PyExc_TypeError, "iteration over a 0-d tensor");
        return NULL;
    }
    PyObject *rows = PyObject_CallMethod(self, "unbind", NULL);
    PyObject *iterator = rows != NULL ? PyObject_GetIter(rows) : NULL;
    Py_XDECREF(rows);
    return iterator;
}

/* x in tensor: whether an element equals x. */
static int tensor_contains(PyObject *self, PyObject *value)
{
    double number;
    int is_number = py_is_tensor(value) ? 1 : py_number(value, &number);
    if (is_number < 0)
        return -1;
    if (is_number == 0) {
        PyErr_Format(PyExc_RuntimeError,
                     "Tensor.__contains__ only supports Tensor or scalar, but you passed in a %R.",
                     (PyObject *)Py_TYPE(value));
        return -1;
    }
    PyObject *mask = py_tensor_compare(self, value, Py_EQ);
    if (mask == NULL)
        return -1;
    PyObject *any = PyObject_CallMethod(mask, "any", NULL);
    Py_DECREF(mask);
    if (any == NULL)
        return -1;
    int answer = PyObject_IsTrue(any);
    Py_DECREF(any);
    return answer;
}

/* ---- assembly ------------------------------------------------------------------------------- */

static PyMethodDef special_methods[] = {
    {"__format__", PY_METHOD(tensor_format), METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef tensor_members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(py_tensor, weakrefs), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

PyDoc_STRVAR(tensor_doc,
"Tensor(*data)\n--\n\n"
"An array of float64 numbers that can record what is done to it.\n"
"\n"
"Made from sizes (the values are then undefined) or from data: nested sequences or an array,\n"
"which is copied, or another tensor, whose memory is shared. `tensor`, `zeros` and their like\n"
"say more plainly what is wanted.\n"
"\n"
"Raises:\n"
"    TypeError: `data` is neither.\n"
"    RuntimeError: a size is negative.\n"
"\n"
"Example:\n"
"    >>> import pyautograd as ag\n"
"    >>> ag.Tensor([1.0, 2.0]).shape\n"
"    pyautograd.Size([2])\n"
"    >>> class Angle(ag.Tensor):\n"
"    ...     pass\n"
"    >>> type(Angle([0.5]).sin()).__name__\n"
"    'Angle'\n");

/* One table out of those of the other files: it must live as long as the type. */
static PyMethodDef *all_methods(void)
{
    PyMethodDef *const parts[] = {py_op_methods, py_inplace_methods,
                                  py_object_methods, py_pickle_methods, py_autograd_methods,
                                  py_cast_methods, py_hook_methods,
                                  py_ufunc_methods, py_row_methods, special_methods};
    const size_t n_parts = sizeof parts / sizeof parts[0];
    size_t n = 1;
    for (size_t i = 0; i < n_parts; i++) {
        for (PyMethodDef *m = parts[i]; m->ml_name != NULL; m++)
            n++;
    }
    PyMethodDef *all = PyMem_Calloc(n, sizeof *all);
    if (all == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    PyMethodDef *next = all;
    for (size_t i = 0; i < n_parts; i++) {
        for (PyMethodDef *m = parts[i]; m->ml_name != NULL; m++)
            *next++ = *m;
    }
    return all;
}

static bool set_attribute(const char *name, PyObject *value)
{
    if (value == NULL)
        return false;
    int status = PyObject_SetAttrString((PyObject *)py_tensor_type, name, value);
    Py_DECREF(value);
    return status == 0;
}

bool py_add_tensor_type(PyObject *module)
{
    PyMethodDef *methods = all_methods();
    if (methods == NULL)
        return false;
    PyType_Slot slots[32 + PY_NUMBER_SLOTS] = {
        {Py_tp_doc, (void *)(uintptr_t)tensor_doc},
        {Py_tp_new, py_tensor_construct},
        {Py_tp_dealloc, py_tensor_dealloc},
        {Py_tp_traverse, py_tensor_traverse},
        {Py_tp_clear, py_tensor_clear},
        {Py_tp_repr, tensor_repr},
        {Py_tp_str, tensor_repr},
        {Py_tp_hash, tensor_hash},
        {Py_tp_richcompare, py_tensor_compare},
        {Py_tp_iter, tensor_iterate},
        {Py_tp_methods, methods},
        {Py_tp_members, tensor_members},
        {Py_tp_getset, py_tensor_properties},
        {Py_sq_length, tensor_length},
        {Py_sq_item, py_tensor_item},
        {Py_sq_contains, tensor_contains},
        {Py_mp_length, tensor_length},
        {Py_mp_subscript, py_tensor_subscript},
        {Py_mp_ass_subscript, py_tensor_assign},
        {Py_bf_getbuffer, py_tensor_get_buffer},
        {Py_bf_releasebuffer, py_tensor_release_buffer},
    };
    int n = 0;
    while (slots[n].slot != 0)
        n++;
    memcpy(slots + n, py_number_slots, sizeof py_number_slots);
    PyType_Spec spec = {
        .name = "pyautograd.Tensor",
        .basicsize = sizeof(py_tensor),
        .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
        .slots = slots,
    };
    py_tensor_type = (PyTypeObject *)PyType_FromSpec(&spec);
    if (py_tensor_type == NULL) {
        PyMem_Free(methods);
        return false;
    }
    py_tensor_type->tp_name = "Tensor";  /* as messages name a class: without its module */
    /* NumPy lets an operand of higher priority have the operation: array + tensor is a tensor. */
    return set_attribute("__array_priority__", PyLong_FromLong(1000)) &&
           py_add_missing(py_tensor_type) &&
           PyModule_AddObjectRef(module, "Tensor", (PyObject *)py_tensor_type) == 0;
}
