/* SPDX-License-Identifier: MIT
 *
 * Hooks from C: callbacks that read, replace, refuse and are given back, each once.
 */
#include <pyautograd.h>

#include "check.h"

static int calls, releases, tells;

static void on_release(void *context)
{
    (void)context;
    releases++;
}

static ag_status times_ten(void *context, ag_tensor *grad, ag_tensor **replacement)
{
    (void)context;
    calls++;
    *replacement = ag_mul_scalar(grad, 10.0);
    return *replacement != NULL ? AG_OK : ag_last_status();
}

static ag_status refuse(void *context, ag_tensor *grad, ag_tensor **replacement)
{
    (void)context;
    (void)grad;
    (void)replacement;
    return AG_ERR_VALUE;
}

static ag_status give_wrong_shape(void *context, ag_tensor *grad, ag_tensor **replacement)
{
    const int64_t shape[] = {7};
    (void)context;
    (void)grad;
    *replacement = ag_ones(1, shape);
    return AG_OK;
}

static ag_status halve_inputs(void *context, int n_inputs, ag_tensor **of_inputs, int n_results,
                              ag_tensor **of_results)
{
    (void)context;
    CHECK(n_inputs == 2 && n_results == 1 && of_results[0] != NULL);
    for (int k = 0; k < n_inputs; k++) {
        if (of_inputs[k] == NULL)
            continue;
        ag_tensor *half = ag_mul_scalar(of_inputs[k], 0.5);
        ag_release(of_inputs[k]);
        of_inputs[k] = half;
    }
    return AG_OK;
}

static ag_status tell(void *context, ag_tensor *leaf)
{
    CHECK(context == (void *)leaf && ag_grad_of(leaf) != NULL);
    tells++;
    return AG_OK;
}

static ag_tensor *leaf_of(double value)
{
    const int64_t shape[] = {1};
    ag_tensor *x = ag_full(1, shape, value);
    ag_set_requires_grad(x, true);
    return x;
}

static void test_replace(void)
{
    calls = releases = tells = 0;
    ag_tensor *x = leaf_of(3.0), *y = ag_mul(x, x);
    ag_hook *hook = ag_register_hook(y, times_ten, NULL, on_release);
    ag_hook *post = ag_register_post_accumulate_grad_hook(x, tell, x, on_release);
    CHECK(hook != NULL && post != NULL && ag_hook_id(hook) != ag_hook_id(post));
    int64_t mark = ag_scope_open();  /* what hooks make is their own, also in a scope */
    CHECK(ag_backward(y, NULL, AG_RETAIN_GRAPH) == AG_OK);
    CHECK(ag_scope_close(mark) == AG_OK);
    CHECK(calls == 1 && tells == 1 && ag_data(ag_grad_of(x))[0] == 60.0);
    ag_hook_remove(hook);
    ag_hook_remove(hook);
    CHECK(releases == 1);
    CHECK(ag_backward(y, NULL, 0) == AG_OK);
    CHECK(calls == 1 && tells == 2 && ag_data(ag_grad_of(x))[0] == 66.0);
    ag_release(y);
    ag_release(x);
    CHECK(releases == 2);
    ag_hook_release(hook);
    ag_hook_release(post);
    ag_hook_release(NULL);
}

static void test_node(void)
{
    releases = 0;
    ag_tensor *x = leaf_of(3.0), *y = ag_mul(x, x);
    ag_node *node = ag_node_of(y);
    ag_hook_release(ag_node_register_hook(node, NULL, halve_inputs, NULL, on_release));
    ag_node_release(node);
    CHECK(ag_backward(y, NULL, 0) == AG_OK);
    CHECK(ag_data(ag_grad_of(x))[0] == 3.0);
    ag_release(y);
    CHECK(releases == 1);
    ag_release(x);
}

static void test_failure(ag_tensor_hook hook, ag_status status)
{
    releases = 0;
    ag_tensor *x = leaf_of(3.0), *y = ag_mul(x, x);
    ag_hook *handle = ag_register_hook(y, hook, NULL, on_release);
    CHECK(ag_backward(y, NULL, 0) == status && ag_last_status() == status);
    CHECK(ag_grad_of(x) == NULL);
    ag_hook_remove(handle);
    CHECK(ag_backward(y, NULL, 0) == AG_OK && ag_data(ag_grad_of(x))[0] == 6.0);
    CHECK(releases == 1);
    ag_hook_release(handle);
    ag_release(y);
    ag_release(x);
}

static void test_refused(void)
{
    ag_tensor *constant = ag_scalar(1.0), *x = leaf_of(1.0), *y = ag_mul(x, x);
    ag_clear_error();
    CHECK(ag_register_hook(NULL, times_ten, NULL, on_release) == NULL);
    ag_clear_error();
    CHECK(ag_register_hook(x, NULL, NULL, on_release) == NULL);
    CHECK(ag_last_status() == AG_ERR_TYPE);
    CHECK(ag_register_hook(constant, times_ten, NULL, on_release) == NULL);
    CHECK(ag_last_status() == AG_ERR_GRAD);
    CHECK(ag_register_post_accumulate_grad_hook(y, tell, NULL, on_release) == NULL);
    CHECK(ag_last_status() == AG_ERR_GRAD);
    CHECK(ag_node_register_hook(NULL, NULL, halve_inputs, NULL, on_release) == NULL);
    CHECK(ag_last_status() == AG_ERR_TYPE);
    ag_clear_error();
    ag_release(y);
    ag_release(x);
    ag_release(constant);
}

static double value_of(ag_tensor *t)
{
    double value = 0.0;
    CHECK(ag_item(t, &value) == AG_OK);
    return value;
}

static int count_hooks(ag_hook *hook, void *context, void *argument)
{
    CHECK(ag_hook_kind_of(hook) == AG_HOOK_TENSOR && context == NULL);
    ++*(int *)argument;
    return 0;
}

static void test_looking_on(void)
{
    int count = 0;
    ag_tensor *x = leaf_of(2.0), *y = ag_mul_scalar(x, 3.0), *z = ag_exp(y);
    CHECK(!ag_has_had_hooks(y));
    ag_hook *hook = ag_register_hook(y, times_ten, NULL, NULL);
    CHECK(ag_hook_retain(hook) == hook && ag_has_had_hooks(y) && !ag_has_had_hooks(z));
    CHECK(ag_visit_owned_hooks(z, count_hooks, &count) == 0 && count == 0);  /* y has it, too */
    ag_node *node = ag_node_of(y);
    CHECK(ag_visit_owned_node_hooks(node, NULL, y, count_hooks, &count) == 0 && count == 0);
    ag_node *of_z = ag_node_of(z);
    CHECK(ag_node_number(node) + 1 == ag_node_number(of_z));
    ag_node_release(of_z);
    ag_release(z);
    CHECK(ag_visit_owned_node_hooks(node, NULL, y, count_hooks, &count) == 0 && count == 1);
    CHECK(ag_visit_owned_node_hooks(node, NULL, NULL, count_hooks, &count) == 0 && count == 1);
    ag_node_release(node);
    CHECK(ag_visit_owned_hooks(y, count_hooks, &count) == 0 && count == 2);
    z = ag_exp(y);
    ag_release(y);
    CHECK(ag_visit_owned_hooks(z, count_hooks, &count) == 0 && count == 3);
    ag_hook_remove(hook);
    CHECK(ag_visit_owned_hooks(z, count_hooks, &count) == 0 && count == 3);
    ag_hook_release(hook);
    ag_hook_release(hook);
    ag_release(z);
    ag_release(x);
}

static ag_hook *hooks[2];  /* of a backward, and one that it does not come by */

/* What a hook asks of the backward that calls it, and of one inside of that. */
static ag_status ask(void *context, ag_tensor *grad, ag_tensor **replacement)
{
    ag_tensor *leaf = context;  /* of a backward of its own */
    uint64_t outer[2] = {0, 0}, inner[2] = {0, 0};
    (void)grad;
    (void)replacement;
    calls++;
    if (leaf == NULL) {
        CHECK(ag_backward_numbers(2, inner) == 2 && inner[0] != inner[1]);
        return AG_OK;
    }
    CHECK(ag_backward_numbers(1, outer) == 1 && outer[0] != 0 && outer[1] == 0);
    CHECK(ag_hook_is_due(hooks[0]) && !ag_hook_is_due(hooks[1]));
    ag_set_grad_enabled(true);  /* ends with the hook */
    ag_tensor *square = ag_square(leaf);
    CHECK(ag_backward(square, NULL, 0) == AG_OK);
    ag_release(square);
    CHECK(ag_backward_numbers(2, inner) == 1 && inner[0] == outer[0]);
    return AG_OK;
}

static void test_asking(void)
{
    ag_tensor *x = leaf_of(2.0), *w = leaf_of(3.0), *other = leaf_of(1.0);
    ag_tensor *result = NULL;
    ag_tensor *left = ag_mul_scalar(x, 2.0), *right = ag_exp(w), *y = ag_mul(left, right);
    hooks[0] = ag_register_hook(left, ask, other, NULL);
    hooks[1] = ag_register_hook(right, times_ten, NULL, NULL);
    ag_hook_release(ag_register_hook(other, ask, NULL, NULL));
    calls = 0;
    CHECK(ag_grad(1, &y, NULL, 1, &x, AG_RETAIN_GRAPH, &result) == AG_OK && calls == 2);
    CHECK(ag_backward_numbers(0, NULL) == 0 && !ag_hook_is_due(hooks[0]));
    ag_tensor *all[] = {x, w, other, left, right, y, result};
    for (int k = 0; k < 7; k++)
        ag_release(all[k]);
    for (int k = 0; k < 2; k++) {
        CHECK(!ag_hook_is_due(hooks[k]));  /* nothing that it hangs on is left */
        ag_hook_release(hooks[k]);
    }
}

static void test_edges(void)
{
    ag_tensor *x = leaf_of(2.0), *y = ag_mul_scalar(x, 3.0), *z = ag_square(y), *result = NULL;
    ag_tensor *of_x = ag_edge_of(x), *of_y = ag_edge_of(y), *of_z = ag_edge_of(z);
    CHECK(of_x == x && of_y != y && ag_numel(of_y) == 1);
    CHECK(ag_grad(1, &of_z, NULL, 1, &of_y, AG_RETAIN_GRAPH, &result) == AG_OK);
    CHECK(value_of(result) == 12.0);
    ag_release(result);
    ag_node *node = ag_node_of(y);
    const int64_t shape[] = {1};
    ag_tensor *made = ag_node_edge(node, 0, 1, shape);
    CHECK(ag_grad(1, &made, NULL, 1, &x, AG_RETAIN_GRAPH, &result) == AG_OK);
    CHECK(value_of(result) == 3.0);
    CHECK(ag_backward_many(1, &of_z, NULL, 1, &of_y, AG_RETAIN_GRAPH) == AG_OK);
    CHECK(ag_grad_of(of_y) == NULL && ag_grad_of(y) == NULL && !ag_retains_grad(y));
    ag_node_release(node);
    ag_tensor *all[] = {x, of_x, y, of_y, z, of_z, made, result};
    for (int k = 0; k < 8; k++)
        ag_release(all[k]);
}

int main(void)
{
    test_looking_on();
    test_asking();
    test_edges();
    test_replace();
    test_node();
    test_failure(refuse, AG_ERR_VALUE);
    test_failure(give_wrong_shape, AG_ERR_SHAPE);
    test_refused();
    printf("%d failures\n", failures);
    return failures != 0;
}
