/* SPDX-License-Identifier: Apache-2.0 */
/* Engine "fused": in which form X goes to the device, and its way there. */
#include "core/memory.h"
#include "engine/fused.h"

#include <stdlib.h>
#include <string.h>

/* ---- Which form ---- */

/* Samples of a tile. Enough that a group's list is long, few enough that the tile stays in the cache: single pixels have
 * shorter lists than groups have. Twice as many or half as many change the time by a few percent. */
#define TILE 64
#define TILE_ELEMENTS 128

gradus_status gr_fused_choose(const gradus_dataset *dataset, size_t units, size_t lanes, first_layer *out)
{
    gradus_status status = GRADUS_OK;
    group_shape groups, elements;
    TRY(gr_groups_measure(dataset, lanes, TILE, &groups));
    TRY(gr_groups_measure(dataset, 1, TILE_ELEMENTS, &elements));

    /* Cycles of a core for one direction, as measured with AVX2: a step is a group of pixels with all units, or a pixel
     * with all vectors of units; the constant is what a step costs besides. */
    const double vectors = (double)gr_divide_up(units, lanes);
    const double cost_groups = (double)groups.entries * (0.73 * (double)units + 0.8);
    const double cost_elements = (double)elements.entries * (1.0 * vectors + 1.4);
    const double cost_dense = (double)(dataset->info.samples * groups.groups) * (0.57 * (double)units + 1.0);
    *out = FIRST_DENSE;
    if (cost_groups < cost_dense)
        *out = FIRST_GROUPS;
    if (cost_elements < cost_groups && cost_elements < cost_dense)
        *out = FIRST_ELEMENTS;
cleanup:
    return status;
}

gradus_status gr_fused_measure(fused *e, size_t lanes)
{
    gradus_status status = GRADUS_OK;
    const gradus_dataset *dataset = e->common.base.dataset;
    if (e->first != FIRST_DENSE)
        return gr_groups_measure(dataset, e->first == FIRST_ELEMENTS ? 1 : lanes,
                                 e->first == FIRST_ELEMENTS ? TILE_ELEMENTS : TILE, &e->shape);
    TRY(gr_groups_measure(dataset, lanes, TILE, &e->shape));
    e->shape.groups += e->shape.groups % 2; /* first_dense.cl takes two at a time */
    e->shape.rectangles = false;            /* and pixels in their order */
    e->shape.entries = e->shape.tiles * e->shape.tile * e->shape.groups;
cleanup:
    return status;
}

/* ---- Upload. The device's buffers are filled in place, which on a CPU saves a copy. ---- */

static gradus_status upload_order(fused *e)
{
    gradus_status status = GRADUS_OK;
    const gradus_dataset_info *info = &e->common.base.dataset->info;
    const size_t places = e->shape.groups * e->shape.lanes;
    uint32_t *place_feature = NULL, *feature_place = NULL;

    TRY(gr_allocate(places, &place_feature));
    TRY(gr_allocate(info->features, &feature_place));
    gr_groups_order(info, &e->shape, place_feature, feature_place);
    TRY(gr_buffer_create(e->common.device, places * sizeof *place_feature, "the order of pixels", &e->place_feature));
    TRY(gr_buffer_write(e->common.device, e->place_feature, 0, places * sizeof *place_feature, place_feature));
    TRY(gr_buffer_create(e->common.device, info->features * sizeof *feature_place, "the order of pixels",
                         &e->feature_place));
    TRY(gr_buffer_write(e->common.device, e->feature_place, 0, info->features * sizeof *feature_place, feature_place));
cleanup:
    free(feature_place);
    free(place_feature);
    return status;
}

/* The buffers of compressed X, and where the host writes to them. */
enum { PART_COUNT = 5 };
typedef struct part {
    cl_mem *buffer;
    void **memory;
    size_t bytes;
} part;

static void list_parts(fused *e, group_arrays *arrays, part parts[PART_COUNT])
{
    const group_shape *shape = &e->shape;
    const size_t entries = shape->entries > 0 ? shape->entries : 1; /* a buffer of nothing cannot be */
    const size_t offsets = shape->tiles * shape->tile + 1, lists = shape->tiles * shape->groups + 1;
    const part list[PART_COUNT] = {
        {&e->values, (void **)&arrays->values, entries * shape->lanes},
        {&e->places, (void **)&arrays->groups, entries * sizeof *arrays->groups},
        {&e->sample_offsets, (void **)&arrays->sample_offsets, offsets * sizeof *arrays->sample_offsets},
        {&e->lists, (void **)&arrays->lists, entries * sizeof *arrays->lists},
        {&e->list_offsets, (void **)&arrays->list_offsets, lists * sizeof *arrays->list_offsets},
    };
    memcpy(parts, list, sizeof list);
}

static size_t dense_bytes(const fused *e)
{
    return e->shape.tiles * e->shape.tile * e->shape.groups * e->shape.lanes;
}

size_t gr_fused_pixel_bytes(fused *e, size_t *largest)
{
    group_arrays arrays = {0};
    part parts[PART_COUNT];
    size_t total = 0;
    *largest = dense_bytes(e);
    if (e->first == FIRST_DENSE)
        return *largest;
    list_parts(e, &arrays, parts);
    *largest = 0;
    for (size_t i = 0; i < PART_COUNT; i++) {
        total += parts[i].bytes;
        *largest = parts[i].bytes > *largest ? parts[i].bytes : *largest;
    }
    return total;
}

static gradus_status upload_compressed(fused *e)
{
    gradus_status status = GRADUS_OK;
    group_arrays arrays = {0};
    part parts[PART_COUNT];

    list_parts(e, &arrays, parts);
    for (size_t i = 0; i < PART_COUNT; i++)
        TRY(gr_buffer_create_mapped(e->common.device, parts[i].bytes, "compressed X", parts[i].buffer,
                                    parts[i].memory));
    TRY(gr_groups_fill(e->common.base.dataset, &e->shape, &arrays));
cleanup:
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (*parts[i].memory == NULL)
            continue;
        const gradus_status unmapped = gr_buffer_unmap(e->common.device, *parts[i].buffer, *parts[i].memory);
        status = status == GRADUS_OK ? unmapped : status;
    }
    return status;
}

/* All bytes, each sample's followed by zeros up to whole groups. */
static gradus_status upload_dense(fused *e)
{
    gradus_status status = GRADUS_OK;
    const gradus_dataset *data = e->common.base.dataset;
    const size_t features = data->info.features, row = e->shape.groups * e->shape.lanes;
    const size_t bytes = dense_bytes(e);
    void *memory = NULL;

    TRY(gr_buffer_create_mapped(e->common.device, bytes, "X", &e->values, &memory));
    memset(memory, 0, bytes);
    for (size_t s = 0; s < data->info.samples; s++)
        memcpy((uint8_t *)memory + s * row, data->pixels + s * features, features);
    TRY(gr_buffer_unmap(e->common.device, e->values, memory));
cleanup:
    return status;
}

static gradus_status upload_labels(fused *e)
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

gradus_status gr_fused_upload(fused *e)
{
    gradus_status status = GRADUS_OK;
    TRY(upload_order(e));
    TRY(e->first == FIRST_DENSE ? upload_dense(e) : upload_compressed(e));
    TRY(upload_labels(e));
cleanup:
    return status;
}
