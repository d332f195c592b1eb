// SPDX-License-Identifier: Apache-2.0
// The fused pass with a first layer over all pixels, for narrow layers and data without many zeros: products of small
// blocks in registers, UNIT_BLOCK units by two samples forward, UNIT_BLOCK units by two vectors of pixels backward.
//
// X has GROUPS * LANES bytes per sample, padded with zeros.

#include "compressed/pixels.clh"
#include "fused_cpu/first_layer.h"
#include "fused_cpu/pack_pixels.clh"

#if GROUPS % DENSE_GROUPS != 0
#error the groups of a sample must be filled up
#endif

// Z1 = W1 X of a tile, without bias and the factor 1/255.
static void first_forward(const pixels *x, uint tile, global const float *scratch, global float *z)
{
    global const ucharv *values = (global const ucharv *)x->values + (size_t)tile * TILE * GROUPS;
    global const floatv *w = (global const floatv *)scratch;
    for (uint block = 0; block < UNIT_BLOCKS; block++, w += GROUPS * UNIT_BLOCK, z += UNIT_BLOCK * TILE)
        for (uint s = 0; s < TILE; s += 2) {
            global const ucharv *v = values + s * GROUPS;
            floatv sum[UNIT_BLOCK][2];
#pragma unroll
            for (uint h = 0; h < UNIT_BLOCK; h++)
                sum[h][0] = sum[h][1] = 0;
            for (uint group = 0; group < GROUPS; group++) {
                const floatv v0 = TO_FLOATV(v[group]), v1 = TO_FLOATV(v[GROUPS + group]);
#pragma unroll
                for (uint h = 0; h < UNIT_BLOCK; h++) {
                    sum[h][0] = fma(v0, w[group * UNIT_BLOCK + h], sum[h][0]);
                    sum[h][1] = fma(v1, w[group * UNIT_BLOCK + h], sum[h][1]);
                }
            }
#pragma unroll
            for (uint h = 0; h < UNIT_BLOCK; h++) {
                z[h * TILE + s] = sum_lanes(sum[h][0]);
                z[h * TILE + s + 1] = sum_lanes(sum[h][1]);
            }
        }
}

// dW1 += dZ1 X^T of a tile.
static void first_backward(const pixels *x, uint tile, global float *scratch, global const float *dz)
{
    global const ucharv *values = (global const ucharv *)x->values + (size_t)tile * TILE * GROUPS;
    for (uint group = 0; group < GROUPS; group += DENSE_GROUPS)
        for (uint block = 0; block < UNIT_BLOCKS; block++) {
            global floatv *dw = (global floatv *)(scratch + DW_AT) + (block * GROUPS + group) * UNIT_BLOCK;
            global const float *d = dz + block * UNIT_BLOCK * TILE;
            floatv sum[UNIT_BLOCK][DENSE_GROUPS];
#pragma unroll
            for (uint h = 0; h < UNIT_BLOCK; h++) {
                sum[h][0] = dw[h];
                sum[h][1] = dw[UNIT_BLOCK + h];
            }
            for (uint s = 0; s < TILE; s++) {
                global const ucharv *v = values + s * GROUPS + group;
                const floatv v0 = TO_FLOATV(v[0]), v1 = TO_FLOATV(v[1]);
#pragma unroll
                for (uint h = 0; h < UNIT_BLOCK; h++) {
                    sum[h][0] = fma(v0, (floatv)(d[h * TILE + s]), sum[h][0]);
                    sum[h][1] = fma(v1, (floatv)(d[h * TILE + s]), sum[h][1]);
                }
            }
#pragma unroll
            for (uint h = 0; h < UNIT_BLOCK; h++) {
                dw[h] = sum[h][0];
                dw[UNIT_BLOCK + h] = sum[h][1];
            }
        }
}

#include "fused_cpu/fused_cpu.clh"
