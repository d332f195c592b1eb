/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts what fused_gpu.cl does, in the order of its code. Instructions of the products with X are those by which the
 * plan was chosen; the plan's figure for the rest of a tile has layers of 10 units in it, so that these count twice (2 %).
 */
#include "engine/fused_gpu/fused_gpu_estimate.h"
#include "core/memory.h"
#include "engine/fused_gpu/fused_gpu_plan.h"

#define WORD sizeof(float)
#define VECTOR (4 * sizeof(float))
#define LAYER_STEP 7 /* instructions for a quad of products: two loads, four multiply-adds, the loop */
#define SUM_STEP 3   /* for a partial sum: address, load, addition */
#define REDUCE_OTHERS 100
#define STEP_REGISTERS 40 /* of fused_gpu_step: 31 to 45 in ptxas' output for kernels of this kind */

/* All that the functions below need. */
typedef struct counting {
    const gpu_description *gpu;
    const gradus_network *network;
    parameter_layout layout;
    fused_gpu_plan plan;
    size_t samples, moments;
    bool x_is_cached, sums_are_cached; /* whether X, and what launches leave to each other, fit into the cache */
} counting;

static double x_bytes(const counting *c, double samples)
{
    return samples * (double)(SAMPLE_RUNS(c->network->sizes[0]) * RUN_PIXELS);
}

/* Products of a sample in the layers after the first. */
static double rest_products(const gradus_network *network)
{
    double products = 0;
    for (size_t l = 1; l < network->layers; l++)
        products += (double)(network->sizes[l] * network->sizes[l + 1]);
    return products;
}

/* ---- fused_gpu_pass ---- */

/* The layers after the first of a tile, and the loss. */
static void count_layers(const counting *c, group_work *work)
{
    const gradus_network *net = c->network;
    const gpu_rates *r = &c->gpu->rates;
    const double quads = (double)c->plan.tile / 4, threads = (double)c->plan.threads,
                 classes = (double)net->sizes[net->layers];
    const double products = rest_products(net) * quads;
    work->instructions += 3 * LAYER_STEP * products;
    work->local_bytes += products * (2 * (WORD + VECTOR) + 2 * VECTOR);
    for (size_t l = 1; l < net->layers; l++) {
        const double inputs = (double)net->sizes[l], outputs = (double)net->sizes[l + 1];
        const double turns = (double)gr_divide_up((size_t)(inputs * outputs), (size_t)threads);
        work->waiting_cycles += gr_estimate_loop(inputs, r->near_cycles) + gr_estimate_loop(outputs, r->near_cycles) +
                                turns * gr_estimate_loop(quads, r->local_cycles) + 3 * r->local_cycles;
    }
    /* the largest logit, the prediction, the sum of exponentials, dZ; and a label */
    work->waiting_cycles += classes * r->local_cycles + 3 * gr_estimate_loop(classes, r->local_cycles) +
                            r->cache_cycles + 2 * r->local_cycles;
}

/* Z1 of a tile. */
static void count_first_forward(const counting *c, group_work *work)
{
    const fused_gpu_plan *plan = &c->plan;
    const gpu_rates *r = &c->gpu->rates;
    const double threads = (double)plan->threads, block = (double)plan->unit_block,
                 samples = (double)plan->sample_block;
    const double rounds = (double)gr_divide_up(gr_divide_up(c->network->sizes[0], 4), plan->slices);
    const double weights = (double)(c->network->sizes[0] * c->network->sizes[1]) * WORD;
    const bool near = gr_estimate_is_near(c->gpu, plan->groups_per_unit, plan->pass_local_bytes, weights);
    work->local_bytes += threads * rounds * (samples * WORD + block * VECTOR);
    work->local_bytes += 2 * samples * threads * block * WORD; /* sums of the slices */
    work->loading_cycles += rounds * (near ? r->near_cycles : r->cache_cycles);
    work->waiting_cycles += samples * (2 + gr_estimate_loop((double)plan->slices, 1)) * r->local_cycles;
    work->cache_bytes += near ? 0 : weights;
}

/* dW1 of the work-group's samples, whose bytes and dZ1 are in local memory. */
static void count_first_backward(const counting *c, double samples, group_work *work)
{
    const fused_gpu_plan *plan = &c->plan;
    const double quads = samples / 4, blocks = (double)plan->quad_block;
    work->local_bytes += quads * (double)plan->items * (4 * blocks * WORD + (double)plan->unit_block * VECTOR);
    work->loading_cycles += quads * c->gpu->rates.local_cycles;
}

static double dw_bytes(const fused_gpu_plan *plan)
{
    return (double)(plan->unit_block * plan->unit_blocks * GRADIENT_PITCH(plan->quad_block, plan->columns)) * WORD;
}

static void scale(group_work *work, double factor)
{
    work->multiply_adds *= factor;
    work->instructions *= factor;
    work->local_bytes *= factor;
    work->cache_bytes *= factor;
    work->memory_bytes *= factor;
    work->loading_cycles *= factor;
    work->waiting_cycles *= factor;
}

static launch_work count_pass(const counting *c)
{
    const gradus_network *net = c->network;
    const fused_gpu_plan *plan = &c->plan;
    const gpu_rates *r = &c->gpu->rates;
    const double wave = (double)gr_gpu_wave(&c->gpu->model, plan->registers);
    const double share = (double)c->samples / (double)plan->groups, x = x_bytes(c, share);
    const double tiles = (double)gr_divide_up(gr_round_up(gr_divide_up(c->samples, plan->groups), 4), plan->tile);
    const double first = (double)(net->sizes[0] * net->sizes[1]);
    const bool backward = plan->chunks == 1;
    launch_work launch = {.kernel = "fused_gpu_pass",
                          .launches = 1,
                          .items = plan->threads,
                          .registers = plan->registers,
                          .local_memory = plan->pass_local_bytes};
    group_work work = {0};
    count_first_forward(c, &work);
    count_layers(c, &work);
    scale(&work, tiles);
    if (backward)
        count_first_backward(c, share, &work);
    work.instructions += wave * gr_fused_gpu_instructions(net, c->samples, &c->gpu->model, plan).pass;
    work.multiply_adds = share * ((backward ? 2 : 1) * first + 3 * rest_products(net));
    work.local_bytes += 2 * x;
    work.cache_bytes += x + (double)c->layout.length * WORD + (double)REST_FLOATS(plan->rest) * WORD;
    work.cache_bytes += backward ? dw_bytes(plan) : share * (double)(plan->unit_block * plan->unit_blocks) * WORD;
    work.memory_bytes = c->x_is_cached ? 0 : x;
    work.waiting_cycles +=
        (c->x_is_cached ? r->cache_cycles : r->memory_cycles) + gr_estimate_loop((double)plan->tile, r->local_cycles);
    gr_estimate_groups(&launch, plan->groups, &work);
    return launch;
}

/* ---- fused_gpu_weights ---- */

static launch_work count_weights(const counting *c)
{
    const fused_gpu_plan *plan = &c->plan;
    const gpu_rates *r = &c->gpu->rates;
    const double wave = (double)gr_gpu_wave(&c->gpu->model, plan->registers), chunks = (double)plan->chunks;
    const double share = (double)c->samples / (double)plan->shares, x = x_bytes(c, share);
    const double dz = share * (double)(plan->unit_block * ITEM_BLOCKS(plan->items, plan->columns)) * WORD;
    const double tiles = share / (double)plan->tile;
    launch_work launch = {.kernel = "fused_gpu_weights",
                          .launches = 1,
                          .items = plan->threads,
                          .registers = plan->registers,
                          .local_memory = plan->weights_local_bytes};
    group_work work = {0};
    count_first_backward(c, share, &work);
    work.instructions = wave * gr_fused_gpu_instructions(c->network, c->samples, &c->gpu->model, plan).weights;
    work.multiply_adds = share * (double)(c->network->sizes[0] * c->network->sizes[1]) / chunks;
    work.local_bytes += 2 * (x + dz);
    work.cache_bytes = x + dz + dw_bytes(plan) / chunks;
    work.memory_bytes = (c->x_is_cached ? 0 : x / chunks) + (c->sums_are_cached ? 0 : dz);
    work.waiting_cycles = tiles * (2 * r->local_cycles + r->cache_cycles) + r->memory_cycles; /* dZ1 is read at once */
    gr_estimate_groups(&launch, plan->shares * plan->chunks, &work);
    return launch;
}

/* ---- fused_gpu_step ---- */

/* Adds the work-groups of `parameters` parameters with `sums` partial sums each. */
static void count_sums(const counting *c, double sums, size_t parameters, launch_work *launch)
{
    const gpu_rates *r = &c->gpu->rates;
    const double slices = (double)c->plan.reduce_slices, columns = REDUCE_COLUMNS;
    const double partial = columns * sums * WORD;
    const double own = columns * (2 + 2 * (double)c->moments) * WORD; /* read and written */
    const group_work work = {
        .instructions = columns * slices * (sums / slices * SUM_STEP + REDUCE_OTHERS),
        .local_bytes = partial + 3 * columns * slices * WORD,
        .cache_bytes = partial + own,
        .memory_bytes = c->sums_are_cached ? 0 : partial,
        /* eight sums are loaded at a time; then a parameter and its moments, together */
        .waiting_cycles = (double)gr_divide_up((size_t)(sums / slices), 8) *
                              (c->sums_are_cached ? r->cache_cycles : r->memory_cycles) +
                          r->cache_cycles + (2 + slices / LOADS_AHEAD) * r->local_cycles,
    };
    gr_estimate_groups(launch, gr_divide_up(parameters, REDUCE_COLUMNS), &work);
}

static launch_work count_step(const counting *c)
{
    launch_work launch = {.kernel = "fused_gpu_step",
                          .launches = 1,
                          .items = REDUCE_COLUMNS * c->plan.reduce_slices,
                          .registers = STEP_REGISTERS,
                          .local_memory = 2 * REDUCE_COLUMNS * (c->plan.reduce_slices + 1) * WORD};
    count_sums(c, c->plan.sums.dw, c->layout.bias[0], &launch);
    count_sums(c, c->plan.sums.rest, c->layout.length - c->layout.bias[0] + METRICS, &launch);
    return launch;
}

/* ---- The step ---- */

gradus_status gr_fused_gpu_estimate(const gpu_description *gpu, const gradus_network *network, size_t samples,
                                    const optimizer *how, gradus_estimate *out)
{
    gradus_status status = GRADUS_OK;
    counting c = {.gpu = gpu, .network = network, .layout = gr_network_layout(network), .samples = samples};
    TRY(gr_fused_gpu_plan(network, samples, &gpu->model, SIZE_MAX, &c.plan));
    const double left = (double)(c.plan.partial + c.plan.kept) * WORD, cache = (double)gpu->rates.cache_size;
    c.moments = (size_t)gr_optimizer_has_first_moment(how) + gr_optimizer_has_second_moment(how);
    c.sums_are_cached = left <= cache;
    c.x_is_cached = left + x_bytes(&c, (double)samples) <= cache;
    launch_work launch = count_pass(&c);
    gr_estimate_launch(gpu, &launch, out);
    if (c.plan.chunks > 1) {
        launch = count_weights(&c);
        gr_estimate_launch(gpu, &launch, out);
    }
    launch = count_step(&c);
    gr_estimate_launch(gpu, &launch, out);
cleanup:
    return status;
}
