// SPDX-License-Identifier: Apache-2.0
// The second of two launches of a mini-batch's step: the gradients, from the tape of batch_forward.cl, and the update.
// A work-group owns SLAB_COLUMNS columns of a layer's weights, sums over all samples of the batch and applies the
// optimizer at once. So there are no partial sums in memory, and each sum has one order. The biases of a layer are one
// more column, whose input is 1.

#include "fused_batch_gpu/batch_gpu_shape.clh"

#include "common/optimizer_step.clh"
#include "fused_batch_gpu/batch_gpu_launch.h"

constant uint slabs_at[] = {SLABS_AT};

// A work-group's part of the parameters.
typedef struct slab {
    uint layer, inputs, outputs, first; // first: its first column
} slab;

static slab find_slab(void)
{
    const uint group = get_group_id(0);
    uint l = 0;
    while (group >= slabs_at[l + 1])
        l++;
    const slab mine = {l, sizes[l], sizes[l + 1], (group - slabs_at[l]) * SLAB_COLUMNS};
    return mine;
}

// The offset of the parameter of output o and column c.
static uint parameter_at(const slab *mine, uint o, uint c)
{
    return c == mine->inputs  ? bias_at[mine->layer] + o
           : mine->layer == 0 ? weights_at[0] + c * mine->outputs + o
                              : weights_at[mine->layer] + o * mine->inputs + c;
}

// columns (SLAB_COLUMNS x SLAB_SAMPLES) = the slab's inputs of `count` samples, whose first is at `input`. Ends with a
// barrier.
static void load_columns(const slab *mine, global const float *input, uint count, local float *columns)
{
    for (uint i = get_local_id(0); i < SLAB_COLUMNS * count; i += THREADS) {
        const uint c = mine->first + i % SLAB_COLUMNS;
        columns[i] = c < mine->inputs ? input[(size_t)(i / SLAB_COLUMNS) * mine->inputs + c] : 1;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
}

// sums (SLAB_COLUMNS x THREADS) = the sums of dZ times input over the batch, for `outputs` outputs from `first` on, in
// THREADS / outputs shares of the samples. Ends with a barrier.
static void sum_products(const slab *mine, uint count, uint first, uint outputs, global const float *tape,
                         local float *columns, local float *sums)
{
    const uint me = get_local_id(0), o = first + me % outputs, share = me / outputs, shares = THREADS / outputs;
    global const float *input = tape + inputs_at[mine->layer] * BATCH;
    global const float *dz = tape + dz_at[mine->layer] * BATCH;
    float sum[SLAB_COLUMNS];
#pragma unroll
    for (uint c = 0; c < SLAB_COLUMNS; c++)
        sum[c] = 0;
    for (uint s0 = 0; s0 < count; s0 += SLAB_SAMPLES) {
        const uint samples = min(count - s0, (uint)SLAB_SAMPLES);
        load_columns(mine, input + (size_t)s0 * mine->inputs, samples, columns);
        for (uint s = share; share < shares && s < samples; s += shares) {
            const float d = dz[(s0 + s) * mine->outputs + o];
#pragma unroll
            for (uint c = 0; c < SLAB_COLUMNS; c++)
                sum[c] = fma(d, columns[s * SLAB_COLUMNS + c], sum[c]);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
#pragma unroll
    for (uint c = 0; c < SLAB_COLUMNS; c++)
        sums[c * THREADS + me] = sum[c];
    barrier(CLK_LOCAL_MEM_FENCE);
}

// A column of an output, in the order in which they are neighbours in memory, and the sum of its shares.
typedef struct place {
    uint at;     // offset of the parameter
    bool exists; // not after the last column
    bool weight; // not a bias
    float sum;
} place;

static place find_place(const slab *mine, uint i, uint first, uint outputs, local const float *sums)
{
    const uint o = mine->layer == 0 ? i % outputs : i / SLAB_COLUMNS;
    const uint c = mine->layer == 0 ? i / outputs : i % SLAB_COLUMNS;
    const uint column = mine->first + c;
    float sum = 0;
    for (uint s = 0; s < THREADS / outputs; s++)
        sum += sums[c * THREADS + s * outputs + o];
    const place here = {parameter_at(mine, first + o, min(column, mine->inputs)), column <= mine->inputs,
                        column < mine->inputs, sum};
    return here;
}

// totals[m] = the sum of metric m of `count` samples, in every work-group, by METRIC_SHARES work-items for each. totals
// (METRICS x (1 + METRIC_SHARES)): room for their shares, too. sums: room for METRICS x THREADS. Ends with a barrier.
static void sum_metrics(global const float *metrics, uint count, local float *sums, local float *totals)
{
    const uint me = get_local_id(0);
    for (uint m = 0; m < METRICS; m++) {
        float sum = 0;
        for (uint s = me; s < count; s += THREADS)
            sum += metrics[METRICS * s + m];
        sums[m * THREADS + me] = sum;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint i = me; i < METRICS * METRIC_SHARES; i += THREADS) {
        float sum = 0;
        for (uint s = i % METRIC_SHARES; s < min(count, (uint)THREADS); s += METRIC_SHARES)
            sum += sums[i / METRIC_SHARES * THREADS + s];
        totals[METRICS + i] = sum;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint m = me; m < METRICS; m += THREADS) {
        float sum = 0;
        for (uint i = 0; i < METRIC_SHARES; i++)
            sum += totals[METRICS + m * METRIC_SHARES + i];
        totals[m] = sum;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
}

// One step. how: the optimizer; p: parameters; kept: the kept ones, as in keep_parameters; first_moment, second_moment:
// any other buffer if the optimizer has none; sums (2): loss and number correct; history, progress: as in
// update_parameters. NDRange: slabs_at[LAYERS] work-groups of THREADS.
kernel __attribute__((reqd_work_group_size(THREADS, 1, 1))) void
batch_update(batch_step step, optimizer how, global const float *restrict tape, global const float *restrict metrics,
             global float *restrict p, global float *restrict kept, global float *first_moment,
             global float *second_moment, global float *restrict sums, global float *restrict history,
             global step_progress *restrict progress)
{
    local float columns[SLAB_COLUMNS * SLAB_SAMPLES], shares[SLAB_COLUMNS * THREADS],
        totals[METRICS * (1 + METRIC_SHARES)];
    const slab mine = find_slab();
    how.kind = OPTIMIZER; // so that the compiler knows it
    sum_metrics(metrics, step.count, shares, totals);
    const bool keep = step.keep && !progress->diverged && isfinite(totals[0]);
    for (uint first = 0; first < mine.outputs; first += THREADS) {
        const uint outputs = min(mine.outputs - first, (uint)THREADS);
        sum_products(&mine, step.count, first, outputs, tape, columns, shares);
        for (uint i = get_local_id(0); i < SLAB_COLUMNS * outputs; i += THREADS) {
            const place here = find_place(&mine, i, first, outputs, shares);
            if (!here.exists)
                continue;
            const float old = p[here.at];
            if (keep)
                kept[here.at] = old;
            p[here.at] = update_one(how, step.by, here.weight ? how.weight_decay : 0, old, step.mean.scale * here.sum,
                                    first_moment + here.at, second_moment + here.at);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (get_global_id(0) == 0) {
        sums[0] = totals[0];
        sums[1] = totals[1];
        note_step(totals[0], totals[1], history, progress);
    }
}

// The gradient (PARAMETERS) of the batch, and the sums of its metrics, without an update. NDRange: as batch_update.
kernel __attribute__((reqd_work_group_size(THREADS, 1, 1))) void
batch_gradient(batch_step step, global const float *restrict tape, global const float *restrict metrics,
               global float *restrict gradient, global float *restrict sums)
{
    local float columns[SLAB_COLUMNS * SLAB_SAMPLES], shares[SLAB_COLUMNS * THREADS],
        totals[METRICS * (1 + METRIC_SHARES)];
    const slab mine = find_slab();
    sum_metrics(metrics, step.count, shares, totals);
    for (uint first = 0; first < mine.outputs; first += THREADS) {
        const uint outputs = min(mine.outputs - first, (uint)THREADS);
        sum_products(&mine, step.count, first, outputs, tape, columns, shares);
        for (uint i = get_local_id(0); i < SLAB_COLUMNS * outputs; i += THREADS) {
            const place here = find_place(&mine, i, first, outputs, shares);
            if (here.exists)
                gradient[here.at] = fma(step.mean.scale, here.sum, step.mean.accumulate ? gradient[here.at] : 0);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (get_global_id(0) < METRICS)
        sums[get_global_id(0)] = totals[get_global_id(0)] + (step.mean.accumulate ? sums[get_global_id(0)] : 0);
}

// The sums of a pass's metrics alone. NDRange: one work-group.
kernel __attribute__((reqd_work_group_size(THREADS, 1, 1))) void
batch_metrics(batch_step step, global const float *restrict metrics, global float *restrict sums)
{
    local float shares[METRICS * THREADS], totals[METRICS * (1 + METRIC_SHARES)];
    const uint me = get_local_id(0);
    sum_metrics(metrics, step.count, shares, totals);
    if (me < METRICS)
        sums[me] = totals[me] + (step.mean.accumulate ? sums[me] : 0);
}
