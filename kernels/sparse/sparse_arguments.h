// SPDX-License-Identifier: Apache-2.0
// The arguments of the sparse kernels, for kernels and launchers (host/engine/sparse).

#pragma once

#include "common/integers.h"
#include "common/scaled_sum.h"

// The samples of X for Z1 and dZ1 (H x count): first .. first + count - 1.
typedef struct sparse_samples {
    u32 first, count;
} sparse_samples;
