/* SPDX-License-Identifier: Apache-2.0 */
/* The initializers draw the parameters of a new network. */
#include "core/names.h"
#include "core/random.h"
#include "net/network.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846

/* ---- The initializers ---- */

/* A multiple of 2^-24 minus 0.5 is exact, so the parameters are the same on every machine. */
static float draw_notebook(const random_stream *stream, size_t i)
{
    return gr_random_uniform(stream, i) - 0.5f;
}

/* U(-sqrt(3), sqrt(3)), which has standard deviation 1. */
static float draw_uniform(const random_stream *stream, size_t i)
{
    return (float)(sqrt(3) * (2 * (double)gr_random_uniform(stream, i) - 1));
}

/* Box and Muller's transformation of two uniform numbers. The first must not be 0. */
static float draw_normal(const random_stream *stream, size_t i)
{
    const double u = 1 - (double)gr_random_uniform(stream, 2 * i), v = (double)gr_random_uniform(stream, 2 * i + 1);
    return (float)(sqrt(-2 * log(u)) * cos(2 * PI * v));
}

/* The standard deviation of a layer's weights. */
static double he(size_t inputs, size_t outputs)
{
    (void)outputs;
    return sqrt(2 / (double)inputs);
}

static double xavier(size_t inputs, size_t outputs)
{
    return sqrt(2 / ((double)inputs + (double)outputs));
}

/* One row each. The first is what gradus_model_create() uses. */
static const struct initializer {
    const char *name;
    float (*draw)(const random_stream *stream, size_t i);
    /* NULL: weights and biases as they are drawn; otherwise biases are 0. */
    double (*standard_deviation)(size_t inputs, size_t outputs);
} initializers[] = {
    {"uniform", draw_notebook, NULL},         {"he", draw_normal, he},
    {"he-uniform", draw_uniform, he},         {"xavier", draw_normal, xavier},
    {"xavier-uniform", draw_uniform, xavier},
};

const char *gradus_initializer_name(size_t index)
{
    return index < sizeof initializers / sizeof *initializers ? initializers[index].name : NULL;
}

/* ---- Drawing ---- */

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
        const double scale = how->standard_deviation == NULL ? 1 : how->standard_deviation(inputs, outputs);
        draw_tensor(how, seed, 2 * l, scale, outputs * inputs, parameters + layout.weights[l]);
        if (how->standard_deviation == NULL)
            draw_tensor(how, seed, 2 * l + 1, 1, outputs, parameters + layout.bias[l]);
    }
}

gradus_status gr_network_initialise_with(const char *initializer, const gradus_network *network, uint64_t seed,
                                         float *parameters)
{
    gradus_status status = GRADUS_OK;
    size_t index = 0;
    TRY(gr_name_require("initializer", gradus_initializer_name, initializer, &index));
    initialise(&initializers[index], network, seed, parameters);
cleanup:
    return status;
}

void gr_network_initialise(const gradus_network *network, uint64_t seed, float *parameters)
{
    initialise(&initializers[0], network, seed, parameters);
}
