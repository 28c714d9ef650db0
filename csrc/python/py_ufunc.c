/* SPDX-License-Identifier: MIT
 *
 * NumPy's ufuncs and functions applied to tensors: np.sin(x) is x.sin(), with its gradient. Ufuncs
 * that are ops here go straight to them; the rest (arguments such as out=, ufuncs and functions
 * that are no ops) is for pyautograd/_numpy.py, which is imported when it is needed first.
 */
#include "py_args.h"
#include "py_ops.h"
#include "py_tensor.h"
#include "py_type.h"

/* ---- ufuncs that are ops -------------------------------------------------------------------- */

typedef struct ufunc_row {
    const char *ufunc;
    ag_op op;
} ufunc_row;

static const ufunc_row unary_rows[] = {
    {"negative", AG_OP_neg}, {"absolute", AG_OP_abs}, {"fabs", AG_OP_abs}, {"sign", AG_OP_sign},
    {"square", AG_OP_square}, {"sqrt", AG_OP_sqrt}, {"reciprocal", AG_OP_reciprocal},
    {"exp", AG_OP_exp}, {"expm1", AG_OP_expm1}, {"log", AG_OP_log}, {"log1p", AG_OP_log1p},
    {"log2", AG_OP_log2}, {"log10", AG_OP_log10}, {"sin", AG_OP_sin}, {"cos", AG_OP_cos},
    {"tan", AG_OP_tan}, {"sinh", AG_OP_sinh}, {"cosh", AG_OP_cosh}, {"tanh", AG_OP_tanh},
    {"arcsin", AG_OP_asin}, {"arccos", AG_OP_acos}, {"arctan", AG_OP_atan},
    {"floor", AG_OP_floor}, {"ceil", AG_OP_ceil}, {"trunc", AG_OP_trunc},
    {"isnan", AG_OP_isnan}, {"isinf", AG_OP_isinf}, {"isfinite", AG_OP_isfinite},
    {"signbit", AG_OP_signbit}, {"deg2rad", AG_OP_deg2rad}, {"radians", AG_OP_deg2rad},
    {"rad2deg", AG_OP_rad2deg}, {"degrees", AG_OP_rad2deg},
    {"logical_not", AG_OP_logical_not}, {"invert", AG_OP_bitwise_not}, {NULL, 0},
};

static const ufunc_row pair_rows[] = {
    {"add", AG_OP_add}, {"subtract", AG_OP_sub}, {"multiply", AG_OP_mul}, {"divide", AG_OP_div},
    {"floor_divide", AG_OP_floor_divide}, {"remainder", AG_OP_remainder},
    {"power", AG_OP_pow}, {"float_power", AG_OP_float_power}, {"maximum", AG_OP_maximum},
    {"minimum", AG_OP_minimum}, {"equal", AG_OP_eq}, {"not_equal", AG_OP_ne},
    {"less", AG_OP_lt}, {"less_equal", AG_OP_le}, {"greater", AG_OP_gt},
    {"greater_equal", AG_OP_ge}, {"logical_and", AG_OP_logical_and},
    {"logical_or", AG_OP_logical_or}, {"logical_xor", AG_OP_logical_xor},
    {"bitwise_and", AG_OP_bitwise_and}, {"bitwise_or", AG_OP_bitwise_or},
    {"bitwise_xor", AG_OP_bitwise_xor}, {"left_shift", AG_OP_bitwise_left_shift},
    {"right_shift", AG_OP_bitwise_right_shift}, {"arctan2", AG_OP_atan2}, {"hypot", AG_OP_hypot},
    {"logaddexp", AG_OP_logaddexp}, {"logaddexp2", AG_OP_logaddexp2}, {"fmod", AG_OP_fmod},
    {"copysign", AG_OP_copysign}, {"heaviside", AG_OP_heaviside}, {"fmax", AG_OP_fmax},
    {"fmin", AG_OP_fmin}, {"gcd", AG_OP_gcd}, {"lcm", AG_OP_lcm}, {"ldexp", AG_OP_ldexp},
    {"matmul", AG_OP_mm},
    {NULL, 0},
};

/* ufunc -> op, of one operand and of two; made at the first call. */
static PyObject *unary_ops, *pair_ops;

static PyObject *ops_of(const ufunc_row *rows, PyObject *numpy)
{
    PyObject *ops = PyDict_New();
    for (; ops != NULL && rows->ufunc != NULL; rows++) {
        PyObject *ufunc = PyObject_GetAttrString(numpy, rows->ufunc);
        PyObject *op = PyLong_FromLong(rows->op);
        if (ufunc == NULL || op == NULL || PyDict_SetItem(ops, ufunc, op) < 0)
            Py_CLEAR(ops);
        Py_XDECREF(ufunc);
        Py_XDECREF(op);
    }
    return ops;
}

static bool make_tables(void)
{
    PyObject *numpy = PyImport_ImportModule("numpy");
    if (numpy == NULL)
        return false;
    PyObject *unary = ops_of(unary_rows, numpy);
    PyObject *pair = unary != NULL ? ops_of(pair_rows, numpy) : NULL;
    Py_DECREF(numpy);
    if (pair == NULL) {
        Py_XDECREF(unary);
        return false;
    }
    unary_ops = unary;
    pair_ops = pair;
    return true;
}

/* The op of a ufunc, or -1: with an exception if something went wrong. */
static int op_of(PyObject *ops, PyObject *ufunc)
{
    PyObject *op = PyDict_GetItemWithError(ops, ufunc);
    return op != NULL ? (int)PyLong_AsLong(op) : -1;
}

/* NotImplemented where it is no call of an op on operands that the op knows. */
static PyObject *call_op(PyObject *ufunc, PyObject *method, PyObject *const *operands, Py_ssize_t n)
{
    int op = -1;
    if (unary_ops == NULL && !make_tables())
        return NULL;
    if ((n == 1 || n == 2) && PyUnicode_Check(method) &&
        PyUnicode_CompareWithASCIIString(method, "__call__") == 0)
        op = op_of(n == 1 ? unary_ops : pair_ops, ufunc);
    if (op < 0) {
        if (PyErr_Occurred())
            return NULL;
        Py_RETURN_NOTIMPLEMENTED;
    }
    if (op == AG_OP_mm)
        return py_matmul(operands[0], operands[1]);
    if (n == 2)
        return py_binary((ag_op)op, operands[0], operands[1]);
    if (py_is_tensor(operands[0]))
        return py_unary((ag_op)op, operands[0]);
    Py_RETURN_NOTIMPLEMENTED;
}

/* ---- the protocols -------------------------------------------------------------------------- */

/* A function of pyautograd/_numpy.py, called with what the method was called with. */
static PyObject *call_python(const char *name, PyObject *const *args, Py_ssize_t n,
                             PyObject *names)
{
    PyObject *module = PyImport_ImportModule("pyautograd._numpy");
    PyObject *function = module != NULL ? PyObject_GetAttrString(module, name) : NULL;
    Py_XDECREF(module);
    if (function == NULL)
        return NULL;
    PyObject *result = PyObject_Vectorcall(function, args, (size_t)n, names);
    Py_DECREF(function);
    return result;
}

static PyObject *m_array_ufunc(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    if (names == NULL && n >= 3) {
        PyObject *result = call_op(args[0], args[1], args + 2, n - 2);
        if (result != Py_NotImplemented)
            return result;
        Py_DECREF(result);
    }
    (void)self;
    return call_python("apply_ufunc", args, n, names);
}

static PyObject *m_array_function(PyObject *self, PyObject *const *args, Py_ssize_t n,
                                  PyObject *names)
{
    (void)self;
    return call_python("apply_function", args, n, names);
}

PyMethodDef py_ufunc_methods[] = {
    {"__array_ufunc__", PY_METHOD(m_array_ufunc), PY_KEYWORDS,
     "__array_ufunc__($self, ufunc, method, /, *inputs, **kwargs)\n--\n\n"
     "What NumPy's ufuncs do to tensors: np.sin(x) is x.sin()."},
    {"__array_function__", PY_METHOD(m_array_function), PY_KEYWORDS,
     "__array_function__($self, function, types, args, kwargs, /)\n--\n\n"
     "What NumPy's other functions do to tensors: np.where(m, x, y) is where(m, x, y)."},
    {NULL, NULL, 0, NULL},
};
