/* SPDX-License-Identifier: MIT
 *
 * Lists of patches. See patches.h.
 */
#include "patches.h"

#include "../base/alloc.h"
#include "../base/shape.h"
#include "../fuse/pending.h"

/* So many elements of patches for each of the tensor's, and they are added up: they keep memory. */
#define KEPT_TIMES 12

agi_patches *agi_patches_new(const ag_tensor *first)
{
    const int capacity = 2;
    agi_patches *all = agi_plain_new(sizeof *all + capacity * sizeof all->list[0]);
    if (all != NULL) {
        all->count = 0;
        all->capacity = capacity;
        all->elements = 0;
        all->is_plain = false;
    }
    if (all != NULL && first != NULL)
        agi_patches_put_whole(&all, first);  /* there is room */
    return all;
}

void agi_patches_free(agi_patches *all)
{
    for (int k = 0; k < all->count; k++)
        agi_patch_release(&all->list[k]);
    agi_plain_free(all);
}

static int64_t product(int n, const int64_t *sizes)
{
    int64_t result = 1;
    for (int d = 0; d < n; d++)
        result *= sizes[d];
    return result;
}

static int64_t numel_of_whole(const agi_patch *patch)
{
    return product(patch->ndim, patch->shape);
}

static int64_t elements_of(const agi_patch *patch)
{
    return patch->is_hole ? numel_of_whole(patch) : product(patch->ndim, patch->size);
}

static bool patches_grow(agi_patches **all)
{
    const int capacity = 2 * (*all)->capacity;
    agi_patches *grown =
        agi_plain_resize(*all, sizeof *grown + (size_t)capacity * sizeof grown->list[0]);
    if (grown == NULL)
        return false;
    grown->capacity = capacity;
    *all = grown;
    return true;
}

/* All of them become one. */
static bool merge(agi_patches *all)
{
    const bool is_plain = all->is_plain || !agi_patches_meet(all->count, all->list);
    ag_tensor *sum = agi_patches_compute(1, &all, 0, NULL) ? agi_patches_sum(all) : NULL;
    if (sum == NULL)
        return false;
    for (int k = 0; k < all->count; k++)
        agi_patch_release(&all->list[k]);
    agi_patch_of(&all->list[0], sum);
    agi_release(sum);
    all->count = 1;
    all->elements = elements_of(&all->list[0]);
    all->is_plain = is_plain;
    return true;
}

bool agi_patches_put(agi_patches **all, agi_patch *patch)
{
    const int64_t n = elements_of(patch);
    const int64_t most = KEPT_TIMES * numel_of_whole(patch);
    bool ok = true;
    if ((*all)->count == AGI_PATCHES_MAX || ((*all)->count > 1 && (*all)->elements + n > most))
        ok = merge(*all);
    if (!ok || ((*all)->count == (*all)->capacity && !patches_grow(all))) {
        agi_patch_release(patch);
        return false;
    }
    (*all)->list[(*all)->count++] = *patch;
    (*all)->elements += n;
    return true;
}

bool agi_patches_put_whole(agi_patches **all, const ag_tensor *g)
{
    agi_patch patch;
    agi_patch_of(&patch, g);
    return agi_patches_put(all, &patch);
}

bool agi_patches_compute(int n, agi_patches *const *lists, int n_roots, ag_tensor *const *roots)
{
    int count = 0;
    for (int i = 0; i < n; i++)
        count += lists[i]->count;
    agi_target local[2 * AGI_PATCHES_MAX], *targets = local;
    if (count + n_roots > 2 * AGI_PATCHES_MAX &&
        (targets = agi_plain_new((size_t)(count + n_roots) * sizeof *targets)) == NULL)
        return false;
    count = 0;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < lists[i]->count; k++)
            if (agi_is_pending(lists[i]->list[k].storage))
                targets[count++] = (agi_target){.storage = lists[i]->list[k].storage};
    const bool ok = agi_expr_compute_with(count, targets, n_roots, roots) == AG_OK;
    if (targets != local)
        agi_plain_free(targets);
    return ok;
}

/* Whether the sum can be made in the memory of a patch that is whole or has a hole: nobody else has
 * it, and it is that of a row-major tensor. */
static bool is_reusable(const agi_patch *p)
{
    agi_storage *s = p->storage;
    if ((!p->is_hole && !agi_patch_is_whole(p)) || agi_refs_get(&s->refs) != 1 ||
        agi_is_foreign(s) || s->exported || p->offset != 0)
        return false;
    return agi_shape_is_contiguous(p->ndim, p->shape, p->strides) && numel_of_whole(p) == s->numel;
}

/* Whether adding the others within their boxes alone makes the same bits, in less than a pass. */
static bool are_added_apart(const agi_patches *all)
{
    bool apart = all->is_plain;
    for (int k = 1; k < all->count; k++)
        apart = apart && !all->list[k].is_hole;
    return apart && all->elements < 2 * numel_of_whole(&all->list[0]);
}

ag_tensor *agi_patches_sum(agi_patches *all)
{
    const agi_patch *first = &all->list[0];
    int64_t strides[AGI_PATCH_DIMS];
    ag_tensor *sum;
    if (!is_reusable(first)) {
        sum = agi_tensor_new(first->ndim, first->shape, numel_of_whole(first));
        if (sum != NULL)
            agi_patches_add_up(agi_tensor_data(sum), all->count, all->list);
        return sum;
    }
    agi_shape_strides(first->ndim, first->shape, strides);
    sum = agi_tensor_over(first->storage, first->ndim, first->shape, strides, 0);
    if (sum == NULL || (all->count == 1 && !first->is_hole))
        return sum;
    if (!are_added_apart(all))
        agi_patches_add_up(first->storage->data, all->count, all->list);
    else
        for (int k = 1; k < all->count; k++)
            agi_patch_add_to(first->storage->data, &all->list[k]);
    return sum;
}

ag_tensor *agi_patch_tensor(const agi_patch *patch)
{
    return agi_tensor_over(patch->storage, patch->ndim, patch->shape, patch->strides,
                           patch->offset);
}
