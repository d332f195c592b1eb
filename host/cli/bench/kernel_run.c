/* SPDX-License-Identifier: Apache-2.0 */
/* Times kernels, one after the other, each at all of its shapes. */
#include "bench/kernel_run.h"
#include "text/failure.h"
#include "text/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Rows ---- */

static void row_free(kernel_row *row)
{
    free(row->shape);
    free(row->left_out);
    free(row->seconds);
}

/* Copies the result, with everything that it points to. */
static bool row_fill(kernel_row *row, const gradus_kernel_result *result)
{
    const size_t bytes = result->count * sizeof *row->seconds;
    row->result = *result;
    row->shape = strdup(result->shape);
    row->left_out = result->left_out == NULL ? NULL : strdup(result->left_out);
    row->seconds = malloc(bytes > 0 ? bytes : 1);
    if (row->shape == NULL || row->seconds == NULL || (result->left_out != NULL && row->left_out == NULL))
        return false;
    if (result->count == 0)
        return true;
    memcpy(row->seconds, result->seconds, bytes);
    row->summary = summarise(row->seconds, result->count);
    memcpy(row->seconds, result->seconds, bytes); /* in the order of measurement */
    return true;
}

static void on_result(const gradus_kernel_result *result, void *user)
{
    kernel_run *run = user;
    kernel_row *longer = realloc(run->rows, (run->count + 1) * sizeof *longer);
    if (longer == NULL) {
        run->out_of_memory = true;
        return;
    }
    run->rows = longer;
    kernel_row *row = &longer[run->count++];
    *row = (kernel_row){.network = *run->network, .device = run->device};
    if (!row_fill(row, result))
        run->out_of_memory = true;
    run->failed += !(result->error <= 1);
}

/* ---- Measuring ---- */

/* A kernel that differs from the reference has a row that says so. */
static int time_kernel(kernel_run *run, const char *kernel)
{
    int code = EX_OK;
    const bench_settings *settings = &run->setup->settings;
    const gradus_kernel_benchmark_options options = {.kernel = kernel,
                                                     .repeats = settings->repeats,
                                                     .seconds = settings->seconds,
                                                     .report = on_result,
                                                     .user = run,
                                                     .stop = run->setup->stop};
    char text[600];
    snprintf(text, sizeof text, "%s: timing %s ...", format_network(run->network).text, kernel);
    progress_phase(&run->setup->progress, text);
    const gradus_status status =
        gradus_benchmark_kernels(run->device->device, run->network, run->setup->data, &options);
    progress_end(&run->setup->progress);
    if (status != GRADUS_ERROR_MISMATCH)
        TRY_GRADUS(status);
    if (run->out_of_memory)
        TRY(fail(EX_OSERR, "out of memory: the kernels' timings"));
cleanup:
    return code;
}

static int time_network(kernel_run *run, bool table)
{
    int code = EX_OK;
    const char *kernel = NULL;
    if (table)
        kernel_table_head(run);
    for (size_t i = 0; (kernel = gradus_kernel_name(i)) != NULL && !bench_stopped(run->setup); i++) {
        const size_t first = run->count;
        if (!bench_wants_kernel(&run->setup->settings, kernel))
            continue;
        TRY(time_kernel(run, kernel));
        if (table)
            kernel_table_rows(run, first);
        fflush(stdout);
    }
cleanup:
    return code;
}

int kernel_run_measure(kernel_run *run)
{
    int code = EX_OK;
    const bench_setup *setup = run->setup;
    const bool table = !bench_json_on_stdout(&setup->settings);
    if (setup->device_count == 0)
        TRY(fail(EX_UNAVAILABLE, "--kernels: there is no device, and kernels run on devices only"));
    if (table)
        kernel_table_begin(run);
    for (size_t n = 0; n < setup->settings.network_count; n++) {
        gradus_network network;
        TRY(bench_network(setup, &setup->settings.networks[n], &network));
        run->network = &network;
        for (size_t d = 0; d < setup->device_count && !bench_stopped(setup); d++) {
            run->device = &setup->devices[d];
            TRY(time_network(run, table));
        }
    }
    if (table && !bench_stopped(setup))
        kernel_table_end();
cleanup:
    return code;
}

void kernel_run_free(kernel_run *run)
{
    for (size_t i = 0; i < run->count; i++)
        row_free(&run->rows[i]);
    free(run->rows);
}
