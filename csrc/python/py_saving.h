/* SPDX-License-Identifier: MIT
 *
 * Pairs of Python functions that pack and unpack what the tape saves.
 */
#ifndef PY_SAVING_H
#define PY_SAVING_H

#include "py_tensor.h"

/* Takes the tuple of two functions, of which the second unpacks; ag_pop_saved_hooks() ends it.
 * False with an exception. */
bool py_push_saved_pair(PyObject *pair);

/* Whether these hooks are such a pair, whose context is then the tuple. */
bool py_is_saved_pair(const ag_saved_hooks *hooks);

#endif
