/* SPDX-License-Identifier: Apache-2.0 */
/* Loss and accuracy of an engine's parameters. */
#ifndef GRADUS_TRAIN_EVALUATE_H
#define GRADUS_TRAIN_EVALUATE_H

#include "engine/common/engine.h"

/* Means over all of the engine's samples, without dropout, label smoothing and augmentation. The loss may be infinite. */
gradus_status gr_evaluate_engine(engine *e, gradus_metrics *out);

#endif
