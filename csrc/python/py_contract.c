/* SPDX-License-Identifier: MIT
 *
 * Contractions, for pyautograd/_contract.py, which reads the many ways to ask for one.
 */
#include "py_args.h"
#include "py_convert.h"
#include "py_errors.h"
#include "py_ops.h"
#include "py_tensor.h"
#include "py_type.h"

/* The tensors of a tuple, borrowed, in memory of the caller's; false with an exception. */
static bool tensors_of(PyObject *tuple, ag_tensor **list)
{
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(tuple); k++) {
        PyObject *one = PyTuple_GET_ITEM(tuple, k);
        if (!py_is_tensor(one)) {
            PyErr_Format(PyExc_TypeError, "einsum(): expected Tensors as operands, got %s",
                         Py_TYPE(one)->tp_name);
            return false;
        }
        list[k] = py_tensor_of(one);
    }
    return true;
}

static PyObject *f_einsum(PyObject *module, PyObject *const *args, Py_ssize_t n)
{
    (void)module;
    if (n != 2 || !PyUnicode_Check(args[0]) || !PyTuple_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "_einsum(): expected a str and a tuple of Tensors");
        return NULL;
    }
    PyObject *operands = args[1], *result = NULL;
    const Py_ssize_t count = PyTuple_GET_SIZE(operands);
    const char *equation = PyUnicode_AsUTF8(args[0]);
    ag_tensor **list = equation != NULL ? PyMem_New(ag_tensor *, count + 1) : NULL;
    if (equation != NULL && list == NULL)
        PyErr_NoMemory();
    if (list != NULL && tensors_of(operands, list))
        result = py_tensor_new_as(py_common_type((int)count, ((PyTupleObject *)operands)->ob_item),
                                  ag_einsum(equation, (int)count, list));
    PyMem_Free(list);
    return result;
}

static PyObject *f_tensordot(PyObject *module, PyObject *const *args, Py_ssize_t n)
{
    int64_t dims[2][AG_MAX_DIMS];
    int count[2];
    (void)module;
    if (n != 4 || !py_is_tensor(args[0]) || !py_is_tensor(args[1]) || !PyTuple_Check(args[2]) ||
        !PyTuple_Check(args[3])) {
        PyErr_SetString(PyExc_TypeError, "_tensordot(): expected two Tensors and two tuples");
        return NULL;
    }
    for (int k = 0; k < 2; k++) {
        PyTupleObject *tuple = (PyTupleObject *)args[2 + k];
        count[k] = py_integers("tensordot", "dims", Py_SIZE(tuple), tuple->ob_item, dims[k]);
        if (count[k] < 0)
            return NULL;
    }
    if (count[0] != count[1]) {
        PyErr_SetString(PyExc_RuntimeError, "both dimension lists should have same length");
        return NULL;
    }
    return py_tensor_new_as(py_common_type(2, args),
                            ag_tensordot(py_tensor_of(args[0]), py_tensor_of(args[1]), count[0],
                                         dims[0], dims[1]));
}

PyMethodDef py_contract_functions[] = {
    {"_einsum", PY_METHOD(f_einsum), METH_FASTCALL, "The contraction that an equation says."},
    {"_tensordot", PY_METHOD(f_tensordot), METH_FASTCALL,
     "The contraction over dimensions of two tensors."},
    {NULL, NULL, 0, NULL},
};
