/* SPDX-License-Identifier: Apache-2.0 */
/* The activations and their slopes on the host, as kernels/common/activation.clh has them for devices. */
#ifndef GRADUS_ENGINE_ACTIVATION_H
#define GRADUS_ENGINE_ACTIVATION_H

#include "net/network.h"

#include <math.h>

#define LEAKY_SLOPE 0.01

/* f(z) and, in *slope, f'(z). NaN stays NaN, so that it shows in the loss. */
static inline double gr_activation(gradus_activation f, double z, double *slope)
{
    const double root_half = 0.70710678118654752440,
                 root_half_pi = 0.39894228040143267794; /* 1/sqrt(2), 1/sqrt(2 pi) */
    double a = z;
    *slope = 1;
    switch (f) {
    case GRADUS_RELU:
        *slope = z > 0;
        a = z <= 0 ? 0 : z;
        break;
    case GRADUS_LEAKY_RELU:
        *slope = z > 0 ? 1 : LEAKY_SLOPE;
        a = z * *slope;
        break;
    case GRADUS_SIGMOID:
        a = 1 / (1 + exp(-z));
        *slope = a * (1 - a);
        break;
    case GRADUS_TANH:
        a = tanh(z);
        *slope = 1 - a * a;
        break;
    case GRADUS_GELU: {
        const double share = 0.5 * erfc(-z * root_half);
        a = z * share;
        *slope = share + z * root_half_pi * exp(-0.5 * z * z);
        break;
    }
    }
    return a;
}

/* The same for so many floats: a[i] and slope[i] of z[i], which may be a[i]'s place. */
void gr_activate(gradus_activation f, size_t count, const float *z, float *a, float *slope);

#endif
