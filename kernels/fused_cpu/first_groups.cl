// SPDX-License-Identifier: Apache-2.0
// The fused pass with a first layer over groups of LANES pixels that are not all zero
// (host/engine/compressed/groups.h): a group is one vector, and the sums of UNIT_BLOCK units stay in registers. For
// narrow layers.

#include "compressed/pixels.clh"
#include "fused_cpu/pack_pixels.clh"

// Z1 = W1 X of a tile, without bias and the factor 1/255.
static void first_forward(const pixels *x, uint tile, global const float *scratch, global float *z)
{
    global const ucharv *values = (global const ucharv *)x->values;
    global const uint *offsets = x->sample_offsets + tile * TILE;
    global const floatv *w = (global const floatv *)scratch;
    for (uint block = 0; block < UNIT_BLOCKS; block++, w += GROUPS * UNIT_BLOCK, z += UNIT_BLOCK * TILE)
        for (uint s = 0; s < TILE; s++) {
            floatv sum[UNIT_BLOCK];
#pragma unroll
            for (uint h = 0; h < UNIT_BLOCK; h++)
                sum[h] = 0;
            for (uint i = offsets[s]; i < offsets[s + 1]; i++) {
                const floatv v = TO_FLOATV(values[i]);
                global const floatv *row = w + (uint)x->places[i] * UNIT_BLOCK;
#pragma unroll
                for (uint h = 0; h < UNIT_BLOCK; h++)
                    sum[h] = fma(v, row[h], sum[h]);
            }
#pragma unroll
            for (uint h = 0; h < UNIT_BLOCK; h++)
                z[h * TILE + s] = sum_lanes(sum[h]);
        }
}

// dW1 += dZ1 X^T of a tile. For each group, lists has an item for each of the tile's samples in which it is not zero.
static void first_backward(const pixels *x, uint tile, global float *scratch, global const float *dz)
{
    global const ucharv *values = (global const ucharv *)x->values + x->sample_offsets[tile * TILE];
    global const uint *list_offsets = x->list_offsets + (size_t)tile * GROUPS;
    global floatv *dw = (global floatv *)(scratch + DW_AT);
    for (uint block = 0; block < UNIT_BLOCKS; block++, dz += UNIT_BLOCK * TILE)
        for (uint group = 0; group < GROUPS; group++, dw += UNIT_BLOCK) {
            const uint begin = list_offsets[group], end = list_offsets[group + 1];
            if (begin == end)
                continue;
            floatv sum[UNIT_BLOCK];
#pragma unroll
            for (uint h = 0; h < UNIT_BLOCK; h++)
                sum[h] = dw[h];
            for (uint i = begin; i < end; i++) {
                const uint item = x->lists[i];
                const floatv v = TO_FLOATV(values[ITEM_ENTRY(item)]);
                global const float *d = dz + ITEM_SAMPLE(item);
#pragma unroll
                for (uint h = 0; h < UNIT_BLOCK; h++)
                    sum[h] = fma(v, (floatv)(d[h * TILE]), sum[h]);
            }
#pragma unroll
            for (uint h = 0; h < UNIT_BLOCK; h++)
                dw[h] = sum[h];
        }
}

#include "fused_cpu/fused_cpu.clh"
