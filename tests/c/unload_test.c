/* SPDX-License-Identifier: MIT
 *
 * unload_test LIBRARY close: opens the library, uses it in three threads (this one, one that ends and
 * one that lives on) and closes it, again and again; prints by how many KB the process grew from
 * the third time to the last, and how many threads are left but its own two.
 *
 * unload_test LIBRARY exit: the process ends while another thread computes.
 */
#include <pyautograd.h>

#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMES 20

static struct {
    ag_tensor *(*ones)(int ndim, const int64_t *shape);
    ag_tensor *(*sin)(ag_tensor *x);
    ag_tensor *(*mul)(ag_tensor *x, ag_tensor *y);
    ag_tensor *(*sum_all)(ag_tensor *x);
    ag_status (*set_requires_grad)(ag_tensor *t, bool on);
    ag_status (*backward)(ag_tensor *root, ag_tensor *gradient, unsigned flags);
    void (*release)(ag_tensor *t);
} ag;

static void *find(void *library, const char *name)
{
    void *symbol = dlsym(library, name);
    if (symbol == NULL) {
        printf("%s\n", dlerror());
        exit(1);
    }
    return symbol;
}

/* memcpy, since C has no conversion from a pointer to data to one to a function. */
#define FIND(field, name) \
    do { \
        void *symbol_ = find(library, name); \
        memcpy(&ag.field, &symbol_, sizeof symbol_); \
    } while (0)

static void *open_library(const char *path)
{
    void *library = dlopen(path, RTLD_NOW);
    if (library == NULL) {
        printf("%s\n", dlerror());
        exit(1);
    }
    FIND(ones, "ag_ones");
    FIND(sin, "ag_sin");
    FIND(mul, "ag_mul");
    FIND(sum_all, "ag_sum_all");
    FIND(set_requires_grad, "ag_set_requires_grad");
    FIND(backward, "ag_backward");
    FIND(release, "ag_release");
    return library;
}

/* Small blocks, buffers, programs in machine code, and threads of the pool. */
static void use_library(void)
{
    static const int64_t sizes[] = {5, 1000, 100000, 1000000};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        ag_tensor *x = ag.ones(1, &sizes[k]);
        ag.set_requires_grad(x, true);
        ag_tensor *s = ag.sin(x), *p = ag.mul(s, x), *q = ag.mul(p, p), *y = ag.sum_all(q);
        if (y == NULL || ag.backward(y, NULL, 0) != AG_OK)
            exit(1);
        ag.release(y);
        ag.release(q);
        ag.release(p);
        ag.release(s);
        ag.release(x);
    }
}

static pthread_barrier_t barrier;

static void *use_once(void *unused)
{
    use_library();
    return unused;
}

static void *use_each_time(void *unused)
{
    for (int k = 0; k < TIMES; k++) {
        pthread_barrier_wait(&barrier);
        use_library();
        pthread_barrier_wait(&barrier);
    }
    pthread_barrier_wait(&barrier);
    return unused;
}

static void *use_for_ever(void *unused)
{
    for (;;)
        use_library();
    return unused;
}

static long resident_kb(void)
{
    long all, resident;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%ld %ld", &all, &resident) != 2)
        exit(1);
    fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static int thread_count(void)
{
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (const struct dirent *task; (task = readdir(tasks)) != NULL;)
        count += task->d_name[0] != '.';
    closedir(tasks);
    return count;
}

static void open_and_close(const char *path)
{
    long early = 0;
    pthread_t lives, ends;
    pthread_barrier_init(&barrier, NULL, 2);
    if (pthread_create(&lives, NULL, use_each_time, NULL) != 0)
        exit(1);
    for (int k = 0; k < TIMES; k++) {
        void *library = open_library(path);
        use_library();
        pthread_barrier_wait(&barrier);
        pthread_barrier_wait(&barrier);
        if (pthread_create(&ends, NULL, use_once, NULL) != 0)
            exit(1);
        pthread_join(ends, NULL);
        if (dlclose(library) != 0 || dlopen(path, RTLD_NOW | RTLD_NOLOAD) != NULL)
            exit(1);
        if (k == 2)
            early = resident_kb();
        if (k == TIMES - 1)
            printf("%ld KB more, %d threads more\n", resident_kb() - early, thread_count() - 2);
    }
    pthread_barrier_wait(&barrier);
    pthread_join(lives, NULL);
}

int main(int count, char **arguments)
{
    if (count != 3)
        return 1;
    if (strcmp(arguments[2], "close") == 0) {
        open_and_close(arguments[1]);
    } else {
        pthread_t thread;
        open_library(arguments[1]);
        if (pthread_create(&thread, NULL, use_for_ever, NULL) != 0)
            return 1;
        use_library();
    }
    return 0;
}
