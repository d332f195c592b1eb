// SPDX-License-Identifier: Apache-2.0
// A pass over a mini-batch for a CPU, like that of fused_cpu.clh over all samples. The buffer of the parameters begins
// with packed W1 (first_batch.clh), and all offsets refer to that layout: weights_at, bias_at, PARAMETERS. From DW_AT
// on, a work-item's scratch has its partial gradient in the same layout, then loss and number correct.

#include "fused_batch/first_batch.clh"

#include "common/optimizer_step.clh"
#include "common/parameters.h"
#include "fused_batch/augment_tile.clh"
#include "fused_batch/batch_launch.h"
#include "fused_tile/fused_tile.clh"

#ifndef OPTIMIZER
#define OPTIMIZER 0 // as optimizer_step.clh has them
#endif

// Forward, loss and, unless mode is PASS_EVALUATE, backward of the samples order[s0] .. order[end - 1], at most a
// tile: adds to the partial gradient and the metrics, except that the first tile replaces dW1.
static void pass_tile(const samples *all, const image_source *images, uint s0, uint end, bool first,
                      const tile_pass *pass, global const uchar *labels, global const uint *order,
                      global const float *parameters, global float *scratch)
{
    const tile_samples tile = find_tile(scratch, min((uint)TILE, end - s0));
    samples x = *all;
    take_tile(&tile, order + s0, labels);
#if AUGMENTS
    if (pass->mode == PASS_GRADIENT && images->how.augments)
        x = augment_tile(images, &tile, scratch);
#endif
#if INPUT_DROPOUT > 0
    if (pass->mode == PASS_GRADIENT)
        x = thin_tile(&x, &tile, pass->progress, scratch);
#endif
    first_forward(&x, &tile, parameters, scratch, scratch + activations_at[0]);
    tile_forward(pass, parameters, scratch);
    cross_entropy(pass, (global floatv *)(scratch + activations_at[LAYERS - 1]), tile.labels, 0, 0, tile.count,
                  scratch + METRICS_AT);
    if (pass->mode == PASS_EVALUATE)
        return;
    tile_backward(parameters, scratch);
    first_backward(&x, &tile, !first, scratch, scratch + dz_at[0]);
}

// The partial gradient in vectors, followed by the metrics; and the number of vectors that a work-item adds up.
#define GRADIENT_VECTORS (PARAMETERS / LANES)
#define REDUCE_VECTORS (REDUCE_FLOATS / LANES)

// Begins new sums; without those of dW1, if there are tiles, of which the first replaces it.
static void forget_sums(bool has_tiles, global float *scratch)
{
    global floatv *gradient = (global floatv *)(scratch + DW_AT);
    for (uint i = has_tiles ? bias_at[0] / LANES : 0; i < GRADIENT_VECTORS; i++)
        gradient[i] = 0;
    scratch[METRICS_AT] = scratch[METRICS_AT + 1] = 0;
}

// The factor of dW1.
#define PIXEL_SCALE (INPUT_SCALE * INPUT_GAIN)

// b1 + INPUT_OFFSET * row sums of W1, which a standardised input adds to Z1 for every sample.
static void prepare_input_bias(global const float *parameters, global float *scratch)
{
    global const floatv *w = (global const floatv *)parameters;
    for (uint block = 0; STANDARDISED && block < UNIT_BLOCKS; block++) {
        floatv sum[UNIT_BLOCK];
        for (uint u = 0; u < UNIT_BLOCK; u++)
            sum[u] = 0;
        for (uint p = 0; p < GROUPS; p++, w += UNIT_BLOCK)
#pragma unroll
            for (uint u = 0; u < UNIT_BLOCK; u++)
                sum[u] += w[u];
        for (uint u = 0; u < BLOCK_UNITS && block * BLOCK_UNITS + u < sizes[1]; u++) {
            const uint unit = block * BLOCK_UNITS + u;
            scratch[INPUT_BIAS_AT + unit] = fma(INPUT_OFFSET, ((const float *)sum)[u], parameters[bias_at[0] + unit]);
        }
    }
}

// The pass over a range of `order`. values, places, starts: X as in first_batch.clh; labels (B); scratch (SCRATCH x
// work-items); plan, images: see image_source, with AUGMENTS only. NDRange: one work-item
// per core's share, work-groups of one.
kernel void fused_batch_pass(batch_pass work, global const uchar *restrict values,
                             global const ushort *restrict places, global const uint *restrict starts,
                             global const uchar *restrict labels, global const uint *restrict order,
                             global const float *restrict parameters, global float *restrict all_scratch,
                             global const step_progress *restrict progress, global const augment_plan *restrict plan,
                             global const uchar *restrict images)
{
    const uint me = get_global_id(0), count = get_global_size(0), first = work.range.first, end = work.range.end;
    const uint tiles = (end - first + TILE - 1) / TILE;
    const uint begin = (uint)((ulong)tiles * me / count), stop = (uint)((ulong)tiles * (me + 1) / count);
    global float *scratch = all_scratch + (size_t)me * SCRATCH;
    const samples x = {values, places, starts};
    const image_source source = {plan, images, work.images};
    const tile_pass pass = make_pass(work.range.mode, progress, scratch);

    forget_sums(begin < stop, scratch);
    prepare_input_bias(parameters, scratch);
    for (uint t = begin; t < stop; t++)
        pass_tile(&x, &source, first + t * TILE, end, t == begin, &pass, labels, order, parameters, scratch);
}

// The lanes that are units, of the vector that begins with this unit of packed W1; the others are padding.
static intv lanes_with_units(uint unit)
{
    intv lane;
    for (uint k = 0; k < LANES; k++)
        ((int *)&lane)[k] = (int)(unit + k);
    return lane < (int)sizes[1];
}

// The sum of vector i of the work-items' partial gradients.
static floatv sum_shares(global const float *all_scratch, uint i, uint work_items)
{
    floatv sum = 0;
    for (uint w = 0; w < work_items; w++)
        sum += ((global const floatv *)(all_scratch + (size_t)w * SCRATCH + DW_AT))[i];
    return sum;
}

// Vector i of the gradient.
static floatv reduce_vector(global const float *all_scratch, uint i, float scale, uint work_items)
{
    const floatv sum = sum_shares(all_scratch, i, work_items);
    if (i >= bias_at[0] / LANES)
        return scale * sum;
    const uint unit = i / (GROUPS * UNIT_BLOCK) * BLOCK_UNITS + i % UNIT_BLOCK * LANES;
    const floatv bias =
        STANDARDISED ? INPUT_OFFSET * sum_shares(all_scratch, (bias_at[0] + unit) / LANES, work_items) : (floatv)(0);
    return select((floatv)(0), scale * fma((floatv)(PIXEL_SCALE), sum, bias), lanes_with_units(unit));
}

// The sum of a metric over the work-items.
static float sum_metric(global const float *all_scratch, uint metric, uint work_items)
{
    float sum = 0;
    for (uint w = 0; w < work_items; w++)
        sum += all_scratch[(size_t)w * SCRATCH + METRICS_AT + metric];
    return sum;
}

// Adds up the work-items' partial sums: gradient = range.scale * sum, 0 for the padding of W1's last block; and loss
// and number correct in sums[0], [1]. NDRange: one work-item per REDUCE_VECTORS vectors.
kernel void fused_batch_reduce(pass_range range, global const float *restrict all_scratch,
                               global floatv *restrict gradient, global float *restrict sums, uint work_items)
{
    const uint begin = get_global_id(0) * REDUCE_VECTORS, end = min(begin + REDUCE_VECTORS, (uint)GRADIENT_VECTORS);
    for (uint i = begin; i < end; i++)
        gradient[i] = reduce_vector(all_scratch, i, range.scale, work_items);
    for (uint m = 0; begin == 0 && m < METRICS; m++)
        sums[m] = sum_metric(all_scratch, m, work_items);
}

// fused_batch_reduce and the step of the optimizer with this gradient, which is not stored; for optimizers that need no
// norm of the gradient. kept: the kept parameters, as in keep_parameters; decays, first_moment, second_moment, history,
// progress: as in update_parameters. NDRange: as fused_batch_reduce.
kernel void fused_batch_update(batch_update step, optimizer rule, global const float *restrict all_scratch,
                               global floatv *restrict p, global floatv *restrict kept,
                               global const uchar *restrict decays, global floatv *restrict first_moment,
                               global floatv *restrict second_moment, global float *restrict sums,
                               global float *restrict history, global step_progress *restrict progress,
                               uint work_items)
{
    const uint begin = get_global_id(0) * REDUCE_VECTORS, end = min(begin + REDUCE_VECTORS, (uint)GRADIENT_VECTORS);
    const float loss = sum_metric(all_scratch, 0, work_items), correct = sum_metric(all_scratch, 1, work_items);
    rule.kind = OPTIMIZER; // so that the compiler knows it
    if (step.keep && !progress->diverged && isfinite(loss))
        for (uint i = begin; i < end; i++)
            kept[i] = p[i];
    for (uint i = begin; i < end; i++)
        p[i] = update_one(rule, step.by, decays[i * LANES / PARAMETER_ALIGNMENT] ? rule.weight_decay : 0, p[i],
                          reduce_vector(all_scratch, i, step.range.scale, work_items), first_moment + i,
                          second_moment + i);
    if (begin == 0) {
        sums[0] = loss;
        sums[1] = correct;
        note_step(loss, correct, history, progress);
    }
}

// Scales the sums to the gradient, in place.
static void finish_gradient(global floatv *gradient, float scale)
{
    global const floatv *all = gradient;
    const uint begin_rest = bias_at[0] / LANES;
    for (uint block = 0; block < UNIT_BLOCKS; block++) {
        floatv factor[UNIT_BLOCK], bias[UNIT_BLOCK];
        for (uint u = 0; u < UNIT_BLOCK; u++) {
            const uint first = block * BLOCK_UNITS + u * LANES;
            const intv is_unit = lanes_with_units(first);
            factor[u] = select((floatv)(0), (floatv)(scale * PIXEL_SCALE), is_unit);
            bias[u] = select((floatv)(0), scale * INPUT_OFFSET * all[(bias_at[0] + first) / LANES], is_unit);
        }
        for (uint p = 0; p < GROUPS; p++, gradient += UNIT_BLOCK)
#pragma unroll
            for (uint u = 0; u < UNIT_BLOCK; u++)
                gradient[u] = STANDARDISED ? fma(gradient[u], factor[u], bias[u]) : gradient[u] * factor[u];
    }
    gradient += begin_rest - UNIT_BLOCKS * GROUPS * UNIT_BLOCK;
    for (uint i = begin_rest; i < GRADIENT_VECTORS; i++, gradient++)
        *gradient *= scale;
}

// Like clip_factor in optimizer.cl.
static float clip_gradient(global const floatv *gradient, float clip_norm)
{
    floatv squares = 0;
    for (uint i = 0; i < GRADIENT_VECTORS; i++)
        squares = fma(gradient[i], gradient[i], squares);
    return fmin(1.0f, clip_norm / (sqrt(sum_lanes(squares)) + CLIP_EPSILON));
}

// Complete steps one after the other, for batches that are too small to divide. factors: a ring; kept: the kept
// parameters, as in keep_parameters; decays, first_moment, second_moment: as in update_parameters; everything else as
// in fused_batch_pass. NDRange: one work-item, which uses the first scratch.
kernel void fused_batch_steps(batch_steps work, batch_training how, global const update_step *restrict factors,
                              global const uchar *restrict values, global const ushort *restrict places,
                              global const uint *restrict starts, global const uchar *restrict labels,
                              global const uint *restrict order, global float *restrict parameters,
                              global floatv *restrict kept, global float *restrict scratch,
                              global float *restrict sums, global float *restrict history,
                              global step_progress *restrict progress, global const uchar *restrict decays,
                              global floatv *restrict first_moment, global floatv *restrict second_moment,
                              global const augment_plan *restrict plan, global const uchar *restrict images)
{
    const samples x = {values, places, starts};
    const image_source source = {plan, images, work.images};
    optimizer rule = how.rule;
    rule.kind = OPTIMIZER; // so that the compiler knows it
    global floatv *p = (global floatv *)parameters;
    global floatv *gradient = (global floatv *)(scratch + DW_AT);
    global const update_step *next = factors + work.factors_at;
    for (uint s0 = work.first; s0 < work.end; s0 += how.batch, next++) {
        const pass_range range = make_pass_range(s0, min(s0 + how.batch, work.end), PASS_GRADIENT);
        const update_step by = *next;
        const tile_pass pass = make_pass(range.mode, progress, scratch);
        forget_sums(true, scratch);
        prepare_input_bias(parameters, scratch);
        for (uint s = s0; s < range.end; s += TILE)
            pass_tile(&x, &source, s, range.end, s == s0, &pass, labels, order, parameters, scratch);
        finish_gradient(gradient, range.scale);
        if (work.keep && range.end == work.end && !progress->diverged && isfinite(scratch[METRICS_AT]))
            for (uint i = 0; i < GRADIENT_VECTORS; i++)
                kept[i] = p[i];
        const float clip = rule.clip_norm > 0 ? clip_gradient(gradient, rule.clip_norm) : 1;
        for (uint i = 0; i < GRADIENT_VECTORS; i++)
            p[i] = update_one(rule, by, decays[i * LANES / PARAMETER_ALIGNMENT] ? rule.weight_decay : 0, p[i],
                              clip * gradient[i], first_moment + i, second_moment + i);
        note_step(scratch[METRICS_AT], scratch[METRICS_AT + 1], history, progress);
    }
    sums[0] = scratch[METRICS_AT];
    sums[1] = scratch[METRICS_AT + 1];
}
