/* SPDX-License-Identifier: Apache-2.0 */
/* What the user asked `gradus train` to do. */
#ifndef GRADUS_CLI_TRAIN_SETTINGS_H
#define GRADUS_CLI_TRAIN_SETTINGS_H

#include "command/device_input.h"

typedef struct train_settings {
    command_line line;
    const char *dataset; /* the one argument, owned by the line */
    device_settings device;
    char *preset, *data_dir, *engine, *init_from, *out, *log;
    bool json, quiet, verbose, show;
    size_list hidden;            /* empty where a model to start from says it */
    uint64_t iterations, epochs; /* one of them is 0 */
    uint64_t batch_size;         /* 0: all samples */
    bool report_every_given, drop_last;
    uint64_t report_every, seed;
    amount holdout;
    uint64_t train_samples;            /* 0: all */
    uint64_t patience, evaluate_every; /* 0: not given */
    gradus_stopping stopping;          /* its patience and monitor are those beside it */
    char *monitor, *tensorboard;
    char *checkpoint;
    uint64_t checkpoint_every, keep; /* 0: each report; all */
    bool resume;
    float learning_rate;
    double dropout, input_dropout, label_smoothing;                       /* 0: none */
    double augment_shift, augment_rotate, augment_scale, augment_elastic; /* 0: none */
    char *activation;
    bool standardize;
    gradus_optimizer optimizer; /* its name, and the schedule's, are those below where given */
    gradus_schedule schedule;
    char *optimizer_name, *schedule_name, *initializer;
    uint64_t warmup, decay_every; /* 0: not given */
} train_settings;

/* Reads the command line and fills in the preset. HELP_SHOWN after --show, too. The caller frees *settings in every case. */
int train_settings_parse(int argc, const char **argv, train_settings *settings);
void train_settings_free(train_settings *settings);

#endif
