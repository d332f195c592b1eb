/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NumPy's format for one array (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html): a magic
 * number, a version, and a Python dictionary that describes the bytes after it.
 */
#ifndef GRADUS_ARCHIVE_NPY_H
#define GRADUS_ARCHIVE_NPY_H

#include "core/status.h"

enum {
    NPY_RANK_MAX = 8,
    NPY_HEADER_MAX = 256, /* bytes of a header that gr_npy_header() writes */
    NPY_TYPE_MAX = 16,
};

typedef struct npy_array {
    char type[NPY_TYPE_MAX];    /* "<f4" */
    size_t item_size;           /* bytes of a value */
    bool column_major;          /* NumPy's fortran_order: the first index runs fastest */
    size_t rank;                /* 0: a single value */
    size_t shape[NPY_RANK_MAX]; /* (rank) */
    size_t length;              /* number of values */
    const unsigned char *data;  /* (length * item_size bytes), not aligned to anything */
} npy_array;

/* Parses the bytes of a file; array->data points into them. Messages begin with `name`. DATA unless the header is known
 * and the data have exactly the size that it says. */
gradus_status gr_npy_read(const char *name, const unsigned char *bytes, size_t size, npy_array *array);

/* The header of a float32 array, row after row, of 1 or 2 dimensions. Returns its length, a multiple of 64. */
size_t gr_npy_header(size_t rank, const size_t *shape, unsigned char header[NPY_HEADER_MAX]);

#endif
