/* SPDX-License-Identifier: Apache-2.0 */
/* The options of `gradus train`, and the presets that fill in what was not given. */
#include "train_settings.h"
#include "failure.h"
#include "output_check.h"

#include <stdlib.h>
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
static const char *const preset_names[] = {"notebook", NULL};

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

static int check_checkpoints(train_settings *settings)
{
    const bool keep_given = settings->keep != NOT_GIVEN;
    const char *without = settings->resume                 ? "--resume"
                          : settings->checkpoint_every > 0 ? "--checkpoint-every"
                          : keep_given                     ? "--keep"
                                                           : NULL;
    if (settings->checkpoint == NULL && without != NULL)
        return fail(EX_USAGE, "%s: found without --checkpoint, which names the folder", without);
    if (!keep_given)
        settings->keep = gradus_train_options_default().checkpoints.keep;
    return EX_OK;
}

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

/* ---- Options ---- */

static const char *const initializers[] = {"uniform", "he", "he-uniform", "xavier", "xavier-uniform", NULL};
static const char *const optimizers[] = {"sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw", NULL};
static const char *const schedules[] = {"constant", "step", "exponential", "cosine", NULL};
static const char *const monitors[] = {"loss", "accuracy", NULL};
static const char *const engines[] = {"auto", "fused", "sparse", "layered", "blas", "reference", NULL};

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
    if (access(settings->dataset, F_OK) == 0 && output_is_same_file(settings->log, settings->dataset))
        TRY(fail(EX_USAGE, "--log %s: is the data set as well, expected another file", settings->log));
cleanup:
    return code;
}

int train_settings_parse(int argc, const char **argv, train_settings *settings)
{
    int code = EX_OK;
    *settings = (train_settings){.iterations = NOT_GIVEN,
                                 .report_every = NOT_GIVEN,
                                 .keep = NOT_GIVEN,
                                 .seed = DEFAULT_SEED,
                                 .optimizer = gradus_optimizer_default()};
    const option_row options[] = {
        CHOICE_OPTION("preset", &settings->preset, preset_names, "the recipe to start from: notebook"),
        SIZES_OPTION("hidden", &settings->hidden, "units of each hidden layer (10)"),
        CHOICE_OPTION("initializer", &settings->initializer, initializers,
                      "of weights: uniform, he, he-uniform, xavier, xavier-uniform (uniform)"),
        COUNT_OPTION("iterations", &settings->iterations, 1, "steps (500)"),
        {.name = "batch-size",
         .kind = OPTION_COUNT,
         .target.count = &settings->batch_size,
         .argument = "N",
         .help = "samples of a step, or full: all (full)",
         .minimum = 1,
         .zero = "full"},
        COUNT_OPTION("epochs", &settings->epochs, 1, "passes through the samples, instead of --iterations"),
        FLAG_OPTION("drop-last", &settings->drop_last, "leave out an epoch's last batch where it is short"),
        FLOAT_OPTION("lr", &settings->learning_rate, "learning rate (0.1)"),
        CHOICE_OPTION("schedule", &settings->schedule_name, schedules,
                      "of the learning rate: constant, step, exponential, cosine (constant)"),
        COUNT_OPTION("warmup", &settings->warmup, 1, "steps in which the learning rate grows (0)"),
        COUNT_OPTION("decay-every", &settings->decay_every, 1, "steps of step and exponential (a third of all)"),
        FLOAT_OPTION("gamma", &settings->schedule.gamma, "factor of step and exponential (0.1)"),
        CHOICE_OPTION("optimizer", &settings->optimizer_name, optimizers,
                      "sgd, momentum, nesterov, rmsprop, adam, adamw (sgd)"),
        FLOAT_OPTION("momentum", &settings->optimizer.momentum, "of momentum and nesterov (0.9)"),
        FLOAT_OPTION("beta1", &settings->optimizer.beta1, "of adam and adamw (0.9)"),
        FLOAT_OPTION("beta2", &settings->optimizer.beta2, "of adam and adamw (0.999)"),
        FLOAT_OPTION("rho", &settings->optimizer.rho, "of rmsprop (0.99)"),
        FLOAT_OPTION("weight-decay", &settings->optimizer.weight_decay, "of weights, not of biases (0)"),
        FLOAT_OPTION("clip-norm", &settings->optimizer.clip_norm, "longest gradient (any)"),
        FLOAT_OPTION("max-norm", &settings->optimizer.max_norm, "longest row of weights into a unit (any)"),
        COUNT_OPTION("seed", &settings->seed, 0, "of initial weights, holdout and batches (1)"),
        AMOUNT_OPTION("holdout", &settings->holdout, "training samples to set aside and evaluate"),
        COUNT_OPTION("evaluate-every", &settings->evaluate_every, 1, "steps between evaluations (each report)"),
        COUNT_OPTION("patience", &settings->patience, 1, "evaluations without a new best, then stop; keep the best"),
        CHOICE_OPTION("monitor", &settings->monitor, monitors, "what is best on the holdout: loss, accuracy (loss)"),
        DOUBLE_OPTION("target-accuracy", &settings->stopping.target_accuracy, 1,
                      "stop when reached, on the holdout if there is one; exit code 1 if not"),
        DOUBLE_OPTION("until-converged", &settings->stopping.until_converged, 1,
                      "stop when 50 steps (an epoch) lower the loss by less than this share"),
        DOUBLE_OPTION("max-seconds", &settings->stopping.max_seconds, 1e9, "stop after so long a training"),
        COUNT_OPTION("train-samples", &settings->train_samples, 1, "use the first N of them, holdout included"),
        COUNT_OPTION("report-every", &settings->report_every, 0,
                     "iterations between reports (10, or an epoch of batches); 0: only the last"),
        DEVICE_OPTIONS(&settings->device),
        CHOICE_OPTION("engine", &settings->engine, engines,
                      "auto, fused, sparse, layered; no device: blas, reference"),
        TEXT_OPTION("init-from", &settings->init_from, "MODEL", "start from a model's weights"),
        TEXT_OPTION("out", &settings->out, "MODEL", "write the trained model (safetensors)"),
        TEXT_OPTION("log", &settings->log, "FILE", "write each report as a line of JSON, or of CSV (FILE.csv)"),
        TEXT_OPTION("tensorboard", &settings->tensorboard, "DIR", "write each report to an event file in this folder"),
        TEXT_OPTION("checkpoint", &settings->checkpoint, "DIR", "write what --resume goes on from to this folder"),
        COUNT_OPTION("checkpoint-every", &settings->checkpoint_every, 1, "steps between checkpoints (each report)"),
        COUNT_OPTION("keep", &settings->keep, 0, "how many checkpoints remain, the newest (2); 0: all"),
        FLAG_OPTION("resume", &settings->resume, "go on from the newest checkpoint, if there is one"),
        JSON_OPTION(&settings->json),
        FLAG_OPTION("quiet", &settings->quiet, "no progress on stderr"),
        {.name = "verbose",
         .letter = 'v',
         .kind = OPTION_FLAG,
         .target.flag = &settings->verbose,
         .help = "tell on stderr how the engine computes"},
        DATA_DIR_OPTION(&settings->data_dir),
        END_OPTION,
    };
    TRY(command_line_parse(&description, options, argc, argv, &settings->line));
    settings->dataset = settings->line.arguments[0];
    TRY(check_batches(settings));
    TRY(check_stopping(settings));
    TRY(check_checkpoints(settings));
    fill_in_preset(settings);
    if (settings->optimizer_name != NULL)
        settings->optimizer.name = settings->optimizer_name;
    settings->schedule.name = settings->schedule_name;
    settings->schedule.warmup = settings->warmup;
    settings->schedule.decay_every = settings->decay_every;
    settings->stopping.patience = settings->patience;
    settings->stopping.monitor = settings->monitor;
    TRY(check_outputs(settings));
    if (settings->initializer != NULL && settings->init_from != NULL)
        TRY(fail(EX_USAGE, "--initializer: found --init-from as well, whose weights are not drawn"));
cleanup:
    return code;
}

void train_settings_free(train_settings *settings)
{
    char *texts[] = {settings->preset,      settings->data_dir, settings->engine,         settings->init_from,
                     settings->out,         settings->log,      settings->optimizer_name, settings->schedule_name,
                     settings->initializer, settings->monitor,  settings->tensorboard,    settings->checkpoint};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
    device_settings_free(&settings->device);
    command_line_free(&settings->line);
}
