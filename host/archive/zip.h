/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ZIP archives (PKWARE's APPNOTE), as far as NPZ files need them: entries stored or deflated, up to 4 GiB. gradus has
 * its own code for them, because zlib does the hard part and is used anyway, because libzip would bring bzip2 and
 * OpenSSL, and so that every byte goes through files/output.h and files/input.h.
 */
#ifndef GRADUS_ARCHIVE_ZIP_H
#define GRADUS_ARCHIVE_ZIP_H

#include "files/input.h"
#include "files/output.h"

/* ---- Reading ---- */

typedef struct zip_entry {
    char *name;
    uint64_t header;       /* position of its local header */
    uint64_t packed, size; /* bytes in the file and unpacked */
    uint32_t checksum;     /* CRC-32 of what is unpacked */
    uint16_t method;
} zip_entry;

typedef struct zip_archive {
    input_file file;
    zip_entry *entries; /* (count), in the order of the directory */
    size_t count;
} zip_archive;

/* Whether the file begins with the signature of an archive. */
gradus_status gr_zip_recognise(const char *path, const char *expected, bool *is_zip);

/* Reads the directory. DATA if the file is not an archive, or is split, encrypted or larger than 4 GiB. */
gradus_status gr_zip_open(const char *path, const char *expected, zip_archive *out);

/* Unpacks an entry into memory, which the caller frees, and verifies its checksum. */
gradus_status gr_zip_read(const zip_archive *archive, const zip_entry *entry, unsigned char **bytes);

void gr_zip_close(zip_archive *archive);

/* ---- Writing ---- */

typedef struct zip_piece {
    const void *bytes;
    size_t size;
} zip_piece;

/* An archive that is being written to a file. The caller opens and commits the file. Initialised as {.file = ...}. */
typedef struct zip_writer {
    output_file *file;
    uint64_t position;        /* bytes written so far */
    unsigned char *directory; /* (directory_size): the entries so far, for the end of the file */
    size_t directory_size, count;
} zip_writer;

/* Adds an entry that consists of the pieces, one after the other, uncompressed. ARGUMENT beyond 4 GiB. */
gradus_status gr_zip_add(zip_writer *writer, const char *name, const zip_piece *pieces, size_t piece_count);

/* Writes the directory. */
gradus_status gr_zip_finish(zip_writer *writer);

void gr_zip_writer_free(zip_writer *writer);

#endif
