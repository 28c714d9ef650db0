/* SPDX-License-Identifier: MIT
 *
 * The operators of Tensor. The quick way is straight: exact types, two ag_arg on the stack, one
 * call, an object from the free list. Subclasses, NumPy scalars and arrays take the other way.
 */
#include "py_args.h"
#include "py_convert.h"
#include "py_errors.h"
#include "py_ops.h"
#include "py_sparse.h"
#include "py_tensor.h"
#include "py_type.h"

/* A tensor or Python number of the exact types, into *arg. */
static inline bool quick_operand(PyObject *o, ag_arg *arg)
{
    if (PY_LIKELY(py_is_exact_tensor(o))) {
        arg->tensor = py_tensor_of(o);
        return true;
    }
    arg->tensor = NULL;
    if (PyFloat_CheckExact(o)) {
        arg->value = PyFloat_AS_DOUBLE(o);
        arg->dtype = AG_FLOAT64;
        return true;
    }
    if (PyLong_CheckExact(o)) {
        int overflow;
        long long value = PyLong_AsLongLongAndOverflow(o, &overflow);
        arg->value = (double)value;
        arg->dtype = AG_INT64;
        return overflow == 0;
    }
    return false;
}

PyObject *py_unary(ag_op op, PyObject *self)
{
    ag_arg arg = {.tensor = py_tensor_of(self)};
    return py_result(self, ag_apply(op, 1, &arg, NULL));
}

/* Whether a number that is a bool is subtracted from a float64 tensor, or the other way round,
 * which the op itself does not look at: an exception then. */
static bool is_refused(ag_op op, const ag_arg *args)
{
    const ag_arg *number = &args[args[0].tensor != NULL], *other = &args[args[0].tensor == NULL];
    if (op != AG_OP_sub || number->tensor != NULL || number->dtype != AG_BOOL ||
        other->tensor == NULL || ag_dtype_of(other->tensor) != AG_FLOAT64)
        return false;
    PyErr_SetString(PyExc_RuntimeError,
                    "Subtraction, the `-` operator, with a bool tensor is not supported. If you "
                    "are trying to invert a mask, use the `~` or `logical_not()` operator "
                    "instead.");
    return true;
}

/* One of x and y is a tensor. */
static PyObject *binary_slow(ag_op op, PyObject *x, PyObject *y)
{
    PyObject *operands[2] = {x, y};
    ag_arg args[2];
    ag_tensor *made[2] = {NULL, NULL};
    PyObject *result = NULL;
    bool keep = ag_grad_enabled();
    int known = py_operand(x, keep, &args[0], &made[0]);
    if (known > 0)
        known = py_operand(y, keep, &args[1], &made[1]);
    if (known > 0 && !is_refused(op, args))
        result = py_tensor_new_as(py_common_type(2, operands), ag_apply(op, 2, args, NULL));
    ag_release(made[0]);
    ag_release(made[1]);
    if (known == 0)
        Py_RETURN_NOTIMPLEMENTED;
    return result;
}

static inline PyObject *binary(ag_op op, PyObject *x, PyObject *y)
{
    ag_arg args[2];
    if (PY_LIKELY(quick_operand(x, &args[0]) && quick_operand(y, &args[1])))
        return py_tensor_new(ag_apply(op, 2, args, NULL));
    return binary_slow(op, x, y);
}

PyObject *py_binary(ag_op op, PyObject *x, PyObject *y)
{
    if (!py_is_tensor(x) && !py_is_tensor(y))
        Py_RETURN_NOTIMPLEMENTED;
    return binary(op, x, y);
}

/* x op= y. NULL with an exception, NotImplemented, or self with one more owner. */
PyObject *py_inplace(ag_op op, PyObject *self, PyObject *other)
{
    ag_arg args[2] = {{.tensor = py_tensor_of(self)}};
    ag_tensor *made = NULL;
    if (!quick_operand(other, &args[1])) {
        int known = py_operand(other, ag_grad_enabled(), &args[1], &made);
        if (known < 0)
            return NULL;
        if (known == 0)
            Py_RETURN_NOTIMPLEMENTED;
        if (is_refused(op, args)) {
            ag_release(made);
            return NULL;
        }
    }
    ag_status status = ag_apply_(op, 2, args, NULL);
    ag_release(made);
    if (status != AG_OK)
        return py_raise();
    Py_INCREF(self);
    return self;
}

#define BINARY_SLOTS(name) \
    static PyObject *number_##name(PyObject *x, PyObject *y) \
    { \
        return binary(AG_OP_##name, x, y); \
    } \
    static PyObject *inplace_##name(PyObject *x, PyObject *y) \
    { \
        return py_inplace(AG_OP_##name, x, y); \
    }
BINARY_SLOTS(add)
BINARY_SLOTS(sub)
BINARY_SLOTS(mul)
BINARY_SLOTS(div)
BINARY_SLOTS(floor_divide)
BINARY_SLOTS(remainder)

/* Of tensors, of a tensor and an array, and of a tensor and a sparse matrix of SciPy's. */
PyObject *py_matmul(PyObject *x, PyObject *y)
{
    PyObject *operands[2] = {x, y};
    ag_arg args[2] = {{.tensor = NULL}, {.tensor = NULL}};
    ag_tensor *made[2] = {NULL, NULL};
    PyObject *result = NULL;
    int known = 1;
    for (int k = 0; k < 2 && known > 0; k++)
        known = py_operand(operands[k], ag_grad_enabled(), &args[k], &made[k]);
    if (known > 0 && (args[0].tensor == NULL || args[1].tensor == NULL))
        known = 0;
    if (known > 0)
        result = py_tensor_new_as(py_common_type(2, operands),
                                  ag_matmul(args[0].tensor, args[1].tensor));
    ag_release(made[0]);
    ag_release(made[1]);
    return known == 0 ? py_sparse_product(x, y) : result;
}

static bool no_modulus(PyObject *modulus)
{
    if (modulus == Py_None)
        return true;
    PyErr_SetString(PyExc_TypeError, "pow() of a Tensor takes no third argument");
    return false;
}

static PyObject *number_pow(PyObject *x, PyObject *y, PyObject *modulus)
{
    return no_modulus(modulus) ? binary(AG_OP_pow, x, y) : NULL;
}

static PyObject *inplace_pow(PyObject *x, PyObject *y, PyObject *modulus)
{
    return no_modulus(modulus) ? py_inplace(AG_OP_pow, x, y) : NULL;
}

#define LOGIC_SLOTS(name) \
    static PyObject *number_##name(PyObject *x, PyObject *y) \
    { \
        return binary(AG_OP_bitwise_##name, x, y); \
    } \
    static PyObject *inplace_##name(PyObject *x, PyObject *y) \
    { \
        return py_inplace(AG_OP_bitwise_##name, x, y); \
    }
LOGIC_SLOTS(and)
LOGIC_SLOTS(or)
LOGIC_SLOTS(xor)
LOGIC_SLOTS(left_shift)
LOGIC_SLOTS(right_shift)

static PyObject *number_invert(PyObject *self)
{
    if (ag_dtype_of(py_tensor_of(self)) == AG_FLOAT64) {
        PyErr_SetString(PyExc_TypeError, "~ (operator.invert) is only implemented on integer and "
                                         "Boolean-type tensors");
        return NULL;
    }
    return py_unary(AG_OP_bitwise_not, self);
}

static PyObject *number_neg(PyObject *self)
{
    return py_unary(AG_OP_neg, self);
}

static PyObject *number_abs(PyObject *self)
{
    return py_unary(AG_OP_abs, self);
}

static PyObject *number_positive(PyObject *self)
{
    if (ag_dtype_of(py_tensor_of(self)) == AG_BOOL) {
        PyErr_SetString(PyExc_RuntimeError, "The `+` operator, on a bool tensor is not supported.");
        return NULL;
    }
    Py_INCREF(self);
    return self;
}

static int number_bool(PyObject *self)
{
    ag_tensor *t = py_tensor_of(self);
    int64_t numel = ag_numel(t);
    if (numel != 1) {
        PyErr_Format(PyExc_RuntimeError, "Boolean value of Tensor with %s is ambiguous",
                     numel == 0 ? "no values" : "more than one value");
        return -1;
    }
    double value;
    return py_single_value(t, &value) ? value != 0.0 : -1;
}

static PyObject *number_float(PyObject *self)
{
    ag_tensor *t = py_tensor_of(self);
    double value;
    return py_warn_of_lost_gradient(t) && py_single_value(t, &value) ? PyFloat_FromDouble(value)
                                                                     : NULL;
}

static PyObject *number_int(PyObject *self)
{
    double value;  /* nan and infinities are refused by PyLong_FromDouble, in Python's words */
    return py_single_value(py_tensor_of(self), &value) ? PyLong_FromDouble(value) : NULL;
}

static PyObject *number_index(PyObject *self)
{
    ag_tensor *t = py_tensor_of(self);
    double value;
    if (ag_dtype_of(t) != AG_FLOAT64 && ag_numel(t) == 1)
        return py_single_value(t, &value) ? PyLong_FromDouble(value) : NULL;
    PyErr_SetString(PyExc_TypeError,
                    "only integer tensors of a single element can be converted to an index");
    return NULL;
}

PyType_Slot py_number_slots[PY_NUMBER_SLOTS] = {
    {Py_nb_add, number_add},
    {Py_nb_subtract, number_sub},
    {Py_nb_multiply, number_mul},
    {Py_nb_true_divide, number_div},
    {Py_nb_power, number_pow},
    {Py_nb_matrix_multiply, py_matmul},
    {Py_nb_inplace_add, inplace_add},
    {Py_nb_inplace_subtract, inplace_sub},
    {Py_nb_inplace_multiply, inplace_mul},
    {Py_nb_inplace_true_divide, inplace_div},
    {Py_nb_inplace_power, inplace_pow},
    {Py_nb_floor_divide, number_floor_divide},
    {Py_nb_remainder, number_remainder},
    {Py_nb_inplace_floor_divide, inplace_floor_divide},
    {Py_nb_inplace_remainder, inplace_remainder},
    {Py_nb_and, number_and},
    {Py_nb_or, number_or},
    {Py_nb_xor, number_xor},
    {Py_nb_lshift, number_left_shift},
    {Py_nb_rshift, number_right_shift},
    {Py_nb_inplace_and, inplace_and},
    {Py_nb_inplace_or, inplace_or},
    {Py_nb_inplace_xor, inplace_xor},
    {Py_nb_inplace_lshift, inplace_left_shift},
    {Py_nb_inplace_rshift, inplace_right_shift},
    {Py_nb_invert, number_invert},
    {Py_nb_negative, number_neg},
    {Py_nb_positive, number_positive},
    {Py_nb_absolute, number_abs},
    {Py_nb_bool, number_bool},
    {Py_nb_float, number_float},
    {Py_nb_int, number_int},
    {Py_nb_index, number_index},
    {0, NULL},
};
