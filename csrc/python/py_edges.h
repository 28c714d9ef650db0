/* SPDX-License-Identifier: MIT
 *
 * Gradient edges as arguments: named tuples of a node and which of its results is meant.
 */
#ifndef PY_EDGES_H
#define PY_EDGES_H

#include "py_api.h"

bool py_is_edge(PyObject *object);

/* The tensor that stands for an edge among the roots or the inputs of a backward: a new reference;
 * NULL with an exception. */
PyObject *py_edge_tensor(PyObject *edge, bool as_root);

extern PyMethodDef py_edge_functions[];

#endif
