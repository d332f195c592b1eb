// SPDX-License-Identifier: Apache-2.0
// The first of two launches of a mini-batch's step: everything up to dZ1. A work-group processes LANES samples. It
// writes what the gradients need to the tape: each layer's input and dZ, matrices (rows x BATCH) sample after sample,
// one after the other.
//
// Note [samples of a work-group]: every work-group reads all of W1 from the second-level cache: 784-128-10 has 400 KB,
// and a multiprocessor of an H100 reads about 64 bytes a cycle. So more work-groups do not help, and with LANES samples
// a weight that was read is used LANES times. An input that comes from local memory is used for FORWARD_BLOCK units,
// because for each unit alone local memory would take more than twice as long as the cache.

#include "fused_batch_gpu/batch_input.clh"

#include "fused_batch_gpu/batch_gpu_launch.h"

// A work-group's samples: which of the part, and where they are in X.
typedef struct tile_samples {
    uint first, valid; // of the part
    uint places[LANES];
} tile_samples;

// Finds the samples of this work-group. numbers: those in the data set. Ends with a barrier.
static tile_samples find_samples(batch_part part, global const uchar *all_labels, global const uint *order,
                                 local uintv *numbers, local intv *labels)
{
    tile_samples mine;
    mine.first = get_group_id(0) * LANES;
    mine.valid = min((uint)LANES, part.count - mine.first);
#pragma unroll
    for (uint j = 0; j < LANES; j++) {
        const uint at = mine.first + min(j, mine.valid - 1), number = order[part.first + at];
        mine.places[j] = part.gathered ? at : number;
        if (get_local_id(0) == 0) {
            ((local uint *)numbers)[j] = number;
            ((local int *)labels)[j] = all_labels[mine.places[j]];
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    return mine;
}

// x (F) = the input of the tile's samples, and 0 for those that do not exist; in a training the same in the tape. Ends
// with a barrier.
static void load_tile(const tile_pass *pass, const tile_samples *mine, global const feature *all_x, local floatv *x,
                      global float *tape)
{
#pragma unroll
    for (uint j = 0; j < LANES; j++)
        for (uint f = get_local_id(0); f < FEATURES; f += THREADS) {
            const uint number = ((local const uint *)pass->numbers)[j];
            const float v =
                j < mine->valid ? input_of(pass, number, f, all_x[(size_t)mine->places[j] * FEATURES + f]) : 0;
            ((local float *)x)[f * LANES + j] = v;
            if (pass->training && j < mine->valid)
                tape[(size_t)(mine->first + j) * FEATURES + f] = v;
        }
    barrier(CLK_LOCAL_MEM_FENCE);
}

// Copies `units` rows of a tile to a matrix of the tape.
static void write_rows(local const floatv *rows, uint units, const tile_samples *mine, global float *matrix)
{
    for (uint i = get_local_id(0); i < units * mine->valid; i += THREADS)
        matrix[mine->first * units + i] = ((local const float *)rows)[i % units * LANES + i / units];
}

static void write_metrics(const tile_pass *pass, const tile_samples *mine, local const floatv *logits, intv label,
                          global float *metrics)
{
    floatv correct;
    const floatv loss = tile_loss(pass, logits, label, &correct);
#pragma unroll
    for (uint j = 0; j < LANES; j++)
        if (j < mine->valid) {
            metrics[METRICS * (mine->first + j)] = ((const float *)&loss)[j];
            metrics[METRICS * (mine->first + j) + 1] = ((const float *)&correct)[j];
        }
}

#if UNITS % FORWARD_BLOCK == 0
// Z1 of the tile, without bias = W1 times its input. A work-item has FORWARD_BLOCK units and a slice of the features. w:
// (FEATURES x UNITS), that is feature by feature. Ends with a barrier.
static void first_product(const tile_pass *pass, global const float4 *w, local const floatv *input, local floatv *z)
{
    const uint me = get_local_id(0), blocks = UNITS / FORWARD_BLOCK;
    for (uint first = 0; first < blocks; first += THREADS) {
        const uint count = min(blocks - first, (uint)THREADS), slices = THREADS / count;
        const uint block = me % count, slice = me / count;
        floatv sum[FORWARD_BLOCK];
#pragma unroll
        for (uint u = 0; u < FORWARD_BLOCK; u++)
            sum[u] = 0;
#pragma unroll 4
        for (uint k = slice; slice < slices && k < FEATURES; k += slices) {
            const float4 v = w[k * blocks + first + block];
            const floatv x = input[k];
            sum[0] = fma((floatv)(v.x), x, sum[0]);
            sum[1] = fma((floatv)(v.y), x, sum[1]);
            sum[2] = fma((floatv)(v.z), x, sum[2]);
            sum[3] = fma((floatv)(v.w), x, sum[3]);
        }
#pragma unroll
        for (uint u = 0; u < FORWARD_BLOCK; u++) {
            pass->sums[me] = sum[u];
            barrier(CLK_LOCAL_MEM_FENCE);
            if (me < count) {
                floatv total = 0;
                for (uint s = 0; s < slices; s++)
                    total += pass->sums[s * count + me];
                z[(first + me) * FORWARD_BLOCK + u] = total;
            }
            barrier(CLK_LOCAL_MEM_FENCE);
        }
    }
}
#endif

// From the input to the logits.
static void forward(const tile_pass *pass, global const float *parameters, local const floatv *input, local floatv *a,
                    local floatv *slopes)
{
#if UNITS % FORWARD_BLOCK == 0
    first_product(pass, (global const float4 *)(parameters + weights_at[0]), input, a);
#else
    tile_product(pass, sizes[1], FEATURES, parameters + weights_at[0], 1, sizes[1], input, a, false);
#endif
    tile_activate(pass, 0, parameters + bias_at[0], a, slopes);
    tile_forward(pass, parameters, a, slopes);
}

// The pass over a part of the order. x (F x B) or, if gathered, (F x BATCH), bytes or floats; labels and order (B);
// parameters: with W1 feature by feature; tape: see above; metrics (2 x BATCH): loss and whether correct, of each
// sample. NDRange: one work-group of THREADS per LANES samples.
kernel __attribute__((reqd_work_group_size(THREADS, 1, 1))) void
batch_forward(batch_part part, global const feature *restrict x, global const uchar *restrict labels,
              global const uint *restrict order, global const float *restrict parameters, global float *restrict tape,
              global float *restrict metrics, global const step_progress *restrict progress)
{
    local floatv input[FEATURES], a[ROWS], dz[ROWS], sums[THREADS];
    local uintv numbers;
    local intv label;
    const tile_samples mine = find_samples(part, labels, order, &numbers, &label);
    const tile_pass pass = {true, *progress, &numbers, sums};
    local const floatv *logits = a + rows_at[LAYERS - 1];

    load_tile(&pass, &mine, x, input, tape);
    forward(&pass, parameters, input, a, dz);
    if (get_local_id(0) == 0)
        write_metrics(&pass, &mine, logits, label, metrics);
    tile_cross_entropy(&pass, logits, &label, dz + rows_at[LAYERS - 1]);
    tile_backward(&pass, parameters, dz);
    for (uint l = 0; l < LAYERS; l++)
        write_rows(dz + rows_at[l], sizes[l + 1], &mine, tape + dz_at[l] * BATCH);
    for (uint l = 0; l + 1 < LAYERS; l++) // in one loop with dZ, PoCL 6.0's compiler fails
        write_rows(a + rows_at[l], sizes[l + 1], &mine, tape + inputs_at[l + 1] * BATCH);
}

// The metrics alone, without dropout and label smoothing.
kernel __attribute__((reqd_work_group_size(THREADS, 1, 1))) void
batch_evaluate(batch_part part, global const feature *restrict x, global const uchar *restrict labels,
               global const uint *restrict order, global const float *restrict parameters,
               global float *restrict metrics, global const step_progress *restrict progress)
{
    local floatv input[FEATURES], a[ROWS], slopes[ROWS], sums[THREADS];
    local uintv numbers;
    local intv label;
    const tile_samples mine = find_samples(part, labels, order, &numbers, &label);
    const tile_pass pass = {false, *progress, &numbers, sums};

    load_tile(&pass, &mine, x, input, 0);
    forward(&pass, parameters, input, a, slopes);
    if (get_local_id(0) == 0)
        write_metrics(&pass, &mine, a + rows_at[LAYERS - 1], label, metrics);
}
