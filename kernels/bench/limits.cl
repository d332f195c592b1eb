// SPDX-License-Identifier: Apache-2.0
// The limits of a device: multiply-adds from registers, and reads from memory. Both kernels count their operations, so
// that the result is wrong if an operation is optimised away.
//
// LANES: lanes of a vector of limit_fma, READ_LANES: of limit_read; the device's width on CPUs, 1 and 4 on GPUs, where
// neighbouring work-items are the lanes. Twelve independent sums hide the latency of a multiply-add (4 cycles on two
// units of current cores) and leave room for the two factors in 16 registers.

#include "bench/limit_sums.h"

#ifndef LANES
#define LANES 8
#endif
#ifndef READ_LANES
#define READ_LANES 8
#endif

#define PASTE(a, b) a##b
#define VECTOR(lanes) PASTE(float, lanes)
#if LANES == 1
typedef float floatv;
#else
typedef VECTOR(LANES) floatv;
#endif
#if READ_LANES == 1
typedef float readv;
#else
typedef VECTOR(READ_LANES) readv;
#endif

// fma, or mad: without a multiply-add in hardware fma is slow and exact, and mad is the fastest function. FP_FAST_FMAF
// is not reliable (PoCL 3.1 does not define it on AVX2), so both are measured.
#ifndef MULTIPLY_ADD
#define MULTIPLY_ADD fma
#endif

// rounds times s := s factor[0] + factor[1] for LIMIT_SUMS sums that start as 0, 1, ...; out[i] (vectors, one per
// work-item) is their sum. With both factors 1 that is LIMIT_SUMS rounds + (0 + 1 + ...) in every lane. NDRange: any.
kernel void limit_fma(global const float *restrict factor, global floatv *restrict out, uint rounds)
{
    const floatv a = factor[0], b = factor[1];
    floatv sum[LIMIT_SUMS], total = 0;
#pragma unroll
    for (uint k = 0; k < LIMIT_SUMS; k++)
        sum[k] = (float)k;
    for (uint r = 0; r < rounds; r++) {
#pragma unroll
        for (uint k = 0; k < LIMIT_SUMS; k++)
            sum[k] = MULTIPLY_ADD(sum[k], a, b);
    }
#pragma unroll
    for (uint k = 0; k < LIMIT_SUMS; k++)
        total += sum[k];
    out[get_global_id(0)] = total;
}

// out[i] = the sum of the `count` vectors x[apart i], x[apart i + step], ...; count is a multiple of LIMIT_READ_SUMS.
// NDRange: any. On CPUs a work-item reads a piece of its own (step 1), on GPUs neighbours read neighbours (apart 1).
kernel void limit_read(global const readv *restrict x, global readv *restrict out, ulong count, ulong apart,
                       ulong step)
{
    const size_t i = get_global_id(0);
    global const readv *at = x + i * apart;
    readv sum[LIMIT_READ_SUMS], total = 0;
#pragma unroll
    for (uint k = 0; k < LIMIT_READ_SUMS; k++)
        sum[k] = 0;
    for (ulong j = 0; j < count; j += LIMIT_READ_SUMS) {
#pragma unroll
        for (uint k = 0; k < LIMIT_READ_SUMS; k++)
            sum[k] += at[(j + k) * step];
    }
#pragma unroll
    for (uint k = 0; k < LIMIT_READ_SUMS; k++)
        total += sum[k];
    out[i] = total;
}
