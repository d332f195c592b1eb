// SPDX-License-Identifier: Apache-2.0
// One full pass over the samples for a CPU: forward, loss and backward, a tile of samples at a time, so that all of a
// tile stays in a core's cache between the steps and X is read once. The products that touch X are those of one of the
// files first_*.cl; fused_tile.cl has all other steps.
//
// NDRange: one work-item per core's share, work-groups of one. Each sums its own partial gradient; fused_reduce adds
// them up in order, so the result has the same bits every time.

static void write_probabilities(global floatv *z, uint s0, uint end, global float *probabilities)
{
    floatv largest;
    for (uint k = 0; k < VECTORS; k++)
        softmax(z + k, &largest);
    for (uint s = 0; s < TILE && s0 + s < end; s++)
        for (uint c = 0; c < sizes[LAYERS]; c++)
            probabilities[(size_t)(s0 + s) * sizes[LAYERS] + c] = ((global const float *)z)[c * TILE + s];
}

// The pass over samples first .. end - 1. probabilities (C x B), for MODE_PROBABILITIES only; values, places,
// sample_offsets, lists, list_offsets: X as the file first_*.cl takes it; labels (B, padded to whole tiles);
// place_feature: the order of pixels; scratch (SCRATCH x work-items).
kernel void fused_pass(uint first, uint end, uint mode, global float *restrict probabilities,
                       global const uchar *restrict values, global const ushort *restrict places,
                       global const uint *restrict sample_offsets, global const uint *restrict lists,
                       global const uint *restrict list_offsets, global const uchar *restrict labels,
                       global const uint *restrict place_feature, global const float *restrict parameters,
                       global float *restrict all_scratch)
{
    const uint me = get_global_id(0), count = get_global_size(0);
    const uint first_tile = first / TILE, tiles = (end + TILE - 1) / TILE - first_tile;
    const uint begin = first_tile + (uint)((ulong)tiles * me / count);
    const uint stop = first_tile + (uint)((ulong)tiles * (me + 1) / count);
    global float *scratch = all_scratch + (size_t)me * SCRATCH;
    const pixels x = {values, places, sample_offsets, lists, list_offsets};
    global floatv *logits = (global floatv *)(scratch + activations_at[LAYERS - 1]);

    pack_weights(parameters, place_feature, scratch);
    for (uint i = DW_AT; i < METRICS_AT + 2; i++)
        scratch[i] = 0;
    for (uint tile = begin; tile < stop; tile++) {
        const uint s0 = tile * TILE;
        first_forward(&x, tile, scratch, scratch + activations_at[0]);
        tile_forward(parameters, scratch);
        if (mode == MODE_PROBABILITIES) {
            write_probabilities(logits, s0, end, probabilities);
            continue;
        }
        cross_entropy(logits, labels, s0, first, end, scratch + METRICS_AT);
        if (mode == MODE_EVALUATE)
            continue;
        tile_backward(parameters, scratch);
        first_backward(&x, tile, scratch, scratch + dz_at[0]);
    }
}

// Adds up the work-items' partial sums: gradient[i] = scale * sum for each parameter, and loss and number correct into
// sums[0], [1]. feature_place (F): where each pixel is. NDRange: one work-item per parameter, and at least two.
kernel void fused_reduce(float scale, global const float *restrict all_scratch,
                         global const uint *restrict feature_place, global float *restrict gradient,
                         global float *restrict sums, uint work_items)
{
    const uint i = get_global_id(0);
    uint at = REST_AT + i - bias_at[0];
    float factor = scale;
    if (i >= PARAMETERS)
        return;
    if (i < sizes[0] * sizes[1]) {
        at = DW_AT + packed_at(i / sizes[0], feature_place[i % sizes[0]]);
        factor = scale / 255;
    } else if (i < bias_at[0]) {
        gradient[i] = 0;
        return;
    }
    float sum = 0;
    for (uint w = 0; w < work_items; w++)
        sum += all_scratch[(size_t)w * SCRATCH + at];
    gradient[i] = factor * sum;
    if (i >= bias_at[0] && i < bias_at[0] + 2) {
        sum = 0;
        for (uint w = 0; w < work_items; w++)
            sum += all_scratch[(size_t)w * SCRATCH + METRICS_AT + i - bias_at[0]];
        sums[i - bias_at[0]] = sum;
    }
}
