/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the devices of all platforms, sorts them, and chooses one. */
#include "core/memory.h"
#include "device/device.h"
#include "device/loader.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- One device's description ---- */

static void query_text(cl_device_id device, cl_device_info what, char out[128])
{
    size_t length = 0;
    char text[1024] = "";
    if (clGetDeviceInfo(device, what, 0, NULL, &length) == CL_SUCCESS && length <= sizeof text)
        clGetDeviceInfo(device, what, sizeof text, text, NULL);
    const char *start = text + strspn(text, " ");
    snprintf(out, 128, "%.127s", start);
    for (size_t end = strlen(out); end > 0 && isspace((unsigned char)out[end - 1]); end--)
        out[end - 1] = '\0';
}

static uint64_t query_number(cl_device_id device, cl_device_info what, size_t size)
{
    /* OpenCL writes 4 or 8 bytes, little-endian on all supported hosts; the rest stays zero. */
    uint64_t value = 0;
    if (clGetDeviceInfo(device, what, size, &value, NULL) != CL_SUCCESS)
        return 0;
    return value;
}

static void describe(cl_device_id device, gradus_device_info *out)
{
    query_text(device, CL_DEVICE_NAME, out->name);
    query_text(device, CL_DEVICE_VENDOR, out->vendor);
    query_text(device, CL_DEVICE_VERSION, out->version);
    query_text(device, CL_DRIVER_VERSION, out->driver);
    const uint64_t type = query_number(device, CL_DEVICE_TYPE, sizeof(cl_device_type));
    out->type = type & CL_DEVICE_TYPE_GPU   ? GRADUS_DEVICE_GPU
                : type & CL_DEVICE_TYPE_CPU ? GRADUS_DEVICE_CPU
                                            : GRADUS_DEVICE_ACCELERATOR;
    out->discrete = out->type != GRADUS_DEVICE_CPU &&
                    query_number(device, CL_DEVICE_HOST_UNIFIED_MEMORY, sizeof(cl_bool)) == CL_FALSE;
    out->compute_units = (unsigned)query_number(device, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof(cl_uint));
    out->clock_mhz = (unsigned)query_number(device, CL_DEVICE_MAX_CLOCK_FREQUENCY, sizeof(cl_uint));
    out->memory_bytes = query_number(device, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof(cl_ulong));
    out->max_allocation_bytes = query_number(device, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof(cl_ulong));
    out->local_memory_bytes = query_number(device, CL_DEVICE_LOCAL_MEM_SIZE, sizeof(cl_ulong));
}

/* ---- All platforms ---- */

static gradus_status get_platforms(cl_platform_id **out, cl_uint *count)
{
    gradus_status status = GRADUS_OK;
    cl_platform_id *platforms = NULL;
    cl_uint found = 0;

    /* The ICD loader reports "no platform" as an error of its own (-1001); in both cases there is none. */
    if (clGetPlatformIDs(0, NULL, &found) != CL_SUCCESS || found == 0) {
        status = gr_loader_explain();
        goto cleanup;
    }
    TRY(gr_allocate(found, &platforms));
    CL_TRY(clGetPlatformIDs(found, platforms, NULL));
    *out = platforms;
    *count = found;
    platforms = NULL;
cleanup:
    free(platforms);
    return status;
}

static gradus_status get_devices(cl_platform_id platform, cl_device_id **out, cl_uint *count)
{
    gradus_status status = GRADUS_OK;
    cl_device_id *devices = NULL;
    cl_uint found = 0;

    *out = NULL;
    *count = 0;
    if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, NULL, &found) != CL_SUCCESS || found == 0)
        return GRADUS_OK;
    TRY(gr_allocate(found, &devices));
    if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, found, devices, NULL) != CL_SUCCESS)
        goto cleanup; /* a broken platform does not hide the others */
    *out = devices;
    *count = found;
    devices = NULL;
cleanup:
    free(devices);
    return status;
}

/* Appends one platform's devices to the list. */
static gradus_status append_platform(cl_platform_id platform, unsigned platform_index, gradus_device_info **list,
                                     size_t *count)
{
    gradus_status status = GRADUS_OK;
    cl_device_id *devices = NULL;
    cl_uint found = 0;
    char name[128] = "";

    TRY(get_devices(platform, &devices, &found));
    if (found == 0)
        goto cleanup;
    clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof name - 1, name, NULL);
    gradus_device_info *longer = realloc(*list, (*count + found) * sizeof *longer);
    if (longer == NULL)
        FAIL(GRADUS_ERROR_MEMORY, "out of memory: the list of devices");
    *list = longer;
    for (cl_uint d = 0; d < found; d++) {
        gradus_device_info *info = &longer[(*count)++];
        *info = (gradus_device_info){.platform_index = platform_index, .device_index = d};
        snprintf(info->platform, sizeof info->platform, "%s", name);
        describe(devices[d], info);
    }
cleanup:
    free(devices);
    return status;
}

static bool comes_before(const gradus_device_info *a, const gradus_device_info *b)
{
    return a->type != b->type ? a->type < b->type : a->discrete && !b->discrete;
}

/* Insertion sort: stable, so that OpenCL's order decides between equal ones, and lists are short. */
static void sort_devices(gradus_device_info *list, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const gradus_device_info moving = list[i];
        size_t j = i;
        for (; j > 0 && comes_before(&moving, &list[j - 1]); j--)
            list[j] = list[j - 1];
        list[j] = moving;
    }
}

gradus_status gradus_device_list(gradus_device_info **out, size_t *out_count)
{
    gradus_status status = GRADUS_OK;
    cl_platform_id *platforms = NULL;
    cl_uint platform_count = 0;
    gradus_device_info *list = NULL;
    size_t count = 0;

    TRY(get_platforms(&platforms, &platform_count));
    for (cl_uint p = 0; p < platform_count; p++)
        TRY(append_platform(platforms[p], p, &list, &count));
    if (count == 0) {
        char name[128] = "?";
        clGetPlatformInfo(platforms[0], CL_PLATFORM_NAME, sizeof name - 1, name, NULL);
        FAIL(GRADUS_ERROR_NO_DEVICE,
             "no OpenCL device: %u platform%s (%s) but no device on any; is the device present and its driver loaded?",
             (unsigned)platform_count, platform_count == 1 ? "" : "s", name);
    }
    sort_devices(list, count);
    *out = list;
    *out_count = count;
    list = NULL;
cleanup:
    free(list);
    free(platforms);
    return status;
}

void gradus_device_list_free(gradus_device_info *list)
{
    free(list);
}

gradus_status gr_device_find(const gradus_device_info *info, cl_device_id *out)
{
    gradus_status status = GRADUS_OK;
    cl_platform_id *platforms = NULL;
    cl_device_id *devices = NULL;
    cl_uint platform_count = 0, count = 0;

    TRY(get_platforms(&platforms, &platform_count));
    if (info->platform_index < platform_count)
        TRY(get_devices(platforms[info->platform_index], &devices, &count));
    if (info->device_index >= count)
        FAIL(GRADUS_ERROR_NO_DEVICE, "device %u:%u (%s) has disappeared", info->platform_index, info->device_index,
             info->name);
    *out = devices[info->device_index];
cleanup:
    free(devices);
    free(platforms);
    return status;
}

/* ---- Choosing ---- */

static bool contains(const char *text, const char *part)
{
    for (; *text != '\0'; text++)
        if (strncasecmp(text, part, strlen(part)) == 0)
            return true;
    return false;
}

/* Returns the reason why a device fits the selector, or NULL. The kinds of selectors are tried in this order; a number
 * that is not an index of the `count` devices may be part of a name, as in "4090". */
static const char *fits(const gradus_device_info *info, size_t index, size_t count, const char *selector)
{
    unsigned p, d;
    int length = -1;
    if (sscanf(selector, "%u%n", &p, &length) == 1 && selector[length] == '\0' && p < count)
        return p == index ? "selected by its index" : NULL;
    if (sscanf(selector, "%u:%u%n", &p, &d, &length) == 2 && selector[length] == '\0')
        return p == info->platform_index && d == info->device_index ? "selected by platform and device number" : NULL;
    if (strcasecmp(selector, "gpu") == 0)
        return info->type == GRADUS_DEVICE_GPU ? "the first GPU" : NULL;
    if (strcasecmp(selector, "cpu") == 0)
        return info->type == GRADUS_DEVICE_CPU ? "the first CPU" : NULL;
    if (contains(info->name, selector) || contains(info->vendor, selector) || contains(info->platform, selector))
        return "the first whose name, vendor or platform contains the selector";
    return NULL;
}

static const char *reason_for_first(const gradus_device_info *list, size_t count)
{
    if (count == 1)
        return "the only device";
    switch (list[0].type) {
    case GRADUS_DEVICE_GPU:
        return list[0].discrete ? "the first discrete GPU" : "the first GPU; none is discrete";
    case GRADUS_DEVICE_ACCELERATOR:
        return "the first accelerator; there is no GPU";
    case GRADUS_DEVICE_CPU:
        break;
    }
    return "the first CPU; there is no GPU";
}

gradus_status gradus_device_choose(const gradus_device_info *list, size_t count, const char *selector, size_t *index,
                                   const char **reason)
{
    if (selector == NULL || *selector == '\0')
        selector = getenv("GRADUS_DEVICE");
    if (count > 0 && (selector == NULL || *selector == '\0')) {
        *index = 0;
        *reason = reason_for_first(list, count);
        return GRADUS_OK;
    }
    for (size_t i = 0; i < count; i++) {
        const char *why = fits(&list[i], i, count, selector);
        if (why != NULL) {
            *index = i;
            *reason = why;
            return GRADUS_OK;
        }
    }
    return gr_fail(GRADUS_ERROR_NO_DEVICE,
                   "device \"%s\": found no such device among %zu, expected an index, P:D, gpu, cpu or part of a name",
                   selector == NULL ? "" : selector, count);
}
