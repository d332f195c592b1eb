/* SPDX-License-Identifier: Apache-2.0 */
/* How a run divides into epochs and steps, and behind which of them something is due. A number of `done` steps is that
 * of the steps done; step and iteration are counted from 0. */
#ifndef GRADUS_TRAIN_COURSE_H
#define GRADUS_TRAIN_COURSE_H

#include "core/status.h"

/* Something is due when `done` % every is `rest`; with every 0 it never is. */
typedef struct period {
    size_t every, rest;
} period;

typedef struct course {
    size_t samples, batch; /* of the data set, and of a step at most */
    size_t epoch_steps, steps;
    period report;
    period
        judgement; /* when the holdout, or without one the target accuracy, is looked at; and behind the last step */
    bool judges;   /* whether there is either */
    period window; /* when two windows of training losses are compared */
    period checkpoint; /* when one is written; and behind the last step */
} course;

/* ARGUMENT for options that do not fit the data set, or each other. */
gradus_status gr_course_plan(const gradus_train_options *options, const gradus_dataset *dataset, course *out);

/* The samples of a step: the first, in the order of its epoch, and how many. */
size_t gr_course_batch_first(const course *c, size_t step);
size_t gr_course_batch_count(const course *c, size_t step);

bool gr_course_reports(const course *c, size_t done);
bool gr_course_judges(const course *c, size_t done);
bool gr_course_compares(const course *c, size_t done);
bool gr_course_saves(const course *c, size_t done);

/* The next number of steps, above `done`, behind which the loop must see what came out before it goes on; that of all
 * steps at the latest. */
size_t gr_course_next_halt(const course *c, size_t done);

#endif
