/* SPDX-License-Identifier: Apache-2.0 */
/* The launchers of kernels/bench/limits.cl. */
#ifndef GRADUS_BENCH_LIMITS_H
#define GRADUS_BENCH_LIMITS_H

#include "device/device.h"

#include "bench/limit_sums.h"

/* The kernels built for a device, and their launch parameters. */
typedef struct limit_program {
    cl_program program;
    kernel_kind kind;
    size_t lanes, read_lanes; /* of a vector */
    size_t items, local;      /* work-items that fill the device; of a work-group */
} limit_program;

/* With the kernels for CPUs or for GPUs; multiply_add: OpenCL's function, "fma" or "mad". */
gradus_status gr_limit_program_create(gradus_device *device, kernel_kind kind, const char *multiply_add,
                                      limit_program *out);
void gr_limit_program_release(limit_program *p);

/* factor (2); out (lanes x items) */
gradus_status gr_limit_fma(const limit_program *p, cl_mem factor, cl_mem out, cl_uint rounds, launch *prepared);

/* x (read_lanes x vectors x items), `vectors` a multiple of LIMIT_READ_SUMS; out (read_lanes x items). */
gradus_status gr_limit_read(const limit_program *p, cl_mem x, cl_mem out, size_t vectors, launch *prepared);

/* The sizes of a measurement: rounds that take a millisecond or two on any device, and vectors larger than any cache,
 * if the device has enough memory. */
cl_uint gr_limit_rounds(const limit_program *p);
size_t gr_limit_vectors(const gradus_device *device, const limit_program *p);

#endif
