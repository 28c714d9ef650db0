/* SPDX-License-Identifier: MIT
 *
 * Anomaly mode, where numbers are looked at as they are made: NaN among the gradients that a rule
 * gives is an error, and nodes know of the first NaN or infinity of a forward. What nodes note in
 * that mode is node.h's.
 */
#ifndef AGI_ANOMALY_H
#define AGI_ANOMALY_H

#include "slots.h"

#pragma GCC visibility push(hidden)

/* The op of `node` made `out` of these (n of 0: what they were is not known any more): notes what
 * is NaN or infinite in it, and whether that came in. False with an error where the numbers cannot
 * be had. */
bool agi_anomaly_look(ag_node *node, ag_tensor *out, int n, const ag_arg *args);

/* The node's rule gave its input k this gradient. False with an error where that has a NaN. */
bool agi_anomaly_check(agi_run *run, ag_node *node, int k, ag_tensor *g);

#pragma GCC visibility pop
#endif
