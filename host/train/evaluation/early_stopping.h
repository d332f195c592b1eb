/* SPDX-License-Identifier: Apache-2.0 */
/* Early stopping: evaluates the holdout between steps, keeps the best parameters, and says when the run shall end. */
#ifndef GRADUS_TRAIN_EARLY_STOPPING_H
#define GRADUS_TRAIN_EARLY_STOPPING_H

#include "train/evaluation/holdout_evaluator.h"
#include "train/evaluation/stopping_rules.h"
#include "train/plan/training_plan.h"

typedef struct early_stopping {
    engine *trained;
    stopping_rules rules;
    holdout_evaluator holdout;      /* without an engine: there is no holdout */
    float *best;                    /* parameters (layout.length) of the best evaluation; NULL: not kept */
    size_t best_steps;              /* steps after which they were evaluated; 0: never so far */
    gradus_metrics holdout_metrics; /* of the latest evaluation */
    size_t evaluated_steps;         /* steps after which that was; SIZE_MAX: never so far */
} early_stopping;

/* `trained` is the engine in training; the holdout is evaluated on `device`, or with NULL on the host.
 * gr_early_stopping_release() must follow in every case. */
gradus_status gr_early_stopping_begin(early_stopping *s, const gradus_train_options *options, engine *trained,
                                      gradus_device *device);
void gr_early_stopping_release(early_stopping *s);

/*
 * To be called when the engine has done exactly `done` steps and nothing is queued; `train` are the training figures of
 * the last step. Sets *holdout if the plan asks for an evaluation, and *reason if the run shall end.
 */
gradus_status gr_early_stopping_check(early_stopping *s, const training_plan *plan, size_t done,
                                      const gradus_metrics *train, gradus_metrics *holdout,
                                      gradus_stop_reason *reason);

/* At the end of a run: writes the best parameters back to the engine, unless `reason` is the target or they are not kept.
 * *steps is the number of steps that the engine's parameters result from, before the call and after it. */
gradus_status gr_early_stopping_restore_best(early_stopping *s, gradus_stop_reason reason, size_t *steps);

/* Figures of the engine's parameters: over all training samples; and, after `steps` steps, over the holdout (NaN without
 * one), where a second call with the same number evaluates nothing. */
gradus_status gr_early_stopping_evaluate_train(early_stopping *s, gradus_metrics *out);
gradus_status gr_early_stopping_evaluate_holdout(early_stopping *s, size_t steps, gradus_metrics *out);

#endif
