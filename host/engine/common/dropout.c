/* SPDX-License-Identifier: Apache-2.0 */
/* Random bits of dropout, 8 units from one block of the generator. */
#include "engine/common/dropout.h"
#include "core/random.h"

#include <math.h>

#define BITS 16

uint32_t gr_dropout_threshold(float share)
{
    const double limit = (1 << BITS) - 1; /* some unit must remain */
    return (uint32_t)fmin(limit, round((double)share * (1 << BITS)));
}

float gr_dropout_gain(uint32_t threshold)
{
    return (float)(1 << BITS) / (float)((1 << BITS) - threshold);
}

void gr_dropout_draw(float share, const dropout_place *at, size_t units, float *factors)
{
    const uint32_t threshold = gr_dropout_threshold(share), key[2] = {(uint32_t)at->seed, (uint32_t)(at->seed >> 32)};
    const float gain = gr_dropout_gain(threshold);
    uint32_t words[4];
    for (size_t u = 0; u < units; u++) {
        const uint32_t counter[4] = {at->sample, at->step, (uint32_t)(u / 8), RANDOM_DROPOUT | at->layer << 8};
        if (u % 8 == 0)
            gr_philox4x32(counter, key, words);
        const uint32_t bits = words[u % 8 / 2] >> u % 2 * BITS & 0xffff;
        factors[u] = bits < threshold ? 0 : gain;
    }
}
