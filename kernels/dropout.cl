// SPDX-License-Identifier: Apache-2.0
// Which units a step leaves out, as host/engine/dropout.h says: 16 random bits of a unit, those of 8 units together, are a
// function of seed, layer, sample and step. Behind philox.cl.

// What a program has for the purpose RANDOM_DROPOUT.
#define DROPOUT_PURPOSE 5

// Fills `words` with the bits of the units 8 block .. 8 block + 7 of a layer; layer 0 is the input.
static void draw_units(uint2 seed, uint layer, uint sample, uint step, uint block, uint words[4])
{
    words[0] = sample;
    words[1] = step;
    words[2] = block;
    words[3] = DROPOUT_PURPOSE | layer << 8;
    philox(words, seed);
}

// The bits of unit 8 block + i.
static uint unit_bits(const uint words[4], uint i)
{
    return words[i / 2] >> i % 2 * 16 & 0xffff;
}

#ifdef LANES
// The same for as many samples, or blocks of one sample, as a vector has lanes.
static void draw_units_lanes(uint2 seed, uint layer, uintv sample, uint step, uintv block, uintv words[4])
{
    words[0] = sample;
    words[1] = step;
    words[2] = block;
    words[3] = DROPOUT_PURPOSE | layer << 8;
    philox_lanes(words, seed);
}
#endif
