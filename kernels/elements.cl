// SPDX-License-Identifier: Apache-2.0
// The two products that touch X on single pixels that are not zero, for a tile of samples: a pixel meets one contiguous row
// of weights, with units in the lanes and the sums of UNIT_BLOCK vectors of units in registers. For CPUs.
//
// X is as host/engine/groups.h says for groups of one pixel. Packed, W1 and dW1 are UNIT_BLOCKS x GROUPS x BLOCK_UNITS.
//
// What limits this is where a row of weights comes from: two vectors a cycle from the first-level cache, one from the
// second. So forward goes through the tile with one block of pixels after the other, whose weights stay in the first.

#ifndef TILE
#define TILE 128     // samples of a tile
#define GROUPS 784   // pixels of a sample
#define BLOCKS 8     // of pixels
#define UNIT_BLOCK 8 // vectors of units that are handled together
#endif

#define BLOCK_UNITS (UNIT_BLOCK * LANES)

// z (BLOCK_UNITS) of one sample = its pixels begin .. end - 1 times their packed weights w, if `adds` on top of what z is.
static void sample_forward(global const uchar *values, global const ushort *places, uint begin, uint end, bool adds,
                           global const floatv *w, global floatv *z)
{
    floatv sum[UNIT_BLOCK];
#pragma unroll
    for (uint u = 0; u < UNIT_BLOCK; u++)
        sum[u] = adds ? z[u] : 0;
    for (uint i = begin; i < end; i++) {
        const floatv v = (floatv)((float)values[i]);
        global const floatv *row = w + (uint)places[i] * UNIT_BLOCK;
#pragma unroll
        for (uint u = 0; u < UNIT_BLOCK; u++)
            sum[u] = fma(v, row[u], sum[u]);
    }
#pragma unroll
    for (uint u = 0; u < UNIT_BLOCK; u++)
        z[u] = sum[u];
}

// z (TILE x BLOCK_UNITS, sample after sample) = W1 X of a tile, for one block of units, whose packed weights are w.
static void elements_forward(const pixels *x, uint tile, global const floatv *w, global floatv *z)
{
    global const uint *offsets = x->sample_offsets + (size_t)tile * BLOCKS * TILE;
    for (uint block = 0; block < BLOCKS; block++, offsets += TILE)
        for (uint s = 0; s < TILE; s++)
            sample_forward(x->values, x->places, offsets[s], offsets[s + 1], block > 0, w, z + s * UNIT_BLOCK);
}

// dw (GROUPS x BLOCK_UNITS, packed) += dZ1 X^T of a tile, for one block of units, whose dZ1 is d (TILE x BLOCK_UNITS,
// sample after sample).
static void elements_backward(const pixels *x, uint tile, global const floatv *d, global floatv *dw)
{
    global const ushort *elements = (global const ushort *)x->lists;
    global const uint *list_offsets = x->list_offsets + (size_t)tile * GROUPS;
    for (uint place = 0; place < GROUPS; place++, dw += UNIT_BLOCK) {
        const uint begin = list_offsets[place], end = list_offsets[place + 1];
        if (begin == end)
            continue;
        floatv sum[UNIT_BLOCK];
#pragma unroll
        for (uint u = 0; u < UNIT_BLOCK; u++)
            sum[u] = dw[u];
        for (uint i = begin; i < end; i++) {
            const uint element = elements[i];
            const floatv v = (floatv)((float)(element & 0xff));
            global const floatv *row = d + (element >> 8) * UNIT_BLOCK;
#pragma unroll
            for (uint u = 0; u < UNIT_BLOCK; u++)
                sum[u] = fma(v, row[u], sum[u]);
        }
#pragma unroll
        for (uint u = 0; u < UNIT_BLOCK; u++)
            dw[u] = sum[u];
    }
}
