// SPDX-License-Identifier: Apache-2.0
// The range and mode of a pass of the fused kernels: the first parameter of each kernel, with everything that differs
// between launches.

#pragma once

#include "common/integers.h"
#include "common/step_progress.h"

// The gradient with loss and number correct, only these two, or only the probabilities.
enum { PASS_GRADIENT, PASS_EVALUATE, PASS_PROBABILITIES };

typedef struct pass_range {
    u32 first, end; // samples first .. end - 1
    u32 mode;       // PASS_*
    float scale;    // of the gradient: 1 / (end - first)
} pass_range;

static inline pass_range make_pass_range(u32 first, u32 end, u32 mode)
{
    const pass_range range = {first, end, mode, 1.0f / (float)(end - first)};
    return range;
}
