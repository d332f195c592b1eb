/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uses fewer cores of a CPU device than it has, by device fission (OpenCL 1.2, clCreateSubDevices). This needs no
 * environment variable and applies to one open device only. PoCL (3.1) keeps to the subdevice. Intel's runtime (2025)
 * reports the subdevice but still uses all cores. The number of work-items limits them, though, so the limit is
 * effective for `fused`, which has one work-item per core.
 */
#include "core/cores.h"
#include "device/device.h"

static gradus_status create_part(gradus_device *device, size_t cores)
{
    gradus_status status = GRADUS_OK;
    const cl_device_partition_property by_counts[] = {
        CL_DEVICE_PARTITION_BY_COUNTS, (cl_device_partition_property)cores, CL_DEVICE_PARTITION_BY_COUNTS_LIST_END, 0};
    cl_device_id part = NULL;
    CL_TRY(clCreateSubDevices(device->id, by_counts, 1, &part, NULL));
    device->id = part;
    device->info.compute_units = (unsigned)cores;
cleanup:
    return status;
}

gradus_status gr_device_restrict(gradus_device *device, size_t threads)
{
    const size_t units = device->info.compute_units;
    if (device->info.type != GRADUS_DEVICE_CPU)
        return threads == 0
                   ? GRADUS_OK
                   : gr_fail(GRADUS_ERROR_ARGUMENT, "threads %zu: %s is not a CPU; its number of cores cannot be set",
                             threads, device->info.name);
    if (threads > units)
        return gr_fail(GRADUS_ERROR_ARGUMENT, "threads %zu: %s has %zu cores", threads, device->info.name, units);
    if (threads > 0)
        return threads == units ? GRADUS_OK : create_part(device, threads);
    /* Without a request, a device that cannot be divided is used completely: its threads then share the fewer cores. */
    const size_t available = gr_cores_available();
    if (available < units && create_part(device, available) != GRADUS_OK)
        device->info.compute_units = (unsigned)available;
    return GRADUS_OK;
}
