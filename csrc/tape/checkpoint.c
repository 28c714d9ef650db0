/* SPDX-License-Identifier: MIT
 *
 * Checkpoints and the rounds of their functions. See checkpoint.h.
 */
#include "checkpoint.h"

#include <string.h>

#include "../base/check.h"
#include "../base/profile.h"
#include "../base/shape.h"
#include "slots.h"

#define MOST_ROUNDS 4  /* of one checkpoint: of backwards that go on at the same time */

typedef struct agi_noted {
    int32_t shape_at;    /* in the checkpoint's shapes */
    uint8_t ndim, dtype;
    bool is_alive;       /* its node is there and has not let go of it */
} agi_noted;

/* One run of the function for one backward. */
struct agi_round {
    void *run;           /* the backward's name */
    ag_checkpoint *of;   /* borrowed */
    int32_t count, size; /* saved so far; what there was to be when it began */
    bool stopped;        /* all that is needed was there */
    ag_tensor **values;  /* owned; NULL where it was taken, or is not there */
    agi_guarded **guarded;  /* behind the values: owned, of those that are; NULL of others */
    uint32_t *versions;  /* behind these: when they were saved */
    agi_round *older;
};

struct ag_checkpoint {
    agi_refs refs;       /* the caller's, and one of each value that it counted */
    unsigned flags;
    bool is_complete;    /* the first run is over */
    bool guards;         /* values are guarded, where it was begun */
    bool saves_more;     /* a run saved more than the first one until then: not compared */
    int32_t count, capacity, shapes_used, shapes_capacity;
    agi_noted *noted;    /* owned */
    int64_t *shapes;     /* owned */
    agi_round *rounds;   /* owned: latest first */
    ag_checkpoint_hooks hooks;
    void *context;       /* owned */
};

/* ---- lives ---------------------------------------------------------------------------------- */

static void *checkpoint_lock(const ag_checkpoint *c)
{
    return AGI_LIKELY(agi_serialised) || c->hooks.enter == NULL ? NULL : c->hooks.enter();
}

static void checkpoint_unlock(const ag_checkpoint *c, void *token)
{
    if (token != NULL)
        c->hooks.leave(token);
}

/* The value of a place, which is the caller's from here on, and whether it is as it was saved. */
static ag_tensor *out_of_round(agi_round *round, uint32_t place, bool *whole)
{
    ag_tensor *value = round->values[place];
    agi_guarded *guarded = round->guarded[place];
    round->values[place] = NULL;
    round->guarded[place] = NULL;
    if (AGI_UNLIKELY(guarded != NULL))
        agi_release(agi_guarded_end(guarded, whole));
    else
        *whole = value == NULL || agi_tensor_version(value) == round->versions[place];
    return value;
}

static void free_round(agi_round *round)
{
    bool whole;
    for (int32_t k = 0; k < round->size; k++)
        agi_release(out_of_round(round, (uint32_t)k, &whole));
    agi_plain_free(round->values);
    agi_plain_free(round);
}

ag_checkpoint *ag_checkpoint_new(const ag_checkpoint_hooks *hooks, void *context, unsigned flags)
{
    if (!agi_has("checkpoint_new", hooks, "functions") ||
        !agi_has("checkpoint_new", hooks->again != NULL && hooks->complain != NULL ? hooks : NULL,
                 "functions that run it again and complain"))
        return NULL;
    ag_checkpoint *c = agi_plain_new(sizeof *c);
    if (c == NULL)
        return NULL;
    *c = (ag_checkpoint){.flags = flags, .hooks = *hooks, .context = context};
    atomic_init(&c->refs, 1);
    return c;
}

ag_checkpoint *agi_checkpoint_retain(ag_checkpoint *c)
{
    agi_refs_inc(&c->refs);
    return c;
}

static AGI_NOINLINE void free_checkpoint(ag_checkpoint *c)
{
    while (c->rounds != NULL) {
        agi_round *round = c->rounds;
        c->rounds = round->older;
        free_round(round);
    }
    agi_plain_free(c->noted);
    agi_plain_free(c->shapes);
    if (c->hooks.release != NULL)
        c->hooks.release(c->context);
    agi_plain_free(c);
}

AGI_INLINE void let_go_of_checkpoint(ag_checkpoint *c)
{
    if (agi_refs_dec(&c->refs))
        free_checkpoint(c);
}

void ag_checkpoint_release(ag_checkpoint *c)
{
    if (c != NULL)
        let_go_of_checkpoint(c);
}

/* ---- the first run -------------------------------------------------------------------------- */

ag_status ag_checkpoint_begin(ag_checkpoint *c)
{
    if (!agi_has("checkpoint_begin", c, "a checkpoint"))
        return ag_last_status();
    agi_packing *pair = agi_packing_push(AGI_COUNTS);
    if (pair == NULL)
        return ag_last_status();
    pair->checkpoint = c;
    c->guards = agi_guards_somewhere(pair->below);
    return AG_OK;
}

ag_status ag_checkpoint_end(ag_checkpoint *c, bool is_complete)
{
    const agi_packing *last = agi_thread_get()->packing;
    if (!agi_has("checkpoint_end", c, "a checkpoint"))
        return ag_last_status();
    if (last == NULL || last->checkpoint != c)
        return agi_fail(AG_ERR_VALUE, "checkpoint_end: this is not what this thread began last");
    c->is_complete = is_complete;
    return ag_pop_saved_hooks();
}

static AGI_NOINLINE bool room_to_note(ag_checkpoint *c, int ndim)
{
    if (c->count == c->capacity) {
        const int32_t capacity = c->capacity == 0 ? 16 : 2 * c->capacity;
        agi_noted *grown = agi_plain_resize(c->noted, (size_t)capacity * sizeof *grown);
        if (grown == NULL)
            return false;
        c->noted = grown;
        c->capacity = capacity;
    }
    if (c->shapes_used + ndim > c->shapes_capacity) {
        const int32_t capacity = 2 * c->shapes_capacity + 32 + ndim;
        int64_t *grown = agi_plain_resize(c->shapes, (size_t)capacity * sizeof *grown);
        if (grown == NULL)
            return false;
        c->shapes = grown;
        c->shapes_capacity = capacity;
    }
    return true;
}

/* Where the last value's shape is, if this one has the same, as most have; else one of its own. */
static int32_t place_of_shape(ag_checkpoint *c, const ag_tensor *value)
{
    const agi_noted *last = c->count > 0 ? &c->noted[c->count - 1] : NULL;
    if (last != NULL && agi_shape_equal(last->ndim, c->shapes + last->shape_at, value->ndim,
                                        agi_shape_of(value)))
        return last->shape_at;
    const int32_t at = c->shapes_used;
    memcpy(c->shapes + at, agi_shape_of(value), value->ndim * sizeof(int64_t));
    c->shapes_used += value->ndim;
    return at;
}

int agi_checkpoint_note(ag_checkpoint *c, const ag_tensor *value)
{
    if (AGI_UNLIKELY(c->count == c->capacity ||
                     c->shapes_used + value->ndim > c->shapes_capacity)) {
        void *token = checkpoint_lock(c);
        const bool ok = room_to_note(c, value->ndim);
        checkpoint_unlock(c, token);
        if (!ok)
            return -1;
    }
    const int32_t shape_at = place_of_shape(c, value);
    c->noted[c->count] = (agi_noted){.shape_at = shape_at, .ndim = value->ndim, .is_alive = true,
                                     .dtype = value->storage->dtype};
    return c->count++;
}

AGI_INLINE void forget_value(ag_checkpoint *c, uint32_t place)
{
    c->noted[place].is_alive = false;
    for (agi_round *round = c->rounds; round != NULL; round = round->older) {
        if (place >= (uint32_t)round->size)
            continue;
        bool whole;
        agi_release(out_of_round(round, place, &whole));
    }
}

void agi_checkpoint_drop(ag_checkpoint *c, uint32_t place)
{
    void *token = checkpoint_lock(c);
    forget_value(c, place);
    checkpoint_unlock(c, token);
    let_go_of_checkpoint(c);
}

int ag_checkpoint_count(const ag_checkpoint *c)
{
    return agi_has("checkpoint_count", c, "a checkpoint") ? c->count : -1;
}

const int64_t *ag_checkpoint_shape(const ag_checkpoint *c, int place, int *ndim, ag_dtype *dtype)
{
    if (!agi_has("checkpoint_shape", c, "a checkpoint"))
        return NULL;
    if (place < 0 || place >= c->count) {
        agi_fail(AG_ERR_INDEX, "checkpoint_shape: expected a place from 0 to %d, got %d",
                 c->count - 1, place);
        return NULL;
    }
    *ndim = c->noted[place].ndim;
    *dtype = (ag_dtype)c->noted[place].dtype;
    return c->shapes + c->noted[place].shape_at;
}

/* ---- other runs ----------------------------------------------------------------------------- */

static agi_round *new_round(ag_checkpoint *c, void *run)
{
    const size_t n = (size_t)c->count + 1;
    agi_round *round = agi_plain_new(sizeof *round);
    if (round == NULL)
        return NULL;
    *round = (agi_round){.run = run, .of = c, .size = c->count};
    round->values = agi_plain_new(n * (2 * sizeof *round->values + sizeof *round->versions));
    if (round->values == NULL) {
        agi_plain_free(round);
        return NULL;
    }
    memset(round->values, 0, 2 * n * sizeof *round->values);
    round->guarded = (agi_guarded **)(round->values + n);
    round->versions = (uint32_t *)(round->guarded + n);
    return round;
}

/* Becomes the latest; the one that is too many goes. */
static void add_round(ag_checkpoint *c, agi_round *round)
{
    round->older = c->rounds;
    c->rounds = round;
    agi_round **at = &c->rounds;
    for (int k = 0; k < MOST_ROUNDS && *at != NULL; k++)
        at = &(*at)->older;
    if (*at != NULL) {
        agi_round *last = *at;
        *at = NULL;
        free_round(last);
    }
}

static bool stop(agi_round *round)
{
    round->stopped = true;
    agi_fail(AG_ERR_STOPPED, "a checkpointed function that runs again has done what is needed");
    return false;
}

static bool complain(ag_checkpoint *c, int saved_again, int n, const ag_difference *differences)
{
    const agi_callback call = agi_packing_begin_call(false);
    const ag_status status = c->hooks.complain(c->context, c, saved_again, n, differences);
    if (agi_packing_end_call(&call, status))
        agi_fail(AG_ERR_CALLBACK, "a checkpointed function did not save the same again");
    return false;
}

static bool keep_in_round(agi_round *round, int32_t at, const ag_tensor *value)
{
    if (AGI_UNLIKELY(round->of->guards)) {
        round->guarded[at] = agi_guard(value);
        if (round->guarded[at] == NULL)
            return false;
        round->values[at] = agi_retain(round->guarded[at]->value);
        return true;
    }
    round->values[at] = agi_tensor_alias(value);
    round->versions[at] = agi_tensor_version(value);
    return round->values[at] != NULL;
}

bool agi_checkpoint_watch(agi_round *round, const ag_tensor *value)
{
    ag_checkpoint *c = round->of;
    const bool stops = (c->flags & AG_STOPS_EARLY) != 0;
    if (round->stopped)
        return stop(round);  /* once more: the function went on */
    const int32_t at = round->count++;
    if (at < round->size && c->noted[at].is_alive) {
        if (!keep_in_round(round, at, value))
            return false;
    } else if (at >= c->count) {
        if (c->is_complete)
            return complain(c, AG_SAVED_MORE, 0, NULL);
        c->saves_more = true;  /* the function is in its first run still, as is this backward */
    }
    return !stops || round->count != c->count || stop(round);
}

static bool is_another(const ag_checkpoint *c, int32_t place, const ag_tensor *value)
{
    const agi_noted *noted = &c->noted[place];
    return noted->dtype != value->storage->dtype ||
           !agi_shape_equal(noted->ndim, c->shapes + noted->shape_at, value->ndim,
                            agi_shape_of(value));
}

/* Whether the run saved what the first one did. */
static bool round_agrees(ag_checkpoint *c, const agi_round *round)
{
    int n = 0;
    if (c->saves_more)
        return true;
    if (round->count != c->count)
        return complain(c, round->count, 0, NULL);
    if (!(c->flags & AG_COMPARES))
        return true;
    for (int32_t k = 0; k < round->size; k++)
        n += round->values[k] != NULL && is_another(c, k, round->values[k]);
    if (AGI_LIKELY(n == 0))
        return true;
    ag_difference *all = agi_plain_new((size_t)n * sizeof *all);
    if (all == NULL)
        return false;
    n = 0;
    for (int32_t k = 0; k < round->size; k++)
        if (round->values[k] != NULL && is_another(c, k, round->values[k]))
            all[n++] = (ag_difference){.place = k, .again = round->values[k]};
    complain(c, round->count, n, all);
    agi_plain_free(all);
    return false;
}

static bool run_again(ag_checkpoint *c, agi_round *round)
{
    agi_open_event event;
    const bool noted = agi_profiles() && agi_event_begin(&event, false);
    const agi_callback call = agi_packing_begin_call(true);
    agi_packing *pair = agi_packing_push(AGI_WATCHES);
    ag_status status = ag_last_status();
    if (pair != NULL) {
        pair->round = round;
        status = c->hooks.again(c->context);
        ag_pop_saved_hooks();
        if (status == AG_ERR_STOPPED && round->stopped)
            status = AG_OK;
    }
    const bool ok = agi_packing_end_call(&call, status);
    if (noted)
        agi_event_end_as(&event, AG_EVENT_AGAIN, "checkpoint");
    return ok;
}

/* The round of this backward, which is the checkpoint's, made by running the function if there is
 * none; NULL with an error. */
static agi_round *round_for(ag_checkpoint *c, void *run)
{
    agi_round *round = run != NULL ? c->rounds : NULL;
    while (round != NULL && round->run != run)
        round = round->older;
    if (AGI_LIKELY(round != NULL))
        return round;
    round = new_round(c, run);
    if (round == NULL)
        return NULL;
    if (run_again(c, round) && round_agrees(c, round)) {
        add_round(c, round);
        return round;
    }
    free_round(round);
    return NULL;
}

static ag_tensor *fail_taken(ag_checkpoint *c)
{
    complain(c, AG_SAVED_TAKEN, 0, NULL);
    return NULL;
}

static ag_tensor *fail_written(ag_tensor *value)
{
    agi_release(value);
    agi_fail(AG_ERR_VERSION,
             "one of the variables needed for gradient computation has been modified by an inplace "
             "operation in a checkpointed function. Hint: clone() it before writing.");
    return NULL;
}

AGI_INLINE ag_tensor *take_from(agi_round *round, uint32_t place)
{
    bool whole = true;
    ag_tensor *value =
        place < (uint32_t)round->size ? out_of_round(round, place, &whole) : NULL;
    if (AGI_UNLIKELY(value == NULL))
        return fail_taken(round->of);
    return AGI_LIKELY(whole) ? value : fail_written(value);
}

static AGI_NOINLINE ag_tensor *take_slowly(ag_checkpoint *c, uint32_t place, void *run)
{
    agi_refs_inc(&c->refs);  /* what runs now may have the node free what it saved */
    void *token = checkpoint_lock(c);
    agi_round *round = round_for(c, run);
    ag_tensor *value = round != NULL ? take_from(round, place) : NULL;
    checkpoint_unlock(c, token);
    let_go_of_checkpoint(c);
    return value;
}

ag_tensor *agi_checkpoint_take(ag_checkpoint *c, uint32_t place)
{
    const agi_run *innermost = agi_thread_get()->run;
    void *run = innermost != NULL ? innermost->name : NULL;
    agi_round *round = c->rounds;
    if (AGI_LIKELY(agi_serialised && round != NULL && run != NULL && round->run == run))
        return take_from(round, place);
    return take_slowly(c, place, run);
}
