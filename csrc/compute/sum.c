/* SPDX-License-Identifier: MIT
 *
 * Reductions by the tree of sum.h, in two ways:
 *   runs     the reduced elements lie densest: each result in turn is the sum of its run, gathered
 *            by tiles where it is not contiguous;
 *   columns  a dimension that is kept lies densest: a strip of neighbouring results is summed
 *            together, row by row, vectorised across the strip.
 * Both compute the same tree. Large sums are shared among threads by results, or where there are
 * few, by stretches of the tree.
 */
#include "sum.h"

#include <string.h>

#include "../base/caches.h"
#include "../base/parallel.h"
#include "../base/shape.h"
#include "../base/walk.h"
#include "../tensor/copy.h"
#include "run.h"
#include "sum_across.h"

#define BLOCK AGI_SUM_BLOCK
#define LANES AGI_SUM_LANES
#define GROUPS (BLOCK / LANES)

/* Elements from which a sum is shared, and the least that one thread gets: a sum in cache takes
 * 0.05 ns an element, a thread wakes up in some microseconds. An element of every second one, or
 * across memory, takes as long as APART of those. */
#define SUM_SHARED_MIN (4 * (int64_t)AGI_PARALLEL_MIN)
#define SUM_GRAIN (4 * (int64_t)AGI_PARALLEL_GRAIN)
#define APART 3
#define MAX_STRETCHES 32
/* For each thread, where the order goes across memory: there long stretches are faster, and two
 * are shared already. */
#define ACROSS_STRETCHES 3
/* Elements gathered at a time where the order of summation goes across memory: several rows, of
 * which each line of memory has an element. A power of two of tiles. */
#define GATHER_MAX (8 * AGI_TILE)
/* Elements of the next of long rows that are asked for ahead, and from how many in all on. */
#define NEXT_ROW 128
#define NEXT_ROW_MIN (agi_caches.second / 4 / (int64_t)sizeof(double))

/* Results summed together, and how much stack their unfinished subtrees may take (doubles). */
#define STRIP AGI_SUM_STRIP
#define STRIP_GATHERED 16
#define STRIP_NODES 4096
/* Rows of up to this many columns are summed as whole runs of LANES rows. */
#define NARROW 32

/* ---- the same number ------------------------------------------------------------------------ */

/* T of m times the same number: each doubling is exact, so that only the tree's joints are left. */
static double sum_repeated(double value, int64_t m)
{
    double tail[BLOCK];
    int64_t left = m % BLOCK, blocks = m / BLOCK;
    agi_fill_run(tail, left, value);
    double sum = agi_sum_run(tail, left), node = value * BLOCK;
    bool any = left > 0;
    for (; blocks > 0; blocks >>= 1, node += node) {
        if (blocks & 1) {
            sum = any ? node + sum : node;
            any = true;
        }
    }
    return sum;
}

/* ---- the work ------------------------------------------------------------------------------- */

typedef struct sum_job {
    double *z;
    const double *x;
    int64_t m, results;  /* elements of each result, and how many results */
    int64_t units;       /* of the walk over what is kept */
    int64_t cost;        /* of an element: 1 or APART */
    agi_walk kept;       /* offsets 0: x, 1: z; the last dimension counts strips for columns */
    agi_walk reduced;    /* offsets 0: x; in row-major order */
    int64_t cols, strip, x_col, z_col;  /* columns: of the densest kept dimension */
    /* One unit cut into stretches. */
    int64_t stretch, x_at, width;
    double *partial;
} sum_job;

/* ---- runs ----------------------------------------------------------------------------------- */

/* The next n reduced elements into z; the walk is left behind them. */
static void gather_run(double *z, const double *x, agi_walk *w, int64_t n)
{
    const int last = w->ndim - 1;
    const int64_t size = w->shape[last], step = w->strides[0][last];
    while (n > 0) {
        int64_t rows = last > 0 ? w->shape[last - 1] - w->index[last - 1] : 1, some;
        if (last > 0 && w->index[last] == 0 && n >= size && rows > 0) {
            rows = rows < n / size ? rows : n / size;
            agi_copy_block((agi_block){z, size, 1}, x + w->at[0], w->strides[0][last - 1], step,
                           rows, size);
            agi_walk_along(w, last - 1, rows);
            agi_walk_carry(w, last - 1);
            some = rows * size;
        } else {
            some = size - w->index[last] < n ? size - w->index[last] : n;
            agi_copy_block((agi_block){z, some, 1}, x + w->at[0], 0, step, 1, some);
            agi_walk_along(w, last, some);
            agi_walk_carry(w, last);
        }
        z += some;
        n -= some;
    }
}

/* Asks for the beginning of the row behind that of the walk: the processor's own guesses end where
 * a row does. */
AGI_INLINE void fetch_next_row(const double *x, const agi_walk *w)
{
    const int last = w->ndim - 1;
    const double *row = x + w->at[0] - w->index[last] + w->strides[0][last - 1];
    for (int i = 0; i < NEXT_ROW; i += 8)
        __builtin_prefetch(row + i);
}

/* Eight blocks, or fewer, of rows that are dense: as they lie, but for those that go over the end
 * of a row, which are put together, and the last of all, behind which there are zeros. */
typedef struct dense_blocks {
    const double *block[AGI_TILE / BLOCK];
    double apart[AGI_TILE] __attribute__((aligned(64)));
} dense_blocks;

/* Finds the next `count` whole blocks. */
static void find_blocks(dense_blocks *found, int count, const double *x, agi_walk *w, bool far)
{
    const int last = w->ndim - 1;
    for (int k = 0; k < count;) {
        const double *at = x + w->at[0];
        const int64_t left = w->shape[last] - w->index[last];
        const int64_t whole = left / BLOCK < count - k ? left / BLOCK : count - k;
        for (int64_t i = 0; i < whole; i++, at += BLOCK)
            found->block[k++] = at;
        const int64_t head = k < count ? left % BLOCK : 0;
        agi_walk_along(w, last, whole * BLOCK + head);
        agi_walk_carry(w, last);
        if (head > 0) {
            agi_sum_join(found->apart + k * BLOCK, at, head, x + w->at[0]);
            found->block[k] = found->apart + k * BLOCK;
            k++;
            agi_walk_along(w, last, BLOCK - head);
        }
        if (far && k < count)
            fetch_next_row(x, w);
    }
}

/* The next n elements, fewer than a block, as block k. */
static void find_last_block(dense_blocks *found, int k, const double *x, agi_walk *w, int64_t n)
{
    double *z = found->apart + k * BLOCK;
    agi_fill_run(z, BLOCK, 0.0);
    gather_run(z, x, w, n);
    found->block[k] = z;
}

/* T of the reduced elements [begin, end), of rows that are dense and longer than a block. */
static double sum_dense_rows(const sum_job *job, const double *x, int64_t begin, int64_t end)
{
    dense_blocks found;
    agi_sum_tree tree;
    agi_walk w;
    const bool far = end - begin >= NEXT_ROW_MIN;
    agi_sum_tree_clear(&tree);
    agi_walk_start(&w, &job->reduced, begin);
    for (int64_t n = end - begin; n > 0; n -= AGI_TILE) {
        int count = n < AGI_TILE ? (int)n / BLOCK : AGI_TILE / BLOCK;
        find_blocks(&found, count, x, &w, far);
        if (n < AGI_TILE && n % BLOCK > 0)
            find_last_block(&found, count++, x, &w, n % BLOCK);
        agi_sum_tree_put(&tree, agi_sum_blocks_apart(found.block, count));
    }
    return agi_sum_tree_total(&tree);
}

/* T of the reduced elements [begin, end) of the result whose first element is x. Where memory is
 * gone through in order, a tile stays in the first cache with what it is gathered from. */
static double sum_elements(const sum_job *job, const double *x, int64_t begin, int64_t end)
{
    double tile[GATHER_MAX] __attribute__((aligned(64)));
    const int64_t step = job->reduced.strides[0][job->reduced.ndim - 1];
    const int64_t most = step >= -2 && step <= 2 ? AGI_TILE : GATHER_MAX;
    agi_sum_tree tree;
    agi_walk w;
    agi_sum_tree_clear(&tree);
    agi_walk_start(&w, &job->reduced, begin);
    for (int64_t at = begin; at < end; at += most) {
        int64_t n = end - at < most ? end - at : most;
        gather_run(tile, x, &w, n);
        agi_sum_tree_put(&tree, agi_sum_run(tile, n));
    }
    return agi_sum_tree_total(&tree);
}

static bool is_repeated(const agi_walk *w) { return w->ndim == 1 && w->strides[0][0] == 0; }

/* Rows of some blocks, in which most blocks do not go over an end. */
static bool is_dense_rows(const agi_walk *w)
{
    return w->strides[0][w->ndim - 1] == 1 && w->shape[w->ndim - 1] >= 2 * BLOCK;
}

AGI_INLINE double sum_result(const sum_job *job, const double *x, int64_t begin, int64_t end)
{
    if (job->reduced.ndim == 1 && job->reduced.strides[0][0] == 1)
        return agi_sum_run(x + begin, end - begin);
    if (is_repeated(&job->reduced))
        return sum_repeated(*x, end - begin);
    if (is_dense_rows(&job->reduced))
        return sum_dense_rows(job, x, begin, end);
    if (agi_sum_goes_across(&job->reduced))
        return agi_sum_across(&job->reduced, x, begin, end);
    return sum_elements(job, x, begin, end);
}

/* The sums of rows of every second element, each of one tile at most: some are gathered at once. */
static void sum_rows_of_seconds(const sum_job *job, agi_walk *w, int64_t count)
{
    double tile[AGI_TILE] __attribute__((aligned(64)));
    const int last = w->ndim - 1;
    const int64_t m = job->m, x_row = w->strides[0][last], most = AGI_TILE / m;
    for (int64_t some; count > 0; count -= some) {
        const int64_t left = w->shape[last] - w->index[last];
        some = left < count ? left : count;
        some = some < most ? some : most;
        agi_copy_block((agi_block){tile, m, 1}, job->x + w->at[0], x_row,
                       job->reduced.strides[0][0], some, m);
        agi_sum_runs(job->z + w->at[1], w->strides[1][last], tile, m, some, m);
        agi_walk_along(w, last, some);
        agi_walk_carry(w, last);
    }
}

static void sum_runs_range(void *context, int64_t begin, int64_t end, int part)
{
    const sum_job *job = context;
    agi_walk w;
    (void)part;
    agi_walk_start(&w, &job->kept, begin);
    if (job->reduced.ndim == 1 && job->reduced.strides[0][0] == 2 && job->m <= AGI_TILE) {
        sum_rows_of_seconds(job, &w, end - begin);
        return;
    }
    if (job->reduced.ndim > 1 || job->reduced.strides[0][0] != 1) {
        for (int64_t i = begin; i < end; i++, agi_walk_next(&w))
            job->z[w.at[1]] = sum_result(job, job->x + w.at[0], 0, job->m) + 0.0;
        return;
    }
    const int last = w.ndim - 1;
    for (int64_t i = begin, some; i < end; i += some) {
        some = w.shape[last] - w.index[last] < end - i ? w.shape[last] - w.index[last] : end - i;
        agi_sum_runs(job->z + w.at[1], w.strides[1][last], job->x + w.at[0], w.strides[0][last],
                     some, job->m);
        agi_walk_along(&w, last, some);
        agi_walk_carry(&w, last);
    }
}

static void sum_runs_stretches(void *context, int64_t begin, int64_t end, int part)
{
    const sum_job *job = context;
    (void)part;
    for (int64_t s = begin; s < end; s++) {
        int64_t from = s * job->stretch, to = from + job->stretch;
        job->partial[s] = sum_result(job, job->x + job->x_at, from, to < job->m ? to : job->m);
    }
}

/* ---- columns -------------------------------------------------------------------------------- */

/* What one strip needs; on the stack of whoever sums it. */
typedef struct strip_work {
    const double *row[BLOCK];
    double lanes[LANES * STRIP] __attribute__((aligned(64)));
    double gathered[BLOCK * STRIP_GATHERED] __attribute__((aligned(64)));
    double nodes[STRIP_NODES] __attribute__((aligned(64)));
} strip_work;

/* The same for a whole block of n <= NARROW columns whose rows lie behind each other: LANES rows
 * are one run, and lanes fold as halves of it. */
static void sum_narrow_block(double *z, strip_work *work, const double *x, int64_t n)
{
    const double *group[GROUPS], *half[2];
    for (int k = 0; k < GROUPS; k++)
        group[k] = x + k * LANES * n;
    agi_sum_rows(work->lanes, group, GROUPS, LANES * n);
    for (int64_t l = LANES / 2; l >= 1; l /= 2) {
        half[0] = work->lanes;
        half[1] = work->lanes + l * n;
        agi_sum_rows(l > 1 ? work->lanes : z, half, 2, l * n);
    }
}

/* Points work->row at the next rows, and leaves the walk behind them; where columns are not
 * neighbours they are gathered first. True if the rows lie behind each other. */
static bool next_rows(const sum_job *job, strip_work *work, const double *x, agi_walk *w, int rows,
                      int64_t n)
{
    const int last = w->ndim - 1;
    int64_t step = w->strides[0][last];
    const bool gather = job->x_col != 1;
    for (int done = 0; done < rows;) {
        int64_t left = w->shape[last] - w->index[last];
        int some = left < rows - done ? (int)left : rows - done;
        const double *from = x + w->at[0];
        double *to = work->gathered + done * n;
        if (gather)
            agi_copy_block((agi_block){to, n, 1}, from, step, job->x_col, some, n);
        for (int i = 0; i < some; i++)
            work->row[done + i] = gather ? to + i * n : from + i * step;
        agi_walk_along(w, last, some);
        agi_walk_carry(w, last);
        done += some;
    }
    return gather || (last == 0 && step == n);
}

/* z[n] = T of the reduced rows [begin, end) of the strip of n results that starts at x. */
static void sum_strip(const sum_job *job, double *z, const double *x, int64_t n, int64_t begin,
                      int64_t end)
{
    strip_work work;
    agi_walk w;
    const double *pair[2];
    int64_t count = 0;
    double *const nodes = end - begin > BLOCK ? work.nodes : z;  /* with one block, that is all */
    double *top = nodes;  /* the next node; those below it are unfinished subtrees */
    agi_walk_start(&w, &job->reduced, begin);
    for (int64_t at = begin; at < end; at += BLOCK, top += n, count++) {
        int rows = end - at < BLOCK ? (int)(end - at) : BLOCK;
        bool dense = next_rows(job, &work, x, &w, rows, n);
        if (dense && rows == BLOCK && n <= NARROW)
            sum_narrow_block(top, &work, work.row[0], n);
        else
            agi_sum_rows_block(top, work.row, rows, n);
        for (int64_t ones = count; ones & 1; ones >>= 1, top -= n) {
            pair[0] = top - n;
            pair[1] = top;
            agi_sum_rows(top - n, pair, 2, n);
        }
    }
    if (nodes == z)
        return;
    for (top -= n; top > nodes; top -= n) {
        pair[0] = top - n;
        pair[1] = top;
        agi_sum_rows(top - n, pair, 2, n);
    }
    for (int64_t i = 0; i < n; i++)
        z[i] = nodes[i];
}

static int64_t sum_strip_width(const sum_job *job, const agi_walk *w)
{
    int64_t left = job->cols - w->index[w->ndim - 1] * job->strip;
    return left < job->strip ? left : job->strip;
}

static void store_strip(const sum_job *job, int64_t z_at, const double *sums, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        job->z[z_at + i * job->z_col] = sums[i] + 0.0;
}

static void sum_columns_range(void *context, int64_t begin, int64_t end, int part)
{
    const sum_job *job = context;
    double sums[STRIP];
    agi_walk w;
    (void)part;
    agi_walk_start(&w, &job->kept, begin);
    for (int64_t i = begin; i < end; i++, agi_walk_next(&w)) {
        int64_t n = sum_strip_width(job, &w);
        sum_strip(job, sums, job->x + w.at[0], n, 0, job->m);
        store_strip(job, w.at[1], sums, n);
    }
}

static void sum_columns_stretches(void *context, int64_t begin, int64_t end, int part)
{
    const sum_job *job = context;
    (void)part;
    for (int64_t s = begin; s < end; s++) {
        int64_t from = s * job->stretch, to = from + job->stretch;
        sum_strip(job, job->partial + s * job->width, job->x + job->x_at, job->width, from,
                  to < job->m ? to : job->m);
    }
}

/* ---- sharing -------------------------------------------------------------------------------- */

/* Adds up the stretches of each result of a unit and stores them. */
static void join_stretches(const sum_job *job, int64_t count, int64_t z_at)
{
    for (int64_t i = 0; i < job->width; i++) {
        agi_sum_tree tree;
        agi_sum_tree_clear(&tree);
        for (int64_t s = 0; s < count; s++)
            agi_sum_tree_put(&tree, job->partial[s * job->width + i]);
        job->z[z_at + i * job->z_col] = agi_sum_tree_total(&tree) + 0.0;
    }
}

/* Each unit in turn, cut into stretches of the tree that threads share. */
static void run_stretches(sum_job *job, bool columns)
{
    double partial[MAX_STRETCHES * STRIP];
    agi_walk w;
    int64_t count = (job->m + job->stretch - 1) / job->stretch;
    job->partial = partial;
    agi_walk_start(&w, &job->kept, 0);
    for (int64_t i = 0; i < job->units; i++, agi_walk_next(&w)) {
        job->width = columns ? sum_strip_width(job, &w) : 1;
        job->x_at = w.at[0];
        int64_t grain = SUM_GRAIN / (job->stretch * job->width * job->cost);
        agi_parallel_for(count, grain > 1 ? grain : 1, 1,
                         columns ? sum_columns_stretches : sum_runs_stretches, job);
        join_stretches(job, count, w.at[1]);
    }
}

/* How long a stretch is to be: a power of two of blocks, so that there are at most MAX_STRETCHES of
 * them and each has enough to do. */
static int64_t stretch_for(int64_t m, int64_t width, int64_t most)
{
    int64_t stretch = BLOCK;
    while (stretch * width < SUM_GRAIN || stretch * most < m)
        stretch *= 2;
    return stretch;
}

/* What an element takes, beside one that lies behind the one before. */
static int64_t element_cost(const sum_job *job, bool columns)
{
    const int64_t last = job->reduced.strides[0][job->reduced.ndim - 1];
    return (columns ? job->x_col : last) > 1 ? APART : 1;
}

static void run_sum(sum_job *job, bool columns)
{
    agi_range_fn range = columns ? sum_columns_range : sum_runs_range;
    job->cost = element_cost(job, columns);
    int64_t width = (columns ? job->strip : 1) * job->cost;
    bool repeats = !columns && is_repeated(&job->reduced);
    if (job->results * (repeats ? 1 : job->m) * job->cost < SUM_SHARED_MIN) {
        range(job, 0, job->units, 0);
        return;
    }
    void *token = agi_blocking_enter();
    const bool across = !columns && agi_sum_goes_across(&job->reduced);
    const int64_t most = across ? ACROSS_STRETCHES * agi_parallel_width() : MAX_STRETCHES;
    job->stretch = stretch_for(job->m, width, most);
    const int64_t least = job->cost > 1 ? 2 : 4;
    if (job->m >= least * job->stretch && job->units < 4 * (int64_t)agi_parallel_width()) {
        run_stretches(job, columns);
    } else {
        int64_t grain = SUM_GRAIN / (job->m * width);
        agi_parallel_for(job->units, grain > 1 ? grain : 1, 1, range, job);
    }
    agi_blocking_leave(token);
}

/* ---- choosing ------------------------------------------------------------------------------- */

/* Orders the kept dimensions so that the densest of x comes last; those of stride 0 come first. */
static void sort_kept(int ndim, int64_t *shape, int64_t strides[2][AGI_MAX_DIMS])
{
    for (int d = 1; d < ndim; d++) {
        for (int at = d; at > 0; at--) {
            int64_t a = strides[0][at - 1], b = strides[0][at], size = shape[at];
            if (a == 0 || (b != 0 && b <= a))
                break;
            int64_t z = strides[1][at];
            shape[at] = shape[at - 1];
            strides[0][at] = a;
            strides[1][at] = strides[1][at - 1];
            shape[at - 1] = size;
            strides[0][at - 1] = b;
            strides[1][at - 1] = z;
        }
    }
}

/* Splits the dimensions into those of the job's two walks. */
static void split_dims(sum_job *job, int ndim, const int64_t *shape, const int64_t *strides,
                       uint64_t mask)
{
    agi_walk *kept = &job->kept, *reduced = &job->reduced;
    int64_t z_stride = 1;
    int k = 0, r = 0;
    for (int d = 0; d < ndim; d++) {
        agi_walk *w = mask >> d & 1 ? reduced : kept;
        int at = mask >> d & 1 ? r++ : k++;
        w->shape[at] = shape[d];
        w->strides[0][at] = strides[d];
    }
    for (int d = k - 1; d >= 0; d--) {
        kept->strides[1][d] = z_stride;
        z_stride *= kept->shape[d];
    }
    reduced->count = 1;
    reduced->ndim = agi_shape_collapse(r, reduced->shape, 1, reduced->strides);
    kept->count = 2;
    k = agi_shape_collapse(k, kept->shape, 2, kept->strides);
    sort_kept(k, kept->shape, kept->strides);
    kept->ndim = agi_shape_collapse(k, kept->shape, 2, kept->strides);
}

/* Whether to sum strips of neighbouring results: a kept dimension lies denser than the reduced
 * elements do, in their order. */
static bool prefers_columns(const sum_job *job)
{
    const int last = job->reduced.ndim - 1;
    int64_t kept = job->kept.strides[0][job->kept.ndim - 1];
    int64_t step = job->reduced.strides[0][last];
    int64_t width = job->kept.shape[job->kept.ndim - 1];
    if (kept == 0 || width == 1)
        return false;
    if (is_repeated(&job->reduced) && job->m > 1)
        return false;
    if (step == 1 && (job->reduced.shape[last] >= 8 || width <= 4))
        return false;
    return kept == 1 || step == 0 || kept < step || step == 1;
}

/* Makes the walk's last dimension count strips. */
static void cut_strips(sum_job *job)
{
    agi_walk *w = &job->kept;
    int last = w->ndim - 1, depth = 2;
    for (int64_t blocks = job->m / BLOCK; blocks > 0; blocks >>= 1)
        depth++;
    job->cols = w->shape[last];
    job->x_col = w->strides[0][last];
    job->z_col = w->strides[1][last];
    int64_t strip = job->x_col == 1 ? STRIP : STRIP_GATHERED;
    if (strip * depth > STRIP_NODES)
        strip = STRIP_NODES / depth;
    job->strip = job->cols < strip ? job->cols : strip;
    w->shape[last] = (job->cols + job->strip - 1) / job->strip;
    w->strides[0][last] *= job->strip;
    w->strides[1][last] *= job->strip;
}

void agi_sum_into(double *z, const double *x, int ndim, const int64_t *shape,
                  const int64_t *strides, uint64_t mask)
{
    sum_job job;
    job.m = job.results = job.units = 1;
    for (int d = 0; d < ndim; d++)
        *(mask >> d & 1 ? &job.m : &job.results) *= shape[d];
    if (job.results == 0)
        return;
    if (job.m == 0) {
        agi_fill_run(z, job.results, 0.0);
        return;
    }
    job.z = z;
    job.x = x;
    job.z_col = 1;
    split_dims(&job, ndim, shape, strides, mask);
    bool columns = prefers_columns(&job);
    if (columns)
        cut_strips(&job);
    for (int d = 0; d < job.kept.ndim; d++)
        job.units *= job.kept.shape[d];
    run_sum(&job, columns);
}

#undef BLOCK
#undef LANES
#undef GROUPS
#undef STRIP
#undef NARROW
#undef APART
