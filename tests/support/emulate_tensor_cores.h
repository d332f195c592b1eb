/* SPDX-License-Identifier: Apache-2.0 */
/* Products on tensor cores, for tests on devices that have none. They have nothing to prove: a wrong kernel would be left
 * out of the checks that are to notice it. */
#ifndef GRADUS_TESTS_EMULATE_TENSOR_CORES_H
#define GRADUS_TESTS_EMULATE_TENSOR_CORES_H

#include "device/device.h"

static inline void emulate_tensor_cores(gradus_device *device)
{
    if (device->tensor != TENSOR_NONE)
        return;
    device->tensor = TENSOR_PROVEN;
    device->emulates_tensor = true;
}

#endif
