// SPDX-License-Identifier: Apache-2.0
// The two products that touch X, for a tile whose bytes are in local memory. A value that comes from memory is used for
// several units and samples, since a GPU multiplies several times as fast as it loads, from whatever memory.

// Four weights of a unit from feature i on. Past the last feature of a row come other numbers, for pixels that are 0.
static float4 load_weights(global const float *w, uint i)
{
#if FEATURES % 4 == 0
    return *(global const float4 *)(w + i);
#else
    return vload4(0, w + i);
#endif
}

// sum[j][u] += the products of a run of 16 pixels of SAMPLE_BLOCK samples with UNIT_BLOCK rows of W1. x: the run of the
// first sample, w: W1 at the run.
static void multiply_run(local const uint4 *x, global const float *w, uint first_unit,
                         float sum[SAMPLE_BLOCK][UNIT_BLOCK])
{
    uint4 run[SAMPLE_BLOCK];
#pragma unroll
    for (uint j = 0; j < SAMPLE_BLOCK; j++)
        run[j] = x[j * SAMPLE_GROUPS * RUN_PITCH];
#pragma unroll
    for (uint quad = 0; quad < 4; quad++) {
        float4 p[SAMPLE_BLOCK];
#pragma unroll
        for (uint j = 0; j < SAMPLE_BLOCK; j++)
            p[j] = convert_float4(as_uchar4(quad == 0   ? run[j].x
                                            : quad == 1 ? run[j].y
                                            : quad == 2 ? run[j].z
                                                        : run[j].w));
#pragma unroll
        for (uint u = 0; u < UNIT_BLOCK; u++) {
            const uint unit = UNITS_PADDED == UNITS ? first_unit + u : min(first_unit + u, (uint)UNITS - 1);
            const float4 v = load_weights(w, unit * FEATURES + 4 * quad);
#pragma unroll
            for (uint j = 0; j < SAMPLE_BLOCK; j++)
                sum[j][u] = fma(p[j].w, v.w, fma(p[j].z, v.z, fma(p[j].y, v.y, fma(p[j].x, v.x, sum[j][u]))));
        }
    }
}

// Z1 = W1 X / 255 + b1 of a tile, and ReLU unless it is the only layer; padded units get 0. A work-item has SAMPLE_BLOCK
// samples, UNIT_BLOCK units and each SLICES-th run of the pixels; what the slices found is added up by way of `sums`,
// (UNIT_BLOCK x SUM_ROW), one of the samples at a time. x (TILE x RUN_PITCH), z (UNITS_PADDED x ROW). Ends with a barrier; unless `wanted` it
// only meets the barriers.
static void first_forward(local const uint4 *x, global const float *parameters, local float *sums, local float *z,
                          bool wanted)
{
    const uint me = get_local_id(0);
    const uint group = me % SAMPLE_GROUPS, block = me / SAMPLE_GROUPS % UNIT_BLOCKS, slice = me / OUTPUTS;
    float sum[SAMPLE_BLOCK][UNIT_BLOCK];
#pragma unroll
    for (uint j = 0; j < SAMPLE_BLOCK; j++)
#pragma unroll
        for (uint u = 0; u < UNIT_BLOCK; u++)
            sum[j][u] = 0;
    if (wanted && slice < SLICES)
        for (uint run = slice; run < RUNS; run += SLICES)
            multiply_run(x + group * RUN_PITCH + run, parameters + 16 * run, block * UNIT_BLOCK, sum);
#pragma unroll
    for (uint j = 0; j < SAMPLE_BLOCK; j++) {
#pragma unroll
        for (uint u = 0; u < UNIT_BLOCK; u++)
            sums[u * SUM_ROW + me] = sum[j][u];
        barrier(CLK_LOCAL_MEM_FENCE);
        for (uint i = me; wanted && i < OUTPUTS * UNIT_BLOCK; i += THREADS) {
            const uint unit = i / SAMPLE_GROUPS % UNIT_BLOCKS * UNIT_BLOCK + i / OUTPUTS;
            float total = 0;
#pragma unroll
            for (uint s = 0; s < SLICES; s++)
                total += sums[i / OUTPUTS * SUM_ROW + i % OUTPUTS + s * OUTPUTS];
            total = fma(total, 1.0f / 255, parameters[bias_at[0] + min(unit, (uint)UNITS - 1)]);
            const bool off = unit >= UNITS || (LAYERS > 1 && total <= 0);
            z[unit * ROW + i % SAMPLE_GROUPS + j * SAMPLE_GROUPS] = off ? 0 : total;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
}

// sum += dZ1 X^T of a tile with `quads` times 4 samples, for the block `item` of UNIT_BLOCK units by QUAD_BLOCK quads of
// features; of the samples those of share `split`. x (TILE x 4 RUN_PITCH), four pixels an element; dz (UNITS_PADDED x ROW4).
static void first_backward(local const uint *x, local const float4 *dz, uint item, uint split, uint quads,
                           float4 sum[UNIT_BLOCK][QUAD_BLOCK])
{
    const uint column = item % COLUMNS;
    dz += item / COLUMNS * UNIT_BLOCK * ROW4;
    for (uint q = split; q < quads; q += SPLITS) {
        float4 p[4][QUAD_BLOCK];
#pragma unroll
        for (uint s = 0; s < 4; s++)
#pragma unroll
            for (uint b = 0; b < QUAD_BLOCK; b++)
                p[s][b] = convert_float4(as_uchar4(x[(4 * q + s) * 4 * RUN_PITCH + column + b * COLUMNS]));
#pragma unroll
        for (uint u = 0; u < UNIT_BLOCK; u++) {
            const float4 d = dz[u * ROW4 + q];
#pragma unroll
            for (uint b = 0; b < QUAD_BLOCK; b++)
                sum[u][b] = fma(p[3][b], d.w, fma(p[2][b], d.z, fma(p[1][b], d.y, fma(p[0][b], d.x, sum[u][b]))));
        }
    }
}
