/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images made anew for each epoch: what a user asks for as whole numbers (augment_plan), what is drawn of it for one sample
 * in one epoch (transform), and the bytes that come out. Formula and source are in kernels/common/augment_plan.h; a device does
 * the same with the same code.
 */
#ifndef GRADUS_DATA_AUGMENT_H
#define GRADUS_DATA_AUGMENT_H

#include "core/status.h"

#include "common/augment_plan.h"

/* What is asked for, and the seed of what is drawn. */
typedef struct augmentation {
    gradus_augmentation most;
    uint64_t seed;
} augmentation;

/* Whether anything is asked for. */
bool gr_augmentation_is_on(const gradus_augmentation *most);

/* ARGUMENT names the number that cannot be, for images such as these; and samples that are no images of bytes, unless nothing
 * is asked for. */
gradus_status gr_augmentation_check(const gradus_augmentation *most, const gradus_dataset_info *info);

/* The plan with its weights, `bytes` in all, for what was checked. The caller frees *out. */
gradus_status gr_augment_plan_create(const augmentation *what, const gradus_dataset_info *info, augment_plan **out,
                                     size_t *bytes);

/* What is drawn for a sample of the data set in an epoch. */
void gr_draw_transform(const augment_plan *plan, uint32_t epoch, uint32_t sample, transform *out);

/* Makes the augmented image (width * height) of `image`. */
void gr_augment_image(const augment_plan *plan, const transform *by, const uint8_t *image, uint8_t *out);

#endif
