/* SPDX-License-Identifier: Apache-2.0 */
/* The source of mini-batches: the complete data set on the device, the epoch's order, and the current batch. */
#ifndef GRADUS_ENGINE_BATCH_SOURCE_H
#define GRADUS_ENGINE_BATCH_SOURCE_H

#include "data/dataset.h"
#include "engine/opencl/batch_kernels.h"

typedef struct batch_source {
    cl_mem x, labels;           /* (F x B), (B): the data set; its features are bytes or floats */
    cl_mem order;               /* (B) */
    cl_mem batch, batch_labels; /* (F x S), (S): samples of the current batch */
    launch shuffle_samples, gather_samples;
    augmented_gather augmented; /* all NULL without augmentation */
    bool augments;              /* with the current order, as in its epoch */
    uint32_t epoch;
} batch_source;

/* Uploads the labelled data set, for slices of up to `slice` samples, which are augmented if requested. Call destroy
 * afterwards, even after a failure. */
gradus_status gr_batch_source_create(gradus_device *device, const gradus_dataset *dataset, const augmentation *how,
                                     size_t slice, batch_source **out);
void gr_batch_source_destroy(batch_source *source);

/* Bytes of its buffers, except the plan of augmentation. */
size_t gr_batch_source_bytes(const gradus_dataset *dataset, size_t slice);

/* Queues a new order. */
gradus_status gr_batch_source_shuffle(gradus_device *device, batch_source *source, const permutation *order);

/* Queues the transfer of the order's samples first .. first + count - 1 to batch and batch_labels. In training they are
 * augmented as in the order's epoch, unless the order is the identity. */
gradus_status gr_batch_source_gather(gradus_device *device, batch_source *source, size_t first, size_t count,
                                     bool training);

#endif
