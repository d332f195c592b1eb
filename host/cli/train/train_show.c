/* SPDX-License-Identifier: Apache-2.0 */
/* gradus train --show: the recipe that preset and options make, as it could be typed. */
#include "command/option_output.h"
#include "text/failure.h"
#include "text/json_output.h"
#include "train/train_options.h"
#include "train/train_presets.h"

json_t *train_recipe(const train_settings *settings, const option_table *table)
{
    json_t *options = json_object();
    for (size_t i = table->recipe_begin; i < table->recipe_end; i++)
        if (settings->line.sets[i])
            json_object_set_new(options, table->rows[i].name, option_json(&table->rows[i]));
    return options;
}

static int show_as_json(const train_settings *settings, const option_table *table)
{
    const char *preset = settings->preset == NULL ? train_preset_default : settings->preset;
    return json_print(json_pack("{ss so}", "preset", preset, "options", train_recipe(settings, table)));
}

int train_show(const train_settings *settings, const option_table *table)
{
    if (settings->json)
        return show_as_json(settings, table);
    for (size_t i = table->recipe_begin; i < table->recipe_end; i++)
        if (settings->line.sets[i])
            option_print(&table->rows[i]);
    return EX_OK;
}
