/* SPDX-License-Identifier: Apache-2.0 */
/* The option table of `gradus train`. */
#ifndef GRADUS_CLI_TRAIN_OPTIONS_H
#define GRADUS_CLI_TRAIN_OPTIONS_H

#include "train_settings.h"

typedef struct option_table {
    size_t count; /* the END_OPTION included */
    option_row rows[OPTIONS_MAX];
} option_table;

extern const char *const train_preset_names[];

/* Fills *table with rows whose values go to *settings. */
void train_options_list(train_settings *settings, option_table *table);

#endif
