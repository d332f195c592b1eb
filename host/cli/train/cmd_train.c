/* SPDX-License-Identifier: Apache-2.0 */
/* gradus train: data, model, device, training, model file, evaluation, summary, in this order. */
#include "command/commands.h"
#include "command/data_input.h"
#include "command/device_input.h"
#include "command/interrupt.h"
#include "text/failure.h"
#include "text/text.h"
#include "train/training_run.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- Data ---- */

static int check_test_part(const training_run *run, size_t features, size_t classes)
{
    const char *name = run->settings.dataset;
    if (run->test == NULL)
        return EX_OK;
    size_t found = gradus_dataset_get_info(run->test).features;
    if (found != features)
        return fail(EX_DATAERR, "%s: test samples have %zu features, expected %zu, as in the training samples", name,
                    found, features);
    return data_require_classes(name, "test", run->test, classes);
}

/* Keeps the first --train-samples samples, and moves those of --holdout to a data set of their own. */
static int split_samples(training_run *run)
{
    int code = EX_OK;
    const train_settings *settings = &run->settings;
    size_t samples = gradus_dataset_get_info(run->train).samples;
    if (settings->train_samples > samples)
        TRY(fail(EX_USAGE, "--train-samples: found %zu, expected at most %zu, the samples of %s",
                 settings->train_samples, samples, settings->dataset));
    if (settings->train_samples > 0) {
        TRY_GRADUS(gradus_dataset_truncate(run->train, settings->train_samples));
        samples = settings->train_samples;
    }
    if (settings->holdout.count == 0 && settings->holdout.share == 0)
        goto cleanup;
    const size_t holdout = settings->holdout.count > 0 ? settings->holdout.count
                                                       : (size_t)llround(settings->holdout.share * (double)samples);
    if (holdout >= samples)
        TRY(fail(EX_USAGE, "--holdout: found %zu, expected fewer than the %zu training samples", holdout, samples));
    if (holdout == 0)
        TRY(fail(EX_USAGE, "--holdout: found %g, which is less than one of the %zu training samples",
                 settings->holdout.share, samples));
    TRY_GRADUS(gradus_dataset_holdout(run->train, holdout, settings->options.seed, &run->holdout));
cleanup:
    return code;
}

/* Reads the data and, unless a model was loaded, creates one that fits all of them, even those that are not used. */
static int read_data(training_run *run)
{
    int code = EX_OK;
    const train_settings *settings = &run->settings;
    gradus_data_options options = gradus_data_options_default();
    options.data_dir = settings->data_dir;
    if (run->model != NULL) {
        options.features = gradus_model_network(run->model)->sizes[0];
        options.floats = gradus_model_network(run->model)->floats;
    }
    TRY_GRADUS(gradus_dataset_open(settings->dataset, &options, &run->train, &run->test));
    if (run->model == NULL)
        TRY(training_model_create(run));
    const gradus_network *network = gradus_model_network(run->model);
    TRY(data_require_classes(settings->dataset, "train", run->train, network->sizes[network->layers]));
    TRY(check_test_part(run, network->sizes[0], network->sizes[network->layers]));
    TRY(split_samples(run));
cleanup:
    return code;
}

/* ---- Training ---- */

/* Prints lines of text from the library, each with the program's name before it, like all messages. */
static void print_notes(const char *lines)
{
    for (const char *line = lines; *line != '\0';) {
        const int length = (int)strcspn(line, "\n");
        note("%.*s", length, line);
        line += length + (line[length] == '\n');
    }
}

static bool uses_device(const train_settings *settings)
{
    gradus_engine_info engine;
    for (size_t i = 0; gradus_engine_get_info(i, &engine); i++)
        if (strcmp(settings->options.engine, engine.name) == 0)
            return engine.needs_device;
    return true; /* "auto" */
}

/* Reports where a resumed run starts, and prepares the logs to continue from there. */
static void on_start(const gradus_train_start *start, void *user)
{
    training_run *run = user;
    const train_settings *settings = &run->settings;
    if (!settings->options.checkpoints.resume)
        return;
    print_notes(start->notes);
    run->tensorboard.restart = start->reported + 1;
    if (start->checkpoint != NULL)
        training_log_resume(&run->log, start->reported);
    if (settings->quiet)
        return;
    if (start->checkpoint != NULL)
        note("continuing from %s", start->checkpoint);
    else
        note("no checkpoint in %s: starting with the first iteration", settings->options.checkpoints.folder);
}

static void on_report(const gradus_report *report, void *user)
{
    training_run *run = user;
    if (isfinite(report->train.loss))
        run->last = *report;
    progress_report(&run->progress, report);
    training_log_write(&run->log, report);
    tensorboard_log_write(&run->tensorboard, report);
}

static size_t epoch_steps(const training_run *run)
{
    const gradus_train_options *options = &run->settings.options;
    const size_t samples = gradus_dataset_get_info(run->train).samples, batch = options->batch_size;
    return samples / batch + (!options->drop_last && samples % batch > 0);
}

/* Sets run->result, and run->signal to the signal that stopped the training, if any. */
static gradus_status train_model(training_run *run, double started)
{
    gradus_train_options options = run->settings.options;
    if (options.batch_size > 0 && !train_settings_has(&run->settings, "report-every"))
        options.report_every = epoch_steps(run);
    options.holdout = run->holdout;
    options.start = on_start;
    options.report = on_report;
    options.user = run;
    options.stop = interrupt_catch();

    double before = seconds_now();
    gradus_status status = gradus_train(run->device, run->model, run->train, &options, &run->result);
    int caught = interrupt_release();
    run->signal = run->result.stopped_by == GRADUS_STOP_REQUEST ? caught : 0;
    run->setup_seconds = before - started + run->result.setup_seconds;
    progress_end(&run->progress);
    return status;
}

/* ---- Endings ---- */

/* The exit code is that of the divergence, whether or not its model can be written. Before the first report no
 * parameters were kept, and the model is unchanged. */
static int finish_diverged(training_run *run)
{
    const bool was_reported = run->last.iterations > 0;
    int code = fail_status(GRADUS_ERROR_DIVERGED);
    if (was_reported && training_model_save(run, true) == EX_OK && run->saved_as != NULL)
        note("the last good weights, of iteration %zu, are in %s", run->last.iteration, run->saved_as);
    return code;
}

static void print_interrupted(const training_run *run)
{
    note("interrupted after %zu of %zu iterations; %s%s", run->result.iterations, run->last.iterations,
         run->saved_as == NULL ? "no model was written, since there is no --out" : "the model is in ",
         run->saved_as == NULL ? "" : run->saved_as);
    if (run->settings.options.checkpoints.folder != NULL)
        hint("the same command with --resume continues from here");
}

static bool misses_target(const training_run *run)
{
    const double target = run->settings.options.stopping.target_accuracy;
    const double found = run->holdout != NULL ? run->result.holdout.accuracy : run->result.train.accuracy;
    if (found >= target)
        return false;
    note("the target accuracy of %s was not reached: %s %s", format_percent(target).text, format_percent(found).text,
         run->holdout != NULL ? "holdout" : "train");
    return true;
}

/* ---- The command ---- */

/* For scripts. It is not a failure, so it is not one of sysexits.h. */
#define EXIT_TARGET_MISSED 1

static int evaluate_test(training_run *run)
{
    int code = EX_OK;
    progress_phase(&run->progress, "evaluating ...");
    if (run->test != NULL)
        TRY_GRADUS(gradus_evaluate(run->device, run->model, run->test, &run->test_metrics, NULL));
cleanup:
    progress_end(&run->progress);
    return code;
}

static int prepare(training_run *run)
{
    int code = EX_OK;
    if (run->settings.init_from != NULL)
        TRY(training_model_load(run));
    progress_phase(&run->progress, "reading the data ...");
    TRY(read_data(run));
    progress_phase(&run->progress, "preparing the device ...");
    if (uses_device(&run->settings))
        TRY(device_open(&run->settings.device, "--engine reference needs no device", &run->device));
cleanup:
    return code;
}

static int train_and_report(training_run *run, double started)
{
    int code = EX_OK;
    gradus_status status = train_model(run, started);
    if (status == GRADUS_ERROR_DIVERGED)
        return finish_diverged(run);
    TRY_GRADUS(status);
    if (run->settings.verbose)
        print_notes(run->result.plan);
    TRY(training_model_save(run, false));
    if (run->signal != 0)
        print_interrupted(run);
    TRY(evaluate_test(run));
    TRY(training_summary_print(run));
    if (run->signal != 0)
        code = 128 + run->signal;
    else if (misses_target(run))
        code = EXIT_TARGET_MISSED;
cleanup:
    return code;
}

int cmd_train(int argc, const char **argv)
{
    double started = seconds_now();
    int code = EX_OK;
    training_run run = {0};
    signal(SIGPIPE, SIG_IGN); /* the training continues if the reader of its progress ends */
    TRY(train_settings_parse(argc, argv, &run.settings));
    run.progress = progress_create(run.settings.quiet);
    run.log.path = run.settings.log;
    run.tensorboard.folder = run.settings.tensorboard;
    TRY(prepare(&run));
    TRY(train_and_report(&run, started));
cleanup:
    progress_end(&run.progress);
    if (training_log_close(&run.log) != EX_OK && code == EX_OK)
        code = run.log.code;
    if (tensorboard_log_close(&run.tensorboard) != EX_OK && code == EX_OK)
        code = run.tensorboard.code;
    gradus_device_close(run.device);
    gradus_model_destroy(run.model);
    gradus_dataset_destroy(run.test);
    gradus_dataset_destroy(run.holdout);
    gradus_dataset_destroy(run.train);
    train_settings_free(&run.settings);
    return code;
}
