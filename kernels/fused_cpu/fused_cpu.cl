// SPDX-License-Identifier: Apache-2.0
// One full pass over the samples for a CPU: forward, loss and backward, a tile of samples at a time, so that all of a
// tile stays in a core's cache between the steps and X is read once. The products that touch X are those of one of the
// files first_*.clh; fused_tile.clh has all other steps.
//
// NDRange: one work-item per core's share, work-groups of one. Each sums its own partial gradient; fused_reduce adds
// them up in order, so the result has the same bits every time.

#ifndef FIRST_LAYER
#define FIRST_LAYER FIRST_GROUPS
#endif

#include "fused_cpu/first_layer.h"
#include "fused_tile/fused_shape.clh"
#if FIRST_LAYER == FIRST_GROUPS
#include "fused_cpu/first_groups.clh"
#elif FIRST_LAYER == FIRST_ELEMENTS
#include "fused_cpu/first_elements.clh"
#elif FIRST_LAYER == FIRST_DENSE
#include "fused_cpu/first_dense.clh"
#elif FIRST_LAYER == FIRST_WIDE
#include "fused_cpu/first_wide.clh"
#endif
#include "fused_tile/fused_tile.clh"

static void write_probabilities(global floatv *z, uint s0, uint end, global float *probabilities)
{
    floatv largest;
    for (uint k = 0; k < VECTORS; k++)
        softmax(z + k, &largest);
    for (uint s = 0; s < TILE && s0 + s < end; s++)
        for (uint c = 0; c < sizes[LAYERS]; c++)
            probabilities[(size_t)(s0 + s) * sizes[LAYERS] + c] = ((global const float *)z)[c * TILE + s];
}

// b1 + INPUT_OFFSET * row sums of W1, which a standardised input adds to Z1 whatever the sample is.
static void prepare_input_bias(global const float *parameters, global float *scratch)
{
    for (uint h = 0; STANDARDISED && h < sizes[1]; h++) {
        global const float *w = parameters + weights_at[0] + h * sizes[0];
        float sum = 0;
        for (uint f = 0; f < sizes[0]; f++)
            sum += w[f];
        scratch[INPUT_BIAS_AT + h] = fma(INPUT_OFFSET, sum, parameters[bias_at[0] + h]);
    }
}

static void note_numbers(uint s0, global float *scratch)
{
    for (uint s = 0; DROPOUT > 0 && s < TILE; s++)
        ((global uint *)scratch)[NUMBERS_AT + s] = s0 + s;
}

// The pass over samples first .. end - 1. probabilities (C x B), for MODE_PROBABILITIES only; values, places,
// sample_offsets, lists, list_offsets: X as the file first_*.clh takes it; labels (B, padded to whole tiles);
// place_feature: the order of pixels; scratch (SCRATCH x work-items); progress: see optimizer_step.clh.
kernel void fused_pass(uint first, uint end, uint mode, global float *restrict probabilities,
                       global const uchar *restrict values, global const ushort *restrict places,
                       global const uint *restrict sample_offsets, global const uint *restrict lists,
                       global const uint *restrict list_offsets, global const uchar *restrict labels,
                       global const uint *restrict place_feature, global const float *restrict parameters,
                       global float *restrict all_scratch, global const uint *restrict progress)
{
    const uint me = get_global_id(0), count = get_global_size(0);
    const uint first_tile = first / TILE, tiles = (end + TILE - 1) / TILE - first_tile;
    const uint begin = first_tile + (uint)((ulong)tiles * me / count);
    const uint stop = first_tile + (uint)((ulong)tiles * (me + 1) / count);
    global float *scratch = all_scratch + (size_t)me * SCRATCH;
    const tile_pass pass = make_pass(mode, progress, scratch);
    const pixels x = {values, places, sample_offsets, lists, list_offsets};
    global floatv *logits = (global floatv *)(scratch + activations_at[LAYERS - 1]);

    pack_weights(parameters, place_feature, scratch);
    prepare_input_bias(parameters, scratch);
    for (uint i = DW_AT; i < METRICS_AT + 2; i++)
        scratch[i] = 0;
    for (uint tile = begin; tile < stop; tile++) {
        const uint s0 = tile * TILE;
        first_forward(&x, tile, scratch, scratch + activations_at[0]);
        note_numbers(s0, scratch);
        tile_forward(&pass, parameters, scratch);
        if (mode == MODE_PROBABILITIES) {
            write_probabilities(logits, s0, end, probabilities);
            continue;
        }
        cross_entropy(&pass, logits, labels, s0, first, end, scratch + METRICS_AT);
        if (mode == MODE_EVALUATE)
            continue;
        tile_backward(parameters, scratch);
        first_backward(&x, tile, scratch, scratch + dz_at[0]);
    }
}

// The sum of what the work-items have at a place of their scratch.
static float sum_shares(global const float *all_scratch, uint at, uint work_items)
{
    float sum = 0;
    for (uint w = 0; w < work_items; w++)
        sum += all_scratch[(size_t)w * SCRATCH + at];
    return sum;
}

// Adds up the work-items' partial sums: gradient[i] = scale * sum for each parameter, and loss and number correct into
// sums[0], [1]. feature_place (F): where each pixel is. NDRange: one work-item per parameter, and at least two.
kernel void fused_reduce(float scale, global const float *restrict all_scratch,
                         global const uint *restrict feature_place, global float *restrict gradient,
                         global float *restrict sums, uint work_items)
{
    const uint i = get_global_id(0);
    if (i >= PARAMETERS)
        return;
    if (i < sizes[0] * sizes[1]) {
        const uint unit = i / sizes[0], at = DW_AT + packed_at(unit, feature_place[i % sizes[0]]);
        const float bias = STANDARDISED ? INPUT_OFFSET * sum_shares(all_scratch, REST_AT + unit, work_items) : 0;
        gradient[i] = scale * fma(INPUT_SCALE, sum_shares(all_scratch, at, work_items), bias);
        return;
    }
    gradient[i] = i < bias_at[0] ? 0 : scale * sum_shares(all_scratch, REST_AT + i - bias_at[0], work_items);
    if (i >= bias_at[0] && i < bias_at[0] + 2)
        sums[i - bias_at[0]] = sum_shares(all_scratch, METRICS_AT + i - bias_at[0], work_items);
}
