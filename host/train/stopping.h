/* SPDX-License-Identifier: Apache-2.0 */
/* When a run ends before its last step: what gradus_stopping says, decided from figures alone. */
#ifndef GRADUS_TRAIN_STOPPING_H
#define GRADUS_TRAIN_STOPPING_H

#include "engine/common/engine.h"

/* A mean over samples, as it grows. */
typedef struct running_loss {
    double sum;
    size_t samples;
} running_loss;

typedef struct stopping {
    gradus_stopping limits;
    bool by_accuracy;    /* the best is the greatest accuracy, not the least loss */
    gradus_metrics best; /* seen so far */
    size_t since_best;   /* evaluations */
    bool any_best;       /* whether there was one with a finite loss */
    running_loss window; /* the steps since the last comparison */
    double loss_before;  /* of the window before that; NaN: there was none */
} stopping;

/* ARGUMENT for numbers out of their range, an unknown monitor, and patience without a holdout. */
gradus_status gr_stopping_make(const gradus_stopping *limits, bool has_holdout, stopping *out);

/* Takes note of an evaluation of the holdout; true if it is the best so far. */
bool gr_stopping_note_evaluation(stopping *s, const gradus_metrics *holdout);
bool gr_stopping_lost_patience(const stopping *s);
bool gr_stopping_reaches_target(const stopping *s, const gradus_metrics *metrics);
bool gr_stopping_is_late(const stopping *s, double seconds);

/* Takes note of a step's loss; and at a window's end, starts the next one: true if it improved too little. */
void gr_stopping_note_step(stopping *s, const batch_sums *sums, size_t samples);
bool gr_stopping_compare_windows(stopping *s);

#endif
