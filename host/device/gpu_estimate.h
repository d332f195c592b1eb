/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a launch takes on a described GPU, from what its work-groups do. The engines' plans count that, in a file
 * beside each plan (fused_gpu_estimate.c, batch_gpu_estimate.c).
 *
 * Note [simplifications of the estimate]: A launch takes the longer of two times (Volkov, "Understanding latency hiding
 * on GPUs", 2016). One is that of the busiest resource, as if everything else were hidden: multiply-adds, instructions,
 * local memory, caches, memory. The other is that of a unit's work-groups in as many rounds as do not fit at the same time,
 * where a work-group takes as long as it would alone: its busiest resource or the loads of its loops, and the time in
 * which it can do nothing else, that is barriers and loads of a few work-items on which all others wait.
 *
 * All work-groups count as equal, and a unit has the next integer number of them. The clock is the boost clock, and each
 * rate is reached. Bytes of local memory and of the first-level cache are counted for each work-item, also if several
 * read the same value; a load by neighbours that are not neighbours in memory counts as sectors of 32 bytes, and bank
 * conflicts count. What the launches of a step use together stays in the second-level cache if it fits, and not at all
 * if it does not. A loop's loads are LOADS_AHEAD rounds early. A launch begins when the one before has ended and the gap
 * is over; the host is slower than the GPU only if submitting takes longer than all launches. Instructions are counted
 * by hand or in compilers' output for NVIDIA's sm_90; other compilers' differ. So the real time is probably longer.
 */
#ifndef GRADUS_DEVICE_GPU_ESTIMATE_H
#define GRADUS_DEVICE_GPU_ESTIMATE_H

#include "device/gpu_model.h"

#define LOADS_AHEAD 4
#define SECTOR_BYTES 32

/* What one work-group does. */
typedef struct group_work {
    double multiply_adds;  /* of the mathematics: no padding, zeros count */
    double instructions;   /* of work-items, with the idle lanes of waves */
    double local_bytes;    /* to and from local memory and the first-level cache */
    double cache_bytes;    /* to and from the second-level cache, */
    double memory_bytes;   /* and memory */
    double loading_cycles; /* in which a work-item waits for loads while other waves may work, */
    double waiting_cycles; /* and in which the work-group does nothing else */
} group_work;

/* A launch, or the mean of a step if it does several. */
typedef struct launch_work {
    const char *kernel;
    double launches; /* a step */
    size_t items, registers, local_memory;
    size_t groups;    /* sum of all */
    group_work total; /* the same; of the cycles the largest */
} launch_work;

/* Adds `groups` work-groups that do the same. */
void gr_estimate_groups(launch_work *launch, size_t groups, const group_work *each);

/* Adds a launch to a step. */
void gr_estimate_launch(const gpu_description *gpu, const launch_work *launch, gradus_estimate *out);

/* The sums, after the last launch. */
void gr_estimate_finish(const gpu_description *gpu, size_t samples, size_t batch, gradus_estimate *out);

/* ---- Helpers for counting ---- */

/* Cycles of a loop of `rounds` rounds with loads that take `latency` cycles. */
double gr_estimate_loop(double rounds, double latency);

/* Work-items of `items` work-items in full waves. */
double gr_estimate_lanes(const gpu_description *gpu, size_t items, size_t registers);

/* Whether a work-group finds `bytes` in the first-level cache after it has read them once. */
bool gr_estimate_is_near(const gpu_description *gpu, size_t groups_per_unit, size_t local_bytes, double bytes);

/* How many times as long local memory takes if neighbouring work-items access words at this distance. */
double gr_estimate_conflicts(size_t distance);

#endif
