/* SPDX-License-Identifier: Apache-2.0 */
/* gradus predict: the classes and probabilities that a model predicts for samples. */
#include "command/command_line.h"
#include "command/commands.h"
#include "command/device_input.h"
#include "predict/prediction_input.h"
#include "predict/prediction_output.h"
#include "text/drawing.h"
#include "text/failure.h"
#include "text/json_output.h"

#include <stdlib.h>

typedef struct predict_run {
    command_line line;
    gradus_device_options device_options;
    const char *data_dir;
    bool json, show;
    gradus_model *model;
    gradus_device *device;
    terminal_style style;
    json_t *array; /* with --json: all predictions */
} predict_run;

static int parse(int argc, const char **argv, predict_run *run)
{
    static const command_description description = {
        .name = "predict",
        .arguments = "MODEL INPUT...",
        .summary =
            "Predicts the class of samples. INPUT is a data set, or some of its samples as DATASET:INDEX or\n"
            "DATASET:INDEX-INDEX (from 0; of the test part if there is one), or a CSV file or NPZ without labels.",
        .arguments_min = 2,
        .arguments_max = SIZE_MAX,
    };
    static const option_row options[] = {
        FLAG_OPTION("show", predict_run, show, "draw each sample beside its probabilities"),
        JSON_OPTION(predict_run, json),
        DEVICE_OPTIONS(predict_run, device_options),
        DATA_DIR_OPTION(predict_run, data_dir),
        END_OPTION,
    };
    int code = command_line_parse(&description, options, argc, argv, run, &run->line);
    if (code == EX_OK && run->json && run->show)
        return fail(EX_USAGE, "predict: found both --json and --show, expected one of them");
    return code;
}

static size_t largest(const float *values, size_t count)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++)
        if (values[i] > values[best])
            best = i;
    return best;
}

static int output(predict_run *run, const sample_prediction *prediction)
{
    if (run->json) {
        if (json_array_append_new(run->array, prediction_object(prediction)) != 0)
            return fail(EX_OSERR, "out of memory: the predictions");
    } else if (run->show) {
        prediction_print_drawing(prediction, &run->style);
    } else {
        prediction_print_line(prediction);
    }
    return EX_OK;
}

/* The pixels to draw; `shades` has room for those of a sample of floats. */
static const uint8_t *pixels_of(const gradus_dataset *samples, size_t i, uint8_t *shades)
{
    const gradus_dataset_info info = gradus_dataset_get_info(samples);
    if (!info.floats)
        return gradus_dataset_pixels(samples) + i * info.features;
    drawing_shade(gradus_dataset_floats(samples) + i * info.features, info.features, shades);
    return shades;
}

static int output_all(predict_run *run, const prediction_input *input, const float *probabilities)
{
    const gradus_network *network = gradus_model_network(run->model);
    const gradus_dataset_info info = gradus_dataset_get_info(input->samples);
    const uint8_t *labels = gradus_dataset_labels(input->samples);
    const size_t classes = network->sizes[network->layers];
    /* A CSV file does not have the shape of its images; a model that was trained on images does. */
    const bool by_model = info.height < 2 && network->image_width * network->image_height == info.features;
    int code = EX_OK;
    uint8_t *shades = malloc(info.features); /* (F), for an image of floats */
    if (shades == NULL)
        TRY(fail(EX_OSERR, "out of memory: a sample of %zu features", info.features));
    for (size_t i = 0; i < info.samples; i++) {
        const float *of_sample = probabilities + i * classes;
        const sample_prediction prediction = {
            .input = input->name,
            .index = input->first + i,
            .label = labels == NULL ? -1 : labels[i],
            .predicted = largest(of_sample, classes),
            .classes = classes,
            .probabilities = of_sample,
            .pixels = pixels_of(input->samples, i, shades),
            .width = by_model ? network->image_width : info.width,
            .height = by_model ? network->image_height : info.height,
        };
        TRY(output(run, &prediction));
    }
cleanup:
    free(shades);
    return code;
}

static int predict(predict_run *run, const char *text)
{
    int code = EX_OK;
    prediction_input input = {0};
    float *probabilities = NULL; /* (C x samples) */
    const gradus_network *network = gradus_model_network(run->model);

    TRY(prediction_input_open(text, run->data_dir, network, &input));
    size_t samples = gradus_dataset_get_info(input.samples).samples;
    probabilities = calloc(samples, network->sizes[network->layers] * sizeof *probabilities);
    if (probabilities == NULL)
        TRY(fail(EX_OSERR, "out of memory: probabilities of %zu samples", samples));
    TRY_GRADUS(gradus_predict(run->device, run->model, input.samples, probabilities));
    TRY(output_all(run, &input, probabilities));
cleanup:
    free(probabilities);
    prediction_input_free(&input);
    return code;
}

int cmd_predict(int argc, const char **argv)
{
    int code = EX_OK;
    predict_run run = {.style = terminal_style_of(stdout), .array = json_array()};

    TRY(parse(argc, argv, &run));
    TRY_GRADUS(gradus_model_load(run.line.arguments[0], &run.model));
    TRY(device_open_or_host(&run.device_options, &run.device));
    for (size_t i = 1; i < run.line.argument_count; i++)
        TRY(predict(&run, run.line.arguments[i]));
    if (run.json)
        TRY(json_print(json_incref(run.array)));
cleanup:
    json_decref(run.array);
    gradus_device_close(run.device);
    gradus_model_destroy(run.model);
    command_line_free(&run.line);
    return code;
}
