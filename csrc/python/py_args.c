/* SPDX-License-Identifier: MIT
 *
 * The argument parser: places first, then names, then what is missing.
 */
#include "py_args.h"

#include <string.h>

/* NumPy's names, which PyTorch takes beside its own in every function, and its own others. */
static const char *pytorch_name(const char *name)
{
    static const char *const pairs[][2] = {
        {"axis", "dim"},  {"keepdims", "keepdim"}, {"x", "input"},
        {"a", "input"},   {"x1", "input"},         {"tensor", "input"},
        {"x2", "other"},  {"shape", "size"},       {"split_size", "split_size_or_sections"},
        {"value", "src"},     {"input", "A"},         {"other", "B"},
        {"b", "B"},           {"sections", "indices_or_sections"},
        {"indices", "indices_or_sections"},
        {"tensor_indices_or_sections", "indices_or_sections"},
        {"element", "elements"}, {"test_element", "test_elements"},
        {"from", "from_"},  /* which is no name of a parameter in Python */
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (strcmp(name, pairs[i][0]) == 0)
            return pairs[i][1];
    return name;
}

/* Whether `name` is one of the spellings in "src|other". */
static bool spells(const char *spellings, const char *name)
{
    size_t length = strlen(name);
    for (;;) {
        const char *end = strchr(spellings, '|');
        size_t n = end != NULL ? (size_t)(end - spellings) : strlen(spellings);
        if (n == length && memcmp(spellings, name, n) == 0)
            return true;
        if (end == NULL)
            return false;
        spellings = end + 1;
    }
}

/* "src|other" as messages name it: src. Owned; PyErr_Format knows no %.*s. */
static PyObject *first_spelling(const char *spellings)
{
    return PyUnicode_FromStringAndSize(spellings, (Py_ssize_t)strcspn(spellings, "|"));
}

static bool too_many(const py_signature *s, int hidden, Py_ssize_t given)
{
    int most = s->positional - hidden;
    int least = s->required > hidden ? s->required - hidden : 0;
    const char *were = given == 1 ? "was" : "were";
    if (least < most)
        PyErr_Format(PyExc_TypeError,
                     "%s() takes from %d to %d positional arguments but %zd %s given", s->function,
                     least, most, given, were);
    else
        PyErr_Format(PyExc_TypeError, "%s() takes %d positional argument%s but %zd %s given",
                     s->function, most, most == 1 ? "" : "s", given, were);
    return false;
}

/* The parameter of another spelling; -1 where there is none. */
static int place_of_spelling(const py_signature *s, const char *name)
{
    const char *other = pytorch_name(name);
    for (int i = 0; i < s->n; i++)
        if (spells(s->names[i], name) || spells(s->names[i], other))
            return i;
    return -1;
}

/* The parameter of a name, which mostly is spelled as the signature has it; -1 where there is
 * none. */
static int place_of(const py_signature *s, const char *name)
{
    for (int i = 0; i < s->n; i++)
        if (s->names[i][0] == name[0] && strcmp(s->names[i], name) == 0)
            return i;
    return place_of_spelling(s, name);
}

static bool store_keyword(const py_signature *s, PyObject *name, PyObject *value,
                          PyObject **values)
{
    const char *text = PyUnicode_AsUTF8(name);
    if (text == NULL)
        return false;
    const int i = place_of(s, text);
    if (i >= 0 && values[i] == NULL) {
        values[i] = value;
        return true;
    }
    PyErr_Format(PyExc_TypeError,
                 i < 0 ? "%s() got an unexpected keyword argument '%s'"
                       : "%s() got multiple values for argument '%s'",
                 s->function, text);
    return false;
}

static bool nothing_missing(const py_signature *s, PyObject *const *values)
{
    int missing = 0, first = -1;
    for (int i = s->required; i-- > 0;) {
        if (values[i] == NULL) {
            missing++;
            first = i;
        }
    }
    if (missing == 0)
        return true;
    PyObject *name = first_spelling(s->names[first]);
    if (name == NULL)
        return false;
    if (missing == 1)
        PyErr_Format(PyExc_TypeError, "%s() missing 1 required positional argument: '%U'",
                     s->function, name);
    else
        PyErr_Format(PyExc_TypeError,
                     "%s() missing %d required positional arguments, the first being '%U'",
                     s->function, missing, name);
    Py_DECREF(name);
    return false;
}

static void clear(const py_signature *s, PyObject **values)
{
    for (int i = 0; i < s->n; i++)
        values[i] = NULL;
}

static bool store_places(const py_signature *s, PyObject *self, PyObject *const *args,
                         Py_ssize_t n_args, PyObject **values)
{
    clear(s, values);
    int hidden = self != NULL;
    if (hidden)
        values[0] = self;
    if (n_args > s->positional - hidden)
        return too_many(s, hidden, n_args);
    for (Py_ssize_t i = 0; i < n_args; i++)
        values[hidden + i] = args[i];
    return true;
}

static bool store_names(const py_signature *s, PyObject *const *args, PyObject *names,
                        PyObject **values)
{
    Py_ssize_t n = names != NULL ? PyTuple_GET_SIZE(names) : 0;
    for (Py_ssize_t i = 0; i < n; i++) {
        if (!store_keyword(s, PyTuple_GET_ITEM(names, i), args[i], values))
            return false;
    }
    return true;
}

bool py_parse(const py_signature *s, PyObject *self, PyObject *const *args, Py_ssize_t n_args,
              PyObject *names, PyObject **values)
{
    return store_places(s, self, args, n_args, values) &&
           (names == NULL || store_names(s, args + n_args, names, values)) &&
           nothing_missing(s, values);
}

bool py_parse_keywords(const py_signature *s, PyObject *const *args, PyObject *names,
                       PyObject **values)
{
    clear(s, values);
    return store_names(s, args, names, values);
}

bool py_parse_tuple(const py_signature *s, PyObject *args, PyObject *keywords, PyObject **values)
{
    PyObject *const *items = &PyTuple_GET_ITEM(args, 0);
    if (!store_places(s, NULL, items, PyTuple_GET_SIZE(args), values))
        return false;
    Py_ssize_t at = 0;
    PyObject *name, *value;
    while (keywords != NULL && PyDict_Next(keywords, &at, &name, &value)) {
        if (!store_keyword(s, name, value, values))
            return false;
    }
    return nothing_missing(s, values);
}

PyObject *py_wrong_type(const char *function, const char *argument, const char *wanted,
                        PyObject *got)
{
    PyObject *name = first_spelling(argument);
    if (name != NULL)
        PyErr_Format(PyExc_TypeError, "%s(): argument '%U' must be %s, not %s", function, name,
                     wanted, Py_TYPE(got)->tp_name);
    Py_XDECREF(name);
    return NULL;
}

bool py_bool_argument(const char *function, const char *argument, PyObject *object, bool *value)
{
    if (object == NULL)
        return true;
    if (!PyBool_Check(object)) {
        py_wrong_type(function, argument, "bool", object);
        return false;
    }
    *value = object == Py_True;
    return true;
}
