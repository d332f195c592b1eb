// SPDX-License-Identifier: Apache-2.0
// The parameters of the batch kernels that are not buffers.

#pragma once

#include "common/optimizer_arguments.h"
#include "common/pass_range.h"

// The augmentation with the current order of samples.
typedef struct batch_images {
    u32 augments; // whether they are augmented; only in programs with AUGMENTS
    u32 epoch;    // of the order
} batch_images;

// The values that differ between passes over samples of the order.
typedef struct batch_pass {
    pass_range range;
    batch_images images;
} batch_pass;

// The values that differ between launches of fused_batch_update.
typedef struct batch_update {
    pass_range range; // of the pass
    update_step by;
    u32 keep; // whether the parameters are kept before the update
} batch_update;

// The values that differ between launches of fused_batch_steps: complete steps over samples first .. end - 1 of the
// order.
typedef struct batch_steps {
    u32 first, end;
    u32 factors_at; // of the first step in the ring of factors
    u32 keep;       // whether the parameters are kept before the last update
    batch_images images;
} batch_steps;

// The values that are the same in all launches.
typedef struct batch_training {
    u32 batch; // samples of a step
    optimizer rule;
} batch_training;

// Floats that a work-item of fused_batch_reduce or fused_batch_update adds up, a multiple of any number of lanes.
#define REDUCE_FLOATS 1024
