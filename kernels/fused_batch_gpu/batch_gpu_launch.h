// SPDX-License-Identifier: Apache-2.0
// What host and kernels for mini-batches on GPUs must both know.

#pragma once

#include "common/optimizer_arguments.h"
#include "common/scaled_sum.h"

// Columns of a layer's weights that a work-group of batch_update owns. The biases are one more column, after the last.
#define SLAB_COLUMNS 8

// Samples that it reads at a time.
#define SLAB_SAMPLES 64

// Work-items of batch_update that add up a metric.
#define METRIC_SHARES 16

// Outputs of a work-item of batch_forward in the first layer, if the layer's outputs are a multiple of it.
#define FORWARD_BLOCK 4

// Work-items of batch_forward that share a sum, at least, where neighbouring terms are neighbours in memory.
#define SHARED_TERMS 8

// batch_steps, for Z1: slices of the features, and units whose sums are added up at a time.
#define STEPS_SLICES_MAX 32
#define STEPS_SLICES(threads, outputs)                                                                                \
    ((threads) / (outputs) < STEPS_SLICES_MAX ? (threads) / (outputs) : STEPS_SLICES_MAX)
#define STEPS_SUM_UNITS 2

// Floats of W1 in local memory of batch_steps, a multiple of PARAMETER_ALIGNMENT and not fewer than in the flat buffer.
#define STEPS_WEIGHTS(quads, units)                                                                                   \
    ((4 * (quads) * (units) + PARAMETER_ALIGNMENT - 1) / PARAMETER_ALIGNMENT * PARAMETER_ALIGNMENT)

// Shares in which batch_steps adds up the values of all work-items.
#define SUM_SHARES 16

// The samples of a pass: first .. first + count - 1 of the order, count <= BATCH.
typedef struct batch_part {
    u32 first, count;
    u32 gathered; // X and the labels are those of the batch alone, in its order
} batch_part;

// The values that differ between launches of batch_steps: complete steps over samples first .. end - 1 of the order.
typedef struct batch_run {
    u32 first, end;
    u32 factors_at; // of the first step in the ring of factors
    u32 keep;       // whether the parameters are kept before the last update
} batch_run;

// The values that differ between launches of batch_update and batch_gradient.
typedef struct batch_step {
    u32 count;       // samples of the pass
    u32 keep;        // whether the parameters are kept before the update
    scaled_sum mean; // how a sum over the samples becomes a gradient; batch_update never accumulates
    update_step by;
} batch_step;
