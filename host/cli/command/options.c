/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the values of options. popt's own conversions are not used, because they accept wrong values (signs, spaces,
 * "nan", overflow in floats). */
#include "command/options.h"
#include "text/failure.h"
#include "text/text.h"

#include <stdio.h>
#include <string.h>

size_t option_find(const option_row *options, const char *name)
{
    size_t row = 0;
    while (strcmp(options[row].name, name) != 0)
        row++;
    return row;
}

/* ---- Choices ---- */

/* The largest number of choices among which the nearest one is found. */
#define CHOICES_MAX 64

choices_text choices_joined(choice_list *choices)
{
    choices_text out = {""};
    for (size_t i = 0; choices(i) != NULL; i++) {
        const size_t used = strlen(out.text);
        snprintf(out.text + used, sizeof out.text - used, i == 0 ? "%s" : ", %s", choices(i));
    }
    return out;
}

bool choices_have(choice_list *choices, const char *name)
{
    for (size_t i = 0; choices(i) != NULL; i++)
        if (strcmp(choices(i), name) == 0)
            return true;
    return false;
}

static int fail_choice(const option_row *option, const char *text)
{
    const char *names[CHOICES_MAX + 1] = {NULL};
    for (size_t i = 0; i < CHOICES_MAX && option->choices(i) != NULL; i++)
        names[i] = option->choices(i);
    const char *nearest = nearest_name(text, names);
    return fail(EX_USAGE, "--%s: found \"%s\", expected one of: %s%s%s%s", option->name, text,
                choices_joined(option->choices).text, nearest == NULL ? "" : "; did you mean ",
                nearest == NULL ? "" : nearest, nearest == NULL ? "" : "?");
}

/* ---- Counts: below 2^63, so that they fit JSON's integers ---- */

#define COUNT_MAX (SIZE_MAX < INT64_MAX ? SIZE_MAX : INT64_MAX)

static int set_count(const option_row *option, const char *text, size_t *out)
{
    uint64_t count = 0;
    const bool is_zero_word = option->zero != NULL && strcmp(text, option->zero) == 0;
    if (!is_zero_word && !parse_count(text, option->minimum, COUNT_MAX, &count))
        return fail(EX_USAGE, "--%s: found \"%s\", expected an integer of at least %zu%s%s", option->name, text,
                    option->minimum, option->zero == NULL ? "" : ", or ", option->zero == NULL ? "" : option->zero);
    *out = (size_t)count;
    return EX_OK;
}

static int set_seed(const option_row *option, const char *text, uint64_t *out)
{
    if (parse_count(text, 0, INT64_MAX, out))
        return EX_OK;
    return fail(EX_USAGE, "--%s: found \"%s\", expected an integer of at least 0", option->name, text);
}

static bool parse_amount(const char *text, amount *out)
{
    double share;
    uint64_t count;
    if (parse_count(text, 0, COUNT_MAX, &count))
        *out = (amount){(size_t)count, 0};
    else if (parse_number(text, &share) && share >= 0 && share < 1)
        *out = (amount){0, share};
    else
        return false;
    return true;
}

bool parse_size_list(const char *text, size_list *out)
{
    const size_t capacity = sizeof out->values / sizeof *out->values;
    size_list list = {0};
    while (list.count < capacity) {
        char part[24] = "";
        uint64_t size;
        size_t length = strcspn(text, ",");
        if (length >= sizeof part)
            return false;
        memcpy(part, text, length);
        if (!parse_count(part, 1, SIZE_MAX, &size))
            return false;
        list.values[list.count++] = (size_t)size;
        text += length;
        if (*text == '\0') {
            *out = list;
            return true;
        }
        text++;
    }
    return false;
}

/* ---- Numbers ---- */

static int fail_number(const option_row *option, const char *text)
{
    char expected[64];
    if (option->maximum > 0)
        snprintf(expected, sizeof expected, option->or_zero ? "a number from 0 to %g" : "a number above 0, at most %g",
                 option->maximum);
    else
        snprintf(expected, sizeof expected, "a number above 0, such as 0.1%s", option->or_zero ? ", or 0" : "");
    return fail(EX_USAGE, "--%s: found \"%s\", expected %s", option->name, text, expected);
}

static bool is_in_range(const option_row *option, double number)
{
    return (number > 0 || (number == 0 && option->or_zero)) && (option->maximum == 0 || number <= option->maximum);
}

static int set_double(const option_row *option, const char *text, double *out)
{
    double number;
    if (!parse_number(text, &number) || !is_in_range(option, number))
        return fail_number(option, text);
    *out = number == 0 ? 0 : number; /* not -0 */
    return EX_OK;
}

/* The number is checked against the range as typed. A number that as a float underflows to 0 or overflows is
 * refused. */
static int set_float(const option_row *option, const char *text, float *out)
{
    double number;
    float rounded;
    if (!parse_number(text, &number) || !is_in_range(option, number) || !parse_float(text, &rounded) ||
        (rounded == 0) != (number == 0))
        return fail_number(option, text);
    *out = number == 0 ? 0 : rounded;
    return EX_OK;
}

/* ---- All kinds ---- */

static int set_text(const option_row *option, const char *text, const char **out)
{
    if (option->kind == OPTION_CHOICE && !choices_have(option->choices, text))
        return fail_choice(option, text);
    if (*text == '\0')
        return fail(EX_USAGE, "--%s: found an empty text, expected %s", option->name, option->argument);
    *out = text;
    return EX_OK;
}

int option_set(const option_row *option, void *settings, const char *text)
{
    void *field = (char *)settings + option->offset;
    switch (option->kind) {
    case OPTION_FLAG:
        *(bool *)field = true;
        return EX_OK;
    case OPTION_TEXT:
    case OPTION_CHOICE:
        return set_text(option, text, field);
    case OPTION_COUNT:
        return set_count(option, text, field);
    case OPTION_SEED:
        return set_seed(option, text, field);
    case OPTION_FLOAT:
        return set_float(option, text, field);
    case OPTION_DOUBLE:
        return set_double(option, text, field);
    case OPTION_AMOUNT:
        if (!parse_amount(text, field))
            return fail(EX_USAGE, "--%s: found \"%s\", expected an integer, or a share such as 0.1", option->name,
                        text);
        return EX_OK;
    case OPTION_SIZES:
        if (!parse_size_list(text, field))
            return fail(EX_USAGE, "--%s: found \"%s\", expected 1 to %d sizes of at least 1, such as 10 or 128,64",
                        option->name, text, GRADUS_LAYERS_MAX - 1);
        return EX_OK;
    case OPTION_SECTION:
    case OPTION_END:
        break;
    }
    return EX_SOFTWARE;
}
