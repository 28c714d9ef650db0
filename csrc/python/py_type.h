/* SPDX-License-Identifier: MIT
 *
 * What the files around it add to the type Tensor. py_type.c puts the type together, so it stands
 * on top of them all.
 */
#ifndef PY_TYPE_H
#define PY_TYPE_H

#include "py_api.h"

bool py_add_tensor_type(PyObject *module);

/* What other files add to the type. Tables end with an empty row. */
extern PyMethodDef py_op_methods[], py_inplace_methods[], py_object_methods[],
    py_autograd_methods[], py_ufunc_methods[], py_pickle_methods[], py_row_methods[],
    py_hook_methods[];
extern PyGetSetDef py_tensor_properties[];

PyObject *py_tensor_item(PyObject *self, Py_ssize_t index);          /* self[index] of iteration */
PyObject *py_tensor_subscript(PyObject *self, PyObject *key);
int py_tensor_assign(PyObject *self, PyObject *key, PyObject *value);
int py_tensor_get_buffer(PyObject *self, Py_buffer *view, int flags);
void py_tensor_release_buffer(PyObject *self, Py_buffer *view);
PyObject *py_tensor_compare(PyObject *x, PyObject *y, int op);
PyObject *py_tensor_construct(PyTypeObject *type, PyObject *args, PyObject *keywords);

bool py_add_missing(PyTypeObject *tensor_type);   /* names that are not there, and why */

#define PY_NUMBER_SLOTS 34
extern PyType_Slot py_number_slots[PY_NUMBER_SLOTS];

#endif
