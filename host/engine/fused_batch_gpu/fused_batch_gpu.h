/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engine "fused" for mini-batches with kernels for GPUs (kernels/fused_batch_gpu/). A step is two launches: forward to
 * dZ1, a few samples in each work-group; then the gradients and the update, some columns of a layer's weights in each
 * work-group. It supports everything that a training with mini-batches can have.
 */
#ifndef GRADUS_ENGINE_FUSED_BATCH_GPU_H
#define GRADUS_ENGINE_FUSED_BATCH_GPU_H

#include "engine/common/engine.h"

extern const engine_type gr_fused_batch_gpu;

#endif
