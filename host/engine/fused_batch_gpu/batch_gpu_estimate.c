/* SPDX-License-Identifier: Apache-2.0 */
/* Counts what batch_steps.cl, batch_forward.cl and batch_update.cl do, in the order of their code. */
#include "engine/fused_batch_gpu/batch_gpu_estimate.h"
#include "core/memory.h"
#include "engine/fused_batch_gpu/batch_gpu_plan.h"
#include "fused_batch_gpu/batch_gpu_launch.h"

#include <math.h>

#define WORD sizeof(float)

/* Instructions besides multiply-adds and loads, by hand. */
#define INPUT_OTHERS 8      /* for a quad of features: conversion, address, loop */
#define PRODUCT_OTHERS 2    /* for a term of a product */
#define LOAD_OTHERS 12      /* for a feature that is converted and stored */
#define PARAMETER_OTHERS 30 /* for a parameter: place, load, store */
#define STEP_PLAIN 4        /* for a parameter's step without moments, */
#define STEP_MOMENTS 40     /* and with: two divisions and a root */
#define EXP_CYCLES 40       /* until a sum with an exponential is known */
#define BATCH_REGISTERS 64  /* of a work-item of the two launches */

/* All that the functions below need. */
typedef struct counting {
    const gpu_description *gpu;
    const gpu_rates *rates;
    const gradus_network *network;
    parameter_layout layout;
    size_t samples, batch, moments;
    bool x_is_cached; /* whether the data set fits into the second-level cache */
} counting;

static double x_latency(const counting *c)
{
    return c->x_is_cached ? c->rates->cache_cycles : c->rates->memory_cycles;
}

static double step_instructions(const counting *c)
{
    return c->moments > 0 ? STEP_MOMENTS : STEP_PLAIN;
}

/* ---- Parts that both variants have (batch_tile.clh) ---- */

/* Where weights are. */
typedef struct weights_place {
    double latency;
    bool local;
} weights_place;

/* tile_product(): `outputs` by `vectors` sums of `terms` terms, each of `lanes` samples. along: neighbouring terms are
 * neighbours in memory. The sums of a wave are loading_cycles if they are long, as those of the first layer. */
static void count_product(const weights_place *place, size_t threads, size_t outputs, size_t terms, size_t vectors,
                          size_t lanes, bool along, const gpu_rates *r, group_work *work)
{
    const size_t most = along && !place->local ? threads / SHARED_TERMS : threads;
    for (size_t first = 0; first < outputs * vectors; first += most) {
        const size_t left = outputs * vectors - first, count = left < most ? left : most, slices = threads / count;
        const double rounds = (double)gr_divide_up(terms, slices), used = (double)(count * slices);
        work->instructions += (double)threads * rounds * (double)(lanes + 2 + PRODUCT_OTHERS);
        work->local_bytes += used * rounds * (double)(WORD + lanes * WORD);
        work->local_bytes += 2 * used * (double)(lanes * WORD);
        if (slices > 1 && rounds <= LOADS_AHEAD)
            work->waiting_cycles += place->latency;
        else
            work->loading_cycles += gr_estimate_loop(rounds, place->latency);
        work->waiting_cycles += gr_estimate_loop((double)slices, r->local_cycles) + 2 * r->local_cycles;
    }
}

/* The layers after the first, and the loss, of a tile of `vectors` vectors. */
static void count_rest(const counting *c, const weights_place *place, size_t threads, size_t vectors, size_t lanes,
                       group_work *work)
{
    const gradus_network *net = c->network;
    const gpu_rates *r = c->rates;
    const double classes = (double)net->sizes[net->layers];
    for (size_t l = 1; l < net->layers; l++) {
        count_product(place, threads, net->sizes[l + 1], net->sizes[l], vectors, lanes, true, r, work);
        count_product(place, threads, net->sizes[l], net->sizes[l + 1], vectors, lanes, false, r, work);
    }
    work->waiting_cycles += (double)net->layers * 2 * r->local_cycles; /* tile_activate() */
    /* tile_loss() of a few work-items, then tile_cross_entropy() */
    work->waiting_cycles += 2 * (gr_estimate_loop(classes, r->local_cycles) + classes * EXP_CYCLES) + r->local_cycles;
}

static double products(const gradus_network *network, double first, double others)
{
    double sum = 0;
    for (size_t l = 0; l < network->layers; l++)
        sum += (l == 0 ? first : others) * (double)(network->sizes[l] * network->sizes[l + 1]);
    return sum;
}

/* ---- batch_steps: many steps in a launch, one work-group ---- */

/* first_forward(): a work-item has as many samples as a vector. */
static void count_steps_forward(const counting *c, const batch_steps_plan *plan, group_work *work)
{
    const gpu_rates *r = c->rates;
    const size_t outputs = plan->vectors * plan->unit_blocks, slices = STEPS_SLICES(plan->threads, outputs);
    const double rounds = (double)gr_divide_up(gr_divide_up(c->network->sizes[0], 4), slices);
    const double block = (double)plan->unit_block, threads = (double)plan->threads;
    const double quads = (double)(outputs * slices) * rounds;
    /* work-items of a wave whose features of one sample are neighbours */
    const double neighbours = fmax(1, (double)gr_gpu_wave(&c->gpu->model, plan->registers) / (double)plan->vectors);
    work->instructions += threads * rounds * ((4 * STEPS_LANES + 1) * block + STEPS_LANES * INPUT_OTHERS);
    work->local_bytes += quads * (4 * block * WORD + STEPS_LANES * fmax(4, SECTOR_BYTES / neighbours));
    work->local_bytes += 2 * threads * STEPS_LANES * block * WORD;
    work->loading_cycles += rounds * x_latency(c);
    work->waiting_cycles += (double)gr_divide_up(plan->unit_block, STEPS_SUM_UNITS) *
                            (gr_estimate_loop((double)slices, r->local_cycles) + 2 * r->local_cycles);
}

/* forget_others(), first_backward() and rest_backward() */
static void count_steps_backward(const counting *c, const batch_steps_plan *plan, group_work *work)
{
    const gradus_network *net = c->network;
    const gpu_rates *r = c->rates;
    const size_t items = gr_divide_up(net->sizes[0], 4) * plan->unit_blocks;
    const double lanes = gr_estimate_lanes(c->gpu, items, plan->registers), block = (double)plan->unit_block;
    const double vectors = (double)plan->vectors, turn = gr_estimate_loop(vectors, r->local_cycles);
    const double samples = vectors * STEPS_LANES;
    work->instructions += vectors * lanes * ((4 * STEPS_LANES + 1) * block + STEPS_LANES * INPUT_OTHERS);
    work->local_bytes += vectors * lanes * STEPS_LANES * (block + 1) * WORD;
    work->loading_cycles += vectors * (r->local_cycles + r->near_cycles);
    for (size_t l = 0; l < net->layers; l++) {
        const size_t sums = l == 0 ? 0 : net->sizes[l] * net->sizes[l + 1];
        work->waiting_cycles += turn + (double)gr_divide_up(sums, plan->threads) * turn;
        work->local_bytes += samples * (double)(2 * sums + net->sizes[l + 1]) * WORD;
        work->instructions += vectors * (double)(sums + net->sizes[l + 1]) * (STEPS_LANES + INPUT_OTHERS);
    }
    work->waiting_cycles += 2 * r->local_cycles;
}

/* Loss and number correct, and the update. */
static void count_steps_update(const counting *c, const batch_steps_plan *plan, group_work *work)
{
    const gpu_rates *r = c->rates;
    const size_t items = gr_divide_up(c->network->sizes[0], 4) * plan->unit_blocks;
    const double own = 4 * gr_estimate_lanes(c->gpu, items, plan->registers) * (double)plan->unit_block;
    work->instructions += own * (step_instructions(c) + 1);
    work->local_bytes += 2 * own * WORD;
    work->waiting_cycles += gr_estimate_loop((double)(METRICS * plan->vectors), r->local_cycles) + 5 * r->local_cycles;
    /* the parameters after W1, whose moments are in memory; the learning rate is loaded long before */
    work->waiting_cycles += r->cache_cycles;
    work->cache_bytes += (double)(c->layout.length - c->layout.bias[0]) * 2 * (double)c->moments * WORD;
}

static void estimate_steps(const counting *c, const batch_steps_plan *plan, gradus_estimate *out)
{
    const size_t tile = plan->vectors * STEPS_LANES, tiles = gr_divide_up(c->batch, tile);
    const size_t steps = gr_divide_up(c->samples, c->batch);
    const double x = (double)(c->batch * c->network->sizes[0]), samples = (double)c->batch;
    const double in_launch = (double)(steps < METRIC_SLOTS ? steps : METRIC_SLOTS);
    const weights_place place = {c->rates->local_cycles, true};
    launch_work launch = {.kernel = "batch_steps",
                          .launches = 1 / in_launch,
                          .items = plan->threads,
                          .registers = plan->registers,
                          .local_memory = plan->local_bytes};
    group_work work = {0};
    for (size_t t = 0; t < tiles; t++) {
        work.waiting_cycles += 2 * c->rates->cache_cycles + c->rates->local_cycles; /* order, labels */
        count_steps_forward(c, plan, &work);
        count_rest(c, &place, plan->threads, plan->vectors, STEPS_LANES, &work);
        count_steps_backward(c, plan, &work);
    }
    count_steps_update(c, plan, &work);
    work.multiply_adds = samples * products(c->network, 2, 3);
    /* at the beginning and end of a launch: parameters and moments */
    work.cache_bytes += x + (double)c->layout.length * (2 + 2 * (double)c->moments) * WORD / in_launch;
    work.memory_bytes = c->x_is_cached ? 0 : x;
    gr_estimate_groups(&launch, 1, &work);
    gr_estimate_launch(c->gpu, &launch, out);
}

/* ---- batch_forward: the first of two launches ---- */

/* first_product(), or tile_product() if the units are no multiple of its blocks. */
static void count_first_product(const counting *c, const batch_gpu_plan *plan, group_work *work)
{
    const gpu_rates *r = c->rates;
    const size_t units = c->network->sizes[1], features = c->network->sizes[0], threads = plan->forward_threads;
    const weights_place cache = {r->cache_cycles, false};
    if (units % FORWARD_BLOCK != 0) {
        count_product(&cache, threads, units, features, 1, plan->lanes, false, r, work);
        return;
    }
    const double vector = (double)plan->lanes * WORD;
    for (size_t first = 0; first < units / FORWARD_BLOCK; first += threads) {
        const size_t left = units / FORWARD_BLOCK - first, count = left < threads ? left : threads;
        const size_t slices = threads / count;
        const double rounds = (double)gr_divide_up(features, slices), used = (double)(count * slices);
        work->instructions += (double)threads * rounds * (double)(FORWARD_BLOCK * plan->lanes + 2 + PRODUCT_OTHERS);
        work->local_bytes += used * rounds * (FORWARD_BLOCK * WORD + vector) + 2 * used * FORWARD_BLOCK * vector;
        work->loading_cycles += gr_estimate_loop(rounds, r->cache_cycles);
        work->waiting_cycles +=
            FORWARD_BLOCK * (gr_estimate_loop((double)slices, r->local_cycles) + 2 * r->local_cycles);
    }
}

static launch_work count_forward(const counting *c, const batch_gpu_plan *plan)
{
    const gradus_network *net = c->network;
    const gpu_rates *r = c->rates;
    const size_t threads = plan->forward_threads, features = net->sizes[0];
    const size_t groups = gr_divide_up(c->batch, plan->lanes);
    const double lanes = (double)plan->lanes, x = lanes * (double)features;
    const double tape = lanes * (double)(features + 2 * plan->rows) * WORD;
    const weights_place cache = {r->cache_cycles, false};
    launch_work launch = {.kernel = "batch_forward",
                          .launches = 1,
                          .items = threads,
                          .registers = BATCH_REGISTERS,
                          .local_memory = plan->forward_local_bytes};
    group_work work = {0};
    /* find_samples() and load_tile() */
    work.instructions = (double)gr_round_up(features, threads) * lanes * LOAD_OTHERS;
    work.local_bytes = x * (2 * WORD + WORD * gr_estimate_conflicts(plan->lanes));
    work.waiting_cycles = 2 * r->cache_cycles + x_latency(c) + 2 * r->local_cycles;
    count_first_product(c, plan, &work);
    count_rest(c, &cache, threads, 1, plan->lanes, &work);
    work.multiply_adds = (double)c->batch / (double)groups * products(net, 1, 2);
    work.cache_bytes = x + tape + (double)c->layout.length * WORD;
    work.memory_bytes = c->x_is_cached ? 0 : x;
    gr_estimate_groups(&launch, groups, &work);
    return launch;
}

/* ---- batch_update: the second one ---- */

/* sum_metrics(), which every work-group does. */
static double metric_cycles(const counting *c, size_t threads)
{
    const size_t count = c->batch < threads ? c->batch : threads;
    const double sums = gr_estimate_loop((double)gr_divide_up(count, METRIC_SHARES), c->rates->local_cycles) +
                        gr_estimate_loop(METRIC_SHARES, c->rates->local_cycles);
    return c->rates->cache_cycles + sums + 3 * c->rates->local_cycles;
}

/* A work-group of a layer: sum_products() and the update of its columns. */
static group_work count_slab(const counting *c, size_t layer, size_t threads)
{
    const gpu_rates *r = c->rates;
    const size_t outputs = c->network->sizes[layer + 1];
    const double samples = (double)c->batch, chunks = (double)gr_divide_up(c->batch, SLAB_SAMPLES);
    group_work work = {.waiting_cycles = metric_cycles(c, threads)};
    for (size_t first = 0; first < outputs; first += threads) {
        const size_t left = outputs - first, count = left < threads ? left : threads, shares = threads / count;
        const double rounds = chunks * (double)gr_divide_up(SLAB_SAMPLES < c->batch ? SLAB_SAMPLES : c->batch, shares);
        const double turns = (double)gr_divide_up(SLAB_COLUMNS * count, threads), all = turns * (double)threads;
        work.instructions += (double)threads * rounds * (2 * SLAB_COLUMNS + 1 + PRODUCT_OTHERS);
        work.local_bytes += (double)(count * shares) * rounds * (1 + SLAB_COLUMNS) * WORD;
        work.local_bytes += 2 * (double)threads * SLAB_COLUMNS * WORD;
        work.cache_bytes += samples * (double)count * WORD + samples * SLAB_COLUMNS * WORD;
        work.loading_cycles += gr_estimate_loop(rounds, r->cache_cycles);
        work.waiting_cycles += chunks * (r->cache_cycles + 2 * r->local_cycles) + 2 * r->local_cycles;
        /* the parameters */
        work.instructions += all * (step_instructions(c) + PARAMETER_OTHERS);
        work.cache_bytes += SLAB_COLUMNS * (double)count * (2 + 2 * (double)c->moments) * WORD;
        work.waiting_cycles += turns * (r->cache_cycles + gr_estimate_loop((double)shares, r->local_cycles));
    }
    return work;
}

static launch_work count_update(const counting *c, const batch_gpu_plan *plan)
{
    launch_work launch = {
        .kernel = "batch_update",
        .launches = 1,
        .items = plan->update_threads,
        .registers = BATCH_REGISTERS,
        .local_memory = (SLAB_COLUMNS * (SLAB_SAMPLES + plan->update_threads) + METRICS * (1 + METRIC_SHARES)) * WORD};
    for (size_t l = 0; l < c->network->layers; l++) {
        const size_t groups = plan->slabs_at[l + 1] - plan->slabs_at[l];
        group_work work = count_slab(c, l, plan->update_threads);
        work.multiply_adds =
            (double)c->batch * (double)(c->network->sizes[l] * c->network->sizes[l + 1]) / (double)groups;
        gr_estimate_groups(&launch, groups, &work);
    }
    return launch;
}

static gradus_status estimate_two_launches(const counting *c, gradus_estimate *out)
{
    gradus_status status = GRADUS_OK;
    batch_gpu_plan plan;
    TRY(gr_batch_gpu_plan(c->network, c->batch, &c->gpu->model, &plan));
    launch_work launch = count_forward(c, &plan);
    gr_estimate_launch(c->gpu, &launch, out);
    launch = count_update(c, &plan);
    gr_estimate_launch(c->gpu, &launch, out);
cleanup:
    return status;
}

/* ---- The step ---- */

gradus_status gr_batch_gpu_estimate(const gpu_description *gpu, const gradus_network *network, size_t samples,
                                    size_t batch, const optimizer *how, gradus_estimate *out)
{
    const counting c = {
        .gpu = gpu,
        .rates = &gpu->rates,
        .network = network,
        .layout = gr_network_layout(network),
        .samples = samples,
        .batch = batch,
        .moments = (size_t)gr_optimizer_has_first_moment(how) + gr_optimizer_has_second_moment(how),
        .x_is_cached = samples * network->sizes[0] <= gpu->rates.cache_size,
    };
    batch_steps_plan steps;
    if (!gr_batch_steps_plan(network, &c.layout, batch, &gpu->model, &steps))
        return estimate_two_launches(&c, out);
    estimate_steps(&c, &steps, out);
    return GRADUS_OK;
}
