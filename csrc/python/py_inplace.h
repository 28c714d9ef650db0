/* SPDX-License-Identifier: MIT
 *
 * Writing a Python object into a tensor's memory.
 */
#ifndef PY_INPLACE_H
#define PY_INPLACE_H

#include "py_api.h"

/* target[...] = value, which broadcasts to the target, recorded where the tape asks for it. strip:
 * leading dimensions of size 1 that the target has no place for are dropped, as assignment to an
 * index does. */
bool py_write(ag_tensor *target, ag_arg value, bool strip);

#endif
