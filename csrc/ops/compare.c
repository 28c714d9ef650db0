/* SPDX-License-Identifier: MIT
 *
 * Comparisons: 1.0 where true, 0.0 where not. Never recorded and never differentiated. A NaN
 * compares as in C: unequal to everything, neither less nor greater.
 */
#include "../compute/kernel.h"
#include "table.h"

AG_MAP2(eq, x == y ? 1.0 : 0.0)
AG_MAP2(ne, x != y ? 1.0 : 0.0)
AG_MAP2(lt, x < y ? 1.0 : 0.0)
AG_MAP2(le, x <= y ? 1.0 : 0.0)
AG_MAP2(gt, x > y ? 1.0 : 0.0)
AG_MAP2(ge, x >= y ? 1.0 : 0.0)
