/* SPDX-License-Identifier: MIT
 *
 * Hooks on saved values from C: what they pack is unpacked and given back, each once.
 */
#include <pyautograd.h>

#include <stdlib.h>

#include "check.h"

static int packs, unpacks, drops, releases;

static ag_status pack_number(void *context, ag_tensor *value, void **packed)
{
    double *kept = malloc(sizeof *kept);
    CHECK(context == &packs && ag_numel(value) == 1 && !ag_grad_enabled());
    packs++;
    *kept = ag_data(value)[0];
    *packed = kept;
    return AG_OK;
}

static ag_status unpack_number(void *context, void *packed, ag_tensor *kept, ag_tensor **value)
{
    const int64_t shape[] = {1};
    CHECK(context == &packs && kept == NULL);
    unpacks++;
    *value = ag_full(1, shape, *(double *)packed);
    return AG_OK;
}

static void drop(void *context, void *packed)
{
    CHECK(context == &packs);
    drops++;
    free(packed);
}

static void on_release(void *context)
{
    (void)context;
    releases++;
}

static const ag_saved_hooks numbers = {pack_number, unpack_number, drop, on_release};

static ag_status leave(void *context, ag_tensor *value, void **packed)
{
    (void)context;
    (void)value;
    (void)packed;
    packs++;
    return AG_OK;
}

static ag_status twice_what_is_kept(void *context, void *packed, ag_tensor *kept, ag_tensor **value)
{
    (void)context;
    CHECK(packed == NULL && kept != NULL);
    *value = ag_mul_scalar(kept, 2.0);
    return AG_OK;
}

static const ag_saved_hooks kept_ones = {leave, twice_what_is_kept, NULL, NULL};

static ag_status refuse_to_pack(void *context, ag_tensor *value, void **packed)
{
    (void)context;
    (void)value;
    (void)packed;
    return AG_ERR_VALUE;
}

static ag_status give_nothing(void *context, void *packed, ag_tensor *kept, ag_tensor **value)
{
    (void)context;
    (void)packed;
    (void)kept;
    (void)value;
    return AG_OK;
}

static ag_status give_other_shape(void *context, void *packed, ag_tensor *kept, ag_tensor **value)
{
    const int64_t shape[] = {7};
    (void)context;
    (void)packed;
    (void)kept;
    *value = ag_ones(1, shape);
    return AG_OK;
}

static ag_tensor *leaf_of(double value)
{
    const int64_t shape[] = {1};
    ag_tensor *x = ag_full(1, shape, value);
    ag_set_requires_grad(x, true);
    return x;
}

static void test_numbers(void)
{
    packs = unpacks = drops = releases = 0;
    ag_tensor *x = leaf_of(3.0);
    CHECK(!ag_has_saved_hooks() && ag_push_saved_hooks(&numbers, &packs) == AG_OK);
    CHECK(ag_has_saved_hooks());
    ag_tensor *y = ag_mul(x, x), *z = ag_exp(y);
    CHECK(ag_pop_saved_hooks() == AG_OK && !ag_has_saved_hooks());
    CHECK(packs == 3 && unpacks == 0 && releases == 0);
    CHECK(ag_backward(z, NULL, AG_RETAIN_GRAPH) == AG_OK && unpacks == 3 && drops == 0);
    const double first = ag_data(ag_grad_of(x))[0];
    CHECK(ag_backward(z, NULL, 0) == AG_OK && unpacks == 6 && drops == 3 && releases == 1);
    CHECK(ag_data(ag_grad_of(x))[0] == 2 * first);
    CHECK(ag_backward(z, NULL, 0) == AG_ERR_FREED);
    ag_release(z);
    ag_release(y);
    ag_release(x);
}

static void test_kept(void)
{
    packs = 0;
    ag_tensor *x = leaf_of(3.0);
    CHECK(ag_push_saved_hooks(&numbers, &packs) == AG_OK);
    CHECK(ag_push_saved_hooks(&kept_ones, NULL) == AG_OK);
    ag_tensor *y = ag_mul(x, x);
    CHECK(ag_pop_saved_hooks() == AG_OK && ag_pop_saved_hooks() == AG_OK && packs == 2);
    CHECK(ag_backward(y, NULL, 0) == AG_OK && ag_data(ag_grad_of(x))[0] == 12.0);
    ag_release(y);
    ag_release(x);
}

static int count_visits(const ag_saved_hooks *hooks, void *context, void *packed, void *argument)
{
    int *visits = argument;
    /* The two values are all that keep the pair: its context comes with the first. */
    CHECK(hooks->drop == drop && packed != NULL);
    CHECK(context == (*visits == 0 ? &packs : NULL));
    ++*visits;
    return 0;
}

static void test_owned(void)
{
    int visits = 0;
    drops = 0;
    ag_tensor *x = leaf_of(3.0);
    CHECK(ag_push_saved_hooks(&numbers, &packs) == AG_OK);
    ag_tensor *y = ag_mul(x, x);
    CHECK(ag_pop_saved_hooks() == AG_OK);
    ag_node *node = ag_node_of(y);
    CHECK(ag_visit_owned_packed(y, count_visits, &visits) == 0 && visits == 0);
    ag_node_release(node);
    CHECK(ag_visit_owned_packed(y, count_visits, &visits) == 0 && visits == 2);
    ag_drop_owned_packed(y);
    CHECK(drops == 2 && ag_backward(y, NULL, 0) == AG_ERR_FREED);
    ag_release(y);
    ag_release(x);
}

/* Of a leaf, of a result and of a constant, through hooks and without. */
static void test_keeping(void)
{
    for (int with_hooks = 0; with_hooks < 2; with_hooks++) {
        ag_tensor *x = leaf_of(3.0), *y = ag_mul(x, x), *c = ag_detach(x);
        packs = unpacks = drops = 0;
        if (with_hooks)
            CHECK(ag_push_saved_hooks(&numbers, &packs) == AG_OK);
        ag_saved *kept[3] = {ag_save_tensor(x, -1), ag_save_tensor(y, -1), ag_save_tensor(c, -1)};
        if (with_hooks)
            CHECK(ag_pop_saved_hooks() == AG_OK && packs == 3);
        ag_release(y);
        ag_tensor *again[3];
        for (int k = 0; k < 3; k++)
            again[k] = ag_saved_tensor(kept[k], NULL);
        CHECK(ag_data(again[1])[0] == 9.0 && !ag_requires_grad(again[2]));
        CHECK(with_hooks || again[0] == x);
        ag_tensor *z = ag_mul(again[0], again[1]);
        CHECK(ag_backward(z, NULL, 0) == AG_OK && ag_data(ag_grad_of(x))[0] == 27.0);
        ag_fill_(c, 1.0);
        ag_tensor *late = ag_saved_tensor(kept[2], NULL);
        CHECK(with_hooks ? ag_data(late)[0] == 3.0 : ag_last_status() == AG_ERR_VERSION);
        ag_release(late);
        ag_release(z);
        for (int k = 0; k < 3; k++) {
            ag_release(again[k]);
            ag_saved_release(kept[k]);
        }
        CHECK(drops == packs);
        ag_release(c);
        ag_release(x);
    }
    ag_saved_release(NULL);
}

static void test_failure(ag_saved_hooks hooks, ag_status status)
{
    ag_tensor *x = leaf_of(3.0);
    CHECK(ag_push_saved_hooks(&hooks, &packs) == AG_OK);
    ag_tensor *y = ag_exp(x);
    CHECK(ag_pop_saved_hooks() == AG_OK);
    if (y == NULL)
        CHECK(ag_last_status() == status);
    else
        CHECK(ag_backward(y, NULL, 0) == status && ag_grad_of(x) == NULL);
    ag_release(y);
    ag_release(x);
}

static void test_refused(void)
{
    CHECK(ag_push_saved_hooks(NULL, NULL) < 0 && ag_pop_saved_hooks() == AG_ERR_VALUE);
    CHECK(ag_push_saved_hooks(&(ag_saved_hooks){NULL, unpack_number, drop, NULL}, NULL) < 0);
    CHECK(ag_push_saved_hooks(&(ag_saved_hooks){pack_number, NULL, drop, NULL}, NULL) < 0);
    CHECK(!ag_has_saved_hooks());
}

int main(void)
{
    test_numbers();
    test_kept();
    test_owned();
    test_keeping();
    test_failure((ag_saved_hooks){refuse_to_pack, unpack_number, drop, NULL}, AG_ERR_VALUE);
    test_failure((ag_saved_hooks){pack_number, give_nothing, drop, NULL}, AG_ERR_CALLBACK);
    test_failure((ag_saved_hooks){pack_number, give_other_shape, drop, NULL}, AG_ERR_SHAPE);
    test_refused();
    printf("%d failures\n", failures);
    return failures != 0;
}
