/* SPDX-License-Identifier: Apache-2.0 */
/* The activations in double and in float. */
#include "engine/common/activation.h"
#include "common/activations.h"

#include <tgmath.h> /* exp() and the like of a float are floats */

#define REAL double
#define NUMBER(x) x
#define FORMULA(name) name##_double
#include "common/activation_formulas.h"
#undef REAL
#undef NUMBER
#undef FORMULA

#define REAL float
#define NUMBER(x) x##f
#define FORMULA(name) name##_float
#include "common/activation_formulas.h"

double gr_activation(gradus_activation f, double z, double *slope)
{
    switch (f) {
#define CASE(NAME, formula, name, operators)                                                                          \
    case GRADUS_##NAME:                                                                                               \
        return formula##_double(z, slope);
        ACTIVATIONS(CASE)
#undef CASE
    }
    return z;
}

/* A loop for each, so that a compiler can vectorise it. */
#define DEFINE_LOOP(NAME, formula, name, operators)                                                                   \
    static void activate_##formula(size_t count, const float *z, float *a, float *slope)                              \
    {                                                                                                                 \
        for (size_t i = 0; i < count; i++)                                                                            \
            a[i] = formula##_float(z[i], &slope[i]);                                                                  \
    }
ACTIVATIONS(DEFINE_LOOP)

void gr_activate(gradus_activation f, size_t count, const float *z, float *a, float *slope)
{
    switch (f) {
#define CASE(NAME, formula, name, operators)                                                                          \
    case GRADUS_##NAME:                                                                                               \
        activate_##formula(count, z, a, slope);                                                                       \
        break;
        ACTIVATIONS(CASE)
#undef CASE
    }
}
