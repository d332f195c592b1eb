/* SPDX-License-Identifier: Apache-2.0 */
/* Event files, byte for byte as TensorBoard's own Python writer makes them (tensorboard.summary.writer.record_writer). */
#include "assert_close.h"
#include "cli/train/event_file.h"

static FILE *file;
static unsigned char written[256];

static void begin(void)
{
    file = tmpfile();
    assert_non_null(file);
}

static void check_written(const void *expected, size_t size)
{
    rewind(file);
    assert_int_equal(fread(written, 1, sizeof written, file), size);
    assert_memory_equal(written, expected, size);
    fclose(file);
}

/* RFC 3720, B.4, and the check value that all catalogues give. */
static void test_crc32c(void **state)
{
    (void)state;
    unsigned char bytes[32] = {0};
    assert_int_equal(event_crc32c("123456789", 9), 0xE3069283);
    assert_int_equal(event_crc32c(bytes, 32), 0x8A9136AA);
    memset(bytes, 0xFF, 32);
    assert_int_equal(event_crc32c(bytes, 32), 0x62A8AB43);
    assert_int_equal(event_crc32c("", 0), 0);
}

static void test_version(void **state)
{
    (void)state;
    static const unsigned char expected[] = {0x18, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xa3, 0x7f,
                                             0x4b, 0x22, 0x09, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf8,
                                             0x3f, 0x1a, 0x0d, 0x62, 0x72, 0x61, 0x69, 0x6e, 0x2e, 0x45,
                                             0x76, 0x65, 0x6e, 0x74, 0x3a, 0x32, 0x2a, 0x28, 0x64, 0x6c};
    begin();
    assert_true(event_write_version(file, 1.5));
    check_written(expected, sizeof expected);
}

static void test_scalars(void **state)
{
    (void)state;
    static const unsigned char expected[] = {0x2c, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf4, 0xae, 0xcc, 0x45,
                                             0x09, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x40, 0x10, 0xac, 0x02,
                                             0x2a, 0x1e, 0x0a, 0x09, 0x0a, 0x02, 0x6c, 0x72, 0x15, 0xcd, 0xcc, 0xcc,
                                             0x3d, 0x0a, 0x11, 0x0a, 0x0a, 0x74, 0x72, 0x61, 0x69, 0x6e, 0x2f, 0x6c,
                                             0x6f, 0x73, 0x73, 0x15, 0x00, 0x00, 0x20, 0x40, 0x14, 0x4f, 0x6f, 0x26};
    begin();
    assert_true(event_write_scalars(file, 2.25, 300, (event_scalar[]){{"lr", 0.1f}, {"train/loss", 2.5f}}, 2));
    check_written(expected, sizeof expected);
}

/* Event{wall_time: 2.25, step: 300, session_log{status: START}} */
static void test_restart(void **state)
{
    (void)state;
    static const unsigned char expected[] = {0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x95, 0xfb, 0xfe,
                                             0x18, 0x09, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x40, 0x10,
                                             0xac, 0x02, 0x3a, 0x02, 0x08, 0x01, 0xf1, 0x66, 0x17, 0x8e};
    begin();
    assert_true(event_write_restart(file, 2.25, 300));
    check_written(expected, sizeof expected);
}

/* The largest number of the longest tags: the message has room, and its length is that of the file. */
static void test_largest(void **state)
{
    (void)state;
    char tag[EVENT_TAG_MAX];
    event_scalar scalars[EVENT_SCALARS_MAX];
    uint64_t length;
    memset(tag, 'x', sizeof tag);
    tag[sizeof tag - 1] = '\0';
    for (size_t i = 0; i < EVENT_SCALARS_MAX; i++)
        scalars[i] = (event_scalar){tag, (float)i};
    begin();
    assert_true(event_write_scalars(file, 1e9, UINT64_MAX, scalars, EVENT_SCALARS_MAX));
    const long end = ftell(file);
    rewind(file);
    assert_int_equal(fread(&length, sizeof length, 1, file), 1);
    assert_int_equal(end, 8 + 4 + length + 4);
    assert_true(length > EVENT_SCALARS_MAX * EVENT_TAG_MAX);
    fclose(file);
}

static void test_full_disk(void **state)
{
    (void)state;
    FILE *full = fopen("/dev/full", "wb");
    assert_non_null(full);
    assert_false(event_write_version(full, 1.5));
    assert_false(event_write_restart(full, 1.5, 1));
    assert_false(event_write_scalars(full, 1.5, 1, (event_scalar[]){{"lr", 1}}, 1));
    fclose(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc32c),  cmocka_unit_test(test_version),   cmocka_unit_test(test_scalars),
        cmocka_unit_test(test_largest), cmocka_unit_test(test_full_disk), cmocka_unit_test(test_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
