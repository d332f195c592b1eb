// SPDX-License-Identifier: Apache-2.0
// How the fused GPU program stores matrices in local and global memory, by the numbers of fused_gpu_shape.clh. The plan
// (host/engine/fused_gpu/fused_gpu_plan.c) uses the same formulas.

#pragma once

#include "common/optimizer_arguments.h"
#include "common/parameters.h"
#include "common/pass_range.h"

#define ROUND_UP(a, step) (((a) + (step)-1) / (step) * (step))

// A sample consists of runs of 16 pixels; zeros pad the last one. In local memory the distance between samples is an
// odd number of runs, and the distance between rows of samples an odd number of float4, so that work-items that read
// 16 bytes at this distance use different banks.
#define RUN_PIXELS 16
#define SAMPLE_RUNS(features) (((features) + RUN_PIXELS - 1) / RUN_PIXELS)
#define SAMPLE_PITCH(features) (SAMPLE_RUNS(features) | 1)
#define ROW_QUADS(tile) ((tile) / 4 | 1)

// Runs of a tile that a work-item loads.
#define TILE_READS(tile, features, threads) (((tile)*SAMPLE_RUNS(features) + (threads)-1) / (threads))

// Blocks of units that `items` successive blocks of dW1 can belong to.
#define ITEM_BLOCKS(items, columns) (((items) + (columns)-2) / (columns) + 1)

// The sums of the slices of Z1 are added up in local memory (unit_block x SUM_PITCH), row after row. The work-items
// read `outputs` neighbours of each row; at this distance of rows those of a warp are in different banks.
#define BANKS 32
#define SUM_OUTPUTS(tile, sample_block, unit_blocks) ((tile) / (sample_block) * (unit_blocks))
#define SUM_PITCH(threads, outputs) ((threads) + (outputs) % BANKS)
#define SUM_ROWS(unit_block) ((unit_block) > 4 ? (unit_block) : 4)
#define SUM_QUADS(threads, outputs, unit_block) ((SUM_PITCH(threads, outputs) * SUM_ROWS(unit_block) + 3) / 4)

// The partial sums: first those of dW1 (units_padded x GRADIENT_PITCH each), then those of all other parameters, in the
// order of the flat buffer, with loss and number correct.
#define GRADIENT_PITCH(quad_block, columns) (4 * (quad_block) * (columns))
#define REST_FLOATS(parameters) ((parameters) + METRICS)

// Their numbers.
typedef struct sum_counts {
    u32 dw, rest;
} sum_counts;

// Parameters that a work-group of fused_gpu_reduce and fused_gpu_step adds up, and those that a work-item updates.
#define REDUCE_COLUMNS PARAMETER_ALIGNMENT
#define STEP_LANES 2

// The values that differ between launches of fused_gpu_step.
typedef struct gpu_step {
    pass_range range;
    update_step by;
    u32 keep; // whether the parameters are kept before the step
} gpu_step;
