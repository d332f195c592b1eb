/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A data set in memory, the readers that fill one, and where named sets are found. A reader reports a fault as
 * "file: place: found, expected"; places in gzipped files are those of the unpacked content.
 */
#ifndef GRADUS_DATA_DATASET_H
#define GRADUS_DATA_DATASET_H

#include "core/status.h"

/*
 * info.classes stays what it was at first when samples are taken away: a part of a set has the whole set's classes,
 * even where it happens to lack the last one.
 */
struct gradus_dataset {
    uint8_t *pixels; /* X (F x B) as bytes; NULL: floats */
    float *floats;   /* X (F x B) as floats, all finite; NULL: bytes */
    uint8_t *labels; /* (B); NULL: none */
    gradus_dataset_info info;
};

/* X (F x B), whatever its features are, and the bytes of one of them. */
static inline const void *gr_dataset_x(const gradus_dataset *dataset)
{
    return dataset->info.floats ? (const void *)dataset->floats : dataset->pixels;
}

static inline size_t gr_dataset_feature_size(const gradus_dataset *dataset)
{
    return dataset->info.floats ? sizeof(float) : 1;
}

/*
 * Takes over the arrays, which malloc made, also when it fails. labels may be NULL. ARGUMENT for zero sizes and for
 * sizes whose product is no size_t.
 */
gradus_status gr_dataset_adopt(uint8_t *pixels, uint8_t *labels, size_t samples, size_t width, size_t height,
                               gradus_dataset **out);

/* The same of float features, which must be finite. */
gradus_status gr_dataset_adopt_floats(float *floats, uint8_t *labels, size_t samples, size_t width, size_t height,
                                      gradus_dataset **out);

/* DATA for the first of the features (F x B) that is NaN or infinite; `name` is what the message begins with. */
gradus_status gr_check_finite(const char *name, const float *floats, size_t samples, size_t features);

/* Reads a pair of IDX files, each raw or gzipped. */
gradus_status gr_idx_read(const char *image_path, const char *label_path, gradus_dataset **out);

/*
 * Reads an NPZ: x_train and y_train, x_test and y_test, or X and y, all of these in either case. An output that is NULL is
 * not wanted; *test is NULL afterwards where there is no such part.
 */
gradus_status gr_npz_read_data(const char *path, const gradus_data_options *options, gradus_dataset **train,
                               gradus_dataset **test);

/*
 * Reads a CSV file, raw or gzipped. A first line that begins with a letter, '_' or '"' is a header. Whether there are
 * labels is told by the header's first name ("label"); without a header, by the number of columns if
 * options->features is given (F + 1 with labels, F without), and otherwise labels are assumed. A sample is an image of
 * sqrt(F) x sqrt(F) where F is a square, else F x 1. The file may end with one empty line. Features are bytes unless some
 * number has a sign, a decimal point or an exponent: then all are floats.
 */
gradus_status gr_csv_read(const char *path, const gradus_data_options *options, gradus_dataset **out);

/*
 * Where the data set `name` is: *path is a folder (*is_folder) or a file. The caller frees *path. A name that
 * contains '/' is a path already; so is one that exists here as a file or data set, unless data_dir has a set of that
 * name. The message of NO_INPUT lists every place that was looked at.
 */
gradus_status gr_dataset_find(const char *name, const char *data_dir, char **path, bool *is_folder);

/* The files of a data set in IDX form, in the order of their customary names in find.c. */
typedef enum idx_file {
    IDX_TRAIN_IMAGES = 0,
    IDX_TRAIN_LABELS = 1,
    IDX_TEST_IMAGES = 2,
    IDX_TEST_LABELS = 3,
} idx_file;

/* The first file of the folder that has one of the customary names, raw before gzipped; *path is NULL if none has. The
 * caller frees *path. */
gradus_status gr_idx_find(const char *folder, idx_file which, char **path);

/* How such a file is called, for messages: "train-images-idx3-ubyte". */
const char *gr_idx_name(idx_file which);

#endif
