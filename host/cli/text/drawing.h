/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures in a terminal: images of grey bytes, and bars. Both are drawn row by row, so that they can stand side by
 * side. */
#ifndef GRADUS_CLI_DRAWING_H
#define GRADUS_CLI_DRAWING_H

#include "text/terminal.h"

#include <stdint.h>

/*
 * An image as it will be drawn: `scale` x `scale` pixels for each one shown, chosen so that the drawing stays small.
 * A character shows one such pixel and the one below it, which makes them square.
 */
typedef struct image_drawing {
    const uint8_t *pixels; /* (width x height), row after row */
    size_t width, height, scale;
    size_t columns, rows; /* in characters; 0 x 0 where there is nothing to see, as in F x 1 */
} image_drawing;

image_drawing drawing_create(const uint8_t *pixels, size_t width, size_t height);

/* Grey for an image (count) of floats: from 0 for the least of them to 255 for the greatest. */
void drawing_shade(const float *values, size_t count, uint8_t *pixels);

/* Draws one row of characters; blanks from `rows` on. `padded`: all `columns` of it, since something follows; else it does
 * not end with blanks. */
void drawing_print_row(const image_drawing *drawing, size_t row, bool padded, const terminal_style *style);

/* A bar of `width` characters, filled from the left by the share, 0..1, and blank from there on. */
void drawing_print_bar(double share, size_t width, const terminal_style *style);

#endif
