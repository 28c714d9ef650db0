/* SPDX-License-Identifier: MIT
 *
 * What PyTorch's module has beside nn.functional under the same names (module.def), and functions
 * of nn.functional that leave something to chance: other ways to call functions that C has.
 */
#include "py_convert.h"
#include "py_errors.h"
#include "py_rows.h"
#include "py_tensor.h"

/* ---- dropout -------------------------------------------------------------------------------- */

PyObject *py_call_dropout_module_dropout(const struct py_dropout_module_dropout *a)
{
    return py_result_or_self(a->head.first, ag_dropout(a->input, a->p, a->train));
}

PyObject *py_call_alpha_dropout_module_alpha_dropout(
    const struct py_alpha_dropout_module_alpha_dropout *a)
{
    return py_result_or_self(a->head.first, ag_alpha_dropout(a->input, a->p, a->train));
}

PyObject *py_call_feature_alpha_dropout_module_feature_alpha_dropout(
    const struct py_feature_alpha_dropout_module_feature_alpha_dropout *a)
{
    return py_result_or_self(a->head.first, ag_feature_alpha_dropout(a->input, a->p, a->train));
}

/* What all dropouts of nn.functional have. */
typedef struct channels {
    const py_head *head;
    ag_tensor *input;     /* borrowed */
    double p;
    bool training;
} channels;

/* dropout of the second dimension's channels. */
static PyObject *drop_channels(const channels *c)
{
    if (c->head->in_place)
        return py_written(c->head->first, ag_feature_dropout_(c->input, c->p, c->training));
    return py_result_or_self(c->head->first, ag_feature_dropout(c->input, c->p, c->training));
}

/* The same of the first dimension's: through a view that has one of size 1 in front. */
static PyObject *drop_first_channels(const channels *c)
{
    const int64_t first = 0;
    ag_tensor *batch = ag_unsqueeze(c->input, 0), *z = NULL, *out = NULL;
    if (batch == NULL)
        return py_raise();
    if (c->head->in_place) {
        const ag_status status = ag_feature_dropout_(batch, c->p, c->training);
        ag_release(batch);
        return py_written(c->head->first, status);
    }
    z = ag_feature_dropout(batch, c->p, c->training);
    out = z != NULL ? ag_squeeze(z, 1, &first) : NULL;
    ag_release(z);
    ag_release(batch);
    return py_result_or_self(c->head->first, out);
}

PyObject *py_call_dropout1d_dropout1d(const struct py_dropout1d_dropout1d *a)
{
    const channels c = {&a->head, a->input, a->p, a->training};
    const int ndim = ag_ndim(a->input);
    if (!py_check_chance(a->p))
        return NULL;
    if (ndim == 2 || ndim == 3)
        return ndim == 3 ? drop_channels(&c) : drop_first_channels(&c);
    return PyErr_Format(PyExc_RuntimeError,
                        "dropout1d: Expected 2D or 3D input, but received a %dD input: channels "
                        "of one dimension, with or without a batch of them", ndim);
}

static bool warn_of_channels(const char *function, int ndim, const char *dims)
{
    return PyErr_WarnFormat(PyExc_UserWarning, 1,
                            "%s: Received a %d-D input to %s, which is deprecated and will result "
                            "in an error in a future release. To retain the behavior and silence "
                            "this warning, please use dropout instead. Channels need %s.", function,
                            ndim, function, dims) == 0;
}

PyObject *py_call_dropout2d_dropout2d(const struct py_dropout2d_dropout2d *a)
{
    const channels c = {&a->head, a->input, a->p, a->training};
    const int ndim = ag_ndim(a->input);
    bool ok = py_check_chance(a->p);
    if (ok && ndim != 3 && ndim != 4)
        ok = warn_of_channels("dropout2d", ndim, "3 or 4 dimensions");
    else if (ok && ndim == 3)
        ok = PyErr_WarnEx(PyExc_UserWarning,
                          "dropout2d: Received a 3D input to dropout2d and assuming that "
                          "channel-wise 1D dropout behavior is desired: the second dimension is "
                          "that of the channels. Please use dropout1d for that.", 1) == 0;
    return ok ? drop_channels(&c) : NULL;
}

PyObject *py_call_dropout3d_dropout3d(const struct py_dropout3d_dropout3d *a)
{
    const channels c = {&a->head, a->input, a->p, a->training};
    const int ndim = ag_ndim(a->input);
    bool ok = py_check_chance(a->p);
    if (ok && ndim != 4 && ndim != 5)
        ok = warn_of_channels("dropout3d", ndim, "4 or 5 dimensions");
    if (!ok)
        return NULL;
    return ndim == 5 ? drop_channels(&c) : drop_first_channels(&c);
}

/* ---- other chances -------------------------------------------------------------------------- */

PyObject *py_call_rrelu_functional_rrelu(const struct py_rrelu_functional_rrelu *a)
{
    if (a->head.in_place)
        return py_written(a->head.first,
                          ag_rrelu_(a->input, a->lower, a->upper, a->training, NULL));
    return py_result(a->head.first, ag_rrelu(a->input, a->lower, a->upper, a->training, NULL));
}

PyObject *py_call_gumbel_softmax_gumbel_softmax(const struct py_gumbel_softmax_gumbel_softmax *a)
{
    if (a->eps != 1e-10 &&
        PyErr_WarnEx(PyExc_UserWarning, "`eps` parameter is deprecated and has no effect.", 1) < 0)
        return NULL;
    return py_result(a->head.first, ag_gumbel_softmax(a->logits, a->tau, a->hard, a->dim));
}

/* ---- norms and embedding -------------------------------------------------------------------- */

PyObject *py_call_layer_norm_module_layer_norm(const struct py_layer_norm_module_layer_norm *a)
{
    return py_result(a->head.first, ag_layer_norm(a->input, a->normalized_shape.n,
                                                  a->normalized_shape.list, a->weight, a->bias,
                                                  a->eps));
}

PyObject *py_call_rms_norm_module_rms_norm(const struct py_rms_norm_module_rms_norm *a)
{
    if (!py_check_row_dims(ag_ndim(a->input), a->normalized_shape.n))
        return NULL;
    return py_result(a->head.first, ag_rms_norm(a->input, a->normalized_shape.n,
                                                a->normalized_shape.list, a->weight, a->eps));
}

PyObject *py_call_group_norm_module_group_norm(const struct py_group_norm_module_group_norm *a)
{
    return py_result(a->head.first,
                     ag_group_norm(a->input, a->num_groups, a->weight, a->bias, a->eps));
}

PyObject *py_call_batch_norm_module_batch_norm(const struct py_batch_norm_module_batch_norm *a)
{
    return py_result(a->head.first,
                     ag_batch_norm(a->input, a->running_mean, a->running_var, a->weight, a->bias,
                                   a->training, a->momentum, a->eps));
}

PyObject *py_call_embedding_module_embedding(const struct py_embedding_module_embedding *a)
{
    const int64_t rows = ag_ndim(a->weight) > 0 ? ag_shape(a->weight)[0] : 0;
    const bool is_row = a->padding_idx >= 0 && a->padding_idx < rows;
    return py_result(a->head.first,
                     ag_embedding(a->indices, a->weight, is_row ? a->padding_idx : INT64_MIN,
                                  (double)NAN, 2.0, a->scale_grad_by_freq, a->sparse));
}

/* ---- losses --------------------------------------------------------------------------------- */

/* What is neither 1 nor 2 reduces nothing. */
static int reduction_of(int64_t number) { return number == 1 || number == 2 ? (int)number : 0; }

PyObject *py_call_binary_cross_entropy_with_logits_module_binary_cross_entropy_with_logits(
    const struct py_binary_cross_entropy_with_logits_module_binary_cross_entropy_with_logits *a)
{
    return py_result(a->head.first,
                     ag_binary_cross_entropy_with_logits(a->input, a->target, a->weight,
                                                         reduction_of(a->reduction),
                                                         a->pos_weight));
}

PyObject *py_call_cosine_embedding_loss_module_cosine_embedding_loss(
    const struct py_cosine_embedding_loss_module_cosine_embedding_loss *a)
{
    return py_result(a->head.first,
                     ag_cosine_embedding_loss(a->input1, a->input2, a->target, a->margin,
                                              reduction_of(a->reduction)));
}

PyObject *py_call_hinge_embedding_loss_module_hinge_embedding_loss(
    const struct py_hinge_embedding_loss_module_hinge_embedding_loss *a)
{
    return py_result(a->head.first, ag_hinge_embedding_loss(a->input, a->target, a->margin,
                                                            reduction_of(a->reduction)));
}

PyObject *py_call_kl_div_module_kl_div(const struct py_kl_div_module_kl_div *a)
{
    return py_result(a->head.first, ag_kl_div(a->input, a->target, reduction_of(a->reduction),
                                              a->log_target));
}

PyObject *py_call_margin_ranking_loss_module_margin_ranking_loss(
    const struct py_margin_ranking_loss_module_margin_ranking_loss *a)
{
    return py_result(a->head.first,
                     ag_margin_ranking_loss(a->input1, a->input2, a->target, a->margin,
                                            reduction_of(a->reduction)));
}

PyObject *py_call_poisson_nll_loss_module_poisson_nll_loss(
    const struct py_poisson_nll_loss_module_poisson_nll_loss *a)
{
    return py_result(a->head.first,
                     ag_poisson_nll_loss(a->input, a->target, a->log_input, a->full, a->eps,
                                         reduction_of(a->reduction)));
}

PyObject *py_call_triplet_margin_loss_module_triplet_margin_loss(
    const struct py_triplet_margin_loss_module_triplet_margin_loss *a)
{
    return py_result(a->head.first,
                     ag_triplet_margin_loss(a->anchor, a->positive, a->negative, a->margin, a->p,
                                            a->eps, a->swap, reduction_of(a->reduction)));
}
