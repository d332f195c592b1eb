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

/* Complete steps in one launch, for small batches. */
typedef struct whole_steps {
    step_queue queue;
    launch fused_batch_steps;
} whole_steps;

typedef struct fused_batch {
    packed_engine packed;
    unit_blocks units; /* of W1, in vectors */
    sample_lists x;
    image_source source; /* of augmented images */
    batch_images images; /* for the current order */
    size_t work_items;   /* shares of the pass */
    cl_mem labels;       /* (B) */
    cl_mem order;        /* (B) */
    cl_mem scratch;      /* memory and partial gradients of each work-item */
    cl_program program;  /* built for this network */
    launch shuffle_samples, pass, reduce;
    launch update;      /* empty if the optimizer needs a norm of the gradient */
    whole_steps *steps; /* NULL unless batches are small */
} fused_batch;

/* ---- Computing ---- */

static gradus_status enqueue_pass(fused_batch *e, const pass_range *range)
{
    gradus_status status = GRADUS_OK;
    const batch_pass work = {*range, e->images};
    TRY(gr_launch_vary(&e->pass, sizeof work, &work));
    TRY(gr_launch_enqueue(e->packed.common.device, &e->pass));
cleanup:
    return status;
}

static gradus_status run_pass(fused_batch *e, size_t first, size_t count, u32 mode)
{
    gradus_status status = GRADUS_OK;
    const pass_range range = make_pass_range((u32)first, (u32)(first + count), mode);
    TRY(enqueue_pass(e, &range));
    TRY(gr_launch_vary(&e->reduce, sizeof range, &range));
    TRY(gr_launch_enqueue(e->packed.common.device, &e->reduce));
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

/* Two launches a step. */
static gradus_status fused_batch_pass_and_update(engine *base, const step_run *run)
{
    gradus_status status = GRADUS_OK;
    fused_batch *e = (fused_batch *)base;
    for (size_t i = 0; i < run->count; i++) {
        const sample_range samples = gr_step_samples(base, run, i);
        const u32 first = (u32)samples.first, end = (u32)(samples.first + samples.count);
        const batch_update step = {make_pass_range(first, end, PASS_GRADIENT), run->steps[i],
                                   run->keep && i + 1 == run->count};
        TRY(enqueue_pass(e, &step.range));
        TRY(gr_launch_vary(&e->update, sizeof step, &step));
        TRY(gr_launch_enqueue(e->packed.common.device, &e->update));
    }
cleanup:
    return status;
}

static gradus_status enqueue_steps(engine *base, const step_run *run, size_t factors_at)
{
    gradus_status status = GRADUS_OK;
    fused_batch *e = (fused_batch *)base;
    const batch_steps work = {(u32)run->first, (u32)run->end, (u32)factors_at, run->keep, e->images};
    TRY(gr_launch_vary(&e->steps->fused_batch_steps, sizeof work, &work));
    TRY(gr_launch_enqueue(e->packed.common.device, &e->steps->fused_batch_steps));
cleanup:
    return status;
}

static gradus_status fused_batch_take_steps(engine *base, const step_run *run)
{
    fused_batch *e = (fused_batch *)base;
    return gr_step_queue_take(e->packed.common.device, &e->steps->queue, base, run, enqueue_steps);
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
                                      .weight_sums = e->packed.common.layout.bias[0],
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

static gradus_status check_fit(const fused_batch *e, const tile_plan *plan)
{
    const engine *base = &e->packed.common.base;
    const double entries = (double)e->x.entries / (double)base->dataset->info.samples; /* of a sample */
    const double image = (double)gr_image_source_sample_bytes(base);
    const double starts = (double)(e->x.blocks + 1) * sizeof(cl_uint);
    return gr_tile_plan_check_fit(plan, &e->packed.common, e->work_items, 3 * entries + starts + 1 + image,
                                  fmax(2 * entries, image));
}

static gradus_status plan_launches(fused_batch *e)
{
    gradus_status status = GRADUS_OK;
    const device_engine *common = &e->packed.common;
    const batch_pass none = {0};
    const cl_uint work_items = (cl_uint)e->work_items;
    TRY(gr_launch_create_in(
        e->program, "fused_batch_pass", e->work_items, 1,
        ARGUMENTS(ARGUMENT(none), ARGUMENT(e->x.values), ARGUMENT(e->x.places), ARGUMENT(e->x.starts),
                  ARGUMENT(e->labels), ARGUMENT(e->order), ARGUMENT(common->parameters), ARGUMENT(e->scratch),
                  ARGUMENT(common->record.progress), ARGUMENT(e->source.plan), ARGUMENT(e->source.pixels)),
        &e->pass));
    TRY(gr_launch_create_in(e->program, "fused_batch_reduce", gr_divide_up(common->layout.length, REDUCE_FLOATS), 1,
                            ARGUMENTS(ARGUMENT(none.range), ARGUMENT(e->scratch), ARGUMENT(common->gradient),
                                      ARGUMENT(common->record.sums), ARGUMENT(work_items)),
                            &e->reduce));
cleanup:
    return status;
}

static gradus_status plan_update(fused_batch *e)
{
    const device_engine *common = &e->packed.common;
    const batch_update none = {0};
    const cl_uint work_items = (cl_uint)e->work_items;
    const moment_arguments moments =
        gr_moment_arguments(common->optimizer.first, common->optimizer.second, common->gradient);
    return gr_launch_create_in(
        e->program, "fused_batch_update", gr_divide_up(common->layout.length, REDUCE_FLOATS), 1,
        ARGUMENTS(ARGUMENT(none), ARGUMENT(common->base.optimizer), ARGUMENT(e->scratch), ARGUMENT(common->parameters),
                  ARGUMENT(common->kept), ARGUMENT(common->optimizer.decays), ARGUMENT(moments.first),
                  ARGUMENT(moments.second), ARGUMENT(common->record.sums), ARGUMENT(common->record.history),
                  ARGUMENT(common->record.progress), ARGUMENT(work_items)),
        &e->update);
}

/* ---- Small batches ---- */

/* A launch on all cores costs about this number of cycles of a core; complete steps on one core have no launches. */
#define SMALL_STEP_CYCLES 150e3

/* By the cycles of a core, as measured with AVX2: a vector of units is used three times per pixel, a parameter is
 * updated once, a pixel of an augmented image is computed once. */
static bool is_small(const fused_batch *e, size_t lanes)
{
    const engine *base = &e->packed.common.base;
    if (base->optimizer.max_norm > 0) /* only update() has its launch */
        return false;
    const double batch = (double)base->batch, vectors = (double)(e->units.padded / lanes);
    const double pixels = (double)e->x.entries / (double)base->dataset->info.samples * batch;
    const double made = batch * (double)gr_image_source_sample_bytes(base);
    return 6 * pixels * vectors + 0.6 * (double)e->packed.common.layout.length + 15 * made < SMALL_STEP_CYCLES;
}

static gradus_status create_step_launch(fused_batch *e)
{
    const device_engine *common = &e->packed.common;
    const batch_steps none = {0};
    const batch_training training = {(u32)common->base.batch, common->base.optimizer};
    const moment_arguments moments =
        gr_moment_arguments(common->optimizer.first, common->optimizer.second, common->gradient);
    return gr_launch_create_in(
        e->program, "fused_batch_steps", 1, 1,
        ARGUMENTS(ARGUMENT(none), ARGUMENT(training), ARGUMENT(e->steps->queue.factors), ARGUMENT(e->x.values),
                  ARGUMENT(e->x.places), ARGUMENT(e->x.starts), ARGUMENT(e->labels), ARGUMENT(e->order),
                  ARGUMENT(common->parameters), ARGUMENT(common->kept), ARGUMENT(e->scratch),
                  ARGUMENT(common->record.sums), ARGUMENT(common->record.history), ARGUMENT(common->record.progress),
                  ARGUMENT(common->optimizer.decays), ARGUMENT(moments.first), ARGUMENT(moments.second),
                  ARGUMENT(e->source.plan), ARGUMENT(e->source.pixels)),
        &e->steps->fused_batch_steps);
}

static gradus_status plan_steps(fused_batch *e)
{
    gradus_status status = GRADUS_OK;
    gradus_device *device = e->packed.common.device;
    TRY(gr_allocate(1, &e->steps));
    TRY(gr_step_queue_create(device, &e->steps->queue));
    TRY(create_step_launch(e));
    /* A launch without steps, so that no compiler runs during the first ones. */
    TRY(gr_launch_enqueue(device, &e->steps->fused_batch_steps));
    TRY(gr_device_finish(device));
cleanup:
    return status;
}

static void destroy_steps(whole_steps *steps)
{
    if (steps == NULL)
        return;
    gr_launch_destroy(&steps->fused_batch_steps);
    gr_step_queue_release(&steps->queue);
    free(steps);
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
    gr_launch_destroy(&e->update);
    destroy_steps(e->steps);
    gr_sample_lists_release(&e->x);
    gr_image_source_release(&e->source);
    gr_buffer_release(&e->labels);
    gr_buffer_release(&e->order);
    gr_buffer_release(&e->scratch);
    gr_program_release(&e->program);
    gr_device_engine_release(&e->packed.common);
    free(e);
}

static const engine_type small_batch_type, normed_batch_type;

/* By how they take steps. */
static const engine_type *type_of(const optimizer *how, bool small)
{
    return small ? &small_batch_type : how->clip_norm > 0 || how->max_norm > 0 ? &normed_batch_type : &gr_fused_batch;
}

static gradus_status fused_batch_create(const engine *base, gradus_device *device, engine **out)
{
    gradus_status status = GRADUS_OK;
    fused_batch *e = NULL;
    const size_t lanes = device->lanes;

    TRY(gr_allocate(1, &e));
    e->units = gr_element_units(base->network.sizes[1], lanes);
    TRY(gr_packed_engine_init(&e->packed, base, device, e->units.block * lanes));
    TRY(gr_sample_lists_measure(base->dataset, gr_element_block(base->network.sizes[1], lanes), &e->x));
    const bool small = is_small(e, lanes);
    e->packed.common.base.type = type_of(&base->optimizer, small);
    const tile_plan plan = plan_tile(e, lanes);
    const size_t tiles = gr_divide_up(base->batch, plan.shape.tile);
    e->work_items = device->info.compute_units < tiles ? device->info.compute_units : tiles;
    TRY(check_fit(e, &plan));
    TRY(build_program(e, &plan));
    TRY(gr_tile_plan_create_scratch(&plan, device, e->work_items, &e->scratch));
    TRY(upload(e));
    TRY(plan_launches(e));
    if (small)
        TRY(plan_steps(e));
    else if (e->packed.common.base.type == &gr_fused_batch)
        TRY(plan_update(e));
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

const engine_type gr_fused_batch = FUSED_BATCH_ENGINE(fused_batch_pass_and_update);
static const engine_type normed_batch_type = FUSED_BATCH_ENGINE(NULL);
static const engine_type small_batch_type = FUSED_BATCH_ENGINE(fused_batch_take_steps);
