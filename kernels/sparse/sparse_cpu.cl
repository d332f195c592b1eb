// SPDX-License-Identifier: Apache-2.0
// The sparse products for a CPU, by elements.clh: a work-item per share of the tiles, work-groups of one. Each
// processes its share once for every block of units, whose weights then stay in the second-level cache.
//
// scratch is TILE x BLOCK_UNITS floats for each work-item.

#include "compressed/elements.clh"
#include "sparse/sparse_arguments.h"
#include "sparse/sparse_weights.clh"

// The tiles of this work-item, of those with samples first .. first + count - 1: *begin .. *end - 1.
static void share_of_tiles(uint first, uint count, uint shares, uint *begin, uint *end)
{
    const ulong me = get_global_id(0);
    const uint first_tile = first / TILE, tiles = (uint)(((ulong)first + count - 1) / TILE) - first_tile + 1;
    *begin = first_tile + (uint)(tiles * me / shares);
    *end = first_tile + (uint)(tiles * (me + 1) / shares);
}

// Z1 = relu(W1 X / 255 + b1) for samples first .. first + count - 1; without ReLU if the network has one layer.
// values, places, sample_offsets: X; packed: W1; b1 begins at `bias` in parameters; z (H x count).
kernel void sparse_forward(sparse_samples samples, global const uchar *restrict values,
                           global const ushort *restrict places, global const uint *restrict sample_offsets,
                           global const float *restrict packed, global const float *restrict parameters, ulong bias,
                           global float *restrict scratch, global float *restrict z)
{
    const uint first = samples.first, count = samples.count;
    const pixels x = {.values = values, .places = places, .sample_offsets = sample_offsets};
    global float *sums = scratch + get_global_id(0) * (TILE * BLOCK_UNITS);
    uint begin, end;
    share_of_tiles(first, count, get_global_size(0), &begin, &end);
    for (uint base = 0; base < UNITS; base += BLOCK_UNITS, packed += GROUPS * BLOCK_UNITS) {
        const uint units = min((uint)UNITS - base, (uint)BLOCK_UNITS);
        global const float *b = parameters + bias + base;
        for (uint tile = begin; tile < end; tile++) {
            elements_forward(&x, tile, (global const floatv *)packed, (global floatv *)sums);
            for (uint s = 0; s < TILE; s++) {
                const uint column = tile * TILE + s - first; // huge if the sample is before the first
                for (uint u = 0; column < count && u < units; u++) {
                    const float sum = fma(sums[s * BLOCK_UNITS + u], 1.0f / 255, b[u]);
                    z[(size_t)column * UNITS + base + u] = RELU && sum <= 0 ? 0 : sum;
                }
            }
        }
    }
}

// Writes each work-item's packed dZ1 X^T over its share to partial (packed dW1 x shares). lists, list_offsets: X; dz
// (H x count).
kernel void sparse_weight_gradient(sparse_samples samples, global const uint *restrict lists,
                                   global const uint *restrict list_offsets, global const float *restrict dz,
                                   global float *restrict scratch, global float *restrict partial, uint shares)
{
    const uint first = samples.first, count = samples.count;
    const pixels x = {.lists = lists, .list_offsets = list_offsets};
    global float *d = scratch + get_global_id(0) * (TILE * BLOCK_UNITS);
    uint begin, end;
    share_of_tiles(first, count, shares, &begin, &end);
    partial += get_global_id(0) * (UNIT_BLOCKS * GROUPS * BLOCK_UNITS);
    for (uint base = 0; base < UNITS; base += BLOCK_UNITS, partial += GROUPS * BLOCK_UNITS) {
        const uint units = min((uint)UNITS - base, (uint)BLOCK_UNITS);
        for (uint i = 0; i < GROUPS * BLOCK_UNITS; i++)
            partial[i] = 0;
        for (uint tile = begin; tile < end; tile++) {
            for (uint s = 0; s < TILE; s++) {
                const uint column = tile * TILE + s - first;
                for (uint u = 0; u < BLOCK_UNITS; u++)
                    d[s * BLOCK_UNITS + u] = column < count && u < units ? dz[(size_t)column * UNITS + base + u] : 0;
            }
            elements_backward(&x, tile, true, (global const floatv *)d, (global floatv *)partial);
        }
    }
}
