/* SPDX-License-Identifier: Apache-2.0 */
/* The event file of --tensorboard DIR, a new one for each run, with the scalars of each report. */
#ifndef GRADUS_CLI_TENSORBOARD_LOG_H
#define GRADUS_CLI_TENSORBOARD_LOG_H

#include <gradus/gradus.h>
#include <stdio.h>

/* Initialised as {.folder = ...}; with a NULL folder nothing is written. */
typedef struct tensorboard_log {
    const char *folder;
    uint64_t restart; /* records of earlier files are discarded from this step on; 0: none */
    FILE *stream;
    int code; /* of the first failure; EX_OK: none */
} tensorboard_log;

/* Adds a record; the first one creates the file, and the folder with its parents. Failures are treated as by
 * training_log_write(): reported once, kept in `code`, and not a reason to stop. */
void tensorboard_log_write(tensorboard_log *log, const gradus_report *report);

/* Closes the file and returns the code of the first failure. */
int tensorboard_log_close(tensorboard_log *log);

#endif
