// SPDX-License-Identifier: Apache-2.0
// W1 and dW1 as the sparse products have them: packed, UNIT_BLOCKS x GROUPS x BLOCK_UNITS floats, so that a pixel meets
// contiguous units. A program is this file behind vectors.cl, and sparse_gpu.cl, or elements.cl and sparse_cpu.cl; the host
// (host/engine/sparse_products.c) puts it together and defines the constants.
//
// NDRange of both kernels: one work-item per packed element, padded units included.

#ifndef UNITS
#define UNITS 10      // H
#define RELU 1        // the layer has one
#define UNIT_BLOCKS 1 // of units
#endif

#ifndef BLOCK_UNITS
#define BLOCK_UNITS (UNIT_BLOCK * LANES)
#endif

// packed = W1 (H x GROUPS), which begins at `offset` in the flat buffer of parameters, with zeros for padding units.
kernel void sparse_pack_weights(global const float *restrict parameters, ulong offset, global float *restrict packed)
{
    const size_t i = get_global_id(0), row = i / BLOCK_UNITS;
    const uint block = (uint)(row / GROUPS), place = (uint)(row - (size_t)block * GROUPS);
    const uint unit = block * BLOCK_UNITS + (uint)(i - row * BLOCK_UNITS);
    if (block < UNIT_BLOCKS)
        packed[i] = unit < UNITS ? parameters[offset + (size_t)unit * GROUPS + place] : 0;
}

// dW1 = scale * (sum of the shares of packed dW1, in their order), added to what is there if `accumulate`. gradient is the
// flat buffer, offset as above.
kernel void sparse_add_shares(global const float *restrict partial, global float *restrict gradient, ulong offset,
                              uint shares, float scale, uint accumulate)
{
    const size_t i = get_global_id(0), row = i / BLOCK_UNITS;
    const uint block = (uint)(row / GROUPS), place = (uint)(row - (size_t)block * GROUPS);
    const uint unit = block * BLOCK_UNITS + (uint)(i - row * BLOCK_UNITS);
    if (block >= UNIT_BLOCKS || unit >= UNITS)
        return;
    global float *to = gradient + offset + (size_t)unit * GROUPS + place;
    float sum = 0;
    for (uint share = 0; share < shares; share++)
        sum += partial[(size_t)share * (UNIT_BLOCKS * GROUPS * BLOCK_UNITS) + i];
    *to = scale * sum + (accumulate ? *to : 0);
}
