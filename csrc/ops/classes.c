/* SPDX-License-Identifier: MIT
 *
 * What is told by numbers of classes, whole ones from 0 on: rows of a table (embedding), losses
 * (nll_loss, cross_entropy), one_hot. Gradients of rows that are taken several times are added in
 * the order of the taking, whatever the number of threads.
 */
#include <math.h>
#include <string.h>

#include "../base/check.h"
#include "../base/shape.h"
#include "../fuse/pending.h"
#include "../tape/dtypes.h"
#include "../tape/formula.h"
#include "../tensor/copy.h"
#include "../tensor/scope.h"
#include "losses.h"
#include "table.h"

/* ---- shared --------------------------------------------------------------------------------- */

#define NO_INDEX INT64_MIN

static ag_tensor *zeros_of(const char *name, int ndim, const int64_t *shape)
{
    const int64_t numel = agi_shape_numel(name, ndim, shape);
    ag_tensor *z = numel < 0 ? NULL : agi_tensor_new(ndim, shape, numel);
    if (z != NULL)
        agi_fill_run(agi_tensor_data(z), numel, 0.0);
    return z;
}

static bool has_integers(const char *name, const ag_tensor *t)
{
    if (agi_dtype_of(t) == AG_INT64)
        return true;
    agi_fail(AG_ERR_VALUE, "%s: expected an index of dtype Long, but got %s", name,
             agi_dtype_name(agi_dtype_of(t)));
    return false;
}

/* ---- embedding: rows of a table by their numbers -------------------------------------------- */

/* i[0] is the row that gets no gradient, or NO_INDEX; i[1] says whether a row's gradient is divided
 * by how often the row was taken. With i[2] there are zeros for the row without a gradient, which
 * may be none of the table then: so the gradient's own derivative takes rows. */
static bool embedding_check(const double *at, int64_t n, int64_t rows, const ag_attr *attr)
{
    for (int64_t k = 0; k < n; k++) {
        const bool skipped = attr->i[2] != 0 && at[k] == (double)attr->i[0];
        if (skipped || (at[k] >= 0.0 && at[k] < (double)rows))
            continue;
        agi_fail(AG_ERR_INDEX, "index out of range in self");
        return false;
    }
    return true;
}

static void embedding_take(double *z, const double *table, const double *at, int64_t n,
                           int64_t width, const ag_attr *attr)
{
    for (int64_t k = 0; k < n; k++, z += width) {
        if (attr->i[2] != 0 && at[k] == (double)attr->i[0])
            agi_fill_run(z, width, 0.0);
        else
            memcpy(z, table + (int64_t)at[k] * width, (size_t)width * sizeof *z);
    }
}

static int64_t embedding_width(const ag_tensor *table)
{
    int64_t width = 1;
    for (int d = 1; d < table->ndim; d++)
        width *= agi_shape_of(table)[d];
    return width;
}

static ag_tensor *embedding_taken(const ag_tensor *index, const ag_tensor *table,
                                  const ag_attr *attr)
{
    const int n = index->ndim + table->ndim - 1;
    const int64_t rows = agi_shape_of(table)[0];
    const double *at = agi_tensor_data(index);
    int64_t shape[2 * AGI_MAX_DIMS];
    memcpy(shape, agi_shape_of(index), (size_t)index->ndim * sizeof *shape);
    memcpy(shape + index->ndim, agi_shape_of(table) + 1,
           (size_t)(table->ndim - 1) * sizeof *shape);
    if (!embedding_check(at, index->numel, rows, attr))
        return NULL;
    const int64_t numel = agi_shape_numel("embedding", n, shape);
    ag_tensor *z = numel < 0 ? NULL : agi_tensor_new(n, shape, numel);
    if (z != NULL && numel > 0)
        embedding_take(agi_tensor_data(z), agi_tensor_data(table), at, index->numel,
                       embedding_width(table), attr);
    return z;
}

AG_FORWARD(embedding)
{
    const ag_tensor *table = args[1].tensor;
    if (table == NULL || table->ndim < 1 || args[0].tensor->ndim + table->ndim > AGI_MAX_DIMS + 1)
        return agi_fail_null(AG_ERR_SHAPE, "'weight' must be 2-D");
    if (!has_integers("embedding", args[0].tensor))
        return NULL;
    ag_tensor *index = agi_row_major_of(args[0].tensor);
    ag_tensor *dense = index != NULL ? agi_row_major_of(args[1].tensor) : NULL;
    ag_tensor *z = dense != NULL ? embedding_taken(index, dense, attr) : NULL;
    agi_release(index);
    agi_release(dense);
    return z;
}

AG_RULE(embedding)
{
    const int64_t *i = agi_node_attr_of(v->node)->i;
    int ndim;
    const int64_t *shape = agi_node_input_shape(v->node, 1, &ndim);
    const ag_arg args[2] = {G, IN(0)};
    if (!NEEDS(1))
        return;
    if (ndim < 0)  /* as the result, so as G should be */
        shape = (ndim = G.tensor != NULL ? G.tensor->ndim : 0) > 0 ? agi_shape_of(G.tensor) : NULL;
    const int64_t rows = ndim > 0 ? shape[0] : 0;
    const ag_attr attr = {.i = {i[0], i[1], rows}};
    GX(1) = agi_value(AG_OP_embedding_vjp, 2, args, &attr);
}

/* ---- embedding_vjp: zeros with rows added; i as above, but i[2] the number of rows ----------- */

/* How often each row is taken. Owned memory; NULL on failure. */
static double *embedding_counts(const double *at, int64_t n, int64_t rows)
{
    if (rows > AGI_INTEGER_MAX) {
        agi_fail_memory("the counts of rows", INT64_MAX);
        return NULL;
    }
    double *counts = agi_plain_new((size_t)(rows + 1) * sizeof *counts);
    if (counts == NULL)
        return NULL;
    memset(counts, 0, (size_t)rows * sizeof *counts);
    for (int64_t k = 0; k < n; k++)
        if (at[k] >= 0.0 && at[k] < (double)rows)
            counts[(int64_t)at[k]] += 1.0;
    return counts;
}

static void embedding_add(double *z, const double *g, const double *at, int64_t n, int64_t width,
                     int64_t skipped, const double *counts)
{
    for (int64_t k = 0; k < n; k++, g += width) {
        double *row = z + (int64_t)at[k] * width;
        if (at[k] == (double)skipped)
            continue;
        const double share = counts != NULL ? 1.0 / counts[(int64_t)at[k]] : 1.0;
        for (int64_t j = 0; j < width; j++)
            row[j] += g[j] * share;
    }
}

/* g: the index's shape, then that of a row. */
static ag_tensor *embedding_added(const ag_tensor *g, const ag_tensor *index, const ag_attr *attr)
{
    const int n = g->ndim - index->ndim;
    int64_t shape[AGI_MAX_DIMS];
    shape[0] = attr->i[2];
    memcpy(shape + 1, agi_shape_of(g) + index->ndim, (size_t)n * sizeof *shape);
    double *counts = NULL;
    ag_tensor *z = zeros_of("embedding_vjp", n + 1, shape);
    if (z != NULL && attr->i[1] != 0 &&
        (counts = embedding_counts(agi_tensor_data(index), index->numel, shape[0])) == NULL) {
        agi_release(z);
        return NULL;
    }
    if (z != NULL && index->numel > 0)
        embedding_add(agi_tensor_data(z), agi_tensor_data(g), agi_tensor_data(index), index->numel,
                      g->numel / index->numel, attr->i[0], counts);
    agi_plain_free(counts);
    return z;
}

AG_FORWARD(embedding_vjp)
{
    const ag_tensor *index = args[1].tensor;
    const ag_attr in_table = {.i = {attr->i[0], 0, 1}};
    if (!has_integers("embedding_vjp", index))
        return NULL;
    ag_tensor *dense = agi_row_major_of(args[0].tensor);
    ag_tensor *at = dense != NULL ? agi_row_major_of(args[1].tensor) : NULL;
    ag_tensor *z = NULL;
    if (at != NULL && (dense->ndim < index->ndim ||
                       !agi_shape_equal(index->ndim, agi_shape_of(dense), index->ndim,
                                        agi_shape_of(index))))
        agi_fail(AG_ERR_SHAPE, "embedding_vjp: expected a row for each index");
    else if (at != NULL && embedding_check(agi_tensor_data(at), at->numel, attr->i[2], &in_table))
        z = embedding_added(dense, at, attr);
    agi_release(dense);
    agi_release(at);
    return z;
}

AG_RULE(embedding_vjp)
{
    const int64_t *i = agi_node_attr_of(v->node)->i;
    const ag_arg args[2] = {IN(1), G};
    const ag_attr attr = {.i = {i[0], i[1], 1}};
    if (NEEDS(0))
        GX(0) = agi_value(AG_OP_embedding, 2, args, &attr);
}

/* Factors that bring rows of these norms which are taken to max_norm, 1 for others. Whether one is
 * another than 1. */
static bool embedding_factors(double *norms, int64_t rows, const ag_tensor *index, double max_norm)
{
    bool any = false;
    const double *at = agi_tensor_data(index);
    for (int64_t k = 0; k < index->numel; k++)  /* below 0: taken, and longer */
        if (norms[(int64_t)at[k]] > max_norm)
            norms[(int64_t)at[k]] = -max_norm / (norms[(int64_t)at[k]] + 1e-7);
    for (int64_t k = 0; k < rows; k++) {
        any |= norms[k] < 0.0;
        norms[k] = norms[k] < 0.0 ? -norms[k] : 1.0;
    }
    return any;
}

/* Shortens rows of the table in place. */
static bool embedding_shorten(ag_tensor *table, ag_tensor *input, double max_norm, double p)
{
    static const int64_t last = 1;
    const ag_attr along = {.f = {p}, .i = {1}, .n_list = 1, .list = &last}, anywhere = {.i = {0}};
    const ag_arg arg = agi_arg(table);
    const int64_t rows = agi_shape_of(table)[0];
    if (!has_integers("embedding", input))
        return false;
    ag_tensor *own = agi_tensor_snapshot(input);
    ag_tensor *norms = own != NULL ? agi_compute(AG_OP_p_norm, 1, &arg, &along) : NULL;
    bool ok = norms != NULL && agi_storage_ready(own->storage) == AG_OK &&
              agi_storage_writable(norms->storage) == AG_OK;
    ag_tensor *index = ok ? agi_row_major_of(own) : NULL;
    ok = index != NULL &&
         embedding_check(agi_tensor_data(index), index->numel, rows, &anywhere);
    if (ok && embedding_factors(agi_tensor_data(norms), rows, index, max_norm)) {
        const bool recording = ag_set_grad_enabled(false);
        const ag_arg args[2] = {arg, agi_arg(norms)};
        ok = ag_apply_(AG_OP_mul, 2, args, NULL) == AG_OK;
        ag_set_grad_enabled(recording);
    }
    agi_release(index);
    agi_release(norms);
    agi_release(own);
    return ok;
}

ag_tensor *ag_embedding(ag_tensor *input, ag_tensor *weight, int64_t padding_idx, double max_norm,
                        double norm_type, bool scale_grad_by_freq, bool sparse)
{
    if (!agi_has_tensors("embedding", input, weight))
        return NULL;
    if (weight->ndim != 2)
        return agi_fail_null(AG_ERR_SHAPE, "'weight' must be 2-D");
    if (sparse)
        return agi_fail_null(AG_ERR_DTYPE, "embedding: gradients are dense, there are no sparse "
                                           "tensors");
    const int64_t rows = agi_shape_of(weight)[0];
    if (padding_idx != NO_INDEX && (padding_idx < -rows || padding_idx >= rows))
        return agi_fail_null(AG_ERR_INDEX, "Padding_idx must be within num_embeddings");
    if (padding_idx < 0 && padding_idx != NO_INDEX)
        padding_idx += rows;
    if (!isnan(max_norm) && !embedding_shorten(weight, input, max_norm, norm_type))
        return NULL;
    const ag_arg args[2] = {agi_arg(input), agi_arg(weight)};
    const ag_attr attr = {.i = {padding_idx, scale_grad_by_freq}};
    ag_tensor *z = agi_call(AG_OP_embedding, 2, args, &attr);
    if (z != NULL && agi_dtype_of(weight) == AG_BOOL)
        z->storage->dtype = AG_BOOL;  /* promoted with the rows' numbers it is int64 */
    return z;
}

/* ---- class_loss: 0 - x[t] along the dimension of classes; dx = -g there --------------------- */

/* Of a tensor with classes along its dimension 1, or along its only one: how many numbers lie
 * before, along and behind that. */
typedef struct class_walk {
    int64_t outer, classes, inner;
} class_walk;

static class_walk walk_of(int ndim, const int64_t *shape)
{
    class_walk w = {1, shape[ndim > 1], 1};
    if (ndim > 1)
        w.outer = shape[0];
    for (int d = 2; d < ndim; d++)
        w.inner *= shape[d];
    return w;
}

/* i[0] is the class that counts for nothing, and may be none of them. */
static bool check_targets(const double *t, int64_t n, int64_t classes, int64_t ignored)
{
    for (int64_t k = 0; k < n; k++) {
        if (t[k] == (double)ignored || (t[k] >= 0.0 && t[k] < (double)classes))
            continue;
        agi_fail(AG_ERR_INDEX, "Target %lld is out of bounds.", (long long)t[k]);
        return false;
    }
    return true;
}

/* The places of x that targets choose. */
static double *chosen(double *x, class_walk w, int64_t k, double target)
{
    const int64_t outer = k / w.inner, inner = k % w.inner;
    return x + (outer * w.classes + (int64_t)target) * w.inner + inner;
}

static bool has_class_numbers(const ag_tensor *t)
{
    if (agi_dtype_of(t) == AG_INT64)
        return true;
    agi_fail(AG_ERR_VALUE, "expected target dtype to be Long or Byte, but got %s",
             agi_dtype_name(agi_dtype_of(t)));
    return false;
}

static void shape_of_targets(const ag_tensor *x, int *ndim, int64_t *shape)
{
    *ndim = x->ndim - 1;
    for (int d = 0, to = 0; d < x->ndim; d++)
        if (d != (x->ndim > 1))
            shape[to++] = agi_shape_of(x)[d];
}

/* Targets of another shape than is expected, in PyTorch's words: it has a case of its own for
 * pictures, which have two dimensions behind that of the classes. */
static void refuse_target_shape(const ag_tensor *x, const ag_tensor *t, const int64_t *expected)
{
    char one[AGI_SHAPE_TEXT], other[AGI_SHAPE_TEXT];
    agi_format_shape_list(other, t->ndim, agi_shape_of(t));
    if (x->ndim <= 2 && t->ndim > 1)
        agi_fail(AG_ERR_SHAPE, "0D or 1D target tensor expected, multi-target not supported");
    else if (x->ndim == 4 && t->ndim != 3)
        agi_fail(AG_ERR_SHAPE, "only batches of spatial targets supported (3D tensors) but got "
                               "targets of dimension: %d", t->ndim);
    else if (x->ndim > 2 && x->ndim != 4)
        agi_fail(AG_ERR_SHAPE, "Expected target size %s, got %s",
                 agi_format_shape_list(one, x->ndim - 1, expected), other);
    else
        agi_fail(AG_ERR_SHAPE, "size mismatch (got input: %s, target: %s)",
                 agi_format_shape_list(one, x->ndim, agi_shape_of(x)), other);
}

static bool check_target_shape(const char *name, const ag_tensor *x, const ag_tensor *t)
{
    int ndim;
    int64_t shape[AGI_MAX_DIMS];
    if (x->ndim < 1) {
        agi_fail(AG_ERR_SHAPE, "%s: Expected 1 or more dimensions (got 0)", name);
        return false;
    }
    shape_of_targets(x, &ndim, shape);
    if (agi_shape_equal(ndim, shape, t->ndim, agi_shape_of(t)))
        return true;
    refuse_target_shape(x, t, shape);
    return false;
}

AG_FORWARD(class_loss)
{
    const int64_t ignored = attr->i[0];
    if (!has_class_numbers(args[1].tensor) ||
        !check_target_shape("nll_loss", args[0].tensor, args[1].tensor))
        return NULL;
    ag_tensor *x = agi_row_major_of(args[0].tensor), *z = NULL;
    ag_tensor *t = x != NULL ? agi_row_major_of(args[1].tensor) : NULL;
    if (t != NULL) {
        const class_walk w = walk_of(x->ndim, agi_shape_of(x));
        const double *at = agi_tensor_data(t);
        if (check_targets(at, t->numel, w.classes, ignored))
            z = agi_tensor_new(t->ndim, agi_shape_of(t), t->numel);
        for (int64_t k = 0; z != NULL && k < t->numel; k++)
            agi_tensor_data(z)[k] = at[k] == (double)ignored
                                        ? 0.0 : 0.0 - *chosen(agi_tensor_data(x), w, k, at[k]);
    }
    agi_release(x);
    agi_release(t);
    return z;
}

AG_RULE(class_loss)
{
    int ndim;
    const int64_t *shape = agi_node_input_shape(v->node, 0, &ndim);
    const ag_arg args[2] = {G, IN(1)};
    const ag_attr attr = {.i = {agi_node_attr_of(v->node)->i[0], shape[ndim > 1]}};
    if (NEEDS(0))
        GX(0) = agi_value(AG_OP_class_loss_vjp, 2, args, &attr);
}

/* ---- class_loss_vjp: zeros, and -g where targets are; i[1] is the number of classes ---------- */

AG_FORWARD(class_loss_vjp)
{
    const int64_t ignored = attr->i[0];
    if (!has_integers("class_loss_vjp", args[1].tensor))
        return NULL;
    ag_tensor *g = agi_row_major_of(args[0].tensor), *z = NULL;
    ag_tensor *t = g != NULL ? agi_row_major_of(args[1].tensor) : NULL;
    int64_t shape[AGI_MAX_DIMS + 1];
    if (t != NULL && (!agi_same_shape(g, t) || t->ndim >= AGI_MAX_DIMS)) {
        agi_fail(AG_ERR_SHAPE, "class_loss_vjp: expected a gradient for each target");
    } else if (t != NULL && check_targets(agi_tensor_data(t), t->numel, attr->i[1], ignored)) {
        const int at = t->ndim > 0;
        memcpy(shape, agi_shape_of(t), (size_t)at * sizeof *shape);
        shape[at] = attr->i[1];
        memcpy(shape + at + 1, agi_shape_of(t) + at, (size_t)(t->ndim - at) * sizeof *shape);
        z = zeros_of("class_loss_vjp", t->ndim + 1, shape);
    }
    const class_walk w = z != NULL ? walk_of(z->ndim, shape) : (class_walk){0, 0, 0};
    for (int64_t k = 0; z != NULL && k < t->numel; k++) {
        const double target = agi_tensor_data(t)[k];
        if (target != (double)ignored)
            *chosen(agi_tensor_data(z), w, k, target) = 0.0 - agi_tensor_data(g)[k];
    }
    agi_release(g);
    agi_release(t);
    return z;
}

AG_RULE(class_loss_vjp)
{
    const ag_arg args[2] = {G, IN(1)};
    const ag_attr attr = {.i = {agi_node_attr_of(v->node)->i[0]}};
    if (NEEDS(0))
        GX(0) = agi_value(AG_OP_class_loss, 2, args, &attr);
}

/* ---- nll_loss ------------------------------------------------------------------------------- */

/* Targets that count; -1 with an error. */
static int64_t count_targets(ag_tensor *target, int64_t ignored)
{
    ag_tensor *own = agi_tensor_snapshot(target);
    ag_tensor *t = own != NULL ? agi_row_major_of(own) : NULL;
    int64_t count = -1;
    if (t != NULL) {
        const double *at = agi_tensor_data(t);
        count = 0;
        for (int64_t k = 0; k < t->numel; k++)
            count += at[k] != (double)ignored;
    }
    agi_release(t);
    agi_release(own);
    return count;
}

/* Errors of targets, which `op` finds, each times the weight of its class where there are weights:
 * reduced. What the mean is by is in *by then, a number or a sum. */
static ag_arg nll(int op, ag_arg logs, ag_arg t, ag_arg weight, int64_t ignored, int64_t reduction,
                  ag_arg *by)
{
    const ag_arg args[2] = {logs, t};
    const ag_attr attr = {.i = {ignored}};
    ag_arg errors = agi_value(op, 2, args, &attr);
    if (agi_value_failed(errors))
        return errors;
    if (agi_is_given(weight)) {
        const ag_arg table[2] = {t, weight};
        const ag_attr masked = {.i = {ignored, 0, 1}};
        const ag_arg weights = agi_value(AG_OP_embedding, 2, table, &masked);
        errors = v_mul(errors, weights);
        *by = agi_reduced(weights, AGI_LOSS_SUM);
    } else if (reduction == AGI_LOSS_MEAN) {
        const int64_t n = count_targets(t.tensor, ignored);
        *by = NUM((double)n);
        if (n < 0)
            return agi_failed_loss();
        if (n == t.tensor->numel)
            return agi_reduced(errors, AGI_LOSS_MEAN);
    }
    if (reduction != AGI_LOSS_MEAN)
        return agi_reduced(errors, reduction);
    return v_div(agi_reduced(errors, AGI_LOSS_SUM), *by);
}

/* Weights of classes: one for each. */
static bool check_class_weights(const ag_tensor *x, ag_arg weight)
{
    const ag_tensor *w = weight.tensor;
    if (w == NULL || (w->ndim == 1 && w->numel == agi_shape_of(x)[x->ndim > 1]))
        return true;
    char text[AGI_SHAPE_TEXT];
    agi_fail(AG_ERR_SHAPE, "weight tensor should be defined either for all %lld classes or no "
                           "classes but got weight tensor of shape: %s",
             (long long)agi_shape_of(x)[x->ndim > 1],
             agi_format_shape_list(text, w->ndim, agi_shape_of(w)));
    return false;
}

/* The target of one row may be a vector of one number. */
static ag_arg own_target(const ag_arg *args)
{
    const ag_tensor *x = args[0].tensor, *t = args[1].tensor;
    return x->ndim == 1 && t->ndim == 1 && t->numel == 1 ? v_view(v_row_major(args[1]), 0, NULL)
                                                         : args[1];
}

AG_FORMULA(nll_loss)
{
    ag_arg by;
    const ag_arg target = own_target(args);
    if (agi_value_failed(target) || !agi_check_reduction("nll_loss", attr->i[1]) ||
        !check_target_shape("nll_loss", args[0].tensor, target.tensor) ||
        !check_class_weights(args[0].tensor, args[2]))
        return agi_failed_loss();
    return nll(AG_OP_class_loss, args[0], target, args[2], attr->i[0], attr->i[1], &by);
}

/* ---- cross_entropy -------------------------------------------------------------------------- */

static ag_arg class_sum(ag_arg x, int64_t dim)
{
    const ag_attr attr = {.n_list = 1, .list = &dim};
    return v_reduce(AG_OP_sum, x, &attr, false);
}

/* x (log probabilities, say) times the weights of classes. */
static ag_arg by_class(ag_arg x, ag_arg weight)
{
    if (!agi_is_given(weight) || agi_value_failed(x))
        return x;
    int64_t shape[AGI_MAX_DIMS];
    const int ndim = x.tensor->ndim;
    for (int d = 0; d < ndim; d++)
        shape[d] = d == (ndim > 1) ? weight.tensor->numel : 1;
    return v_mul(x, v_view(v_row_major(weight), ndim, shape));
}

/* Targets are probabilities. */
static ag_arg of_probabilities(ag_arg logs, ag_arg t, ag_arg weight, int64_t dim,
                               const ag_attr *attr)
{
    const double smoothing = attr->f[0];
    const int64_t classes = agi_shape_of(t.tensor)[dim];
    if (smoothing > 0.0)
        t = v_add(v_mul(t, NUM(1.0 - smoothing)), NUM(smoothing / (double)classes));
    const ag_arg errors = v_neg(by_class(v_mul(logs, t), weight));
    if (attr->i[1] == AGI_LOSS_EACH)
        return class_sum(errors, dim);
    const ag_arg sum = agi_reduced(errors, AGI_LOSS_SUM);
    if (attr->i[1] == AGI_LOSS_SUM)
        return sum;
    return v_div(sum, NUM((double)t.tensor->numel / (double)classes));
}

/* A part of each error is what all classes would give, equally probable. */
static ag_arg smoothed(ag_arg logs, ag_arg t, ag_arg weight, int64_t dim, const ag_attr *attr)
{
    const double smoothing = attr->f[0];
    const double classes = (double)agi_shape_of(logs.tensor)[dim];
    ag_arg by = NUM(1.0);
    const ag_arg own = nll(AG_OP_class_loss, logs, t, weight, attr->i[0], attr->i[1], &by);
    const ag_arg kept = v_ne(t, NUM((double)attr->i[0]));
    ag_arg all = v_neg(class_sum(by_class(logs, weight), dim));
    all = agi_reduced(v_where(kept, all, NUM(0.0)),
                      attr->i[1] == AGI_LOSS_EACH ? AGI_LOSS_EACH : AGI_LOSS_SUM);
    if (attr->i[1] == AGI_LOSS_MEAN)
        all = v_div(all, by);
    return v_add(v_mul(own, NUM(1.0 - smoothing)), v_mul(all, NUM(smoothing / classes)));
}

static bool check_cross_entropy(const ag_arg *args, ag_arg target, const ag_attr *attr,
                                bool *by_index)
{
    const ag_tensor *x = args[0].tensor, *t = target.tensor;
    *by_index = !agi_same_shape(x, t);
    if (!agi_check_reduction("cross_entropy", attr->i[1]))
        return false;
    if (!(attr->f[0] >= 0.0 && attr->f[0] <= 1.0))
        agi_fail(AG_ERR_VALUE, "label_smoothing must be between 0.0 and 1.0. Got: %g", attr->f[0]);
    else if (x->ndim < 1)
        agi_fail(AG_ERR_INDEX, "cross_entropy: expected an input with at least one dimension");
    else if (!*by_index && agi_dtype_of(t) != AG_FLOAT64)
        agi_fail(AG_ERR_VALUE, "Expected floating point type for target with class probabilities, "
                               "got %s", agi_dtype_name(agi_dtype_of(t)));
    else if (!*by_index && attr->i[0] >= 0)
        agi_fail(AG_ERR_VALUE, "ignore_index is not supported for floating point target");
    else
        return check_class_weights(x, args[2]) &&
               (!*by_index || check_target_shape("cross_entropy", x, t));
    return false;
}

AG_FORMULA(cross_entropy)
{
    bool by_index;
    ag_arg by;
    const ag_arg target = agi_same_shape(args[0].tensor, args[1].tensor) ? args[1]
                                                                        : own_target(args);
    if (agi_value_failed(target) || !check_cross_entropy(args, target, attr, &by_index))
        return agi_failed_loss();
    const int64_t dim = args[0].tensor->ndim > 1;
    const ag_attr along = {.i = {dim}};
    if (by_index && attr->f[0] == 0.0 && args[0].tensor->ndim <= 2 && args[0].tensor->numel > 0 &&
        agi_dtype_of(target.tensor) == AG_INT64)
        return nll(AG_OP_class_entropy, args[0], target, args[2], attr->i[0], attr->i[1], &by);
    const ag_arg logs = agi_value(AG_OP_log_softmax, 1, args, &along);
    if (agi_value_failed(logs))
        return logs;
    if (!by_index)
        return of_probabilities(logs, target, args[2], dim, attr);
    if (attr->f[0] > 0.0)
        return smoothed(logs, target, args[2], dim, attr);
    return nll(AG_OP_class_loss, logs, target, args[2], attr->i[0], attr->i[1], &by);
}

/* ---- one_hot -------------------------------------------------------------------------------- */

static bool check_classes(const ag_tensor *t, int64_t *classes)
{
    const double *at = agi_tensor_data(t);
    double most = -1.0;
    if (t->numel == 0 && *classes <= 0) {
        agi_fail(AG_ERR_VALUE, "Can not infer total number of classes from empty tensor.");
        return false;
    }
    for (int64_t k = 0; k < t->numel; k++) {
        if (at[k] < 0.0) {
            agi_fail(AG_ERR_VALUE, "Class values must be non-negative.");
            return false;
        }
        most = at[k] > most ? at[k] : most;
    }
    if (*classes == -1)
        *classes = (int64_t)most + 1;
    if (*classes < 1)
        agi_fail(AG_ERR_VALUE, "num_classes should be positive");
    else if (most >= (double)*classes)
        agi_fail(AG_ERR_VALUE, "Class values must be smaller than num_classes.");
    else
        return true;
    return false;
}

static ag_tensor *one_hot_of(const ag_tensor *t, int64_t classes)
{
    int64_t shape[AGI_MAX_DIMS + 1];
    if (!check_classes(t, &classes))
        return NULL;
    memcpy(shape, agi_shape_of(t), (size_t)t->ndim * sizeof *shape);
    shape[t->ndim] = classes;
    ag_tensor *z = zeros_of("one_hot", t->ndim + 1, shape);
    if (z == NULL)
        return NULL;
    for (int64_t k = 0; k < t->numel; k++)
        agi_tensor_data(z)[k * classes + (int64_t)agi_tensor_data(t)[k]] = 1.0;
    z->storage->dtype = AG_INT64;
    return z;
}

ag_tensor *ag_one_hot(ag_tensor *input, int64_t num_classes)
{
    if (!agi_has_tensor("one_hot", input))
        return NULL;
    if (agi_dtype_of(input) != AG_INT64)
        return agi_fail_null(AG_ERR_VALUE, "one_hot is only applicable to index tensor of type "
                                           "LongTensor.");
    if (input->ndim >= AGI_MAX_DIMS)
        return agi_fail_null(AG_ERR_SHAPE, "one_hot: expected at most %d dimensions, got %d",
                             AGI_MAX_DIMS - 1, input->ndim);
    ag_tensor *own = agi_tensor_snapshot(input);
    ag_tensor *t = own != NULL ? agi_row_major_of(own) : NULL;
    ag_tensor *z = t != NULL ? one_hot_of(t, num_classes) : NULL;
    agi_release(t);
    agi_release(own);
    return agi_scope_add(z);
}
