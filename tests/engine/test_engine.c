/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gradients: the reference engine against central differences of its own loss, the other engines against the reference,
 * layered also in many slices; and what the engines refuse.
 */
#include "assert_close.h"
#include "core/random.h"
#include "data/dataset.h"
#include "engine/engine.h"
#include "engine/fused.h"
#include "engine/layered.h"
#include "with_device.h"

static gradus_device *device;

#define SEED 5

static gradus_dataset *random_dataset(size_t features, size_t samples, uint32_t classes)
{
    const random_stream stream = gr_random_stream(SEED, RANDOM_TEST, 0);
    uint64_t index = 0;
    gradus_dataset *dataset = NULL;
    uint8_t *pixels = malloc(features * samples), *labels = malloc(samples);
    assert_true(pixels != NULL && labels != NULL);
    for (size_t i = 0; i < features * samples; i++)
        pixels[i] = gr_random_below(&stream, 3, &index) == 0 ? (uint8_t)gr_random_below(&stream, 256, &index) : 0;
    memset(pixels + (samples - 1) / 2 * features, 0, features); /* a sample without ink */
    for (size_t i = 0; i < samples; i++)
        labels[i] = (uint8_t)gr_random_below(&stream, classes, &index);
    labels[0] = (uint8_t)(classes - 1);
    assert_ok(gr_dataset_adopt(pixels, labels, samples, features, 1, &dataset));
    return dataset;
}

static double loss_of(engine *e, const float *parameters)
{
    batch_sums sums;
    assert_ok(e->type->write_parameters(e, parameters));
    assert_ok(e->type->evaluate(e, 0, e->dataset->info.samples, 0));
    assert_ok(e->type->read_sums(e, 1, &sums));
    return sums.loss / (double)e->dataset->info.samples;
}

static void gradient_of(engine *e, const float *parameters, float *gradient, batch_sums *sums)
{
    assert_ok(e->type->write_parameters(e, parameters));
    assert_ok(e->type->gradient(e, 0, e->dataset->info.samples, 0));
    assert_ok(e->type->read_gradient(e, gradient));
    assert_ok(e->type->read_sums(e, 1, sums));
}

/* ---- The reference against central differences ---- */

static void test_reference_gradient(void **state)
{
    (void)state;
    /* Two hidden layers; the step is a power of two, so that the parameters move by exactly that much in a float. */
    const gradus_network network = {.layers = 3, .sizes = {6, 5, 4, 3}};
    const double step = 0x1p-12;
    gradus_dataset *dataset = random_dataset(6, 11, 3);
    const parameter_layout layout = gr_network_layout(&network);
    float *parameters = calloc(layout.length, sizeof *parameters), *gradient = calloc(layout.length, sizeof *gradient);
    engine *e = NULL;
    batch_sums sums;
    size_t nonzero = 0;

    gr_network_initialise(&network, SEED, parameters);
    for (size_t i = 0; i < layout.length; i++) /* the sums and differences below are then exact */
        parameters[i] = roundf(parameters[i] * 0x1p14f) * 0x1p-14f;
    assert_ok(gr_engine_create(&gr_engine_reference, NULL, &network, dataset, &e));
    gradient_of(e, parameters, gradient, &sums);
    for (size_t l = 0; l < network.layers; l++) {
        const size_t count = network.sizes[l + 1] * (network.sizes[l] + 1);
        for (size_t i = 0; i < count; i++) {
            const size_t weights = network.sizes[l + 1] * network.sizes[l];
            const size_t at = i < weights ? layout.weights[l] + i : layout.bias[l] + i - weights;
            const float value = parameters[at];
            parameters[at] = value + (float)step;
            const double above = loss_of(e, parameters);
            parameters[at] = value - (float)step;
            const double below = loss_of(e, parameters);
            parameters[at] = value;
            assert_close((double)gradient[at], (above - below) / (2 * step), 1e-6, 1e-4);
            nonzero += gradient[at] != 0;
        }
    }
    assert_true(nonzero > layout.length / 8); /* not all units are dead */
    gr_engine_destroy(e);
    gradus_dataset_destroy(dataset);
    free(gradient);
    free(parameters);
}

/* ---- The device's engines against the reference ---- */

static double tensor_error(const float *a, const float *b, size_t count)
{
    double difference = 0, norm = 0;
    for (size_t i = 0; i < count; i++) {
        difference += pow((double)a[i] - (double)b[i], 2);
        norm += pow((double)b[i], 2);
    }
    return sqrt(difference) / fmax(sqrt(norm), 1e-12);
}

/* Compares loss, gradient and probabilities of an engine on `dataset` with the reference's. Returns the number of slices
 * that layered takes, 1 for others. */
static size_t compare_engine(const engine_type *type, const gradus_network *network, const gradus_dataset *dataset)
{
    const parameter_layout layout = gr_network_layout(network);
    const size_t outputs = network->sizes[network->layers] * dataset->info.samples;
    float *parameters = calloc(layout.length, sizeof *parameters);
    float *gradients[2] = {calloc(layout.length, sizeof(float)), calloc(layout.length, sizeof(float))};
    float *probabilities[2] = {calloc(outputs, sizeof(float)), calloc(outputs, sizeof(float))};
    const engine_type *types[2] = {type, &gr_engine_reference};
    batch_sums sums[2];
    size_t slice = dataset->info.samples;

    gr_network_initialise(network, SEED, parameters);
    for (int i = 0; i < 2; i++) {
        engine *e = NULL;
        assert_ok(gr_engine_create(types[i], device, network, dataset, &e));
        gradient_of(e, parameters, gradients[i], &sums[i]);
        assert_ok(e->type->probabilities(e, probabilities[i]));
        gradient_of(e, parameters, gradients[i], &sums[i]); /* the same after predictions came between */
        if (types[i] == &gr_engine_layered)
            slice = ((layered *)e)->slice;
        gr_engine_destroy(e);
    }
    assert_close(sums[0].loss, sums[1].loss, 0, 1e-5);
    assert_close(sums[0].correct, sums[1].correct, 0, 0);
    assert_all_close(probabilities[0], probabilities[1], outputs, 1e-6, 1e-4, SEED);
    for (size_t l = 0; l < network->layers; l++) {
        const size_t w = layout.weights[l], b = layout.bias[l], outs = network->sizes[l + 1];
        assert_true(tensor_error(gradients[0] + w, gradients[1] + w, network->sizes[l] * outs) < 1e-4);
        assert_true(tensor_error(gradients[0] + b, gradients[1] + b, outs) < 1e-4);
    }
    for (int i = 0; i < 2; i++) {
        free(gradients[i]);
        free(probabilities[i]);
    }
    free(parameters);
    return (dataset->info.samples + slice - 1) / slice;
}

static void test_gradient(void **state)
{
    const engine_type *type = *state;
    static const gradus_network networks[] = {
        {.layers = 1, .sizes = {1, 2}},
        {.layers = 2, .sizes = {784, 10, 10}},
        {.layers = 2, .sizes = {13, 1, 2}},
        {.layers = 3, .sizes = {97, 65, 33, 7}},
        {.layers = 5, .sizes = {31, 17, 17, 3, 29, 5}},
        {.layers = 1, .sizes = {784, 64}},
    };
    static const size_t samples[] = {1, 61, 64, 65, 257};
    for (size_t n = 0; n < sizeof networks / sizeof *networks; n++) {
        for (size_t s = 0; s < sizeof samples / sizeof *samples; s++) {
            gradus_dataset *dataset =
                random_dataset(networks[n].sizes[0], samples[s], (uint32_t)networks[n].sizes[networks[n].layers]);
            assert_int_equal(compare_engine(type, &networks[n], dataset), 1);
            gradus_dataset_destroy(dataset);
        }
    }
}

/* A batch whose activations do not fit is done in slices; the last one is shorter for these numbers. */
static void test_layered_slices(void **state)
{
    (void)state;
    const gradus_network network = {.layers = 3, .sizes = {97, 33, 17, 7}};
    gradus_dataset *dataset = random_dataset(97, 1003, 7);
    const uint64_t memory = device->memory_limit, allocation = device->info.max_allocation_bytes;
    device->memory_limit = 400000;
    assert_true(compare_engine(&gr_engine_layered, &network, dataset) >= 4);
    device->memory_limit = memory;
    device->info.max_allocation_bytes = 110000; /* room for X, but not for as many floats */
    assert_true(compare_engine(&gr_engine_layered, &network, dataset) >= 4);
    device->info.max_allocation_bytes = allocation;
    gradus_dataset_destroy(dataset);
}

/* The message promises that so many samples fit. */
static void test_too_large_for_device(void **state)
{
    (void)state;
    const gradus_network network = {.layers = 2, .sizes = {784, 10, 10}};
    gradus_dataset *dataset = random_dataset(784, 2000, 10);
    const uint64_t memory = device->memory_limit;
    engine *e = NULL;
    unsigned long fit = 0;

    device->memory_limit = 1000000;
    assert_fails(gr_engine_create(&gr_engine_layered, device, &network, dataset, &e), GRADUS_ERROR_DEVICE,
                 "2000 samples x 784 bytes = 1.6 MB");
    assert_int_equal(sscanf(strstr(gradus_last_error(), "about"), "about %lu samples would fit", &fit), 1);
    assert_true(fit > 500 && fit < 1275);
    assert_ok(gradus_dataset_truncate(dataset, fit));
    assert_ok(gr_engine_create(&gr_engine_layered, device, &network, dataset, &e));
    gr_engine_destroy(e);
    device->memory_limit = memory;
    gradus_dataset_destroy(dataset);
}

/* ---- What is refused ---- */

static void test_refusals(void **state)
{
    (void)state;
    const gradus_network network = {.layers = 2, .sizes = {6, 5, 3}}, wider = {.layers = 2, .sizes = {7, 5, 3}};
    gradus_dataset *dataset = random_dataset(6, 11, 4);
    const engine_type *type = NULL;
    engine *e = NULL;
    assert_fails(gr_engine_create(&gr_engine_reference, NULL, &network, dataset, &e), GRADUS_ERROR_DATA,
                 "sample 0 has label 3, the network's 3 classes are 0..2");
    assert_fails(gr_engine_create(&gr_engine_reference, NULL, &wider, dataset, &e), GRADUS_ERROR_DATA,
                 "the samples have 6 features, the network takes 7");
    assert_fails(gr_engine_find("magic", device, &type), GRADUS_ERROR_ARGUMENT, "magic");
    assert_fails(gr_engine_find("layered", NULL, &type), GRADUS_ERROR_ARGUMENT, "needs an OpenCL device");
    assert_ok(gr_engine_find("auto", NULL, &type));
    assert_string_equal(type->name, "reference");
    gradus_dataset_destroy(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_gradient),
        {"gradient, layered", test_gradient, NULL, NULL, (void *)(uintptr_t)&gr_engine_layered},
        {"gradient, groups", test_gradient, NULL, NULL, (void *)(uintptr_t)&gr_fused_variants[FIRST_GROUPS]},
        {"gradient, elements", test_gradient, NULL, NULL, (void *)(uintptr_t)&gr_fused_variants[FIRST_ELEMENTS]},
        {"gradient, dense", test_gradient, NULL, NULL, (void *)(uintptr_t)&gr_fused_variants[FIRST_DENSE]},
        cmocka_unit_test(test_layered_slices),
        cmocka_unit_test(test_too_large_for_device),
        cmocka_unit_test(test_refusals),
    };
    device = open_test_device();
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    gradus_device_close(device);
    return failed;
}
