/* SPDX-License-Identifier: Apache-2.0 */
/* Engine "fused" for full batches with kernels for CPUs: buffers, launches, and the engine's functions. */
#include "engine/fused_cpu/fused_cpu.h"
#include "core/memory.h"
#include "engine/fused_cpu/first_forms.h"
#include "engine/fused_tile/tile_plan.h"

#include <stdlib.h>
#include <string.h>

typedef struct fused_cpu {
    device_engine common;
    group_shape shape;    /* of X */
    size_t work_items;    /* shares of the pass */
    compressed x;         /* X, as the form of the first layer needs it */
    cl_mem place_feature; /* (lanes x groups), the order of pixels */
    cl_mem feature_place; /* (F) */
    cl_mem labels;        /* (tiles * tile); NULL for a data set without labels */
    cl_mem scratch;       /* memory and partial sums of each work-item */
    cl_program program;   /* built for this network */
    launch pass, reduce;
} fused_cpu;

/* ---- Computing ---- */

static gradus_status run_pass(fused_cpu *e, size_t first, size_t count, u32 mode)
{
    gradus_status status = GRADUS_OK;
    const pass_range range = make_pass_range((u32)first, (u32)(first + count), mode);
    TRY(gr_launch_vary(&e->pass, sizeof range, &range));
    TRY(gr_launch_enqueue(e->common.device, &e->pass));
    TRY(gr_launch_vary(&e->reduce, sizeof range, &range));
    TRY(gr_launch_enqueue(e->common.device, &e->reduce));
cleanup:
    return status;
}

static gradus_status fused_cpu_gradient(engine *base, size_t first, size_t count)
{
    return run_pass((fused_cpu *)base, first, count, PASS_GRADIENT);
}

static gradus_status fused_cpu_evaluate(engine *base, size_t first, size_t count)
{
    return run_pass((fused_cpu *)base, first, count, PASS_EVALUATE);
}

/* Creates the launch of a pass; probabilities (C x B) may be NULL if it does not compute them. */
static gradus_status create_pass(const fused_cpu *e, pass_range range, cl_mem probabilities, launch *out)
{
    return gr_launch_create_in(e->program, "fused_cpu_pass", e->work_items, 1,
                               ARGUMENTS(ARGUMENT(range), ARGUMENT(e->x.values), ARGUMENT(e->x.places),
                                         ARGUMENT(e->x.sample_offsets), ARGUMENT(e->x.lists),
                                         ARGUMENT(e->x.list_offsets), ARGUMENT(e->labels), ARGUMENT(e->place_feature),
                                         ARGUMENT(e->common.parameters), ARGUMENT(e->scratch),
                                         ARGUMENT(e->common.record.progress), ARGUMENT(probabilities)),
                               out);
}

static gradus_status fused_cpu_probabilities(engine *base, float *out)
{
    gradus_status status = GRADUS_OK;
    fused_cpu *e = (fused_cpu *)base;
    const size_t samples = base->dataset->info.samples;
    const size_t bytes = samples * base->network.sizes[base->network.layers] * sizeof *out;
    cl_mem probabilities = NULL; /* (C x B) */
    launch pass = {0};

    TRY(gr_buffer_create(e->common.device, bytes, "the probabilities", &probabilities));
    TRY(create_pass(e, make_pass_range(0, (u32)samples, PASS_PROBABILITIES), probabilities, &pass));
    TRY(gr_launch_enqueue(e->common.device, &pass));
    TRY(gr_buffer_read(e->common.device, probabilities, 0, bytes, out));
cleanup:
    gr_launch_destroy(&pass);
    gr_buffer_release(&probabilities);
    return status;
}

/* ---- Upload ---- */

static gradus_status upload_order(fused_cpu *e)
{
    gradus_status status = GRADUS_OK;
    gradus_device *device = e->common.device;
    const gradus_dataset_info *info = &e->common.base.dataset->info;
    const size_t places = e->shape.groups * e->shape.lanes;
    uint32_t *place_feature = NULL, *feature_place = NULL;

    TRY(gr_allocate(places, &place_feature));
    TRY(gr_allocate(info->features, &feature_place));
    gr_groups_order(info, &e->shape, place_feature, feature_place);
    TRY(gr_buffer_create(device, places * sizeof *place_feature, "the order of pixels", &e->place_feature));
    TRY(gr_buffer_write(device, e->place_feature, 0, places * sizeof *place_feature, place_feature));
    TRY(gr_buffer_create(device, info->features * sizeof *feature_place, "the order of pixels", &e->feature_place));
    TRY(gr_buffer_write(device, e->feature_place, 0, info->features * sizeof *feature_place, feature_place));
cleanup:
    free(feature_place);
    free(place_feature);
    return status;
}

static gradus_status upload_labels(fused_cpu *e)
{
    gradus_status status = GRADUS_OK;
    const gradus_dataset *data = e->common.base.dataset;
    const size_t padded = e->shape.tiles * e->shape.tile;
    uint8_t *labels = NULL; /* (tiles * tile) */
    if (data->labels == NULL)
        return GRADUS_OK;
    TRY(gr_allocate(padded, &labels));
    memcpy(labels, data->labels, data->info.samples);
    TRY(gr_buffer_create(e->common.device, padded, "the labels", &e->labels));
    TRY(gr_buffer_write(e->common.device, e->labels, 0, padded, labels));
cleanup:
    free(labels);
    return status;
}

/* ---- Plan ---- */

static tile_plan plan_tile(const fused_cpu *e, const first_form *form, size_t lanes)
{
    const group_shape *x = &e->shape;
    const unit_blocks units = form->divide_units(e->common.base.network.sizes[1], lanes);
    const size_t packed = gr_tile_align(units.padded * x->groups * x->lanes);
    return gr_tile_plan(&e->common.base.network, &e->common.layout,
                        &(tile_shape){.lanes = lanes,
                                      .tile = x->tile,
                                      .groups = x->groups,
                                      .blocks = x->blocks,
                                      .units = units,
                                      .head = packed,
                                      .weight_sums = packed,
                                      .pixels = form->keeps_floats ? x->groups * x->tile : 0});
}

static gradus_status check_fit(const fused_cpu *e, const first_form *form, const tile_plan *plan)
{
    const double samples = (double)e->common.base.dataset->info.samples;
    size_t largest = 0;
    const size_t pixels = form->bytes(&e->shape, &largest);
    return gr_tile_plan_check_fit(plan, &e->common, e->work_items, (double)pixels / samples + 1,
                                  (double)largest / samples);
}

static gradus_status build_program(fused_cpu *e, const char *file, const tile_plan *plan)
{
    gradus_status status = GRADUS_OK;
    char *options = NULL;
    TRY(gr_copy_text("", &options));
    TRY(gr_tile_plan_define(plan, &e->common.base, &e->common.layout, &options));
    TRY(gr_program_build(e->common.device, file, options, &e->program));
cleanup:
    free(options);
    return status;
}

static gradus_status plan_launches(fused_cpu *e)
{
    gradus_status status = GRADUS_OK;
    const pass_range none = {0};
    const cl_uint work_items = (cl_uint)e->work_items;
    TRY(create_pass(e, none, NULL, &e->pass));
    TRY(gr_launch_create_in(e->program, "fused_cpu_reduce", e->common.layout.length, PARAMETER_ALIGNMENT,
                            ARGUMENTS(ARGUMENT(none), ARGUMENT(e->scratch), ARGUMENT(e->feature_place),
                                      ARGUMENT(e->common.gradient), ARGUMENT(e->common.record.sums),
                                      ARGUMENT(work_items)),
                            &e->reduce));
cleanup:
    return status;
}

/* ---- Creation and destruction ---- */

static void fused_cpu_destroy(engine *base)
{
    fused_cpu *e = (fused_cpu *)base;
    (void)gr_device_finish(e->common.device);
    gr_launch_destroy(&e->pass);
    gr_launch_destroy(&e->reduce);
    gr_compressed_release(&e->x);
    gr_buffer_release(&e->place_feature);
    gr_buffer_release(&e->feature_place);
    gr_buffer_release(&e->labels);
    gr_buffer_release(&e->scratch);
    gr_program_release(&e->program);
    gr_device_engine_release(&e->common);
    free(e);
}

/* form: NULL for the one that should be fastest. */
static gradus_status create(const engine *base, gradus_device *device, const first_form *form, engine **out)
{
    gradus_status status = GRADUS_OK;
    const gradus_dataset *dataset = base->dataset;
    const size_t units = base->network.sizes[1];
    fused_cpu *e = NULL;
    const size_t lanes = device->lanes;

    TRY(gr_allocate(1, &e));
    TRY(gr_device_engine_init(&e->common, base, device));
    if (form == NULL)
        TRY(gr_first_form_choose(dataset, units, lanes, &form, &e->shape));
    else
        TRY(form->measure(dataset, units, lanes, &e->shape));
    e->work_items = device->info.compute_units < e->shape.tiles ? device->info.compute_units : e->shape.tiles;
    const tile_plan plan = plan_tile(e, form, lanes);
    TRY(check_fit(e, form, &plan));
    TRY(build_program(e, form->file, &plan));
    TRY(gr_tile_plan_create_scratch(&plan, device, e->work_items, &e->scratch));
    TRY(upload_order(e));
    TRY(form->upload(device, dataset, &e->shape, &e->x));
    TRY(upload_labels(e));
    TRY(plan_launches(e));
    *out = &e->common.base;
    e = NULL;
cleanup:
    if (e != NULL)
        fused_cpu_destroy(&e->common.base);
    return status;
}

static gradus_status create_fastest(const engine *base, gradus_device *device, engine **out)
{
    return create(base, device, NULL, out);
}

static gradus_status create_groups(const engine *base, gradus_device *device, engine **out)
{
    return create(base, device, &gr_first_groups, out);
}

static gradus_status create_elements(const engine *base, gradus_device *device, engine **out)
{
    return create(base, device, &gr_first_elements, out);
}

static gradus_status create_dense(const engine *base, gradus_device *device, engine **out)
{
    return create(base, device, &gr_first_dense, out);
}

static gradus_status create_wide(const engine *base, gradus_device *device, engine **out)
{
    return create(base, device, &gr_first_wide, out);
}

/* ---- The engines ---- */

static const char *fused_cpu_unsupported(const engine *base, const gradus_device *device)
{
    (void)device;
    return base->network.floats                     ? "float features"
           : base->batch > 0                        ? "mini-batches"
           : base->regularization.input_dropout > 0 ? "input dropout with full batches"
                                                    : NULL;
}

#define FUSED_CPU_ENGINE(create_function)                                                                             \
    {                                                                                                                 \
        .name = "fused", .unsupported = fused_cpu_unsupported, .create = (create_function),                           \
        .gradient = fused_cpu_gradient, .evaluate = fused_cpu_evaluate, .probabilities = fused_cpu_probabilities,     \
        .destroy = fused_cpu_destroy, DEVICE_ENGINE_MEMBERS, DEVICE_ENGINE_ARRAYS                                     \
    }

const engine_type gr_fused_cpu = FUSED_CPU_ENGINE(create_fastest);
const engine_type gr_fused_groups = FUSED_CPU_ENGINE(create_groups);
const engine_type gr_fused_elements = FUSED_CPU_ENGINE(create_elements);
const engine_type gr_fused_dense = FUSED_CPU_ENGINE(create_dense);
const engine_type gr_fused_wide = FUSED_CPU_ENGINE(create_wide);
