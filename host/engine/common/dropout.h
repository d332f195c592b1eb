/* SPDX-License-Identifier: Apache-2.0 */
/* Which units a step leaves out, by the random bits of kernels/common/dropout.h, so every engine and device leaves out the
 * same. */
#ifndef GRADUS_ENGINE_DROPOUT_H
#define GRADUS_ENGINE_DROPOUT_H

#include "core/status.h"

/* Against learning the samples by heart. All zero but the seed: none of it. */
typedef struct regularization {
    float dropout, input_dropout; /* shares of the units of hidden layers, and of the features, that are left out */
    float label_smoothing;
    uint64_t seed;
} regularization;

/* A unit is left out whose bits are below this: of 2^16 so many. */
uint32_t gr_dropout_threshold(float share);

/* What the others count, so that the expectation of a layer stays. */
float gr_dropout_gain(uint32_t threshold);

/* Where in a training a layer's outputs are. Layer 0 is the input. */
typedef struct dropout_place {
    uint64_t seed;
    uint32_t layer, sample, step;
} dropout_place;

/* One factor for each unit: 0 or the gain. */
void gr_dropout_draw(float share, const dropout_place *at, size_t units, float *factors);

#endif
