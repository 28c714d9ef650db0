/* SPDX-License-Identifier: MIT
 *
 * out=. The functions that take it are called as if it were not there: what they give is copied,
 * so that `out` may be an operand, too, and nothing is written before all is computed.
 */
#include "py_out.h"

#include "py_args.h"
#include "py_errors.h"
#include "py_dtype.h"
#include "py_tensor.h"

#include <stdlib.h>
#include <string.h>

/* ---- writing -------------------------------------------------------------------------------- */

static bool check_out_dtype(bool is_join, ag_dtype out, ag_dtype result)
{
    if ((out & result) == out)
        return true;
    if (is_join)
        PyErr_Format(PyExc_TypeError, "pyautograd.cat(): input types can't be cast to the desired "
                     "output type %s", py_type_name(out));
    else
        PyErr_Format(PyExc_RuntimeError,
                     "result type %s can't be cast to the desired output type %s",
                     py_type_name(result), py_type_name(out));
    return false;
}

static bool can_write(const char *function, bool is_join, ag_tensor *out, ag_tensor *result)
{
    if (ag_requires_grad(result) || (ag_grad_enabled() && ag_requires_grad(out))) {
        PyErr_Format(PyExc_RuntimeError,
                     "%s(): functions with out=... arguments don't support automatic "
                     "differentiation, but one of the arguments requires grad.", function);
        return false;
    }
    return check_out_dtype(is_join, ag_dtype_of(out), ag_dtype_of(result));
}

static bool have_one_shape(const ag_tensor *out, const ag_tensor *result)
{
    bool same = ag_ndim(out) == ag_ndim(result);
    for (int d = 0; same && d < ag_ndim(out); d++)
        same = ag_shape(out)[d] == ag_shape(result)[d];
    return same;
}

/* Of what can be written. */
static bool write_or_resize(ag_tensor *out, ag_tensor *result)
{
    if (have_one_shape(out, result))
        return ag_copy_(out, result) == AG_OK || py_raise() != NULL;
    ag_tensor *cast = ag_cast(result, ag_dtype_of(out));
    const bool done = cast != NULL && ag_set_data(out, cast) == AG_OK;
    if (!done)
        py_raise();
    ag_release(cast);
    return done;
}

bool py_write_out(const char *function, bool is_join, ag_tensor *out, ag_tensor *result)
{
    if (!can_write(function, is_join, out, result))
        return false;
    if (ag_numel(out) > 0 && !have_one_shape(out, result) &&
        PyErr_WarnEx(PyExc_UserWarning,
                     "An output with one or more elements was resized since it had another shape "
                     "than the result. Reuse it with the right shape, or empty it first: "
                     "out.data = empty(0).", 1) < 0)
        return false;
    return write_or_resize(out, result);
}

PyObject *py_made(const char *function, PyTypeObject *type, const py_head *head, ag_tensor *made)
{
    PyObject *out = head->out;
    if (made != NULL && head->dtype != PY_NO_DTYPE &&
        ag_set_dtype(made, (ag_dtype)head->dtype) != AG_OK) {
        ag_release(made);
        made = NULL;
    }
    if (out == NULL || made == NULL)
        return py_tensor_made(type, made, head->requires_grad);
    const bool done = can_write(function, false, py_tensor_of(out), made) &&
                      write_or_resize(py_tensor_of(out), made);
    ag_release(made);
    if (!done)
        return NULL;
    if (head->requires_grad && ag_set_requires_grad(py_tensor_of(out), true) != AG_OK)
        return py_raise();
    return Py_NewRef(out);
}

/* ---- calls ---------------------------------------------------------------------------------- */

/* In the order of their letters. */
static const char *const functions[] = {
#define TAKES_OUT(name) #name,
#include "../include/ops.def"
};

static int compare(const void *name, const void *row)
{
    return strcmp(name, *(const char *const *)row);
}

static bool takes_out(const char *function)
{
    return bsearch(function, functions, sizeof functions / sizeof functions[0],
                   sizeof functions[0], compare) != NULL;
}

/* The place of out among the names; that behind the last where it is none of them. */
static Py_ssize_t place_of_out(PyObject *names)
{
    Py_ssize_t k = 0;
    while (k < PyTuple_GET_SIZE(names) &&
           PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, k), "out") != 0)
        k++;
    return k;
}

bool py_has_out(const char *function, PyObject *names)
{
    return place_of_out(names) < PyTuple_GET_SIZE(names) && takes_out(function);
}

/* The call without the name at this place. */
static PyObject *call_without(py_function call, PyObject *const *args, Py_ssize_t n,
                              PyObject *names, Py_ssize_t place)
{
    const Py_ssize_t n_names = PyTuple_GET_SIZE(names), rest = n_names - 1;
    PyObject *fewer = rest > 0 ? PyTuple_New(rest) : NULL;
    PyObject **values = PyMem_Malloc(((size_t)(n + rest) + 1) * sizeof *values);
    PyObject *result = NULL;
    if (values == NULL) {
        PyErr_NoMemory();
    } else if (fewer != NULL || rest == 0) {
        for (Py_ssize_t k = 0; k < n + rest; k++)
            values[k] = args[k < n + place ? k : k + 1];
        for (Py_ssize_t k = 0; k < rest; k++)
            PyTuple_SET_ITEM(fewer, k, Py_NewRef(PyTuple_GET_ITEM(names, k + (k >= place))));
        result = call(NULL, values, n, fewer);
    }
    PyMem_Free(values);
    Py_XDECREF(fewer);
    return result;
}

/* Whether `out` is a tensor, or as many of them as the result is. */
static bool check_out(const char *function, PyObject *out, PyObject *result)
{
    if (py_is_tensor(result)) {
        if (!py_is_tensor(out))
            py_wrong_type(function, "out", "Tensor", out);
        return py_is_tensor(out);
    }
    const Py_ssize_t n = PyTuple_GET_SIZE(result);
    bool fits = PyTuple_Check(out) && PyTuple_GET_SIZE(out) == n;
    for (Py_ssize_t k = 0; fits && k < n; k++)
        fits = py_is_tensor(PyTuple_GET_ITEM(out, k));
    if (!fits)
        PyErr_Format(PyExc_TypeError, "%s(): argument 'out' must be a tuple of %zd Tensors, not %s",
                     function, n, Py_TYPE(out)->tp_name);
    return fits;
}

/* The result as it is when it was written: `out`, or a tuple of the result's class. */
static PyObject *written(const char *function, PyObject *out, PyObject *result)
{
    if (py_is_tensor(result))
        return py_write_out(function, false, py_tensor_of(out), py_tensor_of(result))
                   ? Py_NewRef(out) : NULL;
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(result); k++)
        if (!can_write(function, false, py_tensor_of(PyTuple_GET_ITEM(out, k)),
                       py_tensor_of(PyTuple_GET_ITEM(result, k))))
            return NULL;
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(result); k++)
        if (!py_write_out(function, false, py_tensor_of(PyTuple_GET_ITEM(out, k)),
                          py_tensor_of(PyTuple_GET_ITEM(result, k))))
            return NULL;
    return PyTuple_CheckExact(result) ? Py_NewRef(out)
                                      : PyObject_CallOneArg((PyObject *)Py_TYPE(result), out);
}

PyObject *py_call_with_out(const char *function, py_function call, PyObject *const *args,
                           Py_ssize_t n, PyObject *names)
{
    const Py_ssize_t place = place_of_out(names);
    PyObject *const out = args[n + place];
    PyObject *result = call_without(call, args, n, names, place);
    if (result == NULL || out == Py_None)
        return result;
    PyObject *given = check_out(function, out, result) ? written(function, out, result) : NULL;
    Py_DECREF(result);
    return given;
}

/* ---- documentation -------------------------------------------------------------------------- */

#define OUT_DOC \
    "With `out` the result is written there, and that is returned. If its shape is another one,\n" \
    "it is resized, with a warning unless it is empty.\n\n"

static char *put(char *at, const char *text, size_t n)
{
    memcpy(at, text, n);
    return at + n;
}

/* Put together by hand: of hundreds of functions at import, printf takes twice as long. */
const char *py_doc_with_out(const char *function, const char *doc)
{
    const char *end = strstr(doc, ")\n--\n\n"), *raises = strstr(doc, "\nRaises:");
    if (!takes_out(function) || end == NULL || (size_t)(end - doc) > strcspn(doc, "\n"))
        return doc;
    const size_t head = (size_t)(end - doc);
    const char *text = "";
    if (memchr(doc, '*', head) == NULL)
        text = ", *, out=None";
    else if (strstr(doc, "out=") == NULL || strstr(doc, "out=") > end)
        text = ", out=None";
    const char *rest = raises != NULL ? raises + 1 : strstr(doc, "Example:");
    const size_t middle = rest != NULL ? (size_t)(rest - end) : strlen(end);
    const size_t all = strlen(doc) + strlen(text) + sizeof OUT_DOC;
    char *made = PyMem_Malloc(all);
    if (made == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    char *at = put(made, doc, head);
    at = put(at, text, strlen(text));
    at = put(at, end, middle);
    at = put(at, OUT_DOC, strlen(OUT_DOC));
    strcpy(at, rest != NULL ? rest : "");
    return made;
}
