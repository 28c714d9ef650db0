/* SPDX-License-Identifier: MIT
 *
 * Looking inside and tuning: threads, memory, configuration, the op table, and the doors that
 * tests and pyautograd.capi use.
 */
#include "py_args.h"
#include "py_convert.h"
#include "py_errors.h"
#include "py_ops.h"
#include "py_tensor.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

/* ---- threads and configuration -------------------------------------------------------------- */

static PyObject *f_set_num_threads(PyObject *module, PyObject *count)
{
    int64_t n;
    (void)module;
    if (!py_integer_argument("set_num_threads", "n", count, &n))
        return NULL;
    if (n < 1) {
        PyErr_SetString(PyExc_RuntimeError, "set_num_threads expects a positive integer");
        return NULL;
    }
    return py_done(ag_set_num_threads(n > INT_MAX ? INT_MAX : (int)n));
}

static PyObject *f_get_num_threads(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    return PyLong_FromLong(ag_get_num_threads());
}

/* What `write` writes, in a string as long as it needs. */
static PyObject *written(int (*write)(const ag_tensor *t, char *text, size_t size),
                         const ag_tensor *t)
{
    char small[1024];
    int length = write(t, small, sizeof small);
    if (length < 0)
        return py_raise();
    if ((size_t)length < sizeof small)
        return PyUnicode_FromString(small);
    char *large = PyMem_Malloc((size_t)length + 1);
    if (large == NULL)
        return PyErr_NoMemory();
    length = write(t, large, (size_t)length + 1);
    PyObject *text = length >= 0 ? PyUnicode_FromString(large) : py_raise();
    PyMem_Free(large);
    return text;
}

static int write_config(const ag_tensor *unused, char *text, size_t size)
{
    (void)unused;
    return ag_show_config(text, size);
}

static PyObject *f_show_config(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    return written(write_config, NULL);
}

static PyObject *f_explain(PyObject *module, PyObject *tensor)
{
    ag_tensor *t;
    (void)module;
    if (!py_tensor_argument("explain", "input", tensor, &t))
        return NULL;
    return written(ag_explain, t);
}

/* ---- memory --------------------------------------------------------------------------------- */

static ag_memory_stats statistics(void)
{
    ag_memory_stats stats;
    ag_get_memory_stats(&stats);
    return stats;
}

#define STATISTIC(name, field) \
    static PyObject *f_##name(PyObject *module, PyObject *unused) \
    { \
        (void)module; \
        (void)unused; \
        return PyLong_FromLongLong(statistics().field); \
    }
STATISTIC(memory_allocated, allocated)
STATISTIC(max_memory_allocated, max_allocated)
STATISTIC(memory_cached, cached)
STATISTIC(live_tensors, live_tensors)
STATISTIC(live_nodes, live_nodes)

static PyObject *f_memory_stats(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    ag_memory_stats s = statistics();
    return Py_BuildValue("{sLsLsLsLsLsL}", "allocated", (long long)s.allocated, "max_allocated",
                         (long long)s.max_allocated, "cached", (long long)s.cached, "cache_limit",
                         (long long)s.cache_limit, "live_tensors", (long long)s.live_tensors,
                         "live_nodes", (long long)s.live_nodes);
}

static PyObject *f_reset_peak(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    ag_reset_peak();
    Py_RETURN_NONE;
}

static PyObject *f_empty_cache(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    ag_empty_cache();
    Py_RETURN_NONE;
}

static PyObject *f_set_cache_limit(PyObject *module, PyObject *limit)
{
    int64_t bytes;
    (void)module;
    if (!py_integer_argument("set_cache_limit", "limit", limit, &bytes))
        return NULL;
    if (bytes < 0) {
        PyErr_SetString(PyExc_ValueError, "set_cache_limit expects a number of bytes, 0 or more");
        return NULL;
    }
    ag_set_cache_limit(bytes);
    Py_RETURN_NONE;
}

/* ---- the op table --------------------------------------------------------------------------- */

/* The words of ops.def (BINARY, RULE) in small letters. */
static PyObject *lowered(const char *word)
{
    char text[32];
    size_t n = strlen(word) < sizeof text ? strlen(word) : sizeof text - 1;
    for (size_t i = 0; i < n; i++)
        text[i] = (char)tolower((unsigned char)word[i]);
    return PyUnicode_FromStringAndSize(text, (Py_ssize_t)n);
}

static PyObject *op_row(int op)
{
    const char *name, *label, *doc, *kind, *grad;
    int arity;
    if (ag_op_info((ag_op)op, &name, &label, &doc, &arity, &kind, &grad) != AG_OK)
        return py_raise();
    return Py_BuildValue("{sssssssisNsN}", "name", name, "label", label, "doc", doc, "arity", arity,
                         "kind", lowered(kind), "grad", lowered(grad));
}

static PyObject *f_op_table(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    PyObject *table = PyList_New(0);
    for (int op = 0; table != NULL && op < AG_OP_COUNT; op++) {
        PyObject *row = op_row(op);
        if (row == NULL || PyList_Append(table, row) < 0)
            Py_CLEAR(table);
        Py_XDECREF(row);
    }
    return table;
}

/* The rows of functions, as they are written in ops.def. */
static const struct {
    const char *row, *name, *cname, *forms, *body, *result, *parameters;
} call_rows[] = {
#define CALL(name, cname, FORMS, BODY, RESULT, parameters, doc, example) \
    {"call", #name, #cname, #FORMS, #BODY, #RESULT, #parameters},
#define ALIAS(alias, name, KIND) {"alias", #alias, #name, #KIND, "", "", ""},
#define SHARED(MODULE, alias, name) {"shared", #alias, #name, #MODULE, "", "", ""},
#define TAKES_OUT(name) {"out", #name, "", "", "", "", ""},
#define OVERLOADS(name, FORMS, cnames, signature, doc, example) \
    {"overloads", #name, "", #FORMS, "", #cnames, signature},
#include "../include/ops.def"
};

static PyObject *f_call_table(PyObject *module, PyObject *unused)
{
    const Py_ssize_t n = (Py_ssize_t)(sizeof call_rows / sizeof call_rows[0]);
    PyObject *table = PyList_New(n);
    (void)module;
    (void)unused;
    for (Py_ssize_t k = 0; table != NULL && k < n; k++) {
        PyObject *row = Py_BuildValue(
            "{ssssssssssssss}", "row", call_rows[k].row, "name", call_rows[k].name, "cname",
            call_rows[k].cname, "forms", call_rows[k].forms, "body", call_rows[k].body, "result",
            call_rows[k].result, "parameters", call_rows[k].parameters);
        if (row == NULL)
            Py_CLEAR(table);
        else
            PyList_SET_ITEM(table, k, row);
    }
    return table;
}

/* ---- doors ---------------------------------------------------------------------------------- */

static PyObject *f_tensor_address(PyObject *module, PyObject *tensor)
{
    ag_tensor *t;
    (void)module;
    if (!py_tensor_argument("_tensor_address", "tensor", tensor, &t))
        return NULL;
    return PyLong_FromVoidPtr(t);
}

static PyObject *f_tensor_from_address(PyObject *module, PyObject *address)
{
    (void)module;
    ag_tensor *t = PyLong_AsVoidPtr(address);
    if (t == NULL) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "_tensor_from_address() of a null pointer");
        return NULL;
    }
    return py_tensor_wrap(ag_retain(t));
}

static PyObject *f_before_fork(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    ag_before_fork();
    Py_RETURN_NONE;
}

static PyObject *f_after_fork(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    ag_after_fork();
    Py_RETURN_NONE;
}

static PyObject *f_fail_allocation(PyObject *module, PyObject *nth)
{
    int64_t n;
    (void)module;
    if (!py_integer_argument("_fail_allocation", "nth", nth, &n))
        return NULL;
    if (ag_fail_allocation(n) != AG_OK) {  /* a build that cannot */
        PyErr_SetString(PyExc_ValueError, ag_last_message());
        return NULL;
    }
    Py_RETURN_NONE;
}

/* ---- table ---------------------------------------------------------------------------------- */

#define EXAMPLE_DOC "Example:\n    >>> import pyautograd as ag\n"

PyMethodDef py_info_functions[] = {
    {"set_num_threads", f_set_num_threads, METH_O,
     "set_num_threads(n, /)\n--\n\n"
     "How many threads share the work on large tensors.\n\n"
     "Raises:\n"
     "    RuntimeError: n is under 1.\n"
     "    TypeError: n is no int.\n\n" EXAMPLE_DOC
     "    >>> before = ag.get_num_threads()\n"
     "    >>> ag.set_num_threads(1)\n"
     "    >>> ag.get_num_threads()\n"
     "    1\n"
     "    >>> ag.set_num_threads(before)\n"},
    {"get_num_threads", f_get_num_threads, METH_NOARGS,
     "get_num_threads()\n--\n\n"
     "How many threads share the work on large tensors: PYAUTOGRAD_NUM_THREADS, else\n"
     "OMP_NUM_THREADS, else as many as the machine has, unless set_num_threads said otherwise.\n\n"
     EXAMPLE_DOC
     "    >>> ag.get_num_threads() >= 1\n"
     "    True\n"},
    {"show_config", f_show_config, METH_NOARGS,
     "show_config()\n--\n\n"
     "How the library was built and what it found: version, compiler, CPU level, vector math,\n"
     "machine code for groups of ops, threads, as lines of `key: value`.\n\n" EXAMPLE_DOC
     "    >>> \"threads\" in ag.show_config()\n"
     "    True\n"},
    {"explain", f_explain, METH_O,
     "explain(input, /)\n--\n\n"
     "The program that would compute a tensor whose value is still pending, as text: a line for\n"
     "each load, step and result, which steps are one loop of machine code, and the bytes that it\n"
     "moves; \"computed\" where there is nothing left to do. Looking computes nothing.\n\n"
     EXAMPLE_DOC
     "    >>> x = ag.ones(100_000)\n"
     "    >>> print(ag.explain((x * 2).exp().sum()))\n"
     "    program over 100000 elements, tiles of 1024, 1 registers\n"
     "      v0 = load\n"
     "      v2 = mul(v0, 2)\n"
     "      v3 = exp(v2)\n"
     "      v4 = sum(v3) -> stored\n"
     "      800008 bytes moved\n"
     "    <BLANKLINE>\n"},
    {"memory_allocated", f_memory_allocated, METH_NOARGS,
     "memory_allocated()\n--\n\nBytes that living tensors hold.\n\n" EXAMPLE_DOC
     "    >>> before = ag.memory_allocated()\n"
     "    >>> x = ag.zeros(1000)\n"
     "    >>> ag.memory_allocated() - before >= 8000\n"
     "    True\n"},
    {"max_memory_allocated", f_max_memory_allocated, METH_NOARGS,
     "max_memory_allocated()\n--\n\n"
     "The most bytes that tensors held since the start or reset_peak_memory_stats().\n\n"
     EXAMPLE_DOC
     "    >>> ag.max_memory_allocated() >= ag.memory_allocated()\n"
     "    True\n"},
    {"memory_cached", f_memory_cached, METH_NOARGS,
     "memory_cached()\n--\n\nBytes of freed memory that are kept for reuse.\n\n" EXAMPLE_DOC
     "    >>> ag.empty_cache()\n"
     "    >>> ag.memory_cached() >= 0\n"
     "    True\n"},
    {"memory_stats", f_memory_stats, METH_NOARGS,
     "memory_stats()\n--\n\n"
     "All counters of memory as a dict: allocated, max_allocated, cached and cache_limit in\n"
     "bytes, live_tensors, live_nodes.\n\n" EXAMPLE_DOC
     "    >>> sorted(ag.memory_stats())[:2]\n"
     "    ['allocated', 'cache_limit']\n"},
    {"reset_peak_memory_stats", f_reset_peak, METH_NOARGS,
     "reset_peak_memory_stats()\n--\n\n"
     "Let max_memory_allocated() begin again from what is held now.\n\n" EXAMPLE_DOC
     "    >>> ag.reset_peak_memory_stats()\n"},
    {"empty_cache", f_empty_cache, METH_NOARGS,
     "empty_cache()\n--\n\n"
     "Give the memory that is kept for reuse back to the system.\n\n" EXAMPLE_DOC
     "    >>> ag.empty_cache()\n"},
    {"set_cache_limit", f_set_cache_limit, METH_O,
     "set_cache_limit(limit, /)\n--\n\n"
     "The most bytes of freed memory to keep for reuse.\n\n"
     "Raises:\n"
     "    ValueError: the limit is negative.\n"
     "    TypeError: it is no int.\n\n" EXAMPLE_DOC
     "    >>> before = ag.memory_stats()[\"cache_limit\"]\n"
     "    >>> ag.set_cache_limit(2**20)\n"
     "    >>> ag.set_cache_limit(before)\n"},
    {"_live_tensors", f_live_tensors, METH_NOARGS, "How many tensors there are."},
    {"_live_nodes", f_live_nodes, METH_NOARGS, "How many nodes of the tape there are."},
    {"_op_table", f_op_table, METH_NOARGS, "The op table, a dict for each op."},
    {"_call_table", f_call_table, METH_NOARGS, "The rows of functions of the op table."},
    {"_tensor_address", f_tensor_address, METH_O, "The address of a tensor's ag_tensor."},
    {"_tensor_from_address", f_tensor_from_address, METH_O,
     "The Tensor of the ag_tensor at an address, which keeps its own reference to it."},
    {"_before_fork", f_before_fork, METH_NOARGS, "What os.fork() calls first."},
    {"_after_fork", f_after_fork, METH_NOARGS, "What os.fork() calls last, in the parent."},
    {"_fail_allocation", f_fail_allocation, METH_O,
     "In testing builds: the nth allocation from now on fails; 0 for none."},
    {NULL, NULL, 0, NULL},
};
