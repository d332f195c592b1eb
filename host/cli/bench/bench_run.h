/* SPDX-License-Identifier: Apache-2.0 */
/* A run of `gradus bench`: what is measured, and what came out. */
#ifndef GRADUS_CLI_BENCH_RUN_H
#define GRADUS_CLI_BENCH_RUN_H

#include "bench/bench_settings.h"
#include "bench/statistics.h"
#include "text/progress.h"

/* A device with its own limits, measured in the same run. */
typedef struct bench_device {
    gradus_device *device;
    size_t index; /* as `gradus devices` has it */
    gradus_limits limits;
} bench_device;

/* One engine on one device with one network. */
typedef struct bench_case {
    gradus_network network;
    const bench_device *device; /* NULL: the host */
    const char *engine;
    const char *used;                 /* the engine that "auto" took, else the same; NULL: none yet */
    gradus_benchmark *benchmark;      /* while its network is measured */
    gradus_benchmark_sample *samples; /* (count of settings.repeats), in the order in which they were taken */
    size_t count;
    sample_summary seconds;  /* per iteration; if count is not 0 */
    gradus_profile *profile; /* NULL: none */
    char *plan;              /* what the engine decided, lines; NULL: not asked */
    char *left_out;          /* why it was not measured; NULL: it was, or will be */
} bench_case;

typedef struct bench_run {
    bench_settings settings;
    progress_line progress;
    gradus_dataset *data;
    gradus_dataset_info info; /* of data */
    double nonzero;           /* share of the features */
    bench_device devices[BENCH_NAMES_MAX];
    size_t device_count;
    bench_case *cases; /* (case_count), network after network */
    size_t case_count;
    size_t done; /* cases that need no more work */
    const volatile int *stop;
} bench_run;

/* ---- bench_prepare.c ---- */

/* Data, devices with their limits, and the list of cases. */
int bench_run_prepare(bench_run *run);

/* ---- bench_run.c ---- */

/* Measures the cases of the next network. They are those from first to run->done - 1 afterwards. */
int bench_run_network(bench_run *run, size_t *first);
bool bench_run_stopped(const bench_run *run);
void bench_run_free(bench_run *run);

/* ---- bench_figures.c: what follows from the measurements; NaN where something for it is missing ---- */

/* The limit's time over the measured one: of the dense work, so more than 1 where zeros are skipped. */
double bench_share_of_limit(const bench_run *run, const bench_case *c);

/* How many times as fast as that engine on the host with the same network. */
double bench_times_as_fast(const bench_run *run, const bench_case *c, const char *engine);

/* ---- For people, for programs, for the eye ---- */

void bench_table_begin(const bench_run *run);
void bench_table_rows(const bench_run *run, size_t first);
void bench_table_end(const bench_run *run);

/* What the file of --json says it is. */
#define BENCH_FORMAT "gradus-bench-1"

/* Writes the file of --json, or prints it. */
int bench_json_write(const bench_run *run);

/* Whether the plot can be drawn at all, asked before the measurement; and the drawing. */
int bench_plot_check(void);
int bench_plot_write(const bench_run *run);

/* --compare; bench_compare.c. EX_OK, or 1 if something became slower by more than the threshold. */
int bench_compare(const bench_settings *settings);

#endif
