/* SPDX-License-Identifier: MIT
 *
 * Running formulas: see formula.h.
 */
#include "formula.h"

#include "../tensor/scope.h"

ag_arg agi_constant(ag_arg x)
{
    if (x.tensor == NULL || agi_value_failed(x) || !agi_requires_grad(x.tensor))
        return x;
    ag_tensor *t = agi_scope_add(agi_tensor_alias(x.tensor));
    return agi_arg(t != NULL ? t : &agi_failed);
}

/* The value as an owned tensor: a number as one of no dimensions, and what is a view of something
 * that only the formula knew as no view. */
static ag_tensor *owned_result(ag_arg x)
{
    if (agi_value_failed(x))
        return NULL;
    if (x.tensor == NULL) {
        ag_tensor *t = agi_tensor_new(0, NULL, 1);
        if (t != NULL)
            *agi_tensor_data(t) = x.value;
        return t;
    }
    if (x.tensor->flags & AGI_TENSOR_VIEW && !agi_requires_grad(x.tensor))
        return agi_tensor_alias(x.tensor);
    return agi_retain(x.tensor);
}

ag_tensor *agi_formula_run(agi_formula formula, const ag_arg *args, const ag_attr *attr)
{
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return NULL;
    ag_tensor *out = owned_result(formula(args, attr));
    agi_scope_close(mark);
    return out;
}

ag_status agi_formulas_run(agi_formulas formula, const ag_arg *args, const ag_attr *attr, int n,
                           ag_tensor **outs)
{
    ag_arg results[AGI_NODE_SHAPES] = {{.tensor = NULL}};
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return ag_last_status();
    int made = 0;
    if (formula(args, attr, results))
        while (made < n && (outs[made] = owned_result(results[made])) != NULL)
            made++;
    agi_scope_close(mark);
    if (made == n)
        return AG_OK;
    while (made-- > 0)
        agi_release(outs[made]);
    return ag_last_status();
}
