/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Option tables over popt. popt splits the command line and lays out the help text; the values are read here, since
 * popt's own conversions accept what makes no sense (signs, spaces, "nan", overflow in floats).
 */
#include "command/options.h"
#include "text/failure.h"
#include "text/text.h"

#include <popt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_HELP = OPTIONS_MAX + 1 };

/* ---- Values ---- */

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
        list.values[list.count++] = size;
        text += length;
        if (*text == '\0') {
            *out = list;
            return true;
        }
        text++;
    }
    return false;
}

static bool is_choice(const char *text, const char *const *choices)
{
    while (*choices != NULL && strcmp(text, *choices) != 0)
        choices++;
    return *choices != NULL;
}

static int fail_choice(const option_row *option, const char *text)
{
    char expected[256] = "";
    for (const char *const *choice = option->choices; *choice != NULL; choice++) {
        size_t used = strlen(expected);
        snprintf(expected + used, sizeof expected - used, used == 0 ? "%s" : ", %s", *choice);
    }
    const char *nearest = nearest_name(text, option->choices);
    if (nearest != NULL)
        return fail(EX_USAGE, "--%s: found \"%s\", expected one of: %s; did you mean %s?", option->name, text,
                    expected, nearest);
    return fail(EX_USAGE, "--%s: found \"%s\", expected one of: %s", option->name, text, expected);
}

static int set_text(char **target, const char *text)
{
    char *copy = strdup(text);
    if (copy == NULL)
        return fail(EX_OSERR, "out of memory: the command line");
    free(*target);
    *target = copy;
    return EX_OK;
}

static bool parse_amount(const char *text, amount *out)
{
    double share;
    uint64_t count;
    if (parse_count(text, 1, INT64_MAX, &count))
        *out = (amount){count, 0};
    else if (parse_positive_double(text, &share) && share < 1)
        *out = (amount){0, share};
    else
        return false;
    return true;
}

static bool is_zero(const option_row *option, const char *text)
{
    return option->zero != NULL && strcmp(text, option->zero) == 0;
}

/* ", or full": what a message adds to the values that are expected. */
static short_text or_zero(const option_row *option)
{
    short_text out = {""};
    if (option->zero != NULL)
        snprintf(out.text, sizeof out.text, ", or %s", option->zero);
    return out;
}

/* Counts stay below 2^63, so that they fit JSON's integers everywhere. */
int option_set(const option_row *option, const char *text)
{
    double number = 0;
    switch (option->kind) {
    case OPTION_FLAG:
        *option->target.flag = true;
        return EX_OK;
    case OPTION_TEXT:
        if (*text == '\0')
            return fail(EX_USAGE, "--%s: found an empty text, expected %s", option->name, option->argument);
        return set_text(option->target.text, text);
    case OPTION_CHOICE:
        return is_choice(text, option->choices) ? set_text(option->target.text, text) : fail_choice(option, text);
    case OPTION_COUNT:
        if (is_zero(option, text))
            *option->target.count = 0;
        else if (!parse_count(text, option->minimum, INT64_MAX, option->target.count))
            return fail(EX_USAGE, "--%s: found \"%s\", expected a whole number from %llu on%s", option->name, text,
                        (unsigned long long)option->minimum, or_zero(option).text);
        return EX_OK;
    case OPTION_FLOAT:
        if (is_zero(option, text))
            *option->target.number = 0;
        else if (!parse_positive_float(text, option->target.number))
            return fail(EX_USAGE, "--%s: found \"%s\", expected a number above 0 that fits a float, such as 0.1%s",
                        option->name, text, or_zero(option).text);
        return EX_OK;
    case OPTION_DOUBLE:
        if (!is_zero(option, text) && (!parse_positive_double(text, &number) || number > option->maximum))
            return fail(EX_USAGE, "--%s: found \"%s\", expected a number above 0, at most %g%s", option->name, text,
                        option->maximum, or_zero(option).text);
        *option->target.fine_number = number;
        return EX_OK;
    case OPTION_AMOUNT:
        if (!parse_amount(text, option->target.amount))
            return fail(EX_USAGE, "--%s: found \"%s\", expected a whole number from 1 on, or a share such as 0.1",
                        option->name, text);
        return EX_OK;
    case OPTION_SIZES:
        if (!parse_size_list(text, option->target.sizes))
            return fail(EX_USAGE, "--%s: found \"%s\", expected 1 to %d sizes of at least 1, such as 10 or 128,64",
                        option->name, text, GRADUS_LAYERS_MAX - 1);
        return EX_OK;
    case OPTION_END:
        break;
    }
    return EX_SOFTWARE;
}

/* ---- Command lines ---- */

static void fill_popt_table(const option_row *options, struct poptOption *table)
{
    size_t count = 0;
    for (; count < OPTIONS_MAX && options[count].kind != OPTION_END; count++) {
        const option_row *option = &options[count];
        int kind = option->kind == OPTION_FLAG ? POPT_ARG_NONE : POPT_ARG_STRING;
        table[count] = (struct poptOption){option->name, option->letter,  kind, NULL, (int)count + 1,
                                           option->help, option->argument};
    }
    table[count] = (struct poptOption){"help", 'h', POPT_ARG_NONE, NULL, VALUE_HELP, "show this text", NULL};
}

static void print_help(const command_description *command, poptContext context)
{
    char usage[128];
    snprintf(usage, sizeof usage, "%s%s[options]", command->arguments, *command->arguments == '\0' ? "" : " ");
    poptSetOtherOptionHelp(context, usage);
    poptPrintHelp(context, stdout, 0);
    printf("\n%s\n", command->summary);
    if (command->notes != NULL)
        printf("\n%s", command->notes);
}

static int fail_unknown(const command_description *command, const option_row *options, const char *found)
{
    const char *names[OPTIONS_MAX + 2] = {"help"}, *bare = found + strspn(found, "-");
    for (size_t i = 0; i < OPTIONS_MAX && options[i].kind != OPTION_END; i++)
        names[i + 1] = options[i].name;
    const char *nearest = nearest_name(bare, names);
    if (nearest != NULL)
        return fail(EX_USAGE, "%s: unknown option %s; did you mean --%s?", command->name, found, nearest);
    return fail(EX_USAGE, "%s: unknown option %s; 'gradus %s --help' lists them", command->name, found, command->name);
}

static int fail_popt(const command_description *command, const option_row *options, poptContext context, int error)
{
    const char *found = poptBadOption(context, POPT_BADOPTION_NOALIAS);
    switch (error) {
    case POPT_ERROR_BADOPT:
        return fail_unknown(command, options, found);
    case POPT_ERROR_NOARG:
        return fail(EX_USAGE, "%s: %s: found nothing after it, expected a value", command->name, found);
    case POPT_ERROR_UNWANTEDARG:
        return fail(EX_USAGE, "%s: %s: found a value, expected none", command->name, found);
    default:
        return fail(EX_USAGE, "%s: %s: %s", command->name, found, poptStrerror(error));
    }
}

static int read_options(const command_description *command, const option_row *options, poptContext context,
                        bool sets[OPTIONS_MAX])
{
    int value;
    while ((value = poptGetNextOpt(context)) > 0) {
        if (value == VALUE_HELP) {
            print_help(command, context);
            return HELP_SHOWN;
        }
        char *text = poptGetOptArg(context);
        int code = option_set(&options[value - 1], text == NULL ? "" : text);
        free(text);
        if (code != EX_OK)
            return code;
        sets[value - 1] = true;
    }
    return value == -1 ? EX_OK : fail_popt(command, options, context, value);
}

static int check_arguments(const command_description *command, const command_line *line)
{
    if (line->argument_count < command->arguments_min)
        return fail(EX_USAGE, "%s: found %zu argument%s, expected %s; 'gradus %s --help' explains them", command->name,
                    line->argument_count, line->argument_count == 1 ? "" : "s", command->arguments, command->name);
    if (line->argument_count > command->arguments_max)
        return fail(EX_USAGE, "%s: found an argument \"%s\" too many, expected %s", command->name,
                    line->arguments[command->arguments_max],
                    *command->arguments == '\0' ? "only options" : command->arguments);
    return EX_OK;
}

int command_line_parse(const command_description *command, const option_row *options, int argc, const char **argv,
                       command_line *line)
{
    int code = EX_OK;
    char program[64];
    struct poptOption table[OPTIONS_MAX + 2] = {POPT_TABLEEND};

    fill_popt_table(options, table);
    snprintf(program, sizeof program, "gradus %s", command->name);
    argv[0] = program; /* the help text takes the program's name from here */
    line->context = poptGetContext(NULL, argc, argv, table, 0);
    if (line->context == NULL)
        return fail(EX_OSERR, "out of memory: the command line");
    TRY(read_options(command, options, line->context, line->sets));
    line->arguments = poptGetArgs(line->context);
    while (line->arguments != NULL && line->arguments[line->argument_count] != NULL)
        line->argument_count++;
    TRY(check_arguments(command, line));
cleanup:
    argv[0] = command->name;
    return code;
}

void command_line_free(command_line *line)
{
    poptFreeContext(line->context);
    *line = (command_line){0};
}

size_t option_find(const option_row *options, const char *name)
{
    size_t row = 0;
    while (strcmp(options[row].name, name) != 0)
        row++;
    return row;
}

void option_rows_free(const option_row *options)
{
    for (; options->kind != OPTION_END; options++)
        if (options->kind == OPTION_TEXT || options->kind == OPTION_CHOICE) {
            free(*options->target.text);
            *options->target.text = NULL;
        }
}
