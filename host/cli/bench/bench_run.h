/* SPDX-License-Identifier: Apache-2.0 */
/* A run of `gradus bench` over engines: the cases and their results. */
#ifndef GRADUS_CLI_BENCH_RUN_H
#define GRADUS_CLI_BENCH_RUN_H

#include "bench/bench_setup.h"
#include "bench/statistics.h"

/* One engine on one device with one network. */
typedef struct bench_case {
    gradus_network network;
    const bench_device *device; /* NULL: the host */
    const char *engine;
    const char *used;                 /* the engine that "auto" chose, else the same; NULL: none yet */
    gradus_benchmark *benchmark;      /* while its network is measured */
    gradus_benchmark_sample *samples; /* (count of settings.repeats), in the order of measurement */
    size_t count;
    sample_summary seconds;  /* per iteration; if count is not 0 */
    gradus_profile *profile; /* NULL: none */
    char *plan;              /* the engine's decisions, as lines; NULL: not requested */
    char *left_out;          /* why it was not measured; NULL: it was, or will be */
} bench_case;

typedef struct bench_run {
    bench_setup *setup;
    bench_case *cases; /* (case_count), network after network */
    size_t case_count;
    size_t done; /* cases that need no more work */
} bench_run;

/* ---- bench_cases.c ---- */

int bench_cases_list(bench_run *run);

/* ---- bench_run.c ---- */

/* Measures the cases of the next network: those from *first to run->done - 1 afterwards. */
int bench_run_network(bench_run *run, size_t *first);
void bench_run_free(bench_run *run); /* except the setup */

/* ---- bench_figures.c: ratios of measurements; NaN if one of them is missing ---- */

/* The limit's time over the measured time, for the dense work: may exceed 1 if zeros are skipped. */
double bench_share_of_limit(const bench_run *run, const bench_case *c);

/* How many times as fast as that engine on the host with the same network. */
double bench_times_as_fast(const bench_run *run, const bench_case *c, const char *engine);

/* ---- Output: table, JSON, plot ---- */

void bench_table_begin(const bench_run *run);
void bench_table_rows(const bench_run *run, size_t first);
void bench_table_end(const bench_run *run);

/* Writes the file of --json, or prints it. */
int bench_json_write(const bench_run *run);

/* Checks before the measurement that gnuplot can be started; and draws the plot. */
int bench_plot_check(void);
int bench_plot_write(const bench_run *run);

#endif
