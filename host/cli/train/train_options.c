/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of `gradus train`, in sections as the help text shows them.
 *
 * To add an option of the library: add a field to gradus_train_options in gradus.h, a row here, and if it changes the
 * result an item in host/train/configuration.c, so that a checkpoint with another value is refused. Parsing, range,
 * help, presets, --show, the metadata of models and the transfer to the library follow from the row.
 */
#include "train/train_options.h"
#include "train/train_presets.h"

/* Some units must remain; a share of 1 would leave none. */
#define DROPOUT_MAX 0.999

static const char *activation_name(size_t index)
{
    return gradus_activation_name((gradus_activation)index);
}

/* The sections from the first of these up to the second, exclusively, are the training configuration: they determine
 * the result. Presets consist of its options. */
#define CONFIGURATION_BEGIN "Network:"
#define CONFIGURATION_END "Evaluation and early stopping:"

/* Rows of the struct train_settings. */
#define FLAG(n, to, h) FLAG_OPTION(n, train_settings, to, h)
#define TEXT(n, to, a, h) TEXT_OPTION(n, train_settings, to, a, h)
#define CHOICE(n, to, c, h) CHOICE_OPTION(n, train_settings, to, c, h)
#define COUNT(n, to, m, h) COUNT_OPTION(n, train_settings, to, m, h)
#define FLOAT(n, to, h) FLOAT_OPTION(n, train_settings, to, h)
#define FLOAT_OR_ZERO(n, to, m, h) FLOAT_OR_ZERO_OPTION(n, train_settings, to, m, h)
#define DOUBLE_OR_ZERO(n, to, m, h) DOUBLE_OR_ZERO_OPTION(n, train_settings, to, m, h)

const option_row train_options[] = {
    CHOICE("preset", preset, train_preset_name, "the training configuration to start from: %s (notebook)"),
    FLAG("show", show, "print the training configuration and train nothing; DATASET is not needed"),

    SECTION_OPTION(CONFIGURATION_BEGIN),
    SIZES_OPTION("hidden", train_settings, hidden, "units of each hidden layer (10)"),
    CHOICE("activation", activation, activation_name, "activation of the hidden units: %s (relu)"),
    FLAG("standardize", standardize, "standardise the input: subtract the mean, divide by the standard deviation"),
    CHOICE("initializer", initializer, gradus_initializer_name, "initial weights: %s (uniform)"),
    TEXT("init-from", init_from, "MODEL", "start from the network and weights of a model"),

    SECTION_OPTION("Steps:"),
    COUNT("iterations", options.iterations, 1, "number of steps (500)"),
    {.name = "batch-size",
     .kind = OPTION_COUNT,
     .offset = OPTION_FIELD(size_t, train_settings, options.batch_size),
     .argument = "N",
     .help = "samples per step, or full: all (full)",
     .minimum = 1,
     .zero = "full"},
    COUNT("epochs", options.epochs, 1, "passes through the samples, instead of --iterations"),
    FLAG("drop-last", options.drop_last, "skip an epoch's last batch if it is short"),
    FLOAT("lr", options.learning_rate, "learning rate (0.1)"),
    CHOICE("schedule", options.schedule.name, gradus_schedule_name, "schedule of the learning rate: %s (constant)"),
    COUNT("warmup", options.schedule.warmup, 0, "steps over which the learning rate grows to its full value (0)"),
    COUNT("decay-every", options.schedule.decay_every, 1,
          "steps per decay, for step and exponential (a third of all)"),
    FLOAT("gamma", options.schedule.gamma, "decay factor, for step and exponential (0.1)"),

    SECTION_OPTION("Optimizer:"),
    CHOICE("optimizer", options.optimizer.name, gradus_optimizer_name, "%s (sgd)"),
    FLOAT_OR_ZERO("momentum", options.optimizer.momentum, 0, "for momentum and nesterov (0.9)"),
    FLOAT_OR_ZERO("beta1", options.optimizer.beta1, 0, "for adam and other optimizers with betas (0.9)"),
    FLOAT_OR_ZERO("beta2", options.optimizer.beta2, 0, "the same (the optimizer's own default)"),
    FLOAT_OR_ZERO("rho", options.optimizer.rho, 0, "for rmsprop (0.99)"),
    FLOAT_OR_ZERO("weight-decay", options.optimizer.weight_decay, 0, "decay of the weights, not of the biases (0)"),
    FLOAT_OR_ZERO("clip-norm", options.optimizer.clip_norm, 0, "largest norm of the gradient; 0: no limit (0)"),
    FLOAT_OR_ZERO("max-norm", options.optimizer.max_norm, 0,
                  "largest norm of the weights into a unit; 0: no limit (0)"),

    SECTION_OPTION("Regularisation and augmentation:"),
    FLOAT_OR_ZERO("dropout", options.dropout, DROPOUT_MAX, "share of the hidden units that a step drops (0)"),
    FLOAT_OR_ZERO("input-dropout", options.input_dropout, DROPOUT_MAX, "share of the features that a step drops (0)"),
    FLOAT_OR_ZERO("label-smoothing", options.label_smoothing, 1,
                  "share of each label that is spread over all classes (0)"),
    FLOAT_OR_ZERO("augment-shift", options.augmentation.shift, 2047, "shift images by up to X pixels (0)"),
    FLOAT_OR_ZERO("augment-rotate", options.augmentation.rotation, 180, "rotate images by up to X degrees (0)"),
    FLOAT_OR_ZERO("augment-scale", options.augmentation.scale, 0.5, "scale images by factors from 1 - X to 1 + X (0)"),
    FLOAT_OR_ZERO("augment-elastic", options.augmentation.elastic, 2047,
                  "deform images by displacements of X pixels, root mean square (0)"),

    SECTION_OPTION(CONFIGURATION_END),
    AMOUNT_OPTION("holdout", train_settings, holdout, "training samples to hold out for evaluation (0)"),
    COUNT("evaluate-every", options.evaluate_every, 1, "steps between evaluations (with each report)"),
    COUNT("patience", options.stopping.patience, 0,
          "stop after N evaluations without a new best, and restore the best; 0: never (0)"),
    CHOICE("monitor", options.stopping.monitor, gradus_monitor_name,
           "what --patience compares on the holdout: %s (loss)"),
    DOUBLE_OR_ZERO("target-accuracy", options.stopping.target_accuracy, 1,
                   "stop when the accuracy, on the holdout if there is one, reaches X; exit code 1 if it does not; "
                   "0: never (0)"),
    DOUBLE_OR_ZERO("until-converged", options.stopping.until_converged, 1,
                   "stop when 50 steps (an epoch of batches) lower the loss by less than this share; 0: never (0)"),
    DOUBLE_OR_ZERO("max-seconds", options.stopping.max_seconds, 1e9, "stop after X seconds; 0: never (0)"),
    COUNT("report-every", options.report_every, 0,
          "iterations between reports (10, or an epoch of batches); 0: only the last"),

    SECTION_OPTION("Data:"),
    COUNT("train-samples", train_samples, 1, "use the first N training samples, holdout included (all)"),
    SEED_OPTION("seed", train_settings, options.seed,
                "determines initial weights, holdout, batches, dropout and augmentation (1)"),
    DATA_DIR_OPTION(train_settings, data_dir),

    SECTION_OPTION("Device:"),
    DEVICE_OPTIONS(train_settings, device),
    CHOICE("engine", options.engine, gradus_engine_name, "%s (auto)"),

    SECTION_OPTION("Output:"),
    TEXT("out", out, "MODEL", "write the trained model (safetensors)"),
    TEXT("log", log, "FILE", "write each report as a line of JSON, or of CSV (FILE.csv)"),
    TEXT("tensorboard", tensorboard, "DIR", "write each report to an event file in this folder"),
    JSON_OPTION(train_settings, json),
    FLAG("quiet", quiet, "no progress on stderr"),
    {.name = "verbose",
     .letter = 'v',
     .kind = OPTION_FLAG,
     .offset = OPTION_FIELD(bool, train_settings, verbose),
     .help = "print to stderr how the engine computes"},

    SECTION_OPTION("Checkpoints:"),
    TEXT("checkpoint", options.checkpoints.folder, "DIR", "write checkpoints to this folder"),
    COUNT("checkpoint-every", options.checkpoints.every, 1, "steps between checkpoints (with each report)"),
    COUNT("keep", options.checkpoints.keep, 0, "number of newest checkpoints to keep; 0: all (2)"),
    FLAG("resume", options.checkpoints.resume, "continue from the newest checkpoint, if there is one"),
    END_OPTION,
};

bool train_option_is_configuration(size_t row)
{
    return row > option_find(train_options, CONFIGURATION_BEGIN) &&
           row < option_find(train_options, CONFIGURATION_END) && train_options[row].kind != OPTION_SECTION;
}
