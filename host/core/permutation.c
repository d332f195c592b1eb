/* SPDX-License-Identifier: Apache-2.0 */
/* The orders of epochs. */
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

uint32_t gr_permutation_at(const permutation *p, uint32_t i)
{
    return permutation_at(p, i);
}
