/* SPDX-License-Identifier: MIT
 *
 * An embedding program: the public header, the shared library, no Python. Walks through every group
 * of the header and checks what it promises; prints what does not hold and exits 1.
 */
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static ag_tensor *vector(int64_t n, const double *values)
{
    return ag_from_data(values, 1, &n);
}

static void test_creation(void)
{
    const int64_t shape[] = {2, 3};
    ag_tensor *x = ag_full(2, shape, 2.5);
    CHECK(x != NULL && ag_ndim(x) == 2 && ag_numel(x) == 6);
    CHECK(ag_shape(x)[0] == 2 && ag_shape(x)[1] == 3);
    CHECK(ag_strides(x)[0] == 3 && ag_strides(x)[1] == 1 && ag_is_contiguous(x));
    CHECK(ag_data(x)[5] == 2.5 && !ag_requires_grad(x) && ag_is_leaf(x) && !ag_is_view(x));
    ag_release(x);

    ag_tensor *zero = ag_scalar(-0.0);
    double value = 1.0;
    CHECK(ag_ndim(zero) == 0 && ag_item(zero, &value) == AG_OK && value == 0.0 && signbit(value));
    ag_release(zero);

    ag_tensor *range = ag_arange(0.0, 2.0, 0.5), *line = ag_linspace(0.0, 1.0, 3);
    CHECK(holds(range, 4, (double[]){0.0, 0.5, 1.0, 1.5}));
    CHECK(holds(line, 3, (double[]){0.0, 0.5, 1.0}));
    ag_tensor *eye = ag_eye(2, 3), *ones = ag_ones(2, shape), *zeros = ag_zeros(2, shape);
    CHECK(holds(eye, 6, (double[]){1, 0, 0, 0, 1, 0}));
    CHECK(holds(ones, 6, (double[]){1, 1, 1, 1, 1, 1}));
    CHECK(holds(zeros, 6, (double[]){0, 0, 0, 0, 0, 0}));
    ag_release(range), ag_release(line), ag_release(eye), ag_release(ones), ag_release(zeros);

    const int64_t none[] = {3, 0};
    ag_tensor *empty = ag_empty(2, none);
    CHECK(empty != NULL && ag_numel(empty) == 0);
    ag_release(empty);
}

static void test_random(void)
{
    const int64_t n = 16;
    ag_manual_seed(7);
    ag_tensor *a = ag_rand(1, &n, NULL), *b = ag_randn(1, &n, NULL);
    ag_manual_seed(7);
    ag_tensor *c = ag_rand(1, &n, NULL), *d = ag_randn(1, &n, NULL);
    CHECK(memcmp(ag_data(a), ag_data(c), 16 * sizeof(double)) == 0);
    CHECK(memcmp(ag_data(b), ag_data(d), 16 * sizeof(double)) == 0);
    for (int i = 0; i < 16; i++)
        CHECK(ag_data(a)[i] >= 0.0 && ag_data(a)[i] < 1.0 && isfinite(ag_data(b)[i]));
    ag_release(a), ag_release(b), ag_release(c), ag_release(d);
}

static void test_ownership(void)
{
    ag_release(NULL);
    CHECK(ag_keep(NULL) == NULL);
    ag_tensor *x = ag_scalar(1.0);
    CHECK(ag_retain(x) == x);
    ag_release(x);
    CHECK(ag_data(x)[0] == 1.0);

    const int64_t before = live();
    const int64_t outer = ag_scope_open();
    ag_tensor *y = ag_exp(x);
    const int64_t inner = ag_scope_open();
    ag_tensor *z = ag_keep(ag_neg(ag_exp(y)));
    ag_scope_close(inner);
    CHECK(near(ag_data(z)[0], -exp(exp(1.0))) && near(ag_data(y)[0], exp(1.0)));
    ag_scope_close(outer);
    CHECK(live() == before + 1);
    ag_release(z);
    CHECK(live() == before);
    ag_release(x);
}

static void count_release(void *context) { ++*(int *)context; }

static void test_foreign_memory(void)
{
    double memory[] = {1, 2, 3, 4, 5, 6};
    const int64_t shape[] = {2, 2}, strides[] = {3, 2};
    int released = 0;
    ag_tensor *x = ag_from_memory(memory, 2, shape, strides, false, count_release, &released);
    CHECK(holds(x, 4, (double[]){1, 3, 4, 6}) && ag_data(x) == memory && !ag_is_contiguous(x));
    ag_tensor *all = ag_storage_of(x), *row = ag_select(x, 0, 1);
    CHECK(holds(all, 6, memory) && ag_ndim(all) == 1 && ag_shares_storage(all, x));
    CHECK(!ag_is_view(all) && ag_storage_of(NULL) == NULL);
    ag_release(all);
    CHECK(ag_shares_storage(x, row) && ag_is_view(row) && ag_data(row) == memory + 3);
    CHECK(ag_fill_(row, 9.0) == AG_OK && memory[3] == 9.0 && memory[4] == 5.0 && memory[5] == 9.0);
    ag_release(x);
    CHECK(released == 0);
    ag_release(row);
    CHECK(released == 1);

    ag_tensor *fixed = ag_from_memory(memory, 1, (int64_t[]){6}, NULL, true, count_release, &released);
    CHECK(ag_is_read_only(fixed) && ag_zero_(fixed) < 0 && memory[0] == 1.0);
    ag_release(fixed);
    CHECK(released == 2);

    const int64_t negative[] = {-1};
    CHECK(ag_from_memory(memory, 1, (int64_t[]){2}, negative, false, count_release, &released) == NULL);
    CHECK(released == 2);
}

static bool known_outside;

static bool is_known_outside(void *context)
{
    (void)context;
    return known_outside;
}

static bool is_late(ag_tensor *t)
{
    char text[1000];
    return ag_explain(t, text, sizeof text) > 0 && strcmp(text, "computed\n") != 0;
}

/* What others may write is read at once, the rest when it is asked for. */
static void test_memory_that_is_asked_about(void)
{
    enum { N = 20000 };
    static double memory[N];
    int released = 0;
    ag_set_sharing_hook(count_release, is_known_outside);
    ag_tensor *x = ag_from_memory(memory, 1, (int64_t[]){N}, NULL, false, count_release, &released);
    known_outside = true;
    ag_tensor *now = ag_add_scalar(x, 1.0);
    known_outside = false;
    ag_tensor *later = ag_add_scalar(x, 1.0);
    const char *fuse = getenv("PYAUTOGRAD_FUSE");
    CHECK(!is_late(now) && is_late(later) == (fuse == NULL || strcmp(fuse, "0") != 0));
    ag_release(x);
    CHECK(ag_data(later)[N - 1] == 1.0 && ag_data(now)[0] == 1.0 && released == 1);
    ag_release(now), ag_release(later);
    ag_set_sharing_hook(NULL, NULL);
}

/* A program of its own says where it is, and reads that in errors. */
static uint32_t line_now;
static uint32_t site_of_line(bool alone) { return alone ? 0 : line_now; }
static int text_of_line(uint32_t site, char *text, size_t size)
{
    return snprintf(text, size, "embed.c:%u in main", (unsigned)site);
}

static int stack_of_lines(int n, uint32_t *sites)
{
    if (n >= 2) {
        sites[0] = line_now;
        sites[1] = 1;
    }
    return 2;
}
static int told_of;
static void count_failure(ag_node *node) { told_of += ag_node_site(node) == 8; }
static void count_up(void *count) { ++*(int *)count; }

static void test_sites(void)
{
    char text[100];
    ag_set_site_hooks(site_of_line, text_of_line);
    ag_tensor *x = ag_ones(1, (int64_t[]){2});
    ag_set_requires_grad(x, true);
    line_now = 7;
    ag_tensor *y = ag_exp(x), *sum = ag_sum(y, -1, NULL, false);
    ag_node *node = ag_node_of(y);
    CHECK(ag_node_site(node) == 7);
    CHECK(ag_site_text(7, text, sizeof text) == 17 && strcmp(text, "embed.c:7 in main") == 0);
    CHECK(ag_site_text(0, text, sizeof text) == 0 && text[0] == '\0');
    line_now = 8;
    CHECK(ag_zero_(y) == AG_OK);
    CHECK(ag_backward(sum, NULL, 0) == AG_ERR_VERSION);
    CHECK(strstr(ag_last_message(), "\nIt was last written in place at embed.c:8 in main") != NULL);
    CHECK(strstr(ag_last_message(), "\nExpBackward0 was recorded at embed.c:7 in main") != NULL);
    ag_set_anomaly_enabled(true, true);
    ag_set_stack_hook(stack_of_lines);
    ag_set_anomaly_hook(count_failure);
    ag_tensor *root = ag_sqrt(y), *negative = ag_neg(x), *odd = ag_sqrt(negative);
    ag_node *failing = ag_node_of(odd);
    uint32_t sites[3] = {0};
    CHECK(ag_node_stack(failing, 3, sites) == 2 && sites[0] == 8 && sites[1] == 1);
    CHECK(ag_node_stack(node, 0, NULL) == -1 && ag_node_parent(failing) == NULL);
    CHECK(ag_node_set_context(failing, &told_of, count_up) == AG_OK);
    CHECK(ag_node_context(failing) == &told_of && ag_node_context(node) == NULL);
    ag_tensor *of_odd = ag_sum(odd, -1, NULL, false);
    CHECK(ag_backward(of_odd, NULL, 0) == AG_ERR_GRAD && told_of == 1);
    CHECK(strstr(ag_last_message(), "Function 'SqrtBackward0' returned nan values in its 0th output."
                                    "\nThe first NaN or infinity of the forward: SqrtBackward0 made "
                                    "nan of -1 (element [0]) at embed.c:8 in main") != NULL);
    ag_set_anomaly_enabled(false, true);
    CHECK(!ag_anomaly_enabled() && ag_anomaly_check_nan_enabled());
    ag_set_stack_hook(NULL);
    ag_set_anomaly_hook(NULL);
    ag_node_release(failing);
    ag_release(of_odd), ag_release(odd), ag_release(negative), ag_release(root);
    CHECK(told_of == 2);
    ag_set_site_hooks(NULL, NULL);
    CHECK(ag_site_text(7, text, sizeof text) == 0);
    ag_clear_error();
    ag_node_release(node);
    ag_release(sum), ag_release(y), ag_release(x);
}

static void test_gradients(void)
{
    const double xs[] = {0.5, 1.0, 1.5};
    ag_tensor *x = leaf(3, xs);
    ag_tensor *s = ag_sin(x), *p = ag_mul(s, x), *h = ag_mul_scalar(p, 0.5), *y = ag_sum_all(h);
    CHECK(ag_requires_grad(y) && !ag_is_leaf(y) && ag_grad_of(x) == NULL);
    CHECK(ag_retain_grad(p) == AG_OK && ag_retains_grad(p));
    CHECK(ag_backward(y, NULL, AG_RETAIN_GRAPH) == AG_OK);
    double expected[3];
    for (int i = 0; i < 3; i++)
        expected[i] = 0.5 * (sin(xs[i]) + xs[i] * cos(xs[i]));
    CHECK(holds(ag_grad_of(x), 3, expected));
    CHECK(holds(ag_grad_of(p), 3, (double[]){0.5, 0.5, 0.5}));
    CHECK(ag_backward(y, NULL, 0) == AG_OK);
    for (int i = 0; i < 3; i++)
        expected[i] *= 2;
    CHECK(holds(ag_grad_of(x), 3, expected));
    CHECK(ag_backward(y, NULL, 0) == AG_ERR_FREED && holds(ag_grad_of(x), 3, expected));
    CHECK(ag_set_grad(x, NULL) == AG_OK && ag_grad_of(x) == NULL);
    CHECK(ag_set_grad(x, y) == AG_ERR_SHAPE || ag_last_status() < 0);
    ag_release(s), ag_release(p), ag_release(h), ag_release(y), ag_release(x);
}

static void test_higher_derivatives(void)
{
    const double value = 0.7;
    ag_tensor *x = leaf(1, &value), *y = ag_sin(x), *g = NULL, *gg = NULL, *unused = NULL;
    CHECK(ag_grad(1, &y, NULL, 1, &x, AG_CREATE_GRAPH, &g) == AG_OK && ag_requires_grad(g));
    CHECK(holds(g, 1, (double[]){cos(value)}) && ag_grad_of(x) == NULL);
    CHECK(ag_grad(1, &g, NULL, 1, &x, 0, &gg) == AG_OK && holds(gg, 1, (double[]){-sin(value)}));

    ag_tensor *other = leaf(1, &value), *z = ag_exp(x);
    CHECK(ag_grad(1, &z, NULL, 1, &other, AG_RETAIN_GRAPH, &unused) < 0);
    CHECK(ag_grad(1, &z, NULL, 1, &other, AG_ALLOW_UNUSED, &unused) == AG_OK && unused == NULL);
    ag_release(z), ag_release(other), ag_release(gg), ag_release(g), ag_release(y), ag_release(x);
}

static void test_several_roots(void)
{
    ag_tensor *x = leaf(2, (double[]){1, 2}), *y = leaf(2, (double[]){3, 4});
    ag_tensor *p = ag_mul(x, y), *q = ag_sum_all(x), *v = vector(2, (double[]){1, 10});
    ag_tensor *roots[] = {p, q}, *gradients[] = {v, NULL}, *inputs[] = {x};
    CHECK(ag_backward_many(2, roots, gradients, 1, inputs, AG_RETAIN_GRAPH) == AG_OK);
    CHECK(holds(ag_grad_of(x), 2, (double[]){4, 41}) && ag_grad_of(y) == NULL);
    CHECK(ag_backward_many(2, roots, gradients, 0, NULL, 0) == AG_OK);
    CHECK(holds(ag_grad_of(x), 2, (double[]){8, 82}));
    CHECK(holds(ag_grad_of(y), 2, (double[]){1, 20}));
    CHECK(ag_backward(p, NULL, 0) < 0 && strstr(ag_last_message(), "scalar") != NULL);
    ag_release(v), ag_release(q), ag_release(p), ag_release(y), ag_release(x);
}

static void test_grad_mode(void)
{
    ag_tensor *x = leaf(1, (double[]){2.0});
    CHECK(ag_grad_enabled() && ag_set_grad_enabled(false) && !ag_grad_enabled());
    ag_tensor *y = ag_exp(x);
    CHECK(!ag_requires_grad(y));
    CHECK(ag_mul_(x, x) == AG_OK && ag_data(x)[0] == 4.0);
    CHECK(!ag_set_grad_enabled(true));
    CHECK(ag_add_(x, x) == AG_ERR_GRAD && ag_data(x)[0] == 4.0);
    ag_tensor *d = ag_detach(x);
    CHECK(!ag_requires_grad(d) && ag_shares_storage(x, d));
    ag_release(d), ag_release(y), ag_release(x);
}

static void test_errors(void)
{
    ag_tensor *a = vector(3, (double[]){1, 2, 3}), *b = vector(2, (double[]){1, 2});
    ag_clear_error();
    CHECK(ag_last_status() == AG_OK && strcmp(ag_last_message(), "") == 0);
    ag_tensor *sum = ag_add(a, b);
    CHECK(sum == NULL && ag_last_status() == AG_ERR_SHAPE);
    char first[256];
    snprintf(first, sizeof first, "%s", ag_last_message());
    CHECK(first[0] != '\0');
    ag_tensor *chained = ag_mul(ag_exp(sum), a);
    CHECK(chained == NULL && strcmp(first, ag_last_message()) == 0);
    CHECK(ag_backward(chained, NULL, 0) < 0);

    const int64_t huge[] = {INT64_MAX / 4, 8}, negative[] = {-3};
    CHECK(ag_empty(2, huge) == NULL && ag_last_status() == AG_ERR_OVERFLOW);
    CHECK(ag_zeros(1, negative) == NULL && ag_last_status() < 0);
    const int64_t enormous[] = {INT64_C(1) << 46};
    CHECK(ag_empty(1, enormous) == NULL && ag_last_status() == AG_ERR_MEMORY);
    CHECK(ag_sum(a, 1, (int64_t[]){4}, false) == NULL && ag_last_status() == AG_ERR_INDEX);
    CHECK(ag_view(a, 1, (int64_t[]){4}) == NULL && ag_last_status() == AG_ERR_SHAPE);
    CHECK(ag_select(a, 0, 3) == NULL && ag_last_status() == AG_ERR_INDEX);
    CHECK(ag_backward(a, NULL, 0) == AG_ERR_GRAD);
    double value;
    CHECK(ag_item(a, &value) < 0);
    CHECK(ag_set_num_threads(0) < 0);
    ag_release(a), ag_release(b);
}

static void test_saved_values_are_guarded(void)
{
    ag_tensor *x = leaf(2, (double[]){1, 2}), *m = ag_mul_scalar(x, 1.0), *y = ag_exp(m);
    ag_tensor *root = ag_sum_all(y);
    const uint32_t version = ag_tensor_version(y);
    CHECK(ag_fill_(y, 3.0) == AG_OK && ag_tensor_version(y) == version + 1);
    CHECK(ag_backward(root, NULL, 0) == AG_ERR_VERSION && ag_grad_of(x) == NULL);
    ag_release(root), ag_release(y), ag_release(m), ag_release(x);
}

static void test_views(void)
{
    ag_tensor *x = ag_arange(0, 6, 1);
    const int64_t shape[] = {2, 3}, wide[] = {4, 2, 3};
    ag_tensor *v = ag_view(x, 2, shape), *t = ag_t(v), *s = ag_slice(t, 0, 0, 3, 2);
    CHECK(holds(t, 6, (double[]){0, 3, 1, 4, 2, 5}) && !ag_is_contiguous(t));
    CHECK(holds(s, 4, (double[]){0, 3, 2, 5}) && ag_shares_storage(s, x));
    ag_tensor *c = ag_contiguous(t), *same = ag_contiguous(x), *e = ag_expand(v, 3, wide);
    CHECK(!ag_shares_storage(c, x) && ag_is_contiguous(c) && ag_shares_storage(same, x));
    CHECK(ag_numel(e) == 24 && ag_strides(e)[0] == 0);
    ag_tensor *columns = ag_sum(v, 1, (int64_t[]){0}, true), *m = ag_mean(v, -1, NULL, false);
    CHECK(holds(columns, 3, (double[]){3, 5, 7}) && ag_ndim(columns) == 2);
    CHECK(holds(m, 1, (double[]){2.5}) && ag_ndim(m) == 0);
    ag_tensor *all[] = {x, v, t, s, c, same, e, columns, m};
    for (int i = 0; i < COUNT(all); i++)
        ag_release(all[i]);
}

static bool has_strides(const ag_tensor *t, int64_t first, int64_t second)
{
    return t != NULL && ag_strides(t)[0] == first && ag_strides(t)[1] == second;
}

/* Results lie in memory as their operands do, and gradients as their leaves. */
static void test_memory_order(void)
{
    const int64_t shape[] = {2, 3}, by_columns[] = {1, 2}, with_gaps[] = {2, 8}, none[] = {-1, 3};
    const int64_t mark = ag_scope_open();
    ag_tensor *x = ag_empty_in_order(2, shape, by_columns);
    CHECK(has_strides(x, 1, 2) && has_strides(ag_empty_in_order(2, shape, NULL), 3, 1));
    CHECK(has_strides(ag_empty_in_order(2, shape, with_gaps), 1, 2));
    CHECK(ag_empty_in_order(2, none, by_columns) == NULL && ag_last_status() == AG_ERR_SHAPE);
    CHECK(ag_empty_in_order(AG_MAX_DIMS + 1, none, none) == NULL);
    memcpy(ag_data(x), (double[]){1, 4, 2, 5, 3, 6}, 6 * sizeof(double));
    CHECK(holds(x, 6, (double[]){1, 2, 3, 4, 5, 6}));

    ag_tensor *y = ag_mul_scalar(x, 2.0), *rows = ag_contiguous(y);
    CHECK(has_strides(y, 1, 2) && holds(y, 6, (double[]){2, 4, 6, 8, 10, 12}));
    CHECK(has_strides(rows, 3, 1) && holds(rows, 6, (double[]){2, 4, 6, 8, 10, 12}));
    CHECK(has_strides(ag_add(y, rows), 1, 2) && has_strides(ag_add(rows, y), 3, 1));
    CHECK(has_strides(ag_clone(y), 1, 2) && has_strides(ag_empty_like(y), 1, 2));
    CHECK(has_strides(ag_rand_like(y, NULL), 1, 2) && has_strides(ag_randn_like(y, NULL), 1, 2));
    CHECK(holds(ag_full_like(y, 7), 6, (double[]){7, 7, 7, 7, 7, 7}));
    CHECK(holds(ag_ones_like(y), 6, (double[]){1, 1, 1, 1, 1, 1}));
    CHECK(has_strides(ag_zeros_like(y), 1, 2) && ag_zeros_like(NULL) == NULL);
    const ag_arg arg = {.tensor = rows};
    const ag_attr order = {.n_list = 2, .list = by_columns};
    ag_tensor *columns = ag_apply(AG_OP_clone, 1, &arg, &order);
    CHECK(has_strides(columns, 1, 2) && holds(columns, 6, (double[]){2, 4, 6, 8, 10, 12}));

    ag_set_requires_grad(x, true);
    CHECK(ag_backward(ag_sum_all(ag_mul(rows, x)), NULL, 0) == AG_OK);
    CHECK(has_strides(ag_grad_of(x), 1, 2));
    CHECK(holds(ag_grad_of(x), 6, (double[]){2, 4, 6, 8, 10, 12}));
    ag_scope_close(mark);
}

static void test_writes_follow_the_tape(void)
{
    ag_tensor *x = leaf(3, (double[]){1, 2, 3}), *y = ag_mul_scalar(x, 2.0);
    ag_tensor *row = ag_slice(y, 0, 1, 3, 1), *three = ag_scalar(3.0);
    CHECK(ag_mul_(row, three) == AG_OK && holds(y, 3, (double[]){2, 12, 18}));
    ag_tensor *root = ag_sum_all(y);
    CHECK(ag_backward(root, NULL, 0) == AG_OK);
    CHECK(holds(ag_grad_of(x), 3, (double[]){2, 6, 6}));
    ag_release(root), ag_release(three), ag_release(row), ag_release(y), ag_release(x);
}

/* The factor's gradient is the value that was written over. */
static void test_writes_keep_what_the_rule_needs(void)
{
    ag_tensor *x = leaf(2, (double[]){2, 3}), *y = ag_mul_scalar(x, 5.0), *f = ag_select(x, 0, 0);
    CHECK(ag_mul_(y, f) == AG_OK && holds(y, 2, (double[]){20, 30}));
    ag_tensor *root = ag_sum_all(y);
    CHECK(ag_add_(y, y) == AG_OK);
    CHECK(ag_backward(root, NULL, 0) == AG_OK);
    CHECK(holds(ag_grad_of(x), 2, (double[]){35, 10}));
    ag_release(root), ag_release(f), ag_release(y), ag_release(x);
}

/* Two results of one op, one of which is used, and three inputs of another. */
static void test_several(void)
{
    const int64_t mark = ag_scope_open();
    ag_tensor *x = leaf(4, (double[]){1, 2, 3, 4}), *square = ag_view(x, 2, (int64_t[]){2, 2});
    ag_tensor *rows[2], *pair[2];
    CHECK(ag_unbind(square, 0, 2, rows) == AG_OK && holds(rows[1], 2, (double[]){3, 4}));
    CHECK(ag_output_number(rows[1]) == 1 && ag_output_number(x) == 0);
    ag_tensor *joined = ag_cat(3, (ag_tensor *[]){rows[1], x, rows[1]}, 0);
    CHECK(holds(joined, 8, (double[]){3, 4, 1, 2, 3, 4, 3, 4}));
    CHECK(ag_backward(joined, ag_ones(1, (int64_t[]){8}), 0) == AG_OK);
    CHECK(holds(ag_grad_of(x), 4, (double[]){1, 1, 3, 3}));

    ag_node *node = ag_node_of(joined), *from = NULL;
    CHECK(ag_node_input(node, 2, &from, NULL) == AG_OK && ag_node_output_count(from) == 2);
    CHECK(ag_node_input_count(node) == 3 && ag_node_input_output(node, 2) == 1);
    int ndim;
    int64_t shape[AG_MAX_DIMS];
    CHECK(ag_node_input_shape(node, 1, &ndim, shape) == AG_OK && ndim == 1 && shape[0] == 4);
    const void *memory;
    CHECK(ag_node_kept(node, 0, &memory) == -1);
    ag_tensor *gradients[2] = {NULL, ag_full(1, (int64_t[]){2}, 5.0)}, *part = NULL;
    CHECK(ag_node_call(from, 2, gradients, &part) == AG_OK);
    CHECK(holds(part, 4, (double[]){0, 0, 5, 5}));
    ag_release(part);
    ag_node_release(node);

    CHECK(ag_var_mean(x, -1, NULL, 0.0, false, pair) == AG_OK);
    CHECK(holds(pair[0], 1, (double[]){1.25}) && holds(pair[1], 1, (double[]){2.5}));
    CHECK(ag_mul_(rows[0], rows[1]) == AG_ERR_GRAD);
    CHECK(ag_scope_close(mark) == AG_OK);
}

static void test_tape(void)
{
    ag_tensor *x = leaf(1, (double[]){1}), *y = ag_exp(x), *z = ag_mul_scalar(y, 2.0);
    ag_node *node = ag_node_of(z), *from = NULL;
    ag_tensor *end = NULL;
    char name[64];
    CHECK(node != NULL && ag_node_of(x) == NULL);
    CHECK(ag_node_name(node, name, sizeof name) > 0 && strcmp(name, "MulBackward0") == 0);
    CHECK(ag_node_name(node, name, 4) == 12 && strcmp(name, "Mul") == 0);
    ag_node_input(node, 0, &from, &end);
    CHECK(from != NULL && end == NULL && ag_node_name(from, name, sizeof name) > 0);
    CHECK(strcmp(name, "ExpBackward0") == 0 && ag_node_input_count(from) == 1);
    ag_node *exp_node = ag_node_retain(from);
    ag_node_input(exp_node, 0, &from, &end);
    CHECK(from == NULL && end == x);
    ag_tensor *g = ag_full(1, (int64_t[]){1}, 5.0), *parts[2] = {NULL, NULL};
    CHECK(ag_node_call(node, 1, &g, parts) == AG_OK && holds(parts[0], 1, (double[]){10}));
    CHECK(parts[1] == NULL && ag_grad_of(x) == NULL && ag_requires_grad(parts[0]) == false);
    ag_release(parts[0]);
    CHECK(ag_node_call(exp_node, 1, &g, parts) == AG_OK && ag_requires_grad(parts[0]));
    ag_release(parts[0]);
    ag_clear_error();
    CHECK(ag_node_call(NULL, 1, &g, parts) == AG_ERR_TYPE);
    CHECK(ag_node_call(node, 1, NULL, parts) == AG_ERR_TYPE);
    ag_node_release(node), ag_node_release(exp_node), ag_release(g);
    ag_release(z), ag_release(y), ag_release(x);
}

static void test_every_op_has_a_row(void)
{
    for (int op = 0; op < AG_OP_COUNT; op++) {
        const char *name = NULL, *label = NULL, *doc = NULL, *kind = NULL, *grad = NULL;
        int arity = 0;
        CHECK(ag_op_info((ag_op)op, &name, &label, &doc, &arity, &kind, &grad) == AG_OK);
        CHECK(name[0] && label[0] && doc[0] && kind[0] && grad[0] && arity >= 0 && arity <= 5);
        CHECK(ag_op_info((ag_op)op, NULL, NULL, NULL, NULL, NULL, NULL) == AG_OK);
    }
    CHECK(ag_op_info(AG_OP_COUNT, NULL, NULL, NULL, NULL, NULL, NULL) < 0);

    ag_tensor *x = vector(2, (double[]){1, 2});
    const ag_arg args[] = {ag_operand(x), ag_number(3.0)};
    ag_tensor *y = ag_apply(AG_OP_sub, 2, args, NULL);
    CHECK(holds(y, 2, (double[]){-2, -1}));
    CHECK(ag_apply_(AG_OP_mul, 2, args, NULL) == AG_OK && holds(x, 2, (double[]){3, 6}));
    ag_release(y), ag_release(x);
}

static void test_comparisons(void)
{
    ag_tensor *x = vector(3, (double[]){1, 2, NAN}), *y = ag_scalar(2.0);
    bool z[3] = {true, true, true};
    ag_tensor *above = ag_ge(x, y);
    CHECK(ag_dtype_of(above) == AG_BOOL && ag_copy_out_bool(above, z) == AG_OK);
    CHECK(!z[0] && z[1] && !z[2]);
    ag_tensor *mask = ag_lt(x, y), *chosen = ag_where(mask, y, x);
    CHECK(ag_dtype_of(mask) == AG_BOOL && ag_dtype_of(chosen) == AG_FLOAT64);
    CHECK(ag_data(mask)[0] == 1.0 && ag_data(chosen)[0] == 2.0 && isnan(ag_data(chosen)[2]));
    int ndim = -1;
    int64_t shape[AG_MAX_DIMS];
    CHECK(ag_broadcast(x, y, &ndim, shape) == AG_OK && ndim == 1 && shape[0] == 3);
    ag_release(chosen), ag_release(mask), ag_release(above), ag_release(y), ag_release(x);
}

static void test_looking_inside(void)
{
    char text[4096];
    const int length = ag_show_config(text, sizeof text);
    CHECK(length > 0 && length < COUNT(text) && strstr(text, ag_version()) != NULL);
    char start[8];
    CHECK(ag_show_config(start, sizeof start) == length && strncmp(start, text, 7) == 0);
    const int threads = ag_get_num_threads();
    CHECK(threads >= 1 && ag_set_num_threads(2) == AG_OK && ag_get_num_threads() == 2);
    CHECK(ag_set_num_threads(threads) == AG_OK);

    ag_memory_stats before, during, after;
    ag_get_memory_stats(&before);
    const int64_t n = 1 << 20;
    ag_tensor *x = ag_ones(1, &n);
    ag_get_memory_stats(&during);
    CHECK(during.allocated >= before.allocated + 8 * n);
    CHECK(during.max_allocated >= during.allocated && during.cache_limit >= 0);
    ag_release(x);
    ag_empty_cache();
    ag_reset_peak();
    ag_get_memory_stats(&after);
    CHECK(after.allocated == before.allocated && after.max_allocated == after.allocated);
    CHECK(after.live_tensors == before.live_tensors);
}

/* With and without a gradient: these are computed in two ways. */
static void test_scopes_own_sparse_products(void)
{
    const double values[3] = {2.0, 3.0, 5.0};
    const int64_t starts[3] = {0, 1, 3}, columns[3] = {1, 0, 1}, n = 2;
    const ag_csr a = {2, 2, 3, values, starts, columns, 8};
    for (int recorded = 0; recorded < 2; recorded++) {
        ag_memory_stats before, after;
        ag_tensor *x = ag_ones(1, &n);
        CHECK(ag_set_requires_grad(x, recorded == 1) == AG_OK);
        ag_get_memory_stats(&before);
        const int64_t scope = ag_scope_open();
        ag_tensor *z = ag_csr_matmul(x, &a, false, false);
        CHECK(z != NULL && ag_requires_grad(z) == (recorded == 1));
        CHECK(ag_data(z)[0] == 2.0 && ag_data(z)[1] == 8.0);
        ag_scope_close(scope);
        ag_get_memory_stats(&after);
        CHECK(after.live_tensors == before.live_tensors);
        ag_release(x);
    }
}

/* What several threads do at once with tensors they share: each result is checked by its maker. */
typedef struct shared_work {
    ag_tensor *x, *y;
    atomic_int *to_come;
    bool good;
} shared_work;

static void *work_on_shared(void *context)
{
    shared_work *work = context;
    work->good = ag_grad_enabled();
    atomic_fetch_sub(work->to_come, 1);
    while (atomic_load(work->to_come) > 0)
        continue;
    for (int i = 0; i < 50; i++) {
        ag_tensor *p = ag_mul(work->x, work->y), *s = ag_sum_all(p), *g = NULL;
        work->good &= ag_grad(1, &s, NULL, 1, &work->x, 0, &g) == AG_OK
                      && holds(g, 3, (double[]){4, 5, 6});
        ag_release(g), ag_release(s), ag_release(p);
        work->good &= ag_view(work->x, 1, (int64_t[]){7}) == NULL
                      && ag_last_status() == AG_ERR_SHAPE;
    }
    ag_set_grad_enabled(false);
    return NULL;
}

static void work_at_once(void)
{
    ag_tensor *x = leaf(3, (double[]){1, 2, 3}), *y = leaf(3, (double[]){4, 5, 6});
    pthread_t threads[4];
    atomic_int to_come = 4;
    shared_work work[4];
    ag_clear_error();
    for (int i = 0; i < 4; i++) {
        work[i] = (shared_work){x, y, &to_come, false};
        CHECK(pthread_create(&threads[i], NULL, work_on_shared, &work[i]) == 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        CHECK(work[i].good);
    }
    CHECK(ag_grad_enabled() && ag_last_status() == AG_OK);
    ag_release(x), ag_release(y);
}

/* With new leaves each time: the first backward that comes to one changes it. */
static void test_threads(void)
{
    for (int i = 0; i < 50; i++)
        work_at_once();
}

static void test_long_chain(void)
{
    ag_tensor *x = leaf(1, (double[]){1.0}), *y = ag_retain(x);
    for (int i = 0; i < 1000000; i++) {
        ag_tensor *next = ag_add_scalar(y, 1e-6);
        ag_release(y);
        y = next;
    }
    CHECK(fabs(ag_data(y)[0] - 2.0) < 1e-9);
    CHECK(ag_backward(y, NULL, AG_RETAIN_GRAPH) == AG_OK);
    CHECK(holds(ag_grad_of(x), 1, (double[]){1.0}));
    ag_release(y);
    ag_release(x);
}

int main(void)
{
    static void (*const tests[])(void) = {
        test_creation, test_random, test_ownership, test_foreign_memory,
        test_memory_that_is_asked_about, test_sites, test_gradients, test_higher_derivatives, test_several_roots, test_grad_mode, test_errors,
        test_saved_values_are_guarded, test_views, test_memory_order,
        test_writes_follow_the_tape,
        test_writes_keep_what_the_rule_needs, test_several, test_tape,
        test_every_op_has_a_row, test_comparisons, test_looking_inside, test_threads,
        test_long_chain, test_scopes_own_sparse_products,
    };
    run_tests(COUNT(tests), tests, false);
    printf("%d tests, %d failures, version %s\n", COUNT(tests), failures, ag_version());
    return failures != 0;
}
