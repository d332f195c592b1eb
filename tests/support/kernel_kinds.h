/* SPDX-License-Identifier: Apache-2.0 */
/* Set-up and tear-down for tests of the kernels for GPUs on any device, the including file's `device`. */
#ifndef GRADUS_TESTS_KERNEL_KINDS_H
#define GRADUS_TESTS_KERNEL_KINDS_H

#include "device/device.h"
#include "with_device.h" /* before a variable of this name */

static gradus_device *device;

/* The kernels for GPUs, whatever the device is. */
static inline int use_gpu_kernels(void **state)
{
    (void)state;
    device->kernels = KERNELS_GPU;
    return 0;
}

/* Those of the device's type. */
static inline int use_own_kernels(void **state)
{
    (void)state;
    device->kernels = device->info.type == GRADUS_DEVICE_CPU ? KERNELS_CPU : KERNELS_GPU;
    return 0;
}

#endif
