/* SPDX-License-Identifier: Apache-2.0 */
/* gradus bench --device-model: how long steps would take on a GPU that need not be present, as a table and as JSON. */
#include "bench/bench_setup.h"
#include "command/data_input.h"
#include "text/failure.h"
#include "text/json_output.h"
#include "text/text.h"

#include <stdio.h>
#include <string.h>

#define ESTIMATE_FORMAT "gradus-estimate-1"

/* What is estimated if no data set is named: images of 28 x 28 bytes in ten classes. */
#define SIDE 28
#define CLASSES 10
#define SAMPLES_FULL 41000
#define SAMPLES_BATCHES 60000

/* ---- Data ---- */

/* The samples' sizes: those of the data set, if one was named. */
static int read_info(const bench_settings *settings, gradus_dataset_info *out)
{
    int code = EX_OK;
    gradus_dataset *data = NULL;
    gradus_data_options options = gradus_data_options_default();
    options.data_dir = settings->data_dir;
    *out = (gradus_dataset_info){.samples = settings->batch > 0 ? SAMPLES_BATCHES : SAMPLES_FULL,
                                 .features = SIDE * SIDE,
                                 .width = SIDE,
                                 .height = SIDE,
                                 .classes = CLASSES};
    if (settings->line.argument_count > 0) {
        TRY_GRADUS(gradus_dataset_open(settings->dataset, &options, &data, NULL));
        *out = gradus_dataset_get_info(data);
    }
    if (settings->samples > 0)
        out->samples = settings->samples;
    if (settings->batch > out->samples)
        TRY(fail(EX_USAGE, "--batch: found %zu, expected at most %zu, the samples", settings->batch, out->samples));
cleanup:
    gradus_dataset_destroy(data);
    return code;
}

/* ---- Table ---- */

static void print_head(const bench_settings *settings, const gradus_dataset_info *info, const gradus_estimate *e)
{
    printf("GPU         %s, %zu units with %s MHz\n", e->name, e->units, format_count(e->clock_mhz).text);
    printf("data        %s samples of %s features, ", format_count(info->samples).text,
           format_count(info->features).text);
    if (settings->batch > 0)
        printf("in batches of %s\n", format_count(settings->batch).text);
    else
        printf("all in each step\n");
    printf(
        "optimizer   %s\nestimated   from the plans of engine fused and the GPU's data sheet; nothing was measured\n",
        settings->optimizer == NULL ? gradus_optimizer_name(0) : settings->optimizer);
}

static short_text format_work(double work)
{
    short_text out;
    snprintf(out.text, sizeof out.text, work < 9.995e6 ? "%.2f" : work < 99.95e6 ? "%.1f" : "%.0f", 1e-6 * work);
    return out;
}

static short_text format_microseconds(double seconds)
{
    short_text out;
    snprintf(out.text, sizeof out.text, seconds < 99.95e-6 ? "%.2f" : "%.0f", 1e6 * seconds);
    return out;
}

static void print_work(const gradus_estimate *e)
{
    printf("a step             launches  groups x items  a unit      FMA    local    cache   memory\n");
    for (size_t i = 0; i < e->launch_count; i++) {
        const gradus_launch_estimate *l = &e->launches[i];
        printf("%-18s %8.3g %8zu x %-5zu %7zu %8s %8s %8s %8s\n", l->kernel, l->launches, l->groups, l->items,
               l->groups_per_unit, format_work(l->multiply_adds).text, format_work(l->local_bytes).text,
               format_work(l->cache_bytes).text, format_work(l->memory_bytes).text);
    }
}

static void print_times(const gradus_estimate *e)
{
    printf(
        "us                     FMA   instr.    local    cache   memory    loads  waiting      gap      sum  bound\n");
    for (size_t i = 0; i < e->launch_count; i++) {
        const gradus_launch_estimate *l = &e->launches[i];
        const double seconds[] = {l->multiply_add_seconds, l->instruction_seconds, l->local_seconds,
                                  l->cache_seconds,        l->memory_seconds,      l->loading_seconds,
                                  l->waiting_seconds,      l->gap_seconds,         l->seconds};
        printf("%-17s", l->kernel);
        for (size_t k = 0; k < sizeof seconds / sizeof *seconds; k++)
            printf(" %8s", format_microseconds(seconds[k]).text);
        printf("  %s\n", l->bound);
    }
}

static void print_sum(const gradus_estimate *e)
{
    printf("%s us a step (the host needs %s): %s %s/s", format_microseconds(e->seconds).text,
           format_microseconds(e->host_seconds).text, format_rate(1 / e->seconds).text,
           e->batch > 0 ? "steps" : "iterations");
    if (e->batch > 0)
        printf(", %s ms an epoch", format_milliseconds(e->epoch_seconds).text);
    printf("; bound by %s%s%s\n", e->bound, e->bound_kernel == NULL ? "" : " of ",
           e->bound_kernel == NULL ? "" : e->bound_kernel);
}

static void print_network(const gradus_network *network, const gradus_estimate *e)
{
    printf("\n%s\n", format_network(network).text);
    print_work(e);
    print_times(e);
    print_sum(e);
}

static void print_foot(void)
{
    printf(
        "\nFMA: millions of multiply-adds; local, cache, memory: MB to and from local memory and first-level caches,\n"
        "the second-level cache, memory; a unit: work-groups that a unit has at the same time. A launch takes as "
        "long\n"
        "as the largest of its times, or as work-groups one after the other with loads and waiting; and the gap.\n");
}

/* ---- JSON ---- */

static json_t *launch_object(const gradus_launch_estimate *l)
{
    return json_pack(
        "{so so sI sI sI so so so so so so so so so so so so so so}", "kernel", json_text(l->kernel), "launches",
        json_figure(l->launches), "groups", (json_int_t)l->groups, "items", (json_int_t)l->items, "groups_per_unit",
        (json_int_t)l->groups_per_unit, "multiply_adds", json_figure(l->multiply_adds), "local_bytes",
        json_figure(l->local_bytes), "cache_bytes", json_figure(l->cache_bytes), "memory_bytes",
        json_figure(l->memory_bytes), "multiply_add_seconds", json_figure(l->multiply_add_seconds),
        "instruction_seconds", json_figure(l->instruction_seconds), "local_seconds", json_figure(l->local_seconds),
        "cache_seconds", json_figure(l->cache_seconds), "memory_seconds", json_figure(l->memory_seconds),
        "loading_seconds", json_figure(l->loading_seconds), "waiting_seconds", json_figure(l->waiting_seconds),
        "gap_seconds", json_figure(l->gap_seconds), "seconds", json_figure(l->seconds), "bound", json_text(l->bound));
}

static json_t *case_object(const gradus_network *network, const gradus_estimate *e)
{
    json_t *launches = json_array();
    for (size_t i = 0; i < e->launch_count; i++)
        json_array_append_new(launches, launch_object(&e->launches[i]));
    return json_pack("{so sI sI so so so so so so so so so}", "network", json_layers(network), "samples",
                     (json_int_t)e->samples, "batch", (json_int_t)e->batch, "launches", launches, "launches_per_step",
                     json_figure(e->launches_per_step), "gpu_seconds", json_figure(e->gpu_seconds), "host_seconds",
                     json_figure(e->host_seconds), "seconds", json_figure(e->seconds), "steps_per_second",
                     json_figure(1 / e->seconds), "epoch_seconds", json_figure(e->epoch_seconds), "bound",
                     json_text(e->bound), "bound_kernel", json_text(e->bound_kernel));
}

static int write_json(const bench_settings *settings, json_t *cases)
{
    const char *optimizer = settings->optimizer == NULL ? gradus_optimizer_name(0) : settings->optimizer;
    json_t *value = json_pack("{ss ss so ss ss so}", "format", ESTIMATE_FORMAT, "version", gradus_version(), "commit",
                              bench_json_commit(), "gpu", settings->gpu, "optimizer", optimizer, "cases", cases);
    return bench_json_output(settings, value);
}

/* ---- Both ---- */

int bench_estimate(const bench_settings *settings)
{
    int code = EX_OK;
    const bool table = !bench_json_on_stdout(settings);
    gradus_dataset_info info;
    json_t *cases = json_array();
    TRY(read_info(settings, &info));
    for (size_t n = 0; n < settings->network_count; n++) {
        gradus_estimate e;
        const gradus_network network = data_network(&info, &settings->networks[n]);
        TRY_GRADUS(
            gradus_estimate_step(settings->gpu, &network, info.samples, settings->batch, settings->optimizer, &e));
        if (table && n == 0)
            print_head(settings, &info, &e);
        if (table)
            print_network(&network, &e);
        json_array_append_new(cases, case_object(&network, &e));
    }
    if (table)
        print_foot();
    if (settings->json != NULL) {
        code = write_json(settings, cases);
        cases = NULL;
    }
cleanup:
    json_decref(cases);
    return code;
}
