/* SPDX-License-Identifier: Apache-2.0 */
/* NPZ files of arrays of any type, as NumPy's savez() writes them. */
#ifndef GRADUS_TESTS_NPZ_FILE_H
#define GRADUS_TESTS_NPZ_FILE_H

#include "archive/npy.h"
#include "archive/zip.h"
#include "assert_close.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct npz_array {
    const char *name, *type; /* "x_train", "|u1" */
    size_t rank, shape[4];
    const void *values; /* in the number that the shape says */
    bool fortran;
} npz_array;

/* Size of the array's values in bytes. */
static inline size_t npz_array_bytes(const npz_array *a)
{
    size_t bytes = (size_t)strtoul(a->type + 2, NULL, 10);
    for (size_t i = 0; i < a->rank; i++)
        bytes *= a->shape[i];
    return bytes;
}

/* Version 1.0 with a header of 128 bytes. */
static inline void npz_array_header(const npz_array *a, unsigned char header[128])
{
    char text[256];
    int used = snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': %s, 'shape': (", a->type,
                        a->fortran ? "True" : "False");
    for (size_t i = 0; i < a->rank; i++)
        used += snprintf(text + used, sizeof text - (size_t)used, i == 0 ? "%zu," : " %zu,", a->shape[i]);
    used += snprintf(text + used, sizeof text - (size_t)used, "), }");
    assert_true(used <= 117);
    memset(header, ' ', 128);
    memcpy(header, "\x93NUMPY\1\0\x76\0", 10);
    memcpy(header + 10, text, (size_t)used);
    header[127] = '\n';
}

/* Writes the arrays; one without a name ends the list. */
static inline void write_npz_file(const char *path, const npz_array *arrays)
{
    output_file file = {0};
    char name[64];
    assert_ok(gr_output_open(path, &file));
    zip_writer writer = {.file = &file};
    for (const npz_array *a = arrays; a->name != NULL; a++) {
        unsigned char header[128];
        npz_array_header(a, header);
        const zip_piece pieces[] = {{header, sizeof header}, {a->values, npz_array_bytes(a)}};
        snprintf(name, sizeof name, "%s.npy", a->name);
        assert_ok(gr_zip_add(&writer, name, pieces, 2));
    }
    assert_ok(gr_zip_finish(&writer));
    assert_ok(gr_output_commit(&file));
    gr_zip_writer_free(&writer);
}

#endif
