/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that TensorBoard reads: TFRecords, each an Event message of TensorFlow (event.proto, summary.proto). Of these
 * messages a handful of fields is needed, so they are written by hand.
 */
#ifndef GRADUS_CLI_EVENT_FILE_H
#define GRADUS_CLI_EVENT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The record of a file that says which version of the format follows; the first of every file. */
bool event_write_version(FILE *stream, double wall_seconds);

/* The record of a run that resumes: TensorBoard discards what earlier files have for this step and later ones. */
bool event_write_restart(FILE *stream, double wall_seconds, uint64_t step);

typedef struct event_scalar {
    const char *tag; /* "train/loss", shorter than EVENT_TAG_MAX */
    float value;
} event_scalar;

#define EVENT_TAG_MAX 64
#define EVENT_SCALARS_MAX 16

/* A record with these scalars (count) of a step; wall_seconds since 1970. False if it cannot be written; see errno. */
bool event_write_scalars(FILE *stream, double wall_seconds, uint64_t step, const event_scalar *scalars, size_t count);

/* CRC-32C (Castagnoli; RFC 3720, B.4), by which the records are checked. */
uint32_t event_crc32c(const void *bytes, size_t size);

#endif
