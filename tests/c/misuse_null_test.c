/* SPDX-License-Identifier: MIT
 *
 * The public functions with NULL for every pointer, and with dtypes that there are not or that they
 * do not take. Each call must fail as the header says, with a message, and change nothing; none may
 * crash. Prints what does not hold and exits 1.
 */
#include "misuse.h"

/* ---- NULL ----------------------------------------------------------------------------------- */

static void test_null_when_creating(void)
{
    double memory[1] = {0};
    GIVES_NULL(ag_empty(1, NULL));
    GIVES_NULL(ag_full(2, NULL, 1.0));
    GIVES_NULL(ag_zeros(AG_MAX_DIMS, NULL));
    GIVES_NULL(ag_ones(1, NULL));
    GIVES_NULL(ag_rand(1, NULL, NULL));
    GIVES_NULL(ag_randn(1, NULL, NULL));
    GIVES_NULL(ag_empty_in_order(1, NULL, LIST(1)));
    GIVES_NULL(ag_empty_in_order(1, NULL, NULL));
    GIVES_NULL(ag_empty_like(NULL));
    GIVES_NULL(ag_full_like(NULL, 1.0));
    GIVES_NULL(ag_zeros_like(NULL));
    GIVES_NULL(ag_ones_like(NULL));
    GIVES_NULL(ag_rand_like(NULL, NULL));
    GIVES_NULL(ag_randn_like(NULL, NULL));
    GIVES_NULL(ag_normal_of_size(0.0, 1.0, 1, NULL, NULL));
    GIVES_NULL(ag_from_data(NULL, 0, NULL));
    GIVES_NULL(ag_from_data(NULL, 1, LIST(3)));
    GIVES_NULL(ag_from_data(memory, 1, NULL));
    GIVES_NULL(ag_from_memory(NULL, 1, LIST(3), NULL, false, NULL, NULL));
    GIVES_NULL(ag_from_memory(memory, 1, NULL, NULL, false, NULL, NULL));
    GIVES_NULL(ag_retain(NULL));
    GIVES_NULL(ag_keep(NULL));
    SETS_ERROR(ag_set_sharing_hook(free, NULL));
    ag_clear_error();
    ag_release(NULL);
    ag_node_release(NULL);
    CHECK(ag_last_status() == AG_OK);
    ag_tensor *none = ag_from_data(NULL, 1, LIST(0)), *number = ag_zeros(0, NULL);
    CHECK(ag_numel(none) == 0 && ag_numel(number) == 1);
}

/* A generator that is NULL is the process's: where one is expected nothing is refused. */
/* ---- dtypes ---------------------------------------------------------------------------------- */


static void test_null_of_dtypes(void)
{
    int64_t whole[6] = {0};
    bool truths[6] = {false};
    GIVES_CODE(AG_FLOAT64, ag_dtype_of(NULL));
    GIVES_NULL(ag_cast(NULL, AG_INT64));
    GIVES_ERROR(ag_set_dtype(NULL, AG_INT64));
    GIVES_NULL(ag_full_as(2, NULL, ag_number(1.0), AG_BOOL));
    GIVES_NULL(ag_from_int64(NULL, 0, NULL));
    GIVES_NULL(ag_from_int64(NULL, 1, LIST(3)));
    GIVES_NULL(ag_from_int64(whole, 1, NULL));
    GIVES_NULL(ag_from_bool(NULL, 0, NULL));
    GIVES_NULL(ag_from_bool(NULL, 1, LIST(3)));
    GIVES_NULL(ag_from_bool(truths, 1, NULL));
    GIVES_ERROR(ag_copy_out_int64(NULL, whole));
    GIVES_ERROR(ag_copy_out_int64(x, NULL));
    GIVES_ERROR(ag_copy_out_bool(NULL, truths));
    GIVES_ERROR(ag_copy_out_bool(x, NULL));
}

static void test_dtypes_that_there_are_not(void)
{
    static const ag_dtype none[] = {-1, 2, 4, 99, INT32_MIN, INT32_MAX};
    ag_tensor *plain = ag_ones(2, LIST(2, 3));
    for (int i = 0; i < COUNT(none); i++) {
        GIVES_NULL(ag_cast(x, none[i]));
        GIVES_CODE(AG_ERR_VALUE, ag_set_dtype(plain, none[i]));
        GIVES_NULL(ag_full_as(1, LIST(2), ag_number(1.0), none[i]));
    }
    CHECK(ag_dtype_of(plain) == AG_FLOAT64);
}

/* Numbers that are none of a dtype. */
static void test_numbers_of_other_dtypes(void)
{
    const double beyond = (double)MOST + 2.0, wrong[] = {0.5, NAN, INFINITY, -INFINITY, beyond};
    int64_t whole[2] = {0, MOST + 1};
    for (int i = 0; i < COUNT(wrong); i++) {
        const double values[] = {1.0, wrong[i]};
        ag_tensor *t = ag_from_data(values, 1, LIST(2));
        GIVES_CODE(AG_ERR_VALUE, ag_set_dtype(t, AG_INT64));
        GIVES_CODE(AG_ERR_VALUE, ag_set_dtype(t, AG_BOOL));
        CHECK(ag_dtype_of(t) == AG_FLOAT64 && ag_data(t)[0] == 1.0);
        if (i == 0)
            continue;
        GIVES_CODE(NULL, ag_cast(t, AG_INT64));
        CHECK(ag_last_status() == AG_ERR_VALUE);
        int64_t found[2] = {7, 7};
        GIVES_CODE(AG_ERR_VALUE, ag_copy_out_int64(t, found));
        CHECK(found[0] == 7 && found[1] == 7);
        GIVES_NULL(ag_full_as(1, LIST(2), ag_number(wrong[i]), AG_INT64));
        GIVES_NULL(ag_full_like(ag_cast(ag_ones(1, LIST(2)), AG_INT64), wrong[i]));
    }
    GIVES_NULL(ag_from_int64(whole, 1, LIST(2)));
    CHECK(ag_last_status() == AG_ERR_INTEGER);
    whole[1] = INT64_MIN;
    GIVES_NULL(ag_from_int64(whole, 1, LIST(2)));
    GIVES_NULL(ag_full_as(1, LIST(2), ag_integer(MOST + 1), AG_INT64));
    CHECK(ag_last_status() == AG_ERR_INTEGER);
    GIVES_NULL(ag_full_as(1, LIST(2), ag_integer(INT64_MIN), AG_INT64));
    GIVES_NULL(ag_full_as(1, LIST(2), ag_operand(y), AG_FLOAT64));
    CHECK(ag_last_status() == AG_ERR_TYPE);
    GIVES_NULL(ag_full_as(1, LIST(-1), ag_boolean(true), AG_BOOL));
    GIVES_NULL(ag_from_int64(whole, 1, LIST(-1)));
    GIVES_NULL(ag_from_bool(NULL, AG_MAX_DIMS + 1, LIST(1)));
}

/* What a dtype cannot be given to: what shares memory or requires gradients, and the other way. */
static void test_dtypes_that_must_stay(void)
{
    double memory[2] = {1.0, 0.0};
    ag_tensor *plain = ag_ones(2, LIST(2, 3)), *row = ag_select(plain, 0, 0);
    ag_tensor *over = ag_from_memory(memory, 1, LIST(2), NULL, false, NULL, NULL);
    ag_tensor *whole = ag_cast(plain, AG_INT64), *mask = ag_gt(plain, row);
    GIVES_CODE(AG_ERR_GRAD, ag_set_dtype(x, AG_INT64));
    GIVES_CODE(AG_ERR_GRAD, ag_set_dtype(product, AG_INT64));
    GIVES_CODE(AG_ERR_GRAD, ag_set_dtype(plain, AG_INT64));
    GIVES_CODE(AG_ERR_GRAD, ag_set_dtype(row, AG_INT64));
    GIVES_CODE(AG_ERR_GRAD, ag_set_dtype(over, AG_BOOL));
    GIVES_CODE(AG_ERR_GRAD, ag_set_requires_grad(whole, true));
    GIVES_CODE(AG_ERR_GRAD, ag_set_requires_grad(mask, true));
    GIVES_CODE(AG_ERR_GRAD, ag_set_data(x, whole));
    GIVES_CODE(AG_ERR_GRAD, ag_set_grad(x, whole));
    GIVES_ERROR(ag_backward(ag_sum_all(whole), NULL, 0));
    CHECK(ag_dtype_of(plain) == AG_FLOAT64 && ag_dtype_of(whole) == AG_INT64);
}

/* Ops and writes that a dtype does not have. */
static void test_ops_of_other_dtypes(void)
{
    ag_tensor *plain = ag_ones(2, LIST(2, 3)), *whole = ag_cast(plain, AG_INT64);
    ag_tensor *mask = ag_gt(plain, ag_zeros(0, NULL));
    GIVES_NULL(ag_neg(mask));
    GIVES_NULL(ag_sub(mask, mask));
    GIVES_NULL(ag_sub(whole, mask));
    GIVES_NULL(ag_pow(mask, mask));
    GIVES_NULL(ag_bitwise_and(plain, whole));
    GIVES_NULL(ag_bitwise_not(plain));
    GIVES_NULL(ag_mean_all(whole));
    GIVES_NULL(ag_where(plain, plain, plain));
    CHECK(strstr(ag_last_message(), "boolean") != NULL);
    GIVES_NULL(ag_where(whole, plain, plain));
    GIVES_CODE(AG_ERR_VALUE, ag_add_(whole, plain));
    GIVES_CODE(AG_ERR_VALUE, ag_add_(mask, whole));
    GIVES_CODE(AG_ERR_VALUE, ag_div_(whole, whole));
    GIVES_ERROR(ag_fill_(whole, NAN));
    GIVES_ERROR(ag_copy_(whole, ag_mul_scalar(plain, INFINITY)));
    const ag_arg power[] = {ag_operand(whole), ag_integer(-1)};
    const ag_arg sum[] = {ag_operand(whole), ag_integer(MOST + 1)};
    const ag_arg nonsense[] = {ag_operand(whole), {NULL, 1.0, 2}};
    GIVES_NULL(ag_apply(AG_OP_mul, 2, nonsense, NULL));
    GIVES_CODE(AG_ERR_VALUE, ag_apply_(AG_OP_mul, 2, nonsense, NULL));
    GIVES_NULL(ag_apply(AG_OP_pow, 2, power, NULL));
    GIVES_NULL(ag_apply(AG_OP_add, 2, sum, NULL));
    CHECK(ag_last_status() == AG_ERR_INTEGER);
    GIVES_ERROR(ag_apply_(AG_OP_add, 2, sum, NULL));
    CHECK(ag_tensor_version(whole) == 0 && ag_tensor_version(mask) == 0);
    CHECK(ag_data(whole)[5] == 1.0 && ag_data(mask)[5] == 1.0);
}

static void test_generators(void)
{
    const int64_t shape[] = {2, 3};
    const double bad[] = {-1.0, -INFINITY, NAN};
    uint64_t seed = 1, position = 1, after = 0;
    ag_generator *g = ag_generator_new(7);
    CHECK(g != NULL && ag_rand(2, shape, g) != NULL);
    GIVES_ERROR(ag_generator_get_state(g, NULL, &position));
    GIVES_ERROR(ag_generator_get_state(g, &seed, NULL));
    GIVES_ERROR(ag_generator_get_state(NULL, NULL, NULL));
    CHECK(seed == 1 && position == 1);
    CHECK(ag_generator_get_state(g, &seed, &position) == AG_OK && seed == 7 && position == 3);
    for (int i = 0; i < COUNT(bad); i++) {
        ag_tensor *std = ag_full(2, shape, bad[i]);
        GIVES_CODE(NULL, ag_normal(y, std, g));
        CHECK(ag_last_status() == AG_ERR_VALUE);
        GIVES_NULL(ag_normal_scalar(y, bad[i], g));
        GIVES_NULL(ag_scalar_normal(0.0, std, g));
        GIVES_NULL(ag_normal_of_size(0.0, bad[i], 2, shape, g));
        GIVES_NULL(ag_normal_of_size(0.0, bad[i], -1, NULL, NULL));
    }
    GIVES_CODE(NULL, ag_normal(y, ag_ones(1, LIST(2)), g));
    CHECK(ag_last_status() == AG_ERR_SHAPE);
    GIVES_NULL(ag_normal_of_size(0.0, 1.0, 1, LIST(-1), g));
    GIVES_NULL(ag_randn(1, LIST(BIG), g));
    GIVES_NULL(ag_gamma_log_draw(NULL, g));
    CHECK(ag_generator_get_state(g, &seed, &after) == AG_OK && after == position);
    ag_clear_error();
    ag_generator_release(ag_generator_retain(NULL));
    ag_generator_seed(NULL, 4);
    CHECK(ag_generator_initial_seed(NULL) == 4 && ag_generator_seed_anew(NULL) != 4);
    ag_generator_set_state(NULL, 4, 0);
    CHECK(ag_generator_get_state(NULL, &seed, &position) == AG_OK && ag_last_status() == AG_OK);
    CHECK(ag_generator_retain(g) == g);
    ag_generator_release(g);
    ag_generator_release(g);
}

static void test_null_when_reading(void)
{
    double value;
    int ndim;
    int64_t shape[AG_MAX_DIMS];
    GIVES_MINUS_ONE(ag_ndim(NULL));
    GIVES_NULL(ag_shape(NULL));
    GIVES_NULL(ag_strides(NULL));
    GIVES_MINUS_ONE(ag_numel(NULL));
    GIVES_FALSE(ag_is_contiguous(NULL));
    GIVES_NULL(ag_data(NULL));
    GIVES_ERROR(ag_item(NULL, &value));
    GIVES_ERROR(ag_item(x, NULL));
    GIVES_ERROR(ag_copy_out(NULL, &value));
    GIVES_ERROR(ag_copy_out(x, NULL));
    GIVES_FALSE(ag_tensor_version(NULL));
    SETS_ERROR(ag_bump_version(NULL));
    GIVES_MINUS_ONE(ag_storage_offset(NULL));
    GIVES_FALSE(ag_shares_storage(NULL, x));
    GIVES_FALSE(ag_shares_storage(x, NULL));
    GIVES_FALSE(ag_shares_storage(NULL, NULL));
    GIVES_NULL(ag_storage_of(NULL));
    SETS_ERROR(ag_mark_exported(NULL));
    GIVES_FALSE(ag_is_read_only(NULL));
    GIVES_ERROR(ag_broadcast(NULL, y, &ndim, shape));
    GIVES_ERROR(ag_broadcast(x, NULL, &ndim, shape));
    GIVES_ERROR(ag_broadcast(x, y, NULL, shape));
    GIVES_ERROR(ag_broadcast(x, y, &ndim, NULL));
    GIVES_NULL(ag_wrapper(NULL));
    SETS_ERROR(ag_set_wrapper(NULL, &value));
}

static void test_optimisers(void)
{
    ag_optim how = ag_optim_defaults(AG_OPTIM_ADAM), none = how;
    ag_tensor *missing = NULL, *state[3] = {NULL};
    none.kind = AG_OPTIM_COUNT;
    SETS_ERROR(ag_optim_defaults(AG_OPTIM_COUNT));
    GIVES_MINUS_ONE(ag_optim_states(NULL));
    GIVES_MINUS_ONE(ag_optim_states(&none));
    GIVES_NULL(ag_optim_state_name(NULL, 0));
    GIVES_NULL(ag_optim_state_name(&none, 0));
    GIVES_NULL(ag_optim_state_name(&how, -1));
    GIVES_NULL(ag_optim_state_name(&how, 3));
    GIVES_ERROR(ag_optim_step(NULL, 1, &x, state));
    GIVES_CODE(AG_ERR_VALUE, ag_optim_step(&none, 1, &x, state));
    GIVES_CODE(AG_ERR_VALUE, ag_optim_step(&how, -1, &x, state));
    GIVES_ERROR(ag_optim_step(&how, 1, NULL, state));
    GIVES_ERROR(ag_optim_step(&how, 1, &missing, state));
    GIVES_ERROR(ag_optim_step(&how, 1, &x, NULL));
}

static void test_null_in_sparse(void)
{
    const double values[1] = {2.0};
    const int32_t starts[2] = {0, 1}, columns[1] = {0}, outside[1] = {7};
    const ag_csr good = {1, 1, 1, values, starts, columns, 4};
    ag_csr bad[5] = {good, good, good, good, good};
    bad[0].rows = -1;
    bad[1].values = NULL;
    bad[2].starts = NULL;
    bad[3].columns = outside;
    bad[4].index_bytes = 3;
    ag_tensor *one = ag_ones(1, (const int64_t[]){1});
    GIVES_NULL(ag_csr_matmul(NULL, &good, false, false));
    GIVES_NULL(ag_csr_matmul(one, NULL, false, false));
    for (int k = 0; k < 5; k++)
        GIVES_NULL(ag_csr_matmul(one, &bad[k], false, false));
}

static void test_null_in_autograd(void)
{
    ag_tensor *null = NULL, *result = x;
    GIVES_FALSE(ag_requires_grad(NULL));
    GIVES_ERROR(ag_set_requires_grad(NULL, true));
    GIVES_FALSE(ag_is_leaf(NULL));
    GIVES_FALSE(ag_is_view(NULL));
    GIVES_NULL(ag_grad_of(NULL));
    GIVES_ERROR(ag_set_grad(NULL, NULL));
    GIVES_ERROR(ag_set_grad(NULL, x));
    GIVES_ERROR(ag_retain_grad(NULL));
    GIVES_FALSE(ag_retains_grad(NULL));
    GIVES_NULL(ag_detach(NULL));
    GIVES_ERROR(ag_detach_(NULL));
    GIVES_NULL(ag_data_of(NULL));
    GIVES_ERROR(ag_set_data(NULL, x));
    GIVES_ERROR(ag_set_data(x, NULL));
    GIVES_ERROR(ag_backward(NULL, NULL, 0));
    GIVES_ERROR(ag_backward(NULL, x, 0));
    GIVES_ERROR(ag_backward_many(1, NULL, NULL, 0, NULL, 0));
    test_optimisers();
    GIVES_ERROR(ag_backward_many(1, &null, NULL, 0, NULL, 0));
    GIVES_ERROR(ag_backward_many(1, &product, &x, 1, NULL, 0));
    GIVES_ERROR(ag_backward_many(1, &product, &x, 1, &null, 0));
    GIVES_ERROR(ag_grad(1, NULL, NULL, 1, &x, 0, &result));
    CHECK(result == NULL);
    GIVES_ERROR(ag_grad(1, &null, NULL, 1, &x, 0, &result));
    GIVES_ERROR(ag_grad(1, &product, &y, 1, NULL, 0, &result));
    GIVES_ERROR(ag_grad(1, &product, &y, 1, &null, 0, &result));
    GIVES_ERROR(ag_grad(1, &product, &y, 1, &x, 0, NULL));
    GIVES_NULL(ag_node_of(NULL));
    GIVES_NULL(ag_node_retain(NULL));
}

static int site_text(uint32_t site, char *text, size_t size)
{
    return snprintf(text, size, "%u", site);
}

static int visit_nothing(ag_hook *hook, void *context, void *argument)
{
    (void)hook;
    (void)context;
    (void)argument;
    return 0;
}

static void test_null_of_saving(ag_tensor *y)
{
    int ndim;
    ag_dtype dtype;
    const ag_saved_hooks none = {.pack = NULL};
    const ag_checkpoint_hooks nothing = {.again = NULL};
    GIVES_ERROR(ag_push_saved_hooks(NULL, NULL));
    GIVES_ERROR(ag_push_saved_hooks(&none, NULL));
    GIVES_CODE(AG_ERR_VALUE, ag_pop_saved_hooks());
    GIVES_MINUS_ONE(ag_visit_owned_packed(NULL, NULL, NULL));
    GIVES_MINUS_ONE(ag_visit_owned_packed(y, NULL, NULL));
    SETS_ERROR(ag_drop_owned_packed(NULL));
    GIVES_MINUS_ONE(ag_visit_owned_node_packed(NULL, y, NULL, NULL));
    SETS_ERROR(ag_drop_owned_node_packed(NULL, y));
    GIVES_NULL(ag_checkpoint_new(NULL, NULL, 0));
    GIVES_NULL(ag_checkpoint_new(&nothing, NULL, 0));
    GIVES_ERROR(ag_checkpoint_begin(NULL));
    GIVES_ERROR(ag_checkpoint_end(NULL, true));
    GIVES_MINUS_ONE(ag_checkpoint_count(NULL));
    GIVES_NULL(ag_checkpoint_shape(NULL, 0, &ndim, &dtype));
    GIVES_FALSE(ag_is_inference(NULL));
    ag_clear_error();
    ag_checkpoint_release(NULL);  /* no mistake */
    CHECK(!ag_has_saved_hooks() && !ag_backward_is_whole());
    CHECK(!ag_inference_mode() && !ag_set_inference_mode(false) && ag_last_status() == AG_OK);
}

static void test_null_of_profiles(void)
{
    char text[8] = "";
    ag_region region;
    CHECK(!ag_region_begin(&region));
    GIVES_MINUS_ONE(ag_profile_count(NULL));
    GIVES_CODE(AG_ERR_TYPE, ag_profile_event(NULL, 0, NULL));
    GIVES_CODE(AG_ERR_TYPE, ag_profile_time(NULL, NULL, NULL));
    GIVES_FALSE(ag_region_begin(NULL));
    GIVES_CODE(AG_ERR_TYPE, ag_region_end(NULL, AG_EVENT_REGION, text));
    GIVES_CODE(AG_ERR_TYPE, ag_region_end(&region, AG_EVENT_REGION, NULL));
    GIVES_CODE(AG_ERR_VALUE, ag_region_end(&region, AG_EVENT_OP, text));
    GIVES_NULL(ag_profile_stop());
    ag_profile_free(NULL);
}

static void test_null_when_looking(void)
{
    char text[8];
    ag_node *node = ag_node_of(product);
    ag_tensor *parts[2];
    GIVES_MINUS_ONE(ag_node_name(NULL, text, sizeof text));
    GIVES_MINUS_ONE(ag_node_name(node, NULL, 5));
    GIVES_MINUS_ONE(ag_node_input_count(NULL));
    GIVES_ERROR(ag_node_input(NULL, 0, NULL, NULL));
    GIVES_ERROR(ag_node_call(NULL, 1, &y, parts));
    GIVES_ERROR(ag_node_call(node, 1, NULL, parts));
    GIVES_ERROR(ag_node_call(node, 1, (ag_tensor *[]){NULL}, parts));
    GIVES_ERROR(ag_node_call(node, 1, &y, NULL));
    GIVES_CODE(AG_ERR_VALUE, ag_node_call(node, 2, &y, parts));
    GIVES_CODE(AG_ERR_VALUE, ag_node_call(node, -1, &y, parts));
    GIVES_MINUS_ONE(ag_node_output_count(NULL));
    int ndim;
    int64_t shape[AG_MAX_DIMS];
    const void *memory;
    GIVES_ERROR(ag_node_input_shape(NULL, 0, &ndim, shape));
    GIVES_ERROR(ag_node_input_shape(node, 0, NULL, shape));
    GIVES_ERROR(ag_node_input_shape(node, 0, &ndim, NULL));
    GIVES_CODE(AG_ERR_INDEX, ag_node_input_shape(node, 2, &ndim, shape));
    GIVES_MINUS_ONE(ag_node_kept(NULL, 0, &memory));
    GIVES_MINUS_ONE(ag_node_kept(node, 0, NULL));
    SETS_ERROR(ag_memory_of(NULL));
    GIVES_NULL(ag_register_hook(NULL, NULL, NULL, NULL));
    GIVES_NULL(ag_register_hook(y, NULL, NULL, NULL));
    GIVES_NULL(ag_register_post_accumulate_grad_hook(NULL, NULL, NULL, NULL));
    GIVES_NULL(ag_register_post_accumulate_grad_hook(y, NULL, NULL, NULL));
    GIVES_NULL(ag_node_register_prehook(node, NULL, NULL, NULL, NULL));
    GIVES_NULL(ag_node_register_hook(node, NULL, NULL, NULL, NULL));
    GIVES_MINUS_ONE(ag_visit_hooks(NULL, NULL, NULL));
    GIVES_MINUS_ONE(ag_visit_hooks(y, NULL, NULL));
    GIVES_MINUS_ONE(ag_visit_owned_hooks(NULL, NULL, NULL));
    GIVES_MINUS_ONE(ag_visit_owned_hooks(y, NULL, NULL));
    GIVES_MINUS_ONE(ag_visit_owned_node_hooks(NULL, NULL, NULL, NULL, NULL));
    GIVES_MINUS_ONE(ag_visit_owned_node_hooks(node, NULL, NULL, NULL, NULL));
    GIVES_MINUS_ONE(ag_visit_owned_node_hooks(NULL, NULL, NULL, visit_nothing, NULL));
    GIVES_MINUS_ONE(ag_visit_owned_node_hooks(node, y, NULL, visit_nothing, NULL));
    SETS_ERROR(ag_has_had_hooks(NULL));
    SETS_ERROR(ag_hook_id(NULL));
    const ag_function nameless = {.name = NULL}, ruleless = {.name = "None"};
    GIVES_ERROR(ag_record_function(NULL, 1, &x, 1, &y));
    GIVES_ERROR(ag_record_function(&nameless, 1, &x, 1, &y));
    GIVES_CODE(AG_ERR_TYPE, ag_record_function(&ruleless, 1, &x, 1, &y));
    GIVES_ERROR(ag_record_function(&ruleless, 1, &x, 1, NULL));
    GIVES_ERROR(ag_record_function(&ruleless, 1, (ag_tensor *[]){NULL}, 1, &y));
    GIVES_NULL(ag_node_function(NULL, NULL));
    test_null_of_saving(y);
    GIVES_NULL(ag_save_tensor(NULL, -1));
    GIVES_NULL(ag_saved_tensor(NULL, node));
    ag_saved_release(NULL);
    SETS_ERROR(ag_hook_kind_of(NULL));
    GIVES_NULL(ag_hook_retain(NULL));
    GIVES_MINUS_ONE(ag_backward_numbers(1, NULL));
    CHECK(ag_backward_numbers(0, NULL) == 0);
    SETS_ERROR(ag_hook_is_due(NULL));
    SETS_ERROR(ag_node_number(NULL));
    GIVES_NULL(ag_edge_of(NULL));
    GIVES_NULL(ag_node_edge(NULL, 0, 0, NULL));
    GIVES_NULL(ag_node_edge(node, 1, 0, NULL));
    GIVES_NULL(ag_node_edge(node, -1, 0, NULL));
    GIVES_NULL(ag_node_edge(node, 0, 1, NULL));
    GIVES_NULL(ag_node_edge(node, 0, -1, NULL));
    ag_hook_remove(NULL);  /* no mistakes: they do nothing */
    ag_hook_release(NULL);
    GIVES_NULL(ag_node_saved(NULL, 0));
    GIVES_NULL(ag_node_saved(node, 4));
    GIVES_NULL(ag_node_saved(node, -1));
    const ag_saved_hooks *hooks;
    void *context;
    double number;
    GIVES_ERROR(ag_node_pack(NULL, 0));
    GIVES_ERROR(ag_node_pack(node, 4));
    GIVES_NULL(ag_node_packed(NULL, 0, &hooks, &context));
    GIVES_NULL(ag_node_packed(node, 0, NULL, &context));
    GIVES_NULL(ag_node_packed(node, 0, &hooks, NULL));
    GIVES_ERROR(ag_node_number_kept(NULL, 0, &number));
    GIVES_ERROR(ag_node_number_kept(node, 0, NULL));
    GIVES_ERROR(ag_node_number_kept(node, 3, &number));
    GIVES_ERROR(ag_saved_pack(NULL, node));
    GIVES_NULL(ag_saved_packed(NULL, &hooks, &context));
    GIVES_CODE(AG_ERR_FREED, ag_fail_freed());
    GIVES_MINUS_ONE(ag_visit_saved_packed(1, NULL, NULL, NULL));
    GIVES_MINUS_ONE(ag_node_input_output(NULL, 0));
    GIVES_MINUS_ONE(ag_node_input_output(node, 2));
    GIVES_MINUS_ONE(ag_output_number(NULL));
    GIVES_CODE(AG_ERR_INDEX, ag_node_input(node, 2, NULL, NULL));
    GIVES_CODE(AG_ERR_INDEX, ag_node_input(node, -1, NULL, NULL));
    GIVES_MINUS_ONE(ag_show_config(NULL, 10));
    GIVES_MINUS_ONE(ag_explain(NULL, text, sizeof text));
    GIVES_MINUS_ONE(ag_explain(x, NULL, 10));
    SETS_ERROR(ag_get_memory_stats(NULL));
    SETS_ERROR(ag_set_blocking_hooks(NULL, free));
    SETS_ERROR(ag_set_site_hooks(NULL, site_text));
    GIVES_MINUS_ONE(ag_site_text(1, NULL, 10));
    GIVES_MINUS_ONE(ag_node_stack(NULL, 0, NULL));
    GIVES_MINUS_ONE(ag_node_stack(node, 1, NULL));
    GIVES_NULL(ag_node_parent(NULL));
    GIVES_NULL(ag_node_context(NULL));
    GIVES_CODE(AG_ERR_TYPE, ag_node_set_context(NULL, text, NULL));
    test_null_of_profiles();
    CHECK(ag_node_site(node) == 0 && ag_node_site(NULL) == 0);
    ag_clear_error();
    ag_set_interrupt_hook(NULL);  /* none: allowed */
    ag_set_stack_hook(NULL);
    ag_set_anomaly_hook(NULL);
    CHECK(ag_node_name(node, NULL, 0) == 12 && ag_show_config(NULL, 0) > 0);
    CHECK(ag_explain(x, NULL, 0) > 0 && ag_node_input(node, 1, NULL, NULL) == AG_OK);
    CHECK(ag_last_status() == AG_OK);
    ag_node_release(node);
}

#define NULL_UNARY(name) GIVES_NULL(ag_##name(NULL));
#define NULL_BINARY(name) \
    GIVES_NULL(ag_##name(NULL, y)); \
    GIVES_NULL(ag_##name(x, NULL)); \
    GIVES_NULL(ag_##name(NULL, NULL)); \
    GIVES_NULL(ag_##name##_scalar(NULL, 1.0)); \
    GIVES_NULL(ag_scalar_##name(1.0, NULL));
#define NULL_PAIR NULL_BINARY
#define NULL_MASK NULL_BINARY
#define NULL_TERNARY(name) \
    GIVES_NULL(ag_##name(NULL, y, y)); \
    GIVES_NULL(ag_##name(y, NULL, y)); \
    GIVES_NULL(ag_##name(y, y, NULL));
#define NULL_INNER1(name)
#define NULL_INNER(name)
#define NULL_INNER3(name)
#define NULL_UNARY_ATTR(name)
#define NULL_TERNARY_ATTR(name)
#define NULL_REDUCE(name)
#define NULL_VIEW(name)
#define NULL_MAKE(name)
#define NULL_EDIT(name)
#define NULL_FORMULA(name)
#define NULL_JOIN(name)
#define NULL_REDUCES(name)
#define NULL_VIEWS(name)
#define NULL_FORMULAS(name)

static void test_null_of_elementwise_ops(void)
{
#define OP(name, arity, KIND, dtypes, saves, GRAD, label, doc) NULL_##KIND(name)
#include <ops.def>
}

/* Every function that has a row, given NULL as its first argument, and where it has a list, also
 * one of which there are to be two numbers and none. What a number of its own would be is right. */
#define BAD_TENSOR NULL
#define BAD_TENSORS 2, NULL
#define BAD_OPERAND ag_operand(misfit)
#define BAD_EACH 2, NULL
#define BAD_INTS 2, NULL
#define BAD_SIZES 2, NULL
#define BAD_PLACES 2, NULL
#define BAD_NUMBER NAN
#define BAD_VALUE NAN
#define BAD_INT -1
#define NEXT_GOOD_TENSOR , y
#define NEXT_GOOD_OPERAND , ag_operand(y)
#define NEXT_GOOD_SCALAR , ag_number(1.0)
#define NEXT_GOOD_NUMBER , 1.0
#define NEXT_GOOD_VALUE , 1.0
#define NEXT_GOOD_INT , 1
#define NEXT_GOOD_WHOLE , 1
#define NEXT_GOOD_DIM , 0
#define NEXT_GOOD_FLAG , false
#define NEXT_GOOD_CHOICE , 0
#define NEXT_GOOD_DIMS , -1, NULL
#define NEXT_GOOD_SIZES , 1, LIST(6)
#define NEXT_GOOD_INTS NEXT_GOOD_SIZES
#define NEXT_GOOD_INT_OR_INTS , -1, LIST(1)
#define NEXT_GOOD_GENERATOR , NULL
#define NEXT_GOOD_MAYBE , NULL
#define NEXT_GOOD_REDUCTION , 1
#define NEXT_GOOD_AVERAGE
#define NEXT_GOOD_DRIVER
#define NEXT_GOOD_REDUCE
#define NEXT_GOOD_INPLACE
#define NEXT_GOOD_DTYPE
#define NEXT_GOOD_REAL
#define NEXT_GOOD_DEVICE
#define NEXT_GOOD_GRAD
#define NEXT_GOOD_INTO
#define BAD(of, KIND, name, default) BAD_##KIND
#define NEXT_GOOD(of, KIND, name, default) NEXT_GOOD_##KIND
#define BAD_FIRST(parameters) AG_EACH(BAD, NEXT_GOOD, , parameters)
#define GOOD_TENSOR x
#define GOOD_TENSORS 0, NULL
#define GOOD_EACH -1, NULL
#define GOOD_OPERAND ag_operand(x)
#define GOOD_SIZES 2, NULL
#define GOOD_PLACES 2, NULL
#define GOOD_NUMBER 0.0
#define GOOD_VALUE 0.0
#define GOOD_INT -1
#define GOOD(of, KIND, name, default) GOOD_##KIND
#define NEXT_BAD_LIST , 2, NULL
#define NEXT_BAD_TENSOR , NULL
#define NEXT_BAD_OPERAND NEXT_GOOD_OPERAND
#define NEXT_BAD_SCALAR NEXT_GOOD_SCALAR
#define NEXT_BAD_NUMBER , NAN
#define NEXT_BAD_VALUE NEXT_GOOD_VALUE
#define NEXT_BAD_INT , -1
#define NEXT_BAD_WHOLE NEXT_GOOD_WHOLE
#define NEXT_BAD_DIM , 7
#define NEXT_BAD_FLAG NEXT_GOOD_FLAG
#define NEXT_BAD_CHOICE , 99
#define NEXT_BAD_DIMS NEXT_BAD_LIST
#define NEXT_BAD_SIZES NEXT_BAD_LIST
#define NEXT_BAD_INTS NEXT_BAD_LIST
#define NEXT_BAD_INT_OR_INTS NEXT_BAD_LIST
#define NEXT_BAD_GENERATOR NEXT_GOOD_GENERATOR
#define NEXT_BAD_MAYBE NEXT_GOOD_MAYBE
#define NEXT_BAD_REDUCTION , 99
#define NEXT_BAD_AVERAGE
#define NEXT_BAD_DRIVER
#define NEXT_BAD_REDUCE
#define NEXT_BAD_INPLACE
#define NEXT_BAD_DTYPE
#define NEXT_BAD_REAL
#define NEXT_BAD_DEVICE
#define NEXT_BAD_GRAD
#define NEXT_BAD_INTO
#define NEXT_BAD(of, KIND, name, default) NEXT_BAD_##KIND

#define REFUSES_TENSOR(cname, parameters) GIVES_NULL(ag_##cname(BAD_FIRST(parameters)));
#define REFUSES_SELF REFUSES_TENSOR
#define REFUSES_MADE(cname, parameters) \
    GIVES_NULL(ag_##cname(AG_EACH(BAD, NEXT_BAD, , parameters)));
#define REFUSES_LIKE REFUSES_TENSOR
#define REFUSES_ITSELF(cname, parameters) GIVES_ERROR(ag_##cname(BAD_FIRST(parameters)));
#define REFUSES_PAIR_OF(cname, parameters) \
    GIVES_ERROR(ag_##cname(BAD_FIRST(parameters), outs)); \
    if (strcmp(#cname, "qr") != 0)  /* beside its matrix that takes a flag alone: none is bad */ \
        GIVES_ERROR(ag_##cname(AG_EACH(GOOD, NEXT_BAD, , parameters), outs)); \
    GIVES_ERROR(ag_##cname(AG_EACH(GOOD, NEXT_GOOD, , parameters), NULL));
#define REFUSES_TRUTH(cname, parameters) \
    GIVES_ERROR(ag_##cname(BAD_FIRST(parameters), &truth)); \
    GIVES_ERROR(ag_##cname(AG_EACH(GOOD, NEXT_BAD, , parameters), &truth)); \
    GIVES_ERROR(ag_##cname(AG_EACH(GOOD, NEXT_GOOD, , parameters), NULL));
#define REFUSES_NAMED(...) REFUSES_PAIR_OF
#define REFUSES_LIST(cname, parameters) \
    GIVES_MINUS_ONE(ag_##cname##_count(BAD_FIRST(parameters))); \
    GIVES_MINUS_ONE(ag_##cname##_count(AG_EACH(GOOD, NEXT_BAD, , parameters))); \
    GIVES_ERROR(ag_##cname(BAD_FIRST(parameters), 2, outs)); \
    GIVES_ERROR(ag_##cname(AG_EACH(GOOD, NEXT_BAD, , parameters), 2, outs)); \
    GIVES_ERROR(ag_##cname(AG_EACH(GOOD, NEXT_GOOD, , parameters), 2, NULL)); \
    GIVES_ERROR(ag_##cname(AG_EACH(GOOD, NEXT_GOOD, , parameters), 99, outs));
#define REFUSES_IN_PLACE_BOTH(cname, parameters)
#define REFUSES_IN_PLACE_FUNCTION REFUSES_IN_PLACE_BOTH
#define REFUSES_IN_PLACE_METHOD REFUSES_IN_PLACE_BOTH
#define REFUSES_IN_PLACE_PART REFUSES_IN_PLACE_BOTH
#define REFUSES_IN_PLACE_FUNCTIONAL REFUSES_IN_PLACE_BOTH
#define REFUSES_IN_PLACE_SPECIAL REFUSES_IN_PLACE_BOTH
#define REFUSES_IN_PLACE_LINALG REFUSES_IN_PLACE_BOTH
#define REFUSES_IN_PLACE_BOTH_IN_PLACE(cname, parameters) \
    GIVES_ERROR(ag_##cname##_(BAD_FIRST(parameters)));
#define REFUSES_IN_PLACE_METHOD_IN_PLACE REFUSES_IN_PLACE_BOTH_IN_PLACE
#define REFUSES_IN_PLACE_FUNCTIONAL_IN_PLACE REFUSES_IN_PLACE_BOTH_IN_PLACE
#define REFUSES_OP(cname, FORMS, RESULT, parameters) \
    REFUSES_##RESULT(cname, parameters) REFUSES_IN_PLACE_##FORMS(cname, parameters)
#define REFUSES_OWN(cname, FORMS, RESULT, parameters) \
    REFUSES_##RESULT(cname, parameters) REFUSES_IN_PLACE_##FORMS(cname, parameters)
#define REFUSES_C(cname, FORMS, RESULT, parameters) \
    GIVES_NULL(ag_##cname(AG_EACH(GOOD, NEXT_BAD, , parameters))); \
    REFUSES_IN_PLACE_##FORMS(cname, parameters)
#define REFUSES_CHECKED_OP REFUSES_OP
#define REFUSES_CHECKED_OWN REFUSES_OWN
#define REFUSES_DONE(cname, FORMS, RESULT, parameters)
#define REFUSES_CHECKED_DONE REFUSES_DONE
#define REFUSES_PYTHON REFUSES_DONE
#define REFUSES_PAIR REFUSES_DONE

static void test_null_of_functions_with_a_row(void)
{
    ag_tensor *outs[8];
    bool truth;
#define CALL(name, cname, FORMS, BODY, RESULT, parameters, doc, example) \
    REFUSES_##BODY(cname, FORMS, RESULT, parameters)
#include <ops.def>
}

static void test_null_of_other_ops(void)
{
    GIVES_NULL(ag_sum(NULL, 0, NULL, false));
    GIVES_NULL(ag_sum(x, 2, NULL, false));
    GIVES_NULL(ag_mean(NULL, -1, NULL, false));
    GIVES_NULL(ag_mean(x, 1, NULL, false));
    GIVES_NULL(ag_amax(NULL, -1, NULL, false));
    GIVES_NULL(ag_amax(x, 1, NULL, false));
    GIVES_NULL(ag_amin(NULL, 0, NULL, true));
    GIVES_NULL(ag_amin(x, 2, NULL, false));
    GIVES_NULL(ag_sum_all(NULL));
    GIVES_NULL(ag_mean_all(NULL));
    GIVES_NULL(ag_view(NULL, 1, LIST(6)));
    GIVES_NULL(ag_view(x, 1, NULL));
    GIVES_NULL(ag_reshape(NULL, 1, LIST(6)));
    GIVES_NULL(ag_reshape(x, 2, NULL));
    GIVES_NULL(ag_flatten(NULL, 0, -1));
    GIVES_NULL(ag_transpose(NULL, 0, 1));
    GIVES_NULL(ag_permute(NULL, 2, LIST(0, 1)));
    GIVES_NULL(ag_permute(x, 2, NULL));
    GIVES_NULL(ag_t(NULL));
    GIVES_NULL(ag_expand(NULL, 2, LIST(2, 3)));
    GIVES_NULL(ag_expand(x, 2, NULL));
    GIVES_NULL(ag_squeeze(NULL, -1, NULL));
    GIVES_NULL(ag_squeeze(x, 1, NULL));
    GIVES_NULL(ag_unsqueeze(NULL, 0));
    GIVES_NULL(ag_select(NULL, 0, 0));
    GIVES_NULL(ag_slice(NULL, 0, 0, 1, 1));
    GIVES_NULL(ag_as_strided(NULL, 1, LIST(1), LIST(1), 0));
    GIVES_NULL(ag_as_strided(x, 1, NULL, LIST(1), 0));
    GIVES_NULL(ag_as_strided(x, 1, LIST(1), NULL, 0));
    GIVES_NULL(ag_clone(NULL));
    GIVES_NULL(ag_contiguous(NULL));
}

#define NULL_IN_PLACE(name) \
    GIVES_ERROR(ag_##name##_(NULL, y)); \
    GIVES_ERROR(ag_##name##_(y, NULL)); \
    GIVES_ERROR(ag_##name##_(NULL, NULL));

static void test_null_of_writes(void)
{
    NULL_IN_PLACE(add)
    NULL_IN_PLACE(sub)
    NULL_IN_PLACE(mul)
    NULL_IN_PLACE(div)
    NULL_IN_PLACE(pow)
    NULL_IN_PLACE(copy)
    GIVES_ERROR(ag_fill_(NULL, 1.0));
    GIVES_ERROR(ag_zero_(NULL));
}

/* A message says which function was given NULL, unless an earlier failure explains it. */
static void test_which_reason_is_given(void)
{
    char first[256];
    double value;
    ag_clear_error();
    CHECK(ag_mul(NULL, y) == NULL && ag_last_status() == AG_ERR_TYPE);
    CHECK(strcmp(ag_last_message(), "mul: expected a tensor, got NULL") == 0);
    ag_clear_error();
    CHECK(ag_add_(NULL, x) == AG_ERR_TYPE);
    CHECK(strcmp(ag_last_message(), "add_: expected a tensor, got NULL") == 0);

    ag_tensor *failed = ag_view(x, 1, LIST(7));
    CHECK(failed == NULL && ag_last_status() == AG_ERR_SHAPE);
    snprintf(first, sizeof first, "%s", ag_last_message());
    CHECK(ag_sum_all(ag_exp(ag_mul(failed, y))) == NULL && ag_item(failed, &value) == AG_ERR_SHAPE);
    CHECK(ag_zeros(ag_ndim(failed), ag_shape(failed)) == NULL);
    CHECK(ag_backward(failed, NULL, 0) == AG_ERR_SHAPE && ag_add_(x, failed) == AG_ERR_SHAPE);
    CHECK(strcmp(first, ag_last_message()) == 0);

    ag_clear_error();
    CHECK(ag_last_status() == AG_OK && ag_last_message()[0] == '\0');
    CHECK(ag_exp(failed) == NULL && strcmp(ag_last_message(), first) != 0);
}

/* ---- all ------------------------------------------------------------------------------------ */

int main(void)
{
    static const misuse tests[] = {
        MISUSE(null_when_creating), MISUSE(generators), MISUSE(null_of_dtypes),
        MISUSE(dtypes_that_there_are_not), MISUSE(numbers_of_other_dtypes),
        MISUSE(dtypes_that_must_stay), MISUSE(ops_of_other_dtypes), MISUSE(null_when_reading),
        MISUSE(null_in_sparse), MISUSE(null_in_autograd), MISUSE(null_when_looking),
        MISUSE(null_of_elementwise_ops), MISUSE(null_of_functions_with_a_row),
        MISUSE(null_of_other_ops), MISUSE(null_of_writes), MISUSE(which_reason_is_given),
    };
    return run_misuses(COUNT(tests), tests);
}
