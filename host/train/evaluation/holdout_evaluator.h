/* SPDX-License-Identifier: Apache-2.0 */
/* Holdout evaluation: a second engine, which holds the holdout and evaluates the parameters of the engine in training. */
#ifndef GRADUS_TRAIN_HOLDOUT_EVALUATOR_H
#define GRADUS_TRAIN_HOLDOUT_EVALUATOR_H

#include "engine/common/engine.h"

typedef struct holdout_evaluator {
    engine *engine;    /* NULL: there is no holdout */
    float *parameters; /* (layout.length): those that were evaluated last */
} holdout_evaluator;

/* device may be NULL: then the host computes. The data set must outlive the evaluator. */
gradus_status gr_holdout_evaluator_make(gradus_device *device, const gradus_network *network,
                                        const gradus_dataset *dataset, holdout_evaluator *out);
void gr_holdout_evaluator_release(holdout_evaluator *evaluator);

/* Loss, which may be infinite, and accuracy of the parameters of `trained` after its queued steps. */
gradus_status gr_holdout_evaluator_evaluate(holdout_evaluator *evaluator, engine *trained, gradus_metrics *out);

#endif
