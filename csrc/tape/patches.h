/* SPDX-License-Identifier: MIT
 *
 * The cotangent of a tensor whose parts are used: a list of patches (compute/patch.h), in the order
 * in which they arrived. They are added up in one pass when the sum is wanted, to the bits of
 * adding whole tensors one by one.
 */
#ifndef AGI_PATCHES_H
#define AGI_PATCHES_H

#include "../compute/patch.h"
#include "node.h"

typedef struct agi_patches {
    int count, capacity;
    int64_t elements;       /* of all boxes */
    bool is_plain;          /* the first is a sum of others, which has no -0.0 */
    agi_patch list[];
} agi_patches;

#pragma GCC visibility push(hidden)

/* Empty, or with all of `first` in it; owned. NULL with an error. */
agi_patches *agi_patches_new(const ag_tensor *first);
void agi_patches_free(agi_patches *all);

/* The patch becomes the list's; it is released where that fails. Where there are many, they are
 * added up. */
bool agi_patches_put(agi_patches **all, agi_patch *patch);
bool agi_patches_put_whole(agi_patches **all, const ag_tensor *g);

/* Computes what pends of these lists, together with pending roots that fit. */
bool agi_patches_compute(int n, agi_patches *const *lists, int n_roots, ag_tensor *const *roots);

/* The sum of patches that have their numbers. Owned. */
ag_tensor *agi_patches_sum(agi_patches *all);

/* The patch as a tensor; it has no box. Owned. */
ag_tensor *agi_patch_tensor(const agi_patch *patch);

#pragma GCC visibility pop

/* Whether the op's rule can bring a patch of its result back to its input (agi_vjp.patch), and
 * whether it makes a patch of a whole gradient. */
AGI_INLINE bool agi_op_passes_patch(int op)
{
    return op == AG_OP_slice || op == AG_OP_select || op == AG_OP_clone;
}
AGI_INLINE bool agi_op_makes_patch(int op)
{
    return op == AG_OP_slice || op == AG_OP_select || op == AG_OP_strided_scatter;
}

#endif
