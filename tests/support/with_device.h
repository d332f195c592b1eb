/* SPDX-License-Identifier: Apache-2.0 */
/* For tests that need an OpenCL device. Without one they print a text that CTest recognises as a skip, or as a failure
 * if a device is required (CI). */
#ifndef GRADUS_TESTS_WITH_DEVICE_H
#define GRADUS_TESTS_WITH_DEVICE_H

#include "gradus/gradus.h"
#include <stdio.h>
#include <stdlib.h>

/* The device for the program's tests. If there is none, the program ends here. */
static inline gradus_device *open_test_device(void)
{
    gradus_device *device = NULL;
    const gradus_status status = gradus_device_open(NULL, &device);
    if (status == GRADUS_OK)
        return device;
    if (status != GRADUS_ERROR_NO_DEVICE) {
        fprintf(stderr, "%s\n", gradus_last_error());
        exit(1);
    }
    printf("no OpenCL device: skipped (%s)\n", gradus_last_error());
    exit(0);
}

#endif
