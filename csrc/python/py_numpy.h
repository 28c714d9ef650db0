/* SPDX-License-Identifier: MIT
 *
 * NumPy's C API, whose table py_numpy.c owns (it defines PY_NUMPY_OWNER) and all share.
 */
#ifndef PY_NUMPY_H
#define PY_NUMPY_H

#include "py_api.h"

#define NPY_NO_DEPRECATED_API NPY_1_7_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL py_numpy_api
#ifndef PY_NUMPY_OWNER
#define NO_IMPORT_ARRAY
#endif
#include <numpy/arrayobject.h>

/* Fills the table; false with an exception. */
bool py_import_numpy(void);

#endif
