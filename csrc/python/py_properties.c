/* SPDX-License-Identifier: MIT
 *
 * The attributes of Tensor.
 */
#include "py_args.h"
#include "py_convert.h"
#include "py_dtype.h"
#include "py_hooks.h"
#include "py_errors.h"
#include "py_ops.h"
#include "py_tensor.h"
#include "py_type.h"

#define UNUSED(x) ((void)(x))

/* ---- autograd ------------------------------------------------------------------------------- */

static PyObject *get_data(PyObject *self, void *unused)
{
    UNUSED(unused);
    return py_result(self, ag_data_of(py_tensor_of(self)));
}

static int set_data(PyObject *self, PyObject *value, void *unused)
{
    UNUSED(unused);
    if (value == NULL) {
        PyErr_SetString(PyExc_RuntimeError,
                        "Deleting tensor data is not allowed. Delete tensor instead!");
        return -1;
    }
    if (!py_is_tensor(value)) {
        PyErr_Format(PyExc_TypeError, "Variable data has to be a tensor, but got %s",
                     Py_TYPE(value)->tp_name);
        return -1;
    }
    if (ag_set_data(py_tensor_of(self), py_tensor_of(value)) == AG_OK)
        return 0;
    py_raise();
    return -1;
}

static bool warn_of_non_leaf(void)
{
    return PyErr_WarnEx(PyExc_UserWarning,
                        "The .grad attribute of a Tensor that is not a leaf Tensor is being "
                        "accessed. Its .grad attribute won't be populated during "
                        "autograd.backward(). If you indeed want the .grad field to be populated "
                        "for a non-leaf Tensor, use .retain_grad() on the non-leaf Tensor. If you "
                        "access the non-leaf Tensor by mistake, make sure you access the leaf "
                        "Tensor instead.", 1) == 0;
}

PyObject *py_grad_object(PyObject *self)
{
    py_tensor *o = (py_tensor *)self;
    ag_tensor *grad = ag_grad_of(o->tensor);
    if (o->grad != NULL && py_tensor_of(o->grad) == grad)
        return Py_NewRef(o->grad);
    PyObject *found = grad != NULL ? py_tensor_wrap(ag_retain(grad)) : NULL;
    Py_CLEAR(o->grad);  /* backward left another: this one was kept for nothing */
    return found;
}

static PyObject *get_grad(PyObject *self, void *unused)
{
    UNUSED(unused);
    ag_tensor *t = py_tensor_of(self);
    PyObject *grad = py_grad_object(self);
    if (grad != NULL || PyErr_Occurred())
        return grad;
    if (!ag_is_leaf(t) && !ag_retains_grad(t) && !warn_of_non_leaf())
        return NULL;
    Py_RETURN_NONE;
}

static int set_grad(PyObject *self, PyObject *value, void *unused)
{
    UNUSED(unused);
    ag_tensor *grad = NULL;
    if (!py_absent(value)) {
        if (!py_is_tensor(value)) {
            PyErr_Format(PyExc_TypeError,
                         "assigned grad expected to be a Tensor or None but got grad of type %s",
                         Py_TYPE(value)->tp_name);
            return -1;
        }
        if (value == self) {
            PyErr_SetString(PyExc_RuntimeError, "can't assign Variable as its own grad");
            return -1;
        }
        grad = py_tensor_of(value);
    }
    if (ag_set_grad(py_tensor_of(self), grad) != AG_OK) {
        py_raise();
        return -1;
    }
    Py_XSETREF(((py_tensor *)self)->grad, grad != NULL ? Py_NewRef(value) : NULL);
    return 0;
}

static PyObject *get_requires_grad(PyObject *self, void *unused)
{
    UNUSED(unused);
    return PyBool_FromLong(ag_requires_grad(py_tensor_of(self)));
}

static int set_requires_grad(PyObject *self, PyObject *value, void *unused)
{
    UNUSED(unused);
    if (value == NULL || !PyBool_Check(value)) {
        PyErr_SetString(PyExc_RuntimeError, "requires_grad must be a bool");
        return -1;
    }
    if (value == Py_True && ag_dtype_of(py_tensor_of(self)) != AG_FLOAT64) {
        PyErr_SetString(PyExc_RuntimeError, "only Tensors of floating point and complex dtype can "
                                            "require gradients");
        return -1;
    }
    if (ag_set_requires_grad(py_tensor_of(self), value == Py_True) == AG_OK)
        return 0;
    py_raise();
    return -1;
}

static PyObject *get_is_leaf(PyObject *self, void *unused)
{
    UNUSED(unused);
    return PyBool_FromLong(ag_is_leaf(py_tensor_of(self)));
}

static PyObject *get_output_nr(PyObject *self, void *unused)
{
    (void)unused;
    const int number = ag_output_number(py_tensor_of(self));
    return number >= 0 ? PyLong_FromLong(number) : py_raise();
}

static PyObject *get_retains_grad(PyObject *self, void *unused)
{
    UNUSED(unused);
    ag_tensor *t = py_tensor_of(self);
    return PyBool_FromLong(!ag_is_leaf(t) && ag_retains_grad(t));
}

static PyObject *get_grad_fn(PyObject *self, void *unused)
{
    UNUSED(unused);
    return py_node_of(self);
}

static PyObject *get_backward_hooks(PyObject *self, void *unused)
{
    UNUSED(unused);
    return py_backward_hooks(self);
}

static int set_backward_hooks(PyObject *self, PyObject *value, void *unused)
{
    UNUSED(unused);
    if (value != Py_None) {
        PyErr_SetString(PyExc_TypeError, "_backward_hooks may be set to None, which removes all "
                                         "hooks: register_hook() adds one");
        return -1;
    }
    PyObject *hooks = py_backward_hooks(self);
    PyObject *done = hooks == NULL     ? NULL
                     : hooks == Py_None ? Py_NewRef(Py_None)
                                        : PyObject_CallMethod(hooks, "clear", NULL);
    Py_XDECREF(hooks);
    Py_XDECREF(done);
    return done != NULL ? 0 : -1;
}

static PyObject *get_version(PyObject *self, void *unused)
{
    UNUSED(unused);
    if (ag_is_inference(py_tensor_of(self))) {
        PyErr_SetString(PyExc_RuntimeError, "Inference tensors do not track version counter.");
        return NULL;
    }
    return PyLong_FromUnsignedLong(ag_tensor_version(py_tensor_of(self)));
}

/* ---- shape ---------------------------------------------------------------------------------- */

static PyObject *get_shape(PyObject *self, void *unused)
{
    UNUSED(unused);
    ag_tensor *t = py_tensor_of(self);
    return py_size_new(ag_ndim(t), ag_shape(t));
}

static PyObject *get_ndim(PyObject *self, void *unused)
{
    UNUSED(unused);
    return PyLong_FromLong(ag_ndim(py_tensor_of(self)));
}

static PyObject *get_dtype(PyObject *self, void *unused)
{
    UNUSED(unused);
    return Py_NewRef(py_dtype_object(ag_dtype_of(py_tensor_of(self))));
}

static PyObject *get_device(PyObject *self, void *unused)
{
    UNUSED(self);
    UNUSED(unused);
    return Py_NewRef(py_cpu);
}

static PyObject *get_itemsize(PyObject *self, void *unused)
{
    UNUSED(self);
    UNUSED(unused);
    return PyLong_FromLong(sizeof(double));
}

static PyObject *get_nbytes(PyObject *self, void *unused)
{
    UNUSED(unused);
    return PyLong_FromLongLong(ag_numel(py_tensor_of(self)) * (int64_t)sizeof(double));
}

static PyObject *get_T(PyObject *self, void *unused)
{
    UNUSED(unused);
    ag_tensor *t = py_tensor_of(self);
    int n = ag_ndim(t);
    int64_t dims[AG_MAX_DIMS];
    for (int i = 0; i < n; i++)
        dims[i] = n - 1 - i;
    return py_result_or_self(self, ag_permute(t, n, dims));
}

static PyObject *get_mT(PyObject *self, void *unused)
{
    UNUSED(unused);
    ag_tensor *t = py_tensor_of(self);
    if (ag_ndim(t) == 1) {
        PyErr_Format(PyExc_RuntimeError,
                     "tensor.mT is only supported on matrices or batches of matrices. Got 1-D "
                     "tensor.");
        return NULL;
    }
    return py_result(self, ag_adjoint(t));
}

static PyObject *get_H(PyObject *self, void *unused)
{
    UNUSED(unused);
    ag_tensor *t = py_tensor_of(self);
    if (ag_ndim(t) != 0 && ag_ndim(t) != 2) {
        PyErr_Format(PyExc_RuntimeError,
                     "tensor.H is only supported on matrices (2-D tensors). Got %d-D tensor.",
                     ag_ndim(t));
        return NULL;
    }
    return py_result(self, ag_ndim(t) == 0 ? ag_transpose(t, 0, 0) : ag_transpose(t, 0, 1));
}

static PyObject *get_mH(PyObject *self, void *unused)
{
    UNUSED(unused);
    ag_tensor *t = py_tensor_of(self);
    if (ag_ndim(t) == 1) {
        PyErr_SetString(PyExc_RuntimeError,
                        "tensor.mH is only supported on matrices or batches of matrices. Got 1-D "
                        "tensor.");
        return NULL;
    }
    return py_result(self, ag_adjoint(t));
}

/* ---- table ---------------------------------------------------------------------------------- */

#define EXAMPLE_DOC "\n\nExample:\n    >>> import pyautograd as ag\n"

PyGetSetDef py_tensor_properties[] = {
    {"data", get_data, set_data,
     "The same memory without history.\n\n"
     "Assigning a tensor makes this one share its memory and shape." EXAMPLE_DOC
     "    >>> x = ag.ones(2, requires_grad=True)\n"
     "    >>> x.data -= 0.5\n"
     "    >>> x\n"
     "    tensor([0.5000, 0.5000], requires_grad=True)\n", NULL},
    {"grad", get_grad, set_grad,
     "The gradient that backward() left here, added up, or None.\n\nMay be assigned and deleted."
     EXAMPLE_DOC
     "    >>> x = ag.ones(2, requires_grad=True)\n"
     "    >>> (3 * x).sum().backward()\n"
     "    >>> x.grad\n"
     "    tensor([3., 3.])\n", NULL},
    {"requires_grad", get_requires_grad, set_requires_grad,
     "Whether gradients with respect to this tensor are wanted. Leaves can be told." EXAMPLE_DOC
     "    >>> ag.ones(2).requires_grad\n"
     "    False\n", NULL},
    {"is_leaf", get_is_leaf, NULL,
     "Whether no recorded op made this tensor." EXAMPLE_DOC
     "    >>> x = ag.ones(2, requires_grad=True)\n"
     "    >>> x.is_leaf, (x * 2).is_leaf\n"
     "    (True, False)\n", NULL},
    {"retains_grad", get_retains_grad, NULL,
     "Whether retain_grad() was called on this tensor, which is no leaf." EXAMPLE_DOC
     "    >>> x = ag.ones(2, requires_grad=True)\n"
     "    >>> x.retains_grad\n"
     "    False\n", NULL},
    {"grad_fn", get_grad_fn, NULL,
     "The tape's node for the op that made this tensor; None for leaves." EXAMPLE_DOC
     "    >>> (ag.ones(2, requires_grad=True) * 2).grad_fn.name()\n"
     "    'MulBackward0'\n", NULL},
    {"output_nr", get_output_nr, NULL,
     "Which result of `grad_fn`'s op this tensor is." EXAMPLE_DOC
     "    >>> [row.output_nr for row in ag.ones(2, 3, requires_grad=True).unbind()]\n"
     "    [0, 1]\n", NULL},
    {"_backward_hooks", get_backward_hooks, set_backward_hooks,
     "What register_hook() was given, by the ids of the handles: an OrderedDict, or None before\n"
     "the first. Deleting one removes the hook, as its handle does; None removes all."
     EXAMPLE_DOC
     "    >>> x = ag.ones(2, requires_grad=True)\n"
     "    >>> x._backward_hooks is None\n"
     "    True\n"
     "    >>> handle = x.register_hook(print)\n"
     "    >>> x._backward_hooks[handle.id]\n"
     "    <built-in function print>\n", NULL},
    {"_version", get_version, NULL, "How often the memory was written in place.", NULL},
    {"shape", get_shape, NULL,
     "The sizes of the dimensions." EXAMPLE_DOC
     "    >>> ag.zeros(2, 3).shape\n"
     "    pyautograd.Size([2, 3])\n", NULL},
    {"ndim", get_ndim, NULL,
     "The number of dimensions." EXAMPLE_DOC
     "    >>> ag.zeros(2, 3).ndim\n"
     "    2\n", NULL},
    {"dtype", get_dtype, NULL,
     "How the elements are read: pyautograd.float64, pyautograd.int64 or pyautograd.bool."
     EXAMPLE_DOC
     "    >>> ag.zeros(2).dtype\n"
     "    pyautograd.float64\n", NULL},
    {"device", get_device, NULL,
     "Where the elements are: device(type='cpu')." EXAMPLE_DOC
     "    >>> ag.zeros(2).device.type\n"
     "    'cpu'\n", NULL},
    {"itemsize", get_itemsize, NULL,
     "Bytes of one element: 8." EXAMPLE_DOC
     "    >>> ag.zeros(2).itemsize\n"
     "    8\n", NULL},
    {"nbytes", get_nbytes, NULL,
     "Bytes of all elements." EXAMPLE_DOC
     "    >>> ag.zeros(2, 3).nbytes\n"
     "    48\n", NULL},
    {"T", get_T, NULL,
     "A view with the dimensions reversed." EXAMPLE_DOC
     "    >>> ag.zeros(2, 3).T.shape\n"
     "    pyautograd.Size([3, 2])\n", NULL},
    {"mT", get_mT, NULL,
     "A view with the last two dimensions exchanged. RuntimeError if there are fewer." EXAMPLE_DOC
     "    >>> ag.zeros(4, 2, 3).mT.shape\n"
     "    pyautograd.Size([4, 3, 2])\n", NULL},
    {"H", get_H, NULL,
     "A view of a matrix with its dimensions exchanged. RuntimeError if it is none." EXAMPLE_DOC
     "    >>> ag.zeros(2, 3).H.shape\n"
     "    pyautograd.Size([3, 2])\n", NULL},
    {"mH", get_mH, NULL,
     "A view with the last two dimensions exchanged. RuntimeError if there are fewer." EXAMPLE_DOC
     "    >>> ag.zeros(4, 2, 3).mH.shape\n"
     "    pyautograd.Size([4, 3, 2])\n", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
