/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the work-groups of fused_gpu.cl divide the work of a network and data set. All parameters to tune are at the top
 * of fused_gpu_plan.c. The same numbers give the same plan, and so the same order of all sums.
 */
#ifndef GRADUS_ENGINE_FUSED_GPU_PLAN_H
#define GRADUS_ENGINE_FUSED_GPU_PLAN_H

#include "fused_gpu/fused_gpu_layout.h"
#include "net/network.h"

/* The limits of the device. */
typedef struct fused_gpu_limits {
    size_t compute_units;
    size_t local_bytes; /* of a work-group */
    size_t threads;     /* of a work-group */
} fused_gpu_limits;

/* The kernels' constants, which fused_gpu_shape.clh describes, unless said otherwise. */
typedef struct fused_gpu_plan {
    size_t threads, tile, tiles;
    size_t sample_block, unit_block, unit_blocks, slices;  /* Z1 */
    size_t quad_block, columns, items, chunks, splits;     /* dW1 */
    size_t activations_at[GRADUS_LAYERS_MAX], activations; /* floats of local memory */
    size_t reduce_slices;
    size_t groups;        /* work-groups of fused_gpu_pass */
    size_t partial, kept; /* floats of global memory for each of them */
} fused_gpu_plan;

/* Plans for all `samples` of a data set. DEVICE if the layers are too wide for the device. */
gradus_status gr_fused_gpu_plan(const gradus_network *network, size_t samples, const fused_gpu_limits *limits,
                                fused_gpu_plan *out);

/* Whether the layers are so narrow that this should be the fastest on a GPU. */
bool gr_fused_gpu_suits(const gradus_network *network);

#endif
