/* SPDX-License-Identifier: Apache-2.0 */
/* Printing predictions. */
#include "predict/prediction_output.h"
#include "text/drawing.h"
#include "text/json_output.h"
#include "text/text.h"

/* Bars beside a drawing; if there are more classes, only the most probable are shown. */
#define BARS_MAX 10
#define BAR_WIDTH_MAX 24

static bool is_wrong(const sample_prediction *prediction)
{
    return prediction->label >= 0 && (size_t)prediction->label != prediction->predicted;
}

void prediction_print_line(const sample_prediction *prediction)
{
    printf("%s:%-6zu", prediction->input, prediction->index);
    if (prediction->label >= 0)
        printf("  label %-3d", prediction->label);
    printf("  prediction %-3zu  %8s%s\n", prediction->predicted,
           format_percent((double)prediction->probabilities[prediction->predicted]).text,
           is_wrong(prediction) ? "  wrong" : "");
}

json_t *prediction_object(const sample_prediction *prediction)
{
    json_t *probabilities = json_array();
    for (size_t c = 0; c < prediction->classes; c++)
        json_array_append_new(probabilities, json_figure((double)prediction->probabilities[c]));
    json_t *label = prediction->label < 0 ? json_null() : json_integer(prediction->label);
    return json_pack("{so sI so sI so}", "input", json_text(prediction->input), "index", (json_int_t)prediction->index,
                     "label", label, "prediction", (json_int_t)prediction->predicted, "probabilities", probabilities);
}

/* ---- Drawings ---- */

/* Whether fewer than BARS_MAX classes are more probable than this one; of equal ones the first are shown. */
static bool has_bar(const sample_prediction *prediction, size_t class_index)
{
    const float *p = prediction->probabilities;
    size_t above = 0;
    for (size_t c = 0; c < prediction->classes; c++)
        above += p[c] > p[class_index] || (c < class_index && p[c] == p[class_index]);
    return above < BARS_MAX;
}

static void print_heading(const sample_prediction *prediction, size_t row, const terminal_style *style)
{
    if (row == 0)
        printf("%s%s:%zu%s", terminal_escape(style, PAINT_BOLD), prediction->input, prediction->index,
               terminal_escape(style, PAINT_NONE));
    if (row != 1)
        return;
    if (prediction->label >= 0)
        printf("label %d, ", prediction->label);
    printf("prediction %zu", prediction->predicted);
    if (is_wrong(prediction))
        printf("  %swrong%s", terminal_escape(style, PAINT_RED), terminal_escape(style, PAINT_NONE));
}

static void print_class(const sample_prediction *prediction, size_t class_index, size_t bar_width,
                        const terminal_style *style)
{
    terminal_paint paint = PAINT_NONE;
    bool is_label = prediction->label >= 0 && (size_t)prediction->label == class_index;
    if (class_index == prediction->predicted)
        paint = is_wrong(prediction) ? PAINT_RED : PAINT_GREEN;
    printf("%3zu  %s", class_index, paint == PAINT_NONE ? "" : terminal_escape(style, paint));
    drawing_print_bar((double)prediction->probabilities[class_index], bar_width, style);
    printf("%s %8s%s", paint == PAINT_NONE ? "" : terminal_escape(style, PAINT_NONE),
           format_percent((double)prediction->probabilities[class_index]).text,
           is_label && is_wrong(prediction) ? "  <- label" : "");
}

/* The width that remains beside the image and the texts around a bar. */
static size_t bar_width_beside(size_t image_columns)
{
    enum { TEXTS = 27, WIDTH_MIN = 4 };
    const size_t columns = terminal_width(stdout), taken = image_columns + TEXTS;
    if (columns < taken + WIDTH_MIN)
        return WIDTH_MIN;
    return columns - taken < BAR_WIDTH_MAX ? columns - taken : BAR_WIDTH_MAX;
}

/* The image on the left; on the right a heading of two lines, a blank one, and the bars. */
void prediction_print_drawing(const sample_prediction *prediction, const terminal_style *style)
{
    enum { HEADING_ROWS = 3 };
    const image_drawing image = drawing_create(prediction->pixels, prediction->width, prediction->height);
    const size_t bars = prediction->classes < BARS_MAX ? prediction->classes : BARS_MAX;
    const size_t rows = image.rows > HEADING_ROWS + bars ? image.rows : HEADING_ROWS + bars;
    const size_t bar_width = bar_width_beside(image.columns);
    size_t class_index = 0;
    for (size_t row = 0; row < rows; row++) {
        const bool has_text = row < 2 || (row >= HEADING_ROWS && row < HEADING_ROWS + bars);
        drawing_print_row(&image, row, has_text, style);
        fputs(has_text ? "   " : "", stdout);
        if (row < HEADING_ROWS) {
            print_heading(prediction, row, style);
        } else if (row < HEADING_ROWS + bars) {
            while (!has_bar(prediction, class_index))
                class_index++;
            print_class(prediction, class_index++, bar_width, style);
        }
        putchar('\n');
    }
    putchar('\n');
}
