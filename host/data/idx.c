/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IDX files, the format of MNIST: big-endian 32-bit words (magic number, sizes), then bytes. The magic number is 0x800,
 * which means bytes, plus the number of dimensions.
 */
#include "data/bytes.h"
#include "data/dataset.h"
#include "data/stream.h"

enum {
    IMAGES_MAGIC = 0x803,
    LABELS_MAGIC = 0x801,
    SIDE_MAX = 65535,      /* a larger image is considered a damaged header */
    FIRST_PIECE = 1 << 20, /* bytes allocated before any has arrived */
    WORDS_MAX = 4,
};

/* The words that begin a file: magic number, count of samples, and for images height and width. */
typedef struct idx_header {
    uint32_t words[WORDS_MAX];
} idx_header;

static gradus_status read_header(input_stream *stream, uint32_t magic, const char *content, idx_header *header)
{
    gradus_status status = GRADUS_OK;
    uint8_t bytes[4 * WORDS_MAX];
    const size_t size = 4 * (1 + (magic & 0xff));
    size_t got = 0;

    TRY(gr_stream_read(stream, bytes, size, &got));
    for (size_t i = 0; i < got / 4; i++) {
        const uint8_t *word = bytes + 4 * i;
        header->words[i] = (uint32_t)word[0] << 24 | (uint32_t)word[1] << 16 | (uint32_t)word[2] << 8 | word[3];
    }
    if (got >= 4 && header->words[0] != magic)
        FAIL(GRADUS_ERROR_DATA, "%s: byte 0: found 0x%08x, expected 0x%08x for IDX %s", stream->path, header->words[0],
             magic, content);
    if (got < size)
        FAIL(GRADUS_ERROR_DATA, "%s: byte %zu: found the end of the file, expected an IDX header of %zu bytes",
             stream->path, got, size);
    if (header->words[1] == 0)
        FAIL(GRADUS_ERROR_DATA, "%s: byte 4: found 0 %s, expected at least 1", stream->path, content);
cleanup:
    return status;
}

/* Reads exactly `size` bytes up to the end of the file, in pieces that double, so that memory follows the data. */
static gradus_status read_body(input_stream *stream, size_t size, const char *content, byte_list *body)
{
    gradus_status status = GRADUS_OK;
    uint8_t extra = 0;
    size_t got = 0;

    while (body->size < size) {
        size_t piece = body->size < FIRST_PIECE ? FIRST_PIECE : body->size;
        piece = piece < size - body->size ? piece : size - body->size;
        TRY(gr_bytes_reserve(body, piece));
        TRY(gr_stream_read(stream, body->bytes + body->size, piece, &got));
        body->size += got;
        if (got < piece)
            FAIL(GRADUS_ERROR_DATA,
                 "%s: byte %zu: found the end of the file, expected %zu bytes of %s in all, %zu more", stream->path,
                 stream->offset, size, content, size - body->size);
    }
    TRY(gr_stream_read(stream, &extra, 1, &got));
    if (got != 0)
        FAIL(GRADUS_ERROR_DATA, "%s: byte %zu: found more bytes, expected the end of the file after %zu bytes of %s",
             stream->path, stream->offset - 1, size, content);
cleanup:
    return status;
}

static gradus_status check_sides(const char *path, const idx_header *header)
{
    for (size_t i = 2; i < 4; i++) {
        if (header->words[i] == 0 || header->words[i] > SIDE_MAX)
            return gr_fail(GRADUS_ERROR_DATA, "%s: byte %zu: found an image %s of %u, expected 1..%d", path, 4 * i,
                           i == 2 ? "height" : "width", header->words[i], SIDE_MAX);
    }
    return GRADUS_OK;
}

/* Header words and pixels (width * height x samples). */
static gradus_status read_images(const char *path, idx_header *header, byte_list *pixels)
{
    gradus_status status = GRADUS_OK;
    input_stream stream = {0};
    size_t size = 0;

    TRY(gr_stream_open(path, &stream));
    TRY(read_header(&stream, IMAGES_MAGIC, "images", header));
    TRY(check_sides(path, header));
    if (__builtin_mul_overflow((size_t)header->words[2] * header->words[3], (size_t)header->words[1], &size))
        FAIL(GRADUS_ERROR_DATA, "%s: byte 4: found %u images of %u x %u, expected no more than can be addressed", path,
             header->words[1], header->words[3], header->words[2]);
    TRY(read_body(&stream, size, "pixels", pixels));
cleanup:
    gr_stream_close(&stream);
    return status;
}

/* One label for each of `samples` images. */
static gradus_status read_labels(const char *path, const char *image_path, uint32_t samples, byte_list *labels)
{
    gradus_status status = GRADUS_OK;
    input_stream stream = {0};
    idx_header header;

    TRY(gr_stream_open(path, &stream));
    TRY(read_header(&stream, LABELS_MAGIC, "labels", &header));
    if (header.words[1] != samples)
        FAIL(GRADUS_ERROR_DATA, "%s: byte 4: found %u labels, expected %u, one for each image of %s", path,
             header.words[1], samples, image_path);
    TRY(read_body(&stream, samples, "labels", labels));
cleanup:
    gr_stream_close(&stream);
    return status;
}

gradus_status gr_idx_read(const char *image_path, const char *label_path, gradus_dataset **out)
{
    gradus_status status = GRADUS_OK;
    byte_list pixels = {0}, labels = {0}; /* (F x B), (B) */
    idx_header header;

    TRY(read_images(image_path, &header, &pixels));
    TRY(read_labels(label_path, image_path, header.words[1], &labels));
    TRY(gr_dataset_adopt(gr_bytes_release(&pixels), gr_bytes_release(&labels), header.words[1], header.words[3],
                         header.words[2], out));
cleanup:
    gr_bytes_free(&pixels);
    gr_bytes_free(&labels);
    return status;
}
