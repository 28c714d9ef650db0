/* SPDX-License-Identifier: MIT
 *
 * norm: y = (sum of |x|^p)^(1/p), for p = infinity the largest |x|, for -infinity the smallest, for
 * 0 how many x are not 0. dx = g sgn(x) (|x| / y)^(p - 1), and 0 where y is 0, so that a distance
 * of nothing has a derivative; for infinite p the x that are the result share g. Saves x and y.
 */
#include <math.h>

#include "../base/shape.h"
#include "../fuse/pending.h"
#include "../tape/formula.h"
#include "norm.h"
#include "reduce.h"
#include "table.h"

/* Over nothing only sums have a value. */
static bool check_norm(ag_arg x, double p, const ag_attr *attr)
{
    uint64_t mask;
    const int n = attr->n_list > 0 ? attr->n_list : -1;
    if (agi_shape_dim_mask("norm", x.tensor->ndim, n, attr->list, &mask) != AG_OK)
        return false;
    if (p >= 0.0 && p != INFINITY)
        return true;
    for (int d = 0; d < x.tensor->ndim; d++)
        if (mask >> d & 1 && agi_shape_of(x.tensor)[d] == 0) {
            agi_fail(AG_ERR_SHAPE, "norm: cannot compute the %g norm over dimension %d because it "
                                   "is empty and the operation does not have an identity", p, d);
            return false;
        }
    return true;
}

static ag_arg plain_norm(ag_arg x, double p, const ag_attr *attr, bool keep)
{
    if (p == 0.0)
        return v_reduce(AG_OP_sum, v_where(v_ne(x, NUM(0.0)), NUM(1.0), NUM(0.0)), attr, keep);
    if (p == 2.0)
        return v_sqrt(v_reduce(AG_OP_sum, v_square(x), attr, keep));
    const ag_arg size = v_abs(x);
    if (p == 1.0)
        return v_reduce(AG_OP_sum, size, attr, keep);
    if (isinf(p))
        return v_reduce(p > 0.0 ? AG_OP_amax : AG_OP_amin, size, attr, keep);
    return v_pow(v_reduce(AG_OP_sum, v_pow(size, NUM(p)), attr, keep), NUM(1.0 / p));
}

/* Whether powers on the way to a result may have left the range of numbers. */
static bool may_have_left(ag_arg y, double p)
{
    const double most = pow(1e290, 1.0 / fmax(fabs(p), 1.0));
    if (p == 0.0 || p == 1.0 || isinf(p))
        return false;
    for (int64_t i = 0; i < y.tensor->numel; i++) {
        const double one = agi_tensor_data(y.tensor)[i];
        if (one > most || one < 1.0 / most)
            return true;
    }
    return false;
}

/* The same of numbers that are divided by the largest of them. */
static ag_arg scaled_norm(ag_arg x, double p, const ag_attr *attr, bool keep)
{
    const ag_arg most = v_reduce(AG_OP_amax, v_abs(x), attr, true);
    const ag_arg usual = v_mul(v_gt(most, NUM(0.0)), v_lt(most, NUM(INFINITY)));
    const ag_arg scale = v_where(usual, most, NUM(1.0));
    const ag_arg y = plain_norm(v_div(x, scale), p, attr, keep);
    if (agi_value_failed(y) || keep)
        return v_mul(y, scale);
    return v_mul(y, v_view(scale, y.tensor->ndim, agi_shape_of(y.tensor)));
}

ag_arg agi_norm_value(ag_arg x, double p, const ag_attr *attr, bool keep)
{
    const ag_arg y = plain_norm(x, p, attr, keep);
    if (agi_value_failed(y) || x.tensor->numel == 0)
        return y;
    if (agi_storage_ready(y.tensor->storage) != AG_OK)
        return agi_arg(&agi_failed);
    return may_have_left(y, p) ? scaled_norm(x, p, attr, keep) : y;
}

AG_FORMULA(norm)
{
    const double p = attr->f[0];
    return check_norm(args[0], p, attr) ? agi_norm_value(args[0], p, attr, attr->i[0] != 0)
                                        : agi_arg(&agi_failed);
}

ag_arg agi_norm_slope(ag_arg x, ag_arg y, double p)
{
    const ag_arg part = v_div(x, y);
    if (p == 2.0)
        return part;
    if (p > 2.0)
        return v_mul(part, v_pow(v_abs(part), NUM(p - 2.0)));
    const ag_arg power = v_pow(v_abs(part), NUM(p - 1.0));
    return v_mul(v_sign(x), v_where(v_eq(x, NUM(0.0)), NUM(0.0), power));
}

AG_RULE(norm)
{
    int ndim;
    int64_t count;
    const double p = agi_node_attr_of(v->node)->f[0];
    const int64_t *shape = agi_node_input_shape(v->node, 0, &ndim);
    const ag_arg x = IN(0);
    if (!NEEDS(0))
        return;
    const ag_arg y = agi_with_kept_dims(v, OUT, ndim, shape, &count);
    const ag_arg g = agi_with_kept_dims(v, G, ndim, shape, &count);
    if (p == 0.0) {
        GX(0) = agi_repeated(0.0, ndim, shape);
    } else if (p == 1.0) {
        GX(0) = v_vjp_mul(g, v_sign(x));
    } else if (isinf(p)) {
        ag_attr attr = {.n_list = 0};
        attr.n_list = agi_node_list(v->node, &attr.list);
        const ag_arg ties = v_eq(v_abs(x), y);
        const ag_arg taken = v_where(ties, v_vjp_mul(g, v_sign(x)), NUM(0.0));
        GX(0) = v_vjp_div(taken, v_reduce(AG_OP_sum, ties, &attr, true));
    } else {
        const ag_arg none = v_eq(y, NUM(0.0));
        const ag_arg slope = agi_norm_slope(x, v_where(none, NUM(1.0), y), p);
        GX(0) = v_vjp_mul(v_where(none, NUM(0.0), g), slope);
    }
}
