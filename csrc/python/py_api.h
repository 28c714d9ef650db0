/* SPDX-License-Identifier: MIT
 *
 * What every file of the native module includes: Python's header, the library's public header
 * (never one of the core's own), and two compiler words. The module is process-wide, as the
 * library under it is: its state is static, and every entry holds the GIL.
 */
#ifndef PY_API_H
#define PY_API_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <stdint.h>

#include "../include/pyautograd.h"

#define PY_LIKELY(x) __builtin_expect(!!(x), 1)
#define PY_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* A function's place in a table, whatever its calling convention. */
#define PY_METHOD(function) ((PyCFunction)(void (*)(void))(function))
#define PY_KEYWORDS (METH_FASTCALL | METH_KEYWORDS)

#endif
