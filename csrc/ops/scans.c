/* SPDX-License-Identifier: MIT
 *
 * Ops whose every result is made of all elements up to it along a dimension. The
 * scanning itself is in compute/scan.c. i[0] is the dimension, i[1] whether it is walked from its
 * end.
 *
 * No derivative divides: with y of a scan, g its cotangent, and r the linear scan of g from the
 * end, each derivative is r by what came before the element.
 */
#include <math.h>

#include "../base/check.h"
#include "../base/shape.h"
#include "../compute/scan.h"
#include "../fuse/pending.h"
#include "../tape/dtypes.h"
#include "../tape/formula.h"
#include "../tensor/copy.h"
#include "table.h"

/* ---- shared --------------------------------------------------------------------------------- */

/* How the shape of x is scanned. False with an error. */
static bool plan_scan(agi_scan *scan, const ag_tensor *x, int64_t dim, bool reverse)
{
    int at;
    if (agi_shape_wrap_dim(dim, x->ndim, &at) != AG_OK)
        return false;
    *scan = (agi_scan){.outer = 1, .n = 1, .inner = 1, .reverse = reverse};
    for (int d = 0; d < x->ndim; d++)
        *(d < at ? &scan->outer : d == at ? &scan->n : &scan->inner) *= agi_shape_of(x)[d];
    return true;
}

/* The numbers of x in row-major order: where they are, or copied to `room`. */
static const double *numbers_in_order(double *room, const ag_tensor *x)
{
    if (agi_is_contiguous(x))
        return agi_tensor_data(x);
    agi_run_gather(room, x->ndim, agi_shape_of(x), agi_tensor_data(x), agi_strides_of(x));
    return room;
}

/* Under int64 there is no -0.0, which a product of whole numbers may give. */
static void clear_signs_of_zeros(double *z, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        z[i] += 0.0;
}

/* z of one input, which has its numbers. */
static void run_scan_op(int op, ag_tensor *z, const ag_tensor *x, const agi_scan *scan)
{
    double *to = agi_tensor_data(z);
    const double *from = numbers_in_order(to, x);
    if (op == AG_OP_cumsum)
        agi_scan_sum(to, from, scan, agi_dtype_of(x) != AG_FLOAT64);
    else if (op == AG_OP_cumprod)
        agi_scan_product(to, from, scan);
    else
        agi_scan_logsumexp(to, from, scan);
    if (op == AG_OP_cumprod && agi_dtype_of(x) != AG_FLOAT64)
        clear_signs_of_zeros(to, z->numel);
}

static ag_tensor *scan_into_new(int op, const ag_arg *arg, const ag_attr *attr)
{
    ag_tensor *x = agi_tensor_to_read(arg->tensor), *z = NULL;
    agi_scan scan;
    if (x == NULL)
        return NULL;
    if (plan_scan(&scan, x, attr->i[0], attr->i[1] != 0) &&
        agi_storage_ready(x->storage) == AG_OK)
        z = agi_tensor_new(x->ndim, agi_shape_of(x), x->numel);
    if (z != NULL) {
        run_scan_op(op, z, x, &scan);
        z->storage->dtype = agi_dtype_of(x) == AG_FLOAT64 ? AG_FLOAT64 : AG_INT64;
    }
    agi_release(x);
    return z;
}

static ag_arg v_linear_scan(ag_arg a, ag_arg b, int64_t dim, bool reverse)
{
    const ag_arg args[2] = {a, b};
    const ag_attr attr = {.i = {dim, reverse}};
    return agi_value(AG_OP_linear_scan, 2, args, &attr);
}

static ag_arg v_shift(ag_arg x, int64_t dim, int64_t by, double fill)
{
    const ag_attr attr = {.f = {fill}, .i = {dim, by}};
    return agi_value(AG_OP_shift, 1, &x, &attr);
}

/* ---- cumsum: dx = g summed up from the other end -------------------------------------------- */

AG_FORWARD(cumsum) { return scan_into_new(AG_OP_cumsum, &args[0], attr); }

AG_RULE(cumsum)
{
    const agi_node_attr *given = agi_node_attr_of(v->node);
    const ag_attr attr = {.i = {given->i[0], given->i[1] == 0}};
    GX(0) = agi_value(AG_OP_cumsum, 1, &G, &attr);
}

/* ---- cumprod: dx[i] = y[i - 1] r[i], where r[i] = g[i] + x[i + 1] r[i + 1].  Saves x and y. -- */

AG_FORWARD(cumprod) { return scan_into_new(AG_OP_cumprod, &args[0], attr); }

AG_RULE(cumprod)
{
    const int64_t dim = agi_node_attr_of(v->node)->i[0];
    GX(0) = v_vjp_mul(v_linear_scan(IN(0), G, dim, true), v_shift(OUT, dim, 1, 1.0));
}

/* ---- logcumsumexp: dx[i] = exp(x[i] - y[i]) r[i] -------------------------------------------- */

/* r[i] = g[i] + exp(y[i] - y[i + 1]) r[i + 1].  Saves x and y. Where y is -inf there is nothing but
 * -inf up to it, and no part in anything. */

AG_FORWARD(logcumsumexp) { return scan_into_new(AG_OP_logcumsumexp, &args[0], attr); }

AG_RULE(logcumsumexp)
{
    const int64_t dim = agi_node_attr_of(v->node)->i[0];
    const ag_arg x = IN(0), y = OUT;
    const ag_arg finite = v_where(v_eq(y, NUM(-INFINITY)), NUM(0.0), y);
    const ag_arg kept = v_exp(v_sub(v_shift(y, dim, 1, -INFINITY), finite));
    GX(0) = v_vjp_mul(v_linear_scan(kept, G, dim, true), v_exp(v_sub(x, finite)));
}

/* ---- linear_scan: z[i] = b[i] + a[i] z[i - 1] ------------------------------------------------ */

/* With r the scan of g in the other direction, db = r and da[i] = r[i] z[i - 1]; in reverse it is
 * a[i + 1] z[i + 1] that is added, and da[i] = r[i - 1] z[i].  Saves a, and z for da. */

static bool is_scan_of_two(const ag_arg *args)
{
    const ag_tensor *a = args[0].tensor, *b = args[1].tensor;
    if (!agi_has_tensor("linear_scan", b))
        return false;
    if (agi_shape_equal(a->ndim, agi_shape_of(a), b->ndim, agi_shape_of(b)))
        return true;
    agi_fail(AG_ERR_SHAPE, "linear_scan: expected two tensors of one shape");
    return false;
}

/* a in row-major order, in memory of its own if it is not; *owned is released after. */
static const double *factors_in_order(const ag_tensor *a, ag_tensor **owned)
{
    *owned = agi_is_contiguous(a) ? NULL : agi_tensor_new(a->ndim, agi_shape_of(a), a->numel);
    if (agi_is_contiguous(a))
        return agi_tensor_data(a);
    return *owned != NULL ? numbers_in_order(agi_tensor_data(*owned), a) : NULL;
}

AG_FORWARD(linear_scan)
{
    agi_scan scan;
    ag_tensor *copy;
    if (!is_scan_of_two(args) || !plan_scan(&scan, args[0].tensor, attr->i[0], attr->i[1] != 0))
        return NULL;
    const ag_tensor *b = args[1].tensor;
    const double *a = factors_in_order(args[0].tensor, &copy);
    ag_tensor *z = a != NULL ? agi_tensor_new(b->ndim, agi_shape_of(b), b->numel) : NULL;
    if (z != NULL)
        agi_scan_linear(agi_tensor_data(z), a, numbers_in_order(agi_tensor_data(z), b), &scan);
    agi_release(copy);
    return z;
}

AG_RULE(linear_scan)
{
    const agi_node_attr *given = agi_node_attr_of(v->node);
    const int64_t dim = given->i[0];
    const bool reverse = given->i[1] != 0;
    const ag_arg r = v_linear_scan(IN(0), G, dim, !reverse);
    GX(1) = r;
    if (NEEDS(0))
        GX(0) = reverse ? v_vjp_both(v_shift(r, dim, 1, 0.0), OUT)
                        : v_vjp_both(r, v_shift(OUT, dim, 1, 0.0));
}

/* ---- shift: z[i] = x[i - by], else a number; dx = g shifted back, 0 where nothing came ------- */

AG_FORWARD(shift)
{
    const ag_tensor *x = args[0].tensor;
    agi_scan scan;
    ag_tensor *copy;
    if (!plan_scan(&scan, x, attr->i[0], false))
        return NULL;
    const double *from = factors_in_order(x, &copy);
    ag_tensor *z = from != NULL ? agi_tensor_new(x->ndim, agi_shape_of(x), x->numel) : NULL;
    if (z != NULL)
        agi_scan_shift(agi_tensor_data(z), from, &scan, attr->i[1], attr->f[0]);
    agi_release(copy);
    return z;
}

AG_RULE(shift)
{
    const agi_node_attr *given = agi_node_attr_of(v->node);
    const int64_t by = given->i[1], back = by == INT64_MIN ? INT64_MAX : -by;
    GX(0) = v_shift(G, given->i[0], back, 0.0);
}

/* ---- cummax, cummin: dx = g, added up where each value is from.  Saves the places. ----------- */

static ag_status extremes_so_far(const ag_tensor *x, const ag_attr *attr, bool least,
                                 ag_tensor **outs)
{
    agi_scan scan;
    if (!plan_scan(&scan, x, attr->i[0], false))
        return ag_last_status();
    outs[0] = agi_tensor_new(x->ndim, agi_shape_of(x), x->numel);
    outs[1] = outs[0] != NULL ? agi_tensor_new(x->ndim, agi_shape_of(x), x->numel) : NULL;
    if (outs[1] == NULL) {
        agi_release(outs[0]);
        return ag_last_status();
    }
    double *z = agi_tensor_data(outs[0]);
    agi_scan_extreme(z, agi_tensor_data(outs[1]), numbers_in_order(z, x), &scan, least);
    return AG_OK;
}

static void extremes_so_far_rule(agi_vjp *v)
{
    if (GS(0).tensor == NULL)
        return;
    const ag_arg args[3] = {agi_zeros_for(GS(0)), OUT, GS(0)};
    const ag_attr along = {.i = {agi_node_attr_of(v->node)->i[0]}};
    GX(0) = agi_value(AG_OP_scatter_add, 3, args, &along);
}

AG_FORWARD_SEVERAL(cummax) { (void)n; return extremes_so_far(args[0].tensor, attr, false, outs); }
AG_FORWARD_SEVERAL(cummin) { (void)n; return extremes_so_far(args[0].tensor, attr, true, outs); }
AG_RULE(cummax) { extremes_so_far_rule(v); }
AG_RULE(cummin) { extremes_so_far_rule(v); }
