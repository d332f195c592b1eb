/* SPDX-License-Identifier: Apache-2.0 */
/* What a network's sizes may be, where its parameters lie, and how they are drawn. */
#include "net/network.h"
#include "core/memory.h"
#include "core/random.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846

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
                       (int)network->activation, GRADUS_RELU, GRADUS_GELU);
    if (!isfinite(mean) || !isfinite(deviation) || deviation < 0 || (deviation == 0 && mean != 0))
        return gr_fail(GRADUS_ERROR_ARGUMENT,
                       "input: found mean %g and deviation %g, expected finite numbers, and "
                       "the deviation positive",
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

const char *gradus_activation_name(gradus_activation activation)
{
    static const char *const names[] = {[GRADUS_RELU] = "relu",
                                        [GRADUS_LEAKY_RELU] = "leaky-relu",
                                        [GRADUS_SIGMOID] = "sigmoid",
                                        [GRADUS_TANH] = "tanh",
                                        [GRADUS_GELU] = "gelu"};
    return (size_t)activation < sizeof names / sizeof *names ? names[activation] : NULL;
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

/* ---- Initial values ---- */

/* A multiple of 2^-24 less a half is exact, so the parameters are the same on every machine. */
static float draw_notebook(const random_stream *stream, size_t i)
{
    return gr_random_uniform(stream, i) - 0.5f;
}

/* U(-sqrt(3), sqrt(3)), of deviation 1. */
static float draw_uniform(const random_stream *stream, size_t i)
{
    return (float)(sqrt(3) * (2 * (double)gr_random_uniform(stream, i) - 1));
}

/* Box and Muller's transformation of two uniform numbers, of which the first must not be 0. */
static float draw_normal(const random_stream *stream, size_t i)
{
    const double u = 1 - (double)gr_random_uniform(stream, 2 * i), v = (double)gr_random_uniform(stream, 2 * i + 1);
    return (float)(sqrt(-2 * log(u)) * cos(2 * PI * v));
}

/* The deviation of a layer's weights. */
static double he(size_t inputs, size_t outputs)
{
    (void)outputs;
    return sqrt(2 / (double)inputs);
}

static double xavier(size_t inputs, size_t outputs)
{
    return sqrt(2 / ((double)inputs + (double)outputs));
}

static const struct initializer {
    const char *name;
    float (*draw)(const random_stream *stream, size_t i);
    double (*deviation)(size_t inputs, size_t outputs); /* NULL: 1, and biases are drawn as well; else they are 0 */
} initializers[] = {
    {"uniform", draw_notebook, NULL},         {"he", draw_normal, he},
    {"he-uniform", draw_uniform, he},         {"xavier", draw_normal, xavier},
    {"xavier-uniform", draw_uniform, xavier},
};

static const struct initializer *find_initializer(const char *name)
{
    for (size_t i = 0; i < sizeof initializers / sizeof *initializers; i++)
        if (strcmp(initializers[i].name, name) == 0)
            return &initializers[i];
    return NULL;
}

static void draw_tensor(const struct initializer *how, uint64_t seed, size_t tensor, double scale, size_t length,
                        float *values)
{
    const random_stream stream = gr_random_stream(seed, RANDOM_PARAMETERS, (uint32_t)tensor);
    for (size_t i = 0; i < length; i++)
        values[i] = (float)(scale * (double)how->draw(&stream, i));
}

static void initialise(const struct initializer *how, const gradus_network *network, uint64_t seed, float *parameters)
{
    const parameter_layout layout = gr_network_layout(network);
    memset(parameters, 0, layout.length * sizeof *parameters);
    for (size_t l = 0; l < network->layers; l++) {
        const size_t inputs = network->sizes[l], outputs = network->sizes[l + 1];
        const double scale = how->deviation == NULL ? 1 : how->deviation(inputs, outputs);
        draw_tensor(how, seed, 2 * l, scale, outputs * inputs, parameters + layout.weights[l]);
        if (how->deviation == NULL)
            draw_tensor(how, seed, 2 * l + 1, 1, outputs, parameters + layout.bias[l]);
    }
}

gradus_status gr_network_initialise_with(const char *initializer, const gradus_network *network, uint64_t seed,
                                         float *parameters)
{
    const struct initializer *how = find_initializer(initializer);
    if (how == NULL)
        return gr_fail(GRADUS_ERROR_ARGUMENT,
                       "initializer \"%s\": expected uniform, he, he-uniform, xavier or xavier-uniform", initializer);
    initialise(how, network, seed, parameters);
    return GRADUS_OK;
}

void gr_network_initialise(const gradus_network *network, uint64_t seed, float *parameters)
{
    initialise(&initializers[0], network, seed, parameters);
}
