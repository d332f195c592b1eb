/* SPDX-License-Identifier: Apache-2.0 */
/* The plan of engine "fused" for GPUs. Not measured on a GPU yet: the choices follow from the compilers' output and the
 * model of registers and local memory (gpu_model.h). See the notes in fused_gpu.cl. */
#include "engine/fused_gpu/fused_gpu_plan.h"
#include "core/memory.h"
#include "device/device.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

/* ---- Parameters to tune ---- */

#define SAMPLE_BLOCK 4    /* samples of a work-item's sums of Z1; a tile is a multiple of it */
#define UNIT_BLOCK_ONE 10 /* units of a work-item's sums if one block has all of them, */
#define UNIT_BLOCK_MAX 11 /* and if there are several blocks */
#define QUAD_BLOCK_MAX 2  /* quads of features of a work-item's sums of dW1 */
#define PASS_SUMS 40      /* sums of dW1 for which a work-item of the pass has registers */
#define THREADS_MIN 64    /* of a work-group, if the device allows that many */
#define THREADS_MAX 256
#define THREADS_STEP 32 /* a warp; half a wave of older AMD GPUs */
#define LOADS_MAX 8     /* runs of the next tile in a work-item's registers, beside the sums of dW1, */
#define LOADS_MAX_Z1 6  /* and beside those of Z1, if the pass does not compute dW1 */
#define TILE_MAX 128
#define LOCAL_BYTES_MAX ((size_t)49152)
#define REST_BYTES_MAX 2048 /* of local memory for the sums of all parameters after W1 */
#define GROUPS_PER_UNIT_MAX 4
#define REDUCE_SLICES 8   /* shares of the partial sums that a work-item adds up */
#define SUITABLE_WIDTH 64 /* of all layers after the first */

/* Registers of a work-item. The blocks above are made for REGISTERS, which NVIDIA's compiler gets as a limit, and Intel's
 * by the number of work-items that share a thread's. AMD's has no such option and took 118 to 200. */
#define REGISTERS 128
#define REGISTERS_AMD 200

/* Instructions besides the multiplications, as counted in compilers' output: of a work-item for one quad of features in
 * first_forward() and for four samples in first_backward(), for a tile of the pass, and for one of dW1. */
#define FORWARD_OTHERS 52
#define BACKWARD_OTHERS 59
#define PASS_TILE_OTHERS 800
#define WEIGHTS_TILE_OTHERS 150

/* ---- The plan ---- */

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Plans the blocks of units and of dW1 for work-groups of `threads`. */
static void plan_blocks(const gradus_network *network, size_t threads, fused_gpu_plan *plan)
{
    const size_t units = network->sizes[1], quads = gr_divide_up(network->sizes[0], 4);
    const bool one = units <= UNIT_BLOCK_ONE;
    plan->threads = threads;
    plan->sample_block = SAMPLE_BLOCK;
    plan->unit_blocks = one ? 1 : gr_divide_up(units, UNIT_BLOCK_MAX);
    plan->unit_block = gr_divide_up(units, plan->unit_blocks);
    plan->quad_block = one ? smaller(QUAD_BLOCK_MAX, larger(1, PASS_SUMS / (4 * plan->unit_block))) : 1;
    plan->quad_block = smaller(plan->quad_block, quads);
    plan->columns = gr_divide_up(quads, plan->quad_block);

    const size_t blocks = plan->columns * plan->unit_blocks;
    plan->chunks = one && blocks <= threads ? 1 : larger(2, gr_divide_up(blocks, threads));
    plan->items = gr_divide_up(blocks, plan->chunks);
    plan->main_items = plan->items / THREADS_STEP * THREADS_STEP;
}

/* Plans everything that follows from the tile, except the numbers of work-groups. False if there are not enough
 * work-items for a tile of that size. */
static bool plan_tile(const gradus_network *network, size_t tile, fused_gpu_plan *plan)
{
    const size_t quads = gr_divide_up(network->sizes[0], 4), shared = plan->items - plan->main_items;
    plan->tile = tile;
    plan->slices = smaller(plan->threads / SUM_OUTPUTS(tile, SAMPLE_BLOCK, plan->unit_blocks), quads);
    plan->splits = shared == 0 ? 1 : smaller((plan->threads - plan->main_items) / shared, tile / 4);
    plan->activations = 0;
    for (size_t l = 0; l < network->layers; l++) {
        plan->activations_at[l] = plan->activations;
        plan->activations +=
            (l == 0 ? plan->unit_block * plan->unit_blocks : network->sizes[l + 1]) * 4 * ROW_QUADS(tile);
    }
    const size_t loads_max = plan->chunks == 1 ? LOADS_MAX : LOADS_MAX_Z1;
    return plan->slices > 0 && TILE_READS(tile, network->sizes[0], plan->threads) <= loads_max;
}

/* Plans the local memory of the kernels. */
static void plan_local(const gradus_network *network, fused_gpu_plan *plan)
{
    const parameter_layout layout = gr_network_layout(network);
    const size_t pixels = plan->tile * SAMPLE_PITCH(network->sizes[0]) * RUN_PIXELS;
    const size_t outputs = SUM_OUTPUTS(plan->tile, SAMPLE_BLOCK, plan->unit_blocks);
    const size_t sums = 4 * SUM_QUADS(plan->threads, outputs, plan->unit_block);
    const size_t dz = plan->unit_block * ITEM_BLOCKS(plan->items, plan->columns) * 4 * ROW_QUADS(plan->tile);
    plan->rest = layout.length - layout.bias[0];
    plan->rest_is_local = plan->rest * sizeof(float) <= REST_BYTES_MAX;
    const size_t rest = plan->rest_is_local ? plan->rest : 0;
    plan->pass_local_bytes = pixels + (plan->activations + sums + METRICS * plan->tile + rest) * sizeof(float);
    plan->weights_local_bytes = plan->chunks == 1 ? 0 : pixels + (dz + 4 * plan->threads) * sizeof(float);
}

/* Plans the work-groups and their memory; false if not even one fits. */
static bool plan_groups(const gradus_network *network, size_t samples, const gpu_model *model, fused_gpu_plan *plan)
{
    const size_t dw = plan->unit_block * plan->unit_blocks * GRADIENT_PITCH(plan->quad_block, plan->columns);
    const size_t local_max = smaller(LOCAL_BYTES_MAX, model->group_local_bytes);
    plan_local(network, plan);
    if (larger(plan->pass_local_bytes, plan->weights_local_bytes) > local_max)
        return false;
    plan->registers = smaller(model->vendor == GPU_AMD ? REGISTERS_AMD : REGISTERS, gr_gpu_registers_most(model));
    const size_t pass = gr_gpu_groups_per_unit(model, plan->threads, plan->registers, plan->pass_local_bytes);
    const size_t weights = gr_gpu_groups_per_unit(model, plan->threads, plan->registers, plan->weights_local_bytes);
    plan->groups_per_unit = smaller(GROUPS_PER_UNIT_MAX, pass);
    plan->groups = smaller(model->units * plan->groups_per_unit, gr_divide_up(samples, SAMPLE_BLOCK));
    plan->shares = larger(1, smaller(model->units * smaller(GROUPS_PER_UNIT_MAX, weights) / plan->chunks,
                                     gr_divide_up(samples, plan->tile)));
    plan->sums = (sum_counts){(u32)(plan->chunks == 1 ? plan->groups : plan->shares), (u32)plan->groups};
    plan->partial = plan->sums.dw * dw + plan->groups * REST_FLOATS(plan->rest);
    plan->kept_quads = plan->chunks == 1 ? 1 : gr_divide_up(samples, 4);
    plan->kept = plan->chunks == 1 ? 0 : plan->unit_block * plan->unit_blocks * 4 * plan->kept_quads;
    return plan->groups > 0 && weights > 0;
}

/* ---- The choice ---- */

/* Waves that hide each other's waiting: with `waves` of them on a partition, this part of the time is spent waiting. */
static double busy_time(double instructions, double waves)
{
    return instructions * (1 + 1 / waves);
}

fused_gpu_instructions gr_fused_gpu_instructions(const gradus_network *network, size_t samples, const gpu_model *model,
                                                 const fused_gpu_plan *plan)
{
    const double wave = (double)gr_gpu_wave(model, plan->registers);
    const double waves = ceil((double)plan->threads / wave), sums = (double)plan->unit_block * 16;
    const size_t share = gr_round_up(gr_divide_up(samples, plan->groups), 4);
    const double tiles = (double)gr_divide_up(share, plan->tile);
    const double rounds = (double)gr_divide_up(gr_divide_up(network->sizes[0], 4), plan->slices);
    const double forward = waves * tiles * (rounds * (sums + FORWARD_OTHERS) + PASS_TILE_OTHERS);

    const double main_waves = (double)plan->main_items / wave;
    const double shared_waves = ceil((double)(plan->threads - plan->main_items) / wave) / (double)plan->splits;
    const double backward = (main_waves + (plan->main_items == plan->items ? 0 : shared_waves)) *
                            (double)plan->quad_block * (sums + BACKWARD_OTHERS) / 4;
    if (plan->chunks == 1)
        return (fused_gpu_instructions){forward + backward * (double)share, 0};
    const double weight_share = (double)gr_divide_up(samples, plan->shares);
    return (fused_gpu_instructions){forward,
                                    weight_share * (backward + waves * WEIGHTS_TILE_OTHERS / (double)plan->tile)};
}

/* Instructions of the waves of all work-groups on a unit, with the time of their waiting. */
static double cost(const gradus_network *network, size_t samples, const gpu_model *model, const fused_gpu_plan *plan)
{
    const fused_gpu_instructions each = gr_fused_gpu_instructions(network, samples, model, plan);
    const double waves = ceil((double)plan->threads / (double)gr_gpu_wave(model, plan->registers));
    const double partitions = (double)model->partitions;
    const double groups = (double)gr_divide_up(plan->groups, model->units);
    const double pass = busy_time(groups * each.pass, groups * waves / partitions);
    if (plan->chunks == 1)
        return pass;
    const double weight_groups = (double)gr_divide_up(plan->shares * plan->chunks, model->units);
    return pass + busy_time(weight_groups * each.weights, weight_groups * waves / partitions);
}

/* The plan with the least cost among all sizes of work-groups and tiles; false if none fits. */
static bool choose(const gradus_network *network, size_t samples, const gpu_model *model, size_t threads_max,
                   fused_gpu_plan *out)
{
    double best = INFINITY;
    const size_t tile_max = smaller(TILE_MAX, gr_round_up(samples, SAMPLE_BLOCK));
    for (size_t threads = smaller(THREADS_MIN, threads_max); threads <= threads_max; threads += THREADS_STEP)
        for (size_t tile = SAMPLE_BLOCK; tile <= tile_max; tile += SAMPLE_BLOCK) {
            fused_gpu_plan plan = {0};
            plan_blocks(network, threads, &plan);
            if (!plan_tile(network, tile, &plan) || !plan_groups(network, samples, model, &plan))
                continue;
            const double this_cost = cost(network, samples, model, &plan);
            if (this_cost <= best) {
                best = this_cost;
                *out = plan;
            }
        }
    return isfinite(best);
}

gradus_status gr_fused_gpu_plan(const gradus_network *network, size_t samples, const gpu_model *model, size_t threads,
                                fused_gpu_plan *out)
{
    const size_t most = smaller(THREADS_MAX, smaller(threads, model->group_items)) / THREADS_STEP * THREADS_STEP;
    if (most == 0 || !choose(network, samples, model, most, out))
        return gr_fail(GRADUS_ERROR_DEVICE,
                       "engine fused, for GPUs: %zu features and %zu units in the first layer are too many for "
                       "work-groups of %zu with %.1f KB of local memory",
                       network->sizes[0], network->sizes[1], most,
                       (double)smaller(LOCAL_BYTES_MAX, model->group_local_bytes) / 1024);
    out->reduce_slices = smaller(REDUCE_SLICES, most / REDUCE_COLUMNS);
    return GRADUS_OK;
}

bool gr_fused_gpu_suits(const gradus_network *network)
{
    for (size_t l = 1; l <= network->layers; l++)
        if (network->sizes[l] > SUITABLE_WIDTH)
            return false;
    return true;
}

/* ---- Options of the program ---- */

/* How the compiler is told the number of registers. */
static gradus_status add_register_options(const fused_gpu_plan *plan, const gpu_model *model, char **options)
{
    gradus_status status = GRADUS_OK;
    char limit[GPU_OPTIONS_SIZE], wave[GPU_OPTIONS_SIZE];
    const size_t yes = 1;
    gr_gpu_register_options(model, plan->registers, limit);
    gr_gpu_wave_options(model, plan->registers, wave);
    if (model->vendor != GPU_OTHER)
        TRY(gr_program_define(options, "FEW_REGISTERS", &yes, 1));
    TRY(gr_program_add_options(options, limit));
    TRY(gr_program_add_options(options, wave));
cleanup:
    return status;
}

gradus_status gr_fused_gpu_options(const fused_gpu_plan *plan, const engine *base, const gpu_model *model, char **out)
{
    gradus_status status = GRADUS_OK;
    const gradus_network *net = &base->network;
    const struct {
        const char *name;
        size_t value;
    } numbers[] = {
        {"LAYERS", net->layers},
        {"FEATURES", net->sizes[0]},
        {"UNITS", net->sizes[1]},
        {"PARAMETERS", base->layout.length},
        {"REST", plan->rest},
        {"OPTIMIZER", base->optimizer.kind},
        {"THREADS", plan->threads},
        {"TILE", plan->tile},
        {"SAMPLE_BLOCK", plan->sample_block},
        {"UNIT_BLOCK", plan->unit_block},
        {"UNIT_BLOCKS", plan->unit_blocks},
        {"SLICES", plan->slices},
        {"QUAD_BLOCK", plan->quad_block},
        {"COLUMNS", plan->columns},
        {"CHUNKS", plan->chunks},
        {"ITEMS", plan->items},
        {"MAIN_ITEMS", plan->main_items},
        {"SPLITS", plan->splits},
        {"KEPT_QUADS", plan->kept_quads},
        {"ACTIVATIONS", plan->activations},
        {"REST_IS_LOCAL", plan->rest_is_local},
        {"REDUCE_SLICES", plan->reduce_slices},
    };

    TRY(gr_copy_text("", out));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        TRY(gr_program_define(out, numbers[i].name, &numbers[i].value, 1));
    TRY(gr_program_define(out, "SIZES", net->sizes, net->layers + 1));
    TRY(gr_program_define(out, "WEIGHTS_AT", base->layout.weights, net->layers));
    TRY(gr_program_define(out, "BIAS_AT", base->layout.bias, net->layers));
    TRY(gr_program_define(out, "ACTIVATIONS_AT", plan->activations_at, net->layers));
    TRY(add_register_options(plan, model, out));
cleanup:
    return status;
}
