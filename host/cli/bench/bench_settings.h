/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of `gradus bench`. */
#ifndef GRADUS_CLI_BENCH_SETTINGS_H
#define GRADUS_CLI_BENCH_SETTINGS_H

#include "command/command_line.h"
#include "command/device_input.h"

#define BENCH_NAMES_MAX 16
#define BENCH_NETWORKS_MAX 32

/* The parts of a text between its commas. */
typedef struct name_list {
    size_t count;
    const char *names[BENCH_NAMES_MAX];
    char *text; /* owned: a copy of the text; the names point into it */
} name_list;

typedef struct bench_settings {
    command_line line;
    const char *dataset;
    gradus_device_options device;
    const char *data_dir, *engine, *hidden, *json, *plot;
    const char *kernels;    /* NULL: engines are measured */
    const char *gpu;        /* of which steps are estimated; NULL: there is a measurement */
    const char *optimizer;  /* of the estimate */
    size_t samples;         /* of the estimate; 0: those of the data set */
    name_list devices;      /* of device.selector; none: all devices */
    name_list engines;      /* of engine; none: all */
    name_list kernel_names; /* of kernels, parts of names; none: all kernels */
    size_list networks[BENCH_NETWORKS_MAX];
    size_t network_count;
    size_t batch; /* the first samples of the training part; of an estimate the samples of a mini-batch; 0: all */
    size_t repeats, iterations;
    double seconds, threshold; /* threshold: percent */
    bool dense, profile, compare;
} bench_settings;

/* Reads the command line. The caller frees *settings in every case. */
int bench_settings_parse(int argc, const char **argv, bench_settings *settings);
void bench_settings_free(bench_settings *settings);

/* Whether the kernel is among those of --kernels. */
bool bench_wants_kernel(const bench_settings *settings, const char *name);

/* --json -: the JSON is printed on stdout, instead of the table. */
bool bench_json_on_stdout(const bench_settings *settings);

#endif
