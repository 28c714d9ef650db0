/* SPDX-License-Identifier: MIT
 *
 * A step of an optimiser over the dicts that it has in Python: its group of parameters with the
 * arguments, and what it keeps of each parameter, by PyTorch's names.
 */
#include <stddef.h>

#include "py_args.h"
#include "py_convert.h"
#include "py_errors.h"
#include "py_ops.h"
#include "py_tensor.h"

#define MOST_STATES 4

/* ---- the arguments -------------------------------------------------------------------------- */

/* What an optimiser is called, and what its steps are. */
static const char *const kind_names[AG_OPTIM_COUNT] = {
    [AG_OPTIM_SGD] = "SGD",         [AG_OPTIM_ADAM] = "Adam",
    [AG_OPTIM_ADAMAX] = "Adamax",   [AG_OPTIM_NADAM] = "NAdam",
    [AG_OPTIM_RMSPROP] = "RMSprop", [AG_OPTIM_ADAGRAD] = "Adagrad",
    [AG_OPTIM_ADADELTA] = "Adadelta"};

static bool read_kind(PyObject *object, ag_optim *how)
{
    for (int k = 0; PyUnicode_Check(object) && k < AG_OPTIM_COUNT; k++)
        if (PyUnicode_CompareWithASCIIString(object, kind_names[k]) == 0) {
            *how = ag_optim_defaults((ag_optim_kind)k);
            return true;
        }
    PyErr_Format(PyExc_ValueError, "_optim_step(): there is no optimiser %R", object);
    return false;
}

#define AT(member) offsetof(ag_optim, member)

static const struct {
    const char *name;
    size_t place;
} number_names[] = {
    {"lr", AT(lr)}, {"weight_decay", AT(weight_decay)}, {"eps", AT(eps)}, {"alpha", AT(alpha)},
    {"rho", AT(rho)}, {"momentum", AT(momentum)}, {"dampening", AT(dampening)},
    {"momentum_decay", AT(momentum_decay)}, {"lr_decay", AT(lr_decay)},
    {"initial_accumulator_value", AT(initial_accumulator_value)},
}, flag_names[] = {
    {"nesterov", AT(nesterov)}, {"centered", AT(centered)}, {"amsgrad", AT(amsgrad)},
    {"decoupled_weight_decay", AT(decoupled)}, {"maximize", AT(maximize)},
};

#define COUNT(list) (sizeof(list) / sizeof *(list))

static PyObject *number_keys[COUNT(number_names)], *flag_keys[COUNT(flag_names)], *betas_key,
    *params_key;

static bool make_keys(void)
{
    for (size_t k = 0; k < COUNT(number_names); k++)
        if (number_keys[k] == NULL &&
            (number_keys[k] = PyUnicode_InternFromString(number_names[k].name)) == NULL)
            return false;
    for (size_t k = 0; k < COUNT(flag_names); k++)
        if (flag_keys[k] == NULL &&
            (flag_keys[k] = PyUnicode_InternFromString(flag_names[k].name)) == NULL)
            return false;
    if (betas_key == NULL && (betas_key = PyUnicode_InternFromString("betas")) == NULL)
        return false;
    return params_key != NULL || (params_key = PyUnicode_InternFromString("params")) != NULL;
}

/* An int or a float, or a tensor of one element. */
static bool read_number(const char *name, PyObject *object, double *value)
{
    if (!py_is_tensor(object))
        return py_number_argument("step", name, object, value);
    return py_single_value(py_tensor_of(object), value);
}

/* Which the group need not have. */
static bool read_betas(PyObject *group, ag_optim *how)
{
    PyObject *betas = PyDict_GetItemWithError(group, betas_key);
    if (betas == NULL)
        return !PyErr_Occurred();
    PyObject *both = PySequence_Tuple(betas);
    if (both == NULL)
        return false;
    bool ok = PyTuple_GET_SIZE(both) == 2;
    if (!ok)
        PyErr_SetString(PyExc_ValueError, "step(): expected two betas");
    ok = ok && read_number("betas", PyTuple_GET_ITEM(both, 0), &how->beta1) &&
         read_number("betas", PyTuple_GET_ITEM(both, 1), &how->beta2);
    Py_DECREF(both);
    return ok;
}

static bool read_group(PyObject *group, ag_optim *how)
{
    if (!make_keys())
        return false;
    for (size_t k = 0; k < COUNT(number_names); k++) {
        PyObject *object = PyDict_GetItemWithError(group, number_keys[k]);
        double *place = (double *)((char *)how + number_names[k].place);
        if (object == NULL ? PyErr_Occurred() != NULL
                           : !read_number(number_names[k].name, object, place))
            return false;
    }
    for (size_t k = 0; k < COUNT(flag_names); k++) {
        PyObject *object = PyDict_GetItemWithError(group, flag_keys[k]);
        const int is_true = object != NULL ? PyObject_IsTrue(object) : 0;
        if (is_true < 0 || (object == NULL && PyErr_Occurred()))
            return false;
        if (object != NULL)
            *(bool *)((char *)how + flag_names[k].place) = is_true > 0;
    }
    return read_betas(group, how);
}

/* ---- what is kept --------------------------------------------------------------------------- */

typedef struct step_list {
    ag_optim how;
    PyObject *state;                /* the dict of all parameters' dicts */
    PyObject *params;               /* owned tuple: those with a gradient */
    PyObject *names[MOST_STATES];   /* owned */
    ag_tensor **tensors;            /* owned */
    ag_tensor **kept;               /* owned, entries too: `states` of each parameter */
    int n, states;
} step_list;

static void list_close(step_list *list)
{
    for (int k = 0; list->kept != NULL && k < list->n * list->states; k++)
        ag_release(list->kept[k]);
    for (int k = 0; k < MOST_STATES; k++)
        Py_XDECREF(list->names[k]);
    PyMem_Free(list->kept);
    PyMem_Free(list->tensors);
    Py_XDECREF(list->params);
}

/* The parameters of the group that have a gradient. */
static bool list_params(step_list *list, PyObject *group)
{
    PyObject *params = PyDict_GetItemWithError(group, params_key);
    if (params == NULL || !PyList_Check(params)) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_TypeError, "step(): a group has no list of 'params'");
        return false;
    }
    list->params = PyTuple_New(0);
    PyObject *with = PyList_New(0);
    bool ok = with != NULL && list->params != NULL;
    for (Py_ssize_t i = 0; ok && i < PyList_GET_SIZE(params); i++) {
        PyObject *p = PyList_GET_ITEM(params, i);
        if (!py_is_tensor(p))
            ok = py_wrong_type("step", "params", "Tensor", p) != NULL;
        else if (ag_grad_of(py_tensor_of(p)) != NULL)
            ok = PyList_Append(with, p) == 0;
    }
    if (ok)
        Py_SETREF(list->params, PyList_AsTuple(with));
    Py_XDECREF(with);
    list->n = ok && list->params != NULL ? (int)PyTuple_GET_SIZE(list->params) : 0;
    return ok && list->params != NULL;
}

/* The dict of one parameter: borrowed; NULL where there is none, with an exception if that could
 * not be told. */
static PyObject *dict_of(const step_list *list, PyObject *param)
{
    PyObject *dict = PyDict_GetItemWithError(list->state, param);
    if (dict != NULL && !PyDict_Check(dict)) {
        py_wrong_type("step", "state", "dict", dict);
        return NULL;
    }
    return dict;
}

static bool take_kept(step_list *list, int k)
{
    PyObject *dict = dict_of(list, PyTuple_GET_ITEM(list->params, k));
    if (dict == NULL)
        return !PyErr_Occurred();
    for (int i = 0; i < list->states; i++) {
        PyObject *object = PyDict_GetItemWithError(dict, list->names[i]);
        if (object == NULL && PyErr_Occurred())
            return false;
        if (py_absent(object))
            continue;
        ag_tensor *t;
        if (!py_tensor_argument("step", ag_optim_state_name(&list->how, i), object, &t))
            return false;
        list->kept[k * list->states + i] = ag_retain(t);
    }
    return true;
}

static bool list_open(step_list *list, PyObject *group)
{
    list->states = ag_optim_states(&list->how);
    if (!list_params(list, group))
        return false;
    list->tensors = PyMem_Calloc((size_t)list->n + 1, sizeof *list->tensors);
    list->kept = PyMem_Calloc((size_t)(list->n * list->states) + 1, sizeof *list->kept);
    if (list->tensors == NULL || list->kept == NULL)
        return PyErr_NoMemory() != NULL;
    for (int i = 0; i < list->states; i++)
        if ((list->names[i] = PyUnicode_InternFromString(
                 ag_optim_state_name(&list->how, i))) == NULL)
            return false;
    for (int k = 0; k < list->n; k++) {
        list->tensors[k] = py_tensor_of(PyTuple_GET_ITEM(list->params, k));
        if (list->states > 0 && !take_kept(list, k))
            return false;
    }
    return true;
}

/* What the step made becomes entries of the parameter's dict. */
static bool give_kept(step_list *list, int k)
{
    PyObject *param = PyTuple_GET_ITEM(list->params, k);
    PyObject *dict = dict_of(list, param);
    if (dict == NULL && PyErr_Occurred())
        return false;
    dict = dict != NULL ? Py_NewRef(dict) : PyDict_New();
    bool ok = dict != NULL;
    for (int i = 0; i < list->states && ok; i++) {
        PyObject *object = py_tensor_wrap(ag_retain(list->kept[k * list->states + i]));
        ok = object != NULL && PyDict_SetItem(dict, list->names[i], object) == 0;
        Py_XDECREF(object);
    }
    ok = ok && PyDict_SetItem(list->state, param, dict) == 0;
    Py_XDECREF(dict);
    return ok;
}

/* Where something of a parameter is made by this step, its dict gets all of it. */
static bool run_list(step_list *list)
{
    bool *fresh = PyMem_Calloc((size_t)list->n + 1, sizeof *fresh);
    if (fresh == NULL)
        return PyErr_NoMemory() != NULL;
    for (int k = 0; k < list->n * list->states; k++)
        fresh[k / list->states] |= list->kept[k] == NULL;
    bool ok = ag_optim_step(&list->how, list->n, list->tensors, list->kept) == AG_OK;
    if (!ok)
        py_raise();
    for (int k = 0; k < list->n && ok; k++)
        ok = !fresh[k] || give_kept(list, k);
    PyMem_Free(fresh);
    return ok;
}

static PyObject *f_optim_step(PyObject *module, PyObject *const *args, Py_ssize_t n,
                              PyObject *names)
{
    static const py_signature s = {"_optim_step", 3, 3, 3, {"kind", "group", "state"}};
    PyObject *v[3];
    step_list list = {.params = NULL};
    (void)module;
    if (!py_parse(&s, NULL, args, n, names, v) || !read_kind(v[0], &list.how))
        return NULL;
    if (!PyDict_Check(v[1]) || !PyDict_Check(v[2]))
        return py_wrong_type("_optim_step", PyDict_Check(v[1]) ? "state" : "group", "dict",
                             PyDict_Check(v[1]) ? v[2] : v[1]);
    list.state = v[2];
    const bool ok = read_group(v[1], &list.how) && list_open(&list, v[1]) && run_list(&list);
    list_close(&list);
    if (!ok)
        return NULL;
    Py_RETURN_NONE;
}

PyMethodDef py_optim_functions[] = {
    {"_optim_step", PY_METHOD(f_optim_step), PY_KEYWORDS,
     "One step of the optimiser of this name: of the parameters of a group that have a gradient,\n"
     "by the arguments in the group. `state` has a dict for each parameter, which is made where\n"
     "there is none."},
    {NULL, NULL, 0, NULL},
};
