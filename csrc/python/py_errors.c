/* SPDX-License-Identifier: MIT
 *
 * The status -> exception table.
 */
#include "py_errors.h"

/* linalg.LinAlgError: owned for good. */
static PyObject *linalg_error;

bool py_add_linalg_error(PyObject *module)
{
    linalg_error = PyErr_NewExceptionWithDoc(
        "pyautograd.linalg.LinAlgError",
        "A matrix is singular or not positive-definite, or a decomposition does not converge.",
        PyExc_RuntimeError, NULL);
    return linalg_error != NULL && PyModule_AddObjectRef(module, "LinAlgError", linalg_error) == 0;
}

/* Ends a checkpointed function that runs again: owned for good. */
PyObject *py_stop_error;

static PyObject *exception_of(ag_status status)
{
    switch (status) {
    case AG_ERR_MEMORY:
        return PyExc_MemoryError;
    case AG_ERR_INDEX:
        return PyExc_IndexError;
    case AG_ERR_TYPE:
        return PyExc_TypeError;
    case AG_ERR_DTYPE:
        return PyExc_NotImplementedError;
    case AG_ERR_INTEGER:
        return PyExc_OverflowError;
    case AG_ERR_STOPPED:
        return py_stop_error;
    case AG_ERR_LINALG:
        return linalg_error;
    default:  /* shapes, sizes, values out of range and all of autograd, as in PyTorch */
        return PyExc_RuntimeError;
    }
}

PyObject *py_raise(void)
{
    if (PyErr_Occurred())
        return NULL;
    if (ag_last_status() != AG_ERR_INTERRUPTED)
        PyErr_SetString(exception_of(ag_last_status()), ag_last_message());
    else if (PyErr_CheckSignals() == 0)  /* whose handler raises; or it has run already */
        PyErr_SetNone(PyExc_KeyboardInterrupt);
    return NULL;
}

void py_let_go(void *object)
{
    if (!Py_IsInitialized())  /* at exit */
        return;
    const PyGILState_STATE state = PyGILState_Ensure();
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);  /* it may die of what fails */
    Py_DECREF((PyObject *)object);
    PyErr_Restore(type, value, traceback);
    PyGILState_Release(state);
}

void py_let_go_of_packed(void *context, void *object)
{
    (void)context;
    py_let_go(object);
}
