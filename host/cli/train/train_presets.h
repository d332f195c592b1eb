/* SPDX-License-Identifier: Apache-2.0 */
/* Named training configurations for `gradus train`. */
#ifndef GRADUS_CLI_TRAIN_PRESETS_H
#define GRADUS_CLI_TRAIN_PRESETS_H

#include "train/train_settings.h"

/* Ends with NULL. */
extern const char *const train_preset_names[];

/* The preset that counts without --preset. */
extern const char *const train_preset_default;

/* Sets the options of the preset that the settings name, except those that are given, or displaced by one that is given. */
int train_preset_apply(train_settings *settings);

#endif
