/* SPDX-License-Identifier: Apache-2.0 */
/* Written archives, and damaged ones. */
#include "archive/zip.h"
#include "archive/zip_format.h"
#include "scratch.h"

#define TEXT "seven times seven times seven times seven"

/* Writes an archive of "one" (TEXT in two pieces) and "two" (empty). */
static char *write_archive(void)
{
    output_file file = {0};
    char *path = scratch_path("a.zip");
    assert_ok(gr_output_open(path, &file));
    zip_writer writer = {.file = &file};
    const zip_piece pieces[] = {{TEXT, 5}, {&TEXT[5], sizeof TEXT - 1 - 5}};
    assert_ok(gr_zip_add(&writer, "one", pieces, 2));
    assert_ok(gr_zip_add(&writer, "two", NULL, 0));
    assert_ok(gr_zip_finish(&writer));
    assert_ok(gr_output_commit(&file));
    gr_zip_writer_free(&writer);
    return path;
}

/* An archive with one entry "t" with the given data, and the positions of its records, which a test may damage. */
typedef struct one_entry {
    unsigned char bytes[512];
    size_t size, central, end; /* where the records begin */
} one_entry;

static one_entry make_archive(const void *packed, size_t packed_size, const void *text, size_t size, unsigned method)
{
    one_entry out = {0};
    out.central = LOCAL_SIZE + 1 + packed_size;
    out.end = out.central + CENTRAL_SIZE + 1;
    out.size = out.end + END_SIZE;
    assert_true(out.size <= sizeof out.bytes);
    unsigned char *local = out.bytes, *central = local + out.central, *end = local + out.end;
    gr_put32(local, LOCAL_SIGNATURE);
    gr_put16(local + LOCAL_NAME_LENGTH, 1);
    local[LOCAL_SIZE] = 't';
    memcpy(local + LOCAL_SIZE + 1, packed, packed_size);
    gr_put32(central, CENTRAL_SIGNATURE);
    gr_put16(central + CENTRAL_METHOD, method);
    gr_put32(central + CENTRAL_CHECKSUM, crc32(0, text, (unsigned)size));
    gr_put32(central + CENTRAL_PACKED, packed_size);
    gr_put32(central + CENTRAL_UNPACKED, size);
    gr_put16(central + CENTRAL_NAME_LENGTH, 1);
    central[CENTRAL_SIZE] = 't';
    gr_put32(end, END_SIGNATURE);
    gr_put16(end + END_COUNT_HERE, 1);
    gr_put16(end + END_COUNT, 1);
    gr_put32(end + END_DIRECTORY_SIZE, CENTRAL_SIZE + 1);
    gr_put32(end + END_DIRECTORY, out.central);
    return out;
}

static one_entry stored(void)
{
    return make_archive(TEXT, sizeof TEXT - 1, TEXT, sizeof TEXT - 1, ZIP_STORED);
}

static one_entry deflated(void)
{
    unsigned char packed[256];
    z_stream stream = {.next_in = (unsigned char *)(uintptr_t)TEXT, .avail_in = sizeof TEXT - 1};
    stream.next_out = packed;
    stream.avail_out = sizeof packed;
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    assert_true(stream.total_out < sizeof TEXT - 1);
    return make_archive(packed, stream.total_out, TEXT, sizeof TEXT - 1, ZIP_DEFLATED);
}

/* Opens it and reads the first entry. */
static gradus_status read_first(const void *bytes, size_t size, unsigned char **text)
{
    zip_archive archive = {0};
    gradus_status status = gr_zip_open(scratch_write("a.zip", bytes, size), "an archive", &archive);
    if (status == GRADUS_OK)
        status = gr_zip_read(&archive, &archive.entries[0], text);
    gr_zip_close(&archive);
    return status;
}

static void assert_reads(const one_entry *archive)
{
    unsigned char *text = NULL;
    assert_ok(read_first(archive->bytes, archive->size, &text));
    assert_memory_equal(text, TEXT, sizeof TEXT - 1);
    free(text);
}

static void assert_refused(const one_entry *archive, const char *message)
{
    unsigned char *text = NULL;
    assert_fails(read_first(archive->bytes, archive->size, &text), GRADUS_ERROR_DATA, message);
    assert_null(text);
}

static void test_round_trip(void **state)
{
    (void)state;
    zip_archive archive = {0};
    unsigned char *bytes = NULL;
    assert_ok(gr_zip_open(write_archive(), "an archive", &archive));
    assert_int_equal(archive.count, 2);
    assert_string_equal(archive.entries[0].name, "one");
    assert_string_equal(archive.entries[1].name, "two");
    assert_int_equal(archive.entries[0].size, sizeof TEXT - 1);
    assert_ok(gr_zip_read(&archive, &archive.entries[0], &bytes));
    assert_memory_equal(bytes, TEXT, sizeof TEXT - 1);
    free(bytes);
    assert_int_equal(archive.entries[1].size, 0);
    assert_ok(gr_zip_read(&archive, &archive.entries[1], &bytes));
    free(bytes);
    gr_zip_close(&archive);
}

static void test_too_large(void **state)
{
    (void)state;
    output_file file = {.path = scratch_path("a.zip")};
    zip_writer writer = {.file = &file, .position = 4000000000u};
    const zip_piece piece = {TEXT, 300000000u}; /* only its size is read */
    assert_fails(gr_zip_add(&writer, "one", &piece, 1), GRADUS_ERROR_ARGUMENT, "a.zip: more than the 4 GiB");
    writer = (zip_writer){.file = &file, .count = UINT16_MAX - 1};
    assert_fails(gr_zip_add(&writer, "one", NULL, 0), GRADUS_ERROR_ARGUMENT, "65,534 entries");
}

/* A comment after the end is accepted, and so are bytes in it that look like an end, and a gap before it. */
static void test_packed_and_commented(void **state)
{
    (void)state;
    one_entry archive = deflated();
    assert_reads(&archive);
    archive = stored();
    assert_reads(&archive);
    gr_put16(archive.bytes + archive.end + END_COMMENT_LENGTH, 30);
    memset(archive.bytes + archive.size, 'x', 30);
    gr_put32(archive.bytes + archive.size + 2, END_SIGNATURE);
    archive.size += 30;
    assert_reads(&archive);
    archive = stored();
    memmove(archive.bytes + archive.end + 40, archive.bytes + archive.end, END_SIZE);
    archive.size += 40;
    assert_reads(&archive);
}

static void test_every_truncation(void **state)
{
    (void)state;
    one_entry archives[] = {stored(), deflated()};
    for (size_t i = 0; i < 2; i++)
        while (archives[i].size-- > 0)
            assert_refused(&archives[i], "a.zip: ZIP archive: ");
}

/* Any change of one byte is refused or does not change the text. */
static void test_every_change(void **state)
{
    (void)state;
    static const unsigned char masks[] = {1, 128, 255};
    const one_entry archives[] = {stored(), deflated()};
    size_t refused = 0;
    for (size_t i = 0; i < 2; i++)
        for (size_t at = 0; at < archives[i].size; at++)
            for (size_t m = 0; m < 3; m++) {
                one_entry broken = archives[i];
                unsigned char *text = NULL;
                broken.bytes[at] ^= masks[m];
                if (read_first(broken.bytes, broken.size, &text) == GRADUS_OK)
                    assert_memory_equal(text, TEXT, sizeof TEXT - 1);
                else
                    refused++;
                free(text);
            }
    assert_true(refused > 300); /* of about 750; the others change dates, versions, the name */
}

static void test_fields(void **state)
{
    (void)state;
    static const struct {
        size_t in_central, in_end; /* the field; one of them is 0 */
        size_t size;
        uint32_t value;
        const char *message;
    } cases[] = {
        {CENTRAL_FLAGS, 0, 2, 1, "ZIP entry \"t\": encrypted"},
        {CENTRAL_METHOD, 0, 2, 12, "ZIP entry \"t\": method 12, expected 0 (stored) or 8 (deflate)"},
        {CENTRAL_CHECKSUM, 0, 4, 1, "ZIP entry \"t\": its checksum is wrong"},
        {CENTRAL_PACKED, 0, 4, UINT32_MAX, "ZIP entry \"t\": 4 GiB or more"},
        {CENTRAL_UNPACKED, 0, 4, UINT32_MAX, "ZIP entry \"t\": 4 GiB or more"},
        {CENTRAL_UNPACKED, 0, 4, UINT32_MAX - 1, "ZIP entry \"t\": its two sizes contradict each other"},
        {CENTRAL_PACKED, 0, 4, 200, "ZIP entry \"t\": reaches past the directory"},
        {CENTRAL_POSITION, 0, 4, 3, "ZIP entry \"t\": reaches past the directory"},
        {CENTRAL_NAME_LENGTH, 0, 2, 2, "its directory is broken"},
        {CENTRAL_EXTRA_LENGTH, 0, 2, 999, "its directory is broken"},
        {0, END_COUNT, 2, 2, "one of several parts"},
        {0, END_DISK, 2, 1, "one of several parts"},
        {0, END_DIRECTORY, 4, 7, "its directory is broken"},
        {0, END_DIRECTORY_SIZE, 4, 46, "its directory is broken"},
        {0, END_DIRECTORY, 4, 73, "directory of 47 bytes at byte 73, expected it to end by byte "},
        {0, END_DIRECTORY_SIZE, 4, UINT32_MAX, "directory of 4294967295 bytes"},
        {0, END_COMMENT_LENGTH, 2, 1, "no directory at the end of the file: truncated, or not an archive"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        one_entry archive = stored();
        unsigned char *at = cases[i].in_end > 0 ? archive.bytes + archive.end + cases[i].in_end
                                                : archive.bytes + archive.central + cases[i].in_central;
        if (cases[i].size == 2)
            gr_put16(at, cases[i].value);
        else
            gr_put32(at, cases[i].value);
        assert_refused(&archive, cases[i].message);
    }
    one_entry archive = stored();
    archive.bytes[0] = 'x';
    assert_refused(&archive, "ZIP entry \"t\": does not begin where the directory says");
    archive = deflated();
    memset(archive.bytes + LOCAL_SIZE + 1, 0xff, 4);
    assert_refused(&archive, "ZIP entry \"t\": its packed data are broken");
    archive = stored();
    archive.bytes[archive.central + CENTRAL_SIZE] = '\0';
    assert_refused(&archive, "a name in it has a byte of 0");
    archive = stored();
    memset(archive.bytes + archive.end + END_COUNT_HERE, 0, 4);
    gr_put32(archive.bytes + archive.end + END_DIRECTORY_SIZE, 0);
    gr_put32(archive.bytes + archive.end + END_DIRECTORY, archive.end);
    assert_refused(&archive, "ZIP archive: empty");
}

static void test_no_file(void **state)
{
    (void)state;
    zip_archive archive = {0};
    assert_fails(gr_zip_open(scratch_path("none.zip"), "an archive", &archive), GRADUS_ERROR_NO_INPUT,
                 "none.zip: cannot be opened: No such file");
    assert_fails(gr_zip_open(scratch_folder, "an archive", &archive), GRADUS_ERROR_NO_INPUT,
                 "not a regular file, expected an archive");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_round_trip),       scratch_test(test_too_large),    scratch_test(test_packed_and_commented),
        scratch_test(test_every_truncation), scratch_test(test_every_change), scratch_test(test_fields),
        scratch_test(test_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
