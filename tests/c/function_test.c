/* SPDX-License-Identifier: MIT
 *
 * Functions with rules of one's own from C: gradients of two orders, writes, refusals, and contexts
 * that are given back, each once.
 */
#include <pyautograd.h>

#include <stdlib.h>
#include <string.h>

#include "check.h"

/* cube(x), which keeps x, and in the second result the square. */
typedef struct cube {
    ag_saved *x;
} cube;

static int frees, releases;

static void free_saved(void *context)
{
    cube *c = context;
    ag_saved_free(c->x);
    c->x = NULL;
    frees++;
}

static void release(void *context)
{
    ag_saved_free(((cube *)context)->x);
    free(context);
    releases++;
}

static ag_status cube_rule(void *context, ag_node *node, int n_results,
                           ag_tensor *const *of_results, int n_inputs, const bool *needed,
                           ag_tensor **of_inputs)
{
    CHECK(n_results == 1 && n_inputs == 1 && needed[0]);
    const cube *c = context;
    ag_tensor *x = c->x != NULL ? ag_saved_tensor(c->x, node) : NULL;
    if (x == NULL)
        return ag_last_status() != AG_OK ? ag_last_status() : AG_ERR_FREED;
    int64_t mark = ag_scope_open();
    of_inputs[0] = ag_keep(ag_mul(of_results[0], ag_mul_scalar(ag_mul(x, x), 3.0)));
    ag_scope_close(mark);
    ag_release(x);
    return of_inputs[0] != NULL ? AG_OK : ag_last_status();
}

static ag_tensor *cube_of(ag_tensor *x)
{
    const bool was_on = ag_set_grad_enabled(false);
    ag_tensor *square = ag_mul(x, x), *y = ag_mul(square, x);
    ag_set_grad_enabled(was_on);
    cube *c = malloc(sizeof *c);
    *c = (cube){.x = ag_saved_new(x, -1)};
    const ag_function function = {.name = "Cube", .rule = cube_rule, .context = c,
                                  .free_saved = free_saved, .release = release};
    CHECK(ag_record_function(&function, 1, &x, 1, &y) == AG_OK);
    ag_release(square);
    return y;
}

static ag_tensor *leaf_of(double value)
{
    const int64_t shape[] = {1};
    ag_tensor *x = ag_full(1, shape, value);
    ag_set_requires_grad(x, true);
    return x;
}

static void test_gradient(void)
{
    char name[32];
    frees = releases = 0;
    ag_tensor *x = leaf_of(2.0), *y = cube_of(x);
    ag_node *node = ag_node_of(y);
    CHECK(ag_node_name(node, name, sizeof name) == 12 && strcmp(name, "CubeBackward") == 0);
    CHECK(ag_node_context(node, cube_rule) != NULL && ag_node_context(node, NULL) == NULL);
    ag_node_release(node);
    CHECK(ag_backward(y, NULL, 0) == AG_OK && ag_data(ag_grad_of(x))[0] == 12.0);
    CHECK(frees == 1 && releases == 0);
    CHECK(ag_backward(y, NULL, 0) == AG_ERR_FREED);
    ag_clear_error();
    ag_release(y);
    CHECK(releases == 1);
    ag_release(x);
}

static void test_second_order(void)
{
    ag_tensor *x = leaf_of(2.0), *u = ag_sin(x), *y = cube_of(u), *g, *h;
    CHECK(ag_grad(1, &y, NULL, 1, &u, AG_CREATE_GRAPH, &g) == AG_OK && ag_data(g)[0] > 0.0);
    CHECK(ag_grad(1, &g, NULL, 1, &u, 0, &h) == AG_OK);
    CHECK(fabs(ag_data(h)[0] - 6.0 * ag_data(u)[0]) < 1e-14);
    ag_release(h);
    ag_release(g);
    ag_release(y);
    ag_release(u);
    ag_release(x);
}

static void test_written_since(void)
{
    ag_tensor *x = leaf_of(2.0), *u = ag_sin(x), *y = cube_of(u);
    ag_bump_version(u);
    CHECK(ag_backward(y, NULL, 0) == AG_ERR_VERSION && ag_grad_of(x) == NULL);
    ag_clear_error();
    ag_release(y);
    ag_release(u);
    ag_release(x);
}

static void test_not_recorded(void)
{
    releases = 0;
    ag_tensor *x = ag_scalar(2.0), *y = cube_of(x);
    CHECK(!ag_requires_grad(y) && releases == 1);
    ag_release(y);
    ag_release(x);
}

static ag_status wrong_rule(void *context, ag_node *node, int n_results,
                            ag_tensor *const *of_results, int n_inputs, const bool *needed,
                            ag_tensor **of_inputs)
{
    (void)node;
    (void)n_results;
    (void)of_results;
    (void)n_inputs;
    (void)needed;
    if (context != NULL)
        return AG_ERR_VALUE;
    of_inputs[0] = ag_scalar(1.0);  /* of lower rank than the input */
    return AG_OK;
}

static void test_wrong_rule(void *context, ag_status status)
{
    const ag_function function = {.name = "Wrong", .rule = wrong_rule, .context = context};
    ag_tensor *x = leaf_of(2.0), *y = ag_detach(x);
    CHECK(ag_record_function(&function, 1, &x, 1, &y) == AG_OK);
    CHECK(ag_backward(y, NULL, 0) == status && ag_grad_of(x) == NULL);
    ag_clear_error();
    ag_release(y);
    ag_release(x);
}

static void test_refused(void)
{
    const ag_function function = {.name = "Wrong", .rule = wrong_rule};
    ag_tensor *x = leaf_of(2.0), *whole = ag_cast(x, AG_INT64);
    CHECK(ag_record_function(&function, 1, &x, 1, &x) == AG_ERR_GRAD);
    CHECK(ag_record_function(&function, 1, &x, 1, &whole) == AG_ERR_TYPE);
    CHECK(ag_record_function(&function, 1, &x, 0, &whole) == AG_ERR_VALUE);
    ag_clear_error();
    ag_release(whole);
    ag_release(x);
}

int main(void)
{
    test_gradient();
    test_second_order();
    test_written_since();
    test_not_recorded();
    test_wrong_rule(NULL, AG_ERR_SHAPE);
    test_wrong_rule(&frees, AG_ERR_VALUE);
    test_refused();
    printf("%d failures\n", failures);
    return failures != 0;
}
