/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device engine whose buffers have W1 packed for kernels/fused_batch/first_batch.clh: blocks of units, in each block
 * feature by feature, with padding in the last block. Writing and reading of parameters and gradient uses the usual
 * layout.
 */
#ifndef GRADUS_ENGINE_PACKED_ENGINE_H
#define GRADUS_ENGINE_PACKED_ENGINE_H

#include "engine/compressed/groups.h"
#include "engine/opencl/device_engine.h"

typedef struct packed_engine {
    device_engine common; /* its layout has packed W1 at the start */
    unit_blocks units;    /* of W1, in vectors */
    size_t block_units;   /* units of a block */
} packed_engine;

/* For vectors of `lanes` units. Call gr_device_engine_release afterwards, even after a failure. */
gradus_status gr_packed_engine_init(packed_engine *e, const engine *base, gradus_device *device, size_t lanes);

/* Members of an engine_type. */
gradus_status gr_packed_engine_write_parameters(engine *base, const float *parameters);
gradus_status gr_packed_engine_read_parameters(engine *base, float *parameters);
gradus_status gr_packed_engine_read_gradient(engine *base, float *gradient);
gradus_status gr_packed_engine_read_state(engine *base, const engine_state *state);
gradus_status gr_packed_engine_write_state(engine *base, const engine_state *state);

/* They, in the table of an engine, in place of DEVICE_ENGINE_ARRAYS. */
#define PACKED_ENGINE_ARRAYS                                                                                          \
    .write_parameters = gr_packed_engine_write_parameters, .read_parameters = gr_packed_engine_read_parameters,       \
    .read_state = gr_packed_engine_read_state, .write_state = gr_packed_engine_write_state,                           \
    .read_gradient = gr_packed_engine_read_gradient

#endif
