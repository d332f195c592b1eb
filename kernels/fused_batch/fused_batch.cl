// SPDX-License-Identifier: Apache-2.0
// A pass over a mini-batch for a CPU, like that of fused_cpu.clh over all samples. The buffer of the parameters begins
// with packed W1 (first_batch.clh), and all offsets refer to that layout: weights_at, bias_at, PARAMETERS. The scratch of
// a share of the pass has its partial gradient in the same layout, without dW1 if that is summed by columns, then loss and
// number correct.

#include "fused_batch/first_batch.clh"

#include "common/optimizer_step.clh"
#include "common/parameters.h"
#include "fused_batch/augment_tile.clh"
#include "fused_batch/batch_launch.h"
#include "fused_batch/batch_team.clh"
#include "fused_tile/fused_tile.clh"

#ifndef OPTIMIZER
#define OPTIMIZER 0 // as optimizer_step.clh has them
#define CLIPS 0     // whether the gradient's norm is limited
#endif

#ifndef TEAM_PATIENCE
#define TEAM_PATIENCE how.patience // a test defines another one
#endif

// What a pass reads, and the scratch of all its shares.
typedef struct batch_memory {
    samples x;           // as in first_batch.clh
    image_source images; // with AUGMENTS only
    global const uchar *labels;
    global const uint *order;
    global const float *parameters;
    global float *scratch; // SCRATCH of each share
    global const step_progress *progress;
} batch_memory;

static global float *scratch_of(const batch_memory *memory, uint share)
{
    return memory->scratch + (size_t)share * SCRATCH;
}

// The gradient in vectors.
#define GRADIENT_VECTORS (PARAMETERS / LANES)

// The partial gradient of a share, with the indices of the flat buffer.
static global floatv *partial_gradient(global float *scratch)
{
    return (global floatv *)(scratch + REST_AT - bias_at[0]);
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

// ---- The steps of a pass. A share has every shares-th tile of the range; a tile is TILE samples of the order, the last
// one fewer. ----

static uint tiles_of(pass_range range)
{
    return (range.end - range.first + TILE - 1) / TILE;
}

static tile_samples tile_of(pass_range range, uint tile, global float *scratch)
{
    return find_tile(scratch, min((uint)TILE, range.end - range.first - tile * TILE));
}

// Begins a share's sums. Those of dW1 begin with the first tile, if there is one.
static void begin_share(const batch_memory *memory, pass_range range, uint share)
{
    global float *scratch = scratch_of(memory, share);
    const bool has_tile = COLUMNS || share < tiles_of(range);
    for (uint i = has_tile ? bias_at[0] / LANES : 0; i < GRADIENT_VECTORS; i++)
        partial_gradient(scratch)[i] = 0;
    scratch[METRICS_AT] = scratch[METRICS_AT + 1] = 0;
    prepare_input_bias(memory->parameters, scratch);
}

// X for a gathered tile.
static samples samples_of(const batch_memory *memory, uint mode, global float *scratch)
{
#if INPUT_DROPOUT > 0
    if (mode == PASS_GRADIENT)
        return thinned_samples(scratch);
#endif
#if AUGMENTS
    if (mode == PASS_GRADIENT && memory->images.how.augments)
        return augmented_samples(scratch);
#endif
    return memory->x;
}

// Lists a tile's samples and, for the gradient, their pixels.
static void gather_tile(const batch_memory *memory, pass_range range, uint t, global float *scratch)
{
    const tile_samples tile = tile_of(range, t, scratch);
    samples x = memory->x;
    take_tile(&tile, memory->order + range.first + t * TILE, memory->labels);
#if AUGMENTS
    if (range.mode == PASS_GRADIENT && memory->images.how.augments) {
        augment_tile(&memory->images, &tile, scratch);
        x = augmented_samples(scratch);
    }
#endif
#if INPUT_DROPOUT > 0
    if (range.mode == PASS_GRADIENT) {
        thin_tile(&x, &tile, *memory->progress, scratch);
        x = thinned_samples(scratch);
    }
#endif
    if (range.mode == PASS_GRADIENT)
        prepare_backward(&x, &tile);
}

// Z1 of a gathered tile for a block of units.
static void forward_block(const batch_memory *memory, pass_range range, uint t, uint block, global float *scratch)
{
    const tile_samples tile = tile_of(range, t, scratch);
    const samples x = samples_of(memory, range.mode, scratch);
    first_forward(&x, &tile, block, memory->parameters, scratch);
}

// Everything from Z1 to the loss and, unless mode is PASS_EVALUATE, back: adds to the partial gradient and the metrics.
// The first tile of a share replaces dW1.
static void pass_layers(const batch_memory *memory, pass_range range, uint t, bool first, global float *scratch)
{
    const tile_samples tile = tile_of(range, t, scratch);
    const samples x = samples_of(memory, range.mode, scratch);
    const tile_pass pass = make_pass(range.mode, memory->progress, scratch);
    tile_forward(&pass, memory->parameters, scratch);
    cross_entropy(&pass, (global floatv *)(scratch + activations_at[LAYERS - 1]), tile.labels, 0, 0, tile.count,
                  scratch + METRICS_AT);
    if (range.mode == PASS_EVALUATE)
        return;
    tile_backward(memory->parameters, scratch);
    first_backward(&x, &tile, !first, scratch);
}

static void pass_share(const batch_memory *memory, pass_range range, uint share, uint shares)
{
    global float *scratch = scratch_of(memory, share);
    begin_share(memory, range, share);
    for (uint t = share; t < tiles_of(range); t += shares) {
        gather_tile(memory, range, t, scratch);
        for (uint block = 0; block < UNIT_BLOCKS; block++)
            forward_block(memory, range, t, block, scratch);
        pass_layers(memory, range, t, t == share, scratch);
    }
}

// The pass over a range of `order`. values, places, starts: X as in first_batch.clh; labels (B); scratch (SCRATCH x
// work-items); plan, images: see image_source, with AUGMENTS only. NDRange: one work-item per share, work-groups of one.
kernel void fused_batch_pass(batch_pass work, global const uchar *restrict values,
                             global const ushort *restrict places, global const uint *restrict starts,
                             global const uchar *restrict labels, global const uint *restrict order,
                             global const float *restrict parameters, global float *restrict all_scratch,
                             global const step_progress *restrict progress, global const augment_plan *restrict plan,
                             global const uchar *restrict images)
{
    const batch_memory memory = {
        {values, places, starts}, {plan, images, work.images}, labels, order, parameters, all_scratch, progress};
    pass_share(&memory, work.range, get_global_id(0), get_global_size(0));
}

// ---- The gradient, from the sums of the shares ----

// The lanes that are units, of the vector that begins with this unit of packed W1; the others are padding.
static intv lanes_with_units(uint unit)
{
    intv lane;
    for (uint k = 0; k < LANES; k++)
        ((int *)&lane)[k] = (int)(unit + k);
    return lane < (int)sizes[1];
}

// The sum of vector i of the partial gradients of `count` shares.
static floatv sum_shares(global const float *all_scratch, uint i, uint count)
{
    floatv sum = 0;
    for (uint s = 0; s < count; s++)
        sum += ((global const floatv *)(all_scratch + (size_t)s * SCRATCH + REST_AT - bias_at[0]))[i];
    return sum;
}

static float sum_metric(global const float *all_scratch, uint metric, uint count)
{
    float sum = 0;
    for (uint s = 0; s < count; s++)
        sum += all_scratch[(size_t)s * SCRATCH + METRICS_AT + metric];
    return sum;
}

// What turns sums over dZ1 X^T into the gradient of a block of packed W1: factor * sum + offset, 0 for padding.
typedef struct first_scale {
    floatv factor[UNIT_BLOCK], offset[UNIT_BLOCK];
} first_scale;

static first_scale scale_of_block(uint block, float scale, global const float *all_scratch, uint count)
{
    first_scale by;
    for (uint u = 0; u < UNIT_BLOCK; u++) {
        const uint first = block * BLOCK_UNITS + u * LANES;
        const intv is_unit = lanes_with_units(first);
        const floatv db1 = STANDARDISED ? sum_shares(all_scratch, (bias_at[0] + first) / LANES, count) : (floatv)(0);
        by.factor[u] = select((floatv)(0), (floatv)(scale * PIXEL_SCALE), is_unit);
        by.offset[u] = select((floatv)(0), scale * INPUT_OFFSET * db1, is_unit);
    }
    return by;
}

static floatv scale_sum(const first_scale *by, uint u, floatv sum)
{
    return STANDARDISED ? fma(sum, by->factor[u], by->offset[u]) : sum * by->factor[u];
}

#if COLUMNS
#include "fused_batch/batch_columns.clh"
#else

// sum (BLOCK_UNITS) = a pixel's column of packed dW1, whose first vector is i: the shares' partial sums.
static void sum_column(global const float *all_scratch, pass_range range, uint shares, uint block, uint i,
                       floatv sum[UNIT_BLOCK])
{
#pragma unroll
    for (uint u = 0; u < UNIT_BLOCK; u++)
        sum[u] = sum_shares(all_scratch, i + u, shares);
}

#endif

// Vectors begin .. end - 1 of the gradient.
typedef struct vector_range {
    uint begin, end;
} vector_range;

// gradient = range.scale times the sums of the shares of the pass; if `adds`, added to the gradient. A range in W1
// consists of whole columns.
static void reduce_vectors(vector_range vectors, pass_range range, bool adds, global const float *all_scratch,
                           uint shares, global floatv *gradient)
{
    const uint rest = bias_at[0] / LANES, block_vectors = GROUPS * UNIT_BLOCK;
    uint i = vectors.begin;
    while (i < min(vectors.end, rest)) {
        const uint block = i / block_vectors, end = min((block + 1) * block_vectors, vectors.end);
        const first_scale by = scale_of_block(block, range.scale, all_scratch, shares);
        for (; i < end; i += UNIT_BLOCK) {
            floatv sum[UNIT_BLOCK];
            sum_column(all_scratch, range, shares, block, i, sum);
#pragma unroll
            for (uint u = 0; u < UNIT_BLOCK; u++)
                gradient[i + u] = (adds ? gradient[i + u] : 0) + scale_sum(&by, u, sum[u]);
        }
    }
    for (; i < vectors.end; i++)
        gradient[i] = (adds ? gradient[i] : 0) + range.scale * sum_shares(all_scratch, i, shares);
}

// Where a part of `count` things begins.
static uint begin_of(uint count, uint part, uint parts)
{
    return (uint)((ulong)count * part / parts);
}

// The gradient is divided into parts, each of which has some columns of W1 and some other parameters.
#define RANGES 2

static vector_range range_of(uint k, uint part, uint parts)
{
    const uint columns = UNIT_BLOCKS * GROUPS, first = bias_at[0] / LANES, rest = GRADIENT_VECTORS - first;
    const vector_range weights = {begin_of(columns, part, parts) * UNIT_BLOCK,
                                  begin_of(columns, part + 1, parts) * UNIT_BLOCK};
    const vector_range others = {first + begin_of(rest, part, parts), first + begin_of(rest, part + 1, parts)};
    return k == 0 ? weights : others;
}

// gradient = range.scale * sum over the shares of the pass, 0 for the padding of W1's last block, if that is its mode; and
// loss and number correct in sums[0], [1]; if `adds`, added to their values. NDRange: one work-item per part.
kernel void fused_batch_reduce(batch_reduce of, global const float *restrict all_scratch,
                               global floatv *restrict gradient, global float *restrict sums, uint shares)
{
    for (uint k = 0; of.range.mode == PASS_GRADIENT && k < RANGES; k++)
        reduce_vectors(range_of(k, get_global_id(0), get_global_size(0)), of.range, of.adds, all_scratch, shares,
                       gradient);
    for (uint m = 0; get_global_id(0) == 0 && m < METRICS; m++)
        sums[m] = (of.adds ? sums[m] : 0) + sum_metric(all_scratch, m, shares);
}

// ---- Complete steps ----

// The vectors that are computed at a time, and used while they are in the first-level cache.
#define PIECE_VECTORS (PIECE_FLOATS / LANES / UNIT_BLOCK * UNIT_BLOCK)

// The phases of a step: the pass, in three phases with COLUMNS; the gradient with its squares, if the norm is limited;
// the update.
#define PASS_PHASES (COLUMNS ? 3 : 1)
#define PHASES (PASS_PHASES + CLIPS + 1)

// What a launch uses, as in the kernel.
typedef struct batch_state {
    batch_memory memory;
    batch_steps work;
    batch_training how;
    global floatv *gradient, *p, *kept, *first_moment, *second_moment;
    global const uchar *decays;
    global float *sums, *history;
    global step_progress *progress;
    volatile global uint *team;
} batch_state;

#if COLUMNS

// A unit's work in phase 0, 1 or 2 of a pass. Every share has one tile at most. Z1 is divided by blocks of units first, so
// that a core reads the weights that it has updated itself.
static void take_pass(const batch_state *to, pass_range range, uint phase, uint unit, uint units)
{
    const batch_memory *memory = &to->memory;
    const uint tiles = tiles_of(range), all = tiles * UNIT_BLOCKS;
    for (uint i = begin_of(all, unit, units); phase == 1 && i < begin_of(all, unit + 1, units); i++)
        forward_block(memory, range, i % tiles, i / tiles, scratch_of(memory, i % tiles));
    for (uint share = unit; phase == 0 && share < to->how.shares; share += units) {
        begin_share(memory, range, share);
        if (share < tiles)
            gather_tile(memory, range, share, scratch_of(memory, share));
    }
    for (uint t = unit; phase == 2 && t < tiles; t += units)
        pass_layers(memory, range, t, true, scratch_of(memory, t));
}

#else

static void take_pass(const batch_state *to, pass_range range, uint phase, uint unit, uint units)
{
    for (uint share = unit; share < to->how.shares; share += units)
        pass_share(&to->memory, range, share, to->how.shares);
}

#endif

// A part of the gradient, and the sum of its squares.
static void take_gradient(const batch_state *to, pass_range range, uint part, uint parts)
{
    floatv squares = 0;
    for (uint k = 0; k < RANGES; k++) {
        const vector_range vectors = range_of(k, part, parts);
        reduce_vectors(vectors, range, false, to->memory.scratch, to->how.shares, to->gradient);
        for (uint i = vectors.begin; i < vectors.end; i++)
            squares = fma(to->gradient[i], to->gradient[i], squares);
    }
    to->team[TEAM_SQUARES(part)] = as_uint(sum_lanes(squares));
}

// Like clip_factor in optimizer.cl.
static float clip_factor(const batch_state *to, uint parts)
{
    float squares = 0;
    for (uint part = 0; part < parts; part++)
        squares += as_float(to->team[TEAM_SQUARES(part)]);
    return fmin(1.0f, to->how.rule.clip_norm / (sqrt(squares) + CLIP_EPSILON));
}

// Updates a range of parameters by their gradient, times `clip`.
static void update_vectors(const batch_state *to, vector_range vectors, update_step by, float clip)
{
    optimizer rule = to->how.rule;
    rule.kind = OPTIMIZER; // so that the compiler knows it
    for (uint i = vectors.begin; i < vectors.end; i++)
        to->p[i] = update_one(rule, by, to->decays[i * LANES / PARAMETER_ALIGNMENT] ? rule.weight_decay : 0, to->p[i],
                              clip * to->gradient[i], to->first_moment + i, to->second_moment + i);
}

static void keep_vectors(const batch_state *to, vector_range vectors)
{
    for (uint i = vectors.begin; i < vectors.end; i++)
        to->kept[i] = to->p[i];
}

// The update of a part of the parameters; the first part also records the step.
static void take_update(const batch_state *to, pass_range range, update_step by, bool last, uint part, uint parts)
{
    const uint shares = to->how.shares;
    const float loss = sum_metric(to->memory.scratch, 0, shares), correct = sum_metric(to->memory.scratch, 1, shares);
    const bool keeps = last && to->work.keep && !to->progress->diverged && isfinite(loss);
    const float clip = CLIPS ? clip_factor(to, parts) : 1;
    for (uint k = 0; k < RANGES; k++) {
        const vector_range vectors = range_of(k, part, parts);
        for (uint begin = vectors.begin; begin < vectors.end; begin += PIECE_VECTORS) {
            const vector_range piece = {begin, min(begin + PIECE_VECTORS, vectors.end)};
            if (!CLIPS)
                reduce_vectors(piece, range, false, to->memory.scratch, shares, to->gradient);
            if (keeps)
                keep_vectors(to, piece);
            update_vectors(to, piece, by, clip);
        }
    }
    if (part == 0) {
        to->sums[0] = loss;
        to->sums[1] = correct;
        note_step(loss, correct, to->history, to->progress);
    }
}

// Complete steps one after the other, by a team (batch_team.clh). factors: a ring; kept: the kept parameters, as in
// keep_parameters; decays, first_moment, second_moment: as in update_parameters; team (TEAM_WORDS): zero; everything else
// as in fused_batch_pass. NDRange: the team, work-groups of one.
kernel void fused_batch_steps(batch_steps work, batch_training how, global const update_step *restrict factors,
                              global const uchar *restrict values, global const ushort *restrict places,
                              global const uint *restrict starts, global const uchar *restrict labels,
                              global const uint *restrict order, global float *parameters, global floatv *gradient,
                              global floatv *kept, global float *scratch, global float *sums, global float *history,
                              global step_progress *progress, global const uchar *restrict decays,
                              global floatv *first_moment, global floatv *second_moment,
                              global const augment_plan *restrict plan, global const uchar *restrict images,
                              volatile global uint *team)
{
    const uint me = get_global_id(0), units = get_global_size(0);
    const uint steps = (work.end - work.first + how.batch - 1) / how.batch;
    const batch_state to = {
        .memory =
            {{values, places, starts}, {plan, images, work.images}, labels, order, parameters, scratch, progress},
        .work = work,
        .how = how,
        .gradient = gradient,
        .p = (global floatv *)parameters,
        .kept = kept,
        .first_moment = first_moment,
        .second_moment = second_moment,
        .decays = decays,
        .sums = sums,
        .history = history,
        .progress = progress,
        .team = team};
    for (uint phase = 0; phase < PHASES * steps && await_phase(team, phase, units, TEAM_PATIENCE); phase++) {
        const uint step = phase / PHASES, kind = phase % PHASES, first = work.first + step * how.batch;
        const pass_range range = make_pass_range(first, min(first + how.batch, work.end), PASS_GRADIENT);
        for (uint i = 0; i < units; i++) {
            const uint unit = (me + i) % units;
            if (!begin_unit(team, phase, unit))
                continue;
            if (kind < PASS_PHASES)
                take_pass(&to, range, kind, unit, units);
            else if (kind < PASS_PHASES + CLIPS)
                take_gradient(&to, range, unit, units);
            else
                take_update(&to, range, factors[work.factors_at + step], step + 1 == steps, unit, units);
            end_unit(team);
        }
    }
}
