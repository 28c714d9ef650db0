/* SPDX-License-Identifier: MIT
 *
 * Contractions: einsum, and tensordot. Operands are multiplied two by two, each time those whose
 * product takes the fewest multiplications; a product of two is one of matrices, in batches, for
 * which dimensions are put in order, or an elementwise one where nothing is summed.
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/shape.h"
#include "tape/apply.h"
#include "tensor/scope.h"

/* Letters are labels 0 to 51; dimensions of an ellipsis, counted from the last, come behind. */
#define LETTERS 52
#define LABELS (LETTERS + AGI_MAX_DIMS)

/* An operand, or what was made of some, and the label of each of its dimensions. */
typedef struct einsum_term {
    ag_tensor *t;
    int8_t labels[AGI_MAX_DIMS];
} einsum_term;

typedef struct einsum_plan {
    int n;                          /* terms that are left */
    einsum_term *terms;
    int n_out;
    int8_t out[AGI_MAX_DIMS];       /* labels of the result */
    int ellipsis;                   /* the most dimensions that an ellipsis stands for */
    int64_t sizes[LABELS];          /* of labels; -1 where not seen yet */
} einsum_plan;

/* ---- the equation --------------------------------------------------------------------------- */

static int label_at(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 : -1;
}

static char letter_of(int label)
{
    return (char)(label < 26 ? 'A' + label : 'a' + label - 26);
}

/* Subscripts of one operand, or of the result: labels, and where the ellipsis stands, or -1. */
typedef struct einsum_part {
    int n, ellipsis;
    int8_t labels[2 * AGI_MAX_DIMS];
} einsum_part;

/* Reads subscripts up to a comma, an arrow or the end. `what` says of which for errors. */
static bool read_part(const char *equation, const char **at, const char *what, einsum_part *part)
{
    part->n = 0;
    part->ellipsis = -1;
    for (const char *c = *at; *c != ',' && *c != '\0' && !(c[0] == '-' && c[1] == '>'); c++) {
        *at = c + 1;
        if (*c == ' ')
            continue;
        if (*c == '.' && (c[1] != '.' || c[2] != '.' || part->ellipsis >= 0)) {
            agi_fail(AG_ERR_SHAPE, "einsum(): found '.' for %s that is not part of any ellipsis",
                     what);
            return false;
        }
        if (*c == '.') {
            part->ellipsis = part->n;
            c += 2;
            *at = c + 1;
            continue;
        }
        const int label = label_at(*c);
        if (label < 0) {
            agi_fail(AG_ERR_SHAPE, "einsum(): invalid subscript given at index %d in the equation "
                                   "string, subscripts must be in [a-zA-Z]", (int)(c - equation));
            return false;
        }
        if (part->n == AGI_MAX_DIMS) {
            agi_fail(AG_ERR_SHAPE, "einsum(): more than %d subscripts for %s", AGI_MAX_DIMS, what);
            return false;
        }
        part->labels[part->n++] = (int8_t)label;
    }
    return true;
}

/* The label of a dimension has this size, or 1, which is repeated. */
static bool note_size(einsum_plan *plan, int label, int64_t size, int operand)
{
    int64_t *known = &plan->sizes[label];
    if (*known < 0 || *known == 1)
        *known = size;
    if (*known == size || size == 1)
        return true;
    if (label < LETTERS)
        agi_fail(AG_ERR_SHAPE, "einsum(): subscript %c has size %lld for operand %d which does not "
                               "broadcast with previously seen size %lld", letter_of(label),
                 (long long)size, operand, (long long)*known);
    else
        agi_fail(AG_ERR_SHAPE, "einsum(): the dimensions of the ellipses do not broadcast: %lld "
                               "and %lld", (long long)size, (long long)*known);
    return false;
}

/* Labels for all dimensions of an operand. */
static bool label_operand(einsum_plan *plan, const einsum_part *part, int operand)
{
    einsum_term *term = &plan->terms[operand];
    const int ndim = term->t->ndim, rest = ndim - part->n;
    if (rest < 0 || (rest > 0 && part->ellipsis < 0)) {
        agi_fail(AG_ERR_SHAPE, "einsum(): the number of subscripts in the equation (%d) %s the "
                               "number of dimensions (%d) for operand %d%s", part->n,
                 part->ellipsis < 0 ? "does not match" : "is more than", ndim, operand,
                 part->ellipsis < 0 ? " and no ellipsis was given" : "");
        return false;
    }
    for (int d = 0, k = 0; d < ndim; d++) {
        const bool hidden = part->ellipsis >= 0 && d >= part->ellipsis && d < part->ellipsis + rest;
        term->labels[d] = (int8_t)(hidden ? LETTERS + part->ellipsis + rest - 1 - d
                                          : part->labels[k++]);
        if (!note_size(plan, term->labels[d], agi_shape_of(term->t)[d], operand))
            return false;
    }
    if (part->ellipsis >= 0 && rest > plan->ellipsis)
        plan->ellipsis = rest;
    return true;
}

static bool append_label(einsum_plan *plan, int label)
{
    if (plan->n_out == AGI_MAX_DIMS) {
        agi_fail(AG_ERR_SHAPE, "einsum(): the result would have more than %d dimensions",
                 AGI_MAX_DIMS);
        return false;
    }
    plan->out[plan->n_out++] = (int8_t)label;
    return true;
}

static bool append_ellipsis(einsum_plan *plan)
{
    for (int d = plan->ellipsis - 1; d >= 0; d--)
        if (!append_label(plan, LETTERS + d))
            return false;
    return true;
}

/* Without an arrow: what the ellipses stand for, then letters that are there once, in their
 * order. */
static bool imply_output(einsum_plan *plan, const int *counts)
{
    bool done = append_ellipsis(plan);
    for (int label = 0; label < LETTERS && done; label++)
        done = counts[label] != 1 || append_label(plan, label);
    return done;
}

static bool read_output(einsum_plan *plan, const char *equation, const char *at)
{
    einsum_part part;
    bool seen[LETTERS] = {false};
    if (!read_part(equation, &at, "the output", &part))
        return false;
    if (*at != '\0') {
        agi_fail(AG_ERR_SHAPE, "einsum(): expected one output at the end of the equation");
        return false;
    }
    for (int k = 0; k <= part.n; k++) {
        if (k == part.ellipsis && !append_ellipsis(plan))
            return false;
        if (k == part.n)
            return true;
        const int label = part.labels[k];
        if (seen[label] || plan->sizes[label] < 0) {
            agi_fail(AG_ERR_SHAPE,
                     seen[label] ? "einsum(): output subscript %c appears more than once in the "
                                   "output"
                                 : "einsum(): output subscript %c does not appear in the equation "
                                   "for any input operand", letter_of(label));
            return false;
        }
        seen[label] = true;
        if (!append_label(plan, label))
            return false;
    }
    return true;
}

static bool read_equation(einsum_plan *plan, const char *equation)
{
    const char *at = equation;
    int counts[LETTERS] = {0};
    char what[32];
    for (int k = 0; k < LABELS; k++)
        plan->sizes[k] = -1;
    for (int k = 0; k < plan->n; k++) {
        einsum_part part;
        snprintf(what, sizeof what, "operand %d", k);
        if (!read_part(equation, &at, what, &part) || !label_operand(plan, &part, k))
            return false;
        for (int d = 0; d < part.n; d++)
            counts[part.labels[d]]++;
        if (k < plan->n - 1 && *at++ != ',') {
            agi_fail(AG_ERR_SHAPE, "einsum(): more operands were provided than specified in the "
                                   "equation");
            return false;
        }
    }
    if (*at == ',') {
        agi_fail(AG_ERR_SHAPE, "einsum(): fewer operands were provided than specified in the "
                               "equation");
        return false;
    }
    return *at == '\0' ? imply_output(plan, counts) : read_output(plan, equation, at + 2);
}

/* ---- one term ------------------------------------------------------------------------------- */

static int dim_of(const einsum_term *term, int label)
{
    for (int d = 0; d < term->t->ndim; d++)
        if (term->labels[d] == label)
            return d;
    return -1;
}

static void drop_label(einsum_term *term, int dim)
{
    memmove(term->labels + dim, term->labels + dim + 1, (size_t)(AGI_MAX_DIMS - 1 - dim));
}

/* A label that is there twice becomes one dimension: the diagonal of the two. */
static bool take_diagonals(einsum_term *term, int operand)
{
    for (int d = 0; d < term->t->ndim; d++) {
        const int first = dim_of(term, term->labels[d]);
        if (first == d)
            continue;
        const int64_t *shape = agi_shape_of(term->t);
        const int8_t label = term->labels[d];
        if (shape[first] != shape[d]) {
            agi_fail(AG_ERR_SHAPE, "einsum(): subscript %c is repeated for operand %d but the "
                                   "sizes don't match, %lld != %lld", letter_of(label), operand,
                     (long long)shape[d], (long long)shape[first]);
            return false;
        }
        term->t = ag_diagonal(term->t, 0, first, d);
        if (term->t == NULL)
            return false;
        drop_label(term, d);
        drop_label(term, first);
        term->labels[term->t->ndim - 1] = label;
        d = -1;
    }
    return true;
}

/* The dimensions of a list of labels are summed, or, where they have size 1, left out. */
static bool sum_labels(einsum_term *term, int n, const int8_t *labels)
{
    int64_t dims[AGI_MAX_DIMS] = {0};
    if (n == 0)
        return true;
    for (int k = 0; k < n; k++)
        dims[k] = dim_of(term, labels[k]);
    term->t = ag_sum(term->t, n, dims, false);
    for (int k = 0; k < n; k++) {  /* from the last dimension on, so that the others stay */
        int last = 0;
        for (int j = 1; j < n; j++)
            last = dims[j] > dims[last] ? j : last;
        drop_label(term, (int)dims[last]);
        dims[last] = -1;
    }
    return term->t != NULL;
}

/* The dimensions in the order of these labels, which are all. */
static ag_tensor *permuted(const einsum_term *term, int n, const int8_t *labels)
{
    int64_t dims[AGI_MAX_DIMS];
    bool as_is = true;
    for (int k = 0; k < n; k++) {
        dims[k] = dim_of(term, labels[k]);
        as_is = as_is && dims[k] == k;
    }
    return as_is ? term->t : ag_permute(term->t, n, dims);
}

static bool is_output(const einsum_plan *plan, int label)
{
    for (int k = 0; k < plan->n_out; k++)
        if (plan->out[k] == label)
            return true;
    return false;
}

/* Whether the result, or a term but two, has the label. */
static bool is_kept(const einsum_plan *plan, int label, int but, int and_but)
{
    bool kept = is_output(plan, label);
    for (int k = 0; k < plan->n && !kept; k++)
        kept = k != but && k != and_but && dim_of(&plan->terms[k], label) >= 0;
    return kept;
}

/* ---- two terms ------------------------------------------------------------------------------ */

/* The labels of a product by what becomes of them. */
typedef struct einsum_groups {
    int n_batch, n_sum, n_first, n_second;
    int8_t batch[AGI_MAX_DIMS], sum[AGI_MAX_DIMS];      /* in both: kept; summed */
    int8_t first[AGI_MAX_DIMS], second[AGI_MAX_DIMS];   /* kept, in one alone */
} einsum_groups;

/* Sums what only this one of two terms has and nobody keeps, and lists what it has. A dimension of
 * size 1 where the other has another size is left out: the product repeats it. */
static bool group_term(einsum_plan *plan, int own, int other, int8_t *kept, int *n_kept)
{
    einsum_term *term = &plan->terms[own];
    const einsum_term *second = &plan->terms[other];
    int8_t summed[AGI_MAX_DIMS];
    int n = 0;
    *n_kept = 0;
    for (int d = 0; d < term->t->ndim; d++) {
        const int8_t label = term->labels[d];
        const int at = dim_of(second, label);
        const int64_t size = agi_shape_of(term->t)[d];
        if (at >= 0 && size == 1 && agi_shape_of(second->t)[at] != 1)
            summed[n++] = label;
        else if (at < 0 && !is_kept(plan, label, own, other))
            summed[n++] = label;
        else if (at < 0 || agi_shape_of(second->t)[at] != size)
            kept[(*n_kept)++] = label;
    }
    return sum_labels(term, n, summed);
}

static bool group_pair(einsum_plan *plan, int a, int b, einsum_groups *g)
{
    if (!group_term(plan, a, b, g->first, &g->n_first) ||
        !group_term(plan, b, a, g->second, &g->n_second))
        return false;
    const einsum_term *x = &plan->terms[a], *y = &plan->terms[b];
    g->n_batch = g->n_sum = g->n_first = g->n_second = 0;
    for (int d = 0; d < x->t->ndim; d++) {
        const int8_t label = x->labels[d];
        if (dim_of(y, label) < 0)
            g->first[g->n_first++] = label;
        else if (is_kept(plan, label, a, b))
            g->batch[g->n_batch++] = label;
        else
            g->sum[g->n_sum++] = label;
    }
    for (int d = 0; d < y->t->ndim; d++)
        if (dim_of(x, y->labels[d]) < 0)
            g->second[g->n_second++] = y->labels[d];
    return true;
}

static int append_labels(int8_t *list, int n, int more, const int8_t *labels)
{
    memcpy(list + n, labels, (size_t)more);
    return n + more;
}

static int64_t size_of(const einsum_term *term, int n, const int8_t *labels)
{
    int64_t size = 1;
    for (int k = 0; k < n; k++)
        size *= agi_shape_of(term->t)[dim_of(term, labels[k])];
    return size;
}

/* A term as matrices: (batch, rows, columns), without the batch if there is none. */
static ag_tensor *as_matrices(const einsum_term *term, const einsum_groups *g, int n_rows,
                              const int8_t *rows, int n_cols, const int8_t *cols)
{
    int8_t order[3 * AGI_MAX_DIMS];
    int n = append_labels(order, 0, g->n_batch, g->batch);
    n = append_labels(order, n, n_rows, rows);
    n = append_labels(order, n, n_cols, cols);
    const int64_t shape[3] = {size_of(term, g->n_batch, g->batch), size_of(term, n_rows, rows),
                              size_of(term, n_cols, cols)};
    ag_tensor *t = permuted(term, n, order);
    const int skip = g->n_batch == 0 ? 1 : 0;
    return t != NULL ? ag_reshape(t, 3 - skip, shape + skip) : NULL;
}

static ag_tensor *matrix_pair(const einsum_term *x, const einsum_term *y, const einsum_groups *g,
                              int n, const int64_t *shape)
{
    ag_tensor *a = as_matrices(x, g, g->n_first, g->first, g->n_sum, g->sum);
    ag_tensor *b = a != NULL ? as_matrices(y, g, g->n_sum, g->sum, g->n_second, g->second) : NULL;
    ag_tensor *z = b == NULL ? NULL : g->n_batch == 0 ? ag_mm(a, b) : ag_bmm(a, b);
    return z != NULL ? ag_reshape(z, n, shape) : NULL;
}

/* A term with dimensions of size 1 for those that the other has alone. */
static ag_tensor *laid_out(const einsum_term *term, int n, const int8_t *labels)
{
    int8_t own[AGI_MAX_DIMS];
    int64_t shape[AGI_MAX_DIMS];
    int n_own = 0;
    for (int k = 0; k < n; k++) {
        const int d = dim_of(term, labels[k]);
        shape[k] = d >= 0 ? agi_shape_of(term->t)[d] : 1;
        if (d >= 0)
            own[n_own++] = labels[k];
    }
    ag_tensor *t = permuted(term, n_own, own);
    return t != NULL ? ag_reshape(t, n, shape) : NULL;
}

/* An elementwise product, and the sum of what both have. */
static ag_tensor *map_pair(const einsum_term *x, const einsum_term *y, const einsum_groups *g,
                           int n, const int8_t *labels)
{
    int8_t all[4 * AGI_MAX_DIMS];
    int64_t dims[AGI_MAX_DIMS];
    memcpy(all, labels, (size_t)n);
    for (int k = 0; k < g->n_sum; k++) {
        all[n + k] = g->sum[k];
        dims[k] = n + k;
    }
    if (n + g->n_sum > AGI_MAX_DIMS)
        return agi_fail_null(AG_ERR_SHAPE, "einsum(): a product would have more than %d dimensions",
                             AGI_MAX_DIMS);
    ag_tensor *a = laid_out(x, n + g->n_sum, all);
    ag_tensor *b = a != NULL ? laid_out(y, n + g->n_sum, all) : NULL;
    ag_tensor *z = b != NULL ? ag_mul(a, b) : NULL;
    return z != NULL && g->n_sum > 0 ? ag_sum(z, g->n_sum, dims, false) : z;
}

/* Term a becomes its product with term b, in whose place comes the last one. */
static bool multiply_terms(einsum_plan *plan, int a, int b)
{
    einsum_groups g;
    if (!group_pair(plan, a, b, &g))
        return false;
    einsum_term *x = &plan->terms[a];
    const einsum_term *y = &plan->terms[b];
    int8_t labels[3 * AGI_MAX_DIMS];
    int64_t shape[3 * AGI_MAX_DIMS];
    int n = append_labels(labels, 0, g.n_batch, g.batch);
    n = append_labels(labels, n, g.n_first, g.first);
    n = append_labels(labels, n, g.n_second, g.second);
    if (n > AGI_MAX_DIMS) {
        agi_fail(AG_ERR_SHAPE, "einsum(): a product would have more than %d dimensions",
                 AGI_MAX_DIMS);
        return false;
    }
    for (int k = 0; k < n; k++) {
        const int d = dim_of(x, labels[k]);
        shape[k] = d >= 0 ? agi_shape_of(x->t)[d] : agi_shape_of(y->t)[dim_of(y, labels[k])];
    }
    const bool matrices = g.n_sum > 0 && (g.n_first > 0 || g.n_second > 0);
    x->t = matrices ? matrix_pair(x, y, &g, n, shape) : map_pair(x, y, &g, n, labels);
    memcpy(x->labels, labels, (size_t)n);
    plan->terms[b] = plan->terms[--plan->n];
    return x->t != NULL;
}

/* ---- the whole ------------------------------------------------------------------------------ */

/* Multiplications that the product of two terms takes. */
static double pair_cost(const einsum_plan *plan, int a, int b)
{
    const einsum_term *x = &plan->terms[a], *y = &plan->terms[b];
    double cost = 1.0;
    for (int d = 0; d < x->t->ndim; d++)
        cost *= (double)plan->sizes[x->labels[d]];
    for (int d = 0; d < y->t->ndim; d++)
        if (dim_of(x, y->labels[d]) < 0)
            cost *= (double)plan->sizes[y->labels[d]];
    return cost;
}

static void cheapest_pair(const einsum_plan *plan, int *a, int *b)
{
    double least = -1.0;
    for (int i = 0; i < plan->n; i++)
        for (int j = i + 1; j < plan->n; j++) {
            const double cost = pair_cost(plan, i, j);
            if (least >= 0.0 && cost >= least)
                continue;
            least = cost;
            *a = i;
            *b = j;
        }
}

/* The one term that is left, in the order of the output. */
static ag_tensor *output_of(einsum_plan *plan)
{
    einsum_term *term = &plan->terms[0];
    int8_t summed[AGI_MAX_DIMS];
    int n = 0;
    for (int d = 0; d < term->t->ndim; d++)
        if (!is_output(plan, term->labels[d]))
            summed[n++] = term->labels[d];
    if (!sum_labels(term, n, summed))
        return NULL;
    return permuted(term, plan->n_out, plan->out);
}

static ag_tensor *contract(einsum_plan *plan, const char *equation)
{
    if (!read_equation(plan, equation))
        return NULL;
    for (int k = 0; k < plan->n; k++)
        if (!take_diagonals(&plan->terms[k], k))
            return NULL;
    while (plan->n > 1) {
        int a = 0, b = 1;
        cheapest_pair(plan, &a, &b);
        if (!multiply_terms(plan, a, b))
            return NULL;
    }
    return output_of(plan);
}

ag_tensor *ag_einsum(const char *equation, int n, ag_tensor *const *operands)
{
    if (!agi_has("einsum", equation, "an equation"))
        return NULL;
    if (n < 1)
        return agi_fail_null(AG_ERR_VALUE, "einsum(): must provide at least one operand");
    if (!agi_check_tensors("einsum", "operands", n, operands))
        return NULL;
    einsum_plan plan = {.n = n};
    plan.terms = agi_plain_new((size_t)n * sizeof *plan.terms);
    const int64_t mark = plan.terms != NULL ? agi_scope_open() : -1;
    ag_tensor *z = NULL;
    if (mark >= 0) {
        for (int k = 0; k < n; k++)
            plan.terms[k].t = operands[k];
        z = agi_scope_leave(mark, contract(&plan, equation));
    }
    agi_plain_free(plan.terms);
    return z;
}

/* ---- tensordot ------------------------------------------------------------------------------ */

/* Dimensions that are contracted, as numbers from 0 on. */
static bool contracted_dims(const ag_tensor *t, int n, const int64_t *dims, int *at, uint64_t *mask)
{
    *mask = 0;
    for (int k = 0; k < n; k++) {
        if (agi_shape_wrap_dim(dims[k], t->ndim, &at[k]) != AG_OK)
            return false;
        if (t->ndim == 0 || *mask >> at[k] & 1) {
            agi_fail(AG_ERR_SHAPE, "dim %d appears multiple times in the list of dims", at[k]);
            return false;
        }
        *mask |= UINT64_C(1) << at[k];
    }
    return true;
}

/* t as a matrix whose columns (or rows) are the contracted dimensions; sizes of the others go to
 * the end of `shape`. */
static ag_tensor *dot_matrix(ag_tensor *t, int n, const int *at, uint64_t mask, bool rows_first,
                             int *n_shape, int64_t *shape)
{
    int64_t order[AGI_MAX_DIMS], sizes[2] = {1, 1};
    const int n_free = t->ndim - n, free_at = rows_first ? 0 : n, sum_at = rows_first ? n_free : 0;
    for (int d = 0, k = 0; d < t->ndim; d++) {
        if (mask >> d & 1)
            continue;
        order[free_at + k++] = d;
        sizes[rows_first ? 0 : 1] *= agi_shape_of(t)[d];
        shape[(*n_shape)++] = agi_shape_of(t)[d];
    }
    for (int k = 0; k < n; k++) {
        order[sum_at + k] = at[k];
        sizes[rows_first ? 1 : 0] *= agi_shape_of(t)[at[k]];
    }
    ag_tensor *turned = t->ndim > 0 ? ag_permute(t, t->ndim, order) : t;
    return turned != NULL ? ag_reshape(turned, 2, sizes) : NULL;
}

static ag_tensor *tensordot_of(ag_tensor *x, ag_tensor *y, int n, const int64_t *dims_x,
                               const int64_t *dims_y)
{
    int at_x[AGI_MAX_DIMS], at_y[AGI_MAX_DIMS], n_shape = 0;
    int64_t shape[2 * AGI_MAX_DIMS];
    uint64_t mask_x, mask_y;
    if (!contracted_dims(x, n, dims_x, at_x, &mask_x) ||
        !contracted_dims(y, n, dims_y, at_y, &mask_y))
        return NULL;
    for (int k = 0; k < n; k++)
        if (agi_shape_of(x)[at_x[k]] != agi_shape_of(y)[at_y[k]])
            return agi_fail_null(AG_ERR_SHAPE,
                                 "contracted dimensions need to match, but first has size %lld in "
                                 "dim %lld and second has size %lld in dim %lld",
                                 (long long)agi_shape_of(x)[at_x[k]], (long long)dims_x[k],
                                 (long long)agi_shape_of(y)[at_y[k]], (long long)dims_y[k]);
    if (x->ndim + y->ndim - 2 * n > AGI_MAX_DIMS)
        return agi_fail_null(AG_ERR_SHAPE, "tensordot: a tensor has at most %d dimensions",
                             AGI_MAX_DIMS);
    ag_tensor *a = dot_matrix(x, n, at_x, mask_x, true, &n_shape, shape);
    ag_tensor *b = a != NULL ? dot_matrix(y, n, at_y, mask_y, false, &n_shape, shape) : NULL;
    ag_tensor *z = b != NULL ? ag_mm(a, b) : NULL;
    return z != NULL ? ag_view(z, n_shape, shape) : NULL;
}

ag_tensor *ag_tensordot(ag_tensor *x, ag_tensor *y, int n, const int64_t *dims_x,
                        const int64_t *dims_y)
{
    if (!agi_has_tensors("tensordot", x, y) ||
        (n != 0 && (!agi_check_list("tensordot", "dimensions", n, dims_x, false) ||
                    !agi_check_list("tensordot", "dimensions", n, dims_y, false))))
        return NULL;
    const int64_t mark = agi_scope_open();
    return mark < 0 ? NULL : agi_scope_leave(mark, tensordot_of(x, y, n, dims_x, dims_y));
}

#undef LETTERS
#undef LABELS
