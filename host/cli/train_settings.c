/* SPDX-License-Identifier: Apache-2.0 */
/* The options of `gradus train`, and the presets that fill in what was not given. */
#include "train_settings.h"
#include "failure.h"
#include "output_check.h"
#include "train_options.h"

#include <string.h>
#include <unistd.h>

#define NOT_GIVEN UINT64_MAX
#define DEFAULT_SEED 1

/* ---- Presets ---- */

/* A recipe: everything about a training run but its data and its seed. */
static const struct preset {
    const char *name;
    size_list hidden;
    uint64_t iterations, report_every;
    float learning_rate;
} presets[] = {
    {"notebook", {1, {10}}, 500, 10, 0.1f},
};
const char *const train_preset_names[] = {"notebook", NULL};

static void fill_in_preset(train_settings *settings)
{
    const struct preset *preset = presets;
    while (settings->preset != NULL && strcmp(preset->name, settings->preset) != 0)
        preset++;
    settings->report_every_given = settings->report_every != NOT_GIVEN;
    settings->hidden_given = settings->hidden.count > 0;
    if (!settings->hidden_given)
        settings->hidden = preset->hidden;
    if (settings->iterations == NOT_GIVEN)
        settings->iterations = preset->iterations;
    if (settings->report_every == NOT_GIVEN)
        settings->report_every = preset->report_every;
    if (settings->learning_rate == 0)
        settings->learning_rate = preset->learning_rate;
}

/* ---- Options that must fit together, as they were given ---- */

static int check_start(const train_settings *settings)
{
    if (settings->initializer != NULL && settings->init_from != NULL)
        return fail(EX_USAGE, "--initializer: found --init-from as well, whose weights are not drawn");
    return EX_OK;
}

static int check_batches(const train_settings *settings)
{
    if (settings->epochs > 0 && settings->iterations != NOT_GIVEN)
        return fail(EX_USAGE, "--epochs: found --iterations as well, expected one of them");
    if (settings->drop_last && settings->batch_size == 0)
        return fail(EX_USAGE, "--drop-last: found without --batch-size, and a full batch has no last one");
    return EX_OK;
}

static int check_stopping(const train_settings *settings)
{
    const bool has_holdout = settings->holdout.count > 0 || settings->holdout.share > 0;
    if (settings->patience > 0 && !has_holdout)
        return fail(EX_USAGE, "--patience: found without --holdout, whose evaluations it counts");
    if (settings->monitor != NULL && settings->patience == 0)
        return fail(EX_USAGE, "--monitor: found without --patience");
    if (settings->evaluate_every > 0 && !has_holdout && settings->stopping.target_accuracy == 0)
        return fail(EX_USAGE, "--evaluate-every: found without --holdout or --target-accuracy");
    return EX_OK;
}

/* Text is free to name the same file in two ways; this catches the slip, not the intent. */
static int check_outputs(const train_settings *settings)
{
    int code = EX_OK;
    TRY(output_check("--out", settings->out, false));
    TRY(output_check("--log", settings->log, true));
    TRY(output_check_folder("--tensorboard", settings->tensorboard));
    if (output_is_same_file(settings->log, settings->out))
        TRY(fail(EX_USAGE, "--log %s: is the file of --out as well, expected another one", settings->log));
    if (output_is_same_file(settings->log, settings->init_from))
        TRY(fail(EX_USAGE, "--log %s: is the file of --init-from as well, expected another one", settings->log));
    if (access(settings->dataset, F_OK) == 0 && output_is_same_file(settings->log, settings->dataset))
        TRY(fail(EX_USAGE, "--log %s: is the data set as well, expected another file", settings->log));
cleanup:
    return code;
}

static int check(const train_settings *settings)
{
    int code = EX_OK;
    TRY(check_start(settings));
    TRY(check_batches(settings));
    TRY(check_stopping(settings));
    TRY(check_outputs(settings));
cleanup:
    return code;
}

/* ---- The command line ---- */

static const command_description description = {
    .name = "train",
    .arguments = "DATASET",
    .summary = "Trains a network by gradient descent. DATASET is a name (digits, mnist, ...), a folder with\n"
               "IDX files, or a CSV file (label,pixel0,...).",
    .notes =
        "The defaults are the preset 'notebook'. The same options give the same weights_hash on the same device.\n"
        "Ctrl-C ends the training after the running iteration; the file of --out is written all the same.\n",
    .arguments_min = 1,
    .arguments_max = 1,
};

/* Hands what options wrote beside the library's structs over to them. */
static void fill_in_structs(train_settings *settings)
{
    if (settings->optimizer_name != NULL)
        settings->optimizer.name = settings->optimizer_name;
    settings->schedule.name = settings->schedule_name;
    settings->schedule.warmup = settings->warmup;
    settings->schedule.decay_every = settings->decay_every;
    settings->stopping.patience = settings->patience;
    settings->stopping.monitor = settings->monitor;
}

int train_settings_parse(int argc, const char **argv, train_settings *settings)
{
    int code = EX_OK;
    *settings = (train_settings){.iterations = NOT_GIVEN,
                                 .report_every = NOT_GIVEN,
                                 .seed = DEFAULT_SEED,
                                 .optimizer = gradus_optimizer_default()};
    option_table table;
    train_options_list(settings, &table);
    TRY(command_line_parse(&description, table.rows, argc, argv, &settings->line));
    settings->dataset = settings->line.arguments[0];
    TRY(check(settings));
    fill_in_preset(settings);
    fill_in_structs(settings);
cleanup:
    return code;
}

void train_settings_free(train_settings *settings)
{
    option_table table;
    train_options_list(settings, &table);
    option_rows_free(table.rows);
    command_line_free(&settings->line);
}
