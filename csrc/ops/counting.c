/* SPDX-License-Identifier: MIT
 *
 * Counting and searching: functions that the tape does not know, since they have no derivative.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../base/check.h"
#include "../base/parallel.h"
#include "../base/shape.h"
#include "../fuse/pending.h"
#include "../tape/apply.h"
#include "../tape/dtypes.h"
#include "../tensor/scope.h"
#include "table.h"

/* ---- shared --------------------------------------------------------------------------------- */

/* The numbers of t, row-major and there to be read. Owned. */
static ag_tensor *numbers_of(ag_tensor *t)
{
    ag_tensor *own = agi_tensor_to_read(t), *x = own != NULL ? agi_row_major_of(own) : NULL;
    agi_release(own);
    return x;
}

/* The same of a number, as a tensor without dimensions. */
static ag_tensor *numbers_of_arg(ag_arg arg)
{
    if (arg.tensor != NULL)
        return numbers_of(arg.tensor);
    ag_tensor *x = agi_tensor_new(0, NULL, 1);
    if (x != NULL)
        *agi_tensor_data(x) = arg.value;
    return x;
}

static ag_tensor *new_counts(int ndim, const int64_t *shape, int64_t numel, ag_dtype dtype)
{
    ag_tensor *z = agi_tensor_new(ndim, shape, numel);
    if (z != NULL)
        z->storage->dtype = (uint8_t)dtype;
    return z;
}

static ag_tensor *new_zeros(int64_t n, ag_dtype dtype)
{
    const int64_t shape[1] = {n};
    ag_tensor *z = agi_shape_numel("zeros", 1, shape) < 0 ? NULL : new_counts(1, shape, n, dtype);
    if (z != NULL && n > 0)
        memset(agi_tensor_data(z), 0, (size_t)n * sizeof(double));
    return z;
}

static bool is_implemented(const char *name, const ag_tensor *t, ag_dtype dtype)
{
    if (agi_dtype_of(t) == dtype)
        return true;
    agi_fail(AG_ERR_DTYPE, "\"%s_cpu\" not implemented for '%s'", name,
             agi_dtype_name(agi_dtype_of(t)));
    return false;
}

static bool are_both_bool(ag_arg a, ag_arg b)
{
    return agi_arg_dtype(&a) == AG_BOOL && agi_arg_dtype(&b) == AG_BOOL;
}

/* ---- bincount ------------------------------------------------------------------------------- */

static bool check_bincount(const ag_tensor *x, const ag_tensor *weights, int64_t minlength)
{
    if (!is_implemented("bincount", x, AG_INT64))
        return false;
    if (minlength < 0)
        agi_fail(AG_ERR_VALUE, "minlength should be >= 0");
    else if (x->ndim != 1)
        agi_fail(AG_ERR_SHAPE, "bincount only supports 1-d non-negative integral inputs.");
    else if (weights != NULL && x->numel > 0 && (weights->ndim != 1 || weights->numel != x->numel))
        agi_fail(AG_ERR_SHAPE, "weights should be 1-d and have the same length as input");
    else
        return true;
    return false;
}

/* The largest number and 1; -1 with an error where there is a negative one. */
static int64_t length_of_counts(const double *x, int64_t n)
{
    double largest = -1.0, least = 0.0;
    for (int64_t i = 0; i < n; i++) {
        largest = x[i] > largest ? x[i] : largest;
        least = x[i] < least ? x[i] : least;
    }
    if (least >= 0.0)
        return (int64_t)largest + 1;
    agi_fail(AG_ERR_VALUE, "bincount only supports 1-d non-negative integral inputs.");
    return -1;
}

static ag_tensor *count_numbers(const ag_tensor *x, const ag_tensor *weights, int64_t minlength)
{
    const double *at = agi_tensor_data(x);
    const int64_t length = length_of_counts(at, x->numel);
    ag_tensor *z = length < 0 ? NULL
                              : new_zeros(length > minlength ? length : minlength,
                                          weights != NULL ? AG_FLOAT64 : AG_INT64);
    if (z == NULL)
        return NULL;
    double *counts = agi_tensor_data(z);
    const double *w = weights != NULL ? agi_tensor_data(weights) : NULL;
    for (int64_t i = 0; i < x->numel; i++)
        counts[(int64_t)at[i]] += w != NULL ? w[i] : 1.0;
    return z;
}

ag_tensor *ag_bincount(ag_tensor *x, ag_tensor *weights, int64_t minlength)
{
    if (!agi_has_tensor("bincount", x) || !check_bincount(x, weights, minlength))
        return NULL;
    weights = x->numel > 0 ? weights : NULL;
    ag_tensor *own = numbers_of(x), *own_weights = weights != NULL ? numbers_of(weights) : NULL;
    ag_tensor *z = own != NULL && (weights == NULL || own_weights != NULL)
                       ? count_numbers(own, own_weights, minlength) : NULL;
    agi_release(own);
    agi_release(own_weights);
    return agi_scope_add(z);
}

/* ---- histc ---------------------------------------------------------------------------------- */

/* The ends that are meant. False with an error. */
static bool choose_ends(const double *x, int64_t n, double *min, double *max)
{
    if (*min == *max && n > 0) {
        *min = *max = x[0];
        for (int64_t i = 1; i < n; i++) {
            *min = x[i] < *min || x[i] != x[i] ? x[i] : *min;
            *max = x[i] > *max || x[i] != x[i] ? x[i] : *max;
        }
    }
    if (!isfinite(*min) || !isfinite(*max)) {
        agi_fail(AG_ERR_VALUE, "histc: range of [%g, %g] is not finite", *min, *max);
        return false;
    }
    if (*min == *max) {
        *min -= 1.0;
        *max += 1.0;
    }
    return true;
}

static void count_intervals(double *z, int64_t bins, const double *x, int64_t n, double min,
                            double max)
{
    for (int64_t i = 0; i < n; i++) {
        if (!(x[i] >= min && x[i] <= max))
            continue;
        const int64_t k = (int64_t)((x[i] - min) * (double)bins / (max - min));
        z[k < bins ? k : bins - 1] += 1.0;
    }
}

ag_tensor *ag_histc(ag_tensor *x, int64_t bins, double min, double max)
{
    if (!agi_has_tensor("histc", x) || !is_implemented("histogram", x, AG_FLOAT64))
        return NULL;
    if (bins <= 0)
        return agi_fail_null(AG_ERR_VALUE, "histc: bins must be > 0, but got %lld",
                             (long long)bins);
    if (min > max)
        return agi_fail_null(AG_ERR_VALUE, "histc: max must be larger than min");
    ag_tensor *own = numbers_of(x), *z = NULL;
    if (own != NULL && choose_ends(agi_tensor_data(own), own->numel, &min, &max))
        z = new_zeros(bins, AG_FLOAT64);
    if (z != NULL)
        count_intervals(agi_tensor_data(z), bins, agi_tensor_data(own), own->numel, min, max);
    agi_release(own);
    return agi_scope_add(z);
}

/* ---- searchsorted: by halves ---------------------------------------------------------------- */

/* A NaN is behind all numbers. */
AGI_INLINE bool is_before(double x, double y) { return x < y || (y != y && x == x); }

static int64_t place_in(const double *sorted, int64_t n, double x, bool right)
{
    const double *at = sorted;
    while (n > 0) {
        const int64_t half = n / 2;
        const bool behind = right ? !is_before(x, at[half]) : is_before(at[half], x);
        at += behind ? half + 1 : 0;
        n = behind ? n - half - 1 : half;
    }
    return at - sorted;
}

typedef struct search_job {
    double *z;
    const double *sorted, *x;
    int64_t n, per_row;   /* of a row: sorted numbers; numbers that are searched for in it */
    bool one_row, right;
} search_job;

static void search_range(void *context, int64_t begin, int64_t end, int part)
{
    const search_job *job = context;
    (void)part;
    for (int64_t i = begin; i < end; i++) {
        const double *row = job->sorted + (job->one_row ? 0 : i / job->per_row * job->n);
        job->z[i] = (double)place_in(row, job->n, job->x[i], job->right);
    }
}

static void search_all(search_job *job, int64_t n)
{
    if (n < AGI_PARALLEL_MIN) {
        search_range(job, 0, n, 0);
        return;
    }
    void *token = agi_blocking_enter();
    agi_parallel_for(n, AGI_PARALLEL_GRAIN, 1, search_range, job);
    agi_blocking_leave(token);
}

static bool check_search(ag_tensor *sorted, ag_arg input)
{
    const ag_tensor *x = input.tensor;
    const int rows = sorted->ndim - 1;
    if (sorted->ndim == 0)
        agi_fail(AG_ERR_SHAPE, "searchsorted(): boundaries tensor should have positive dimension, "
                               "but got 0 dimension");
    else if (rows > 0 && (x == NULL || x->ndim != sorted->ndim ||
                          !agi_shape_equal(rows, agi_shape_of(x), rows, agi_shape_of(sorted))))
        agi_fail(AG_ERR_SHAPE, "searchsorted(): sorted_sequence must have 1 dimension, or the "
                               "sizes of the input in all but the last");
    else if (are_both_bool(agi_arg(sorted), input))
        agi_fail(AG_ERR_DTYPE, "\"searchsorted_out_cpu\" not implemented for 'Bool'");
    else
        return true;
    return false;
}

static bool check_sorter(const ag_tensor *sorted, const ag_tensor *sorter)
{
    if (agi_dtype_of(sorter) != AG_INT64)
        agi_fail(AG_ERR_VALUE, "searchsorted(): sorter must be an int64 tensor, but got %s",
                 agi_dtype_name(agi_dtype_of(sorter)));
    else if (!agi_shape_equal(sorter->ndim, agi_shape_of(sorter), sorted->ndim,
                              agi_shape_of(sorted)))
        agi_fail(AG_ERR_SHAPE, "searchsorted(): sorter must have the sizes of sorted_sequence");
    else
        return true;
    return false;
}

/* The rows of `sorted` in the order of the sorter's. Owned. */
static ag_tensor *in_order_of(const ag_tensor *sorted, const ag_tensor *sorter)
{
    const int64_t n = agi_shape_of(sorted)[sorted->ndim - 1];
    ag_tensor *z = agi_tensor_new(sorted->ndim, agi_shape_of(sorted), sorted->numel);
    for (int64_t i = 0; z != NULL && i < sorted->numel; i++) {
        const double at = agi_tensor_data(sorter)[i];
        if (!(at >= 0.0 && at < (double)n)) {
            agi_fail(AG_ERR_VALUE, "searchsorted(): sorter index out of range");
            agi_release(z);
            return NULL;
        }
        agi_tensor_data(z)[i] = agi_tensor_data(sorted)[i / n * n + (int64_t)at];
    }
    return z;
}

/* Owned: the numbers of the sequence in the order in which they are searched. */
static ag_tensor *sorted_numbers(ag_tensor *sorted, ag_tensor *sorter)
{
    ag_tensor *own = numbers_of(sorted);
    if (own == NULL || sorter == NULL)
        return own;
    ag_tensor *order = numbers_of(sorter), *z = NULL;
    if (order != NULL && check_sorter(own, order))
        z = in_order_of(own, order);
    agi_release(own);
    agi_release(order);
    return z;
}

static ag_tensor *search(ag_tensor *sorted, ag_arg input, bool right, ag_tensor *sorter)
{
    if (!check_search(sorted, input) || (sorter != NULL && !check_sorter(sorted, sorter)))
        return NULL;
    ag_tensor *own = sorted_numbers(sorted, sorter), *z = NULL;
    ag_tensor *x = own != NULL ? numbers_of_arg(input) : NULL;
    if (x != NULL)
        z = new_counts(x->ndim, agi_shape_of(x), x->numel, AG_INT64);
    if (z != NULL && x->numel > 0) {
        search_job job = {.z = agi_tensor_data(z), .sorted = agi_tensor_data(own),
                          .x = agi_tensor_data(x), .right = right, .one_row = own->ndim == 1,
                          .n = agi_shape_of(own)[own->ndim - 1], .per_row = 1};
        job.per_row = x->ndim > 0 ? agi_shape_of(x)[x->ndim - 1] : 1;
        search_all(&job, x->numel);
    }
    agi_release(own);
    agi_release(x);
    return agi_scope_add(z);
}

ag_tensor *ag_searchsorted(ag_tensor *sorted, ag_arg input, bool out_int32, bool right, int side,
                           ag_tensor *sorter)
{
    (void)out_int32;
    if (!agi_has_tensor("searchsorted", sorted))
        return NULL;
    if (side == 0 && right)
        return agi_fail_null(AG_ERR_VALUE, "searchsorted(): side and right can't be set to "
                                           "opposites, got side of left while right was True");
    return search(sorted, input, right || side == 1, sorter);
}

ag_tensor *ag_bucketize(ag_arg input, ag_tensor *boundaries, bool out_int32, bool right)
{
    (void)out_int32;
    if (!agi_has_tensor("bucketize", boundaries))
        return NULL;
    if (boundaries->ndim != 1)
        return agi_fail_null(AG_ERR_SHAPE, "bucketize(): boundaries must be 1 dimension, but got "
                                           "%d", boundaries->ndim);
    return search(boundaries, input, right, NULL);
}

/* ---- histogram ------------------------------------------------------------------------------ */

static bool check_histogram(ag_tensor *x, const ag_tensor *weight)
{
    if (!agi_has_tensor("histogram", x) || !is_implemented("histogram", x, AG_FLOAT64))
        return false;
    if (weight == NULL)
        return true;
    if (agi_dtype_of(weight) != AG_FLOAT64)
        agi_fail(AG_ERR_VALUE, "histogram(): input tensor and weight tensor should have "
                               "the same dtype, but got input float64 and weight %s",
                 agi_dtype_name(agi_dtype_of(weight)));
    else if (!agi_shape_equal(x->ndim, agi_shape_of(x), weight->ndim, agi_shape_of(weight)))
        agi_fail(AG_ERR_SHAPE, "histogram(): if weight tensor is provided it should have "
                               "the same shape as the input tensor");
    else
        return true;
    return false;
}

/* The interval that x lies in, -1 where it lies in none: evenly apart, its
 * place is where the division says, or beside that. */
static int64_t interval_of(double x, const double *edges, int64_t bins, double per_width)
{
    if (!(x >= edges[0] && x <= edges[bins]))
        return -1;
    int64_t first = 0, behind = bins + 1;
    if (per_width > 0.0) {
        const int64_t guess = (int64_t)((x - edges[0]) * per_width);
        first = guess > 1 ? guess - 1 : 0;
        behind = guess + 2 < bins + 1 ? guess + 2 : bins + 1;
        first = first < bins ? first : bins;
    }
    const int64_t k = first + place_in(edges + first, behind - first, x, true) - 1;
    return k < bins ? (k < 0 ? 0 : k) : bins - 1;
}

/* Divides counts by their sum and the widths. */
static void make_density(double *counts, const double *edges, int64_t bins)
{
    double sum = 0.0;
    for (int64_t k = 0; k < bins; k++)
        sum += counts[k];
    for (int64_t k = 0; k < bins; k++)
        counts[k] = counts[k] / sum / (edges[k + 1] - edges[k]);
}

/* The counts between edges, `per_width` of them in a unit if they are evenly apart, else 0. Both
 * into outs; takes the edges. */
static ag_status count_between(const ag_tensor *x, const ag_tensor *weight, ag_tensor *edges,
                               double per_width, bool density, ag_tensor **outs)
{
    const int64_t bins = edges->numel - 1;
    ag_tensor *z = new_zeros(bins, AG_FLOAT64);
    if (z == NULL) {
        agi_release(edges);
        return ag_last_status();
    }
    double *counts = agi_tensor_data(z);
    const double *at = agi_tensor_data(edges), *w = weight != NULL ? agi_tensor_data(weight) : NULL;
    for (int64_t i = 0; bins > 0 && i < x->numel; i++) {
        const int64_t k = interval_of(agi_tensor_data(x)[i], at, bins, per_width);
        if (k >= 0)
            counts[k] += w != NULL ? w[i] : 1.0;
    }
    if (density)
        make_density(counts, at, bins);
    outs[0] = agi_scope_add(z);
    outs[1] = agi_scope_add(edges);
    return AG_OK;
}

/* The smallest and the largest number; 0 and 1 where there is none. */
static void find_ends(const double *x, int64_t n, double *min, double *max)
{
    *min = n > 0 ? x[0] : 0.0;
    *max = n > 0 ? x[0] : 1.0;
    for (int64_t i = 1; i < n; i++) {
        *min = x[i] < *min || x[i] != x[i] ? x[i] : *min;
        *max = x[i] > *max || x[i] != x[i] ? x[i] : *max;
    }
}

/* Ends of intervals of one width; NULL with an error. */
static ag_tensor *even_edges(const ag_tensor *x, int64_t bins, double min, double max)
{
    const int64_t count = bins + 1;
    if (isnan(min) && isnan(max))
        find_ends(agi_tensor_data(x), x->numel, &min, &max);
    if (!isfinite(min) || !isfinite(max))
        return agi_fail_null(AG_ERR_VALUE, "histogram(): dimension 0's range [%g, %g] is "
                                           "not finite", min, max);
    if (min > max)
        return agi_fail_null(AG_ERR_VALUE, "histogram(): min should not exceed max, but "
                                           "got min %g max %g for dimension 0", min, max);
    if (min == max) {
        min -= 0.5;
        max += 0.5;
    }
    ag_tensor *edges = agi_shape_numel("histogram", 1, &count) < 0 ? NULL
                                                                   : ag_linspace(min, max, count);
    return edges != NULL ? agi_retain(edges) : NULL;
}

/* What is counted and its weights, row by row: owned, false where one failed. */
static bool own_both(ag_tensor *x, ag_tensor *weight, ag_tensor **own)
{
    own[0] = numbers_of(x);
    own[1] = own[0] != NULL && weight != NULL ? numbers_of(weight) : NULL;
    return own[0] != NULL && (weight == NULL || own[1] != NULL);
}

ag_status ag_histogram(ag_tensor *x, int64_t bins, double min, double max, ag_tensor *weight,
                       bool density, ag_tensor **outs)
{
    ag_tensor *own[2] = {NULL, NULL};
    if (!agi_has("histogram", outs, "memory for the results") || !check_histogram(x, weight))
        return ag_last_status();
    if (bins <= 0 || bins == INT64_MAX)
        return agi_fail(AG_ERR_VALUE, "histogram(): bins must be > 0, but got %lld",
                        (long long)bins);
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return ag_last_status();
    ag_tensor *edges = own_both(x, weight, own) ? even_edges(own[0], bins, min, max) : NULL;
    agi_scope_close(mark);
    const double *at = edges != NULL ? agi_tensor_data(edges) : NULL;
    const ag_status status =
        at == NULL ? ag_last_status()
                   : count_between(own[0], own[1], edges, (double)bins / (at[bins] - at[0]),
                                   density, outs);
    agi_release(own[0]);
    agi_release(own[1]);
    return status;
}

ag_status ag_histogram_between(ag_tensor *x, ag_tensor *edges, ag_tensor *weight, bool density,
                               ag_tensor **outs)
{
    ag_tensor *own[2] = {NULL, NULL};
    if (!agi_has("histogram", outs, "memory for the results") ||
        !agi_has_tensor("histogram", edges) || !check_histogram(x, weight))
        return ag_last_status();
    if (agi_dtype_of(edges) != AG_FLOAT64)
        return agi_fail(AG_ERR_VALUE, "histogram(): input tensor and bins tensors should "
                                      "have the same dtype, but got input float64 and bins %s",
                        agi_dtype_name(agi_dtype_of(edges)));
    if (edges->ndim != 1 || edges->numel < 2)
        return agi_fail(AG_ERR_SHAPE, "histogram(): bins tensor should have one dimension and at "
                                      "least two numbers");
    ag_status status = AG_OK;
    const ag_arg arg = agi_arg(edges);
    ag_tensor *copy = agi_compute(AG_OP_clone, 1, &arg, &agi_row_major);
    if (copy == NULL || agi_storage_ready(copy->storage) != AG_OK ||
        !own_both(x, weight, own)) {
        agi_release(copy);
        status = ag_last_status();
    } else {
        status = count_between(own[0], own[1], copy, 0.0, density, outs);
    }
    agi_release(own[0]);
    agi_release(own[1]);
    return status;
}

/* ---- isin ----------------------------------------------------------------------------------- */

#define FEW 16  /* test elements that are looked at one by one */

static int compare_numbers(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return is_before(x, y) ? -1 : is_before(y, x) ? 1 : 0;
}

static bool is_among(double x, const double *sorted, int64_t n)
{
    if (n > FEW) {
        const int64_t at = place_in(sorted, n, x, false);
        return at < n && sorted[at] == x;
    }
    bool found = false;
    for (int64_t i = 0; i < n; i++)
        found = found | (sorted[i] == x);
    return found;
}

typedef struct among_job {
    double *z;
    const double *x, *sorted;
    int64_t n;
    bool invert;
} among_job;

static void among_range(void *context, int64_t begin, int64_t end, int part)
{
    const among_job *job = context;
    (void)part;
    for (int64_t i = begin; i < end; i++)
        job->z[i] = is_among(job->x[i], job->sorted, job->n) != job->invert;
}

/* The test elements, sorted where they are many: a copy. Owned. */
static ag_tensor *sorted_copy(const ag_tensor *x)
{
    ag_tensor *z = agi_tensor_new(x->ndim, agi_shape_of(x), x->numel);
    if (z == NULL || x->numel == 0)
        return z;
    memcpy(agi_tensor_data(z), agi_tensor_data(x), (size_t)x->numel * sizeof(double));
    if (x->numel > FEW)
        qsort(agi_tensor_data(z), (size_t)x->numel, sizeof(double), compare_numbers);
    return z;
}

static ag_tensor *find_among(const ag_tensor *x, const ag_tensor *test, bool invert)
{
    ag_tensor *sorted = sorted_copy(test), *z = NULL;
    if (sorted != NULL)
        z = new_counts(x->ndim, agi_shape_of(x), x->numel, AG_BOOL);
    if (z != NULL) {
        among_job job = {agi_tensor_data(z), agi_tensor_data(x), agi_tensor_data(sorted),
                         test->numel, invert};
        void *token = x->numel < AGI_PARALLEL_MIN ? NULL : agi_blocking_enter();
        if (x->numel < AGI_PARALLEL_MIN)
            among_range(&job, 0, x->numel, 0);
        else
            agi_parallel_for(x->numel, AGI_PARALLEL_GRAIN, 1, among_range, &job);
        if (x->numel >= AGI_PARALLEL_MIN)
            agi_blocking_leave(token);
    }
    agi_release(sorted);
    return z;
}

ag_tensor *ag_isin(ag_arg elements, ag_arg test_elements, bool assume_unique, bool invert)
{
    (void)assume_unique;
    if (elements.tensor == NULL && test_elements.tensor == NULL)
        return agi_fail_null(AG_ERR_TYPE, "isin: expected a tensor, got two numbers");
    if (agi_arg_dtype(&elements) == AG_BOOL || agi_arg_dtype(&test_elements) == AG_BOOL)
        return agi_fail_null(AG_ERR_VALUE, "Unsupported input type encountered for isin(): Bool");
    ag_tensor *x = numbers_of_arg(elements);
    ag_tensor *test = x != NULL ? numbers_of_arg(test_elements) : NULL;
    ag_tensor *z = test != NULL ? find_among(x, test, invert) : NULL;
    agi_release(x);
    agi_release(test);
    return agi_scope_add(z);
}

#undef FEW
