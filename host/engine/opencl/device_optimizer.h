/* SPDX-License-Identifier: Apache-2.0 */
/* An optimizer on a device: its state, and the launches of a step (kernels/common/optimizer.cl). */
#ifndef GRADUS_ENGINE_DEVICE_OPTIMIZER_H
#define GRADUS_ENGINE_DEVICE_OPTIMIZER_H

#include "engine/common/optimizer.h"
#include "engine/opencl/optimizer_kernels.h"

typedef struct device_optimizer {
    optimizer how;
    cl_mem first, second; /* (layout.length), the moments; NULL where there is none */
    cl_mem decays;        /* (layout.length / PARAMETER_ALIGNMENT) bytes: whether weight decay holds */
    cl_mem clip;          /* (1), the factor of the gradient */
    cl_mem squares;       /* (SQUARE_SHARES), for clip */
    cl_mem rows;          /* (3 x all rows), for max_norm */
    launch square_sums, clip_factor, update_parameters, limit_norms; /* without a kernel where there is no need */
    update_step current;                                             /* that update_parameters is set for */
} device_optimizer;

/* What it works on, all of the same layout, and what is remembered of each step. */
typedef struct optimizer_buffers {
    cl_mem parameters, gradient; /* (layout.length) */
    const step_record *record;
    size_t packed_units; /* W1 stands in blocks of so many units, each feature after feature; 0: row after row */
} optimizer_buffers;

/* For buffers of this layout. After a failure, too, release must follow. */
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
