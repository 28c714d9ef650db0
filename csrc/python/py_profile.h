/* SPDX-License-Identifier: MIT
 *
 * Profiles, as Python sees them.
 */
#ifndef PY_PROFILE_H
#define PY_PROFILE_H

#include "py_api.h"

extern PyMethodDef py_profile_functions[];  /* ends with an empty row */

#endif
