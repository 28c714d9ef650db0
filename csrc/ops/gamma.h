/* SPDX-License-Identifier: MIT
 *
 * What other special functions and draws take of the gamma function's derivatives.
 */
#ifndef AGI_GAMMA_H
#define AGI_GAMMA_H

#include "../tape/rule.h"

#pragma GCC visibility push(hidden)
double agi_digamma_of(double x);

/* The derivative of digamma of order n as a value of a rule; of order 0 digamma itself. */
ag_arg agi_psi_of(double n, ag_arg a);
#pragma GCC visibility pop

#endif
