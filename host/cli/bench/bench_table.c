/* SPDX-License-Identifier: Apache-2.0 */
/* The table of a benchmark, within 100 columns. The rows of a network are printed when it is measured. */
#include "bench/bench_run.h"
#include "text/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- Before ---- */

/* "auto: fused" */
static short_text format_engine(const bench_case *c)
{
    short_text out;
    const bool another = c->used != NULL && strcmp(c->used, c->engine) != 0;
    snprintf(out.text, sizeof out.text, "%s%s%s", c->engine, another ? ": " : "", another ? c->used : "");
    return out;
}

/* The columns of engines and networks are as wide as their longest entries. The entry of "auto" will include the chosen
 * engine. */
static int engine_width(const bench_run *run)
{
    size_t width = strlen("engine");
    for (size_t i = 0; i < run->case_count; i++) {
        const char *engine = run->cases[i].engine;
        const size_t length = strcmp(engine, "auto") == 0 ? strlen("auto: layered") : strlen(engine);
        width = length > width ? length : width;
    }
    return (int)width;
}

static int network_width(const bench_run *run)
{
    size_t width = strlen("network");
    for (size_t i = 0; i < run->case_count; i++) {
        const size_t length = strlen(format_network(&run->cases[i].network).text);
        width = length > width ? length : width;
    }
    return (int)width;
}

void bench_table_begin(const bench_run *run)
{
    const bench_settings *settings = &run->setup->settings;

    bench_print_setup(run->setup);
    printf("timings     %zu of each case, at least %s and %zu iteration%s long: median and range\n", settings->repeats,
           format_seconds(settings->seconds).text, settings->iterations, settings->iterations == 1 ? "" : "s");
    printf("\n%-*s  device  %-*s  ms/iteration          range      it/s  limit  x blas  x reference\n",
           network_width(run), "network", engine_width(run), "engine");
}

/* ---- Rows ---- */

static short_text format_times(double times)
{
    short_text out = {"-"};
    if (!isnan(times))
        snprintf(out.text, sizeof out.text, "%.*f", times < 9.995 ? 2 : times < 99.95 ? 1 : 0, times);
    return out;
}

static short_text format_device(const bench_case *c)
{
    short_text out = {"host"};
    if (c->device != NULL)
        snprintf(out.text, sizeof out.text, "%zu", c->device->index);
    return out;
}

static void print_figures(const bench_run *run, const bench_case *c)
{
    char spread[160];
    snprintf(spread, sizeof spread, "%s-%s", format_milliseconds(c->seconds.smallest).text,
             format_milliseconds(c->seconds.largest).text);
    printf("%12s  %13s  %8s  %5s  %6s  %11s\n", format_milliseconds(c->seconds.median).text, spread,
           format_rate(1 / c->seconds.median).text, format_share(bench_share_of_limit(run, c)).text,
           format_times(bench_times_as_fast(run, c, "blas")).text,
           format_times(bench_times_as_fast(run, c, "reference")).text);
}

void bench_table_rows(const bench_run *run, size_t first)
{
    for (size_t i = first; i < run->done; i++) {
        const bench_case *c = &run->cases[i];
        printf("%-*s  %-6s  %-*s  ", network_width(run), i == first ? format_network(&c->network).text : "",
               format_device(c).text, engine_width(run), format_engine(c).text);
        if (c->count > 0)
            print_figures(run, c);
        else
            printf("%s\n", c->left_out);
    }
}

/* ---- After ---- */

static void print_profile(const bench_case *c)
{
    const gradus_profile *profile = c->profile;
    const double iterations = (double)profile->sample.iterations, whole = profile->sample.seconds;
    double kernels = 0;
    printf("\n%s, device %s, %s: %s iterations\n", format_network(&c->network).text, format_device(c).text, c->engine,
           format_count(profile->sample.iterations).text);
    printf("  kernel                      launches/iteration  ms/iteration     share\n");
    for (size_t i = 0; i < profile->kernel_count; i++) {
        const gradus_kernel_time *kernel = &profile->kernels[i];
        printf("  %-26s  %18.3g  %12s  %8s\n", kernel->name, (double)kernel->launches / iterations,
               format_milliseconds(kernel->seconds / iterations).text, format_percent(kernel->seconds / whole).text);
        kernels += kernel->seconds;
    }
    printf("  %-26s  %18s  %12s  %8s\n", "host, and between launches", "",
           format_milliseconds((whole - kernels) / iterations).text, format_percent((whole - kernels) / whole).text);
}

void bench_table_end(const bench_run *run)
{
    printf("\nlimit: the least time that the device could need, divided by the measured time: for all\n"
           "multiply-adds, or to read the pixels once if that takes longer. Zeros count as multiplied, so an\n"
           "engine that skips them may exceed 100 %%. x blas, x reference: this many times as fast.\n");
    for (size_t i = 0; i < run->case_count; i++)
        if (run->cases[i].profile != NULL)
            print_profile(&run->cases[i]);
}
