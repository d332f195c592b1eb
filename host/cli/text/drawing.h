/* SPDX-License-Identifier: Apache-2.0 */
/* Drawings in a terminal: images of grey bytes, and bars. Both are drawn row by row, so that they can be side by
 * side. */
#ifndef GRADUS_CLI_DRAWING_H
#define GRADUS_CLI_DRAWING_H

#include "text/terminal.h"

#include <stdint.h>

/*
 * The drawing of an image: `scale` x `scale` pixels are drawn as one, so that the drawing stays small. A character
 * shows one such pixel and the one below it, which makes them square.
 */
typedef struct image_drawing {
    const uint8_t *pixels; /* (width x height), row after row */
    size_t width, height, scale;
    size_t columns, rows; /* in characters; 0 x 0 if there is nothing to draw, as in F x 1 */
} image_drawing;

image_drawing drawing_create(const uint8_t *pixels, size_t width, size_t height);

/* Converts an image (count) of floats to grey: from 0 for the smallest to 255 for the largest. */
void drawing_shade(const float *values, size_t count, uint8_t *pixels);

/* Draws one row of characters; blank from `rows` on. `padded`: all `columns` of it, because something follows; if not,
 * the row does not end with blanks. */
void drawing_print_row(const image_drawing *drawing, size_t row, bool padded, const terminal_style *style);

/* Draws a bar of `width` characters; the share, 0..1, of it is filled from the left. */
void drawing_print_bar(double share, size_t width, const terminal_style *style);

#endif
