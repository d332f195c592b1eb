/* SPDX-License-Identifier: Apache-2.0 */
/* Engine "fused" for CPUs is made here: the kernels' constants, compressed X, the buffers, the launches. */
#include "core/memory.h"
#include "engine/fused_cpu/fused.h"

#include <stdlib.h>

/* ---- The kernels' constants ---- */

/* The blocks of units whose sums fit 16 vector registers beside what they are made of: 12 units of one vector each; 8
 * vectors of units, where loads are the limit; 6 or 5 units of two vectors. Returns the number of units, padded. */
static size_t plan_blocks(const fused *e, fused_constants *plan)
{
    const size_t units = e->common.base.network.sizes[1];
    switch (e->first) {
    case FIRST_GROUPS:
        gr_divide_blocks(units, 12, &plan->unit_block, &plan->unit_blocks);
        break;
    case FIRST_ELEMENTS:
    case FIRST_BATCH:
        gr_divide_blocks(gr_divide_up(units, plan->lanes), ELEMENT_VECTORS, &plan->unit_block, &plan->unit_blocks);
        return plan->unit_block * plan->unit_blocks * plan->lanes;
    case FIRST_DENSE:
        plan->unit_block = units <= 6 ? units : gr_divide_up(units, 5) * 5 < gr_divide_up(units, 6) * 6 ? 5 : 6;
        plan->unit_blocks = gr_divide_up(units, plan->unit_block);
        break;
    case FIRST_WIDE:
        plan->unit_block = WIDE_ROWS;
        plan->unit_blocks = gr_divide_up(units, plan->unit_block);
        const size_t forward = plan->unit_blocks * plan->unit_block,
                     backward = gr_fused_wide_columns(units, plan->lanes);
        return forward > backward ? forward : backward;
    case FIRST_GPU: /* planned in fused_gpu_plan.c */
        break;
    }
    return plan->unit_block * plan->unit_blocks;
}

static size_t align(size_t at)
{
    return gr_divide_up(at, PARAMETER_ALIGNMENT) * PARAMETER_ALIGNMENT;
}

/* Lays out a work-item's scratch: packed W1, packed dW1, the other gradients, two metrics, each layer's A and dZ, spare
 * room. All but the gradients begin at whole vectors. */
fused_constants gr_fused_make_constants(const fused *e, size_t lanes)
{
    const gradus_network *net = &e->common.base.network;
    const parameter_layout *layout = &e->common.layout;
    const size_t tile = e->shape.tile;
    fused_constants plan = {.lanes = lanes};

    const size_t units = plan_blocks(e, &plan);
    plan.packed = align(units * e->shape.groups * e->shape.lanes);
    size_t at = align(2 * plan.packed + layout->length - layout->bias[0] + 2);
    for (size_t l = 0; l < net->layers; l++) {
        const size_t rows = l == 0 ? units : net->sizes[l + 1];
        plan.activations_at[l] = at;
        at += rows * tile;
        plan.dz_at[l] = l + 1 < net->layers ? at : plan.activations_at[l];
        at += l + 1 < net->layers ? rows * tile : 0;
    }
    plan.spare_at = net->layers > 1 ? plan.activations_at[0] : at; /* with one layer that is still in use */
    plan.spare_forward_at = net->layers > 1 ? plan.dz_at[0] : at;
    at += net->layers > 1 ? 0 : units * tile;
    plan.pixels_at = at;
    at += e->first == FIRST_WIDE ? e->shape.groups * tile : 0;
    at += e->first == FIRST_BATCH ? gr_fused_batch_floats(e) : 0;
    plan.numbers_at = align(at);
    plan.input_bias_at = align(plan.numbers_at + tile);
    plan.augmented_at = align(plan.input_bias_at + units);
    plan.scratch = align(plan.augmented_at + (e->first == FIRST_BATCH ? gr_fused_augmented_floats(e) : 0));
    return plan;
}

/* Appends what of a network and its training is more than sizes; nothing for a plain ReLU network of bytes / 255, whose
 * constants are the kernels' own. */
static gradus_status define_functions(const engine *base, char **options)
{
    const input_transform input = gr_network_input(&base->network);
    const regularization *how = &base->regularization;
    const uint32_t hidden = gr_dropout_threshold(how->dropout), features = gr_dropout_threshold(how->input_dropout);
    char *text = NULL;
    gradus_status status = GRADUS_OK;
    TRY(gr_format_text(&text,
                       "%s -D ACTIVATION=%d -D DROPOUT=%u -D INPUT_DROPOUT=%u -D DROPOUT_GAIN=%af -D INPUT_GAIN=%af "
                       "-D SMOOTHING=%af -D INPUT_SCALE=%af -D INPUT_OFFSET=%af -D STANDARDISED=%d",
                       *options, (int)base->network.activation, hidden, features, (double)gr_dropout_gain(hidden),
                       (double)gr_dropout_gain(features), (double)how->label_smoothing, (double)input.scale,
                       (double)input.offset, input.offset != 0));
    free(*options);
    *options = text;
cleanup:
    return status;
}

gradus_status gr_fused_build_program(fused *e, const fused_constants *plan)
{
    gradus_status status = GRADUS_OK;
    const bool batch = e->first == FIRST_BATCH;
    const size_t augments = gr_augmentation_is_on(&e->common.base.augmentation.most);
    const size_t kind_of_optimizer = e->common.base.optimizer.kind;
    const gradus_network *net = &e->common.base.network;
    const parameter_layout *layout = &e->common.layout;
    const struct {
        const char *name;
        size_t value;
    } numbers[] = {
        {"LANES", plan->lanes},           {"TILE", e->shape.tile},
        {"GROUPS", e->shape.groups},      {"BLOCKS", e->shape.blocks},
        {"LAYERS", net->layers},          {"PARAMETERS", layout->length},
        {"UNIT_BLOCK", plan->unit_block}, {"UNIT_BLOCKS", plan->unit_blocks},
        {"PACKED", plan->packed},         {"SPARE_AT", plan->spare_at},
        {"PIXELS_AT", plan->pixels_at},   {"SPARE_FORWARD_AT", plan->spare_forward_at},
        {"SCRATCH", plan->scratch},       {"OPTIMIZER", kind_of_optimizer},
        {"NUMBERS_AT", plan->numbers_at}, {"INPUT_BIAS_AT", plan->input_bias_at},
        {"AUGMENTS", augments},           {"AUGMENTED_AT", plan->augmented_at},
        {"FIRST_LAYER", e->first},
    };
    char *options = NULL;

    TRY(gr_copy_text("", &options));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        TRY(gr_program_define(&options, numbers[i].name, &numbers[i].value, 1));
    TRY(gr_program_define(&options, "SIZES", net->sizes, net->layers + 1));
    TRY(gr_program_define(&options, "WEIGHTS_AT", layout->weights, net->layers));
    TRY(gr_program_define(&options, "BIAS_AT", layout->bias, net->layers));
    TRY(gr_program_define(&options, "ACTIVATIONS_AT", plan->activations_at, net->layers));
    TRY(gr_program_define(&options, "DZ_AT", plan->dz_at, net->layers));
    TRY(define_functions(&e->common.base, &options));
    TRY(gr_program_build(e->common.device, batch ? "fused_batch/fused_batch.cl" : "fused_cpu/fused_cpu.cl", options,
                         &e->program));
cleanup:
    free(options);
    return status;
}

/* ---- Launches ---- */

static gradus_status plan_launches(fused *e)
{
    gradus_status status = GRADUS_OK;
    const cl_mem unset = NULL;
    const cl_uint none = 0, work_items = (cl_uint)e->work_items;
    const cl_float unscaled = 0;
    const size_t local = 32; /* divides the length of the parameters, see PARAMETER_ALIGNMENT */

    TRY(gr_launch_create_in(e->program, "fused_pass", e->work_items, 1,
                            ARGUMENTS(ARGUMENT(none), ARGUMENT(none), ARGUMENT(none), ARGUMENT(unset),
                                      ARGUMENT(e->x.values), ARGUMENT(e->x.places), ARGUMENT(e->x.sample_offsets),
                                      ARGUMENT(e->x.lists), ARGUMENT(e->x.list_offsets), ARGUMENT(e->labels),
                                      ARGUMENT(e->place_feature), ARGUMENT(e->common.parameters), ARGUMENT(e->scratch),
                                      ARGUMENT(e->common.record.progress)),
                            &e->fused_pass));
    TRY(gr_launch_create_in(e->program, "fused_reduce", e->common.base.layout.length, local,
                            ARGUMENTS(ARGUMENT(unscaled), ARGUMENT(e->scratch), ARGUMENT(e->feature_place),
                                      ARGUMENT(e->common.gradient), ARGUMENT(e->common.record.sums),
                                      ARGUMENT(work_items)),
                            &e->fused_reduce));
cleanup:
    return status;
}

/* ---- Life cycle ---- */

static gradus_status check_fit(fused *e, const fused_constants *plan)
{
    gradus_status status = GRADUS_OK;
    const double samples = (double)e->common.base.dataset->info.samples;
    const double scratch = (double)(e->work_items * plan->scratch) * sizeof(cl_float);
    size_t largest = 0;
    const size_t pixels = gr_fused_pixel_bytes(e, &largest);
    const memory_need need = {(double)pixels / samples + 1, (double)largest / samples,
                              (double)gr_device_engine_bytes(&e->common.base) + scratch};

    if (plan->scratch > UINT32_MAX || scratch > (double)e->common.device->info.max_allocation_bytes)
        FAIL(GRADUS_ERROR_DEVICE, "%s: engine fused needs %.1f MB for each of %zu cores for this network",
             e->common.device->info.name, (double)plan->scratch * sizeof(cl_float) * 1e-6, e->work_items);
    TRY(gr_device_engine_check_fit(&e->common, &need));
cleanup:
    return status;
}

gradus_status gr_fused_create_with(const engine *base, gradus_device *device, first_layer first, engine **out)
{
    gradus_status status = GRADUS_OK;
    fused *e = NULL;
    size_t lanes = 0;

    TRY(gr_allocate(1, &e));
    TRY(gr_device_engine_init(&e->common, base, device));
    e->first = first;
    TRY(gr_device_lanes(device, &lanes));
    TRY(gr_fused_measure(e, lanes));
    const fused_constants plan = gr_fused_make_constants(e, lanes);
    e->work_items = device->info.compute_units < e->shape.tiles ? device->info.compute_units : e->shape.tiles;
    TRY(check_fit(e, &plan));
    TRY(gr_fused_build_program(e, &plan));
    TRY(gr_buffer_create_zeroed(device, e->work_items * plan.scratch * sizeof(cl_float), "scratch", &e->scratch));
    TRY(gr_fused_upload(e));
    TRY(plan_launches(e));
    *out = &e->common.base;
    e = NULL;
cleanup:
    if (e != NULL)
        gr_fused_destroy(&e->common.base);
    return status;
}

gradus_status gr_fused_create(const engine *base, gradus_device *device, engine **out)
{
    gradus_status status = GRADUS_OK;
    size_t lanes = 0;
    first_layer first;
    if (base->batch > 0)
        return gr_fused_batch_create(base, device, out);
    if (device->kernels == KERNELS_GPU)
        return gr_fused_gpu_create(base, device, out);
    TRY(gr_device_lanes(device, &lanes));
    TRY(gr_fused_choose(base->dataset, base->network.sizes[1], lanes, &first));
    TRY(gr_fused_create_with(base, device, first, out));
cleanup:
    return status;
}

void gr_fused_destroy(engine *base)
{
    fused *e = (fused *)base;
    cl_mem *const buffers[] = {&e->order,   &e->factors, &e->place_feature, &e->feature_place, &e->labels,
                               &e->scratch, &e->kept,    &e->augment_plan,  &e->images};
    clFinish(e->common.device->queue);
    gr_launch_destroy(&e->fused_pass);
    gr_launch_destroy(&e->fused_reduce);
    gr_launch_destroy(&e->shuffle_samples);
    gr_launch_destroy(&e->fused_batch_steps);
    free(e->factors_sent);
    gr_launch_destroy(&e->fused_forward);
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        gr_buffer_release(buffers[i]);
    gr_compressed_release(&e->x);
    if (e->program != NULL)
        clReleaseProgram(e->program);
    gr_device_engine_release(&e->common);
    free(e);
}
