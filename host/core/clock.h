/* SPDX-License-Identifier: Apache-2.0 */
/* Elapsed time. */
#ifndef GRADUS_CORE_CLOCK_H
#define GRADUS_CORE_CLOCK_H

#include <time.h>

/* Seconds of a monotonic clock; only differences have a meaning. */
static inline double gr_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

#endif
