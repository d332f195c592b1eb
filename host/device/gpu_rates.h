/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast a described GPU is, for estimates (gpu_estimate.h); and these figures by families, for gpu_model.c. None was
 * measured by gradus. Sources:
 *
 * NVIDIA: white papers "H100 Tensor Core GPU architecture", "A100 Tensor Core GPU architecture" (second-level cache: 5,120
 *   bytes a cycle, V100 2,048) and "Ampere GA102 GPU architecture"; "CUDA C++ programming guide" (instructions a cycle,
 *   32 banks of local memory). Latencies: Luo et al., "Benchmarking and dissecting the Nvidia Hopper GPU architecture",
 *   arXiv:2402.13499. 64 bytes a cycle from the second-level cache to a unit: Jia et al., "Dissecting the NVIDIA Volta GPU
 *   architecture", arXiv:1804.06826. The gap between launches: NVIDIA's article "Getting started with CUDA Graphs": a
 *   kernel of 2.9 us takes 3.8 us in a stream.
 * AMD: data sheets of RX 7900 XTX, RX 6800 and MI250; white papers "RDNA" and "CDNA 2"; latencies, rounded: articles of
 *   Chips and Cheese on RDNA 2, RDNA 3 and CDNA 2. On RDNA the "second-level cache" here is the Infinity Cache, since X
 *   fits only there. Instructions that do two things (VOPD, packed FP32) are not assumed.
 * Intel: data sheets of A770, Iris Xe and Max 1100; "oneAPI GPU optimization guide".
 *
 * Assumed, because no figure is published: the second-level cache of H100 is as fast as A100's, that of GA102 as V100's,
 * those of Intel have 2,048 bytes a cycle (Iris Xe 384); Intel's latencies; the gaps of AMD and Intel.
 */
#ifndef GRADUS_DEVICE_GPU_RATES_H
#define GRADUS_DEVICE_GPU_RATES_H

#include <stdbool.h>
#include <stddef.h>

/* "A cycle" is one of a unit (gpu_model.h). */
typedef struct gpu_rates {
    double multiply_adds;      /* fused, of floats, a cycle */
    double instructions;       /* of work-items, a cycle: an instruction of a wave counts once for each lane */
    double local_bytes;        /* a cycle, between work-items and local memory or the first-level cache, together */
    double unit_bytes;         /* a cycle, between a unit and the second-level cache */
    double cache_bytes;        /* a second, between all units and the second-level cache */
    double memory_bytes;       /* a second */
    size_t near_size;          /* bytes of a unit's first-level cache; */
    bool near_has_local;       /* whether local memory is a part of these */
    size_t cache_size;         /* bytes of the second-level cache */
    double local_cycles;       /* until a value arrives from local memory, and of a barrier; */
    double near_cycles;        /* from the first-level cache, */
    double cache_cycles;       /* the second-level one, */
    double memory_cycles;      /* and memory */
    double gap_seconds;        /* from the end of a launch to the beginning of the next one in the queue */
    double submission_seconds; /* of the host for a launch */
} gpu_rates;

/* Of the host for a launch, on all devices: 16 launches took 48 to 80 us in the audit of the GPU code. */
#define SUBMISSION_SECONDS 4e-6

#define NVIDIA_GAP_SECONDS 0.9e-6
#define OTHER_GAP_SECONDS 3e-6

/* fma: multiply-adds a cycle; unified: KB of first-level cache and local memory; cache: MB of the second-level cache, with
 * `bytes` a cycle at `mhz`; memory: GB/s. */
#define NVIDIA_RATES(fma, unified, cache, bytes, mhz, memory)                                                         \
    {                                                                                                                 \
        .multiply_adds = (fma), .instructions = 128, .local_bytes = 128, .unit_bytes = 64,                            \
        .cache_bytes = (bytes) * (mhz)*1e6, .memory_bytes = (memory)*1e9, .near_size = (size_t)(unified) << 10,       \
        .near_has_local = true, .cache_size = (size_t)(cache) << 20, .local_cycles = 29, .near_cycles = 41,           \
        .cache_cycles = 263, .memory_cycles = 479, .gap_seconds = NVIDIA_GAP_SECONDS,                                 \
        .submission_seconds = SUBMISSION_SECONDS                                                                      \
    }

/* A work-group processor; cache: MB of Infinity Cache, with `rate` GB/s. Its two compute units have vector caches with 64
 * bytes a cycle each; local memory has twice as many, which is not counted. */
#define RDNA_RATES(cache, rate, memory)                                                                               \
    {                                                                                                                 \
        .multiply_adds = 128, .instructions = 128, .local_bytes = 128, .unit_bytes = 128, .cache_bytes = (rate)*1e9,  \
        .memory_bytes = (memory)*1e9, .near_size = 64 << 10, .cache_size = (size_t)(cache) << 20, .local_cycles = 60, \
        .near_cycles = 110, .cache_cycles = 420, .memory_cycles = 650, .gap_seconds = OTHER_GAP_SECONDS,              \
        .submission_seconds = SUBMISSION_SECONDS                                                                      \
    }

/* A compute unit of CDNA 2, one die: 2,048 bytes a cycle from 8 MB. */
#define CDNA2_RATES(mhz, memory)                                                                                      \
    {                                                                                                                 \
        .multiply_adds = 64, .instructions = 64, .local_bytes = 64, .unit_bytes = 64,                                 \
        .cache_bytes = 2048 * (mhz)*1e6, .memory_bytes = (memory)*1e9, .near_size = 16 << 10,                         \
        .cache_size = (size_t)8 << 20, .local_cycles = 64, .near_cycles = 120, .cache_cycles = 300,                   \
        .memory_cycles = 800, .gap_seconds = OTHER_GAP_SECONDS, .submission_seconds = SUBMISSION_SECONDS              \
    }

/* A sub-slice; near: KB of first-level cache, of which local memory is a part. */
#define INTEL_RATES(near, cache, bytes, mhz, memory)                                                                  \
    {                                                                                                                 \
        .multiply_adds = 128, .instructions = 128, .local_bytes = 128, .unit_bytes = 64,                              \
        .cache_bytes = (bytes) * (mhz)*1e6, .memory_bytes = (memory)*1e9, .near_size = (size_t)(near) << 10,          \
        .near_has_local = true, .cache_size = (size_t)(cache) << 20, .local_cycles = 60, .near_cycles = 100,          \
        .cache_cycles = 300, .memory_cycles = 800, .gap_seconds = OTHER_GAP_SECONDS,                                  \
        .submission_seconds = SUBMISSION_SECONDS                                                                      \
    }

#endif
