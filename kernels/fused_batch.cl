// SPDX-License-Identifier: Apache-2.0
// A pass over a mini-batch for a CPU, as fused_cpu.cl has it for all samples. The parameters' buffer begins with packed W1
// (first_batch.cl), and so do all offsets: weights_at, bias_at, PARAMETERS. From DW_AT on, a work-item's scratch has its
// partial gradient in the same layout, then loss and number correct.

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

    for (uint i = DW_AT; i < METRICS_AT + 2; i++)
        scratch[i] = 0;
    for (uint t = begin; t < stop; t++) {
        const uint s0 = first + t * TILE;
        const tile_samples tile = find_tile(scratch, min((uint)TILE, end - s0));
        take_tile(&tile, order + s0, labels);
        first_forward(&x, &tile, parameters, scratch, scratch + activations_at[0]);
        tile_forward(parameters, scratch);
        cross_entropy((global floatv *)(scratch + activations_at[LAYERS - 1]), tile.labels, 0, 0, tile.count,
                      scratch + METRICS_AT);
        if (mode == MODE_EVALUATE)
            continue;
        tile_backward(parameters, scratch);
        first_backward(&x, &tile, scratch, scratch + dz_at[0]);
    }
}

// Adds up the work-items' partial sums: gradient[i] = scale * sum, 0 for the units that only fill W1's last block; and loss
// and number correct into sums[0], [1]. NDRange: one work-item per parameter, and at least two.
kernel void fused_batch_reduce(float scale, global const float *restrict all_scratch, global float *restrict gradient,
                               global float *restrict sums, uint work_items)
{
    const uint i = get_global_id(0);
    if (i >= PARAMETERS)
        return;
    const uint unit = i / (GROUPS * BLOCK_UNITS) * BLOCK_UNITS + i % BLOCK_UNITS;
    const float factor = i >= bias_at[0] ? scale : unit < sizes[1] ? scale / 255 : 0;
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
