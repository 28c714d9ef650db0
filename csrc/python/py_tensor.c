/* SPDX-License-Identifier: MIT
 *
 * Life and death of Tensor objects. The type is put together in py_type.c.
 */
#include "py_tensor.h"

#include "py_args.h"
#include "py_errors.h"

PyTypeObject *py_tensor_type;

/* Objects of the exact type that died, linked through `tensor`: the next birth takes one of them.
 * Builds for memory tools go without, so that a use after the end is seen. */
#ifdef AG_PLAIN_ALLOC
#define FREE_MAX 0
#else
#define FREE_MAX 512
#endif
static py_tensor *free_objects;
static int free_count;

PyTypeObject *py_parameter_type;

PyObject *py_tensor_new(ag_tensor *fresh)
{
    if (PY_UNLIKELY(fresh == NULL))
        return py_raise();
    py_tensor *o = free_objects;
    if (PY_LIKELY(o != NULL)) {
        free_objects = (py_tensor *)o->tensor;
        free_count--;
        PyObject_Init((PyObject *)o, py_tensor_type);
    } else {
        o = PyObject_GC_New(py_tensor, py_tensor_type);
        if (o == NULL) {
            ag_release(fresh);
            return NULL;
        }
        o->weakrefs = o->grad = NULL;
        o->tracked = 0;
    }
    o->tensor = fresh;
    ag_set_wrapper(fresh, o);
    return (PyObject *)o;
}

PyObject *py_tensor_new_as(PyTypeObject *type, ag_tensor *fresh)
{
    if (type == py_tensor_type)
        return py_tensor_new(fresh);
    if (fresh == NULL)
        return py_raise();
    py_tensor *o = (py_tensor *)type->tp_alloc(type, 0);
    if (o == NULL) {
        ag_release(fresh);
        return NULL;
    }
    o->tensor = fresh;
    ag_set_wrapper(fresh, o);
    return (PyObject *)o;
}

/* The living object of a tensor, or NULL; takes the tensor's reference if there is one. An object
 * whose count is zero is on its way out (what runs now was called by its dict's or its weak
 * references' end) and cannot be brought back. */
static PyObject *living_object(ag_tensor *owned)
{
    PyObject *known = owned != NULL ? ag_wrapper(owned) : NULL;
    if (known == NULL || Py_REFCNT(known) == 0)
        return NULL;
    Py_INCREF(known);
    ag_release(owned);
    return known;
}

PyObject *py_tensor_wrap(ag_tensor *owned)
{
    PyObject *known = living_object(owned);
    return known != NULL ? known : py_tensor_new(owned);
}

PyObject *py_tensor_made(PyTypeObject *type, ag_tensor *fresh, bool requires_grad)
{
    if (fresh == NULL || !requires_grad)
        return py_tensor_new_as(type, fresh);
    if (ag_dtype_of(fresh) != AG_FLOAT64) {  /* in other words than requires_grad_() has */
        ag_release(fresh);
        PyErr_SetString(PyExc_RuntimeError,
                        "Only Tensors of floating point and complex dtype can require gradients");
        return NULL;
    }
    if (ag_set_requires_grad(fresh, true) != AG_OK) {
        ag_release(fresh);
        fresh = NULL;
    }
    return py_tensor_new_as(type, fresh);
}

PyObject *py_result_or_self(PyObject *self, ag_tensor *owned)
{
    PyObject *known = living_object(owned);
    return known != NULL ? known : py_result(self, owned);
}

static PyObject *tuple_item(PyObject *like, ag_tensor *tensor)
{
    if (tensor == NULL)
        return Py_NewRef(Py_None);
    return like != NULL ? py_result(like, tensor) : py_tensor_wrap(tensor);
}

PyObject *py_tensor_tuple(PyObject *like, int n, ag_tensor **tensors)
{
    PyObject *all = PyTuple_New(n);
    for (int k = 0; k < n; k++) {
        PyObject *one = tuple_item(like, tensors[k]);
        if (one == NULL)
            Py_CLEAR(all);
        else if (all == NULL)
            Py_DECREF(one);
        else
            PyTuple_SET_ITEM(all, k, one);
    }
    return all;
}

PyTypeObject *py_common_type(int n, PyObject *const *operands)
{
    PyTypeObject *common = py_tensor_type;
    for (int i = 0; i < n; i++) {
        if (operands[i] == NULL || !py_is_tensor(operands[i]))
            continue;
        PyTypeObject *type = py_result_type(operands[i]);
        if (type != common && PyType_IsSubtype(type, common))
            common = type;
    }
    return common;
}

bool py_tensor_argument(const char *function, const char *argument, PyObject *object,
                        ag_tensor **tensor)
{
    if (object == NULL || !py_is_tensor(object)) {
        py_wrong_type(function, argument, "Tensor", object != NULL ? object : Py_None);
        return false;
    }
    *tensor = py_tensor_of(object);
    return true;
}

/* Lets the kept gradient go. One that only this object knows gives up its own first, and so on: the
 * gradient of a gradient of a gradient is freed in constant stack. */
static void drop_grad(py_tensor *o)
{
    PyObject *grad = o->grad;
    o->grad = NULL;
    while (grad != NULL && Py_REFCNT(grad) == 1) {
        PyObject *next = ((py_tensor *)grad)->grad;
        ((py_tensor *)grad)->grad = NULL;
        Py_DECREF(grad);
        grad = next;
    }
    Py_XDECREF(grad);
}

void py_tensor_dealloc(PyObject *self)
{
    py_tensor *o = (py_tensor *)self;
    PyTypeObject *type = Py_TYPE(self);
    const bool is_exact = type == py_tensor_type;
    if (PY_UNLIKELY(!is_exact))
        PyObject_GC_UnTrack(self);
    /* One test for all. */
    if (PY_UNLIKELY(((uintptr_t)o->weakrefs | (uintptr_t)o->grad | o->tracked) != 0)) {
        if (o->tracked) {
            PyObject_GC_UnTrack(self);
            py_tensor_unlink(self);
            o->tracked = 0;
        }
        if (o->weakrefs != NULL)
            PyObject_ClearWeakRefs(self);
        drop_grad(o);
    }
    ag_tensor *tensor = o->tensor;
    /* While this one was dying its tensor may have been given a new object: not ours then. */
    if (PY_LIKELY(tensor != NULL)) {
        if (ag_wrapper(tensor) == self)
            ag_set_wrapper(tensor, NULL);
        ag_release(tensor);
    }
    if (PY_LIKELY(is_exact && free_count < FREE_MAX)) {
        o->tensor = (ag_tensor *)free_objects;
        free_objects = o;
        free_count++;
    } else {
        type->tp_free(self);
    }
    Py_DECREF(type);  /* a heap type is owned by its instances */
}

#define HAD_HOOKS ((uintptr_t)1)
#define OWNS_NODE ((uintptr_t)2)

static py_node_head *linked(const py_tensor *o)
{
    return (py_node_head *)(o->tracked & ~(HAD_HOOKS | OWNS_NODE));
}

static void own_node(py_tensor *o)
{
    if (linked(o) != NULL && !(o->tracked & OWNS_NODE)) {
        Py_INCREF((PyObject *)linked(o));
        o->tracked |= OWNS_NODE;
    }
}

void py_tensor_unlink(PyObject *self)
{
    py_tensor *o = (py_tensor *)self;
    py_node_head *node = linked(o);
    const bool owned = (o->tracked & OWNS_NODE) != 0;
    o->tracked &= HAD_HOOKS;
    if (node != NULL)
        node->maker = NULL;
    if (owned)
        Py_DECREF((PyObject *)node);
}

void py_tensor_link(PyObject *self, PyObject *node)
{
    py_tensor *o = (py_tensor *)self;
    if (((py_node_head *)node)->maker != NULL)
        return;
    py_tensor_unlink(self);
    ((py_node_head *)node)->maker = o;
    o->tracked |= (uintptr_t)node;
    if (o->tracked & HAD_HOOKS)
        own_node(o);
}

void py_tensor_track(PyObject *self)
{
    py_tensor *o = (py_tensor *)self;
    if (py_is_exact_tensor(self) && !(o->tracked & HAD_HOOKS))
        PyObject_GC_Track(self);
    o->tracked |= HAD_HOOKS;
    own_node(o);
}

int py_visit_function(ag_hook *hook, void *function, void *argument)
{
    const py_hook_visit *v = argument;
    (void)hook;  /* NULL: `function` is the context of a Function */
    return v->visit(function, v->arg);
}

/* What is given back by py_let_go is an object. */
int py_visit_packed(const ag_saved_hooks *hooks, void *context, void *packed, void *argument)
{
    const py_hook_visit *v = argument;
    int answer = 0;
    if (packed != NULL && hooks->drop == py_let_go_of_packed)
        answer = v->visit(packed, v->arg);
    if (answer == 0 && context != NULL && hooks->release == py_let_go)
        answer = v->visit(context, v->arg);
    return answer;
}

/* For the collector, which sees objects of subclasses, and those that have had hooks or went to
 * one that packs what is saved. Of the latter what nobody but the object leads to: where others
 * share it, it is no garbage yet. A loop that leads through another object of the exact type, from
 * its .grad's attributes back to itself, stays until .grad is taken away. */
int py_tensor_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((py_tensor *)self)->grad);
    if (((py_tensor *)self)->tracked & OWNS_NODE)
        Py_VISIT((PyObject *)linked((py_tensor *)self));
    py_hook_visit v = {visit, arg};
    ag_tensor *tensor = py_tensor_of(self);
    const int answer = tensor != NULL ? ag_visit_owned_hooks(tensor, py_visit_function, &v) : 0;
    return answer == 0 && tensor != NULL ? ag_visit_owned_packed(tensor, py_visit_packed, &v)
                                         : answer;
}

int py_first_hook(ag_hook *hook, void *function, void *argument)
{
    (void)function;
    *(ag_hook **)argument = hook;
    return hook != NULL;  /* NULL: a Function's context, which clears itself */
}

int py_tensor_clear(PyObject *self)
{
    ag_hook *hook;
    drop_grad((py_tensor *)self);
    py_tensor_unlink(self);
    while (py_tensor_of(self) != NULL &&
           ag_visit_owned_hooks(py_tensor_of(self), py_first_hook, &hook) != 0)
        ag_hook_remove(hook);
    if (py_tensor_of(self) != NULL)
        ag_drop_owned_packed(py_tensor_of(self));
    return 0;
}
