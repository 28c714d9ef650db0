/* SPDX-License-Identifier: MIT
 *
 * Tensors as another dtype.
 */
#ifndef AGI_CAST_H
#define AGI_CAST_H

#include "../tensor/tensor.h"

#pragma GCC visibility push(hidden)

/* x as numbers of another dtype: x itself where it has that. Owned. Not recorded, as x or the
 * result is no float64 then. */
ag_tensor *agi_cast(ag_tensor *x, ag_dtype dtype);

#pragma GCC visibility pop

#endif
