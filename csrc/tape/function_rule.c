/* SPDX-License-Identifier: MIT
 *
 * The rule of a function's node: what the embedder's rule gives, checked and brought to the shapes
 * of the inputs.
 */
#include <string.h>

#include "../base/shape.h"
#include "../tensor/scope.h"
#include "cast.h"
#include "dtypes.h"
#include "function.h"
#include "rule.h"

#define LOCAL_TENSORS 12  /* cotangents and gradients that need no memory of their own */

/* Whether a gradient of this shape is the input's, or one that was broadcast from it. */
static bool is_of_input(const ag_tensor *g, int ndim, const int64_t *shape)
{
    const int lead = g->ndim - ndim;
    if (lead < 0)
        return false;
    for (int d = 0; d < ndim; d++)
        if (shape[d] != agi_shape_of(g)[lead + d] && shape[d] != 1)
            return false;
    return true;
}

static bool fail_gradient(const ag_node *node, int k, const ag_tensor *g, int ndim,
                          const int64_t *shape)
{
    char want[AGI_SHAPE_TEXT], got[AGI_SHAPE_TEXT];
    agi_fail(AG_ERR_SHAPE,
             "Function %sBackward returned an invalid gradient at index %d - got %s but expected "
             "shape compatible with %s", node->extra->function->given.name, k,
             agi_format_shape_list(got, g->ndim, agi_shape_of(g)),
             agi_format_shape_list(want, ndim, shape));
    return false;
}

/* The gradient (owned, taken) of input k as a value of the open scope. */
static bool take_gradient(agi_vjp *v, int k, ag_tensor *g, const int64_t *sizes)
{
    const int ndim = (int)sizes[0];
    if (!is_of_input(g, ndim, sizes + 1)) {
        fail_gradient(v->node, k, g, ndim, sizes + 1);
        agi_release(g);
        return false;
    }
    if (AGI_UNLIKELY(agi_dtype_of(g) != AG_FLOAT64)) {
        ag_tensor *cast = agi_cast(g, AG_FLOAT64);
        agi_release(g);
        g = cast;
    }
    g = agi_scope_add(g);
    if (g == NULL)
        return false;
    GX(k) = agi_sum_to(agi_arg(g), ndim, sizes + 1);
    return !agi_value_failed(GX(k));
}

/* An input whose gradient there is none of is needed no more. */
static bool take_gradients_of_inputs(agi_vjp *v, ag_tensor **gradients)
{
    const int64_t *sizes = v->node->extra->function->shapes;
    bool ok = true;
    for (int k = 0; k < v->node->n_in; sizes += 1 + sizes[0], k++) {
        ag_tensor *g = gradients[k];
        const bool is_wanted = ok && NEEDS_OF(k) && g != NULL;
        NEEDS_OF(k) = is_wanted;
        if (is_wanted)
            ok = take_gradient(v, k, g, sizes);
        else
            agi_release(g);
    }
    return ok;
}

static bool call_function(agi_vjp *v, ag_tensor **room)
{
    const int n_in = v->node->n_in, n_out = agi_node_outputs(v->node);
    ag_tensor **gradients = room + n_out;
    memset(gradients, 0, (size_t)n_in * sizeof *gradients);
    for (int k = 0; k < n_out; k++)
        room[k] = GS(k).tensor;
    if (agi_function_call(v->node->extra->function, v->node, n_out, room, n_in, WIDE->needs,
                          gradients))
        return take_gradients_of_inputs(v, gradients);
    for (int k = 0; k < n_in; k++)
        agi_release(gradients[k]);
    return false;
}

/* A failure is seen by whoever runs the rule at the first input, which is then needed. */
void agi_function_rule(agi_vjp *v)
{
    ag_tensor *local[LOCAL_TENSORS], **room = local;
    const size_t n = (size_t)v->node->n_in + (size_t)agi_node_outputs(v->node);
    if (n > LOCAL_TENSORS)
        room = agi_plain_new(n * sizeof *room);
    if (room == NULL || !call_function(v, room)) {
        NEEDS_OF(0) = true;
        GX(0) = agi_arg(&agi_failed);
    }
    if (room != local)
        agi_plain_free(room);
}
