/* SPDX-License-Identifier: Apache-2.0 */
/* The options of `gradus train`, each group in a function of its own. */
#include "train/train_options.h"
#include "train/train_presets.h"

#include <assert.h>
#include <string.h>

/* Some units must remain; a share of 1 would leave none. */
#define DROPOUT_MAX 0.999

/* Adds an array of rows. */
#define ADD(table, rows) add(table, rows, sizeof(rows) / sizeof *(rows))

static void add(option_table *table, const option_row *rows, size_t count)
{
    assert(table->count + count <= OPTIONS_MAX);
    memcpy(table->rows + table->count, rows, count * sizeof *rows);
    table->count += count;
}

static const char *const initializers[] = {"uniform", "he", "he-uniform", "xavier", "xavier-uniform", NULL};

static const char *const activations[] = {"relu", "leaky-relu", "sigmoid", "tanh", "gelu", NULL};

static void network_options(train_settings *settings, option_table *table)
{
    const option_row rows[] = {
        SIZES_OPTION("hidden", &settings->hidden, "units of each hidden layer (10)"),
        CHOICE_OPTION("activation", &settings->activation, activations,
                      "of hidden units: relu, leaky-relu, sigmoid, tanh, gelu (relu)"),
        FLAG_OPTION("standardize", &settings->standardize,
                    "the network sees features less their mean, over their deviation"),
        CHOICE_OPTION("initializer", &settings->initializer, initializers,
                      "of weights: uniform, he, he-uniform, xavier, xavier-uniform (uniform)"),
        TEXT_OPTION("init-from", &settings->init_from, "MODEL", "start from a model's weights"),
    };
    ADD(table, rows);
}

static void batch_options(train_settings *settings, option_table *table)
{
    const option_row rows[] = {
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
    };
    ADD(table, rows);
}

static const char *const schedules[] = {"constant", "step", "exponential", "cosine", NULL};

static void schedule_options(train_settings *settings, option_table *table)
{
    const option_row rows[] = {
        FLOAT_OPTION("lr", &settings->learning_rate, "learning rate (0.1)"),
        CHOICE_OPTION("schedule", &settings->schedule_name, schedules,
                      "of the learning rate: constant, step, exponential, cosine (constant)"),
        COUNT_OPTION("warmup", &settings->warmup, 0, "steps in which the learning rate grows (0)"),
        COUNT_OPTION("decay-every", &settings->decay_every, 1, "steps of step and exponential (a third of all)"),
        FLOAT_OPTION("gamma", &settings->schedule.gamma, "factor of step and exponential (0.1)"),
    };
    ADD(table, rows);
}

static const char *const optimizers[] = {"sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw", NULL};

static void optimizer_options(train_settings *settings, option_table *table)
{
    const option_row rows[] = {
        CHOICE_OPTION("optimizer", &settings->optimizer_name, optimizers,
                      "sgd, momentum, nesterov, rmsprop, adam, adamw (sgd)"),
        FLOAT_OPTION("momentum", &settings->optimizer.momentum, "of momentum and nesterov (0.9)"),
        FLOAT_OPTION("beta1", &settings->optimizer.beta1, "of adam and adamw (0.9)"),
        FLOAT_OPTION("beta2", &settings->optimizer.beta2, "of adam and adamw (0.999)"),
        FLOAT_OPTION("rho", &settings->optimizer.rho, "of rmsprop (0.99)"),
        FLOAT_OR_ZERO_OPTION("weight-decay", &settings->optimizer.weight_decay, "of weights, not of biases (0)"),
        FLOAT_OR_ZERO_OPTION("clip-norm", &settings->optimizer.clip_norm, "longest gradient (any)"),
        FLOAT_OR_ZERO_OPTION("max-norm", &settings->optimizer.max_norm, "longest row of weights into a unit (any)"),
    };
    ADD(table, rows);
}

static void regularization_options(train_settings *settings, option_table *table)
{
    const option_row rows[] = {
        DOUBLE_OR_ZERO_OPTION("dropout", &settings->dropout, DROPOUT_MAX,
                              "share of hidden units that a step leaves out (0)"),
        DOUBLE_OR_ZERO_OPTION("input-dropout", &settings->input_dropout, DROPOUT_MAX, "likewise of the features (0)"),
        DOUBLE_OR_ZERO_OPTION("label-smoothing", &settings->label_smoothing, 1,
                              "share of a label that all classes get (0)"),
    };
    ADD(table, rows);
}

static void augmentation_options(train_settings *settings, option_table *table)
{
    const option_row rows[] = {
        DOUBLE_OR_ZERO_OPTION("augment-shift", &settings->augment_shift, 2047,
                              "pixels, up to which a batch's images are shifted (0)"),
        DOUBLE_OR_ZERO_OPTION("augment-rotate", &settings->augment_rotate, 180,
                              "degrees, up to which they are rotated (0)"),
        DOUBLE_OR_ZERO_OPTION("augment-scale", &settings->augment_scale, 0.5,
                              "0.1: they get 0.9 to 1.1 times as large (0)"),
        DOUBLE_OR_ZERO_OPTION("augment-elastic", &settings->augment_elastic, 2047,
                              "pixels, root mean square of elastic displacements (0)"),
    };
    ADD(table, rows);
}

static const char *const monitors[] = {"loss", "accuracy", NULL};

static void judging_options(train_settings *settings, option_table *table)
{
    const option_row rows[] = {
        AMOUNT_OPTION("holdout", &settings->holdout, "training samples to set aside and evaluate"),
        COUNT_OPTION("evaluate-every", &settings->evaluate_every, 1, "steps between evaluations (each report)"),
        COUNT_OPTION("patience", &settings->patience, 1, "evaluations without a new best, then stop; keep the best"),
        CHOICE_OPTION("monitor", &settings->monitor, monitors, "what is best on the holdout: loss, accuracy (loss)"),
        DOUBLE_OPTION("target-accuracy", &settings->stopping.target_accuracy, 1,
                      "stop when reached, on the holdout if there is one; exit code 1 if not"),
        DOUBLE_OPTION("until-converged", &settings->stopping.until_converged, 1,
                      "stop when 50 steps (an epoch) lower the loss by less than this share"),
        DOUBLE_OPTION("max-seconds", &settings->stopping.max_seconds, 1e9, "stop after so long a training"),
        COUNT_OPTION("report-every", &settings->report_every, 0,
                     "iterations between reports (10, or an epoch of batches); 0: only the last"),
    };
    ADD(table, rows);
}

static void data_options(train_settings *settings, option_table *table)
{
    const option_row rows[] = {
        COUNT_OPTION("train-samples", &settings->train_samples, 1, "use the first N of them, holdout included"),
        COUNT_OPTION("seed", &settings->seed, 0, "of initial weights, holdout and batches (1)"),
        DATA_DIR_OPTION(&settings->data_dir),
    };
    ADD(table, rows);
}

static const char *const engines[] = {"auto", "fused", "sparse", "layered", "blas", "reference", NULL};

static void device_options(train_settings *settings, option_table *table)
{
    const option_row rows[] = {
        DEVICE_OPTIONS(&settings->device),
        CHOICE_OPTION("engine", &settings->engine, engines,
                      "auto, fused, sparse, layered; no device: blas, reference"),
    };
    ADD(table, rows);
}

static void output_options(train_settings *settings, option_table *table)
{
    const option_row rows[] = {
        TEXT_OPTION("out", &settings->out, "MODEL", "write the trained model (safetensors)"),
        TEXT_OPTION("log", &settings->log, "FILE", "write each report as a line of JSON, or of CSV (FILE.csv)"),
        TEXT_OPTION("tensorboard", &settings->tensorboard, "DIR", "write each report to an event file in this folder"),
        JSON_OPTION(&settings->json),
        FLAG_OPTION("quiet", &settings->quiet, "no progress on stderr"),
        {.name = "verbose",
         .letter = 'v',
         .kind = OPTION_FLAG,
         .target.flag = &settings->verbose,
         .help = "tell on stderr how the engine computes"},
    };
    ADD(table, rows);
}

static void checkpoint_options(train_settings *settings, option_table *table)
{
    const option_row rows[] = {
        TEXT_OPTION("checkpoint", &settings->checkpoint, "DIR", "write what --resume goes on from to this folder"),
        COUNT_OPTION("checkpoint-every", &settings->checkpoint_every, 1, "steps between checkpoints (each report)"),
        COUNT_OPTION("keep", &settings->keep, 0, "how many checkpoints remain, the newest (2); 0: all"),
        FLAG_OPTION("resume", &settings->resume, "go on from the newest checkpoint, if there is one"),
    };
    ADD(table, rows);
}

static void preset_options(train_settings *settings, option_table *table)
{
    const option_row rows[] = {
        CHOICE_OPTION("preset", &settings->preset, train_preset_names,
                      "the recipe to start from: notebook, fast, accurate (notebook)"),
        FLAG_OPTION("show", &settings->show, "print the recipe that preset and options make; DATASET is not needed"),
    };
    ADD(table, rows);
}

void train_options_list(train_settings *settings, option_table *table)
{
    const option_row last[] = {END_OPTION};
    table->count = 0;
    preset_options(settings, table);
    table->recipe_begin = table->count;
    network_options(settings, table);
    batch_options(settings, table);
    schedule_options(settings, table);
    optimizer_options(settings, table);
    regularization_options(settings, table);
    augmentation_options(settings, table);
    table->recipe_end = table->count;
    judging_options(settings, table);
    data_options(settings, table);
    device_options(settings, table);
    output_options(settings, table);
    checkpoint_options(settings, table);
    ADD(table, last);
}
