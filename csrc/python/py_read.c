/* SPDX-License-Identifier: MIT
 *
 * Arguments read by their kinds. Without names they are read as they come; with names they are
 * sorted first (py_args.c), so that both complain in the same words.
 */
#include "py_read.h"

#include "py_errors.h"
#include "py_generator.h"
#include "py_tensor.h"

#include <string.h>

/* ---- one argument --------------------------------------------------------------------------- */

#define AT(type) (*(type *)(void *)at)

/* The tensors of a tuple or list, owned by a tuple. */
static bool read_tensors(const char *function, const char *argument, PyObject *object,
                         py_tensors *tensors)
{
    if (!(PyTuple_Check(object) || PyList_Check(object))) {
        py_wrong_type(function, argument, "tuple of Tensors", object);
        return false;
    }
    PyObject *all = PySequence_Tuple(object);
    if (all == NULL)
        return false;
    const Py_ssize_t n = PyTuple_GET_SIZE(all);
    ag_tensor **list = n <= INT32_MAX ? PyMem_Malloc((size_t)(n + 1) * sizeof *list) : NULL;
    if (list == NULL)
        PyErr_NoMemory();
    for (Py_ssize_t k = 0; list != NULL && k < n; k++) {
        PyObject *one = PyTuple_GET_ITEM(all, k);
        if (py_is_tensor(one)) {
            list[k] = py_tensor_of(one);
            continue;
        }
        PyErr_Format(PyExc_TypeError, "expected Tensor as element %zd in argument 0, but got %s", k,
                     Py_TYPE(one)->tp_name);
        PyMem_Free(list);
        list = NULL;
    }
    if (list == NULL) {
        Py_DECREF(all);
        return false;
    }
    *tensors = (py_tensors){(int)n, list, all};
    return true;
}

/* Given one by one, or as one tuple or list. */
static bool read_each(const char *function, const char *argument, Py_ssize_t n,
                      PyObject *const *objects, py_tensors *tensors)
{
    if (n == 1 && !py_is_tensor(objects[0]))
        return read_tensors(function, argument, objects[0], tensors);
    PyObject *all = PyTuple_New(n);
    for (Py_ssize_t k = 0; all != NULL && k < n; k++)
        PyTuple_SET_ITEM(all, k, Py_NewRef(objects[k]));
    const bool done = all != NULL && read_tensors(function, argument, all, tensors);
    Py_XDECREF(all);
    return done;
}

static bool read_operand(const char *function, const char *argument, PyObject *object,
                         py_operand_value *operand)
{
    int known = py_operand(object, ag_grad_enabled(), &operand->arg, &operand->made);
    operand->object = object;
    if (known == 0)
        py_wrong_type(function, argument, "Tensor or Number", object);
    return known > 0;
}

/* The number of a word in "trunc|floor", -1 where there is no such word. */
static int place_of(const char *words, const char *word)
{
    const size_t length = strlen(word);
    for (int k = 0;; k++) {
        const size_t n = strcspn(words, "|");
        if (n == length && memcmp(words, word, n) == 0)
            return k;
        if (words[n] == '\0')
            return -1;
        words += n + 1;
    }
}

/* "'trunc' or 'floor'". Owned. */
static PyObject *quoted(const char *words)
{
    PyObject *text = PyUnicode_FromString("");
    while (text != NULL) {
        const size_t n = strcspn(words, "|");
        PyObject *word = PyUnicode_FromStringAndSize(words, (Py_ssize_t)n);
        const char *before = PyUnicode_GET_LENGTH(text) == 0 ? ""
                             : words[n] == '\0'              ? " or " : ", ";
        PyObject *longer = word != NULL ? PyUnicode_FromFormat("%U%s'%U'", text, before, word)
                                        : NULL;
        Py_XDECREF(word);
        Py_SETREF(text, longer);
        if (words[n] == '\0')
            break;
        words += n + 1;
    }
    return text;
}

/* Choices that linear algebra refuses in words of its own, around what was given unless there is
 * nothing to stand behind it. */
static const struct {
    const char *function, *argument, *before, *behind;
} refusals[] = {
    {"eigh", "UPLO", "Expected UPLO argument to be 'L' or 'U', but got ", ""},
    {"eigvalsh", "UPLO", "Expected UPLO argument to be 'L' or 'U', but got ", ""},
    {"qr", "mode", "qr received unrecognized mode '",
     "' but expected one of 'reduced' (default), 'r', or 'complete'"},
    {"lstsq", "driver", "torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, "
                        "gelsd, gelss)", NULL},
};

static bool has_refused(const char *function, const char *argument, PyObject *word)
{
    for (size_t k = 0; k < sizeof refusals / sizeof refusals[0]; k++) {
        if (strcmp(function, refusals[k].function) != 0 ||
            strcmp(argument, refusals[k].argument) != 0)
            continue;
        if (refusals[k].behind == NULL)
            PyErr_SetString(PyExc_RuntimeError, refusals[k].before);
        else
            PyErr_Format(PyExc_RuntimeError, "%s%U%s", refusals[k].before, word,
                         refusals[k].behind);
        return true;
    }
    return false;
}

static bool read_choice(const char *function, const char *argument, const char *words,
                        PyObject *object, int *choice)
{
    if (!PyUnicode_Check(object)) {
        py_wrong_type(function, argument, "str", object);
        return false;
    }
    const char *word = PyUnicode_AsUTF8(object);
    if (word == NULL)
        return false;
    *choice = place_of(words, word);
    if (*choice >= 0 || has_refused(function, argument, object))
        return *choice >= 0;
    PyObject *expected = quoted(words);
    if (expected != NULL)
        PyErr_Format(PyExc_RuntimeError, "%s(): %s must be one of %U, but found '%U'", function,
                     argument, expected, object);
    Py_XDECREF(expected);
    return false;
}

/* A routine of a GPU's, by its name. */
static bool refuse_driver(const char *function, const char *argument, PyObject *object)
{
    if (!PyUnicode_Check(object))
        py_wrong_type(function, argument, "str", object);
    else
        PyErr_SetString(PyExc_RuntimeError, "torch.linalg.svd: keyword argument `driver=` is only "
                                            "supported on CUDA inputs with cuSOLVER backend.");
    return false;
}

/* A 0-d tensor's value, of one that requires grad not without a word. */
static bool read_value(const char *function, const char *argument, PyObject *object, double *value)
{
    ag_tensor *t = py_is_tensor(object) ? py_tensor_of(object) : NULL;
    if (t == NULL || ag_ndim(t) > 0)
        return py_number_argument(function, argument, object, value);
    return py_warn_of_lost_gradient(t) && py_single_value(t, value);
}

/* A number, or the value of a 0-d tensor that does not require grad, with its dtype. */
static bool read_scalar(const char *function, const char *argument, PyObject *object,
                        py_operand_value *scalar)
{
    ag_tensor *t = py_is_tensor(object) ? py_tensor_of(object) : NULL;
    scalar->object = object;
    if (t != NULL && ag_ndim(t) == 0 && !ag_requires_grad(t)) {
        scalar->arg.dtype = ag_dtype_of(t);
        return py_single_value(t, &scalar->arg.value);
    }
    const int known = py_number_of(object, &scalar->arg);
    if (known == 0)
        py_wrong_type(function, argument, "Number", object);
    return known > 0;
}

/* The dtype of numbers that are real ones: float64. What normal is asked for is looked at after its
 * numbers (py_check_normal_of_size). */
static bool read_real(const char *function, PyObject *object, py_head *head)
{
    if (!py_dtype_argument(object, &head->dtype))
        return false;
    if (head->dtype == PY_NO_DTYPE || head->dtype == AG_FLOAT64 || strcmp(function, "normal") == 0)
        return true;
    if (strcmp(function, "norm") == 0)
        PyErr_Format(PyExc_RuntimeError, "linalg.vector_norm: dtype should be floating point or "
                     "complex, but got %s", py_type_name((ag_dtype)head->dtype));
    else
        PyErr_Format(PyExc_NotImplementedError, "%s(): not implemented for dtype %R", function,
                     py_dtype_object((ag_dtype)head->dtype));
    return false;
}

static bool read_ints(const char *function, const char *argument, Py_ssize_t n,
                      PyObject *const *objects, py_ints *ints)
{
    ints->n = py_integers(function, argument, n, objects, ints->list);
    return ints->n >= 0;
}

/* A vector stands for a list of ints. */
static bool read_int_or_ints(const char *function, const char *argument, PyObject *object,
                             py_ints *ints);
static bool read_ints_of_tensor(const char *function, const char *argument, ag_tensor *tensor,
                                py_ints *ints)
{
    PyObject *list = py_list_of(tensor);
    const bool done = list != NULL && read_int_or_ints(function, argument, list, ints);
    Py_XDECREF(list);
    return done;
}

static bool read_int_or_ints(const char *function, const char *argument, PyObject *object,
                             py_ints *ints)
{
    if (py_is_tensor(object) && ag_ndim(py_tensor_of(object)) == 1 &&
        strcmp(function, "tensor_split") == 0)
        return read_ints_of_tensor(function, argument, py_tensor_of(object), ints);
    if (!PyTuple_Check(object) && !PyList_Check(object)) {
        ints->n = -1;
        return py_integer_argument(function, argument, object, ints->list);
    }
    PyObject *all = PySequence_Tuple(object);  /* __index__ of an item may change a list */
    const Py_ssize_t n = all != NULL ? PyTuple_GET_SIZE(all) : 0;
    if (all != NULL && n > AG_MAX_DIMS) {
        ints->list = ints->owned = n <= INT32_MAX ? PyMem_Malloc((size_t)n * sizeof *ints->list)
                                                  : NULL;
        if (ints->list == NULL)
            Py_CLEAR(all);
    }
    if (all == NULL)
        return PyErr_Occurred() != NULL ? false : PyErr_NoMemory() != NULL;
    bool done = true;
    for (Py_ssize_t i = 0; done && i < n; i++)
        done = py_integer_argument(function, argument, PyTuple_GET_ITEM(all, i), &ints->list[i]);
    ints->n = (int)n;
    Py_DECREF(all);
    return done;
}

static bool is_one_of(const char *function, const char *one, const char *other)
{
    return strcmp(function, one) == 0 || strcmp(function, other) == 0;
}

static bool check_out_is(ag_dtype wanted, ag_dtype out)
{
    if (wanted != out)
        PyErr_Format(PyExc_RuntimeError, "Expected out tensor to have dtype %s, but got %s instead",
                     py_dtype_name(wanted), py_dtype_name(out));
    return wanted == out;
}

/* A sum is one of numbers as `out` has them. */
static bool sum_as(ag_dtype out, py_head *head)
{
    if (head->dtype != PY_NO_DTYPE && !check_out_is((ag_dtype)head->dtype, out))
        return false;
    head->dtype = (int)out;
    return true;
}

/* Of functions whose result has the dtype of their first argument, and is not cast. */
static bool check_out_as_input(const char *function, ag_dtype out, ag_dtype input)
{
    const bool could_be = (out & input) == out;  /* what could not is refused for that */
    if (is_one_of(function, "tril", "triu") || strcmp(function, "msort") == 0 ||
        (could_be && strcmp(function, "diag") == 0))
        return check_out_is(input, out);
    if (is_one_of(function, "quantile", "nanquantile")) {
        if (out != input)
            PyErr_SetString(PyExc_RuntimeError, "quantile() out tensor must be same dtype as the "
                                                "input tensor");
    } else if (strcmp(function, "logcumsumexp") == 0 && out != input) {
        PyErr_Format(PyExc_RuntimeError, "expected scalar_type %s but found %s",
                     py_type_name(input), py_type_name(out));
    } else if (strcmp(function, "histc") == 0 && out != input) {
        PyErr_Format(PyExc_RuntimeError, "histc: input tensor and hist tensor should have the same "
                     "dtype, but got input %s and hist %s", py_dtype_name(input),
                     py_dtype_name(out));
    }
    return !PyErr_Occurred();
}

/* Of functions whose result has one dtype. */
static bool check_fixed_out(const char *function, ag_dtype out, const py_head *head)
{
    if (is_one_of(function, "argmax", "argmin"))
        return check_out_is(AG_INT64, out);
    if (strcmp(function, "isin") == 0)
        return check_out_is(AG_BOOL, out);
    if (!is_one_of(function, "searchsorted", "bucketize"))
        return py_is_tensor(head->first)
                   ? check_out_as_input(function, out, ag_dtype_of(py_tensor_of(head->first)))
                   : true;
    if (out != AG_INT64)
        PyErr_Format(PyExc_RuntimeError, "%s(): output tensor's dtype is wrong, it can only be "
                     "Long, but we got output tensor's dtype %s", function, py_type_name(out));
    return out == AG_INT64;
}

/* What is made is made as `out` has it, which is read after the dtype. */
static bool make_as(ag_dtype out, py_head *head)
{
    if (head->dtype != PY_NO_DTYPE && head->dtype != (int)out) {
        PyErr_Format(PyExc_RuntimeError, "dtype %s does not match dtype of out parameter (%s)",
                     py_dtype_name((ag_dtype)head->dtype), py_dtype_name(out));
        return false;
    }
    head->dtype = (int)out;
    return true;
}

static bool is_creation(const char *function)
{
    return is_one_of(function, "zeros", "ones") || is_one_of(function, "empty", "full") ||
           is_one_of(function, "arange", "eye") || is_one_of(function, "linspace", "logspace");
}

/* What some functions want of the dtype of `out`, which is the last that is read, where this is not
 * a matter of what the result can be cast to. */
static bool check_out(const char *function, ag_dtype out, py_head *head)
{
    const char *name = py_type_name(out);
    if (is_creation(function))
        return make_as(out, head);
    if (is_one_of(function, "sum", "prod") || is_one_of(function, "cumsum", "cumprod"))
        return sum_as(out, head);
    if (is_one_of(function, "amax", "amin")) {
        const ag_dtype input = ag_dtype_of(py_tensor_of(head->first));
        if (input != out)
            PyErr_Format(PyExc_RuntimeError, "Expected the dtype for input and out to match, but "
                         "got %s for input's dtype and %s for out's dtype.", py_type_name(input),
                         name);
    } else if (is_one_of(function, "any", "all")) {
        if (out != AG_BOOL)
            PyErr_Format(PyExc_RuntimeError, "%s only supports bool tensor for result, got: %s",
                         function, name);
    } else if (out != AG_FLOAT64 && strcmp(function, "logsumexp") == 0) {
        PyErr_Format(PyExc_RuntimeError, "logsumexp(): Expected floating point type for result "
                     "tensor, but got: %s", name);
    } else if (out != AG_FLOAT64 && is_one_of(function, "rand", "randn")) {
        PyErr_Format(PyExc_NotImplementedError, "\"%s\" not implemented for '%s'",
                     strcmp(function, "rand") == 0 ? "check_uniform_bounds" : "normal_kernel_cpu",
                     name);
    }
    return !PyErr_Occurred() && check_fixed_out(function, out, head);
}

static bool read_out(const char *function, const char *argument, PyObject *object, py_head *head)
{
    ag_tensor *t;
    if (!py_tensor_argument(function, argument, object, &t))
        return false;
    head->out = object;
    return check_out(function, ag_dtype_of(t), head);
}

/* What PyTorch says of its losses' reductions is a ValueError. */
static bool read_reduction(const char *words, PyObject *object, int *reduction)
{
    const char *word = PyUnicode_Check(object) ? PyUnicode_AsUTF8(object) : "";
    if (word == NULL)
        return false;
    *reduction = place_of(words, word);
    if (*reduction < 0)
        PyErr_Format(PyExc_ValueError, "%S is not a valid value for reduction", object);
    return *reduction >= 0;
}

static bool read_old(const char *function, const char *argument, PyObject *object, int yes,
                     py_head *head)
{
    bool value;
    if (!py_bool_argument(function, argument, object, &value))
        return false;
    head->old |= (uint8_t)(value ? yes : 2 * yes);
    return true;
}

bool py_old_reduction(const py_head *head, int *reduction)
{
    static const char *const words[] = {"none", "mean", "sum"};
    if (head->old == 0)
        return true;
    *reduction = (head->old & PY_OLD_NO_REDUCE) ? 0 : (head->old & PY_OLD_NO_AVERAGE) ? 2 : 1;
    return PyErr_WarnFormat(PyExc_UserWarning, 1,
                            "size_average and reduce args will be deprecated, please use "
                            "reduction='%s' instead.", words[*reduction]) == 0;
}

static bool may_be_none(const py_parameter *p)
{
    return p->kind == PY_DIMS || p->kind == PY_MAYBE || (p->text != NULL && p->text[0] == 'N');
}

static bool read_one(const py_row *row, int k, PyObject *object, char *fields)
{
    const py_parameter *p = &row->parameters[k];
    const char *function = row->names.function, *name = row->names.names[k];
    char *at = fields + p->at;
    if (object == Py_None && may_be_none(p) && p->kind != PY_DIMS)
        return true;
    switch (p->kind) {
    case PY_TENSOR: return py_tensor_argument(function, name, object, &AT(ag_tensor *));
    case PY_OPERAND: return read_operand(function, name, object, &AT(py_operand_value));
    case PY_SCALAR: return read_scalar(function, name, object, &AT(py_operand_value));
    case PY_NUMBER: return py_number_argument(function, name, object, &AT(double));
    case PY_VALUE: return read_value(function, name, object, &AT(double));
    case PY_INT:
    case PY_WHOLE: return py_integer_argument(function, name, object, &AT(int64_t));
    case PY_DIM: return py_dim_argument(function, name, object, &AT(int));
    case PY_FLAG: return py_bool_argument(function, name, object, &AT(bool));
    case PY_CHOICE: return read_choice(function, name, p->words, object, &AT(int));
    case PY_DIMS: return py_dims_argument(function, object, &AT(py_ints).n, AT(py_ints).list);
    case PY_SIZES:
    case PY_INTS:
    case PY_PLACES: return read_ints(function, name, 1, &object, &AT(py_ints));
    case PY_INT_OR_INTS: return read_int_or_ints(function, name, object, &AT(py_ints));
    case PY_EACH:
    case PY_TENSORS: return read_tensors(function, name, object, &AT(py_tensors));
    case PY_GENERATOR:
        return py_generator_argument(function, name, object, &AT(ag_generator *));
    case PY_DTYPE: return py_dtype_argument(object, &AT(py_head).dtype);
    case PY_REAL: return read_real(function, object, &AT(py_head));
    case PY_DEVICE: return py_device_argument(object);
    case PY_GRAD: return py_bool_argument(function, name, object, &AT(py_head).requires_grad);
    case PY_INTO: return read_out(function, name, object, &AT(py_head));
    case PY_MAYBE: return py_tensor_argument(function, name, object, &AT(ag_tensor *));
    case PY_REDUCTION: return read_reduction(p->words, object, &AT(int));
    case PY_DRIVER: return refuse_driver(function, name, object);
    case PY_AVERAGE: return read_old(function, name, object, PY_OLD_AVERAGE, &AT(py_head));
    case PY_REDUCE: return read_old(function, name, object, PY_OLD_REDUCE, &AT(py_head));
    case PY_INPLACE: return py_bool_argument(function, name, object, &AT(py_head).in_place);
    case PY_OBJECT: AT(PyObject *) = object; return true;
    }
    return false;
}

/* ---- all of them ---------------------------------------------------------------------------- */

/* The parameter that takes all that is given by place from there on, if there is one. */
static int starred(const py_row *row, bool is_method)
{
    const int k = is_method ? 1 : 0;
    if (k >= row->names.n)
        return -1;
    const py_kind kind = row->parameters[k].kind;
    return kind == PY_PLACES || kind == PY_EACH || (is_method && kind == PY_SIZES) ? k : -1;
}

/* A method is given a Tensor, as Python has made sure. */
static inline bool read_self(const py_row *row, PyObject *self, char *fields)
{
    if (PY_UNLIKELY(row->parameters[0].kind != PY_TENSOR))
        return read_one(row, 0, self, fields);
    *(ag_tensor **)(void *)(fields + row->parameters[0].at) = py_tensor_of(self);
    return true;
}

/* values[k], where given. */
static bool read_sorted(const py_row *row, PyObject *const *values, char *fields)
{
    for (int k = 0; k < row->names.n; k++)
        if (values[k] != NULL && !read_one(row, k, values[k], fields))
            return false;
    return true;
}

/* What is given by place to a parameter that takes all of that. */
static bool read_all(const py_row *row, int star, Py_ssize_t n, PyObject *const *args, char *fields)
{
    const char *function = row->names.function, *name = row->names.names[star];
    char *at = fields + row->parameters[star].at;
    return row->parameters[star].kind == PY_EACH
               ? read_each(function, name, n, args, &AT(py_tensors))
               : read_ints(function, name, n, args, &AT(py_ints));
}

/* f(2, 3, ...) or f((2, 3), ...): sizes, the others by name. */
static bool read_starred(const py_row *row, int star, PyObject *self, PyObject *const *args,
                         Py_ssize_t n, PyObject *names, char *fields)
{
    PyObject *values[PY_MAX_PARAMETERS];
    if (names == NULL)
        return (self == NULL || read_self(row, self, fields)) &&
               read_all(row, star, n, args, fields);
    if (!py_parse_keywords(&row->names, args + n, names, values))
        return false;
    if (values[star] != NULL || (self != NULL && values[0] != NULL)) {
        PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%s'",
                     row->names.function, row->names.names[values[star] != NULL ? star : 0]);
        return false;
    }
    values[0] = self != NULL ? self : values[0];
    return read_all(row, star, n, args, fields) && read_sorted(row, values, fields);
}

static bool read_named(const py_row *row, PyObject *self, PyObject *const *args, Py_ssize_t n,
                       PyObject *names, char *fields)
{
    PyObject *values[PY_MAX_PARAMETERS];
    if (!py_parse(&row->names, self, args, n, names, values))
        return false;
    ((py_head *)(void *)fields)->first = values[0];
    return read_sorted(row, values, fields);
}

/* By place alone, as many as there may be and as must be. */
static bool read_placed(const py_row *row, PyObject *self, PyObject *const *args, Py_ssize_t n,
                        char *fields)
{
    const int hidden = self != NULL;
    if (hidden && !read_self(row, self, fields))
        return false;
    for (int k = 0; k < n; k++)
        if (!read_one(row, k + hidden, args[k], fields))
            return false;
    return true;
}

bool py_read(const py_row *row, PyObject *self, PyObject *const *args, Py_ssize_t n,
             PyObject *names, void *fields)
{
    const int hidden = self != NULL, star = n > 0 ? starred(row, self != NULL) : -1;
    bool done;
    ((py_head *)fields)->first = self != NULL ? self : n > 0 ? args[0] : NULL;
    if (star >= 0)
        done = read_starred(row, star, self, args, n, names, fields);
    else if (names == NULL && hidden + n >= row->names.required &&
             hidden + n <= row->names.positional)
        done = read_placed(row, self, args, n, fields);
    else
        done = read_named(row, self, args, n, names, fields);
    if (!done && row->owns)
        py_release_fields(row, fields);
    return done;
}

void py_release_fields(const py_row *row, void *fields)
{
    for (int k = 0; k < row->names.n; k++) {
        char *at = (char *)fields + row->parameters[k].at;
        if (row->parameters[k].kind == PY_OPERAND) {
            ag_release(AT(py_operand_value).made);
        } else if (row->parameters[k].kind == PY_INT_OR_INTS) {
            PyMem_Free(AT(py_ints).owned);
        } else if (row->parameters[k].kind == PY_TENSORS || row->parameters[k].kind == PY_EACH) {
            PyMem_Free(AT(py_tensors).list);
            Py_XDECREF(AT(py_tensors).all);
        }
    }
}

PyTypeObject *py_class_of_result(const py_row *row, const void *fields)
{
    PyObject *objects[PY_MAX_PARAMETERS];
    int n = 0;
    for (int k = 0; k < row->names.n; k++) {
        const char *at = (const char *)fields + row->parameters[k].at;
        if (row->parameters[k].kind == PY_TENSORS || row->parameters[k].kind == PY_EACH) {
            PyObject *all = ((const py_tensors *)(const void *)at)->all;
            return py_common_type((int)PyTuple_GET_SIZE(all), PySequence_Fast_ITEMS(all));
        }
        if (row->parameters[k].kind == PY_OPERAND)
            objects[n++] = ((const py_operand_value *)(const void *)at)->object;
        else if (row->parameters[k].kind == PY_TENSOR &&
                 *(ag_tensor *const *)(const void *)at != NULL)
            objects[n++] = ag_wrapper(*(ag_tensor *const *)(const void *)at);
    }
    return py_common_type(n, objects);
}

/* ---- one of several rows -------------------------------------------------------------------- */

static bool is_int(PyObject *object)
{
    if (py_is_tensor(object))
        return ag_numel(py_tensor_of(object)) == 1 && ag_dtype_of(py_tensor_of(object)) == AG_INT64;
    return PyIndex_Check(object) && !PyBool_Check(object) && !py_is_array(object);
}

static bool is_list(PyObject *object) { return PyTuple_Check(object) || PyList_Check(object); }

static bool is_list_of_ints(PyObject *object)
{
    if (!is_list(object))
        return false;
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(object); i++)
        if (!is_int(PySequence_Fast_GET_ITEM(object, i)))
            return false;
    return true;
}

static bool is_number(PyObject *object)
{
    double value;
    if (py_is_tensor(object))
        return ag_ndim(py_tensor_of(object)) == 0;
    const int known = py_number(object, &value);
    PyErr_Clear();  /* an int that does not fit is one: reading says so */
    return known != 0;
}

/* Whether the parameter takes such an object, which is not looked into more than is needed. */
static bool takes(const py_parameter *p, PyObject *object)
{
    if (object == Py_None && may_be_none(p))
        return true;
    switch (p->kind) {
    case PY_TENSOR:
    case PY_MAYBE:
    case PY_INTO: return py_is_tensor(object);
    case PY_OPERAND: return py_is_tensor(object) || py_is_array(object) || is_number(object);
    case PY_SCALAR:
    case PY_NUMBER:
    case PY_VALUE: return is_number(object);
    case PY_INT:
    case PY_WHOLE:
    case PY_DIM: return is_int(object);
    case PY_GRAD:
    case PY_AVERAGE:
    case PY_REDUCE:
    case PY_INPLACE:
    case PY_FLAG: return PyBool_Check(object);
    case PY_REDUCTION:
    case PY_DRIVER:
    case PY_CHOICE: return PyUnicode_Check(object);
    case PY_DIMS:
    case PY_SIZES:
    case PY_PLACES:
    case PY_INTS:
    case PY_INT_OR_INTS: return is_int(object) || is_list_of_ints(object);
    case PY_EACH:
    case PY_TENSORS: return is_list(object);
    case PY_GENERATOR: return py_is_generator(object);
    case PY_OBJECT:
    case PY_DTYPE:
    case PY_REAL:
    case PY_DEVICE: return true;
    }
    return false;
}

typedef enum fit { FITS_NOT, FITS_BY_NAMES, FITS } fit;

/* Whether the arguments are as many and named as the row wants them, and of such kinds, too. */
static fit fit_of(const py_row *row, PyObject *self, PyObject *const *args, Py_ssize_t n,
                  PyObject *names)
{
    PyObject *values[PY_MAX_PARAMETERS];
    const Py_ssize_t placed = (self != NULL) + n;
    if (names == NULL && (placed < row->names.required || placed > row->names.positional))
        return FITS_NOT;  /* without an exception to be made and dropped */
    if (!py_parse(&row->names, self, args, n, names, values)) {
        PyErr_Clear();
        return FITS_NOT;
    }
    for (int k = 0; k < row->names.n; k++)
        if (values[k] != NULL && !takes(&row->parameters[k], values[k]))
            return FITS_BY_NAMES;
    return FITS;
}

/* "Tensor, int, keepdim=bool". Owned. */
static PyObject *text_of_arguments(PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    const Py_ssize_t n_names = names != NULL ? PyTuple_GET_SIZE(names) : 0;
    PyObject *text = PyUnicode_FromString("");
    for (Py_ssize_t k = 0; text != NULL && k < n + n_names; k++) {
        const char *comma = k > 0 ? ", " : "", *type = Py_TYPE(args[k])->tp_name;
        PyObject *longer =
            k < n ? PyUnicode_FromFormat("%U%s%s", text, comma, type)
                  : PyUnicode_FromFormat("%U%s%U=%s", text, comma, PyTuple_GET_ITEM(names, k - n),
                                         type);
        Py_SETREF(text, longer);
    }
    return text;
}

static const char *word_of(py_kind kind)
{
    static const char *const words[] = {
        [PY_TENSOR] = "Tensor", [PY_OPERAND] = "Tensor or Number", [PY_SCALAR] = "Number",
        [PY_NUMBER] = "Number", [PY_VALUE] = "Number", [PY_INT] = "int",
        [PY_WHOLE] = "int", [PY_DIM] = "int", [PY_FLAG] = "bool",
        [PY_CHOICE] = "str", [PY_DIMS] = "tuple of ints", [PY_SIZES] = "tuple of ints",
        [PY_PLACES] = "tuple of ints", [PY_INTS] = "tuple of ints",
        [PY_INT_OR_INTS] = "int or tuple of ints",
        [PY_TENSORS] = "tuple of Tensors", [PY_EACH] = "tuple of Tensors",
        [PY_GENERATOR] = "Generator",
        [PY_OBJECT] = "object", [PY_DTYPE] = "dtype", [PY_REAL] = "dtype", [PY_DEVICE] = "device",
        [PY_GRAD] = "bool", [PY_INTO] = "Tensor",
        [PY_MAYBE] = "Tensor", [PY_REDUCTION] = "str", [PY_AVERAGE] = "bool", [PY_REDUCE] = "bool",
        [PY_INPLACE] = "bool", [PY_DRIVER] = "str"};
    return words[kind];
}

/* "(Tensor input, int dim, *, bool keepdim=False)". Owned. */
static PyObject *text_of_row(const py_row *row, bool is_method)
{
    PyObject *text = PyUnicode_FromString("(");
    for (int k = is_method; text != NULL && k < row->names.n; k++) {
        const py_parameter *p = &row->parameters[k];
        const char *comma = k > is_method ? ", " : "";
        const char *star = k == row->names.positional ? "*, " : "";
        PyObject *longer = PyUnicode_FromFormat(
            "%U%s%s%s %s%s%s", text, comma, star, word_of(p->kind), row->names.names[k],
            p->text != NULL ? "=" : "", p->text != NULL ? p->text : "");
        Py_SETREF(text, longer);
    }
    if (text != NULL)
        Py_SETREF(text, PyUnicode_FromFormat("%U)", text));
    return text;
}

static void complain(int n_rows, const py_row *const *rows, bool is_method, PyObject *const *args,
                     Py_ssize_t n, PyObject *names)
{
    PyObject *given = text_of_arguments(args, n, names);
    PyObject *text = given != NULL
                         ? PyUnicode_FromFormat("%s() received an invalid combination of arguments "
                                                "- got (%U), but expected one of:",
                                                rows[0]->names.function, given)
                         : NULL;
    for (int r = 0; text != NULL && r < n_rows; r++) {
        PyObject *row = text_of_row(rows[r], is_method);
        Py_SETREF(text, row != NULL ? PyUnicode_FromFormat("%U\n * %U", text, row) : NULL);
        Py_XDECREF(row);
    }
    if (text != NULL)
        PyErr_SetObject(PyExc_TypeError, text);
    Py_XDECREF(text);
    Py_XDECREF(given);
}

int py_choose(int n_rows, const py_row *const *rows, PyObject *self, PyObject *const *args,
              Py_ssize_t n, PyObject *names)
{
    int by_names = 0, last = 0;
    for (int r = 0; r < n_rows; r++) {
        const fit how = fit_of(rows[r], self, args, n, names);
        if (how == FITS)
            return r;
        if (how == FITS_BY_NAMES) {
            by_names++;
            last = r;
        }
    }
    if (by_names == 1)
        return last;  /* reading says which argument is wrong */
    complain(n_rows, rows, self != NULL, args, n, names);
    return -1;
}
