/* SPDX-License-Identifier: MIT
 *
 * The allocator of small blocks and buffers; alloc.h says what kinds of memory there are.
 *
 * Small blocks. A segment is 2 MB of address space on a 2 MB boundary, so that the address of a
 * block leads to it; its 32 chunks of 64 KB each serve one block size. A thread takes blocks from
 * chunks, and gives them back, by the batch, under the one lock. A chunk whose blocks are all back
 * serves any size again; a segment whose chunks are all back goes to the system, but for a few.
 *
 * Buffers. Freed ones are kept, linked through their own first bytes: by size class, the latest
 * first since it is likely to be in the processor's cache, and by age, so that over the limit the
 * oldest go. Those up to 64 KB pass through lists of the thread (fronts) and need no lock; fronts
 * come on top of the limit.
 *
 * What is alive is what was handed to threads (`out`) less what lies in their free lists. Each
 * thread publishes the latter when it comes for the lock, which makes the peak exact for large
 * buffers and true to within the free lists for the rest.
 */
#include "alloc.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "caches.h"
#include "fork.h"
#include "refcount.h"
#include "status.h"

#define AGI_HUGE ((size_t)2 << 20)         /* a huge page; size and alignment of a segment */
#define AGI_MAP_MIN AGI_HUGE               /* buffers from here on are mapped */
#define AGI_PAGE ((size_t)4096)
#define AGI_SHIFT_MIN ((size_t)128 << 10)  /* buffers from here on begin in turn at so many */
#define AGI_SHIFTS 7                       /* places in a page, */
#define AGI_SHIFT 576                      /* so many bytes apart */
#define AGI_CLASS_MIN 512                  /* bytes of the smallest buffer class */
#define AGI_CLASSES 312                    /* eight for each power of two up to AGI_BUFFER_MAX */
#define AGI_FRONT_MAX 65536                /* bytes of the largest class that passes the fronts */
#define AGI_FRONT_BYTES (agi_caches.second / 4)  /* that a front may hold */
#define AGI_FRONT_LIMIT ((int64_t)16 << 20)  /* below this cache limit fronts are not used */
#ifdef AG_PLAIN_ALLOC
#define AGI_BUFFER_MAX ((int64_t)1 << 40)  /* what the address sanitizer would stop at */
#else
#define AGI_BUFFER_MAX ((int64_t)1 << 47)  /* the user's half of the address space */
#endif

bool agi_serialised = false;

void ag_set_serialised(bool on)
{
    agi_serialised = on;
}

/* A buffer that is kept for reuse, written over its first bytes. */
typedef struct agi_spare {
    struct agi_spare *next, *prev;    /* of its class; next is also the link of fronts */
    struct agi_spare *newer, *older;
    size_t bytes;
} agi_spare;

typedef struct agi_segment agi_segment;
typedef struct agi_chunk agi_chunk;

static struct {
    pthread_mutex_t lock;
    pthread_once_t once;
    int64_t out;                      /* bytes handed to threads */
    int64_t held;                     /* of these, in free lists, as the threads last said */
    int64_t peak;
    int64_t limit;                    /* of spare_bytes */
    int64_t spare_bytes;
    agi_spare *spares[AGI_CLASSES];   /* owned, latest first */
    agi_spare *newest, *oldest;
    agi_spare *doomed;                /* owned: to be freed when the lock is let go */
    agi_chunk *chunks[AGI_SMALL_BINS];  /* with blocks to give */
    agi_segment *open;                /* some chunks free, some not */
    agi_segment *empty;               /* owned: all chunks free */
    agi_segment *doomed_segments;
    int empty_count, segment_count;
} agi_memory_pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT, .limit = -1};

void agi_fork_lock_memory(bool lock)
{
    if (lock)
        pthread_mutex_lock(&agi_memory_pool.lock);
    else
        pthread_mutex_unlock(&agi_memory_pool.lock);
}

/* A number of bytes in a one-line file, as control groups have it; -1 if there is none. */
static int64_t memory_read_bytes(const char *path)
{
    FILE *file = fopen(path, "re");
    long long bytes = -1;
    if (file == NULL)
        return -1;
    if (fscanf(file, "%lld", &bytes) != 1)
        bytes = -1;
    fclose(file);
    return bytes;
}

int64_t agi_memory_total(void)
{
    static _Atomic int64_t known;
    int64_t memory = atomic_load_explicit(&known, memory_order_relaxed);
    if (memory != 0)
        return memory;
    memory = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
    int64_t group = memory_read_bytes("/sys/fs/cgroup/memory.max");
    if (group < 0)
        group = memory_read_bytes("/sys/fs/cgroup/memory/memory.limit_in_bytes");
    if (group > 0 && group < memory)
        memory = group;
    atomic_store_explicit(&known, memory, memory_order_relaxed);
    return memory;
}

/* A quarter of the memory that this process may have, at most 4 GB. */
static int64_t memory_default_limit(void)
{
    const char *text = getenv("PYAUTOGRAD_CACHE_LIMIT");
    if (text != NULL && *text != '\0') {
        char *end;
        long long bytes = strtoll(text, &end, 10);
        if (*end == '\0' && bytes >= 0)
            return bytes;
    }
    const int64_t most = (int64_t)4 << 30, memory = agi_memory_total();
    return memory / 4 < most ? memory / 4 : most;
}

static void memory_init(void)
{
    __atomic_store_n(&agi_memory_pool.limit, memory_default_limit(), __ATOMIC_RELAXED);
}

static void memory_lock(void)
{
    pthread_once(&agi_memory_pool.once, memory_init);
    pthread_mutex_lock(&agi_memory_pool.lock);
}

static void memory_note_peak(void)
{
    int64_t live = agi_memory_pool.out - agi_memory_pool.held;
    if (live > agi_memory_pool.peak)
        agi_memory_pool.peak = live;
}

/* ---- where neither pool nor cache is wanted -------------------------------------------------- */

#ifdef AG_PLAIN_ALLOC

static void memory_unlock(void)
{
    pthread_mutex_unlock(&agi_memory_pool.lock);
}

static void *counted_new(size_t lead, size_t bytes, const char *what)
{
    void *block = agi_alloc_should_fail() ? NULL : agi_raw_new(lead, bytes > 0 ? bytes : 1);
    if (block == NULL) {
        agi_fail_memory(what, (int64_t)bytes);
        return NULL;
    }
    memory_lock();
    agi_memory_pool.out += (int64_t)bytes;
    memory_note_peak();
    memory_unlock();
    return block;
}

static void counted_free(size_t lead, void *block, size_t bytes)
{
    agi_raw_free(lead, block);
    memory_lock();
    agi_memory_pool.out -= (int64_t)bytes;
    memory_unlock();
}

void *agi_small_new(size_t bytes)
{
    return counted_new(bytes % 64 == 0 ? 64 : 80, bytes, "small block");
}

void agi_small_free(void *block, size_t bytes)
{
    counted_free(bytes % 64 == 0 ? 64 : 80, block, bytes);
}

double *agi_buffer_new(int64_t n, size_t *bytes)
{
    if (n > AGI_BUFFER_MAX / (int64_t)sizeof(double)) {
        agi_fail(AG_ERR_MEMORY, "buffer: out of memory: %lld elements wanted", (long long)n);
        return NULL;
    }
    *bytes = (size_t)n * sizeof(double);
    return counted_new(64, *bytes, "buffer");
}

void agi_buffer_free(double *data, size_t bytes)
{
    counted_free(64, data, bytes);
}

void agi_alloc_thread_start(agi_thread *thread) { (void)thread; }
void agi_alloc_thread_end(agi_thread *thread) { (void)thread; }

void agi_alloc_held(const agi_thread *thread, int64_t *small, int64_t *fronts)
{
    (void)thread, (void)small, (void)fronts;
}

static int64_t memory_cached(int64_t fronts) { return fronts; }
static void memory_trim(void) {}
void ag_empty_cache(void) {}

#else

/* ---- memory from the system ----------------------------------------------------------------- */

/* On a 2 MB boundary. Recent kernels give that at once; otherwise twice as much is mapped and the
 * ends are given back. */
static void *system_map(size_t bytes, bool huge)
{
    const int prot = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
    char *block = mmap(NULL, bytes, prot, flags, -1, 0);
    if (block == MAP_FAILED)
        return NULL;
    if ((uintptr_t)block % AGI_HUGE != 0) {
        munmap(block, bytes);
        char *wide = mmap(NULL, bytes + AGI_HUGE, prot, flags, -1, 0);
        if (wide == MAP_FAILED)
            return NULL;
        size_t before = (AGI_HUGE - (uintptr_t)wide % AGI_HUGE) % AGI_HUGE;
        block = wide + before;
        if (before > 0)
            munmap(wide, before);
        if (before < AGI_HUGE)
            munmap(block + bytes, AGI_HUGE - before);
    }
#ifdef MADV_HUGEPAGE
    if (huge)
        madvise(block, bytes, MADV_HUGEPAGE);  /* advice: nothing is wrong if it is not taken */
#else
    (void)huge;
#endif
    return block;
}

/* How far into its first page a buffer begins: not where those before it do. Processors tell loads
 * from stores by the last 12 bits of addresses first, and choose places in the caches by them:
 * momentum at 1e5 takes 38 us where w, g and m begin at the same place, and else 26. */
static size_t buffer_shift(void)
{
    static _Atomic unsigned turn;
    return atomic_fetch_add_explicit(&turn, 1, memory_order_relaxed) % AGI_SHIFTS * AGI_SHIFT;
}

static void *buffer_raw_new(size_t bytes)
{
    void *block = NULL;
    if (bytes >= AGI_MAP_MIN)
        block = system_map(bytes + AGI_PAGE, true);
    else if (posix_memalign(&block, bytes >= AGI_SHIFT_MIN ? AGI_PAGE : 64,
                            bytes >= AGI_SHIFT_MIN ? bytes + AGI_PAGE : bytes) != 0)
        return NULL;
    return block == NULL || bytes < AGI_SHIFT_MIN ? block : (char *)block + buffer_shift();
}

static void buffer_raw_free(void *data, size_t bytes)
{
    char *block = data;
    if (bytes >= AGI_SHIFT_MIN)
        block -= (uintptr_t)data % AGI_PAGE;
    if (bytes >= AGI_MAP_MIN)
        munmap(block, bytes + AGI_PAGE);
    else
        free(block);
}

/* ---- chunks and segments: under the lock ---------------------------------------------------- */

#define AGI_CHUNK ((size_t)65536)
#define AGI_SEGMENT_CHUNKS 32
#define AGI_SEGMENT_FIRST 2048        /* where the first chunk starts, after the segment's record */
#define AGI_SEGMENT_KEEP 16           /* empty segments that are kept */
#define AGI_SEGMENT_NORMAL 2          /* so many have normal pages: small programs stay small */
#define AGI_SMALL_BATCH (16 << 10)    /* bytes that a thread takes at a time */
#define AGI_SMALL_BYTES \
    (256 << 10) /* that a bin may hold: a loop of a thousand nodes keeps to it */

struct agi_chunk {
    agi_chunk *next, *prev;  /* in the pool's list, while it has blocks to give */
    void *given_back;
    char *fresh, *end;       /* what was never handed out */
    int32_t used;            /* blocks that are with threads */
    int32_t bin;
};

struct agi_segment {
    agi_segment *next, *prev;
    uint32_t free_chunks;    /* bit mask */
    agi_chunk chunks[AGI_SEGMENT_CHUNKS];
};

_Static_assert(sizeof(agi_segment) <= AGI_SEGMENT_FIRST, "a segment's record fits its place");
_Static_assert(AGI_SMALL_BINS * AGI_SMALL_STEP < (int)AGI_CHUNK / 8, "a chunk has many blocks");

static int32_t small_size(int bin)
{
    return bin > 0 ? bin * AGI_SMALL_STEP : AGI_SMALL_STEP;
}

static bool chunk_has_block(const agi_chunk *chunk)
{
    return chunk->given_back != NULL || chunk->fresh + small_size(chunk->bin) <= chunk->end;
}

static agi_segment *segment_of(const void *block)
{
    return (agi_segment *)((uintptr_t)block & ~(uintptr_t)(AGI_HUGE - 1));
}

static void segment_link(agi_segment **list, agi_segment *segment)
{
    segment->prev = NULL;
    segment->next = *list;
    if (*list != NULL)
        (*list)->prev = segment;
    *list = segment;
}

static void segment_unlink(agi_segment **list, agi_segment *segment)
{
    if (segment->prev != NULL)
        segment->prev->next = segment->next;
    else
        *list = segment->next;
    if (segment->next != NULL)
        segment->next->prev = segment->prev;
}

/* A segment with a free chunk, on the open list; NULL if the system gives none. */
static agi_segment *segment_get(void)
{
    agi_segment *segment = agi_memory_pool.open;
    if (segment != NULL)
        return segment;
    segment = agi_memory_pool.empty;
    if (segment != NULL) {
        segment_unlink(&agi_memory_pool.empty, segment);
        agi_memory_pool.empty_count--;
    } else {
        segment = system_map(AGI_HUGE, agi_memory_pool.segment_count >= AGI_SEGMENT_NORMAL);
        if (segment == NULL)
            return NULL;
        agi_memory_pool.segment_count++;
        segment->free_chunks = UINT32_MAX;
    }
    segment_link(&agi_memory_pool.open, segment);
    return segment;
}

/* A few empty segments are kept, but never more than a quarter of what may be. */
static int segment_keep(void)
{
    int64_t room = agi_memory_pool.limit / 4 / (int64_t)AGI_HUGE;
    return room < AGI_SEGMENT_KEEP ? (int)room : AGI_SEGMENT_KEEP;
}

static int64_t segment_empty_bytes(void)
{
    return agi_memory_pool.empty_count * (int64_t)AGI_HUGE;
}

/* Empty segments beyond `keep` are doomed. */
static void segment_trim(int keep)
{
    while (agi_memory_pool.empty_count > keep) {
        agi_segment *segment = agi_memory_pool.empty;
        segment_unlink(&agi_memory_pool.empty, segment);
        segment->next = agi_memory_pool.doomed_segments;
        agi_memory_pool.doomed_segments = segment;
        agi_memory_pool.empty_count--;
        agi_memory_pool.segment_count--;
    }
}

static void chunk_link(agi_chunk *chunk)
{
    agi_chunk **list = &agi_memory_pool.chunks[chunk->bin];
    chunk->prev = NULL;
    chunk->next = *list;
    if (*list != NULL)
        (*list)->prev = chunk;
    *list = chunk;
}

static void chunk_unlink(agi_chunk *chunk)
{
    if (chunk->prev != NULL)
        chunk->prev->next = chunk->next;
    else
        agi_memory_pool.chunks[chunk->bin] = chunk->next;
    if (chunk->next != NULL)
        chunk->next->prev = chunk->prev;
}

static agi_chunk *chunk_new(int bin)
{
    agi_segment *segment = segment_get();
    if (segment == NULL)
        return NULL;
    int k = __builtin_ctz(segment->free_chunks);
    segment->free_chunks &= segment->free_chunks - 1;
    if (segment->free_chunks == 0)
        segment_unlink(&agi_memory_pool.open, segment);
    agi_chunk *chunk = &segment->chunks[k];
    char *base = (char *)segment + (size_t)k * AGI_CHUNK;
    *chunk = (agi_chunk){.bin = bin, .end = base + AGI_CHUNK};
    chunk->fresh = k > 0 ? base : base + AGI_SEGMENT_FIRST;
    chunk_link(chunk);
    return chunk;
}

/* All blocks are back: the chunk may serve another size, its segment may go. */
static void chunk_free(agi_chunk *chunk, agi_segment *segment)
{
    chunk_unlink(chunk);
    if (segment->free_chunks == 0)
        segment_link(&agi_memory_pool.open, segment);
    segment->free_chunks |= 1u << (chunk - segment->chunks);
    if (segment->free_chunks == UINT32_MAX) {
        segment_unlink(&agi_memory_pool.open, segment);
        segment_link(&agi_memory_pool.empty, segment);
        agi_memory_pool.empty_count++;
    }
}

static void *small_take(int bin)
{
    agi_chunk *chunk = agi_memory_pool.chunks[bin];
    if (chunk == NULL && (chunk = chunk_new(bin)) == NULL)
        return NULL;
    void *block = chunk->given_back;
    if (block != NULL) {
        chunk->given_back = *(void **)block;
    } else {
        block = chunk->fresh;
        chunk->fresh += small_size(bin);
    }
    chunk->used++;
    if (!chunk_has_block(chunk))
        chunk_unlink(chunk);
    agi_memory_pool.out += small_size(bin);
    return block;
}

static void small_give(void *block)
{
    agi_segment *segment = segment_of(block);
    agi_chunk *chunk = &segment->chunks[((uintptr_t)block / AGI_CHUNK) % AGI_SEGMENT_CHUNKS];
    if (!chunk_has_block(chunk))
        chunk_link(chunk);
    *(void **)block = chunk->given_back;
    chunk->given_back = block;
    agi_memory_pool.out -= small_size(chunk->bin);
    if (--chunk->used == 0)
        chunk_free(chunk, segment);
}

/* ---- size classes and spare buffers: under the lock ------------------------------------------ */

/* Classes are 512 bytes and then eight to each doubling. *bytes is rounded up to the class. */
static int buffer_class(size_t *bytes)
{
    if (*bytes <= AGI_CLASS_MIN) {
        *bytes = AGI_CLASS_MIN;
        return 0;
    }
    size_t last = *bytes - 1;
    int power = 63 - __builtin_clzll(last);
    int step = (int)(last >> (power - 3)) & 7;
    *bytes = (size_t)(8 + step + 1) << (power - 3);
    return (power - 9) * 8 + step + 1;
}

static size_t buffer_class_bytes(int class)
{
    return class == 0 ? AGI_CLASS_MIN : (size_t)(9 + (class - 1) % 8) << (6 + (class - 1) / 8);
}

static void spare_unlink(agi_spare *spare, int class)
{
    if (spare->prev != NULL)
        spare->prev->next = spare->next;
    else
        agi_memory_pool.spares[class] = spare->next;
    if (spare->next != NULL)
        spare->next->prev = spare->prev;
    *(spare->newer != NULL ? &spare->newer->older : &agi_memory_pool.newest) = spare->older;
    *(spare->older != NULL ? &spare->older->newer : &agi_memory_pool.oldest) = spare->newer;
    agi_memory_pool.spare_bytes -= (int64_t)spare->bytes;
}

static void spare_doom(agi_spare *spare)
{
    spare->next = agi_memory_pool.doomed;
    agi_memory_pool.doomed = spare;
}

static void spare_trim(int64_t limit)
{
    while (agi_memory_pool.spare_bytes > limit && agi_memory_pool.oldest != NULL) {
        agi_spare *spare = agi_memory_pool.oldest;
        size_t bytes = spare->bytes;
        spare_unlink(spare, buffer_class(&bytes));
        spare_doom(spare);
    }
}

static void *spare_take(int class)
{
    agi_spare *spare = agi_memory_pool.spares[class];
    if (spare == NULL)
        return NULL;
    spare_unlink(spare, class);
    agi_memory_pool.out += (int64_t)spare->bytes;
    return spare;
}

/* A buffer larger than the limit goes at once, rather than push all others out first. */
static void spare_give(void *data, size_t bytes, int class)
{
    agi_spare *spare = data;
    spare->bytes = bytes;
    agi_memory_pool.out -= (int64_t)bytes;
    if ((int64_t)bytes > agi_memory_pool.limit) {
        spare_doom(spare);
        return;
    }
    spare->prev = NULL;
    spare->next = agi_memory_pool.spares[class];
    if (spare->next != NULL)
        spare->next->prev = spare;
    agi_memory_pool.spares[class] = spare;
    spare->newer = NULL;
    spare->older = agi_memory_pool.newest;
    *(spare->older != NULL ? &spare->older->newer : &agi_memory_pool.oldest) = spare;
    agi_memory_pool.newest = spare;
    agi_memory_pool.spare_bytes += (int64_t)bytes;
    spare_trim(agi_memory_pool.limit - segment_empty_bytes());
}

/* ---- between threads and the pool ------------------------------------------------------------ */

/* Lets the lock go, and then gives to the system what was doomed under it. */
static void memory_unlock(void)
{
    agi_spare *spare = agi_memory_pool.doomed;
    agi_segment *segment = agi_memory_pool.doomed_segments;
    agi_memory_pool.doomed = NULL;
    agi_memory_pool.doomed_segments = NULL;
    pthread_mutex_unlock(&agi_memory_pool.lock);
    while (spare != NULL) {
        agi_spare *next = spare->next;
        buffer_raw_free(spare, spare->bytes);
        spare = next;
    }
    while (segment != NULL) {
        agi_segment *next = segment->next;
        munmap(segment, AGI_HUGE);
        segment = next;
    }
}

static int64_t bin_count(const agi_bin *bin)
{
    return __atomic_load_n(&bin->count, __ATOMIC_RELAXED);
}

static void bin_push(agi_bin *bin, void *block)
{
    *(void **)block = bin->head;
    bin->head = block;
    __atomic_store_n(&bin->count, bin->count + 1, __ATOMIC_RELAXED);
}

static void *bin_pop(agi_bin *bin)
{
    void *block = bin->head;
    bin->head = *(void **)block;
    __atomic_store_n(&bin->count, bin->count - 1, __ATOMIC_RELAXED);
    return block;
}

/* The sizes are counted along, and most lists are empty: each large buffer asks. */
void agi_alloc_held(const agi_thread *thread, int64_t *small, int64_t *fronts)
{
    int64_t bytes = AGI_CLASS_MIN, step = AGI_CLASS_MIN / 8, count;
    for (int bin = 0; bin < AGI_SMALL_BINS; bin++)
        if ((count = bin_count(&thread->bins[bin])) > 0)
            *small += count * small_size(bin);
    for (int class = 0; class < AGI_FRONT_BINS; class++, bytes += step) {
        if ((count = bin_count(&thread->fronts[class])) > 0)
            *fronts += count * bytes;
        if (class > 0 && class % 8 == 0)
            step *= 2;
    }
}

/* Under the lock, by the thread itself; NULL (no record) has nothing to say. */
static void memory_publish(agi_thread *thread)
{
    int64_t small = 0, fronts = 0;
    if (thread != NULL) {
        agi_alloc_held(thread, &small, &fronts);
        agi_memory_pool.held += small + fronts - thread->held;
        thread->held = small + fronts;
    }
    memory_note_peak();
}

void agi_alloc_thread_start(agi_thread *thread)
{
    for (int bin = 0; bin < AGI_SMALL_BINS; bin++)
        thread->bins[bin].limit = AGI_SMALL_BYTES / small_size(bin);
    for (int class = 0; class < AGI_FRONT_BINS; class++) {
        int64_t limit = AGI_FRONT_BYTES / (int64_t)buffer_class_bytes(class);
        thread->fronts[class].limit = limit < 4 ? 4 : limit < 64 ? (int32_t)limit : 64;
    }
}

static void small_return(agi_bin *bin, int64_t count)
{
    while (count-- > 0)
        small_give(bin_pop(bin));
}

static void front_return(agi_bin *front, int class, int64_t count)
{
    while (count-- > 0)
        spare_give(bin_pop(front), buffer_class_bytes(class), class);
}

/* Under the lock: all that lies in the thread's lists goes to the pool. */
static void memory_flush(agi_thread *thread)
{
    for (int bin = 0; bin < AGI_SMALL_BINS; bin++)
        small_return(&thread->bins[bin], thread->bins[bin].count);
    for (int class = 0; class < AGI_FRONT_BINS; class++)
        front_return(&thread->fronts[class], class, thread->fronts[class].count);
    memory_publish(thread);
}

void agi_alloc_thread_end(agi_thread *thread)
{
    memory_lock();
    memory_flush(thread);
    segment_trim(segment_keep());
    memory_unlock();
}

/* ---- small blocks ---------------------------------------------------------------------------- */

void *agi_small_fail(int bin)
{
    agi_fail_memory("small block", small_size(bin));
    return NULL;
}

void *agi_small_refill(agi_thread *thread, int bin)
{
    bool unowned = agi_thread_is_emergency(thread);
    int batch = AGI_SMALL_BATCH / small_size(bin);
    memory_lock();
    void *block = small_take(bin);
    for (int k = 1; k < batch && !unowned && block != NULL; k++) {
        void *more = small_take(bin);
        if (more == NULL)
            break;
        bin_push(&thread->bins[bin], more);
    }
    memory_publish(unowned ? NULL : thread);
    memory_unlock();
    return block != NULL ? block : agi_small_fail(bin);
}

void agi_small_spill(agi_thread *thread, int bin)
{
    memory_lock();
    small_return(&thread->bins[bin], thread->bins[bin].count / 2);
    segment_trim(segment_keep());
    memory_publish(thread);
    memory_unlock();
}

void agi_small_free_unowned(void *block, int bin)
{
    agi_thread *thread = agi_thread_start();
    if (!agi_thread_is_emergency(thread)) {
        bin_push(&thread->bins[bin], block);
        return;
    }
    memory_lock();
    small_give(block);
    memory_unlock();
}

/* ---- buffers --------------------------------------------------------------------------------- */

static void *buffer_fail(size_t bytes)
{
    agi_fail_memory("buffer", (int64_t)bytes);
    return NULL;
}

/* From the system, and if it has none, once more after all that is kept was given to it. */
static void *buffer_from_system(size_t bytes)
{
    void *data = buffer_raw_new(bytes);
    if (data == NULL) {
        ag_empty_cache();
        data = buffer_raw_new(bytes);
    }
    if (data == NULL)
        return buffer_fail(bytes);
    memory_lock();
    agi_memory_pool.out += (int64_t)bytes;
    memory_publish(agi_tls);
    memory_unlock();
    return data;
}

static AGI_NOINLINE void *buffer_slow_new(agi_thread *thread, int class, size_t bytes)
{
    memory_lock();
    void *data = spare_take(class);
    bool to_front = thread != NULL && class < AGI_FRONT_BINS &&
                    agi_memory_pool.limit >= AGI_FRONT_LIMIT;
    if (data != NULL && to_front) {
        agi_bin *front = &thread->fronts[class];
        for (void *more; front->count < front->limit / 2 && (more = spare_take(class)) != NULL;)
            bin_push(front, more);
    }
    memory_publish(thread);
    memory_unlock();
    return data != NULL ? data : buffer_from_system(bytes);
}

double *agi_buffer_new(int64_t n, size_t *bytes)
{
    if (AGI_UNLIKELY(n > AGI_BUFFER_MAX / (int64_t)sizeof(double))) {
        agi_fail(AG_ERR_MEMORY, "buffer: out of memory: %lld elements wanted", (long long)n);
        return NULL;
    }
    *bytes = (size_t)n * sizeof(double);
    if (agi_alloc_should_fail())
        return buffer_fail(*bytes);
    int class = buffer_class(bytes);
    agi_thread *thread = agi_thread_get();
    if (AGI_UNLIKELY(agi_thread_is_emergency(thread)))
        return buffer_slow_new(NULL, class, *bytes);
    if (class < AGI_FRONT_BINS && thread->fronts[class].head != NULL)
        return bin_pop(&thread->fronts[class]);
    return buffer_slow_new(thread, class, *bytes);
}

void agi_buffer_free(double *data, size_t bytes)
{
    int class = buffer_class(&bytes);
    agi_thread *thread = agi_tls;
    int64_t limit = __atomic_load_n(&agi_memory_pool.limit, __ATOMIC_RELAXED);
    if (class < AGI_FRONT_BINS && thread != NULL && limit >= AGI_FRONT_LIMIT) {
        agi_bin *front = &thread->fronts[class];
        bin_push(front, data);
        if (AGI_LIKELY(front->count <= front->limit))
            return;
        memory_lock();
        front_return(front, class, front->count / 2);
    } else {
        memory_lock();
        spare_give(data, bytes, class);
    }
    memory_publish(thread);
    memory_unlock();
}

/* ---- the cache as a whole -------------------------------------------------------------------- */

static int64_t memory_cached(int64_t fronts)
{
    return fronts + agi_memory_pool.spare_bytes + segment_empty_bytes();
}

/* Under the lock, after the limit was set. */
static void memory_trim(void)
{
    if (agi_memory_pool.limit < AGI_FRONT_LIMIT && agi_tls != NULL)
        memory_flush(agi_tls);
    segment_trim(segment_keep());
    spare_trim(agi_memory_pool.limit - segment_empty_bytes());
}

/* Free lists of other threads are theirs alone and stay. */
void ag_empty_cache(void)
{
    memory_lock();
    if (agi_tls != NULL)
        memory_flush(agi_tls);
    spare_trim(0);
    segment_trim(0);
    memory_unlock();
}

#endif

/* ---- statistics ------------------------------------------------------------------------------ */

void ag_get_memory_stats(ag_memory_stats *stats)
{
    if (stats == NULL) {
        agi_fail_missing("get_memory_stats", "memory for the figures");
        return;
    }
    agi_totals totals;
    agi_thread_totals(&totals);
    memory_lock();
    int64_t live = agi_memory_pool.out - totals.small_free - totals.front_free;
    live = live > 0 ? live : 0;  /* other threads go on while their lists are read */
    if (live > agi_memory_pool.peak)
        agi_memory_pool.peak = live;
    *stats = (ag_memory_stats){
        .allocated = live,
        .max_allocated = agi_memory_pool.peak,
        .cached = memory_cached(totals.front_free),
        .cache_limit = agi_memory_pool.limit,
        .live_tensors = totals.live_tensors,
        .live_nodes = totals.live_nodes,
    };
    memory_unlock();
}

void ag_reset_peak(void)
{
    ag_memory_stats stats;
    ag_get_memory_stats(&stats);
    memory_lock();
    agi_memory_pool.peak = stats.allocated;
    memory_unlock();
}

void ag_set_cache_limit(int64_t bytes)
{
    memory_lock();
    __atomic_store_n(&agi_memory_pool.limit, bytes > 0 ? bytes : 0, __ATOMIC_RELAXED);
    memory_trim();
    memory_unlock();
}
