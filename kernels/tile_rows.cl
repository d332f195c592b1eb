// SPDX-License-Identifier: Apache-2.0
// The products of the layers behind the first, for ROWS rows at a time: O x I weights w, row after row; a (I x TILE), z and
// dz (O x TILE). The sums of ROWS rows by two vectors stay in registers, for which ROWS must be a constant: so this file
// goes into the program five times, and each time defines the functions for one row more.

#if !defined ROWS
#define ROWS 1
#elif ROWS == 1
#undef ROWS
#define ROWS 2
#elif ROWS == 2
#undef ROWS
#define ROWS 3
#elif ROWS == 3
#undef ROWS
#define ROWS 4
#else
#undef ROWS
#define ROWS 5
#endif

// Z = W A + b, and ReLU if asked for.
static void JOIN(forward_rows_, ROWS)(uint inputs, global const float *w, global const float *b,
                                      global const floatv *a, global floatv *z, bool relu)
{
    for (uint k = 0; k < VECTORS; k += 2) {
        floatv sum[ROWS][2];
#pragma unroll
        for (uint r = 0; r < ROWS; r++)
            sum[r][0] = sum[r][1] = b[r];
        for (uint i = 0; i < inputs; i++)
#pragma unroll
            for (uint r = 0; r < ROWS; r++) {
                sum[r][0] = fma((floatv)(w[r * inputs + i]), a[i * VECTORS + k], sum[r][0]);
                sum[r][1] = fma((floatv)(w[r * inputs + i]), a[i * VECTORS + k + 1], sum[r][1]);
            }
#pragma unroll
        for (uint r = 0; r < ROWS; r++)
            for (uint j = 0; j < 2; j++)
                z[r * VECTORS + k + j] = relu ? select(sum[r][j], (floatv)(0), sum[r][j] <= 0) : sum[r][j];
    }
}

// dW += dZ A^T.
static void JOIN(weight_gradient_rows_, ROWS)(uint inputs, global const floatv *dz, global const floatv *a,
                                              global float *dw)
{
    uint i = 0;
    for (; i + 2 <= inputs; i += 2) {
        floatv sum[ROWS][2];
#pragma unroll
        for (uint r = 0; r < ROWS; r++)
            sum[r][0] = sum[r][1] = 0;
        for (uint k = 0; k < VECTORS; k++)
#pragma unroll
            for (uint r = 0; r < ROWS; r++) {
                sum[r][0] = fma(dz[r * VECTORS + k], a[i * VECTORS + k], sum[r][0]);
                sum[r][1] = fma(dz[r * VECTORS + k], a[(i + 1) * VECTORS + k], sum[r][1]);
            }
#pragma unroll
        for (uint r = 0; r < ROWS; r++) {
            dw[r * inputs + i] += sum_lanes(sum[r][0]);
            dw[r * inputs + i + 1] += sum_lanes(sum[r][1]);
        }
    }
    for (; i < inputs; i++)
#pragma unroll
        for (uint r = 0; r < ROWS; r++) {
            floatv sum = 0;
            for (uint k = 0; k < VECTORS; k++)
                sum = fma(dz[r * VECTORS + k], a[i * VECTORS + k], sum);
            dw[r * inputs + i] += sum_lanes(sum);
        }
}

// dZ of the layer below = (W^T dZ) .* relu'(A), for ROWS rows of it; unless the network is PLAIN, times the slopes that are
// in its place.
static void JOIN(input_gradient_rows_, ROWS)(uint outputs, uint inputs, global const float *w, global const floatv *dz,
                                             global const floatv *a, global floatv *below)
{
    for (uint k = 0; k < VECTORS; k += 2) {
        floatv sum[ROWS][2];
#pragma unroll
        for (uint r = 0; r < ROWS; r++)
            sum[r][0] = sum[r][1] = 0;
        for (uint o = 0; o < outputs; o++)
#pragma unroll
            for (uint r = 0; r < ROWS; r++) {
                sum[r][0] = fma((floatv)(w[o * inputs + r]), dz[o * VECTORS + k], sum[r][0]);
                sum[r][1] = fma((floatv)(w[o * inputs + r]), dz[o * VECTORS + k + 1], sum[r][1]);
            }
#pragma unroll
        for (uint r = 0; r < ROWS; r++)
            for (uint j = 0; j < 2; j++) {
                const uint at = r * VECTORS + k + j;
#if PLAIN
                below[at] = select((floatv)(0), sum[r][j], a[at] > 0);
#else
                below[at] *= sum[r][j];
#endif
            }
    }
}
