/* SPDX-License-Identifier: MIT
 *
 * Errors: a code and a message, thread-local, set where the failure is found. Functions that make
 * something return NULL, actions return the ag_status that was set. Nothing here allocates.
 */
#ifndef AGI_STATUS_H
#define AGI_STATUS_H

#include "config.h"

#pragma GCC visibility push(hidden)

/* Record a failure and return its code. The message is truncated to AGI_MESSAGE_MAX. */
ag_status agi_fail(ag_status code, const char *format, ...) AGI_PRINTF(2, 3);

/* The same for functions that return a pointer: always NULL. */
void *agi_fail_null(ag_status code, const char *format, ...) AGI_PRINTF(2, 3);

/* NULL came where `wanted` was expected. Where an earlier failure of this thread still stands, the
 * NULL is most likely its result, and its reason is kept; otherwise AG_ERR_TYPE. Never AG_OK. */
AGI_COLD ag_status agi_fail_missing(const char *op, const char *wanted);

/* Out of memory, for `bytes` wanted by `what`. */
ag_status agi_fail_memory(const char *what, int64_t bytes);

/* "(2, 3)" into buf; torch prints sizes as [2, 3]: agi_format_shape_list. Both return buf. */
#define AGI_SHAPE_TEXT 256
char *agi_format_shape(char buf[AGI_SHAPE_TEXT], int ndim, const int64_t *shape);
char *agi_format_shape_list(char buf[AGI_SHAPE_TEXT], int ndim, const int64_t *shape);

#pragma GCC visibility pop
#endif
