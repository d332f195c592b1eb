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

/* Only a regular file, which can be read twice, may be an archive; all others are CSV. */
static gradus_status is_archive(const char *path, bool *out)
{
    struct stat found;
    *out = false;
    return stat(path, &found) == 0 && S_ISREG(found.st_mode) ? gr_zip_recognise(path, "a data set", out) : GRADUS_OK;
}

static gradus_status read_file(const char *path, const gradus_data_options *options, gradus_dataset **train,
                               gradus_dataset **test)
{
    gradus_status status = GRADUS_OK;
    bool archived = false;
    TRY(is_archive(path, &archived));
    if (archived)
        return gr_npz_read_data(path, options, train, test);
    if (train != NULL)
        TRY(gr_csv_read(path, options, train));
    if (test != NULL)
        *test = NULL;
cleanup:
    return status;
}

gradus_status gradus_dataset_open(const char *name, const gradus_data_options *options, gradus_dataset **train,
                                  gradus_dataset **test)
{
    gradus_status status = GRADUS_OK;
    const gradus_data_options defaults = gradus_data_options_default();
    char *path = NULL;
    bool is_folder = false;

    if (options == NULL)
        options = &defaults;
    if (name == NULL || name[0] == '\0')
        FAIL(GRADUS_ERROR_ARGUMENT, "data set: found no name, expected a name or a path");
    TRY(gr_dataset_find(name, options->data_dir, &path, &is_folder));
    TRY(is_folder ? read_folder(path, options, train, test) : read_file(path, options, train, test));
cleanup:
    free(path);
    return status;
}
