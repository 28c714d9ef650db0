/* SPDX-License-Identifier: MIT
 *
 * backward and grad, and the methods that steer what is recorded.
 */
#include "py_args.h"
#include "py_convert.h"
#include "py_edges.h"
#include "py_errors.h"
#include "py_ops.h"
#include "py_tensor.h"
#include "py_type.h"

#include <string.h>

/* ---- lists of tensors ----------------------------------------------------------------------- */

typedef struct tensor_list {
    PyObject *objects;    /* owned tuple: keeps the tensors while the library runs */
    PyObject *stand_ins;  /* owned list: the tensors for gradient edges among them; else NULL */
    ag_tensor **tensors;  /* owned; entries borrowed */
    int n;
} tensor_list;

static void list_free(tensor_list *list)
{
    Py_XDECREF(list->objects);
    Py_XDECREF(list->stand_ins);
    PyMem_Free(list->tensors);
}

/* An array is one thing that is no tensor, though its elements could be asked for. */
static bool is_iterable(PyObject *object)
{
    return (Py_TYPE(object)->tp_iter != NULL || PySequence_Check(object)) && !py_is_array(object);
}

/* What may stand in a list of tensors. */
typedef enum entries { TENSORS_OR_NONE, ROOTS, INPUTS } entries;

/* The tensor for a gradient edge, borrowed from the list. */
static ag_tensor *stand_in(tensor_list *list, PyObject *edge, bool as_root)
{
    if (list->stand_ins == NULL && (list->stand_ins = PyList_New(0)) == NULL)
        return NULL;
    PyObject *tensor = py_edge_tensor(edge, as_root);
    const bool done = tensor != NULL && PyList_Append(list->stand_ins, tensor) == 0;
    Py_XDECREF(tensor);
    return done ? py_tensor_of(tensor) : NULL;
}

/* A tensor or an iterable of them; `kind` says whether entries may be None, or else gradient edges.
 * `wanted` says what entries must be, `alone` (NULL: the same) what the whole must be. */
static bool list_from(tensor_list *list, PyObject *object, entries kind, const char *wanted,
                      const char *alone)
{
    const bool or_none = kind == TENSORS_OR_NONE;
    bool single = py_is_tensor(object) || (or_none ? object == Py_None : py_is_edge(object));
    if (!single && !is_iterable(object)) {
        if (alone != NULL)
            PyErr_Format(PyExc_TypeError, "%s, got %s", alone, Py_TYPE(object)->tp_name);
        else
            PyErr_Format(PyExc_TypeError, "%s, but got %s", wanted, Py_TYPE(object)->tp_name);
        return false;
    }
    list->objects = single ? PyTuple_Pack(1, object) : PySequence_Tuple(object);
    if (list->objects == NULL)
        return false;
    Py_ssize_t n = PyTuple_GET_SIZE(list->objects);
    list->n = (int)n;
    list->tensors = PyMem_Calloc(n > 0 ? (size_t)n : 1, sizeof *list->tensors);
    if (list->tensors == NULL) {
        PyErr_NoMemory();
        return false;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *item = PyTuple_GET_ITEM(list->objects, i);
        if (item == Py_None && or_none)
            continue;
        if (!or_none && py_is_edge(item)) {
            if ((list->tensors[i] = stand_in(list, item, kind == ROOTS)) == NULL)
                return false;
            continue;
        }
        if (!py_is_tensor(item)) {
            PyErr_Format(PyExc_TypeError, "%s, but got %s", wanted, Py_TYPE(item)->tp_name);
            return false;
        }
        list->tensors[i] = py_tensor_of(item);
    }
    return true;
}

/* Roots, their gradients (none given: n of 0) and inputs, as backward and grad both take them. */
typedef struct request {
    tensor_list roots, gradients, inputs;
    bool has_inputs;
    unsigned flags;
} request;

static void request_free(request *r)
{
    list_free(&r->roots);
    list_free(&r->gradients);
    list_free(&r->inputs);
}

static bool truth(PyObject *object, bool *value)
{
    if (py_absent(object))
        return true;
    int is_true = PyObject_IsTrue(object);
    *value = is_true > 0;
    return is_true >= 0;
}

static bool set_flags(request *r, PyObject *retain_graph, PyObject *create_graph)
{
    bool create = false;
    if (!truth(create_graph, &create))
        return false;
    bool retain = create;
    if (!truth(retain_graph, &retain))
        return false;
    r->flags = (retain ? AG_RETAIN_GRAPH : AG_FREE_GRAPH) | (create ? AG_CREATE_GRAPH : 0u);
    return true;
}

/* The inputs by names or in a row. Of mappings only a dict is taken, which keeps its order. */
static bool list_inputs(request *r, const char *function, PyObject *inputs)
{
    if (!PyDict_CheckExact(inputs)) {
        bool is_mapping = !py_is_tensor(inputs) && PyMapping_Check(inputs) &&
                          PyObject_HasAttrString(inputs, "keys");
        const char *type = Py_TYPE(inputs)->tp_name, *point = strrchr(type, '.');
        if (is_mapping)
            PyErr_Format(PyExc_TypeError,
                         "`inputs` argument to `%s()` must be a dict, not %s. Other Mapping types "
                         "are not supported.", function, point != NULL ? point + 1 : type);
        return !is_mapping && list_from(&r->inputs, inputs, INPUTS, "inputs must be Tensors", NULL);
    }
    PyObject *values = PyDict_Values(inputs);
    bool done = values != NULL &&
                list_from(&r->inputs, values, INPUTS, "inputs must be Tensors", NULL);
    Py_XDECREF(values);
    return done;
}

static bool fill_request(request *r, const char *function, PyObject *roots, PyObject *gradients,
                         PyObject *inputs)
{
    if (!list_from(&r->roots, roots, ROOTS, "outputs must be Tensors", NULL))
        return false;
    if (!py_absent(gradients)) {
        if (!list_from(&r->gradients, gradients, TENSORS_OR_NONE,
                       "gradients can be either Tensors or None",
                       "gradient must be a Tensor or None"))
            return false;
        if (r->gradients.n != r->roots.n) {
            PyErr_Format(PyExc_RuntimeError, "got %d tensors and %d gradients", r->roots.n,
                         r->gradients.n);
            return false;
        }
    }
    if (py_absent(inputs))
        return true;
    r->has_inputs = true;
    if (!list_inputs(r, function, inputs))
        return false;
    if (r->inputs.n == 0)
        PyErr_Format(PyExc_RuntimeError, "`inputs` argument to `%s()` cannot be empty.", function);
    return r->inputs.n > 0;
}

static ag_tensor *const *gradients_or_null(const request *r)
{
    return r->gradients.n > 0 ? r->gradients.tensors : NULL;
}

/* ---- backward ------------------------------------------------------------------------------- */

/* Once in a process, as in PyTorch. */
static bool warn_of_cycle(void)
{
    static bool warned;
    if (warned)
        return true;
    warned = true;
    return PyErr_WarnEx(PyExc_UserWarning,
                        "Using backward() with create_graph=True will create a reference cycle "
                        "between the parameter and its gradient which can cause a memory leak. We "
                        "recommend using autograd.grad when creating the graph to avoid this. If "
                        "you have to use this function, make sure to reset the .grad fields of "
                        "your parameters to None after use to break the cycle and avoid the leak.",
                        1) == 0;
}

static PyObject *run_backward(PyObject *roots, PyObject *gradients, PyObject *retain_graph,
                              PyObject *create_graph, PyObject *inputs)
{
    request r = {.has_inputs = false};
    PyObject *result = NULL;
    if (set_flags(&r, retain_graph, create_graph) &&
        fill_request(&r, "backward", roots, gradients, inputs) &&
        (!(r.flags & AG_CREATE_GRAPH) || warn_of_cycle()))
        result = py_done(ag_backward_many(r.roots.n, r.roots.tensors, gradients_or_null(&r),
                                          r.inputs.n, r.inputs.tensors, r.flags));
    request_free(&r);
    return result;
}

static PyObject *m_backward(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {"backward", 5, 1, 5,
                                   {"self", "gradient", "retain_graph", "create_graph", "inputs"}};
    PyObject *v[5];
    if (n == 0 && names == NULL)
        return py_done(ag_backward(py_tensor_of(self), NULL, 0));
    if (!py_parse(&s, self, args, n, names, v))
        return NULL;
    return run_backward(v[0], v[1], v[2], v[3], v[4]);
}

static PyObject *f_backward(PyObject *module, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {
        "backward", 5, 1, 5, {"tensors", "grad_tensors", "retain_graph", "create_graph", "inputs"}};
    PyObject *v[5];
    (void)module;
    if (!py_parse(&s, NULL, args, n, names, v))
        return NULL;
    return run_backward(v[0], v[1], v[2], v[3], v[4]);
}

/* ---- grad ----------------------------------------------------------------------------------- */

/* Zeros like the input, which where gradients are recorded require grad themselves, as in PyTorch:
 * so a gradient of them may be asked for, like that of other results. Owned. */
static ag_tensor *zeros_of(const ag_tensor *input, bool recorded)
{
    ag_tensor *zeros = ag_zeros(ag_ndim(input), ag_shape(input));
    if (zeros != NULL && recorded)
        ag_set_requires_grad(zeros, true);
    return zeros;
}

/* The object of one result (taken); NULL becomes None, or zeros. */
static PyObject *gradient_object(const request *r, int k, ag_tensor *gradient, bool materialize)
{
    if (gradient != NULL)
        return py_tensor_wrap(gradient);
    if (materialize && !py_is_tensor(PyTuple_GET_ITEM(r->inputs.objects, k))) {
        PyErr_SetString(PyExc_RuntimeError, "materialize_grads cannot be used when the given input "
                                            "is a GradientEdge");
        return NULL;
    }
    if (materialize)
        return py_tensor_new(zeros_of(r->inputs.tensors[k], (r->flags & AG_CREATE_GRAPH) != 0));
    Py_RETURN_NONE;
}

static PyObject *gradient_tuple(const request *r, ag_tensor **results, bool materialize)
{
    PyObject *all = PyTuple_New(r->inputs.n);
    for (int i = 0; i < r->inputs.n; i++) {
        if (all == NULL) {
            ag_release(results[i]);
            continue;
        }
        PyObject *one = gradient_object(r, i, results[i], materialize);
        if (one == NULL)
            Py_CLEAR(all);
        else
            PyTuple_SET_ITEM(all, i, one);
    }
    return all;
}

static PyObject *run_grad(request *r, bool allow_unused, bool materialize)
{
    ag_tensor **results = PyMem_Calloc((size_t)r->inputs.n, sizeof *results);
    if (results == NULL)
        return PyErr_NoMemory();
    PyObject *all = NULL;
    if (ag_grad(r->roots.n, r->roots.tensors, gradients_or_null(r), r->inputs.n, r->inputs.tensors,
                r->flags | (allow_unused ? AG_ALLOW_UNUSED : 0u), results) == AG_OK)
        all = gradient_tuple(r, results, materialize);
    else
        py_raise();
    PyMem_Free(results);
    return all;
}

static PyObject *f_grad(PyObject *module, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const py_signature s = {
        "grad", 7, 2, 7,
        {"outputs", "inputs", "grad_outputs", "retain_graph", "create_graph", "allow_unused",
         "materialize_grads"}};
    PyObject *v[7];
    bool materialize = false;
    (void)module;
    if (!py_parse(&s, NULL, args, n, names, v) || !truth(v[6], &materialize))
        return NULL;
    bool allow_unused = materialize;
    if (!truth(v[5], &allow_unused))
        return NULL;
    if (materialize && !allow_unused) {
        PyErr_SetString(PyExc_ValueError,
                        "Expected allow_unused to be True or not passed when "
                        "materialize_grads=True, but got: allow_unused=False.");
        return NULL;
    }
    request r = {.has_inputs = false};
    PyObject *all = NULL;
    if (set_flags(&r, v[3], v[4]) && fill_request(&r, "grad", v[0], v[2], v[1])) {
        if (r.has_inputs)
            all = run_grad(&r, allow_unused, materialize);
        else
            py_wrong_type("grad", "inputs", "Tensor or tuple of Tensors", v[1]);
    }
    request_free(&r);
    return all;
}

static PyObject *f_is_grad_enabled(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    return PyBool_FromLong(ag_grad_enabled());
}

/* ---- methods -------------------------------------------------------------------------------- */

static PyObject *m_requires_grad(PyObject *self, PyObject *const *args, Py_ssize_t n,
                                 PyObject *names)
{
    static const py_signature s = {"requires_grad_", 2, 1, 2, {"self", "requires_grad"}};
    PyObject *v[2];
    bool on = true;
    if (!py_parse(&s, self, args, n, names, v) ||
        !py_bool_argument(s.function, "requires_grad", v[1], &on))
        return NULL;
    if (ag_set_requires_grad(py_tensor_of(self), on) != AG_OK)
        return py_raise();
    return Py_NewRef(self);
}

static PyObject *f_is_inference_mode_enabled(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    return PyBool_FromLong(ag_inference_mode());
}

static PyObject *f_set_inference_mode(PyObject *module, PyObject *mode)
{
    const int on = PyObject_IsTrue(mode);
    (void)module;
    return on < 0 ? NULL : PyBool_FromLong(ag_set_inference_mode(on != 0));
}

static PyObject *m_is_inference(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyBool_FromLong(ag_is_inference(py_tensor_of(self)));
}

static PyObject *f_is_inference(PyObject *module, PyObject *input)
{
    ag_tensor *t;
    (void)module;
    if (!py_tensor_argument("is_inference", "input", input, &t))
        return NULL;
    return PyBool_FromLong(ag_is_inference(t));
}

static PyObject *m_retain_grad(PyObject *self, PyObject *unused)
{
    (void)unused;
    return py_done(ag_retain_grad(py_tensor_of(self)));
}

static PyObject *m_detach(PyObject *self, PyObject *unused)
{
    (void)unused;
    return py_result(self, ag_detach(py_tensor_of(self)));
}

static PyObject *m_detach_(PyObject *self, PyObject *unused)
{
    (void)unused;
    if (ag_detach_(py_tensor_of(self)) != AG_OK)
        return py_raise();
    py_tensor_unlink(self);  /* or it would keep the history */
    return Py_NewRef(self);
}

#define EXAMPLE_DOC \
    "Example:\n" \
    "    >>> import pyautograd as ag\n" \
    "    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)\n"

PyMethodDef py_autograd_methods[] = {
    {"backward", PY_METHOD(m_backward), PY_KEYWORDS,
     "backward($self, gradient=None, retain_graph=None, create_graph=False, inputs=None)\n--\n\n"
     "Add the gradients of this tensor into the .grad of the leaves that it was made from.\n\n"
     "Args:\n"
     "    gradient: of something with respect to this tensor, of its shape; by default 1, for\n"
     "        tensors of one element.\n"
     "    retain_graph: keep what the tape saved, for another backward. As create_graph if None.\n"
     "    create_graph: record the computation of the gradients, for higher derivatives.\n"
     "    inputs: the tensors to give a gradient to, leaves or not, instead of all leaves; or a\n"
     "        dict of them.\n\n"
     "Raises:\n"
     "    RuntimeError: the tensor does not require grad, has more than one element where no\n"
     "        gradient is given, saved values were freed or written in place, or shapes do not\n"
     "        agree. No .grad has changed then.\n"
     "    TypeError: an argument is of the wrong type.\n\n"
     EXAMPLE_DOC
     "    >>> (x * x).sum().backward()\n"
     "    >>> x.grad\n"
     "    tensor([2., 4.])\n"},
    {"requires_grad_", PY_METHOD(m_requires_grad), PY_KEYWORDS,
     "requires_grad_($self, requires_grad=True)\n--\n\n"
     "Set requires_grad of a leaf. Returns the tensor itself.\n\n"
     "Raises:\n"
     "    RuntimeError: the tensor is not a leaf.\n"
     "    TypeError: the argument is not a bool.\n\n"
     EXAMPLE_DOC
     "    >>> x.requires_grad_(False).requires_grad\n"
     "    False\n"},
    {"retain_grad", m_retain_grad, METH_NOARGS,
     "retain_grad($self, /)\n--\n\n"
     "Have backward() leave the gradient of this tensor in .grad though it is not a leaf.\n\n"
     "Raises:\n"
     "    RuntimeError: the tensor does not require grad.\n\n"
     EXAMPLE_DOC
     "    >>> y = x * 3\n"
     "    >>> y.retain_grad()\n"
     "    >>> y.sum().backward()\n"
     "    >>> y.grad\n"
     "    tensor([1., 1.])\n"},
    {"detach", m_detach, METH_NOARGS,
     "detach($self, /)\n--\n\n"
     "A tensor over the same memory that does not require grad and has no history.\n\n"
     EXAMPLE_DOC
     "    >>> x.detach()\n"
     "    tensor([1., 2.])\n"},
    {"is_inference", m_is_inference, METH_NOARGS,
     "is_inference($self, /)\n--\n\n"
     "Whether this tensor was made in `inference_mode`.\n\n"
     EXAMPLE_DOC
     "    >>> with ag.inference_mode():\n"
     "    ...     y = x * 2\n"
     "    >>> y.is_inference(), x.is_inference()\n"
     "    (True, False)\n"},
    {"detach_", m_detach_, METH_NOARGS,
     "detach_($self, /)\n--\n\n"
     "Forget the history of this tensor. Returns the tensor itself.\n\n"
     "Raises:\n"
     "    RuntimeError: the tensor is a view.\n\n"
     EXAMPLE_DOC
     "    >>> y = x * 3\n"
     "    >>> y.detach_().is_leaf\n"
     "    True\n"},
    {NULL, NULL, 0, NULL},
};

static PyObject *f_bump_version(PyObject *module, PyObject *tensor)
{
    (void)module;
    if (!py_is_tensor(tensor))
        return py_wrong_type("_bump_version", "tensor", "Tensor", tensor);
    ag_bump_version(py_tensor_of(tensor));
    Py_RETURN_NONE;
}

PyMethodDef py_autograd_functions[] = {
    {"_bump_version", f_bump_version, METH_O,
     "The tensor's numbers were written by somebody who tells nobody."},
    {"is_grad_enabled", f_is_grad_enabled, METH_NOARGS,
     "is_grad_enabled()\n--\n\nWhether this thread records on the tape.\n\n"
     "Example:\n"
     "    >>> import pyautograd as ag\n"
     "    >>> with ag.no_grad():\n"
     "    ...     ag.is_grad_enabled()\n"
     "    False\n"},
    {"is_inference", f_is_inference, METH_O,
     "is_inference(input, /)\n--\n\nWhether a tensor was made in `inference_mode`.\n\n"
     "Raises:\n    TypeError: the input is not a Tensor.\n\n"
     "Example:\n"
     "    >>> import pyautograd as ag\n"
     "    >>> ag.is_inference(ag.ones(1))\n"
     "    False\n"},
    {"is_inference_mode_enabled", f_is_inference_mode_enabled, METH_NOARGS,
     "is_inference_mode_enabled()\n--\n\nWhether this thread is in `inference_mode`.\n\n"
     "Example:\n"
     "    >>> import pyautograd as ag\n"
     "    >>> with ag.inference_mode():\n"
     "    ...     ag.is_inference_mode_enabled()\n"
     "    True\n"},
    {"_set_inference_mode", f_set_inference_mode, METH_O,
     "Turns it on or off, and grad mode off or on; whether it was on."},
    {"_backward", PY_METHOD(f_backward), PY_KEYWORDS, "See pyautograd.autograd.backward."},
    {"_grad", PY_METHOD(f_grad), PY_KEYWORDS, "See pyautograd.autograd.grad."},
    {NULL, NULL, 0, NULL},
};
