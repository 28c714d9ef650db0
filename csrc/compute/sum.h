/* SPDX-License-Identifier: MIT
 *
 * Summation in a fixed tree. T(x[0 .. m)), the sum of m numbers, is defined by their order alone:
 *
 *     block    128 numbers are 16 lanes (number i is in lane i mod 16); the 8 of each lane are
 *              added as a balanced tree in order, then lanes l and l + 8, l and l + 4, l and l + 2,
 *              0 and 1. What is missing of the last block counts as 0.
 *     tree     T(one block) is the block; T(more) = T(the first p blocks) + T(the rest), p the
 *              largest power of two less than their number.
 *     at last  0.0 is added, so that no sum is -0.0.
 *
 * A reduction over any dimensions gives, for each element of the result, T of its elements in
 * row-major order. The bits thus depend neither on strides nor on the CPU level, the number of
 * threads or the tile size; and the error grows with the logarithm of m only. A stretch of 2^k
 * blocks that starts at a multiple of its length is one node of the tree: that is how threads, and
 * whoever sums a tile at a time, share the work.
 */
#ifndef AGI_SUM_H
#define AGI_SUM_H

#include "../base/config.h"

#define AGI_SUM_BLOCK 128
#define AGI_SUM_LANES 16

/* Sums of equal stretches (2^k blocks each, only the last may be shorter), put in one by one. */
typedef struct agi_sum_tree {
    int64_t count;
    int top;          /* nodes that are there */
    double node[64];  /* one for each bit of count, the largest subtree first */
} agi_sum_tree;

AGI_INLINE void agi_sum_tree_clear(agi_sum_tree *tree)
{
    tree->count = 0;
    tree->top = 0;
}

AGI_INLINE void agi_sum_tree_put(agi_sum_tree *tree, double sum)
{
    int top = tree->top;
    for (int64_t ones = tree->count++; ones & 1; ones >>= 1)
        sum = tree->node[--top] + sum;
    tree->node[top] = sum;
    tree->top = top + 1;
}

AGI_INLINE double agi_sum_tree_total(const agi_sum_tree *tree)
{
    int top = tree->top;
    if (top == 0)
        return 0.0;
    double sum = tree->node[--top];
    while (top > 0)
        sum = tree->node[--top] + sum;
    return sum;
}

#pragma GCC visibility push(hidden)

/* T of n >= 0 contiguous numbers, without the 0.0 at last. */
double agi_sum_run(const double *x, int64_t n);

/* The same of n numbers of which the first level of the tree is there already: for every 32, or
 * what there is of the last 32, the sums of 16 of them and the 16 that follow. */
#define AGI_SUM_PAIRED (2 * AGI_SUM_LANES)
double agi_sum_pairs(const double *sums, int64_t n);

/* The sums of `count` runs of n numbers, `step` apart, 0.0 added, into z, `z_step` apart. */
void agi_sum_runs(double *z, int64_t z_step, const double *x, int64_t step, int64_t count,
                  int64_t n);

/* Up to eight blocks, each in a place of its own. */
double agi_sum_blocks_apart(const double *const *block, int count);

/* z = a block whose first `head` numbers, fewer than all, are at x, and the others at rest. */
void agi_sum_join(double *z, const double *x, int64_t head, const double *rest);

/* For those who sum columns of their own: z[n] = the balanced tree over p[0] ... p[count - 1], each
 * of n numbers, count 2, 4, 8 or 16; and z[n] = one block of up to AGI_SUM_BLOCK rows of
 * n <= AGI_SUM_STRIP numbers. */
#define AGI_SUM_STRIP 256
void agi_sum_rows(double *z, const double *const *p, int count, int64_t n);
void agi_sum_rows_block(double *z, const double *const *row, int rows, int64_t n);

/* z (contiguous, of the shape that is left) = x summed over the dimensions of mask. Sizes of 0 are
 * allowed. */
void agi_sum_into(double *z, const double *x, int ndim, const int64_t *shape,
                  const int64_t *strides, uint64_t mask);

#pragma GCC visibility pop
#endif
