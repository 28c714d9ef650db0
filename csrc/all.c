/* SPDX-License-Identifier: MIT
 *
 * The whole core as one file, for programs that would rather compile it in than link it:
 *
 *     cc -std=c11 -O3 -D_GNU_SOURCE -ffp-contract=off -fno-math-errno -fno-trapping-math \
 *        -Icsrc/include program.c csrc/all.c -lm -lpthread -ldl
 */
#include "op_table.c"
#include "alloc.c"
#include "api.c"
#include "apply.c"
#include "copy.c"
#include "create.c"
#include "engine.c"
#include "expr.c"
#include "inplace.c"
#include "node.c"
#include "ops/binary.c"
#include "ops/compare.c"
#include "ops/index.c"
#include "ops/reduce.c"
#include "ops/select.c"
#include "ops/unary.c"
#include "ops/view.c"
#include "parallel.c"
#include "plain.c"
#include "program.c"
#include "program_run.c"
#include "random.c"
#include "rule.c"
#include "run.c"
#include "shape.c"
#include "simd/levels.c"
#include "simd/mvec.c"
#include "status.c"
#include "sum.c"
#include "tensor.c"
#include "thread.c"
