/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSV files as Kaggle's digit recognizer has them: one sample a line, its label first, then its pixels, all of them
 * integers 0..255. The file streams through one block of memory; only the samples themselves are kept.
 */
#include "core/image.h"
#include "core/memory.h"
#include "data/bytes.h"
#include "data/dataset.h"
#include "data/stream.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    BLOCK = 1 << 16,
    COLUMN_NAME_MAX = 128,          /* bytes of a name in the header */
    CELL_MAX = COLUMN_NAME_MAX + 4, /* a name, its quotes, CR and LF: what is in the block before a cell is read */
    SHOWN_MAX = 24,                 /* bytes of a wrong cell that a message quotes */
};

typedef struct csv_reader {
    input_stream stream;
    const gradus_data_options *options;
    size_t line;    /* counted from 1 */
    size_t columns; /* in each line, the label included; 0 until the first line is complete */
    bool labelled;
    byte_list names;          /* the header's names, a NUL after each; empty without header */
    byte_list row;            /* (columns) of the present line */
    byte_list labels, pixels; /* (B), (F x B) */
    const uint8_t *at, *end;  /* what is not read yet of the block; *end is 0 */
    uint8_t block[BLOCK + 1];
} csv_reader;

/* ---- Messages ---- */

/* The name of a column, counted from 0, or NULL without header. */
static const char *column_name(const csv_reader *reader, size_t column)
{
    if (reader->names.size == 0 || column >= reader->columns)
        return NULL;
    const char *name = (const char *)reader->names.bytes;
    for (size_t i = 0; i < column; i++)
        name += strlen(name) + 1;
    return name;
}

/* Copies the cell that begins here as far as a message can show it. */
static void quote_cell(const csv_reader *reader, char shown[SHOWN_MAX + 4])
{
    size_t size = 0;
    while (size < SHOWN_MAX && reader->at + size < reader->end && strchr(",\r\n", reader->at[size]) == NULL)
        size++;
    for (size_t i = 0; i < size; i++)
        shown[i] = isprint(reader->at[i]) ? (char)reader->at[i] : '?';
    strcpy(shown + size, size == SHOWN_MAX ? "..." : "");
}

/* Fails for the cell that begins at reader->at; columns are counted from 0 here and from 1 in messages. */
static gradus_status cell_failed(const csv_reader *reader, size_t column, const char *expected)
{
    const char *name = column_name(reader, column);
    char shown[SHOWN_MAX + 4];
    quote_cell(reader, shown);
    return gr_fail(GRADUS_ERROR_DATA, "%s:%zu: column %zu%s%.40s%s: found \"%s\", expected %s", reader->stream.path,
                   reader->line, column + 1, name ? " (" : "", name ? name : "", name ? ")" : "", shown, expected);
}

/* ---- Cells ---- */

/* Moves what is left to the block's front and fills up behind it. */
static gradus_status refill(csv_reader *reader)
{
    size_t rest = (size_t)(reader->end - reader->at), got = 0;
    memmove(reader->block, reader->at, rest);
    gradus_status status = gr_stream_read(&reader->stream, reader->block + rest, BLOCK - rest, &got);
    reader->at = reader->block;
    reader->end = reader->block + rest + got;
    reader->block[rest + got] = 0;
    return status;
}

/* Sees to it that the next cell is in the block as a whole. At the end of the file this asks zlib again, for nothing,
 * but only for the last few cells. */
static inline gradus_status look_ahead(csv_reader *reader)
{
    return reader->end - reader->at < CELL_MAX ? refill(reader) : GRADUS_OK;
}

/* Moves behind what ends a cell at `p`: a comma, LF, CRLF, or the end of the file. False if the cell goes on there. */
static inline bool end_cell(csv_reader *reader, const uint8_t *p, bool *line_ends)
{
    *line_ends = true;
    if (*p == ',') {
        *line_ends = false;
        reader->at = p + 1;
    } else if (*p == '\n') {
        reader->at = p + 1;
    } else if (*p == '\r' && (p[1] == '\n' || p + 1 == reader->end)) {
        reader->at = p + 1 + (p[1] == '\n');
    } else if (p == reader->end) {
        reader->at = p;
    } else {
        return false;
    }
    return true;
}

/* Reads an integer 0..255 and what ends its cell. */
static inline gradus_status read_value(csv_reader *reader, bool *line_ends)
{
    gradus_status status = look_ahead(reader);
    if (status != GRADUS_OK)
        return status;
    const uint8_t *p = reader->at;
    unsigned value = 0;
    while (p < reader->at + 3 && (unsigned)(*p - '0') < 10)
        value = 10 * value + (unsigned)(*p++ - '0');
    if (p == reader->at || value > 255 || !end_cell(reader, p, line_ends))
        return cell_failed(reader, reader->row.size, "an integer 0..255");
    return gr_bytes_push(&reader->row, (uint8_t)value);
}

/* Reads a name of the header, in double quotes or not, and what ends its cell. */
static gradus_status read_name(csv_reader *reader, bool *line_ends)
{
    gradus_status status = look_ahead(reader);
    if (status != GRADUS_OK)
        return status;
    const bool quoted = *reader->at == '"';
    const char *ends = quoted ? "\"" : ",\r\n";
    const uint8_t *first = reader->at + quoted, *last = first;
    while (last < reader->end && last < first + COLUMN_NAME_MAX && strchr(ends, *last) == NULL)
        last++;
    if (quoted && *last != '"')
        return cell_failed(reader, reader->columns, "a name of at most 128 bytes in quotes");
    if (!end_cell(reader, last + quoted, line_ends))
        return cell_failed(reader, reader->columns, "a name of at most 128 bytes");
    reader->columns++;
    status = gr_bytes_append(&reader->names, first, (size_t)(last - first));
    return status == GRADUS_OK ? gr_bytes_push(&reader->names, 0) : status;
}

/* ---- Lines ---- */

/* Reads the header if the first line is one. */
static gradus_status read_header(csv_reader *reader)
{
    gradus_status status = GRADUS_OK;
    const uint8_t mark[] = {0xEF, 0xBB, 0xBF}; /* UTF-8's byte order mark, which spreadsheets write */
    bool line_ends = false;

    TRY(refill(reader));
    if (reader->end - reader->at >= 3 && memcmp(reader->at, mark, 3) == 0)
        reader->at += 3;
    if (reader->at == reader->end)
        FAIL(GRADUS_ERROR_DATA, "%s:1: found an empty file, expected samples", reader->stream.path);
    if (*reader->at == 0)
        FAIL(GRADUS_ERROR_DATA, "%s:1: found binary data, expected CSV (IDX files are given by their folder)",
             reader->stream.path);
    if (!isalpha(*reader->at) && *reader->at != '_' && *reader->at != '"')
        goto cleanup;
    while (!line_ends)
        TRY(read_name(reader, &line_ends));
    reader->line++;
cleanup:
    return status;
}

/* Reads one line of values; as many as reader->columns says, or where that is 0, as many as there are. */
static gradus_status read_row(csv_reader *reader)
{
    gradus_status status = GRADUS_OK;
    bool line_ends = false;

    reader->row.size = 0;
    while (!line_ends) {
        if (reader->columns != 0 && reader->row.size == reader->columns)
            FAIL(GRADUS_ERROR_DATA, "%s:%zu: found more than %zu columns, expected the end of the line",
                 reader->stream.path, reader->line, reader->columns);
        TRY(read_value(reader, &line_ends));
    }
    if (reader->row.size < reader->columns)
        FAIL(GRADUS_ERROR_DATA, "%s:%zu: found %zu columns, expected %zu", reader->stream.path, reader->line,
             reader->row.size, reader->columns);
    reader->columns = reader->row.size;
cleanup:
    return status;
}

/* Decides with the first row whether the first column is the label, and whether the number of features is right. */
static gradus_status decide_columns(csv_reader *reader)
{
    const gradus_data_options *options = reader->options;
    const char *name = column_name(reader, 0);
    if (name != NULL)
        reader->labelled = strcasecmp(name, "label") == 0;
    else
        reader->labelled = options->features == 0 || reader->columns != options->features;

    if (!reader->labelled && !options->allow_unlabelled)
        return gr_fail(GRADUS_ERROR_DATA, "%s:1: column 1: found %s, expected %s", reader->stream.path,
                       name != NULL ? name : "no label", name != NULL ? "label" : "a label before the pixels");
    const size_t features = reader->columns - reader->labelled;
    if (features == 0)
        return gr_fail(GRADUS_ERROR_DATA, "%s:%zu: found a label only, expected pixels after it", reader->stream.path,
                       reader->line);
    if (options->features != 0 && features != options->features)
        return gr_fail(GRADUS_ERROR_DATA, "%s:%zu: found %zu features%s, expected %zu", reader->stream.path,
                       reader->line, features, reader->labelled ? " after the label" : "", options->features);
    return GRADUS_OK;
}

/* Adds the row that was read to the samples. */
static gradus_status keep_row(csv_reader *reader)
{
    const byte_list *row = &reader->row;
    gradus_status status = GRADUS_OK;
    if (reader->labelled)
        status = gr_bytes_push(&reader->labels, row->bytes[0]);
    if (status == GRADUS_OK)
        status = gr_bytes_append(&reader->pixels, row->bytes + reader->labelled, row->size - reader->labelled);
    return status;
}

/* Whether the file ends here, or with one empty line, as some programs end theirs. Needs look_ahead() before it. */
static bool at_end(const csv_reader *reader)
{
    const size_t rest = (size_t)(reader->end - reader->at);
    return rest == 0 || (rest == 1 && reader->at[0] == '\n') || (rest == 2 && memcmp(reader->at, "\r\n", 2) == 0);
}

static gradus_status read_lines(csv_reader *reader)
{
    gradus_status status = GRADUS_OK;
    TRY(read_header(reader));
    TRY(look_ahead(reader));
    if (reader->at == reader->end)
        FAIL(GRADUS_ERROR_DATA, "%s:%zu: found the end of the file after the header, expected samples",
             reader->stream.path, reader->line);
    TRY(read_row(reader));
    TRY(decide_columns(reader));
    while (true) {
        TRY(keep_row(reader));
        TRY(look_ahead(reader));
        if (at_end(reader))
            break;
        reader->line++;
        TRY(read_row(reader));
    }
cleanup:
    return status;
}

/* ---- The file ---- */

gradus_status gr_csv_read(const char *path, const gradus_data_options *options, gradus_dataset **out)
{
    gradus_status status = GRADUS_OK;
    csv_reader *reader = NULL;
    size_t width = 0, height = 0;

    TRY(gr_allocate(1, &reader));
    reader->options = options;
    reader->line = 1;
    reader->at = reader->end = reader->block;
    TRY(gr_stream_open(path, &reader->stream));
    TRY(read_lines(reader));
    const size_t features = reader->columns - reader->labelled;
    const size_t samples = reader->pixels.size / features;
    gr_default_image(features, &width, &height);
    TRY(gr_dataset_adopt(gr_bytes_release(&reader->pixels), gr_bytes_release(&reader->labels), samples, width, height,
                         out));
cleanup:
    if (reader != NULL) {
        gr_stream_close(&reader->stream);
        gr_bytes_free(&reader->names);
        gr_bytes_free(&reader->row);
        gr_bytes_free(&reader->labels);
        gr_bytes_free(&reader->pixels);
    }
    free(reader);
    return status;
}
