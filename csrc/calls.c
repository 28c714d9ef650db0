/* SPDX-License-Identifier: MIT
 *
 * Ops as public functions: those whose prototypes come from ops.def. What a row does not say itself
 * (BODY is OWN) is written out at the end.
 */
#include <string.h>

#include "base/check.h"
#include "base/shape.h"
#include "compute/indexed.h"
#include "ops/table.h"
#include "tape/apply.h"
#include "tape/dtypes.h"
#include "tensor/scope.h"

#include <math.h>

ag_arg ag_number(double value) { return agi_number(value); }

/* 2^53 + 1 lies between two doubles, and would be rounded to the one that int64 still has. */
ag_arg ag_integer(int64_t value)
{
    value += value == AGI_INTEGER_MAX + 1 ? 1 : value == -AGI_INTEGER_MAX - 1 ? -1 : 0;
    return agi_number_of((double)value, AG_INT64);
}

ag_arg ag_boolean(bool value) { return agi_number_of(value, AG_BOOL); }
ag_arg ag_operand(ag_tensor *t) { return agi_arg(t); }

/* ---- OP ------------------------------------------------------------------------------------- */

static ag_tensor *apply1(ag_op op, ag_tensor *x, const ag_attr *attr)
{
    ag_arg arg = agi_arg(x);
    return agi_has_tensor(agi_ops[op].name, x) ? agi_call(op, 1, &arg, attr) : NULL;
}

static ag_tensor *apply2(ag_op op, ag_arg x, ag_arg y)
{
    ag_arg args[2] = {x, y};
    return agi_call(op, 2, args, NULL);
}

#define DEFINE_UNARY(name) \
    ag_tensor *ag_##name(ag_tensor *x) { return apply1(AG_OP_##name, x, NULL); }
#define DEFINE_BINARY(name) \
    ag_tensor *ag_##name(ag_tensor *x, ag_tensor *y) \
    { \
        return agi_has_tensors(#name, x, y) ? apply2(AG_OP_##name, agi_arg(x), agi_arg(y)) : NULL; \
    } \
    ag_tensor *ag_##name##_scalar(ag_tensor *x, double y) \
    { \
        return agi_has_tensor(#name, x) ? apply2(AG_OP_##name, agi_arg(x), agi_number(y)) : NULL; \
    } \
    ag_tensor *ag_scalar_##name(double x, ag_tensor *y) \
    { \
        return agi_has_tensor(#name, y) ? apply2(AG_OP_##name, agi_number(x), agi_arg(y)) : NULL; \
    }
#define DEFINE_PAIR DEFINE_BINARY
#define DEFINE_MASK DEFINE_BINARY
#define DEFINE_TERNARY(name) \
    ag_tensor *ag_##name(ag_tensor *x, ag_tensor *y, ag_tensor *z) \
    { \
        if (!agi_has_tensors(#name, x, y) || !agi_has_tensor(#name, z)) \
            return NULL; \
        ag_arg args[3] = {agi_arg(x), agi_arg(y), agi_arg(z)}; \
        return agi_call(AG_OP_##name, 3, args, NULL); \
    }
#define DEFINE_INNER1(name)
#define DEFINE_INNER(name)
#define DEFINE_INNER3(name)
#define DEFINE_UNARY_ATTR(name)
#define DEFINE_TERNARY_ATTR(name)
#define DEFINE_REDUCE(name)
#define DEFINE_VIEW(name)
#define DEFINE_MAKE(name)
#define DEFINE_EDIT(name)
#define DEFINE_JOIN(name)
#define DEFINE_FORMULA(name)
#define DEFINE_REDUCES(name)
#define DEFINE_VIEWS(name)
#define DEFINE_FORMULAS(name)
#define OP(name, arity, KIND, dtypes, saves, GRAD, label, doc) DEFINE_##KIND(name)
#include "include/ops.def"

/* ---- CALL ----------------------------------------------------------------------------------- */

/* What a function is given is put in the places where the op looks for it. The places are numbers
 * that the compiler knows. `ok` is false, with an error, from the first thing on that is wrong. */
typedef struct call_places {
    const char *name;
    bool ok, has_attr;
    int n, n_f, n_i;
} call_places;

AGI_INLINE void put_tensor(call_places *c, ag_arg *args, ag_tensor *t)
{
    c->ok = c->ok && agi_has_tensor(c->name, t);
    args[c->n++] = agi_arg(t);
}

AGI_INLINE void put_maybe(call_places *c, ag_arg *args, ag_tensor *t)
{
    args[c->n++] = t != NULL ? agi_arg(t) : agi_number_of(NAN, AG_BOOL);
}

AGI_INLINE void put_number(call_places *c, ag_attr *attr, double value)
{
    attr->f[c->n_f++] = value;
    c->has_attr = true;
}

AGI_INLINE void put_int(call_places *c, ag_attr *attr, int64_t value)
{
    attr->i[c->n_i++] = value;
    c->has_attr = true;
}

AGI_INLINE void put_list(call_places *c, ag_attr *attr, const char *what, int n,
                         const int64_t *list, bool or_all)
{
    c->ok = c->ok && agi_check_list(c->name, what, n, list, or_all);
    attr->n_list = n;
    attr->list = list;
    c->has_attr = true;
}

#define PUT_TENSOR(name) put_tensor(&places, args, name);
#define PUT_MAYBE(name) put_maybe(&places, args, name);
#define PUT_OPERAND(name) args[places.n++] = name;
#define PUT_NUMBER(name) put_number(&places, &attr, name);
#define PUT_INT(name) put_int(&places, &attr, name);
#define PUT_WHOLE(name) put_number(&places, &attr, (double)name);
#define PUT_DIM PUT_INT
#define PUT_FLAG PUT_INT
#define PUT_CHOICE PUT_INT
#define PUT_REDUCTION PUT_INT
#define PUT_AVERAGE(name)
#define PUT_DRIVER(name)
#define PUT_REDUCE(name)
#define PUT_INPLACE(name)
#define PUT_DIMS(name) put_list(&places, &attr, "dimensions", n_##name, name, true);
#define PUT_SIZES(name) put_list(&places, &attr, "sizes", n_##name, name, false);
#define PUT_INTS(name) put_list(&places, &attr, #name, n_##name, name, false);
#define PUT_DTYPE(name)
#define PUT_REAL(name)
#define PUT_DEVICE(name)
#define PUT_INTO(name)
#define PUT(of, KIND, name, default) PUT_##KIND(name)
#define PUT_ALL(cname, parameters) \
    call_places places = {.name = #cname, .ok = true}; \
    ag_arg args[AGI_MOST_ARGS]; \
    ag_attr attr = {.n_list = 0}; \
    AG_EACH(PUT, PUT, , parameters) \
    const ag_attr *given = places.has_attr ? &attr : NULL;

#define CALL_OF_TENSOR(op) places.ok ? agi_call(op, places.n, args, given) : NULL
#define CALL_OF_SELF CALL_OF_TENSOR
#define CALL_OF_PAIR_OF(op) \
    places.ok ? ag_apply_several(op, places.n, args, given, 2, outs) : ag_last_status()
#define CALL_OF_NAMED(...) CALL_OF_PAIR_OF
#define IN_PLACE_BOTH(cname, parameters)
#define IN_PLACE_FUNCTION IN_PLACE_BOTH
#define IN_PLACE_METHOD IN_PLACE_BOTH
#define IN_PLACE_PART IN_PLACE_BOTH
#define IN_PLACE_FUNCTIONAL IN_PLACE_BOTH
#define IN_PLACE_SPECIAL IN_PLACE_BOTH
#define IN_PLACE_LINALG IN_PLACE_BOTH
#define IN_PLACE_BOTH_IN_PLACE(cname, parameters) \
    AG_PROTOTYPE_IN_PLACE(cname, parameters) \
    { \
        PUT_ALL(cname, parameters) \
        return places.ok ? ag_apply_(AG_OP_##cname, places.n, args, given) : ag_last_status(); \
    }
#define IN_PLACE_METHOD_IN_PLACE IN_PLACE_BOTH_IN_PLACE
#define IN_PLACE_FUNCTIONAL_IN_PLACE IN_PLACE_BOTH_IN_PLACE
#define BODY_OP(cname, FORMS, RESULT, parameters) \
    AG_PROTOTYPE(cname, RESULT, parameters) \
    { \
        PUT_ALL(cname, parameters) \
        return CALL_OF_##RESULT(AG_OP_##cname); \
    } \
    IN_PLACE_##FORMS(cname, parameters)
#define BODY_OWN(cname, FORMS, RESULT, parameters)
#define BODY_DONE(cname, FORMS, RESULT, parameters)
#define BODY_C BODY_OP
#define BODY_CHECKED_OP BODY_OP
#define BODY_CHECKED_OWN BODY_OWN
#define BODY_CHECKED_DONE BODY_DONE
#define BODY_PYTHON(cname, FORMS, RESULT, parameters)
#define BODY_PAIR(cname, FORMS, RESULT, parameters)
#define CALL(name, cname, FORMS, BODY, RESULT, parameters, doc, example) \
    BODY_##BODY(cname, FORMS, RESULT, parameters)
#include "include/ops.def"

/* ---- others --------------------------------------------------------------------------------- */

ag_tensor *ag_sum_all(ag_tensor *x) { return ag_sum(x, -1, NULL, false); }
ag_tensor *ag_mean_all(ag_tensor *x) { return ag_mean(x, -1, NULL, false); }

static bool unbound_dim(ag_tensor *x, int dim, int *at)
{
    if (!agi_has_tensor("unbind", x))
        return false;
    if (x->ndim > 0)
        return agi_shape_wrap_dim(dim, x->ndim, at) == AG_OK;
    agi_fail(AG_ERR_INDEX, "Dimension specified as %d but tensor has no dimensions", dim);
    return false;
}

int ag_unbind_count(ag_tensor *x, int dim)
{
    int at;
    if (!unbound_dim(x, dim, &at))
        return -1;
    if (agi_shape_of(x)[at] <= INT32_MAX)
        return (int)agi_shape_of(x)[at];
    agi_fail(AG_ERR_MEMORY, "unbind: %lld results do not fit", (long long)agi_shape_of(x)[at]);
    return -1;
}

ag_status ag_unbind(ag_tensor *x, int dim, int n, ag_tensor **outs)
{
    int at;
    if (!unbound_dim(x, dim, &at))
        return ag_last_status();
    ag_attr attr = {.i = {at}};
    const ag_arg arg = agi_arg(x);
    return ag_apply_several(AG_OP_unbind, 1, &arg, &attr, n, outs);
}

static ag_tensor *with_ints(ag_op op, ag_tensor *x, int64_t a, int64_t b, int64_t c, int64_t d)
{
    ag_attr attr = {.i = {a, b, c, d}};
    return apply1(op, x, &attr);
}

/* A view where the strides allow one; else a copy, which is no view on the tape either. */
ag_tensor *ag_reshape(ag_tensor *x, int ndim, const int64_t *wanted)
{
    int64_t shape[AGI_MAX_DIMS], strides[AGI_MAX_DIMS];
    if (!agi_has_tensor("reshape", x) ||
        !agi_check_list("reshape", "sizes", ndim, wanted, false) ||
        agi_shape_infer(wanted, ndim, x->numel, shape) != AG_OK)
        return NULL;
    if (agi_shape_view_strides(x->ndim, agi_shape_of(x), agi_strides_of(x), ndim, shape, strides))
        return ag_view(x, ndim, shape);
    ag_arg arg = agi_arg(x);
    ag_tensor *dense = agi_apply(AG_OP_clone, 0, 1, &arg, &agi_row_major);
    if (dense == NULL)
        return NULL;
    ag_attr attr = {.n_list = ndim, .list = shape};
    arg = agi_arg(dense);
    ag_tensor *z = agi_apply(AG_OP_view, AGI_NAMED_UNSAFE_VIEW, 1, &arg, &attr);
    agi_release(dense);
    return agi_scope_add(z);
}

ag_tensor *ag_flatten(ag_tensor *x, int start_dim, int end_dim)
{
    int first, last;
    if (!agi_has_tensor("flatten", x) || agi_shape_wrap_dim(start_dim, x->ndim, &first) != AG_OK ||
        agi_shape_wrap_dim(end_dim, x->ndim, &last) != AG_OK)
        return NULL;
    if (first > last)
        return agi_fail_null(AG_ERR_SHAPE,
                             "flatten() has invalid args: start_dim cannot come after "
                             "end_dim");
    if (x->ndim == 0)
        return ag_reshape(x, 1, (int64_t[]){1});
    if (first == last)
        return agi_scope_add(agi_retain(x));
    int64_t shape[AGI_MAX_DIMS], merged = 1;
    int n = 0;
    for (int d = 0; d < x->ndim; d++) {
        if (d >= first && d <= last)
            merged *= agi_shape_of(x)[d];
        if (d < first || d > last)
            shape[n++] = agi_shape_of(x)[d];
        else if (d == last)
            shape[n++] = merged;
    }
    return ag_reshape(x, n, shape);
}

ag_tensor *ag_t(ag_tensor *x)
{
    if (!agi_has_tensor("t", x))
        return NULL;
    if (x->ndim > 2)
        return agi_fail_null(AG_ERR_SHAPE, "t() expects a tensor with <= 2 dimensions, but self is "
                                           "%dD", x->ndim);
    ag_attr attr = {.i = {0, x->ndim < 2 ? 0 : 1}};
    ag_arg arg = agi_arg(x);
    return agi_scope_add(agi_apply(AG_OP_transpose, AGI_NAMED_T, 1, &arg, &attr));
}

ag_tensor *ag_select(ag_tensor *x, int dim, int64_t index)
{
    return with_ints(AG_OP_select, x, dim, index, 0, 0);
}

ag_tensor *ag_slice(ag_tensor *x, int dim, int64_t start, int64_t end, int64_t step)
{
    return with_ints(AG_OP_slice, x, dim, start, end, step);
}

ag_tensor *ag_as_strided(ag_tensor *x, int ndim, const int64_t *shape, const int64_t *strides,
                         int64_t offset)
{
    int64_t list[2 * AGI_MAX_DIMS];
    if (!agi_check_list("as_strided", "sizes", ndim, shape, false) ||
        !agi_check_list("as_strided", "strides", ndim, strides, false))
        return NULL;
    for (int d = 0; d < ndim; d++) {
        list[d] = shape[d];
        list[ndim + d] = strides[d];
    }
    ag_attr attr = {.i = {offset}, .n_list = 2 * ndim, .list = list};
    return apply1(AG_OP_as_strided, x, &attr);
}

ag_tensor *ag_clone(ag_tensor *x) { return apply1(AG_OP_clone, x, NULL); }

ag_tensor *ag_contiguous(ag_tensor *x)
{
    if (!agi_has_tensor("contiguous", x))
        return NULL;
    return agi_is_contiguous(x) ? agi_scope_add(agi_retain(x))
                                : apply1(AG_OP_clone, x, &agi_row_major);
}

/* ---- take_along_dim: gather, of operands that broadcast but along dim ------------------------ */

/* x with the sizes of a shape, but for its own along dim. Owned. */
static ag_tensor *expanded_beside(ag_tensor *x, const int64_t *shape, int dim)
{
    int64_t sizes[AGI_MAX_DIMS];
    memcpy(sizes, shape, x->ndim * sizeof *sizes);
    sizes[dim] = agi_shape_of(x)[dim];
    if (agi_shape_equal(x->ndim, sizes, x->ndim, agi_shape_of(x)))
        return agi_retain(x);
    const ag_attr to = {.n_list = x->ndim, .list = sizes};
    const ag_arg arg = agi_arg(x);
    return agi_apply(AG_OP_expand, -1, 1, &arg, &to);
}

/* The index counted from the front where it is counted from behind. Owned; what is out of range
 * either way stays, and is refused by whoever reads it. */
static ag_tensor *index_from_front(ag_tensor *index, int64_t size)
{
    int64_t wrong;
    if (agi_indexed_fits(index, 0, size, &wrong) || !agi_indexed_fits(index, -size, size, &wrong))
        return agi_retain(index);
    ag_arg args[2] = {agi_arg(index), ag_number((double)size)};
    args[1].dtype = AG_INT64;
    return agi_apply(AG_OP_remainder, -1, 2, args, NULL);
}

static ag_tensor *take_along(ag_tensor *x, ag_tensor *index, int dim)
{
    int64_t shape[AGI_MAX_DIMS], others[AGI_MAX_DIMS];
    int ndim = x->ndim;
    memcpy(shape, agi_shape_of(x), x->ndim * sizeof *shape);
    memcpy(others, agi_shape_of(index), x->ndim * sizeof *others);
    shape[dim] = others[dim];
    if (agi_shape_broadcast(&ndim, shape, x->ndim, others) != AG_OK)
        return NULL;
    ag_tensor *wide = expanded_beside(x, shape, dim);
    ag_tensor *front = wide != NULL ? index_from_front(index, agi_shape_of(wide)[dim]) : NULL;
    ag_tensor *wide_index = front != NULL ? expanded_beside(front, shape, dim) : NULL;
    ag_tensor *z = NULL;
    if (wide_index != NULL) {
        const ag_attr attr = {.i = {dim}};
        const ag_arg args[2] = {agi_arg(wide), agi_arg(wide_index)};
        z = agi_call(AG_OP_gather, 2, args, &attr);
    }
    agi_release(wide);
    agi_release(front);
    agi_release(wide_index);
    return z;
}

/* Row by row, of x and an index as vectors. */
static ag_tensor *take_along_all(ag_tensor *x, ag_tensor *index)
{
    static const int64_t all = -1;
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return NULL;
    ag_tensor *flat = ag_reshape(x, 1, &all);
    ag_tensor *flat_index = flat != NULL ? ag_reshape(index, 1, &all) : NULL;
    return agi_scope_leave(mark, flat_index != NULL ? ag_gather(flat, 0, flat_index, false) : NULL);
}

ag_tensor *ag_take_along_dim(ag_tensor *x, ag_tensor *indices, int dim)
{
    int at;
    if (!agi_has_tensors("take_along_dim", x, indices))
        return NULL;
    if (agi_dtype_of(indices) != AG_INT64)
        return agi_fail_null(AG_ERR_VALUE, "take_along_dim(): dtype of indices should be Long "
                                           "but got %s", agi_dtype_name(agi_dtype_of(indices)));
    if (dim == INT32_MIN)
        return take_along_all(x, indices);
    if (x->ndim != indices->ndim)
        return agi_fail_null(AG_ERR_SHAPE, "take_along_dim(): input and indices should have "
                                           "the same number of dimensions, but got %d dimensions "
                                           "for input, and %d dimensions for indices", x->ndim,
                             indices->ndim);
    if (x->ndim == 0)
        return agi_fail_null(AG_ERR_INDEX, "Dimension specified as %d but tensor has no dimensions",
                             dim);
    return agi_shape_wrap_dim(dim, x->ndim, &at) == AG_OK ? take_along(x, indices, at) : NULL;
}
