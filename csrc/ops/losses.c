/* SPDX-License-Identifier: MIT
 *
 * Losses: how far predictions are from targets, for each element, or as the mean or the sum of
 * these. A loss that PyTorch puts together itself ends in the same op as there, and is printed as
 * that. Losses by classes are in classes.c.
 */
#include <math.h>

#include "../base/shape.h"
#include "../fuse/pending.h"
#include "../tape/formula.h"
#include "losses.h"
#include "table.h"

/* ---- shared --------------------------------------------------------------------------------- */

static const ag_attr all_of_it = {.n_list = -1};

bool agi_is_given(ag_arg x) { return x.tensor != NULL || !isnan(x.value); }

ag_arg agi_failed_loss(void) { return agi_arg(&agi_failed); }

bool agi_check_reduction(const char *name, int64_t reduction)
{
    if (reduction >= AGI_LOSS_EACH && reduction <= AGI_LOSS_SUM)
        return true;
    agi_fail(AG_ERR_VALUE, "%s: expected a reduction from 0 to 2, got %lld", name,
             (long long)reduction);
    return false;
}

ag_arg agi_reduced(ag_arg x, int64_t reduction)
{
    if (reduction == AGI_LOSS_EACH)
        return x;
    return agi_value(reduction == AGI_LOSS_MEAN ? AG_OP_mean : AG_OP_sum, 1, &x, &all_of_it);
}

static bool has_shape_of(ag_arg x, ag_arg other)
{
    return x.tensor == NULL || other.tensor == NULL || agi_same_shape(x.tensor, other.tensor);
}

/* The reduction of errors each of which has a weight; the mean is that by the sum of weights where
 * `by_weights`. */
static ag_arg weighted(const char *name, ag_arg errors, ag_arg input, ag_arg weight,
                       int64_t reduction, bool by_weights)
{
    if (!agi_check_reduction(name, reduction))
        return agi_failed_loss();
    if (!agi_is_given(weight))
        return agi_reduced(errors, reduction);
    if (!has_shape_of(weight, input)) {
        agi_fail(AG_ERR_SHAPE, "Weights and input must have the same size.");
        return agi_failed_loss();
    }
    errors = v_mul(errors, weight);
    if (reduction != AGI_LOSS_MEAN || !by_weights)
        return agi_reduced(errors, reduction);
    return v_div(agi_reduced(errors, AGI_LOSS_SUM), agi_reduced(weight, AGI_LOSS_SUM));
}

/* ---- differences ---------------------------------------------------------------------------- */

AG_FORMULA(mse_loss)
{
    return weighted("mse_loss", v_square(v_sub(args[0], args[1])), args[0], args[2], attr->i[0],
                    true);
}

AG_FORMULA(l1_loss)
{
    return weighted("l1_loss", v_abs(v_sub(args[0], args[1])), args[0], args[2], attr->i[0], true);
}

/* d^2 / 2 times `inner` where |d| < edge, else (|d| - edge / 2) times `outer`. The square is of d
 * itself, whose second derivative is there at 0, too. */
static ag_arg bent(ag_arg d, double edge, double inner, double outer)
{
    const ag_arg size = v_abs(d);
    const ag_arg line = v_mul(v_sub(size, NUM(0.5 * edge)), NUM(outer));
    return v_where(v_lt(size, NUM(edge)), v_mul(v_square(d), NUM(0.5 * inner)), line);
}

AG_FORMULA(smooth_l1_loss)
{
    const double beta = attr->f[0];
    const ag_arg d = v_sub(args[0], args[1]);
    if (!agi_check_reduction("smooth_l1_loss", attr->i[0]))
        return agi_failed_loss();
    if (!(beta >= 0.0)) {
        agi_fail(AG_ERR_VALUE, "smooth_l1_loss does not support negative values for beta.");
        return agi_failed_loss();
    }
    return agi_reduced(beta == 0.0 ? v_abs(d) : bent(d, beta, 1.0 / beta, 1.0), attr->i[0]);
}

AG_FORMULA(huber_loss)
{
    const double delta = attr->f[0];
    if (!(delta > 0.0)) {
        agi_fail(AG_ERR_VALUE, "huber_loss does not support non-positive values for delta.");
        return agi_failed_loss();
    }
    return weighted("huber_loss", bent(v_sub(args[0], args[1]), delta, 1.0, delta), args[0],
                    args[2], attr->i[0], false);
}

/* ---- probabilities -------------------------------------------------------------------------- */

static ag_arg bounded_log(ag_arg x) { return v_maximum(v_log(x), NUM(-100.0)); }
static ag_arg bounded_log_rest(ag_arg x) { return v_maximum(v_log1p(v_neg(x)), NUM(-100.0)); }

/* bce_term: (t - 1) log(1 - x) - t log(x), no logarithm below -100;
 * dx = g (x - t) / (x (1 - x)), which is not divided by less than 1e-12.  Saves x and t. */
AG_FORMULA(bce_term)
{
    (void)attr;
    const ag_arg x = args[0], t = args[1];
    return v_sub(v_mul(v_sub(t, NUM(1.0)), bounded_log_rest(x)), v_mul(t, bounded_log(x)));
}

/* g times the slope, summed where input k was broadcast. */
static ag_arg term_gradient(const agi_vjp *v, int k, ag_arg slope)
{
    return agi_sum_to_input(v, k, v_vjp_mul(G, slope));
}

AG_RULE(bce_term)
{
    const ag_arg x = IN(0), t = IN(1);
    if (NEEDS(0)) {
        const ag_arg spread = v_maximum(v_mul(v_sub(NUM(1.0), x), x), NUM(1e-12));
        GX(0) = term_gradient(v, 0, v_div(v_sub(x, t), spread));
    }
    if (NEEDS(1))
        GX(1) = term_gradient(v, 1, v_sub(bounded_log_rest(x), bounded_log(x)));
}

/* Looks at every element, which computes what pends. */
static bool are_probabilities(const char *what, ag_arg x)
{
    if (agi_value_failed(x))
        return false;
    if (x.tensor == NULL || x.tensor->numel == 0)
        return true;
    ag_tensor *least = agi_compute(AG_OP_amin, 1, &x, &all_of_it);
    ag_tensor *most = least != NULL ? agi_compute(AG_OP_amax, 1, &x, &all_of_it) : NULL;
    const bool known = most != NULL && agi_storage_ready(least->storage) == AG_OK &&
                       agi_storage_ready(most->storage) == AG_OK;
    const bool good = known && *agi_tensor_data(least) >= 0.0 && *agi_tensor_data(most) <= 1.0;
    if (known && !good)
        agi_fail(AG_ERR_VALUE, "all elements of %s should be between 0 and 1", what);
    agi_release(least);
    agi_release(most);
    return good;
}

static bool check_same_shapes(const char *name, ag_arg input, ag_arg target)
{
    if (has_shape_of(input, target))
        return true;
    char one[AGI_SHAPE_TEXT], other[AGI_SHAPE_TEXT];
    agi_fail(AG_ERR_SHAPE, "%s: expected a target of the input's shape %s, got %s", name,
             agi_format_shape(one, input.tensor->ndim, agi_shape_of(input.tensor)),
             agi_format_shape(other, target.tensor->ndim, agi_shape_of(target.tensor)));
    return false;
}

/* Weights that are broadcast; the mean is by the number of errors. */
static ag_arg scaled_loss(ag_arg errors, ag_arg weight, int64_t reduction)
{
    return agi_reduced(agi_is_given(weight) ? v_mul(errors, weight) : errors, reduction);
}

AG_FORMULA(binary_cross_entropy)
{
    static const char name[] = "binary_cross_entropy";
    if (!agi_check_reduction(name, attr->i[0]) || !check_same_shapes(name, args[0], args[1]) ||
        !are_probabilities("input", args[0]) || !are_probabilities("target", args[1]))
        return agi_failed_loss();
    return scaled_loss(agi_value(AG_OP_bce_term, 2, args, NULL), args[2], attr->i[0]);
}

/* log(1 + exp(x)), which is never taken for x itself. */
static ag_arg exact_softplus(ag_arg x)
{
    const ag_attr attr = {.f = {1.0, INFINITY}};
    return agi_value(AG_OP_softplus, 1, &x, &attr);
}

/* bce_logits_term, with s(x) = log(1 + exp(x)): (1 - t) s(x) + w t s(-x), both without what
 * cancels; dx = g ((1 - t) sigmoid(x) - w t sigmoid(-x)).  Saves x, t and w, which mostly is 1. */
static bool is_one(ag_arg w) { return w.tensor == NULL && w.value == 1.0; }

AG_FORMULA(bce_logits_term)
{
    (void)attr;
    const ag_arg x = args[0], t = args[1], w = args[2];
    const ag_arg tail = exact_softplus(v_neg(v_abs(x)));
    if (is_one(w)) {
        const ag_arg rest = v_where(v_gt(x, NUM(0.0)), v_sub(NUM(1.0), t), v_neg(t));
        return v_add(v_vjp_mul(rest, x), tail);
    }
    const ag_arg off = v_mul(v_sub(NUM(1.0), t), v_add(v_relu(x), tail));
    return v_add(off, v_mul(v_mul(w, t), v_add(v_relu(v_neg(x)), tail)));
}

AG_RULE(bce_logits_term)
{
    const ag_arg x = IN(0), t = IN(1), w = IN(2);
    if (NEEDS(0)) {
        const ag_arg on = is_one(w) ? t : v_mul(w, t);
        const ag_arg off = v_vjp_mul(v_sigmoid(x), v_sub(NUM(1.0), t));
        GX(0) = term_gradient(v, 0, v_sub(off, v_vjp_mul(v_sigmoid(v_neg(x)), on)));
    }
    if (NEEDS(1) && is_one(w))
        GX(1) = term_gradient(v, 1, v_neg(x));
    else if (NEEDS(1))
        GX(1) = term_gradient(v, 1, v_sub(v_mul(w, exact_softplus(v_neg(x))), exact_softplus(x)));
    if (NEEDS(2))
        GX(2) = term_gradient(v, 2, v_mul(t, exact_softplus(v_neg(x))));
}

/* Whether both, which are broadcast, have the shape of x: PyTorch writes them over it. */
static bool fit_into(ag_arg x, ag_arg a, ag_arg b)
{
    const ag_tensor *const all[3] = {a.tensor, b.tensor, x.tensor};
    int ndim = 0;
    int64_t shape[AGI_MAX_DIMS];
    for (int k = 0; k < 3; k++)
        if (all[k] != NULL && agi_shape_broadcast(&ndim, shape, all[k]->ndim,
                                                  agi_shape_of(all[k])) != AG_OK)
            return false;
    return agi_shape_holds(x.tensor->ndim, agi_shape_of(x.tensor), ndim, shape) == AG_OK;
}

AG_FORMULA(binary_cross_entropy_with_logits)
{
    static const char name[] = "binary_cross_entropy_with_logits";
    const ag_arg term[3] = {args[0], args[1], agi_is_given(args[3]) ? args[3] : NUM(1.0)};
    const ag_arg x = args[0], t = args[1];
    if (!agi_check_reduction(name, attr->i[0]) ||
        (agi_is_given(args[3]) && !fit_into(x, args[3], t)) || !fit_into(t, t, x) ||
        (agi_is_given(args[2]) && !fit_into(t, t, args[2])))
        return agi_failed_loss();
    return scaled_loss(agi_value(AG_OP_bce_logits_term, 3, term, NULL), args[2], attr->i[0]);
}

/* The sum by the size of the first dimension is one more reduction here. */
AG_FORMULA(kl_div)
{
    const ag_arg x = args[0], t = args[1];
    const bool by_batch = attr->i[0] == AGI_LOSS_BATCH_MEAN;
    if (!by_batch && !agi_check_reduction("kl_div", attr->i[0]))
        return agi_failed_loss();
    ag_arg errors;
    if (attr->i[1] != 0)
        errors = v_where(v_eq(t, NUM(-INFINITY)), NUM(0.0), v_mul(v_exp(t), v_sub(t, x)));
    else
        errors = v_sub(v_where(v_eq(t, NUM(0.0)), NUM(0.0), v_mul(t, v_log(t))), v_mul(t, x));
    const ag_arg loss = agi_reduced(errors, by_batch ? AGI_LOSS_SUM : attr->i[0]);
    if (!by_batch || agi_value_failed(loss) || x.tensor->ndim == 0)
        return loss;
    return v_div(loss, NUM((double)agi_shape_of(x.tensor)[0]));
}

/* ---- likelihoods ---------------------------------------------------------------------------- */

/* Variances with one dimension fewer than the input are of its rows. */
static ag_arg variances_of(ag_arg x, ag_arg var)
{
    if (var.tensor == NULL || agi_same_shape(x.tensor, var.tensor))
        return var;
    const int ndim = x.tensor->ndim, n = var.tensor->ndim;
    const int64_t *shape = agi_shape_of(x.tensor), *sizes = agi_shape_of(var.tensor);
    int64_t unlike = 0;
    int64_t rows[AGI_MAX_DIMS];
    if (n == ndim - 1 && agi_shape_equal(n, sizes, n, shape)) {
        for (int d = 0; d < n; d++)
            rows[d] = sizes[d];
        rows[n] = 1;
        return v_view(v_row_major(var), ndim, rows);
    }
    for (int d = 0; d < n && n == ndim; d++)
        unlike += sizes[d] != shape[d] ? sizes[d] : 0;
    if (n == ndim && unlike == 1)
        return var;
    agi_fail(AG_ERR_VALUE, "var is of incorrect size");
    return agi_failed_loss();
}

static bool is_no_variance(ag_arg var)
{
    if (var.tensor == NULL || var.tensor->numel == 0)
        return var.value < 0.0;
    const ag_arg mask = v_lt(v_constant(var), NUM(0.0));  /* a NaN hides none */
    const ag_arg any = v_reduce(AG_OP_any, mask, &all_of_it, false);
    return agi_value_failed(any) || agi_storage_ready(any.tensor->storage) != AG_OK ||
           *agi_tensor_data(any.tensor) != 0.0;
}

/* A variance, or eps where it is less, by a constant that is added: the derivative is 1 in both, as
 * PyTorch has it. What is inf or NaN stays so. */
static ag_arg no_less(ag_arg var, double eps)
{
    if (var.tensor == NULL)
        return NUM(var.value < eps ? eps : var.value);
    const ag_arg missing = v_constant(v_sub(NUM(eps), var));
    return v_where(v_lt(var, NUM(eps)), v_add(var, missing), var);
}

AG_FORMULA(gaussian_nll_loss)
{
    if (!agi_check_reduction("gaussian_nll_loss", attr->i[1]))
        return agi_failed_loss();
    if (is_no_variance(args[2])) {
        agi_fail(AG_ERR_VALUE, "var has negative entry/entries");
        return agi_failed_loss();
    }
    ag_arg var = variances_of(args[0], args[2]);
    if (agi_value_failed(var))
        return var;
    var = no_less(var, attr->f[0]);
    const ag_arg logs = var.tensor != NULL ? v_log(var) : NUM(log(var.value));
    const ag_arg far = v_div(v_square(v_sub(args[0], args[1])), var);
    ag_arg loss = v_mul(v_add(logs, far), NUM(0.5));
    if (attr->i[0] != 0)
        loss = v_add(loss, NUM(0.91893853320467274178));  /* log(2 pi) / 2 */
    return agi_reduced(loss, attr->i[1]);
}

/* Stirling's approximation of log(t!), where t > 1. */
static ag_arg log_factorial(ag_arg t)
{
    const ag_arg tail = v_mul(v_log(v_mul(t, NUM(6.28318530717958647692))), NUM(0.5));
    const ag_arg sum = v_add(v_sub(v_mul(t, v_log(t)), t), tail);
    return v_where(v_le(t, NUM(1.0)), NUM(0.0), sum);
}

AG_FORMULA(poisson_nll_loss)
{
    const ag_arg x = args[0], t = args[1];
    if (!agi_check_reduction("poisson_nll_loss", attr->i[2]))
        return agi_failed_loss();
    ag_arg loss = attr->i[0] != 0 ? v_sub(v_exp(x), v_mul(t, x))
                                  : v_sub(x, v_mul(t, v_log(v_add(x, NUM(attr->f[0])))));
    if (attr->i[1] != 0)
        loss = v_add(loss, log_factorial(t));
    return agi_reduced(loss, attr->i[2]);
}

/* ---- margins: targets are 1 and -1 ---------------------------------------------------------- */

/* x where it is positive; the gradient at 0 is that of x. */
static ag_arg clamp_at_zero(ag_arg x)
{
    const ag_arg args[3] = {x, NUM(0.0), NUM(INFINITY)};
    return agi_value(AG_OP_clamp, 3, args, NULL);
}

AG_FORMULA(hinge_embedding_loss)
{
    const ag_arg x = args[0], t = args[1];
    if (!agi_check_reduction("hinge_embedding_loss", attr->i[0]))
        return agi_failed_loss();
    const ag_arg rest = clamp_at_zero(v_sub(NUM(attr->f[0]), x));
    const ag_arg others = v_where(v_ne(t, NUM(1.0)), rest, NUM(0.0));
    return agi_reduced(v_add(others, v_where(v_ne(t, NUM(-1.0)), x, NUM(0.0))), attr->i[0]);
}

AG_FORMULA(soft_margin_loss)
{
    if (!agi_check_reduction("soft_margin_loss", attr->i[0]))
        return agi_failed_loss();
    return agi_reduced(exact_softplus(v_neg(v_mul(args[1], args[0]))), attr->i[0]);
}

AG_FORMULA(multilabel_soft_margin_loss)
{
    const ag_arg term[3] = {args[0], args[1], NUM(1.0)};
    const int ndim = args[0].tensor->ndim;
    if (!agi_check_reduction("multilabel_soft_margin_loss", attr->i[0]))
        return agi_failed_loss();
    if (ndim == 0) {
        agi_fail(AG_ERR_INDEX, "Dimension specified as -1 but tensor has no dimensions");
        return agi_failed_loss();
    }
    const int64_t labels[1] = {ndim - 1};
    const ag_attr last = {.n_list = 1, .list = labels};
    ag_arg loss = agi_value(AG_OP_bce_logits_term, 3, term, NULL);
    if (agi_is_given(args[2]) && !agi_value_failed(loss))
        loss = v_mul(loss, args[2]);
    if (agi_value_failed(loss))
        return loss;
    const double count = (double)agi_shape_of(args[0].tensor)[ndim - 1];
    return agi_reduced(v_div(v_reduce(AG_OP_sum, loss, &last, false), NUM(count)), attr->i[0]);
}

AG_FORMULA(margin_ranking_loss)
{
    if (!agi_check_reduction("margin_ranking_loss", attr->i[0]))
        return agi_failed_loss();
    const ag_arg lead = v_mul(v_neg(args[2]), v_sub(args[0], args[1]));
    return agi_reduced(clamp_at_zero(v_add(lead, NUM(attr->f[0]))), attr->i[0]);
}

static bool check_embeddings(const ag_arg *args)
{
    const int ndim = args[0].tensor->ndim, of_target = args[2].tensor->ndim;
    char one[AGI_SHAPE_TEXT], other[AGI_SHAPE_TEXT];
    if (of_target > 1) {
        agi_fail(AG_ERR_SHAPE, "0D or 1D target tensor expected, multi-target not supported");
        return false;
    }
    if (ndim == of_target + 1 && args[1].tensor->ndim == ndim)
        return true;
    agi_fail(AG_ERR_SHAPE, "%dD target tensor expects %dD input tensors, but found inputs with "
                           "sizes %s and %s.", of_target, of_target + 1,
             agi_format_shape_list(one, ndim, agi_shape_of(args[0].tensor)),
             agi_format_shape_list(other, args[1].tensor->ndim, agi_shape_of(args[1].tensor)));
    return false;
}

/* 1 - cos where the target is 1, and what cos is over the margin where it is -1. */
AG_FORMULA(cosine_embedding_loss)
{
    static const int64_t last = -1;
    const ag_attr row = {.n_list = 1, .list = &last};
    if (!agi_check_reduction("cosine_embedding_loss", attr->i[0]) || !check_embeddings(args))
        return agi_failed_loss();
    const ag_arg t = args[2];
    const ag_arg dot = v_reduce(AG_OP_sum, v_mul(args[0], args[1]), &row, false);
    const ag_arg one = v_add(v_reduce(AG_OP_sum, v_square(args[0]), &row, false), NUM(1e-12));
    const ag_arg two = v_add(v_reduce(AG_OP_sum, v_square(args[1]), &row, false), NUM(1e-12));
    const ag_arg cos = v_div(dot, v_sqrt(v_mul(one, two)));
    const ag_arg like = v_where(v_eq(t, NUM(1.0)), v_sub(NUM(1.0), cos), NUM(0.0));
    const ag_arg unlike = clamp_at_zero(v_sub(cos, NUM(attr->f[0])));
    return agi_reduced(v_add(like, v_where(v_eq(t, NUM(-1.0)), unlike, NUM(0.0))), attr->i[0]);
}
