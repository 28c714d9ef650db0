/* SPDX-License-Identifier: MIT
 *
 * What happens when the library is loaded, in order: the sizes of the caches and the CPU level are
 * found, then the vector math that depends on it, then lower storeys are told whom to call above
 * them (base/upcalls.h) and which ops there are.
 */
#include "base/alloc.h"
#include "base/caches.h"
#include "base/levels.h"
#include "base/upcalls.h"
#include "compute/mvec.h"
#include "compute/op.h"
#include "fuse/expr.h"
#include "ops/table.h"
#include "tape/hooks.h"
#include "tape/node.h"
#include "tensor/scope.h"

__attribute__((constructor)) static void start_library(void)
{
    agi_caches_start();
    agi_levels_start();
    agi_mvec_start();
    agi_above = (agi_upcalls){
        .open_bins = agi_alloc_thread_start,
        .close_bins = agi_alloc_thread_end,
        .count_bins = agi_alloc_held,
        .open_scopes = agi_scopes_open,
        .close_scopes = agi_scopes_close,
        .free_scopes = agi_scopes_free,
        .forget_pending = agi_expr_forget,
        .postpone_end = agi_expr_postpones,
        .release_node = agi_node_release_owned,
        .unmark = agi_tensor_unmark,
        .free_hooks = agi_hooks_free,
    };
    agi_ops = agi_op_rows = agi_op_table;
}
