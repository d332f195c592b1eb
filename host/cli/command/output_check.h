/* SPDX-License-Identifier: Apache-2.0 */
/* Whether an output can be written, checked before the work begins. */
#ifndef GRADUS_CLI_OUTPUT_CHECK_H
#define GRADUS_CLI_OUTPUT_CHECK_H

#include <stdbool.h>

/*
 * EX_CANTCREAT, naming the option, unless `path` is a file that can be replaced or a new name in a folder that can be
 * written. Where the file is written `in_place`, an existing one needs no writable folder, and a stream, such as a pipe,
 * will do as well. NULL is fine: nothing to write.
 */
int output_check(const char *option, const char *path, bool in_place);

/* The same for a folder: it can be written, or it can be made, with those on the way to it that do not exist. */
int output_check_folder(const char *option, const char *path);

/* Whether two paths are one file, however they are spelled, also when it does not exist yet. NULL is none. */
bool output_is_same_file(const char *a, const char *b);

#endif
