/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device memory.
 *
 * Note [whole writes]: Oclgrind 21.10 considers only the range of the host's last write or map as initialised, and
 * nothing that clEnqueueFillBuffer or clEnqueueWriteBufferRect writes. To avoid false reports (`./dev oclgrind`), new
 * buffers are filled by one write or map of the complete buffer, even with zeros.
 */
#include "core/memory.h"
#include "device/device.h"

#include <stdio.h>
#include <stdlib.h>

gradus_status gr_buffer_create(gradus_device *device, size_t bytes, const char *what, cl_mem *out)
{
    gradus_status status = GRADUS_OK;
    char detail[96];
    snprintf(detail, sizeof detail, "%.1f MB for %s", (double)bytes * 1e-6, what);
    cl_mem buffer = NULL;
    CL_TRY_NEW(buffer, clCreateBuffer(device->context, CL_MEM_READ_WRITE, bytes, NULL, &cl_error), detail);
    *out = buffer;
cleanup:
    return status;
}

gradus_status gr_buffer_create_zeroed(gradus_device *device, size_t bytes, const char *what, cl_mem *out)
{
    gradus_status status = GRADUS_OK;
    TRY(gr_buffer_create(device, bytes, what, out));
    TRY(gr_buffer_write_zeros(device, *out, bytes));
cleanup:
    return status;
}

gradus_status gr_buffer_write_zeros(gradus_device *device, cl_mem buffer, size_t bytes)
{
    gradus_status status = GRADUS_OK;
    uint8_t *zeros = NULL; /* mapped to the system's zero page, so this needs no memory */
    TRY(gr_allocate(bytes, &zeros));
    TRY(gr_buffer_write(device, buffer, 0, bytes, zeros));
cleanup:
    free(zeros);
    return status;
}

gradus_status gr_buffer_create_mapped(gradus_device *device, size_t bytes, const char *what, cl_mem *out,
                                      void **memory)
{
    gradus_status status = GRADUS_OK;
    TRY(gr_buffer_create(device, bytes, what, out));
    CL_TRY_NEW(*memory,
               clEnqueueMapBuffer(device->queue, *out, CL_TRUE, CL_MAP_WRITE_INVALIDATE_REGION, 0, bytes, 0, NULL,
                                  NULL, &cl_error),
               what);
cleanup:
    return status;
}

gradus_status gr_buffer_create_landing(gradus_device *device, size_t bytes, const char *what, cl_mem *out,
                                       void **memory)
{
    gradus_status status = GRADUS_OK;
    CL_TRY_NEW(*out,
               clCreateBuffer(device->context, CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR, bytes, NULL, &cl_error),
               what);
    CL_TRY_NEW(*memory,
               clEnqueueMapBuffer(device->queue, *out, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 0, bytes, 0, NULL, NULL,
                                  &cl_error),
               what);
cleanup:
    return status;
}

gradus_status gr_buffer_unmap(gradus_device *device, cl_mem buffer, void *memory)
{
    gradus_status status = GRADUS_OK;
    CL_TRY(clEnqueueUnmapMemObject(device->queue, buffer, memory, 0, NULL, NULL));
cleanup:
    return status;
}

gradus_status gr_buffer_write(gradus_device *device, cl_mem buffer, size_t offset, size_t bytes, const void *from)
{
    gradus_status status = GRADUS_OK;
    CL_TRY(clEnqueueWriteBuffer(device->queue, buffer, CL_TRUE, offset, bytes, from, 0, NULL, NULL));
cleanup:
    return status;
}

gradus_status gr_buffer_write_queued(gradus_device *device, cl_mem buffer, size_t offset, size_t bytes,
                                     const void *from)
{
    gradus_status status = GRADUS_OK;
    CL_TRY(clEnqueueWriteBuffer(device->queue, buffer, CL_FALSE, offset, bytes, from, 0, NULL, NULL));
cleanup:
    return status;
}

gradus_status gr_buffer_read(gradus_device *device, cl_mem buffer, size_t offset, size_t bytes, void *to)
{
    gradus_status status = GRADUS_OK;
    TRY(gr_device_finish(device));
    CL_TRY(clEnqueueReadBuffer(device->queue, buffer, CL_TRUE, offset, bytes, to, 0, NULL, NULL));
cleanup:
    return status;
}

gradus_status gr_buffer_read_queued(gradus_device *device, cl_mem buffer, size_t offset, size_t bytes, void *to,
                                    cl_event *arrival)
{
    gradus_status status = GRADUS_OK;
    CL_TRY(clEnqueueReadBuffer(device->queue, buffer, CL_FALSE, offset, bytes, to, 0, NULL, arrival));
    CL_TRY(clFlush(device->queue));
    device->flushed = true;
cleanup:
    return status;
}

gradus_status gr_buffer_copy(gradus_device *device, cl_mem from, cl_mem to, size_t bytes)
{
    gradus_status status = GRADUS_OK;
    CL_TRY(clEnqueueCopyBuffer(device->queue, from, to, 0, 0, bytes, 0, NULL, NULL));
cleanup:
    return status;
}

gradus_status gr_buffer_clear(gradus_device *device, cl_mem buffer, size_t bytes)
{
    gradus_status status = GRADUS_OK;
    const cl_uchar zero = 0;
    CL_TRY(clEnqueueFillBuffer(device->queue, buffer, &zero, sizeof zero, 0, bytes, 0, NULL, NULL));
cleanup:
    return status;
}

void gr_buffer_release(cl_mem *buffer)
{
    if (*buffer != NULL)
        clReleaseMemObject(*buffer);
    *buffer = NULL;
}
