/* SPDX-License-Identifier: Apache-2.0 */
/* Models: creation, the hash, the metadata, and that saving and loading changes nothing. */
#include "model/model.h"
#include "scratch.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
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

/* The hash is defined over the tensors without the padding between them: here they are concatenated by hand. */
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
        assert_bits_matter(model, model->parameters + model->layout.weights[l], small.sizes[l] * small.sizes[l + 1]);
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

/* ---- Files ---- */

static size_t count_files(void)
{
    size_t count = 0;
    DIR *folder = opendir(scratch_folder);
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

static void test_round_trip(void **state)
{
    (void)state;
    const gradus_network network = {3,
                                    {6, 33, 7, 5},
                                    .image_width = 2,
                                    .image_height = 3,
                                    .activation = GRADUS_GELU,
                                    .input_mean = 0.1307f,
                                    .input_deviation = 0.3081f};
    gradus_model *model = NULL, *loaded = NULL;
    assert_ok(gradus_model_create(&network, 9, &model));
    assert_ok(gradus_model_set_metadata(model, "class names", "\"0\"\n\xe2\x82\xac"));
    model->parameters[1] = -0.0f;
    model->parameters[2] = 0x1p-149f; /* the smallest positive float */
    assert_ok(gradus_model_save(model, scratch_path("model.safetensors")));
    assert_ok(gradus_model_load(scratch_path("model.safetensors"), &loaded));

    const gradus_network *found = gradus_model_network(loaded);
    assert_int_equal(found->layers, 3);
    assert_memory_equal(found->sizes, network.sizes, 4 * sizeof *network.sizes);
    assert_int_equal(found->image_width, 2);
    assert_int_equal(found->image_height, 3);
    assert_int_equal(found->activation, GRADUS_GELU);
    assert_memory_equal(&found->input_mean, &network.input_mean, sizeof(float));
    assert_memory_equal(&found->input_deviation, &network.input_deviation, sizeof(float));
    assert_memory_equal(loaded->parameters, model->parameters, model->layout.length * sizeof(float));
    assert_true(gradus_model_hash(loaded) == gradus_model_hash(model));
    assert_string_equal(gradus_model_get_metadata(loaded, "class names"), "\"0\"\n\xe2\x82\xac");
    assert_string_equal(gradus_model_get_metadata(loaded, "seed"), "9");
    assert_string_equal(gradus_model_get_metadata(loaded, "format"), "pt");
    assert_string_equal(gradus_model_get_metadata(loaded, "gradus.version"), gradus_version());
    assert_string_equal(gradus_model_get_metadata(loaded, "gradus.activation"), "gelu");
    assert_string_equal(gradus_model_get_metadata(loaded, "gradus.input_scale"), "byte/255");
    assert_string_equal(gradus_model_get_metadata(loaded, "gradus.image_shape"), "2x3");
    assert_int_equal(count_files(), 1);
    gradus_model_destroy(loaded);
    gradus_model_destroy(model);
}

/* `floats` is part of the network. */
static void test_floats_are_kept(void **state)
{
    (void)state;
    const gradus_network network = {.layers = 1, .sizes = {3, 2}, .floats = true};
    gradus_model *model = NULL, *loaded = NULL;
    assert_ok(gradus_model_create(&network, 1, &model));
    assert_ok(gradus_model_save(model, scratch_path("model.safetensors")));
    assert_ok(gradus_model_load(scratch_path("model.safetensors"), &loaded));
    assert_true(gradus_model_network(loaded)->floats);
    assert_string_equal(gradus_model_get_metadata(loaded, "gradus.input_scale"), "1");
    gradus_model_destroy(loaded);
    gradus_model_destroy(model);
}

static size_t read_file(const char *path, unsigned char *bytes, size_t size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t length = fread(bytes, 1, size, file);
    fclose(file);
    return length;
}

/* Data at a multiple of 8 bytes, header padded with spaces; and saving a loaded model gives the same file. */
static void test_save_is_stable(void **state)
{
    (void)state;
    gradus_model *model = NULL, *loaded = NULL;
    static unsigned char first[4096], second[4096];
    uint64_t header = 0;
    assert_ok(gradus_model_create(&small, 9, &model));
    assert_ok(gradus_model_save(model, scratch_path("model.safetensors")));
    size_t length = read_file(scratch_path("model.safetensors"), first, sizeof first);
    memcpy(&header, first, sizeof header);
    assert_int_equal(header % 8, 0);
    assert_int_equal(8 + header + 29 * sizeof(float), length);
    assert_true(first[8 + header - 1] == ' ' || first[8 + header - 1] == '}');
    assert_true(XXH3_64bits(first + 8 + header, length - 8 - header) == gradus_model_hash(model));

    assert_ok(gradus_model_load(scratch_path("model.safetensors"), &loaded));
    assert_ok(gradus_model_save(loaded, scratch_path("again.safetensors")));
    assert_int_equal(read_file(scratch_path("again.safetensors"), second, sizeof second), length);
    assert_memory_equal(first, second, length);
    gradus_model_destroy(loaded);
    gradus_model_destroy(model);
}

static void test_save_refused(void **state)
{
    (void)state;
    gradus_model *model = NULL;
    assert_ok(gradus_model_create(&small, 1, &model));
    assert_fails(gradus_model_save(model, scratch_path("none/model.safetensors")), GRADUS_ERROR_OUTPUT,
                 "cannot be created: No such file");
    assert_fails(gradus_model_save(model, scratch_folder), GRADUS_ERROR_OUTPUT, "not a regular file");
    assert_int_equal(count_files(), 0);
    gradus_model_destroy(model);
}

/* Limits the size of files, so that a write fails as on a full disk. */
static void limit_file_size(rlim_t bytes)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static gradus_status save_on_full_disk(const gradus_model *model)
{
    limit_file_size(65536);
    gradus_status status = gradus_model_save(model, scratch_path("model.safetensors"));
    limit_file_size(RLIM_INFINITY);
    return status;
}

/* A failed save creates no file, and leaves an existing one unchanged. */
static void test_save_breaks_off(void **state)
{
    (void)state;
    gradus_model *model = NULL, *loaded = NULL;
    const gradus_network large = {.layers = 1, .sizes = {10000, 10}};
    assert_ok(gradus_model_create(&large, 1, &model));
    assert_fails(save_on_full_disk(model), GRADUS_ERROR_IO, "cannot be written");
    assert_int_equal(count_files(), 0);

    assert_ok(gradus_model_save(model, scratch_path("model.safetensors")));
    const uint64_t hash = gradus_model_hash(model);
    model->parameters[0] += 1;
    assert_fails(save_on_full_disk(model), GRADUS_ERROR_IO, "cannot be written");
    assert_int_equal(count_files(), 1);
    assert_ok(gradus_model_load(scratch_path("model.safetensors"), &loaded));
    assert_true(gradus_model_hash(loaded) == hash);
    gradus_model_destroy(loaded);
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
        scratch_test(test_round_trip),
        scratch_test(test_floats_are_kept),
        scratch_test(test_save_is_stable),
        scratch_test(test_save_refused),
        scratch_test(test_save_breaks_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
