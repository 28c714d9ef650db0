/* SPDX-License-Identifier: MIT
 *
 * dtype and device as objects and arguments, numbers and their dtypes. Casts and questions about
 * dtypes are py_cast.c's.
 */
#include "py_dtype.h"

#include "py_args.h"
#include "py_convert.h"
#include "py_errors.h"
#include "py_numpy.h"
#include "py_tensor.h"

#include <math.h>
#include <string.h>

typedef struct dtype_object {
    PyObject_HEAD
    ag_dtype dtype;
} dtype_object;

static PyTypeObject *dtype_type, *device_type;
static PyObject *objects[AG_BOOL + 1];
PyObject *py_cpu;

PyObject *py_dtype_object(ag_dtype dtype) { return objects[dtype]; }

int py_numpy_type(ag_dtype dtype)
{
    return dtype == AG_FLOAT64 ? NPY_DOUBLE : dtype == AG_INT64 ? NPY_INT64 : NPY_BOOL;
}

ag_dtype py_dtype_of_kind(char kind)
{
    return kind == 'f' ? AG_FLOAT64 : kind == 'b' ? AG_BOOL : AG_INT64;
}

const char *py_type_name(ag_dtype dtype)
{
    return dtype == AG_FLOAT64 ? "Double" : dtype == AG_INT64 ? "Long" : "Bool";
}

const char *py_dtype_name(ag_dtype dtype)
{
    return dtype == AG_FLOAT64 ? "float64" : dtype == AG_INT64 ? "int64" : "bool";
}

/* ---- dtype objects -------------------------------------------------------------------------- */

#define DTYPE_OF(self) (((dtype_object *)(self))->dtype)

static PyObject *dtype_repr(PyObject *self)
{
    return PyUnicode_FromFormat("pyautograd.%s", py_dtype_name(DTYPE_OF(self)));
}

static PyObject *dtype_reduce(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyUnicode_FromString(py_dtype_name(DTYPE_OF(self)));  /* the global of that name */
}

static PyObject *dtype_itemsize(PyObject *self, void *unused)
{
    (void)self;
    (void)unused;
    return PyLong_FromLong(sizeof(double));
}

static PyObject *dtype_is_floating_point(PyObject *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(DTYPE_OF(self) == AG_FLOAT64);
}

static PyObject *dtype_is_complex(PyObject *self, void *unused)
{
    (void)self;
    (void)unused;
    Py_RETURN_FALSE;
}

static PyObject *dtype_is_signed(PyObject *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(DTYPE_OF(self) != AG_BOOL);
}

static PyObject *dtype_numpy(PyObject *self, void *unused)
{
    (void)unused;
    return (PyObject *)PyArray_DescrFromType(py_numpy_type(DTYPE_OF(self)));
}

static PyMethodDef dtype_object_methods[] = {
    {"__reduce__", dtype_reduce, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef dtype_properties[] = {
    {"itemsize", dtype_itemsize, NULL, "Bytes of one element: 8 of every dtype.", NULL},
    {"is_floating_point", dtype_is_floating_point, NULL, "Whether this is float64.", NULL},
    {"is_complex", dtype_is_complex, NULL, "False.", NULL},
    {"is_signed", dtype_is_signed, NULL, "Whether there are negative numbers.", NULL},
    {"dtype", dtype_numpy, NULL, "The same as NumPy's: np.zeros(3, dtype=float64) takes it.", NULL},
    {"__numpy_dtype__", dtype_numpy, NULL, "How NumPy 2.4 and later ask for it.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot dtype_slots[] = {
    {Py_tp_doc,
     "The type of a tensor's elements: `float64`, `int64` or `bool`.\n\n"
     "Example:\n"
     "    >>> import pyautograd as ag\n"
     "    >>> ag.tensor([1, 2]).dtype, ag.tensor([0.5]).dtype, ag.tensor(True).dtype\n"
     "    (pyautograd.int64, pyautograd.float64, pyautograd.bool)\n"},
    {Py_tp_repr, dtype_repr},
    {Py_tp_methods, dtype_object_methods},
    {Py_tp_getset, dtype_properties},
    {0, NULL},
};

#ifdef Py_TPFLAGS_DISALLOW_INSTANTIATION
#define NOT_MADE Py_TPFLAGS_DISALLOW_INSTANTIATION
#else
#define NOT_MADE 0
#endif

static PyType_Spec dtype_spec = {
    .name = "pyautograd.dtype",
    .basicsize = sizeof(dtype_object),
    .flags = Py_TPFLAGS_DEFAULT | NOT_MADE,
    .slots = dtype_slots,
};

/* ---- dtype arguments ------------------------------------------------------------------------ */

/* NumPy's dtype of what means one: it knows Python's types and names as well. */
static bool numpy_argument(PyObject *object, int *dtype)
{
    PyArray_Descr *descr = NULL;
    if (!PyArray_DescrConverter(object, &descr)) {
        PyErr_Clear();
        return false;
    }
    const int number = descr->type_num;
    Py_DECREF(descr);
    const bool is_integer = number == NPY_LONGLONG || (number == NPY_LONG && sizeof(long) == 8);
    *dtype = number == NPY_DOUBLE ? AG_FLOAT64 : number == NPY_BOOL ? AG_BOOL : AG_INT64;
    return number == NPY_DOUBLE || number == NPY_BOOL || is_integer;
}

bool py_dtype_argument(PyObject *object, int *dtype)
{
    if (object == NULL || object == Py_None)
        return true;
    if (Py_TYPE(object) == dtype_type) {
        *dtype = DTYPE_OF(object);
        return true;
    }
    if (numpy_argument(object, dtype))
        return true;
    PyErr_Format(PyExc_TypeError,
                 "dtype must be pyautograd.float64, pyautograd.int64 or pyautograd.bool, not %R",
                 object);
    return false;
}

/* ---- device --------------------------------------------------------------------------------- */

bool py_device_argument(PyObject *object)
{
    if (object == NULL || object == Py_None || object == py_cpu)
        return true;
    if (PyUnicode_Check(object) && (PyUnicode_CompareWithASCIIString(object, "cpu") == 0 ||
                                    PyUnicode_CompareWithASCIIString(object, "cpu:0") == 0))
        return true;
    if (PyUnicode_Check(object))
        PyErr_Format(PyExc_RuntimeError, "device must be \"cpu\", the only one, not %R", object);
    else
        PyErr_Format(PyExc_TypeError, "device must be a str or pyautograd.device, not %s",
                     Py_TYPE(object)->tp_name);
    return false;
}

static PyObject *device_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static const py_signature s = {"device", 2, 1, 2, {"type|device", "index"}};
    PyObject *v[2];
    (void)type;
    if (!py_parse_tuple(&s, args, keywords, v) || !py_device_argument(v[0]))
        return NULL;
    return Py_NewRef(py_cpu);
}

static PyObject *device_repr(PyObject *self)
{
    (void)self;
    return PyUnicode_FromString("device(type='cpu')");
}

static PyObject *device_str(PyObject *self)
{
    (void)self;
    return PyUnicode_FromString("cpu");
}

static PyObject *device_reduce(PyObject *self, PyObject *unused)
{
    (void)unused;
    return Py_BuildValue("O(s)", (PyObject *)Py_TYPE(self), "cpu");
}

static PyObject *device_kind(PyObject *self, void *unused)
{
    (void)unused;
    return device_str(self);
}

static PyObject *device_index(PyObject *self, void *unused)
{
    (void)self;
    (void)unused;
    Py_RETURN_NONE;
}

static PyMethodDef device_methods[] = {
    {"__reduce__", device_reduce, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef device_properties[] = {
    {"type", device_kind, NULL, "\"cpu\".", NULL},
    {"index", device_index, NULL, "None.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot device_slots[] = {
    {Py_tp_doc,
     "device(type, index=None)\n--\n\n"
     "Where tensors are: in the computer's memory. There is one device, \"cpu\", for programs\n"
     "that name it.\n\n"
     "Raises:\n"
     "    RuntimeError: another device.\n\n"
     "Example:\n"
     "    >>> import pyautograd as ag\n"
     "    >>> ag.zeros(2, device=\"cpu\").device\n"
     "    device(type='cpu')\n"},
    {Py_tp_new, device_new},
    {Py_tp_repr, device_repr},
    {Py_tp_str, device_str},
    {Py_tp_methods, device_methods},
    {Py_tp_getset, device_properties},
    {0, NULL},
};

static PyType_Spec device_spec = {
    .name = "pyautograd.device", .basicsize = sizeof(PyObject), .flags = Py_TPFLAGS_DEFAULT,
    .slots = device_slots,
};

/* ---- numbers -------------------------------------------------------------------------------- */

/* An integer that may have been rounded. */
static int exact_integer(PyObject *object, ag_arg *number)
{
    PyObject *index = PyNumber_Index(object);
    const long long value = index != NULL ? PyLong_AsLongLong(index) : -1;
    Py_XDECREF(index);
    if (value == -1 && PyErr_Occurred())
        return -1;
    *number = ag_integer(value);
    return 1;
}

int py_number_of_slow(PyObject *object, ag_arg *number)
{
    number->tensor = NULL;
    number->dtype = AG_FLOAT64;
    const int known = py_number(object, &number->value);
    if (known > 0 && !PyFloat_Check(object)) {
        if (PyBool_Check(object) || PyArray_IsScalar(object, Bool))
            number->dtype = AG_BOOL;
        else if (PyLong_Check(object) || PyArray_IsScalar(object, Integer))
            number->dtype = AG_INT64;
    }
    if (PY_UNLIKELY(number->dtype == AG_INT64 && fabs(number->value) == 0x1p53))
        return exact_integer(object, number);
    return known;
}

PyObject *py_scalar_of(double value, ag_dtype dtype)
{
    if (dtype == AG_FLOAT64)
        return PyFloat_FromDouble(value);
    return dtype == AG_INT64 ? PyLong_FromDouble(value) : PyBool_FromLong(value != 0.0);
}

/* ---- assembly ------------------------------------------------------------------------------- */

static PyObject *new_dtype(ag_dtype dtype)
{
    PyObject *object = dtype_type->tp_alloc(dtype_type, 0);
    if (object != NULL)
        DTYPE_OF(object) = dtype;
    return objects[dtype] = object;
}

bool py_add_dtype_types(PyObject *module)
{
    dtype_type = (PyTypeObject *)PyType_FromSpec(&dtype_spec);
    device_type = (PyTypeObject *)PyType_FromSpec(&device_spec);
    if (dtype_type == NULL || device_type == NULL || new_dtype(AG_FLOAT64) == NULL ||
        new_dtype(AG_INT64) == NULL || new_dtype(AG_BOOL) == NULL ||
        (py_cpu = device_type->tp_alloc(device_type, 0)) == NULL)
        return false;
    /* Those that are called as types of Python's are found in the package. */
    return PyModule_AddObjectRef(module, "dtype", (PyObject *)dtype_type) == 0 &&
           PyModule_AddObjectRef(module, "device", (PyObject *)device_type) == 0 &&
           PyModule_AddObjectRef(module, "float64", objects[AG_FLOAT64]) == 0 &&
           PyModule_AddObjectRef(module, "double", objects[AG_FLOAT64]) == 0 &&
           PyModule_AddObjectRef(module, "int64", objects[AG_INT64]) == 0 &&
           PyModule_AddObjectRef(module, "long", objects[AG_INT64]) == 0 &&
           PyModule_AddObjectRef(module, "_bool", objects[AG_BOOL]) == 0;
}
