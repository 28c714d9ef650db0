/* SPDX-License-Identifier: MIT
 *
 * The inverse of the normal distribution function, for doubles and for long doubles: algorithm
 * AS 241 (M. J. Wichura, The percentage points of the normal distribution; Applied Statistics 37,
 * 1988), quotients of polynomials.
 */
#ifndef AGI_QUANTILE_H
#define AGI_QUANTILE_H

#include "config.h"

/* By falling powers of r; s is what a literal of the type ends with. */
#define AGI_POLYNOMIAL(s, r, a, b, c, d, e, f, g, h) \
    (((((((a##s * r + b##s) * r + c##s) * r + d##s) * r + e##s) * r + f##s) * r + g##s) * r + h##s)

/* Two functions, of which each p has one:
 *     name_middle  for q = p - 1/2 up to 0.425 from 0;
 *     name_tail    of the upper tail, for the root of -log(p), p the smaller of p and 1 - p. */
#define AGI_QUANTILE_STAMP(name, REAL, s) \
    AGI_INLINE REAL name##_middle(REAL q) \
    { \
        const REAL r = 0.180625##s - q * q; \
        return q * \
               AGI_POLYNOMIAL(s, r, 2.5090809287301226727e+3, 3.3430575583588128105e+4, \
                              6.7265770927008700853e+4, 4.5921953931549871457e+4, \
                              1.3731693765509461125e+4, 1.9715909503065514427e+3, \
                              1.3314166789178437745e+2, 3.3871328727963666080e+0) / \
               AGI_POLYNOMIAL(s, r, 5.2264952788528545610e+3, 2.8729085735721942674e+4, \
                              3.9307895800092710610e+4, 2.1213794301586595867e+4, \
                              5.3941960214247511077e+3, 6.8718700749205790830e+2, \
                              4.2313330701600911252e+1, 1.0); \
    } \
    AGI_INLINE REAL name##_tail(REAL root) \
    { \
        if (root <= 5.0##s) { \
            const REAL r = root - 1.6##s; \
            return AGI_POLYNOMIAL(s, r, 7.74545014278341407640e-4, 2.27238449892691845833e-2, \
                                  2.41780725177450611770e-1, 1.27045825245236838258e+0, \
                                  3.64784832476320460504e+0, 5.76949722146069140550e+0, \
                                  4.63033784615654529590e+0, 1.42343711074968357734e+0) / \
                   AGI_POLYNOMIAL(s, r, 1.05075007164441684324e-9, 5.47593808499534494600e-4, \
                                  1.51986665636164571966e-2, 1.48103976427480074590e-1, \
                                  6.89767334985100004550e-1, 1.67638483018380384940e+0, \
                                  2.05319162663775882187e+0, 1.0); \
        } \
        const REAL r = root - 5.0##s; \
        return AGI_POLYNOMIAL(s, r, 2.01033439929228813265e-7, 2.71155556874348757815e-5, \
                              1.24266094738807843860e-3, 2.65321895265761230930e-2, \
                              2.96560571828504891230e-1, 1.78482653991729133580e+0, \
                              5.46378491116411436990e+0, 6.65790464350110377720e+0) / \
               AGI_POLYNOMIAL(s, r, 2.04426310338993978564e-15, 1.42151175831644588870e-7, \
                              1.84631831751005468180e-5, 7.86869131145613259100e-4, \
                              1.48753612908506148525e-2, 1.36929880922735805310e-1, \
                              5.99832206555887937690e-1, 1.0); \
    }

#endif
