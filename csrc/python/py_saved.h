/* SPDX-License-Identifier: MIT
 *
 * What nodes have saved, under PyTorch's names, and as objects that take hooks.
 */
#ifndef PY_SAVED_H
#define PY_SAVED_H

#include "py_node.h"

/* The properties of the nodes that are printed as `name`, which live as long as the process: NULL
 * where none is named. NULL with an exception without memory. */
PyGetSetDef *py_saved_properties(const char *name);

/* A SavedTensor: what the node of `owner` has saved under k; or, of a Function's context, what
 * its k-th saved value is (kept_of gives it, borrowed, NULL for None). New reference. */
PyObject *py_saved_object(PyObject *owner, int k, ag_saved *(*kept_of)(PyObject *owner, int k));

bool py_add_saved_type(PyObject *module);

#endif
