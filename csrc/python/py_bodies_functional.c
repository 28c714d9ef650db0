/* SPDX-License-Identifier: MIT
 *
 * What rows of nn.functional leave to Python's side: PyTorch's own ways to call functions, and what
 * it says about their arguments before C's are called.
 */
#include "py_convert.h"
#include "py_errors.h"
#include "py_rows.h"
#include "py_tensor.h"

#include <string.h>

/* ValueError where a number is not as it should be. */
static bool check_range(bool is_good, const char *format, double value)
{
    if (is_good)
        return true;
    PyObject *number = PyFloat_FromDouble(value);
    if (number != NULL)
        PyErr_Format(PyExc_ValueError, format, number);
    Py_XDECREF(number);
    return false;
}

/* ---- activations ---------------------------------------------------------------------------- */

PyObject *py_call_relu_functional_relu(const struct py_relu_functional_relu *a)
{
    const ag_arg arg = ag_operand(a->input);
    if (a->head.in_place)
        return py_written(a->head.first, ag_apply_(AG_OP_relu, 1, &arg, NULL));
    return py_result(a->head.first, ag_relu(a->input));
}

/* ---- softmax and its like ------------------------------------------------------------------- */

/* The dimension that is meant where none is given. */
static bool implicit_dim(const char *function, int64_t stacklevel, int ndim, int *dim)
{
    *dim = ndim == 0 || ndim == 1 || ndim == 3 ? 0 : 1;
    return PyErr_WarnFormat(PyExc_UserWarning, stacklevel > 3 ? (Py_ssize_t)stacklevel - 2 : 1,
                            "Implicit dimension choice for %s has been deprecated. Change the "
                            "call to include dim=X as an argument.", function) == 0;
}

static PyObject *along(const char *function, ag_tensor *(*call)(ag_tensor *x, int dim),
                       const py_head *head, ag_tensor *x, PyObject *dim, int64_t stacklevel)
{
    int at;
    if (dim == NULL ? !implicit_dim(function, stacklevel, ag_ndim(x), &at)
                    : !py_dim_argument(function, "dim", dim, &at))
        return NULL;
    if (head->dtype == PY_NO_DTYPE)
        return py_result(head->first, call(x, at));
    ag_tensor *cast = ag_cast(x, (ag_dtype)head->dtype);
    PyObject *result = py_result(head->first, cast != NULL ? call(cast, at) : NULL);
    ag_release(cast);
    return result;
}

PyObject *py_call_softmax_functional_softmax(const struct py_softmax_functional_softmax *a)
{
    return along("softmax", ag_softmax, &a->head, a->input, a->dim, a->_stacklevel);
}

PyObject *
py_call_log_softmax_functional_log_softmax(const struct py_log_softmax_functional_log_softmax *a)
{
    return along("log_softmax", ag_log_softmax, &a->head, a->input, a->dim, a->_stacklevel);
}

PyObject *py_call_softmin_functional_softmin(const struct py_softmin_functional_softmin *a)
{
    return along("softmin", ag_softmin, &a->head, a->input, a->dim, a->_stacklevel);
}

/* ---- losses --------------------------------------------------------------------------------- */

static bool have_one_shape(const ag_tensor *x, const ag_tensor *y)
{
    bool same = ag_ndim(x) == ag_ndim(y);
    for (int d = 0; same && d < ag_ndim(x); d++)
        same = ag_shape(x)[d] == ag_shape(y)[d];
    return same;
}

/* "pyautograd.Size([2, 3])". Owned. */
static PyObject *text_of_size(int ndim, const int64_t *shape)
{
    PyObject *text = PyUnicode_FromString("pyautograd.Size([");
    for (int d = 0; text != NULL && d < ndim; d++)
        Py_SETREF(text, PyUnicode_FromFormat("%U%s%lld", text, d > 0 ? ", " : "",
                                             (long long)shape[d]));
    if (text != NULL)
        Py_SETREF(text, PyUnicode_FromFormat("%U])", text));
    return text;
}

/* Whether input and target, a row's first arguments, have one shape. Else a warning that they are
 * broadcast, or where `type` is given that exception, and false if something was raised. */
static bool check_sizes(const py_row *row, const void *fields, PyObject *type, const char *format)
{
    const ag_tensor *input = *PY_FIELD_AT(ag_tensor *, row, fields, 0);
    const ag_tensor *target = *PY_FIELD_AT(ag_tensor *, row, fields, 1);
    if (have_one_shape(input, target))
        return true;
    PyObject *of_input = text_of_size(ag_ndim(input), ag_shape(input));
    PyObject *of_target = text_of_size(ag_ndim(target), ag_shape(target));
    bool ok = of_input != NULL && of_target != NULL;
    if (ok && type != NULL) {
        PyErr_Format(type, format, of_target, of_input);
        ok = false;
    } else if (ok) {
        ok = PyErr_WarnFormat(PyExc_UserWarning, 1, format, of_target, of_input) == 0;
    }
    Py_XDECREF(of_input);
    Py_XDECREF(of_target);
    return ok;
}

static bool check_or_warn(const py_row *row, const void *fields)
{
    return check_sizes(row, fields, NULL,
                       "Using a target size (%U) that is different to the input size (%U). This "
                       "will likely lead to incorrect results due to broadcasting. Please ensure "
                       "they have the same size.");
}

static bool check_weights(const py_row *row, const void *fields, int k)
{
    const ag_tensor *input = *PY_FIELD_AT(ag_tensor *, row, fields, 0);
    const ag_tensor *weight = *PY_FIELD_AT(ag_tensor *, row, fields, k);
    if (weight == NULL || have_one_shape(input, weight))
        return true;
    PyErr_SetString(PyExc_ValueError, "Weights and input must have the same size.");
    return false;
}

bool py_check_mse_loss(const py_row *row, const void *fields)
{
    return check_or_warn(row, fields) && check_weights(row, fields, 5);
}

bool py_check_l1_loss(const py_row *row, const void *fields)
{
    return py_check_mse_loss(row, fields);
}

bool py_check_smooth_l1_loss(const py_row *row, const void *fields)
{
    return check_or_warn(row, fields);
}

bool py_check_huber_loss(const py_row *row, const void *fields)
{
    return check_or_warn(row, fields) && check_weights(row, fields, 4);
}

bool py_check_binary_cross_entropy(const py_row *row, const void *fields)
{
    return check_sizes(row, fields, PyExc_ValueError,
                       "Using a target size (%U) that is different to the input size (%U) is "
                       "deprecated. Please ensure they have the same size.");
}

bool py_check_binary_cross_entropy_with_logits(const py_row *row, const void *fields)
{
    return check_sizes(row, fields, PyExc_ValueError,
                       "Target size (%U) must be the same as input size (%U)");
}

bool py_check_kl_div(const py_row *row, const void *fields)
{
    const py_head *head = fields;
    if (head->old != 0 || *PY_FIELD_AT(int, row, fields, 4) != 1)
        return true;
    return PyErr_WarnEx(PyExc_UserWarning,
                        "reduction: 'mean' divides the total loss by both the batch size and the "
                        "support size.'batchmean' divides only by the batch size, and aligns with "
                        "the KL div math definition.'mean' will be changed to behave the same as "
                        "'batchmean' in the next major release.", 1) == 0;
}

/* Whether variances are those of all elements, of all rows, or repeated along one dimension. */
static bool has_shape_of_variances(const ag_tensor *x, const ag_tensor *var)
{
    const int ndim = ag_ndim(x);
    int64_t unlike = 0;
    bool of_rows = ag_ndim(var) == ndim - 1;
    for (int d = 0; of_rows && d < ndim - 1; d++)
        of_rows = ag_shape(x)[d] == ag_shape(var)[d];
    for (int d = 0; ag_ndim(var) == ndim && d < ndim; d++)
        unlike += ag_shape(x)[d] != ag_shape(var)[d] ? ag_shape(var)[d] : 0;
    return have_one_shape(x, var) || of_rows || (ag_ndim(var) == ndim && unlike == 1);
}

/* A NaN beside it hides none. */
static bool has_negative(ag_tensor *t)
{
    double found = 0.0;
    ag_tensor *mask = ag_lt_scalar(t, 0.0);
    ag_tensor *any = mask != NULL ? ag_any(mask, -1, NULL, false) : NULL;
    if (any != NULL)
        ag_item(any, &found);
    ag_release(any);
    ag_release(mask);
    return found != 0.0;
}

bool py_check_gaussian_nll_loss(const py_row *row, const void *fields)
{
    const ag_tensor *input = *PY_FIELD_AT(ag_tensor *, row, fields, 0);
    const ag_arg var = PY_FIELD_AT(py_operand_value, row, fields, 2)->arg;
    const bool negative = var.tensor != NULL ? has_negative(var.tensor) : var.value < 0.0;
    if (negative)
        PyErr_SetString(PyExc_ValueError, "var has negative entry/entries");
    else if (var.tensor != NULL && !has_shape_of_variances(input, var.tensor))
        PyErr_SetString(PyExc_ValueError, "var is of incorrect size");
    else
        return true;
    return false;
}

/* Whether there are as many targets as rows; dtypes and other shapes are left to the core. */
static bool check_batch(const py_row *row, const void *fields)
{
    const ag_tensor *x = *PY_FIELD_AT(ag_tensor *, row, fields, 0);
    const ag_tensor *t = *PY_FIELD_AT(ag_tensor *, row, fields, 1);
    const long long targets = ag_ndim(t) > 0 ? ag_shape(t)[0] : 0;
    if (ag_ndim(x) > 1 && ag_shape(x)[0] != targets)
        PyErr_Format(PyExc_ValueError, "Expected input batch_size (%lld) to match target "
                                       "batch_size (%lld).", (long long)ag_shape(x)[0], targets);
    else if (ag_ndim(x) == 1 && ag_ndim(t) == 1 && targets != 1 && ag_dtype_of(t) == AG_INT64)
        PyErr_Format(PyExc_ValueError, "For 1D input, 1D target must have size 1, but got target "
                                       "size: %lld", targets);
    else
        return true;
    return false;
}

bool py_check_nll_loss(const py_row *row, const void *fields)
{
    if (ag_ndim(*PY_FIELD_AT(ag_tensor *, row, fields, 0)) > 0)
        return check_batch(row, fields);
    PyErr_SetString(PyExc_ValueError, "Expected 1 or more dimensions (got 0)");
    return false;
}

/* Targets of the input's shape are probabilities. */
bool py_check_cross_entropy(const py_row *row, const void *fields)
{
    return have_one_shape(*PY_FIELD_AT(ag_tensor *, row, fields, 0),
                          *PY_FIELD_AT(ag_tensor *, row, fields, 1)) ||
           check_batch(row, fields);
}

bool py_check_margin_ranking_loss(const py_row *row, const void *fields)
{
    int ndim[3];
    for (int k = 0; k < 3; k++)
        ndim[k] = ag_ndim(*PY_FIELD_AT(ag_tensor *, row, fields, k));
    if (ndim[0] == ndim[1] && ndim[0] == ndim[2])
        return true;
    PyErr_Format(PyExc_RuntimeError,
                 "margin_ranking_loss : All input tensors should have same dimension but got %d, "
                 "%d and %d dimensions", ndim[0], ndim[1], ndim[2]);
    return false;
}

bool py_check_triplet_margin_loss(const py_row *row, const void *fields)
{
    const double margin = *PY_FIELD_AT(double, row, fields, 3);
    return check_range(margin > 0.0, "margin must be greater than 0, got %S", margin);
}

/* ---- norms ---------------------------------------------------------------------------------- */

bool py_check_chance(double p)
{
    return check_range(p >= 0.0 && p <= 1.0,
                       "dropout probability has to be between 0 and 1, but got %S", p);
}

bool py_check_dropout(const py_row *row, const void *fields)
{
    return py_check_chance(*PY_FIELD_AT(double, row, fields, 1));
}

bool py_check_alpha_dropout(const py_row *row, const void *fields)
{
    return py_check_dropout(row, fields);
}

bool py_check_feature_alpha_dropout(const py_row *row, const void *fields)
{
    return py_check_dropout(row, fields);
}

bool py_check_rms_norm(const py_row *row, const void *fields)
{
    return py_check_row_dims(ag_ndim(*PY_FIELD_AT(ag_tensor *, row, fields, 0)),
                             PY_FIELD_AT(py_ints, row, fields, 1)->n);
}

bool py_check_row_dims(int ndim, int n)
{
    if (n <= ndim)
        return true;
    PyErr_Format(PyExc_ValueError, "Input tensor must have at least %d dimensions, but got %d", n,
                 ndim);
    return false;
}

/* Whether there is more than one number in each channel, of which the first two sizes are these:
 * what a batch is looked at as. */
static bool check_batch_size(const ag_tensor *x, int64_t batch, int64_t channels)
{
    int64_t numbers = batch, shape[AG_MAX_DIMS];
    for (int d = 0; d < ag_ndim(x); d++)
        shape[d] = d == 0 ? batch : d == 1 ? channels : ag_shape(x)[d];
    for (int d = 2; d < ag_ndim(x); d++)
        numbers *= ag_shape(x)[d];
    if (numbers != 1)
        return true;
    PyObject *size = text_of_size(ag_ndim(x), shape);
    if (size != NULL)
        PyErr_Format(PyExc_ValueError, "Expected more than 1 value per channel when training, got "
                                       "input size %U", size);
    Py_XDECREF(size);
    return false;
}

bool py_check_batch_norm(const py_row *row, const void *fields)
{
    const bool training = *PY_FIELD_AT(bool, row, fields, 5);
    const double eps = *PY_FIELD_AT(double, row, fields, 7);
    const ag_tensor *x = *PY_FIELD_AT(ag_tensor *, row, fields, 0);
    if (training && ag_ndim(x) > 0 &&
        !check_batch_size(x, ag_shape(x)[0], ag_ndim(x) > 1 ? ag_shape(x)[1] : 1))
        return false;
    if (training && eps <= 0.0)
        return check_range(false, "batch_norm eps must be positive during training, but got %S",
                           eps);
    return check_range(eps >= 0.0, "batch_norm eps must be non-negative, but got %S", eps);
}

/* Each group of each of the batch is looked at as a part of a batch. */
bool py_check_group_norm(const py_row *row, const void *fields)
{
    const ag_tensor *x = *PY_FIELD_AT(ag_tensor *, row, fields, 0);
    const int64_t groups = *PY_FIELD_AT(int64_t, row, fields, 1);
    if (ag_ndim(x) < 2 || groups < 1)
        return true;  /* the op refuses them */
    return check_batch_size(x, ag_shape(x)[0] * ag_shape(x)[1] / groups, groups);
}

/* ---- embedding ------------------------------------------------------------------------------ */

bool py_check_embedding(const py_row *row, const void *fields)
{
    const ag_tensor *weight = *PY_FIELD_AT(ag_tensor *, row, fields, 1);
    const int64_t at = *PY_FIELD_AT(int64_t, row, fields, 2);
    const int64_t rows = ag_ndim(weight) > 0 ? ag_shape(weight)[0] : 0;
    if (at == INT64_MIN || (at >= -rows && at < rows))
        return true;
    PyErr_SetString(PyExc_AssertionError, "Padding_idx must be within num_embeddings");
    return false;
}
