/* SPDX-License-Identifier: MIT
 *
 * Checkpoints of Python functions: a frame is one call of such a function, with its arguments. Its
 * first run is a `with` block of the frame, in which the library counts what is saved; it has the
 * function called again when a backward needs that. The Python half is
 * pyautograd/utils/checkpoint.py.
 */
#include "py_args.h"
#include "py_convert.h"
#include "py_dtype.h"
#include "py_errors.h"
#include "py_ops.h"
#include "py_tensor.h"

typedef struct py_frame {
    PyObject_HEAD
    PyObject *again;     /* owned: called with the inputs, runs the function again */
    PyObject *complain;  /* owned: called with what does not agree, raises */
    PyObject *others;    /* owned tuple: inputs that are no tensors, None in place of those */
    ag_saved **inputs;   /* owned: those that are, NULL in place of others */
    ag_checkpoint *checkpoint;  /* owned while the `with` block is on, else NULL */
    unsigned flags;
} py_frame;

static PyTypeObject *frame_type;

/* ---- what the library calls ----------------------------------------------------------------- */

/* The arguments of the function, as they were. */
static PyObject *frame_arguments(const py_frame *frame)
{
    const Py_ssize_t n = PyTuple_GET_SIZE(frame->others);
    PyObject *all = PyTuple_New(n);
    for (Py_ssize_t k = 0; all != NULL && k < n; k++) {
        PyObject *one = frame->inputs[k] != NULL
            ? py_tensor_wrap(ag_saved_tensor(frame->inputs[k], NULL))
            : Py_NewRef(PyTuple_GET_ITEM(frame->others, k));
        if (one == NULL)
            Py_CLEAR(all);
        else
            PyTuple_SET_ITEM(all, k, one);
    }
    return all;
}

static ag_status run_frame(void *context)
{
    const PyGILState_STATE state = PyGILState_Ensure();
    const py_frame *frame = context;
    PyObject *arguments = frame_arguments(frame);
    PyObject *result = arguments != NULL ? PyObject_CallObject(frame->again, arguments) : NULL;
    ag_status status = result != NULL ? AG_OK : AG_ERR_CALLBACK;
    if (result == NULL && PyErr_ExceptionMatches(py_stop_error)) {
        PyErr_Clear();
        status = AG_ERR_STOPPED;
    }
    Py_XDECREF(result);
    Py_XDECREF(arguments);
    PyGILState_Release(state);
    return status;
}

static PyObject *facts(int ndim, const int64_t *shape, ag_dtype dtype)
{
    return Py_BuildValue("NO", py_size_new(ndim, shape), py_dtype_object(dtype));
}

/* Shape and dtype of a tensor of the first run. */
static PyObject *facts_at(const ag_checkpoint *checkpoint, int place)
{
    int ndim;
    ag_dtype dtype;
    const int64_t *shape = ag_checkpoint_shape(checkpoint, place, &ndim, &dtype);
    return facts(ndim, shape, dtype);
}

static PyObject *facts_of_all(const ag_checkpoint *checkpoint)
{
    const int n = ag_checkpoint_count(checkpoint);
    PyObject *all = PyList_New(n);
    for (int k = 0; all != NULL && k < n; k++) {
        PyObject *one = facts_at(checkpoint, k);
        if (one == NULL)
            Py_CLEAR(all);
        else
            PyList_SET_ITEM(all, k, one);
    }
    return all;
}

static PyObject *facts_of_differences(const ag_checkpoint *checkpoint, int n,
                                      const ag_difference *differences)
{
    PyObject *all = PyList_New(n);
    for (int k = 0; all != NULL && k < n; k++) {
        const ag_tensor *again = differences[k].again;
        PyObject *one = Py_BuildValue("iNN", differences[k].place,
                                      facts_at(checkpoint, differences[k].place),
                                      facts(ag_ndim(again), ag_shape(again), ag_dtype_of(again)));
        if (one == NULL)
            Py_CLEAR(all);
        else
            PyList_SET_ITEM(all, k, one);
    }
    return all;
}

/* The Python half raises. */
static ag_status complain_of_frame(void *context, const ag_checkpoint *checkpoint, int saved_again,
                                   int n, const ag_difference *differences)
{
    const PyGILState_STATE state = PyGILState_Ensure();
    const py_frame *frame = context;
    PyObject *first = facts_of_all(checkpoint), *result = NULL;
    PyObject *differing = first != NULL ? facts_of_differences(checkpoint, n, differences) : NULL;
    if (differing != NULL)
        result = PyObject_CallFunction(frame->complain, "OiO", first, saved_again, differing);
    Py_XDECREF(first);
    Py_XDECREF(differing);
    Py_XDECREF(result);
    PyGILState_Release(state);
    return AG_ERR_CALLBACK;
}

/* A token that is not NULL. */
static void *take_the_lock(void)
{
    return (void *)((uintptr_t)PyGILState_Ensure() + 1);
}

static void give_the_lock(void *token)
{
    PyGILState_Release((PyGILState_STATE)((uintptr_t)token - 1));
}

/* ---- frames --------------------------------------------------------------------------------- */

static void frame_dealloc(PyObject *self)
{
    py_frame *frame = (py_frame *)self;
    PyTypeObject *type = Py_TYPE(self);
    const Py_ssize_t n = frame->others != NULL ? PyTuple_GET_SIZE(frame->others) : 0;
    for (Py_ssize_t k = 0; frame->inputs != NULL && k < n; k++)
        ag_saved_release(frame->inputs[k]);
    PyMem_Free(frame->inputs);
    Py_XDECREF(frame->again);
    Py_XDECREF(frame->complain);
    Py_XDECREF(frame->others);
    type->tp_free(self);
    Py_DECREF(type);
}

static bool keep_inputs(py_frame *frame, PyObject *inputs)
{
    const Py_ssize_t n = PyTuple_GET_SIZE(inputs);
    frame->inputs = PyMem_Calloc((size_t)n + 1, sizeof *frame->inputs);
    frame->others = PyTuple_New(n);
    if (frame->inputs == NULL || frame->others == NULL) {
        PyErr_NoMemory();
        return false;
    }
    for (Py_ssize_t k = 0; k < n; k++) {
        PyObject *one = PyTuple_GET_ITEM(inputs, k);
        PyTuple_SET_ITEM(frame->others, k, Py_NewRef(py_is_tensor(one) ? Py_None : one));
    }
    for (Py_ssize_t k = 0; k < n; k++) {
        PyObject *one = PyTuple_GET_ITEM(inputs, k);
        if (!py_is_tensor(one))
            continue;
        frame->inputs[k] = ag_save_tensor(py_tensor_of(one), -1);
        if (frame->inputs[k] == NULL) {
            py_raise();
            return false;
        }
    }
    return true;
}

static PyObject *frame_construct(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static const py_signature s = {"_CheckpointFrame", 5, 5, 5,
                                   {"again", "complain", "inputs", "stops_early", "compares"}};
    PyObject *v[5];
    if (!py_parse_tuple(&s, args, keywords, v))
        return NULL;
    if (!PyTuple_Check(v[2]))
        return py_wrong_type(s.function, "inputs", "tuple", v[2]);
    const int stops_early = PyObject_IsTrue(v[3]), compares = PyObject_IsTrue(v[4]);
    if (stops_early < 0 || compares < 0)
        return NULL;
    py_frame *frame = (py_frame *)type->tp_alloc(type, 0);
    if (frame == NULL)
        return NULL;
    frame->again = Py_NewRef(v[0]);
    frame->complain = Py_NewRef(v[1]);
    frame->flags = (stops_early ? AG_STOPS_EARLY : 0u) | (compares ? AG_COMPARES : 0u);
    if (!keep_inputs(frame, v[2]))
        Py_CLEAR(frame);
    return (PyObject *)frame;
}

static PyObject *frame_enter(PyObject *self, PyObject *unused)
{
    static const ag_checkpoint_hooks hooks = {run_frame, complain_of_frame, take_the_lock,
                                              give_the_lock, py_let_go};
    py_frame *frame = (py_frame *)self;
    (void)unused;
    if (frame->checkpoint != NULL) {
        PyErr_SetString(PyExc_RuntimeError, "a frame of a checkpoint is entered once");
        return NULL;
    }
    ag_checkpoint *checkpoint = ag_checkpoint_new(&hooks, Py_NewRef(self), frame->flags);
    if (checkpoint == NULL) {
        Py_DECREF(self);
        return py_raise();
    }
    if (ag_checkpoint_begin(checkpoint) != AG_OK) {
        py_raise();
        ag_checkpoint_release(checkpoint);
        return NULL;
    }
    frame->checkpoint = checkpoint;
    Py_RETURN_NONE;
}

/* The first run is over, and went well unless an exception came out of it. */
static PyObject *frame_exit(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    ag_checkpoint *checkpoint = ((py_frame *)self)->checkpoint;
    if (checkpoint == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "this frame of a checkpoint was not entered");
        return NULL;
    }
    const ag_status status = ag_checkpoint_end(checkpoint, n == 0 || args[0] == Py_None);
    ((py_frame *)self)->checkpoint = NULL;
    if (status != AG_OK)
        py_raise();
    ag_checkpoint_release(checkpoint);
    return status == AG_OK ? Py_NewRef(Py_None) : NULL;
}

static PyMethodDef frame_methods[] = {
    {"__enter__", frame_enter, METH_NOARGS, NULL},
    {"__exit__", PY_METHOD(frame_exit), METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot frame_slots[] = {
    {Py_tp_doc, "A call of a checkpointed function, which runs in a `with` block of this."},
    {Py_tp_new, frame_construct},
    {Py_tp_dealloc, frame_dealloc},
    {Py_tp_methods, frame_methods},
    {0, NULL},
};

static PyType_Spec frame_spec = {
    .name = "pyautograd._core._CheckpointFrame",
    .basicsize = sizeof(py_frame),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = frame_slots,
};

bool py_add_checkpoint_type(PyObject *module)
{
    frame_type = (PyTypeObject *)PyType_FromSpec(&frame_spec);
    py_stop_error = PyErr_NewExceptionWithDoc(
        "pyautograd.utils.checkpoint._StopRecomputationError",
        "Ends a checkpointed function that runs again, when all that is needed is there.", NULL,
        NULL);
    return frame_type != NULL && py_stop_error != NULL &&
           PyModule_AddObjectRef(module, "_CheckpointFrame", (PyObject *)frame_type) == 0 &&
           PyModule_AddObjectRef(module, "_StopRecomputationError", py_stop_error) == 0;
}
