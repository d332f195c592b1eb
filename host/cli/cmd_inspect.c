/* SPDX-License-Identifier: Apache-2.0 */
/* gradus inspect: architecture, metadata, statistics and weights of a model file. */
#include "command/command_line.h"
#include "command/commands.h"
#include "text/failure.h"
#include "text/json_output.h"
#include "text/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* W (rows x columns) or b (rows, columns = 1) of a layer. */
typedef struct model_tensor {
    char name[32];
    bool is_bias;
    size_t rows, columns;
    const float *values;
} model_tensor;

typedef struct tensor_statistics {
    double minimum, maximum, mean, deviation;
} tensor_statistics;

/* The tensors in file order: fc1.weight, fc1.bias, fc2.weight, ... */
static size_t list_tensors(gradus_model *model, model_tensor tensors[2 * GRADUS_LAYERS_MAX])
{
    const gradus_network *network = gradus_model_network(model);
    size_t count = 0;
    for (size_t l = 0; l < network->layers; l++) {
        float *weights, *bias;
        if (gradus_model_layer(model, l, &weights, &bias) != GRADUS_OK)
            break;
        model_tensor w = {.rows = network->sizes[l + 1], .columns = network->sizes[l], .values = weights};
        model_tensor b = {.rows = network->sizes[l + 1], .columns = 1, .values = bias, .is_bias = true};
        snprintf(w.name, sizeof w.name, "fc%zu.weight", l + 1);
        snprintf(b.name, sizeof b.name, "fc%zu.bias", l + 1);
        tensors[count++] = w;
        tensors[count++] = b;
    }
    return count;
}

static tensor_statistics statistics_of(const model_tensor *tensor)
{
    const size_t count = tensor->rows * tensor->columns;
    tensor_statistics out = {.minimum = INFINITY, .maximum = -INFINITY};
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
        double value = (double)tensor->values[i];
        out.minimum = fmin(out.minimum, value);
        out.maximum = fmax(out.maximum, value);
        out.mean += value / (double)count;
    }
    for (size_t i = 0; i < count; i++)
        squares += pow((double)tensor->values[i] - out.mean, 2);
    out.deviation = sqrt(squares / (double)count);
    return out;
}

/* The keys that `gradus train` writes to a model file. */
static const char *const metadata_keys[] = {
    "dataset",    "train_samples", "holdout_samples", "seed",   "init_from", "learning_rate", "optimizer",
    "batch_size", "iterations",    "configuration",   "recipe", "engine",    "device"};
enum { METADATA_KEYS = sizeof metadata_keys / sizeof *metadata_keys };

/* ---- For programs ---- */

static json_t *values_array(const float *values, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_figure((double)values[i]));
    return array;
}

static json_t *tensor_object(const model_tensor *tensor, bool with_values)
{
    const tensor_statistics statistics = statistics_of(tensor);
    json_t *shape = tensor->is_bias ? json_pack("[I]", (json_int_t)tensor->rows)
                                    : json_pack("[II]", (json_int_t)tensor->rows, (json_int_t)tensor->columns);
    json_t *object = json_pack("{ss so so so so so}", "name", tensor->name, "shape", shape, "min",
                               json_figure(statistics.minimum), "max", json_figure(statistics.maximum), "mean",
                               json_figure(statistics.mean), "std", json_figure(statistics.deviation));
    if (with_values && tensor->is_bias)
        json_object_set_new(object, "values", values_array(tensor->values, tensor->rows));
    if (with_values && !tensor->is_bias) {
        json_t *rows = json_array();
        for (size_t r = 0; r < tensor->rows; r++)
            json_array_append_new(rows, values_array(tensor->values + r * tensor->columns, tensor->columns));
        json_object_set_new(object, "values", rows);
    }
    return object;
}

/* null: the input is byte / 255, or floats as they are. */
static json_t *input_object(const gradus_network *network)
{
    if (network->input_deviation == 0)
        return json_null();
    return json_pack("{so so}", "mean", json_figure((double)network->input_mean), "deviation",
                     json_figure((double)network->input_deviation));
}

static json_t *model_object(gradus_model *model, bool with_values)
{
    const gradus_network *network = gradus_model_network(model);
    model_tensor tensors[2 * GRADUS_LAYERS_MAX];
    const size_t count = list_tensors(model, tensors);
    json_t *array = json_array(), *metadata = json_object();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, tensor_object(&tensors[i], with_values));
    for (size_t i = 0; i < METADATA_KEYS; i++) {
        const char *value = gradus_model_get_metadata(model, metadata_keys[i]);
        if (value != NULL)
            json_object_set_new(metadata, metadata_keys[i], json_text(value));
    }
    return json_pack("{so ss ss so s[II] sI ss so so}", "layers", json_layers(network), "activation",
                     gradus_activation_name(network->activation), "features", network->floats ? "floats" : "bytes",
                     "input", input_object(network), "image", (json_int_t)network->image_width,
                     (json_int_t)network->image_height, "parameters", (json_int_t)count_parameters(network),
                     "weights_hash", format_hash(model).text, "metadata", metadata, "tensors", array);
}

/* ---- For people ---- */

static void print_metadata(const gradus_model *model)
{
    bool heading = false;
    for (size_t i = 0; i < METADATA_KEYS; i++) {
        const char *value = gradus_model_get_metadata(model, metadata_keys[i]);
        if (value == NULL)
            continue;
        printf("%s  %-16s  %s\n", heading ? "" : "\nmetadata\n", metadata_keys[i], value);
        heading = true;
    }
}

static void print_tensor(const model_tensor *tensor)
{
    char shape[64];
    const tensor_statistics statistics = statistics_of(tensor);
    snprintf(shape, sizeof shape, tensor->is_bias ? "%zu" : "%zu x %zu", tensor->rows, tensor->columns);
    printf("  %-12s  %-12s  %11.5g  %11.5g  %11.5g  %11.5g\n", tensor->name, shape, statistics.minimum,
           statistics.maximum, statistics.mean, statistics.deviation);
}

static void print_input(const gradus_network *network)
{
    printf("input       %s", network->floats ? "floats" : "bytes / 255");
    if (network->input_deviation != 0)
        printf(", minus the mean %.4g, divided by the standard deviation %.4g", (double)network->input_mean,
               (double)network->input_deviation);
    putchar('\n');
}

static void print_model(gradus_model *model, const char *path)
{
    const gradus_network *network = gradus_model_network(model);
    model_tensor tensors[2 * GRADUS_LAYERS_MAX];
    const size_t count = list_tensors(model, tensors);
    printf("model       %s\n", path);
    printf("network     %s", format_network(network).text);
    if (network->layers > 1)
        printf(", %s between layers", gradus_activation_name(network->activation));
    printf(", softmax over %zu classes\n", network->sizes[network->layers]);
    print_input(network);
    if (network->image_width > 0)
        printf("image       %zu x %zu\n", network->image_width, network->image_height);
    printf("parameters  %s\n", format_count(count_parameters(network)).text);
    printf("weights     %s\n", format_hash(model).text);
    print_metadata(model);
    printf("\n  %-12s  %-12s  %11s  %11s  %11s  %11s\n", "tensor", "shape", "min", "max", "mean", "std");
    for (size_t i = 0; i < count; i++)
        print_tensor(&tensors[i]);
}

/* Nine digits give the same float when read back. A line begins with the index of its first value. */
static void print_values(const model_tensor *tensor)
{
    enum { PER_LINE = 6 };
    printf("\n%s", tensor->name);
    /* A bias is printed as one row. */
    const size_t rows = tensor->is_bias ? 1 : tensor->rows, columns = tensor->is_bias ? tensor->rows : tensor->columns;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++) {
            char index[48];
            snprintf(index, sizeof index, tensor->is_bias ? "[%zu]" : "[%zu,%zu]", tensor->is_bias ? c : r, c);
            if (c % PER_LINE == 0)
                printf("\n  %-12s", index);
            printf(" %15.9g", (double)tensor->values[r * columns + c]);
        }
    printf("\n");
}

static void print_weights(gradus_model *model)
{
    model_tensor tensors[2 * GRADUS_LAYERS_MAX];
    const size_t count = list_tensors(model, tensors);
    for (size_t i = 0; i < count; i++)
        print_values(&tensors[i]);
}

/* ---- The command ---- */

typedef struct inspect_settings {
    command_line line;
    bool weights, json;
} inspect_settings;

int cmd_inspect(int argc, const char **argv)
{
    static const command_description description = {
        .name = "inspect",
        .arguments = "MODEL",
        .summary = "Architecture, origin and statistics of a model, and with --weights every W and b.",
        .arguments_min = 1,
        .arguments_max = 1,
    };
    int code = EX_OK;
    static const option_row options[] = {
        FLAG_OPTION("weights", inspect_settings, weights, "print every weight and bias"),
        JSON_OPTION(inspect_settings, json),
        END_OPTION,
    };
    inspect_settings settings = {0};
    gradus_model *model = NULL;
    TRY(command_line_parse(&description, options, argc, argv, &settings, &settings.line));
    TRY_GRADUS(gradus_model_load(settings.line.arguments[0], &model));
    if (settings.json) {
        TRY(json_print(model_object(model, settings.weights)));
    } else {
        print_model(model, settings.line.arguments[0]);
        if (settings.weights)
            print_weights(model);
    }
cleanup:
    gradus_model_destroy(model);
    command_line_free(&settings.line);
    return code;
}
