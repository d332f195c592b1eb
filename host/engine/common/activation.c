/* SPDX-License-Identifier: Apache-2.0 */
/* The activations of many floats: a loop each, so that a compiler can put several units into a vector. */
#include "engine/common/activation.h"

static void activate_relu(size_t count, const float *z, float *a, float *slope)
{
    for (size_t i = 0; i < count; i++) {
        slope[i] = z[i] > 0 ? 1 : 0;
        a[i] = z[i] <= 0 ? 0 : z[i];
    }
}

static void activate_leaky_relu(size_t count, const float *z, float *a, float *slope)
{
    for (size_t i = 0; i < count; i++) {
        slope[i] = z[i] > 0 ? 1 : (float)LEAKY_SLOPE;
        a[i] = z[i] * slope[i];
    }
}

static void activate_sigmoid(size_t count, const float *z, float *a, float *slope)
{
    for (size_t i = 0; i < count; i++) {
        a[i] = 1 / (1 + expf(-z[i]));
        slope[i] = a[i] * (1 - a[i]);
    }
}

static void activate_tanh(size_t count, const float *z, float *a, float *slope)
{
    for (size_t i = 0; i < count; i++) {
        a[i] = tanhf(z[i]);
        slope[i] = 1 - a[i] * a[i];
    }
}

static void activate_gelu(size_t count, const float *z, float *a, float *slope)
{
    for (size_t i = 0; i < count; i++) {
        const float x = z[i], share = 0.5f * erfcf(-x * 0.70710678f);
        a[i] = x * share;
        slope[i] = share + x * 0.39894228f * expf(-0.5f * x * x);
    }
}

void gr_activate(gradus_activation f, size_t count, const float *z, float *a, float *slope)
{
    switch (f) {
    case GRADUS_RELU:
        activate_relu(count, z, a, slope);
        break;
    case GRADUS_LEAKY_RELU:
        activate_leaky_relu(count, z, a, slope);
        break;
    case GRADUS_SIGMOID:
        activate_sigmoid(count, z, a, slope);
        break;
    case GRADUS_TANH:
        activate_tanh(count, z, a, slope);
        break;
    case GRADUS_GELU:
        activate_gelu(count, z, a, slope);
        break;
    }
}
