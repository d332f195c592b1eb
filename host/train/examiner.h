/* SPDX-License-Identifier: Apache-2.0 */
/* An engine of its own that measures the parameters of the engine in training over the holdout. */
#ifndef GRADUS_TRAIN_EXAMINER_H
#define GRADUS_TRAIN_EXAMINER_H

#include "engine/common/engine.h"

typedef struct examiner {
    engine *engine;    /* NULL: none was made */
    float *parameters; /* (layout.length): those that were measured last */
} examiner;

/* device may be NULL: the host computes. The data set must outlive the examiner. */
gradus_status gr_examiner_make(gradus_device *device, const gradus_network *network, const gradus_dataset *dataset,
                               examiner *out);
void gr_examiner_release(examiner *x);

/* Waits for what is queued in `trained`, whose parameters it takes. The loss may be infinite. */
gradus_status gr_examiner_measure(examiner *x, engine *trained, gradus_metrics *out);

/* The mean figures of all of an engine's own samples, in whatever order it has them. */
gradus_status gr_measure_engine(engine *e, gradus_metrics *out);

#endif
