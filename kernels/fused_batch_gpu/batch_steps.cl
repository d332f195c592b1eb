// SPDX-License-Identifier: Apache-2.0
// Many steps in one launch, by one work-group, for networks whose parameters fit into local memory. Between two steps
// nothing leaves the work-group: the parameters stay in local memory, the moments of W1 in registers.
//
// For Z1 a work-item has LANES samples, UNIT_BLOCK units and every SLICES-th quad of features, so that a weight
// which was loaded is used for several samples. For dW1 and its update it has four features and UNIT_BLOCK units, all
// sums in registers. Each product reads X once, from the caches, and uses a value for all units. W1 is in local memory
// unit by unit, four features of a unit together: so neighbours read neighbours in both products.
//
// Note [estimate for an H100, not confirmed on a GPU]: `gradus bench --device-model h100 --batch 32` prints it. Local
// memory binds: a multiprocessor multiplies 128 times in a cycle, but gets 32 words. The rest is waiting for barriers,
// and for loads of a few work-items.

#define WEIGHTS local const
#define WEIGHTS_ARE_LOCAL 1
#define MOMENTS private

#include "fused_batch_gpu/batch_input.clh"

#include "common/optimizer_step.clh"
#include "common/work_group.clh"
#include "fused_batch_gpu/batch_gpu_launch.h"

#define TILE (VECTORS * LANES)                // samples of a tile
#define QUADS ((FEATURES + 3) / 4)            // of features
#define ITEMS (QUADS * UNIT_BLOCKS)           // work-items that have a part of W1
#define OUTPUTS (VECTORS * UNIT_BLOCKS)       // blocks of Z1
#define SLICES STEPS_SLICES(THREADS, OUTPUTS) // of the features, for Z1
#define FIRST_BIAS (PARAMETERS - REST)
#define HAS_FIRST ((moments_of(OPTIMIZER) & FIRST_MOMENT) != 0)
#define HAS_SECOND ((moments_of(OPTIMIZER) & SECOND_MOMENT) != 0)

#if LANES != 4
#error the optimizer updates four features at a time
#endif

// What the work-group has in local memory.
typedef struct group_memory {
    local float4 *w1;        // (UNITS x QUADS), zeros after the last feature
    local float *parameters; // the others, at their places of the flat buffer
    local floatv *rest;      // (REST) the sums of the gradients of all parameters after W1
    local floatv *sums;      // (STEPS_SUM_UNITS x THREADS)
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

static bool has_unit(const own_weights *own, uint u)
{
    return own->exists && own->first_unit + u < UNITS;
}

static local float4 *own_features(const group_memory *mine, const own_weights *own, uint u)
{
    return mine->w1 + (own->first_unit + u) * QUADS + own->quad;
}

// Four features of a unit in an array of W1's layout in global memory. The offsets from the beginning of the work-item's
// part are constants, which instructions contain. Addresses computed one by one would need two registers each, for the
// whole launch: those for loading the moments are the same as those for storing them.
#define OWN_PART(own, array) ((array) + (4 * (own)->quad * UNITS + (own)->first_unit))
#define FEATURE_AT(u, j) ((int)((j)*UNITS + (u)))
#define HAS_FEATURE(own, j) (FEATURES % 4 == 0 || 4 * (own)->quad + (j) < FEATURES)

static float4 read_features(const own_weights *own, uint u, global const float *array)
{
    global const float *part = OWN_PART(own, array);
    return (float4)(part[FEATURE_AT(u, 0)], HAS_FEATURE(own, 1) ? part[FEATURE_AT(u, 1)] : 0,
                    HAS_FEATURE(own, 2) ? part[FEATURE_AT(u, 2)] : 0,
                    HAS_FEATURE(own, 3) ? part[FEATURE_AT(u, 3)] : 0);
}

static void write_features(const own_weights *own, uint u, global float *array, float4 value)
{
    global float *part = OWN_PART(own, array);
    part[FEATURE_AT(u, 0)] = value.x;
    if (HAS_FEATURE(own, 1))
        part[FEATURE_AT(u, 1)] = value.y;
    if (HAS_FEATURE(own, 2))
        part[FEATURE_AT(u, 2)] = value.z;
    if (HAS_FEATURE(own, 3))
        part[FEATURE_AT(u, 3)] = value.w;
}

// ---- The products with X ----

static float4 sample_quad(const tile_pass *pass, uint number, global const feature *x, uint quad)
{
    return input_quad(pass, number, x + (size_t)number * FEATURES, quad);
}

// Z1 of the tile, without bias: the sums of the slices are added up in mine->sums (STEPS_SUM_UNITS x THREADS), some
// units at a time. Ends with a barrier.
static void first_forward(const tile_pass *pass, const group_memory *mine, global const feature *x)
{
    const uint me = get_local_id(0), vector = me % VECTORS, slice = me / OUTPUTS;
    const uint first_unit = me / VECTORS % UNIT_BLOCKS * UNIT_BLOCK;
    const uintv numbers = pass->numbers[vector];
    floatv sum[UNIT_BLOCK];
#pragma unroll
    for (uint u = 0; u < UNIT_BLOCK; u++)
        sum[u] = 0;
#pragma unroll 1 // or there would not be enough registers for the sums and moments of dW1, and these
    for (uint quad = slice; slice < SLICES && quad < QUADS; quad += SLICES) {
        const float4 v0 = sample_quad(pass, numbers.x, x, quad);
        const float4 v1 = sample_quad(pass, numbers.y, x, quad);
        const float4 v2 = sample_quad(pass, numbers.z, x, quad);
        const float4 v3 = sample_quad(pass, numbers.w, x, quad);
        const floatv f0 = (floatv)(v0.x, v1.x, v2.x, v3.x), f1 = (floatv)(v0.y, v1.y, v2.y, v3.y);
        const floatv f2 = (floatv)(v0.z, v1.z, v2.z, v3.z), f3 = (floatv)(v0.w, v1.w, v2.w, v3.w);
#pragma unroll
        for (uint u = 0; u < UNIT_BLOCK; u++) {
            const float4 w = mine->w1[min(first_unit + u, (uint)UNITS - 1) * QUADS + quad];
            const floatv part = fma((floatv)(w.y), f1, fma((floatv)(w.x), f0, sum[u]));
            sum[u] = fma((floatv)(w.w), f3, fma((floatv)(w.z), f2, part));
        }
    }
#pragma unroll
    for (uint first = 0; first < UNIT_BLOCK; first += STEPS_SUM_UNITS) {
#pragma unroll
        for (uint u = 0; u < STEPS_SUM_UNITS && first + u < UNIT_BLOCK; u++)
            mine->sums[u * THREADS + me] = sum[first + u];
        barrier(CLK_LOCAL_MEM_FENCE);
        for (uint i = me; i < STEPS_SUM_UNITS * OUTPUTS; i += THREADS) {
            const uint output = i % OUTPUTS, row = i / OUTPUTS;
            const uint unit = output / VECTORS * UNIT_BLOCK + first + row;
            floatv total = 0;
            for (uint s = 0; s < SLICES; s++)
                total += mine->sums[row * THREADS + output + s * OUTPUTS];
            if (first + row < UNIT_BLOCK && unit < UNITS)
                mine->a[unit * VECTORS + output % VECTORS] = INPUT_FACTOR * total;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
}

// Adds dZ1 X^T of the tile's samples, without INPUT_FACTOR.
static void first_backward(const tile_pass *pass, const group_memory *mine, global const feature *x, own_weights *own)
{
#pragma unroll 1
    for (uint q = 0; own->exists && q < VECTORS; q++) {
        const uintv numbers = pass->numbers[q];
        const float4 v0 = sample_quad(pass, numbers.x, x, own->quad);
        const float4 v1 = sample_quad(pass, numbers.y, x, own->quad);
        const float4 v2 = sample_quad(pass, numbers.z, x, own->quad);
        const float4 v3 = sample_quad(pass, numbers.w, x, own->quad);
#pragma unroll
        for (uint u = 0; u < UNIT_BLOCK; u++) {
            const floatv d = mine->dz[min(own->first_unit + u, (uint)UNITS - 1) * VECTORS + q];
            const float4 part = fma((float4)(d.y), v1, fma((float4)(d.x), v0, own->gradient[u]));
            own->gradient[u] = fma((float4)(d.w), v3, fma((float4)(d.z), v2, part));
        }
    }
}

// ---- All other gradients ----

// The sum over the tile's samples of dz times a; a == 0: of dz. Neighbours begin with another vector, so that they use
// other banks of the local memory.
static float sum_samples(local const floatv *dz, local const floatv *a, uint begin)
{
    uint v = begin % VECTORS;
    floatv sum = 0;
    for (uint t = 0; t < VECTORS; t++) {
        sum = a == 0 ? sum + dz[v] : fma(dz[v], a[v], sum);
        v = v + 1 < VECTORS ? v + 1 : 0;
    }
    return (sum.x + sum.y) + (sum.z + sum.w);
}

// Adds the gradients of the biases, and of the weights of the layers after the first.
static void rest_backward(const group_memory *mine)
{
    local float *rest = (local float *)mine->rest;
    for (uint l = 0; l < LAYERS; l++) {
        const uint inputs = sizes[l], outputs = sizes[l + 1];
        local const floatv *dz = mine->dz + rows_at[l] * VECTORS;
        for (uint o = get_local_id(0); o < outputs; o += THREADS)
            rest[bias_at[l] - bias_at[0] + o] += sum_samples(dz + o * VECTORS, 0, o);
        if (l == 0)
            continue;
        local const floatv *a = mine->a + rows_at[l - 1] * VECTORS;
        for (uint i = get_local_id(0); i < outputs * inputs; i += THREADS)
            rest[weights_at[l] - bias_at[0] + i] +=
                sum_samples(dz + i / inputs * VECTORS, a + i % inputs * VECTORS, i);
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

// dZ of the last layer = 0 for the samples after the tile's `valid` ones, so that they count nowhere. Ends with a
// barrier.
static void forget_others(const group_memory *mine, uint valid)
{
    local float *dz = (local float *)(mine->dz + rows_at[LAYERS - 1] * VECTORS);
    for (uint i = get_local_id(0); i < sizes[LAYERS] * TILE; i += THREADS)
        if (i % TILE >= valid)
            dz[i] = 0;
    barrier(CLK_LOCAL_MEM_FENCE);
}

// The sums of W1 begin at 0: with FEW_REGISTERS after Z1, which needs the registers; otherwise with the step, because PoCL
// 3.1 computes wrong sums if they begin later.
static void forget_gradient(own_weights *own)
{
#pragma unroll
    for (uint u = 0; u < UNIT_BLOCK; u++)
        own->gradient[u] = 0;
}

// Adds the gradients of samples order[first] .. order[end - 1], at most TILE, to those of the step, which it may begin.
// Ends with a barrier.
static void pass_tile(const tile_pass *pass, const group_memory *mine, uint first, uint end, bool begins,
                      global const feature *x, global const uchar *labels, global const uint *order, own_weights *own,
                      float metrics[METRICS])
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
    forget_others(mine, valid);
    tile_backward(pass, mine->parameters, mine->dz);
    if (FEW_REGISTERS && (BATCH <= TILE || begins))
        forget_gradient(own);
    first_backward(pass, mine, x, own);
    rest_backward(mine);
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

// The sums of the metrics, of which the first VECTORS work-items have parts, for all of them. Ends with a barrier.
static void sum_metrics(float metrics[METRICS], local float *sums)
{
    const uint me = get_local_id(0);
    if (me < VECTORS)
        for (uint m = 0; m < METRICS; m++)
            sums[m * VECTORS + me] = metrics[m];
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint m = 0; m < METRICS; m++) {
        metrics[m] = 0;
        for (uint i = 0; i < VECTORS; i++)
            metrics[m] += sums[m * VECTORS + i];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
}

// ---- The update ----

// Begins a step.
static void forget_sums(const group_memory *mine, own_weights *own)
{
    if (!FEW_REGISTERS)
        forget_gradient(own);
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
        if (has_unit(own, u))
            squares = fma(INPUT_FACTOR * own->gradient[u], INPUT_FACTOR * own->gradient[u], squares);
    for (uint i = get_local_id(0); i < REST / LANES; i += THREADS)
        squares = fma(mine->rest[i], mine->rest[i], squares);
    const float sum = sum_group((squares.x + squares.y) + (squares.z + squares.w), (local float *)mine->sums);
    return mean * fmin(1.0f, how.clip_norm / (mean * sqrt(sum) + CLIP_EPSILON));
}

// Inlined, so that the moments are in registers.
static __attribute__((always_inline)) void update_own(const group_memory *mine, own_weights *own, optimizer how,
                                                      update_step by, float factor)
{
#pragma unroll
    for (uint u = 0; u < UNIT_BLOCK; u++)
        if (has_unit(own, u)) {
            local float4 *p = own_features(mine, own, u);
            *p = update_one(how, by, how.weight_decay, *p, factor * INPUT_FACTOR * own->gradient[u], &own->first[u],
                            &own->second[u]);
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
#pragma unroll
    for (uint u = 0; u < UNIT_BLOCK; u++) {
        own.first[u] = HAS_FIRST && has_unit(&own, u) ? read_features(&own, u, first_moment) : (float4)(0);
        own.second[u] = HAS_SECOND && has_unit(&own, u) ? read_features(&own, u, second_moment) : (float4)(0);
    }
    return own;
}

static void store_own(const own_weights *own, global float *first_moment, global float *second_moment)
{
#pragma unroll
    for (uint u = 0; u < UNIT_BLOCK; u++)
        if (has_unit(own, u)) {
            if (HAS_FIRST)
                write_features(own, u, first_moment, own->first[u]);
            if (HAS_SECOND)
                write_features(own, u, second_moment, own->second[u]);
        }
}

// Reads the parameters p. Each work-item has its part of W1, and some of the others.
static void load_parameters(const group_memory *mine, const own_weights *own, global const floatv *p)
{
    local floatv *parameters = (local floatv *)mine->parameters;
#pragma unroll
    for (uint u = 0; u < UNIT_BLOCK; u++)
        if (has_unit(own, u))
            *own_features(mine, own, u) = read_features(own, u, (global const float *)p);
    for (uint i = FIRST_BIAS / LANES + get_local_id(0); i < PARAMETERS / LANES; i += THREADS)
        parameters[i] = p[i];
}

// The reverse. What is between W1 and the first bias in p stays as it is.
static void store_parameters(const group_memory *mine, const own_weights *own, global floatv *p)
{
    local const floatv *parameters = (local const floatv *)mine->parameters;
#pragma unroll
    for (uint u = 0; u < UNIT_BLOCK; u++)
        if (has_unit(own, u))
            write_features(own, u, (global float *)p, *own_features(mine, own, u));
    for (uint i = FIRST_BIAS / LANES + get_local_id(0); i < PARAMETERS / LANES; i += THREADS)
        p[i] = parameters[i];
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
    local float4 weights[STEPS_WEIGHTS(QUADS, UNITS) / 4 + REST / 4];
    local floatv rest[REST / LANES], a[ROWS * VECTORS], dz[ROWS * VECTORS];
    local floatv group_sums[STEPS_SUM_UNITS * THREADS];
    local uintv numbers[VECTORS];
    local intv sample_labels[VECTORS];
    const group_memory mine = {weights,
                               (local float *)weights + (STEPS_WEIGHTS(QUADS, UNITS) - FIRST_BIAS),
                               rest,
                               group_sums,
                               a,
                               dz,
                               (local uint *)numbers,
                               (local int *)sample_labels};
    const uint me = get_local_id(0);
    how.kind = OPTIMIZER; // so that the compiler knows it

    own_weights own = load_own(first_moment, second_moment);
    tile_pass pass = {true, *progress, numbers, group_sums};
    bool sound = !pass.progress.diverged;
    load_parameters(&mine, &own, p);
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE); // note_step() changes the progress that all have read
    for (uint s0 = run.first; s0 < run.end; s0 += BATCH) {
        const uint end = min(s0 + BATCH, run.end);
        const update_step by = factors[run.factors_at + (s0 - run.first) / BATCH];
        float metrics[METRICS] = {0, 0};
        forget_sums(&mine, &own);
        for (uint s = s0; s < end; s += TILE)
            pass_tile(&pass, &mine, s, end, s == s0, x, labels, order, &own, metrics);
        sum_metrics(metrics, (local float *)mine.sums);
        sound = sound && isfinite(metrics[0]);
        if (run.keep && sound && end == run.end)
            store_parameters(&mine, &own, kept);
        barrier(CLK_LOCAL_MEM_FENCE);
        const float factor = gradient_factor(&mine, &own, how, 1.0f / (float)(end - s0));
        update_own(&mine, &own, how, by, factor);
        update_rest(&mine, how, by, factor, decays, (global floatv *)first_moment, (global floatv *)second_moment);
        pass.progress.steps++;
        if (me == 0) {
            sums[0] = metrics[0];
            sums[1] = metrics[1];
            note_step(metrics[0], metrics[1], history, progress);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    store_parameters(&mine, &own, p);
    store_own(&own, first_moment, second_moment);
}
