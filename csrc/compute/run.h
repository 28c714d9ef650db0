/* SPDX-License-Identifier: MIT
 *
 * Runs kernels over whole tensors: a tile at a time, loaders in front for inputs that are strided
 * or broadcast (kernels never see a stride), threads for the large.
 */
#ifndef AGI_RUN_H
#define AGI_RUN_H

#include "op.h"

/* An input as it is read under the output's shape. */
typedef struct agi_operand {
    const double *data;
    int64_t strides[AGI_MAX_DIMS];  /* 0 where repeated; not read where `how` says so */
    enum { AGI_LOAD_SPLAT, AGI_LOAD_CONTIGUOUS, AGI_LOAD_STRIDED } how;
} agi_operand;

#pragma GCC visibility push(hidden)

/* The kernel of an op (clone has one too), and about how long it takes for an element, in ns, with
 * its operands in the first cache. */
agi_kernel agi_run_kernel_of(int op);
double agi_run_cost_of(int op);

/* z (contiguous, of this shape) = op of args, which broadcast to the shape. */
void agi_run_map(const agi_op_info *info, double *z, int ndim, const int64_t *shape, int64_t numel,
                 int n, const ag_arg *args, const double *f);

#pragma GCC visibility pop
#endif
