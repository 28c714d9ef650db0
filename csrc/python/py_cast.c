/* SPDX-License-Identifier: MIT
 *
 * Tensors as another dtype (to, type, float, long, bool and their like), and questions about
 * dtypes.
 */
#include "py_args.h"
#include "py_convert.h"
#include "py_dtype.h"
#include "py_errors.h"
#include "py_ops.h"
#include "py_tensor.h"
#include "py_type.h"

#include <string.h>

/* The tensor itself where it has the dtype and no copy is wanted. */
static PyObject *cast_to(PyObject *self, ag_dtype dtype, bool copy)
{
    ag_tensor *t = py_tensor_of(self);
    if (copy && ag_dtype_of(t) == dtype)
        return py_result(self, ag_clone(t));
    return py_result_or_self(self, ag_cast(t, dtype));
}

#define CAST(name, dtype) \
    static PyObject *m_##name(PyObject *self, PyObject *unused) \
    { \
        (void)unused; \
        return cast_to(self, dtype, false); \
    }
CAST(double, AG_FLOAT64)
CAST(long, AG_INT64)
CAST(bool, AG_BOOL)

static PyObject *m_cpu(PyObject *self, PyObject *unused)
{
    (void)unused;
    return Py_NewRef(self);
}

/* ---- to ------------------------------------------------------------------------------------- */

/* to(dtype), to(device, dtype), to(other): what the first place says. */
static bool read_target(PyObject *object, int *dtype)
{
    if (py_is_tensor(object)) {
        *dtype = ag_dtype_of(py_tensor_of(object));
        return true;
    }
    if (object == py_cpu || PyUnicode_Check(object) || object == Py_None)
        return py_device_argument(object);
    return py_dtype_argument(object, dtype);
}

/* Places that are bools: non_blocking and copy. */
static bool read_flags(PyObject *const *args, Py_ssize_t n, bool *copy)
{
    bool non_blocking;
    return (n < 1 || py_bool_argument("to", "non_blocking", args[0], &non_blocking)) &&
           (n < 2 || py_bool_argument("to", "copy", args[1], copy));
}

static PyObject *m_to(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {"to", 6, 0, 6, {"device", "dtype", "other", "non_blocking",
                                                   "copy", "memory_format"}};
    PyObject *v[6];
    int dtype = PY_NO_DTYPE;
    bool copy = false;
    Py_ssize_t at = 0;
    if (n + (names != NULL ? PyTuple_GET_SIZE(names) : 0) == 0)
        return Py_NewRef(self);
    if (n > 4) {
        PyErr_Format(PyExc_TypeError,
                     "to() takes at most 4 positional arguments but %zd were given", n);
        return NULL;
    }
    if (n > 0 && !read_target(args[at++], &dtype))
        return NULL;
    if (n > 1 && dtype == PY_NO_DTYPE && !PyBool_Check(args[1]) &&
        !py_dtype_argument(args[at++], &dtype))
        return NULL;
    if (!read_flags(args + at, n - at, &copy) || !py_parse_keywords(&s, args + n, names, v) ||
        !py_device_argument(v[0]) || !py_dtype_argument(v[1], &dtype) ||
        (v[2] != NULL && !read_target(v[2], &dtype)) || !read_flags(v + 3, 2, &copy))
        return NULL;
    return cast_to(self, dtype != PY_NO_DTYPE ? (ag_dtype)dtype : ag_dtype_of(py_tensor_of(self)),
                   copy);
}

/* ---- type ----------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    ag_dtype dtype;
} type_names[] = {{"pyautograd.DoubleTensor", AG_FLOAT64}, {"pyautograd.LongTensor", AG_INT64},
                  {"pyautograd.BoolTensor", AG_BOOL}};

static PyObject *type_name(ag_dtype dtype)
{
    size_t i = 0;
    while (type_names[i].dtype != dtype)
        i++;
    return PyUnicode_FromString(type_names[i].name);
}

static bool read_type(PyObject *object, int *dtype)
{
    for (size_t i = 0; i < sizeof type_names / sizeof type_names[0]; i++)
        if (PyUnicode_Check(object) &&
            PyUnicode_CompareWithASCIIString(object, type_names[i].name) == 0) {
            *dtype = type_names[i].dtype;
            return true;
        }
    return py_dtype_argument(object, dtype);
}

static PyObject *m_type(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {"type", 3, 1, 3, {"self", "dtype", "non_blocking"}};
    PyObject *v[3];
    int dtype = PY_NO_DTYPE;
    if (!py_parse(&s, self, args, n, names, v))
        return NULL;
    if (py_absent(v[1]))
        return type_name(ag_dtype_of(py_tensor_of(self)));
    return read_type(v[1], &dtype) ? cast_to(self, (ag_dtype)dtype, false) : NULL;
}

static PyObject *m_type_as(PyObject *self, PyObject *other)
{
    if (!py_is_tensor(other))
        return py_wrong_type("type_as", "other", "Tensor", other);
    return cast_to(self, ag_dtype_of(py_tensor_of(other)), false);
}

/* ---- questions ------------------------------------------------------------------------------ */

static PyObject *m_is_floating_point(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyBool_FromLong(ag_dtype_of(py_tensor_of(self)) == AG_FLOAT64);
}

static PyObject *m_is_complex(PyObject *self, PyObject *unused)
{
    (void)self;
    (void)unused;
    Py_RETURN_FALSE;
}

static PyObject *m_is_signed(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyBool_FromLong(ag_dtype_of(py_tensor_of(self)) != AG_BOOL);
}

static PyObject *f_is_floating_point(PyObject *module, PyObject *input)
{
    (void)module;
    return py_is_tensor(input) ? m_is_floating_point(input, NULL)
                               : py_wrong_type("is_floating_point", "input", "Tensor", input);
}

static PyObject *f_is_complex(PyObject *module, PyObject *input)
{
    (void)module;
    return py_is_tensor(input) ? m_is_complex(input, NULL)
                               : py_wrong_type("is_complex", "input", "Tensor", input);
}

/* The dtypes of two arguments. */
static bool read_pair(const char *function, const char *first, const char *second,
                      PyObject *const *args, Py_ssize_t n, PyObject *names, int dtypes[2])
{
    const py_signature s = {function, 2, 2, 2, {first, second}};
    PyObject *v[2];
    if (!py_parse(&s, NULL, args, n, names, v))
        return false;
    for (int i = 0; i < 2; i++) {
        if (v[i] == Py_None) {
            py_wrong_type(function, i == 0 ? first : second, "dtype", v[i]);
            return false;
        }
        if (!py_dtype_argument(v[i], &dtypes[i]))
            return false;
    }
    return true;
}

static PyObject *f_promote_types(PyObject *module, PyObject *const *args, Py_ssize_t n,
                                 PyObject *names)
{
    int dtypes[2];
    (void)module;
    if (!read_pair("promote_types", "type1", "type2", args, n, names, dtypes))
        return NULL;
    return Py_NewRef(py_dtype_object(dtypes[0] & dtypes[1]));
}

static PyObject *f_can_cast(PyObject *module, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    int dtypes[2];
    (void)module;
    if (!read_pair("can_cast", "from_|from", "to", args, n, names, dtypes))
        return NULL;
    return PyBool_FromLong((dtypes[0] & dtypes[1]) == dtypes[1]);
}

/* A Tensor's dtype, or a number's. */
static bool operand_dtype(const char *argument, PyObject *object, ag_dtype *dtype)
{
    ag_arg number;
    if (py_is_tensor(object)) {
        *dtype = ag_dtype_of(py_tensor_of(object));
        return true;
    }
    const int known = py_number_of(object, &number);
    if (known == 0)
        py_wrong_type("result_type", argument, "Tensor or Number", object);
    *dtype = number.dtype;
    return known > 0;
}

static PyObject *f_result_type(PyObject *module, PyObject *const *args, Py_ssize_t n,
                               PyObject *names)
{
    static const py_signature s = {"result_type", 2, 2, 2, {"tensor1|tensor|scalar1",
                                                            "tensor2|other|scalar2"}};
    PyObject *v[2];
    ag_dtype dtypes[2];
    (void)module;
    if (!py_parse(&s, NULL, args, n, names, v) ||
        !operand_dtype("tensor1", v[0], &dtypes[0]) || !operand_dtype("tensor2", v[1], &dtypes[1]))
        return NULL;
    return Py_NewRef(py_dtype_object(dtypes[0] & dtypes[1]));
}

static PyObject *f_get_default_dtype(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    return Py_NewRef(py_dtype_object(AG_FLOAT64));
}

static PyObject *f_set_default_dtype(PyObject *module, PyObject *object)
{
    int dtype = PY_NO_DTYPE;
    (void)module;
    if (py_dtype_argument(object, &dtype) && dtype == AG_FLOAT64)
        Py_RETURN_NONE;
    if (!PyErr_Occurred())
        PyErr_Format(PyExc_TypeError, "only float64 can be the default dtype, not %R", object);
    return NULL;
}

/* ---- tables --------------------------------------------------------------------------------- */

#define EXAMPLE_DOC "Example:\n    >>> import pyautograd as ag\n"
#define CAST_RAISES_DOC \
    "Raises:\n    RuntimeError: int64 is asked for of NaN, or of a number beyond 2 ** 53.\n\n"
#define CAST_DOC(name, text, printed) \
    #name "($self, /)\n--\n\n" \
    text " The tensor itself where it is that already.\n\n" CAST_RAISES_DOC \
    EXAMPLE_DOC \
    "    >>> ag.tensor([0.0, 2.5])." #name "()\n" \
    "    " printed "\n"
#define DOUBLE_DOC(name) CAST_DOC(name, "As float64.", "tensor([0.0000, 2.5000])")
#define LONG_DOC(name) CAST_DOC(name, "As int64, rounded towards zero.", "tensor([0, 2])")

PyMethodDef py_cast_methods[] = {
    {"float", m_double, METH_NOARGS, DOUBLE_DOC(float)},
    {"double", m_double, METH_NOARGS, DOUBLE_DOC(double)},
    {"int", m_long, METH_NOARGS, LONG_DOC(int)},
    {"long", m_long, METH_NOARGS, LONG_DOC(long)},
    {"bool", m_bool, METH_NOARGS,
     CAST_DOC(bool, "As bool: whether the elements are not 0.", "tensor([False,  True])")},
    {"cpu", m_cpu, METH_NOARGS,
     "cpu($self, /)\n--\n\nThe tensor itself, as all are in the computer's memory.\n\n"
     EXAMPLE_DOC
     "    >>> x = ag.zeros(2)\n"
     "    >>> x.cpu() is x\n"
     "    True\n"},
    {"to", PY_METHOD(m_to), PY_KEYWORDS,
     "to($self, *args, **kwargs)\n--\n\n"
     "The tensor as another dtype, itself where it has that: to(dtype), to(device), to(device,\n"
     "dtype), to(other tensor); copy=True makes a copy in any case.\n\n"
     "The one device is \"cpu\". `non_blocking` and `memory_format` make no difference.\n\n"
     CAST_RAISES_DOC
     EXAMPLE_DOC
     "    >>> ag.tensor([0, 2]).to(ag.float64)\n"
     "    tensor([0., 2.])\n"},
    {"type", PY_METHOD(m_type), PY_KEYWORDS,
     "type($self, dtype=None, non_blocking=False)\n--\n\n"
     "The tensor as another dtype; without one the name of its type.\n\n"
     CAST_RAISES_DOC
     EXAMPLE_DOC
     "    >>> ag.tensor([0, 2]).type()\n"
     "    'pyautograd.LongTensor'\n"
     "    >>> ag.tensor([0, 2]).type(ag.float64)\n"
     "    tensor([0., 2.])\n"},
    {"type_as", m_type_as, METH_O,
     "type_as($self, other, /)\n--\n\n"
     "The tensor as the dtype of another.\n\n"
     CAST_RAISES_DOC
     EXAMPLE_DOC
     "    >>> ag.tensor([0, 2]).type_as(ag.tensor(0.5))\n"
     "    tensor([0., 2.])\n"},
    {"is_floating_point", m_is_floating_point, METH_NOARGS,
     "is_floating_point($self, /)\n--\n\nWhether the dtype is float64.\n\n"
     EXAMPLE_DOC
     "    >>> ag.tensor([1]).is_floating_point()\n"
     "    False\n"},
    {"is_complex", m_is_complex, METH_NOARGS,
     "is_complex($self, /)\n--\n\nFalse: there are no complex numbers.\n\n"
     EXAMPLE_DOC
     "    >>> ag.tensor([1.0]).is_complex()\n"
     "    False\n"},
    {"is_signed", m_is_signed, METH_NOARGS,
     "is_signed($self, /)\n--\n\nWhether the dtype has negative numbers: all but bool.\n\n"
     EXAMPLE_DOC
     "    >>> ag.tensor([True]).is_signed()\n"
     "    False\n"},
    {NULL, NULL, 0, NULL},
};

PyMethodDef py_cast_functions[] = {
    {"is_floating_point", f_is_floating_point, METH_O,
     "is_floating_point(input, /)\n--\n\nWhether the dtype of a tensor is float64.\n\n"
     "Raises:\n    TypeError: the input is not a Tensor.\n\n"
     EXAMPLE_DOC
     "    >>> ag.is_floating_point(ag.tensor([1]))\n"
     "    False\n"},
    {"is_complex", f_is_complex, METH_O,
     "is_complex(input, /)\n--\n\nFalse of every tensor: there are no complex numbers.\n\n"
     "Raises:\n    TypeError: the input is not a Tensor.\n\n"
     EXAMPLE_DOC
     "    >>> ag.is_complex(ag.tensor([1.0]))\n"
     "    False\n"},
    {"promote_types", PY_METHOD(f_promote_types), PY_KEYWORDS,
     "promote_types(type1, type2)\n--\n\n"
     "The dtype of what an op makes of two: bool is below int64, int64 below float64.\n\n"
     "Raises:\n    TypeError: an argument is no dtype.\n\n"
     EXAMPLE_DOC
     "    >>> ag.promote_types(ag.int64, ag.float64)\n"
     "    pyautograd.float64\n"},
    {"can_cast", PY_METHOD(f_can_cast), PY_KEYWORDS,
     "can_cast(from_, to)\n--\n\n"
     "Whether a result of a dtype may be written in place to a tensor of another.\n\n"
     "Raises:\n    TypeError: an argument is no dtype.\n\n"
     EXAMPLE_DOC
     "    >>> ag.can_cast(ag.int64, ag.float64), ag.can_cast(ag.float64, ag.int64)\n"
     "    (True, False)\n"},
    {"result_type", PY_METHOD(f_result_type), PY_KEYWORDS,
     "result_type(tensor1, tensor2)\n--\n\n"
     "The dtype of what arithmetic makes of two tensors or numbers.\n\n"
     "Raises:\n    TypeError: an argument is neither.\n\n"
     EXAMPLE_DOC
     "    >>> ag.result_type(ag.tensor([1, 2]), 0.5)\n"
     "    pyautograd.float64\n"},
    {"get_default_dtype", f_get_default_dtype, METH_NOARGS,
     "get_default_dtype()\n--\n\nThe dtype of numbers with a point: float64.\n\n"
     EXAMPLE_DOC
     "    >>> ag.get_default_dtype()\n"
     "    pyautograd.float64\n"},
    {"set_default_dtype", f_set_default_dtype, METH_O,
     "set_default_dtype(d, /)\n--\n\nTakes float64, which is the default anyway.\n\n"
     "Raises:\n    TypeError: another dtype.\n\n"
     EXAMPLE_DOC
     "    >>> ag.set_default_dtype(ag.float64)\n"},
    {NULL, NULL, 0, NULL},
};
