/* SPDX-License-Identifier: MIT
 *
 * What the programs share that call public functions wrongly: checks that a call fails as the header
 * says, with a message; the tensors that they are called with, which must not change; running the
 * tests. Not every program uses all of them, hence inline.
 */
#include "check.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int calls;

static inline void report(int line, const char *call, const char *problem)
{
    failures++;
    printf("%s:%d: %s\n    %s (status %d: %s)\n", __FILE__, line, call, problem,
           (int)ag_last_status(), ag_last_message());
}

static inline void check_reason(int line, const char *call)
{
    calls++;
    if (ag_last_status() >= 0)
        report(line, call, "no status below zero is left behind");
    else if (ag_last_message()[0] == '\0')
        report(line, call, "there is no message");
    else if (strstr(ag_last_message(), "(null)") != NULL)
        report(line, call, "the message was made from NULL");
}

/* What each kind of function must return. The error is cleared before the call. */
#define FAILS(call, returned_as_it_should) \
    do { \
        ag_clear_error(); \
        if (!(returned_as_it_should)) \
            report(__LINE__, call, "is not refused"); \
        check_reason(__LINE__, call); \
    } while (0)
#define GIVES_NULL(call) FAILS(#call, (call) == NULL)
#define GIVES_ERROR(call) FAILS(#call, (call) == ag_last_status() && ag_last_status() < 0)
#define GIVES_CODE(code, call) FAILS(#call, (call) == (code))
#define GIVES_MINUS_ONE(call) FAILS(#call, (call) == -1)
#define GIVES_FALSE(call) FAILS(#call, !(call))
#define SETS_ERROR(call) FAILS(#call, ((call), true))

#define LIST(...) ((const int64_t[]){__VA_ARGS__})
#define BIG (INT64_C(1) << 62)
#define MOST (INT64_C(1) << 53)  /* the largest number of int64 */

/* Two leaves, and what is made from them, while all is well. */
static ag_tensor *x, *y, *product, *misfit;  /* the last broadcasts with none of them */
static const double x_values[] = {1, 2, 3, 4, 5, 6};

static inline void set_up(void)
{
    const int64_t shape[] = {2, 3};
    x = ag_from_data(x_values, 2, shape);
    y = ag_ones(2, shape);
    ag_set_requires_grad(x, true);
    ag_set_requires_grad(y, true);
    product = ag_mul(x, y);
    misfit = ag_from_bool((const bool[5]){false}, 1, LIST(5));
}

static inline void check_unchanged(const char *group)
{
    double now[6];
    ag_clear_error();
    if (ag_copy_out(x, now) != AG_OK || memcmp(now, x_values, sizeof now) != 0 ||
        ag_tensor_version(x) != 0 || ag_grad_of(x) != NULL || ag_ndim(x) != 2 ||
        !ag_requires_grad(x) || !ag_is_leaf(x) || ag_is_view(x) || ag_retains_grad(product) ||
        ag_wrapper(x) != NULL || ag_last_status() != AG_OK)
        report(__LINE__, group, "something changed");
}

typedef struct misuse {
    const char *name;
    void (*run)(void);
} misuse;
#define MISUSE(name) {#name, test_##name}

/* Runs them, each in a scope of its own, and gives the program's exit status. */
static inline int run_misuses(int count, const misuse *tests)
{
    set_up();
    for (int i = 0; i < count; i++) {
        const int64_t before = live();
        const int64_t mark = ag_scope_open();
        tests[i].run();
        CHECK(ag_scope_close(mark) == AG_OK);
        if (live() != before)
            report(__LINE__, tests[i].name, "leaves tensors or nodes");
        check_unchanged(tests[i].name);
    }
    ag_release(misfit), ag_release(product), ag_release(y), ag_release(x);
    CHECK(live() == 0);
    printf("%d calls refused, %d failures\n", calls, failures);
    return failures != 0;
}
