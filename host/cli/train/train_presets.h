/* SPDX-License-Identifier: Apache-2.0 */
/* Named training configurations for `gradus train`. */
#ifndef GRADUS_CLI_TRAIN_PRESETS_H
#define GRADUS_CLI_TRAIN_PRESETS_H

#include "train/train_settings.h"

/* The names of the presets. */
const char *train_preset_name(size_t index);

/* The preset that is used without --preset. */
extern const char *const train_preset_default;

/* Sets the options of the preset that the settings name, except those that the command line gives or replaces. */
int train_preset_apply(train_settings *settings);

#endif
