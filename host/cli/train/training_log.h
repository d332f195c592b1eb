/* SPDX-License-Identifier: Apache-2.0 */
/* The file of --log: a line for each report, a JSON object or, if the file's name ends with .csv, CSV with the names in the
 * first line; flushed line by line so that it can be followed. */
#ifndef GRADUS_CLI_TRAINING_LOG_H
#define GRADUS_CLI_TRAINING_LOG_H

#include <gradus/gradus.h>
#include <stdio.h>

/* Initialised as {.path = ...}; with a NULL path nothing is written. */
typedef struct training_log {
    const char *path;
    FILE *stream;
    int code; /* of the first failure; EX_OK: none */
} training_log;

/*
 * Adds a line; the first one creates the file, so that a run that never begins leaves none, and removes it again if it
 * cannot be written. A failure is reported once and kept in `code`; the training continues, because it may be worth
 * more than its log.
 */
void training_log_write(training_log *log, const gradus_report *report);

/*
 * For a run that resumes from a checkpoint: truncates the file after the first `reported` iterations, and lets
 * training_log_write() append to it. Lines that are missing are a note, not a failure.
 */
void training_log_resume(training_log *log, size_t reported);

/* Closes the file and returns the code of the first failure. */
int training_log_close(training_log *log);

#endif
