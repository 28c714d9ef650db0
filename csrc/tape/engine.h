/* SPDX-License-Identifier: MIT
 *
 * The engine walks the tape backward: counts uses, hands each node its whole cotangent once all
 * its users have given theirs, and gives leaves their gradients at the very end, so that a
 * backward that fails changes no .grad. The public entry points are ag_backward and ag_grad.
 */
#ifndef AGI_ENGINE_H
#define AGI_ENGINE_H

#include "../compute/op.h"

#pragma GCC visibility push(hidden)

/* Sums g (a broadcast gradient) to the given shape; a value of the open scope. */
ag_arg agi_sum_to(ag_arg g, int ndim, const int64_t *shape);

/* Sum over the dimensions of `mask`, as a value of the open scope (ops/reduce.c). */
ag_arg agi_sum_dims(ag_arg x, uint64_t mask, bool keepdim);

#pragma GCC visibility pop
#endif
