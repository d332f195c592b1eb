/* SPDX-License-Identifier: Apache-2.0 */
/* A Feistel network with cycle walking. */
#include "core/permutation.h"

permutation gr_permutation_identity(uint32_t count)
{
    permutation p = {.count = count, .half_bits = 1};
    while (p.half_bits < 16 && ((uint64_t)1 << (2 * p.half_bits)) < count)
        p.half_bits++;
    return p;
}

permutation gr_permutation(uint32_t count, uint64_t seed, uint32_t epoch)
{
    const random_stream stream = gr_random_stream(seed, RANDOM_SHUFFLE, epoch);
    permutation p = gr_permutation_identity(count);
    p.rounds = PERMUTATION_ROUNDS;
    p.epoch = epoch;
    for (uint32_t r = 0; r < PERMUTATION_ROUNDS; r++)
        p.keys[r] = gr_random_word(&stream, r);
    return p;
}

/* Murmur3's finaliser: each bit of the input changes each bit of the output with a probability of about one half. */
static uint32_t mix(uint32_t x)
{
    x ^= x >> 16;
    x *= 0x85ebca6bu;
    x ^= x >> 13;
    x *= 0xc2b2ae35u;
    return x ^ x >> 16;
}

uint32_t gr_permutation_at(const permutation *p, uint32_t i)
{
    const uint32_t mask = (1u << p->half_bits) - 1;
    do {
        uint32_t left = i >> p->half_bits, right = i & mask;
        for (uint32_t r = 0; r < p->rounds; r++) {
            const uint32_t next = left ^ (mix(right ^ p->keys[r]) & mask);
            left = right;
            right = next;
        }
        i = left << p->half_bits | right;
    } while (i >= p->count);
    return i;
}
