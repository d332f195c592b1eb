// SPDX-License-Identifier: Apache-2.0
// W1 and dW1 in the order in which first_groups.cl and first_dense.cl use them, whose vectors hold LANES pixels: UNIT_BLOCKS
// x GROUPS x UNIT_BLOCK vectors.

// Where W1[unit, feature] is, the feature being at `place` (group * LANES + lane).
static uint packed_at(uint unit, uint place)
{
    const uint block = unit / UNIT_BLOCK, group = place / LANES;
    return ((block * GROUPS + group) * UNIT_BLOCK + unit % UNIT_BLOCK) * LANES + place % LANES;
}

// Packs W1 (sizes[1] x F). place_feature says which feature is at a place, or F for none.
static void pack_weights(global const float *parameters, global const uint *place_feature, global float *w)
{
    for (uint unit = 0; unit < UNIT_BLOCK * UNIT_BLOCKS; unit++)
        for (uint place = 0; place < GROUPS * LANES; place++) {
            const uint feature = place_feature[place];
            const bool exists = unit < sizes[1] && feature < sizes[0];
            w[packed_at(unit, place)] = exists ? parameters[unit * sizes[0] + feature] : 0;
        }
}
