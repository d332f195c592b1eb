/* SPDX-License-Identifier: Apache-2.0 */
/* The option table of `gradus train`. */
#ifndef GRADUS_CLI_TRAIN_OPTIONS_H
#define GRADUS_CLI_TRAIN_OPTIONS_H

#include "train/train_settings.h"

#include <jansson.h>

/* Ends with END_OPTION. */
extern const option_row train_options[];

/* Whether the row's option is part of the training configuration. Options for devices and outputs are not. */
bool train_option_is_configuration(size_t row);

/* For --show: prints the training configuration, as options or as JSON. */
int train_show(const train_settings *settings);

/* {"hidden": [128], ...}: the options of the training configuration that were given or come from a preset. The caller
 * owns it. */
json_t *train_configuration(const train_settings *settings);

#endif
