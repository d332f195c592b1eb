/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed X (groups.h) on a device. */
#ifndef GRADUS_ENGINE_COMPRESSED_H
#define GRADUS_ENGINE_COMPRESSED_H

#include "device/device.h"
#include "engine/compressed/groups.h"

/* group_arrays as buffers; lists are the elements with 1 lane. */
typedef struct compressed {
    cl_mem values, places, sample_offsets, lists, list_offsets;
} compressed;

/* Bytes of X in this shape: in total, and of the largest buffer. */
size_t gr_compressed_bytes(const group_shape *shape, size_t *largest);

/* Creates the buffers and fills them in place, which on a CPU saves a copy. Call release afterwards, even after a
 * failure. */
gradus_status gr_compressed_upload(gradus_device *device, const gradus_dataset *dataset, const group_shape *shape,
                                   compressed *out);
void gr_compressed_release(compressed *x);

#endif
