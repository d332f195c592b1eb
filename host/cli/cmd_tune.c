/* SPDX-License-Identifier: Apache-2.0 */
/* gradus tune: searches for the fastest matrix products of a network on a device. */
#include "command/command_line.h"
#include "command/commands.h"
#include "command/data_input.h"
#include "command/device_input.h"
#include "command/interrupt.h"
#include "text/failure.h"
#include "text/json_output.h"
#include "text/progress.h"

#include <stdio.h>

typedef struct tune_settings {
    command_line line;
    gradus_dataset_info data; /* only the sizes are used */
    size_list hidden;
    size_t seconds;
    bool json;
    gradus_device_options device;
    const char *data_dir;
} tune_settings;

static const command_description description = {
    .name = "tune",
    .arguments = "[DATASET]",
    .summary =
        "Tries the configurations of a network's matrix products (engine layered) on the device, and stores the\n"
        "fastest in the user's cache. The sizes are those of DATASET's training samples, or of the options.",
    .notes = "Each gain is stored when it is found; Ctrl-C ends the search.\n",
    .arguments_min = 0,
    .arguments_max = 1,
};

static const option_row options[] = {
    SIZES_OPTION("hidden", tune_settings, hidden, "units of each hidden layer (10)"),
    COUNT_OPTION("samples", tune_settings, data.samples, 1, "samples, without DATASET (60000)"),
    COUNT_OPTION("features", tune_settings, data.features, 1, "features of a sample, without DATASET (784)"),
    COUNT_OPTION("classes", tune_settings, data.classes, 1, "classes, without DATASET (10)"),
    COUNT_OPTION("seconds", tune_settings, seconds, 1, "seconds to search (30)"),
    DEVICE_OPTIONS(tune_settings, device),
    DATA_DIR_OPTION(tune_settings, data_dir),
    JSON_OPTION(tune_settings, json),
    END_OPTION,
};

/* Reads the sizes of the data set, if one is named. */
static int read_sizes(tune_settings *settings)
{
    int code = EX_OK;
    gradus_dataset *train = NULL;
    gradus_data_options how = gradus_data_options_default();
    how.data_dir = settings->data_dir;
    if (settings->line.argument_count == 0)
        return EX_OK;
    TRY_GRADUS(gradus_dataset_open(settings->line.arguments[0], &how, &train, NULL));
    settings->data = gradus_dataset_get_info(train);
cleanup:
    gradus_dataset_destroy(train);
    return code;
}

/* ---- Results: a line for each product as it comes or, with --json, one value at the end ---- */

typedef struct tune_output {
    json_t *products; /* NULL: lines */
    progress_line progress;
} tune_output;

static void print_heading(const gradus_device *device)
{
    printf("%s\n\n%-56s %10s %10s  configuration\n", gradus_device_get_info(device)->name, "product", "before ms",
           "after ms");
    fflush(stdout);
}

static void on_result(const gradus_tune_result *result, void *user)
{
    tune_output *output = user;
    progress_end(&output->progress);
    if (output->products == NULL)
        printf("%-56s %10.3g %10.3g  %s\n", result->product, 1e3 * result->seconds_before, 1e3 * result->seconds_after,
               result->configuration);
    else
        json_array_append_new(output->products, json_pack("{so so so so}", "product", json_text(result->product),
                                                          "configuration", json_text(result->configuration),
                                                          "seconds_before", json_figure(result->seconds_before),
                                                          "seconds_after", json_figure(result->seconds_after)));
    fflush(stdout);
    progress_phase(&output->progress, "searching ...");
}

/* ---- The command ---- */

/* The gains before a Ctrl-C are printed, too. */
static int search(const tune_settings *settings, gradus_device *device)
{
    int code = EX_OK;
    const gradus_network network = data_network(&settings->data, &settings->hidden);
    gradus_tune_options how = gradus_tune_options_default();
    tune_output output = {settings->json ? json_array() : NULL, progress_create(false)};
    how.seconds = (double)settings->seconds;
    how.report = on_result;
    how.user = &output;
    how.stop = interrupt_catch();
    if (!settings->json)
        print_heading(device);
    progress_phase(&output.progress, "searching ...");
    const gradus_status status = gradus_tune(device, &network, settings->data.samples, &how);
    const int signal = interrupt_release();
    progress_end(&output.progress);
    TRY_GRADUS(status);
    if (settings->json)
        TRY(json_print(json_pack("{so so sI sO}", "device", json_text(gradus_device_get_info(device)->name), "layers",
                                 json_layers(&network), "samples", (json_int_t)settings->data.samples, "products",
                                 output.products)));
    code = signal == 0 ? EX_OK : 128 + signal;
cleanup:
    json_decref(output.products);
    return code;
}

int cmd_tune(int argc, const char **argv)
{
    int code = EX_OK;
    tune_settings settings = {
        .data = {.samples = 60000, .features = 784, .classes = 10}, .hidden = {1, {10}}, .seconds = 30};
    gradus_device *device = NULL;

    TRY(command_line_parse(&description, options, argc, argv, &settings, &settings.line));
    TRY(read_sizes(&settings));
    TRY(device_open(&settings.device, NULL, &device));
    TRY(search(&settings, device));
cleanup:
    gradus_device_close(device);
    command_line_free(&settings.line);
    return code;
}
