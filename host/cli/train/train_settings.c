/* SPDX-License-Identifier: Apache-2.0 */
/* The options of `gradus train`, and how they must fit together. */
#include "train/train_settings.h"
#include "command/output_check.h"
#include "text/failure.h"
#include "train/train_options.h"
#include "train/train_presets.h"

#include <string.h>
#include <unistd.h>

#define DEFAULT_SEED 1
#define DEFAULT_REPORT_EVERY 10

/* ---- Options that must fit together ---- */

static int check_start(const train_settings *settings)
{
    if (settings->initializer != NULL && settings->init_from != NULL)
        return fail(EX_USAGE, "--initializer: found --init-from as well, whose weights are not drawn");
    if (settings->standardize && settings->init_from != NULL)
        return fail(EX_USAGE, "--standardize: found --init-from as well, whose network sees what it was trained on");
    return EX_OK;
}

static int check_batches(const train_settings *settings)
{
    if (settings->epochs > 0 && settings->iterations > 0)
        return fail(EX_USAGE, "--epochs: found --iterations as well, expected one of them");
    if (settings->drop_last && settings->batch_size == 0)
        return fail(EX_USAGE, "--drop-last: found without --batch-size, and a full batch has no last one");
    return EX_OK;
}

/* The library knows the images; what is amiss without them is said by the option's name. */
static int check_augmentation(const train_settings *settings)
{
    const char *given = settings->augment_shift > 0     ? "shift"
                        : settings->augment_rotate > 0  ? "rotate"
                        : settings->augment_scale > 0   ? "scale"
                        : settings->augment_elastic > 0 ? "elastic"
                                                        : NULL;
    if (given != NULL && settings->batch_size == 0)
        return fail(EX_USAGE, "--augment-%s: found without --batch-size, and a full batch is the same in every step",
                    given);
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

static int check_checkpoints(const train_settings *settings, bool keep_given)
{
    const char *given = settings->resume                 ? "resume"
                        : settings->checkpoint_every > 0 ? "checkpoint-every"
                        : keep_given                     ? "keep"
                                                         : NULL;
    if (given != NULL && settings->checkpoint == NULL)
        return fail(EX_USAGE, "--%s: found without --checkpoint, which names the folder", given);
    return EX_OK;
}

/* Text is free to name the same file in two ways; this catches the slip, not the intent. */
static int check_outputs(const train_settings *settings)
{
    int code = EX_OK;
    TRY(output_check("--out", settings->out, false));
    TRY(output_check("--log", settings->log, true));
    TRY(output_check_folder("--tensorboard", settings->tensorboard));
    TRY(output_check_folder("--checkpoint", settings->checkpoint));
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
    .summary = "Trains a network by gradient descent. DATASET is a name (digits, mnist, ...), a folder with\n"
               "IDX files, a CSV file (label,pixel0,...), or an NPZ (x_train, y_train, x_test, y_test, or X, y).",
    .notes = "The defaults are the preset 'notebook'; an option beside --preset takes the place of the preset's.\n"
             "The same options give the same weights_hash on the same device.\n"
             "Ctrl-C ends the training after the running iteration; the file of --out is written all the same.\n",
    .arguments_min = 0, /* with --show */
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

static int take_dataset(train_settings *settings)
{
    const command_line *line = &settings->line;
    if (line->argument_count == 0 && !settings->show)
        return fail(EX_USAGE, "train: found 0 arguments, expected DATASET; 'gradus train --help' explains them");
    settings->dataset = line->argument_count == 0 ? NULL : line->arguments[0];
    return EX_OK;
}

int train_settings_parse(int argc, const char **argv, train_settings *settings)
{
    int code = EX_OK;
    option_table table;
    command_line *line = &settings->line;
    *settings = (train_settings){.report_every = DEFAULT_REPORT_EVERY,
                                 .keep = gradus_train_options_default().checkpoints.keep,
                                 .seed = DEFAULT_SEED,
                                 .optimizer = gradus_optimizer_default()};
    train_options_list(settings, &table);
    TRY(command_line_parse(&description, table.rows, argc, argv, line));
    TRY(train_preset_apply(settings->preset, table.rows, line));
    settings->report_every_given = line->sets[option_find(table.rows, "report-every")];
    TRY(take_dataset(settings));
    TRY(check_checkpoints(settings, line->sets[option_find(table.rows, "keep")]));
    TRY(check(settings));
    fill_in_structs(settings);
    if (settings->show) {
        TRY(train_show(settings, &table));
        code = HELP_SHOWN;
    }
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
