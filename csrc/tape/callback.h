/* SPDX-License-Identifier: MIT
 *
 * Calls of the embedder's code from inside the core: hooks, rules of functions, what packs saved
 * values. No scope is open meanwhile, so that what is made there is its own; ops are told of by a
 * profile; and the grad mode is afterwards what it was.
 */
#ifndef AGI_CALLBACK_H
#define AGI_CALLBACK_H

#include "../base/thread.h"

typedef struct agi_callback {
    agi_thread *thread;
    int32_t scope_depth;
    bool recording, hushed;
} agi_callback;

AGI_INLINE agi_callback agi_callback_begin(void)
{
    agi_thread *thread = agi_thread_get();
    const agi_callback call = {thread, thread->scope_depth, thread->grad_enabled,
                               thread->hushed};
    thread->scope_depth = 0;
    thread->hushed = false;
    return call;
}

AGI_INLINE void agi_callback_end(const agi_callback *call)
{
    call->thread->scope_depth = call->scope_depth;
    call->thread->grad_enabled = call->recording;
    call->thread->hushed = call->hushed;
}

/* Whether the status is that of success; if not there is an error: a callback that failed has said
 * why to the library or to its own caller, else this says `what`. */
AGI_INLINE bool agi_callback_succeeded(ag_status status, const char *what)
{
    if (AGI_UNLIKELY(status != AG_OK) && ag_last_status() != status)
        agi_fail(status < 0 ? status : AG_ERR_CALLBACK, "%s", what);
    return status == AG_OK;
}

#endif
