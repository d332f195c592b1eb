/* SPDX-License-Identifier: Apache-2.0 */
/* Steps without a training around them, for a measurement. */
#include "engine/select/engine_trial.h"
#include "core/clock.h"
#include "core/memory.h"

/* The time of a step is the shortest of REPEATS bursts, which together take about TRIAL_SECONDS; of a slow step it is that
 * of one. */
#define REPEATS 3
#define TRIAL_SECONDS 0.1

/* A training queues no longer bursts. */
#define BURST_LENGTH_MAX (METRIC_SLOTS / SUMS_UNDER_WAY)

typedef struct trial {
    engine *e;
    size_t batch, epoch_steps;
    size_t done; /* steps */
} trial;

static trial make_trial(engine *e)
{
    const size_t samples = e->dataset->info.samples;
    const size_t batch = e->batch > 0 && e->batch < samples ? e->batch : samples;
    return (trial){.e = e, .batch = batch, .epoch_steps = gr_divide_up(samples, batch)};
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The first epoch has an order of its own, because augmentation begins with it. */
static gradus_status begin_epoch(trial *t, size_t step)
{
    const engine *e = t->e;
    const permutation order = gr_permutation((uint32_t)e->dataset->info.samples, e->regularization.seed,
                                             (uint32_t)(t->done / t->epoch_steps));
    return step > 0 || e->batch == 0 ? GRADUS_OK : e->type->shuffle(t->e, &order);
}

/* Queues up to `most` steps, all in one epoch. */
static gradus_status queue_steps(trial *t, size_t most)
{
    gradus_status status = GRADUS_OK;
    const size_t samples = t->e->dataset->info.samples, step = t->done % t->epoch_steps;
    const size_t count = smaller(most, t->epoch_steps - step), first = step * t->batch;
    const update_step nothing = gr_optimizer_step(&t->e->optimizer, 0, 1);
    update_step steps[BURST_LENGTH_MAX];

    TRY(begin_epoch(t, step));
    for (size_t i = 0; i < count; i++)
        steps[i] = nothing;
    TRY(gr_engine_take_steps(t->e,
                             &(step_run){first, smaller(samples, first + count * t->batch), steps, count, false}));
    t->done += count;
cleanup:
    return status;
}

/* Seconds of one of `count` steps. */
static gradus_status time_steps(trial *t, size_t count, double *seconds)
{
    gradus_status status = GRADUS_OK;
    const size_t end = t->done + count;
    const double started = gr_seconds();
    batch_sums last;
    while (t->done < end)
        TRY(queue_steps(t, end - t->done));
    TRY(t->e->type->read_sums(t->e, &last)); /* waits */
    *seconds = (gr_seconds() - started) / (double)count;
cleanup:
    return status;
}

gradus_status gr_engine_trial(engine *e, const float *parameters, double *seconds)
{
    gradus_status status = GRADUS_OK;
    trial t = make_trial(e);
    double shortest = 0, now = 0;

    TRY(e->type->write_parameters(e, parameters));
    TRY(time_steps(&t, 1, &now)); /* may compile */
    TRY(time_steps(&t, 1, &shortest));
    const double fit = TRIAL_SECONDS / REPEATS / shortest;
    const size_t count = fit < 1 ? 1 : fit > BURST_LENGTH_MAX ? BURST_LENGTH_MAX : (size_t)fit;
    for (size_t i = 0; i < REPEATS && (double)(i + 1) * shortest <= TRIAL_SECONDS; i++) {
        TRY(time_steps(&t, count, &now));
        shortest = now < shortest ? now : shortest;
    }
    *seconds = shortest;
cleanup:
    return status;
}
