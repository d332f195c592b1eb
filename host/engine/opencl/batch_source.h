/* SPDX-License-Identifier: Apache-2.0 */
/* Where mini-batches come from: the whole data set on the device, the epoch's order, and the batch at hand. */
#ifndef GRADUS_ENGINE_BATCH_SOURCE_H
#define GRADUS_ENGINE_BATCH_SOURCE_H

#include "data/dataset.h"
#include "engine/opencl/batch_kernels.h"

typedef struct batch_source {
    cl_mem x, labels;           /* (F x B), (B): the data set, whose features are bytes or floats */
    cl_mem order;               /* (B) */
    cl_mem batch, batch_labels; /* (F x S), (S): samples of a batch, for who reads them */
    launch shuffle_samples, gather_samples;
    augmented_gather augmented; /* all NULL without augmentation */
    bool augments;              /* in the order at hand, as in its epoch */
    uint32_t epoch;
} batch_source;

/* Uploads the labelled data set; slices of up to `slice` samples are taken of it, augmented if that is asked for. After a
 * failure, too, destroy must follow. */
gradus_status gr_batch_source_create(gradus_device *device, const gradus_dataset *dataset, const augmentation *how,
                                     size_t slice, batch_source **out);
void gr_batch_source_destroy(batch_source *source);

/* Bytes of its buffers, but for the plan of augmentation. */
size_t gr_batch_source_bytes(const gradus_dataset *dataset, size_t slice);

/* Queues a new order. */
gradus_status gr_batch_source_shuffle(gradus_device *device, batch_source *source, const permutation *order);

/* Queues the transfer of the order's samples first .. first + count - 1 into batch and batch_labels. For training they are
 * augmented as in the order's epoch, unless that is the identity. */
gradus_status gr_batch_source_gather(gradus_device *device, batch_source *source, size_t first, size_t count,
                                     bool training);

#endif
