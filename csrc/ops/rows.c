/* SPDX-License-Identifier: MIT
 *
 * Formulas over the numbers along one or several dimensions ("rows"): logsumexp, softmax,
 * log_softmax, aminmax. The largest number m of a row is taken off before exp, so that nothing
 * overflows; what is computed does not depend on m, hence no gradient goes through it.
 */
#include <math.h>

#include "../tape/formula.h"
#include "reduce.h"
#include "table.h"

/* ---- aminmax: both extremes ----------------------------------------------------------------- */

AG_FORMULAS(aminmax)
{
    outs[0] = v_reduce(AG_OP_amin, args[0], attr, attr->i[0] != 0);
    outs[1] = v_reduce(AG_OP_amax, args[0], attr, attr->i[0] != 0);
    return !agi_value_failed(outs[0]) && !agi_value_failed(outs[1]);
}

/* ---- logsumexp: y = log(sum(exp(x - m))) + m;  dx = g exp(x - y).  Saves x and y. ------------ */

/* m, and 0 where that is infinite. */
static ag_arg finite_largest(ag_arg x, const ag_attr *attr)
{
    if (x.tensor->numel == 0)
        return NUM(0.0);
    const ag_arg m = v_constant(v_reduce(AG_OP_amax, x, attr, true));
    return v_where(v_lt(v_abs(m), NUM(INFINITY)), m, NUM(0.0));
}

AG_FORMULA(logsumexp)
{
    const bool keepdim = attr->i[0] != 0;
    const ag_arg m = finite_largest(args[0], attr);
    const ag_arg y = v_log(v_reduce(AG_OP_sum, v_exp(v_sub(args[0], m)), attr, keepdim));
    if (agi_value_failed(y) || m.tensor == NULL || keepdim)
        return v_add(y, m);
    return v_add(y, v_view(m, y.tensor->ndim, agi_shape_of(y.tensor)));
}

/* What each x has in y, all of them together 1. Of numbers that are infinite each has the same, and
 * the others nothing; where all are -infinity none has anything. */
static ag_arg shares(ag_arg x, ag_arg y, const ag_attr *attr)
{
    const ag_arg finite = v_where(v_eq(y, NUM(-INFINITY)), NUM(0.0), y);
    const ag_arg infinite = v_eq(x, NUM(INFINITY));
    const ag_arg equal = v_div(infinite, v_reduce(AG_OP_sum, infinite, attr, true));
    return v_where(infinite, equal, v_exp(v_sub(x, finite)));
}

AG_RULE(logsumexp)
{
    int ndim;
    int64_t count;
    ag_attr attr = {.n_list = 0};
    attr.n_list = agi_node_list(v->node, &attr.list);
    const ag_arg x = IN(0);
    const int64_t *shape = agi_reduced_shape(v, x, &ndim);
    const ag_arg y = agi_with_kept_dims(v, OUT, ndim, shape, &count);
    const ag_arg g = agi_with_kept_dims(v, G, ndim, shape, &count);
    GX(0) = v_vjp_mul(g, shares(x, y, &attr));
}

/* ---- softmax: y = exp(x - m) / sum(exp(x - m));  dx = y (g - sum(g y)).  Saves y. ------------ */

/* Sum along the one dimension i[0], which is kept. */
static ag_arg row_sum(ag_arg x, int64_t dim)
{
    const ag_attr attr = {.n_list = 1, .list = &dim};
    return v_reduce(AG_OP_sum, x, &attr, true);
}

static ag_arg less_largest(ag_arg x, int64_t dim)
{
    const ag_attr attr = {.n_list = 1, .list = &dim};
    return x.tensor->numel == 0 ? x : v_sub(x, v_constant(v_reduce(AG_OP_amax, x, &attr, true)));
}

AG_FORMULA(softmax)
{
    const ag_arg e = v_exp(less_largest(args[0], attr->i[0]));
    return v_div(e, row_sum(e, attr->i[0]));
}

AG_RULE(softmax)
{
    const ag_arg y = OUT;
    GX(0) = v_mul(y, v_sub(G, row_sum(v_mul(G, y), agi_node_attr_of(v->node)->i[0])));
}

/* ---- log_softmax: y = x - m - log(sum(exp(x - m)));  dx = g - exp(y) sum(g).  Saves y. ------- */

AG_FORMULA(log_softmax)
{
    const ag_arg x = less_largest(args[0], attr->i[0]);
    return v_sub(x, v_log(row_sum(v_exp(x), attr->i[0])));
}

AG_RULE(log_softmax)
{
    GX(0) = v_sub(G, v_vjp_mul(row_sum(G, agi_node_attr_of(v->node)->i[0]), v_exp(OUT)));
}
