/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device engine whose buffers have W1 packed: blocks of units, in each block feature by feature, with padding in the
 * last block. So a kernel reads contiguous units of a feature. Writing and reading of parameters and gradient uses the
 * usual layout.
 */
#ifndef GRADUS_ENGINE_PACKED_ENGINE_H
#define GRADUS_ENGINE_PACKED_ENGINE_H

#include "engine/opencl/device_engine.h"

typedef struct packed_engine {
    device_engine common; /* its layout has packed W1 at the start */
    size_t block_units;   /* units of a block of W1 */
    size_t padded_units;  /* units of all blocks */
} packed_engine;

/* For blocks of `block_units` units. Call gr_device_engine_release afterwards, even after a failure. */
gradus_status gr_packed_engine_init(packed_engine *e, const engine *base, gradus_device *device, size_t block_units);

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
