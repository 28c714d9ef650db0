/* SPDX-License-Identifier: MIT
 *
 * What losses share.
 */
#ifndef AGI_LOSSES_H
#define AGI_LOSSES_H

#include "../compute/op.h"

/* The numbers of a REDUCTION. */
enum { AGI_LOSS_EACH, AGI_LOSS_MEAN, AGI_LOSS_SUM, AGI_LOSS_BATCH_MEAN };

#pragma GCC visibility push(hidden)

/* Whether a MAYBE was given. */
bool agi_is_given(ag_arg x);

/* A value that failed, the error set. */
ag_arg agi_failed_loss(void);

/* False with an error where it is none of the first three. */
bool agi_check_reduction(const char *name, int64_t reduction);

/* All errors, their mean or their sum. */
ag_arg agi_reduced(ag_arg x, int64_t reduction);

#pragma GCC visibility pop

#endif
