/* SPDX-License-Identifier: MIT
 *
 * Patches: what a gradient of a part of a tensor is to the whole tensor. The whole of one is zeros
 * with an array in a box; or an array with zeros in a box (a hole). No memory is made for the
 * zeros: several patches of one tensor are added up in one pass.
 */
#ifndef AGI_PATCH_H
#define AGI_PATCH_H

#include "../tensor/tensor.h"

#define AGI_PATCH_DIMS 6  /* a tensor of more dimensions has no patches */
#define AGI_PATCHES_MAX 16  /* that are added up at once */

/* The box has the indices start + k * step, k < size, of each dimension. The array has a stride for
 * each k; where the box is a hole, the array is the whole, and has a stride for each index. */
typedef struct agi_patch {
    agi_storage *storage;   /* of the array; owned by who has the patch */
    int64_t offset;         /* of the array's first element */
    int ndim;
    bool is_hole;           /* steps are 1 then */
    int64_t shape[AGI_PATCH_DIMS];  /* of the whole tensor */
    int64_t start[AGI_PATCH_DIMS], step[AGI_PATCH_DIMS], size[AGI_PATCH_DIMS];
    int64_t strides[AGI_PATCH_DIMS];
} agi_patch;

#pragma GCC visibility push(hidden)

/* The patch that is all of g; g has at most AGI_PATCH_DIMS dimensions. To be released. */
void agi_patch_of(agi_patch *patch, const ag_tensor *g);
void agi_patch_release(agi_patch *patch);
bool agi_patch_is_whole(const agi_patch *patch);

/* Whether some element is in the boxes of all that have one. */
bool agi_patches_meet(int n, const agi_patch *patches);

/* z (row-major) = the patches added in this order, to the bits of adding whole tensors. z may be
 * the memory of the first if that is whole, or has a hole. All have their numbers. */
void agi_patches_add_up(double *z, int n, const agi_patch *patches);

/* z (row-major) += a patch without a hole, within its box alone: the bits are those of adding the
 * whole where z has no -0.0 outside of the box. */
void agi_patch_add_to(double *z, const agi_patch *patch);

#pragma GCC visibility pop
#endif
