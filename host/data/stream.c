/* SPDX-License-Identifier: Apache-2.0 */
/* Streams use zlib's inflate. Its gz functions would accept a file that ends within its checksum, and ignore bytes
 * after the compressed data. */
#include "data/stream.h"
#include "core/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BUFFER_SIZE = 1 << 17,
    PIECE_MAX = 1 << 30,   /* zlib counts in unsigned int */
    GZIP_WINDOW = 15 + 16, /* any window, with gzip's header and checksum */
};

static const uint8_t magic[2] = {0x1f, 0x8b};

/* Makes sure that `wanted` bytes of the file are in the buffer, or fewer only at its end. `wanted` may be more than one
 * only before the first byte is consumed. */
static gradus_status fetch(input_stream *stream, unsigned wanted)
{
    z_stream *unpacker = &stream->unpacker;
    if (unpacker->avail_in == 0)
        unpacker->next_in = stream->buffer;
    while (unpacker->avail_in < wanted) {
        uint8_t *end = unpacker->next_in + unpacker->avail_in;
        const ssize_t got = read(stream->descriptor, end, (size_t)(stream->buffer + BUFFER_SIZE - end));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return gr_fail(GRADUS_ERROR_IO, "%s: byte %zu: cannot be read: %s", stream->path, stream->offset,
                           strerror(errno));
        if (got == 0)
            break;
        unpacker->avail_in += (unsigned)got;
    }
    return GRADUS_OK;
}

void gr_stream_close(input_stream *stream)
{
    if (stream->buffer != NULL)
        close(stream->descriptor);
    if (stream->gzipped)
        inflateEnd(&stream->unpacker);
    free(stream->buffer);
    *stream = (input_stream){0};
}

gradus_status gr_stream_open(const char *path, input_stream *out)
{
    gradus_status status = GRADUS_OK;
    struct stat found;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);

    *out = (input_stream){.path = path};
    if (descriptor < 0 || fstat(descriptor, &found) != 0)
        FAIL(GRADUS_ERROR_NO_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
    if (S_ISDIR(found.st_mode))
        FAIL(GRADUS_ERROR_NO_INPUT, "%s: found a folder, expected a file", path);
    TRY(gr_allocate(BUFFER_SIZE, &out->buffer));
    out->descriptor = descriptor;
    descriptor = -1;
    TRY(fetch(out, sizeof magic));
    out->gzipped = out->unpacker.avail_in >= sizeof magic && memcmp(out->buffer, magic, sizeof magic) == 0;
    if (out->gzipped && inflateInit2(&out->unpacker, GZIP_WINDOW) != Z_OK)
        FAIL(GRADUS_ERROR_MEMORY, "%s: out of memory for unpacking", path);
cleanup:
    if (descriptor >= 0)
        close(descriptor);
    if (status != GRADUS_OK)
        gr_stream_close(out);
    return status;
}

/* Unpacks until the buffer is empty or the output full, or a member of the gzip file ends; a file may have several. */
static gradus_status unpack(input_stream *stream)
{
    z_stream *unpacker = &stream->unpacker;
    const unsigned room = unpacker->avail_out;

    if (!stream->within_member) {
        if (unpacker->next_in[0] != magic[0])
            return gr_fail(
                GRADUS_ERROR_DATA,
                "%s: byte %zu (unpacked): found more bytes after the gzip data, expected the end of the file",
                stream->path, stream->offset);
        inflateReset(unpacker);
        stream->within_member = true;
    }
    const int code = inflate(unpacker, Z_NO_FLUSH);
    stream->offset += room - unpacker->avail_out;
    if (code == Z_MEM_ERROR)
        return gr_fail(GRADUS_ERROR_MEMORY, "%s: out of memory for unpacking", stream->path);
    if (code != Z_OK && code != Z_STREAM_END)
        return gr_fail(GRADUS_ERROR_DATA,
                       "%s: at or before byte %zu (unpacked): found damaged gzip data, whose code or checksum is "
                       "wrong",
                       stream->path, stream->offset);
    stream->within_member = code == Z_OK;
    return GRADUS_OK;
}

/* Copies from the buffer, without unpacking. */
static void copy(input_stream *stream)
{
    z_stream *from = &stream->unpacker;
    const unsigned size = from->avail_in < from->avail_out ? from->avail_in : from->avail_out;
    memcpy(from->next_out, from->next_in, size);
    from->next_in += size;
    from->avail_in -= size;
    stream->offset += size;
}

gradus_status gr_stream_read(input_stream *stream, void *bytes, size_t size, size_t *got)
{
    gradus_status status = GRADUS_OK;
    z_stream *unpacker = &stream->unpacker;
    const size_t start = stream->offset;

    for (size_t count = 0; count < size; count = stream->offset - start) {
        TRY(fetch(stream, 1));
        if (unpacker->avail_in == 0 && stream->within_member)
            FAIL(GRADUS_ERROR_DATA,
                 "%s: byte %zu (unpacked): found the end of the file within gzip data, which are cut off",
                 stream->path, stream->offset);
        if (unpacker->avail_in == 0)
            break;
        unpacker->next_out = (uint8_t *)bytes + count;
        unpacker->avail_out = size - count < PIECE_MAX ? (unsigned)(size - count) : PIECE_MAX;
        if (stream->gzipped)
            TRY(unpack(stream));
        else
            copy(stream);
    }
cleanup:
    *got = stream->offset - start;
    return status;
}
