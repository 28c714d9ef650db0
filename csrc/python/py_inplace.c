/* SPDX-License-Identifier: MIT
 *
 * zero_, fill_ and copy_, and what assignment to an index shares with them. The arithmetic in
 * place comes from the op table (py_ops.c).
 */
#include "py_inplace.h"

#include "py_args.h"
#include "py_convert.h"
#include "py_errors.h"
#include "py_tensor.h"
#include "py_type.h"

/* Leading dimensions of size 1 beyond the `room` that there is, dropped. Owned. */
static ag_tensor *without_leading_ones(ag_tensor *value, int room)
{
    int extra = ag_ndim(value) - room;
    int64_t dims[AG_MAX_DIMS];
    for (int i = 0; i < extra; i++) {
        if (ag_shape(value)[i] != 1)
            return ag_retain(value);  /* copying says what is wrong */
        dims[i] = i;
    }
    return extra > 0 ? ag_squeeze(value, extra, dims) : ag_retain(value);
}

static bool copy_into(ag_tensor *target, ag_tensor *value, bool strip)
{
    ag_tensor *fitted = strip ? without_leading_ones(value, ag_ndim(target)) : ag_retain(value);
    bool done = fitted != NULL && ag_copy_(target, fitted) == AG_OK;
    if (!done)
        py_raise();
    ag_release(fitted);
    return done;
}

/* Whether elements share memory: then copying is refused, while fill_ and zero_, which these writes
 * are not, go through, both as in PyTorch. */
static bool repeats(const ag_tensor *t)
{
    for (int i = 0; i < ag_ndim(t); i++) {
        if (ag_shape(t)[i] > 1 && ag_strides(t)[i] == 0)
            return true;
    }
    return false;
}

bool py_write(ag_tensor *target, ag_arg value, bool strip)
{
    if (value.tensor != NULL)
        return copy_into(target, value.tensor, strip);
    ag_arg args[2] = {ag_operand(target), value};
    return ag_apply_(repeats(target) ? AG_OP_copy : AG_OP_fill, 2, args, NULL) == AG_OK ||
           py_raise() != NULL;
}

static PyObject *m_zero(PyObject *self, PyObject *unused)
{
    (void)unused;
    if (ag_zero_(py_tensor_of(self)) != AG_OK)
        return py_raise();
    return Py_NewRef(self);
}

static PyObject *m_fill(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {"fill_", 2, 2, 2, {"self", "value"}};
    PyObject *v[2];
    if (!py_parse(&s, self, args, n, names, v))
        return NULL;
    ag_arg arg[2] = {ag_operand(py_tensor_of(self)), ag_number(0.0)};
    if (py_is_tensor(v[1])) {
        arg[1].tensor = py_tensor_of(v[1]);
        if (ag_ndim(arg[1].tensor) > 0) {
            PyErr_Format(PyExc_RuntimeError,
                         "fill_ only supports 0-dimension value tensor but got tensor with %d "
                         "dimensions.", ag_ndim(arg[1].tensor));
            return NULL;
        }
    } else {
        const int known = py_number_of(v[1], &arg[1]);
        if (known <= 0)
            return known == 0 ? py_wrong_type("fill_", "value", "Number", v[1]) : NULL;
    }
    if (ag_apply_(AG_OP_fill, 2, arg, NULL) != AG_OK)
        return py_raise();
    return Py_NewRef(self);
}

static PyObject *m_copy(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {"copy_", 2, 2, 2, {"self", "src|other"}};
    PyObject *v[2];
    if (!py_parse(&s, self, args, n, names, v))
        return NULL;
    ag_arg value;
    ag_tensor *made;
    bool done = py_operand_or_data("copy_", "value", v[1], &value, &made) &&
                py_write(py_tensor_of(self), value, false);
    ag_release(made);
    return done ? Py_NewRef(self) : NULL;
}

#define INPLACE_RAISES_DOC \
    "Raises:\n" \
    "    RuntimeError: the tensor is a leaf that requires grad while grad mode is on, or its\n" \
    "        memory is read-only.\n"

PyMethodDef py_inplace_methods[] = {
    {"zero_", m_zero, METH_NOARGS,
     "zero_($self, /)\n--\n\n"
     "Set every element to 0. Returns the tensor itself.\n\n"
     INPLACE_RAISES_DOC
     "\nExample:\n"
     "    >>> import pyautograd as ag\n"
     "    >>> ag.ones(2).zero_()\n"
     "    tensor([0., 0.])\n"},
    {"fill_", PY_METHOD(m_fill), PY_KEYWORDS,
     "fill_($self, value)\n--\n\n"
     "Set every element to a number or a 0-d tensor. Returns the tensor itself.\n\n"
     INPLACE_RAISES_DOC
     "    TypeError: value is no number.\n"
     "\nExample:\n"
     "    >>> import pyautograd as ag\n"
     "    >>> ag.ones(2).fill_(3)\n"
     "    tensor([3., 3.])\n"},
    {"copy_", PY_METHOD(m_copy), PY_KEYWORDS,
     "copy_($self, src)\n--\n\n"
     "Copy a tensor, array, nested sequence or number, broadcast to this shape, into this one.\n\n"
     "Returns the tensor itself. Gradients flow to src.\n\n"
     INPLACE_RAISES_DOC
     "    TypeError: src is none of these.\n"
     "\nExample:\n"
     "    >>> import pyautograd as ag\n"
     "    >>> ag.zeros(2, 2).copy_(ag.tensor([1.0, 2.0]))\n"
     "    tensor([[1., 2.],\n"
     "            [1., 2.]])\n"},
    {NULL, NULL, 0, NULL},
};
