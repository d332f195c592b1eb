/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines. A subcommand describes itself and its options in tables; parsing, checking and the help text follow
 * from them.
 */
#ifndef GRADUS_CLI_OPTIONS_H
#define GRADUS_CLI_OPTIONS_H

#include <gradus/gradus.h>

/* Rows of a table, its end included. */
#define OPTIONS_MAX 96

/* Sizes of hidden layers, as in "128,64". */
typedef struct size_list {
    size_t count;
    size_t values[GRADUS_LAYERS_MAX - 1];
} size_list;

/* A number of things, or else a share of all of them. */
typedef struct amount {
    uint64_t count; /* 0: the share counts */
    double share;   /* below 1; 0: nothing was given */
} amount;

typedef enum option_kind {
    OPTION_END,
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_CHOICE, /* one of `choices` */
    OPTION_COUNT,  /* a whole number, at least `minimum` */
    OPTION_FLOAT,  /* a finite number above zero */
    OPTION_DOUBLE, /* the same, up to `maximum` */
    OPTION_AMOUNT,
    OPTION_SIZES,
} option_kind;

/* One option; the member of the union that fits the kind receives its value. The last one given counts. */
typedef struct option_row {
    const char *name;
    char letter; /* its short form; 0: none */
    option_kind kind;
    union {
        bool *flag;
        char **text; /* for texts and choices; owned by whoever owns the target */
        uint64_t *count;
        float *number;
        double *fine_number;
        amount *amount;
        size_list *sizes;
    } target;
    const char *argument; /* its name in the help text */
    const char *help;
    const char *const *choices; /* ends with NULL */
    uint64_t minimum;
    double maximum;
    const char *zero; /* a word that stands for 0, which is none of the others' values; NULL: none */
} option_row;

/* Rows of a table, which ends with END_OPTION. */
#define FLAG_OPTION(n, to, h)                                                                                         \
    {                                                                                                                 \
        .name = n, .kind = OPTION_FLAG, .target.flag = to, .help = h                                                  \
    }
#define TEXT_OPTION(n, to, a, h)                                                                                      \
    {                                                                                                                 \
        .name = n, .kind = OPTION_TEXT, .target.text = to, .argument = a, .help = h                                   \
    }
#define CHOICE_OPTION(n, to, c, h)                                                                                    \
    {                                                                                                                 \
        .name = n, .kind = OPTION_CHOICE, .target.text = to, .argument = "NAME", .help = h, .choices = c              \
    }
#define COUNT_OPTION(n, to, m, h)                                                                                     \
    {                                                                                                                 \
        .name = n, .kind = OPTION_COUNT, .target.count = to, .argument = "N", .help = h, .minimum = m                 \
    }
#define FLOAT_OPTION(n, to, h)                                                                                        \
    {                                                                                                                 \
        .name = n, .kind = OPTION_FLOAT, .target.number = to, .argument = "X", .help = h                              \
    }
#define DOUBLE_OPTION(n, to, m, h)                                                                                    \
    {                                                                                                                 \
        .name = n, .kind = OPTION_DOUBLE, .target.fine_number = to, .argument = "X", .help = h, .maximum = m          \
    }
/* The same where 0 is a value too: what it says is then not done. */
#define FLOAT_OR_ZERO_OPTION(n, to, h)                                                                                \
    {                                                                                                                 \
        .name = n, .kind = OPTION_FLOAT, .target.number = to, .argument = "X", .help = h, .zero = "0"                 \
    }
#define DOUBLE_OR_ZERO_OPTION(n, to, m, h)                                                                            \
    {                                                                                                                 \
        .name = n, .kind = OPTION_DOUBLE, .target.fine_number = to, .argument = "X", .help = h, .maximum = m,         \
        .zero = "0"                                                                                                   \
    }
#define AMOUNT_OPTION(n, to, h)                                                                                       \
    {                                                                                                                 \
        .name = n, .kind = OPTION_AMOUNT, .target.amount = to, .argument = "N|FRACTION", .help = h                    \
    }
#define SIZES_OPTION(n, to, h)                                                                                        \
    {                                                                                                                 \
        .name = n, .kind = OPTION_SIZES, .target.sizes = to, .argument = "LIST", .help = h                            \
    }
#define END_OPTION                                                                                                    \
    {                                                                                                                 \
        .kind = OPTION_END                                                                                            \
    }

/* Rows that several subcommands share. */
#define DEVICE_OPTION(to) TEXT_OPTION("device", to, "D", "index, P:D, gpu, cpu, or part of a name")
#define DATA_DIR_OPTION(to) TEXT_OPTION("data-dir", to, "DIR", "folder with data sets, searched first")
#define JSON_OPTION(to) FLAG_OPTION("json", to, "print one JSON value instead of text")

typedef struct command_description {
    const char *name;
    const char *arguments; /* "MODEL DATASET" */
    const char *summary;   /* one sentence */
    const char *notes;     /* printed below the options, with its own line breaks; NULL: none */
    size_t arguments_min, arguments_max;
} command_description;

typedef struct command_line {
    struct poptContext_s *context;
    const char **arguments; /* what is no option (argument_count), owned by the context */
    size_t argument_count;
    bool sets[OPTIONS_MAX]; /* which rows of the table have been set */
} command_line;

/* Sets *out only if all of the text is such a list. */
bool parse_size_list(const char *text, size_list *out);

/*
 * Parses argv, whose first entry is the subcommand's name. HELP_SHOWN after --help; EX_USAGE, with a line that says
 * which option, what was found and what was expected. The caller frees *line in every case.
 */
int command_line_parse(const command_description *command, const option_row *options, int argc, const char **argv,
                       command_line *line);
void command_line_free(command_line *line);

/* The row of this name, which must be in the table. */
size_t option_find(const option_row *options, const char *name);

/* Sets the row's target to what stands after the option. EX_USAGE as above. */
int option_set(const option_row *option, const char *text);

/* Frees the texts that the rows' targets own, and leaves NULL there. */
void option_rows_free(const option_row *options);

#endif
