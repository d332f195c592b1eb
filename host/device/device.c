/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing a device. */
#include "device/device.h"
#include "core/memory.h"
#include "device/profile.h"

#include <clblast_c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What depends on no network's shape is built once, here; engines build what does. */
static const char *const general_kernels[] = {"bias.cl",     "expand_bytes.cl", "relu.cl",
                                              "row_sums.cl", "sgd.cl",          "softmax.cl"};

/*
 * Note [memory limit]: OpenCL tells a device's size, not what is free, and a GPU is often shared with a screen. An
 * engine therefore plans with nine tenths. GRADUS_MEMORY_LIMIT (bytes, with k, M or G) lowers that, and the largest
 * single buffer with it, for a shared device and for tests of what happens on a small one.
 */
static gradus_status apply_memory_limit(gradus_device *device)
{
    const char *text = getenv("GRADUS_MEMORY_LIMIT");
    device->memory_limit = device->info.memory_bytes / 10 * 9;
    if (text == NULL || *text == '\0')
        return GRADUS_OK;
    char *end;
    double bytes = strtod(text, &end);
    static const char suffixes[] = "kMG";
    const char *suffix = *end == '\0' ? NULL : strchr(suffixes, *end);
    if (suffix != NULL) {
        for (const char *s = suffixes; s <= suffix; s++)
            bytes *= 1024;
        end++;
    }
    if (end == text || *end != '\0' || !(bytes >= 1 && bytes < 0x1p63))
        return gr_fail(GRADUS_ERROR_ARGUMENT,
                       "GRADUS_MEMORY_LIMIT: found \"%s\", expected bytes, or a number with k, M or G", text);
    if (bytes < (double)device->memory_limit)
        device->memory_limit = (uint64_t)bytes;
    if (device->memory_limit < device->info.max_allocation_bytes)
        device->info.max_allocation_bytes = device->memory_limit;
    return GRADUS_OK;
}

/* "OpenCL 3.0 PoCL ..." must say 1.2 or more, and there must be a compiler. */
static gradus_status require_usable(const gradus_device *device)
{
    gradus_status status = GRADUS_OK;
    unsigned major = 0, minor = 0;
    cl_bool available = CL_FALSE, compiler = CL_FALSE;

    if (sscanf(device->info.version, "OpenCL %u.%u", &major, &minor) != 2 || major * 10 + minor < 12)
        FAIL(GRADUS_ERROR_NO_DEVICE, "%s: has \"%s\", OpenCL 1.2 or later is needed", device->info.name,
             device->info.version);
    CL_TRY(clGetDeviceInfo(device->id, CL_DEVICE_AVAILABLE, sizeof available, &available, NULL));
    CL_TRY(clGetDeviceInfo(device->id, CL_DEVICE_COMPILER_AVAILABLE, sizeof compiler, &compiler, NULL));
    if (!available || !compiler)
        FAIL(GRADUS_ERROR_NO_DEVICE, "%s: its driver says that %s is not available", device->info.name,
             available ? "the compiler" : "the device");
cleanup:
    return status;
}

static gradus_status choose_kernels(const char *name, gradus_device_type type, kernel_kind *out)
{
    if (name == NULL || strcmp(name, "auto") == 0)
        *out = type == GRADUS_DEVICE_CPU ? KERNELS_CPU : KERNELS_GPU;
    else if (strcmp(name, "cpu") == 0)
        *out = KERNELS_CPU;
    else if (strcmp(name, "gpu") == 0)
        *out = KERNELS_GPU;
    else
        return gr_fail(GRADUS_ERROR_ARGUMENT, "kernels \"%s\": expected auto, cpu or gpu", name);
    return GRADUS_OK;
}

gradus_device_options gradus_device_options_default(void)
{
    return (gradus_device_options){.kernels = "auto"};
}

gradus_status gradus_device_open(const char *selector, gradus_device **out)
{
    gradus_device_options options = gradus_device_options_default();
    options.selector = selector;
    return gradus_device_open_with(&options, out);
}

gradus_status gradus_device_open_with(const gradus_device_options *options, gradus_device **out)
{
    gradus_status status = GRADUS_OK;
    const gradus_device_options defaults = gradus_device_options_default();
    gradus_device_info *list = NULL;
    gradus_device *device = NULL;
    size_t count = 0, index = 0;
    const char *reason = NULL;

    if (options == NULL)
        options = &defaults;
    TRY(gradus_device_list(&list, &count));
    TRY(gradus_device_choose(list, count, options->selector, &index, &reason));
    TRY(gr_allocate(1, &device));
    device->info = list[index];
    TRY(choose_kernels(options->kernels, device->info.type, &device->kernels));
    TRY(gr_device_find(&device->info, &device->id));
    TRY(require_usable(device));
    TRY(apply_memory_limit(device));
    CL_TRY_NEW(device->context, clCreateContext(NULL, 1, &device->id, NULL, NULL, &cl_error), device->info.name);
    if (options->profile)
        TRY(gr_profile_create(&device->profile));
    const cl_command_queue_properties properties = options->profile ? CL_QUEUE_PROFILING_ENABLE : 0;
    CL_TRY_NEW(device->queue, clCreateCommandQueue(device->context, device->id, properties, &cl_error),
               device->info.name);
    TRY(gr_program_build(device->context, device->id, general_kernels,
                         sizeof general_kernels / sizeof *general_kernels, "", &device->program));
    *out = device;
    device = NULL;
cleanup:
    gradus_device_close(device);
    free(list);
    return status;
}

const gradus_device_info *gradus_device_get_info(const gradus_device *device)
{
    return &device->info;
}

void gradus_device_close(gradus_device *device)
{
    if (device == NULL)
        return;
    /* CLBlast keeps programs per context in a cache of its own, which would keep the context alive. */
    CLBlastClearCache();
    gr_profile_destroy(device->profile);
    if (device->program != NULL)
        clReleaseProgram(device->program);
    if (device->queue != NULL)
        clReleaseCommandQueue(device->queue);
    if (device->context != NULL)
        clReleaseContext(device->context);
    free(device);
}
