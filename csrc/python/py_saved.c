/* SPDX-License-Identifier: MIT
 *
 * What nodes have saved: `_saved_self` and its like give values, `_raw_saved_self` an object that
 * stands for the value and takes hooks. The names are PyTorch's, and each type of nodes has those
 * of values that are saved here and there.
 */
#include "py_saved.h"

#include "py_errors.h"
#include "py_saving.h"

#include <string.h>

/* ---- names ---------------------------------------------------------------------------------- */

/* What is behind a name: t0 .. t2 an input, t3 the result; n0 .. n2 an input that was a number, a
 * limit is one where infinity means none; f0 .. f2 a number among the op's arguments, w0 .. w2 the
 * same as an int. A number behind `=` stands for one that the op does not keep. */
typedef struct saved_names {
    const char *nodes;  /* without "Backward"; a name that has no digit is followed by 0 */
    const char *names;
} saved_names;

static const saved_names SAVED[] = {
    {"Abs Acos Acosh Asin Asinh Atan Atanh Cos Cosh Digamma Erf Erfc Hardsigmoid Hardswish I0 "
     "Lgamma Log Log10 Log1P Log2 LogSigmoid Mish NanToNum Silu Sin Sinc Sinh Gelu Logit Elu "
     "Copysign Copysign1 SpecialI1 SpecialEntr SpecialErfcx SpecialLogNdtr Prod Prod1 Var Var1",
     "self:t0"},
    {"Exp Exp2 Expm1 Reciprocal Relu Rsqrt Sigmoid Sqrt Tan Tanh SpecialNdtri Softmax LogSoftmax",
     "result:t3"},
    {"Mul Div Maximum Minimum Fmax Fmin Atan2 Logaddexp Logaddexp2 Xlogy Remainder1 Fmod1 Igamma "
     "Igammac SpecialZeta SpecialXlog1Py",
     "self:t0 other:t1"},
    {"SpecialI0E SpecialI1E Amax Amin Std Std1 Logsumexp LinalgVectorNorm Norm1 Cumprod "
     "Logcumsumexp Max1 Min1 Median Nanmedian", "self:t0 result:t3"},
    {"Hypot", "self:t0 other:t1 result:t3"},
    {"Ldexp", "other:t1 result:t3"},
    {"Pow", "self:t0 exponent:n1=2"},
    {"Pow1", "self:t0 exponent:t1 result:t3"},
    {"Pow2", "self:n0 exponent:t1 result:t3"},
    {"Xlogy1 SpecialXlog1Py1 SpecialZeta1", "self:n0 other:t1"},
    {"Xlogy2 SpecialXlog1Py2", "self:t0 other:n1"},
    {"Clamp", "self:t0 min:t1 max:t2"},
    {"Clamp1", "self:t0 min:l1 max:l2"},
    {"ClampMin", "self:t0 min:n1"},
    {"ClampMin1", "self:t0 min:t1"},
    {"ClampMax", "self:t0 max:n1"},
    {"ClampMax1", "self:t0 max:t1"},
    {"Where", "condition:t0"},
    {"MaskedFill MaskedFill1 MaskedSelect MaskedScatter", "mask:t1"},
    {"Softplus", "self:t0 beta:f0 threshold:f1"},
    {"LeakyRelu", "self:t0 negative_slope:f0"},
    {"Celu", "self:t0 alpha:f0"},
    {"Hardtanh", "self:t0 min_val:f0=0 max_val:f1=6"},
    {"Hardshrink Softshrink", "self:t0 lambd:f0"},
    {"Threshold", "self:t0 threshold:f0"},
    {"Polygamma", "self:t0 n:w0"},
    {"Mvlgamma", "self:t0"},
    {"Lerp", "weight:n2"},
    {"Lerp1", "self:t0 end:t1 weight:t2"},
    {"Addcmul Addcdiv", "tensor1:t1 tensor2:t2 value:f0"},
    {"Mm Bmm", "self:t0 mat2:t1"},
    {"Mv", "self:t0 vec:t1"},
    {"Dot", "self:t0 tensor:t1"},
    {"Gather IndexSelect Take Scatter Scatter1 ScatterAdd IndexAdd IndexCopy IndexFill IndexFill1",
     "index:t1"},
    {"BinaryCrossEntropy", "self:t0 target:t1"},
    {"LinalgCholeskyEx", "L:t3"},
    {"LinalgInvEx", "inverse:t3"},
};

/* What a property is made of, for ever. */
typedef struct saved_name {
    char kind;
    int at;
    const char *instead;  /* of a number that is not kept; NULL: there is none */
} saved_name;

/* "PowBackward1" is "Pow1", "ExpBackward0" is "Exp". */
static bool short_name(const char *name, char *text, size_t room)
{
    const char *tail = strstr(name, "Backward");
    const size_t n = tail != NULL ? (size_t)(tail - name) : 0;
    if (n == 0 || n + 4 > room)
        return false;
    memcpy(text, name, n);
    strcpy(text + n, strcmp(tail, "Backward0") == 0 ? "" : tail + strlen("Backward"));
    return strlen(text) < room;
}

/* Whether `word` is one of the words of `list`. */
static bool has_word(const char *list, const char *word)
{
    const size_t n = strlen(word);
    for (const char *at = strstr(list, word); at != NULL; at = strstr(at + 1, word))
        if ((at == list || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
            return true;
    return false;
}

static const char *names_of(const char *node)
{
    char text[64];
    for (size_t k = 0; short_name(node, text, sizeof text) && k < sizeof SAVED / sizeof *SAVED; k++)
        if (has_word(SAVED[k].nodes, text))
            return SAVED[k].names;
    return NULL;
}

/* ---- values --------------------------------------------------------------------------------- */

static PyObject *tensor_saved(ag_node *node, int k)
{
    ag_tensor *value = ag_node_saved(node, k);
    if (value != NULL)
        return py_tensor_wrap(value);
    if (PyErr_Occurred() || ag_last_status() != AG_ERR_VALUE)
        return py_raise();
    ag_clear_error();
    Py_RETURN_NONE;  /* no gradient needed it */
}

static PyObject *number_instead(const saved_name *what)
{
    if (what->instead == NULL)
        Py_RETURN_NONE;
    return PyLong_FromLong(what->instead[0] - '0');
}

/* An input that was a number. */
static PyObject *number_saved(ag_node *node, const saved_name *what)
{
    ag_tensor *value = ag_node_saved(node, what->at);
    if (value == NULL && (PyErr_Occurred() || ag_last_status() != AG_ERR_VALUE))
        return py_raise();
    if (value == NULL) {
        ag_clear_error();
        return number_instead(what);
    }
    double number = 0.0;
    const ag_status status = ag_item(value, &number);
    ag_release(value);
    if (status != AG_OK)
        return py_raise();
    if (what->kind == 'l' && Py_IS_INFINITY(number))
        Py_RETURN_NONE;
    return PyFloat_FromDouble(number);
}

static PyObject *argument_saved(const ag_node *node, const saved_name *what)
{
    double number;
    if (ag_node_number_kept(node, what->at, &number) != AG_OK) {
        ag_clear_error();
        return number_instead(what);
    }
    return what->kind == 'w' ? PyLong_FromDouble(number) : PyFloat_FromDouble(number);
}

static PyObject *get_saved(PyObject *self, void *closure)
{
    const saved_name *what = closure;
    ag_node *node = ((py_node *)self)->node;
    switch (what->kind) {
    case 't': return tensor_saved(node, what->at);
    case 'n': case 'l': return number_saved(node, what);
    default: return argument_saved(node, what);
    }
}

static PyObject *get_raw_saved(PyObject *self, void *closure)
{
    return py_saved_object(self, ((const saved_name *)closure)->at, NULL);
}

/* ---- properties ----------------------------------------------------------------------------- */

/* "_saved_" or "_raw_saved_" before a word. */
static char *name_with(const char *before, const char *word, size_t n)
{
    char *text = PyMem_Malloc(strlen(before) + n + 1);
    if (text == NULL)
        return NULL;
    strcpy(text, before);
    strncat(text, word, n);
    return text;
}

/* The properties of one word, "min:n1"; how many they are, or -1 with an exception. */
static int add_properties(PyGetSetDef *to, const char *word)
{
    const char *colon = strchr(word, ':');
    const size_t n = (size_t)(colon - word);
    saved_name *what = PyMem_Malloc(sizeof *what);
    char *name = name_with("_saved_", word, n), *raw = name_with("_raw_saved_", word, n);
    if (what == NULL || name == NULL || raw == NULL) {
        PyMem_Free(what);
        PyMem_Free(name);
        PyMem_Free(raw);
        PyErr_NoMemory();
        return -1;
    }
    *what = (saved_name){.kind = colon[1], .at = colon[2] - '0',
                         .instead = colon[3] == '=' ? colon + 4 : NULL};
    to[0] = (PyGetSetDef){name, get_saved, NULL, "What was saved for the rule, under this name.",
                          what};
    if (what->kind != 't') {
        PyMem_Free(raw);
        return 1;
    }
    to[1] = (PyGetSetDef){raw, get_raw_saved, NULL, "The same as an object that takes hooks.",
                          what};
    return 2;
}

static void free_properties(PyGetSetDef *all)
{
    for (const PyGetSetDef *p = all; p->name != NULL; p++) {
        PyMem_Free((void *)(uintptr_t)p->name);
        if (p->get == get_saved)  /* of the raw one, too */
            PyMem_Free(p->closure);
    }
    PyMem_Free(all);
}

PyGetSetDef *py_saved_properties(const char *name)
{
    const char *word = names_of(name);
    if (word == NULL)
        return NULL;
    PyGetSetDef *all = PyMem_Calloc(strlen(word), sizeof *all);  /* more than enough */
    if (all == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    for (int n = 0; word != NULL;) {
        const int more = add_properties(all + n, word);
        if (more < 0) {
            free_properties(all);
            return NULL;
        }
        n += more;
        word = strchr(word, ' ');
        word = word != NULL ? word + 1 : NULL;
    }
    return all;
}

/* ---- SavedTensor ---------------------------------------------------------------------------- */

typedef struct py_saved {
    PyObject_HEAD
    PyObject *owner;  /* owned: the node */
    ag_saved *(*kept_of)(PyObject *owner, int k);  /* of a Function's context, else NULL */
    int k;
} py_saved;

static PyTypeObject *saved_type;

PyObject *py_saved_object(PyObject *owner, int k, ag_saved *(*kept_of)(PyObject *owner, int k))
{
    py_saved *s = (py_saved *)saved_type->tp_alloc(saved_type, 0);
    if (s == NULL)
        return NULL;
    s->owner = Py_NewRef(owner);
    s->kept_of = kept_of;
    s->k = k;
    return (PyObject *)s;
}

/* AG_OK, or the status of the failure. */
static ag_status pack_again(const py_saved *s, bool *is_none)
{
    ag_node *node = ((py_node *)s->owner)->node;
    if (s->kept_of == NULL) {
        const ag_status status = ag_node_pack(node, s->k);
        *is_none = status == AG_ERR_VALUE && !PyErr_Occurred();
        return status;
    }
    ag_saved *kept = s->kept_of(s->owner, s->k);
    *is_none = kept == NULL;
    return kept != NULL ? ag_saved_pack(kept, node) : AG_ERR_VALUE;
}

static PyObject *saved_register_hooks(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (n != 2 || !PyCallable_Check(args[0]) || !PyCallable_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "register_hooks(): expected two functions, pack_hook and "
                                         "unpack_hook");
        return NULL;
    }
    PyObject *pair = PyTuple_Pack(2, args[0], args[1]);
    if (pair == NULL || !py_push_saved_pair(pair))
        return NULL;
    bool is_none = false;
    const py_saved *s = (const py_saved *)self;
    const ag_status status = pack_again(s, &is_none);
    if (((py_node *)s->owner)->head.maker != NULL)  /* what was packed may lead back to it */
        py_tensor_track((PyObject *)((py_node *)s->owner)->head.maker);
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    ag_pop_saved_hooks();
    PyErr_Restore(type, value, traceback);
    if (status == AG_OK)
        Py_RETURN_NONE;
    if (!is_none)
        return py_raise();
    ag_clear_error();
    PyErr_SetString(PyExc_RuntimeError,
                    "Calling register_hooks on a saved tensor with value None is forbidden");
    return NULL;
}

static PyObject *saved_unpack(PyObject *self, PyObject *unused)
{
    const py_saved *s = (const py_saved *)self;
    ag_node *node = ((py_node *)s->owner)->node;
    (void)unused;
    if (s->kept_of == NULL)
        return tensor_saved(node, s->k);
    ag_saved *kept = s->kept_of(s->owner, s->k);
    if (kept == NULL)
        Py_RETURN_NONE;
    ag_tensor *value = ag_saved_tensor(kept, node);
    return value != NULL ? py_tensor_wrap(value) : py_raise();
}

/* What hooks packed, and the context of these; *hooked: whether hooks have it at all. */
static PyObject *packed_of(const py_saved *s, bool *hooked, PyObject **pair)
{
    const ag_saved_hooks *hooks = NULL;
    void *context = NULL, *packed = NULL;
    if (s->kept_of == NULL) {
        packed = ag_node_packed(((py_node *)s->owner)->node, s->k, &hooks, &context);
    } else {
        const ag_saved *kept = s->kept_of(s->owner, s->k);
        packed = kept != NULL ? ag_saved_packed(kept, &hooks, &context) : NULL;
    }
    ag_clear_error();
    *hooked = hooks != NULL && py_is_saved_pair(hooks);
    *pair = *hooked ? context : NULL;
    return *hooked ? packed : NULL;
}

static PyObject *saved_data(PyObject *self, void *unused)
{
    bool hooked;
    PyObject *pair, *packed = packed_of((const py_saved *)self, &hooked, &pair);
    (void)unused;
    if (packed != NULL)
        return Py_NewRef(packed);
    PyObject *value = saved_unpack(self, NULL);
    if (value == NULL || value == Py_None)
        return value;
    PyObject *plain = PyObject_CallMethod(value, "detach", NULL);
    const bool is_leaf = !hooked && ag_is_leaf(py_tensor_of(value));
    if (is_leaf)
        Py_XSETREF(plain, Py_NewRef(value));
    Py_DECREF(value);
    return plain;
}

static PyObject *saved_unpack_hook(PyObject *self, void *unused)
{
    bool hooked;
    PyObject *pair;
    (void)unused;
    packed_of((const py_saved *)self, &hooked, &pair);
    return Py_NewRef(hooked ? PyTuple_GET_ITEM(pair, 1) : Py_None);
}

/* There is no clearing: it has its node for as long as it is, and nodes let go of what leads to
 * it. */
static int saved_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((py_saved *)self)->owner);
    return 0;
}

static void saved_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_CLEAR(((py_saved *)self)->owner);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *saved_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    (void)type;
    (void)args;
    (void)keywords;
    PyErr_SetString(PyExc_RuntimeError,
                    "Trying to create a SavedTensor object from Python is forbidden.");
    return NULL;
}

#define EXAMPLE_OF_SAVED \
    "Example:\n" \
    "    >>> import pyautograd as ag\n" \
    "    >>> x = ag.ones(2, requires_grad=True)\n"

static PyMethodDef saved_methods[] = {
    {"register_hooks", (PyCFunction)(void (*)(void))saved_register_hooks, METH_FASTCALL,
     "register_hooks($self, pack_hook, unpack_hook, /)\n--\n\n"
     "Pack the value by `pack_hook(value)` now, and have `unpack_hook(packed)` make it again for\n"
     "whoever reads it.\n\n"
     "Raises:\n"
     "    RuntimeError: it has hooks already, was freed by a backward, or was never saved.\n"
     "    TypeError: these are not two functions.\n\n" EXAMPLE_OF_SAVED
     "    >>> y = x.exp()\n"
     "    >>> saved = y.grad_fn._raw_saved_result\n"
     "    >>> saved.register_hooks(lambda value: value.tolist(), ag.tensor)\n"
     "    >>> saved.data\n"
     "    [2.718281828459045, 2.718281828459045]\n"
     "    >>> y.sum().backward()\n"
     "    >>> x.grad\n"
     "    tensor([2.7183, 2.7183])\n"},
    {"unpack", saved_unpack, METH_NOARGS,
     "unpack($self, /)\n--\n\nThe value with its history, None where there is none.\n\n"
     "Raises:\n    RuntimeError: it was freed by a backward, or written in place since.\n\n"
     EXAMPLE_OF_SAVED
     "    >>> x.log().grad_fn._raw_saved_self.unpack() is x\n"
     "    True\n"},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef saved_properties[] = {
    {"data", saved_data, NULL,
     "What is kept: the value without its history, or what a hook packed.\n\n" EXAMPLE_OF_SAVED
     "    >>> (x * 2).log().grad_fn._raw_saved_self.data\n"
     "    tensor([2., 2.])\n", NULL},
    {"unpack_hook", saved_unpack_hook, NULL,
     "The function that unpacks it, None without hooks.\n\n" EXAMPLE_OF_SAVED
     "    >>> x.log().grad_fn._raw_saved_self.unpack_hook is None\n"
     "    True\n", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot saved_slots[] = {
    {Py_tp_doc,
     "A value that a node has saved for its rule: `grad_fn._raw_saved_self` and its like give\n"
     "it.\n\n"
     EXAMPLE_OF_SAVED
     "    >>> type(x.log().grad_fn._raw_saved_self).__name__\n"
     "    'SavedTensor'\n"},
    {Py_tp_new, saved_new},
    {Py_tp_dealloc, saved_dealloc},
    {Py_tp_traverse, saved_traverse},
    {Py_tp_methods, saved_methods},
    {Py_tp_getset, saved_properties},
    {0, NULL},
};

static PyType_Spec saved_spec = {
    .name = "pyautograd.autograd.SavedTensor",
    .basicsize = sizeof(py_saved),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = saved_slots,
};

bool py_add_saved_type(PyObject *module)
{
    saved_type = (PyTypeObject *)PyType_FromSpec(&saved_spec);
    return saved_type != NULL &&
           PyModule_AddObjectRef(module, "SavedTensor", (PyObject *)saved_type) == 0;
}
