/* SPDX-License-Identifier: Apache-2.0 */
/* The plan of engine "fused" for GPUs. Not measured on a GPU yet: the choices follow from the estimate in
 * fused_gpu.cl. */
#include "engine/fused_gpu/fused_gpu_plan.h"
#include "core/memory.h"

#include <stdint.h>

/* ---- Parameters to tune ---- */

#define SAMPLE_BLOCK 4    /* samples of a work-item's sums of Z1; a tile is a multiple of it */
#define UNIT_BLOCK_ONE 10 /* units of a work-item's sums if one block has all of them, */
#define UNIT_BLOCK_MAX 8  /* and if there are several blocks */
#define SUMS_MAX 64       /* sums of dW1 of a work-item, each in a register, */
#define QUAD_BLOCK_MAX 2  /* for at most this number of quads of features */
#define THREADS_MIN 128   /* of a work-group, if the device allows that many */
#define THREADS_MAX 448   /* leaves each work-item 144 of the 65,536 registers of an NVIDIA GPU */
#define THREADS_STEP 32   /* a warp; half a wave of older AMD GPUs */
#define LOCAL_BYTES_MAX ((size_t)49152)
#define REGISTERS 65536    /* of a compute unit; they limit its number of concurrent work-groups, */
#define OTHER_REGISTERS 40 /* this number is used for everything but the sums */
#define GROUPS_PER_UNIT_MAX 4
#define TILE_MAX 128
#define TILE_OVERHEAD 500 /* cost of a tile except its products, in multiplications of a work-item */
#define REDUCE_SLICES 8   /* shares of the work-groups that fused_gpu_reduce adds up */
#define SUITABLE_WIDTH 64 /* of all layers after the first */

/* ---- The plan ---- */

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Plans the blocks of units and of dW1, and the number of work-items. */
static void plan_blocks(const gradus_network *network, size_t threads_max, fused_gpu_plan *plan)
{
    const size_t units = network->sizes[1], quads = gr_divide_up(network->sizes[0], 4);
    plan->sample_block = SAMPLE_BLOCK;
    plan->unit_blocks = units <= UNIT_BLOCK_ONE ? 1 : gr_divide_up(units, UNIT_BLOCK_MAX);
    plan->unit_block = gr_divide_up(units, plan->unit_blocks);
    plan->quad_block = smaller(QUAD_BLOCK_MAX, larger(1, SUMS_MAX / (4 * plan->unit_block)));
    plan->quad_block = smaller(plan->quad_block, quads);
    plan->columns = gr_divide_up(quads, plan->quad_block);

    const size_t blocks = plan->columns * plan->unit_blocks;
    plan->chunks = gr_divide_up(blocks, threads_max);
    plan->items = gr_divide_up(blocks, plan->chunks);
    plan->splits = larger(1, smaller(THREADS_MIN, threads_max) / plan->items);
    plan->threads = ROUND_UP(plan->items * plan->splits, THREADS_STEP);
}

static size_t plan_groups(const fused_gpu_plan *plan, size_t samples, size_t compute_units)
{
    const size_t registers = plan->unit_block * (4 * plan->quad_block + SAMPLE_BLOCK) + OTHER_REGISTERS;
    const size_t per_unit = smaller(GROUPS_PER_UNIT_MAX, larger(1, REGISTERS / (plan->threads * registers)));
    return smaller(compute_units * per_unit, gr_divide_up(samples, SAMPLE_BLOCK));
}

/* Bytes of local memory with tiles of `tile` samples. */
static size_t local_bytes(const gradus_network *network, const fused_gpu_plan *plan, size_t tile)
{
    const size_t pixels = tile * SAMPLE_PITCH(network->sizes[0]) * RUN_PIXELS;
    const size_t outputs = SUM_OUTPUTS(tile, SAMPLE_BLOCK, plan->unit_blocks);
    const size_t sums = SUM_PITCH(plan->threads, outputs) * SUM_ROWS(plan->unit_block) * sizeof(float);
    size_t rows = plan->unit_block * plan->unit_blocks;
    for (size_t l = 1; l < network->layers; l++)
        rows += network->sizes[l + 1];
    return pixels + sums + rows * 4 * ROW_QUADS(tile) * sizeof(float);
}

/* Slices of the features with tiles of `tile` samples; 0 if there are not enough work-items. */
static size_t slices(const gradus_network *network, const fused_gpu_plan *plan, size_t tile)
{
    return smaller(plan->threads / SUM_OUTPUTS(tile, SAMPLE_BLOCK, plan->unit_blocks), SAMPLE_RUNS(network->sizes[0]));
}

/* Multiplications of a work-item for `share` samples in tiles of `tile`. */
static size_t cost(const gradus_network *network, const fused_gpu_plan *plan, size_t share, size_t tile)
{
    const size_t runs = gr_divide_up(SAMPLE_RUNS(network->sizes[0]), slices(network, plan, tile));
    const size_t forward = runs * RUN_PIXELS * SAMPLE_BLOCK * plan->unit_block;
    const size_t backward =
        gr_divide_up(tile / 4, plan->splits) * 16 * plan->unit_block * plan->quad_block * plan->chunks;
    return gr_divide_up(share, tile) * (forward + backward + TILE_OVERHEAD);
}

/* The cheapest tile that fits; 0 if none does. */
static size_t choose_tile(const gradus_network *network, const fused_gpu_plan *plan, size_t share, size_t local_max)
{
    size_t best = 0, best_cost = SIZE_MAX;
    for (size_t tile = SAMPLE_BLOCK; tile <= smaller(TILE_MAX, ROUND_UP(share, SAMPLE_BLOCK)); tile += SAMPLE_BLOCK) {
        if (slices(network, plan, tile) == 0 || local_bytes(network, plan, tile) > local_max)
            break;
        const size_t tile_cost = cost(network, plan, share, tile);
        best = tile_cost <= best_cost ? tile : best;
        best_cost = smaller(tile_cost, best_cost);
    }
    return best;
}

/* Plans the memory, which follows from the tile. */
static void plan_memory(const gradus_network *network, size_t share, fused_gpu_plan *plan)
{
    const parameter_layout layout = gr_network_layout(network);
    const size_t units_padded = plan->unit_block * plan->unit_blocks;
    const size_t dw = units_padded * GRADIENT_PITCH(plan->quad_block, plan->columns);
    plan->slices = slices(network, plan, plan->tile);
    plan->tiles = gr_divide_up(share, plan->tile);
    plan->activations = 0;
    for (size_t l = 0; l < network->layers; l++) {
        plan->activations_at[l] = plan->activations;
        plan->activations += (l == 0 ? units_padded : network->sizes[l + 1]) * 4 * ROW_QUADS(plan->tile);
    }
    plan->partial = PARTIAL_FLOATS(plan->splits * dw, layout.length - layout.bias[0]);
    plan->kept = plan->chunks > 1 ? plan->tiles * units_padded * plan->tile : 0;
}

gradus_status gr_fused_gpu_plan(const gradus_network *network, size_t samples, const fused_gpu_limits *limits,
                                fused_gpu_plan *out)
{
    fused_gpu_plan plan = {0};
    const size_t threads_max = smaller(THREADS_MAX, limits->threads) / THREADS_STEP * THREADS_STEP;
    const size_t local_max = smaller(LOCAL_BYTES_MAX, limits->local_bytes);
    if (threads_max > 0) {
        plan_blocks(network, threads_max, &plan);
        plan.groups = plan_groups(&plan, samples, limits->compute_units);
        plan.tile = choose_tile(network, &plan, gr_divide_up(samples, plan.groups), local_max);
    }
    if (plan.tile == 0)
        return gr_fail(GRADUS_ERROR_DEVICE,
                       "engine fused, for GPUs: %zu features and %zu units in the first layer are too many for "
                       "work-groups of %zu with %.1f KB of local memory",
                       network->sizes[0], network->sizes[1], threads_max, (double)local_max / 1024);
    plan_memory(network, gr_divide_up(samples, plan.groups), &plan);
    plan.reduce_slices = smaller(REDUCE_SLICES, threads_max / REDUCE_COLUMNS);
    *out = plan;
    return GRADUS_OK;
}

bool gr_fused_gpu_suits(const gradus_network *network)
{
    for (size_t l = 1; l <= network->layers; l++)
        if (network->sizes[l] > SUITABLE_WIDTH)
            return false;
    return true;
}
