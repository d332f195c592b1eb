/* SPDX-License-Identifier: Apache-2.0 */
/* The forms of the first layer: how each divides X and the units, and its cost. */
#include "engine/fused_cpu/first_forms.h"
#include "core/memory.h"
#include "fused_cpu/first_layer.h"

#include <math.h>
#include <string.h>

/* ---- The shape of X ---- */

/* Samples of a tile, except for elements (groups.c): enough for long lists of a group, and few enough that the tile
 * stays in the cache. Twice or half the number changes the time by a few per cent. */
#define TILE 64

/* All groups are one block. */
#define ALL_GROUPS SIZE_MAX

static gradus_status measure_groups(const gradus_dataset *dataset, size_t units, size_t lanes, group_shape *out)
{
    (void)units;
    return gr_groups_measure(dataset, lanes, TILE, ALL_GROUPS, out);
}

/* The shape of X with all groups of `lanes` pixels, in order, padded to a multiple of `multiple` groups. */
static group_shape all_groups(const gradus_dataset_info *info, size_t lanes, size_t multiple)
{
    const size_t groups = gr_divide_up(gr_divide_up(info->features, lanes), multiple) * multiple;
    const size_t tiles = gr_divide_up(info->samples, TILE);
    return (group_shape){.lanes = lanes,
                         .tile = TILE,
                         .groups = groups,
                         .block = groups,
                         .blocks = 1,
                         .tiles = tiles,
                         .entries = tiles * TILE * groups};
}

static gradus_status measure_dense(const gradus_dataset *dataset, size_t units, size_t lanes, group_shape *out)
{
    (void)units;
    *out = all_groups(&dataset->info, lanes, DENSE_GROUPS);
    return GRADUS_OK;
}

static gradus_status measure_wide(const gradus_dataset *dataset, size_t units, size_t lanes, group_shape *out)
{
    (void)units;
    (void)lanes;
    *out = all_groups(&dataset->info, 1, WIDE_ROWS);
    return GRADUS_OK;
}

/* ---- Blocks of units. Their sums and the operands fit 16 vector registers ---- */

/* 12 units of one vector each. */
static unit_blocks divide_groups(size_t units, size_t lanes)
{
    (void)lanes;
    unit_blocks division;
    gr_divide_blocks(units, 12, &division.block, &division.blocks);
    division.padded = division.block * division.blocks;
    return division;
}

/* 6 or 5 units of two vectors each. */
static unit_blocks divide_dense(size_t units, size_t lanes)
{
    (void)lanes;
    const size_t block = units <= 6 ? units : gr_divide_up(units, 5) * 5 < gr_divide_up(units, 6) * 6 ? 5 : 6;
    const size_t blocks = gr_divide_up(units, block);
    return (unit_blocks){block, blocks, block * blocks};
}

/* Units are the rows forward and the columns backward. */
static size_t wide_rows(size_t units)
{
    return gr_divide_up(units, WIDE_ROWS) * WIDE_ROWS;
}

static size_t wide_columns(size_t units, size_t lanes)
{
    return gr_divide_up(units, WIDE_COLUMNS(lanes)) * WIDE_COLUMNS(lanes);
}

static unit_blocks divide_wide(size_t units, size_t lanes)
{
    const size_t forward = wide_rows(units), backward = wide_columns(units, lanes);
    return (unit_blocks){WIDE_ROWS, forward / WIDE_ROWS, forward > backward ? forward : backward};
}

/* ---- Costs. A step is a group of pixels with all units, or a pixel with a block of vectors of units; the constant is
 * the overhead of a step ---- */

static double cost_of_groups(const gradus_dataset_info *info, const group_shape *x, size_t units, size_t lanes)
{
    (void)info;
    (void)lanes;
    return (double)x->entries * (0.73 * (double)units + 0.8);
}

static double cost_of_elements(const gradus_dataset_info *info, const group_shape *x, size_t units, size_t lanes)
{
    (void)info;
    const double vectors = (double)gr_divide_up(units, lanes), blocks = (double)gr_element_units(units, lanes).blocks;
    return (double)x->entries * (0.55 * vectors + 2.2 * blocks);
}

static double all_vectors(const gradus_dataset_info *info, size_t lanes)
{
    return (double)(info->samples * gr_divide_up(info->features, lanes));
}

static double cost_of_dense(const gradus_dataset_info *info, const group_shape *x, size_t units, size_t lanes)
{
    (void)x;
    return all_vectors(info, lanes) * (0.57 * (double)units + 1.0);
}

static double cost_of_wide(const gradus_dataset_info *info, const group_shape *x, size_t units, size_t lanes)
{
    (void)x;
    const double mean = 0.5 * (double)(wide_rows(units) + wide_columns(units, lanes));
    return all_vectors(info, lanes) * (0.55 * mean + 1.0);
}

/* ---- Upload of all bytes. The device's buffers are filled in place, which on a CPU saves a copy. ---- */

static size_t all_bytes(const group_shape *x, size_t *largest)
{
    *largest = x->tiles * x->tile * x->groups * x->lanes;
    return *largest;
}

/* Zeros pad each sample's bytes to full groups. */
static gradus_status upload_dense(gradus_device *device, const gradus_dataset *dataset, const group_shape *x,
                                  compressed *out)
{
    gradus_status status = GRADUS_OK;
    const size_t features = dataset->info.features, row = x->groups * x->lanes;
    size_t bytes;
    void *memory = NULL;

    TRY(gr_buffer_create_mapped(device, all_bytes(x, &bytes), "X", &out->values, &memory));
    memset(memory, 0, bytes);
    for (size_t s = 0; s < dataset->info.samples; s++)
        memcpy((uint8_t *)memory + s * row, dataset->pixels + s * features, features);
    TRY(gr_buffer_unmap(device, out->values, memory));
cleanup:
    return status;
}

/* Within each tile the bytes are stored pixel by pixel, padded with zeros. */
static gradus_status upload_transposed(gradus_device *device, const gradus_dataset *dataset, const group_shape *x,
                                       compressed *out)
{
    gradus_status status = GRADUS_OK;
    const size_t features = dataset->info.features, tile = x->tile;
    size_t bytes;
    uint8_t *memory = NULL;

    TRY(gr_buffer_create_mapped(device, all_bytes(x, &bytes), "X", &out->values, (void **)&memory));
    memset(memory, 0, bytes);
    for (size_t s = 0; s < dataset->info.samples; s++)
        for (size_t f = 0; f < features; f++)
            memory[(s / tile * x->groups + f) * tile + s % tile] = dataset->pixels[s * features + f];
    TRY(gr_buffer_unmap(device, out->values, memory));
cleanup:
    return status;
}

/* ---- The forms ---- */

const first_form gr_first_groups = {
    .file = "fused_cpu/first_groups.cl",
    .measure = measure_groups,
    .cost = cost_of_groups,
    .divide_units = divide_groups,
    .bytes = gr_compressed_bytes,
    .upload = gr_compressed_upload,
};

const first_form gr_first_elements = {
    .file = "fused_cpu/first_elements.cl",
    .measure = gr_groups_measure_elements,
    .cost = cost_of_elements,
    .divide_units = gr_element_units,
    .bytes = gr_compressed_bytes,
    .upload = gr_compressed_upload,
};

const first_form gr_first_dense = {
    .file = "fused_cpu/first_dense.cl",
    .measure = measure_dense,
    .cost = cost_of_dense,
    .divide_units = divide_dense,
    .bytes = all_bytes,
    .upload = upload_dense,
};

const first_form gr_first_wide = {
    .file = "fused_cpu/first_wide.cl",
    .measure = measure_wide,
    .cost = cost_of_wide,
    .divide_units = divide_wide,
    .keeps_floats = true,
    .bytes = all_bytes,
    .upload = upload_transposed,
};

gradus_status gr_first_form_choose(const gradus_dataset *dataset, size_t units, size_t lanes, const first_form **out,
                                   group_shape *x)
{
    gradus_status status = GRADUS_OK;
    static const first_form *const forms[] = {&gr_first_groups, &gr_first_elements, &gr_first_dense, &gr_first_wide};
    double least = INFINITY;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        group_shape shape;
        TRY(forms[i]->measure(dataset, units, lanes, &shape));
        const double cost = forms[i]->cost(&dataset->info, &shape, units, lanes);
        if (!(cost < least))
            continue;
        least = cost;
        *out = forms[i];
        *x = shape;
    }
cleanup:
    return status;
}
