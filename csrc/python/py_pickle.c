/* SPDX-License-Identifier: MIT
 *
 * Pickles of tensors: values and requires_grad, not the tape. What is written is
 *
 *     _rebuild(class, format, name of the dtype, shape, values, requires_grad), dict of the object
 *
 * and, in format 2, of a tensor whose dimensions lie in another order in memory, behind that the
 * dimensions from the outermost in memory to the innermost.
 *
 * The values are bytes: float64 under every dtype, in row-major order, little-endian. A pickle may
 * come from anywhere, and from a later version, so all of it is checked when it is read, before
 * memory is asked for: no array is in it, since NumPy's own reading of those trusts what is
 * written. Whoever changes what is written counts FORMAT up.
 */
#include "py_args.h"
#include "py_convert.h"
#include "py_dtype.h"
#include "py_errors.h"
#include "py_ops.h"
#include "py_tensor.h"
#include "py_type.h"

#include <stddef.h>
#include <string.h>

#define FORMAT 1          /* of tensors that are row-major */
#define FORMAT_ORDERED 2

_Static_assert(offsetof(PyBytesObject, ob_sval) % _Alignof(double) == 0,
               "the contents of a bytes object are written as numbers");

/* Turns values of this machine into little-endian ones, or back. */
static void swap_if_big_endian(double *values, int64_t numel)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    for (int64_t i = 0; i < numel; i++) {
        uint64_t word;
        memcpy(&word, values + i, sizeof word);
        word = __builtin_bswap64(word);
        memcpy(values + i, &word, sizeof word);
    }
#else
    (void)values;
    (void)numel;
#endif
}

/* ---- writing -------------------------------------------------------------------------------- */

/* The values in a bytes object. */
static PyObject *bytes_of(ag_tensor *t)
{
    int64_t numel = ag_numel(t);
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)numel * 8);
    if (bytes == NULL || numel == 0)
        return bytes;
    double *values = (double *)(void *)PyBytes_AS_STRING(bytes);
    if (ag_copy_out(t, values) != AG_OK) {
        Py_DECREF(bytes);
        return py_raise();
    }
    swap_if_big_endian(values, numel);
    return bytes;
}

/* From protocol 5 on the pickler may be told to hand large memory over beside the pickle. */
static PyObject *values_for(PyObject *protocol, ag_tensor *t)
{
    long number = PyLong_AsLong(protocol);
    if (number == -1 && PyErr_Occurred())
        return NULL;
    PyObject *bytes = bytes_of(t);
    if (bytes == NULL || number < 5)
        return bytes;
    PyObject *buffer = PyPickleBuffer_FromObject(bytes);
    Py_DECREF(bytes);
    return buffer;
}

/* The dimensions from the outermost in memory to the innermost. */
static PyObject *order_of(ag_tensor *t)
{
    const int ndim = ag_ndim(t);
    const int64_t *strides = ag_strides(t), *shape = ag_shape(t);
    int64_t order[AG_MAX_DIMS];
    for (int d = 0; d < ndim; d++) {
        int at = d;
        for (; at > 0 && shape[d] != 1 && strides[order[at - 1]] < strides[d]; at--)
            order[at] = order[at - 1];
        order[at] = d;
    }
    return py_integer_tuple(ndim, order);
}

/* The arguments of _rebuild. */
static PyObject *parts_of(PyObject *self, PyObject *protocol)
{
    /* While values are computed other threads run, and may give the tensor another shape: both are
     * read off a tensor that stays as it is. */
    ag_tensor *t = ag_detach(py_tensor_of(self));
    if (t == NULL)
        return py_raise();
    PyObject *wants = ag_requires_grad(py_tensor_of(self)) ? Py_True : Py_False;
    PyObject *values = values_for(protocol, t);
    PyObject *shape = values != NULL ? py_integer_tuple(ag_ndim(t), ag_shape(t)) : NULL;
    PyObject *type = (PyObject *)Py_TYPE(self), *parts = NULL;
    const char *dtype = py_dtype_name(ag_dtype_of(t));
    if (shape != NULL && ag_is_contiguous(t))
        parts = Py_BuildValue("(OisOOO)", type, FORMAT, dtype, shape, values, wants);
    else if (shape != NULL)
        parts = Py_BuildValue("(OisOOON)", type, FORMAT_ORDERED, dtype, shape, values, wants,
                              order_of(t));
    Py_XDECREF(shape);
    Py_XDECREF(values);
    ag_release(t);
    return parts;
}

static PyObject *m_reduce(PyObject *self, PyObject *protocol)
{
    PyObject *module = PyImport_ImportModule("pyautograd._core");
    PyObject *rebuild = module != NULL ? PyObject_GetAttrString(module, "_rebuild") : NULL;
    PyObject *parts = rebuild != NULL ? parts_of(self, protocol) : NULL;
    PyObject *dict = parts != NULL ? py_instance_dict(self) : NULL;
    PyObject *reduced = NULL;
    if (parts != NULL && !PyErr_Occurred())
        reduced = PyTuple_Pack(3, rebuild, parts, dict != NULL ? dict : Py_None);
    Py_XDECREF(dict);
    Py_XDECREF(parts);
    Py_XDECREF(rebuild);
    Py_XDECREF(module);
    return reduced;
}

/* ---- reading -------------------------------------------------------------------------------- */

enum { CLASS, FORMAT_NUMBER, DTYPE_NAME, SHAPE, VALUES, REQUIRES_GRAD, N_PARTS, ORDER = 6 };

static bool refuse(PyObject *type, const char *reason)
{
    PyErr_Format(type, "no pickle of a tensor: %s", reason);
    return false;
}

/* Format and dtype: those that this version knows. Looked at first, since all that follows depends
 * on them. */
static bool check_kind(PyObject *const *parts, Py_ssize_t n)
{
    if (n < 2 || !PyLong_CheckExact(parts[FORMAT_NUMBER]))
        return refuse(PyExc_TypeError, "the number of its format is missing");
    int overflow;
    long format = PyLong_AsLongAndOverflow(parts[FORMAT_NUMBER], &overflow);
    if (overflow != 0 || (format != FORMAT && format != FORMAT_ORDERED)) {
        PyErr_Format(PyExc_ValueError, "a pickle of a tensor in format %S: this version of "
                     "pyautograd reads formats %d and %d", parts[FORMAT_NUMBER], FORMAT,
                     FORMAT_ORDERED);
        return false;
    }
    if (n != N_PARTS + (format == FORMAT_ORDERED ? 1 : 0))
        return refuse(PyExc_TypeError, "parts are missing");
    if (!PyUnicode_CheckExact(parts[DTYPE_NAME]))
        return refuse(PyExc_TypeError, "the name of its dtype is no str");
    return true;
}

static bool read_dtype(PyObject *name, ag_dtype *dtype)
{
    static const ag_dtype dtypes[] = {AG_FLOAT64, AG_INT64, AG_BOOL};
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++) {
        *dtype = dtypes[i];
        if (PyUnicode_CompareWithASCIIString(name, py_dtype_name(*dtype)) == 0)
            return true;
    }
    PyErr_Format(PyExc_ValueError, "a pickle of a tensor of dtype %R: this version of pyautograd "
                 "knows float64, int64 and bool", name);
    return false;
}

static bool check_types(PyObject *const *parts)
{
    if (!PyType_Check(parts[CLASS]) ||
        !PyType_IsSubtype((PyTypeObject *)parts[CLASS], py_tensor_type))
        return refuse(PyExc_TypeError, "its class is no subclass of Tensor");
    if (!PyTuple_CheckExact(parts[SHAPE]))
        return refuse(PyExc_TypeError, "its shape is no tuple");
    if (!PyObject_CheckBuffer(parts[VALUES]))
        return refuse(PyExc_TypeError, "its values are no bytes");
    if (!PyBool_Check(parts[REQUIRES_GRAD]))
        return refuse(PyExc_TypeError, "its requires_grad is no bool");
    return true;
}

/* The shape as numbers, and how many bytes of values belong to it. */
static bool read_shape(PyObject *tuple, int64_t shape[AG_MAX_DIMS], int64_t *bytes)
{
    if (PyTuple_GET_SIZE(tuple) > AG_MAX_DIMS)
        return refuse(PyExc_ValueError, "its shape has too many dimensions");
    int64_t product = sizeof(double);  /* sizes of 0 left out: they do not make others fit */
    bool empty = false;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); i++) {
        PyObject *size = PyTuple_GET_ITEM(tuple, i);
        int overflow;
        if (!PyLong_CheckExact(size))
            return refuse(PyExc_TypeError, "its shape is no tuple of ints");
        shape[i] = PyLong_AsLongLongAndOverflow(size, &overflow);
        if (overflow != 0 || shape[i] < 0)
            return refuse(PyExc_ValueError, "a size in its shape is negative or too large");
        empty |= shape[i] == 0;
        if (shape[i] > 0 && __builtin_mul_overflow(product, shape[i], &product))
            return refuse(PyExc_ValueError, "its shape is too large");
    }
    *bytes = empty ? 0 : product;
    return true;
}

/* A new tensor of the shape and the values, of which there must be as many as the shape says. */
static ag_tensor *tensor_of(PyObject *values, int ndim, const int64_t *shape, int64_t bytes)
{
    Py_buffer buffer;
    if (PyObject_GetBuffer(values, &buffer, PyBUF_SIMPLE) < 0)
        return NULL;
    ag_tensor *t = NULL;
    if (buffer.len != bytes) {
        PyErr_Format(PyExc_ValueError, "no pickle of a tensor: its shape takes %lld bytes of "
                     "values, and there are %zd", (long long)bytes, buffer.len);
    } else if ((t = ag_empty(ndim, shape)) == NULL) {
        py_raise();
    } else if (bytes > 0) {
        double *data = ag_data(t);
        memcpy(data, buffer.buf, (size_t)bytes);
        swap_if_big_endian(data, ag_numel(t));
    }
    PyBuffer_Release(&buffer);
    return t;
}

/* The strides of the shape where its dimensions lie in the order of the tuple. */
static bool read_order(PyObject *tuple, int ndim, const int64_t *shape, int64_t *strides)
{
    int64_t step = 1;
    uint64_t seen = 0;
    if (!PyTuple_CheckExact(tuple) || PyTuple_GET_SIZE(tuple) != ndim)
        return refuse(PyExc_TypeError, "the order of its dimensions is no tuple of all of them");
    for (int k = ndim - 1; k >= 0; k--) {
        PyObject *item = PyTuple_GET_ITEM(tuple, k);
        int overflow = 1;
        const long d = PyLong_CheckExact(item) ? PyLong_AsLongAndOverflow(item, &overflow) : -1;
        if (overflow != 0 || d < 0 || d >= ndim || (seen >> d & 1) != 0)
            return refuse(PyExc_ValueError, "the order of its dimensions does not have each once");
        seen |= UINT64_C(1) << d;
        strides[d] = step;
        step *= shape[d] > 0 ? shape[d] : 1;
    }
    return true;
}

/* t in memory in the order of the tuple: takes t. */
static ag_tensor *in_order(ag_tensor *t, PyObject *tuple)
{
    int64_t strides[AG_MAX_DIMS];
    const ag_arg arg = {.tensor = t};
    const ag_attr attr = {.n_list = ag_ndim(t), .list = strides};
    ag_tensor *ordered = NULL;
    if (read_order(tuple, ag_ndim(t), ag_shape(t), strides) &&
        (ordered = ag_apply(AG_OP_clone, 1, &arg, &attr)) == NULL)
        py_raise();
    ag_release(t);
    return ordered;
}

static PyObject *f_rebuild(PyObject *module, PyObject *const *parts, Py_ssize_t n)
{
    int64_t shape[AG_MAX_DIMS], bytes;
    ag_dtype dtype;
    (void)module;
    if (!check_kind(parts, n) || !read_dtype(parts[DTYPE_NAME], &dtype) || !check_types(parts) ||
        !read_shape(parts[SHAPE], shape, &bytes))
        return NULL;
    ag_tensor *t = tensor_of(parts[VALUES], (int)PyTuple_GET_SIZE(parts[SHAPE]), shape, bytes);
    if (t == NULL)
        return NULL;
    if (n > ORDER && (t = in_order(t, parts[ORDER])) == NULL)
        return NULL;
    if (ag_set_dtype(t, dtype) != AG_OK) {
        ag_release(t);
        refuse(PyExc_ValueError, "its values are none of its dtype");
        return NULL;
    }
    if (ag_set_requires_grad(t, parts[REQUIRES_GRAD] == Py_True) != AG_OK) {
        ag_release(t);
        return py_raise();
    }
    return py_tensor_new_as((PyTypeObject *)parts[CLASS], t);
}

/* ---- tables --------------------------------------------------------------------------------- */

PyMethodDef py_pickle_methods[] = {
    {"__reduce_ex__", m_reduce, METH_O, "For pickle: the values and requires_grad, not the tape."},
    {NULL, NULL, 0, NULL},
};

PyMethodDef py_pickle_functions[] = {
    {"_rebuild", PY_METHOD(f_rebuild), METH_FASTCALL, "What a pickled tensor is made with."},
    {NULL, NULL, 0, NULL},
};
