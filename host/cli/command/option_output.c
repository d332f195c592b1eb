/* SPDX-License-Identifier: Apache-2.0 */
/* Options as text and as JSON. */
#include "command/option_output.h"
#include "text/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static bool is_zero_word(const option_row *option)
{
    return option->zero != NULL && *option->target.count == 0;
}

static void print_sizes(const size_list *sizes)
{
    for (size_t i = 0; i < sizes->count; i++)
        printf("%s%zu", i == 0 ? " " : ",", sizes->values[i]);
}

static void print_amount(const amount *value)
{
    if (value->count > 0)
        printf(" %" PRIu64, value->count);
    else
        printf(" %g", value->share);
}

static void print_value(const option_row *option)
{
    switch (option->kind) {
    case OPTION_TEXT:
    case OPTION_CHOICE:
        printf(" %s", *option->target.text);
        break;
    case OPTION_COUNT:
        if (is_zero_word(option))
            printf(" %s", option->zero);
        else
            printf(" %" PRIu64, *option->target.count);
        break;
    case OPTION_FLOAT:
        printf(" %s", format_float(*option->target.number).text);
        break;
    case OPTION_DOUBLE:
        printf(" %g", *option->target.fine_number);
        break;
    case OPTION_AMOUNT:
        print_amount(option->target.amount);
        break;
    case OPTION_SIZES:
        print_sizes(option->target.sizes);
        break;
    case OPTION_FLAG:
    case OPTION_END:
        break;
    }
}

void option_print(const option_row *option)
{
    printf("--%s", option->name);
    print_value(option);
    printf("\n");
}

static json_t *json_sizes(const size_list *sizes)
{
    json_t *array = json_array();
    for (size_t i = 0; i < sizes->count; i++)
        json_array_append_new(array, json_integer((json_int_t)sizes->values[i]));
    return array;
}

static json_t *json_amount(const amount *value)
{
    return value->count > 0 ? json_integer((json_int_t)value->count) : json_real(value->share);
}

json_t *option_json(const option_row *option)
{
    switch (option->kind) {
    case OPTION_TEXT:
    case OPTION_CHOICE:
        return json_string(*option->target.text);
    case OPTION_COUNT:
        return is_zero_word(option) ? json_string(option->zero) : json_integer((json_int_t)*option->target.count);
    case OPTION_FLOAT: /* 0.1, not the digits of the float next to it */
        return json_real(strtod(format_float(*option->target.number).text, NULL));
    case OPTION_DOUBLE:
        return json_real(*option->target.fine_number);
    case OPTION_AMOUNT:
        return json_amount(option->target.amount);
    case OPTION_SIZES:
        return json_sizes(option->target.sizes);
    case OPTION_FLAG:
        return json_true();
    case OPTION_END:
        break;
    }
    return NULL;
}
