/* SPDX-License-Identifier: MIT
 *
 * Names that tensors of PyTorch and of NumPy have and these do not, with a reason. Each is an
 * attribute of the type that raises AttributeError when it is looked up: `hasattr` is False, and
 * the lookup of what exists stays the interpreter's own, which a slot of the type for names that
 * are not found would make slower. The reasons are in pyautograd/_names.py.
 */
#include "py_type.h"

typedef struct missing {
    PyObject_HEAD
    const char *name;
} missing;

static PyObject *missing_get(PyObject *self, PyObject *object, PyObject *type)
{
    (void)object;
    (void)type;
    PyObject *module = PyImport_ImportModule("pyautograd._names");
    PyObject *error = module != NULL ? PyObject_CallMethod(module, "no_attribute", "ss", "Tensor",
                                                           ((missing *)self)->name) : NULL;
    if (error != NULL)
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    Py_XDECREF(error);
    Py_XDECREF(module);
    return NULL;
}

static void missing_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyType_Slot missing_slots[] = {
    {Py_tp_doc, "A name that is not there, and why."},
    {Py_tp_dealloc, missing_dealloc},
    {Py_tp_descr_get, missing_get},
    {0, NULL},
};

static PyType_Spec missing_spec = {
    .name = "pyautograd._core._Missing", .basicsize = sizeof(missing),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, .slots = missing_slots,
};

static const char *const names[] = {
    "half", "bfloat16", "short", "char", "byte", "cfloat", "cdouble", "chalf",
    "cuda", "xpu", "ipu", "mtia", "pin_memory", "is_pinned", "record_stream", "get_device",
    "cross", "lu",
    "lstsq",
    "imag", "angle",
    "to_sparse", "to_sparse_coo", "to_sparse_csr", "coalesce", "indices", "values", "to_dense",
    "sparse_mask", "dequantize", "int_repr", "q_scale",
    "storage", "untyped_storage", "set_", "share_memory_",
    "apply_", "map_", "astype", "copy",
};

bool py_add_missing(PyTypeObject *tensor_type)
{
    PyTypeObject *type = (PyTypeObject *)PyType_FromSpec(&missing_spec);
    bool ok = type != NULL;
    for (size_t k = 0; ok && k < sizeof names / sizeof names[0]; k++) {
        missing *one = PyObject_New(missing, type);
        if (one != NULL)
            one->name = names[k];
        ok = one != NULL && PyObject_SetAttrString((PyObject *)tensor_type, names[k],
                                                   (PyObject *)one) == 0;
        Py_XDECREF((PyObject *)one);
    }
    Py_XDECREF((PyObject *)type);
    return ok;
}
