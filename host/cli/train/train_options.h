/* SPDX-License-Identifier: Apache-2.0 */
/* The option table of `gradus train`. */
#ifndef GRADUS_CLI_TRAIN_OPTIONS_H
#define GRADUS_CLI_TRAIN_OPTIONS_H

#include "train/train_settings.h"

#include <jansson.h>

typedef struct option_table {
    size_t count; /* the END_OPTION included */
    size_t recipe_begin,
        recipe_end; /* rows recipe_begin .. recipe_end - 1 make what is learned; presets know these alone */
    option_row rows[OPTIONS_MAX];
} option_table;

/* Fills *table with rows whose values go to *settings. */
void train_options_list(train_settings *settings, option_table *table);

/* For --show: prints what is set of the recipe, as it could be typed, or as JSON. */
int train_show(const train_settings *settings, const option_table *table);

/* {"hidden": [128], ...}: the options of a recipe that were given or come from a preset. The caller owns it. */
json_t *train_recipe(const train_settings *settings, const option_table *table);

#endif
