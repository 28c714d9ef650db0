/* SPDX-License-Identifier: MIT
 *
 * Rows less their mean, divided by the root of their variance and eps, and the gradient of that:
 * with r = 1 / sqrt(variance + eps), y = r (x - mean), m(...) means over a row,
 *     z = y, or weight * y + bias;
 *     dx = r (h - m(h) - y m(h y)), with h = g, or weight * g.
 */
#ifndef AGI_STANDARD_H
#define AGI_STANDARD_H

#include "../base/config.h"

typedef struct agi_standard_rows {
    double *z;
    double *sums;  /* of a gradient with a weight: n sums of g y over the rows, then n of g */
    const double *x;
    const double *g;              /* NULL for the rows themselves */
    const double *weight, *bias;  /* n numbers each, or NULL; a gradient has no bias */
    int64_t count, n;             /* rows, and numbers in each */
    double eps;
} agi_standard_rows;

#pragma GCC visibility push(hidden)
/* Large rows are shared among threads; the embedder's lock is let go then. The sums over rows are
 * those of sum.h, for which threads share blocks of AGI_SUM_BLOCK rows. False without memory. */
bool agi_standard_run(const agi_standard_rows *rows);
#pragma GCC visibility pop

#endif
