/* SPDX-License-Identifier: MIT
 *
 * Out of memory, everywhere: each scenario runs with its 1st, 2nd, 3rd ... allocation failing, until
 * it gets through without meeting the failure. Each time it either succeeds or ends in AG_ERR_MEMORY
 * with a message, no gradient has changed, and no tensor or node is left. Linked with the core built
 * with AG_TESTING (which gives ag_fail_allocation) and the sanitizers (which find what leaks), and
 * with the library of such a build, or of one that counts coverage.
 */
#include "check.h"

#include <pthread.h>
#include <string.h>

/* A failure may also be survived, by doing without: a run that succeeds is the last one only if
 * this many in a row do. */
#define IN_A_ROW 40
#define MOST_ALLOCATIONS 20000

static void report(const char *scenario, int64_t nth, const char *problem)
{
    failures++;
    printf("%s, allocation %d: %s (status %d: %.120s)\n", scenario, (int)nth, problem,
           (int)ag_last_status(), ag_last_message());
}

static const int64_t matrix[] = {2, 3}, six[] = {6};
static const double values[] = {0.3, 0.6, 0.9, 1.2, 1.5, 1.8};

/* A leaf is made while memory is plenty; the scenarios use it. */
static ag_tensor *base;

static bool finish(ag_tensor *y)
{
    ag_tensor *root = ag_sum_all(y);
    return root != NULL && ag_backward(root, NULL, 0) == AG_OK;
}

/* A write that has no memory for the copy changes nothing, in small memory and in large. */
static bool copy_on_write(void)
{
    const int64_t sizes[] = {6, 20000};
    bool good = true;
    for (int k = 0; k < COUNT(sizes) && good; k++) {
        ag_tensor *x = ag_ones(1, &sizes[k]);
        if (x == NULL || ag_set_requires_grad(x, true) != AG_OK)
            return false;
        ag_tensor *y = ag_mul_scalar(x, 2.0);
        const double *memory = y != NULL ? ag_data(y) : NULL;
        ag_set_copy_on_write(true);
        ag_tensor *z = memory != NULL ? ag_mul(y, y) : NULL;
        ag_set_copy_on_write(false);
        ag_tensor *part = z != NULL ? ag_slice(y, 0, 1, 4, 1) : NULL;
        good = part != NULL && ag_fill_(part, 3.0) == AG_OK;
        if (part != NULL && memory[2] != (good ? 3.0 : 2.0))
            report("copy_on_write", 0, "a write failed and was done, or the other way round");
        good = good && ag_add_(y, y) == AG_OK && finish(ag_add(z, y));
    }
    return good;
}

static bool make(void)
{
    const int64_t big[] = {300, 400};
    bool good = ag_empty(2, matrix) && ag_full(2, matrix, 1.0) && ag_zeros(2, big);
    good = good && ag_ones(2, big) && ag_scalar(1.0) && ag_from_data(values, 2, matrix);
    good = good && ag_arange(0, 100, 1) && ag_linspace(0, 1, 100) && ag_eye(30, 30);
    return good && ag_rand(2, big, NULL) && ag_randn(2, big, NULL);
}

static bool draw(void)
{
    const int64_t big[] = {300, 2, 3};
    ag_generator *g = ag_generator_new(1);
    bool good = g != NULL && ag_rand(2, matrix, g) && ag_normal_of_size(1.0, 2.0, 3, big, g);
    good = good && ag_normal_of_size(1.0, 2.0, 2, matrix, NULL);
    good = good && ag_normal_scalar(ag_zeros(3, big), 2.0, g);
    ag_generator_release(g);
    ag_tensor *std = good ? ag_mul(base, base) : NULL, *x = std ? ag_normal(base, std, NULL) : NULL;
    ag_tensor *z = x != NULL ? ag_scalar_normal(0.0, std, NULL) : NULL;
    return z != NULL && finish(ag_add(ag_mul(x, base), z));
}

static void released(void *context) { ++*(int *)context; }

/* On failure release is not called, otherwise once. */
static bool borrow_memory(void)
{
    double memory[6] = {0};
    int count = 0;
    const int64_t mark = ag_scope_open();
    const bool good =
        mark >= 0 && ag_from_memory(memory, 2, matrix, NULL, false, released, &count) != NULL;
    ag_scope_close(mark);
    if (count != (good ? 1 : 0)) {
        failures++;
        printf("borrow_memory: released %d times\n", count);
    }
    return good;
}

/* A scope's table is full when what is made last is to belong to it. */
static bool borrow_into_full_scope(void)
{
    double memory[6] = {0};
    int count = 0;
    const int64_t mark = ag_scope_open();
    bool good = mark >= 0;
    for (int i = 0; good && i < 63; i++)
        good = ag_scalar(1.0) != NULL;
    good = good && ag_from_memory(memory, 2, matrix, NULL, false, released, &count) != NULL;
    ag_scope_close(mark);
    if (count != (good ? 1 : 0)) {
        failures++;
        printf("borrow_into_full_scope: released %d times\n", count);
    }
    return good;
}

static bool scopes(void)
{
    int64_t marks[100];
    int n = 0;
    while (n < 100 && (marks[n] = ag_scope_open()) >= 0)
        n++;
    const bool good = n == 100 && ag_scalar(1.0) != NULL;
    while (n > 0)
        if (ag_scope_close(marks[--n]) != AG_OK)
            report("scopes", 0, "a scope that is open cannot be closed");
    return good;
}

static bool formula(void)
{
    ag_tensor *xx = ag_mul(base, base), *s = ag_sin(ag_add(xx, base)), *e = ag_exp(ag_neg(xx));
    ag_tensor *z = ag_mul(s, e);
    return finish(ag_mul(z, z));
}

static bool broadcast(void)
{
    ag_tensor *row = ag_sum(base, 1, (int64_t[]){0}, true);
    ag_tensor *column = ag_mean(base, 1, (int64_t[]){1}, true);
    return finish(ag_div(ag_sub(row, column), ag_add_scalar(base, 10.0)));
}

static bool large(void)
{
    const int64_t shape[] = {200, 2, 3};
    return finish(ag_tanh(ag_mul(ag_expand(base, 3, shape), ag_ones(3, shape))));
}

static bool views(void)
{
    ag_tensor *t = ag_permute(base, 2, (int64_t[]){1, 0}), *f = ag_flatten(t, 0, -1);
    ag_tensor *u = ag_unsqueeze(ag_slice(f, 0, 1, 6, 2), 0), *s = ag_squeeze(u, -1, NULL);
    ag_tensor *a = ag_as_strided(base, 2, (int64_t[]){2, 2}, (int64_t[]){3, 1}, 1);
    return finish(ag_mul(ag_select(s, 0, 1), ag_view(ag_contiguous(a), 1, (int64_t[]){4})));
}

/* Operands in an order of memory that is not row-major, and results that are. */
static bool orders(void)
{
    const int64_t big[] = {80, 120}, across[] = {120, 80}, by_columns[] = {1, 80};
    ag_tensor *t = ag_t(base), *p = ag_exp(ag_mul(t, t)), *other = ag_t(ag_zeros(2, across));
    ag_tensor *x = ag_empty_in_order(2, big, by_columns);
    bool good = p && x && ag_fill_(x, 2.0) == AG_OK && ag_randn_like(p, NULL) &&
                ag_full_like(x, 1.0);
    ag_tensor *y = good ? ag_mul_scalar(ag_add(ag_sqrt(x), ag_contiguous(x)), 2.0) : NULL;
    good = y && other && ag_add_(y, x) == AG_OK && ag_add_(x, other) == AG_OK;
    good = good && ag_sum(y, 1, (int64_t[]){0}, false) && ag_sum(y, 1, (int64_t[]){1}, false);
    return good && ag_reshape(y, 1, (int64_t[]){-1}) && finish(ag_clone(p));
}

static bool writes(void)
{
    ag_tensor *y = ag_mul_scalar(base, 2.0), *row = ag_select(y, 0, 1), *x = ag_select(base, 0, 0);
    bool good = row && x && ag_mul_(row, x) == AG_OK && ag_add_(y, base) == AG_OK;
    good = good && ag_copy_(ag_select(y, 0, 0), row) == AG_OK && ag_fill_(row, 2.0) == AG_OK;
    return good && finish(y);
}

static bool every_write(void)
{
    ag_tensor *y = ag_mul_scalar(base, 2.0), *x = ag_sin(base), *part = ag_slice(y, 1, 0, 3, 2);
    const ag_arg args[] = {ag_operand(part)};
    const ag_attr attr = {.f = {1.0, 20.0}};
    bool good = part && x && ag_add_(y, x) == AG_OK && ag_sub_(y, x) == AG_OK;
    good = good && ag_div_(y, ag_exp(x)) == AG_OK && ag_pow_(y, ag_scalar(2.0)) == AG_OK;
    good = good && ag_apply_(AG_OP_softplus, 1, args, &attr) == AG_OK;
    good = good && ag_mul_(part, ag_select(x, 1, 0)) == AG_OK && finish(y);
    return good && ag_zero_(y) == AG_OK;
}

/* A pending value is computed by whoever asks for it. */
static ag_tensor *pending(void)
{
    const int64_t shape[] = {50, 2, 3};
    return ag_exp(ag_mul(ag_expand(base, 3, shape), ag_ones(3, shape)));
}

static bool reading(void)
{
    double values_out[300], value;
    bool mask[300];
    int64_t whole[300];
    char text[100];
    ag_tensor *t = ag_t(base), *x = pending();
    bool good = x && t && ag_explain(x, text, sizeof text) > 0 && ag_data(x) != NULL;
    good = good && ag_copy_out(pending(), values_out) == AG_OK && ag_data(ag_reshape(t, 1, six));
    good = good && ag_item(ag_sum_all(pending()), &value) == AG_OK && ag_data(ag_contiguous(t));
    good = good && ag_copy_out_bool(ag_lt(pending(), base), mask) == AG_OK && !mask[0];
    return good && ag_copy_out_int64(pending(), whole) == AG_OK;
}

static bool history(void)
{
    ag_tensor *y = ag_sin(base), *row = ag_select(y, 0, 0), *d = ag_data_of(base);
    bool good = y && row && d && ag_retain_grad(row) == AG_OK && ag_add_(y, base) == AG_OK;
    ag_node *node = good ? ag_node_of(row) : NULL;
    ag_node_release(node);
    ag_tensor *root = node != NULL ? ag_sum_all(ag_mul(row, row)) : NULL;
    good = root && ag_backward(root, NULL, AG_RETAIN_GRAPH) == AG_OK && ag_grad_of(row) != NULL;
    good = good && ag_set_data(y, ag_ones(1, six)) == AG_OK && finish(y);
    return good && ag_detach_(y) == AG_OK && ag_is_leaf(y);
}

static bool regions(void)
{
    ag_tensor *three = ag_select(base, 0, 0);
    const ag_arg scatter[] = {ag_operand(base), ag_operand(three)};
    const ag_arg whole[] = {ag_number(0.0), ag_operand(base)};
    const ag_attr region = {.i = {1, 6}, .n_list = 2, .list = (const int64_t[]){3, 2}};
    const ag_attr slice = {.i = {0, 1, 5, 2}, .n_list = 2, .list = (const int64_t[]){6, 3}};
    ag_tensor *a = three ? ag_apply(AG_OP_strided_scatter, 2, scatter, &region) : NULL;
    ag_tensor *b = three ? ag_apply(AG_OP_strided_gather_vjp, 1, scatter + 1, &region) : NULL;
    ag_tensor *c = ag_apply(AG_OP_slice_scatter, 2, whole, &slice);
    return a && b && c && finish(a) && finish(b) && finish(c);
}

static bool second_order(void)
{
    ag_tensor *p = ag_pow_scalar(base, 3.0), *y = ag_sum_all(ag_softplus(p, 2.0, 20.0));
    ag_tensor *g = NULL, *h = NULL;
    const unsigned flags = AG_CREATE_GRAPH | AG_RETAIN_GRAPH;
    ag_tensor *root = y && ag_grad(1, &y, NULL, 1, &base, flags, &g) == AG_OK ? ag_sum_all(g) : NULL;
    const bool good = root && ag_grad(1, &root, NULL, 1, &base, 0, &h) == AG_OK;
    ag_release(g);
    ag_release(h);
    return good;
}

static bool many_roots(void)
{
    ag_tensor *p = ag_where(ag_gt(base, base), base, ag_clamp(base, ag_number(0.5), ag_number(1.0)));
    ag_tensor *roots[] = {p, ag_sum_all(ag_sqrt(base))}, *gradients[] = {ag_ones(2, matrix), NULL};
    bool good = p && roots[1] && gradients[0] && ag_retain_grad(p) == AG_OK;
    return good && ag_backward_many(2, roots, gradients, 0, NULL, 0) == AG_OK;
}

static bool leaves(void)
{
    ag_tensor *x = ag_from_data(values, 2, matrix), *d = ag_detach(base);
    bool good = x && d && ag_set_requires_grad(x, true) == AG_OK && ag_set_grad(x, d) == AG_OK;
    good = good && finish(ag_maximum(x, base)) && ag_set_grad(x, NULL) == AG_OK;
    return good && ag_set_data(x, d) == AG_OK;
}

/* Long enough that scopes, the engine's tables and the queue of the dying all grow. */
static bool chain(void)
{
    ag_tensor *y = base;
    for (int i = 0; i < 300; i++)
        y = ag_add_scalar(y, 1.0);
    return finish(y);
}

/* Views, sums and copies of several results and of many inputs, one with an empty vector. */
static bool several(void)
{
    ag_tensor *rows[2], *pair[2], *many[50];
    if (ag_unbind(base, 0, 2, rows) != AG_OK)
        return false;
    for (int k = 0; k < 50; k++)
        many[k] = rows[k % 2];
    many[7] = ag_zeros(1, (int64_t[]){0});
    ag_tensor *joined = many[7] != NULL ? ag_cat(50, many, 0) : NULL;
    if (joined == NULL || ag_var_mean(joined, -1, NULL, 1.0, false, pair) != AG_OK)
        return false;
    return finish(ag_mul(pair[0], ag_add(pair[1], ag_sum_all(rows[1]))));
}

static int hooks_made, hooks_gone;

static void let_go_of_hook(void *context)
{
    (void)context;
    hooks_gone++;
}

static ag_status doubling(void *context, ag_tensor *grad, ag_tensor **replacement)
{
    (void)context;
    if (grad == NULL)
        return AG_OK;
    *replacement = ag_mul_scalar(grad, 2.0);
    return *replacement != NULL ? AG_OK : ag_last_status();
}

static ag_status looking(void *context, int n_inputs, ag_tensor **of_inputs, int n_results,
                         ag_tensor **of_results)
{
    (void)context;
    (void)n_inputs;
    (void)of_inputs;
    (void)n_results;
    (void)of_results;
    return AG_OK;
}

static ag_status at_the_leaf(void *context, ag_tensor *leaf)
{
    (void)context;
    return ag_grad_of(leaf) != NULL ? AG_OK : AG_ERR_VALUE;
}

/* Counts a hook and lets go of its handle; false where there is none. */
static bool hooked(ag_hook *hook)
{
    hooks_made += hook != NULL;
    ag_hook_release(hook);
    return hook != NULL;
}

static bool hook_node(ag_tensor *y)
{
    ag_node *node = y != NULL ? ag_node_of(y) : NULL;
    const bool good =
        node != NULL &&
        hooked(ag_node_register_prehook(node, NULL, looking, NULL, let_go_of_hook)) &&
        hooked(ag_node_register_hook(node, NULL, looking, NULL, let_go_of_hook));
    ag_node_release(node);
    return good;
}

/* Hooks of all kinds on leaves, on what is between and on results of one op, and so many nodes that
 * are ready at once that their heap grows. */
static bool hooks(void)
{
    ag_tensor *x[40], *sum = NULL, *rows[2], *edge = NULL;
    hooks_made = hooks_gone = 0;
    for (int k = 0; k < 40; k++) {
        x[k] = ag_from_data(values, 2, matrix);
        if (x[k] == NULL || ag_set_requires_grad(x[k], true) != AG_OK ||
            !hooked(ag_register_hook(x[k], doubling, NULL, let_go_of_hook)))
            return false;
        ag_tensor *y = ag_sin(x[k]);
        sum = k == 0 ? y : y != NULL ? ag_add(sum, y) : NULL;
        if (sum == NULL)
            return false;
    }
    bool good = hook_node(sum) && ag_unbind(sum, 0, 2, rows) == AG_OK && hook_node(rows[0]);
    for (int k = 1; k >= 0; k--)
        good = good && hooked(ag_register_hook(rows[k], doubling, NULL, let_go_of_hook));
    good = good && hooked(ag_register_post_accumulate_grad_hook(x[7], at_the_leaf, NULL,
                                                                let_go_of_hook));
    for (int k = 0; good && k < 20; k++)
        good = hooked(ag_register_hook(x[3], doubling, NULL, let_go_of_hook));
    ag_tensor *root = good ? ag_sum_all(ag_mul(rows[0], rows[1])) : NULL;
    if (root == NULL || (edge = ag_edge_of(root)) == NULL)
        return false;
    ag_tensor *inputs[2] = {x[0], ag_edge_of(rows[1])}, *found[2] = {NULL, NULL};
    good = inputs[1] != NULL &&
           ag_grad(1, &edge, NULL, 2, inputs, AG_RETAIN_GRAPH, found) == AG_OK;
    ag_release(found[0]);
    ag_release(found[1]);
    return good && ag_backward(root, NULL, 0) == AG_OK;
}

/* What a hook was given is given back once, whatever fails. */
static void test_hooks_are_given_back(void)
{
    for (int64_t nth = 1; nth < 400; nth += 7) {
        ag_fail_allocation(nth);
        const int64_t mark = ag_scope_open();
        hooks_made = hooks_gone = 0;
        if (mark >= 0)
            hooks();
        ag_scope_close(mark);
        ag_fail_allocation(0);
        if (hooks_made != hooks_gone)
            report("hooks", nth, "not as many contexts given back as hooks were made");
    }
}

static bool every_elementwise_op(void)
{
    bool good = true;
    for (int op = 0; good && op < AG_OP_COUNT; op++) {
        const char *kind = NULL, *grad = NULL;
        int arity = 0;
        ag_op_info((ag_op)op, NULL, NULL, NULL, &arity, &kind, &grad);
        if (strcmp(kind, "unary") != 0 && strcmp(kind, "binary") != 0 && strcmp(kind, "mask") != 0)
            continue;
        const bool is_recorded = strcmp(grad, "no_grad") != 0;
        ag_tensor *x = is_recorded ? base : ag_cast(pending(), AG_INT64);
        const ag_arg args[] = {ag_operand(x), ag_operand(x)};
        ag_tensor *y = x != NULL ? ag_apply((ag_op)op, arity, args, NULL) : NULL;
        good = y != NULL && (is_recorded ? finish(y) : ag_data(y) != NULL);
    }
    return good;
}

/* A function of three inputs and two results, with a value that is kept. */
static ag_status pass_rule(void *context, ag_node *node, int n_results,
                           ag_tensor *const *of_results, int n_inputs, const bool *needed,
                           ag_tensor **of_inputs)
{
    ag_tensor *kept = ag_saved_tensor(context, node);
    (void)n_results;
    for (int k = 0; k < n_inputs && kept != NULL; k++)
        if (needed[k] && of_results[0] != NULL)
            of_inputs[k] = ag_mul(of_results[0], kept);
    const bool ok = kept != NULL && (of_results[0] == NULL || of_inputs[0] != NULL);
    ag_release(kept);
    return ok ? AG_OK : ag_last_status();
}

static void free_value(void *saved) { ag_saved_release(saved); }

static bool functions(void)
{
    ag_tensor *x = ag_exp(base), *inputs[] = {base, x, base};
    if (x == NULL)
        return false;
    ag_tensor *results[] = {ag_full(2, matrix, 2.0), ag_full(2, matrix, 3.0)};
    if (results[0] == NULL || results[1] == NULL)
        return false;
    const ag_function function = {.name = "Pass", .rule = pass_rule, .release = free_value,
                                  .context = ag_save_tensor(x, -1)};
    if (function.context == NULL)
        return false;
    if (ag_record_function(&function, 3, inputs, 2, results) != AG_OK) {
        ag_saved_release(function.context);
        return false;
    }
    return finish(ag_mul(results[0], results[1]));
}

/* Casts, choices, counts, shifts and quotients of integers, and writes that convert. */
static bool dtypes(void)
{
    ag_tensor *whole = ag_cast(pending(), AG_INT64), *mask = ag_gt(pending(), base);
    if (whole == NULL || mask == NULL)
        return false;
    const ag_arg args[] = {ag_operand(whole), ag_integer(3)};
    ag_tensor *shifted = ag_apply(AG_OP_bitwise_left_shift, 2, args, NULL);
    ag_tensor *divided = ag_apply(AG_OP_floor_divide, 2, args, NULL);
    ag_tensor *power = ag_apply(AG_OP_pow, 2, args, NULL);
    ag_tensor *count = ag_count_nonzero(mask, -1, NULL), *any = ag_any(mask, -1, NULL, false);
    bool good = shifted && divided && power && ag_data(divided) && ag_data(power) && count && any &&
                ag_data(count) && ag_data(any) && ag_copy_(whole, pending()) == AG_OK &&
                ag_copy_(mask, whole) == AG_OK && ag_data(mask);
    good = good && ag_full_as(1, six, ag_integer(2), AG_BOOL) != NULL &&
           ag_apply_(AG_OP_mul, 2, args, NULL) == AG_OK;
    return good && finish(ag_where(mask, ag_mul(base, whole), base));
}

typedef struct scenario {
    const char *name;
    bool (*run)(void);
} scenario;

/* Runs once with the nth allocation failing; true if it got through. */
static bool run_failing(const scenario *s, int64_t nth)
{
    const int64_t before = live();
    ag_set_grad(base, NULL);
    ag_clear_error();
    ag_fail_allocation(nth);
    const int64_t mark = ag_scope_open();
    const bool good = mark >= 0 && s->run();
    ag_scope_close(mark);
    ag_fail_allocation(0);
    if (!good && ag_last_status() != AG_ERR_MEMORY)
        report(s->name, nth, "failed, but not for want of memory");
    if (!good && ag_last_message()[0] == '\0')
        report(s->name, nth, "failed without a message");
    ag_set_grad(base, NULL);
    if (live() != before)
        report(s->name, nth, "left tensors or nodes behind");
    return good;
}

/* Steps of parameters that lie in order and across, with all that is kept of them. */
static bool optimise(void)
{
    ag_optim how = ag_optim_defaults(AG_OPTIM_ADAM);
    ag_tensor *x[2] = {ag_full(2, matrix, 1.0), NULL}, *g = ag_full(2, matrix, 0.5);
    ag_tensor *state[6] = {NULL}, *across = ag_full(2, (const int64_t[]){3, 4}, 2.0);
    ag_tensor *part = across != NULL ? ag_slice(across, 1, 0, 2, 1) : NULL;
    x[1] = part != NULL ? ag_transpose(part, 0, 1) : NULL;
    bool good = x[0] != NULL && x[1] != NULL && g != NULL && ag_set_grad(x[0], g) == AG_OK &&
                ag_set_grad(x[1], g) == AG_OK;
    good = good && ag_optim_step(&how, 2, x, state) == AG_OK;
    if (!good && (state[0] != NULL || state[5] != NULL))
        report("optimise", 0, "a step that failed left something behind");
    for (int k = 0; k < 6; k++)
        ag_release(state[k]);
    return good;
}

/* A profile that is lost is told of at its end alone: what is profiled has all it needs, or fails
 * for a reason of its own. */
static bool profiles(void)
{
    ag_region region;
    if (ag_profile_start() != AG_OK)
        return false;
    ag_region_begin(&region);
    ag_tensor *y = pending(), *z = y != NULL ? ag_mul(base, base) : NULL;
    const bool good = z != NULL && finish(y) && finish(z);
    ag_region_end(&region, AG_EVENT_REGION, "a region");
    ag_profile *p = ag_profile_stop();
    const bool kept = p != NULL && ag_profile_count(p) > 0;
    ag_profile_free(p);
    return good && kept;
}

static void run_scenario(const scenario *s)
{
    const int reported = failures;
    int64_t nth = 1, failed = 0;
    for (int row = 0; row < IN_A_ROW && nth < MOST_ALLOCATIONS && failures == reported; nth++) {
        const bool good = run_failing(s, nth);
        row = good ? row + 1 : 0;
        failed += !good;
    }
    if (nth == MOST_ALLOCATIONS || (failed == 0 && ag_fail_allocation(0) == AG_OK))
        report(s->name, nth, failed ? "never got through" : "never failed");
    printf("%-22s failed %d times\n", s->name, (int)failed);
}

/* A gradient that was there before stays what it was, whatever fails. */
static void test_gradient_survives(void)
{
    double kept[6];
    const int64_t outer = ag_scope_open();
    finish(base);
    ag_scope_close(outer);
    ag_copy_out(ag_grad_of(base), kept);
    for (int64_t nth = 1; nth < MOST_ALLOCATIONS; nth++) {
        ag_fail_allocation(nth);
        const int64_t mark = ag_scope_open();
        const bool good = mark >= 0 && formula();
        ag_scope_close(mark);
        ag_fail_allocation(0);
        if (good)
            break;
        double now[6];
        ag_copy_out(ag_grad_of(base), now);
        if (memcmp(now, kept, sizeof kept) != 0)
            report("gradient survives", nth, "a backward that failed changed .grad");
    }
    ag_set_grad(base, NULL);
}

/* The first call of a thread makes its record: that too can fail. */
static void *first_calls(void *context)
{
    ag_tensor *y = ag_exp(base);
    *(bool *)context = y != NULL || ag_last_status() == AG_ERR_MEMORY;
    ag_release(y);
    return NULL;
}

static void test_thread_start(void)
{
    for (int64_t nth = 1; nth < 30; nth++) {
        pthread_t thread;
        bool good = false;
        ag_fail_allocation(nth);
        pthread_create(&thread, NULL, first_calls, &good);
        pthread_join(thread, NULL);
        ag_fail_allocation(0);
        if (!good)
            report("thread start", nth, "neither a result nor AG_ERR_MEMORY");
    }
}

int main(void)
{
    static const scenario scenarios[] = {
        {"make", make}, {"draw", draw}, {"borrow_memory", borrow_memory},
        {"borrow_into_full_scope", borrow_into_full_scope}, {"scopes", scopes},
        {"formula", formula}, {"broadcast", broadcast}, {"large", large}, {"views", views},
        {"orders", orders}, {"writes", writes}, {"every_write", every_write}, {"reading", reading},
        {"history", history}, {"regions", regions}, {"second_order", second_order},
        {"many_roots", many_roots}, {"leaves", leaves}, {"chain", chain},
        {"several", several}, {"hooks", hooks}, {"optimise", optimise},
        {"every_elementwise_op", every_elementwise_op}, {"dtypes", dtypes},
        {"functions", functions}, {"copy_on_write", copy_on_write}, {"profiles", profiles},
    };
    if (ag_fail_allocation(0) != AG_OK) {
        printf("allocations of this core cannot be failed\n");
        return 2;
    }
    base = ag_from_data(values, 2, matrix);
    ag_set_requires_grad(base, true);
    for (int i = 0; i < COUNT(scenarios); i++)
        run_scenario(&scenarios[i]);
    test_gradient_survives();
    test_hooks_are_given_back();
    test_thread_start();
    ag_release(base);
    if (live() != 0)
        report("all", 0, "something is left at the end");
    printf("%d failures\n", failures);
    return failures != 0;
}
