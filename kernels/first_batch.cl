// SPDX-License-Identifier: Apache-2.0
// The first layer of mini-batches, by elements.cl. X is sample after sample here, each with its pixels that are not zero in
// order; a tile's samples come from anywhere, so what elements.cl wants to know of a tile is made when it is taken.
// W1 and dW1 stay packed from step to step: UNIT_BLOCKS x GROUPS x BLOCK_UNITS, with units to fill the last block.

// Vectors of units up to which dW1 is summed in memory; see tile_elements_backward.
#define SCATTERED 2

// X: the values and places of each sample's pixels, and where a sample's begin in each of its BLOCKS blocks of pixels.
typedef struct samples {
    global const uchar *values;
    global const ushort *places;
    global const uint *starts;
} samples;

// What a work-item knows of its tile, at PIXELS_AT of its scratch: which samples it has, their labels, and the elements
// pixel after pixel.
typedef struct tile_samples {
    global uint *sample;     // (TILE)
    global uint *list_ends;  // (GROUPS + 1)
    global uchar *labels;    // (TILE)
    global ushort *elements; // (TILE x GROUPS) at most
    global uint *numbers;    // (TILE) of the samples in the data set; `sample` may be of another list
    uint count;              // samples; the others of the tile do not exist
} tile_samples;

static tile_samples find_tile(global float *scratch, uint count)
{
    global uint *at = (global uint *)(scratch + PIXELS_AT);
    const tile_samples tile = {at,
                               at + TILE,
                               (global uchar *)(at + TILE + GROUPS + 1),
                               (global ushort *)(at + TILE + GROUPS + 1 + TILE / 4),
                               (global uint *)(scratch + NUMBERS_AT),
                               count};
    return tile;
}

static void take_tile(const tile_samples *tile, global const uint *order, global const uchar *labels)
{
    for (uint s = 0; s < TILE; s++) {
        const uint number = s < tile->count ? order[s] : 0;
        tile->sample[s] = tile->numbers[s] = number;
        tile->labels[s] = s < tile->count ? labels[number] : 0;
    }
}

#if INPUT_DROPOUT > 0

// Where a tile's samples stand without the features that a step leaves out, behind what else is at PIXELS_AT: sample
// after sample as X is, and room for one sample's random bits.
typedef struct thinned {
    global uint *starts;   // (TILE x BLOCKS + 1)
    global uint *bits;     // 16 of each feature, those of 8 LANES features more than there are
    global ushort *places; // (TILE x GROUPS) at most
    global uchar *values;  // likewise
} thinned;

static thinned find_thinned(const tile_samples *tile)
{
    global uint *starts = (global uint *)(tile->elements + TILE * GROUPS), *bits = starts + TILE * BLOCKS + 1;
    global ushort *places = (global ushort *)(bits + GROUPS / 2 + 4 * LANES);
    const thinned to = {starts, bits, places, (global uchar *)(places + TILE * GROUPS)};
    return to;
}

// One sample's random bits, LANES blocks of 8 features at a time.
static void draw_features(uint2 seed, uint sample, uint step, global uint *bits)
{
    uintv lane, words[4];
    for (uint j = 0; j < LANES; j++)
        ((uint *)&lane)[j] = j;
    for (uint f = 0; f < GROUPS; f += 8 * LANES, bits += 4 * LANES) {
        draw_units_lanes(seed, 0, (uintv)(sample), step, lane + f / 8, words);
        for (uint j = 0; j < LANES; j++)
            for (uint w = 0; w < 4; w++)
                bits[4 * j + w] = ((const uint *)&words[w])[j];
    }
}

// Makes the tile's samples those of a list without what this step leaves out.
static samples thin_tile(const samples *x, const tile_samples *tile, uint2 seed, uint step)
{
    const thinned to = find_thinned(tile);
    const samples list = {to.values, to.places, to.starts};
    uint count = 0;
    for (uint s = 0; s < TILE; s++) {
        global const uint *starts = x->starts + (size_t)tile->sample[s] * BLOCKS;
        global const ushort *bits = (global const ushort *)to.bits;
        if (s < tile->count)
            draw_features(seed, tile->numbers[s], step, to.bits);
        for (uint block = 0; block < BLOCKS; block++) {
            to.starts[s * BLOCKS + block] = count;
            for (uint i = starts[block]; s < tile->count && i < starts[block + 1]; i++) {
                to.places[count] = x->places[i];
                to.values[count] = x->values[i];
                count += bits[x->places[i]] >= INPUT_DROPOUT;
            }
        }
        tile->sample[s] = s;
    }
    to.starts[TILE * BLOCKS] = count;
    return list;
}

#endif

// z (TILE x BLOCK_UNITS) = W1 X of the tile, for the units whose packed weights are w: see elements_forward.
static void batch_forward(const samples *x, const tile_samples *tile, global const floatv *w, global floatv *z)
{
    for (uint block = 0; block < BLOCKS; block++)
        for (uint s = 0; s < TILE; s++) {
            global const uint *starts = x->starts + (size_t)tile->sample[s] * BLOCKS + block;
            const uint end = s < tile->count ? starts[1] : starts[0];
            sample_forward(x->values, x->places, starts[0], end, block > 0, w, z + s * UNIT_BLOCK);
        }
}

// Z1 = W1 X of a tile, without bias and the factor 1/255, a unit's samples side by side.
static void first_forward(const samples *x, const tile_samples *tile, global const float *packed,
                          global float *scratch, global float *z)
{
    global float *turned = scratch + SPARE_FORWARD_AT;
    for (uint block = 0; block < UNIT_BLOCKS; block++, packed += GROUPS * BLOCK_UNITS, z += BLOCK_UNITS * TILE) {
        batch_forward(x, tile, (global const floatv *)packed, (global floatv *)turned);
        for (uint u = 0; u < BLOCK_UNITS; u++)
            for (uint s = 0; s < TILE; s++)
                z[u * TILE + s] = turned[s * BLOCK_UNITS + u];
    }
}

#if UNIT_BLOCKS == 1 && UNIT_BLOCK <= SCATTERED

// dW1 += dZ1 X^T of a tile, pixel after pixel of each sample: with so few units that is quicker than to sort them first.
static void tile_elements_backward(const samples *x, const tile_samples *tile, global const floatv *d,
                                   global floatv *dw)
{
    for (uint s = 0; s < tile->count; s++, d += UNIT_BLOCK) {
        global const uint *starts = x->starts + (size_t)tile->sample[s] * BLOCKS;
        floatv dz[UNIT_BLOCK];
#pragma unroll
        for (uint u = 0; u < UNIT_BLOCK; u++)
            dz[u] = d[u];
        for (uint i = starts[0]; i < starts[BLOCKS]; i++) {
            const floatv v = (floatv)((float)x->values[i]);
            global floatv *row = dw + (uint)x->places[i] * UNIT_BLOCK;
#pragma unroll
            for (uint u = 0; u < UNIT_BLOCK; u++)
                row[u] = fma(v, dz[u], row[u]);
        }
    }
}

static void prepare_backward(const samples *x, const tile_samples *tile)
{
}

#else

// Sorts the tile's elements by their pixel, counting: list p is elements[list_ends[p]] to [list_ends[p + 1]].
static void prepare_backward(const samples *x, const tile_samples *tile)
{
    global uint *ends = tile->list_ends;
    for (uint p = 0; p <= GROUPS; p++)
        ends[p] = 0;
    for (uint s = 0; s < tile->count; s++) {
        global const uint *starts = x->starts + (size_t)tile->sample[s] * BLOCKS;
        for (uint i = starts[0]; i < starts[BLOCKS]; i++)
            ends[x->places[i] + 1]++;
    }
    uint before = 0;
    for (uint p = 1; p <= GROUPS; p++) {
        const uint length = ends[p];
        ends[p] = before;
        before += length;
    }
    for (uint s = 0; s < tile->count; s++) {
        global const uint *starts = x->starts + (size_t)tile->sample[s] * BLOCKS;
        for (uint i = starts[0]; i < starts[BLOCKS]; i++)
            tile->elements[ends[x->places[i] + 1]++] = (ushort)(s << 8 | x->values[i]);
    }
}

static void tile_elements_backward(const samples *x, const tile_samples *tile, global const floatv *d,
                                   global floatv *dw)
{
    const pixels lists = {.lists = (global const uint *)tile->elements, .list_offsets = tile->list_ends};
    elements_backward(&lists, 0, d, dw);
}

#endif

// dW1 += dZ1 X^T of a tile.
static void first_backward(const samples *x, const tile_samples *tile, global float *scratch, global const float *dz)
{
    global float *packed = scratch + DW_AT, *turned = scratch + SPARE_AT;
    prepare_backward(x, tile);
    for (uint block = 0; block < UNIT_BLOCKS; block++, packed += GROUPS * BLOCK_UNITS, dz += BLOCK_UNITS * TILE) {
        for (uint s = 0; s < TILE; s++)
            for (uint u = 0; u < BLOCK_UNITS; u++)
                turned[s * BLOCK_UNITS + u] = dz[u * TILE + s];
        tile_elements_backward(x, tile, (global const floatv *)turned, (global floatv *)packed);
    }
}
