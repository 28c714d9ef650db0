/* SPDX-License-Identifier: MIT
 *
 * no_grad, enable_grad, set_grad_enabled: what a `with` enters and leaves, and decorators, whose
 * Python half is pyautograd/_decorate.py.
 */
#include "py_args.h"
#include "py_ops.h"

#include <stddef.h>
#include <structmember.h>

#define MAX_NESTING 64

typedef struct py_mode {
    PyObject_HEAD
    bool mode;        /* what is entered */
    bool before;      /* what was when set_grad_enabled was called, or another last entered */
    bool at_once;     /* a set_grad_enabled */
    int depth;        /* how many times entered and not left */
    uint64_t outer;   /* what to return to, one bit for each level, innermost lowest */
} py_mode;

static PyTypeObject *no_grad_type, *enable_grad_type, *set_grad_enabled_type;

/* `mode` is a bool, or for classes below ours what gives a fresh object to enter. */
static PyObject *decorate(PyObject *function, PyObject *mode)
{
    PyObject *module = PyImport_ImportModule("pyautograd._decorate");
    if (module == NULL)
        return NULL;
    PyObject *decorated = PyObject_CallMethod(module, "decorate", "OO", function, mode);
    Py_DECREF(module);
    return decorated;
}

static PyObject *new_mode(PyTypeObject *type, bool mode, bool at_once)
{
    py_mode *o = (py_mode *)type->tp_alloc(type, 0);
    if (o == NULL)
        return NULL;
    o->mode = mode;
    o->at_once = at_once;
    if (at_once)
        o->before = ag_set_grad_enabled(mode);
    return (PyObject *)o;
}

/* no_grad() and enable_grad(); with a function, the function decorated. */
static PyObject *fixed_construct(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    bool mode = PyType_IsSubtype(type, enable_grad_type);
    const py_signature s = {mode ? "enable_grad" : "no_grad", 1, 0, 1, {"orig_func"}};
    PyObject *function;
    if (!py_parse_tuple(&s, args, keywords, &function))
        return NULL;
    if (py_absent(function))
        return new_mode(type, mode, false);
    if (!PyCallable_Check(function))
        return py_wrong_type(s.function, "orig_func", "callable", function);
    if (type == enable_grad_type || type == no_grad_type)
        return decorate(function, mode ? Py_True : Py_False);
    PyObject *object = new_mode(type, mode, false);
    PyObject *decorated = object != NULL ? PyObject_CallOneArg(object, function) : NULL;
    Py_XDECREF(object);
    return decorated;
}

static PyObject *chosen_construct(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static const py_signature s = {"set_grad_enabled", 1, 1, 1, {"mode"}};
    PyObject *value;
    bool mode = true;
    if (!py_parse_tuple(&s, args, keywords, &value) ||
        !py_bool_argument(s.function, "mode", value, &mode))
        return NULL;
    return new_mode(type, mode, true);
}

static PyObject *mode_enter(PyObject *self, PyObject *unused)
{
    py_mode *o = (py_mode *)self;
    (void)unused;
    if (o->depth == MAX_NESTING) {
        PyErr_SetString(PyExc_RuntimeError, "one grad mode object is entered too many times");
        return NULL;
    }
    bool was = ag_set_grad_enabled(o->mode);
    if (o->at_once && o->depth == 0)
        was = o->before;  /* it was set already, when the object was made */
    else if (!o->at_once)
        o->before = was;
    o->outer = o->outer << 1 | was;
    o->depth++;
    Py_RETURN_NONE;
}

static PyObject *mode_exit(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    py_mode *o = (py_mode *)self;
    (void)args;
    (void)n;
    if (o->depth == 0) {
        PyErr_SetString(PyExc_RuntimeError, "this grad mode object was not entered");
        return NULL;
    }
    ag_set_grad_enabled(o->outer & 1);
    o->outer >>= 1;
    o->depth--;
    Py_RETURN_NONE;
}

static PyObject *mode_call(PyObject *self, PyObject *args, PyObject *keywords)
{
    static const py_signature s = {"grad mode decorator", 1, 1, 1, {"func"}};
    py_mode *o = (py_mode *)self;
    PyObject *function;
    if (!py_parse_tuple(&s, args, keywords, &function))
        return NULL;
    if (!PyCallable_Check(function))
        return py_wrong_type(s.function, "func", "callable", function);
    if (o->at_once)
        ag_set_grad_enabled(o->before);  /* a decorator acts when the function is called */
    PyTypeObject *type = Py_TYPE(self);
    if (type == no_grad_type || type == enable_grad_type || type == set_grad_enabled_type)
        return decorate(function, o->mode ? Py_True : Py_False);
    PyObject *clone = PyObject_GetAttrString(self, "clone");
    PyObject *decorated = clone != NULL ? decorate(function, clone) : NULL;
    Py_XDECREF(clone);
    return decorated;
}

/* Another such object. One of set_grad_enabled acts when it is made, as any does. */
static PyObject *mode_clone(PyObject *self, PyObject *unused)
{
    py_mode *o = (py_mode *)self;
    PyObject *type = (PyObject *)Py_TYPE(self);
    (void)unused;
    return o->at_once ? PyObject_CallOneArg(type, o->mode ? Py_True : Py_False)
                      : PyObject_CallNoArgs(type);
}

static PyObject *chosen_repr(PyObject *self)
{
    return PyUnicode_FromFormat("pyautograd.set_grad_enabled(mode=%s)",
                                ((py_mode *)self)->mode ? "True" : "False");
}

static void mode_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef mode_methods[] = {
    {"__enter__", mode_enter, METH_NOARGS, NULL},
    {"__exit__", PY_METHOD(mode_exit), METH_FASTCALL, NULL},
    {"clone", mode_clone, METH_NOARGS, "clone($self, /)\n--\n\nAnother object of this kind."},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef mode_members[] = {
    {"mode", T_BOOL, offsetof(py_mode, mode), READONLY, "Whether recording is on in it."},
    {"prev", T_BOOL, offsetof(py_mode, before), READONLY, "What it returns to."},
    {NULL, 0, 0, 0, NULL},
};

/* ---- types ---------------------------------------------------------------------------------- */

#define FIXED_DOC(name, what, shown) \
    name "(orig_func=None)\n--\n\n" \
    "Recording on the tape is " what " inside `with " name "():`, in this thread.\n\n" \
    "Also a decorator, with or without brackets, of functions, generators and coroutines, and a\n" \
    "class to derive others from, whose __enter__ and __exit__ decorated functions then use.\n\n" \
    "Raises:\n" \
    "    TypeError: what is decorated cannot be called.\n\n" \
    "Example:\n" \
    "    >>> import pyautograd as ag\n" \
    "    >>> x = ag.ones(2, requires_grad=True)\n" \
    "    >>> with ag." name "():\n" \
    "    ...     (x * 2).requires_grad\n" \
    "    " shown "\n" \
    "    >>> @ag." name "()\n" \
    "    ... def double(x):\n" \
    "    ...     return x * 2\n" \
    "    >>> double(x).requires_grad\n" \
    "    " shown "\n"

static const char no_grad_doc[] = FIXED_DOC("no_grad", "off", "False");
static const char enable_grad_doc[] = FIXED_DOC("enable_grad", "on", "True");
static const char set_grad_enabled_doc[] =
    "set_grad_enabled(mode)\n--\n\n"
    "Switch recording on the tape on or off, in this thread.\n\n"
    "Called alone it acts at once and for good; in a `with`, until its end; as a decorator, while\n"
    "the function runs.\n\n"
    "Raises:\n"
    "    TypeError: mode is not a bool.\n\n"
    "Example:\n"
    "    >>> import pyautograd as ag\n"
    "    >>> x = ag.ones(2, requires_grad=True)\n"
    "    >>> with ag.set_grad_enabled(False):\n"
    "    ...     (x * 2).requires_grad\n"
    "    False\n"
    "    >>> ag.is_grad_enabled()\n"
    "    True\n";

static PyTypeObject *add_type(PyObject *module, const char *name, const char *doc,
                              newfunc construct, reprfunc repr)
{
    PyType_Slot slots[] = {
        {Py_tp_doc, (void *)(uintptr_t)doc},
        {Py_tp_new, construct},
        {Py_tp_dealloc, mode_dealloc},
        {Py_tp_call, mode_call},
        {Py_tp_methods, mode_methods},
        {Py_tp_members, mode_members},
        {repr != NULL ? Py_tp_repr : 0, repr},
        {0, NULL},
    };
    PyType_Spec spec = {
        .name = name, .basicsize = sizeof(py_mode), .slots = slots,
        .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    };
    PyObject *type = PyType_FromSpec(&spec);
    if (type != NULL && PyModule_AddObjectRef(module, strrchr(name, '.') + 1, type) < 0)
        Py_CLEAR(type);
    return (PyTypeObject *)type;
}

bool py_add_grad_modes(PyObject *module)
{
    no_grad_type = add_type(module, "pyautograd.no_grad", no_grad_doc, fixed_construct, NULL);
    enable_grad_type = add_type(module, "pyautograd.enable_grad", enable_grad_doc, fixed_construct,
                                NULL);
    set_grad_enabled_type = add_type(module, "pyautograd.set_grad_enabled", set_grad_enabled_doc,
                                     chosen_construct, chosen_repr);
    return no_grad_type != NULL && enable_grad_type != NULL && set_grad_enabled_type != NULL;
}
