// SPDX-License-Identifier: Apache-2.0
// A pass over a mini-batch for a CPU, as fused_cpu.cl has it for all samples. The parameters' buffer begins with packed W1
// (first_batch.cl), and so do all offsets: weights_at, bias_at, PARAMETERS. From DW_AT on, a work-item's scratch has its
// partial gradient in the same layout, then loss and number correct.

// Forward, loss and, unless mode is MODE_EVALUATE, backward of the samples order[s0] .. order[end - 1], as many as a tile has:
// adds to the partial gradient and the metrics.
static void pass_tile(const samples *x, uint s0, uint end, uint mode, global const uchar *labels,
                      global const uint *order, global const float *parameters, global float *scratch)
{
    const tile_samples tile = find_tile(scratch, min((uint)TILE, end - s0));
    take_tile(&tile, order + s0, labels);
    first_forward(x, &tile, parameters, scratch, scratch + activations_at[0]);
    tile_forward(parameters, scratch);
    cross_entropy((global floatv *)(scratch + activations_at[LAYERS - 1]), tile.labels, 0, 0, tile.count,
                  scratch + METRICS_AT);
    if (mode == MODE_EVALUATE)
        return;
    tile_backward(parameters, scratch);
    first_backward(x, &tile, scratch, scratch + dz_at[0]);
}

// The partial gradient in vectors, behind which are the two metrics.
#define GRADIENT_VECTORS (PARAMETERS / LANES)

static void forget_sums(global float *scratch)
{
    global floatv *gradient = (global floatv *)(scratch + DW_AT);
    for (uint i = 0; i < GRADIENT_VECTORS; i++)
        gradient[i] = 0;
    scratch[METRICS_AT] = scratch[METRICS_AT + 1] = 0;
}

// What makes a partial sum a gradient: the mean's 1 / B, for W1 also the 1/255 of its pixels; 0 for the units that only fill
// W1's last block.
static float gradient_factor(uint i, float scale)
{
    const uint unit = i / (GROUPS * BLOCK_UNITS) * BLOCK_UNITS + i % BLOCK_UNITS;
    return i >= bias_at[0] ? scale : unit < sizes[1] ? scale / 255 : 0;
}

// The pass over samples order[first] .. order[end - 1]. values, places, starts: X as first_batch.cl takes it; labels (B);
// scratch (SCRATCH x work-items). NDRange: one work-item per core's share, work-groups of one.
kernel void fused_batch_pass(uint first, uint end, uint mode, global const uchar *restrict values,
                             global const ushort *restrict places, global const uint *restrict starts,
                             global const uchar *restrict labels, global const uint *restrict order,
                             global const float *restrict parameters, global float *restrict all_scratch)
{
    const uint me = get_global_id(0), count = get_global_size(0);
    const uint tiles = (end - first + TILE - 1) / TILE;
    const uint begin = (uint)((ulong)tiles * me / count), stop = (uint)((ulong)tiles * (me + 1) / count);
    global float *scratch = all_scratch + (size_t)me * SCRATCH;
    const samples x = {values, places, starts};

    forget_sums(scratch);
    for (uint t = begin; t < stop; t++)
        pass_tile(&x, first + t * TILE, end, mode, labels, order, parameters, scratch);
}

// Adds up the work-items' partial sums: gradient[i] = scale * sum, 0 for the units that only fill W1's last block; and loss
// and number correct into sums[0], [1]. NDRange: one work-item per parameter, and at least two.
kernel void fused_batch_reduce(float scale, global const float *restrict all_scratch, global float *restrict gradient,
                               global float *restrict sums, uint work_items)
{
    const uint i = get_global_id(0);
    if (i >= PARAMETERS)
        return;
    const float factor = gradient_factor(i, scale);
    float sum = 0;
    for (uint w = 0; w < work_items; w++)
        sum += all_scratch[(size_t)w * SCRATCH + DW_AT + i];
    gradient[i] = factor == 0 ? 0 : factor * sum;
    if (i < 2) {
        sum = 0;
        for (uint w = 0; w < work_items; w++)
            sum += all_scratch[(size_t)w * SCRATCH + METRICS_AT + i];
        sums[i] = sum;
    }
}

// Scales the sums to the gradient, in place.
static void finish_gradient(global floatv *gradient, float scale)
{
    const uint begin_rest = bias_at[0] / LANES;
    intv lane;
    for (uint k = 0; k < LANES; k++)
        ((int *)&lane)[k] = (int)k;
    for (uint block = 0; block < UNIT_BLOCKS; block++) {
        floatv factor[UNIT_BLOCK];
        for (uint u = 0; u < UNIT_BLOCK; u++) {
            const intv unit = lane + (int)(block * BLOCK_UNITS + u * LANES);
            factor[u] = select((floatv)(0), (floatv)(scale / 255), unit < (int)sizes[1]);
        }
        for (uint p = 0; p < GROUPS; p++, gradient += UNIT_BLOCK)
#pragma unroll
            for (uint u = 0; u < UNIT_BLOCK; u++)
                gradient[u] *= factor[u];
    }
    gradient += begin_rest - UNIT_BLOCKS * GROUPS * UNIT_BLOCK;
    for (uint i = begin_rest; i < GRADIENT_VECTORS; i++, gradient++)
        *gradient *= scale;
}

// As clip_factor in optimizer.cl.
static float clip_gradient(global const floatv *gradient, float clip_norm)
{
    floatv squares = 0;
    for (uint i = 0; i < GRADIENT_VECTORS; i++)
        squares = fma(gradient[i], gradient[i], squares);
    return fmin(1.0f, clip_norm / (sqrt(sum_lanes(squares)) + 1e-6f));
}

// Whole steps one after the other, for batches that are too small to be shared: of the samples order[first] .. order[end - 1],
// `batch` a step. keep: before the last update kept := p, as keep_parameters does. factors (3 x steps): step_factors; decays, first_moment, second_moment: as update_parameters has them.
// NDRange: one work-item, which uses the first scratch.
kernel void fused_batch_steps(uint first, uint end, uint factors_at, uint keep, uint batch,
                              global const float *restrict factors, global const uchar *restrict values,
                              global const ushort *restrict places, global const uint *restrict starts,
                              global const uchar *restrict labels, global const uint *restrict order,
                              global float *restrict parameters, global floatv *restrict kept,
                              global float *restrict scratch, global float *restrict sums,
                              global float *restrict history, global uint *restrict progress, uint slots,
                              float momentum, float decay, float epsilon, float weight_decay, float clip_norm,
                              global const uchar *restrict decays, global floatv *restrict first_moment,
                              global floatv *restrict second_moment)
{
    const samples x = {values, places, starts};
    const optimizer how = {OPTIMIZER, momentum, decay, epsilon};
    global floatv *p = (global floatv *)parameters;
    for (uint s0 = first; s0 < end; s0 += batch, factors_at++) {
        const uint stop = min(s0 + batch, end);
        const step_factors by = {factors[3 * factors_at], factors[3 * factors_at + 1], factors[3 * factors_at + 2]};
        const float scale = 1.0f / (float)(stop - s0);
        global floatv *gradient = (global floatv *)(scratch + DW_AT);
        forget_sums(scratch);
        for (uint s = s0; s < stop; s += TILE)
            pass_tile(&x, s, stop, MODE_GRADIENT, labels, order, parameters, scratch);
        finish_gradient(gradient, scale);
        if (keep && stop == end && progress[1] == 0 && isfinite(scratch[METRICS_AT]))
            for (uint i = 0; i < GRADIENT_VECTORS; i++)
                kept[i] = p[i];
        const float clip = clip_norm > 0 ? clip_gradient(gradient, clip_norm) : 1;
        for (uint i = 0; i < GRADIENT_VECTORS; i++)
            p[i] = update_one(how, by, decays[i * LANES / 32] ? weight_decay : 0, p[i], clip * gradient[i],
                              first_moment + i, second_moment + i);
        note_step(scratch[METRICS_AT], scratch[METRICS_AT + 1], history, progress, slots);
    }
    sums[0] = scratch[METRICS_AT];
    sums[1] = scratch[METRICS_AT + 1];
}
