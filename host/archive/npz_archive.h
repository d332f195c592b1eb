/* SPDX-License-Identifier: Apache-2.0 */
/* NumPy's archives of arrays: a ZIP archive in which "x_train.npy" is the array x_train. */
#ifndef GRADUS_ARCHIVE_NPZ_ARCHIVE_H
#define GRADUS_ARCHIVE_NPZ_ARCHIVE_H

#include "archive/npy.h"
#include "archive/zip.h"

typedef struct npz_archive {
    const char *path;
    zip_archive zip;
    const char **names; /* (zip.count), of the arrays, in the order of the directory */
} npz_archive;

/* What the archive should be, for messages: "a model"; and what to do with a file of torch.save(), which is an archive too. */
typedef struct npz_expectation {
    const char *what, *instead_of_torch;
} npz_expectation;

/* Reads the directory; the path must outlive the archive. DATA for what is no archive of arrays. */
gradus_status gr_npz_open(const char *path, const npz_expectation *expected, npz_archive *out);

/* Unpacks array i. `label` is what messages call it, "tensor fc1.weight". The caller frees *bytes, which array->data points
 * into. */
gradus_status gr_npz_read(const npz_archive *archive, size_t i, const char *label, unsigned char **bytes,
                          npy_array *array);

/* An object of zeros is closed already. */
void gr_npz_close(npz_archive *archive);

#endif
