/* SPDX-License-Identifier: Apache-2.0 */
/* Networks of other programs: accepted names, messages for faults, and export to NPZ and import again. */
#include "archive/npy.h"
#include "archive/zip.h"
#include "gradus/gradus.h"
#include "scratch.h"

#include <float.h>

/* ---- Files ---- */

/* A tensor of such a file; its values count up from `first`. */
typedef struct test_tensor {
    const char *name;
    size_t rank, shape[2];
    float first;
} test_tensor;

static size_t length_of(const test_tensor *tensor)
{
    return tensor->shape[0] * (tensor->rank == 2 ? tensor->shape[1] : 1);
}

static void fill(const test_tensor *tensor, float *values)
{
    for (size_t i = 0; i < length_of(tensor); i++)
        values[i] = tensor->first + (float)i;
}

/* Writes the tensors, which end with one without name, as an NPZ. */
static char *write_npz(const test_tensor *tensors)
{
    char *path = scratch_path("f.npz"), name[128];
    output_file file = {0};
    assert_ok(gr_output_open(path, &file));
    zip_writer writer = {.file = &file};
    for (const test_tensor *tensor = tensors; tensor->name != NULL; tensor++) {
        unsigned char header[NPY_HEADER_MAX];
        float values[64];
        fill(tensor, values);
        const zip_piece pieces[] = {{header, gr_npy_header(tensor->rank, tensor->shape, header)},
                                    {values, length_of(tensor) * sizeof *values}};
        snprintf(name, sizeof name, "%s.npy", tensor->name);
        assert_ok(gr_zip_add(&writer, name, pieces, 2));
    }
    assert_ok(gr_zip_finish(&writer));
    assert_ok(gr_output_commit(&file));
    gr_zip_writer_free(&writer);
    return path;
}

/* The same as safetensors. */
static char *write_safetensors(const test_tensor *tensors)
{
    static unsigned char bytes[1 << 14];
    char header[1 << 12];
    float values[512];
    size_t used = 0, count = 0;
    for (const test_tensor *tensor = tensors; tensor->name != NULL; tensor++) {
        char shape[64];
        snprintf(shape, sizeof shape, tensor->rank == 2 ? "[%zu,%zu]" : "[%zu]", tensor->shape[0], tensor->shape[1]);
        const size_t length = length_of(tensor);
        used += (size_t)snprintf(header + used, sizeof header - used,
                                 "%s\"%s\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[%zu,%zu]}",
                                 used == 0 ? "{" : ",", tensor->name, shape, 4 * count, 4 * (count + length));
        fill(tensor, values + count);
        count += length;
    }
    used += (size_t)snprintf(header + used, sizeof header - used, used == 0 ? "{}" : "}");
    const uint64_t header_length = used;
    memcpy(bytes, &header_length, 8);
    memcpy(bytes + 8, header, used);
    memcpy(bytes + 8 + used, values, count * sizeof *values);
    return scratch_write("f.safetensors", bytes, 8 + used + count * sizeof *values);
}

/* ---- Names and order ---- */

/* 3 features, 2 and 2 units, 2 classes: only the names tell the second layer from the third. */
#define LAYER(weights, bias, first)                                                                                   \
    {weights, 2, {2, 2}, first},                                                                                      \
    {                                                                                                                 \
        bias, 1, {2}, (first) + 4                                                                                     \
    }
#define FIRST_LAYER(weights, bias)                                                                                    \
    {weights, 2, {2, 3}, 100},                                                                                        \
    {                                                                                                                 \
        bias, 1, {2}, 200                                                                                             \
    }
#define END                                                                                                           \
    {                                                                                                                 \
        .name = NULL                                                                                                  \
    }

static void assert_order(const char *path)
{
    gradus_model *model = NULL;
    float *weights = NULL, *bias = NULL;
    static const float firsts[] = {100, 10, 20}, biases[] = {200, 14, 24};
    assert_ok(gradus_model_import(path, &model));
    assert_int_equal(gradus_model_network(model)->layers, 3);
    assert_int_equal(gradus_model_network(model)->sizes[0], 3);
    for (size_t l = 0; l < 3; l++) {
        assert_ok(gradus_model_layer(model, l, &weights, &bias));
        assert_close(weights[0], firsts[l], 0, 0);
        assert_close(weights[3], firsts[l] + 3, 0, 0);
        assert_close(bias[0], biases[l], 0, 0);
        assert_close(bias[1], biases[l] + 1, 0, 0);
    }
    gradus_model_destroy(model);
}

static void test_names(void **state)
{
    (void)state;
    static const test_tensor cases[][7] = {
        {FIRST_LAYER("0.weight", "0.bias"), LAYER("10.weight", "10.bias", 20), LAYER("2.weight", "2.bias", 10), END},
        {LAYER("fc3.weight", "fc3.bias", 20), LAYER("fc2.weight", "fc2.bias", 10),
         FIRST_LAYER("fc1.weight", "fc1.bias"), END},
        {LAYER("m2.layers.1.weight", "m2.layers.1.bias", 20), LAYER("m2.layers.0.weight", "m2.layers.0.bias", 10),
         FIRST_LAYER("m1.layers.7.weight", "m1.layers.7.bias"), END},
        {FIRST_LAYER("in.weight", "in.bias"), LAYER("middle.weight", "middle.bias", 10),
         LAYER("a.weight", "a.bias", 20), END},
        {FIRST_LAYER("net0.z.weight", "net0.z.bias"), LAYER("net0.y.weight", "net0.y.bias", 10),
         LAYER("net0.x.weight", "net0.x.bias", 20), END},
        {FIRST_LAYER("W1", "b1"), LAYER("W3", "b3", 20), LAYER("W2", "b2", 10), END},
        {FIRST_LAYER("W009", "b009"), LAYER("W18446744073709551615", "b18446744073709551615", 20),
         LAYER("W10", "b10", 10), END},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_order(write_npz(cases[i]));
        assert_order(write_safetensors(cases[i]));
    }
}

/* nn.Linear alone, and without bias. */
static void test_missing_bias(void **state)
{
    (void)state;
    static const test_tensor tensors[] = {{"weight", 2, {2, 3}, 1}, END};
    char *const paths[] = {write_npz(tensors), write_safetensors(tensors)};
    for (size_t i = 0; i < 2; i++) {
        gradus_model *model = NULL;
        float *weights = NULL, *bias = NULL;
        assert_ok(gradus_model_import(paths[i], &model));
        assert_ok(gradus_model_layer(model, 0, &weights, &bias));
        assert_close(weights[5], 6, 0, 0);
        assert_close(bias[0], 0, 0, 0);
        assert_close(bias[1], 0, 0, 0);
        gradus_model_destroy(model);
    }
}

static void assert_refused(const char *path, const char *message)
{
    gradus_model *model = NULL;
    assert_fails(gradus_model_import(path, &model), GRADUS_ERROR_DATA, message);
    assert_ptr_equal(strstr(gradus_last_error(), path), gradus_last_error());
    assert_null(strpbrk(gradus_last_error(), "\n\r\033"));
    assert_null(model);
}

static void test_no_chain(void **state)
{
    (void)state;
#define WEIGHT(name, rows, columns)                                                                                   \
    {                                                                                                                 \
        name, 2, {rows, columns}, 0                                                                                   \
    }
#define BIAS(name, size)                                                                                              \
    {                                                                                                                 \
        name, 1, {size}, 0                                                                                            \
    }
    static const struct {
        test_tensor tensors[4];
        const char *message;
    } cases[] = {
        {{WEIGHT("a.kernel", 2, 3), END}, "unexpected tensor \"a.kernel\", expected NAME.weight and NAME.bias"},
        {{WEIGHT("w1", 2, 3), END}, "unexpected tensor \"w1\""},
        {{WEIGHT("W", 2, 3), END}, "unexpected tensor \"W\""},
        {{WEIGHT("W1x", 2, 3), END}, "unexpected tensor \"W1x\""},
        {{WEIGHT("0.weight", 2, 3), BIAS("1.running_mean", 2), END}, "unexpected tensor \"1.running_mean\""},
        {{WEIGHT("0.weight", 2, 3), BIAS("1.weight", 2), END}, "tensor 1.weight: shape of 1 sizes, expected 2"},
        {{BIAS("0.bias", 2), END}, "tensor 0.bias: a bias without weights"},
        {{WEIGHT("0.weight", 2, 3), BIAS("1.bias", 2), END}, "tensor 1.bias: a bias without weights"},
        {{WEIGHT("1.weight", 2, 3), WEIGHT("W1", 2, 3), END}, "tensor W1: found twice"},
        {{WEIGHT("0.weight", 4, 3), WEIGHT("2.weight", 2, 5), END},
         "tensor 2.weight: 5 inputs, expected the 4 units of the layer before"},
        {{WEIGHT("0.weight", 2, 3), BIAS("0.bias", 3), END},
         "tensor 0.bias: 3 values, expected 2, one for each row of 0.weight"},
        {{WEIGHT("0.weight", 1, 3), END}, "output layer: 1 classes, expected 2 to 256"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_refused(write_npz(cases[i].tensors), cases[i].message);
        assert_refused(write_safetensors(cases[i].tensors), cases[i].message);
    }
    static const test_tensor none[] = {END};
    assert_refused(write_safetensors(none), "no tensors, expected NAME.weight");
    static const test_tensor twice[] = {WEIGHT("0.weight", 2, 3), WEIGHT("0.weight", 2, 3), END};
    assert_refused(write_npz(twice), "tensor 0.weight: found twice");
    static const test_tensor column[] = {WEIGHT("0.weight", 2, 3), WEIGHT("0.bias", 2, 1), END};
    assert_refused(write_safetensors(column), "tensor 0.bias: shape of 2 sizes, expected 1");
    static const test_tensor row[] = {WEIGHT("0.weight", 2, 3), WEIGHT("0.bias", 1, 2), END};
    assert_refused(write_npz(row), "tensor 0.bias: shape of 2 sizes, expected 1");
}

static void test_too_many_layers(void **state)
{
    (void)state;
    static char names[GRADUS_LAYERS_MAX + 1][16];
    test_tensor tensors[GRADUS_LAYERS_MAX + 2] = {0};
    for (size_t l = 0; l <= GRADUS_LAYERS_MAX; l++) {
        snprintf(names[l], sizeof names[l], "%zu.weight", l);
        tensors[l] = (test_tensor){names[l], 2, {2, 2}, 0};
    }
    assert_refused(write_npz(tensors), "tensor 16.weight: more than the 16 layers that are possible");
    tensors[GRADUS_LAYERS_MAX].name = NULL;
    gradus_model *model = NULL;
    assert_ok(gradus_model_import(write_npz(tensors), &model));
    gradus_model_destroy(model);
}

/* ---- Arrays ---- */

/* An NPZ with one array 0.weight of this header and these bytes. */
static char *write_array(const char *dictionary, const void *data, size_t size)
{
    char *path = scratch_path("f.npz");
    unsigned char start[10] = "\x93NUMPY\1";
    output_file file = {0};
    start[8] = (unsigned char)strlen(dictionary);
    assert_ok(gr_output_open(path, &file));
    zip_writer writer = {.file = &file};
    const zip_piece pieces[] = {{start, sizeof start}, {dictionary, strlen(dictionary)}, {data, size}};
    assert_ok(gr_zip_add(&writer, "0.weight.npy", pieces, 3));
    assert_ok(gr_zip_finish(&writer));
    assert_ok(gr_output_commit(&file));
    gr_zip_writer_free(&writer);
    return path;
}

static void test_orders_and_types(void **state)
{
    (void)state;
    static const double doubles[] = {1, 4, 2, 5, 3, 6};
    static const float floats[] = {1, 2, 3, 4, 5, 6};
    static const struct {
        const char *dictionary;
        const void *data;
        size_t size;
    } cases[] = {
        {"{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }", doubles, sizeof doubles},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", floats, sizeof floats},
    };
    for (size_t i = 0; i < 2; i++) {
        gradus_model *model = NULL;
        float *weights = NULL, *bias = NULL;
        assert_ok(gradus_model_import(write_array(cases[i].dictionary, cases[i].data, cases[i].size), &model));
        assert_ok(gradus_model_layer(model, 0, &weights, &bias));
        assert_memory_equal(weights, floats, sizeof floats);
        gradus_model_destroy(model);
    }
}

static void test_values(void **state)
{
    (void)state;
    static const char dictionary[] = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1), }";
    static const double large[] = {0, -1e39}, nan[] = {NAN, 0}, largest[] = {FLT_MAX, -FLT_MAX};
    gradus_model *model = NULL;
    assert_refused(write_array(dictionary, large, sizeof large),
                   "tensor 0.weight: value 1 is -1e+39, expected a finite number of float32");
    assert_refused(write_array(dictionary, nan, sizeof nan), "tensor 0.weight: value 0 is ");
    assert_ok(gradus_model_import(write_array(dictionary, largest, sizeof largest), &model));
    gradus_model_destroy(model);
    assert_refused(write_array("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 2), }", large, 16),
                   "tensor 0.weight: values of type \">f4\", expected \"<f4\" or \"<f8\"");
    assert_refused(write_array("{'descr': '<i4', 'fortran_order': False, 'shape': (2, 2), }", large, 16),
                   "values of type \"<i4\"");
    assert_refused(write_array("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 0), }", large, 0),
                   "input layer: 0 features");
}

/* ---- Damaged files ---- */

static const test_tensor small[] = {{"0.weight", 2, {2, 3}, 1}, {"0.bias", 1, {2}, 1}, END};

static size_t read_file(const char *path, unsigned char *bytes, size_t capacity)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t size = fread(bytes, 1, capacity, file);
    assert_true(size < capacity);
    fclose(file);
    return size;
}

static void assert_truncations_refused(const char *path)
{
    gradus_model *model = NULL;
    struct stat found;
    assert_ok(gradus_model_import(path, &model));
    gradus_model_destroy(model);
    assert_int_equal(stat(path, &found), 0);
    for (off_t length = found.st_size; length-- > 0;) {
        assert_int_equal(truncate(path, length), 0);
        assert_refused(path, "");
    }
}

static void test_every_truncation(void **state)
{
    (void)state;
    assert_truncations_refused(write_npz(small));
    assert_truncations_refused(write_safetensors(small));
}

/* With any byte changed there is a model or a message; sanitizers check the rest. */
static void test_every_change(void **state)
{
    (void)state;
    static const unsigned char masks[] = {0x21, 255};
    static unsigned char bytes[4096];
    char *const paths[] = {write_npz(small), write_safetensors(small)};
    size_t refused = 0;
    for (size_t p = 0; p < 2; p++) {
        const size_t size = read_file(paths[p], bytes, sizeof bytes);
        for (size_t i = 0; i < 2 * size; i++) {
            gradus_model *model = NULL;
            bytes[i / 2] ^= masks[i % 2];
            const char *path = scratch_write("changed", bytes, size);
            if (gradus_model_import(path, &model) != GRADUS_OK) {
                assert_ptr_equal(strstr(gradus_last_error(), path), gradus_last_error());
                assert_null(strpbrk(gradus_last_error(), "\n\r\033"));
                assert_null(model);
                refused++;
            }
            gradus_model_destroy(model);
            bytes[i / 2] ^= masks[i % 2];
        }
    }
    assert_true(refused > 500);
}

/* ---- Export and import ---- */

static char *export_model(uint64_t seed, gradus_model **model)
{
    static const gradus_network network = {.layers = 3, .sizes = {5, 4, 3, 2}};
    char *path = scratch_path("m.npz");
    assert_ok(gradus_model_create(&network, seed, model));
    assert_ok(gradus_model_export_npz(*model, path));
    return path;
}

static void test_export_npz(void **state)
{
    (void)state;
    gradus_model *model = NULL, *back = NULL;
    char *path = export_model(7, &model);
    assert_ok(gradus_model_import(path, &back));
    assert_true(gradus_model_hash(model) == gradus_model_hash(back));
    assert_memory_equal(gradus_model_network(model), gradus_model_network(back), sizeof(gradus_network));
    assert_fails(gradus_model_export_npz(model, scratch_path("none/m.npz")), GRADUS_ERROR_OUTPUT, "cannot be created");
    gradus_model_destroy(model);
    gradus_model_destroy(back);
}

/* Any change of one byte is refused or gives the same parameters, because checksums protect them. */
static void test_npz_checksums(void **state)
{
    (void)state;
    static unsigned char bytes[4096];
    gradus_model *model = NULL;
    const size_t size = read_file(export_model(7, &model), bytes, sizeof bytes);
    const uint64_t hash = gradus_model_hash(model);
    gradus_model_destroy(model);
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= 0x21;
        model = NULL;
        if (gradus_model_import(scratch_write("m.npz", bytes, size), &model) == GRADUS_OK)
            assert_true(gradus_model_hash(model) == hash);
        gradus_model_destroy(model);
        bytes[i] ^= 0x21;
    }
}

static void test_other_archives(void **state)
{
    (void)state;
    output_file file = {0};
    char *path = scratch_path("model.pt");
    assert_ok(gr_output_open(path, &file));
    zip_writer writer = {.file = &file};
    assert_ok(gr_zip_add(&writer, "archive/data.pkl", NULL, 0));
    assert_ok(gr_zip_finish(&writer));
    assert_ok(gr_output_commit(&file));
    gr_zip_writer_free(&writer);
    assert_refused(path,
                   "holds \"archive/data.pkl\", expected arrays NAME.npy only (save a state_dict as safetensors)");
    gradus_model *model = NULL;
    assert_fails(gradus_model_import(scratch_path("none"), &model), GRADUS_ERROR_NO_INPUT, "cannot be opened");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_names),
        scratch_test(test_missing_bias),
        scratch_test(test_no_chain),
        scratch_test(test_too_many_layers),
        scratch_test(test_orders_and_types),
        scratch_test(test_values),
        scratch_test(test_every_truncation),
        scratch_test(test_every_change),
        scratch_test(test_export_npz),
        scratch_test(test_npz_checksums),
        scratch_test(test_other_archives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
