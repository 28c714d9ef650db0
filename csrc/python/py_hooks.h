/* SPDX-License-Identifier: MIT
 *
 * Hooks on nodes, for py_node.c; those of tensors are methods in a table of py_type.h.
 */
#ifndef PY_HOOKS_H
#define PY_HOOKS_H

#include "py_type.h"

/* The handle of a hook before or after a node's rule, or the setting of a leaf's .grad (the other
 * of the two is NULL). */
PyObject *py_node_add_hook(ag_node *node, ag_tensor *leaf, PyObject *hook, bool before);

/* Tensor._backward_hooks: a new reference. */
PyObject *py_backward_hooks(PyObject *tensor);

extern PyMethodDef py_hook_functions[];

bool py_add_handle_type(PyObject *module);

#endif
