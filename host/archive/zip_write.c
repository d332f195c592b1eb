/* SPDX-License-Identifier: Apache-2.0 */
/* Writing archives: each entry as it comes, the directory at the end. */
#include "archive/zip.h"
#include "archive/zip_format.h"
#include "core/memory.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Fills in the directory's record of an entry; the name follows it. */
static void describe(const zip_writer *writer, size_t name_length, const zip_piece *pieces, size_t piece_count,
                     unsigned char record[CENTRAL_SIZE])
{
    uint64_t size = 0;
    uLong checksum = crc32_z(0, NULL, 0);
    for (size_t i = 0; i < piece_count; i++) {
        checksum = crc32_z(checksum, pieces[i].bytes, pieces[i].size);
        size += pieces[i].size;
    }
    memset(record, 0, CENTRAL_SIZE);
    gr_put32(record, CENTRAL_SIGNATURE);
    gr_put16(record + CENTRAL_VERSION - 2, ZIP_VERSION);
    gr_put16(record + CENTRAL_VERSION, ZIP_VERSION);
    gr_put16(record + CENTRAL_METHOD, ZIP_STORED);
    gr_put16(record + CENTRAL_DATE, ZIP_DATE);
    gr_put32(record + CENTRAL_CHECKSUM, checksum);
    gr_put32(record + CENTRAL_PACKED, size);
    gr_put32(record + CENTRAL_UNPACKED, size);
    gr_put16(record + CENTRAL_NAME_LENGTH, name_length);
    gr_put32(record + CENTRAL_POSITION, writer->position);
}

static gradus_status write_bytes(zip_writer *writer, const void *bytes, size_t size)
{
    writer->position += size;
    return gr_output_write(writer->file, bytes, size);
}

/* Appends the entry to the directory that will be written at the end. */
static gradus_status remember(zip_writer *writer, const unsigned char record[CENTRAL_SIZE], const char *name)
{
    const size_t name_length = strlen(name), size = writer->directory_size + CENTRAL_SIZE + name_length;
    unsigned char *directory = realloc(writer->directory, size);
    if (directory == NULL)
        return gr_fail(GRADUS_ERROR_MEMORY, "out of memory: the directory of a ZIP archive");
    memcpy(directory + writer->directory_size, record, CENTRAL_SIZE);
    memcpy(directory + writer->directory_size + CENTRAL_SIZE, name, name_length);
    writer->directory = directory;
    writer->directory_size = size;
    writer->count++;
    return GRADUS_OK;
}

/* With one more entry and its record in the directory, all positions must stay below 4 GiB. */
static gradus_status check_room(const zip_writer *writer, size_t name_length, const zip_piece *pieces, size_t count)
{
    uint64_t end = writer->position + writer->directory_size + LOCAL_SIZE + CENTRAL_SIZE + 2 * name_length;
    for (size_t i = 0; i < count; i++)
        end += pieces[i].size;
    if (end >= UINT32_MAX || writer->count == UINT16_MAX - 1)
        return gr_fail(GRADUS_ERROR_ARGUMENT, "%s: more than the 4 GiB or 65,534 entries that a ZIP archive can hold",
                       writer->file->path);
    return GRADUS_OK;
}

gradus_status gr_zip_add(zip_writer *writer, const char *name, const zip_piece *pieces, size_t piece_count)
{
    gradus_status status = GRADUS_OK;
    const size_t name_length = strlen(name);
    unsigned char record[CENTRAL_SIZE], header[LOCAL_SIZE] = {0};

    TRY(check_room(writer, name_length, pieces, piece_count));
    describe(writer, name_length, pieces, piece_count, record);
    TRY(remember(writer, record, name));
    gr_put32(header, LOCAL_SIGNATURE);
    memcpy(header + 4, record + CENTRAL_VERSION, LOCAL_SIZE - 4);
    gr_put16(header + LOCAL_EXTRA_LENGTH, 0);
    TRY(write_bytes(writer, header, sizeof header));
    TRY(write_bytes(writer, name, name_length));
    for (size_t i = 0; i < piece_count; i++)
        TRY(write_bytes(writer, pieces[i].bytes, pieces[i].size));
cleanup:
    return status;
}

gradus_status gr_zip_finish(zip_writer *writer)
{
    gradus_status status = GRADUS_OK;
    unsigned char end[END_SIZE] = {0};
    gr_put32(end, END_SIGNATURE);
    gr_put16(end + END_COUNT_HERE, writer->count);
    gr_put16(end + END_COUNT, writer->count);
    gr_put32(end + END_DIRECTORY_SIZE, writer->directory_size);
    gr_put32(end + END_DIRECTORY, writer->position);
    TRY(write_bytes(writer, writer->directory, writer->directory_size));
    TRY(write_bytes(writer, end, sizeof end));
cleanup:
    return status;
}

void gr_zip_writer_free(zip_writer *writer)
{
    free(writer->directory);
    *writer = (zip_writer){0};
}
