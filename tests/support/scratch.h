/* SPDX-License-Identifier: Apache-2.0 */
/* A folder for each test that writes files: created before the test, and removed with its contents after it. */
#ifndef GRADUS_TESTS_SCRATCH_H
#define GRADUS_TESTS_SCRATCH_H

#include "assert_close.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* A test that uses the folder. */
#define scratch_test(function) cmocka_unit_test_setup_teardown(function, scratch_create, scratch_remove)

static char scratch_folder[] = "/tmp/gradus-test-XXXXXX";

static inline int scratch_create(void **state)
{
    (void)state;
    return mkdtemp(scratch_folder) == NULL;
}

static inline int scratch_remove_entry(const char *path, const struct stat *found, int type, struct FTW *where)
{
    (void)found, (void)type, (void)where;
    return remove(path);
}

static inline int scratch_remove(void **state)
{
    (void)state;
    int failed = nftw(scratch_folder, scratch_remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    memcpy(scratch_folder + sizeof scratch_folder - 7, "XXXXXX", 6);
    return failed;
}

/* The path of a name in the folder; valid for 64 further calls. */
static inline char *scratch_path(const char *name)
{
    static char paths[64][256];
    static unsigned turn;
    char *path = paths[turn++ % 64];
    snprintf(path, sizeof paths[0], "%s/%s", scratch_folder, name);
    return path;
}

static inline char *scratch_subfolder(const char *name)
{
    char *path = scratch_path(name);
    assert_int_equal(mkdir(path, 0777), 0);
    return path;
}

/* Writes a file and returns its path. */
static inline char *scratch_write(const char *name, const void *bytes, size_t size)
{
    char *path = scratch_path(name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    return path;
}

static inline char *scratch_text(const char *name, const char *text)
{
    return scratch_write(name, text, strlen(text));
}

/* Compresses the bytes as gzip does and returns the compressed size. */
static inline size_t scratch_pack(const void *bytes, size_t size, unsigned char *packed, size_t capacity)
{
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (unsigned char *)(uintptr_t)bytes;
    stream.avail_in = (unsigned)size;
    stream.next_out = packed;
    stream.avail_out = (unsigned)capacity;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t packed_size = stream.total_out;
    deflateEnd(&stream);
    return packed_size;
}

static inline char *scratch_gzip(const char *name, const void *bytes, size_t size)
{
    unsigned char packed[4096];
    return scratch_write(name, packed, scratch_pack(bytes, size, packed, sizeof packed));
}

#endif
