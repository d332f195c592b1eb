/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A data set in memory, its readers, and the search for named sets. A reader reports a fault as
 * "file: position: found, expected"; positions in gzipped files are those of the unpacked content.
 */
#ifndef GRADUS_DATA_DATASET_H
#define GRADUS_DATA_DATASET_H

#include "core/status.h"

/*
 * info.classes does not change when samples are removed: a part of a set has the classes of the whole set, even if it
 * has no sample of the last one.
 */
struct gradus_dataset {
    uint8_t *pixels; /* X (F x B) as bytes; NULL: floats */
    float *floats;   /* X (F x B) as floats, all finite; NULL: bytes */
    uint8_t *labels; /* (B); NULL: none */
    gradus_dataset_info info;
};

/* X (F x B) of either type, and the size of a feature in bytes. */
static inline const void *gr_dataset_x(const gradus_dataset *dataset)
{
    return dataset->info.floats ? (const void *)dataset->floats : dataset->pixels;
}

static inline size_t gr_dataset_feature_size(const gradus_dataset *dataset)
{
    return dataset->info.floats ? sizeof(float) : 1;
}

/*
 * Takes over the arrays, which are from malloc, even if it fails. labels may be NULL. ARGUMENT for sizes of zero and
 * for sizes whose product does not fit into a size_t.
 */
gradus_status gr_dataset_adopt(uint8_t *pixels, uint8_t *labels, size_t samples, size_t width, size_t height,
                               gradus_dataset **out);

/* The same for float features, which must be finite. */
gradus_status gr_dataset_adopt_floats(float *floats, uint8_t *labels, size_t samples, size_t width, size_t height,
                                      gradus_dataset **out);

/* DATA for the first of the features (F x B) that is NaN or infinite; the message begins with `name`. */
gradus_status gr_check_finite(const char *name, const float *floats, size_t samples, size_t features);

/* Reads a pair of IDX files, each raw or gzipped. */
gradus_status gr_idx_read(const char *image_path, const char *label_path, gradus_dataset **out);

/*
 * Reads an NPZ: x_train and y_train, x_test and y_test, or X and y; the names may be in upper or lower case. An output
 * that is NULL is not read; *test is NULL afterwards if there is no test part.
 */
gradus_status gr_npz_read_data(const char *path, const gradus_data_options *options, gradus_dataset **train,
                               gradus_dataset **test);

/*
 * Reads a CSV file, raw or gzipped. A first line that begins with a letter, '_' or '"' is a header. There are labels if
 * the header's first name is "label"; without a header, the number of columns decides if options->features is given
 * (F + 1 with labels, F without), and otherwise labels are assumed. A sample is an image of sqrt(F) x sqrt(F) if F is a
 * square number, else F x 1. The file may end with one empty line. Features are bytes unless some number has a sign, a
 * decimal point or an exponent: then all are floats.
 */
gradus_status gr_csv_read(const char *path, const gradus_data_options *options, gradus_dataset **out);

/*
 * Finds the data set `name`: *path is a folder (*is_folder) or a file. The caller frees *path. A name that contains '/'
 * is a path; so is one that exists in the current folder as a file or data set, unless data_dir has a set of that name.
 * The message of NO_INPUT lists every place that was searched.
 */
gradus_status gr_dataset_find(const char *name, const char *data_dir, char **path, bool *is_folder);

/* The files of a data set in IDX form, in the order of their usual names in find.c. */
typedef enum idx_file {
    IDX_TRAIN_IMAGES = 0,
    IDX_TRAIN_LABELS = 1,
    IDX_TEST_IMAGES = 2,
    IDX_TEST_LABELS = 3,
} idx_file;

/* The first file of the folder that has one of the usual names, raw before gzipped; *path is NULL if none has. The
 * caller frees *path. */
gradus_status gr_idx_find(const char *folder, idx_file which, char **path);

/* The usual name of such a file, for messages: "train-images-idx3-ubyte". */
const char *gr_idx_name(idx_file which);

#endif
