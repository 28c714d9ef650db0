/* SPDX-License-Identifier: MIT
 *
 * The start and the end of a profile, whose events become tuples, and regions with names.
 * pyautograd/_profile.py makes tables of them.
 */
#include "py_profile.h"

#include "py_dtype.h"
#include "py_errors.h"
#include "py_site.h"

static PyObject *tuple_of(int n, const int64_t *numbers)
{
    PyObject *tuple = PyTuple_New(n);
    for (int k = 0; k < n && tuple != NULL; k++) {
        PyObject *number = PyLong_FromLongLong(numbers[k]);
        if (number == NULL)
            Py_CLEAR(tuple);
        else
            PyTuple_SET_ITEM(tuple, k, number);
    }
    return tuple;
}

/* Takes the entry; on failure the list is let go. */
static PyObject *appended(PyObject *list, PyObject *entry)
{
    if (list != NULL && (entry == NULL || PyList_Append(list, entry) < 0))
        Py_CLEAR(list);
    Py_XDECREF(entry);
    return list;
}

/* Shapes, None for a number. */
static PyObject *shapes_of_inputs(const ag_event *event)
{
    const int64_t *at = event->inputs;
    PyObject *list = PyList_New(0);
    for (int k = 0; k < event->n_inputs && list != NULL; k++) {
        const int ndim = (int)*at++;
        list = appended(list, ndim < 0 ? Py_NewRef(Py_None) : tuple_of(ndim, at));
        at += ndim > 0 ? ndim : 0;
    }
    return list;
}

/* (op, event, cost, bytes) of each. */
static PyObject *steps_of(const ag_event *event)
{
    PyObject *list = PyList_New(0);
    for (int k = 0; k < event->n_steps && list != NULL; k++) {
        const ag_event_step *step = &event->steps[k];
        const char *name = "";
        ag_op_info(step->op, &name, NULL, NULL, NULL, NULL, NULL);
        list = appended(list, Py_BuildValue("sIdL", name, step->of, step->cost,
                                            (long long)step->bytes));
    }
    return list;
}

static PyObject *line_of(uint32_t site)
{
    char text[8];
    return ag_site_text(site, text, sizeof text) > 0 ? py_site_tuple(site)
                                                     : Py_NewRef(Py_None);
}

/* (kind, name, id, parent, thread, start, duration, line, dtype, shape, inputs, steps, bytes, kept,
 * elements, bytes_read, bytes_written). */
static PyObject *tuple_of_event(const ag_event *event)
{
    PyObject *line = line_of(event->site);
    PyObject *dtype = event->ndim >= 0 ? Py_NewRef(py_dtype_object(event->dtype))
                                       : Py_NewRef(Py_None);
    PyObject *shape = event->ndim >= 0 ? tuple_of(event->ndim, event->shape) : Py_NewRef(Py_None);
    PyObject *inputs = shapes_of_inputs(event), *steps = steps_of(event), *result = NULL;
    if (line != NULL && shape != NULL && inputs != NULL && steps != NULL)
        result = Py_BuildValue("isIIKLLOOOOOLLLLL", (int)event->kind, event->name, event->id,
                               event->parent, (unsigned long long)event->thread,
                               (long long)event->start, (long long)event->duration, line, dtype,
                               shape, inputs, steps, (long long)event->bytes,
                               (long long)event->kept, (long long)event->elements,
                               (long long)event->bytes_read, (long long)event->bytes_written);
    Py_XDECREF(line);
    Py_XDECREF(dtype);
    Py_XDECREF(shape);
    Py_XDECREF(inputs);
    Py_XDECREF(steps);
    return result;
}

static PyObject *f_profile_start(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    if (ag_profile_start() != AG_OK)
        return py_raise();
    Py_RETURN_NONE;
}

/* (start, duration, events). */
static PyObject *f_profile_stop(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    ag_profile *profile = ag_profile_stop();
    if (profile == NULL)
        return py_raise();
    int64_t start, duration;
    ag_event event;
    PyObject *events = PyList_New(0), *result = NULL;
    for (int64_t k = 0; events != NULL && ag_profile_event(profile, k, &event) == AG_OK; k++)
        events = appended(events, tuple_of_event(&event));
    if (events != NULL && ag_profile_time(profile, &start, &duration) == AG_OK)
        result = Py_BuildValue("LLO", (long long)start, (long long)duration, events);
    Py_XDECREF(events);
    ag_profile_free(profile);
    return result;
}

/* ---- regions -------------------------------------------------------------------------------- */

#define REGION "pyautograd._core.region"

static void free_region(PyObject *capsule) { PyMem_Free(PyCapsule_GetPointer(capsule, REGION)); }

/* A capsule with the region; None if no profile is recorded. */
static PyObject *f_region_begin(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    ag_region begun;
    if (!ag_region_begin(&begun))
        Py_RETURN_NONE;
    ag_region *region = PyMem_Malloc(sizeof *region);
    PyObject *capsule = region != NULL ? PyCapsule_New(region, REGION, free_region) : NULL;
    if (capsule != NULL) {
        *region = begun;
        return capsule;
    }
    ag_region_end(&begun, AG_EVENT_REGION, "");
    PyMem_Free(region);
    return PyErr_Occurred() ? NULL : PyErr_NoMemory();
}

static PyObject *f_region_end(PyObject *module, PyObject *args)
{
    PyObject *capsule;
    const char *name;
    (void)module;
    if (!PyArg_ParseTuple(args, "Os:_region_end", &capsule, &name))
        return NULL;
    ag_region *region = PyCapsule_GetPointer(capsule, REGION);
    if (region == NULL)
        return NULL;
    if (ag_region_end(region, AG_EVENT_REGION, name) != AG_OK)
        return py_raise();
    Py_RETURN_NONE;
}

PyMethodDef py_profile_functions[] = {
    {"_profile_start", f_profile_start, METH_NOARGS, "From here on events are recorded."},
    {"_profile_stop", f_profile_stop, METH_NOARGS,
     "No more: when that began, how long it took, and the events."},
    {"_region_begin", f_region_begin, METH_NOARGS,
     "An event with a name begins; None if no profile is recorded."},
    {"_region_end", f_region_end, METH_VARARGS, "It ends: what began, and its name."},
    {NULL, NULL, 0, NULL},
};
