/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Set-up and tear-down for tests whose kernels are compiled without optimisation, which takes PoCL a third of the time:
 * for many variants of kernels that other tests compile as users do. They need the including file's `device`.
 */
#ifndef GRADUS_TESTS_COMPILE_QUICKLY_H
#define GRADUS_TESTS_COMPILE_QUICKLY_H

#include "device/device.h"
#include "with_device.h" /* before a variable of this name */

#include <stdlib.h>

static gradus_device *device;

static inline int compile_quickly(void **state)
{
    (void)state;
    gr_program_release_shared(device);
    return setenv("GRADUS_BUILD_OPTIONS", "-cl-opt-disable", 1);
}

static inline int compile_fully(void **state)
{
    (void)state;
    gr_program_release_shared(device);
    return unsetenv("GRADUS_BUILD_OPTIONS");
}

#endif
