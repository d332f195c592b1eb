/* SPDX-License-Identifier: Apache-2.0 */
/* gradus export: writes a model in the formats of other programs. */
#include "command/command_line.h"
#include "command/commands.h"
#include "command/output_check.h"
#include "text/failure.h"
#include "text/json_output.h"
#include "text/text.h"

#include <stdio.h>

static const struct {
    const char *name, *help;
    gradus_status (*write)(const gradus_model *model, const char *path);
} formats[] = {
    {"npz", "NumPy: fc1.weight (H x F), fc1.bias, ... in float32", gradus_model_export_npz},
    {"onnx", "ONNX: N x 1 x height x width or N x F bytes as floats to logits and probabilities",
     gradus_model_export_onnx},
    {"gguf", "GGUF: a network 784-H-10 for ggml's mnist-eval", gradus_model_export_gguf},
};
enum { FORMATS = sizeof formats / sizeof *formats };

typedef struct export_settings {
    command_line line;
    const char *paths[FORMATS]; /* what to write; NULL: not this format */
    bool json;
} export_settings;

/* ---- Settings ---- */

static int check_path(const export_settings *settings, size_t f)
{
    int code = EX_OK;
    char option[16];
    const char *path = settings->paths[f];
    snprintf(option, sizeof option, "--%s", formats[f].name);
    TRY(output_check(option, path, false));
    if (output_is_same_file(path, settings->line.arguments[0]))
        TRY(fail(EX_USAGE, "%s %s: is the model as well, expected another file", option, path));
    for (size_t before = 0; before < f; before++)
        if (output_is_same_file(path, settings->paths[before]))
            TRY(fail(EX_USAGE, "%s %s: is the file of --%s as well, expected another one", option, path,
                     formats[before].name));
cleanup:
    return code;
}

static int parse(int argc, const char **argv, export_settings *settings)
{
    static const command_description description = {
        .name = "export",
        .arguments = "MODEL",
        .summary = "Writes a model for other programs, in one or more formats.",
        .arguments_min = 1,
        .arguments_max = 1,
    };
    int code = EX_OK;
    bool any = false;
    option_row options[FORMATS + 2] = {0};
    for (size_t f = 0; f < FORMATS; f++)
        options[f] = (option_row)TEXT_OPTION(formats[f].name, export_settings, paths[f], "FILE", formats[f].help);
    options[FORMATS] = (option_row)JSON_OPTION(export_settings, json);
    options[FORMATS + 1] = (option_row)END_OPTION;
    TRY(command_line_parse(&description, options, argc, argv, settings, &settings->line));
    for (size_t f = 0; f < FORMATS; f++) {
        TRY(check_path(settings, f));
        any |= settings->paths[f] != NULL;
    }
    if (!any)
        TRY(fail(EX_USAGE, "export: found no format, expected --%s FILE", formats[0].name));
cleanup:
    return code;
}

/* ---- The command ---- */

static int print_json(const export_settings *settings, const gradus_model *model)
{
    const gradus_network *network = gradus_model_network(model);
    json_t *files = json_object();
    for (size_t f = 0; f < FORMATS; f++)
        if (settings->paths[f] != NULL)
            json_object_set_new(files, formats[f].name, json_text(settings->paths[f]));
    return json_print(json_pack("{so so sI ss so}", "model", json_text(settings->line.arguments[0]), "layers",
                                json_layers(network), "parameters", (json_int_t)count_parameters(network),
                                "weights_hash", format_hash(model).text, "files", files));
}

static void print_text(const export_settings *settings, const gradus_model *model)
{
    const gradus_network *network = gradus_model_network(model);
    printf("network     %s, %s parameters\n", format_network(network).text,
           format_count(count_parameters(network)).text);
    printf("weights     %s\n", format_hash(model).text);
    for (size_t f = 0; f < FORMATS; f++)
        if (settings->paths[f] != NULL)
            printf("%-10s  %s\n", formats[f].name, settings->paths[f]);
}

int cmd_export(int argc, const char **argv)
{
    int code = EX_OK;
    export_settings settings = {0};
    gradus_model *model = NULL;

    TRY(parse(argc, argv, &settings));
    TRY_GRADUS(gradus_model_load(settings.line.arguments[0], &model));
    for (size_t f = 0; f < FORMATS; f++)
        if (settings.paths[f] != NULL)
            TRY_GRADUS(formats[f].write(model, settings.paths[f]));
    if (settings.json)
        TRY(print_json(&settings, model));
    else
        print_text(&settings, model);
cleanup:
    gradus_model_destroy(model);
    command_line_free(&settings.line);
    return code;
}
