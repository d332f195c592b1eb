/* SPDX-License-Identifier: Apache-2.0 */
/* The contents of a checkpoint and their names, and the check that one belongs to this run. */
#include "train/checkpoint.h"
#include "core/memory.h"
#include "core/printable.h"
#include "device/device.h"
#include "engine/select/engines.h"
#include "train/configuration.h"
#include "train/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Version of the file's contents and their meaning, increased with every change of either. Names in the file change
 * only then, so some differ from those in the code. */
#define FILE_VERSION "1"

/* ---- Figures: the numbers of a run ---- */

/* A value by its name in the file; one of the three pointers is set. */
typedef struct figure {
    const char *name;
    size_t *count;
    double *number; /* finite, or NAN */
    bool *flag;
} figure;

#define FIGURES 23

static void list_figures(run *r, figure out[FIGURES])
{
    stopping_rules *s = &r->early_stopping.rules;
    const figure all[FIGURES] = {
        {"iterations", .count = &r->queued},
        {"reported", .count = &r->reported},
        {"kept_iteration", .count = &r->kept_iteration},
        {"verdict", .count = &r->early_stop},
        {"seconds", .number = &r->elapsed},
        {"wait_seconds", .number = &r->wait_seconds},
        {"judge_seconds", .number = &r->evaluation_seconds},
        {"latest_seconds", .number = &r->latest.seconds},
        {"latest_loss", .number = &r->latest.train.loss},
        {"latest_accuracy", .number = &r->latest.train.accuracy},
        {"reported_seconds", .number = &r->reported_seconds},
        {"unreported_samples", .count = &r->unreported_samples},
        {"seen_loss", .number = &r->seen.loss},
        {"seen_correct", .number = &r->seen.correct},
        {"seen_samples", .count = &r->seen_samples},
        {"best_iterations", .count = &r->early_stopping.best_steps},
        {"best_loss", .number = &s->best.loss},
        {"best_accuracy", .number = &s->best.accuracy},
        {"any_best", .flag = &s->any_best},
        {"since_best", .count = &s->since_best},
        {"window_loss", .number = &s->window.sum},
        {"window_samples", .count = &s->window.samples},
        {"window_loss_before", .number = &s->loss_before},
    };
    memcpy(out, all, sizeof all);
}

/* NAN is null. SIZE_MAX, which is not a count, is -1. */
static json_t *figure_to_json(const figure *f)
{
    if (f->count != NULL)
        return json_integer((json_int_t)*f->count);
    if (f->flag != NULL)
        return json_boolean(*f->flag);
    return isnan(*f->number) ? json_null() : json_real(*f->number);
}

static bool figure_from_json(const figure *f, const json_t *value)
{
    if (f->count != NULL)
        *f->count = (size_t)json_integer_value(value);
    else if (f->flag != NULL)
        *f->flag = json_is_true(value);
    else
        *f->number = json_is_null(value) ? NAN : json_real_value(value);
    return f->count != NULL  ? json_is_integer(value)
           : f->flag != NULL ? json_is_boolean(value)
                             : json_is_real(value) || json_is_null(value);
}

/* The object's text; the caller frees it. */
static gradus_status dump(const json_t *object, char **out)
{
    *out = json_dumps(object, JSON_COMPACT);
    return *out == NULL ? gr_fail(GRADUS_ERROR_MEMORY, "out of memory: a checkpoint's text") : GRADUS_OK;
}

static gradus_status dump_figures(run *r, char **out)
{
    gradus_status status = GRADUS_OK;
    figure figures[FIGURES];
    json_t *object = json_object();
    list_figures(r, figures);
    for (size_t i = 0; i < FIGURES; i++)
        if (json_object_set_new(object, figures[i].name, figure_to_json(&figures[i])) != 0)
            FAIL(GRADUS_ERROR_MEMORY, "out of memory: a checkpoint's figures");
    TRY(dump(object, out));
cleanup:
    json_decref(object);
    return status;
}

/* Checks everything that the loop relies on. The checksum shows that the file is complete, not that gradus wrote it. */
static bool figures_are_valid(const run *r)
{
    return r->queued > 0 && r->queued <= r->plan.steps && r->reported <= r->queued &&
           r->early_stop <= GRADUS_STOP_CONVERGED &&
           (r->kept_iteration < r->queued || r->kept_iteration == SIZE_MAX) &&
           r->early_stopping.best_steps <= (r->early_stopping.best == NULL ? 0 : r->queued);
}

static gradus_status take_figures(const checkpoint_file *file, run *r)
{
    gradus_status status = GRADUS_OK;
    figure figures[FIGURES];
    json_t *object = NULL;
    list_figures(r, figures);
    TRY(gr_checkpoint_file_object(file, "gradus.progress", &object));
    for (size_t i = 0; i < FIGURES; i++)
        if (!figure_from_json(&figures[i], json_object_get(object, figures[i].name)))
            FAIL(GRADUS_ERROR_DATA, "%s: progress: %s is missing or of another type", file->path, figures[i].name);
    if (!figures_are_valid(r))
        FAIL(GRADUS_ERROR_DATA, "%s: progress: the counts contradict each other, or a run of %zu iterations",
             file->path, r->plan.steps);
cleanup:
    json_decref(object);
    return status;
}

/* ---- Sets of parameters: the engine's state, and the best so far ---- */

#define SETS (STATE_ARRAYS + 1)

/* The arrays of the engine's state, then the best parameters; NULL for an array that the run does not have. */
static void list_sets(const run *r, const engine_state *state, parameter_set out[SETS])
{
    static const char *const prefixes[STATE_ARRAYS] = {[STATE_PARAMETERS] = "",
                                                       [STATE_KEPT] = "kept.",
                                                       [STATE_FIRST] = "first_moment.",
                                                       [STATE_SECOND] = "second_moment."};
    for (size_t a = 0; a < STATE_ARRAYS; a++)
        out[a] = (parameter_set){prefixes[a], r->e->type->in_double, state->arrays[a]};
    out[STATE_ARRAYS] =
        (parameter_set){"best.", false, r->early_stopping.best_steps > 0 ? r->early_stopping.best : NULL};
}

static gradus_status allocate_state(const engine *e, engine_state *out)
{
    gradus_status status = GRADUS_OK;
    const bool has[STATE_ARRAYS] = {[STATE_PARAMETERS] = true,
                                    [STATE_KEPT] = true,
                                    [STATE_FIRST] = gr_optimizer_has_first_moment(&e->optimizer),
                                    [STATE_SECOND] = gr_optimizer_has_second_moment(&e->optimizer)};
    for (size_t a = 0; a < STATE_ARRAYS; a++)
        if (has[a])
            TRY(gr_allocate_bytes(e->layout.length, e->type->in_double ? sizeof(double) : sizeof(float),
                                  &out->arrays[a]));
cleanup:
    return status;
}

/* The memory for the engine's state; without kept parameters if there are none so far. */
static engine_state state_of(const checkpoints *c, const run *r)
{
    engine_state state = c->state;
    state.steps = r->queued;
    if (r->kept_iteration == SIZE_MAX)
        state.arrays[STATE_KEPT] = NULL;
    return state;
}

static bool are_finite(const engine *e, const void *values)
{
    for (size_t i = 0; i < e->layout.length; i++)
        if (!isfinite(e->type->in_double ? ((const double *)values)[i] : (double)((const float *)values)[i]))
            return false;
    return true;
}

/* ---- Saving ---- */

static gradus_status make_metadata(const checkpoints *c, run *r, json_t **out)
{
    gradus_status status = GRADUS_OK;
    char *configuration = NULL, *figures = NULL;
    TRY(dump(c->configuration, &configuration));
    TRY(dump_figures(r, &figures));
    *out = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "format", "pt", "gradus.checkpoint", FILE_VERSION,
                     "gradus.version", gradus_version(), "gradus.engine", r->e->type->name, "gradus.machine",
                     c->machine, "gradus.recipe", configuration, "gradus.progress", figures);
    if (*out == NULL)
        FAIL(GRADUS_ERROR_MEMORY, "out of memory: a checkpoint's metadata");
cleanup:
    free(figures);
    free(configuration);
    return status;
}

gradus_status gr_checkpoints_save(checkpoints *c, run *r)
{
    gradus_status status = GRADUS_OK;
    const engine_state state = state_of(c, r);
    parameter_set sets[SETS];
    json_t *metadata = NULL;
    char *path = NULL;

    if (c->folder.path == NULL || r->queued == c->saved)
        return GRADUS_OK;
    TRY(r->e->type->read_state(r->e, &state));
    if (!are_finite(r->e, state.arrays[STATE_PARAMETERS]))
        goto cleanup;
    r->elapsed = r->completed - r->started;
    list_sets(r, &state, sets);
    TRY(make_metadata(c, r, &metadata));
    TRY(gr_checkpoint_folder_name(&c->folder, r->queued, &path));
    TRY(gr_checkpoint_file_write(path, metadata, &(parameter_sets){&r->e->network, sets, SETS}));
    TRY(gr_checkpoint_folder_prune(&c->folder, r->queued, c->options->keep));
    c->saved = r->queued;
cleanup:
    free(path);
    json_decref(metadata);
    return status;
}

/* ---- Finding one ---- */

static gradus_status add_note(checkpoints *c, const char *line, const char *consequence)
{
    char *longer = NULL;
    const gradus_status status =
        gr_format_text(&longer, "%s%s%s\n", c->notes == NULL ? "" : c->notes, line, consequence);
    if (status == GRADUS_OK) {
        free(c->notes);
        c->notes = longer;
    }
    return status;
}

static gradus_status check_run(const checkpoints *c)
{
    gradus_status status = GRADUS_OK;
    const char *version = NULL;
    json_t *configuration = NULL;
    TRY(gr_checkpoint_file_text(&c->found, "gradus.checkpoint", &version));
    if (strcmp(version, FILE_VERSION) != 0)
        FAIL(GRADUS_ERROR_DATA, "%s: file version: found %s, expected " FILE_VERSION, c->found.path,
             gr_printable(version).text);
    TRY(gr_checkpoint_file_object(&c->found, "gradus.recipe", &configuration));
    TRY(gr_configuration_compare(c->found.path, configuration, c->configuration));
cleanup:
    json_decref(configuration);
    return status;
}

/* The newest checkpoint that can be read, if there is one. */
static gradus_status find_newest(checkpoints *c, const size_t *steps, size_t count)
{
    gradus_status status = GRADUS_OK;
    for (size_t i = 0; i < count && c->found.bytes == NULL; i++) {
        char *path = NULL;
        TRY(gr_checkpoint_folder_name(&c->folder, steps[i], &path));
        status = gr_checkpoint_file_read(path, &c->found);
        free(path);
        if (status == GRADUS_ERROR_DATA)
            status = add_note(c, gradus_last_error(), "; it is skipped");
        TRY(status);
    }
    if (c->found.bytes != NULL)
        TRY(check_run(c));
cleanup:
    return status;
}

gradus_status gr_checkpoints_open(checkpoints *c, const gradus_train_options *options, const training_plan *plan,
                                  const gradus_model *model, const gradus_dataset *dataset)
{
    gradus_status status = GRADUS_OK;
    size_t *steps = NULL, count = 0;
    c->options = &options->checkpoints;
    if (c->options->folder == NULL)
        return c->options->resume ? gr_fail(GRADUS_ERROR_ARGUMENT, "resume: found without a folder of checkpoints")
                                  : GRADUS_OK;
    TRY(gr_configuration_make(options, plan, model, dataset, &c->configuration));
    TRY(gr_checkpoint_folder_open(c->options->folder, &c->folder));
    TRY(gr_checkpoint_folder_list(&c->folder, &steps, &count));
    if (c->options->resume)
        TRY(find_newest(c, steps, count));
    else if (count > 0)
        FAIL(GRADUS_ERROR_ARGUMENT,
             "checkpoints: %s: found one of step %zu already, expected none: resume that run, or use another folder",
             c->folder.path, steps[0]);
cleanup:
    free(steps);
    return status;
}

void gr_checkpoints_close(checkpoints *c)
{
    for (size_t a = 0; a < STATE_ARRAYS; a++)
        free(c->state.arrays[a]);
    gr_checkpoint_file_release(&c->found);
    gr_checkpoint_folder_close(&c->folder);
    json_decref(c->configuration);
    free(c->machine);
    free(c->notes);
}

gradus_status gr_checkpoints_engine(const checkpoints *c, const char *asked, const char **name)
{
    gradus_status status = GRADUS_OK;
    const bool any = asked == NULL || strcmp(asked, gr_engine_auto.name) == 0;
    const char *found = asked;
    if (c->found.bytes != NULL)
        TRY(gr_checkpoint_file_text(&c->found, "gradus.engine", &found));
    if (!any && strcmp(asked, found) != 0)
        FAIL(GRADUS_ERROR_ARGUMENT, "%s: belongs to another run: engine: found %s, expected %s", c->found.path,
             gr_printable(found).text, asked);
    *name = found;
cleanup:
    return status;
}

/* ---- Resuming ---- */

static gradus_status describe_machine(const engine *e, const gradus_device *device, char **out)
{
    if (!e->type->needs_device)
        return e->threads > 0 ? gr_format_text(out, "the host, %zu threads", e->threads)
                              : gr_format_text(out, "the host");
    const gradus_device_info *info = &device->info;
    return gr_format_text(out, "%s, %s, driver %s, %u compute units, %s kernels", info->name, info->platform,
                          info->driver, info->compute_units, device->kernels == KERNELS_CPU ? "cpu" : "gpu");
}

static gradus_status compare_text(checkpoints *c, const char *key, const char *what, const char *expected)
{
    gradus_status status = GRADUS_OK;
    const char *found = NULL;
    char *note = NULL;
    TRY(gr_checkpoint_file_text(&c->found, key, &found));
    if (strcmp(found, expected) != 0) {
        TRY(gr_format_text(&note, "%s: %s: found %s, expected %s", c->found.path, what, found, expected));
        TRY(add_note(c, note, "; the last bits of the result may differ"));
    }
cleanup:
    free(note);
    return status;
}

/* The rest of the report of the last iteration, whose loss, accuracy and seconds are stored. */
static void complete_latest(run *r)
{
    gradus_report *latest = &r->latest;
    latest->iteration = r->queued - 1;
    latest->iterations = r->plan.steps;
    latest->epoch = latest->iteration / r->plan.epoch_steps;
    latest->learning_rate = gr_schedule_rate(&r->schedule, latest->iteration);
    latest->holdout = (gradus_metrics){NAN, NAN};
}

static gradus_status take(checkpoints *c, run *r)
{
    gradus_status status = GRADUS_OK;
    parameter_set sets[SETS];
    TRY(compare_text(c, "gradus.version", "version of gradus", gradus_version()));
    TRY(compare_text(c, "gradus.machine", "machine", c->machine));
    TRY(take_figures(&c->found, r));
    const engine_state state = state_of(c, r);
    list_sets(r, &state, sets);
    TRY(gr_checkpoint_file_take(&c->found, &(parameter_sets){&r->e->network, sets, SETS}));
    TRY(r->e->type->write_state(r->e, &state));
    complete_latest(r);
    r->stopped_by = (gradus_stop_reason)r->early_stop;
    r->resumed_from = c->saved = r->queued;
cleanup:
    return status;
}

gradus_status gr_checkpoints_resume(checkpoints *c, run *r, const gradus_device *device)
{
    gradus_status status = GRADUS_OK;
    if (c->folder.path != NULL) {
        TRY(describe_machine(r->e, device, &c->machine));
        TRY(allocate_state(r->e, &c->state));
    }
    if (c->found.bytes != NULL)
        TRY(take(c, r));
    const gradus_train_start start = {c->found.path, r->resumed_from, r->reported, c->notes == NULL ? "" : c->notes};
    if (r->options->start != NULL)
        r->options->start(&start, r->options->user);
    gr_checkpoint_file_release(&c->found);
cleanup:
    return status;
}
