/* SPDX-License-Identifier: MIT
 *
 * The one path that every op call takes: check -> infer the shape -> compute -> record. Public as
 * ag_apply; here for the core's own callers, with what the public form leaves out.
 */
#ifndef AGI_APPLY_H
#define AGI_APPLY_H

#include "../compute/op.h"
#include "../compute/run.h"
#include "node.h"

/* A value that failed: rules pass it on, the engine finds it (the error is already set). */
#pragma GCC visibility push(hidden)
extern ag_tensor agi_failed;

/* What a clone is told that is to be row-major, whatever the input is. */
extern const ag_attr agi_row_major;

/* The variant under which PyTorch would print the node of this call. */
int agi_variant_of(int op, const ag_arg *args, const ag_attr *attr);

/* Like ag_apply, whose checks were made. */
ag_tensor *agi_call(int op, int n, const ag_arg *args, const ag_attr *attr);

/* Like ag_apply, with the variant given, and outside any scope. */
ag_tensor *agi_apply(int op, int variant, int n, const ag_arg *args, const ag_attr *attr);

/* The arguments as they are now, to be released. They are what is large or pending computed from,
 * since other threads may change the caller's meanwhile (INVARIANT[blocking]). */
bool agi_args_own(int n, const ag_arg *args, ag_arg *own);

/* What `join` makes of n tensors as they are now, since what is large or pending lets other threads
 * run: of snapshots, whose numbers are there. */
typedef ag_tensor *(*agi_join_fn)(int n, const ag_arg *args, const ag_attr *attr);
ag_tensor *agi_of_snapshots(int n, const ag_arg *args, const ag_attr *attr, agi_join_fn join);
void agi_args_release(int n, const ag_arg *own);

/* Computes without recording, whatever the grad mode. */
ag_tensor *agi_compute(int op, int n, const ag_arg *args, const ag_attr *attr);

/* x if it is row-major, else a copy that is. Its numbers are there. Owned. */
ag_tensor *agi_row_major_of(ag_tensor *x);

/* An op with several results: n of them, owned, into outs, or none. */
ag_status agi_apply_several(int op, int n_args, const ag_arg *args, const ag_attr *attr, int n,
                            ag_tensor **outs);

/* The same for an elementwise op without numbers of its own, whose result has the shape of `like`,
 * which is dense and does not change meanwhile: the result lies in memory as `like` does. */
ag_tensor *agi_map_like(const ag_tensor *like, int op, int n, const ag_arg *args);

/* x becomes what the view op makes of it: its geometry, and where the tape knows x its node. */
ag_status agi_view_in_place(ag_tensor *x, int op, int variant, const ag_attr *attr);

/* The new node of the base of x, which is a view that was written: the base with the region of x
 * replaced by what `node` (owned, taken; may be NULL: a constant) makes. Owned. */
ag_node *agi_node_of_base(ag_tensor *x, ag_node *node);

void agi_map_into_layout(ag_tensor *z, int op, int n, const ag_arg *args, const double *f);
#pragma GCC visibility pop

/* z = elementwise op of args, at once: z is dense, all have their numbers, and nobody waits to read
 * z's memory. */
AGI_INLINE void agi_map_into(ag_tensor *z, int op, int n, const ag_arg *args, const double *f)
{
    if (AGI_UNLIKELY(!agi_is_contiguous(z)))
        agi_map_into_layout(z, op, n, args, f);
    else
        agi_run_map(&agi_ops[op], agi_tensor_data(z), z->ndim, agi_shape_of(z), z->numel, n, args,
                    f);
}

#endif
