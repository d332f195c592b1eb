/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads and writes the header. Its dictionary is Python, and is read only in the form that NumPy writes:
 *     {'descr': '<f4', 'fortran_order': False, 'shape': (10, 784), }
 */
#include "archive/npy.h"
#include "core/printable.h"

#include <stdio.h>
#include <string.h>

#define MAGIC "\x93NUMPY"

enum {
    MAGIC_SIZE = 6,
    PREFIX_V1 = MAGIC_SIZE + 4, /* major and minor version, and 2 bytes of length */
    PREFIX_V2 = MAGIC_SIZE + 6, /* versions 2 and 3: 4 bytes of length */
    ALIGNMENT = 64,
};

typedef struct header_reader {
    const char *at, *end;
    bool has_type, has_order, has_shape;
} header_reader;

/* ---- The dictionary ---- */

static void skip_space(header_reader *reader)
{
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\n'))
        reader->at++;
}

/* Whether the text comes next, after spaces; if so, it is consumed. */
static bool take(header_reader *reader, const char *text)
{
    const size_t length = strlen(text);
    skip_space(reader);
    if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, text, length) != 0)
        return false;
    reader->at += length;
    return true;
}

/* A string in quotes of either kind, without escapes. */
static bool take_string(header_reader *reader, char text[NPY_TYPE_MAX])
{
    skip_space(reader);
    const char quote = reader->at < reader->end ? *reader->at : '\0';
    if (quote != '\'' && quote != '"')
        return false;
    const char *start = ++reader->at;
    while (reader->at < reader->end && *reader->at != quote)
        reader->at++;
    const size_t length = (size_t)(reader->at - start);
    if (reader->at == reader->end || length >= NPY_TYPE_MAX)
        return false;
    memcpy(text, start, length);
    text[length] = '\0';
    reader->at++;
    return true;
}

static bool take_number(header_reader *reader, size_t *number)
{
    skip_space(reader);
    const char *start = reader->at;
    *number = 0;
    for (; reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9'; reader->at++)
        if (__builtin_mul_overflow(*number, (size_t)10, number) ||
            __builtin_add_overflow(*number, (size_t)(*reader->at - '0'), number))
            return false;
    return reader->at > start;
}

static bool take_shape(header_reader *reader, npy_array *array)
{
    if (!take(reader, "("))
        return false;
    for (array->rank = 0; !take(reader, ")"); array->rank++) {
        if (array->rank == NPY_RANK_MAX || !take_number(reader, &array->shape[array->rank]))
            return false;
        if (!take(reader, ",") && (array->rank == 0 || reader->at == reader->end || *reader->at != ')'))
            return false;
    }
    return true;
}

static bool take_order(header_reader *reader, npy_array *array)
{
    array->column_major = take(reader, "True");
    return array->column_major || take(reader, "False");
}

static bool take_entry(header_reader *reader, npy_array *array)
{
    if (take(reader, "'descr':"))
        return !reader->has_type && (reader->has_type = take_string(reader, array->type));
    if (take(reader, "'fortran_order':"))
        return !reader->has_order && (reader->has_order = take_order(reader, array));
    if (take(reader, "'shape':"))
        return !reader->has_shape && (reader->has_shape = take_shape(reader, array));
    return false;
}

static bool take_dictionary(header_reader *reader, npy_array *array)
{
    bool more = take(reader, "{");
    while (more && !take(reader, "}"))
        more = take_entry(reader, array) && (take(reader, ",") || (reader->at < reader->end && *reader->at == '}'));
    skip_space(reader);
    return more && reader->at == reader->end && reader->has_type && reader->has_order && reader->has_shape;
}

/* ---- The file ---- */

/* Finds the dictionary. */
static gradus_status find_dictionary(const char *name, const unsigned char *bytes, size_t size, size_t *prefix,
                                     size_t *length)
{
    if (size < PREFIX_V2 || memcmp(bytes, MAGIC, MAGIC_SIZE) != 0)
        return gr_fail(GRADUS_ERROR_DATA, "%s: not an NPY array", name);
    const unsigned major = bytes[MAGIC_SIZE];
    if (major < 1 || major > 3)
        return gr_fail(GRADUS_ERROR_DATA, "%s: NPY version %u, expected 1 to 3", name, major);
    const unsigned char *at = bytes + MAGIC_SIZE + 2;
    *prefix = major == 1 ? PREFIX_V1 : PREFIX_V2;
    *length = (size_t)at[0] | (size_t)at[1] << 8;
    if (major > 1)
        *length |= (size_t)at[2] << 16 | (size_t)at[3] << 24;
    if (*length > size - *prefix)
        return gr_fail(GRADUS_ERROR_DATA, "%s: NPY header of %zu bytes, but only %zu follow", name, *length,
                       size - *prefix);
    return GRADUS_OK;
}

/* "<f4": byte order, kind, and the bytes of a value; '|' means that there is no order. */
static bool read_item_size(npy_array *array)
{
    const char *type = array->type;
    array->item_size = 0;
    if (strlen(type) < 3 || strchr("<>|=", type[0]) == NULL || strchr("biufc", type[1]) == NULL)
        return false;
    for (const char *at = type + 2; *at != '\0'; at++) {
        if (*at < '0' || *at > '9' || array->item_size > 99)
            return false;
        array->item_size = 10 * array->item_size + (size_t)(*at - '0');
    }
    return array->item_size > 0;
}

/* Compares the shape with the number of bytes. A dimension of 0 makes the array empty, whatever the others are. */
static gradus_status measure(const char *name, size_t data_size, npy_array *array)
{
    size_t bytes = array->item_size;
    bool fits = true;
    array->length = 1;
    for (size_t i = 0; i < array->rank; i++)
        fits &= !__builtin_mul_overflow(array->length, array->shape[i], &array->length);
    fits &= !__builtin_mul_overflow(array->length, array->item_size, &bytes);
    if (!fits || bytes != data_size)
        return gr_fail(GRADUS_ERROR_DATA, "%s: %zu bytes of data do not make an array of its shape", name, data_size);
    return GRADUS_OK;
}

gradus_status gr_npy_read(const char *name, const unsigned char *bytes, size_t size, npy_array *array)
{
    gradus_status status = GRADUS_OK;
    npy_array found = {0};
    size_t prefix = 0, length = 0;

    TRY(find_dictionary(name, bytes, size, &prefix, &length));
    header_reader reader = {.at = (const char *)bytes + prefix, .end = (const char *)bytes + prefix + length};
    if (!take_dictionary(&reader, &found))
        FAIL(GRADUS_ERROR_DATA, "%s: unknown form of NPY header", name);
    if (!read_item_size(&found))
        FAIL(GRADUS_ERROR_DATA, "%s: values of type \"%s\", expected numbers", name, gr_printable(found.type).text);
    found.data = bytes + prefix + length;
    TRY(measure(name, size - prefix - length, &found));
    *array = found;
cleanup:
    return status;
}

size_t gr_npy_header(size_t rank, const size_t *shape, unsigned char header[NPY_HEADER_MAX])
{
    char text[NPY_HEADER_MAX];
    int used = snprintf(text, sizeof text, "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu,", shape[0]);
    used += rank == 2 ? snprintf(text + used, sizeof text - (size_t)used, " %zu), }", shape[1])
                      : snprintf(text + used, sizeof text - (size_t)used, "), }");
    const size_t unpadded = PREFIX_V1 + (size_t)used + 1; /* with a line feed at its end */
    const size_t size = (unpadded + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT, length = size - PREFIX_V1;
    memset(header, ' ', size);
    memcpy(header, MAGIC "\1\0", MAGIC_SIZE + 2);
    header[MAGIC_SIZE + 2] = (unsigned char)length;
    header[MAGIC_SIZE + 3] = (unsigned char)(length >> 8);
    memcpy(header + PREFIX_V1, text, (size_t)used);
    header[size - 1] = '\n';
    return size;
}
