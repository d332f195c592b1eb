// SPDX-License-Identifier: Apache-2.0
// The list of activations of hidden units, for the host and for devices. activation_formulas.h has the formula of each
// row.

#pragma once

// One row for each, in the order of gradus_activation's values:
//
//   X(NAME, formula, name, operators)
//
// GRADUS_<NAME> is its public constant, <formula> its function, <name> its name for users. <operators> are its
// operators in an ONNX graph: operators of opset 13 that are applied to z one after the other; an operator's second
// input, a number or z itself, follows it.
#define ACTIVATIONS(X)                                                                                                \
    X(RELU, relu, "relu", "Relu")                                                                                     \
    X(LEAKY_RELU, leaky_relu, "leaky-relu", "LeakyRelu")                                                              \
    X(SIGMOID, sigmoid, "sigmoid", "Sigmoid")                                                                         \
    X(TANH, tangent, "tanh", "Tanh")                                                                                  \
    X(GELU, gelu, "gelu", "Mul 0.70710678 Erf Add 1 Mul z Mul 0.5")                                                   \
    X(SILU, silu, "silu", "Sigmoid Mul z")

#define ENUMERATOR(NAME, formula, name, operators) ACTIVATION_##NAME,
enum activation_number { ACTIVATIONS(ENUMERATOR) ACTIVATION_COUNT };
#undef ENUMERATOR
