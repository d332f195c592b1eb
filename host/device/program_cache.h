/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Built programs as files, for drivers that do not keep them themselves. An entry is a header and the driver's binary;
 * what does not look whole never reaches the driver.
 */
#ifndef GRADUS_DEVICE_PROGRAM_CACHE_H
#define GRADUS_DEVICE_PROGRAM_CACHE_H

#include "device/opencl.h"

typedef struct program_key {
    char entry[32]; /* "programs/" and a hash of all that the binary depends on; "": it is not to be cached */
} program_key;

/* PoCL and NVIDIA's driver have caches of their own. GRADUS_PROGRAM_CACHE=1 or 0 says otherwise, for tests. */
gradus_status gr_program_cache_key(cl_device_id device, const char *source, const char *options, program_key *out);

/* The built program; NULL where there is no entry or none that will do. */
cl_program gr_program_cache_load(cl_context context, cl_device_id device, const program_key *key, const char *options);

/* Makes or replaces the entry. Where that cannot be done, nothing happens. */
void gr_program_cache_store(cl_program program, const program_key *key);

#endif
