/* SPDX-License-Identifier: MIT
 *
 * Tensors as another dtype: casts, and those that are made with one.
 */
#include "cast.h"

#include <math.h>

#include "../base/check.h"
#include "../fuse/pending.h"
#include "../tensor/copy.h"
#include "../tensor/scope.h"
#include "apply.h"
#include "cut.h"
#include "dtypes.h"

/* ---- casts ---------------------------------------------------------------------------------- */

/* Whole numbers of float64 ones. Computed at once, since they may be none. The result is dense. */
static ag_tensor *cast_to_integers(ag_tensor *x)
{
    ag_arg arg = agi_arg(x);
    ag_tensor *z = agi_compute(AG_OP_to_int, 1, &arg, NULL);
    bool fits = z != NULL && agi_storage_ready(z->storage) == AG_OK;
    for (int64_t i = 0; fits && i < z->numel; i++)
        if (!(fabs(z->storage->data[i]) <= AGI_INTEGER_MAX))
            fits = agi_fail_cast(z->storage->data[i]) == AG_OK;
    if (fits)
        return z;
    agi_release(z);
    return NULL;
}

ag_tensor *agi_cast(ag_tensor *x, ag_dtype dtype)
{
    ag_arg args[2] = {agi_arg(x), agi_number(0.0)};
    if (agi_dtype_of(x) == dtype)
        return agi_retain(x);
    ag_tensor *z;
    if (dtype == AG_BOOL)
        z = agi_compute(AG_OP_ne, 2, args, NULL);
    else if (agi_dtype_of(x) == AG_FLOAT64)
        z = cast_to_integers(x);
    else
        z = agi_compute(AG_OP_clone, 1, args, NULL);
    if (z != NULL) {
        z->storage->dtype = (uint8_t)dtype;
        agi_cut_by(z, x, AGI_CUT_CAST, 0);
    }
    return z;
}

static bool check_dtype(const char *function, ag_dtype dtype)
{
    if (dtype == AG_FLOAT64 || dtype == AG_INT64 || dtype == AG_BOOL)
        return true;
    agi_fail(AG_ERR_VALUE, "%s: expected AG_FLOAT64, AG_INT64 or AG_BOOL, got %d", function,
             (int)dtype);
    return false;
}

ag_tensor *ag_cast(ag_tensor *t, ag_dtype dtype)
{
    return agi_has_tensor("cast", t) && check_dtype("cast", dtype)
               ? agi_scope_add(agi_cast(t, dtype)) : NULL;
}

ag_dtype ag_dtype_of(const ag_tensor *t)
{
    return agi_has_tensor("dtype_of", t) ? agi_dtype_of(t) : AG_FLOAT64;
}

/* Whether numbers are such as the dtype has. */
static bool are_right(const double *data, int64_t n, ag_dtype dtype)
{
    for (int64_t i = 0; i < n && dtype == AG_INT64; i++)
        if (!(fabs(data[i]) <= AGI_INTEGER_MAX) || data[i] != trunc(data[i]))
            return false;
    for (int64_t i = 0; i < n && dtype == AG_BOOL; i++)
        if (data[i] != 0.0 && data[i] != 1.0)
            return false;
    return true;
}

ag_status ag_set_dtype(ag_tensor *t, ag_dtype dtype)
{
    if (!agi_has_tensor("set_dtype", t) || !check_dtype("set_dtype", dtype))
        return ag_last_status();
    agi_storage *s = t->storage;
    if (s->dtype == dtype)
        return AG_OK;
    if (agi_requires_grad(t) || agi_refs_get(&s->refs) > 1 || agi_is_foreign(s))
        return agi_fail(AG_ERR_GRAD, "set_dtype: expected a tensor that shares its memory with "
                                     "nobody and requires no gradient");
    if (agi_expr_prepare_write(t) != AG_OK)
        return ag_last_status();
    if (!are_right(s->data, s->numel, dtype))
        return agi_fail(AG_ERR_VALUE, "set_dtype: expected numbers of dtype %s",
                        agi_dtype_name(dtype));
    for (int64_t i = 0; i < s->numel && dtype != AG_FLOAT64; i++)
        s->data[i] += 0.0;  /* -0 is none of them */
    s->dtype = (uint8_t)dtype;
    return AG_OK;
}

/* Of the dtype of x. */
ag_tensor *ag_full_like(ag_tensor *x, double value)
{
    ag_arg number = agi_number(value);
    if (!agi_has_tensor("full_like", x) || !agi_cast_number(&number, agi_dtype_of(x)))
        return NULL;
    ag_tensor *t = ag_empty_like(x);
    if (t != NULL)
        agi_run_fill(agi_tensor_data(t), agi_strides_of(t), t->ndim, agi_shape_of(t), number.value);
    return t;
}

ag_tensor *ag_full_as(int ndim, const int64_t *shape, ag_arg value, ag_dtype dtype)
{
    if (value.tensor != NULL)
        return agi_fail_null(AG_ERR_TYPE, "full_as: expected a number, got a tensor");
    if (!check_dtype("full_as", dtype) || !agi_cast_number(&value, dtype))
        return NULL;
    ag_tensor *t = ag_full(ndim, shape, value.value);
    if (t != NULL)
        t->storage->dtype = (uint8_t)dtype;
    return t;
}
