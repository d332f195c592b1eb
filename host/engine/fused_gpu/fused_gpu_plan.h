/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the work-groups of fused_gpu.cl divide the work of a network and data set. All parameters to tune are at the top
 * of fused_gpu_plan.c. The same numbers give the same plan, and so the same order of all sums.
 */
#ifndef GRADUS_ENGINE_FUSED_GPU_PLAN_H
#define GRADUS_ENGINE_FUSED_GPU_PLAN_H

#include "device/gpu_model.h"
#include "engine/common/engine.h"
#include "fused_gpu/fused_gpu_layout.h"

/* The kernels' constants, which fused_gpu_shape.clh describes, unless said otherwise. */
typedef struct fused_gpu_plan {
    size_t threads, tile;
    size_t sample_block, unit_block, unit_blocks, slices;  /* Z1 */
    size_t quad_block, columns, chunks, items, main_items; /* dW1 */
    size_t splits, kept_quads;                             /* dW1 */
    size_t activations_at[GRADUS_LAYERS_MAX], activations; /* floats of local memory */
    size_t rest;                                           /* parameters after W1 */
    bool rest_is_local;                                    /* whether their sums are in local memory */
    size_t reduce_slices;                                  /* of fused_gpu_reduce and fused_gpu_step */
    size_t registers;                                      /* of a work-item, which the compiler may use */
    size_t groups_per_unit;                                /* of fused_gpu_pass, at the same time */
    size_t groups;                                         /* of fused_gpu_pass */
    size_t shares;                                         /* of the samples in fused_gpu_weights */
    sum_counts sums;                                       /* of partial */
    size_t partial, kept;                                  /* floats of global memory */
    size_t pass_local_bytes, weights_local_bytes;          /* of a work-group */
} fused_gpu_plan;

/* Plans for all `samples` of a data set, with at most `threads` work-items in a work-group. DEVICE if the layers are too
 * wide for the device. */
gradus_status gr_fused_gpu_plan(const gradus_network *network, size_t samples, const gpu_model *model, size_t threads,
                                fused_gpu_plan *out);

/* Instructions of all waves of one work-group of fused_gpu_pass, and of one of fused_gpu_weights. */
typedef struct fused_gpu_instructions {
    double pass, weights;
} fused_gpu_instructions;

fused_gpu_instructions gr_fused_gpu_instructions(const gradus_network *network, size_t samples, const gpu_model *model,
                                                 const fused_gpu_plan *plan);

/* The options with which fused_gpu.cl is built; the caller frees them. */
gradus_status gr_fused_gpu_options(const fused_gpu_plan *plan, const engine *base, const gpu_model *model, char **out);

/* Whether the layers are so narrow that this should be the fastest on a GPU. */
bool gr_fused_gpu_suits(const gradus_network *network);

#endif
