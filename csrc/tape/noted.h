/* SPDX-License-Identifier: MIT
 *
 * What a profile (base/profile.h) is told of ops and nodes. Where none is recorded this costs ops
 * and nodes nothing: the rows of ops.def then say that float64 operands need no look at their
 * dtypes, which is asked anyway, and a backward asks for its modes all at once.
 */
#ifndef AGI_NOTED_H
#define AGI_NOTED_H

#include "../base/profile.h"
#include "node.h"

#pragma GCC visibility push(hidden)

/* The end of an op's event; `out` is the result, or what was written, NULL if it failed. */
void agi_op_noted(const agi_open_event *e, int op, const char *suffix, int n, const ag_arg *args,
                  const ag_tensor *out);

/* Of a node's, whose rule gave gradients of so many new bytes. */
void agi_node_noted(const agi_open_event *e, const ag_node *node, int64_t bytes);

/* Bytes of a tensor that has memory of its own, unlike `from`. */
int64_t agi_new_bytes(const ag_tensor *t, const ag_tensor *from);

#pragma GCC visibility pop

AGI_INLINE bool agi_op_begin(agi_open_event *e)
{
    return agi_profiles_ops() && agi_event_begin(e, true);
}

#endif
