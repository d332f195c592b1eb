/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that appear complete or not at all: written beside the target under a temporary name, synced, renamed.
 */
#ifndef GRADUS_FILES_OUTPUT_H
#define GRADUS_FILES_OUTPUT_H

#include "core/status.h"
#include <stdio.h>

typedef struct output_file {
    FILE *stream;
    char *path, *temporary;
} output_file;

/* Starts a file that will replace `path`, or the target if `path` is a symbolic link to a file. OUTPUT if it cannot be
 * created there. */
gradus_status gr_output_open(const char *path, output_file *out);
gradus_status gr_output_write(output_file *file, const void *bytes, size_t size);

/* Completes the file. On failure, as after gr_output_abandon(), no file is left. Either call ends the object. */
gradus_status gr_output_commit(output_file *file);
void gr_output_abandon(output_file *file);

#endif
