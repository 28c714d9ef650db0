/* SPDX-License-Identifier: MIT
 *
 * NumPy's table of C functions, which all files of the module use.
 */
#define PY_NUMPY_OWNER
#include "py_numpy.h"

bool py_import_numpy(void) { return PyArray_ImportNumPyAPI() >= 0; }
