/* SPDX-License-Identifier: Apache-2.0 */
/* The units that dropout drops, on the host. */
#include "engine/common/dropout.h"
#include "common/dropout.h"

#include <math.h>

uint32_t gr_dropout_threshold(float share)
{
    const double limit = (1 << DROPOUT_BITS) - 1; /* some unit must remain */
    return (uint32_t)fmin(limit, round((double)share * (1 << DROPOUT_BITS)));
}

float gr_dropout_gain(uint32_t threshold)
{
    return (float)(1 << DROPOUT_BITS) / (float)((1 << DROPOUT_BITS) - threshold);
}

void gr_dropout_draw(float share, const dropout_place *at, size_t units, float *factors)
{
    const dropout_key key = {{(uint32_t)at->seed, (uint32_t)(at->seed >> 32)}, at->layer, at->step};
    const uint32_t threshold = gr_dropout_threshold(share);
    const float gain = gr_dropout_gain(threshold);
    uint32_t words[4];
    for (size_t u = 0; u < units; u++) {
        if (u % DROPOUT_UNITS == 0)
            draw_units(key, at->sample, (uint32_t)(u / DROPOUT_UNITS), words);
        factors[u] = unit_bits(words, u % DROPOUT_UNITS) < threshold ? 0 : gain;
    }
}
