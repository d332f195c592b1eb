/* SPDX-License-Identifier: Apache-2.0 */
/* Checks before the work begins that an output can be written. */
#ifndef GRADUS_CLI_OUTPUT_CHECK_H
#define GRADUS_CLI_OUTPUT_CHECK_H

#include <stdbool.h>

/*
 * EX_CANTCREAT, with a message that names the option, unless `path` is a file that can be replaced or a new name in a
 * writable folder. If the file is written `in_place`, an existing one needs no writable folder, and may be a stream
 * such as a pipe. NULL is accepted: there is nothing to write.
 */
int output_check(const char *option, const char *path, bool in_place);

/* The same for a folder: it must be writable, or it can be created, with its missing parents. */
int output_check_folder(const char *option, const char *path);

/* Whether two paths are the same file, however they are spelled, even if it does not exist yet. False for NULL. */
bool output_is_same_file(const char *a, const char *b);

#endif
