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

// The values that differ between launches of fused_batch_reduce.
typedef struct batch_reduce {
    pass_range range; // of the pass
    u32 adds;
} batch_reduce;

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
    u32 batch;    // samples of a step
    u32 shares;   // of the pass over a batch, each with a scratch
    u32 patience; // looks of a waiting work-item, see batch_team.clh
    optimizer rule;
} batch_training;

// Floats of the gradient that are computed at a time, and then used; a multiple of any number of lanes.
#define PIECE_FLOATS 1024

// The memory of a team of fused_batch_steps, all zero at first, see batch_team.clh: units of all phases that are done; of
// each unit, phases that have begun and the sum of squares of its part of the gradient. They are in lines of the cache of
// their own.
#define TEAM_LINE 16 // words
#define TEAM_DONE 0
#define TEAM_BEGUN(unit) (((unit) + 1) * TEAM_LINE)
#define TEAM_SQUARES(unit) (TEAM_BEGUN(unit) + 1)
#define TEAM_WORDS(units) TEAM_BEGUN(units)

// Vectors of units up to which dW1 is summed in memory; see tile_elements_backward.
#define SCATTERED 2
