/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X sample by sample, each a list of its pixels that are not zero, so that a batch can have any samples. A list is
 * divided into blocks of pixels whose weights fit the first-level cache.
 */
#ifndef GRADUS_ENGINE_SAMPLE_LISTS_H
#define GRADUS_ENGINE_SAMPLE_LISTS_H

#include "data/dataset.h"
#include "device/device.h"

typedef struct sample_lists {
    size_t block, blocks; /* pixels of a block, blocks of a sample */
    size_t entries;       /* pixels that are not zero, over all samples */
    cl_mem values;        /* (entries) bytes */
    cl_mem places;        /* (entries) ushort: index of the pixel */
    cl_mem starts;        /* (blocks x B + 1) uint: first entry of a block */
} sample_lists;

/* Reads all pixels and counts; creates no buffer. Blocks have at most `block` pixels. DEVICE if there are too many for
 * the indices. */
gradus_status gr_sample_lists_measure(const gradus_dataset *dataset, size_t block, sample_lists *out);

/* Creates the buffers and fills them in place. Call release afterwards, even after a failure. */
gradus_status gr_sample_lists_upload(gradus_device *device, const gradus_dataset *dataset, sample_lists *lists);
void gr_sample_lists_release(sample_lists *lists);

#endif
