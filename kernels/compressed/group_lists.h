// SPDX-License-Identifier: Apache-2.0
// The lists of compressed X (host/engine/compressed/groups.h): the host packs the numbers, and the kernels unpack
// them.

#pragma once

// Largest number of samples of a tile, and of its entries: 8 bits for the sample, 24 for the entry.
#define TILE_SAMPLES_MAX 256
#define TILE_ENTRIES_MAX (1 << 24)

// For groups of several pixels: an item is the sample and the entry, both within the tile.
#define LIST_ITEM(sample, entry) ((sample) << 24 | (entry))
#define ITEM_SAMPLE(item) ((item) >> 24)
#define ITEM_ENTRY(item) ((item)&0xffffff)

// For single pixels: an item is an element, which is the sample and the pixel's value.
#define LIST_ELEMENT(sample, value) ((sample) << 8 | (value))
#define ELEMENT_SAMPLE(element) ((element) >> 8)
#define ELEMENT_VALUE(element) ((element)&0xff)

// Largest number of units that are multiplied by a single pixel together: their sums fit a CPU's registers, and dZ1 of a
// tile of 64 samples half of its first-level cache.
#define ELEMENT_UNITS 64
