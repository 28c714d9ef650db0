/* SPDX-License-Identifier: MIT
 *
 * What rows of ops.def leave to Python's side: functions that are other ways to call one of C's,
 * and what is checked before C's are called.
 */
#include "py_errors.h"
#include "py_numpy.h"
#include "py_out.h"
#include "py_rows.h"
#include "py_tensor.h"

/* ---- where ---------------------------------------------------------------------------------- */

/* Of numbers only a bool chooses. */
static bool is_condition(PyObject *object)
{
    ag_arg number;
    const int known = py_number_of(object, &number);
    if (known > 0 && number.dtype != AG_BOOL)
        py_wrong_type("where", "condition", "Tensor, array or bool", object);
    return known == 0 || (known > 0 && number.dtype == AG_BOOL);
}

static bool lacks(const char *name)
{
    PyErr_Format(PyExc_TypeError, "where() missing required argument '%s'", name);
    return false;
}

static PyObject *where_with(PyObject *condition, PyObject *x, PyObject *y)
{
    PyObject *operands[3] = {condition, x, y};
    static const char *const names[] = {"condition", "input", "other"};
    ag_arg args[3];
    ag_tensor *made[3] = {NULL, NULL, NULL};
    bool ok = (x != NULL && y != NULL) || lacks(x == NULL ? "input" : "other");
    ok = ok && is_condition(condition);
    for (int i = 0; ok && i < 3; i++)
        ok = py_operand_or_data("where", names[i], operands[i], &args[i], &made[i]);
    if (ok && args[0].tensor == NULL && args[1].tensor == NULL && args[2].tensor == NULL) {
        args[0].tensor = made[0] = ag_full_as(0, NULL, args[0], AG_BOOL);
        ok = made[0] != NULL || py_raise() != NULL;
    }
    PyObject *result = NULL;
    if (ok)
        result = py_tensor_new_as(py_common_type(3, operands),
                                  ag_apply(AG_OP_where, 3, args, NULL));
    for (int i = 0; i < 3; i++)
        ag_release(made[i]);
    return result;
}

PyObject *py_call_where_where(const struct py_where_where *a)
{
    if (a->input == NULL && a->other == NULL && py_is_tensor(a->condition))
        return py_places_of(a->condition);
    return where_with(a->condition, a->input, a->other);
}

PyObject *py_call_where_where_self(const struct py_where_where_self *a)
{
    return where_with(a->condition, a->head.first, a->other);
}

/* ---- clamp ---------------------------------------------------------------------------------- */

bool py_check_clamp(const py_row *row, const void *fields)
{
    const py_operand_value *min = PY_FIELD_AT(py_operand_value, row, fields, 1);
    const py_operand_value *max = PY_FIELD_AT(py_operand_value, row, fields, 2);
    if (min->object != NULL || max->object != NULL)
        return true;
    PyErr_Format(PyExc_RuntimeError, "%s: At least one of 'min' or 'max' must not be None",
                 row->names.function);
    return false;
}

/* ---- round ---------------------------------------------------------------------------------- */

bool py_check_round(const py_row *row, const void *fields)
{
    const ag_tensor *x = *PY_FIELD_AT(ag_tensor *, row, fields, 0);
    if (*PY_FIELD_AT(int64_t, row, fields, 1) == 0 || ag_dtype_of(x) == AG_FLOAT64)
        return true;
    PyErr_Format(PyExc_NotImplementedError, "\"round_cpu\" not implemented for '%s'",
                 py_type_name(ag_dtype_of(x)));
    return false;
}

/* ---- polygamma ------------------------------------------------------------------------------ */

static bool check_order(int64_t n)
{
    if (n < 0)
        PyErr_SetString(PyExc_RuntimeError, "polygamma(n, x) does not support negative n.");
    return n >= 0;
}

bool py_check_polygamma(const py_row *row, const void *fields)
{
    return check_order(*PY_FIELD_AT(int64_t, row, fields, 1));
}

PyObject *py_call_polygamma_function_polygamma(const struct py_polygamma_function_polygamma *a)
{
    ag_tensor *x;
    if (!py_tensor_argument("polygamma", "input", a->input, &x) || !check_order(a->n))
        return NULL;
    return py_result(a->input, ag_polygamma(x, a->n));
}

/* ---- shapes --------------------------------------------------------------------------------- */

typedef ag_tensor *(*list_view)(ag_tensor *x, int n, const int64_t *list);

static PyObject *shape_like(list_view view, PyObject *self, const ag_tensor *other)
{
    return py_result_or_self(self, view(py_tensor_of(self), ag_ndim(other), ag_shape(other)));
}

PyObject *py_call_view_as_view(const struct py_view_as_view *a)
{
    return shape_like(ag_view, a->head.first, a->other);
}

PyObject *py_call_reshape_as_reshape(const struct py_reshape_as_reshape *a)
{
    return shape_like(ag_reshape, a->head.first, a->other);
}

PyObject *py_call_expand_as_expand(const struct py_expand_as_expand *a)
{
    return shape_like(ag_expand, a->head.first, a->other);
}

PyObject *py_call_ravel_flatten(const struct py_ravel_flatten *a)
{
    const int64_t all = -1;
    ag_tensor *dense = ag_contiguous(a->input);
    ag_tensor *flat = dense != NULL ? ag_view(dense, 1, &all) : NULL;
    ag_release(dense);
    return py_result_or_self(a->head.first, flat);
}

/* ---- joins ---------------------------------------------------------------------------------- */

bool py_check_cat(const py_row *row, const void *fields)
{
    if (PY_FIELD_AT(py_tensors, row, fields, 0)->n > 0)
        return true;
    PyErr_Format(PyExc_ValueError, "%s(): expected a non-empty list of Tensors",
                 row->names.function);
    return false;
}

/* ---- sizes and numbers ---------------------------------------------------------------------- */

/* What is made, of the dtype asked for (which its numbers are right for), or of `dtype`. */
static PyObject *made_as(const char *function, PyTypeObject *type, const py_head *head,
                         ag_tensor *made, ag_dtype dtype)
{
    if (made != NULL && ag_set_dtype(made, dtype) != AG_OK) {
        ag_release(made);
        made = NULL;
    }
    return py_made(function, type, head, made);
}

static ag_dtype dtype_or(const py_head *head, ag_dtype dtype)
{
    return head->dtype != PY_NO_DTYPE ? (ag_dtype)head->dtype : dtype;
}

/* Undefined numbers are such as the dtype has: none but float64 has any. */
PyObject *py_call_empty_empty(const struct py_empty_empty *a)
{
    const bool any = dtype_or(&a->head, AG_FLOAT64) == AG_FLOAT64;
    return made_as("empty", py_tensor_type, &a->head,
                   any ? ag_empty(a->size.n, a->size.list) : ag_zeros(a->size.n, a->size.list),
                   AG_FLOAT64);
}

PyObject *py_call_empty_like_empty_like(const struct py_empty_like_empty_like *a)
{
    const ag_dtype dtype = dtype_or(&a->head, ag_dtype_of(a->input));
    return made_as("empty_like", py_result_type(a->head.first), &a->head,
                   dtype == AG_FLOAT64 ? ag_empty_like(a->input) : ag_zeros_like(a->input), dtype);
}

PyObject *py_call_full_full(const struct py_full_full *a)
{
    const ag_arg value = a->fill_value.arg;
    ag_tensor *t = ag_full_as(a->size.n, a->size.list, value, dtype_or(&a->head, value.dtype));
    return py_made("full", py_tensor_type, &a->head, t);
}

PyObject *py_call_full_like_full_like(const struct py_full_like_full_like *a)
{
    ag_tensor *t = ag_zeros_like(a->input);
    const ag_arg args[2] = {ag_operand(t), a->fill_value.arg};
    const bool done = t != NULL &&
                      ag_set_dtype(t, dtype_or(&a->head, ag_dtype_of(a->input))) == AG_OK &&
                      ag_apply_(AG_OP_fill, 2, args, NULL) == AG_OK;
    if (!done) {
        ag_release(t);
        t = NULL;
    }
    return py_tensor_made(py_result_type(a->head.first), t, a->head.requires_grad);
}

/* ---- ranges --------------------------------------------------------------------------------- */

static PyObject *no_bools(const char *function)
{
    PyErr_Format(PyExc_NotImplementedError, "\"%s_cpu\" not implemented for 'Bool'", function);
    return NULL;
}

/* The whole part of a number. */
static bool to_whole(ag_arg *number)
{
    ag_tensor *whole = ag_full_as(0, NULL, *number, AG_INT64);
    const bool done = whole != NULL && ag_item(whole, &number->value) == AG_OK;
    ag_release(whole);
    return done || py_raise() != NULL;
}

/* Of integers alone integers; and where these are asked for, from the numbers' whole parts. */
static PyObject *range_of(const py_head *head, ag_arg start, ag_arg end, ag_arg step)
{
    const ag_dtype promoted = start.dtype & end.dtype & step.dtype & AG_INT64;
    const ag_dtype dtype = dtype_or(head, promoted);
    const bool leads_away = (end.value - start.value) * step.value < 0.0;
    if (dtype == AG_BOOL)
        return no_bools("arange");
    if (dtype == AG_INT64 && !leads_away &&
        !(to_whole(&start) && to_whole(&end) && to_whole(&step)))
        return NULL;
    return made_as("arange", py_tensor_type, head,
                   ag_arange(start.value, end.value, step.value), dtype);
}

PyObject *py_call_arange_arange_to(const struct py_arange_arange_to *a)
{
    return range_of(&a->head, ag_boolean(false), a->end.arg, ag_boolean(true));
}

PyObject *py_call_arange_arange(const struct py_arange_arange *a)
{
    return range_of(&a->head, a->start.arg, a->end.arg, a->step.arg);
}

/* Of integers the ends are cut to whole numbers before. */
static bool read_ends(const char *function, const py_head *head, ag_arg *start, ag_arg *end)
{
    if (head->dtype == AG_BOOL)
        return no_bools(function) != NULL;
    return head->dtype != AG_INT64 || (to_whole(start) && to_whole(end));
}

PyObject *py_call_linspace_linspace(const struct py_linspace_linspace *a)
{
    ag_arg start = ag_number(a->start), end = ag_number(a->end);
    if (!read_ends("linspace", &a->head, &start, &end))
        return NULL;
    ag_tensor *t = ag_linspace(start.value, end.value, a->steps);
    return py_made("linspace", py_tensor_type, &a->head, py_as_dtype(t, a->head.dtype));
}

PyObject *py_call_logspace_logspace(const struct py_logspace_logspace *a)
{
    ag_arg start = ag_number(a->start), end = ag_number(a->end);
    if (!read_ends("logspace", &a->head, &start, &end))
        return NULL;
    ag_tensor *t = ag_logspace(start.value, end.value, a->steps, a->base);
    return py_made("logspace", py_tensor_type, &a->head, py_as_dtype(t, a->head.dtype));
}

PyObject *py_call_eye_eye_square(const struct py_eye_eye_square *a)
{
    return made_as("eye", py_tensor_type, &a->head, ag_eye(a->n, a->n), AG_FLOAT64);
}

/* ---- reductions ----------------------------------------------------------------------------- */

/* How many numbers a reduction takes into each result; -1 where its dimensions are wrong. */
static double numbers_in_each(const ag_tensor *x, const py_ints *dims)
{
    const int ndim = ag_ndim(x);
    double count = 1.0;
    if (dims->n < 0)
        return (double)ag_numel(x);
    for (int i = 0; i < dims->n; i++) {
        const int64_t d = dims->list[i] < 0 ? dims->list[i] + ndim : dims->list[i];
        if (d < 0 || d >= ndim)
            return -1.0;
        count *= (double)ag_shape(x)[d];
    }
    return count;
}

static bool warn_of_freedom(const char *function, const ag_tensor *x, const py_ints *dims,
                            double correction)
{
    const double count = numbers_in_each(x, dims);
    const bool is_empty = ag_numel(x) == 0 && count > 0.0;
    if (count < 0.0 || is_empty || count > correction)
        return true;
    return PyErr_WarnFormat(PyExc_UserWarning, 1,
                            "%s(): degrees of freedom is <= 0. Correction should be strictly less "
                            "than the reduction factor (input numel divided by output numel).",
                            function) == 0;
}

static bool check_freedom(const py_row *row, const void *fields)
{
    return warn_of_freedom(row->names.function, *PY_FIELD_AT(ag_tensor *, row, fields, 0),
                           PY_FIELD_AT(py_ints, row, fields, 1),
                           *PY_FIELD_AT(double, row, fields, 2));
}

bool py_check_var_mean(const py_row *row, const void *fields) { return check_freedom(row, fields); }
bool py_check_std_mean(const py_row *row, const void *fields) { return check_freedom(row, fields); }
bool py_check_var(const py_row *row, const void *fields) { return check_freedom(row, fields); }
bool py_check_std(const py_row *row, const void *fields) { return check_freedom(row, fields); }

static const py_ints all_dims = {.n = -1};

typedef ag_tensor *(*spread)(ag_tensor *x, int n, const int64_t *dims, double correction,
                             bool keepdim);

static PyObject *spread_of(const char *function, spread call, const py_head *head, ag_tensor *x,
                           const py_ints *dims, bool unbiased, bool keepdim)
{
    const double correction = unbiased ? 1.0 : 0.0;
    if (!warn_of_freedom(function, x, dims, correction))
        return NULL;
    return py_result(head->first, call(x, dims->n, dims->list, correction, keepdim));
}

PyObject *py_call_var_var_all(const struct py_var_var_all *a)
{
    return spread_of("var", ag_var, &a->head, a->input, &all_dims, a->unbiased, false);
}

PyObject *py_call_var_var_unbiased(const struct py_var_var_unbiased *a)
{
    return spread_of("var", ag_var, &a->head, a->input, &a->dim, a->unbiased, a->keepdim);
}

PyObject *py_call_std_std_all(const struct py_std_std_all *a)
{
    return spread_of("std", ag_std, &a->head, a->input, &all_dims, a->unbiased, false);
}

PyObject *py_call_std_std_unbiased(const struct py_std_std_unbiased *a)
{
    return spread_of("std", ag_std, &a->head, a->input, &a->dim, a->unbiased, a->keepdim);
}

typedef ag_status (*spread_with_mean)(ag_tensor *x, int n, const int64_t *dims, double correction,
                                      bool keepdim, ag_tensor **outs);

static PyObject *spread_and_mean(const char *function, spread_with_mean call, const py_head *head,
                                 ag_tensor *x, const py_ints *dims, bool unbiased, bool keepdim)
{
    ag_tensor *outs[2];
    const double correction = unbiased ? 1.0 : 0.0;
    if (!warn_of_freedom(function, x, dims, correction))
        return NULL;
    if (call(x, dims->n, dims->list, correction, keepdim, outs) != AG_OK)
        return py_raise();
    return py_tensor_tuple(head->first, 2, outs);
}

PyObject *py_call_var_mean_var_mean_all(const struct py_var_mean_var_mean_all *a)
{
    return spread_and_mean("var_mean", ag_var_mean, &a->head, a->input, &all_dims, a->unbiased,
                           false);
}

PyObject *py_call_var_mean_var_mean_unbiased(const struct py_var_mean_var_mean_unbiased *a)
{
    return spread_and_mean("var_mean", ag_var_mean, &a->head, a->input, &a->dim, a->unbiased,
                           a->keepdim);
}

PyObject *py_call_std_mean_std_mean_all(const struct py_std_mean_std_mean_all *a)
{
    return spread_and_mean("std_mean", ag_std_mean, &a->head, a->input, &all_dims, a->unbiased,
                           false);
}

PyObject *py_call_std_mean_std_mean_unbiased(const struct py_std_mean_std_mean_unbiased *a)
{
    return spread_and_mean("std_mean", ag_std_mean, &a->head, a->input, &a->dim, a->unbiased,
                           a->keepdim);
}

/* ---- covariances ---------------------------------------------------------------------------- */

static bool has_dtype(const char *name, const py_operand_value *weights, ag_dtype dtype,
                      const char *kind)
{
    if (weights->object == NULL || (weights->arg.tensor != NULL &&
                                    ag_dtype_of(weights->arg.tensor) == dtype))
        return true;
    PyErr_Format(PyExc_RuntimeError, "cov(): expected %s to have %s dtype but got %s with %s dtype",
                 name, kind, name, py_type_name(weights->arg.tensor != NULL
                                                    ? ag_dtype_of(weights->arg.tensor)
                                                    : weights->arg.dtype));
    return false;
}

bool py_check_cov(const py_row *row, const void *fields)
{
    const py_operand_value *often = PY_FIELD_AT(py_operand_value, row, fields, 2);
    const py_operand_value *much = PY_FIELD_AT(py_operand_value, row, fields, 3);
    const ag_tensor *x = *PY_FIELD_AT(ag_tensor *, row, fields, 0);
    const int64_t correction = *PY_FIELD_AT(int64_t, row, fields, 1);
    const int ndim = ag_ndim(x);
    const int64_t n = ndim == 0 ? 1 : ag_shape(x)[ndim - 1];
    if (ag_dtype_of(x) == AG_BOOL) {
        PyErr_SetString(PyExc_RuntimeError, "cov(): bool dtype is not supported for input");
        return false;
    }
    if (!has_dtype("fweights", often, AG_INT64, "integral") ||
        !has_dtype("aweights", much, AG_FLOAT64, "floating point"))
        return false;
    if (ndim > 2 || often->object != NULL || much->object != NULL || n > correction)
        return true;
    return PyErr_WarnEx(PyExc_UserWarning,
                        "cov(): degrees of freedom is <= 0. Correction should be strictly less "
                        "than the number of observations.", 1) == 0;
}
