/* SPDX-License-Identifier: MIT
 *
 * Hooks that are Python functions, and their handles. The library keeps a function as the context
 * of a hook; an exception stays set while backward comes to its end, and is raised there.
 */
#include "py_hooks.h"

#include "py_errors.h"
#include "py_tensor.h"

/* ---- handles -------------------------------------------------------------------------------- */

typedef struct py_handle {
    PyObject_HEAD
    ag_hook *hook;  /* owned */
} py_handle;

static PyTypeObject *handle_type;

/* Takes the hook. */
static PyObject *handle_of(ag_hook *hook)
{
    if (hook == NULL)
        return py_raise();
    py_handle *o = PyObject_New(py_handle, handle_type);
    if (o == NULL) {
        ag_hook_release(hook);
        return NULL;
    }
    o->hook = hook;
    return (PyObject *)o;
}

/* The same of one that was registered just now, and is not where that has no handle. */
static PyObject *handle_of_new(ag_hook *hook)
{
    if (hook == NULL)
        return py_raise();
    PyObject *handle = handle_of(ag_hook_retain(hook));
    if (handle == NULL)
        ag_hook_remove(hook);
    ag_hook_release(hook);
    return handle;
}

static void handle_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    ag_hook_release(((py_handle *)self)->hook);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *handle_remove(PyObject *self, PyObject *unused)
{
    (void)unused;
    ag_hook_remove(((py_handle *)self)->hook);
    Py_RETURN_NONE;
}

static PyObject *handle_enter(PyObject *self, PyObject *unused)
{
    (void)unused;
    return Py_NewRef(self);
}

static PyObject *handle_exit(PyObject *self, PyObject *unused)
{
    return handle_remove(self, unused);
}

static PyObject *handle_id(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromUnsignedLongLong(ag_hook_id(((py_handle *)self)->hook));
}

static PyMethodDef handle_methods[] = {
    {"remove", handle_remove, METH_NOARGS,
     "remove($self, /)\n--\n\nRemove the hook. Once more does nothing.\n\n"
     "Example:\n"
     "    >>> import pyautograd as ag\n"
     "    >>> x = ag.ones(2, requires_grad=True)\n"
     "    >>> handle = x.register_hook(print)\n"
     "    >>> handle.remove()\n"
     "    >>> x.sum().backward()\n"},
    {"__enter__", handle_enter, METH_NOARGS, NULL},
    {"__exit__", handle_exit, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef handle_properties[] = {
    {"id", handle_id, NULL, "A number that no other hook has.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot handle_slots[] = {
    {Py_tp_doc, "What registering a hook returns: removes it, also at the end of a with block.\n\n"
                "The hook does not depend on the handle's life.\n\n"
                "Example:\n"
                "    >>> import pyautograd as ag\n"
                "    >>> x = ag.ones(2, requires_grad=True)\n"
                "    >>> with x.register_hook(print):\n"
                "    ...     x.sum().backward()\n"
                "    tensor([1., 1.])\n"},
    {Py_tp_dealloc, handle_dealloc},
    {Py_tp_methods, handle_methods},
    {Py_tp_getset, handle_properties},
    {0, NULL},
};

static PyType_Spec handle_spec = {
    .name = "pyautograd.autograd.RemovableHandle",
    .basicsize = sizeof(py_handle),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = handle_slots,
};

bool py_add_handle_type(PyObject *module)
{
    handle_type = (PyTypeObject *)PyType_FromSpec(&handle_spec);
    return handle_type != NULL &&
           PyModule_AddObjectRef(module, "_RemovableHandle", (PyObject *)handle_type) == 0;
}

/* ---- what hooks return ---------------------------------------------------------------------- */

/* The name of a function, for messages: owned. */
static PyObject *name_of(PyObject *hook)
{
    PyObject *name = PyObject_GetAttrString(hook, "__name__");
    if (name == NULL) {
        PyErr_Clear();
        return PyUnicode_FromString("<unknown>");
    }
    return name;
}

static bool fail_changed(PyObject *hook, const char *what)
{
    PyObject *name = name_of(hook);
    if (name != NULL)
        PyErr_Format(PyExc_RuntimeError, "hook '%S' has changed the %s of value", name, what);
    Py_XDECREF(name);
    return false;
}

static bool is_same_shape(const ag_tensor *a, const ag_tensor *b)
{
    bool same = ag_ndim(a) == ag_ndim(b);
    for (int d = 0; same && d < ag_ndim(a); d++)
        same = ag_shape(a)[d] == ag_shape(b)[d];
    return same;
}

/* Whether what a hook returned can stand for a gradient, NULL for none. */
static bool check_gradient(PyObject *hook, const ag_tensor *was, PyObject *result)
{
    if (result == Py_None)
        return true;
    if (was == NULL) {
        PyErr_SetString(PyExc_RuntimeError,
                        "can't replace a None gradient with a non-None value");
        return false;
    }
    if (!py_is_tensor(result)) {
        PyErr_Format(PyExc_TypeError, "expected Variable, but hook returned '%s'",
                     Py_TYPE(result)->tp_name);
        return false;
    }
    if (ag_dtype_of(py_tensor_of(result)) != AG_FLOAT64)
        return fail_changed(hook, "type");
    return is_same_shape(was, py_tensor_of(result)) || fail_changed(hook, "size");
}

static PyObject *gradient_or_none(ag_tensor *grad)
{
    return grad != NULL ? py_tensor_wrap(ag_retain(grad)) : Py_NewRef(Py_None);
}

/* ---- calls ---------------------------------------------------------------------------------- */

static ag_status call_on_tensor(void *hook, ag_tensor *grad, ag_tensor **replacement)
{
    const PyGILState_STATE state = PyGILState_Ensure();
    PyObject *argument = gradient_or_none(grad);
    PyObject *result = argument != NULL ? PyObject_CallOneArg(hook, argument) : NULL;
    const bool ok = result != NULL && check_gradient(hook, grad, result);
    if (ok && result != Py_None)
        *replacement = ag_retain(py_tensor_of(result));
    Py_XDECREF(argument);
    Py_XDECREF(result);
    PyGILState_Release(state);
    return ok ? AG_OK : AG_ERR_CALLBACK;
}

static ag_status call_on_leaf(void *hook, ag_tensor *leaf)
{
    const PyGILState_STATE state = PyGILState_Ensure();
    PyObject *argument = py_tensor_wrap(ag_retain(leaf));
    PyObject *result = argument != NULL ? PyObject_CallOneArg(hook, argument) : NULL;
    bool ok = result != NULL && (result == Py_None || result == argument);
    if (result != NULL && !ok && py_is_tensor(result))
        PyErr_SetString(PyExc_RuntimeError,
                        "Tensor post accumulate grad hooks should return None.");
    else if (result != NULL && !ok)
        PyErr_Format(PyExc_TypeError, "expected Variable, but hook returned '%s'",
                     Py_TYPE(result)->tp_name);
    Py_XDECREF(argument);
    Py_XDECREF(result);
    PyGILState_Release(state);
    return ok ? AG_OK : AG_ERR_CALLBACK;
}

static PyObject *tuple_of(int n, ag_tensor **grads)
{
    PyObject *all = PyTuple_New(n);
    for (int k = 0; k < n && all != NULL; k++) {
        PyObject *one = gradient_or_none(grads[k]);
        if (one == NULL)
            Py_CLEAR(all);
        else
            PyTuple_SET_ITEM(all, k, one);
    }
    return all;
}

/* The tuple that a hook returned takes the place of n gradients. */
static bool take_tuple(PyObject *hook, PyObject *result, int n, ag_tensor **grads)
{
    if (!PyTuple_Check(result)) {
        PyErr_Format(PyExc_TypeError, "expected tuple, but hook returned '%s'",
                     Py_TYPE(result)->tp_name);
        return false;
    }
    if (PyTuple_GET_SIZE(result) != n) {
        PyObject *name = name_of(hook);
        if (name != NULL)
            PyErr_Format(PyExc_RuntimeError,
                         "hook '%S' has returned an incorrect number of values (got %zd, but "
                         "expected %d)", name, PyTuple_GET_SIZE(result), n);
        Py_XDECREF(name);
        return false;
    }
    for (int k = 0; k < n; k++)
        if (!check_gradient(hook, grads[k], PyTuple_GET_ITEM(result, k)))
            return false;
    for (int k = 0; k < n; k++) {
        PyObject *one = PyTuple_GET_ITEM(result, k);
        ag_tensor *old = grads[k];
        grads[k] = one != Py_None ? ag_retain(py_tensor_of(one)) : NULL;
        ag_release(old);
    }
    return true;
}

static ag_status call_before(void *hook, int n_inputs, ag_tensor **of_inputs, int n_results,
                             ag_tensor **of_results)
{
    const PyGILState_STATE state = PyGILState_Ensure();
    PyObject *argument = tuple_of(n_results, of_results);
    PyObject *result = argument != NULL ? PyObject_CallOneArg(hook, argument) : NULL;
    (void)n_inputs;
    (void)of_inputs;
    const bool ok = result != NULL &&
                    (result == Py_None || take_tuple(hook, result, n_results, of_results));
    Py_XDECREF(argument);
    Py_XDECREF(result);
    PyGILState_Release(state);
    return ok ? AG_OK : AG_ERR_CALLBACK;
}

static ag_status call_after(void *hook, int n_inputs, ag_tensor **of_inputs, int n_results,
                            ag_tensor **of_results)
{
    const PyGILState_STATE state = PyGILState_Ensure();
    PyObject *result = NULL, *inputs = tuple_of(n_inputs, of_inputs);
    PyObject *results = inputs != NULL ? tuple_of(n_results, of_results) : NULL;
    if (results != NULL)
        result = PyObject_CallFunctionObjArgs(hook, inputs, results, NULL);
    const bool ok = result != NULL &&
                    (result == Py_None || take_tuple(hook, result, n_inputs, of_inputs));
    Py_XDECREF(inputs);
    Py_XDECREF(results);
    Py_XDECREF(result);
    PyGILState_Release(state);
    return ok ? AG_OK : AG_ERR_CALLBACK;
}

/* ---- registering ---------------------------------------------------------------------------- */

/* The handle of a hook that was registered with a new reference to its function, or not. */
static PyObject *registered(ag_hook *hook, PyObject *function)
{
    if (hook == NULL)
        Py_DECREF(function);
    return handle_of_new(hook);
}

static PyObject *m_register_hook(PyObject *self, PyObject *hook)
{
    py_tensor_track(self);
    return registered(ag_register_hook(py_tensor_of(self), call_on_tensor, Py_NewRef(hook),
                                       py_let_go), hook);
}

static PyObject *m_register_post_accumulate_grad_hook(PyObject *self, PyObject *hook)
{
    py_tensor_track(self);
    return registered(ag_register_post_accumulate_grad_hook(py_tensor_of(self), call_on_leaf,
                                                            Py_NewRef(hook), py_let_go),
                      hook);
}

PyObject *py_node_add_hook(ag_node *node, ag_tensor *leaf, PyObject *hook, bool before)
{
    Py_INCREF(hook);
    if (before)
        return registered(ag_node_register_prehook(node, leaf, call_before, hook,
                                                   py_let_go), hook);
    return registered(ag_node_register_hook(node, leaf, call_after, hook, py_let_go),
                      hook);
}

/* ---- those that are there ------------------------------------------------------------------- */

typedef struct listing {
    PyObject *list;  /* owned */
} listing;

/* (handle, function) of a hook on the tensor itself. */
static int list_hook(ag_hook *hook, void *function, void *argument)
{
    const listing *all = argument;
    if (ag_hook_kind_of(hook) != AG_HOOK_TENSOR)
        return 0;
    PyObject *handle = handle_of(ag_hook_retain(hook));
    PyObject *pair = handle != NULL ? Py_BuildValue("NO", handle, (PyObject *)function) : NULL;
    const int answer = pair != NULL ? PyList_Append(all->list, pair) : -1;
    Py_XDECREF(pair);
    return answer;
}

static PyObject *f_hooks_of(PyObject *module, PyObject *tensor)
{
    ag_tensor *t;
    (void)module;
    if (!py_tensor_argument("_hooks_of", "tensor", tensor, &t))
        return NULL;
    listing all = {PyList_New(0)};
    if (all.list != NULL && ag_visit_hooks(t, list_hook, &all) != 0)
        Py_CLEAR(all.list);
    return all.list;
}

static PyObject *f_hook_is_due(PyObject *module, PyObject *handle)
{
    (void)module;
    if (!Py_IS_TYPE(handle, handle_type)) {
        PyErr_Format(PyExc_TypeError, "expected a handle, got %s", Py_TYPE(handle)->tp_name);
        return NULL;
    }
    return PyBool_FromLong(ag_hook_is_due(((py_handle *)handle)->hook));
}

PyMethodDef py_hook_functions[] = {
    {"_hook_is_due", f_hook_is_due, METH_O,
     "Whether the backward that is on comes by a hook, whose handle this is."},
    {"_hooks_of", f_hooks_of, METH_O, "Handles and functions of a tensor's hooks."},
    {NULL, NULL, 0, NULL},
};

PyObject *py_backward_hooks(PyObject *self)
{
    if (!ag_has_had_hooks(py_tensor_of(self)))
        Py_RETURN_NONE;
    PyObject *module = PyImport_ImportModule("pyautograd.autograd._hooks");
    if (module == NULL)
        return NULL;
    PyObject *view = PyObject_CallMethod(module, "hooks_of", "O", self);
    Py_DECREF(module);
    return view;
}

#define EXAMPLE_DOC \
    "Example:\n" \
    "    >>> import pyautograd as ag\n" \
    "    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)\n"

PyMethodDef py_hook_methods[] = {
    {"register_hook", m_register_hook, METH_O,
     "register_hook($self, hook, /)\n--\n\n"
     "Have each backward call `hook(grad)` with the gradient of this tensor as it is now.\n\n"
     "What the hook returns, of the same shape, goes on in the gradient's place; None leaves it.\n"
     "Hooks are called in the order in which they came, each with what the one before left.\n"
     "Writing the tensor in place makes a new value, which has none of them. The gradient that\n"
     "retain_grad() keeps is the one after all hooks.\n\n"
     "Returns:\n"
     "    A handle, whose remove() removes the hook.\n\n"
     "Raises:\n"
     "    RuntimeError: the tensor does not require grad.\n\n"
     "backward() raises what the hook raises, TypeError if it returns no Tensor, and RuntimeError\n"
     "if that has another shape or dtype. No .grad has changed then.\n\n"
     EXAMPLE_DOC
     "    >>> handle = x.register_hook(lambda grad: 10 * grad)\n"
     "    >>> (x * x).sum().backward()\n"
     "    >>> x.grad\n"
     "    tensor([20., 40.])\n"},
    {"register_post_accumulate_grad_hook", m_register_post_accumulate_grad_hook, METH_O,
     "register_post_accumulate_grad_hook($self, hook, /)\n--\n\n"
     "Have each backward call `hook(self)` after it has set the .grad of this leaf.\n\n"
     "All other leaves have their .grad by then, too, and keep it if the hook raises.\n\n"
     "Returns:\n"
     "    A handle, whose remove() removes the hook.\n\n"
     "Raises:\n"
     "    RuntimeError: the tensor does not require grad, or is not a leaf.\n\n"
     "backward() raises what the hook raises, and TypeError or RuntimeError if it does not return\n"
     "None.\n\n"
     EXAMPLE_DOC
     "    >>> handle = x.register_post_accumulate_grad_hook(lambda leaf: print(leaf.grad))\n"
     "    >>> (x * x).sum().backward()\n"
     "    tensor([2., 4.])\n"},
    {NULL, NULL, 0, NULL},
};
