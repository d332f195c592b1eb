// SPDX-License-Identifier: Apache-2.0
// The fused pass with a first layer over all pixels, for wide layers and data without many zeros: both products as in
// a matrix library, in blocks of WIDE_ROWS x 2 vectors whose sums stay in registers.
//
// X has GROUPS bytes per sample, padded with zeros, and is stored pixel by pixel within a tile (GROUPS x TILE). A tile
// is converted to floats once, at PIXELS_AT. W1 is packed as in pack_wide.clh; dW1 is accumulated transposed.

#ifndef GROUPS
#define GROUPS 786
#endif

#include "compressed/pixels.clh"
#include "fused_cpu/pack_wide.clh"

#if GROUPS % WIDE_ROWS != 0
#error the pixels of a sample must be filled up
#endif

// C = A B, or C += A B, for WIDE_ROWS rows by two vectors: A[r][k] is a[r * a_row + k * a_k], B[k] the two vectors from
// b[k * b_k] on, C[r] those from c[r * c_row] on.
static inline void block_product(uint depth, global const float *a, uint a_row, uint a_k, global const floatv *b,
                                 uint b_k, global floatv *c, uint c_row, bool add)
{
    floatv sum[WIDE_ROWS][2];
#pragma unroll
    for (uint r = 0; r < WIDE_ROWS; r++) {
        sum[r][0] = add ? c[r * c_row] : 0;
        sum[r][1] = add ? c[r * c_row + 1] : 0;
    }
    for (uint k = 0; k < depth; k++) {
        const floatv b0 = b[k * b_k], b1 = b[k * b_k + 1];
#pragma unroll
        for (uint r = 0; r < WIDE_ROWS; r++) {
            const floatv factor = a[r * a_row + k * a_k];
            sum[r][0] = fma(factor, b0, sum[r][0]);
            sum[r][1] = fma(factor, b1, sum[r][1]);
        }
    }
#pragma unroll
    for (uint r = 0; r < WIDE_ROWS; r++) {
        c[r * c_row] = sum[r][0];
        c[r * c_row + 1] = sum[r][1];
    }
}

// Z1 = W1 X of a tile, without bias and the factor 1/255.
static void first_forward(const pixels *x, uint tile, global float *scratch, global float *z)
{
    global const ucharv *bytes = (global const ucharv *)x->values + (size_t)tile * GROUPS * VECTORS;
    global floatv *floats = (global floatv *)(scratch + PIXELS_AT);
    for (uint i = 0; i < GROUPS * VECTORS; i++)
        floats[i] = TO_FLOATV(bytes[i]);
    for (uint block = 0; block < UNIT_BLOCKS; block++)
        for (uint k = 0; k < VECTORS; k += 2)
            block_product(GROUPS, scratch + block * WIDE_ROWS * GROUPS, 1, WIDE_ROWS, floats + k, VECTORS,
                          (global floatv *)z + block * WIDE_ROWS * VECTORS + k, VECTORS, false);
}

// dW1 += dZ1 X^T of a tile, as dW1^T += X dZ1^T.
static void first_backward(const pixels *x, uint tile, global float *scratch, global const float *dz)
{
    global floatv *turned = (global floatv *)(scratch + SPARE_AT); // dZ1^T of two vectors of units (TILE x 2)
    global floatv *dw = (global floatv *)(scratch + DW_AT);
    for (uint unit = 0; unit < sizes[1]; unit += COLUMNS, dz += COLUMNS * TILE) {
        for (uint s = 0; s < TILE; s++)
            for (uint u = 0; u < COLUMNS; u++)
                ((global float *)turned)[s * COLUMNS + u] = dz[u * TILE + s];
        for (uint pixel = 0; pixel < GROUPS; pixel += WIDE_ROWS, dw += 2 * WIDE_ROWS)
            block_product(TILE, scratch + PIXELS_AT + pixel * TILE, TILE, 1, turned, 2, dw, 2, true);
    }
}

#include "fused_cpu/fused_cpu.clh"
