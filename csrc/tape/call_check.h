/* SPDX-License-Identifier: MIT
 *
 * What is checked of the call of an op by its number, as ag_apply and ag_apply_ take it.
 */
#ifndef AGI_CALL_CHECK_H
#define AGI_CALL_CHECK_H

#include "../compute/op.h"

#pragma GCC visibility push(hidden)

/* Arguments of elementwise ops without attributes; of others a number that nobody gives. */
extern const int8_t agi_plain_arity[AG_OP_COUNT];

/* The call of an op by its number, checked in full: false with an error. */
bool agi_check_call(ag_op op, int n, const ag_arg *args, const ag_attr *attr);

/* The same for an op with several results, n of them. */
bool agi_check_several(ag_op op, int n_args, const ag_arg *args, const ag_attr *attr, int n,
                       ag_tensor **outs);

/* The same for a write in place. */
bool agi_check_write(ag_op op, int n, const ag_arg *args, const ag_attr *attr);

/* Whether the op, which stands for the one that was asked for, can write over an argument. */
bool agi_check_has_form_in_place(ag_op op, ag_op asked);

#pragma GCC visibility pop

/* There is nothing more to check: an elementwise op without attributes, and as many arguments. */
AGI_INLINE bool agi_call_is_plain(ag_op op, int n, const ag_arg *args)
{
    return AGI_LIKELY((unsigned)op < AG_OP_COUNT && n == agi_plain_arity[op] && args != NULL);
}

#endif
