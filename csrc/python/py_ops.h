/* SPDX-License-Identifier: MIT
 *
 * Calls of ops on Python objects, shared by operators, methods and functions.
 */
#ifndef PY_OPS_H
#define PY_OPS_H

#include "py_api.h"

/* op(self), of self's class. */
PyObject *py_unary(ag_op op, PyObject *self);

/* op(x, y) of two tensors, or of one and a number or array; NotImplemented for anything else. */
PyObject *py_binary(ag_op op, PyObject *x, PyObject *y);
PyObject *py_matmul(PyObject *x, PyObject *y);

/* self op= other, and self; NotImplemented as above. */
PyObject *py_inplace(ag_op op, PyObject *self, PyObject *other);

/* Functions of the module by file. Tables end with an empty row. */
extern PyMethodDef py_op_functions[], py_create_functions[],
    py_autograd_functions[], py_info_functions[], py_object_functions[], py_pickle_functions[],
    py_row_functions[], py_generator_functions[], py_optim_functions[], py_contract_functions[],
    py_sparse_functions[], py_saving_functions[];

/* The functions of a module of the package, "nn.functional", "special" or "linalg", by their names:
 * a new dict; `core` is pyautograd._core. */
PyObject *py_functions_of(PyObject *core, PyObject *module);

bool py_add_return_types(PyObject *module);
bool py_add_node_type(PyObject *module);
bool py_add_grad_modes(PyObject *module);
bool py_add_checkpoint_type(PyObject *module);

/* The node that made t, as a Python object: a new reference, None for a leaf. */
PyObject *py_node_of(PyObject *tensor);
PyObject *py_accumulator_of(ag_tensor *leaf);

/* What stands for result k of a node (ag_node_edge): owned; NULL with an exception, also where it
 * is to be a root and its shape was not seen. */
ag_tensor *py_node_edge(PyObject *node, int k, bool as_root);
PyObject *py_object_of_node(ag_node *node);  /* takes the node */

#endif
