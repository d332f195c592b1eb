/* SPDX-License-Identifier: Apache-2.0 */
/* gradus import: converts a network of another program to a model file. */
#include "command/command_line.h"
#include "command/commands.h"
#include "command/output_check.h"
#include "text/failure.h"
#include "text/json_output.h"
#include "text/text.h"

#include <stdio.h>

typedef struct import_settings {
    command_line line;
    const char *out;
    bool json;
} import_settings;

static int parse(int argc, const char **argv, import_settings *settings)
{
    static const command_description description = {
        .name = "import",
        .arguments = "FILE",
        .summary =
            "Converts FILE to a model: a PyTorch state_dict of Linear layers in a safetensors file, or an NPZ with\n"
            "its names (0.weight, 0.bias, 2.weight, ...) or with W1, b1, W2, b2, ...",
        .notes =
            "The layers are ordered by the numbers in their names, or as in the file, with ReLU between them. The\n"
            "network must have been trained on pixels from 0 to 1.\n",
        .arguments_min = 1,
        .arguments_max = 1,
    };
    int code = EX_OK;
    static const option_row options[] = {
        TEXT_OPTION("out", import_settings, out, "MODEL", "the model file to write"),
        JSON_OPTION(import_settings, json),
        END_OPTION,
    };
    TRY(command_line_parse(&description, options, argc, argv, settings, &settings->line));
    if (settings->out == NULL)
        TRY(fail(EX_USAGE, "import: found no --out, expected --out MODEL"));
    TRY(output_check("--out", settings->out, false));
    if (output_is_same_file(settings->out, settings->line.arguments[0]))
        TRY(fail(EX_USAGE, "--out %s: is the file to import as well, expected another one", settings->out));
cleanup:
    return code;
}

static int print_result(const import_settings *settings, const gradus_model *model)
{
    const gradus_network *network = gradus_model_network(model);
    if (settings->json)
        return json_print(json_pack("{so so sI ss}", "model", json_text(settings->out), "layers", json_layers(network),
                                    "parameters", (json_int_t)count_parameters(network), "weights_hash",
                                    format_hash(model).text));
    printf("network     %s, %s parameters\n", format_network(network).text,
           format_count(count_parameters(network)).text);
    printf("weights     %s\n", format_hash(model).text);
    printf("model       %s\n", settings->out);
    return EX_OK;
}

int cmd_import(int argc, const char **argv)
{
    int code = EX_OK;
    import_settings settings = {0};
    gradus_model *model = NULL;

    TRY(parse(argc, argv, &settings));
    TRY_GRADUS(gradus_model_import(settings.line.arguments[0], &model));
    /* A name that is not UTF-8 cannot be stored; that is not a reason to fail. */
    (void)gradus_model_set_metadata(model, "init_from", settings.line.arguments[0]);
    TRY_GRADUS(gradus_model_save(model, settings.out));
    TRY(print_result(&settings, model));
cleanup:
    gradus_model_destroy(model);
    command_line_free(&settings.line);
    return code;
}
