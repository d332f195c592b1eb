/* SPDX-License-Identifier: Apache-2.0 */
/* Times iterations without the training loop: gradient and update of an engine, repeatedly. */
#include "core/clock.h"
#include "core/memory.h"
#include "device/profile.h"
#include "engine/select/engines.h"
#include "train/verify.h"

#include <stdlib.h>

struct gradus_benchmark {
    engine *e;
    gradus_device *device;        /* NULL: the engine needs none */
    double seconds_per_iteration; /* of the last burst */
    char plan[sizeof((gradus_train_result *)0)->plan];
};

/* So small that the parameters hardly change, and every sample measures the same work. */
#define LEARNING_RATE 1e-6f

#define PARAMETER_SEED 1

/* Work is queued in bursts. A burst has at most as many iterations as the ring has slots, and is short enough to wait
 * for when a stop is requested. */
#define BURST_SECONDS 0.1

gradus_benchmark_options gradus_benchmark_options_default(void)
{
    return (gradus_benchmark_options){.seconds = 0.3, .iterations = 3};
}

gradus_status gradus_network_work(const gradus_network *network, size_t samples, gradus_work *work)
{
    gradus_status status = GRADUS_OK;
    double products = 0;
    TRY(gr_network_validate(network));
    for (size_t l = 0; l < network->layers; l++)
        products += (l == 0 ? 2.0 : 3.0) * (double)network->sizes[l] * (double)network->sizes[l + 1];
    const double x_bytes = (double)network->sizes[0] * (double)samples * (network->floats ? sizeof(float) : 1);
    *work = (gradus_work){2 * products * (double)samples, x_bytes};
cleanup:
    return status;
}

/* ---- Timing ---- */

static gradus_status run_burst(gradus_benchmark *b, size_t length)
{
    gradus_status status = GRADUS_OK;
    const double started = gr_seconds();
    const update_step step = gr_optimizer_step(&b->e->optimizer, LEARNING_RATE, 1);
    const step_run iteration = {0, b->e->dataset->info.samples, &step, 1, false};
    batch_sums last;
    for (size_t i = 0; i < length; i++)
        TRY(gr_engine_take_steps(b->e, &iteration));
    TRY(b->e->type->read_sums(b->e, &last)); /* waits */
    b->seconds_per_iteration = (gr_seconds() - started) / (double)length;
cleanup:
    return status;
}

/* The number of iterations that fit a burst's time, but no more than are still needed. */
static size_t burst_length(const gradus_benchmark *b, const gradus_benchmark_options *options,
                           const gradus_benchmark_sample *done)
{
    const double left = options->seconds - done->seconds, pace = b->seconds_per_iteration;
    const double wanted = (left < BURST_SECONDS ? left : BURST_SECONDS) / pace;
    const size_t in_time = !(wanted > 1) ? 1 : wanted > METRIC_SLOTS ? METRIC_SLOTS : (size_t)wanted + 1;
    const size_t missing = options->iterations > done->iterations ? options->iterations - done->iterations : 0;
    return missing > in_time && (double)missing * pace < BURST_SECONDS && missing < METRIC_SLOTS ? missing : in_time;
}

static bool is_enough(const gradus_benchmark_options *options, const gradus_benchmark_sample *done)
{
    if (options->stop != NULL && *options->stop != 0)
        return true;
    const bool iterations = done->iterations >= options->iterations || done->seconds >= 10 * options->seconds;
    return done->iterations > 0 && done->seconds >= options->seconds && iterations;
}

static gradus_status run(gradus_benchmark *b, const gradus_benchmark_options *options, gradus_benchmark_sample *done)
{
    gradus_status status = GRADUS_OK;
    const double started = gr_seconds();
    *done = (gradus_benchmark_sample){0};
    while (!is_enough(options, done)) {
        const size_t length = burst_length(b, options, done);
        TRY(run_burst(b, length));
        done->iterations += length;
        done->seconds = gr_seconds() - started;
    }
cleanup:
    return status;
}

/* Earlier work has filled the caches with other data. That does not matter for a slow engine. */
#define REFRESH_BELOW_SECONDS 0.1

static gradus_status refresh(gradus_benchmark *b)
{
    return b->seconds_per_iteration < REFRESH_BELOW_SECONDS ? run_burst(b, 1) : GRADUS_OK;
}

static gradus_status check_options(const gradus_benchmark_options *options)
{
    if (!(options->seconds >= 0 && options->seconds < 1e9))
        return gr_fail(GRADUS_ERROR_ARGUMENT, "seconds of a measurement: found %g, expected a number of at least 0",
                       options->seconds);
    return GRADUS_OK;
}

gradus_status gradus_benchmark_measure(gradus_benchmark *b, const gradus_benchmark_options *options,
                                       gradus_benchmark_sample *sample)
{
    gradus_status status = GRADUS_OK;
    const gradus_benchmark_options defaults = gradus_benchmark_options_default();
    options = options == NULL ? &defaults : options;
    TRY(check_options(options));
    TRY(refresh(b));
    TRY(run(b, options, sample));
cleanup:
    return status;
}

gradus_status gradus_benchmark_profile(gradus_benchmark *b, const gradus_benchmark_options *options,
                                       gradus_profile *profile)
{
    gradus_status status = GRADUS_OK;
    const gradus_benchmark_options defaults = gradus_benchmark_options_default();
    gradus_profile result = {0};
    options = options == NULL ? &defaults : options;
    TRY(check_options(options));
    TRY(refresh(b));
    if (b->device != NULL)
        TRY(gr_profile_start(b->device));
    status = run(b, options, &result.sample);
    if (b->device != NULL) {
        const gradus_status stopped = gr_profile_stop(b->device, &result);
        status = status == GRADUS_OK ? stopped : status;
    }
    TRY(status);
    *profile = result;
cleanup:
    return status;
}

/* ---- Life cycle ---- */

/* The first iteration compiles, allocates and fills caches; the second one is timed. The reference needs no warm-up and
 * is slow, so its time is estimated as in gr_verify_samples(). */
static gradus_status warm_up(gradus_benchmark *b)
{
    gradus_status status = GRADUS_OK;
    b->seconds_per_iteration = 1e-9 * (double)b->e->layout.length * (double)b->e->dataset->info.samples;
    if (b->e->type == &gr_engine_reference)
        goto cleanup;
    TRY(run_burst(b, 1));
    TRY(run_burst(b, 1));
cleanup:
    return status;
}

gradus_status gradus_benchmark_create(gradus_device *device, const char *name, const gradus_network *network,
                                      const gradus_dataset *dataset, size_t threads, gradus_benchmark **out)
{
    gradus_status status = GRADUS_OK;
    gradus_benchmark *b = NULL;
    float *parameters = NULL;

    if (!dataset->info.labelled)
        FAIL(GRADUS_ERROR_ARGUMENT, "the data set has no labels");
    TRY(gr_allocate(1, &b));
    TRY(gr_engine_open(name, &(engine_settings){.threads = threads}, device, network, dataset, &b->e));
    b->device = b->e->type->needs_device ? device : NULL;
    TRY(gr_allocate(b->e->layout.length, &parameters));
    gr_network_initialise(network, PARAMETER_SEED, parameters);
    TRY(gr_verify_engine(b->e, parameters, gr_verify_samples(b->e), VERIFY_TOLERANCE, NULL));
    TRY(warm_up(b));
    gr_engine_describe(b->e, b->plan, sizeof b->plan);
    *out = b;
    b = NULL;
cleanup:
    free(parameters);
    gradus_benchmark_destroy(b);
    return status;
}

const char *gradus_benchmark_engine(const gradus_benchmark *b)
{
    return b->e->type->name;
}

const char *gradus_benchmark_plan(const gradus_benchmark *b)
{
    return b->plan;
}

void gradus_benchmark_destroy(gradus_benchmark *b)
{
    if (b == NULL)
        return;
    gr_engine_destroy(b->e);
    free(b);
}
