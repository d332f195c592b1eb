// SPDX-License-Identifier: Apache-2.0
// Softmax over each column (sample) of the logits z (C x B), with the column's maximum subtracted first, so that exp
// never overflows. NDRange: one work-item per sample.

#include "layered/layered_arguments.h"

static float column_max(global const float *z, uint classes)
{
    float largest = z[0];
    for (uint c = 1; c < classes; c++)
        largest = fmax(largest, z[c]);
    return largest;
}

static float column_exp_sum(global const float *z, uint classes, float largest)
{
    float sum = 0;
    for (uint c = 0; c < classes; c++)
        sum += exp(z[c] - largest);
    return sum;
}

static float column_sum(global const float *z, uint classes)
{
    float sum = 0;
    for (uint c = 0; c < classes; c++)
        sum += z[c];
    return sum;
}

// A2 = softmax(Z2), in place.
kernel void softmax_forward(global float *restrict z, uint classes, ulong samples)
{
    const size_t s = get_global_id(0);
    if (s < samples) {
        global float *column = z + s * classes;
        const float largest = column_max(column, classes);
        const float sum = column_exp_sum(column, classes, largest);
        for (uint c = 0; c < classes; c++)
            column[c] = exp(column[c] - largest) / sum;
    }
}

// dZ2 = A2 - Y in place of z, where Y is one-hot at labels[first + s], but for label smoothing: 1 - e there and e / C more
// for all. And for each sample in metrics (2 x B) its cross-entropy (z_max + log sum exp(z - z_max)) - sum y z, and
// whether its first largest logit is at the label (1 or 0).
// Samples from `valid` up to `samples` only fill the batch: their column of dZ2 and their metrics become 0.
kernel void softmax_cross_entropy(loss_slice slice, global float *restrict z, global const uchar *restrict labels,
                                  global float *restrict metrics, uint classes, ulong samples)
{
    const size_t s = get_global_id(0);
    const float smoothing = slice.smoothing;
    if (s >= samples)
        return;
    global float *column = z + s * classes;
    if (s >= slice.valid) {
        for (uint c = 0; c < classes; c++)
            column[c] = 0;
        vstore2((float2)(0), s, metrics);
        return;
    }
    const uint label = labels[slice.first + s];
    const float shared = smoothing / classes;
    const float target =
        smoothing > 0 ? fma(1 - smoothing, column[label], shared * column_sum(column, classes)) : column[label];
    const float largest = column_max(column, classes);
    const float sum = column_exp_sum(column, classes, largest);

    uint prediction = classes;
    for (uint c = classes; c-- > 0;) {
        const float logit = column[c];
        if (logit == largest)
            prediction = c;
        column[c] = exp(logit - largest) / sum - (c == label ? 1.0f - smoothing : 0.0f) - shared;
    }
    vstore2((float2)((largest - target) + log(sum), prediction == label ? 1.0f : 0.0f), s, metrics);
}
