// SPDX-License-Identifier: Apache-2.0
// The sparse products for a GPU: a work-item has one vector of units in registers, and its neighbours the other vectors of
// the same block of up to 32 units, so that they read one pixel's weights (or one sample's dZ1) as one line of memory. The
// blocks keep the weights that are in use, GROUPS x 128 bytes, within the first-level cache.
//
// The interface is sparse_cpu.cl's; X has its pixels in one block, and no scratch is needed.

#include "common/division.clh"
#include "common/vectors.clh"
#include "compressed/group_lists.h"
#include "sparse/sparse_arguments.h"
#include "sparse/sparse_weights.clh"

// Z1 = relu(W1 X / 255 + b1) for samples first .. first + count - 1; without ReLU if the network has one layer.
// values, places, sample_offsets: X; packed: W1; b1 begins at `bias` in parameters; z (H x count). NDRange: one
// work-item per vector of units and sample: UNIT_BLOCKS x count x UNIT_BLOCK, or more.
kernel void sparse_forward(sparse_samples samples, global const uchar *restrict values,
                           global const ushort *restrict places, global const uint *restrict sample_offsets,
                           global const float *restrict packed, global const float *restrict parameters, ulong bias,
                           global float *restrict scratch, global float *restrict z)
{
    const uint first = samples.first, count = samples.count;
    const size_t i = get_global_id(0), row = i / UNIT_BLOCK;
    const uint block = (uint)quotient(row, count), vector = (uint)(i - row * UNIT_BLOCK);
    if (block >= UNIT_BLOCKS)
        return;
    const size_t column = row - (size_t)block * count, sample = first + column;
    const uint unit = block * BLOCK_UNITS + vector * LANES, end = sample_offsets[sample + 1];
    global const floatv *w = (global const floatv *)packed + (size_t)block * GROUPS * UNIT_BLOCK + vector;
    floatv sums = 0;
    for (uint e = sample_offsets[sample]; e < end; e++)
        sums = fma((floatv)((float)values[e]), w[(uint)places[e] * UNIT_BLOCK], sums);
#pragma unroll
    for (uint u = 0; u < LANES; u++)
        if (unit + u < UNITS) {
            const float sum = fma(((const float *)&sums)[u], 1.0f / 255, parameters[bias + unit + u]);
            z[column * UNITS + unit + u] = RELU && sum <= 0 ? 0 : sum;
        }
}

// A vector of a column of dz; the last one may have fewer than LANES units.
static floatv load_units(global const float *dz, uint unit)
{
    floatv d = 0;
#if UNITS % LANES == 0 // then it is aligned, and one load
    return *(global const floatv *)(dz + unit);
#endif
    if (unit + LANES <= UNITS)
        return JOIN(vload, LANES)(0, dz + unit);
#pragma unroll
    for (uint u = 0; u < LANES; u++)
        if (unit + u < UNITS)
            ((float *)&d)[u] = dz[unit + u];
    return d;
}

// Writes packed dZ1 X^T over each share of the tiles to partial (packed dW1 x shares). lists, list_offsets: X; dz (H x
// count). NDRange: one work-item per vector of partial, or more.
kernel void sparse_weight_gradient(sparse_samples samples, global const uint *restrict lists,
                                   global const uint *restrict list_offsets, global const float *restrict dz,
                                   global float *restrict scratch, global float *restrict partial, uint shares)
{
    const uint first = samples.first, count = samples.count;
    const size_t i = get_global_id(0), row = i / UNIT_BLOCK;
    const size_t table = row / GROUPS; // a block of units of a share
    const uint place = (uint)(row - table * GROUPS), share = (uint)(table / UNIT_BLOCKS);
    const uint block = (uint)(table - (size_t)share * UNIT_BLOCKS);
    if (share >= shares)
        return;
    global const ushort *elements = (global const ushort *)lists;
    const uint unit = block * BLOCK_UNITS + (uint)(i - row * UNIT_BLOCK) * LANES, first_tile = first / TILE;
    const uint tiles = (uint)(((ulong)first + count - 1) / TILE) - first_tile + 1;
    const uint end_tile = first_tile + (uint)quotient((ulong)tiles * (share + 1), shares);
    floatv sums = 0;
    for (uint tile = first_tile + (uint)quotient((ulong)tiles * share, shares); tile < end_tile; tile++) {
        const size_t list = (size_t)tile * GROUPS + place;
        const uint end = list_offsets[list + 1];
        const uint s0 = tile * TILE - first; // wraps if the tile begins before the first sample, and back below
        for (uint e = list_offsets[list]; e < end; e++) {
            const uint element = elements[e], column = s0 + ELEMENT_SAMPLE(element);
            const bool inside = column < count;
            const floatv d = load_units(dz + (size_t)(inside ? column : 0) * UNITS, unit);
            sums = fma((floatv)(inside ? (float)ELEMENT_VALUE(element) : 0), d, sums);
        }
    }
    ((global floatv *)partial)[i] = sums;
}
