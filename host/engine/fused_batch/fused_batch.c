/* SPDX-License-Identifier: Apache-2.0 */
/* Engine "fused" for mini-batches: buffers, launches, and the engine's functions. */
#include "engine/fused_batch/fused_batch.h"
#include "core/memory.h"
#include "engine/fused_batch/image_source.h"
#include "engine/fused_batch/sample_lists.h"
#include "engine/fused_tile/tile_plan.h"
#include "engine/opencl/batch_kernels.h"
#include "engine/opencl/packed_engine.h"
#include "engine/opencl/step_queue.h"
#include "fused_batch/batch_launch.h"
#include "fused_batch/batch_scratch.h"

#include <math.h>
#include <stdlib.h>

typedef struct fused_batch {
    packed_engine packed;
    unit_blocks units; /* of W1, in vectors */
    sample_lists x;
    image_source source; /* of augmented images */
    batch_images images; /* for the current order */
    size_t tile;         /* samples that are processed together */
    size_t shares;       /* of a pass, each with a scratch */
    bool columns;        /* the gradient of W1 is summed by columns, see batch_columns.clh */
    size_t team;         /* work-items that take complete steps */
    cl_mem labels;       /* (B) */
    cl_mem order;        /* (B) */
    cl_mem scratch;      /* memory and partial gradients of each share */
    cl_mem team_memory;  /* (TEAM_WORDS) */
    cl_uint *begin_team; /* (TEAM_WORDS) its contents before a launch: zeros */
    cl_program program;  /* built for this network */
    launch shuffle_samples, pass, reduce, steps;
    step_queue queue; /* of the steps */
} fused_batch;

/* ---- Computing ---- */

static gradus_status enqueue_pass(fused_batch *e, pass_range range, bool adds)
{
    gradus_status status = GRADUS_OK;
    const batch_pass work = {range, e->images};
    const batch_reduce sums = {range, adds};
    TRY(gr_launch_vary(&e->pass, sizeof work, &work));
    TRY(gr_launch_enqueue(e->packed.common.device, &e->pass));
    TRY(gr_launch_vary(&e->reduce, sizeof sums, &sums));
    TRY(gr_launch_enqueue(e->packed.common.device, &e->reduce));
cleanup:
    return status;
}

/* With columns a scratch has room for one tile, so a gradient over more samples than a batch has is a sum. */
static gradus_status run_pass(fused_batch *e, size_t first, size_t count, u32 mode)
{
    gradus_status status = GRADUS_OK;
    const size_t end = first + count, most = e->columns && mode == PASS_GRADIENT ? e->shares * e->tile : count;
    for (size_t begin = first; begin < end; begin += most) {
        pass_range range = make_pass_range((u32)begin, (u32)(begin + most < end ? begin + most : end), mode);
        range.scale = 1.0f / (float)count;
        TRY(enqueue_pass(e, range, begin > first));
    }
cleanup:
    return status;
}

static gradus_status fused_batch_gradient(engine *base, size_t first, size_t count)
{
    return run_pass((fused_batch *)base, first, count, PASS_GRADIENT);
}

static gradus_status fused_batch_evaluate(engine *base, size_t first, size_t count)
{
    return run_pass((fused_batch *)base, first, count, PASS_EVALUATE);
}

static gradus_status fused_batch_shuffle(engine *base, const permutation *order)
{
    gradus_status status = GRADUS_OK;
    fused_batch *e = (fused_batch *)base;
    TRY(gr_shuffle_samples_set(&e->shuffle_samples, order));
    TRY(gr_launch_enqueue(e->packed.common.device, &e->shuffle_samples));
    e->images = (batch_images){order->rounds > 0, order->epoch};
cleanup:
    return status;
}

static size_t team_bytes(const fused_batch *e)
{
    return TEAM_WORDS(e->team) * sizeof(cl_uint);
}

static gradus_status enqueue_steps(engine *base, const step_run *run, size_t factors_at)
{
    gradus_status status = GRADUS_OK;
    fused_batch *e = (fused_batch *)base;
    gradus_device *device = e->packed.common.device;
    const batch_steps work = {(u32)run->first, (u32)run->end, (u32)factors_at, run->keep, e->images};
    TRY(gr_buffer_write_queued(device, e->team_memory, 0, team_bytes(e), e->begin_team));
    TRY(gr_launch_vary(&e->steps, sizeof work, &work));
    TRY(gr_launch_enqueue(device, &e->steps));
cleanup:
    return status;
}

static gradus_status fused_batch_take_steps(engine *base, const step_run *run)
{
    fused_batch *e = (fused_batch *)base;
    return gr_step_queue_take(e->packed.common.device, &e->queue, base, run, enqueue_steps);
}

/* ---- Plan ---- */

/* Largest number of samples of a tile: its dZ1 stays in the first-level cache. */
#define TILE_MAX 64

/* Partial gradients begin this number of floats after a page boundary, where parameters and moments begin: a core
 * mistakes a load for one of data that it has just stored at a distance of 4 KiB, and waits. */
#define HEAD_FLOATS 256

static tile_plan plan_tile(const fused_batch *e, size_t lanes)
{
    const engine *base = &e->packed.common.base;
    const size_t share = gr_divide_up(base->batch, e->packed.common.device->info.compute_units);
    const size_t step = 2 * lanes, tile = gr_divide_up(share < TILE_MAX ? share : TILE_MAX, step) * step;
    const u32 samples = (u32)tile, pixels = (u32)base->network.sizes[0], blocks = (u32)e->x.blocks;
    const bool thins = base->regularization.input_dropout > 0, augments = gr_image_source_is_on(base);
    return gr_tile_plan(&base->network, &e->packed.common.layout,
                        &(tile_shape){.lanes = lanes,
                                      .tile = tile,
                                      .groups = pixels,
                                      .blocks = blocks,
                                      .units = e->units,
                                      .head = HEAD_FLOATS,
                                      .weight_sums = e->columns ? 0 : e->packed.common.layout.bias[0],
                                      .pixels = thins ? place_thinned(samples, pixels, blocks, (u32)lanes).end
                                                      : place_lists(samples, pixels).end,
                                      .images = augments ? place_images(samples, pixels, blocks).end : 0});
}

static gradus_status build_program(fused_batch *e, const tile_plan *plan)
{
    gradus_status status = GRADUS_OK;
    const device_engine *common = &e->packed.common;
    const struct {
        const char *name;
        size_t value;
    } constants[] = {
        {"OPTIMIZER", common->base.optimizer.kind},
        {"AUGMENTS", gr_image_source_is_on(&common->base)},
        {"IMAGES_AT", plan->images_at},
        {"BLOCK", e->x.block},
        {"COLUMNS", e->columns},
        {"CLIPS", common->base.optimizer.clip_norm > 0},
    };
    char *options = NULL;
    TRY(gr_copy_text("", &options));
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        TRY(gr_program_define(&options, constants[i].name, &constants[i].value, 1));
    TRY(gr_tile_plan_define(plan, &common->base, &common->layout, &options));
    TRY(gr_program_build(common->device, "fused_batch/fused_batch.cl", options, &e->program));
cleanup:
    free(options);
    return status;
}

/* Largest number of floats of dZ1 of a batch, for a block of units: they stay in the first- and second-level cache. */
#define COLUMNS_FLOATS_MAX (1 << 14)

/* Whether the gradient of W1 is summed by columns: not where units are so few that pixels are not sorted. */
static bool sums_columns(const fused_batch *e, size_t lanes)
{
    return (e->units.blocks > 1 || e->units.block > SCATTERED) &&
           e->packed.common.base.batch * e->units.block * lanes <= COLUMNS_FLOATS_MAX;
}

static gradus_status check_fit(const fused_batch *e, const tile_plan *plan)
{
    const engine *base = &e->packed.common.base;
    const double entries = (double)e->x.entries / (double)base->dataset->info.samples; /* of a sample */
    const double image = (double)gr_image_source_sample_bytes(base);
    const double starts = (double)(e->x.blocks + 1) * sizeof(cl_uint);
    return gr_tile_plan_check_fit(plan, &e->packed.common, e->shares, 3 * entries + starts + 1 + image,
                                  fmax(2 * entries, image));
}

static gradus_status plan_launches(fused_batch *e)
{
    gradus_status status = GRADUS_OK;
    const device_engine *common = &e->packed.common;
    const batch_pass none = {0};
    const batch_reduce no_sums = {0};
    const cl_uint shares = (cl_uint)e->shares;
    TRY(gr_launch_create_in(
        e->program, "fused_batch_pass", e->shares, 1,
        ARGUMENTS(ARGUMENT(none), ARGUMENT(e->x.values), ARGUMENT(e->x.places), ARGUMENT(e->x.starts),
                  ARGUMENT(e->labels), ARGUMENT(e->order), ARGUMENT(common->parameters), ARGUMENT(e->scratch),
                  ARGUMENT(common->record.progress), ARGUMENT(e->source.plan), ARGUMENT(e->source.pixels)),
        &e->pass));
    TRY(gr_launch_create_in(e->program, "fused_batch_reduce", common->device->info.compute_units, 1,
                            ARGUMENTS(ARGUMENT(no_sums), ARGUMENT(e->scratch), ARGUMENT(common->gradient),
                                      ARGUMENT(common->record.sums), ARGUMENT(shares)),
                            &e->reduce));
cleanup:
    return status;
}

/* ---- Complete steps ---- */

/* A team pays if a step takes more than this number of cycles of a core. */
#define SMALL_STEP_CYCLES 40e3

/* The cycles of a core that a step takes, as measured with AVX2: a vector of units is used three times per pixel, one of
 * samples three times per weight of the other layers; a parameter is updated once, a pixel of an augmented image is computed
 * once. */
static double step_cycles(const fused_batch *e, size_t lanes)
{
    const engine *base = &e->packed.common.base;
    const parameter_layout *layout = &e->packed.common.layout;
    const double batch = (double)base->batch, vectors = (double)(e->units.padded / lanes);
    const double pixels = (double)e->x.entries / (double)base->dataset->info.samples * batch;
    const double others = (double)(layout->length - layout->bias[0]) * batch / (double)lanes;
    const double made = batch * (double)gr_image_source_sample_bytes(base);
    return 6 * pixels * vectors + 3 * others + 0.6 * (double)layout->length + 15 * made;
}

/* The looks of a waiting work-item, each of some cycles: some milliseconds, and longer than a step takes. */
static cl_uint patience(const fused_batch *e)
{
    const double looks = step_cycles(e, e->packed.common.device->lanes);
    return looks < 1u << 20 ? 1u << 20 : looks > UINT32_MAX ? UINT32_MAX : (cl_uint)looks;
}

static gradus_status create_steps(fused_batch *e)
{
    const device_engine *common = &e->packed.common;
    const batch_steps none = {0};
    const batch_training training = {(u32)common->base.batch, (u32)e->shares, patience(e), common->base.optimizer};
    const moment_arguments moments =
        gr_moment_arguments(common->optimizer.first, common->optimizer.second, common->gradient);
    return gr_launch_create_in(e->program, "fused_batch_steps", e->team, 1,
                               ARGUMENTS(ARGUMENT(none), ARGUMENT(training), ARGUMENT(e->queue.factors),
                                         ARGUMENT(e->x.values), ARGUMENT(e->x.places), ARGUMENT(e->x.starts),
                                         ARGUMENT(e->labels), ARGUMENT(e->order), ARGUMENT(common->parameters),
                                         ARGUMENT(common->gradient), ARGUMENT(common->kept), ARGUMENT(e->scratch),
                                         ARGUMENT(common->record.sums), ARGUMENT(common->record.history),
                                         ARGUMENT(common->record.progress), ARGUMENT(common->optimizer.decays),
                                         ARGUMENT(moments.first), ARGUMENT(moments.second), ARGUMENT(e->source.plan),
                                         ARGUMENT(e->source.pixels), ARGUMENT(e->team_memory)),
                               &e->steps);
}

static gradus_status plan_steps(fused_batch *e)
{
    gradus_status status = GRADUS_OK;
    gradus_device *device = e->packed.common.device;
    TRY(gr_step_queue_create(device, &e->queue));
    TRY(gr_allocate(TEAM_WORDS(e->team), &e->begin_team));
    TRY(gr_buffer_create_zeroed(device, team_bytes(e), "a team", &e->team_memory));
    TRY(create_steps(e));
    /* A launch without steps, so that no compiler runs during the first ones. */
    TRY(gr_launch_enqueue(device, &e->steps));
    TRY(gr_device_finish(device));
cleanup:
    return status;
}

/* ---- Creation and destruction ---- */

static gradus_status upload(fused_batch *e)
{
    gradus_status status = GRADUS_OK;
    gradus_device *device = e->packed.common.device;
    const gradus_dataset *data = e->packed.common.base.dataset;
    const size_t samples = data->info.samples;
    const permutation identity = gr_permutation_identity((uint32_t)samples);

    TRY(gr_sample_lists_upload(device, data, &e->x));
    TRY(gr_image_source_create(device, &e->packed.common.base, &e->source));
    TRY(gr_buffer_create(device, samples, "the labels", &e->labels));
    TRY(gr_buffer_write(device, e->labels, 0, samples, data->labels));
    TRY(gr_buffer_create(device, samples * sizeof(cl_uint), "the order of samples", &e->order));
    TRY(gr_shuffle_samples(device, e->order, samples, &e->shuffle_samples));
    TRY(fused_batch_shuffle(&e->packed.common.base, &identity));
cleanup:
    return status;
}

static void fused_batch_destroy(engine *base)
{
    fused_batch *e = (fused_batch *)base;
    (void)gr_device_finish(e->packed.common.device);
    gr_launch_destroy(&e->shuffle_samples);
    gr_launch_destroy(&e->pass);
    gr_launch_destroy(&e->reduce);
    gr_launch_destroy(&e->steps);
    gr_step_queue_release(&e->queue);
    gr_sample_lists_release(&e->x);
    gr_image_source_release(&e->source);
    gr_buffer_release(&e->labels);
    gr_buffer_release(&e->order);
    gr_buffer_release(&e->scratch);
    gr_buffer_release(&e->team_memory);
    free(e->begin_team);
    gr_program_release(&e->program);
    gr_device_engine_release(&e->packed.common);
    free(e);
}

static const engine_type limited_batch_type;

static gradus_status fused_batch_create(const engine *base, gradus_device *device, engine **out)
{
    gradus_status status = GRADUS_OK;
    fused_batch *e = NULL;
    const size_t lanes = device->lanes;

    TRY(gr_allocate(1, &e));
    e->units = gr_element_units(base->network.sizes[1], lanes);
    TRY(gr_packed_engine_init(&e->packed, base, device, e->units.block * lanes));
    TRY(gr_sample_lists_measure(base->dataset, gr_element_block(base->network.sizes[1], lanes), &e->x));
    const bool limited = base->optimizer.max_norm > 0;
    e->packed.common.base.type = limited ? &limited_batch_type : &gr_fused_batch;
    e->columns = sums_columns(e, lanes);
    const tile_plan plan = plan_tile(e, lanes);
    const size_t tiles = gr_divide_up(base->batch, plan.shape.tile);
    e->tile = plan.shape.tile;
    e->team =
        step_cycles(e, lanes) < SMALL_STEP_CYCLES || (tiles == 1 && !e->columns) ? 1 : device->info.compute_units;
    e->shares = e->columns || tiles < e->team ? tiles : e->team;
    TRY(check_fit(e, &plan));
    TRY(build_program(e, &plan));
    TRY(gr_tile_plan_create_scratch(&plan, device, e->shares, &e->scratch));
    TRY(upload(e));
    TRY(plan_launches(e));
    if (!limited) /* max-norm has a launch of its own */
        TRY(plan_steps(e));
    *out = &e->packed.common.base;
    e = NULL;
cleanup:
    if (e != NULL)
        fused_batch_destroy(&e->packed.common.base);
    return status;
}

/* ---- The engines ---- */

static const char *fused_batch_unsupported(const engine *base, const gradus_device *device)
{
    (void)device;
    const bool input_dropout = base->regularization.input_dropout > 0;
    return base->network.floats                                  ? "float features"
           : base->batch == 0                                    ? "full batches"
           : input_dropout && base->network.input_deviation != 0 ? "input dropout with standardised input"
                                                                 : NULL;
}

#define FUSED_BATCH_ENGINE(steps)                                                                                     \
    {                                                                                                                 \
        .name = "fused", .unsupported = fused_batch_unsupported, .create = fused_batch_create,                        \
        .shuffle = fused_batch_shuffle, .gradient = fused_batch_gradient, .evaluate = fused_batch_evaluate,           \
        .take_steps = (steps), .destroy = fused_batch_destroy, DEVICE_ENGINE_MEMBERS, PACKED_ENGINE_ARRAYS            \
    }

const engine_type gr_fused_batch = FUSED_BATCH_ENGINE(fused_batch_take_steps);
static const engine_type limited_batch_type = FUSED_BATCH_ENGINE(NULL);
