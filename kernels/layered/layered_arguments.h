// SPDX-License-Identifier: Apache-2.0
// The arguments of the kernels of kernels/layered, for kernels and launchers. Structs that end in _slice have the
// values that differ between slices, and are a kernel's first argument.

#pragma once

#include "common/dropout.h"

// ---- expand_bytes ----

// The bytes first .. first + valid - 1 become the first `valid` floats; zeros follow.
typedef struct expand_slice {
    u64 first, valid;
} expand_slice;

// Bytes that a work-item expands.
#define EXPAND_BLOCK 8

// ---- activation_forward, input_transform ----

// Units, or features, of a sample that a work-item computes: those of one block of random numbers.
#define ACTIVATE_UNITS DROPOUT_UNITS

// The samples first .. first + valid - 1 of the order, and the threshold of dropout: units whose 16 random bits are
// below it are dropped; 0: none.
typedef struct activation_slice {
    u32 first, valid, threshold;
} activation_slice;

// The shape of Z (units x samples), and the functions that are applied to it.
typedef struct activation_layer {
    u32 units, samples;
    u32 function; // an activation
    u32 layer;    // its number; 1 is the first hidden layer
    float gain;   // factor of the units that are not dropped
} activation_layer;

// The same for the input; in its buffer the samples begin at sample x_first.
typedef struct input_slice {
    u32 first, valid, threshold, x_first;
} input_slice;

// The input for a feature v is scale * v + offset.
typedef struct input_layer {
    u32 features, samples;
    u32 floats; // 1: v is a float, 0: a byte
    float scale, offset;
    float gain;
} input_layer;

// ---- softmax_cross_entropy ----

// The first `valid` samples have labels, which begin at label `first`; the others are padding.
typedef struct loss_slice {
    u32 first, valid;
    float smoothing; // of labels
} loss_slice;
