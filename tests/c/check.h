/* SPDX-License-Identifier: MIT
 *
 * What test programs share: checks that say what does not hold, small tensors, comparisons, and what
 * is alive. Tensors that these functions return are owned. Not every program uses all of them, hence
 * inline.
 */
#include <pyautograd.h>

#include <math.h>
#include <stdio.h>

static int failures;

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            failures++; \
            printf("%s:%d: %s\n    last error: %s\n", __FILE__, __LINE__, #condition, \
                   ag_last_message()); \
        } \
    } while (0)

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static inline bool near(double a, double b) { return fabs(a - b) <= 1e-12; }

static inline ag_tensor *leaf(int64_t n, const double *values)
{
    ag_tensor *x = ag_from_data(values, 1, &n);
    CHECK(ag_set_requires_grad(x, true) == AG_OK);
    return x;
}

static inline bool holds(ag_tensor *t, int64_t n, const double *expected)
{
    double found[64];
    if (t == NULL || ag_numel(t) != n || n > COUNT(found) || ag_copy_out(t, found) != AG_OK)
        return false;
    for (int64_t i = 0; i < n; i++)
        if (!near(found[i], expected[i]))
            return false;
    return true;
}

static inline int64_t live(void)
{
    ag_memory_stats stats;
    ag_get_memory_stats(&stats);
    return stats.live_tensors + stats.live_nodes;
}

/* Calls each test, inside of a scope of its own if `scoped`; what it leaves alive is a failure. */
static inline void run_tests(int count, void (*const *tests)(void), bool scoped)
{
    for (int i = 0; i < count; i++) {
        const int64_t before = live(), mark = scoped ? ag_scope_open() : -1;
        tests[i]();
        ag_scope_close(mark);
        if (live() != before) {
            failures++;
            printf("test %d leaves %d tensors or nodes\n", i, (int)(live() - before));
        }
    }
}
