/* SPDX-License-Identifier: Apache-2.0 */
/* Engine "fused" is made here: the kernels' constants, compressed X, the buffers, the launches. */
#include "core/memory.h"
#include "engine/fused.h"

#include <stdlib.h>
#include <string.h>

/* ---- The kernels' constants ---- */

/* Sums of the first layer that fit the registers: 12 of 16 vector registers, the rest for pixels and weights. */
#define HIDDEN_BLOCK_MAX 12

/* Samples of a tile: enough that a group's list is long, few enough that the tile stays in the second-level cache. From
 * 32 to 256 the time hardly changes. */
#define TILE 64

typedef struct constants {
    size_t hidden_block, hidden_blocks;
    size_t activations_at[GRADUS_LAYERS_MAX], dz_at[GRADUS_LAYERS_MAX]; /* floats from the begin of a scratch */
    size_t scratch;                                                     /* floats of a work-item */
} constants;

static size_t divide_up(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

/* Lays out a work-item's scratch: packed W1, packed dW1, the other gradients, two metrics, each layer's A and dZ. All
 * begin at multiples of 32 floats. */
static constants plan_scratch(const fused *e)
{
    const gradus_network *net = &e->common.base.network;
    const parameter_layout *layout = &e->common.base.layout;
    const size_t hidden = net->sizes[1], tile = e->shape.tile;
    constants plan = {.hidden_blocks = divide_up(hidden, HIDDEN_BLOCK_MAX)};

    plan.hidden_block = divide_up(hidden, plan.hidden_blocks);
    const size_t padded = plan.hidden_block * plan.hidden_blocks;
    size_t at = 2 * padded * e->shape.groups * e->shape.lanes + layout->length - layout->bias[0] + 2;
    at = divide_up(at, PARAMETER_ALIGNMENT) * PARAMETER_ALIGNMENT;
    for (size_t l = 0; l < net->layers; l++) {
        const size_t rows = l == 0 ? padded : net->sizes[l + 1];
        plan.activations_at[l] = at;
        at += rows * tile;
        plan.dz_at[l] = l + 1 < net->layers ? at : plan.activations_at[l];
        at += l + 1 < net->layers ? rows * tile : 0;
    }
    plan.scratch = divide_up(at, PARAMETER_ALIGNMENT) * PARAMETER_ALIGNMENT;
    return plan;
}

/* " -D NAME=1,2,3", appended to the text. */
static gradus_status append_list(char **text, const char *name, const size_t *values, size_t count)
{
    gradus_status status = GRADUS_OK;
    char *longer = NULL;
    for (size_t i = 0; i < count; i++) {
        if (i == 0)
            TRY(gr_format_text(&longer, "%s -D %s=%zu", *text, name, values[i]));
        else
            TRY(gr_format_text(&longer, "%s,%zu", *text, values[i]));
        free(*text);
        *text = longer;
    }
cleanup:
    return status;
}

static gradus_status build_program(fused *e, const constants *plan)
{
    gradus_status status = GRADUS_OK;
    static const char *const file = "fused_cpu.cl";
    const gradus_network *net = &e->common.base.network;
    const parameter_layout *layout = &e->common.base.layout;
    const struct {
        const char *name;
        size_t value;
    } numbers[] = {
        {"LANES", e->shape.lanes},
        {"TILE", e->shape.tile},
        {"GROUPS", e->shape.groups},
        {"LAYERS", net->layers},
        {"PARAMETERS", layout->length},
        {"HIDDEN_BLOCK", plan->hidden_block},
        {"HIDDEN_BLOCKS", plan->hidden_blocks},
        {"SCRATCH", plan->scratch},
    };
    char *options = NULL;

    TRY(gr_copy_text("", &options));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        TRY(append_list(&options, numbers[i].name, &numbers[i].value, 1));
    TRY(append_list(&options, "SIZES", net->sizes, net->layers + 1));
    TRY(append_list(&options, "WEIGHTS_AT", layout->weights, net->layers));
    TRY(append_list(&options, "BIAS_AT", layout->bias, net->layers));
    TRY(append_list(&options, "ACTIVATIONS_AT", plan->activations_at, net->layers));
    TRY(append_list(&options, "DZ_AT", plan->dz_at, net->layers));
    TRY(gr_program_build(e->common.device->context, e->common.device->id, &file, 1, options, &e->program));
cleanup:
    free(options);
    return status;
}

/* ---- X ---- */

static gradus_status upload_order(fused *e)
{
    gradus_status status = GRADUS_OK;
    const gradus_dataset_info *info = &e->common.base.dataset->info;
    const size_t lane_bytes = e->shape.groups * e->shape.lanes * sizeof(uint32_t);
    const size_t feature_bytes = info->features * sizeof(uint32_t);
    uint32_t *lane_feature = NULL, *feature_lane = NULL;

    TRY(gr_allocate(e->shape.groups * e->shape.lanes, &lane_feature));
    TRY(gr_allocate(info->features, &feature_lane));
    gr_groups_order(info, &e->shape, lane_feature, feature_lane);
    TRY(gr_buffer_create(e->common.device, lane_bytes, "the order of pixels", &e->lane_feature));
    TRY(gr_buffer_write(e->common.device, e->lane_feature, 0, lane_bytes, lane_feature));
    TRY(gr_buffer_create(e->common.device, feature_bytes, "the order of pixels", &e->feature_lane));
    TRY(gr_buffer_write(e->common.device, e->feature_lane, 0, feature_bytes, feature_lane));
cleanup:
    free(feature_lane);
    free(lane_feature);
    return status;
}

/* Compresses X straight into the device's buffers, which on a CPU saves a copy. */
static gradus_status upload_pixels(fused *e)
{
    gradus_status status = GRADUS_OK;
    const group_shape *shape = &e->shape;
    const size_t entries = shape->entries > 0 ? shape->entries : 1; /* a buffer of nothing cannot be */
    group_arrays arrays = {0};
    struct {
        cl_mem *buffer;
        void **memory;
        size_t bytes;
    } const parts[] = {
        {&e->values, (void **)&arrays.values, entries * shape->lanes},
        {&e->groups, (void **)&arrays.groups, entries * sizeof *arrays.groups},
        {&e->sample_offsets, (void **)&arrays.sample_offsets,
         (shape->tiles * shape->tile + 1) * sizeof *arrays.sample_offsets},
        {&e->lists, (void **)&arrays.lists, entries * sizeof *arrays.lists},
        {&e->list_offsets, (void **)&arrays.list_offsets,
         (shape->tiles * shape->groups + 1) * sizeof *arrays.list_offsets},
    };
    enum { part_count = sizeof parts / sizeof *parts };

    for (size_t i = 0; i < part_count; i++)
        TRY(gr_buffer_create_mapped(e->common.device, parts[i].bytes, "compressed X", parts[i].buffer,
                                    parts[i].memory));
    TRY(gr_groups_fill(e->common.base.dataset, shape, &arrays));
cleanup:
    for (size_t i = 0; i < part_count; i++)
        if (*parts[i].memory != NULL) {
            const gradus_status unmapped = gr_buffer_unmap(e->common.device, *parts[i].buffer, *parts[i].memory);
            status = status == GRADUS_OK ? unmapped : status;
        }
    return status;
}

static gradus_status upload_labels(fused *e)
{
    gradus_status status = GRADUS_OK;
    const gradus_dataset *data = e->common.base.dataset;
    if (data->labels == NULL)
        return GRADUS_OK;
    TRY(gr_buffer_create_zeroed(e->common.device, e->shape.tiles * e->shape.tile, "the labels", &e->labels));
    TRY(gr_buffer_write(e->common.device, e->labels, 0, data->info.samples, data->labels));
cleanup:
    return status;
}

/* ---- Launches ---- */

gradus_status gr_fused_pass_set(launch *prepared, cl_mem probabilities, size_t first, size_t end, fused_mode mode)
{
    gradus_status status = GRADUS_OK;
    const cl_uint first_sample = (cl_uint)first, end_sample = (cl_uint)end, what = (cl_uint)mode;
    TRY(gr_launch_set(prepared, 9, (kernel_argument)ARGUMENT(probabilities)));
    TRY(gr_launch_set(prepared, 10, (kernel_argument)ARGUMENT(first_sample)));
    TRY(gr_launch_set(prepared, 11, (kernel_argument)ARGUMENT(end_sample)));
    TRY(gr_launch_set(prepared, 12, (kernel_argument)ARGUMENT(what)));
cleanup:
    return status;
}

gradus_status gr_fused_reduce_set(launch *prepared, float scale, unsigned slot)
{
    gradus_status status = GRADUS_OK;
    const cl_uint to_slot = slot;
    TRY(gr_launch_set(prepared, 5, (kernel_argument)ARGUMENT(scale)));
    TRY(gr_launch_set(prepared, 6, (kernel_argument)ARGUMENT(to_slot)));
cleanup:
    return status;
}

static gradus_status plan_launches(fused *e)
{
    gradus_status status = GRADUS_OK;
    const cl_uint work_items = (cl_uint)e->work_items;
    const size_t local = 32; /* divides the length of the parameters, see PARAMETER_ALIGNMENT */

    TRY(gr_launch_create_in(e->program, "fused_pass", e->work_items, 1,
                            ARGUMENTS(ARGUMENT(e->values), ARGUMENT(e->groups), ARGUMENT(e->sample_offsets),
                                      ARGUMENT(e->lists), ARGUMENT(e->list_offsets), ARGUMENT(e->labels),
                                      ARGUMENT(e->lane_feature), ARGUMENT(e->common.parameters), ARGUMENT(e->scratch)),
                            &e->fused_pass));
    TRY(gr_launch_create_in(e->program, "fused_reduce", e->common.base.layout.length, local,
                            ARGUMENTS(ARGUMENT(e->scratch), ARGUMENT(e->feature_lane), ARGUMENT(e->common.gradient),
                                      ARGUMENT(e->common.sums), ARGUMENT(work_items)),
                            &e->fused_reduce));
cleanup:
    return status;
}

/* ---- Life cycle ---- */

static gradus_status native_lanes(const gradus_device *device, size_t *out)
{
    gradus_status status = GRADUS_OK;
    cl_uint width = 0;
    CL_TRY(clGetDeviceInfo(device->id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, sizeof width, &width, NULL));
    *out = width >= 16 ? 16 : 8;
cleanup:
    return status;
}

gradus_status gr_fused_create(const engine *base, gradus_device *device, engine **out)
{
    gradus_status status = GRADUS_OK;
    fused *e = NULL;
    size_t lanes = 8;

    TRY(gr_allocate(1, &e));
    TRY(gr_device_engine_init(&e->common, base, device));
    TRY(native_lanes(device, &lanes));
    TRY(gr_groups_measure(base->dataset, lanes, TILE, &e->shape));
    const constants plan = plan_scratch(e);
    e->work_items = device->info.compute_units < e->shape.tiles ? device->info.compute_units : e->shape.tiles;
    TRY(build_program(e, &plan));
    TRY(gr_buffer_create_zeroed(device, e->work_items * plan.scratch * sizeof(cl_float), "scratch", &e->scratch));
    TRY(upload_order(e));
    TRY(upload_pixels(e));
    TRY(upload_labels(e));
    TRY(plan_launches(e));
    *out = &e->common.base;
    e = NULL;
cleanup:
    if (e != NULL)
        gr_fused_destroy(&e->common.base);
    return status;
}

void gr_fused_destroy(engine *base)
{
    fused *e = (fused *)base;
    cl_mem *const buffers[] = {&e->values,       &e->groups,       &e->sample_offsets, &e->lists,  &e->list_offsets,
                               &e->lane_feature, &e->feature_lane, &e->labels,         &e->scratch};
    clFinish(e->common.device->queue);
    gr_launch_destroy(&e->fused_pass);
    gr_launch_destroy(&e->fused_reduce);
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        gr_buffer_release(buffers[i]);
    if (e->program != NULL)
        clReleaseProgram(e->program);
    gr_device_engine_release(&e->common);
    free(e);
}
