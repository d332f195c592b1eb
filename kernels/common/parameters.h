// SPDX-License-Identifier: Apache-2.0
// The flat buffer of a network's parameters, of which gradient and optimizer state have the layout.

#pragma once

// Tensors begin at multiples of so many floats (128 bytes): wide loads of any device are aligned, and as many neighbours are
// all weights or all biases.
#define PARAMETER_ALIGNMENT 32
