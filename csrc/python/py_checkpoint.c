/* SPDX-License-Identifier: MIT
 *
 * What a checkpoint does in place of saving tensors: it counts them. When a backward needs one the
 * function runs again, and what the same ops save then, in the same order, is what is needed.
 *
 * A frame is one call of a checkpointed function: what runs it again, and what is known of each
 * tensor that its ops saved. A round is one such run, for one backward: the tensors that it saved,
 * each until it is taken. The Python half is pyautograd/utils/checkpoint.py.
 */
#include "py_args.h"
#include "py_convert.h"
#include "py_dtype.h"
#include "py_errors.h"
#include "py_ops.h"
#include "py_tensor.h"
#include "py_type.h"

#include <stdlib.h>
#include <string.h>

#define MOST_ROUNDS 4  /* of one frame: of backwards that go on at the same time */

typedef struct py_frame py_frame;

typedef struct cp_entry {
    int32_t shape_at;    /* in the frame's shapes */
    uint8_t ndim, dtype;
    bool is_alive;       /* the node that saved it is there and has not let go of it */
} cp_entry;

typedef struct cp_round {
    int uses;            /* the frame's, and of each tensor that its ops saved */
    uint64_t backward;   /* whose it is */
    py_frame *frame;     /* borrowed: alive while the function runs */
    int count, size;     /* saved so far; entries of the frame when it began */
    bool stopped;        /* all that is needed was there: the function need not go on */
    ag_tensor **values;  /* owned; NULL where it was taken, or is not there */
    uint32_t *versions;  /* behind the values: when they were saved */
    struct cp_round *older;
} cp_round;

struct py_frame {
    PyObject_HEAD
    PyObject *again;     /* owned: called with the inputs, runs the function again */
    PyObject *complain;  /* owned: called with what does not agree, raises */
    PyObject *others;    /* owned tuple: inputs that are no tensors, None in place of those */
    ag_saved **inputs;   /* owned: those that are, NULL in place of others */
    cp_entry *entries;
    int64_t *shapes;
    int32_t count, capacity, shapes_used, shapes_capacity;
    cp_round *rounds;    /* owned: latest first */
    bool stops_early, checks, is_complete, saves_more;
};

static PyTypeObject *frame_type;
static PyObject *stop_error;  /* owned for good: ends the function when all that is needed is there */

/* ---- rounds --------------------------------------------------------------------------------- */

static void round_let_go(cp_round *round)
{
    if (--round->uses > 0)
        return;
    for (int k = 0; k < round->size; k++)
        ag_release(round->values[k]);
    free(round->values);
    free(round);
}

static cp_round *round_new(py_frame *frame, uint64_t backward)
{
    cp_round *round = calloc(1, sizeof *round);
    if (round == NULL)
        return NULL;
    *round = (cp_round){.uses = 1, .backward = backward, .frame = frame, .size = frame->count};
    const size_t n = (size_t)frame->count + 1;
    round->values = calloc(n, sizeof *round->values + sizeof *round->versions);
    round->versions = (uint32_t *)(round->values + n);
    if (round->values != NULL)
        return round;
    free(round);
    return NULL;
}

/* Becomes the frame's latest; the one that is too many goes. */
static void frame_add_round(py_frame *frame, cp_round *round)
{
    round->older = frame->rounds;
    frame->rounds = round;
    cp_round **at = &frame->rounds;
    for (int k = 0; k < MOST_ROUNDS && *at != NULL; k++)
        at = &(*at)->older;
    if (*at != NULL) {
        cp_round *last = *at;
        *at = NULL;
        round_let_go(last);
    }
}

static cp_round *frame_round(const py_frame *frame, uint64_t backward)
{
    cp_round *round = backward != 0 ? frame->rounds : NULL;
    while (round != NULL && round->backward != backward)
        round = round->older;
    return round;
}

/* ---- the first run: saving -------------------------------------------------------------------- */

static bool frame_room(py_frame *frame, int ndim)
{
    if (frame->count == frame->capacity) {
        const int32_t capacity = frame->capacity == 0 ? 16 : 2 * frame->capacity;
        cp_entry *grown = realloc(frame->entries, (size_t)capacity * sizeof *grown);
        if (grown == NULL)
            return false;
        frame->entries = grown;
        frame->capacity = capacity;
    }
    if (frame->shapes_used + ndim > frame->shapes_capacity) {
        const int32_t capacity = 2 * frame->shapes_capacity + 64 + ndim;
        int64_t *grown = realloc(frame->shapes, (size_t)capacity * sizeof *grown);
        if (grown == NULL)
            return false;
        frame->shapes = grown;
        frame->shapes_capacity = capacity;
    }
    return true;
}

static bool note(py_frame *frame, ag_tensor *value, void **packed)
{
    const int ndim = ag_ndim(value);
    if (!frame_room(frame, ndim)) {
        PyErr_NoMemory();
        return false;
    }
    frame->entries[frame->count++] = (cp_entry){.shape_at = frame->shapes_used,
                                                .ndim = (uint8_t)ndim, .is_alive = true,
                                                .dtype = (uint8_t)ag_dtype_of(value)};
    if (ndim > 0)
        memcpy(frame->shapes + frame->shapes_used, ag_shape(value), (size_t)ndim * sizeof(int64_t));
    frame->shapes_used += ndim;
    *packed = (void *)(uintptr_t)frame->count;  /* the place, counted from 1 */
    return true;
}

static ag_status frame_pack(void *context, ag_tensor *value, void **packed)
{
    const PyGILState_STATE state = PyGILState_Ensure();
    const bool ok = note(context, value, packed);
    PyGILState_Release(state);
    return ok ? AG_OK : AG_ERR_CALLBACK;
}

/* A node lets go of what it saved: nobody will ask for it. */
static void frame_drop(void *context, void *packed)
{
    py_frame *frame = context;
    const int at = (int)(uintptr_t)packed - 1;
    if (!Py_IsInitialized())
        return;
    const PyGILState_STATE state = PyGILState_Ensure();
    frame->entries[at].is_alive = false;
    for (cp_round *round = frame->rounds; round != NULL; round = round->older) {
        if (at >= round->size)
            continue;
        ag_tensor *value = round->values[at];
        round->values[at] = NULL;
        ag_release(value);
    }
    PyGILState_Release(state);
}

/* ---- running again ---------------------------------------------------------------------------- */

static PyObject *facts(int ndim, const int64_t *shape, ag_dtype dtype)
{
    return Py_BuildValue("NO", py_size_new(ndim, shape), py_dtype_object(dtype));
}

/* Shape and dtype of each tensor of the first run. */
static PyObject *facts_of_frame(const py_frame *frame)
{
    PyObject *all = PyList_New(frame->count);
    for (int k = 0; all != NULL && k < frame->count; k++) {
        const cp_entry *entry = &frame->entries[k];
        PyObject *one = facts(entry->ndim, frame->shapes + entry->shape_at,
                              (ag_dtype)entry->dtype);
        if (one == NULL)
            Py_CLEAR(all);
        else
            PyList_SET_ITEM(all, k, one);
    }
    return all;
}

/* Has the Python half raise what does not agree: `differences` (taken; NULL for none) is a list. */
static bool complain(const py_frame *frame, int saved_again, PyObject *differences)
{
    PyObject *first = facts_of_frame(frame);
    PyObject *result = NULL;
    if (first != NULL)
        result = PyObject_CallFunction(frame->complain, "OiO", first, saved_again,
                                       differences != NULL ? differences : Py_None);
    Py_XDECREF(first);
    Py_XDECREF(differences);
    Py_XDECREF(result);
    return false;
}

/* One tensor is saved again: the round keeps its numbers if they are still needed. */
static bool note_again(cp_round *round, ag_tensor *value, void **packed)
{
    py_frame *frame = round->frame;
    if (round->stopped) {
        PyErr_SetNone(stop_error);  /* once more: the function went on after it */
        return false;
    }
    const int at = round->count++;
    if (at >= frame->count && frame->is_complete)
        return complain(frame, -1, NULL);
    ag_tensor *plain = ag_detach(value);
    if (plain == NULL) {
        py_raise();
        return false;
    }
    if (at >= frame->count)
        frame->saves_more = true;  /* the function is still in its first run, which it will be for
                                      this backward, too */
    else if (at < round->size && frame->entries[at].is_alive) {
        round->values[at] = ag_retain(plain);
        round->versions[at] = ag_tensor_version(plain);
    }
    *packed = plain;  /* the run may have a backward of its own */
    if (frame->stops_early && round->count == frame->count) {
        round->stopped = true;
        PyErr_SetNone(stop_error);
        return false;
    }
    return true;
}

static ag_status round_pack(void *context, ag_tensor *value, void **packed)
{
    const PyGILState_STATE state = PyGILState_Ensure();
    const bool ok = note_again(context, value, packed);
    PyGILState_Release(state);
    return ok ? AG_OK : AG_ERR_CALLBACK;
}

static ag_status round_unpack(void *context, void *packed, ag_tensor *kept, ag_tensor **value)
{
    (void)context;
    (void)kept;
    *value = ag_retain(packed);
    return AG_OK;
}

static void round_drop(void *context, void *packed)
{
    (void)context;
    ag_release(packed);
}

static void round_release(void *context)
{
    if (!Py_IsInitialized())
        return;
    const PyGILState_STATE state = PyGILState_Ensure();
    round_let_go(context);
    PyGILState_Release(state);
}

/* The arguments of the function, as they were. */
static PyObject *frame_arguments(const py_frame *frame)
{
    const Py_ssize_t n = PyTuple_GET_SIZE(frame->others);
    PyObject *all = PyTuple_New(n);
    for (Py_ssize_t k = 0; all != NULL && k < n; k++) {
        PyObject *one = Py_NewRef(PyTuple_GET_ITEM(frame->others, k));
        if (frame->inputs[k] != NULL)
            Py_SETREF(one, py_tensor_wrap(ag_saved_tensor(frame->inputs[k], NULL)));
        if (one == NULL)
            Py_CLEAR(all);
        else
            PyTuple_SET_ITEM(all, k, one);
    }
    return all;
}

static bool run_again(py_frame *frame, cp_round *round, PyObject *arguments)
{
    static const ag_saved_hooks hooks = {round_pack, round_unpack, round_drop, round_release};
    round->uses++;
    if (ag_push_saved_hooks(&hooks, round) != AG_OK) {
        round->uses--;
        py_raise();
        return false;
    }
    const bool recording = ag_set_grad_enabled(true);
    PyObject *result = PyObject_CallObject(frame->again, arguments);
    ag_set_grad_enabled(recording);
    ag_pop_saved_hooks();
    bool ok = result != NULL;
    Py_XDECREF(result);
    if (!ok && round->stopped && PyErr_ExceptionMatches(stop_error)) {
        PyErr_Clear();
        ok = true;
    }
    return ok;
}

/* A tuple that says how the k-th tensor differs, NULL if it does not, or with an exception. */
static PyObject *difference(const py_frame *frame, int k, ag_tensor *value)
{
    const cp_entry *entry = &frame->entries[k];
    const int64_t *shape = frame->shapes + entry->shape_at;
    if (entry->ndim == ag_ndim(value) && entry->dtype == ag_dtype_of(value) &&
        (entry->ndim == 0 || memcmp(shape, ag_shape(value), entry->ndim * sizeof *shape) == 0))
        return NULL;
    return Py_BuildValue("iNN", k, facts(entry->ndim, shape, (ag_dtype)entry->dtype),
                         facts(ag_ndim(value), ag_shape(value), ag_dtype_of(value)));
}

/* Whether the run saved what the first one did. */
static bool agrees(py_frame *frame, const cp_round *round)
{
    if (frame->saves_more)
        return true;
    if (round->count != frame->count)
        return complain(frame, round->count, NULL);
    PyObject *differences = frame->checks ? PyList_New(0) : NULL;
    if (differences == NULL)
        return !frame->checks;
    for (int k = 0; k < round->size; k++) {
        if (round->values[k] == NULL)
            continue;
        PyObject *one = difference(frame, k, round->values[k]);
        if (PyErr_Occurred() || (one != NULL && PyList_Append(differences, one) < 0)) {
            Py_XDECREF(one);
            Py_DECREF(differences);
            return false;
        }
        Py_XDECREF(one);
    }
    if (PyList_GET_SIZE(differences) > 0)
        return complain(frame, round->count, differences);
    Py_DECREF(differences);
    return true;
}

/* The round of this backward, which is the frame's, made by running the function if there is none;
 * NULL with an exception. */
static cp_round *round_for(py_frame *frame, uint64_t backward)
{
    cp_round *round = frame_round(frame, backward);
    if (round != NULL)
        return round;
    PyObject *arguments = frame_arguments(frame);
    if (arguments == NULL)
        return NULL;
    round = round_new(frame, backward);
    if (round == NULL)
        PyErr_NoMemory();
    const bool ok = round != NULL && run_again(frame, round, arguments) && agrees(frame, round);
    Py_DECREF(arguments);
    if (ok)
        frame_add_round(frame, round);
    else if (round != NULL)
        round_let_go(round);
    return ok ? round : NULL;
}

static ag_tensor *taken(py_frame *frame, int at, uint64_t backward)
{
    cp_round *round = round_for(frame, backward);
    if (round == NULL)
        return NULL;
    ag_tensor *value = at < round->size ? round->values[at] : NULL;
    if (value == NULL) {
        complain(frame, -2, NULL);
        return NULL;
    }
    round->values[at] = NULL;
    if (ag_tensor_version(value) == round->versions[at])
        return value;
    ag_release(value);
    PyErr_SetString(PyExc_RuntimeError,
                    "one of the variables needed for gradient computation has been modified by an "
                    "inplace operation in a checkpointed function. Hint: clone() it before "
                    "writing.");
    return NULL;
}

static ag_status frame_unpack(void *context, void *packed, ag_tensor *kept, ag_tensor **value)
{
    const PyGILState_STATE state = PyGILState_Ensure();
    (void)kept;
    Py_INCREF(context);
    *value = taken(context, (int)(uintptr_t)packed - 1, ag_backward_number());
    Py_DECREF(context);
    PyGILState_Release(state);
    return *value != NULL ? AG_OK : AG_ERR_CALLBACK;
}

/* ---- frames ----------------------------------------------------------------------------------- */

static void frame_dealloc(PyObject *self)
{
    py_frame *frame = (py_frame *)self;
    PyTypeObject *type = Py_TYPE(self);
    const Py_ssize_t n = frame->others != NULL ? PyTuple_GET_SIZE(frame->others) : 0;
    while (frame->rounds != NULL) {
        cp_round *round = frame->rounds;
        frame->rounds = round->older;
        round_let_go(round);
    }
    for (Py_ssize_t k = 0; frame->inputs != NULL && k < n; k++)
        ag_saved_release(frame->inputs[k]);
    free(frame->inputs);
    free(frame->entries);
    free(frame->shapes);
    Py_XDECREF(frame->again);
    Py_XDECREF(frame->complain);
    Py_XDECREF(frame->others);
    type->tp_free(self);
    Py_DECREF(type);
}

static bool keep_inputs(py_frame *frame, PyObject *inputs)
{
    const Py_ssize_t n = PyTuple_GET_SIZE(inputs);
    frame->inputs = calloc((size_t)n + 1, sizeof *frame->inputs);
    frame->others = PyTuple_New(n);
    if (frame->inputs == NULL || frame->others == NULL) {
        PyErr_NoMemory();
        return false;
    }
    for (Py_ssize_t k = 0; k < n; k++)
        PyTuple_SET_ITEM(frame->others, k, Py_NewRef(Py_None));
    for (Py_ssize_t k = 0; k < n; k++) {
        PyObject *one = PyTuple_GET_ITEM(inputs, k);
        if (!py_is_tensor(one)) {
            Py_DECREF(Py_None);
            PyTuple_SET_ITEM(frame->others, k, Py_NewRef(one));
        } else if ((frame->inputs[k] = ag_save_tensor(py_tensor_of(one), -1)) == NULL) {
            py_raise();
            return false;
        }
    }
    return true;
}

static PyObject *frame_construct(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static const py_signature s = {"_CheckpointFrame", 5, 5, 5,
                                   {"again", "complain", "inputs", "stops_early", "checks"}};
    PyObject *v[5];
    if (!py_parse_tuple(&s, args, keywords, v))
        return NULL;
    if (!PyTuple_Check(v[2]))
        return py_wrong_type(s.function, "inputs", "tuple", v[2]);
    const int stops_early = PyObject_IsTrue(v[3]), checks = PyObject_IsTrue(v[4]);
    if (stops_early < 0 || checks < 0)
        return NULL;
    py_frame *frame = (py_frame *)type->tp_alloc(type, 0);
    if (frame == NULL)
        return NULL;
    frame->again = Py_NewRef(v[0]);
    frame->complain = Py_NewRef(v[1]);
    frame->stops_early = stops_early != 0;
    frame->checks = checks != 0;
    if (!keep_inputs(frame, v[2]))
        Py_CLEAR(frame);
    return (PyObject *)frame;
}

static PyObject *frame_enter(PyObject *self, PyObject *unused)
{
    static const ag_saved_hooks hooks = {frame_pack, frame_unpack, frame_drop, py_let_go};
    (void)unused;
    if (ag_push_saved_hooks(&hooks, Py_NewRef(self)) == AG_OK)
        Py_RETURN_NONE;
    Py_DECREF(self);
    return py_raise();
}

/* The first run is over, and went well unless an exception came out of it. */
static PyObject *frame_exit(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    py_frame *frame = (py_frame *)self;
    if (ag_pop_saved_hooks() != AG_OK)
        return py_raise();
    frame->is_complete = n == 0 || args[0] == Py_None;
    Py_RETURN_NONE;
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
    stop_error = PyErr_NewExceptionWithDoc(
        "pyautograd.utils.checkpoint._StopRecomputationError",
        "Ends a checkpointed function that runs again, when all that is needed is there.", NULL,
        NULL);
    return frame_type != NULL && stop_error != NULL &&
           PyModule_AddObjectRef(module, "_CheckpointFrame", (PyObject *)frame_type) == 0 &&
           PyModule_AddObjectRef(module, "_StopRecomputationError", stop_error) == 0;
}
