/* SPDX-License-Identifier: MIT
 *
 * Shapes changed: views, reshape and copies, as methods and as functions of the module.
 */
#include "py_args.h"
#include "py_convert.h"
#include "py_errors.h"
#include "py_ops.h"
#include "py_tensor.h"
#include "py_type.h"

/* Sizes or dims given as f(2, 3), f((2, 3)) or f(name=(2, 3)). Their number, or -1. */
static int integer_arguments(const char *function, const char *name, PyObject *const *args,
                             Py_ssize_t n, PyObject *names, int64_t *list)
{
    if (PY_LIKELY(names == NULL && n > 0))
        return py_integers(function, name, n, args, list);
    const py_signature s = {function, 1, 1, 1, {name}};
    PyObject *value;
    if (!py_parse(&s, NULL, args, n, names, &value))
        return -1;
    return py_integers(function, name, 1, &value, list);
}

/* f(input, name) of the module, where name is a tuple (or a lone int). */
static int input_and_integers(const char *function, const char *name, PyObject *const *args,
                              Py_ssize_t n, PyObject *names, PyObject **input, int64_t *list)
{
    const py_signature s = {function, 2, 2, 2, {"input", name}};
    PyObject *v[2];
    ag_tensor *x;
    if (!py_parse(&s, NULL, args, n, names, v) || !py_tensor_argument(function, "input", v[0], &x))
        return -1;
    *input = v[0];
    return py_integers(function, name, 1, &v[1], list);
}

typedef ag_tensor *(*list_view)(ag_tensor *x, int n, const int64_t *list);

static PyObject *view_method(const char *function, const char *name, list_view call, PyObject *self,
                             PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    int64_t list[AG_MAX_DIMS];
    int count = integer_arguments(function, name, args, n, names, list);
    if (count < 0)
        return NULL;
    return py_result_or_self(self, call(py_tensor_of(self), count, list));
}

static PyObject *view_function(const char *function, const char *name, list_view call,
                               PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    int64_t list[AG_MAX_DIMS];
    PyObject *input = NULL;
    int count = input_and_integers(function, name, args, n, names, &input, list);
    if (count < 0)
        return NULL;
    return py_result_or_self(input, call(py_tensor_of(input), count, list));
}

#define VIEW_METHOD(name, argument, call) \
    static PyObject *m_##name(PyObject *self, PyObject *const *args, Py_ssize_t n, \
                              PyObject *names) \
    { \
        return view_method(#name, argument, call, self, args, n, names); \
    }
#define VIEW_FUNCTION(name, argument, call) \
    static PyObject *f_##name(PyObject *module, PyObject *const *args, Py_ssize_t n, \
                              PyObject *names) \
    { \
        (void)module; \
        return view_function(#name, argument, call, args, n, names); \
    }
VIEW_METHOD(view, "size|shape", ag_view)
VIEW_METHOD(reshape, "shape", ag_reshape)
VIEW_METHOD(permute, "dims", ag_permute)
VIEW_METHOD(expand, "size", ag_expand)
VIEW_METHOD(broadcast_to, "size", ag_expand)
VIEW_FUNCTION(reshape, "shape", ag_reshape)
VIEW_FUNCTION(permute, "dims", ag_permute)
VIEW_FUNCTION(broadcast_to, "size|shape", ag_expand)

static PyObject *shape_like(const char *function, list_view call, PyObject *self,
                            PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    const py_signature s = {function, 2, 2, 2, {"input", "other"}};
    PyObject *v[2];
    ag_tensor *other;
    if (!py_parse(&s, self, args, n, names, v) ||
        !py_tensor_argument(function, "other", v[1], &other))
        return NULL;
    return py_result_or_self(self, call(py_tensor_of(self), ag_ndim(other), ag_shape(other)));
}

#define LIKE_METHOD(name, call) \
    static PyObject *m_##name(PyObject *self, PyObject *const *args, Py_ssize_t n, \
                              PyObject *names) \
    { \
        return shape_like(#name, call, self, args, n, names); \
    }
LIKE_METHOD(view_as, ag_view)
LIKE_METHOD(reshape_as, ag_reshape)
LIKE_METHOD(expand_as, ag_expand)

/* ---- dims by name --------------------------------------------------------------------------- */

/* The input and up to two dims; those that are not given keep their value. */
static bool input_and_dims(const py_signature *s, PyObject *self, PyObject *const *args,
                           Py_ssize_t n, PyObject *names, PyObject **v, ag_tensor **x, int *dims)
{
    if (!py_parse(s, self, args, n, names, v) || !py_tensor_argument(s->function, "input", v[0], x))
        return false;
    for (int i = 1; i < s->n; i++) {
        if (v[i] != NULL && !py_dim_argument(s->function, "dim", v[i], &dims[i - 1]))
            return false;
    }
    return true;
}

static PyObject *flatten_call(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {"flatten", 3, 1, 3, {"input", "start_dim", "end_dim"}};
    PyObject *v[3];
    ag_tensor *x;
    int dims[2] = {0, -1};
    if (!input_and_dims(&s, self, args, n, names, v, &x, dims))
        return NULL;
    return py_result_or_self(v[0], ag_flatten(x, dims[0], dims[1]));
}
PY_METHOD_AND_FUNCTION(flatten)

static PyObject *ravel_call(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {"ravel", 1, 1, 1, {"input"}};
    PyObject *v[1];
    ag_tensor *x;
    if (!input_and_dims(&s, self, args, n, names, v, &x, NULL))
        return NULL;
    return py_result_or_self(v[0], ag_flatten(x, 0, -1));
}
PY_METHOD_AND_FUNCTION(ravel)

static PyObject *transpose_named(const py_signature *s, PyObject *self, PyObject *const *args,
                                 Py_ssize_t n, PyObject *names)
{
    PyObject *v[3];
    ag_tensor *x;
    int dims[2];
    if (!input_and_dims(s, self, args, n, names, v, &x, dims))
        return NULL;
    return py_result(v[0], ag_transpose(x, dims[0], dims[1]));
}

#define TRANSPOSE(name, dim0, dim1) \
    static PyObject *name##_call(PyObject *self, PyObject *const *args, Py_ssize_t n, \
                                 PyObject *names) \
    { \
        static const py_signature s = {#name, 3, 3, 3, {"input", dim0, dim1}}; \
        return transpose_named(&s, self, args, n, names); \
    } \
    PY_METHOD_AND_FUNCTION(name)
TRANSPOSE(transpose, "dim0", "dim1")
TRANSPOSE(swapaxes, "axis0|dim0", "axis1|dim1")
TRANSPOSE(swapdims, "dim0", "dim1")

static PyObject *squeeze_call(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {"squeeze", 2, 1, 2, {"input", "dim|axis"}};
    PyObject *v[2];
    ag_tensor *x;
    int n_dims = -1;
    int64_t dims[AG_MAX_DIMS];
    if (!py_parse(&s, self, args, n, names, v) || !py_tensor_argument("squeeze", "input", v[0], &x))
        return NULL;
    if (!py_absent(v[1])) {
        n_dims = py_integers("squeeze", "dim", 1, &v[1], dims);
        if (n_dims < 0)
            return NULL;
    }
    return py_result_or_self(v[0], ag_squeeze(x, n_dims, dims));
}
PY_METHOD_AND_FUNCTION(squeeze)

static PyObject *unsqueeze_call(PyObject *self, PyObject *const *args, Py_ssize_t n,
                                PyObject *names)
{
    static const py_signature s = {"unsqueeze", 2, 2, 2, {"input", "dim|axis"}};
    PyObject *v[2];
    ag_tensor *x;
    int dim = 0;
    if (!input_and_dims(&s, self, args, n, names, v, &x, &dim))
        return NULL;
    return py_result(v[0], ag_unsqueeze(x, dim));
}
PY_METHOD_AND_FUNCTION(unsqueeze)

static PyObject *m_t(PyObject *self, PyObject *unused)
{
    (void)unused;
    return py_result_or_self(self, ag_t(py_tensor_of(self)));
}

static PyObject *m_clone(PyObject *self, PyObject *unused)
{
    (void)unused;
    return py_result(self, ag_clone(py_tensor_of(self)));
}

static PyObject *m_contiguous(PyObject *self, PyObject *unused)
{
    (void)unused;
    return py_result_or_self(self, ag_contiguous(py_tensor_of(self)));
}

#define INPUT_FUNCTION(name) \
    static PyObject *f_##name(PyObject *module, PyObject *const *args, Py_ssize_t n, \
                              PyObject *names) \
    { \
        static const py_signature s = {#name, 1, 1, 1, {"input"}}; \
        PyObject *input; \
        ag_tensor *x; \
        (void)module; \
        if (!py_parse(&s, NULL, args, n, names, &input) || \
            !py_tensor_argument(#name, "input", input, &x)) \
            return NULL; \
        return m_##name(input, NULL); \
    }
INPUT_FUNCTION(t)
INPUT_FUNCTION(clone)

#include "py_view_doc.h"

#define SHARED_ROW(kind, first, name, arguments, doc) \
    {#name, PY_METHOD(kind##_##name), PY_KEYWORDS, #name "(" first arguments ")\n--\n\n" doc}
#define METHOD_ROW(name, arguments, doc) SHARED_ROW(m, "$self, ", name, arguments, doc)
#define FUNCTION_ROW(name, arguments, doc) SHARED_ROW(f, "input, ", name, arguments, doc)

PyMethodDef py_view_methods[] = {
    METHOD_ROW(view, "*shape", VIEW_DOC),
    METHOD_ROW(reshape, "*shape", RESHAPE_DOC),
    METHOD_ROW(permute, "*dims", PERMUTE_DOC),
    METHOD_ROW(expand, "*sizes", EXPAND_DOC),
    METHOD_ROW(broadcast_to, "*size", BROADCAST_TO_DOC),
    METHOD_ROW(view_as, "other", LIKE_DOC(view)),
    METHOD_ROW(reshape_as, "other", LIKE_DOC(reshape)),
    METHOD_ROW(expand_as, "other", LIKE_DOC(expand)),
    METHOD_ROW(flatten, "start_dim=0, end_dim=-1", FLATTEN_DOC),
    {"ravel", PY_METHOD(m_ravel), PY_KEYWORDS, "ravel($self)\n--\n\n" RAVEL_DOC},
    METHOD_ROW(transpose, "dim0, dim1", TRANSPOSE_DOC(transpose)),
    METHOD_ROW(swapaxes, "axis0, axis1", TRANSPOSE_DOC(swapaxes)),
    METHOD_ROW(swapdims, "dim0, dim1", TRANSPOSE_DOC(swapdims)),
    METHOD_ROW(squeeze, "dim=None", SQUEEZE_DOC),
    METHOD_ROW(unsqueeze, "dim", UNSQUEEZE_DOC),
    {"t", m_t, METH_NOARGS, "t($self, /)\n--\n\n" T_DOC},
    {"clone", m_clone, METH_NOARGS, "clone($self, /)\n--\n\n" CLONE_DOC},
    {"contiguous", m_contiguous, METH_NOARGS, "contiguous($self, /)\n--\n\n" CONTIGUOUS_DOC},
    {NULL, NULL, 0, NULL},
};

PyMethodDef py_view_functions[] = {
    FUNCTION_ROW(reshape, "shape", RESHAPE_DOC),
    FUNCTION_ROW(permute, "dims", PERMUTE_DOC),
    FUNCTION_ROW(broadcast_to, "size", BROADCAST_TO_DOC),
    FUNCTION_ROW(flatten, "start_dim=0, end_dim=-1", FLATTEN_DOC),
    {"ravel", PY_METHOD(f_ravel), PY_KEYWORDS, "ravel(input)\n--\n\n" RAVEL_DOC},
    FUNCTION_ROW(transpose, "dim0, dim1", TRANSPOSE_DOC(transpose)),
    FUNCTION_ROW(swapaxes, "axis0, axis1", TRANSPOSE_DOC(swapaxes)),
    FUNCTION_ROW(swapdims, "dim0, dim1", TRANSPOSE_DOC(swapdims)),
    FUNCTION_ROW(squeeze, "dim=None", SQUEEZE_DOC),
    FUNCTION_ROW(unsqueeze, "dim", UNSQUEEZE_DOC),
    {"t", PY_METHOD(f_t), PY_KEYWORDS, "t(input)\n--\n\n" T_DOC},
    {"clone", PY_METHOD(f_clone), PY_KEYWORDS, "clone(input)\n--\n\n" CLONE_DOC},
    {NULL, NULL, 0, NULL},
};
