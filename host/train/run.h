/* SPDX-License-Identifier: Apache-2.0 */
/* A training under way: what the loop of train.c works with, and checkpoints keep. */
#ifndef GRADUS_TRAIN_RUN_H
#define GRADUS_TRAIN_RUN_H

#include "train/checkpoint.h"
#include "train/judge.h"
#include "train/pending.h"
#include "train/schedule.h"

struct run {
    engine *e;
    const gradus_train_options *options;
    course course;
    schedule schedule;
    judge judge;
    checkpoints checkpoints;
    gradus_stop_reason stopped_by;
    size_t verdict;       /* the judge's reason to stop, as a number; GRADUS_STOP_STEPS: none so far */
    size_t resumed_from;  /* iterations done before the checkpoint, if there was one */
    size_t queued;        /* iterations */
    size_t halt;          /* how many may be queued before they were looked at */
    pending pending;      /* those of them that nobody has looked at */
    double started;       /* clock at the first iteration, put forward by what the judge and checkpoints took */
    double looked;        /* clock when a burst was last found complete, likewise */
    double elapsed;       /* looked - started at the last checkpoint */
    double wait_seconds;  /* spent in waiting for bursts */
    double judge_seconds; /* that the judge took */
    gradus_report latest; /* of the last iteration that was looked at */
    batch_sums seen;      /* of the samples since the report before, of mini-batches */
    size_t seen_samples;
    size_t unreported_samples; /* since the report before, of all batches */
    double reported_seconds;   /* of that report */
    size_t reported;           /* iterations until the last report that was due */
    size_t kept_iteration;     /* whose parameters are set aside; SIZE_MAX: none */
};

#endif
