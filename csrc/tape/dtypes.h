/* SPDX-License-Identifier: MIT
 *
 * What a call makes of the dtypes of its operands, by the op's line in ops.def. Nothing below this
 * knows dtypes: kernels, programs and the tape see doubles.
 */
#ifndef AGI_DTYPES_H
#define AGI_DTYPES_H

#include "../compute/op.h"

#pragma GCC visibility push(hidden)

/* What the op gives of these operands: *how is a dtype, or with AGI_AS the op that stands for it.
 * False with an error. */
bool agi_dtypes_resolve(int op, int n, const ag_arg *args, unsigned *how);

/* The same for a write to args[0], whose dtype must be able to take the result: *op is what is to
 * be called. */
bool agi_dtypes_resolve_write(int *op, int n, const ag_arg *args);

/* A plain number as one of another dtype. False with an error. */
bool agi_cast_number(ag_arg *number, ag_dtype dtype);

/* Whether int64 has the numbers of an op that makes them elements. False with an error. */
bool agi_dtypes_check_numbers(int op, const ag_attr *attr);

/* The value is none that int64 has. */
ag_status agi_fail_cast(double value);

/* "Double", "Long", "Bool", as messages have them in PyTorch. */
const char *agi_dtype_name(ag_dtype dtype);

#pragma GCC visibility pop

AGI_INLINE ag_dtype agi_dtype_of(const ag_tensor *t) { return t->storage->dtype; }
AGI_INLINE ag_dtype agi_arg_dtype(const ag_arg *arg)
{
    return arg->tensor != NULL ? agi_dtype_of(arg->tensor) : arg->dtype;
}

/* A dtype of an op's line: what may be written meanwhile (AGI_WATCHED) is read at once. */
AGI_INLINE unsigned agi_dtypes_entry(const agi_op_info *info, ag_dtype dtype)
{
    return __atomic_load_n(&info->dtypes[dtype], __ATOMIC_RELAXED);
}

/* Whether all tensors are float64, and an op with this entry for that takes it as it is: the result
 * is then of the first of the op's dtypes. The dtypes of numbers do not count beside a float64. */
AGI_INLINE bool agi_dtypes_are_float64(unsigned entry, int n, const ag_arg *args)
{
    unsigned others = entry & AGI_DTYPE_WAYS;
    for (int k = 0; k < n; k++)
        if (args[k].tensor != NULL)
            others |= args[k].tensor->storage->dtype;
    return others == 0;
}

/* The same, and no profile is recorded. */
AGI_INLINE bool agi_dtypes_are_plain(unsigned entry, int n, const ag_arg *args)
{
    unsigned others = entry & (AGI_DTYPE_WAYS | AGI_WATCHED);
    for (int k = 0; k < n; k++)
        if (args[k].tensor != NULL)
            others |= args[k].tensor->storage->dtype;
    return AGI_LIKELY(others == 0);
}

#endif
