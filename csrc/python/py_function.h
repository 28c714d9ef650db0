/* SPDX-License-Identifier: MIT
 *
 * autograd.Function: the type FunctionCtx of contexts (py_context.c), and `apply` (py_function.c).
 *
 * The context of a call is the node that the call records, as Python sees it. The node of the tape
 * owns the context; the context knows its node without owning it.
 */
#ifndef PY_FUNCTION_H
#define PY_FUNCTION_H

#include "py_node.h"

#define PY_FEW_ARGUMENTS 8

/* What an argument of a Function is. */
enum { PY_ARGUMENT_TENSOR = 1, PY_ARGUMENT_NEEDS_GRAD = 2 };

typedef struct py_context {
    py_node head;
    PyObject *function;            /* owned: the class that was called */
    PyObject *to_save;             /* owned: what save_for_backward was given, until forward ends */
    PyObject *saved_for_forward, *dirty_tensors, *non_differentiable;  /* owned, or NULL */
    PyObject *materialize_grads;   /* owned */
    PyObject *saved_leaves;        /* owned: objects of the leaves that are saved, or NULL */
    ag_saved **saved;              /* owned, of what was saved; NULL entries for None */
    int n_saved;
    int n_arguments;
    uint8_t *arguments;            /* PY_ARGUMENT_ of each; own memory where they are many */
    uint8_t few[PY_FEW_ARGUMENTS];
    int64_t *results;              /* owned: of each how many dimensions, -1 for no tensor, then
                                      its sizes */
    bool is_recorded, is_freed, is_cleared, has_setup;
} py_context;

extern PyTypeObject *py_context_type;
extern PyMethodDef py_function_functions[];

bool py_add_function_types(PyObject *module);
bool py_add_context_type(PyObject *module);

/* What is saved at the end of a forward that is recorded; `results` are its tensors, or NULL. */
bool py_context_save(py_context *ctx, int n_results, ag_tensor *const *results);

/* What a forward left that is of no use after it. */
void py_context_forget(py_context *ctx);

/* A backward that does not retain the graph is done with it. */
void py_context_free_saved(py_context *ctx);

/* The gradients of results (borrowed, NULL where there is none) as the user's backward gets them:
 * zeros stand for none unless set_materialize_grads(False) said otherwise. A new tuple. */
PyObject *py_context_gradients(const py_context *ctx, int n, ag_tensor *const *gradients);

#endif
