// SPDX-License-Identifier: Apache-2.0
// The arguments of the kernels of optimizer.cl, for kernels, launchers and the host's optimizers.

#pragma once

#include "common/integers.h"
#include "common/parameters.h"

// The values that change from step to step. The factors correct the bias of the moments, and are 1 for an optimizer
// without; they are no divisors, because a division takes as long as ten multiplications. nadam has a learning rate and a
// first factor of its own, see nesterov_corrected() in host/engine/common/optimizer.c.
typedef struct update_step {
    float learning_rate;
    float first_factor;  // 1 / (1 - beta1^t)
    float second_factor; // 1 / sqrt(1 - beta2^t)
} update_step;

// The constants of an optimizer. optimizers.h names its formula.
typedef struct optimizer {
    u32 kind;                  // OPTIMIZER_...
    float momentum, decay;     // the formula's coefficients
    float epsilon;             // added to the root
    float weight_decay;        // of weights, not of biases
    float clip_norm, max_norm; // 0: none
} optimizer;

// PyTorch's clip_grad_norm_ adds this to the norm.
#ifdef __OPENCL_C_VERSION__
#define CLIP_EPSILON 1e-6f
#else
#define CLIP_EPSILON 1e-6
#endif

// Elements that a work-item of update_parameters updates.
#define UPDATE_LANES 8
