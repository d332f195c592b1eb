/* SPDX-License-Identifier: Apache-2.0 */
/* The activations on the host, by the formulas of kernels/common/activation_formulas.h. */
#ifndef GRADUS_ENGINE_ACTIVATION_H
#define GRADUS_ENGINE_ACTIVATION_H

#include "net/network.h"

/* f(z) and, in *slope, f'(z). */
double gr_activation(gradus_activation f, double z, double *slope);

/* The same for `count` floats: a[i] and slope[i] of z[i]; a may be z. */
void gr_activate(gradus_activation f, size_t count, const float *z, float *a, float *slope);

#endif
