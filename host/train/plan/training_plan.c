/* SPDX-License-Identifier: Apache-2.0 */
/* Epochs and steps, and the actions that are due after them. */
#include "train/plan/training_plan.h"
#include "core/memory.h"
#include "data/augment.h"
#include "data/dataset.h"

/* Steps of a window of losses with full batches; with mini-batches it is an epoch. */
#define WINDOW_STEPS 50

/* NaN fails these comparisons too. */
static gradus_status check_regularization(const gradus_train_options *options)
{
    const struct {
        const char *name;
        float found, limit;
        bool below;
    } shares[] = {{"dropout", options->dropout, 1, true},
                  {"input dropout", options->input_dropout, 1, true},
                  {"label smoothing", options->label_smoothing, 1, false}};
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
        if (!(shares[i].found >= 0 && shares[i].found <= shares[i].limit) ||
            (shares[i].below && shares[i].found == shares[i].limit))
            return gr_fail(GRADUS_ERROR_ARGUMENT, "%s: found %g, expected 0 %s 1", shares[i].name,
                           (double)shares[i].found, shares[i].below ? "or more, but less than" : "to");
    return GRADUS_OK;
}

/* A full batch has no epochs to draw new images for. */
static gradus_status check_augmentation(const gradus_train_options *options, const gradus_dataset_info *info)
{
    if (options->batch_size == 0 && gr_augmentation_is_on(&options->augmentation))
        return gr_fail(GRADUS_ERROR_ARGUMENT, "augmentation: found a full batch, expected mini-batches");
    return gr_augmentation_check(&options->augmentation, info);
}

static gradus_status check_options(const gradus_train_options *options, const gradus_dataset *dataset)
{
    if (!dataset->info.labelled)
        return gr_fail(GRADUS_ERROR_ARGUMENT, "the training set has no labels");
    if (options->batch_size > dataset->info.samples)
        return gr_fail(GRADUS_ERROR_ARGUMENT, "batch size: found %zu, expected at most %zu, the training samples",
                       options->batch_size, dataset->info.samples);
    if (options->epochs > UINT32_MAX || dataset->info.samples > UINT32_MAX)
        return gr_fail(GRADUS_ERROR_ARGUMENT, "found %zu epochs of %zu samples, expected fewer than 2^32",
                       options->epochs, dataset->info.samples);
    return GRADUS_OK;
}

gradus_status gr_training_plan_make(const gradus_train_options *options, const gradus_dataset *dataset,
                                    training_plan *out)
{
    gradus_status status = GRADUS_OK;
    TRY(check_options(options, dataset));
    TRY(check_regularization(options));
    TRY(check_augmentation(options, &dataset->info));
    const size_t samples = dataset->info.samples;
    const bool full = options->batch_size == 0; /* each step uses all samples, so the first one is reported as well */
    training_plan plan = {.samples = samples, .batch = full ? samples : options->batch_size};
    plan.epoch_steps = options->drop_last ? samples / plan.batch : gr_divide_up(samples, plan.batch);
    plan.steps = options->epochs > 0 ? options->epochs * plan.epoch_steps : options->iterations;
    plan.report = (period){options->report_every, full && options->report_every > 1};
    plan.evaluates = options->holdout != NULL || options->stopping.target_accuracy > 0;
    if (plan.evaluates)
        plan.evaluation = options->evaluate_every > 0 ? (period){options->evaluate_every, 0} : plan.report;
    if (options->stopping.until_converged > 0)
        plan.convergence = (period){full ? WINDOW_STEPS : plan.epoch_steps, 0};
    if (options->checkpoints.folder != NULL)
        plan.checkpoint = options->checkpoints.every > 0 ? (period){options->checkpoints.every, 0} : plan.report;
    *out = plan;
cleanup:
    return status;
}

/* ---- Batches ---- */

size_t gr_training_plan_batch_first(const training_plan *plan, size_t step)
{
    return step % plan->epoch_steps * plan->batch;
}

size_t gr_training_plan_batch_count(const training_plan *plan, size_t step)
{
    const size_t left = plan->samples - gr_training_plan_batch_first(plan, step);
    return left < plan->batch ? left : plan->batch;
}

/* ---- Due actions ---- */

static bool is_due(const period *p, size_t done)
{
    return p->every > 0 && done % p->every == p->rest;
}

/* The first number above `done` at which it is due, or `last`. */
static size_t next_due(const period *p, size_t done, size_t last)
{
    if (p->every == 0)
        return last;
    const size_t passed = done % p->every;
    const size_t steps = passed < p->rest ? p->rest - passed : p->every - passed + p->rest;
    return steps < last - done ? done + steps : last;
}

bool gr_training_plan_evaluates(const training_plan *plan, size_t done)
{
    return plan->evaluates && (done == plan->steps || is_due(&plan->evaluation, done));
}

bool gr_training_plan_checks_convergence(const training_plan *plan, size_t done)
{
    return is_due(&plan->convergence, done);
}

bool gr_training_plan_saves(const training_plan *plan, size_t done)
{
    return is_due(&plan->checkpoint, done);
}

bool gr_training_plan_reports(const training_plan *plan, size_t done)
{
    return done == plan->steps || is_due(&plan->report, done) || gr_training_plan_evaluates(plan, done);
}

size_t gr_training_plan_next_sync(const training_plan *plan, size_t done)
{
    const period *const syncs[] = {&plan->convergence, &plan->evaluation, &plan->checkpoint};
    size_t next = plan->steps;
    for (size_t i = 0; i < sizeof syncs / sizeof *syncs; i++)
        next = next_due(syncs[i], done, next);
    return next;
}
