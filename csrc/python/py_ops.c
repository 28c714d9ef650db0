/* SPDX-License-Identifier: MIT
 *
 * Elementwise ops as methods and as functions of the module, made of ops.def: those without
 * arguments of their own, and those of two operands, which may be tensors, numbers or arrays.
 */
#include "py_ops.h"

#include "py_errors.h"
#include "py_numpy.h"
#include "py_out.h"
#include "py_rows.h"
#include "py_tensor.h"
#include "py_type.h"

#include <math.h>

/* ---- one tensor in -------------------------------------------------------------------------- */

static PyObject *unary_inplace(ag_op op, PyObject *self)
{
    ag_arg arg = {.tensor = py_tensor_of(self)};
    if (ag_apply_(op, 1, &arg, NULL) != AG_OK)
        return py_raise();
    Py_INCREF(self);
    return self;
}

static PyObject *unary_function(ag_op op, const char *name, PyObject *const *args, Py_ssize_t n,
                                PyObject *names)
{
    PyObject *input;
    if (PY_LIKELY(n == 1 && names == NULL)) {
        input = args[0];
    } else {
        const py_signature signature = {name, 1, 1, 1, {"input"}};
        if (!py_parse(&signature, NULL, args, n, names, &input))
            return NULL;
    }
    if (!py_is_tensor(input))
        return py_wrong_type(name, "input", "Tensor", input);
    return py_unary(op, input);
}

#define FUNCTIONS_UNARY(name) \
    static PyObject *m_##name(PyObject *self, PyObject *unused) \
    { \
        (void)unused; \
        return py_unary(AG_OP_##name, self); \
    } \
    static PyObject *i_##name(PyObject *self, PyObject *unused) \
    { \
        (void)unused; \
        return unary_inplace(AG_OP_##name, self); \
    } \
    static PyObject *f_##name(PyObject *module, PyObject *const *args, Py_ssize_t n, \
                              PyObject *names) \
    { \
        (void)module; \
        PY_TAKE_OUT(#name, f_##name, args, n, names); \
        return unary_function(AG_OP_##name, #name, args, n, names); \
    }

/* ---- two operands --------------------------------------------------------------------------- */

#define IS_PLAIN(op) \
    ((op) == AG_OP_add || (op) == AG_OP_sub || (op) == AG_OP_mul || (op) == AG_OP_div)

/* The arguments: the struct of a PAIR of ops.def, and of what is no PAIR but takes two operands. */
typedef struct pair_fields {
    py_head head;
    PyObject *input, *other;
    union {
        PyObject *alpha;
        int rounding_mode;
    } more;
} pair_fields;

/* alpha as a number with its dtype. */
static bool read_alpha(const char *name, PyObject *object, ag_arg *alpha)
{
    if (!py_is_tensor(object) && py_number_of(object, alpha) != 0)
        return !PyErr_Occurred();
    *alpha = ag_number(0.0);
    if (!py_number_argument(name, "alpha", object, &alpha->value))
        return false;
    alpha->dtype = ag_dtype_of(py_tensor_of(object));
    return true;
}

/* Whether a result of this dtype may have alpha as a factor in it. */
static bool check_alpha(ag_arg alpha, ag_dtype dtype)
{
    if (alpha.dtype == AG_BOOL && dtype != AG_BOOL)
        PyErr_SetString(PyExc_RuntimeError, "Boolean alpha only supported for Boolean results.");
    else if (alpha.dtype == AG_FLOAT64 && dtype != AG_FLOAT64)
        PyErr_SetString(PyExc_RuntimeError,
                        "For integral input tensors, argument alpha must not be "
                                            "a floating point number.");
    else
        return true;
    return false;
}

/* alpha * other, in a result of this dtype. Owned. */
static PyObject *scaled(PyObject *other, ag_arg alpha, ag_dtype dtype)
{
    double value;
    if (dtype == AG_BOOL && py_number(other, &value) > 0)
        return PyBool_FromLong(value != 0.0 && alpha.value != 0.0);
    PyObject *number = py_scalar_of(alpha.value, dtype == AG_BOOL ? AG_BOOL : alpha.dtype);
    if (number == NULL)
        return NULL;
    PyObject *product = py_is_tensor(other) ? py_binary(AG_OP_mul, other, number)
                                            : PyNumber_Multiply(other, number);
    Py_DECREF(number);
    return product;
}

/* The dtype that two operands are promoted to, and whether one of them is bool. false with an
 * exception, or without one where something is no operand. */
static bool promoted(PyObject *x, PyObject *y, ag_dtype *dtype, bool *is_mask)
{
    PyObject *operands[2] = {x, y};
    int32_t common = AG_BOOL;
    *is_mask = false;
    for (int k = 0; k < 2; k++) {
        ag_arg arg;
        ag_tensor *made = NULL;
        if (py_operand(operands[k], false, &arg, &made) <= 0)
            return false;
        const ag_dtype one = arg.tensor != NULL ? ag_dtype_of(arg.tensor) : arg.dtype;
        common &= one;
        *is_mask |= one == AG_BOOL;
        ag_release(made);
    }
    *dtype = common;
    return true;
}

static bool takes_number_first(ag_op op)
{
    return IS_PLAIN(op) || op == AG_OP_pow || op == AG_OP_remainder || op == AG_OP_xlogy ||
           op == AG_OP_bitwise_and || op == AG_OP_bitwise_or || op == AG_OP_bitwise_xor;
}

/* A number comes first in arithmetic and bitwise ops alone, as in PyTorch. */
static bool check_first(ag_op op, const char *name, PyObject *x)
{
    double number;
    if (py_is_tensor(x) || takes_number_first(op))
        return true;
    int is_number = py_number(x, &number);
    if (is_number > 0)
        py_wrong_type(name, "input", "Tensor", x);
    return is_number == 0;
}

/* Two numbers, as arithmetic takes them: the first as a tensor. Owned; NULL with an exception, or
 * without one if they are no numbers. */
static PyObject *first_as_tensor(ag_op op, PyObject *x, PyObject *y)
{
    ag_arg first;
    double second;
    if (!IS_PLAIN(op) || py_number_of(x, &first) <= 0 || py_number(y, &second) <= 0)
        return NULL;
    ag_tensor *made = ag_scalar(first.value);
    if (made != NULL && ag_set_dtype(made, first.dtype) != AG_OK) {
        ag_release(made);
        made = NULL;
    }
    return py_tensor_new(made);
}

/* Says which operand is none, or that neither of two numbers is a tensor. */
static PyObject *no_operands(const char *name, PyObject *x, PyObject *y)
{
    PyObject *operands[2] = {x, y};
    double number;
    for (int i = 0; i < 2; i++) {
        int known = py_is_tensor(operands[i]) || py_is_array(operands[i])
                        ? 1 : py_number(operands[i], &number);
        if (known < 0)
            return NULL;
        if (known == 0)
            return py_wrong_type(name, i == 0 ? "input" : "other", "Tensor", operands[i]);
    }
    return py_wrong_type(name, "input", "Tensor", x);
}

typedef PyObject *(*pair_function)(ag_op op, PyObject *x, PyObject *y);

static PyObject *pair_result(pair_function call, ag_op op, const char *name, bool is_method,
                             PyObject *x, PyObject *y)
{
    PyObject *result = NULL;
    if (is_method || check_first(op, name, x))
        result = call(op, x, y);
    if (PY_UNLIKELY(result == Py_NotImplemented)) {
        Py_DECREF(result);
        PyObject *first = first_as_tensor(op, x, y);
        result = first != NULL ? call(op, first, y) : NULL;
        if (result == NULL && !PyErr_Occurred())
            result = no_operands(name, x, y);
        Py_XDECREF(first);
    }
    return result;
}

static bool is_float64(PyObject *object)
{
    return py_is_tensor(object) && ag_dtype_of(py_tensor_of(object)) == AG_FLOAT64;
}

/* Whether there is nothing that could be refused: two float64 tensors and a float. */
static bool scales_freely(const pair_fields *a)
{
    return PyFloat_CheckExact(a->more.alpha) && is_float64(a->input) && is_float64(a->other);
}

static PyObject *pair_with_product(pair_function call, ag_op op, const char *name, bool is_method,
                                   const pair_fields *a, PyObject *product)
{
    if (product == NULL)
        return NULL;
    PyObject *result = pair_result(call, op, name, is_method, a->input, product);
    Py_DECREF(product);
    return result;
}

/* What is refused whatever alpha is, is refused in the words of the op. */
static PyObject *pair_scaled(pair_function call, ag_op op, const char *name, bool is_method,
                             const pair_fields *a)
{
    ag_arg alpha;
    ag_dtype dtype;
    bool is_mask;
    if (PY_LIKELY(scales_freely(a)))
        return pair_with_product(call, op, name, is_method, a,
                                 py_binary(AG_OP_mul, a->other, a->more.alpha));
    if (!read_alpha(name, a->more.alpha, &alpha))
        return NULL;
    if (!promoted(a->input, a->other, &dtype, &is_mask))
        return PyErr_Occurred() ? NULL : no_operands(name, a->input, a->other);
    const bool narrows = call == py_inplace && py_is_tensor(a->input) &&
                         (ag_dtype_of(py_tensor_of(a->input)) & dtype) !=
                             ag_dtype_of(py_tensor_of(a->input));
    if ((op == AG_OP_sub && is_mask) || narrows)
        return pair_result(call, op, name, is_method, a->input, a->other);
    return pair_with_product(call, op, name, is_method, a,
                             check_alpha(alpha, dtype) ? scaled(a->other, alpha, dtype) : NULL);
}

/* div with a rounding mode, of operands that are tensors, numbers or arrays. */
static PyObject *pair_rounded(const char *name, bool in_place, const pair_fields *a)
{
    PyObject *operands[2] = {a->input, a->other};
    ag_arg args[2];
    ag_tensor *made[2] = {NULL, NULL};
    const ag_attr attr = {.i = {a->more.rounding_mode}};
    PyObject *result = NULL;
    int known = 1;
    for (int k = 0; k < 2 && known > 0; k++)
        known = py_operand(operands[k], ag_grad_enabled(), &args[k], &made[k]);
    if (known == 0)
        no_operands(name, a->input, a->other);
    else if (known > 0 && !in_place)
        result = py_tensor_new_as(py_common_type(2, operands),
                                  ag_apply(AG_OP_div_rounded, 2, args, &attr));
    else if (known > 0)
        result = ag_apply_(AG_OP_div_rounded, 2, args, &attr) == AG_OK ? Py_NewRef(a->input)
                                                                       : py_raise();
    ag_release(made[0]);
    ag_release(made[1]);
    return result;
}

/* What there is beside the operands: a factor, or a rounding mode. */
static PyObject *pair_with_more(pair_function call, ag_op op, const py_row *row, bool is_method,
                                const pair_fields *a)
{
    const char *name = row->names.function;
    if (row->names.n > 2 && row->parameters[2].kind == PY_CHOICE && a->more.rounding_mode >= 0)
        return pair_rounded(name, call == py_inplace, a);
    if (row->names.n > 2 && row->parameters[2].kind == PY_OBJECT && a->more.alpha != NULL)
        return pair_scaled(call, op, name, is_method, a);
    return pair_result(call, op, name, is_method, a->input, a->other);
}

/* Whether a factor of a number is given by place: f(x, 2, 3) is x + 2 * 3, as in PyTorch, where
 * that of a tensor has to be named. */
static bool has_factor_by_place(const py_row *row, PyObject *const *args, Py_ssize_t n,
                                PyObject *names)
{
    double number;
    return names == NULL && row->names.n > 2 && row->parameters[2].kind == PY_OBJECT &&
           !py_is_tensor(args[n - 2]) && py_number(args[n - 2], &number) > 0;
}

static PyObject *pair_call(pair_function call, ag_op op, const py_row *row, PyObject *self,
                           PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    const bool is_method = self != NULL;
    if (PY_LIKELY(names == NULL && n == 2 - is_method))
        return pair_result(call, op, row->names.function, is_method, is_method ? self : args[0],
                           args[n - 1]);
    pair_fields a = {PY_HEAD(NULL), self, NULL, {NULL}};
    if (n == 3 - is_method && has_factor_by_place(row, args, n, names)) {
        a.input = is_method ? self : args[0];
        a.other = args[n - 2];
        a.more.alpha = args[n - 1];
        return pair_with_more(call, op, row, is_method, &a);
    }
    if (row->names.n > 2 && row->parameters[2].kind == PY_CHOICE)
        a.more.rounding_mode = -1;
    return py_read(row, self, args, n, names, &a) ? pair_with_more(call, op, row, is_method, &a)
                                                  : NULL;
}

#define PAIR_ROW(row, function, of, parameters) \
    static const py_row row = {PY_SIGNATURE(function, of, parameters), of##_description, false};
#define PAIR_FUNCTIONS(name, call, op, of, parameters) \
    static const py_parameter of##_description[] = PY_DESCRIPTION(of, parameters); \
    PAIR_ROW(of##_row, #name, of, parameters) \
    static PyObject *m_##of(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names) \
    { \
        return pair_call(call, AG_OP_##op, &of##_row, self, args, n, names); \
    } \
    static PyObject *f_##of(PyObject *module, PyObject *const *args, Py_ssize_t n, \
                            PyObject *names) \
    { \
        (void)module; \
        PY_TAKE_OUT(#name, f_##of, args, n, names); \
        return pair_call(call, AG_OP_##op, &of##_row, NULL, args, n, names); \
    }
#define PAIR_IN_PLACE(name, op, of, parameters) \
    PAIR_ROW(of##_row_in_place, #name "_", of, parameters) \
    static PyObject *i_##of(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names) \
    { \
        return pair_call(py_inplace, AG_OP_##op, &of##_row_in_place, self, args, n, names); \
    }

PyObject *py_tensor_compare(PyObject *x, PyObject *y, int op)
{
    static const ag_op ops[] = {
        [Py_LT] = AG_OP_lt, [Py_LE] = AG_OP_le, [Py_EQ] = AG_OP_eq,
        [Py_NE] = AG_OP_ne, [Py_GT] = AG_OP_gt, [Py_GE] = AG_OP_ge,
    };
    return py_binary(ops[op], x, y);
}

/* ---- from the table ------------------------------------------------------------------------- */

/* Two operands, where no CALL says more. */
#define TWO ((OBJECT, input, NEEDED), (OBJECT, other, NEEDED))

#define FUNCTIONS_BINARY(name) \
    PY_STRUCT(pair_##name, TWO); \
    PAIR_FUNCTIONS(name, py_binary, name, pair_##name, TWO) \
    PAIR_IN_PLACE(name, name, pair_##name, TWO)
#define FUNCTIONS_MASK FUNCTIONS_BINARY
#define FUNCTIONS_PAIR(name)
#define FUNCTIONS_TERNARY(name)
#define FUNCTIONS_INNER1(name)
#define FUNCTIONS_INNER(name)
#define FUNCTIONS_INNER3(name)
#define FUNCTIONS_UNARY_ATTR(name)
#define FUNCTIONS_TERNARY_ATTR(name)
#define FUNCTIONS_REDUCE(name)
#define FUNCTIONS_VIEW(name)
#define FUNCTIONS_MAKE(name)
#define FUNCTIONS_EDIT(name)
#define FUNCTIONS_FORMULA(name)
#define FUNCTIONS_JOIN(name)
#define FUNCTIONS_REDUCES(name)
#define FUNCTIONS_VIEWS(name)
#define FUNCTIONS_FORMULAS(name)
#define OP(name, arity, KIND, dtypes, saves, GRAD, label, doc) FUNCTIONS_##KIND(name)
#include "../include/ops.def"

#define IN_PLACE_BOTH(name, op, of, parameters)
#define IN_PLACE_BOTH_IN_PLACE PAIR_IN_PLACE
#define CALL_OP(name, cname, FORMS, parameters)
#define CALL_C CALL_OP
#define CALL_OWN CALL_OP
#define CALL_DONE CALL_OP
#define CALL_PYTHON CALL_OP
#define CALL_CHECKED_OP CALL_OP
#define CALL_CHECKED_OWN CALL_OP
#define CALL_CHECKED_DONE CALL_OP
#define CALL_PAIR(name, cname, FORMS, parameters) \
    PAIR_FUNCTIONS(name, py_binary, cname, py_##name##_##cname, parameters) \
    IN_PLACE_##FORMS(name, cname, py_##name##_##cname, parameters)
#define CALL(name, cname, FORMS, BODY, RESULT, parameters, doc, example) \
    CALL_##BODY(name, cname, FORMS, parameters)
#include "../include/ops.def"

#include "py_ops_doc.h"

/* ---- tables --------------------------------------------------------------------------------- */

#define METHODS_UNARY(name, GRAD, label, doc) \
    {#name, m_##name, METH_NOARGS, #name "($self, /)\n--\n\n" UNARY_DOC(name, GRAD, label, doc)}, \
    {#name "_", i_##name, METH_NOARGS, \
     #name "_($self, /)\n--\n\n" UNARY_INPLACE_DOC(name, GRAD, doc)},
#define METHODS_BINARY(name, GRAD, label, doc) \
    {#name, PY_METHOD(m_pair_##name), PY_KEYWORDS, \
     #name "($self, other)\n--\n\n" BINARY_DOC(name, GRAD, doc)}, \
    {#name "_", PY_METHOD(i_pair_##name), PY_KEYWORDS, \
     #name "_($self, other)\n--\n\n" BINARY_INPLACE_DOC(name, GRAD)},
#define METHODS_MASK(name, GRAD, label, doc) \
    {#name, PY_METHOD(m_pair_##name), PY_KEYWORDS, \
     #name "($self, other)\n--\n\n" MASK_DOC(name, doc)}, \
    {#name "_", PY_METHOD(i_pair_##name), PY_KEYWORDS, \
     #name "_($self, other)\n--\n\n" BINARY_INPLACE_DOC(name, GRAD)},
#define METHODS_PAIR(name, GRAD, label, doc)
#define METHODS_TERNARY(name, GRAD, label, doc)
#define METHODS_INNER1(name, GRAD, label, doc)
#define METHODS_INNER(name, GRAD, label, doc)
#define METHODS_INNER3(name, GRAD, label, doc)
#define METHODS_UNARY_ATTR(name, GRAD, label, doc)
#define METHODS_TERNARY_ATTR(name, GRAD, label, doc)
#define METHODS_REDUCE(name, GRAD, label, doc)
#define METHODS_VIEW(name, GRAD, label, doc)
#define METHODS_MAKE(name, GRAD, label, doc)
#define METHODS_EDIT(name, GRAD, label, doc)
#define METHODS_FORMULA(name, GRAD, label, doc)
#define METHODS_JOIN(name, GRAD, label, doc)
#define METHODS_REDUCES(name, GRAD, label, doc)
#define METHODS_VIEWS(name, GRAD, label, doc)
#define METHODS_FORMULAS(name, GRAD, label, doc)

#define METHOD_CALL_OP(name, of, FORMS, parameters, doc, example)
#define METHOD_CALL_C METHOD_CALL_OP
#define METHOD_CALL_OWN METHOD_CALL_OP
#define METHOD_CALL_DONE METHOD_CALL_OP
#define METHOD_CALL_PYTHON METHOD_CALL_OP
#define METHOD_CALL_CHECKED_OP METHOD_CALL_OP
#define METHOD_CALL_CHECKED_OWN METHOD_CALL_OP
#define METHOD_CALL_CHECKED_DONE METHOD_CALL_OP
#define METHOD_CALL_PAIR(name, of, FORMS, parameters, doc, example) \
    {#name, PY_METHOD(m_##of), PY_KEYWORDS, \
     #name "(" PY_METHOD_TEXT(parameters) ")\n--\n\n" doc "\n" IMPORT_DOC example}, \
    METHOD_IN_PLACE_##FORMS(name, of, parameters)
#define METHOD_IN_PLACE_BOTH(name, of, parameters)
#define METHOD_IN_PLACE_BOTH_IN_PLACE(name, of, parameters) \
    {#name "_", PY_METHOD(i_##of), PY_KEYWORDS, \
     #name "_(" PY_METHOD_TEXT(parameters) ")\n--\n\n" BINARY_INPLACE_DOC(name, RULE)},

#define METHOD_ALIAS_UNARY(alias, name) \
    {#alias, m_##name, METH_NOARGS, #alias "($self, /)\n--\n\n" ALIAS_DOC(alias, name, "")}, \
    {#alias "_", i_##name, METH_NOARGS, \
     #alias "_($self, /)\n--\n\n" INPLACE_ALIAS_DOC(alias, name, "")},
#define METHOD_ALIAS_BINARY(alias, name) \
    {#alias, PY_METHOD(m_pair_##name), PY_KEYWORDS, \
     #alias "($self, other)\n--\n\n" ALIAS_DOC(alias, name, ", 2.0")}, \
    {#alias "_", PY_METHOD(i_pair_##name), PY_KEYWORDS, \
     #alias "_($self, other)\n--\n\n" INPLACE_ALIAS_DOC(alias, name, "2.0")},
#define METHOD_ALIAS_MASK METHOD_ALIAS_BINARY

PyMethodDef py_op_methods[] = {
#define OP(name, arity, KIND, dtypes, saves, GRAD, label, doc) \
    METHODS_##KIND(name, GRAD, label, doc)
#define CALL(name, cname, FORMS, BODY, RESULT, parameters, doc, example) \
    METHOD_CALL_##BODY(name, py_##name##_##cname, FORMS, parameters, doc, example)
#define ALIAS(alias, name, KIND) METHOD_ALIAS_##KIND(alias, name)
#include "../include/ops.def"
    {NULL, NULL, 0, NULL},
};

#define TABLE_UNARY(name, GRAD, label, doc) \
    {#name, PY_METHOD(f_##name), PY_KEYWORDS, \
     #name "(input)\n--\n\n" UNARY_DOC(name, GRAD, label, doc)},
#define TABLE_BINARY(name, GRAD, label, doc) \
    {#name, PY_METHOD(f_pair_##name), PY_KEYWORDS, \
     #name "(input, other)\n--\n\n" BINARY_DOC(name, GRAD, doc)},
#define TABLE_MASK(name, GRAD, label, doc) \
    {#name, PY_METHOD(f_pair_##name), PY_KEYWORDS, \
     #name "(input, other)\n--\n\n" MASK_DOC(name, doc)},
#define TABLE_PAIR(name, GRAD, label, doc)
#define TABLE_TERNARY(name, GRAD, label, doc)
#define TABLE_INNER1(name, GRAD, label, doc)
#define TABLE_INNER(name, GRAD, label, doc)
#define TABLE_INNER3(name, GRAD, label, doc)
#define TABLE_UNARY_ATTR(name, GRAD, label, doc)
#define TABLE_TERNARY_ATTR(name, GRAD, label, doc)
#define TABLE_REDUCE(name, GRAD, label, doc)
#define TABLE_VIEW(name, GRAD, label, doc)
#define TABLE_MAKE(name, GRAD, label, doc)
#define TABLE_EDIT(name, GRAD, label, doc)
#define TABLE_FORMULA(name, GRAD, label, doc)
#define TABLE_JOIN(name, GRAD, label, doc)
#define TABLE_REDUCES(name, GRAD, label, doc)
#define TABLE_VIEWS(name, GRAD, label, doc)
#define TABLE_FORMULAS(name, GRAD, label, doc)

#define TABLE_CALL_OP(name, of, parameters, doc, example)
#define TABLE_CALL_C TABLE_CALL_OP
#define TABLE_CALL_OWN TABLE_CALL_OP
#define TABLE_CALL_DONE TABLE_CALL_OP
#define TABLE_CALL_PYTHON TABLE_CALL_OP
#define TABLE_CALL_CHECKED_OP TABLE_CALL_OP
#define TABLE_CALL_CHECKED_OWN TABLE_CALL_OP
#define TABLE_CALL_CHECKED_DONE TABLE_CALL_OP
#define TABLE_CALL_PAIR(name, of, parameters, doc, example) \
    {#name, PY_METHOD(f_##of), PY_KEYWORDS, \
     #name "(" PY_FUNCTION_TEXT(parameters) ")\n--\n\n" doc "\n" IMPORT_DOC example},

#define TABLE_ALIAS_UNARY(alias, name) \
    {#alias, PY_METHOD(f_##name), PY_KEYWORDS, \
     #alias "(input)\n--\n\n" ALIAS_DOC(alias, name, "")},
#define TABLE_ALIAS_BINARY(alias, name) \
    {#alias, PY_METHOD(f_pair_##name), PY_KEYWORDS, \
     #alias "(input, other)\n--\n\n" ALIAS_DOC(alias, name, ", 2.0")},
#define TABLE_ALIAS_MASK TABLE_ALIAS_BINARY

PyMethodDef py_op_functions[] = {
#define OP(name, arity, KIND, dtypes, saves, GRAD, label, doc) TABLE_##KIND(name, GRAD, label, doc)
#define CALL(name, cname, FORMS, BODY, RESULT, parameters, doc, example) \
    TABLE_CALL_##BODY(name, py_##name##_##cname, parameters, doc, example)
#define ALIAS(alias, name, KIND) TABLE_ALIAS_##KIND(alias, name)
#include "../include/ops.def"
    {NULL, NULL, 0, NULL},
};
