/* SPDX-License-Identifier: Apache-2.0 */
/* A run of `gradus bench --kernels`: the kernels and their timings. */
#ifndef GRADUS_CLI_KERNEL_RUN_H
#define GRADUS_CLI_KERNEL_RUN_H

#include "bench/bench_setup.h"

/* One kernel at one shape of a network, on one device. */
typedef struct kernel_row {
    gradus_network network;
    const bench_device *device;
    gradus_kernel_result result;
    char *shape, *left_out; /* of result, owned, like its seconds */
    double *seconds;
    sample_summary summary; /* if result.count is not 0 */
} kernel_row;

typedef struct kernel_run {
    bench_setup *setup;
    kernel_row *rows; /* (count) */
    size_t count;
    size_t failed; /* rows that differ from the reference */
    bool out_of_memory;
    const gradus_network *network; /* the current one */
    const bench_device *device;
} kernel_run;

/* Times the kernels at the shapes of each network, on each device. With a table, each kernel's rows are printed when
 * they are measured. */
int kernel_run_measure(kernel_run *run);
void kernel_run_free(kernel_run *run); /* except the setup */

/* ---- kernel_output.c ---- */

void kernel_table_begin(const kernel_run *run);

/* The head of a table for the current network and device; the rows from `first` on; the meaning of the columns. */
void kernel_table_head(const kernel_run *run);
void kernel_table_rows(const kernel_run *run, size_t first);
void kernel_table_end(void);

/* Writes the file of --json, if there is one, or prints it. */
int kernel_json_write(const kernel_run *run);

#endif
