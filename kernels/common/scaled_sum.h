// SPDX-License-Identifier: Apache-2.0
// How a kernel writes a sum: scale * sum, added to the present value if `accumulate`. It is the first argument of
// kernels that write a part of the gradient: scale converts a sum over samples to the mean over their batch, and from
// the batch's second slice on they accumulate.

#pragma once

#include "common/integers.h"

typedef struct scaled_sum {
    float scale;
    u32 accumulate; // 0 or 1
} scaled_sum;
