/* SPDX-License-Identifier: MIT
 *
 * Values that stay as they are whatever is written in place (saving.h says when rules have such).
 *
 * One is an alias over memory that others may write, in a table by which it is found from there.
 * Who is about to write copies first, once for all values that the table has over this memory: they
 * get the copy, and leave the table. Memory that has such values says so in a bit of `readers`,
 * which every write looks at anyway.
 */
#ifndef AGI_GUARDED_H
#define AGI_GUARDED_H

#include "tensor.h"

typedef struct agi_guarded {
    ag_tensor *value;    /* owned; while this is in the table it changes under the table's lock */
    uint32_t version;    /* of the value, when it was saved; likewise */
    struct agi_guarded *next, **link;  /* in the table; link is NULL of what is not there */
} agi_guarded;

#pragma GCC visibility push(hidden)

/* t as it is now. Owned; NULL with an error. */
agi_guarded *agi_guarded_new(const ag_tensor *t);
void agi_guarded_free(agi_guarded *guarded);

/* Another tensor over the numbers, owned; NULL with an error. *whole is false if their memory was
 * written by somebody who told nobody before, but then. */
ag_tensor *agi_guarded_alias(const agi_guarded *guarded, bool *whole);

/* The value itself, owned, whose end as a guarded one this is. */
ag_tensor *agi_guarded_end(agi_guarded *guarded, bool *whole);

/* Its memory, owned. */
agi_storage *agi_guarded_storage(const agi_guarded *guarded);

/* The storage, which has its numbers, is about to be written. Nothing changes on an error. */
ag_status agi_guarded_copy(agi_storage *storage);

#pragma GCC visibility pop

AGI_INLINE bool agi_is_guarded(const agi_storage *s)
{
    return (atomic_load_explicit(&s->readers, memory_order_relaxed) & AGI_READERS_GUARDED) != 0;
}

#endif
