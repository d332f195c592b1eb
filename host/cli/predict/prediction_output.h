/* SPDX-License-Identifier: Apache-2.0 */
/* One prediction as a line, a drawing or JSON. */
#ifndef GRADUS_CLI_PREDICTION_OUTPUT_H
#define GRADUS_CLI_PREDICTION_OUTPUT_H

#include "text/terminal.h"

#include <jansson.h>
#include <stdint.h>

typedef struct sample_prediction {
    const char *input; /* the data set's name */
    size_t index;      /* of the sample in the data set */
    int label;         /* -1: none */
    size_t predicted;  /* class_index */
    size_t classes;
    const float *probabilities; /* (C) */
    const uint8_t *pixels;      /* (width x height) */
    size_t width, height;
} sample_prediction;

void prediction_print_line(const sample_prediction *prediction);
void prediction_print_drawing(const sample_prediction *prediction, const terminal_style *style);
json_t *prediction_object(const sample_prediction *prediction);

#endif
