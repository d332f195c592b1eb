// SPDX-License-Identifier: Apache-2.0
// Softmax over each column (sample) of the logits z (C x B). The column's largest logit is subtracted first, so that
// exp never overflows. A NaN makes its complete column NaN. NDRange of both kernels: one work-item per sample.

#include "layered/layered_arguments.h"

// The first one of the column's largest logits.
static uint first_largest(global const float *column, uint classes)
{
    uint largest = 0;
    for (uint c = 1; c < classes; c++)
        if (column[c] > column[largest])
            largest = c;
    return largest;
}

// Replaces the column's logits z by exp(z - largest). Returns the sum.
static float exponentiate(global float *column, uint classes, float largest)
{
    float sum = 0;
    for (uint c = 0; c < classes; c++)
        sum += column[c] = exp(column[c] - largest);
    return sum;
}

static float column_sum(global const float *column, uint classes)
{
    float sum = 0;
    for (uint c = 0; c < classes; c++)
        sum += column[c];
    return sum;
}

// A2 = softmax(Z2), in place.
kernel void softmax_forward(global float *restrict z, uint classes, ulong samples)
{
    const size_t s = get_global_id(0);
    if (s >= samples)
        return;
    global float *column = z + s * classes;
    const float sum = exponentiate(column, classes, column[first_largest(column, classes)]);
    for (uint c = 0; c < classes; c++)
        column[c] /= sum;
}

// dZ2 = A2 - Y replaces z, where Y is one-hot at labels[first + s], except with label smoothing: 1 - e there, plus e /
// C for all. metrics (2 x B) gets for each sample its cross-entropy (z_max + log sum exp(z - z_max)) - sum y z, and
// whether its first largest logit is that of the label (1 or 0). Samples from `valid` up to `samples` are padding:
// their column of dZ2 and their metrics become 0.
kernel void softmax_cross_entropy(loss_slice slice, global float *restrict z, global const uchar *restrict labels,
                                  global float *restrict metrics, uint classes, ulong samples)
{
    const size_t s = get_global_id(0);
    if (s >= samples)
        return;
    global float *column = z + s * classes;
    if (s >= slice.valid) {
        for (uint c = 0; c < classes; c++)
            column[c] = 0;
        vstore2((float2)(0), s, metrics);
        return;
    }
    const uint label = labels[slice.first + s], prediction = first_largest(column, classes);
    const float smoothing = slice.smoothing, shared = smoothing / classes, largest = column[prediction];
    const float target =
        smoothing > 0 ? fma(1 - smoothing, column[label], shared * column_sum(column, classes)) : column[label];
    const float sum = exponentiate(column, classes, largest);
    for (uint c = 0; c < classes; c++)
        column[c] = column[c] / sum - (c == label ? 1.0f - smoothing : 0.0f) - shared;
    vstore2((float2)((largest - target) + log(sum), prediction == label ? 1.0f : 0.0f), s, metrics);
}
