// SPDX-License-Identifier: Apache-2.0
// The purpose of a random number. Streams of different purposes never share a counter (philox.h).

#pragma once

// Results depend on these values: never renumber them.
enum random_purpose {
    RANDOM_PARAMETERS = 1, // stream: index of the tensor, W1, b1, W2, ... from 0
    RANDOM_HOLDOUT = 2,
    RANDOM_TEST = 3,         // inputs of comparisons and tests
    RANDOM_SHUFFLE = 4,      // stream: the epoch; permutation_at.h
    RANDOM_DROPOUT = 5,      // has its own counters; dropout.h
    RANDOM_AUGMENTATION = 6, // stream: the epoch; a sample's words begin at index 2^34 times its number
};
