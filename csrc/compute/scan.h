/* SPDX-License-Identifier: MIT
 *
 * Scans: each result is made of all elements up to its own along one dimension. Arrays are
 * row-major, outer x n x inner, and the n are scanned. z may be one of the inputs.
 *
 * A value depends on the elements before it and on their order alone: not on the other dimensions,
 * on threads or on the CPU level.
 */
#ifndef AGI_SCAN_H
#define AGI_SCAN_H

#include "../base/config.h"

typedef struct agi_scan {
    int64_t outer, n, inner;
    bool reverse;   /* from the last element to the first */
} agi_scan;

#pragma GCC visibility push(hidden)

/* Sums. Four elements are added up before they are added to what came before, so that the sum of
 * all waits for one addition in four; where they are `whole` numbers, one at a time, so that no sum
 * is beyond those of a prefix. */
void agi_scan_sum(double *z, const double *x, const agi_scan *scan, bool whole);

/* Products, one factor at a time. */
void agi_scan_product(double *z, const double *x, const agi_scan *scan);

/* z[i] = b[i] + a[i] z[i - 1], in reverse b[i] + a[i + 1] z[i + 1]; b[i] alone at the beginning and
 * where the z before it is 0, whatever a is. */
void agi_scan_linear(double *z, const double *a, const double *b, const agi_scan *scan);

/* The largest (least: smallest) so far and where it is: of equal ones the last. From the first NaN
 * on each NaN. */
void agi_scan_extreme(double *z, double *indices, const double *x, const agi_scan *scan,
                      bool least);

/* log(exp(x[0]) + ... + exp(x[i])). */
void agi_scan_logsumexp(double *z, const double *x, const agi_scan *scan);

/* z[i] = x[i - by], `fill` where there is none. z is not x. */
void agi_scan_shift(double *z, const double *x, const agi_scan *scan, int64_t by, double fill);

#pragma GCC visibility pop
#endif
