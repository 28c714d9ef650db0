/* SPDX-License-Identifier: MIT
 *
 * The native type `Tensor`: a Python object around one ag_tensor.
 *
 * The object owns a reference to the tensor; the tensor knows its object (ag_wrapper) without
 * owning it, so that a tensor that comes back from the library, a gradient say, is the very object
 * that was given out before, as long as that lives. Objects of the exact type have no dict, and the
 * collector of garbage sees those alone that have had hooks; it sees all of subclasses.
 */
#ifndef PY_TENSOR_H
#define PY_TENSOR_H

#include "py_api.h"

typedef struct py_tensor {
    PyObject_HEAD
    ag_tensor *tensor;   /* owned, never NULL once the object is out */
    PyObject *weakrefs;
    PyObject *grad;      /* owned: what was assigned to .grad, whose class and attributes stay as
                            long as its tensor is the gradient; NULL for most */
    uintptr_t tracked;   /* 1: it has had hooks, and the collector sees it; beside that the object
                            of its grad_fn, weak or (2) owned; 0 for most */
} py_tensor;

/* How the object of a node begins. The one that comes of a tensor's grad_fn and the tensor's own
 * know each other. From the first hook on the tensor's object owns it: then the collector sees in
 * the node's object, as in one place, who leads to the hooks, however many ways there are. */
typedef struct py_node_head {
    PyObject_HEAD
    py_tensor *maker;    /* weak: takes this away when it dies; NULL for none */
} py_node_head;

extern PyTypeObject *py_tensor_type;

static inline bool py_is_exact_tensor(PyObject *o) { return Py_TYPE(o) == py_tensor_type; }
static inline bool py_is_tensor(PyObject *o)
{
    return py_is_exact_tensor(o) || PyType_IsSubtype(Py_TYPE(o), py_tensor_type);
}

/* Borrowed. */
static inline ag_tensor *py_tensor_of(PyObject *o) { return ((py_tensor *)o)->tensor; }

/* The object of a fresh tensor, whose reference it takes; NULL raises the library's failure. */
PyObject *py_tensor_new(ag_tensor *fresh);

/* The same as an instance of a subclass (without its __init__, as PyTorch does). */
PyObject *py_tensor_new_as(PyTypeObject *type, ag_tensor *fresh);

/* The same of what is made from no other tensor, with requires_grad as it was asked for. */
PyObject *py_tensor_made(PyTypeObject *type, ag_tensor *fresh, bool requires_grad);

/* The same for a tensor that may have an object already: then that one. */
PyObject *py_tensor_wrap(ag_tensor *owned);

/* nn.Parameter, of which results are plain tensors, or NULL while nobody has asked for it. */
extern PyTypeObject *py_parameter_type;

/* The class of what is made of this tensor. */
static inline PyTypeObject *py_result_type(PyObject *tensor)
{
    PyTypeObject *type = Py_TYPE(tensor);
    const bool is_plain = type == py_tensor_type ||
                          (py_parameter_type != NULL && PyType_IsSubtype(type, py_parameter_type));
    return is_plain ? py_tensor_type : type;
}

/* The result of a method of `self`: of its class. */
static inline PyObject *py_result(PyObject *self, ag_tensor *fresh)
{
    if (PY_LIKELY(py_is_exact_tensor(self)))
        return py_tensor_new(fresh);
    return py_tensor_new_as(py_result_type(self), fresh);
}

/* The same where the library may answer with the tensor itself. */
PyObject *py_result_or_self(PyObject *self, ag_tensor *owned);

/* A tuple of n tensors, NULL among them as None, all of which it takes: fresh results of an op on
 * `like`, of its class, or with NULL for that tensors that may have an object already. */
PyObject *py_tensor_tuple(PyObject *like, int n, ag_tensor **tensors);

/* .grad as an object, the one that was assigned if it is that: a new reference; NULL without an
 * exception if there is none. */
PyObject *py_grad_object(PyObject *self);

/* The dict of a subclass's instance: new reference; NULL if there is none or nothing in it, with an
 * exception if it could not be had. */
PyObject *py_instance_dict(PyObject *self);

/* The class of a result of several operands (NULLs allowed): the first subclass of Tensor among
 * them, unless a later one is derived from it. */
PyTypeObject *py_common_type(int n, PyObject *const *operands);

/* An argument that must be a Tensor, else TypeError. */
bool py_tensor_argument(const char *function, const char *argument, PyObject *object,
                        ag_tensor **tensor);

/* The collector sees the object from now on: it has hooks, which may lead back to it. */
void py_tensor_track(PyObject *self);

/* The tensor and its node's object get to know each other, unless that knows another result of the
 * same op; and no more. */
void py_tensor_link(PyObject *self, PyObject *node);
void py_tensor_unlink(PyObject *self);

/* The tensor behind a node's object that owns that: borrowed, NULL for none. */
static inline ag_tensor *py_owner_of(const py_node_head *node)
{
    return node->maker != NULL && node->maker->tracked & 2 ? node->maker->tensor : NULL;
}

/* What tp_traverse and tp_clear do with hooks that are visited: show the collector the function,
 * and give the hook itself into an `ag_hook *`, which ends the visit. */
typedef struct py_hook_visit {
    visitproc visit;
    void *arg;
} py_hook_visit;
int py_visit_function(ag_hook *hook, void *function, void *argument);
int py_first_hook(ag_hook *hook, void *function, void *argument);

/* The same of what hooks packed for a node's rule. */
int py_visit_packed(const ag_saved_hooks *hooks, void *context, void *packed, void *argument);

/* Slots of the type. */
void py_tensor_dealloc(PyObject *self);
int py_tensor_traverse(PyObject *self, visitproc visit, void *arg);
int py_tensor_clear(PyObject *self);

#endif
