/* SPDX-License-Identifier: Apache-2.0 */
/* Networks that are refused and the messages, the layout of parameters, and their distributions. */
#include "assert_close.h"
#include "common/activations.h"
#include "core/random.h"
#include "net/network.h"

#include <stdio.h>
#include <stdlib.h>

static const gradus_network notebook = {.layers = 2, .sizes = {784, 10, 10}};
static const gradus_network deep = {.layers = 4, .sizes = {7, 33, 1, 32, 2}};

static void test_validate_accepts(void **state)
{
    (void)state;
    assert_ok(gr_network_validate(&notebook));
    assert_ok(gr_network_validate(&deep));
    assert_ok(gr_network_validate(&(gradus_network){.layers = 1, .sizes = {1, 2}}));
    assert_ok(gr_network_validate(&(gradus_network){.layers = 1, .sizes = {3, 256}}));
    assert_ok(gr_network_validate(&(gradus_network){1, {6, 2}, .image_width = 3, .image_height = 2}));

    gradus_network deepest = {.layers = GRADUS_LAYERS_MAX};
    for (size_t i = 0; i <= GRADUS_LAYERS_MAX; i++)
        deepest.sizes[i] = 2;
    assert_ok(gr_network_validate(&deepest));
}

static void test_validate_refuses(void **state)
{
    (void)state;
    static const struct {
        gradus_network network;
        const char *message;
    } cases[] = {
        {{.layers = 0, .sizes = {784}}, "network of 0 layers, expected 1 to 16"},
        {{.layers = 17, .sizes = {784}}, "network of 17 layers, expected 1 to 16"},
        {{.layers = SIZE_MAX}, "layers, expected 1 to 16"},
        {{.layers = 2, .sizes = {0, 10, 10}}, "input layer: 0 features, expected at least 1"},
        {{.layers = 2, .sizes = {784, 0, 10}}, "hidden layer 1: 0 units, expected at least 1"},
        {{.layers = 3, .sizes = {784, 10, 0, 10}}, "hidden layer 2: 0 units, expected at least 1"},
        {{.layers = 2, .sizes = {784, 10, 0}}, "output layer: 0 classes, expected 2 to 256"},
        {{.layers = 2, .sizes = {784, 10, 1}}, "output layer: 1 classes, expected 2 to 256"},
        {{.layers = 2, .sizes = {784, 10, 257}}, "output layer: 257 classes, expected 2 to 256"},
        {{.layers = 2, .sizes = {2, SIZE_MAX, 2}}, "layer 1: "},
        {{.layers = 2, .sizes = {1, SIZE_MAX, 2}}, "more than this machine can address"},
        {{.layers = 2, .sizes = {1, SIZE_MAX / 8, 2}}, "layer 1: "},
        {{.layers = 2, .sizes = {1, SIZE_MAX / 32, 9}}, "layer 2: "},
        {{1, {6, 2}, .image_width = 3, .image_height = 3}, "image of 3 x 3 pixels, expected one of 6 features"},
        {{1, {6, 2}, .image_width = 6, .image_height = 0}, "image of 6 x 0 pixels"},
        {{1, {6, 2}, .image_width = SIZE_MAX, .image_height = SIZE_MAX}, "expected one of 6 features"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_fails(gr_network_validate(&cases[i].network), GRADUS_ERROR_ARGUMENT, cases[i].message);
}

static void test_layout(void **state)
{
    (void)state;
    parameter_layout layout = gr_network_layout(&notebook);
    assert_int_equal(layout.weights[0], 0);
    assert_int_equal(layout.bias[0], 7840);
    assert_int_equal(layout.weights[1], 7840 + 32);
    assert_int_equal(layout.bias[1], 7840 + 32 + 128);
    assert_int_equal(layout.length, 7840 + 32 + 128 + 32);
}

/* Tensors must be aligned, disjoint and in order, whatever the sizes. */
static void test_layout_is_disjoint(void **state)
{
    (void)state;
    parameter_layout layout = gr_network_layout(&deep);
    size_t end = 0;
    for (size_t l = 0; l < deep.layers; l++) {
        assert_int_equal(layout.weights[l] % PARAMETER_ALIGNMENT, 0);
        assert_int_equal(layout.bias[l] % PARAMETER_ALIGNMENT, 0);
        assert_true(layout.weights[l] >= end);
        end = layout.weights[l] + deep.sizes[l] * deep.sizes[l + 1];
        assert_true(layout.bias[l] >= end);
        end = layout.bias[l] + deep.sizes[l + 1];
    }
    assert_true(layout.length >= end);
    assert_int_equal(layout.length % PARAMETER_ALIGNMENT, 0);
}

static void assert_drawn_from(const float *values, size_t length, uint64_t seed, uint32_t tensor)
{
    random_stream stream = gr_random_stream(seed, RANDOM_PARAMETERS, tensor);
    for (size_t i = 0; i < length; i++)
        assert_true(values[i] == gr_random_uniform(&stream, i) - 0.5f);
}

static void test_functions(void **state)
{
    (void)state;
    const gradus_network plain = {.layers = 1, .sizes = {3, 2}};
    gradus_network network = plain;
    assert_true(gr_network_input(&plain).scale == 1.0f / 255 && gr_network_input(&plain).offset == 0);
    network.input_mean = 0.25f;
    network.input_deviation = 0.5f;
    assert_ok(gr_network_validate(&network));
    assert_close((double)gr_network_input(&network).scale, 2.0 / 255, 0, 1e-7);
    assert_close((double)gr_network_input(&network).offset, -0.5, 0, 1e-7);
    network.input_deviation = NAN;
    assert_fails(gr_network_validate(&network), GRADUS_ERROR_ARGUMENT,
                 "input: found mean 0.25 and standard deviation nan");
}

/* Every row of activations.h makes a valid network, and nothing else does. */
static void test_activations(void **state)
{
    (void)state;
    gradus_network network = {.layers = 2, .sizes = {3, 3, 2}};
    char message[64];
    for (int a = 0; a < ACTIVATION_COUNT; a++) {
        network.activation = (gradus_activation)a;
        assert_ok(gr_network_validate(&network));
        assert_non_null(gradus_activation_name(network.activation));
    }
    network.activation = (gradus_activation)ACTIVATION_COUNT;
    snprintf(message, sizeof message, "activation: found number %d, expected 0 to %d", ACTIVATION_COUNT,
             ACTIVATION_COUNT - 1);
    assert_fails(gr_network_validate(&network), GRADUS_ERROR_ARGUMENT, message);
    assert_null(gradus_activation_name(network.activation));
    assert_string_equal(gradus_activation_name(GRADUS_GELU), "gelu");
}

static void test_initialise(void **state)
{
    (void)state;
    parameter_layout layout = gr_network_layout(&deep);
    float *parameters = malloc(layout.length * sizeof *parameters);
    assert_non_null(parameters);
    memset(parameters, 0xff, layout.length * sizeof *parameters);
    gr_network_initialise(&deep, 3, parameters);

    for (size_t l = 0; l < deep.layers; l++) {
        size_t weights = deep.sizes[l] * deep.sizes[l + 1], outputs = deep.sizes[l + 1];
        size_t next = l + 1 < deep.layers ? layout.weights[l + 1] : layout.length;
        assert_drawn_from(parameters + layout.weights[l], weights, 3, (uint32_t)(2 * l));
        assert_drawn_from(parameters + layout.bias[l], outputs, 3, (uint32_t)(2 * l + 1));
        for (size_t i = layout.weights[l] + weights; i < layout.bias[l]; i++)
            assert_true(parameters[i] == 0);
        for (size_t i = layout.bias[l] + outputs; i < next; i++)
            assert_true(parameters[i] == 0);
    }
    free(parameters);
}

static void test_initialise_is_uniform(void **state)
{
    (void)state;
    enum { weights = 7840, seed = 1 };
    parameter_layout layout = gr_network_layout(&notebook);
    float *parameters = malloc(layout.length * sizeof *parameters);
    assert_non_null(parameters);
    gr_network_initialise(&notebook, seed, parameters);

    double sum = 0, squares = 0;
    for (size_t i = 0; i < weights; i++) {
        assert_true(parameters[i] >= -0.5f && parameters[i] < 0.5f);
        sum += parameters[i];
        squares += (double)parameters[i] * parameters[i];
    }
    /* Five standard errors: the variance of u is 1/12, that of u^2 is 1/180. */
    assert_close(sum / weights, 0, 5 * sqrt(1.0 / 12 / weights), 0);
    assert_close(squares / weights, 1.0 / 12, 5 * sqrt(1.0 / 180 / weights), 0);
    free(parameters);
}

/* Means and standard deviations of many draws, against the definitions of the initializers. */
static void check_initializer(const char *name, double deviation, double largest)
{
    const gradus_network network = {.layers = 1, .sizes = {300, 200}};
    const size_t count = (size_t)300 * 200;
    float *parameters = calloc(gr_network_layout(&network).length, sizeof *parameters);
    double sum = 0, squares = 0, most = 0;
    assert_ok(gr_network_initialise_with(name, &network, 5, parameters));
    for (size_t i = 0; i < count; i++) {
        sum += (double)parameters[i];
        squares += (double)parameters[i] * (double)parameters[i];
        most = fmax(most, fabs((double)parameters[i]));
    }
    assert_close(sum / (double)count, 0, 5 * deviation / sqrt((double)count), 0);
    assert_close(sqrt(squares / (double)count), deviation, 0, 0.02);
    assert_true(most < largest && most > 0.99 * fmin(largest, 3.5 * deviation));
    for (size_t i = 0; i < 200; i++)
        assert_true(parameters[gr_network_layout(&network).bias[0] + i] == 0);
    free(parameters);
}

static void test_initializers(void **state)
{
    (void)state;
    const double he = sqrt(2.0 / 300), xavier = sqrt(2.0 / 500);
    check_initializer("he", he, 6 * he);
    check_initializer("xavier", xavier, 6 * xavier);
    check_initializer("he-uniform", he, 1.00001 * sqrt(3) * he);
    check_initializer("xavier-uniform", xavier, 1.00001 * sqrt(3) * xavier);
    float parameters[64];
    assert_fails(gr_network_initialise_with("He", &(gradus_network){.layers = 1, .sizes = {3, 2}}, 1, parameters),
                 GRADUS_ERROR_ARGUMENT, "initializer \"He\": expected uniform, he,");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_initializers),          cmocka_unit_test(test_validate_accepts),
        cmocka_unit_test(test_validate_refuses),      cmocka_unit_test(test_functions),
        cmocka_unit_test(test_activations),           cmocka_unit_test(test_layout),
        cmocka_unit_test(test_layout_is_disjoint),    cmocka_unit_test(test_initialise),
        cmocka_unit_test(test_initialise_is_uniform),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
