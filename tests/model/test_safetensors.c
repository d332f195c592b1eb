/* SPDX-License-Identifier: Apache-2.0 */
/* Accepted model files, and the message for each fault. Headers are written with ' for ". */
#include "gradus/gradus.h"
#include "scratch.h"

#define TENSOR(name, dtype, shape, offsets)                                                                           \
    "'" name "':{'dtype':'" dtype "','shape':" shape ",'data_offsets':" offsets "}"

/* A complete network: 3 features, 2 classes, 32 bytes of data. */
#define WEIGHT TENSOR("fc1.weight", "F32", "[2,3]", "[0,24]")
#define BIAS TENSOR("fc1.bias", "F32", "[2]", "[24,32]")

static const float values[8] = {1, 2, 3, 4, 5, 6, -1, -2};

typedef struct file_case {
    const char *header;
    const char *message;
} file_case;

/* Writes header length, header with its quotes, and data. Returns the path. */
static const char *write_model(const char *header, const void *data, size_t data_bytes)
{
    static unsigned char bytes[8192];
    const uint64_t length = strlen(header);
    assert_true(8 + length + data_bytes <= sizeof bytes);
    memcpy(bytes, &length, 8);
    for (size_t i = 0; i < length; i++)
        bytes[8 + i] = (unsigned char)(header[i] == '\'' ? '"' : header[i]);
    memcpy(bytes + 8 + length, data, data_bytes);
    return scratch_write("model.safetensors", bytes, 8 + length + data_bytes);
}

/* The message must also begin with the file's name, and the output must not change. */
static void assert_refused(const char *path, gradus_status expected, const char *message)
{
    gradus_model *model = NULL;
    assert_fails(gradus_model_load(path, &model), expected, message);
    assert_ptr_equal(strstr(gradus_last_error(), path), gradus_last_error());
    assert_null(strpbrk(gradus_last_error(), "\n\r\033"));
    assert_null(model);
}

/* Each header in turn, followed by the same number of zero bytes. */
static void assert_cases_refused(const file_case *cases, size_t count, size_t data_bytes)
{
    static const unsigned char zeros[64];
    assert_true(data_bytes <= sizeof zeros);
    for (size_t i = 0; i < count; i++)
        assert_refused(write_model(cases[i].header, zeros, data_bytes), GRADUS_ERROR_DATA, cases[i].message);
}
#define ASSERT_CASES_REFUSED(cases, data_bytes)                                                                       \
    assert_cases_refused(cases, sizeof(cases) / sizeof *(cases), data_bytes)

static void test_load(void **state)
{
    (void)state;
    gradus_model *model = NULL;
    float *weights = NULL, *bias = NULL;
    const char *path = write_model("{'__metadata__':{'who':'me'}," WEIGHT "," BIAS "}  ", values, sizeof values);
    assert_ok(gradus_model_load(path, &model));
    assert_int_equal(gradus_model_network(model)->layers, 1);
    assert_int_equal(gradus_model_network(model)->sizes[0], 3);
    assert_int_equal(gradus_model_network(model)->sizes[1], 2);
    assert_int_equal(gradus_model_network(model)->image_width, 3);
    assert_int_equal(gradus_model_network(model)->image_height, 1);
    assert_string_equal(gradus_model_get_metadata(model, "who"), "me");
    assert_ok(gradus_model_layer(model, 0, &weights, &bias));
    assert_memory_equal(weights, values, 24);
    assert_memory_equal(bias, values + 6, 8);
    gradus_model_destroy(model);
}

/* The format defines no order of the tensors in a file, and requires no metadata. */
static void test_load_other_order(void **state)
{
    (void)state;
    gradus_model *model = NULL;
    float *weights = NULL, *bias = NULL;
    const char *path = write_model(
        "{" TENSOR("fc1.weight", "F32", "[2,3]", "[8,32]") "," TENSOR("fc1.bias", "F32", "[2]", "[0,8]") "}", values,
        sizeof values);
    assert_ok(gradus_model_load(path, &model));
    assert_ok(gradus_model_layer(model, 0, &weights, &bias));
    assert_memory_equal(weights, values + 2, 24);
    assert_memory_equal(bias, values, 8);
    gradus_model_destroy(model);
}

static void test_missing_file(void **state)
{
    (void)state;
    assert_refused(scratch_path("none.safetensors"), GRADUS_ERROR_NO_INPUT, "cannot be opened: No such file");
    assert_refused(scratch_folder, GRADUS_ERROR_NO_INPUT, "not a regular file, expected a model");
}

static void test_header_length(void **state)
{
    (void)state;
    const char *path = scratch_path("model.safetensors");
    uint64_t length = UINT64_C(1) << 60;
    scratch_write("model.safetensors", "", 0);
    assert_refused(path, GRADUS_ERROR_DATA, "truncated: 0 bytes, expected 8 of header length at least");
    scratch_write("model.safetensors", &length, sizeof length);
    assert_refused(path, GRADUS_ERROR_DATA, "header of 1152921504606846976 bytes, only 0 follow");
    length = UINT64_MAX;
    scratch_write("model.safetensors", &length, sizeof length);
    assert_refused(path, GRADUS_ERROR_DATA, "header of 18446744073709551615 bytes, only 0 follow");

    length = 100000001;
    scratch_write("model.safetensors", &length, sizeof length);
    assert_int_equal(truncate(path, 100000009), 0); /* a sparse file: needs no space on the disk */
    assert_refused(path, GRADUS_ERROR_DATA, "header of 100000001 bytes, expected at most 100000000");
}

/* A file truncated anywhere is refused; a complete one is accepted. */
static void test_every_truncation(void **state)
{
    (void)state;
    gradus_model *model = NULL;
    const char *path = write_model("{" WEIGHT "," BIAS "}", values, sizeof values);
    struct stat found;
    assert_ok(gradus_model_load(path, &model));
    gradus_model_destroy(model);
    assert_int_equal(stat(path, &found), 0);
    for (off_t length = found.st_size; length-- > 0;) {
        assert_int_equal(truncate(path, length), 0);
        assert_refused(path, GRADUS_ERROR_DATA, "");
    }
}

static void test_header_text(void **state)
{
    (void)state;
    static const file_case cases[] = {
        {"", "header is not JSON"},
        {"{" WEIGHT, "header is not JSON"},
        {"{}x", "header is not JSON"},
        {"{'a\n\033[2J':1}", "header is not JSON"},
        {"{" WEIGHT "," WEIGHT "," BIAS "}", "header is not JSON: duplicate object key"},
        {"[1]", "header is not a JSON object"},
        {"{}", "no tensors, expected fc1.weight"},
        {"{'__metadata__':{}}", "no tensors, expected fc1.weight"},
    };
    ASSERT_CASES_REFUSED(cases, 32);
}

static void test_metadata(void **state)
{
    (void)state;
#define WITH(metadata) "{'__metadata__':" metadata "," WEIGHT "," BIAS "}"
    static const file_case cases[] = {
        {WITH("'text'"), "__metadata__ is not an object"},
        {WITH("{'epoch':3}"), "__metadata__: \"epoch\" is not text"},
        {WITH("{'gradus.activation':'swish'}"),
         "gradus.activation is \"swish\", expected relu, leaky-relu, sigmoid, "},
        {WITH("{'gradus.input_mean':'0.1x'}"), "gradus.input_mean is \"0.1x\", expected a number"},
        {WITH("{'gradus.input_deviation':'nan'}"), "gradus.input_deviation is \"nan\", expected a number"},
        {WITH("{'gradus.input_deviation':'-1'}"), "input: found mean 0 and standard deviation -1, expected"},
        {WITH("{'gradus.input_mean':'0.1'}"), "input: found mean 0.1 and standard deviation 0, expected"},
        {WITH("{'gradus.input_scale':'byte'}"), "gradus.input_scale is \"byte\", expected \"byte/255\" or \"1\""},
        {WITH("{'gradus.image_shape':''}"), "gradus.image_shape is \"\", expected width and height"},
        {WITH("{'gradus.image_shape':'3x1 '}"), "gradus.image_shape is \"3x1 \""},
        {WITH("{'gradus.image_shape':'03x1'}"), "gradus.image_shape is \"03x1\""},
        {WITH("{'gradus.image_shape':'-3x-1'}"), "gradus.image_shape is \"-3x-1\""},
        {WITH("{'gradus.image_shape':'0x0'}"), "gradus.image_shape is \"0x0\""},
        {WITH("{'gradus.image_shape':'99999999999999999999x1'}"), "gradus.image_shape is \"9999"},
        {WITH("{'gradus.image_shape':'2x2'}"), "image of 2 x 2 pixels, expected one of 3 features"},
    };
#undef WITH
    ASSERT_CASES_REFUSED(cases, 32);
}

static void test_tensor_names(void **state)
{
    (void)state;
#define NAMED(name) "{" WEIGHT "," BIAS "," TENSOR(name, "F32", "[2,2]", "[32,48]") "}"
    static const file_case cases[] = {
        {"{" WEIGHT "}", "tensor fc1.bias is missing"},
        {"{" BIAS "}", "tensor fc1.weight is missing"},
        {NAMED("fc2.weight"), "tensor fc2.bias is missing"},
        {NAMED("fc3.weight"), "tensor fc2.weight is missing"},
        {NAMED("fc0.weight"), "unexpected tensor \"fc0.weight\", expected fc1.weight, fc1.bias"},
        {NAMED("fc02.weight"), "unexpected tensor \"fc02.weight\""},
        {NAMED("fc2.weights"), "unexpected tensor \"fc2.weights\""},
        {NAMED("conv1.weight"), "unexpected tensor \"conv1.weight\""},
        {NAMED(""), "unexpected tensor \"\""},
        {NAMED("\\n\\u001b[2J\xc3\xa4"), "unexpected tensor \"??[2J??\""},
        {NAMED("fc17.weight"), "unexpected tensor \"fc17.weight\", expected fc1.weight, fc1.bias, fc2.weight, "
                               "... up to fc16"},
    };
#undef NAMED
    ASSERT_CASES_REFUSED(cases, 48);
}

static void test_tensor_entry(void **state)
{
    (void)state;
#define ENTRY(entry) "{'fc1.weight':" entry "," BIAS "}"
    static const file_case cases[] = {
        {ENTRY("1"), "tensor fc1.weight: malformed: "},
        {ENTRY("{}"), "tensor fc1.weight: malformed: Object item not found: dtype"},
        {ENTRY("{'dtype':32,'shape':[2,3],'data_offsets':[0,24]}"), "malformed: Expected string, got integer"},
        {ENTRY("{'dtype':'F32','data_offsets':[0,24]}"), "malformed: Object item not found: shape"},
        {ENTRY("{'dtype':'F32','shape':[2,3]}"), "malformed: Object item not found: data_offsets"},
        {ENTRY("{'dtype':'F32','shape':[2,3],'data_offsets':24}"), "tensor fc1.weight: malformed: "},
        {ENTRY("{'dtype':'F32','shape':[2,3],'data_offsets':[0]}"), "tensor fc1.weight: malformed: "},
        {ENTRY("{'dtype':'F32','shape':[2,3],'data_offsets':[0,24,32]}"), "tensor fc1.weight: malformed: "},
        {ENTRY("{'dtype':'F32','shape':[2,3],'data_offsets':[0,24.0]}"), "malformed: Expected integer, got real"},
        {ENTRY("{'dtype':'F64','shape':[2,3],'data_offsets':[0,24]}"), "dtype F64, expected F32"},
        {ENTRY("{'dtype':'','shape':[2,3],'data_offsets':[0,24]}"), "dtype , expected F32"},
    };
#undef ENTRY
    ASSERT_CASES_REFUSED(cases, 32);
}

static void test_tensor_shape(void **state)
{
    (void)state;
#define SHAPES(weight, bias)                                                                                          \
    "{" TENSOR("fc1.weight", "F32", weight, "[0,24]") "," TENSOR("fc1.bias", "F32", bias, "[24,32]") "}"
    static const file_case cases[] = {
        {SHAPES("6", "[2]"), "tensor fc1.weight: shape of 0 sizes, expected 2"},
        {SHAPES("[]", "[2]"), "tensor fc1.weight: shape of 0 sizes, expected 2"},
        {SHAPES("[6]", "[2]"), "tensor fc1.weight: shape of 1 sizes, expected 2"},
        {SHAPES("[1,2,3]", "[2]"), "tensor fc1.weight: shape of 3 sizes, expected 2"},
        {SHAPES("[2,3]", "[2,1]"), "tensor fc1.bias: shape of 2 sizes, expected 1"},
        {SHAPES("[2,3.0]", "[2]"), "tensor fc1.weight: shape has other values than integers"},
        {SHAPES("[2,0]", "[2]"), "tensor fc1.weight: size 0 in its shape, expected 1 to the 8 numbers"},
        {SHAPES("[-2,-3]", "[2]"), "tensor fc1.weight: size -2 in its shape"},
        {SHAPES("[4611686018427387904,4]", "[2]"), "size 4611686018427387904 in its shape"},
        {SHAPES("[2,3]", "[3]"), "tensor fc1.bias: 3 values, expected 2, one for each row of fc1.weight"},
        {SHAPES("[2,4]", "[2]"), "tensor fc1.weight: 24 bytes, expected 32 for its shape"},
        {SHAPES("[1,3]", "[1]"), "output layer: 1 classes, expected 2 to 256"},
    };
#undef SHAPES
    ASSERT_CASES_REFUSED(cases, 32);
}

static void test_layers_that_do_not_chain(void **state)
{
    (void)state;
    static const file_case cases[] = {
        {"{" WEIGHT "," BIAS
         "," TENSOR("fc2.weight", "F32", "[2,3]", "[32,56]") "," TENSOR("fc2.bias", "F32", "[2]", "[56,64]") "}",
         "tensor fc2.weight: 3 inputs, expected the 2 units of the layer before"},
    };
    ASSERT_CASES_REFUSED(cases, 64);
}

static void test_tensor_offsets(void **state)
{
    (void)state;
#define OFFSETS(weight, bias)                                                                                         \
    "{" TENSOR("fc1.weight", "F32", "[2,3]", weight) "," TENSOR("fc1.bias", "F32", "[2]", bias) "}"
    static const file_case cases[] = {
        {OFFSETS("[-24,0]", "[24,32]"), "tensor fc1.weight: data offsets -24 to 0, expected a range within the 32"},
        {OFFSETS("[24,0]", "[24,32]"), "tensor fc1.weight: data offsets 24 to 0"},
        {OFFSETS("[0,24]", "[24,33]"), "tensor fc1.bias: data offsets 24 to 33, expected a range within the 32 bytes"},
        {OFFSETS("[0,9223372036854775807]", "[24,32]"), "data offsets 0 to 9223372036854775807"},
        {OFFSETS("[0,9223372036854775808]", "[24,32]"), "header is not JSON: too big integer"},
        {OFFSETS("[0,20]", "[24,32]"), "tensor fc1.weight: 20 bytes, expected 24 for its shape"},
        {OFFSETS("[0,24]", "[0,8]"), "overlaps fc1."},
        {OFFSETS("[0,24]", "[20,28]"), "tensor fc1.bias overlaps fc1.weight"},
    };
    static const file_case longer_cases[] = {
        {OFFSETS("[0,24]", "[28,36]"), "bytes 24 to 28 of the data belong to no tensor"},
        {OFFSETS("[4,28]", "[28,36]"), "bytes 0 to 4 of the data belong to no tensor"},
        {OFFSETS("[0,24]", "[24,32]"), "bytes 32 to 36 of the data belong to no tensor"},
    };
#undef OFFSETS
    ASSERT_CASES_REFUSED(longer_cases, 36);
    ASSERT_CASES_REFUSED(cases, 32);
}

/* 257 classes of one feature: 1028 bytes of weights and as many of bias. */
static void test_too_many_classes(void **state)
{
    (void)state;
    static const unsigned char zeros[2056];
    const char *path = write_model("{" TENSOR("fc1.weight", "F32", "[257,1]",
                                              "[0,1028]") "," TENSOR("fc1.bias", "F32", "[257]", "[1028,2056]") "}",
                                   zeros, sizeof zeros);
    assert_refused(path, GRADUS_ERROR_DATA, "output layer: 257 classes, expected 2 to 256");
}

static void test_values_not_finite(void **state)
{
    (void)state;
    static const struct {
        size_t index;
        float value;
        const char *message;
    } cases[] = {
        {0, NAN, "tensor fc1.weight: value 0 is "},
        {5, INFINITY, "tensor fc1.weight: value 5 is inf, expected a finite number"},
        {7, -INFINITY, "tensor fc1.bias: value 1 is -inf, expected a finite number"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        float broken[8];
        memcpy(broken, values, sizeof broken);
        broken[cases[i].index] = cases[i].value;
        const char *path = write_model("{" WEIGHT "," BIAS "}", broken, sizeof broken);
        assert_refused(path, GRADUS_ERROR_DATA, cases[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_load),
        scratch_test(test_load_other_order),
        scratch_test(test_missing_file),
        scratch_test(test_header_length),
        scratch_test(test_header_text),
        scratch_test(test_every_truncation),
        scratch_test(test_metadata),
        scratch_test(test_tensor_names),
        scratch_test(test_tensor_entry),
        scratch_test(test_tensor_shape),
        scratch_test(test_layers_that_do_not_chain),
        scratch_test(test_tensor_offsets),
        scratch_test(test_too_many_classes),
        scratch_test(test_values_not_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
