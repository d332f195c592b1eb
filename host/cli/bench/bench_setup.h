/* SPDX-License-Identifier: Apache-2.0 */
/* The common part of the benchmarks of engines and kernels: settings, data, devices, and the output of results. */
#ifndef GRADUS_CLI_BENCH_SETUP_H
#define GRADUS_CLI_BENCH_SETUP_H

#include "bench/bench_settings.h"
#include "bench/statistics.h"
#include "text/progress.h"

#include <jansson.h>

/* A device with its own limits, measured in the same run. */
typedef struct bench_device {
    gradus_device *device;
    size_t index; /* in `gradus devices` */
    gradus_limits limits;
} bench_device;

typedef struct bench_setup {
    bench_settings settings;
    progress_line progress;
    gradus_dataset *data;
    gradus_dataset_info info; /* of data */
    double nonzero;           /* share of the features */
    bench_device devices[BENCH_NAMES_MAX];
    size_t device_count;
    const volatile int *stop;
} bench_setup;

/* Reads the data, and opens the devices and measures their limits. */
int bench_setup_prepare(bench_setup *setup);
bool bench_stopped(const bench_setup *setup);
void bench_setup_free(bench_setup *setup);

/* The network with these hidden layers for the data. */
int bench_network(const bench_setup *setup, const size_list *hidden, gradus_network *out);

/* The least time of the work on a device with these limits, over the measured time. */
double bench_share(const gradus_work *work, const gradus_limits *limits, double seconds);

/* Prints the lines above a table: data, program, devices. */
void bench_print_setup(const bench_setup *setup);

/* ---- bench_document.c ---- */

/* The name of the format in the file of --json. */
#define BENCH_FORMAT "gradus-bench-1"

/* {"network", "device", "device_index"}, the beginning of each case; device NULL: the host */
json_t *bench_json_case(const gradus_network *network, const bench_device *device);

/* Adds "median" and "quartiles" to it; summary NULL: nothing was measured. */
void bench_json_summary(json_t *object, const sample_summary *summary);

/* Writes the file of --json, or prints it: the circumstances and the cases, which it releases. */
int bench_document_write(const bench_setup *setup, json_t *cases);

/* The same for any document, which it releases; NULL: out of memory. */
int bench_json_output(const bench_settings *settings, json_t *value);

/* The commit of the program, or null. */
json_t *bench_json_commit(void);

/* ---- bench_compare.c ---- */

/* --compare. EX_OK, or 1 if something became slower by more than the threshold. */
int bench_compare(const bench_settings *settings);

/* ---- bench_estimate.c ---- */

/* --device-model. */
int bench_estimate(const bench_settings *settings);

#endif
