/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a CSV file row by row and cell by cell; csv.c makes samples of them. */
#ifndef GRADUS_DATA_CSV_ROWS_H
#define GRADUS_DATA_CSV_ROWS_H

#include "data/bytes.h"
#include "data/stream.h"

#include <locale.h>

enum {
    BLOCK = 1 << 16,
    COLUMN_NAME_MAX = 128,          /* bytes of a name in the header */
    CELL_MAX = COLUMN_NAME_MAX + 4, /* a name, its quotes, CR and LF: in the block before a cell is read */
    NUMBER_MAX = CELL_MAX - 2,      /* bytes of a number */
    SHOWN_MAX = 24,                 /* bytes of a wrong cell that a message quotes */
};

/* A cell, for messages. */
typedef struct csv_place {
    size_t line, column; /* counted from 1; from 0. Line 0: there is no such cell */
    char shown[SHOWN_MAX + 4];
} csv_place;

/* Initially zero, except options, c_locale, line = 1, and `at` and `end`, which are the start of the block. */
typedef struct csv_reader {
    input_stream stream;
    const gradus_data_options *options;
    size_t line;    /* counted from 1 */
    size_t columns; /* in each line, the label included; 0 until the first line is complete */
    bool labelled;
    bool floats;              /* the row and X are floats, not bytes; see the note */
    bool proven_floats;       /* some feature can only be a float */
    csv_place stray;          /* the first number that is not a byte */
    csv_place first;          /* the row's first number, if it is not a byte */
    bool first_is_fractional; /* and has a sign, a decimal point or an exponent */
    locale_t c_locale;        /* where a point is the decimal point */
    byte_list names;          /* the header's names, a NUL after each; empty without header */
    byte_list row;            /* (columns) of the current line */
    byte_list labels, x;      /* (B), (F x B) */
    const uint8_t *at, *end;  /* the unread part of the block; *end is 0 */
    uint8_t block[BLOCK + 1];
} csv_reader;

/* Moves the unread part to the start of the block and fills the rest. */
gradus_status gr_csv_refill(csv_reader *reader);

/* Makes sure that the block has the next cell completely. At the end of the file this calls zlib in vain, but only for
 * the last few cells. */
static inline gradus_status gr_csv_look_ahead(csv_reader *reader)
{
    return reader->end - reader->at < CELL_MAX ? gr_csv_refill(reader) : GRADUS_OK;
}

/* Reads a name of the header, in double quotes or not, and the end of its cell. */
gradus_status gr_csv_read_name(csv_reader *reader, bool *line_ends);

/* Reads one line of values: reader->columns of them, or if that is 0, any number. */
gradus_status gr_csv_read_row(csv_reader *reader);

/* The name of a column, counted from 0, or NULL without header. */
const char *gr_csv_column_name(const csv_reader *reader, size_t column);

/* Size in bytes of a value of the row, or of X. */
static inline size_t gr_csv_value_size(const csv_reader *reader)
{
    return reader->floats ? sizeof(float) : 1;
}

/* Fails with "FILE:2: column 3 (pixel1): found "256", expected ...". */
gradus_status gr_csv_place_failed(const csv_reader *reader, const csv_place *place, const char *expected);

#endif
