/* SPDX-License-Identifier: MIT
 *
 * grad_fn: nodes of the tape as Python objects, for looking at. Each printed name has a type of
 * its own below `Node`, made when it is first met. Where the tape ends in a leaf an AccumulateGrad
 * stands for it, which the library itself has no node for.
 */
#include "py_anomaly.h"
#include "py_convert.h"
#include "py_errors.h"
#include "py_hooks.h"
#include "py_node.h"
#include "py_ops.h"
#include "py_saved.h"
#include "py_site.h"
#include "py_tensor.h"

#include <stddef.h>
#include <string.h>
#include <structmember.h>

PyTypeObject *py_node_type;
PyObject *(*py_context_of)(const ag_node *node);
static PyObject *types_by_name;    /* str -> type */
static PyObject *objects_by_node;  /* address of the node or leaf -> address of its object: living
                                      objects only, so that z.grad_fn is z.grad_fn */
#define NAME_MAX_LENGTH 128

/* ---- types ---------------------------------------------------------------------------------- */

static PyObject *new_type(const char *name)
{
    /* Kept for ever, as the type points into it. There are as many as op names. */
    char *full = PyMem_Malloc(strlen("pyautograd.") + strlen(name) + 1);
    PyObject *bases = full != NULL ? PyTuple_Pack(1, (PyObject *)py_node_type) : NULL;
    if (bases == NULL) {
        PyMem_Free(full);
        return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    }
    strcpy(full, "pyautograd.");
    strcat(full, name);
    PyGetSetDef *saved = py_saved_properties(name);
    PyType_Slot slots[] = {{saved != NULL ? Py_tp_getset : 0, saved}, {0, NULL}};
    PyType_Spec spec = {.name = full, .flags = Py_TPFLAGS_DEFAULT, .slots = slots};
    PyObject *type = PyErr_Occurred() ? NULL : PyType_FromSpecWithBases(&spec, bases);
    Py_DECREF(bases);
    if (type == NULL)
        PyMem_Free(full);
    else
        ((PyTypeObject *)type)->tp_name = full + strlen("pyautograd.");
    return type;
}

/* Borrowed. */
static PyTypeObject *type_named(const char *name)
{
    PyObject *key = PyUnicode_FromString(name);
    PyObject *type = key != NULL ? PyDict_GetItemWithError(types_by_name, key) : NULL;
    if (key != NULL && type == NULL && !PyErr_Occurred()) {
        type = new_type(name);
        if (type != NULL) {
            int status = PyDict_SetItem(types_by_name, key, type);
            Py_DECREF(type);
            if (status < 0)
                type = NULL;
        }
    }
    Py_XDECREF(key);
    return (PyTypeObject *)type;
}

/* ---- objects -------------------------------------------------------------------------------- */

/* The object that stands for this address already: new reference, or NULL. */
static PyObject *known_object(const void *address)
{
    PyObject *key = PyLong_FromVoidPtr((void *)(uintptr_t)address);
    PyObject *entry = key != NULL ? PyDict_GetItemWithError(objects_by_node, key) : NULL;
    Py_XDECREF(key);
    if (entry == NULL)
        return NULL;
    PyObject *object = PyLong_AsVoidPtr(entry);
    return object != NULL && Py_REFCNT(object) > 0 ? Py_NewRef(object) : NULL;
}

static bool remember(py_node *o)
{
    PyObject *entry = PyLong_FromVoidPtr(o);
    o->key = PyLong_FromVoidPtr(o->node != NULL ? (void *)o->node : (void *)o->leaf);
    bool done = o->key != NULL && entry != NULL &&
                PyDict_SetItem(objects_by_node, o->key, entry) == 0;
    Py_XDECREF(entry);
    return done;
}

/* Takes node and leaf, one of which is NULL. */
static PyObject *new_object(const char *name, ag_node *node, ag_tensor *leaf)
{
    PyTypeObject *type = type_named(name);
    py_node *o = type != NULL ? (py_node *)type->tp_alloc(type, 0) : NULL;
    if (o == NULL) {
        ag_node_release(node);
        ag_release(leaf);
        return NULL;
    }
    o->node = node;
    o->leaf = leaf;
    if (!remember(o))
        Py_CLEAR(o);
    return (PyObject *)o;
}

/* Takes the node. That of a Function has the Function's context for its object. */
PyObject *py_object_of_node(ag_node *node)
{
    char name[NAME_MAX_LENGTH];
    PyObject *context = py_context_of(node);
    if (context != NULL) {
        ag_node_release(node);
        return context;
    }
    PyObject *known = known_object(node);
    if (known != NULL || PyErr_Occurred()) {
        ag_node_release(node);
        return known;
    }
    ag_node_name(node, name, sizeof name);
    return new_object(name, node, NULL);
}

static PyObject *object_of_leaf(ag_tensor *leaf)
{
    PyObject *tensor = ag_wrapper(leaf);
    PyObject *object = known_object(leaf);
    if (object == NULL && !PyErr_Occurred())
        object = new_object("AccumulateGrad", NULL, ag_retain(leaf));
    if (object != NULL && tensor != NULL && Py_REFCNT(tensor) > 0)
        py_tensor_link(tensor, object);
    return object;
}

/* The node remembers the shape of the one tensor that its op made. */
static bool note_shape(py_node *o, const ag_tensor *t)
{
    const size_t ndim = (size_t)ag_ndim(t);
    if (o->shape != NULL || ag_node_output_count(o->node) != 1)
        return true;
    o->shape = PyMem_Malloc((ndim + 1) * sizeof *o->shape);
    if (o->shape == NULL) {
        PyErr_NoMemory();
        return false;
    }
    o->shape[0] = (int64_t)ndim;
    memcpy(o->shape + 1, ag_shape(t), ndim * sizeof *o->shape);
    return true;
}

PyObject *py_node_of(PyObject *tensor)
{
    ag_tensor *t = py_tensor_of(tensor);
    if (ag_is_leaf(t))
        Py_RETURN_NONE;
    ag_node *node = ag_node_of(t);
    PyObject *object = node != NULL ? py_object_of_node(node) : py_raise();
    if (object == NULL)
        return NULL;
    py_tensor_link(tensor, object);
    if (!note_shape((py_node *)object, t))
        Py_CLEAR(object);
    return object;
}

PyObject *py_accumulator_of(ag_tensor *leaf) { return object_of_leaf(leaf); }

ag_tensor *py_node_edge(PyObject *self, int k, bool as_root)
{
    const py_node *o = (py_node *)self;
    if (!PyObject_TypeCheck(self, py_node_type)) {
        PyErr_Format(PyExc_TypeError, "expected a Node, got %s", Py_TYPE(self)->tp_name);
        return NULL;
    }
    const int count = o->node != NULL ? ag_node_output_count(o->node) : 1;
    if (k < 0 || k >= count) {
        PyErr_Format(PyExc_IndexError, "%s has results 0 to %d, got %d", Py_TYPE(self)->tp_name,
                     count - 1, k);
        return NULL;
    }
    if (o->node == NULL && o->leaf == NULL) {
        py_fail_no_node(self);
        return NULL;
    }
    if (o->node == NULL)
        return ag_retain(o->leaf);
    if (as_root && o->shape == NULL) {
        PyErr_Format(PyExc_RuntimeError,
                     "the shape of what %s made is not known: give get_gradient_edge() of the "
                     "tensor instead", Py_TYPE(self)->tp_name);
        return NULL;
    }
    const int64_t none = 0, *shape = o->shape != NULL ? o->shape : &none;
    ag_tensor *edge = ag_node_edge(o->node, k, (int)shape[0], shape + 1);
    if (edge == NULL)
        py_raise();
    return edge;
}

static void node_dealloc(PyObject *self)
{
    py_node *o = (py_node *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject *type_error, *value, *traceback;
    PyObject_GC_UnTrack(self);
    if (o->head.maker != NULL)
        py_tensor_unlink((PyObject *)o->head.maker);
    if (o->weakrefs != NULL)
        PyObject_ClearWeakRefs(self);
    PyErr_Fetch(&type_error, &value, &traceback);  /* dying must not disturb an exception */
    PyObject *entry = o->key != NULL ? PyDict_GetItemWithError(objects_by_node, o->key) : NULL;
    if (entry != NULL && PyLong_AsVoidPtr(entry) == self)
        PyDict_DelItem(objects_by_node, o->key);
    Py_XDECREF(o->key);
    PyErr_Restore(type_error, value, traceback);
    ag_node_release(o->node);
    ag_release(o->leaf);
    PyMem_Free(o->shape);
    type->tp_free(self);
    Py_DECREF(type);
}

static int visit_hooks(const py_node *o, ag_hook_visit visit, void *argument)
{
    if (o->node == NULL && o->leaf == NULL)  /* not made yet */
        return 0;
    return ag_visit_owned_node_hooks(o->node, o->leaf, py_owner_of(&o->head), visit, argument);
}

static int node_traverse(PyObject *self, visitproc visit, void *arg)
{
    py_hook_visit v = {visit, arg};
    py_node *o = (py_node *)self;
    Py_VISIT(Py_TYPE(self));
    const int answer = visit_hooks(o, py_visit_function, &v);
    if (answer != 0 || o->node == NULL)
        return answer;
    return ag_visit_owned_node_packed(o->node, py_owner_of(&o->head), py_visit_packed, &v);
}

static int node_clear(PyObject *self)
{
    ag_hook *hook;
    py_node *o = (py_node *)self;
    while (visit_hooks(o, py_first_hook, &hook) != 0)
        ag_hook_remove(hook);
    if (o->node != NULL)
        ag_drop_owned_node_packed(o->node, py_owner_of(&o->head));
    return 0;
}

/* ---- attributes ----------------------------------------------------------------------------- */

static PyObject *node_name(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyUnicode_FromString(Py_TYPE(self)->tp_name);
}

static PyObject *node_repr(PyObject *self)
{
    PyObject *name = node_name(self, NULL);
    if (name == NULL)
        return NULL;
    PyObject *text = PyUnicode_FromFormat("<%U object at %p>", name, self);
    Py_DECREF(name);
    return text;
}

/* (where input k came from or None, which result of that) */
static PyObject *next_function(ag_node *node, int k)
{
    ag_node *from = NULL;
    ag_tensor *leaf = NULL;
    PyObject *object;
    ag_node_input(node, k, &from, &leaf);
    if (from != NULL)
        object = py_object_of_node(ag_node_retain(from));
    else if (leaf != NULL)
        object = object_of_leaf(leaf);
    else
        object = Py_NewRef(Py_None);
    return object != NULL ? Py_BuildValue("Ni", object, ag_node_input_output(node, k)) : NULL;
}

static PyObject *get_next_functions(PyObject *self, void *unused)
{
    (void)unused;
    ag_node *node = ((py_node *)self)->node;
    if (node == NULL && ((py_node *)self)->leaf == NULL)
        return py_fail_no_node(self);
    int n = node != NULL ? ag_node_input_count(node) : 0;
    PyObject *all = PyTuple_New(n);
    for (int k = 0; all != NULL && k < n; k++) {
        PyObject *one = next_function(node, k);
        if (one == NULL) {
            Py_DECREF(all);
            return NULL;
        }
        PyTuple_SET_ITEM(all, k, one);
    }
    return all;
}

/* The shape of input k, None where it had that of the result; of an AccumulateGrad the leaf's. */
static PyObject *node_input_shape(PyObject *self, PyObject *number)
{
    const py_node *o = (py_node *)self;
    int64_t shape[AG_MAX_DIMS];
    int ndim;
    const long k = PyLong_AsLong(number);
    if (k == -1 && PyErr_Occurred())
        return NULL;
    if (o->node == NULL)
        return py_size_new(ag_ndim(o->leaf), ag_shape(o->leaf));
    if (ag_node_input_shape(o->node, (int)k, &ndim, shape) != AG_OK)
        return py_raise();
    return ndim < 0 ? Py_NewRef(Py_None) : py_size_new(ndim, shape);
}

/* A list of (address, bytes) of what is kept for the rule; of an AccumulateGrad the leaf's. */
static PyObject *node_kept(PyObject *self, PyObject *unused)
{
    const py_node *o = (py_node *)self;
    const void *memory = NULL;
    int64_t bytes = 0;
    (void)unused;
    if (o->node == NULL)
        return Py_BuildValue("[(NL)]",
                             PyLong_FromVoidPtr((void *)(uintptr_t)ag_memory_of(o->leaf)),
                             (long long)ag_numel(o->leaf) * (long long)sizeof(double));
    PyObject *all = PyList_New(0);
    for (int k = 0; all != NULL && (bytes = ag_node_kept(o->node, k, &memory)) >= 0; k++) {
        PyObject *one = Py_BuildValue("(NL)", PyLong_FromVoidPtr((void *)(uintptr_t)memory),
                                      (long long)bytes);
        if (one == NULL || PyList_Append(all, one) != 0)
            Py_CLEAR(all);
        Py_XDECREF(one);
    }
    return all;
}

static PyObject *get_variable(PyObject *self, void *unused)
{
    (void)unused;
    ag_tensor *leaf = ((py_node *)self)->leaf;
    if (leaf == NULL) {
        PyErr_Format(PyExc_AttributeError, "'%s' object has no attribute 'variable'",
                     Py_TYPE(self)->tp_name);
        return NULL;
    }
    return py_tensor_wrap(ag_retain(leaf));
}

/* ---- calls ---------------------------------------------------------------------------------- */

/* Adds the gradient to the leaf's .grad: the call of an AccumulateGrad. */
static PyObject *accumulate(ag_tensor *leaf, ag_tensor *gradient)
{
    if (gradient == NULL || !ag_requires_grad(leaf))
        return PyTuple_New(0);
    const bool graph = ag_grad_enabled() && ag_requires_grad(gradient);
    if (ag_backward(leaf, gradient, graph ? AG_CREATE_GRAPH | AG_RETAIN_GRAPH : 0) != AG_OK)
        return py_raise();
    return PyTuple_New(0);
}

/* Takes the results: the only one, or all of them as a tuple; None where there is none. */
static PyObject *results_object(int n, ag_tensor **results)
{
    PyObject *all = py_tensor_tuple(NULL, n, results);
    if (all == NULL || n != 1)
        return all;
    PyObject *only = Py_NewRef(PyTuple_GET_ITEM(all, 0));
    Py_DECREF(all);
    return only;
}

/* Of a gradient for each result of the op, NULL where there is none. */
static PyObject *call_rule(ag_node *node, int n_gradients, ag_tensor *const *gradients)
{
    const int n = ag_node_input_count(node);
    ag_tensor **results = PyMem_Calloc((size_t)n, sizeof *results);
    PyObject *object = NULL;
    bool any = false;
    if (results == NULL)
        return PyErr_NoMemory();
    for (int k = 0; k < n_gradients; k++)
        any |= gradients[k] != NULL;
    if (!any || ag_node_call(node, n_gradients, gradients, results) == AG_OK)
        object = results_object(n, results);
    else
        py_raise();
    PyMem_Free(results);
    return object;
}

/* The gradients of a call, borrowed, into list[n]. */
static bool read_gradients(PyObject *args, int n, ag_tensor **list)
{
    if (PyTuple_GET_SIZE(args) != n) {
        PyErr_Format(PyExc_TypeError, "expected %d arguments, got %zd instead", n,
                     PyTuple_GET_SIZE(args));
        return false;
    }
    for (int k = 0; k < n; k++) {
        PyObject *argument = PyTuple_GET_ITEM(args, k);
        if (argument != Py_None && !py_is_tensor(argument)) {
            PyErr_Format(PyExc_TypeError, "argument %d is not a Variable", k);
            return false;
        }
        list[k] = argument != Py_None ? py_tensor_of(argument) : NULL;
    }
    return true;
}

static PyObject *node_call(PyObject *self, PyObject *args, PyObject *keywords)
{
    const py_node *o = (py_node *)self;
    const int n = o->node != NULL ? ag_node_output_count(o->node) : 1;
    if (o->node == NULL && o->leaf == NULL)
        return py_fail_no_node(self);
    if (keywords != NULL && PyDict_GET_SIZE(keywords) > 0) {
        PyErr_SetString(PyExc_TypeError, "keyword arguments are not supported");
        return NULL;
    }
    ag_tensor **gradients = PyMem_Calloc((size_t)n, sizeof *gradients);
    if (gradients == NULL)
        return PyErr_NoMemory();
    PyObject *result = NULL;
    if (read_gradients(args, n, gradients))
        result = o->node == NULL ? accumulate(o->leaf, gradients[0])
                                 : call_rule(o->node, n, gradients);
    PyMem_Free(gradients);
    return result;
}

/* ---- type ----------------------------------------------------------------------------------- */

#define EXAMPLE_DOC \
    "Example:\n" \
    "    >>> import pyautograd as ag\n" \
    "    >>> x = ag.ones(2, requires_grad=True)\n"

PyObject *py_fail_no_node(PyObject *self)
{
    PyErr_Format(PyExc_RuntimeError,
                 "%s has no place on the tape: its forward has not ended, was not recorded, or "
                 "what it made is gone", Py_TYPE(self)->tp_name);
    return NULL;
}

static PyObject *add_hook(PyObject *self, PyObject *hook, bool before)
{
    const py_node *o = (py_node *)self;
    if (o->node == NULL && o->leaf == NULL)
        return py_fail_no_node(self);
    if (o->head.maker != NULL)
        py_tensor_track((PyObject *)o->head.maker);
    return py_node_add_hook(o->node, o->leaf, hook, before);
}

static PyObject *node_register_hook(PyObject *self, PyObject *hook)
{
    return add_hook(self, hook, false);
}

static PyObject *node_register_prehook(PyObject *self, PyObject *hook)
{
    return add_hook(self, hook, true);
}

static PyObject *node_sequence_nr(PyObject *self, PyObject *unused)
{
    const py_node *o = (py_node *)self;
    if (o->node == NULL && o->leaf == NULL)
        return py_fail_no_node(self);
    (void)unused;
    return o->node != NULL ? PyLong_FromUnsignedLong(ag_node_number(o->node))
                           : PyLong_FromUnsignedLongLong(UINT64_MAX);
}

static PyObject *get_source(PyObject *self, void *unused)
{
    (void)unused;
    const ag_node *node = ((py_node *)self)->node;
    return py_site_object(node != NULL ? ag_node_site(node) : 0);
}

static PyObject *get_metadata(PyObject *self, void *unused)
{
    (void)unused;
    ag_node *node = ((py_node *)self)->node;
    return node != NULL ? py_node_metadata(node) : PyDict_New();
}

static PyMethodDef node_methods[] = {
    {"register_hook", node_register_hook, METH_O,
     "register_hook($self, hook, /)\n--\n\n"
     "Have each backward call `hook(grad_inputs, grad_outputs)` after this node's rule.\n\n"
     "Both are tuples, with None where there is no gradient. A tuple that the hook returns goes\n"
     "on in place of grad_inputs. Of an AccumulateGrad it is called when .grad is set, and\n"
     "grad_inputs is empty.\n\n"
     "Returns:\n"
     "    A handle, whose remove() removes the hook.\n\n"
     "Raises:\n"
     "    RuntimeError: the leaf of an AccumulateGrad does not require grad.\n\n"
     "backward() raises what the hook raises, TypeError if it returns no tuple of tensors, and\n"
     "RuntimeError if these do not fit.\n\n"
     EXAMPLE_DOC
     "    >>> y = x * 3\n"
     "    >>> handle = y.grad_fn.register_hook(lambda inputs, outputs: print(inputs, outputs))\n"
     "    >>> y.sum().backward()\n"
     "    (tensor([3., 3.]), None) (tensor([1., 1.]),)\n"},
    {"register_prehook", node_register_prehook, METH_O,
     "register_prehook($self, hook, /)\n--\n\n"
     "Have each backward call `hook(grad_outputs)` before this node's rule.\n\n"
     "grad_outputs is a tuple, with None where there is no gradient. A tuple that the hook\n"
     "returns goes on in its place.\n\n"
     "Returns:\n"
     "    A handle, whose remove() removes the hook.\n\n"
     "Raises:\n"
     "    RuntimeError: the leaf of an AccumulateGrad does not require grad.\n\n"
     "backward() raises what the hook raises, TypeError if it returns no tuple of tensors, and\n"
     "RuntimeError if these do not fit.\n\n"
     EXAMPLE_DOC
     "    >>> y = x * 3\n"
     "    >>> handle = y.grad_fn.register_prehook(lambda outputs: (outputs[0] * 2,))\n"
     "    >>> y.sum().backward()\n"
     "    >>> x.grad\n"
     "    tensor([6., 6.])\n"},
    {"_input_shape", node_input_shape, METH_O,
     "The shape of an input, None where it is the result's."},
    {"_kept", node_kept, METH_NOARGS,
     "What is kept for the rule: of each value the address of its memory, and the bytes of that."},
    {"_sequence_nr", node_sequence_nr, METH_NOARGS,
     "_sequence_nr($self, /)\n--\n\n"
     "The number under which its thread recorded it, modulo 2 ** 32.\n\n"
     "Of the nodes that are ready a backward runs the one with the highest number first, but an\n"
     "AccumulateGrad at once.\n\n" EXAMPLE_DOC
     "    >>> y = x * 2\n"
     "    >>> y.exp().grad_fn._sequence_nr() > y.grad_fn._sequence_nr()\n"
     "    True\n"},
    {"name", node_name, METH_NOARGS,
     "name($self, /)\n--\n\nThe name that is printed: the op and a digit.\n\n" EXAMPLE_DOC
     "    >>> (x * 2).grad_fn.name()\n"
     "    'MulBackward0'\n"},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef node_properties[] = {
    {"next_functions", get_next_functions, NULL,
     "For each input of the op the node that made it, None where no gradient is needed, and which\n"
     "of that node's results it is.\n\n"
     EXAMPLE_DOC
     "    >>> (x.exp() * 2).grad_fn.next_functions[0][0].name()\n"
     "    'ExpBackward0'\n", NULL},
    {"variable", get_variable, NULL,
     "Of an AccumulateGrad: the leaf that the gradient is added to.\n\n" EXAMPLE_DOC
     "    >>> (x * 2).grad_fn.next_functions[0][0].variable is x\n"
     "    True\n", NULL},
    {"metadata", get_metadata, NULL,
     "A dict that the node keeps. In anomaly mode it has the traceback of the forward call, as\n"
     "traceback_, and as parent_ the node whose rule recorded this one, if one did.\n\n"
     "Of an AccumulateGrad a new one each time.\n\n"
     EXAMPLE_DOC
     "    >>> y = x * 2\n"
     "    >>> y.grad_fn.metadata['layer'] = 3\n"
     "    >>> y.grad_fn.metadata\n"
     "    {'layer': 3}\n", NULL},
    {"source", get_source, NULL,
     "The line that the op was called in, outside of this library: file, line and function.\n\n"
     "None where it is not known: of an AccumulateGrad, and of ops that C called.\n\n"
     EXAMPLE_DOC
     "    >>> (x * 2).grad_fn.source.endswith(':1 in <module>')\n"
     "    True\n", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef node_members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(py_node, weakrefs), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyObject *node_construct(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    (void)args;
    (void)keywords;
    PyErr_Format(PyExc_TypeError, "cannot create '%s' instances", type->tp_name);
    return NULL;
}

static PyType_Slot node_slots[] = {
    {Py_tp_doc,
     "An entry of the tape: the op that made a tensor. `Tensor.grad_fn` gives it.\n\n"
     "Called with a gradient of what it made, one of each result or None, it gives those of its\n"
     "inputs: one, or a tuple.\n\n"
     EXAMPLE_DOC
     "    >>> (x * 3).grad_fn(ag.ones(2))\n"
     "    (tensor([3., 3.]), None)\n"
     "    >>> isinstance((x * 2).grad_fn, ag.autograd.Node)\n"
     "    True\n"},
    {Py_tp_new, node_construct},
    {Py_tp_dealloc, node_dealloc},
    {Py_tp_traverse, node_traverse},
    {Py_tp_clear, node_clear},
    {Py_tp_repr, node_repr},
    {Py_tp_call, node_call},
    {Py_tp_methods, node_methods},
    {Py_tp_getset, node_properties},
    {Py_tp_members, node_members},
    {0, NULL},
};

static PyType_Spec node_spec = {
    .name = "pyautograd.autograd.Node",
    .basicsize = sizeof(py_node),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = node_slots,
};

bool py_add_node_type(PyObject *module)
{
    types_by_name = PyDict_New();
    objects_by_node = PyDict_New();
    py_node_type = (PyTypeObject *)PyType_FromSpec(&node_spec);
    return types_by_name != NULL && objects_by_node != NULL && py_node_type != NULL &&
           PyModule_AddObjectRef(module, "Node", (PyObject *)py_node_type) == 0;
}
