/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data sets in NPZ files, as Keras ships MNIST: X as bytes or floats, sample after sample, and one integer label per
 * sample. Nothing in an array is used before its type and shape are checked.
 */
#include "archive/npz_archive.h"
#include "core/image.h"
#include "core/memory.h"
#include "core/printable.h"
#include "data/dataset.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "arrays are little-endian and are used as they are");

enum {
    SHAPE_TEXT = 24 * NPY_RANK_MAX,
    NAMES_TEXT = 256, /* for the names of arrays in a message */
};

/* The names of the arrays of a part of the data; they may be in upper or lower case. */
typedef struct part_names {
    const char *x, *y;
} part_names;

static const part_names train_names = {"x_train", "y_train"}, only_names = {"x", "y"},
                        test_names = {"x_test", "y_test"};

typedef struct data_array {
    char *name; /* "FILE: array x_train", for messages */
    unsigned char *bytes;
    npy_array array;
} data_array;

/* ---- Arrays ---- */

/* The array's index in the archive; zip.count if there is none. */
static size_t find_array(const npz_archive *archive, const char *name)
{
    size_t i = 0;
    while (i < archive->zip.count && strcasecmp(archive->names[i], name) != 0)
        i++;
    return i;
}

static bool has_array(const npz_archive *archive, const char *name)
{
    return find_array(archive, name) < archive->zip.count;
}

static void free_array(data_array *a)
{
    free(a->name);
    free(a->bytes);
}

/* Reads an array, which must exist. Call free_array() afterwards, even after a failure. */
static gradus_status read_array(const npz_archive *archive, const char *name, data_array *out)
{
    gradus_status status = GRADUS_OK;
    const size_t i = find_array(archive, name);
    char label[32];
    snprintf(label, sizeof label, "array %s", archive->names[i]);
    TRY(gr_format_text(&out->name, "%s: %s", archive->path, label));
    TRY(gr_npz_read(archive, i, label, &out->bytes, &out->array));
cleanup:
    return status;
}

/* "(60000, 28, 28)" */
static const char *shape_text(const npy_array *a, char text[SHAPE_TEXT])
{
    size_t used = (size_t)snprintf(text, SHAPE_TEXT, "(");
    for (size_t i = 0; i < a->rank; i++)
        used += (size_t)snprintf(text + used, SHAPE_TEXT - used, i == 0 ? "%zu" : ", %zu", a->shape[i]);
    snprintf(text + used, SHAPE_TEXT - used, a->rank == 1 ? ",)" : ")");
    return text;
}

/* Whether its values have this type and size, as in "f4", and are not big-endian. */
static bool is_of_type(const npy_array *a, const char *type)
{
    return strcmp(a->type + 1, type) == 0 && a->type[0] != '>';
}

/* ---- Features ---- */

typedef struct features_shape {
    size_t samples, width, height;
} features_shape;

/* B x F, B x height x width, or these with one channel, last or first. */
static gradus_status read_shape(const data_array *x, features_shape *out)
{
    const npy_array *a = &x->array;
    const size_t *sizes = a->shape;
    char text[SHAPE_TEXT];
    if (a->rank == 2 && a->length > 0) {
        out->samples = sizes[0];
        gr_default_image(sizes[1], &out->width, &out->height);
    } else if (a->length > 0 && (a->rank == 3 || (a->rank == 4 && sizes[3] == 1)))
        *out = (features_shape){sizes[0], sizes[2], sizes[1]};
    else if (a->length > 0 && a->rank == 4 && sizes[1] == 1)
        *out = (features_shape){sizes[0], sizes[3], sizes[2]};
    else
        return gr_fail(GRADUS_ERROR_DATA,
                       "%s: shape %s, expected samples x features, samples x height x width or "
                       "samples x height x width x 1",
                       x->name, shape_text(a, text));
    if (a->column_major)
        return gr_fail(GRADUS_ERROR_DATA,
                       "%s: values in Fortran's order, expected sample after sample (numpy.ascontiguousarray)",
                       x->name);
    return GRADUS_OK;
}

static gradus_status take_bytes(const npy_array *a, uint8_t **out)
{
    gradus_status status = GRADUS_OK;
    TRY(gr_allocate(a->length, out));
    memcpy(*out, a->data, a->length);
cleanup:
    return status;
}

/* Reads float32, or float64, which is rounded to float32. */
static gradus_status take_floats(const data_array *x, size_t samples, float **out)
{
    gradus_status status = GRADUS_OK;
    const npy_array *a = &x->array;
    float *floats = NULL; /* (F x B) */
    TRY(gr_allocate(a->length, &floats));
    if (a->item_size == sizeof *floats)
        memcpy(floats, a->data, a->length * sizeof *floats);
    for (size_t i = 0; a->item_size == sizeof(double) && i < a->length; i++) {
        double value = 0;
        memcpy(&value, a->data + i * sizeof value, sizeof value);
        floats[i] = (float)value;
    }
    TRY(gr_check_finite(x->name, floats, samples, a->length / samples));
    *out = floats;
    floats = NULL;
cleanup:
    free(floats);
    return status;
}

/* Reads X (F x B) into one of the outputs. */
static gradus_status take_features(const data_array *x, size_t samples, uint8_t **pixels, float **floats)
{
    const npy_array *a = &x->array;
    if (is_of_type(a, "u1"))
        return take_bytes(a, pixels);
    if (is_of_type(a, "f4") || is_of_type(a, "f8"))
        return take_floats(x, samples, floats);
    return gr_fail(GRADUS_ERROR_DATA, "%s: values of type \"%s\", expected \"|u1\" (bytes), \"<f4\" or \"<f8\"",
                   x->name, gr_printable(a->type).text);
}

/* ---- Labels ---- */

static gradus_status check_labels(const data_array *y, size_t samples)
{
    const npy_array *a = &y->array;
    const bool is_integer = (a->type[1] == 'i' || a->type[1] == 'u') && a->item_size <= 8;
    const bool is_column = a->rank == 2 && a->shape[1] == 1;
    char text[SHAPE_TEXT];
    if (!is_integer || a->type[0] == '>')
        return gr_fail(GRADUS_ERROR_DATA, "%s: values of type \"%s\", expected integers, little-endian", y->name,
                       gr_printable(a->type).text);
    if ((a->rank != 1 && !is_column) || a->shape[0] != samples)
        return gr_fail(GRADUS_ERROR_DATA, "%s: shape %s, expected (%zu,), one label for each sample", y->name,
                       shape_text(a, text), samples);
    return GRADUS_OK;
}

/* Label i; a negative value becomes larger than any valid label. */
static uint64_t label_at(const npy_array *a, size_t i)
{
    const unsigned char *bytes = a->data + i * a->item_size;
    uint64_t value = a->type[1] == 'i' && bytes[a->item_size - 1] >= 0x80 ? UINT64_MAX : 0;
    memcpy(&value, bytes, a->item_size);
    return value;
}

static gradus_status take_labels(const data_array *y, size_t samples, uint8_t **out)
{
    gradus_status status = GRADUS_OK;
    uint8_t *labels = NULL; /* (B) */
    TRY(check_labels(y, samples));
    TRY(gr_allocate(samples, &labels));
    for (size_t i = 0; i < samples; i++) {
        const uint64_t value = label_at(&y->array, i);
        if (value > UINT8_MAX && y->array.type[1] == 'i')
            FAIL(GRADUS_ERROR_DATA, "%s: sample %zu: found label %" PRId64 ", expected 0..255", y->name, i,
                 (int64_t)value);
        if (value > UINT8_MAX)
            FAIL(GRADUS_ERROR_DATA, "%s: sample %zu: found label %" PRIu64 ", expected 0..255", y->name, i, value);
        labels[i] = (uint8_t)value;
    }
    *out = labels;
    labels = NULL;
cleanup:
    free(labels);
    return status;
}

/* ---- Parts ---- */

static gradus_status check_features(const data_array *x, const features_shape *shape,
                                    const gradus_data_options *options)
{
    const size_t features = shape->width * shape->height;
    if (options->features == 0 || options->features == features)
        return GRADUS_OK;
    return gr_fail(GRADUS_ERROR_DATA, "%s: found %zu x %zu = %zu features, expected %zu", x->name, shape->width,
                   shape->height, features, options->features);
}

/* Reads X, which must exist, and the labels. */
static gradus_status read_part(const npz_archive *archive, const part_names *names, const gradus_data_options *options,
                               gradus_dataset **out)
{
    gradus_status status = GRADUS_OK;
    data_array x = {0}, y = {0};
    features_shape shape = {0};
    uint8_t *pixels = NULL, *labels = NULL;
    float *floats = NULL;

    const bool labelled = has_array(archive, names->y);
    if (!labelled && !options->allow_unlabelled)
        FAIL(GRADUS_ERROR_DATA, "%s: holds %s but no %s, expected the labels there", archive->path, names->x,
             names->y);
    TRY(read_array(archive, names->x, &x));
    TRY(read_shape(&x, &shape));
    TRY(check_features(&x, &shape, options));
    if (labelled) {
        TRY(read_array(archive, names->y, &y));
        TRY(take_labels(&y, shape.samples, &labels));
    }
    TRY(take_features(&x, shape.samples, &pixels, &floats));
    status = pixels != NULL ? gr_dataset_adopt(pixels, labels, shape.samples, shape.width, shape.height, out)
                            : gr_dataset_adopt_floats(floats, labels, shape.samples, shape.width, shape.height, out);
    labels = NULL;
cleanup:
    free(labels);
    free_array(&x);
    free_array(&y);
    return status;
}

static gradus_status no_data(const npz_archive *archive)
{
    char names[NAMES_TEXT] = "";
    size_t used = 0;
    for (size_t i = 0; i < archive->zip.count && used < sizeof names; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i == 0 ? "" : ", ",
                                 gr_printable(archive->names[i]).text);
    return gr_fail(GRADUS_ERROR_DATA, "%s: holds %s; expected x_train and y_train, or X and y", archive->path, names);
}

/* Checks that both parts have the same features. */
static gradus_status check_parts(const char *path, const gradus_dataset *train, const gradus_dataset *test)
{
    if (train->info.features != test->info.features)
        return gr_fail(GRADUS_ERROR_DATA,
                       "%s: found %zu features in the test part, expected %zu as in the training part", path,
                       test->info.features, train->info.features);
    if (train->info.floats != test->info.floats)
        return gr_fail(GRADUS_ERROR_DATA, "%s: found %s in the test part, expected %s as in the training part", path,
                       test->info.floats ? "floats" : "bytes", train->info.floats ? "floats" : "bytes");
    return GRADUS_OK;
}

gradus_status gr_npz_read_data(const char *path, const gradus_data_options *options, gradus_dataset **train,
                               gradus_dataset **test)
{
    gradus_status status = GRADUS_OK;
    const npz_expectation expected = {"a data set", "save the tensors by numpy.savez()"};
    npz_archive archive = {0};
    gradus_dataset *parts[2] = {NULL, NULL};

    TRY(gr_npz_open(path, &expected, &archive));
    const part_names *names = has_array(&archive, train_names.x) ? &train_names : &only_names;
    if (!has_array(&archive, names->x))
        TRY(no_data(&archive));
    const bool tested = has_array(&archive, test_names.x);
    if (!tested && has_array(&archive, test_names.y))
        FAIL(GRADUS_ERROR_DATA, "%s: holds %s but no %s, expected both or none", path, test_names.y, test_names.x);
    if (train != NULL)
        TRY(read_part(&archive, names, options, &parts[0]));
    if (test != NULL && tested)
        TRY(read_part(&archive, &test_names, options, &parts[1]));
    if (parts[0] != NULL && parts[1] != NULL)
        TRY(check_parts(path, parts[0], parts[1]));
    if (train != NULL)
        *train = parts[0];
    if (test != NULL)
        *test = parts[1];
    parts[0] = parts[1] = NULL;
cleanup:
    gradus_dataset_destroy(parts[0]);
    gradus_dataset_destroy(parts[1]);
    gr_npz_close(&archive);
    return status;
}
