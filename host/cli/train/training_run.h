/* SPDX-License-Identifier: Apache-2.0 */
/* One run of `gradus train`, from settings to results. */
#ifndef GRADUS_CLI_TRAINING_RUN_H
#define GRADUS_CLI_TRAINING_RUN_H

#include "text/progress.h"
#include "train/tensorboard_log.h"
#include "train/train_settings.h"
#include "train/training_log.h"

typedef struct training_run {
    train_settings settings;
    progress_line progress;
    training_log log;
    tensorboard_log tensorboard;
    gradus_dataset *train, *holdout, *test; /* NULL: the data have no such part */
    gradus_model *model;
    gradus_device *device; /* NULL: the reference engine needs none */
    gradus_report last;    /* the last report with a finite loss */
    gradus_train_result result;
    double setup_seconds; /* from the program's start to the first iteration */
    int signal;           /* the signal that ended the training; 0: none */
    const char *saved_as; /* the model file, when it is written; NULL before */
    gradus_metrics test_metrics;
} training_run;

/* Loads the model of --init-from, which must agree with --hidden and --activation. */
int training_model_load(training_run *run);

/* Creates a model that fits the training data. */
int training_model_create(training_run *run);

/*
 * Writes the file of --out, if given, and sets run->saved_as. After a divergence there is no result, so the metadata
 * are those of the last report.
 */
int training_model_save(training_run *run, bool diverged);

/* Prints the summary, as text or JSON. */
int training_summary_print(const training_run *run);

#endif
