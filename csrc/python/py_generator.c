/* SPDX-License-Identifier: MIT
 *
 * Generator: a stream of random numbers as a Python object. `default_generator` stands for the
 * process's.
 */
#include "py_generator.h"

#include "py_args.h"
#include "py_dtype.h"
#include "py_convert.h"
#include "py_errors.h"
#include "py_ops.h"
#include "py_tensor.h"

#include <string.h>

#define FIRST_SEED 67280421310721u  /* PyTorch's, of a generator that was given none */
#define STATE_SIZE 4                /* seed and position, each in halves, the low one first */

typedef struct py_generator {
    PyObject_HEAD
    ag_generator *generator;  /* owned; NULL: the process's */
} py_generator;

static PyTypeObject *generator_type;
static PyObject *default_generator;

static ag_generator *generator_of(PyObject *self) { return ((py_generator *)self)->generator; }

bool py_is_generator(PyObject *object) { return Py_TYPE(object) == generator_type; }

bool py_generator_argument(const char *function, const char *argument, PyObject *object,
                           ag_generator **generator)
{
    if (!py_is_generator(object)) {
        py_wrong_type(function, argument, "Generator", object);
        return false;
    }
    *generator = generator_of(object);
    return true;
}

/* ---- making --------------------------------------------------------------------------------- */

static PyObject *generator_construct(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static const py_signature s = {"Generator", 1, 0, 1, {"device"}};
    PyObject *device;
    if (!py_parse_tuple(&s, args, keywords, &device) || !py_device_argument(device))
        return NULL;
    PyObject *self = type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    ag_generator *g = ((py_generator *)self)->generator = ag_generator_new(FIRST_SEED);
    if (g == NULL) {
        Py_DECREF(self);
        return py_raise();
    }
    return self;
}

static void generator_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    ag_generator_release(generator_of(self));
    type->tp_free(self);
    Py_DECREF(type);
}

/* ---- seeds ---------------------------------------------------------------------------------- */

static bool read_seed(PyObject *object, uint64_t *seed)
{
    PyObject *index = PyNumber_Index(object);
    if (index == NULL)
        return false;
    *seed = PyLong_AsUnsignedLongLong(index);
    if (PyErr_Occurred()) {  /* negative seeds count too, down to -2**63 */
        PyErr_Clear();
        *seed = (uint64_t)PyLong_AsLongLong(index);
    }
    Py_DECREF(index);
    if (PyErr_Occurred())
        PyErr_SetString(PyExc_ValueError, "manual_seed() takes an int of at most 64 bits");
    return PyErr_Occurred() == NULL;
}

static PyObject *f_manual_seed(PyObject *module, PyObject *object)
{
    uint64_t seed;
    (void)module;
    if (!read_seed(object, &seed))
        return NULL;
    ag_manual_seed(seed);
    return Py_NewRef(default_generator);
}

static PyObject *m_manual_seed(PyObject *self, PyObject *object)
{
    uint64_t seed;
    if (!PyIndex_Check(object) || PyBool_Check(object) || py_is_tensor(object)) {
        PyErr_Format(PyExc_RuntimeError, "manual_seed expected a long, but got %s",
                     Py_TYPE(object)->tp_name);
        return NULL;
    }
    if (!read_seed(object, &seed))
        return NULL;
    ag_generator_seed(generator_of(self), seed);
    return Py_NewRef(self);
}

static PyObject *m_seed(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyLong_FromUnsignedLongLong(ag_generator_seed_anew(generator_of(self)));
}

static PyObject *m_initial_seed(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyLong_FromUnsignedLongLong(ag_generator_initial_seed(generator_of(self)));
}

/* ---- states --------------------------------------------------------------------------------- */

static PyObject *m_get_state(PyObject *self, PyObject *unused)
{
    static const int64_t shape[] = {STATE_SIZE};
    uint64_t seed, position;
    (void)unused;
    ag_generator_get_state(generator_of(self), &seed, &position);
    const double halves[STATE_SIZE] = {(uint32_t)seed, (uint32_t)(seed >> 32), (uint32_t)position,
                                       (uint32_t)(position >> 32)};
    return py_tensor_new(py_as_dtype(ag_from_data(halves, 1, shape), AG_INT64));
}

/* Whether z is the half of a number of 64 bits. */
static bool read_half(double z, uint64_t *half)
{
    if (!(z >= 0.0 && z < 0x1p32))
        return false;
    *half = (uint64_t)z;
    return (double)*half == z;
}

static PyObject *m_set_state(PyObject *self, PyObject *object)
{
    double z[STATE_SIZE];
    uint64_t half[STATE_SIZE];
    if (!py_is_tensor(object))
        return py_wrong_type("set_state", "new_state", "Tensor", object);
    ag_tensor *t = py_tensor_of(object);
    if (ag_ndim(t) != 1 || ag_numel(t) != STATE_SIZE) {
        PyErr_Format(PyExc_RuntimeError,
                     "Expected a generator state of size %d but found the input RNG state size to "
                     "be %lld", STATE_SIZE, (long long)ag_numel(t));
        return NULL;
    }
    if (ag_copy_out(t, z) != AG_OK)
        return py_raise();
    for (int k = 0; k < STATE_SIZE; k++) {
        if (!read_half(z[k], &half[k])) {
            PyErr_SetString(PyExc_RuntimeError,
                            "RNG state must be a tensor of whole numbers below 2**32, as "
                            "get_state() gives one");
            return NULL;
        }
    }
    ag_generator_set_state(generator_of(self), half[0] | half[1] << 32, half[2] | half[3] << 32);
    return Py_NewRef(self);
}

static PyObject *m_clone_state(PyObject *self, PyObject *unused)
{
    uint64_t seed, position;
    (void)unused;
    PyObject *clone = generator_type->tp_alloc(generator_type, 0);
    if (clone == NULL)
        return NULL;
    ag_generator *g = ((py_generator *)clone)->generator = ag_generator_new(FIRST_SEED);
    if (g == NULL) {
        Py_DECREF(clone);
        return py_raise();
    }
    ag_generator_get_state(generator_of(self), &seed, &position);
    ag_generator_set_state(g, seed, position);
    return clone;
}

/* A copy, and what is unpickled, is a new generator in the same state. */
static PyObject *m_reduce(PyObject *self, PyObject *unused)
{
    uint64_t seed, position;
    (void)unused;
    ag_generator_get_state(generator_of(self), &seed, &position);
    return Py_BuildValue("O(s)(KK)", (PyObject *)generator_type, "cpu", (unsigned long long)seed,
                         (unsigned long long)position);
}

static PyObject *m_setstate(PyObject *self, PyObject *state)
{
    unsigned long long numbers[2] = {0, 0};
    if (!PyTuple_Check(state) || PyTuple_GET_SIZE(state) != 2)
        return py_wrong_type("__setstate__", "state", "tuple of two ints", state);
    for (int k = 0; k < 2; k++) {
        numbers[k] = PyLong_AsUnsignedLongLong(PyTuple_GET_ITEM(state, k));
        if (PyErr_Occurred())
            return NULL;
    }
    ag_generator_set_state(generator_of(self), numbers[0], numbers[1]);
    Py_RETURN_NONE;
}

static PyObject *get_device(PyObject *self, void *unused)
{
    (void)self;
    (void)unused;
    return Py_NewRef(py_cpu);
}

/* ---- for pyautograd/distributions ----------------------------------------------------------- */

static PyObject *f_gamma_log_draw(PyObject *module, PyObject *arg)
{
    (void)module;
    if (!py_is_tensor(arg))
        return PyErr_Format(PyExc_TypeError, "_gamma_log_draw(): expected a Tensor, got %s",
                            Py_TYPE(arg)->tp_name);
    return py_tensor_new(ag_gamma_log_draw(py_tensor_of(arg), NULL));
}

/* ---- tables --------------------------------------------------------------------------------- */

#define EXAMPLE_DOC "Example:\n    >>> import pyautograd as ag\n"

PyMethodDef py_generator_functions[] = {
    {"manual_seed", f_manual_seed, METH_O,
     "manual_seed(seed, /)\n--\n\n"
     "Start the random numbers of the process anew: those that are drawn without a generator of\n"
     "their own. Returns `default_generator`.\n\n"
     "Raises:\n"
     "    TypeError: the seed is no int.\n"
     "    ValueError: it has more than 64 bits.\n\n" EXAMPLE_DOC
     "    >>> g = ag.manual_seed(0)\n"
     "    >>> x = ag.rand(3)\n"
     "    >>> g is ag.manual_seed(0) is ag.default_generator\n"
     "    True\n"
     "    >>> bool((ag.rand(3) == x).all())\n"
     "    True\n"},
    {"_gamma_log_draw", f_gamma_log_draw, METH_O,
     "Logarithms of gamma numbers of rate 1, which follow their parameters."},
    {NULL, NULL, 0, NULL},
};

static PyMethodDef generator_methods[] = {
    {"manual_seed", m_manual_seed, METH_O,
     "manual_seed($self, seed, /)\n--\n\n"
     "Start anew by this seed. Returns the generator itself.\n\n"
     "Raises:\n"
     "    RuntimeError: the seed is no int.\n"
     "    ValueError: it has more than 64 bits.\n\n" EXAMPLE_DOC
     "    >>> ag.Generator().manual_seed(7).initial_seed()\n"
     "    7\n"},
    {"seed", m_seed, METH_NOARGS,
     "seed($self, /)\n--\n\n"
     "Start anew by a seed from the system, which is returned.\n\n" EXAMPLE_DOC
     "    >>> g = ag.Generator()\n"
     "    >>> g.seed() == g.initial_seed()\n"
     "    True\n"},
    {"initial_seed", m_initial_seed, METH_NOARGS,
     "initial_seed($self, /)\n--\n\n"
     "The seed that the generator started from.\n\n" EXAMPLE_DOC
     "    >>> ag.Generator().initial_seed()\n"
     "    67280421310721\n"},
    {"get_state", m_get_state, METH_NOARGS,
     "get_state($self, /)\n--\n\n"
     "Where the generator is in its stream: a tensor for `set_state`. It has four whole numbers\n"
     "below 2 ** 32: the halves of the seed and those of the next block's place, the low ones\n"
     "first.\n\n" EXAMPLE_DOC
     "    >>> g = ag.Generator()\n"
     "    >>> state = g.get_state()\n"
     "    >>> x = ag.rand(3, generator=g)\n"
     "    >>> bool((ag.rand(3, generator=g.set_state(state)) == x).all())\n"
     "    True\n"},
    {"set_state", m_set_state, METH_O,
     "set_state($self, new_state, /)\n--\n\n"
     "Go where `get_state` found this generator, or another one. Returns the generator itself.\n\n"
     "Raises:\n"
     "    TypeError: the state is no Tensor.\n"
     "    RuntimeError: it is none that get_state gives.\n\n" EXAMPLE_DOC
     "    >>> g = ag.Generator().manual_seed(3)\n"
     "    >>> ag.Generator().set_state(g.get_state()).initial_seed()\n"
     "    3\n"},
    {"clone_state", m_clone_state, METH_NOARGS,
     "clone_state($self, /)\n--\n\n"
     "A new generator in the same state.\n\n" EXAMPLE_DOC
     "    >>> g = ag.Generator().manual_seed(3)\n"
     "    >>> twin = g.clone_state()\n"
     "    >>> bool((ag.rand(3, generator=g) == ag.rand(3, generator=twin)).all())\n"
     "    True\n"},
    {"__reduce__", m_reduce, METH_NOARGS, NULL},
    {"__setstate__", m_setstate, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef generator_properties[] = {
    {"device", get_device, NULL, "Where the numbers are made: the CPU.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot generator_slots[] = {
    {Py_tp_doc,
     "Generator(device='cpu')\n--\n\n"
     "A stream of random numbers: what is drawn from it depends on its seed and on what was drawn\n"
     "from it before, and on nothing else. `default_generator` is the one that is used where none\n"
     "is given. Threads that share a generator each get other numbers of the stream.\n\n"
     "The stream is that of Philox4x32-10: block k is a function of the seed and of k. n numbers\n"
     "take the next n / 2 blocks, rounded up, and element k of a tensor, counted row by row, gets\n"
     "half k of them: a uniform of 53 bits, half of a pair of normal numbers, or a whole number\n"
     "of 64 bits, of which a range takes the upper part of a product. All other laws are\n"
     "functions of one of these; poisson, binomial and draws of gamma, beta, Dirichlet and\n"
     "Student's distributions take a block for each number, as the head of a\n"
     "stream of its own. So numbers depend neither on the number of threads, nor on the CPU, nor\n"
     "on how a tensor lies in memory. They are not those of PyTorch.\n\n"
     "Raises:\n"
     "    RuntimeError: device is another than the CPU.\n"
     "    TypeError: device is neither str nor device.\n\n"
     EXAMPLE_DOC
     "    >>> g = ag.Generator().manual_seed(1)\n"
     "    >>> x = ag.randn(1000, generator=g)\n"
     "    >>> y = ag.randn(1000)\n"
     "    >>> bool((ag.randn(1000, generator=g.manual_seed(1)) == x).all())\n"
     "    True\n"},
    {Py_tp_new, generator_construct},
    {Py_tp_dealloc, generator_dealloc},
    {Py_tp_methods, generator_methods},
    {Py_tp_getset, generator_properties},
    {0, NULL},
};

static PyType_Spec generator_spec = {
    .name = "pyautograd.Generator",
    .basicsize = sizeof(py_generator),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = generator_slots,
};

bool py_add_generator_type(PyObject *module)
{
    generator_type = (PyTypeObject *)PyType_FromSpec(&generator_spec);
    if (generator_type == NULL)
        return false;
    default_generator = generator_type->tp_alloc(generator_type, 0);
    return default_generator != NULL &&
           PyModule_AddObjectRef(module, "Generator", (PyObject *)generator_type) == 0 &&
           PyModule_AddObjectRef(module, "default_generator", default_generator) == 0;
}
