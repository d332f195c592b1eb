/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device engine whose buffers have W1 packed as kernels/fused_batch/first_batch.clh wants it: blocks of units, in each
 * feature after feature, with units to fill the last block. Who writes or reads parameters and gradient sees the usual
 * layout.
 */
#ifndef GRADUS_ENGINE_PACKED_ENGINE_H
#define GRADUS_ENGINE_PACKED_ENGINE_H

#include "engine/compressed/groups.h"
#include "engine/opencl/device_engine.h"

typedef struct packed_engine {
    device_engine common; /* its layout is that with packed W1 at the begin */
    unit_blocks units;    /* of W1, in vectors */
    size_t block_units;   /* units of a block */
} packed_engine;

/* For vectors of `lanes` units. After a failure, too, gr_device_engine_release must follow. */
gradus_status gr_packed_engine_init(packed_engine *e, const engine *base, gradus_device *device, size_t lanes);

/* These serve as members of an engine_type. */
gradus_status gr_packed_engine_write_parameters(engine *base, const float *parameters);
gradus_status gr_packed_engine_read_parameters(engine *base, float *parameters);
gradus_status gr_packed_engine_read_gradient(engine *base, float *gradient);
gradus_status gr_packed_engine_read_state(engine *base, const engine_state *state);
gradus_status gr_packed_engine_write_state(engine *base, const engine_state *state);

#endif
