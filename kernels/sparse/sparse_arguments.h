// SPDX-License-Identifier: Apache-2.0
// What the sparse kernels share with their launchers (host/engine/sparse).

#pragma once

#include "common/integers.h"
#include "common/scaled_sum.h"

// The samples of X that Z1 and dZ1 (H x count) are of: first .. first + count - 1.
typedef struct sparse_samples {
    u32 first, count;
} sparse_samples;
