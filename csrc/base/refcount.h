/* SPDX-License-Identifier: MIT
 *
 * Reference counts. A locked increment costs 4.8 ns here and a recorded op makes a dozen, so
 * counts are plain where the caller has promised that API calls are serialised (the Python
 * module under the GIL: ag_set_serialised), and atomic otherwise. The plain form is a relaxed
 * load and a relaxed store: an ordinary add to the machine, no data race to the language.
 */
#ifndef AGI_REFCOUNT_H
#define AGI_REFCOUNT_H

#include <stdatomic.h>

#include "config.h"

typedef _Atomic uint32_t agi_refs;

#pragma GCC visibility push(hidden)
extern bool agi_serialised;
#pragma GCC visibility pop

AGI_INLINE void agi_refs_inc(agi_refs *refs)
{
    if (AGI_LIKELY(agi_serialised))
        atomic_store_explicit(refs, atomic_load_explicit(refs, memory_order_relaxed) + 1,
                              memory_order_relaxed);
    else
        atomic_fetch_add_explicit(refs, 1, memory_order_relaxed);
}

/* True when the last reference went: the caller then frees the object. */
AGI_INLINE bool agi_refs_dec(agi_refs *refs)
{
    if (AGI_LIKELY(agi_serialised)) {
        uint32_t left = atomic_load_explicit(refs, memory_order_relaxed) - 1;
        atomic_store_explicit(refs, left, memory_order_relaxed);
        return left == 0;
    }
    return atomic_fetch_sub_explicit(refs, 1, memory_order_acq_rel) == 1;
}

/* One more, unless the last reference went already. */
AGI_INLINE bool agi_refs_try_inc(agi_refs *refs)
{
    uint32_t n = atomic_load_explicit(refs, memory_order_relaxed);
    while (n != 0)
        if (atomic_compare_exchange_weak(refs, &n, n + 1))
            return true;
    return false;
}

AGI_INLINE uint32_t agi_refs_get(agi_refs *refs)
{
    return atomic_load_explicit(refs, memory_order_acquire);
}

#endif
