/* SPDX-License-Identifier: MIT
 *
 * Generators of random numbers as Python objects.
 */
#ifndef PY_GENERATOR_H
#define PY_GENERATOR_H

#include "py_api.h"

bool py_is_generator(PyObject *object);

/* An argument that must be a Generator, else TypeError. What is written lives as long as that; NULL
 * is the process's generator. */
bool py_generator_argument(const char *function, const char *argument, PyObject *object,
                           ag_generator **generator);

bool py_add_generator_type(PyObject *module);

#endif
