/* SPDX-License-Identifier: MIT
 *
 * What a node keeps of a function of the embedder's. See function.h.
 */
#include "function.h"

#include <string.h>

#include "callback.h"

static size_t count_sizes(int n, ag_tensor *const *inputs)
{
    size_t count = 0;
    for (int k = 0; k < n; k++)
        count += 1 + (size_t)inputs[k]->ndim;
    return count;
}

static void write_sizes(int64_t *at, int n, ag_tensor *const *inputs)
{
    for (int k = 0; k < n; k++) {
        *at++ = inputs[k]->ndim;
        memcpy(at, agi_shape_of(inputs[k]), inputs[k]->ndim * sizeof(int64_t));
        at += inputs[k]->ndim;
    }
}

agi_function *agi_function_new(const ag_function *given, int n_inputs, ag_tensor *const *inputs)
{
    const size_t sizes = count_sizes(n_inputs, inputs), length = strlen(given->name) + 1;
    agi_function *f = agi_plain_new(sizeof *f + sizes * sizeof(int64_t) + length);
    if (f == NULL)
        return NULL;
    char *name = (char *)(f->shapes + sizes);
    memcpy(name, given->name, length);
    write_sizes(f->shapes, n_inputs, inputs);
    f->given = *given;
    f->given.name = name;
    return f;
}

void agi_function_free(agi_function *f) { agi_plain_free(f); }

void agi_function_end(agi_function *f)
{
    if (f == NULL)
        return;
    if (f->given.release != NULL)
        f->given.release(f->given.context);
    agi_function_free(f);
}

void agi_function_free_saved(agi_function *f)
{
    if (f->given.free_saved != NULL)
        f->given.free_saved(f->given.context);
}

bool agi_function_call(const agi_function *f, ag_node *node, int n_results,
                       ag_tensor *const *of_results, int n_inputs, const bool *needed,
                       ag_tensor **of_inputs)
{
    const agi_callback call = agi_callback_begin();
    const ag_status status = f->given.rule(f->given.context, node, n_results, of_results, n_inputs,
                                           needed, of_inputs);
    agi_callback_end(&call);
    return agi_callback_succeeded(status, "the rule of a function failed");
}
