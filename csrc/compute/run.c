/* SPDX-License-Identifier: MIT
 *
 * Runs elementwise kernels over whole tensors, in three ways, the first that fits:
 *   flat    every input contiguous or one value: the kernel on one tile after another;
 *   rows    some input strided or broadcast, the innermost dimension (after merging) long: the
 *           kernel on pieces of rows. A row that is contiguous or one value repeated is passed as
 *           it is; others are gathered, several rows at a time, so that a transposed input is
 *           read by whole cache lines;
 *   packed  the innermost dimension short: as many rows as fit a tile are gathered into scratch,
 *           one kernel call for all of them.
 * A kernel's result for an element depends on neither its place nor its tile, so all three, and any
 * number of threads, give the same bits.
 */
#include "run.h"

#include <string.h>

#include "../base/caches.h"
#include "../base/parallel.h"
#include "../base/shape.h"
#include "../base/walk.h"
#include "../tensor/copy.h"
#include "kernel.h"

const agi_op_info *agi_ops;
agi_op_info *agi_op_rows;

#define MAX_IN 3
/* The shortest row that is worth a kernel call of its own. a - row and a - column of 2e5 elements,
 * ns per element by rows / packed: rows of 8 0.27 0.28 / 0.14 0.27, of 16 0.18 0.18 / 0.15 0.23, of
 * 24 0.15 0.15 / 0.15 0.22, of 48 0.15 0.15 / 0.15 0.22. */
#define ROW_MIN 24
/* Rows gathered together: the doubles of one 64-byte cache line. 8 beat 16, 32 and 64 rows on
 * a - b.T at 1000 and 4000 square: 0.6 and 1.8 ns per element, 64 rows took twice as long. */
#define GATHER_ROWS 8
/* Elements from which memory is asked for where inputs are gathered: all rows of a unit are short
 * stretches then, of which the processor does not see where the next are. a + b.T at 1000 square
 * takes 0.65 ns an element instead of 1.05. */
#define GATHER_FETCHED_MIN (agi_caches.second / (int64_t)sizeof(double))

typedef struct map_job {
    agi_kernel kernel;
    double *z;            /* where results go */
    const double *f;
    int n;                /* inputs */
    unsigned splat;       /* inputs of which the kernel gets one value */
    unsigned gather;      /* inputs that go through scratch */
    bool fetches;         /* where some do: asks for the next unit's memory */
    const double *in[MAX_IN];
    agi_walk walk;        /* offsets 0 .. n - 1: inputs; n: the result (rows only) */
    int64_t rows, cols;   /* rows: of the two innermost dimensions; packed: cols alone */
    int64_t block_rows, block_cols;
    int64_t row_stride[MAX_IN + 1], col_stride[MAX_IN];
} map_job;

/* ---- one kernel call ------------------------------------------------------------------------ */

AGI_INLINE void run_kernel(const map_job *job, int64_t at, int64_t n, const double *const *in)
{
    job->kernel(job->z + at, n, in, job->splat, job->f);
}

/* ---- threads -------------------------------------------------------------------------------- */

/* How many elements of this op are worth as much as one of exp: cheap ops are bound by memory and
 * finished before a sleeping thread is awake. */
static int64_t lightness(const agi_op_info *info)
{
    switch (info - agi_ops) {
    case AG_OP_add: case AG_OP_sub: case AG_OP_mul: case AG_OP_div: case AG_OP_neg:
    case AG_OP_maximum: case AG_OP_minimum: case AG_OP_square: case AG_OP_abs: case AG_OP_sign:
    case AG_OP_relu: case AG_OP_where: case AG_OP_clamp: case AG_OP_reciprocal: case AG_OP_sqrt:
    case AG_OP_floor: case AG_OP_ceil: case AG_OP_trunc: case AG_OP_frac: case AG_OP_sgn:
    case AG_OP_fmax: case AG_OP_fmin: case AG_OP_clamp_min: case AG_OP_clamp_max:
    case AG_OP_copysign: case AG_OP_heaviside: case AG_OP_lerp: case AG_OP_nan_to_num:
    case AG_OP_deg2rad: case AG_OP_rad2deg: case AG_OP_signbit: case AG_OP_isnan:
    case AG_OP_isinf: case AG_OP_isfinite: case AG_OP_isposinf: case AG_OP_isneginf:
    case AG_OP_isreal:
    case AG_OP_vjp_mul: case AG_OP_vjp_both: case AG_OP_vjp_div: case AG_OP_vjp_max:
    case AG_OP_vjp_relu:
    case AG_OP_eq: case AG_OP_ne: case AG_OP_lt: case AG_OP_le: case AG_OP_gt: case AG_OP_ge:
    case AG_OP_logical_and: case AG_OP_logical_or: case AG_OP_logical_xor: case AG_OP_logical_not:
    case AG_OP_mul_int: case AG_OP_neg_int: case AG_OP_to_int: case AG_OP_bitwise_not:
    case AG_OP_leaky_relu: case AG_OP_threshold: case AG_OP_hardtanh: case AG_OP_relu6:
    case AG_OP_hardshrink: case AG_OP_softshrink: case AG_OP_hardsigmoid: case AG_OP_hardswish:
    case AG_OP_softsign:
        return 4;
    default:
        return 1;
    }
}

/* What clone and copy are in a program. */
AG_KERNEL_BODY(copy_tile)
{
    AGI_KERNEL_UNUSED;
    if (splat)
        agi_fill_tile(z, n, in[0][0]);
    else if (z != in[0])
        memcpy(z, in[0], (size_t)n * sizeof(double));
}
AG_KERNELS(copy_tile)

agi_kernel agi_run_kernel_of(int op)
{
    const agi_kernel *kernels = agi_ops[op].kernels;
    return (kernels != NULL ? kernels : agi_copy_tile_kernels)[agi_level_now];
}

double agi_run_cost_of(int op)
{
    return op == AG_OP_clone || op == AG_OP_copy || lightness(&agi_ops[op]) > 1 ? 0.15 : 1.0;
}

/* Runs fn over `units` of about `unit_size` elements each. */
static void run_units(map_job *job, agi_range_fn fn, int64_t numel, int64_t units,
                      int64_t unit_size, int64_t light)
{
    if (numel < AGI_PARALLEL_MIN * light) {
        fn(job, 0, units, 0);
        return;
    }
    int64_t grain = AGI_PARALLEL_GRAIN * light / unit_size;
    void *token = agi_blocking_enter();
    agi_parallel_for(units, grain > 1 ? grain : 1, 1, fn, job);
    agi_blocking_leave(token);
}

/* ---- flat ----------------------------------------------------------------------------------- */

static void map_flat_range(void *context, int64_t begin, int64_t end, int part)
{
    const map_job *job = context;
    const double *in[MAX_IN];
    (void)part;
    for (int64_t at = begin; at < end; at += AGI_TILE) {
        int64_t n = end - at < AGI_TILE ? end - at : AGI_TILE;
        for (int k = 0; k < job->n; k++)
            in[k] = job->in[k] + (job->splat >> k & 1 ? 0 : at);
        run_kernel(job, at, n, in);
    }
}

static AGI_NOINLINE void run_flat(map_job *job, int64_t numel, int64_t light)
{
    if (numel < AGI_PARALLEL_MIN * light) {
        map_flat_range(job, 0, numel, 0);
        return;
    }
    void *token = agi_blocking_enter();
    agi_parallel_for(numel, AGI_PARALLEL_GRAIN * light, AGI_TILE, map_flat_range, job);
    agi_blocking_leave(token);
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* Asks for what the next unit has where this one has `cols` numbers of a row. */
AGI_INLINE void fetch_next_rows(const map_job *job, const double *const *in, int64_t at,
                                int64_t cols)
{
    const double *z = job->z + at + job->block_rows * job->row_stride[job->n];
    for (int64_t j = 0; j < cols; j += 8)
        __builtin_prefetch(z + j, 1);
    for (int k = 0; k < job->n; k++) {
        if ((job->gather | job->splat) >> k & 1)
            continue;
        const double *x = in[k] + job->block_rows * job->row_stride[k];
        for (int64_t j = 0; j < cols; j += 8)
            __builtin_prefetch(x + j);
    }
}

static void map_rows_range(void *context, int64_t begin, int64_t end, int part)
{
    const map_job *job = context;
    double scratch[MAX_IN][AGI_TILE] __attribute__((aligned(64)));
    const double *in[MAX_IN];
    int64_t step[MAX_IN];
    agi_walk w;
    const int last = job->walk.ndim - 1;
    int row_dim = job->gather ? last : last - 1, col_dim = job->gather ? last - 1 : last;
    (void)part;
    agi_walk_start(&w, &job->walk, begin);
    for (int64_t unit = begin; unit < end; unit++, agi_walk_next(&w)) {
        int64_t rows = job->rows - w.index[row_dim] * job->block_rows;
        int64_t cols = job->cols - w.index[col_dim] * job->block_cols;
        rows = rows < job->block_rows ? rows : job->block_rows;
        cols = cols < job->block_cols ? cols : job->block_cols;
        for (int k = 0; k < job->n; k++) {
            in[k] = job->in[k] + w.at[k];
            step[k] = job->row_stride[k];
            if (job->gather >> k & 1) {
                agi_copy_block_of((agi_block){scratch[k], cols, 1}, in[k], step[k],
                                  job->col_stride[k], rows, cols,
                                  job->fetches ? AGI_COPY_READS_AHEAD : AGI_COPY_AS_IT_COMES);
                in[k] = scratch[k];
                step[k] = cols;
            }
        }
        int64_t at = w.at[job->n];
        for (int64_t i = 0; i < rows; i++, at += job->row_stride[job->n]) {
            if (job->fetches)
                fetch_next_rows(job, in, at, cols);
            run_kernel(job, at, cols, in);
            for (int k = 0; k < job->n; k++)
                in[k] += step[k];
        }
    }
}

/* Where gathered inputs are dense along a dimension other than the last, that one becomes the
 * rows (second to last), so that a block takes whole cache lines. */
static void choose_rows(const map_job *job, int ndim, int64_t *shape,
                        int64_t strides[][AGI_MAX_DIMS])
{
    int k = __builtin_ctz(job->gather), best = ndim - 2;
    for (int d = 0; d < ndim - 1; d++)
        if (strides[k][d] != 0 && (strides[k][best] == 0 || strides[k][d] < strides[k][best]))
            best = d;
    for (; best < ndim - 2; best++) {
        int64_t size = shape[best];
        shape[best] = shape[best + 1];
        shape[best + 1] = size;
        for (int i = 0; i <= job->n; i++) {
            int64_t stride = strides[i][best];
            strides[i][best] = strides[i][best + 1];
            strides[i][best + 1] = stride;
        }
    }
}

static int64_t blocks_of(int64_t size, int64_t block) { return (size + block - 1) / block; }

/* Fills the walk: outer dimensions, then row groups and column chunks, those that follow the
 * gathered input's lines fastest. Returns the number of units. */
static int64_t cut_rows(map_job *job, int ndim, const int64_t *shape,
                        int64_t strides[][AGI_MAX_DIMS])
{
    agi_walk *w = &job->walk;
    int outer = ndim > 2 ? ndim - 2 : 0;
    job->cols = shape[ndim - 1];
    job->rows = ndim > 1 ? shape[ndim - 2] : 1;
    int64_t widest = job->gather && ndim > 1 ? AGI_TILE / GATHER_ROWS : AGI_TILE;
    job->block_cols = job->cols < widest ? job->cols : widest;
    job->block_rows = AGI_TILE / job->block_cols;
    w->ndim = outer + 2;
    w->count = job->n + 1;
    int row_dim = job->gather ? outer + 1 : outer, col_dim = job->gather ? outer : outer + 1;
    int64_t units = 1;
    for (int d = 0; d < outer; d++)
        units *= w->shape[d] = shape[d];
    w->shape[row_dim] = blocks_of(job->rows, job->block_rows);
    w->shape[col_dim] = blocks_of(job->cols, job->block_cols);
    for (int k = 0; k <= job->n; k++) {
        for (int d = 0; d < outer; d++)
            w->strides[k][d] = strides[k][d];
        job->row_stride[k] = ndim > 1 ? strides[k][ndim - 2] : 0;
        w->strides[k][row_dim] = job->block_rows * job->row_stride[k];
        w->strides[k][col_dim] = job->block_cols * strides[k][ndim - 1];
        if (k < job->n)
            job->col_stride[k] = strides[k][ndim - 1];
    }
    return units * w->shape[row_dim] * w->shape[col_dim];
}

static void run_rows(map_job *job, int ndim, int64_t *shape, int64_t strides[][AGI_MAX_DIMS],
                     int64_t numel, int64_t light)
{
    for (int k = 0; k < job->n; k++) {
        int64_t stride = strides[k][ndim - 1];
        if (stride == 0)
            job->splat |= 1u << k;
        else if (stride != 1)
            job->gather |= 1u << k;
    }
    if (job->gather && ndim > 2)
        choose_rows(job, ndim, shape, strides);
    job->fetches = job->gather && numel >= GATHER_FETCHED_MIN;
    int64_t units = cut_rows(job, ndim, shape, strides);
    run_units(job, map_rows_range, numel, units, job->block_rows * job->block_cols, light);
}

/* ---- packed --------------------------------------------------------------------------------- */

/* Gathers `rows` rows of some inputs from where the walk stands, and leaves it behind them. */
static void load_packed(const map_job *job, unsigned gather, agi_walk *w, int64_t rows,
                        double scratch[MAX_IN][AGI_TILE])
{
    const int last = w->ndim - 1;
    for (int64_t done = 0; done < rows;) {
        int64_t some = w->shape[last] - w->index[last];
        some = some < rows - done ? some : rows - done;
        for (int k = 0; k < job->n; k++)
            if (gather >> k & 1)
                agi_copy_block((agi_block){scratch[k] + done * job->cols, job->cols, 1},
                               job->in[k] + w->at[k], job->row_stride[k], job->col_stride[k], some,
                               job->cols);
        agi_walk_along(w, last, some);
        agi_walk_carry(w, last);
        done += some;
    }
}

static void map_packed_range(void *context, int64_t begin, int64_t end, int part)
{
    const map_job *job = context;
    double scratch[MAX_IN][AGI_TILE] __attribute__((aligned(64)));
    const double *in[MAX_IN];
    unsigned gather = job->gather;
    agi_walk w;
    (void)part;
    agi_walk_start(&w, &job->walk, begin);
    for (int k = 0; k < job->n; k++) {
        bool repeats = (gather >> k & 1) != 0;
        in[k] = repeats ? scratch[k] : job->in[k];
        for (int d = 0; d < w.ndim; d++)
            repeats = repeats && w.strides[k][d] == 0;
        if (!repeats)
            continue;
        int64_t rows = end - begin < job->block_rows ? end - begin : job->block_rows;
        agi_copy_block((agi_block){scratch[k], job->cols, 1}, job->in[k], 0, job->col_stride[k],
                       rows, job->cols);
        gather &= ~(1u << k);  /* every row is the same: loaded once for all tiles */
    }
    for (int64_t row = begin; row < end; row += job->block_rows) {
        int64_t rows = end - row < job->block_rows ? end - row : job->block_rows;
        load_packed(job, gather, &w, rows, scratch);
        for (int k = 0; k < job->n; k++)
            if (!((job->gather | job->splat) >> k & 1))
                in[k] = job->in[k] + row * job->cols;
        run_kernel(job, row * job->cols, rows * job->cols, in);
    }
}

static void run_packed(map_job *job, int ndim, const int64_t *shape,
                       int64_t strides[][AGI_MAX_DIMS], int64_t numel, int64_t light)
{
    agi_walk *w = &job->walk;
    w->ndim = ndim - 1;
    w->count = job->n;
    job->cols = shape[ndim - 1];
    job->block_rows = AGI_TILE / job->cols;
    for (int d = 0; d < ndim - 1; d++)
        w->shape[d] = shape[d];
    for (int k = 0; k < job->n; k++) {
        bool same = true, zero = true;
        for (int d = 0; d < ndim; d++) {
            same = same && strides[k][d] == strides[job->n][d];
            zero = zero && strides[k][d] == 0;
            w->strides[k][d] = strides[k][d];
        }
        if (zero)
            job->splat |= 1u << k;
        else if (!same)
            job->gather |= 1u << k;
        job->col_stride[k] = strides[k][ndim - 1];
        job->row_stride[k] = strides[k][ndim - 2];
    }
    int64_t rows = numel / job->cols;
    if (numel < AGI_PARALLEL_MIN * light) {
        map_packed_range(job, 0, rows, 0);
        return;
    }
    int64_t grain = AGI_PARALLEL_GRAIN * light / job->cols;
    void *token = agi_blocking_enter();
    agi_parallel_for(rows, grain > job->block_rows ? grain : job->block_rows, job->block_rows,
                     map_packed_range, job);
    agi_blocking_leave(token);
}

/* ---- choosing ------------------------------------------------------------------------------- */

/* Inputs that need a look at their strides: broadcast or not contiguous. */
static AGI_NOINLINE void run_strided(map_job *job, int ndim, const int64_t *shape, int64_t numel,
                                     const ag_arg *args, int64_t light)
{
    int64_t sizes[AGI_MAX_DIMS], strides[MAX_IN + 1][AGI_MAX_DIMS];
    for (int d = 0; d < ndim; d++)
        sizes[d] = shape[d];
    for (int k = 0; k < job->n; k++) {
        const ag_tensor *t = args[k].tensor;
        if (t != NULL)
            agi_shape_broadcast_strides(ndim, shape, t->ndim, agi_shape_of(t), agi_strides_of(t),
                                        strides[k]);
        else
            for (int d = 0; d < ndim; d++)
                strides[k][d] = 0;
        job->in[k] = t != NULL ? agi_tensor_data(t) : &args[k].value;
    }
    agi_shape_strides(ndim, shape, strides[job->n]);
    ndim = agi_shape_collapse(ndim, sizes, job->n + 1, strides);
    job->splat = job->gather = 0;
    if (sizes[ndim - 1] >= ROW_MIN || ndim == 1)
        run_rows(job, ndim, sizes, strides, numel, light);
    else
        run_packed(job, ndim, sizes, strides, numel, light);
}

/* Whether t is read as it lies, or as one value, under a shape of numel elements. */
AGI_INLINE bool is_flat(const ag_arg *arg, int64_t numel, const double **in, unsigned *splat,
                        unsigned bit)
{
    const ag_tensor *t = arg->tensor;
    if (t == NULL) {
        *in = &arg->value;
        *splat |= bit;
        return true;
    }
    *in = agi_tensor_data(t);
    if (t->numel == numel && AGI_LIKELY(agi_is_contiguous(t)))
        return true;
    if (t->numel != 1)
        for (int d = 0; d < t->ndim; d++)
            if (agi_strides_of(t)[d] != 0 && agi_shape_of(t)[d] != 1)
                return false;
    *splat |= bit;
    return true;
}

void agi_run_map(const agi_op_info *info, double *z, int ndim, const int64_t *shape, int64_t numel,
                 int n, const ag_arg *args, const double *f)
{
    const double *in[MAX_IN] = {NULL, NULL, NULL};
    unsigned splat = 0;
    bool flat = true;
    agi_assert(n <= MAX_IN);
    if (numel == 0)
        return;
    for (int k = 0; k < n; k++)
        flat = flat && is_flat(&args[k], numel, &in[k], &splat, 1u << k);
    agi_kernel kernel = info->kernels[agi_level_now];
    if (AGI_LIKELY(flat && numel <= AGI_TILE)) {
        kernel(z, numel, in, splat, f);
        return;
    }
    map_job job;
    job.kernel = kernel;
    job.z = z;
    job.f = f;
    job.n = n;
    job.splat = splat;
    for (int k = 0; k < n; k++)
        job.in[k] = in[k];
    if (flat)
        run_flat(&job, numel, lightness(info));
    else
        run_strided(&job, ndim, shape, numel, args, lightness(info));
}

#undef MAX_IN
#undef ROW_MIN
#undef GATHER_ROWS
