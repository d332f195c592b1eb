/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a data set by name: finds it, picks the reader, and checks that its parts fit together. */
#include "archive/zip.h"
#include "core/memory.h"
#include "data/dataset.h"

#include <stdlib.h>
#include <sys/stat.h>

gradus_data_options gradus_data_options_default(void)
{
    return (gradus_data_options){.data_dir = NULL, .features = 0};
}

/* ---- A folder with IDX files ---- */

/* Finds one of the files; NO_INPUT if it is not there. */
static gradus_status require_file(const char *folder, idx_file which, char **path)
{
    gradus_status status = gr_idx_find(folder, which, path);
    if (status == GRADUS_OK && *path == NULL)
        status = gr_fail(GRADUS_ERROR_NO_INPUT, "%s: found no %s[.gz] in this folder, expected one", folder,
                         gr_idx_name(which));
    return status;
}

/* Reads the images and labels of one part of a folder. */
static gradus_status read_part(const char *folder, idx_file images, idx_file labels,
                               const gradus_data_options *options, gradus_dataset **out)
{
    gradus_status status = GRADUS_OK;
    gradus_dataset *part = NULL;
    char *image_path = NULL, *label_path = NULL;

    TRY(require_file(folder, images, &image_path));
    TRY(require_file(folder, labels, &label_path));
    TRY(gr_idx_read(image_path, label_path, &part));
    if (options->features != 0 && part->info.features != options->features)
        FAIL(GRADUS_ERROR_DATA, "%s: byte 8: found %zu x %zu = %zu features, expected %zu", image_path,
             part->info.width, part->info.height, part->info.features, options->features);
    *out = part;
    part = NULL;
cleanup:
    gradus_dataset_destroy(part);
    free(image_path);
    free(label_path);
    return status;
}

/* A folder need not have a test part, but it must not have half of one. */
static gradus_status has_test_part(const char *folder, bool *found)
{
    gradus_status status = GRADUS_OK;
    char *images = NULL, *labels = NULL;

    TRY(gr_idx_find(folder, IDX_TEST_IMAGES, &images));
    TRY(gr_idx_find(folder, IDX_TEST_LABELS, &labels));
    *found = images != NULL || labels != NULL;
cleanup:
    free(images);
    free(labels);
    return status;
}

/* Reads the parts whose output is not NULL. */
static gradus_status read_folder(const char *folder, const gradus_data_options *options, gradus_dataset **train,
                                 gradus_dataset **test)
{
    gradus_status status = GRADUS_OK;
    gradus_dataset *parts[2] = {NULL, NULL};
    bool tested = false;

    if (train != NULL)
        TRY(read_part(folder, IDX_TRAIN_IMAGES, IDX_TRAIN_LABELS, options, &parts[0]));
    TRY(has_test_part(folder, &tested));
    if (test != NULL && tested)
        TRY(read_part(folder, IDX_TEST_IMAGES, IDX_TEST_LABELS, options, &parts[1]));
    if (parts[0] != NULL && parts[1] != NULL && parts[0]->info.features != parts[1]->info.features)
        FAIL(GRADUS_ERROR_DATA, "%s: found %zu features in the test part, expected %zu as in the training part",
             folder, parts[1]->info.features, parts[0]->info.features);
    if (train != NULL)
        *train = parts[0];
    if (test != NULL)
        *test = parts[1];
    return GRADUS_OK;
cleanup:
    gradus_dataset_destroy(parts[0]);
    gradus_dataset_destroy(parts[1]);
    return status;
}

/* A CSV file has no test part. */
static gradus_status read_csv(const char *path, const gradus_data_options *options, gradus_dataset **train,
                              gradus_dataset **test)
{
    gradus_status status = GRADUS_OK;
    if (train != NULL)
        TRY(gr_csv_read(path, options, train));
    if (test != NULL)
        *test = NULL;
cleanup:
    return status;
}

/* ---- The formats ---- */

static gradus_status is_idx(const char *path, bool is_folder, bool *out)
{
    (void)path;
    *out = is_folder;
    return GRADUS_OK;
}

/* Only a regular file, which can be read twice, can be an archive. */
static gradus_status is_npz(const char *path, bool is_folder, bool *out)
{
    struct stat found;
    (void)is_folder;
    *out = false;
    return stat(path, &found) == 0 && S_ISREG(found.st_mode) ? gr_zip_recognise(path, "a data set", out) : GRADUS_OK;
}

/* Whatever is neither of the others. */
static gradus_status is_csv(const char *path, bool is_folder, bool *out)
{
    (void)path;
    (void)is_folder;
    *out = true;
    return GRADUS_OK;
}

/* One row each; the first that fits a path is taken. */
static const struct data_format {
    const char *description;
    gradus_status (*fits)(const char *path, bool is_folder, bool *out);
    gradus_status (*read)(const char *path, const gradus_data_options *options, gradus_dataset **train,
                          gradus_dataset **test);
} formats[] = {
    {"a folder with IDX files", is_idx, read_folder},
    {"an NPZ file (x_train, y_train, x_test, y_test, or X, y)", is_npz, gr_npz_read_data},
    {"a CSV file (label,pixel0,...)", is_csv, read_csv},
};
#define FORMATS (sizeof formats / sizeof *formats)

const char *gradus_dataset_format(size_t index)
{
    return index < FORMATS ? formats[index].description : NULL;
}

static gradus_status find_format(const char *path, bool is_folder, const struct data_format **out)
{
    gradus_status status = GRADUS_OK;
    bool fits = false;
    for (size_t f = 0; f < FORMATS && !fits; f++) {
        *out = &formats[f];
        TRY(formats[f].fits(path, is_folder, &fits));
    }
cleanup:
    return status;
}

/* ---- Opening ---- */

gradus_status gradus_dataset_open(const char *name, const gradus_data_options *options, gradus_dataset **train,
                                  gradus_dataset **test)
{
    gradus_status status = GRADUS_OK;
    const gradus_data_options defaults = gradus_data_options_default();
    const struct data_format *format = NULL;
    char *path = NULL;
    bool is_folder = false;

    if (options == NULL)
        options = &defaults;
    if (name == NULL || name[0] == '\0')
        FAIL(GRADUS_ERROR_ARGUMENT, "data set: found no name, expected a name or a path");
    TRY(gr_dataset_find(name, options->data_dir, &path, &is_folder));
    TRY(find_format(path, is_folder, &format));
    TRY(format->read(path, options, train, test));
cleanup:
    free(path);
    return status;
}
