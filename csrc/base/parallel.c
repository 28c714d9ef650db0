/* SPDX-License-Identifier: MIT
 *
 * The pool of threads that share large loops.
 *
 * A loop is cut into one span for each thread that is to help; a thread works through its own
 * span a chunk at a time and then through what is left of the others'. So each thread meets the
 * same part of an array in loop after loop (its cache has it), and a thread that is late, or
 * never comes, costs nothing: the caller does its part. The caller waits only for those that have
 * joined.
 *
 * All that a loop needs is in `agi_pool.state`, one word: its number, whether threads may still
 * join, and how many are inside. A worker reads the rest only between joining and leaving, when
 * the caller cannot be writing it.
 */
#include "parallel.h"

#include <fenv.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "fork.h"
#include "status.h"
#include "unload.h"

#define AGI_THREADS_MAX 256
#define AGI_WORKER_STACK ((size_t)1 << 20)
#define AGI_SPAN_CHUNKS 64         /* as many chunks in a span, where the grain allows */
/* Looks at the state before going to sleep, at 25 ns each. To wake takes 7 to 17 us, so that loops
 * which follow each other closely gain: 65536 multiply-adds on two threads take 27 us with no such
 * wait, 8.6 us with one. A worker waits 5 us, or 50 where loops follow closely (is_streak); the
 * caller, whose loop is in its last chunks, in between. */
#define AGI_SPIN_WORKER 200
#define AGI_SPIN_STREAK 2000
#define AGI_SPIN_CALLER 1000
/* So many loops, each begun at most so many ns after the last one's end. */
#define AGI_STREAK_LOOPS 3
#define AGI_STREAK_NS 40000

#define AGI_LOOP_OPEN ((uint64_t)1 << 31)
#define AGI_LOOP_INSIDE (AGI_LOOP_OPEN - 1)
#define AGI_LOOP_NUMBER(state) ((state) >> 32)

typedef struct agi_span {
    _Alignas(64) _Atomic int64_t next;  /* in units of `align` elements */
    int64_t end;
} agi_span;

typedef struct agi_worker {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    _Atomic bool asleep;
    int off;                /* the CPU that it is kept off, or -1 */
} agi_worker;

static struct {
    pthread_mutex_t caller;             /* held by the one that runs a loop, or changes the pool */
    _Atomic uint64_t state;
    _Atomic bool stop;
    _Atomic int64_t last_end;           /* of a loop, ns */
    _Atomic int streak;                 /* loops that followed each other closely */
    _Atomic int width;                  /* 0: not asked for yet */
    int started;                        /* workers 1 .. started run */
    int asked;                          /* the largest width that workers were started for */
    pid_t process;                      /* in which they do */
    pthread_mutex_t done_lock;
    pthread_cond_t done;                /* the last one inside has left */
    /* The loop. */
    agi_range_fn fn;
    void *context;
    int64_t n, align, chunk;
    int parts, limit;
    int cpu;                            /* that the caller is on */
    fenv_t mode;                        /* the caller's rounding and flushing: the same bits */
    agi_span spans[AGI_THREADS_MAX];
    agi_worker workers[AGI_THREADS_MAX];
} agi_pool = {.caller = PTHREAD_MUTEX_INITIALIZER,
              .done_lock = PTHREAD_MUTEX_INITIALIZER,
              .done = PTHREAD_COND_INITIALIZER};

static pthread_once_t agi_pool_once = PTHREAD_ONCE_INIT;

/* ---- how many ------------------------------------------------------------------------------- */

/* The first number of a variable such as "4" or "4,2"; 0 if there is none. */
static int pool_from_environment(const char *name)
{
    const char *text = getenv(name);
    if (text == NULL)
        return 0;
    char *end;
    long n = strtol(text, &end, 10);
    if (end == text || (*end != '\0' && *end != ',') || n < 1)
        return 0;
    return n < AGI_THREADS_MAX ? (int)n : AGI_THREADS_MAX;
}

static int pool_default_width(void)
{
    int n = pool_from_environment("PYAUTOGRAD_NUM_THREADS");
    if (n == 0)
        n = pool_from_environment("OMP_NUM_THREADS");
#ifdef CPU_COUNT
    cpu_set_t set;
    if (n == 0 && sched_getaffinity(0, sizeof set, &set) == 0)
        n = CPU_COUNT(&set);
#endif
    if (n == 0)
        n = (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (n < 1)
        n = 1;
    return n < AGI_THREADS_MAX ? n : AGI_THREADS_MAX;
}

/* The child has none of the threads: it starts anew, with its setting. */
void agi_fork_child_of_pool(void)
{
    static const pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static const pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    agi_pool.caller = lock;
    agi_pool.done_lock = lock;
    agi_pool.done = condition;
    atomic_store(&agi_pool.state, 0);
    agi_pool.started = 0;
    agi_pool.asked = 0;
}

static void pool_init(void)
{
    int none = 0;
    atomic_compare_exchange_strong(&agi_pool.width, &none, pool_default_width());
}

int agi_parallel_width(void)
{
    pthread_once(&agi_pool_once, pool_init);
    return atomic_load_explicit(&agi_pool.width, memory_order_relaxed);
}

int ag_get_num_threads(void)
{
    return agi_parallel_width();
}

ag_status ag_set_num_threads(int n)
{
    if (n < 1 || n > AGI_THREADS_MAX)
        return agi_fail(AG_ERR_VALUE, "set_num_threads: expected 1 to %d threads, got %d",
                        AGI_THREADS_MAX, n);
    pthread_once(&agi_pool_once, pool_init);
    atomic_store(&agi_pool.width, n);
    return AG_OK;
}

/* ---- a loop --------------------------------------------------------------------------------- */

static void pool_work(int part)
{
    const int64_t align = agi_pool.align, chunk = agi_pool.chunk;
    for (int k = 0; k < agi_pool.parts; k++) {
        agi_span *span = &agi_pool.spans[(part + k) % agi_pool.parts];
        for (;;) {
            int64_t first = atomic_fetch_add_explicit(&span->next, chunk, memory_order_relaxed);
            if (first >= span->end)
                break;
            int64_t last = first + chunk < span->end ? first + chunk : span->end;
            int64_t end = last * align < agi_pool.n ? last * align : agi_pool.n;
            agi_pool.fn(agi_pool.context, first * align, end, part);
        }
    }
}

/* Keeps a sleeping worker off the CPU that the loop's caller is on. Kernels of virtual machines
 * wake threads there, as they take other CPUs, idle and halted, for absent; the worker then comes
 * when all is done, loop after loop: sin-exp of 1e5 elements, after a pause, took 410 us with two
 * threads (1: 410), and 221 since. A system call only where the caller has moved. */
static void worker_keep_off(agi_worker *worker, int cpu)
{
#ifdef CPU_COUNT
    cpu_set_t set;
    if (worker->off == cpu || cpu < 0 || cpu >= CPU_SETSIZE)
        return;
    worker->off = cpu;
    if (pthread_getaffinity_np(pthread_self(), sizeof set, &set) != 0)
        return;
    CPU_CLR(cpu, &set);
    if (CPU_COUNT(&set) > 0)
        pthread_setaffinity_np(worker->thread, sizeof set, &set);
#else
    (void)worker, (void)cpu;
#endif
}

static int current_cpu(void)
{
#ifdef CPU_COUNT
    return sched_getcpu();
#else
    return -1;
#endif
}

static void worker_rouse(agi_worker *worker)
{
    if (!atomic_load(&worker->asleep))
        return;
    worker_keep_off(worker, agi_pool.cpu);
    pthread_mutex_lock(&worker->lock);
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->lock);
}

/* Each thread wakes two: the caller of a hundred does not spend its time on signals. */
static void pool_rouse_children(int part, int parts)
{
    for (int k = 2 * part + 1; k <= 2 * part + 2; k++)
        if (k < parts && k <= agi_pool.started)
            worker_rouse(&agi_pool.workers[k]);
}

/* False if the loop that `state` tells of takes nobody in any more. */
static bool pool_join(uint64_t state)
{
    while (state & AGI_LOOP_OPEN)
        if (atomic_compare_exchange_weak(&agi_pool.state, &state, state + 1))
            return true;
    return false;
}

static void pool_leave(void)
{
    uint64_t left = atomic_fetch_sub(&agi_pool.state, 1) - 1;
    if ((left & (AGI_LOOP_OPEN | AGI_LOOP_INSIDE)) != 0)
        return;
    pthread_mutex_lock(&agi_pool.done_lock);
    pthread_cond_signal(&agi_pool.done);
    pthread_mutex_unlock(&agi_pool.done_lock);
}

static bool worker_has_news(uint64_t seen)
{
    return AGI_LOOP_NUMBER(atomic_load(&agi_pool.state)) != seen || atomic_load(&agi_pool.stop);
}

static bool is_streak(void)
{
    return atomic_load_explicit(&agi_pool.streak, memory_order_relaxed) >= AGI_STREAK_LOOPS;
}

int64_t agi_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

bool agi_parallel_begin(void)
{
    const int64_t last_end = atomic_load_explicit(&agi_pool.last_end, memory_order_relaxed);
    const int64_t gap = agi_now_ns() - last_end;
    const int streak = atomic_load_explicit(&agi_pool.streak, memory_order_relaxed);
    const int next = gap > AGI_STREAK_NS ? 0 : streak < AGI_STREAK_LOOPS ? streak + 1 : streak;
    atomic_store_explicit(&agi_pool.streak, next, memory_order_relaxed);
    return next >= AGI_STREAK_LOOPS;
}

void agi_parallel_end(void)
{
    atomic_store_explicit(&agi_pool.last_end, agi_now_ns(), memory_order_relaxed);
}

/* `asleep` is set before the last look at the state, and the caller changes the state before it
 * looks at `asleep`: one of the two sees the other. */
static void worker_wait(agi_worker *self, uint64_t seen)
{
    const int looks = is_streak() ? AGI_SPIN_STREAK : AGI_SPIN_WORKER;
    for (int k = 0; k < looks; k++) {
        if (worker_has_news(seen))
            return;
        agi_relax();
    }
    pthread_mutex_lock(&self->lock);
    atomic_store(&self->asleep, true);
    while (!worker_has_news(seen))
        pthread_cond_wait(&self->wake, &self->lock);
    atomic_store(&self->asleep, false);
    pthread_mutex_unlock(&self->lock);
}

static void *worker_main(void *argument)
{
    agi_worker *self = argument;
    const int part = (int)(self - agi_pool.workers);
    uint64_t seen = 0;
    for (;;) {
        worker_wait(self, seen);
        if (atomic_load(&agi_pool.stop))
            return NULL;
        uint64_t state = atomic_load(&agi_pool.state);
        seen = AGI_LOOP_NUMBER(state);
        if (!pool_join(state))
            continue;
        seen = AGI_LOOP_NUMBER(atomic_load(&agi_pool.state));
        pool_rouse_children(part, agi_pool.parts);
        if (part < agi_pool.limit) {
            fesetenv(&agi_pool.mode);
            pool_work(part);
        }
        pool_leave();
    }
}

/* Signals are for the threads of the program that uses the library. */
static bool worker_start(agi_worker *worker)
{
    static const pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static const pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    sigset_t all, before;
    pthread_attr_t attributes;
    worker->lock = lock;
    worker->wake = condition;
    atomic_store(&worker->asleep, false);
    worker->off = -1;
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, AGI_WORKER_STACK);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool ok = pthread_create(&worker->thread, &attributes, worker_main, worker) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return ok;
}

/* Threads that the system does not give are done without, and not asked for in every loop. */
static void pool_grow(int width)
{
    if (width <= agi_pool.asked)
        return;
    agi_pool.asked = width;
    agi_pool.process = getpid();
    while (agi_pool.started < width - 1 && worker_start(&agi_pool.workers[agi_pool.started + 1]))
        agi_pool.started++;
}

static void pool_open(int64_t units, int64_t grain, int parts)
{
    for (int k = 0; k < parts; k++) {
        atomic_store_explicit(&agi_pool.spans[k].next, units * k / parts, memory_order_relaxed);
        agi_pool.spans[k].end = units * (k + 1) / parts;
    }
    int64_t part = units / parts / AGI_SPAN_CHUNKS;
    agi_pool.chunk = part > grain ? part : grain;
    agi_pool.parts = parts;
    agi_pool.cpu = current_cpu();
    fegetenv(&agi_pool.mode);
    uint64_t number = AGI_LOOP_NUMBER(atomic_load(&agi_pool.state)) + 1;
    atomic_store(&agi_pool.state, (number << 32) | AGI_LOOP_OPEN);
}

/* No more may join, and those inside are waited for: a short while awake, then asleep. */
static void pool_close(void)
{
    atomic_fetch_and(&agi_pool.state, ~AGI_LOOP_OPEN);
    for (int k = 0; k < AGI_SPIN_CALLER; k++) {
        if ((atomic_load(&agi_pool.state) & AGI_LOOP_INSIDE) == 0)
            return;
        agi_relax();
    }
    pthread_mutex_lock(&agi_pool.done_lock);
    while ((atomic_load(&agi_pool.state) & AGI_LOOP_INSIDE) != 0)
        pthread_cond_wait(&agi_pool.done, &agi_pool.done_lock);
    pthread_mutex_unlock(&agi_pool.done_lock);
}

void agi_parallel_for(int64_t n, int64_t grain, int64_t align, agi_range_fn fn, void *context)
{
    agi_parallel_at_most(n, grain, align, INT_MAX, fn, context);
}

void agi_parallel_at_most(int64_t n, int64_t grain, int64_t align, int at_most, agi_range_fn fn,
                          void *context)
{
    if (n <= 0)
        return;
    int width = n >= 2 * grain ? agi_parallel_width() : 1;
    width = width < at_most ? width : at_most;
    if (width == 1 || pthread_mutex_trylock(&agi_pool.caller) != 0) {
        fn(context, 0, n, 0);
        return;
    }
    int64_t units = (n - 1) / align + 1;
    int64_t grain_units = grain > align ? (grain - 1) / align + 1 : 1;
    int64_t most = units / grain_units;
    int parts = most < width ? (int)most : width;
    pool_grow(width);
    if (parts > 1 && agi_pool.started > 0) {
        agi_pool.fn = fn;
        agi_pool.context = context;
        agi_pool.n = n;
        agi_pool.align = align;
        agi_pool.limit = width;
        pool_open(units, grain_units, parts);
        pool_rouse_children(0, parts);
        pool_work(0);
        pool_close();
    } else {
        fn(context, 0, n, 0);
    }
    pthread_mutex_unlock(&agi_pool.caller);
}

/* Workers that are asleep go; with a loop running in another thread, or in a child that came about
 * without fork's handlers, there is nothing that may be waited for. The caller's lock is kept:
 * loops that come still later run alone. */
bool agi_unload_pool(void)
{
    if (pthread_mutex_trylock(&agi_pool.caller) != 0)
        return false;
    if (agi_pool.started == 0)
        return true;
    if (agi_pool.process != getpid())
        return false;
    atomic_store(&agi_pool.stop, true);
    for (int k = 1; k <= agi_pool.started; k++) {
        worker_rouse(&agi_pool.workers[k]);
        pthread_join(agi_pool.workers[k].thread, NULL);
    }
    return true;
}

/* ---- long work ------------------------------------------------------------------------------ */

static struct {
    void *(*_Atomic enter)(void);
    void (*_Atomic leave)(void *token);
    bool (*_Atomic is_interrupted)(void);
} agi_hooks;

void ag_set_blocking_hooks(void *(*enter)(void), void (*leave)(void *token))
{
    if ((enter == NULL) != (leave == NULL)) {
        agi_fail(AG_ERR_VALUE, "set_blocking_hooks: expected two functions or none, got one");
        return;
    }
    atomic_store(&agi_hooks.enter, enter);
    atomic_store(&agi_hooks.leave, leave);
}

void *agi_blocking_enter(void)
{
    void *(*enter)(void) = atomic_load_explicit(&agi_hooks.enter, memory_order_acquire);
    return enter != NULL ? enter() : NULL;
}

void agi_blocking_leave(void *token)
{
    void (*leave)(void *) = atomic_load_explicit(&agi_hooks.leave, memory_order_acquire);
    if (leave != NULL)
        leave(token);
}

void ag_set_interrupt_hook(bool (*is_interrupted)(void))
{
    atomic_store(&agi_hooks.is_interrupted, is_interrupted);
}

bool agi_has_interrupt_hook(void)
{
    return atomic_load(&agi_hooks.is_interrupted) != NULL;
}

bool agi_interrupted(void)
{
    bool (*is_interrupted)(void) = atomic_load(&agi_hooks.is_interrupted);
    return is_interrupted != NULL && is_interrupted();
}
