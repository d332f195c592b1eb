/* SPDX-License-Identifier: Apache-2.0 */
/* Philox 4x32-10 and the numbers made of its words. */
#include "core/random.h"

void gr_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)0xD2511F53u * c0;
        uint64_t b = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)b;
        c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)a;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

random_stream gr_random_stream(uint64_t seed, random_purpose purpose, uint32_t stream)
{
    return (random_stream){{(uint32_t)seed, (uint32_t)(seed >> 32)}, (uint32_t)purpose, stream};
}

uint32_t gr_random_word(const random_stream *stream, uint64_t index)
{
    uint64_t block = index / 4;
    const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), stream->stream, stream->purpose};
    uint32_t words[4];
    gr_philox4x32(counter, stream->key, words);
    return words[index % 4];
}

float gr_random_uniform(const random_stream *stream, uint64_t index)
{
    return (float)(gr_random_word(stream, index) >> 8) * 0x1p-24f;
}

/* Lemire, "Fast random integer generation in an interval" (2019): the high half of word * bound, redrawn in the few
 * cases that would favour small results. */
uint32_t gr_random_below(const random_stream *stream, uint32_t bound, uint64_t *index)
{
    const uint32_t threshold = (uint32_t)-bound % bound;
    for (;;) {
        uint64_t product = (uint64_t)gr_random_word(stream, (*index)++) * bound;
        if ((uint32_t)product >= threshold)
            return (uint32_t)(product >> 32);
    }
}
