/* SPDX-License-Identifier: MIT
 *
 * Nodes: recording what an op needs for its rule, naming, and freeing without recursion.
 */
#include "node.h"

#include <stdio.h>
#include <string.h>

#include "../base/check.h"
#include "../base/site.h"
#include "../base/thread.h"
#include "../compute/op.h"
#include "../fuse/pending.h"
#include "apply.h"
#include "checkpoint.h"
#include "cut.h"
#include "function.h"
#include "hooks.h"
#include "node_saved.h"
#include "saving.h"

/* ---- retained gradients --------------------------------------------------------------------- */

bool agi_node_prepare(ag_node *node, const ag_tensor *t)
{
    return !(t->flags & AGI_TENSOR_RETAINS_GRAD) || agi_node_extra_of(node) != NULL;
}

void agi_tensor_unmark(ag_tensor *t)
{
    if (t->node != NULL && t->node->extra != NULL && t->node->extra->retain == t)
        t->node->extra->retain = NULL;
}

/* What was a leaf that wants a gradient (a view of a constant) is none any more. Another thread may
 * have marked t since room was made; without memory for it the mark is lost. */
void agi_tensor_replace_node(ag_tensor *t, ag_node *node)
{
    ag_node *old = t->node;
    if (t->flags & AGI_TENSOR_RETAINS_GRAD) {
        agi_tensor_unmark(t);
        if (AGI_LIKELY(agi_node_extra_of(node) != NULL))
            node->extra->retain = t;
        else
            t->flags &= (uint8_t)~AGI_TENSOR_RETAINS_GRAD;
    }
    t->flags &= (uint8_t)~AGI_TENSOR_REQUIRES_GRAD;
    t->node = node;
    agi_node_release(old);
}

/* ---- nodes of views ------------------------------------------------------------------------- */

static void fail_inference_view(const char *what)
{
    agi_fail(AG_ERR_GRAD,
             "A view was created in inference mode and %s modified inplace in normal mode. Given "
             "that this use case is ambiguous and error-prone, it is forbidden. You can clarify "
             "your code by moving both the view and the inplace either both inside the "
             "inference_mode block (if you don't want the inplace to be tracked) or both outside "
             "(if you want the inplace to be tracked).", what);
}

static void fail_no_grad_view(const ag_tensor *view, const char *what)
{
    if (view->node != NULL && agi_node_is_function(agi_node_of_op(view->node))) {
        agi_fail(AG_ERR_GRAD,
                 "Output %d of %s is a view and %s modified inplace. This view was created inside "
                 "a custom Function (or because an input was returned as-is) and the autograd "
                 "logic to handle view+inplace would override the custom backward associated with "
                 "the custom Function, leading to incorrect gradients. This behavior is forbidden. "
                 "You can fix this by cloning the output of the custom Function.",
                 agi_node_output_number(view->node), agi_node_label(view->node), what);
        return;
    }
    agi_fail(AG_ERR_GRAD,
             "A view was created in no_grad mode and %s modified inplace with grad mode enabled. "
             "Given that this use case is ambiguous and error-prone, it is forbidden. You can "
             "clarify your code by moving both the view and the inplace either both inside the "
             "no_grad block (if you don't want the inplace to be tracked) or both outside (if you "
             "want the inplace to be tracked).", what);
}

static void fail_one_of_views(const ag_tensor *view, const char *what)
{
    const ag_node *node = view->node;
    char which[64] = "A view was created in no_grad mode", mode[] = " with grad mode enabled";
    if (node != NULL) {
        snprintf(which, sizeof which, "Output %d of %s is a view", agi_node_output_number(node),
                 agi_node_label(node));
        mode[0] = '\0';
    }
    agi_fail(AG_ERR_GRAD,
             "%s and %s modified inplace%s. This view is the output of a function that returns "
             "multiple views. Such functions do not allow the output views to be modified inplace. "
             "You should replace the inplace operation by an out-of-place one.", which, what, mode);
}

bool agi_check_rewritten(const ag_tensor *view, const char *what)
{
    if (view->marks & AGI_MARK_INFERENCE_VIEW)
        fail_inference_view(what);
    else if (view->flags & AGI_TENSOR_NO_GRAD_VIEW)
        fail_no_grad_view(view, what);
    else if (view->flags & AGI_TENSOR_ONE_OF_VIEWS)
        fail_one_of_views(view, what);
    else
        return true;
    return false;
}

/* Makes the node of a view anew: its base was written in place since, so that the way from the
 * base to the view is now read off the geometry. */
static ag_node *refresh_view(ag_tensor *t)
{
    agi_meta *meta = agi_meta_of(t);
    ag_tensor *base = meta->base;
    if (!agi_check_rewritten(t, "its base or another view of its base has been"))
        return NULL;
    ag_attr attr = {.i = {agi_view_offset(t)}, .n_list = 2 * t->ndim, .list = t->dims};
    ag_arg arg = agi_arg(base);
    ag_node *node = agi_node_new(AG_OP_as_strided, 0, 1, &arg, &attr, t, 0);
    if (node == NULL)
        return NULL;
    if (t->node != NULL)
        node->site = t->node->site;  /* of the line that made the view */
    if (!agi_node_prepare(node, t)) {
        agi_node_release(node);
        return NULL;
    }
    meta->view_version = agi_tensor_version(t);
    agi_node_retain(node);  /* what replacing lets go may give t another one */
    agi_tensor_replace_node(t, node);
    return node;
}

ag_node *agi_view_node(ag_tensor *t, bool *failed)
{
    if (!agi_view_is_stale(t))
        return t->node != NULL ? agi_node_retain(t->node) : NULL;
    ag_node *node = refresh_view(t);
    *failed = node == NULL;
    return node;
}

/* ---- edges ---------------------------------------------------------------------------------- */

AGI_INLINE bool edge_to(ag_tensor *t, agi_edge *edge)
{
    bool failed = false;
    ag_node *node = agi_tensor_node(t, &failed);
    if (node != NULL)
        *edge = (agi_edge)node;
    else if (t->flags & AGI_TENSOR_REQUIRES_GRAD)
        *edge = (agi_edge)agi_retain(t) | 1;
    else
        *edge = 0;
    return !failed;
}

bool agi_edge_to(ag_tensor *t, agi_edge *edge) { return edge_to(t, edge); }

void agi_edge_release(agi_edge edge)
{
    if (agi_edge_is_leaf(edge))
        agi_release(agi_edge_leaf(edge));
    else
        agi_node_release(agi_edge_node(edge));
}

ag_status ag_retain_grad(ag_tensor *t)
{
    if (!agi_has_tensor("retain_grad", t))
        return ag_last_status();
    if (!agi_requires_grad(t)) {
        agi_fail(AG_ERR_GRAD, "can't retain_grad on Tensor that has requires_grad=False");
        agi_cut_explain(t);
        return AG_ERR_GRAD;
    }
    bool failed = false;
    ag_node *node = agi_tensor_node(t, &failed);
    if (failed)
        return ag_last_status();
    if (node == NULL)
        return AG_OK;
    agi_node_extra *extra = agi_node_extra_of(node);
    if (extra != NULL && t->node == node) {
        extra->retain = t;
        t->flags |= AGI_TENSOR_RETAINS_GRAD;
    }
    agi_node_release(node);
    return extra != NULL ? AG_OK : ag_last_status();
}

/* ---- recording ------------------------------------------------------------------------------ */

AGI_INLINE bool has_same_dims(const ag_tensor *x, const ag_tensor *out)
{
    if (x->ndim != out->ndim)
        return false;
    for (int d = 0; d < x->ndim; d++)
        if (x->dims[d] != out->dims[d])
            return false;
    return true;
}

/* A bit for each operand whose shape is kept: a map's only where the result has another one. */
AGI_INLINE unsigned shapes_to_keep(const agi_op_info *info, int n, const ag_arg *args,
                                   const ag_tensor *out)
{
    const bool is_map = agi_op_is_map(info);
    unsigned kept = 0;
    for (int k = 0; k < n && k < AGI_NODE_SHAPES; k++)
        if (args[k].tensor != NULL && !(is_map && has_same_dims(args[k].tensor, out)))
            kept |= 1u << k;
    return kept;
}

/* The ops of regions count in their input's own memory, so their rules need to know how it lay. */
static bool keeps_strides(int op, const ag_tensor *x)
{
    return (op == AG_OP_as_strided || op == AG_OP_strided_scatter) && !agi_is_contiguous(x);
}

/* The shape, and the strides where they are not those of row-major order. */
static int ints_of_output(const ag_tensor *out)
{
    return agi_is_contiguous(out) ? out->ndim : 2 * out->ndim;
}

/* Shapes and the list attribute, behind each other in the node's ints. */
static void save_ints(ag_node *node, unsigned kept, const ag_arg *args, const ag_attr *attr,
                      const ag_tensor *out)
{
    int64_t *ints = agi_node_ints(node);
    int at = 0;
    if (node->saved_mask & AGI_SAVE_OUT) {
        node->out_ndim = out->ndim;
        node->out_strided = !agi_is_contiguous(out);
        at = ints_of_output(out);
        memcpy(ints, out->dims, (size_t)at * sizeof(int64_t));
    }
    for (int k = 0; kept != 0; k++, kept >>= 1) {
        const ag_tensor *x = args[k].tensor;
        if (!(kept & 1u))
            continue;
        node->shape_at[k] = (uint8_t)(at + 1);
        ints[at++] = x->ndim;
        memcpy(ints + at, x->dims, x->ndim * sizeof(int64_t));
        at += x->ndim;
        if (k > 0 || !keeps_strides(node->op, x))
            continue;
        node->has_strides = true;
        memcpy(ints + at, agi_strides_of(x), x->ndim * sizeof(int64_t));
        at += x->ndim;
    }
    node->list_at = (uint8_t)at;
    if (attr != NULL && attr->n_list > 0)
        memcpy(ints + at, attr->list, (size_t)attr->n_list * sizeof(int64_t));
}

static int count_ints(int op, unsigned saved_mask, unsigned kept, const ag_arg *args,
                      const ag_attr *attr, const ag_tensor *out)
{
    int count = saved_mask & AGI_SAVE_OUT ? ints_of_output(out) : 0;
    for (int k = 0; kept >> k != 0; k++)
        if (kept & (1u << k))
            count += 1 + args[k].tensor->ndim;
    if (kept & 1u && keeps_strides(op, args[0].tensor))
        count += args[0].tensor->ndim;
    return attr != NULL && attr->n_list > 0 ? count + attr->n_list : count;
}

static size_t node_bytes(const ag_node *node)
{
    return sizeof(ag_node) + node->n_in * sizeof(agi_edge) + node->n_saved * sizeof(agi_saved) +
           (node->has_attr ? sizeof(agi_node_attr) : 0) + node->n_ints * sizeof(int64_t);
}

static void *node_memory(size_t bytes)
{
    return AGI_LIKELY(bytes <= AGI_SMALL_MAX) ? agi_small_new(bytes) : agi_plain_new(bytes);
}

static void free_node_memory(ag_node *node)
{
    const size_t bytes = node_bytes(node);
    if (AGI_LIKELY(bytes <= AGI_SMALL_MAX))
        agi_small_free(node, bytes);
    else
        agi_plain_free(node);
}

/* A node that begins with this head. Its edges and saved values are the caller's to set. */
AGI_INLINE ag_node *node_of(const ag_node *head)
{
    ag_node *node = node_memory(node_bytes(head));
    if (AGI_UNLIKELY(node == NULL))
        return NULL;
    memcpy(node, head, sizeof *head);
    atomic_init(&node->refs, 1);
    atomic_init(&node->run, NULL);
    agi_thread *thread = agi_thread_get();
    node->number = thread->recorded++;
    agi_count(&thread->live_nodes, 1);
    return node;
}

_Atomic uint8_t agi_modes = AGI_ANOMALY_CHECKS;

void agi_modes_set(unsigned which, unsigned modes)
{
    uint8_t old = atomic_load(&agi_modes);
    while (!atomic_compare_exchange_weak(&agi_modes, &old, (uint8_t)((old & ~which) | modes)))
        ;
}

/* In anomaly mode: from where it is recorded. */
static AGI_NOINLINE bool take_note(ag_node *node)
{
    static _Atomic uint64_t notes;
    uint32_t sites[AGI_STACK_MAX];
    const int n = agi_sites.stack != NULL ? agi_sites.stack(AGI_STACK_MAX, sites) : 0;
    agi_node_extra *extra = agi_node_extra_of(node);
    agi_note *note = extra != NULL ? agi_plain_new(sizeof *note + (size_t)n * sizeof *sites) : NULL;
    if (note == NULL)
        return false;
    ag_node *parent = agi_thread_get()->evaluated;
    *note = (agi_note){.parent = parent != NULL ? agi_node_retain(parent) : NULL, .n = n,
                       .order = atomic_fetch_add(&notes, 1)};
    memcpy(note->sites, sites, (size_t)n * sizeof *sites);
    extra->note = note;
    return true;
}

ag_node *agi_node_new_output(ag_node *of, int k)
{
    const ag_node head = {.op = of->op, .variant = of->variant, .n_in = 1, .n_ints = 1,
                          .is_output = true, .site = of->site};
    ag_node *node = node_of(&head);
    if (node == NULL)
        return NULL;
    node->number = of->number;
    node->edges[0] = (agi_edge)agi_node_retain(of);
    agi_node_ints(node)[0] = k;
    return node;
}

AGI_INLINE bool set_edges(ag_node *node, const ag_arg *args)
{
    const int n = node->n_in;
    for (int k = 0; k < n; k++) {
        if (args[k].tensor == NULL) {
            node->edges[k] = 0;
        } else if (!edge_to(args[k].tensor, &node->edges[k])) {
            agi_node_leave_empty(node, &node->edges[k + 1]);
            return false;
        }
    }
    return true;
}

ag_node *agi_node_new(int op, int variant, int n, const ag_arg *args, const ag_attr *attr,
                      const ag_tensor *out, uint32_t out_bump)
{
    const agi_op_info *info = &agi_ops[op];
    const unsigned mask = agi_node_saves(op, n, args), shapes = shapes_to_keep(info, n, args, out);
    ag_node head = {
        .op = (uint16_t)op,
        .variant = (uint8_t)variant,
        .n_in = (uint16_t)n,
        .saved_mask = (uint8_t)mask,
        .n_saved = (uint8_t)agi_save_count(mask),
        .has_attr = attr != NULL,
        .is_wide = info->kind >= AGI_JOIN,
        .has_outputs = info->kind > AGI_JOIN,
        .n_ints = (uint16_t)count_ints(op, mask, shapes, args, attr, out),
        .site = agi_site_now(),
    };
    ag_node *node = node_of(&head);
    if (AGI_UNLIKELY(node == NULL))
        return NULL;
    if (attr != NULL) {
        agi_node_attr *kept = agi_node_attr_of(node);
        memcpy(kept->f, attr->f, sizeof kept->f);
        memcpy(kept->i, attr->i, sizeof kept->i);
    }
    save_ints(node, shapes, args, attr, out);
    if (!set_edges(node, args) || !agi_node_save_values(node, args, out, out_bump) ||
        (AGI_UNLIKELY(agi_anomaly_is_on()) && !take_note(node)))
        goto fail;
    return node;
fail:
    agi_node_release(node);
    return NULL;
}

ag_node *agi_node_new_function(agi_function *function, int n_inputs, ag_tensor *const *inputs,
                               int n_results)
{
    const ag_node head = {.op = AGI_OP_FUNCTION, .n_in = (uint16_t)n_inputs, .is_wide = true,
                          .has_outputs = n_results > 1,
                          .has_attr = n_results > 1, .site = agi_site_now()};
    ag_node *node = node_of(&head);
    if (node == NULL)
        return NULL;
    memset(node->edges, 0, (size_t)n_inputs * sizeof(agi_edge));
    bool ok = agi_node_extra_of(node) != NULL &&
              (AGI_LIKELY(!agi_anomaly_is_on()) || take_note(node));
    if (n_results > 1)
        *agi_node_attr_of(node) = (agi_node_attr){.i[3] = n_results};
    for (int k = 0; k < n_inputs && ok; k++)
        ok = agi_edge_to(inputs[k], &node->edges[k]);
    if (ok) {
        node->extra->function = function;
        return node;
    }
    agi_node_release(node);
    return NULL;
}

const int64_t *agi_node_input_shape(const ag_node *node, int k, int *ndim)
{
    if (k >= AGI_NODE_SHAPES || node->shape_at[k] == 0) {
        *ndim = -1;
        return NULL;
    }
    const int64_t *at = agi_node_ints(node) + node->shape_at[k] - 1;
    *ndim = (int)at[0];
    return at + 1;
}

const int64_t *agi_node_input_strides(const ag_node *node)
{
    if (!node->has_strides)
        return NULL;
    int ndim;
    const int64_t *shape = agi_node_input_shape(node, 0, &ndim);
    return shape + ndim;
}

agi_node_extra *agi_node_extra_of(ag_node *node)
{
    if (node->extra == NULL) {
        node->extra = agi_plain_new(sizeof *node->extra);
        if (node->extra != NULL)
            *node->extra = (agi_node_extra){.retain = NULL};
    }
    return node->extra;
}

/* ---- freeing -------------------------------------------------------------------------------- */

void agi_node_release_owned(ag_node *node) { agi_node_release(node); }

static void free_note(agi_note *note)
{
    agi_node_release(note->parent);
    agi_plain_free(note->made);
    agi_plain_free(note);
}

static void free_extra(agi_node_extra *extra)
{
    agi_hooks_free(extra->hooks);
    agi_function_end(extra->function);
    if (extra->note != NULL)
        free_note(extra->note);
    if (extra->release != NULL)
        extra->release(extra->context);
    agi_plain_free(extra);
}

static void free_one(ag_node *node)
{
    agi_saved *saved = agi_node_saved(node);
    for (int k = 0; k < node->n_saved; k++)
        agi_saved_release(&saved[k]);
    for (int k = 0; k < node->n_in; k++)
        agi_edge_release(node->edges[k]);
    if (AGI_UNLIKELY(node->extra != NULL))
        free_extra(node->extra);
    agi_count(&agi_thread_get()->live_nodes, -1);
    free_node_memory(node);
}

/* Releasing a node's edges may bring other nodes here: they queue up behind the first instead of
 * going deeper, so that a tape of any length is freed in constant stack. The queue's links lie in
 * the `run` fields: no engine has a node that nobody owns. */
void agi_node_free(ag_node *node)
{
    agi_thread *thread = agi_thread_get();
    atomic_store_explicit(&node->run, thread->dying, memory_order_relaxed);
    thread->dying = node;
    if (thread->freeing)
        return;
    thread->freeing = true;
    while (thread->dying != NULL) {
        ag_node *next = thread->dying;
        thread->dying = atomic_load_explicit(&next->run, memory_order_relaxed);
        free_one(next);
    }
    thread->freeing = false;
}

/* ---- looking at the tape -------------------------------------------------------------------- */

static const char *label_of_formula(int formula)
{
    int op = 0;
    while (agi_ops[op].formula != formula)
        op++;
    return agi_ops[op].label;
}

const char *agi_node_label(const ag_node *node)
{
    static const char *const named[] = {NULL, "Rsub", "Mul", "T", "UnsafeView", "Zero", "Unbind",
                                        "CopyBackwards!", "SplitWithSizes", "SliceScatter",
                                        "SelectScatter", "DiagonalScatter"};
    if (agi_node_is_function(agi_node_of_op((ag_node *)(uintptr_t)node)))
        return agi_node_of_op((ag_node *)(uintptr_t)node)->extra->function->given.name;
    if (node->formula != 0)
        return label_of_formula(node->formula);
    int alias = node->variant >> 4;
    return alias != 0 ? named[alias] : agi_ops[node->op].label;
}

static void (*on_anomaly)(ag_node *node);

void ag_set_anomaly_hook(void (*failed)(ag_node *node)) { on_anomaly = failed; }

/* The hook may do anything: what is the thread's is as before afterwards. */
static AGI_NOINLINE void tell_of_anomaly(ag_node *node)
{
    const agi_callback call = agi_callback_begin();
    agi_thread *thread = call.thread;
    char message[AGI_MESSAGE_MAX];
    const ag_status status = thread->status;
    memcpy(message, thread->message, sizeof message);
    if (node != NULL)
        agi_node_retain(node);
    on_anomaly(node);
    if (node != NULL)
        agi_node_release(node);
    agi_callback_end(&call);
    thread->status = status;
    memcpy(thread->message, message, sizeof message);
}

bool agi_node_explain(ag_node *node)
{
    char name[64], what[96];
    const ag_status status = ag_last_status();
    if (status == AG_OK || status == AG_ERR_INTERRUPTED)
        return false;
    ag_node_name(node, name, sizeof name);
    snprintf(what, sizeof what, "%s was recorded", name);
    agi_site_add(node->site, what);
    if (agi_anomaly_is_on() && on_anomaly != NULL)
        tell_of_anomaly(agi_node_of_op(node));
    return false;
}

bool agi_leaf_explain(void)
{
    const ag_status status = ag_last_status();
    if (status != AG_OK && status != AG_ERR_INTERRUPTED && agi_anomaly_is_on() &&
        on_anomaly != NULL)
        tell_of_anomaly(NULL);
    return false;
}

int ag_node_stack(const ag_node *node, int n, uint32_t *sites)
{
    if (!agi_has("node_stack", node, "a node") ||
        (n > 0 && !agi_has("node_stack", sites, "memory for the sites")))
        return -1;
    const agi_note *note = node->extra != NULL ? node->extra->note : NULL;
    if (note == NULL)
        return -1;
    for (int k = 0; k < n && k < note->n; k++)
        sites[k] = note->sites[k];
    return note->n;
}

ag_node *ag_node_parent(const ag_node *node)
{
    const bool noted = agi_has("node_parent", node, "a node") && node->extra != NULL &&
                       node->extra->note != NULL;
    return noted ? node->extra->note->parent : NULL;
}

void *ag_node_context(const ag_node *node)
{
    return agi_has("node_context", node, "a node") && node->extra != NULL ? node->extra->context
                                                                          : NULL;
}

ag_status ag_node_set_context(ag_node *node, void *context, void (*release)(void *context))
{
    if (!agi_has("node_set_context", node, "a node"))
        return ag_last_status();
    agi_node_extra *extra = agi_node_extra_of(node);
    if (extra == NULL)
        return ag_last_status();
    const agi_node_extra old = *extra;
    extra->context = context;
    extra->release = release;
    if (old.release != NULL)
        old.release(old.context);
    return AG_OK;
}

uint32_t ag_node_site(const ag_node *node)
{
    return agi_has("node_site", node, "a node") ? node->site : 0;
}

int ag_node_name(const ag_node *node, char *text, size_t size)
{
    if (!agi_has("node_name", node, "a node") || !agi_check_text("node_name", text, size))
        return -1;
    const char *label = agi_node_label(node);
    int length = (int)strlen(label);
    if (agi_node_is_function(agi_node_of_op((ag_node *)(uintptr_t)node)))
        return snprintf(text, size, "%sBackward", label);
    if (label[length - 1] == '!')
        return snprintf(text, size, "%.*s", length - 1, label);
    return snprintf(text, size, "%sBackward%d", label, node->variant & 15);
}
