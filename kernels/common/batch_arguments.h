// SPDX-License-Identifier: Apache-2.0
// The arguments of the kernels that gather batches of samples (shuffle.cl, augment.cl), for kernels and launchers.

#pragma once

#include "common/integers.h"

// The order's samples first .. first + valid - 1, which become the first `valid` of the batch.
typedef struct batch_samples {
    u32 first, valid;
} batch_samples;

// The same with the epoch, for augmentation.
typedef struct epoch_samples {
    batch_samples of;
    u32 epoch;
} epoch_samples;

// The same whose transforms were drawn with those of others: of all samples of the order from drawn_first on.
typedef struct drawn_samples {
    batch_samples of;
    u32 drawn_first;
} drawn_samples;

// Bytes of a sample that a work-item of gather_samples copies.
#define GATHER_PIECE 16
