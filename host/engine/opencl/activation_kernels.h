/* SPDX-License-Identifier: Apache-2.0 */
/* The launchers of kernels/layered/activate.cl; see layer_kernels.h. */
#ifndef GRADUS_ENGINE_ACTIVATION_KERNELS_H
#define GRADUS_ENGINE_ACTIVATION_KERNELS_H

#include "device/device.h"
#include "net/network.h"

/* The layer of dropout, and the buffers with the step and the numbers of a slice's samples. */
typedef struct dropout_source {
    float share;
    cl_uint layer;   /* 0: the input */
    cl_mem progress; /* of a step_record */
    cl_mem order;    /* (B); NULL: file order */
} dropout_source;

/* z and slopes (units x samples). */
gradus_status gr_activation_forward(gradus_device *device, gradus_activation function, const dropout_source *source,
                                    cl_mem z, cl_mem slopes, size_t units, size_t samples, launch *prepared);

/* For samples first .. first + valid - 1 of the order; share 0: nothing is dropped. */
gradus_status gr_activation_forward_set(launch *prepared, float share, size_t first, size_t valid);

gradus_status gr_activation_backward(gradus_device *device, cl_mem slopes, cl_mem dz, size_t elements,
                                     launch *prepared);

/* out (features x samples). */
gradus_status gr_input_transform(gradus_device *device, const input_transform *input, const dropout_source *source,
                                 cl_mem x, cl_mem out, size_t features, size_t samples, launch *prepared);

/* The same; in x the samples begin at sample x_first. */
gradus_status gr_input_transform_set(launch *prepared, float share, size_t first, size_t valid, size_t x_first);

#endif
