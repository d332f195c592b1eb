// SPDX-License-Identifier: Apache-2.0
// f(z) of each activation in activations.h and, in *slope, f'(z). The including file defines
//
//   REAL            the type of z: float, double, or on a device a vector of floats
//   NUMBER(x)       a constant of that type, from a literal such as 0.5
//   FORMULA(name)   the function's name

// NaN stays NaN: it must reach the loss, where it is reported.
static REAL FORMULA(relu)(REAL z, REAL *slope)
{
    *slope = z > 0 ? NUMBER(1.0) : NUMBER(0.0);
    return z <= 0 ? NUMBER(0.0) : z;
}

static REAL FORMULA(leaky_relu)(REAL z, REAL *slope)
{
    *slope = z > 0 ? NUMBER(1.0) : NUMBER(0.01);
    return z * *slope;
}

static REAL FORMULA(sigmoid)(REAL z, REAL *slope)
{
    const REAL a = 1 / (1 + exp(-z));
    *slope = a * (1 - a);
    return a;
}

static REAL FORMULA(tangent)(REAL z, REAL *slope)
{
    const REAL a = tanh(z);
    *slope = 1 - a * a;
    return a;
}

// z times the standard normal distribution function; 0.707... is 1 / sqrt(2), 0.398... is 1 / sqrt(2 pi).
static REAL FORMULA(gelu)(REAL z, REAL *slope)
{
    const REAL share = NUMBER(0.5) * erfc(-z * NUMBER(0.70710678118654752440));
    *slope = share + z * NUMBER(0.39894228040143267794) * exp(NUMBER(-0.5) * z * z);
    return z * share;
}

static REAL FORMULA(silu)(REAL z, REAL *slope)
{
    const REAL share = 1 / (1 + exp(-z));
    *slope = share * (1 + z * (1 - share));
    return z * share;
}
