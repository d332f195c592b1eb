/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels with their arguments and range. */
#include "core/memory.h"
#include "device/device.h"
#include "device/profile.h"

#include <string.h>

/* Enough for a GPU's wavefront and a CPU's vectors; no kernel here gains from more. */
#define WORK_GROUP_SIZE 64

gradus_status gr_launch_create_with(gradus_device *device, const char *file, const char *options, const char *kernel,
                                    size_t items, const kernel_argument *arguments, size_t argument_count, launch *out)
{
    gradus_status status = GRADUS_OK;
    launch prepared = {0};
    cl_program program = NULL;
    size_t limit = 0;

    TRY(gr_program_share(device, file, options, &program));
    TRY(gr_launch_create_in(program, kernel, items, 1, arguments, argument_count, &prepared));
    CL_TRY(
        clGetKernelWorkGroupInfo(prepared.kernel, device->id, CL_KERNEL_WORK_GROUP_SIZE, sizeof limit, &limit, NULL));
    prepared.local = limit < WORK_GROUP_SIZE ? limit : WORK_GROUP_SIZE;
    prepared.global = gr_divide_up(items, prepared.local) * prepared.local;
    *out = prepared;
    prepared.kernel = NULL;
cleanup:
    gr_launch_destroy(&prepared);
    return status;
}

gradus_status gr_launch_create(gradus_device *device, const char *file, const char *kernel, size_t items,
                               const kernel_argument *arguments, size_t argument_count, launch *out)
{
    return gr_launch_create_with(device, file, "", kernel, items, arguments, argument_count, out);
}

gradus_status gr_launch_create_groups(gradus_device *device, const char *file, const char *kernel, size_t groups,
                                      size_t local, const kernel_argument *arguments, size_t argument_count,
                                      launch *out)
{
    gradus_status status = GRADUS_OK;
    cl_program program = NULL;
    TRY(gr_program_share(device, file, "", &program));
    TRY(gr_launch_create_in(program, kernel, groups * local, local, arguments, argument_count, out));
cleanup:
    return status;
}

static gradus_status set_argument(launch *prepared, size_t index, kernel_argument argument)
{
    gradus_status status = GRADUS_OK;
    CL_TRY(clSetKernelArg(prepared->kernel, (cl_uint)index, argument.size, argument.value));
cleanup:
    return status;
}

static void remember_varying(launch *prepared, size_t size, const void *varying)
{
    prepared->varying_size = size <= LAUNCH_VARYING ? size : 0;
    memcpy(prepared->varying, varying, prepared->varying_size);
}

gradus_status gr_launch_create_in(cl_program program, const char *kernel, size_t global, size_t local,
                                  const kernel_argument *arguments, size_t argument_count, launch *out)
{
    gradus_status status = GRADUS_OK;
    launch prepared = {.global = global, .local = local};

    CL_TRY_NEW(prepared.kernel, clCreateKernel(program, kernel, &cl_error), kernel);
    for (size_t i = 0; i < argument_count; i++)
        TRY(set_argument(&prepared, i, arguments[i]));
    if (argument_count > 0)
        remember_varying(&prepared, arguments[0].size, arguments[0].value);
    *out = prepared;
    prepared.kernel = NULL;
cleanup:
    gr_launch_destroy(&prepared);
    return status;
}

gradus_status gr_launch_vary(launch *prepared, size_t size, const void *varying)
{
    gradus_status status = GRADUS_OK;
    if (size == prepared->varying_size && memcmp(prepared->varying, varying, size) == 0)
        return GRADUS_OK;
    TRY(set_argument(prepared, 0, (kernel_argument){size, varying}));
    remember_varying(prepared, size, varying);
cleanup:
    return status;
}

/*
 * Note [first launch]: a driver may keep what is queued until the queue is flushed. A burst is flushed at its end, so that
 * a device without other work would idle while the host queues the rest of the burst. Therefore its first launch is
 * flushed, too. Later flushes would only cost time.
 */
gradus_status gr_launch_enqueue(gradus_device *device, const launch *prepared)
{
    gradus_status status = GRADUS_OK;
    cl_event *event = NULL;
    TRY(gr_profile_next(device, prepared->kernel, NULL, &event));
    CL_TRY(clEnqueueNDRangeKernel(device->queue, prepared->kernel, 1, NULL, &prepared->global, &prepared->local, 0,
                                  NULL, event));
    if (device->flushed)
        CL_TRY(clFlush(device->queue));
    device->flushed = false;
cleanup:
    return status;
}

void gr_launch_destroy(launch *prepared)
{
    if (prepared->kernel != NULL)
        clReleaseKernel(prepared->kernel);
    prepared->kernel = NULL;
}
