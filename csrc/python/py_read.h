/* SPDX-License-Identifier: MIT
 *
 * Arguments as a row of ops.def (a CALL) describes them: read into a struct with one field for each
 * parameter. The macros at the end make the struct and the description out of the row.
 */
#ifndef PY_READ_H
#define PY_READ_H

#include "py_args.h"
#include "py_convert.h"
#include "py_dtype.h"

/* What a parameter takes: the KINDs of ops.def. */
typedef enum py_kind {
    PY_TENSOR, PY_OPERAND, PY_SCALAR, PY_NUMBER, PY_VALUE, PY_INT, PY_WHOLE, PY_DIM, PY_FLAG,
    PY_CHOICE, PY_DIMS, PY_SIZES, PY_PLACES, PY_INTS, PY_INT_OR_INTS, PY_TENSORS, PY_EACH,
    PY_GENERATOR, PY_OBJECT, PY_DTYPE, PY_REAL, PY_DEVICE, PY_GRAD, PY_INTO, PY_MAYBE,
    PY_REDUCTION, PY_AVERAGE, PY_REDUCE, PY_INPLACE, PY_DRIVER
} py_kind;

typedef struct py_parameter {
    py_kind kind;
    size_t at;            /* of the field in the struct */
    const char *text;     /* the default as Python writes it, NULL where there is none */
    const char *words;    /* of a choice: "trunc|floor" */
} py_parameter;

typedef struct py_row {
    py_signature names;
    const py_parameter *parameters;
    bool owns;            /* some field has something to be released */
} py_row;

/* The struct's first field. */
typedef struct py_head {
    PyObject *first;      /* borrowed: the first argument */
    PyObject *out;        /* borrowed: what the result is to be written to, or NULL */
    bool requires_grad, in_place;
    uint8_t old;          /* PY_OLD_x: what was said of a reduction in old ways */
    int dtype;            /* of the result; PY_NO_DTYPE: as it comes */
} py_head;
#define PY_HEAD(first) {first, NULL, false, false, 0, PY_NO_DTYPE}
enum { PY_OLD_AVERAGE = 1, PY_OLD_NO_AVERAGE = 2, PY_OLD_REDUCE = 4, PY_OLD_NO_REDUCE = 8 };

typedef struct py_ints {
    int n;                /* below 0: none, or of PY_INT_OR_INTS one int */
    int64_t *list;        /* room for AG_MAX_DIMS, or the memory below */
    int64_t *owned;       /* of a longer list, or NULL */
} py_ints;

typedef struct py_tensors {
    int n;
    ag_tensor **list;     /* owned memory of borrowed tensors */
    PyObject *all;        /* owned: the tuple that owns them */
} py_tensors;

typedef struct py_operand_value {
    ag_arg arg;
    ag_tensor *made;      /* owned: of an array, or NULL */
    PyObject *object;     /* borrowed */
} py_operand_value;

/* Reads the arguments of a call into the struct, whose fields have their defaults. `self` as in
 * py_parse. On failure, with an exception, nothing is left to be released. */
bool py_read(const py_row *row, PyObject *self, PyObject *const *args, Py_ssize_t n,
             PyObject *names, void *fields);
void py_release_fields(const py_row *row, void *fields);

/* Reads them by the first of these rows that they fit, and gives its place; -1 with an exception
 * that shows what was expected and what came. Nothing is read into fields: call the row's own
 * function then. */
int py_choose(int n_rows, const py_row *const *rows, PyObject *self, PyObject *const *args,
              Py_ssize_t n, PyObject *names);

/* The reduction of a loss as old arguments say it, with a warning, if one of them was given. */
bool py_old_reduction(const py_head *head, int *reduction);

/* The class of the result: that of the tensors among the arguments. */
PyTypeObject *py_class_of_result(const py_row *row, const void *fields);

/* ---- from a row to its struct and description ----------------------------------------------- */

/* Kinds that are alike in a struct are of one class; macros of a class end in its name. */
#define PY_CLASS_TENSOR TENSOR
#define PY_CLASS_OPERAND OPERAND
#define PY_CLASS_SCALAR OPERAND
#define PY_CLASS_NUMBER PLAIN
#define PY_CLASS_VALUE PLAIN
#define PY_CLASS_INT PLAIN
#define PY_CLASS_WHOLE PLAIN
#define PY_CLASS_DIM PLAIN
#define PY_CLASS_FLAG PLAIN
#define PY_CLASS_CHOICE PLAIN
#define PY_CLASS_GENERATOR PLAIN
#define PY_CLASS_DIMS LIST
#define PY_CLASS_SIZES SIZES
#define PY_CLASS_PLACES PLACES
#define PY_CLASS_INTS LIST
#define PY_CLASS_INT_OR_INTS LIST
#define PY_CLASS_TENSORS TENSORS
#define PY_CLASS_EACH EACH
#define PY_CLASS_OBJECT OBJECT
#define PY_CLASS_MAYBE MAYBE
#define PY_CLASS_REDUCTION REDUCTION
#define PY_CLASS_AVERAGE HEAD
#define PY_CLASS_DRIVER HEAD
#define PY_CLASS_REDUCE HEAD
#define PY_CLASS_INPLACE HEAD
#define PY_CLASS_DTYPE HEAD
#define PY_CLASS_REAL HEAD
#define PY_CLASS_DEVICE HEAD
#define PY_CLASS_GRAD HEAD
#define PY_CLASS_INTO HEAD
#define PY_OF_CLASS(macro, KIND) AG_EACH_GLUE(macro, PY_CLASS_##KIND)

#define PY_FIELD_TENSOR(KIND, name) ag_tensor *name;
#define PY_FIELD_OPERAND(KIND, name) py_operand_value name;
#define PY_FIELD_PLAIN(KIND, name) AG_C_##KIND(name);
#define PY_FIELD_LIST(KIND, name) py_ints name;
#define PY_FIELD_SIZES PY_FIELD_LIST
#define PY_FIELD_PLACES PY_FIELD_LIST
#define PY_FIELD_TENSORS(KIND, name) py_tensors name;
#define PY_FIELD_EACH PY_FIELD_TENSORS
#define PY_FIELD_OBJECT(KIND, name) PyObject *name;
#define PY_FIELD_MAYBE PY_FIELD_TENSOR
#define PY_FIELD_REDUCTION PY_FIELD_PLAIN
#define PY_FIELD_HEAD(KIND, name)
#define PY_FIELD(of, KIND, name, default) PY_OF_CLASS(PY_FIELD_, KIND)(KIND, name)
#define PY_STRUCT(of, parameters) \
    struct of { \
        py_head head; \
        AG_EACH(PY_FIELD, PY_FIELD, of, parameters) \
    }

/* What a DEFAULT says: its text and value in C, whether the argument can be given by place, what
 * the signature has before and after the name. */
#define PY_TEXT_NEEDED NULL
#define PY_TEXT_IS(text, value) #text
#define PY_TEXT_STAR PY_TEXT_IS
#define PY_TEXT_KEY PY_TEXT_IS
#define PY_TEXT_IS_OF(text, value, words) #text
#define PY_TEXT_STAR_OF PY_TEXT_IS_OF
#define PY_TEXT_KEY_OF PY_TEXT_IS_OF
#define PY_TEXT_NEEDED_OF(words) NULL
#define PY_VALUE_NEEDED 0
#define PY_VALUE_IS(text, value) value
#define PY_VALUE_STAR PY_VALUE_IS
#define PY_VALUE_KEY PY_VALUE_IS
#define PY_VALUE_IS_OF(text, value, words) value
#define PY_VALUE_STAR_OF PY_VALUE_IS_OF
#define PY_VALUE_KEY_OF PY_VALUE_IS_OF
#define PY_VALUE_NEEDED_OF(words) 0
#define PY_WORDS_NEEDED NULL
#define PY_WORDS_IS(text, value) NULL
#define PY_WORDS_STAR PY_WORDS_IS
#define PY_WORDS_KEY PY_WORDS_IS
#define PY_WORDS_IS_OF(text, value, words) words
#define PY_WORDS_STAR_OF PY_WORDS_IS_OF
#define PY_WORDS_KEY_OF PY_WORDS_IS_OF
#define PY_WORDS_NEEDED_OF(words) words
#define PY_REQUIRED_NEEDED + 1
#define PY_REQUIRED_IS(text, value)
#define PY_REQUIRED_STAR PY_REQUIRED_IS
#define PY_REQUIRED_KEY PY_REQUIRED_IS
#define PY_REQUIRED_IS_OF(text, value, words)
#define PY_REQUIRED_STAR_OF PY_REQUIRED_IS_OF
#define PY_REQUIRED_KEY_OF PY_REQUIRED_IS_OF
#define PY_REQUIRED_NEEDED_OF(words) + 1
#define PY_PLACE_NEEDED + 1
#define PY_PLACE_IS(text, value) + 1
#define PY_PLACE_STAR(text, value)
#define PY_PLACE_KEY PY_PLACE_STAR
#define PY_PLACE_IS_OF(text, value, words) + 1
#define PY_PLACE_STAR_OF(text, value, words)
#define PY_PLACE_KEY_OF PY_PLACE_STAR_OF
#define PY_PLACE_NEEDED_OF(words) + 1

#define PY_AT_PLAIN(of, name) offsetof(struct of, name)
#define PY_AT_TENSOR PY_AT_PLAIN
#define PY_AT_OPERAND PY_AT_PLAIN
#define PY_AT_LIST PY_AT_PLAIN
#define PY_AT_SIZES PY_AT_PLAIN
#define PY_AT_PLACES PY_AT_PLAIN
#define PY_AT_TENSORS PY_AT_PLAIN
#define PY_AT_EACH PY_AT_PLAIN
#define PY_AT_OBJECT PY_AT_PLAIN
#define PY_AT_MAYBE PY_AT_PLAIN
#define PY_AT_REDUCTION PY_AT_PLAIN
#define PY_AT_HEAD(of, name) offsetof(struct of, head)

#define PY_NAME(of, KIND, name, default) #name,
#define PY_REQUIRED(of, KIND, name, default) PY_REQUIRED_##default
#define PY_PLACE(of, KIND, name, default) PY_PLACE_##default
#define PY_OWNS(of, KIND, name, default) \
    || PY_##KIND == PY_OPERAND || PY_##KIND == PY_TENSORS || PY_##KIND == PY_EACH \
    || PY_##KIND == PY_INT_OR_INTS
#define PY_PARAMETER(of, KIND, name, default) \
    {PY_##KIND, PY_OF_CLASS(PY_AT_, KIND)(of, name), PY_TEXT_##default, PY_WORDS_##default},
#define PY_SIGNATURE(function, of, parameters) \
    {function, AG_COUNT parameters, 0 AG_EACH(PY_REQUIRED, PY_REQUIRED, of, parameters), \
     0 AG_EACH(PY_PLACE, PY_PLACE, of, parameters), \
     {AG_EACH(PY_NAME, PY_NAME, of, parameters)}}
#define PY_DESCRIPTION(of, parameters) {AG_EACH(PY_PARAMETER, PY_PARAMETER, of, parameters)}
#define PY_OWNS_SOMETHING(of, parameters) (false AG_EACH(PY_OWNS, PY_OWNS, of, parameters))

/* The signature as inspect.signature reads it; of a method what follows $self. */
#define PY_BEFORE_NEEDED ", "
#define PY_BEFORE_IS(text, value) ", "
#define PY_BEFORE_STAR(text, value) ", *, "
#define PY_BEFORE_KEY PY_BEFORE_IS
#define PY_BEFORE_IS_OF(text, value, words) ", "
#define PY_BEFORE_STAR_OF(text, value, words) ", *, "
#define PY_BEFORE_KEY_OF PY_BEFORE_IS_OF
#define PY_BEFORE_NEEDED_OF(words) ", "
#define PY_AFTER_NEEDED
#define PY_AFTER_IS(text, value) "=" #text
#define PY_AFTER_STAR PY_AFTER_IS
#define PY_AFTER_KEY PY_AFTER_IS
#define PY_AFTER_IS_OF(text, value, words) "=" #text
#define PY_AFTER_STAR_OF PY_AFTER_IS_OF
#define PY_AFTER_KEY_OF PY_AFTER_IS_OF
#define PY_AFTER_NEEDED_OF(words)
#define PY_STARRED_IN_FUNCTION
#define PY_STARRED_IN_METHOD "*"
#define PY_NOT_STARRED(FORM)
#define PY_STARRED_TENSOR PY_NOT_STARRED
#define PY_STARRED_OPERAND PY_NOT_STARRED
#define PY_STARRED_PLAIN PY_NOT_STARRED
#define PY_STARRED_LIST PY_NOT_STARRED
#define PY_STARRED_SIZES(FORM) PY_STARRED_IN_##FORM
#define PY_STARRED_PLACES(FORM) "*"
#define PY_STARRED_TENSORS PY_NOT_STARRED
#define PY_STARRED_EACH(FORM) "*"
#define PY_STARRED_OBJECT PY_NOT_STARRED
#define PY_STARRED_MAYBE PY_NOT_STARRED
#define PY_STARRED_REDUCTION PY_NOT_STARRED
#define PY_STARRED_HEAD PY_NOT_STARRED
#define PY_STARRED(FORM, KIND) PY_OF_CLASS(PY_STARRED_, KIND)(FORM)
#define PY_FIRST_TEXT(FORM, KIND, name, default) PY_STARRED(FORM, KIND) #name PY_AFTER_##default
#define PY_NEXT_TEXT(FORM, KIND, name, default) \
    PY_BEFORE_##default PY_STARRED(FORM, KIND) #name PY_AFTER_##default
#define PY_SELF_TEXT(FORM, KIND, name, default) "$self"
#define PY_FUNCTION_TEXT(parameters) AG_EACH(PY_FIRST_TEXT, PY_NEXT_TEXT, FUNCTION, parameters)
#define PY_METHOD_TEXT(parameters) AG_EACH(PY_SELF_TEXT, PY_NEXT_TEXT, METHOD, parameters)

#endif
