/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mini-batches of augmented images: the plan, and X as bytes, besides the lists of its pixels (sample_lists.h).
 * kernels/fused_batch/augment_tile.clh computes the images of a tile from them.
 */
#ifndef GRADUS_ENGINE_IMAGE_SOURCE_H
#define GRADUS_ENGINE_IMAGE_SOURCE_H

#include "device/device.h"
#include "engine/common/engine.h"

/* Both NULL without augmentation. */
typedef struct image_source {
    cl_mem plan;   /* an augment_plan */
    cl_mem pixels; /* (F x B) */
} image_source;

/* Whether the samples of batches are augmented. */
bool gr_image_source_is_on(const engine *base);

/* Bytes of a sample's image in `pixels`. */
size_t gr_image_source_sample_bytes(const engine *base);

/* Does nothing without augmentation. Call release afterwards, even after a failure. */
gradus_status gr_image_source_create(gradus_device *device, const engine *base, image_source *out);
void gr_image_source_release(image_source *s);

#endif
