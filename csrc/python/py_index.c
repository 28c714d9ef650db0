/* SPDX-License-Identifier: MIT
 *
 * tensor[...]: basic indexing with ints, slices, None and Ellipsis. Reading gives a view, one
 * select, slice or unsqueeze after another; assignment writes through such a view.
 */
#include "py_convert.h"
#include "py_errors.h"
#include "py_inplace.h"
#include "py_numpy.h"
#include "py_tensor.h"
#include "py_type.h"

/* The view that is being made, and the dimension that the next part of the index speaks of. */
typedef struct cursor {
    ag_tensor *view;  /* owned */
    int dim;
    bool moved;       /* view is no longer the tensor itself */
} cursor;

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
    enum { PART_INT, PART_SLICE, PART_NONE, PART_ELLIPSIS } kind;
    Py_ssize_t start, stop, step;  /* of a slice as it was written; an int is start */
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
                 "only integers, slices (`:`), ellipsis (`...`) and None are valid indices "
                 "(got %s)", Py_TYPE(part)->tp_name);
    return false;
}

/* A part as numbers. Whatever code its __index__ runs is over when this returns. */
static bool read_part(PyObject *object, index_part *part)
{
    part->start = part->stop = 0;
    part->step = 1;
    if (is_int(object)) {
        part->kind = PART_INT;
        part->start = PyNumber_AsSsize_t(object, PyExc_IndexError);
        return !(part->start == -1 && PyErr_Occurred());
    }
    if (!PySlice_Check(object)) {
        part->kind = object == Py_None ? PART_NONE : PART_ELLIPSIS;
        return object == Py_None || object == Py_Ellipsis || refuse(object);
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
        if (!read_part(objects[i], &parts[i]))
            return -1;
    }
    return n;
}

/* How many dimensions the parts name; -1 if there are two ellipses. */
static int count_named(const index_part *parts, Py_ssize_t n)
{
    int named = 0, ellipses = 0;
    for (Py_ssize_t i = 0; i < n; i++) {
        named += parts[i].kind == PART_INT || parts[i].kind == PART_SLICE;
        ellipses += parts[i].kind == PART_ELLIPSIS;
    }
    if (ellipses <= 1)
        return named;
    PyErr_SetString(PyExc_IndexError, "an index can only have a single ellipsis ('...')");
    return -1;
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
            break;
        case PART_NONE:
            ok = move(c, ag_unsqueeze(c->view, c->dim));
            c->dim++;
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
    *c = (cursor){.view = NULL};
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
    cursor c;
    index_part parts[PARTS_MAX];
    Py_ssize_t n = read_parts(key, parts);
    if (n < 0 || !follow(&c, t, parts, n))
        return NULL;
    if (c.moved)
        return py_result(self, c.view);
    ag_tensor *view = whole(t);
    ag_release(c.view);
    return py_result(self, view);
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

int py_tensor_assign(PyObject *self, PyObject *key, PyObject *value)
{
    if (value == NULL) {
        PyErr_SetString(PyExc_TypeError, "Tensor does not support deleting items");
        return -1;
    }
    /* Key and value are read first, which may run any code, then the tensor is looked at. */
    index_part parts[PARTS_MAX];
    ag_arg arg;
    ag_tensor *made = NULL;
    cursor c;
    Py_ssize_t n = read_parts(key, parts);
    bool done = n >= 0 && py_operand_or_data("__setitem__", "value", value, &arg, &made) &&
                follow(&c, py_tensor_of(self), parts, n);
    if (done) {
        done = py_write(c.view, arg, true);
        ag_release(c.view);
    }
    ag_release(made);
    return done ? 0 : -1;
}
