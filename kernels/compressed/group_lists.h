// SPDX-License-Identifier: Apache-2.0
// The lists of compressed X (host/engine/compressed/groups.h): numbers that the host packs and the kernels unpack.

#pragma once

// Samples of a tile at most, and entries of one: 8 bits number the samples, 24 the entries.
#define TILE_SAMPLES_MAX 256
#define TILE_ENTRIES_MAX (1 << 24)

// Of groups of several pixels an item names the sample and the entry, both within the tile.
#define LIST_ITEM(sample, entry) ((sample) << 24 | (entry))
#define ITEM_SAMPLE(item) ((item) >> 24)
#define ITEM_ENTRY(item) ((item)&0xffffff)

// Of single pixels it is an element: the sample and the pixel's value themselves.
#define LIST_ELEMENT(sample, value) ((sample) << 8 | (value))
#define ELEMENT_SAMPLE(element) ((element) >> 8)
#define ELEMENT_VALUE(element) ((element)&0xff)

// Vectors of units at most that meet a single pixel together: so many sums fit a CPU's registers.
#define ELEMENT_VECTORS 8
