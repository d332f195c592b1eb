/* SPDX-License-Identifier: Apache-2.0 */
/* Early stopping: evaluates the holdout between steps, keeps the best parameters, and decides when the run ends. */
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
    size_t best_steps;              /* steps done at the best evaluation; 0: none so far */
    gradus_metrics holdout_metrics; /* of the latest evaluation */
    size_t evaluated_steps;         /* steps done at the latest evaluation; SIZE_MAX: none so far */
} early_stopping;

/* `trained` is the engine in training; the holdout is evaluated on `device`, or with NULL on the host.
 * gr_early_stopping_release() must follow in every case. */
gradus_status gr_early_stopping_begin(early_stopping *s, const gradus_train_options *options, engine *trained,
                                      gradus_device *device);
void gr_early_stopping_release(early_stopping *s);

/*
 * Call this when the engine has done exactly `done` steps and nothing is queued; `train` are the training figures of
 * the last step. Sets *holdout if an evaluation is due, and *reason if the run shall end.
 */
gradus_status gr_early_stopping_check(early_stopping *s, const training_plan *plan, size_t done,
                                      const gradus_metrics *train, gradus_metrics *holdout,
                                      gradus_stop_reason *reason);

/* At the end of a run, writes the best parameters back to the engine, unless `reason` is the target or they are not
 * kept. *steps is the number of steps after which the engine's parameters were computed, and is updated. */
gradus_status gr_early_stopping_restore_best(early_stopping *s, gradus_stop_reason reason, size_t *steps);

/* Figures of the engine's parameters: over all training samples; and, after `steps` steps, over the holdout (NaN
 * without one). A second call with the same number of steps does not evaluate again. */
gradus_status gr_early_stopping_evaluate_train(early_stopping *s, gradus_metrics *out);
gradus_status gr_early_stopping_evaluate_holdout(early_stopping *s, size_t steps, gradus_metrics *out);

#endif
