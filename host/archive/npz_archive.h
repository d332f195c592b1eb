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

/* For messages: what the archive should be, as in "a model", and what to do instead of torch.save(), whose files are
 * archives too. */
typedef struct npz_expectation {
    const char *what, *instead_of_torch;
} npz_expectation;

/* Reads the directory; the path must outlive the archive. DATA if the file is not an archive of arrays. */
gradus_status gr_npz_open(const char *path, const npz_expectation *expected, npz_archive *out);

/* Unpacks array i. `label` names it in messages, as in "tensor fc1.weight". The caller frees *bytes, which array->data
 * points into. */
gradus_status gr_npz_read(const npz_archive *archive, size_t i, const char *label, unsigned char **bytes,
                          npy_array *array);

/* Accepts an object of zeros. */
void gr_npz_close(npz_archive *archive);

#endif
