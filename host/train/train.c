/* SPDX-License-Identifier: Apache-2.0 */
/* The training loop: gradient descent over any engine, on all samples at once or on mini-batches. */
#include "core/clock.h"
#include "core/memory.h"
#include "engine/select/engines.h"
#include "model/model.h"
#include "train/run.h"
#include "train/verify.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

gradus_train_options gradus_train_options_default(void)
{
    return (gradus_train_options){.engine = "auto",
                                  .iterations = 500,
                                  .seed = 1,
                                  .learning_rate = 0.1f,
                                  .optimizer = gradus_optimizer_default(),
                                  .report_every = 10,
                                  .checkpoints = {.keep = 2}};
}

/* Whether no more iterations shall be queued; the first reason to stop counts. */
static bool shall_end(run *r)
{
    if (r->stopped_by == GRADUS_STOP_STEPS && r->options->stop != NULL && *r->options->stop != 0)
        r->stopped_by = GRADUS_STOP_REQUEST;
    if (r->stopped_by == GRADUS_STOP_STEPS && r->queued > 0 &&
        gr_stopping_rules_out_of_time(&r->early_stopping.rules, gr_seconds() - r->started + r->evaluation_seconds))
        r->stopped_by = GRADUS_STOP_TIME;
    return r->stopped_by != GRADUS_STOP_STEPS;
}

static gradus_status diverged(const run *r, size_t iteration, double loss)
{
    char kept[64] = "no parameters were kept";
    if (r->kept_iteration != SIZE_MAX)
        snprintf(kept, sizeof kept, "the parameters of iteration %zu are kept", r->kept_iteration);
    return gr_fail(GRADUS_ERROR_DIVERGED,
                   "the loss became %s in iteration %zu; the learning rate of %g is probably too large; %s",
                   isnan(loss) ? "not a number" : "infinite", iteration, (double)r->options->learning_rate, kept);
}

/* Shuffles the samples into the order of this step's epoch. */
static gradus_status shuffle(run *r, size_t step)
{
    if (r->options->batch_size == 0)
        return GRADUS_OK;
    const uint32_t epoch = (uint32_t)(step / r->plan.epoch_steps);
    const permutation order = gr_permutation((uint32_t)r->plan.samples, r->options->seed, epoch);
    return r->e->type->shuffle(r->e, &order);
}

static gradus_status begin_epoch(run *r)
{
    return r->queued % r->plan.epoch_steps == 0 ? shuffle(r, r->queued) : GRADUS_OK;
}

/* Restores the order in which the last step before a checkpoint left the samples: sums over all of them are added up in
 * this order. */
static gradus_status continue_epoch(run *r)
{
    return r->queued > 0 ? shuffle(r, r->queued - 1) : GRADUS_OK;
}

static update_step step_of(const run *r, size_t step)
{
    return gr_optimizer_step(&r->e->optimizer, gr_schedule_rate(&r->schedule, step), step + 1);
}

/* The number of steps, at most `limit`, that can be queued in one call: all in one epoch, and with no report before the
 * last one. */
static size_t run_length(const run *r, size_t limit)
{
    const size_t left = r->plan.epoch_steps - r->queued % r->plan.epoch_steps;
    size_t count = 1;
    while (count < limit && count < left && !gr_training_plan_reports(&r->plan, r->queued + count))
        count++;
    return count;
}

/* Queues `count` steps of gradient descent. A report has the figures of the forward pass, so the parameters that belong
 * to it are those before the update. */
static gradus_status queue_run(run *r, size_t count)
{
    gradus_status status = GRADUS_OK;
    const size_t last = r->queued + count - 1;
    update_step steps[METRIC_SLOTS];
    TRY(begin_epoch(r));
    for (size_t i = 0; i < count; i++)
        steps[i] = step_of(r, r->queued + i);
    const size_t end = gr_training_plan_batch_first(&r->plan, last) + gr_training_plan_batch_count(&r->plan, last);
    const step_run next = {gr_training_plan_batch_first(&r->plan, r->queued), end, steps, count,
                           gr_training_plan_reports(&r->plan, last + 1)};
    TRY(gr_engine_take_steps(r->e, &next));
    r->queued += count;
cleanup:
    return status;
}

static gradus_status queue_burst(run *r, size_t length)
{
    gradus_status status = GRADUS_OK;
    const burst *b = gr_pending_add(&r->pending, r->queued, length);
    const size_t end = r->queued + length;
    while (r->queued < end)
        TRY(queue_run(r, run_length(r, end - r->queued)));
    TRY(r->e->type->send_sums(r->e, b->place, gr_burst_range(b)));
cleanup:
    return status;
}

static void report_latest(run *r)
{
    r->latest.samples_per_second = (double)r->unreported_samples / (r->latest.seconds - r->reported_seconds);
    r->unreported_samples = 0;
    r->reported_seconds = r->latest.seconds;
    if (r->options->report != NULL)
        r->options->report(&r->latest, r->options->user);
}

/* Excludes the time since then from that of the iterations. */
static void exclude_time(run *r, double since)
{
    const double seconds = gr_seconds() - since;
    r->started += seconds;
    r->completed += seconds;
}

/* Evaluates, if that is due, after the latest iteration; nothing else is queued. */
static gradus_status check_early_stopping(run *r)
{
    gradus_status status = GRADUS_OK;
    const double before = gr_seconds();
    gradus_stop_reason reason = GRADUS_STOP_STEPS;
    TRY(gr_early_stopping_check(&r->early_stopping, &r->plan, r->next_sync, &r->latest.train, &r->latest.holdout,
                                &reason));
    r->early_stop = reason;
    if (r->stopped_by == GRADUS_STOP_STEPS)
        r->stopped_by = reason;
    r->next_sync = gr_training_plan_next_sync(&r->plan, r->next_sync);
    r->evaluation_seconds += gr_seconds() - before;
    exclude_time(r, before);
cleanup:
    return status;
}

/* Writes a checkpoint, if that is due, after the latest iteration; nothing else is queued. */
static gradus_status save(run *r)
{
    const double before = gr_seconds();
    const gradus_status status = gr_checkpoints_save(&r->checkpoints, r);
    exclude_time(r, before);
    return status;
}

/* Records the figures of an iteration that ended at the time `now`, and does what is due after it. */
static gradus_status record_iteration(run *r, size_t iteration, const batch_sums *sums, double now)
{
    gradus_status status = GRADUS_OK;
    const size_t count = gr_training_plan_batch_count(&r->plan, iteration);
    if (!isfinite(sums->loss))
        return diverged(r, iteration, sums->loss);
    r->seen.loss += sums->loss;
    r->seen.correct += sums->correct;
    r->seen_samples += count;
    r->unreported_samples += count;
    gr_stopping_rules_record_step(&r->early_stopping.rules, sums, count);
    const double samples = (double)r->seen_samples;
    r->latest = (gradus_report){.iteration = iteration,
                                .iterations = r->plan.steps,
                                .epoch = iteration / r->plan.epoch_steps,
                                .learning_rate = gr_schedule_rate(&r->schedule, iteration),
                                .train = {r->seen.loss / samples, r->seen.correct / samples},
                                .holdout = {NAN, NAN},
                                .seconds = now - r->started};
    if (iteration + 1 == r->next_sync)
        TRY(check_early_stopping(r));
    const bool reported = gr_training_plan_reports(&r->plan, iteration + 1);
    if (reported) {
        r->kept_iteration = iteration;
        r->reported = iteration + 1;
        report_latest(r);
    }
    if (reported || r->options->batch_size == 0) {
        r->seen = (batch_sums){0, 0};
        r->seen_samples = 0;
    }
    if (gr_training_plan_saves(&r->plan, iteration + 1))
        TRY(save(r));
cleanup:
    return status;
}

/* Records each iteration of a burst. Only the burst's end was timed; its iterations get equal shares of the time. Only the
 * last one can be followed by a wait. */
static gradus_status record_burst(run *r, const burst *b, const batch_sums *sums, double before)
{
    gradus_status status = GRADUS_OK;
    const double each = (r->completed - before) / (double)b->length;
    for (size_t i = 0; i < b->length; i++)
        TRY(record_iteration(r, b->first + i, &sums[i], before + (double)(i + 1) * each));
cleanup:
    return status;
}

/* Waits for the oldest burst and records it. */
static gradus_status finish_burst(run *r)
{
    gradus_status status = GRADUS_OK;
    const burst b = *gr_pending_oldest(&r->pending);
    const double waiting_since = gr_seconds(), before = r->completed;
    batch_sums sums[METRIC_SLOTS];

    TRY(r->e->type->await_sums(r->e, b.place, gr_burst_range(&b), sums));
    r->completed = gr_seconds();
    r->wait_seconds += r->completed - waiting_since;
    gr_pending_remove(&r->pending, r->completed - before);
    TRY(record_burst(r, &b, sums, before));
cleanup:
    return status;
}

/* Keeps the device busy: while a burst is recorded, later ones are queued already. But nothing is queued past an iteration
 * after which the run may end before its results are known. */
static gradus_status run_bursts(run *r)
{
    gradus_status status = GRADUS_OK;
    r->completed = gr_seconds();
    r->started = r->completed - r->elapsed;
    r->next_sync = gr_training_plan_next_sync(&r->plan, r->queued);
    gr_pending_begin(&r->pending, r->e->type->needs_device);
    while (r->queued < r->plan.steps && !shall_end(r)) {
        const size_t length =
            r->queued == r->next_sync ? 0 : gr_pending_next_length(&r->pending, r->queued, r->next_sync);
        if (length > 0 && gr_pending_has_room(&r->pending, length))
            TRY(queue_burst(r, length));
        else
            TRY(finish_burst(r));
    }
    while (r->pending.count > 0)
        TRY(finish_burst(r));
cleanup:
    return status;
}

/* Evaluates the parameters that the model gets. */
static gradus_status evaluate_result(run *r, gradus_train_result *result)
{
    gradus_status status = GRADUS_OK;
    TRY(gr_early_stopping_restore_best(&r->early_stopping, r->stopped_by, &result->model_iterations));
    TRY(gr_early_stopping_evaluate_train(&r->early_stopping, &result->train));
    if (!isfinite(result->train.loss))
        TRY(diverged(r, r->queued, result->train.loss));
    TRY(gr_early_stopping_evaluate_holdout(&r->early_stopping, result->model_iterations, &result->holdout));
cleanup:
    return status;
}

/* A run that was stopped also reports its last iteration, even if no report is due. It does so at the end, when the
 * update is known to be finite, because the engine has not kept the parameters before it. */
static gradus_status run_iterations(run *r, gradus_train_result *result)
{
    gradus_status status = GRADUS_OK;
    TRY(run_bursts(r));
    TRY(save(r));
    result->iterations = result->model_iterations = r->queued;
    result->resumed_from = r->resumed_from;
    result->stopped_by = r->stopped_by;
    result->train_seconds = r->completed - r->started;
    result->wait_seconds = r->wait_seconds;
    TRY(evaluate_result(r, result));
    if (r->queued > 0 && !gr_training_plan_reports(&r->plan, r->queued)) {
        if (result->model_iterations == r->queued)
            r->latest.holdout = result->holdout;
        report_latest(r);
    }
cleanup:
    return status;
}

/* Copies the engine's parameters to the model, unless one of them is infinite. */
static gradus_status take_parameters(engine *e, gradus_model *model)
{
    gradus_status status = GRADUS_OK;
    float *parameters = NULL;
    TRY(gr_allocate(e->layout.length, &parameters));
    TRY(e->type->read_parameters(e, parameters));
    for (size_t i = 0; i < e->layout.length; i++)
        if (!isfinite(parameters[i]))
            FAIL(GRADUS_ERROR_DIVERGED, "a parameter became infinite; the learning rate is probably too large");
    memcpy(model->parameters, parameters, e->layout.length * sizeof *parameters);
cleanup:
    free(parameters);
    return status;
}

gradus_status gr_train_settings(const gradus_train_options *options, engine_settings *out)
{
    *out = (engine_settings){
        .threads = options->threads,
        .batch = options->batch_size,
        .regularization = {options->dropout, options->input_dropout, options->label_smoothing, options->seed},
        .augmentation = {options->augmentation, options->seed},
        .stop = options->stop};
    return gr_optimizer_make(&options->optimizer, &out->optimizer);
}

gradus_status gradus_train(gradus_device *device, gradus_model *model, const gradus_dataset *dataset,
                           const gradus_train_options *options, gradus_train_result *result)
{
    gradus_status status = GRADUS_OK;
    const double started = gr_seconds();
    engine *e = NULL;
    gradus_train_result outcome = {0};
    run r = {.options = options, .kept_iteration = SIZE_MAX};
    const char *name = NULL;
    engine_settings settings;

    TRY(gr_training_plan_make(options, dataset, &r.plan));
    TRY(gr_schedule_make(&options->schedule, options->learning_rate, r.plan.steps, &r.schedule));
    TRY(gr_train_settings(options, &settings));
    TRY(gr_checkpoints_open(&r.checkpoints, options, &r.plan, model, dataset));
    TRY(gr_checkpoints_engine(&r.checkpoints, options->engine, &name));
    TRY(gr_engine_open(name, &settings, device, &model->network, dataset, &e));
    TRY(gr_early_stopping_begin(&r.early_stopping, options, e, e->type->needs_device ? device : NULL));
    TRY(gr_verify_engine(e, model->parameters, gr_verify_samples(e), VERIFY_TOLERANCE, NULL));
    TRY(gr_verify_steps(e, model->parameters));
    outcome.engine = e->type->name;
    gr_engine_describe(e, outcome.plan, sizeof outcome.plan);
    r.e = e;
    TRY(gr_checkpoints_resume(&r.checkpoints, &r, device));
    TRY(continue_epoch(&r));
    outcome.setup_seconds = gr_seconds() - started;
    status = run_iterations(&r, &outcome);
    if (status == GRADUS_OK)
        status = take_parameters(e, model);
    if (status == GRADUS_ERROR_DIVERGED && r.kept_iteration != SIZE_MAX && e->type->restore_parameters(e) == GRADUS_OK)
        (void)take_parameters(e, model);
    TRY(status);
    if (result != NULL)
        *result = outcome;
cleanup:
    gr_early_stopping_release(&r.early_stopping);
    gr_checkpoints_close(&r.checkpoints);
    gr_engine_destroy(e);
    return status;
}
