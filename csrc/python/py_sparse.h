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

/* Whether the function of this name takes such a matrix in place of one Tensor of two: decided as
 * it is compiled. Then py_sparse_call gets the arguments of a call, which are not those of Tensors,
 * with the exception that this set. It gives the product, written to out= where there is one; or
 * NULL, with that exception or another. `self` is NULL of a function. */
#define PY_TAKES_SPARSE(name) \
    (__builtin_strcmp(name, "matmul") == 0 || __builtin_strcmp(name, "mm") == 0 || \
     __builtin_strcmp(name, "mv") == 0)
PyObject *py_sparse_call(const char *function, PyObject *self, PyObject *const *args, Py_ssize_t n,
                         PyObject *names);

/* Whether a sparse matrix is being multiplied by a tensor and asks for an array of that. */
bool py_is_asked_by_sparse(void);

/* What it gets instead: an array without dimensions, of the object itself. */
PyObject *py_as_object_array(PyObject *object);

#endif
