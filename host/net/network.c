/* SPDX-License-Identifier: Apache-2.0 */
/* The valid sizes of a network, and the layout of its parameters. */
#include "net/network.h"
#include "common/activations.h"
#include "core/memory.h"

#include <assert.h>
#include <math.h>

#define CLASSES_MIN 2
#define CLASSES_MAX 256 /* a label is a byte */

/* An array cannot have more floats: the distance between two of them must fit a ptrdiff_t. */
#define FLOATS_MAX ((size_t)PTRDIFF_MAX / sizeof(float))

static size_t aligned(size_t floats)
{
    return gr_divide_up(floats, PARAMETER_ALIGNMENT) * PARAMETER_ALIGNMENT;
}

/* ---- Validation ---- */

static gradus_status validate_sizes(const gradus_network *network)
{
    const size_t features = network->sizes[0], classes = network->sizes[network->layers];
    if (features == 0)
        return gr_fail(GRADUS_ERROR_ARGUMENT, "input layer: 0 features, expected at least 1");
    for (size_t i = 1; i < network->layers; i++)
        if (network->sizes[i] == 0)
            return gr_fail(GRADUS_ERROR_ARGUMENT, "hidden layer %zu: 0 units, expected at least 1", i);
    if (classes < CLASSES_MIN || classes > CLASSES_MAX)
        return gr_fail(GRADUS_ERROR_ARGUMENT, "output layer: %zu classes, expected %d to %d", classes, CLASSES_MIN,
                       CLASSES_MAX);
    return GRADUS_OK;
}

/* The sum cannot overflow before it is compared: a layer adds at most twice FLOATS_MAX and its padding. */
static gradus_status validate_length(const gradus_network *network)
{
    size_t length = 0;
    for (size_t l = 0; l < network->layers; l++) {
        const size_t inputs = network->sizes[l], outputs = network->sizes[l + 1];
        size_t weights = 0;
        bool fits = !__builtin_mul_overflow(outputs, inputs, &weights) && weights <= FLOATS_MAX;
        if (fits) {
            length += aligned(weights) + aligned(outputs);
            fits = length <= FLOATS_MAX;
        }
        if (!fits)
            return gr_fail(GRADUS_ERROR_ARGUMENT,
                           "layer %zu: %zu x %zu weights are more than this machine can address", l + 1, outputs,
                           inputs);
    }
    return GRADUS_OK;
}

static gradus_status validate_image(const gradus_network *network)
{
    const size_t width = network->image_width, height = network->image_height;
    size_t pixels = 0;
    if (width == 0 && height == 0)
        return GRADUS_OK;
    if (__builtin_mul_overflow(width, height, &pixels) || pixels != network->sizes[0])
        return gr_fail(GRADUS_ERROR_ARGUMENT, "image of %zu x %zu pixels, expected one of %zu features", width, height,
                       network->sizes[0]);
    return GRADUS_OK;
}

static gradus_status validate_functions(const gradus_network *network)
{
    const double mean = (double)network->input_mean, deviation = (double)network->input_deviation;
    if (gradus_activation_name(network->activation) == NULL)
        return gr_fail(GRADUS_ERROR_ARGUMENT, "activation: found number %d, expected %d to %d",
                       (int)network->activation, 0, ACTIVATION_COUNT - 1);
    if (!isfinite(mean) || !isfinite(deviation) || deviation < 0 || (deviation == 0 && mean != 0))
        return gr_fail(GRADUS_ERROR_ARGUMENT,
                       "input: found mean %g and standard deviation %g, expected finite numbers and a positive "
                       "standard deviation",
                       mean, deviation);
    return GRADUS_OK;
}

gradus_status gr_network_validate(const gradus_network *network)
{
    if (network->layers < 1 || network->layers > GRADUS_LAYERS_MAX)
        return gr_fail(GRADUS_ERROR_ARGUMENT, "network of %zu layers, expected 1 to %d", network->layers,
                       GRADUS_LAYERS_MAX);
    gradus_status status = GRADUS_OK;
    TRY(validate_sizes(network));
    TRY(validate_length(network));
    TRY(validate_image(network));
    TRY(validate_functions(network));
cleanup:
    return status;
}

/* ---- Functions ---- */

#define CHECK_VALUE(NAME, formula, name, operators)                                                                   \
    static_assert((int)ACTIVATION_##NAME == (int)GRADUS_##NAME, "the rows of activations.h are in gradus.h's order");
ACTIVATIONS(CHECK_VALUE)

const char *gr_activation_name(size_t index)
{
#define NAME_OF(NAME, formula, name, operators) name,
    static const char *const names[] = {ACTIVATIONS(NAME_OF)};
    return index < ACTIVATION_COUNT ? names[index] : NULL;
}

const char *gradus_activation_name(gradus_activation activation)
{
    return gr_activation_name(activation);
}

input_transform gr_network_input(const gradus_network *network)
{
    const float mean = network->input_mean, deviation = network->input_deviation;
    const float unit = network->floats ? 1 : 1.0f / 255;
    return deviation == 0 ? (input_transform){unit, 0, network->floats}
                          : (input_transform){unit / deviation, -mean / deviation, network->floats};
}

/* ---- Parameters ---- */

parameter_layout gr_network_layout(const gradus_network *network)
{
    parameter_layout layout = {0};
    for (size_t l = 0; l < network->layers; l++) {
        const size_t inputs = network->sizes[l], outputs = network->sizes[l + 1];
        layout.weights[l] = layout.length;
        layout.bias[l] = layout.weights[l] + aligned(outputs * inputs);
        layout.length = layout.bias[l] + aligned(outputs);
    }
    return layout;
}
