/* SPDX-License-Identifier: MIT
 *
 * Tensors from data, sizes and numbers.
 */
#include "py_args.h"
#include "py_convert.h"
#include "py_errors.h"
#include "py_numpy.h"
#include "py_ops.h"
#include "py_tensor.h"
#include "py_type.h"

/* What creating functions have in common. */
typedef struct made_as {
    bool requires_grad;
} made_as;

static bool common_arguments(const char *function, PyObject *dtype, PyObject *requires_grad,
                             made_as *how)
{
    how->requires_grad = false;
    return py_dtype_argument(dtype) &&
           py_bool_argument(function, "requires_grad", requires_grad, &how->requires_grad);
}

/* Takes the tensor; NULL raises what the library said. */
static PyObject *finish(PyTypeObject *type, ag_tensor *t, made_as how)
{
    if (t == NULL)
        return py_raise();
    if (how.requires_grad && ag_set_requires_grad(t, true) != AG_OK) {
        ag_release(t);
        return py_raise();
    }
    return py_tensor_new_as(type, t);
}

/* ---- from data ------------------------------------------------------------------------------ */

static PyObject *f_tensor(PyObject *module, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {"tensor", 3, 1, 1, {"data", "dtype", "requires_grad"}};
    PyObject *v[3];
    made_as how;
    bool floating = true;
    (void)module;
    if (!py_parse(&s, NULL, args, n, names, v) || !common_arguments("tensor", v[1], v[2], &how))
        return NULL;
    if (py_is_tensor(v[0]) &&
        PyErr_WarnEx(PyExc_UserWarning,
                     "To copy construct from a tensor, it is recommended to use "
                     "sourceTensor.detach().clone() or "
                     "sourceTensor.detach().clone().requires_grad_(True), rather than "
                     "pyautograd.tensor(sourceTensor).", 1) < 0)
        return NULL;
    ag_tensor *t = py_tensor_from_data(v[0], &floating);
    if (t == NULL)
        return NULL;
    if (how.requires_grad && !floating && py_absent(v[1])) {
        ag_release(t);
        PyErr_SetString(PyExc_RuntimeError,
                        "Only Tensors of floating point and complex dtype can require gradients");
        return NULL;
    }
    return finish(py_tensor_type, t, how);
}

static bool warn_if_read_only(PyObject *array)
{
    return PyArray_ISWRITEABLE((PyArrayObject *)array) ||
           PyErr_WarnEx(PyExc_UserWarning,
                        "The given NumPy array is not writable: operations that would write to "
                        "this tensor will be refused. You may want to copy the array, or make it "
                        "writable before converting it to a tensor.", 1) == 0;
}

static PyObject *f_from_numpy(PyObject *module, PyObject *array)
{
    (void)module;
    if (!PyArray_Check(array)) {
        PyErr_Format(PyExc_TypeError, "expected np.ndarray (got %s)", Py_TYPE(array)->tp_name);
        return NULL;
    }
    ag_tensor *t = py_tensor_over_array(array);
    if (t != NULL && !warn_if_read_only(array)) {
        ag_release(t);
        return NULL;
    }
    return t != NULL ? py_tensor_new(t) : NULL;
}

static PyObject *f_as_tensor(PyObject *module, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {"as_tensor", 2, 1, 2, {"data", "dtype"}};
    PyObject *v[2];
    bool floating;
    (void)module;
    if (!py_parse(&s, NULL, args, n, names, v) || !py_dtype_argument(v[1]))
        return NULL;
    if (py_is_tensor(v[0]))
        return Py_NewRef(v[0]);
    PyObject *array = py_array_like(v[0]);
    if (array == NULL && PyErr_Occurred())
        return NULL;
    ag_tensor *t = array != NULL ? py_tensor_of_array(array) : py_tensor_from_data(v[0], &floating);
    if (t != NULL && ag_is_read_only(t) && !warn_if_read_only(array)) {
        ag_release(t);
        t = NULL;
    }
    Py_XDECREF(array);
    return t != NULL ? py_tensor_new(t) : NULL;
}

/* Tensor(), Tensor(2, 3), Tensor(data), Tensor(tensor) and the same of subclasses. */
PyObject *py_tensor_construct(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    int64_t shape[AG_MAX_DIMS] = {0};
    PyObject *const *items = &PyTuple_GET_ITEM(args, 0);
    Py_ssize_t n = PyTuple_GET_SIZE(args);
    bool floating;
    if (keywords != NULL && PyDict_GET_SIZE(keywords) > 0) {
        PyErr_Format(PyExc_TypeError, "%s() takes no keyword arguments", type->tp_name);
        return NULL;
    }
    if (n == 0)
        return py_tensor_new_as(type, ag_empty(1, shape));
    if (n == 1 && py_is_tensor(items[0]))
        return py_tensor_new_as(type, ag_detach(py_tensor_of(items[0])));
    if (n == 1 && (PyFloat_Check(items[0]) || PyUnicode_Check(items[0]))) {
        PyErr_Format(PyExc_TypeError, "new(): data must be a sequence (got %s)",
                     Py_TYPE(items[0])->tp_name);
        return NULL;
    }
    if (n == 1 && !PyIndex_Check(items[0])) {
        ag_tensor *t = py_tensor_from_data(items[0], &floating);
        return t != NULL ? py_tensor_new_as(type, t) : NULL;
    }
    if (n == 1 && PyArray_Check(items[0])) {
        ag_tensor *t = py_tensor_copy_array(items[0]);
        return t != NULL ? py_tensor_new_as(type, t) : NULL;
    }
    int ndim = py_integers("Tensor", "sizes", n, items, shape);
    for (int i = 0; i < ndim; i++) {
        if (shape[i] < 0) {  /* ag_empty would name itself */
            PyErr_SetString(PyExc_RuntimeError, "Tensor: Dimension size must be non-negative.");
            return NULL;
        }
    }
    return ndim >= 0 ? finish(type, ag_empty(ndim, shape), (made_as){false}) : NULL;
}

/* ---- of a size ------------------------------------------------------------------------------ */

typedef ag_tensor *(*maker)(int ndim, const int64_t *shape);

static PyObject *make_sized(const char *function, maker make, PyObject *const *args, Py_ssize_t n,
                            PyObject *names)
{
    const py_signature s = {function, 3, 0, 0, {"size", "dtype", "requires_grad"}};
    PyObject *v[3];
    made_as how;
    int64_t shape[AG_MAX_DIMS];
    if (!py_parse_keywords(&s, args + n, names, v) ||
        !common_arguments(function, v[1], v[2], &how))
        return NULL;
    if (n == 0 && v[0] == NULL) {
        PyErr_Format(PyExc_TypeError, "%s() missing 1 required positional argument: 'size'",
                     function);
        return NULL;
    }
    if (n > 0 && v[0] != NULL) {
        PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument 'size'", function);
        return NULL;
    }
    int ndim = py_integers(function, "size", n > 0 ? n : 1, n > 0 ? args : v, shape);
    return ndim >= 0 ? finish(py_tensor_type, make(ndim, shape), how) : NULL;
}

typedef ag_tensor *(*like_maker)(const ag_tensor *x);

static PyObject *make_like(const char *function, like_maker make, PyObject *const *args,
                           Py_ssize_t n, PyObject *names)
{
    const py_signature s = {function, 3, 1, 1, {"input", "dtype", "requires_grad"}};
    PyObject *v[3];
    made_as how;
    ag_tensor *t;
    if (!py_parse(&s, NULL, args, n, names, v) ||
        !py_tensor_argument(function, "input", v[0], &t) ||
        !common_arguments(function, v[1], v[2], &how))
        return NULL;
    return finish(Py_TYPE(v[0]), make(t), how);
}

#define MAKERS(name) \
    static PyObject *f_##name(PyObject *module, PyObject *const *args, Py_ssize_t n, \
                              PyObject *names) \
    { \
        (void)module; \
        return make_sized(#name, ag_##name, args, n, names); \
    } \
    static PyObject *f_##name##_like(PyObject *module, PyObject *const *args, Py_ssize_t n, \
                                     PyObject *names) \
    { \
        (void)module; \
        return make_like(#name "_like", ag_##name##_like, args, n, names); \
    }
MAKERS(zeros)
MAKERS(ones)
MAKERS(empty)
MAKERS(rand)
MAKERS(randn)

static PyObject *f_full(PyObject *module, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {
        "full", 4, 2, 2, {"size", "fill_value", "dtype", "requires_grad"}};
    PyObject *v[4];
    made_as how;
    double value;
    int64_t shape[AG_MAX_DIMS];
    (void)module;
    if (!py_parse(&s, NULL, args, n, names, v) ||
        !py_number_argument("full", "fill_value", v[1], &value) ||
        !common_arguments("full", v[2], v[3], &how))
        return NULL;
    int ndim = py_integers("full", "size", 1, v, shape);
    return ndim >= 0 ? finish(py_tensor_type, ag_full(ndim, shape, value), how) : NULL;
}

static PyObject *f_full_like(PyObject *module, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {
        "full_like", 4, 2, 2, {"input", "fill_value", "dtype", "requires_grad"}};
    PyObject *v[4];
    made_as how;
    double value;
    ag_tensor *t;
    (void)module;
    if (!py_parse(&s, NULL, args, n, names, v) ||
        !py_tensor_argument("full_like", "input", v[0], &t) ||
        !py_number_argument("full_like", "fill_value", v[1], &value) ||
        !common_arguments("full_like", v[2], v[3], &how))
        return NULL;
    return finish(Py_TYPE(v[0]), ag_full_like(t, value), how);
}

/* ---- ranges --------------------------------------------------------------------------------- */

static PyObject *f_arange(PyObject *module, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {"arange", 5, 0, 3,
                                   {"start", "end", "step", "dtype", "requires_grad"}};
    PyObject *v[5];
    made_as how;
    double start = 0.0, end, step = 1.0;
    (void)module;
    if (!py_parse(&s, NULL, args, n, names, v) ||
        !common_arguments("arange", v[3], v[4], &how))
        return NULL;
    if (v[1] == NULL) {  /* arange(end) */
        v[1] = v[0];
        v[0] = NULL;
    }
    if (v[1] == NULL) {
        PyErr_SetString(PyExc_TypeError, "arange() missing 1 required positional argument: 'end'");
        return NULL;
    }
    if (!py_number_argument("arange", "end", v[1], &end) ||
        (v[0] != NULL && !py_number_argument("arange", "start", v[0], &start)) ||
        (v[2] != NULL && !py_number_argument("arange", "step", v[2], &step)))
        return NULL;
    return finish(py_tensor_type, ag_arange(start, end, step), how);
}

/* An end of linspace: a number, or a 0-d tensor. Of one that requires grad the value is taken, as
 * PyTorch does, but not without a word. */
static bool end_argument(const char *argument, PyObject *object, double *value)
{
    ag_tensor *t = py_is_tensor(object) ? py_tensor_of(object) : NULL;
    if (t == NULL || ag_ndim(t) > 0)
        return py_number_argument("linspace", argument, object, value);
    return py_warn_of_lost_gradient(t) && py_single_value(t, value);
}

static PyObject *f_linspace(PyObject *module, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {"linspace", 5, 3, 3,
                                   {"start", "end", "steps", "dtype", "requires_grad"}};
    PyObject *v[5];
    made_as how;
    double start, end;
    int64_t steps;
    (void)module;
    if (!py_parse(&s, NULL, args, n, names, v) ||
        !end_argument("start", v[0], &start) || !end_argument("end", v[1], &end) ||
        !py_integer_argument("linspace", "steps", v[2], &steps) ||
        !common_arguments("linspace", v[3], v[4], &how))
        return NULL;
    return finish(py_tensor_type, ag_linspace(start, end, steps), how);
}

static PyObject *f_eye(PyObject *module, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {"eye", 4, 1, 2, {"n", "m", "dtype", "requires_grad"}};
    PyObject *v[4];
    made_as how;
    int64_t rows, columns;
    (void)module;
    if (!py_parse(&s, NULL, args, n, names, v) ||
        !py_integer_argument("eye", "n", v[0], &rows) ||
        !common_arguments("eye", v[2], v[3], &how))
        return NULL;
    columns = rows;
    if (!py_absent(v[1]) && !py_integer_argument("eye", "m", v[1], &columns))
        return NULL;
    return finish(py_tensor_type, ag_eye(rows, columns), how);
}

static PyObject *f_manual_seed(PyObject *module, PyObject *seed)
{
    (void)module;
    PyObject *index = PyNumber_Index(seed);
    if (index == NULL)
        return NULL;
    unsigned long long value = PyLong_AsUnsignedLongLong(index);
    if (PyErr_Occurred()) {  /* negative seeds count too, down to -2**63 */
        PyErr_Clear();
        value = (unsigned long long)PyLong_AsLongLong(index);
    }
    Py_DECREF(index);
    if (PyErr_Occurred()) {
        PyErr_SetString(PyExc_ValueError, "manual_seed() takes an int of at most 64 bits");
        return NULL;
    }
    ag_manual_seed(value);
    Py_RETURN_NONE;
}

/* ---- table ---------------------------------------------------------------------------------- */

#define EXAMPLE_DOC "Example:\n    >>> import pyautograd as ag\n"
#define SIZE_RAISES_DOC \
    "Raises:\n" \
    "    RuntimeError: a size is negative, or there are too many elements.\n" \
    "    TypeError: a size is no int, dtype is not float64, or requires_grad is no bool.\n" \
    "    MemoryError: there is no room for it.\n\n"
#define SIZED_ROWS(name, what, example) \
    {#name, PY_METHOD(f_##name), PY_KEYWORDS, \
     #name "(*size, dtype=None, requires_grad=False)\n--\n\n" \
     "A tensor " what ", of the sizes given as ints or as one tuple.\n\n" \
     SIZE_RAISES_DOC EXAMPLE_DOC example}, \
    {#name "_like", PY_METHOD(f_##name##_like), PY_KEYWORDS, \
     #name "_like(input, *, dtype=None, requires_grad=False)\n--\n\n" \
     "A tensor " what ", of the shape of another, and in memory in the order of that one.\n\n" \
     "Raises:\n    TypeError: the input is not a Tensor, or dtype is not float64.\n\n" EXAMPLE_DOC \
     "    >>> ag." #name "_like(ag.zeros(2, 3)).shape\n" \
     "    pyautograd.Size([2, 3])\n"}
#define DATA_RAISES_DOC \
    "Raises:\n" \
    "    ValueError: the nesting is ragged, or has more than 32 levels.\n" \
    "    TypeError: something in it is no number, or dtype is not float64.\n" \
    "    RuntimeError: an object in it is of no known type.\n"

PyMethodDef py_create_functions[] = {
    {"tensor", PY_METHOD(f_tensor), PY_KEYWORDS,
     "tensor(data, *, dtype=None, requires_grad=False)\n--\n\n"
     "A tensor with a copy of data: a number, an array, nested sequences of these and tensors.\n\n"
     DATA_RAISES_DOC
     "    RuntimeError: requires_grad is asked for and data has no floating-point number.\n\n"
     EXAMPLE_DOC
     "    >>> ag.tensor([[1, 2], [3, 4.5]])\n"
     "    tensor([[1.0000, 2.0000],\n"
     "            [3.0000, 4.5000]])\n"},
    {"as_tensor", PY_METHOD(f_as_tensor), PY_KEYWORDS,
     "as_tensor(data, dtype=None)\n--\n\n"
     "A tensor of data, sharing the memory of a float64 array or buffer; a Tensor as it is.\n\n"
     DATA_RAISES_DOC "\n"
     EXAMPLE_DOC
     "    >>> import numpy as np\n"
     "    >>> a = np.zeros(2)\n"
     "    >>> x = ag.as_tensor(a)\n"
     "    >>> a[0] = 5.0\n"
     "    >>> x\n"
     "    tensor([5., 0.])\n"},
    {"from_numpy", f_from_numpy, METH_O,
     "from_numpy(ndarray, /)\n--\n\n"
     "A tensor over the memory of a float64 array: writing one is writing the other.\n\n"
     "Raises:\n"
     "    TypeError: the argument is no array, or one of another type.\n"
     "    ValueError: its strides are negative or no whole elements, or its bytes are swapped.\n\n"
     EXAMPLE_DOC
     "    >>> import numpy as np\n"
     "    >>> a = np.zeros(2)\n"
     "    >>> ag.from_numpy(a).fill_(3.0)\n"
     "    tensor([3., 3.])\n"
     "    >>> a.tolist()\n"
     "    [3.0, 3.0]\n"},
    SIZED_ROWS(zeros, "of zeros", "    >>> ag.zeros(2)\n    tensor([0., 0.])\n"),
    SIZED_ROWS(ones, "of ones", "    >>> ag.ones((2,))\n    tensor([1., 1.])\n"),
    SIZED_ROWS(empty, "of undefined values",
               "    >>> ag.empty(2, 3).shape\n    pyautograd.Size([2, 3])\n"),
    SIZED_ROWS(rand, "of random numbers, uniform in [0, 1)",
               "    >>> ag.rand(2, 3).shape\n    pyautograd.Size([2, 3])\n"),
    SIZED_ROWS(randn, "of random numbers, normal with mean 0 and variance 1",
               "    >>> ag.randn(2, 3).shape\n    pyautograd.Size([2, 3])\n"),
    {"full", PY_METHOD(f_full), PY_KEYWORDS,
     "full(size, fill_value, *, dtype=None, requires_grad=False)\n--\n\n"
     "A tensor with one number everywhere.\n\n" SIZE_RAISES_DOC EXAMPLE_DOC
     "    >>> ag.full((2,), 7)\n"
     "    tensor([7., 7.])\n"},
    {"full_like", PY_METHOD(f_full_like), PY_KEYWORDS,
     "full_like(input, fill_value, *, dtype=None, requires_grad=False)\n--\n\n"
     "A tensor with one number everywhere, of the shape of another, and in memory in the order of "
     "that one.\n\n"
     "Raises:\n    TypeError: the input is not a Tensor, or fill_value no number.\n\n" EXAMPLE_DOC
     "    >>> ag.full_like(ag.zeros(2), 7)\n"
     "    tensor([7., 7.])\n"},
    {"arange", PY_METHOD(f_arange), PY_KEYWORDS,
     "arange(start=0, end=None, step=1, *, dtype=None, requires_grad=False)\n--\n\n"
     "The numbers from start up to but without end, step apart; arange(end) starts at 0.\n\n"
     "Raises:\n"
     "    RuntimeError: step is 0, or leads away from end.\n"
     "    TypeError: an argument is no number.\n\n" EXAMPLE_DOC
     "    >>> ag.arange(3), ag.arange(1, 2, 0.5)\n"
     "    (tensor([0., 1., 2.]), tensor([1.0000, 1.5000]))\n"},
    {"linspace", PY_METHOD(f_linspace), PY_KEYWORDS,
     "linspace(start, end, steps, *, dtype=None, requires_grad=False)\n--\n\n"
     "`steps` numbers from start to end, both included, equally far apart.\n\n"
     "Raises:\n"
     "    RuntimeError: steps is negative.\n"
     "    TypeError: an argument is no number.\n\n" EXAMPLE_DOC
     "    >>> ag.linspace(0, 1, 3)\n"
     "    tensor([0.0000, 0.5000, 1.0000])\n"},
    {"eye", PY_METHOD(f_eye), PY_KEYWORDS,
     "eye(n, m=None, *, dtype=None, requires_grad=False)\n--\n\n"
     "An n by m matrix, n by n without m, of ones on the diagonal and zeros elsewhere.\n\n"
     "Raises:\n"
     "    RuntimeError: a size is negative.\n"
     "    TypeError: a size is no int.\n\n" EXAMPLE_DOC
     "    >>> ag.eye(2)\n"
     "    tensor([[1., 0.],\n"
     "            [0., 1.]])\n"},
    {"manual_seed", f_manual_seed, METH_O,
     "manual_seed(seed, /)\n--\n\n"
     "Start the random numbers of rand and randn anew, in the whole process.\n\n"
     "Raises:\n"
     "    TypeError: the seed is no int.\n"
     "    ValueError: it has more than 64 bits.\n\n" EXAMPLE_DOC
     "    >>> ag.manual_seed(0)\n"
     "    >>> x = ag.rand(3)\n"
     "    >>> ag.manual_seed(0)\n"
     "    >>> bool((ag.rand(3) == x).all())\n"
     "    True\n"},
    {NULL, NULL, 0, NULL},
};
