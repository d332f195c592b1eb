/* SPDX-License-Identifier: Apache-2.0 */
/* gradus evaluate: loss, accuracy, confusion matrix and figures by class of a model on a labelled data set. */
#include "command/command_line.h"
#include "command/commands.h"
#include "command/data_input.h"
#include "command/device_input.h"
#include "text/failure.h"
#include "text/json_output.h"
#include "text/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct evaluation_result {
    const char *dataset, *part;
    size_t samples, classes;
    gradus_metrics metrics;
    uint64_t *confusion; /* (C x C), row: label, column: prediction */
} evaluation_result;

/* NaN where the figure is 0/0: a class without samples, or without predictions. */
typedef struct class_figures {
    uint64_t samples;
    double precision, recall, f1;
} class_figures;

static class_figures figures_of_class(const evaluation_result *evaluation, size_t c)
{
    const size_t classes = evaluation->classes;
    uint64_t right = evaluation->confusion[c * classes + c], labelled = 0, predicted = 0;
    for (size_t i = 0; i < classes; i++) {
        labelled += evaluation->confusion[c * classes + i];
        predicted += evaluation->confusion[i * classes + c];
    }
    return (class_figures){
        .samples = labelled,
        .precision = predicted == 0 ? NAN : (double)right / (double)predicted,
        .recall = labelled == 0 ? NAN : (double)right / (double)labelled,
        .f1 = labelled + predicted == 0 ? NAN : 2 * (double)right / (double)(labelled + predicted),
    };
}

/* ---- For programs ---- */

static json_t *confusion_array(const evaluation_result *evaluation)
{
    json_t *rows = json_array();
    for (size_t r = 0; r < evaluation->classes; r++) {
        json_t *row = json_array();
        for (size_t c = 0; c < evaluation->classes; c++)
            json_array_append_new(row, json_integer((json_int_t)evaluation->confusion[r * evaluation->classes + c]));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *per_class_array(const evaluation_result *evaluation)
{
    json_t *array = json_array();
    for (size_t c = 0; c < evaluation->classes; c++) {
        const class_figures figures = figures_of_class(evaluation, c);
        json_array_append_new(array, json_pack("{sI so so so}", "class", (json_int_t)c, "precision",
                                               json_figure(figures.precision), "recall", json_figure(figures.recall),
                                               "f1", json_figure(figures.f1)));
    }
    return array;
}

static json_t *evaluation_object(const evaluation_result *evaluation)
{
    return json_pack("{so ss sI so so so so}", "dataset", json_text(evaluation->dataset), "split", evaluation->part,
                     "samples", (json_int_t)evaluation->samples, "loss", json_figure(evaluation->metrics.loss),
                     "accuracy", json_figure(evaluation->metrics.accuracy), "confusion", confusion_array(evaluation),
                     "per_class", per_class_array(evaluation));
}

/* ---- For people ---- */

static void print_confusion(const evaluation_result *evaluation)
{
    const size_t classes = evaluation->classes;
    uint64_t largest = 0;
    for (size_t i = 0; i < classes * classes; i++)
        largest = evaluation->confusion[i] > largest ? evaluation->confusion[i] : largest;
    int width = snprintf(NULL, 0, "%" PRIu64, largest) + 1;
    width = width < 4 ? 4 : width;

    printf("\nconfusion (row: label, column: prediction, a dot for none)\n     ");
    for (size_t c = 0; c < classes; c++)
        printf("%*zu", width, c);
    for (size_t r = 0; r < classes; r++) {
        printf("\n%5zu", r);
        for (size_t c = 0; c < classes; c++) {
            uint64_t count = evaluation->confusion[r * classes + c];
            if (count == 0)
                printf("%*s", width, ".");
            else
                printf("%*" PRIu64, width, count);
        }
    }
    printf("\n");
}

static void print_evaluation(const evaluation_result *evaluation)
{
    printf("samples   %s of %s, %s part\n", format_count(evaluation->samples).text, evaluation->dataset,
           evaluation->part);
    printf("loss      %s\n", format_loss(evaluation->metrics.loss).text);
    printf("accuracy  %s\n", format_percent(evaluation->metrics.accuracy).text);
    print_confusion(evaluation);
    printf("\nclass   samples  precision     recall         F1\n");
    for (size_t c = 0; c < evaluation->classes; c++) {
        const class_figures figures = figures_of_class(evaluation, c);
        printf("%5zu%10s%11s%11s%11s\n", c, format_count(figures.samples).text, format_percent(figures.precision).text,
               format_percent(figures.recall).text, format_percent(figures.f1).text);
    }
}

/* ---- The command ---- */

typedef struct evaluate_settings {
    command_line line;
    gradus_device_options device;
    const char *split, *data_dir;
    bool json;
} evaluate_settings;

static const char *split_name(size_t index)
{
    return index == 0 ? "train" : index == 1 ? "test" : NULL;
}

static int parse(int argc, const char **argv, evaluate_settings *settings)
{
    static const command_description description = {
        .name = "evaluate",
        .arguments = "MODEL DATASET",
        .summary = "Loss, accuracy, confusion matrix and figures by class of a model on a labelled data set: on its\n"
                   "test part if there is one, else on its training part.",
        .arguments_min = 2,
        .arguments_max = 2,
    };
    static const option_row options[] = {
        CHOICE_OPTION("split", evaluate_settings, split, split_name, "the part of the data: %s"),
        DEVICE_OPTIONS(evaluate_settings, device),
        DATA_DIR_OPTION(evaluate_settings, data_dir),
        JSON_OPTION(evaluate_settings, json),
        END_OPTION,
    };
    return command_line_parse(&description, options, argc, argv, settings, &settings->line);
}

int cmd_evaluate(int argc, const char **argv)
{
    int code = EX_OK;
    evaluate_settings settings = {0};
    evaluation_result evaluation = {0};
    gradus_model *model = NULL;
    gradus_dataset *dataset = NULL;
    gradus_device *device = NULL;

    TRY(parse(argc, argv, &settings));
    TRY_GRADUS(gradus_model_load(settings.line.arguments[0], &model));
    const gradus_network *network = gradus_model_network(model);
    evaluation.dataset = settings.line.arguments[1];
    evaluation.classes = network->sizes[network->layers];

    gradus_data_options options = {
        .data_dir = settings.data_dir, .features = network->sizes[0], .floats = network->floats};
    TRY(data_open_part(evaluation.dataset, &options, settings.split, &dataset, &evaluation.part));
    TRY(data_require_classes(evaluation.dataset, evaluation.part, dataset, evaluation.classes));
    evaluation.samples = gradus_dataset_get_info(dataset).samples;

    evaluation.confusion = calloc(evaluation.classes * evaluation.classes, sizeof *evaluation.confusion);
    if (evaluation.confusion == NULL)
        TRY(fail(EX_OSERR, "out of memory: the confusion matrix"));
    TRY(device_open_or_host(&settings.device, &device));
    TRY_GRADUS(gradus_evaluate(device, model, dataset, &evaluation.metrics, evaluation.confusion));
    if (settings.json)
        TRY(json_print(evaluation_object(&evaluation)));
    else
        print_evaluation(&evaluation);
cleanup:
    gradus_device_close(device);
    gradus_dataset_destroy(dataset);
    gradus_model_destroy(model);
    free(evaluation.confusion);
    command_line_free(&settings.line);
    return code;
}
