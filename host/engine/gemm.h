/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C := alpha op(A) op(B) + beta C in single precision, by CLBlast. Column after column: op(A) is m x k, op(B) k x n,
 * C m x n, without gaps between columns. A weight matrix W (H x F), stored row after row, is therefore an F x H operand
 * here, and gets transposed to be W.
 */
#ifndef GRADUS_ENGINE_GEMM_H
#define GRADUS_ENGINE_GEMM_H

#include "device/device.h"

typedef struct gemm_operand {
    cl_mem buffer;
    size_t offset; /* in floats */
    bool transposed;
} gemm_operand;

typedef struct gemm {
    size_t m, n, k;
    float alpha, beta;
    gemm_operand a, b, c; /* c is never transposed */
} gemm;

/* Bytes of scratch memory that this product needs; 0: none. The buffers need not exist yet. */
gradus_status gr_gemm_scratch_size(gradus_device *device, const gemm *product, size_t *bytes);

/* scratch may be NULL if none is needed, and may be shared by all products of a queue. */
gradus_status gr_gemm_enqueue(gradus_device *device, const gemm *product, cl_mem scratch);

#endif
