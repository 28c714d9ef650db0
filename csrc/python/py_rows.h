/* SPDX-License-Identifier: MIT
 *
 * What the rows of ops.def make of Python's functions: for each CALL a struct of its arguments,
 * py_<name>_<cname>, and where the row leaves something to be written, what is to be written.
 */
#ifndef PY_ROWS_H
#define PY_ROWS_H

#include "py_read.h"

#define CALL(name, cname, FORMS, BODY, RESULT, parameters, doc, example) \
    PY_STRUCT(py_##name##_##cname, parameters);
#include "../include/ops.def"

/* BODY is PYTHON: what the function does, given its arguments. Owned, or NULL with an exception; of
 * a NAMED result a plain tuple. */
#define PY_DECLARE_OP(name, cname)
#define PY_DECLARE_C(name, cname)
#define PY_DECLARE_OWN(name, cname)
#define PY_DECLARE_DONE(name, cname)
#define PY_DECLARE_PAIR(name, cname)
#define PY_DECLARE_CHECKED_OP(name, cname) \
    bool py_check_##cname(const py_row *row, const void *fields);
#define PY_DECLARE_CHECKED_OWN PY_DECLARE_CHECKED_OP
#define PY_DECLARE_CHECKED_DONE(name, cname)
#define PY_DECLARE_PYTHON(name, cname) \
    PyObject *py_call_##name##_##cname(const struct py_##name##_##cname *a);
#define CALL(name, cname, FORMS, BODY, RESULT, parameters, doc, example) \
    PY_DECLARE_##BODY(name, cname)
#include "../include/ops.def"

/* nonzero of a tensor, as a tuple: what `where` with a condition alone is. */
PyObject *py_places_of(PyObject *object);

/* ValueError where p is no probability of dropout's. */
bool py_check_chance(double p);

/* ValueError where rows of n dimensions are more than there are. */
bool py_check_row_dims(int ndim, int n);

/* The field of parameter k, as a pointer to its type. */
#define PY_FIELD_AT(type, row, fields, k) \
    ((const type *)(const void *)((const char *)(fields) + (row)->parameters[k].at))

#endif
