/* SPDX-License-Identifier: Apache-2.0 */
/* The capabilities of a stream's terminal. */
#ifndef GRADUS_CLI_TERMINAL_H
#define GRADUS_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct terminal_style {
    bool colour;      /* a terminal, and neither NO_COLOR (https://no-color.org) nor TERM=dumb */
    bool true_colour; /* 24 bits, not a palette of 256 */
    bool unicode;     /* UTF-8 by the user's locale */
} terminal_style;

terminal_style terminal_style_of(FILE *stream);

/* An escape sequence, or "" without colour. */
typedef enum terminal_paint { PAINT_NONE, PAINT_BOLD, PAINT_DIM, PAINT_GREEN, PAINT_RED } terminal_paint;
const char *terminal_escape(const terminal_style *style, terminal_paint paint);

/* Whether a line on the stream can be overwritten. */
bool terminal_is_updatable(FILE *stream);

/* Removes the last line; does nothing if lines cannot be overwritten. */
void terminal_clear_line(FILE *stream);

/* Columns of the terminal, 80 if unknown. */
size_t terminal_width(FILE *stream);

#endif
