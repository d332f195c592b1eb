/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Augmented images, different in each epoch: the user's options as integers (augment_plan), the random transformation
 * of a sample in an epoch (transform), and the resulting bytes. Formula and source are in
 * kernels/common/augment_plan.h; a device runs the same code.
 */
#ifndef GRADUS_DATA_AUGMENT_H
#define GRADUS_DATA_AUGMENT_H

#include "core/status.h"

#include "common/augment_plan.h"

/* The user's options, and the seed of the random numbers. */
typedef struct augmentation {
    gradus_augmentation most;
    uint64_t seed;
} augmentation;

/* Whether any option is other than 0. */
bool gr_augmentation_is_on(const gradus_augmentation *most);

/* ARGUMENT for a number that is out of range for these images, and for samples that are not images of bytes unless all
 * options are 0. */
gradus_status gr_augmentation_check(const gradus_augmentation *most, const gradus_dataset_info *info);

/* The plan with its weights, `bytes` in total. The options must have been checked. The caller frees *out. */
gradus_status gr_augment_plan_create(const augmentation *what, const gradus_dataset_info *info, augment_plan **out,
                                     size_t *bytes);

/* Draws the transformation of a sample of the data set in an epoch. */
void gr_draw_transform(const augment_plan *plan, uint32_t epoch, uint32_t sample, transform *out);

/* Computes the augmented image (width * height) of `image`. */
void gr_augment_image(const augment_plan *plan, const transform *by, const uint8_t *image, uint8_t *out);

#endif
