/* SPDX-License-Identifier: Apache-2.0 */
/* A small model for digits, and the options of a training that keeps its reports. */
#ifndef GRADUS_TESTS_TRAINING_CASES_H
#define GRADUS_TESTS_TRAINING_CASES_H

#include "assert_close.h"
#include "gradus/gradus.h"

typedef struct log {
    gradus_report reports[512];
    size_t count;
    size_t stop_after; /* report after which `stop` is set; 0: never */
    int stop;
} run_log;

static inline void keep_report(const gradus_report *report, void *user)
{
    run_log *log = user;
    assert_true(log->count < sizeof log->reports / sizeof *log->reports);
    log->reports[log->count++] = *report;
    if (log->count == log->stop_after)
        log->stop = 1;
}

static inline gradus_model *new_model(uint64_t seed)
{
    const gradus_network network = {.layers = 2, .sizes = {784, 10, 10}};
    gradus_model *model = NULL;
    assert_ok(gradus_model_create(&network, seed, &model));
    return model;
}

static inline gradus_train_options options_for(run_log *log, const char *engine, size_t iterations, size_t every)
{
    gradus_train_options options = gradus_train_options_default();
    options.engine = engine;
    options.iterations = iterations;
    options.report_every = every;
    options.report = keep_report;
    options.user = log;
    options.stop = &log->stop;
    return options;
}

#endif
