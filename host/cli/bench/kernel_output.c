/* SPDX-License-Identifier: Apache-2.0 */
/* The timings of kernels as a table, whose rows are printed when they are measured, and as JSON. */
#include "bench/kernel_run.h"
#include "text/failure.h"
#include "text/json_output.h"
#include "text/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static double share_of_limit(const kernel_row *row)
{
    return row->result.count == 0 ? NAN : bench_share(&row->result.work, &row->device->limits, row->summary.median);
}

/* ---- Table ---- */

void kernel_table_begin(const kernel_run *run)
{
    const bench_settings *settings = &run->setup->settings;
    bench_print_setup(run->setup);
    printf("timings     %zu of each kernel, at least %s long\n", settings->repeats,
           format_seconds(settings->seconds).text);
}

/* The kernels' column is as wide as the longest name. */
static int kernel_width(const kernel_run *run)
{
    size_t width = strlen("kernel");
    const char *name = NULL;
    for (size_t i = 0; (name = gradus_kernel_name(i)) != NULL; i++)
        if (bench_wants_kernel(&run->setup->settings, name) && strlen(name) > width)
            width = strlen(name);
    return (int)width;
}

void kernel_table_head(const kernel_run *run)
{
    printf("\n%s on device %zu\n%-*s  %-39s %9s %9s %7s %8s %7s\n", format_network(run->network).text,
           run->device->index, kernel_width(run), "kernel", "shape", "median ms", "least ms", "GB/s", "GFLOP/s",
           "limit");
}

/* Work per second, or - if there is none of this kind. */
static short_text format_giga(double work, double seconds)
{
    const short_text none = {"-"};
    return work > 0 ? format_rate(1e-9 * work / seconds) : none;
}

void kernel_table_rows(const kernel_run *run, size_t first)
{
    for (size_t i = first; i < run->count; i++) {
        const kernel_row *row = &run->rows[i];
        const double median = row->summary.median;
        printf("%-*s  %-39s ", kernel_width(run), i == first ? row->result.kernel : "", row->shape);
        if (row->left_out != NULL)
            printf("%s\n", row->left_out);
        else
            printf("%9s %9s %7s %8s %7s\n", format_milliseconds(median).text,
                   format_milliseconds(row->summary.smallest).text, format_giga(row->result.work.bytes, median).text,
                   format_giga(row->result.work.flop, median).text, format_share(share_of_limit(row)).text);
    }
}

void kernel_table_end(void)
{
    printf("\nGB/s: each array that a run reads or writes counts once. GFLOP/s: zeros count as multiplied.\n"
           "limit: the least time that the device could need, for all operations or to read these bytes,\n"
           "divided by the median. It exceeds 100 %% if the data are in a cache, or if zeros are skipped.\n");
}

/* ---- JSON ---- */

static json_t *row_object(const kernel_row *row)
{
    const gradus_kernel_result *result = &row->result;
    const bool measured = result->count > 0;
    const double median = measured ? row->summary.median : NAN;
    json_t *object = bench_json_case(&row->network, row->device), *seconds = json_array();
    for (size_t i = 0; i < result->count; i++)
        json_array_append_new(seconds, json_figure(row->seconds[i]));
    json_object_set_new(object, "kernel", json_text(result->kernel));
    json_object_set_new(object, "shape", json_text(row->shape));
    json_object_set_new(object, "error", json_figure(result->error));
    json_object_set_new(object, "seconds", seconds);
    bench_json_summary(object, measured ? &row->summary : NULL);
    json_object_set_new(object, "least", json_figure(measured ? row->summary.smallest : NAN));
    json_object_set_new(object, "bytes", json_figure(measured ? result->work.bytes : NAN));
    json_object_set_new(object, "flop", json_figure(measured ? result->work.flop : NAN));
    json_object_set_new(object, "bytes_per_second", json_figure(result->work.bytes / median));
    json_object_set_new(object, "flop_per_second", json_figure(result->work.flop / median));
    json_object_set_new(object, "share_of_limit", json_figure(share_of_limit(row)));
    json_object_set_new(object, "left_out", json_text(row->left_out));
    return object;
}

int kernel_json_write(const kernel_run *run)
{
    if (run->setup->settings.json == NULL)
        return EX_OK;
    json_t *cases = json_array();
    for (size_t i = 0; i < run->count; i++)
        json_array_append_new(cases, row_object(&run->rows[i]));
    return bench_document_write(run->setup, cases);
}
