/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines, by popt, which splits them and formats the help text. */
#include "command/command_line.h"
#include "command/data_input.h"
#include "text/failure.h"
#include "text/text.h"

#include <popt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_HELP = OPTIONS_MAX + 1 };

/* ---- popt's tables ---- */

/* A table that includes one for each section; each ends with an entry of zeros. */
typedef struct popt_tables {
    struct poptOption top[OPTIONS_MAX + 2], sections[2 * OPTIONS_MAX];
    char helps[OPTIONS_MAX][256]; /* by row */
} popt_tables;

static struct poptOption popt_entry(const option_row *option, size_t row, char help[256])
{
    if (option->kind == OPTION_CHOICE)
        snprintf(help, 256, option->help, choices_joined(option->choices).text);
    else
        snprintf(help, 256, "%s", option->help);
    const unsigned text = POPT_ARG_STRING | (option->alone == NULL ? 0 : POPT_ARGFLAG_OPTIONAL);
    return (struct poptOption){
        option->name, option->letter,  option->kind == OPTION_FLAG ? POPT_ARG_NONE : text, NULL, (int)row + 1,
        help,         option->argument};
}

static void fill_popt_tables(const option_row *options, popt_tables *tables)
{
    struct poptOption *top = tables->top, *section = tables->sections, **next = &top;
    for (size_t row = 0; options[row].kind != OPTION_END; row++) {
        if (options[row].kind == OPTION_SECTION) {
            section += next == &section; /* the end of the one before */
            *top++ = (struct poptOption){NULL, 0, POPT_ARG_INCLUDE_TABLE, section, 0, options[row].name, NULL};
            next = &section;
        } else {
            *(*next)++ = popt_entry(&options[row], row, tables->helps[row]);
        }
    }
    *top = (struct poptOption){"help", 'h', POPT_ARG_NONE, NULL, VALUE_HELP, "show this text", NULL};
}

static void print_help(const command_description *command, poptContext context)
{
    char usage[128];
    snprintf(usage, sizeof usage, "%s%s[options]", command->arguments, *command->arguments == '\0' ? "" : " ");
    poptSetOtherOptionHelp(context, usage);
    poptPrintHelp(context, stdout, 0);
    printf("\n%s\n", command->summary);
    if (strstr(command->arguments, "DATASET") != NULL) {
        printf("\n");
        data_print_formats(stdout);
    }
    if (command->notes != NULL)
        printf("\n%s", command->notes);
}

/* ---- Unknown options ---- */

/* Names of other programs for gradus's options. */
static const struct {
    const char *other, *name;
} synonyms[] = {
    {"batch", "batch-size"},    {"early-stopping", "patience"}, {"learning-rate", "lr"},
    {"kernels", "kernel-kind"}, {"layers", "hidden"},           {"max-epochs", "epochs"},
    {"output", "out"},          {"path", "data-dir"},           {"save", "out"},
    {"steps", "iterations"},    {"validation", "holdout"},      {"validation-split", "holdout"},
    {"wd", "weight-decay"},
};

#define SYNONYMS (sizeof synonyms / sizeof *synonyms)

/* The option that was probably meant by "learning-rate" or "hiden"; NULL if none is near. */
static const char *nearest_option(const option_row *options, const char *text)
{
    const char *names[OPTIONS_MAX + 2] = {"help"}, *others[SYNONYMS + 1] = {NULL}, *meant[SYNONYMS];
    size_t count = 1, other_count = 0;
    for (const option_row *row = options; row->kind != OPTION_END; row++) {
        if (row->kind == OPTION_SECTION)
            continue;
        names[count++] = row->name;
        for (size_t i = 0; i < SYNONYMS; i++)
            if (strcmp(synonyms[i].name, row->name) == 0) {
                others[other_count] = synonyms[i].other;
                meant[other_count++] = row->name;
            }
    }
    const char *nearest = nearest_name(text, names), *other = nearest_name(text, others);
    for (size_t i = 0; nearest == NULL && other != NULL && i < other_count; i++)
        if (others[i] == other)
            nearest = meant[i];
    return nearest;
}

static int fail_unknown(const command_description *command, const option_row *options, const char *found)
{
    char bare[64] = "";
    const char *start = found + strspn(found, "-");
    snprintf(bare, sizeof bare, "%.*s", (int)strcspn(start, "="), start);
    for (char *c = bare; *c != '\0'; c++)
        *c = *c == '_' ? '-' : *c;
    const char *nearest = nearest_option(options, bare);
    const int length = (int)(start - found + (ptrdiff_t)strcspn(start, "="));
    if (nearest != NULL)
        return fail(EX_USAGE, "%s: unknown option %.*s; did you mean --%s?", command->name, length, found, nearest);
    return fail(EX_USAGE, "%s: unknown option %.*s; 'gradus %s --help' lists them", command->name, length, found,
                command->name);
}

/* ---- Parsing ---- */

static int fail_popt(const command_description *command, const option_row *options, poptContext context, int error)
{
    const char *found = poptBadOption(context, POPT_BADOPTION_NOALIAS);
    switch (error) {
    case POPT_ERROR_BADOPT:
        return fail_unknown(command, options, found);
    case POPT_ERROR_NOARG:
        return fail(EX_USAGE, "%s: %s: found no value, expected one", command->name, found);
    case POPT_ERROR_UNWANTEDARG:
        return fail(EX_USAGE, "%s: %s: found a value, expected none", command->name, found);
    default:
        return fail(EX_USAGE, "%s: %s: %s", command->name, found, poptStrerror(error));
    }
}

static int read_options(const command_description *command, const option_row *options, void *settings,
                        command_line *line)
{
    int value;
    while ((value = poptGetNextOpt(line->context)) > 0) {
        if (value == VALUE_HELP) {
            print_help(command, line->context);
            return HELP_SHOWN;
        }
        const size_t row = (size_t)value - 1;
        free(line->texts[row]);
        line->texts[row] = poptGetOptArg(line->context);
        const char *otherwise = options[row].alone == NULL ? "" : options[row].alone;
        const int code = option_set(&options[row], settings, line->texts[row] == NULL ? otherwise : line->texts[row]);
        if (code != EX_OK)
            return code;
        line->sets[row] = true;
    }
    return value == -1 ? EX_OK : fail_popt(command, options, line->context, value);
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
                       void *settings, command_line *line)
{
    int code = EX_OK;
    char program[64];
    popt_tables *tables = calloc(1, sizeof *tables);

    snprintf(program, sizeof program, "gradus %s", command->name);
    argv[0] = program; /* the program's name in the help text */
    if (tables == NULL)
        TRY(fail(EX_OSERR, "out of memory: the command line"));
    fill_popt_tables(options, tables);
    line->context = poptGetContext(NULL, argc, argv, tables->top, 0);
    if (line->context == NULL)
        TRY(fail(EX_OSERR, "out of memory: the command line"));
    TRY(read_options(command, options, settings, line));
    line->arguments = poptGetArgs(line->context);
    while (line->arguments != NULL && line->arguments[line->argument_count] != NULL)
        line->argument_count++;
    TRY(check_arguments(command, line));
cleanup:
    argv[0] = command->name;
    free(tables);
    return code;
}

void command_line_free(command_line *line)
{
    poptFreeContext(line->context);
    for (size_t row = 0; row < OPTIONS_MAX; row++)
        free(line->texts[row]);
    *line = (command_line){0};
}
