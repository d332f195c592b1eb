/* SPDX-License-Identifier: Apache-2.0 */
/* The learning rate of each step. */
#ifndef GRADUS_TRAIN_SCHEDULE_H
#define GRADUS_TRAIN_SCHEDULE_H

#include "core/status.h"

typedef enum schedule_kind { SCHEDULE_CONSTANT, SCHEDULE_STEP, SCHEDULE_EXPONENTIAL, SCHEDULE_COSINE } schedule_kind;

typedef struct schedule {
    schedule_kind kind;
    double learning_rate, gamma;
    size_t warmup, decay_every, steps; /* steps: of the whole run */
} schedule;

/* For a run of `steps` steps. ARGUMENT for an unknown name, numbers out of their range, or a warm-up or decay longer than
 * the run. */
gradus_status gr_schedule_make(const gradus_schedule *options, float learning_rate, size_t steps, schedule *out);

/* The rate of a step, counted from 0. */
float gr_schedule_rate(const schedule *s, size_t step);

#endif
