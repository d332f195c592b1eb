/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSV files in the form of Kaggle's digit recognizer: one sample per line, first its label, then its pixels, all of
 * them integers 0..255; or other numbers. The file streams through one block of memory; only the samples are kept.
 *
 * Note [bytes or floats]: the numbers are kept as bytes until one does not fit; from there on all are kept as floats.
 * They are meant as floats if some feature has a sign, a decimal point or an exponent. If the file ends without one, an
 * integer above 255 is an error, and the first of these is reported.
 */
#include "core/image.h"
#include "core/memory.h"
#include "data/csv_rows.h"
#include "data/dataset.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- Lines ---- */

/* Reads the header if the first line is one. */
static gradus_status read_header(csv_reader *reader)
{
    gradus_status status = GRADUS_OK;
    const uint8_t mark[] = {0xEF, 0xBB, 0xBF}; /* UTF-8's byte order mark, which spreadsheets write */
    bool line_ends = false;

    TRY(gr_csv_refill(reader));
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
        TRY(gr_csv_read_name(reader, &line_ends));
    reader->line++;
cleanup:
    return status;
}

/* Decides by the first row whether the first column is the label, and checks the number of features. */
static gradus_status decide_columns(csv_reader *reader)
{
    const gradus_data_options *options = reader->options;
    const char *name = gr_csv_column_name(reader, 0);
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

/* Adds the label of the row that was read. It must be an integer even if the features are floats. */
static gradus_status keep_label(csv_reader *reader)
{
    float value = 0;
    if (!reader->floats)
        return gr_bytes_push(&reader->labels, reader->row.bytes[0]);
    memcpy(&value, reader->row.bytes, sizeof value);
    if (!(value >= 0 && value <= UINT8_MAX) || value != floorf(value))
        return gr_csv_place_failed(reader, &reader->first, "an integer 0..255");
    return gr_bytes_push(&reader->labels, (uint8_t)value);
}

/* Adds the row that was read to the samples. */
static gradus_status keep_row(csv_reader *reader)
{
    gradus_status status = GRADUS_OK;
    const size_t label_size = reader->labelled ? gr_csv_value_size(reader) : 0;
    if (reader->labelled)
        TRY(keep_label(reader));
    else if (reader->first.line != 0)
        reader->proven_floats |= reader->first_is_fractional;
    TRY(gr_bytes_append(&reader->x, reader->row.bytes + label_size, reader->row.size - label_size));
cleanup:
    return status;
}

/* Whether the file ends here, or after one empty line, which some programs write. Call gr_csv_look_ahead() before. */
static bool at_end(const csv_reader *reader)
{
    const size_t rest = (size_t)(reader->end - reader->at);
    return rest == 0 || (rest == 1 && reader->at[0] == '\n') || (rest == 2 && memcmp(reader->at, "\r\n", 2) == 0);
}

static gradus_status read_lines(csv_reader *reader)
{
    gradus_status status = GRADUS_OK;
    TRY(read_header(reader));
    TRY(gr_csv_look_ahead(reader));
    if (reader->at == reader->end)
        FAIL(GRADUS_ERROR_DATA, "%s:%zu: found the end of the file after the header, expected samples",
             reader->stream.path, reader->line);
    TRY(gr_csv_read_row(reader));
    TRY(decide_columns(reader));
    while (true) {
        TRY(keep_row(reader));
        TRY(gr_csv_look_ahead(reader));
        if (at_end(reader))
            break;
        reader->line++;
        TRY(gr_csv_read_row(reader));
    }
    if (reader->floats && !reader->proven_floats)
        TRY(gr_csv_place_failed(reader, &reader->stray, "an integer 0..255"));
cleanup:
    return status;
}

/* ---- The file ---- */

static gradus_status hand_over(csv_reader *reader, gradus_dataset **out)
{
    const size_t features = reader->columns - reader->labelled;
    const size_t samples = reader->x.size / gr_csv_value_size(reader) / features;
    size_t width = 0, height = 0;
    gr_default_image(features, &width, &height);
    void *x = gr_bytes_release(&reader->x);
    uint8_t *labels = gr_bytes_release(&reader->labels);
    return reader->floats ? gr_dataset_adopt_floats(x, labels, samples, width, height, out)
                          : gr_dataset_adopt(x, labels, samples, width, height, out);
}

static void destroy_reader(csv_reader *reader)
{
    if (reader == NULL)
        return;
    if (reader->c_locale != (locale_t)0)
        freelocale(reader->c_locale);
    gr_stream_close(&reader->stream);
    gr_bytes_free(&reader->names);
    gr_bytes_free(&reader->row);
    gr_bytes_free(&reader->labels);
    gr_bytes_free(&reader->x);
    free(reader);
}

gradus_status gr_csv_read(const char *path, const gradus_data_options *options, gradus_dataset **out)
{
    gradus_status status = GRADUS_OK;
    csv_reader *reader = NULL;

    TRY(gr_allocate(1, &reader));
    reader->options = options;
    reader->line = 1;
    reader->at = reader->end = reader->block;
    reader->floats = reader->proven_floats = options->floats;
    reader->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (reader->c_locale == (locale_t)0)
        FAIL(GRADUS_ERROR_MEMORY, "out of memory: the C locale");
    TRY(gr_stream_open(path, &reader->stream));
    TRY(read_lines(reader));
    TRY(hand_over(reader, out));
cleanup:
    destroy_reader(reader);
    return status;
}
