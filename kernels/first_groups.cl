// SPDX-License-Identifier: Apache-2.0
// The first layer on groups of LANES pixels of which some are not zero (host/engine/groups.h): a group is one vector, and
// the sums of UNIT_BLOCK units stay in registers. For narrow layers.
//
// W1 and dW1 are packed in the order of use: UNIT_BLOCKS x GROUPS x UNIT_BLOCK vectors.

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

// Z1 = W1 X of a tile, without bias and the factor 1/255.
static void first_forward(const pixels *x, uint tile, global const float *packed, global float *z)
{
    global const ucharv *values = (global const ucharv *)x->values;
    global const uint *offsets = x->sample_offsets + tile * TILE;
    global const floatv *w = (global const floatv *)packed;
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

// dW1 += dZ1 X^T of a tile. For each group, lists has the tile's samples in which
// it is not zero: the sample in the upper 8 bits, the entry within the tile in the lower 24.
static void first_backward(const pixels *x, uint tile, global const float *dz, global float *packed,
                           global float *spare)
{
    global const ucharv *values = (global const ucharv *)x->values + x->sample_offsets[tile * TILE];
    global const uint *list_offsets = x->list_offsets + (size_t)tile * GROUPS;
    global floatv *dw = (global floatv *)packed;
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
                const uint entry = x->lists[i];
                const floatv v = TO_FLOATV(values[entry & 0xffffff]);
                global const float *d = dz + (entry >> 24);
#pragma unroll
                for (uint h = 0; h < UNIT_BLOCK; h++)
                    sum[h] = fma(v, (floatv)(d[h * TILE]), sum[h]);
            }
#pragma unroll
            for (uint h = 0; h < UNIT_BLOCK; h++)
                dw[h] = sum[h];
        }
}
