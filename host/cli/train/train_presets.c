/* SPDX-License-Identifier: Apache-2.0 */
/* A preset is a list of options as a user would type them. An option of the command line overrides the preset's. */
#include "train/train_presets.h"
#include "text/failure.h"
#include "train/train_options.h"

#include <string.h>

#define PRESET_OPTIONS_MAX 20

typedef struct preset_option {
    const char *name, *value;
} preset_option;

typedef struct preset {
    const char *name;
    preset_option options[PRESET_OPTIONS_MAX]; /* up to the first without a name */
} preset;

static const preset presets[] = {
    {"notebook",
     {{"hidden", "10"},
      {"initializer", "uniform"},
      {"iterations", "500"},
      {"batch-size", "full"},
      {"lr", "0.1"},
      {"schedule", "constant"},
      {"optimizer", "sgd"}}},
    {"fast",
     {{"hidden", "128"},
      {"initializer", "he"},
      {"epochs", "5"},
      {"batch-size", "256"},
      {"lr", "0.01"},
      {"schedule", "cosine"},
      {"optimizer", "adam"}}},
    {"accurate",
     {{"hidden", "1024,512"},
      {"initializer", "he"},
      {"epochs", "40"},
      {"batch-size", "128"},
      {"lr", "0.001"},
      {"schedule", "cosine"},
      {"optimizer", "adam"},
      {"label-smoothing", "0.05"},
      {"augment-shift", "2"},
      {"augment-rotate", "12"},
      {"augment-scale", "0.15"},
      {"augment-elastic", "1.5"}}},
};
#define PRESETS (sizeof presets / sizeof *presets)

const char *const train_preset_default = "notebook";

const char *train_preset_name(size_t index)
{
    return index < PRESETS ? presets[index].name : NULL;
}

/* A preset's value of the first is not used if the second is given. */
static const struct {
    const char *name, *other;
} displaced[] = {
    {"iterations", "epochs"},     {"epochs", "iterations"},    {"hidden", "init-from"},
    {"initializer", "init-from"}, {"activation", "init-from"},
};

static bool is_displaced(const command_line *line, const char *name)
{
    for (size_t i = 0; i < sizeof displaced / sizeof *displaced; i++)
        if (strcmp(displaced[i].name, name) == 0 && line->sets[option_find(train_options, displaced[i].other)])
            return true;
    return false;
}

static const preset *find_preset(const char *name)
{
    const preset *p = presets;
    while (strcmp(p->name, name) != 0)
        p++;
    return p;
}

int train_preset_apply(const char *name, command_line *line, void *settings)
{
    int code = EX_OK;
    const preset *p = find_preset(name == NULL ? train_preset_default : name);
    for (const preset_option *o = p->options; o < p->options + PRESET_OPTIONS_MAX && o->name != NULL; o++) {
        const size_t row = option_find(train_options, o->name);
        if (line->sets[row] || is_displaced(line, o->name))
            continue;
        TRY(option_set(&train_options[row], settings, o->value));
        line->sets[row] = true;
    }
cleanup:
    return code;
}
