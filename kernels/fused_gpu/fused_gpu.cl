// SPDX-License-Identifier: Apache-2.0
// One full pass over the samples for a GPU: forward, loss and backward in one launch. Each work-group processes its
// share of the samples in tiles of TILE samples, whose bytes it loads once into local memory; Z1 to dZ1 stay in local
// memory, dW1 in registers. A second launch adds up the work-groups' sums, and can do the optimizer's step, too. The
// products with X are in first_gpu.clh, the other layers in layers_gpu.clh, sums over work-groups in sums_gpu.clh.
//
// Note [dW1 in registers]: a work-item keeps the sums of UNIT_BLOCK units by 4 QUAD_BLOCK features over all tiles of
// its work-group, beside the sums of Z1 and its part of the next tile: 40 + 40 + 32 registers for 784-10-10, of 128 with
// which two work-groups fit on a multiprocessor of NVIDIA or a work-item has its part of a thread of Intel. If dW1 needs
// more (CHUNKS > 1), the pass stores dZ1 in `kept` instead, and fused_gpu_weights computes dW1: a work-group has one of
// CHUNKS parts of dW1, and a share of the samples. X then comes once more from memory or the second-level cache for each
// chunk.
//
// Note [next tile]: a work-item loads its part of the next tile into registers before it computes dW1 (or Z1, if there
// are several chunks), and writes it to local memory when all are done with the present tile. A second tile in local
// memory would need no registers, but take the place of the second work-group: it is 31 of 46 KB.
//
// Note [estimate for an H100, not confirmed on a GPU]: instructions are counted in ptxas' output for sm_90, of a warp:
// 212 for a round of first_forward() and 219 for one of first_backward(), 160 of each are multiplications; about 600 for
// the rest of a tile. 784-10-10 with 41,000 samples has 264 work-groups of 8 warps, two on each multiprocessor, with 4
// tiles of 40: 8 rounds for each warp and tile, and 39 rounds for each of 6 warps. A multiprocessor issues 4
// instructions a cycle, so 252,000 take 36 us at 1.755 GHz, if no cycle is lost; loads take 24 us of that time (32 words
// a cycle). With nine of ten cycles used it is 40 us, and the launch that adds up 8.5 MB and does the step takes 4 to 6
// us: 22,000 iterations a second, within 30 %. `gradus bench --device-model h100` counts in the same way, without lost
// cycles. The multiplications alone would take 22 us. In the same way 784-32-10 is
// 117 us (64 for the pass and 53 for dW1) if no cycle is lost, 784-128-10 456 us (237 and 219), 784-512-10 1.7 ms: there
// W1 is read from the second-level cache for every tile.

#include "fused_gpu/first_gpu.clh"
#include "fused_gpu/layers_gpu.clh"
#include "fused_gpu/sums_gpu.clh"

#define LANES STEP_LANES
#include "common/optimizer_step.clh"

// All barriers are outside of conditions, and a kernel has only one loop over tiles: PoCL duplicates the code after a
// barrier in a condition, until its compiler fails, and PoCL 3.1 computed wrong sums with a second such loop.

// The index of this work-item. With FEW_REGISTERS it seems to depend on the sample, which is below 2^31: compilers would
// compute what follows from the index once, before the loop over tiles, and have too few registers for dW1 and Z1 (Note
// [dW1 in registers]). One for each part of a tile's work, since values would be kept from one part to the next, too.
// Not for other devices: with it PoCL 3.1 loses a sum if a tile has 4 samples.
static uint work_item_at(uint sample)
{
#ifdef FEW_REGISTERS
    return get_local_id(0) + (sample >> 31);
#else
    return get_local_id(0);
#endif
}

// ---- Tiles in local memory ----

// next = this work-item's part of the `count` samples at `pixels` (count x RUNS), and zeros after them.
static void read_tile(uint me, global const uint4 *pixels, uint count, uint4 next[TILE_LOADS])
{
#pragma unroll
    for (uint l = 0; l < TILE_LOADS; l++) {
        const uint i = me + l * THREADS;
        next[l] = i < count * RUNS ? pixels[i] : (uint4)(0);
    }
}

// x (TILE x RUN_PITCH) = the tile that was read.
static void write_tile(uint me, const uint4 next[TILE_LOADS], local uint4 *x)
{
#pragma unroll
    for (uint l = 0; l < TILE_LOADS; l++) {
        const uint i = me + l * THREADS;
        if (i < TILE * RUNS)
            x[RUN_PITCH == RUNS ? i : i / RUNS * RUN_PITCH + i % RUNS] = next[l];
    }
}

static uint samples_in_tile(uint s, uint end)
{
    return s < end ? min((uint)TILE, end - s) : 0;
}

// Share `index` of `count` shares of the samples; all shares begin at a multiple of 4 from the first sample.
static uint2 share_of(pass_range range, uint index, uint count)
{
    const uint share = ROUND_UP((range.end - range.first + count - 1) / count, 4);
    const uint begin = min(range.first + index * share, range.end);
    return (uint2)(begin, min(begin + share, range.end));
}

// ---- dZ1 in global memory ----

// kept (UNITS_PADDED x KEPT_QUADS), at a tile's first sample = dZ1 of the tile (UNITS_PADDED x ROW4), which has `quads`
// times 4 samples.
static void keep_dz(uint me, local const float4 *dz, uint quads, global float4 *kept)
{
    for (uint i = me; i < UNITS_PADDED * (TILE / 4); i += THREADS) {
        const uint unit = i / (TILE / 4), q = i % (TILE / 4);
        if (q < quads)
            kept[(size_t)unit * KEPT_QUADS + q] = dz[unit * ROW4 + q];
    }
}

// dz (DZ_ROWS x ROW4) = the rows of kept from `first` on, zeros after the last one. kept: at the tile's first sample.
static void load_dz(uint me, global const float4 *kept, uint first, uint quads, local float4 *dz)
{
    for (uint i = me; i < DZ_ROWS * (TILE / 4); i += THREADS) {
        const uint row = i / (TILE / 4), q = i % (TILE / 4);
        const bool stored = q < quads && first + row < UNITS_PADDED;
        dz[row * ROW4 + q] = stored ? kept[(size_t)(first + row) * KEPT_QUADS + q] : 0;
    }
}

// ---- The kernels ----

// Local memory of a work-group: bytes of a tile, all layers' outputs, memory for sums.
#define TILE_MEMORY                                                                                                   \
    local uint4 x[TILE * RUN_PITCH];                                                                                  \
    local float4 activations4[ACTIVATIONS / 4];                                                                       \
    local float4 sums4[SUM_QUADS(THREADS, OUTPUTS, UNIT_BLOCK)];                                                      \
    local float *sums = (local float *)sums4;                                                                         \
    local float metrics[METRICS * TILE];                                                                              \
    local float *activations = (local float *)activations4;                                                           \
    local float *logits = activations + activations_at[LAYERS - 1]

// The gradient over a range of samples, with loss and number correct; dW1 only if it is one chunk, dZ1 otherwise. pixels
// (B x RUNS), rows padded with zeros; labels (B); partial: place_of(); kept (UNITS_PADDED x KEPT_QUADS). NDRange:
// work-groups of THREADS, counts.rest of them.
kernel WORK_GROUP(THREADS) void fused_gpu_pass(pass_range range, global const uint4 *restrict pixels,
                                               global const uchar *restrict labels,
                                               global const float *restrict parameters, global float *restrict partial,
                                               global float4 *restrict kept, sum_counts counts)
{
    TILE_MEMORY;
    const uint2 share = share_of(range, get_group_id(0), get_num_groups(0));
    float4 sum[UNIT_BLOCK][QUAD_BLOCK];
    uint4 next[TILE_LOADS];
    global float *own_rest = partial + counts.dw * DW_SIZE + get_group_id(0) * REST_SIZE;
#if REST_IS_LOCAL
    local float rest[REST];
#else
    global float *rest = own_rest;
#endif

    for (uint i = get_local_id(0); i < REST; i += THREADS)
        rest[i] = 0;
    clear_metrics(metrics);
    clear_sum(sum);
    read_tile(get_local_id(0), pixels + (size_t)share.x * RUNS, samples_in_tile(share.x, share.y), next);
    for (uint s = share.x; s < share.y; s += TILE) {
        const uint count = samples_in_tile(s, share.y), quads = (count + 3) / 4;
        const uint before = work_item_at(s), me = work_item_at(s + count);
        write_tile(before, next, x);
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
        if (CHUNKS > 1)
            read_tile(before, pixels + (size_t)(s + TILE) * RUNS, samples_in_tile(s + TILE, share.y), next);
        first_forward(before, (local const uint *)x, parameters, sums, activations);
        tile_forward(me, parameters, activations);
        cross_entropy(me, logits, labels + s, count, metrics);
        barrier(CLK_LOCAL_MEM_FENCE);
        tile_backward(me, parameters, activations, rest);
        if (CHUNKS > 1) {
            keep_dz(me, activations4, quads, kept + (s - range.first) / 4);
        } else {
            read_tile(me, pixels + (size_t)(s + TILE) * RUNS, samples_in_tile(s + TILE, share.y), next);
            const dw_item own = dw_item_of(me);
            if (own.split < SPLITS)
                first_backward((local const uint *)x, activations4 + own.item / COLUMNS * UNIT_BLOCK * ROW4,
                               own.item % COLUMNS, own, quads, sum);
        }
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
    }
    const dw_item own = dw_item_of(get_local_id(0));
    add_shared(sum, own, sums4);
    if (CHUNKS == 1 && own.split == 0)
        write_sum(sum, own.item, partial + get_group_id(0) * DW_SIZE);
#if REST_IS_LOCAL
    for (uint i = get_local_id(0); i < REST; i += THREADS)
        own_rest[i] = rest[i];
#endif
    write_metrics(metrics, own_rest + REST);
}

#if CHUNKS > 1
// dW1 from X and the dZ1 that the pass has kept, if it has several chunks. Neighbouring work-groups have the chunks of
// the same samples. NDRange: work-groups of THREADS, CHUNKS times as many as there are shares of the samples.
kernel WORK_GROUP(THREADS) void fused_gpu_weights(pass_range range, global const uint4 *restrict pixels,
                                                  global const float4 *restrict kept, global float *restrict partial)
{
    local uint4 x[TILE * RUN_PITCH];
    local float4 dz[DZ_ROWS * ROW4], sums[THREADS];
    const uint chunk = get_group_id(0) % CHUNKS, index = get_group_id(0) / CHUNKS;
    const uint2 share = share_of(range, index, get_num_groups(0) / CHUNKS);
    const uint first_item = chunk * ITEMS, first_block = first_item / COLUMNS;
    float4 sum[UNIT_BLOCK][QUAD_BLOCK];
    uint4 next[TILE_LOADS];

    clear_sum(sum);
    read_tile(get_local_id(0), pixels + (size_t)share.x * RUNS, samples_in_tile(share.x, share.y), next);
    for (uint s = share.x; s < share.y; s += TILE) {
        const uint me = work_item_at(s), quads = (samples_in_tile(s, share.y) + 3) / 4;
        write_tile(me, next, x);
        load_dz(me, kept + (s - range.first) / 4, first_block * UNIT_BLOCK, quads, dz);
        barrier(CLK_LOCAL_MEM_FENCE);
        read_tile(me, pixels + (size_t)(s + TILE) * RUNS, samples_in_tile(s + TILE, share.y), next);
        const dw_item own = dw_item_of(me);
        const uint item = first_item + own.item;
        if (item < COLUMNS * UNIT_BLOCKS && own.split < SPLITS)
            first_backward((local const uint *)x, dz + (item / COLUMNS - first_block) * UNIT_BLOCK * ROW4,
                           item % COLUMNS, own, quads, sum);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    const dw_item own = dw_item_of(get_local_id(0));
    add_shared(sum, own, sums);
    if (first_item + own.item < COLUMNS * UNIT_BLOCKS && own.split == 0)
        write_sum(sum, first_item + own.item, partial + index * DW_SIZE);
}
#endif

// The pass without gradient: loss and number correct, or probabilities (C x B).
kernel WORK_GROUP(THREADS) void fused_gpu_forward(pass_range range, global const uint4 *restrict pixels,
                                                  global const uchar *restrict labels,
                                                  global const float *restrict parameters,
                                                  global float *restrict partial, global float *restrict probabilities,
                                                  sum_counts counts)
{
    TILE_MEMORY;
    const uint2 share = share_of(range, get_group_id(0), get_num_groups(0));
    uint4 next[TILE_LOADS];
    clear_metrics(metrics);
    read_tile(get_local_id(0), pixels + (size_t)share.x * RUNS, samples_in_tile(share.x, share.y), next);
    for (uint s = share.x; s < share.y; s += TILE) {
        const uint me = work_item_at(s), count = samples_in_tile(s, share.y);
        write_tile(me, next, x);
        barrier(CLK_LOCAL_MEM_FENCE);
        read_tile(me, pixels + (size_t)(s + TILE) * RUNS, samples_in_tile(s + TILE, share.y), next);
        first_forward(me, (local const uint *)x, parameters, sums, activations);
        tile_forward(me, parameters, activations);
        if (range.mode == PASS_PROBABILITIES)
            write_probabilities(me, logits, count, probabilities + (size_t)s * sizes[LAYERS]);
        else
            cross_entropy(me, logits, labels + s, count, metrics);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    write_metrics(metrics, partial + counts.dw * DW_SIZE + get_group_id(0) * REST_SIZE + REST);
}

// Adds up the partial sums: gradient[i] = range.scale * sum for each parameter, and loss and number correct into
// sums[0], [1]. NDRange: work-groups of REDUCE_COLUMNS x REDUCE_SLICES, one more than the parameters need.
kernel WORK_GROUP(REDUCE_COLUMNS *REDUCE_SLICES) void fused_gpu_reduce(pass_range range,
                                                                       global const float *restrict partial,
                                                                       global float *restrict gradient,
                                                                       global float *restrict sums, sum_counts counts)
{
    local float slices[REDUCE_SLICES][REDUCE_COLUMNS];
    const reduce_item me = this_reduce_item();
    const uint i = me.parameter;
    slices[me.slice][me.column] = add_slice(partial, place_of(i, counts), me.slice);
    barrier(CLK_LOCAL_MEM_FENCE);
    if (me.slice == 0) {
        const float sum = add_slices(slices, me.column);
        if (i < PARAMETERS)
            gradient[i] = scale_of(i, range) * sum;
        else if (i < PARAMETERS + METRICS)
            sums[i - PARAMETERS] = sum;
    }
}

// The same, and the optimizer's step with that gradient, which is not stored. Keeps the parameters before the step if
// requested, and if the losses were finite so far. Every work-group adds up the loss, because another one writes it.
// NDRange: as above.
kernel WORK_GROUP(REDUCE_COLUMNS *REDUCE_SLICES) void fused_gpu_step(
    gpu_step work, optimizer how, global const float *restrict partial, global parameter *restrict p,
    global parameter *restrict kept, global const uchar *restrict decays, global parameter *first,
    global parameter *second, global float *restrict sums, global float *restrict history,
    global step_progress *restrict progress, sum_counts counts)
{
    local float slices[REDUCE_SLICES][REDUCE_COLUMNS], losses[REDUCE_SLICES][REDUCE_COLUMNS];
    local parameter totals[REDUCE_COLUMNS / STEP_LANES];
    const reduce_item me = this_reduce_item();
    how.kind = OPTIMIZER; // so that the compiler knows it
    slices[me.slice][me.column] = add_slice(partial, place_of(me.parameter, counts), me.slice);
    losses[me.slice][me.column] =
        work.keep && me.column == 0 ? add_slice(partial, place_of(PARAMETERS, counts), me.slice) : 0;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (me.slice == 0)
        ((local float *)totals)[me.column] = add_slices(slices, me.column);
    barrier(CLK_LOCAL_MEM_FENCE);
    const uint lane = get_local_id(0), i = get_group_id(0) * REDUCE_COLUMNS + lane * STEP_LANES;
    if (lane < REDUCE_COLUMNS / STEP_LANES && i < PARAMETERS) {
        const uint at = i / STEP_LANES;
        const parameter gradient = scale_of(i, work.range) * totals[lane];
        if (work.keep && isfinite(add_slices(losses, 0)) && !progress->diverged)
            kept[at] = p[at];
        p[at] = update_one(how, work.by, decays[get_group_id(0)] ? how.weight_decay : 0, p[at], gradient, first + at,
                           second + at);
    }
    if (lane == 0 && i == PARAMETERS) {
        const float loss = totals[0].x, correct = totals[0].y;
        sums[0] = loss;
        sums[1] = correct;
        note_step(loss, correct, history, progress);
    }
}
