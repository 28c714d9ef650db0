/* SPDX-License-Identifier: MIT
 *
 * Random numbers with means and deviations: normal. The numbers are drawn first, and an op makes of
 * them what is asked for. They are the op's first operand, so that the result is row-major.
 */
#include <string.h>

#include "../base/check.h"
#include "../base/shape.h"
#include "../compute/kernel.h"
#include "../fuse/pending.h"
#include "../tape/apply.h"
#include "../tape/dtypes.h"
#include "../tape/rule.h"
#include "../tensor/random.h"
#include "table.h"

/* ---- normal_of: z = y + w x, of a normal number x, a mean y and a deviation w; dy = dw = 0. */
AG_MAP3(normal_of, y + w * x)

/* A NaN is no deviation. */
static bool is_deviation(double std)
{
    if (std >= 0.0)
        return true;
    agi_fail(AG_ERR_VALUE, "normal expects std >= 0.0, but found std %g", std);
    return false;
}

static bool are_deviations(ag_tensor *std)
{
    const ag_attr all = {.n_list = -1};
    const ag_arg arg = agi_arg(std);
    if (std->numel == 0)
        return true;
    ag_tensor *least = agi_compute(AG_OP_amin, 1, &arg, &all);
    const bool known = least != NULL && agi_storage_ready(least->storage) == AG_OK;
    const bool good = known && *agi_tensor_data(least) >= 0.0;
    if (known && !good)
        agi_fail(AG_ERR_VALUE, "normal expects all elements of std >= 0.0");
    agi_release(least);
    return good;
}

/* Of the operand whose dtype the result has. */
static bool is_real(const ag_tensor *t)
{
    if (agi_dtype_of(t) == AG_FLOAT64)
        return true;
    agi_fail(AG_ERR_DTYPE, "\"normal_cpu\" not implemented for '%s'",
             agi_dtype_name(agi_dtype_of(t)));
    return false;
}

static ag_tensor *draw_normal(int ndim, const int64_t *shape, ag_arg mean, ag_arg std,
                              ag_generator *g)
{
    agi_draw draw;
    const agi_law plain = {.kind = AGI_LAW_NORMAL, .a = 0.0, .b = 1.0};
    ag_tensor *x = agi_random_tensor("normal", ndim, shape, &plain, g, &draw);
    if (x == NULL)
        return NULL;
    const ag_arg args[] = {agi_arg(x), mean, std};
    ag_tensor *z = agi_call(AG_OP_normal_of, 3, args, NULL);
    agi_release(x);
    if (z == NULL)
        agi_random_give_back(g, &draw);
    return z;
}

/* In the shape of `like`, which is copied: another thread may change it while numbers are made. */
static ag_tensor *draw_normal_like(const ag_tensor *like, ag_arg mean, ag_arg std, ag_generator *g)
{
    int64_t shape[AGI_MAX_DIMS];
    memcpy(shape, agi_shape_of(like), (size_t)like->ndim * sizeof *shape);
    return draw_normal(like->ndim, shape, mean, std, g);
}

ag_tensor *ag_normal(ag_tensor *mean, ag_tensor *std, ag_generator *g)
{
    int64_t shape[AGI_MAX_DIMS];
    int ndim = 0;
    if (!agi_has_tensors("normal", mean, std) ||
        agi_shape_broadcast(&ndim, shape, mean->ndim, agi_shape_of(mean)) != AG_OK ||
        agi_shape_broadcast(&ndim, shape, std->ndim, agi_shape_of(std)) != AG_OK ||
        !are_deviations(std) || !is_real(mean))
        return NULL;
    return draw_normal(ndim, shape, agi_arg(mean), agi_arg(std), g);
}

ag_tensor *ag_normal_scalar(ag_tensor *mean, double std, ag_generator *g)
{
    if (!agi_has_tensor("normal_scalar", mean) || !is_deviation(std) || !is_real(mean))
        return NULL;
    return draw_normal_like(mean, agi_arg(mean), agi_number(std), g);
}

ag_tensor *ag_scalar_normal(double mean, ag_tensor *std, ag_generator *g)
{
    if (!agi_has_tensor("scalar_normal", std) || !are_deviations(std) || !is_real(std))
        return NULL;
    return draw_normal_like(std, agi_number(mean), agi_arg(std), g);
}

ag_tensor *ag_normal_of_size(double mean, double std, int ndim, const int64_t *shape,
                             ag_generator *g)
{
    return is_deviation(std) ? draw_normal(ndim, shape, agi_number(mean), agi_number(std), g)
                             : NULL;
}
