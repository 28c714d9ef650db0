/* SPDX-License-Identifier: MIT
 *
 * The end of the library: dlclose, after which a process may live long and load it again, or the
 * end of the process.
 *
 * dlclose promises that no thread is inside and none comes back, so all that is kept for reuse goes
 * to the system: free lists of threads that still run, too, for they hear no more of the library.
 * At the end of a process other threads may still compute, and memory goes with it anyway: only the
 * pool's threads are ended. Which of the two it is, the order tells: exit() calls what atexit() was
 * given before it calls destructors, and dlclose after.
 *
 * What tensors hold that were not released stays.
 */
#include "base/unload.h"

#include <stdlib.h>

static bool is_exit;

static void note_exit(void)
{
    is_exit = true;
}

__attribute__((constructor)) static void unload_start(void)
{
    if (atexit(note_exit) != 0)
        is_exit = true;  /* then never more than at the end of the process */
}

__attribute__((destructor)) static void unload(void)
{
    bool no_more = agi_unload_pool() && !is_exit;
    agi_unload_threads(no_more);
    if (!no_more)
        return;
    agi_unload_code();
    ag_empty_cache();
}
