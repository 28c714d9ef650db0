/* SPDX-License-Identifier: MIT
 *
 * Ctrl-C during a long evaluation. Python's handlers of signals run between its own instructions,
 * so the library asks here now and then whether one waits. An evaluation is given up where that is
 * sure to raise: where SIGINT has the handler that Python gives it. Any other handler may return,
 * and the evaluation goes on; the handler runs when the call has ended, since it is code that may
 * wait for other threads, and these for the evaluation.
 */
#include "py_errors.h"

#include <pthread.h>
#include <signal.h>

static PyObject *getsignal, *default_handler;  /* of Python's module `_signal` */
static _Atomic unsigned long main_thread;      /* the one on which Python handles signals */

/* With os.fork() the thread that calls it becomes the child's main thread. */
static void in_child(void)
{
    main_thread = PyThread_get_thread_ident();
}

/* No code of Python's runs in this. */
static bool has_default_handler(void)
{
    PyObject *handler = PyObject_CallFunction(getsignal, "i", SIGINT);
    const bool is_default = handler == default_handler;
    if (handler == NULL)
        PyErr_Clear();
    Py_XDECREF(handler);
    return is_default;
}

/* The hook of ag_set_interrupt_hook. Whether a signal waits can only be found out by taking it, so
 * it is put back, for py_raise. */
static bool is_interrupted(void)
{
    if (PyThread_get_thread_ident() != main_thread || !Py_IsInitialized())
        return false;
    PyGILState_STATE state = PyGILState_Ensure();
    const bool waits = has_default_handler() && PyOS_InterruptOccurred();
    if (waits)
        PyErr_SetInterrupt();
    PyGILState_Release(state);
    return waits;
}

/* Python's module tells, if a program has it, and else there was but one thread so far: importing
 * it would be a fifth of this package's import, and it would take the importing thread for the main
 * one, too. Where that is wrong, evaluations on the main thread are not given up in their midst. */
static bool find_main_thread(void)
{
    main_thread = PyThread_get_thread_ident();
    PyObject *loaded = PyImport_GetModuleDict();  /* borrowed */
    PyObject *threading = PyDict_GetItemString(loaded, "threading");  /* borrowed */
    if (threading == NULL)
        return true;
    PyObject *thread = PyObject_CallMethod(threading, "main_thread", NULL);
    PyObject *ident = thread != NULL ? PyObject_GetAttrString(thread, "ident") : NULL;
    if (ident != NULL)
        main_thread = PyLong_AsUnsignedLong(ident);
    Py_XDECREF(ident);
    Py_XDECREF(thread);
    return !PyErr_Occurred();
}

bool py_watch_interrupts(void)
{
    PyObject *module = PyImport_ImportModule("_signal");
    if (module != NULL)
        getsignal = PyObject_GetAttrString(module, "getsignal");
    if (getsignal != NULL)
        default_handler = PyObject_GetAttrString(module, "default_int_handler");
    Py_XDECREF(module);
    if (default_handler == NULL || !find_main_thread())
        return false;
    pthread_atfork(NULL, NULL, in_child);
    ag_set_interrupt_hook(is_interrupted);
    return true;
}
