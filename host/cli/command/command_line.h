/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines. A subcommand describes itself and its options in tables, and gets its settings. */
#ifndef GRADUS_CLI_COMMAND_LINE_H
#define GRADUS_CLI_COMMAND_LINE_H

#include "command/options.h"

typedef struct command_description {
    const char *name;
    const char *arguments; /* "MODEL DATASET" */
    const char *summary;   /* one sentence */
    const char *notes;     /* printed below the options, with its own line breaks; NULL: none */
    size_t arguments_min, arguments_max;
} command_description;

typedef struct command_line {
    struct poptContext_s *context;
    const char **arguments; /* the arguments that are not options (argument_count), owned by the context */
    size_t argument_count;
    bool sets[OPTIONS_MAX];   /* which rows of the table have been set */
    char *texts[OPTIONS_MAX]; /* by row: the text after the option; the settings' texts point into it */
} command_line;

/*
 * Parses argv, whose first entry is the subcommand's name, and sets the fields of *settings that the rows name. If an
 * option is given twice, the last one counts. HELP_SHOWN after --help; EX_USAGE, with a line that says which option,
 * what was found and what was expected. The caller frees *line in every case, after the last use of the settings.
 */
int command_line_parse(const command_description *command, const option_row *options, int argc, const char **argv,
                       void *settings, command_line *line);
void command_line_free(command_line *line);

#endif
