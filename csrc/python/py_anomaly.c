/* SPDX-License-Identifier: MIT
 *
 * Anomaly mode: its switch; what a node noted, as its dict `metadata`, where PyTorch has it; and
 * the warnings when a rule fails, whose texts pyautograd/autograd/_anomaly.py makes.
 */
#include "py_anomaly.h"

#include "py_args.h"
#include "py_errors.h"
#include "py_site.h"

#define HELPER "pyautograd.autograd._anomaly"

static PyObject *(*object_of_node)(ag_node *node);

static PyObject *call_helper(const char *function, PyObject *argument)
{
    PyObject *module = argument != NULL ? PyImport_ImportModule(HELPER) : NULL;
    PyObject *result = module != NULL ? PyObject_CallMethod(module, function, "O", argument) : NULL;
    Py_XDECREF(module);
    return result;
}

/* ---- metadata ------------------------------------------------------------------------------- */

static void let_go_of_metadata(void *dict)
{
    if (!Py_IsInitialized())  /* at exit */
        return;
    const PyGILState_STATE state = PyGILState_Ensure();
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);  /* it may die of a backward that fails */
    Py_DECREF((PyObject *)dict);
    PyErr_Restore(type, value, traceback);
    PyGILState_Release(state);
}

/* [(file, line, function)], outermost first. */
static PyObject *list_of_sites(int n, const uint32_t *sites)
{
    PyObject *list = PyList_New(n);
    for (int k = 0; list != NULL && k < n; k++) {
        PyObject *one = py_site_tuple(sites[n - 1 - k]);
        if (one == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, k, one);
    }
    return list;
}

/* What was noted, n sites of it. False with an exception. */
static bool put_traceback(PyObject *dict, const ag_node *node, int n)
{
    uint32_t *sites = PyMem_Calloc((size_t)n + 1, sizeof *sites);
    if (sites == NULL) {
        PyErr_NoMemory();
        return false;
    }
    ag_node_stack(node, n, sites);
    PyObject *list = list_of_sites(n, sites), *lines = call_helper("lines_of", list);
    const bool done = lines != NULL && PyDict_SetItemString(dict, "traceback_", lines) == 0;
    Py_XDECREF(lines);
    Py_XDECREF(list);
    PyMem_Free(sites);
    return done;
}

static bool put_parent(PyObject *dict, const ag_node *node)
{
    ag_node *parent = ag_node_parent(node);
    if (parent == NULL)
        return true;
    PyObject *object = object_of_node(ag_node_retain(parent));
    const bool done = object != NULL && PyDict_SetItemString(dict, "parent_", object) == 0;
    Py_XDECREF(object);
    return done;
}

PyObject *py_node_metadata(ag_node *node)
{
    PyObject *known = ag_node_context(node);
    if (known != NULL)
        return Py_NewRef(known);
    const int n = ag_node_stack(node, 0, NULL);
    PyObject *dict = PyDict_New();
    bool done = dict != NULL && (n <= 0 || put_traceback(dict, node, n));
    done = done && (n < 0 || put_parent(dict, node));
    if (done && ag_node_set_context(node, dict, let_go_of_metadata) == AG_OK)
        return Py_NewRef(dict);
    Py_XDECREF(dict);
    return PyErr_Occurred() ? NULL : py_raise();
}

/* ---- warnings ------------------------------------------------------------------------------- */

/* The exception of what failed, if there is one already, comes before one that warning makes. */
static void warn(ag_node *node)
{
    if (!Py_IsInitialized())
        return;
    const PyGILState_STATE state = PyGILState_Ensure();
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *object = node != NULL ? object_of_node(ag_node_retain(node)) : Py_NewRef(Py_None);
    PyObject *result = call_helper("warn_of", object);
    if (result == NULL)
        PyErr_WriteUnraisable(object);
    Py_XDECREF(result);
    Py_XDECREF(object);
    PyErr_Restore(type, value, traceback);
    PyGILState_Release(state);
}

void py_watch_anomalies(PyObject *(*object_of)(ag_node *node))
{
    object_of_node = object_of;
    ag_set_anomaly_hook(warn);
}

/* ---- the switch ----------------------------------------------------------------------------- */

static PyObject *f_set_anomaly_enabled(PyObject *module, PyObject *const *args, Py_ssize_t n,
                                       PyObject *names)
{
    static const py_signature s = {"set_anomaly_enabled", 2, 1, 2, {"enabled", "check_nan"}};
    PyObject *v[2];
    bool enabled = false, check_nan = true;
    (void)module;
    if (!py_parse(&s, NULL, args, n, names, v) ||
        !py_bool_argument(s.function, "enabled", v[0], &enabled) ||
        !py_bool_argument(s.function, "check_nan", v[1], &check_nan))
        return NULL;
    ag_set_anomaly_enabled(enabled, check_nan);
    Py_RETURN_NONE;
}

static PyObject *f_is_anomaly_enabled(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    return PyBool_FromLong(ag_anomaly_enabled());
}

static PyObject *f_is_anomaly_check_nan_enabled(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    return PyBool_FromLong(ag_anomaly_check_nan_enabled());
}

#define EXAMPLE_DOC \
    "Example:\n" \
    "    >>> import pyautograd as ag\n" \
    "    >>> ag.set_anomaly_enabled(True, check_nan=False)\n"

PyMethodDef py_anomaly_functions[] = {
    {"set_anomaly_enabled", PY_METHOD(f_set_anomaly_enabled), PY_KEYWORDS,
     "set_anomaly_enabled(enabled, check_nan=True)\n--\n\n"
     "Switch anomaly mode on or off, in the whole process: see autograd.detect_anomaly.\n\n"
     "Raises:\n"
     "    TypeError: an argument is not a bool.\n\n"
     EXAMPLE_DOC
     "    >>> ag.is_anomaly_enabled(), ag.is_anomaly_check_nan_enabled()\n"
     "    (True, False)\n"
     "    >>> ag.set_anomaly_enabled(False)\n"},
    {"is_anomaly_enabled", f_is_anomaly_enabled, METH_NOARGS,
     "is_anomaly_enabled()\n--\n\nWhether anomaly mode is on.\n\n"
     EXAMPLE_DOC
     "    >>> ag.is_anomaly_enabled()\n"
     "    True\n"
     "    >>> ag.set_anomaly_enabled(False)\n"},
    {"is_anomaly_check_nan_enabled", f_is_anomaly_check_nan_enabled, METH_NOARGS,
     "is_anomaly_check_nan_enabled()\n--\n\nWhether anomaly mode, when it is on, looks for NaN.\n\n"
     EXAMPLE_DOC
     "    >>> ag.is_anomaly_check_nan_enabled()\n"
     "    False\n"
     "    >>> ag.set_anomaly_enabled(False)\n"},
    {NULL, NULL, 0, NULL},
};
