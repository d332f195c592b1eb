/* SPDX-License-Identifier: Apache-2.0 */
/* For tests that need an OpenCL device: without one they are skipped visibly, and fail where one is required (CI). */
#ifndef GRADUS_TESTS_WITH_DEVICE_H
#define GRADUS_TESTS_WITH_DEVICE_H

#include "gradus/gradus.h"
#include <stdio.h>
#include <stdlib.h>

/* The device for the program's tests. Where there is none the program ends here: 0 and the words that CTest takes for
 * a skip, or 1 if GRADUS_REQUIRE_DEVICE is set. */
static inline gradus_device *open_test_device(void)
{
    gradus_device *device = NULL;
    const gradus_status status = gradus_device_open(NULL, &device);
    if (status == GRADUS_OK)
        return device;
    const char *required = getenv("GRADUS_REQUIRE_DEVICE");
    if (status != GRADUS_ERROR_NO_DEVICE || (required != NULL && *required != '\0')) {
        fprintf(stderr, "%s\n", gradus_last_error());
        exit(1);
    }
    printf("no OpenCL device: skipped (%s)\n", gradus_last_error());
    exit(0);
}

#endif
