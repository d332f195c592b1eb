/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X compressed for the kernels that skip zeros: a sample's pixels in groups of `lanes` (one vector, or one pixel), and
 * only the groups that are not all zero. A group is a small rectangle of an image if the image can be divided into
 * these, because pixels that are not zero are near each other: of MNIST's 2 x 4 rectangles 32 % are not empty, of its
 * runs of 8 pixels 39 %. Dense data have all groups.
 *
 * For Z1 = W1 X the groups' bytes are stored by tiles of `tile` samples, within a tile by blocks of groups, and within
 * a block by samples, so that a block's weights can stay in the first-level cache for a complete tile. For dW1 = dZ1
 * X^T the same bytes are visited group by group within a tile, by lists of offsets; single pixels (lanes 1) are stored
 * in these lists themselves, because a byte is smaller than an offset.
 */
#ifndef GRADUS_ENGINE_GROUPS_H
#define GRADUS_ENGINE_GROUPS_H

#include "compressed/group_lists.h"
#include "data/dataset.h"

/* Sizes of everything for one data set. */
typedef struct group_shape {
    size_t lanes;    /* pixels of a group: 1, 8 or 16 */
    size_t tile;     /* samples of a tile, at most TILE_SAMPLES_MAX */
    size_t groups;   /* G: groups of a complete sample */
    size_t block;    /* groups of a block; the last block may have fewer */
    size_t blocks;   /* of a sample */
    size_t tiles;    /* of the data set; empty samples pad the last one */
    size_t entries;  /* groups that are not all zero, over all samples */
    bool rectangles; /* groups are rectangles, not runs */
} group_shape;

/* The arrays to fill, in the caller's memory. */
typedef struct group_arrays {
    uint8_t *values;          /* (lanes x entries) */
    uint16_t *groups;         /* (entries): which group of its sample an entry is */
    uint32_t *sample_offsets; /* (tiles * blocks * tile + 1): first entry of a sample in a block */
    uint32_t *lists;          /* (entries), tile after tile, group after group, of LIST_ITEM; not with 1 lane */
    uint16_t *elements;       /* the same of LIST_ELEMENT, with 1 lane only */
    uint32_t *list_offsets;   /* (tiles * groups + 1): start of each list */
} group_arrays;

/* Divides `count` into the fewest blocks of at most `largest`, all of the same, smallest possible size. */
void gr_divide_blocks(size_t count, size_t largest, size_t *block, size_t *blocks);

/* How a kernel divides the units of a layer: into `blocks` of `block` units or vectors of units, `padded` units in
 * total. */
typedef struct unit_blocks {
    size_t block, blocks, padded;
} unit_blocks;

/* The division for elements.clh, in vectors of `lanes` units. */
unit_blocks gr_element_units(size_t units, size_t lanes);

/* Number of pixels whose weights for a block of units fit the first-level cache. */
size_t gr_element_block(size_t units, size_t lanes);

/* The shape for elements.clh. */
gradus_status gr_groups_measure_elements(const gradus_dataset *dataset, size_t units, size_t lanes, group_shape *out);

/* The order of the pixels; a place is group * lanes + lane. place_feature (lanes x groups) is the pixel of each place,
 * F if there is none; feature_place (F) is the place of each pixel. */
void gr_groups_order(const gradus_dataset_info *info, const group_shape *shape, uint32_t *place_feature,
                     uint32_t *feature_place);

/* The shape for these lanes and tiles, and blocks of at most `block` groups. Reads all pixels to count the entries.
 * ARGUMENT if there are too many for 32 bits. */
gradus_status gr_groups_measure(const gradus_dataset *dataset, size_t lanes, size_t tile, size_t block,
                                group_shape *out);

gradus_status gr_groups_fill(const gradus_dataset *dataset, const group_shape *shape, const group_arrays *out);

#endif
