/* SPDX-License-Identifier: MIT
 *
 * The module pyautograd._core: its types, functions, and the terms on which the library runs
 * under Python. The GIL keeps threads apart, so reference counts are plain; work that takes long
 * lets the GIL go and touches no count while it does.
 */
#include "py_anomaly.h"
#include "py_convert.h"
#include "py_dtype.h"
#include "py_edges.h"
#include "py_errors.h"
#include "py_function.h"
#include "py_generator.h"
#include "py_hooks.h"
#include "py_numpy.h"
#include "py_ops.h"
#include "py_out.h"
#include "py_profile.h"
#include "py_saved.h"
#include "py_site.h"
#include "py_tensor.h"
#include "py_type.h"

static void *let_go(void)
{
    return PyGILState_Check() ? PyEval_SaveThread() : NULL;
}

static void take_back(void *thread_state)
{
    if (thread_state != NULL)
        PyEval_RestoreThread(thread_state);
}

static bool add_function(PyObject *module, PyMethodDef *function, PyObject *home)
{
    function->ml_doc = py_doc_with_out(function->ml_name, function->ml_doc);
    PyObject *object = function->ml_doc != NULL ? PyCFunction_NewEx(function, module, home) : NULL;
    const int status = object != NULL ? PyModule_AddObjectRef(module, function->ml_name, object)
                                      : -1;
    Py_XDECREF(object);
    return status == 0;
}

/* Adds functions that say they are of `pyautograd`, where users find them; those that begin with
 * an underscore stay what they are. */
static bool add_functions(PyObject *module, PyMethodDef *functions)
{
    PyObject *package = PyUnicode_InternFromString("pyautograd");
    PyObject *here = PyUnicode_InternFromString("pyautograd._core");
    bool ok = package != NULL && here != NULL;
    for (PyMethodDef *f = functions; ok && f->ml_name != NULL; f++)
        ok = add_function(module, f, f->ml_name[0] == '_' ? here : package);
    Py_XDECREF(here);
    Py_XDECREF(package);
    return ok;
}

/* The library waits for those who compute before a fork, and the GIL can be let go for that only
 * before the interpreter begins to fork. */
static bool watch_forks(PyObject *module)
{
    PyObject *os = PyImport_ImportModule("os");
    PyObject *watch = os != NULL ? PyObject_GetAttrString(os, "register_at_fork") : NULL;
    PyObject *before = PyObject_GetAttrString(module, "_before_fork");
    PyObject *after = PyObject_GetAttrString(module, "_after_fork");
    PyObject *none = PyTuple_New(0), *result = NULL;
    PyObject *hooks = watch != NULL && before != NULL && after != NULL
                          ? Py_BuildValue("{sOsO}", "before", before, "after_in_parent", after)
                          : NULL;
    if (hooks != NULL && none != NULL)
        result = PyObject_Call(watch, none, hooks);
    Py_XDECREF(hooks);
    Py_XDECREF(none);
    Py_XDECREF(after);
    Py_XDECREF(before);
    Py_XDECREF(watch);
    Py_XDECREF(os);
    Py_XDECREF(result);
    return result != NULL;
}

/* NumPy's own module of linear algebra is linked to a BLAS and is loaded: its file is where that is
 * looked for at the first use. Where there is no such module, another BLAS can be named. */
static void name_default_blas(void)
{
    PyObject *loaded = PyImport_GetModuleDict();  /* borrowed */
    PyObject *numpys = PyDict_GetItemString(loaded, "numpy.linalg._umath_linalg");  /* borrowed */
    PyObject *file = numpys != NULL ? PyModule_GetFilenameObject(numpys) : NULL;
    const char *path = file != NULL ? PyUnicode_AsUTF8(file) : NULL;
    if (path != NULL)
        ag_set_default_blas(path);
    PyErr_Clear();
    Py_XDECREF(file);
}

/* State is the process's, and memory is given back on whatever thread its last tensor dies, with
 * the thread state that the system keeps for the main interpreter: in another one that would wait
 * for ever for a lock that the thread itself has. NumPy does not support other ones either. */
static bool check_interpreter(void)
{
    if (PyInterpreterState_Get() == PyInterpreterState_Main())
        return true;
    PyErr_SetString(PyExc_ImportError,
                    "pyautograd works in the main interpreter of a process, not in a "
                    "sub-interpreter, as NumPy does. (Under mod_wsgi, "
                    "\"WSGIApplicationGroup %{GLOBAL}\" selects the main one.)");
    return false;
}

/* For the package: up to Python 3.11 an interpreter that is not the first to import the module gets
 * a copy of it, and the function below is not called. */
static PyObject *f_check_interpreter(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    if (!check_interpreter())
        return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef own_functions[] = {
    {"_functions_of", py_functions_of, METH_O,
     "The functions of a module of the package, \"nn.functional\", by their names."},
    {"_check_interpreter", f_check_interpreter, METH_NOARGS,
     "ImportError where the module does not work."},
    {"_watch_lines", py_watch_lines, METH_NOARGS,
     "Have nodes know the lines that make them. Whether they do with this Python."},
    {NULL, NULL, 0, NULL},
};

static bool fill(PyObject *module)
{
    PyMethodDef *const tables[] = {py_op_functions, py_create_functions,
                                   py_autograd_functions, py_object_functions, py_pickle_functions,
                                   py_info_functions, py_row_functions, py_cast_functions,
                                   py_generator_functions, py_optim_functions,
                                   py_contract_functions, py_function_functions,
                                   py_sparse_functions, py_saving_functions,
                                   py_anomaly_functions, py_edge_functions, py_hook_functions,
                                   py_profile_functions,
                                   own_functions};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        if (!add_functions(module, tables[i]))
            return false;
    }
    return py_add_size_type(module) && py_add_dtype_types(module) &&
           py_add_tensor_type(module) && py_add_node_type(module) &&
           py_add_handle_type(module) && py_add_function_types(module) &&
           py_add_return_types(module) && py_add_generator_type(module) &&
           py_add_grad_modes(module) && py_add_checkpoint_type(module) &&
           py_add_linalg_error(module) && py_add_saved_type(module) && watch_forks(module) &&
           PyModule_AddStringConstant(module, "__version__", ag_version()) == 0;
}

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "pyautograd._core",
    .m_doc = "The native half of pyautograd. What is public in it is found in `pyautograd`.",
    .m_size = -1,  /* state is the process's, as the library's is */
};

PyMODINIT_FUNC PyInit__core(void);

PyMODINIT_FUNC PyInit__core(void)
{
    if (!check_interpreter() || !py_import_numpy())
        return NULL;
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL)
        return NULL;
    if (!fill(module) || !py_watch_interrupts()) {
        Py_DECREF(module);
        return NULL;
    }
    name_default_blas();
    ag_set_serialised(true);
    ag_set_blocking_hooks(let_go, take_back);
    py_watch_arrays();
    py_watch_anomalies(py_object_of_node);
    return module;
}
