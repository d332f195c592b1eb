/* SPDX-License-Identifier: Apache-2.0 */
/* A file of results, which appears complete or not at all. */
#ifndef GRADUS_CLI_RESULT_FILE_H
#define GRADUS_CLI_RESULT_FILE_H

#include <stdio.h>

typedef struct result_file {
    const char *option, *path; /* for messages: --json FILE */
    char *temporary;
    FILE *stream;
} result_file;

/* Starts a file beside `path`, and replaces `path` when it is committed. */
int result_file_open(const char *option, const char *path, result_file *out);

/* Completes the file, or leaves none. One of the two calls must follow a successful open. */
int result_file_commit(result_file *file);
void result_file_abandon(result_file *file);

#endif
