/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the work-groups of kernels/fused_batch_gpu/ divide a step. All parameters to tune are at the top of
 * batch_gpu_plan.c. The same numbers give the same plan, and so the same order of all sums.
 */
#ifndef GRADUS_ENGINE_BATCH_GPU_PLAN_H
#define GRADUS_ENGINE_BATCH_GPU_PLAN_H

#include "device/gpu_model.h"
#include "engine/common/engine.h"

/* The kernels' constants, which batch_gpu_shape.clh describes. */
typedef struct batch_gpu_plan {
    size_t lanes, forward_threads, update_threads;
    size_t rows_at[GRADUS_LAYERS_MAX], rows;                       /* of a tile's arrays */
    size_t inputs_at[GRADUS_LAYERS_MAX], dz_at[GRADUS_LAYERS_MAX]; /* rows of the tape */
    size_t tape;                                                   /* its rows, of `batch` samples each */
    size_t slabs_at[GRADUS_LAYERS_MAX + 1];
    size_t forward_local_bytes; /* of a work-group of batch_forward */
} batch_gpu_plan;

/* Plans for batches of `batch` samples. DEVICE if a sample's input and activations are too large for local memory. */
gradus_status gr_batch_gpu_plan(const gradus_network *network, size_t batch, const gpu_model *model,
                                batch_gpu_plan *out);

#define STEPS_LANES 4

/* The constants of batch_steps, which has vectors of STEPS_LANES samples. */
typedef struct batch_steps_plan {
    size_t threads, vectors, unit_block, unit_blocks;
    size_t local_bytes; /* of the work-group */
    size_t registers;   /* of a work-item, for the compiler */
} batch_steps_plan;

/* Whether batch_steps suits: the network's parameters (layout.length) fit into local memory, its sums and moments into
 * registers, and a step is so small that one work-group takes no longer than two launches do. Then *out is its plan. */
bool gr_batch_steps_plan(const gradus_network *network, const parameter_layout *layout, size_t batch,
                         const gpu_model *model, batch_steps_plan *out);

#endif
