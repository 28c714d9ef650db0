/* SPDX-License-Identifier: MIT
 *
 * Scopes for the core's own callers; ag_scope_open and ag_scope_close are public.
 */
#ifndef AGI_SCOPE_H
#define AGI_SCOPE_H

#include "../base/thread.h"

#pragma GCC visibility push(hidden)

/* A scope for the core's own use: as ag_scope_open and ag_scope_close, without the checks. A mark
 * below zero, with an error, if this thread could not be given a record. */
int64_t agi_scope_open(void);
void agi_scope_close(int64_t mark);

/* The open scope becomes the owner of t. Returns t; if the scope cannot grow, releases t and
 * returns NULL. */
ag_tensor *agi_scope_own(agi_thread *thread, ag_tensor *t);

/* Several results: each belongs to the open scope or, without one, to the caller. On failure all
 * are released and NULL. */
ag_status agi_scope_add_all(int n, ag_tensor **outs);

/* The end of a function that opened a scope for its parts: closes that scope, of which `result` is
 * kept. NULL in, NULL out. */
ag_tensor *agi_scope_leave(int64_t mark, ag_tensor *result);
/* The same of several results; if not `ok`, all are NULL and the status is that of the failure. */
ag_status agi_scope_leave_all(int64_t mark, bool ok, int n, ag_tensor **outs);

/* The record of a thread begins, or ends: what its scopes own is released, then their memory. */
void agi_scopes_open(agi_thread *thread);
void agi_scopes_close(agi_thread *thread);
void agi_scopes_free(agi_thread *thread);

#pragma GCC visibility pop

/* The same if a scope is open. NULL in, NULL out. */
AGI_INLINE ag_tensor *agi_scope_add(ag_tensor *t)
{
    agi_thread *thread = agi_thread_get();
    if (AGI_LIKELY(thread->scope_depth == 0) || t == NULL)
        return t;
    return agi_scope_own(thread, t);
}

#endif
