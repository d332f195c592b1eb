/* SPDX-License-Identifier: Apache-2.0 */
/* gradus check: compares every kernel on the device with the reference, one line per kernel. */
#include "command/command_line.h"
#include "command/commands.h"
#include "command/device_input.h"
#include "text/failure.h"
#include "text/json_output.h"
#include "text/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct check_settings {
    command_line line;
    gradus_device_options device;
    bool json;
} check_settings;

/* All comparisons of one kernel. */
typedef struct kernel_tally {
    char kernel[64];
    size_t shapes, failed;
    double worst_error; /* NaN counts as the worst */
    char worst_shape[96];
} kernel_tally;

typedef struct check_tally {
    kernel_tally *kernels; /* (count), in the order of their first comparison */
    size_t count, shapes;
    progress_line progress;
    json_t *failures;
    bool json, out_of_memory;
} check_tally;

static kernel_tally *find_or_add(check_tally *tally, const char *kernel)
{
    for (size_t i = 0; i < tally->count; i++)
        if (strcmp(tally->kernels[i].kernel, kernel) == 0)
            return &tally->kernels[i];
    kernel_tally *grown = realloc(tally->kernels, (tally->count + 1) * sizeof *grown);
    if (grown == NULL)
        return NULL;
    tally->kernels = grown;
    kernel_tally *added = &grown[tally->count++];
    *added = (kernel_tally){0};
    snprintf(added->kernel, sizeof added->kernel, "%s", kernel);
    return added;
}

/* A failure is printed at once, the table at the end. */
static void print_failure(check_tally *tally, const gradus_check_result *result)
{
    progress_end(&tally->progress);
    json_array_append_new(tally->failures, json_pack("{so so so}", "kernel", json_text(result->kernel), "shape",
                                                     json_text(result->shape), "error", json_figure(result->error)));
    if (!tally->json)
        printf("FAILED  %-28s %-28s %.3g times the tolerance\n", result->kernel, result->shape, result->error);
}

static void draw_progress(check_tally *tally, const char *kernel)
{
    char text[128];
    snprintf(text, sizeof text, "checking ...  %zu kernels, %zu shapes; now %s", tally->count, ++tally->shapes,
             kernel);
    progress_step(&tally->progress, text);
}

static void on_result(const gradus_check_result *result, void *user)
{
    check_tally *tally = user;
    kernel_tally *kernel = find_or_add(tally, result->kernel);
    if (kernel == NULL) {
        tally->out_of_memory = true;
        return;
    }
    if (kernel->shapes == 0 || !(result->error <= kernel->worst_error)) {
        kernel->worst_error = result->error;
        snprintf(kernel->worst_shape, sizeof kernel->worst_shape, "%s", result->shape);
    }
    kernel->shapes++;
    if (!result->passed) {
        kernel->failed++;
        print_failure(tally, result);
    }
    draw_progress(tally, kernel->kernel);
}

static json_t *check_object(const check_tally *tally, const char *device, bool passed)
{
    json_t *kernels = json_array();
    for (size_t i = 0; i < tally->count; i++) {
        const kernel_tally *kernel = &tally->kernels[i];
        json_array_append_new(kernels, json_pack("{so sI sI so so}", "kernel", json_text(kernel->kernel), "shapes",
                                                 (json_int_t)kernel->shapes, "failed", (json_int_t)kernel->failed,
                                                 "worst_error", json_figure(kernel->worst_error), "worst_shape",
                                                 json_text(kernel->worst_shape)));
    }
    return json_pack("{so sb so sO}", "device", json_text(device), "passed", passed, "kernels", kernels, "failures",
                     tally->failures);
}

static void print_tally(const check_tally *tally, const char *device)
{
    printf("%s\n\nkernel                        shapes  failed  worst error  at\n", device);
    for (size_t i = 0; i < tally->count; i++) {
        const kernel_tally *kernel = &tally->kernels[i];
        printf("%-28s %7zu %7zu %12.3g  %s\n", kernel->kernel, kernel->shapes, kernel->failed, kernel->worst_error,
               kernel->worst_shape);
    }
    printf("\nErrors are in units of the tolerance: up to 1 passes.\n");
}

static int run_check(const check_settings *settings)
{
    int code = EX_OK;
    gradus_device *device = NULL;
    check_tally tally = {.json = settings->json, .failures = json_array(), .progress = progress_create(false)};
    progress_phase(&tally.progress, "preparing the device ...");
    TRY(device_open(&settings->device, NULL, &device));
    const char *name = gradus_device_get_info(device)->name;

    progress_phase(&tally.progress, "checking ...");
    gradus_status status = gradus_check(device, on_result, &tally);
    progress_end(&tally.progress);
    if (status != GRADUS_OK && status != GRADUS_ERROR_MISMATCH)
        TRY_GRADUS(status);
    if (tally.out_of_memory)
        TRY(fail(EX_OSERR, "out of memory: the list of kernels"));
    if (settings->json)
        TRY(json_print(check_object(&tally, name, status == GRADUS_OK)));
    else
        print_tally(&tally, name);
    fflush(stdout);
    if (status != GRADUS_OK)
        code = fail(EX_SOFTWARE, "%s", gradus_last_error());
cleanup:
    progress_end(&tally.progress);
    gradus_device_close(device);
    json_decref(tally.failures);
    free(tally.kernels);
    return code;
}

int cmd_check(int argc, const char **argv)
{
    static const command_description description = {
        .name = "check",
        .arguments = "",
        .summary = "Runs every kernel on the device with small and awkward shapes, and compares the results\n"
                   "with the reference.",
    };
    static const option_row options[] = {
        DEVICE_OPTIONS(check_settings, device),
        JSON_OPTION(check_settings, json),
        END_OPTION,
    };
    int code = EX_OK;
    check_settings settings = {0};
    TRY(command_line_parse(&description, options, argc, argv, &settings, &settings.line));
    TRY(run_check(&settings));
cleanup:
    command_line_free(&settings.line);
    return code;
}
