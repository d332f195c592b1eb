/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Option tables. A row has an option's name, its values, and the field for it in a subcommand's struct of settings.
 * Parsing (command_line.h), help, presets and output (option_output.h) follow from the rows.
 */
#ifndef GRADUS_CLI_OPTIONS_H
#define GRADUS_CLI_OPTIONS_H

#include <gradus/gradus.h>

/* Rows of a table, including its sections and its end. */
#define OPTIONS_MAX 96

/* Sizes of hidden layers, as in "128,64". */
typedef struct size_list {
    size_t count;
    size_t values[GRADUS_LAYERS_MAX - 1];
} size_list;

/* A number of things, or a share of all of them; both 0: none. */
typedef struct amount {
    size_t count;
    double share; /* below 1; used if count is 0 */
} amount;

/* A list of names: the one at an index from 0 on, NULL after the last; gradus_optimizer_name() is one. */
typedef const char *choice_list(size_t index);

typedef enum option_kind {
    OPTION_END,
    OPTION_SECTION, /* not an option: a heading of the help text, for the rows up to the next one */
    OPTION_FLAG,    /* bool */
    OPTION_TEXT,    /* const char * */
    OPTION_CHOICE,  /* const char *: one of `choices` */
    OPTION_COUNT,   /* size_t: an integer, at least `minimum` */
    OPTION_SEED,    /* uint64_t: an integer */
    OPTION_FLOAT,   /* float: a finite number above 0, or 0 if allowed */
    OPTION_DOUBLE,  /* double: the same */
    OPTION_AMOUNT,  /* amount */
    OPTION_SIZES,   /* size_list */
} option_kind;

typedef struct option_row {
    const char *name; /* of a section: its heading */
    char letter;      /* the short form; 0: none */
    option_kind kind;
    size_t offset;        /* of the value in the settings, in bytes */
    const char *argument; /* its name in the help text */
    const char *help;     /* "%s" in it is replaced by the list of choices */
    choice_list *choices;
    size_t minimum;
    double maximum;    /* of OPTION_FLOAT and OPTION_DOUBLE; 0: none */
    bool or_zero;      /* of these: 0 is allowed, and means none */
    const char *zero;  /* of OPTION_COUNT: a word for 0, such as "full"; NULL: none */
    const char *alone; /* of OPTION_TEXT: the value of the option without a text; NULL: a text must follow */
} option_row;

/* The offset of a field, which must be a ctype: for another type the compiler warns. */
#define OPTION_FIELD(ctype, settings, field)                                                                          \
    (offsetof(settings, field) + 0 * sizeof(1 ? (ctype *)NULL : &((settings *)NULL)->field))

/* Rows of a table, which ends with END_OPTION: name n, field `to` of the struct type s, help text h. */
#define SECTION_OPTION(n)                                                                                             \
    {                                                                                                                 \
        .name = n, .kind = OPTION_SECTION                                                                             \
    }
#define FLAG_OPTION(n, s, to, h)                                                                                      \
    {                                                                                                                 \
        .name = n, .kind = OPTION_FLAG, .offset = OPTION_FIELD(bool, s, to), .help = h                                \
    }
#define TEXT_OPTION(n, s, to, a, h)                                                                                   \
    {                                                                                                                 \
        .name = n, .kind = OPTION_TEXT, .offset = OPTION_FIELD(const char *, s, to), .argument = a, .help = h         \
    }
/* An optional text; o: its value if it is missing. */
#define OPTIONAL_TEXT_OPTION(n, s, to, o, a, h)                                                                       \
    {                                                                                                                 \
        .name = n, .kind = OPTION_TEXT, .offset = OPTION_FIELD(const char *, s, to), .argument = a, .help = h,        \
        .alone = o                                                                                                    \
    }
#define CHOICE_OPTION(n, s, to, c, h)                                                                                 \
    {                                                                                                                 \
        .name = n, .kind = OPTION_CHOICE, .offset = OPTION_FIELD(const char *, s, to), .argument = "NAME", .help = h, \
        .choices = c                                                                                                  \
    }
#define COUNT_OPTION(n, s, to, m, h)                                                                                  \
    {                                                                                                                 \
        .name = n, .kind = OPTION_COUNT, .offset = OPTION_FIELD(size_t, s, to), .argument = "N", .help = h,           \
        .minimum = m                                                                                                  \
    }
#define SEED_OPTION(n, s, to, h)                                                                                      \
    {                                                                                                                 \
        .name = n, .kind = OPTION_SEED, .offset = OPTION_FIELD(uint64_t, s, to), .argument = "N", .help = h           \
    }
#define FLOAT_OPTION(n, s, to, h)                                                                                     \
    {                                                                                                                 \
        .name = n, .kind = OPTION_FLOAT, .offset = OPTION_FIELD(float, s, to), .argument = "X", .help = h             \
    }
/* Numbers where 0 means none; m: the maximum, or 0. */
#define FLOAT_OR_ZERO_OPTION(n, s, to, m, h)                                                                          \
    {                                                                                                                 \
        .name = n, .kind = OPTION_FLOAT, .offset = OPTION_FIELD(float, s, to), .argument = "X", .help = h,            \
        .maximum = m, .or_zero = true                                                                                 \
    }
#define DOUBLE_OR_ZERO_OPTION(n, s, to, m, h)                                                                         \
    {                                                                                                                 \
        .name = n, .kind = OPTION_DOUBLE, .offset = OPTION_FIELD(double, s, to), .argument = "X", .help = h,          \
        .maximum = m, .or_zero = true                                                                                 \
    }
#define AMOUNT_OPTION(n, s, to, h)                                                                                    \
    {                                                                                                                 \
        .name = n, .kind = OPTION_AMOUNT, .offset = OPTION_FIELD(amount, s, to), .argument = "N|FRACTION", .help = h  \
    }
#define SIZES_OPTION(n, s, to, h)                                                                                     \
    {                                                                                                                 \
        .name = n, .kind = OPTION_SIZES, .offset = OPTION_FIELD(size_list, s, to), .argument = "LIST", .help = h      \
    }
#define END_OPTION                                                                                                    \
    {                                                                                                                 \
        .kind = OPTION_END                                                                                            \
    }

/* Rows that several subcommands share. */
#define DEVICE_OPTION(s, to) TEXT_OPTION("device", s, to, "D", "index, P:D, gpu, cpu, or part of a name")
#define DATA_DIR_OPTION(s, to) TEXT_OPTION("data-dir", s, to, "DIR", "folder with data sets, searched first")
#define JSON_OPTION(s, to) FLAG_OPTION("json", s, to, "print one JSON value instead of text")

/* The row of this name, which must be in the table. */
size_t option_find(const option_row *options, const char *name);

/*
 * Sets the row's field to the value in `text`. A field for a text then points into `text`. EX_USAGE, with a line that
 * says which option, what was found and what was expected.
 */
int option_set(const option_row *option, void *settings, const char *text);

/* The names of a list as the help text and messages show them: "auto, cpu, gpu". */
typedef struct choices_text {
    char text[256];
} choices_text;
choices_text choices_joined(choice_list *choices);

/* Whether the list has the name. */
bool choices_have(choice_list *choices, const char *name);

/* Sets *out only if the complete text is a list of sizes. */
bool parse_size_list(const char *text, size_list *out);

#endif
