/* SPDX-License-Identifier: Apache-2.0 */
/* Learning rate schedules: a linear warm-up, then constant, step, exponential or cosine decay. */
#include "train/plan/schedule.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846

static const char *const names[] = {"constant", "step", "exponential", "cosine"};
#define KINDS (sizeof names / sizeof *names)

static gradus_status find_kind(const char *name, schedule_kind *out)
{
    for (size_t i = 0; i < KINDS; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (schedule_kind)i;
            return GRADUS_OK;
        }
    return gr_fail(GRADUS_ERROR_ARGUMENT, "schedule \"%s\": expected constant, step, exponential or cosine", name);
}

gradus_status gr_schedule_make(const gradus_schedule *options, float learning_rate, size_t steps, schedule *out)
{
    gradus_status status = GRADUS_OK;
    schedule s = {.learning_rate = (double)learning_rate,
                  .gamma = options->gamma == 0 ? 0.1 : (double)options->gamma,
                  .warmup = options->warmup,
                  .decay_every = options->decay_every,
                  .steps = steps};
    if (!(learning_rate > 0) || !isfinite(learning_rate))
        FAIL(GRADUS_ERROR_ARGUMENT, "learning rate: found %g, expected a finite number above 0", s.learning_rate);
    TRY(find_kind(options->name == NULL ? names[SCHEDULE_CONSTANT] : options->name, &s.kind));
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

/* The factor on the learning rate, `step` steps after the warm-up. */
static double factor(const schedule *s, size_t step)
{
    switch (s->kind) {
    case SCHEDULE_STEP:
        return pow(s->gamma, floor((double)step / (double)s->decay_every));
    case SCHEDULE_EXPONENTIAL:
        return pow(s->gamma, (double)step / (double)s->decay_every);
    case SCHEDULE_COSINE:
        return (1 + cos(PI * (double)step / (double)(s->steps - s->warmup))) / 2;
    default:
        return 1;
    }
}

float gr_schedule_rate(const schedule *s, size_t step)
{
    if (step < s->warmup)
        return (float)(s->learning_rate * (double)(step + 1) / (double)s->warmup);
    return (float)(s->learning_rate * factor(s, step - s->warmup));
}
