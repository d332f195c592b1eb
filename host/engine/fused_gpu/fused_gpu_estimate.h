/* SPDX-License-Identifier: Apache-2.0 */
/* What the launches of a step with fused_gpu.cl need of a described GPU, by its plan. */
#ifndef GRADUS_ENGINE_FUSED_GPU_ESTIMATE_H
#define GRADUS_ENGINE_FUSED_GPU_ESTIMATE_H

#include "device/gpu_estimate.h"
#include "engine/common/optimizer.h"

/* Adds the launches of a step over all samples, as the engine's take_steps() queues them. */
gradus_status gr_fused_gpu_estimate(const gpu_description *gpu, const gradus_network *network, size_t samples,
                                    const optimizer *how, gradus_estimate *out);

#endif
