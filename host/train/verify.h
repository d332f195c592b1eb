/* SPDX-License-Identifier: Apache-2.0 */
/* Whether an engine computes what the reference computes, on this device, these shapes and this data. */
#ifndef GRADUS_TRAIN_VERIFY_H
#define GRADUS_TRAIN_VERIFY_H

#include "engine/engine.h"

/* Compares loss and gradient over a few samples, with the parameters given (layout.length floats), which the engine
 * holds afterwards. MISMATCH names the tensor. */
gradus_status gr_verify_engine(engine *e, const float *parameters);

#endif
