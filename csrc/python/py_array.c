/* SPDX-License-Identifier: MIT
 *
 * NumPy arrays and nested sequences to tensors, and back.
 */
#include "py_convert.h"
#include "py_args.h"
#include "py_dtype.h"
#include "py_errors.h"
#include "py_numpy.h"
#include "py_tensor.h"

#include <math.h>
#include <string.h>

#define AS_ARRAY(object) ((PyArrayObject *)(object))

#define INTEGER_MAX (1LL << 53)

static bool is_large(long long value) { return value > INTEGER_MAX || value < -INTEGER_MAX; }

/* Whether an int is larger than those that int64 tensors hold; -1 with an exception. */
static int is_large_integer(PyObject *object)
{
    PyObject *index = PyNumber_Index(object);
    int overflow;
    if (index == NULL)
        return -1;
    const long long value = PyLong_AsLongLongAndOverflow(index, &overflow);
    Py_DECREF(index);
    return overflow != 0 || is_large(value);
}

static bool refuse_large(void)
{
    PyErr_SetString(PyExc_OverflowError,
                    "int64 tensors hold integers up to 2 ** 53 in size: larger ones may be rounded "
                    "to numbers of float64 (dtype=)");
    return false;
}

bool py_is_array(PyObject *object)
{
    return PyArray_Check(object);
}

/* ---- sharing an array's memory -------------------------------------------------------------- */

/* The last tensor over an array's memory has gone, on whatever thread. */
static void release_array(void *context)
{
    if (!Py_IsInitialized())  /* at exit: the interpreter took its arrays along */
        return;
    PyGILState_STATE state = PyGILState_Ensure();
    Py_DECREF((PyObject *)context);
    PyGILState_Release(state);
}

/* Whether anybody but the library can get at the array: or else nobody refers to it, not even
 * weakly, and its memory is its own, or that of an array of which the same is true. */
static bool is_shared(void *context)
{
#ifdef Py_GIL_DISABLED
    (void)context;
    return true;  /* another thread may be about to count itself */
#else
    if (!PyGILState_Check())
        return true;
    for (PyObject *object = context;; object = PyArray_BASE(AS_ARRAY(object))) {
        if (!PyArray_CheckExact(object) || Py_REFCNT(object) > 1)
            return true;
        const Py_ssize_t weak = Py_TYPE(object)->tp_weaklistoffset;
        if (weak > 0 && *(PyObject **)(void *)((char *)object + weak) != NULL)
            return true;
        if (PyArray_BASE(AS_ARRAY(object)) == NULL)
            return !PyArray_CHKFLAGS(AS_ARRAY(object), NPY_ARRAY_OWNDATA);
    }
#endif
}

void py_watch_arrays(void)
{
    ag_set_sharing_hook(release_array, is_shared);
}

/* Raises why the memory cannot be shared, if it cannot. */
static bool check_shareable(PyArrayObject *array)
{
    if (PyArray_TYPE(array) != NPY_DOUBLE) {
        PyErr_Format(PyExc_TypeError,
                     "from_numpy() takes arrays of float64, int64 and bool, got %S: tensor() "
                     "converts a copy", (PyObject *)PyArray_DESCR(array));
        return false;
    }
    if (!PyArray_ISNOTSWAPPED(array)) {
        PyErr_SetString(PyExc_ValueError,
                        "given numpy array has byte order different from the native byte order. "
                        "Conversion between byte orders is currently not supported.");
        return false;
    }
    bool fits = PyArray_ISALIGNED(array), negative = false;
    for (int i = 0; i < PyArray_NDIM(array); i++) {
        npy_intp stride = PyArray_STRIDE(array, i);
        negative |= stride < 0;
        fits &= stride % (npy_intp)sizeof(double) == 0;
    }
    if (PyArray_NDIM(array) > AG_MAX_DIMS)
        PyErr_Format(PyExc_ValueError, "at most %d dimensions are supported, got %d", AG_MAX_DIMS,
                     PyArray_NDIM(array));
    else if (negative)
        PyErr_SetString(PyExc_ValueError,
                        "At least one stride in the given numpy array is negative, and tensors "
                        "with negative strides are not supported. (A copy of the array has none: "
                        "array.copy())");
    else if (!fits)
        PyErr_SetString(PyExc_ValueError,
                        "given numpy array strides not a multiple of the element byte size. Copy "
                        "the numpy array to reallocate the memory.");
    return !PyErr_Occurred();
}

static ag_tensor *share(PyArrayObject *array)
{
    int64_t shape[AG_MAX_DIMS], strides[AG_MAX_DIMS];
    int n = PyArray_NDIM(array);
    for (int i = 0; i < n; i++) {
        shape[i] = PyArray_DIM(array, i);
        strides[i] = PyArray_STRIDE(array, i) / (npy_intp)sizeof(double);
    }
    Py_INCREF(array);
    ag_tensor *t = ag_from_memory(PyArray_DATA(array), n, shape, strides,
                                  !PyArray_ISWRITEABLE(array), release_array, array);
    if (t == NULL) {
        Py_DECREF(array);
        py_raise();
        return NULL;
    }
    return t;
}

/* Memory of float64 alone can be shared; of int64 and bool there is a copy. */
ag_tensor *py_tensor_over_array(PyObject *array)
{
    const int type = PyArray_TYPE(AS_ARRAY(array));
    if (type == NPY_BOOL || type == NPY_INT64)
        return py_tensor_copy_array(array);
    return check_shareable(AS_ARRAY(array)) ? share(AS_ARRAY(array)) : NULL;
}

ag_tensor *py_tensor_of_array(PyObject *object)
{
    if (PyArray_TYPE(AS_ARRAY(object)) == NPY_DOUBLE && check_shareable(AS_ARRAY(object)))
        return share(AS_ARRAY(object));
    PyErr_Clear();
    return py_tensor_copy_array(object);
}

/* ---- copying an array ----------------------------------------------------------------------- */

static bool check_real(PyArrayObject *array)
{
    char kind = PyArray_DESCR(array)->kind;
    if (kind == 'f' || kind == 'i' || kind == 'u' || kind == 'b')
        return true;
    PyErr_Format(PyExc_TypeError,
                 "can't convert np.ndarray of type %S: only real numbers and bools are taken",
                 (PyObject *)PyArray_DESCR(array));
    return false;
}

/* Writes an array's values, converted, to `out` with these strides in bytes (NULL: row-major). */
static bool copy_values(PyArrayObject *array, double *out, const npy_intp *strides)
{
    if (!check_real(array))
        return false;
    if (PyArray_SIZE(array) == 0)
        return true;
    if (strides == NULL && PyArray_TYPE(array) == NPY_DOUBLE && PyArray_IS_C_CONTIGUOUS(array) &&
        PyArray_ISBEHAVED_RO(array)) {
        memcpy(out, PyArray_DATA(array), (size_t)PyArray_NBYTES(array));
        return true;
    }
    PyObject *view = PyArray_New(&PyArray_Type, PyArray_NDIM(array), PyArray_DIMS(array),
                                 NPY_DOUBLE, strides, out, 0, NPY_ARRAY_WRITEABLE, NULL);
    if (view == NULL)
        return false;
    int status = PyArray_CopyInto(AS_ARRAY(view), array);
    Py_DECREF(view);
    return status == 0;
}

/* The order in memory is the array's. */
static ag_tensor *empty_like_array(PyArrayObject *array)
{
    int64_t shape[AG_MAX_DIMS], strides[AG_MAX_DIMS];
    int n = PyArray_NDIM(array);
    if (n > AG_MAX_DIMS) {
        PyErr_Format(PyExc_ValueError, "at most %d dimensions are supported, got %d", AG_MAX_DIMS,
                     n);
        return NULL;
    }
    for (int i = 0; i < n; i++) {
        const npy_intp stride = PyArray_STRIDE(array, i);
        shape[i] = PyArray_DIM(array, i);
        strides[i] = stride < 0 ? -stride : stride;
    }
    ag_tensor *t = ag_empty_in_order(n, shape, strides);
    if (t == NULL)
        py_raise();
    return t;
}

/* Whether an array has integers that int64 tensors do not hold; -1 with an exception. Looked at as
 * integers, since 2^53 + 1 is 2^53 as a double. */
static int has_large_integers(PyArrayObject *array)
{
    const char kind = PyArray_DESCR(array)->kind;
    if ((kind != 'i' && kind != 'u') || PyArray_ITEMSIZE(array) < 8)
        return 0;
    PyObject *dense = PyArray_FROM_OTF((PyObject *)array, kind == 'i' ? NPY_INT64 : NPY_UINT64,
                                       NPY_ARRAY_CARRAY_RO);
    if (dense == NULL)
        return -1;
    const void *data = PyArray_DATA(AS_ARRAY(dense));
    const npy_intp n = PyArray_SIZE(AS_ARRAY(dense));
    bool large = false;
    for (npy_intp i = 0; i < n && !large; i++)
        large = kind == 'i' ? is_large(((const int64_t *)data)[i])
                            : ((const uint64_t *)data)[i] > (uint64_t)INTEGER_MAX;
    Py_DECREF(dense);
    return large;
}

ag_tensor *py_tensor_copy_array(PyObject *object)
{
    PyArrayObject *array = AS_ARRAY(object);
    const int large = check_real(array) ? has_large_integers(array) : -1;
    if (large > 0)
        refuse_large();
    ag_tensor *t = large == 0 ? empty_like_array(array) : NULL;
    if (t == NULL)
        return NULL;
    npy_intp strides[AG_MAX_DIMS];
    for (int i = 0; i < ag_ndim(t); i++)
        strides[i] = (npy_intp)(ag_strides(t)[i] * (int64_t)sizeof(double));
    if (copy_values(array, ag_data(t), ag_is_contiguous(t) ? NULL : strides) &&
        (ag_set_dtype(t, py_dtype_of_kind(PyArray_DESCR(array)->kind)) == AG_OK ||
         py_raise() != NULL))
        return t;
    ag_release(t);
    return NULL;
}

/* ---- nested data ---------------------------------------------------------------------------- */

typedef struct nested {
    int ndim;
    int64_t shape[AG_MAX_DIMS];
    ag_dtype dtype;       /* that all of it so far has together */
    bool has_large;       /* an int that no int64 tensor holds */
} nested;

static bool is_sequence(PyObject *object)
{
    return PyList_Check(object) || PyTuple_Check(object) ||
           (PySequence_Check(object) && !PyDict_Check(object) && !PyUnicode_Check(object) &&
            !PyBytes_Check(object) && !PyByteArray_Check(object));
}

static bool add_dim(nested *data, int64_t size)
{
    if (data->ndim == AG_MAX_DIMS) {
        PyErr_Format(PyExc_ValueError, "too many dimensions: at most %d are supported",
                     AG_MAX_DIMS);
        return false;
    }
    data->shape[data->ndim++] = size;
    return true;
}

static bool refuse(PyObject *object, int depth)
{
    const char *type = Py_TYPE(object)->tp_name;
    if (PyUnicode_Check(object) || PyBytes_Check(object)) {
        if (depth == 0)
            PyErr_Format(PyExc_TypeError, "new(): invalid data type '%s'", type);
        else
            PyErr_Format(PyExc_ValueError, "too many dimensions '%s'", type);
    } else {
        PyErr_Format(PyExc_RuntimeError, "Could not infer dtype of %s", type);
    }
    return false;
}

static bool is_leaf_number(PyObject *object)
{
    double value;
    int is_number = py_number(object, &value);
    PyErr_Clear();  /* too large is still a number: reading it says so */
    return is_number != 0;
}

/* Appends the dimensions of a tensor or array; *known: object is one of them. */
static bool block_dims(nested *data, PyObject *object, bool *known)
{
    *known = true;
    if (py_is_tensor(object)) {
        ag_tensor *t = py_tensor_of(object);
        for (int i = 0; i < ag_ndim(t); i++) {
            if (!add_dim(data, ag_shape(t)[i]))
                return false;
        }
    } else if (PyArray_Check(object)) {
        for (int i = 0; i < PyArray_NDIM(AS_ARRAY(object)); i++) {
            if (!add_dim(data, PyArray_DIM(AS_ARRAY(object), i)))
                return false;
        }
    } else {
        *known = false;
    }
    return true;
}

/* The shape that the first elements, the first elements' first elements and so on have. */
static bool infer_shape(nested *data, PyObject *object)
{
    Py_INCREF(object);
    for (;;) {
        bool known;
        bool ok = block_dims(data, object, &known);
        if (!ok || known || is_leaf_number(object)) {
            Py_DECREF(object);
            return ok;
        }
        Py_ssize_t n = is_sequence(object) ? PySequence_Size(object) : -1;
        if (n < 0) {
            if (!PyErr_Occurred())
                refuse(object, data->ndim);
            Py_DECREF(object);
            return false;
        }
        PyObject *first = NULL;
        ok = add_dim(data, n) && (n == 0 || (first = PySequence_GetItem(object, 0)) != NULL);
        Py_DECREF(object);
        if (!ok || n == 0)
            return ok;
        object = first;
    }
}

static bool same_dims(const nested *data, int dim, int n, const int64_t *shape)
{
    if (n != data->ndim - dim)
        return false;
    return memcmp(shape, data->shape + dim, (size_t)n * sizeof *shape) == 0;
}

static bool wrong_block(const nested *data, int dim, PyObject *object)
{
    PyObject *want = py_integer_tuple(data->ndim - dim, data->shape + dim);
    PyObject *got = PyObject_GetAttrString(object, "shape");
    if (want != NULL && got != NULL)
        PyErr_Format(PyExc_ValueError, "expected shape %R at dim %d (got %S)", want, dim, got);
    Py_XDECREF(want);
    Py_XDECREF(got);
    return false;
}

static bool copy_block(nested *data, int dim, PyObject *object, double *out)
{
    int64_t shape[64];
    if (py_is_tensor(object)) {
        ag_tensor *t = py_tensor_of(object);
        data->dtype &= ag_dtype_of(t);
        if (dim > 0 && !py_warn_of_lost_gradient(t))  /* first: a warning may run any code */
            return false;
        if (!same_dims(data, dim, ag_ndim(t), ag_shape(t)))
            return wrong_block(data, dim, object);
        return ag_copy_out(t, out) == AG_OK || py_raise() != NULL;
    }
    PyArrayObject *array = AS_ARRAY(object);
    int n = PyArray_NDIM(array);
    for (int i = 0; i < n; i++)
        shape[i] = PyArray_DIM(array, i);
    data->dtype &= py_dtype_of_kind(PyArray_DESCR(array)->kind);
    const int large = has_large_integers(array);
    if (large < 0)
        return false;
    data->has_large |= large > 0;
    if (!same_dims(data, dim, n, shape))
        return wrong_block(data, dim, object);
    return copy_values(array, out, NULL);
}

static bool copy_number(nested *data, PyObject *object, double *out)
{
    ag_arg number;
    int is_number = py_number_of(object, &number);
    if (is_number < 0)
        return false;
    if (is_number == 0) {
        if (is_sequence(object))
            PyErr_Format(PyExc_TypeError, "expected a number at dim %d (got %s)", data->ndim,
                         Py_TYPE(object)->tp_name);
        else
            refuse(object, data->ndim);
        return false;
    }
    *out = number.value;
    data->dtype &= number.dtype;
    const bool may_be_large = number.dtype == AG_INT64 && fabs(number.value) >= INTEGER_MAX;
    const int large = may_be_large ? is_large_integer(object) : 0;
    data->has_large |= large > 0;
    return large >= 0;
}

static bool copy_nested(nested *data, int dim, PyObject *object, double *out, int64_t numel)
{
    if (py_is_tensor(object) || PyArray_Check(object))
        return copy_block(data, dim, object, out);
    if (dim == data->ndim)
        return copy_number(data, object, out);
    if (!is_sequence(object)) {
        PyErr_Format(PyExc_TypeError, "expected a sequence of length %lld at dim %d (got %s)",
                     (long long)data->shape[dim], dim, Py_TYPE(object)->tp_name);
        return false;
    }
    PyObject *items = PySequence_Fast(object, "expected a sequence");
    if (items == NULL)
        return false;
    int64_t n = data->shape[dim], step = n > 0 ? numel / n : 0;
    bool ok = true;
    for (int64_t i = 0; ok && i < n && i < PySequence_Fast_GET_SIZE(items); i++) {
        PyObject *item = PySequence_Fast_GET_ITEM(items, i);
        Py_INCREF(item);  /* the list may be changed by what reading an item calls */
        ok = copy_nested(data, dim + 1, item, out + i * step, step);
        Py_DECREF(item);
    }
    if (ok && PySequence_Fast_GET_SIZE(items) != n) {
        PyErr_Format(PyExc_ValueError, "expected sequence of length %lld at dim %d (got %zd)",
                     (long long)n, dim, PySequence_Fast_GET_SIZE(items));
        ok = false;
    }
    Py_DECREF(items);
    return ok;
}

/* Read as the dtype that all of it has together. `wanted` is PY_NO_DTYPE or what it is to be made
 * then: to float64 and bool that may be of integers that int64 does not hold. */
static ag_tensor *tensor_of_nested(PyObject *object, int wanted)
{
    nested data = {.ndim = 0, .dtype = AG_BOOL};
    if (!infer_shape(&data, object))
        return NULL;
    ag_tensor *t = ag_empty(data.ndim, data.shape);
    if (t == NULL) {
        py_raise();
        return NULL;
    }
    double nothing;
    int64_t numel = ag_numel(t);
    bool ok = copy_nested(&data, 0, object, numel > 0 ? ag_data(t) : &nothing, numel);
    if (numel == 0 || wanted == AG_FLOAT64 || wanted == AG_BOOL)  /* [] is as float as anything */
        data.dtype = AG_FLOAT64;
    if (ok && data.has_large && data.dtype != AG_FLOAT64)
        ok = refuse_large();
    if (ok && ag_set_dtype(t, data.dtype) != AG_OK)
        ok = py_raise() != NULL;
    if (ok)
        return t;
    ag_release(t);
    return NULL;
}

PyObject *py_array_like(PyObject *object)
{
    if (py_is_tensor(object) || PyArray_CheckAnyScalar(object) || PyUnicode_Check(object) ||
        PyBytes_Check(object) || PyList_CheckExact(object) || PyTuple_CheckExact(object))
        return NULL;
    if (PyArray_Check(object)) {
        Py_INCREF(object);
        return object;
    }
    int converts = PyObject_CheckBuffer(object);
    if (!converts)
        converts = PyObject_HasAttrString((PyObject *)Py_TYPE(object), "__array__");
    return converts ? PyArray_FromAny(object, NULL, 0, 0, 0, NULL) : NULL;
}

static ag_tensor *copy_tensor(ag_tensor *t)
{
    ag_tensor *plain = ag_detach(t), *copy = ag_clone(plain);
    ag_release(plain);
    if (copy == NULL)
        py_raise();
    return copy;
}

ag_tensor *py_as_dtype(ag_tensor *t, int dtype)
{
    if (t == NULL || dtype == PY_NO_DTYPE || ag_dtype_of(t) == dtype)
        return t;
    ag_tensor *cast = ag_cast(t, (ag_dtype)dtype);
    ag_release(t);
    if (cast == NULL)
        py_raise();
    return cast;
}

ag_tensor *py_tensor_from_data(PyObject *object, int dtype)
{
    if (py_is_tensor(object))
        return py_as_dtype(copy_tensor(py_tensor_of(object)), dtype);
    PyObject *array = py_array_like(object);
    if (array == NULL)
        return PyErr_Occurred() ? NULL : py_as_dtype(tensor_of_nested(object, dtype), dtype);
    const char kind = PyArray_DESCR(AS_ARRAY(array))->kind;
    if ((dtype == AG_FLOAT64 || dtype == AG_BOOL) && (kind == 'i' || kind == 'u'))  /* any size */
        Py_SETREF(array, PyArray_FROM_OT(array, NPY_DOUBLE));
    ag_tensor *t = array != NULL ? py_as_dtype(py_tensor_copy_array(array), dtype) : NULL;
    Py_XDECREF(array);
    return t;
}

/* ---- tensors to arrays and lists ------------------------------------------------------------ */

/* A copy, in row-major order. */
static PyObject *copied_array(ag_tensor *t)
{
    npy_intp shape[AG_MAX_DIMS];
    for (int i = 0; i < ag_ndim(t); i++)
        shape[i] = (npy_intp)ag_shape(t)[i];
    const ag_dtype dtype = ag_dtype_of(t);
    PyObject *array = PyArray_SimpleNew(ag_ndim(t), shape, py_numpy_type(dtype));
    if (array == NULL)
        return NULL;
    void *values = PyArray_DATA(AS_ARRAY(array));
    if ((dtype == AG_INT64 ? ag_copy_out_int64(t, values) : ag_copy_out_bool(t, values)) == AG_OK)
        return array;
    Py_DECREF(array);
    return py_raise();
}

static PyObject *array_over(ag_tensor *tensor)
{
    static double no_elements;
    /* The array holds a tensor of its own: the original may be given other memory (`.data = `). */
    PyObject *owner = py_tensor_new(ag_detach(tensor));
    if (owner == NULL)
        return NULL;
    ag_tensor *t = py_tensor_of(owner);
    double *data = ag_numel(t) > 0 ? ag_data(t) : &no_elements;
    npy_intp shape[AG_MAX_DIMS], strides[AG_MAX_DIMS];
    int n = ag_ndim(t);
    for (int i = 0; i < n; i++) {
        shape[i] = (npy_intp)ag_shape(t)[i];
        strides[i] = (npy_intp)(ag_strides(t)[i] * (int64_t)sizeof(double));
    }
    int flags = ag_is_read_only(t) ? 0 : NPY_ARRAY_WRITEABLE;
    PyObject *array = NULL;
    if (data == NULL)
        py_raise();
    else
        array = PyArray_New(&PyArray_Type, n, shape, NPY_DOUBLE, strides, data, 0, flags, NULL);
    if (array == NULL) {
        Py_DECREF(owner);
        return NULL;
    }
    ag_mark_exported(t);
    if (PyArray_SetBaseObject(AS_ARRAY(array), owner) < 0) {  /* takes owner either way */
        Py_DECREF(array);
        return NULL;
    }
    return array;
}

PyObject *py_array_of_tensor(ag_tensor *tensor)
{
    if (ag_dtype_of(tensor) == AG_FLOAT64)
        return array_over(tensor);
    ag_tensor *t = ag_detach(tensor);  /* it stays as it is while other threads run */
    PyObject *array = t != NULL ? copied_array(t) : py_raise();
    ag_release(t);
    return array;
}

static PyObject *list_of(int ndim, const int64_t *shape, const int64_t *strides,
                         const double *data, ag_dtype dtype)
{
    if (ndim == 0)
        return py_scalar_of(*data, dtype);
    PyObject *list = PyList_New((Py_ssize_t)shape[0]);
    for (int64_t i = 0; list != NULL && i < shape[0]; i++) {
        PyObject *item = list_of(ndim - 1, shape + 1, strides + 1,
                                 data != NULL ? data + i * strides[0] : NULL, dtype);
        if (item == NULL) {
            Py_DECREF(list);
            return NULL;
        }
        PyList_SET_ITEM(list, i, item);
    }
    return list;
}

PyObject *py_list_of(ag_tensor *tensor)
{
    /* Making lists may run a collection, that somebody's code, and that may give the tensor other
     * memory: these values stay. */
    ag_tensor *t = ag_detach(tensor);
    const double *data = t != NULL ? ag_data(t) : NULL;
    PyObject *list = NULL;
    if (t == NULL || (data == NULL && ag_numel(t) > 0))
        py_raise();
    else  /* where there are no numbers, sizes and strides may be any, and no place is one */
        list = list_of(ag_ndim(t), ag_shape(t), ag_strides(t), ag_numel(t) > 0 ? data : NULL,
                       ag_dtype_of(t));
    ag_release(t);
    return list;
}

/* ---- operands ------------------------------------------------------------------------------- */

int py_operand(PyObject *object, bool keep, ag_arg *arg, ag_tensor **made)
{
    *made = NULL;
    if (py_is_tensor(object)) {
        *arg = (ag_arg){.tensor = py_tensor_of(object)};
        return 1;
    }
    int is_number = py_number_of(object, arg);
    if (is_number != 0)
        return is_number;
    if (!PyArray_Check(object))
        return 0;
    *made = keep ? py_tensor_copy_array(object) : py_tensor_of_array(object);
    arg->tensor = *made;
    return *made != NULL ? 1 : -1;
}

bool py_operand_or_data(const char *function, const char *argument, PyObject *object, ag_arg *arg,
                        ag_tensor **made)
{
    int known = py_operand(object, ag_grad_enabled(), arg, made);
    if (known == 0 && (PyList_Check(object) || PyTuple_Check(object))) {
        arg->tensor = *made = py_tensor_from_data(object, PY_NO_DTYPE);
        return *made != NULL;
    }
    if (known == 0)
        py_wrong_type(function, argument, "Tensor, array or Number", object);
    return known > 0;
}
