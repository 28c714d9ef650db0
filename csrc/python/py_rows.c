/* SPDX-License-Identifier: MIT
 *
 * Python's functions and methods, made of the rows of ops.def: reading the arguments, calling the C
 * function, the result. What a row leaves open is in py_bodies.c.
 */
#include "py_rows.h"

#include "py_errors.h"
#include "py_ops.h"
#include "py_out.h"
#include "py_sparse.h"
#include "py_tensor.h"
#include "py_type.h"

#include <math.h>
#include <string.h>
#include <structmember.h>

/* ---- results -------------------------------------------------------------------------------- */

static PyObject *given_out(const py_row *row, const py_head *head, ag_tensor *result)
{
    if (result == NULL)
        return py_raise();
    const bool done = py_write_out(row->names.function, row->parameters[0].kind == PY_TENSORS,
                                   py_tensor_of(head->out), result);
    ag_release(result);
    return done ? Py_NewRef(head->out) : NULL;
}

/* `is_plain`: no operand but the first argument is of a subclass. */
static inline PyObject *tensor_result(const py_row *row, const void *fields, bool is_plain,
                                      ag_tensor *result)
{
    const py_head *head = fields;
    if (PY_UNLIKELY(head->out != NULL))
        return given_out(row, head, result);
    if (!is_plain)
        return py_tensor_new_as(py_class_of_result(row, fields), result);
    return py_result(head->first, result);
}

/* The first argument is read as the dtype that is asked for: owned, NULL with an exception. */
static ag_tensor *cast_first(const py_row *row, void *fields)
{
    ag_tensor **first = (ag_tensor **)(void *)((char *)fields + row->parameters[0].at);
    const ag_dtype dtype = (ag_dtype)((py_head *)fields)->dtype;
    if (dtype != AG_FLOAT64 && strcmp(row->names.function, "mean") == 0) {
        PyErr_Format(PyExc_RuntimeError,
                     "mean(): could not infer output dtype. Optional dtype must be either a "
                     "floating point or complex dtype. Got: %s", py_type_name(dtype));
        return NULL;
    }
    ag_tensor *cast = ag_cast(*first, dtype);
    if (cast == NULL)
        py_raise();
    else
        *first = cast;
    return cast;
}

/* Whether real numbers are asked for like those of a tensor, whatever that has itself. */
static inline bool is_read_as_real(const py_row *row, const py_head *head)
{
    return head->dtype == AG_FLOAT64 && row->parameters[1].kind == PY_REAL;
}

static PyObject *pair_result(const py_head *head, ag_status status, ag_tensor **outs)
{
    return status == AG_OK ? py_tensor_tuple(head->first, 2, outs) : py_raise();
}

#define NAMED_MOST 4  /* fields of a named tuple */

/* A named tuple of what a plain one has. Takes both; each may be NULL with an exception. */
static PyObject *filled(PyObject *named, PyObject *all)
{
    if (all == NULL)
        Py_CLEAR(named);
    for (Py_ssize_t k = 0; named != NULL && k < Py_SIZE(named); k++)
        PyStructSequence_SetItem(named, k, Py_NewRef(PyTuple_GET_ITEM(all, k)));
    Py_XDECREF(all);
    return named;
}

/* `type` may be NULL with an exception. */
static PyObject *new_named(PyTypeObject *type)
{
    return type != NULL ? PyStructSequence_New(type) : NULL;
}

static PyObject *named_result(PyTypeObject *type, const py_head *head, ag_status status,
                              ag_tensor **outs)
{
    PyObject *named = new_named(type), *all = NULL;
    if (status != AG_OK)
        py_raise();
    else
        all = py_tensor_tuple(head->first, named != NULL ? (int)Py_SIZE(named) : 2, outs);
    return filled(named, all);
}

/* Room for n results. NULL with an exception, also where n is an error. */
static ag_tensor **room_for(int n)
{
    if (n < 0) {
        py_raise();
        return NULL;
    }
    ag_tensor **outs = PyMem_Calloc((size_t)n + 1, sizeof *outs);
    if (outs == NULL)
        PyErr_NoMemory();
    return outs;
}

/* What results are of the class of, NULL for Tensor: the first argument, or one of all of them. */
static PyObject *like_of(const py_row *row, const void *fields)
{
    if (row->parameters[0].kind != PY_EACH)
        return ((const py_head *)fields)->first;
    PyObject *all = PY_FIELD_AT(py_tensors, row, fields, 0)->all;
    PyTypeObject *type = py_class_of_result(row, fields);
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(all); k++)
        if (Py_TYPE(PyTuple_GET_ITEM(all, k)) == type)
            return PyTuple_GET_ITEM(all, k);
    return NULL;
}

static PyObject *list_result(const py_row *row, const void *fields, int n, ag_status status,
                             ag_tensor **outs)
{
    PyObject *all = status == AG_OK ? py_tensor_tuple(like_of(row, fields), n, outs) : py_raise();
    PyMem_Free(outs);
    return all;
}

/* Each sets `result`, from the C function and its arguments. */
#define GET_TENSOR(name, cname, arguments, is_plain) \
    if (!may_cast || PY_LIKELY(a.head.dtype == PY_NO_DTYPE)) { \
        result = tensor_result(row, &a, is_plain, ag_##cname arguments); \
    } else { \
        ag_tensor *cast = cast_first(row, &a); \
        if (cast != NULL) \
            result = tensor_result(row, &a, is_plain, py_as_dtype(ag_##cname arguments, \
                                                                  a.head.dtype)); \
        ag_release(cast); \
    }
#define GET_SELF(name, cname, arguments, is_plain) \
    result = py_result_or_self(a.head.first, ag_##cname arguments);
#define GET_MADE(name, cname, arguments, is_plain) \
    result = py_made(row->names.function, \
                     (is_plain) ? py_tensor_type : py_class_of_result(row, &a), &a.head, \
                     ag_##cname arguments);
#define GET_LIKE(name, cname, arguments, is_plain) \
    ag_tensor *real = NULL; \
    if (!is_read_as_real(row, &a.head) || (real = cast_first(row, &a)) != NULL) \
        result = py_made(row->names.function, py_result_type(a.head.first), &a.head, \
                         ag_##cname arguments); \
    ag_release(real);
#define GET_ITSELF(name, cname, arguments, is_plain) \
    result = ag_##cname arguments == AG_OK ? Py_NewRef(a.head.first) : py_raise();
#define GET_PAIR_OF(name, cname, arguments, is_plain) \
    ag_tensor *outs[2]; \
    result = pair_result(&a.head, ag_##cname(AG_BARE arguments, outs), outs);
#define GET_NAMED(...) GET_NAMED_TUPLE
#define GET_NAMED_TUPLE(name, cname, arguments, is_plain) \
    ag_tensor *outs[NAMED_MOST]; \
    result = named_result(named_type_of(NAMED_##name##_##cname), &a.head, \
                          ag_##cname(AG_BARE arguments, outs), outs);
#define GET_LIST(name, cname, arguments, is_plain) \
    const int n_outs = ag_##cname##_count arguments; \
    ag_tensor **outs = room_for(n_outs); \
    if (outs != NULL) \
        result = list_result(row, &a, n_outs, ag_##cname(AG_BARE arguments, n_outs, outs), outs);

#define GET_TRUTH(name, cname, arguments, is_plain) \
    bool truth; \
    result = ag_##cname(AG_BARE arguments, &truth) == AG_OK ? PyBool_FromLong(truth) : py_raise();

/* ---- arguments ------------------------------------------------------------------------------ */

/* By class (py_read.h). Room for lists, or where none is given no room: */
#define NO_ROOM(name)
#define ROOM_TENSOR NO_ROOM
#define ROOM_OPERAND NO_ROOM
#define ROOM_PLAIN NO_ROOM
#define ROOM_LIST(name) int64_t room_##name[AG_MAX_DIMS];
#define ROOM_SIZES ROOM_LIST
#define ROOM_PLACES ROOM_LIST
#define ROOM_TENSORS NO_ROOM
#define ROOM_EACH NO_ROOM
#define ROOM_OBJECT NO_ROOM
#define ROOM_MAYBE NO_ROOM
#define ROOM_REDUCTION NO_ROOM
#define ROOM_HEAD NO_ROOM
#define ROOM(of, KIND, name, default) PY_OF_CLASS(ROOM_, KIND)(name)

#define NO_LIST_TENSOR NO_ROOM
#define NO_LIST_OPERAND NO_ROOM
#define NO_LIST_PLAIN NO_ROOM
#define NO_LIST_LIST(name) int64_t *const room_##name = NULL;
#define NO_LIST_SIZES NO_LIST_LIST
#define NO_LIST_PLACES NO_LIST_LIST
#define NO_LIST_TENSORS NO_ROOM
#define NO_LIST_EACH NO_ROOM
#define NO_LIST_OBJECT NO_ROOM
#define NO_LIST_MAYBE NO_ROOM
#define NO_LIST_REDUCTION NO_ROOM
#define NO_LIST_HEAD NO_ROOM
#define NO_LIST(of, KIND, name, default) PY_OF_CLASS(NO_LIST_, KIND)(name)

/* The fields before anything is read: */
#define START_TENSOR(name, value) .name = NULL,
/* A number that is not given counts as bool, which every other dtype is promoted over. */
#define START_OPERAND(name, value) .name = {{NULL, value, AG_BOOL}, NULL, NULL},
#define START_PLAIN(name, value) .name = value,
#define START_LIST(name, value) .name = {value, room_##name, NULL},
#define START_SIZES START_LIST
#define START_PLACES START_LIST
#define START_TENSORS(name, value) .name = {0, NULL, NULL},
#define START_EACH START_TENSORS
#define START_OBJECT START_TENSOR
#define START_MAYBE START_TENSOR
#define START_REDUCTION START_PLAIN
#define START_HEAD(name, value)
#define START(of, KIND, name, default) PY_OF_CLASS(START_, KIND)(name, PY_VALUE_##default)

/* `self` as the first of them: */
#define NOT_SELF(name)
#define SELF_TENSOR(name) a.name = py_tensor_of(self);
#define SELF_OPERAND NOT_SELF
#define SELF_PLAIN NOT_SELF
#define SELF_LIST NOT_SELF
#define SELF_SIZES NOT_SELF
#define SELF_PLACES NOT_SELF
#define SELF_TENSORS NOT_SELF
#define SELF_EACH NOT_SELF
#define SELF_OBJECT(name) a.name = self;
#define SELF_MAYBE NOT_SELF
#define SELF_REDUCTION NOT_SELF
#define SELF(of, KIND, name, default) PY_OF_CLASS(SELF_, KIND)(name)
#define NOTHING(of, KIND, name, default)

/* What is passed on to C's function: */
#define PASS_TENSOR(name) a.name
#define PASS_OPERAND(name) a.name.arg
#define PASS_PLAIN(name) a.name
#define PASS_LIST(name) a.name.n, a.name.list
#define PASS_SIZES PASS_LIST
#define PASS_PLACES PASS_LIST
#define PASS_TENSORS PASS_LIST
#define PASS_EACH PASS_LIST
#define NEXT_TENSOR(name) , a.name
#define NEXT_OPERAND(name) , a.name.arg
#define NEXT_PLAIN(name) , a.name
#define NEXT_LIST(name) , a.name.n, a.name.list
#define NEXT_SIZES NEXT_LIST
#define NEXT_MAYBE NEXT_TENSOR
#define NEXT_REDUCTION NEXT_PLAIN
#define NEXT_HEAD(name)
#define PASS(of, KIND, name, default) PY_OF_CLASS(PASS_, KIND)(name)
#define NEXT(of, KIND, name, default) PY_OF_CLASS(NEXT_, KIND)(name)
/* What is to be released then, and whether it can make the result one of a subclass: */
#define RELEASE_TENSOR NO_ROOM
#define RELEASE_OPERAND(name) \
    if (PY_UNLIKELY(a.name.made != NULL)) \
        ag_release(a.name.made);
#define RELEASE_PLAIN NO_ROOM
#define RELEASE_LIST(name) \
    if (PY_UNLIKELY(a.name.owned != NULL)) \
        PyMem_Free(a.name.owned);
#define RELEASE_SIZES NO_ROOM
#define RELEASE_PLACES NO_ROOM
#define RELEASE_TENSORS(name) \
    PyMem_Free(a.name.list); \
    Py_XDECREF(a.name.all);
#define RELEASE_EACH RELEASE_TENSORS
#define RELEASE_OBJECT NO_ROOM
#define RELEASE_MAYBE NO_ROOM
#define RELEASE_REDUCTION NO_ROOM
#define RELEASE_HEAD NO_ROOM
#define RELEASE(of, KIND, name, default) PY_OF_CLASS(RELEASE_, KIND)(name)
#define PLAIN_TENSOR NO_ROOM
#define PLAIN_OPERAND(name) \
    && (a.name.arg.tensor == NULL || a.name.made != NULL || py_is_exact_tensor(a.name.object))
#define PLAIN_PLAIN NO_ROOM
#define PLAIN_LIST NO_ROOM
#define PLAIN_SIZES NO_ROOM
#define PLAIN_PLACES NO_ROOM
#define PLAIN_TENSORS(name) && false
#define PLAIN_EACH PLAIN_TENSORS
#define PLAIN_OBJECT NO_ROOM
#define PLAIN_MAYBE NO_ROOM
#define PLAIN_REDUCTION NO_ROOM
#define PLAIN_HEAD NO_ROOM
#define IS_PLAIN(of, KIND, name, default) PY_OF_CLASS(PLAIN_, KIND)(name)
/* The first argument of an op of operands may be a number or an array: it has no class then. */
#define IS_FIRST_PLAIN(of, KIND, name, default) \
    IS_PLAIN(of, KIND, name, default) \
    && (PY_##KIND != PY_OPERAND || py_is_exact_tensor(a.head.first))
#define IS_DTYPE(of, KIND, name, default) || PY_##KIND == PY_DTYPE || PY_##KIND == PY_REAL
#define MAY_CAST(of, parameters) \
    const bool may_cast = false AG_EACH(IS_DTYPE, IS_DTYPE, of, parameters); \
    (void)may_cast;
#define IS_NO_TENSOR(of, KIND, name, default) && PY_##KIND != PY_TENSOR
/* A reduction that old arguments override: */
#define SETTLED_TENSOR NO_ROOM
#define SETTLED_OPERAND NO_ROOM
#define SETTLED_PLAIN NO_ROOM
#define SETTLED_LIST NO_ROOM
#define SETTLED_SIZES NO_ROOM
#define SETTLED_PLACES NO_ROOM
#define SETTLED_TENSORS NO_ROOM
#define SETTLED_EACH NO_ROOM
#define SETTLED_OBJECT NO_ROOM
#define SETTLED_MAYBE NO_ROOM
#define SETTLED_REDUCTION(name) && py_old_reduction(&a.head, &a.name)
#define SETTLED_HEAD NO_ROOM
#define IS_SETTLED(of, KIND, name, default) PY_OF_CLASS(SETTLED_, KIND)(name)
#define ARE_PLAIN(parameters) \
    (true AG_EACH(IS_FIRST_PLAIN, IS_PLAIN, , parameters) \
     AG_EACH(NOTHING, IS_NO_TENSOR, , parameters))
#define ARGUMENTS(parameters) (AG_EACH(PASS, NEXT, , parameters))

/* ---- named tuples --------------------------------------------------------------------------- */

/* As PyTorch prints them: a line for each field. */
static PyObject *named_repr(PyObject *self)
{
    const PyMemberDef *members = Py_TYPE(self)->tp_members;
    PyObject *text = PyUnicode_FromFormat("%s(\n", Py_TYPE(self)->tp_name);
    for (Py_ssize_t k = 0; text != NULL && k < Py_SIZE(self); k++)
        Py_SETREF(text, PyUnicode_FromFormat("%U%s=%R%s", text, members[k].name,
                                             PyStructSequence_GET_ITEM(self, k),
                                             k + 1 < Py_SIZE(self) ? ",\n" : ")"));
    return text;
}

static PyTypeObject *new_named_type(const char *name, const char *const *names)
{
    PyStructSequence_Field fields[NAMED_MOST + 1] = {{NULL, NULL}};
    PyStructSequence_Desc description = {name, "What a function with several results gives.",
                                         fields, 0};
    for (int k = 0; k < NAMED_MOST && names[k] != NULL; k++) {
        fields[k].name = names[k];
        description.n_in_sequence++;
    }
    PyTypeObject *type = PyStructSequence_NewType(&description);
    if (type != NULL)
        type->tp_repr = named_repr;
    return type;
}

#define NO_TYPE(...)
#define TYPE_TENSOR NO_TYPE
#define TYPE_SELF NO_TYPE
#define TYPE_MADE NO_TYPE
#define TYPE_LIKE NO_TYPE
#define TYPE_ITSELF NO_TYPE
#define TYPE_PAIR_OF NO_TYPE
#define TYPE_LIST NO_TYPE
#define TYPE_TRUTH NO_TYPE
#define TYPE_ANY NO_TYPE
#define TYPE_NAMED(...) NAMED_TYPE
#define NAMED_TYPE(name, cname) NAMED_##name##_##cname,
enum {
#define CALL(name, cname, FORMS, BODY, RESULT, parameters, doc, example) \
    TYPE_##RESULT(name, cname)
#include "../include/ops.def"
    NAMED_TYPES
};

typedef struct named_type {
    const char *function, *name, *fields[NAMED_MOST];
} named_type;

/* The name of a type tells the module of its function, of nn.functional excepted. */
#define TYPE_PREFIX_FUNCTION
#define TYPE_PREFIX_METHOD
#define TYPE_PREFIX_PART
#define TYPE_PREFIX_BOTH
#define TYPE_PREFIX_BOTH_IN_PLACE
#define TYPE_PREFIX_METHOD_IN_PLACE
#define TYPE_PREFIX_FUNCTIONAL
#define TYPE_PREFIX_FUNCTIONAL_IN_PLACE
#define TYPE_PREFIX_SPECIAL "special_"
#define TYPE_PREFIX_LINALG "linalg_"
#define TYPE_ROW_TENSOR NO_TYPE
#define TYPE_ROW_SELF NO_TYPE
#define TYPE_ROW_MADE NO_TYPE
#define TYPE_ROW_LIKE NO_TYPE
#define TYPE_ROW_ITSELF NO_TYPE
#define TYPE_ROW_PAIR_OF NO_TYPE
#define TYPE_ROW_LIST NO_TYPE
#define TYPE_ROW_TRUTH NO_TYPE
#define TYPE_ROW_ANY NO_TYPE
#define TYPE_ROW_NAMED(...) \
    {.fields = {AG_EACH_GLUE(TEXTS_, AG_COUNT(__VA_ARGS__))(__VA_ARGS__)}, NAMED_TYPE_ROW
#define TEXTS_2(a, b) #a, #b
#define TEXTS_3(a, b, c) #a, #b, #c
#define TEXTS_4(a, b, c, d) #a, #b, #c, #d
#define RETURN_TYPES "pyautograd.return_types"
#define NAMED_TYPE_ROW(title) .function = title, .name = RETURN_TYPES "." title},
static const named_type named_types[] = {
#define CALL(name, cname, FORMS, BODY, RESULT, parameters, doc, example) \
    TYPE_ROW_##RESULT(TYPE_PREFIX_##FORMS #name)
#include "../include/ops.def"
};

/* Each is made when it is needed first: all of them would be a fifth of the package's import. */
static PyTypeObject *types_made[NAMED_TYPES];

/* Borrowed, NULL with an exception. Making one may run the garbage collector, and that code of
 * Python's that has another thread make the same: the first one stays. */
static PyTypeObject *make_named_type(int k)
{
    PyTypeObject *type = new_named_type(named_types[k].name, named_types[k].fields);
    if (types_made[k] == NULL)
        types_made[k] = type;
    else
        Py_XDECREF(type);
    return types_made[k];
}

static inline PyTypeObject *named_type_of(int k)
{
    return PY_LIKELY(types_made[k] != NULL) ? types_made[k] : make_named_type(k);
}

/* ---- the module of the types ---------------------------------------------------------------- */

static PyObject *types_getattr(PyObject *module, PyObject *name)
{
    for (int k = 0; k < NAMED_TYPES && PyUnicode_Check(name); k++) {
        if (PyUnicode_CompareWithASCIIString(name, named_types[k].function) != 0)
            continue;
        PyObject *type = (PyObject *)named_type_of(k);
        return type != NULL && PyObject_SetAttr(module, name, type) == 0 ? Py_NewRef(type) : NULL;
    }
    return PyErr_Format(PyExc_AttributeError,
                        "module '" RETURN_TYPES "' has no attribute %R", name);
}

static PyObject *types_dir(PyObject *module, PyObject *unused)
{
    (void)unused;
    PyObject *names = PyDict_Keys(PyModule_GetDict(module));
    for (int k = 0; names != NULL && k < NAMED_TYPES; k++) {
        PyObject *name = PyUnicode_FromString(named_types[k].function);
        const int known = name != NULL ? PySequence_Contains(names, name) : -1;
        if (known < 0 || (known == 0 && PyList_Append(names, name) < 0))
            Py_CLEAR(names);
        Py_XDECREF(name);
    }
    return names;
}

static PyMethodDef types_functions[] = {
    {"__getattr__", types_getattr, METH_O, "The named tuple that a function of this name gives."},
    {"__dir__", types_dir, METH_NOARGS, "The names of functions that give named tuples."},
    {NULL, NULL, 0, NULL},
};

#define RETURN_TYPES_DOC "The named tuples that functions with several results give."

/* A module that can be imported, since pickles find types by their modules' names. */
bool py_add_return_types(PyObject *module)
{
    PyObject *types = PyModule_New(RETURN_TYPES), *modules = PyImport_GetModuleDict();
    const bool ok = types != NULL && PyModule_SetDocString(types, RETURN_TYPES_DOC) == 0 &&
                    PyModule_AddFunctions(types, types_functions) == 0 &&
                    PyModule_AddObjectRef(module, "return_types", types) == 0 &&
                    PyDict_SetItemString(modules, RETURN_TYPES, types) == 0;
    Py_XDECREF(types);
    return ok;
}

/* ---- functions ------------------------------------------------------------------------------ */

#define CHECKED(cname) py_check_##cname(row, &a)
#define ROW_OF(function, of, parameters) \
    {PY_SIGNATURE(function, of, parameters), description_##of, PY_OWNS_SOMETHING(of, parameters)}

/* A method of sizes, given by place: they are read at once. */
#define NOT_SIZES(name)
#define SIZES_TENSOR NOT_SIZES
#define SIZES_OPERAND NOT_SIZES
#define SIZES_PLAIN NOT_SIZES
#define SIZES_LIST NOT_SIZES
#define SIZES_SIZES(name) \
    if (PY_LIKELY(self != NULL && names == NULL && n > 0)) { \
        a.name.n = py_integers(row->names.function, #name, n, args, a.name.list); \
        is_read = a.name.n >= 0; \
    } else
#define SIZES_OBJECT NOT_SIZES
#define SIZES_MAYBE NOT_SIZES
#define SIZES_REDUCTION NOT_SIZES
#define SIZES_HEAD NOT_SIZES
#define SIZES_BY_PLACE(of, KIND, name, default) PY_OF_CLASS(SIZES_, KIND)(name)

/* A method without arguments: there is nothing to be read. In a function of its own, so that the
 * compiler knows all defaults. */
#define CALL_ALONE(of, CHECK, GET, parameters) \
    static inline PyObject *alone_##of(const py_row *row, PyObject *self) \
    { \
        AG_EACH(NO_LIST, NO_LIST, of, parameters) \
        struct of a = {.head = PY_HEAD(self), AG_EACH(START, START, of, parameters)}; \
        PyObject *result = NULL; \
        (void)row; \
        MAY_CAST(of, parameters) \
        AG_EACH(SELF, NOTHING, of, parameters) \
        if (CHECK) { \
            GET \
        } \
        return result; \
    }

/* The row, and call_<name>_<cname>, which is given `self` where it is a method. */
#define CALL_WITH(name, cname, of, CHECK, GET, parameters) \
    static const py_parameter description_##of[] = PY_DESCRIPTION(of, parameters); \
    static const py_row row_##of = ROW_OF(#name, of, parameters); \
    CALL_ALONE(of, CHECK, GET, parameters) \
    static PyObject *call_##of(PyObject *self, PyObject *const *args, Py_ssize_t n, \
                               PyObject *names) \
    { \
        const py_row *const row = &row_##of; \
        if (PY_LIKELY(self != NULL && n == 0 && names == NULL && row->names.required <= 1)) \
            return alone_##of(row, self); \
        AG_EACH(ROOM, ROOM, of, parameters) \
        struct of a = {.head = PY_HEAD(self), AG_EACH(START, START, of, parameters)}; \
        PyObject *result = NULL; \
        bool is_read; \
        MAY_CAST(of, parameters) \
        if (self != NULL) { \
            AG_EACH(SELF, NOTHING, of, parameters) \
        } \
        AG_EACH(NOTHING, SIZES_BY_PLACE, of, parameters) \
            is_read = py_read(row, self, args, n, names, &a); \
        if (!is_read) \
            return PY_TAKES_SPARSE(#name) ? py_sparse_call(#name, self, args, n, names) : NULL; \
        if (true AG_EACH(IS_SETTLED, IS_SETTLED, of, parameters) && CHECK) { \
            GET \
        } \
        AG_EACH(RELEASE, RELEASE, of, parameters) \
        return result; \
    }

/* The same in place, under another name. */
#define CALL_IN_PLACE(name, cname, of, CHECK, parameters) \
    static const py_row row_in_place_##of = ROW_OF(#name "_", of, parameters); \
    static PyObject *i_##of(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names) \
    { \
        const py_row *const row = &row_in_place_##of; \
        AG_EACH(ROOM, ROOM, of, parameters) \
        struct of a = {.head = PY_HEAD(NULL), AG_EACH(START, START, of, parameters)}; \
        if (!py_read(row, self, args, n, names, &a)) \
            return NULL; \
        const bool done = \
            CHECK && (ag_##cname##_ ARGUMENTS(parameters) == AG_OK || py_raise() != NULL); \
        AG_EACH(RELEASE, RELEASE, of, parameters) \
        return done ? Py_NewRef(self) : NULL; \
    }

/* By BODY: the check before, and how the result is had. */
#define CHECK_NOTHING(cname) true
#define CHECK_OP CHECK_NOTHING
#define CHECK_OWN CHECK_NOTHING
#define CHECK_DONE CHECK_NOTHING
#define CHECK_PYTHON CHECK_NOTHING
#define CHECK_CHECKED_OP CHECKED
#define CHECK_CHECKED_OWN CHECKED
#define CHECK_CHECKED_DONE CHECKED
#define GET_BY_C(name, cname, RESULT, parameters) \
    GET_##RESULT(name, cname, ARGUMENTS(parameters), ARE_PLAIN(parameters))
#define GET_BY_OP GET_BY_C
#define GET_BY_OWN GET_BY_C
#define GET_BY_DONE GET_BY_C
#define GET_BY_CHECKED_OP GET_BY_C
#define GET_BY_CHECKED_OWN GET_BY_C
#define GET_BY_CHECKED_DONE GET_BY_C
#define GET_BY_PYTHON(name, cname, RESULT, parameters) \
    result = py_call_##name##_##cname(&a); \
    NAMES_##RESULT(name, cname)
#define NAMES_TENSOR NO_TYPE
#define NAMES_SELF NO_TYPE
#define NAMES_MADE NO_TYPE
#define NAMES_LIKE NO_TYPE
#define NAMES_ITSELF NO_TYPE
#define NAMES_PAIR_OF NO_TYPE
#define NAMES_LIST NO_TYPE
#define NAMES_TRUTH NO_TYPE
#define NAMES_ANY NO_TYPE
#define NAMES_NAMED(...) GIVE_NAMES
#define GIVE_NAMES(name, cname) \
    result = filled(result != NULL ? new_named(named_type_of(NAMED_##name##_##cname)) : NULL, \
                    result);

/* By FORMS: what else there is. A method is call_<name>_<cname> itself. */
#define AS_FUNCTION(title, of) \
    static PyObject *f_##of(PyObject *module, PyObject *const *args, Py_ssize_t n, \
                            PyObject *names) \
    { \
        (void)module; \
        PY_TAKE_OUT(title, f_##of, args, n, names); \
        return call_##of(NULL, args, n, names); \
    }
#define AS_FUNCTIONAL(of) \
    static PyObject *f_##of(PyObject *module, PyObject *const *args, Py_ssize_t n, \
                            PyObject *names) \
    { \
        (void)module; \
        return call_##of(NULL, args, n, names); \
    }
#define FORMS_FUNCTION(name, cname, of, CHECK, parameters) AS_FUNCTION(#name, of)
#define FORMS_METHOD(name, cname, of, CHECK, parameters)
#define FORMS_PART(name, cname, of, CHECK, parameters)
#define FORMS_BOTH(name, cname, of, CHECK, parameters) AS_FUNCTION(#name, of)
#define FORMS_SPECIAL(name, cname, of, CHECK, parameters) AS_FUNCTION("special." #name, of)
#define FORMS_LINALG(name, cname, of, CHECK, parameters) AS_FUNCTION("linalg." #name, of)
#define FORMS_FUNCTIONAL(name, cname, of, CHECK, parameters) AS_FUNCTIONAL(of)
#define FORMS_FUNCTIONAL_IN_PLACE FORMS_FUNCTIONAL
#define FORMS_METHOD_IN_PLACE CALL_IN_PLACE
#define FORMS_BOTH_IN_PLACE(name, cname, of, CHECK, parameters) \
    AS_FUNCTION(#name, of) CALL_IN_PLACE(name, cname, of, CHECK, parameters)

/* How the result is had of a row that has a parameter INPLACE, and of others. */
#define GET_FUNCTION(cname, parameters, ...) __VA_ARGS__
#define GET_METHOD GET_FUNCTION
#define GET_PART GET_FUNCTION
#define GET_BOTH GET_FUNCTION
#define GET_BOTH_IN_PLACE GET_FUNCTION
#define GET_METHOD_IN_PLACE GET_FUNCTION
#define GET_FUNCTIONAL GET_FUNCTION
#define GET_SPECIAL GET_FUNCTION
#define GET_LINALG GET_FUNCTION
#define GET_FUNCTIONAL_IN_PLACE(cname, parameters, ...) \
    if (a.head.in_place) { \
        result = py_written(a.head.first, ag_##cname##_ ARGUMENTS(parameters)); \
    } else { \
        __VA_ARGS__ \
    }

#define DEFINE(name, cname, FORMS, BODY, RESULT, of, parameters) \
    CALL_WITH(name, cname, of, CHECK_##BODY(cname), \
              GET_##FORMS(cname, parameters, GET_BY_##BODY(name, cname, RESULT, parameters)), \
              parameters) \
    FORMS_##FORMS(name, cname, of, CHECK_##BODY(cname), parameters)
#define IN_PYTHON_OP(...) __VA_ARGS__
#define IN_PYTHON_OWN IN_PYTHON_OP
#define IN_PYTHON_DONE IN_PYTHON_OP
#define IN_PYTHON_PYTHON IN_PYTHON_OP
#define IN_PYTHON_CHECKED_OP IN_PYTHON_OP
#define IN_PYTHON_CHECKED_OWN IN_PYTHON_OP
#define IN_PYTHON_CHECKED_DONE IN_PYTHON_OP
#define IN_PYTHON_PAIR(...)
#define IN_PYTHON_C(...)
#define CALL(name, cname, FORMS, BODY, RESULT, parameters, doc, example) \
    IN_PYTHON_##BODY( \
        DEFINE(name, cname, FORMS, BODY, RESULT, py_##name##_##cname, parameters))
#include "../include/ops.def"

/* ---- several ways to call a function -------------------------------------------------------- */

typedef PyObject *(*call_function)(PyObject *self, PyObject *const *args, Py_ssize_t n,
                                   PyObject *names);

#define ONE_ROW(name, cname) &row_py_##name##_##cname,
#define ONE_CALL(name, cname) call_py_##name##_##cname,
#define ANY_AS_FUNCTION_BOTH(name) \
    static PyObject *any_f_##name(PyObject *module, PyObject *const *args, Py_ssize_t n, \
                                  PyObject *names) \
    { \
        (void)module; \
        PY_TAKE_OUT(#name, any_f_##name, args, n, names); \
        return any_##name(NULL, args, n, names); \
    }
#define ANY_AS_FUNCTION_FUNCTION ANY_AS_FUNCTION_BOTH
#define ANY_AS_FUNCTION_METHOD(name)
#define ANY_AS_FUNCTION_LINALG(name) \
    static PyObject *any_f_##name(PyObject *module, PyObject *const *args, Py_ssize_t n, \
                                  PyObject *names) \
    { \
        (void)module; \
        PY_TAKE_OUT("linalg." #name, any_f_##name, args, n, names); \
        return any_##name(NULL, args, n, names); \
    }
#define OVERLOADS(name, FORMS, cnames, signature, doc, example) \
    static PyObject *any_##name(PyObject *self, PyObject *const *args, Py_ssize_t n, \
                                PyObject *names) \
    { \
        static const py_row *const rows[] = {AG_EACH(ONE_ROW, ONE_ROW, name, cnames)}; \
        static const call_function calls[] = {AG_EACH(ONE_CALL, ONE_CALL, name, cnames)}; \
        const int k = py_choose(AG_COUNT cnames, rows, self, args, n, names); \
        return k >= 0 ? calls[k](self, args, n, names) : NULL; \
    } \
    ANY_AS_FUNCTION_##FORMS(name)
#include "../include/ops.def"

/* ---- tables --------------------------------------------------------------------------------- */

#define DOCUMENTED(signature, doc, example) \
    signature "\n--\n\n" doc "\nExample:\n    >>> import pyautograd as ag\n" example
#define IN_PLACE_DOC(name) \
    "`" name "` in place. Returns the tensor itself. The example is that of `" name "`.\n" \
    "\n" \
    "Raises:\n" \
    "    RuntimeError: as `" name "` does, or the tensor is a leaf that requires grad, or its\n" \
    "        memory is read-only.\n" \
    "    TypeError: an argument is of the wrong type.\n"
#define METHOD_DOC(name, parameters, doc, example) \
    DOCUMENTED(#name "(" PY_METHOD_TEXT(parameters) ")", doc, example)
#define FUNCTION_DOC(name, parameters, doc, example) \
    DOCUMENTED(#name "(" PY_FUNCTION_TEXT(parameters) ")", doc, example)
#define ENTRY_OF(name, function, text) {name, PY_METHOD(function), PY_KEYWORDS, text},
#define ENTRY(name, function, signature, doc, example) \
    ENTRY_OF(name, function, DOCUMENTED(signature, doc, example))

/* What is a method and a function has both texts side by side in memory. They are almost the same:
 * a compressed file has one of them where they are near. */
#define TEXTS_OF_BOTH(name, of, parameters, doc, example) \
    static const struct { \
        char method[sizeof(METHOD_DOC(name, parameters, doc, example))]; \
        char function[sizeof(FUNCTION_DOC(name, parameters, doc, example))]; \
    } texts_##of = {METHOD_DOC(name, parameters, doc, example), \
                    FUNCTION_DOC(name, parameters, doc, example)};
#define TEXTS_OF_BOTH_IN_PLACE TEXTS_OF_BOTH
#define TEXTS_OF_METHOD(name, of, parameters, doc, example)
#define TEXTS_OF_METHOD_IN_PLACE TEXTS_OF_METHOD
#define TEXTS_OF_FUNCTION TEXTS_OF_METHOD
#define TEXTS_OF_PART TEXTS_OF_METHOD
#define TEXTS_OF_FUNCTIONAL TEXTS_OF_METHOD
#define TEXTS_OF_FUNCTIONAL_IN_PLACE TEXTS_OF_METHOD
#define TEXTS_OF_SPECIAL TEXTS_OF_METHOD
#define TEXTS_OF_LINALG TEXTS_OF_METHOD
#define CALL(name, cname, FORMS, BODY, RESULT, parameters, doc, example) \
    IN_PYTHON_##BODY(TEXTS_OF_##FORMS(name, py_##name##_##cname, parameters, doc, example))
#include "../include/ops.def"

#define IN_PLACE_ENTRY(name, of, parameters, example) \
    ENTRY(#name "_", i_##of, #name "_(" PY_METHOD_TEXT(parameters) ")", IN_PLACE_DOC(#name), \
          example)
#define METHOD_OF_BOTH(name, of, parameters, doc, example) \
    ENTRY_OF(#name, call_##of, texts_##of.method)
#define METHOD_OF_METHOD(name, of, parameters, doc, example) \
    ENTRY_OF(#name, call_##of, METHOD_DOC(name, parameters, doc, example))
#define METHOD_OF_FUNCTION(name, of, parameters, doc, example)
#define METHOD_OF_PART METHOD_OF_FUNCTION
#define METHOD_OF_FUNCTIONAL METHOD_OF_FUNCTION
#define METHOD_OF_SPECIAL METHOD_OF_FUNCTION
#define METHOD_OF_LINALG METHOD_OF_FUNCTION
#define METHOD_OF_FUNCTIONAL_IN_PLACE METHOD_OF_FUNCTION
#define METHOD_OF_BOTH_IN_PLACE(name, of, parameters, doc, example) \
    METHOD_OF_BOTH(name, of, parameters, doc, example) \
    IN_PLACE_ENTRY(name, of, parameters, example)
#define METHOD_OF_METHOD_IN_PLACE(name, of, parameters, doc, example) \
    METHOD_OF_METHOD(name, of, parameters, doc, example) \
    IN_PLACE_ENTRY(name, of, parameters, example)
#define ANY_METHOD_BOTH(name, signature, doc, example) \
    ENTRY(#name, any_##name, #name "($self, " signature ")", doc, example)
#define ANY_METHOD_METHOD ANY_METHOD_BOTH
#define ANY_METHOD_FUNCTION(name, signature, doc, example)
#define ANY_METHOD_LINALG ANY_METHOD_FUNCTION

PyMethodDef py_row_methods[] = {
#define CALL(name, cname, FORMS, BODY, RESULT, parameters, doc, example) \
    IN_PYTHON_##BODY(METHOD_OF_##FORMS(name, py_##name##_##cname, parameters, doc, example))
#define OVERLOADS(name, FORMS, cnames, signature, doc, example) \
    ANY_METHOD_##FORMS(name, signature, doc, example)
#include "../include/ops.def"
    {NULL, NULL, 0, NULL},
};

#define FUNCTION_OF_BOTH(name, of, parameters, doc, example) \
    ENTRY_OF(#name, f_##of, texts_##of.function)
#define FUNCTION_OF_BOTH_IN_PLACE FUNCTION_OF_BOTH
#define FUNCTION_OF_FUNCTION(name, of, parameters, doc, example) \
    ENTRY_OF(#name, f_##of, FUNCTION_DOC(name, parameters, doc, example))
#define FUNCTION_OF_METHOD(name, of, parameters, doc, example)
#define FUNCTION_OF_METHOD_IN_PLACE FUNCTION_OF_METHOD
#define FUNCTION_OF_PART FUNCTION_OF_METHOD
#define FUNCTION_OF_FUNCTIONAL FUNCTION_OF_METHOD
#define FUNCTION_OF_SPECIAL FUNCTION_OF_METHOD
#define FUNCTION_OF_LINALG FUNCTION_OF_METHOD
#define FUNCTION_OF_FUNCTIONAL_IN_PLACE FUNCTION_OF_METHOD
#define ANY_FUNCTION_BOTH(name, signature, doc, example) \
    ENTRY(#name, any_f_##name, #name "(input, " signature ")", doc, example)
#define ANY_FUNCTION_METHOD(name, signature, doc, example)
#define ANY_FUNCTION_LINALG ANY_FUNCTION_METHOD
#define ANY_FUNCTION_FUNCTION(name, signature, doc, example) \
    ENTRY(#name, any_f_##name, #name "(" signature ")", doc, example)

PyMethodDef py_row_functions[] = {
#define CALL(name, cname, FORMS, BODY, RESULT, parameters, doc, example) \
    IN_PYTHON_##BODY(FUNCTION_OF_##FORMS(name, py_##name##_##cname, parameters, doc, example))
#define OVERLOADS(name, FORMS, cnames, signature, doc, example) \
    ANY_FUNCTION_##FORMS(name, signature, doc, example)
#include "../include/ops.def"
    {NULL, NULL, 0, NULL},
};

/* ---- functions of the package's modules ----------------------------------------------------- */

#define HOME_FUNCTIONAL "nn.functional"
#define HOME_SPECIAL "special"
#define HOME_LINALG "linalg"

typedef struct module_function {
    const char *module, *title; /* with `title` ops.def says that it takes out= */
    PyMethodDef function;
    bool is_documented;
} module_function;

#define IN_MODULE(home, name, of, parameters, doc, example) \
    {.module = home, .title = home "." #name, \
     .function = FUNCTION_OF_FUNCTION(name, of, parameters, doc, example)},
#define MODULE_OF_FUNCTIONAL(...) IN_MODULE(HOME_FUNCTIONAL, __VA_ARGS__)
#define MODULE_OF_FUNCTIONAL_IN_PLACE MODULE_OF_FUNCTIONAL
#define MODULE_OF_SPECIAL(...) IN_MODULE(HOME_SPECIAL, __VA_ARGS__)
#define MODULE_OF_LINALG(...) IN_MODULE(HOME_LINALG, __VA_ARGS__)
#define MODULE_OF_FUNCTION(name, of, parameters, doc, example)
#define MODULE_OF_METHOD MODULE_OF_FUNCTION
#define MODULE_OF_METHOD_IN_PLACE MODULE_OF_FUNCTION
#define MODULE_OF_PART MODULE_OF_FUNCTION
#define MODULE_OF_BOTH MODULE_OF_FUNCTION
#define MODULE_OF_BOTH_IN_PLACE MODULE_OF_FUNCTION
#define ANY_MODULE_LINALG(name, signature, doc, example) \
    {.module = HOME_LINALG, .title = HOME_LINALG "." #name, \
     .function = ANY_FUNCTION_FUNCTION(name, signature, doc, example)},
#define ANY_MODULE_BOTH(name, signature, doc, example)
#define ANY_MODULE_METHOD ANY_MODULE_BOTH
#define ANY_MODULE_FUNCTION ANY_MODULE_BOTH

static module_function module_functions[] = {
#define CALL(name, cname, FORMS, BODY, RESULT, parameters, doc, example) \
    IN_PYTHON_##BODY(MODULE_OF_##FORMS(name, py_##name##_##cname, parameters, doc, example))
#define OVERLOADS(name, FORMS, cnames, signature, doc, example) \
    ANY_MODULE_##FORMS(name, signature, doc, example)
#include "../include/ops.def"
    {.module = NULL},
};

static const struct {
    const char *module, *alias, *name;
} shared[] = {
#define SHARED(MODULE, alias, name) {HOME_##MODULE, #alias, #name},
#include "../include/ops.def"
    {NULL, NULL, NULL},
};

static PyObject *module_function_of(module_function *f, PyObject *core, PyObject *home)
{
    if (!f->is_documented) {
        const char *doc = py_doc_with_out(f->title, f->function.ml_doc);
        if (doc == NULL)
            return NULL;
        f->function.ml_doc = doc;
        f->is_documented = true;
    }
    return PyCFunction_NewEx(&f->function, core, home);
}

static bool add_owned(PyObject *all, const char *name, PyObject *function)
{
    const bool ok = function != NULL && PyDict_SetItemString(all, name, function) == 0;
    Py_XDECREF(function);
    return ok;
}

PyObject *py_functions_of(PyObject *core, PyObject *module)
{
    const char *wanted = PyUnicode_Check(module) ? PyUnicode_AsUTF8(module) : "";
    PyObject *home = wanted != NULL ? PyUnicode_FromFormat("pyautograd.%s", wanted) : NULL;
    PyObject *all = home != NULL ? PyDict_New() : NULL;
    bool ok = all != NULL;
    for (module_function *f = module_functions; ok && f->module != NULL; f++)
        if (strcmp(f->module, wanted) == 0)
            ok = add_owned(all, f->function.ml_name, module_function_of(f, core, home));
    for (int k = 0; ok && shared[k].module != NULL; k++)
        if (strcmp(shared[k].module, wanted) == 0)
            ok = add_owned(all, shared[k].alias, PyObject_GetAttrString(core, shared[k].name));
    Py_XDECREF(home);
    if (!ok)
        Py_CLEAR(all);
    return all;
}
