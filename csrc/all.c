/* SPDX-License-Identifier: MIT
 *
 * The whole core as one file, for programs that would rather compile it in than link it:
 *
 *     cc -O3 -Icsrc/include program.c csrc/all.c -lm -pthread
 *
 * computes the same bits as the shared library, with gcc and clang, in any standard from C11 on and
 * with or without GNU extensions. -O3 is for speed: below it gcc makes few vectors. What would
 * change the bits is set here or refused in config.h, but for what clang hides: that it was given
 * -ffp-contract=fast, or a part of -ffast-math alone. C libraries before glibc 2.34 need -ldl too.
 */

/* Before the first header. Not by #pragma or flag of the embedder's: `-std=c11` takes it away. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#define AG_FLAGS "those of the program that csrc/all.c is part of"

/* A product and a sum are two roundings. gcc with GNU extensions and clang would make one of them
 * where a level has the instruction for that, and levels would differ. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"  /* POSIX has functions' addresses as void pointers */
#if defined(__clang__)
#pragma float_control(precise, on, push)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC optimize("fp-contract=off", "no-math-errno", "no-trapping-math")
#endif

#include "base/alloc.c"
#include "base/blas.c"
#include "base/blas_plain.c"
#include "base/caches.c"
#include "base/check.c"
#include "base/levels.c"
#include "base/parallel.c"
#include "base/plain.c"
#include "base/profile.c"
#include "base/shape.c"
#include "base/site.c"
#include "base/status.c"
#include "base/thread.c"
#include "tensor/copy.c"
#include "tensor/create.c"
#include "tensor/guarded.c"
#include "tensor/layout.c"
#include "tensor/random.c"
#include "tensor/scope.c"
#include "tensor/tensor.c"
#include "compute/extremes.c"
#include "compute/gemm.c"
#include "compute/indexed.c"
#include "compute/lines.c"
#include "compute/mvec.c"
#include "compute/optim.c"
#include "compute/order.c"
#include "compute/patch.c"
#include "compute/run.c"
#include "compute/scan.c"
#include "compute/softmax.c"
#include "compute/standard.c"
#include "compute/sum_kernels.c"
#include "compute/sum_slide.c"
#include "compute/sum_across.c"
#include "compute/matrices.c"
#include "compute/sum.c"
#include "fuse/expr.c"
#include "fuse/jit/code.c"
#include "fuse/jit/compile.c"
#include "fuse/jit/numbers.c"
#include "fuse/overwrite.c"
#include "fuse/pending.c"
#include "fuse/program.c"
#include "fuse/program_group.c"
#include "fuse/program_noted.c"
#include "fuse/program_order.c"
#include "fuse/program_plan.c"
#include "fuse/program_worker.c"
#include "fuse/program_run.c"
#include "fuse/program_take.c"
#include "fuse/program_grid.c"
#include "tape/anomaly.c"
#include "tape/apply.c"
#include "tape/arrivals.c"
#include "tape/call_check.c"
#include "tape/cast.c"
#include "tape/checkpoint.c"
#include "tape/cut.c"
#include "tape/dtypes.c"
#include "tape/deposit.c"
#include "tape/engine.c"
#include "tape/facts.c"
#include "tape/formula.c"
#include "tape/function.c"
#include "tape/function_rule.c"
#include "tape/hooked.c"
#include "tape/hooks.c"
#include "tape/inplace.c"
#include "tape/kept.c"
#include "tape/node.c"
#include "tape/node_saved.c"
#include "tape/noted.c"
#include "tape/patches.c"
#include "tape/ready.c"
#include "tape/request.c"
#include "tape/rule.c"
#include "tape/saving.c"
#include "tape/slots.c"
#include "ops/activations.c"
#include "ops/bessel.c"
#include "ops/beta.c"
#include "ops/binary.c"
#include "ops/classes.c"
#include "ops/clone.c"
#include "ops/compare.c"
#include "ops/counting.c"
#include "ops/differences.c"
#include "ops/distances.c"
#include "ops/draws.c"
#include "ops/dropout.c"
#include "ops/entropy.c"
#include "ops/gamma.c"
#include "ops/gamma_draws.c"
#include "ops/gather.c"
#include "ops/gaussian.c"
#include "ops/incomplete.c"
#include "ops/index.c"
#include "ops/indexing.c"
#include "ops/integer.c"
#include "ops/join.c"
#include "ops/linalg_banded.c"
#include "ops/linalg_cholesky_vjp.c"
#include "ops/linalg_det.c"
#include "ops/linalg_eig.c"
#include "ops/linalg_factor.c"
#include "ops/linalg_ldl.c"
#include "ops/linalg_norms.c"
#include "ops/linalg_parts.c"
#include "ops/linalg_qr.c"
#include "ops/linalg_slopes.c"
#include "ops/linalg_solve.c"
#include "ops/linalg_spectral.c"
#include "ops/losses.c"
#include "ops/matrix.c"
#include "ops/masked.c"
#include "ops/norm.c"
#include "ops/normal.c"
#include "ops/norms.c"
#include "ops/pairs.c"
#include "ops/order.c"
#include "ops/picks.c"
#include "ops/product.c"
#include "ops/reduce.c"
#include "ops/rounding.c"
#include "ops/rows.c"
#include "ops/scans.c"
#include "ops/scatter.c"
#include "ops/scatter_reduce.c"
#include "ops/select.c"
#include "ops/shapes.c"
#include "ops/sparse.c"
#include "ops/special.c"
#include "ops/statistics.c"
#include "ops/unary.c"
#include "ops/unique.c"
#include "ops/view.c"
#include "ops/table.c"
#include "api.c"
#include "calls.c"
#include "arrange.c"
#include "contract.c"
#include "einsum.c"
#include "joins.c"
#include "optim.c"
#include "watch.c"
#include "custom.c"
#include "edges.c"
#include "fork.c"
#include "start.c"
#include "unload.c"

#if defined(__clang__)
#pragma float_control(pop)
#elif defined(__GNUC__)
#pragma GCC pop_options
#endif
#pragma GCC diagnostic pop
