/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What engines "fused" for CPUs share: the passage of a tile of samples from Z1 to dZ1 (kernels/fused_tile/), here the
 * constants that those kernels are compiled with. Above all that is where a work-item keeps everything in its scratch.
 */
#ifndef GRADUS_ENGINE_TILE_PLAN_H
#define GRADUS_ENGINE_TILE_PLAN_H

#include "common/pass_range.h"
#include "engine/compressed/groups.h"
#include "engine/opencl/device_engine.h"

/* What an engine decides; all else follows from that. Numbers of floats are those of a scratch. */
typedef struct tile_shape {
    size_t lanes;          /* floats of a vector */
    size_t tile;           /* samples of a tile, a multiple of 2 lanes */
    size_t groups, blocks; /* of a sample's pixels, as the products that touch X have them */
    unit_blocks units;     /* of the first layer */
    size_t head;           /* floats before the partial sums, such as packed W1 */
    size_t weight_sums;    /* floats of packed dW1 */
    size_t pixels;         /* floats that the products that touch X use for a tile */
    size_t images;         /* floats for a tile's augmented images */
} tile_shape;

/* Offsets in floats from the begin of a scratch; kernels/fused_tile/fused_shape.clh says what of. */
typedef struct tile_plan {
    tile_shape shape;
    size_t dw_at, rest_at, metrics_at;
    size_t activations_at[GRADUS_LAYERS_MAX], dz_at[GRADUS_LAYERS_MAX];
    size_t spare_at, spare_forward_at, pixels_at, numbers_at, input_bias_at, images_at;
    size_t scratch; /* floats of a work-item */
} tile_plan;

/* So many floats, filled up so that what follows begins at a whole vector. */
size_t gr_tile_align(size_t floats);

/* `layout` is that of the parameters' buffer. */
tile_plan gr_tile_plan(const gradus_network *network, const parameter_layout *layout, const tile_shape *shape);

/* Appends to a compiler's options what kernels/fused_tile/ wants defined: the plan, and the network and its training. */
gradus_status gr_tile_plan_define(const tile_plan *plan, const engine *base, const parameter_layout *layout,
                                  char **options);

/* Makes the scratch of each work-item, all zero. */
gradus_status gr_tile_plan_create_scratch(const tile_plan *plan, gradus_device *device, size_t work_items,
                                          cl_mem *out);

/* Fails with DEVICE where that is larger than the device allows in one buffer or more than kernels can number, or the data
 * set, of which each sample takes so many bytes, does not fit beside it and what all engines have. */
gradus_status gr_tile_plan_check_fit(const tile_plan *plan, const device_engine *e, size_t work_items,
                                     double sample_bytes, double largest_bytes);

#endif
