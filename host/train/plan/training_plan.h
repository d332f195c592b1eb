/* SPDX-License-Identifier: Apache-2.0 */
/* The training plan: how a run is divided into epochs and steps, and after which steps a report, an evaluation or a
 * checkpoint is due. `done` is a number of completed steps; step and iteration are indices from 0. */
#ifndef GRADUS_TRAIN_TRAINING_PLAN_H
#define GRADUS_TRAIN_TRAINING_PLAN_H

#include "core/status.h"

/* Due when `done` % every is `rest`; never with every = 0. */
typedef struct period {
    size_t every, rest;
} period;

typedef struct training_plan {
    size_t samples, batch; /* samples of the data set, and of a step at most */
    size_t epoch_steps, steps;
    period report;
    bool evaluates;     /* there is a holdout or a target accuracy */
    period evaluation;  /* of the holdout or, without one, of the training figures; also due after the last step */
    period convergence; /* comparison of two windows of training losses */
    period checkpoint;  /* also due after the last step */
} training_plan;

/* ARGUMENT for options that do not fit the data set, or each other. */
gradus_status gr_training_plan_make(const gradus_train_options *options, const gradus_dataset *dataset,
                                    training_plan *out);

/* The samples of a step: the index of the first in the order of its epoch, and their number. */
size_t gr_training_plan_batch_first(const training_plan *plan, size_t step);
size_t gr_training_plan_batch_count(const training_plan *plan, size_t step);

/* Whether each of them is due after `done` steps. */
bool gr_training_plan_reports(const training_plan *plan, size_t done);
bool gr_training_plan_evaluates(const training_plan *plan, size_t done);
bool gr_training_plan_checks_convergence(const training_plan *plan, size_t done);
bool gr_training_plan_saves(const training_plan *plan, size_t done);

/* The next number of steps, above `done`, after which the loop must wait for the results before it queues more; at most
 * the number of all steps. */
size_t gr_training_plan_next_sync(const training_plan *plan, size_t done);

#endif
