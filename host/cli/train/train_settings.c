/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the command line of `gradus train`, and refuses options that contradict each other. */
#include "train/train_settings.h"
#include "command/output_check.h"
#include "text/failure.h"
#include "train/train_options.h"
#include "train/train_presets.h"

#include <unistd.h>

/* ---- Options that must fit together ---- */

static int check_start(const train_settings *settings)
{
    if (settings->initializer != NULL && settings->init_from != NULL)
        return fail(EX_USAGE, "--initializer: found --init-from as well, which has weights already");
    if (settings->standardize && settings->init_from != NULL)
        return fail(EX_USAGE, "--standardize: found --init-from as well, whose input is fixed");
    return EX_OK;
}

static int check_batches(const train_settings *settings)
{
    if (train_settings_has(settings, "epochs") && train_settings_has(settings, "iterations"))
        return fail(EX_USAGE, "--epochs: found --iterations as well, expected one of them");
    if (settings->options.drop_last && settings->options.batch_size == 0)
        return fail(EX_USAGE, "--drop-last: found without --batch-size, and a full batch has no last one");
    return EX_OK;
}

/* The library checks the images. Without mini-batches this message names the option. */
static int check_augmentation(const train_settings *settings)
{
    const gradus_augmentation *augmentation = &settings->options.augmentation;
    const char *given = augmentation->shift > 0      ? "shift"
                        : augmentation->rotation > 0 ? "rotate"
                        : augmentation->scale > 0    ? "scale"
                        : augmentation->elastic > 0  ? "elastic"
                                                     : NULL;
    if (given != NULL && settings->options.batch_size == 0)
        return fail(EX_USAGE, "--augment-%s: found without --batch-size, and a full batch is the same in every step",
                    given);
    return EX_OK;
}

/* The value 0 switches an option off. Options that depend on it are accepted then, because scripts vary only one. */
static int check_stopping(const train_settings *settings)
{
    const bool has_holdout = settings->holdout.count > 0 || settings->holdout.share > 0;
    if (settings->options.stopping.patience > 0 && !has_holdout)
        return fail(EX_USAGE, "--patience: found without --holdout, whose evaluations it counts");
    if (settings->options.stopping.monitor != NULL && !train_settings_has(settings, "patience"))
        return fail(EX_USAGE, "--monitor: found without --patience");
    if (settings->options.evaluate_every > 0 && !train_settings_has(settings, "holdout") &&
        !train_settings_has(settings, "target-accuracy"))
        return fail(EX_USAGE, "--evaluate-every: found without --holdout or --target-accuracy");
    return EX_OK;
}

static int check_checkpoints(const train_settings *settings)
{
    static const char *const needing[] = {"resume", "checkpoint-every", "keep"};
    for (size_t i = 0; i < sizeof needing / sizeof *needing; i++)
        if (train_settings_has(settings, needing[i]) && settings->options.checkpoints.folder == NULL)
            return fail(EX_USAGE, "--%s: found without --checkpoint, which names the folder", needing[i]);
    return EX_OK;
}

/* Finds two names of one file if the file or its folder exists. This is against mistakes, not against intent. */
static int check_outputs(const train_settings *settings)
{
    int code = EX_OK;
    TRY(output_check("--out", settings->out, false));
    TRY(output_check("--log", settings->log, true));
    TRY(output_check_folder("--tensorboard", settings->tensorboard));
    TRY(output_check_folder("--checkpoint", settings->options.checkpoints.folder));
    if (output_is_same_file(settings->log, settings->out))
        TRY(fail(EX_USAGE, "--log %s: is the file of --out as well, expected another one", settings->log));
    if (output_is_same_file(settings->log, settings->init_from))
        TRY(fail(EX_USAGE, "--log %s: is the file of --init-from as well, expected another one", settings->log));
    if (settings->dataset != NULL && access(settings->dataset, F_OK) == 0 &&
        output_is_same_file(settings->log, settings->dataset))
        TRY(fail(EX_USAGE, "--log %s: is the data set as well, expected another file", settings->log));
cleanup:
    return code;
}

static int check(const train_settings *settings)
{
    int code = EX_OK;
    TRY(check_checkpoints(settings));
    TRY(check_start(settings));
    TRY(check_batches(settings));
    TRY(check_augmentation(settings));
    TRY(check_stopping(settings));
    TRY(check_outputs(settings));
cleanup:
    return code;
}

/* ---- The command line ---- */

static const command_description description = {
    .name = "train",
    .arguments = "DATASET",
    .summary = "Trains a network by gradient descent.",
    .notes = "The defaults are the preset 'notebook'; options given beside --preset override it.\n"
             "The same options give the same weights_hash on the same device.\n"
             "Ctrl-C ends the training after the running iteration; --out is still written.\n",
    .arguments_min = 0, /* with --show */
    .arguments_max = 1,
};

static int take_dataset(train_settings *settings)
{
    const command_line *line = &settings->line;
    if (line->argument_count == 0 && !settings->show)
        return fail(EX_USAGE, "train: found 0 arguments, expected DATASET; 'gradus train --help' explains them");
    settings->dataset = line->argument_count == 0 ? NULL : line->arguments[0];
    return EX_OK;
}

bool train_settings_has(const train_settings *settings, const char *option)
{
    return settings->line.sets[option_find(train_options, option)];
}

int train_settings_parse(int argc, const char **argv, train_settings *settings)
{
    int code = EX_OK;
    *settings = (train_settings){.options = gradus_train_options_default()};
    TRY(command_line_parse(&description, train_options, argc, argv, settings, &settings->line));
    TRY(train_preset_apply(settings->preset, &settings->line, settings));
    TRY(take_dataset(settings));
    TRY(check(settings));
    settings->options.threads = settings->device.threads;
    if (settings->show) {
        TRY(train_show(settings));
        code = HELP_SHOWN;
    }
cleanup:
    return code;
}

void train_settings_free(train_settings *settings)
{
    command_line_free(&settings->line);
}
