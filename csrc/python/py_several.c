/* SPDX-License-Identifier: MIT
 *
 * Ops with lists of tensors as argument or result: cat, unbind, var_mean.
 */
#include "py_args.h"
#include "py_convert.h"
#include "py_errors.h"
#include "py_ops.h"
#include "py_tensor.h"
#include "py_type.h"

#include <limits.h>

/* ---- lists of tensors ----------------------------------------------------------------------- */

/* The tensors of a tuple or list, as a tuple that owns them. NULL with an exception. */
static PyObject *tensors_argument(const char *function, PyObject *object)
{
    if (object == NULL || !(PyTuple_Check(object) || PyList_Check(object)))
        return py_wrong_type(function, "tensors", "tuple of Tensors",
                             object != NULL ? object : Py_None);
    PyObject *all = PySequence_Tuple(object);
    for (Py_ssize_t k = 0; all != NULL && k < PyTuple_GET_SIZE(all); k++) {
        PyObject *one = PyTuple_GET_ITEM(all, k);
        if (py_is_tensor(one))
            continue;
        PyErr_Format(PyExc_TypeError, "expected Tensor as element %zd in argument 0, but got %s", k,
                     Py_TYPE(one)->tp_name);
        Py_CLEAR(all);
    }
    return all;
}

/* ---- cat ------------------------------------------------------------------------------------ */

/* all: a tuple of tensors, one at least. */
static PyObject *cat_of(PyObject *all, int dim)
{
    const Py_ssize_t n = PyTuple_GET_SIZE(all);
    if (n > INT_MAX) {
        PyErr_SetString(PyExc_OverflowError, "cat(): too many tensors");
        return NULL;
    }
    ag_tensor **tensors = PyMem_Malloc((size_t)n * sizeof *tensors);
    if (tensors == NULL)
        return PyErr_NoMemory();
    for (Py_ssize_t k = 0; k < n; k++)
        tensors[k] = py_tensor_of(PyTuple_GET_ITEM(all, k));
    ag_tensor *joined = ag_cat((int)n, tensors, dim);
    PyMem_Free(tensors);
    return py_tensor_new_as(py_common_type((int)n, PySequence_Fast_ITEMS(all)), joined);
}

static PyObject *cat(const char *name, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    const py_signature s = {name, 2, 1, 2, {"tensors", "dim|axis"}};
    PyObject *v[2];
    int dim = 0;
    if (!py_parse(&s, NULL, args, n, names, v) ||
        (v[1] != NULL && !py_dim_argument(name, "dim", v[1], &dim)))
        return NULL;
    PyObject *all = tensors_argument(name, v[0]);
    if (all == NULL)
        return NULL;
    PyObject *result = NULL;
    if (PyTuple_GET_SIZE(all) == 0)
        PyErr_Format(PyExc_ValueError, "%s(): expected a non-empty list of Tensors", name);
    else
        result = cat_of(all, dim);
    Py_DECREF(all);
    return result;
}

#define CAT(name) \
    static PyObject *f_##name(PyObject *module, PyObject *const *args, Py_ssize_t n, \
                              PyObject *names) \
    { \
        (void)module; \
        return cat(#name, args, n, names); \
    }
CAT(cat)
CAT(concat)
CAT(concatenate)

/* ---- unbind --------------------------------------------------------------------------------- */

static PyObject *unbind_call(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {"unbind", 2, 1, 2, {"input", "dim|axis"}};
    PyObject *v[2];
    ag_tensor *x;
    int dim = 0;
    if (!py_parse(&s, self, args, n, names, v) ||
        (v[1] != NULL && !py_dim_argument("unbind", "dim", v[1], &dim)) ||
        !py_tensor_argument("unbind", "input", v[0], &x))
        return NULL;
    const int ndim = ag_ndim(x), at = dim < 0 ? dim + ndim : dim;
    const int64_t count = at >= 0 && at < ndim ? ag_shape(x)[at] : 0;
    if (count > INT32_MAX)
        return PyErr_NoMemory();
    ag_tensor **results = PyMem_Calloc((size_t)(count > 0 ? count : 1), sizeof *results);
    if (results == NULL)
        return PyErr_NoMemory();
    PyObject *all = ag_unbind(x, dim, (int)count, results) == AG_OK
                        ? py_tensor_tuple(v[0], (int)count, results) : py_raise();
    PyMem_Free(results);
    return all;
}
PY_METHOD_AND_FUNCTION(unbind)

/* ---- var_mean ------------------------------------------------------------------------------- */

static bool warn_of_freedom(const ag_tensor *x, const ag_tensor *result, double correction)
{
    const int64_t n = ag_numel(result);
    if (n == 0 || (double)(ag_numel(x) / n) > correction)
        return true;
    return PyErr_WarnEx(PyExc_UserWarning,
                        "var_mean(): degrees of freedom is <= 0. Correction should be strictly "
                        "less than the reduction factor (input numel divided by output numel).",
                        1) == 0;
}

static PyObject *f_var_mean(PyObject *module, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {"var_mean", 4, 1, 2,
                                   {"input|a|x", "dim|axis", "correction", "keepdim|keepdims"}};
    PyObject *v[4];
    ag_tensor *x, *results[2];
    int n_dims;
    int64_t dims[AG_MAX_DIMS];
    bool keepdim = false;
    double correction = 1.0;
    (void)module;
    if (!py_parse(&s, NULL, args, n, names, v) ||
        !py_dims_argument("var_mean", v[1], &n_dims, dims) ||
        (!py_absent(v[2]) && !py_number_argument("var_mean", "correction", v[2], &correction)) ||
        !py_bool_argument("var_mean", "keepdim", v[3], &keepdim) ||
        !py_tensor_argument("var_mean", "input", v[0], &x))
        return NULL;
    if (ag_var_mean(x, n_dims, dims, correction, keepdim, results) != AG_OK)
        return py_raise();
    const bool go_on = warn_of_freedom(x, results[0], correction);
    PyObject *pair = py_tensor_tuple(v[0], 2, results);
    if (!go_on)
        Py_CLEAR(pair);
    return pair;
}

/* ---- tables --------------------------------------------------------------------------------- */

#define IMPORT_DOC \
    "Example:\n" \
    "    >>> import pyautograd as ag\n"

#define CAT_DOC(name) \
    #name "(tensors, dim=0)\n--\n\n" \
    "Tensors behind each other along one dimension, in which alone their sizes may differ.\n" \
    "\n" \
    "The result has the sum of their sizes there. Empty vectors fit everywhere.\n" \
    "\n" \
    "Raises:\n" \
    "    TypeError: `tensors` is no tuple or list of tensors.\n" \
    "    ValueError: it is empty.\n" \
    "    RuntimeError: the other sizes differ, or a tensor has no dimensions.\n" \
    "    IndexError: there is no such dimension.\n" \
    "\n" \
    IMPORT_DOC \
    "    >>> ag." #name "([ag.ones(2), ag.zeros(1)])\n" \
    "    tensor([1., 1., 0.])\n"

#define UNBIND_DOC \
    "A tuple of views, one of each index of a dimension, which they lack.\n" \
    "\n" \
    "They cannot be written in place where gradients are recorded.\n" \
    "\n" \
    "Raises:\n" \
    "    IndexError: there is no such dimension.\n" \
    "\n" \
    IMPORT_DOC \
    "    >>> ag.tensor([[1.0, 2.0], [3.0, 4.0]]).unbind(1)\n" \
    "    (tensor([1., 3.]), tensor([2., 4.]))\n"

#define VAR_MEAN_DOC \
    "var_mean(input, dim=None, *, correction=1, keepdim=False)\n--\n\n" \
    "Variance and mean over some or all dimensions, as a tuple.\n" \
    "\n" \
    "Of N numbers the squares of what differs from the mean are summed and divided by\n" \
    "N - correction: 1 for a sample (Bessel's correction), 0 for all that there is.\n" \
    "\n" \
    "Raises:\n" \
    "    IndexError: there is no such dimension.\n" \
    "    RuntimeError: a dimension is named twice.\n" \
    "\n" \
    IMPORT_DOC \
    "    >>> ag.var_mean(ag.tensor([1.0, 2.0, 3.0]))\n" \
    "    (tensor(1.), tensor(2.))\n"

PyMethodDef py_several_methods[] = {
    {"unbind", PY_METHOD(m_unbind), PY_KEYWORDS, "unbind($self, dim=0)\n--\n\n" UNBIND_DOC},
    {NULL, NULL, 0, NULL},
};

PyMethodDef py_several_functions[] = {
    {"cat", PY_METHOD(f_cat), PY_KEYWORDS, CAT_DOC(cat)},
    {"concat", PY_METHOD(f_concat), PY_KEYWORDS, CAT_DOC(concat)},
    {"concatenate", PY_METHOD(f_concatenate), PY_KEYWORDS, CAT_DOC(concatenate)},
    {"unbind", PY_METHOD(f_unbind), PY_KEYWORDS, "unbind(input, dim=0)\n--\n\n" UNBIND_DOC},
    {"var_mean", PY_METHOD(f_var_mean), PY_KEYWORDS, VAR_MEAN_DOC},
    {NULL, NULL, 0, NULL},
};
