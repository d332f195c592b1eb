/* SPDX-License-Identifier: Apache-2.0 */
/* The model of a training run: created for the data or loaded, and written with the training configuration. */
#include "command/data_input.h"
#include "text/failure.h"
#include "text/text.h"
#include "train/train_options.h"
#include "train/training_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The activation of this name, which must exist; ReLU for NULL. */
static gradus_activation find_activation(const char *name)
{
    gradus_activation activation = GRADUS_RELU;
    while (name != NULL && strcmp(gradus_activation_name(activation), name) != 0)
        activation++;
    return activation;
}

static bool fits_hidden(const gradus_network *network, const size_list *hidden)
{
    if (network->layers != hidden->count + 1)
        return false;
    return memcmp(network->sizes + 1, hidden->values, hidden->count * sizeof *hidden->values) == 0;
}

int training_model_load(training_run *run)
{
    int code = EX_OK;
    const train_settings *settings = &run->settings;
    TRY_GRADUS(gradus_model_load(settings->init_from, &run->model));
    const gradus_network *network = gradus_model_network(run->model);
    if (settings->hidden.count > 0 && !fits_hidden(network, &settings->hidden))
        TRY(fail(EX_USAGE, "--hidden: contradicts --init-from %s, which is %s; omit one of them", settings->init_from,
                 format_network(network).text));
    if (settings->activation != NULL && find_activation(settings->activation) != network->activation)
        TRY(fail(EX_USAGE, "--activation: contradicts --init-from %s, which has %s; omit one of them",
                 settings->init_from, gradus_activation_name(network->activation)));
cleanup:
    return code;
}

int training_model_create(training_run *run)
{
    int code = EX_OK;
    const train_settings *settings = &run->settings;
    const gradus_dataset_info data = gradus_dataset_get_info(run->train);
    gradus_network network = data_network(&data, &settings->hidden);
    network.activation = find_activation(settings->activation);
    if (settings->standardize)
        TRY_GRADUS(gradus_dataset_moments(run->train, &network.input_mean, &network.input_deviation));
    TRY_GRADUS(gradus_model_create_with(&network, settings->initializer, settings->options.seed, &run->model));
cleanup:
    return code;
}

static int set_text(training_run *run, const char *key, const char *text)
{
    return fail_status(gradus_model_set_metadata(run->model, key, text));
}

static int set_count(training_run *run, const char *key, uint64_t count)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, count);
    return set_text(run, key, text);
}

/* Stores the options of the training configuration, as in --show --json. */
static int set_configuration(training_run *run)
{
    int code = EX_OK;
    json_t *configuration = train_configuration(&run->settings);
    char *text = json_dumps(configuration, JSON_COMPACT | JSON_REAL_PRECISION(9));
    TRY(text == NULL ? fail(EX_OSERR, "out of memory: the configuration") : set_text(run, "configuration", text));
cleanup:
    free(text);
    json_decref(configuration);
    return code;
}

int training_model_save(training_run *run, bool diverged)
{
    int code = EX_OK;
    const train_settings *settings = &run->settings;
    const gradus_train_options *options = &settings->options;
    if (settings->out == NULL)
        return EX_OK;
    TRY(set_text(run, "dataset", settings->dataset));
    TRY(set_count(run, "train_samples", gradus_dataset_get_info(run->train).samples));
    TRY(set_count(run, "holdout_samples", run->holdout == NULL ? 0 : gradus_dataset_get_info(run->holdout).samples));
    TRY(set_count(run, "seed", options->seed));
    if (settings->init_from != NULL)
        TRY(set_text(run, "init_from", settings->init_from));
    TRY(set_text(run, "learning_rate", format_float(options->learning_rate).text));
    TRY(set_text(run, "optimizer", options->optimizer.name));
    TRY(set_count(run, "batch_size", options->batch_size));
    TRY(set_count(run, "iterations", diverged ? run->last.iteration : run->result.model_iterations));
    TRY(set_configuration(run));
    TRY(set_text(run, "engine", diverged ? options->engine : run->result.engine));
    TRY(set_text(run, "device", run->device == NULL ? "none" : gradus_device_get_info(run->device)->name));
    TRY_GRADUS(gradus_model_save(run->model, settings->out));
    run->saved_as = settings->out;
cleanup:
    return code;
}
