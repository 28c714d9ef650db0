/* SPDX-License-Identifier: MIT
 *
 * FunctionCtx: the context of a call of a Function, with what it keeps for the backward.
 */
#include "py_errors.h"
#include "py_function.h"
#include "py_saved.h"
#include "py_tensor.h"

#include <stddef.h>
#include <structmember.h>

PyTypeObject *py_context_type;

/* ---- saved values --------------------------------------------------------------------------- */

static void free_saved_values(py_context *ctx)
{
    ag_saved **saved = ctx->saved;
    const int n = ctx->n_saved;
    ctx->saved = NULL;
    ctx->n_saved = 0;
    Py_CLEAR(ctx->saved_leaves);
    for (int k = 0; k < n; k++)
        ag_saved_release(saved[k]);
    PyMem_Free(saved);
}

void py_context_free_saved(py_context *ctx)
{
    free_saved_values(ctx);
    ctx->is_freed = true;
}

static int result_number(const ag_tensor *t, int n_results, ag_tensor *const *results)
{
    for (int k = 0; k < n_results; k++)
        if (results[k] == t)
            return k;
    return -1;
}

/* Leaves keep their objects, so that these come back, and so that the collector sees them. */
static bool keep_leaf(py_context *ctx, PyObject *leaf)
{
    if (ctx->saved_leaves == NULL && (ctx->saved_leaves = PyList_New(0)) == NULL)
        return false;
    return PyList_Append(ctx->saved_leaves, leaf) == 0;
}

static bool save_one(py_context *ctx, int k, PyObject *value, int n_results,
                     ag_tensor *const *results)
{
    if (value == Py_None)
        return true;
    if (!py_is_tensor(value)) {
        PyErr_Format(PyExc_TypeError,
                     "save_for_backward can only save variables, but argument %d is of type %s", k,
                     Py_TYPE(value)->tp_name);
        return false;
    }
    ag_tensor *t = py_tensor_of(value);
    const int result = result_number(t, n_results, results);
    ctx->saved[k] = ag_save_tensor(t, result);
    if (ctx->saved[k] == NULL)
        return py_raise() != NULL;
    return result >= 0 || !ag_is_leaf(t) || !ag_requires_grad(t) || keep_leaf(ctx, value);
}

bool py_context_save(py_context *ctx, int n_results, ag_tensor *const *results)
{
    PyObject *values = ctx->to_save;
    ctx->to_save = NULL;
    if (values == NULL)
        return true;
    bool ok = PyTuple_Check(values);
    if (!ok)
        PyErr_Format(PyExc_TypeError, "saved tensors argument is expected to be a tuple but is %s",
                     Py_TYPE(values)->tp_name);
    const Py_ssize_t n = ok ? PyTuple_GET_SIZE(values) : 0;
    if (n > 0) {
        ctx->saved = PyMem_Calloc((size_t)n, sizeof *ctx->saved);
        ctx->n_saved = ctx->saved != NULL ? (int)n : 0;
        ok = ctx->saved != NULL || PyErr_NoMemory() != NULL;
    }
    for (int k = 0; k < ctx->n_saved && ok; k++)
        ok = save_one(ctx, k, PyTuple_GET_ITEM(values, k), n_results, results);
    Py_DECREF(values);
    return ok;
}

void py_context_forget(py_context *ctx)
{
    Py_CLEAR(ctx->to_save);
    Py_CLEAR(ctx->saved_for_forward);
    Py_CLEAR(ctx->dirty_tensors);
    Py_CLEAR(ctx->non_differentiable);
}

static PyObject *saved_value(PyObject *self, int k)
{
    const py_context *ctx = (const py_context *)self;
    if (ctx->saved[k] == NULL)
        return Py_NewRef(Py_None);
    ag_tensor *t = ag_saved_tensor(ctx->saved[k], ctx->head.node);
    PyObject *value = t != NULL ? py_tensor_wrap(t) : py_raise();
    if (value != NULL)
        py_tensor_track(value);  /* a result leads to the node, and so to the context */
    return value;
}

/* Of each of the saved values what `one_of` makes. */
static PyObject *all_saved(PyObject *self, PyObject *(*one_of)(PyObject *self, int k))
{
    const py_context *ctx = (const py_context *)self;
    if (ctx->head.node == NULL && ctx->n_saved > 0)
        return py_fail_no_node(self);
    PyObject *all = PyTuple_New(ctx->n_saved);
    for (int k = 0; k < ctx->n_saved && all != NULL; k++) {
        PyObject *one = one_of(self, k);
        if (one == NULL)
            Py_CLEAR(all);
        else
            PyTuple_SET_ITEM(all, k, one);
    }
    return all;
}

static bool clears_on_access(const py_context *ctx, bool *clears)
{
    PyObject *flag = PyObject_GetAttrString(ctx->function, "clear_saved_tensors_on_access");
    const int is_true = flag != NULL ? PyObject_IsTrue(flag) : -1;
    Py_XDECREF(flag);
    *clears = is_true > 0;
    return is_true >= 0;
}

static PyObject *get_saved_tensors(PyObject *self, void *unused)
{
    py_context *ctx = (py_context *)self;
    bool clears = false;
    (void)unused;
    if (ctx->is_cleared) {
        PyErr_SetString(
            PyExc_RuntimeError,
            "saved_tensors can only be accessed once when clear_saved_tensors_on_access=True is "
            "set on the autograd.Function. Either access saved_tensors only once, or set "
            "clear_saved_tensors_on_access=False.");
        return NULL;
    }
    if (ctx->is_freed) {
        ag_fail_freed();
        return py_raise();
    }
    PyObject *all = all_saved(self, saved_value);
    if (all != NULL && ctx->n_saved > 0 && !clears_on_access(ctx, &clears))
        Py_CLEAR(all);
    if (clears) {
        py_context_free_saved(ctx);
        ctx->is_cleared = true;
    }
    return all;
}

static ag_saved *kept_of(PyObject *self, int k)
{
    const py_context *ctx = (const py_context *)self;
    return k < ctx->n_saved ? ctx->saved[k] : NULL;
}

static PyObject *raw_saved_value(PyObject *self, int k)
{
    return py_saved_object(self, k, kept_of);
}

static PyObject *get_raw_saved_tensors(PyObject *self, void *unused)
{
    const py_context *ctx = (py_context *)self;
    (void)unused;
    if (ctx->is_freed || ctx->is_cleared) {
        ag_fail_freed();
        return py_raise();
    }
    return all_saved(self, raw_saved_value);
}

/* ---- gradients of results ------------------------------------------------------------------- */

static PyObject *zeros_of(const int64_t *sizes)
{
    return py_tensor_new(ag_zeros((int)sizes[0], sizes + 1));
}

PyObject *py_context_gradients(const py_context *ctx, int n, ag_tensor *const *gradients)
{
    const int64_t *sizes = ctx->results;
    const int materialize = PyObject_IsTrue(ctx->materialize_grads);
    PyObject *all = materialize >= 0 ? PyTuple_New(n) : NULL;
    for (int k = 0; k < n && all != NULL; k++) {
        PyObject *one;
        if (gradients[k] != NULL)
            one = py_tensor_wrap(ag_retain(gradients[k]));
        else if (materialize && sizes[0] >= 0)
            one = zeros_of(sizes);
        else
            one = Py_NewRef(Py_None);
        sizes += 1 + (sizes[0] > 0 ? sizes[0] : 0);
        if (one == NULL)
            Py_CLEAR(all);
        else
            PyTuple_SET_ITEM(all, k, one);
    }
    return all;
}

/* ---- attributes ----------------------------------------------------------------------------- */

static PyObject *get_needs_input_grad(PyObject *self, void *unused)
{
    const py_context *ctx = (py_context *)self;
    (void)unused;
    PyObject *all = PyTuple_New(ctx->n_arguments);
    for (int k = 0; k < ctx->n_arguments && all != NULL; k++)
        PyTuple_SET_ITEM(all, k,
                         PyBool_FromLong(ctx->arguments[k] & PY_ARGUMENT_NEEDS_GRAD));
    return all;
}

/* A tuple of the arguments of a method of the context, kept until forward ends. */
static PyObject *keep_tuple(PyObject **at, PyObject *const *args, Py_ssize_t n)
{
    PyObject *all = PyTuple_New(n);
    if (all == NULL)
        return NULL;
    for (Py_ssize_t k = 0; k < n; k++)
        PyTuple_SET_ITEM(all, k, Py_NewRef(args[k]));
    Py_XSETREF(*at, all);
    Py_RETURN_NONE;
}

static PyObject *ctx_save_for_backward(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    return keep_tuple(&((py_context *)self)->to_save, args, n);
}

static PyObject *ctx_mark_dirty(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    return keep_tuple(&((py_context *)self)->dirty_tensors, args, n);
}

static PyObject *ctx_mark_non_differentiable(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    return keep_tuple(&((py_context *)self)->non_differentiable, args, n);
}

static PyObject *ctx_save_for_forward(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    for (Py_ssize_t k = 0; k < n; k++)
        if (args[k] != Py_None && !py_is_tensor(args[k])) {
            PyErr_SetString(PyExc_AssertionError,
                            "save_for_forward expects all arguments to be tensors; you should save "
                            "non-tensors as attributes on ctx.");
            return NULL;
        }
    return keep_tuple(&((py_context *)self)->saved_for_forward, args, n);
}

static PyObject *ctx_set_materialize_grads(PyObject *self, PyObject *value)
{
    Py_XSETREF(((py_context *)self)->materialize_grads, Py_NewRef(value));
    Py_RETURN_NONE;
}

/* ---- life ----------------------------------------------------------------------------------- */

static int context_traverse(PyObject *self, visitproc visit, void *arg)
{
    const py_context *ctx = (py_context *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(ctx->function);
    Py_VISIT(ctx->to_save);
    Py_VISIT(ctx->saved_for_forward);
    Py_VISIT(ctx->dirty_tensors);
    Py_VISIT(ctx->non_differentiable);
    Py_VISIT(ctx->materialize_grads);
    Py_VISIT(ctx->saved_leaves);
    if (ctx->n_saved == 0)
        return 0;
    return ag_visit_saved_packed(ctx->n_saved, ctx->saved, py_visit_packed,
                                 &(py_hook_visit){visit, arg});
}

static int context_clear(PyObject *self)
{
    py_context *ctx = (py_context *)self;
    py_context_forget(ctx);
    free_saved_values(ctx);
    return 0;
}

static void context_dealloc(PyObject *self)
{
    py_context *ctx = (py_context *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (ctx->head.head.maker != NULL)
        py_tensor_unlink((PyObject *)ctx->head.head.maker);
    if (ctx->head.weakrefs != NULL)
        PyObject_ClearWeakRefs(self);
    context_clear(self);
    Py_CLEAR(ctx->materialize_grads);
    Py_CLEAR(ctx->function);
    if (ctx->arguments != ctx->few)
        PyMem_Free(ctx->arguments);
    PyMem_Free(ctx->results);
    PyMem_Free(ctx->head.shape);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *context_repr(PyObject *self)
{
    return PyUnicode_FromFormat("<pyautograd.autograd.function.%s object at %p>",
                                Py_TYPE(self)->tp_name, self);
}

/* ---- type ----------------------------------------------------------------------------------- */

#define FASTCALL(function) ((PyCFunction)(void (*)(void))(function)), METH_FASTCALL

static PyMethodDef context_methods[] = {
    {"save_for_backward", FASTCALL(ctx_save_for_backward),
     "save_for_backward($self, *tensors)\n--\n\n"
     "Keep tensors, inputs or results above all, for backward: it finds them in saved_tensors.\n\n"
     "Each is kept with its history and its version, so that higher derivatives are right and a\n"
     "write in place is found. None stays None. The last call counts.\n\n"
     "Raises:\n"
     "    TypeError: from apply(), an argument is neither a Tensor nor None.\n"},
    {"save_for_forward", FASTCALL(ctx_save_for_forward),
     "save_for_forward($self, *tensors)\n--\n\nKeep tensors for jvp.\n\n"
     "Raises:\n    AssertionError: an argument is neither a Tensor nor None.\n"},
    {"mark_dirty", FASTCALL(ctx_mark_dirty),
     "mark_dirty($self, *args)\n--\n\n"
     "Say which inputs forward has written in place. It must return them, too.\n"},
    {"mark_non_differentiable", FASTCALL(ctx_mark_non_differentiable),
     "mark_non_differentiable($self, *args)\n--\n\n"
     "Say which results need no gradient. What backward gets for them is zeros.\n"},
    {"set_materialize_grads", ctx_set_materialize_grads, METH_O,
     "set_materialize_grads($self, value, /)\n--\n\n"
     "Whether backward gets zeros (as it does without this call), or None, for a result that no\n"
     "gradient came to.\n"},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef context_properties[] = {
    {"saved_tensors", get_saved_tensors, NULL,
     "What save_for_backward kept, as a tuple.\n\n"
     "Raises:\n"
     "    RuntimeError: a backward has freed it, or one of it was written in place since.\n", NULL},
    {"_raw_saved_tensors", get_raw_saved_tensors, NULL,
     "The same as objects that take hooks, SavedTensor.\n\n"
     "Raises:\n    RuntimeError: a backward has freed it.\n", NULL},
    {"needs_input_grad", get_needs_input_grad, NULL,
     "For each argument of apply() whether it is a tensor that requires grad.\n", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef context_members[] = {
    {"to_save", T_OBJECT, offsetof(py_context, to_save), 0, "What is to be saved."},
    {"saved_for_forward", T_OBJECT, offsetof(py_context, saved_for_forward), 0,
     "What is kept for jvp."},
    {"dirty_tensors", T_OBJECT, offsetof(py_context, dirty_tensors), 0,
     "Inputs that were written in place."},
    {"non_differentiable", T_OBJECT, offsetof(py_context, non_differentiable), 0,
     "Results that need no gradient."},
    {"materialize_grads", T_OBJECT, offsetof(py_context, materialize_grads), 0,
     "Whether zeros stand for gradients that did not come."},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot context_slots[] = {
    {Py_tp_doc,
     "The context of a call of an autograd.Function: its entry of the tape, which\n"
     "`Tensor.grad_fn` of what it made gives, and a place for what backward needs.\n\n"
     "Any attribute can be set. Tensors are better given to save_for_backward().\n"},
    {Py_tp_dealloc, context_dealloc},
    {Py_tp_traverse, context_traverse},
    {Py_tp_clear, context_clear},
    {Py_tp_repr, context_repr},
    {Py_tp_methods, context_methods},
    {Py_tp_getset, context_properties},
    {Py_tp_members, context_members},
    {0, NULL},
};

static PyType_Spec context_spec = {
    .name = "pyautograd.autograd.function.FunctionCtx",
    .basicsize = sizeof(py_context),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = context_slots,
};

bool py_add_context_type(PyObject *module)
{
    PyObject *bases = PyTuple_Pack(1, (PyObject *)py_node_type);
    if (bases == NULL)
        return false;
    py_context_type = (PyTypeObject *)PyType_FromSpecWithBases(&context_spec, bases);
    Py_DECREF(bases);
    return py_context_type != NULL &&
           PyModule_AddObjectRef(module, "FunctionCtx", (PyObject *)py_context_type) == 0;
}
