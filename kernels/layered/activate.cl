// SPDX-License-Identifier: Apache-2.0
// What stands between two products where that is more than a ReLU: other activations, dropout, and the input transformed
// on the host's word. Behind activation.clh and dropout.clh. Dropout asks for each sample's number in the data set: that is
// order[first + s], or first + s where order is NULL. progress is the record of the steps (optimizer_step.clh): [2] the
// step, [3] and [4] the seed. threshold 0: nothing is left out.

#include "common/activation.clh"
#include "common/dropout.clh"

#define UNITS 8 // of a work-item

static uint sample_number(global const uint *order, uint first, uint s)
{
    return order == 0 ? first + s : order[first + s];
}

static void draw_mask(global const uint *progress, uint layer, uint sample, uint block, uint words[4])
{
    draw_units((uint2)(progress[3], progress[4]), layer, sample, progress[2], block, words);
}

// A = f(Z), in place in z (units x samples), and f'(Z) into slopes, both times the factors of dropout: 0 for what is left
// out, `gain` for the rest. Samples from `valid` on have no number and are not thinned. NDRange: one work-item per UNITS
// units of a sample.
kernel void activation_forward(uint threshold, uint first, uint valid, global float *restrict z,
                               global float *restrict slopes, uint units, uint samples, uint function, uint layer,
                               float gain, global const uint *restrict progress, global const uint *restrict order)
{
    const uint blocks = (units + UNITS - 1) / UNITS;
    const size_t i = get_global_id(0);
    const uint s = i / blocks, block = i % blocks;
    uint words[4] = {0};
    if (s >= samples)
        return;
    const bool thins = threshold > 0 && s < valid;
    if (thins)
        draw_mask(progress, layer, sample_number(order, first, s), block, words);
    for (uint u = block * UNITS; u < min(units, (block + 1) * UNITS); u++) {
        const float factor = !thins ? 1 : unit_bits(words, u % UNITS) < threshold ? 0 : gain;
        float slope;
        const float a = activation(function, z[(size_t)s * units + u], &slope);
        z[(size_t)s * units + u] = a * factor;
        slopes[(size_t)s * units + u] = slope * factor;
    }
}

// dZ = dA .* slopes, in place in dz. NDRange: one work-item per element.
kernel void activation_backward(global const float *restrict slopes, global float *restrict dz, ulong elements)
{
    const size_t i = get_global_id(0);
    if (i < elements)
        dz[i] *= slopes[i];
}

// What the network sees, (scale * v + offset) times the factors of dropout, of the samples x_first .. x_first + valid - 1
// of x (features x any number), v being a byte or with `floats` a float, into out (features x samples); 0 behind them. NDRange: one work-item per UNITS features of
// a sample.
kernel void input_transform(uint threshold, uint first, uint valid, uint x_first, global const uchar *restrict x,
                            global float *restrict out, uint features, uint samples, uint floats, float scale,
                            float offset, float gain, global const uint *restrict progress,
                            global const uint *restrict order)
{
    const uint blocks = (features + UNITS - 1) / UNITS;
    const size_t i = get_global_id(0);
    const uint s = i / blocks, block = i % blocks;
    uint words[4] = {0};
    if (s >= samples)
        return;
    if (threshold > 0 && s < valid)
        draw_mask(progress, 0, sample_number(order, first, s), block, words);
    const size_t sample = (size_t)(x_first + s) * features;
    global const float *x_floats = (global const float *)x;
    for (uint f = block * UNITS; f < min(features, (block + 1) * UNITS); f++) {
        const bool seen = s < valid && unit_bits(words, f % UNITS) >= threshold;
        const float value = !seen ? 0 : floats ? x_floats[sample + f] : (float)x[sample + f];
        out[(size_t)s * features + f] = seen ? fma(scale, value, offset) * (threshold > 0 ? gain : 1) : 0;
    }
}
