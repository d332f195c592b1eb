/* SPDX-License-Identifier: Apache-2.0 */
/* The launchers of kernels/bench/limits.cl. */
#ifndef GRADUS_BENCH_LIMITS_H
#define GRADUS_BENCH_LIMITS_H

#include "device/device.h"

#include "bench/limit_sums.h"

/* The kernels built for a device, and how they are launched there. */
typedef struct limit_program {
    cl_program program;
    kernel_kind kind;
    size_t lanes, read_lanes; /* of a vector */
    size_t items, local;      /* work-items that fill the device, in work-groups of so many */
} limit_program;

/* In the way of CPUs or of GPUs; multiply_add: OpenCL's function for it, "fma" or "mad". */
gradus_status gr_limit_program_create(gradus_device *device, kernel_kind kind, const char *multiply_add,
                                      limit_program *out);
void gr_limit_program_release(limit_program *p);

/* factor (2); out (lanes x items) */
gradus_status gr_limit_fma(const limit_program *p, cl_mem factor, cl_mem out, cl_uint rounds, launch *prepared);

/* x (read_lanes x vectors x items), `vectors` a multiple of LIMIT_READ_SUMS; out (read_lanes x items). */
gradus_status gr_limit_read(const limit_program *p, cl_mem x, cl_mem out, size_t vectors, launch *prepared);

/* What a measurement launches: rounds that take a millisecond or two on any device, and vectors of more bytes than any
 * cache has, where the device has the room. */
cl_uint gr_limit_rounds(const limit_program *p);
size_t gr_limit_vectors(const gradus_device *device, const limit_program *p);

#endif
