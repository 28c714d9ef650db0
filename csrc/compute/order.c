/* SPDX-License-Identifier: MIT
 *
 * Sorting and selecting: see order.h. A number's rank is its bits, turned so that they compare as
 * unsigned integers. Few ranks are sorted by insertion, more by merging, many by their digits: only
 * the highest bits in which they differ, since few random numbers have these in common; runs that
 * have are sorted by the rest.
 */
#include "order.h"

#include <math.h>
#include <string.h>

#include "../base/levels.h"
#include "extremes.h"

/* The most numbers that are sorted by insertion, and by merging. */
#define BY_INSERTION 16
#define BY_MERGING 400
/* Digits: their bits, and how many of them. Few numbers are not worth large tables. */
#define DIGIT_BITS 11
#define DIGITS 3
#define SMALL_DIGIT_BITS 8
#define SMALL_DIGITS 4
#define FEW_FOR_DIGITS 8192
#define COUNTS (DIGITS << DIGIT_BITS)
/* Numbers that are looked at together for an extreme. */
#define EXTREME_PIECE 1024

/* ---- ranks ---------------------------------------------------------------------------------- */

#define RANK_OF_NAN UINT64_MAX
#define RANK_OF_ZERO (UINT64_C(1) << 63)

AGI_INLINE uint64_t ascending_rank(double x)
{
    uint64_t bits;
    x += 0.0;  /* of -0.0 that of 0.0 */
    memcpy(&bits, &x, sizeof bits);
    bits ^= (uint64_t)-(int64_t)(bits >> 63) | RANK_OF_ZERO;
    return x == x ? bits : RANK_OF_NAN;
}

AGI_INLINE uint64_t rank_of(double x, bool descending)
{
    return descending ? ~ascending_rank(x) : ascending_rank(x);
}

/* Not of zeros and NaN. */
AGI_INLINE double number_of_rank(uint64_t rank)
{
    const uint64_t bits = rank ^ ((uint64_t)((int64_t)~rank >> 63) | RANK_OF_ZERO);
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

void agi_rank(agi_ranked *ranked, const double *x, int64_t n, bool descending)
{
    for (int64_t i = 0; i < n; i++)
        ranked[i] = (agi_ranked){rank_of(x[i], descending), (uint64_t)i};
}

double agi_ranked_number(const agi_ranked *ranked, const double *x, bool descending)
{
    const uint64_t rank = descending ? ~ranked->rank : ranked->rank;
    if (AGI_UNLIKELY(rank == RANK_OF_ZERO || rank == RANK_OF_NAN))
        return x[ranked->place];
    return number_of_rank(rank);
}

/* ---- sorting -------------------------------------------------------------------------------- */

static void sort_by_insertion(agi_ranked *a, int64_t n)
{
    for (int64_t i = 1; i < n; i++) {
        const agi_ranked one = a[i];
        int64_t at = i;
        for (; at > 0 && a[at - 1].rank > one.rank; at--)
            a[at] = a[at - 1];
        a[at] = one;
    }
}

/* Each goes behind as many as are before it, which are counted without a branch that the processor
 * would have to guess. */
static void sort_by_counting(agi_ranked *a, int64_t n)
{
    agi_ranked sorted[BY_INSERTION];
    for (int64_t i = 0; i < n; i++) {
        const uint64_t rank = a[i].rank;
        int64_t before = 0;
        for (int64_t j = 0; j < i; j++)
            before += a[j].rank <= rank;
        for (int64_t j = i + 1; j < n; j++)
            before += a[j].rank < rank;
        sorted[before] = a[i];
    }
    memcpy(a, sorted, (size_t)n * sizeof *a);
}

/* z = what lies in two sorted runs, from a to b and from b to end. */
static void merge_ranked(agi_ranked *z, const agi_ranked *a, const agi_ranked *b,
                         const agi_ranked *end)
{
    const agi_ranked *const middle = b;
    while (a < middle && b < end) {
        const bool second = b->rank < a->rank;
        *z++ = *(second ? b : a);
        b += second;
        a += !second;
    }
    memcpy(z, a, (size_t)(middle - a) * sizeof *z);
    z += middle - a;
    memcpy(z, b, (size_t)(end - b) * sizeof *z);
}

static agi_ranked *sort_by_merging(agi_ranked *a, agi_ranked *room, int64_t n)
{
    for (int64_t i = 0; i < n; i += BY_INSERTION)
        sort_by_counting(a + i, n - i < BY_INSERTION ? n - i : BY_INSERTION);
    for (int64_t run = BY_INSERTION; run < n; run *= 2) {
        for (int64_t i = 0; i < n; i += 2 * run) {
            const int64_t b = i + run < n ? i + run : n, end = b + run < n ? b + run : n;
            merge_ranked(room + i, a + i, a + b, a + end);
        }
        agi_ranked *const sorted = room;
        room = a;
        a = sorted;
    }
    return a;
}

/* How many ranks there are of each digit, digits from the lowest on, behind each other. */
static void count_digits(uint32_t *counts, const agi_ranked *a, int64_t n, int low, int bits,
                         int digits)
{
    const uint64_t mask = (UINT64_C(1) << bits) - 1;
    memset(counts, 0, ((size_t)digits << bits) * sizeof *counts);
    for (int64_t i = 0; i < n; i++) {
        uint64_t rank = a[i].rank >> low;
        for (int d = 0; d < digits; d++, rank >>= bits)
            counts[((uint64_t)d << bits) + (rank & mask)]++;
    }
}

/* Sorts by one digit; false where all have the same, and nothing is moved. */
static bool sort_by_digit(agi_ranked *z, const agi_ranked *a, int64_t n, int low, int bits,
                          uint32_t *counts)
{
    const uint64_t mask = (UINT64_C(1) << bits) - 1;
    uint32_t before = 0;
    if (counts[a[0].rank >> low & mask] == (uint32_t)n)
        return false;
    for (uint64_t k = 0; k <= mask; k++) {
        const uint32_t some = counts[k];
        counts[k] = before;
        before += some;
    }
    for (int64_t i = 0; i < n; i++)
        z[counts[a[i].rank >> low & mask]++] = a[i];
    return true;
}

/* Sorts by the bits of ranks from `low` up to `top`. */
static agi_ranked *sort_by_bits(agi_ranked *a, agi_ranked *room, int64_t n, int low, int top)
{
    uint32_t counts[COUNTS];
    const int bits = n < FEW_FOR_DIGITS ? SMALL_DIGIT_BITS : DIGIT_BITS;
    const int digits = (top - low + bits - 1) / bits;
    count_digits(counts, a, n, low, bits, digits);
    for (int d = 0; d < digits; d++) {
        if (!sort_by_digit(room, a, n, low + d * bits, bits, counts + ((size_t)d << bits)))
            continue;
        agi_ranked *const sorted = room;
        room = a;
        a = sorted;
    }
    return a;
}

static bool is_sorted(const agi_ranked *a, int64_t n)
{
    int64_t i = 1;
    while (i < n && a[i - 1].rank <= a[i].rank)
        i++;
    return i >= n;
}

static agi_ranked *sort_many(agi_ranked *a, agi_ranked *room, int64_t n);

/* What is sorted from bit `low` on has runs that differ below alone. */
static void sort_runs(agi_ranked *a, agi_ranked *room, int64_t n, int low)
{
    for (int64_t i = 0, end; i < n; i = end) {
        const uint64_t high = a[i].rank >> low;
        for (end = i + 1; end < n && a[end].rank >> low == high;)
            end++;
        if (end - i <= BY_INSERTION) {
            sort_by_insertion(a + i, end - i);
            continue;
        }
        const agi_ranked *sorted = agi_sort_ranked(a + i, room + i, end - i);
        if (sorted != a + i)
            memcpy(a + i, sorted, (size_t)(end - i) * sizeof *a);
    }
}

static agi_ranked *sort_many(agi_ranked *a, agi_ranked *room, int64_t n)
{
    uint64_t differ = 0;
    for (int64_t i = 1; i < n; i++)
        differ |= a[i].rank ^ a[0].rank;
    if (differ == 0)
        return a;
    const int most = n < FEW_FOR_DIGITS ? SMALL_DIGITS * SMALL_DIGIT_BITS : DIGITS * DIGIT_BITS;
    const int top = 64 - __builtin_clzll(differ), low = top > most ? top - most : 0;
    agi_ranked *sorted = sort_by_bits(a, room, n, low, top);
    if (low > 0)
        sort_runs(sorted, sorted == a ? room : a, n, low);
    return sorted;
}

agi_ranked *agi_sort_ranked(agi_ranked *a, agi_ranked *room, int64_t n)
{
    if (n <= BY_INSERTION) {
        sort_by_insertion(a, n);
        return a;
    }
    if (is_sorted(a, n))
        return a;
    return n <= BY_MERGING || n > UINT32_MAX ? sort_by_merging(a, room, n) : sort_many(a, room, n);
}

/* ---- the first few -------------------------------------------------------------------------- */

/* Candidates are gathered behind the best k so far, and sorted with them when there are many. */
#define FIRST_MORE(k) ((k) < 48 ? 64 : (k) + 16)
/* Fewer numbers are not worth a bar, and it is given up after so many trials. */
#define BAR_FROM 64
#define BAR_TRIALS 16
/* The most candidates that a bar leaves. */
#define BAR_LEAVES(k) ((k) + ((k) < 64 ? 16 : (k) / 4))

bool agi_first_pays(int64_t k, int64_t n) { return k <= n / (n < BAR_FROM ? 8 : 4); }

int64_t agi_first_room(int64_t k) { return 2 * (k + FIRST_MORE(k)); }

#define IS_BEFORE(x, bar) (descending ? (x) > (bar) : (x) < (bar))

/* How many of x come before the bar. */
AGI_STAMPED int64_t count_before_body(const double *x, int64_t n, double bar, bool descending)
{
    int64_t count = 0;
    if (descending)
        for (int64_t i = 0; i < n; i++)
            count += x[i] > bar;
    else
        for (int64_t i = 0; i < n; i++)
            count += x[i] < bar;
    return count;
}

/* Those with their places, in their order. `first` has room for one more, since each is stored
 * before it is known whether it stays: numbers are looked at by eights, most of which have none. */
AGI_STAMPED int64_t gather_before_body(agi_ranked *first, const double *x, int64_t n, double bar,
                                       bool descending)
{
    int64_t has = 0, i = 0;
    for (; i + 8 <= n; i += 8) {
        int64_t any = 0;
        for (int64_t j = i; j < i + 8; j++)
            any |= IS_BEFORE(x[j], bar);
        for (int64_t j = i; any != 0 && j < i + 8; j++) {
            first[has].place = (uint64_t)j;
            has += IS_BEFORE(x[j], bar);
        }
    }
    for (; i < n; i++) {
        first[has].place = (uint64_t)i;
        has += IS_BEFORE(x[i], bar);
    }
    return has;
}

#define BAR_STAMP(TARGET, level) \
    TARGET static int64_t count_before_##level(const double *x, int64_t n, double bar, \
                                               bool descending) \
    { \
        return count_before_body(x, n, bar, descending); \
    } \
    TARGET static int64_t gather_before_##level(agi_ranked *first, const double *x, int64_t n, \
                                                double bar, bool descending) \
    { \
        return descending ? gather_before_body(first, x, n, bar, true) \
                          : gather_before_body(first, x, n, bar, false); \
    }
BAR_STAMP(AGI_TARGET_BASE, base)
#if AGI_X86
BAR_STAMP(AGI_TARGET_AVX2, avx2)
BAR_STAMP(AGI_TARGET_AVX512, avx512)
#endif

static const struct {
    int64_t (*count)(const double *x, int64_t n, double bar, bool descending);
    int64_t (*gather)(agi_ranked *first, const double *x, int64_t n, double bar, bool descending);
} bar_table[AGI_LEVELS] = {
    {count_before_base, gather_before_base},
#if AGI_X86
    {count_before_avx2, gather_before_avx2}, {count_before_avx512, gather_before_avx512},
#endif
};

/* A number that k of x or a few more come before, by halving what lies between the extremes. False
 * where none is found soon: there are NaN or infinities, many are equal, or few lie far out. */
static bool find_bar(const double *x, int64_t n, int64_t k, bool descending, double *bar)
{
    double before = agi_extreme_of_run(x, n, !descending);  /* nothing comes before this one */
    double behind = agi_extreme_of_run(x, n, descending);
    if (!(fabs(behind - before) < (double)INFINITY))
        return false;
    for (int trial = 0; trial < BAR_TRIALS; trial++) {
        *bar = before + (behind - before) * 0.5;
        const int64_t count = bar_table[agi_level_now].count(x, n, *bar, descending);
        if (count >= k && count <= BAR_LEAVES(k))
            return true;
        if (count < k)
            before = *bar;
        else
            behind = *bar;
    }
    return false;
}

/* The first k by a bar; false where there is none. */
static bool first_by_bar(agi_ranked *first, agi_ranked *other, const double *x, int64_t n,
                         int64_t k, bool descending)
{
    double bar;
    if (n < BAR_FROM || k > n / 4 || !find_bar(x, n, k, descending, &bar))
        return false;
    const int64_t has = bar_table[agi_level_now].gather(first, x, n, bar, descending);
    for (int64_t i = 0; i < has; i++)
        first[i].rank = rank_of(x[first[i].place], descending);
    if (agi_sort_ranked(first, other, has) == other)
        memcpy(first, other, (size_t)k * sizeof *first);
    return true;
}

/* The first place from i on whose number comes before one of this rank; n where there is none. */
static int64_t next_before(const double *x, int64_t i, int64_t n, double last, uint64_t rank,
                           bool descending)
{
    if (last != last || last == 0.0) {  /* rare: what is before NaN, and before both zeros */
        while (i < n && rank_of(x[i], descending) >= rank)
            i++;
        return i;
    }
    if (descending)
        while (i < n && x[i] <= last)  /* NaN comes before */
            i++;
    else
        while (i < n && !(x[i] < last))
            i++;
    return i;
}

void agi_first_ranked(agi_ranked *first, const double *x, int64_t n, int64_t k, bool descending)
{
    const int64_t room = k + FIRST_MORE(k), start = 2 * k + 8 < room ? 2 * k + 8 : room;
    agi_ranked *other = first + room;
    int64_t has = 0, i = 0;
    if (k > 0 && first_by_bar(first, other, x, n, k, descending))
        return;
    uint64_t rank = UINT64_MAX;
    double last = 0.0;
    bool full = false;
    while (k > 0 && (i < n || has > k || !full)) {
        if (!full) {
            for (; i < n && has < start; i++)
                first[has++] = (agi_ranked){rank_of(x[i], descending), (uint64_t)i};
        } else {
            while (has < room && (i = next_before(x, i, n, last, rank, descending)) < n) {
                first[has++] = (agi_ranked){rank_of(x[i], descending), (uint64_t)i};
                i++;
            }
        }
        if (agi_sort_ranked(first, other, has) == other)
            memcpy(first, other, (size_t)(has < k ? has : k) * sizeof *first);
        has = k;
        rank = first[k - 1].rank;
        last = x[first[k - 1].place];
        full = true;
    }
}

/* ---- the k-th ------------------------------------------------------------------------------- */

static void sort_ranks(uint64_t *a, int64_t n)
{
    for (int64_t i = 1; i < n; i++) {
        const uint64_t one = a[i];
        int64_t at = i;
        for (; at > 0 && a[at - 1] > one; at--)
            a[at] = a[at - 1];
        a[at] = one;
    }
}

/* The digit of the k-th of n ranks, of `count` by digit; *k becomes its place among those of this
 * digit. */
static uint64_t digit_at(const uint32_t *counts, int64_t *k)
{
    uint64_t digit = 0;
    while (*k >= (int64_t)counts[digit])
        *k -= (int64_t)counts[digit++];
    return digit;
}

/* The k-th of m ranks, which have all bits from `top` on in common. */
static uint64_t rank_at(uint64_t *a, int64_t m, int64_t k, int top)
{
    uint32_t counts[1 << DIGIT_BITS];
    while (m > 2 * BY_INSERTION && top > 0) {
        int bits = m < FEW_FOR_DIGITS ? SMALL_DIGIT_BITS : DIGIT_BITS;
        bits = bits < top ? bits : top;
        const int low = top - bits;
        const uint64_t mask = (UINT64_C(1) << bits) - 1;
        memset(counts, 0, sizeof *counts << bits);
        for (int64_t i = 0; i < m; i++)
            counts[a[i] >> low & mask]++;
        const uint64_t digit = digit_at(counts, &k);
        int64_t kept = 0;
        for (int64_t i = 0; i < m; i++) {
            a[kept] = a[i];
            kept += (a[i] >> low & mask) == digit;
        }
        m = kept;
        top = low;
    }
    if (top > 0)
        sort_ranks(a, m);
    return a[k];
}

double agi_number_at(const double *x, int64_t n, int64_t k, uint64_t *room)
{
    uint32_t counts[1 << DIGIT_BITS];
    int64_t m = n;
    int top = 64;
    if (n > FEW_FOR_DIGITS && n <= UINT32_MAX) {  /* by the first digit before anything is stored */
        memset(counts, 0, sizeof counts);
        top -= DIGIT_BITS;
        for (int64_t i = 0; i < n; i++)
            counts[ascending_rank(x[i]) >> top]++;
        const uint64_t digit = digit_at(counts, &k);
        m = 0;
        for (int64_t i = 0; i < n; i++) {
            room[m] = ascending_rank(x[i]);
            m += room[m] >> top == digit;
        }
    } else {
        for (int64_t i = 0; i < n; i++)
            room[i] = ascending_rank(x[i]);
    }
    const uint64_t rank = rank_at(room, m, k, top);
    return rank == RANK_OF_NAN ? (double)NAN : number_of_rank(rank);
}

/* ---- places --------------------------------------------------------------------------------- */

int64_t agi_place_of(const double *x, int64_t n, double number)
{
    int64_t i = 0;
    if (number != number) {
        while (i < n && x[i] == x[i])
            i++;
        return i;
    }
    for (; i + 8 <= n; i += 8) {
        int found = 0;
        for (int k = 0; k < 8; k++)
            found |= x[i + k] == number;
        if (found)
            break;
    }
    while (i < n && x[i] != number)
        i++;
    return i;
}

static int64_t place_among_few(const double *x, int64_t n, bool least)
{
    int64_t best = 0;
    for (int64_t i = 1; i < n && x[best] == x[best]; i++)
        if (x[i] != x[i] || (least ? x[i] < x[best] : x[i] > x[best]))
            best = i;
    return best;
}

int64_t agi_place_of_extreme(const double *x, int64_t n, bool least)
{
    if (n < 24)
        return place_among_few(x, n, least);
    int64_t best = -1;
    for (int64_t at = 0; at < n; at += EXTREME_PIECE) {
        const int64_t some = n - at < EXTREME_PIECE ? n - at : EXTREME_PIECE;
        const double value = agi_extreme_of_run(x + at, some, least);
        if (best >= 0 && value == value && (least ? value >= x[best] : value <= x[best]))
            continue;
        best = at + agi_place_of(x + at, some, value);
        if (value != value)
            break;
    }
    return best;
}

#undef BY_INSERTION
#undef BY_MERGING
#undef DIGIT_BITS
#undef DIGITS
#undef SMALL_DIGIT_BITS
#undef SMALL_DIGITS
#undef FEW_FOR_DIGITS
#undef COUNTS
#undef EXTREME_PIECE
#undef RANK_OF_NAN
#undef RANK_OF_ZERO
#undef FIRST_MORE
#undef BAR_FROM
#undef BAR_TRIALS
#undef BAR_LEAVES
#undef IS_BEFORE
