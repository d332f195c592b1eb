/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that appear whole or not at all: written beside the target under a temporary name, synced, renamed.
 */
#ifndef GRADUS_CORE_OUTPUT_H
#define GRADUS_CORE_OUTPUT_H

#include "core/status.h"
#include <stdio.h>

typedef struct output_file {
    FILE *stream;
    char *path, *temporary;
} output_file;

/* Starts a file that shall end up at `path`, or where that is a symbolic link to a file, in its place. OUTPUT when it
 * cannot be made there. */
gradus_status gr_output_open(const char *path, output_file *out);
gradus_status gr_output_write(output_file *file, const void *bytes, size_t size);

/* Completes the file; on failure, as gr_output_abandon, no file is left. Either call ends the object. */
gradus_status gr_output_commit(output_file *file);
void gr_output_abandon(output_file *file);

#endif
