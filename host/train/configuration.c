/* SPDX-License-Identifier: Apache-2.0 */
/* Training configurations as JSON objects: created, and compared item by item. */
#include "train/configuration.h"
#include "core/memory.h"
#include "core/printable.h"
#include "data/dataset.h"
#include "engine/common/optimizer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define XXH_STATIC_LINKING_ONLY /* for a hash state on the stack: hashing cannot fail then */
#include <xxhash.h>

/* ---- Items: added in the order in which they are compared. Nonzero: out of memory, as jansson has it. ---- */

static int add_count(json_t *configuration, const char *name, size_t count)
{
    return json_object_set_new(configuration, name, json_integer((json_int_t)count));
}

static int add_number(json_t *configuration, const char *name, double number)
{
    return json_object_set_new(configuration, name, isfinite(number) ? json_real(number) : json_null());
}

static int add_name(json_t *configuration, const char *name, const char *value, const char *usual)
{
    return json_object_set_new(configuration, name, json_string(value == NULL ? usual : value));
}

/* ---- Network and data ---- */

static int add_network(json_t *configuration, const gradus_network *network)
{
    char sizes[24 * (GRADUS_LAYERS_MAX + 1)] = "";
    size_t used = 0;
    for (size_t l = 0; l <= network->layers; l++)
        used += (size_t)snprintf(sizes + used, sizeof sizes - used, "%s%zu", l == 0 ? "" : "-", network->sizes[l]);
    return add_name(configuration, "network", sizes, NULL) ||
           add_name(configuration, "activation", gradus_activation_name(network->activation), NULL) ||
           add_number(configuration, "input mean", (double)network->input_mean) ||
           add_number(configuration, "input deviation", (double)network->input_deviation);
}

/* Nothing for no data set. */
static int add_data(json_t *configuration, const char *name, const gradus_dataset *dataset)
{
    XXH3_state_t state;
    if (dataset == NULL)
        return 0;
    const gradus_dataset_info *info = &dataset->info;
    XXH3_64bits_reset(&state);
    XXH3_64bits_update(&state, gr_dataset_x(dataset),
                       info->samples * info->features * gr_dataset_feature_size(dataset));
    if (dataset->labels != NULL)
        XXH3_64bits_update(&state, dataset->labels, info->samples);
    return json_object_set_new(configuration, name,
                               json_sprintf("%zu samples of %zu %s, %016" PRIx64, info->samples, info->features,
                                            info->floats ? "floats" : "bytes", (uint64_t)XXH3_64bits_digest(&state)));
}

/* ---- Options ---- */

static int add_seed(json_t *configuration, const gradus_train_options *options)
{
    return json_object_set_new(configuration, "seed", json_sprintf("%" PRIu64, options->seed));
}

static int add_steps(json_t *configuration, const gradus_train_options *options, const training_plan *plan)
{
    char batch[24] = "full";
    if (options->batch_size > 0)
        snprintf(batch, sizeof batch, "%zu", options->batch_size);
    return add_count(configuration, "iterations", plan->steps) || add_name(configuration, "batch size", batch, NULL) ||
           add_name(configuration, "drop last", options->drop_last ? "yes" : "no", NULL);
}

static int add_rate(json_t *configuration, const gradus_train_options *options)
{
    const gradus_schedule *schedule = &options->schedule;
    return add_number(configuration, "learning rate", (double)options->learning_rate) ||
           add_name(configuration, "schedule", schedule->name, gradus_schedule_name(0)) ||
           add_number(configuration, "gamma", (double)schedule->gamma) ||
           add_count(configuration, "decay every", schedule->decay_every) ||
           add_count(configuration, "warm-up", schedule->warmup);
}

static int add_optimizer(json_t *configuration, const gradus_train_options *options, const optimizer *how)
{
    const bool has_second = gr_optimizer_has_second_moment(how);
    return add_name(configuration, "optimizer", options->optimizer.name, gradus_optimizer_name(0)) ||
           (gr_optimizer_has_momentum(how) && add_number(configuration, "momentum or beta1", (double)how->momentum)) ||
           (gr_optimizer_has_decay(how) && add_number(configuration, "rho or beta2", (double)how->decay)) ||
           (has_second && add_number(configuration, "epsilon", (double)how->epsilon)) ||
           add_number(configuration, "weight decay", (double)how->weight_decay) ||
           add_number(configuration, "clip norm", (double)how->clip_norm) ||
           add_number(configuration, "max norm", (double)how->max_norm);
}

static int add_regularization(json_t *configuration, const gradus_train_options *options)
{
    return add_number(configuration, "dropout", (double)options->dropout) ||
           add_number(configuration, "input dropout", (double)options->input_dropout) ||
           add_number(configuration, "label smoothing", (double)options->label_smoothing);
}

static int add_augmentation(json_t *configuration, const gradus_augmentation *most)
{
    return add_number(configuration, "augmentation's shift", (double)most->shift) ||
           add_number(configuration, "augmentation's rotation", (double)most->rotation) ||
           add_number(configuration, "augmentation's scale", (double)most->scale) ||
           add_number(configuration, "augmentation's elastic", (double)most->elastic);
}

static int add_stopping(json_t *configuration, const gradus_train_options *options)
{
    const gradus_stopping *stopping = &options->stopping;
    return add_count(configuration, "report every", options->report_every) ||
           add_count(configuration, "evaluate every", options->evaluate_every) ||
           add_count(configuration, "patience", stopping->patience) ||
           add_name(configuration, "monitor", stopping->monitor, gradus_monitor_name(0)) ||
           add_number(configuration, "target accuracy", stopping->target_accuracy) ||
           add_number(configuration, "until converged", stopping->until_converged);
}

/* A hash of the weights, whether they come from a seed and an initializer or from a file. */
static int add_initial_weights(json_t *configuration, const gradus_model *model)
{
    return json_object_set_new(configuration, "initial weights",
                               json_sprintf("%016" PRIx64, gradus_model_hash(model)));
}

/* ---- Configurations ---- */

/* An option comes before its consequences, so that a message names the option. */
gradus_status gr_configuration_make(const gradus_train_options *options, const training_plan *plan,
                                    const gradus_model *model, const gradus_dataset *dataset, json_t **out)
{
    gradus_status status = GRADUS_OK;
    optimizer how;
    json_t *configuration = json_object();
    TRY(gr_optimizer_make(&options->optimizer, &how));
    if (add_network(configuration, &model->network) || add_seed(configuration, options) ||
        add_data(configuration, "training samples", dataset) || add_data(configuration, "holdout", options->holdout) ||
        add_steps(configuration, options, plan) || add_rate(configuration, options) ||
        add_optimizer(configuration, options, &how) || add_regularization(configuration, options) ||
        add_augmentation(configuration, &options->augmentation) || add_stopping(configuration, options) ||
        add_initial_weights(configuration, model))
        FAIL(GRADUS_ERROR_MEMORY, "out of memory: a checkpoint's configuration");
    *out = configuration;
    configuration = NULL;
cleanup:
    json_decref(configuration);
    return status;
}

/* A value as text, numbers with a given number of digits. */
typedef struct value_text {
    char text[160];
} value_text;

static value_text text_of(const json_t *value, size_t digits)
{
    value_text result = {"none"};
    if (value == NULL)
        return result;
    if (json_is_string(value)) {
        snprintf(result.text, sizeof result.text, "%s", gr_printable(json_string_value(value)).text);
        return result;
    }
    const size_t size = json_dumpb(value, result.text, sizeof result.text - 1,
                                   JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(digits));
    result.text[size < sizeof result.text ? size : 0] = '\0';
    return result;
}

static gradus_status refuse(const char *path, const char *item, const json_t *found, const json_t *expected)
{
    const size_t few = 7, all = 17;
    const bool alike = strcmp(text_of(found, few).text, text_of(expected, few).text) == 0;
    const size_t digits = alike ? all : few;
    return gr_fail(GRADUS_ERROR_ARGUMENT, "%s: belongs to another run: %s: found %s, expected %s", path,
                   gr_printable(item).text, text_of(found, digits).text, text_of(expected, digits).text);
}

/* The first item of `these` that `those` does not have, or has with another value; NULL: there is none. */
static const char *first_difference(json_t *these, json_t *those)
{
    const char *item = NULL;
    json_t *value = NULL;
    json_object_foreach(these, item, value)
    {
        if (!json_equal(value, json_object_get(those, item)))
            return item;
    }
    return NULL;
}

gradus_status gr_configuration_compare(const char *path, json_t *found, json_t *expected)
{
    const char *item = first_difference(expected, found);
    if (item == NULL)
        item = first_difference(found, expected);
    if (item == NULL)
        return GRADUS_OK;
    return refuse(path, item, json_object_get(found, item), json_object_get(expected, item));
}
