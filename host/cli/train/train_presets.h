/* SPDX-License-Identifier: Apache-2.0 */
/* Named training configurations for `gradus train`. */
#ifndef GRADUS_CLI_TRAIN_PRESETS_H
#define GRADUS_CLI_TRAIN_PRESETS_H

#include "command/command_line.h"

/* The names of the presets. */
const char *train_preset_name(size_t index);

/* The preset that is used without --preset. */
extern const char *const train_preset_default;

/* Sets the options of a preset, NULL: the default, in the settings that train_options fills, except those that the command
 * line gives or replaces; and marks them as set. */
int train_preset_apply(const char *name, command_line *line, void *settings);

#endif
