/* SPDX-License-Identifier: Apache-2.0 */
/* The device that a subcommand computes on, and what is done where there is none. */
#ifndef GRADUS_CLI_DEVICE_INPUT_H
#define GRADUS_CLI_DEVICE_INPUT_H

#include <gradus/gradus.h>

/* Opens the device of --device. `otherwise`, which may be NULL, is a hint for who has no device at all. */
int device_open(const char *selector, const char *otherwise, gradus_device **out);

/* As device_open, but where no device was asked for and there is none, says so and leaves NULL: the host computes. */
int device_open_or_host(const char *selector, gradus_device **out);

#endif
