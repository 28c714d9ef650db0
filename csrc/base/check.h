/* SPDX-License-Identifier: MIT
 *
 * What the public functions check of their arguments before they use them. The functions inside of
 * the core trust each other and do not check again.
 */
#ifndef AGI_CHECK_H
#define AGI_CHECK_H

#include "config.h"
#include "status.h"

#pragma GCC visibility push(hidden)

/* Says what is wrong with a list of n integers; true if nothing is. */
bool agi_check_count(const char *op, const char *what, int n, const int64_t *list, int most);

/* Strides that say in which order n dimensions lie in memory. */
bool agi_check_order(const char *op, int n, const int64_t *strides);

/* An array of n tensors: false with an error if n is negative or any is NULL. */
bool agi_check_tensors(const char *op, const char *what, int n, ag_tensor *const *tensors);

/* A text of `size` bytes to be filled like that of snprintf. */
bool agi_check_text(const char *op, const char *text, size_t size);

#pragma GCC visibility pop

AGI_INLINE bool agi_has(const char *op, const void *pointer, const char *wanted)
{
    if (AGI_LIKELY(pointer != NULL))
        return true;
    agi_fail_missing(op, wanted);
    return false;
}

AGI_INLINE bool agi_has_tensor(const char *op, const ag_tensor *t)
{
    return agi_has(op, t, "a tensor");
}

AGI_INLINE bool agi_has_tensors(const char *op, const ag_tensor *x, const ag_tensor *y)
{
    return agi_has_tensor(op, x) && agi_has_tensor(op, y);
}

/* n integers, or anything where n is negative and `or_all` is set. */
AGI_INLINE bool agi_check_list(const char *op, const char *what, int n, const int64_t *list,
                               bool or_all)
{
    return AGI_LIKELY((n < 0 && or_all) || (n > 0 && n <= AGI_MAX_DIMS && list != NULL)) ||
           agi_check_count(op, what, n, list, AGI_MAX_DIMS);
}

#endif
