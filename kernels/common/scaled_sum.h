// SPDX-License-Identifier: Apache-2.0
// How a kernel writes a sum: scale * sum, which it adds to what is there if `accumulate`. Kernels that write a part of the
// gradient take one as their first argument: scale makes a sum over samples the mean over their batch, and from the batch's
// second slice on they accumulate.

#pragma once

#include "common/integers.h"

typedef struct scaled_sum {
    float scale;
    u32 accumulate; // 0 or 1
} scaled_sum;
