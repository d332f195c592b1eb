// SPDX-License-Identifier: Apache-2.0
// What our own product kernels share with their launchers (host/engine/product). O outputs, I inputs, S samples; the matrices
// stand row after row, with a row per sample:
//
//   forward           Z  (S x O) = A (S x I) W^T + b
//   weight gradient   dW (O x I) = dZ^T A
//   input gradient    dA (S x I) = dZ (S x O) W

#pragma once

#include "common/integers.h"
#include "common/scaled_sum.h"

// The samples that a product is of, the first argument of its kernel: A begins at this value of its buffer, and so many of the
// S samples are there.
typedef struct product_samples {
    u64 first;
    u32 count;
} product_samples;

// What happens to a sum on its way out.
enum {
    EPILOGUE_BIAS = 1, // + b
    EPILOGUE_RELU = 2, // max(., 0), after the bias
    EPILOGUE_MASK = 4, // 0 where the mask is not positive: .* relu'
};

// gemm_cpu_rows: C (samples x n), the depth k.
typedef struct cpu_rows_shape {
    u64 bias_at; // where b begins in its buffer
    u32 n, k;
    u32 epilogue; // EPILOGUE_*
} cpu_rows_shape;

// gemm_cpu_depth: partial sums of C (m x n), the depth being the samples.
typedef struct cpu_depth_shape {
    u64 room; // floats that each work-item packs A and B into
    u32 m, n;
    u32 share; // samples of a work-item
} cpu_depth_shape;

// gemm_gpu: C (m x n), the depth k, with all samples.
typedef struct gpu_shape {
    u64 weights_at, bias_at; // where W and b begin in their buffer
    u32 m, n, k;
    u32 share;    // of the depth, for each of the parts that it is split into
    u32 epilogue; // EPILOGUE_*
    float alpha;
} gpu_shape;
