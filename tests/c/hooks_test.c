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

int main(void)
{
    test_replace();
    test_node();
    test_failure(refuse, AG_ERR_VALUE);
    test_failure(give_wrong_shape, AG_ERR_SHAPE);
    test_refused();
    printf("%d failures\n", failures);
    return failures != 0;
}
