/* SPDX-License-Identifier: MIT
 *
 * Products of matrices in the language of rules.
 */
#ifndef AGI_MATRIX_H
#define AGI_MATRIX_H

#include "../compute/op.h"

/* In i[0] of the products' attributes: the last two dimensions of an operand are exchanged. */
enum { AGI_FIRST_BACK = 1, AGI_SECOND_BACK = 2 };

#pragma GCC visibility push(hidden)

/* x y for matrices, or batches of them whose sizes broadcast. */
ag_arg agi_v_matmul(ag_arg x, ag_arg y, unsigned back);

/* Whether two operands have three dimensions each and the same batch; else with an error. */
ag_status agi_check_batches(const ag_arg *args);

#pragma GCC visibility pop
#endif
