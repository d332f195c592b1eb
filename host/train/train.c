/* SPDX-License-Identifier: Apache-2.0 */
/* The training loop: full-batch gradient descent over any engine. */
#include "core/clock.h"
#include "core/memory.h"
#include "data/dataset.h"
#include "engine/engine.h"
#include "model/model.h"
#include "train/verify.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

gradus_train_options gradus_train_options_default(void)
{
    return (gradus_train_options){.engine = "auto", .iterations = 500, .learning_rate = 0.1f, .report_every = 10};
}

static gradus_status check_options(const gradus_train_options *options, const gradus_dataset *dataset)
{
    if (!(options->learning_rate > 0) || !isfinite(options->learning_rate))
        return gr_fail(GRADUS_ERROR_ARGUMENT, "learning rate: found %g, expected a finite number above 0",
                       (double)options->learning_rate);
    if (!dataset->info.labelled)
        return gr_fail(GRADUS_ERROR_ARGUMENT, "the training set has no labels");
    return GRADUS_OK;
}

/* ---- The loop ---- */

/* Work is queued in bursts: up to the next report, but no more than can be waited for when somebody says stop. */
#define BURST_SECONDS 0.2

typedef struct run {
    engine *e;
    const gradus_train_options *options;
    size_t done;                  /* iterations whose update is queued or done */
    double started;               /* clock at the first iteration */
    double seconds_per_iteration; /* of the last burst; 0: not known yet */
    size_t kept_iteration;        /* whose parameters are set aside; SIZE_MAX: none */
    bool stopped;
} run;

static bool stop_requested(const run *r)
{
    return r->options->stop != NULL && *r->options->stop != 0;
}

static bool is_reported(const run *r, size_t iteration)
{
    const size_t every = r->options->report_every;
    return iteration + 1 == r->options->iterations || (every > 0 && iteration % every == 0);
}

/* The number of iterations from `done` up to and including the next one that is reported, within limits. */
static size_t burst_length(const run *r)
{
    size_t limit = 1;
    if (r->seconds_per_iteration > 0) {
        const double in_time = BURST_SECONDS / r->seconds_per_iteration;
        limit = in_time < 1 ? 1 : in_time > METRIC_SLOTS ? METRIC_SLOTS : (size_t)in_time;
    }
    size_t length = 1;
    while (length < limit && !is_reported(r, r->done + length - 1))
        length++;
    return length;
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

/* Waits for the burst's sums, checks every one of them, and reports the last iteration if it is due. */
static gradus_status finish_burst(run *r, size_t length)
{
    gradus_status status = GRADUS_OK;
    const double samples = (double)r->e->dataset->info.samples;
    const size_t last = r->done + length - 1;
    batch_sums sums[METRIC_SLOTS];

    TRY(r->e->type->read_sums(r->e, (unsigned)length, sums));
    for (size_t i = 0; i < length; i++) {
        if (!isfinite(sums[i].loss)) {
            status = diverged(r, r->done + i, sums[i].loss);
            goto cleanup;
        }
    }
    if (is_reported(r, last) || stop_requested(r)) {
        const gradus_metrics metrics = {sums[length - 1].loss / samples, sums[length - 1].correct / samples};
        const gradus_report report = {last, r->options->iterations, metrics, gr_seconds() - r->started};
        TRY(r->e->type->keep_parameters(r->e));
        r->kept_iteration = last;
        if (r->options->report != NULL)
            r->options->report(&report, r->options->user);
    }
cleanup:
    return status;
}

/* Up to `length` iterations; their figures are looked at before the last one's update, which is why that waits. */
static gradus_status run_burst(run *r, size_t length)
{
    gradus_status status = GRADUS_OK;
    const double started = gr_seconds();
    const engine_type *type = r->e->type;
    size_t queued = 0;

    for (;;) {
        TRY(type->gradient(r->e, 0, r->e->dataset->info.samples, (unsigned)queued));
        queued++;
        if (queued == length || stop_requested(r))
            break;
        TRY(type->update(r->e, r->options->learning_rate));
    }
    TRY(finish_burst(r, queued));
    TRY(type->update(r->e, r->options->learning_rate));
    r->done += queued;
    r->seconds_per_iteration = (gr_seconds() - started) / (double)queued;
cleanup:
    return status;
}

static gradus_status measure_result(run *r, gradus_train_result *result)
{
    gradus_status status = GRADUS_OK;
    const size_t samples = r->e->dataset->info.samples;
    batch_sums sums;
    TRY(r->e->type->evaluate(r->e, 0, samples, 0));
    TRY(r->e->type->read_sums(r->e, 1, &sums));
    if (!isfinite(sums.loss)) {
        status = diverged(r, r->done, sums.loss);
        goto cleanup;
    }
    result->train = (gradus_metrics){sums.loss / (double)samples, sums.correct / (double)samples};
cleanup:
    return status;
}

static gradus_status run_iterations(run *r, gradus_train_result *result)
{
    gradus_status status = GRADUS_OK;
    r->started = gr_seconds();
    while (r->done < r->options->iterations && !stop_requested(r))
        TRY(run_burst(r, burst_length(r)));
    result->iterations = r->done;
    result->stopped = r->done < r->options->iterations;
    TRY(r->e->type->finish(r->e));
    result->train_seconds = gr_seconds() - r->started;
    TRY(measure_result(r, result));
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

    TRY(check_options(options, dataset));
    TRY(gr_engine_open(options->engine, device, &model->network, dataset, &e));
    TRY(gr_verify_engine(e, model->parameters, gr_verify_samples(e), VERIFY_TOLERANCE, NULL));
    outcome.engine = e->type->name;
    outcome.setup_seconds = gr_seconds() - started;
    r.e = e;
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
