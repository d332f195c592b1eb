/* SPDX-License-Identifier: Apache-2.0 */
/* The device that a subcommand computes on, and what is done where there is none. */
#ifndef GRADUS_CLI_DEVICE_INPUT_H
#define GRADUS_CLI_DEVICE_INPUT_H

#include "command/options.h"

/* What the rows of DEVICE_OPTIONS leave; the texts are owned. */
typedef struct device_settings {
    char *selector, *kernels, *wait, *products;
    uint64_t threads; /* 0: not given */
    bool profile;     /* of no row: `gradus bench` sets it */
} device_settings;

/* The rows of an option table for how a device is used: DEVICE_OPTIONS(device_settings *). */
#define DEVICE_OPTIONS(to)                                                                                            \
    DEVICE_OPTION(&(to)->selector), CHOICE_OPTION("kernels", &(to)->kernels, device_kernels, "auto, cpu, gpu"),       \
        COUNT_OPTION("threads", &(to)->threads, 1, "cores of a CPU to use (as many as may be used)"),                 \
        CHOICE_OPTION("wait", &(to)->wait, device_waits, "for the device: auto, sleep, spin"),                        \
        CHOICE_OPTION("products", &(to)->products, device_products, "of layered: auto (measured), own, clblast")
extern const char *const device_kernels[], *const device_waits[], *const device_products[];

/* Opens the device that was asked for. `otherwise`, which may be NULL, is a hint for who has no device at all. */
int device_open(const device_settings *settings, const char *otherwise, gradus_device **out);

/* As device_open, but where no device was asked for and there is none, says so and leaves NULL: the host computes. */
int device_open_or_host(const device_settings *settings, gradus_device **out);

void device_settings_free(device_settings *settings);

#endif
