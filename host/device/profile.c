/* SPDX-License-Identifier: Apache-2.0 */
/* Events of launches, kept until their times are added up by kernel. */
#include "device/profile.h"
#include "core/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct profile_record {
    char name[GRADUS_KERNEL_NAME_MAX];
    bool several; /* several kernels; the event is that of the last one */
    cl_event event;
} profile_record;

struct profile {
    bool running;
    profile_record *records; /* (capacity) */
    size_t count, capacity;
};

static void forget_records(struct profile *p)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->records[i].event != NULL)
            clReleaseEvent(p->records[i].event);
    p->count = 0;
}

gradus_status gr_profile_create(struct profile **out)
{
    return gr_allocate(1, out);
}

void gr_profile_destroy(struct profile *p)
{
    if (p == NULL)
        return;
    forget_records(p);
    free(p->records);
    free(p);
}

static gradus_status make_room(struct profile *p)
{
    if (p->count < p->capacity)
        return GRADUS_OK;
    const size_t capacity = p->capacity == 0 ? 1024 : 2 * p->capacity;
    profile_record *longer = realloc(p->records, capacity * sizeof *longer);
    if (longer == NULL)
        return gr_fail(GRADUS_ERROR_MEMORY, "out of memory: a profile of %zu launches", capacity);
    p->records = longer;
    p->capacity = capacity;
    return GRADUS_OK;
}

gradus_status gr_profile_next(gradus_device *device, cl_kernel kernel, const char *what, cl_event **event)
{
    gradus_status status = GRADUS_OK;
    struct profile *p = device->profile;
    *event = NULL;
    if (p == NULL || !p->running)
        return GRADUS_OK;
    TRY(make_room(p));
    profile_record *record = &p->records[p->count];
    *record = (profile_record){.several = kernel == NULL};
    if (kernel == NULL)
        snprintf(record->name, sizeof record->name, "%s", what);
    else
        CL_TRY(clGetKernelInfo(kernel, CL_KERNEL_FUNCTION_NAME, sizeof record->name, record->name, NULL));
    p->count++;
    *event = &record->event;
cleanup:
    return status;
}

gradus_status gr_profile_start(gradus_device *device)
{
    if (device->profile == NULL)
        return gr_fail(GRADUS_ERROR_ARGUMENT, "%s was not opened for profiles", device->info.name);
    device->profile->running = true;
    return GRADUS_OK;
}

/* ---- Adding up ---- */

static gradus_kernel_time *find_kernel(gradus_profile *result, const char *name)
{
    for (size_t i = 0; i < result->kernel_count; i++)
        if (strcmp(result->kernels[i].name, name) == 0)
            return &result->kernels[i];
    if (result->kernel_count == GRADUS_PROFILE_KERNELS_MAX)
        return NULL;
    gradus_kernel_time *added = &result->kernels[result->kernel_count++];
    *added = (gradus_kernel_time){0};
    snprintf(added->name, sizeof added->name, "%s", name);
    return added;
}

/* *previous_end is the end of the previous launch, in nanoseconds; 0: none. */
static gradus_status add_record(const profile_record *record, cl_ulong *previous_end, gradus_profile *result)
{
    gradus_status status = GRADUS_OK;
    cl_ulong start = 0, end = 0;
    gradus_kernel_time *kernel = find_kernel(result, record->name);

    if (kernel == NULL)
        FAIL(GRADUS_ERROR_DEVICE, "a profile has room for %d kernels, there are more", GRADUS_PROFILE_KERNELS_MAX);
    CL_TRY(clGetEventProfilingInfo(record->event, CL_PROFILING_COMMAND_START, sizeof start, &start, NULL));
    CL_TRY(clGetEventProfilingInfo(record->event, CL_PROFILING_COMMAND_END, sizeof end, &end, NULL));
    if (record->several && *previous_end > 0 && *previous_end < start)
        start = *previous_end;
    kernel->launches++;
    kernel->seconds += 1e-9 * (double)(end - start);
    *previous_end = end;
cleanup:
    return status;
}

gradus_status gr_profile_stop(gradus_device *device, gradus_profile *result)
{
    gradus_status status = GRADUS_OK;
    struct profile *p = device->profile;
    cl_ulong previous_end = 0;
    p->running = false;
    CL_TRY(clFinish(device->queue));
    for (size_t i = 0; i < p->count; i++)
        TRY(add_record(&p->records[i], &previous_end, result));
cleanup:
    forget_records(p);
    return status;
}
