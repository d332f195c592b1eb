// SPDX-License-Identifier: Apache-2.0
// The flat buffer of a network's parameters. Gradient and optimizer state have the same layout.

#pragma once

// Tensors begin at multiples of this number of floats (128 bytes), so that wide loads of any device are aligned, and
// an aligned block of this size has only weights or only biases.
#define PARAMETER_ALIGNMENT 32
