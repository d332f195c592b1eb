/* SPDX-License-Identifier: Apache-2.0 */
/* gradus train --show: prints the training configuration that results from preset and options. */
#include "command/option_output.h"
#include "text/failure.h"
#include "text/json_output.h"
#include "train/train_options.h"
#include "train/train_presets.h"

static bool is_shown(const train_settings *settings, size_t row)
{
    return settings->line.sets[row] && train_option_is_configuration(row);
}

json_t *train_configuration(const train_settings *settings)
{
    json_t *options = json_object();
    for (size_t row = 0; train_options[row].kind != OPTION_END; row++)
        if (is_shown(settings, row))
            json_object_set_new(options, train_options[row].name, option_json(&train_options[row], settings));
    return options;
}

int train_show(const train_settings *settings)
{
    const char *preset = settings->preset == NULL ? train_preset_default : settings->preset;
    if (settings->json)
        return json_print(json_pack("{ss so}", "preset", preset, "options", train_configuration(settings)));
    for (size_t row = 0; train_options[row].kind != OPTION_END; row++)
        if (is_shown(settings, row))
            option_print(&train_options[row], settings);
    return EX_OK;
}
