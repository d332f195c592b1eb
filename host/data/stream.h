/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a file from beginning to end, unpacking it where it is gzipped. It needs no seeking, so pipes work too.
 */
#ifndef GRADUS_DATA_STREAM_H
#define GRADUS_DATA_STREAM_H

#include "core/status.h"
#include <zlib.h>

typedef struct input_stream {
    const char *path; /* the caller's */
    size_t offset;    /* bytes handed out so far; of the unpacked content where the file is gzipped */
    int descriptor;
    uint8_t *buffer;   /* of the file as it is, owned; NULL while nothing is open */
    z_stream unpacker; /* next_in and avail_in say what is left of the buffer, gzipped or not */
    bool gzipped, within_member;
} input_stream;

/* NO_INPUT if there is no such file, or it cannot be opened, or is a folder; IO if its first bytes cannot be read. `path`
 * must outlive the stream. A stream that was opened stays where it is: zlib keeps its address. */
gradus_status gr_stream_open(const char *path, input_stream *out);

/*
 * Reads `size` bytes, or fewer only where the file ends: *got says how many. DATA if gzipped content is cut off,
 * damaged or followed by anything but further gzip data; IO if the system cannot read on. A checksum is verified, and
 * all this seen, no later than by the read that finds the end.
 */
gradus_status gr_stream_read(input_stream *stream, void *bytes, size_t size, size_t *got);

void gr_stream_close(input_stream *stream);

#endif
