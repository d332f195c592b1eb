/* SPDX-License-Identifier: Apache-2.0 */
/* What the launches of a mini-batch's step need of a described GPU, by its plan: batch_steps where it suits, otherwise
 * batch_forward and batch_update. */
#ifndef GRADUS_ENGINE_BATCH_GPU_ESTIMATE_H
#define GRADUS_ENGINE_BATCH_GPU_ESTIMATE_H

#include "device/gpu_estimate.h"
#include "engine/common/optimizer.h"

/* Adds the launches of a step, as the engine's take_steps() queues them for plain training options. samples: of the data
 * set. */
gradus_status gr_batch_gpu_estimate(const gpu_description *gpu, const gradus_network *network, size_t samples,
                                    size_t batch, const optimizer *how, gradus_estimate *out);

#endif
