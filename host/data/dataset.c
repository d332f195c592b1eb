/* SPDX-License-Identifier: Apache-2.0 */
/* Data sets in memory: created from arrays, truncated, split in two. */
#include "data/dataset.h"
#include "core/memory.h"
#include "core/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Creation and destruction ---- */

static size_t count_classes(const uint8_t *labels, size_t samples)
{
    uint8_t largest = 0;
    for (size_t i = 0; i < samples; i++)
        largest = labels[i] > largest ? labels[i] : largest;
    return (size_t)largest + 1;
}

/* *count = width * height * samples features, none of which may be 0. */
static gradus_status check_sizes(size_t samples, size_t width, size_t height, size_t *count)
{
    gradus_status status = GRADUS_OK;
    size_t features = 0;
    if (samples == 0 || width == 0 || height == 0)
        FAIL(GRADUS_ERROR_ARGUMENT, "data set: found %zu samples of %zu x %zu, expected none of them to be 0", samples,
             width, height);
    TRY(gr_multiply(width, height, "data set: width x height", &features));
    TRY(gr_multiply(features, samples, "data set: features x samples", count));
cleanup:
    return status;
}

gradus_status gr_check_finite(const char *name, const float *floats, size_t samples, size_t features)
{
    for (size_t i = 0; i < samples * features; i++)
        if (!isfinite(floats[i]))
            return gr_fail(GRADUS_ERROR_DATA, "%s: sample %zu, feature %zu: found %g, expected a finite number", name,
                           i / features, i % features, (double)floats[i]);
    return GRADUS_OK;
}

/* One of pixels and floats is NULL. */
static gradus_status adopt(uint8_t *pixels, float *floats, uint8_t *labels, size_t samples, size_t width,
                           size_t height, gradus_dataset **out)
{
    gradus_status status = GRADUS_OK;
    gradus_dataset *dataset = NULL;
    size_t count = 0;

    TRY(check_sizes(samples, width, height, &count));
    TRY(gr_allocate(1, &dataset));
    dataset->pixels = pixels;
    dataset->floats = floats;
    dataset->labels = labels;
    dataset->info = (gradus_dataset_info){
        .samples = samples,
        .features = width * height,
        .width = width,
        .height = height,
        .classes = labels == NULL ? 0 : count_classes(labels, samples),
        .labelled = labels != NULL,
        .floats = floats != NULL,
    };
    *out = dataset;
    return GRADUS_OK;
cleanup:
    free(pixels);
    free(floats);
    free(labels);
    return status;
}

gradus_status gr_dataset_adopt(uint8_t *pixels, uint8_t *labels, size_t samples, size_t width, size_t height,
                               gradus_dataset **out)
{
    return adopt(pixels, NULL, labels, samples, width, height, out);
}

gradus_status gr_dataset_adopt_floats(float *floats, uint8_t *labels, size_t samples, size_t width, size_t height,
                                      gradus_dataset **out)
{
    return adopt(NULL, floats, labels, samples, width, height, out);
}

/* A copy of `count` elements of `size` bytes; NULL for NULL. */
static gradus_status copy_array(const void *from, size_t count, size_t size, void **out)
{
    gradus_status status = GRADUS_OK;
    if (from == NULL)
        return GRADUS_OK;
    TRY(gr_allocate_bytes(count, size, out));
    memcpy(*out, from, count * size);
cleanup:
    return status;
}

gradus_status gradus_dataset_create(const uint8_t *pixels, const uint8_t *labels, size_t samples, size_t width,
                                    size_t height, gradus_dataset **out)
{
    gradus_status status = GRADUS_OK;
    void *own_pixels = NULL, *own_labels = NULL; /* (F x B), (B) */
    size_t count = 0;

    if (pixels == NULL)
        FAIL(GRADUS_ERROR_ARGUMENT, "data set: found no pixels");
    TRY(check_sizes(samples, width, height, &count));
    TRY(copy_array(pixels, count, 1, &own_pixels));
    TRY(copy_array(labels, samples, 1, &own_labels));
    return gr_dataset_adopt(own_pixels, own_labels, samples, width, height, out);
cleanup:
    free(own_pixels);
    free(own_labels);
    return status;
}

gradus_status gradus_dataset_create_floats(const float *features, const uint8_t *labels, size_t samples, size_t width,
                                           size_t height, gradus_dataset **out)
{
    gradus_status status = GRADUS_OK;
    void *own_features = NULL, *own_labels = NULL; /* (F x B), (B) */
    size_t count = 0;

    if (features == NULL)
        FAIL(GRADUS_ERROR_ARGUMENT, "data set: found no features");
    TRY(check_sizes(samples, width, height, &count));
    TRY(gr_check_finite("data set", features, samples, width * height));
    TRY(copy_array(features, count, sizeof *features, &own_features));
    TRY(copy_array(labels, samples, 1, &own_labels));
    return gr_dataset_adopt_floats(own_features, own_labels, samples, width, height, out);
cleanup:
    free(own_features);
    free(own_labels);
    return status;
}

void gradus_dataset_destroy(gradus_dataset *dataset)
{
    if (dataset == NULL)
        return;
    free(dataset->pixels);
    free(dataset->floats);
    free(dataset->labels);
    free(dataset);
}

/* ---- Properties ---- */

gradus_dataset_info gradus_dataset_get_info(const gradus_dataset *dataset)
{
    return dataset->info;
}

/* Mean, and sum of the squared differences from it. */
typedef struct moments {
    double mean, squares;
} moments;

static moments moments_of_bytes(const uint8_t *pixels, size_t count)
{
    uint64_t occurrences[256] = {0};
    moments m = {0, 0};
    for (size_t i = 0; i < count; i++)
        occurrences[pixels[i]]++;
    for (size_t v = 0; v < 256; v++)
        m.mean += (double)v / 255 * (double)occurrences[v] / (double)count;
    for (size_t v = 0; v < 256; v++)
        m.squares += pow((double)v / 255 - m.mean, 2) * (double)occurrences[v];
    return m;
}

static moments moments_of_floats(const float *floats, size_t count)
{
    moments m = {0, 0};
    for (size_t i = 0; i < count; i++)
        m.mean += (double)floats[i];
    m.mean /= (double)count;
    for (size_t i = 0; i < count; i++)
        m.squares += pow((double)floats[i] - m.mean, 2);
    return m;
}

gradus_status gradus_dataset_moments(const gradus_dataset *dataset, float *mean, float *deviation)
{
    const size_t count = dataset->info.samples * dataset->info.features;
    const moments m =
        dataset->info.floats ? moments_of_floats(dataset->floats, count) : moments_of_bytes(dataset->pixels, count);
    if (m.squares == 0)
        return gr_fail(GRADUS_ERROR_DATA, "all features of the data set are %g, expected some that differ", m.mean);
    *mean = (float)m.mean;
    *deviation = (float)sqrt(m.squares / (double)count);
    return GRADUS_OK;
}

const uint8_t *gradus_dataset_pixels(const gradus_dataset *dataset)
{
    return dataset->pixels;
}

const float *gradus_dataset_floats(const gradus_dataset *dataset)
{
    return dataset->floats;
}

const uint8_t *gradus_dataset_labels(const gradus_dataset *dataset)
{
    return dataset->labels;
}

/* ---- Truncation and holdout ---- */

/* An array reduced to `size` bytes. A failure of realloc to shrink it is harmless. */
static void *shorten(void *array, size_t size)
{
    void *shorter = array == NULL ? NULL : realloc(array, size);
    return shorter != NULL ? shorter : array;
}

/* Frees the memory after the first `samples` samples. */
static void shrink(gradus_dataset *dataset, size_t samples)
{
    const size_t features = samples * dataset->info.features;
    dataset->pixels = shorten(dataset->pixels, features);
    dataset->floats = shorten(dataset->floats, features * sizeof *dataset->floats);
    dataset->labels = shorten(dataset->labels, samples);
    dataset->info.samples = samples;
}

gradus_status gradus_dataset_truncate(gradus_dataset *dataset, size_t samples)
{
    if (samples == 0 || samples > dataset->info.samples)
        return gr_fail(GRADUS_ERROR_ARGUMENT, "data set: %zu samples requested, expected 1..%zu", samples,
                       dataset->info.samples);
    shrink(dataset, samples);
    return GRADUS_OK;
}

/* A set with room for `samples` samples of the same shape and type. */
static gradus_status create_part(const gradus_dataset *whole, size_t samples, gradus_dataset **out)
{
    gradus_status status = GRADUS_OK;
    gradus_dataset *part = NULL;

    TRY(gr_allocate(1, &part));
    part->info = whole->info;
    part->info.samples = samples;
    if (whole->info.floats)
        TRY(gr_allocate(samples * whole->info.features, &part->floats));
    else
        TRY(gr_allocate(samples * whole->info.features, &part->pixels));
    if (whole->labels != NULL)
        TRY(gr_allocate(samples, &part->labels));
    *out = part;
    part = NULL;
cleanup:
    gradus_dataset_destroy(part);
    return status;
}

/* Copies a sample; source and target may be the same. */
static void copy_sample(const gradus_dataset *from, size_t source, gradus_dataset *to, size_t target)
{
    const size_t features = from->info.features;
    if (from->info.floats)
        memmove(to->floats + target * features, from->floats + source * features, features * sizeof *to->floats);
    else
        memmove(to->pixels + target * features, from->pixels + source * features, features);
    if (from->labels != NULL)
        to->labels[target] = from->labels[source];
}

/*
 * Selection sampling (Knuth, The Art of Computer Programming 2, 3.4.2, Algorithm S): a sample is selected with
 * probability missing / remaining. This makes every selection of that size equally likely, keeps the order and needs no
 * list. Samples that are not selected move up within the set, so the only memory used is the new set's.
 */
gradus_status gradus_dataset_holdout(gradus_dataset *dataset, size_t samples, uint64_t seed, gradus_dataset **holdout)
{
    gradus_status status = GRADUS_OK;
    gradus_dataset *part = NULL;
    const size_t total = dataset->info.samples;
    const random_stream stream = gr_random_stream(seed, RANDOM_HOLDOUT, 0);
    uint64_t draws = 0;
    size_t taken = 0;

    if (samples == 0 || samples >= total)
        FAIL(GRADUS_ERROR_ARGUMENT, "data set: %zu samples to hold out, expected 1..%zu", samples, total - 1);
    if (total > UINT32_MAX)
        FAIL(GRADUS_ERROR_ARGUMENT, "data set: found %zu samples, expected at most %u to draw from", total,
             UINT32_MAX);
    TRY(create_part(dataset, samples, &part));
    for (size_t i = 0; i < total; i++) {
        if (gr_random_below(&stream, (uint32_t)(total - i), &draws) < samples - taken)
            copy_sample(dataset, i, part, taken++);
        else
            copy_sample(dataset, i, dataset, i - taken);
    }
    shrink(dataset, total - samples);
    *holdout = part;
cleanup:
    return status;
}
