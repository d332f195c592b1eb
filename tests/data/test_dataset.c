/* SPDX-License-Identifier: Apache-2.0 */
/* Data sets in memory: created, truncated, split. Sample i of most sets here has the pixels i, i + 1. */
#include "assert_close.h"
#include "data/dataset.h"

#include <stdlib.h>

enum { B = 200 };

static gradus_dataset *make_numbered(void)
{
    uint8_t pixels[2 * B], labels[B]; /* (2 x B), (B) */
    gradus_dataset *dataset = NULL;
    for (size_t i = 0; i < B; i++) {
        pixels[2 * i] = (uint8_t)i;
        pixels[2 * i + 1] = (uint8_t)(i + 1);
        labels[i] = (uint8_t)(i % 7);
    }
    assert_ok(gradus_dataset_create(pixels, labels, B, 2, 1, &dataset));
    return dataset;
}

/* Marks which samples of make_numbered() are in the set; fails unless they are complete and in order. */
static void mark_samples(const gradus_dataset *dataset, unsigned marks[B])
{
    const uint8_t *pixels = gradus_dataset_pixels(dataset), *labels = gradus_dataset_labels(dataset);
    int previous = -1;
    for (size_t i = 0; i < gradus_dataset_get_info(dataset).samples; i++) {
        const uint8_t number = pixels[2 * i];
        assert_true(number > previous);
        assert_int_equal(pixels[2 * i + 1], number + 1);
        assert_int_equal(labels[i], number % 7);
        marks[number]++;
        previous = number;
    }
}

/* Half of the features are 51, half 204: 0.2 and 0.8 of the maximum. */
static void test_moments(void **state)
{
    (void)state;
    static const uint8_t pixels[] = {51, 204, 204, 51, 51, 204}, equal[] = {7, 7};
    gradus_dataset *dataset = NULL;
    float mean = 0, deviation = 0;
    assert_ok(gradus_dataset_create(pixels, NULL, 3, 2, 1, &dataset));
    assert_ok(gradus_dataset_moments(dataset, &mean, &deviation));
    assert_close((double)mean, 0.5, 0, 1e-6);
    assert_close((double)deviation, 0.3, 0, 1e-6);
    gradus_dataset_destroy(dataset);
    assert_ok(gradus_dataset_create_floats((const float[]){-1, 3, 3, -1}, NULL, 2, 2, 1, &dataset));
    assert_ok(gradus_dataset_moments(dataset, &mean, &deviation));
    assert_close((double)mean, 1, 0, 1e-6);
    assert_close((double)deviation, 2, 0, 1e-6);
    gradus_dataset_destroy(dataset);
    assert_ok(gradus_dataset_create(equal, NULL, 1, 2, 1, &dataset));
    assert_fails(gradus_dataset_moments(dataset, &mean, &deviation), GRADUS_ERROR_DATA,
                 "all features of the data set are 0.027451, expected some that differ");
    gradus_dataset_destroy(dataset);
}

static void test_create_copies_and_describes(void **state)
{
    (void)state;
    uint8_t pixels[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, labels[2] = {0, 255}; /* (6 x 2), (2) */
    gradus_dataset *dataset = NULL, *unlabelled = NULL;
    assert_ok(gradus_dataset_create(pixels, labels, 2, 3, 2, &dataset));
    pixels[0] = 99;
    assert_int_equal(gradus_dataset_pixels(dataset)[0], 1);
    assert_int_equal(gradus_dataset_labels(dataset)[1], 255);
    gradus_dataset_info info = gradus_dataset_get_info(dataset);
    assert_int_equal(info.samples, 2);
    assert_int_equal(info.features, 6);
    assert_int_equal(info.width, 3);
    assert_int_equal(info.height, 2);
    assert_int_equal(info.classes, 256);
    assert_true(info.labelled);

    assert_ok(gradus_dataset_create(pixels, NULL, 2, 3, 2, &unlabelled));
    info = gradus_dataset_get_info(unlabelled);
    assert_int_equal(info.classes, 0);
    assert_false(info.labelled);
    assert_null(gradus_dataset_labels(unlabelled));
    gradus_dataset_destroy(dataset);
    gradus_dataset_destroy(unlabelled);
    gradus_dataset_destroy(NULL);
}

static void test_create_refuses(void **state)
{
    (void)state;
    const uint8_t pixel = 0;
    gradus_dataset *dataset = NULL;
    assert_fails(gradus_dataset_create(&pixel, NULL, 0, 1, 1, &dataset), GRADUS_ERROR_ARGUMENT,
                 "found 0 samples of 1 x 1");
    assert_fails(gradus_dataset_create(&pixel, NULL, 1, 0, 1, &dataset), GRADUS_ERROR_ARGUMENT, "1 samples of 0 x 1");
    assert_fails(gradus_dataset_create(&pixel, NULL, 1, 1, 0, &dataset), GRADUS_ERROR_ARGUMENT, "1 samples of 1 x 0");
    assert_fails(gradus_dataset_create(&pixel, NULL, 1, SIZE_MAX, 2, &dataset), GRADUS_ERROR_ARGUMENT,
                 "width x height");
    assert_fails(gradus_dataset_create(&pixel, NULL, 2, SIZE_MAX, 1, &dataset), GRADUS_ERROR_ARGUMENT,
                 "features x samples");
    assert_fails(gradus_dataset_create(NULL, NULL, 1, 1, 1, &dataset), GRADUS_ERROR_ARGUMENT, "found no pixels");
    assert_null(dataset);
}

static void test_adopt_takes_over(void **state)
{
    (void)state;
    gradus_dataset *dataset = NULL;
    uint8_t *pixels = calloc(4, 1), *labels = calloc(4, 1);
    assert_ok(gr_dataset_adopt(pixels, labels, 4, 1, 1, &dataset));
    assert_ptr_equal(gradus_dataset_pixels(dataset), pixels);
    assert_ptr_equal(gradus_dataset_labels(dataset), labels);
    gradus_dataset_destroy(dataset);
    /* Even if it fails; a leak checker would report it otherwise. */
    assert_fails(gr_dataset_adopt(calloc(4, 1), calloc(4, 1), 0, 1, 1, &dataset), GRADUS_ERROR_ARGUMENT, "0 samples");
}

static void test_truncate_keeps_the_first(void **state)
{
    (void)state;
    gradus_dataset *dataset = make_numbered();
    unsigned marks[B] = {0};
    assert_fails(gradus_dataset_truncate(dataset, 0), GRADUS_ERROR_ARGUMENT, "0 samples requested, expected 1..200");
    assert_fails(gradus_dataset_truncate(dataset, B + 1), GRADUS_ERROR_ARGUMENT,
                 "201 samples requested, expected 1..200");
    assert_ok(gradus_dataset_truncate(dataset, B));
    assert_int_equal(gradus_dataset_get_info(dataset).samples, B);
    assert_ok(gradus_dataset_truncate(dataset, 3));
    assert_int_equal(gradus_dataset_get_info(dataset).samples, 3);
    mark_samples(dataset, marks);
    assert_int_equal(marks[0] + marks[1] + marks[2], 3);
    assert_int_equal(gradus_dataset_get_info(dataset).classes, 7); /* those of the whole set */
    gradus_dataset_destroy(dataset);
}

static void test_holdout_splits_in_order(void **state)
{
    (void)state;
    const size_t sizes[] = {1, 50, B - 1};
    for (size_t k = 0; k < 3; k++) {
        gradus_dataset *rest = make_numbered(), *part = NULL;
        unsigned marks[B] = {0};
        assert_ok(gradus_dataset_holdout(rest, sizes[k], 1, &part));
        assert_int_equal(gradus_dataset_get_info(part).samples, sizes[k]);
        assert_int_equal(gradus_dataset_get_info(rest).samples, B - sizes[k]);
        assert_int_equal(gradus_dataset_get_info(part).features, 2);
        assert_int_equal(gradus_dataset_get_info(part).classes, 7);
        mark_samples(part, marks);
        mark_samples(rest, marks);
        for (size_t i = 0; i < B; i++)
            assert_int_equal(marks[i], 1);
        gradus_dataset_destroy(part);
        gradus_dataset_destroy(rest);
    }
}

/* The marks of 50 samples held out under a seed. */
static void draw(uint64_t seed, unsigned marks[B])
{
    gradus_dataset *rest = make_numbered(), *part = NULL;
    assert_ok(gradus_dataset_holdout(rest, 50, seed, &part));
    memset(marks, 0, B * sizeof *marks);
    mark_samples(part, marks);
    gradus_dataset_destroy(part);
    gradus_dataset_destroy(rest);
}

static void test_holdout_follows_the_seed(void **state)
{
    (void)state;
    unsigned first[B], again[B], other[B], high[B];
    draw(1, first);
    draw(1, again);
    draw(2, other);
    draw(1 + (UINT64_C(1) << 32), high);
    assert_memory_equal(first, again, sizeof first);
    assert_memory_not_equal(first, other, sizeof first);
    assert_memory_not_equal(first, high, sizeof first);
}

static void test_holdout_draws_evenly(void **state)
{
    (void)state;
    enum { SEEDS = 4000 };
    double counts[B] = {0};
    unsigned marks[B];
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        draw(seed, marks);
        for (size_t i = 0; i < B; i++)
            counts[i] += marks[i];
    }
    /* One seed in four draws each sample: the count is within five standard deviations of the binomial distribution. */
    for (size_t i = 0; i < B; i++)
        assert_close(counts[i], SEEDS / 4.0, 5 * sqrt(SEEDS * 0.25 * 0.75), 0);
}

static void test_holdout_refuses(void **state)
{
    (void)state;
    gradus_dataset *dataset = make_numbered(), *part = NULL;
    assert_fails(gradus_dataset_holdout(dataset, 0, 1, &part), GRADUS_ERROR_ARGUMENT,
                 "0 samples to hold out, expected 1..199");
    assert_fails(gradus_dataset_holdout(dataset, B, 1, &part), GRADUS_ERROR_ARGUMENT,
                 "200 samples to hold out, expected 1..199");
    assert_null(part);
    assert_int_equal(gradus_dataset_get_info(dataset).samples, B);
    gradus_dataset_destroy(dataset);
}

static void test_holdout_without_labels(void **state)
{
    (void)state;
    const uint8_t pixels[4] = {0, 1, 2, 3}; /* (1 x 4) */
    gradus_dataset *rest = NULL, *part = NULL;
    assert_ok(gradus_dataset_create(pixels, NULL, 4, 1, 1, &rest));
    assert_ok(gradus_dataset_holdout(rest, 2, 3, &part));
    assert_null(gradus_dataset_labels(part));
    const uint8_t *a = gradus_dataset_pixels(rest), *b = gradus_dataset_pixels(part);
    assert_int_equal(1 << a[0] | 1 << a[1] | 1 << b[0] | 1 << b[1], 15);
    gradus_dataset_destroy(part);
    gradus_dataset_destroy(rest);
}

/* ---- Floats ---- */

/* Sample i of 5 has the features i / 2, -i and the label i. */
static gradus_dataset *make_floats(void)
{
    float features[2 * 5]; /* (2 x 5) */
    const uint8_t labels[5] = {0, 1, 2, 3, 4};
    gradus_dataset *dataset = NULL;
    for (size_t i = 0; i < 5; i++) {
        features[2 * i] = 0.5f * (float)i;
        features[2 * i + 1] = -(float)i;
    }
    assert_ok(gradus_dataset_create_floats(features, labels, 5, 2, 1, &dataset));
    return dataset;
}

/* Fails unless the samples are complete; marks them. */
static void mark_floats(const gradus_dataset *dataset, unsigned *marks)
{
    const float *features = gradus_dataset_floats(dataset);
    assert_true(gradus_dataset_get_info(dataset).floats);
    assert_null(gradus_dataset_pixels(dataset));
    for (size_t i = 0; i < gradus_dataset_get_info(dataset).samples; i++) {
        const uint8_t number = gradus_dataset_labels(dataset)[i];
        assert_true(features[2 * i] == 0.5f * (float)number && features[2 * i + 1] == -(float)number);
        *marks |= 1u << number;
    }
}

static void test_floats(void **state)
{
    (void)state;
    gradus_dataset *dataset = make_floats(), *part = NULL;
    unsigned marks = 0, of_part = 0;
    mark_floats(dataset, &marks);
    assert_int_equal(marks, 31);
    assert_ok(gradus_dataset_holdout(dataset, 2, 7, &part));
    marks = 0;
    mark_floats(dataset, &marks);
    mark_floats(part, &of_part);
    assert_int_equal(gradus_dataset_get_info(part).samples, 2);
    assert_int_equal(marks | of_part, 31);
    assert_int_equal(marks & of_part, 0);
    gradus_dataset_destroy(part);
    assert_ok(gradus_dataset_truncate(dataset, 1));
    marks = 0;
    mark_floats(dataset, &marks);
    assert_int_equal(gradus_dataset_get_info(dataset).samples, 1);
    gradus_dataset_destroy(dataset);

    dataset = make_numbered();
    assert_null(gradus_dataset_floats(dataset));
    assert_false(gradus_dataset_get_info(dataset).floats);
    gradus_dataset_destroy(dataset);
}

static void test_floats_refused(void **state)
{
    (void)state;
    float features[6] = {1, 2, 3, 4, 5, NAN}; /* (3 x 2) */
    gradus_dataset *dataset = NULL;
    assert_fails(gradus_dataset_create_floats(features, NULL, 2, 3, 1, &dataset), GRADUS_ERROR_DATA,
                 "data set: sample 1, feature 2: found nan, expected a finite number");
    features[2] = -INFINITY;
    assert_fails(gradus_dataset_create_floats(features, NULL, 2, 3, 1, &dataset), GRADUS_ERROR_DATA,
                 "data set: sample 0, feature 2: found -inf, expected a finite number");
    assert_fails(gradus_dataset_create_floats(NULL, NULL, 2, 3, 1, &dataset), GRADUS_ERROR_ARGUMENT,
                 "found no features");
    assert_fails(gradus_dataset_create_floats(features, NULL, 0, 3, 1, &dataset), GRADUS_ERROR_ARGUMENT,
                 "0 samples of 3 x 1");
    assert_null(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_create_copies_and_describes),
        cmocka_unit_test(test_create_refuses),
        cmocka_unit_test(test_adopt_takes_over),
        cmocka_unit_test(test_truncate_keeps_the_first),
        cmocka_unit_test(test_holdout_splits_in_order),
        cmocka_unit_test(test_holdout_follows_the_seed),
        cmocka_unit_test(test_holdout_draws_evenly),
        cmocka_unit_test(test_holdout_refuses),
        cmocka_unit_test(test_holdout_without_labels),
        cmocka_unit_test(test_floats),
        cmocka_unit_test(test_floats_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
