/* SPDX-License-Identifier: MIT
 *
 * Functions of the embedder as nodes of the tape: what such a node keeps of one, and calling it.
 *
 * The embedder's code may run anything, and other threads meanwhile (INVARIANT[blocking]). While
 * it runs no scope is open, so that what it makes is its own.
 */
#ifndef AGI_FUNCTION_H
#define AGI_FUNCTION_H

#include "../tensor/tensor.h"

typedef struct agi_function {
    ag_function given;  /* with a name of its own */
    int64_t shapes[];   /* of each input in turn: how many dimensions, then their sizes */
} agi_function;

#pragma GCC visibility push(hidden)

/* What a node over these inputs keeps of a function: NULL if there is no memory. */
agi_function *agi_function_new(const ag_function *given, int n_inputs, ag_tensor *const *inputs);

/* The end of one that has become a node's, or of one that has not: then the context is the
 * caller's. */
void agi_function_end(agi_function *f);
void agi_function_free(agi_function *f);

/* A backward is done with the values that the embedder keeps for its rule. */
void agi_function_free_saved(agi_function *f);

/* Calls the embedder's rule: gradients of the inputs, owned, NULL where there is none, into
 * of_inputs, which begin as NULL. False with an error. */
bool agi_function_call(const agi_function *f, ag_node *node, int n_results,
                       ag_tensor *const *of_results, int n_inputs, const bool *needed,
                       ag_tensor **of_inputs);

/* The rule of the node. */
struct agi_vjp;
void agi_function_rule(struct agi_vjp *v);

#pragma GCC visibility pop
#endif
