/* SPDX-License-Identifier: MIT
 *
 * From the library's failures to Python's exceptions: the only place that knows both.
 */
#ifndef PY_ERRORS_H
#define PY_ERRORS_H

#include "py_api.h"

/* Raises what the library's last failure says. An exception that is set already (by a callback)
 * is kept. Always NULL. */
PyObject *py_raise(void);

/* The exception of AG_ERR_STOPPED; py_checkpoint.c makes it. */
extern PyObject *py_stop_error;

/* Makes the exception of singular matrices, which `module` gets. */
bool py_add_linalg_error(PyObject *module);

/* Ctrl-C is noticed while the library computes: then calls fail, and py_raise raises
 * KeyboardInterrupt. */
bool py_watch_interrupts(void);

/* None, or the exception of a failed action. */
static inline PyObject *py_done(ag_status status)
{
    if (PY_UNLIKELY(status != AG_OK))
        return py_raise();
    Py_RETURN_NONE;
}

/* What was written in place, if that was done: a new reference, or NULL with an exception. */
static inline PyObject *py_written(PyObject *first, ag_status status)
{
    return status == AG_OK ? Py_NewRef(first) : py_raise();
}

/* Gives up a reference that the library had, on any thread, also while an exception is set. */
void py_let_go(void *object);
void py_let_go_of_packed(void *context, void *object);

#endif
