// SPDX-License-Identifier: Apache-2.0
// The arguments of gradus's own product kernels, for kernels and launchers (host/engine/product). O outputs, I inputs,
// S samples; the matrices are stored row after row, with a row per sample:
//
//   forward           Z  (S x O) = A (S x I) W^T + b
//   weight gradient   dW (O x I) = dZ^T A
//   input gradient    dA (S x I) = dZ (S x O) W

#pragma once

#include "common/integers.h"
#include "common/scaled_sum.h"

// ---- By value ----

// The samples of a product, the first argument of its kernel: A begins at value `first` of its buffer, and `samples`
// of the S samples are valid.
typedef struct product_samples {
    u64 first;
    u32 count;
    u32 unused; // no padding: launches compare the bytes
} product_samples;

// The operations on a sum before it is stored.
enum {
    EPILOGUE_BIAS = 1, // + b
    EPILOGUE_RELU = 2, // max(., 0), after the bias
    EPILOGUE_MASK = 4, // 0 where the mask is not positive: .* relu'
};

// product_cpu_pack: a matrix (k x n), or with `transposed` (n x k), from element `at` of its buffer on.
typedef struct product_pack_shape {
    u64 at;
    u32 n, k, transposed;
    float factor; // of the elements
} product_pack_shape;

// product_cpu_rows: C (samples x n), the depth k.
typedef struct product_rows_shape {
    u64 bias_at; // offset of b in its buffer
    u32 n, k;
    u32 epilogue; // EPILOGUE_*
} product_rows_shape;

// product_cpu_depth: partial sums of C (m x n), the depth being the samples.
typedef struct product_depth_shape {
    u64 room; // floats for the packed A and B of a work-item
    u32 m, n;
    u32 share; // samples of a work-item
} product_depth_shape;

// product_gpu, product_tensor, product_join: C (m x n), which has at most 2^32 elements, the depth k, with all S samples.
typedef struct product_tiles_shape {
    u64 weights_at, bias_at; // offsets of W and b in their buffer
    u32 m, n, k;
    u32 share;    // of the depth, for each part
    u32 epilogue; // EPILOGUE_*
    float factor; // of the sums
} product_tiles_shape;

// ---- Tiles: those of a program that is built without options, and first in the host's lists ----

#define CPU_CHUNK 96
#define CPU_DEPTH 256
#define CPU_ROWS 6
#define CPU_VECTORS 2

// Bytes of a load where A is loaded in vectors; TILE_K is a multiple then.
#define BYTE_VECTOR 16

// product_tensor: numbers of the depth in a tile, and in the unit in which they are loaded.
#define TENSOR_K 32
#define TENSOR_CHUNK 8

#define TENSOR_TILE_M 128
#define TENSOR_TILE_N 64
#define TENSOR_WAVE_M 32
#define TENSOR_WAVE_N 64

#define GPU_TILE_M 128
#define GPU_TILE_N 64
#define GPU_TILE_K 16
#define GPU_ITEM_M 8
#define GPU_ITEM_N 4

// ---- The scratch memory of the CPU's kernels, in floats ----

// A matrix (depth x columns) in panels of `width` columns; the last one is padded.
static inline u64 panel_floats(u64 columns, u64 width, u64 depth)
{
    return (columns + width - 1) / width * width * depth;
}

// Floats of the panels of `rows` columns into which a work-item of product_cpu_depth packs rows of A (depth x m);
// vectors of `columns` floats follow them.
static inline u64 packed_units_floats(u64 m, u64 rows, u64 columns, u64 depth)
{
    return panel_floats(panel_floats(m, rows, 1), columns, depth);
}
