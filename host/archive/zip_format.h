/* SPDX-License-Identifier: Apache-2.0 */
/* The records of a ZIP archive: signatures, sizes and offsets of fields, in bytes. All numbers are little-endian. */
#ifndef GRADUS_ARCHIVE_ZIP_FORMAT_H
#define GRADUS_ARCHIVE_ZIP_FORMAT_H

#include <stddef.h>
#include <stdint.h>

enum {
    ZIP_STORED = 0,
    ZIP_DEFLATED = 8,
    ZIP_VERSION = 20,       /* 2.0, the first version that has everything used here */
    ZIP_DATE = 0x21,        /* 1980-01-01, so that the same content gives the same file */
    ZIP_FLAG_ENCRYPTED = 1, /* bit of the flags */

    /* Before each entry: signature 0, version 4, flags 6, method 8, time 10, date 12, checksum 14, packed 18, size 22,
     * name length 26, extra length 28; then name, extra and data. */
    LOCAL_SIZE = 30,
    LOCAL_NAME_LENGTH = 26,
    LOCAL_EXTRA_LENGTH = 28,

    /* In the directory; its fields from version to extra length are those of a local header: signature 0, made by 4,
     * version 6, flags 8, method 10, time 12, date 14, checksum 16, packed 20, size 24, name length 28, extra length
     * 30, comment length 32, disk 34, attributes 36 and 38, local header's position 42; then name, extra and
     * comment. */
    CENTRAL_SIZE = 46,
    CENTRAL_VERSION = 6,
    CENTRAL_FLAGS = 8,
    CENTRAL_METHOD = 10,
    CENTRAL_DATE = 14,
    CENTRAL_CHECKSUM = 16,
    CENTRAL_PACKED = 20,
    CENTRAL_UNPACKED = 24,
    CENTRAL_NAME_LENGTH = 28,
    CENTRAL_EXTRA_LENGTH = 30,
    CENTRAL_COMMENT_LENGTH = 32,
    CENTRAL_POSITION = 42,

    /* After the directory: signature 0, disks 4 and 6, entries here 8 and in all 10, directory's size 12 and position
     * 16, comment length 20; then the comment. */
    END_SIZE = 22,
    END_DISK = 4,
    END_DIRECTORY_DISK = 6,
    END_COUNT_HERE = 8,
    END_COUNT = 10,
    END_DIRECTORY_SIZE = 12,
    END_DIRECTORY = 16,
    END_COMMENT_LENGTH = 20,
};

#define LOCAL_SIGNATURE 0x04034b50u   /* "PK\3\4" */
#define CENTRAL_SIGNATURE 0x02014b50u /* "PK\1\2" */
#define END_SIGNATURE 0x06054b50u     /* "PK\5\6" */

static inline uint16_t gr_get16(const unsigned char *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t gr_get32(const unsigned char *at)
{
    return gr_get16(at) | (uint32_t)gr_get16(at + 2) << 16;
}

static inline void gr_put16(unsigned char *at, size_t value)
{
    at[0] = (unsigned char)value;
    at[1] = (unsigned char)(value >> 8);
}

static inline void gr_put32(unsigned char *at, uint64_t value)
{
    gr_put16(at, value & 0xffff);
    gr_put16(at + 2, value >> 16 & 0xffff);
}

#endif
