/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all engines on an OpenCL device have in common: the flat buffers of parameters and gradient, the slots of sums,
 * and everything that is done with them alone.
 */
#ifndef GRADUS_ENGINE_DEVICE_ENGINE_H
#define GRADUS_ENGINE_DEVICE_ENGINE_H

#include "device/device.h"
#include "engine/engine.h"

typedef struct device_engine {
    engine base;
    gradus_device *device;
    cl_mem parameters; /* (layout.length) */
    cl_mem kept;       /* (layout.length), parameters set aside */
    cl_mem gradient;   /* (layout.length) */
    cl_mem sums;       /* (2 x METRIC_SLOTS) */
    launch sgd_update;
} device_engine;

/* Makes the buffers, all zero. After a failure, too, gr_device_engine_release must follow. */
gradus_status gr_device_engine_init(device_engine *e, const engine *base, gradus_device *device);
void gr_device_engine_release(device_engine *e);

/* Bytes of the buffers that init makes. */
size_t gr_device_engine_bytes(const parameter_layout *layout);

/* These serve as members of an engine_type. */
gradus_status gr_device_engine_write_parameters(engine *e, const float *parameters);
gradus_status gr_device_engine_read_parameters(engine *e, float *parameters);
gradus_status gr_device_engine_keep_parameters(engine *e);
gradus_status gr_device_engine_restore_parameters(engine *e);
gradus_status gr_device_engine_update(engine *e, float learning_rate);
gradus_status gr_device_engine_finish(engine *e);
gradus_status gr_device_engine_read_sums(engine *e, unsigned count, batch_sums *sums);
gradus_status gr_device_engine_read_gradient(engine *e, float *gradient);

#endif
