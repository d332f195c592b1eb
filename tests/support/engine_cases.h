/* SPDX-License-Identifier: Apache-2.0 */
/* Random data for engines, and the comparison of an engine with the reference. */
#ifndef GRADUS_TESTS_ENGINE_CASES_H
#define GRADUS_TESTS_ENGINE_CASES_H

#include "assert_close.h"
#include "core/random.h"
#include "data/dataset.h"
#include "engine/select/engines.h"
#include <stdlib.h>

#define SEED 5

static inline gradus_dataset *random_dataset(size_t features, size_t samples, uint32_t classes)
{
    const random_stream stream = gr_random_stream(SEED, RANDOM_TEST, 0);
    uint64_t index = 0;
    gradus_dataset *dataset = NULL;
    uint8_t *pixels = malloc(features * samples), *labels = malloc(samples);
    assert_true(pixels != NULL && labels != NULL);
    for (size_t i = 0; i < features * samples; i++)
        pixels[i] = gr_random_below(&stream, 3, &index) == 0 ? (uint8_t)gr_random_below(&stream, 256, &index) : 0;
    memset(pixels + (samples - 1) / 2 * features, 0, features); /* an empty image */
    for (size_t i = 0; i < samples; i++)
        labels[i] = (uint8_t)gr_random_below(&stream, classes, &index);
    labels[0] = (uint8_t)(classes - 1);
    assert_ok(gr_dataset_adopt(pixels, labels, samples, features, 1, &dataset));
    return dataset;
}

/* The same data set with floats, byte / 255 for each byte. */
static inline gradus_dataset *as_floats(const gradus_dataset *bytes)
{
    const gradus_dataset_info *info = &bytes->info;
    const size_t count = info->samples * info->features;
    gradus_dataset *dataset = NULL;
    float *features = malloc(count * sizeof *features);
    assert_non_null(features);
    for (size_t i = 0; i < count; i++)
        features[i] = (float)(bytes->pixels[i] / 255.0);
    assert_ok(
        gradus_dataset_create_floats(features, bytes->labels, info->samples, info->width, info->height, &dataset));
    free(features);
    return dataset;
}

/* Networks of one to five layers, with sizes of one and odd sizes. */
static const gradus_network engine_networks[] = {
    {.layers = 1, .sizes = {1, 2}},
    {.layers = 2, .sizes = {784, 10, 10}},
    {.layers = 2, .sizes = {13, 1, 2}},
    {.layers = 3, .sizes = {97, 65, 33, 7}},
    {.layers = 5, .sizes = {31, 17, 17, 3, 29, 5}},
    {.layers = 1, .sizes = {784, 64}},
};
static const size_t engine_samples[] = {1, 61, 64, 65, 257};

/* Calls the function for each of the networks with each number of samples. */
static inline void for_each_engine_case(void (*test)(const gradus_network *network, const gradus_dataset *dataset))
{
    for (size_t n = 0; n < sizeof engine_networks / sizeof *engine_networks; n++) {
        const gradus_network *network = &engine_networks[n];
        for (size_t s = 0; s < sizeof engine_samples / sizeof *engine_samples; s++) {
            gradus_dataset *dataset =
                random_dataset(network->sizes[0], engine_samples[s], (uint32_t)network->sizes[network->layers]);
            test(network, dataset);
            gradus_dataset_destroy(dataset);
        }
    }
}

/* The gradient (layout.length) over samples first .. first + count - 1. */
static inline void gradient_of(engine *e, const float *parameters, size_t first, size_t count, float *gradient,
                               batch_sums *sums)
{
    assert_ok(e->type->write_parameters(e, parameters));
    assert_ok(e->type->gradient(e, first, count));
    assert_ok(e->type->read_gradient(e, gradient));
    assert_ok(e->type->read_sums(e, sums));
}

static inline double tensor_error(const float *a, const float *b, size_t count)
{
    double difference = 0, norm = 0;
    for (size_t i = 0; i < count; i++) {
        difference += pow((double)a[i] - (double)b[i], 2);
        norm += pow((double)b[i], 2);
    }
    return sqrt(difference) / fmax(sqrt(norm), 1e-12);
}

/* Compares loss, gradient and, unless the engine is for batches, probabilities; loss and gradient over samples first .. first + count - 1. */
static inline void compare_with_reference(engine *e, size_t first, size_t count)
{
    const gradus_network *network = &e->network;
    const parameter_layout *layout = &e->layout;
    const size_t outputs = network->sizes[network->layers] * e->dataset->info.samples;
    float *parameters = calloc(layout->length, sizeof *parameters);
    float *gradients[2] = {calloc(layout->length, sizeof(float)), calloc(layout->length, sizeof(float))};
    float *probabilities[2] = {calloc(outputs, sizeof(float)), calloc(outputs, sizeof(float))};
    engine *engines[2] = {e, NULL};
    batch_sums sums[2];

    gr_network_initialise(network, SEED, parameters);
    const engine_settings truth = {.regularization = e->regularization};
    assert_ok(gr_engine_create_with(&gr_engine_reference, &truth, NULL, network, e->dataset, &engines[1]));
    for (int i = 0; i < 2; i++) {
        gradient_of(engines[i], parameters, first, count, gradients[i], &sums[i]);
        if (e->type->probabilities != NULL)
            assert_ok(engines[i]->type->probabilities(engines[i], probabilities[i]));
        /* the same after predictions in between */
        gradient_of(engines[i], parameters, first, count, gradients[i], &sums[i]);
    }
    assert_close(sums[0].loss, sums[1].loss, 0, 1e-5);
    assert_close(sums[0].correct, sums[1].correct, 0, 0);
    assert_all_close(probabilities[0], probabilities[1], outputs, 1e-6, 1e-4, SEED);
    for (size_t l = 0; l < network->layers; l++) {
        const size_t w = layout->weights[l], b = layout->bias[l], outs = network->sizes[l + 1];
        assert_true(tensor_error(gradients[0] + w, gradients[1] + w, network->sizes[l] * outs) < 1e-4);
        assert_true(tensor_error(gradients[0] + b, gradients[1] + b, outs) < 1e-4);
    }
    gr_engine_destroy(engines[1]);
    for (int i = 0; i < 2; i++) {
        free(gradients[i]);
        free(probabilities[i]);
    }
    free(parameters);
}

#endif
