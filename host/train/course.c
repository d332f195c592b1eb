/* SPDX-License-Identifier: Apache-2.0 */
/* Epochs, steps, and what is due behind them. */
#include "train/course.h"
#include "core/memory.h"
#include "data/augment.h"
#include "data/dataset.h"

/* Of full batches; of mini-batches it is an epoch. */
#define WINDOW_STEPS 50

/* NaN is none of these either. */
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

/* A full batch is the same samples in every step, and has no epochs. */
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

gradus_status gr_course_plan(const gradus_train_options *options, const gradus_dataset *dataset, course *out)
{
    gradus_status status = GRADUS_OK;
    TRY(check_options(options, dataset));
    TRY(check_regularization(options));
    TRY(check_augmentation(options, &dataset->info));
    const size_t samples = dataset->info.samples;
    const bool whole = options->batch_size == 0; /* each iteration's figures are whole, so the first is shown */
    course c = {.samples = samples, .batch = whole ? samples : options->batch_size};
    c.epoch_steps = options->drop_last ? samples / c.batch : gr_divide_up(samples, c.batch);
    c.steps = options->epochs > 0 ? options->epochs * c.epoch_steps : options->iterations;
    c.report = (period){options->report_every, whole && options->report_every > 1};
    c.judges = options->holdout != NULL || options->stopping.target_accuracy > 0;
    if (c.judges)
        c.judgement = options->evaluate_every > 0 ? (period){options->evaluate_every, 0} : c.report;
    if (options->stopping.until_converged > 0)
        c.window = (period){whole ? WINDOW_STEPS : c.epoch_steps, 0};
    if (options->checkpoints.folder != NULL)
        c.checkpoint = options->checkpoints.every > 0 ? (period){options->checkpoints.every, 0} : c.report;
    *out = c;
cleanup:
    return status;
}

/* ---- Batches ---- */

size_t gr_course_batch_first(const course *c, size_t step)
{
    return step % c->epoch_steps * c->batch;
}

size_t gr_course_batch_count(const course *c, size_t step)
{
    const size_t left = c->samples - gr_course_batch_first(c, step);
    return left < c->batch ? left : c->batch;
}

/* ---- What is due ---- */

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

bool gr_course_judges(const course *c, size_t done)
{
    return c->judges && (done == c->steps || is_due(&c->judgement, done));
}

bool gr_course_compares(const course *c, size_t done)
{
    return is_due(&c->window, done);
}

bool gr_course_saves(const course *c, size_t done)
{
    return is_due(&c->checkpoint, done);
}

bool gr_course_reports(const course *c, size_t done)
{
    return done == c->steps || is_due(&c->report, done) || gr_course_judges(c, done);
}

size_t gr_course_next_halt(const course *c, size_t done)
{
    const period *const halts[] = {&c->window, &c->judgement, &c->checkpoint};
    size_t next = c->steps;
    for (size_t i = 0; i < sizeof halts / sizeof *halts; i++)
        next = next_due(halts[i], done, next);
    return next;
}
