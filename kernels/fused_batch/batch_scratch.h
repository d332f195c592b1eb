// SPDX-License-Identifier: Apache-2.0
// The layout of a tile's data in a work-item's scratch: the offset of each part, in words of 32 bits. The host
// computes the size by the same functions.

#pragma once

#include "common/augment_plan.h"
#include "common/integers.h"

static inline u32 words_of(u32 bytes)
{
    return (bytes + 3) / 4;
}

// From PIXELS_AT on: the tile's samples, and a list of their pixels.
typedef struct list_places {
    u32 samples;   // (tile) uint: their indices
    u32 list_ends; // (groups + 1) uint
    u32 labels;    // (tile) uchar
    u32 elements;  // (tile x groups) ushort at most
    u32 end;
} list_places;

static inline list_places place_lists(u32 tile, u32 groups)
{
    list_places at;
    at.samples = 0;
    at.list_ends = at.samples + tile;
    at.labels = at.list_ends + groups + 1;
    at.elements = at.labels + words_of(tile);
    at.end = at.elements + words_of(2 * tile * groups);
    return at;
}

// With input dropout these follow: the samples without the features that a step drops, and the random bits of one
// sample, which are drawn for 8 features in each of `lanes` lanes at a time.
typedef struct thinned_places {
    u32 starts; // (tile x blocks + 1) uint
    u32 bits;   // (groups) ushort, and padding for the last draw
    u32 places; // (tile x groups) ushort at most
    u32 values; // (tile x groups) uchar at most
    u32 end;
} thinned_places;

static inline thinned_places place_thinned(u32 tile, u32 groups, u32 blocks, u32 lanes)
{
    thinned_places at;
    at.starts = place_lists(tile, groups).end;
    at.bits = at.starts + tile * blocks + 1;
    at.places = at.bits + (groups + 8 * lanes - 1) / (8 * lanes) * 4 * lanes;
    at.values = at.places + words_of(2 * tile * groups);
    at.end = at.values + words_of(tile * groups);
    return at;
}

// From IMAGES_AT on, with augmentation: the samples as the list of their augmented images.
typedef struct image_places {
    u32 transform; // of one sample
    u32 starts;    // (tile x blocks + 1) uint
    u32 places;    // (tile x groups) ushort at most
    u32 values;    // (tile x groups) uchar at most
    u32 image;     // (groups) uchar, of one sample
    u32 end;
} image_places;

static inline image_places place_images(u32 tile, u32 groups, u32 blocks)
{
    image_places at;
    at.transform = 0;
    at.starts = at.transform + words_of(sizeof(transform));
    at.places = at.starts + tile * blocks + 1;
    at.values = at.places + words_of(2 * tile * groups);
    at.image = at.values + words_of(tile * groups);
    at.end = at.image + words_of(groups);
    return at;
}
