// SPDX-License-Identifier: Apache-2.0
// Softmax over each column (sample) of the logits z (C x B), with the column's maximum subtracted first, so that exp
// never overflows. NDRange: one work-item per sample.

#include "layered/layered_arguments.h"

// The first of a column's largest logits.
static uint column_argmax(global const float *z, uint classes)
{
    uint best = 0;
    for (uint c = 1; c < classes; c++)
        if (z[c] > z[best])
            best = c;
    return best;
}

// z := exp(z - largest) of a column. Returns the sum.
static float column_exp(global float *z, uint classes, float largest)
{
    float sum = 0;
    for (uint c = 0; c < classes; c++) {
        z[c] = exp(z[c] - largest);
        sum += z[c];
    }
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
        const float sum = column_exp(column, classes, column[column_argmax(column, classes)]);
        for (uint c = 0; c < classes; c++)
            column[c] /= sum;
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
    const uint prediction = column_argmax(column, classes);
    const float largest = column[prediction], sum = column_exp(column, classes, largest);

    for (uint c = 0; c < classes; c++)
        column[c] = column[c] / sum - (c == label ? 1.0f - smoothing : 0.0f) - shared;
    vstore2((float2)((largest - target) + log(sum), prediction == label ? 1.0f : 0.0f), s, metrics);
}
