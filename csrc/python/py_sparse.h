/* SPDX-License-Identifier: MIT
 *
 * Products with SciPy's sparse matrices, which are known by where their classes come from: nothing
 * here imports SciPy.
 */
#ifndef PY_SPARSE_H
#define PY_SPARSE_H

#include "py_api.h"

/* x @ y, of which one is a Tensor, if the other is a sparse matrix; else NotImplemented. */
PyObject *py_sparse_product(PyObject *x, PyObject *y);

/* Whether a sparse matrix is being multiplied by a tensor and asks for an array of that. */
bool py_is_asked_by_sparse(void);

/* What it gets instead: an array without dimensions, of the object itself. */
PyObject *py_as_object_array(PyObject *object);

#endif
