/* SPDX-License-Identifier: Apache-2.0 */
/* Compresses X into groups of pixels that are not all zero. */
#include "engine/compressed/groups.h"
#include "core/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A group is a rectangle of lanes / 4 rows of 4 pixels if the image can be divided into these, else a run of pixels. */
#define RECTANGLE_WIDTH 4

void gr_groups_order(const gradus_dataset_info *info, const group_shape *shape, uint32_t *place_feature,
                     uint32_t *feature_place)
{
    const size_t width = info->width, lanes = shape->lanes, rows = lanes / RECTANGLE_WIDTH;
    const size_t across = width / RECTANGLE_WIDTH; /* rectangles in a row */
    for (size_t i = 0; i < shape->groups * lanes; i++)
        place_feature[i] = (uint32_t)info->features;
    for (size_t f = 0; f < info->features; f++) {
        const size_t x = f % width, y = f / width;
        size_t place = f;
        if (shape->rectangles)
            place =
                (y / rows * across + x / RECTANGLE_WIDTH) * lanes + y % rows * RECTANGLE_WIDTH + x % RECTANGLE_WIDTH;
        place_feature[place] = (uint32_t)f;
        feature_place[f] = (uint32_t)place;
    }
}

void gr_divide_blocks(size_t count, size_t largest, size_t *block, size_t *blocks)
{
    *blocks = gr_divide_up(count, largest);
    *block = gr_divide_up(count, *blocks);
}

unit_blocks gr_element_units(size_t units, size_t lanes)
{
    unit_blocks division;
    gr_divide_blocks(gr_divide_up(units, lanes), ELEMENT_UNITS / lanes, &division.block, &division.blocks);
    division.padded = division.block * division.blocks * lanes;
    return division;
}

/* Bytes of a block of weights: a little more than the first-level cache (32 KiB), because some pixels of images are
 * always zero. With blocks of half the size Z1 takes a sixth longer, because their lists are short. */
#define ELEMENT_BLOCK_BYTES 40960

size_t gr_element_block(size_t units, size_t lanes)
{
    return ELEMENT_BLOCK_BYTES / (gr_element_units(units, lanes).block * lanes * sizeof(float));
}

/* ---- One sample ---- */

/* The pixels of one sample in their order, with zeros for lanes without a pixel. */
static void arrange(const uint8_t *pixels, const uint32_t *feature_place, size_t features, uint8_t *arranged)
{
    for (size_t f = 0; f < features; f++)
        arranged[feature_place[f]] = pixels[f];
}

static bool is_empty(const uint8_t *group, size_t lanes)
{
    if (lanes == 1)
        return *group == 0;
    uint64_t halves[2] = {0, 0};
    memcpy(halves, group, lanes);
    return (halves[0] | halves[1]) == 0;
}

/* The memory for a pass over all samples. */
typedef struct walk {
    uint32_t *place_feature, *feature_place;
    uint8_t *arranged; /* (lanes x groups x samples) */
} walk;

static gradus_status walk_create(const gradus_dataset_info *info, const group_shape *shape, size_t samples, walk *w)
{
    gradus_status status = GRADUS_OK;
    TRY(gr_allocate(shape->groups * shape->lanes, &w->place_feature));
    TRY(gr_allocate(info->features, &w->feature_place));
    TRY(gr_allocate(samples * shape->groups * shape->lanes, &w->arranged));
    gr_groups_order(info, shape, w->place_feature, w->feature_place);
cleanup:
    return status;
}

static void walk_destroy(walk *w)
{
    free(w->place_feature);
    free(w->feature_place);
    free(w->arranged);
}

/* ---- All samples ---- */

static_assert((uint64_t)UINT16_MAX * TILE_SAMPLES_MAX < TILE_ENTRIES_MAX, "the entries of a tile can be numbered");

gradus_status gr_groups_measure(const gradus_dataset *dataset, size_t lanes, size_t tile, size_t block,
                                group_shape *out)
{
    gradus_status status = GRADUS_OK;
    const gradus_dataset_info *info = &dataset->info;
    group_shape shape = {.lanes = lanes,
                         .tile = tile,
                         .groups = gr_divide_up(info->features, lanes),
                         .tiles = gr_divide_up(info->samples, tile),
                         .rectangles = lanes >= RECTANGLE_WIDTH && info->width % RECTANGLE_WIDTH == 0 &&
                                       info->height % (lanes / RECTANGLE_WIDTH) == 0};
    walk w = {0};

    assert(tile <= TILE_SAMPLES_MAX);
    gr_divide_blocks(shape.groups, block, &shape.block, &shape.blocks);
    if (shape.groups > UINT16_MAX)
        FAIL(GRADUS_ERROR_ARGUMENT, "compressed X: %zu features, at most %zu are possible", info->features,
             UINT16_MAX * lanes);
    TRY(walk_create(info, &shape, 1, &w));
    for (size_t s = 0; s < info->samples; s++) {
        arrange(dataset->pixels + s * info->features, w.feature_place, info->features, w.arranged);
        for (size_t g = 0; g < shape.groups; g++)
            shape.entries += !is_empty(w.arranged + g * lanes, lanes);
    }
    if (shape.entries > UINT32_MAX || shape.tiles > UINT32_MAX / shape.groups ||
        shape.tiles * tile > UINT32_MAX / shape.blocks)
        FAIL(GRADUS_ERROR_ARGUMENT, "compressed X: %zu samples of %zu features are more than it can number",
             info->samples, info->features);
    *out = shape;
cleanup:
    walk_destroy(&w);
    return status;
}

/* Samples of a tile: enough for long lists of a pixel, and few enough that a block of the tile's dZ1 stays in the
 * first-level cache. With tiles of half or 3 / 2 the size dW1 takes a tenth longer. */
#define ELEMENT_TILE 128

gradus_status gr_groups_measure_elements(const gradus_dataset *dataset, size_t units, size_t lanes, group_shape *out)
{
    return gr_groups_measure(dataset, 1, ELEMENT_TILE, gr_element_block(units, lanes), out);
}

/* Fills in the entries of a tile's samples: values, groups and sample_offsets. Returns the first entry after them. */
static uint32_t fill_samples(const gradus_dataset *dataset, const group_shape *shape, size_t tile, walk *w,
                             const group_arrays *out, uint32_t entry)
{
    const size_t lanes = shape->lanes, features = dataset->info.features, first = tile * shape->tile;
    const size_t left = dataset->info.samples - first, samples = left < shape->tile ? left : shape->tile;
    uint32_t *offset = out->sample_offsets + first * shape->blocks;
    for (size_t s = 0; s < samples; s++)
        arrange(dataset->pixels + (first + s) * features, w->feature_place, features,
                w->arranged + s * shape->groups * lanes);
    for (size_t begin = 0; begin < shape->groups; begin += shape->block) {
        const size_t end = begin + shape->block < shape->groups ? begin + shape->block : shape->groups;
        for (size_t s = 0; s < shape->tile; s++) {
            *offset++ = entry;
            for (size_t g = begin; s < samples && g < end; g++) {
                const uint8_t *group = w->arranged + (s * shape->groups + g) * lanes;
                if (is_empty(group, lanes))
                    continue;
                memcpy(out->values + (size_t)entry * lanes, group, lanes);
                out->groups[entry++] = (uint16_t)g;
            }
        }
    }
    *offset = entry;
    return entry;
}

/* Fills in a tile's entries again, sorted by group (counting sort; within a group the samples keep their order). */
static void fill_lists(const group_shape *shape, size_t tile, const group_arrays *out, uint32_t *next)
{
    const uint32_t *offsets = out->sample_offsets + tile * shape->tile * shape->blocks;
    const uint32_t first = offsets[0], end = offsets[shape->tile * shape->blocks];
    uint32_t *begins = out->list_offsets + tile * shape->groups;
    memset(next, 0, shape->groups * sizeof *next);
    for (uint32_t e = first; e < end; e++)
        next[out->groups[e]]++;
    uint32_t begin = first; /* a tile's lists have as many items as it has entries */
    for (size_t g = 0; g < shape->groups; g++) {
        begins[g] = begin;
        begin += next[g];
        next[g] = begins[g];
    }
    for (size_t i = 0; i < shape->tile * shape->blocks; i++) {
        const uint32_t s = (uint32_t)(i % shape->tile);
        for (uint32_t e = offsets[i]; e < offsets[i + 1]; e++) {
            const uint32_t at = next[out->groups[e]]++;
            if (shape->lanes == 1)
                out->elements[at] = (uint16_t)LIST_ELEMENT(s, out->values[e]);
            else
                out->lists[at] = LIST_ITEM(s, e - first);
        }
    }
}

gradus_status gr_groups_fill(const gradus_dataset *dataset, const group_shape *shape, const group_arrays *out)
{
    gradus_status status = GRADUS_OK;
    uint32_t *next = NULL; /* (groups) */
    uint32_t entry = 0;
    walk w = {0};

    TRY(walk_create(&dataset->info, shape, shape->tile, &w));
    TRY(gr_allocate(shape->groups, &next));
    for (size_t tile = 0; tile < shape->tiles; tile++) {
        entry = fill_samples(dataset, shape, tile, &w, out, entry);
        fill_lists(shape, tile, out, next);
    }
    out->list_offsets[shape->tiles * shape->groups] = (uint32_t)shape->entries;
cleanup:
    free(next);
    walk_destroy(&w);
    return status;
}
