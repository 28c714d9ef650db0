/* SPDX-License-Identifier: MIT
 *
 * Functions as scalar code without branches, calls or tables, which the compiler turns into vector
 * code of each level's width where a kernel (kernel.h) has them in its loop: parts of kernels that
 * would otherwise go over their tile several times and lose digits on the way. Not exp itself: the
 * C library's takes half the time without fused multiply-add, by a table, and as long with it.
 *
 * `fused` is a constant in each kernel: whether its level has fused multiply-add. Levels with and
 * without it differ in the last bits; at one level the bits depend on the argument alone, whether
 * the element went through the vector loop or through the scalar rest of it.
 */
#ifndef AGI_VMATH_H
#define AGI_VMATH_H

#include <math.h>
#include <string.h>

#include "../base/levels.h"

/* a * b + c, rounded once where that costs nothing. */
AGI_STAMPED double agi_madd(bool fused, double a, double b, double c)
{
    return fused ? __builtin_fma(a, b, c) : a * b + c;
}

AGI_STAMPED uint64_t agi_bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

AGI_STAMPED double agi_double_of(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

#define MADD(a, b, c) agi_madd(fused, a, b, c)

/* (exp(r) - 1 - r) / r^2 for |r| <= ln(2) / 2: the polynomial of least error, 2^-57.9 of exp(r). In
 * pairs, so that few operations wait for one another. */
AGI_STAMPED double agi_exp_tail(bool fused, double r)
{
    const double r2 = r * r, r4 = r2 * r2;
    const double p01 = MADD(0x1.55555555554f9p-3, r, 0x1.000000000000ap-1);
    const double p23 = MADD(0x1.1111111127cccp-7, r, 0x1.5555555550893p-5);
    const double p45 = MADD(0x1.a01a012a41837p-13, r, 0x1.6c16c18426270p-10);
    const double p67 = MADD(0x1.71df252ca2720p-19, r, 0x1.a0199a15c61bep-16);
    const double p89 = MADD(0x1.ad800d71e61b0p-26, r, 0x1.28ad6ab1aceeep-22);
    const double low = MADD(p23, r2, p01), high = MADD(MADD(p89, r2, p67), r2, p45);
    return MADD(high, r4, low);
}

/* exp(x + more) for x <= 0, where `more` matters for the last digits alone: k is the whole number
 * nearest to x / ln 2, r what is left, and the result 1 + (r + r^2 tail(r)) times 2^k. That is two
 * factors, as one could not be a number where the result is a denormal. Below -746 it is 0; NaN
 * passes the comparison. */
AGI_STAMPED double agi_exp_negative(bool fused, double x, double more)
{
    /* Adding 1.5 * 2^52 rounds to a whole number and leaves it in the low bits; 2046 more makes it
     * the sum of two biased exponents, each about half of it. */
    const double shift = 0x1.8p52 + 2046.0, x_in = x < -746.0 ? -746.0 : x;
    const double shifted = MADD(x_in, 0x1.71547652b82fep+0, shift), k = shifted - shift;
    const uint64_t bits = agi_bits_of(shifted), half = bits >> 1;
    const double power1 = agi_double_of(half << 52), power2 = agi_double_of((bits - half) << 52);
    const double high = MADD(-k, 0x1.62e42fefa3800p-1, x_in);  /* 42 bits of ln 2: not rounded */
    const double r = MADD(-k, 0x1.ef35793c76730p-45, high) + more;
    return (1.0 + MADD(r * r, agi_exp_tail(fused, r), r)) * power1 * power2;
}

/* tanh(x) for x >= 0: with e = exp(-2x) it is (1 - e) / (1 + e). e is 2^k (1 + p), k as above and 0
 * for small x, and 1 - 2^k is exact: so 1 - e keeps all digits of p. Beyond 22 it is 1; NaN passes
 * the comparison. */
AGI_STAMPED double agi_tanh_positive(bool fused, double x)
{
    const double shift = 0x1.8p52 + 1023.0, u = x > 22.0 ? -44.0 : -2.0 * x;
    const double shifted = MADD(u, 0x1.71547652b82fep+0, shift), k = shifted - shift;
    const double power = agi_double_of(agi_bits_of(shifted) << 52);
    const double high = MADD(-k, 0x1.62e42fefa3800p-1, u);
    const double r = MADD(-k, 0x1.ef35793c76730p-45, high);
    const double part = power * MADD(r * r, agi_exp_tail(fused, r), r);
    return ((1.0 - power) - part) / ((1.0 + power) + part);
}

/* 2^x, likewise of two factors: k is the whole number nearest to x. */
AGI_STAMPED double agi_exp2(bool fused, double x)
{
    const double shift = 0x1.8p52 + 2046.0, x_low = x < -1080.0 ? -1080.0 : x;
    const double x_in = x_low > 1030.0 ? 1030.0 : x_low;
    const double shifted = x_in + shift, k = shifted - shift;
    const uint64_t bits = agi_bits_of(shifted), half = bits >> 1;
    const double power1 = agi_double_of(half << 52), power2 = agi_double_of((bits - half) << 52);
    const double r = (x_in - k) * 0x1.62e42fefa39efp-1;
    return (1.0 + MADD(r * r, agi_exp_tail(fused, r), r)) * power1 * power2;
}

/* exp(x) - 1 for x <= 0: with k and r as above it is (2^k - 1) + 2^k (r + r^2 tail(r)), of which
 * the first is exact, or rounded where the second is far smaller. */
AGI_STAMPED double agi_expm1_negative(bool fused, double x)
{
    const double shift = 0x1.8p52 + 1023.0, x_in = x < -60.0 ? -60.0 : x;
    const double shifted = MADD(x_in, 0x1.71547652b82fep+0, shift), k = shifted - shift;
    const double power = agi_double_of(agi_bits_of(shifted) << 52);
    const double high = MADD(-k, 0x1.62e42fefa3800p-1, x_in);
    const double r = MADD(-k, 0x1.ef35793c76730p-45, high);
    return MADD(power, MADD(r * r, agi_exp_tail(fused, r), r), power - 1.0);
}

/* log(1 + e) for e from sqrt(1/2) - 1 to 1. With s = e / (2 + e) it is 2 s + s^3 q(s^2), and 2 s is
 * e - s e, of which the larger part is exact. The error of q is 2^-59.4 of the result. */
AGI_STAMPED double agi_log1p_unit(bool fused, double e)
{
    const double s = e / (2.0 + e), w = s * s, w2 = w * w, w4 = w2 * w2;
    const double q01 = MADD(0x1.99999999a0840p-2, w, 0x1.5555555555535p-1);
    const double q23 = MADD(0x1.c71c741f90045p-3, w, 0x1.24924920856ffp-2);
    const double q45 = MADD(0x1.3b1de32c0d2c6p-3, w, 0x1.745cb39af791cp-3);
    const double q67 = MADD(0x1.efdd87247dcbcp-4, w, 0x1.10676847600c1p-3);
    const double q89 = MADD(0x1.5c8a60ecd179ep-3, w, 0x1.559c42832deb8p-4);
    const double low = MADD(q23, w2, q01), high = MADD(MADD(q89, w2, q67), w2, q45);
    return MADD(-s, e - w * MADD(high, w4, low), e);
}

/* log(u) + more + k ln 2 for an u that is finite, positive and no denormal, where `more` matters
 * for the last digits alone, or is all that there is, and k is a small whole number. With u = 2^j m
 * it is (j + k) ln 2 + log(m), where m lies between the roots of 1/2 and 2. */
AGI_STAMPED double agi_log_sum(bool fused, double u, double more, double k)
{
    const uint64_t root_half = 0x3fe6a09e667f3bcd, bits = agi_bits_of(u);
    const uint64_t biased = (bits - root_half + ((uint64_t)1024 << 52)) >> 52;  /* j + 1024 */
    const double m = agi_double_of(bits - ((biased - 1024) << 52));
    const double j = agi_double_of(biased | (uint64_t)0x433 << 52) - (0x1p52 + 1024.0) + k;
    const double small = MADD(j, 0x1.ef35793c76730p-45, more);
    return MADD(j, 0x1.62e42fefa3800p-1, agi_log1p_unit(fused, m - 1.0) + small);
}

/* log(1 + t) + k ln 2 for t >= 0. */
AGI_STAMPED double agi_log1p_positive(bool fused, double t, double k)
{
    const double u = 1.0 + t, lost = t < 1.0 ? t - (u - 1.0) : 1.0 - (u - t);
    const double y = agi_log_sum(fused, u, lost / u, k);
    return t <= 0x1.fffffffffffffp1023 ? y : t;
}

/* sin(pi r) / pi and cos(pi r) for |r| <= 1/2, of least error, 2^-61.6 and 2^-67. */
AGI_STAMPED double agi_sin_half_turn(bool fused, double r)
{
    const double z = r * r;
    double s = MADD(0x1.070f8d76862a0p-22, z, -0x1.d3e33a57da213p-18);
    s = MADD(s, z, 0x1.374695c21aff0p-13);
    s = MADD(s, z, -0x1.3381696d10b9dp-9);
    s = MADD(s, z, 0x1.ac6805cbdbdafp-6);
    s = MADD(s, z, -0x1.86a8e47208977p-3);
    s = MADD(s, z, 0x1.9f9cb402bc3f3p-1);
    s = MADD(s, z, -0x1.a51a6625307d3p+0);
    return MADD(r * z, s, r);
}

AGI_STAMPED double agi_cos_half_turn(bool fused, double r)
{
    const double z = r * r;
    double c = MADD(-0x1.20941009c3044p-23, z, 0x1.209e70d19c51ap-18);
    c = MADD(c, z, -0x1.b6e196997eda5p-14);
    c = MADD(c, z, 0x1.f9d38831c4defp-10);
    c = MADD(c, z, -0x1.a6d1f29e86882p-6);
    c = MADD(c, z, 0x1.e1f506891461cp-3);
    c = MADD(c, z, -0x1.55d3c7e3cbf70p+0);
    c = MADD(c, z, 0x1.03c1f081b5ac3p+2);
    c = MADD(c, z, -0x1.3bd3cc9be45dep+2);
    return MADD(c, z, 1.0);
}

#undef MADD

#endif
