/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a file from beginning to end, and unpacks it if it is gzipped. It does not seek, so pipes work too.
 */
#ifndef GRADUS_DATA_STREAM_H
#define GRADUS_DATA_STREAM_H

#include "core/status.h"
#include <zlib.h>

typedef struct input_stream {
    const char *path; /* the caller's */
    size_t offset;    /* bytes read so far, of the unpacked content if the file is gzipped */
    int descriptor;
    uint8_t *buffer;   /* of the file itself, owned; NULL while nothing is open */
    z_stream unpacker; /* next_in and avail_in are the rest of the buffer, gzipped or not */
    bool gzipped, within_member;
} input_stream;

/* NO_INPUT if there is no such file, or it cannot be opened, or is a folder; IO if its first bytes cannot be read.
 * `path` must outlive the stream. An open stream must not be moved: zlib keeps its address. */
gradus_status gr_stream_open(const char *path, input_stream *out);

/*
 * Reads `size` bytes, or fewer only at the end of the file; *got is their number. DATA if gzipped content is truncated,
 * damaged or followed by anything but further gzip data; IO if reading fails. The checksum is verified, and all these
 * faults are found, at the latest by the read that reaches the end.
 */
gradus_status gr_stream_read(input_stream *stream, void *bytes, size_t size, size_t *got);

void gr_stream_close(input_stream *stream);

#endif
