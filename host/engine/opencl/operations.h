/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The launchers: one per kernel, of the kernel's name, where shapes and formulas are told too. Each prepares a launch,
 * which is then enqueued as often as needed.
 */
#ifndef GRADUS_ENGINE_OPERATIONS_H
#define GRADUS_ENGINE_OPERATIONS_H

#include "core/permutation.h"
#include "data/augment.h"
#include "device/device.h"
#include "engine/common/optimizer.h"

/* out needs room for gr_expand_bytes_size(elements) floats. */
gradus_status gr_expand_bytes(gradus_device *device, cl_mem bytes, cl_mem out, size_t elements, launch *prepared);
size_t gr_expand_bytes_size(size_t elements);

gradus_status gr_bias_broadcast(gradus_device *device, cl_mem parameters, size_t offset, cl_mem z, size_t rows,
                                size_t columns, launch *prepared);
gradus_status gr_relu_forward(gradus_device *device, cl_mem z, size_t elements, launch *prepared);
gradus_status gr_relu_backward(gradus_device *device, cl_mem a, cl_mem dz, size_t elements, launch *prepared);
/* Where dropout finds the numbers of a slice's samples, and the units of a layer that it may leave out. */
typedef struct dropout_source {
    float share;
    cl_uint layer;   /* 0: the input */
    cl_mem progress; /* of the step_record below */
    cl_mem order;    /* (B); NULL: samples as they stand */
} dropout_source;

/* z and slopes (units x samples). */
gradus_status gr_activation_forward(gradus_device *device, gradus_activation function, const dropout_source *source,
                                    cl_mem z, cl_mem slopes, size_t units, size_t samples, launch *prepared);
gradus_status gr_activation_backward(gradus_device *device, cl_mem slopes, cl_mem dz, size_t elements,
                                     launch *prepared);

/* out (features x samples). */
gradus_status gr_input_transform(gradus_device *device, const input_transform *input, const dropout_source *source,
                                 cl_mem x, cl_mem out, size_t features, size_t samples, launch *prepared);

gradus_status gr_softmax_forward(gradus_device *device, cl_mem z, size_t classes, size_t samples, launch *prepared);
gradus_status gr_softmax_cross_entropy(gradus_device *device, cl_mem z, cl_mem labels, cl_mem metrics, size_t classes,
                                       size_t samples, launch *prepared);

/* What is remembered of each step, see kernels/common/optimizer.cl. */
typedef struct step_record {
    cl_mem sums;     /* (2): of the gradient that was computed last */
    cl_mem history;  /* (2 x slots): of the steps, a ring */
    cl_mem progress; /* (5): the next slot; whether a loss was not finite; steps taken; the seed of dropout (2) */
    cl_uint slots;
} step_record;

/* first, second: NULL where the optimizer has no such moment. */
typedef struct update_buffers {
    cl_mem parameters, gradient, first, second, decays, clip;
} update_buffers;

gradus_status gr_update_parameters(gradus_device *device, const optimizer *how, size_t elements,
                                   const step_record *record, const update_buffers *buffers, launch *prepared);

/* Shares of a sum of squares. */
#define SQUARE_SHARES 256
gradus_status gr_square_sums(gradus_device *device, cl_mem gradient, size_t elements, cl_mem partial,
                             launch *prepared);
gradus_status gr_clip_factor(gradus_device *device, cl_mem partial, float clip_norm, cl_mem clip, launch *prepared);
gradus_status gr_limit_norms(gradus_device *device, cl_mem parameters, cl_mem rows, size_t row_count, float max_norm,
                             launch *prepared);
gradus_status gr_keep_parameters(gradus_device *device, cl_mem parameters, cl_mem kept, size_t elements,
                                 const step_record *record, launch *prepared);

gradus_status gr_shuffle_samples(gradus_device *device, cl_mem order, size_t count, launch *prepared);
gradus_status gr_shuffle_samples_set(launch *prepared, const permutation *p);

/* A data set (F x B), of which a sample has so many bytes, labels (B), and the place of a batch of samples. */
typedef struct gather_buffers {
    cl_mem x, labels, order, batch, batch_labels;
} gather_buffers;

gradus_status gr_gather_samples(gradus_device *device, const gather_buffers *buffers, size_t sample_bytes,
                                size_t batch, launch *prepared);
gradus_status gr_gather_samples_set(launch *prepared, size_t first, size_t valid);

/* Likewise of samples that are augmented by a plan, which it brings to the device; see host/data/augment.h. */
typedef struct augmented_gather {
    cl_mem plan;       /* an augment_plan */
    cl_mem transforms; /* (batch), of transform */
    launch draw_transforms, augment_samples;
} augmented_gather;

gradus_status gr_augment_samples(gradus_device *device, const augment_plan *plan, size_t plan_bytes,
                                 const gather_buffers *buffers, size_t batch, augmented_gather *prepared);
gradus_status gr_augment_samples_set(augmented_gather *prepared, uint32_t epoch, size_t first, size_t valid);
gradus_status gr_augment_samples_enqueue(gradus_device *device, const augmented_gather *prepared);
void gr_augment_samples_destroy(augmented_gather *prepared);

/* Row sums take two launches and a buffer for the sums of pieces, which any number of them may share. */
typedef struct row_sums {
    launch partial, total;
} row_sums;

/* Floats that the buffer of partial sums needs. */
size_t gr_row_sums_partial_size(size_t rows, size_t columns);
gradus_status gr_row_sums(gradus_device *device, cl_mem m, size_t rows, size_t columns, cl_mem partial, cl_mem out,
                          row_sums *prepared);
gradus_status gr_row_sums_enqueue(gradus_device *device, const row_sums *sums);
void gr_row_sums_destroy(row_sums *sums);

/* The arguments that change between launches. */
gradus_status gr_expand_bytes_set(launch *prepared, size_t first, size_t valid);
gradus_status gr_softmax_cross_entropy_set(launch *prepared, size_t first, size_t valid, float smoothing);

/* Samples `first` to first + valid - 1 of the order, which for the input are x_first and so on of x. share 0: nothing is
 * left out. */
gradus_status gr_activation_forward_set(launch *prepared, float share, size_t first, size_t valid);
gradus_status gr_input_transform_set(launch *prepared, float share, size_t first, size_t valid, size_t x_first);
gradus_status gr_row_sums_set(row_sums *sums, size_t out_offset, float scale, bool accumulate);
gradus_status gr_update_parameters_set(launch *prepared, const update_step *step);

#endif
