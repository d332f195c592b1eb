/* SPDX-License-Identifier: Apache-2.0 */
/* The training loop: gradient descent over any engine, on all samples at once or on mini-batches. */
#include "core/clock.h"
#include "core/memory.h"
#include "data/dataset.h"
#include "engine/engine.h"
#include "model/model.h"
#include "train/pending.h"
#include "train/schedule.h"
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
                                  .report_every = 10};
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

/* ---- Batches ---- */

/* How a run divides into epochs and steps. */
typedef struct course {
    size_t samples, batch; /* of the data set, and of a step at most */
    size_t epoch_steps, steps;
} course;

static course plan_course(const gradus_train_options *options, size_t samples)
{
    course c = {.samples = samples, .batch = options->batch_size == 0 ? samples : options->batch_size};
    c.epoch_steps = options->drop_last ? samples / c.batch : gr_divide_up(samples, c.batch);
    c.steps = options->epochs > 0 ? options->epochs * c.epoch_steps : options->iterations;
    return c;
}

static size_t batch_first(const course *c, size_t step)
{
    return step % c->epoch_steps * c->batch;
}

static size_t batch_count(const course *c, size_t step)
{
    const size_t left = c->samples - batch_first(c, step);
    return left < c->batch ? left : c->batch;
}

/* ---- The loop ---- */

typedef struct run {
    engine *e;
    gradus_device *device; /* NULL: none is needed */
    const gradus_train_options *options;
    course course;
    schedule schedule;
    size_t queued;        /* iterations */
    pending pending;      /* those of them that nobody has looked at */
    double started;       /* clock at the first iteration */
    double looked;        /* clock when a burst was last found complete */
    double wait_seconds;  /* spent in waiting for that */
    gradus_report latest; /* of the last iteration that was looked at */
    batch_sums seen;      /* of the samples since the report before, of mini-batches */
    size_t seen_samples;
    size_t kept_iteration; /* whose parameters are set aside; SIZE_MAX: none */
} run;

static bool stop_requested(const run *r)
{
    return r->options->stop != NULL && *r->options->stop != 0;
}

static bool is_reported(const run *r, size_t iteration)
{
    const size_t every = r->options->report_every;
    const size_t count = r->options->batch_size > 0 ? iteration + 1 : iteration;
    return iteration + 1 == r->course.steps || (every > 0 && count % every == 0);
}

static gradus_status diverged(const run *r, size_t iteration, double loss)
{
    char kept[64] = "nothing was learned";
    if (r->kept_iteration != SIZE_MAX)
        snprintf(kept, sizeof kept, "the parameters of iteration %zu are kept", r->kept_iteration);
    return gr_fail(GRADUS_ERROR_DIVERGED,
                   "the loss became %s in iteration %zu; the learning rate of %g is probably too large; %s",
                   isnan(loss) ? "not a number" : "infinite", iteration, (double)r->options->learning_rate, kept);
}

/* Puts the samples in the next epoch's order, if the next step begins one. */
static gradus_status begin_epoch(run *r)
{
    if (r->options->batch_size == 0 || r->queued % r->course.epoch_steps != 0)
        return GRADUS_OK;
    const uint32_t epoch = (uint32_t)(r->queued / r->course.epoch_steps);
    const permutation order = gr_permutation((uint32_t)r->course.samples, r->options->seed, epoch);
    return r->e->type->shuffle(r->e, &order);
}

static update_step step_of(const run *r, size_t step)
{
    return gr_optimizer_step(&r->e->optimizer, gr_schedule_rate(&r->schedule, step), step + 1);
}

/* One step of gradient descent. A report tells of the forward pass, so its parameters are those before the update. */
static gradus_status queue_iteration(run *r)
{
    gradus_status status = GRADUS_OK;
    const engine_type *type = r->e->type;
    const update_step step = step_of(r, r->queued);
    TRY(begin_epoch(r));
    TRY(type->gradient(r->e, batch_first(&r->course, r->queued), batch_count(&r->course, r->queued)));
    if (is_reported(r, r->queued))
        TRY(type->keep_parameters(r->e));
    TRY(type->update(r->e, &step));
    r->queued++;
cleanup:
    return status;
}

/* How many steps from the next one on, `limit` at most, are of one epoch and have no report but after the last. */
static size_t run_length(const run *r, size_t limit)
{
    const size_t left = r->course.epoch_steps - r->queued % r->course.epoch_steps;
    size_t count = 1;
    while (count < limit && count < left && !is_reported(r, r->queued + count - 1))
        count++;
    return count;
}

/* The same as queue_iteration() for each of them. */
static gradus_status queue_run(run *r, size_t count)
{
    gradus_status status = GRADUS_OK;
    const size_t last = r->queued + count - 1;
    update_step steps[METRIC_SLOTS];
    TRY(begin_epoch(r));
    for (size_t i = 0; i < count; i++)
        steps[i] = step_of(r, r->queued + i);
    const step_run next = {batch_first(&r->course, r->queued),
                           batch_first(&r->course, last) + batch_count(&r->course, last), steps, count,
                           is_reported(r, last)};
    TRY(r->e->type->take_steps(r->e, &next));
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
        TRY(r->e->type->take_steps == NULL ? queue_iteration(r) : queue_run(r, run_length(r, end - r->queued)));
    TRY(r->e->type->send_sums(r->e, b->place, gr_burst_range(b)));
cleanup:
    return status;
}

static void report_latest(const run *r)
{
    if (r->options->report != NULL)
        r->options->report(&r->latest, r->options->user);
}

/* Checks the loss of each iteration of a burst, and reports those that are due. A burst's end is all that is known of
 * the time; its iterations take equal shares of it. */
static gradus_status look_at(run *r, const burst *b, const batch_sums *sums, double before)
{
    const double each = (r->looked - before) / (double)b->length;
    for (size_t i = 0; i < b->length; i++) {
        const size_t iteration = b->first + i;
        if (!isfinite(sums[i].loss))
            return diverged(r, iteration, sums[i].loss);
        r->seen.loss += sums[i].loss;
        r->seen.correct += sums[i].correct;
        r->seen_samples += batch_count(&r->course, iteration);
        const double samples = (double)r->seen_samples;
        r->latest = (gradus_report){.iteration = iteration,
                                    .iterations = r->course.steps,
                                    .epoch = iteration / r->course.epoch_steps,
                                    .train = {r->seen.loss / samples, r->seen.correct / samples},
                                    .seconds = before + (double)(i + 1) * each - r->started};
        const bool reported = is_reported(r, iteration);
        if (reported) {
            r->kept_iteration = iteration;
            report_latest(r);
        }
        if (reported || r->options->batch_size == 0) {
            r->seen = (batch_sums){0, 0};
            r->seen_samples = 0;
        }
    }
    return GRADUS_OK;
}

/* Waits for the oldest burst and looks at it. */
static gradus_status finish_burst(run *r)
{
    gradus_status status = GRADUS_OK;
    const burst b = *gr_pending_oldest(&r->pending);
    const double waiting_since = gr_seconds(), before = r->looked;
    batch_sums sums[METRIC_SLOTS];

    TRY(r->e->type->await_sums(r->e, b.place, gr_burst_range(&b), sums));
    r->looked = gr_seconds();
    r->wait_seconds += r->looked - waiting_since;
    gr_pending_remove(&r->pending, r->looked - before);
    TRY(look_at(r, &b, sums, before));
cleanup:
    return status;
}

/* Keeps the device busy: a burst is looked at when those behind it have long been queued. */
static gradus_status run_bursts(run *r)
{
    gradus_status status = GRADUS_OK;
    const size_t iterations = r->course.steps;
    r->started = r->looked = gr_seconds();
    gr_pending_begin(&r->pending, r->e->type->needs_device);
    while (r->queued < iterations && !stop_requested(r)) {
        const size_t length = gr_pending_next_length(&r->pending, r->queued, iterations);
        if (gr_pending_has_room(&r->pending, length))
            TRY(queue_burst(r, length));
        else
            TRY(finish_burst(r));
    }
    while (r->pending.count > 0)
        TRY(finish_burst(r));
cleanup:
    return status;
}

/* An engine for batches would go through all samples in small steps, so another one does. */
static gradus_status evaluate_apart(const run *r, batch_sums *sums)
{
    gradus_status status = GRADUS_OK;
    engine *whole = NULL;
    float *parameters = NULL;
    TRY(gr_allocate(r->e->layout.length, &parameters));
    TRY(r->e->type->read_parameters(r->e, parameters));
    TRY(gr_engine_create(&gr_engine_once, r->device, &r->e->network, r->e->dataset, &whole));
    TRY(whole->type->write_parameters(whole, parameters));
    TRY(whole->type->evaluate(whole, 0, r->e->dataset->info.samples));
    TRY(whole->type->read_sums(whole, sums));
cleanup:
    gr_engine_destroy(whole);
    free(parameters);
    return status;
}

static gradus_status evaluate_here(const run *r, batch_sums *sums)
{
    gradus_status status = GRADUS_OK;
    TRY(r->e->type->evaluate(r->e, 0, r->e->dataset->info.samples));
    TRY(r->e->type->read_sums(r->e, sums));
cleanup:
    return status;
}

static gradus_status measure_result(run *r, gradus_train_result *result)
{
    gradus_status status = GRADUS_OK;
    const size_t samples = r->e->dataset->info.samples;
    batch_sums sums;
    TRY(r->e->batch > 0 ? evaluate_apart(r, &sums) : evaluate_here(r, &sums));
    if (!isfinite(sums.loss)) {
        status = diverged(r, r->queued, sums.loss);
        goto cleanup;
    }
    result->train = (gradus_metrics){sums.loss / (double)samples, sums.correct / (double)samples};
cleanup:
    return status;
}

/* When it was stopped, the last iteration is reported although it was not due; now that its update is known to be good,
 * since its own parameters were not set aside. */
static gradus_status run_iterations(run *r, gradus_train_result *result)
{
    gradus_status status = GRADUS_OK;
    TRY(run_bursts(r));
    result->iterations = r->queued;
    result->stopped = r->queued < r->course.steps;
    result->train_seconds = r->looked - r->started;
    result->wait_seconds = r->wait_seconds;
    TRY(measure_result(r, result));
    if (result->stopped && r->queued > 0 && !is_reported(r, r->queued - 1))
        report_latest(r);
cleanup:
    return status;
}

/* The engine's parameters become the model's, unless one is infinite. */
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

gradus_status gradus_train(gradus_device *device, gradus_model *model, const gradus_dataset *dataset,
                           const gradus_train_options *options, gradus_train_result *result)
{
    gradus_status status = GRADUS_OK;
    const double started = gr_seconds();
    engine *e = NULL;
    gradus_train_result outcome = {0};
    run r = {.options = options, .kept_iteration = SIZE_MAX};
    engine_settings settings = {.name = options->engine, .threads = options->threads, .batch = options->batch_size};

    TRY(check_options(options, dataset));
    r.course = plan_course(options, dataset->info.samples);
    TRY(gr_schedule_make(&options->schedule, options->learning_rate, r.course.steps, &r.schedule));
    TRY(gr_optimizer_make(&options->optimizer, &settings.optimizer));
    TRY(gr_engine_open(&settings, device, &model->network, dataset, &e));
    TRY(gr_verify_engine(e, model->parameters, gr_verify_samples(e), VERIFY_TOLERANCE, NULL));
    outcome.engine = e->type->name;
    gr_engine_describe(e, outcome.plan, sizeof outcome.plan);
    outcome.setup_seconds = gr_seconds() - started;
    r.e = e;
    r.device = e->type->needs_device ? device : NULL;
    status = run_iterations(&r, &outcome);
    if (status == GRADUS_OK)
        status = take_parameters(e, model);
    if (status == GRADUS_ERROR_DIVERGED && r.kept_iteration != SIZE_MAX && e->type->restore_parameters(e) == GRADUS_OK)
        (void)take_parameters(e, model);
    TRY(status);
    if (result != NULL)
        *result = outcome;
cleanup:
    gr_engine_destroy(e);
    return status;
}
