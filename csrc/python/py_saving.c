/* SPDX-License-Identifier: MIT
 *
 * Pairs of Python functions that pack and unpack what the tape saves. The library keeps a tuple of
 * the two as the context, and what `pack` returned; an exception stays set while the op, or the
 * backward, comes to its end, and is raised there.
 *
 * A function that returns the very tensor that it got leaves that to the library, which keeps it
 * without making a circle of it.
 */
#include "py_args.h"
#include "py_errors.h"
#include "py_ops.h"
#include "py_saving.h"
#include "py_tensor.h"

static ag_status pack(void *context, ag_tensor *value, void **packed)
{
    const PyGILState_STATE state = PyGILState_Ensure();
    PyObject *result = NULL, *shown = py_tensor_wrap(ag_retain(value));
    if (shown != NULL) {
        py_tensor_track(shown);  /* what it leads to may lead back to it */
        result = PyObject_CallOneArg(PyTuple_GET_ITEM((PyObject *)context, 0), shown);
    }
    const bool ok = result != NULL;
    if (result == shown)
        Py_CLEAR(result);
    *packed = result;
    Py_XDECREF(shown);
    PyGILState_Release(state);
    return ok ? AG_OK : AG_ERR_CALLBACK;
}

static ag_status unpack(void *context, void *packed, ag_tensor *kept, ag_tensor **value)
{
    const PyGILState_STATE state = PyGILState_Ensure();
    PyObject *argument = packed != NULL ? Py_NewRef((PyObject *)packed)
                                        : py_tensor_wrap(ag_retain(kept));
    PyObject *result = argument != NULL
        ? PyObject_CallOneArg(PyTuple_GET_ITEM((PyObject *)context, 1), argument) : NULL;
    if (result != NULL && py_is_tensor(result))
        *value = ag_retain(py_tensor_of(result));
    else if (result != NULL)
        PyErr_Format(PyExc_TypeError, "Output of saved tensor unpack_hook expected to be a Tensor "
                                      "but got result of type %s", Py_TYPE(result)->tp_name);
    Py_XDECREF(argument);
    Py_XDECREF(result);
    PyGILState_Release(state);
    return *value != NULL ? AG_OK : AG_ERR_CALLBACK;
}

static const ag_saved_hooks pair_hooks = {pack, unpack, py_let_go_of_packed, py_let_go};

bool py_push_saved_pair(PyObject *pair)
{
    if (ag_push_saved_hooks(&pair_hooks, pair) == AG_OK)
        return true;
    Py_DECREF(pair);
    return py_raise() != NULL;
}

bool py_is_saved_pair(const ag_saved_hooks *hooks) { return hooks->pack == pack; }

static PyObject *f_push_saved_hooks(PyObject *module, PyObject *pair)
{
    (void)module;
    if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2) {
        PyErr_SetString(PyExc_TypeError, "_push_saved_hooks: expected a tuple of two functions");
        return NULL;
    }
    if (!py_push_saved_pair(Py_NewRef(pair)))
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *f_pop_saved_hooks(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    if (ag_pop_saved_hooks() != AG_OK)
        return py_raise();
    Py_RETURN_NONE;
}

static PyObject *f_has_saved_hooks(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    return PyBool_FromLong(ag_has_saved_hooks());
}

static PyObject *f_set_copy_on_write(PyObject *module, PyObject *mode)
{
    (void)module;
    if (!PyBool_Check(mode))
        return py_wrong_type("copy_on_write", "mode", "bool", mode);
    return PyBool_FromLong(ag_set_copy_on_write(mode == Py_True));
}

static PyObject *f_push_copy_on_write(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    if (ag_push_copy_on_write() != AG_OK)
        return py_raise();
    Py_RETURN_NONE;
}

static PyObject *f_backward_is_whole(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    return PyBool_FromLong(ag_backward_is_whole());
}

PyMethodDef py_saving_functions[] = {
    {"_backward_is_whole", f_backward_is_whole, METH_NOARGS,
     "Whether the backward that is on gives all leaves their gradients."},
    {"_push_saved_hooks", f_push_saved_hooks, METH_O,
     "From here on values that this thread saves go through this pair of functions."},
    {"_pop_saved_hooks", f_pop_saved_hooks, METH_NOARGS, "The last pair counts no more."},
    {"_has_saved_hooks", f_has_saved_hooks, METH_NOARGS, "Whether this thread has such pairs."},
    {"_set_copy_on_write", f_set_copy_on_write, METH_O,
     "Whether writes copy what this thread saves from here on; gives what was before."},
    {"_push_copy_on_write", f_push_copy_on_write, METH_NOARGS,
     "From here on writes copy what this thread saves, whatever was pushed before."},
    {NULL, NULL, 0, NULL},
};
