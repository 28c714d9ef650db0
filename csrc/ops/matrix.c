/* SPDX-License-Identifier: MIT
 *
 * Products of matrices and vectors. Those of matrices know which operand is to be read transposed,
 * so that gradients are products of the same kind and nothing is copied:
 *     z = a b:  da = g b^T,  db = a^T g,  and for operands that are read transposed likewise.
 */
#include "matrix.h"

#include <math.h>
#include <string.h>

#include "../base/blas.h"
#include "../base/shape.h"
#include "../compute/gemm.h"
#include "../fuse/pending.h"
#include "../tape/dtypes.h"
#include "../tape/formula.h"
#include "../tensor/copy.h"
#include "table.h"

static ag_arg failed_product(void) { return agi_arg(&agi_failed); }

/* ---- what is multiplied --------------------------------------------------------------------- */

/* Two operands, owned, and the shape of their product. */
typedef struct product_parts {
    agi_product p;
    ag_tensor *x, *y;
    int64_t list[AGI_MAX_DIMS];  /* the sizes of the result's batch: 1 where it is summed over */
} product_parts;

static int64_t rows_in(const ag_tensor *t, bool back)
{
    return agi_shape_of(t)[t->ndim - (back ? 1 : 2)];
}

static int64_t cols_of(const ag_tensor *t, bool back)
{
    return agi_shape_of(t)[t->ndim - (back ? 2 : 1)];
}

static ag_status fail_sizes(const ag_tensor *x, const ag_tensor *y, const agi_product *p,
                            int64_t rows)
{
    int64_t count = 1;
    for (int d = 0; d < p->batch_ndim; d++)
        count *= p->batch[d];
    if (x->ndim == 2 && y->ndim == 2)
        return agi_fail(AG_ERR_SHAPE, "mat1 and mat2 shapes cannot be multiplied (%lldx%lld and "
                                      "%lldx%lld)", (long long)p->m, (long long)p->k,
                        (long long)rows, (long long)p->n);
    return agi_fail(AG_ERR_SHAPE, "Expected size for first two dimensions of batch2 tensor to be: "
                                  "[%lld, %lld] but got: [%lld, %lld].", (long long)count,
                    (long long)p->k, (long long)count, (long long)rows);
}

/* The sizes, of operands that have two dimensions at least. */
static ag_status product_sizes(agi_product *p, const ag_tensor *x, const ag_tensor *y,
                               unsigned back)
{
    const bool x_back = (back & AGI_FIRST_BACK) != 0, y_back = (back & AGI_SECOND_BACK) != 0;
    p->batch_ndim = 0;
    if (agi_shape_broadcast(&p->batch_ndim, p->batch, x->ndim - 2, agi_shape_of(x)) != AG_OK ||
        agi_shape_broadcast(&p->batch_ndim, p->batch, y->ndim - 2, agi_shape_of(y)) != AG_OK)
        return ag_last_status();
    p->m = rows_in(x, x_back);
    p->k = cols_of(x, x_back);
    p->n = cols_of(y, y_back);
    if (rows_in(y, y_back) != p->k)
        return fail_sizes(x, y, p, rows_in(y, y_back));
    return AG_OK;
}

static bool may_be_read(const ag_tensor *t)
{
    const int64_t *shape = agi_shape_of(t) + t->ndim - 2;
    const int64_t *strides = agi_strides_of(t) + t->ndim - 2;
    const agi_face face = {.row = strides[0], .col = strides[1]};
    return agi_face_is_plain(&face, shape[0], shape[1]);
}

/* An operand as BLAS can read it, which does not change while others run. Owned. */
static ag_tensor *own_operand(ag_tensor *t, bool is_long)
{
    if (!may_be_read(t))
        return agi_row_major_of(t);
    return is_long ? agi_tensor_snapshot(t) : agi_retain(t);
}

static void set_face(agi_face *face, const ag_tensor *t, bool back, const agi_product *p)
{
    const int64_t *strides = agi_strides_of(t) + t->ndim - 2;
    face->data = agi_tensor_data(t);
    face->row = strides[back ? 1 : 0];
    face->col = strides[back ? 0 : 1];
    agi_shape_broadcast_strides(p->batch_ndim, p->batch, t->ndim - 2, agi_shape_of(t),
                                agi_strides_of(t), face->batch);
}

static void close_parts(const product_parts *parts)
{
    agi_release(parts->x);
    agi_release(parts->y);
}

static bool open_parts(product_parts *parts, ag_arg x, ag_arg y, unsigned back)
{
    agi_product *p = &parts->p;
    parts->x = parts->y = NULL;
    if (product_sizes(p, x.tensor, y.tensor, back) != AG_OK)
        return false;
    const bool is_long = agi_product_is_long(p);
    parts->x = own_operand(x.tensor, is_long);
    parts->y = parts->x != NULL ? own_operand(y.tensor, is_long) : NULL;
    if (parts->y == NULL) {
        close_parts(parts);
        return false;
    }
    set_face(&p->x, parts->x, (back & AGI_FIRST_BACK) != 0, p);
    set_face(&p->y, parts->y, (back & AGI_SECOND_BACK) != 0, p);
    return true;
}

/* ---- batches that are summed over ----------------------------------------------------------- */

/* Parts the batch of p in what is kept, which stays in it, and what is summed over, into `summed`,
 * with their strides. */
static void part_batch(agi_product *p, const int64_t *list, agi_product *summed)
{
    int kept = 0;
    summed->batch_ndim = 0;
    for (int d = 0; d < p->batch_ndim; d++) {
        agi_product *to = list[d] != p->batch[d] ? summed : p;
        const int at = to == summed ? summed->batch_ndim++ : kept++;
        to->batch[at] = p->batch[d];
        to->x.batch[at] = p->x.batch[d];
        to->y.batch[at] = p->y.batch[d];
        to->z.batch[at] = p->z.batch[d];
    }
    p->batch_ndim = kept;
}

/* The next index of a batch, whose data both operands move to; false after the last. */
static bool next_index(agi_product *p, const agi_product *summed, int64_t *index)
{
    for (int d = summed->batch_ndim - 1; d >= 0; d--) {
        p->x.data += summed->x.batch[d];
        p->y.data += summed->y.batch[d];
        if (++index[d] < summed->batch[d])
            return true;
        p->x.data -= index[d] * summed->x.batch[d];
        p->y.data -= index[d] * summed->y.batch[d];
        index[d] = 0;
    }
    return false;
}

/* z as what is multiplied to: it may lack dimensions of the batch in front, of which one is 1. */
static void set_result(agi_product *p, const ag_tensor *z)
{
    const int64_t *strides = agi_strides_of(z);
    const int rows = z->ndim - 2, missing = p->batch_ndim - rows;
    p->z = (agi_face){.data = agi_tensor_data(z), .row = strides[rows], .col = strides[rows + 1]};
    for (int d = 0; d < p->batch_ndim; d++)
        p->z.batch[d] = d < missing ? 0 : strides[d - missing];
}

/* z, whose numbers are to be multiplied by beta and added to. Sums go in the order of the batch. */
static void run_parts(product_parts *parts, const ag_tensor *z)
{
    agi_product *p = &parts->p, summed = {.m = 0};
    int64_t index[AGI_MAX_DIMS] = {0}, count = 1;
    set_result(p, z);
    part_batch(p, parts->list, &summed);
    for (int d = 0; d < summed.batch_ndim; d++)
        count *= summed.batch[d];
    if (count == 0)
        p->k = 0;  /* zeros, or what is there already */
    do {
        agi_product_run(p);
        p->beta = 1.0;
    } while (count > 0 && next_index(p, &summed, index));
}

/* The sizes of the result's batch: those that a list has at its end, which are 1 where they are not
 * the product's own. */
static ag_status result_batch(product_parts *parts, const ag_attr *attr)
{
    const agi_product *p = &parts->p;
    memcpy(parts->list, p->batch, (size_t)p->batch_ndim * sizeof *parts->list);
    if (attr == NULL || attr->n_list <= 0)
        return AG_OK;
    if (attr->n_list != p->batch_ndim)
        return agi_fail(AG_ERR_SHAPE, "bmm: expected %d sizes of a batch, got %d", p->batch_ndim,
                        attr->n_list);
    for (int d = 0; d < p->batch_ndim; d++) {
        if (attr->list[d] != p->batch[d] && attr->list[d] != 1)
            return agi_fail(AG_ERR_SHAPE, "bmm: expected %lld or 1 as size %d of a batch, got %lld",
                            (long long)p->batch[d], d, (long long)attr->list[d]);
        parts->list[d] = attr->list[d];
    }
    return AG_OK;
}

static ag_tensor *new_result(const product_parts *parts)
{
    const agi_product *p = &parts->p;
    int64_t shape[AGI_MAX_DIMS];
    memcpy(shape, parts->list, (size_t)p->batch_ndim * sizeof *shape);
    shape[p->batch_ndim] = p->m;
    shape[p->batch_ndim + 1] = p->n;
    const int64_t numel = agi_shape_numel("matmul", p->batch_ndim + 2, shape);
    return numel < 0 ? NULL : agi_tensor_new(p->batch_ndim + 2, shape, numel);
}

/* beta input + alpha x y. */
static ag_tensor *multiplied(const ag_arg *input, ag_arg x, ag_arg y, const ag_attr *attr,
                             double beta, double alpha)
{
    product_parts parts;
    ag_tensor *z = NULL;
    if (!open_parts(&parts, x, y, attr != NULL ? (unsigned)attr->i[0] : 0))
        return NULL;
    parts.p.alpha = alpha;
    parts.p.beta = input != NULL ? beta : 0.0;
    if (result_batch(&parts, attr) == AG_OK)
        z = new_result(&parts);
    if (z != NULL && parts.p.beta != 0.0) {
        int64_t strides[AGI_MAX_DIMS];
        agi_shape_broadcast_strides(z->ndim, agi_shape_of(z), input->tensor->ndim,
                                    agi_shape_of(input->tensor), agi_strides_of(input->tensor),
                                    strides);
        agi_run_gather(agi_tensor_data(z), z->ndim, agi_shape_of(z), agi_tensor_data(input->tensor),
                       strides);
    }
    if (z != NULL)
        run_parts(&parts, z);
    close_parts(&parts);
    return z;
}

/* ---- mm and bmm ----------------------------------------------------------------------------- */

static ag_status check_matrices(const char *op, const ag_arg *args)
{
    if (args[0].tensor->ndim >= 2 && args[1].tensor->ndim >= 2)
        return AG_OK;
    return agi_fail(AG_ERR_SHAPE, "%s: expected tensors of 2 dimensions at least, got %d and %d",
                    op, args[0].tensor->ndim, args[1].tensor->ndim);
}

AG_FORWARD(mm)
{
    if (args[0].tensor->ndim != 2)
        return agi_fail_null(AG_ERR_SHAPE, "self must be a matrix");
    if (args[1].tensor->ndim != 2)
        return agi_fail_null(AG_ERR_SHAPE, "mat2 must be a matrix");
    return multiplied(NULL, args[0], args[1], attr, 0.0, 1.0);
}

AG_FORWARD(bmm)
{
    return check_matrices("bmm", args) == AG_OK ? multiplied(NULL, args[0], args[1], attr, 0.0, 1.0)
                                                : NULL;
}

/* x y with a batch of `n` sizes in the result, or all that there are if n is 0. */
static ag_arg multiply(ag_arg x, ag_arg y, unsigned back, int n, const int64_t *batch)
{
    const ag_arg args[2] = {x, y};
    const ag_attr attr = {.i = {back}, .n_list = n, .list = batch};
    if (agi_value_failed(x) || agi_value_failed(y))
        return failed_product();
    const bool plain = x.tensor->ndim == 2 && y.tensor->ndim == 2;
    return agi_value(plain ? AG_OP_mm : AG_OP_bmm, 2, args, &attr);
}

ag_arg agi_v_matmul(ag_arg x, ag_arg y, unsigned back) { return multiply(x, y, back, 0, NULL); }

/* ---- gradients of products ------------------------------------------------------------------ */

/* Whether the product can be added to a sum that lies so. */
static bool fits_sum(const product_parts *parts, const ag_tensor *sum)
{
    const agi_product *p = &parts->p;
    const int rows = sum->ndim - 2, missing = p->batch_ndim - rows;
    const int64_t *shape = agi_shape_of(sum);
    if (rows < 0 || missing < 0 || shape[rows] != p->m || shape[rows + 1] != p->n ||
        !may_be_read(sum))
        return false;
    for (int d = 0; d < p->batch_ndim; d++)
        if (parts->list[d] != (d < missing ? 1 : shape[d - missing]))
            return false;
    return true;
}

/* sum += x y, of operands that are there in memory; *done is false where it does not fit. */
static ag_status add_product(ag_tensor *sum, const ag_arg *args, const ag_attr *attr, bool *done)
{
    product_parts parts;
    if (!open_parts(&parts, args[0], args[1], (unsigned)attr->i[0]))
        return ag_last_status();
    const ag_status status = result_batch(&parts, attr);
    *done = status == AG_OK && fits_sum(&parts, sum);
    parts.p.alpha = parts.p.beta = 1.0;
    if (*done)
        run_parts(&parts, sum);
    close_parts(&parts);
    return status;
}

/* Adds x y to what has arrived of the cotangent of input k, where the sweep alone owns that: then
 * no matrix is made for it. Whether it did, or failed. */
static bool is_added(agi_vjp *v, int k, ag_arg x, ag_arg y, const ag_attr *attr)
{
    const ag_arg args[2] = {x, y};
    ag_arg own[2];
    bool done = false;
    if (v->onto == NULL || v->onto[k] == NULL)
        return false;
    if (!agi_args_own(2, args, own)) {
        GX(k) = failed_product();
        return true;
    }
    if (agi_storage_ready(own[0].tensor->storage) != AG_OK ||
        agi_storage_ready(own[1].tensor->storage) != AG_OK ||
        add_product(v->onto[k], own, attr, &done) != AG_OK)
        GX(k) = failed_product();
    agi_args_release(2, own);
    if (done)
        v->needs &= ~(1u << k);
    return done || agi_value_failed(GX(k));
}

/* The gradient of input k is a product: what was repeated for the batch is summed. */
static void give_product(agi_vjp *v, int k, ag_arg x, ag_arg y, unsigned back)
{
    int ndim;
    const int64_t *shape = agi_node_input_shape(v->node, k, &ndim);
    int64_t batch[AGI_MAX_DIMS];
    if (agi_value_failed(x) || agi_value_failed(y)) {
        GX(k) = failed_product();
        return;
    }
    if (ndim < 0) {
        ndim = v->g.tensor->ndim;
        shape = agi_shape_of(v->g.tensor);
    }
    const int most = x.tensor->ndim > y.tensor->ndim ? x.tensor->ndim : y.tensor->ndim;
    const int missing = most - ndim;
    for (int d = 0; d < most - 2; d++)
        batch[d] = d < missing ? 1 : shape[d - missing];
    const ag_attr attr = {.i = {back}, .n_list = most - 2, .list = batch};
    if (is_added(v, k, x, y, &attr))
        return;
    const ag_arg z = multiply(x, y, back, most - 2, batch);
    GX(k) = missing > 0 ? v_view(z, ndim, shape) : z;
}

/* Gradients of a (input `first`) and b of alpha a b, read as `back` says. */
static void product_rule(agi_vjp *v, int first, ag_arg g, ag_arg a, ag_arg b, unsigned back)
{
    const bool a_back = (back & AGI_FIRST_BACK) != 0, b_back = (back & AGI_SECOND_BACK) != 0;
    if (NEEDS(first) && a_back)
        give_product(v, first, b, g, b_back ? 3 : 2);
    else if (NEEDS(first))
        give_product(v, first, g, b, b_back ? 0 : 2);
    if (NEEDS(first + 1) && b_back)
        give_product(v, first + 1, g, a, a_back ? 3 : 1);
    else if (NEEDS(first + 1))
        give_product(v, first + 1, a, g, a_back ? 0 : 1);
}

static unsigned back_of(const ag_node *node)
{
    return node->has_attr ? (unsigned)agi_node_attr_of(node)->i[0] : 0;
}

static ag_arg saved_if(agi_vjp *v, int k, bool needed)
{
    return needed ? agi_vjp_input(v, k) : NUM(0.0);
}

AG_RULE(mm)
{
    product_rule(v, 0, G, saved_if(v, 0, NEEDS(1)), saved_if(v, 1, NEEDS(0)), back_of(v->node));
}

/* Where the result was itself summed over its batch, g is repeated by the product with it. */
AG_RULE(bmm)
{
    product_rule(v, 0, G, saved_if(v, 0, NEEDS(1)), saved_if(v, 1, NEEDS(0)), back_of(v->node));
}

/* ---- mv and dot ----------------------------------------------------------------------------- */

static ag_status check_mv(const ag_tensor *a, const ag_tensor *x, bool back)
{
    if (a->ndim != 2 || x->ndim != 1)
        return agi_fail(AG_ERR_SHAPE, "vector + matrix @ vector expected, got 1, %d, %d", a->ndim,
                        x->ndim);
    if (cols_of(a, back) == x->numel)
        return AG_OK;
    return agi_fail(AG_ERR_SHAPE, "size mismatch, got input (%lld), mat (%lldx%lld), vec (%lld)",
                    (long long)rows_in(a, back), (long long)rows_in(a, back),
                    (long long)cols_of(a, back), (long long)x->numel);
}

/* A vector as a matrix of one column, in the same memory. */
static ag_tensor *view_column(ag_tensor *x)
{
    const int64_t shape[2] = {x->numel, 1}, strides[2] = {agi_strides_of(x)[0], 1};
    return agi_tensor_over(x->storage, 2, shape, strides, x->offset);
}

/* The product of a matrix and a column has a shape of two dimensions, of which one is dropped. */
static ag_tensor *drop_column(ag_tensor *z)
{
    const int64_t step = 1;
    ag_tensor *column = NULL;
    if (z != NULL)
        column = agi_tensor_over(z->storage, 1, agi_shape_of(z), &step, z->offset);
    agi_release(z);
    return column;
}

AG_FORWARD(mv)
{
    const bool back = attr != NULL && attr->i[0] != 0;
    if (check_mv(args[0].tensor, args[1].tensor, back) != AG_OK)
        return NULL;
    ag_tensor *column = view_column(args[1].tensor);
    if (column == NULL)
        return NULL;
    ag_tensor *z = multiplied(NULL, args[0], agi_arg(column), attr, 0.0, 1.0);
    agi_release(column);
    return drop_column(z);
}

static ag_arg column_of(ag_arg x)
{
    const int64_t shape[2] = {agi_value_failed(x) ? 0 : x.tensor->numel, 1};
    return v_view(x, 2, shape);
}

/* The products of each number of a vector with each of another. */
static ag_arg outer_of(ag_arg x, ag_arg y) { return v_mul(column_of(x), y); }

/* The gradient of input 0 is that. */
static void give_outer(agi_vjp *v, ag_arg x, ag_arg y)
{
    const ag_attr attr = {.i = {AGI_SECOND_BACK}};
    if (agi_value_failed(x) || agi_value_failed(y))
        GX(0) = failed_product();
    else if (v->onto == NULL || v->onto[0] == NULL ||
             !is_added(v, 0, column_of(x), column_of(y), &attr))
        GX(0) = outer_of(x, y);
}

AG_RULE(mv)
{
    const bool back = back_of(v->node) != 0;
    if (NEEDS(0) && back)
        give_outer(v, IN(1), G);
    else if (NEEDS(0))
        give_outer(v, G, IN(1));
    if (NEEDS(1)) {
        const ag_arg args[2] = {IN(0), G};
        const ag_attr attr = {.i = {!back}};
        GX(1) = agi_value(AG_OP_mv, 2, args, &attr);
    }
}

AG_FORWARD(dot)
{
    const ag_tensor *x = args[0].tensor, *y = args[1].tensor;
    (void)attr;
    if (x->ndim != 1 || y->ndim != 1)
        return agi_fail_null(AG_ERR_SHAPE, "1D tensors expected, but got %dD and %dD tensors",
                             x->ndim, y->ndim);
    if (x->numel != y->numel)
        return agi_fail_null(AG_ERR_SHAPE,
                             "inconsistent tensor size, expected tensor [%lld] and src [%lld] to "
                             "have the same number of elements, but got %lld and %lld elements "
                             "respectively", (long long)x->numel, (long long)y->numel,
                             (long long)x->numel, (long long)y->numel);
    ag_tensor *z = agi_tensor_new(0, NULL, 1);
    if (z == NULL)
        return NULL;
    const int64_t n = x->numel, stepx = agi_strides_of(x)[0], stepy = agi_strides_of(y)[0];
    double s = 0.0;
    if (n < 32 || stepx == 0 || stepy == 0) {
        for (int64_t k = 0; k < n; k++)
            s += agi_tensor_data(x)[k * stepx] * agi_tensor_data(y)[k * stepy];
    } else {
        const agi_blas_table *blas = agi_blas_enter();
        s = blas->ddot(&n, agi_tensor_data(x), &stepx, agi_tensor_data(y), &stepy);
        agi_blas_leave(blas);
    }
    *agi_tensor_data(z) = s;
    return z;
}

AG_RULE(dot)
{
    if (NEEDS(0))
        GX(0) = v_vjp_mul(G, IN(1));
    if (NEEDS(1))
        GX(1) = v_vjp_mul(G, IN(0));
}

/* ---- beta input + alpha x y ----------------------------------------------------------------- */

/* i[0] as in mm, f[0] = beta, f[1] = alpha: what addmm, baddbmm and linear are computed by. */
static ag_status check_added(const ag_tensor *input, const ag_tensor *x, const ag_tensor *y,
                             const ag_attr *attr)
{
    agi_product p;
    int64_t shape[AGI_MAX_DIMS];
    if (product_sizes(&p, x, y, (unsigned)attr->i[0]) != AG_OK)
        return ag_last_status();
    memcpy(shape, p.batch, (size_t)p.batch_ndim * sizeof *shape);
    shape[p.batch_ndim] = p.m;
    shape[p.batch_ndim + 1] = p.n;
    const int ndim = p.batch_ndim + 2, missing = ndim - input->ndim;
    char target[AGI_SHAPE_TEXT], own[AGI_SHAPE_TEXT];
    if (missing < 0)
        return agi_fail(AG_ERR_SHAPE, "expand(torch.DoubleTensor{%s}, size=%s): the number of "
                                      "sizes provided (%d) must be greater or equal to the number "
                                      "of dimensions in the tensor (%d)",
                        agi_format_shape_list(own, input->ndim, agi_shape_of(input)),
                        agi_format_shape_list(target, ndim, shape), ndim, input->ndim);
    for (int d = ndim - 1; d >= missing; d--) {
        const int64_t size = agi_shape_of(input)[d - missing];
        if (size != 1 && size != shape[d])
            return agi_fail(AG_ERR_SHAPE,
                            "The expanded size of the tensor (%lld) must match the existing size "
                            "(%lld) at non-singleton dimension %d.  Target sizes: %s.  Tensor "
                            "sizes: %s", (long long)shape[d], (long long)size, d,
                            agi_format_shape_list(target, ndim, shape),
                            agi_format_shape_list(own, input->ndim, agi_shape_of(input)));
    }
    return AG_OK;
}

AG_FORWARD(product_add)
{
    if (check_matrices("product_add", args + 1) != AG_OK ||
        check_added(args[0].tensor, args[1].tensor, args[2].tensor, attr) != AG_OK)
        return NULL;
    return multiplied(&args[0], args[1], args[2], attr, attr->f[0], attr->f[1]);
}

static void product_add_rule(agi_vjp *v)
{
    const agi_node_attr *attr = agi_node_attr_of(v->node);
    if (NEEDS(0))
        GX(0) = agi_sum_to_input(v, 0, attr->f[0] == 1.0 ? G : v_mul(G, NUM(attr->f[0])));
    if (!NEEDS(1) && !NEEDS(2))
        return;
    const ag_arg g = attr->f[1] == 1.0 ? G : v_mul(G, NUM(attr->f[1]));
    product_rule(v, 1, g, saved_if(v, 1, NEEDS(2)), saved_if(v, 2, NEEDS(1)), (unsigned)attr->i[0]);
}

AG_RULE(product_add) { product_add_rule(v); }

static ag_status check_dims(const char *const *names, const ag_arg *args, int ndim)
{
    for (int k = 0; k < 2; k++) {
        if (args[k].tensor->ndim == ndim)
            continue;
        if (ndim == 2)
            return agi_fail(AG_ERR_SHAPE, "%s must be a matrix, got %d-D tensor", names[k],
                            args[k].tensor->ndim);
        return agi_fail(AG_ERR_SHAPE, "%s must be a %dD tensor", names[k], ndim);
    }
    return AG_OK;
}

ag_status agi_check_batches(const ag_arg *args)
{
    static const char *const names[2] = {"batch1", "batch2"};
    if (check_dims(names, args, 3) != AG_OK)
        return ag_last_status();
    const int64_t *x = agi_shape_of(args[0].tensor), *y = agi_shape_of(args[1].tensor);
    if (x[0] == y[0])
        return AG_OK;
    return agi_fail(AG_ERR_SHAPE, "Expected size for first two dimensions of batch2 tensor to be: "
                                  "[%lld, %lld] but got: [%lld, %lld].", (long long)x[0],
                    (long long)x[2], (long long)y[0], (long long)y[1]);
}

AG_FORMULA(addmm)
{
    static const char *const names[2] = {"mat1", "mat2"};
    return check_dims(names, args + 1, 2) == AG_OK
               ? agi_value(AG_OP_product_add, 3, args, attr) : failed_product();
}

AG_RULE(addmm) { product_add_rule(v); }

AG_FORMULA(baddbmm)
{
    return agi_check_batches(args + 1) == AG_OK
               ? agi_value(AG_OP_product_add, 3, args, attr) : failed_product();
}

AG_RULE(baddbmm) { product_add_rule(v); }

/* A factor as a number of z's dtype, so that int64 stays what it is. */
static ag_arg factor_for(ag_arg z, double value)
{
    const ag_dtype dtype = agi_arg_dtype(&z);
    return agi_number_of(dtype == AG_BOOL ? value != 0.0 : value, dtype);
}

/* beta input + alpha z. A beta of 0 lets nothing of the input through, NaN neither. */
static ag_arg added(ag_arg input, ag_arg z, const ag_attr *attr)
{
    const double beta = attr->f[0], alpha = attr->f[1];
    const bool whole = trunc(beta) == beta && trunc(alpha) == alpha;
    if (agi_arg_dtype(&z) != AG_FLOAT64 && !whole) {
        agi_fail(AG_ERR_VALUE, "For integral input tensors, argument %s must not be a floating "
                               "point number.", trunc(beta) == beta ? "alpha" : "beta");
        return failed_product();
    }
    const ag_arg scaled = alpha == 1.0 ? z : v_mul(z, factor_for(z, alpha));
    if (beta == 0.0 && agi_arg_dtype(&z) == AG_FLOAT64)
        return v_add(v_vjp_mul(NUM(0.0), input), scaled);
    return v_add(beta == 1.0 ? input : v_mul(input, factor_for(z, beta)), scaled);
}

/* Whether the input can be expanded to the shape of z, which alone decides the result's. */
static bool may_be_added(ag_arg input, ag_arg z)
{
    int64_t shape[AGI_MAX_DIMS];
    int ndim = 0;
    if (agi_value_failed(z))
        return false;
    const ag_tensor *x = input.tensor, *to = z.tensor;
    char target[AGI_SHAPE_TEXT], own[AGI_SHAPE_TEXT];
    if (agi_shape_broadcast(&ndim, shape, to->ndim, agi_shape_of(to)) == AG_OK &&
        agi_shape_broadcast(&ndim, shape, x->ndim, agi_shape_of(x)) == AG_OK &&
        agi_shape_equal(ndim, shape, to->ndim, agi_shape_of(to)))
        return true;
    agi_fail(AG_ERR_SHAPE, "The expanded size of the tensor must match the existing size.  Target "
                           "sizes: %s.  Tensor sizes: %s",
             agi_format_shape_list(target, to->ndim, agi_shape_of(to)),
             agi_format_shape_list(own, x->ndim, agi_shape_of(x)));
    return false;
}

AG_FORMULA(addmv)
{
    const ag_tensor *input = args[0].tensor, *a = args[1].tensor, *x = args[2].tensor;
    if (input->ndim == 1 && a->ndim == 2 && x->ndim == 1 && input->numel != 1 &&
        input->numel != agi_shape_of(a)[0]) {
        agi_fail(AG_ERR_SHAPE, "size mismatch, got input (%lld), mat (%lldx%lld), vec (%lld)",
                 (long long)input->numel, (long long)agi_shape_of(a)[0],
                 (long long)agi_shape_of(a)[1], (long long)x->numel);
        return failed_product();
    }
    const ag_arg z = agi_value(AG_OP_mv, 2, args + 1, NULL);
    return may_be_added(args[0], z) ? added(args[0], z, attr) : failed_product();
}

AG_FORMULA(addr)
{
    for (int k = 1; k < 3; k++)
        if (args[k].tensor->ndim != 1) {
            agi_fail(AG_ERR_SHAPE, "addr: Expected 1-D argument vec%d, but got %d-D", k,
                     args[k].tensor->ndim);
            return failed_product();
        }
    const ag_arg z = outer_of(args[1], args[2]);
    return may_be_added(args[0], z) ? added(args[0], z, attr) : failed_product();
}

AG_FORMULA(addbmm)
{
    if (agi_check_batches(args + 1) != AG_OK)
        return failed_product();
    const int64_t one[1] = {1};
    ag_arg z = multiply(args[1], args[2], 0, 1, one);
    if (!agi_value_failed(z))
        z = v_view(z, 2, agi_shape_of(z.tensor) + 1);
    return may_be_added(args[0], z) ? added(args[0], z, attr) : failed_product();
}
