/* SPDX-License-Identifier: MIT
 *
 * Optimisers from C: a fit by each of them, what they keep, what they refuse and that it changes
 * nothing, scopes, strided and pending memory. Prints what does not hold and exits 1.
 */
#include "check.h"

#include <math.h>
#include <string.h>

/* The sum of (x - 1)^2, with its gradient in x. */
static double loss_of(ag_tensor *x)
{
    double value = NAN;
    const int64_t scope = ag_scope_open();
    ag_tensor *d = ag_sub_scalar(x, 1.0), *y = ag_sum_all(ag_mul(d, d));
    ag_set_grad(x, NULL);
    CHECK(y != NULL && ag_backward(y, NULL, 0) == AG_OK && ag_item(y, &value) == AG_OK);
    ag_scope_close(scope);
    return value;
}

static ag_tensor *leaf_of(int ndim, const int64_t *shape, double value)
{
    ag_tensor *x = ag_full(ndim, shape, value);
    ag_set_requires_grad(x, true);
    return x;
}

static void test_each_finds_the_least(void)
{
    for (int kind = 0; kind < AG_OPTIM_COUNT; kind++) {
        ag_optim how = ag_optim_defaults((ag_optim_kind)kind);
        how.lr = kind == AG_OPTIM_ADADELTA ? 30.0 : kind == AG_OPTIM_ADAGRAD ? 0.5 : 0.05;
        ag_tensor *x = leaf_of(1, (const int64_t[]){3}, 2.0), *state[4] = {NULL};
        const double before = loss_of(x);
        const uint32_t version = ag_tensor_version(x);
        CHECK(ag_optim_states(&how) >= 0 && ag_optim_states(&how) <= 4);
        for (int k = 0; k < 400; k++) {
            loss_of(x);
            CHECK(ag_optim_step(&how, 1, &x, state) == AG_OK);
        }
        CHECK(loss_of(x) < 0.05 * before && ag_tensor_version(x) == version + 400);
        for (int k = 0; k < 4; k++) {
            CHECK((state[k] != NULL) == (k < ag_optim_states(&how)));
            ag_release(state[k]);
        }
        ag_release(x);
    }
}

static void test_numbers_of_adam(void)
{
    ag_optim how = ag_optim_defaults(AG_OPTIM_ADAM);
    ag_tensor *x = leaf_of(0, NULL, 1.0), *g = ag_scalar(0.5), *state[3] = {NULL};
    how.lr = 0.1;
    ag_set_grad(x, g);
    CHECK(ag_optim_step(&how, 1, &x, state) == AG_OK);
    double value, step, mean;
    CHECK(ag_item(x, &value) == AG_OK && fabs(value - (1.0 - 0.1 * 0.5 / (0.5 + 1e-8))) < 1e-15);
    CHECK(ag_item(state[0], &step) == AG_OK && step == 1.0);
    CHECK(ag_item(state[1], &mean) == AG_OK && fabs(mean - 0.05) < 1e-16);
    CHECK(strcmp(ag_optim_state_name(&how, 2), "exp_avg_sq") == 0);
    for (int k = 0; k < 3; k++)
        ag_release(state[k]);
    ag_release(g);
    ag_release(x);
}

/* What is kept is the caller's though a scope was open; parameters without a gradient stay. */
static void test_scopes_and_missing_gradients(void)
{
    ag_optim how = ag_optim_defaults(AG_OPTIM_SGD);
    ag_tensor *params[2] = {leaf_of(1, (const int64_t[]){2}, 3.0), leaf_of(0, NULL, 5.0)};
    ag_tensor *state[2] = {NULL};
    how.momentum = 0.5;
    how.lr = 0.25;
    loss_of(params[0]);
    const int64_t scope = ag_scope_open();
    CHECK(ag_optim_step(&how, 2, params, state) == AG_OK);
    ag_scope_close(scope);
    CHECK(state[0] != NULL && state[1] == NULL && ag_numel(state[0]) == 2);
    CHECK(ag_data(state[0])[1] == 4.0 && ag_data(params[0])[1] == 2.0);
    CHECK(ag_data(params[1])[0] == 5.0 && ag_tensor_version(params[1]) == 0);
    CHECK(ag_optim_step(&how, 0, NULL, NULL) == AG_OK);
    ag_release(state[0]);
    ag_release(params[0]);
    ag_release(params[1]);
}

/* The same bits whatever the order of memory, and whether values pend. */
static void test_memory(void)
{
    const int64_t shape[] = {30, 400};
    ag_optim how = ag_optim_defaults(AG_OPTIM_NADAM);
    how.weight_decay = 0.1;
    ag_tensor *start = ag_randn(2, shape, NULL), *turned = ag_transpose(start, 0, 1);
    ag_tensor *plain = ag_clone(start), *strided = ag_transpose(ag_clone(turned), 0, 1);
    ag_tensor *x[2] = {ag_detach(plain), ag_detach(strided)};
    ag_tensor *g[2] = {ag_sin(start), ag_sin(start)}, *state[8] = {NULL};
    for (int k = 0; k < 2; k++) {
        ag_set_requires_grad(x[k], true);
        ag_set_grad(x[k], g[k]);
        CHECK(ag_add_(g[k], start) == AG_OK);
    }
    CHECK(ag_optim_step(&how, 2, x, state) == AG_OK);
    CHECK(ag_optim_step(&how, 1, x, state) == AG_OK);
    CHECK(ag_optim_step(&how, 1, x + 1, state + 4) == AG_OK);
    static double first[12000], second[12000];
    CHECK(ag_copy_out(x[0], first) == AG_OK && ag_copy_out(x[1], second) == AG_OK);
    CHECK(memcmp(first, second, sizeof first) == 0);
    for (int k = 0; k < 8; k++)
        ag_release(state[k]);
}

static void test_what_is_refused(void)
{
    ag_optim how = ag_optim_defaults(AG_OPTIM_ADAM);
    ag_tensor *x = leaf_of(1, (const int64_t[]){2}, 2.0), *wrong = ag_zeros(1, (const int64_t[]){3});
    ag_tensor *state[6] = {NULL, wrong, NULL}, *twice[2] = {x, x};
    loss_of(x);
    CHECK(ag_optim_step(&how, 1, &x, state) == AG_ERR_SHAPE && state[0] == NULL);
    state[1] = ag_from_bool((const bool[2]){true, false}, 1, (const int64_t[]){2});
    CHECK(ag_optim_step(&how, 1, &x, state) == AG_ERR_DTYPE && state[2] == NULL);
    state[1] = NULL;
    CHECK(ag_optim_step(&how, 2, twice, state) == AG_ERR_VALUE && state[0] == NULL);
    CHECK(ag_data(x)[0] == 2.0 && ag_tensor_version(x) == 0);
    double memory[2] = {1.0, 1.0};
    ag_tensor *fixed = ag_from_memory(memory, 1, (const int64_t[]){2}, NULL, true, NULL, NULL);
    ag_set_grad(fixed, x);
    CHECK(ag_optim_step(&how, 1, &fixed, state) == AG_ERR_GRAD && state[0] == NULL);
    CHECK(memory[0] == 1.0 && strstr(ag_last_message(), "read-only") != NULL);
    ag_clear_error();
}

int main(void)
{
    test_each_finds_the_least();
    test_numbers_of_adam();
    test_scopes_and_missing_gradients();
    const int64_t rest = ag_scope_open();
    test_memory();
    test_what_is_refused();
    ag_scope_close(rest);
    printf("%d failures\n", failures);
    return failures != 0;
}
