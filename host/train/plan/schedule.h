/* SPDX-License-Identifier: Apache-2.0 */
/* The learning rate of each step. */
#ifndef GRADUS_TRAIN_SCHEDULE_H
#define GRADUS_TRAIN_SCHEDULE_H

#include "core/status.h"

typedef struct schedule schedule;

/* The factor of the learning rate, `step` steps after the warm-up. */
typedef double schedule_factor(const schedule *s, double step);

struct schedule {
    schedule_factor *factor;
    double learning_rate, gamma;
    size_t warmup, decay_every, steps; /* steps: of the whole run */
};

/* For a run of `steps` steps. ARGUMENT for an unknown name, numbers out of their range, or a warm-up or decay longer than
 * the run. */
gradus_status gr_schedule_make(const gradus_schedule *options, float learning_rate, size_t steps, schedule *out);

/* The rate of a step, counted from 0. */
float gr_schedule_rate(const schedule *s, size_t step);

#endif
