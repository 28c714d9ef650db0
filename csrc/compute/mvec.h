/* SPDX-License-Identifier: MIT
 *
 * Vector math over arrays: z[i] = f(x[i]). Each function runs the C library's vector form of the
 * current CPU level where there is one (looked up once, at load), remainders padded through the
 * same vector function, so that an element's result does not depend on its place; and the
 * C library's scalar form elsewhere. z may be x. Errors are stated in csrc/README.md.
 */
#ifndef AGI_MVEC_H
#define AGI_MVEC_H

#include "../base/levels.h"

typedef void (*agi_mvec1)(double *z, const double *x, int64_t n);
/* x or y is one value for all i where bit 0 or 1 of splat is set. */
typedef void (*agi_mvec2)(double *z, const double *x, const double *y, unsigned splat, int64_t n);

#define AGI_MVEC_PLAIN_LIST(F) \
    F(exp) F(expm1) F(log) F(log1p) F(log2) F(log10) F(sinh) F(cosh) F(asin) F(acos) F(atan) \
    F(erf) F(erfc)
#define AGI_MVEC1_LIST(F) AGI_MVEC_PLAIN_LIST(F) F(sin) F(cos) F(tan)

typedef struct agi_mvec_table {
#define AGI_MVEC_FIELD(name) agi_mvec1 name;
    AGI_MVEC1_LIST(AGI_MVEC_FIELD)
#undef AGI_MVEC_FIELD
    agi_mvec2 pow, atan2;
} agi_mvec_table;

#pragma GCC visibility push(hidden)
extern agi_mvec_table agi_mvec;        /* of agi_level_now; set when the library is loaded */
#define AGI_LANES 8                    /* numbers of the widest vector */
void agi_mvec_start(void);             /* sets it; once, after agi_level_now */
/* The last AGI_LANES of n numbers; where they are fewer, these and copies of the first behind. */
void agi_keep_last(double *to, const double *from, int64_t n);
const char *agi_mvec_source(void);     /* "libmvec", "libm" or how many of which, for show_config */
#pragma GCC visibility pop

#endif
