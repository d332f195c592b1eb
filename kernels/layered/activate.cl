// SPDX-License-Identifier: Apache-2.0
// The operations between two products if these are more than a ReLU: other activations, dropout, and the
// transformation of the input. Dropout needs each sample's number in the data set: order[first + s], or first + s if
// order is NULL. threshold 0: nothing is dropped.

#include "common/activation.clh"
#include "common/dropout.h"
#include "layered/layered_arguments.h"

static uint sample_number(global const uint *order, uint first, uint s)
{
    return order == 0 ? first + s : order[first + s];
}

// A = f(Z), in place in z (units x samples), and f'(Z) in slopes, both times the dropout factors: 0 for dropped units,
// layer.gain for the others. Samples from `valid` on have no number, and no dropout. NDRange: one work-item per
// ACTIVATE_UNITS units of a sample.
kernel void activation_forward(activation_slice slice, activation_layer layer, global float *restrict z,
                               global float *restrict slopes, global const step_progress *restrict progress,
                               global const uint *restrict order)
{
    const uint units = layer.units, blocks = (units + ACTIVATE_UNITS - 1) / ACTIVATE_UNITS;
    const size_t i = get_global_id(0);
    const uint s = i / blocks, block = i % blocks;
    uint words[4] = {0};
    if (s >= layer.samples)
        return;
    const bool thins = slice.threshold > 0 && s < slice.valid;
    if (thins)
        draw_units(dropout_key_of(*progress, layer.layer), sample_number(order, slice.first, s), block, words);
    for (uint u = block * ACTIVATE_UNITS; u < min(units, (block + 1) * ACTIVATE_UNITS); u++) {
        const bool left_out = thins && unit_bits(words, u % ACTIVATE_UNITS) < slice.threshold;
        const float factor = left_out ? 0 : thins ? layer.gain : 1;
        float slope;
        const float a = activation(layer.function, z[(size_t)s * units + u], &slope);
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

// The input of the network, (scale * v + offset) times the dropout factors, for the samples x_first .. x_first + valid
// - 1 of x (features x any number), where v is a byte or with `floats` a float, in out (features x samples); 0 after
// them. NDRange: one work-item per ACTIVATE_UNITS features of a sample.
kernel void input_transform(input_slice slice, input_layer layer, global const uchar *restrict x,
                            global float *restrict out, global const step_progress *restrict progress,
                            global const uint *restrict order)
{
    const uint features = layer.features, blocks = (features + ACTIVATE_UNITS - 1) / ACTIVATE_UNITS;
    const size_t i = get_global_id(0);
    const uint s = i / blocks, block = i % blocks;
    uint words[4] = {0};
    if (s >= layer.samples)
        return;
    if (slice.threshold > 0 && s < slice.valid)
        draw_units(dropout_key_of(*progress, 0), sample_number(order, slice.first, s), block, words);
    const float gain = slice.threshold > 0 ? layer.gain : 1;
    const size_t sample = (size_t)(slice.x_first + s) * features;
    global const float *x_floats = (global const float *)x;
    for (uint f = block * ACTIVATE_UNITS; f < min(features, (block + 1) * ACTIVATE_UNITS); f++) {
        const bool seen = s < slice.valid && unit_bits(words, f % ACTIVATE_UNITS) >= slice.threshold;
        const float value = !seen ? 0 : layer.floats ? x_floats[sample + f] : (float)x[sample + f];
        out[(size_t)s * features + f] = seen ? fma(layer.scale, value, layer.offset) * gain : 0;
    }
}
