/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers made of the words of Philox 4x32-10. */
#include "core/random.h"
#include "common/philox.h"

#include <string.h>

void gr_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    memmove(out, counter, 4 * sizeof *out);
    philox(out, key[0], key[1]);
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
