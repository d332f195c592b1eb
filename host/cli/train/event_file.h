/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that TensorBoard reads: TFRecords, each an Event message of TensorFlow (event.proto, summary.proto). Only a
 * few fields of these messages are needed, so they are written by hand.
 */
#ifndef GRADUS_CLI_EVENT_FILE_H
#define GRADUS_CLI_EVENT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Writes the record with the version of the format, the first one of every file. */
bool event_write_version(FILE *stream, double wall_seconds);

/* Writes the record of a resumed run: TensorBoard discards records of this step and later ones in earlier files. */
bool event_write_restart(FILE *stream, double wall_seconds, uint64_t step);

typedef struct event_scalar {
    const char *tag; /* "train/loss", shorter than EVENT_TAG_MAX */
    float value;
} event_scalar;

#define EVENT_TAG_MAX 64
#define EVENT_SCALARS_MAX 16

/* Writes a record with the scalars (count) of a step; wall_seconds since 1970. False if that fails; see errno. */
bool event_write_scalars(FILE *stream, double wall_seconds, uint64_t step, const event_scalar *scalars, size_t count);

/* CRC-32C (Castagnoli; RFC 3720, B.4), the checksum of the records. */
uint32_t event_crc32c(const void *bytes, size_t size);

#endif
