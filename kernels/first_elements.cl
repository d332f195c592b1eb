// SPDX-License-Identifier: Apache-2.0
// The first layer on single pixels that are not zero: one pixel meets one contiguous row of weights, with units in the
// lanes and the sums of UNIT_BLOCK vectors of units in registers. For wide layers on sparse images.
//
// X is as for first_groups.cl with groups of one pixel.

// Z1 = W1 X of a tile, without bias and the factor 1/255.
static void first_forward(const pixels *x, uint tile, global const float *scratch, global float *z)
{
    global const uint *offsets = x->sample_offsets + tile * TILE;
    global const floatv *w = (global const floatv *)scratch;
    for (uint block = 0; block < UNIT_BLOCKS; block++, w += GROUPS * UNIT_BLOCK, z += BLOCK_UNITS * TILE)
        for (uint s = 0; s < TILE; s++) {
            floatv sum[UNIT_BLOCK];
#pragma unroll
            for (uint u = 0; u < UNIT_BLOCK; u++)
                sum[u] = 0;
            for (uint i = offsets[s]; i < offsets[s + 1]; i++) {
                const floatv v = (floatv)((float)x->values[i]);
                global const floatv *row = w + (uint)x->places[i] * UNIT_BLOCK;
#pragma unroll
                for (uint u = 0; u < UNIT_BLOCK; u++)
                    sum[u] = fma(v, row[u], sum[u]);
            }
#pragma unroll
            for (uint u = 0; u < UNIT_BLOCK; u++)
                for (uint lane = 0; lane < LANES; lane++)
                    z[(u * LANES + lane) * TILE + s] = ((const float *)&sum[u])[lane];
        }
}

// dW1 += dZ1 X^T of a tile; lists as for first_groups.cl. dZ1 is turned over first,
// into the spare room, to have a sample's units side by side.
static void first_backward(const pixels *x, uint tile, global float *scratch, global const float *dz)
{
    global const uchar *values = x->values + x->sample_offsets[tile * TILE];
    global const uint *list_offsets = x->list_offsets + (size_t)tile * GROUPS;
    global floatv *dw = (global floatv *)(scratch + DW_AT);
    global float *turned = scratch + SPARE_AT;
    for (uint block = 0; block < UNIT_BLOCKS; block++, dz += BLOCK_UNITS * TILE) {
        for (uint s = 0; s < TILE; s++)
            for (uint u = 0; u < BLOCK_UNITS; u++)
                turned[s * BLOCK_UNITS + u] = dz[u * TILE + s];
        for (uint place = 0; place < GROUPS; place++, dw += UNIT_BLOCK) {
            const uint begin = list_offsets[place], end = list_offsets[place + 1];
            if (begin == end)
                continue;
            floatv sum[UNIT_BLOCK];
#pragma unroll
            for (uint u = 0; u < UNIT_BLOCK; u++)
                sum[u] = dw[u];
            for (uint i = begin; i < end; i++) {
                const uint entry = x->lists[i];
                const floatv v = (floatv)((float)values[entry & 0xffffff]);
                global const floatv *d = (global const floatv *)turned + (entry >> 24) * UNIT_BLOCK;
#pragma unroll
                for (uint u = 0; u < UNIT_BLOCK; u++)
                    sum[u] = fma(v, d[u], sum[u]);
            }
#pragma unroll
            for (uint u = 0; u < UNIT_BLOCK; u++)
                dw[u] = sum[u];
        }
    }
}
