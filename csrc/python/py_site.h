/* SPDX-License-Identifier: MIT
 *
 * Places in the Python source that calls, as sites of the library.
 */
#ifndef PY_SITE_H
#define PY_SITE_H

#include "py_api.h"

/* For the package, from its first file: from here on nodes know the lines that made them. Gives
 * whether they do: not where this Python's frames are not known. */
PyObject *py_watch_lines(PyObject *module, PyObject *unused);

/* "file.py:12 in f", or None. */
PyObject *py_site_object(uint32_t site);

/* (file, line, function); NULL with an exception. */
PyObject *py_site_tuple(uint32_t site);

#endif
