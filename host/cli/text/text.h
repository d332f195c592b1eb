/* SPDX-License-Identifier: Apache-2.0 */
/* Formats numbers for people, and parses numbers that people typed. */
#ifndef GRADUS_CLI_TEXT_H
#define GRADUS_CLI_TEXT_H

#include <gradus/gradus.h>

/* Returned by value, for use within an expression: printf("%s", format_count(n).text). */
typedef struct short_text {
    char text[64];
} short_text;

/* Long enough for the sizes of the deepest network. */
typedef struct network_text {
    char text[400];
} network_text;

short_text format_count(uint64_t count);                    /* 41,000 */
short_text format_bytes(uint64_t bytes);                    /* 15.6 GiB */
short_text format_seconds(double seconds);                  /* 12 ms, 3.4 s, 2 min 05 s */
short_text format_rate(double per_second);                  /* 1,234 or 12.3 */
short_text format_milliseconds(double seconds);             /* 3.142, 12.35, 123.5 */
short_text format_percent(double share);                    /* 84.21 %, or - for NaN */
short_text format_share(double share);                      /* 84 %, or - for NaN */
short_text format_loss(double loss);                        /* 0.468046; 7.282e+29 for a diverging loss */
short_text format_float(float value);                       /* the fewest digits that give the same float: 0.1 */
short_text format_hash(const gradus_model *model);          /* its weights_hash: f67c6b384c989e0b */
network_text format_network(const gradus_network *network); /* 784-10-10 */

/* Number of weights and biases. */
uint64_t count_parameters(const gradus_network *network);

/*
 * Strict parsing: the complete text must be the number, in decimal digits. False, with the output unchanged, if it is
 * not, or is out of range.
 */
bool parse_count(const char *text, uint64_t minimum, uint64_t maximum, uint64_t *out);
bool parse_number(const char *text, double *out); /* finite */
bool parse_float(const char *text, float *out);   /* the same, rounded to a float */

/* The name that `text` was probably meant to be; NULL if none is near. names ends with NULL. */
const char *nearest_name(const char *text, const char *const *names);

#endif
