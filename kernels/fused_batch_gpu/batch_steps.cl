// SPDX-License-Identifier: Apache-2.0
// Many steps in one launch, by one work-group, for networks whose parameters fit into local memory. Between two steps
// nothing leaves the work-group: the parameters stay in local memory, the moments of W1 in registers.
//
// For Z1 a work-item has one sample and every SLICES-th run of its features, so that neighbours read the same weights.
// For dW1 and its update it has four features and UNIT_BLOCK units, all sums in registers. Each product reads X once,
// from the caches, and uses a value for all units.
//
// Note [estimate for an H100, not confirmed on a GPU]: 784-10-10 with 32 samples has 0.25 million multiplications in
// each of the two products, which take a multiprocessor 2,000 cycles each if it does nothing else; about as many loads
// of weights from local memory; and about 1,500 cycles for the small layers and a dozen barriers. So a step should take
// 4 to 6 us, where the launches of two kernels alone take about as long.

#define WEIGHTS local const
#define WEIGHTS_ARE_LOCAL 1
#define MOMENTS private

#include "fused_batch_gpu/batch_input.clh"

#include "common/optimizer_step.clh"
#include "common/work_group.clh"
#include "fused_batch_gpu/batch_gpu_launch.h"

#define TILE (VECTORS * LANES)      // samples of a tile
#define QUADS ((FEATURES + 3) / 4)  // of features
#define ITEMS (QUADS * UNIT_BLOCKS) // work-items that have a part of W1
#define SLICES (THREADS / TILE)     // of the features, for Z1
#define RUN 4                       // quads of a slice
#define SUM_SHARES 16
#define SUMS (UNITS < LANES ? LANES : UNITS) // floats of a work-item in the array of sums
#define HAS_FIRST ((moments_of(OPTIMIZER) & FIRST_MOMENT) != 0)
#define HAS_SECOND ((moments_of(OPTIMIZER) & SECOND_MOMENT) != 0)

#if LANES != 4
#error the optimizer updates four features at a time
#endif

// What the work-group has in local memory.
typedef struct group_memory {
    local float *parameters; // (PARAMETERS)
    local floatv *rest;      // (REST) the sums of the gradients of all parameters after W1
    local float *sums;       // (SUMS x THREADS)
    local floatv *a, *dz;    // (ROWS x TILE)
    local uint *numbers;     // (TILE) of the tile's samples in the data set
    local int *labels;       // (TILE)
} group_memory;

// A work-item's part of W1: UNIT_BLOCK units of four features, or nothing.
typedef struct own_weights {
    uint quad, first_unit;
    bool exists;
    float4 gradient[UNIT_BLOCK], first[UNIT_BLOCK], second[UNIT_BLOCK]; // sums, moments
} own_weights;

// Whether a work-item that has a part of W1 has this unit.
static bool has_unit(const own_weights *own, uint u)
{
    return UNITS % UNIT_BLOCK == 0 || own->first_unit + u < UNITS;
}

// Four features of a unit in an array of W1's layout, in any memory; `own_part`: where the work-item's part of it begins.
// The offsets from there are constants, which instructions contain. Addresses computed one by one would need two
// registers each, for the whole launch: those for loading the moments are the same as those for storing them.
#define OWN_PART(own, array) ((array) + (4 * (own)->quad * UNITS + (own)->first_unit))
#define FEATURE_AT(u, j) ((int)((j)*UNITS + (u)))
#define HAS_FEATURE(own, j) (FEATURES % 4 == 0 || 4 * (own)->quad + (j) < FEATURES)
#define READ_FEATURES(own, u, own_part)                                                                               \
    (float4)((own_part)[FEATURE_AT(u, 0)], HAS_FEATURE(own, 1) ? (own_part)[FEATURE_AT(u, 1)] : 0,                    \
             HAS_FEATURE(own, 2) ? (own_part)[FEATURE_AT(u, 2)] : 0,                                                  \
             HAS_FEATURE(own, 3) ? (own_part)[FEATURE_AT(u, 3)] : 0)
#define WRITE_FEATURES(own, u, own_part, value)                                                                       \
    do {                                                                                                              \
        (own_part)[FEATURE_AT(u, 0)] = (value).x;                                                                     \
        if (HAS_FEATURE(own, 1))                                                                                      \
            (own_part)[FEATURE_AT(u, 1)] = (value).y;                                                                 \
        if (HAS_FEATURE(own, 2))                                                                                      \
            (own_part)[FEATURE_AT(u, 2)] = (value).z;                                                                 \
        if (HAS_FEATURE(own, 3))                                                                                      \
            (own_part)[FEATURE_AT(u, 3)] = (value).w;                                                                 \
    } while (false)

// ---- The products with X ----

// Z1 of the tile, without bias. Ends with a barrier.
static void first_forward(const tile_pass *pass, const group_memory *mine, global const feature *x)
{
    const uint me = get_local_id(0), slice = me / TILE, number = mine->numbers[me % TILE];
    global const feature *sample = x + (size_t)number * FEATURES;
    float sum[UNITS];
#pragma unroll
    for (uint u = 0; u < UNITS; u++)
        sum[u] = 0;
    for (uint run = slice * RUN; slice < SLICES && run < QUADS; run += SLICES * RUN)
#pragma unroll RUN_UNROLL
        for (uint k = 0; k < RUN; k++) {
            const uint quad = run + k;
            const float4 v = quad < QUADS ? input_quad(pass, number, sample, quad) : 0;
            local const float *w = mine->parameters + 4 * min(quad, (uint)QUADS - 1) * UNITS;
#pragma unroll
            for (uint u = 0; u < UNITS; u++)
                sum[u] = fma(v.w, w[3 * UNITS + u],
                             fma(v.z, w[2 * UNITS + u], fma(v.y, w[UNITS + u], fma(v.x, w[u], sum[u]))));
        }
#pragma unroll
    for (uint u = 0; u < UNITS; u++)
        mine->sums[u * THREADS + me] = sum[u];
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint i = me; i < UNITS * TILE; i += THREADS) {
        local const float *shares = mine->sums + i / TILE * THREADS + i % TILE;
        float total = 0;
        for (uint s = 0; s < SLICES; s++)
            total += shares[s * TILE];
        ((local float *)mine->a)[i] = INPUT_FACTOR * total;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
}

// Adds dZ1 X^T of the tile's `valid` samples, without INPUT_FACTOR.
static void first_backward(const tile_pass *pass, const group_memory *mine, uint valid, global const feature *x,
                           own_weights *own)
{
    for (uint s = 0; own->exists && s < valid; s++) {
        const uint number = mine->numbers[s];
        const float4 v = input_quad(pass, number, x + (size_t)number * FEATURES, own->quad);
        local const float *dz = (local const float *)mine->dz + own->first_unit * TILE + s;
#pragma unroll
        for (uint u = 0; u < UNIT_BLOCK; u++) {
            const float d = has_unit(own, u) ? dz[(int)u * TILE] : 0;
            own->gradient[u] = fma((float4)(d), v, own->gradient[u]);
        }
    }
}

// ---- All other gradients ----

// The sum over the tile's samples of dz times a; a == 0: of dz. Neighbours begin with another sample, so that they use
// other banks of the local memory.
static float sum_samples(local const float *dz, local const float *a, uint begin, uint valid)
{
    uint s = begin % valid;
    float sum = 0;
    for (uint t = 0; t < valid; t++) {
        sum = a == 0 ? sum + dz[s] : fma(dz[s], a[s], sum);
        s = s + 1 < valid ? s + 1 : 0;
    }
    return sum;
}

// Adds the gradients of the biases, and of the weights of the layers after the first.
static void rest_backward(const group_memory *mine, uint valid)
{
    local float *rest = (local float *)mine->rest;
    for (uint l = 0; l < LAYERS; l++) {
        const uint inputs = sizes[l], outputs = sizes[l + 1];
        local const float *dz = (local const float *)mine->dz + rows_at[l] * TILE;
        for (uint o = get_local_id(0); o < outputs; o += THREADS)
            rest[bias_at[l] - bias_at[0] + o] += sum_samples(dz + o * TILE, 0, o, valid);
        if (l == 0)
            continue;
        local const float *a = (local const float *)mine->a + rows_at[l - 1] * TILE;
        for (uint i = get_local_id(0); i < outputs * inputs; i += THREADS)
            rest[weights_at[l] - bias_at[0] + i] +=
                sum_samples(dz + i / inputs * TILE, a + i % inputs * TILE, i, valid);
    }
}

// ---- A tile ----

// Adds the metrics of this work-item's vector of samples; z: its logits.
static void add_metrics(const tile_pass *pass, local const floatv *z, intv label, uint valid, float metrics[METRICS])
{
    floatv correct;
    const floatv loss = tile_loss(pass, z, label, &correct);
    for (uint j = 0; j < LANES; j++)
        if (get_local_id(0) * LANES + j < valid) {
            metrics[0] += ((const float *)&loss)[j];
            metrics[1] += ((const float *)&correct)[j];
        }
}

// The gradients of samples order[first] .. order[end - 1], at most TILE. Ends with a barrier.
static void pass_tile(const tile_pass *pass, const group_memory *mine, uint first, uint end, global const feature *x,
                      global const uchar *labels, global const uint *order, own_weights *own, float metrics[METRICS])
{
    const uint me = get_local_id(0), valid = min(end - first, (uint)TILE);
    local floatv *logits = mine->a + rows_at[LAYERS - 1] * VECTORS;
    local const intv *labels_of_vectors = (local const intv *)mine->labels;
    for (uint s = me; s < TILE; s += THREADS) {
        const uint number = order[first + min(s, valid - 1)];
        mine->numbers[s] = number;
        mine->labels[s] = labels[number];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    first_forward(pass, mine, x);
    tile_activate(pass, 0, mine->parameters + bias_at[0], mine->a, mine->dz);
    tile_forward(pass, mine->parameters, mine->a, mine->dz);
    if (me < VECTORS)
        add_metrics(pass, logits + me, labels_of_vectors[me], valid, metrics);
    tile_cross_entropy(pass, logits, labels_of_vectors, mine->dz + rows_at[LAYERS - 1] * VECTORS);
    tile_backward(pass, mine->parameters, mine->dz);
    first_backward(pass, mine, valid, x, own);
    rest_backward(mine, valid);
    barrier(CLK_LOCAL_MEM_FENCE);
}

// The sum of all work-items' values, for all of them. Ends with a barrier.
static float sum_group(float value, local float *sums)
{
    const uint me = get_local_id(0);
    float share = 0, total = 0;
    sums[me] = value;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint i = me; me < SUM_SHARES && i < THREADS; i += SUM_SHARES)
        share += sums[i];
    barrier(CLK_LOCAL_MEM_FENCE);
    if (me < SUM_SHARES)
        sums[me] = share;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint i = 0; i < SUM_SHARES; i++)
        total += sums[i];
    barrier(CLK_LOCAL_MEM_FENCE);
    return total;
}

// ---- The update ----

// Begins a step.
static void forget_sums(const group_memory *mine, own_weights *own)
{
#pragma unroll
    for (uint u = 0; u < UNIT_BLOCK; u++)
        own->gradient[u] = 0;
    for (uint i = get_local_id(0); i < REST / LANES; i += THREADS)
        mine->rest[i] = 0;
    barrier(CLK_LOCAL_MEM_FENCE);
}

// The factor of the sums, which makes them the gradient: the mean, and clipping as in clip_factor of optimizer.cl.
static float gradient_factor(const group_memory *mine, const own_weights *own, optimizer how, float mean)
{
    if (how.clip_norm == 0)
        return mean;
    float4 squares = 0;
#pragma unroll
    for (uint u = 0; u < UNIT_BLOCK; u++)
        if (own->exists && has_unit(own, u))
            squares = fma(INPUT_FACTOR * own->gradient[u], INPUT_FACTOR * own->gradient[u], squares);
    for (uint i = get_local_id(0); i < REST / LANES; i += THREADS)
        squares = fma(mine->rest[i], mine->rest[i], squares);
    const float sum = sum_group((squares.x + squares.y) + (squares.z + squares.w), mine->sums);
    return mean * fmin(1.0f, how.clip_norm / (mean * sqrt(sum) + CLIP_EPSILON));
}

// Inlined, so that the moments are in registers.
static __attribute__((always_inline)) void update_own(const group_memory *mine, own_weights *own, optimizer how,
                                                      update_step by, float factor)
{
    local float *weights = OWN_PART(own, mine->parameters);
    if (!own->exists)
        return;
#pragma unroll
    for (uint u = 0; u < UNIT_BLOCK; u++)
        if (has_unit(own, u)) {
            const float4 p = update_one(how, by, how.weight_decay, READ_FEATURES(own, u, weights),
                                        factor * INPUT_FACTOR * own->gradient[u], &own->first[u], &own->second[u]);
            WRITE_FEATURES(own, u, weights, p);
        }
}

// The moments of the parameters after W1 stay in the buffers. decays: as in update_parameters.
static void update_rest(const group_memory *mine, optimizer how, update_step by, float factor,
                        global const uchar *decays, global floatv *first_moment, global floatv *second_moment)
{
    const uint begin = bias_at[0] / LANES;
    local floatv *p = (local floatv *)mine->parameters;
    for (uint i = begin + get_local_id(0); i < PARAMETERS / LANES; i += THREADS) {
        const bool decay = decays[i * LANES / PARAMETER_ALIGNMENT];
        floatv first = HAS_FIRST ? first_moment[i] : 0, second = HAS_SECOND ? second_moment[i] : 0;
        p[i] =
            update_one(how, by, decay ? how.weight_decay : 0, p[i], factor * mine->rest[i - begin], &first, &second);
        if (HAS_FIRST)
            first_moment[i] = first;
        if (HAS_SECOND)
            second_moment[i] = second;
    }
}

// ---- Begin and end of a launch ----

static own_weights load_own(global const float *first_moment, global const float *second_moment)
{
    const uint me = get_local_id(0);
    own_weights own;
    own.quad = me % QUADS;
    own.first_unit = me / QUADS * UNIT_BLOCK;
    own.exists = me < ITEMS;
    global const float *first = OWN_PART(&own, first_moment), *second = OWN_PART(&own, second_moment);
#pragma unroll
    for (uint u = 0; u < UNIT_BLOCK; u++)
        own.first[u] = own.second[u] = 0;
    if (!own.exists)
        return own;
#pragma unroll
    for (uint u = 0; u < UNIT_BLOCK; u++)
        if (has_unit(&own, u)) {
            if (HAS_FIRST)
                own.first[u] = READ_FEATURES(&own, u, first);
            if (HAS_SECOND)
                own.second[u] = READ_FEATURES(&own, u, second);
        }
    return own;
}

static void store_own(const own_weights *own, global float *first_moment, global float *second_moment)
{
    global float *first = OWN_PART(own, first_moment), *second = OWN_PART(own, second_moment);
    if (!own->exists)
        return;
#pragma unroll
    for (uint u = 0; u < UNIT_BLOCK; u++)
        if (has_unit(own, u)) {
            if (HAS_FIRST)
                WRITE_FEATURES(own, u, first, own->first[u]);
            if (HAS_SECOND)
                WRITE_FEATURES(own, u, second, own->second[u]);
        }
}

// Complete steps over a range of the order, BATCH samples each. factors: a ring; x (F x B), bytes or floats; labels and
// order (B); p, kept, decays, first_moment, second_moment, sums, history, progress: as in batch_update. NDRange: one
// work-group of THREADS.
kernel WORK_GROUP(THREADS) void batch_steps(batch_run run, optimizer how, global const update_step *restrict factors,
                                            global const feature *restrict x, global const uchar *restrict labels,
                                            global const uint *restrict order, global floatv *restrict p,
                                            global floatv *restrict kept, global const uchar *restrict decays,
                                            global float *first_moment, global float *second_moment,
                                            global float *restrict sums, global float *restrict history,
                                            global step_progress *restrict progress)
{
    local floatv parameters[PARAMETERS / LANES], rest[REST / LANES], a[ROWS * VECTORS], dz[ROWS * VECTORS];
    local floatv group_sums[SUMS * THREADS / LANES];
    local uintv numbers[VECTORS];
    local intv sample_labels[VECTORS];
    const group_memory mine = {
        (local float *)parameters, rest, (local float *)group_sums, a, dz, (local uint *)numbers,
        (local int *)sample_labels};
    const uint me = get_local_id(0);
    how.kind = OPTIMIZER; // so that the compiler knows it

    own_weights own = load_own(first_moment, second_moment);
    tile_pass pass = {true, *progress, numbers, group_sums};
    bool sound = !pass.progress.diverged;
    for (uint i = me; i < PARAMETERS / LANES; i += THREADS)
        parameters[i] = p[i];
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE); // note_step() changes the progress that all have read
    for (uint s0 = run.first; s0 < run.end; s0 += BATCH) {
        const uint end = min(s0 + BATCH, run.end);
        const update_step by = factors[run.factors_at + (s0 - run.first) / BATCH];
        float metrics[METRICS] = {0, 0};
        forget_sums(&mine, &own);
        for (uint s = s0; s < end; s += TILE)
            pass_tile(&pass, &mine, s, end, x, labels, order, &own, metrics);
        const float loss = sum_group(metrics[0], mine.sums), correct = sum_group(metrics[1], mine.sums);
        sound = sound && isfinite(loss);
        for (uint i = me; run.keep && sound && end == run.end && i < PARAMETERS / LANES; i += THREADS)
            kept[i] = parameters[i];
        barrier(CLK_LOCAL_MEM_FENCE);
        const float factor = gradient_factor(&mine, &own, how, 1.0f / (float)(end - s0));
        update_own(&mine, &own, how, by, factor);
        update_rest(&mine, how, by, factor, decays, (global floatv *)first_moment, (global floatv *)second_moment);
        pass.progress.steps++;
        if (me == 0) {
            sums[0] = loss;
            sums[1] = correct;
            note_step(loss, correct, history, progress);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    for (uint i = me; i < PARAMETERS / LANES; i += THREADS)
        p[i] = parameters[i];
    store_own(&own, first_moment, second_moment);
}
