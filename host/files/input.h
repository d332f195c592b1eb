/* SPDX-License-Identifier: Apache-2.0 */
/* Input files. Their size is known before anything in them is trusted. */
#ifndef GRADUS_FILES_INPUT_H
#define GRADUS_FILES_INPUT_H

#include "core/status.h"
#include <stdio.h>

typedef struct input_file {
    const char *path; /* the caller's */
    FILE *stream;
    uint64_t size; /* bytes */
} input_file;

/* Opens a regular file at its beginning. NO_INPUT, with a message that `expected` ("a model") should be there. */
gradus_status gr_input_open(const char *path, const char *expected, input_file *out);

/* Reads from the end of the previous read, or from a position of the file. DATA if the file ends too early. */
gradus_status gr_input_read(const input_file *file, void *bytes, size_t size);
gradus_status gr_input_read_at(const input_file *file, uint64_t position, void *bytes, size_t size);

/* Accepts an object of zeros. */
void gr_input_close(input_file *file);

#endif
