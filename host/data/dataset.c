/* SPDX-License-Identifier: Apache-2.0 */
/* Data sets in memory: made from arrays, cut short, split in two. */
#include "data/dataset.h"
#include "core/memory.h"
#include "core/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Made and destroyed ---- */

static size_t count_classes(const uint8_t *labels, size_t samples)
{
    uint8_t largest = 0;
    for (size_t i = 0; i < samples; i++)
        largest = labels[i] > largest ? labels[i] : largest;
    return (size_t)largest + 1;
}

/* *size = width * height * samples bytes, none of which may be 0. */
static gradus_status check_sizes(size_t samples, size_t width, size_t height, size_t *size)
{
    gradus_status status = GRADUS_OK;
    size_t features = 0;
    if (samples == 0 || width == 0 || height == 0)
        FAIL(GRADUS_ERROR_ARGUMENT, "data set: found %zu samples of %zu x %zu, expected none of them to be 0", samples,
             width, height);
    TRY(gr_multiply(width, height, "data set: width x height", &features));
    TRY(gr_multiply(features, samples, "data set: features x samples", size));
cleanup:
    return status;
}

gradus_status gr_dataset_adopt(uint8_t *pixels, uint8_t *labels, size_t samples, size_t width, size_t height,
                               gradus_dataset **out)
{
    gradus_status status = GRADUS_OK;
    gradus_dataset *dataset = NULL;
    size_t size = 0;

    TRY(check_sizes(samples, width, height, &size));
    TRY(gr_allocate(1, &dataset));
    dataset->pixels = pixels;
    dataset->labels = labels;
    dataset->info = (gradus_dataset_info){
        .samples = samples,
        .features = width * height,
        .width = width,
        .height = height,
        .classes = labels == NULL ? 0 : count_classes(labels, samples),
        .labelled = labels != NULL,
    };
    *out = dataset;
    return GRADUS_OK;
cleanup:
    free(pixels);
    free(labels);
    return status;
}

gradus_status gradus_dataset_create(const uint8_t *pixels, const uint8_t *labels, size_t samples, size_t width,
                                    size_t height, gradus_dataset **out)
{
    gradus_status status = GRADUS_OK;
    uint8_t *own_pixels = NULL, *own_labels = NULL; /* (F x B), (B) */
    size_t size = 0;

    if (pixels == NULL)
        FAIL(GRADUS_ERROR_ARGUMENT, "data set: found no pixels");
    TRY(check_sizes(samples, width, height, &size));
    TRY(gr_allocate(size, &own_pixels));
    memcpy(own_pixels, pixels, size);
    if (labels != NULL) {
        TRY(gr_allocate(samples, &own_labels));
        memcpy(own_labels, labels, samples);
    }
    status = gr_dataset_adopt(own_pixels, own_labels, samples, width, height, out);
    own_pixels = own_labels = NULL;
cleanup:
    free(own_pixels);
    free(own_labels);
    return status;
}

void gradus_dataset_destroy(gradus_dataset *dataset)
{
    if (dataset == NULL)
        return;
    free(dataset->pixels);
    free(dataset->labels);
    free(dataset);
}

/* ---- Asked ---- */

gradus_dataset_info gradus_dataset_get_info(const gradus_dataset *dataset)
{
    return dataset->info;
}

gradus_status gradus_dataset_moments(const gradus_dataset *dataset, float *mean, float *deviation)
{
    const size_t count = dataset->info.samples * dataset->info.features;
    uint64_t occurrences[256] = {0};
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++)
        occurrences[dataset->pixels[i]]++;
    for (size_t v = 0; v < 256; v++)
        sum += (double)v / 255 * (double)occurrences[v];
    const double average = sum / (double)count;
    for (size_t v = 0; v < 256; v++)
        squares += pow((double)v / 255 - average, 2) * (double)occurrences[v];
    if (squares == 0)
        return gr_fail(GRADUS_ERROR_DATA, "all features of the data set are %g, expected some that differ", average);
    *mean = (float)average;
    *deviation = (float)sqrt(squares / (double)count);
    return GRADUS_OK;
}

const uint8_t *gradus_dataset_pixels(const gradus_dataset *dataset)
{
    return dataset->pixels;
}

const uint8_t *gradus_dataset_labels(const gradus_dataset *dataset)
{
    return dataset->labels;
}

/* ---- Cut and split ---- */

/* Gives back what lies behind the first `samples` samples. That realloc may refuse to shrink does no harm. */
static void shrink(gradus_dataset *dataset, size_t samples)
{
    uint8_t *pixels = realloc(dataset->pixels, samples * dataset->info.features);
    dataset->pixels = pixels != NULL ? pixels : dataset->pixels;
    if (dataset->labels != NULL) {
        uint8_t *labels = realloc(dataset->labels, samples);
        dataset->labels = labels != NULL ? labels : dataset->labels;
    }
    dataset->info.samples = samples;
}

gradus_status gradus_dataset_truncate(gradus_dataset *dataset, size_t samples)
{
    if (samples == 0 || samples > dataset->info.samples)
        return gr_fail(GRADUS_ERROR_ARGUMENT, "data set: %zu samples wanted, expected 1..%zu", samples,
                       dataset->info.samples);
    shrink(dataset, samples);
    return GRADUS_OK;
}

/* An empty set for `samples` samples of the same kind. */
static gradus_status create_part(const gradus_dataset *whole, size_t samples, gradus_dataset **out)
{
    gradus_status status = GRADUS_OK;
    gradus_dataset *part = NULL;

    TRY(gr_allocate(1, &part));
    part->info = whole->info;
    part->info.samples = samples;
    TRY(gr_allocate(samples * whole->info.features, &part->pixels));
    if (whole->labels != NULL)
        TRY(gr_allocate(samples, &part->labels));
    *out = part;
    part = NULL;
cleanup:
    gradus_dataset_destroy(part);
    return status;
}

/* Copies a sample; the places may be the same. */
static void copy_sample(const gradus_dataset *from, size_t source, gradus_dataset *to, size_t target)
{
    size_t features = from->info.features;
    memmove(to->pixels + target * features, from->pixels + source * features, features);
    if (from->labels != NULL)
        to->labels[target] = from->labels[source];
}

/*
 * Selection sampling (Knuth, The Art of Computer Programming 2, 3.4.2, Algorithm S): a sample is taken with probability
 * missing / remaining, which makes every choice of that many samples equally likely, keeps their order and needs no
 * list of them. What is not taken moves up within the set, so the only memory used is the new set's.
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
