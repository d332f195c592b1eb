// SPDX-License-Identifier: Apache-2.0
// The activations of hidden units and their slopes, as gradus_activation lists them. In a program with vectors.cl they work
// on as many samples as a vector has lanes.

#ifdef LANES
typedef floatv activation_type;
#else
typedef float activation_type;
#endif

enum { RELU = 0, LEAKY_RELU = 1, SIGMOID = 2, TANH = 3, GELU = 4 };

#define LEAKY_SLOPE 0.01f

// f(z) and, in *slope, f'(z). A NaN stays one: it must reach the loss, where it is reported.
static activation_type activation(uint f, activation_type z, activation_type *slope)
{
    const activation_type zero = 0, one = 1;
    activation_type a;
    switch (f) {
    case LEAKY_RELU:
        *slope = z > 0 ? one : (activation_type)(LEAKY_SLOPE);
        return z * *slope;
    case SIGMOID:
        a = 1 / (1 + exp(-z));
        *slope = a * (1 - a);
        return a;
    case TANH:
        a = tanh(z);
        *slope = 1 - a * a;
        return a;
    case GELU:
        a = 0.5f * erfc(-z * M_SQRT1_2_F);
        *slope = a + z * 0.39894228f * exp(-0.5f * z * z); // 1 / sqrt(2 pi)
        return z * a;
    default:
        *slope = z > 0 ? one : zero;
        return z <= 0 ? zero : z;
    }
}
