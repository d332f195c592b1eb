/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engine "fused" for mini-batches with kernels for CPUs (kernels/fused_batch/fused_batch.cl). X is stored sample by
 * sample (sample_lists.h), so a batch can have any samples. W1 stays packed from step to step (packed_engine.h), and
 * everything between two steps works on that layout, too.
 */
#ifndef GRADUS_ENGINE_FUSED_BATCH_H
#define GRADUS_ENGINE_FUSED_BATCH_H

#include "engine/common/engine.h"

extern const engine_type gr_fused_batch;

#endif
