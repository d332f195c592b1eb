/* SPDX-License-Identifier: Apache-2.0 */
/* Named recipes for `gradus train`. */
#ifndef GRADUS_CLI_TRAIN_PRESETS_H
#define GRADUS_CLI_TRAIN_PRESETS_H

#include "command/options.h"

/* Ends with NULL. */
extern const char *const train_preset_names[];

/* What training does when nobody says otherwise. */
extern const char *const train_preset_default;

/* Sets the preset's options, or the default's for NULL, but those that the line sets or has another in the place of. */
int train_preset_apply(const char *name, const option_row *options, command_line *line);

#endif
