/* SPDX-License-Identifier: MIT
 *
 * Optimisers' steps: what is asked of parameters and of what is kept of them, and the numbers that
 * a step has for all elements of one. The pass over memory is compute/optim.c.
 *
 * Everything that can fail comes before the first element is written: what is kept of a parameter
 * is made, what pends is computed, strided arrays are copied.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/profile.h"
#include "base/shape.h"
#include "base/thread.h"
#include "compute/optim.h"
#include "fuse/pending.h"
#include "tape/dtypes.h"
#include "tensor/copy.h"
#include "tensor/layout.h"

#define MOST_STATES 4
#define MOST_ARRAYS (2 + AGI_STEP_ARRAYS)

/* ---- what is kept --------------------------------------------------------------------------- */

/* Those that are one number come first. */
typedef struct optim_names {
    int n, scalars;
    const char *names[MOST_STATES];
} optim_names;

static optim_names names_of(const ag_optim *how)
{
    static const optim_names fixed[AG_OPTIM_COUNT] = {
        [AG_OPTIM_SGD] = {0, 0, {"momentum_buffer"}},
        [AG_OPTIM_ADAM] = {3, 1, {"step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"}},
        [AG_OPTIM_ADAMAX] = {3, 1, {"step", "exp_avg", "exp_inf"}},
        [AG_OPTIM_NADAM] = {4, 2, {"step", "mu_product", "exp_avg", "exp_avg_sq"}},
        [AG_OPTIM_RMSPROP] = {2, 1, {"step", "square_avg"}},
        [AG_OPTIM_ADAGRAD] = {2, 1, {"step", "sum"}},
        [AG_OPTIM_ADADELTA] = {3, 1, {"step", "square_avg", "acc_delta"}},
    };
    optim_names names = fixed[how->kind];
    if (how->kind == AG_OPTIM_SGD)
        names.n = how->momentum != 0.0;
    if (how->kind == AG_OPTIM_ADAM)
        names.n += how->amsgrad;
    if (how->kind == AG_OPTIM_RMSPROP && how->momentum > 0.0)
        names.names[names.n++] = "momentum_buffer";
    if (how->kind == AG_OPTIM_RMSPROP && how->centered)
        names.names[names.n++] = "grad_avg";
    return names;
}

static bool has_kind(const char *op, const ag_optim *how)
{
    if (!agi_has(op, how, "what kind of step"))
        return false;
    if ((unsigned)how->kind < AG_OPTIM_COUNT)
        return true;
    agi_fail(AG_ERR_VALUE, "%s: there is no optimiser %d", op, (int)how->kind);
    return false;
}

int ag_optim_states(const ag_optim *how)
{
    return has_kind("optim_states", how) ? names_of(how).n : -1;
}

const char *ag_optim_state_name(const ag_optim *how, int k)
{
    static const char *const all[] = {
        "momentum_buffer", "step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq", "exp_inf",
        "mu_product", "square_avg", "grad_avg", "sum", "acc_delta"};
    if (!has_kind("optim_state_name", how))
        return NULL;
    const optim_names names = names_of(how);
    if (k < 0 || k >= names.n)
        return agi_fail_null(AG_ERR_INDEX, "optim_state_name: %d of %d", k, names.n);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i], names.names[k]) == 0)
            return all[i];
    return NULL;
}

ag_optim ag_optim_defaults(ag_optim_kind kind)
{
    static const double lr[AG_OPTIM_COUNT] = {
        [AG_OPTIM_SGD] = 0.001,    [AG_OPTIM_ADAM] = 0.001,    [AG_OPTIM_ADAMAX] = 0.002,
        [AG_OPTIM_NADAM] = 0.002,  [AG_OPTIM_RMSPROP] = 0.01,  [AG_OPTIM_ADAGRAD] = 0.01,
        [AG_OPTIM_ADADELTA] = 1.0};
    ag_optim how = {.kind = kind, .eps = 1e-8, .beta1 = 0.9, .beta2 = 0.999, .alpha = 0.99,
                    .rho = 0.9, .momentum_decay = 0.004};
    if (!has_kind("optim_defaults", &how))
        return how;
    how.lr = lr[kind];
    if (kind == AG_OPTIM_ADAGRAD)
        how.eps = 1e-10;
    if (kind == AG_OPTIM_ADADELTA)
        how.eps = 1e-6;
    return how;
}

/* ---- one parameter -------------------------------------------------------------------------- */

/* A parameter with a gradient. What it has is owned until the step is done. */
typedef struct optim_part {
    ag_tensor *param;                /* borrowed */
    ag_tensor *grad;
    ag_tensor *state[MOST_STATES];
    ag_tensor **place;               /* the caller's entries, of which NULL ones get the above */
    ag_tensor *arrays[MOST_ARRAYS];  /* as they are now: the parameter, the gradient, the state */
    int n_arrays;
    double *copies;                  /* of the arrays, where they do not all lie alike, or NULL */
    double scalars[2];               /* what is one number, after the step */
    bool is_first;                   /* nothing was kept before */
} optim_part;

static void part_close(optim_part *part)
{
    agi_release(part->grad);
    for (int k = 0; k < MOST_STATES; k++)
        agi_release(part->state[k]);
    for (int k = 0; k < part->n_arrays; k++)
        agi_release(part->arrays[k]);
    agi_plain_free(part->copies);
}

static double first_value(const ag_optim *how, const char *name)
{
    if (strcmp(name, "mu_product") == 0)
        return 1.0;
    return how->kind == AG_OPTIM_ADAGRAD && strcmp(name, "sum") == 0
               ? how->initial_accumulator_value : 0.0;
}

/* What is kept of a parameter from its first step on: owned, though a scope may be open. */
static ag_tensor *first_state(const ag_optim *how, const char *name, bool is_scalar,
                              ag_tensor *param)
{
    const double value = first_value(how, name);
    ag_tensor *t = is_scalar ? ag_scalar(value) : ag_full_like(param, value);
    return t != NULL && agi_thread_get()->scope_depth > 0 ? agi_retain(t) : t;
}

static ag_status part_open(optim_part *part, const ag_optim *how, const optim_names *names,
                           ag_tensor *param, ag_tensor **place)
{
    part->param = param;
    part->grad = agi_retain(ag_grad_of(param));
    part->place = place;
    for (int k = 0; k < names->n; k++) {
        part->is_first |= place[k] == NULL;
        part->state[k] = place[k] != NULL
                             ? agi_retain(place[k])
                             : first_state(how, names->names[k], k < names->scalars, param);
        if (part->state[k] == NULL)
            return ag_last_status();
    }
    return AG_OK;
}

/* The numbers are there and may be written. *settled is set to false where that took a while, in
 * which other threads may have changed the others. */
static ag_status settle_array(ag_tensor *t, bool writes, bool *settled)
{
    agi_storage *storage = agi_storage_retain(t->storage);
    const bool done = writes ? agi_storage_is_writable(storage) : !agi_is_pending(storage);
    const ag_status status = done ? AG_OK
                             : writes ? agi_storage_writable(storage) : agi_storage_ready(storage);
    *settled &= done;
    agi_storage_release(storage);
    return status;
}

static ag_status part_settle(optim_part *part, int n_states, bool *settled)
{
    ag_status status = settle_array(part->param, true, settled);
    if (status == AG_OK)
        status = settle_array(part->grad, false, settled);
    for (int k = 0; k < n_states && status == AG_OK; k++)
        status = settle_array(part->state[k], true, settled);
    return status;
}

static ag_status check_written(const ag_tensor *t)
{
    if (agi_is_read_only(t->storage))
        return agi_fail(AG_ERR_GRAD, "optim_step: the memory of a tensor is read-only; clone() it "
                                     "first");
    if (!agi_is_contiguous(t) &&
        agi_shape_overlaps(t->ndim, agi_shape_of(t), agi_strides_of(t)))
        return agi_fail(AG_ERR_GRAD, "optim_step: more than one element of a tensor refers to a "
                                     "single memory location; clone() it first");
    return AG_OK;
}

static ag_status check_state(const char *name, bool is_scalar, const ag_tensor *t,
                             const ag_tensor *param)
{
    char is[AGI_SHAPE_TEXT], wants[AGI_SHAPE_TEXT];
    if (agi_dtype_of(t) != AG_FLOAT64)
        return agi_fail(AG_ERR_DTYPE, "optim_step: expected %s to be float64, got '%s'", name,
                        agi_dtype_name(agi_dtype_of(t)));
    if (is_scalar ? t->numel == 1 : agi_same_shape(t, param))
        return check_written(t);
    return agi_fail(AG_ERR_SHAPE, "optim_step: expected %s of shape %s, got %s", name,
                    is_scalar ? "[]" : agi_format_shape_list(wants, param->ndim,
                                                             agi_shape_of(param)),
                    agi_format_shape_list(is, t->ndim, agi_shape_of(t)));
}

static ag_status part_check(const optim_part *part, const optim_names *names)
{
    const ag_tensor *param = part->param;
    ag_status status = check_written(param);
    if (status == AG_OK && !agi_same_shape(param, part->grad))
        status = agi_fail(AG_ERR_SHAPE, "optim_step: a parameter has not the shape of its gradient "
                                        "any more");
    for (int k = 0; k < names->n && status == AG_OK; k++)
        status = check_state(names->names[k], k < names->scalars, part->state[k], param);
    return status;
}

/* ---- arrays --------------------------------------------------------------------------------- */

/* What an array is during the step, in which other threads may give a tensor other memory. */
static ag_tensor *as_now(ag_tensor *t)
{
    return t->numel < AGI_PARALLEL_MIN ? agi_retain(t) : agi_tensor_snapshot(t);
}

static ag_status part_hold(optim_part *part, const optim_names *names)
{
    ag_tensor *arrays[MOST_ARRAYS] = {part->param, part->grad};
    int n = 2;
    for (int k = names->scalars; k < names->n; k++)
        arrays[n++] = part->state[k];
    for (int k = 0; k < n; k++) {
        if ((part->arrays[k] = as_now(arrays[k])) == NULL)
            return ag_last_status();
        part->n_arrays++;
    }
    return AG_OK;
}

/* Whether all arrays of a part are dense, of one order, and each in memory of its own. */
static bool lie_alike(const optim_part *part)
{
    const ag_tensor *param = part->arrays[0];
    bool alike = agi_is_dense(param);
    for (int k = 1; k < part->n_arrays && alike; k++) {
        const ag_tensor *t = part->arrays[k];
        alike = agi_is_contiguous(t) ? agi_is_contiguous(param)
                                     : agi_shape_equal(t->ndim, agi_strides_of(t), param->ndim,
                                                       agi_strides_of(param));
        for (int j = 0; j < k; j++)
            alike &= t->storage != part->arrays[j]->storage;
    }
    return alike;
}

/* The memory that the step reads and writes: the arrays' own, or copies in the order of the
 * shape. */
static ag_status part_arrange(optim_part *part, agi_step *step)
{
    const int64_t n = part->param->numel;
    double *data[MOST_ARRAYS] = {NULL};
    const bool copied = n > 0 && !lie_alike(part);
    if (copied && (part->copies = agi_plain_new((size_t)(part->n_arrays * n) *
                                                sizeof *part->copies)) == NULL)
        return ag_last_status();
    for (int k = 0; k < part->n_arrays; k++) {
        const ag_tensor *t = part->arrays[k];
        data[k] = copied ? part->copies + k * n : agi_tensor_data(t);
        if (copied)
            agi_run_gather(data[k], t->ndim, agi_shape_of(t), agi_tensor_data(t),
                           agi_strides_of(t));
    }
    step->p = data[0];
    step->g = data[1];
    memcpy(step->s, data + 2, sizeof step->s);
    step->n = n;
    return AG_OK;
}

static void part_write_back(const optim_part *part)
{
    for (int k = 0; k < part->n_arrays && part->copies != NULL; k++) {
        const ag_tensor *t = part->arrays[k];
        int64_t row_major[AGI_MAX_DIMS];
        agi_shape_strides(t->ndim, agi_shape_of(t), row_major);
        if (k != 1)
            agi_run_scatter(agi_tensor_data(t), agi_strides_of(t), t->ndim, agi_shape_of(t),
                            part->copies + k * part->param->numel, row_major);
    }
}

/* ---- the numbers of a step ------------------------------------------------------------------ */

#define SET_NUMBERS(step, ...) \
    memcpy((step)->f, (const double[AGI_STEP_NUMBERS]){__VA_ARGS__}, sizeof (step)->f)

static void numbers_of_sgd(agi_step *step, const ag_optim *how, bool is_first)
{
    const double weight = is_first ? 1.0 : 1.0 - how->dampening;
    SET_NUMBERS(step, how->lr, how->momentum, weight);
    step->kernel = how->momentum == 0.0 ? AGI_STEP_SGD
                   : how->nesterov      ? AGI_STEP_NESTEROV
                                        : AGI_STEP_MOMENTUM;
}

static void numbers_of_adam(agi_step *step, const ag_optim *how, double count)
{
    const double c1 = 1.0 - pow(how->beta1, count), c2 = sqrt(1.0 - pow(how->beta2, count));
    SET_NUMBERS(step, how->lr / c1 * c2, how->eps * c2, 1.0 - how->beta1, how->beta2,
                1.0 - how->beta2, how->decoupled ? 1.0 - how->lr * how->weight_decay : 1.0);
    step->kernel = how->amsgrad ? AGI_STEP_AMSGRAD : AGI_STEP_ADAM;
}

static void numbers_of_nadam(agi_step *step, const ag_optim *how, double count, double *product)
{
    const double c2 = sqrt(1.0 - pow(how->beta2, count)), decay = how->momentum_decay;
    const double mu = how->beta1 * (1.0 - 0.5 * pow(0.96, count * decay));
    const double next = how->beta1 * (1.0 - 0.5 * pow(0.96, (count + 1.0) * decay));
    *product *= mu;
    SET_NUMBERS(step, how->lr * next / (1.0 - *product * next) * c2, how->eps * c2,
                1.0 - how->beta1, how->beta2, how->lr * (1.0 - mu) / (1.0 - *product) * c2,
                how->decoupled ? 1.0 - how->lr * how->weight_decay : 1.0);
    step->kernel = AGI_STEP_NADAM;
}

static void numbers_of_rmsprop(agi_step *step, const ag_optim *how)
{
    static const agi_step_kernel kernels[2][2] = {
        {AGI_STEP_RMSPROP, AGI_STEP_RMSPROP_MOMENTUM},
        {AGI_STEP_RMSPROP_CENTERED, AGI_STEP_RMSPROP_CENTERED_MOMENTUM}};
    SET_NUMBERS(step, how->lr, how->eps, how->alpha, 1.0 - how->alpha, how->momentum);
    step->kernel = (uint8_t)kernels[how->centered][how->momentum > 0.0];
}

static void part_numbers(optim_part *part, const ag_optim *how, const optim_names *names,
                         agi_step *step)
{
    const bool through = (how->kind != AG_OPTIM_ADAM && how->kind != AG_OPTIM_NADAM) ||
                         !how->decoupled;
    for (int k = 0; k < names->scalars; k++)
        part->scalars[k] = *agi_tensor_data(part->state[k]);
    const double count = part->scalars[0] += 1.0;
    step->weight_decay = through ? how->weight_decay : 0.0;
    step->maximize = how->maximize;
    switch (how->kind) {
    case AG_OPTIM_ADAM:
        numbers_of_adam(step, how, count);
        break;
    case AG_OPTIM_ADAMAX:
        SET_NUMBERS(step, how->lr / (1.0 - pow(how->beta1, count)), how->eps, 1.0 - how->beta1,
                    how->beta2);
        step->kernel = AGI_STEP_ADAMAX;
        break;
    case AG_OPTIM_NADAM:
        numbers_of_nadam(step, how, count, &part->scalars[1]);
        break;
    case AG_OPTIM_RMSPROP:
        numbers_of_rmsprop(step, how);
        break;
    case AG_OPTIM_ADAGRAD:
        SET_NUMBERS(step, how->lr / (1.0 + (count - 1.0) * how->lr_decay), how->eps);
        step->kernel = AGI_STEP_ADAGRAD;
        break;
    case AG_OPTIM_ADADELTA:
        SET_NUMBERS(step, how->lr, how->eps, how->rho, 1.0 - how->rho);
        step->kernel = AGI_STEP_ADADELTA;
        break;
    default:
        numbers_of_sgd(step, how, part->is_first);
    }
}

/* ---- all parameters ------------------------------------------------------------------------- */

/* Parameters with a gradient, and what is done with each. */
typedef struct optim_job {
    const ag_optim *how;
    optim_names names;
    int n;
    optim_part *parts;  /* owned */
    agi_step *steps;    /* owned */
} optim_job;

static ag_status job_open(optim_job *job, int n, ag_tensor *const *params, ag_tensor **state)
{
    job->parts = agi_plain_new((size_t)n * sizeof *job->parts);
    job->steps = job->parts != NULL ? agi_plain_new((size_t)n * sizeof *job->steps) : NULL;
    if (job->steps == NULL)
        return ag_last_status();
    for (int k = 0; k < n; k++) {
        if (ag_grad_of(params[k]) == NULL)
            continue;
        optim_part *part = &job->parts[job->n++];
        memset(part, 0, sizeof *part);
        if (part_open(part, job->how, &job->names, params[k],
                      job->names.n > 0 ? state + (int64_t)k * job->names.n : NULL) != AG_OK)
            return ag_last_status();
    }
    return AG_OK;
}

static void job_close(optim_job *job)
{
    for (int k = 0; k < job->n; k++)
        part_close(&job->parts[k]);
    agi_plain_free(job->steps);
    agi_plain_free(job->parts);
}

/* All numbers are there, and all that is written may be. */
static ag_status job_settle(optim_job *job)
{
    ag_status status = AG_OK;
    for (bool settled = false; !settled && status == AG_OK;) {
        settled = true;
        for (int k = 0; k < job->n && status == AG_OK; k++)
            status = part_settle(&job->parts[k], job->names.n, &settled);
    }
    return status;
}

static ag_status job_prepare(optim_job *job)
{
    ag_status status = job_settle(job);
    for (int k = 0; k < job->n && status == AG_OK; k++)
        status = part_check(&job->parts[k], &job->names);
    for (int k = 0; k < job->n && status == AG_OK; k++)
        status = part_hold(&job->parts[k], &job->names);
    for (int k = 0; k < job->n && status == AG_OK; k++) {
        memset(&job->steps[k], 0, sizeof job->steps[k]);
        part_numbers(&job->parts[k], job->how, &job->names, &job->steps[k]);
        status = part_arrange(&job->parts[k], &job->steps[k]);
    }
    return status;
}

static int by_memory(const void *x, const void *y)
{
    const ag_tensor *a = (*(optim_part *const *)x)->arrays[0];
    const ag_tensor *b = (*(optim_part *const *)y)->arrays[0];
    const double *p = agi_tensor_data(a), *q = agi_tensor_data(b);
    return p < q ? -1 : p > q;
}

/* Whether two parameters have memory in common: *alone, as they must then be stepped in turn.
 * Fails where they are one tensor. */
static ag_status find_shared(optim_job *job, bool *alone)
{
    *alone = false;
    if (job->n < 2)
        return AG_OK;
    optim_part **sorted = agi_plain_new((size_t)job->n * sizeof(optim_part *));
    if (sorted == NULL)
        return ag_last_status();
    for (int k = 0; k < job->n; k++)
        sorted[k] = &job->parts[k];
    qsort(sorted, (size_t)job->n, sizeof *sorted, by_memory);
    bool twice = false;
    for (int k = 1; k < job->n; k++) {
        const ag_tensor *t = sorted[k - 1]->arrays[0];
        *alone |= agi_tensor_data(t) + agi_shape_extent(t->ndim, t->dims) >
                  agi_tensor_data(sorted[k]->arrays[0]);
        twice |= sorted[k - 1]->param == sorted[k]->param;
    }
    agi_plain_free(sorted);
    return twice ? agi_fail(AG_ERR_VALUE, "optim_step: a parameter is given twice") : AG_OK;
}

/* Nothing fails from here on. */
static void job_run(optim_job *job, bool alone)
{
    for (int k = 0; k < job->n; k++)
        for (int i = 0; i < job->names.scalars; i++)
            *agi_tensor_data(job->parts[k].state[i]) = job->parts[k].scalars[i];
    agi_steps_run(job->n, job->steps, alone);
    const uint32_t site = agi_site_now();
    for (int k = 0; k < job->n; k++) {
        optim_part *part = &job->parts[k];
        part_write_back(part);
        agi_tensor_bump_at(part->param, site);
        for (int i = 0; i < job->names.n; i++) {
            agi_tensor_bump_at(part->state[i], site);
            if (part->place[i] == NULL)
                part->place[i] = agi_retain(part->state[i]);
        }
    }
}

/* As PyTorch's profiles have them. */
static const char *name_of_step(const ag_optim *how)
{
    static const char *const names[AG_OPTIM_COUNT] = {
        [AG_OPTIM_SGD] = "SGD", [AG_OPTIM_ADAM] = "Adam", [AG_OPTIM_ADAMAX] = "Adamax",
        [AG_OPTIM_NADAM] = "NAdam", [AG_OPTIM_RMSPROP] = "RMSprop", [AG_OPTIM_ADAGRAD] = "Adagrad",
        [AG_OPTIM_ADADELTA] = "Adadelta"};
    return how->kind == AG_OPTIM_ADAM && how->decoupled ? "AdamW" : names[how->kind];
}

static void note_step(const agi_open_event *e, const ag_optim *how)
{
    char name[64];
    snprintf(name, sizeof name, "Optimizer.step#%s.step", name_of_step(how));
    agi_event_end_as(e, AG_EVENT_STEP, name);
}

ag_status ag_optim_step(const ag_optim *how, int n, ag_tensor *const *params, ag_tensor **state)
{
    bool alone;
    if (!has_kind("optim_step", how) || !agi_check_tensors("optim_step", "parameters", n, params))
        return ag_last_status();
    optim_job job = {.how = how, .names = names_of(how)};
    if (n == 0 || (job.names.n > 0 && !agi_has("optim_step", state, "a list of what is kept")))
        return n == 0 ? AG_OK : ag_last_status();
    agi_open_event event;
    const bool noted = agi_profiles() && agi_event_begin(&event, true);
    ag_status status = job_open(&job, n, params, state);
    if (status == AG_OK)
        status = job_prepare(&job);
    if (status == AG_OK)
        status = find_shared(&job, &alone);
    if (status == AG_OK)
        job_run(&job, alone);
    job_close(&job);
    if (noted)
        note_step(&event, how);
    return status;
}
