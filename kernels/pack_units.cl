// SPDX-License-Identifier: Apache-2.0
// W1 and dW1 in the order in which first_elements.cl uses them, whose vectors hold LANES units: UNIT_BLOCKS x F x UNIT_BLOCK
// vectors.

#define BLOCK_UNITS (UNIT_BLOCK * LANES)

// Where W1[unit, feature] is, the feature being at `place`.
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
