// SPDX-License-Identifier: Apache-2.0
// The augmented images of a tile's samples, for fused_batch.cl: made one after the other and listed as X is, with all that
// at AUGMENTED_AT of the work-item's scratch. By augment_row.cl.

// X as bytes, and what to make of it.
typedef struct image_source {
    global const augment_plan *plan;
    global const uchar *x; // (F x B)
    uint augments;         // in the order at hand
    uint epoch;            // that it is the order of
} image_source;

#if AUGMENTS

#define BLOCK ((GROUPS + BLOCKS - 1) / BLOCKS) // pixels, as host/engine/groups.h divides them

typedef struct augmented_tile {
    global transform *transform;
    global uint *starts;   // (TILE x BLOCKS + 1)
    global ushort *places; // (TILE x GROUPS) at most
    global uchar *values;  // likewise
    global uchar *image;   // (GROUPS)
} augmented_tile;

static augmented_tile find_augmented(global float *scratch)
{
    global transform *at = (global transform *)(scratch + AUGMENTED_AT);
    global uint *starts = (global uint *)(at + 1);
    global ushort *places = (global ushort *)(starts + TILE * BLOCKS + 1);
    global uchar *values = (global uchar *)(places + TILE * GROUPS);
    const augmented_tile to = {at, starts, places, values, values + TILE * GROUPS};
    return to;
}

// Appends the image's pixels that are not zero as sample s to the list, which has `count` so far. Returns how many it has now.
static uint list_image(const augmented_tile *to, uint s, uint count)
{
    for (uint block = 0; block < BLOCKS; block++) {
        to->starts[s * BLOCKS + block] = count;
        for (uint f = block * BLOCK; f < min((block + 1) * BLOCK, (uint)GROUPS); f++) {
            to->values[count] = to->image[f];
            to->places[count] = (ushort)f;
            count += to->image[f] != 0;
        }
    }
    return count;
}

// Makes the tile's samples those of a list of augmented images.
static samples augment_tile(const image_source *from, const tile_samples *tile, global float *scratch)
{
    const augmented_tile to = find_augmented(scratch);
    const samples list = {to.values, to.places, to.starts};
    const int width = from->plan->width, height = from->plan->height;
    uint count = 0;
    for (uint s = 0; s < tile->count; s++) {
        global const uchar *image = from->x + (size_t)tile->numbers[s] * GROUPS;
        draw_transform(from->plan, from->epoch, tile->numbers[s], to.transform);
        for (int y = 0; y < height; y++)
            augment_row(from->plan, to.transform, image, y, 0, width, to.image + y * width);
        count = list_image(&to, s, count);
        tile->sample[s] = s;
    }
    for (uint i = tile->count * BLOCKS; i <= TILE * BLOCKS; i++)
        to.starts[i] = count;
    for (uint s = tile->count; s < TILE; s++)
        tile->sample[s] = s;
    return list;
}

#endif
