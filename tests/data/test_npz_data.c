/* SPDX-License-Identifier: Apache-2.0 */
/* NPZ files as data sets: each accepted type and shape, and each fault with the array's name. */
#include "data/dataset.h"
#include "npz_file.h"
#include "scratch.h"

#include <math.h>

static const uint8_t bytes[12] = {0, 1, 2, 3, 250, 251, 252, 253, 254, 255, 10, 11};
static const float floats[12] = {0, 0.5f, -1, 1e-20f, 3e30f, 255, 256, 7, 8, 9, 10, 11};
static const double doubles[12] = {0, 0.1, -1, 1e-60, 3e30, 255, 256, 7, 8, 9, 10, 11};
static const int64_t labels[4] = {3, 0, 255, 9};

#define END                                                                                                           \
    {                                                                                                                 \
        .name = NULL                                                                                                  \
    }
#define Y(array, ...)                                                                                                 \
    {                                                                                                                 \
        array, "<i8", 1, {__VA_ARGS__}, labels, false                                                                 \
    }

static gradus_status read_arrays(const npz_array *arrays, const gradus_data_options *options, gradus_dataset **train,
                                 gradus_dataset **test)
{
    char *path = scratch_path("f.npz");
    write_npz_file(path, arrays);
    return gradus_dataset_open(path, options, train, test);
}

static void assert_shape(const gradus_dataset *dataset, size_t samples, size_t width, size_t height)
{
    const gradus_dataset_info info = gradus_dataset_get_info(dataset);
    assert_int_equal(info.samples, samples);
    assert_int_equal(info.width, width);
    assert_int_equal(info.height, height);
    assert_int_equal(info.features, width * height);
}

/* ---- Accepted arrays ---- */

static void test_npz_keras(void **state)
{
    (void)state;
    const npz_array arrays[] = {{"x_train", "|u1", 3, {2, 2, 3}, bytes, false},
                                Y("y_train", 2),
                                {"x_test", "|u1", 3, {1, 2, 3}, bytes + 6, false},
                                Y("y_test", 1),
                                END};
    gradus_dataset *train = NULL, *test = NULL, *alone = NULL;
    assert_ok(read_arrays(arrays, NULL, &train, &test));
    assert_shape(train, 2, 3, 2);
    assert_shape(test, 1, 3, 2);
    assert_memory_equal(gradus_dataset_pixels(train), bytes, 12);
    assert_memory_equal(gradus_dataset_pixels(test), bytes + 6, 6);
    assert_null(gradus_dataset_floats(train));
    assert_int_equal(gradus_dataset_labels(train)[0], 3);
    assert_int_equal(gradus_dataset_labels(train)[1], 0);
    assert_ok(read_arrays(arrays, NULL, NULL, &alone));
    assert_shape(alone, 1, 3, 2);
    gradus_dataset_destroy(alone);
    assert_ok(read_arrays(arrays, NULL, &alone, NULL));
    assert_shape(alone, 2, 3, 2);
    gradus_dataset_destroy(alone);
    gradus_dataset_destroy(test);
    gradus_dataset_destroy(train);
}

static void test_npz_shapes(void **state)
{
    (void)state;
    static const struct {
        npz_array x;
        size_t samples, width, height;
    } cases[] = {
        {{"X", "|u1", 2, {2, 6}, bytes, false}, 2, 6, 1},
        {{"x", "|u1", 2, {3, 4}, bytes, false}, 3, 2, 2}, /* four features are a square */
        {{"X", "|u1", 3, {4, 1, 3}, bytes, false}, 4, 3, 1},
        {{"X", "|u1", 4, {2, 2, 3, 1}, bytes, false}, 2, 3, 2},
        {{"X_train", "|u1", 4, {2, 1, 2, 3}, bytes, false}, 2, 3, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const npz_array arrays[] = {cases[i].x, Y(i == 4 ? "Y_train" : "y", cases[i].samples), END};
        gradus_dataset *train = NULL, *test = (gradus_dataset *)&bytes;
        assert_ok(read_arrays(arrays, NULL, &train, &test));
        assert_shape(train, cases[i].samples, cases[i].width, cases[i].height);
        assert_memory_equal(gradus_dataset_pixels(train), bytes, 12);
        assert_null(test);
        gradus_dataset_destroy(train);
    }
}

static void test_npz_floats(void **state)
{
    (void)state;
    for (int is_double = 0; is_double < 2; is_double++) {
        const npz_array arrays[] = {
            {"X", is_double ? "<f8" : "<f4", 2, {2, 6}, is_double ? (const void *)doubles : floats, false},
            Y("y", 2),
            END};
        gradus_dataset *train = NULL;
        assert_ok(read_arrays(arrays, NULL, &train, NULL));
        assert_shape(train, 2, 6, 1);
        assert_true(gradus_dataset_get_info(train).floats);
        assert_null(gradus_dataset_pixels(train));
        for (size_t i = 0; i < 12; i++)
            assert_true(gradus_dataset_floats(train)[i] == (is_double ? (float)doubles[i] : floats[i]));
        gradus_dataset_destroy(train);
    }
}

/* 3, 0, 255 and 9 in every width; the maximum of signed bytes is 127. */
static void test_npz_labels(void **state)
{
    (void)state;
    static const uint8_t u1[4] = {3, 0, 255, 9};
    static const int8_t i1[4] = {3, 0, 127, 9};
    static const int16_t i2[4] = {3, 0, 255, 9};
    static const uint32_t u4[4] = {3, 0, 255, 9};
    const npz_array x = {"X", "|u1", 2, {4, 3}, bytes, false};
    const npz_array y[] = {{"y", "|u1", 1, {4}, u1, false},        {"y", "|i1", 1, {4}, i1, false},
                           {"y", "<i2", 1, {4}, i2, false},        {"y", "<u4", 1, {4}, u4, false},
                           {"y", "<i8", 2, {4, 1}, labels, false}, {"y", "<u8", 1, {4}, labels, false}};
    for (size_t i = 0; i < sizeof y / sizeof *y; i++) {
        const npz_array arrays[] = {x, y[i], END};
        gradus_dataset *train = NULL;
        assert_ok(read_arrays(arrays, NULL, &train, NULL));
        assert_memory_equal(gradus_dataset_labels(train), i == 1 ? (const uint8_t *)i1 : u1, 4);
        gradus_dataset_destroy(train);
    }
}

static void test_npz_without_labels(void **state)
{
    (void)state;
    const npz_array arrays[] = {{"X", "<f4", 2, {2, 6}, floats, false}, END};
    const gradus_data_options allow = {.allow_unlabelled = true, .features = 6};
    gradus_dataset *train = NULL;
    assert_ok(read_arrays(arrays, &allow, &train, NULL));
    assert_null(gradus_dataset_labels(train));
    gradus_dataset_destroy(train);
}

/* ---- Refused arrays ---- */

static const float not_finite[12] = {0, 1, 2, 3, 4, 5, 6, 7, -INFINITY, 9, 10, 11};
static const double too_large[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1e300};
static const int32_t negative_label[2] = {0, -1};
static const uint64_t huge_label[2] = {UINT64_MAX, 0}, large_label[2] = {255, 256};

#define X_BYTES                                                                                                       \
    {                                                                                                                 \
        "x_train", "|u1", 2, {2, 6}, bytes, false                                                                     \
    }
#define Y_TRAIN Y("y_train", 2)

static void test_npz_refused(void **state)
{
    (void)state;
    static const struct {
        npz_array arrays[5];
        const char *message;
    } cases[] = {
        {{X_BYTES}, "f.npz: holds x_train but no y_train, expected the labels there"},
        {{X_BYTES, Y("y", 2)}, "f.npz: holds x_train but no y_train, expected the labels there"},
        {{Y_TRAIN, Y("arr_0", 2)}, "f.npz: holds y_train, arr_0; expected x_train and y_train, or X and y"},
        {{X_BYTES, Y_TRAIN, Y("y_test", 2)}, "f.npz: holds y_test but no x_test, expected both or none"},
        {{X_BYTES, Y_TRAIN, {"x_test", "|u1", 2, {2, 6}, bytes, false}},
         "f.npz: holds x_test but no y_test, expected the labels there"},
        {{X_BYTES, Y_TRAIN, {"x_test", "|u1", 2, {2, 5}, bytes, false}, Y("y_test", 2)},
         "f.npz: found 5 features in the test part, expected 6 as in the training part"},
        {{X_BYTES, Y_TRAIN, {"x_test", "<f4", 2, {2, 6}, floats, false}, Y("y_test", 2)},
         "f.npz: found floats in the test part, expected bytes as in the training part"},
        {{X_BYTES, Y("y_train", 3)}, "f.npz: array y_train: shape (3,), expected (2,), one label for each sample"},
        {{X_BYTES, {"y_train", "<i8", 2, {2, 2}, labels, false}},
         "f.npz: array y_train: shape (2, 2), expected (2,), one label for each sample"},
        {{X_BYTES, {"y_train", "<i8", 0, {0}, labels, false}},
         "f.npz: array y_train: shape (), expected (2,), one label for each sample"},
        {{X_BYTES, {"y_train", "<f4", 1, {2}, floats, false}},
         "f.npz: array y_train: values of type \"<f4\", expected integers, little-endian"},
        {{X_BYTES, {"y_train", ">i8", 1, {2}, labels, false}},
         "f.npz: array y_train: values of type \">i8\", expected integers, little-endian"},
        {{X_BYTES, {"y_train", "<u8", 1, {2}, large_label, false}},
         "f.npz: array y_train: sample 1: found label 256, expected 0..255"},
        {{X_BYTES, {"y_train", "<u8", 1, {2}, huge_label, false}},
         "f.npz: array y_train: sample 0: found label 18446744073709551615, expected 0..255"},
        {{X_BYTES, {"y_train", "<i4", 1, {2}, negative_label, false}},
         "f.npz: array y_train: sample 1: found label -1, expected 0..255"},
        {{{"x_train", "|u1", 1, {2}, bytes, false}, Y_TRAIN},
         "f.npz: array x_train: shape (2,), expected samples x features, samples x height x width or "},
        {{{"x_train", "|u1", 4, {1, 2, 2, 3}, bytes, false}, Y_TRAIN},
         "f.npz: array x_train: shape (1, 2, 2, 3), expected samples x features"},
        {{{"x_train", "|u1", 2, {2, 0}, bytes, false}, Y_TRAIN},
         "f.npz: array x_train: shape (2, 0), expected samples x features"},
        {{{"x_train", "|u1", 2, {2, 6}, bytes, true}, Y_TRAIN},
         "f.npz: array x_train: values in Fortran's order, expected sample after sample (numpy.ascontiguousarray)"},
        {{{"x_train", "<i8", 2, {2, 2}, labels, false}, Y_TRAIN},
         "f.npz: array x_train: values of type \"<i8\", expected \"|u1\" (bytes), \"<f4\" or \"<f8\""},
        {{{"x_train", ">f4", 2, {2, 6}, floats, false}, Y_TRAIN},
         "f.npz: array x_train: values of type \">f4\", expected \"|u1\" (bytes), \"<f4\" or \"<f8\""},
        {{{"x_train", "<f4", 2, {2, 6}, not_finite, false}, Y_TRAIN},
         "f.npz: array x_train: sample 1, feature 2: found -inf, expected a finite number"},
        {{{"x_train", "<f8", 2, {2, 6}, too_large, false}, Y_TRAIN},
         "f.npz: array x_train: sample 1, feature 5: found inf, expected a finite number"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gradus_dataset *train = NULL, *test = NULL;
        assert_fails(read_arrays(cases[i].arrays, NULL, &train, &test), GRADUS_ERROR_DATA, cases[i].message);
        assert_true(train == NULL && test == NULL);
    }
    const gradus_data_options five = {.features = 5};
    gradus_dataset *train = NULL;
    assert_fails(read_arrays((const npz_array[]){X_BYTES, Y_TRAIN, END}, &five, &train, NULL), GRADUS_ERROR_DATA,
                 "f.npz: array x_train: found 6 x 1 = 6 features, expected 5");
}

static void test_npz_other_archives(void **state)
{
    (void)state;
    gradus_dataset *train = NULL;
    output_file file = {0};
    char *path = scratch_path("data.pt");
    assert_ok(gr_output_open(path, &file));
    zip_writer writer = {.file = &file};
    assert_ok(gr_zip_add(&writer, "archive/data.pkl", NULL, 0));
    assert_ok(gr_zip_finish(&writer));
    assert_ok(gr_output_commit(&file));
    gr_zip_writer_free(&writer);
    assert_fails(
        gradus_dataset_open(path, NULL, &train, NULL), GRADUS_ERROR_DATA,
        "data.pt: holds \"archive/data.pkl\", expected arrays NAME.npy only (save the tensors by numpy.savez())");
    assert_fails(gradus_dataset_open(scratch_text("f.npz", "PK\3\4 and no more"), NULL, &train, NULL),
                 GRADUS_ERROR_DATA, "f.npz: ZIP archive: truncated");
}

/* With any byte of a small file changed, the reader succeeds or refuses; a sanitizer checks the rest. */
static void test_npz_damaged(void **state)
{
    (void)state;
    static unsigned char content[2048];
    char *path = scratch_path("f.npz");
    write_npz_file(path, (const npz_array[]){X_BYTES, Y_TRAIN, END});
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t size = fread(content, 1, sizeof content, file);
    fclose(file);
    size_t refused = 0;
    for (size_t i = 0; i < size; i++) {
        gradus_dataset *train = NULL;
        content[i] ^= 0x21;
        refused += gradus_dataset_open(scratch_write("f.npz", content, size), NULL, &train, NULL) != GRADUS_OK;
        gradus_dataset_destroy(train);
        content[i] ^= 0x21;
    }
    assert_true(refused > size / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_npz_keras),          scratch_test(test_npz_shapes),         scratch_test(test_npz_floats),
        scratch_test(test_npz_labels),         scratch_test(test_npz_without_labels), scratch_test(test_npz_refused),
        scratch_test(test_npz_other_archives), scratch_test(test_npz_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
