// SPDX-License-Identifier: Apache-2.0
// What the kernels of optimizer.cl share with their launchers and with the host's optimizers.

#pragma once

#include "common/integers.h"
#include "common/parameters.h"

// What changes from step to step. The corrections are Adam's; for the others they are 1.
typedef struct update_step {
    float learning_rate;
    float first_correction;  // 1 - beta1^t
    float second_correction; // sqrt(1 - beta2^t)
} update_step;

// What is the same in all steps.
typedef struct update_rule {
    u64 elements;   // of the flat buffers, a multiple of PARAMETER_ALIGNMENT
    u32 slots;      // of the history, a ring
    u32 kind;       // of optimizer
    float momentum; // of the first moment: momentum, or beta1
    float decay;    // of the second moment: rho, or beta2
    float epsilon, weight_decay;
} update_rule;

// Elements that a work-item of update_parameters updates.
#define UPDATE_LANES 8
