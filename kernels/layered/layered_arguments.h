// SPDX-License-Identifier: Apache-2.0
// What the kernels of kernels/layered share with their launchers. Structs that end in _slice hold what differs from slice to
// slice and are a kernel's first argument.

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

// Units, or features, of a sample that a work-item computes: those of which one block of random numbers decides.
#define ACTIVATE_UNITS DROPOUT_UNITS

// The samples first .. first + valid - 1 of the order, and which units dropout leaves out: those whose 16 random bits are
// below the threshold; 0: none.
typedef struct activation_slice {
    u32 first, valid, threshold;
} activation_slice;

// Z (units x samples) and what is applied to it.
typedef struct activation_layer {
    u32 units, samples;
    u32 function; // an activation
    u32 layer;    // its number; 1 is the first hidden layer
    float gain;   // of the units that dropout leaves in
} activation_layer;

// Likewise of the input; in its buffer the samples begin at sample x_first.
typedef struct input_slice {
    u32 first, valid, threshold, x_first;
} input_slice;

// The network sees (scale * v + offset) of a feature v.
typedef struct input_layer {
    u32 features, samples;
    u32 floats; // 1: v is a float, 0: a byte
    float scale, offset;
    float gain;
} input_layer;

// ---- softmax_cross_entropy ----

// The first `valid` samples have labels, which begin at label `first`; the others only fill the slice.
typedef struct loss_slice {
    u32 first, valid;
    float smoothing; // of labels
} loss_slice;
