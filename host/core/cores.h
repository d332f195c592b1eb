/* SPDX-License-Identifier: Apache-2.0 */
/* How many cores this process may use. */
#ifndef GRADUS_CORE_CORES_H
#define GRADUS_CORE_CORES_H

#include <stddef.h>

/* The least of the cores in the process's affinity and of the CPU quotas, rounded up, of its control group and of the
 * groups above that; at least 1. */
size_t gr_cores_available(void);

/* The quota alone; SIZE_MAX where there is none. `root` is put before the paths of /proc and /sys: "" except in tests. */
size_t gr_cores_quota(const char *root);

#endif
