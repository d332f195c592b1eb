/* SPDX-License-Identifier: Apache-2.0 */
/* The data themselves: the bundled digits are as data/digits/README.md says, and MNIST is read if it is installed. */
#include "assert_close.h"
#include <gradus/gradus.h>

#include <stdio.h>
#include <stdlib.h>

enum { SIDE = 28, F = SIDE * SIDE, B = 5000 };

/* Both parts of the digits in this source tree. */
static void open_digits(gradus_dataset *parts[2])
{
    char path[1024];
    const char *source = getenv("TEST_SOURCE_DIR");
    if (source == NULL)
        fail_msg("TEST_SOURCE_DIR is not set: run this test by ctest");
    snprintf(path, sizeof path, "%s/data/digits", source);
    assert_ok(gradus_dataset_open(path, NULL, &parts[0], &parts[1]));
}

static void close_digits(gradus_dataset *parts[2])
{
    gradus_dataset_destroy(parts[0]);
    gradus_dataset_destroy(parts[1]);
}

static void test_digits_are_complete(void **state)
{
    (void)state;
    gradus_dataset *parts[2] = {NULL, NULL};
    const size_t each[2] = {450, 50};
    open_digits(parts);
    for (size_t p = 0; p < 2; p++) {
        gradus_dataset_info info = gradus_dataset_get_info(parts[p]);
        assert_int_equal(info.samples, 10 * each[p]);
        assert_int_equal(info.width, SIDE);
        assert_int_equal(info.height, SIDE);
        assert_int_equal(info.classes, 10);
        size_t counts[10] = {0};
        for (size_t i = 0; i < info.samples; i++)
            counts[gradus_dataset_labels(parts[p])[i]]++;
        for (size_t digit = 0; digit < 10; digit++)
            assert_int_equal(counts[digit], each[p]);
    }
    close_digits(parts);
}

static int compare_images(const void *a, const void *b)
{
    return memcmp(*(const uint8_t *const *)a, *(const uint8_t *const *)b, F);
}

/* No image occurs twice, so none is in both parts. */
static void test_digits_are_distinct(void **state)
{
    (void)state;
    static const uint8_t *images[B];
    gradus_dataset *parts[2] = {NULL, NULL};
    size_t count = 0;
    open_digits(parts);
    for (size_t p = 0; p < 2; p++) {
        for (size_t i = 0; i < gradus_dataset_get_info(parts[p]).samples; i++)
            images[count++] = gradus_dataset_pixels(parts[p]) + i * F;
    }
    assert_int_equal(count, B);
    qsort(images, B, sizeof *images, compare_images);
    for (size_t i = 1; i < B; i++)
        assert_int_not_equal(compare_images(&images[i - 1], &images[i]), 0);
    close_digits(parts);
}

/* White on black, and the centre of mass no further than half a pixel from the centre in either direction. */
static void check_image(const uint8_t image[F])
{
    double mass = 0, x = 0, y = 0, border = 0;
    for (size_t i = 0; i < F; i++) {
        const size_t row = i / SIDE, column = i % SIDE;
        mass += image[i];
        x += image[i] * (double)column;
        y += image[i] * (double)row;
        if (row == 0 || column == 0 || row == SIDE - 1 || column == SIDE - 1)
            border += image[i];
    }
    assert_true(mass > 255 * 10 && mass < 255 * F / 2);
    assert_true(border < mass / 100);
    assert_close(x / mass, (SIDE - 1) / 2.0, 0.5 + 1e-9, 0);
    assert_close(y / mass, (SIDE - 1) / 2.0, 0.5 + 1e-9, 0);
}

static void test_digits_are_centred(void **state)
{
    (void)state;
    gradus_dataset *parts[2] = {NULL, NULL};
    open_digits(parts);
    for (size_t p = 0; p < 2; p++) {
        for (size_t i = 0; i < gradus_dataset_get_info(parts[p]).samples; i++)
            check_image(gradus_dataset_pixels(parts[p]) + i * F);
    }
    close_digits(parts);
}

/* Neither part is sorted by digit: about one in ten neighbours has the same label. */
static void test_digits_are_shuffled(void **state)
{
    (void)state;
    gradus_dataset *parts[2] = {NULL, NULL};
    open_digits(parts);
    for (size_t p = 0; p < 2; p++) {
        const uint8_t *labels = gradus_dataset_labels(parts[p]);
        const size_t samples = gradus_dataset_get_info(parts[p]).samples;
        size_t same = 0;
        for (size_t i = 1; i < samples; i++)
            same += labels[i] == labels[i - 1];
        assert_close((double)same, samples / 10.0, 5 * sqrt(samples * 0.09), 0);
    }
    close_digits(parts);
}

/* Fails unless each digit is among these 100 labels about ten times. */
static void check_mixture(const uint8_t labels[100])
{
    size_t counts[10] = {0};
    for (size_t i = 0; i < 100; i++)
        counts[labels[i]]++;
    for (size_t digit = 0; digit < 10; digit++)
        assert_in_range(counts[digit], 2, 25);
}

/* Both ends of each part have every digit, so the first samples of a part are representative of it. */
static void test_digits_are_mixed_at_the_ends(void **state)
{
    (void)state;
    gradus_dataset *parts[2] = {NULL, NULL};
    open_digits(parts);
    for (size_t p = 0; p < 2; p++) {
        const uint8_t *labels = gradus_dataset_labels(parts[p]);
        check_mixture(labels);
        check_mixture(labels + gradus_dataset_get_info(parts[p]).samples - 100);
    }
    close_digits(parts);
}

/* Known facts about the complete MNIST: counts of the digits, and mean and standard deviation of byte / 255. */
static void test_mnist(void **state)
{
    (void)state;
    static const size_t expected[10] = {5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949};
    gradus_dataset *train = NULL, *test = NULL;
    gradus_status status = gradus_dataset_open("mnist", NULL, &train, &test);
    if (status == GRADUS_ERROR_NO_INPUT) {
        print_message("test_mnist skipped: %s\n", gradus_last_error());
        skip();
    }
    assert_ok(status);
    gradus_dataset_info info = gradus_dataset_get_info(train);
    assert_int_equal(info.samples, 60000);
    assert_int_equal(info.width, SIDE);
    assert_int_equal(info.height, SIDE);
    assert_int_equal(info.classes, 10);
    assert_int_equal(gradus_dataset_get_info(test).samples, 10000);

    size_t counts[10] = {0};
    for (size_t i = 0; i < info.samples; i++)
        counts[gradus_dataset_labels(train)[i]]++;
    for (size_t digit = 0; digit < 10; digit++)
        assert_int_equal(counts[digit], expected[digit]);
    const double n = (double)(info.samples * F);
    uint64_t sum = 0, squares = 0;
    for (size_t i = 0; i < info.samples * F; i++) {
        const uint64_t byte = gradus_dataset_pixels(train)[i];
        sum += byte;
        squares += byte * byte;
    }
    const double mean = (double)sum / n;
    assert_close(mean / 255, 0.1307, 5e-5, 0);
    assert_close(sqrt((double)squares / n - mean * mean) / 255, 0.3081, 5e-5, 0);
    gradus_dataset_destroy(train);
    gradus_dataset_destroy(test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digits_are_complete),          cmocka_unit_test(test_digits_are_distinct),
        cmocka_unit_test(test_digits_are_centred),           cmocka_unit_test(test_digits_are_shuffled),
        cmocka_unit_test(test_digits_are_mixed_at_the_ends), cmocka_unit_test(test_mnist),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
