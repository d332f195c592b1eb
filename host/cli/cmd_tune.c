/* SPDX-License-Identifier: Apache-2.0 */
/* gradus tune: the fastest matrix products for a network on a device, found by trying. */
#include "command/commands.h"
#include "command/data_input.h"
#include "command/device_input.h"
#include "command/interrupt.h"
#include "command/options.h"
#include "text/failure.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct tune_settings {
    size_list hidden;
    uint64_t samples, features, classes, seconds;
    bool floats;
    device_settings device;
    char *data_dir;
    command_line line;
} tune_settings;

static const command_description description = {
    .name = "tune",
    .arguments = "[DATASET]",
    .summary =
        "Tries the configurations of a network's matrix products (engine layered) on the device, and remembers\n"
        "the fastest in the user's cache. The sizes are those of DATASET's training samples, or options.",
    .notes = "Each gain is kept as it is found; Ctrl-C ends the search.\n",
    .arguments_min = 0,
    .arguments_max = 1,
};

static int parse(int argc, const char **argv, tune_settings *settings)
{
    int code = EX_OK;
    *settings = (tune_settings){.samples = 60000, .features = 784, .classes = 10, .seconds = 30};
    const option_row options[] = {
        SIZES_OPTION("hidden", &settings->hidden, "units of each hidden layer (10)"),
        COUNT_OPTION("samples", &settings->samples, 1, "of the batch, without a DATASET (60000)"),
        COUNT_OPTION("features", &settings->features, 1, "of a sample (784)"),
        COUNT_OPTION("classes", &settings->classes, 1, "(10)"),
        COUNT_OPTION("seconds", &settings->seconds, 1, "how long to search (30)"),
        DEVICE_OPTIONS(&settings->device),
        DATA_DIR_OPTION(&settings->data_dir),
        END_OPTION,
    };
    TRY(command_line_parse(&description, options, argc, argv, &settings->line));
    if (settings->hidden.count == 0)
        settings->hidden = (size_list){1, {10}};
cleanup:
    return code;
}

/* A data set, if one is named, tells the sizes. */
static int look_at_data(tune_settings *settings)
{
    int code = EX_OK;
    gradus_dataset *train = NULL;
    gradus_data_options options = gradus_data_options_default();
    options.data_dir = settings->data_dir;
    if (settings->line.argument_count == 0)
        return EX_OK;
    TRY_GRADUS(gradus_dataset_open(settings->line.arguments[0], &options, &train, NULL));
    const gradus_dataset_info info = gradus_dataset_get_info(train);
    settings->samples = info.samples;
    settings->features = info.features;
    settings->classes = info.classes;
    settings->floats = info.floats;
cleanup:
    gradus_dataset_destroy(train);
    return code;
}

static gradus_network network_of(const tune_settings *settings)
{
    gradus_network network = {.layers = settings->hidden.count + 1, .floats = settings->floats};
    network.sizes[0] = settings->features;
    for (size_t l = 0; l < settings->hidden.count; l++)
        network.sizes[l + 1] = settings->hidden.values[l];
    network.sizes[network.layers] = settings->classes;
    return network;
}

static void print_result(const gradus_tune_result *result, void *user)
{
    (void)user;
    printf("%-56s %10.3g %10.3g  %s\n", result->product, 1e3 * result->seconds_before, 1e3 * result->seconds_after,
           result->configuration);
    fflush(stdout);
}

int cmd_tune(int argc, const char **argv)
{
    int code = EX_OK, signal = 0;
    tune_settings settings = {0};
    gradus_device *device = NULL;
    gradus_tune_options options = gradus_tune_options_default();

    TRY(parse(argc, argv, &settings));
    TRY(look_at_data(&settings));
    TRY(device_open(&settings.device, NULL, &device));
    const gradus_network network = network_of(&settings);
    options.seconds = (double)settings.seconds;
    options.report = print_result;
    options.stop = interrupt_catch();
    printf("%s\n\n%-56s %10s %10s  configuration\n", gradus_device_get_info(device)->name, "product", "before ms",
           "after ms");
    fflush(stdout);
    gradus_status status = gradus_tune(device, &network, settings.samples, &options);
    signal = interrupt_release();
    TRY_GRADUS(status);
    if (signal != 0)
        code = 128 + signal;
cleanup:
    gradus_device_close(device);
    device_settings_free(&settings.device);
    free(settings.data_dir);
    command_line_free(&settings.line);
    return code;
}
