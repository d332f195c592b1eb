// SPDX-License-Identifier: Apache-2.0
// What the files of the fused GPU program share: the shape of the network, how a work-group divides the work, and how
// matrices stand in local memory. A program is this file, first_gpu.cl and fused_gpu.cl; the engine
// (host/engine/fused_gpu_plan.c) chooses the constants.

// The defaults are the notebook's network on a GPU with 48 KB of local memory.
#ifndef THREADS
#define LAYERS 2
#define SIZES 784, 10, 10  // F, H1, ..., C
#define FEATURES 784       // F
#define UNITS 10           // H1
#define WEIGHTS_AT 0, 7872 // where each W and b begins in the flat buffer of parameters
#define BIAS_AT 7840, 8000
#define PARAMETERS 8032 // length of that buffer
#define THREADS 224     // work-items of a work-group
#define TILE 32         // samples in local memory at a time, a multiple of SAMPLE_BLOCK and of 4
#define SAMPLE_BLOCK 4  // Z1: samples by units of a work-item's sums
#define UNIT_BLOCK 10
#define UNIT_BLOCKS 1         // so many blocks are all units of the first layer, padded
#define SLICES 28             // Z1: shares of the features
#define QUAD_BLOCK 1          // dW1: a work-item's sums are UNIT_BLOCK units by so many quads of features
#define COLUMNS 196           // so many such blocks are all features
#define ITEMS 196             // dW1: blocks of units by quads that are computed at a time
#define CHUNKS 1              // so many times ITEMS are all of dW1
#define SPLITS 1              // dW1: shares of a tile's samples, each with sums of its own
#define TILES 5               // that a work-group goes through at most
#define ACTIVATIONS_AT 0, 360 // where each layer's output (padded rows x ROW) begins in local memory
#define ACTIVATIONS 720       // floats of all of them
#define REDUCE_SLICES 8       // fused_gpu_reduce: shares of the work-groups' sums
#endif

constant uint sizes[] = {SIZES};
constant uint weights_at[] = {WEIGHTS_AT};
constant uint bias_at[] = {BIAS_AT};
constant uint activations_at[] = {ACTIVATIONS_AT};

#define UNITS_PADDED (UNIT_BLOCK * UNIT_BLOCKS)

// A sample is RUNS runs of 16 pixels, the last one filled up with zeros. In local memory the distance between samples is
// an odd number of runs, and that between rows of samples an odd number of float4, so that work-items that read 16
// bytes at this distance use different banks.
#define RUNS ((FEATURES + 15) / 16)
#define RUN_PITCH (RUNS | 1)
#define ROW4 (TILE / 4 | 1)
#define ROW (4 * ROW4)
#define SAMPLE_GROUPS (TILE / SAMPLE_BLOCK)

// What the slices of Z1 found is added up through memory (UNIT_BLOCK x SUM_ROW), row after row, of which the work-items
// read OUTPUTS neighbours of each row: rows this far apart put those of a warp into different banks.
#define OUTPUTS (SAMPLE_GROUPS * UNIT_BLOCKS)
#define SUM_ROW (THREADS + OUTPUTS % 32)

// A work-group's partial sums: SPLITS times dW1 (UNITS_PADDED x DW_ROW), the gradient of all parameters behind W1 as they
// stand in the flat buffer, loss and number correct; whole float4.
#define DW_ROW (4 * QUAD_BLOCK * COLUMNS)
#define DW_SIZE (UNITS_PADDED * DW_ROW)
#define REST_AT (SPLITS * DW_SIZE)
#define METRICS_AT (REST_AT + PARAMETERS - bias_at[0])
#define PARTIAL ((METRICS_AT + 2 + 31) / 32 * 32)
