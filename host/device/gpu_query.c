/* SPDX-License-Identifier: Apache-2.0 */
/* The model of a device, from what its driver reports through OpenCL and the vendors' extensions. */
#include "device/device.h"
#include "device/gpu_families.h"

#include <CL/cl_ext.h>
#include <stdio.h>
#include <string.h>

/* A number of 32 bits; `otherwise` if the driver does not know it. */
static size_t query(const gradus_device *device, cl_device_info what, size_t otherwise)
{
    cl_uint value = 0;
    return clGetDeviceInfo(device->id, what, sizeof value, &value, NULL) == CL_SUCCESS ? value : otherwise;
}

/* The same for a number of type size_t. */
static size_t query_size(const gradus_device *device, cl_device_info what, size_t otherwise)
{
    size_t value = 0;
    return clGetDeviceInfo(device->id, what, sizeof value, &value, NULL) == CL_SUCCESS ? value : otherwise;
}

/* ---- NVIDIA ---- */

/* Multiprocessors by compute capability, 10 major + minor: each row is for its capability and those up to the next. */
static const struct {
    size_t capability;
    gpu_model model;
} multiprocessors[] = {
    {50, NVIDIA_MODEL(0, 64, 32, 64, 0)},   {52, NVIDIA_MODEL(0, 64, 32, 96, 0)},
    {53, NVIDIA_MODEL(0, 64, 32, 64, 0)},   {61, NVIDIA_MODEL(0, 64, 32, 96, 0)},
    {62, NVIDIA_MODEL(0, 64, 32, 64, 0)},   {70, NVIDIA_MODEL(0, 64, 32, 96, 0)},
    {75, NVIDIA_MODEL(0, 32, 16, 64, 0)},   {80, NVIDIA_MODEL(0, 64, 32, 164, 1)},
    {86, NVIDIA_MODEL(0, 48, 16, 100, 1)},  {89, NVIDIA_MODEL(0, 48, 24, 100, 1)},
    {90, NVIDIA_MODEL(0, 64, 32, 228, 1)},  {110, NVIDIA_MODEL(0, 48, 24, 228, 1)},
    {120, NVIDIA_MODEL(0, 48, 24, 100, 1)},
};

static size_t nvidia_capability(const gradus_device *device)
{
    return 10 * query(device, CL_DEVICE_COMPUTE_CAPABILITY_MAJOR_NV, 0) +
           query(device, CL_DEVICE_COMPUTE_CAPABILITY_MINOR_NV, 0);
}

static bool query_nvidia(const gradus_device *device, gpu_model *out)
{
    const size_t capability = nvidia_capability(device);
    bool known = false;
    for (size_t i = 0; i < sizeof multiprocessors / sizeof *multiprocessors; i++)
        if (multiprocessors[i].capability <= capability) {
            *out = multiprocessors[i].model;
            known = true;
        }
    if (capability < 80)
        out->local_step = 256;
    return known;
}

#define TENSOR_CAPABILITY 80

bool gr_gpu_has_tensor_cores(const gradus_device *device)
{
    if (device->info.type != GRADUS_DEVICE_GPU || strstr(device->info.vendor, "NVIDIA") == NULL)
        return false;
    const size_t capability = nvidia_capability(device);
    return capability == 0 || capability >= TENSOR_CAPABILITY;
}

/* ---- AMD ---- */

/* Whether the device's name, "gfx90a:sramecc+:xnack-", begins like this. */
static bool is_named(const gradus_device *device, const char *start)
{
    return strncmp(device->info.name, start, strlen(start)) == 0;
}

static gpu_model amd_family(const gradus_device *device)
{
    if (is_named(device, "gfx90a") || is_named(device, "gfx94") || is_named(device, "gfx95"))
        return (gpu_model)CDNA2_MODEL(0);
    if (is_named(device, "gfx1100") || is_named(device, "gfx1101") || is_named(device, "gfx1151") ||
        is_named(device, "gfx12"))
        return (gpu_model)RDNA_MODEL(0, 1536, 24);
    if (is_named(device, "gfx10") || is_named(device, "gfx11"))
        return (gpu_model)RDNA_MODEL(0, 1024, 16);
    return (gpu_model)GCN_MODEL(0);
}

static bool query_amd(const gradus_device *device, gpu_model *out)
{
    *out = amd_family(device);
    const size_t wave = query(device, CL_DEVICE_WAVEFRONT_WIDTH_AMD, out->wave_most);
    out->wave_words = out->wave_words / out->wave_most * wave;
    out->wave_words_most = out->wave_words_most / out->wave_most * wave;
    out->wave_most = out->wave_least = wave;
    return true;
}

/* ---- Intel ---- */

#define IP_VERSION(major, minor) ((size_t)(major) << 24 | (size_t)(minor) << 16)

static bool query_intel(const gradus_device *device, gpu_model *out)
{
    const size_t version = query(device, CL_DEVICE_IP_VERSION_INTEL, 0);
    const size_t engines = query(device, CL_DEVICE_NUM_EUS_PER_SUB_SLICE_INTEL, 16);
    const size_t threads = query(device, CL_DEVICE_NUM_THREADS_PER_EU_INTEL, 7);
    const size_t sub_slices = query(device, CL_DEVICE_NUM_SLICES_INTEL, 1) *
                              query(device, CL_DEVICE_NUM_SUB_SLICES_PER_SLICE_INTEL, device->info.compute_units / 16);
    /* Ponte Vecchio, and Xe2 and later, have registers of 64 bytes. */
    const bool wide = (version >= IP_VERSION(12, 60) && version < IP_VERSION(12, 70)) || version >= IP_VERSION(20, 0);
    const size_t grf = wide ? 16 : 8;
    *out = (gpu_model)INTEL_MODEL(sub_slices, 0, 0, engines, threads, grf, threads >= 8);
    if (version < IP_VERSION(12, 0))
        out->unit_local_bytes = 64 << 10;
    return engines > 0 && threads > 0;
}

/* ---- Any ---- */

static gpu_model other_model(void)
{
    gpu_model model = NVIDIA_MODEL(0, 32, 4, 0, 0);
    model.vendor = GPU_OTHER;
    return model;
}

/* Vendors' names, and a function each that returns false if the driver does not report enough. */
static const struct {
    const char *vendor;
    bool (*query)(const gradus_device *, gpu_model *);
} vendors[] = {
    {"NVIDIA", query_nvidia},
    {"Advanced Micro Devices", query_amd},
    {"Intel", query_intel},
};

gpu_model gr_gpu_model_of(const gradus_device *device)
{
    gpu_model model = {0};
    bool known = false;
    for (size_t i = 0; device->info.type == GRADUS_DEVICE_GPU && i < sizeof vendors / sizeof *vendors; i++)
        if (strstr(device->info.vendor, vendors[i].vendor) != NULL)
            known = vendors[i].query(device, &model);
    if (!known)
        model = other_model();
    if (model.units == 0)
        model.units = device->info.compute_units > 0 ? device->info.compute_units : 1;
    const size_t reported = query_size(device, CL_DEVICE_MAX_WORK_GROUP_SIZE, 1);
    const size_t items =
        model.vendor == GPU_AMD ? query_size(device, CL_DEVICE_MAX_WORK_GROUP_SIZE_AMD, reported) : reported;
    model.group_items = items < 1024 ? items : 1024;
    model.group_local_bytes = (size_t)device->info.local_memory_bytes;
    if (model.unit_local_bytes < model.group_local_bytes)
        model.unit_local_bytes = model.group_local_bytes + model.local_reserved;
    return model;
}
