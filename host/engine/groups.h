/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X compressed for the fused CPU kernels: a sample's pixels in groups of `lanes` (one vector, or one pixel), and only
 * the groups that are not all zero. A group is a small rectangle of an image where the image divides into such, since ink
 * comes in blobs: of MNIST's 2 x 4 rectangles 32 % are not empty, of its runs of 8 pixels 39 %. Dense data simply have
 * all groups.
 *
 * The groups' bytes stand sample after sample, for Z1 = W1 X. For dW1 = dZ1 X^T the same bytes are visited group after
 * group within a tile of `tile` samples, by lists of places.
 */
#ifndef GRADUS_ENGINE_GROUPS_H
#define GRADUS_ENGINE_GROUPS_H

#include "data/dataset.h"

/* Sizes of everything for one data set. */
typedef struct group_shape {
    size_t lanes;    /* pixels of a group: 1, 8 or 16 */
    size_t tile;     /* samples of a tile, at most 256 */
    size_t groups;   /* G: groups of a whole sample */
    size_t tiles;    /* of the data set, the last one filled up with empty samples */
    size_t entries;  /* groups that are not all zero, over all samples */
    bool rectangles; /* groups are rectangles, not runs */
} group_shape;

/* The arrays to fill, in memory of the caller's. */
typedef struct group_arrays {
    uint8_t *values;          /* (lanes x entries) */
    uint16_t *groups;         /* (entries): which group of its sample an entry is */
    uint32_t *sample_offsets; /* (tiles * tile + 1): a sample's first entry */
    uint32_t *lists;          /* (entries), tile after tile, group after group: sample within the tile << 24 | entry
                                 within the tile */
    uint32_t *list_offsets;   /* (tiles * groups + 1): where each list begins */
} group_arrays;

/* Which pixel stands where, a place being group * lanes + lane: place_feature (lanes x groups) has F for a place without a
 * pixel, feature_place (F) is the place of each pixel. */
void gr_groups_order(const gradus_dataset_info *info, const group_shape *shape, uint32_t *place_feature,
                     uint32_t *feature_place);

/* The shape for these lanes and tiles. Counts the entries, for which it reads all pixels. ARGUMENT if there are too many
 * for 32 bits. */
gradus_status gr_groups_measure(const gradus_dataset *dataset, size_t lanes, size_t tile, group_shape *out);

gradus_status gr_groups_fill(const gradus_dataset *dataset, const group_shape *shape, const group_arrays *out);

#endif
