/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Occupancy, and the described GPUs. Sources:
 *
 * NVIDIA: cuda_occupancy.h of the CUDA toolkit (13.0); CUDA C++ programming guide, "Technical specifications per compute
 *   capability"; white papers "H100 Tensor Core GPU architecture" and "Ampere GA102 GPU architecture".
 * AMD: AMDGPUBaseInfo.cpp of LLVM (granularity and number of VGPRs, waves, groups with barriers); "CDNA 2" and "RDNA 3"
 *   instruction set architecture; data sheets of MI250 and RX 7900 XTX. On RDNA, OpenCL's compute unit is a work-group
 *   processor: two compute units, and the local memory of both.
 * Intel: "GPU Occupancy Calculator" of oneAPI samples (threads, local memory, barriers), "oneAPI GPU Optimization Guide"
 *   (register modes). OpenCL's compute units are vector engines (EUs), 16 of which are a sub-slice (Xe core).
 */
#include "device/gpu_model.h"
#include "core/memory.h"
#include "device/gpu_families.h"

#include <stdio.h>

/* ---- The described GPUs ---- */

#define MB ((uint64_t)1 << 20)
#define GB ((uint64_t)1 << 30)

static const gpu_description descriptions[] = {
    {"h100", "NVIDIA H100 80GB HBM3", "NVIDIA Corporation", 132, 1755, 80 * GB - 500 * MB,
     NVIDIA_MODEL(132, 64, 32, 228, 1), NVIDIA_RATES(128, 256, 50, 5120, 1755, 3350)},
    {"a100", "NVIDIA A100-SXM4-80GB", "NVIDIA Corporation", 108, 1410, 80 * GB - 500 * MB,
     NVIDIA_MODEL(108, 64, 32, 164, 1), NVIDIA_RATES(64, 192, 40, 5120, 1410, 2039)},
    {"rtx3090", "NVIDIA GeForce RTX 3090", "NVIDIA Corporation", 82, 1695, 24 * GB - 300 * MB,
     NVIDIA_MODEL(82, 48, 16, 100, 1), NVIDIA_RATES(128, 128, 6, 2048, 1695, 936)},
    {"rx7900", "gfx1100", "Advanced Micro Devices, Inc.", 48, 2500, 24 * GB - 16 * MB, RDNA_MODEL(48, 1536, 24),
     RDNA_RATES(96, 3500, 960)}, /* XTX */
    {"rx6800", "gfx1030", "Advanced Micro Devices, Inc.", 30, 2100, 16 * GB - 16 * MB, RDNA_MODEL(30, 1024, 16),
     RDNA_RATES(128, 1940, 512)},
    {"mi250", "gfx90a:sramecc+:xnack-", "Advanced Micro Devices, Inc.", 104, 1700,
     64 * GB - 16 * MB, /* one of two dies */
     CDNA2_MODEL(104), CDNA2_RATES(1700, 1638)},
    {"a770", "Intel(R) Arc(TM) A770 Graphics", "Intel(R) Corporation", 512, 2100, 16 * GB - 300 * MB,
     INTEL_MODEL(32, 1024, 64, 16, 8, 8, true), INTEL_RATES(192, 16, 2048, 2100, 560)},
    {"irisxe", "Intel(R) Iris(R) Xe Graphics", "Intel(R) Corporation", 96, 1300, 12 * GB, /* of the host's memory */
     INTEL_MODEL(6, 512, 64, 16, 7, 8, false), INTEL_RATES(192, 4, 384, 1300, 68)},
    {"max1100", "Intel(R) Data Center GPU Max 1100", "Intel(R) Corporation", 448, 1550, 48 * GB - 300 * MB,
     INTEL_MODEL(56, 1024, 128, 8, 8, 16, true), INTEL_RATES(512, 108, 2048, 1550, 1229)},
};

const gpu_description *gr_gpu_description(size_t index)
{
    return index < sizeof descriptions / sizeof *descriptions ? &descriptions[index] : NULL;
}

/* ---- Occupancy ---- */

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t gr_gpu_registers_most(const gpu_model *model)
{
    return model->wave_words_most / model->wave_least;
}

/* Intel's compiler tries waves of 32, 16 and 8 work-items, and takes the first with which a thread's registers
 * suffice. */
size_t gr_gpu_wave(const gpu_model *model, size_t registers)
{
    size_t wave = model->wave_most;
    while (wave > model->wave_least && registers * wave > model->wave_words)
        wave /= 2;
    return wave;
}

/* Bytes of a unit's local memory that a group of `bytes` takes. */
static size_t local_allocation(const gpu_model *model, size_t bytes)
{
    if (model->local_step > 0)
        return gr_round_up(bytes + model->local_reserved, model->local_step);
    size_t power = bytes == 0 ? 0 : 1024;
    while (power < bytes)
        power *= 2;
    return power;
}

/* Groups of `waves` waves with `words` registers each that fit into the partitions' registers. The hardware divides a
 * group's waves evenly, so the first group must fit when they are rounded up to full partitions. */
static size_t groups_by_registers(const gpu_model *model, size_t waves, size_t words)
{
    const size_t resident = smaller(model->partition_waves, model->partition_words / words);
    return gr_divide_up(waves, model->partitions) > resident ? 0 : resident * model->partitions / waves;
}

size_t gr_gpu_groups_per_unit(const gpu_model *model, size_t items, size_t registers, size_t local_bytes)
{
    if (items == 0 || items > model->group_items || registers > gr_gpu_registers_most(model) ||
        local_bytes > model->group_local_bytes)
        return 0;
    const size_t wave = gr_gpu_wave(model, registers);
    const size_t waves = gr_divide_up(items, wave);
    const size_t words = gr_round_up((registers == 0 ? 1 : registers) * wave, model->wave_words);
    const size_t local = local_allocation(model, local_bytes);
    size_t groups = groups_by_registers(model, waves, words);
    groups = smaller(groups, waves > 1 ? model->unit_barrier_groups : model->unit_groups);
    return local == 0 ? groups : smaller(groups, model->unit_local_bytes / local);
}

void gr_gpu_register_options(const gpu_model *model, size_t registers, char out[GPU_OPTIONS_SIZE])
{
    out[0] = '\0';
    if (model->vendor == GPU_NVIDIA && registers < gr_gpu_registers_most(model))
        snprintf(out, GPU_OPTIONS_SIZE, " -D LIMITED_REGISTERS=1 -cl-nv-maxrregcount=%zu", registers);
}

void gr_gpu_wave_options(const gpu_model *model, size_t registers, char out[GPU_OPTIONS_SIZE])
{
    const size_t wave = gr_gpu_wave(model, registers);
    out[0] = '\0';
    if (model->vendor == GPU_INTEL)
        snprintf(out, GPU_OPTIONS_SIZE, " -D SUB_GROUP=%zu%s", wave,
                 registers * wave > model->wave_words ? " -cl-intel-256-GRF-per-thread" : "");
}
