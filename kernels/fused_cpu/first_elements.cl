// SPDX-License-Identifier: Apache-2.0
// The fused pass with a first layer over single pixels, by elements.clh: for wide layers on sparse images. In
// elements.clh a sample's units are contiguous, in the fused pass a unit's samples, so the matrices are transposed in
// between.

#include "fused_tile/fused_shape.clh"

#include "compressed/elements.clh"
#include "fused_tile/transpose.clh"

// The offset of W1[unit, feature]; `place` is that of the feature.
static uint packed_at(uint unit, uint place)
{
    return (unit / BLOCK_UNITS * GROUPS + place) * BLOCK_UNITS + unit % BLOCK_UNITS;
}

// Packs W1 (sizes[1] x F).
static void pack_weights(global const float *parameters, global const uint *place_feature, global float *w)
{
    for (uint unit = 0; unit < UNIT_BLOCKS * BLOCK_UNITS; unit++)
        for (uint place = 0; place < GROUPS; place++)
            w[packed_at(unit, place)] = unit < sizes[1] ? parameters[unit * sizes[0] + place_feature[place]] : 0;
}

// Z1 = W1 X of a tile, without bias and the factor 1/255.
static void first_forward(const pixels *x, uint tile, global float *scratch, global float *z)
{
    global const float *packed = scratch;
    global float *turned = scratch + SPARE_FORWARD_AT;
    for (uint block = 0; block < UNIT_BLOCKS; block++, packed += GROUPS * BLOCK_UNITS, z += BLOCK_UNITS * TILE) {
        elements_forward(x, tile, (global const floatv *)packed, (global floatv *)turned);
        transpose(TILE, BLOCK_UNITS, turned, z);
    }
}

// dW1 += dZ1 X^T of a tile.
static void first_backward(const pixels *x, uint tile, global float *scratch, global const float *dz)
{
    global float *packed = scratch + DW_AT, *turned = scratch + SPARE_AT;
    for (uint block = 0; block < UNIT_BLOCKS; block++, packed += GROUPS * BLOCK_UNITS, dz += BLOCK_UNITS * TILE) {
        transpose(BLOCK_UNITS, TILE, dz, turned);
        elements_backward(x, tile, true, (global const floatv *)turned, (global floatv *)packed);
    }
}

#include "fused_cpu/fused_cpu.clh"
