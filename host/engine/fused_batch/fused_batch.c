/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engine "fused" on mini-batches, for CPUs. X stands sample after sample, each as a list of its pixels that are not zero, so a
 * batch can be taken from anywhere; W1 stays packed from step to step (kernels/fused_batch/first_batch.clh), and everything between
 * two steps, too, works on that layout. Only who writes or reads parameters sees W1 as it is.
 */
#include "engine/fused_cpu/fused.h"
#include "engine/opencl/batch_kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Samples of a tile at most: its dZ1 stays in the first-level cache. */
#define TILE_MAX 64

/* Floats that a work-item of fused_batch_reduce adds up: at least its REDUCE_VECTORS of 8 lanes; with 16 some have nothing to do. */
#define REDUCE_FLOATS (128 * 8)

/* Bytes of W1 that a block of pixels meets, as elements.clh wants them in the first-level cache. */
#define BLOCK_BYTES 40000

/* Random bits of features are drawn for some features more than there are: for 16 lanes so many words. */
#define BITS_PADDING 64

size_t gr_fused_batch_floats(const fused *e)
{
    const size_t tile = e->shape.tile, pixels = e->shape.groups, lists = gr_divide_up(tile * pixels, 2);
    const size_t starts = tile * e->shape.blocks + 1, bits = pixels / 2 + BITS_PADDING, values = lists / 2 + 1;
    const size_t thinned = e->common.base.regularization.input_dropout > 0 ? starts + bits + lists + values : 0;
    return tile + pixels + 1 + tile / 4 + lists + thinned;
}

/* ---- Work ---- */

/* From batch to batch it is the range alone that differs. */
static gradus_status set_arguments(fused *e, const fused_range *next)
{
    gradus_status status = GRADUS_OK;
    const fused_range *now = &e->current;
    const size_t count = next->end - next->first;
    const cl_uint begin = (cl_uint)next->first, end = (cl_uint)next->end, what = (cl_uint)next->mode;
    const float scale = 1.0f / (float)count;
    TRY(gr_launch_set(&e->fused_pass, 0, (kernel_argument)ARGUMENT(begin)));
    TRY(gr_launch_set(&e->fused_pass, 1, (kernel_argument)ARGUMENT(end)));
    if (now->end == 0 || now->mode != next->mode)
        TRY(gr_launch_set(&e->fused_pass, 2, (kernel_argument)ARGUMENT(what)));
    if (now->end - now->first != count)
        TRY(gr_launch_set(&e->fused_reduce, 0, (kernel_argument)ARGUMENT(scale)));
    e->current = *next;
cleanup:
    return status;
}

static gradus_status run_pass(fused *e, size_t first, size_t count, fused_mode mode)
{
    gradus_status status = GRADUS_OK;
    TRY(set_arguments(e, &(fused_range){NULL, first, first + count, mode}));
    TRY(gr_launch_enqueue(e->common.device, &e->fused_pass));
    TRY(gr_launch_enqueue(e->common.device, &e->fused_reduce));
cleanup:
    return status;
}

static gradus_status batch_gradient(engine *base, size_t first, size_t count)
{
    return run_pass((fused *)base, first, count, FUSED_GRADIENT);
}

static gradus_status batch_evaluate(engine *base, size_t first, size_t count)
{
    return run_pass((fused *)base, first, count, FUSED_EVALUATE);
}

/* As many steps as the ring of factors has left. */
static gradus_status queue_steps(fused *e, const step_run *run)
{
    gradus_status status = GRADUS_OK;
    const cl_uint first = (cl_uint)run->first, end = (cl_uint)run->end, at = (cl_uint)e->factors_next;
    const cl_uint keep = run->keep;
    const size_t offset = 3 * e->factors_next, bytes = run->count * sizeof *run->steps;

    memcpy(e->factors_sent + offset, run->steps, bytes);
    CL_TRY(clEnqueueWriteBuffer(e->common.device->queue, e->factors, CL_FALSE, offset * sizeof(cl_float), bytes,
                                e->factors_sent + offset, 0, NULL, NULL));
    TRY(gr_launch_set(&e->fused_batch_steps, 0, (kernel_argument)ARGUMENT(first)));
    TRY(gr_launch_set(&e->fused_batch_steps, 1, (kernel_argument)ARGUMENT(end)));
    TRY(gr_launch_set(&e->fused_batch_steps, 2, (kernel_argument)ARGUMENT(at)));
    TRY(gr_launch_set(&e->fused_batch_steps, 3, (kernel_argument)ARGUMENT(keep)));
    TRY(gr_launch_enqueue(e->common.device, &e->fused_batch_steps));
    e->factors_next = (e->factors_next + run->count) % METRIC_SLOTS;
cleanup:
    return status;
}

static gradus_status batch_take_steps(engine *base, const step_run *run)
{
    gradus_status status = GRADUS_OK;
    fused *e = (fused *)base;
    step_run rest = *run;
    while (rest.count > 0) {
        const size_t room = METRIC_SLOTS - e->factors_next;
        step_run part = rest;
        if (part.count > room)
            part = (step_run){rest.first, rest.first + room * base->batch, rest.steps, room, false};
        TRY(queue_steps(e, &part));
        rest.first = part.end;
        rest.steps += part.count;
        rest.count -= part.count;
    }
cleanup:
    return status;
}

static gradus_status put_in_order(fused *e, const permutation *order)
{
    gradus_status status = GRADUS_OK;
    TRY(gr_shuffle_samples_set(&e->shuffle_samples, order));
    TRY(gr_launch_enqueue(e->common.device, &e->shuffle_samples));
cleanup:
    return status;
}

static gradus_status batch_shuffle(engine *base, const permutation *order)
{
    gradus_status status = GRADUS_OK;
    TRY(put_in_order((fused *)base, order));
    TRY(gr_fused_images_set_epoch((fused *)base, order));
cleanup:
    return status;
}

/* ---- Small batches ---- */

/* A launch that all cores share costs about as much as a core does in so many cycles; whole steps on one core cost none. */
#define SMALL_STEP_CYCLES 150e3

/* Cycles of a core as measured with AVX2: a vector of units meets a pixel three times, a parameter is updated once, a pixel
 * of an augmented image is made once. */
static bool is_small(const fused *e, size_t vectors)
{
    const engine *base = &e->common.base;
    if (base->optimizer.max_norm > 0) /* whose launch only update() has */
        return false;
    const double pixels = (double)e->shape.entries / (double)base->dataset->info.samples * (double)base->batch;
    const double made = (double)base->batch * gr_fused_image_bytes(e);
    return 6 * pixels * (double)vectors + 0.6 * (double)e->common.layout.length + 15 * made < SMALL_STEP_CYCLES;
}

static gradus_status plan_steps(fused *e)
{
    gradus_status status = GRADUS_OK;
    gradus_device *device = e->common.device;
    const device_engine *common = &e->common;
    const optimizer *how = &common->base.optimizer;
    const cl_uint none = 0, batch = (cl_uint)common->base.batch;
    const cl_mem first = common->optimizer.first == NULL ? common->gradient : common->optimizer.first;
    const cl_mem second = common->optimizer.second == NULL ? common->gradient : common->optimizer.second;
    const size_t factors = (size_t)3 * METRIC_SLOTS;

    TRY(gr_allocate(factors, &e->factors_sent));
    TRY(gr_buffer_create(device, factors * sizeof(cl_float), "learning rates", &e->factors));
    TRY(gr_launch_create_in(
        e->program, "fused_batch_steps", 1, 1,
        ARGUMENTS(ARGUMENT(none), ARGUMENT(none), ARGUMENT(none), ARGUMENT(none), ARGUMENT(batch),
                  ARGUMENT(e->factors), ARGUMENT(e->x.values), ARGUMENT(e->x.places), ARGUMENT(e->x.sample_offsets),
                  ARGUMENT(e->labels), ARGUMENT(e->order), ARGUMENT(common->parameters), ARGUMENT(common->kept),
                  ARGUMENT(e->scratch), ARGUMENT(common->record.sums), ARGUMENT(common->record.history),
                  ARGUMENT(common->record.progress), ARGUMENT(common->record.slots), ARGUMENT(how->momentum),
                  ARGUMENT(how->decay), ARGUMENT(how->epsilon), ARGUMENT(how->weight_decay), ARGUMENT(how->clip_norm),
                  ARGUMENT(common->optimizer.decays), ARGUMENT(first), ARGUMENT(second), ARGUMENT(e->augment_plan),
                  ARGUMENT(e->images), ARGUMENT(none), ARGUMENT(none)),
        &e->fused_batch_steps));
    /* No steps, so that no compiler runs during the first ones. */
    TRY(gr_launch_enqueue(device, &e->fused_batch_steps));
    CL_TRY(clFinish(device->queue));
cleanup:
    return status;
}

/* ---- X ---- */

/* Counts the pixels that are not zero. */
static gradus_status measure(fused *e, size_t lanes)
{
    const engine *base = &e->common.base;
    const gradus_dataset_info *info = &base->dataset->info;
    const size_t share = gr_divide_up(base->batch, e->common.device->info.compute_units);
    const size_t step = 2 * lanes, tile = gr_divide_up(share < TILE_MAX ? share : TILE_MAX, step) * step;
    const size_t block = BLOCK_BYTES / (e->batch_units * sizeof(cl_float));
    size_t entries = 0;

    for (size_t i = 0; i < info->samples * info->features; i++)
        entries += base->dataset->pixels[i] != 0;
    if (info->features > UINT16_MAX || entries > UINT32_MAX)
        return gr_fail(GRADUS_ERROR_DEVICE,
                       "engine fused: %zu pixels that are not zero, in samples of %zu, are too many", entries,
                       info->features);
    e->shape = (group_shape){.lanes = 1, .tile = tile, .groups = info->features, .entries = entries};
    gr_divide_blocks(info->features, block > 0 ? block : 1, &e->shape.block, &e->shape.blocks);
    e->shape.tiles = gr_divide_up(base->batch, tile);
    return GRADUS_OK;
}

/* The arrays are written where the device has them. */
static void fill(const fused *e, uint8_t *values, uint16_t *places, uint32_t *starts)
{
    const gradus_dataset *data = e->common.base.dataset;
    const size_t features = data->info.features;
    uint32_t entry = 0;
    for (size_t s = 0; s < data->info.samples; s++)
        for (size_t f = 0; f < features; f++) {
            const uint8_t value = data->pixels[s * features + f];
            if (f % e->shape.block == 0)
                *starts++ = entry;
            if (value == 0)
                continue;
            values[entry] = value;
            places[entry++] = (uint16_t)f;
        }
    *starts = entry;
}

static gradus_status upload(fused *e)
{
    gradus_status status = GRADUS_OK;
    gradus_device *device = e->common.device;
    const gradus_dataset *data = e->common.base.dataset;
    const size_t starts_count = data->info.samples * e->shape.blocks + 1, entries = e->shape.entries + 1;
    const permutation identity = gr_permutation_identity((uint32_t)data->info.samples);
    void *values = NULL, *places = NULL, *starts = NULL;

    TRY(gr_buffer_create_mapped(device, entries, "X", &e->x.values, &values));
    TRY(gr_buffer_create_mapped(device, entries * sizeof(uint16_t), "X", &e->x.places, &places));
    TRY(gr_buffer_create_mapped(device, starts_count * sizeof(uint32_t), "X", &e->x.sample_offsets, &starts));
    fill(e, values, places, starts);
    TRY(gr_buffer_create(device, data->info.samples, "the labels", &e->labels));
    TRY(gr_buffer_write(device, e->labels, 0, data->info.samples, data->labels));
    TRY(gr_buffer_create(device, data->info.samples * sizeof(cl_uint), "the order of samples", &e->order));
    TRY(gr_shuffle_samples(device, e->order, data->info.samples, &e->shuffle_samples));
    TRY(put_in_order(e, &identity));
cleanup:
    if (values != NULL)
        (void)gr_buffer_unmap(device, e->x.values, values);
    if (places != NULL)
        (void)gr_buffer_unmap(device, e->x.places, places);
    if (starts != NULL)
        (void)gr_buffer_unmap(device, e->x.sample_offsets, starts);
    return status;
}

/* ---- Life cycle ---- */

static gradus_status check_fit(const fused *e, const fused_constants *plan)
{
    const double samples = (double)e->common.base.dataset->info.samples, entries = (double)e->shape.entries;
    const double image = gr_fused_image_bytes(e), lists = (double)(e->shape.blocks + 1) * sizeof(cl_uint) + 1;
    const memory_need need = {.sample_bytes = 3 * entries / samples + lists + image,
                              .largest_bytes = fmax(2 * entries / samples, image),
                              .fixed_bytes = (double)gr_device_engine_bytes(&e->common.base) +
                                             (double)(e->work_items * plan->scratch) * sizeof(cl_float)};
    return gr_device_engine_check_fit(&e->common, &need);
}

static gradus_status plan_launches(fused *e)
{
    gradus_status status = GRADUS_OK;
    const cl_uint none = 0, work_items = (cl_uint)e->work_items;
    const cl_float scale = 0;
    TRY(gr_launch_create_in(e->program, "fused_batch_pass", e->work_items, 1,
                            ARGUMENTS(ARGUMENT(none), ARGUMENT(none), ARGUMENT(none), ARGUMENT(e->x.values),
                                      ARGUMENT(e->x.places), ARGUMENT(e->x.sample_offsets), ARGUMENT(e->labels),
                                      ARGUMENT(e->order), ARGUMENT(e->common.parameters), ARGUMENT(e->scratch),
                                      ARGUMENT(e->common.record.progress), ARGUMENT(e->augment_plan),
                                      ARGUMENT(e->images), ARGUMENT(none), ARGUMENT(none)),
                            &e->fused_pass));
    TRY(gr_launch_create_in(e->program, "fused_batch_reduce", gr_divide_up(e->common.layout.length, REDUCE_FLOATS), 1,
                            ARGUMENTS(ARGUMENT(scale), ARGUMENT(e->scratch), ARGUMENT(e->common.gradient),
                                      ARGUMENT(e->common.record.sums), ARGUMENT(work_items)),
                            &e->fused_reduce));
cleanup:
    return status;
}

#define BATCH_ENGINE(steps)                                                                                           \
    {                                                                                                                 \
        .name = "fused", .needs_device = true, .create = gr_fused_batch_create,                                       \
        .write_parameters = gr_fused_packed_write_parameters, .read_parameters = gr_fused_packed_read_parameters,     \
        .read_state = gr_fused_packed_read_state, .write_state = gr_fused_packed_write_state,                         \
        .shuffle = batch_shuffle, .gradient = batch_gradient, .update = gr_device_engine_update,                      \
        .evaluate = batch_evaluate, .take_steps = (steps), .keep_parameters = gr_device_engine_keep_parameters,       \
        .restore_parameters = gr_device_engine_restore_parameters, .send_sums = gr_device_engine_send_sums,           \
        .await_sums = gr_device_engine_await_sums, .read_sums = gr_device_engine_read_sums,                           \
        .read_gradient = gr_fused_packed_read_gradient, .destroy = gr_fused_destroy,                                  \
    }

static const engine_type batch_type = BATCH_ENGINE(NULL);
static const engine_type small_batch_type = BATCH_ENGINE(batch_take_steps);

gradus_status gr_fused_batch_create(const engine *base, gradus_device *device, engine **out)
{
    gradus_status status = GRADUS_OK;
    fused *e = NULL;
    size_t lanes = 0;

    TRY(gr_device_lanes(device, &lanes));
    TRY(gr_allocate(1, &e));
    const packing units = gr_fused_packing(&base->network, lanes);
    const parameter_layout layout = gr_fused_packed_layout(base, &units);
    TRY(gr_device_engine_init_with(&e->common, base, device, &layout, units.block_units));
    e->first = FIRST_BATCH;
    e->batch_units = units.block_units;
    TRY(measure(e, lanes));
    e->common.base.type = is_small(e, units.padded / lanes) ? &small_batch_type : &batch_type;
    const fused_constants plan = gr_fused_make_constants(e, lanes);
    e->work_items = device->info.compute_units < e->shape.tiles ? device->info.compute_units : e->shape.tiles;
    TRY(check_fit(e, &plan));
    TRY(gr_fused_build_program(e, &plan));
    TRY(gr_buffer_create_zeroed(device, e->work_items * plan.scratch * sizeof(cl_float), "scratch", &e->scratch));
    TRY(upload(e));
    TRY(gr_fused_images_upload(e));
    TRY(plan_launches(e));
    if (e->common.base.type == &small_batch_type)
        TRY(plan_steps(e));
    *out = &e->common.base;
    e = NULL;
cleanup:
    if (e != NULL)
        gr_fused_destroy(&e->common.base);
    return status;
}
