/* SPDX-License-Identifier: Apache-2.0 */
/* A run of `gradus bench --kernels`: what is timed, and what came out. */
#ifndef GRADUS_CLI_KERNEL_RUN_H
#define GRADUS_CLI_KERNEL_RUN_H

#include "bench/bench_setup.h"

/* One kernel at one shape of a network, on one device. */
typedef struct kernel_row {
    gradus_network network;
    const bench_device *device;
    gradus_kernel_result result;
    char *shape, *left_out; /* of result, owned, as its seconds are */
    double *seconds;
    sample_summary summary; /* if result.count is not 0 */
} kernel_row;

typedef struct kernel_run {
    bench_setup *setup;
    kernel_row *rows; /* (count) */
    size_t count;
    size_t failed; /* rows that differ from the reference */
    bool out_of_memory;
    const gradus_network *network; /* at hand */
    const bench_device *device;
} kernel_run;

/* Times the kernels at the shapes of each network, on each device. With a table each kernel's rows are printed once they
 * are there. */
int kernel_run_measure(kernel_run *run);
void kernel_run_free(kernel_run *run); /* but for the setup */

/* ---- kernel_output.c ---- */

void kernel_table_begin(const kernel_run *run);

/* The head of a table for the network and the device at hand; rows from `first` on; what the columns mean. */
void kernel_table_head(const kernel_run *run);
void kernel_table_rows(const kernel_run *run, size_t first);
void kernel_table_end(void);

/* Writes the file of --json, if there is one, or prints it. */
int kernel_json_write(const kernel_run *run);

#endif
