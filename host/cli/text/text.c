/* SPDX-License-Identifier: Apache-2.0 */
/* Formatting and strict reading of numbers; spelling. */
#include "text/text.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Writing ---- */

short_text format_count(uint64_t count)
{
    short_text plain, grouped = {""};
    size_t length = (size_t)snprintf(plain.text, sizeof plain.text, "%" PRIu64, count);
    char *end = grouped.text;
    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *end++ = ',';
        *end++ = plain.text[i];
    }
    *end = '\0';
    return grouped;
}

short_text format_bytes(uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    short_text out;
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 1024) {
        value /= 1024;
        unit++;
    }
    snprintf(out.text, sizeof out.text, value < 10 && unit > 0 ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return out;
}

short_text format_seconds(double seconds)
{
    short_text out;
    uint64_t whole = (uint64_t)llround(seconds);
    if (seconds < 0.0995)
        snprintf(out.text, sizeof out.text, "%.3g ms", 1e3 * seconds);
    else if (seconds < 59.95)
        snprintf(out.text, sizeof out.text, "%.1f s", seconds);
    else if (whole < 3600)
        snprintf(out.text, sizeof out.text, "%" PRIu64 " min %02" PRIu64 " s", whole / 60, whole % 60);
    else
        snprintf(out.text, sizeof out.text, "%" PRIu64 " h %02" PRIu64 " min", whole / 3600, whole / 60 % 60);
    return out;
}

short_text format_rate(double per_second)
{
    short_text out;
    if (per_second >= 99.95)
        return format_count((uint64_t)llround(per_second));
    snprintf(out.text, sizeof out.text, "%.3g", per_second);
    return out;
}

short_text format_percent(double share)
{
    short_text out = {"-"};
    if (!isnan(share))
        snprintf(out.text, sizeof out.text, "%.2f %%", 100 * share);
    return out;
}

short_text format_milliseconds(double seconds)
{
    short_text out;
    const double ms = 1e3 * seconds;
    snprintf(out.text, sizeof out.text, "%.*f", ms < 9.9995 ? 3 : ms < 99.995 ? 2 : ms < 999.95 ? 1 : 0, ms);
    return out;
}

short_text format_share(double share)
{
    short_text out = {"-"};
    if (!isnan(share))
        snprintf(out.text, sizeof out.text, "%.0f %%", 100 * share);
    return out;
}

short_text format_loss(double loss)
{
    short_text out;
    snprintf(out.text, sizeof out.text, fabs(loss) < 1e6 ? "%.6f" : "%.4g", loss);
    return out;
}

short_text format_float(float value)
{
    short_text out;
    int digits = 6;
    do
        snprintf(out.text, sizeof out.text, "%.*g", digits, (double)value);
    while (strtof(out.text, NULL) != value && ++digits <= 9);
    return out;
}

short_text format_hash(const gradus_model *model)
{
    short_text out;
    snprintf(out.text, sizeof out.text, "%016" PRIx64, gradus_model_hash(model));
    return out;
}

network_text format_network(const gradus_network *network)
{
    network_text out;
    size_t used = 0;
    for (size_t i = 0; i <= network->layers; i++)
        used += (size_t)snprintf(out.text + used, sizeof out.text - used, i == 0 ? "%zu" : "-%zu", network->sizes[i]);
    return out;
}

uint64_t count_parameters(const gradus_network *network)
{
    uint64_t count = 0;
    for (size_t l = 0; l < network->layers; l++)
        count += (uint64_t)(network->sizes[l] + 1) * network->sizes[l + 1];
    return count;
}

/* ---- Reading ---- */

bool parse_count(const char *text, uint64_t minimum, uint64_t maximum, uint64_t *out)
{
    if (*text == '\0' || text[strspn(text, "0123456789")] != '\0')
        return false;
    errno = 0;
    unsigned long long value = strtoull(text, NULL, 10);
    if (errno != 0 || value < minimum || value > maximum)
        return false;
    *out = value;
    return true;
}

/* Refuses texts that strtof accepts beyond decimal numbers: spaces, hexadecimal, "inf", "nan". */
static bool is_decimal(const char *text)
{
    return *text != '\0' && text[strspn(text, "0123456789.+-eE")] == '\0';
}

bool parse_number(const char *text, double *out)
{
    char *end;
    if (!is_decimal(text))
        return false;
    const double value = strtod(text, &end);
    if (*end != '\0' || isinf(value))
        return false;
    *out = value;
    return true;
}

bool parse_float(const char *text, float *out)
{
    char *end;
    if (!is_decimal(text))
        return false;
    const float value = strtof(text, &end);
    if (*end != '\0' || isinf(value))
        return false;
    *out = value;
    return true;
}

/* ---- Spelling ---- */

#define NAME_MAX_LENGTH 32

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The number of edits between two texts, b of at most NAME_MAX_LENGTH: insertions, deletions, substitutions, and swaps
 * of neighbours, the most common typing error (optimal string alignment; Damerau 1964). Row by row. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t rows[3][NAME_MAX_LENGTH + 1], b_length = strlen(b);
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    assert(b_length <= NAME_MAX_LENGTH);
    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
        row[0] = i + 1;
        for (size_t j = 0; j < b_length; j++) {
            size_t best = above[j] + (a[i] != b[j]);
            best = smaller(best, smaller(row[j], above[j + 1]) + 1);
            if (i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j])
                best = smaller(best, before[j - 1] + 1);
            row[j + 1] = best;
        }
    }
    return row[b_length];
}

const char *nearest_name(const char *text, const char *const *names)
{
    const char *nearest = NULL;
    size_t length = strlen(text), nearest_distance = (length < 6 ? 1 : length / 3) + 1;
    if (length > NAME_MAX_LENGTH)
        return NULL;
    for (; *names != NULL; names++) {
        bool is_beginning = length >= 2 && strncmp(text, *names, length) == 0;
        size_t distance = is_beginning ? 0 : edit_distance(text, *names);
        if (distance < nearest_distance) {
            nearest_distance = distance;
            nearest = *names;
        }
    }
    return nearest;
}
