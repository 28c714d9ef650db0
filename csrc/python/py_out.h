/* SPDX-License-Identifier: MIT
 *
 * out=: results that are written to tensors that are there.
 */
#ifndef PY_OUT_H
#define PY_OUT_H

#include "py_read.h"

typedef PyObject *(*py_function)(PyObject *module, PyObject *const *args, Py_ssize_t n,
                                 PyObject *names);

/* Writes a result that was computed without history into `out`, which takes its shape. False with
 * an exception that calls the function by its name. */
bool py_write_out(const char *function, bool is_join, ag_tensor *out, ag_tensor *result);

/* What was made without history (taken, also where it is NULL), as the dtype that was asked for: a
 * Tensor of the type, or written to `out` where that was given. */
PyObject *py_made(const char *function, PyTypeObject *type, const py_head *head, ag_tensor *made);

/* Whether a function of the module is one that TAKES_OUT in ops.def names, and out is among the
 * names of arguments: then py_call_with_out calls it without that, and writes the result. */
bool py_has_out(const char *function, PyObject *names);
PyObject *py_call_with_out(const char *function, py_function call, PyObject *const *args,
                           Py_ssize_t n, PyObject *names);

/* In a function of the module, before it reads its arguments. */
#define PY_TAKE_OUT(function, call, args, n, names) \
    do { \
        if (PY_UNLIKELY((names) != NULL) && py_has_out(function, names)) \
            return py_call_with_out(function, call, args, n, names); \
    } while (0)

/* The documentation of a function that takes out, with that in its signature: memory that stays.
 * That of another as it is. NULL without memory. */
const char *py_doc_with_out(const char *function, const char *doc);

#endif
