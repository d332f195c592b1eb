/* SPDX-License-Identifier: Apache-2.0 */
/* An exported GGUF file, byte for byte, and networks that the format does not support. */
#include "gradus/gradus.h"
#include "scratch.h"

/* Reads the file from beginning to end. */
typedef struct gguf_bytes {
    unsigned char bytes[1 << 15];
    size_t size, at;
} gguf_bytes;

static uint64_t next(gguf_bytes *file, size_t size)
{
    uint64_t value = 0;
    assert_true(file->at + size <= file->size);
    memcpy(&value, file->bytes + file->at, size);
    file->at += size;
    return value;
}

static void assert_text(gguf_bytes *file, const char *expected)
{
    assert_int_equal(next(file, 8), strlen(expected));
    assert_memory_equal(file->bytes + file->at, expected, strlen(expected));
    file->at += strlen(expected);
}

static void assert_tensor(gguf_bytes *file, const char *name, size_t rank, const size_t *sizes, size_t position)
{
    assert_text(file, name);
    assert_int_equal(next(file, 4), rank);
    for (size_t i = 0; i < rank; i++)
        assert_int_equal(next(file, 8), sizes[i]);
    assert_int_equal(next(file, 4), 0); /* F32 */
    assert_int_equal(next(file, 8), position);
}

static void test_layout(void **state)
{
    (void)state;
    static gguf_bytes file;
    const gradus_network network = {.layers = 2, .sizes = {784, 5, 10}};
    gradus_model *model = NULL;
    float *weights[2], *bias[2];
    char *path = scratch_path("m.gguf");
    assert_ok(gradus_model_create(&network, 7, &model));
    assert_ok(gradus_model_export_gguf(model, path));
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    file.size = fread(file.bytes, 1, sizeof file.bytes, stream);
    fclose(stream);

    assert_memory_equal(file.bytes, "GGUF", 4);
    file.at = 4;
    assert_int_equal(next(&file, 4), 3);
    assert_int_equal(next(&file, 8), 4);
    assert_int_equal(next(&file, 8), 1);
    assert_text(&file, "general.architecture");
    assert_int_equal(next(&file, 4), 8);
    assert_text(&file, "mnist-fc");
    assert_tensor(&file, "fc1.weight", 2, (const size_t[]){784, 5}, 0);
    assert_tensor(&file, "fc1.bias", 1, (const size_t[]){5}, 15680);
    assert_tensor(&file, "fc2.weight", 2, (const size_t[]){5, 10}, 15680 + 32);
    assert_tensor(&file, "fc2.bias", 1, (const size_t[]){10}, 15680 + 32 + 224);

    const unsigned char *data = file.bytes + (file.at + 31) / 32 * 32;
    for (size_t l = 0; l < 2; l++)
        assert_ok(gradus_model_layer(model, l, &weights[l], &bias[l]));
    assert_memory_equal(data, weights[0], 15680);
    assert_memory_equal(data + 15680, bias[0], 20);
    assert_memory_equal(data + 15680 + 32, weights[1], 200);
    assert_memory_equal(data + 15680 + 32 + 224, bias[1], 40);
    assert_ptr_equal(data + 15680 + 32 + 224 + 64, file.bytes + file.size);
    gradus_model_destroy(model);
}

static void test_refused(void **state)
{
    (void)state;
    static const gradus_network networks[] = {
        {.layers = 1, .sizes = {784, 10}},
        {.layers = 3, .sizes = {784, 10, 10, 10}},
        {.layers = 2, .sizes = {783, 10, 10}},
        {.layers = 2, .sizes = {784, 10, 11}},
    };
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
        gradus_model *model = NULL;
        assert_ok(gradus_model_create(&networks[i], 7, &model));
        assert_fails(gradus_model_export_gguf(model, scratch_path("m.gguf")), GRADUS_ERROR_ARGUMENT,
                     "expected 2 from 784 to 10, as ggml's mnist-eval does");
        assert_int_equal(access(scratch_path("m.gguf"), F_OK), -1);
        gradus_model_destroy(model);
    }
}

static void test_floats_refused(void **state)
{
    (void)state;
    const gradus_network network = {.layers = 2, .sizes = {784, 1, 10}, .floats = true};
    gradus_model *model = NULL;
    assert_ok(gradus_model_create(&network, 7, &model));
    assert_fails(gradus_model_export_gguf(model, scratch_path("m.gguf")), GRADUS_ERROR_ARGUMENT,
                 "m.gguf: relu on float features, expected relu on bytes / 255, as ggml's mnist-eval does");
    gradus_model_destroy(model);
}

static void test_no_folder(void **state)
{
    (void)state;
    const gradus_network network = {.layers = 2, .sizes = {784, 1, 10}};
    gradus_model *model = NULL;
    assert_ok(gradus_model_create(&network, 7, &model));
    assert_fails(gradus_model_export_gguf(model, scratch_path("none/m.gguf")), GRADUS_ERROR_OUTPUT,
                 "none/m.gguf: cannot be created");
    gradus_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_layout),
        scratch_test(test_refused),
        scratch_test(test_floats_refused),
        scratch_test(test_no_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
