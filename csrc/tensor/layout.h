/* SPDX-License-Identifier: MIT
 *
 * In which order the elements of a result lie in memory. As in PyTorch, a result keeps the order of
 * its operands: of two dimensions that one is outside which has the larger stride in the first
 * operand that repeats neither; where nothing tells, row-major decides. Results are dense.
 *
 * An op whose result is not row-major is the same op on operands with their dimensions exchanged
 * (agi_arranged), and on those the result is row-major. So kernels, loaders and pending values know
 * row-major results alone, and operands of one order are read from the first element to the last.
 */
#ifndef AGI_LAYOUT_H
#define AGI_LAYOUT_H

#include "../base/shape.h"
#include "tensor.h"

#define AGI_ARRANGED_MAX 3

typedef struct agi_layout {
    int ndim;
    uint8_t dims[AGI_MAX_DIMS];      /* from the outermost in memory to the innermost */
    int64_t shape[AGI_MAX_DIMS], strides[AGI_MAX_DIMS];  /* of the result */
} agi_layout;

/* The operands of an op as they are under the dimensions of a layout, from the outermost in. Good
 * for as long as the operands live; these tensors are not counted and not to be released. */
typedef struct agi_arranged {
    ag_arg args[AGI_ARRANGED_MAX];
    int64_t shape[AGI_MAX_DIMS];     /* of the result */
    ag_tensor tensors[AGI_ARRANGED_MAX];
    int64_t dims[AGI_ARRANGED_MAX][2 * AGI_MAX_DIMS];
} agi_arranged;

#pragma GCC visibility push(hidden)

/* All of these return false, with nothing set, where the layout is row-major. */

/* The result of an elementwise op on args, which broadcast to the shape. */
bool agi_layout_of_result(agi_layout *layout, int op, int ndim, const int64_t *shape, int n,
                          const ag_arg *args);
/* These strides if they are dense, else dense ones in their order. */
bool agi_layout_of_strides(agi_layout *layout, int ndim, const int64_t *shape,
                           const int64_t *strides);
bool agi_layout_of(agi_layout *layout, const ag_tensor *t);

void agi_layout_arrange(agi_arranged *arranged, const agi_layout *layout, int n,
                        const ag_arg *args);

/* t, fresh, with the shape of arranged operands, gets the layout's own shape and its strides. */
void agi_layout_give(ag_tensor *t, const agi_layout *layout);

#pragma GCC visibility pop

/* Whether t's elements fill a stretch of memory, each in a place of its own, in whatever order. */
AGI_INLINE bool agi_is_dense(const ag_tensor *t)
{
    return agi_is_contiguous(t) ||
           agi_shape_is_dense(t->ndim, agi_shape_of(t), agi_strides_of(t));
}

#endif
