/* SPDX-License-Identifier: Apache-2.0 */
/* The launchers of kernels/common/optimizer.cl; see layer_kernels.h. */
#ifndef GRADUS_ENGINE_OPTIMIZER_KERNELS_H
#define GRADUS_ENGINE_OPTIMIZER_KERNELS_H

#include "common/step_progress.h"
#include "device/device.h"
#include "engine/common/optimizer.h"

/* The record of the steps. */
typedef struct step_record {
    cl_mem sums;     /* (2): of the last gradient */
    cl_mem history;  /* (2 x METRIC_SLOTS): of the steps, a ring */
    cl_mem progress; /* a step_progress */
} step_record;

/* The moments as arguments of a kernel: an optimizer without one never uses the buffer `other` that replaces it. */
typedef struct moment_arguments {
    cl_mem first, second;
} moment_arguments;

static inline moment_arguments gr_moment_arguments(cl_mem first, cl_mem second, cl_mem other)
{
    return (moment_arguments){first == NULL ? other : first, second == NULL ? other : second};
}

/* first, second: NULL if the optimizer has no such moment. */
typedef struct update_buffers {
    cl_mem parameters, gradient, first, second, decays, clip;
} update_buffers;

/* Initially with a learning rate of 0. */
gradus_status gr_update_parameters(gradus_device *device, const optimizer *how, size_t elements,
                                   const step_record *record, const update_buffers *buffers, launch *prepared);
gradus_status gr_update_parameters_set(launch *prepared, const update_step *step);

/* Shares of a sum of squares. */
#define SQUARE_SHARES 256
gradus_status gr_square_sums(gradus_device *device, cl_mem gradient, size_t elements, cl_mem partial,
                             launch *prepared);
gradus_status gr_clip_factor(gradus_device *device, cl_mem partial, float clip_norm, cl_mem clip, launch *prepared);
gradus_status gr_limit_norms(gradus_device *device, cl_mem parameters, cl_mem rows, size_t row_count, float max_norm,
                             launch *prepared);
gradus_status gr_keep_parameters(gradus_device *device, cl_mem parameters, cl_mem kept, size_t elements,
                                 const step_record *record, launch *prepared);

#endif
