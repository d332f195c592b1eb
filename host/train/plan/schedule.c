/* SPDX-License-Identifier: Apache-2.0 */
/* Learning rate schedules: a linear warm-up, then constant, step, exponential or cosine decay. */
#include "train/plan/schedule.h"
#include "core/names.h"

#include <math.h>

#define PI 3.14159265358979323846

/* ---- The schedules: the factor on the learning rate, `step` steps after the warm-up ---- */

static double constant_factor(const schedule *s, double step)
{
    (void)s;
    (void)step;
    return 1;
}

static double step_factor(const schedule *s, double step)
{
    return pow(s->gamma, floor(step / (double)s->decay_every));
}

static double exponential_factor(const schedule *s, double step)
{
    return pow(s->gamma, step / (double)s->decay_every);
}

static double cosine_factor(const schedule *s, double step)
{
    return (1 + cos(PI * step / (double)(s->steps - s->warmup))) / 2;
}

static const struct {
    const char *name;
    schedule_factor *factor;
} schedules[] = {
    {"constant", constant_factor},
    {"step", step_factor},
    {"exponential", exponential_factor},
    {"cosine", cosine_factor},
};

const char *gradus_schedule_name(size_t index)
{
    return index < sizeof schedules / sizeof *schedules ? schedules[index].name : NULL;
}

/* ---- A run's schedule ---- */

gradus_status gr_schedule_make(const gradus_schedule *options, float learning_rate, size_t steps, schedule *out)
{
    gradus_status status = GRADUS_OK;
    schedule s = {.learning_rate = (double)learning_rate,
                  .gamma = options->gamma == 0 ? 0.1 : (double)options->gamma,
                  .warmup = options->warmup,
                  .decay_every = options->decay_every,
                  .steps = steps};
    size_t kind = 0;
    if (!(learning_rate > 0) || !isfinite(learning_rate))
        FAIL(GRADUS_ERROR_ARGUMENT, "learning rate: found %g, expected a finite number above 0", s.learning_rate);
    TRY(gr_name_require("schedule", gradus_schedule_name, options->name, &kind));
    s.factor = schedules[kind].factor;
    if (!(s.gamma > 0 && s.gamma <= 1))
        FAIL(GRADUS_ERROR_ARGUMENT, "gamma: found %g, expected a number above 0, at most 1", s.gamma);
    if (s.warmup > 0 && s.warmup >= steps)
        FAIL(GRADUS_ERROR_ARGUMENT, "warm-up: found %zu steps, the run has %zu", s.warmup, steps);
    if (s.decay_every > steps - s.warmup)
        FAIL(GRADUS_ERROR_ARGUMENT, "decay every %zu steps: the run has %zu after its warm-up", s.decay_every,
             steps - s.warmup);
    if (s.decay_every == 0)
        s.decay_every = (steps - s.warmup + 2) / 3;
    *out = s;
cleanup:
    return status;
}

float gr_schedule_rate(const schedule *s, size_t step)
{
    if (step < s->warmup)
        return (float)(s->learning_rate * (double)(step + 1) / (double)s->warmup);
    return (float)(s->learning_rate * s->factor(s, (double)(step - s->warmup)));
}
