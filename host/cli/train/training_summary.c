/* SPDX-License-Identifier: Apache-2.0 */
/* The summary that `gradus train` prints on stdout at the end. */
#include "text/failure.h"
#include "text/json_output.h"
#include "text/text.h"
#include "train/training_run.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static size_t sample_count(const gradus_dataset *dataset)
{
    return dataset == NULL ? 0 : gradus_dataset_get_info(dataset).samples;
}

static double iterations_per_second(const gradus_train_result *result)
{
    return result->train_seconds > 0 ? (double)result->iterations / result->train_seconds : NAN;
}

/* ---- For programs ---- */

static json_t *samples_or_null(const gradus_dataset *dataset)
{
    return dataset == NULL ? json_null() : json_integer((json_int_t)sample_count(dataset));
}

static json_t *accuracy_or_null(const gradus_dataset *dataset, const gradus_metrics *metrics)
{
    return dataset == NULL ? json_null() : json_figure(metrics->accuracy);
}

static json_t *summary_object(const training_run *run)
{
    const gradus_train_result *result = &run->result;
    const char *device = run->device == NULL ? NULL : gradus_device_get_info(run->device)->name;
    return json_pack(
        "{ss so ss sI so so so so sI sI sI ss so so so so so so so so ss so}", "version", gradus_version(), "device",
        json_text(device), "engine", result->engine, "seed", (json_int_t)run->settings.options.seed, "layers",
        json_layers(gradus_model_network(run->model)), "train_samples", samples_or_null(run->train), "holdout_samples",
        samples_or_null(run->holdout), "test_samples", samples_or_null(run->test), "iterations",
        (json_int_t)result->iterations, "resumed_from", (json_int_t)result->resumed_from, "model_iterations",
        (json_int_t)result->model_iterations, "stopped_by", gradus_stop_reason_name(result->stopped_by),
        "setup_seconds", json_figure(run->setup_seconds), "train_seconds", json_figure(result->train_seconds),
        "iterations_per_second", json_figure(iterations_per_second(result)), "train_loss",
        json_figure(result->train.loss), "train_accuracy", json_figure(result->train.accuracy), "holdout_loss",
        json_figure(result->holdout.loss), "holdout_accuracy", json_figure(result->holdout.accuracy), "test_accuracy",
        accuracy_or_null(run->test, &run->test_metrics), "weights_hash", format_hash(run->model).text, "model",
        json_text(run->saved_as));
}

/* ---- For people ---- */

static void print_device(const training_run *run)
{
    if (run->device == NULL) {
        printf("device      none needed\n");
        return;
    }
    const gradus_device_info *info = gradus_device_get_info(run->device);
    printf("device      %s (%s, driver %s)\n", info->name, info->platform, info->driver);
}

/* "82.1 % train, 81.9 % holdout", for the parts that exist. */
static void print_parts(const training_run *run)
{
    printf("samples     %s train", format_count(sample_count(run->train)).text);
    if (run->holdout != NULL)
        printf(", %s holdout", format_count(sample_count(run->holdout)).text);
    if (run->test != NULL)
        printf(", %s test", format_count(sample_count(run->test)).text);
    printf("\n");
}

static void print_accuracies(const training_run *run)
{
    printf("accuracy    %s train", format_percent(run->result.train.accuracy).text);
    if (run->holdout != NULL)
        printf(", %s holdout", format_percent(run->result.holdout.accuracy).text);
    if (run->test != NULL)
        printf(", %s test", format_percent(run->test_metrics.accuracy).text);
    printf("\n");
}

static const char *ending_text(gradus_stop_reason reason)
{
    switch (reason) {
    case GRADUS_STOP_STEPS:
        return "after the last step";
    case GRADUS_STOP_REQUEST:
        return "on request";
    case GRADUS_STOP_TIME:
        return "at the time limit";
    case GRADUS_STOP_PATIENCE:
        return "when the patience ran out";
    case GRADUS_STOP_TARGET:
        return "at the target accuracy";
    case GRADUS_STOP_CONVERGED:
        return "when the loss had converged";
    }
    return "";
}

/* Prints nothing for a run that did all its steps and kept the weights of the last one. */
static void print_ending(const gradus_train_result *result)
{
    const bool is_best = result->model_iterations != result->iterations;
    if (result->stopped_by == GRADUS_STOP_STEPS && !is_best)
        return;
    printf("stopped     %s", ending_text(result->stopped_by));
    if (is_best)
        printf("; the model has the weights after %s iterations, the best on the holdout",
               format_count(result->model_iterations).text);
    printf("\n");
}

static void print_summary(const training_run *run)
{
    const gradus_train_result *result = &run->result;
    const gradus_network *network = gradus_model_network(run->model);
    print_device(run);
    printf("engine      %s\n", result->engine);
    printf("network     %s, %s parameters\n", format_network(network).text,
           format_count(count_parameters(network)).text);
    print_parts(run);
    printf("iterations  %s in %s: %s per second, after %s of setup\n", format_count(result->iterations).text,
           format_seconds(result->train_seconds).text, format_rate(iterations_per_second(result)).text,
           format_seconds(run->setup_seconds).text);
    print_ending(result);
    printf("loss        %s train", format_loss(result->train.loss).text);
    if (run->holdout != NULL)
        printf(", %s holdout", format_loss(result->holdout.loss).text);
    printf("\n");
    print_accuracies(run);
    printf("weights     %s\n", format_hash(run->model).text);
    if (run->saved_as != NULL)
        printf("model       %s\n", run->saved_as);
}

int training_summary_print(const training_run *run)
{
    if (run->settings.json)
        return json_print(summary_object(run));
    print_summary(run);
    return EX_OK;
}
