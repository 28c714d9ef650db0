/* SPDX-License-Identifier: MIT
 *
 * Products with SciPy's sparse matrices, by operators and as arguments of matmul, mm and mv.
 *
 * In `x @ A` the tensor is asked first. In `A @ x` the matrix is, and SciPy looks at no priority:
 * it makes an array of whatever the other operand is, and leaves the product to that only where
 * there is no array, but an object without dimensions. So a tensor is such an object to that one
 * caller: in SciPy's function _matmul_dispatch, called by its __matmul__.
 */
#include "py_sparse.h"

#include "py_args.h"
#include "py_convert.h"
#include "py_errors.h"
#include "py_numpy.h"
#include "py_ops.h"
#include "py_out.h"
#include "py_tensor.h"

#include <string.h>

#define SPARSE_HOME "scipy.sparse."

/* Whether text is a str that begins like this. */
static bool begins_with(PyObject *text, const char *prefix)
{
    const char *chars = PyUnicode_Check(text) ? PyUnicode_AsUTF8(text) : NULL;
    if (chars == NULL)
        PyErr_Clear();
    return chars != NULL && strncmp(chars, prefix, strlen(prefix)) == 0;
}

/* ---- what a sparse matrix is ---------------------------------------------------------------- */

/* One of its classes is SciPy's, and it can be had by rows: linear operators cannot. */
static bool is_sparse(PyObject *object)
{
    PyObject *classes = Py_TYPE(object)->tp_mro;
    bool found = false;
    for (Py_ssize_t k = 0; classes != NULL && !found && k < PyTuple_GET_SIZE(classes); k++) {
        PyObject *home = PyObject_GetAttrString(PyTuple_GET_ITEM(classes, k), "__module__");
        found = home != NULL && begins_with(home, SPARSE_HOME);
        if (home == NULL)
            PyErr_Clear();
        Py_XDECREF(home);
    }
    return found && PyObject_HasAttrString((PyObject *)Py_TYPE(object), "tocsr");
}

PyObject *py_sparse_product(PyObject *x, PyObject *y)
{
    if (!is_sparse(py_is_tensor(x) ? y : x))
        Py_RETURN_NOTIMPLEMENTED;
    PyObject *module = PyImport_ImportModule("pyautograd._sparse");
    PyObject *result = module != NULL ? PyObject_CallMethod(module, "product", "OO", x, y) : NULL;
    Py_XDECREF(module);
    return result;
}

/* ---- as an argument ------------------------------------------------------------------------- */

/* The arguments of a product: two operands and out, borrowed, NULL where they are not given. */
typedef struct product_call {
    PyObject *operands[2], *out;
} product_call;

/* Where the argument of a name goes, NULL for none such. */
static PyObject **place_of(product_call *call, const char *function, PyObject *name)
{
    const char *second = strcmp(function, "matmul") == 0 ? "other"
                         : strcmp(function, "mm") == 0   ? "mat2" : "vec";
    if (PyUnicode_CompareWithASCIIString(name, "input") == 0)
        return &call->operands[0];
    if (PyUnicode_CompareWithASCIIString(name, second) == 0)
        return &call->operands[1];
    return PyUnicode_CompareWithASCIIString(name, "out") == 0 ? &call->out : NULL;
}

/* Whether these are two operands, one of them a Tensor and one sparse, and maybe out. */
static bool read_product(product_call *call, const char *function, PyObject *self,
                         PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    const Py_ssize_t first = self != NULL, named = names != NULL ? PyTuple_GET_SIZE(names) : 0;
    *call = (product_call){.operands = {self, NULL}};
    if (first + n > 2)
        return false;
    for (Py_ssize_t k = 0; k < n; k++)
        call->operands[first + k] = args[k];
    for (Py_ssize_t k = 0; k < named; k++) {
        PyObject **at = place_of(call, function, PyTuple_GET_ITEM(names, k));
        if (at == NULL || *at != NULL)
            return false;
        *at = args[n + k];
    }
    PyObject *x = call->operands[0], *y = call->operands[1];
    if (x == NULL || y == NULL || py_is_tensor(x) == py_is_tensor(y))
        return false;
    return is_sparse(py_is_tensor(x) ? y : x) &&
           (call->out == NULL || call->out == Py_None || py_is_tensor(call->out));
}

/* mm and mv take operands of certain dimensions alone. */
static bool check_product_dims(const product_call *call, const char *function)
{
    const bool on_left = py_is_tensor(call->operands[0]);
    const int ndim = ag_ndim(py_tensor_of(call->operands[on_left ? 0 : 1]));
    if (strcmp(function, "mm") == 0 && ndim != 2)
        PyErr_Format(PyExc_RuntimeError, "%s must be a matrix", on_left ? "self" : "mat2");
    else if (strcmp(function, "mv") == 0 && (on_left || ndim != 1))
        PyErr_Format(PyExc_RuntimeError, "vector + matrix @ vector expected, got 1, %d, %d",
                     on_left ? ndim : 2, on_left ? 2 : ndim);
    else
        return true;
    return false;
}

PyObject *py_sparse_call(const char *function, PyObject *self, PyObject *const *args, Py_ssize_t n,
                         PyObject *names)
{
    product_call call;
    PyObject *type, *value, *traceback;
    if (!PyErr_ExceptionMatches(PyExc_TypeError))
        return NULL;
    PyErr_Fetch(&type, &value, &traceback);  /* looking into objects needs that there is none */
    if (!read_product(&call, function, self, args, n, names)) {
        PyErr_Restore(type, value, traceback);
        return NULL;
    }
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    if (!check_product_dims(&call, function))
        return NULL;
    PyObject *result = py_sparse_product(call.operands[0], call.operands[1]);
    if (result == NULL || call.out == NULL || call.out == Py_None)
        return result;
    const bool done = py_write_out(function, false, py_tensor_of(call.out), py_tensor_of(result));
    Py_DECREF(result);
    return done ? Py_NewRef(call.out) : NULL;
}

/* ---- who asks ------------------------------------------------------------------------------- */

static bool is_named(PyFrameObject *frame, const char *name)
{
    PyCodeObject *code = PyFrame_GetCode(frame);
    PyObject *text = PyObject_GetAttrString((PyObject *)code, "co_name");
    const bool same = text != NULL && PyUnicode_CompareWithASCIIString(text, name) == 0;
    Py_XDECREF(text);
    Py_DECREF(code);
    return same;
}

bool py_is_asked_by_sparse(void)
{
    PyObject *names = PyEval_GetGlobals();  /* borrowed; NULL where no Python runs */
    PyObject *home = names != NULL ? PyDict_GetItemString(names, "__name__") : NULL;
    if (home == NULL || !begins_with(home, SPARSE_HOME))
        return false;
    PyFrameObject *frame = PyEval_GetFrame();
    if (!is_named(frame, "_matmul_dispatch") && !is_named(frame, "_mul_dispatch"))
        return false;
    PyFrameObject *caller = PyFrame_GetBack(frame);
    const bool multiplies = caller != NULL && is_named(caller, "__matmul__");
    Py_XDECREF(caller);
    PyErr_Clear();
    return multiplies;
}

PyObject *py_as_object_array(PyObject *object)
{
    PyObject *array = PyArray_SimpleNew(0, NULL, NPY_OBJECT);
    PyArrayObject *as_array = (PyArrayObject *)array;
    if (array != NULL && PyArray_SETITEM(as_array, PyArray_DATA(as_array), object) != 0)
        Py_CLEAR(array);
    return array;
}

/* ---- the product ---------------------------------------------------------------------------- */

/* The numbers of an array of this type, if they lie one behind the other; else NULL. */
static const void *numbers_of(PyObject *object, int type)
{
    PyArrayObject *array = (PyArrayObject *)object;
    return PyArray_TYPE(array) == type && PyArray_ISCARRAY_RO(array) ? PyArray_DATA(array) : NULL;
}

/* How many entries the rows have. There may be room behind these; where there are not so many, the
 * structure is wrong, which the core says. */
static int64_t count_entries(const ag_csr *matrix, PyObject *const *arrays)
{
    const int64_t room = PyArray_SIZE((PyArrayObject *)arrays[2]);
    const int64_t last = matrix->index_bytes == 4 ? ((const int32_t *)matrix->starts)[matrix->rows]
                                                  : ((const int64_t *)matrix->starts)[matrix->rows];
    return last >= 0 && last < room ? last : room;
}

/* Where the matrix lies in arrays of values, starts and columns: 1; 0 where they have other types,
 * or do not lie one behind the other; -1 with an error. */
static int read_csr(ag_csr *matrix, PyObject *const *arrays)
{
    const bool narrow = PyArray_TYPE((PyArrayObject *)arrays[1]) == NPY_INT32;
    const int type = narrow ? NPY_INT32 : NPY_INT64;
    matrix->index_bytes = narrow ? 4 : 8;
    matrix->values = numbers_of(arrays[0], NPY_DOUBLE);
    matrix->starts = numbers_of(arrays[1], type);
    matrix->columns = numbers_of(arrays[2], type);
    if (matrix->values == NULL || matrix->starts == NULL || matrix->columns == NULL)
        return 0;
    const npy_intp starts = PyArray_SIZE((PyArrayObject *)arrays[1]);
    const npy_intp values = PyArray_SIZE((PyArrayObject *)arrays[0]);
    if (starts == matrix->rows + 1) {
        matrix->entries = count_entries(matrix, arrays);
        if (values >= matrix->entries)
            return 1;
    }
    PyErr_Format(PyExc_RuntimeError, "matmul: expected a sparse matrix of %lld rows and as many "
                                     "values as columns, got %zd starts of rows, %zd values and "
                                     "%zd columns", (long long)matrix->rows, (Py_ssize_t)starts,
                 (Py_ssize_t)values, (Py_ssize_t)PyArray_SIZE((PyArrayObject *)arrays[2]));
    return -1;
}

/* _sparse_product(x, values, starts, columns, rows, cols, transposed, right): None where the arrays
 * are to be converted first, to float64, and to int32 or int64 both. */
static PyObject *f_sparse_product(PyObject *module, PyObject *const *args, Py_ssize_t n)
{
    ag_csr matrix = {.rows = 0};
    bool transposed = false, right = false;
    static const char name[] = "_sparse_product";
    (void)module;
    if (n != 8 || !py_is_tensor(args[0]) || !py_is_array(args[1]) || !py_is_array(args[2]) ||
        !py_is_array(args[3])) {
        PyErr_SetString(PyExc_TypeError, "_sparse_product(): expected a Tensor and three arrays");
        return NULL;
    }
    if (!py_integer_argument(name, "rows", args[4], &matrix.rows) ||
        !py_integer_argument(name, "cols", args[5], &matrix.cols) ||
        !py_bool_argument(name, "transposed", args[6], &transposed) ||
        !py_bool_argument(name, "right", args[7], &right))
        return NULL;
    const int found = read_csr(&matrix, args + 1);
    if (found < 0)
        return NULL;
    if (found == 0)
        Py_RETURN_NONE;
    return py_result(args[0], ag_csr_matmul(py_tensor_of(args[0]), &matrix, transposed, right));
}

PyMethodDef py_sparse_functions[] = {
    {"_sparse_product", PY_METHOD(f_sparse_product), METH_FASTCALL,
     "The product of a tensor and a sparse matrix that is given by its rows."},
    {NULL, NULL, 0, NULL},
};
