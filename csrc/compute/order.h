/* SPDX-License-Identifier: MIT
 *
 * The order of numbers: sorting, the first few, the k-th, the first extreme of a line. NaN comes
 * behind infinity, all NaN are equal, and so are 0.0 and -0.0. Of equal numbers the first comes
 * first, in descending order too.
 */
#ifndef AGI_ORDER_H
#define AGI_ORDER_H

#include "../base/config.h"

/* A number's rank, and where it was. Ranks compare as the numbers do in the order that is meant. */
typedef struct agi_ranked {
    uint64_t rank, place;
} agi_ranked;

#pragma GCC visibility push(hidden)

/* Ranks of x[n], with their places. */
void agi_rank(agi_ranked *ranked, const double *x, int64_t n, bool descending);

/* Sorts by rank what lies in a; `room` is as large. Returns the one of the two where the result
 * is. */
agi_ranked *agi_sort_ranked(agi_ranked *a, agi_ranked *room, int64_t n);

/* The number that has a rank, read from x where the rank does not tell its sign. */
double agi_ranked_number(const agi_ranked *ranked, const double *x, bool descending);

/* The first k of x[n] in their order, k <= n, into `first`, which has room for
 * agi_first_room(k). */
int64_t agi_first_room(int64_t k);
/* Whether this is less work than sorting all. */
bool agi_first_pays(int64_t k, int64_t n);
void agi_first_ranked(agi_ranked *first, const double *x, int64_t n, int64_t k, bool descending);

/* The number that k others come before in ascending order, 0 <= k < n; `room` is for n. */
double agi_number_at(const double *x, int64_t n, int64_t k, uint64_t *room);

/* The place of the first number equal to this one, where NaN is equal to NaN; n if there is
 * none. */
int64_t agi_place_of(const double *x, int64_t n, double number);

/* The place of the first largest number of x[n], n > 0, or smallest; of the first NaN if there is
 * one. */
int64_t agi_place_of_extreme(const double *x, int64_t n, bool least);

#pragma GCC visibility pop
#endif
