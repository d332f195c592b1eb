// SPDX-License-Identifier: Apache-2.0
// W1 and dW1 in the order in which first_wide.cl uses them: W1 in blocks of UNIT_BLOCK units, pixel after pixel, dW1
// transposed.

// Where dW1[unit, feature] is, the feature being at `place`.
static uint packed_at(uint unit, uint place)
{
    return (unit / (2 * LANES) * GROUPS + place) * 2 * LANES + unit % (2 * LANES);
}

// Packs W1 (sizes[1] x F): UNIT_BLOCKS x GROUPS x UNIT_BLOCK.
static void pack_weights(global const float *parameters, global const uint *place_feature, global float *w)
{
    for (uint block = 0; block < UNIT_BLOCKS; block++)
        for (uint place = 0; place < GROUPS; place++)
            for (uint u = 0; u < UNIT_BLOCK; u++, w++) {
                const uint unit = block * UNIT_BLOCK + u, feature = place_feature[place];
                *w = unit < sizes[1] && feature < sizes[0] ? parameters[unit * sizes[0] + feature] : 0;
            }
}
