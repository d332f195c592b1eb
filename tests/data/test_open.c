/* SPDX-License-Identifier: Apache-2.0 */
/* Opens folders and files as users do: required parts, optional parts, and parts that must agree. */
#include "scratch.h"
#include <gradus/gradus.h>

/* An IDX pair of `samples` images, 1 x height, with the names that begin with `part`; raw or gzipped. */
static void write_pair(const char *part, uint8_t samples, uint8_t height, bool gzipped)
{
    uint8_t images[16 + 64] = {0, 0, 8, 3, 0, 0, 0, samples, 0, 0, 0, height, 0, 0, 0, 1};
    uint8_t labels[8 + 8] = {0, 0, 8, 1, 0, 0, 0, samples};
    char name[64];
    assert_true(samples <= 8 && samples * height <= 64);
    snprintf(name, sizeof name, "%s-images-idx3-ubyte%s", part, gzipped ? ".gz" : "");
    (gzipped ? scratch_gzip : scratch_write)(name, images, 16 + (size_t)samples * height);
    snprintf(name, sizeof name, "%s-labels-idx1-ubyte%s", part, gzipped ? ".gz" : "");
    (gzipped ? scratch_gzip : scratch_write)(name, labels, 8 + (size_t)samples);
}

static gradus_status open_features(const char *name, size_t features)
{
    gradus_dataset *train = NULL, *test = NULL;
    const gradus_data_options options = {.features = features};
    gradus_status status = gradus_dataset_open(name, &options, &train, &test);
    assert_true(status == GRADUS_OK || (train == NULL && test == NULL));
    gradus_dataset_destroy(train);
    gradus_dataset_destroy(test);
    return status;
}

static void test_open_folder(void **state)
{
    (void)state;
    gradus_dataset *train = NULL, *test = NULL, *only = NULL;
    write_pair("train", 3, 4, false);
    write_pair("t10k", 2, 4, true);
    assert_ok(gradus_dataset_open(scratch_folder, NULL, &train, &test));
    assert_int_equal(gradus_dataset_get_info(train).samples, 3);
    assert_int_equal(gradus_dataset_get_info(test).samples, 2);
    assert_int_equal(gradus_dataset_get_info(test).features, 4);
    assert_ok(gradus_dataset_open(scratch_folder, NULL, NULL, &only));
    assert_int_equal(gradus_dataset_get_info(only).samples, 2);
    gradus_dataset_destroy(only);
    assert_ok(gradus_dataset_open(scratch_folder, NULL, &only, NULL));
    assert_int_equal(gradus_dataset_get_info(only).samples, 3);
    gradus_dataset_destroy(only);
    gradus_dataset_destroy(train);
    gradus_dataset_destroy(test);
}

static void test_open_folder_without_test_part(void **state)
{
    (void)state;
    gradus_dataset *train = NULL, *test = (gradus_dataset *)&train;
    write_pair("train", 3, 4, true);
    assert_ok(gradus_dataset_open(scratch_folder, NULL, &train, &test));
    assert_null(test);
    gradus_dataset_destroy(train);
}

static void test_open_incomplete_folder(void **state)
{
    (void)state;
    assert_fails(open_features(scratch_folder, 0), GRADUS_ERROR_NO_INPUT,
                 "found no train-images-idx3-ubyte[.gz] in this folder, expected one");
    write_pair("train", 3, 4, false);
    write_pair("t10k", 3, 4, false);
    assert_ok(open_features(scratch_folder, 0));
    unlink(scratch_path("t10k-labels-idx1-ubyte"));
    assert_fails(open_features(scratch_folder, 0), GRADUS_ERROR_NO_INPUT, "found no t10k-labels-idx1-ubyte[.gz]");
    write_pair("t10k", 3, 4, false);
    unlink(scratch_path("t10k-images-idx3-ubyte"));
    assert_fails(open_features(scratch_folder, 0), GRADUS_ERROR_NO_INPUT, "found no t10k-images-idx3-ubyte[.gz]");
    unlink(scratch_path("train-labels-idx1-ubyte"));
    assert_fails(open_features(scratch_folder, 0), GRADUS_ERROR_NO_INPUT, "found no train-labels-idx1-ubyte[.gz]");
}

static void test_open_checks_features(void **state)
{
    (void)state;
    write_pair("train", 3, 4, false);
    write_pair("t10k", 2, 5, false);
    assert_fails(open_features(scratch_folder, 0), GRADUS_ERROR_DATA,
                 "found 5 features in the test part, expected 4 as in the training part");
    assert_fails(open_features(scratch_folder, 4), GRADUS_ERROR_DATA,
                 "t10k-images-idx3-ubyte: byte 8: found 1 x 5 = 5 features, expected 4");
    assert_fails(open_features(scratch_folder, 784), GRADUS_ERROR_DATA,
                 "train-images-idx3-ubyte: byte 8: found 1 x 4 = 4 features, expected 784");
    write_pair("t10k", 2, 4, false);
    assert_ok(open_features(scratch_folder, 4));
}

static void test_open_csv(void **state)
{
    (void)state;
    const char *path = scratch_text("f.csv", "label,a\n1,2\n");
    gradus_dataset *train = NULL, *test = (gradus_dataset *)&train;
    assert_ok(gradus_dataset_open(path, NULL, &train, &test));
    assert_int_equal(gradus_dataset_get_info(train).samples, 1);
    assert_null(test);
    gradus_dataset_destroy(train);
    assert_fails(open_features(path, 3), GRADUS_ERROR_DATA, "f.csv:2: found 1 features after the label, expected 3");
}

static void test_open_nothing(void **state)
{
    (void)state;
    assert_fails(open_features(scratch_path("none"), 0), GRADUS_ERROR_NO_INPUT,
                 "none: cannot be opened: No such file or directory");
    assert_fails(open_features("", 0), GRADUS_ERROR_ARGUMENT, "found no name");
    assert_fails(open_features(NULL, 0), GRADUS_ERROR_ARGUMENT, "found no name");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_open_folder),
        scratch_test(test_open_folder_without_test_part),
        scratch_test(test_open_incomplete_folder),
        scratch_test(test_open_checks_features),
        scratch_test(test_open_csv),
        scratch_test(test_open_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
