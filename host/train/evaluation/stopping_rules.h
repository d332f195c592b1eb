/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of early stopping (gradus_stopping). They decide by figures alone whether a run ends before its last
 * step. */
#ifndef GRADUS_TRAIN_STOPPING_RULES_H
#define GRADUS_TRAIN_STOPPING_RULES_H

#include "engine/common/engine.h"

/* A sum of losses, and its number of samples. */
typedef struct running_loss {
    double sum;
    size_t samples;
} running_loss;

/* Whether the metrics found are better than the best so far. */
typedef bool metrics_order(const gradus_metrics *found, const gradus_metrics *best);

typedef struct stopping_rules {
    gradus_stopping limits;
    metrics_order *is_better;
    gradus_metrics best; /* of all evaluations so far */
    size_t since_best;   /* evaluations after that one */
    bool any_best;       /* whether there was one with a finite loss */
    running_loss window; /* of the steps since the last window ended */
    double loss_before;  /* mean loss of the window that ended last; NaN: none has ended */
} stopping_rules;

/* ARGUMENT for numbers out of their range, an unknown monitor, and patience without a holdout. */
gradus_status gr_stopping_rules_make(const gradus_stopping *limits, bool has_holdout, stopping_rules *out);

/* Records an evaluation of the holdout; true if it is the best so far. */
bool gr_stopping_rules_record_evaluation(stopping_rules *s, const gradus_metrics *holdout);
bool gr_stopping_rules_out_of_patience(const stopping_rules *s);
bool gr_stopping_rules_reaches_target(const stopping_rules *s, const gradus_metrics *metrics);
bool gr_stopping_rules_out_of_time(const stopping_rules *s, double seconds);

/* Records the loss of a step; and ends a window of steps: true if its mean loss is hardly below that of the previous
 * window, so the training has converged. */
void gr_stopping_rules_record_step(stopping_rules *s, const batch_sums *sums, size_t samples);
bool gr_stopping_rules_end_window(stopping_rules *s);

#endif
