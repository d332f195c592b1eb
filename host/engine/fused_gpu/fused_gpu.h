/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engine "fused" for full batches on GPUs (kernels/fused_gpu/fused_gpu.cl), for narrow layers: one pass over the bytes of
 * X, with a work-group for each share of the samples, computes Z1 to dZ1 in local memory and sums up all gradients;
 * then one launch adds up the shares and one updates.
 */
#ifndef GRADUS_ENGINE_FUSED_GPU_H
#define GRADUS_ENGINE_FUSED_GPU_H

#include "engine/common/engine.h"

extern const engine_type gr_fused_gpu;

#endif
