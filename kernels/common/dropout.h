// SPDX-License-Identifier: Apache-2.0
// The units that a step drops, for the host and for devices. A unit has DROPOUT_BITS random bits, which are a function
// of only the seed, the layer, the sample's number in the data set and the step; one block of Philox has those of
// DROPOUT_UNITS units. Layer 0 is the input.

#pragma once

#include "common/philox.h"
#include "common/random_purposes.h"
#include "common/step_progress.h"

#define DROPOUT_BITS 16
#define DROPOUT_UNITS 8

// The common key of all bits of a layer in a step.
typedef struct dropout_key {
    u32 seed[2], layer, step;
} dropout_key;

static inline dropout_key dropout_key_of(step_progress now, u32 layer)
{
    const dropout_key key = {{now.seed[0], now.seed[1]}, layer, now.steps};
    return key;
}

// draw: fills `words` with the bits of the units 8 block .. 8 block + 7; bits: those of unit 8 block + i.
#define DEFINE_DROPOUT(draw, bits, word, generator)                                                                   \
    static inline void draw(dropout_key key, word sample, word block, word words[4])                                  \
    {                                                                                                                 \
        words[0] = sample;                                                                                            \
        words[1] = key.step;                                                                                          \
        words[2] = block;                                                                                             \
        words[3] = RANDOM_DROPOUT | key.layer << 8;                                                                   \
        generator(words, key.seed[0], key.seed[1]);                                                                   \
    }                                                                                                                 \
    static inline word bits(const word words[4], u32 i)                                                               \
    {                                                                                                                 \
        return words[i / 2] >> i % 2 * DROPOUT_BITS & 0xffff;                                                         \
    }

DEFINE_DROPOUT(draw_units, unit_bits, u32, philox)
#ifdef LANES
// For a vector of samples, or of blocks of one sample.
DEFINE_DROPOUT(draw_units_lanes, unit_bits_lanes, uintv, philox_lanes)
#endif
