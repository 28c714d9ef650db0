/* SPDX-License-Identifier: MIT
 *
 * Random numbers of the gamma distribution of rate 1, as functions of its parameter a: their
 * logarithms, since of a small a the numbers are often too small to be numbers. In the comments
 * l = log(x) is one, P the distribution function, and f = x^a exp(-x) / gamma(a) the density of l.
 * A draw follows its parameter so that P(a, x) stays what it is (M. Figurnov, S. Mohamed, A. Mnih:
 * Implicit reparameterization gradients; NeurIPS 2018):
 *     dl/da = s(a, l) = -(dP/da) / f.
 */
#include "../base/check.h"
#include "../compute/kernel.h"
#include "../compute/run.h"
#include "../tensor/copy.h"
#include "../tensor/random.h"
#include "../tensor/scope.h"
#include "gamma.h"
#include "gamma_slope.h"
#include "table.h"

/* ---- the slope ------------------------------------------------------------------------------ */

AG_KERNEL_BODY(gamma_draw_slope)
{
    AGI_KERNEL_UNUSED;
    slopes_of_logs(z, n, in[0], splat & 1 ? 0 : 1, in[1], splat & 2 ? 0 : 1);
}
AG_KERNELS_BUT_AVX2(gamma_draw_slope)

/* ---- its derivatives ------------------------------------------------------------------------ */

/* ds/da = -(d^2 P / da^2) / f - s (l - digamma(a)); where x is next to 0, and P one term, s is
 * (digamma(a + 1) - l) / a. */
static ag_arg slope_by_order(ag_arg a, ag_arg l, ag_arg s)
{
    const ag_arg args[2] = {a, v_exp(l)}, next = v_add(a, NUM(1.0));
    const ag_attr second = {.f = {2.0}};
    const ag_arg density = v_exp(v_sub(v_sub(v_mul(a, l), args[1]), v_lgamma(a)));
    const ag_arg bent = v_div(agi_value(AG_OP_igamma_slope, 2, args, &second), density);
    const ag_arg usual = v_neg(v_add(bent, v_mul(s, v_sub(l, agi_psi_of(0.0, a)))));
    const ag_arg first = v_div(v_sub(l, agi_psi_of(0.0, next)), v_square(a));
    const ag_arg tiny = v_add(first, v_div(agi_psi_of(1.0, next), a));
    return v_where(v_lt(l, NUM(-40.0)), tiny, usual);
}

/* gamma_draw_slope: s of the parameters x and logarithms y;  da as above,
 * dl = g (digamma(a) - l - s (a - exp(l))).  Saves all three. */
AG_RULE(gamma_draw_slope)
{
    /* As float64, whatever was given: of bools there are no differences. */
    const ag_arg a = v_mul(IN(0), NUM(1.0)), l = v_mul(IN(1), NUM(1.0)), s = OUT;
    if (NEEDS(0))
        GX(0) = v_vjp_mul(G, slope_by_order(a, l, s));
    if (NEEDS(1))
        GX(1) = v_vjp_mul(G, v_sub(v_sub(agi_psi_of(0.0, a), l), v_mul(s, v_sub(a, v_exp(l)))));
}

/* ---- draws ---------------------------------------------------------------------------------- */

/* gamma_log_draw: logarithms of numbers of the parameters x;  dx = g s(x, y).  Saves x and y.
 * i = seed, position. */
AG_FORWARD(gamma_log_draw)
{
    const agi_draw draw = {.seed = (uint64_t)attr->i[0], .position = (uint64_t)attr->i[1]};
    ag_tensor *x = agi_tensor_to_read(args[0].tensor);
    ag_tensor *z = x != NULL ? agi_tensor_new(x->ndim, agi_shape_of(x), x->numel) : NULL;
    if (z != NULL) {
        agi_run_gather(agi_tensor_data(z), x->ndim, agi_shape_of(x), agi_tensor_data(x),
                       agi_strides_of(x));
        agi_random_log_gamma(agi_tensor_data(z), z->numel, &draw, true);
    }
    agi_release(x);
    return z;
}

AG_RULE(gamma_log_draw) { GX(0) = v_vjp_mul(G, v_gamma_draw_slope(IN(0), OUT)); }

ag_tensor *ag_gamma_log_draw(ag_tensor *concentration, ag_generator *g)
{
    if (!agi_has_tensor("gamma_log_draw", concentration))
        return NULL;
    const agi_draw draw = agi_random_take(g, (uint64_t)concentration->numel);
    const ag_arg arg = agi_arg(concentration);
    const ag_attr attr = {.i = {(int64_t)draw.seed, (int64_t)draw.position}};
    ag_tensor *z = agi_call(AG_OP_gamma_log_draw, 1, &arg, &attr);
    if (z == NULL)
        agi_random_give_back(g, &draw);
    return z;
}
