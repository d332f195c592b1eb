/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a training run: the loop of train.c uses it, and a checkpoint stores parts of it. */
#ifndef GRADUS_TRAIN_RUN_H
#define GRADUS_TRAIN_RUN_H

#include "train/checkpoint.h"
#include "train/evaluation/early_stopping.h"
#include "train/plan/pending.h"
#include "train/plan/schedule.h"

struct run {
    engine *e;
    const gradus_train_options *options;
    training_plan plan;
    schedule schedule;
    early_stopping early_stopping;
    checkpoints checkpoints;
    gradus_stop_reason stopped_by;
    size_t early_stop;   /* why early stopping ends the run, a gradus_stop_reason; GRADUS_STOP_STEPS: it does not */
    size_t resumed_from; /* iterations done before the checkpoint, if there was one */
    size_t queued;       /* iterations */
    size_t next_sync;    /* iterations that may be queued before the results of all of them are recorded */
    pending pending;     /* those that are queued and not recorded */
    double started;      /* clock at the first iteration, plus the seconds of evaluations and checkpoints since */
    double completed;    /* clock when the last burst was found complete, plus such seconds since */
    double elapsed;      /* completed - started at the last checkpoint */
    double wait_seconds; /* spent waiting for bursts */
    double evaluation_seconds; /* spent in early stopping */
    gradus_report latest;      /* of the last iteration recorded */
    batch_sums seen;           /* of the samples since the last report (full batch: of one iteration) */
    size_t seen_samples;
    size_t unreported_samples; /* since the last report */
    double reported_seconds;   /* of that report */
    size_t reported;           /* iterations up to the last report that was due */
    size_t kept_iteration;     /* whose parameters the engine keeps; SIZE_MAX: none */
};

/* The settings of the engine of a training. ARGUMENT for impossible options of the optimizer. */
gradus_status gr_train_settings(const gradus_train_options *options, engine_settings *out);

#endif
