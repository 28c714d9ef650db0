/* SPDX-License-Identifier: MIT
 *
 * Checks of what comes from outside: see check.h. Messages name the function, what was expected and
 * what came.
 */
#include "check.h"

bool agi_check_count(const char *op, const char *what, int n, const int64_t *list, int most)
{
    if (n < 0 || n > most) {
        agi_fail(AG_ERR_SHAPE, "%s: expected 0 to %d %s, got %d", op, most, what, n);
        return false;
    }
    return n == 0 || agi_has(op, list, what);
}

bool agi_check_order(const char *op, int n, const int64_t *strides)
{
    for (int d = 0; d < n; d++)
        if (strides[d] < 0) {
            agi_fail(AG_ERR_VALUE, "%s: expected strides that are not negative, got %lld", op,
                     (long long)strides[d]);
            return false;
        }
    return true;
}

bool agi_check_tensors(const char *op, const char *what, int n, ag_tensor *const *tensors)
{
    if (n < 0) {
        agi_fail(AG_ERR_VALUE, "%s: expected 0 or more %s, got %d", op, what, n);
        return false;
    }
    if (n > 0 && !agi_has(op, tensors, what))
        return false;
    for (int i = 0; i < n; i++)
        if (!agi_has_tensor(op, tensors[i]))
            return false;
    return true;
}

bool agi_check_text(const char *op, const char *text, size_t size)
{
    return size == 0 || agi_has(op, text, "memory for the text");
}
