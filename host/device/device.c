/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing a device. */
#include "device/device.h"
#include "core/memory.h"
#include "core/names.h"
#include "device/gpu_model.h"
#include "device/profile.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Note [memory limit]: OpenCL reports a device's total memory, not the free memory, and a GPU often serves a screen,
 * too. An engine therefore plans with nine tenths. GRADUS_MEMORY_LIMIT (bytes, with k, M or G) lowers that, and the
 * largest single buffer with it, for shared devices, and for tests of small ones.
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

/* ---- Options. The first row of each list is the default ---- */

static const struct {
    const char *name;
    kernel_kind on_cpu, elsewhere;
} kernel_choices[] = {
    {"auto", KERNELS_CPU, KERNELS_GPU},
    {"cpu", KERNELS_CPU, KERNELS_CPU},
    {"gpu", KERNELS_GPU, KERNELS_GPU},
};

static const struct {
    const char *name;
    wait_kind on_cpu, elsewhere;
} wait_choices[] = {
    {"auto", WAIT_SPIN, WAIT_SLEEP},
    {"sleep", WAIT_SLEEP, WAIT_SLEEP},
    {"spin", WAIT_SPIN, WAIT_SPIN},
};

static const struct {
    const char *name;
    product_preference choice;
} product_choices[] = {
    {"auto", PRODUCTS_AUTO},
    {"own", PRODUCTS_OWN},
    {"clblast", PRODUCTS_CLBLAST},
};

#define NAME_AT(rows, index) ((index) < sizeof(rows) / sizeof *(rows) ? (rows)[index].name : NULL)

const char *gradus_device_kernels_name(size_t index)
{
    return NAME_AT(kernel_choices, index);
}

const char *gradus_device_wait_name(size_t index)
{
    return NAME_AT(wait_choices, index);
}

const char *gradus_device_products_name(size_t index)
{
    return NAME_AT(product_choices, index);
}

static gradus_status apply_options(gradus_device *device, const gradus_device_options *options)
{
    gradus_status status = GRADUS_OK;
    const bool cpu = device->info.type == GRADUS_DEVICE_CPU;
    size_t kernels = 0, wait = 0, products = 0;
    TRY(gr_name_require("kernels", gradus_device_kernels_name, options->kernels, &kernels));
    TRY(gr_name_require("wait", gradus_device_wait_name, options->wait, &wait));
    TRY(gr_name_require("products", gradus_device_products_name, options->products, &products));
    device->kernels = cpu ? kernel_choices[kernels].on_cpu : kernel_choices[kernels].elsewhere;
    device->wait = cpu ? wait_choices[wait].on_cpu : wait_choices[wait].elsewhere;
    device->products = product_choices[products].choice;
cleanup:
    return status;
}

/* ---- Opening ---- */

static gradus_status find_vector_width(gradus_device *device)
{
    gradus_status status = GRADUS_OK;
    cl_uint width = 0;
    CL_TRY(clGetDeviceInfo(device->id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, sizeof width, &width, NULL));
    device->vector_width = width >= 16 ? 16 : width >= 8 ? 8 : width >= 4 ? 4 : width >= 2 ? 2 : 1;
    device->lanes = width >= 16 ? 16 : 8;
cleanup:
    return status;
}

gradus_device_options gradus_device_options_default(void)
{
    return (gradus_device_options){
        .kernels = kernel_choices[0].name, .wait = wait_choices[0].name, .products = product_choices[0].name};
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
    TRY(gr_shared_create(&device->shared));
    device->info = list[index];
    TRY(apply_options(device, options));
    TRY(gr_device_find(&device->info, &device->id));
    TRY(require_usable(device));
    TRY(gr_device_restrict(device, options->threads));
    TRY(find_vector_width(device));
    device->tensor = gr_gpu_has_tensor_cores(device) ? TENSOR_UNPROVEN : TENSOR_NONE;
    TRY(apply_memory_limit(device));
    CL_TRY_NEW(device->context, clCreateContext(NULL, 1, &device->id, NULL, NULL, &cl_error), device->info.name);
    if (options->profile)
        TRY(gr_profile_create(&device->profile));
    const cl_command_queue_properties properties = options->profile ? CL_QUEUE_PROFILING_ENABLE : 0;
    CL_TRY_NEW(device->queue, clCreateCommandQueue(device->context, device->id, properties, &cl_error),
               device->info.name);
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

void gr_device_at_close(gradus_device *device, void (*release)(void))
{
    size_t i = 0;
    while (i < DEVICE_AT_CLOSE_MAX && device->at_close[i] != NULL && device->at_close[i] != release)
        i++;
    assert(i < DEVICE_AT_CLOSE_MAX);
    device->at_close[i] = release;
}

void gradus_device_close(gradus_device *device)
{
    if (device == NULL)
        return;
    for (size_t i = 0; i < DEVICE_AT_CLOSE_MAX && device->at_close[i] != NULL; i++)
        device->at_close[i]();
    gr_shared_release(device->shared);
    gr_profile_destroy(device->profile);
    if (device->queue != NULL)
        clReleaseCommandQueue(device->queue);
    if (device->context != NULL)
        clReleaseContext(device->context);
    if (device->id != NULL)
        clReleaseDevice(device->id); /* has an effect on subdevices only */
    free(device);
}
