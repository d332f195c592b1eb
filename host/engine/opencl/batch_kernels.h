/* SPDX-License-Identifier: Apache-2.0 */
/* The launchers of kernels/common/shuffle.cl and augment.cl, which gather batches of samples; see layer_kernels.h. */
#ifndef GRADUS_ENGINE_BATCH_KERNELS_H
#define GRADUS_ENGINE_BATCH_KERNELS_H

#include "core/permutation.h"
#include "data/augment.h"
#include "device/device.h"

/* ---- shuffle.cl ---- */

/* order (count); the launch begins with the identity. */
gradus_status gr_shuffle_samples(gradus_device *device, cl_mem order, size_t count, launch *prepared);
gradus_status gr_shuffle_samples_set(launch *prepared, const permutation *p);

/* A data set (F x B), its labels (B) and order, and the buffers of a batch of samples. */
typedef struct gather_buffers {
    cl_mem x, labels, order, batch, batch_labels;
} gather_buffers;

/* Initially with no samples. */
gradus_status gr_gather_samples(gradus_device *device, const gather_buffers *buffers, size_t sample_bytes,
                                size_t batch, launch *prepared);

/* Gathers the order's samples first .. first + valid - 1. */
gradus_status gr_gather_samples_set(launch *prepared, size_t first, size_t valid);

/* ---- augment.cl ---- */

/* The same with augmentation by a plan, which is uploaded; see host/data/augment.h. Transforms are drawn for many steps
 * at once, so that most steps have one launch. */
typedef struct augmented_gather {
    cl_mem plan;       /* an augment_plan */
    cl_mem transforms; /* (capacity), of transform */
    size_t samples;    /* of the order */
    size_t capacity;
    size_t drawn_first, drawn_end; /* samples of the order whose transforms are there */
    bool draws;                    /* in the next gr_augment_samples_enqueue() */
    launch draw_transforms, augment_samples;
} augmented_gather;

/* The number of transforms in memory. */
size_t gr_augment_capacity(size_t samples, size_t batch);

/* samples: those of the order; batch: the most that are gathered at once. */
gradus_status gr_augment_samples(gradus_device *device, const augment_plan *plan, size_t plan_bytes,
                                 const gather_buffers *buffers, size_t samples, size_t batch,
                                 augmented_gather *prepared);

/* To be called when the order has changed. */
void gr_augment_samples_reorder(augmented_gather *prepared);
gradus_status gr_augment_samples_set(augmented_gather *prepared, uint32_t epoch, size_t first, size_t valid);
gradus_status gr_augment_samples_enqueue(gradus_device *device, augmented_gather *prepared);
void gr_augment_samples_destroy(augmented_gather *prepared);

#endif
