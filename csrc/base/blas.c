/* SPDX-License-Identifier: MIT
 *
 * Finds routines of BLAS and LAPACK at the first use, and keeps their threads out of the way.
 */
#include "blas.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "fork.h"
#include "status.h"

#define PATHS_MAX 8
#define PATH_TEXT 4096

typedef void (*blas_function)(void);

_Atomic(const agi_blas_table *) agi_blas_found;

/* How a library spells the names of Fortran routines, and of its own functions in C. */
typedef struct blas_spelling {
    const char *before, *after, *after_c;
} blas_spelling;

/* Of NumPy's wheels since 2.0 and before, of builds with 64-bit integers, of Accelerate, of
 * others. */
static const blas_spelling spellings[] = {
    {"scipy_", "_64_", "64_"}, {"", "_64_", "64_"},         {"scipy_", "_", ""},
    {"", "$NEWLAPACK$ILP64", ""}, {"", "$NEWLAPACK", ""},   {"", "_", ""},
    {"", "", ""},
};

/* Where routines are looked for: in opened libraries, in turn, or by the embedder's finder. */
typedef struct blas_source {
    void *handles[PATHS_MAX];
    int n;
    ag_blas_finder find;
    void *context;
} blas_source;

/* A library that was chosen, and its threads. Never freed: others may be inside. */
typedef struct blas_entry {
    agi_blas_table table;    /* first: agi_blas_leave finds the entry by it */
    int inside;              /* how many are between enter and leave */
    int threads_before, threads_set;
    struct blas_entry *older;
} blas_entry;

static struct {
    pthread_mutex_t lock;          /* of all that follows, and of what counts in the entries */
    blas_entry *entries;
    char default_path[PATH_TEXT];  /* what a binding names: a file that is linked to a BLAS */
    char paths[PATH_TEXT];         /* what was asked for last */
    char note[256];                /* why that is not what is used, or "" */
    char library[256];             /* which library it is, in its own words */
} blas = {.lock = PTHREAD_MUTEX_INITIALIZER};

void agi_fork_lock_blas(bool lock)
{
    if (lock)
        pthread_mutex_lock(&blas.lock);
    else
        pthread_mutex_unlock(&blas.lock);
}

/* ---- looking for routines ------------------------------------------------------------------- */

static blas_function find_symbol(const blas_source *source, const char *name)
{
    blas_function function = NULL;
    for (int k = 0; k < source->n && function == NULL; k++) {
        void *symbol = dlsym(source->handles[k], name);
        memcpy(&function, &symbol, sizeof function);  /* ISO C has no cast between the two */
    }
    return function;
}

static blas_function find_routine(const blas_source *source, const blas_spelling *as,
                                  const char *name)
{
    char text[64];
    if (source->find != NULL)
        return source->find(source->context, name);
    snprintf(text, sizeof text, "%s%s%s", as->before, name, as->after);
    return find_symbol(source, text);
}

static blas_function find_own(const blas_source *source, const blas_spelling *as, const char *name)
{
    char text[64];
    if (source->find != NULL)
        return source->find(source->context, name);
    snprintf(text, sizeof text, "%s%s%s", as->before, name, as->after_c);
    return find_symbol(source, text);
}

/* Whether integers have 64 bits: as such this n is negative, and there is nothing to look at. Its
 * lower half is 2. */
static bool has_wide_integers(const agi_blas_table *table)
{
    static const double x[2] = {1.0, 2.0};
    const int64_t n = (int64_t)UINT64_C(0xFFFFFFFF00000002), step = 1;
    return (int32_t)table->idamax(&n, x, &step) != 2;
}

/* The library's own functions for the number of its threads. */
static void find_threads(agi_blas_table *table, const blas_source *source, const blas_spelling *as)
{
    static const char *const names[][2] = {
        {"openblas_get_num_threads", "openblas_set_num_threads"},
        {"MKL_Get_Max_Threads", "MKL_Set_Num_Threads"},
        {"bli_thread_get_num_threads", "bli_thread_set_num_threads"},
    };
    for (int k = 0; k < (int)(sizeof names / sizeof *names); k++) {
        table->get_threads = (int (*)(void))find_own(source, as, names[k][0]);
        table->set_threads = (void (*)(int))find_own(source, as, names[k][1]);
        if (table->get_threads != NULL && table->set_threads != NULL)
            return;
        table->get_threads = NULL;
        table->set_threads = NULL;
    }
}

static void describe_blas(const blas_source *source, const blas_spelling *as)
{
    char *(*config)(void) = (char *(*)(void))find_own(source, as, "openblas_get_config");
    char *(*core)(void) = (char *(*)(void))find_own(source, as, "openblas_get_corename");
    const char *text = config != NULL ? config() : NULL;
    if (source->find != NULL)
        snprintf(blas.library, sizeof blas.library, "the embedder's routines");
    else if (text != NULL && core != NULL)
        snprintf(blas.library, sizeof blas.library, "%.140s, kernels for %.40s", text, core());
    else
        snprintf(blas.library, sizeof blas.library, "%.180s", text != NULL ? text : "a library");
}

/* OpenBLAS multiplies small matrices without packing them by its kernels for AVX-512, but of
 * products x^T y only those with few results. */
static bool has_small_kernels(const blas_source *source, const blas_spelling *as)
{
    static const char *const cores[] = {"SkylakeX", "Cooperlake", "SapphireRapids"};
    char *(*core)(void) = (char *(*)(void))find_own(source, as, "openblas_get_corename");
    bool found = false;
    for (int k = 0; k < (int)(sizeof cores / sizeof *cores) && core != NULL; k++)
        found |= strcmp(core(), cores[k]) == 0;
    return found;
}

/* Fills the table in from the source; false, and nothing in it, where even a product is missing. */
static bool fill_blas(agi_blas_table *table, const blas_source *source)
{
    const blas_spelling *as = spellings;
    const int count = (int)(sizeof spellings / sizeof *spellings);
    while (as < spellings + count && find_routine(source, as, "dgemm") == NULL)
        as++;
    if (as == spellings + count)
        return false;
    *table = (agi_blas_table){.wide = false};
#define FIND(result, name, arguments) \
    table->name = (result(*) arguments)find_routine(source, as, #name);
    AGI_BLAS_LIST(FIND)
#undef FIND
    if (table->idamax == NULL || table->ddot == NULL || table->dgemv == NULL)
        return false;
    table->wide = has_wide_integers(table);
    const agi_blas_table *rest = table->wide ? &agi_blas_plain : &agi_blas_plain_narrow;
#define FILL_UP(result, name, arguments) \
    if (table->name == NULL) \
        table->name = rest->name;
    AGI_BLAS_LIST(FILL_UP)
#undef FILL_UP
    find_threads(table, source, as);
    table->parts_pay = has_small_kernels(source, as);
    describe_blas(source, as);
    return true;
}

/* ---- choosing a library --------------------------------------------------------------------- */

static void note_blas(const char *what, const char *path, const char *why)
{
    snprintf(blas.note, sizeof blas.note, "%s \"%.80s\": %.130s", what, path, why);
}

/* The libraries of "path:path", opened and never closed; false with a note if one cannot be. Their
 * names stay their own: SciPy has an OpenBLAS with narrower integers, whose calls of its own
 * functions would end in the one that is global. */
static bool open_paths(blas_source *source, const char *paths)
{
    char text[PATH_TEXT];
    snprintf(text, sizeof text, "%s", paths);
    for (char *rest = text, *path = strsep(&rest, ":"); path != NULL; path = strsep(&rest, ":")) {
        if (*path == '\0')
            continue;
        if (source->n == PATHS_MAX) {
            note_blas("too many libraries in", paths, "8 are the most");
            return false;
        }
        void *handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
        if (handle == NULL) {
            const char *why = dlerror();
            note_blas("cannot open", path, why != NULL ? why : "for no known reason");
            return false;
        }
        source->handles[source->n++] = handle;
    }
    return true;
}

static void use_table(const agi_blas_table *table)
{
    atomic_store_explicit(&agi_blas_found, table, memory_order_release);
}

static void use_plain(void)
{
    snprintf(blas.library, sizeof blas.library, "none, own routines");
    use_table(&agi_blas_plain);
}

static bool use_source(const blas_source *source)
{
    blas_entry *entry = agi_plain_new(sizeof *entry);
    if (entry == NULL || !fill_blas(&entry->table, source)) {
        agi_plain_free(entry);
        return false;
    }
    entry->inside = 0;
    entry->older = blas.entries;
    blas.entries = entry;
    use_table(&entry->table);
    return true;
}

/* "path:path", or "none". False with a note. */
static bool use_paths(const char *paths)
{
    blas_source source = {.n = 0};
    if (strcmp(paths, "none") == 0) {
        use_plain();
        return true;
    }
    if (!open_paths(&source, paths))
        return false;
    if (use_source(&source))
        return true;
    note_blas("there is no dgemm in", paths, "no spelling of the name is known there");
    return false;
}

const agi_blas_table *agi_blas_find(void)
{
    pthread_mutex_lock(&blas.lock);
    if (atomic_load(&agi_blas_found) == NULL) {
        const char *wanted = getenv("PYAUTOGRAD_BLAS");
        const bool is_wanted = wanted != NULL && *wanted != '\0';
        blas.note[0] = '\0';
        snprintf(blas.paths, sizeof blas.paths, "%s", is_wanted ? wanted : blas.default_path);
        if (*blas.paths == '\0' || !use_paths(blas.paths))
            use_plain();
    }
    pthread_mutex_unlock(&blas.lock);
    return atomic_load(&agi_blas_found);
}

ag_status ag_open_blas(const char *paths)
{
    if (paths == NULL || *paths == '\0' || strlen(paths) >= PATH_TEXT)
        return agi_fail(AG_ERR_VALUE, "open_blas: expected \"path:path\" or \"none\", got %s",
                        paths == NULL ? "NULL" : *paths == '\0' ? "nothing" : "a longer text");
    pthread_mutex_lock(&blas.lock);
    blas.note[0] = '\0';
    const bool done = use_paths(paths);
    char note[sizeof blas.note];
    memcpy(note, blas.note, sizeof note);
    if (done)
        snprintf(blas.paths, sizeof blas.paths, "%s", paths);
    pthread_mutex_unlock(&blas.lock);
    return done ? AG_OK : agi_fail(AG_ERR_VALUE, "open_blas: %s", note);
}

ag_status ag_set_blas(ag_blas_finder find, void *context)
{
    const blas_source source = {.find = find, .context = context};
    if (find == NULL)
        return agi_fail(AG_ERR_TYPE, "set_blas: expected a function, got NULL");
    pthread_mutex_lock(&blas.lock);
    const bool done = use_source(&source);
    if (done)
        snprintf(blas.paths, sizeof blas.paths, "set by the program");
    pthread_mutex_unlock(&blas.lock);
    return done ? AG_OK : agi_fail(AG_ERR_VALUE, "set_blas: expected a function that finds dgemm, "
                                                 "dgemv, ddot and idamax at least");
}

ag_status ag_set_default_blas(const char *path)
{
    if (path == NULL || strlen(path) >= PATH_TEXT)
        return agi_fail(AG_ERR_VALUE, "set_default_blas: expected the path of a file, got %s",
                        path == NULL ? "NULL" : "a longer text");
    pthread_mutex_lock(&blas.lock);
    snprintf(blas.default_path, sizeof blas.default_path, "%s", path);
    pthread_mutex_unlock(&blas.lock);
    return AG_OK;
}

/* ---- in use --------------------------------------------------------------------------------- */

/* How many threads factorisations may use: what PYAUTOGRAD_BLAS_THREADS says, else 1. Read once,
 * since the environment may be written by other threads later. */
static int factor_threads(void)
{
    static _Atomic int threads;  /* 0: not read yet */
    int known = atomic_load_explicit(&threads, memory_order_relaxed);
    if (AGI_UNLIKELY(known == 0)) {
        const char *text = getenv("PYAUTOGRAD_BLAS_THREADS");
        const long n = text != NULL ? strtol(text, NULL, 10) : 1;
        known = n >= 1 && n < 1024 ? (int)n : 1;
        atomic_store_explicit(&threads, known, memory_order_relaxed);
    }
    return known;
}

static const agi_blas_table *enter_blas(int threads)
{
    const agi_blas_table *table = agi_blas_now();
    if (table->set_threads == NULL)
        return table;
    blas_entry *entry = (blas_entry *)(uintptr_t)table;
    pthread_mutex_lock(&blas.lock);
    if (entry->inside++ == 0) {
        entry->threads_before = table->get_threads();
        entry->threads_set = threads;
        if (entry->threads_before != threads)
            table->set_threads(threads);
    }
    pthread_mutex_unlock(&blas.lock);
    return table;
}

const agi_blas_table *agi_blas_enter(void)
{
    return enter_blas(1);
}

const agi_blas_table *agi_blas_enter_factor(void)
{
    return enter_blas(factor_threads());
}

void agi_blas_leave(const agi_blas_table *table)
{
    if (table->set_threads == NULL)
        return;
    blas_entry *entry = (blas_entry *)(uintptr_t)table;
    pthread_mutex_lock(&blas.lock);
    if (--entry->inside == 0 && table->get_threads() == entry->threads_set &&
        entry->threads_before != entry->threads_set)
        table->set_threads(entry->threads_before);
    pthread_mutex_unlock(&blas.lock);
}

bool agi_blas_missing(const char *op, const char *name)
{
    agi_fail(AG_ERR_MISSING,
             "%s: needs LAPACK's %s, and no library that has it is in use; set PYAUTOGRAD_BLAS to "
             "the path of one (or \"path:path\") before Python starts", op, name);
    return false;
}

void agi_blas_widen(const agi_blas_table *table, int64_t *list, int64_t n)
{
    if (table->wide)
        return;
    const char *narrow = (const char *)list;
    for (int64_t k = n - 1; k >= 0; k--) {
        int32_t value;
        memcpy(&value, narrow + k * (int64_t)sizeof value, sizeof value);
        list[k] = value;
    }
}

void agi_blas_narrow(const agi_blas_table *table, int64_t *list, int64_t n)
{
    if (table->wide)
        return;
    char *narrow = (char *)list;
    for (int64_t k = 0; k < n; k++) {
        const int32_t value = (int32_t)list[k];
        memcpy(narrow + k * (int64_t)sizeof value, &value, sizeof value);
    }
}

char *agi_blas_write(char text[AGI_BLAS_TEXT])
{
    const agi_blas_table *table = agi_blas_now();
    pthread_mutex_lock(&blas.lock);
    const char *from = table == &agi_blas_plain ? "" : blas.paths;
    char threads[48] = "";
    if (table->set_threads != NULL && factor_threads() > 1)
        snprintf(threads, sizeof threads, ", %d threads in factorisations", factor_threads());
    snprintf(text, AGI_BLAS_TEXT, "%.220s, %d-bit integers%s%s%.120s%s%.120s", blas.library,
             table->wide ? 64 : 32, threads, *from ? ", from " : "", from, *blas.note ? "; " : "",
             blas.note);
    pthread_mutex_unlock(&blas.lock);
    return text;
}
