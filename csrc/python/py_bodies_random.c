/* SPDX-License-Identifier: MIT
 *
 * What random functions look at before they draw numbers: so that a wrong call uses none up.
 */
#include "py_dtype.h"
#include "py_errors.h"
#include "py_ops.h"
#include "py_rows.h"
#include "py_tensor.h"

/* ---- normal --------------------------------------------------------------------------------- */

/* Whether real numbers are asked for. Deviations that are none are the C function's to refuse. */
static bool are_real(const py_head *head)
{
    const int dtype = head->out != NULL ? (int)ag_dtype_of(py_tensor_of(head->out)) : head->dtype;
    if (dtype == PY_NO_DTYPE || dtype == AG_FLOAT64)
        return true;
    PyErr_Format(PyExc_NotImplementedError, "\"normal_cpu\" not implemented for '%s'",
                 py_type_name((ag_dtype)dtype));
    return false;
}

bool py_check_normal(const py_row *row, const void *fields)
{
    (void)row;
    return are_real(fields);
}

bool py_check_normal_scalar(const py_row *row, const void *fields)
{
    return !(*PY_FIELD_AT(double, row, fields, 1) >= 0.0) || are_real(fields);
}

bool py_check_scalar_normal(const py_row *row, const void *fields)
{
    (void)row;
    return are_real(fields);
}

bool py_check_normal_of_size(const py_row *row, const void *fields)
{
    return !(*PY_FIELD_AT(double, row, fields, 1) >= 0.0) || are_real(fields);
}

/* ---- whole numbers -------------------------------------------------------------------------- */

/* The dtype that is asked for: that of `out`, or one that is named; else `otherwise`. */
static ag_dtype dtype_wanted(const py_head *head, ag_dtype otherwise)
{
    if (head->out != NULL)
        return ag_dtype_of(py_tensor_of(head->out));
    return head->dtype != PY_NO_DTYPE ? (ag_dtype)head->dtype : otherwise;
}

/* Only float64 can require grad; and of bools there are two. Bounds that are none are the C
 * function's to refuse. */
static bool check_whole(const py_head *head, int64_t low, int64_t high, ag_dtype otherwise)
{
    const ag_dtype dtype = dtype_wanted(head, otherwise);
    if (dtype == AG_BOOL && low < high && (low < 0 || high > 2))
        PyErr_Format(PyExc_RuntimeError, "%s is out of bounds for bool",
                     low < 0 || low > 1 ? "from" : "to - 1");
    else if (head->dtype != PY_NO_DTYPE && head->dtype != (int)dtype)
        PyErr_Format(PyExc_RuntimeError, "dtype %s does not match dtype of out parameter (%s)",
                     py_dtype_name((ag_dtype)head->dtype), py_dtype_name(dtype));
    else if (dtype != AG_FLOAT64 && head->requires_grad)
        PyErr_SetString(PyExc_RuntimeError,
                        "Only Tensors of floating point and complex dtype can require gradients");
    return !PyErr_Occurred();
}

bool py_check_randint_below(const py_row *row, const void *fields)
{
    return check_whole(fields, 0, *PY_FIELD_AT(int64_t, row, fields, 0), AG_INT64);
}

bool py_check_randint(const py_row *row, const void *fields)
{
    return check_whole(fields, *PY_FIELD_AT(int64_t, row, fields, 0),
                       *PY_FIELD_AT(int64_t, row, fields, 1), AG_INT64);
}

bool py_check_randint_like_below(const py_row *row, const void *fields)
{
    return check_whole(fields, 0, *PY_FIELD_AT(int64_t, row, fields, 1),
                       ag_dtype_of(*PY_FIELD_AT(ag_tensor *, row, fields, 0)));
}

bool py_check_randint_like(const py_row *row, const void *fields)
{
    return check_whole(fields, *PY_FIELD_AT(int64_t, row, fields, 1),
                       *PY_FIELD_AT(int64_t, row, fields, 2),
                       ag_dtype_of(*PY_FIELD_AT(ag_tensor *, row, fields, 0)));
}

bool py_check_randperm(const py_row *row, const void *fields)
{
    const py_head *head = fields;
    (void)row;
    if (dtype_wanted(head, AG_INT64) == AG_BOOL)
        PyErr_SetString(PyExc_NotImplementedError, "\"randperm\" not implemented for 'Bool'");
    else
        check_whole(head, 0, 0, AG_INT64);
    return !PyErr_Occurred();
}

bool py_check_multinomial(const py_row *row, const void *fields)
{
    const py_head *head = fields;
    (void)row;
    if (head->out == NULL || ag_dtype_of(py_tensor_of(head->out)) == AG_INT64)
        return true;
    PyErr_Format(PyExc_RuntimeError, "multinomial expects Long tensor out, got: %s",
                 py_type_name(ag_dtype_of(py_tensor_of(head->out))));
    return false;
}

bool py_check_binomial(const py_row *row, const void *fields)
{
    for (int k = 0; k < 2; k++) {
        const ag_dtype dtype = ag_dtype_of(*PY_FIELD_AT(ag_tensor *, row, fields, k));
        if (dtype == AG_FLOAT64)
            continue;
        PyErr_Format(PyExc_ValueError,
                     "binomial only supports floating-point dtypes for %s, got: %s",
                     row->names.names[k], py_type_name(dtype));
        return false;
    }
    return true;
}
