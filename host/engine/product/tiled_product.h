/* SPDX-License-Identifier: Apache-2.0 */
/* The common part of the products whose work-groups compute a tile of C each (kernels/product/product_tiles.clh): on
 * GPUs, and on their tensor cores. Where the tiles do not fill the device, the depth is split; the parts are written to
 * the scratch memory and added up. */
#ifndef GRADUS_ENGINE_TILED_PRODUCT_H
#define GRADUS_ENGINE_TILED_PRODUCT_H

#include "engine/product/own_product.h"

typedef struct product_tile {
    size_t m, n, k; /* of C, and of the depth at a time */
    size_t group;   /* work-items of its work-group */
} product_tile;

gradus_status gr_tiled_scratch_size(const gradus_device *device, const product_shape *shape, const product_tile *tile,
                                    size_t *bytes);

/* Creates a product of the program's kernel, and the launch that adds up its parts. */
gradus_status gr_tiled_create(gradus_device *device, const product *base, const product_tile *tile, cl_program program,
                              const char *kernel, const product_buffers *buffers, product **out);

/* ---- The order of candidates ---- */

/* A compute unit's rates: those of recent GPUs, within a factor of two. Not measured. */
#define UNIT_LANES 128.0       /* multiply-adds, or other operations, in a cycle */
#define UNIT_LOCAL_FLOATS 32.0 /* from local memory in a cycle */
#define UNIT_GLOBAL_BYTES 64.0 /* from the second-level cache in a cycle */

/* Estimated cycles of a product; `step`: those of a tile at `k` of the depth, if nothing has to wait. */
double gr_tiled_cycles(const gradus_device *device, const product_shape *shape, const product_tile *tile, double step);

/* The candidates, at most `most`, of a family with `count` configurations of `size` bytes: the fastest by `cycles`
 * first; without those that take twice as long, or are infinite. Overwrites `cycles`. Returns their number. */
size_t gr_tiled_candidates(const product_family *family, const void *tiles, size_t size, size_t count, double *cycles,
                           size_t most, product_candidate *out);

/* The largest number for an effort, of `all`. */
size_t gr_tiled_candidates_most(product_effort effort, size_t all);

#endif
