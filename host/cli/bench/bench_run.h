/* SPDX-License-Identifier: Apache-2.0 */
/* A run of `gradus bench`: what is measured, and what came out. */
#ifndef GRADUS_CLI_BENCH_RUN_H
#define GRADUS_CLI_BENCH_RUN_H

#include "bench/bench_setup.h"
#include "bench/statistics.h"

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
    bench_setup *setup;
    bench_case *cases; /* (case_count), network after network */
    size_t case_count;
    size_t done; /* cases that need no more work */
} bench_run;

/* ---- bench_cases.c ---- */

int bench_cases_list(bench_run *run);

/* ---- bench_run.c ---- */

/* Measures the cases of the next network. They are those from first to run->done - 1 afterwards. */
int bench_run_network(bench_run *run, size_t *first);
void bench_run_free(bench_run *run); /* but for the setup */

/* ---- bench_figures.c: what follows from the measurements; NaN where something for it is missing ---- */

/* The limit's time over the measured one: of the dense work, so more than 1 where zeros are skipped. */
double bench_share_of_limit(const bench_run *run, const bench_case *c);

/* How many times as fast as that engine on the host with the same network. */
double bench_times_as_fast(const bench_run *run, const bench_case *c, const char *engine);

/* ---- For people, for programs, for the eye ---- */

void bench_table_begin(const bench_run *run);
void bench_table_rows(const bench_run *run, size_t first);
void bench_table_end(const bench_run *run);

/* Writes the file of --json, or prints it. */
int bench_json_write(const bench_run *run);

/* Whether the plot can be drawn at all, asked before the measurement; and the drawing. */
int bench_plot_check(void);
int bench_plot_write(const bench_run *run);

#endif
