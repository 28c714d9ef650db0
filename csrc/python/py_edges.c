/* SPDX-License-Identifier: MIT
 *
 * Gradient edges, and what hooks ask of the backward that called them: what autograd/_edges.py and
 * autograd/_hooks.py are written in.
 */
#include "py_edges.h"

#include "py_errors.h"
#include "py_ops.h"
#include "py_tensor.h"

static PyObject *edge_type;  /* GradientEdge, from when it is there */

bool py_is_edge(PyObject *object)
{
    return edge_type != NULL && PyTuple_Check(object) &&
           PyObject_TypeCheck(object, (PyTypeObject *)edge_type);
}

PyObject *py_edge_tensor(PyObject *edge, bool as_root)
{
    PyObject *tensor =
        PyObject_CallMethod(edge, "_stand_in", "O", as_root ? Py_True : Py_False);
    if (tensor == NULL || py_is_tensor(tensor))
        return tensor;
    PyErr_Format(PyExc_TypeError, "expected a Tensor, got %s", Py_TYPE(tensor)->tp_name);
    Py_DECREF(tensor);
    return NULL;
}

static PyObject *f_set_edge_type(PyObject *module, PyObject *type)
{
    (void)module;
    Py_XSETREF(edge_type, Py_NewRef(type));
    Py_RETURN_NONE;
}

static PyObject *f_edge_of(PyObject *module, PyObject *tensor)
{
    ag_tensor *t;
    (void)module;
    if (!py_tensor_argument("get_gradient_edge", "tensor", tensor, &t))
        return NULL;
    ag_tensor *edge = ag_edge_of(t);
    ag_node *node = edge != NULL && !ag_is_leaf(t) ? ag_node_of(t) : NULL;
    const bool is_one = node == NULL || ag_node_output_count(node) == 1;
    ag_node_release(node);
    if (edge == NULL || !is_one)
        return edge != NULL ? py_tensor_wrap(edge) : py_raise();
    ag_release(edge);
    Py_RETURN_NONE;
}

static PyObject *f_node_edge(PyObject *module, PyObject *args)
{
    PyObject *node;
    int number, as_root;
    (void)module;
    if (!PyArg_ParseTuple(args, "Oip:_node_edge", &node, &number, &as_root))
        return NULL;
    ag_tensor *edge = py_node_edge(node, number, as_root != 0);
    return edge != NULL ? py_tensor_wrap(edge) : NULL;
}

static PyObject *f_node_of(PyObject *module, PyObject *tensor)
{
    ag_tensor *t;
    (void)module;
    if (!py_tensor_argument("get_gradient_edge", "tensor", tensor, &t))
        return NULL;
    if (ag_is_leaf(t) && ag_requires_grad(t))
        return py_accumulator_of(t);
    return py_node_of(tensor);
}

static PyObject *f_backward_numbers(PyObject *module, PyObject *unused)
{
    uint64_t first[8], *numbers = first;
    const int n = ag_backward_numbers(8, first);
    (void)module;
    (void)unused;
    if (n > 8) {
        numbers = PyMem_Malloc((size_t)n * sizeof *numbers);
        if (numbers == NULL)
            return PyErr_NoMemory();
        ag_backward_numbers(n, numbers);
    }
    PyObject *all = PyTuple_New(n);
    for (int k = 0; k < n && all != NULL; k++) {
        PyObject *one = PyLong_FromUnsignedLongLong(numbers[k]);
        if (one == NULL)
            Py_CLEAR(all);
        else
            PyTuple_SET_ITEM(all, k, one);
    }
    if (numbers != first)
        PyMem_Free(numbers);
    return all;
}

PyMethodDef py_edge_functions[] = {
    {"_set_edge_type", f_set_edge_type, METH_O, "Tells the class of gradient edges."},
    {"_edge_of", f_edge_of, METH_O,
     "A tensor with the history of another, which is one of several results, and no numbers."},
    {"_node_edge", f_node_edge, METH_VARARGS, "The same for any result of a node's op."},
    {"_node_of", f_node_of, METH_O, "grad_fn, or the AccumulateGrad of a leaf."},
    {"_backward_numbers", f_backward_numbers, METH_NOARGS,
     "Numbers of the backwards that this thread is in, the innermost first."},
    {NULL, NULL, 0, NULL},
};
