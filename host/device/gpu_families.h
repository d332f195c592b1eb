/* SPDX-License-Identifier: Apache-2.0 */
/* The models of families of GPUs, as initializers, for gpu_model.c and gpu_query.c; sources in gpu_model.c. */
#ifndef GRADUS_DEVICE_GPU_FAMILIES_H
#define GRADUS_DEVICE_GPU_FAMILIES_H

#include "device/gpu_model.h"

/* A multiprocessor of compute capability 5 and later: `warps` and `groups` at the same time, `local` KB of shared memory,
 * of which a group takes `reserved` KB besides its own. OpenCL allows a group 48 KB. */
#define NVIDIA_MODEL(multiprocessors, warps, groups, local, reserved)                                                 \
    {                                                                                                                 \
        .vendor = GPU_NVIDIA, .units = (multiprocessors), .group_items = 1024, .group_local_bytes = 48 << 10,         \
        .wave_most = 32, .wave_least = 32, .partitions = 4, .partition_waves = (warps) / 4, .partition_words = 16384, \
        .wave_words = 256, .wave_words_most = 255 * 32, .unit_groups = (groups), .unit_barrier_groups = (groups),     \
        .unit_local_bytes = (size_t)(local) << 10, .local_step = 128, .local_reserved = (size_t)(reserved) << 10      \
    }

/* An RDNA work-group processor: 4 SIMDs with `vgprs` registers for each of 32 lanes, in steps of `step`. */
#define RDNA_MODEL(processors, vgprs, step)                                                                           \
    {                                                                                                                 \
        .vendor = GPU_AMD, .units = (processors), .group_items = 1024, .group_local_bytes = 64 << 10,                 \
        .wave_most = 32, .wave_least = 32, .partitions = 4, .partition_waves = 16, .partition_words = (vgprs)*32,     \
        .wave_words = (step)*32, .wave_words_most = 256 * 32, .unit_groups = 64, .unit_barrier_groups = 32,           \
        .unit_local_bytes = 128 << 10, .local_step = 512                                                              \
    }

/* A compute unit of CDNA 2 and 3: 4 SIMDs with 512 registers (256 VGPRs and 256 AGPRs) for each of 64 lanes. */
#define CDNA2_MODEL(compute_units)                                                                                    \
    {                                                                                                                 \
        .vendor = GPU_AMD, .units = (compute_units), .group_items = 1024, .group_local_bytes = 64 << 10,              \
        .wave_most = 64, .wave_least = 64, .partitions = 4, .partition_waves = 8, .partition_words = 512 * 64,        \
        .wave_words = 8 * 64, .wave_words_most = 512 * 64, .unit_groups = 32, .unit_barrier_groups = 16,              \
        .unit_local_bytes = 64 << 10, .local_step = 512                                                               \
    }

/* A compute unit of GCN and CDNA 1: 4 SIMDs with 256 registers for each of 64 lanes. */
#define GCN_MODEL(compute_units)                                                                                      \
    {                                                                                                                 \
        .vendor = GPU_AMD, .units = (compute_units), .group_items = 256, .group_local_bytes = 32 << 10,               \
        .wave_most = 64, .wave_least = 64, .partitions = 4, .partition_waves = 10, .partition_words = 256 * 64,       \
        .wave_words = 4 * 64, .wave_words_most = 256 * 64, .unit_groups = 40, .unit_barrier_groups = 16,              \
        .unit_local_bytes = 64 << 10, .local_step = 512                                                               \
    }

/* A sub-slice of `engines` vector engines (EUs) with `threads` threads each, which have 128 registers of `grf` words;
 * `large`: half of the threads can have 256. A work-group has at most `items` work-items, and `local` KB. */
#define INTEL_MODEL(sub_slices, items, local, engines, threads, grf, large)                                           \
    {                                                                                                                 \
        .vendor = GPU_INTEL, .units = (sub_slices), .group_items = (items), .group_local_bytes = (local) << 10,       \
        .wave_most = 32, .wave_least = (grf), .partitions = (engines), .partition_waves = (threads),                  \
        .partition_words = (threads) * (grf)*128, .wave_words = (grf)*128,                                            \
        .wave_words_most = (grf) * ((large) ? 256 : 128), .unit_groups = (engines) * (threads),                       \
        .unit_barrier_groups = 32, .unit_local_bytes = 128 << 10                                                      \
    }

#endif
