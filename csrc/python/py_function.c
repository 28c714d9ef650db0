/* SPDX-License-Identifier: MIT
 *
 * autograd.Function: calling forward and recording what it made, and the rule that calls backward.
 * The classes themselves are those of pyautograd/autograd/function.py.
 */
#include "py_function.h"

#include "py_args.h"
#include "py_errors.h"
#include "py_tensor.h"

#include <string.h>

static PyObject *name_of_forward, *name_of_setup, *name_of_backward, *name_of_vjp,
    *name_of_context, *name_of_boxed;

/* Of the class Function: what stands for a method that a class does not have. */
static PyObject *no_setup, *no_backward, *no_vjp, *bind_arguments;

/* ---- the rule ------------------------------------------------------------------------------- */

/* The user's backward, or vjp: new reference. */
static PyObject *backward_of(PyObject *function)
{
    PyObject *backward = PyObject_GetAttr(function, name_of_backward);
    PyObject *vjp = backward != NULL ? PyObject_GetAttr(function, name_of_vjp) : NULL;
    if (vjp == NULL) {
        Py_XDECREF(backward);
        return NULL;
    }
    if (vjp == no_vjp) {
        Py_DECREF(vjp);
        return backward;
    }
    const bool has_both = backward != no_backward;
    Py_DECREF(backward);
    if (!has_both)
        return vjp;
    Py_DECREF(vjp);
    PyErr_SetString(PyExc_RuntimeError,
                    "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. "
                    "You should only implement one of them.");
    return NULL;
}

static PyObject *call_with(PyObject *function, PyObject *first, PyObject *const *rest,
                           Py_ssize_t n, PyObject *names)
{
    PyObject *few[PY_FEW_ARGUMENTS + 2], **all = few;
    const Py_ssize_t n_names = names != NULL ? PyTuple_GET_SIZE(names) : 0;
    if (first == NULL)
        return PyObject_Vectorcall(function, rest, (size_t)n, names);
    if (n + n_names > PY_FEW_ARGUMENTS &&
        (all = PyMem_Malloc((size_t)(n + n_names + 2) * sizeof *all)) == NULL)
        return PyErr_NoMemory();
    all[1] = first;
    memcpy(all + 2, rest, (size_t)(n + n_names) * sizeof *all);
    PyObject *result = PyObject_Vectorcall(
        function, all + 1, (size_t)(n + 1) | PY_VECTORCALL_ARGUMENTS_OFFSET, names);
    if (all != few)
        PyMem_Free(all);
    return result;
}

/* With the gradients of the results, a tuple: as so many arguments, or as one list. */
static PyObject *call_backward(PyObject *ctx, PyObject *function, PyObject *gradients)
{
    PyObject *result = NULL, *backward = backward_of(function);
    PyObject *boxed = backward != NULL ? PyObject_GetAttr(function, name_of_boxed) : NULL;
    const int is_boxed = boxed != NULL ? PyObject_IsTrue(boxed) : -1;
    if (is_boxed > 0) {
        PyObject *list = PySequence_List(gradients);
        if (list != NULL)
            result = call_with(backward, ctx, &list, 1, NULL);
        Py_XDECREF(list);
    } else if (is_boxed == 0) {
        result = call_with(backward, ctx, ((PyTupleObject *)gradients)->ob_item,
                           PyTuple_GET_SIZE(gradients), NULL);
    }
    Py_XDECREF(boxed);
    Py_XDECREF(backward);
    return result;
}

/* How many of the entries count: too many are no fault if those are None. */
static Py_ssize_t count_without_none(PyObject *const *entries, Py_ssize_t n, Py_ssize_t wanted)
{
    while (n > wanted && entries[n - 1] == Py_None)
        n--;
    return n;
}

static bool check_returned(const py_context *ctx, PyObject *const *entries, Py_ssize_t n)
{
    const char *name = Py_TYPE(ctx)->tp_name;
    if (n != ctx->n_arguments) {
        PyErr_Format(PyExc_RuntimeError,
                     "function %s returned an incorrect number of gradients (expected %d, got %zd)",
                     name, ctx->n_arguments, n);
        return false;
    }
    for (Py_ssize_t k = 0; k < n; k++) {
        if (entries[k] == Py_None)
            continue;
        if (!(ctx->arguments[k] & PY_ARGUMENT_TENSOR)) {
            PyErr_Format(PyExc_RuntimeError,
                         "function %s returned a gradient different than None at position %zd, but "
                         "the corresponding forward input was not a Variable", name, k + 1);
            return false;
        }
        if (!py_is_tensor(entries[k])) {
            PyErr_Format(PyExc_RuntimeError, "expected Variable or None (got %s)",
                         Py_TYPE(entries[k])->tp_name);
            return false;
        }
    }
    return true;
}

/* What backward returned, as gradients of the inputs that are tensors. */
static bool take_returned(const py_context *ctx, PyObject *returned, ag_tensor **of_inputs)
{
    PyObject *const *entries = &returned;
    Py_ssize_t n = 1;
    if (PyTuple_Check(returned)) {
        entries = ((PyTupleObject *)returned)->ob_item;
        n = PyTuple_GET_SIZE(returned);
    }
    n = count_without_none(entries, n, ctx->n_arguments);
    if (!check_returned(ctx, entries, n))
        return false;
    for (Py_ssize_t k = 0, at = 0; k < n; k++) {
        if (!(ctx->arguments[k] & PY_ARGUMENT_TENSOR))
            continue;
        if (entries[k] != Py_None)
            of_inputs[at] = ag_retain(py_tensor_of(entries[k]));
        at++;
    }
    return true;
}

static ag_status function_rule(void *context, ag_node *node, int n_results,
                               ag_tensor *const *of_results, int n_inputs, const bool *needed,
                               ag_tensor **of_inputs)
{
    const PyGILState_STATE state = PyGILState_Ensure();
    py_context *ctx = context;
    Py_INCREF(ctx);
    PyObject *returned = NULL, *gradients = py_context_gradients(ctx, n_results, of_results);
    (void)node;
    (void)n_inputs;
    (void)needed;
    if (gradients != NULL)
        returned = call_backward(context, ctx->function, gradients);
    const bool ok = returned != NULL && take_returned(ctx, returned, of_inputs);
    Py_XDECREF(gradients);
    Py_XDECREF(returned);
    Py_DECREF(ctx);
    PyGILState_Release(state);
    return ok ? AG_OK : AG_ERR_CALLBACK;
}

/* ---- the node's end ------------------------------------------------------------------------- */

static void free_saved(void *context)
{
    if (!Py_IsInitialized())  /* at exit */
        return;
    const PyGILState_STATE state = PyGILState_Ensure();
    py_context_free_saved(context);
    PyGILState_Release(state);
}

static void let_go_of_context(void *context)
{
    if (!Py_IsInitialized())
        return;
    const PyGILState_STATE state = PyGILState_Ensure();
    ((py_context *)context)->head.node = NULL;
    PyGILState_Release(state);
    py_let_go(context);
}

static PyObject *context_of(const ag_node *node)
{
    PyObject *context = ag_node_function(node, function_rule);
    return Py_XNewRef(context);
}

/* ---- arguments ------------------------------------------------------------------------------ */

static py_context *new_context(PyObject *function, Py_ssize_t n)
{
    PyTypeObject *type = (PyTypeObject *)PyObject_GetAttr(function, name_of_context);
    if (type == NULL || !PyType_Check(type) || !PyType_IsSubtype(type, py_context_type)) {
        if (type != NULL)
            PyErr_Format(PyExc_TypeError, "_backward_cls of %R is no class of contexts", function);
        Py_XDECREF(type);
        return NULL;
    }
    py_context *ctx = (py_context *)type->tp_alloc(type, 0);
    Py_DECREF(type);
    if (ctx == NULL)
        return NULL;
    ctx->function = Py_NewRef(function);
    ctx->materialize_grads = Py_NewRef(Py_True);
    ctx->arguments = n <= PY_FEW_ARGUMENTS ? ctx->few : PyMem_Malloc((size_t)n);
    ctx->n_arguments = ctx->arguments != NULL ? (int)n : 0;
    if (ctx->arguments != NULL)
        return ctx;
    PyErr_NoMemory();
    Py_DECREF(ctx);
    return NULL;
}

/* The tensors among the arguments into `inputs`, borrowed; returns how many. */
static int read_arguments(py_context *ctx, PyObject *const *args, ag_tensor **inputs)
{
    int n_inputs = 0;
    bool any = false;
    for (int k = 0; k < ctx->n_arguments; k++) {
        ctx->arguments[k] = 0;
        if (!py_is_tensor(args[k]))
            continue;
        ag_tensor *t = py_tensor_of(args[k]);
        const bool needs = ag_requires_grad(t);
        ctx->arguments[k] = (uint8_t)(PY_ARGUMENT_TENSOR | (needs ? PY_ARGUMENT_NEEDS_GRAD : 0));
        inputs[n_inputs++] = t;
        any |= needs;
    }
    ctx->is_recorded = any && ag_grad_enabled();
    return n_inputs;
}

/* ---- forward -------------------------------------------------------------------------------- */

static PyObject *tuple_of_arguments(PyObject *const *args, Py_ssize_t n)
{
    PyObject *all = PyTuple_New(n);
    for (Py_ssize_t k = 0; k < n && all != NULL; k++)
        PyTuple_SET_ITEM(all, k, Py_NewRef(args[k]));
    return all;
}

/* The second half of a forward that does not take the context. */
static bool set_up(py_context *ctx, PyObject *setup, PyObject *const *args, PyObject *output)
{
    PyObject *inputs = tuple_of_arguments(args, ctx->n_arguments), *done = NULL;
    if (inputs != NULL)
        done = PyObject_CallFunctionObjArgs(setup, (PyObject *)ctx, inputs, output, NULL);
    Py_XDECREF(inputs);
    Py_XDECREF(done);
    return done != NULL;
}

/* What forward returned: with grad mode off, as it records itself. Where `setup` is not NULL, that
 * takes the context in forward's place. */
static PyObject *call_forward(py_context *ctx, PyObject *setup, PyObject *const *args,
                              PyObject *names)
{
    PyObject *forward = PyObject_GetAttr(ctx->function, name_of_forward);
    if (forward == NULL)
        return NULL;
    ctx->has_setup = setup != NULL;
    const bool was_on = ag_set_grad_enabled(false);
    PyObject *output = call_with(forward, setup != NULL ? NULL : (PyObject *)ctx, args,
                                 ctx->n_arguments, names);
    if (output != NULL && setup != NULL && !set_up(ctx, setup, args, output))
        Py_CLEAR(output);
    ag_set_grad_enabled(was_on);
    Py_DECREF(forward);
    return output;
}

/* ---- results -------------------------------------------------------------------------------- */

/* What a call is about. */
typedef struct call {
    py_context *ctx;
    int n_inputs, n_results;
    ag_tensor **inputs;    /* borrowed */
    PyObject **objects;    /* owned: what is returned */
    ag_tensor **results;   /* borrowed: those that are recorded, NULL for others */
} call;

static int is_in(const PyObject *tuple, const PyObject *object)
{
    if (tuple == NULL)
        return 0;
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(tuple); k++)
        if (PyTuple_GET_ITEM(tuple, k) == object)
            return 1;
    return 0;
}

static bool is_input(const call *c, const ag_tensor *t)
{
    for (int k = 0; k < c->n_inputs; k++)
        if (c->inputs[k] == t)
            return true;
    return false;
}

/* Marks are tuples of tensors. */
static bool check_marks(PyObject *marks, const char *accepts, const char *attribute)
{
    if (marks == NULL || marks == Py_None)
        return true;
    if (!PyTuple_Check(marks)) {
        PyErr_Format(PyExc_TypeError, "%s attribute is expected to be a tuple but is %s",
                     attribute, Py_TYPE(marks)->tp_name);
        return false;
    }
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(marks); k++)
        if (!py_is_tensor(PyTuple_GET_ITEM(marks, k))) {
            PyErr_Format(PyExc_RuntimeError, "%s, but got %s as argument %zd", accepts,
                         Py_TYPE(PyTuple_GET_ITEM(marks, k))->tp_name, k);
            return false;
        }
    return true;
}

/* Another tensor over the same memory; takes the place of an input that was returned as it is. */
static bool replace(PyObject **object, ag_tensor *other)
{
    PyObject *fresh = py_result(*object, other);
    if (fresh != NULL)
        Py_SETREF(*object, fresh);
    return fresh != NULL;
}

static bool replace_by_view(PyObject **object)
{
    ag_tensor *t = py_tensor_of(*object);
    const bool was_on = ag_set_grad_enabled(false);
    ag_tensor *view = ag_view(t, ag_ndim(t), ag_shape(t));
    ag_set_grad_enabled(was_on);
    return replace(object, view);
}

/* A result that no gradient reaches. */
static bool finish_constant(PyObject **object, bool was_input, bool was_written)
{
    ag_tensor *t = py_tensor_of(*object);
    if (!ag_requires_grad(t))
        return !was_input || was_written || replace_by_view(object);
    if (was_input)
        return replace(object, ag_detach(t));
    return ag_is_view(t) || ag_detach_(t) == AG_OK || py_raise() != NULL;
}

/* One that was written in place and is returned as it must be. */
static bool finish_written(const ag_tensor *t, bool was_input)
{
    if (ag_is_leaf(t) && ag_requires_grad(t)) {
        PyErr_SetString(PyExc_RuntimeError, "a leaf Variable that requires grad has been used in "
                                            "an in-place operation.");
        return false;
    }
    return was_input ||
           PyErr_WarnEx(PyExc_UserWarning,
                        "ctx.mark_dirty() received a tensor that was not an input. Only input "
                        "Tensors that have been mutated should be passed to ctx.mark_dirty().",
                        1) == 0;
}

static bool finish_result(call *c, int k)
{
    PyObject **object = &c->objects[k];
    const py_context *ctx = c->ctx;
    if (!py_is_tensor(*object))
        return true;
    ag_tensor *t = py_tensor_of(*object);
    const bool was_input = is_input(c, t), was_written = is_in(ctx->dirty_tensors, *object) != 0;
    if (!ctx->is_recorded || is_in(ctx->non_differentiable, *object) ||
        ag_dtype_of(t) != AG_FLOAT64)
        return finish_constant(object, was_input, was_written);
    if (was_written && !finish_written(t, was_input))
        return false;
    if (was_input && !was_written) {
        if (ctx->has_setup && is_in(ctx->to_save, *object)) {
            PyErr_SetString(PyExc_RuntimeError,
                            "An input that has been returned as-is as output is being saved for "
                            "backward. This is not supported if you override setup_context. You "
                            "should return and save a view of the input instead, e.g. with "
                            "x.view_as(x) or setup ctx inside the forward function itself.");
            return false;
        }
        if (!replace_by_view(object))
            return false;
    }
    c->results[k] = py_tensor_of(*object);
    return true;
}

static bool check_written_are_returned(const call *c)
{
    const PyObject *dirty = c->ctx->dirty_tensors;
    for (Py_ssize_t k = 0; dirty != NULL && k < PyTuple_GET_SIZE(dirty); k++) {
        bool is_there = false;
        for (int r = 0; r < c->n_results && !is_there; r++)
            is_there = c->objects[r] == PyTuple_GET_ITEM(dirty, k);
        if (!is_there) {
            PyErr_SetString(PyExc_RuntimeError,
                            "Some elements marked as dirty during the forward method were not "
                            "returned as output. The inputs that are modified inplace must all be "
                            "outputs of the Function.");
            return false;
        }
    }
    return true;
}

/* The sizes of the results, of which zeros may be wanted. */
static bool remember_sizes(call *c)
{
    size_t count = 0;
    for (int k = 0; k < c->n_results; k++)
        count += 1 + (py_is_tensor(c->objects[k])
                          ? (size_t)ag_ndim(py_tensor_of(c->objects[k])) : 0);
    int64_t *at = c->ctx->results = PyMem_Malloc(count * sizeof *at);
    if (at == NULL)
        return PyErr_NoMemory() != NULL;
    for (int k = 0; k < c->n_results; k++) {
        const bool is_tensor = py_is_tensor(c->objects[k]);
        const ag_tensor *t = is_tensor ? py_tensor_of(c->objects[k]) : NULL;
        const int ndim = is_tensor ? ag_ndim(t) : 0;
        *at++ = is_tensor ? ndim : -1;
        if (ndim > 0)
            memcpy(at, ag_shape(t), (size_t)ndim * sizeof *at);
        at += ndim;
    }
    return true;
}

static bool record(call *c)
{
    py_context *ctx = c->ctx;
    const ag_function function = {.name = ((PyTypeObject *)ctx->function)->tp_name,
                                  .rule = function_rule, .context = Py_NewRef((PyObject *)ctx),
                                  .free_saved = free_saved, .release = let_go_of_context};
    if (ag_record_function(&function, c->n_inputs, c->inputs, c->n_results, c->results) != AG_OK) {
        Py_DECREF(ctx);
        return py_raise() != NULL;
    }
    for (int k = 0; k < c->n_results; k++) {
        if (c->results[k] == NULL)
            continue;
        if (ctx->head.node == NULL) {
            ctx->head.node = ag_node_of(c->results[k]);
            ag_node_release(ctx->head.node);  /* which owns the context, not the other way round */
        }
        py_tensor_track(c->objects[k]);
    }
    return true;
}

static bool finish(call *c)
{
    py_context *ctx = c->ctx;
    if (!check_marks(ctx->dirty_tensors, "mark_dirty can only accept variables",
                     "dirty_tensors") ||
        !check_marks(ctx->non_differentiable,
                     "mark_non_differentiable only accepts variable arguments",
                     "non_differentiable") ||
        !check_written_are_returned(c))
        return false;
    for (int k = 0; k < c->n_results; k++)
        if (!finish_result(c, k))
            return false;
    if (!ctx->is_recorded || c->n_results == 0)
        return true;
    return remember_sizes(c) && record(c) && py_context_save(ctx, c->n_results, c->results);
}

/* Takes what forward returned: the only result, or a tuple of them. */
static PyObject *finish_call(py_context *ctx, int n_inputs, ag_tensor **inputs, PyObject *output)
{
    const bool is_tuple = PyTuple_Check(output);
    const Py_ssize_t n = is_tuple ? PyTuple_GET_SIZE(output) : 1;
    PyObject *all = PyTuple_New(n), *result = NULL;
    ag_tensor *few[PY_FEW_ARGUMENTS] = {NULL};
    ag_tensor **results = n <= PY_FEW_ARGUMENTS ? few : PyMem_Calloc((size_t)n, sizeof *results);
    if (all != NULL && results != NULL) {
        for (Py_ssize_t k = 0; k < n; k++)
            PyTuple_SET_ITEM(all, k, Py_NewRef(is_tuple ? PyTuple_GET_ITEM(output, k) : output));
        call c = {ctx, n_inputs, (int)n, inputs, ((PyTupleObject *)all)->ob_item, results};
        if (finish(&c))
            result = Py_NewRef(is_tuple ? all : PyTuple_GET_ITEM(all, 0));
    } else if (results == NULL) {
        PyErr_NoMemory();
    }
    if (results != few)
        PyMem_Free(results);
    Py_XDECREF(all);
    Py_DECREF(output);
    return result;
}

/* ---- apply ---------------------------------------------------------------------------------- */

static PyObject *apply_to(PyObject *function, PyObject *setup, PyObject *const *args, Py_ssize_t n,
                          PyObject *names)
{
    ag_tensor *few[PY_FEW_ARGUMENTS];
    ag_tensor **inputs = n <= PY_FEW_ARGUMENTS ? few : PyMem_Malloc((size_t)n * sizeof *inputs);
    py_context *ctx = inputs != NULL ? new_context(function, n) : NULL;
    PyObject *output = NULL;
    if (ctx != NULL) {
        ag_region region;
        const int n_inputs = read_arguments(ctx, args, inputs);
        const bool noted = ag_region_begin(&region);
        output = call_forward(ctx, setup, args, names);
        if (output != NULL)
            output = finish_call(ctx, n_inputs, inputs, output);
        if (PY_UNLIKELY(noted))
            ag_region_end(&region, AG_EVENT_FUNCTION, ((PyTypeObject *)function)->tp_name);
        py_context_forget(ctx);
        Py_DECREF(ctx);
    } else if (inputs == NULL) {
        PyErr_NoMemory();
    }
    if (inputs != few)
        PyMem_Free(inputs);
    return output;
}

/* Where the context is set up apart, forward's keywords and defaults become arguments like the
 * others, so that setup_context and backward know all by their places. */
static PyObject *apply_bound(PyObject *function, PyObject *setup, PyObject *const *args,
                             Py_ssize_t n, PyObject *names)
{
    PyObject *bound = call_with(bind_arguments, function, args, n, names);
    PyObject *result = NULL;
    if (bound != NULL)
        result = apply_to(function, setup, ((PyTupleObject *)bound)->ob_item,
                          PyTuple_GET_SIZE(bound), NULL);
    Py_XDECREF(bound);
    return result;
}

static PyObject *function_apply(PyObject *function, PyObject *const *args, Py_ssize_t n,
                                PyObject *names)
{
    PyObject *setup = PyObject_GetAttr(function, name_of_setup);
    if (setup == NULL)
        return NULL;
    PyObject *result = setup != no_setup ? apply_bound(function, setup, args, n, names)
                                         : apply_to(function, NULL, args, n, names);
    Py_DECREF(setup);
    return result;
}

/* ---- type ----------------------------------------------------------------------------------- */

/* _set_function_defaults(setup_context, backward, vjp, bind): those of Function. */
static PyObject *set_defaults(PyObject *module, PyObject *const *args, Py_ssize_t n)
{
    (void)module;
    if (n != 4) {
        PyErr_SetString(PyExc_TypeError, "_set_function_defaults() takes 4 arguments");
        return NULL;
    }
    Py_XSETREF(no_setup, Py_NewRef(args[0]));
    Py_XSETREF(no_backward, Py_NewRef(args[1]));
    Py_XSETREF(no_vjp, Py_NewRef(args[2]));
    Py_XSETREF(bind_arguments, Py_NewRef(args[3]));
    Py_RETURN_NONE;
}

PyMethodDef py_function_functions[] = {
    {"_set_function_defaults", (PyCFunction)(void (*)(void))set_defaults, METH_FASTCALL,
     "What stands for the methods that a Function class does not have; how keywords are bound."},
    {NULL, NULL, 0, NULL},
};

static PyMethodDef function_methods[] = {
    {"apply", PY_METHOD(function_apply), PY_KEYWORDS | METH_CLASS,
     "apply(*args, **kwargs)\n--\n\n"
     "Call forward, and record what it made as one entry of the tape.\n"},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot function_slots[] = {
    {Py_tp_doc, "What autograd.Function is made from."},
    {Py_tp_methods, function_methods},
    {0, NULL},
};

static PyType_Spec function_spec = {
    .name = "pyautograd._core._FunctionBase",
    .basicsize = sizeof(PyObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = function_slots,
};

bool py_add_function_types(PyObject *module)
{
    py_context_of = context_of;
    name_of_forward = PyUnicode_InternFromString("forward");
    name_of_setup = PyUnicode_InternFromString("setup_context");
    name_of_backward = PyUnicode_InternFromString("backward");
    name_of_vjp = PyUnicode_InternFromString("vjp");
    name_of_context = PyUnicode_InternFromString("_backward_cls");
    name_of_boxed = PyUnicode_InternFromString("boxed_grads_call");
    PyObject *type = PyType_FromSpec(&function_spec);
    const bool done = type != NULL && name_of_boxed != NULL && py_add_context_type(module) &&
                      PyModule_AddObjectRef(module, "_FunctionBase", type) == 0;
    Py_XDECREF(type);
    return done;
}
