// SPDX-License-Identifier: Apache-2.0
// The order of samples in an epoch. Each element can be computed on its own, in kernels and on the host.
// host/core/permutation.h has the sources.

#pragma once

#include "common/integers.h"

// Fewer rounds leave patterns that a test finds; the tests check chi-square and fixed points with six.
#define PERMUTATION_ROUNDS 6

typedef struct permutation {
    u32 count;                    // at least 1
    u32 half_bits;                // of the numbers: 2 * half_bits bits hold count
    u32 rounds;                   // PERMUTATION_ROUNDS, or 0: the identity
    u32 keys[PERMUTATION_ROUNDS]; // one for each round
    u32 epoch;                    // whose order this is; unused by the identity
} permutation;

// Murmur3's finaliser: each bit of the input changes each bit of the output with a probability of about one half.
static inline u32 mix_bits(u32 x)
{
    x ^= x >> 16;
    x *= 0x85ebca6bu;
    x ^= x >> 13;
    x *= 0xc2b2ae35u;
    return x ^ x >> 16;
}

// Element i < count: a Feistel network with cycle walking.
static inline u32 permutation_at(const permutation *p, u32 i)
{
    const u32 mask = (1u << p->half_bits) - 1;
    do {
        u32 left = i >> p->half_bits, right = i & mask;
        for (u32 r = 0; r < p->rounds; r++) {
            const u32 next = left ^ (mix_bits(right ^ p->keys[r]) & mask);
            left = right;
            right = next;
        }
        i = left << p->half_bits | right;
    } while (i >= p->count);
    return i;
}
