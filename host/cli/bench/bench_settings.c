/* SPDX-License-Identifier: Apache-2.0 */
/* The options of `gradus bench`. */
#include "bench/bench_settings.h"
#include "command/output_check.h"
#include "command/result_file.h"
#include "text/failure.h"
#include "text/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KERNELS_MAX 128 /* kernels among whose names a hint searches */
#define ALL_KERNELS "all"

static const command_description description = {
    .name = "bench",
    .arguments = "[DATASET | A.json B.json]",
    .summary =
        "Iterations per second by network, device and engine, each checked against the reference before it is\n"
        "timed, and the share of the device's limits. DATASET is digits unless another is named. With\n"
        "--compare: what is faster or slower in B than in A. With --kernels: the time of each kernel alone. With\n"
        "--device-model: an estimate for a GPU that need not be present.",
    .notes =
        "--device may name several, as in 0,1, or none. The default is all devices and all engines; the reference\n"
        "only if an iteration takes at most about a second.\n"
        "The engines of one network take turns. Ctrl-C ends the measurement; then no file is written.\n"
        "--device-model computes how long a step of engine fused would take, from the plan of its launches and the\n"
        "GPU's data sheet; nothing is measured. Then --batch N means mini-batches of N samples, and without DATASET\n"
        "the samples are 41,000 (60,000 with --batch) of 784 features and 10 classes.\n"
        "--kernels times the kernels of 'gradus check' at the shapes of a network, after a comparison with the\n"
        "reference at these shapes. NAMES are names or parts of names, as in relu,product_cpu. Times are measured by\n"
        "the device. Without --hidden the network has 128 hidden units.\n"
        "With --compare the exit code is 1 if anything became slower by more than --threshold.\n",
    .arguments_max = 2,
};

/* ---- Lists ---- */

static int split_names(const char *option, const char *text, name_list *out)
{
    out->text = text == NULL ? NULL : strdup(text);
    char *rest = out->text;
    if (text != NULL && rest == NULL)
        return fail(EX_OSERR, "out of memory: --%s", option);
    while (rest != NULL) {
        const char *name = strsep(&rest, ",");
        if (*name == '\0' || out->count == BENCH_NAMES_MAX)
            return fail(EX_USAGE, "--%s: found \"%s\", expected 1 to %d names with a comma between two", option, text,
                        BENCH_NAMES_MAX);
        out->names[out->count++] = name;
    }
    return EX_OK;
}

static bool parse_networks(const char *text, bench_settings *settings)
{
    for (;;) {
        char part[256] = "";
        const size_t length = strcspn(text, "/");
        if (length >= sizeof part || settings->network_count == BENCH_NETWORKS_MAX)
            return false;
        memcpy(part, text, length);
        if (!parse_size_list(part, &settings->networks[settings->network_count]))
            return false;
        settings->network_count++;
        if (text[length] == '\0')
            return true;
        text += length + 1;
    }
}

static int check_engines(const name_list *names)
{
    for (size_t n = 0; n < names->count; n++)
        if (!choices_have(gradus_engine_name, names->names[n]))
            return fail(EX_USAGE, "--engine: found \"%s\", expected one or more of: %s", names->names[n],
                        choices_joined(gradus_engine_name).text);
    return EX_OK;
}

static bool is_part_of_any(const char *part)
{
    const char *name = NULL;
    for (size_t i = 0; (name = gradus_kernel_name(i)) != NULL; i++)
        if (strstr(name, part) != NULL)
            return true;
    return false;
}

/* The name that was probably meant, or the first word of one; NULL: none is near. */
static const char *nearest_kernel(const char *part, short_text words[KERNELS_MAX])
{
    const char *candidates[2 * KERNELS_MAX + 1] = {NULL}, *name = NULL;
    for (size_t i = 0; i < KERNELS_MAX && (name = gradus_kernel_name(i)) != NULL; i++) {
        snprintf(words[i].text, sizeof words[i].text, "%.*s", (int)strcspn(name, "_"), name);
        candidates[2 * i] = name;
        candidates[2 * i + 1] = words[i].text;
    }
    return nearest_name(part, candidates);
}

static int check_kernels(const name_list *parts)
{
    short_text words[KERNELS_MAX];
    for (size_t p = 0; p < parts->count; p++) {
        const char *part = parts->names[p], *nearest = nearest_kernel(part, words);
        if (is_part_of_any(part))
            continue;
        if (nearest != NULL)
            return fail(EX_USAGE, "--kernels: found \"%s\", expected a kernel; did you mean %s?", part, nearest);
        return fail(EX_USAGE, "--kernels: found \"%s\", expected a kernel; 'gradus check' lists them", part);
    }
    return EX_OK;
}

bool bench_wants_kernel(const bench_settings *settings, const char *name)
{
    const name_list *parts = &settings->kernel_names;
    for (size_t i = 0; i < parts->count; i++)
        if (strstr(name, parts->names[i]) != NULL)
            return true;
    return parts->count == 0;
}

/* ---- The command line ---- */

static const option_row options[] = {
    TEXT_OPTION("hidden", bench_settings, hidden, "LISTS", "networks' hidden units (10/32/128/512/128,64)"),
    TEXT_OPTION("engine", bench_settings, engine, "NAMES", "engines, as in fused,blas (all)"),
    OPTIONAL_TEXT_OPTION("kernels", bench_settings, kernels, ALL_KERNELS, "NAMES",
                         "time kernels instead of engines (all)"),
    CHOICE_OPTION("device-model", bench_settings, gpu, gradus_gpu_name, "estimate for a GPU: %s"),
    COUNT_OPTION("samples", bench_settings, samples, 1, "samples of the estimate (the data set's)"),
    CHOICE_OPTION("optimizer", bench_settings, optimizer, gradus_optimizer_name, "of the estimate: %s (sgd)"),
    DEVICE_OPTIONS(bench_settings, device),
    COUNT_OPTION("batch", bench_settings, batch, 0,
                 "use the first N training samples; of an estimate, mini-batches of N; 0: all (0)"),
    FLAG_OPTION("dense", bench_settings, dense, "replace the pixels by random bytes from 1 to 255"),
    COUNT_OPTION("repeats", bench_settings, repeats, 1, "timings of each case (5)"),
    DOUBLE_OR_ZERO_OPTION("seconds", bench_settings, seconds, 0, "least seconds of a timing (0.3; of a kernel 0.02)"),
    COUNT_OPTION("iterations", bench_settings, iterations, 1, "least iterations of a timing (3)"),
    FLAG_OPTION("profile", bench_settings, profile, "print the time of each kernel"),
    TEXT_OPTION("json", bench_settings, json, "FILE", "write all measurements; -: print them"),
    TEXT_OPTION("plot", bench_settings, plot, "FILE.svg", "draw the iterations per second"),
    FLAG_OPTION("compare", bench_settings, compare, "compare two files of --json"),
    DOUBLE_OR_ZERO_OPTION("threshold", bench_settings, threshold, 0, "per cent that B may be slower (10)"),
    DATA_DIR_OPTION(bench_settings, data_dir),
    END_OPTION,
};

static bool is_name(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* All other options are for measurements. */
static int refuse_beside_compare(const bench_settings *settings)
{
    for (const option_row *row = options; row->kind != OPTION_END; row++)
        if (settings->line.sets[row - options] && strcmp(row->name, "compare") != 0 &&
            strcmp(row->name, "threshold") != 0)
            return fail(EX_USAGE, "--compare: found --%s as well, expected two files and no option but --threshold",
                        row->name);
    if (settings->line.argument_count != 2)
        return fail(EX_USAGE, "--compare: found %zu argument%s, expected two files that --json wrote",
                    settings->line.argument_count, settings->line.argument_count == 1 ? "" : "s");
    return EX_OK;
}

/* Options for measurements beside --device-model, and the other way round. */
static int refuse_beside_model(const bench_settings *settings)
{
    static const char *const both[] = {"hidden", "batch", "json", "data-dir"};
    static const char *const own[] = {"device-model", "samples", "optimizer"};
    for (const option_row *row = options; row->kind != OPTION_END; row++) {
        const bool is_own = is_name(row->name, own, sizeof own / sizeof *own);
        if (!settings->line.sets[row - options] || is_name(row->name, both, sizeof both / sizeof *both))
            continue;
        if (is_own && settings->gpu == NULL)
            return fail(EX_USAGE, "--%s: found without --device-model", row->name);
        if (!is_own && settings->gpu != NULL)
            return fail(EX_USAGE, "--device-model: found --%s as well, which is for measurements", row->name);
    }
    return EX_OK;
}

/* Options for engines. */
static int refuse_beside_kernels(const bench_settings *settings)
{
    static const char *const names[] = {"engine", "iterations", "profile", "plot"};
    for (size_t i = 0; settings->kernels != NULL && i < sizeof names / sizeof *names; i++)
        if (settings->line.sets[option_find(options, names[i])])
            return fail(EX_USAGE, "--kernels: found --%s as well, which is for engines", names[i]);
    return EX_OK;
}

static int check_measurement(bench_settings *settings)
{
    int code = EX_OK;
    if (settings->line.argument_count > 1)
        TRY(fail(EX_USAGE, "bench: found an argument \"%s\" too many, expected [DATASET] or --compare",
                 settings->line.arguments[1]));
    if (settings->line.sets[option_find(options, "threshold")])
        TRY(fail(EX_USAGE, "--threshold: found without --compare"));
    TRY(refuse_beside_model(settings));
    TRY(split_names("device", settings->device.selector, &settings->devices));
    TRY(split_names("engine", settings->engine, &settings->engines));
    TRY(check_engines(&settings->engines));
    TRY(refuse_beside_kernels(settings));
    if (settings->kernels != NULL && strcmp(settings->kernels, ALL_KERNELS) != 0)
        TRY(split_names("kernels", settings->kernels, &settings->kernel_names));
    TRY(check_kernels(&settings->kernel_names));
    if (!parse_networks(settings->hidden, settings))
        TRY(fail(EX_USAGE,
                 "--hidden: found \"%s\", expected the hidden layers of 1 to %d networks, such as 10/32/128,64",
                 settings->hidden, BENCH_NETWORKS_MAX));
    if (!bench_json_on_stdout(settings))
        TRY(output_check("--json", settings->json, false));
    TRY(output_check("--plot", settings->plot, false));
    if (output_is_same_file(settings->json, settings->plot))
        TRY(fail(EX_USAGE, "--plot %s: is the file of --json as well, expected another one", settings->plot));
cleanup:
    return code;
}

int bench_settings_parse(int argc, const char **argv, bench_settings *settings)
{
    int code = EX_OK;
    *settings = (bench_settings){.repeats = 5, .iterations = 3, .seconds = -1, .threshold = 10};
    TRY(command_line_parse(&description, options, argc, argv, settings, &settings->line));
    if (settings->hidden == NULL)
        settings->hidden = settings->gpu != NULL ? "10" : settings->kernels != NULL ? "128" : "10/32/128/512/128,64";
    if (settings->seconds < 0)
        settings->seconds = settings->kernels == NULL ? 0.3 : gradus_kernel_benchmark_options_default().seconds;
    settings->dataset = settings->line.argument_count == 0 ? "digits" : settings->line.arguments[0];
    TRY(settings->compare ? refuse_beside_compare(settings) : check_measurement(settings));
cleanup:
    return code;
}

bool bench_json_on_stdout(const bench_settings *settings)
{
    return settings->json != NULL && strcmp(settings->json, "-") == 0;
}

void bench_settings_free(bench_settings *settings)
{
    free(settings->devices.text);
    free(settings->engines.text);
    free(settings->kernel_names.text);
    command_line_free(&settings->line);
}
