/* SPDX-License-Identifier: Apache-2.0 */
/* An optimizer on a device: its state, and the launches of a step (kernels/common/optimizer.cl). */
#ifndef GRADUS_ENGINE_DEVICE_OPTIMIZER_H
#define GRADUS_ENGINE_DEVICE_OPTIMIZER_H

#include "engine/common/optimizer.h"
#include "engine/opencl/optimizer_kernels.h"

typedef struct device_optimizer {
    optimizer how;
    cl_mem first, second; /* (layout.length), the moments; NULL: none */
    cl_mem decays;        /* (layout.length / PARAMETER_ALIGNMENT) bytes: whether weight decay applies */
    cl_mem clip;          /* (1), the factor of the gradient */
    cl_mem squares;       /* (SQUARE_SHARES), for clip */
    cl_mem rows;          /* (3 x all rows), for max_norm */
    launch square_sums, clip_factor, update_parameters, limit_norms; /* without a kernel if not needed */
    update_step current;                                             /* the present arguments of update_parameters */
} device_optimizer;

/* The buffers of an optimizer, all in the same layout, and the record of the steps. */
typedef struct optimizer_buffers {
    cl_mem parameters, gradient; /* (layout.length) */
    const step_record *record;
    size_t packed_units; /* W1 is in blocks of this number of units, in each by features; 0: row after row */
} optimizer_buffers;

/* For buffers in this layout. Call release afterwards, even after a failure. */
gradus_status gr_device_optimizer_create(gradus_device *device, const optimizer *how, const gradus_network *network,
                                         const parameter_layout *layout, const optimizer_buffers *buffers,
                                         device_optimizer *out);
void gr_device_optimizer_release(device_optimizer *o);

/* Bytes of its buffers. */
size_t gr_device_optimizer_bytes(const optimizer *how, const parameter_layout *layout);

/* Forgets the moments. */
gradus_status gr_device_optimizer_reset(gradus_device *device, device_optimizer *o, const parameter_layout *layout);

/* Queues a step. */
gradus_status gr_device_optimizer_enqueue(gradus_device *device, device_optimizer *o, const update_step *step);

#endif
