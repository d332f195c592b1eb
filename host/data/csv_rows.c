/* SPDX-License-Identifier: Apache-2.0 */
/* The cells of a CSV file: the names of a header, and numbers. */
#include "data/csv_rows.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Messages ---- */

const char *gr_csv_column_name(const csv_reader *reader, size_t column)
{
    if (reader->names.size == 0 || column >= reader->columns)
        return NULL;
    const char *name = (const char *)reader->names.bytes;
    for (size_t i = 0; i < column; i++)
        name += strlen(name) + 1;
    return name;
}

/* The cell that begins at reader->at, shortened for a message. */
static csv_place place_of(const csv_reader *reader, size_t column)
{
    csv_place place = {.line = reader->line, .column = column};
    size_t size = 0;
    while (size < SHOWN_MAX && reader->at + size < reader->end && strchr(",\r\n", reader->at[size]) == NULL)
        size++;
    for (size_t i = 0; i < size; i++)
        place.shown[i] = isprint(reader->at[i]) ? (char)reader->at[i] : '?';
    strcpy(place.shown + size, size == SHOWN_MAX ? "..." : "");
    return place;
}

/* Columns are counted from 0 here and from 1 in messages. */
gradus_status gr_csv_place_failed(const csv_reader *reader, const csv_place *place, const char *expected)
{
    const char *name = gr_csv_column_name(reader, place->column);
    return gr_fail(GRADUS_ERROR_DATA, "%s:%zu: column %zu%s%.40s%s: found \"%s\", expected %s", reader->stream.path,
                   place->line, place->column + 1, name ? " (" : "", name ? name : "", name ? ")" : "", place->shown,
                   expected);
}

/* Fails for the cell that begins at reader->at. */
static gradus_status cell_failed(const csv_reader *reader, size_t column, const char *expected)
{
    const csv_place place = place_of(reader, column);
    return gr_csv_place_failed(reader, &place, expected);
}

/* ---- Bytes or floats ---- */

/* Number of cells of the row so far. */
static size_t row_cells(const csv_reader *reader)
{
    return reader->row.size / gr_csv_value_size(reader);
}

static gradus_status push_float(csv_reader *reader, float value)
{
    return gr_bytes_append(&reader->row, (const uint8_t *)&value, sizeof value);
}

/* Converts a list of bytes to one of floats. */
static gradus_status widen(byte_list *list)
{
    gradus_status status = GRADUS_OK;
    byte_list floats = {0};
    TRY(gr_bytes_reserve(&floats, list->size * sizeof(float)));
    for (size_t i = 0; i < list->size; i++) {
        const float value = list->bytes[i];
        memcpy(floats.bytes + i * sizeof value, &value, sizeof value);
    }
    floats.size = list->size * sizeof(float);
    gr_bytes_free(list);
    *list = floats;
cleanup:
    return status;
}

static gradus_status turn_to_floats(csv_reader *reader)
{
    gradus_status status = GRADUS_OK;
    if (reader->floats)
        return GRADUS_OK;
    TRY(widen(&reader->row));
    TRY(widen(&reader->x));
    reader->floats = true;
cleanup:
    return status;
}

/* Notes the number at reader->at, which is not a byte. */
static void note_number(csv_reader *reader, size_t column, bool is_fractional)
{
    if (reader->stray.line == 0)
        reader->stray = place_of(reader, column);
    if (column == 0) {
        reader->first = place_of(reader, column);
        reader->first_is_fractional = is_fractional;
    } else
        reader->proven_floats |= is_fractional;
}

/* ---- Cells ---- */

gradus_status gr_csv_refill(csv_reader *reader)
{
    size_t rest = (size_t)(reader->end - reader->at), got = 0;
    memmove(reader->block, reader->at, rest);
    gradus_status status = gr_stream_read(&reader->stream, reader->block + rest, BLOCK - rest, &got);
    reader->at = reader->block;
    reader->end = reader->block + rest + got;
    reader->block[rest + got] = 0;
    return status;
}

/* Moves past the end of a cell at `p`: a comma, LF, CRLF, or the end of the file. False if the cell continues there. */
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

/* Reads a number that is not an integer 0..255, and the end of its cell. */
static gradus_status read_number(csv_reader *reader, bool *line_ends)
{
    gradus_status status = GRADUS_OK;
    const char *text = (const char *)reader->at, *expected = reader->floats ? "a number" : "an integer 0..255";
    const size_t column = row_cells(reader), size = strspn(text, "+-.0123456789eE");
    char *end = NULL;
    const float value = strtof_l(text, &end, reader->c_locale);

    if (size == 0 || size > NUMBER_MAX || end != text + size)
        return cell_failed(reader, column, expected);
    if (!isfinite(value))
        return cell_failed(reader, column, "a number that a float holds");
    note_number(reader, column, strspn(text, "0123456789") < size);
    if (!end_cell(reader, reader->at + size, line_ends))
        return cell_failed(reader, column, expected);
    TRY(turn_to_floats(reader));
    TRY(push_float(reader, value));
cleanup:
    return status;
}

/* Reads a number and the end of its cell. */
static inline gradus_status read_value(csv_reader *reader, bool *line_ends)
{
    gradus_status status = gr_csv_look_ahead(reader);
    if (status != GRADUS_OK)
        return status;
    const uint8_t *p = reader->at;
    unsigned value = 0;
    while (p < reader->at + 3 && (unsigned)(*p - '0') < 10)
        value = 10 * value + (unsigned)(*p++ - '0');
    if (p == reader->at || value > 255 || !end_cell(reader, p, line_ends))
        return read_number(reader, line_ends);
    return reader->floats ? push_float(reader, (float)value) : gr_bytes_push(&reader->row, (uint8_t)value);
}

gradus_status gr_csv_read_name(csv_reader *reader, bool *line_ends)
{
    gradus_status status = gr_csv_look_ahead(reader);
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

/* ---- Rows ---- */

gradus_status gr_csv_read_row(csv_reader *reader)
{
    gradus_status status = GRADUS_OK;
    bool line_ends = false;

    reader->row.size = 0;
    reader->first.line = 0;
    while (!line_ends) {
        if (reader->columns != 0 && row_cells(reader) == reader->columns)
            FAIL(GRADUS_ERROR_DATA, "%s:%zu: found more than %zu columns, expected the end of the line",
                 reader->stream.path, reader->line, reader->columns);
        TRY(read_value(reader, &line_ends));
    }
    if (row_cells(reader) < reader->columns)
        FAIL(GRADUS_ERROR_DATA, "%s:%zu: found %zu columns, expected %zu", reader->stream.path, reader->line,
             row_cells(reader), reader->columns);
    reader->columns = row_cells(reader);
cleanup:
    return status;
}
