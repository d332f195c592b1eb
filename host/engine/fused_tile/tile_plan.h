/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The common part of engines "fused" for CPUs: the computation of a tile of samples from Z1 to dZ1
 * (kernels/fused_tile/). Here are the constants that those kernels are compiled with, mainly the layout of a
 * work-item's scratch.
 */
#ifndef GRADUS_ENGINE_TILE_PLAN_H
#define GRADUS_ENGINE_TILE_PLAN_H

#include "common/pass_range.h"
#include "engine/compressed/groups.h"
#include "engine/opencl/device_engine.h"

/* The engine's decisions, from which everything else follows. Numbers of floats are those of a scratch. */
typedef struct tile_shape {
    size_t lanes;          /* floats of a vector */
    size_t tile;           /* samples of a tile, a multiple of 2 lanes */
    size_t groups, blocks; /* of a sample's pixels, as in the products with X */
    unit_blocks units;     /* of the first layer */
    size_t head;           /* floats before the partial sums, such as packed W1 */
    size_t weight_sums;    /* floats of packed dW1 */
    size_t pixels;         /* floats that the products with X use for a tile */
    size_t images;         /* floats for a tile's augmented images */
} tile_shape;

/* Offsets in floats from the start of a scratch; kernels/fused_tile/fused_shape.clh describes them. */
typedef struct tile_plan {
    tile_shape shape;
    size_t dw_at, rest_at, metrics_at;
    size_t activations_at[GRADUS_LAYERS_MAX], dz_at[GRADUS_LAYERS_MAX];
    size_t spare_at, spare_forward_at, pixels_at, numbers_at, input_bias_at, images_at;
    size_t scratch; /* floats of a work-item */
} tile_plan;

/* `floats`, rounded up so that the next array begins at a multiple of a vector. */
size_t gr_tile_align(size_t floats);

/* `layout` is that of the parameters' buffer. */
tile_plan gr_tile_plan(const gradus_network *network, const parameter_layout *layout, const tile_shape *shape);

/* Appends the definitions for kernels/fused_tile/ to the compiler's options: the plan, and the network and its
 * training. */
gradus_status gr_tile_plan_define(const tile_plan *plan, const engine *base, const parameter_layout *layout,
                                  char **options);

/* Creates the scratch of each work-item, all zero. */
gradus_status gr_tile_plan_create_scratch(const tile_plan *plan, gradus_device *device, size_t work_items,
                                          cl_mem *out);

/* DEVICE if that is larger than the device allows in one buffer, or too large for the kernels' indices, or if the data
 * set, with `sample_bytes` per sample, does not fit beside it and the buffers of all engines. */
gradus_status gr_tile_plan_check_fit(const tile_plan *plan, const device_engine *e, size_t work_items,
                                     double sample_bytes, double largest_bytes);

#endif
