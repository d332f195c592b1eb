/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of `gradus train`. */
#ifndef GRADUS_CLI_TRAIN_SETTINGS_H
#define GRADUS_CLI_TRAIN_SETTINGS_H

#include "command/command_line.h"
#include "command/device_input.h"

/* The library's options are in the library's own struct, so that none is copied by hand. */
typedef struct train_settings {
    command_line line;
    gradus_train_options options; /* without holdout and callbacks, which are set later */
    gradus_device_options device; /* `threads` also applies to engines without a device */
    const char *dataset;          /* the one argument */
    const char *data_dir;
    size_t train_samples; /* 0: all */
    amount holdout;
    size_list hidden; /* empty with --init-from, which defines it */
    const char *activation, *initializer, *init_from;
    bool standardize;
    const char *preset, *out, *log, *tensorboard;
    bool show, json, quiet, verbose;
} train_settings;

/* Reads the command line and applies the preset. HELP_SHOWN also after --show. The caller frees *settings in every
 * case. */
int train_settings_parse(int argc, const char **argv, train_settings *settings);
void train_settings_free(train_settings *settings);

/* Whether the option was given on the command line or by the preset. */
bool train_settings_has(const train_settings *settings, const char *option);

#endif
