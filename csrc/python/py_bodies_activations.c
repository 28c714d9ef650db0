/* SPDX-License-Identifier: MIT
 *
 * What rows of activations leave to Python's side: what PyTorch says of their arguments, and those
 * of which the module and nn.functional have different signatures.
 */
#include <float.h>

#include "py_errors.h"
#include "py_rows.h"
#include "py_tensor.h"

/* ---- what is checked ------------------------------------------------------------------------ */

static bool has_width(double alpha)
{
    if (alpha != 0.0)
        return true;
    PyErr_SetString(PyExc_RuntimeError, "ZeroDivisionError: alpha cannot be 0 for CELU");
    return false;
}

bool py_check_celu(const py_row *row, const void *fields)
{
    return has_width(*PY_FIELD_AT(double, row, fields, 1));
}

bool py_check_softshrink(const py_row *row, const void *fields)
{
    const double lambd = *PY_FIELD_AT(double, row, fields, 1);
    if (lambd >= 0.0 && lambd <= DBL_MAX)
        return true;
    PyObject *number = PyFloat_FromDouble(lambd);
    if (number != NULL)
        PyErr_Format(PyExc_RuntimeError,
                     "lambda must be greater or equal to 0 and finite, but found to be %S.",
                     number);
    Py_XDECREF(number);
    return false;
}

bool py_check_hardtanh(const py_row *row, const void *fields)
{
    if (!(*PY_FIELD_AT(double, row, fields, 1) > *PY_FIELD_AT(double, row, fields, 2)))
        return true;
    PyErr_SetString(PyExc_ValueError, "min_val cannot be greater than max_val");
    return false;
}

bool py_check_prelu(const py_row *row, const void *fields)
{
    const ag_dtype dtype = ag_dtype_of(*PY_FIELD_AT(ag_tensor *, row, fields, 0));
    const ag_dtype of_weight = ag_dtype_of(*PY_FIELD_AT(ag_tensor *, row, fields, 1));
    if (dtype == of_weight)
        return true;
    PyErr_Format(PyExc_RuntimeError, "prelu: Type promoting not supported. Got %s and %s",
                 py_type_name(dtype), py_type_name(of_weight));
    return false;
}

/* ---- functions of nn.functional ------------------------------------------------------------- */

static PyObject *activation(ag_op op, const py_head *head, ag_tensor *x, double p, double q)
{
    const ag_arg arg = ag_operand(x);
    const ag_attr attr = {.f = {p, q}};
    if (head->in_place)
        return ag_apply_(op, 1, &arg, &attr) == AG_OK ? Py_NewRef(head->first) : py_raise();
    return py_result(head->first, ag_apply(op, 1, &arg, &attr));
}

PyObject *py_call_celu_functional_celu(const struct py_celu_functional_celu *a)
{
    return has_width(a->alpha) ? activation(AG_OP_celu, &a->head, a->input, a->alpha, 0.0) : NULL;
}

PyObject *py_call_selu_functional_selu(const struct py_selu_functional_selu *a)
{
    return activation(AG_OP_selu, &a->head, a->input, 0.0, 0.0);
}

PyObject *py_call_threshold_functional_threshold(const struct py_threshold_functional_threshold *a)
{
    return activation(AG_OP_threshold, &a->head, a->input, a->threshold, a->value);
}
