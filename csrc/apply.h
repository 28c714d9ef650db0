/* SPDX-License-Identifier: MIT
 *
 * The one path that every op call takes: check -> infer the shape -> compute -> record. Public as
 * ag_apply; here for the core's own callers, with what the public form leaves out.
 */
#ifndef AGI_APPLY_H
#define AGI_APPLY_H

#include "op.h"

/* A value that failed: rules pass it on, the engine finds it (the error is already set). */
#pragma GCC visibility push(hidden)
extern ag_tensor agi_failed;

/* The variant under which PyTorch would print the node of this call. */
int agi_variant_of(int op, const ag_arg *args, const ag_attr *attr);

/* Like ag_apply, with the variant given, and outside any scope. */
ag_tensor *agi_apply(int op, int variant, int n, const ag_arg *args, const ag_attr *attr);

/* The arguments as they are now, to be released. They are what is large or pending computed from,
 * since other threads may change the caller's meanwhile (INVARIANT[blocking]). */
bool agi_args_own(int n, const ag_arg *args, ag_arg *own);
void agi_args_release(int n, const ag_arg *own);

/* Computes without recording, whatever the grad mode. */
ag_tensor *agi_compute(int op, int n, const ag_arg *args, const ag_attr *attr);
#pragma GCC visibility pop

AGI_INLINE ag_arg agi_arg(ag_tensor *t) { return (ag_arg){.tensor = t, .value = 0.0}; }
AGI_INLINE ag_arg agi_number(double value) { return (ag_arg){.tensor = NULL, .value = value}; }

#endif
