/* SPDX-License-Identifier: MIT
 *
 * Arguments of vectorcall functions, sorted into parameters without building a tuple or a dict.
 * Complaints read like Python's own.
 */
#ifndef PY_ARGS_H
#define PY_ARGS_H

#include "py_api.h"

#define PY_MAX_PARAMETERS 10

typedef struct py_signature {
    const char *function;
    int n;           /* parameters */
    int required;    /* the first so many must be given */
    int positional;  /* the first so many may be given by place, the others by name only */
    const char *names[PY_MAX_PARAMETERS];  /* "src|other": the second is accepted too */
} py_signature;

/* values[n] (borrowed) become the arguments, NULL where there is none. `self`, unless NULL, is the
 * first parameter's value: so a method and a function of one name share a signature. */
bool py_parse(const py_signature *signature, PyObject *self, PyObject *const *args,
              Py_ssize_t n_args, PyObject *names, PyObject **values);

/* The keyword arguments alone, of functions that take any number of others by place. */
bool py_parse_keywords(const py_signature *signature, PyObject *const *args, PyObject *names,
                       PyObject **values);

/* tuple and dict of tp_new and tp_init, sorted the same way. */
bool py_parse_tuple(const py_signature *signature, PyObject *args, PyObject *keywords,
                    PyObject **values);

/* "f(): argument 'x' must be Tensor, not str". Always NULL. */
PyObject *py_wrong_type(const char *function, const char *argument, const char *wanted,
                        PyObject *got);

/* A bool and nothing else; `value` stays as it is for NULL. */
bool py_bool_argument(const char *function, const char *argument, PyObject *object, bool *value);

/* True for NULL and None. */
static inline bool py_absent(PyObject *object) { return object == NULL || object == Py_None; }

#endif
