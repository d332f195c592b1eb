/* SPDX-License-Identifier: Apache-2.0 */
/* Images and bars as characters. */
#include "text/drawing.h"

#include <math.h>

#define COLUMNS_MAX 40
#define ROWS_MAX 24

static size_t divide_up(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

image_drawing drawing_create(const uint8_t *pixels, size_t width, size_t height)
{
    image_drawing drawing = {.pixels = pixels, .width = width, .height = height, .scale = 1};
    if (width < 2 || height < 2)
        return drawing;
    size_t by_width = divide_up(width, COLUMNS_MAX), by_height = divide_up(height, 2 * ROWS_MAX);
    drawing.scale = by_width > by_height ? by_width : by_height;
    drawing.columns = divide_up(width, drawing.scale);
    drawing.rows = divide_up(height, 2 * drawing.scale);
    return drawing;
}

void drawing_shade(const float *values, size_t count, uint8_t *pixels)
{
    float least = values[0], greatest = values[0];
    for (size_t i = 1; i < count; i++) {
        least = fminf(least, values[i]);
        greatest = fmaxf(greatest, values[i]);
    }
    const double range = (double)greatest - (double)least;
    for (size_t i = 0; i < count; i++)
        pixels[i] = (uint8_t)(range > 0 ? lround(255 * ((double)values[i] - (double)least) / range) : 0);
}

/* The mean grey, 0..255, of the pixels that are drawn as one pixel at (x, y); black outside the image. */
static unsigned grey_at(const image_drawing *drawing, size_t x, size_t y)
{
    size_t sum = 0, count = 0;
    for (size_t j = y * drawing->scale; j < (y + 1) * drawing->scale && j < drawing->height; j++)
        for (size_t i = x * drawing->scale; i < (x + 1) * drawing->scale && i < drawing->width; i++) {
            sum += drawing->pixels[j * drawing->width + i];
            count++;
        }
    return count == 0 ? 0 : (unsigned)(sum / count);
}

/* The palette of 256 has black at 16, white at 231, and 24 greys between them from 232 on. */
static unsigned palette_grey(unsigned grey)
{
    unsigned step = (grey * 25 + 127) / 255;
    return step == 0 ? 16 : step == 25 ? 231 : 231 + step;
}

/* An upper half block: the foreground is the upper pixel, the background the lower one. */
static void print_half_block(unsigned upper, unsigned lower, const terminal_style *style)
{
    if (style->true_colour)
        printf("\033[38;2;%u;%u;%um\033[48;2;%u;%u;%um\u2580", upper, upper, upper, lower, lower, lower);
    else
        printf("\033[38;5;%um\033[48;5;%um\u2580", palette_grey(upper), palette_grey(lower));
}

static char shade_at(const image_drawing *drawing, size_t x, size_t row)
{
    static const char shades[] = " .:-=+*#%@";
    unsigned grey = (grey_at(drawing, x, 2 * row) + grey_at(drawing, x, 2 * row + 1)) / 2;
    return row < drawing->rows ? shades[grey * (sizeof shades - 2) / 255] : ' ';
}

void drawing_print_row(const image_drawing *drawing, size_t row, bool padded, const terminal_style *style)
{
    const bool blocks = style->colour && style->unicode && row < drawing->rows;
    size_t columns = drawing->columns;
    while (!padded && !blocks && columns > 0 && shade_at(drawing, columns - 1, row) == ' ')
        columns--;
    for (size_t x = 0; x < columns; x++)
        if (blocks)
            print_half_block(grey_at(drawing, x, 2 * row), grey_at(drawing, x, 2 * row + 1), style);
        else
            putchar(shade_at(drawing, x, row));
    if (row < drawing->rows && style->unicode)
        fputs(terminal_escape(style, PAINT_NONE), stdout);
}

void drawing_print_bar(double share, size_t width, const terminal_style *style)
{
    static const char *const eighths[] = {" ", "\u258f", "\u258e", "\u258d", "\u258c", "\u258b", "\u258a", "\u2589"};
    size_t parts = share > 0 ? (size_t)lround(share * (double)width * 8) : 0, whole = parts / 8; /* none for NaN */
    for (size_t i = 0; i < width; i++)
        if (style->unicode)
            fputs(i < whole ? "\u2588" : i == whole ? eighths[parts % 8] : " ", stdout);
        else
            putchar(i < (parts + 4) / 8 ? '#' : ' ');
}
