/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads archives. The directory at the end says where everything is; each position and length in it is checked against
 * the size of the file before it is used. Local headers repeat the directory; only their lengths are read.
 */
#include "archive/zip.h"
#include "archive/zip_format.h"
#include "core/memory.h"
#include "core/printable.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
    COMMENT_MAX = UINT16_MAX,
    DEFLATE_RATIO_MAX = 1032, /* bytes that one byte can unpack to */
};

static gradus_status broken(const zip_archive *archive, const char *what)
{
    return gr_fail(GRADUS_ERROR_DATA, "%s: ZIP archive: %s", archive->file.path, what);
}

/* ---- Directory ---- */

/* Reads the record at the end of the file, which a comment may follow. *position is its position. */
static gradus_status find_end(const zip_archive *archive, unsigned char end[END_SIZE], uint64_t *position)
{
    gradus_status status = GRADUS_OK;
    unsigned char *tail = NULL; // (tail_size), the file's last bytes
    const uint64_t size = archive->file.size, longest = END_SIZE + COMMENT_MAX;
    const size_t tail_size = (size_t)(size < longest ? size : longest);
    bool found = false;

    if (tail_size < END_SIZE)
        FAIL(GRADUS_ERROR_DATA, "%s: ZIP archive: truncated: %" PRIu64 " bytes, expected at least %d",
             archive->file.path, size, END_SIZE);
    TRY(gr_allocate(tail_size, &tail));
    TRY(gr_input_read_at(&archive->file, size - tail_size, tail, tail_size));
    for (size_t at = tail_size - END_SIZE + 1; at-- > 0 && !found;)
        if (gr_get32(tail + at) == END_SIGNATURE &&
            at + END_SIZE + gr_get16(tail + at + END_COMMENT_LENGTH) == tail_size) {
            memcpy(end, tail + at, END_SIZE);
            *position = size - tail_size + at;
            found = true;
        }
    if (!found)
        TRY(broken(archive, "no directory at the end of the file: truncated, or not an archive"));
cleanup:
    free(tail);
    return status;
}

/* Reads one entry of the directory, of which `left` bytes remain; *used is the size of the entry. */
static gradus_status read_record(const zip_archive *archive, const unsigned char *record, size_t left,
                                 uint64_t directory, zip_entry *entry, size_t *used)
{
    if (left < CENTRAL_SIZE || gr_get32(record) != CENTRAL_SIGNATURE)
        return broken(archive, "its directory is broken");
    const size_t name_length = gr_get16(record + CENTRAL_NAME_LENGTH);
    *used = CENTRAL_SIZE + name_length + gr_get16(record + CENTRAL_EXTRA_LENGTH) +
            gr_get16(record + CENTRAL_COMMENT_LENGTH);
    if (*used > left)
        return broken(archive, "its directory is broken");
    *entry = (zip_entry){
        .header = gr_get32(record + CENTRAL_POSITION),
        .packed = gr_get32(record + CENTRAL_PACKED),
        .size = gr_get32(record + CENTRAL_UNPACKED),
        .checksum = gr_get32(record + CENTRAL_CHECKSUM),
        .method = gr_get16(record + CENTRAL_METHOD),
    };
    entry->name = strndup((const char *)record + CENTRAL_SIZE, name_length);
    if (entry->name == NULL)
        return gr_fail(GRADUS_ERROR_MEMORY, "out of memory: a name in a ZIP archive");
    const printable name = gr_printable(entry->name);
    if (strlen(entry->name) != name_length)
        return broken(archive, "a name in it has a byte of 0");
    if (entry->packed == UINT32_MAX || entry->size == UINT32_MAX || entry->header == UINT32_MAX)
        return gr_fail(GRADUS_ERROR_DATA, "%s: ZIP entry \"%s\": 4 GiB or more, expected less", archive->file.path,
                       name.text);
    if (gr_get16(record + CENTRAL_FLAGS) & ZIP_FLAG_ENCRYPTED)
        return gr_fail(GRADUS_ERROR_DATA, "%s: ZIP entry \"%s\": encrypted", archive->file.path, name.text);
    if (entry->header + LOCAL_SIZE + name_length + entry->packed > directory)
        return gr_fail(GRADUS_ERROR_DATA, "%s: ZIP entry \"%s\": reaches past the directory at byte %" PRIu64,
                       archive->file.path, name.text, directory);
    return GRADUS_OK;
}

static gradus_status read_directory(zip_archive *archive)
{
    gradus_status status = GRADUS_OK;
    unsigned char end[END_SIZE] = {0}, *directory = NULL; // (size)
    uint64_t end_position = 0;

    TRY(find_end(archive, end, &end_position));
    const uint64_t position = gr_get32(end + END_DIRECTORY);
    const size_t size = gr_get32(end + END_DIRECTORY_SIZE), count = gr_get16(end + END_COUNT);
    if (gr_get16(end + END_DISK) != 0 || gr_get16(end + END_DIRECTORY_DISK) != 0 ||
        gr_get16(end + END_COUNT_HERE) != count)
        TRY(broken(archive, "one of several parts"));
    /* Some writers put the records that only archives of more than 4 GiB need between the two. */
    if (position + size > end_position)
        FAIL(GRADUS_ERROR_DATA,
             "%s: ZIP archive: directory of %zu bytes at byte %" PRIu64 ", expected it to end by byte %" PRIu64,
             archive->file.path, size, position, end_position);
    if (count == 0)
        TRY(broken(archive, "empty"));
    TRY(gr_allocate(size + 1, &directory));
    TRY(gr_allocate(count, &archive->entries));
    TRY(gr_input_read_at(&archive->file, position, directory, size));
    size_t at = 0, used = 0;
    for (size_t i = 0; i < count; i++, at += used) {
        archive->count = i + 1; /* so that its name is freed even if it is refused */
        TRY(read_record(archive, directory + at, size - at, position, &archive->entries[i], &used));
    }
    if (at != size)
        TRY(broken(archive, "its directory is broken"));
cleanup:
    free(directory);
    return status;
}

gradus_status gr_zip_recognise(const char *path, const char *expected, bool *is_zip)
{
    gradus_status status = GRADUS_OK;
    input_file file = {0};
    unsigned char start[4] = {0};

    TRY(gr_input_open(path, expected, &file));
    if (file.size >= sizeof start)
        TRY(gr_input_read(&file, start, sizeof start));
    const uint32_t signature = gr_get32(start);
    *is_zip = signature == LOCAL_SIGNATURE || signature == END_SIGNATURE;
cleanup:
    gr_input_close(&file);
    return status;
}

gradus_status gr_zip_open(const char *path, const char *expected, zip_archive *out)
{
    gradus_status status = GRADUS_OK;
    zip_archive archive = {0};

    TRY(gr_input_open(path, expected, &archive.file));
    TRY(read_directory(&archive));
    *out = archive;
    archive = (zip_archive){0};
cleanup:
    gr_zip_close(&archive);
    return status;
}

void gr_zip_close(zip_archive *archive)
{
    for (size_t i = 0; i < archive->count; i++)
        free(archive->entries[i].name);
    free(archive->entries);
    gr_input_close(&archive->file);
    *archive = (zip_archive){0};
}

/* ---- Entries ---- */

static gradus_status entry_broken(const zip_archive *archive, const zip_entry *entry, const char *what)
{
    return gr_fail(GRADUS_ERROR_DATA, "%s: ZIP entry \"%s\": %s", archive->file.path, gr_printable(entry->name).text,
                   what);
}

/* Finds the entry's data. A local header's extra field may be longer than the directory's. */
static gradus_status find_data(const zip_archive *archive, const zip_entry *entry, uint64_t *position)
{
    gradus_status status = GRADUS_OK;
    unsigned char header[LOCAL_SIZE];
    TRY(gr_input_read_at(&archive->file, entry->header, header, sizeof header));
    if (gr_get32(header) != LOCAL_SIGNATURE)
        TRY(entry_broken(archive, entry, "does not begin where the directory says"));
    *position =
        entry->header + LOCAL_SIZE + gr_get16(header + LOCAL_NAME_LENGTH) + gr_get16(header + LOCAL_EXTRA_LENGTH);
    if (*position + entry->packed > archive->file.size)
        TRY(entry_broken(archive, entry, "reaches past the end of the file"));
cleanup:
    return status;
}

/* Unpacks raw deflate data, which must give exactly `size` bytes. */
static bool inflate_all(unsigned char *packed, size_t packed_size, unsigned char *bytes, size_t size)
{
    z_stream stream = {.next_in = packed, .avail_in = (uInt)packed_size, .next_out = bytes, .avail_out = (uInt)size};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
        return false;
    const bool complete = inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_in == 0 && stream.avail_out == 0;
    inflateEnd(&stream);
    return complete;
}

static gradus_status check_sizes(const zip_archive *archive, const zip_entry *entry)
{
    if (entry->method != ZIP_STORED && entry->method != ZIP_DEFLATED)
        return gr_fail(GRADUS_ERROR_DATA, "%s: ZIP entry \"%s\": method %u, expected 0 (stored) or 8 (deflate)",
                       archive->file.path, gr_printable(entry->name).text, entry->method);
    const bool fits =
        entry->method == ZIP_STORED ? entry->size == entry->packed : entry->size <= entry->packed * DEFLATE_RATIO_MAX;
    return fits ? GRADUS_OK : entry_broken(archive, entry, "its two sizes contradict each other");
}

gradus_status gr_zip_read(const zip_archive *archive, const zip_entry *entry, unsigned char **out)
{
    gradus_status status = GRADUS_OK;
    unsigned char *packed = NULL, *bytes = NULL; // (packed), (size)
    uint64_t position = 0;

    TRY(check_sizes(archive, entry));
    TRY(find_data(archive, entry, &position));
    TRY(gr_allocate(entry->packed + 1, &packed));
    TRY(gr_input_read_at(&archive->file, position, packed, entry->packed));
    if (entry->method == ZIP_STORED) {
        bytes = packed;
        packed = NULL;
    } else {
        TRY(gr_allocate(entry->size + 1, &bytes));
        if (!inflate_all(packed, entry->packed, bytes, entry->size))
            TRY(entry_broken(archive, entry, "its packed data are broken"));
    }
    if (crc32_z(0, bytes, entry->size) != entry->checksum)
        TRY(entry_broken(archive, entry, "its checksum is wrong"));
    *out = bytes;
    bytes = NULL;
cleanup:
    free(bytes);
    free(packed);
    return status;
}
