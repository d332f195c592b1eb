/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a GPU decides how many work-groups run at the same time: its registers, its local memory, its limits. All
 * plans for GPUs use this model. It follows the vendors' occupancy calculators (sources in gpu_model.c).
 *
 * The words: a *unit* runs work-groups, each on one unit: NVIDIA's multiprocessor, AMD's compute unit or pair of them
 * (work-group processor), Intel's sub-slice (Xe core). A unit has *partitions*, each with registers of its own, and
 * runs *waves* (warps, wavefronts, hardware threads) on them. A *register* is one of 32 bits of one work-item.
 */
#ifndef GRADUS_DEVICE_GPU_MODEL_H
#define GRADUS_DEVICE_GPU_MODEL_H

#include "device/gpu_rates.h"
#include "gradus/gradus.h"

typedef enum gpu_vendor { GPU_OTHER, GPU_NVIDIA, GPU_AMD, GPU_INTEL } gpu_vendor;

typedef struct gpu_model {
    gpu_vendor vendor;
    size_t units;
    size_t group_items;         /* largest work-group of a kernel with reqd_work_group_size */
    size_t group_local_bytes;   /* local memory of one work-group */
    size_t wave_most;           /* work-items of a wave; these two differ if the compiler chooses, by the registers */
    size_t wave_least;          /*   that a work-item needs (Intel) */
    size_t partitions;          /* of a unit */
    size_t partition_waves;     /* at the same time */
    size_t partition_words;     /* registers of all work-items of a partition */
    size_t wave_words;          /* a wave's registers are a multiple of this number, */
    size_t wave_words_most;     /* and at most this one */
    size_t unit_groups;         /* work-groups of a unit at the same time, */
    size_t unit_barrier_groups; /* and of those with more than one wave */
    size_t unit_local_bytes;
    size_t local_step;     /* local memory of a group is a multiple of it; 0: a power of two of KB */
    size_t local_reserved; /* bytes of local memory that each group takes besides its own */
} gpu_model;

/* A GPU that need not be present: what OpenCL reports, and what it is. */
typedef struct gpu_description {
    const char *key; /* for options and file names: "h100" */
    const char *name, *vendor;
    unsigned compute_units, clock_mhz;
    uint64_t memory_bytes;
    gpu_model model;
    gpu_rates rates;
} gpu_description;

/* The described GPUs; NULL from the first index on that is too large. */
const gpu_description *gr_gpu_description(size_t index);

/* ---- The model of a device (gpu_query.c) ---- */

/* A conservative model for CPUs, and for GPUs of other vendors. */
gpu_model gr_gpu_model_of(const gradus_device *device);

/* Whether it is a GPU of NVIDIA's with tensor cores for bf16: of compute capability 8.0 or later, or unknown. */
bool gr_gpu_has_tensor_cores(const gradus_device *device);

/* ---- Occupancy ---- */

/* The most registers that a work-item can have. */
size_t gr_gpu_registers_most(const gpu_model *model);

/* Work-groups that run on a unit at the same time; 0 if not even one fits. `items` work-items of a group, `registers` of
 * each, `local_bytes` of local memory of a group. */
size_t gr_gpu_groups_per_unit(const gpu_model *model, size_t items, size_t registers, size_t local_bytes);

/* Work-items of a wave in a kernel with this number of registers. */
size_t gr_gpu_wave(const gpu_model *model, size_t registers);

/* Options for compilers: "" or text that begins with a space. */
#define GPU_OPTIONS_SIZE 80

/* So that a work-item uses at most `registers`; for NVIDIA's compiler, and for kernels with WORK_GROUP of
 * kernels/common/work_group.clh. */
void gr_gpu_register_options(const gpu_model *model, size_t registers, char out[GPU_OPTIONS_SIZE]);

/* So that a work-item can use `registers`, for kernels with WORK_GROUP or WAVE. For Intel's compiler: it would make waves
 * of 32 work-items for Max GPUs, which leaves 64 registers to each, and store what is more in memory. */
void gr_gpu_wave_options(const gpu_model *model, size_t registers, char out[GPU_OPTIONS_SIZE]);

#endif
