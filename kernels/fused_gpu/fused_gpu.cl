// SPDX-License-Identifier: Apache-2.0
// One full pass over the samples for a GPU: forward, loss and backward in one launch. Each work-group processes its
// share of the samples in tiles of TILE samples, whose bytes it loads once into local memory; Z1 to dZ1 stay in local
// memory, dW1 in registers. The products with X are in first_gpu.clh; all other steps are here. A matrix in local
// memory (rows x ROW) is stored row after row, so a float4 is four samples of one row.
//
// Note [dW1 in registers]: a work-item keeps the sums of UNIT_BLOCK units by 4 QUAD_BLOCK features over all tiles of
// its work-group. If a work-group's registers cannot hold all of dW1, it is computed in CHUNKS: the first with
// everything else, which stores dZ1 in `kept`; for each other one the work-group processes its samples again, for this
// product only. The bytes of X then come from the second-level cache or again from memory.
//
// Note [estimate for an H100, not confirmed on a GPU]: 784-10-10 with 41,000 samples is 1.3 GFLOP and 32 MB, so the
// limit is 60 TFLOP/s (21 us), not 3.35 TB/s (10 us). 264 work-groups of 224, two on each multiprocessor; about 120
// registers per work-item (40 sums of dW1, 40 of Z1, 40 for the operands), 39 KB of local memory. A multiprocessor
// does 128 multiplications and loads 32 words per cycle, so each loaded word should be used at least four times: Z1
// has 640 multiplications for 16 words of pixels and 160 of weights (3.6), dW1 160 for 4 and 40 (3.6). So loads limit
// about as much as arithmetic; with 7 of 8 work-items busy, the sums over slices and the small layers, the estimate is
// 35 to 50 us for this pass.

#include "fused_gpu/first_gpu.clh"

// All barriers are outside of conditions, and there is only one loop over tiles: PoCL duplicates the code after a
// barrier in a condition, until its compiler fails, and PoCL 3.1 computed wrong sums with a second such loop.

// ---- Tiles in local memory ----

// x (TILE x RUN_PITCH) = the `count` samples at `pixels` (count x RUNS), and zeros after them.
static void load_tile(global const uint4 *pixels, uint count, local uint4 *x)
{
#pragma unroll 4
    for (uint i = get_local_id(0); i < TILE * RUNS; i += THREADS) {
        const uint at = RUN_PITCH == RUNS ? i : i / RUNS * RUN_PITCH + i % RUNS;
        x[at] = i < count * RUNS ? pixels[i] : (uint4)(0);
    }
}

// ---- Layers after the first: O x I weights w, row after row; a (I x ROW4), z and dz (O x ROW4) ----

// Z = W A + b, and ReLU if requested.
static void layer_forward(uint outputs, uint inputs, global const float *w, global const float *b,
                          local const float4 *a, local float4 *z, bool relu)
{
    for (uint i = get_local_id(0); i < outputs * (TILE / 4); i += THREADS) {
        const uint o = i / (TILE / 4), q = i % (TILE / 4);
        float4 sum = b[o];
        for (uint k = 0; k < inputs; k++)
            sum = fma((float4)(w[o * inputs + k]), a[k * ROW4 + q], sum);
        z[o * ROW4 + q] = relu ? select(sum, (float4)(0), sum <= 0) : sum;
    }
}

// db += row sums of dZ.
static void layer_bias_gradient(uint outputs, local const float4 *dz, global float *db)
{
    for (uint o = get_local_id(0); o < outputs; o += THREADS) {
        float4 sum = 0;
        for (uint q = 0; q < TILE / 4; q++)
            sum += dz[o * ROW4 + q];
        db[o] += (sum.x + sum.y) + (sum.z + sum.w);
    }
}

// dW += dZ A^T.
static void layer_weight_gradient(uint outputs, uint inputs, local const float4 *dz, local const float4 *a,
                                  global float *dw)
{
    for (uint i = get_local_id(0); i < outputs * inputs; i += THREADS) {
        const uint o = i / inputs * ROW4, k = i % inputs * ROW4;
        float4 sum = 0;
        for (uint q = 0; q < TILE / 4; q++)
            sum = fma(dz[o + q], a[k + q], sum);
        dw[i] += (sum.x + sum.y) + (sum.z + sum.w);
    }
}

// dZ of the previous layer = (W^T dZ) .* relu'(A); replaces a.
static void layer_input_gradient(uint outputs, uint inputs, global const float *w, local const float4 *dz,
                                 local float4 *a)
{
    for (uint i = get_local_id(0); i < inputs * (TILE / 4); i += THREADS) {
        const uint k = i / (TILE / 4), q = i % (TILE / 4);
        float4 sum = 0;
        for (uint o = 0; o < outputs; o++)
            sum = fma((float4)(w[o * inputs + k]), dz[o * ROW4 + q], sum);
        a[k * ROW4 + q] = select((float4)(0), sum, a[k * ROW4 + q] > 0);
    }
}

// From Z1 or A1 to the logits. Unless `wanted` it only executes the barriers.
static void tile_forward(global const float *parameters, local float *activations, bool wanted)
{
    for (uint l = 1; l < LAYERS; l++) {
        if (wanted)
            layer_forward(sizes[l + 1], sizes[l], parameters + weights_at[l], parameters + bias_at[l],
                          (local const float4 *)(activations + activations_at[l - 1]),
                          (local float4 *)(activations + activations_at[l]), l + 1 < LAYERS);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
}

// From dZ, which has replaced the logits, to dZ1, which replaces A1; adds all gradients except dW1 to `rest`, with the
// indices of the flat buffer. Unless `wanted` it only executes the barriers.
static void tile_backward(global const float *parameters, local float *activations, global float *rest, bool wanted)
{
#if LAYERS > 1
    for (uint l = LAYERS - 1; l > 0; l--) {
        local const float4 *dz = (local const float4 *)(activations + activations_at[l]);
        local float4 *a = (local float4 *)(activations + activations_at[l - 1]);
        if (wanted) {
            layer_bias_gradient(sizes[l + 1], dz, rest + bias_at[l]);
            layer_weight_gradient(sizes[l + 1], sizes[l], dz, a, rest + weights_at[l]);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        if (wanted)
            layer_input_gradient(sizes[l + 1], sizes[l], parameters + weights_at[l], dz, a);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
#endif
    if (wanted)
        layer_bias_gradient(UNITS, (local const float4 *)activations, rest + bias_at[0]);
}

// ---- Loss ----

// Replaces a sample's logits z (C, ROW apart) by exp(z - largest); returns their sum.
static float exponentials(local float *z, float *largest)
{
    float top = z[0], sum = 0;
    for (uint c = 1; c < sizes[LAYERS]; c++)
        top = fmax(top, z[c * ROW]);
    for (uint c = 0; c < sizes[LAYERS]; c++) {
        const float e = exp(z[c * ROW] - top);
        z[c * ROW] = e;
        sum += e;
    }
    *largest = top;
    return sum;
}

// The class of the first largest logit.
static uint predict(local const float *z)
{
    uint prediction = 0;
    for (uint c = 1; c < sizes[LAYERS]; c++)
        prediction = z[c * ROW] > z[prediction * ROW] ? c : prediction;
    return prediction;
}

// dZ = A - Y replaces the logits z (C x ROW) of `count` samples, 0 those of the others in the tile; adds their loss
// and number correct to metrics.
static void cross_entropy(local float *z, global const uchar *labels, uint count, float2 *metrics)
{
    for (uint s = get_local_id(0); s < TILE; s += THREADS) {
        const uint label = s < count ? labels[s] : 0;
        const float label_logit = z[label * ROW + s];
        const bool correct = predict(z + s) == label;
        float largest;
        const float sum = exponentials(z + s, &largest);
        for (uint c = 0; c < sizes[LAYERS]; c++) {
            const float dz = z[c * ROW + s] / sum - (c == label ? 1.0f : 0.0f);
            z[c * ROW + s] = s < count ? dz : 0;
        }
        if (s < count)
            *metrics += (float2)((largest - label_logit) + log(sum), correct ? 1.0f : 0.0f);
    }
}

// probabilities (C x count) = softmax of the logits z (C x ROW), which it overwrites.
static void write_probabilities(local float *z, uint count, global float *probabilities)
{
    for (uint s = get_local_id(0); s < count; s += THREADS) {
        float largest;
        const float sum = exponentials(z + s, &largest);
        for (uint c = 0; c < sizes[LAYERS]; c++)
            probabilities[s * sizes[LAYERS] + c] = z[c * ROW + s] / sum;
    }
}

// ---- A work-group's sums ----

static void clear_sum(float4 sum[UNIT_BLOCK][QUAD_BLOCK])
{
#pragma unroll
    for (uint u = 0; u < UNIT_BLOCK; u++)
#pragma unroll
        for (uint b = 0; b < QUAD_BLOCK; b++)
            sum[u][b] = 0;
}

// Writes block `item` of dw (UNITS_PADDED x DW_ROW).
static void write_sum(float4 sum[UNIT_BLOCK][QUAD_BLOCK], uint item, global float *dw)
{
    global float4 *to = (global float4 *)(dw + item / COLUMNS * UNIT_BLOCK * DW_ROW) + item % COLUMNS;
#pragma unroll
    for (uint u = 0; u < UNIT_BLOCK; u++)
#pragma unroll
        for (uint b = 0; b < QUAD_BLOCK; b++)
            to[u * (DW_ROW / 4) + b * COLUMNS] = sum[u][b];
}

// out[0], out[1] = the sums of all work-items' metrics in order. sums: room for 2 x THREADS.
static void write_metrics(float2 metrics, local float *sums, global float *out)
{
    const uint me = get_local_id(0);
    sums[me] = metrics.x;
    sums[THREADS + me] = metrics.y;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (me < METRICS) {
        float sum = 0;
        for (uint i = 0; i < min((uint)TILE, (uint)THREADS); i++) // the others have no metrics
            sum += sums[me * THREADS + i];
        out[me] = sum;
    }
}

// Copy dZ1 of a tile (UNITS_PADDED x ROW) to kept (UNITS_PADDED x TILE), and back.
static void keep_dz(local const float *dz, global float *kept)
{
    for (uint i = get_local_id(0); i < UNITS_PADDED * TILE; i += THREADS)
        kept[i] = dz[i / TILE * ROW + i % TILE];
}

static void load_dz(global const float *kept, local float *dz)
{
    for (uint i = get_local_id(0); i < UNITS_PADDED * TILE; i += THREADS)
        dz[i / TILE * ROW + i % TILE] = kept[i];
}

// This work-group's share of the samples.
static uint2 share_of(pass_range range)
{
    const uint share = (range.end - range.first + get_num_groups(0) - 1) / get_num_groups(0);
    const uint begin = min(range.first + (uint)get_group_id(0) * share, range.end);
    return (uint2)(begin, min(begin + share, range.end));
}

// Local memory of a work-group: bytes of a tile, all layers' outputs, memory for sums.
#define TILE_MEMORY                                                                                                   \
    local uint4 x[TILE * RUN_PITCH];                                                                                  \
    local float4 activations4[ACTIVATIONS / 4];                                                                       \
    local float sums[SUM_ROW * SUM_ROWS(UNIT_BLOCK)];                                                                 \
    local float *activations = (local float *)activations4;                                                           \
    local float *logits = activations + activations_at[LAYERS - 1]

// The gradient over a range of samples, with loss and number correct. pixels (B x RUNS), rows padded with zeros;
// labels (B); partial (PARTIAL x work-groups); kept (TILES x UNITS_PADDED x TILE x work-groups): dZ1, if there are
// several chunks. NDRange: work-groups of THREADS.
kernel __attribute__((reqd_work_group_size(THREADS, 1, 1))) void
fused_gpu_pass(pass_range range, global const uint4 *restrict pixels, global const uchar *restrict labels,
               global const float *restrict parameters, global float *restrict partial, global float *restrict kept)
{
    TILE_MEMORY;
    const uint me = get_local_id(0), split = me / ITEMS;
    const uint2 share = share_of(range);
    float4 sum[UNIT_BLOCK][QUAD_BLOCK];
    float2 metrics = 0;
    partial += get_group_id(0) * PARTIAL;
    kept += get_group_id(0) * TILES * UNITS_PADDED * TILE;

    for (uint i = me; i < METRICS_AT - REST_AT; i += THREADS)
        partial[REST_AT + i] = 0;
    barrier(CLK_GLOBAL_MEM_FENCE);
    for (uint chunk = 0; chunk < CHUNKS; chunk++) {
        const uint item = chunk * ITEMS + me % ITEMS;
        const bool whole = chunk == 0, busy = split < SPLITS && item < COLUMNS * UNIT_BLOCKS;
        clear_sum(sum);
        for (uint s = share.x, tile = 0; s < share.y; s += TILE, tile++) {
            const uint count = min((uint)TILE, share.y - s);
            load_tile(pixels + (size_t)s * RUNS, count, x);
            if (!whole)
                load_dz(kept + tile * UNITS_PADDED * TILE, activations);
            barrier(CLK_LOCAL_MEM_FENCE);
            first_forward(x, parameters, sums, activations, whole);
            tile_forward(parameters, activations, whole);
            if (whole)
                cross_entropy(logits, labels + s, count, &metrics);
            barrier(CLK_LOCAL_MEM_FENCE);
            tile_backward(parameters, activations, partial + REST_AT - bias_at[0], whole);
            if (CHUNKS > 1 && whole)
                keep_dz(activations, kept + tile * UNITS_PADDED * TILE);
            if (busy)
                first_backward((local const uint *)x, activations4, item, split, (count + 3) / 4, sum);
            barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
        }
        if (busy)
            write_sum(sum, item, partial + split * DW_SIZE);
    }
    write_metrics(metrics, sums, partial + METRICS_AT);
}

// The same without gradient: loss and number correct, or probabilities (C x B).
kernel __attribute__((reqd_work_group_size(THREADS, 1, 1))) void
fused_gpu_forward(pass_range range, global const uint4 *restrict pixels, global const uchar *restrict labels,
                  global const float *restrict parameters, global float *restrict partial,
                  global float *restrict probabilities)
{
    TILE_MEMORY;
    const uint2 share = share_of(range);
    float2 metrics = 0;
    for (uint s = share.x; s < share.y; s += TILE) {
        const uint count = min((uint)TILE, share.y - s);
        load_tile(pixels + (size_t)s * RUNS, count, x);
        barrier(CLK_LOCAL_MEM_FENCE);
        first_forward(x, parameters, sums, activations, true);
        tile_forward(parameters, activations, true);
        if (range.mode == PASS_PROBABILITIES)
            write_probabilities(logits, count, probabilities + (size_t)s * sizes[LAYERS]);
        else
            cross_entropy(logits, labels + s, count, &metrics);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    write_metrics(metrics, sums, partial + get_group_id(0) * PARTIAL + METRICS_AT);
}

// The offset *at of the sums of parameter i in `partial`, and their number, DW_SIZE apart. Loss and number correct
// follow the parameters. 0 for padding.
static uint sum_place(uint i, uint *at)
{
    if (i < FEATURES * UNITS) {
        *at = i / FEATURES * DW_ROW + i % FEATURES;
        return SPLITS;
    }
    *at = REST_AT + i - bias_at[0];
    return i >= bias_at[0] && i < PARAMETERS + METRICS;
}

// Adds up the work-groups' partial sums: gradient[i] = range.scale * sum for each parameter, and loss and number correct into
// sums[0], [1]. A work-group has REDUCE_COLUMNS parameters, with REDUCE_SLICES work-items each. A work-item adds every
// REDUCE_SLICES-th of `groups`; those sums are then added in order. NDRange: work-groups of REDUCE_COLUMNS x REDUCE_SLICES,
// one more than the parameters need.
kernel __attribute__((reqd_work_group_size(REDUCE_COLUMNS * REDUCE_SLICES, 1, 1))) void
fused_gpu_reduce(pass_range range, global const float *restrict partial, global float *restrict gradient,
                 global float *restrict sums, uint groups)
{
    local float slices[REDUCE_SLICES][REDUCE_COLUMNS];
    const uint column = get_local_id(0) % REDUCE_COLUMNS, slice = get_local_id(0) / REDUCE_COLUMNS;
    const uint i = get_group_id(0) * REDUCE_COLUMNS + column;
    uint at;
    const uint splits = sum_place(i, &at);
    float sum = 0;
    for (uint split = 0; split < splits; split++)
#pragma unroll 4
        for (uint g = slice; g < groups; g += REDUCE_SLICES)
            sum += partial[(size_t)g * PARTIAL + split * DW_SIZE + at];
    slices[slice][column] = sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (slice == 0) {
        for (uint s = 1; s < REDUCE_SLICES; s++)
            sum += slices[s][column];
        if (i < PARAMETERS)
            gradient[i] = (i < FEATURES * UNITS ? range.scale / 255 : range.scale) * sum;
        else if (i < PARAMETERS + METRICS)
            sums[i - PARAMETERS] = sum;
    }
}
