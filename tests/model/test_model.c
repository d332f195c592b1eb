/* SPDX-License-Identifier: Apache-2.0 */
/* Models in memory: what they are made of, the hash, the metadata. */
#include "assert_close.h"
#include "model/model.h"

#include <stdlib.h>
#include <xxhash.h>

static const gradus_network small = {.layers = 2, .sizes = {6, 3, 2}};

static void test_create(void **state)
{
    (void)state;
    gradus_model *model = NULL;
    assert_ok(gradus_model_create(&small, UINT64_MAX, &model));
    assert_string_equal(gradus_model_get_metadata(model, "seed"), "18446744073709551615");
    assert_int_equal(gradus_model_network(model)->layers, 2);
    assert_int_equal(gradus_model_network(model)->sizes[1], 3);

    float *expected = calloc(model->layout.length, sizeof *expected);
    assert_non_null(expected);
    gr_network_initialise(&small, UINT64_MAX, expected);
    assert_memory_equal(model->parameters, expected, model->layout.length * sizeof *expected);
    free(expected);
    gradus_model_destroy(model);
    gradus_model_destroy(NULL);
}

static void test_create_empty_is_zero(void **state)
{
    (void)state;
    gradus_model *model = NULL;
    assert_ok(gr_model_create_empty(&small, &model));
    assert_null(gradus_model_get_metadata(model, "seed"));
    for (size_t i = 0; i < model->layout.length; i++)
        assert_true(model->parameters[i] == 0);
    gradus_model_destroy(model);
}

static void test_create_refuses(void **state)
{
    (void)state;
    gradus_model *model = NULL;
    gradus_network network = {.layers = 2, .sizes = {784, 0, 10}};
    assert_fails(gradus_model_create(&network, 1, &model), GRADUS_ERROR_ARGUMENT, "hidden layer 1: 0 units");
    assert_null(model);
}

static void assert_image(gradus_network network, size_t width, size_t height)
{
    gradus_model *model = NULL;
    assert_ok(gradus_model_create(&network, 1, &model));
    assert_int_equal(gradus_model_network(model)->image_width, width);
    assert_int_equal(gradus_model_network(model)->image_height, height);
    gradus_model_destroy(model);
}

static void test_image_shape(void **state)
{
    (void)state;
    assert_image((gradus_network){.layers = 1, .sizes = {784, 2}}, 28, 28);
    assert_image((gradus_network){.layers = 1, .sizes = {1, 2}}, 1, 1);
    assert_image((gradus_network){.layers = 1, .sizes = {783, 2}}, 783, 1);
    assert_image((gradus_network){1, {784, 2}, .image_width = 14, .image_height = 56}, 14, 56);
}

static void test_layer(void **state)
{
    (void)state;
    gradus_model *model = NULL;
    float *weights = NULL, *bias = NULL;
    assert_ok(gradus_model_create(&small, 1, &model));
    assert_ok(gradus_model_layer(model, 1, &weights, &bias));
    assert_ptr_equal(weights, model->parameters + model->layout.weights[1]);
    assert_ptr_equal(bias, model->parameters + model->layout.bias[1]);
    assert_fails(gradus_model_layer(model, 2, &weights, &bias), GRADUS_ERROR_ARGUMENT,
                 "layer 2: expected one below 2");
    gradus_model_destroy(model);
}

/* The hash is defined over the tensors without what lies between them: here they are put together by hand. */
static void test_hash_is_of_packed_tensors(void **state)
{
    (void)state;
    gradus_model *model = NULL;
    assert_ok(gradus_model_create(&small, 5, &model));
    float packed[18 + 3 + 6 + 2];
    memcpy(packed, model->parameters + model->layout.weights[0], 18 * sizeof(float));
    memcpy(packed + 18, model->parameters + model->layout.bias[0], 3 * sizeof(float));
    memcpy(packed + 21, model->parameters + model->layout.weights[1], 6 * sizeof(float));
    memcpy(packed + 27, model->parameters + model->layout.bias[1], 2 * sizeof(float));
    assert_true(gradus_model_hash(model) == XXH3_64bits(packed, sizeof packed));
    gradus_model_destroy(model);
}

static void assert_bits_matter(gradus_model *model, float *values, size_t count)
{
    const uint64_t before = gradus_model_hash(model);
    unsigned char *bytes = (unsigned char *)values;
    for (size_t bit = 0; bit < 32 * count; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        assert_true(gradus_model_hash(model) != before);
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    assert_true(gradus_model_hash(model) == before);
}

static void test_hash_changes_with_any_bit(void **state)
{
    (void)state;
    gradus_model *model = NULL, *other = NULL;
    assert_ok(gradus_model_create(&small, 1, &model));
    for (size_t l = 0; l < small.layers; l++) {
        assert_bits_matter(model, model->parameters + model->layout.weights[l],
                           small.sizes[l] * small.sizes[l + 1]);
        assert_bits_matter(model, model->parameters + model->layout.bias[l], small.sizes[l + 1]);
    }
    assert_ok(gradus_model_create(&small, 2, &other));
    assert_true(gradus_model_hash(model) != gradus_model_hash(other));
    gradus_model_destroy(other);
    gradus_model_destroy(model);
}

static void test_metadata(void **state)
{
    (void)state;
    gradus_model *model = NULL;
    assert_ok(gradus_model_create(&small, 1, &model));
    assert_null(gradus_model_get_metadata(model, "dataset"));
    assert_ok(gradus_model_set_metadata(model, "dataset", "digits"));
    assert_ok(gradus_model_set_metadata(model, "dataset", "gr\xc3\xa4ser \"x\"\n"));
    assert_string_equal(gradus_model_get_metadata(model, "dataset"), "gr\xc3\xa4ser \"x\"\n");

    assert_fails(gradus_model_set_metadata(model, "dataset", "\xff"), GRADUS_ERROR_ARGUMENT,
                 "metadata dataset: key and value must be UTF-8 text");
    assert_fails(gradus_model_set_metadata(model, "gradus.activation", "tanh"), GRADUS_ERROR_ARGUMENT, "reserved");
    assert_fails(gradus_model_set_metadata(model, "format", "np"), GRADUS_ERROR_ARGUMENT, "metadata format");
    assert_string_equal(gradus_model_get_metadata(model, "dataset"), "gr\xc3\xa4ser \"x\"\n");
    gradus_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create),
        cmocka_unit_test(test_create_empty_is_zero),
        cmocka_unit_test(test_create_refuses),
        cmocka_unit_test(test_image_shape),
        cmocka_unit_test(test_layer),
        cmocka_unit_test(test_hash_is_of_packed_tensors),
        cmocka_unit_test(test_hash_changes_with_any_bit),
        cmocka_unit_test(test_metadata),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
