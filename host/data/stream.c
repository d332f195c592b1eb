/* SPDX-License-Identifier: Apache-2.0 */
/* Streams over zlib's gz functions, which read raw and gzipped files alike. */
#include "data/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    UNPACK_BUFFER = 1 << 17,
    READ_MAX = 1 << 30, /* gzread counts in int */
};

gradus_status gr_stream_open(const char *path, input_stream *out)
{
    gradus_status status = GRADUS_OK;
    struct stat found;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0 || fstat(descriptor, &found) != 0)
        FAIL(GRADUS_ERROR_NO_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
    if (S_ISDIR(found.st_mode))
        FAIL(GRADUS_ERROR_NO_INPUT, "%s: found a folder, expected a file", path);
    gzFile file = gzdopen(descriptor, "rb");
    if (file == NULL)
        FAIL(GRADUS_ERROR_MEMORY, "%s: out of memory for unpacking", path);
    descriptor = -1;
    gzbuffer(file, UNPACK_BUFFER);
    *out = (input_stream){.file = file, .path = path};
cleanup:
    if (descriptor >= 0)
        close(descriptor);
    return status;
}

/* What zlib has to say after a read that came back short; nothing, at the regular end of a file. */
static gradus_status stream_state(const input_stream *stream)
{
    int code = Z_OK;
    gzerror(stream->file, &code);
    switch (code) {
    case Z_OK:
    case Z_STREAM_END:
        return GRADUS_OK;
    case Z_BUF_ERROR:
        return gr_fail(GRADUS_ERROR_DATA,
                       "%s: byte %zu (unpacked): found the end of the file within gzip data, "
                       "which are cut off",
                       stream->path, stream->offset);
    case Z_ERRNO:
        return gr_fail(GRADUS_ERROR_IO, "%s: byte %zu: cannot be read: %s", stream->path, stream->offset,
                       strerror(errno));
    case Z_MEM_ERROR:
        return gr_fail(GRADUS_ERROR_MEMORY, "%s: out of memory for unpacking", stream->path);
    default:
        return gr_fail(GRADUS_ERROR_DATA,
                       "%s: somewhere after byte %zu (unpacked): found damaged gzip data, whose code or "
                       "checksum is wrong",
                       stream->path, stream->offset);
    }
}

gradus_status gr_stream_read(input_stream *stream, void *bytes, size_t size, size_t *got)
{
    size_t count = 0;
    int read = 1;
    while (count < size && read > 0) {
        size_t rest = size - count;
        read = gzread(stream->file, (uint8_t *)bytes + count, rest < READ_MAX ? (unsigned)rest : READ_MAX);
        if (read > 0)
            count += (size_t)read;
    }
    stream->offset += count;
    *got = count;
    return count < size ? stream_state(stream) : GRADUS_OK;
}

void gr_stream_close(input_stream *stream)
{
    if (stream->file != NULL)
        gzclose(stream->file);
    *stream = (input_stream){0};
}
