/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A data set in memory, and the readers that fill one. A reader reports a fault as "file: place: found, expected".
 */
#ifndef GRADUS_DATA_DATASET_H
#define GRADUS_DATA_DATASET_H

#include "core/status.h"

struct gradus_dataset {
    uint8_t *pixels; /* X (F x B) */
    uint8_t *labels; /* (B); NULL: none */
    gradus_dataset_info info;
};

/*
 * Takes over the arrays, which malloc made, also when it fails. labels may be NULL. ARGUMENT for zero sizes and for
 * sizes whose product is no size_t.
 */
gradus_status gr_dataset_adopt(uint8_t *pixels, uint8_t *labels, size_t samples, size_t width, size_t height,
                               gradus_dataset **out);

/* Reads a pair of IDX files, each raw or gzipped. */
gradus_status gr_idx_read(const char *image_path, const char *label_path, gradus_dataset **out);

/*
 * Reads a CSV file, raw or gzipped. A header is recognised by its first field not being a number. Whether there are
 * labels is told by the header's first name ("label"); without a header, by the number of columns if `features` is
 * given (F + 1 with labels, F without), and otherwise labels are assumed.
 */
gradus_status gr_csv_read(const char *path, const gradus_data_options *options, gradus_dataset **out);

/*
 * Where the data set `name` is: *path is a folder with IDX files (*is_folder) or a CSV file. The caller frees *path.
 * The message of NO_INPUT lists every place that was looked at.
 */
gradus_status gr_dataset_find(const char *name, const char *data_dir, char **path, bool *is_folder);

#endif
