/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Built programs as files, for drivers that do not cache them themselves. An entry is a header and the driver's binary;
 * a damaged one is never passed to the driver.
 */
#ifndef GRADUS_DEVICE_PROGRAM_CACHE_H
#define GRADUS_DEVICE_PROGRAM_CACHE_H

#include "device/opencl.h"

typedef struct program_key {
    char entry[32]; /* "programs/" and a hash of everything that the binary depends on; "": not cached */
} program_key;

/* PoCL and NVIDIA's driver have caches of their own. GRADUS_PROGRAM_CACHE=1 or 0 overrides this, for tests. */
gradus_status gr_program_cache_key(cl_device_id device, const char *source, const char *options, program_key *out);

/* The built program; NULL if there is no usable entry. */
cl_program gr_program_cache_load(cl_context context, cl_device_id device, const program_key *key, const char *options);

/* Creates or replaces the entry. A failure is ignored. */
void gr_program_cache_store(cl_program program, const program_key *key);

#endif
