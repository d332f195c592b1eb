/* SPDX-License-Identifier: Apache-2.0 */
/* The units that a step drops, by the random bits of kernels/common/dropout.h, so every engine and device drops the
 * same. */
#ifndef GRADUS_ENGINE_DROPOUT_H
#define GRADUS_ENGINE_DROPOUT_H

#include "core/status.h"

/* Regularisation, which reduces overfitting. All zero except the seed: none. */
typedef struct regularization {
    float dropout, input_dropout; /* shares of the units of hidden layers, and of the features, that are dropped */
    float label_smoothing;
    uint64_t seed;
} regularization;

/* A unit is dropped if its bits are below this: the share of 2^16. */
uint32_t gr_dropout_threshold(float share);

/* The factor of the other units, which keeps the expectation of a layer. */
float gr_dropout_gain(uint32_t threshold);

/* Identifies the outputs of a layer in a training. Layer 0 is the input. */
typedef struct dropout_place {
    uint64_t seed;
    uint32_t layer, sample, step;
} dropout_place;

/* One factor for each unit: 0 or the gain. */
void gr_dropout_draw(float share, const dropout_place *at, size_t units, float *factors);

#endif
