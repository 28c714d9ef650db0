/* SPDX-License-Identifier: MIT
 *
 * What the rows of scans and differences leave to Python's side: see py_bodies.c.
 */
#include "py_errors.h"
#include "py_rows.h"
#include "py_tensor.h"

#include <math.h>
#include <string.h>

/* ---- cumsum, cumprod ------------------------------------------------------------------------ */

static const char *c_name_of(ag_dtype dtype)
{
    return dtype == AG_FLOAT64 ? "double" : dtype == AG_INT64 ? "long int" : "bool";
}

/* There are no sums as bools, and what is written in place stays what it is. */
static bool check_scan(const py_row *row, const void *fields)
{
    const int dtype = ((const py_head *)fields)->dtype;
    const char *name = row->names.function;
    const ag_dtype input = ag_dtype_of(*PY_FIELD_AT(ag_tensor *, row, fields, 0));
    const bool is_write = name[strlen(name) - 1] == '_';
    if (dtype == PY_NO_DTYPE && (!is_write || input != AG_BOOL))
        return true;
    if (dtype != PY_NO_DTYPE && is_write && dtype != (int)input) {
        PyErr_Format(PyExc_RuntimeError,
                     "Bad in-place call: input tensor dtype %s and output tensor dtype %s should "
                     "match", c_name_of(input), c_name_of((ag_dtype)dtype));
        return false;
    }
    if (dtype != PY_NO_DTYPE && dtype != AG_BOOL)
        return true;
    PyErr_Format(PyExc_NotImplementedError,
                 is_write ? "\"%sout_cpu\" not implemented for 'Bool'"
                          : "\"%s_out_cpu\" not implemented for 'Bool'", name);
    return false;
}

bool py_check_cumsum(const py_row *row, const void *fields) { return check_scan(row, fields); }
bool py_check_cumprod(const py_row *row, const void *fields) { return check_scan(row, fields); }

/* ---- unique --------------------------------------------------------------------------------- */

/* The first of three results, and of the others those that are asked for. Takes all. */
static PyObject *asked_for(const py_head *head, ag_tensor **outs, bool inverse, bool counts)
{
    ag_tensor *asked[3] = {outs[0]};
    int n = 1;
    if (inverse)
        asked[n++] = outs[1];
    else
        ag_release(outs[1]);
    if (counts)
        asked[n++] = outs[2];
    else
        ag_release(outs[2]);
    return n == 1 ? py_result(head->first, asked[0]) : py_tensor_tuple(head->first, n, asked);
}

PyObject *py_call_unique_unique(const struct py_unique_unique *a)
{
    ag_tensor *outs[3];
    if (ag_unique(a->input, a->dim, outs) != AG_OK)
        return py_raise();
    return asked_for(&a->head, outs, a->return_inverse, a->return_counts);
}

PyObject *py_call_unique_consecutive_unique_consecutive(
    const struct py_unique_consecutive_unique_consecutive *a)
{
    ag_tensor *outs[3];
    if (ag_unique_consecutive(a->input, a->dim, outs) != AG_OK)
        return py_raise();
    return asked_for(&a->head, outs, a->return_inverse, a->return_counts);
}

/* ---- histogram ------------------------------------------------------------------------------ */

/* Two numbers, or none: NaN. False with an exception. */
static bool read_range(PyObject *range, double *min, double *max)
{
    *min = *max = Py_NAN;
    if (range == NULL)
        return true;
    PyObject *ends = PyTuple_Check(range) || PyList_Check(range) ? PySequence_Tuple(range) : NULL;
    if (ends == NULL)
        return PyErr_Occurred() == NULL ? py_wrong_type("histogram", "range", "tuple of floats",
                                                        range) != NULL : false;
    bool ok = PyTuple_GET_SIZE(ends) == 2;
    if (!ok)
        PyErr_Format(PyExc_RuntimeError, "histogram(): range should have 2 elements, but got %zd",
                     PyTuple_GET_SIZE(ends));
    ok = ok && py_number_argument("histogram", "range", PyTuple_GET_ITEM(ends, 0), min) &&
         py_number_argument("histogram", "range", PyTuple_GET_ITEM(ends, 1), max);
    Py_DECREF(ends);
    if (!ok || !isnan(*min) || !isnan(*max))
        return ok;
    PyErr_SetString(PyExc_RuntimeError, "histogram(): range [nan, nan] is not finite");
    return false;
}

PyObject *py_call_histogram_histogram(const struct py_histogram_histogram *a)
{
    ag_tensor *outs[2];
    double min, max;
    int64_t bins = 100;
    ag_status status;
    const bool are_edges = a->bins != NULL && py_is_tensor(a->bins);
    if (are_edges && a->range != NULL)
        return PyErr_Format(PyExc_TypeError, "histogram(): a range is for a number of bins, and "
                                             "bins is a Tensor");
    if (!are_edges && a->bins != NULL &&
        !py_integer_argument("histogram", "bins", a->bins, &bins))
        return NULL;
    if (!read_range(a->range, &min, &max))
        return NULL;
    if (are_edges)
        status = ag_histogram_between(a->input, py_tensor_of(a->bins), a->weight, a->density, outs);
    else
        status = ag_histogram(a->input, bins, min, max, a->weight, a->density, outs);
    return status == AG_OK ? py_tensor_tuple(a->head.first, 2, outs) : py_raise();
}

/* ---- gradient ------------------------------------------------------------------------------- */

/* How far samples are apart along one of the dimensions. */
typedef struct sampling {
    ag_tensor *places;  /* borrowed, or NULL: */
    double spacing;
} sampling;

static PyObject *fail_spacing(void)
{
    PyErr_SetString(PyExc_RuntimeError, "gradient expected spacing to be unspecified, a scalar, or "
                                        "a list with one number or one tensor for each dimension");
    return NULL;
}

/* A number counts for all dimensions; else there is one for each. False with an exception. */
static bool read_spacing(PyObject *spacing, int n, sampling *samplings)
{
    const bool is_list = spacing != NULL && PyTuple_Check(spacing);
    const bool has_one = spacing == NULL || !is_list;
    if (!has_one && PyTuple_GET_SIZE(spacing) != n)
        return fail_spacing() != NULL;
    for (int k = 0; k < n; k++) {
        PyObject *one = has_one ? spacing : PyTuple_GET_ITEM(spacing, k);
        samplings[k] = (sampling){NULL, 1.0};
        if (one == NULL)
            continue;
        if (is_list && py_is_tensor(one) && ag_ndim(py_tensor_of(one)) > 0)
            samplings[k].places = py_tensor_of(one);
        else if (!py_number_argument("gradient", "spacing", one, &samplings[k].spacing))
            return false;
    }
    return true;
}

/* Those that are out of range are left to C's function to refuse. */
static bool are_different(int n, const int64_t *dims, int ndim)
{
    for (int k = 0; k < n; k++)
        for (int i = 0; i < k; i++) {
            const int64_t one = dims[k] < 0 ? dims[k] + ndim : dims[k];
            const int64_t other = dims[i] < 0 ? dims[i] + ndim : dims[i];
            if (one != other || one >= ndim)
                continue;
            PyErr_Format(PyExc_RuntimeError, "dim %d appears multiple times in the list of dims",
                         (int)one);
            return false;
        }
    return true;
}

static PyObject *gradient_with(const struct py_gradient_gradient *a, PyObject *spacing)
{
    int64_t dims[AG_MAX_DIMS];
    sampling samplings[AG_MAX_DIMS];
    ag_tensor *outs[AG_MAX_DIMS];
    const int ndim = ag_ndim(a->input), n = a->dim.n < 0 ? ndim : a->dim.n;
    for (int k = 0; k < n; k++)
        dims[k] = a->dim.n < 0 ? k : a->dim.list[k];
    if (!read_spacing(spacing, n, samplings) || !are_different(n, dims, ndim))
        return NULL;
    const int edge_order = a->edge_order == 2 ? 2 : a->edge_order == 1 ? 1 : 0;
    for (int k = 0; k < n; k++) {
        outs[k] = ag_gradient_along(a->input, samplings[k].places, samplings[k].spacing,
                                    (int)dims[k], edge_order);
        if (outs[k] != NULL)
            continue;
        while (k > 0)
            ag_release(outs[--k]);
        return py_raise();
    }
    return py_tensor_tuple(a->head.first, n, outs);
}

/* Numbers may be objects whose reading changes a list: it is copied. */
PyObject *py_call_gradient_gradient(const struct py_gradient_gradient *a)
{
    PyObject *spacing = Py_XNewRef(a->spacing);
    if (spacing != NULL && PyList_Check(spacing))
        Py_SETREF(spacing, PySequence_Tuple(spacing));
    PyObject *all = spacing != NULL || a->spacing == NULL ? gradient_with(a, spacing) : NULL;
    Py_XDECREF(spacing);
    return all;
}
