/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engine "fused" on mini-batches with kernels for CPUs (kernels/fused_batch/fused_batch.cl). X stands sample after sample
 * (sample_lists.h), so a batch can be taken from anywhere; W1 stays packed from step to step (packed_engine.h), and everything
 * between two steps, too, works on that layout.
 */
#ifndef GRADUS_ENGINE_FUSED_BATCH_H
#define GRADUS_ENGINE_FUSED_BATCH_H

#include "engine/common/engine.h"

extern const engine_type gr_fused_batch;

#endif
