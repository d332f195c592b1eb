/* SPDX-License-Identifier: Apache-2.0 */
/* The stream of the readers: raw and gzipped files, and every way in which a file can fail. */
#include "data/stream.h"
#include "scratch.h"

#include <sys/wait.h>

enum { CONTENT = 2000 };

/* Bytes that deflate cannot compress much, so that truncation is in the middle of the data. */
static void make_content(uint8_t content[CONTENT])
{
    uint32_t word = 1;
    for (size_t i = 0; i < CONTENT; i++) {
        word = word * 1664525 + 1013904223;
        content[i] = (uint8_t)(word >> 24);
    }
}

/* Reads a whole file in pieces of 300 bytes. */
static gradus_status read_all(const char *path, uint8_t bytes[CONTENT + 300], size_t *size)
{
    input_stream stream = {0};
    size_t got = 300;
    *size = 0;
    gradus_status status = gr_stream_open(path, &stream);
    while (status == GRADUS_OK && got == 300 && *size <= CONTENT) {
        status = gr_stream_read(&stream, bytes + *size, 300, &got);
        *size += got;
    }
    gr_stream_close(&stream);
    return status;
}

static void test_raw_and_gzipped_are_the_same(void **state)
{
    (void)state;
    uint8_t content[CONTENT], bytes[CONTENT + 300];
    size_t size = 0;
    make_content(content);
    const char *paths[] = {scratch_write("raw", content, CONTENT), scratch_gzip("packed", content, CONTENT)};
    for (size_t i = 0; i < 2; i++) {
        assert_ok(read_all(paths[i], bytes, &size));
        assert_int_equal(size, CONTENT);
        assert_memory_equal(bytes, content, CONTENT);
    }
}

static void test_cut_gzip_is_named(void **state)
{
    (void)state;
    uint8_t content[CONTENT], packed[2 * CONTENT], bytes[CONTENT + 300];
    size_t size = 0;
    make_content(content);
    const size_t packed_size = scratch_pack(content, CONTENT, packed, sizeof packed);
    /* In the gzip header, in the data, before, within and after the checksum, and one byte short. */
    const size_t cuts[] = {5, packed_size / 2, packed_size - 8, packed_size - 6, packed_size - 4, packed_size - 1};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++)
        assert_fails(read_all(scratch_write("cut.gz", packed, cuts[i]), bytes, &size), GRADUS_ERROR_DATA,
                     "found the end of the file within gzip data, which are cut off");
}

/* A read of all content at once ends before the checksum; the next one must notice that it is missing. */
static void test_cut_checksum_of_a_large_file_is_named(void **state)
{
    (void)state;
    enum { LARGE = 1 << 20 };
    static uint8_t content[LARGE], packed[2 * LARGE], bytes[LARGE + 1];
    const size_t packed_size = scratch_pack(content, LARGE, packed, sizeof packed);
    for (size_t cut = 0; cut <= 8; cut++) {
        input_stream stream = {0};
        size_t got = 0;
        assert_ok(gr_stream_open(scratch_write("cut.gz", packed, packed_size - cut), &stream));
        assert_ok(gr_stream_read(&stream, bytes, LARGE, &got));
        assert_int_equal(got, LARGE);
        if (cut == 0)
            assert_ok(gr_stream_read(&stream, bytes, 1, &got));
        else
            assert_fails(gr_stream_read(&stream, bytes, 1, &got), GRADUS_ERROR_DATA,
                         "cut.gz: byte 1048576 (unpacked): found the end of the file within gzip data");
        assert_int_equal(got, 0);
        gr_stream_close(&stream);
    }
}

static void test_damaged_gzip_is_named(void **state)
{
    (void)state;
    uint8_t content[CONTENT], packed[2 * CONTENT], bytes[CONTENT + 300];
    size_t size = 0;
    make_content(content);
    const size_t packed_size = scratch_pack(content, CONTENT, packed, sizeof packed);
    packed[packed_size - 8] ^= 1; /* the checksum */
    assert_fails(read_all(scratch_write("damaged.gz", packed, packed_size), bytes, &size), GRADUS_ERROR_DATA,
                 "damaged.gz: at or before byte 2000 (unpacked)");
    packed[packed_size - 8] ^= 1;
    packed[packed_size / 2] ^= 1; /* the data */
    assert_fails(read_all(scratch_write("damaged.gz", packed, packed_size), bytes, &size), GRADUS_ERROR_DATA,
                 "found damaged gzip data, whose code or checksum is wrong");
}

/* The content of several members is their contents one after the other, even if a member is empty. */
static void test_gzip_members_follow_each_other(void **state)
{
    (void)state;
    uint8_t content[CONTENT], packed[2 * CONTENT], bytes[CONTENT + 300];
    size_t size = 0, packed_size = 0;
    const size_t ends[] = {0, 700, 700, CONTENT, CONTENT};
    make_content(content);
    for (size_t i = 0, start = 0; i < sizeof ends / sizeof *ends; start = ends[i++])
        packed_size +=
            scratch_pack(content + start, ends[i] - start, packed + packed_size, sizeof packed - packed_size);
    assert_ok(read_all(scratch_write("members.gz", packed, packed_size), bytes, &size));
    assert_int_equal(size, CONTENT);
    assert_memory_equal(bytes, content, CONTENT);
    assert_fails(read_all(scratch_write("cut.gz", packed, packed_size - 4), bytes, &size), GRADUS_ERROR_DATA,
                 "byte 2000 (unpacked): found the end of the file within gzip data, which are cut off");
}

static void test_more_after_gzip_is_named(void **state)
{
    (void)state;
    uint8_t content[CONTENT], packed[2 * CONTENT], bytes[CONTENT + 300];
    size_t size = 0;
    make_content(content);
    const size_t packed_size = scratch_pack(content, CONTENT, packed, sizeof packed);
    memcpy(packed + packed_size, "junk", 4);
    for (size_t more = 1; more <= 4; more++)
        assert_fails(read_all(scratch_write("more.gz", packed, packed_size + more), bytes, &size), GRADUS_ERROR_DATA,
                     "more.gz: byte 2000 (unpacked): found more bytes after the gzip data, expected the end");
    memset(packed + packed_size, 0, 4);
    assert_fails(read_all(scratch_write("more.gz", packed, packed_size + 4), bytes, &size), GRADUS_ERROR_DATA,
                 "found more bytes after the gzip data");
}

/* Bytes in a pipe may arrive one by one. */
static void test_pipes(void **state)
{
    (void)state;
    uint8_t content[CONTENT], packed[2 * CONTENT], bytes[CONTENT + 300];
    make_content(content);
    const size_t packed_size = scratch_pack(content, CONTENT, packed, sizeof packed);
    for (size_t gzipped = 0; gzipped < 2; gzipped++) {
        size_t size = 0;
        int ends[2];
        char path[32];
        assert_int_equal(pipe(ends), 0);
        const pid_t writer = fork();
        assert_true(writer >= 0);
        if (writer == 0) {
            for (size_t i = 0; i < (gzipped ? packed_size : CONTENT); i++) {
                if (write(ends[1], (gzipped ? packed : content) + i, 1) != 1)
                    _exit(1);
            }
            _exit(0);
        }
        close(ends[1]);
        snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
        assert_ok(read_all(path, bytes, &size));
        assert_int_equal(size, CONTENT);
        assert_memory_equal(bytes, content, CONTENT);
        close(ends[0]);
        assert_int_equal(waitpid(writer, NULL, 0), writer);
    }
}

static void test_what_cannot_be_opened_or_read(void **state)
{
    (void)state;
    uint8_t bytes[CONTENT + 300];
    size_t size = 0;
    assert_fails(read_all(scratch_path("nothing"), bytes, &size), GRADUS_ERROR_NO_INPUT,
                 "nothing: cannot be opened: No such file or directory");
    assert_fails(read_all(scratch_folder, bytes, &size), GRADUS_ERROR_NO_INPUT, "found a folder, expected a file");
    /* Page 0 of a process is never mapped, so reading it is an error of the system's own. */
    assert_fails(read_all("/proc/self/mem", bytes, &size), GRADUS_ERROR_IO,
                 "/proc/self/mem: byte 0: cannot be read: Input/output error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_raw_and_gzipped_are_the_same),
        scratch_test(test_cut_gzip_is_named),
        scratch_test(test_cut_checksum_of_a_large_file_is_named),
        scratch_test(test_damaged_gzip_is_named),
        scratch_test(test_gzip_members_follow_each_other),
        scratch_test(test_more_after_gzip_is_named),
        scratch_test(test_pipes),
        scratch_test(test_what_cannot_be_opened_or_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
