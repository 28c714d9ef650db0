/* SPDX-License-Identifier: MIT
 *
 * Elementwise ops and reductions as methods and as functions of the module. Ops without arguments
 * of their own come from ops.def, documentation and all: a new one needs nothing here.
 */
#include "py_ops.h"

#include "py_args.h"
#include "py_convert.h"
#include "py_errors.h"
#include "py_numpy.h"
#include "py_tensor.h"
#include "py_type.h"

#include <math.h>

/* ---- one tensor in -------------------------------------------------------------------------- */

static PyObject *unary_inplace(ag_op op, PyObject *self)
{
    ag_arg arg = {py_tensor_of(self), 0.0};
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
        const py_signature signature = {name, 1, 1, 1, {"input|x"}};
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
        return unary_function(AG_OP_##name, #name, args, n, names); \
    }

/* ---- two operands --------------------------------------------------------------------------- */

#define IS_SCALED(op) ((op) == AG_OP_add || (op) == AG_OP_sub)
#define IS_POWER(op) ((op) == AG_OP_pow)
#define IS_PLAIN(op) (IS_SCALED(op) || (op) == AG_OP_mul || (op) == AG_OP_div)

/* alpha * other. Owned. */
static PyObject *scaled(const char *name, PyObject *other, PyObject *alpha)
{
    double factor;
    if (!py_number_argument(name, "alpha", alpha, &factor))
        return NULL;
    PyObject *number = PyFloat_FromDouble(factor);
    if (number == NULL)
        return NULL;
    bool is_op = py_is_tensor(other);
    PyObject *product = is_op ? py_binary(AG_OP_mul, other, number)
                              : PyNumber_Multiply(other, number);
    Py_DECREF(number);
    return product;
}

/* A number comes first in arithmetic alone, as in PyTorch. */
static bool check_first(ag_op op, const char *name, PyObject *x)
{
    double number;
    if (py_is_tensor(x) || IS_PLAIN(op) || IS_POWER(op))
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
    double first, second;
    if (!IS_PLAIN(op) || py_number(x, &first) <= 0 || py_number(y, &second) <= 0)
        return NULL;
    return py_tensor_new(ag_scalar(first));
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

static PyObject *pair_call(pair_function call, ag_op op, const char *name, PyObject *self,
                           PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    PyObject *values[3] = {self, NULL, NULL};
    if (PY_LIKELY(names == NULL && n == 2 - (self != NULL))) {
        values[self != NULL] = args[0];
        if (self == NULL)
            values[1] = args[1];
    } else {
        const char *other = IS_POWER(op) ? "exponent|other" : "other|x2";
        const py_signature s = {
            name, IS_SCALED(op) ? 3 : 2, 2, 2, {"input|self|x|x1", other, "alpha"}};
        if (!py_parse(&s, self, args, n, names, values))
            return NULL;
    }
    PyObject *other = values[1], *product = NULL;
    if (values[2] != NULL) {
        other = product = scaled(name, other, values[2]);
        if (product == NULL)
            return NULL;
    }
    PyObject *result = NULL;
    if (self != NULL || check_first(op, name, values[0]))
        result = call(op, values[0], other);
    if (result == Py_NotImplemented) {
        Py_DECREF(result);
        PyObject *first = first_as_tensor(op, values[0], other);
        result = first != NULL ? call(op, first, other) : NULL;
        if (result == NULL && !PyErr_Occurred())
            result = no_operands(name, values[0], other);
        Py_XDECREF(first);
    }
    Py_XDECREF(product);
    return result;
}

#define FUNCTIONS_PAIR(name, call) \
    static PyObject *m_##name(PyObject *self, PyObject *const *args, Py_ssize_t n, \
                              PyObject *names) \
    { \
        return pair_call(call, AG_OP_##name, #name, self, args, n, names); \
    } \
    static PyObject *f_##name(PyObject *module, PyObject *const *args, Py_ssize_t n, \
                              PyObject *names) \
    { \
        (void)module; \
        return pair_call(call, AG_OP_##name, #name, NULL, args, n, names); \
    }
#define FUNCTIONS_BINARY(name) \
    FUNCTIONS_PAIR(name, py_binary) \
    static PyObject *i_##name(PyObject *self, PyObject *const *args, Py_ssize_t n, \
                              PyObject *names) \
    { \
        return pair_call(py_inplace, AG_OP_##name, #name "_", self, args, n, names); \
    }

/* ---- comparisons ---------------------------------------------------------------------------- */

/* The operand as a tensor: *made if it is a number or array. 1, 0, -1 as py_operand. */
static int comparand(PyObject *object, ag_tensor **tensor, ag_tensor **made)
{
    ag_arg arg;
    int known = py_operand(object, false, &arg, made);
    if (known > 0 && arg.tensor == NULL) {
        arg.tensor = *made = ag_scalar(arg.value);
        if (*made == NULL) {
            py_raise();
            return -1;
        }
    }
    *tensor = arg.tensor;
    return known;
}

static PyObject *compare_tensors(ag_op op, ag_tensor *x, ag_tensor *y)
{
    int ndim;
    int64_t shape[AG_MAX_DIMS];
    if (ag_broadcast(x, y, &ndim, shape) != AG_OK)
        return py_raise();
    npy_intp dims[AG_MAX_DIMS];
    for (int i = 0; i < ndim; i++)
        dims[i] = (npy_intp)shape[i];
    PyObject *mask = PyArray_SimpleNew(ndim, dims, NPY_BOOL);
    if (mask == NULL)
        return NULL;
    if (ag_compare(op, x, y, PyArray_DATA((PyArrayObject *)mask)) != AG_OK) {
        Py_DECREF(mask);
        return py_raise();
    }
    return PyArray_Return((PyArrayObject *)mask);  /* 0-d: np.bool_ */
}

static PyObject *compare(ag_op op, PyObject *x, PyObject *y)
{
    ag_tensor *tx = NULL, *ty = NULL, *made_x = NULL, *made_y = NULL;
    int known = py_is_tensor(x) || py_is_tensor(y);
    if (known > 0)
        known = comparand(x, &tx, &made_x);
    if (known > 0)
        known = comparand(y, &ty, &made_y);
    PyObject *mask = known > 0 ? compare_tensors(op, tx, ty) : NULL;
    ag_release(made_x);
    ag_release(made_y);
    if (known == 0)
        Py_RETURN_NOTIMPLEMENTED;
    return mask;
}

PyObject *py_tensor_compare(PyObject *x, PyObject *y, int op)
{
    static const ag_op ops[] = {
        [Py_LT] = AG_OP_lt, [Py_LE] = AG_OP_le, [Py_EQ] = AG_OP_eq,
        [Py_NE] = AG_OP_ne, [Py_GT] = AG_OP_gt, [Py_GE] = AG_OP_ge,
    };
    return compare(ops[op], x, y);
}

PyObject *py_pair(ag_op op, PyObject *x, PyObject *y)
{
    switch (op) {
    case AG_OP_eq:
    case AG_OP_ne:
    case AG_OP_lt:
    case AG_OP_le:
    case AG_OP_gt:
    case AG_OP_ge:
        return compare(op, x, y);
    default:
        return py_binary(op, x, y);
    }
}

#define FUNCTIONS_MASK(name) FUNCTIONS_PAIR(name, compare)
#define FUNCTIONS_TERNARY(name)
#define FUNCTIONS_INNER(name)
#define FUNCTIONS_INNER3(name)
#define FUNCTIONS_UNARY_ATTR(name)
#define FUNCTIONS_TERNARY_ATTR(name)
#define FUNCTIONS_REDUCE(name)
#define FUNCTIONS_VIEW(name)
#define FUNCTIONS_MAKE(name)
#define FUNCTIONS_JOIN(name)
#define FUNCTIONS_REDUCES(name)
#define FUNCTIONS_VIEWS(name)
#define OP(name, arity, KIND, saves, GRAD, label, doc) FUNCTIONS_##KIND(name)
#include "../include/ops.def"
#undef OP

/* ---- ops with arguments of their own -------------------------------------------------------- */

static PyObject *softplus_call(PyObject *self, PyObject *const *args, Py_ssize_t n,
                               PyObject *names)
{
    static const py_signature s = {"softplus", 3, 1, 3, {"input", "beta", "threshold"}};
    PyObject *v[3];
    ag_tensor *x;
    double beta = 1.0, threshold = 20.0;
    if (!py_parse(&s, self, args, n, names, v) ||
        !py_tensor_argument(s.function, "input", v[0], &x) ||
        (v[1] != NULL && !py_number_argument(s.function, "beta", v[1], &beta)) ||
        (v[2] != NULL && !py_number_argument(s.function, "threshold", v[2], &threshold)))
        return NULL;
    return py_result(v[0], ag_softplus(x, beta, threshold));
}
PY_METHOD_AND_FUNCTION(softplus)

/* A bound of clamp: `none` where there is no bound. */
static int bound(const char *function, const char *name, PyObject *object, double none,
                 ag_arg *arg, ag_tensor **made)
{
    *made = NULL;
    *arg = (ag_arg){NULL, none};
    int known = py_absent(object) ? 1 : py_operand(object, ag_grad_enabled(), arg, made);
    if (known == 0)
        py_wrong_type(function, name, "Tensor or Number", object);
    return known > 0;
}

static PyObject *clamp_with(bool inplace, PyObject *const v[3])
{
    const char *function = inplace ? "clamp_" : "clamp";
    ag_arg args[3] = {{NULL, 0.0}};
    ag_tensor *made[2] = {NULL, NULL};
    PyObject *result = NULL;
    if (!py_tensor_argument(function, "input", v[0], &args[0].tensor))
        return NULL;
    if (py_absent(v[1]) && py_absent(v[2])) {
        PyErr_Format(PyExc_RuntimeError, "%s: At least one of 'min' or 'max' must not be None",
                     function);
        return NULL;
    }
    if (bound(function, "min", v[1], -INFINITY, &args[1], &made[0]) &&
        bound(function, "max", v[2], INFINITY, &args[2], &made[1])) {
        if (!inplace)
            result = py_tensor_new_as(py_common_type(3, v), ag_apply(AG_OP_clamp, 3, args, NULL));
        else if (ag_apply_(AG_OP_clamp, 3, args, NULL) != AG_OK)
            py_raise();
        else
            result = Py_NewRef(v[0]);
    }
    ag_release(made[0]);
    ag_release(made[1]);
    return result;
}

static PyObject *clamp_call(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {"clamp", 3, 1, 3, {"input", "min", "max"}};
    PyObject *v[3];
    return py_parse(&s, self, args, n, names, v) ? clamp_with(false, v) : NULL;
}
PY_METHOD_AND_FUNCTION(clamp)

static PyObject *i_clamp(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {"clamp_", 3, 1, 3, {"input", "min", "max"}};
    PyObject *v[3];
    return py_parse(&s, self, args, n, names, v) ? clamp_with(true, v) : NULL;
}

/* An operand of where, which nested sequences may be too. */
static bool choice(const char *name, PyObject *object, ag_arg *arg, ag_tensor **made)
{
    int known = py_operand(object, ag_grad_enabled(), arg, made);
    if (known == 0 && (PyList_Check(object) || PyTuple_Check(object))) {
        bool floating;
        arg->tensor = *made = py_tensor_from_data(object, &floating);
        return *made != NULL;
    }
    if (known == 0)
        py_wrong_type("where", name, "Tensor, array or Number", object);
    return known > 0;
}

/* Of numbers only a bool chooses; np.bool_ is what comparing 0-d tensors gives. */
static bool is_condition(PyObject *object)
{
    double number;
    int is_number = PyBool_Check(object) || PyArray_IsScalar(object, Bool)
                        ? 0 : py_number(object, &number);
    if (is_number > 0)
        py_wrong_type("where", "condition", "Tensor, array or bool", object);
    return is_number == 0;
}

static PyObject *where_with(PyObject *condition, PyObject *x, PyObject *y)
{
    PyObject *operands[3] = {condition, x, y};
    static const char *const names[] = {"condition", "input", "other"};
    ag_arg args[3];
    ag_tensor *made[3] = {NULL, NULL, NULL};
    bool ok = is_condition(condition);
    for (int i = 0; ok && i < 3; i++)
        ok = choice(names[i], operands[i], &args[i], &made[i]);
    if (ok && args[0].tensor == NULL && args[1].tensor == NULL && args[2].tensor == NULL) {
        args[0].tensor = made[0] = ag_scalar(args[0].value);
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

static PyObject *f_where(PyObject *module, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {"where", 3, 3, 3, {"condition", "input|self", "other"}};
    PyObject *v[3];
    (void)module;
    return py_parse(&s, NULL, args, n, names, v) ? where_with(v[0], v[1], v[2]) : NULL;
}

static PyObject *m_where(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {"where", 3, 3, 3, {"input", "condition", "other"}};
    PyObject *v[3];
    return py_parse(&s, self, args, n, names, v) ? where_with(v[1], v[0], v[2]) : NULL;
}

typedef ag_tensor *(*reduction)(ag_tensor *x, int n, const int64_t *dims, bool keepdim);

static PyObject *reduce(const char *name, reduction call, PyObject *self, PyObject *const *args,
                        Py_ssize_t n, PyObject *names)
{
    const py_signature s = {name, 5, 1, 3, {"input|a|x", "dim|axis", "keepdim|keepdims", "dtype",
                                            "out"}};
    PyObject *v[5];
    ag_tensor *x;
    int n_dims;
    int64_t dims[AG_MAX_DIMS];
    bool keepdim = false;
    if (!py_parse(&s, self, args, n, names, v) || !py_tensor_argument(name, "input", v[0], &x) ||
        !py_dims_argument(name, v[1], &n_dims, dims) ||
        !py_bool_argument(name, "keepdim", v[2], &keepdim) || !py_dtype_argument(v[3]))
        return NULL;
    if (!py_absent(v[4]))
        return py_wrong_type(name, "out", "None", v[4]);
    return py_result(v[0], call(x, n_dims, dims, keepdim));
}

static PyObject *sum_call(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    if (PY_LIKELY(self != NULL && n == 0 && names == NULL))
        return py_result(self, ag_sum_all(py_tensor_of(self)));
    return reduce("sum", ag_sum, self, args, n, names);
}
PY_METHOD_AND_FUNCTION(sum)

static PyObject *mean_call(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    if (PY_LIKELY(self != NULL && n == 0 && names == NULL))
        return py_result(self, ag_mean_all(py_tensor_of(self)));
    return reduce("mean", ag_mean, self, args, n, names);
}
PY_METHOD_AND_FUNCTION(mean)

static PyObject *amax_call(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    return reduce("amax", ag_amax, self, args, n, names);
}
PY_METHOD_AND_FUNCTION(amax)

static PyObject *amin_call(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    return reduce("amin", ag_amin, self, args, n, names);
}
PY_METHOD_AND_FUNCTION(amin)

#include "py_ops_doc.h"

/* ---- tables --------------------------------------------------------------------------------- */

#define METHODS_UNARY(name, label, doc) \
    {#name, m_##name, METH_NOARGS, #name "($self, /)\n--\n\n" UNARY_DOC(name, label, doc)}, \
    {#name "_", i_##name, METH_NOARGS, #name "_($self, /)\n--\n\n" UNARY_INPLACE_DOC(name, doc)},
#define METHODS_BINARY(name, label, doc) \
    {#name, PY_METHOD(m_##name), PY_KEYWORDS, PAIR_SIGNATURE(name, "", "$self", doc, BINARY_DOC)}, \
    {#name "_", PY_METHOD(i_##name), PY_KEYWORDS, \
     PAIR_SIGNATURE(name, "_", "$self", doc, BINARY_INPLACE_DOC)},
#define METHODS_MASK(name, label, doc) \
    {#name, PY_METHOD(m_##name), PY_KEYWORDS, \
     #name "($self, other)\n--\n\n" MASK_DOC(name, doc)},
#define METHODS_TERNARY(name, label, doc)
#define METHODS_INNER(name, label, doc)
#define METHODS_INNER3(name, label, doc)
#define METHODS_UNARY_ATTR(name, label, doc)
#define METHODS_TERNARY_ATTR(name, label, doc)
#define METHODS_REDUCE(name, label, doc)
#define METHODS_VIEW(name, label, doc)
#define METHODS_MAKE(name, label, doc)
#define METHODS_JOIN(name, label, doc)
#define METHODS_REDUCES(name, label, doc)
#define METHODS_VIEWS(name, label, doc)

#define UNARY_ALIAS(alias, name) \
    {#alias, m_##name, METH_NOARGS, #alias "($self, /)\n--\n\n" ALIAS_DOC(alias, name, "")}
#define BINARY_ALIAS(alias, name) \
    {#alias, PY_METHOD(m_##name), PY_KEYWORDS, ALIAS_SIGNATURE(alias, name, "$self")}

#define INPLACE_ALIAS(alias, name) \
    {#alias, PY_METHOD(i_##name), PY_KEYWORDS, INPLACE_ALIAS_SIGNATURE(alias, name)}

PyMethodDef py_op_methods[] = {
#define OP(name, arity, KIND, saves, GRAD, label, doc) METHODS_##KIND(name, label, doc)
#include "../include/ops.def"
#undef OP
    {"softplus", PY_METHOD(m_softplus), PY_KEYWORDS,
     "softplus($self, beta=1, threshold=20)\n--\n\n" SOFTPLUS_DOC},
    {"clamp", PY_METHOD(m_clamp), PY_KEYWORDS,
     "clamp($self, min=None, max=None)\n--\n\n" CLAMP_DOC},
    {"clip", PY_METHOD(m_clamp), PY_KEYWORDS,
     "clip($self, min=None, max=None)\n--\n\n" ALIAS_DOC(clip, clamp, ", 0.0")},
    {"clamp_", PY_METHOD(i_clamp), PY_KEYWORDS,
     "clamp_($self, min=None, max=None)\n--\n\n" CLAMP_INPLACE_DOC},
    {"where", PY_METHOD(m_where), PY_KEYWORDS, "where($self, condition, other)\n--\n\n" WHERE_DOC},
    {"sum", PY_METHOD(m_sum), PY_KEYWORDS,
     "sum($self, dim=None, keepdim=False, *, dtype=None, out=None)\n--\n\n" SUM_DOC},
    {"mean", PY_METHOD(m_mean), PY_KEYWORDS,
     "mean($self, dim=None, keepdim=False, *, dtype=None, out=None)\n--\n\n" MEAN_DOC},
    {"amax", PY_METHOD(m_amax), PY_KEYWORDS,
     "amax($self, dim=(), keepdim=False, *, out=None)\n--\n\n" AMAX_DOC},
    {"amin", PY_METHOD(m_amin), PY_KEYWORDS,
     "amin($self, dim=(), keepdim=False, *, out=None)\n--\n\n" AMIN_DOC},
    UNARY_ALIAS(absolute, abs),
    UNARY_ALIAS(negative, neg),
    UNARY_ALIAS(arcsin, asin),
    UNARY_ALIAS(arccos, acos),
    UNARY_ALIAS(arctan, atan),
    BINARY_ALIAS(subtract, sub),
    BINARY_ALIAS(multiply, mul),
    BINARY_ALIAS(divide, div),
    BINARY_ALIAS(true_divide, div),
    INPLACE_ALIAS(subtract_, sub),
    INPLACE_ALIAS(multiply_, mul),
    INPLACE_ALIAS(divide_, div),
    INPLACE_ALIAS(true_divide_, div),
    BINARY_ALIAS(not_equal, ne),
    BINARY_ALIAS(less, lt),
    BINARY_ALIAS(less_equal, le),
    BINARY_ALIAS(greater, gt),
    BINARY_ALIAS(greater_equal, ge),
    {NULL, NULL, 0, NULL},
};
#undef UNARY_ALIAS
#undef BINARY_ALIAS

#define TABLE_UNARY(name, label, doc) \
    {#name, PY_METHOD(f_##name), PY_KEYWORDS, #name "(input)\n--\n\n" UNARY_DOC(name, label, doc)},
#define TABLE_BINARY(name, label, doc) \
    {#name, PY_METHOD(f_##name), PY_KEYWORDS, PAIR_SIGNATURE(name, "", "input", doc, BINARY_DOC)},
#define TABLE_MASK(name, label, doc) \
    {#name, PY_METHOD(f_##name), PY_KEYWORDS, #name "(input, other)\n--\n\n" MASK_DOC(name, doc)},
#define TABLE_TERNARY(name, label, doc)
#define TABLE_INNER(name, label, doc)
#define TABLE_INNER3(name, label, doc)
#define TABLE_UNARY_ATTR(name, label, doc)
#define TABLE_TERNARY_ATTR(name, label, doc)
#define TABLE_REDUCE(name, label, doc)
#define TABLE_VIEW(name, label, doc)
#define TABLE_MAKE(name, label, doc)
#define TABLE_JOIN(name, label, doc)
#define TABLE_REDUCES(name, label, doc)
#define TABLE_VIEWS(name, label, doc)
#define UNARY_ALIAS(alias, name) \
    {#alias, PY_METHOD(f_##name), PY_KEYWORDS, #alias "(input)\n--\n\n" ALIAS_DOC(alias, name, "")}
#define BINARY_ALIAS(alias, name) \
    {#alias, PY_METHOD(f_##name), PY_KEYWORDS, ALIAS_SIGNATURE(alias, name, "input")}

PyMethodDef py_op_functions[] = {
#define OP(name, arity, KIND, saves, GRAD, label, doc) TABLE_##KIND(name, label, doc)
#include "../include/ops.def"
#undef OP
    {"softplus", PY_METHOD(f_softplus), PY_KEYWORDS,
     "softplus(input, beta=1, threshold=20)\n--\n\n" SOFTPLUS_DOC},
    {"clamp", PY_METHOD(f_clamp), PY_KEYWORDS,
     "clamp(input, min=None, max=None)\n--\n\n" CLAMP_DOC},
    {"clip", PY_METHOD(f_clamp), PY_KEYWORDS,
     "clip(input, min=None, max=None)\n--\n\n" ALIAS_DOC(clip, clamp, ", 0.0")},
    {"where", PY_METHOD(f_where), PY_KEYWORDS, "where(condition, input, other)\n--\n\n" WHERE_DOC},
    {"sum", PY_METHOD(f_sum), PY_KEYWORDS,
     "sum(input, dim=None, keepdim=False, *, dtype=None, out=None)\n--\n\n" SUM_DOC},
    {"mean", PY_METHOD(f_mean), PY_KEYWORDS,
     "mean(input, dim=None, keepdim=False, *, dtype=None, out=None)\n--\n\n" MEAN_DOC},
    {"amax", PY_METHOD(f_amax), PY_KEYWORDS,
     "amax(input, dim=(), keepdim=False, *, out=None)\n--\n\n" AMAX_DOC},
    {"amin", PY_METHOD(f_amin), PY_KEYWORDS,
     "amin(input, dim=(), keepdim=False, *, out=None)\n--\n\n" AMIN_DOC},
    UNARY_ALIAS(absolute, abs),
    UNARY_ALIAS(negative, neg),
    UNARY_ALIAS(arcsin, asin),
    UNARY_ALIAS(arccos, acos),
    UNARY_ALIAS(arctan, atan),
    BINARY_ALIAS(subtract, sub),
    BINARY_ALIAS(multiply, mul),
    BINARY_ALIAS(divide, div),
    BINARY_ALIAS(true_divide, div),
    BINARY_ALIAS(not_equal, ne),
    BINARY_ALIAS(less, lt),
    BINARY_ALIAS(less_equal, le),
    BINARY_ALIAS(greater, gt),
    BINARY_ALIAS(greater_equal, ge),
    {NULL, NULL, 0, NULL},
};
