/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The common part of all engines on an OpenCL device: the flat buffers of parameters and gradient, the sums, the record
 * of the steps, and the functions that need only these.
 */
#ifndef GRADUS_ENGINE_DEVICE_ENGINE_H
#define GRADUS_ENGINE_DEVICE_ENGINE_H

#include "device/device.h"
#include "engine/common/engine.h"
#include "engine/opencl/device_optimizer.h"

typedef struct device_engine {
    engine base;
    gradus_device *device;
    parameter_layout layout; /* of the buffers; an engine may change it to suit its kernels */
    cl_mem parameters;       /* (layout.length) */
    cl_mem kept;             /* (layout.length), kept parameters */
    cl_mem gradient;         /* (layout.length) */
    step_record record;      /* an engine's kernels write loss and number correct to record.sums */
    device_optimizer optimizer;
    launch keep_parameters;

    /* The transfer of the record to the host: memory that the device writes asynchronously, and the events. */
    cl_mem landing;                   /* (2 x METRIC_SLOTS), on the host's side */
    float *landed;                    /* the same as mapped memory */
    cl_event arrival[SUMS_UNDER_WAY]; /* NULL: no transfer */
} device_engine;

/* Creates the buffers, all zero. Call gr_device_engine_release afterwards, even after a failure. */
gradus_status gr_device_engine_init(device_engine *e, const engine *base, gradus_device *device);

/* The same with another layout of the buffers, in which W1 is stored in blocks of packed_units units, if not 0
 * (optimizer_buffers). Parameters and gradient are then written and read in that layout. */
gradus_status gr_device_engine_init_with(device_engine *e, const engine *base, gradus_device *device,
                                         const parameter_layout *layout, size_t packed_units);
void gr_device_engine_release(device_engine *e);

/* Bytes of the buffers that init creates. */
size_t gr_device_engine_bytes(const engine *base);

/* The device memory that a data set needs. */
typedef struct memory_need {
    double sample_bytes;  /* per sample, in all buffers */
    double largest_bytes; /* per sample, in the largest buffer */
    double fixed_bytes;   /* independent of the samples */
} memory_need;

/* DEVICE if that is more than the device has, or allows in one buffer; the message says how many samples would fit. */
gradus_status gr_device_engine_check_fit(const device_engine *e, const memory_need *need);

/* Members of an engine_type. */
gradus_status gr_device_engine_write_parameters(engine *e, const float *parameters);
gradus_status gr_device_engine_read_parameters(engine *e, float *parameters);
gradus_status gr_device_engine_read_state(engine *e, const engine_state *state);
gradus_status gr_device_engine_write_state(engine *e, const engine_state *state);
gradus_status gr_device_engine_keep_parameters(engine *e);
gradus_status gr_device_engine_restore_parameters(engine *e);
gradus_status gr_device_engine_update(engine *e, const update_step *step);
gradus_status gr_device_engine_send_sums(engine *e, unsigned place, sums_range range);
gradus_status gr_device_engine_await_sums(engine *e, unsigned place, sums_range range, batch_sums *sums);
gradus_status gr_device_engine_read_sums(engine *e, batch_sums *sums);
gradus_status gr_device_engine_read_gradient(engine *e, float *gradient);

/* They, in the table of an engine: those of all engines on a device, and those of engines whose buffers have the
 * network's layout. */
#define DEVICE_ENGINE_MEMBERS                                                                                         \
    .needs_device = true, .update = gr_device_engine_update, .keep_parameters = gr_device_engine_keep_parameters,     \
    .restore_parameters = gr_device_engine_restore_parameters, .send_sums = gr_device_engine_send_sums,               \
    .await_sums = gr_device_engine_await_sums, .read_sums = gr_device_engine_read_sums

#define DEVICE_ENGINE_ARRAYS                                                                                          \
    .write_parameters = gr_device_engine_write_parameters, .read_parameters = gr_device_engine_read_parameters,       \
    .read_state = gr_device_engine_read_state, .write_state = gr_device_engine_write_state,                           \
    .read_gradient = gr_device_engine_read_gradient

#endif
