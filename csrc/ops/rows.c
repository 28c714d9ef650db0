/* SPDX-License-Identifier: MIT
 *
 * Formulas over the numbers along one or several dimensions ("rows"): logsumexp, softmax,
 * log_softmax, aminmax. The largest number m of a row is taken off before exp, so that nothing
 * overflows; what is computed does not depend on m, hence no gradient goes through it.
 */
#include <math.h>

#include "../compute/softmax.h"
#include "../fuse/pending.h"
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

/* The rows of numbers behind each other, not none of them, along a dimension that is there, below 0
 * from the last. */
static agi_softmax_rows rows_along(const ag_tensor *t, int64_t dim)
{
    const int64_t *shape = agi_shape_of(t);
    if (dim < 0)
        dim += t->ndim;
    agi_softmax_rows rows = {.n = shape[dim], .count = t->numel / shape[dim], .step = 1};
    for (int64_t d = dim + 1; d < t->ndim; d++)
        rows.step *= shape[d];
    return rows;
}

/* Whether one op computes all rows (compute/softmax.h): those which lie behind each other and are
 * large together, so that memory is read once; and along any dimension where there are few numbers
 * in all, since calls cost more than arithmetic then. */
static bool are_rows_of_one_op(ag_arg x, int64_t dim)
{
    if (agi_value_failed(x) || x.tensor == NULL)
        return false;
    const ag_tensor *t = x.tensor;
    if (dim < -t->ndim || dim >= t->ndim || t->numel == 0 || !agi_is_contiguous(t))
        return false;
    const agi_softmax_rows rows = rows_along(t, dim);
    if (t->numel <= AGI_SOFTMAX_FEW)
        return t->numel < AGI_SOFTMAX_MIN ||
               (rows.step == 1 ? rows.n : rows.step) >= AGI_SOFTMAX_SHORT;
    return rows.step == 1 && t->numel >= AGI_DEFER_MIN && rows.n >= AGI_SOFTMAX_MIN &&
           rows.n <= AGI_SOFTMAX_MAX;
}

/* Of x, or for a gradient of y and g; i[0]: whether it is log_softmax, i[1]: the dimension. */
static ag_tensor *softmax_of_rows(const char *op, ag_tensor *x, ag_tensor *g, const ag_attr *attr)
{
    if (!are_rows_of_one_op((ag_arg){.tensor = x}, attr->i[1]))
        return agi_fail_null(AG_ERR_SHAPE, "%s: expected numbers behind each other, in rows of %d "
                             "to %d or at most %d in all", op, AGI_SOFTMAX_MIN, AGI_SOFTMAX_MAX,
                             AGI_SOFTMAX_FEW);
    ag_tensor *given = g != NULL ? agi_row_major_of(g) : NULL, *z = NULL;
    if (g == NULL || given != NULL)
        z = agi_tensor_new(x->ndim, agi_shape_of(x), x->numel);
    if (z != NULL) {
        agi_softmax_rows rows = rows_along(x, attr->i[1]);
        rows.z = agi_tensor_data(z);
        rows.x = agi_tensor_data(x);
        rows.g = given != NULL ? agi_tensor_data(given) : NULL;
        rows.log = attr->i[0] != 0;
        agi_softmax_run(&rows);
    }
    agi_release(given);
    return z;
}

AG_FORWARD(softmax_rows) { return softmax_of_rows("softmax_rows", args[0].tensor, NULL, attr); }

AG_FORWARD(softmax_rows_vjp)
{
    const char *op = "softmax_rows_vjp";
    if (agi_same_shape(args[0].tensor, args[1].tensor))
        return softmax_of_rows(op, args[1].tensor, args[0].tensor, attr);
    return agi_fail_null(AG_ERR_SHAPE, "%s: expected a gradient of the result's shape", op);
}

static ag_arg rows_of_one_op(ag_arg x, bool log, int64_t dim)
{
    return agi_value(AG_OP_softmax_rows, 1, &x, &(ag_attr){.i = {log, dim}});
}

/* The gradient where one op computes it; false where formulas do. */
static bool rows_vjp_of_one_op(agi_vjp *v, ag_arg y, bool log)
{
    const ag_arg args[2] = {G, y};
    const int64_t dim = agi_node_attr_of(v->node)->i[0];
    if (v->create_graph || !are_rows_of_one_op(y, dim))
        return false;
    GX(0) = agi_value(AG_OP_softmax_rows_vjp, 2, args, &(ag_attr){.i = {log, dim}});
    return true;
}

AG_FORMULA(softmax)
{
    if (are_rows_of_one_op(args[0], attr->i[0]))
        return rows_of_one_op(args[0], false, attr->i[0]);
    const ag_arg e = v_exp(less_largest(args[0], attr->i[0]));
    return v_div(e, row_sum(e, attr->i[0]));
}

AG_RULE(softmax)
{
    const ag_arg y = OUT;
    if (!rows_vjp_of_one_op(v, y, false))
        GX(0) = v_vjp_mul(
            v_sub(G, row_sum(v_vjp_mul(G, y), agi_node_attr_of(v->node)->i[0])), y);
}

/* ---- log_softmax: y = x - m - log(sum(exp(x - m)));  dx = g - exp(y) sum(g).  Saves y. ------- */

AG_FORMULA(log_softmax)
{
    if (are_rows_of_one_op(args[0], attr->i[0]))
        return rows_of_one_op(args[0], true, attr->i[0]);
    const ag_arg x = less_largest(args[0], attr->i[0]);
    return v_sub(x, v_log(row_sum(v_exp(x), attr->i[0])));
}

AG_RULE(log_softmax)
{
    const ag_arg y = OUT;
    if (!rows_vjp_of_one_op(v, y, true))
        GX(0) = v_sub(G, v_vjp_mul(row_sum(G, agi_node_attr_of(v->node)->i[0]), v_exp(y)));
}
