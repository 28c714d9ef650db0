/* SPDX-License-Identifier: MIT
 *
 * Nodes as Python objects: what Node and the contexts of Functions, which are nodes too, share.
 */
#ifndef PY_NODE_H
#define PY_NODE_H

#include "py_api.h"

typedef struct py_node {
    PyObject_HEAD
    ag_node *node;       /* owned, but by a Function's context: its node owns that. NULL for an
                            AccumulateGrad, and for a context that has no node (any more) */
    ag_tensor *leaf;     /* owned; NULL for others than an AccumulateGrad */
    PyObject *key;       /* owned: its key in objects_by_node, so that dying needs no memory */
    PyObject *weakrefs;
} py_node;

extern PyTypeObject *py_node_type;

/* The context of a Function's node: new reference; NULL, without an exception, of other nodes. Set
 * by py_function.c, which lies above this. */
extern PyObject *(*py_context_of)(const ag_node *node);

/* RuntimeError: a Function's context that is not on the tape. NULL. */
PyObject *py_fail_no_node(PyObject *self);

#endif
