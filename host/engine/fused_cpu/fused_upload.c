/* SPDX-License-Identifier: Apache-2.0 */
/* Engine "fused": in which form X goes to the device, and its way there. */
#include "core/memory.h"
#include "engine/fused_cpu/fused.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Which form ---- */

/* What X looks like for each first layer but FIRST_ELEMENTS, for which groups.c knows it. Tiles have enough samples that a
 * group's list is long, few enough that the tile stays in the cache. Twice as many or half as many change the time by a
 * few percent. */
static const struct {
    size_t tile;        /* samples */
    size_t multiple;    /* the number of a sample's groups is one of this */
    bool single_pixels; /* a group is one pixel, not a vector of them */
    bool dense;         /* all groups are there, and pixels in their order */
} forms[FIRST_CPU_LAYERS] = {
    [FIRST_GROUPS] = {64, 1, false, false},
    [FIRST_DENSE] = {64, 2, false, true},
    [FIRST_WIDE] = {64, WIDE_ROWS, true, true},
};

/* Of these groups all are one block. */
#define ALL_GROUPS SIZE_MAX

gradus_status gr_fused_choose(const gradus_dataset *dataset, size_t units, size_t lanes, first_layer *out)
{
    gradus_status status = GRADUS_OK;
    group_shape groups, elements;
    TRY(gr_groups_measure(dataset, lanes, forms[FIRST_GROUPS].tile, ALL_GROUPS, &groups));
    TRY(gr_groups_measure_elements(dataset, units, lanes, &elements));

    /* Cycles of a core for one direction, as measured with AVX2: a step is a group of pixels with all units, or a pixel
     * with a block of vectors of units; the constant is what a step costs besides. */
    const double vectors = (double)gr_divide_up(units, lanes);
    const double blocks = ceil(vectors / ELEMENT_VECTORS);
    const double all_groups = (double)(dataset->info.samples * groups.groups);
    const double wide_units =
        0.5 * (double)(gr_divide_up(units, WIDE_ROWS) * WIDE_ROWS + gr_fused_wide_columns(units, lanes));
    const double costs[FIRST_CPU_LAYERS] = {
        [FIRST_GROUPS] = (double)groups.entries * (0.73 * (double)units + 0.8),
        [FIRST_ELEMENTS] = (double)elements.entries * (0.55 * vectors + 2.2 * blocks),
        [FIRST_DENSE] = all_groups * (0.57 * (double)units + 1.0),
        [FIRST_WIDE] = all_groups * (0.55 * wide_units + 1.0),
    };
    *out = FIRST_GROUPS;
    for (int first = FIRST_GROUPS + 1; first < FIRST_CPU_LAYERS; first++)
        if (costs[first] < costs[*out])
            *out = (first_layer)first;
cleanup:
    return status;
}

gradus_status gr_fused_measure(fused *e, size_t lanes)
{
    gradus_status status = GRADUS_OK;
    const gradus_dataset *dataset = e->common.base.dataset;
    const size_t lanes_of_group = forms[e->first].single_pixels ? 1 : lanes, multiple = forms[e->first].multiple;
    if (e->first == FIRST_ELEMENTS)
        return gr_groups_measure_elements(dataset, e->common.base.network.sizes[1], lanes, &e->shape);
    TRY(gr_groups_measure(dataset, lanes_of_group, forms[e->first].tile, ALL_GROUPS, &e->shape));
    if (forms[e->first].dense) {
        e->shape.groups = gr_divide_up(e->shape.groups, multiple) * multiple;
        e->shape.rectangles = false;
        e->shape.entries = e->shape.tiles * e->shape.tile * e->shape.groups;
    }
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

static size_t dense_bytes(const fused *e)
{
    return e->shape.tiles * e->shape.tile * e->shape.groups * e->shape.lanes;
}

size_t gr_fused_pixel_bytes(const fused *e, size_t *largest)
{
    if (!forms[e->first].dense)
        return gr_compressed_bytes(&e->shape, largest);
    *largest = dense_bytes(e);
    return *largest;
}

/* All bytes, each sample's followed by zeros up to whole groups. */
static gradus_status upload_dense(fused *e)
{
    gradus_status status = GRADUS_OK;
    const gradus_dataset *data = e->common.base.dataset;
    const size_t features = data->info.features, row = e->shape.groups * e->shape.lanes;
    const size_t bytes = dense_bytes(e);
    void *memory = NULL;

    TRY(gr_buffer_create_mapped(e->common.device, bytes, "X", &e->x.values, &memory));
    memset(memory, 0, bytes);
    for (size_t s = 0; s < data->info.samples; s++)
        memcpy((uint8_t *)memory + s * row, data->pixels + s * features, features);
    TRY(gr_buffer_unmap(e->common.device, e->x.values, memory));
cleanup:
    return status;
}

/* All bytes, pixel after pixel within each tile, filled up with zeros. */
static gradus_status upload_turned(fused *e)
{
    gradus_status status = GRADUS_OK;
    const gradus_dataset *data = e->common.base.dataset;
    const size_t features = data->info.features, tile = e->shape.tile;
    uint8_t *memory = NULL;

    TRY(gr_buffer_create_mapped(e->common.device, dense_bytes(e), "X", &e->x.values, (void **)&memory));
    memset(memory, 0, dense_bytes(e));
    for (size_t s = 0; s < data->info.samples; s++)
        for (size_t f = 0; f < features; f++)
            memory[(s / tile * e->shape.groups + f) * tile + s % tile] = data->pixels[s * features + f];
    TRY(gr_buffer_unmap(e->common.device, e->x.values, memory));
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
    if (!forms[e->first].dense)
        TRY(gr_compressed_upload(e->common.device, e->common.base.dataset, &e->shape, &e->x));
    else
        TRY(e->first == FIRST_WIDE ? upload_turned(e) : upload_dense(e));
    TRY(upload_labels(e));
cleanup:
    return status;
}
