/* SPDX-License-Identifier: Apache-2.0 */
/* Opens the device that a subcommand computes on, or lets the host compute if there is none. */
#ifndef GRADUS_CLI_DEVICE_INPUT_H
#define GRADUS_CLI_DEVICE_INPUT_H

#include "command/options.h"

/* The rows of an option table for how a device is used; `to` is a field of the type gradus_device_options. */
#define DEVICE_OPTIONS(s, to)                                                                                         \
    DEVICE_OPTION(s, to.selector),                                                                                    \
        CHOICE_OPTION("kernel-kind", s, to.kernels, gradus_device_kernels_name,                                       \
                      "kernels to use: %s; auto: by the device's type"),                                              \
        COUNT_OPTION("threads", s, to.threads, 0, "cores of a CPU to use; 0: all that may be used (0)"),              \
        CHOICE_OPTION("wait", s, to.wait, gradus_device_wait_name, "how the host waits for the device: %s"),          \
        CHOICE_OPTION("products", s, to.products, gradus_device_products_name,                                        \
                      "matrix products of engine layered: %s; auto measures")

/* Opens the requested device. `otherwise`, which may be NULL, is a hint for users without any device. */
int device_open(const gradus_device_options *options, const char *otherwise, gradus_device **out);

/* As device_open, but if no device was requested and there is none, prints a note and sets *out to NULL: the host
 * computes. */
int device_open_or_host(const gradus_device_options *options, gradus_device **out);

#endif
