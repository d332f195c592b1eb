/* SPDX-License-Identifier: Apache-2.0 */
/* Between the steps of a run: evaluates the holdout, remembers the best parameters, and says when it is enough. */
#ifndef GRADUS_TRAIN_JUDGE_H
#define GRADUS_TRAIN_JUDGE_H

#include "train/course.h"
#include "train/examiner.h"
#include "train/stopping.h"

typedef struct judge {
    engine *trained;
    stopping stopping;
    examiner holdout;         /* none without a holdout */
    float *best;              /* parameters (layout.length) of the best evaluation; NULL: nobody wants them */
    size_t best_steps;        /* behind which they were; 0: none yet */
    gradus_metrics evaluated; /* the last figures of the holdout */
    size_t evaluated_steps;   /* behind which they were taken; SIZE_MAX: none yet */
} judge;

/* For the engine `trained`, on this device or NULL. What it makes is released by gr_judge_release(), in every case. */
gradus_status gr_judge_begin(judge *j, const gradus_train_options *options, engine *trained, gradus_device *device);
void gr_judge_release(judge *j);

/*
 * To be called when the engine has done so many steps and nothing else is queued, with the training figures that go with
 * the last one. Evaluates if the course says so: *holdout is left alone if not. *reason is set if the run shall end.
 */
gradus_status gr_judge_look(judge *j, const course *c, size_t done, const gradus_metrics *train,
                            gradus_metrics *holdout, gradus_stop_reason *reason);

/* At the end of a run: gives the engine the best parameters back, where that is asked for. *steps is how many steps the
 * engine's parameters have behind them, before the call and after it. */
gradus_status gr_judge_take_back_best(judge *j, gradus_stop_reason reason, size_t *steps);

/* The figures of the engine's parameters over all training samples; and, when they have so many steps behind them, over
 * the holdout, NaN without one. */
gradus_status gr_judge_measure_train(judge *j, gradus_metrics *out);
gradus_status gr_judge_measure_holdout(judge *j, size_t steps, gradus_metrics *out);

#endif
