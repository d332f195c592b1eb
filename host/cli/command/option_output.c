/* SPDX-License-Identifier: Apache-2.0 */
/* Options as text and as JSON. */
#include "command/option_output.h"
#include "text/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const void *field_of(const option_row *option, const void *settings)
{
    return (const char *)settings + option->offset;
}

/* ---- Text ---- */

static void print_sizes(const size_list *sizes)
{
    for (size_t i = 0; i < sizes->count; i++)
        printf("%s%zu", i == 0 ? " " : ",", sizes->values[i]);
}

static void print_count(const option_row *option, size_t count)
{
    if (option->zero != NULL && count == 0)
        printf(" %s", option->zero);
    else
        printf(" %zu", count);
}

static void print_amount(const amount *value)
{
    if (value->share > 0)
        printf(" %g", value->share);
    else
        printf(" %zu", value->count);
}

static void print_value(const option_row *option, const void *field)
{
    switch (option->kind) {
    case OPTION_TEXT:
    case OPTION_CHOICE:
        printf(" %s", *(const char *const *)field);
        break;
    case OPTION_COUNT:
        print_count(option, *(const size_t *)field);
        break;
    case OPTION_SEED:
        printf(" %" PRIu64, *(const uint64_t *)field);
        break;
    case OPTION_FLOAT:
        printf(" %s", format_float(*(const float *)field).text);
        break;
    case OPTION_DOUBLE:
        printf(" %g", *(const double *)field);
        break;
    case OPTION_AMOUNT:
        print_amount(field);
        break;
    case OPTION_SIZES:
        print_sizes(field);
        break;
    case OPTION_FLAG:
    case OPTION_SECTION:
    case OPTION_END:
        break;
    }
}

void option_print(const option_row *option, const void *settings)
{
    printf("--%s", option->name);
    print_value(option, field_of(option, settings));
    printf("\n");
}

/* ---- JSON ---- */

static json_t *json_sizes(const size_list *sizes)
{
    json_t *array = json_array();
    for (size_t i = 0; i < sizes->count; i++)
        json_array_append_new(array, json_integer((json_int_t)sizes->values[i]));
    return array;
}

static json_t *json_count(const option_row *option, size_t count)
{
    return option->zero != NULL && count == 0 ? json_string(option->zero) : json_integer((json_int_t)count);
}

static json_t *json_amount(const amount *value)
{
    return value->share > 0 ? json_real(value->share) : json_integer((json_int_t)value->count);
}

json_t *option_json(const option_row *option, const void *settings)
{
    const void *field = field_of(option, settings);
    switch (option->kind) {
    case OPTION_TEXT:
    case OPTION_CHOICE:
        return json_string(*(const char *const *)field);
    case OPTION_COUNT:
        return json_count(option, *(const size_t *)field);
    case OPTION_SEED:
        return json_integer((json_int_t) * (const uint64_t *)field);
    case OPTION_FLOAT: /* 0.1, not the digits of the float next to it */
        return json_real(strtod(format_float(*(const float *)field).text, NULL));
    case OPTION_DOUBLE:
        return json_real(*(const double *)field);
    case OPTION_AMOUNT:
        return json_amount(field);
    case OPTION_SIZES:
        return json_sizes(field);
    case OPTION_FLAG:
        return json_true();
    case OPTION_SECTION:
    case OPTION_END:
        break;
    }
    return NULL;
}
