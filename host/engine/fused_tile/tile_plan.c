/* SPDX-License-Identifier: Apache-2.0 */
/* The layout of a work-item's scratch, and the compiler options that define it for the kernels. */
#include "engine/fused_tile/tile_plan.h"
#include "core/memory.h"
#include "engine/opencl/training_constants.h"

#include <stdlib.h>

/* ---- The plan ---- */

size_t gr_tile_align(size_t floats)
{
    return gr_divide_up(floats, PARAMETER_ALIGNMENT) * PARAMETER_ALIGNMENT;
}

/* Places each layer's A and dZ, and the spare memory beside Z1. Returns the end. */
static size_t place_layers(const gradus_network *network, size_t at, tile_plan *plan)
{
    const size_t layers = network->layers, tile = plan->shape.tile, units = plan->shape.units.padded;
    for (size_t l = 0; l < layers; l++) {
        const size_t floats = (l == 0 ? units : network->sizes[l + 1]) * tile;
        plan->activations_at[l] = at;
        at += floats;
        plan->dz_at[l] = l + 1 < layers ? at : plan->activations_at[l];
        at += l + 1 < layers ? floats : 0;
    }
    plan->spare_at = layers > 1 ? plan->activations_at[0] : at; /* with one layer that memory is still in use */
    plan->spare_forward_at = layers > 1 ? plan->dz_at[0] : at;
    return at + (layers > 1 ? 0 : units * tile);
}

/* Everything except the gradients begins at a multiple of a vector. */
tile_plan gr_tile_plan(const gradus_network *network, const parameter_layout *layout, const tile_shape *shape)
{
    tile_plan plan = {.shape = *shape};
    plan.dw_at = shape->head;
    plan.rest_at = plan.dw_at + shape->weight_sums;
    plan.metrics_at = plan.rest_at + layout->length - layout->bias[0];
    plan.pixels_at = place_layers(network, gr_tile_align(plan.metrics_at + METRICS), &plan);
    plan.numbers_at = gr_tile_align(plan.pixels_at + shape->pixels);
    plan.input_bias_at = gr_tile_align(plan.numbers_at + shape->tile);
    plan.images_at = gr_tile_align(plan.input_bias_at + shape->units.padded);
    plan.scratch = gr_tile_align(plan.images_at + shape->images);
    return plan;
}

/* ---- The kernels' constants ---- */

gradus_status gr_tile_plan_define(const tile_plan *plan, const engine *base, const parameter_layout *layout,
                                  char **options)
{
    gradus_status status = GRADUS_OK;
    const size_t layers = base->network.layers;
    const struct {
        const char *name;
        const size_t *values;
        size_t count;
    } constants[] = {
        {"LANES", &plan->shape.lanes, 1},
        {"TILE", &plan->shape.tile, 1},
        {"GROUPS", &plan->shape.groups, 1},
        {"BLOCKS", &plan->shape.blocks, 1},
        {"UNIT_BLOCK", &plan->shape.units.block, 1},
        {"UNIT_BLOCKS", &plan->shape.units.blocks, 1},
        {"LAYERS", &layers, 1},
        {"SIZES", base->network.sizes, layers + 1},
        {"WEIGHTS_AT", layout->weights, layers},
        {"BIAS_AT", layout->bias, layers},
        {"PARAMETERS", &layout->length, 1},
        {"DW_AT", &plan->dw_at, 1},
        {"REST_AT", &plan->rest_at, 1},
        {"METRICS_AT", &plan->metrics_at, 1},
        {"ACTIVATIONS_AT", plan->activations_at, layers},
        {"DZ_AT", plan->dz_at, layers},
        {"SPARE_AT", &plan->spare_at, 1},
        {"SPARE_FORWARD_AT", &plan->spare_forward_at, 1},
        {"PIXELS_AT", &plan->pixels_at, 1},
        {"NUMBERS_AT", &plan->numbers_at, 1},
        {"INPUT_BIAS_AT", &plan->input_bias_at, 1},
        {"SCRATCH", &plan->scratch, 1},
    };
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        TRY(gr_program_define(options, constants[i].name, constants[i].values, constants[i].count));
    TRY(gr_define_training(base, options));
cleanup:
    return status;
}

/* ---- Memory ---- */

static size_t scratch_bytes(const tile_plan *plan, size_t work_items)
{
    return work_items * plan->scratch * sizeof(cl_float);
}

gradus_status gr_tile_plan_create_scratch(const tile_plan *plan, gradus_device *device, size_t work_items, cl_mem *out)
{
    return gr_buffer_create_zeroed(device, scratch_bytes(plan, work_items), "scratch", out);
}

gradus_status gr_tile_plan_check_fit(const tile_plan *plan, const device_engine *e, size_t work_items,
                                     double sample_bytes, double largest_bytes)
{
    const size_t scratch = scratch_bytes(plan, work_items);
    const memory_need need = {sample_bytes, largest_bytes, (double)(gr_device_engine_bytes(&e->base) + scratch)};
    if (plan->scratch > UINT32_MAX || scratch > e->device->info.max_allocation_bytes)
        return gr_fail(GRADUS_ERROR_DEVICE, "%s: engine fused needs %.1f MB for each of %zu cores for this network",
                       e->device->info.name, (double)plan->scratch * sizeof(cl_float) * 1e-6, work_items);
    return gr_device_engine_check_fit(e, &need);
}
