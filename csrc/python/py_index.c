/* SPDX-License-Identifier: MIT
 *
 * tensor[...]: ints, slices, None and Ellipsis give a view, one select, slice or unsqueeze after
 * another; index tensors (masks, arrays, lists) then read a copy of parts of that view. Assignment
 * writes through the view.
 */
#include "py_convert.h"
#include "py_errors.h"
#include "py_inplace.h"
#include "py_numpy.h"
#include "py_rows.h"
#include "py_tensor.h"
#include "py_type.h"

/* The view that is being made, and the dimension that the next part of the index speaks of. */
typedef struct cursor {
    ag_tensor *view;  /* owned */
    int dim;
    bool moved;       /* view is no longer the tensor itself */
    bool is_indexed;  /* there are index tensors: */
    int n;            /* of so many indices of the view, NULL where it is all of a dimension */
    ag_tensor *indices[AG_MAX_DIMS + 1];  /* borrowed */
} cursor;

/* The next dimension of the view, or several, as the index tensor has it. */
static void note(cursor *c, ag_tensor *index)
{
    if (c->n <= AG_MAX_DIMS)
        c->indices[c->n++] = index;
    c->is_indexed |= index != NULL;
}

/* Takes the next view, NULL on failure. */
static bool move(cursor *c, ag_tensor *next)
{
    if (next == NULL) {
        py_raise();
        return false;
    }
    ag_release(c->view);
    c->view = next;
    c->moved = true;
    return true;
}

static bool out_of_bounds(Py_ssize_t index, int dim, int64_t size)
{
    PyErr_Format(PyExc_IndexError, "index %zd is out of bounds for dimension %d with size %lld",
                 index, dim, (long long)size);
    return false;
}

static bool take_int(cursor *c, Py_ssize_t index, int place)
{
    if (ag_ndim(c->view) == 0) {
        PyErr_SetString(PyExc_IndexError,
                        "invalid index of a 0-dim tensor. Use `tensor.item()` to convert a 0-dim "
                        "tensor to a number");
        return false;
    }
    int64_t size = ag_shape(c->view)[c->dim];
    if (index < -size || index >= size)
        return out_of_bounds(index, place, size);
    return move(c, ag_select(c->view, c->dim, index < 0 ? index + size : index));
}

/* One part of an index, as numbers. */
typedef struct index_part {
    enum { PART_INT, PART_SLICE, PART_NONE, PART_ELLIPSIS, PART_TRUTH, PART_TENSOR } kind;
    Py_ssize_t start, stop, step;  /* of a slice as it was written; an int is start */
    ag_tensor *tensor;             /* owned: an index tensor, or of one bool a mask of it */
} index_part;

/* As many as can be named and put in, and an ellipsis. */
#define PARTS_MAX (2 * AG_MAX_DIMS + 1)

/* A slice that is written as one of everything makes no view; [1:] of nothing and [-2:] of two do,
 * as in PyTorch, so that writes through them are refused where a view is. */
static bool take_slice(cursor *c, const index_part *part)
{
    Py_ssize_t start = part->start, stop = part->stop, step = part->step;
    Py_ssize_t size = (Py_ssize_t)ag_shape(c->view)[c->dim];
    PySlice_AdjustIndices(size, &start, &stop, step);
    int dim = c->dim++;
    note(c, NULL);
    if (part->start == 0 && stop == size && step == 1)
        return true;
    return move(c, ag_slice(c->view, dim, start, stop > start ? stop : start, step));
}

static bool is_int(PyObject *part)
{
    if (py_is_tensor(part))
        return ag_ndim(py_tensor_of(part)) == 0 && ag_dtype_of(py_tensor_of(part)) == AG_INT64;
    if (PyBool_Check(part))
        return false;
    if (PyArray_Check(part))
        return PyArray_NDIM((PyArrayObject *)part) == 0 &&
               PyArray_ISINTEGER((PyArrayObject *)part);
    return PyIndex_Check(part) && !PyArray_IsScalar(part, Bool);
}

static bool refuse(PyObject *part)
{
    PyErr_Format(PyExc_IndexError,
                 "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables "
                 "are valid indices (got %s)", Py_TYPE(part)->tp_name);
    return false;
}

/* One bool: a mask of a dimension of size 1. */
static bool read_truth(bool value, index_part *part)
{
    static const int64_t one = 1;
    part->kind = PART_TRUTH;
    part->tensor = ag_full_as(1, &one, ag_boolean(value), AG_BOOL);
    return part->tensor != NULL || py_raise() != NULL;
}

static bool is_sequence(PyObject *object)
{
    return PyList_Check(object) || PyTuple_Check(object) || PyArray_Check(object) ||
           (PySequence_Check(object) && !PyUnicode_Check(object) && !PyBytes_Check(object));
}

/* Nested lists and arrays as an index tensor: of nothing as one of int64. Owned. */
static ag_tensor *index_of_data(PyObject *object)
{
    ag_tensor *t = py_tensor_from_data(object, PY_NO_DTYPE);
    if (t == NULL || ag_numel(t) > 0 || ag_dtype_of(t) != AG_FLOAT64)
        return t;
    return py_as_dtype(t, AG_INT64);
}

/* An array of uint8 would be a mask in PyTorch, and numbers in NumPy. */
static bool is_clear(PyObject *object)
{
    if (!PyArray_Check(object) || PyArray_TYPE((PyArrayObject *)object) != NPY_UINT8)
        return true;
    PyErr_SetString(PyExc_IndexError, "arrays of uint8 are no indices: convert them to bool, if "
                                      "they are masks, or to int64");
    return false;
}

/* Index tensors, and what can be read as one. */
static bool read_tensor(PyObject *object, index_part *part)
{
    if (PyBool_Check(object))
        return read_truth(object == Py_True, part);
    if (py_is_tensor(object))
        part->tensor = ag_retain(py_tensor_of(object));
    else if (!is_sequence(object))
        return refuse(object);
    else if (!is_clear(object) || (part->tensor = index_of_data(object)) == NULL)
        return false;
    part->kind = PART_TENSOR;
    if (ag_ndim(part->tensor) > 0 || ag_dtype_of(part->tensor) != AG_BOOL)
        return true;
    double value = 0.0;
    const bool done = ag_item(part->tensor, &value) == AG_OK;
    ag_release(part->tensor);
    part->tensor = NULL;
    return done ? read_truth(value != 0.0, part) : py_raise() != NULL;
}

static void release_parts(index_part *parts, Py_ssize_t n)
{
    for (Py_ssize_t i = 0; i < n; i++)
        ag_release(parts[i].tensor);
}

/* A part as numbers. Whatever code its __index__ runs is over when this returns. */
static bool read_part(PyObject *object, index_part *part)
{
    part->start = part->stop = 0;
    part->step = 1;
    part->tensor = NULL;
    if (is_int(object)) {
        part->kind = PART_INT;
        part->start = PyNumber_AsSsize_t(object, PyExc_IndexError);
        return !(part->start == -1 && PyErr_Occurred());
    }
    if (!PySlice_Check(object)) {
        part->kind = object == Py_None ? PART_NONE : PART_ELLIPSIS;
        return object == Py_None || object == Py_Ellipsis || read_tensor(object, part);
    }
    part->kind = PART_SLICE;
    if (PySlice_Unpack(object, &part->start, &part->stop, &part->step) < 0)
        return false;
    if (part->step > 0)
        return true;
    PyErr_SetString(PyExc_ValueError, "step must be greater than zero");
    return false;
}

/* Reads all parts of a key, before the tensor is looked at. Their number, or -1. */
static Py_ssize_t read_parts(PyObject *key, index_part parts[PARTS_MAX])
{
    PyObject *const *objects = &key;
    Py_ssize_t n = 1;
    if (PyTuple_Check(key)) {
        objects = &PyTuple_GET_ITEM(key, 0);
        n = PyTuple_GET_SIZE(key);
    }
    if (n > PARTS_MAX) {
        PyErr_Format(PyExc_IndexError, "too many indices: at most %d, got %zd", PARTS_MAX, n);
        return -1;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        if (!read_part(objects[i], &parts[i])) {
            release_parts(parts, i);
            return -1;
        }
    }
    return n;
}

/* How many dimensions the parts name; -1 if there are two ellipses. */
static int count_named(const index_part *parts, Py_ssize_t n)
{
    int named = 0, ellipses = 0;
    for (Py_ssize_t i = 0; i < n; i++) {
        if (parts[i].kind == PART_TENSOR)
            named += ag_dtype_of(parts[i].tensor) == AG_BOOL ? ag_ndim(parts[i].tensor) : 1;
        named += parts[i].kind == PART_INT || parts[i].kind == PART_SLICE;
        ellipses += parts[i].kind == PART_ELLIPSIS;
    }
    if (ellipses <= 1)
        return named;
    PyErr_SetString(PyExc_IndexError, "an index can only have a single ellipsis ('...')");
    return -1;
}

/* An index tensor stands for the next dimension, a mask for as many as it has. */
static void take_tensor(cursor *c, ag_tensor *index)
{
    note(c, index);
    c->dim += ag_dtype_of(index) == AG_BOOL ? ag_ndim(index) : 1;
}

static bool take_parts(cursor *c, const index_part *parts, Py_ssize_t n, int hidden)
{
    int place = 0;  /* of a dimension in the tensor itself, for messages */
    for (Py_ssize_t i = 0; i < n; i++) {
        bool ok = true;
        switch (parts[i].kind) {
        case PART_ELLIPSIS:
            c->dim += hidden;
            place += hidden;
            for (int k = 0; k < hidden; k++)
                note(c, NULL);
            break;
        case PART_NONE:
            ok = move(c, ag_unsqueeze(c->view, c->dim));
            c->dim++;
            note(c, NULL);
            break;
        case PART_TRUTH:
            ok = move(c, ag_unsqueeze(c->view, c->dim));
            take_tensor(c, parts[i].tensor);
            break;
        case PART_TENSOR:
            place += ag_dtype_of(parts[i].tensor) == AG_BOOL ? ag_ndim(parts[i].tensor) : 1;
            take_tensor(c, parts[i].tensor);
            break;
        case PART_SLICE:
            ok = take_slice(c, &parts[i]);
            place++;
            break;
        default:
            ok = take_int(c, parts[i].start, place);
            place++;
        }
        if (!ok)
            return false;
    }
    return true;
}

/* The view that n parts name, in *c: of the tensor itself if they name all of it. */
static bool follow(cursor *c, ag_tensor *t, const index_part *parts, Py_ssize_t n)
{
    c->view = NULL;  /* one by one: the list behind them is filled as it grows */
    c->dim = c->n = 0;
    c->moved = c->is_indexed = false;
    int named = count_named(parts, n);
    if (named < 0)
        return false;
    if (named > ag_ndim(t) && ag_ndim(t) > 0) {
        PyErr_Format(PyExc_IndexError, "too many indices for tensor of dimension %d", ag_ndim(t));
        return false;
    }
    if (named > 0 && ag_ndim(t) == 0) {
        cursor nothing = {.view = t};
        return take_int(&nothing, 0, 0);  /* says that there is no dimension */
    }
    c->view = ag_retain(t);
    if (take_parts(c, parts, n, ag_ndim(t) - named))
        return true;
    ag_release(c->view);
    return false;
}

/* All of t, as a view of its own. */
static ag_tensor *whole(ag_tensor *t)
{
    if (ag_ndim(t) == 0)
        return ag_view(t, 0, NULL);
    return ag_slice(t, 0, 0, ag_shape(t)[0], 1);
}

/* What n parts name. */
static PyObject *read_parts_of(PyObject *self, ag_tensor *t, const index_part *parts, Py_ssize_t n)
{
    cursor c;
    if (!follow(&c, t, parts, n))
        return NULL;
    if (c.moved && !c.is_indexed)
        return py_result(self, c.view);
    ag_tensor *found = c.is_indexed ? ag_index(c.view, c.n, c.indices) : whole(t);
    ag_release(c.view);
    return py_result(self, found);
}

PyObject *py_tensor_subscript(PyObject *self, PyObject *key)
{
    ag_tensor *t = py_tensor_of(self);
    if (PY_LIKELY(PyLong_CheckExact(key) && ag_ndim(t) > 0)) {
        Py_ssize_t index = PyLong_AsSsize_t(key);
        int64_t size = ag_shape(t)[0];
        if (PY_LIKELY(index >= -size && index < size && !(index == -1 && PyErr_Occurred())))
            return py_result(self, ag_select(t, 0, index < 0 ? index + size : index));
        PyErr_Clear();  /* said again, and better, below */
    }
    index_part parts[PARTS_MAX];
    Py_ssize_t n = read_parts(key, parts);
    if (n < 0)
        return NULL;
    PyObject *result = read_parts_of(self, t, parts, n);
    release_parts(parts, n);
    return result;
}

PyObject *py_tensor_item(PyObject *self, Py_ssize_t index)
{
    ag_tensor *t = py_tensor_of(self);
    if (ag_ndim(t) == 0) {
        PyErr_SetString(PyExc_TypeError, "iteration over a 0-d tensor");
        return NULL;
    }
    if (index < 0 || index >= ag_shape(t)[0]) {
        out_of_bounds(index, 0, ag_shape(t)[0]);
        return NULL;
    }
    return py_result(self, ag_select(t, 0, index));
}

/* The value without leading dimensions of size 1, as assignment wants it, and where it is no tensor
 * of the caller's, of the target's dtype. Owned. */
static ag_tensor *fitted_value(const ag_tensor *target, ag_tensor *value, bool is_made)
{
    int64_t dims[AG_MAX_DIMS];
    int n = 0;
    while (n < ag_ndim(value) && ag_shape(value)[n] == 1) {
        dims[n] = n;
        n++;
    }
    ag_tensor *own = n > 0 ? ag_squeeze(value, n, dims) : ag_retain(value);
    ag_tensor *cast = own != NULL && is_made ? ag_cast(own, ag_dtype_of(target)) : ag_retain(own);
    ag_release(own);
    return cast;
}

/* Writes to the places that index tensors name. */
static bool write_indexed(const cursor *c, ag_arg value, bool is_made)
{
    ag_tensor *own = NULL;
    if (value.tensor != NULL) {
        own = fitted_value(c->view, value.tensor, is_made);
        if (own == NULL)
            return py_raise() != NULL;
        value = ag_operand(own);
    }
    const bool done = ag_index_put_(c->view, c->n, c->indices, value, false) == AG_OK;
    ag_release(own);
    return done || py_raise() != NULL;
}

int py_tensor_assign(PyObject *self, PyObject *key, PyObject *value)
{
    if (value == NULL) {
        PyErr_SetString(PyExc_TypeError, "Tensor does not support deleting items");
        return -1;
    }
    if (key == Py_False)
        return 0;  /* nothing is named */
    /* Key and value are read first, which may run any code, then the tensor is looked at. */
    index_part parts[PARTS_MAX];
    ag_arg arg;
    ag_tensor *made = NULL;
    cursor c;
    Py_ssize_t n = read_parts(key, parts);
    bool done = n >= 0 && py_operand_or_data("__setitem__", "value", value, &arg, &made) &&
                follow(&c, py_tensor_of(self), parts, n);
    if (done) {
        done = c.is_indexed ? write_indexed(&c, arg, made != NULL) : py_write(c.view, arg, true);
        ag_release(c.view);
    }
    if (n > 0)
        release_parts(parts, n);
    ag_release(made);
    return done ? 0 : -1;
}

/* ---- index_put ------------------------------------------------------------------------------ */

/* A tuple or list of index tensors: their number, -1 with an exception. Borrowed from *all, a new
 * reference. */
static int read_indices(const char *function, PyObject *object, PyObject **all,
                        ag_tensor *indices[AG_MAX_DIMS])
{
    if (!PyTuple_Check(object) && !PyList_Check(object)) {
        py_wrong_type(function, "indices", "tuple of Tensors", object);
        return -1;
    }
    *all = PySequence_Tuple(object);
    if (*all == NULL)
        return -1;
    const Py_ssize_t n = PyTuple_GET_SIZE(*all);
    for (Py_ssize_t k = 0; k < n; k++) {
        PyObject *one = PyTuple_GET_ITEM(*all, k);
        if (n > AG_MAX_DIMS || !py_is_tensor(one)) {
            if (n > AG_MAX_DIMS)
                PyErr_Format(PyExc_IndexError, "too many indices: at most %d, got %zd",
                             AG_MAX_DIMS, n);
            else
                PyErr_Format(PyExc_TypeError, "expected Tensor as element %zd in argument 0, but "
                             "got %s", k, Py_TYPE(one)->tp_name);
            Py_CLEAR(*all);
            return -1;
        }
        indices[k] = py_tensor_of(one);
    }
    return (int)n;
}

PyObject *py_call_index_put_index_put(const struct py_index_put_index_put *a)
{
    ag_tensor *indices[AG_MAX_DIMS];
    PyObject *all = NULL;
    const int n = read_indices("index_put", a->indices, &all, indices);
    if (n < 0)
        return NULL;
    PyObject *result = py_result(a->head.first, ag_index_put(a->input, n, indices,
                                                             ag_operand(a->values), a->accumulate));
    Py_DECREF(all);
    return result;
}

PyObject *py_call_index_put__index_put_in_place(const struct py_index_put__index_put_in_place *a)
{
    ag_tensor *indices[AG_MAX_DIMS];
    PyObject *all = NULL;
    const int n = read_indices("index_put_", a->indices, &all, indices);
    if (n < 0)
        return NULL;
    const bool done =
        ag_index_put_(a->input, n, indices, ag_operand(a->values), a->accumulate) == AG_OK;
    Py_DECREF(all);
    return done ? Py_NewRef(a->head.first) : py_raise();
}
