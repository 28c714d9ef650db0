/* SPDX-License-Identifier: MIT
 *
 * dtype and device: how the numbers of a tensor are read, and where they are.
 */
#ifndef PY_DTYPE_H
#define PY_DTYPE_H

#include "py_api.h"

/* What an absent dtype argument is. */
#define PY_NO_DTYPE (-1)

/* The object of a dtype. Borrowed. */
PyObject *py_dtype_object(ag_dtype dtype);

/* "float64", "int64", "bool". */
const char *py_dtype_name(ag_dtype dtype);

/* "Double", "Long", "Bool", as messages have them in PyTorch. */
const char *py_type_name(ag_dtype dtype);

/* The NumPy type number of a dtype. */
int py_numpy_type(ag_dtype dtype);

/* The dtype of NumPy's numbers of a kind ('f', 'i', 'u', 'b'). */
ag_dtype py_dtype_of_kind(char kind);

/* dtype=: one of pyautograd's, Python's bool, int and float, NumPy's of these kinds, or a name of
 * them. None or NULL leaves *dtype as it is. Anything else is a TypeError. */
bool py_dtype_argument(PyObject *object, int *dtype);

/* device=: "cpu" in any spelling, None or NULL; anything else is a RuntimeError. */
bool py_device_argument(PyObject *object);

/* The device object. Borrowed. */
extern PyObject *py_cpu;

/* The value of a tensor's element as a Python bool, int or float. */
PyObject *py_scalar_of(double value, ag_dtype dtype);

bool py_add_dtype_types(PyObject *module);  /* dtype, float64, int64, device */

/* The casts and questions of py_cast.c. */
extern PyMethodDef py_cast_methods[], py_cast_functions[];

#endif
